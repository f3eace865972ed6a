"""Proving the ledger: sums, letters, confirmations; nobody paid twice without a word; each proposal that went out has exactly
one instruction.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select, text

from domain.proposal import ProposalEvent, ProposalStatus
from store import ledger, money_tables, proposals, reships, tables
from store.base import Db
from store.comparing import Difference, compare, histories
from store.facts import FactRow
from store.ledger import PLATFORM, Instruction
from store.tables import table

_instruction, _outbox = table(tables.Instruction), table(tables.Outbox)
_proposal, _reship = table(money_tables.ProposalRow), table(money_tables.ReshipRow)
_original = table(money_tables.ReshipOriginal)
WRITTEN = frozenset({"instructed", "paid_outside"})


def instructions(db: Db) -> list[Instruction]:
    """All of them, in the order in which they were written."""
    rows = db.execute(select(_instruction).order_by(text("rowid")))
    return [Instruction(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name begins with _


def _ledger(db: Db) -> Iterator[Difference]:
    """What was instructed, by the log and by the ledger; its sums; a letter for each that leaves the house."""
    found, facts = instructions(db), [f for of in histories(db, "order").values() for f in of]
    written = {one.id: one.amount_cents for one in found}
    logged = {f.data["id"]: f.data["amount_cents"] for f in facts if f.event in WRITTEN}
    if written != logged:
        only_written, only_logged = written.items() - logged.items(), logged.items() - written.items()
        yield Difference("ledger", "instructions", sorted(only_written), sorted(only_logged))
    yield from _sums(found, facts)
    letters = {r[0] for r in db.execute(select(_outbox.c.id).where(_outbox.c.kind == "instruction"))}
    missing = sorted({one.letter_id for one in found if one.origin != PLATFORM} - letters)
    yield from (Difference("outbox", letter, "missing", "one letter for each instruction") for letter in missing)


def _sums(found: list[Instruction], facts: list[FactRow]) -> Iterator[Difference]:
    """By currency, what the ledger holds and what was logged as instructed."""
    stored, logged = Counter[str](), Counter[str]()
    for one in found:
        stored[one.currency] += one.amount_cents
    for fact in facts:
        if fact.event in WRITTEN:
            logged[fact.data["currency"]] += fact.data["amount_cents"]
    for currency in sorted(stored.keys() | logged.keys()):
        if stored[currency] != logged[currency]:
            yield Difference("ledger", f"sum in {currency}", stored[currency], logged[currency])


def _confirmed(db: Db) -> Iterator[Difference]:
    """What is confirmed, by the log and by the ledger."""
    logged: dict[str, Any] = {}
    for facts in histories(db, "order").values():
        for fact in facts:
            if fact.event == "money_confirmed":
                logged.setdefault(fact.data["id"], fact.at)
    for one in instructions(db):
        if one.confirmed_at != logged.get(one.id):
            yield Difference(f"instruction {one.id}", "confirmed_at", one.confirmed_at, logged.get(one.id))


def _twice(db: Db) -> Iterator[Difference]:
    """Nobody is paid twice for a thing, nor gets a refund and a reship, unless somebody agreed."""
    orders: dict[str, list[Instruction]] = defaultdict(list)
    for one in instructions(db):
        orders[one.order_ref].append(one)
    for ref, found in sorted(orders.items()):
        for one in ledger.paid_twice(found):
            yield Difference(f"order {ref}", f"payments for {one.item}", f"{one.id} without approval", "one payment")


def _proposals(db: Db) -> Iterator[Difference]:
    """Proposals are what their facts amount to; each that went out has one instruction, the others none."""
    kept, written = histories(db, proposals.SUBJECT), defaultdict[str, list[Instruction]](list)
    for one in instructions(db):
        if one.proposal:
            written[one.proposal].append(one)
    for row in db.execute(select(_proposal).order_by(_proposal.c.id)):
        history = kept.pop(row.id, [])
        rebuilt = proposals.projected(history)
        if not rebuilt:
            yield Difference(
                f"proposal {row.id}", "history", "a proposal", "no `proposed` at the beginning of its facts"
            )
        yield from compare(f"proposal {row.id}", row, rebuilt)
        yield from _went_out(row, history, written.pop(row.id, []))
    yield from (Difference(f"proposal {one}", "row", "missing", "facts of a proposal") for one in kept)
    yield from (Difference(f"proposal {one}", "row", "missing", "an instruction from it") for one in written)


def _went_out(row: Any, history: list[FactRow], found: list[Instruction]) -> Iterator[Difference]:
    wanted = 1 if row.status == ProposalStatus.INSTRUCTED.value else 0
    if len(found) != wanted:
        yield Difference(f"proposal {row.id}", "instructions", [one.id for one in found], f"{wanted}")
    for one in found:
        values = (one.order_ref, one.item, one.kind, one.amount_cents, one.currency)
        meant = (row.order_ref, row.item, row.kind, row.amount_cents, row.currency)
        if values != meant:
            yield Difference(f"proposal {row.id}", "instruction", values, meant)
    agreed = [fact for fact in history if fact.event == ProposalEvent.APPROVED.value]
    if wanted and row.needs and (not agreed or agreed[-1].by in {None, row.proposed_by}):
        yield Difference(f"proposal {row.id}", "approval", agreed[-1].by if agreed else None, "somebody else's")


def _reships(db: Db) -> Iterator[Difference]:
    """Parcels that are sent again, and the first ones, are what their facts amount to."""
    kept = histories(db, reships.SUBJECT)
    rows = {row.instruction_id: row for row in db.execute(select(_reship))}
    originals = {(row.instruction_id, row.shipment_id): row for row in db.execute(select(_original))}
    for instruction_id in sorted(rows.keys() | kept.keys()):
        row, history = rows.get(instruction_id), kept.get(instruction_id, [])
        if row is None or not history:
            yield Difference(f"reship {instruction_id}", "row", row and "a row", f"{len(history)} facts")
            continue
        rebuilt, first = reships.projected(history)
        yield from compare(f"reship {instruction_id}", row, rebuilt)
        stored = {key[1]: {n: getattr(o, n) for n in ("known_at", "turned_up_at")}
                  for key, o in originals.items() if key[0] == instruction_id}  # fmt: skip
        if stored != first:
            yield Difference(f"reship {instruction_id}", "first parcels", stored, first)


LOOKS = (_ledger, _confirmed, _twice, _proposals, _reships)
