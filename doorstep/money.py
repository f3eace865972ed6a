"""Money that others tell of: refunds made on the platform settle ours, systems confirm, new numbers of goods sent again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.errors import RuleError
from domain.payments import WHOLE, MakeGood, first_free, pieces_of
from domain.shipment import Order
from doorstep.intake_money import PlatformRefund
from monitor import reshipped
from scheduler import refund
from store import intake, ledger, mail, reships, tracking
from store.base import Db
from store.ledger import PLATFORM, Instruction, Recorded
from store.reships import Reship

SETTLED, HELD = "ui.money.settled", "ui.money.held"
"""Why a letter isn't sent: codes, said in the reader's language."""


def confirm(db: Db, instruction_id: str, *, now: datetime, by: str | None, channel: str) -> Instruction | None:
    """It is known to be done; a letter that still waits has nothing more to say. None where there is no such instruction."""
    found = refund.settle(db, instruction_id, now=now, by=by, channel=channel)
    if found is not None:
        mail.needless(db, found.letter_id, now=now, why=SETTLED)
    return found


# --- refunds made on the platform ----------------------------------------------------------------------------------


def settle(db: Db, said: PlatformRefund, *, now: datetime, by: str | None, channel: str) -> tuple[str, bool]:
    """Take a refund that the platform made: ours that wait for it are confirmed; else it is written down, so that nobody pays
    it again. Returns the instruction's id (the first one's), and whether it is news. Raises RuleError.
    """
    order = intake.find_order(db, said.order)
    if order is None:
        raise RuleError(f"order: {said.order} is unknown; send the order first")
    known = mail.received_before(db, PLATFORM, order.shop or "main", said.ref)
    if known is not None:
        return known, False
    waits = [one for one in ledger.of_order(db, order.ref) if _waits(one, said.currency or order.currency)]
    settled = matching(said, waits)
    for one in settled:
        confirm(db, one.id, now=now, by=by, channel=channel)
    found = settled[0].id if settled else _recorded(db, said, order, waits, now=now, by=by, channel=channel)
    mail.receive(db, PLATFORM, order.shop or "main", said.ref, at=now, answer=found)
    return found, True


def _waits(one: Instruction, currency: str) -> bool:
    pays = one.kind != MakeGood.RESHIP and one.amount_cents > 0
    return pays and one.confirmed_at is None and one.origin != PLATFORM and one.currency == currency


def matching(said: PlatformRefund, waits: Sequence[Instruction]) -> list[Instruction]:
    """Which of ours a refund is: the one that it names, else the same line and amount, else the same amount, else all of them
    together; none where the sums don't say so.
    """
    same = [one for one in waits if one.amount_cents == said.amount_cents]
    named = [one for one in same if said.instruction and one.id == said.instruction]
    of_line = [one for one in same if said.sku and pieces_of(one.item)[0] == said.sku]
    refunds = [one for one in same if one.kind == MakeGood.REFUND]
    for found in (named, of_line, refunds, same):
        if found:
            return found[:1]
    whole = [one for one in waits if one.kind == MakeGood.REFUND]
    together = len(whole) > 1 and sum(one.amount_cents for one in whole) == said.amount_cents
    return whole if together else []


def _recorded(
    db: Db,
    said: PlatformRefund,
    order: Order,
    waits: Sequence[Instruction],
    *,
    now: datetime,
    by: str | None,
    channel: str,
) -> str:
    """Write down a payment that none of ours stands for; what of ours hasn't gone out waits until somebody looked."""
    recorded = ledger.record_outside(db, _outside(db, said, order, now=now), by=by, channel=channel)
    _hold(db, recorded, waits, now=now)
    return recorded.instruction.id


def _outside(db: Db, said: PlatformRefund, order: Order, *, now: datetime) -> Instruction:
    line = next((item for item in order.items if item.sku == said.sku), None)
    item, qty = WHOLE, sum(one.qty for one in order.items)
    if line is not None:
        qty = min(said.qty, line.qty)
        goods = [one for one in ledger.paid_of(db, order.ref) if one.is_goods]
        item = f"{line.sku}#{first_free(line.sku, qty, line.qty, goods)}"
    return Instruction(
        id=f"{PLATFORM}-{order.shop}-{said.ref}" if order.shop else f"{PLATFORM}-{said.ref}", order_ref=order.ref,
        item=item, kind=MakeGood.REFUND.value, amount_cents=said.amount_cents, currency=said.currency or order.currency,
        written_at=min(said.at, now), why=PLATFORM, confirmed_at=now, qty=qty,
    )  # fmt: skip


def _hold(db: Db, recorded: Recorded, waits: Sequence[Instruction], *, now: datetime) -> None:
    if recorded.new:
        for one in waits:
            if one.kind == MakeGood.REFUND:
                mail.hold(db, one.letter_id, now=now, why=HELD)


# --- goods sent again ----------------------------------------------------------------------------------------------


def sent_again(
    db: Db, order_ref: str | None, asked: str, shipment_id: int, *, now: datetime, by: str | None, channel: str
) -> None:
    """A parcel of an order whose goods were to be sent again: its way is followed on the case that it makes good, and the
    instruction is done. ``asked`` names the instruction; without it the oldest that has no number yet. Raises RuleError.
    """
    found = _named(db, order_ref, asked, now=now, by=by, channel=channel) if asked else None
    if not asked and order_ref:
        found = next(iter(reships.expected_of_order(db, order_ref)), None)
    if found is None or found.shipment_id is not None:
        return
    [view] = tracking.views(db, [shipment_id]).values()
    reshipped.link(db, found, view, now=now, by=by, channel=channel)
    for one in [found.instruction_id] if asked else _with(db, found):
        confirm(db, one, now=now, by=by, channel=channel)


def _with(db: Db, found: Reship) -> list[str]:
    """What goes in the same parcel: all that a return is exchanged for."""
    instruction = ledger.get(db, found.instruction_id)
    ref = instruction.return_ref if instruction else None
    mates = [i.id for i in ledger.of_return(db, ref) if i.kind == MakeGood.RESHIP] if ref else []
    return mates or [found.instruction_id]


def _named(db: Db, order_ref: str | None, asked: str, *, now: datetime, by: str | None, channel: str) -> Reship:
    instruction = ledger.get(db, asked)
    if instruction is None or instruction.kind != MakeGood.RESHIP:
        raise RuleError(f"instruction: {asked} is no instruction to send goods again")
    if order_ref != instruction.order_ref:
        raise RuleError(
            f"instruction: {asked} is of order {instruction.order_ref}, the shipment of {order_ref or 'none'}"
        )
    known = reships.find(db, asked)
    if known is None:  # an exchange of a return: no case waits for it
        known = Reship(asked, instruction.case_id, instruction.order_ref, now)
        reships.expect(db, known, {}, by=by, channel=channel)
    return known


def instruction_json(one: Instruction) -> Mapping[str, Any]:
    """An instruction as programs read it (docs/money.md)."""
    return ledger.to_payload(one) | {
        "written_at": one.written_at.isoformat(),
        "confirmed_at": one.confirmed_at.isoformat() if one.confirmed_at else None,
        "origin": one.origin,
    }
