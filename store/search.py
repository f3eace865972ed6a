"""The desk's search: by tracking number or its ending, order, return, case number, or the last digits of a phone.

Each look goes through an index: beginnings as a range, endings by the last four characters (migration 0007).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from domain.case import SubjectType
from domain.shipment import Order, ShipmentView
from store import cases, intake, tables, tracking
from store.base import Db
from store.cases import CaseRow
from store.dialect import ending
from store.tables import table

_shipment, _order, _customer = table(tables.Shipment), table(tables.Order), table(tables.Customer)
_return, _case = table(tables.Return), table(tables.Case)

ENDING = 4
"""Characters with which a number or phone may be searched by its ending, and the least that a search takes as one."""
LIMIT = 50
LAST = "\U0010ffff"
"""Sorts behind every text that begins like it."""


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search found: tracking numbers, orders, returns and cases; ``around``: the cases of the other three."""

    shipments: list[ShipmentView]
    orders: list[Order]
    returns: list[str]
    cases: list[CaseRow]
    around: list[CaseRow]


def search(db: Db, text: str, *, limit: int = LIMIT) -> Hits:
    text = text.strip()
    if not text:
        return Hits([], [], [], [], [])
    refs = _orders_found(db, text, limit)
    ids = _shipments_found(db, text, refs, limit)
    found_orders = (intake.find_order(db, ref) for ref in refs)
    named = _case_numbered(db, text)
    back = _returns_found(db, text, refs, limit)
    around = [case for case in _cases_around(db, ids, refs, back, limit) if case.id not in {c.id for c in named}]
    return Hits(
        shipments=list(tracking.views(db, ids).values()),
        orders=[order for order in found_orders if order is not None],
        returns=back,
        cases=named,
        around=around,
    )


def _begins(column: Any, text: str) -> ColumnElement[bool]:
    """Begins with the text as it was typed, or in capitals: numbers are copied from phones."""
    ways = dict.fromkeys((text, text.upper(), text.lower()))
    return or_(*(and_(column >= way, column < way + LAST) for way in ways))


def _ends(column: Any, text: str) -> ColumnElement[bool]:
    """Ends with the text: first by the index over the last characters (which serves no bound parameter), then exactly."""
    return and_(ending(column, ENDING) == text[-ENDING:], column.endswith(text, autoescape=True))


def _case_numbered(db: Db, text: str) -> list[CaseRow]:
    number = text.lstrip("#＃")
    case = cases.get(db, int(number)) if number.isascii() and number.isdigit() and len(number) < 10 else None
    return [case] if case else []


def _orders_found(db: Db, text: str, limit: int) -> list[str]:
    by_ref = select(_order.c.ref).where(_begins(_order.c.ref, text)).order_by(_order.c.ref).limit(limit)
    found = [row[0] for row in db.execute(by_ref)]
    digits = "".join(text.split())
    if digits.isascii() and digits.isdigit() and len(digits) >= ENDING:
        by_phone = (
            select(_order.c.ref)
            .join(_customer, _customer.c.id == _order.c.customer_id)
            .where(_ends(_customer.c.phone, digits))
            .order_by(_order.c.created_at.desc(), _order.c.ref)
            .limit(limit)
        )
        found += [row[0] for row in db.execute(by_phone)]
    return list(dict.fromkeys(found))[:limit]


def _shipments_found(db: Db, text: str, order_refs: Sequence[str], limit: int) -> list[int]:
    number = _shipment.c.number
    looks = [_begins(number, text), _shipment.c.order_ref.in_(order_refs)]
    if len(text) >= ENDING:
        looks.append(_ends(number, text.upper()))
        looks.append(_ends(number, text))
    found: set[int] = set()
    for look in looks:
        rows = db.execute(select(_shipment.c.id).where(look).order_by(_shipment.c.id.desc()).limit(limit))
        found.update(row[0] for row in rows)
    return sorted(found, reverse=True)[:limit]


def _returns_found(db: Db, text: str, order_refs: Sequence[str], limit: int) -> list[str]:
    match = or_(_begins(_return.c.ref, text), _return.c.order_ref.in_(order_refs))
    rows = db.execute(select(_return.c.ref).where(match).order_by(_return.c.requested_at.desc()).limit(limit))
    return [row[0] for row in rows]


def _cases_around(
    db: Db, shipment_ids: Sequence[int], order_refs: Sequence[str], return_refs: Sequence[str], limit: int
) -> list[CaseRow]:
    """The cases about what was found, open ones first."""
    about = {
        SubjectType.SHIPMENT: [str(one) for one in shipment_ids],
        SubjectType.ORDER: order_refs,
        SubjectType.RETURN: return_refs,
    }
    looks: list[ColumnElement[bool]] = [
        (_case.c.subject_type == kind.value) & _case.c.subject_id.in_(list(refs))
        for kind, refs in about.items()
        if refs
    ]
    if order_refs:
        looks.append(_case.c.order_ref.in_(list(order_refs)))
    found: dict[int, CaseRow] = {}
    for look in looks:
        rows = db.execute(select(_case).where(look).order_by(_case.c.id.desc()).limit(limit))
        found.update({row.id: cases.case_of(row) for row in rows})
    return sorted(found.values(), key=lambda case: (not case.is_open, -case.id))[:limit]
