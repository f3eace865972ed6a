"""A running day of 300 stops planned again, from the ticking daemon's question to the written routes.

    python -m bench.replanning [--stops 300] [--couriers 12] [--seed 1]

A day is planned, half of it driven, and then something happens: a courier is off, one is an hour late, one is full, customers cancel, requests come
in. Seconds are wall time of a whole beat of the pickup side, the solver's process with its start included. A promise counts as broken
where a stop that was promised is planned after its span, or was left out without its customer being told.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from zoneinfo import ZoneInfo

from domain.pickup import ReturnReason, ReturnStatus
from domain.place import Location
from domain.returns import Return, ReturnItem
from domain.shipment import Customer, Item, Order
from doorstep.solving import Apart
from scheduler.courier import Act, ActKind, act_at
from scheduler.plan_types import Collector, Courier, Depot, Fleet, Price
from scheduler.policy_file import shipped_policy
from scheduler.reports import Report, report
from scheduler.request import cancel_return
from scheduler.router import Seconds
from scheduler.tick import PickupSettings, TickReport, tick
from store import check, intake, returns
from store.base import Db, Store

ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 23)
DEPOT = Depot("hz", "Hangzhou", Location(lat=30.25, lon=120.17), time(8), ZONE)
SPREAD = 0.12  # degrees round the depot: a town
PLAN_S = 20.0


def local(hour: int, minute: int = 0) -> datetime:
    return datetime.combine(DAY, time(hour, minute), ZONE).astimezone(UTC)


CUT_OFF, NOON = local(8), local(13)


def fleet(couriers: int) -> Fleet:
    price = Price(2_000, 300, 120, 3_000)
    who = tuple(Courier(f"c{n:02}", f"c{n:02}", "fast", "hz", (time(8), time(20)), 45) for n in range(couriers))
    return Fleet((DEPOT,), (Collector("fast", "Fast", ("hz",), price),), who)


def ask(db: Db, n: int, rng: Random, *, now: datetime, slotted: bool) -> str:
    """A return somewhere in town, with a two-hour slot of the day or without one."""
    where = Customer(lat=30.25 + rng.uniform(-SPREAD, SPREAD), lon=120.17 + rng.uniform(-SPREAD, SPREAD))
    intake.add_order(db, Order(f"o{n}", (Item("A", "A", 1, 9_900),), now, customer=where))
    hour = rng.choice((8, 10, 12, 14, 16))
    slot = (local(hour), local(hour + 2)) if slotted else (None, None)
    value = Return(
        f"r{n}", f"o{n}", (ReturnItem("A", 1),), ReturnReason.NO_REASON, now, slot_from=slot[0], slot_to=slot[1],
        code="123456", depot="hz",
    )  # fmt: skip
    returns.add_return(db, value, by=None, channel="")
    return value.ref


class Bench:
    """A store with a planned day that is half over."""

    def __init__(self, folder: Path, stops: int, couriers: int, seed: int) -> None:
        self.store = Store(folder / "bench.sqlite3", synchronous="OFF")
        self.rng, self.asked = Random(seed), stops
        self.settings = PickupSettings(fleet(couriers), shipped_policy())
        for n in range(stops):
            self.store.write(ask, n, self.rng, now=CUT_OFF - timedelta(hours=12), slotted=n % 5 != 0)

    def beat(self, now: datetime) -> tuple[TickReport, float]:
        apart, started = Apart(Seconds(PLAN_S)), perf_counter()
        done = asyncio.run(
            tick(self.store, self.settings, now=now, solve=apart, link=str, rng=Random(1), mend=apart.mend)
        )
        return done, perf_counter() - started

    def drive_until(self, now: datetime) -> None:
        """Everything that should have happened by now went as planned."""
        for route in returns_of(self.store):
            for stop in route.stops:
                happened = ((ActKind.ARRIVED, stop.arrive_at), (ActKind.COLLECTED, stop.leave_at))
                for kind, at in happened if stop.ended_at is None else ():
                    if at <= now:
                        act = Act(kind, f"{stop.id}/{kind}", code="123456")
                        self.store.write(
                            act_at,
                            stop.id,
                            act,
                            route_id=route.id,
                            policy=self.settings.policy,
                            now=at,
                            by=route.courier,
                        )

    def say(self, n: int, what: Report, now: datetime, minutes: int = 0) -> None:
        running = [r for r in returns_of(self.store) if r.status == "under_way"]
        route = running[n % len(running)]
        self.store.write(
            report, route.id, what, minutes=minutes, key=f"{what}", now=now, by=route.courier, channel="courier"
        )

    def cancel(self, count: int, now: datetime) -> None:
        open_ = [s.return_ref for r in returns_of(self.store) for s in r.stops if s.status == "planned"]
        for ref in self.rng.sample(open_, count):
            self.store.write(cancel_return, ref, link=str, now=now)

    def more(self, count: int, now: datetime) -> None:
        for _ in range(count):
            self.store.write(ask, self.asked, self.rng, now=now, slotted=False)
            self.asked += 1

    def broken(self) -> int:
        """Promised stops that are planned after their span."""
        late = 0
        for route in returns_of(self.store):
            for stop in route.stops:
                value = self.store.read(returns.find, stop.return_ref)
                if stop.status == "planned" and value and value.slot_to and value.status is ReturnStatus.PLANNED:
                    late += stop.start_at > value.slot_to
        return late


def returns_of(store: Store) -> list:
    return store.read(returns.routes_of_day, DAY.isoformat())


WHAT: tuple[tuple[str, Callable[[Bench, datetime], None]], ...] = (
    ("a courier is off", lambda b, now: b.say(0, Report.OUT, now)),
    ("one is an hour late", lambda b, now: b.say(1, Report.LATE, now, 60)),
    ("a vehicle is full", lambda b, now: b.say(2, Report.FULL, now)),
    ("10 customers cancel, 10 requests", lambda b, now: (b.cancel(10, now), b.more(10, now))[0]),
    (
        "all of it at once",
        lambda b, now: (b.say(3, Report.OUT, now), b.say(4, Report.LATE, now, 90), b.more(5, now))[0],
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stops", type=int, default=300)
    parser.add_argument("--couriers", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        day = Bench(Path(folder), asked.stops, asked.couriers, asked.seed)
        planned, seconds = day.beat(CUT_OFF)
        left = [item.ref for done in planned.dispatched for item in done.left]
        print(json.dumps({"planned_s": round(seconds, 1), "routes": len(returns_of(day.store)), "left": len(left)}))
        now = NOON
        for name, happen in WHAT:
            day.drive_until(now)
            print(json.dumps({"nothing_s": round(day.beat(now)[1], 2)}))
            happen(day, now)
            done, seconds = day.beat(now)
            told = done.replanned[0] if done.replanned else None
            print(json.dumps({
                "what": name, "seconds": round(seconds, 2), "broken": day.broken(), "plan": type(told).__name__,
                **({k: len(getattr(told, k)) for k in ("changed", "moved", "added", "unkept")} if hasattr(told, "moved") else {}),
            }))  # fmt: skip
            now += timedelta(minutes=20)
        wrong = day.store.read(check.differences, now=now)
        print(json.dumps({"check": len(wrong)}))


if __name__ == "__main__":
    main()
