"""Many new rows in few statements: most of what a row costs on its way into a table is paid once for each statement."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from store import postgres
from store.base import Db

MOST_VALUES = 900
"""Values of one statement: below SQLite's smallest default limit of 999 parameters."""
NARROWER = 4
"""What the widest statements leave over goes by others of a fourth of their rows, and so on: few statements are worth remembering."""


def insert(db: Db, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Append the rows, in their order, to a table and its columns, ``scan (parcel_id, key)``. None of them may be there."""
    if rows and postgres.is_postgres(db):
        postgres.copy(db, into, rows)
    elif rows:
        _insert(db, into, rows, f"({','.join('?' * len(rows[0]))})")


def _insert(db: Db, into: str, rows: Sequence[tuple[Any, ...]], marks: str) -> None:
    done, size = 0, MOST_VALUES // len(rows[0])
    while done < len(rows):
        statement = f"INSERT INTO {into} VALUES {','.join([marks] * size)}"
        while done + size <= len(rows):
            db.exec_driver_sql(statement, tuple(chain.from_iterable(rows[done : done + size])))
            done += size
        size = max(size // NARROWER, 1)
