"""The one door through which money leaves: every instruction is written here, once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert  # SQLite took its ON CONFLICT over

from domain.payments import Paid, clash
from store import facts, mail, tables
from store.base import Db
from store.facts import FactRow
from store.mail import Letter
from store.tables import table

_instruction = table(tables.Instruction)
PLATFORM = "platform"
"""The origin of what was paid elsewhere, and its approval where the guard would have refused it: it happened all the same."""
CHANNEL = "merchant"


@dataclass(frozen=True, slots=True)
class Instruction:
    """An order to the merchant's system to move money or goods. ``item`` is what it is for ('*': the whole order), ``qty`` how
    many pieces from the item's first on. ``approval``: who agreed to a second payment. ``origin``: the platform's are recorded,
    never sent.
    """

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
    qty: int = 1
    proposal: str = ""
    origin: str = "house"
    carrier: str = ""

    @property
    def letter_id(self) -> str:
        return f"instruction-{self.id}"

    @property
    def paid(self) -> Paid:
        return Paid(self.item, self.kind, self.amount_cents, self.qty, goods_came_back=self.return_ref is not None)


def write(db: Db, instruction: Instruction, *, by: str | None = None, channel: str = "") -> bool:
    """Write an instruction with its letter to the merchant's system.

    False where this order and item were paid already, or the order got the other one of refund and reship: the database
    refuses a second payment without an approval.
    """
    if not _insert(db, instruction):
        return False
    payload = to_payload(instruction)
    letter = Letter(
        instruction.letter_id,
        CHANNEL,
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


def _insert(db: Db, instruction: Instruction) -> bool:
    values = {name: getattr(instruction, name) for name in Instruction.__dataclass_fields__}
    return db.execute(insert(_instruction).values(**values).on_conflict_do_nothing()).rowcount == 1


@dataclass(frozen=True, slots=True)
class Recorded:
    """A payment that was made elsewhere. ``new`` False: it is known; ``twice``: the order had been paid already."""

    instruction: Instruction
    new: bool = True
    twice: bool = False


def record_outside(db: Db, instruction: Instruction, *, by: str | None, channel: str) -> Recorded:
    """Write down what was paid elsewhere, so that it isn't paid once more. Nothing is sent."""
    known = get(db, instruction.id)
    if known is not None:
        return Recorded(known, new=False)
    twice = clash(instruction.paid, paid_of(db, instruction.order_ref)) is not None
    made = replace(instruction, origin=PLATFORM, approval=PLATFORM if twice else "")
    written = _insert(db, made)
    assert written, "what happened can be written: its id is new, and a clash carries its approval"
    at, payload = made.written_at, to_payload(made)
    facts.append(db, [FactRow("order", made.order_ref, "paid_outside", at, by, channel, data=payload)])
    if made.confirmed_at is not None:
        _note_confirmed(db, made, made.confirmed_at, by, channel)
    return Recorded(made, twice=twice)


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
        "qty": instruction.qty,
        "proposal": instruction.proposal,
        "carrier": instruction.carrier,
    }


def confirm(db: Db, instruction_id: str, *, now: datetime, by: str | None, channel: str) -> Instruction | None:
    """Money is known to have been sent; None where there is no such instruction. Saying it again changes nothing."""
    found = get(db, instruction_id)
    if found is None or found.confirmed_at is not None:
        return found
    db.execute(_instruction.update().where(_instruction.c.id == instruction_id).values(confirmed_at=now))
    _note_confirmed(db, found, now, by, channel)
    return get(db, instruction_id)


def _note_confirmed(db: Db, one: Instruction, at: datetime, by: str | None, channel: str) -> None:
    facts.append(db, [FactRow("order", one.order_ref, "money_confirmed", at, by, channel, data={"id": one.id})])


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


def of_order(db: Db, order_ref: str) -> list[Instruction]:
    """What an order got, in the order in which it was written."""
    rows = db.execute(
        select(_instruction)
        .where(_instruction.c.order_ref == order_ref)
        .order_by(_instruction.c.written_at, text("rowid"))
    )
    return [Instruction(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name begins with _


def paid_of(db: Db, order_ref: str, costs: Mapping[str, int] | None = None) -> tuple[Paid, ...]:
    """The same as payments; ``costs``: by proposal, what a make-good costs beside what the customer gets."""
    known = costs or {}
    return tuple(replace(one.paid, cost_cents=known.get(one.proposal, 0)) for one in of_order(db, order_ref))


def paid_twice(found: Iterable[Instruction]) -> list[Instruction]:
    """Of one order's instructions, in their order: those that nobody agreed to and that clash with an earlier one."""
    earlier: list[Instruction] = []
    twice = []
    for one in found:
        if not one.approval and clash(one.paid, [other.paid for other in earlier]):
            twice.append(one)
        earlier.append(one)
    return twice


def instructions(db: Db, *, limit: int = 1_000) -> list[Instruction]:
    rows = db.execute(select(_instruction).order_by(_instruction.c.written_at.desc(), _instruction.c.id).limit(limit))
    return [Instruction(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name begins with _


def total_cents(db: Db) -> int:
    return int(db.execute(select(func.coalesce(func.sum(_instruction.c.amount_cents), 0))).scalar_one())
