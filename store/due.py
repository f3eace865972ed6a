"""Stored alarms: which shipments to look at now, and when next."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

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


def put_off(db: Db, shipment_id: int, until: datetime) -> None:
    """Look at a shipment again at that time, whatever its clocks say."""
    db.execute(_watch.update().where(_watch.c.shipment_id == shipment_id).values(alarm_at=until))


class Alarm(NamedTuple):
    """When a shipment is to be looked at next: by the rules' clocks, and by the learned risk; None: not until something
    happens.
    """

    shipment_id: int
    rules_at: datetime | None
    risk_at: datetime | None = None


def set_alarms(db: Db, alarms: Iterable[Alarm]) -> None:
    """Store when each shipment is to be looked at next, in order of their ids."""
    rows = []
    for shipment_id, rules_at, risk_at in sorted(alarms, key=itemgetter(0)):
        rules = None if rules_at is None else to_seconds(rules_at)
        risk = None if risk_at is None else to_seconds(risk_at)
        rows.append((_earlier(rules, risk), rules, risk, shipment_id))
    if rows:
        db.exec_driver_sql("UPDATE watch SET alarm_at = ?, rules_at = ?, risk_at = ? WHERE shipment_id = ?", rows)


def _earlier(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)


def move_risk(db: Db, moved: Sequence[tuple[int, int | None]]) -> None:
    """Store anew when the risk of silent shipments will cross: (shipment id, seconds since 1970 or None), in order of ids.
    What the rules say stands.
    """
    rows = [(risk_at, risk_at, risk_at, shipment_id) for shipment_id, risk_at in moved]
    if rows:  # the lesser of two times is NULL in SQLite where either is
        db.exec_driver_sql(
            "UPDATE watch SET risk_at = ?, alarm_at = coalesce(min(rules_at, ?), rules_at, ?) WHERE shipment_id = ?",
            rows,
        )


def alarm_of(db: Db, shipment_id: int) -> tuple[datetime | None, datetime | None]:
    """When a shipment is looked at next, by the rules and by the risk."""
    found = db.execute(
        select(_watch.c.rules_at, _watch.c.risk_at).where(_watch.c.shipment_id == shipment_id)
    ).one_or_none()
    return (found[0], found[1]) if found else (None, None)


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
