"""What the merchant tells us: orders, customers, shipments. Writing a thing again changes nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from domain.goods import Goods
from domain.privacy import Known
from domain.returns import ReturnItem, goods_back
from domain.shipment import Customer, Order, Shipment, item_from_json
from store import asking, facts, tables
from store.base import Db
from store.facts import FactRow
from store.tables import new_id, table

_customer, _order, _shipment = table(tables.Customer), table(tables.Order), table(tables.Shipment)
_parcel, _watch = table(tables.Parcel), table(tables.Watch)
IN_LIMIT = 500
PERSONAL = ("name", "phone", "email", "address", "district", "lat", "lon", "located")


@dataclass(frozen=True, slots=True)
class Written:
    """``created`` False: it was here already and stays as it was."""

    id: str
    created: bool


def add_order(db: Db, order: Order, *, by: str | None = None, channel: str = "") -> Written:
    if db.execute(select(_order.c.ref).where(_order.c.ref == order.ref)).one_or_none():
        return Written(order.ref, created=False)
    customer = db.execute(_customer.insert().values(**{name: getattr(order.customer, name) for name in PERSONAL}))
    db.execute(
        _order.insert().values(
            ref=order.ref,
            shop=order.shop,
            currency=order.currency,
            items=[item.to_json() for item in order.items],
            customer_id=new_id(customer),
            ship_by=order.ship_by,
            created_at=order.created_at,
        )
    )
    facts.append(db, [FactRow("order", order.ref, "created", order.created_at, by, channel)])
    return Written(order.ref, created=True)


def find_order(db: Db, ref: str) -> Order | None:
    row = db.execute(
        select(_order, *(_customer.c[name] for name in PERSONAL))
        .outerjoin(_customer, _customer.c.id == _order.c.customer_id)
        .where(_order.c.ref == ref)
    ).one_or_none()
    return order_of(row) if row else None


def known_of(db: Db, shipment_ids: Sequence[int]) -> dict[int, Known]:
    """The customers whom the texts about these shipments may name."""
    found: dict[int, Known] = {}
    for start in range(0, len(shipment_ids), IN_LIMIT):
        chunk = shipment_ids[start : start + IN_LIMIT]
        rows = db.exec_driver_sql(
            "SELECT s.id, c.name, c.phone, c.email, c.address FROM shipment s JOIN orders o ON o.ref = s.order_ref"
            f" JOIN customer c ON c.id = o.customer_id WHERE s.id IN ({','.join('?' * len(chunk))})",
            tuple(chunk),
        )
        found.update((row[0], Known(*row[1:])) for row in rows)
    return found


def order_of(row: Any) -> Order:
    return Order(
        ref=row.ref,
        items=tuple(item_from_json(item) for item in row.items),
        created_at=row.created_at,
        shop=row.shop,
        currency=row.currency,
        ship_by=row.ship_by,
        customer=Customer(**{name: getattr(row, name) for name in PERSONAL}),
    )


def shipments_of_order(db: Db, ref: str) -> list[int]:
    """The shipments that an order was sent with, oldest first."""
    rows = db.execute(select(_shipment.c.id).where(_shipment.c.order_ref == ref).order_by(_shipment.c.id))
    return [row[0] for row in rows]


def find_order_of_number(db: Db, number: str) -> str | None:
    """The order of the newest shipment with this number."""
    return db.execute(
        select(_shipment.c.order_ref).where(_shipment.c.number == number).order_by(_shipment.c.id.desc()).limit(1)
    ).scalar_one_or_none()


def ordered_at(db: Db, refs: Sequence[str]) -> dict[str, datetime]:
    """When orders were made."""
    found = select(_order.c.ref, _order.c.created_at).where(_order.c.ref.in_(refs))
    return {row.ref: row.created_at for row in db.execute(found)} if refs else {}


def shipment_ids_of_order(db: Db, order_ref: str) -> list[int]:
    """What an order was sent with, on its way out."""
    mine = (_shipment.c.order_ref == order_ref) & (_shipment.c.leg == "out")
    return [row[0] for row in db.execute(select(_shipment.c.id).where(mine).order_by(_shipment.c.id))]


def add_shipment(
    db: Db,
    shipment: Shipment,
    *,
    next_poll_at: datetime | None,
    alarm_at: datetime | None,
    standby: Sequence[tuple[str, str]] = (),
    by: str | None = None,
    channel: str = "",
) -> Written:
    """Write a shipment with one parcel of its number, and start watching it. ``standby``: (source, account) pairs that are
    asked where the shipment's own source can't answer, in their order.
    """
    same = select(_shipment.c.id).where(_shipment.c.carrier == shipment.carrier, _shipment.c.number == shipment.number)
    known = db.execute(same).scalar_one_or_none()
    if known is not None:
        return Written(str(known), created=False)
    columns = [c.name for c in _shipment.columns if c.name != "id"]
    shipment_id = new_id(db.execute(_shipment.insert().values(**{name: getattr(shipment, name) for name in columns})))
    db.execute(
        _parcel.insert().values(
            shipment_id=shipment_id, identity="", number=shipment.number, leg=shipment.leg, delivered="no"
        )
    )
    db.execute(_watch.insert().values(shipment_id=shipment_id, alarm_at=alarm_at, note="", ended=""))
    first = [(shipment.source, shipment.account)] if shipment.source else []
    asking.add(db, shipment_id, [*first, *standby], next_poll_at=next_poll_at)
    facts.append(db, [FactRow("shipment", str(shipment_id), "created", shipment.created_at, by, channel)])
    return Written(str(shipment_id), created=True)


def move_shipment(db: Db, shipment_id: int, carrier: str, *, now: datetime) -> None:
    """A push or a person corrected who carries it. Where that carrier's number is another shipment's, nothing changes."""
    number = select(_shipment.c.number).where(_shipment.c.id == shipment_id).scalar_subquery()
    if db.execute(select(_shipment.c.id).where(_shipment.c.carrier == carrier, _shipment.c.number == number)).first():
        return
    db.execute(_shipment.update().where(_shipment.c.id == shipment_id).values(carrier=carrier))
    asking.start_over(db, shipment_id, now=now)
    facts.append(db, [FactRow("shipment", str(shipment_id), "moved", now, data={"carrier": carrier})])


NEEDS_NONE = (
    "(EXISTS (SELECT 1 FROM shipment s WHERE s.order_ref = {0}) OR EXISTS (SELECT 1 FROM fact f WHERE f.subject_type = 'order'"
    " AND f.subject_id = {0} AND f.event IN ('picked_up_at_shop', 'after_sales_done')))"
)
"""An order that is shipped, was fetched at a shop, or is settled."""


def orders_unshipped(db: Db, *, now: datetime, limit: int) -> list[Order]:
    """Orders past their ship-by time without any shipment and without an open or past case for it; what its customer fetched at a shop,
    and what is settled, needs none.
    """
    rows = db.exec_driver_sql(
        "SELECT o.ref FROM orders o WHERE o.ship_by IS NOT NULL AND o.ship_by <= ?"
        f" AND NOT {NEEDS_NONE.format('o.ref')}"
        " AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.subject_type = 'order' AND c.subject_id = o.ref"
        "   AND c.kind = 'unshipped') ORDER BY o.ship_by, o.ref LIMIT ?",
        (int(now.timestamp()), limit),
    )
    found = (find_order(db, row[0]) for row in rows.all())
    return [order for order in found if order is not None]


def orders_since_shipped(db: Db) -> list[str]:
    """Orders with an open `unshipped` case that have a shipment by now, or need none any more."""
    rows = db.exec_driver_sql(
        "SELECT c.subject_id FROM cases c WHERE c.kind = 'unshipped' AND c.closed_at IS NULL"
        f" AND {NEEDS_NONE.format('c.subject_id')} ORDER BY c.id"
    )
    return [row[0] for row in rows]


def goods_in(items: Iterable[ReturnItem], bought: Iterable[dict[str, Any]]) -> Goods:
    """How heavy and large a return's items are by the lines of their order as they are stored."""
    return goods_back(items, map(item_from_json, bought))
