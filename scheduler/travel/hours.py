"""How much longer ways take at some hours of the day. Pure.

A table of travel times knows no hour. A door is driven to about the time at which it may be served, so the ways to it take the mean of
those hours; where any time will do, of the whole working day (docs/decisions/0010).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from scheduler.plan_types import Hours, at_local


@dataclass(frozen=True, slots=True)
class Slow:
    """Some hours of one day, in seconds since 1970."""

    begin: float
    end: float
    times: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How long ways of one day take: always so many ``times`` as long as told, at some ``hours`` longer still."""

    times: float = 1.0
    hours: tuple[Slow, ...] = ()

    def between(self, begin: float, end: float) -> float:
        """By how much ways stretch in the mean of a span of seconds since 1970."""
        return self.times * times_between(self.hours, begin, end) if self.hours else self.times


AS_TOLD = Pace()


def on_day(profile: Iterable[Hours], day: date, zone: ZoneInfo) -> tuple[Slow, ...]:
    """The hours of a day; they don't overlap, and at any other time ways take as long as told."""
    return tuple(
        Slow(
            at_local(day, one.begins, zone).timestamp(),
            at_local(day if one.ends > time() else day + timedelta(days=1), one.ends, zone).timestamp(),
            one.times,
        )
        for one in profile
    )


def times_between(hours: Sequence[Slow], begin: float, end: float) -> float:
    """By how much ways stretch in the mean of a span, or at one moment; seconds since 1970."""
    if end <= begin:
        return next((one.times for one in hours if one.begin <= begin < one.end), 1.0)
    extra = sum((one.times - 1) * max(0.0, min(end, one.end) - max(begin, one.begin)) for one in hours)
    return 1 + extra / (end - begin)
