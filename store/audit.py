"""The record of what people did with data and rights: refusals, reveals, exports, roles, erasures; paged by the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, text

from store import tables
from store.base import Db
from store.facts import FactRow, to_row
from store.tables import table

_fact = table(tables.Fact)
AUDITED = text("(subject_type = 'person' OR event IN ('revealed', 'act_refused', 'linked', 'unlinked', 'released'))")
"""The very words of the index ``fact_audit``: it is used for a condition that reads like its own."""


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    fact: FactRow


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first; ``older``: where the next page begins, None on the last one."""

    entries: list[Entry]
    older: int | None


def page(
    db: Db,
    *,
    person: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Page:
    """What one person did or had done to them (``person`` '' everybody), from ``since`` to before ``until``."""
    conditions: list[Any] = [AUDITED]
    if person:
        about = (_fact.c.subject_type == "person") & (_fact.c.subject_id == person)
        conditions.append(or_(_fact.c.by == person, about))
    if since:
        conditions.append(_fact.c.at >= since)
    if until:
        conditions.append(_fact.c.at < until)
    if before is not None:
        conditions.append(_fact.c.id < before)
    rows = db.execute(select(_fact).where(*conditions).order_by(_fact.c.id.desc()).limit(limit + 1)).all()
    entries = [Entry(row.id, to_row(row)) for row in rows[:limit]]
    return Page(entries, entries[-1].id if len(rows) > limit else None)
