"""What a person says of a parcel against its scans: received, or lost. Facts on the shipment; carriers' events stay as they are."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from store import facts, tables
from store.base import Db
from store.facts import FactRow
from store.tables import table

_watch = table(tables.Watch)


class Mark(StrEnum):
    RECEIVED = "received"
    LOST = "lost"


UNMARKED = "unmarked"
MARK_OF = {f"marked_{mark.value}": mark for mark in Mark}
"""The facts by which a person says it; what customers say is theirs and changes nothing here."""
EVENT_OF = {mark: event for event, mark in MARK_OF.items()}
NOTHING: dict[str, Any] = {"note": "", "note_at": None}


def columns_of(history: Iterable[FactRow]) -> dict[str, Any]:
    """The columns of a shipment's watch that its facts amount to."""
    said = _said(history)
    return {"note": MARK_OF[said.event].value, "note_at": said.at} if said else NOTHING


def write(db: Db, shipment_id: int, event: str, *, at: datetime, by: str | None, channel: str, words: str) -> None:
    """Put a mark, or its undoing (UNMARKED), on record."""
    fact = FactRow("shipment", str(shipment_id), event, at, by, channel, words)
    facts.append(db, [fact])
    db.execute(_watch.update().where(_watch.c.shipment_id == shipment_id).values(**columns_of([fact])))


def last(db: Db, shipment_id: int) -> FactRow | None:
    """The mark that stands: who said it, when and why."""
    return _said(facts.history(db, "shipment", str(shipment_id)))


def _said(history: Iterable[FactRow]) -> FactRow | None:
    """The last mark, where nobody took it back."""
    said = [fact for fact in history if fact.event in MARK_OF or fact.event == UNMARKED]
    return said[-1] if said and said[-1].event != UNMARKED else None
