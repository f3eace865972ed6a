"""Which couriers a collector sends on which day, as its dispatcher confirmed it: facts of the collector."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from store import facts, tables
from store.base import Db
from store.facts import FactRow
from store.tables import table

_fact = table(tables.Fact)
SUBJECT, EVENT = "collector", "roster"
LOOKED_BACK = 200
"""Confirmations that are looked through for a day: rosters are confirmed some days ahead."""


@dataclass(frozen=True, slots=True)
class Roster:
    """Who comes on a day (ISO), and who of those asked about doesn't."""

    day: str
    here: tuple[str, ...]
    away: tuple[str, ...]
    at: datetime


def confirm(db: Db, collector: str, day: str, *, here: list[str], away: list[str], now: datetime, channel: str) -> None:
    data = {"day": day, "here": sorted(here), "away": sorted(away)}
    facts.append(db, [FactRow(SUBJECT, collector, EVENT, now, collector, channel, data=data)])


def of_day(db: Db, day: str, collector: str | None = None) -> dict[str, Roster]:
    """By collector: the last confirmation for that day."""
    mine = (_fact.c.subject_type == SUBJECT) & (_fact.c.event == EVENT)
    if collector is not None:
        mine &= _fact.c.subject_id == collector
    rows = db.execute(select(_fact).where(mine).order_by(_fact.c.id.desc()).limit(LOOKED_BACK))
    found: dict[str, Roster] = {}
    for fact in map(facts.to_row, rows):
        if fact.data["day"] == day and fact.subject_id not in found:
            found[fact.subject_id] = Roster(day, tuple(fact.data["here"]), tuple(fact.data["away"]), fact.at)
    return found


def away_on(db: Db, day: str) -> frozenset[str]:
    """The couriers who don't come that day. A roster that nobody confirmed takes nobody away."""
    return frozenset(one for roster in of_day(db, day).values() for one in roster.away)
