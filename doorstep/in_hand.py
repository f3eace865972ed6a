"""Leaving work to workers, and having it in hand while it is done: for everything but asking carriers, which is counted in turns.

The daemon does itself what nobody takes, as where there is no queue. Whoever does it, daemon or worker, holds it: by its name, in the
database, for as long as it says so every few seconds.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import structlog

from doorstep.clock import Clock
from store import holds, jobs
from store.base import Store
from store.holds import Hold
from store.jobs import Job
from store.trouble import trouble_of

log = structlog.get_logger()
HELD = timedelta(seconds=30)
"""After this, work that a dead process had in hand may be done by others."""
RENEW_S = 5.0
GOOD_S = 25.0
"""Who couldn't renew a hold for so long stops what it does, before others begin."""


async def delegated(store: Store, job: Job) -> bool:
    """Whether a worker does it, or was asked to just now. False: nobody takes it, or there is no queue: so do it here."""
    stands = await store.aread(jobs.standing, job) if store.url else None
    if stands is None:
        return False
    if not stands.jobs:
        await store.awrite(jobs.hand_out, job)
    return not stands.left


@asynccontextmanager
async def in_hand(
    store: Store, name: str, wall: Clock, left: Callable[[], dict[str, Any]] = dict
) -> AsyncIterator[Hold | None]:
    """Hold work until the end of the block; None where somebody else does. ``left``: what whoever does it next must know. Where the
    database is a file nobody else is there, and nothing is written.

    Raises TimeoutError in the block where the hold can't be renewed.
    """
    if not store.url:
        yield Hold()
        return
    holder, good = secrets.token_urlsafe(9), asyncio.get_running_loop().time() + GOOD_S
    now = wall()
    hold = await store.awrite(holds.take, name, holder, now=now, until=now + HELD)
    if hold is None:
        yield None
        return
    well = False
    async with asyncio.timeout_at(good) as limit:
        renewing = asyncio.create_task(_renew(store, name, holder, wall, left, limit))
        try:
            yield hold
            well = True
        finally:
            renewing.cancel()
            await store.awrite(holds.let_go, name, holder, now=wall(), state=left(), well=well)


async def _renew(
    store: Store, name: str, holder: str, wall: Clock, left: Callable[[], dict[str, Any]], limit: asyncio.Timeout
) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(RENEW_S)
        good = loop.time() + GOOD_S
        try:
            ours = await store.awrite(holds.renew, name, holder, until=wall() + HELD, state=left())
        except Exception as exc:  # the time of the hold runs on, whatever it is
            log.warning("a hold isn't renewed", work=name, error=trouble_of(exc) or str(exc))
        else:
            limit.reschedule(good if ours else loop.time())
