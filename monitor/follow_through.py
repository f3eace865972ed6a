"""What should have followed and didn't: fetched goods that never reach the warehouse, refunds that nobody confirms.

The refund clock runs from when the goods were fetched and stops only when the money is confirmed. Whoever fetched goods that are missing
answers for them: the collector is the liable party; the customer isn't made to wait for it.
"""

from datetime import datetime

from config.policies import DetectionPolicy
from domain.case import Finding, Kind, Severity, Subject, SubjectType
from domain.case_types import Party
from domain.words import Words
from monitor import incidents, orders
from monitor.incidents import Opening
from store import unconfirmed
from store.base import Db
from store.unconfirmed import NotCheckedIn, Unconfirmed

LIMIT = 500


def check(db: Db, policy: DetectionPolicy, *, now: datetime) -> None:
    """Open a case for each; it closes by itself once the return goes on, or the money is confirmed."""
    missing = unconfirmed.not_checked_in(db, before=now - policy.checkin_missing, limit=LIMIT)
    unpaid = unconfirmed.refunds(db, before=now - policy.refund_unconfirmed, limit=LIMIT)
    found = [
        Opening(checkin_missing(one), one.order_ref, party=Party.COLLECTOR if one.collector else None)
        for one in missing
    ]
    found += [Opening(refund_unconfirmed(one), one.order_ref) for one in unpaid]
    incidents.take(db, found, policy, now=now)
    for ref in unconfirmed.checked_in_after_all(db):
        orders.clear(db, Subject(SubjectType.RETURN, ref), Kind.CHECKIN_MISSING, policy, now=now)
    for ref in unconfirmed.confirmed_after_all(db):
        orders.clear(db, Subject(SubjectType.ORDER, ref), Kind.REFUND_UNCONFIRMED, policy, now=now)


def checkin_missing(one: NotCheckedIn) -> Finding:
    return Finding(
        kind=Kind.CHECKIN_MISSING,
        subject=Subject(SubjectType.RETURN, one.ref),
        since=one.at,
        evidence=(Words("evidence.checkin_missing", {"collected_at": one.fetched_at.isoformat()}), *_by_whom(one)),
        severity=Severity.WARN,
        next_step=Words("next.checkin_missing", {}),
    )


def _by_whom(one: NotCheckedIn) -> tuple[Words, ...]:
    return (Words("evidence.checkin_liable", {"collector": one.collector}),) if one.collector else ()


def refund_unconfirmed(one: Unconfirmed) -> Finding:
    params = {"instructed_at": one.at.isoformat(), "amount_cents": one.amount_cents, "currency": one.currency}
    return Finding(
        kind=Kind.REFUND_UNCONFIRMED,
        subject=Subject(SubjectType.ORDER, one.order_ref),
        since=one.at,
        evidence=(Words("evidence.refund_unconfirmed", params),),
        severity=Severity.URGENT,
        next_step=Words("next.refund_unconfirmed", {}),
    )
