"""What sends letters outside has in common: a chat's channel, the merchant's system, the posts to customers and carriers' branches.

Each is one way out: its letters go one after the other, in the order of its queue, and what is known of the far side stands on its lane.
Where there are workers (PostgreSQL), whoever sends has the way in hand, and hands the lane on: so that order, pace and pauses are those of
one sender, and a letter is in one sender's hands at a time.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from doorstep.house import House
from doorstep.in_hand import delegated, in_hand
from doorstep.lane import Lane
from doorstep.retrying import IDLE_S, Health
from store import holds, jobs
from store.base import Db
from store.holds import Hold
from store.mail import Letter

LINGER_S = 5.0
"""A worker waits so long for a far side that wants a pause, before it does something else."""


class Outbound(ABC):
    """``sent``: letters that went out since the start. ``shared``: a worker may send, too; not where the far side is spoken to over a
    connection that the daemon keeps.
    """

    shared = True

    def __init__(self, house: House, lane: Lane) -> None:
        self.house, self.lane = house, lane
        self.sent = 0
        self.stopping = asyncio.Event()
        self._elsewhere = False  # when last looked, another process was sending

    @property
    @abstractmethod
    def name(self) -> str:
        """Names the way among all: a channel, or what its channels begin with."""

    @abstractmethod
    async def run(self) -> None:
        """Send until cancelled."""

    @abstractmethod
    def due(self, db: Db, *, now: datetime, limit: int) -> list[Letter]:
        """What goes out next, in order."""

    @abstractmethod
    async def send_due(self) -> float:
        """Send what is due and allowed, some letters at a time; returns for how many seconds there is nothing to do."""

    @property
    def sending(self) -> Health:
        return self.lane.health

    # --- the daemon's ------------------------------------------------------------------------------------------------

    async def look(self) -> float:
        """Send what is due, but not while the database takes nothing: what can't be marked as sent would go out again and again. Returns
        for how many seconds there is nothing to do.
        """
        store = self.house.store
        if store.trouble:
            return IDLE_S
        stands = await store.aread(self._stands) if self.shared and store.url else None
        return await (self._look_with_others(*stands) if stands else self.send_due())

    async def look_and_rest(self) -> None:
        await asyncio.sleep(await self.look())

    def _stands(self, db: Db) -> tuple[Hold, bool] | None:
        """Who has the way in hand, and whether something is due; None where nobody else sends."""
        if not jobs.exists(db):
            return None
        return holds.look(db, self._hold, now=self.house.wall()), bool(self.due(db, now=self.house.now(), limit=1))

    async def _look_with_others(self, hold: Hold, is_due: bool) -> float:
        """Leave what is due to a worker; send it here where none takes it."""
        self.lane.take_up(hold.state)
        if hold.held or self._elsewhere:
            self.house.bus.publish("outbox")  # somebody sends, or did
        self._elsewhere = hold.held
        if hold.held or not is_due:
            return IDLE_S
        wait_s = self.lane.wait_s(self.house.wall())
        if wait_s > 0:
            return wait_s
        if await delegated(self.house.store, jobs.sending(self.name)):
            return IDLE_S
        async with self._in_hand() as ours:
            return await self.send_due() if ours else IDLE_S

    # --- a worker's --------------------------------------------------------------------------------------------------

    async def work_off(self) -> int:
        """Send until nothing is due, or the far side wants a longer rest; returns how many letters went out."""
        before = self.sent
        async with self._in_hand() as ours:
            while ours and not self.stopping.is_set():
                rest_s = await self.send_due()
                left = await self.house.store.aread(self.due, now=self.house.now(), limit=1)
                if not left or rest_s > LINGER_S:
                    break
                await asyncio.sleep(rest_s)
        return self.sent - before

    # --- both --------------------------------------------------------------------------------------------------------

    @property
    def _hold(self) -> str:
        return f"send/{self.name}"

    @asynccontextmanager
    async def _in_hand(self) -> AsyncIterator[bool]:
        """Be the one who sends; False where somebody else is."""
        async with in_hand(self.house.store, self._hold, self.house.wall, self.lane.left) as hold:
            if hold is not None:
                self.lane.take_up(hold.state)
                if hold.broken or hold.new:
                    self.lane.unsure_before = self.house.now()
            yield hold is not None
