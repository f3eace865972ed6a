"""Until when a customer's personal data is kept: stored deadlines, legal holds, and what may still be open about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from store import facts, privacy_tables
from store.base import Db
from store.erasing import Scope
from store.facts import FactRow
from store.tables import maybe_from_seconds, table, to_seconds
from store.tracking import chunks

_keeping = table(privacy_tables.CustomerKeeping)
NOT_A_DEED = ("revealed", "exported", "held", "released")
"""Facts about a customer that don't make their business last longer."""

OPEN: Mapping[str, tuple[str, str]] = {
    "case": ("case", "SELECT 1 FROM cases WHERE closed_at IS NULL AND id IN ({})"),
    "return": (
        "return",
        "SELECT 1 FROM returns WHERE status NOT IN ('refused', 'cancelled', 'instructed', 'settled') AND ref IN ({})",
    ),
    "payment": (
        "order",
        "SELECT 1 FROM instruction WHERE confirmed_at IS NULL AND kind <> 'reship' AND order_ref IN ({})",
    ),
    "parcel": (
        "shipment",
        "SELECT 1 FROM watch w JOIN parcel p ON p.shipment_id = w.shipment_id AND p.delivered <> 'yes'"  # noqa: ISC004
        " WHERE w.ended = '' AND w.shipment_id IN ({})",
    ),
    "claim": ("order", "SELECT 1 FROM claim WHERE state NOT IN ('paid', 'written_off') AND order_ref IN ({})"),
    "pickup": ("pickup", "SELECT 1 FROM pickup_booking WHERE state_at IS NOT NULL AND our_id IN ({})"),
}
"""What keeps a customer's data for as long as it is open: a name, the kind of ids in a scope, and how to see it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How a customer's record is kept; ``look_at`` None: it is held, or erased."""

    look_at: datetime | None = None
    hold: str = ""
    held_by: str | None = None
    erased_at: datetime | None = None


def begin(db: Db, *, after: timedelta, now: datetime, limit: int) -> int:
    """Give records that have no deadline yet the earliest that they can have; returns how many."""
    written = db.exec_driver_sql(
        "INSERT INTO customer_keeping (customer_id, look_at, hold)"
        " SELECT c.id, coalesce((SELECT max(o.created_at) FROM orders o WHERE o.customer_id = c.id), ?) + ?, ''"
        " FROM customer c WHERE c.id > (SELECT coalesce(max(customer_id), 0) FROM customer_keeping)"
        " ORDER BY c.id LIMIT ?",
        (to_seconds(now), int(after.total_seconds()), limit),
    )
    return written.rowcount


def due(db: Db, *, now: datetime, limit: int) -> list[int]:
    """Records at which to see whether their time has come, longest due first."""
    rows = db.execute(
        select(_keeping.c.customer_id)
        .where(_keeping.c.look_at <= now)
        .order_by(_keeping.c.look_at, _keeping.c.customer_id)
        .limit(limit)
    )
    return [row[0] for row in rows]


def anything_due(db: Db, *, now: datetime) -> bool:
    """Whether a slice of customers' retention has anything to do."""
    looks = (
        "SELECT 1 FROM customer WHERE id > (SELECT coalesce(max(customer_id), 0) FROM customer_keeping) LIMIT 1",
        f"SELECT 1 FROM customer_keeping WHERE look_at <= {to_seconds(now)} LIMIT 1",
    )
    return any(db.exec_driver_sql(look).first() for look in looks)


def look_again(db: Db, customers: Sequence[int], at: datetime) -> None:
    for chunk in chunks(list(customers)):
        db.execute(_keeping.update().where(_keeping.c.customer_id.in_(chunk)).values(look_at=at))


def still_open(db: Db, scope: Scope) -> list[str]:
    """What is open about a customer, by the names of ``OPEN``."""
    return [name for name, (kind, sql) in OPEN.items() if _any(db, sql, scope.of(kind))]


def _any(db: Db, sql: str, ids: Sequence[object]) -> bool:
    return any(
        db.exec_driver_sql(f"{sql.format(','.join('?' * len(chunk)))} LIMIT 1", tuple(chunk)).first()
        for chunk in chunks(list(ids))
    )


def last_deed(db: Db, scope: Scope) -> datetime | None:
    """When anything last happened to a customer's orders, parcels, cases, returns and pickups."""
    found = [_latest(db, kind, ids) for kind, ids in scope.subjects.items()]
    times = [at for at in (*found, _last_scan(db, scope.of("parcel"))) if at]
    return max(times, default=None)


def _latest(db: Db, kind: str, ids: Sequence[str]) -> datetime | None:
    left_out = ", ".join(f"'{event}'" for event in NOT_A_DEED)
    sql = (
        f"SELECT max(at) FROM fact WHERE subject_type = '{kind}' AND event NOT IN ({left_out}) AND subject_id IN ({{}})"
    )
    return _max(db, sql, ids)


def _last_scan(db: Db, parcels: Sequence[object]) -> datetime | None:
    return _max(db, "SELECT max(last_at) FROM parcel WHERE id IN ({})", parcels)


def _max(db: Db, sql: str, ids: Sequence[object]) -> datetime | None:
    found = [
        maybe_from_seconds(db.exec_driver_sql(sql.format(",".join("?" * len(chunk))), tuple(chunk)).scalar())
        for chunk in chunks(list(ids))
    ]
    return max((at for at in found if at), default=None)


# --- holds ---------------------------------------------------------------------------------------------------------


def of(db: Db, customer: int) -> Kept:
    row = db.execute(
        select(_keeping.c.look_at, _keeping.c.hold, _keeping.c.held_by, _keeping.c.erased_at).where(
            _keeping.c.customer_id == customer
        )
    ).one_or_none()
    return Kept(*row) if row else Kept()


def held(db: Db, customers: Sequence[int]) -> str:
    """Why one of these records must be kept; '' where nothing asks for that."""
    return next((hold for one in customers if (hold := of(db, one).hold)), "")


def hold(db: Db, customers: Sequence[int], why: str, *, by: str, now: datetime, channel: str) -> None:
    """Keep these records whatever their age, and on record who wants it; ``why`` '' lifts the hold."""
    for one in customers:
        values = {"hold": why, "held_by": by if why else None, "look_at": None if why else now}
        if db.execute(_keeping.update().where(_keeping.c.customer_id == one).values(**values)).rowcount == 0:
            db.execute(_keeping.insert().values(customer_id=one, **values))
    data = {"customers": list(customers)}
    facts.append(db, [FactRow("person", by, "held" if why else "released", now, by, channel, data=data)])
