"""What should have followed and didn't: goods that were fetched and never checked in, refunds that nobody confirmed."""

from dataclasses import dataclass
from datetime import datetime

from store.base import Db
from store.tables import from_seconds, to_seconds


@dataclass(frozen=True, slots=True)
class NotCheckedIn:
    """A return that was fetched at ``at``, and no refund or exchange was written since."""

    ref: str
    order_ref: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """An order's oldest refund that nobody confirmed, with the sum of all of them."""

    order_ref: str
    at: datetime
    amount_cents: int
    currency: str


FETCHED = "('collected', 'partly_collected')"
MONEY = "('refund', 'compensation', 'freight')"


def not_checked_in(db: Db, *, before: datetime, limit: int) -> list[NotCheckedIn]:
    """Fetched before a moment and no further, without a case for it, open or past."""
    rows = db.exec_driver_sql(
        "SELECT r.ref, r.order_ref, max(f.at) AS fetched FROM returns r JOIN fact f ON f.subject_type = 'return' AND f.subject_id = r.ref"
        f" AND f.event IN {FETCHED} WHERE r.status IN {FETCHED} AND NOT EXISTS (SELECT 1 FROM cases c"
        " WHERE c.subject_type = 'return' AND c.subject_id = r.ref AND c.kind = 'checkin_missing')"
        " GROUP BY r.ref, r.order_ref HAVING max(f.at) <= ? ORDER BY fetched, r.ref LIMIT ?",
        (to_seconds(before), limit),
    )
    return [NotCheckedIn(ref, order_ref, from_seconds(at)) for ref, order_ref, at in rows]


def checked_in_after_all(db: Db) -> list[str]:
    """Returns with an open `checkin_missing` case that went on by now."""
    rows = db.exec_driver_sql(
        "SELECT c.subject_id FROM cases c JOIN returns r ON r.ref = c.subject_id WHERE c.subject_type = 'return'"
        f" AND c.kind = 'checkin_missing' AND c.closed_at IS NULL AND r.status NOT IN {FETCHED} ORDER BY c.id"
    )
    return [row[0] for row in rows]


def refunds(db: Db, *, before: datetime, limit: int) -> list[Unconfirmed]:
    """Orders with money written before a moment that nobody confirmed, without a case for anything as new, open or past."""
    rows = db.exec_driver_sql(
        "SELECT i.order_ref, min(i.written_at) AS since, sum(i.amount_cents), min(i.currency) FROM instruction i"
        f" WHERE i.confirmed_at IS NULL AND i.kind IN {MONEY} AND i.written_at <= ?"
        " AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.subject_type = 'order' AND c.subject_id = i.order_ref"
        "   AND c.kind = 'refund_unconfirmed' AND (c.closed_at IS NULL OR c.since >= i.written_at))"
        " GROUP BY i.order_ref ORDER BY since, i.order_ref LIMIT ?",
        (to_seconds(before), limit),
    )
    return [Unconfirmed(ref, from_seconds(at), cents, currency) for ref, at, cents, currency in rows]


def confirmed_after_all(db: Db) -> list[str]:
    """Orders with an open `refund_unconfirmed` case whose money is confirmed by now."""
    rows = db.exec_driver_sql(
        "SELECT c.subject_id FROM cases c WHERE c.subject_type = 'order' AND c.kind = 'refund_unconfirmed' AND c.closed_at IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM instruction i WHERE i.order_ref = c.subject_id AND i.confirmed_at IS NULL"
        f"   AND i.kind IN {MONEY}) ORDER BY c.id"
    )
    return [row[0] for row in rows]
