"""What a collector's dispatcher says: who comes on a day; and to a route of theirs: accepted, or declined, whose stops are planned again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.pickup import ReturnEvent
from domain.returns import Route
from domain.words import Words
from scheduler.letters import Link, tell
from scheduler.plan_types import Fleet, Refused, at_local
from scheduler.progress import DECLINED, DISPATCHED
from store import facts, returns, rosters
from store.base import Db
from store.facts import FactRow
from store.returns import ReturnFact

CHANNEL = "collector"
ACCEPTED = "accepted"
"""A fact of a route beside its statuses: it changes nothing but what people know."""


class Say(StrEnum):
    ACCEPT = "accept"
    DECLINE = "decline"


@dataclass(frozen=True, slots=True)
class Answered:
    """The route as it stands now. ``repeated``: the same had been said before."""

    route: Route
    repeated: bool = False


def route_of(db: Db, route_id: str, collector: str) -> Route | None:
    """A route of this collector; another's is as unknown as none."""
    route = returns.find_route(db, route_id)
    return route if route and route.collector == collector else None


def route_of_stop(db: Db, stop_id: str, collector: str) -> Route | None:
    stop = returns.find_stop(db, stop_id)
    return route_of(db, stop.route_id, collector) if stop else None


def accepted_at(db: Db, route_id: str) -> datetime | None:
    return next((f.at for f in facts.history(db, "route", route_id) if f.event == ACCEPTED), None)


def answer(db: Db, route_id: str, said: Say, *, collector: str, link: Link, now: datetime) -> Answered | Refused | None:
    """Write a collector's answer to a route, once; None where it has no such route. A route that is under way, or over, can't be
    declined any more.
    """
    route = route_of(db, route_id, collector)
    if route is None:
        return None
    if repeated := _said_before(db, route, said):
        return repeated
    if route.status != DISPATCHED or route.return_at <= now:
        return Refused(Words("route_settled", {"route": route.id, "status": route.status, "way": "call_desk"}))
    if said is Say.ACCEPT:
        facts.append(db, [FactRow("route", route.id, ACCEPTED, now, collector, CHANNEL)])
        return Answered(route)
    return _decline(db, route, collector=collector, link=link, now=now)


def _said_before(db: Db, route: Route, said: Say) -> Answered | None:
    before = route.status == DECLINED if said is Say.DECLINE else accepted_at(db, route.id) and route.status != DECLINED
    return Answered(route, repeated=True) if before else None


def _decline(db: Db, route: Route, *, collector: str, link: Link, now: datetime) -> Answered:
    """The stops that are still open go back to waiting, with their promised slots; the courier is told."""
    for stop in route.stops:
        if stop.ended_at is None:
            data = {"stop": stop.id, "route": route.id, "why": DECLINED}
            returns.record(db, stop.return_ref, ReturnFact(ReturnEvent.UNPLANNED, now, collector, CHANNEL, data))
    returns.set_route_status(db, route.id, DECLINED, now=now, by=collector)
    after = returns.find_route(db, route.id)
    assert after is not None  # read above, and routes are never deleted
    tell(db, after, link, now=now, reason="changed", about=DECLINED)
    return Answered(after)


# --- who comes -------------------------------------------------------------------------------------------------------


def confirm(
    db: Db, collector: str, day: date, here: Sequence[str], *, fleet: Fleet, now: datetime
) -> rosters.Roster | Refused:
    """Confirm which couriers of a collector come on a day, as often as wanted until the day's first cut-off of a depot of theirs.

    Couriers of others among ``here`` count for nothing.
    """
    mine = sorted(one.id for one in fleet.couriers if one.collector == collector)
    closes = closes_at(fleet, collector, day)
    if closes is None or now >= closes:
        return Refused(Words("roster_closed", {"day": day.isoformat(), "way": "call_desk"}))
    coming = [one for one in mine if one in here]
    away = [one for one in mine if one not in here]
    rosters.confirm(db, collector, day.isoformat(), here=coming, away=away, now=now, channel=CHANNEL)
    return rosters.of_day(db, day.isoformat(), collector)[collector]


def closes_at(fleet: Fleet, collector: str, day: date) -> datetime | None:
    """Until when a day's roster can be confirmed; None where the collector has no courier at any depot."""
    depots = {one.depot for one in fleet.couriers if one.collector == collector}
    return min((at_local(day, d.cut_off, d.zone) for d in fleet.depots if d.id in depots), default=None)
