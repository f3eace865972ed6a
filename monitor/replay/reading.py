"""Reading the two files of a replay. A missing column is an error; a bad row is counted, told and left out."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isnan
from pathlib import Path

import numpy as np

from domain.errors import RuleError
from monitor.risk.groups import subset
from monitor.risk.history import (
    DELIVERED,
    MILESTONES,
    OUTCOMES,
    RECEIVED,
    UNKNOWN,
    Bools,
    Events,
    Floats,
    History,
    Ints,
    Parcels,
)

SHIPMENTS = (
    "shipment_id", "carrier", "service", "origin", "destination", "handed_over_at", "promised_at", "outcome", "outcome_at",
)  # fmt: skip
EVENTS = ("shipment_id", "at", "milestone", "code", "place", "physical")
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC).timestamp() / 3600
"""A stamp before this is a default of somebody's software (0, 1900, 1970), not a time."""
NAMES = {milestone.value: number for number, milestone in enumerate(MILESTONES)}
CODES = {outcome: number for number, outcome in enumerate(OUTCOMES)}
HOURS_A_DAY = 24.0


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What stands in for a promise that wasn't given, in hours from hand-over; and the grace after any promise."""

    promise: float
    promise_abroad: float
    grace: float


@dataclass(slots=True)
class Tally:
    """What was found in the files: ``rejected`` rows are left out, ``noted`` ones are used all the same."""

    rejected: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)


def read_history(shipments: Path, events: Path, assume: Assumptions, *, now: datetime, tally: Tally) -> History:
    """The history in two files. Raises RuleError (file: path: message) where a file or a column is missing."""
    latest = now.timestamp() / 3600
    rows = dict(_shipments(shipments, latest, tally))
    index = {key: number for number, key in enumerate(rows)}
    happened = _events(events, index, latest, tally)
    parcels = _parcels(rows, happened, assume, tally)
    keep = np.flatnonzero(~np.isnan(parcels.handed))
    return History(subset(parcels, keep), _of(happened, keep, len(rows)), assume.grace)


# --- cells ---------------------------------------------------------------------------------------------------------


def table(path: Path, needed: tuple[str, ...]) -> Iterator[Mapping[str, str]]:
    """The rows of a CSV file in UTF-8 (with or without BOM) or GB18030. Raises RuleError."""
    try:
        raw = path.read_bytes()
    except OSError as exc:
        raise RuleError(f"file: {path}: can't be read: {exc.strerror}") from exc
    text = _decoded(path, raw)
    reader = csv.DictReader(io.StringIO(text, newline=""), restval="")
    missing = [name for name in needed if name not in (reader.fieldnames or ())]
    if missing:
        raise RuleError(f"file: {path}: no column {', '.join(missing)}; the first line must name {', '.join(needed)}")
    try:
        yield from reader
    except csv.Error as exc:
        raise RuleError(f"file: {path}: line {reader.line_num}: {exc}") from exc


def _decoded(path: Path, raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RuleError(f"file: {path}: is neither UTF-8 nor GB18030 text{' (UTF-16?)' if raw[:2] in UTF16 else ''}")


UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def hours(text: str, tally: Tally, what: str, latest: float) -> float | None:
    """Hours since 1970 of an ISO time; NaN where the cell is empty; None, counted, where it is no time that can be."""
    text = text.strip()
    if not text:
        return float("nan")
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            tally.noted[f"{what}: no zone, read as UTC"] += 1
            at = at.replace(tzinfo=UTC)
        value = at.timestamp() / 3600
    except (ValueError, OverflowError):
        return None
    return value if EARLIEST <= value <= latest else None


# --- shipments -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Row:
    carrier: str
    service: str
    origin: str
    destination: str
    handed: float
    promised: float
    outcome: int
    outcome_at: float
    weight: float
    value_cents: float


FAR_AHEAD_H = 20 * 366 * HOURS_A_DAY
"""A promise may lie ahead, but not by twenty years."""


def _shipments(path: Path, latest: float, tally: Tally) -> Iterator[tuple[str, _Row]]:
    seen: set[str] = set()
    for cells in table(path, SHIPMENTS):
        key = (cells["shipment_id"] or "").strip()
        fault = "no shipment_id" if not key else "duplicate shipment_id" if key in seen else ""
        row = None if fault else _shipment(cells, latest, tally)
        if isinstance(row, _Row):
            seen.add(key)
            yield key, row
        else:
            tally.rejected[f"shipments: {fault or row}"] += 1


def _shipment(cells: Mapping[str, str], latest: float, tally: Tally) -> _Row | str:
    """The row, or what is wrong with it."""
    handed = hours(cells["handed_over_at"] or "", tally, "handed_over_at", latest)
    promised = hours(cells["promised_at"] or "", tally, "promised_at", latest + FAR_AHEAD_H)
    ended = hours(cells["outcome_at"] or "", tally, "outcome_at", latest)
    outcome = CODES.get((cells["outcome"] or "").strip().lower() or "unknown")
    weight = _weight(cells.get("weight") or "")
    for name, value in (("handed_over_at", handed), ("promised_at", promised), ("outcome_at", ended)):
        if value is None:
            return f"{name} is no time, or lies ahead or before 1990"
    if outcome is None or weight is None:
        return "unknown outcome" if outcome is None else "weight is no positive number"
    assert handed is not None
    assert promised is not None
    assert ended is not None
    if ended < handed:
        return "outcome before hand-over (negative transit)"
    carrier, service, origin, destination = (
        (cells[name] or "").strip() for name in ("carrier", "service", "origin", "destination")
    )
    return _Row(
        carrier, service, origin, destination, handed, promised, outcome, ended, weight, _value(cells.get(VALUE) or "")
    )


def _weight(text: str) -> float | None:
    try:
        value = float(text) if text.strip() else 1.0
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None


VALUE = "value_cents"
"""A column that may be there: what the parcel's goods cost, in the policy's currency of worth."""


def _value(text: str) -> float:
    """NaN where it isn't told, or is no amount."""
    try:
        value = float(text)
    except ValueError:
        return float("nan")
    return value if 0 < value < float("inf") else float("nan")


def _parcels(rows: Mapping[str, _Row], events: Events, assume: Assumptions, tally: Tally) -> Parcels:
    """Columns of all rows; where the hand-over isn't told, it is the first physical event, NaN where there is none."""
    found = list(rows.values())
    handed = np.array([r.handed for r in found], dtype=np.float64)
    first = np.full(len(found), np.inf)
    held = np.flatnonzero(events.physical)
    np.minimum.at(first, events.parcel[held], events.at[held])
    unsaid = np.isnan(handed)
    handed = np.where(unsaid, np.where(np.isinf(first), np.nan, first), handed)
    ended = np.array([r.outcome_at for r in found], dtype=np.float64)
    outcome = np.array([r.outcome for r in found], dtype=np.int64)
    told = np.zeros(len(found), dtype=bool)
    told[events.parcel[events.milestone == DELIVERED]] = True
    outcome = np.where((outcome == RECEIVED) & np.isnan(ended) & ~told, UNKNOWN, outcome)
    _note_parcels(found, handed, unsaid, outcome, tally)
    abroad = np.array([_abroad(r) for r in found], dtype=bool)
    promised = np.array([r.promised for r in found], dtype=np.float64)
    assumed = np.isnan(promised)
    stands_in = handed + np.where(abroad, assume.promise_abroad, assume.promise)
    return Parcels(
        list(rows), [r.carrier for r in found], [r.service for r in found], [r.origin for r in found],
        [r.destination for r in found], handed, np.where(assumed, stands_in, promised), assumed, outcome, ended,
        np.array([r.weight for r in found], dtype=np.float64), np.full(len(found), np.nan),
        np.array([r.value_cents for r in found], dtype=np.float64),
    )  # fmt: skip


def _note_parcels(found: list[_Row], handed: Floats, unsaid: Bools, outcome: Ints, tally: Tally) -> None:
    counts = {
        "shipments: never handed over (no hand-over and no physical event): left out": int(np.isnan(handed).sum()),
        "shipments: hand-over taken from the first physical event": int((unsaid & ~np.isnan(handed)).sum()),
        "shipments: promise assumed": sum(np.isnan(r.promised) for r in found),
        "shipments: promise before hand-over": int(sum(r.promised < h for r, h in zip(found, handed, strict=True))),
        "shipments: no origin": sum(not r.origin for r in found),
        "shipments: no destination": sum(not r.destination for r in found),
        "shipments: delivered, nobody knows when: read as unknown": sum(
            row.outcome == RECEIVED and now == UNKNOWN for row, now in zip(found, outcome.tolist(), strict=True)
        ),
    }
    tally.noted.update({name: int(count) for name, count in counts.items() if count})


def _abroad(row: _Row) -> bool:
    """Across a border: both ends are known and their largest places differ."""
    ends = row.origin.split("/")[0].strip(), row.destination.split("/")[0].strip()
    return all(ends) and ends[0].casefold() != ends[1].casefold()


# --- events --------------------------------------------------------------------------------------------------------


def _events(path: Path, index: Mapping[str, int], latest: float, tally: Tally) -> Events:
    rows: dict[tuple[int, float, int, str, str], bool] = {}
    for cells in table(path, EVENTS):
        parcel = index.get((cells["shipment_id"] or "").strip())
        at = hours(cells["at"] or "", tally, "at", latest)
        if parcel is None or at is None or isnan(at):
            tally.rejected[
                "events: no such shipment" if parcel is None else "events: at is no time, or lies ahead"
            ] += 1
            continue
        milestone = _milestone(cells["milestone"] or "", tally)
        key = (parcel, at, milestone, (cells["code"] or "").strip(), (cells["place"] or "").strip())
        if key in rows:
            tally.rejected["events: duplicate"] += 1
        else:
            rows[key] = _physical(cells["physical"] or "", milestone, tally)
    ordered = sorted(rows, key=lambda k: (k[0], k[1], RANK[k[2]], k[3], k[4]))
    return Events(
        np.array([k[0] for k in ordered], dtype=np.int64), np.array([k[1] for k in ordered], dtype=np.float64),
        np.array([k[2] for k in ordered], dtype=np.int64), [k[3] for k in ordered], [k[4] for k in ordered],
        np.array([rows[k] for k in ordered], dtype=bool),
    )  # fmt: skip


ORDER = (
    "announced", "cancelled", "picked_up", "transferred", "in_transit", "customs", "exception", "at_destination",
    "out_for_delivery", "attempt_failed", "awaiting_collection", "returning", "returned", "delivered", "info", "unmapped",
)  # fmt: skip
RANK = {NAMES[name]: rank for rank, name in enumerate(ORDER)}
"""Events of one moment, in the order in which they must have happened."""
ELECTRONIC = frozenset(NAMES[name] for name in ("announced", "cancelled", "info", "unmapped"))


def _milestone(text: str, tally: Tally) -> int:
    name = text.strip().lower()
    if name not in NAMES:
        tally.noted["events: unknown milestone, read as unmapped"] += 1
    return NAMES.get(name, NAMES["unmapped"])


def _physical(text: str, milestone: int, tally: Tally) -> bool:
    """What the cell says; where it is silent, what the milestone means."""
    said = {"1": True, "true": True, "1.0": True, "0": False, "false": False, "0.0": False}.get(text.strip().lower())
    if said is None:
        tally.noted["events: physical not told, read off the milestone"] += 1
        return milestone not in ELECTRONIC
    return said


def _of(events: Events, keep: Ints, before: int) -> Events:
    number = np.full(before, -1, dtype=np.int64)
    number[keep] = np.arange(len(keep))
    rows = np.flatnonzero(number[events.parcel] >= 0)
    return Events(
        number[events.parcel[rows]], events.at[rows], events.milestone[rows], [events.code[i] for i in rows.tolist()],
        [events.place[i] for i in rows.tolist()], events.physical[rows],
    )  # fmt: skip
