"""What a courier says of their whole route: late by some minutes, off, vehicle full, or all well again. Facts of the route."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.words import Words
from scheduler.plan_types import Refused
from scheduler.progress import DECLINED
from store import facts, mail, returns
from store.base import Db
from store.facts import FactRow

MOST_MINUTES = 480
"""Who is later than this isn't late but off."""


class Report(StrEnum):
    """The names are those of the facts."""

    LATE = "courier_late"
    OUT = "courier_out"
    FULL = "courier_full"
    WELL = "courier_well"


@dataclass(frozen=True, slots=True)
class Said:
    """How a courier stands by their own words. ``late_min`` counts from the times on their list, said at ``at``."""

    out: bool = False
    full: bool = False
    late_min: int = 0
    at: datetime | None = None


NOTHING = Said()


def said_of(history: Iterable[FactRow]) -> Said:
    """What a route's facts amount to: off and full hold until all is well again, a delay until the next word. Pure."""
    said = NOTHING
    for fact in history:
        if fact.event == Report.WELL:
            said = NOTHING
        elif fact.event == Report.LATE:
            said = Said(said.out, said.full, int(fact.data.get("minutes", 0)), fact.at)
        elif fact.event in {Report.OUT, Report.FULL}:
            said = Said(said.out or fact.event == Report.OUT, said.full or fact.event == Report.FULL, 0, fact.at)
    return said


@dataclass(frozen=True, slots=True)
class Reported:
    """``repeated``: the same word had been taken before."""

    said: Said
    repeated: bool = False


def report(
    db: Db, route_id: str, what: Report, *, minutes: int = 0, key: str, now: datetime, by: str | None, channel: str
) -> Reported | Refused:
    """Take a courier's word about their route, once for each ``key``; the next re-plan reads it."""
    route = returns.find_route(db, route_id)
    if route is None or route.status == DECLINED:
        return Refused(
            Words("route_settled", {"route": route_id, "status": route.status if route else "", "way": "call_desk"})
        )
    if what is Report.LATE and not 0 < minutes <= MOST_MINUTES:
        return Refused(Words("report_minutes", {"most": MOST_MINUTES}))
    fresh = mail.receive(db, "courier", route_id, f"report/{key}", at=now)
    if fresh:
        data = {"minutes": minutes} if what is Report.LATE else {}
        facts.append(db, [FactRow("route", route_id, what.value, now, by, channel, data=data)])
    return Reported(said_of(facts.history(db, "route", route_id)), repeated=not fresh)
