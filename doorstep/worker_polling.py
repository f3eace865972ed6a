"""What a worker does for one job: up to a hundred numbers of one credential, in as many calls as that takes.

A turn of it is: room for its calls → what is due is taken and paid for, in one transaction → asked at once → kept in one transaction. A call
is made as soon as it is paid for, so that budgets of a second hold over all workers.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from carriers.sender import Line
from config.policies import DetectionPolicy
from doorstep.clock import Clock
from monitor.handing_out import HELD, NUMBERS
from monitor.poll import IN_FLIGHT, Lines, PollReport, ask_all, keep_all, take_turn, total
from store import turns
from store.asking import Due
from store.base import Db, Store
from store.turns import Turn


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
        calls = min(IN_FLIGHT, -(-numbers // line.carrier.batch_size))
        async with self.room.for_calls(calls):
            at, due = await self.store.awrite(self._take, line, job, calls, numbers)
            if not due:
                return PollReport()
            answers, again = await ask_all(line, due, self.nonce)
        return await keep_all(self.store, line, answers, self.policy, now=at, again=again)

    def _take(self, db: Db, line: Line, job: str, calls: int, numbers: int) -> tuple[datetime, list[Due]]:
        """The time is read once it is our turn to change: what others have spent lies before it."""
        now = self.now()
        return now, take_turn(db, line, now=now, turn=Turn(job, now + HELD, calls, numbers))
