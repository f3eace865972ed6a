"""Call budgets per credential, held across every process that uses the database, in any window of their length.

A sliding log: what was spent is kept under the moment at which it was, for as long as the window reaches back. Long
windows round that moment up, so that a day costs hundreds of rows and not one for each tick; rounding up only ever
waits longer, by less than half a percent of the window.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from store.base import Db

STEPS = 256
"""Moments that a long window is kept in."""


IN_REACH = "at_ms > ? AND at_ms <= ?"
COUNTS = f"credential = ? AND per_s = ? AND {IN_REACH}"
"""What a window counts. More than its length ahead of now is what a clock wrote that has been put back since."""


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``calls`` in any ``per_s`` seconds; the last ``kept`` of them are for what is urgent."""

    calls: int
    per_s: int
    kept: int = 0


Windows = Iterable[Window]


def take(
    db: Db, credential: str, windows: Windows, *, now: datetime, wanted: int, urgent: int = 0, least: int = 1
) -> int:
    """Spend up to ``wanted`` calls, the first ``urgent`` of them also from what is kept; returns how many every window
    allows. Fewer than ``least`` would be of no use: then none is spent.
    """
    limits = tuple(windows)
    free = left(db, credential, limits, now=now)
    allowed = min([wanted, *(max(min(urgent, free[w]), free[w] - w.kept, 0) for w in limits)])
    if allowed < least:
        return 0
    spend(db, credential, limits, allowed, now=now)
    return allowed


def left(db: Db, credential: str, windows: Windows, *, now: datetime) -> dict[Window, int]:
    """How many calls each window still allows now; below 0 where a limit was lowered."""
    return {window: window.calls - spent(db, credential, window.per_s, now=now) for window in windows}


def spent(db: Db, credential: str, per_s: int, *, now: datetime) -> int:
    """What was spent in the ``per_s`` seconds until now."""
    row = db.exec_driver_sql(
        f"SELECT coalesce(sum(used), 0) FROM budget WHERE {COUNTS}", (credential, per_s, *_reach(now, per_s))
    ).one()
    return int(row[0])


def spend(db: Db, credential: str, windows: Windows, calls: int, *, now: datetime) -> None:
    """Note calls that are made now, and forget what no window reaches back to."""
    if calls <= 0:
        return
    for per_s in {window.per_s for window in windows}:
        db.exec_driver_sql(
            f"DELETE FROM budget WHERE credential = ? AND per_s = ? AND NOT ({IN_REACH})",
            (credential, per_s, *_reach(now, per_s)),
        )
        db.exec_driver_sql(
            "INSERT INTO budget (credential, per_s, at_ms, used) VALUES (?,?,?,?)"
            " ON CONFLICT (credential, per_s, at_ms) DO UPDATE SET used = budget.used + excluded.used",
            (credential, per_s, _kept_at(now, per_s), calls),
        )


def free_again(db: Db, credential: str, window: Window, *, now: datetime) -> datetime | None:
    """When a window that allows nothing (or only what is urgent) allows something again; None where it does now."""
    over = spent(db, credential, window.per_s, now=now) - (window.calls - window.kept) + 1
    if over <= 0:
        return None
    rows = db.exec_driver_sql(
        f"SELECT at_ms, used FROM budget WHERE {COUNTS} ORDER BY at_ms",
        (credential, window.per_s, *_reach(now, window.per_s)),
    )
    for at_ms, used in rows.all():
        over -= used
        if over <= 0:
            return _instant(at_ms) + timedelta(seconds=window.per_s)
    return now + timedelta(seconds=window.per_s)


def _reach(now: datetime, per_s: int) -> tuple[int, int]:
    return _ms(now) - per_s * 1000, _ms(now) + per_s * 1000


def _kept_at(now: datetime, per_s: int) -> int:
    """The moment under which a call of now is kept: itself, or the end of its step of a long window."""
    step = max(per_s * 1000 // STEPS, 1) if per_s > STEPS else 1
    return -(-_ms(now) // step) * step


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
