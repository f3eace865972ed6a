"""The schema of a database: which one it has, which this version knows, and the way from the one to the other.

A migration's file begins with its revision. Alembic takes a while to load and is loaded where something is to be migrated; nearly every program
that opens a database finds the newest schema there.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect

from domain.errors import RuleError
from store import postgres

MIGRATIONS = Path(__file__).parent / "migrations"
REVISIONS = tuple(sorted(one.stem.partition("_")[0] for one in (MIGRATIONS / "versions").glob("[0-9]*.py")))
"""The schemas that this version can open, oldest first; all but the last one are migrated then."""


def bring_up(db: Connection) -> None:
    """Give the database the newest schema. Raises RuleError where a newer version of Doorstep wrote it, or it isn't fit for us."""
    if postgres.is_postgres(db):
        postgres.ready(db)
    found = revision_of(db)
    if found is not None and found not in REVISIONS:
        raise RuleError(f"the database was written by a newer Doorstep (schema {found}): upgrade this installation")
    if found != REVISIONS[-1]:
        _migrate(db)


def revision_of(db: Connection) -> str | None:
    """The schema of a database; None where it has none yet."""
    if not inspect(db).has_table("alembic_version"):
        return None
    found = db.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none()
    return None if found is None else str(found)


def _migrate(db: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = db
    command.upgrade(config, "head")
