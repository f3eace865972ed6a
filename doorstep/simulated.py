"""The real house inside a simulated world: the same rooms, driven by a set clock instead of a ticking one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Concatenate, ParamSpec, TypeVar

from config.settings import Settings
from domain.place import Location
from domain.returns import ReturnItem, Stop
from doorstep.beat import beat
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.keys import key_digest
from doorstep.metrics import Metrics
from doorstep.solving import Here
from doorstep.web.api import health_router, intake_router
from doorstep.web.app import create_app
from doorstep.web.push import push_router
from doorstep.wiring import lines_of, open_house
from net.http import Http, HttpReply, HttpRequest, Transport, in_process
from scheduler.router import Steps
from sim import town, warehouse
from sim.fuse import Fuse
from store import checkins, people, reads, returns
from store.base import Db, Store
from store.people import Person

P = ParamSpec("P")
T = TypeVar("T")

SOLVE_STEPS = 25
PEOPLE = (
    Person("chen", "陈静", "admin", "zh"),
    Person("li", "李梅", "agent", "zh"),
    Person("sam", "Sam Reed", "lead", "en"),
)
"""The demo's desk: three named people, so that a case can change hands."""


@dataclass(frozen=True, slots=True)
class StoreReads:
    """What the simulated people can see: links they were sent, their stops, the code in the customer's hand."""

    store: Store

    def courier_letters(self, since: datetime) -> Sequence[dict[str, Any]]:
        return self.store.read(reads.courier_letters, since)

    def stops(self, route_id: str) -> Sequence[Stop]:
        return self.store.read(returns.stops_of, [route_id])

    def return_code(self, return_ref: str) -> str:
        value = self.store.read(returns.find, return_ref)
        return value.code if value else ""

    def return_items(self, return_ref: str) -> Sequence[ReturnItem]:
        value = self.store.read(returns.find, return_ref)
        return value.items if value else ()

    def checkins(self) -> Mapping[str, bool]:
        return self.store.read(checkins.decided_of_all)


def along_streets(a: Location, b: Location) -> Sequence[tuple[float, float]]:
    """The way between two places of the simulated town."""
    return [(p.lat, p.lon) for p in town.path_between(a, b)]


def prepare(house: House, key: str) -> None:
    """The desk's people and the keys of the shop's system and of its (simulated) warehouse, once."""
    for person in PEOPLE:
        if house.store.read(people.find_person, person.id) is None:
            house.store.write(people.save_person, person)
    for name, secret in (("shop", key), (warehouse.NAME, warehouse.key_of(key))):
        house.store.write(people.add_api_key, name=name, digest=key_digest(secret), now=house.wall())


class FusedStore(Store):
    """A store whose house can lose power just before and just after any commit; a dead house's store does nothing any more.

    No look and no change leaves the event loop, so that what happens at once happens in the same order each time.
    """

    def __init__(self, path: Path, fuse: Fuse) -> None:
        self._fuse = fuse
        super().__init__(path, synchronous="OFF")

    def write(self, change: Callable[Concatenate[Db, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._fuse.pass_by("write")
        done = super().write(change, *args, **kwargs)
        self._fuse.pass_by("write")
        return done

    async def awrite(self, change: Callable[Concatenate[Db, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.write(change, *args, **kwargs)

    def read(self, look: Callable[Concatenate[Db, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._fuse.pass_by("read")
        return super().read(look, *args, **kwargs)

    async def aread(self, look: Callable[Concatenate[Db, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.read(look, *args, **kwargs)


class SimulatedHouse:
    """A house that a simulation drives: it starts, ticks, takes requests and can be killed. Everything random is seeded,
    so that the same world gives the same database.
    """

    def __init__(self, settings: Settings, database: Path, carriers: Transport, *, seed: int, key: str) -> None:
        self._settings, self._database, self._carriers, self._key = settings, database, carriers, key
        self._rng = Random(seed)
        self._ids = 0
        self._clock = SetClock(datetime(2000, 1, 1, tzinfo=UTC))
        self.fuse = Fuse()
        self.house: House

    async def start(self, now: datetime) -> None:
        self._clock.set(now)
        self.fuse = Fuse()
        store = FusedStore(self._database, self.fuse)
        house = open_house(self._settings, store, now=self._clock, between=along_streets)
        self.house = replace(house, wall=self._clock, new_id=self._new_id, randbelow=self._rng.randrange)
        prepare(self.house, self._key)
        self._lines = lines_of(self._settings, wall_clock=self._clock, transport=self._carriers)
        routers = (health_router(self.house, Metrics()), intake_router(self.house), push_router(self.house))
        self._door = Http("house", transport=in_process(create_app(self.house, extra_routers=routers)))

    def _new_id(self) -> str:
        self._ids += 1
        return f"id-{self._ids}"

    async def tick(self, now: datetime) -> None:
        self._clock.set(now)
        await beat(self.house, self._lines, Here(Steps(SOLVE_STEPS)), now=now, rng=self._rng)

    async def inbound(self, request: HttpRequest) -> HttpReply:
        return await self._door.send(request)

    async def kill(self) -> None:
        """Drop everything as a power cut does; what was committed stays."""
        self.fuse.blown = True
        self.house.store.close()

    @property
    def reads(self) -> StoreReads:
        return StoreReads(self.house.store)
