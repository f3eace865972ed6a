"""Ways take longer at some hours: in the question, in the referee's eyes, and in the slots that are offered."""

from dataclasses import replace
from datetime import date, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pickup_house import CN, DAY, DEPOT, FLEET, a_return, at

from domain.place import Location
from scheduler.batching import Batch
from scheduler.day import Visit, build_problem, places
from scheduler.plan_types import Courier, Hours, Slot
from scheduler.quotes import quote_slots
from scheduler.referee import check
from scheduler.router import Steps, read_problem, solve
from scheduler.travel.hours import Slow, on_day, times_between
from scheduler.travel.straight import haversine_table

RUSH = Hours(time(8), time(10), 2.0)
EVENING = Hours(time(16), time(18), 1.5)
ONE = replace(FLEET, couriers=(Courier("li", "Li", "fast", "hz", (time(8), time(18)), 30),))
NEAR, FAR = Location(lat=30.26, lon=120.18), Location(lat=30.40, lon=120.30)
SEVEN = at(f"{DAY}T07:00")


def promised(ref: str, where: Location, begin: str = "", end: str = "") -> Visit:
    slot = {"slot_from": at(f"{DAY}T{begin}"), "slot_to": at(f"{DAY}T{end}")} if begin else {}
    return Visit(a_return(ref, **slot), where)


def matrix(*visits: Visit, hours: tuple[Hours, ...], now: str = "07:00") -> tuple[dict, list[list[int]]]:
    batch, fleet = Batch(DEPOT, DAY, SEVEN, ()), replace(ONE, hours=hours)
    table = haversine_table(places(batch, visits))
    made = build_problem(batch, visits, fleet, table, now=at(f"{DAY}T{now}"))
    return made, [list(row) for row in table.seconds]


def test_the_mean_of_a_span_counts_each_hour_by_its_length() -> None:
    """Half of it in the rush hour of twice the time is one and a half times; one moment is as it is then."""
    hours = on_day((RUSH,), DAY, CN)
    nine, eleven, noon = (at(f"{DAY}T{clock}").timestamp() for clock in ("09:00", "11:00", "12:00"))
    assert times_between(hours, nine, eleven) == 1.5
    assert times_between(hours, eleven, noon) == 1.0
    assert (times_between(hours, nine, nine), times_between(hours, noon, noon)) == (2.0, 1.0)


def test_local_clocks_count_on_the_day_when_they_change() -> None:
    """In Berlin 08:00 is seven hours after midnight when summer begins; 00:00 is the end of the day."""
    berlin, day = ZoneInfo("Europe/Berlin"), date(2026, 3, 29)
    [morning, late] = on_day((RUSH, Hours(time(20), time(), 1.2)), day, berlin)
    assert morning.begin - on_day((Hours(time(0), time(1), 1),), day, berlin)[0].begin == 7 * 3600
    assert late.end - late.begin == 4 * 3600


@given(
    st.lists(st.tuples(st.integers(0, 23), st.floats(0.2, 5)), unique_by=lambda one: one[0], max_size=8),
    st.integers(0, 86_400),
    st.integers(1, 86_400),
)
def test_the_mean_is_that_of_all_its_seconds(spans: list[tuple[int, float]], begin: int, length: int) -> None:
    """Against adding up minute by minute, and never beyond its fastest and slowest hour."""
    hours = [Slow(hour * 3600.0, hour * 3600.0 + 3600, times) for hour, times in spans]
    known = dict(spans)
    begin, length = begin // 60 * 60, max(60, length // 60 * 60)
    minutes = [known.get((begin + second) // 3600, 1.0) for second in range(0, length, 60)]
    found = times_between(hours, begin, begin + length)
    assert found == pytest.approx(sum(minutes) / len(minutes))
    assert min(minutes) - 1e-9 <= found <= max(minutes) + 1e-9


def test_the_ways_to_a_door_take_the_hours_promised_there() -> None:
    """A door of the rush hour twice, one of noon as told, the way home and a door of no hour the mean of the working day."""
    visits = (
        promised("rush", NEAR, "08:00", "10:00"),
        promised("noon", FAR, "12:00", "14:00"),
        promised("any", Location(lat=30.3, lon=120.2)),
    )
    problem, told = matrix(*visits, hours=(RUSH, EVENING))
    usual = (2 * 2.0 + 2 * 1.5 + 6) / 10
    for i, row in enumerate(told):
        assert problem["matrix_s"][i] == [round(s * by) for s, by in zip(row, (usual, 2.0, 1.0, usual), strict=True)]
    assert matrix(*visits, hours=())[0]["matrix_s"] == told


def test_what_is_over_of_the_day_counts_no_more() -> None:
    """Re-planned at noon the morning's rush hour is past, and a slot that has passed binds nobody."""
    visits = (promised("late", NEAR, "08:00", "10:00"), promised("any", FAR))
    problem, told = matrix(*visits, hours=(RUSH,), now="12:00")
    assert problem["matrix_s"] == told


def test_neighbours_of_several_hours_share_their_mean() -> None:
    """One column of the table for one place; with a neighbour of no hour, the working day's."""
    rush, noon = promised("a", NEAR, "08:00", "10:00"), promised("b", NEAR, "12:00", "14:00")
    problem, told = matrix(rush, noon, hours=(RUSH,))
    assert problem["matrix_s"][0][1] == round(told[0][1] * 1.5)
    problem, told = matrix(rush, noon, promised("c", NEAR), hours=(RUSH,))
    assert problem["matrix_s"][0][1] == round(told[0][1] * 1.2)


def test_a_plan_keeps_to_the_slow_hours_and_the_referee_sees_it() -> None:
    """A courier who starts at eight is at a door of the rush hour twice as late; a plan by free roads is refused."""
    visit = promised("rush", FAR, "08:00", "10:00")
    slow, told = matrix(visit, hours=(RUSH,))
    problem = read_problem(slow)
    plan = solve(problem, seed=1, limit=Steps(10))
    assert check(problem, plan) == []
    [stop] = plan.routes[0].stops
    assert stop.arrive_s - plan.routes[0].depart_s == round(told[0][1] * 2.0)
    free = read_problem(matrix(visit, hours=())[0])
    assert check(problem, solve(free, seed=1, limit=Steps(10)))


def test_slots_are_offered_by_the_slow_hours() -> None:
    """What free roads could keep is offered no more where they aren't free then; other hours stay."""
    depot = replace(DEPOT, cut_off=time(7))
    slots = [Slot(at(f"{DAY}T{a}:00"), at(f"{DAY}T{b}:00")) for a, b in (("08", "09"), ("12", "13"))]
    where = Location(lat=30.25, lon=120.52)
    fleet = replace(ONE, depots=(depot,))
    free = quote_slots(slots, Visit(a_return("new"), where), [], fleet, depot)
    assert [one.slot for one in free] == slots
    slow = quote_slots(
        slots, Visit(a_return("new"), where), [], replace(fleet, hours=(replace(RUSH, times=3.0),)), depot
    )
    assert [one.slot for one in slow] == slots[1:]


def test_slots_are_offered_by_streets_that_are_slow_at_any_hour() -> None:
    """`[travel] times` counts for customers' slots as it does for plans: and with slow hours on top."""
    depot = replace(DEPOT, cut_off=time(7))
    slots = [Slot(at(f"{DAY}T{a}:00"), at(f"{DAY}T{b}:00")) for a, b in (("08", "09"), ("12", "13"))]
    fleet, where = replace(ONE, depots=(depot,)), Location(lat=30.25, lon=120.37)
    asked = Visit(a_return("new"), where)
    assert [one.slot for one in quote_slots(slots, asked, [], fleet, depot)] == slots
    assert [one.slot for one in quote_slots(slots, asked, [], replace(fleet, times=3.0), depot)] == slots[1:]
    rush = replace(fleet, times=1.5, hours=(replace(RUSH, times=1.5),))
    assert [one.slot for one in quote_slots(slots, asked, [], rush, depot)] == slots[1:]
    assert [one.slot for one in quote_slots(slots, asked, [], replace(rush, times=1.0), depot)] == slots
