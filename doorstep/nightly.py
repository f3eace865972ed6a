"""The night's learning in the daemon: in a spawned process, so that pages stay alive and NumPy stays out of a start.

A crash of that process takes nothing else along: yesterday's model stays, the log says so, and an hour later it is tried again.
"""

import asyncio
import multiprocessing
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from config.policies import DetectionPolicy
from doorstep.house import House
from store import risk

if TYPE_CHECKING:
    from monitor.learning import Learned

log = structlog.get_logger()
Learn = Callable[[Path, DetectionPolicy, datetime], Awaitable["Learned"]]
AGAIN = timedelta(hours=1)
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
"""Small matrices: threads would only wait for each other."""


async def apart(path: Path, policy: DetectionPolicy, now: datetime) -> "Learned":
    """Learn in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=_quietly) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, _learn, path, policy, now)


def _quietly() -> None:
    """In the child: behind everybody else, on one core."""
    os.nice(10)
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")


def _learn(path: Path, policy: DetectionPolicy, now: datetime) -> "Learned":
    from monitor.learning import learn

    return learn(path, policy, now)


async def here(path: Path, policy: DetectionPolicy, now: datetime) -> "Learned":
    """Learn in the calling process: for tests and simulated months."""
    return _learn(path, policy, now)


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
            learned = await self._learn(self.house.store.path, self.house.policy, now)
            from monitor.learning import keep

            moved = await keep(self.house.store, learned)
        except Exception:
            log.exception("learning failed")
        else:
            log.info("learned", **learned.learned, why_not=learned.why_not, moved=moved)

    async def finish(self) -> None:
        """Let go of what runs: it has written nothing yet, or ends its slice."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
