"""Work in hand: a process holds what it does by the work's name, so that no other one begins it meanwhile.

A hold ends by itself where it isn't renewed. Who takes it after that is told that the one before never let go.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from store.base import Db
from store.tables import from_json, to_json, to_seconds


@dataclass(frozen=True, slots=True)
class Hold:
    """``held``: somebody has it in hand. ``broken``: whoever had it last never let go. ``new``: nobody ever had it."""

    held: bool = False
    broken: bool = False
    new: bool = False
    state: dict[str, Any] = field(default_factory=dict)


def look(db: Db, name: str, *, now: datetime) -> Hold:
    row = db.exec_driver_sql("SELECT holder, until, state FROM hold WHERE name = ?", (name,)).one_or_none()
    if row is None:
        return Hold(new=True)
    held = bool(row.holder) and row.until > to_seconds(now)
    return Hold(held, broken=bool(row.holder) and not held, state=from_json(row.state))


def take(db: Db, name: str, holder: str, *, now: datetime, until: datetime) -> Hold | None:
    """Take it in hand, as the one before left it; None where somebody has it."""
    found = look(db, name, now=now)
    if found.held:
        return None
    db.exec_driver_sql(
        "INSERT INTO hold (name, holder, until, state) VALUES (?,?,?,?)"
        " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until",
        (name, holder, to_seconds(until), to_json(found.state)),
    )
    return found


def renew(db: Db, name: str, holder: str, *, until: datetime, state: dict[str, Any]) -> bool:
    """Hold it on; False where another has it by now."""
    values = (to_seconds(until), to_json(state), name, holder)
    return (
        db.exec_driver_sql("UPDATE hold SET until = ?, state = ? WHERE name = ? AND holder = ?", values).rowcount == 1
    )


def let_go(db: Db, name: str, holder: str, *, now: datetime, state: dict[str, Any], well: bool) -> None:
    """Others may have it. ``well``: nothing that was begun is left open."""
    values = ("" if well else holder, to_seconds(now), to_json(state), name, holder)
    db.exec_driver_sql("UPDATE hold SET holder = ?, until = ?, state = ? WHERE name = ? AND holder = ?", values)
