"""A running day to test re-planning in: couriers, promised returns round a depot, a plan, and what may happen to it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from random import Random

from engines import a_store
from pickup_house import FLEET, POLICY, an_order, at, beat, deliver, link
from pickup_house import ask as ask_for

from domain.returns import Route, Stop
from scheduler.courier import Act, ActKind, Done, act_at
from scheduler.plan_types import Courier, Fleet
from scheduler.reports import Report, report
from scheduler.request import Accepted
from scheduler.router import Plan, Problem, Steps
from scheduler.router.mending import mend, mend_or_later
from scheduler.tick import PickupSettings, TickReport
from store import facts, returns

DAY = "2026-11-23"
ASKED = at("2026-11-22T20:00")
CUT_OFF = at(f"{DAY}T10:00")
NAMES = ("wang", "li", "zhao", "qian")


def fleet(couriers: int = 2, capacity: int = 30) -> Fleet:
    who = tuple(Courier(name, name, "fast", "hz", (time(9), time(20)), capacity) for name in NAMES[:couriers])
    return replace(FLEET, couriers=who)


def settings(of: Fleet) -> PickupSettings:
    return PickupSettings(of, POLICY)


async def solve_quickly(problem: Problem, *, seed: int) -> Plan:
    return mend(problem, {}, seed=seed, limit=Steps(5))


async def mend_by_steps(
    problem: Problem, *, orders: Mapping[str, Sequence[str]], later_s: int, seed: int
) -> tuple[Problem, Plan]:
    return mend_or_later(problem, seed=seed, limit=Steps(15), orders=orders, later_s=later_s)


class Day:
    """A store with a planned day, and what people do in it."""

    def __init__(self, path: Path, slots: Sequence[str | None], *, couriers: int = 2, capacity: int = 30) -> None:
        self.store = a_store(path / "day.sqlite3")
        self.settings = settings(fleet(couriers, capacity))
        for n, slot in enumerate(slots, 1):
            self.ask(n, slot, ASKED)
        self.tick_sync(CUT_OFF)

    def ask(self, n: int, slot: str | None, now: datetime, **where: object) -> str:
        order = an_order(f"o{n}", n % 9 - 4, **where)
        self.store.write(deliver, order, at("2026-11-20T09:00"))
        accepted = ask_for(self.store, f"r{n}", f"o{n}", now=now, slot=slot)
        assert isinstance(accepted, Accepted)
        return f"r{n}"

    async def tick(self, now: datetime, **kw: object) -> TickReport:
        given = {"solve": solve_quickly, "mend": mend_by_steps, "rng": Random(3), "settings": self.settings} | kw
        return await beat(self.store, now, **given)

    def tick_sync(self, now: datetime, **kw: object) -> TickReport:
        import asyncio

        return asyncio.run(self.tick(now, **kw))

    @property
    def routes(self) -> list[Route]:
        return self.store.read(returns.routes_of_day, DAY)

    def ahead(self, courier: str) -> list[Stop]:
        stops = [s for route in self.routes if route.courier == courier for s in route.stops]
        return [s for s in stops if s.status in {"planned", "arrived"}]

    def act(self, stop: Stop, kind: ActKind, now: datetime, **kw: object) -> None:
        act = Act(kind, f"{stop.id}-{kind}", code="123456", **kw)  # type: ignore[arg-type]
        done = self.store.write(
            act_at, stop.id, act, route_id=stop.route_id, policy=POLICY, now=now, by="courier", channel="courier"
        )
        assert isinstance(done, Done), done

    def say(self, courier: str, what: Report, now: datetime, minutes: int = 0) -> None:
        [route] = [r for r in self.routes if r.courier == courier][-1:]
        self.store.write(
            report, route.id, what, minutes=minutes, key=f"{what}-{now}", now=now, by=courier, channel="courier"
        )

    def events(self, ref: str) -> list[str]:
        return [fact.event for fact in self.store.read(facts.history, "return", ref)]


__all__ = ["ASKED", "CUT_OFF", "DAY", "Day", "at", "link"]
