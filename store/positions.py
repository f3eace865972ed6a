"""Where couriers are: the newest place of a route, written over the one before, and forgotten without a trace."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from domain.place import Location
from store import facts, position_tables
from store.base import Db
from store.comparing import Difference
from store.facts import FactRow
from store.tables import table
from store.tracking import chunks

_position = table(position_tables.CourierPosition)
AGREED, WITHDRAWN = "position_agreed", "position_withdrawn"
"""Facts of a route: what its courier last said."""


@dataclass(frozen=True, slots=True)
class Position:
    """``accuracy_m``: within how many metres, as the phone says."""

    at: datetime
    place: Location
    accuracy_m: int | None = None


def put(db: Db, route_id: str, position: Position) -> None:
    """Write a position over the route's earlier one."""
    forget_of(db, [route_id])
    where = position.place
    values = {"at": position.at, "lat": where.lat, "lon": where.lon, "accuracy_m": position.accuracy_m}
    db.execute(_position.insert().values(route_id=route_id, **values))


def of_routes(db: Db, routes: Sequence[str]) -> dict[str, Position]:
    """Route → its courier's newest position."""
    rows = [
        row
        for part in chunks(list(routes))
        for row in db.execute(select(_position).where(_position.c.route_id.in_(part)))
    ]
    return {row.route_id: Position(row.at, Location(lat=row.lat, lon=row.lon), row.accuracy_m) for row in rows}


def all_routes(db: Db) -> list[str]:
    """The routes of which a position is kept."""
    return [row[0] for row in db.execute(select(_position.c.route_id).order_by(_position.c.route_id))]


def forget_of(db: Db, routes: Sequence[str]) -> None:
    for part in chunks(list(routes)):
        db.execute(_position.delete().where(_position.c.route_id.in_(part)))


def is_due(db: Db, *, before: datetime) -> bool:
    """Is there a position from before then?"""
    return db.execute(select(_position.c.route_id).where(_position.c.at < before).limit(1)).first() is not None


def drop(db: Db, *, before: datetime) -> int:
    """Forget what is older; returns how many."""
    return db.execute(_position.delete().where(_position.c.at < before)).rowcount


def agreed(history: Iterable[FactRow]) -> bool:
    """Does the courier agree to it, by the last thing they said? Pure."""
    said = [fact.event for fact in history if fact.event in {AGREED, WITHDRAWN}]
    return bool(said) and said[-1] == AGREED


def faults(db: Db) -> Iterator[Difference]:
    """Positions to which nobody agreed."""
    for route_id in all_routes(db):
        if not agreed(facts.history(db, "route", route_id)):
            yield Difference(f"route {route_id}", "position", "kept", "withdrawn")
