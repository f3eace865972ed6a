"""Looks at money for pages and exports: instructions with the letters that carry them, filtered, counted, summed by currency."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, text

from domain.proposal import Proposal
from store import money_tables, proposals, tables
from store.base import Db
from store.ledger import PLATFORM, Instruction
from store.mail import Letter
from store.overviews import MoneyLine
from store.tables import table

_instruction, _outbox = table(tables.Instruction), table(tables.Outbox)
_proposal, _order = table(money_tables.ProposalRow), table(tables.Order)
_UNSENT = _outbox.c.sent_at.is_(None)
FILTERS: Mapping[str, tuple[ColumnElement[bool], ...]] = {
    "": (),
    "unsent": (_UNSENT, _outbox.c.dead_at.is_(None), _outbox.c.id.is_not(None)),
    "dead": (_UNSENT, _outbox.c.dead_at.is_not(None)),
    "unconfirmed": (_instruction.c.confirmed_at.is_(None),),
    "twice": (_instruction.c.approval == PLATFORM,),
}
"""What the money page can be narrowed to."""


def _joined(*columns: Any) -> Select[Any]:
    letter = _outbox.c.id == "instruction-" + _instruction.c.id
    return select(*columns).select_from(_instruction.outerjoin(_outbox, letter))


_NAMED = [_outbox.c[name].label(f"letter_{name}") for name in Letter.__dataclass_fields__]


def _line(row: Any) -> MoneyLine:
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's public name begins with _
    instruction = Instruction(**{name: values[name] for name in Instruction.__dataclass_fields__})
    letter = {name: values[f"letter_{name}"] for name in Letter.__dataclass_fields__}
    return MoneyLine(instruction, Letter(**letter) if letter["id"] else None)


def lines(db: Db, *, show: str = "", limit: int = 300) -> list[MoneyLine]:
    """The newest first."""
    query = _joined(_instruction, *_NAMED).where(*FILTERS[show])
    rows = db.execute(query.order_by(_instruction.c.written_at.desc(), _instruction.c.id).limit(limit))
    return [_line(row) for row in rows]


def line(db: Db, instruction_id: str) -> MoneyLine | None:
    row = db.execute(_joined(_instruction, *_NAMED).where(_instruction.c.id == instruction_id)).one_or_none()
    return _line(row) if row else None


def lines_of_order(db: Db, order_ref: str) -> list[MoneyLine]:
    """What an order got, oldest first."""
    query = _joined(_instruction, *_NAMED).where(_instruction.c.order_ref == order_ref)
    return [_line(row) for row in db.execute(query.order_by(_instruction.c.written_at, text("instruction.rowid")))]


@dataclass(frozen=True, slots=True)
class Total:
    """What was instructed in a currency, and what of it isn't confirmed."""

    currency: str
    count: int
    amount_cents: int
    open_cents: int


def totals(db: Db, *, show: str = "") -> list[Total]:
    """By currency, of what a filter shows: all of it, however long the list is."""
    unconfirmed = func.coalesce(func.sum(_instruction.c.amount_cents).filter(_instruction.c.confirmed_at.is_(None)), 0)
    query = _joined(
        _instruction.c.currency, func.count().label("n"), func.sum(_instruction.c.amount_cents).label("sum"),
        unconfirmed.label("open"),
    ).where(*FILTERS[show])  # fmt: skip
    rows = db.execute(query.group_by(_instruction.c.currency).order_by(_instruction.c.currency))
    return [Total(row.currency, row.n, row.sum, row.open) for row in rows]


def counts(db: Db) -> dict[str, int]:
    """How many instructions each filter shows; ``waiting``: proposals that wait for somebody's word."""
    found = {
        name: int(db.execute(_joined(func.count()).where(*conditions)).scalar_one())
        for name, conditions in FILTERS.items()
    }
    return found | {"waiting": proposals.waiting_count(db)}


@dataclass(frozen=True, slots=True)
class Exported:
    """A line with what accounts want to know besides: the shop, and the proposal that it comes from."""

    line: MoneyLine
    shop: str
    proposal: Proposal | None


def exported(db: Db) -> Iterator[Exported]:
    """Everything, oldest first."""
    shops = {row.ref: row.shop for row in db.execute(select(_order.c.ref, _order.c.shop))}
    known = {row.id: proposals.proposal_of(row) for row in db.execute(select(_proposal))}
    query = _joined(_instruction, *_NAMED).order_by(_instruction.c.written_at, text("instruction.rowid"))
    for row in db.execute(query):
        found = _line(row)
        one = found.instruction
        yield Exported(found, shops.get(one.order_ref, ""), known.get(one.proposal))
