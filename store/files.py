"""Files that people add: photos, papers, pasted texts. Rows here, bytes beside the database under ``files/ab/cdef…``.

The name of the bytes is their SHA-256: the same photo is kept once. They are written and fsynced before the row commits, and
taken away after the row's erasure did; both happen on the writing thread, so that neither meets the other half-way. What a
crash leaves between the two belongs to nobody and is swept away.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from domain.errors import RuleError
from domain.files import MAX_EXCERPT, MAX_FILE_BYTES, MAX_FILES, FileKind, sniff
from store.base import Db
from store.files_tables import StoredFile
from store.tables import new_id, table

_file = table(StoredFile)
FOLDER = "files"
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


@dataclass(frozen=True, slots=True)
class FileRow:
    id: int
    digest: str
    kind: FileKind
    size: int
    subject_type: str
    subject_id: str
    by: str | None
    at: datetime
    erased_at: datetime | None


def add(db: Db, data: bytes, *, subject_type: str, subject_id: str, by: str | None, at: datetime) -> FileRow:
    """Keep an uploaded file; the same one again for the same subject is the row that is there.

    Raises RuleError where it is no JPEG, PNG, WebP, HEIC or PDF, is too large, or the subject has too many.
    """
    kind = sniff(data)
    if kind is None:
        raise RuleError("file: only photos (JPEG, PNG, WebP, HEIC) and PDF are kept; save it as one of these")
    if len(data) > MAX_FILE_BYTES:
        raise RuleError(f"file: at most {MAX_FILE_BYTES // 1024**2} MB; send a smaller photo")
    return _keep(db, data, kind, subject_type, subject_id, by, at)


def add_text(db: Db, text: str, *, subject_type: str, subject_id: str, by: str | None, at: datetime) -> FileRow:
    """Keep a pasted text (a chat) as a file of its own, so that it can be erased apart from the facts. Raises RuleError."""
    text = text.strip()
    if not text:
        raise RuleError("text: is empty; paste what was said")
    if len(text) > MAX_EXCERPT:
        raise RuleError(f"text: at most {MAX_EXCERPT} characters; paste the part that matters")
    return _keep(db, text.encode(), FileKind.TEXT, subject_type, subject_id, by, at)


def _keep(
    db: Db, data: bytes, kind: FileKind, subject_type: str, subject_id: str, by: str | None, at: datetime
) -> FileRow:
    digest = hashlib.sha256(data).hexdigest()
    there = [row for row in of_subject(db, subject_type, subject_id) if row.erased_at is None]
    known = next((row for row in there if row.digest == digest and row.kind is kind), None)
    if known is not None:
        return known
    if len(there) >= MAX_FILES:
        raise RuleError(f"file: at most {MAX_FILES} files here")
    _write(path_of(root_of(db), digest), data)
    values = {
        "digest": digest, "kind": kind.value, "size": len(data), "subject_type": subject_type,
        "subject_id": subject_id, "by": by, "at": at,
    }  # fmt: skip
    row = find(db, new_id(db.execute(_file.insert().values(**values))))
    assert row is not None
    return row


def find(db: Db, file_id: int) -> FileRow | None:
    row = db.execute(select(_file).where(_file.c.id == file_id)).one_or_none()
    return _row(row) if row else None


def of_subject(db: Db, subject_type: str, subject_id: str) -> list[FileRow]:
    """A subject's files, the erased ones too, in the order in which they were added."""
    about = (_file.c.subject_type == subject_type) & (_file.c.subject_id == subject_id)
    return [_row(row) for row in db.execute(select(_file).where(about).order_by(_file.c.id))]


def _row(row: object) -> FileRow:
    values = {name: getattr(row, name) for name in FileRow.__dataclass_fields__}
    return FileRow(**{**values, "kind": FileKind(values["kind"])})


def content(db: Db, row: FileRow) -> bytes | None:
    """The bytes of a file; None where they were erased, or are lost (``doorstep check`` tells)."""
    if row.erased_at is not None:
        return None
    try:
        return path_of(root_of(db), row.digest).read_bytes()
    except FileNotFoundError:
        return None


# --- erasing -------------------------------------------------------------------------------------------------------


def erase(db: Db, rows: Sequence[FileRow], *, now: datetime) -> None:
    """Mark files as erased. Their bytes go with ``sweep`` in the transaction after this one."""
    for row in rows:
        db.execute(_file.update().where(_file.c.id == row.id, _file.c.erased_at.is_(None)).values(erased_at=now))


def sweep(db: Db) -> int:
    """Take away the bytes that no row speaks of any more; returns how many files that were."""
    known = {row[0] for row in db.execute(select(_file.c.digest).where(_file.c.erased_at.is_(None)).distinct())}
    gone = [path for path in _stored(root_of(db)) if path.parent.name + path.name not in known]
    for path in gone:
        path.unlink(missing_ok=True)
    for folder in {path.parent for path in gone}:
        _sync_folder(folder)
    return len(gone)


def faults(db: Db) -> Iterator[tuple[str, str, str]]:
    """Rows whose bytes are missing or altered, as (file, what is stored, what it should be)."""
    root = root_of(db)
    for row in db.execute(select(_file).where(_file.c.erased_at.is_(None)).order_by(_file.c.id)):
        path = path_of(root, row.digest)
        stored = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"
        if stored != row.digest:
            yield f"file {row.id}", stored, row.digest


def how_many(db: Db) -> int:
    return int(db.execute(select(func.count()).select_from(_file)).scalar_one())


# --- the folder ----------------------------------------------------------------------------------------------------


def root_of(db: Db) -> Path:
    """The folder of the bytes: ``files`` beside the database's own file, or in its place where a server keeps the rows."""
    folder: Path = db.info["folder"]
    return folder / FOLDER


def path_of(root: Path, digest: str) -> Path:
    return root / digest[:2] / digest[2:]


def _stored(root: Path) -> Iterator[Path]:
    return (path for path in root.glob("??/*") if path.is_file())


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all: written aside, fsynced, renamed, and the folder fsynced."""
    if path.exists():
        return
    for folder in (path.parent.parent, path.parent):
        if not folder.exists():
            folder.mkdir(mode=PRIVATE_FOLDER, parents=True)
            _sync_folder(folder.parent)
    aside = path.with_name(f"{path.name}.part")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
