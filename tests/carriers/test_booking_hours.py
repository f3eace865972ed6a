"""When couriers can be booked: cut-offs to the second, days, and the days on which the clocks change."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from booking_support import CN_ORDER, NEW_YORK, SF_ORDER, US_ORDER, carrier_of

from carriers.pickup_hours import WORKDAYS, Hours, clock, slot_refused, slots_of
from carriers.times import SHANGHAI
from domain.booking import PickupOrder, Refusal, Slot
from domain.errors import RuleError

SECOND = timedelta(seconds=1)


def hours_of(name: str, order: PickupOrder) -> Hours:
    pickup = carrier_of(name).pickup
    assert pickup
    return pickup.hours(order)


def china(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


def why(hours: Hours, slot: Slot, now: datetime, zone: ZoneInfo | object = SHANGHAI) -> Refusal | None:
    refused = slot_refused(hours, slot, now, zone)  # type: ignore[arg-type]
    return refused.reason if refused else None


def test_kuaidi100_a_window_closes_two_hours_before_its_end() -> None:
    """A slot that ends at 19:00 can't be booked from 17:00 on (the page on slots)."""
    hours = hours_of("kuaidi100", replace(CN_ORDER, carrier="zhongtong"))
    slot, edge = Slot(china(25, 9), china(25, 19)), china(25, 17)
    assert why(hours, slot, edge - SECOND) is None
    assert why(hours, slot, edge) is Refusal.TOO_LATE
    assert slots_of(hours, edge - SECOND, SHANGHAI)[0].start == china(25, 9)
    assert slots_of(hours, edge, SHANGHAI)[0].start == china(26, 9)


def test_kuaidi100_a_slot_inside_a_window_closes_by_its_own_end() -> None:
    hours = hours_of("kuaidi100", CN_ORDER)
    slot = Slot(china(25, 12), china(25, 14))
    assert why(hours, slot, china(25, 12) - SECOND) is None
    assert why(hours, slot, china(25, 12)) is Refusal.TOO_LATE


def test_kuaidi100_a_slot_lasts_an_hour_at_least() -> None:
    hours = hours_of("kuaidi100", CN_ORDER)
    assert why(hours, Slot(china(26, 12), china(26, 13)), china(25, 10)) is None
    assert why(hours, Slot(china(26, 12), china(26, 12, 59)), china(25, 10)) is Refusal.TOO_SHORT


def test_kuaidi100_books_today_tomorrow_and_the_day_after() -> None:
    hours = hours_of("kuaidi100", CN_ORDER)
    assert why(hours, Slot(china(27, 12), china(27, 16)), china(25, 23)) is None
    assert why(hours, Slot(china(28, 12), china(28, 16)), china(25, 23)) is Refusal.TOO_FAR_AHEAD
    assert why(hours, Slot(china(24, 12), china(24, 16)), china(25, 23)) is Refusal.TOO_LATE
    days = {s.start.astimezone(SHANGHAI).date() for s in slots_of(hours, china(25, 0), SHANGHAI)}
    assert days == {date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 27)}


def test_the_day_is_the_one_in_china_not_in_utc() -> None:
    """At 23:30 UTC it is tomorrow in Shanghai."""
    hours = hours_of("kuaidi100", CN_ORDER)
    now = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)
    assert slots_of(hours, now, SHANGHAI)[0] == Slot(china(26, 9).astimezone(UTC), china(26, 12).astimezone(UTC))


@pytest.mark.parametrize(
    ("carrier", "windows"),
    [
        ("yuantong", [(9, 12), (12, 16), (16, 19)]),
        ("jtexpress", [(9, 14), (14, 19)]),
        ("韵达快递", [(9, 14), (14, 19)]),
        ("debangkuaidi", [(9, 14), (14, 19)]),
        ("shentong", [(8, 19)]),
        ("中通快递", [(9, 19)]),
        ("ems", [(9, 19)]),
        ("jd", [(9, 19)]),
        ("shunfeng", [(hour, hour + 1) for hour in range(9, 22)]),
    ],
)
def test_kuaidi100_each_firm_has_its_own_windows(carrier: str, windows: list[tuple[int, int]]) -> None:
    hours = hours_of("kuaidi100", replace(CN_ORDER, carrier=carrier))
    assert hours.windows == tuple((time(start), time(end)) for start, end in windows)


def test_kuaidi100_a_firm_that_it_does_not_book_is_named_with_those_that_it_does() -> None:
    with pytest.raises(RuleError, match="isn't offered: use one of debangkuaidi, ems"):
        hours_of("kuaidi100", replace(CN_ORDER, carrier="tiantian"))


def test_sf_wants_seventy_minutes_before_an_hour() -> None:
    hours = hours_of("sf", SF_ORDER)
    edge = china(25, 14) - timedelta(minutes=70)
    assert why(hours, SF_ORDER.slot, edge - SECOND) is None
    assert why(hours, SF_ORDER.slot, edge) is Refusal.TOO_LATE
    assert why(hours, Slot(china(26, 7), china(26, 8)), edge) is Refusal.OUT_OF_HOURS
    assert why(hours, Slot(china(26, 22), china(26, 23)), edge) is Refusal.OUT_OF_HOURS


def us(month: int, day: int, hour: int) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=NEW_YORK)


def test_fedex_express_comes_the_same_or_the_next_business_day() -> None:
    """On a Friday the next one is Monday."""
    hours = hours_of("fedex", US_ORDER)
    friday = us(11, 27, 9)
    assert why(hours, Slot(us(11, 27, 13), us(11, 27, 17)), friday, NEW_YORK) is None
    assert why(hours, Slot(us(11, 30, 13), us(11, 30, 17)), friday, NEW_YORK) is None
    assert why(hours, Slot(us(11, 28, 13), us(11, 28, 17)), friday, NEW_YORK) is Refusal.OUT_OF_HOURS
    assert why(hours, Slot(us(12, 1, 13), us(12, 1, 17)), friday, NEW_YORK) is Refusal.TOO_FAR_AHEAD


def test_fedex_ground_comes_from_the_next_business_day_up_to_two_weeks_ahead() -> None:
    hours = hours_of("fedex", replace(US_ORDER, service="FDXG"))
    friday = us(11, 27, 9)
    assert why(hours, Slot(us(11, 27, 13), us(11, 27, 17)), friday, NEW_YORK) is Refusal.TOO_LATE
    assert why(hours, Slot(us(11, 30, 13), us(11, 30, 17)), friday, NEW_YORK) is None
    assert why(hours, Slot(us(12, 11, 13), us(12, 11, 17)), friday, NEW_YORK) is None
    assert why(hours, Slot(us(12, 14, 13), us(12, 14, 17)), friday, NEW_YORK) is Refusal.TOO_FAR_AHEAD


def test_ups_two_hours_before_the_close() -> None:
    hours = hours_of("ups", US_ORDER)
    edge = us(11, 25, 15)
    assert why(hours, US_ORDER.slot, edge - SECOND, NEW_YORK) is None
    assert why(hours, US_ORDER.slot, edge, NEW_YORK) is Refusal.TOO_LATE


DST = [
    (date(2026, 3, 6), 14, 13),  # Friday before the clocks go forward on Sunday 8 March
    (date(2026, 10, 30), 13, 14),  # Friday before they go back on Sunday 1 November
]


@pytest.mark.parametrize(("friday", "utc_before", "utc_after"), DST)
def test_nine_o_clock_stays_nine_o_clock_when_the_clocks_change(friday: date, utc_before: int, utc_after: int) -> None:
    """A window is the wall clock of its own day, whatever the offset of the day on which it is booked."""
    hours = hours_of("ups", US_ORDER)
    starts = [s.start for s in slots_of(hours, datetime.combine(friday, time(6), NEW_YORK), NEW_YORK)]
    assert [at.hour for at in starts[:2]] == [utc_before, utc_after]
    assert {at.astimezone(NEW_YORK).hour for at in starts} == {9}


def test_a_cut_off_across_the_change_counts_real_hours() -> None:
    """On 1 November 2026 New York has the hour from 1 to 2 twice: two hours before 3:00 is 2:00 by the first clock."""
    night = Hours(clock(0, 3), "a window across the change", days_ahead=0, before_end=timedelta(hours=2))
    slot = Slot(us(11, 1, 0), us(11, 1, 3))
    second_one = datetime(2026, 11, 1, 1, 0, tzinfo=NEW_YORK, fold=1)
    assert second_one.astimezone(UTC) == datetime(2026, 11, 1, 6, tzinfo=UTC)
    assert why(night, slot, second_one - SECOND, NEW_YORK) is None
    assert why(night, slot, second_one, NEW_YORK) is Refusal.TOO_LATE
    assert slots_of(night, second_one - SECOND, NEW_YORK)[0].end == datetime(2026, 11, 1, 8, tzinfo=UTC)
    assert slots_of(night, second_one, NEW_YORK) == ()


def test_every_slot_offered_can_be_booked() -> None:
    """What slots_of offers, slot_refused takes, at any hour of a week."""
    all_hours = [hours_of("kuaidi100", CN_ORDER), hours_of("sf", SF_ORDER), hours_of("ups", US_ORDER)]
    all_hours += [hours_of("fedex", replace(US_ORDER, service=code)) for code in ("FDXE", "FDXG")]
    for hours in all_hours:
        for step in range(0, 7 * 24, 5):
            now = datetime(2026, 10, 29, 0, 30, tzinfo=UTC) + timedelta(hours=step)
            for zone in (SHANGHAI, NEW_YORK):
                offered = slots_of(hours, now, zone)
                assert offered or hours.days == WORKDAYS
                assert [why(hours, slot, now, zone) for slot in offered] == [None] * len(offered)
