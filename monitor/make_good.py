"""Making good: what a case's order can be given, who proposes it, who agrees, and the moment at which it becomes an instruction.

Rules are pure in domain/make_good; what is written leaves by store/ledger alone. Every step is one transaction: the proposal's
fact, the case's fact, the instruction with its letter. Whether the carrier will pay is never asked here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.case import CaseEvent, CaseFact
from domain.distance import Distance, distance_of
from domain.make_good import Ask, Cause, NotOffered, Offer, Policy, Situation, needs, offers, price
from domain.parcel import Delivered
from domain.payments import MakeGood, Need, Paid
from domain.people import Right, may
from domain.proposal import Proposal, ProposalEvent, ProposalStatus
from domain.shipment import Order, ShipmentView
from domain.words import Words
from monitor import alerts
from store import cases, facts, intake, ledger, mail, people, proposals, reads, reships, tracking
from store.base import Db
from store.cases import CaseRow
from store.facts import FactRow
from store.ledger import Instruction
from store.people import Person
from store.proposals import SUBJECT
from store.reships import Reship
from store.tables import iso_of

DOUBLE = frozenset({Need.SECOND, Need.BOTH, Need.WORTH})
"""Needs that hang on what else the order got: somebody's word for them holds for that only."""
NOT_AT_THE_CUSTOMERS = frozenset({Cause.CARRIER_LOSS, Cause.MISDELIVERY, Cause.NOT_SHIPPED})
ACCOUNT = "make_good"


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing changed, and why."""

    why: Words


def refused(code: str, **params: Any) -> Refused:
    return Refused(Words(f"make_good_no.{code}", params))


# --- the situation -------------------------------------------------------------------------------------------------


def order_of(db: Db, case: CaseRow) -> Order | None:
    """The order that a case is about."""
    ref = reads.abouts(db, [(case.subject, case.order_ref)])[case.subject].order_ref
    return intake.find_order(db, ref) if ref else None


def situation(db: Db, order: Order, cause: Cause, paid: Iterable[Paid]) -> Situation:
    views = tracking.views(db, intake.shipments_of_order(db, order.ref)).values()
    out = [view for view in views if view.shipment.leg == "out"]
    arrived = any(view.state.delivered is Delivered.YES for view in out)
    return Situation(order, cause, _distance(out), tuple(paid), arrived and cause not in NOT_AT_THE_CUSTOMERS)


def _distance(views: list[ShipmentView]) -> Distance:
    found = [distance_of(view.shipment.origin, view.shipment.destination) for view in views]
    return next((one for one in found if one is not Distance.UNKNOWN), Distance.UNKNOWN)


def paid_of(db: Db, order_ref: str) -> tuple[Paid, ...]:
    """What the order got, and what is about to go out."""
    written = ledger.paid_of(db, order_ref, proposals.costs_of(db, order_ref))
    return (*written, *(one.paid for one in proposals.about_to_go(db, order_ref)))


def cause_of(case: CaseRow, policy: Policy) -> Cause:
    return policy.cause_of_case.get(case.kind.value, Cause.CARRIER_DELAY)


@dataclass(frozen=True, slots=True)
class Choice:
    """A way as one person sees it: what it gives, and whether somebody else must agree."""

    offer: Offer | NotOffered
    needs: tuple[Need, ...] = ()


def choices(db: Db, case: CaseRow, policy: Policy, *, cause: Cause | None, role: str) -> list[Choice]:
    """Every way for a case's order; empty where it has none."""
    order = order_of(db, case)
    if order is None:
        return []
    now = situation(db, order, cause or cause_of(case, policy), paid_of(db, order.ref))
    return [Choice(one, needs(one, now, policy, role) if isinstance(one, Offer) else ()) for one in offers(now, policy)]


# --- proposing -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for on a case. ``key`` makes it one wish however often it arrives."""

    case_id: int
    ask: Ask
    by: str
    key: str
    cause: Cause | None = None
    why: str = ""
    channel: str = "console"


def propose(db: Db, wish: Wish, policy: Policy, *, new_id: str, now: datetime) -> Proposal | Refused:
    """Write a proposal; where its person may do it alone it goes out by itself, once it can no longer be taken back."""
    earlier = mail.received_before(db, wish.channel, ACCOUNT, wish.key)
    if earlier is not None:
        known = proposals.find(db, earlier)
        return known or refused("gone")
    person, case = _who(db, wish.by, Right.ACT), cases.get(db, wish.case_id)
    if person is None:
        return refused("role")
    order = order_of(db, case) if case else None
    if case is None or order is None:
        return refused("no_order")
    where = situation(db, order, wish.cause or cause_of(case, policy), paid_of(db, order.ref))
    offer = price(wish.ask, where, policy)
    if isinstance(offer, NotOffered):
        return Refused(offer.why)
    found = needs(offer, where, policy, person.role)
    made = _proposal(wish, offer, where, found, policy, new_id=new_id, now=now)
    mail.receive(db, wish.channel, ACCOUNT, wish.key, at=now, answer=made.id)
    proposals.add(db, made)
    _note(db, made, CaseEvent.MAKE_GOOD_PROPOSED, now, made.proposed_by, made.channel, made.why)
    return _go(db, made, policy, now=now) if _is_due(made, now) else made


def _proposal(
    wish: Wish, offer: Offer, where: Situation, found: tuple[Need, ...], policy: Policy, *, new_id: str, now: datetime
) -> Proposal:
    return Proposal(
        id=new_id, case_id=wish.case_id, order_ref=where.order.ref, way=offer.way, kind=offer.kind, item=offer.item,
        qty=offer.qty, amount_cents=offer.amount_cents, cost_cents=offer.cost_cents, currency=offer.currency,
        cause=where.cause, rule=offer.rule, carrier=offer.carrier, needs=found, why=wish.why, channel=wish.channel,
        proposed_by=wish.by, proposed_at=now, go_at=None if found else now + timedelta(seconds=policy.undo_s),
        status=ProposalStatus.WAITING if found else ProposalStatus.APPROVED,
    )  # fmt: skip


def _who(db: Db, person_id: str, right: Right) -> Person | None:
    person = people.find_person(db, person_id)
    return person if person and person.active and may(person.role, right) else None


def _is_due(value: Proposal, now: datetime) -> bool:
    return value.go_at is not None and value.go_at <= now


# --- agreeing ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decides about a proposal. ``words``: why, where they say it."""

    proposal_id: str
    by: str
    words: str = ""
    channel: str = "console"


def approve(db: Db, decision: Decision, policy: Policy, *, now: datetime) -> Proposal | Refused:
    """Agree to a proposal, as its order stands now; never one's own."""
    found = _decidable(db, decision)
    if isinstance(found, Refused):
        return found
    value, person = found
    if not policy.may_approve(person.role, value.currency, value.cost_cents):
        return refused("above", amount_cents=value.cost_cents, currency=value.currency)
    paid = paid_of(db, value.order_ref)
    agreed = _needs_now(db, value, paid, policy)
    data = {
        "needs": [need.value for need in agreed],
        "seen": len(paid),
        "go_at": iso_of(now + timedelta(seconds=policy.undo_s)),
    }
    return _step(db, value, decision, ProposalEvent.APPROVED, CaseEvent.MAKE_GOOD_APPROVED, policy, data, now=now)


def decline(db: Db, decision: Decision, policy: Policy, *, now: datetime) -> Proposal | Refused:
    found = _decidable(db, decision)
    if isinstance(found, Refused):
        return found
    event = CaseEvent.MAKE_GOOD_DECLINED
    return _step(db, found[0], decision, ProposalEvent.DECLINED, event, policy, {}, now=now)


def withdraw(db: Db, decision: Decision, policy: Policy, *, now: datetime) -> Proposal | Refused:
    """Take a proposal back while it hasn't gone out: whoever made it, or whoever may approve."""
    value, person = proposals.find(db, decision.proposal_id), _who(db, decision.by, Right.ACT)
    if value is None or person is None:
        return refused("gone" if value is None else "role")
    if value.proposed_by != person.id and not may(person.role, Right.APPROVE):
        return refused("not_yours")
    event = CaseEvent.MAKE_GOOD_WITHDRAWN
    return _step(db, value, decision, ProposalEvent.WITHDRAWN, event, policy, {}, now=now)


def _decidable(db: Db, decision: Decision) -> tuple[Proposal, Person] | Refused:
    value, person = proposals.find(db, decision.proposal_id), _who(db, decision.by, Right.APPROVE)
    if person is None:
        return refused("role")
    if value is None or value.status is not ProposalStatus.WAITING:
        return refused("gone")
    return refused("own") if value.proposed_by == person.id else (value, person)


def _step(
    db: Db,
    value: Proposal,
    decision: Decision,
    event: ProposalEvent,
    said: CaseEvent,
    policy: Policy,
    data: dict[str, Any],
    *,
    now: datetime,
) -> Proposal | Refused:
    fact = FactRow(SUBJECT, value.id, event.value, now, decision.by, decision.channel, decision.words, data)
    moved = proposals.record(db, value.id, fact)
    if moved is None:
        return refused("gone")
    _note(db, moved, said, now, decision.by, decision.channel, decision.words)
    return _go(db, moved, policy, now=now) if _is_due(moved, now) else moved


def _needs_now(db: Db, value: Proposal, paid: tuple[Paid, ...], policy: Policy) -> tuple[Need, ...]:
    """Why somebody must agree, as the order stands."""
    order, proposer = intake.find_order(db, value.order_ref), people.find_person(db, value.proposed_by)
    assert order is not None  # a proposal refers to its order by a foreign key
    where = situation(db, order, value.cause, paid)
    most = value.amount_cents if Need.TABLE not in value.needs else value.amount_cents - 1
    offer = Offer(
        value.way, value.item, value.qty, value.amount_cents, value.cost_cents, value.currency, value.rule, 0, most
    )
    return needs(offer, where, policy, proposer.role if proposer else "")


# --- going out -----------------------------------------------------------------------------------------------------


def instruct_due(db: Db, policy: Policy, *, now: datetime, limit: int) -> int:
    """Write the instructions of what can no longer be taken back; returns how many proposals were looked at."""
    found = proposals.due(db, now=now, limit=limit)
    for value in found:
        _go(db, value, policy, now=now)
    return len(found)


def _go(db: Db, value: Proposal, policy: Policy, *, now: datetime) -> Proposal:
    """Write the instruction; or wait for somebody's word, where the order got something that nobody knew of."""
    paid = (
        *ledger.paid_of(db, value.order_ref, proposals.costs_of(db, value.order_ref)),
        *proposals.paid_before(db, value),
    )
    now_needed = _needs_now(db, value, paid, policy)
    stale = bool(DOUBLE & set(now_needed)) and len(paid) != value.seen
    if set(now_needed) <= set(value.needs) and not stale and _written(db, value, now=now):
        gone = _record(db, value, ProposalEvent.INSTRUCTED, {"instruction": value.instruction_id}, now=now)
        _note(db, gone, CaseEvent.MADE_GOOD, now, value.proposed_by, value.channel, "")
        return gone
    data = {"needs": [need.value for need in now_needed or (Need.SECOND,)]}
    held = _record(db, value, ProposalEvent.HELD, data, now=now)
    _note(db, held, CaseEvent.MAKE_GOOD_HELD, now, None, "", "")
    return held


def _written(db: Db, value: Proposal, *, now: datetime) -> bool:
    double = bool(DOUBLE & set(value.needs))
    instruction = Instruction(
        id=value.instruction_id, order_ref=value.order_ref, item=value.item, kind=value.kind.value,
        amount_cents=value.amount_cents, currency=value.currency, written_at=now, case_id=value.case_id,
        approval=(value.decided_by or "") if double else "", why=f"{value.way}: {value.cause}", qty=value.qty,
        proposal=value.id, carrier=value.carrier,
    )  # fmt: skip
    if not ledger.write(db, instruction, by=value.proposed_by, channel=value.channel):
        return False
    if value.kind is MakeGood.RESHIP:
        _expect(db, value, now=now)
    return True


def _expect(db: Db, value: Proposal, *, now: datetime) -> None:
    views = tracking.views(db, intake.shipments_of_order(db, value.order_ref))
    known = {one: view.state.last_physical_at for one, view in views.items() if view.shipment.leg == "out"}
    reship = Reship(value.instruction_id, value.case_id, value.order_ref, now)
    reships.expect(db, reship, known, by=value.proposed_by, channel=value.channel)


def _record(db: Db, value: Proposal, event: ProposalEvent, data: dict[str, Any], *, now: datetime) -> Proposal:
    moved = proposals.record(db, value.id, FactRow(SUBJECT, value.id, event.value, now, data=data))
    assert moved is not None, "what is due can go out or be held"
    return moved


def _note(db: Db, value: Proposal, event: CaseEvent, at: datetime, by: str | None, channel: str, words: str) -> None:
    """Say a step on the case, with its amounts, and bring the case's message up to it."""
    data = {
        "proposal": value.id, "instruction": value.instruction_id, "way": value.way.value, "kind": value.kind.value,
        "item": value.item, "qty": value.qty, "amount_cents": value.amount_cents, "cost_cents": value.cost_cents,
        "currency": value.currency, "approved_by": value.decided_by, "needs": [need.value for need in value.needs],
    }  # fmt: skip
    case = cases.add(db, value.case_id, CaseFact(event, at, by, channel, words, data))
    alerts.say(db, case, event.value, now=at)


def history(db: Db, proposal_id: str) -> list[FactRow]:
    return facts.history(db, SUBJECT, proposal_id)
