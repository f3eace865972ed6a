"""What may be wrong with the database itself, by the engine's own error names, and what to do about it."""

from pathlib import Path

from sqlalchemy.exc import DBAPIError

from domain.errors import RuleError

CHAIN = 8
"""How many errors, each raised over the next, are looked through."""
DatabaseError = DBAPIError
"""What a change or a look raises where the database couldn't do it."""

TROUBLES = (
    ("SQLITE_FULL", "disk_full: the disk is full; make room, what waits goes on by itself"),
    (
        "SQLITE_READONLY",
        "read_only: the database can't be written; check the owner of its folder and how its disk is mounted",
    ),
    ("SQLITE_BUSY", "locked: another program holds the database; end it (a tool that has it open?)"),
    ("SQLITE_LOCKED", "locked: another program holds the database; end it (a tool that has it open?)"),
    (
        "SQLITE_CORRUPT",
        "damaged: the database is damaged; stop, keep its files, and restore a backup (doorstep restore)",
    ),
    (
        "SQLITE_NOTADB",
        "damaged: the file is no database; is [doorstep] database right? Else restore a backup (doorstep restore)",
    ),
    ("SQLITE_IOERR", "disk_errors: the disk gives errors; look at the system's log"),
    ("SQLITE_CANTOPEN", "unreachable: the database can't be opened; is its folder there, and ours to write in?"),
    ("53100", "disk_full: the database server's disk is full; make room, what waits goes on by itself"),
    ("25006", "read_only: the database server can't be written (a standby?); name the primary in [store] url"),
    ("55P03", "locked: somebody else has held the database for a minute; end it (a tool, an open transaction?)"),
    ("XX001", "damaged: the database server finds damaged pages; stop, and restore a backup (doorstep restore)"),
    ("53", "unreachable: the database server has no connection or memory left; look at its limits"),
    ("08", "unreachable: the database server doesn't answer; does it run, is [store] url right?"),
    ("57", "unreachable: the database server ended our work; does it run?"),
)
"""The beginning of the engine's name of the error (sqlite.org/rescode.html, PostgreSQL's appendix A), the reason and the fix."""
GONE = "08006"  # connection_failure: what PostgreSQL calls it where there is no server left to name it


def trouble_of(error: BaseException) -> str:
    """The reason and its fix, where the database itself is in trouble; '' for anything else, such as a broken constraint.

    A full disk ends the whole transaction, so that going back to a savepoint raises as well: what it was raised over counts.
    """
    seen: BaseException | None = error
    for _ in range(CHAIN):
        name = _name_of(getattr(seen, "orig", None))
        if told := next((told for begin, told in TROUBLES if name.startswith(begin)), ""):
            return told
        seen = seen.__context__ if seen is not None else None
    return ""


def _name_of(error: object) -> str:
    """SQLite's name, or PostgreSQL's code; "" where it has neither."""
    if hasattr(error, "sqlite_errorname"):
        return str(error.sqlite_errorname)
    if hasattr(error, "sqlstate"):
        return str(error.sqlstate or (GONE if type(error).__name__ == "OperationalError" else ""))
    return ""


def refused(path: Path, error: DBAPIError) -> RuleError:
    """Why a database couldn't be opened, or brought up to date; nothing of it was changed."""
    trouble = trouble_of(error)
    if trouble:
        return RuleError(f"{path}: {trouble}")
    return RuleError(
        f"{path}: its schema can't be brought up to this version's ({error.orig}); nothing was changed: start the version"
        " that wrote it, or restore a backup (doorstep restore)"
    )
