"""When a courier will be where, by what has happened so far: the plan's own legs, driven on from the last thing known. Pure.

The plan's times are what people were told; these are what is true by now. Where nothing was heard, nobody can be earlier than now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.place import Location
from domain.returns import Route, Stop
from scheduler.plan_types import Slot
from scheduler.reports import NOTHING, Said
from scheduler.travel.straight import drive_s, spot_of

CLOCK = frozenset({"courier_no_show", "courier_late"})
"""Reasons that nobody reported: nobody was there."""
DONE = frozenset({"collected", "partly_collected", "failed"})
EARLY, LATE, PER_STOP, WIDEST = (timedelta(minutes=m) for m in (10, 20, 5, 45))
"""How far an honest span reaches before and after the time reckoned: late is likelier, and each stop in between adds."""
ROUND_MIN = 5


@dataclass(frozen=True, slots=True)
class Expected:
    """A stop with the times that are likely by now; ``leg_s`` is the way to it."""

    stop: Stop
    arrive_at: datetime
    start_at: datetime
    leave_at: datetime
    leg_s: int


def visited(route: Route) -> list[Stop]:
    """The stops where the courier was, in that order; where they are now comes last."""
    been = [s for s in route.stops if s.status in DONE and s.fail_reason not in CLOCK]
    here = [s for s in route.stops if s.status == "arrived"]
    return [
        *sorted(been, key=lambda s: (s.ended_at or s.leave_at, s.position)),
        *sorted(here, key=lambda s: s.position),
    ]


def ahead(route: Route) -> list[Stop]:
    return [s for s in route.stops if s.status == "planned"]


def expected(
    route: Route, home: Location, slots: Mapping[str, Slot | None], *, now: datetime, said: Said = NOTHING
) -> list[Expected]:
    """The stops still ahead in their order. ``slots``: return → what it was promised; ``home``: where the route began."""
    been = visited(route)
    place, free_at, position = _from(route, home, been, now)
    late = _late(said, been)
    found: list[Expected] = []
    for stop in ahead(route):
        leg = _leg(route, stop, position, place)
        arrive = max(free_at + timedelta(seconds=leg), now)
        if not found and late:
            arrive = max(arrive, stop.arrive_at + late)
        slot = slots.get(stop.return_ref)
        start = max(arrive, slot.start) if slot and slot.end > now else arrive
        leave = start + (stop.leave_at - stop.start_at)
        found.append(Expected(stop, arrive, start, leave, leg))
        place, free_at, position = Location(lat=stop.lat, lon=stop.lon), leave, stop.position
    return found


def _from(route: Route, home: Location, been: Sequence[Stop], now: datetime) -> tuple[Location, datetime, int]:
    """Where the courier comes from, since when they are free, and its place in the route."""
    if not been:
        return home, route.depart_at, 0
    last = been[-1]
    return Location(lat=last.lat, lon=last.lon), free_of(last, now), last.position


def free_of(stop: Stop, now: datetime) -> datetime:
    """When the courier has left a stop, or will have."""
    if stop.ended_at is not None:
        return stop.ended_at
    return max(now, (stop.arrived_at or stop.start_at) + (stop.leave_at - stop.start_at))


def _late(said: Said, been: Sequence[Stop]) -> timedelta | None:
    """What happened after the word tells more than the word."""
    heard = max((at for s in been for at in (s.ended_at, s.arrived_at) if at), default=None)
    if not said.late_min or said.at is None or (heard is not None and heard > said.at):
        return None
    return timedelta(minutes=said.late_min)


def _leg(route: Route, stop: Stop, position: int, place: Location) -> int:
    """Seconds on the way: the plan's own where it meant this way, else a rough guess."""
    before = next((s for s in route.stops if s.position == position), None)
    if stop.position == position + 1 and (before or position == 0):
        left = before.leave_at if before else route.depart_at
        return max(0, int((stop.arrive_at - left).total_seconds()))
    return round(drive_s(spot_of(place), spot_of(Location(lat=stop.lat, lon=stop.lon))))


def span_of(one: Expected, stops_before: int, *, now: datetime) -> tuple[datetime, datetime]:
    """Between when and when the customer may honestly be told to expect the courier, to whole five minutes; never in the past."""
    wide = min(LATE + PER_STOP * stops_before, WIDEST)
    begin, end = _rounded(max(now, one.start_at - EARLY)), _rounded(one.start_at + wide, up=True)
    return begin, max(end, begin + timedelta(minutes=ROUND_MIN))


def _rounded(at: datetime, *, up: bool = False) -> datetime:
    """To the five minutes before or after."""
    over = timedelta(minutes=at.minute % ROUND_MIN, seconds=at.second, microseconds=at.microsecond)
    return at - over + (timedelta(minutes=ROUND_MIN) if up and over else timedelta())
