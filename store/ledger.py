"""The one door through which money leaves: every instruction is written here, once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.sqlite import insert

from store import facts, mail, tables
from store.base import Db
from store.facts import FactRow
from store.mail import Letter
from store.tables import table

_instruction = table(tables.Instruction)


@dataclass(frozen=True, slots=True)
class Instruction:
    """An order to the merchant's system to move money or goods. ``item`` is what it is for ('*': the whole order)."""

    id: str
    order_ref: str
    item: str
    kind: str
    amount_cents: int
    currency: str
    written_at: datetime
    return_ref: str | None = None
    case_id: int | None = None
    approval: str = ""
    why: str = ""
    confirmed_at: datetime | None = None


def write(db: Db, instruction: Instruction, *, by: str | None = None, channel: str = "") -> bool:
    """Write an instruction with its letter to the merchant's system.

    False where this order and item were paid already: the constraint refuses a second payment without an approval.
    """
    values = {name: getattr(instruction, name) for name in Instruction.__dataclass_fields__}
    if db.execute(insert(_instruction).values(**values).on_conflict_do_nothing()).rowcount == 0:
        return False
    payload = to_payload(instruction)
    letter = Letter(
        f"instruction-{instruction.id}",
        "merchant",
        "instruction",
        instruction.kind,
        "order",
        instruction.order_ref,
        payload,
    )
    mail.post(db, [letter], now=instruction.written_at)
    at = instruction.written_at
    facts.append(db, [FactRow("order", instruction.order_ref, "instructed", at, by, channel, data=payload)])
    return True


def to_payload(instruction: Instruction) -> dict[str, Any]:
    return {
        "id": instruction.id,
        "order": instruction.order_ref,
        "item": instruction.item,
        "kind": instruction.kind,
        "amount_cents": instruction.amount_cents,
        "currency": instruction.currency,
        "return": instruction.return_ref,
        "case": instruction.case_id,
        "approval": instruction.approval,
        "why": instruction.why,
    }


def confirm(db: Db, instruction_id: str, *, now: datetime, by: str | None, channel: str) -> Instruction | None:
    """Money is known to have been sent; None where there is no such instruction. Saying it again changes nothing."""
    found = get(db, instruction_id)
    if found is None or found.confirmed_at is not None:
        return found
    db.execute(_instruction.update().where(_instruction.c.id == instruction_id).values(confirmed_at=now))
    fact = FactRow("order", found.order_ref, "money_confirmed", now, by, channel, data={"id": instruction_id})
    facts.append(db, [fact])
    return get(db, instruction_id)


def get(db: Db, instruction_id: str) -> Instruction | None:
    row = db.execute(select(_instruction).where(_instruction.c.id == instruction_id)).one_or_none()
    return Instruction(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's public name begins with _


def of_return(db: Db, return_ref: str) -> list[Instruction]:
    rows = db.execute(
        select(_instruction)
        .where(_instruction.c.return_ref == return_ref)
        .order_by(_instruction.c.written_at, _instruction.c.id)
    )
    return [Instruction(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name begins with _


def instructions(db: Db, *, limit: int = 1_000) -> list[Instruction]:
    rows = db.execute(select(_instruction).order_by(_instruction.c.written_at.desc(), _instruction.c.id).limit(limit))
    return [Instruction(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name begins with _


def total_cents(db: Db) -> int:
    return int(db.execute(select(func.coalesce(func.sum(_instruction.c.amount_cents), 0))).scalar_one())
