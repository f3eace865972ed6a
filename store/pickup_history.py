"""Where returns came from lately: what the next days may bring."""

from datetime import datetime

from sqlalchemy import select

from domain.pickup import ReturnStatus
from domain.place import Location
from store import tables
from store.base import Db
from store.tables import table

_return, _order, _customer = table(tables.Return), table(tables.Order), table(tables.Customer)
LIMIT = 2_000


def places(db: Db, depot: str, *, since: datetime) -> list[Location]:
    """The place of each return of a depot asked for since then, as far as it is known; the newest first."""
    rows = db.execute(
        select(_customer.c.lat, _customer.c.lon)
        .select_from(
            _return.join(_order, _order.c.ref == _return.c.order_ref).join(
                _customer, _customer.c.id == _order.c.customer_id
            )
        )
        .where(
            _return.c.depot == depot,
            _return.c.requested_at >= since,
            _return.c.status != ReturnStatus.REFUSED.value,
            _customer.c.lat.is_not(None),
            _customer.c.lon.is_not(None),
        )
        .order_by(_return.c.requested_at.desc(), _return.c.ref)
        .limit(LIMIT)
    )
    return [Location(lat=row.lat, lon=row.lon) for row in rows]
