"""Turns under way: what a process is about to ask is held for it, so that no other one asks the same.

A held shipment stays due all the while. Where its process dies, the name's next turn or the end of the time lets go of it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from store.base import Db
from store.tables import from_json, to_json, to_seconds


@dataclass(frozen=True, slots=True)
class Turn:
    """A claim, not made yet: under which name, until when, of how many calls and numbers at most."""

    id: str
    until: datetime
    calls: int
    numbers: int


def held(db: Db, source: str, account: str, *, now: datetime) -> frozenset[int]:
    """The shipments that a credential is being asked about now."""
    rows = db.exec_driver_sql(
        "SELECT shipments FROM poll_turn WHERE source = ? AND account = ? AND until > ?",
        (source, account, to_seconds(now)),
    )
    return frozenset(one for (shipments,) in rows for one in from_json(shipments))


def hold(db: Db, turn: Turn, source: str, account: str, shipment_ids: Collection[int], *, now: datetime) -> None:
    """Nobody else asks about these before ``turn.until``; rows whose time is over go with it."""
    db.exec_driver_sql("DELETE FROM poll_turn WHERE id = ? OR until <= ?", (turn.id, to_seconds(now)))
    if shipment_ids:
        db.exec_driver_sql(
            "INSERT INTO poll_turn (id, source, account, until, shipments) VALUES (?,?,?,?,?)",
            (turn.id, source, account, to_seconds(turn.until), to_json(sorted(shipment_ids))),
        )


def let_go(db: Db, turn_id: str) -> None:
    """The turn of this name is over."""
    db.exec_driver_sql("DELETE FROM poll_turn WHERE id = ?", (turn_id,))
