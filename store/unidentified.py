"""Shipments that came without a carrier, and whose number alone doesn't say it for sure: asked of a source that knows
many carriers, then of a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store import asking, facts
from store.base import Db
from store.facts import FactRow
from store.tables import from_json, maybe_to_seconds, to_json, to_seconds

UNKNOWN = "unknown"
"""The carrier of a shipment as long as nobody knows it."""


@dataclass(frozen=True, slots=True)
class Unidentified:
    """``guesses``: carrier codes that it may be of, the likeliest first. ``due_at`` None: only a person can tell."""

    shipment_id: int
    number: str
    guesses: tuple[str, ...]


def add(db: Db, shipment_id: int, guesses: Sequence[str], *, due_at: datetime | None) -> None:
    db.exec_driver_sql(
        "INSERT INTO unidentified (shipment_id, guesses, due_at) VALUES (?,?,?)"
        " ON CONFLICT (shipment_id) DO UPDATE SET guesses = excluded.guesses, due_at = excluded.due_at",
        (shipment_id, to_json(list(guesses)), maybe_to_seconds(due_at)),
    )


def due(db: Db, *, now: datetime, limit: int) -> list[Unidentified]:
    """Those that a source is to be asked about now."""
    rows = db.exec_driver_sql(
        "SELECT u.shipment_id, s.number, u.guesses FROM unidentified u JOIN shipment s ON s.id = u.shipment_id"
        " WHERE u.due_at <= ? ORDER BY u.due_at, u.shipment_id LIMIT ?",
        (to_seconds(now), limit),
    )
    return [_of(row) for row in rows]


def guessed(db: Db, shipment_id: int, guesses: Sequence[str]) -> None:
    """No source can say it: a person is asked, with what it may be."""
    db.exec_driver_sql(
        "UPDATE unidentified SET guesses = ?, due_at = NULL WHERE shipment_id = ?",
        (to_json(list(guesses)), shipment_id),
    )


def waiting(db: Db, *, limit: int) -> list[Unidentified]:
    """Those whose carrier isn't known, whoever is to say it; the oldest first."""
    rows = db.exec_driver_sql(
        "SELECT u.shipment_id, s.number, u.guesses FROM unidentified u JOIN shipment s ON s.id = u.shipment_id"
        " ORDER BY u.due_at IS NOT NULL, u.shipment_id LIMIT ?",
        (limit,),
    )
    return [_of(row) for row in rows]


def _of(row: Sequence[str]) -> Unidentified:
    return Unidentified(int(row[0]), row[1], tuple(from_json(row[2])))


def postpone(db: Db, shipment_ids: Sequence[int], *, until: datetime | None) -> None:
    """Ask later; None: ask a person."""
    if shipment_ids:
        db.exec_driver_sql(
            "UPDATE unidentified SET due_at = ? WHERE shipment_id = ?",
            [(maybe_to_seconds(until), one) for one in shipment_ids],
        )


def identified(
    db: Db,
    shipment_id: int,
    carrier: str,
    sources: Sequence[tuple[str, str]],
    *,
    now: datetime,
    begin: bool,
    region: str = "default",
    correcting: bool = False,
    by: str | None = None,
    channel: str = "",
) -> bool:
    """The carrier is known: its sources are asked from now on, and no others; a region that nobody said is theirs.
    ``begin`` False: only once the first one has taken a subscription. ``correcting``: a person says so of a shipment that had
    a carrier. False where it was said before, or where the same parcel is watched already: then this one is only a second
    mention of it.
    """
    waited = db.exec_driver_sql("DELETE FROM unidentified WHERE shipment_id = ?", (shipment_id,)).rowcount
    known = db.exec_driver_sql("SELECT number, carrier FROM shipment WHERE id = ?", (shipment_id,)).one_or_none()
    if known is None or (not waited and (not correcting or carrier == known[1])):
        return False
    for told in ("asking", "subscription"):
        db.exec_driver_sql(f"DELETE FROM {told} WHERE shipment_id = ?", (shipment_id,))
    taken = db.exec_driver_sql(
        "SELECT id FROM shipment WHERE carrier = ? AND number = ? AND id <> ?", (carrier, known[0], shipment_id)
    ).first()
    if taken is not None:
        db.exec_driver_sql("UPDATE watch SET ended = 'twin', alarm_at = NULL WHERE shipment_id = ?", (shipment_id,))
        return False
    db.exec_driver_sql("UPDATE watch SET ended = '' WHERE shipment_id = ?", (shipment_id,))
    source, account = sources[0]
    db.exec_driver_sql(
        "UPDATE shipment SET carrier = ?, source = ?, account = ?, region = CASE region WHEN '' THEN ? ELSE region END"
        " WHERE id = ?",
        (carrier, source, account, region, shipment_id),
    )
    asking.add(db, shipment_id, sources, next_poll_at=now if begin else None)
    facts.append(db, [FactRow("shipment", str(shipment_id), "identified", now, by, channel, data={"carrier": carrier})])
    return True
