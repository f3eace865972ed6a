"""Where plans are solved: for the daemon in a spawned process, so that pages stay alive meanwhile."""

import asyncio
from dataclasses import dataclass
from functools import partial

from scheduler.batching import Decision
from scheduler.holding import Question, decide, decided_apart
from scheduler.router import Limit, Plan, Problem


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


@dataclass(frozen=True, slots=True)
class Here:
    """Solves in the calling process: for simulated months, where nobody waits for a page."""

    limit: Limit

    async def __call__(self, problem: Problem, *, seed: int) -> Plan:
        from scheduler.router import solve

        return solve(problem, seed=seed, limit=self.limit)

    async def decide(self, problem: Problem, question: Question, *, seed: int) -> Decision:
        return decide(question, problem, seed=seed, limit=self.limit)
