"""A running day as it stands: where each courier is, what is in danger, and the question that this puts to the router. Pure.

Served and started stops are history. A courier's next stop counts as started once they must be on the way to it, unless its promise
is in danger. Everything else that was promised must be served; its window binds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from domain.goods import NO_GOODS, Assumed, Goods
from domain.pickup import FailReason, ReturnStatus
from domain.place import Location
from domain.returns import Return, Route, Stop
from scheduler.batching import Batch
from scheduler.day import Visit, build_problem, counted, load_of, midnight, places
from scheduler.eta import Expected, expected, free_of, visited
from scheduler.plan_types import Fleet, Load, Slot, local_day
from scheduler.reports import NOTHING, Said
from scheduler.travel.table import Table

HEAD_START = timedelta(minutes=15)
"""Who must be somewhere within the way and this is on the way there."""
LATER = timedelta(hours=2)
"""How long after a promised span somebody may still come the same day, with an apology, rather than another day."""
AGAIN_TODAY = frozenset({FailReason.CAPACITY.value, FailReason.VEHICLE.value})
"""Failed visits that were nobody's absence: another courier can come while the promise still holds."""
COULD_FIT = frozenset({"window", "capacity", "shift", "time_limit", "price"})
"""Why a plan left a return out that may fit once a courier has time again."""
SILENT = timedelta(minutes=30)
"""Nothing heard for this long after a planned arrival: the desk is told that the courier may be missing."""


@dataclass(frozen=True, slots=True)
class Tour:
    """One courier's running route. ``past`` are history, ``ahead`` what can still change."""

    route: Route
    said: Said
    past: tuple[tuple[Stop, datetime], ...]
    ahead: tuple[Stop, ...]
    free_at: datetime | None
    expected: tuple[Expected, ...]

    @property
    def courier(self) -> str:
        return self.route.courier


@dataclass(frozen=True, slots=True)
class Running:
    """A depot's day. ``visits`` are the returns of stops ahead and of what may join, by reference, ``promises``
    what they were promised and still hold to; ``later`` are routes that a courier drives after the running one; ``busy``: when couriers
    without a running route are free; ``out`` are those who drive no more today; ``carried``: the goods of past stops.
    """

    batch: Batch
    tours: tuple[Tour, ...]
    visits: Mapping[str, Visit]
    promises: Mapping[str, Slot | None]
    joining: tuple[str, ...]
    later: tuple[Route, ...] = ()
    busy: Mapping[str, datetime] = field(default_factory=dict)
    out: frozenset[str] = frozenset()
    carried: Mapping[str, Goods] = field(default_factory=dict)

    @property
    def open(self) -> dict[str, Stop]:
        """Return → its stop ahead."""
        return {stop.return_ref: stop for tour in self.tours for stop in tour.ahead}


def slot_of(value: Return) -> Slot | None:
    return Slot(value.slot_from, value.slot_to) if value.slot_from and value.slot_to else None


def tour_of(
    route: Route, home: Location, slots: Mapping[str, Slot | None], *, now: datetime, said: Said = NOTHING
) -> Tour:
    """A route split into what has happened and what can change."""
    likely = expected(route, home, slots, now=now, said=said)
    been = [(stop, free_of(stop, now)) for stop in visited(route)]
    started = bool(likely) and not (said.out or said.full) and _started(route, likely[0], bool(been), now)
    if started and not in_danger(likely[0], slots):
        first = likely.pop(0)
        been.append((first.stop, first.leave_at))
    free_at = likely[0].arrive_at - timedelta(seconds=likely[0].leg_s) if likely else None
    return Tour(route, said, tuple(been), tuple(one.stop for one in likely), free_at, tuple(likely))


def _started(route: Route, first: Expected, under_way: bool, now: datetime) -> bool:
    if not under_way and now < route.depart_at:
        return False
    return first.start_at - timedelta(seconds=first.leg_s) - HEAD_START <= now


def in_danger(one: Expected, slots: Mapping[str, Slot | None]) -> bool:
    """Will a promise be broken if nothing changes?"""
    slot = slots.get(one.stop.return_ref)
    return slot is not None and one.start_at > slot.end


def is_silent(route: Route, *, now: datetime) -> bool:
    """Should the courier have been somewhere long ago, and nothing was heard?"""
    heard = [at for stop in route.stops for at in (stop.arrived_at, stop.ended_at) if at]
    due = [stop.arrive_at for stop in route.stops if stop.status == "planned"]
    return bool(due) and min(due) + SILENT < now and max(heard, default=route.depart_at) + SILENT < now


def triggers(day: Running) -> tuple[str, ...]:
    """What asks for a re-plan, each with a name of its own."""
    found = []
    for tour in day.tours:
        gone = tour.said.out or tour.said.full
        found += [f"stranded/{stop.id}" for stop in tour.ahead if gone]
        found += [] if gone else [f"late/{one.stop.id}" for one in tour.expected if in_danger(one, day.promises)]
        found += [f"freed/{stop.id}" for stop in tour.route.stops if day.joining and _freed(stop)]
    return (*found, *(f"new/{ref}" for ref in day.joining if _is_new(day, ref)))


def _is_new(day: Running, ref: str) -> bool:
    """What the day's plan left out without having promised it asks for nothing: it rides along once there is another reason."""
    return day.promises[ref] is not None or day.visits[ref].value.requested_at > day.batch.cut_off_at


def _freed(stop: Stop) -> bool:
    return stop.status in {"cancelled", "failed"}


def may_join(value: Return, batch: Batch, last: Stop | None, *, now: datetime) -> bool:
    """May a waiting return still ride today? What came in after the plan; what the plan had no room for; what a full or broken
    vehicle left, while its promise holds. Nothing that was promised for another day, and nothing whose slot has passed.
    """
    if value.slot_to is not None and value.slot_from is not None:
        same = local_day(value.slot_from, batch.depot.zone) == batch.day
        if not same or value.slot_to <= now:
            return False
    if value.status is ReturnStatus.FAILED:
        return value.slot_to is not None and last is not None and last.fail_reason in AGAIN_TODAY
    if last is not None and last.arrive_at is not None and local_day(last.arrive_at, batch.depot.zone) == batch.day:
        return value.slot_to is not None  # it was on a route today and left it: it has been told
    return value.requested_at > batch.cut_off_at or value.unserved_code in COULD_FIT


# --- the question ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """What the router is asked: the problem as JSON, and the routes as they are (courier → returns ahead)."""

    problem: dict[str, Any]
    orders: dict[str, list[str]]


def points(day: Running) -> list[Location]:
    """The places of the matrix: those of the day's visits, and after them where couriers were."""
    visits = list(day.visits.values())
    return [*places(day.batch, visits), *(Location(lat=s.lat, lon=s.lon) for tour in day.tours for s, _ in tour.past)]


def question(day: Running, fleet: Fleet, table: Table, *, now: datetime) -> Asked:
    """The day put to the router."""
    able = replace(fleet, couriers=tuple(one for one in fleet.couriers if one.id not in day.out))
    visits, start = list(day.visits.values()), midnight(day.batch)
    made = build_problem(day.batch, visits, able, table, now=now, busy=day.busy)
    tours = [tour for tour in day.tours if tour.courier not in day.out]
    for stop in made["stops"]:
        _bind(stop, stop["id"] in day.open, day.promises[stop["id"]], start, now)
    first = len(places(day.batch, visits))
    where = {s.id: first + n for n, s in enumerate(s for tour in day.tours for s, _ in tour.past)}
    been = {s.id: counted(_taken(s, day, fleet.assumed), made["loads"]) for tour in tours for s, _ in tour.past}
    made["stops"] += [_history(stop, where[stop.id], been[stop.id]) for tour in tours for stop, _ in tour.past]
    made["locked"] = {tour.courier: _locked(tour, start) for tour in tours if tour.past}
    by_id = {tour.courier: tour for tour in tours}
    later = {route.courier: route.depart_at for route in sorted(day.later, key=lambda r: r.depart_at, reverse=True)}
    made["couriers"] = [_courier(c, by_id.get(c["id"]), later.get(c["id"]), start, been) for c in made["couriers"]]
    known = {one["id"] for one in made["couriers"]}
    made["locked"] = {name: chain for name, chain in made["locked"].items() if name in known}
    kept = {lock["id"] for chain in made["locked"].values() for lock in chain}
    mine = set(day.visits)
    made["stops"] = [stop for stop in made["stops"] if stop["id"] in mine or stop["id"] in kept]
    return Asked(made, {tour.courier: [stop.return_ref for stop in tour.ahead] for tour in tours})


def _bind(stop: dict[str, Any], is_open: bool, slot: Slot | None, start: datetime, now: datetime) -> None:
    """What was told must be done; a promise that has passed already still binds to the same day."""
    if is_open or slot is not None:
        stop["price"] = None
    if slot is not None and slot.end <= now:
        stop["windows"] = [[_s(slot.start, start), _s(slot.end + LATER, start)]]


def _taken(stop: Stop, day: Running, assumed: Assumed) -> Load:
    """What a stop of the past put on the vehicle."""
    return Load(0) if stop.status == "failed" else load_of(day.carried.get(stop.id, NO_GOODS), assumed)


def _history(stop: Stop, at: int, load: list[int]) -> dict[str, Any]:
    return {"id": stop.id, "at": at, "windows": [], "service_s": 0, "load": load, "price": None}


def _locked(tour: Tour, start: datetime) -> list[dict[str, Any]]:
    """The history with the times at which its stops were left; a courier who is held up leaves the last one later."""
    left = [_s(at, start) for _, at in tour.past]
    if tour.free_at is not None:
        left[-1] = max(left[-1], _s(tour.free_at, start))
    return [{"id": stop.id, "leave_s": at} for (stop, _), at in zip(tour.past, left, strict=True)]


def _courier(
    one: dict[str, Any], tour: Tour | None, until: datetime | None, start: datetime, been: Mapping[str, list[int]]
) -> dict[str, Any]:
    begin, end = one["shift"]
    if until is not None:
        end = min(end, _s(until, start))
    if tour is not None and not tour.past:
        begin = max(begin, _s(max(tour.route.depart_at, tour.free_at or tour.route.depart_at), start))
    if tour is None or not tour.said.full:
        return {**one, "shift": [min(begin, end), end]}
    carried = [sum(column) for column in zip(*(been[stop.id] for stop, _ in tour.past), strict=True)]
    room = (
        [min(pair) for pair in zip(carried, one["capacity"], strict=True)] if carried else [0 for _ in one["capacity"]]
    )
    return {**one, "shift": [min(begin, end), end], "capacity": room}


def _s(at: datetime, start: datetime) -> int:
    return int((at - start).total_seconds())
