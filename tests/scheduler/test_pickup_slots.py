"""Slots: what is offered, what may be asked for, and how it is written."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pickup_house import CN, DEPOT, FLEET, at

from domain.errors import RuleError
from scheduler.plan_types import Courier, Refused, Slot
from scheduler.slots import check_slot, open_slots, parse_slot, slots_of

COURIERS = FLEET.couriers
MONDAY = date(2026, 11, 23)


def span(start: str, end: str, day: str = "2026-11-23") -> Slot:
    return Slot(at(f"{day}T{start}"), at(f"{day}T{end}"))


def test_a_day_offers_two_hour_slots_inside_the_shift_and_after_the_cut_off() -> None:
    """Shift 9-18, plan at 10:00: slots follow each other from the plan to the end of the shift."""
    slots = slots_of(DEPOT, COURIERS, MONDAY, now=at("2026-11-22T20:00"))
    assert slots == tuple(span(f"{h}:00", f"{h + 2}:00") for h in (10, 12, 14, 16))


def test_nothing_is_offered_for_a_day_once_its_plan_is_made() -> None:
    """The cut-off is the last moment at which a return joins a plan."""
    assert slots_of(DEPOT, COURIERS, MONDAY, now=at("2026-11-23T09:59")) != ()
    assert slots_of(DEPOT, COURIERS, MONDAY, now=at("2026-11-23T10:00")) == ()


def test_shifts_of_all_couriers_count() -> None:
    """A courier who begins at noon adds slots of their own."""
    noon = Courier("zhao", "Zhao", "fast", "hz", (time(12), time(20)))
    slots = slots_of(DEPOT, (noon,), MONDAY, now=at("2026-11-22T20:00"))
    assert [s.start for s in slots] == [at(f"2026-11-23T{h}:00") for h in (12, 14, 16, 18)]


@pytest.mark.parametrize(
    ("raw", "start", "end"),
    [
        ("2026-11-22T14:00/16:00", "2026-11-22T14:00", "2026-11-22T16:00"),
        (" 2026-11-22T09:30/11:00 ", "2026-11-22T09:30", "2026-11-22T11:00"),
        ({"from": "2026-11-22T14:00", "to": "2026-11-22T16:00"}, "2026-11-22T14:00", "2026-11-22T16:00"),
        ({"from": "2026-11-22T06:00:00Z", "to": "2026-11-22T08:00:00+00:00"}, "2026-11-22T14:00", "2026-11-22T16:00"),
    ],
)
def test_a_slot_is_read(raw: object, start: str, end: str) -> None:
    """Local without an offset, at the depot; with one, as it says."""
    assert parse_slot(raw, CN) == Slot(at(start), at(end))


@pytest.mark.parametrize(
    "raw",
    [
        "tomorrow",
        "",
        "2026-11-22T16:00/14:00",
        "2026-11-22T14:00/14:00",
        "2026-13-22T14:00/16:00",
        {"from": "x"},
        {},
        7,
    ],
)
def test_what_is_no_slot_is_the_callers_error(raw: object) -> None:
    """The message shows how to write it."""
    with pytest.raises(RuleError, match="slot"):
        parse_slot(raw, CN)


NOW = "2026-11-23T08:00"


@pytest.mark.parametrize(
    ("slot", "now", "code"),
    [
        (span("14:00", "16:00"), NOW, None),
        (span("09:00", "11:00"), NOW, None),  # an hour of it lies after the plan
        (span("17:00", "19:00"), NOW, None),  # an hour of it lies in the shift
        (span("09:00", "10:30"), NOW, "slot_no_courier"),
        (span("17:30", "19:30"), NOW, "slot_no_courier"),
        (span("20:00", "22:00"), NOW, "slot_no_courier"),
        (span("14:00", "14:30"), NOW, "slot_length"),
        (span("05:00", "18:00"), NOW, "slot_length"),
        (span("14:00", "16:00"), "2026-11-23T10:00", "slot_after_cut_off"),
        (span("14:00", "16:00"), "2026-11-23T16:00", "slot_past"),
        (span("14:00", "16:00", "2026-11-22"), NOW, "slot_past"),
        (span("14:00", "16:00", "2026-11-25"), NOW, None),
        (span("14:00", "16:00", "2026-11-26"), NOW, "slot_too_far"),
    ],
)
def test_a_slot_is_kept_or_refused_with_its_reason(slot: Slot, now: str, code: str | None) -> None:
    """Today, tomorrow and the day after can be booked, before the cut-off, for at least an hour inside a shift."""
    answer = check_slot(slot, DEPOT, COURIERS, now=at(now), days=3)
    if code is None:
        assert answer == slot
    else:
        assert isinstance(answer, Refused)
        assert answer.reason.code == code


@given(
    st.datetimes(datetime(2026, 11, 1), datetime(2026, 12, 1)),
    st.integers(0, 23),
    st.integers(0, 20),
    st.integers(1, 10),
)
def test_every_slot_that_is_offered_may_be_booked(moment: datetime, cut_off: int, begin: int, hours: int) -> None:
    """Nobody is shown a slot that would then be refused; none is in the past."""
    from dataclasses import replace

    depot = replace(DEPOT, cut_off=time(cut_off))
    end = time(min(23, begin + hours), 59)
    courier = Courier("c", "C", "fast", "hz", (time(begin), end))
    now = moment.replace(tzinfo=CN)
    for slot in open_slots(depot, (courier,), now=now, days=3):
        assert slot.start > now
        assert slot.end - slot.start == timedelta(hours=2)
        assert check_slot(slot, depot, (courier,), now=now, days=3) == slot
