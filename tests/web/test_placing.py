"""Looking up where returns are fetched: once each, never while the service is down, nothing personal in the facts."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import respx
from web_support import NOW, a_house, add_parcel

from config.place_settings import Places
from domain.pickup import ReturnReason
from domain.returns import Return, ReturnItem
from doorstep.house import House
from doorstep.placing import AGAIN, REST, place_due
from store import facts, intake, returns

BASE = "http://places.example"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = a_house(tmp_path)
    told = replace(made.settings, places=Places(by="nominatim", url=BASE))
    yield replace(made, settings=told)
    made.store.close()


def waits(house: House, n: int, **customer: object) -> None:
    add_parcel(house, n, **({"lat": None, "lon": None} | customer))
    value = Return(f"R{n}", f"A{n}", (ReturnItem("MUG", 1),), ReturnReason.NO_REASON, NOW, depot="hz", code="1")
    house.store.write(returns.add_return, value, by=None, channel="api")


def beats(house: House, answer, *times) -> list[int]:
    """How many addresses each beat placed; after them how often the service was asked."""
    with respx.mock(assert_all_called=False) as wire:
        route = wire.route(host="places.example").mock(side_effect=answer)
        placed = [asyncio.run(place_due(house, now=at)) for at in times]
        return [*placed, route.call_count]


def door(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=[{"lat": "30.25", "lon": "120.17", "place_rank": 30}])


def nothing(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=[])


def where(house: House, order: str) -> tuple[float | None, str]:
    customer = house.store.read(intake.find_order, order).customer
    return customer.lat, customer.located


def test_an_address_is_placed_once(house: House) -> None:
    """The customer gets the coordinates and how sure they are; the fact says who told, and holds none."""
    waits(house, 1)
    add_parcel(house, 2, lat=None, lon=None)  # nothing to fetch there
    assert beats(house, door, NOW, NOW + timedelta(minutes=1)) == [1, 0, 1]
    assert where(house, "A1") == (30.25, "geocoded")
    assert where(house, "A2")[0] is None
    [fact] = [f for f in house.store.read(facts.history, "order", "A1") if f.event == "placed"]
    assert fact.data == {"how": "geocoded", "source": "nominatim"}
    assert "30.25" not in json.dumps(fact.data)


def test_what_isn_t_found_is_asked_again_later_and_keeps_nobody_waiting(house: House) -> None:
    """Seven of them: five a beat, then the other two, then none until the next window."""
    for n in range(1, 8):
        waits(house, n, district="")
    assert beats(house, nothing, NOW, NOW, NOW) == [0, 0, 0, 7]
    assert beats(house, door, NOW, NOW + AGAIN) == [0, 5, 5]


def test_a_service_that_fails_is_left_alone_for_a_while(house: House) -> None:
    waits(house, 1)
    waits(house, 2)
    assert beats(house, httpx.ConnectError("no"), NOW, NOW) == [0, 0, 1]
    assert beats(house, door, NOW + REST) == [2, 2]


def test_nobody_is_asked_where_nobody_is_set(house: House) -> None:
    waits(house, 1)
    assert beats(replace(house, settings=replace(house.settings, places=Places())), door, NOW) == [0, 0]
