"""Slots are offered only where they can be kept; whoever waited in vain gets a new one unasked."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from pickup_house import DEPOT, FLEET, LATER, POLICY, a_return, an_order, ask, at, beat, deliver

from domain.place import Location
from scheduler.day import Visit
from scheduler.offers import offers
from scheduler.plan_types import Courier, Fleet, Slot
from scheduler.quotes import call_of, quote_slots, rough_plan
from store import facts, returns
from store.base import Store

NOW = at("2026-11-22T20:00")
SLOTS = tuple(Slot(at(f"2026-11-23T{h}:00"), at(f"2026-11-23T{h + 2}:00")) for h in (10, 12, 14))
ONE = Fleet(FLEET.depots, FLEET.collectors, FLEET.couriers[1:])


@pytest.fixture
def store(tmp_path: Path):
    made = Store(tmp_path / "t.sqlite3", synchronous="OFF")
    yield made
    made.close()


def visit(ref: str, n: float = 1, slot: Slot | None = None) -> Visit:
    span = {"slot_from": slot.start, "slot_to": slot.end} if slot else {}
    return Visit(a_return(ref, **span), Location(lat=30.25 + 0.01 * n, lon=120.17))


def test_an_empty_day_offers_every_slot() -> None:
    """And says how much longer the tour gets."""
    quotes = quote_slots(SLOTS, visit("new"), [], ONE, DEPOT)
    assert [quote.slot for quote in quotes] == list(SLOTS)
    assert all(quote.extra_s > 0 for quote in quotes)


def test_a_full_slot_is_not_offered_and_the_others_are() -> None:
    """Two hours hold only so many calls of eight minutes and the ways between."""
    full = [visit(f"p{n:02}", n % 3 + n / 50, SLOTS[1]) for n in range(40)]
    assert [quote.slot for quote in quote_slots(SLOTS, visit("new", 2), full, ONE, DEPOT)] == [SLOTS[0], SLOTS[2]]


def test_a_full_vehicle_offers_nothing() -> None:
    """Capacity counts whatever the clock says."""
    small = Fleet(ONE.depots, ONE.collectors, (Courier("li", "Li", "fast", "hz", FLEET.couriers[1].shift, 1),))
    assert quote_slots(SLOTS, visit("new"), [visit("p1", 1, SLOTS[2])], small, DEPOT) == ()


def test_out_of_reach_and_outside_the_areas_nothing_is_offered() -> None:
    """Nobody promises what nobody can keep."""
    far = Visit(a_return("new"), Location(lat=39.9, lon=116.4))
    assert quote_slots(SLOTS, far, [], ONE, DEPOT) == ()


def test_what_is_promised_stays_kept_when_a_quoted_stop_is_put_in() -> None:
    """Each call of the plan with the new one begins within its slot, and the courier is back in time."""
    promised = [visit(f"p{n}", n, SLOTS[n % 3]) for n in range(1, 7)]
    tours = rough_plan(promised, DEPOT, FLEET.couriers_of("hz"), at("2026-11-23T12:00").date())
    for quote in quote_slots(SLOTS, visit("new", 2.5), promised, FLEET, DEPOT):
        call = call_of(visit("new", 2.5), quote.slot)
        rooms = [(tour, room) for tour in tours if (room := tour.room_for(call))]
        tour, (_, place) = min(rooms, key=lambda one: one[1])
        tour.put(call, place)
        assert all(c.start <= r <= c.end for c, r in zip(tour.calls, tour.reach, strict=True))
        assert all(r <= late for r, late in zip(tour.reach, tour.latest, strict=True))
        taken = tour.calls.pop(place)
        assert taken == call


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
