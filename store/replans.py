"""A running day's routes changed: read in few queries, written with the facts that say so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from domain.goods import NO_GOODS, Goods
from domain.pickup import ReturnEvent
from domain.place import Location
from domain.returns import Return, Route, Stop
from store import facts, returns, tables
from store.base import Db
from store.facts import IN_LIMIT, FactRow
from store.intake import goods_in
from store.returns import STOP_TIMES, ReturnFact
from store.tables import table

_return, _order, _customer = table(tables.Return), table(tables.Order), table(tables.Customer)
_fact = table(tables.Fact)
_route, _stop = table(tables.Route), table(tables.Stop)
REPLANNED = "replanned"
"""A fact of a route (its stops in their new order, with their times) and of a depot (what was re-planned, and why)."""
FAILED = "replan_failed"
ASIDE = 100_000
"""Added to positions while they are exchanged: two stops of a route never share one."""


@dataclass(frozen=True, slots=True)
class Door:
    """A return with where it is fetched, as far as that is known; ``located``: how sure the place is."""

    value: Return
    location: Location | None
    district: str
    located: str = ""
    goods: Goods = NO_GOODS


def doors(db: Db, refs: Sequence[str]) -> dict[str, Door]:
    found: dict[str, Door] = {}
    for start in range(0, len(refs), IN_LIMIT):
        rows = db.execute(
            select(
                _return,
                _customer.c.lat,
                _customer.c.lon,
                _customer.c.district,
                _customer.c.located,
                _order.c["items"].label("bought"),
            )
            .select_from(
                _return.join(_order, _order.c.ref == _return.c.order_ref).outerjoin(
                    _customer, _customer.c.id == _order.c.customer_id
                )
            )
            .where(_return.c.ref.in_(refs[start : start + IN_LIMIT]))
        )
        for row in rows:
            known = row.lat is not None and row.lon is not None
            location = Location(lat=row.lat, lon=row.lon) if known else None
            value = returns.return_of(row)
            goods = goods_in(value.collected or value.items, row.bought)
            found[row.ref] = Door(value, location, row.district or "", row.located or "", goods)
    return found


def last_stops(db: Db, refs: Sequence[str]) -> dict[str, Stop]:
    """The newest visit of each return that has had one."""
    found: dict[str, Stop] = {}
    for start in range(0, len(refs), IN_LIMIT):
        chosen = _stop.c.return_ref.in_(refs[start : start + IN_LIMIT])
        for row in db.execute(select(_stop).where(chosen).order_by(_stop.c.arrive_at, _stop.c.id)):
            found[row.return_ref] = returns.stop_of(row)
    return found


def unplan(db: Db, stop: Stop, *, now: datetime, why: str) -> bool:
    """Take a stop off its route; its return waits again. False where that isn't possible any more."""
    data = {"stop": stop.id, "route": stop.route_id, "why": why}
    return returns.record(db, stop.return_ref, ReturnFact(ReturnEvent.UNPLANNED, now, None, "", data)) is not None


def rewrite(db: Db, route: Route, added: Sequence[Stop], *, now: datetime, why: Sequence[str]) -> None:
    """A route as it stands from now on: its stops in order, those of ``added`` new, with their times and the route's figures."""
    new = {stop.id for stop in added}
    db.execute(_stop.update().where(_stop.c.route_id == route.id).values(position=_stop.c.position + ASIDE))
    for stop in route.stops:
        if stop.id not in new:
            db.execute(_stop.update().where(_stop.c.id == stop.id).values(**planned_columns(stop)))
    if added:
        db.execute(_stop.insert(), [returns.stop_values(stop) for stop in added])
    for stop in added:
        planned = {"stop": stop.id, "route": route.id, "depot": route.depot, "position": stop.position}
        planned |= {name: getattr(stop, name).isoformat() for name in STOP_TIMES}
        returns.record(db, stop.return_ref, ReturnFact(ReturnEvent.PLANNED, now, None, "", planned))
    figures = ("return_at", "distance_m", "drive_s", "cost_cents")
    values: dict[str, Any] = {name: getattr(route, name) for name in figures}
    db.execute(_route.update().where(_route.c.id == route.id).values(**values, path=[list(p) for p in route.path]))
    data = {"why": list(why), "stops": {stop.id: _json(stop) for stop in route.stops}}
    facts.append(db, [FactRow("route", route.id, REPLANNED, now, data=data)])


def planned_columns(stop: Stop) -> dict[str, Any]:
    """What a plan says of a stop."""
    return {"position": stop.position, **{name: getattr(stop, name) for name in STOP_TIMES}}


def _json(stop: Stop) -> dict[str, Any]:
    return {"position": stop.position, **{name: getattr(stop, name).isoformat() for name in STOP_TIMES}}


def rebuilt_columns(data: Mapping[str, Any]) -> dict[str, Any]:
    """A stop's planned columns by a fact of its return, or of its route; rows hold whole seconds."""
    times = {name: datetime.fromisoformat(data[name]).replace(microsecond=0) for name in STOP_TIMES}
    return {"position": data["position"], **times}


def asked_before(db: Db, depot: str, *, since: datetime) -> list[FactRow]:
    """A depot's re-plans since then, and those that failed, in order."""
    rows = db.execute(
        select(_fact)
        .where(
            _fact.c.subject_type == "depot",
            _fact.c.subject_id == depot,
            _fact.c.event.in_([REPLANNED, FAILED]),
            _fact.c.at >= since,
        )
        .order_by(_fact.c.id)
    )
    return [facts.to_row(row) for row in rows]
