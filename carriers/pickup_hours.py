"""When a carrier's courier can be booked: its windows of a day, and how long before them booking ends.

Windows are the wall clock's at the sender's place; they are turned into instants before anything is subtracted, because
two times of one zone are compared by their clocks, which a change of the clocks makes wrong.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise

from domain.booking import Refusal, Refused, Slot

EVERY_DAY = frozenset(range(7))
WORKDAYS = frozenset(range(5))
NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Hours:
    """``windows`` of a day; a slot lies in one of them and lasts ``least`` or longer. It can be booked until ``before_end``
    before it ends and ``before_start`` before it starts, from ``first_day`` to ``days_ahead`` days ahead (business days
    where ``days`` are fewer than seven). ``source``: where it is written, and how sure that is.
    """

    windows: tuple[tuple[time, time], ...]
    source: str
    days_ahead: int
    first_day: int = 0
    before_end: timedelta = NONE
    before_start: timedelta | None = None
    least: timedelta = timedelta(hours=1)
    days: frozenset[int] = EVERY_DAY


def hourly(first: int, last: int) -> tuple[tuple[time, time], ...]:
    """Windows of one hour from ``first`` to ``last`` o'clock."""
    return tuple((time(hour), time(hour + 1)) for hour in range(first, last))


def clock(*hours: int) -> tuple[tuple[time, time], ...]:
    """Windows from each full hour to the next one named."""
    return tuple((time(start), time(end)) for start, end in pairwise(hours))


def slots_of(hours: Hours, now: datetime, zone: tzinfo) -> tuple[Slot, ...]:
    """The windows that can be booked now, as instants in UTC, the soonest first."""
    windows = (_window(day, window, zone) for day in _days(hours, now, zone) for window in hours.windows)
    return tuple(slot for slot in windows if _closed(hours, slot, now) is None)


def slot_refused(hours: Hours, slot: Slot, now: datetime, zone: tzinfo) -> Refused | None:
    """Why a slot can't be booked now, None where it can."""
    start, end = slot.start.astimezone(UTC), slot.end.astimezone(UTC)
    if end - start < hours.least:
        return Refused(Refusal.TOO_SHORT)
    day = slot.start.astimezone(zone).date()
    if day > max(_days(hours, now, zone)):
        return Refused(Refusal.TOO_FAR_AHEAD)
    windows = [_window(day, window, zone) for window in hours.windows]
    inside = any(window.start <= start and end <= window.end for window in windows)
    if not inside or day.weekday() not in hours.days:
        return Refused(Refusal.OUT_OF_HOURS)
    if day not in _days(hours, now, zone):
        return Refused(Refusal.TOO_LATE)
    return _closed(hours, Slot(start, end), now)


def _closed(hours: Hours, slot: Slot, now: datetime) -> Refused | None:
    """At the very edge it is too late. Both ends are UTC here."""
    late = slot.end - hours.before_end <= now
    if hours.before_start is not None:
        late = late or slot.start - hours.before_start <= now
    return Refused(Refusal.TOO_LATE) if late else None


def _days(hours: Hours, now: datetime, zone: tzinfo) -> list[date]:
    """The days that can be booked: of those that count, today is the 0th even where nobody works today."""
    today = now.astimezone(zone).date()
    following = (today + timedelta(days=n) for n in range(1, 7 * (hours.days_ahead + 1) + 1))
    working = [day for day in following if day.weekday() in hours.days]
    days = [today, *working[: hours.days_ahead]]
    return [day for day in days[hours.first_day :] if day.weekday() in hours.days] or [today]


def _window(day: date, window: tuple[time, time], zone: tzinfo) -> Slot:
    start, end = (datetime.combine(day, clock, zone).astimezone(UTC) for clock in window)
    return Slot(start, end)
