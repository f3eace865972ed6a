"""How each credential of each source is doing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store import facts
from store.base import Db
from store.facts import FactRow
from store.tables import maybe_from_seconds, maybe_to_seconds


@dataclass(frozen=True, slots=True)
class SourceState:
    """One credential's health. ``failing_since`` is the first failure of an unbroken run; ``used_up_until``: when a long
    budget, its money, or the source's own quota allows questions again. ``stood_in``: others are asked in its stead.
    """

    source: str
    account: str
    last_ok_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    paused_until: datetime | None = None
    error: str = ""
    used_up_until: datetime | None = None
    stood_in: bool = False


RECOVERED = "recovered"


def note_outage(db: Db, value: SourceState, since: datetime, *, now: datetime) -> None:
    """Keep on record from when until when a source answered nothing."""
    name = f"{value.source}/{value.account}"
    facts.append(db, [FactRow("source", name, RECOVERED, now, data={"since": since.isoformat()})])


def outages(db: Db, *, since: datetime) -> dict[tuple[str, str], list[tuple[datetime, datetime]]]:
    """The outages that ended after ``since``, by source and account."""
    found: dict[tuple[str, str], list[tuple[datetime, datetime]]] = {}
    for one in states(db):
        for fact in facts.history(db, "source", f"{one.source}/{one.account}"):
            if fact.event == RECOVERED and fact.at > since and "since" in fact.data:
                span = datetime.fromisoformat(fact.data["since"]), fact.at
                found.setdefault((one.source, one.account), []).append(span)
    return found


COLUMNS = "source, account, last_ok_at, failing_since, failures, paused_until, error, used_up_until, stood_in"
RENEWED = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS.split(", ")[2:])


def state(db: Db, source: str, account: str) -> SourceState:
    row = db.exec_driver_sql(
        f"SELECT {COLUMNS} FROM source WHERE source = ? AND account = ?", (source, account)
    ).one_or_none()
    return _of(row) if row else SourceState(source, account)


def states(db: Db) -> list[SourceState]:
    return [_of(row) for row in db.exec_driver_sql(f"SELECT {COLUMNS} FROM source ORDER BY source, account")]


def _of(row: Any) -> SourceState:
    source, account, last_ok_at, failing_since, failures, paused_until, error, used_up_until, stood_in = row
    return SourceState(
        source,
        account,
        maybe_from_seconds(last_ok_at),
        maybe_from_seconds(failing_since),
        failures,
        maybe_from_seconds(paused_until),
        error,
        maybe_from_seconds(used_up_until),
        bool(stood_in),
    )


def save(db: Db, value: SourceState) -> None:
    db.exec_driver_sql(
        f"INSERT INTO source ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (source, account) DO UPDATE SET {RENEWED}",
        (
            value.source,
            value.account,
            maybe_to_seconds(value.last_ok_at),
            maybe_to_seconds(value.failing_since),
            value.failures,
            maybe_to_seconds(value.paused_until),
            value.error,
            maybe_to_seconds(value.used_up_until),
            value.stood_in,
        ),
    )
