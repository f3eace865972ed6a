"""Which slots can be kept: each is quoted by trying the new stop in a plan of what is promised for that day already. Pure.

The plan is a rough one (cheapest insertion, times as the crow flies, stretched as the settings say), made to say yes or no at once; the router makes the real one
at the cut-off. It is on the safe side: pauses shorten the shift, speeds are those of the slow side. A customer waits for the
answer and a day may hold a thousand stops, so times are plain seconds here, and places points in space.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from domain.goods import USUAL, Assumed
from domain.place import Location
from scheduler.day import MAX_SERVICE_S, SERVICE_PER_PIECE_S, SERVICE_S, SETUP_S, Visit, load_of
from scheduler.plan_types import Courier, Depot, Fleet, Load, Slot, at_local, local_day
from scheduler.travel.hours import AS_TOLD, Pace, on_day
from scheduler.travel.straight import Spot, drive_s, spot_of
from store.promised import Promised

REACHABLE_S = 4 * 3600
"""A place further than this from the depot can't be promised by a rough plan."""
REMEMBERED = 16
"""Rough plans: a customer looks at the slots, takes one and looks again, while the day stays as it is."""

EMPTY, ONE_PARCEL = Load(0), Load()


@dataclass(frozen=True, slots=True)
class Call:
    """A stop to be begun within a span, in seconds since 1970. ``service_s``: with the way to the door; ``times``: by how much the way
    there stretches at that hour.
    """

    ref: str
    spot: Spot
    start: float
    end: float
    service_s: int
    load: Load
    times: float = 1.0


@dataclass(frozen=True, slots=True)
class Shift:
    """A courier's day, in seconds since 1970. ``times``: by how much the way home stretches."""

    begin: float
    end: float
    room: Load
    times: float = 1.0


@dataclass(frozen=True, slots=True)
class Quote:
    """A slot that can be kept, and by how much the tour grows for it."""

    slot: Slot
    extra_s: int


@dataclass(slots=True)
class Tour:
    """One courier's calls of a day in order. ``reach``: when each can begin at the earliest; ``latest``: when at the latest;
    ``ways``: the seconds on the way to each, and home.
    """

    home: Spot
    shift: Shift
    calls: list[Call] = field(default_factory=list)
    reach: list[float] = field(default_factory=list)
    latest: list[float] = field(default_factory=list)
    ways: list[float] = field(default_factory=lambda: [0.0])
    load: Load = EMPTY

    def room_for(self, call: Call) -> tuple[float, int] | None:
        """(extra seconds on the way, where) of the cheapest place in the order; None where it fits nowhere.

        Both times only grow along the tour, so the places between which it can be begun in time are a stretch.
        """
        if any(have + more > room for have, more, room in zip(self.load, call.load, self.shift.room, strict=True)):
            return None
        best = None
        first, last = bisect_left(self.latest, call.start), bisect_right(self.reach, call.end)
        inward = drive_s(self._before(first), call.spot)
        for at in range(first, last + 1):
            spot, times = self._after(at)
            outward = drive_s(call.spot, spot)
            way_in, way_out = inward * call.times, outward * times
            begun = max(self._free(at) + way_in, call.start)
            if begun <= call.end and begun + call.service_s + way_out <= self._due(at):
                extra = way_in + way_out - self.ways[at]
                if best is None or extra < best[0]:
                    best = extra, at
            inward = outward
        return best

    def _before(self, at: int) -> Spot:
        return self.calls[at - 1].spot if at else self.home

    def _after(self, at: int) -> tuple[Spot, float]:
        """Where it goes on to, and by how much the way there stretches."""
        return (self.calls[at].spot, self.calls[at].times) if at < len(self.calls) else (self.home, self.shift.times)

    def _free(self, at: int) -> float:
        return self.reach[at - 1] + self.calls[at - 1].service_s if at else self.shift.begin

    def _due(self, at: int) -> float:
        return self.latest[at] if at < len(self.calls) else self.shift.end

    def put(self, call: Call, at: int) -> None:
        spot, times = self._after(at)
        self.ways[at : at + 1] = drive_s(self._before(at), call.spot) * call.times, drive_s(call.spot, spot) * times
        self.calls.insert(at, call)
        self.load = Load(*(have + more for have, more in zip(self.load, call.load, strict=True)))
        self._time()

    def _time(self) -> None:
        free_at, self.reach = self.shift.begin, []
        for call, way in zip(self.calls, self.ways, strict=False):
            self.reach.append(max(free_at + way, call.start))
            free_at = self.reach[-1] + call.service_s
        due, latest = self.shift.end, []
        for call, way in zip(reversed(self.calls), reversed(self.ways), strict=False):
            due = min(call.end, due - call.service_s - way)
            latest.append(due)
        self.latest = latest[::-1]


def call_of(ref: str, place: Location, pieces: int, slot: Slot, load: Load = ONE_PARCEL, pace: Pace = AS_TOLD) -> Call:
    service = SETUP_S + min(MAX_SERVICE_S, SERVICE_S + SERVICE_PER_PIECE_S * pieces)
    start, end = slot.start.timestamp(), slot.end.timestamp()
    return Call(ref, spot_of(place), start, end, service, load, pace.between(start, end))


def rough_plan(
    promised: Iterable[Promised],
    depot: Depot,
    couriers: Sequence[Courier],
    day: date,
    assumed: Assumed = USUAL,
    pace: Pace = AS_TOLD,
) -> tuple[Tour, ...]:
    """Tours of a day with what is promised for it; what fits nowhere is left out, and its place isn't sold twice. Not to be changed:
    the same day gets the same tours.
    """
    calls = [
        call_of(one.ref, one.place, one.pieces, Slot(one.start, one.end), load_of(one.goods, assumed), pace)
        for one in promised
        if local_day(one.start, depot.zone) == day
    ]
    in_order = tuple(sorted(calls, key=lambda one: (one.end, one.ref)))
    return _planned(spot_of(depot.location), tuple(_shift(who, depot, day, pace) for who in couriers), in_order)


@lru_cache(maxsize=REMEMBERED)
def _planned(home: Spot, shifts: Sequence[Shift], calls: Sequence[Call]) -> tuple[Tour, ...]:
    tours = tuple(Tour(home, shift) for shift in shifts)
    for call in calls:
        if (best := _best(tours, call)) is not None:
            _, n, at = best
            tours[n].put(call, at)
    return tours


def _shift(courier: Courier, depot: Depot, day: date, pace: Pace) -> Shift:
    begin, end = (at_local(day, clock, depot.zone) for clock in courier.shift)
    pauses = timedelta(minutes=sum(pause.minutes for pause in courier.breaks))
    begin = max(begin, at_local(day, depot.cut_off, depot.zone))
    times = pace.between(begin.timestamp(), end.timestamp())
    return Shift(begin.timestamp(), (end - pauses).timestamp(), courier.room, times)


def _best(tours: Sequence[Tour], call: Call) -> tuple[float, int, int] | None:
    rooms = [(room[0], n, room[1]) for n, tour in enumerate(tours) if (room := tour.room_for(call)) is not None]
    return min(rooms, default=None)


def quote_slots(
    slots: Sequence[Slot], visit: Visit, promised: Sequence[Promised], fleet: Fleet, depot: Depot
) -> tuple[Quote, ...]:
    """Of these slots the ones at which the visit fits into the day's plan, in their order. ``promised``: what waits already."""
    if drive_s(spot_of(depot.location), spot_of(visit.location)) > REACHABLE_S:
        return ()
    others = [one for one in promised if one.ref != visit.value.ref]
    paces = {
        day: Pace(fleet.times, on_day(fleet.hours, day, depot.zone))
        for day in dict.fromkeys(local_day(one.start, depot.zone) for one in slots)
    }
    plans = {
        day: rough_plan(others, depot, _able(fleet, depot, day, visit), day, fleet.assumed, pace)
        for day, pace in paces.items()
    }
    days = [(slot, local_day(slot.start, depot.zone)) for slot in slots]
    found = ((slot, _best(plans[day], _call(visit, slot, fleet, paces[day]))) for slot, day in days)
    return tuple(Quote(slot, round(best[0])) for slot, best in found if best is not None)


def _call(visit: Visit, slot: Slot, fleet: Fleet, pace: Pace) -> Call:
    return call_of(visit.value.ref, visit.location, visit.pieces, slot, visit.load(fleet.assumed), pace)


def _able(fleet: Fleet, depot: Depot, day: date, visit: Visit) -> list[Courier]:
    serving = {one.id for one in fleet.collectors if one.serves(visit.district, visit.door)}
    return [one for one in fleet.couriers_of(depot.id, day) if one.collector in serving]
