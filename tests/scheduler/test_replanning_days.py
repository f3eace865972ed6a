"""Random days with random events: whatever happens, nobody is visited twice and no promise is broken without a word."""

import asyncio
import tempfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running_house import CUT_OFF, DAY, NAMES, Day, at, link

from domain.pickup import FailReason, ReturnStatus
from domain.returns import Stop
from scheduler.courier import ActKind
from scheduler.replanning import AGAIN_AFTER
from scheduler.reports import Report
from scheduler.request import cancel_return
from store import check, facts, ledger, returns

SLOTS = (None, *(f"{DAY}T{h:02}:00/{h + 2:02}:00" for h in (10, 12, 14, 16, 18)))
STEP = timedelta(minutes=7)
REASONS = (FailReason.ABSENT, FailReason.REFUSED, FailReason.CAPACITY, FailReason.VEHICLE, FailReason.NO_ACCESS)


class World:
    """Couriers who drive at their own pace, customers who change their minds, requests that come late."""

    def __init__(self, path: Path, rng: Random) -> None:
        self.rng = rng
        slots = [rng.choice(SLOTS) for _ in range(rng.randint(4, 12))]
        self.couriers = rng.randint(1, 3)
        self.day = Day(path, slots, couriers=self.couriers, capacity=rng.choice((3, 6, 30)))
        self.asked = len(slots)
        self.free_at = dict.fromkeys(NAMES, CUT_OFF)
        self.off: set[str] = set()
        self.reached: dict[str, datetime] = {}

    async def step(self, now: datetime) -> None:
        for name in NAMES[: self.couriers]:
            self.drive(name, now)
        self.something(now)
        await self.day.tick(now)

    def drive(self, name: str, now: datetime) -> None:
        ahead = self.day.ahead(name)
        if name in self.off or not ahead or now < self.free_at[name]:
            return
        stop = ahead[0]
        if stop.status == "arrived":
            self.end(stop, name, now)
        elif now >= stop.arrive_at - timedelta(minutes=self.rng.randint(0, 20)):
            self.day.act(stop, ActKind.ARRIVED, now)
            self.reached[stop.return_ref] = now
            self.free_at[name] = now + timedelta(minutes=self.rng.randint(5, 25))

    def end(self, stop: Stop, name: str, now: datetime) -> None:
        if self.rng.random() < 0.2:
            self.day.act(stop, ActKind.FAILED, now, reason=self.rng.choice(REASONS))
        else:
            self.day.act(stop, ActKind.COLLECTED, now)
        self.free_at[name] = now + timedelta(minutes=self.rng.choice((1, 10, 60)))

    def something(self, now: datetime) -> None:
        """One of many things, or nothing."""
        name = self.rng.choice(NAMES[: self.couriers])
        driving = any(route.courier == name and route.status != "declined" for route in self.day.routes)
        match self.rng.randint(0, 30):
            case 0 if driving:
                self.day.say(name, Report.OUT, now)
                self.off.add(name)
            case 1 if driving:
                self.day.say(name, Report.LATE, now, minutes=self.rng.choice((10, 45, 120)))
            case 2 if driving:
                self.day.say(name, Report.FULL, now)
            case 3 if driving:
                self.day.say(name, Report.WELL, now)
                self.off.discard(name)
            case 4 | 5:
                ref = f"r{self.rng.randint(1, self.asked)}"
                self.day.store.write(cancel_return, ref, link=link, now=now)
            case 6 | 7:
                self.asked += 1
                self.day.ask(self.asked, None, now)
            case _:
                pass


def look(world: World, now: datetime) -> None:
    """What holds at every moment."""
    store = world.day.store
    stops = [stop for route in world.day.routes for stop in route.stops]
    open_ = Counter(stop.return_ref for stop in stops if stop.status in {"planned", "arrived"})
    assert max(open_.values(), default=0) <= 1, "on two routes"
    taken = Counter(stop.return_ref for stop in stops if "collected" in stop.status)
    assert max(taken.values(), default=0) <= 1, "served twice"
    assert not set(open_) & set(taken), "served, and on a route again"
    for route in world.day.routes:
        assert [stop.position for stop in route.stops] == sorted({stop.position for stop in route.stops})
    for stop in stops:
        value = store.read(returns.find, stop.return_ref)
        if stop.status == "planned":
            assert value.status is ReturnStatus.PLANNED
        if stop.status == "planned" and value.slot_to and stop.start_at > value.slot_to:
            raise AssertionError(f"{stop.id} is planned at {stop.start_at}, promised until {value.slot_to}")


def promises_were_kept_or_said(world: World) -> None:
    """Every slot that was promised for the day was kept, given up by the customer, or its end was said to desk and customer. What
    slips between two looks at the same danger is too small to be said.
    """
    store = world.day.store
    for n in range(1, world.asked + 1):
        history = store.read(facts.history, "return", f"r{n}")
        slot_to = history[0].data["slot_to"]
        for fact in history:
            if fact.event == "rescheduled":
                slot_to = fact.data["slot_to"]
            if fact.event == "arrived" and slot_to is not None:
                told = any(one.event in {"pickup_missed", "failed"} and one.at <= fact.at for one in history)
                assert fact.at <= datetime.fromisoformat(slot_to) + AGAIN_AFTER or told, (f"r{n}", fact.at, slot_to)
        promised_today = slot_to is not None and datetime.fromisoformat(slot_to) <= at(f"{DAY}T21:00")
        ends = {"collected", "partly_collected", "failed", "cancelled", "pickup_missed", "refused"}
        if promised_today:
            assert {fact.event for fact in history} & ends, (f"r{n}", [fact.event for fact in history])


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9))
def test_no_return_is_on_two_routes_or_served_twice_and_no_promise_breaks_silently(seed: int) -> None:
    """Couriers late, off, full; customers absent or gone; requests in between. The books agree at the end."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), Random(seed))

        async def run() -> None:
            now = CUT_OFF
            while now < at(f"{DAY}T23:30"):
                await world.step(now)
                look(world, now)
                now += STEP

        asyncio.run(run())
        promises_were_kept_or_said(world)
        store = world.day.store
        pieces = Counter((one.order_ref, one.item) for one in store.read(ledger.instructions))
        assert max(pieces.values(), default=0) <= 1, "paid twice"
        failed = [f for f in store.read(facts.history, "depot", "hz") if f.event == "replan_failed"]
        assert not failed, failed[0].data
        assert store.read(check.differences, now=at(f"{DAY}T23:30")) == []
