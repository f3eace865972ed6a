"""Comparing what is stored with what its facts amount to: shared by the looks of the check."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from store import tables
from store.base import Db
from store.facts import FactRow, to_row
from store.tables import table

_fact = table(tables.Fact)


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored value that its facts don't amount to."""

    subject: str
    column: str
    stored: Any
    rebuilt: Any

    def __str__(self) -> str:
        return f"{self.subject}: {self.column} is {self.stored!r}, its facts amount to {self.rebuilt!r}"


def compare(subject: str, row: Any, rebuilt: Mapping[str, Any]) -> Iterator[Difference]:
    for column, value in rebuilt.items():
        stored = getattr(row, column)
        if stored != value:
            yield Difference(subject, column, stored, value)


def histories(db: Db, subject_type: str) -> dict[str, list[FactRow]]:
    """The facts of every subject of a type, in the order in which they were written."""
    found: dict[str, list[FactRow]] = defaultdict(list)
    for row in db.execute(select(_fact).where(_fact.c.subject_type == subject_type).order_by(_fact.c.id)):
        found[row.subject_id].append(to_row(row))
    return found
