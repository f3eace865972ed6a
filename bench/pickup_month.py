"""A simulated month of pickup days through the product's own slots, holding, router and courier's acts: how many promised slots are kept, and what a
pickup costs against each return booked with the carrier, and against nearest-neighbour routes of the same days.

    python -m bench.pickup_month [--days 26] [--requests 120] [--seed 1] [--seconds 3]

Customers, streets and doors are drawn: doors in clusters around one depot, asked for between the cut-offs; four of five choose one of the
slots that are offered, the others have no wish and may be held. On the road every way takes longer or shorter by chance (mean 1.0,
deviation 0.2), and so does every door; one customer in twenty isn't there. Costs are the collector's tariff on what was driven.
"""

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from domain.parcel import Milestone
from domain.pickup import FailReason, ReturnReason, Want
from domain.place import Location
from domain.returns import ReturnItem, Route
from domain.shipment import Customer, Item, Order, Shipment
from domain.statement import Tariff, lines
from domain.tracking import Certainty, EventTime, ParcelReading, ScanEvent, Zone
from doorstep.solving import Here
from scheduler import courier, offers
from scheduler.batching import Decision
from scheduler.courier import Act, ActKind
from scheduler.holding import Question
from scheduler.plan_types import Collector, Courier, Depot, Fleet, Price
from scheduler.policy_file import shipped_policy
from scheduler.request import Accepted, Asked, cancel_return, request_return, reschedule
from scheduler.router import Plan, Problem, Seconds
from scheduler.router.problem import Stop as Door
from scheduler.tick import PickupSettings, tick
from store import intake, returns, tracking
from store.base import Db, Store

CN = ZoneInfo("Asia/Shanghai")
FIRST = date(2026, 3, 2)
HOME = Location(lat=30.25, lon=120.17)
TARIFF = Tariff(km=80, hour=2_500)
"""A courier by the hour with a small van, in cents: a guess that a reader can redo with their own."""
PRICE = Price(TARIFF.fixed, TARIFF.stop, TARIFF.km, TARIFF.hour)
CARRIER_CENTS = 1_200
"""What a carrier takes for fetching one return at the door: the usual contract price of Chinese merchants (10 to 15 yuan)."""
NO_WISH, ABSENT, SPREAD = 0.2, 0.05, 0.2
COURIERS = 5
CODE = 123456


def fleet() -> Fleet:
    depot = Depot("hz", "Hangzhou", HOME, time(10), CN)
    team = tuple(Courier(f"c{n}", f"Courier {n}", "fast", "hz", (time(10), time(20)), 40) for n in range(COURIERS))
    return Fleet((depot,), (Collector("fast", "Fast", ("hz",), PRICE),), team)


@dataclass
class Month:
    """What came of it. ``promised``: slots that customers had; ``kept``: of these, served in time; ``late_s``: of the others that were served."""

    promised: int = 0
    kept: int = 0
    late_s: list[float] = field(default_factory=list)
    visits: int = 0
    collected: int = 0
    by_carrier: int = 0
    not_offered: int = 0
    nearest_cents: float = 0.0
    nearest_served: int = 0


class Watched:
    """The product's own solver and holding; ``problem`` is the last one that it was given."""

    def __init__(self, limit: Seconds) -> None:
        self.here = Here(limit)
        self.problem: Problem | None = None

    async def solve(self, problem: Problem, *, seed: int) -> Plan:
        self.problem = problem
        return await self.here(problem, seed=seed)

    async def decide(self, problem: Problem, question: Question, *, seed: int) -> Decision:
        self.problem = problem
        return await self.here.decide(problem, question, seed=seed)


# --- customers -----------------------------------------------------------------------------------------------------


def doors(rng: Random) -> list[Location]:
    """The middles of a town's quarters."""
    return [Location(lat=HOME.lat + rng.gauss(0, 0.05), lon=HOME.lon + rng.gauss(0, 0.06)) for _ in range(8)]


def ask(
    db: Db, n: int, quarter: Location, settings: PickupSettings, month: Month, rng: Random, *, now: datetime
) -> None:
    """An order that arrived two days ago, its return, and a slot where the customer wants one."""
    home = {"lat": quarter.lat + rng.gauss(0, 0.008), "lon": quarter.lon + rng.gauss(0, 0.01), "located": "given"}
    order = Order(
        f"o{n}", (Item("A", "Jumper", 1, 19_900, "clothes"),), now - timedelta(days=6), customer=Customer(**home)
    )
    intake.add_order(db, order)
    sent = Shipment(f"SF{n}", "sf", "sf", now - timedelta(days=5), order_ref=order.ref)
    written = intake.add_shipment(db, sent, next_poll_at=None, alarm_at=None)
    at = now - timedelta(days=2)
    signed = ScanEvent("80", "signed", Milestone.DELIVERED, EventTime(at.isoformat(), at, Zone.OFFSET, Certainty.EXACT))
    tracking.record(db, [(int(written.id), "sf", [ParcelReading(sent.number, (signed,))])], now=at)
    asked = Asked(f"r{n}", order.ref, (ReturnItem("A", 1),), ReturnReason.NO_REASON, Want.REFUND)
    policy, all_ = settings.policy, settings.fleet
    made = request_return(db, asked, policy=policy, fleet=all_, now=now, randbelow=lambda _: CODE, channel="api")
    assert isinstance(made, Accepted), made
    if rng.random() < NO_WISH:
        return
    offered = offers.offers(db, made.value, all_, now=now, days=policy.book_days)
    month.not_offered += not offered
    if offered:
        slot = rng.choice(offered[:6]).slot
        wish = {"from": slot.start.isoformat(), "to": slot.end.isoformat()}
        reschedule(db, asked.ref, wish, policy=policy, fleet=all_, now=now, channel="customer")


# --- the road ------------------------------------------------------------------------------------------------------


def drive(store: Store, route: Route, settings: PickupSettings, month: Month, rng: Random) -> None:
    """One courier's day: ways and doors take longer or shorter than planned, nobody begins before a slot does."""
    free_at, left_at = route.depart_at, route.depart_at
    for stop in route.stops:
        value = store.read(returns.find, stop.return_ref)
        assert value is not None
        there = free_at + (stop.arrive_at - left_at) * chance(rng)
        begin = max(there, value.slot_from or there)
        free_at = begin + (stop.leave_at - stop.start_at) * chance(rng)
        left_at = stop.leave_at
        count_slot(month, value.slot_to, begin, stop.start_at)
        absent = rng.random() < ABSENT
        month.visits += 1
        month.collected += not absent
        acts = [Act(ActKind.ARRIVED, id="a"), Act(ActKind.COLLECTED, id="c", code=f"{CODE}")]
        if absent:
            acts[1] = Act(ActKind.FAILED, id="c", reason=FailReason.ABSENT)
        for act, at in zip(acts, (begin, free_at), strict=True):
            store.write(
                courier.act_at, stop.id, act, route_id=route.id, policy=settings.policy, now=at, by=route.courier
            )


def count_slot(month: Month, slot_to: datetime | None, begin: datetime, planned: datetime) -> None:
    """A slot of an earlier day binds nobody any more: it isn't counted twice."""
    if slot_to is None or slot_to < planned:
        return
    month.promised += 1
    month.kept += begin <= slot_to
    if begin > slot_to:
        month.late_s.append((begin - slot_to).total_seconds())


def chance(rng: Random) -> float:
    return max(0.5, rng.gauss(1.0, SPREAD))


# --- the same returns, whichever is nearest next -------------------------------------------------------------------


def nearest(problem: Problem, served: set[str]) -> tuple[float, int]:
    """(cents, stops) of nearest-neighbour routes over ``served``; windows, shifts and loads are kept, breaks aren't asked for."""
    waiting = {n for n, stop in enumerate(problem.stops) if stop.id in served}
    cost, count = 0.0, 0
    for one in problem.couriers:
        chain = chain_of(problem, one.id, waiting)
        if chain:
            waiting -= set(chain)
            count += len(chain)
            cost += cost_of(problem, one.id, chain)
    return cost, count


def chain_of(problem: Problem, courier_id: str, waiting: set[int]) -> list[int]:
    """Always on to the stop that can be begun soonest, as long as the way home fits into the shift."""
    who = next(one for one in problem.couriers if one.id == courier_id)
    at, free, chain = who.start or 0, who.shift[0], list[int]()
    while len(chain) < who.capacity[0]:
        found = [
            (begin, n)
            for n in waiting.difference(chain)
            if (begin := begin_at(problem, at, free, problem.stops[n])) is not None
            and begin + length_of(problem.stops[n]) + (problem.matrix_s[problem.stops[n].at][0] or 0) <= who.shift[1]
        ]
        if not found:
            break
        begin, n = min(found)
        chain.append(n)
        at, free = problem.stops[n].at, begin + length_of(problem.stops[n])
    return chain


def length_of(stop: Door) -> int:
    return stop.setup_s + stop.service_s


def begin_at(problem: Problem, at: int, free: int, stop: Door) -> int | None:
    there = free + (problem.matrix_s[at][stop.at] or 0)
    if not stop.windows:
        return there
    begin = max(there, stop.windows[0][0])
    return begin if begin <= stop.windows[0][1] else None


def cost_of(problem: Problem, courier_id: str, chain: list[int]) -> float:
    who = next(one for one in problem.couriers if one.id == courier_id)
    places = [who.start or 0, *(problem.stops[n].at for n in chain), who.end or 0]
    metres = sum(problem.matrix_m[a][b] or 0 for a, b in pairwise(places))
    driven = sum(problem.matrix_s[a][b] or 0 for a, b in pairwise(places))
    first = problem.stops[chain[0]]
    left = max(
        who.shift[0], (first.windows[0][0] if first.windows else 0) - (problem.matrix_s[places[0]][first.at] or 0)
    )
    at, free = places[0], left
    for n in chain:
        free = (begin_at(problem, at, free, problem.stops[n]) or free) + length_of(problem.stops[n])
        at = problem.stops[n].at
    back = free + (problem.matrix_s[at][places[-1]] or 0)
    cost = who.cost
    return (
        cost.fixed
        + cost.per_stop * len(chain)
        + cost.per_m * metres
        + cost.per_drive_s * driven
        + cost.per_work_s * (back - left)
    )


# --- a month -------------------------------------------------------------------------------------------------------


def local(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, CN).astimezone(UTC)


async def live(store: Store, *, days: int, requests: int, seed: int, seconds: float) -> tuple[Month, list[Route]]:
    rng, month, n = Random(seed), Month(), 0
    settings = PickupSettings(fleet(), shipped_policy(), hold_days=2, carrier_cents=CARRIER_CENTS)
    quarters, watched = doors(rng), Watched(Seconds(seconds))
    for day in (FIRST + timedelta(days=one) for one in range(days)):
        opened = local(day - timedelta(days=1), time(10, 30))
        for minutes in sorted(rng.uniform(0, 23 * 60) for _ in range(round(rng.gauss(requests, requests / 6)))):
            n += 1
            at = opened + timedelta(minutes=minutes)
            store.write(ask, n, rng.choice(quarters), settings, month, rng, now=at)
        report = await tick(
            store,
            settings,
            now=local(day, time(10)),
            solve=watched.solve,
            link=lambda route: route,
            rng=rng,
            decide=watched.decide,
        )
        assert not report.failed, report.failed
        for done in report.dispatched:
            month.by_carrier += len(done.bought)
            for ref in done.bought:  # the carrier fetches it
                store.write(cancel_return, ref, link=str, now=local(day, time(10)))
            for route in done.routes:
                drive(store, route, settings, month, rng)
            if watched.problem is not None:
                cost, served = nearest(watched.problem, {stop.return_ref for r in done.routes for stop in r.stops})
                month.nearest_cents += cost
                month.nearest_served += served
        print(f"{day}: {month.visits} visits, {month.kept} of {month.promised} slots kept", file=sys.stderr, flush=True)
    return month, store.read(
        returns.routes_between, local(FIRST, time()), local(FIRST + timedelta(days=days + 1), time())
    )


def told(month: Month, routes: list[Route]) -> list[str]:
    driven = lines(routes, TARIFF)
    cents = sum(one.cents or 0 for one in driven) + month.by_carrier * CARRIER_CENTS
    fetched = month.collected + month.by_carrier
    late = sorted(month.late_s)
    nearest_each = month.nearest_cents / max(1, month.nearest_served)
    ours_each = sum(one.cents or 0 for one in driven) / max(1, month.visits)
    kept = f"promised slots kept: {month.kept} of {month.promised} ({100 * month.kept / max(1, month.promised):.1f} %)"
    if late:
        kept += f"; the others late by {late[len(late) // 2] / 60:.0f} min (median), {late[-1] / 60:.0f} at most"
    ours = f"a visit on our routes {ours_each / 100:.2f}; on nearest-neighbour routes {nearest_each / 100:.2f}"
    return [
        f"{len(driven)} routes, {month.visits} visits, {month.collected} collected, {month.by_carrier} left to the carrier",
        kept,
        f"nobody could promise a slot to {month.not_offered} who wanted one",
        f"a pickup costs {cents / max(1, fetched) / 100:.2f}; each booked with the carrier {CARRIER_CENTS / 100:.2f}",
        f"{ours} ({month.nearest_served} of the same {month.visits} visits found a place there)",
    ]


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m bench.pickup_month", description=__doc__)
    options.add_argument("--days", type=int, default=26)
    options.add_argument("--requests", type=int, default=120, help="a day, on the mean")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--seconds", type=float, default=3, help="for the router, each day")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "month.sqlite3", synchronous="OFF") as store:
        month, routes = asyncio.run(
            live(store, days=asked.days, requests=asked.requests, seed=asked.seed, seconds=asked.seconds)
        )
    print("\n".join(told(month, routes)))


if __name__ == "__main__":
    main()
