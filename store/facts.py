"""The append-only log: writing an entry and reading a subject's history."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from store.base import Db
from store.tables import Fact, from_json, from_seconds, table, to_json, to_seconds

_fact = table(Fact)


@dataclass(frozen=True, slots=True)
class FactRow:
    """One entry of the log: what happened to which subject, when, by whom, through which channel."""

    subject_type: str
    subject_id: str
    event: str
    at: datetime
    by: str | None = None
    channel: str = ""
    words: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def append(db: Db, rows: Iterable[FactRow]) -> None:
    """Write entries, in order."""
    values = [
        (r.subject_type, r.subject_id, r.event, to_seconds(r.at), r.by, r.channel, r.words, to_json(r.data))
        for r in rows
    ]
    if values:
        db.exec_driver_sql(
            'INSERT INTO fact (subject_type, subject_id, event, at, "by", channel, words, data) VALUES (?,?,?,?,?,?,?,?)',
            values,
        )


def history(db: Db, subject_type: str, subject_id: str) -> list[FactRow]:
    """A subject's entries in the order in which they were written."""
    rows = db.execute(
        select(_fact).where(_fact.c.subject_type == subject_type, _fact.c.subject_id == subject_id).order_by(_fact.c.id)
    )
    return [to_row(row) for row in rows]


IN_LIMIT = 500


def histories(db: Db, subject_type: str, subject_ids: Sequence[str]) -> dict[str, list[FactRow]]:
    """The entries of several subjects, each one's in the order in which they were written."""
    found: dict[str, list[FactRow]] = {one: [] for one in subject_ids}
    for one, event, at, by, channel, words, data in entries(db, subject_type, subject_ids):
        found[one].append(FactRow(subject_type, one, event, at, by, channel, words, data))
    return found


Entry = tuple[str, str, datetime, str | None, str, str, dict[str, Any]]
"""A subject's id, and of one of its entries: event, at, by, channel, words, data."""


def entries(db: Db, subject_type: str, subject_ids: Sequence[str]) -> Iterator[Entry]:
    """The entries of several subjects, each one's in the order in which they were written."""
    for start in range(0, len(subject_ids), IN_LIMIT):
        chunk = subject_ids[start : start + IN_LIMIT]
        rows = db.exec_driver_sql(
            'SELECT subject_id, event, at, "by", channel, words, data FROM fact WHERE subject_type = ? AND subject_id IN'
            f" ({','.join('?' * len(chunk))}) ORDER BY id",
            (subject_type, *chunk),
        ).all()
        for one, event, at, by, channel, words, data in rows:
            yield one, event, from_seconds(at), by, channel, words, from_json(data)


def to_row(row: Any) -> FactRow:
    return FactRow(row.subject_type, row.subject_id, row.event, row.at, row.by, row.channel, row.words, dict(row.data))
