"""Which slots can be kept: each is quoted by trying the new stop in a plan of what is promised for that day already. Pure.

The plan is a rough one (cheapest insertion, haversine times), made to say yes or no at once; the router makes the real one at the
cut-off. It is on the safe side: pauses shorten the shift, speeds are those of the slow side.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache

from domain.place import Location, distance_m
from scheduler.day import MAX_SERVICE_S, SERVICE_PER_PIECE_S, SERVICE_S, SETUP_S, Visit
from scheduler.plan_types import Courier, Depot, Fleet, Slot, at_local, local_day
from scheduler.travel.straight import CITY, DETOUR, speed_of

REACHABLE_S = 4 * 3600
"""A place further than this from the depot can't be promised by a rough plan."""


@dataclass(frozen=True, slots=True)
class Call:
    """A stop to be made within a span of time: ``service_s`` with the way to the door."""

    ref: str
    place: Location
    start: datetime
    end: datetime
    service_s: int


@dataclass(frozen=True, slots=True)
class Quote:
    """A slot that can be kept, and by how much the tour grows for it."""

    slot: Slot
    extra_s: int


@dataclass(slots=True)
class Tour:
    """One courier's calls of a day in order. ``reach``: when each can begin at the earliest; ``latest``: when at the latest."""

    home: Location
    begin: datetime
    end: datetime
    capacity: int
    calls: list[Call] = field(default_factory=list)
    reach: list[datetime] = field(default_factory=list)
    latest: list[datetime] = field(default_factory=list)

    def room_for(self, call: Call) -> tuple[int, int] | None:
        """(extra seconds on the way, where) of the cheapest place in the order; None where it fits nowhere."""
        if len(self.calls) >= self.capacity:
            return None
        options = [(extra, at) for at in range(len(self.calls) + 1) if (extra := self._extra(call, at)) is not None]
        return min(options, default=None)

    def _extra(self, call: Call, at: int) -> int | None:
        before = self.calls[at - 1] if at else None
        came_from, free_at = (before.place, self.reach[at - 1]) if before else (self.home, self.begin)
        free_at += timedelta(seconds=before.service_s if before else 0)
        there = max(free_at + timedelta(seconds=drive_s(came_from, call.place)), call.start)
        after = self.calls[at] if at < len(self.calls) else None
        goes_to, due = (after.place, self.latest[at]) if after else (self.home, self.end)
        done = there + timedelta(seconds=call.service_s + drive_s(call.place, goes_to))
        if there > call.end or done > due:
            return None
        return drive_s(came_from, call.place) + drive_s(call.place, goes_to) - drive_s(came_from, goes_to)

    def put(self, call: Call, at: int) -> None:
        self.calls.insert(at, call)
        self._time()

    def _time(self) -> None:
        place, free_at, self.reach = self.home, self.begin, []
        for call in self.calls:
            self.reach.append(max(free_at + timedelta(seconds=drive_s(place, call.place)), call.start))
            place, free_at = call.place, self.reach[-1] + timedelta(seconds=call.service_s)
        place, due, latest = self.home, self.end, []
        for call in reversed(self.calls):
            latest.append(min(call.end, due - timedelta(seconds=call.service_s + drive_s(call.place, place))))
            place, due = call.place, latest[-1]
        self.latest = latest[::-1]


@lru_cache(maxsize=200_000)
def drive_s(a: Location, b: Location) -> int:
    metres = distance_m(a, b) * DETOUR
    return round(metres / speed_of(metres, CITY))


def call_of(visit: Visit, slot: Slot) -> Call:
    service = SETUP_S + min(MAX_SERVICE_S, SERVICE_S + SERVICE_PER_PIECE_S * visit.pieces)
    return Call(visit.value.ref, visit.location, slot.start, slot.end, service)


def rough_plan(promised: Iterable[Visit], depot: Depot, couriers: Sequence[Courier], day: date) -> list[Tour]:
    """Tours of a day with what is promised for it; what fits nowhere is left out, and its place isn't sold twice."""
    tours = [_tour(courier, depot, day) for courier in couriers]
    calls = [
        call_of(visit, Slot(visit.value.slot_from, visit.value.slot_to))
        for visit in promised
        if visit.value.slot_from and visit.value.slot_to and local_day(visit.value.slot_from, depot.zone) == day
    ]
    for call in sorted(calls, key=lambda one: (one.end, one.ref)):
        if (best := _best(tours, call)) is not None:
            _, n, at = best
            tours[n].put(call, at)
    return tours


def _tour(courier: Courier, depot: Depot, day: date) -> Tour:
    begin, end = (at_local(day, clock, depot.zone) for clock in courier.shift)
    pauses = timedelta(minutes=sum(pause.minutes for pause in courier.breaks))
    return Tour(depot.location, max(begin, at_local(day, depot.cut_off, depot.zone)), end - pauses, courier.capacity)


def _best(tours: Sequence[Tour], call: Call) -> tuple[int, int, int] | None:
    rooms = [(room[0], n, room[1]) for n, tour in enumerate(tours) if (room := tour.room_for(call)) is not None]
    return min(rooms, default=None)


def quote_slots(
    slots: Sequence[Slot], visit: Visit, promised: Sequence[Visit], fleet: Fleet, depot: Depot
) -> tuple[Quote, ...]:
    """Of these slots the ones at which the visit fits into the day's plan, in their order. ``promised``: what waits already."""
    if drive_s(depot.location, visit.location) > REACHABLE_S:
        return ()
    others = [one for one in promised if one.value.ref != visit.value.ref]
    plans = {
        day: rough_plan(others, depot, _able(fleet, depot, day, visit.district), day)
        for day in dict.fromkeys(local_day(slot.start, depot.zone) for slot in slots)
    }
    found = ((slot, _best(plans[local_day(slot.start, depot.zone)], call_of(visit, slot))) for slot in slots)
    return tuple(Quote(slot, best[0]) for slot, best in found if best is not None)


def _able(fleet: Fleet, depot: Depot, day: date, district: str) -> list[Courier]:
    serving = {one.id for one in fleet.collectors if one.serves(district)}
    return [one for one in fleet.couriers_of(depot.id, day) if one.collector in serving]
