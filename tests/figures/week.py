"""A simulated week at the desk of the real house, with or without somebody who tells customers how their cases end."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from month_run import KEY, PORT, START

from domain.case import CaseEvent, CaseFact, Told, fold_case
from domain.promise import Outcome
from doorstep.demo import write_settings
from doorstep.house import House
from doorstep.town_house import Clocked, HouseReads
from monitor.acts import do
from sim.acting import Door
from sim.carriers import SimTransport
from sim.run import run
from sim.wire import Memory
from sim.world import World
from store import cases
from store.base import Db

STEP = timedelta(minutes=30)
AGENT = "li"


@dataclass
class Desk:
    """An agent who looks at what falls due before the next step, and tells every ``nth`` of those customers the outcome."""

    house: House
    nth: int
    seen: list[int] = field(default_factory=list)

    def work(self, now: datetime) -> None:
        for case_id in self.house.store.read(falling_due, now, now + STEP):
            self.seen.append(case_id)
            if self.nth and len(self.seen) % self.nth == 0:
                self.house.store.write(tell, case_id, now)

    @property
    def fell_due(self) -> int:
        """How many of the seen fell due uncleared: some clear themselves in the last half hour, and count neither way."""
        return sum(self.house.store.read(ended, case_id, self.house.now()) for case_id in set(self.seen))


def ended(db: Db, case_id: int, now: datetime) -> int:
    """A case's promises that came due and were kept or breached."""
    due = [p for p in fold_case(cases.history_of(db, case_id)).promises if p.promise_by <= now]
    return sum(promise.outcome in {Outcome.KEPT, Outcome.BREACHED} for promise in due)


def falling_due(db: Db, now: datetime, until: datetime) -> list[int]:
    """Open cases whose promise runs out in (now, until] and whose customer hasn't been told."""
    found = cases.list_cases(db, limit=100_000)
    return [c.id for c in found if c.promise_by and now < c.promise_by <= until and c.told_at is None]


def tell(db: Db, case_id: int, now: datetime) -> None:
    told = {"told": Told.OUTCOME.value, "means": "phone"}
    fact = CaseFact(CaseEvent.CUSTOMER_TOLD, now, AGENT, "console", "We send another one today.", told)
    do(db, case_id, fact, key=f"outcome-{case_id}-{now.isoformat()}")


async def week(folder: Path, *, parcels: int, days: int, seed: int, troubles: float, nth: int) -> tuple[Clocked, Desk]:
    """Play it; the house is left open, at the time when it ended."""
    settings = write_settings(folder, PORT, 1)
    world, memory = World(seed, START, days, parcels, anomaly_share=troubles), Memory()
    now = [START]
    transport = SimTransport(world, lambda: now[0], memory)
    house = Clocked(replace(settings), folder / "week.sqlite3", transport, seed=seed, key=KEY, now=now, memory=memory)
    desk: list[Desk] = []

    async def each(at: datetime) -> None:
        desk[:] = desk or [Desk(house.house, nth)]
        desk[0].work(at)

    door = Door(f"http://127.0.0.1:{PORT}", KEY)
    await run(house, world, days=days, step=STEP, reads=HouseReads(house), door=door, memory=memory, each=each)  # type: ignore[arg-type]
    return house, desk[0]
