"""The night's learning in the daemon: in a spawned process, so that pages stay alive and NumPy stays out of a start.

A crash of that process takes nothing else along: yesterday's model stays, the log says so, and an hour later it is tried again.
"""

import asyncio
import multiprocessing
import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

import structlog

from config.policies import DetectionPolicy
from doorstep.house import House
from store import risk
from store.base import Where

if TYPE_CHECKING:
    from monitor.learning import Learned

log = structlog.get_logger()
Learn = Callable[[Where, DetectionPolicy, datetime], Awaitable["Learned"]]
AGAIN = timedelta(hours=1)
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
    """Learns when it is due, beside the beats, never twice at once."""

    def __init__(self, house: House, learn: Learn = apart) -> None:
        self.house = house
        self._learn = learn
        self._running: asyncio.Task[None] | None = None
        self._not_before: datetime | None = None

    async def look(self, now: datetime) -> None:
        """Begin to learn where it is due at ``now``; returns at once."""
        busy = self._running is not None and not self._running.done()
        if busy or (self._not_before is not None and now < self._not_before):
            return
        if await self.house.store.aread(risk.is_due, now=now):
            self._running = asyncio.create_task(self.run(now))

    async def run(self, now: datetime) -> None:
        """Learn and keep it; a failure is logged and tried again later."""
        self._not_before = now + AGAIN
        try:
            learned = await self._learn(self.house.store.where, self.house.policy, now)
            from monitor.learning import keep

            moved = await keep(self.house.store, learned)
        except Exception:
            log.exception("learning failed")
        else:
            log.info("learned", learned=learned.learned, why_not=learned.why_not, moved=moved)

    async def finish(self) -> None:
        """Let go of what runs, and of its process: it has written nothing yet, or ends its slice."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
