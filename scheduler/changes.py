"""A re-plan written down: routes changed, couriers told, promises that can't be kept said and replaced; all in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Protocol

from domain.pickup import WAITING_FOR_ROUTE
from domain.place import Location
from domain.returns import Return, Route, Stop
from scheduler.day import Between, Visit, midnight, path_of, routes_of, stop_id, straight
from scheduler.dispatch import free_id
from scheduler.letters import Link, tell
from scheduler.offers import next_slot
from scheduler.plan_types import Fleet, Slot
from scheduler.progress import DECLINED, advance_route
from scheduler.router import Plan, Problem, Unserved
from scheduler.router import Route as PlannedRoute
from scheduler.router import Visit as PlannedVisit
from scheduler.travel.straight import Haversine
from scheduler.travel.table import TravelTimes
from scheduler.under_way import Running, Tour
from store import facts, replans, returns
from store.base import Db
from store.facts import FactRow
from store.replans import REPLANNED
from store.tables import iso_of

CHANNEL = "replan"
"""The channel under which a slot is kept that was moved by a re-plan."""
RETIMED = timedelta(minutes=15)
"""A route whose stops keep their order is only changed, and its courier told, where times move by this much."""
LATE = "late"
"""The code of a promise that is kept the same day, but later."""
HALF_HOUR, NEW_SLOT = timedelta(minutes=30), timedelta(hours=1)


class Mend(Protocol):
    """`mend_or_later`, wherever it runs: the daemon's in a process of its own."""

    async def __call__(
        self, problem: Problem, *, orders: Mapping[str, Sequence[str]], later_s: int, seed: int
    ) -> tuple[Problem, Plan]: ...


@dataclass(frozen=True, slots=True)
class Ways:
    """What re-planning needs of the house."""

    mend: Mend
    link: Link
    rng: Random
    travel: TravelTimes = field(default_factory=Haversine)
    between: Between = straight
    carrier_cents: int | None = None
    book_days: int = 3


@dataclass(frozen=True, slots=True)
class Unkept:
    """A promise that can't be kept: why, and the slot given instead (None: none is free)."""

    ref: str
    code: str
    reason: str
    slot: Slot | None = None


@dataclass(frozen=True, slots=True)
class Replanned:
    """A re-plan that was written. ``changed`` are the routes that couriers were told of; ``moved`` returns ride with somebody else now."""

    depot: str
    why: tuple[str, ...]
    changed: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    unkept: tuple[Unkept, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One route as the plan wants it. ``gone`` leave it, ``order`` are (return, visit) after what is fixed."""

    tour: Tour
    planned: PlannedRoute | None
    order: tuple[PlannedVisit, ...]

    @property
    def gone(self) -> list[Stop]:
        kept = {visit.id for visit in self.order}
        return [stop for stop in self.tour.ahead if stop.return_ref not in kept]


def write(
    db: Db, day: Running, plan: Plan, fleet: Fleet, why: tuple[str, ...], *, ways: Ways, now: datetime
) -> Replanned | None:
    """Write what the plan changes, tell the couriers, move the promises that can't be kept. None, and nothing is written, where
    the day moved on while the router was thinking.
    """
    start = midnight(day.batch)
    late = _late(day, plan, start)
    changes = [one for one in _changes(day, plan) if _differs(one, late, start)]
    taken = {visit.id for route in plan.routes for visit in route.stops} & set(day.joining)
    if not all(_as_read(db, one.tour) for one in changes) or not all(_waits(db, ref) for ref in taken):
        return None
    lost = [left for left in plan.unserved if left.id in day.visits]
    leaving = [stop for one in changes for stop in one.gone]
    for stop in leaving:
        replans.unplan(db, stop, now=now, why=REPLANNED)
    touched = [_rewrite(db, day, one, why, ways, now) for one in changes]
    touched += _fresh_routes(db, day, plan, fleet, ways, now)
    unkept = [_unkept(db, day, left, fleet, ways, now) for left in lost]
    unkept += [_put_off(db, day.visits[ref].value, LATE, "", slot, now) for ref, slot in late.items()]
    for one in changes:
        advance_route(db, one.tour.route.id, now=now, by=None)
    done = Replanned(
        day.batch.depot.id, why, tuple(route.id for route in touched), _moved(leaving, lost), tuple(sorted(taken)),
        tuple(one for one in unkept if one is not None),
    )  # fmt: skip
    facts.append(db, [FactRow("depot", done.depot, REPLANNED, now, data=_told(done))])
    return done


def _told(done: Replanned) -> dict[str, object]:
    return {
        "why": list(done.why),
        "routes": list(done.changed),
        "moved": list(done.moved),
        "added": list(done.added),
        "unkept": {one.ref: one.code for one in done.unkept},
    }


def _moved(leaving: Sequence[Stop], lost: Sequence[Unserved]) -> tuple[str, ...]:
    gone = {left.id for left in lost}
    return tuple(sorted(stop.return_ref for stop in leaving if stop.return_ref not in gone))


def _changes(day: Running, plan: Plan) -> list[Change]:
    """What the plan means for each running route; a courier who is out has none in the plan, and keeps nothing that is ahead."""
    routes = {route.courier: route for route in plan.routes}
    found = []
    for tour in day.tours:
        planned = routes.get(tour.courier)
        order = tuple(visit for visit in planned.stops if visit.id in day.visits) if planned else ()
        found.append(Change(tour, planned, order))
    return found


def _differs(one: Change, late: Mapping[str, Slot], start: datetime) -> bool:
    """Another order, times that moved much, or a promise that moved."""
    if [visit.id for visit in one.order] != [stop.return_ref for stop in one.tour.ahead]:
        return True
    pairs = zip(one.order, one.tour.ahead, strict=True)
    return any(v.id in late or abs(_at(start, v.arrive_s) - s.arrive_at) >= RETIMED for v, s in pairs)


def _late(day: Running, plan: Plan, start: datetime) -> dict[str, Slot]:
    """What is served after its promised span, and the span that is promised instead."""
    found = {}
    for route in plan.routes:
        for visit in route.stops:
            slot = day.promises.get(visit.id) if visit.id in day.visits else None
            if slot is not None and _at(start, visit.start_s) > slot.end:
                found[visit.id] = around(_at(start, visit.start_s))
    return found


def around(at: datetime) -> Slot:
    """An hour that begins with the half hour in which the courier should come."""
    begin = at - timedelta(seconds=at.timestamp() % HALF_HOUR.total_seconds())
    return Slot(begin, begin + NEW_SLOT)


def _as_read(db: Db, tour: Tour) -> bool:
    """Is what the plan moves still ahead, on the same route, in the same order?"""
    route = returns.find_route(db, tour.route.id)
    known = {stop.id for stop in tour.ahead}
    now_ahead = [s.id for s in route.stops if s.id in known and s.status == "planned"] if route else []
    return bool(route and route.status != DECLINED) and now_ahead == [stop.id for stop in tour.ahead]


def _waits(db: Db, ref: str) -> bool:
    value = returns.find(db, ref)
    return value is not None and value.status in WAITING_FOR_ROUTE


def _rewrite(db: Db, day: Running, one: Change, why: Sequence[str], ways: Ways, now: datetime) -> Route:
    route = returns.find_route(db, one.tour.route.id)
    assert route is not None  # read a moment ago in this transaction, and routes are never deleted
    mine = {stop.return_ref: stop for stop in one.tour.ahead}
    staying = {mine[visit.id].id for visit in one.order if visit.id in mine}
    fixed = [stop for stop in route.stops if stop.id not in staying]
    stops = [replace(stop, position=n) for n, stop in enumerate(fixed, 1)]
    added: list[Stop] = []
    for n, visit in enumerate(one.order, len(fixed) + 1):
        known = mine.get(visit.id)
        base = known or _new_stop(db, day.visits[visit.id], route.id)
        stop = _timed(base, n, visit, midnight(day.batch))
        stops.append(stop)
        added += [] if known else [stop]
    after = replace(_with_figures(day, route, one, stops, ways), stops=tuple(stops))
    replans.rewrite(db, after, added, now=now, why=why)
    number = sum(fact.event == REPLANNED for fact in facts.history(db, "route", route.id))
    tell(db, after, ways.link, now=now, reason="changed", about=f"{REPLANNED}-{number}")
    return after


def _new_stop(db: Db, visit: Visit, route_id: str) -> Stop:
    name, where, never = free_id(db, stop_id(visit.value)), visit.location, datetime.min.replace(tzinfo=UTC)
    return Stop(name, route_id, visit.value.ref, 0, where.lat, where.lon, never, never, never)


def _timed(stop: Stop, position: int, visit: PlannedVisit, start: datetime) -> Stop:
    arrive, begin, leave = (_at(start, seconds) for seconds in (visit.arrive_s, visit.start_s, visit.leave_s))
    return replace(stop, position=position, arrive_at=arrive, start_at=begin, leave_at=leave)


def _with_figures(day: Running, route: Route, one: Change, stops: Sequence[Stop], ways: Ways) -> Route:
    """A courier who is out keeps the figures of the route as it was told."""
    if one.planned is None:
        return route
    ends = [day.batch.depot.location]
    been = [stop for stop, _ in one.tour.past]
    ahead = stops[len(stops) - len(one.order) :]
    points = [*ends, *(Location(lat=s.lat, lon=s.lon) for s in (*been, *ahead)), *ends]
    return replace(
        route,
        return_at=_at(midnight(day.batch), one.planned.return_s),
        distance_m=one.planned.distance_m,
        drive_s=one.planned.drive_s,
        cost_cents=round(one.planned.cost),
        path=path_of(points, ways.between),
    )


def _fresh_routes(db: Db, day: Running, plan: Plan, fleet: Fleet, ways: Ways, now: datetime) -> list[Route]:
    """Routes of couriers who had none, or had come back."""
    driving = {tour.courier for tour in day.tours}
    new = replace(plan, routes=tuple(route for route in plan.routes if route.courier not in driving))
    taken = frozenset(route.id for route in returns.routes_of_day(db, day.batch.day.isoformat()))
    made = routes_of(new, day.batch, list(day.visits.values()), fleet, now=now, taken=taken, between=ways.between)
    routes = [replace(r, stops=tuple(replace(s, id=free_id(db, s.id)) for s in r.stops)) for r in made]
    for route in routes:
        returns.dispatch(db, route)
        tell(db, route, ways.link, now=now)
    return routes


def _unkept(db: Db, day: Running, left: Unserved, fleet: Fleet, ways: Ways, now: datetime) -> Unkept | None:
    """What the plan leaves out: noted with its reason; what was promised is missed, said so, and gets another slot."""
    returns.note_unserved(db, left.id, left.code, left.reason)
    if day.promises.get(left.id) is None:
        return None
    slot = next_slot(db, left.id, fleet, now=now, days=ways.book_days)
    return _put_off(db, day.visits[left.id].value, left.code, left.reason, slot, now)


def _put_off(db: Db, value: Return, code: str, reason: str, slot: Slot | None, now: datetime) -> Unkept:
    """The broken promise as a fact that the desk and the customer's apology read, and the promise that takes its place."""
    data = {"reason": REPLANNED, "code": code, "detail": reason, "slot_from": iso_of(value.slot_from)}
    facts.append(db, [FactRow("return", value.ref, "pickup_missed", now, data=data)])
    if slot is not None:
        returns.set_slot(db, value.ref, (slot.start, slot.end), now=now, by=None, channel=CHANNEL)
        returns.note_unserved(db, value.ref, "" if code == LATE else code, reason)
    return Unkept(value.ref, code, reason, slot)


def _at(start: datetime, seconds: int) -> datetime:
    return (start + timedelta(seconds=seconds)).astimezone(UTC)
