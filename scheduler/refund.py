"""What a collected return is worth to the customer: the instruction to pay or to send again, written exactly once.

One instruction a line (sku) of the return. Its item key is `<sku>#<first piece>`: pieces of a sku are numbered through
all the returns of the order, so three of a kind may come back one by one, and two writers who both believe that the same
piece is still unpaid meet in the ledger's constraint (order, item), which refuses the second. The first line's id is
`refund-<return>`, further ones' `refund-<return>-2` … in the order of the skus. Freight that the customer pays is taken
off the lines in that order, no line below 0.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.payments import Paid, first_free
from domain.pickup import Payer, ReturnEvent, ReturnStatus, Want
from domain.returns import Return, ReturnItem
from domain.shipment import Order
from domain.words import Words
from scheduler.plan_types import Refused
from scheduler.policy import refund_cents
from store import facts, intake, ledger, reships, returns
from store.base import Db
from store.facts import FactRow
from store.ledger import Instruction
from store.reships import Reship
from store.returns import ReturnFact

TO_BE_INSTRUCTED = frozenset({ReturnStatus.COLLECTED, ReturnStatus.PARTLY_COLLECTED})
PAID = frozenset({ReturnStatus.INSTRUCTED, ReturnStatus.SETTLED})
KIND = {Want.REFUND: "refund", Want.EXCHANGE: "reship"}


@dataclass(frozen=True, slots=True)
class Instructed:
    """The instructions of a return; ``written`` False: they were there already."""

    instructions: tuple[Instruction, ...]
    written: bool = True


def instruct(
    db: Db, return_ref: str, *, now: datetime, by: str | None = None, channel: str = ""
) -> Instructed | Refused:
    """Write the instructions of a collected return, in the caller's transaction: with the proof that they rest on.

    Refused where nothing was collected, or where the goods were made good before (a reship or a refund of the whole
    order): the return then stays collected, and its history says why nothing was paid.
    """
    value = returns.find(db, return_ref)
    if value is None or value.status not in TO_BE_INSTRUCTED | PAID:
        return Refused(Words("refund_not_collected", {"return": return_ref}))
    if value.status in PAID:
        return Instructed(tuple(ledger.of_return(db, return_ref)), written=False)
    if whole := returns.whole_order_paid(db, value.order_ref):
        return _withheld(db, value, whole, now, by, channel)
    order = intake.find_order(db, value.order_ref)
    assert order is not None  # a return refers to its order by a foreign key
    meant = _meant(db, value, order, now)
    written = _write(db, meant, by=by, channel=channel)
    left_out = [i.item for i in meant if i not in written]
    if left_out:
        refused = _withheld(db, value, ", ".join(left_out), now, by, channel)
        if not written:
            return refused
    data = {"ids": [i.id for i in written], "amount_cents": sum(i.amount_cents for i in written)}
    returns.record(db, return_ref, ReturnFact(ReturnEvent.INSTRUCTED, now, by, channel, data))
    return Instructed(tuple(written))


def _write(db: Db, meant: Sequence[Instruction], *, by: str | None, channel: str) -> list[Instruction]:
    """Write what the ledger takes; an exchange's goods are waited for, so that their parcel is known when it comes."""
    written = [i for i in meant if ledger.write(db, i, by=by, channel=channel)]
    again = [i for i in written if i.kind == KIND[Want.EXCHANGE]]
    if again:  # all lines of a return are sent in one parcel
        first = Reship(again[0].id, None, again[0].order_ref, again[0].written_at)
        reships.expect(db, first, {}, by=by, channel=channel)
    return written


def _meant(db: Db, value: Return, order: Order, now: datetime) -> tuple[Instruction, ...]:
    paid = ledger.paid_of(db, order.ref)
    return plan_instructions(value, order, returns.of_order(db, order.ref), now=now, paid=paid)


def approve_anyway(
    db: Db, return_ref: str, *, now: datetime, by: str, channel: str, why: str = ""
) -> Instructed | Refused:
    """Pay what was withheld of a return, on the word of ``by``, whose right the caller has checked; said again, nothing more is
    paid. Refused where nothing of it is withheld.
    """
    value = returns.find(db, return_ref)
    if value is None or not withheld(db, return_ref):
        return Refused(Words("refund_not_withheld", {"return": return_ref}))
    order = intake.find_order(db, value.order_ref)
    assert order is not None  # a return refers to its order by a foreign key
    known = {i.id for i in ledger.of_return(db, return_ref)}
    meant = [replace(i, approval=by) for i in _meant(db, value, order, now) if i.id not in known]
    written = _write(db, meant, by=by, channel=channel)
    data = {"ids": [i.id for i in written], "amount_cents": sum(i.amount_cents for i in written)}
    facts.append(db, [FactRow("return", return_ref, "refund_approved", now, by, channel, why, data)])
    if value.status in TO_BE_INSTRUCTED:
        returns.record(db, return_ref, ReturnFact(ReturnEvent.INSTRUCTED, now, by, channel, data))
    return Instructed(tuple(written))


def withheld(db: Db, return_ref: str) -> Words | None:
    """Why something of a return wasn't paid; None where nothing is held back, or somebody has approved it since."""
    history = [f for f in facts.history(db, "return", return_ref) if f.event in {"refund_withheld", "refund_approved"}]
    held = bool(history) and history[-1].event == "refund_withheld"
    return Words(history[-1].data["code"], history[-1].data["params"]) if held else None


def _withheld(db: Db, value: Return, paid: str, now: datetime, by: str | None, channel: str) -> Refused:
    """Say once in the return's history that its goods were paid for already."""
    words = Words(
        "refund_paid_before", {"return": value.ref, "order": value.order_ref, "paid": paid, "way": "ask_desk"}
    )
    return withhold(db, value.ref, words, now=now, by=by, channel=channel)


def withhold(db: Db, return_ref: str, why: Words, *, now: datetime, by: str | None, channel: str) -> Refused:
    """Keep money back until somebody who may approves it (`approve_anyway`); said once in the return's history."""
    value = returns.find(db, return_ref)
    said = any(f.event == "refund_withheld" for f in facts.history(db, "return", return_ref))
    if value is not None and value.status not in PAID and not said:
        facts.append(db, [FactRow("return", return_ref, "refund_withheld", now, by, channel, data=why.to_json())])
    return Refused(why)


def plan_instructions(
    value: Return, order: Order, all_returns: Sequence[Return], *, now: datetime, paid: Sequence[Paid] = ()
) -> tuple[Instruction, ...]:
    """The instructions that a return's collected goods amount to. ``all_returns``: every return of the order; ``paid``: what
    the ledger has of it.
    """
    paid_before = Counter[str]()
    for other in all_returns:
        for item in other.collected if other.status in PAID and other.ref != value.ref else ():
            paid_before[item.sku] += item.qty
    lines = sorted(value.collected, key=lambda item: item.sku)
    bought = {item.sku: item.qty for item in order.items}
    earlier = [Paid(f"{sku}#1", "refund", qty=qty) for sku, qty in paid_before.items()]
    goods = [*earlier, *(one for one in paid if one.is_goods)]
    amounts = line_amounts(value, order, lines)
    return tuple(
        Instruction(
            id=f"refund-{value.ref}" if n == 1 else f"refund-{value.ref}-{n}",
            order_ref=order.ref,
            item=f"{line.sku}#{first_free(line.sku, line.qty, bought[line.sku], goods)}",
            qty=line.qty,
            kind=KIND[value.want],
            amount_cents=amount,
            currency=value.currency,
            written_at=now,
            return_ref=value.ref,
            why=f"{value.reason.value}: {line.qty} x {line.sku} collected",
        )
        for n, (line, amount) in enumerate(zip(lines, amounts, strict=True), start=1)
    )


def line_amounts(value: Return, order: Order, lines: Sequence[ReturnItem]) -> list[int]:
    """What each line brings, in cents: nothing for an exchange, else price by quantity less the customer's freight."""
    if value.want is Want.EXCHANGE:
        return [0 for _ in lines]
    prices = {item.sku: item.price_cents for item in order.items}
    freight, amounts = (value.freight_cents if value.payer == Payer.CUSTOMER.value else 0), []
    for line in lines:
        worth = prices[line.sku] * line.qty
        amounts.append(max(0, worth - freight))
        freight = max(0, freight - worth)
    return amounts


def refund_of(value: Return, order: Order, items: Sequence[ReturnItem]) -> int:
    """What the collected items bring altogether, in cents."""
    if value.want is Want.EXCHANGE:
        return 0
    prices = {item.sku: item.price_cents for item in order.items}
    worth = sum(prices[item.sku] * item.qty for item in items)
    payer = Payer.CUSTOMER if value.payer == Payer.CUSTOMER.value else Payer.MERCHANT
    return refund_cents(worth, payer, value.freight_cents)


def settle(db: Db, instruction_id: str, *, now: datetime, by: str | None, channel: str) -> Instruction | None:
    """The merchant's system confirms that money or goods are on their way; with the last one the return is settled.

    None where there is no such instruction. Saying it again changes nothing.
    """
    confirmed = ledger.confirm(db, instruction_id, now=now, by=by, channel=channel)
    if confirmed is None or confirmed.return_ref is None:
        return confirmed
    if all(i.confirmed_at for i in ledger.of_return(db, confirmed.return_ref)):
        data = {"id": instruction_id}
        returns.record(db, confirmed.return_ref, ReturnFact(ReturnEvent.SETTLED, now, by, channel, data))
    return confirmed
