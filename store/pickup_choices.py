"""What the plans of a day said of returns that could have waited: what each costs today and later."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from store import tables
from store.base import Db
from store.facts import to_row
from store.tables import table

_fact = table(tables.Fact)
PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class Choice:
    """One return: does it wait, and the cents that it adds today and on average later, None where nobody knows."""

    ref: str
    waits: bool
    now_cents: int | None
    later_cents: int | None


@dataclass(frozen=True, slots=True)
class Bought:
    """One return that a carrier fetches cheaper: what it takes, and what our route would have added."""

    ref: str
    carrier_cents: int
    route_cents: int | None


@dataclass(frozen=True, slots=True)
class Choices:
    """Of one plan of a depot: those that could have waited, the waiting ones first, the dearest first; and those left to carriers."""

    depot: str
    lines: tuple[Choice, ...]
    bought: tuple[Bought, ...] = ()

    @property
    def waiting(self) -> int:
        return sum(line.waits for line in self.lines)

    @property
    def saved_cents(self) -> int:
        """What those that wait would add today above what they add later: each alone, and the future is a guess."""
        known = ((line.now_cents, line.later_cents) for line in self.lines if line.waits)
        return sum(now - later for now, later in known if now is not None and later is not None)


def of_day(db: Db, since: datetime, until: datetime) -> list[Choices]:
    """The choices of the plans written in a span of time, in order."""
    rows = db.execute(
        select(_fact)
        .where(
            _fact.c.subject_type == "depot",
            _fact.c.event == PLANNED,
            _fact.c.at >= since,
            _fact.c.at < until,
        )
        .order_by(_fact.c.id)
    )
    found = [(row.subject_id, to_row(row).data) for row in rows]
    return [_choices(depot, data) for depot, data in found if data.get("choices") or data.get("carriers")]


def _choices(depot: str, data: Mapping[str, Any]) -> Choices:
    lines = [Choice(ref, one["wait"], one["now"], one["later"]) for ref, one in data.get("choices", {}).items()]
    bought = [Bought(ref, one["carrier"], one["route"]) for ref, one in data.get("carriers", {}).items()]
    return Choices(
        depot, tuple(sorted(lines, key=lambda line: (not line.waits, -(line.now_cents or 0), line.ref))), tuple(bought)
    )
