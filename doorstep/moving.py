"""From the embedded database to PostgreSQL: everything copied, compared, and only then the file put aside."""

from dataclasses import dataclass

from config.settings import Settings
from domain.errors import RuleError
from store import moving
from store.base import Store
from store.moving import Moved

ASIDE = ".moved"
COMPANIONS = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Move:
    """What was moved, and the name under which the SQLite file stays."""

    tables: list[Moved]
    kept: str


def move(settings: Settings) -> Move:
    """Copy the SQLite database of these settings to their PostgreSQL one. Raises RuleError, with both as they were, where there is nothing
    to move or nowhere to move it, a daemon runs, the target isn't empty, or anything differs.
    """
    database, kept = settings.database, settings.database.with_name(settings.database.name + ASIDE)
    if not settings.store_url:
        raise RuleError(f"{settings.file}: say where to: set `url` under [store], like postgresql://user@host/database")
    if not database.exists():
        raise RuleError(f"{database}: there is no SQLite database to move; is [doorstep] database right?")
    if kept.exists():
        raise RuleError(f"{kept}: an earlier move left it; delete it, or move it away")
    with Store(database) as source, Store(database, url=settings.store_url) as target:
        tables = moving.move(source, target)
    for part in ("", *COMPANIONS):
        path = database.with_name(database.name + part)
        if path.exists():
            path.rename(database.with_name(kept.name + part))
    return Move(tables, kept.name)
