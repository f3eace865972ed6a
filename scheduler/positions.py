"""Where a courier is, on the desk's map: only if the operator wants it, while the route is open, and as long as the courier agrees.

Consent and its end are facts of the route; the place itself is none (`store/positions`). Of what comes without consent, too early or
too late, nothing is kept.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from domain.returns import Route
from scheduler.progress import DISPATCHED, UNDER_WAY
from store import facts, positions, returns
from store.base import Db
from store.facts import FactRow
from store.positions import Position, agreed

CHANNEL = "courier"
BEFORE, AFTER = timedelta(minutes=30), timedelta(hours=2)
"""How long before its planned departure, and after its planned end, a route that isn't done counts as open."""
OLDEST = timedelta(minutes=30)
"""What the phone kept for longer, without a net, is of no use to anybody."""


class Share(StrEnum):
    """What a courier says of their position. The names are those of the facts."""

    AGREED = positions.AGREED
    WITHDRAWN = positions.WITHDRAWN


def is_open(route: Route, *, now: datetime) -> bool:
    running = route.status in {DISPATCHED, UNDER_WAY}
    return running and route.depart_at - BEFORE <= now <= route.return_at + AFTER


def say(db: Db, route_id: str, said: Share, *, by: str, now: datetime) -> bool:
    """Take a courier's word, once until they change it; with the consent goes the position. Returns whether they agree now."""
    route = returns.find_route(db, route_id)
    before = agreed(facts.history(db, "route", route_id))
    after = said is Share.AGREED and route is not None and (before or is_open(route, now=now))
    if after is not before:
        facts.append(db, [FactRow("route", route_id, said.value, now, by, CHANNEL)])
    if not after:
        positions.forget_of(db, [route_id])
    return after


def take(db: Db, route_id: str, position: Position, *, now: datetime) -> bool:
    """Keep where a courier is instead of where they were. False: nothing was kept, and nothing more is wanted."""
    route = returns.find_route(db, route_id)
    if route is None or not is_open(route, now=now) or not agreed(facts.history(db, "route", route_id)):
        return False
    known = positions.of_routes(db, [route_id]).get(route_id)
    if now - OLDEST <= position.at and (known is None or known.at < position.at):
        positions.put(db, route_id, position)
    return True


def shown(db: Db, routes: Iterable[Route], *, now: datetime) -> Mapping[str, Position]:
    """Where the couriers of open routes are, by route; of a route that is over nothing is shown."""
    return positions.of_routes(db, [route.id for route in routes if is_open(route, now=now)])
