"""What should have followed and didn't: goods that were fetched and never checked in, refunds that nobody confirmed."""

from dataclasses import dataclass
from datetime import datetime

from store.base import Db
from store.tables import from_seconds, to_seconds


@dataclass(frozen=True, slots=True)
class NotCheckedIn:
    """A return that was fetched and not scanned in. ``at``: since when it should have been at the warehouse: its route came
    back, or it was fetched without one (``fetched_at``); ``collector``: who fetched it, '' where nobody knows.
    """

    ref: str
    order_ref: str
    at: datetime
    fetched_at: datetime
    collector: str = ""


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
    """Due at the warehouse before a moment and not there, without a case for it, open or past. What is paid already is
    missed as well, since the first return was ever scanned in: who scans nothing misses nothing.
    """
    due = "max(max(f.at), coalesce(max(t.return_at), 0))"
    rows = db.exec_driver_sql(
        f"SELECT r.ref, r.order_ref, {due} AS due, max(f.at), coalesce(max(t.collector), '')"
        " FROM returns r JOIN fact f ON f.subject_type = 'return' AND f.subject_id = r.ref"
        f" AND f.event IN {FETCHED} LEFT JOIN stop s ON s.return_ref = r.ref AND s.status IN {FETCHED}"
        " LEFT JOIN route t ON t.id = s.route_id WHERE NOT EXISTS (SELECT 1 FROM checkin c WHERE c.return_ref = r.ref)"
        " AND NOT EXISTS (SELECT 1 FROM cases c"
        " WHERE c.subject_type = 'return' AND c.subject_id = r.ref AND c.kind = 'checkin_missing')"
        f" AND (r.status IN {FETCHED} OR f.at >= (SELECT min(c.checked_in_at) FROM checkin c))"
        f" GROUP BY r.ref, r.order_ref HAVING {due} <= ? ORDER BY due, r.ref LIMIT ?",
        (to_seconds(before), limit),
    )
    return [NotCheckedIn(r[0], r[1], from_seconds(r[2]), from_seconds(r[3]), r[4]) for r in rows]


def checked_in_after_all(db: Db) -> list[str]:
    """Returns with an open `checkin_missing` case whose goods are there by now, or that are paid where nothing is scanned in."""
    rows = db.exec_driver_sql(
        "SELECT c.subject_id FROM cases c JOIN returns r ON r.ref = c.subject_id WHERE c.subject_type = 'return'"
        " AND c.kind = 'checkin_missing' AND c.closed_at IS NULL AND (EXISTS (SELECT 1 FROM checkin i WHERE i.return_ref = r.ref)"
        f" OR r.status NOT IN {FETCHED} AND NOT EXISTS (SELECT 1 FROM checkin i)) ORDER BY c.id"
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
