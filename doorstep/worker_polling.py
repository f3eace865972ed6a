"""What a worker does for one job: up to a hundred numbers of one credential, in as many calls as that takes.

A turn of it is: what is due is taken and paid for, in one transaction → asked, as soon as there is room → kept in one transaction. Where a source counts
calls by the second, room comes first, and no more are paid for than are made at once: so the budget holds over all workers.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from carriers.sender import Line
from config.policies import DetectionPolicy
from doorstep.clock import Clock
from monitor.handing_out import HELD, NUMBERS
from monitor.poll import IN_FLIGHT, MAX_CALLS_A_TURN, Lines, PollReport, ask_all, keep_all, take_turn, total
from store import turns
from store.asking import Due
from store.base import Db, Store
from store.turns import Turn

SHORT_S = 600
"""In a shorter window it matters when a call is made that was paid for."""


class Room:
    """How many calls may be in flight; who wants several gets them together, in the order of asking."""

    def __init__(self, calls: int = IN_FLIGHT) -> None:
        self._calls = asyncio.Semaphore(calls)
        self._next = asyncio.Lock()

    @asynccontextmanager
    async def for_calls(self, calls: int) -> AsyncIterator[None]:
        """Keep room for so many until the end of the block."""
        had = 0
        try:
            async with self._next:
                while had < calls:
                    await self._calls.acquire()
                    had += 1
            yield
        finally:
            for _ in range(had):
                self._calls.release()


@dataclass(frozen=True, slots=True)
class Asker:
    """What a worker polls with. ``stopping``: no new turn is begun any more."""

    store: Store
    lines: Lines
    policy: DetectionPolicy
    now: Clock
    nonce: Callable[[], str]
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    room: Room = field(default_factory=Room)

    async def poll(self, source: str, account: str, *, job: str) -> PollReport:
        """Do one job. A credential that isn't in this worker's settings is left to others."""
        line = self.lines.get((source, account))
        if line is None:
            return PollReport()
        reports: list[PollReport] = []
        left = NUMBERS
        try:
            while left > 0 and not self.stopping.is_set():
                report = await self._turn(line, job, left)
                if not report.asked:
                    break
                reports.append(report)
                left -= report.asked
        finally:
            await self.store.awrite(turns.let_go, job)
        return total(reports)

    async def _turn(self, line: Line, job: str, numbers: int) -> PollReport:
        short = is_short(line)
        calls = min(IN_FLIGHT if short else MAX_CALLS_A_TURN, -(-numbers // line.carrier.batch_size))
        take = partial(self._take, line=line, job=job, calls=calls, numbers=numbers)
        if not short:  # taken while others ask: no pause in asking then
            at, due = await self.store.awrite(take)
            if not due:
                return PollReport()
        async with self.room.for_calls(min(calls, IN_FLIGHT)):
            if short:
                at, due = await self.store.awrite(take)
            if not due:
                return PollReport()
            answers, again = await ask_all(line, due, self.nonce)
        return await keep_all(self.store, line, answers, self.policy, now=at, again=again)

    def _take(self, db: Db, line: Line, job: str, calls: int, numbers: int) -> tuple[datetime, list[Due]]:
        """The time is read once it is our turn to change: what others have spent lies before it."""
        now = self.now()
        return now, take_turn(db, line, now=now, turn=Turn(job, now + HELD, calls, numbers))


def is_short(line: Line) -> bool:
    """Whether calls are counted in a window so short that they must be made as soon as they are paid for."""
    return any(b.per_s < SHORT_S and not b.per_number for b in line.carrier.budgets_of(line.account.settings))
