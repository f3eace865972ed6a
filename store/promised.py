"""The slots that are promised already, and where: what a new one is quoted against."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from domain.goods import NO_GOODS, Goods
from domain.pickup import WAITING_FOR_ROUTE
from domain.place import Location
from domain.returns import ReturnItem
from store import tables
from store.base import Db
from store.intake import goods_in
from store.tables import table

_return, _order, _customer = table(tables.Return), table(tables.Order), table(tables.Customer)


@dataclass(frozen=True, slots=True)
class Promised:
    """A return that waits for a route within a span that its customer was promised."""

    ref: str
    place: Location
    pieces: int
    start: datetime
    end: datetime
    goods: Goods = NO_GOODS


def promised(db: Db, depot: str, *, now: datetime) -> list[Promised]:
    """Of a depot's next plans, by return; what nobody knows the place of is in no plan."""
    waits = _return.c.status.in_([status.value for status in WAITING_FOR_ROUTE]) & (_return.c.requested_at <= now)
    ahead = (_return.c.depot == depot) & (_return.c.slot_from.is_not(None)) & (_return.c.slot_to > now)
    found = db.execute(
        select(
            _return.c.ref,
            _return.c["items"],
            _return.c.slot_from,
            _return.c.slot_to,
            _customer.c.lat,
            _customer.c.lon,
            _order.c["items"].label("bought"),
        )
        .join(_order, _order.c.ref == _return.c.order_ref)
        .join(_customer, _customer.c.id == _order.c.customer_id)
        .where(waits, ahead, _customer.c.lat.is_not(None), _customer.c.lon.is_not(None))
        .order_by(_return.c.ref)
    )
    return [
        Promised(
            ref,
            Location(lat=lat, lon=lon),
            sum(item["qty"] for item in items),
            start,
            end,
            goods_in((ReturnItem(one["sku"], one["qty"]) for one in items), bought),
        )
        for ref, items, start, end, lat, lon, bought in found
    ]
