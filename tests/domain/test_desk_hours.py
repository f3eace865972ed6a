"""Desk hours against an oracle that walks minute by minute and asks the clock on the wall; and what is refused.

DOORSTEP_HOURS=10000 asks the oracle about so many cases instead of the sample of every day.
"""

import os
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from config.policies.desk import StepRule, due_of
from domain.desk_hours import ALWAYS, WHOLE_DAY, DeskHours
from domain.errors import RuleError

CASES = int(os.environ.get("DOORSTEP_HOURS", "500"))
MINUTE = timedelta(minutes=1)
ZONES = (
    "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Sao_Paulo", "UTC",
)  # fmt: skip
CHANGES = (
    date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 5), date(2026, 10, 4),
    date(2026, 4, 24), date(2026, 10, 30),
)  # fmt: skip
"""Days on which some of these zones change their clocks, by a whole hour or half of one, at two or at midnight."""
PERIODS = (
    ((time(9), time(21)),), ((time(9), time(12)), (time(13, 30), time(18))), WHOLE_DAY, ((time(0), time(2, 45)),),
    ((time(0), time(6)), (time(22), time())), ((time(1, 30), time(2, 15)), (time(2, 30), time(3, 10)), (time(8), time(17))),
    ((time(23, 30), time()),),
)  # fmt: skip


# --- the oracle: nothing of the room's own arithmetic ---


def worked(hours: DeskHours, minute: datetime) -> bool:
    wall = minute.astimezone(hours.zone)
    day = wall.date()
    if day not in hours.extra and (day.weekday() not in hours.weekdays or day in hours.closed):
        return False
    clock = wall.hour * 60 + wall.minute
    spans = ((o.hour * 60 + o.minute, (c.hour * 60 + c.minute) or 1440) for o, c in hours.periods)
    return any(begin <= clock < end for begin, end in spans)


def walked(hours: DeskHours, start: datetime, minutes: int) -> datetime:
    """The end of the so-many-th worked minute from ``start``."""
    at = start
    while True:
        if worked(hours, at):
            minutes -= 1
            if minutes == 0:
                return at + MINUTE
        at += MINUTE


def last_worked(hours: DeskHours, at: datetime, not_before: datetime) -> datetime | None:
    while at >= not_before:
        if worked(hours, at):
            return at
        at -= MINUTE
    return None


def oracle(hours: DeskHours, opened: datetime, promise_by: datetime, minutes: int) -> datetime:
    """The earlier of the desk's own time and the last desk minute an hour before the promise, where there is such a one."""
    own = walked(hours, opened, minutes)
    latest = last_worked(hours, promise_by - timedelta(hours=1), opened)
    return own if latest is None else min(own, latest)


# --- random desks and cases ---


def a_desk(rng: Random) -> DeskHours:
    days = [date(2026, 1, 1) + timedelta(days=rng.randrange(364)) for _ in range(120)]
    return DeskHours(
        ZoneInfo(rng.choice(ZONES)),
        rng.choice(PERIODS),
        frozenset(rng.choice([range(7), range(5), (0, 2, 4, 5), (6,)])),
        closed=frozenset(days[: rng.choice([0, 20, 60])]),
        extra=frozenset(days[60 : 60 + rng.choice([0, 20, 60])]),
    )


def a_moment(rng: Random) -> datetime:
    """Somewhere in the year; every other one near a change of clocks."""
    day = rng.choice(CHANGES) if rng.random() < 0.5 else date(2026, 1, 8) + timedelta(days=rng.randrange(340))
    return datetime.combine(day, time(), UTC) + timedelta(minutes=rng.randrange(-36 * 60, 36 * 60))


def test_ten_thousand_steps_fall_due_where_the_wall_clock_says() -> None:
    """Over changes of clocks both ways, split days, holidays, make-up days, around the clock: not a minute's difference."""
    rng, wrong = Random(20_261), []
    for n in range(CASES):
        hours = ALWAYS if n % 50 == 0 else a_desk(rng)
        opened, promised = a_moment(rng), timedelta(hours=rng.choice([24, 24, 24, 8, 48]))
        minutes = rng.choice([1, 30, 30, 120, 240, 720, 1_440, rng.randrange(1, 600)])
        due = due_of(StepRule(within=minutes * MINUTE), opened, opened + promised, hours, spare=timedelta(hours=1))
        expected = oracle(hours, opened, opened + promised, minutes)
        if due != expected:
            wrong.append((hours, opened, promised, minutes, due, expected))
    assert wrong == []


def test_open_next_and_last_agree_with_the_wall() -> None:
    """Whether it is open, when it is next, and the last minute in which it was."""
    rng = Random(7)
    for _ in range(CASES // 5):
        hours, at = a_desk(rng), a_moment(rng)
        assert hours.is_open(at) == worked(hours, at)
        soon = hours.next_open(at)
        assert worked(hours, soon)
        assert last_worked(hours, min(soon, at + timedelta(days=3)) - MINUTE, at) is None
        last, seen = hours.last_minute(at), last_worked(hours, at, at - timedelta(days=20))
        assert last == seen if seen else last is None or last < at - timedelta(days=20)


def test_a_callback_is_due_in_the_last_desk_minute_before_its_time() -> None:
    """Six hours before the promise; at night that is the evening before."""
    desk = DeskHours(ZoneInfo("Asia/Shanghai"), ((time(9), time(21)),))
    rule, spare = StepRule(before_promise=timedelta(hours=6)), timedelta(hours=1)
    opened = datetime(2026, 3, 2, 2, tzinfo=UTC)  # 10:00 on the wall
    promise = opened + timedelta(hours=24)
    assert due_of(rule, opened, promise, desk, spare=spare) == datetime(2026, 3, 2, 12, 59, tzinfo=UTC)
    assert due_of(rule, opened, promise, ALWAYS, spare=spare) == promise - timedelta(hours=6)


def test_a_case_of_the_night_is_due_in_the_morning() -> None:
    """Opened at 22:00 with a desk from 9 to 21: half an hour of desk time ends at 9:30."""
    desk = DeskHours(ZoneInfo("Asia/Shanghai"), ((time(9), time(21)),))
    opened = datetime(2026, 3, 2, 14, tzinfo=UTC)
    due = due_of(
        StepRule(within=timedelta(minutes=30)), opened, opened + timedelta(hours=24), desk, spare=timedelta(hours=1)
    )
    assert due == datetime(2026, 3, 3, 1, 30, tzinfo=UTC)


def test_a_step_of_an_incident_has_only_its_own_time() -> None:
    """Without a promise there is nothing to be an hour before."""
    opened = datetime(2026, 3, 2, 14, tzinfo=UTC)
    rule = StepRule(within=timedelta(hours=2))
    assert due_of(rule, opened, None, ALWAYS, spare=timedelta(hours=1)) == opened + timedelta(hours=2)
    assert due_of(StepRule(before_promise=timedelta(hours=6)), opened, None, ALWAYS, spare=timedelta(hours=1)) is None


def test_a_make_up_day_is_worked_and_a_holiday_is_not() -> None:
    """The Sunday before the national holiday is worked, its Thursday isn't, whatever the weekdays say."""
    desk = DeskHours(
        ZoneInfo("Asia/Shanghai"), ((time(9), time(18)),), frozenset(range(5)), frozenset({date(2026, 10, 1)}),
        frozenset({date(2026, 9, 20)}),
    )  # fmt: skip
    assert desk.is_open(datetime(2026, 9, 20, 2, tzinfo=UTC))
    assert not desk.is_open(datetime(2026, 10, 1, 2, tzinfo=UTC))
    assert desk.next_open(datetime(2026, 10, 1, 2, tzinfo=UTC)) == datetime(2026, 10, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("periods", "said"),
    [
        ((), "at least one"),
        (((time(22), time(6)),), "written as two, 22:00 to 00:00 and 00:00 to 06:00"),
        (((time(9), time(9)),), "must end after"),
        (((time(9), time(13)), (time(12), time(18))), "follow each other"),
        (((time(13), time(18)), (time(9), time(12))), "follow each other"),
        (((time(9), time()), (time(23), time())), "follow each other"),
    ],
)
def test_periods_that_make_no_day_are_refused_with_the_fix(periods: tuple[tuple[time, time], ...], said: str) -> None:
    """Over midnight, empty, overlapping or out of order."""
    with pytest.raises(RuleError, match=said):
        DeskHours(periods=periods)


def test_a_desk_that_never_works_says_so() -> None:
    """Instead of looking for ever."""
    never = DeskHours(weekdays=frozenset())
    with pytest.raises(RuleError, match="works too little"):
        never.next_open(datetime(2026, 3, 1, tzinfo=UTC))
    with pytest.raises(RuleError, match="works too little"):
        never.add(datetime(2026, 3, 1, tzinfo=UTC), timedelta(hours=1))
    assert never.last_minute(datetime(2026, 3, 1, tzinfo=UTC)) is None


def test_desk_hours_need_aware_times() -> None:
    """A naive time is refused with the fix."""
    with pytest.raises(RuleError, match="aware"):
        ALWAYS.is_open(datetime(2026, 3, 1))
