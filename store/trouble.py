"""What may be wrong with the database itself, by SQLite's own error names, and what to do about it."""

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
)
"""The beginning of SQLite's name of the error (sqlite.org/rescode.html), the reason and the fix."""


def trouble_of(error: BaseException) -> str:
    """The reason and its fix, where the database itself is in trouble; '' for anything else, such as a broken constraint.

    A full disk ends the whole transaction, so that going back to a savepoint raises as well: what it was raised over counts.
    """
    seen: BaseException | None = error
    for _ in range(CHAIN):
        name = getattr(getattr(seen, "orig", None), "sqlite_errorname", "")
        if told := next((told for begin, told in TROUBLES if name.startswith(begin)), ""):
            return told
        seen = seen.__context__ if seen is not None else None
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
