"""Putting a backup in the place of the database: verified, brought up to date and checked aside, then renamed.

The list of erasures that stands in the place stays and is joined with the backup's: whoever was erased since is erased again before
the database takes its place. What was there is kept beside it, under a name with the time.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config.settings import Settings
from domain.errors import RuleError
from doorstep.backups import DATABASE, ERASURES, Manifest, verify
from doorstep.erasures import list_file, reapply
from doorstep.house import House
from store import check
from store.backup import schema_of
from store.base import Store, held
from store.files import FOLDER

STAGE = ".restore"
COMPANIONS = ("", "-wal", "-shm")
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
    database = settings.database
    if database.exists() and not force:
        raise RuleError(f"{database}: is there already: say --force to put it aside and restore, or move it away")
    manifest = verify(source)
    stage = database.with_name(database.name + STAGE)
    shutil.rmtree(stage, ignore_errors=True)
    database.parent.mkdir(parents=True, exist_ok=True)
    with held(database):
        try:
            staged = _stage(source, stage, database)
            erased_again = _prove(settings, staged, open_house, now=now)
            aside = _put_aside(database, f"before-{now:%Y%m%dT%H%M%SZ}")
            _put_in_place(staged, database)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    return Restored(manifest, schema_of(database), erased_again, tuple(aside))


def _stage(source: Path, stage: Path, database: Path) -> Path:
    """A copy of the backup beside the place, laid out like it, with the erasures of both."""
    stage.mkdir(mode=0o700)
    staged = stage / database.name
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


def _prove(settings: Settings, staged: Path, open_house: Callable[[Settings, Store], House], *, now: datetime) -> int:
    """Bring it up to date, erase again, and rebuild everything from the facts. Raises RuleError where anything differs."""
    with Store(staged) as store:
        again = reapply(open_house(settings, store))
        at = max(now, store.read(check.newest) or now)
        found = store.read(check.differences, now=at)
    if found:
        told = "; ".join(str(one) for one in found[:DIFFERENCES_SHOWN])
        raise RuleError(
            f"the backup isn't sound, `doorstep check` finds {len(found)} differences: {told}: use another one"
        )
    return sum(one.customers for one in again)


def _put_aside(database: Path, mark: str) -> list[str]:
    """Rename what is in the place; returns the new names."""
    there = [database.with_name(database.name + part) for part in COMPANIONS]
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
    staged.rename(database)
