"""What the figures are counted from: cases with their histories, shipments, stops, returned goods and their money."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from domain.case import CaseEvent, CaseFact, Kind
from store import tables
from store.base import Db
from store.tables import from_seconds, maybe_from_seconds, table, to_seconds

_fact = table(tables.Fact)
IN_LIMIT = 500


@dataclass(frozen=True, slots=True)
class CaseHistory:
    """A case's facts, and whom it is about; ``shipments`` are the ids of what it concerns."""

    id: int
    kind: Kind
    facts: tuple[CaseFact, ...]
    carrier: str = ""
    shop: str = ""
    shipments: tuple[int, ...] = ()


CASES = (
    "SELECT c.id, c.kind, s.id AS shipment, coalesce(s.carrier, '') AS carrier, coalesce(o.shop, '') AS shop FROM cases c"
    " {join} WHERE c.subject_type {types} AND (c.closed_at IS NULL OR c.closed_at >= ? OR c.promise_by >= ?)"
)
JOINS = (
    (
        "= 'shipment'",
        "LEFT JOIN shipment s ON s.id = CAST(c.subject_id AS INTEGER) LEFT JOIN orders o ON o.ref = s.order_ref",
    ),
    (
        "= 'order'",
        "LEFT JOIN orders o ON o.ref = c.subject_id LEFT JOIN shipment s ON s.order_ref = o.ref AND s.leg = 'out'",
    ),
    ("NOT IN ('shipment', 'order')", "LEFT JOIN orders o ON o.ref = c.order_ref LEFT JOIN shipment s ON 1 = 0"),
)


def case_histories(db: Db, *, since: datetime) -> list[CaseHistory]:
    """Every case that was open, or whose promise ran, at ``since`` or later; by id."""
    query = " UNION ALL ".join(CASES.format(join=join, types=types) for types, join in JOINS) + " ORDER BY 1, 3"
    rows = db.exec_driver_sql(query, (to_seconds(since),) * (2 * len(JOINS))).all()
    shipments: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        shipments[row.id].extend([row.shipment] if row.shipment is not None else [])
    first = {row.id: row for row in reversed(rows)}
    histories = _histories(db, sorted(first))
    return [
        CaseHistory(one, Kind(row.kind), histories[one], row.carrier, row.shop, tuple(shipments[one]))
        for one, row in sorted(first.items())
    ]


def _histories(db: Db, case_ids: Sequence[int]) -> dict[int, tuple[CaseFact, ...]]:
    found: dict[int, list[CaseFact]] = {one: [] for one in case_ids}
    for start in range(0, len(case_ids), IN_LIMIT):
        chunk = [str(one) for one in case_ids[start : start + IN_LIMIT]]
        query = select(_fact).where(_fact.c.subject_type == "case", _fact.c.subject_id.in_(chunk)).order_by(_fact.c.id)
        for row in db.execute(query):
            fact = CaseFact(CaseEvent(row.event), row.at, row.by, row.channel, row.words, dict(row.data))
            found[int(row.subject_id)].append(fact)
    return {one: tuple(facts) for one, facts in found.items()}


@dataclass(frozen=True, slots=True)
class Sent:
    """A shipment to a customer. ``delivered_at``: when the last of its parcels was, None while any is not."""

    id: int
    carrier: str
    shop: str
    created_at: datetime
    promised_at: datetime | None
    delivered_at: datetime | None


def shipments(db: Db, *, since: datetime) -> list[Sent]:
    """Every outbound shipment that was uploaded, due or delivered at ``since`` or later; by id."""
    at = to_seconds(since)
    rows = db.exec_driver_sql(
        "SELECT s.id, s.carrier, coalesce(min(o.shop), ''), s.created_at, s.promised_at,"
        " CASE WHEN min(p.delivered = 'yes') THEN max(p.delivered_at) END AS delivered"
        " FROM shipment s JOIN parcel p ON p.shipment_id = s.id AND p.leg = 'out' LEFT JOIN orders o ON o.ref = s.order_ref"
        " WHERE s.leg = 'out' GROUP BY s.id HAVING s.created_at >= ? OR s.promised_at >= ?"
        " OR CASE WHEN min(p.delivered = 'yes') THEN max(p.delivered_at) END >= ? ORDER BY s.id",
        (at, at, at),
    )
    return [
        Sent(r[0], r[1], r[2], from_seconds(r[3]), maybe_from_seconds(r[4]), maybe_from_seconds(r[5])) for r in rows
    ]


@dataclass(frozen=True, slots=True)
class Visit:
    """A stop that has ended. ``slot_to``: the end of the slot that was promised; ``first``: the return's first visit."""

    ended_at: datetime
    collector: str
    arrived_at: datetime | None
    slot_to: datetime | None
    collected: bool
    fault: str
    first: bool


def visits(db: Db, *, since: datetime) -> list[Visit]:
    """Every stop that ended at ``since`` or later, by when it did."""
    rows = db.exec_driver_sql(
        "SELECT st.ended_at, r.collector, st.arrived_at, t.slot_to, st.status IN ('collected', 'partly_collected'), st.fault,"
        " NOT EXISTS (SELECT 1 FROM stop e WHERE e.return_ref = st.return_ref AND e.ended_at < st.ended_at"
        " AND e.status != 'unplanned')"
        " FROM stop st JOIN route r ON r.id = st.route_id JOIN returns t ON t.ref = st.return_ref"
        " WHERE st.ended_at >= ? AND st.status NOT IN ('cancelled', 'unplanned') ORDER BY st.ended_at, st.id",
        (to_seconds(since),),
    )
    return [
        Visit(
            from_seconds(r[0]), r[1], maybe_from_seconds(r[2]), maybe_from_seconds(r[3]), bool(r[4]), r[5], bool(r[6])
        )
        for r in rows
    ]


@dataclass(frozen=True, slots=True)
class Driven:
    """A route that is done: what it cost, and how many stops it collected at."""

    depart_at: datetime
    collector: str
    cost_cents: int
    collected: int


def routes_driven(db: Db, *, since: datetime) -> list[Driven]:
    rows = db.exec_driver_sql(
        "SELECT r.depart_at, r.collector, r.cost_cents,"
        " (SELECT count(*) FROM stop s WHERE s.route_id = r.id AND s.status IN ('collected', 'partly_collected'))"
        " FROM route r WHERE r.status = 'done' AND r.depart_at >= ? ORDER BY r.depart_at, r.id",
        (to_seconds(since),),
    )
    return [Driven(from_seconds(r[0]), r[1], r[2], r[3]) for r in rows]


@dataclass(frozen=True, slots=True)
class Received:
    """A return that was scanned in at its warehouse. ``decided_at`` None: nobody has said yet how its goods are."""

    checked_in_at: datetime
    decided_at: datetime | None
    decided_by: str
    depot: str
    shop: str


def received(db: Db, *, since: datetime) -> list[Received]:
    """Returns that were scanned in or decided at ``since`` or later; by when they were scanned in."""
    at = to_seconds(since)
    rows = db.exec_driver_sql(
        "SELECT c.checked_in_at, c.decided_at, coalesce(c.decided_by, ''), t.depot, o.shop"
        " FROM checkin c JOIN returns t ON t.ref = c.return_ref JOIN orders o ON o.ref = t.order_ref"
        " WHERE c.checked_in_at >= ? OR c.decided_at >= ? ORDER BY c.checked_in_at, c.return_ref",
        (at, at),
    )
    return [Received(from_seconds(r[0]), maybe_from_seconds(r[1]), r[2], r[3], r[4]) for r in rows]


@dataclass(frozen=True, slots=True)
class Refunded:
    """A return whose last instruction was confirmed, and since when we had the goods."""

    received_at: datetime
    confirmed_at: datetime
    shop: str


def refunds(db: Db, *, since: datetime) -> list[Refunded]:
    """Returns whose money was confirmed at ``since`` or later; the clock began when the goods were collected."""
    rows = db.exec_driver_sql(
        "SELECT (SELECT min(f.at) FROM fact f WHERE f.subject_type = 'return' AND f.subject_id = t.ref"
        "  AND f.event IN ('collected', 'partly_collected')) AS received, max(i.confirmed_at) AS confirmed, min(o.shop)"
        " FROM returns t JOIN instruction i ON i.return_ref = t.ref JOIN orders o ON o.ref = t.order_ref"
        " GROUP BY t.ref HAVING count(i.confirmed_at) = count(*) AND max(i.confirmed_at) >= ?"
        " AND EXISTS (SELECT 1 FROM fact f WHERE f.subject_type = 'return' AND f.subject_id = t.ref"
        "  AND f.event IN ('collected', 'partly_collected')) ORDER BY t.ref",
        (to_seconds(since),),
    )
    return [Refunded(from_seconds(r[0]), from_seconds(r[1]), r[2]) for r in rows]


@dataclass(frozen=True, slots=True)
class Paid:
    """An instruction for a case: what making good took. ``kind``: refund, reship, compensation."""

    case_id: int
    kind: str
    amount_cents: int
    currency: str
    written_at: datetime


def made_good(db: Db, *, since: datetime) -> list[Paid]:
    rows = db.exec_driver_sql(
        "SELECT case_id, kind, amount_cents, currency, written_at FROM instruction WHERE case_id IS NOT NULL AND written_at >= ?"
        " ORDER BY written_at, id",
        (to_seconds(since),),
    )
    return [Paid(r[0], r[1], r[2], r[3], from_seconds(r[4])) for r in rows]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim that the carrier answered: what was claimed, what it paid; by when it was filed."""

    filed_at: datetime
    carrier: str
    claimed_cents: int
    recovered_cents: int
    currency: str


def claims_answered(db: Db, *, since: datetime) -> list[Claimed]:
    """Claims filed at ``since`` or later that were paid, in part or whole, denied or given up; by id."""
    rows = db.exec_driver_sql(
        "SELECT filed_at, carrier, claimed_cents, recovered_cents, currency FROM claim"
        " WHERE filed_at >= ? AND claimed_cents > 0 AND state IN ('paid', 'partly', 'denied', 'written_off') ORDER BY id",
        (to_seconds(since),),
    )
    return [Claimed(from_seconds(r[0]), r[1], r[2], r[3], r[4]) for r in rows]


def claims_lapsed(db: Db, *, since: datetime) -> list[tuple[datetime, str]]:
    """When each claim was lost because nobody filed it in time, and its carrier."""
    rows = db.exec_driver_sql(
        "SELECT f.at, c.carrier FROM fact f JOIN claim c ON c.id = CAST(f.subject_id AS INTEGER)"
        " WHERE f.subject_type = 'claim' AND f.event = 'lapsed' AND f.at >= ? ORDER BY f.id",
        (to_seconds(since),),
    )
    return [(from_seconds(r[0]), r[1]) for r in rows]
