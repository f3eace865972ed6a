"""Backups: a folder with the database, the files that people added, the list of erasures and a manifest of digests.

It is written under a temporary name, fsynced and renamed: what has its name is whole. Photos and papers that the last backup has too are
linked to it, so that seven nights of them take the room of one.
"""

import contextlib
import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from domain.errors import RuleError
from doorstep.erasures import list_file
from store import backup as copies
from store import pg_backup
from store.files import FOLDER, path_of

FORMAT = 1
DATABASE, DUMP, ERASURES, MANIFEST = "doorstep.sqlite3", "doorstep.pgdump", "erasures", "manifest.json"
PART = ".part"
TRIES = 3
PIECE = 1024 * 1024
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. ``files``: path inside it to SHA-256; ``schema``: of its database; ``version``: of the program."""

    made_at: datetime
    schema: str
    version: str
    files: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self) -> str:
        return json.dumps({**asdict(self), "made_at": self.made_at.isoformat()}, indent=1, sort_keys=True)


class Moved(Exception):
    """Something was erased while it was being copied: what was copied may hold it, so it is copied anew."""


def make(database: Path, target: Path, *, now: datetime, last: Path | None = None, url: str = "") -> Manifest:
    """Write a backup to the folder ``target``, which must not exist, while a daemon may run. ``last``: an earlier one to share
    files with; ``url``: where the rows are in PostgreSQL. Raises RuleError where it can't be written.
    """
    if target.exists():
        raise RuleError(f"{target}: is there already: name a new folder")
    part = target.with_name(target.name + PART)
    try:
        for _ in range(TRIES):
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(mode=PRIVATE_FOLDER, parents=True)
            with contextlib.suppress(Moved):
                manifest = _filled(database, url, part, now, last)
                part.rename(target)
                _sync_folder(target.parent)
                return manifest
    except OSError as exc:
        raise RuleError(f"{target}: can't be written ({exc.strerror}): make room, or name another folder") from exc
    finally:
        shutil.rmtree(part, ignore_errors=True)
    raise RuleError(f"{target}: customers were being erased all the time: make the backup when that has ended")


def _filled(database: Path, url: str, part: Path, now: datetime, last: Path | None) -> Manifest:
    """Raises Moved where an erasure came between."""
    name = DUMP if url else DATABASE
    copied = pg_backup.dump(url, part / name) if url else copies.copy_to(database, part / name)
    held = {name: digest_of(part / name)}
    for digest in copied.files:
        kept = path_of(part / FOLDER, digest)
        _take(path_of(database.parent / FOLDER, digest), kept, digest, last)
        held[str(kept.relative_to(part))] = digest
    if list_file(database).exists():
        _copy(list_file(database), part / ERASURES)
        held[ERASURES] = digest_of(part / ERASURES)
    if (pg_backup.erased(url) if url else copies.erased(database)) != copied.erased:
        raise Moved
    manifest = Manifest(now, copied.schema, version("doorstep"), held)
    (part / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    _sync(part)
    return manifest


def _take(source: Path, target: Path, digest: str, last: Path | None) -> None:
    """Link to the file in the last backup where it is still right there, else copy it. Raises Moved where it is gone."""
    target.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    earlier = path_of(last / FOLDER, digest) if last else None
    if earlier and earlier.exists() and digest_of(earlier) == digest:
        with contextlib.suppress(OSError):  # another file system, or one without links
            target.hardlink_to(earlier)
            return
    try:
        _copy(source, target)
    except FileNotFoundError as exc:
        raise Moved from exc
    if digest_of(target) != digest:
        raise RuleError(
            f"{source}: isn't what it was (its digest differs): run `doorstep check`, restore it from a backup"
        )


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(PRIVATE_FILE)


def digest_of(path: Path) -> str:
    told = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            told.update(piece)
    return told.hexdigest()


def _sync(folder: Path) -> None:
    for path in (*(p for p in folder.rglob("*")), folder):
        _sync_folder(path)


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- reading one ---------------------------------------------------------------------------------------------------


def read_manifest(source: Path) -> Manifest:
    """Raises RuleError where the folder is no backup, or one of a newer version."""
    try:
        raw: dict[str, Any] = json.loads((source / MANIFEST).read_text("utf-8"))
        if raw["format"] != FORMAT:
            raise RuleError(f"{source}: was written by a newer Doorstep ({raw['version']}): upgrade this installation")
        return Manifest(**{**raw, "made_at": datetime.fromisoformat(raw["made_at"])})
    except (OSError, ValueError, KeyError, TypeError) as exc:
        if isinstance(exc, RuleError):
            raise
        raise RuleError(f"{source}: isn't a backup: name a folder that `doorstep backup` wrote") from exc


def verify(source: Path) -> Manifest:
    """Read every byte of a backup. Raises RuleError where a file is missing or altered, or the schema isn't known here."""
    manifest = read_manifest(source)
    wrong = [name for name, digest in manifest.files.items() if not _is(source / name, digest)]
    if wrong or not {DATABASE, DUMP} & set(manifest.files):
        named = ", ".join(wrong[:5]) or DATABASE
        raise RuleError(f"{source}: missing or altered: {named}: use another backup")
    schema = manifest.schema if DUMP in manifest.files else copies.schema_of(source / DATABASE)
    if not copies.is_known(schema):
        raise RuleError(
            f"{source}: its database was written by a newer Doorstep (schema {schema}, version {manifest.version}):"
            " upgrade this installation"
        )
    return manifest


def _is(path: Path, digest: str) -> bool:
    return path.is_file() and digest_of(path) == digest
