"""The few questions that each database engine is asked in words of its own."""

from typing import Any

from sqlalchemy import ColumnElement, inspect, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import String

from store.base import Db
from store.postgres import is_postgres


def integrity(db: Db) -> str:
    """Either `ok`, or what the engine finds broken in its own file; a PostgreSQL server looks after its pages itself."""
    return "ok" if is_postgres(db) else str(db.exec_driver_sql("PRAGMA integrity_check").scalar())


def engine(db: Db) -> str:
    """The engine's name and version, as people say them."""
    if is_postgres(db):
        return "PostgreSQL " + str(db.exec_driver_sql("SHOW server_version").scalar()).split()[0]
    return f"SQLite {db.exec_driver_sql('SELECT sqlite_version()').scalar()}"


def size(db: Db) -> int:
    """Bytes of the database."""
    if is_postgres(db):
        return int(db.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
    pages, page = (db.exec_driver_sql(f"PRAGMA {of}").scalar_one() for of in ("page_count", "page_size"))
    return int(pages) * int(page)


def schema(db: Db) -> str:
    """The revision of the schema."""
    return str(db.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())


def tables(db: Db) -> list[str]:
    """The names of all tables."""
    return sorted(inspect(db).get_table_names())


def guard_of(db: Db, trigger: str) -> str:
    """What a trigger does, in SQL; empty where it is missing or switched off."""
    if is_postgres(db):
        query = (
            "SELECT p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE t.tgname = ? AND t.tgenabled IN ('O', 'A')"
        )
    else:
        query = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?"
    return str(db.exec_driver_sql(query, (trigger,)).scalar() or "")


class Ending(FunctionElement[str]):
    """The last characters of a column, as its index has them: ``ending(column, 4)``."""

    type = String()
    inherit_cache = True


def ending(column: Any, length: int) -> ColumnElement[str]:
    return Ending(column, literal_column(str(length)))


@compiles(Ending)
def _sqlite(element: Ending, compiler: Any, **kw: Any) -> str:
    column, length = (compiler.process(one, **kw) for one in element.clauses)
    return f"substr({column}, -{length})"


@compiles(Ending, "postgresql")
def _postgres(element: Ending, compiler: Any, **kw: Any) -> str:
    column, length = (compiler.process(one, **kw) for one in element.clauses)
    return f"right({column}, {length})"
