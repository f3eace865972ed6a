"""When people work: several periods a day in a time zone, days off, make-up workdays; counting and finding moments in it.

Everything is asked of whole seconds, and costs the days that lie between, not their minutes. A minute is worked if the
clock on the desk's wall, at that minute, lies within a period of a day that is worked: so a day on which the clocks
change is as long for the desk as its wall shows it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import accumulate, pairwise
from operator import itemgetter

from domain.errors import RuleError

EVERY_DAY = frozenset(range(7))
WHOLE_DAY = ((time(), time()),)
BLOCK, BLOCKS = 16, 26
"""Days that are worked out together, and how many such stretches are looked through: a desk that is closed for longer than a
year has no hours.
"""
MAX_DAYS = BLOCK * (BLOCKS - 1)
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a clock on a wall has no zone
_AROUND_S = 26 * HOUR_S  # no zone is further from UTC, no clock is changed by more

Interval = tuple[int, int]
"""Seconds since 1970, UTC; its end isn't in it."""


@dataclass(frozen=True, slots=True)
class Near:
    """Intervals in their order: ``begins`` and ``ends``; ``worked``: the seconds worked before each, and last those of all."""

    begins: tuple[int, ...]
    ends: tuple[int, ...]
    worked: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DeskHours:
    """``periods``: local times, sorted, none overlapping; an end of 00:00 is the end of the day. ``weekdays``: Monday 0.
    ``closed``: days off. ``extra``: days that are worked, whatever weekday or holiday they are.

    Raises RuleError where a period doesn't end after it begins, or two overlap.
    """

    zone: tzinfo = UTC
    periods: tuple[tuple[time, time], ...] = WHOLE_DAY
    weekdays: frozenset[int] = EVERY_DAY
    closed: frozenset[date] = frozenset()
    extra: frozenset[date] = frozenset()
    _blocks: dict[int, tuple[Interval, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _nears: "dict[int, Near]" = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if fault := fault_of(self.periods):
            raise RuleError(fault)

    def works_on(self, day: date) -> bool:
        return day in self.extra or (day.weekday() in self.weekdays and day not in self.closed)

    def is_open(self, at: datetime) -> bool:
        second = _seconds(at)
        near = self._near(second)
        i = bisect_right(near.ends, second)
        if i < len(near.ends):
            return near.begins[i] <= second
        return next((begin <= second for begin, _ in self._from(second)), False)

    def next_open(self, at: datetime) -> datetime:
        """The first moment from ``at`` on at which the desk works. Raises RuleError where it never does."""
        second = _seconds(at)
        near = self._near(second)
        i = bisect_right(near.ends, second)
        begin = near.begins[i] if i < len(near.ends) else next((begin for begin, _ in self._from(second)), None)
        if begin is None:
            return _never()
        return at if begin <= second and at.tzinfo is UTC and not at.microsecond else _moment(max(begin, second))

    def add(self, start: datetime, length: timedelta) -> datetime:
        """The moment at which the desk has worked for ``length`` since ``start``; where that is nothing, when it next works.

        Raises RuleError where it never works so long.
        """
        left, second = int(length.total_seconds()), _seconds(start)
        if left <= 0:
            return self.next_open(start)
        near = self._near(second)
        i = bisect_right(near.ends, second)
        if i < len(near.ends):
            target = near.worked[i] + max(0, second - near.begins[i]) + left
            j = bisect_left(near.worked, target, i + 1) - 1
            if j < len(near.ends):
                return _moment(near.begins[j] + target - near.worked[j])
        return self._add_far(second, left)

    def _add_far(self, second: int, left: int) -> datetime:
        """As ``add``, over more days than lie near."""
        for begin, end in self._from(second):
            since = max(begin, second)
            if end - since >= left:
                return _moment(since + left)
            left -= end - since
        return _never()

    def last_minute(self, at: datetime) -> datetime | None:
        """The last whole minute, not after ``at``, in which the desk works; None where it worked in none of a year's."""
        second = _seconds(at) // MINUTE_S * MINUTE_S
        near = self._near(second)
        i = bisect_right(near.begins, second) - 1
        end = near.ends[i] if i >= 0 else next((end for _, end in self._back(second)), None)
        return None if end is None else _moment(min(second, (end - 1) // MINUTE_S * MINUTE_S))

    # --- the periods as intervals of UTC ---

    def _near(self, second: int) -> "Near":
        """What is worked around a moment, 16 days to each side at least: nearly every question is answered there."""
        n = second // DAY_S // BLOCK
        found = self._nears.get(n)
        if found is None:
            found = self._nears[n] = _near_of([one for m in (n - 1, n, n + 1) for one in self._block(m)])
        return found

    def _from(self, second: int) -> Iterator[Interval]:
        """The intervals that end after ``second``, in order."""
        first = (second // DAY_S - 1) // BLOCK
        for n in range(first, first + BLOCKS):
            block = self._block(n)
            yield from block[bisect_right(block, second, key=_end) :] if n < first + 2 else block

    def _back(self, second: int) -> Iterator[Interval]:
        """The intervals that begin no later than ``second``, the last one first."""
        last = (second // DAY_S + 1) // BLOCK
        for n in range(last, last - BLOCKS, -1):
            block = self._block(n)
            yield from reversed(block[: bisect_right(block, second, key=_begin)] if n > last - 2 else block)

    def _block(self, n: int) -> tuple[Interval, ...]:
        """What is worked in a stretch of days."""
        found = self._blocks.get(n)
        if found is None:
            days = range(n * BLOCK, (n + 1) * BLOCK)
            found = self._blocks[n] = tuple(sorted(one for day in days for one in self._worked(day)))
        return found

    def _worked(self, day: int) -> tuple[Interval, ...]:
        """What is worked of one day on the wall; ``day`` counts from 1970-01-01."""
        if not self.works_on((_EPOCH + timedelta(days=day)).date()):
            return ()
        midnight = day * DAY_S
        found = []
        for begin, end, offset in self._offsets(midnight):
            for opens, closes in self.periods:
                first = max(begin, midnight + _of(opens) - offset)
                last = min(end, midnight + (_of(closes) or DAY_S) - offset)
                if first < last:
                    found.append((first, last))
        return tuple(sorted(found))

    def _offsets(self, midnight: int) -> list[tuple[int, int, int]]:
        """The stretches around a day on the wall during which the zone keeps one offset from UTC: begin, end, offset."""
        begin, end = midnight - _AROUND_S, midnight + DAY_S + _AROUND_S
        if self._offset(begin) == self._offset(end - 1):
            return [(begin, end, self._offset(begin))]
        hours = list(range(begin, end, HOUR_S))
        changes = [self._change(a, b) for a, b in zip(hours, [*hours[1:], end], strict=True) if self._differ(a, b)]
        marks = [begin, *changes, end]
        return [(a, b, self._offset(a)) for a, b in pairwise(marks)]

    def _differ(self, a: int, b: int) -> bool:
        return self._offset(a) != self._offset(b)

    def _change(self, a: int, b: int) -> int:
        """The second at which the offset of ``b`` begins."""
        after = self._offset(b)
        return a + bisect_right(range(a, b + 1), 0, key=lambda second: int(self._offset(second) == after))

    def _offset(self, second: int) -> int:
        offset = _moment(second).astimezone(self.zone).utcoffset()
        assert offset is not None
        return int(offset.total_seconds())


def fault_of(periods: tuple[tuple[time, time], ...]) -> str:
    """What is wrong with a day's periods, and how to write them; empty where nothing is."""
    if not periods:
        return 'a desk needs at least one period: write [["09:00", "21:00"]]'
    for opens, closes in periods:
        if (_of(closes) or DAY_S) <= _of(opens):
            return (
                f"a period must end after it begins: {opens:%H:%M} to {closes:%H:%M}; one over midnight is written as two,"
                f" {opens:%H:%M} to 00:00 and 00:00 to {closes:%H:%M}"
            )
    for (_, closes), (opens, _) in pairwise(periods):
        if not _of(closes) or _of(opens) < _of(closes):
            return f"the periods must follow each other: {opens:%H:%M} comes before {closes:%H:%M} ends"
    return ""


_begin, _end = itemgetter(0), itemgetter(1)


def _near_of(intervals: list[Interval]) -> Near:
    worked = accumulate((end - begin for begin, end in intervals), initial=0)
    return Near(tuple(b for b, _ in intervals), tuple(e for _, e in intervals), tuple(worked))


def _of(at: time) -> int:
    return at.hour * HOUR_S + at.minute * MINUTE_S + at.second


def _seconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise RuleError("desk hours need aware times: pass a datetime with a time zone")
    return int(at.timestamp())


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def _never() -> datetime:
    raise RuleError(f"the desk works too little within {MAX_DAYS} days: look at its days, closed and periods")


ALWAYS = DeskHours()
"""Around the clock."""
