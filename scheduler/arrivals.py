"""When couriers come, as it may honestly be told: to a customer as a span, to the desk per route. Read anew each time, from stop events."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.returns import Route
from scheduler.day_now import held_of
from scheduler.eta import Expected, expected, span_of
from scheduler.plan_types import Depot, Fleet, local_day
from scheduler.progress import DISPATCHED, UNDER_WAY
from scheduler.reports import Said, said_of
from scheduler.under_way import is_silent
from store import facts, replans, returns
from store.base import Db

TOLD_FROM = timedelta(minutes=5)
"""A route that is behind by less isn't called late."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a customer may be told: the span, how many stops come before, whether the courier is at the door, and whether it will be
    later than promised.
    """

    begin: datetime
    end: datetime
    before: int
    here: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """How a route stands: ``behind`` the times that its courier was told, whether nothing was heard for long, what they said."""

    behind: timedelta
    silent: bool
    said: Said
    likely: tuple[Expected, ...]

    @property
    def minutes_behind(self) -> int:
        return int(self.behind.total_seconds() // 60) if self.behind >= TOLD_FROM else 0


def arrival_of(db: Db, ref: str, fleet: Fleet, *, now: datetime) -> Arrival | None:
    """When the courier comes for a return; None where none is on the way today."""
    stop = returns.stop_of_return(db, ref)
    route = returns.find_route(db, stop.route_id) if stop else None
    depot = fleet.depot(route.depot) if route else None
    if stop is None or route is None or depot is None or not _today(route, depot, now):
        return None
    if stop.status == "arrived":
        return Arrival(now, now, 0, here=True)
    likely = course_of(db, route, depot, now=now).likely
    place = next((n for n, one in enumerate(likely) if one.stop.id == stop.id), None)
    if place is None:
        return None
    value = returns.find(db, ref)
    slot = held_of(value, route) if value else None
    begin, end = span_of(likely[place], place, now=now)
    return Arrival(begin, end, place, late=slot is not None and likely[place].start_at > slot.end)


def _today(route: Route, depot: Depot, now: datetime) -> bool:
    return route.status in {DISPATCHED, UNDER_WAY} and route.day == local_day(now, depot.zone).isoformat()


def course_of(db: Db, route: Route, depot: Depot, *, now: datetime) -> Course:
    """How an open route stands."""
    ahead = [stop.return_ref for stop in route.stops if stop.ended_at is None]
    doors = replans.doors(db, ahead)
    slots = {ref: held_of(door.value, route) for ref, door in doors.items()}
    said = said_of(facts.history(db, "route", route.id))
    likely = expected(route, depot.location, slots, now=now, said=said)
    behind = likely[0].arrive_at - likely[0].stop.arrive_at if likely else timedelta()
    return Course(max(behind, timedelta()), is_silent(route, now=now), said, tuple(likely))
