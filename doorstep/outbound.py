"""What sends letters outside has in common: a chat's channel, the merchant's system, the posts to customers and carriers' branches.

Each is one way out: its letters go one after the other, in the order of its queue, and what is known of the far side stands on its lane.
"""

import asyncio
from abc import ABC, abstractmethod
from datetime import datetime

from doorstep.house import House
from doorstep.lane import Lane
from doorstep.retrying import IDLE_S, Health
from store.base import Db
from store.mail import Letter


class Outbound(ABC):
    """``sent``: letters that went out since the start."""

    def __init__(self, house: House, lane: Lane) -> None:
        self.house, self.lane = house, lane
        self.sent = 0

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
        """Send what is due and allowed; returns for how many seconds there is nothing to do."""

    @property
    def sending(self) -> Health:
        return self.lane.health

    async def look(self) -> float:
        """Send what is due, but not while the database takes nothing: what can't be marked as sent would go out again and again. Returns
        for how many seconds there is nothing to do.
        """
        return IDLE_S if self.house.store.trouble else await self.send_due()

    async def look_and_rest(self) -> None:
        await asyncio.sleep(await self.look())
