"""PostgreSQL as the second store: what its dialect needs, so that the other modules of this room say everything once.

The statements of this room are written for both engines. What differs is here: how an engine is opened, `?` as the place of a
value, the few functions that only SQLite has, and schema words. One writer at a time on both: a change takes an advisory lock with
its transaction (docs/decisions, 8), a look is one repeatable-read snapshot that can't write.
"""

import importlib.util
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Engine, Integer, create_engine, event, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateColumn, CreateIndex

from domain.errors import RuleError

SCHEMES = ("postgresql", "postgres")
WRITING = 0x646F6F72  # "door": the advisory lock of whoever changes something; such locks belong to one database
LEADING = WRITING + 1  # of the one daemon that ticks, for as long as its writing connection lives
READERS = 8
INSTEAD_OF_NUL = "\N{REPLACEMENT CHARACTER}"
OLDEST = 14
CONNECT_S = 10
LOCALES = frozenset({"C", "POSIX", "C.UTF-8", "C.UTF8"})
SESSION = {  # milliseconds: nobody holds the lock for ever, not even over a connection that died
    "lock_timeout": 60_000,
    "idle_in_transaction_session_timeout": 60_000,
}
KEPT_ALIVE_S = {"tcp_keepalives_idle": 4, "tcp_keepalives_interval": 3, "tcp_keepalives_count": 2}
"""The server lets go of a machine that is gone, and of its locks, within ten seconds."""


class Led(RuleError):
    """Another daemon ticks on this database."""


# What SQLite has and PostgreSQL hasn't. max and min of two values: NULL where one of them is (hence STRICT).
FUNCTIONS = """
CREATE OR REPLACE FUNCTION max(a bigint, b bigint) RETURNS bigint IMMUTABLE STRICT LANGUAGE sql AS 'SELECT greatest(a, b)';
CREATE OR REPLACE FUNCTION min(a bigint, b bigint) RETURNS bigint IMMUTABLE STRICT LANGUAGE sql AS 'SELECT least(a, b)';
CREATE OR REPLACE FUNCTION instr(a text, b text) RETURNS integer IMMUTABLE STRICT LANGUAGE sql AS 'SELECT strpos(a, b)';
CREATE OR REPLACE FUNCTION json_extract(a text, path text) RETURNS text IMMUTABLE STRICT LANGUAGE sql
  AS 'SELECT jsonb_path_query_first(a::jsonb, path::jsonpath) #>> ''{}''';
CREATE OR REPLACE FUNCTION json_each(a text) RETURNS TABLE (value text) IMMUTABLE STRICT LANGUAGE sql
  AS 'SELECT jsonb_array_elements(a::jsonb) #>> ''{}''';
CREATE OR REPLACE FUNCTION count_true(n bigint, b boolean) RETURNS bigint IMMUTABLE LANGUAGE sql
  AS 'SELECT CASE WHEN b IS NULL THEN n ELSE coalesce(n, 0) + b::int END';
CREATE OR REPLACE AGGREGATE sum(boolean) (SFUNC = count_true, STYPE = bigint);
CREATE OR REPLACE AGGREGATE min(boolean) (SFUNC = booland_statefunc, STYPE = boolean);
CREATE OR REPLACE AGGREGATE max(boolean) (SFUNC = boolor_statefunc, STYPE = boolean);
"""


def is_postgres(db: Connection) -> bool:
    return db.dialect.name == "postgresql"


def url_of(dsn: str) -> URL:
    """Raises RuleError where it is no address of a PostgreSQL database, or the driver isn't installed."""
    try:
        url = make_url(dsn)
    except ArgumentError as exc:
        raise RuleError("store.url: can't be read; write it like postgresql://user@host/database") from exc
    if url.drivername.partition("+")[0] not in SCHEMES or not url.database:
        raise RuleError("store.url: must name a PostgreSQL database, like postgresql://user@host/database")
    have("psycopg")
    return url.set(drivername="postgresql+psycopg")


def is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def have(package: str) -> None:
    """Raises RuleError where what PostgreSQL needs isn't installed."""
    if not is_installed(package):
        raise RuleError('PostgreSQL needs its driver: install Doorstep with it, `uv tool install "doorstep[postgres]"`')


def shown(dsn: str) -> str:
    """The address without its password."""
    return url_of(dsn).set(drivername="postgresql").render_as_string(hide_password=True)


def address(dsn: str) -> str:
    """The address as the driver takes it, with its password."""
    return url_of(dsn).set(drivername="postgresql").render_as_string(hide_password=False)


def engine(dsn: str, *, query_only: bool, leads: bool = False) -> Engine:
    """Connections to the database: one that changes, or some that look. ``leads``: no change but by the one daemon that ticks;
    where that is another one by now, each raises Led.
    """
    made = create_engine(
        url_of(dsn),
        pool_size=READERS if query_only else 1,
        max_overflow=READERS if query_only else 0,
        pool_pre_ping=True,  # a server that was restarted costs nothing but a new connection
        execution_options={"preserve_rowcount": True},  # the driver forgets it when a cursor is closed
        hide_parameters=True,  # an error is logged, and its parameters are people
        connect_args={"connect_timeout": CONNECT_S, "application_name": "doorstep"},
    )
    event.listen(made, "connect", _prepare)
    if leads:
        event.listen(made, "begin", _lead)
    event.listen(made, "begin", _look if query_only else _change)
    event.listen(made, "before_cursor_execute", _driver_sql, retval=True)
    return made


def copy(db: Connection, into: str, rows: Iterable[Sequence[Any]]) -> None:
    """Append rows to a table and its columns, ``scan (parcel_id, key)``: none of them may be there. What the driver raises is a
    DBAPIError, as of every other statement.
    """
    statement, driver = f"COPY {into} FROM STDIN", db.dialect.loaded_dbapi
    try:
        with db.connection.cursor() as cursor, cursor.copy(statement) as copied:  # type: ignore[attr-defined]
            for row in rows:
                copied.write_row(row)
    except driver.Error as exc:
        raise DBAPIError.instance(statement, None, exc, driver.Error, hide_parameters=True, dialect=db.dialect) from exc


def vacuum(made: Engine) -> None:
    """Have the server drop the old versions of rows, now."""
    with made.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.exec_driver_sql("VACUUM")


def ready(db: Connection) -> None:
    """Before migrations: the database is fit for us, and has the functions that statements use. Raises RuleError."""
    version = int(db.exec_driver_sql("SELECT current_setting('server_version_num')").scalar_one()) // 10_000
    if version < OLDEST:
        raise RuleError(f"store.url: the server is PostgreSQL {version}; Doorstep needs {OLDEST} or newer")
    name, encoding, locale = db.exec_driver_sql(
        "SELECT datname, pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = current_database()"
    ).one()
    if encoding != "UTF8" or locale not in LOCALES:
        raise RuleError(
            f"store.url: database {name} has encoding {encoding} and locale {locale}; texts must sort by their code points,"
            f" so make it with `createdb --template=template0 --encoding=UTF8 --locale=C {name}`"
        )
    tables = set(inspect(db).get_table_names())
    if tables and "alembic_version" not in tables:
        raise RuleError(
            f"store.url: database {name} belongs to something else (it has tables like {min(tables)}): name one of our own"
        )
    for statement in FUNCTIONS.split(";\n"):
        if statement.strip():
            db.exec_driver_sql(statement)


def refused(dsn: str, exc: DBAPIError) -> RuleError:
    """Why the database couldn't be opened, and what to do."""
    said = " ".join(str(exc.orig).split())
    fixes = (
        ("does not exist", "create the database (or the user) first: `createdb --template=template0 --encoding=UTF8 --locale=C NAME`"),
        ("authentication failed", "check the user and the password (`url_file` keeps them out of the settings)"),
        ("no password supplied", "give the password in the address, best by `url_file`"),
        ("permission denied", "the user must own the database: `ALTER DATABASE … OWNER TO …`"),
        ("read-only transaction", "this server is a standby: name the primary"),
    )  # fmt: skip
    fix = next((fix for part, fix in fixes if part in said), "check host and port, and that the server runs")
    return RuleError(f"store.url: {shown(dsn)} can't be used ({said[:300]}): {fix}")


def _prepare(connection: Any, _record: object) -> None:
    from psycopg.types.numeric import FloatLoader
    from psycopg.types.string import StrDumper, StrDumperUnknown

    class Sum(FloatLoader):
        """What `sum` and `avg` of whole numbers give is one again."""

        def load(self, data: Any) -> Any:
            value = bytes(data)
            return int(value) if value.lstrip(b"-").isdigit() else float(value)

    connection.adapters.register_loader("numeric", Sum)
    for dumper in (StrDumper, StrDumperUnknown):
        connection.adapters.register_dumper(str, _without_nul(dumper))
    with connection.cursor() as cursor:
        for name, value in (SESSION | KEPT_ALIVE_S).items():
            cursor.execute(f"SET {name} = {value}")
    connection.commit()


@lru_cache
def _without_nul(dumper: Any) -> Any:
    """A text with a NUL can't be stored here; what a carrier sent must not be lost for it."""

    class Dumper(dumper):  # type: ignore[misc]  # psycopg's own class
        def dump(self, obj: str) -> Any:
            return super().dump(_kept(obj))

    return Dumper


def as_kept(db: Connection, text: str) -> str:
    """A text as it is found again."""
    return _kept(text) if is_postgres(db) else text


def _kept(text: str) -> str:
    return text.replace("\0", INSTEAD_OF_NUL) if "\0" in text else text


def _change(db: Connection) -> None:
    # the lock is the transaction's first statement: what follows sees all that was committed before it was taken
    db.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITING})")


def _lead(db: Connection) -> None:
    """The lock belongs to the connection: a new one, after the server was away, must get it again."""
    if db.info.get("leads"):
        return
    if not db.exec_driver_sql(f"SELECT pg_try_advisory_lock({LEADING})").scalar():
        raise Led("store.url: another daemon ticks on this database")
    db.info["leads"] = True


@contextmanager
def held(dsn: str) -> Iterator[Connection]:
    """A connection outside of any transaction, while no daemon ticks. Raises RuleError where one does, or the database can't be used."""
    made = create_engine(url_of(dsn), poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True)
    try:
        with made.connect() as db:
            if not db.exec_driver_sql(f"SELECT pg_try_advisory_lock({LEADING})").scalar():
                raise Led("store.url: a daemon is using this database; stop it first (doorstep run?)")
            yield db
    except OperationalError as exc:
        raise refused(dsn, exc) from exc


def _look(db: Connection) -> None:
    db.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _driver_sql(
    _db: Connection, _cursor: object, statement: str, parameters: Any, context: Any, _many: bool
) -> tuple[str, Any]:
    compiled = context is not None and context.compiled is not None
    return (statement if compiled else translated(statement)), parameters


@lru_cache(maxsize=4_096)
def translated(statement: str) -> str:
    """A statement with `?` for its values, as the driver wants it: `%s`, and a `%` that is meant is doubled. The end of a text
    is asked for by its own name: PostgreSQL's `substr` knows no negative place. `+column` keeps only SQLite from an index.
    """
    statement = re.sub(r"(?<=[( ])\+(?=[a-z])", "", statement)
    statement = re.sub(r"\bsubstr\(([\w.]+), -(\d+)\)", r"right(\1, \2)", statement)
    return re.sub(r"'[^']*'|\?", lambda m: "%s" if m[0] == "?" else m[0], statement.replace("%", "%%"))


# --- schema words ----------------------------------------------------------------------------------------------------


@compiles(Integer, "postgresql")
def _integer(_type: Integer, compiler: Any, **kw: Any) -> str:
    """Whole numbers of columns have 64 bits on both."""
    of_column = kw.get("type_expression") is not None
    return str(compiler.visit_big_integer(BigInteger(), **kw) if of_column else compiler.visit_integer(_type, **kw))


@compiles(CreateColumn, "postgresql")
def _column(element: CreateColumn, compiler: Any, **kw: Any) -> str:
    return re.sub(r"(?<= )SERIAL\b", "BIGSERIAL", str(compiler.visit_create_column(element, **kw)))


@compiles(CreateIndex, "postgresql")
def _index(element: CreateIndex, compiler: Any, **kw: Any) -> str:
    """An index over a part of its table is one over the same part here."""
    options = element.element.dialect_options
    options["postgresql"]["where"] = (
        options["postgresql"]["where"] if options["postgresql"]["where"] is not None else options["sqlite"]["where"]
    )
    return str(compiler.visit_create_index(element, **kw))
