"""A whole SQLite database into an empty PostgreSQL: copied and compared in one transaction, table by table.

Rows are taken as they lie there, not as domain values: a move loses nothing and decides nothing. Guards rest meanwhile, because
what they let in once is not judged again.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, MetaData, Table, inspect, select, text

from domain.errors import RuleError
from store import postgres
from store.base import Db, Store

SCHEMA = "alembic_version"
AT_A_TIME = 10_000
REPLACED = str.maketrans({"\0": postgres.INSTEAD_OF_NUL})


@dataclass(frozen=True, slots=True)
class Moved:
    """A table's rows and their SHA-256, which are the same on both sides."""

    table: str
    rows: int
    digest: str


def move(source: Store, target: Store) -> list[Moved]:
    """Copy every row of an SQLite store to an empty one in PostgreSQL. Raises RuleError, and leaves the target as it was, where
    that holds rows already, or where anything differs afterwards.
    """
    return source.read(lambda old: target.write(_all, old))


def _all(new: Db, old: Db) -> list[Moved]:
    tables = [table for table in _tables(new) if table.name != SCHEMA]
    _refuse_unless_empty(new, tables)
    new.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")  # the other side is read meanwhile
    held = {
        name: [column["name"] for column in inspect(old).get_columns(name)] for name in inspect(old).get_table_names()
    }
    for table in tables:
        _copy(old, new, table, held[table.name])
    moved = [_compared(old, new, table, held[table.name]) for table in tables]
    for table in tables:
        _go_on_numbering(new, table)
    return moved


def _tables(db: Db) -> list[Table]:
    """Every table, before those that refer to it."""
    known = MetaData()
    known.reflect(db)
    return known.sorted_tables


def _refuse_unless_empty(db: Db, tables: Iterable[Table]) -> None:
    for table in tables:
        if db.execute(select(text("1")).select_from(table).limit(1)).first():
            raise RuleError(
                f"store.url: the database holds rows already (in {table.name}); name an empty one: `createdb --template=template0"
                " --encoding=UTF8 --locale=C NAME`"
            )


def _copy(old: Db, new: Db, table: Table, columns: list[str]) -> None:
    new.exec_driver_sql(f"ALTER TABLE {table.name} DISABLE TRIGGER USER")
    driver: Any = new.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({_listed(columns)}) FROM STDIN") as copy:
        order = _order_of_writing(old, table)
        for row in _as_there(_rows(old, table, columns, order), _truths(table, columns)):
            copy.write_row(row)
    new.exec_driver_sql(f"ALTER TABLE {table.name} ENABLE TRIGGER USER")


def _compared(old: Db, new: Db, table: Table, columns: list[str]) -> Moved:
    """Raises RuleError where the two sides differ."""
    truths = _truths(table, columns)
    before, after = (_digest(_as_there(_rows(db, table, columns, _key(table)), truths)) for db in (old, new))
    if before != after:
        raise RuleError(
            f"{table.name}: {before[0]} rows here, {after[0]} there, or their digests differ; nothing was moved: run `doorstep check`"
            " here, then move again"
        )
    return Moved(table.name, *after)


def _rows(db: Db, table: Table, columns: list[str], order: str) -> Iterator[tuple[Any, ...]]:
    ask = f"SELECT {_listed(columns)} FROM {table.name} ORDER BY {order}"
    for some in db.execution_options(stream_results=True).exec_driver_sql(ask).partitions(AT_A_TIME):
        yield from (tuple(row) for row in some)


def _order_of_writing(db: Db, table: Table) -> str:
    """SQLite's own numbers of rows, where the table has them: the other side numbers in the order of copying."""
    made = str(db.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (table.name,)).scalar_one())
    return _key(table) if "WITHOUT ROWID" in made.upper() else "rowid"


def _key(table: Table) -> str:
    return _listed(column.name for column in table.primary_key)


def _truths(table: Table, columns: list[str]) -> frozenset[int]:
    """Which columns hold yes or no: SQLite keeps 1 or 0."""
    return frozenset(n for n, name in enumerate(columns) if isinstance(table.c[name].type, Boolean))


def _as_there(rows: Iterable[tuple[Any, ...]], truths: frozenset[int]) -> Iterator[list[Any]]:
    """Rows as PostgreSQL has them."""
    for row in rows:
        yield [
            bool(value) if n in truths and value is not None
            else value.translate(REPLACED) if isinstance(value, str)
            else bytes(value) if isinstance(value, memoryview)
            else value
            for n, value in enumerate(row)
        ]  # fmt: skip


def _digest(rows: Iterable[list[Any]]) -> tuple[int, str]:
    told, count = hashlib.sha256(), 0
    for row in rows:
        told.update(repr(row).encode())
        count += 1
    return count, told.hexdigest()


def _go_on_numbering(db: Db, table: Table) -> None:
    """The next row gets the number after the greatest."""
    for column in table.columns:
        sequence = db.exec_driver_sql("SELECT pg_get_serial_sequence(?, ?)", (table.name, column.name)).scalar()
        if sequence:
            greatest = db.exec_driver_sql(f"SELECT coalesce(max({column.name}), 0) FROM {table.name}").scalar_one()
            db.exec_driver_sql("SELECT setval(CAST(? AS regclass), ?, false)", (sequence, int(greatest) + 1))


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)
