"""Stored alarms: which shipments to look at now, and when next."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from store import tables
from store.base import Db
from store.tables import table, to_seconds

IN_LIMIT = 500
_watch = table(tables.Watch)


def due_alarms(db: Db, *, now: datetime, limit: int) -> list[int]:
    """Shipments at which a detector's clock may have run out."""
    rows = db.execute(
        select(_watch.c.shipment_id)
        .where(_watch.c.alarm_at <= now)
        .order_by(_watch.c.alarm_at, _watch.c.shipment_id)
        .limit(limit)
    )
    return [row[0] for row in rows]


def set_alarms(db: Db, alarms: Iterable[tuple[int, datetime | None]]) -> None:
    """Store when each shipment is to be looked at next; None: not until something happens."""
    rows = [
        (to_seconds(at) if at else None, shipment_id) for shipment_id, at in sorted(alarms, key=lambda pair: pair[0])
    ]
    if rows:
        db.exec_driver_sql("UPDATE watch SET alarm_at = ? WHERE shipment_id = ?", rows)


def waiting_for_answer(db: Db, shipment_ids: list[int], *, now: datetime) -> list[int]:
    """Which of these are to be looked at now that an answer came: no alarm is stored, or it is due."""
    found: list[int] = []
    for start in range(0, len(shipment_ids), IN_LIMIT):
        chunk = shipment_ids[start : start + IN_LIMIT]
        rows = db.exec_driver_sql(
            f"SELECT shipment_id FROM watch WHERE shipment_id IN ({','.join('?' * len(chunk))})"
            " AND (alarm_at IS NULL OR alarm_at <= ?)",
            (*chunk, to_seconds(now)),
        )
        found.extend(row[0] for row in rows)
    return found
