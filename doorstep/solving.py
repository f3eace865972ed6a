"""Where plans are solved: in a spawned process, so that pages and beats stay alive meanwhile; the day's own by a worker, where one does."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from doorstep.clock import Clock
from doorstep.in_hand import delegated
from scheduler.batching import Batch, Decision
from scheduler.holding import Question, decide, decided_apart
from scheduler.router import Limit, Plan, Problem, Seconds
from scheduler.tick import Leave
from store import holds, jobs
from store.base import Store

MEND_SECONDS, MEND_PATIENCE_S = 2.0, 30.0
"""A running day waits for nobody: what isn't found by then isn't looked for, and a solver that hangs is ended."""


def hold_of(depot: str) -> str:
    """The name under which a depot's plan is in somebody's hands."""
    return f"solve/{depot}"


def left_to_workers(store: Store, wall: Clock) -> Leave | None:
    """Whether a worker plans a batch, for the beat to ask. A running day, for which nobody waits, is mended by the beat itself."""

    async def leave(batch: Batch) -> bool:
        hold = await store.aread(holds.look, hold_of(batch.depot.id), now=wall())
        return hold.held or await delegated(store, jobs.solving(batch.depot.id))

    return leave if store.url else None


def _quick(limit: Limit) -> Limit:
    return Seconds(min(MEND_SECONDS, limit.seconds)) if isinstance(limit, Seconds) else limit


@dataclass(frozen=True, slots=True)
class Apart:
    """Solves in a process of its own, within ``limit``."""

    limit: Limit

    async def __call__(self, problem: Problem, *, seed: int) -> Plan:
        from scheduler.router.process import solve_in_background

        return await asyncio.wrap_future(solve_in_background(problem, seed=seed, limit=self.limit))

    async def decide(self, problem: Problem, question: Question, *, seed: int) -> Decision:
        """What of this leaves now, and what waits."""
        from scheduler.router.process import in_background

        work = partial(decided_apart, question=question)
        return await asyncio.wrap_future(in_background(work, problem, seed=seed, limit=self.limit))

    async def mend(
        self, problem: Problem, *, orders: Mapping[str, Sequence[str]], later_s: int, seed: int
    ) -> tuple[Problem, Plan]:
        """A running day's plan, mended."""
        from scheduler.router.mending import mend_apart
        from scheduler.router.process import in_background

        work = partial(mend_apart, orders=orders, later_s=later_s)
        made = in_background(work, problem, seed=seed, limit=_quick(self.limit), patience_s=MEND_PATIENCE_S)
        return await asyncio.wrap_future(made)


@dataclass(frozen=True, slots=True)
class Here:
    """Solves in the calling process: for simulated months, where nobody waits for a page."""

    limit: Limit

    async def __call__(self, problem: Problem, *, seed: int) -> Plan:
        from scheduler.router import solve

        return solve(problem, seed=seed, limit=self.limit)

    async def decide(self, problem: Problem, question: Question, *, seed: int) -> Decision:
        return decide(question, problem, seed=seed, limit=self.limit)

    async def mend(
        self, problem: Problem, *, orders: Mapping[str, Sequence[str]], later_s: int, seed: int
    ) -> tuple[Problem, Plan]:
        from scheduler.router.mending import mend_or_later

        return mend_or_later(problem, seed=seed, limit=_quick(self.limit), orders=orders, later_s=later_s)
