"""Copies of the database for backups: taken by SQLite's online backup while the daemon writes, and looked at without opening them for good.

A copy is one consistent moment: the reading connection keeps its snapshot while pages are copied, and the writer isn't held up. It
is made by whoever asks, with no lock and no migration, so that an older database can be saved before an upgrade.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from domain.errors import RuleError
from store.upgrading import REVISIONS

PRIVATE_FILE = 0o600
BUSY_S = 60.0
ERASED = "SELECT id FROM erasure ORDER BY id"
KEPT_FILES = "SELECT DISTINCT digest FROM stored_file WHERE erased_at IS NULL ORDER BY digest"


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds: its schema's revision, the digests of the files that it speaks of, the ids of the erasures that it knows."""

    schema: str
    files: list[str]
    erased: list[str]


def copy_to(database: Path, target: Path) -> Copied:
    """Copy a database as it is now, whoever writes to it meanwhile. Raises RuleError where it can't be read or written whole."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
    try:
        with _opened(database) as source, closing(sqlite3.connect(target)) as copy:
            source.execute("PRAGMA wal_autocheckpoint=0")  # the writer alone checkpoints
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, complete in itself
            sound = copy.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as exc:
        raise RuleError(
            f"{database}: can't be copied to {target} ({exc}): free some space there, then try again"
        ) from exc
    if sound != "ok":
        raise RuleError(
            f"{database}: its copy isn't sound ({sound}): run `doorstep check`, and keep your last good backup"
        )
    return Copied(schema_of(target), kept_files(target), erased(target))


def schema_of(database: Path) -> str:
    """The revision of a database's schema. Raises RuleError where it isn't one of ours."""
    found = _rows(database, "SELECT version_num FROM alembic_version", "alembic_version")
    if not found:
        raise RuleError(f"{database}: isn't a database of Doorstep: name the folder that `doorstep backup` wrote")
    return found[0]


def is_known(schema: str) -> bool:
    """Whether this version can open a database of that schema."""
    return schema in REVISIONS


def kept_files(database: Path) -> list[str]:
    """The digests of the files that a database speaks of; none where it is older than files are."""
    return _rows(database, KEPT_FILES, "stored_file")


def erased(database: Path) -> list[str]:
    """The ids of the erasures that a database knows."""
    return _rows(database, ERASED, "erasure")


def _rows(database: Path, sql: str, table: str) -> list[str]:
    """One column of a table; nothing where there is no such table yet."""
    try:
        with _opened(database) as db:
            there = db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
            return [str(row[0]) for row in db.execute(sql)] if there else []
    except sqlite3.Error as exc:
        raise RuleError(f"{database}: can't be read as a database ({exc})") from exc


@contextmanager
def _opened(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection that changes nothing. Raises RuleError where there is no file."""
    if not database.exists():
        raise RuleError(f"{database}: there is no database; is [doorstep] database right?")
    with closing(sqlite3.connect(database, timeout=BUSY_S, isolation_level=None)) as db:
        db.execute("PRAGMA query_only=ON")
        yield db
