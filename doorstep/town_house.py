"""The house of a simulated month: it lives by the world's clock, its sources know where to call it, a chat and the merchant's
system are at the other end of its lines, and faults can reach it.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from chat.acts import ActKind, ChatAct
from chat.registry import CHATS
from config.merchant import Merchant as MerchantSettings
from config.settings import Settings
from doorstep.chats import Channel, lines_of
from doorstep.merchant import Merchant
from doorstep.retrying import IDLE_S
from doorstep.simulated import PEOPLE, SimulatedHouse
from monitor import acts
from net.http import Http
from sim.chats.desk import ADDRESS, GROUP, TOKEN, DeskChat
from sim.merchant import MerchantSystem
from sim.pushing import CONSOLES
from sim.wire import Hook, Memory
from store import cases, page_limit

LOOK_EVERY = timedelta(minutes=10)
MERCHANT = MerchantSettings(
    url="http://127.0.0.1:9/hooks", secret=f"whsec_{'c2ltdWxhdGVk' * 3}", private=("127.0.0.0/8",)
)
"""A secret of this stand-in alone."""


class Clocked(SimulatedHouse):
    """The simulated house, which shows its time to the carriers' side as well, and tells their consoles where it is."""

    def __init__(self, *args: Any, now: list[datetime], memory: Memory, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shared = now
        self._memory = memory

    async def start(self, now: datetime) -> None:
        await super().start(now)
        for source in (one for one in CONSOLES if one in self.house.settings.carriers):
            credential = getattr(self.house.settings.carriers[source]["main"], "push_credential", "")
            self._memory.hook(source, Hook(self.house.callback_url(source, "main"), credential))

    async def tick(self, now: datetime) -> None:
        self._shared[0] = now
        await super().tick(now)


class HouseReads:
    """What the people see of the house that lives now: it may be another one after a power cut."""

    def __init__(self, house: SimulatedHouse) -> None:
        self._house = house

    def __getattr__(self, name: str) -> Any:
        return getattr(self._house.reads, name)


class TownHouse(Clocked):
    """All of it: the desk's chat and the merchant's system are talked to between the beats, as their loops would."""

    def __init__(self, *args: Any, chat: DeskChat, system: MerchantSystem, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._chat, self._system = chat, system
        self._sent_until: datetime | None = None

    async def start(self, now: datetime) -> None:
        await super().start(now)
        for side in (self._chat, self._system):
            side.passing = self.fuse.pass_by
        lines = lines_of(self._settings, transport=self._chat, wall=self._clock)
        self._channels = [Channel(self.house, line) for line in lines]
        self._merchant = Merchant(self.house, Http("merchant", transport=self._system))

    async def tick(self, now: datetime) -> None:
        await self._send_until(now)
        await super().tick(now)

    async def _send_until(self, now: datetime) -> None:
        """What was written by the last beat leaves in the hour after it, as fast as the far sides take it."""
        at = self._sent_until or now
        while at < now:
            self._clock.set(at)
            waits = [await self._merchant.send_due(), *[await one.send_due() for one in self._channels]]
            at += min(LOOK_EVERY if wait <= IDLE_S else timedelta(seconds=wait) for wait in waits)
        self._sent_until = now
        self._clock.set(now)

    # --- what faults do to it --------------------------------------------------------------------------------------

    async def fill_disk(self, *, full: bool) -> None:
        """The writing connection keeps the limit until it is lifted, or the house dies."""
        self.house.store.write(page_limit.set_limit, full=full)

    async def both_take(self, rng: Random) -> None:
        """Two of the desk, in either order, take one of the open cases that nobody has."""
        free = [c.id for c in self.house.store.read(cases.list_cases, limit=1_000) if not c.acknowledged_by]
        if not free:
            return
        case, takers = rng.choice(free), rng.sample(PEOPLE, 2)
        for person in takers:
            act = ChatAct("console", "main", f"both/{case}/{person.id}", person.id, case, ActKind.ACKNOWLEDGE)
            await self.house.store.awrite(acts.perform, act, now=self.house.now())


def in_town(settings: Settings) -> Settings:
    """These settings with the town's chat and the merchant's system."""
    telegram = CHATS["telegram"].settings(token=TOKEN, chat=GROUP, lang="zh", base_url=ADDRESS)
    return replace(settings, chats={"telegram": {"desk": telegram}}, merchant=MERCHANT)
