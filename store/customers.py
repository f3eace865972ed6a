"""Customers across orders: recognised by keyed hashes of phone and mail address, so that this table holds no personal text."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from domain.contact import keys_of
from domain.repeat_claims import Counts
from domain.returns import Return
from domain.shipment import Customer, Order, ShipmentView
from store import cases, facts, intake, returns, tables, tracking
from store.base import Db
from store.cases import CaseRow
from store.customers_tables import CustomerKey, CustomerOrder, CustomerRecord
from store.facts import FactRow
from store.tables import new_id, table

_record, _key, _placed = table(CustomerRecord), table(CustomerKey), table(CustomerOrder)
_order, _case, _instruction = table(tables.Order), table(tables.Case), table(tables.Instruction)
_shipment, _fact = table(tables.Shipment), table(tables.Fact)
SHOWN = 200
"""Orders of one customer that their page shows."""


def place(db: Db, order_ref: str, customer: Customer, *, secret: str) -> int:
    """The record that an order belongs to, by its phone and mail address; records that meet in it become one."""
    known = record_of(db, order_ref)
    if known is not None:
        return known
    digests = [_digest(secret, key) for key in keys_of(customer.phone, customer.email)]
    met = sorted(
        {row[0] for row in db.execute(select(_key.c.record_id).where(_key.c.digest.in_(digests)))} if digests else ()
    )
    record = met[0] if met else new_id(db.execute(_record.insert().values(lang="")))
    for other in met[1:]:
        _merge(db, other, into=record)
    there = {row[0] for row in db.execute(select(_key.c.digest).where(_key.c.digest.in_(digests)))}
    for digest in digests:
        if digest not in there:
            db.execute(_key.insert().values(digest=digest, record_id=record))
    db.execute(_placed.insert().values(order_ref=order_ref, record_id=record))
    return record


def _digest(secret: str, key: str) -> str:
    return hmac.new(secret.encode(), key.encode(), hashlib.sha256).hexdigest()


def _merge(db: Db, record: int, *, into: int) -> None:
    for moved in (_key, _placed):
        db.execute(moved.update().where(moved.c.record_id == record).values(record_id=into))
    lang = db.execute(select(_record.c.lang).where(_record.c.id == record)).scalar_one()
    if lang:
        db.execute(_record.update().where(_record.c.id == into, _record.c.lang == "").values(lang=lang))
    db.execute(_record.delete().where(_record.c.id == record))


def record_of(db: Db, order_ref: str) -> int | None:
    return db.execute(select(_placed.c.record_id).where(_placed.c.order_ref == order_ref)).scalar_one_or_none()


def orders_of(db: Db, record_id: int, *, limit: int = SHOWN) -> list[str]:
    """A customer's orders, the newest first."""
    rows = db.execute(
        select(_placed.c.order_ref)
        .join(_order, _order.c.ref == _placed.c.order_ref)
        .where(_placed.c.record_id == record_id)
        .order_by(_order.c.created_at.desc(), _order.c.ref)
        .limit(limit)
    )
    return [row[0] for row in rows]


def lang_of(db: Db, order_ref: str) -> str:
    """The language that an order's customer chose; empty where they didn't."""
    found: str | None = db.execute(
        select(_record.c.lang)
        .join(_placed, _placed.c.record_id == _record.c.id)
        .where(_placed.c.order_ref == order_ref)
    ).scalar_one_or_none()
    return found or ""


def set_lang(db: Db, record_id: int, lang: str) -> None:
    db.execute(_record.update().where(_record.c.id == record_id).values(lang=lang))


def forget(db: Db, record_id: int) -> None:
    """Nobody is recognised as this customer any more; their orders stay together under a number."""
    db.execute(_key.delete().where(_key.c.record_id == record_id))
    set_lang(db, record_id, "")


# --- the record as a page --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A customer's orders with all that came of them. ``counts`` are theirs within the window, ``shop`` everybody's."""

    id: int
    lang: str
    orders: list[Order]
    views: list[ShipmentView]
    returns: list[Return]
    cases: list[CaseRow]
    contacts: list[FactRow]
    counts: Counts
    shop: Counts


CONTACTS = ("customer_told", "customer_said")


def page(db: Db, record_id: int, *, since: datetime) -> RecordPage | None:
    lang = db.execute(select(_record.c.lang).where(_record.c.id == record_id)).scalar_one_or_none()
    if lang is None:
        return None
    refs = orders_of(db, record_id)
    found = [order for ref in refs if (order := intake.find_order(db, ref)) is not None]
    ids = [row[0] for row in db.execute(select(_shipment.c.id).where(_shipment.c.order_ref.in_(refs)))]
    theirs = [
        cases.case_of(row)
        for row in db.execute(select(_case).where(_about(refs, ids)).order_by(_case.c.id.desc()).limit(SHOWN))
    ]
    return RecordPage(
        record_id, lang, found, list(tracking.views(db, sorted(ids)).values()),
        [value for ref in refs for value in returns.of_order(db, ref)], theirs, _contacts(db, theirs),
        _counts(db, since, refs), _counts(db, since, None),
    )  # fmt: skip


def _about(refs: list[str], shipment_ids: list[int]) -> Any:
    """Cases of these orders and shipments."""
    on_shipment = _case.c.subject_id.in_([str(one) for one in shipment_ids])
    return _case.c.order_ref.in_(refs) | ((_case.c.subject_type == "shipment") & on_shipment)


def _contacts(db: Db, found: list[CaseRow]) -> list[FactRow]:
    rows = db.execute(
        select(_fact)
        .where(
            _fact.c.subject_type == "case",
            _fact.c.subject_id.in_([str(case.id) for case in found]),
            _fact.c.event.in_(CONTACTS),
        )
        .order_by(_fact.c.id.desc())
        .limit(SHOWN)
    )
    return [facts.to_row(row) for row in rows]


def _counts(db: Db, since: datetime, refs: list[str] | None) -> Counts:
    """Of these orders, or of all: orders, disputes, refunds without a return, since then."""

    def how_many(of: Any, ref: Any, *conditions: Any) -> int:
        mine = () if refs is None else (ref.in_(refs),)
        return int(db.execute(select(func.count()).select_from(of).where(*conditions, *mine)).scalar_one())

    return Counts(
        how_many(_order, _order.c.ref, _order.c.created_at >= since),
        how_many(_case, _case.c.order_ref, _case.c.kind == "disputed", _case.c.opened_at >= since),
        how_many(
            _instruction, _instruction.c.order_ref, _instruction.c.kind == "refund",
            _instruction.c.return_ref.is_(None), _instruction.c.written_at >= since,
        ),
    )  # fmt: skip
