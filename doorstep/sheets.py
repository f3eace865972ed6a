"""Tables in files: CSV in the encodings and with the separators that spreadsheets write, and XLSX."""

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from domain.errors import RuleError

MAX_BYTES = 64 * 1024 * 1024
MAX_ROWS = 200_000
MAX_COLUMNS = 200
MAX_UNPACKED = 512 * 1024 * 1024  # an XLSX is a zip: a small one can hold a lot
DELIMITERS = ",;\t"
EXACT_DIGITS = 15  # what a spreadsheet keeps of a number


@dataclass(frozen=True, slots=True)
class Row:
    """``line`` counts as the spreadsheet does; ``cells`` as they stand, texts or (XLSX) numbers and times."""

    line: int
    cells: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    headers: tuple[str, ...]
    rows: tuple[Row, ...]


def read_sheet(path: Path) -> Sheet:
    """The first table of a file. Raises RuleError where it can't be read, is too large or has no header line."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise RuleError(f"{path.name}: larger than {MAX_BYTES // 1024 // 1024} MB; split it")
        raw = path.read_bytes()
    except OSError as exc:
        raise RuleError(f"{path.name}: can't be read: {exc.strerror}") from exc
    rows = _xlsx(path.name, raw) if raw.startswith(b"PK\x03\x04") else _csv(path.name, raw)
    header = next(rows, None)
    if header is None:
        raise RuleError(f"{path.name}: is empty; its first line must name the columns")
    headers = tuple(str(cell).strip() if cell is not None else "" for cell in header.cells)
    return Sheet(headers, tuple(_counted(path.name, rows)))


def _counted(name: str, rows: Iterator[Row]) -> Iterator[Row]:
    for count, row in enumerate(rows):
        if count >= MAX_ROWS:
            raise RuleError(f"{name}: more than {MAX_ROWS} rows; split it")
        yield row


def _is_blank(cells: tuple[Any, ...]) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells)


def _csv(name: str, raw: bytes) -> Iterator[Row]:
    text = _decoded(name, raw)
    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=first.count))
    line = 0
    try:
        for cells in reader:
            started, line = line + 1, reader.line_num
            if not _is_blank(tuple(cells)):
                yield Row(started, tuple(cells[:MAX_COLUMNS]))
    except csv.Error as exc:
        raise RuleError(f"{name}:{line + 1}: {exc}") from exc


def _decoded(name: str, raw: bytes) -> str:
    """UTF-8 with or without BOM, UTF-16 with BOM (Excel's "Unicode text"), else GB18030."""
    utf16 = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise RuleError(f"{name}: is neither UTF-8 nor GB18030 text nor XLSX; save it as CSV (UTF-8)")


def _xlsx(name: str, raw: bytes) -> Iterator[Row]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            if sum(member.file_size for member in packed.infolist()) > MAX_UNPACKED:
                raise RuleError(f"{name}: unpacks to more than {MAX_UNPACKED // 1024 // 1024} MB; split it")
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as exc:
        raise RuleError(f"{name}: isn't a readable XLSX file; save it anew or as CSV") from exc
    try:
        for line, cells in enumerate(book.worksheets[0].iter_rows(values_only=True), start=1):
            row = tuple(_cell(cell) for cell in cells[:MAX_COLUMNS])
            if not _is_blank(row):
                yield Row(line, row)
    finally:
        book.close()


def _cell(value: Any) -> Any:
    """A number longer than a spreadsheet keeps is shown the way it lost its digits; a whole float is a whole number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return datetime(value.year, value.month, value.day) if type(value) is date else value  # noqa: DTZ001  # zone: reader
    if abs(value) >= 10**EXACT_DIGITS:
        return f"{value:.2E}"
    return int(value) if float(value).is_integer() else value


def text_of_file(path: Path) -> tuple[str, str]:
    """A text file's content and its encoding. Raises RuleError where it is none that we read."""
    raw = path.read_bytes()
    text = _decoded(path.name, raw)
    encoding = next(name for name in ("utf-8-sig", "utf-8", "utf-16", "gb18030") if _is(name, raw, text))
    return text, encoding


def _is(encoding: str, raw: bytes, text: str) -> bool:
    try:
        return raw.decode(encoding) == text and text.encode(encoding) == raw
    except UnicodeError:
        return False
