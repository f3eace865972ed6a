"""From samples to values: shares, middles and sums, by period and by whom they are about, never without a sample size."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.errors import RuleError
from domain.figures import HOW, By, Figure, How, Sample, Step, Value, by_period, by_tag, period_of, periods, tell

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


def samples(*values: float, weight: float = 1.0) -> list[Sample]:
    return [Sample(AT, value, weight) for value in values]


def test_nothing_happened_is_no_value_and_not_zero():
    assert all(tell([], how) == Value(None, 0) for how in How)


def test_a_share_is_of_the_weights_and_its_size_counts_the_samples():
    assert tell([Sample(AT, 30, 100), Sample(AT, 0, 50)], How.SHARE) == Value(0.2, 2)
    assert tell(samples(1, 0, 0, 0), How.PER_10K) == Value(2_500, 4)


def test_a_share_of_nothing_is_unknown():
    """A route that collected nothing has no cost per stop."""
    assert tell([Sample(AT, 500, 0)], How.SHARE) == Value(None, 1)


def test_a_middle_has_its_ninth_decile_beside_it():
    assert tell(samples(*range(1, 11)), How.MEDIAN) == Value(5.5, 10, 10)


@pytest.mark.parametrize(
    ("utc", "day"), [("2026-11-25T15:59", date(2026, 11, 25)), ("2026-11-25T16:00", date(2026, 11, 26))]
)
def test_days_are_the_shop_s(utc, day):
    assert period_of(datetime.fromisoformat(f"{utc}+00:00"), Step.DAY, SHANGHAI) == day


def test_a_week_begins_on_monday_and_a_range_has_every_week_that_it_touches():
    assert periods(date(2026, 11, 25), date(2026, 12, 1), Step.WEEK) == [date(2026, 11, 23), date(2026, 11, 30)]


def test_a_range_that_ends_before_it_begins_is_refused():
    with pytest.raises(RuleError, match="comes after"):
        periods(date(2026, 11, 2), date(2026, 11, 1), Step.DAY)


def test_a_range_of_too_many_periods_says_how_to_ask():
    with pytest.raises(RuleError, match="ask for weeks"):
        periods(date(2020, 1, 1), date(2026, 1, 1), Step.DAY)


def test_each_period_has_a_value_and_together_they_have_every_sample():
    found = [Sample(AT - timedelta(days=n), 1.0) for n in (0, 0, 2)]
    series = by_period(found, How.SHARE, periods(date(2026, 11, 23), date(2026, 11, 25), Step.DAY), Step.DAY, SHANGHAI)
    assert [(start.day, value.n) for start, value in series] == [(23, 1), (24, 0), (25, 2)]


def test_what_is_about_nobody_is_in_no_scorecard():
    found = [Sample(AT, 1.0, carrier="sf"), Sample(AT, 0.0)]
    assert by_tag(found, How.SHARE, By.CARRIER) == {"sf": Value(1.0, 1)}


def test_every_figure_is_told_in_some_way():
    assert set(HOW) == set(Figure)
