"""Claims against carriers: drafts that open by themselves, their clocks, and what people do to them.

A draft follows the facts of cases; it never holds up a make-good, and no make-good waits for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from config.policies import DetectionPolicy, window
from config.policies.claim_dates import answer_by
from domain.case import CaseEvent, Kind, SubjectType
from domain.claim import NEXT, Claim, ClaimEvent, ClaimFact, ClaimReason, ClaimState
from domain.claim_clock import deadline, due_now, next_at
from domain.parcel import Delivered
from domain.people import Right, may
from domain.privacy import mask_text
from domain.shipment import Order, ShipmentView
from domain.tracking import Leg
from domain.words import Words
from store import cases, claims, enquiries, facts, intake, mail, news, people, tracking
from store.base import Db
from store.cases import CaseRow
from store.claims import ClaimRow
from store.facts import FactRow

READER = "claims_read"
CLAIMS_A_TICK, DRAFTS_A_TICK = 500, 50
TURNED_OUT: Mapping[str, ClaimReason] = {
    Kind.LOST.value: ClaimReason.LOST,
    Kind.DAMAGED.value: ClaimReason.DAMAGED,
    Kind.MISDELIVERED.value: ClaimReason.MISDELIVERED,
    "missing_contents": ClaimReason.MISSING_CONTENTS,
}
"""Kinds of cases that are a claim as soon as they open. By text: a shop may have kinds of its own."""
MADE_GOOD: Mapping[str, ClaimReason] = {
    **TURNED_OUT,
    Kind.STALLED.value: ClaimReason.LOST,
    Kind.LOOPING.value: ClaimReason.LOST,
    Kind.DISPUTED.value: ClaimReason.MISDELIVERED,
    Kind.PROMISE_MISSED.value: ClaimReason.DELAY,
    Kind.FAILED_ATTEMPT.value: ClaimReason.DELAY,
    Kind.RETURNING.value: ClaimReason.DELAY,
}
"""... and what is claimed once a customer was made whole because of it."""
NEWS = (
    ("case", CaseEvent.OPENED.value),
    ("case", CaseEvent.REOPENED.value),
    ("case", CaseEvent.MADE_GOOD.value),
    ("case", CaseEvent.CLEARED.value),
    ("order", "instructed"),
)
CASE_CLEARED = "claim.case_cleared"


@dataclass(frozen=True, slots=True)
class Done:
    """``fresh`` False: this delivery was taken before, and nothing more was done."""

    row: ClaimRow
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    why: Words


def look_after(db: Db, policy: DetectionPolicy, *, now: datetime) -> int:
    """Drafts for what happened to cases, and every clock that is due; returns how many claims were touched."""
    enquiries.catch_up(db)
    return open_drafts(db, policy, now=now) + run_clocks(db, policy, now=now, limit=CLAIMS_A_TICK)


# --- drafts --------------------------------------------------------------------------------------------------------


def open_drafts(db: Db, policy: DetectionPolicy, *, now: datetime, limit: int = DRAFTS_A_TICK) -> int:
    """Open what the facts since the last look ask for, and drop drafts of cases that cleared themselves."""
    touched = worked = 0
    for fact_id, fact in news.news(db, READER, NEWS):
        if fact.event == CaseEvent.OPENED.value and fact.data.get("kind") not in TURNED_OUT:
            continue
        touched += _follow(db, fact, policy, now=now)
        worked += 1
        if worked >= limit:
            news.stop_at(db, READER, fact_id)
            break
    return touched


def _follow(db: Db, fact: FactRow, policy: DetectionPolicy, *, now: datetime) -> int:
    """What one fact of a case means for claims; returns how many it touched."""
    case_id = fact.data.get("case") if fact.subject_type == "order" else int(fact.subject_id)
    case = cases.get(db, int(case_id)) if case_id else None
    if case is None:
        return 0
    if fact.event == CaseEvent.CLEARED.value:
        return _drop(db, case, now=now)
    made_good = fact.event in {CaseEvent.MADE_GOOD.value, "instructed"}
    reason = (MADE_GOOD if made_good else TURNED_OUT).get(case.kind.value)
    if reason is None or not is_the_carriers(db, case):
        return 0
    views = shipments_of(db, case)
    return sum(_draft(db, case, view, reason_of(case, view, reason), policy, now=now) for view in views)


def reason_of(case: CaseRow, view: ShipmentView, usual: ClaimReason) -> ClaimReason:
    """What is claimed: a customer who has nothing, of a parcel that was never delivered, lost it."""
    undelivered = case.kind is Kind.DISPUTED and view.state.delivered is not Delivered.YES
    return ClaimReason.LOST if undelivered else usual


def is_the_carriers(db: Db, case: CaseRow) -> bool:
    """Whether the carrier answers for it: a case that a person opened may say that somebody else does (``party``)."""
    return bool(cases.history_of(db, case.id)[0].data.get("party", CARRIER) == CARRIER)


CARRIER = "carrier"


def shipments_of(db: Db, case: CaseRow) -> list[ShipmentView]:
    """The shipments that a case's claim is about: its own, or the ones that its order went out with."""
    ids = cases.shipments_of(db, case.subject)
    views = [view for view in tracking.views(db, ids).values() if view.shipment.carrier]
    if case.subject.type is SubjectType.SHIPMENT:
        return views
    out = [view for view in views if view.shipment.leg == "out"]
    return out if len(out) == 1 else []  # of several, a person says which one it is about


def _draft(
    db: Db, case: CaseRow, view: ShipmentView, reason: ClaimReason, policy: DetectionPolicy, *, now: datetime
) -> bool:
    known = claims.find(db, view.shipment.id, "", reason)
    if known is not None:
        return known.claim.state is ClaimState.WRITTEN_OFF and _again(db, known, case, policy, now=now)
    opened = _opening(db, case, view, reason, policy, now=now)
    if not opened.data["dates"]:
        return False  # no rule of this carrier is known: a person may still open one
    return _open(db, opened, policy, now=now) is not None


def _open(db: Db, opened: ClaimFact, policy: DetectionPolicy, *, now: datetime) -> ClaimRow | None:
    row = claims.open_claim(db, opened)
    if row:
        set_clock(db, row, policy, now=now)
    return row


def _opening(
    db: Db,
    case: CaseRow | None,
    view: ShipmentView,
    reason: ClaimReason,
    policy: DetectionPolicy,
    *,
    now: datetime,
    parcel: str = "",
    by: str | None = None,
    channel: str = "",
) -> ClaimFact:
    sent = view.shipment
    order = intake.find_order(db, sent.order_ref) if sent.order_ref else None
    goods = goods_cents(order, view, _siblings(db, sent.order_ref), parcel)
    data = {
        "subject_id": str(sent.id),
        "parcel": parcel,
        "reason": reason.value,
        "case": case.id if case else None,
        "order": sent.order_ref,
        "carrier": sent.carrier,
        "number": parcel or sent.number,
        "currency": order.currency if order else "CNY",
        "goods_cents": goods,
        "claimed_cents": goods,
        "dates": dates_of(db, case, view, reason, policy, now=now),
    }
    return ClaimFact(ClaimEvent.OPENED, now, by, channel, data=data)


def _siblings(db: Db, order_ref: str | None) -> int:
    """How many parcels an order went out in."""
    if order_ref is None:
        return 1
    row = db.exec_driver_sql("SELECT count(*) FROM shipment WHERE order_ref = ? AND leg = 'out'", (order_ref,)).scalar()
    return int(row or 0)


def goods_cents(order: Order | None, view: ShipmentView, shipments: int, parcel: str) -> int | None:
    """What the goods sell for, which stands for their price where they should have arrived (民法典 833). None where it isn't
    known which of an order's goods were in it, or nothing has a price.
    """
    sent_back = view.shipment.leg != Leg.OUT
    if order is None or sent_back or shipments > 1 or (parcel and len(view.parcels) > 1):
        return None
    return sum(item.price_cents * item.qty for item in order.items) or None


def dates_of(
    db: Db, case: CaseRow | None, view: ShipmentView, reason: ClaimReason, policy: DetectionPolicy, *, now: datetime
) -> dict[str, Any]:
    """The window of a claim that opens at ``now``, as its facts keep it; empty where no rule speaks of it."""
    calendar = policy.region(view.shipment.region).calendar
    confirmed = _confirmed_at(db, case)
    found = window(policy.claims, view.shipment, view.state, reason, calendar, confirmed_at=confirmed)
    if found is None:
        return {}
    starts = max(now, found.opens_at or now)
    return found.to_json() | {"file_by": (starts + timedelta(days=policy.claims.file_within_d)).isoformat()}


def _confirmed_at(db: Db, case: CaseRow | None) -> datetime | None:
    """When the carrier answered first."""
    history = facts.history(db, "case", str(case.id)) if case else []
    return next((fact.at for fact in history if fact.event == CaseEvent.CARRIER_ANSWERED.value), None)


def _again(db: Db, known: ClaimRow, case: CaseRow, policy: DetectionPolicy, *, now: datetime) -> bool:
    """Take up a draft again that was dropped only because its case had cleared itself."""
    last = next(fact for fact in reversed(claims.history_of(db, known.id)) if fact.event in ENDS)
    if last.words != CASE_CLEARED:
        return False
    row = claims.add(db, known.id, ClaimFact(ClaimEvent.REOPENED, now, data={"case": case.id}))
    set_clock(db, row, policy, now=now)
    return True


ENDS = frozenset({ClaimEvent.WRITTEN_OFF, ClaimEvent.LAPSED})


def _drop(db: Db, case: CaseRow, *, now: datetime) -> int:
    """Drafts that nobody touched, of a case that cleared itself before anything was made good."""
    drafts = [row for row in claims.of_case(db, case.id) if row.claim.state is ClaimState.DRAFT]
    if not drafts or any(fact.event is CaseEvent.MADE_GOOD for fact in cases.history_of(db, case.id)):
        return 0
    rows = [row for row in drafts if all(fact.by is None for fact in claims.history_of(db, row.id))]
    for row in rows:
        claims.add(db, row.id, ClaimFact(ClaimEvent.WRITTEN_OFF, now, words=CASE_CLEARED))
        claims.set_clock(db, row.id, next_at=None, deadline_at=None)
    return len(rows)


# --- clocks --------------------------------------------------------------------------------------------------------


def run_clocks(db: Db, policy: DetectionPolicy, *, now: datetime, limit: int) -> int:
    """Say what the due claims' clocks say, each once whatever the downtime."""
    due = claims.due(db, now=now, limit=limit)
    for found in due:
        row = refresh(db, found, policy, now=now)
        for fact in due_now(row.claim, now=now, days=policy.claims.remind_d):
            row = claims.add(db, row.id, fact)
        set_clock(db, row, policy, now=now)
    return len(due)


def refresh(db: Db, row: ClaimRow, policy: DetectionPolicy, *, now: datetime) -> ClaimRow:
    """Bring a draft's dates up to what is known of its parcel by now."""
    claim = row.claim
    if claim.state is not ClaimState.DRAFT:
        return row
    view = tracking.views(db, [claim.shipment_id])[claim.shipment_id]
    case = cases.get(db, claim.case_id) if claim.case_id else None
    dates = dates_of(db, case, view, claim.reason, policy, now=claim.opened_at)
    if dates == dict(claim.dates):
        return row
    return claims.add(db, row.id, ClaimFact(ClaimEvent.DATED, now, data={"dates": dates}))


def set_clock(db: Db, row: ClaimRow, policy: DetectionPolicy, *, now: datetime) -> None:
    """Store when the claim is to be looked at next: now, where something is due already."""
    days = policy.claims.remind_d
    at = now if due_now(row.claim, now=now, days=days) else next_at(row.claim, now=now, days=days)
    claims.set_clock(db, row.id, next_at=at, deadline_at=deadline(row.claim))


# --- what people do ------------------------------------------------------------------------------------------------


def open_by_hand(
    db: Db,
    view: ShipmentView,
    reason: ClaimReason,
    policy: DetectionPolicy,
    *,
    now: datetime,
    by: str,
    channel: str,
    case: CaseRow | None = None,
    parcel: str = "",
) -> ClaimRow | Refused:
    """A person opens a claim, also where no rule of the carrier is known. The one that is there is given back."""
    if parcel and parcel not in {piece.number for piece in view.parcels}:
        return Refused(Words("claim.refused.no_such_piece", {}))
    known = claims.find(db, view.shipment.id, parcel, reason)
    if known:
        return known
    opened = _opening(db, case, view, reason, policy, now=now, parcel=parcel, by=by, channel=channel)
    row = _open(db, opened, policy, now=now)
    assert row is not None
    return row


def act(
    db: Db, claim_id: int, fact: ClaimFact, policy: DetectionPolicy, *, key: str, account: str = "claims"
) -> Done | Refused:
    """Add what a person (``fact.by``) did to a claim, once for each ``key`` of its channel."""
    row = claims.get(db, claim_id)
    refusal = _refusal(db, row, fact)
    if refusal:
        return Refused(refusal)
    assert row is not None
    if not mail.receive(db, fact.channel, account, key, at=fact.at):
        return Done(row, fresh=False)
    row = claims.add(db, claim_id, _completed(db, row.claim, fact, policy))
    set_clock(db, row, policy, now=fact.at)
    return Done(row)


def _refusal(db: Db, row: ClaimRow | None, fact: ClaimFact) -> Words | None:
    if row is None:
        return Words("claim.refused.no_such_claim", {})
    person = people.find_person(db, fact.by or "")
    if person is None or not person.active or not may(person.role, Right.ACT):
        return Words("refused.role", {})
    if fact.event in MOVES and (row.claim.state, fact.event) not in NEXT:
        return Words("claim.refused.state", {})
    if fact.event is ClaimEvent.FILED and not _claims_something(row.claim, fact):
        return Words("claim.refused.no_amount", {})
    if fact.event in {ClaimEvent.PAID, ClaimEvent.PARTLY_PAID} and int(fact.data.get("amount_cents") or 0) <= 0:
        return Words("claim.refused.no_money", {})
    return None


MOVES = frozenset(event for _, event in NEXT)


def _claims_something(claim: Claim, fact: ClaimFact) -> bool:
    return int(fact.data.get("claimed_cents", claim.claimed_cents) or 0) > 0


def _completed(db: Db, claim: Claim, fact: ClaimFact, policy: DetectionPolicy) -> ClaimFact:
    """The fact with the deadlines that follow from it, and without personal text."""
    data = {**fact.data, **_deadlines(db, claim, fact, policy)}
    return ClaimFact(fact.event, fact.at, fact.by, fact.channel, mask_text(fact.words), data)


def _deadlines(db: Db, claim: Claim, fact: ClaimFact, policy: DetectionPolicy) -> dict[str, Any]:
    view = tracking.views(db, [claim.shipment_id])[claim.shipment_id]
    region = view.shipment.region
    calendar = policy.region(region).calendar
    if fact.event is ClaimEvent.FILED:
        days, business = claim.dates.get("answer_d"), bool(claim.dates.get("answer_business"))
        return _named("answer_by", answer_by(fact.at, days, calendar, business=business))
    if fact.event is ClaimEvent.APPEALED:
        step = next((one for one in policy.claims.ladder(region) if one.to == fact.data.get("to")), None)
        return _named("answer_by", answer_by(fact.at, step.answer_d if step else None, calendar, business=False))
    if fact.event in {ClaimEvent.DENIED, ClaimEvent.PARTLY_PAID}:
        return _named("appeal_by", answer_by(fact.at, claim.dates.get("appeal_d"), calendar, business=False))
    return {}


def _named(name: str, at: datetime | None) -> dict[str, Any]:
    return {name: at.isoformat()} if at else {}
