"""Opening the database: one writing thread and connection, many readers, migrations at start-up.

Every change is one function ``change(db, …)`` run by ``Store.write`` in one transaction; every look is one function
run by ``Store.read``. Functions of this room take the open ``Db`` first, so that larger changes are composed of them.
"""

import asyncio
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool, StaticPool

from domain.errors import RuleError
from store import postgres
from store.trouble import DatabaseError, refused, trouble_of
from store.upgrading import bring_up

Db = Connection
"""An open connection inside a transaction."""

Where = Path | str
"""The file of an SQLite database, or the address of one in PostgreSQL."""

P = ParamSpec("P")
T = TypeVar("T")

WRITER = "doorstep-writer"
READERS = 8
BUSY_TIMEOUT_MS = 5_000


class Store:
    """The embedded SQLite database at ``path``: WAL, foreign keys on, one writer that alone checkpoints. With ``url`` the
    PostgreSQL database there; ``path`` then only says beside which name this installation's files lie.

    ``synchronous`` FULL survives a power cut; a simulation may say OFF. Raises RuleError where another process holds
    the file, where the address can't be used, or where it was written by a newer version. ``leads``: of several programs
    on one PostgreSQL database this is the one that ticks; raises postgres.Led where there is another.
    """

    def __init__(self, path: Path, *, url: str = "", leads: bool = False, synchronous: str = "FULL") -> None:
        self.path, self.url = path, url
        path.parent.mkdir(parents=True, exist_ok=True)
        self.led = False  # another daemon ticks by now: nothing is changed here any more
        self.trouble = ""  # why the last change wasn't taken: what is wrong with the database, and what to do
        self._write_engine = _engine(path, url, synchronous, query_only=False, leads=leads)
        self._read_engine = _engine(path, url, synchronous, query_only=True)
        self._lock = None if url else _lock(path)
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix=WRITER)
        try:
            self._writer.submit(_migrate, self._write_engine).result()
        except BaseException as exc:
            self.close()  # a refused database is let go of at once
            if isinstance(exc, DatabaseError):
                raise (postgres.refused(url, exc) if url else refused(path, exc)) from exc
            raise

    @property
    def where(self) -> Where:
        return self.url or self.path

    def write(self, change: Callable[Concatenate[Db, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``change`` in one transaction on the writing thread; it commits unless ``change`` raises.

        A change can't start another: it would wait for itself (raises RuntimeError).
        """
        if threading.current_thread().name.startswith(WRITER):
            raise RuntimeError("a change within a change: compose the functions instead")
        return self._writer.submit(partial(self._change, change, *args, **kwargs)).result()

    async def awrite(self, change: Callable[Concatenate[Db, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """``write`` without holding up the event loop."""
        return await asyncio.wrap_future(self._writer.submit(partial(self._change, change, *args, **kwargs)))

    def _change(self, change: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            done = _in_transaction(self._write_engine, change, *args, **kwargs)
        except postgres.Led:
            self.led = True
            raise
        except DatabaseError as exc:
            self.trouble = trouble_of(exc) or self.trouble
            raise
        self.trouble = ""
        return done

    def read(self, look: Callable[Concatenate[Db, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``look`` on a reading connection, in one consistent snapshot."""
        return _in_transaction(self._read_engine, look, *args, **kwargs)

    async def aread(self, look: Callable[Concatenate[Db, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(self.read, look, *args, **kwargs)

    def checkpoint(self) -> bool:
        """Move the write-ahead log into the database and empty its file; False where a reader still holds it."""
        if self.url:
            return True  # the server's own business
        return self._writer.submit(_emptied, self._write_engine).result()

    def shred(self) -> bool:
        """Write the whole database anew, so that nothing that was ever erased is left between its rows; a server drops the
        old versions of its rows.
        """
        alone = postgres.vacuum if self.url else partial(_alone, sql="VACUUM")
        self._writer.submit(alone, self._write_engine).result()
        return self.checkpoint()

    def close(self) -> None:
        self._writer.shutdown(wait=True)
        self._read_engine.dispose()
        self._write_engine.dispose()
        if self._lock is not None:
            os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep the place of a database from everybody else, without opening it. Raises RuleError where another process has it."""
    lock = _lock(path)
    try:
        yield
    finally:
        os.close(lock)


@contextmanager
def reading(where: Where) -> Iterator[Db]:
    """A reading connection to the database of a daemon that runs, for a process of its own: one consistent snapshot."""
    path, url = (where, "") if isinstance(where, Path) else (Path(), where)
    engine = _engine(path, url, "FULL", query_only=True)
    try:
        with engine.begin() as db:
            yield db
    finally:
        engine.dispose()


def _in_transaction(engine: Engine, run: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    with engine.begin() as db:
        return run(db, *args, **kwargs)


def _alone(engine: Engine, sql: str) -> list[tuple[object, ...]]:
    """Run a statement outside of any transaction."""
    with engine.connect() as db:
        cursor = db.connection.cursor()
        try:
            return list(cursor.execute(sql).fetchall())
        finally:
            cursor.close()


def _emptied(engine: Engine) -> bool:
    [(busy, *_)] = _alone(engine, "PRAGMA wal_checkpoint(TRUNCATE)")
    return not busy


def _engine(path: Path, url: str, synchronous: str, *, query_only: bool, leads: bool = False) -> Engine:
    if url:
        engine = postgres.engine(url, query_only=query_only, leads=leads)
        event.listen(engine, "connect", lambda _connection, record: record.info.update(folder=path.parent))
        return engine
    pool = QueuePool if query_only else StaticPool
    sizes = {"pool_size": READERS, "max_overflow": READERS} if query_only else {}
    engine = create_engine(
        f"sqlite:///{path}", poolclass=pool, connect_args={"check_same_thread": False, "timeout": 5},
        hide_parameters=True,  # an error is logged, and its parameters are people
        **sizes,
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def _prepare(connection: object, record: Any) -> None:
        record.info["folder"] = path.parent
        connection.isolation_level = None  # type: ignore[attr-defined]  # we say BEGIN ourselves
        cursor = connection.cursor()  # type: ignore[attr-defined]
        for pragma in _pragmas(synchronous, query_only=query_only):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(db: Connection) -> None:
        db.exec_driver_sql("BEGIN" if query_only else "BEGIN IMMEDIATE")

    return engine


def _pragmas(synchronous: str, *, query_only: bool) -> tuple[str, ...]:
    both = (f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON", "temp_store=MEMORY")
    # readers never checkpoint: two connections that do can corrupt a WAL before SQLite 3.51.3
    reader = ("query_only=ON", "wal_autocheckpoint=0")
    # secure_delete: what is deleted or rewritten is overwritten on the disk, too
    writer = ("journal_mode=WAL", f"synchronous={synchronous}", "wal_autocheckpoint=4000", "secure_delete=ON")
    return both + (reader if query_only else writer)


def _lock(path: Path) -> int:
    """Hold ``<file>.lock`` for as long as the store is open: one writer, whatever is started beside it."""
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        os.close(lock)
        raise RuleError(f"{path}: another process is using this database; stop it first (doorstep run?)") from exc
    return lock


def _migrate(engine: Engine) -> None:
    with engine.connect() as db:
        bring_up(db)
        db.commit()
