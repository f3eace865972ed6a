"""Putting a backup in the place of the database: verified, brought up to date and checked aside, then renamed.

The list of erasures that stands in the place stays and is joined with the backup's: whoever was erased since is erased again before
the database takes its place. What was there is kept beside it, under a name with the time.
"""

import shutil
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config.settings import Settings
from domain.errors import RuleError
from doorstep.backups import DATABASE, DUMP, ERASURES, Manifest, verify
from doorstep.erasures import list_file, reapply
from doorstep.house import House
from store import check, dialect, pg_backup
from store.base import Store, held
from store.files import FOLDER

STAGE = ".restore"
COMPANIONS = ("", "-wal", "-shm")
OTHER_ENGINE = {
    True: "is of an SQLite database: take `[store] url` away, restore it, then `doorstep store move`",
    False: "is of a PostgreSQL database: set `[store] url` to an empty one (createdb --template=template0 --encoding=UTF8 --locale=C NAME)",
}
"""By whether the rows are in PostgreSQL here."""
DIFFERENCES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored. ``aside``: where what was there before is now; ``erased_again``: customers erased since the backup."""

    manifest: Manifest
    schema: str
    erased_again: int
    aside: tuple[str, ...]


def restore(
    settings: Settings, source: Path, open_house: Callable[[Settings, Store], House], *, now: datetime, force: bool
) -> Restored:
    """Raises RuleError, and changes nothing, where the backup can't be relied on, a daemon runs, or a database is there and not
    ``force``.
    """
    database, url = settings.database, settings.store_url
    instead = _there_already(settings)
    if instead and not force:
        raise RuleError(f"{instead}: say --force to put it aside and restore, or name another place")
    manifest = verify(source)
    if (DUMP in manifest.files) != bool(url):
        raise RuleError(f"{source}: {OTHER_ENGINE[bool(url)]}")
    stage = database.with_name(database.name + STAGE)
    shutil.rmtree(stage, ignore_errors=True)
    database.parent.mkdir(parents=True, exist_ok=True)
    aside = f"before-{now:%Y%m%dT%H%M%SZ}"
    with held(database):
        try:
            staged = _stage(source, stage, database)
            with pg_backup.restored(url, source / DUMP, aside) if url else nullcontext():
                schema, erased_again = _prove(settings, staged, open_house, now=now)
                moved = _put_aside(database, aside, () if url else COMPANIONS)
                _put_in_place(staged, database)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    if url and instead:
        moved.append(f"schema {aside}")
    return Restored(manifest, schema, erased_again, tuple(moved))


def _there_already(settings: Settings) -> str:
    """What a restored database would take the place of; "" where there is nothing."""
    if settings.store_url:
        return "" if pg_backup.is_empty(settings.store_url) else "store.url: the database has tables already"
    return f"{settings.database}: is there already" if settings.database.exists() else ""


def _stage(source: Path, stage: Path, database: Path) -> Path:
    """A copy of the backup beside the place, laid out like it, with the erasures of both."""
    stage.mkdir(mode=0o700)
    staged = stage / database.name
    if (source / DATABASE).exists():
        shutil.copyfile(source / DATABASE, staged)
        staged.chmod(0o600)
    if (source / FOLDER).exists():
        shutil.copytree(source / FOLDER, stage / FOLDER)
    lists = [path for path in (source / ERASURES, list_file(database)) if path.exists()]
    lines = {line: None for path in lists for line in path.read_text("utf-8").splitlines()}
    if lines:
        list_file(staged).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        list_file(staged).chmod(0o600)
    return staged


def _prove(
    settings: Settings, staged: Path, open_house: Callable[[Settings, Store], House], *, now: datetime
) -> tuple[str, int]:
    """The schema, and how many customers were erased again: bring it up to date, erase again, and rebuild everything from the facts. Raises RuleError where anything differs."""
    with Store(staged, url=settings.store_url) as store:
        again = reapply(open_house(settings, store))
        at = max(now, store.read(check.newest) or now)
        found = store.read(check.differences, now=at)
        schema = store.read(dialect.schema)
    if found:
        told = "; ".join(str(one) for one in found[:DIFFERENCES_SHOWN])
        raise RuleError(
            f"the backup isn't sound, `doorstep check` finds {len(found)} differences: {told}: use another one"
        )
    return schema, sum(one.customers for one in again)


def _put_aside(database: Path, mark: str, companions: Sequence[str]) -> list[str]:
    """Rename what is in the place; returns the new names."""
    there = [database.with_name(database.name + part) for part in companions]
    moved = []
    for path in (database.parent / FOLDER, *there):
        if path.exists():
            name = (
                f"{path.name}.{mark}"
                if path.name == FOLDER
                else f"{database.name}.{mark}{path.name[len(database.name) :]}"
            )
            path.rename(path.with_name(name))
            moved.append(name)
    return moved


def _put_in_place(staged: Path, database: Path) -> None:
    """The files first, the database last: a crash between leaves no database that misses its files."""
    if (staged.parent / FOLDER).exists():
        (staged.parent / FOLDER).rename(database.parent / FOLDER)
    if list_file(staged).exists():
        list_file(staged).replace(list_file(database))
    if staged.exists():
        staged.rename(database)
