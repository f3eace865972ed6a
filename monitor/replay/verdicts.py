"""What the desk itself said of its alarms, beside a replay of its own parcels: right ones by kind, carrier and week.

The verdicts are the figures' own (`monitor/figures`): each resolution by a person counts once, in the week in which it was given.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from domain.figures import Figure, How, Sample, Step, period_of, tell, wilson
from monitor.figures import of_case
from store import figures
from store.base import Db

K = TypeVar("K")


def verdicts(db: Db, *, since: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """Shares of right alarms with sizes and 95 % intervals, of the verdicts since then: together, by each, and of each kind
    with a carrier in a week. ``zone``: whose weeks, from Monday.
    """
    told = given(db, since=since)

    def week(sample: Sample) -> str:
        return period_of(sample.at, Step.WEEK, zone).isoformat()

    cells = _parted(told, lambda s: (week(s), s.kind, s.carrier))
    return {
        "all": _told(told),
        "kind": _each(_parted(told, lambda s: s.kind)),
        "carrier": _each(_parted(told, lambda s: s.carrier)),
        "week": _each(_parted(told, week)),
        "each": [
            {"week": start, "kind": kind, "carrier": carrier, **_told(found)}
            for (start, kind, carrier), found in sorted(cells.items())
        ],
    }


def given(db: Db, *, since: datetime) -> list[Sample]:
    """Every verdict since then, as the figures' sample."""
    cases = figures.case_histories(db, since=since)
    found = (one for case in cases for one in of_case(case))
    return [sample for figure, sample in found if figure is Figure.PRECISION and sample.at >= since]


def _parted(told: Iterable[Sample], by: Callable[[Sample], K]) -> dict[K, list[Sample]]:
    found: dict[K, list[Sample]] = defaultdict(list)
    for sample in told:
        found[by(sample)].append(sample)
    return found


def _each(parted: Mapping[str, Sequence[Sample]]) -> dict[str, Any]:
    """Cases that no carrier is named for are counted in the whole alone."""
    return {name: _told(found) for name, found in sorted(parted.items()) if name}


def _told(found: Sequence[Sample]) -> dict[str, Any]:
    value, right = tell(found, How.SHARE), round(sum(s.value for s in found))
    low, high = wilson(right, value.n)
    precision = None if value.value is None else round(value.value, 4)
    return {"judged": value.n, "right": right, "precision": precision, "low": round(low, 4), "high": round(high, 4)}
