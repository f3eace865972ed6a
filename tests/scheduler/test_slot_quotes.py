"""Slots are offered only where they can be kept; whoever waited in vain gets a new one unasked."""

import asyncio
from collections.abc import Sequence
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path

import pytest
from engines import a_store
from hypothesis import given
from hypothesis import strategies as st
from pickup_house import DEPOT, FLEET, LATER, POLICY, a_return, an_order, ask, at, beat, deliver

from domain.place import Location
from scheduler.day import Visit
from scheduler.offers import offers
from scheduler.plan_types import Courier, Fleet, Slot
from scheduler.quotes import Call, Tour, call_of, quote_slots, rough_plan
from scheduler.travel.straight import drive_s, haversine_table, spot_of
from store import facts, returns
from store.base import Store
from store.promised import Promised

DAY = date(2026, 11, 23)
NOW = at("2026-11-22T20:00")
SLOTS = tuple(Slot(at(f"2026-11-23T{h}:00"), at(f"2026-11-23T{h + 2}:00")) for h in (10, 12, 14))
ONE = Fleet(FLEET.depots, FLEET.collectors, FLEET.couriers[1:])


@pytest.fixture
def store(tmp_path: Path):
    made = a_store(tmp_path / "t.sqlite3")
    yield made
    made.close()


def place(n: float) -> Location:
    return Location(lat=30.25 + 0.01 * n, lon=120.17)


def visit(ref: str, n: float = 1) -> Visit:
    return Visit(a_return(ref), place(n))


def promised(ref: str, n: float, slot: Slot) -> Promised:
    return Promised(ref, place(n), 1, slot.start, slot.end)


def test_an_empty_day_offers_every_slot() -> None:
    """And says how much longer the tour gets."""
    quotes = quote_slots(SLOTS, visit("new"), [], ONE, DEPOT)
    assert [quote.slot for quote in quotes] == list(SLOTS)
    assert all(quote.extra_s > 0 for quote in quotes)


def test_a_full_slot_is_not_offered_and_the_others_are() -> None:
    """Two hours hold only so many calls of eight minutes and the ways between."""
    full = [promised(f"p{n:02}", n % 3 + n / 50, SLOTS[1]) for n in range(40)]
    assert [quote.slot for quote in quote_slots(SLOTS, visit("new", 2), full, ONE, DEPOT)] == [SLOTS[0], SLOTS[2]]


def test_a_full_vehicle_offers_nothing() -> None:
    """Capacity counts whatever the clock says."""
    small = Fleet(ONE.depots, ONE.collectors, (Courier("li", "Li", "fast", "hz", FLEET.couriers[1].shift, 1),))
    assert quote_slots(SLOTS, visit("new"), [promised("p1", 1, SLOTS[2])], small, DEPOT) == ()


def test_out_of_reach_and_outside_the_areas_nothing_is_offered() -> None:
    """Nobody promises what nobody can keep."""
    far = Visit(a_return("new"), Location(lat=39.9, lon=116.4))
    assert quote_slots(SLOTS, far, [], ONE, DEPOT) == ()


def test_what_is_promised_stays_kept_when_a_quoted_stop_is_put_in() -> None:
    """Each call of the plan with the new one begins within its slot, and the courier is back in time."""
    waiting = [promised(f"p{n}", n, SLOTS[n % 3]) for n in range(1, 7)]
    for quote in quote_slots(SLOTS, visit("new", 2.5), waiting, FLEET, DEPOT):
        tours = deepcopy(rough_plan(waiting, DEPOT, FLEET.couriers_of("hz"), DAY))
        call = call_of("new", place(2.5), 1, quote.slot)
        rooms = [(tour, room) for tour in tours if (room := tour.room_for(call))]
        tour, (extra, at) = min(rooms, key=lambda one: one[1])
        before = sum(tour.ways)
        tour.put(call, at)
        assert quote.extra_s == round(extra) == round(sum(tour.ways) - before)
        assert all(c.start <= r <= c.end for c, r in zip(tour.calls, tour.reach, strict=True))
        assert all(r <= late for r, late in zip(tour.reach, tour.latest, strict=True))


@given(
    st.lists(st.tuples(st.floats(-9, 9), st.sampled_from(SLOTS), st.integers(1, 9)), max_size=25),
    st.floats(-9, 9),
    st.sampled_from(SLOTS),
)
def test_the_cheapest_place_is_found_as_by_trying_every_one(
    waiting: list[tuple[float, Slot, int]], n: float, slot: Slot
) -> None:
    """Against a tour that is timed anew, call by call, with the new one at each of its places."""
    asked = [Promised(f"p{k:02}", place(at), pieces, s.start, s.end) for k, (at, s, pieces) in enumerate(waiting)]
    call = call_of("new", place(n), 1, slot)
    for tour in rough_plan(asked, DEPOT, FLEET.couriers_of("hz"), DAY):
        tried = [timed(tour, [*tour.calls[:at], call, *tour.calls[at:]]) for at in range(len(tour.calls) + 1)]
        fits = [way for way in tried if way is not None and len(tour.calls) < tour.shift.room.parcels]
        room, now = tour.room_for(call), timed(tour, tour.calls)
        assert now is not None
        assert (room is None) == (not fits)
        assert room is None or room[0] == pytest.approx(min(fits) - now, abs=1e-3)


def timed(tour: Tour, calls: Sequence[Call]) -> float | None:
    """Seconds on the way, None where a call or the end of the shift would be missed."""
    at, free, way = tour.home, tour.shift.begin, 0.0
    for call in calls:
        begun = max(free + drive_s(at, call.spot), call.start)
        if begun > call.end:
            return None
        at, free, way = call.spot, begun + call.service_s, way + drive_s(at, call.spot)
    home = drive_s(at, tour.home)
    return None if free + home > tour.shift.end else way + home


def test_ways_are_those_of_the_rough_travel_times() -> None:
    """A point on the large earth is as far from another as the road is long."""
    points = [Location(lat=30.25, lon=120.17), Location(lat=30.3, lon=120.1), Location(lat=31.2, lon=121.5)]
    table = haversine_table(points)
    for a, row in zip(points, table.seconds, strict=True):
        for b, seconds in zip(points, row, strict=True):
            assert drive_s(spot_of(a), spot_of(b)) == pytest.approx(seconds, abs=1)


def test_without_coordinates_nothing_is_promised(store: Store) -> None:
    """A customer whose place nobody knows is offered no slot, rather than one that may not be kept."""
    store.write(deliver, an_order("o1", lat=None, lon=None, located=""), at("2026-11-20T15:00"))
    assert store.read(offers, a_return(), FLEET, now=NOW, days=POLICY.book_days) == ()


def test_a_no_show_brings_a_new_slot_unasked(store: Store) -> None:
    """The courier never came: the next slot that can be kept is the customer's, and the history says who chose it."""
    store.write(deliver, an_order("o1"), at("2026-11-20T15:00"))
    ask(store, now=NOW)
    asyncio.run(beat(store, at("2026-11-23T10:01")))
    stop = store.read(returns.stop_of_return, "r1")
    assert stop is not None
    missed_at = stop.leave_at + LATER
    asyncio.run(beat(store, missed_at))
    value = store.read(returns.find, "r1")
    assert value is not None
    assert value.slot_from is not None
    assert value.slot_from > missed_at
    assert value.slot_from - missed_at < timedelta(days=2)
    told = [f for f in store.read(facts.history, "return", "r1") if f.event == returns.RESCHEDULED]
    assert [(f.channel, f.by) for f in told] == [("no_show", None)]
