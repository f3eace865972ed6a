"""The detection policy: what ships, what a person lays over it, and the calendars that its clocks run by."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendars import Calendar, Span, Ticking
from config.errors import ConfigError
from config.policies import load_detection
from domain.errors import RuleError
from domain.tracking import Milestone

H, D = timedelta(hours=1), timedelta(days=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
ABROAD = Calendar(ZoneInfo("UTC"), frozenset(range(5)))


def over(tmp_path, text):
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    return load_detection(tmp_path / "mine.toml")


def test_the_shipped_thresholds():
    """China: watch 12 h and alert 20 h after the upload without a collection; 48 h of silence. Abroad: business days."""
    policy = load_detection()
    cn, abroad = policy.region("cn"), policy.region("us")
    assert (cn.never_collected.watch, cn.never_collected.alert) == (Span(12 * H), Span(20 * H))
    assert (abroad.never_collected.watch, abroad.never_collected.alert) == (Span(2 * D, Ticking.ALWAYS), Span(2 * D))
    assert cn.in_transit.alert == Span(48 * H)
    assert (abroad.in_transit.alert, abroad.in_transit_international.alert) == (Span(3 * D), Span(5 * D))
    assert (cn.number_unknown.watch, cn.number_unknown.alert) == (Span(24 * H), Span(72 * H))
    assert (cn.out_for_delivery.watch, cn.out_for_delivery.alert) == (Span(14 * H), Span(24 * H))
    assert (cn.lost.alert, cn.lost_international.alert) == (Span(7 * D, Ticking.ALWAYS), Span(20 * D, Ticking.ALWAYS))
    assert (policy.polling.stop_after_delivery, policy.polling.stop_after) == (15 * D, 90 * D)
    assert policy.agents is None
    assert policy.promise == 24 * H


def test_every_milestone_has_an_interval_no_shorter_than_half_an_hour():
    """Kuaidi100 takes no more than a question a half-hour and number; a source that doesn't know a number is asked too."""
    polling = load_detection().polling
    for milestone in (*Milestone, None):
        assert polling.interval(milestone) >= 0.5 * H
    assert polling.interval(Milestone.OUT_FOR_DELIVERY) < polling.interval(Milestone.IN_TRANSIT)


def test_the_spring_festival_is_closed_every_year():
    """New Year's eve and the first three days of each Chinese year from 2024 to 2030; the day after is open."""
    calendar = load_detection().region("cn").calendar
    first_days = [(2024, 2, 10), (2025, 1, 29), (2026, 2, 17), (2027, 2, 6), (2028, 1, 26), (2029, 2, 13), (2030, 2, 3)]
    for first in (date(*day) for day in first_days):
        assert [calendar.is_open(first + timedelta(days=n)) for n in range(-2, 4)] == [
            True,
            False,
            False,
            False,
            False,
            True,
        ]
    assert len(calendar.closed) == 4 * len(first_days)


def test_an_override_changes_only_what_it_says(tmp_path):
    """The rest stays as shipped; a value in another unit takes the place of the shipped one."""
    policy = over(tmp_path, "[regions.cn.in_transit]\nalert_bd = 3\n[polling.every_h]\ncustoms = 8\n")
    assert policy.region("cn").in_transit.alert == Span(3 * D)
    assert policy.region("cn").never_collected == load_detection().region("cn").never_collected
    assert policy.polling.interval(Milestone.CUSTOMS) == 8 * H


def test_a_new_region_inherits_from_abroad(tmp_path):
    """A table of its own with a calendar is enough."""
    policy = over(tmp_path, '[regions.de]\nzone = "Europe/Berlin"\nclosed = [2026-12-25]\n')
    german = policy.region("de")
    assert german.calendar.closed == {date(2026, 12, 25)}
    assert german.in_transit == policy.region("default").in_transit
    assert german.name == "de"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[regions.cn.in_transit]\nalert_hours = 3\n",
            ":2: regions.cn.in_transit.alert_hours: unknown key; did you mean",
        ),
        (
            "[regions.cn.in_transitt]\nalert_h = 3\n",
            ":1: regions.cn.in_transitt: unknown key; did you mean `in_transit`?",
        ),
        ("[risk]\nalert = 2\n", ":2: risk.alert: expected `float` <= 1"),
        ("[regions.cn.lost]\nalert_d = 1\nalert_h = 2\n", ":1: regions.cn.lost: alert_h and alert_d say the same"),
        ('[regions.cn]\nzone = "China"\n', "unknown time zone 'China'"),
        ("[regions.cn]\nopen_days = []\n", "regions.cn.open_days: expected `array` of length >= 1"),
        ("[polling.every_h]\ncustoms = 0\n", "polling.every_h.customs: expected `float` >= 0.1"),
    ],
)
def test_an_override_with_a_fault_names_key_and_line(tmp_path, text, said):
    """A threshold that nobody reads would be worse than none."""
    with pytest.raises(ConfigError) as caught:
        over(tmp_path, text)
    assert said in str(caught.value)


def test_a_fault_in_what_others_inherit_is_told_once(tmp_path):
    """It stands in one line, so it is told for that line alone."""
    with pytest.raises(ConfigError) as caught:
        over(tmp_path, "[regions.default.customs]\nalert_x = 1\n")
    assert [p.key for p in caught.value.problems] == ["regions.default.customs.alert_x"]


def test_the_clock_stands_still_on_closed_days():
    """24 open hours from Friday noon end on Monday noon; elapsed days don't care."""
    friday = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert ABROAD.after(friday, Span(24 * H)) == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert ABROAD.after(friday, Span(24 * H, Ticking.ALWAYS)) == datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert ABROAD.elapsed(friday, datetime(2026, 11, 23, 12, tzinfo=UTC)) == 24 * H
    assert ABROAD.elapsed(friday, friday - H) == timedelta()


def test_the_spring_festival_delays_a_threshold_in_local_days():
    """Closed days are days in Shanghai: 20 h from the 15th, 20:00, run 4 h there and then on from the 20th, 00:00."""
    calendar = load_detection().region("cn").calendar
    uploaded = datetime(2026, 2, 15, 20, tzinfo=SHANGHAI)
    assert calendar.after(uploaded, Span(20 * H)) == datetime(2026, 2, 20, 16, tzinfo=SHANGHAI)


def test_the_next_working_day_at_an_hour():
    """A failed attempt on Friday must see its next step by Monday evening, by the clock on the wall there."""
    calendar = Calendar(ZoneInfo("Europe/Berlin"), frozenset(range(5)))
    friday = datetime(2026, 10, 23, 17, tzinfo=ZoneInfo("Europe/Berlin"))
    assert calendar.working_day(friday, 1, time(18)) == datetime(2026, 10, 26, 17, tzinfo=UTC)
    assert calendar.working_day(friday, 2, time(18)) == datetime(2026, 10, 27, 17, tzinfo=UTC)


def test_a_calendar_without_open_days_ends():
    """It is refused, not searched for ever; so is a time without a zone."""
    never = Calendar(ZoneInfo("UTC"), frozenset())
    for act in (
        lambda: never.after(datetime(2026, 1, 1, tzinfo=UTC), Span(H)),
        lambda: never.working_day(datetime(2026, 1, 1, tzinfo=UTC), 1, time()),
    ):
        with pytest.raises(RuleError, match="too few open days"):
            act()
    with pytest.raises(RuleError, match="aware"):
        ABROAD.after(datetime(2026, 1, 1), Span(H))


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1)),
    st.integers(0, 40 * 24),
    st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York"]),
)
def test_after_and_elapsed_undo_each_other(start, hours, zone):
    """Whatever the zone and its clock changes, a span that ran is the open time that went by."""
    calendar = Calendar(ZoneInfo(zone), frozenset(range(5)), frozenset({date(2026, 2, 17)}))
    begin = start.replace(tzinfo=UTC)
    assert calendar.elapsed(begin, calendar.after(begin, Span(hours * H))) == hours * H
