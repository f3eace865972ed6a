"""Walking forward: each month's model, fitted on what was known when the month began, scores that month's moments."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from monitor.risk.history import Bools, Floats, History, Ints
from monitor.risk.model import RiskModel, fit, know, risk

DAY = 24.0
AFTER_PROMISE = 45 * DAY
"""Scores go on until so long after the promise."""
CHECK_EVERY = 6.0
"""Hours between two looks at a silent parcel, at most."""
CHUNK = 100_000


@dataclass(frozen=True)
class Fit:
    """A month's model and why its probabilities aren't to be relied on (empty: they are)."""

    model: RiskModel
    why_not: str


@dataclass(frozen=True)
class Walked:
    """Looks in order of parcel, then time. ``scored``: those that belong into scores.csv; ``fit``: the month's, by number."""

    evaluated: Ints
    parcel: Ints
    at: Floats
    risk: Floats
    scored: Bools
    fit: Ints
    fits: tuple[Fit, ...]


def walk(history: History, start: float, *, every: float, min_samples: int, until: float) -> Walked:
    """All looks at parcels handed over from ``start`` on, up to ``until`` (hours since 1970)."""
    evaluated = np.flatnonzero((history.parcels.handed >= start) & (history.parcels.handed <= until))
    found: list[tuple[Ints, Floats, Floats, Bools, Ints]] = []
    fits: list[Fit] = []
    last = np.max(history.parcels.promised[evaluated], initial=start) + AFTER_PROMISE
    for begin, end in months(start, min(last, until)):
        looks = month_looks(history, evaluated, begin, min(end, until), every)
        if not len(looks[0]):
            continue
        model = fit(history, begin)
        fits.append(Fit(model, model.why_not(min_samples)))
        k = know(model, history, end)
        parts = range(0, len(looks[0]), CHUNK)
        value = np.concatenate([risk(model, k, looks[0][i : i + CHUNK], looks[1][i : i + CHUNK]) for i in parts])
        found.append((looks[0], looks[1], value, looks[2], np.full(len(value), len(fits) - 1)))
    if not found:
        nothing = np.zeros(0)
        return Walked(evaluated, nothing.astype(np.int64), nothing, nothing, nothing > 0, nothing.astype(np.int64), ())
    parcel, at, value, scored, of = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((at, parcel))
    return Walked(evaluated, parcel[order], at[order], value[order], scored[order], of[order], tuple(fits))


def months(start: float, end: float) -> Iterator[tuple[float, float]]:
    """Months (UTC) from that of ``start`` to that of ``end``, as their first moments and the next one's."""
    day = datetime.fromtimestamp(start * 3600, UTC)
    year, month = day.year, day.month
    while True:
        begin = _hours(year, month)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        if begin > end:
            return
        yield begin, _hours(year, month)


def _hours(year: int, month: int) -> float:
    return datetime(year, month, 1, tzinfo=UTC).timestamp() / 3600


def month_looks(
    history: History, evaluated: Ints, begin: float, end: float, every: float
) -> tuple[Ints, Floats, Bools]:
    """Parcel, time and whether it is a score's, of every look in [begin, end): open parcels only."""
    p = history.parcels
    each = int(np.ceil(every / CHECK_EVERY))
    step = every / each
    stop = np.minimum(p.promised + AFTER_PROMISE, history.received_at)[evaluated]
    handed = p.handed[evaluated]
    first = np.maximum(np.ceil((begin - handed) / step - 1e-9), 1).astype(np.int64)
    finish = np.minimum(stop, end)
    count = np.maximum(np.floor((finish - handed) / step + 1e-9).astype(np.int64) - first + 1, 0)
    parcel = np.repeat(evaluated, count)
    number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    at = p.handed[parcel] + number * step
    scored = number % each == 0
    near = scored | (at <= history.deadline[parcel])
    keep = near & (at >= begin) & (at < end) & history.open_at(parcel, at)
    return parcel[keep], at[keep], scored[keep]
