"""How many cases tomorrow will bring: what the risk foresees and what is usual, set right by how earlier forecasts came true."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil, floor, sqrt

HALF_LIFE_D = 7.0
"""After so many days a day weighs half: a peak is followed within a week, and a quiet Sunday doesn't empty Monday."""
TIES = 5.0
"""Cases, and days, by which the record of earlier forecasts is tied to 'right as they were'."""
EIGHT_IN_TEN = 1.2816 / 2
"""Four days in five lie within so many spreads of a count's square root."""


@dataclass(frozen=True, slots=True)
class Came:
    """What a whole day brought: cases of all kinds, and of those that the risk decides about."""

    cases: int
    of_risk: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Of the cases of one day. ``by_risk``: what the model's probabilities add up to, None where none was relied on; ``waiting``:
    held back today, since there was no room; ``demand``: what would be worth acting on; ``expected``: what will be told, with room
    for no more than ``room``; ``low`` and ``high`` hold four days in five.
    """

    day: date
    begin: datetime
    end: datetime
    by_risk: float | None
    waiting: int
    demand: float
    expected: float
    low: int
    high: int
    room: int | None

    @property
    def short(self) -> int:
        """For how many cases there is no room."""
        return 0 if self.room is None else max(round(self.demand) - self.room, 0)


Record = Sequence[tuple[Forecast, Came]]


def usual(days: Sequence[float]) -> float:
    """The mean of these days, the last one first, each weighing less the longer ago it was."""
    weights: list[float] = [0.5 ** (n / HALF_LIFE_D) for n in range(len(days))]
    return sum(w * n for w, n in zip(weights, days, strict=True)) / sum(weights)


def correction(record: Record) -> float:
    """By what the model's sums were too small, or too large, lately."""
    told = [(f.by_risk, c.of_risk) for f, c in record if f.by_risk is not None]
    return (sum(came for _, came in told) + TIES) / (sum(by for by, _ in told) + TIES)


def overspread(record: Record) -> float:
    """How much wider than chance the days lay around their forecasts; 1 is chance alone."""
    squares = sum((c.cases - f.expected) ** 2 / max(f.expected, 1.0) for f, c in record)
    return max((squares + TIES) / (len(record) + TIES), 1.0)


def bounds(expected: float, spread: float) -> tuple[int, int]:
    """Between which four days in five lie; a count's square root is as wide whatever the count."""
    root, half = sqrt(max(expected, 0.0)), EIGHT_IN_TEN * sqrt(spread)
    return floor(max(root - half, 0.0) ** 2), ceil((root + half) ** 2)


def forecast(
    day: date,
    span: tuple[datetime, datetime],
    days: Sequence[Came],
    record: Record,
    *,
    by_risk: float | None,
    waiting: int,
    room: int | None,
) -> Forecast:
    """``days``: whole days that have ended, the last one first; ``record``: the last forecasts and what came."""
    if by_risk is None:
        rest, foreseen = usual([d.cases for d in days]), 0.0
    else:
        rest, foreseen = usual([d.cases - d.of_risk for d in days]), by_risk * correction(record)
    demand = rest + foreseen + waiting
    expected = demand if room is None else min(demand, max(float(room), rest))
    low, high = bounds(expected, overspread(record))
    return Forecast(day, *span, by_risk, waiting, round(demand, 2), round(expected, 2), low, high, room)


def to_data(one: Forecast) -> Mapping[str, object]:
    """As it is written into the log."""
    return {
        "begin": one.begin.isoformat(), "end": one.end.isoformat(), "by_risk": one.by_risk, "waiting": one.waiting,
        "demand": one.demand, "expected": one.expected, "low": one.low, "high": one.high, "room": one.room,
    }  # fmt: skip
