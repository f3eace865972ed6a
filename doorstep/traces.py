"""Looking for what was erased: in the database's own files as bytes, in files that were imported as texts."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from domain.erasing import Rewrite
from domain.errors import RuleError
from doorstep.importing import DONE, FAILED
from doorstep.sheets import read_sheet, text_of_file

PIECE = 4 * 1024 * 1024
LEAST = 6
"""Bytes of the shortest value that is looked for: a shorter one stands in any file by chance."""


def files_of(database: Path) -> list[Path]:
    """The database's own files, as far as they exist."""
    names = ("", "-wal", "-shm", "-journal", ".erasures")
    found = (database.with_name(database.name + name) for name in names)
    return [path for path in found if path.exists()]


def traces(paths: Iterable[Path], wanted: Sequence[bytes]) -> list[str]:
    """The names of the files in which any of these bytes stand."""
    looked = [one for one in wanted if len(one) >= LEAST]
    return [path.name for path in paths if _holds(path, looked)]


def _holds(path: Path, wanted: Sequence[bytes]) -> bool:
    overlap = max((len(one) for one in wanted), default=1) - 1
    kept = b""
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            piece = kept + piece
            if any(one in piece for one in wanted):
                return True
            kept = piece[-overlap:] if overlap else b""
    return False


def clean_leftovers(folder: Path | None, rewrite: Rewrite) -> list[str]:
    """Take somebody out of the files that were imported and lie in `done` and `failed`, with their reports: texts are rewritten,
    spreadsheets go as a whole. Returns the names of the files that changed.
    """
    if folder is None:
        return []
    lying = [path for part in (DONE, FAILED) if (folder / part).is_dir() for path in sorted((folder / part).iterdir())]
    return [path.name for path in lying if path.is_file() and _clean(path, rewrite)]


def _clean(path: Path, rewrite: Rewrite) -> bool:
    if path.suffix.lower() == ".xlsx":
        return _clean_sheet(path, rewrite)
    try:
        text, encoding = text_of_file(path)
    except RuleError:
        return False
    new = rewrite(text)
    if new != text:
        overwrite(path, new.encode(encoding, "replace"))
    return new != text


def _clean_sheet(path: Path, rewrite: Rewrite) -> bool:
    try:
        rows = read_sheet(path).rows
    except RuleError:
        return False
    named = any(rewrite(str(cell)) != str(cell) for row in rows for cell in row.cells if cell is not None)
    if named:
        overwrite(path, b"")
        path.unlink()
    return named


def overwrite(path: Path, data: bytes) -> None:
    """Write over the file's own bytes, not beside them: the old ones must not stay on the disk."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(data.ljust(size, b"\n") if data else b"\0" * size)
        file.flush()
        file.truncate(len(data))


def drop_leftovers(folder: Path | None, *, before: float) -> int:
    """Delete files that were taken, and their reports, written to before (seconds since 1970); returns how many."""
    if folder is None:
        return 0
    lying = [path for part in (DONE, FAILED) if (folder / part).is_dir() for path in (folder / part).iterdir()]
    old = [path for path in lying if path.is_file() and path.stat().st_mtime < before]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
