"""Trouble of orders and returns rather than parcels: not shipped in time, disputed, or a courier who never came."""

from datetime import datetime

from config.policies import DetectionPolicy
from domain.case import Finding, Kind, Severity, Subject, SubjectType
from domain.case_types import CaseType, Rank
from domain.shipment import Order
from domain.words import Words
from monitor import by_hand, incidents, look
from monitor.decide import Clear
from monitor.incidents import Opening
from store import cases, facts, intake, returns
from store.base import Db
from store.facts import FactRow
from store.returns import Missed

LIMIT = 500


def check_unshipped(db: Db, policy: DetectionPolicy, *, now: datetime) -> None:
    """Open a case for each order past its ship-by time without a number; close it once it has one."""
    late = intake.orders_unshipped(db, now=now, limit=LIMIT)
    incidents.take(db, [Opening(unshipped(order), order.ref) for order in late], policy, now=now)
    for ref in intake.orders_since_shipped(db):
        clear(db, Subject(SubjectType.ORDER, ref), Kind.UNSHIPPED, policy, now=now)


def check_pickups(db: Db, policy: DetectionPolicy, *, now: datetime) -> None:
    """Open a case for each pickup that was missed; the customer waited in vain. It closes once the goods are fetched."""
    waited = returns.missed_without_case(db, limit=LIMIT)
    incidents.take(db, [Opening(missed(one), one.order_ref) for one in waited], policy, now=now)
    for ref in returns.fetched_after_all(db):
        clear(db, Subject(SubjectType.RETURN, ref), Kind.PICKUP_MISSED, policy, now=now)


def clear(db: Db, subject: Subject, kind: Kind, policy: DetectionPolicy, *, now: datetime) -> None:
    """Close what is no longer so, with its reason."""
    for case in cases.open_for(db, subject):
        if case.kind is kind:
            cleared = Clear(case, f"cleared.{kind.value}")
            look.carry_out(db, cleared, subject, policy, now=now, order_ref=case.order_ref)


def missed(one: Missed) -> Finding:
    waited_from = (one.slot_from or one.at).isoformat()
    return Finding(
        kind=Kind.PICKUP_MISSED,
        subject=Subject(SubjectType.RETURN, one.ref),
        since=one.at,
        evidence=(Words("evidence.pickup_missed", {"slot_from_at": waited_from}),),
        severity=Severity.URGENT,
        next_step=Words("next.pickup_missed", {}),
    )


def unshipped(order: Order) -> Finding:
    assert order.ship_by is not None
    return Finding(
        kind=Kind.UNSHIPPED,
        subject=Subject(SubjectType.ORDER, order.ref),
        since=order.ship_by,
        evidence=(Words("evidence.unshipped", {"ship_by_at": order.ship_by.isoformat()}),),
        next_step=Words("next.unshipped", {}),
    )


def dispute(
    db: Db,
    order_ref: str,
    text: str,
    policy: DetectionPolicy,
    *,
    now: datetime,
    by: str | None,
    channel: str,
    of: CaseType,
) -> tuple[int, bool]:
    """A customer or a platform says that something is wrong: a case at once. Returns its id and whether it is new."""
    subject = Subject(SubjectType.ORDER, order_ref)
    facts.append(db, [FactRow("order", order_ref, "disputed", now, by, channel, text)])
    already = [case for case in cases.open_for(db, subject) if case.kind is Kind.DISPUTED]
    if already:
        return already[0].id, False
    found = Finding(
        kind=Kind.DISPUTED,
        subject=subject,
        since=now,
        evidence=(Words("evidence.disputed", {"text": text}),),
        severity=Severity.URGENT,
        next_step=Words("next.disputed", {}),
    )
    case_id = look.open_and_say(
        db, found, policy, now=now, order_ref=order_ref, by=by, channel=channel, words=text, handling=of.handling,
        more=by_hand.said_of(of, rank=Rank.REFUND if of.rank is Rank.REFUND else Rank.DISPUTE),
    )  # fmt: skip
    return case_id, True
