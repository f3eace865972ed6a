"""Where customers are: looked up for those whose goods wait to be fetched, and set by hand. Coordinates are personal: no fact holds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from domain.pickup import WAITING_FOR_ROUTE
from domain.place import Location
from store import facts, tables
from store.base import Db
from store.facts import FactRow
from store.tables import table

_return, _order, _customer = table(tables.Return), table(tables.Order), table(tables.Customer)


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A return that waits, and an address that nobody placed yet."""

    ref: str
    order_ref: str
    address: str
    district: str


def unplaced(db: Db, *, but: Sequence[str] = (), limit: int) -> list[Unplaced]:
    """Returns that wait for a route and whose customer isn't on the map, oldest first; without those in ``but``."""
    rows = db.execute(
        select(_return.c.ref, _return.c.order_ref, _customer.c.address, _customer.c.district)
        .join(_order, _order.c.ref == _return.c.order_ref)
        .join(_customer, _customer.c.id == _order.c.customer_id)
        .where(
            _return.c.status.in_([status.value for status in WAITING_FOR_ROUTE]),
            _customer.c.lat.is_(None),
            (_customer.c.address != "") | (_customer.c.district != ""),
        )
        .order_by(_return.c.requested_at, _return.c.ref)
        .limit(limit + len(but))
    )
    return [found for row in rows if (found := Unplaced(*row)).ref not in but][:limit]


def place(
    db: Db,
    order_ref: str,
    at: Location,
    *,
    how: str,
    source: str,
    now: datetime,
    by: str | None = None,
    channel: str = "",
) -> bool:
    """Put an order's customer on the map; ``how``: given, geocoded or district. False where there is no such order, or no customer of it
    any more.
    """
    customer = db.execute(select(_order.c.customer_id).where(_order.c.ref == order_ref)).scalar_one_or_none()
    if customer is None:
        return False
    db.execute(_customer.update().where(_customer.c.id == customer).values(lat=at.lat, lon=at.lon, located=how))
    data = {"how": how, "source": source}
    facts.append(db, [FactRow("order", order_ref, "placed", now, by, channel, data=data)])
    return True
