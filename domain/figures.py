"""The desk's figures: what each is, how it is told from its samples, per day, week, carrier, shop, collector or person.

A figure is a table of samples (when, value, weight, whom it is about). Nothing is told without its sample size; where there
are no samples the value is None, never 0.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import sqrt
from statistics import median
from zoneinfo import ZoneInfo

from domain.checkin import LINE
from domain.errors import RuleError


class How(StrEnum):
    """How samples become one value. SHARE: sum of values by sum of weights. PER_10K: the same, times 10,000. MEDIAN: the
    middle value, in seconds. SUM: the sum of values, in cents or pieces.
    """

    SHARE = "share"
    PER_10K = "per_10k"
    MEDIAN = "median"
    SUM = "sum"


class Figure(StrEnum):
    """What is counted. Definitions for people: config/texts/figures, table ``figure_means``."""

    PROMISE_KEPT = "promise_kept"
    FIRST_RESPONSE = "first_response"
    PROGRESS_GAP = "progress_gap"
    ACKNOWLEDGED = "acknowledged"
    REOPENED = "reopened"
    REFUND_TIME = "refund_time"
    RESHIP_TIME = "reship_time"
    PRECISION = "precision"
    LOAD_OFF = "load_off"
    LOAD_INSIDE = "load_inside"
    RECOVERED = "recovered"
    CLAIMS_LOST = "claims_lost"
    ON_TIME = "on_time"
    LOST = "lost"
    FALSE_SIGNED = "false_signed"
    TRACKING_GAP = "tracking_gap"
    CARRIER_ANSWER = "carrier_answer"
    MONEY_LOST = "money_lost"
    CASES = "cases"
    PICKUP_ON_TIME = "pickup_on_time"
    PICKUP_FIRST_TRY = "pickup_first_try"
    PICKUP_NO_SHOW = "pickup_no_show"
    PICKUP_COST = "pickup_cost"
    WAREHOUSE_TIME = "warehouse_time"
    WAREHOUSE_IN_LINE = "warehouse_in_line"


HOW: Mapping[Figure, How] = {
    Figure.PROMISE_KEPT: How.SHARE,
    Figure.FIRST_RESPONSE: How.MEDIAN,
    Figure.PROGRESS_GAP: How.MEDIAN,
    Figure.ACKNOWLEDGED: How.MEDIAN,
    Figure.REOPENED: How.SHARE,
    Figure.REFUND_TIME: How.MEDIAN,
    Figure.RESHIP_TIME: How.MEDIAN,
    Figure.PRECISION: How.SHARE,
    Figure.LOAD_OFF: How.SHARE,
    Figure.LOAD_INSIDE: How.SHARE,
    Figure.RECOVERED: How.SHARE,
    Figure.CLAIMS_LOST: How.SUM,
    Figure.ON_TIME: How.SHARE,
    Figure.LOST: How.PER_10K,
    Figure.FALSE_SIGNED: How.PER_10K,
    Figure.TRACKING_GAP: How.SHARE,
    Figure.CARRIER_ANSWER: How.MEDIAN,
    Figure.MONEY_LOST: How.SUM,
    Figure.CASES: How.PER_10K,
    Figure.PICKUP_ON_TIME: How.SHARE,
    Figure.PICKUP_FIRST_TRY: How.SHARE,
    Figure.PICKUP_NO_SHOW: How.SHARE,
    Figure.PICKUP_COST: How.SHARE,
    Figure.WAREHOUSE_TIME: How.MEDIAN,
    Figure.WAREHOUSE_IN_LINE: How.SHARE,
}

MONEY = frozenset({Figure.MONEY_LOST, Figure.RECOVERED})
"""Figures in cents: different currencies are never added up."""

DAY_S = 86_400
LINES: Mapping[Figure, tuple[tuple[str, float], ...]] = {
    Figure.REFUND_TIME: (("best_shop", 0.77 * DAY_S), ("platform_mean", 1.87 * DAY_S), ("statutory", 7 * DAY_S)),
    Figure.ON_TIME: (("benchmark", 0.95),),
    Figure.FALSE_SIGNED: (("target", 10.0),),
    Figure.TRACKING_GAP: (("target", 0.005),),
    Figure.CLAIMS_LOST: (("target", 0.0),),
    Figure.WAREHOUSE_TIME: (("hundred", LINE.total_seconds()),),
    Figure.LOAD_INSIDE: (("aim", 0.8),),
}
"""What a figure is held against: 0.77 and 1.87 days of a shop and its platform (user's documents), 7 days by 消保法 25;
95 % on time is the usual benchmark; 100 minutes: domain/checkin; 0.1 % false signatures, 0.5 % tracking gaps are a merchant's own
targets; a forecast's bounds are made to hold four days in five.
"""


class By(StrEnum):
    """What samples are parted by."""

    KIND = "kind"
    CARRIER = "carrier"
    SHOP = "shop"
    PERSON = "person"
    COLLECTOR = "collector"
    DEPOT = "depot"
    CURRENCY = "currency"


@dataclass(frozen=True, slots=True)
class Sample:
    """One thing that happened. ``value`` in seconds, cents, pieces or 0/1; ``weight`` is what a share is a share of. ``at``
    decides the day that it counts on.
    """

    at: datetime
    value: float
    weight: float = 1.0
    kind: str = ""
    carrier: str = ""
    shop: str = ""
    person: str = ""
    collector: str = ""
    depot: str = ""
    currency: str = ""


Samples = Mapping[Figure, Sequence[Sample]]


@dataclass(frozen=True, slots=True)
class Value:
    """What samples amount to; ``n`` is how many there were, ``p90`` the ninth decile of a MEDIAN."""

    value: float | None
    n: int
    p90: float | None = None


NO_SAMPLES = Value(None, 0)


def tell(samples: Sequence[Sample], how: How) -> Value:
    """One value for all of these samples."""
    return _TELL[how](samples) if samples else NO_SAMPLES


def _share(samples: Sequence[Sample], times: float = 1.0) -> Value:
    weight = sum(s.weight for s in samples)
    return Value(times * sum(s.value for s in samples) / weight if weight else None, len(samples))


def _middle(samples: Sequence[Sample]) -> Value:
    values = sorted(s.value for s in samples)
    return Value(median(values), len(values), values[min(len(values) - 1, int(0.9 * len(values)))])


_TELL: Mapping[How, Callable[[Sequence[Sample]], Value]] = {
    How.SHARE: _share,
    How.PER_10K: lambda samples: _share(samples, 10_000),
    How.MEDIAN: _middle,
    How.SUM: lambda samples: Value(sum(s.value for s in samples), len(samples)),
}


def wilson(k: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """A 95 % interval of a share of ``k`` in ``n``; everything where nothing was counted."""
    if n == 0:
        return 0.0, 1.0
    p, d = k / n, 1 + z * z / n
    middle, half = (p + z * z / (2 * n)) / d, z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / d
    return max(0.0, middle - half), min(1.0, middle + half)


# --- periods -------------------------------------------------------------------------------------------------------


class Step(StrEnum):
    DAY = "day"
    WEEK = "week"


MAX_PERIODS = 400


def period_of(at: datetime, step: Step, zone: ZoneInfo) -> date:
    """The first day of the day or week (from Monday) that a moment belongs to, in the shop's zone."""
    day = at.astimezone(zone).date()
    return day - timedelta(days=day.weekday()) if step is Step.WEEK else day


def periods(first: date, last: date, step: Step) -> list[date]:
    """Every period that has a day between two days, both included, by its first day.

    Raises RuleError where the order is wrong or there are more than MAX_PERIODS.
    """
    if last < first:
        raise RuleError(f"from {first} to {last}: the first day comes after the last")
    days = timedelta(days=7 if step is Step.WEEK else 1)
    start = first - timedelta(days=first.weekday()) if step is Step.WEEK else first
    count = (last - start) // days + 1
    if count > MAX_PERIODS:
        raise RuleError(f"from {first} to {last} are {count} periods; at most {MAX_PERIODS}: ask for weeks, or less")
    return [start + n * days for n in range(count)]


def by_period(
    samples: Iterable[Sample], how: How, wanted: Sequence[date], step: Step, zone: ZoneInfo
) -> list[tuple[date, Value]]:
    """A value for each wanted period, those without samples too."""
    parted: dict[date, list[Sample]] = defaultdict(list)
    for sample in samples:
        parted[period_of(sample.at, step, zone)].append(sample)
    return [(start, tell(parted.get(start, []), how)) for start in wanted]


def by_tag(samples: Iterable[Sample], how: How, by: By) -> dict[str, Value]:
    """A value for each carrier, shop …; samples that are about none are left out."""
    parted: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        parted[getattr(sample, by.value)].append(sample)
    return {tag: tell(found, how) for tag, found in sorted(parted.items()) if tag}
