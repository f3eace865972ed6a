"""Working calendars: which days a carrier moves parcels in a region, and deadlines that stand still on the others."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.errors import RuleError

A_DAY = timedelta(days=1)
EVERY_DAY = frozenset(range(7))
MAX_DAYS = 1000  # no threshold is longer; a calendar without open days would never end


class Ticking(StrEnum):
    """When the clock of a span runs."""

    OPEN_DAYS = "open_days"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time. OPEN_DAYS stands still on the calendar's closed days; a business day is 24 open hours."""

    length: timedelta
    ticking: Ticking = Ticking.OPEN_DAYS


@dataclass(frozen=True, slots=True)
class Calendar:
    """``weekdays``: open days of the week, Monday 0. ``closed``: single days without work. Days are those of ``zone``."""

    zone: ZoneInfo
    weekdays: frozenset[int] = EVERY_DAY
    closed: frozenset[date] = frozenset()

    def is_open(self, day: date) -> bool:
        return day.weekday() in self.weekdays and day not in self.closed

    def after(self, start: datetime, span: Span) -> datetime:
        """The moment (UTC) at which ``span`` has run since ``start`` (aware).

        Raises RuleError where the calendar has no open day within MAX_DAYS.
        """
        cursor = _aware(start)
        whole = cursor + span.length
        if span.ticking is Ticking.ALWAYS:
            return whole
        day = cursor.astimezone(self.zone).date()
        if whole <= _closes_at(self, day):
            return whole
        left = span.length
        for _ in range(MAX_DAYS):
            end = _next_midnight(self.zone, day)
            if self.is_open(day):
                if left <= end - cursor:
                    return cursor + left
                left -= end - cursor
            cursor, day = end, day + A_DAY
        raise RuleError(f"no end of {span.length} within {MAX_DAYS} days: the calendar has too few open days")

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """The open time from ``start`` to ``end``; zero where ``end`` isn't later."""
        cursor, stop, total = _aware(start), _aware(end), timedelta()
        while cursor < stop:
            day = cursor.astimezone(self.zone).date()
            until = min(stop, _next_midnight(self.zone, day))
            if self.is_open(day):
                total += until - cursor
            cursor = until
        return total

    def working_day(self, start: datetime, days: int, at: time) -> datetime:
        """The moment (UTC) when the clock shows ``at`` on the ``days``-th open day after the day of ``start``."""
        day = _aware(start).astimezone(self.zone).date()
        for _ in range(MAX_DAYS):
            day += timedelta(days=1)
            days -= self.is_open(day)
            if days <= 0:
                return datetime.combine(day, at, self.zone).astimezone(UTC)
        raise RuleError(f"no open day within {MAX_DAYS} days of {start}: the calendar has too few open days")


@lru_cache(maxsize=4096)  # thousands of clocks run over the same few days
def _next_midnight(zone: ZoneInfo, day: date) -> datetime:
    """When the day after begins (UTC)."""
    return datetime.combine(day + A_DAY, time(), zone).astimezone(UTC)


@lru_cache(maxsize=4096)
def _closes_at(calendar: Calendar, day: date) -> datetime:
    """When the first closed day from ``day`` on begins (UTC)."""
    for _ in range(MAX_DAYS):
        if not calendar.is_open(day):
            break
        day += A_DAY
    return _next_midnight(calendar.zone, day - A_DAY)


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise RuleError("a calendar needs aware times: pass a datetime with a time zone")
    return at if at.tzinfo is UTC else at.astimezone(UTC)
