"""Taking rows of files: each good row by itself, each bad one reported with its line and reason, nothing half-written.

Taking a file twice changes nothing: rows that are known already are counted as such. Formats: docs/import.md.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import structlog

from domain.errors import RuleError
from domain.privacy import mask_text
from doorstep.intake_headers import HEADERS, columns_of
from doorstep.intake_values import order_reference, text_of, tracking_number
from doorstep.sheets import Sheet, read_sheet
from store.base import Db, Store
from store.trouble import trouble_of

log = structlog.get_logger()
KINDS = tuple(HEADERS)
BATCH = 200  # rows between two commits: how long the writer is held
MAX_SHOWN = 1_000  # bad rows that a report lists one by one; all are counted


class Taken(Protocol):
    """What a body became. ``created`` False: it was known already."""

    @property
    def id(self) -> str: ...

    @property
    def created(self) -> bool: ...


Taker = Callable[[Db, Mapping[str, Any], datetime], Taken]
"""Parses one body of the API's fields and writes it. Raises RuleError where it can't be taken."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One body and the lines that it was made of. ``fault``: why it can't even be tried."""

    lines: tuple[int, ...]
    body: Mapping[str, Any]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    lines: tuple[int, ...]
    reason: str

    def __str__(self) -> str:
        return f"line {', '.join(str(line) for line in self.lines)}: {mask_text(self.reason)}"


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a file: how many entries are new, known already, or bad (and why)."""

    file: str
    kind: str
    created: int = 0
    known: int = 0
    bad: tuple[BadRow, ...] = ()
    ignored: tuple[str, ...] = ()
    ids: tuple[str, ...] = field(default=(), repr=False)
    fault: str = ""

    @property
    def rejected(self) -> int:
        return len(self.bad)

    @property
    def lines(self) -> list[str]:
        """The report as people read it."""
        if self.fault:
            return [f"{self.file}: not taken: {self.fault}"]
        head = f"{self.file}: {self.kind}: {self.created} new, {self.known} known already, {self.rejected} rejected"
        passed = [f"columns not used: {', '.join(self.ignored)}"] if self.ignored else []
        shown = [str(row) for row in self.bad[:MAX_SHOWN]]
        more = [f"... and {self.rejected - MAX_SHOWN} more"] if self.rejected > MAX_SHOWN else []
        return [head, *passed, *shown, *more]

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "kind": self.kind,
            "created": self.created,
            "known": self.known,
            "rejected": self.rejected,
            "rows": [{"lines": list(row.lines), "reason": mask_text(row.reason)} for row in self.bad[:MAX_SHOWN]],
            "ignored": list(self.ignored),
            "fault": self.fault,
            "lines": self.lines,
        }


def import_file(
    store: Store,
    kind: str,
    path: Path,
    *,
    takers: Mapping[str, Taker],
    now: datetime,
    headers: Mapping[str, str] | None = None,
) -> Report:
    """Take the rows of a CSV or XLSX file. ``headers``: the user's own headers, each to one of our fields.

    Raises RuleError for a fault of structure: unknown kind, unreadable file, a missing column.
    """
    if kind not in takers:
        raise RuleError(f"kind {kind!r}: one of {', '.join(takers)}")
    sheet = read_sheet(path)
    columns = columns_of(kind, sheet.headers, headers or {})
    entries = iter(entries_of(kind, sheet, columns.fields))
    created, known, bad, ids = 0, 0, list[BadRow](), list[str]()
    while batch := list(islice(entries, BATCH)):
        for entry, outcome in store.write(_take_all, takers[kind], batch, now):
            if isinstance(outcome, str):
                bad.append(BadRow(entry.lines, outcome))
            else:
                created, known = created + outcome.created, known + (not outcome.created)
                ids.append(outcome.id)
    return Report(path.name, kind, created, known, tuple(bad), columns.ignored, tuple(ids))


def _take_all(db: Db, taker: Taker, batch: Sequence[Entry], now: datetime) -> list[tuple[Entry, Taken | str]]:
    return [(entry, entry.fault or _take(db, taker, entry, now)) for entry in batch]


def _take(db: Db, taker: Taker, entry: Entry, now: datetime) -> Taken | str:
    """Within a savepoint of its own: a row that fails half-way leaves nothing behind."""
    try:
        with db.begin_nested():
            return taker(db, entry.body, now)
    except RuleError as exc:
        return str(exc)
    except Exception as exc:
        if trouble_of(exc):
            raise
        log.exception("our own fault in taking a row", lines=entry.lines)
        return f"a fault of ours broke this row ({type(exc).__name__}): report it, then import the row again"


# ---- rows to bodies ------------------------------------------------------------------------------------------------


def entries_of(kind: str, sheet: Sheet, fields: Sequence[str | None]) -> list[Entry]:
    """The bodies of a sheet, in its order. Rows of one order or return are its items, wherever they stand."""
    rows = [((row.line,), _body(row.cells, fields)) for row in sheet.rows]
    gather = GATHER.get(kind)
    entries = list(gather(rows)) if gather else [Entry(lines, body) for lines, body in rows]
    return list(_without_twins(kind, entries))


Numbered = tuple[tuple[int, ...], dict[str, Any]]


def _body(cells: Sequence[Any], fields: Sequence[str | None]) -> dict[str, Any]:
    pairs = zip(fields, cells, strict=False)
    return {name: value for name, value in pairs if name and value is not None and text_of(value)}


PEOPLE = frozenset({"customer", "phone", "email", "address"})
"""Fields that no report quotes: it lies about in a folder."""
ORDER_ITEM = (
    "sku",
    "name",
    "qty",
    "price",
    "price_cents",
    "amount",
    "category",
    "no_return_agreed",
    "weight_g",
    "volume_ml",
)


def _gather_orders(rows: Sequence[Numbered]) -> Iterator[Entry]:
    """One order from all of its rows; what rows after the first leave empty is the first one's."""
    for lines, bodies in _grouped(rows, lambda body: _key(body, order_reference, "order")):
        items = [{k: body[k] for k in ORDER_ITEM if k in body} for body in bodies]
        rest = [{k: v for k, v in body.items() if k not in ORDER_ITEM} for body in bodies]
        yield _merged(lines, rest, {"items": items})


def _gather_returns(rows: Sequence[Numbered]) -> Iterator[Entry]:
    """One return from the rows of one return number, or of one order, reason and wish."""

    def key(body: Mapping[str, Any]) -> str | None:
        parts = [text_of(body.get(name)) for name in ("reason", "want", "slot")]
        return text_of(body.get("ref")) or "|".join([_key(body, order_reference, "order") or "", *parts])

    for lines, bodies in _grouped(rows, key):
        own = [{"sku": body["sku"], "qty": body.get("qty", 1)} for body in bodies if "sku" in body]
        rest = [{k: v for k, v in body.items() if k not in {"sku", "qty"}} for body in bodies]
        yield _merged(lines, rest, {"items": own} if own else {})


GATHER: Mapping[str, Callable[[Sequence[Numbered]], Iterator[Entry]]] = {
    "orders": _gather_orders,
    "returns": _gather_returns,
}


def _grouped(
    rows: Sequence[Numbered], key: Callable[[Mapping[str, Any]], str | None]
) -> Iterator[tuple[tuple[int, ...], list[dict[str, Any]]]]:
    groups: dict[str, list[Numbered]] = {}
    for lines, body in rows:
        groups.setdefault(key(body) or f"\x00{lines[0]}", []).append((lines, body))
    for group in groups.values():
        yield tuple(line for lines, _ in group for line in lines), [body for _, body in group]


def _merged(lines: tuple[int, ...], bodies: Sequence[Mapping[str, Any]], more: Mapping[str, Any]) -> Entry:
    """The bodies as one; two of them that say different things are a fault."""
    merged: dict[str, Any] = {}
    for body in bodies:
        for name, value in body.items():
            if name in merged and text_of(merged[name]) != text_of(value):
                said = "different things" if name in PEOPLE else f"both {merged[name]!r} and {value!r}"
                return Entry(lines, {}, f"{name}: these lines say {said}")
            merged[name] = value
    return Entry(lines, {**merged, **more})


def _key(body: Mapping[str, Any], reader: Callable[[Any], str], name: str) -> str | None:
    try:
        return reader(body.get(name))
    except RuleError:
        return None  # the parser says what is wrong with it


def _without_twins(kind: str, entries: Sequence[Entry]) -> Iterator[Entry]:
    """A tracking number that stands twice in one file: the second is reported, with the line of the first."""
    first: dict[str, int] = {}
    for entry in entries:
        number = _key(entry.body, tracking_number, "number") if kind == "shipments" else None
        if number and number in first:
            yield Entry(entry.lines, entry.body, f"number: {number} stands in line {first[number]} already")
        else:
            first.update({number: entry.lines[0]} if number else {})
            yield entry


# ---- the watched folder --------------------------------------------------------------------------------------------

DONE, FAILED = "done", "failed"
_NAME = re.compile(rf"({'|'.join(KINDS)})[-_.].*\.(csv|txt|tsv|xlsx)", re.IGNORECASE)


def watch_folder(
    store: Store,
    folder: Path,
    *,
    takers: Mapping[str, Taker],
    now: datetime,
    settled_before: datetime,
    headers: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Report]:
    """Take the files `orders-*.csv` and so on that lie in ``folder``; move each with its report to `done/`, or to
    `failed/` where any row was rejected.

    Files written to after ``settled_before`` (real time) wait for the next look: they may still be growing. A crash at
    any point costs nothing: the file is taken again, and its rows are known.
    """
    reports = []
    for kind, path in sorted(_waiting(folder, settled_before), key=lambda found: (KINDS.index(found[0]), found[1])):
        mapping = (headers or {}).get(kind)
        report = _import_or_fault(store, kind, path, takers, now, mapping)
        _put_away(path, report, now)
        reports.append(report)
    return reports


def _waiting(folder: Path, settled_before: datetime) -> list[tuple[str, Path]]:
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        name = _NAME.fullmatch(path.name)
        if name and path.is_file() and path.stat().st_mtime <= settled_before.timestamp():
            found.append((name.group(1).lower(), path))
    return found


def _import_or_fault(
    store: Store,
    kind: str,
    path: Path,
    takers: Mapping[str, Taker],
    now: datetime,
    headers: Mapping[str, str] | None,
) -> Report:
    try:
        return import_file(store, kind, path, takers=takers, now=now, headers=headers)
    except RuleError as exc:
        return Report(path.name, kind, fault=str(exc))


def _put_away(path: Path, report: Report, now: datetime) -> None:
    """The report first, then the file: a file in `done/` always has its report."""
    folder = path.parent / (FAILED if report.rejected or report.fault else DONE)
    folder.mkdir(exist_ok=True)
    target = folder / path.name
    if target.exists():
        target = folder / f"{path.stem}.{now:%Y%m%dT%H%M%S}{path.suffix}"
    target.with_name(f"{target.name}.report.txt").write_text(f"{report}\n", encoding="utf-8")
    path.replace(target)
