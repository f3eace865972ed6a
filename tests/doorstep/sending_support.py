"""A process that may send letters: a house on a store of its own, on the one database that all share."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime

from config.settings import Settings
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.outbound import Outbound
from doorstep.wiring import house_of
from doorstep.worker_sending import ways_out
from store.base import Store


@dataclass
class Sender:
    """One process that may send: its house, its ways out."""

    house: House
    ways: dict[str, Outbound]
    clock: SetClock

    async def work_off(self, way: str = "merchant") -> int:
        return await self.ways[way].work_off()


def sender_on(stack: ExitStack, settings: Settings, at: datetime) -> Sender:
    store, clock = stack.enter_context(Store(settings.database, url=settings.store_url)), SetClock(at)
    house = replace(house_of(settings, store, now=clock), wall=clock)
    return Sender(house, ways_out(house), clock)
