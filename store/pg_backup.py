"""Copies of a PostgreSQL database for backups, by the server's own tools: dumped in one snapshot, restored whole or not at all.

What was in the place of a restored database stays beside it, as a schema of its own, under a name with the time.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import inspect

from domain.errors import RuleError
from store import dialect, postgres
from store.backup import ERASED, KEPT_FILES, PRIVATE_FILE, Copied
from store.base import reading

OURS = "public"
TOOLS = ("pg_dump", "pg_restore")


def missing() -> list[str]:
    """Which of the server's own tools can't be found here: without them nothing is copied or restored."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def dump(url: str, target: Path) -> Copied:
    """Write a database as it is now to a file, whoever writes to it meanwhile. Raises RuleError."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
    with reading(url) as db:
        db.exec_driver_sql(
            "SET LOCAL idle_in_transaction_session_timeout = 0"
        )  # the snapshot lives as long as the dump takes
        snapshot = db.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
        _run(
            url,
            "pg_dump",
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            f"--schema={OURS}",
            f"--snapshot={snapshot}",
            f"--file={target}",
        )
        files = [str(row[0]) for row in db.exec_driver_sql(KEPT_FILES)]
        return Copied(dialect.schema(db), files, [str(row[0]) for row in db.exec_driver_sql(ERASED)])


def erased(url: str) -> list[str]:
    """The ids of the erasures that a database knows."""
    with reading(url) as db:
        return [str(row[0]) for row in db.exec_driver_sql(ERASED)]


def is_empty(url: str) -> bool:
    """Whether there is no table yet. Raises RuleError where the database can't be used."""
    with postgres.held(url) as db:
        return not dialect.tables(db)


@contextmanager
def restored(url: str, source: Path, aside: str) -> Iterator[None]:
    """The database holds what the dump ``source`` does, until the end of the block and, where that doesn't raise, from then on; what was there
    before is then in the schema ``aside``. Raises RuleError where a daemon ticks, or it can't be restored.
    """
    with postgres.held(url) as db:
        db.exec_driver_sql(f'ALTER SCHEMA {OURS} RENAME TO "{aside}"')
        try:
            db.exec_driver_sql(f"CREATE SCHEMA {OURS}")
            _run(
                url,
                "pg_restore",
                "--single-transaction",
                "--exit-on-error",
                "--no-owner",
                "--no-privileges",
                f"--schema={OURS}",
                f"--dbname={_open(url)}",
                str(source),
            )
            yield
        except BaseException:
            db.exec_driver_sql(f"DROP SCHEMA IF EXISTS {OURS} CASCADE")
            db.exec_driver_sql(f'ALTER SCHEMA "{aside}" RENAME TO {OURS}')
            raise
        if not inspect(db).get_table_names(schema=aside):
            db.exec_driver_sql(f'DROP SCHEMA "{aside}" CASCADE')


def _open(url: str) -> str:
    """The address as a tool's argument, which everybody on the machine can read: without its password."""
    return postgres.url_of(url).set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _run(url: str, tool: str, *arguments: str) -> None:
    """Raises RuleError with what the tool said."""
    found = shutil.which(tool)
    if found is None:
        raise RuleError(
            f"{tool} isn't installed here: install PostgreSQL's client programs, of the server's version or newer"
        )
    where = [_open(url)] if tool == "pg_dump" else []
    password = postgres.url_of(url).password
    secret = {"PGPASSWORD": str(password)} if password else {}
    done = subprocess.run(  # noqa: S603 - our own arguments
        [found, *arguments, *where],
        env={**os.environ, **secret},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = " ".join(done.stderr.split())[:500]
        raise RuleError(f"{tool}: {said}: a version mismatch wants newer client programs, a full disk wants room")
