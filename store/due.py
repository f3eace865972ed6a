"""Stored deadlines: which shipments to poll and to look at now, and when next."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from domain.tracking import NoData
from store import facts, tables
from store.base import Db
from store.facts import FactRow
from store.tables import from_seconds, table, to_seconds

MAX_ERROR_TEXT = 500
IN_LIMIT = 500
_watch = table(tables.Watch)


@dataclass(frozen=True, slots=True)
class Due:
    """A shipment whose turn it is to be asked about, with what asking needs."""

    shipment_id: int
    number: str
    carrier: str
    phone4: str
    destination: str
    due_at: datetime


def due_polls(db: Db, source: str, account: str, *, now: datetime, limit: int) -> list[Due]:
    """The shipments of one credential that are due, longest due first."""
    rows = db.exec_driver_sql(
        "SELECT w.shipment_id, s.number, s.carrier, coalesce(substr(c.phone, -4), ''), s.destination, w.next_poll_at"
        " FROM watch w JOIN shipment s ON s.id = w.shipment_id LEFT JOIN orders o ON o.ref = s.order_ref"
        " LEFT JOIN customer c ON c.id = o.customer_id"
        " WHERE w.source = ? AND w.account = ? AND w.next_poll_at <= ?"
        " ORDER BY w.next_poll_at, w.shipment_id LIMIT ?",
        (source, account, to_seconds(now), limit),
    )
    return [Due(r[0], r[1], r[2], r[3], r[4], from_seconds(r[5])) for r in rows]


def watched_number(db: Db, source: str, account: str, number: str, *, now: datetime) -> Due | None:
    """The newest shipment with a number that a credential is asked about, in the shape of something due now."""
    row = db.exec_driver_sql(
        "SELECT w.shipment_id, s.number, s.carrier, s.destination FROM watch w JOIN shipment s ON s.id = w.shipment_id"
        " WHERE s.number = ? AND w.source = ? AND w.account = ? ORDER BY w.shipment_id DESC LIMIT 1",
        (number, source, account),
    ).one_or_none()
    return Due(row[0], row[1], row[2], "", row[3], now) if row else None


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll left behind for one shipment."""

    shipment_id: int
    next_poll_at: datetime | None
    no_data: NoData | None = None
    failed: bool = False


def reschedule(db: Db, polled: Iterable[Polled], *, now: datetime) -> None:
    """Move deadlines; a failed ask keeps what is known of the shipment."""
    rows = sorted(polled, key=lambda p: p.shipment_id)
    at = to_seconds(now)
    db.exec_driver_sql(
        "UPDATE watch SET next_poll_at = ?, polled_at = ?, no_data = ?, failures = 0 WHERE shipment_id = ?",
        [
            (_seconds(p.next_poll_at), at, p.no_data.value if p.no_data else None, p.shipment_id)
            for p in rows
            if not p.failed
        ]
        or [(None, None, None, -1)],
    )
    db.exec_driver_sql(
        "UPDATE watch SET next_poll_at = ?, failures = failures + 1 WHERE shipment_id = ?",
        [(_seconds(p.next_poll_at), p.shipment_id) for p in rows if p.failed] or [(None, -1)],
    )


def poll_now(db: Db, shipment_id: int, *, now: datetime) -> None:
    """An unproven push came: ask as soon as the budget allows."""
    db.execute(_watch.update().where(_watch.c.shipment_id == shipment_id).values(next_poll_at=now))


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
    rows = [(_seconds(at), shipment_id) for shipment_id, at in sorted(alarms, key=lambda pair: pair[0])]
    if rows:
        db.exec_driver_sql("UPDATE watch SET alarm_at = ? WHERE shipment_id = ?", rows)


def credentials(db: Db) -> list[tuple[str, str]]:
    """The (source, account) pairs that any watched shipment is asked through."""
    rows = db.execute(
        select(_watch.c.source, _watch.c.account)
        .where(_watch.c.next_poll_at.is_not(None))
        .group_by(_watch.c.source, _watch.c.account)
        .order_by(_watch.c.source, _watch.c.account)
    )
    return [(row[0], row[1]) for row in rows]


def watched(db: Db, source: str, account: str) -> int:
    """How many shipments still wait for scans from a credential."""
    return db.execute(
        select(func.count())
        .select_from(_watch)
        .where(_watch.c.source == source, _watch.c.account == account, _watch.c.next_poll_at.is_not(None))
    ).scalar_one()


def shipments_of_source(db: Db, source: str, account: str) -> list[int]:
    rows = db.execute(
        select(_watch.c.shipment_id)
        .where(_watch.c.source == source, _watch.c.account == account, _watch.c.next_poll_at.is_not(None))
        .order_by(_watch.c.shipment_id)
    )
    return [row[0] for row in rows]


# --- how the sources are doing -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SourceState:
    """One credential's health. ``failing_since`` is the first failure of an unbroken run."""

    source: str
    account: str
    last_ok_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    paused_until: datetime | None = None
    error: str = ""


SOURCE_COLUMNS = "source, account, last_ok_at, failing_since, failures, paused_until, error"


def source_state(db: Db, source: str, account: str) -> SourceState:
    row = db.exec_driver_sql(
        f"SELECT {SOURCE_COLUMNS} FROM source WHERE source = ? AND account = ?", (source, account)
    ).one_or_none()
    return _source_of(row) if row else SourceState(source, account)


def source_states(db: Db) -> list[SourceState]:
    rows = db.exec_driver_sql(f"SELECT {SOURCE_COLUMNS} FROM source ORDER BY source, account")
    return [_source_of(row) for row in rows]


def _source_of(row: Any) -> SourceState:
    source, account, last_ok_at, failing_since, failures, paused_until, error = row
    return SourceState(
        source, account, _instant(last_ok_at), _instant(failing_since), failures, _instant(paused_until), error
    )


def save_source_state(db: Db, state: SourceState) -> None:
    times = (_seconds(state.last_ok_at), _seconds(state.failing_since))
    db.exec_driver_sql(
        f"INSERT OR REPLACE INTO source ({SOURCE_COLUMNS}) VALUES (?,?,?,?,?,?,?)",
        (state.source, state.account, *times, state.failures, _seconds(state.paused_until), state.error),
    )


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else from_seconds(seconds)


def _seconds(at: datetime | None) -> int | None:
    return to_seconds(at) if at else None


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


def ask_soon(db: Db, shipment_id: int, *, at: datetime) -> None:
    """A clock has run out: ask once more before saying so. What is due sooner stays so."""
    db.execute(
        _watch.update().where(_watch.c.shipment_id == shipment_id, _watch.c.next_poll_at > at).values(next_poll_at=at)
    )


def set_aside(db: Db, shipment_id: int, error: str, *, until: datetime, now: datetime) -> None:
    """One shipment that our own fault can't take: it waits, with its error on record, and holds up nobody else."""
    db.execute(_watch.update().where(_watch.c.shipment_id == shipment_id).values(next_poll_at=until))
    facts.append(db, [FactRow("shipment", str(shipment_id), "set_aside", now, words=error[:MAX_ERROR_TEXT])])
