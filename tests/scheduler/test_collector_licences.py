"""Collectors whose licence is missing or over get no routes; everything else is planned."""

import asyncio
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest
from engines import a_store
from pickup_house import DAY, DEPOT, FLEET, POLICY, PRICE, a_return, an_order, ask, at, beat, deliver

from domain.licence import NOT_ASKED, Licence
from scheduler.dispatch import Dispatched
from scheduler.offers import offers
from scheduler.plan_types import Collector, Courier, Fleet
from scheduler.tick import PickupSettings
from store import returns
from store.base import Store

CUT_OFF = at("2026-11-23T10:00")
VALID = Licence("X1", date(2026, 12, 31))


def fleet_of(west: Licence, north: Licence = VALID) -> Fleet:
    """Two firms, each with a district and a courier of its own."""
    firms = (("west", "西湖区", west), ("north", "拱墅区", north))
    return Fleet(
        (DEPOT,),
        tuple(Collector(name, name, ("hz",), PRICE, (area,), held) for name, area, held in firms),
        tuple(Courier(f"{name}-1", name, name, "hz", (time(9), time(18))) for name, _, _ in firms),
    )


def plan(store: Store, fleet: Fleet) -> tuple[Dispatched, ...]:
    return asyncio.run(beat(store, CUT_OFF, settings=PickupSettings(fleet, POLICY))).dispatched


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = a_store(tmp_path / "test.sqlite3")
    for n, district in enumerate(("西湖区", "拱墅区"), 1):
        made.write(deliver, an_order(f"o{n}", n, district=district), at("2026-11-20T09:00"))
        ask(made, f"r{n}", f"o{n}", now=at("2026-11-22T20:00"), slot=None)
    return made


@pytest.mark.parametrize(
    ("held", "fault"),
    [
        (Licence(), "licence_missing"),
        (Licence("  "), "licence_missing"),
        (Licence("X1", date(2026, 11, 22)), "licence_over"),
        (Licence("X1", DAY), ""),
        (Licence("X1"), ""),
        (NOT_ASKED, ""),
        (Licence("", date(2026, 11, 22), asked=False), ""),
    ],
)
def test_a_licence_holds_until_its_last_day(held: Licence, fault: str) -> None:
    """The last day counts; what nobody said isn't over; where none is asked for, none is missed."""
    assert held.fault(DAY) == fault


@pytest.mark.parametrize(
    ("held", "code"), [(Licence(), "licence_missing"), (Licence("X1", date(2026, 11, 22)), "licence_over")]
)
def test_what_only_they_serve_waits_and_the_rest_is_planned(store: Store, held: Licence, code: str) -> None:
    """The return keeps the reason; the other firm drives its route."""
    [done] = plan(store, fleet_of(held))
    assert [(route.collector, [stop.return_ref for stop in route.stops]) for route in done.routes] == [
        ("north", ["r2"])
    ]
    waits = store.read(returns.find, "r1")
    assert (waits.status, waits.unserved_code) == ("requested", code)


def test_where_nobody_has_one_all_wait(store: Store) -> None:
    """Without anyone to send there is no route, and no failure either."""
    [done] = plan(store, fleet_of(Licence(), Licence()))
    assert (done.routes, {left.code for left in done.left}) == ((), {"licence_missing"})


def test_another_firm_in_the_same_place_fetches_it(store: Store) -> None:
    """A missing licence keeps back its firm, not the returns that others may fetch."""
    fleet = fleet_of(Licence())
    both = replace(fleet, collectors=(fleet.collectors[0], replace(fleet.collectors[1], areas=())))
    [done] = plan(store, both)
    assert {stop.return_ref for route in done.routes for stop in route.stops} == {"r1", "r2"}
    assert {route.collector for route in done.routes} == {"north"}


def test_no_slot_is_offered_after_the_last_day_of_a_licence(store: Store) -> None:
    """What can't be kept isn't offered: the day itself still is."""
    ends = replace(FLEET, collectors=(replace(FLEET.collectors[0], licence=Licence("X1", DAY)),))
    value = a_return("r9")
    found = store.read(offers, value, ends, now=at("2026-11-23T08:00"), days=3)
    assert {quote.slot.start.date() for quote in found} == {DAY}
    later = store.read(offers, value, FLEET, now=at("2026-11-23T08:00"), days=3)
    assert len({quote.slot.start.date() for quote in later}) == 3
