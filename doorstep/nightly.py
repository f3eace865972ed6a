"""The night's learning in the daemon: in a spawned process, so that pages stay alive and NumPy stays out of a start.

A crash of that process takes nothing else along: yesterday's model stays, the log says so, and an hour later it is tried again.
"""

import asyncio
import multiprocessing
import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import structlog

from config.policies import DetectionPolicy
from doorstep.house import House
from doorstep.in_hand import delegated, in_hand
from store import holds, jobs, risk
from store.base import Db, Where
from store.holds import Hold

if TYPE_CHECKING:
    from monitor.learning import Learned

log = structlog.get_logger()
Learn = Callable[[Where, DetectionPolicy, datetime], Awaitable["Learned"]]
AGAIN = timedelta(hours=1)
HOLD = "refit"
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
"""Small matrices: threads would only wait for each other."""


class LearningFailed(Exception):
    """The learning process died, or failed. Trying again later may help."""


async def apart(where: Where, policy: DetectionPolicy, now: datetime) -> "Learned":
    """Learn in a process of its own, which is spawned, not forked, and killed where it isn't waited for any more. Raises
    LearningFailed.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(theirs, where, policy, now), daemon=True)
    process.start()
    theirs.close()
    try:
        answer = await asyncio.to_thread(_received, ours)
    finally:
        process.kill()
    await asyncio.to_thread(process.join)
    if isinstance(answer, str):
        raise LearningFailed(answer)
    return answer


def _received(ours: Connection) -> "Learned | str":
    """The child's answer, or what became of it; a killed child ends the pipe."""
    try:
        answer: Learned | str = ours.recv()
    except EOFError:
        return "the process died"
    finally:
        ours.close()
    return answer


def _child(theirs: Connection, where: Where, policy: DetectionPolicy, now: datetime) -> None:
    """In the child: behind everybody else, on one core; whatever happens is an answer."""
    os.nice(10)
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    try:
        answer: Learned | str = _learn(where, policy, now)
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    theirs.send(answer)
    theirs.close()


def _learn(where: Where, policy: DetectionPolicy, now: datetime) -> "Learned":
    from monitor.learning import learn

    return learn(where, policy, now)


async def here(where: Where, policy: DetectionPolicy, now: datetime) -> "Learned":
    """Learn in the calling process: for tests and simulated months."""
    return _learn(where, policy, now)


class Nightly:
    """Learns when it is due, beside the beats, never twice at once, whichever process does it."""

    def __init__(self, house: House, learn: Learn = apart) -> None:
        self.house = house
        self._learn = learn
        self._running: asyncio.Task[bool] | None = None
        self._not_before: datetime | None = None

    async def look(self, now: datetime) -> None:
        """Leave it to a worker where it is due at ``now``, or begin to learn; returns at once."""
        store = self.house.store
        busy = self._running is not None and not self._running.done()
        if busy or (self._not_before is not None and now < self._not_before) or not await store.aread(self._waits, now):
            return
        if not await delegated(store, jobs.refitting()):
            self._running = asyncio.create_task(self.run(now))

    async def run(self, now: datetime) -> bool:
        """Learn and keep it, where it is due still and nobody else does; a failure is logged and tried again later. Returns whether
        something was learned.
        """
        async with in_hand(self.house.store, HOLD, self.house.wall, self._left) as hold:
            if hold is None:
                return False
            failed = hold.state.get("not_before")
            self._not_before = datetime.fromtimestamp(failed, now.tzinfo) if failed else self._not_before
            return await self.house.store.aread(_is_due, hold, now) and await self._run(now)

    async def _run(self, now: datetime) -> bool:
        self._not_before = now + AGAIN
        try:
            learned = await self._learn(self.house.store.where, self.house.policy, now)
            from monitor.learning import keep

            moved = await keep(self.house.store, learned)
        except Exception:
            log.exception("learning failed")
            return False
        log.info("learned", learned=learned.learned, why_not=learned.why_not, moved=moved)
        return True

    def _waits(self, db: Db, now: datetime) -> bool:
        """Whether it is due and nobody is at it."""
        hold = holds.look(db, HOLD, now=self.house.wall())
        return not hold.held and _is_due(db, hold, now)

    def _left(self) -> dict[str, Any]:
        return {"not_before": self._not_before.timestamp()} if self._not_before else {}

    async def finish(self) -> None:
        """Let go of what runs, and of its process: it has written nothing yet, or ends its slice."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)


def _is_due(db: Db, hold: Hold, now: datetime) -> bool:
    """Once a day; again where whoever learned last died over it, an hour later where it failed."""
    failed = hold.state.get("not_before", 0) > now.timestamp()
    return hold.broken or (not failed and risk.is_due(db, now=now))
