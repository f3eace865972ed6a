"""Reading the log on: what happened since a reader looked last, in order, each fact once."""

from collections.abc import Sequence
from typing import Any

from store import people
from store.base import Db
from store.facts import FactRow
from store.tables import from_json, from_seconds

READ_AT_A_TIME, MOST = 5_000, 2_000
"""Facts looked through at once: a long backlog is caught up over several ticks."""


def news(db: Db, reader: str, events: Sequence[tuple[str, str]], *, most: int = MOST) -> list[tuple[int, FactRow]]:
    """At ``most`` so many facts of these (subject type, event) that ``reader`` hasn't read yet, in order, with their ids; they
    count as read.
    """
    since = read_until(db, reader)
    newest = int(db.exec_driver_sql("SELECT coalesce(max(id), 0) FROM fact").scalar() or 0)
    until = min(newest, since + READ_AT_A_TIME)
    if until == since:
        return []
    wanted = " OR ".join("(+subject_type = ? AND event = ?)" for _ in events)  # +: the range of ids is the way in
    rows = db.exec_driver_sql(
        'SELECT id, subject_type, subject_id, event, at, "by", channel, words, data FROM fact'
        f" WHERE id > ? AND id <= ? AND ({wanted}) ORDER BY id LIMIT ?",
        (since, until, *(text for pair in events for text in pair), most),
    ).all()
    people.set_meta(db, reader, str(rows[-1][0] if len(rows) == most else until))
    return [(row[0], _news(row)) for row in rows]


def _news(row: Any) -> FactRow:
    return FactRow(row[1], row[2], row[3], from_seconds(row[4]), row[5], row[6], row[7], from_json(row[8]))


def stop_at(db: Db, reader: str, fact_id: int) -> None:
    """The reader got no further than this fact: the rest comes again."""
    people.set_meta(db, reader, str(fact_id))


def read_until(db: Db, reader: str) -> int:
    return int(people.meta(db, reader) or 0)
