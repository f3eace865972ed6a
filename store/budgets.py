"""Call budgets per credential, held across every process that uses the database."""

from collections.abc import Iterable
from datetime import datetime

from store.base import Db
from store.tables import from_seconds, to_seconds

Windows = Iterable[tuple[int, int]]
"""(calls, per_s) pairs that all hold at once."""


def window_start(now: datetime, per_s: int) -> datetime:
    """Windows are aligned to the epoch: one of a day turns at 00:00 UTC."""
    seconds = to_seconds(now)
    return from_seconds(seconds - seconds % per_s)


def take(db: Db, credential: str, windows: Windows, *, now: datetime, wanted: int) -> int:
    """Spend up to ``wanted`` calls; returns how many every window still allows."""
    limits = {per_s: calls for calls, per_s in windows}
    starts = {per_s: to_seconds(window_start(now, per_s)) for per_s in limits}
    rows = db.exec_driver_sql("SELECT per_s, window_at, used FROM budget WHERE credential = ?", (credential,))
    used = {row[0]: row[2] for row in rows if row[1] == starts.get(row[0])}
    allowed: int = max(min([wanted, *(calls - used.get(per_s, 0) for per_s, calls in limits.items())]), 0)
    if allowed and limits:
        db.exec_driver_sql(
            "INSERT INTO budget (credential, per_s, window_at, used) VALUES (?,?,?,?)"
            " ON CONFLICT (credential, per_s) DO UPDATE SET window_at = excluded.window_at, used = excluded.used",
            [(credential, per_s, starts[per_s], used.get(per_s, 0) + allowed) for per_s in limits],
        )
    return allowed
