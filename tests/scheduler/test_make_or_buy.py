"""Make or buy: a return rides our route where that is cheaper than the carrier's own courier, and both figures are kept."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from engines import a_store
from pickup_house import CN, SETTINGS, a_return, an_order, ask, at, beat, deliver

from domain.booking import Party, PickupOrder, Quote, Slot
from domain.pickup import ReturnStatus
from scheduler.dispatch import carrier_price
from store import bookings, pickup_choices, pickup_quotes, returns
from store.base import Store
from store.check import differences

ASKED_AT = at("2026-11-22T20:00")
PLAN_AT = at("2026-11-23T10:00")
USUAL_CENTS = 2_500
BUYING = replace(SETTINGS, carrier_cents=USUAL_CENTS)
NEAR, FAR = 1, 25
TOMORROW = at("2026-11-24T00:00")
SLOT = Slot(at("2026-11-23T14:00"), at("2026-11-23T16:00"))
PARTY = Party("张三", "13800000000", "文三路 1 号", "杭州")


@pytest.fixture
def store(tmp_path: Path):
    with a_store(tmp_path / "desk.db") as opened:
        for n in (NEAR, NEAR + 1, FAR):
            opened.write(deliver, an_order(f"o{n}", n), at("2026-11-20T15:00"))
        ask(opened, "promised", f"o{NEAR}", now=ASKED_AT)
        ask(opened, "beside", f"o{NEAR + 1}", now=ASKED_AT, slot=None)
        ask(opened, "far", f"o{FAR}", now=ASKED_AT, slot=None)
        yield opened
        assert opened.read(differences, now=at("2026-12-01T00:00")) == []


def an_order_for(ref: str) -> PickupOrder:
    return PickupOrder(ref, PARTY, PARTY, SLOT, CN, "衣服", 500)


def quote(cents: int, *slots: Slot, until=TOMORROW) -> Quote:
    return Quote("圆通速递", cents, "CNY", until, slots=slots)


def bought(store: Store) -> dict[str, tuple[int, int | None]]:
    found = store.read(pickup_choices.of_day, PLAN_AT, PLAN_AT + timedelta(days=1))
    return {line.ref: (line.carrier_cents, line.route_cents) for one in found for line in one.bought}


def test_the_dear_trip_is_left_to_the_carrier_and_the_cheap_one_is_ours(store: Store) -> None:
    """The neighbour costs a few cents more, the far one more than the carrier takes: it is left, with both figures."""
    asyncio.run(beat(store, PLAN_AT, settings=BUYING))
    assert store.read(returns.find, "beside").status is ReturnStatus.PLANNED
    far = store.read(returns.find, "far")
    assert (far.status, far.unserved_code) == (ReturnStatus.REQUESTED, "carrier")
    [(ref, (carrier, route))] = bought(store).items()
    assert (ref, carrier) == ("far", USUAL_CENTS)
    assert route > USUAL_CENTS


def test_a_standing_quote_goes_before_the_usual_price(store: Store) -> None:
    """The carrier said more for this one: our route is cheaper then."""
    store.write(
        pickup_quotes.keep, "kuaidi100", "main", an_order_for("far"), [quote(90_000), quote(80_000)], now=ASKED_AT
    )
    asyncio.run(beat(store, PLAN_AT, settings=BUYING))
    assert store.read(returns.find, "far").status is ReturnStatus.PLANNED
    assert bought(store) == {}


def test_a_quote_that_has_ended_counts_no_more(store: Store) -> None:
    """What was said yesterday isn't what it costs today."""
    old = quote(100, until=PLAN_AT)
    store.write(pickup_quotes.keep, "kuaidi100", "main", an_order_for("far"), [old], now=ASKED_AT)
    asyncio.run(beat(store, PLAN_AT))
    assert store.read(returns.find, "far").status is ReturnStatus.PLANNED


def test_what_a_carrier_is_booked_for_is_visited_by_nobody_else(store: Store) -> None:
    """Two couriers at one door would be one too many; the return says who comes."""
    store.write(bookings.begin, "kuaidi100", "main", an_order_for("far"), busy_until=PLAN_AT, now=ASKED_AT)
    asyncio.run(beat(store, PLAN_AT, settings=BUYING))
    far = store.read(returns.find, "far")
    assert (far.status, far.unserved_code) == (ReturnStatus.REQUESTED, "booked")


INSIDE = Slot(at("2026-11-23T14:30"), at("2026-11-23T15:30"))
OUTSIDE = Slot(at("2026-11-23T15:30"), at("2026-11-23T16:30"))
PROMISED = {"slot_from": SLOT.start, "slot_to": SLOT.end}


@pytest.mark.parametrize(
    ("fields", "said", "price"),
    [
        ({}, None, USUAL_CENTS),
        ({}, quote(900), 900),
        (PROMISED, None, None),
        (PROMISED, quote(900), None),
        (PROMISED, quote(900, OUTSIDE), None),
        (PROMISED, quote(900, OUTSIDE, INSIDE), 900),
    ],
)
def test_a_promised_slot_is_kept_by_us_unless_the_carrier_quoted_a_time_inside(fields, said, price) -> None:
    """A cheaper courier at another time would break the promise."""
    assert carrier_price(a_return(**fields), said, USUAL_CENTS) == price
