"""How far a route is: under way with its first stop, done with its last."""

from datetime import datetime

from store import returns
from store.base import Db

DISPATCHED, UNDER_WAY, DONE, DECLINED = "dispatched", "under_way", "done", "declined"


def advance_route(db: Db, route_id: str, *, now: datetime, by: str | None) -> None:
    """Bring a route's status up to its stops. Doing it again changes nothing."""
    route = returns.find_route(db, route_id)
    if route is None or route.status == DECLINED:
        return
    ended = [stop.ended_at is not None for stop in route.stops]
    touched = any(stop.ended_at or stop.arrived_at for stop in route.stops)
    status = DONE if all(ended) else UNDER_WAY if touched else DISPATCHED
    if status != route.status:
        returns.set_route_status(db, route_id, status, now=now, by=by)
