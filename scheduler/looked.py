"""What became different of a route since its courier last looked at its page. A look is a fact; the differences are `route_news`'."""

from datetime import datetime

from domain.returns import Route
from domain.words import Words
from scheduler.letters import numbers_of
from scheduler.route_news import Known, differences, in_order
from store import facts, returns
from store.base import Db
from store.facts import FactRow

SEEN = "seen"


def look(db: Db, route_id: str, *, now: datetime) -> None:
    """The courier has seen the route as it is; where nothing is new, nothing is written."""
    route = returns.find_route(db, route_id)
    if route is None:
        return
    open_ = [stop.id for stop in in_order(route) if stop.ended_at is None]
    if _seen(db, route_id) != open_:
        facts.append(db, [FactRow("route", route_id, SEEN, now, route.courier, "courier", data={"stops": open_})])


def changes(db: Db, route: Route) -> tuple[Words, ...]:
    """What to tell, in order; () before the first look."""
    seen = _seen(db, route.id)
    if seen is None:
        return ()
    return differences(Known(tuple(seen), numbers_of(db, route)), route).changes


def _seen(db: Db, route_id: str) -> list[str] | None:
    looks = [fact for fact in facts.history(db, "route", route_id) if fact.event == SEEN]
    return list(looks[-1].data["stops"]) if looks else None
