"""Drawn areas decide who drives where; a door that is known roughly only is nobody's and everybody's question."""

import asyncio
from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest
from engines import a_store
from pickup_house import DEPOT, POLICY, PRICE, a_return, an_order, ask, at, beat, deliver

from domain.area import Area, Polygon
from domain.place import Location
from scheduler.batching import Batch
from scheduler.day import Visit, build_problem, places
from scheduler.offers import offers
from scheduler.plan_types import Collector, Courier, Fleet
from scheduler.tick import PickupSettings
from scheduler.travel.straight import haversine_table
from store import returns

HOME = DEPOT.location
CUT_OFF = at("2026-11-23T10:00")


def around(place: Location, size: float = 0.2) -> Area:
    """A square of some degrees, the place in its middle."""
    south, west, north, east = place.lat - size, place.lon - size, place.lat + size, place.lon + size
    corners = ((south, west), (south, east), (north, east), (north, west), (south, west))
    return Area((Polygon(tuple(Location(lat=lat, lon=lon) for lat, lon in corners)),))


def fleet_of(*collectors: Collector) -> Fleet:
    riders = tuple(Courier(f"{c.id}-1", c.id, c.id, "hz", (time(9), time(18))) for c in collectors)
    return Fleet((DEPOT,), collectors, riders)


DRAWN = Collector("drawn", "Drawn", ("hz",), PRICE, drawn=around(HOME))
BOTH = replace(DRAWN, id="both", areas=("滨江区",))
NAMED = Collector("named", "Named", ("hz",), PRICE, ("西湖区",))
FAR = Location(lat=HOME.lat + 0.5, lon=HOME.lon)


@pytest.mark.parametrize(
    ("who", "district", "door", "serves"),
    [
        (DRAWN, "", HOME, True),
        (DRAWN, "西湖区", FAR, False),
        (DRAWN, "西湖区", None, None),
        (BOTH, "滨江区", FAR, True),
        (BOTH, "滨江区", None, True),
        (BOTH, "西湖区", HOME, True),
        (BOTH, "西湖区", None, None),
        (BOTH, "", FAR, False),
        (NAMED, "西湖区", None, True),
        (NAMED, "滨江区", HOME, False),
        (NAMED, "", HOME, True),
    ],
)
def test_who_serves_a_place(who: Collector, district: str, door: Location | None, serves: bool | None) -> None:
    """The district or the drawing, whichever says yes; where only the drawing could and the door isn't known: unknown."""
    assert who.serves(district, door) is serves


def test_only_couriers_whose_area_holds_the_door_may_go() -> None:
    """Also in the router's question; who isn't known to serve a place doesn't go there."""
    visits = [Visit(a_return("near"), HOME), Visit(a_return("far"), FAR), Visit(a_return("rough"), HOME, rough=True)]
    fleet = fleet_of(DRAWN, replace(NAMED, areas=()))
    batch = Batch(DEPOT, CUT_OFF.date(), CUT_OFF, ())
    problem = build_problem(batch, visits, fleet, haversine_table(places(batch, visits)), now=CUT_OFF)
    assert [stop["allowed"] for stop in problem["stops"]] == [None, ["named-1"], ["named-1"]]


@pytest.mark.parametrize(("located", "code"), [("district", "area_unknown"), ("geocoded", ""), ("given", "")])
def test_a_rough_place_waits_until_it_is_on_the_map(tmp_path: Path, located: str, code: str) -> None:
    """No slot is offered and no route is made for it meanwhile, and it says why; a known door is planned and has slots."""
    store = a_store(tmp_path / "test.sqlite3")
    order = an_order("o1", 1)
    store.write(deliver, replace(order, customer=replace(order.customer, located=located)), at("2026-11-20T09:00"))
    ask(store, "r1", "o1", now=at("2026-11-22T20:00"), slot=None)
    fleet = fleet_of(replace(DRAWN, drawn=around(HOME, 1.0)))
    value = store.read(returns.find, "r1")
    assert value is not None
    assert bool(store.read(offers, value, fleet, now=at("2026-11-22T20:00"), days=3)) is not bool(code)
    [done] = asyncio.run(beat(store, CUT_OFF, settings=PickupSettings(fleet, POLICY))).dispatched
    assert [left.code for left in done.left] == ([code] if code else [])
    assert len(done.routes) == (0 if code else 1)
