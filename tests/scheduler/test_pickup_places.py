"""Where addresses are: a geocoder's words, and how sure each is."""

import asyncio

import httpx
import pytest
import respx

from domain.chinese_coordinates import gcj_of
from domain.errors import AccessDenied, RateLimited, Unreachable, UnreadableReply
from domain.place import Location, distance_m
from net.http import Http
from scheduler.places.amap import AmapPlaces
from scheduler.places.found import Found, How
from scheduler.places.nominatim import Nominatim

DOOR = Location(lat=30.25, lon=120.17)


def asked(make, replies, *, address: str = "文三路 1 号", district: str = "西湖区") -> tuple[Found | None, list[str]]:
    """What is found, and the texts that were asked for."""

    async def go() -> Found | None:
        async with Http("places") as http:
            return await make(http).find(address, district)

    with respx.mock as wire:
        route = wire.route(host__in=["places.example", "restapi.amap.com"]).mock(side_effect=replies)
        found = asyncio.run(go())
        return found, [
            str(dict(c.request.url.params).get("q", dict(c.request.url.params).get("address"))) for c in route.calls
        ]


def nominatim(http: Http) -> Nominatim:
    return Nominatim(http, "http://places.example/")


def amap(http: Http) -> AmapPlaces:
    return AmapPlaces(http, "KEY")


def told(rank: int) -> httpx.Response:
    return httpx.Response(200, json=[{"lat": "30.25", "lon": "120.17", "place_rank": rank, "display_name": "x"}])


def drawn(level: str) -> httpx.Response:
    at = gcj_of(DOOR)
    places = [{"location": f"{at.lon:.6f},{at.lat:.6f}", "level": level}]
    return httpx.Response(200, json={"status": "1", "infocode": "10000", "info": "OK", "geocodes": places})


NOTHING = httpx.Response(200, json=[])


@pytest.mark.parametrize(
    ("rank", "how"), [(30, How.GEOCODED), (28, How.GEOCODED), (26, How.DISTRICT), (19, How.DISTRICT)]
)
def test_nominatim_s_rank_says_how_sure_it_is(rank: int, how: How) -> None:
    found, texts = asked(nominatim, [told(rank)])
    assert found == Found(DOOR, how, "nominatim")
    assert texts == ["文三路 1 号, 西湖区"]


def test_a_city_is_no_place_to_fetch_goods_at() -> None:
    """Asked with the district, without it, for the district alone; then it is left to a person."""
    found, texts = asked(nominatim, [told(16), NOTHING, told(12)])
    assert found is None
    assert texts == ["文三路 1 号, 西湖区", "文三路 1 号", "西湖区"]


def test_without_the_door_the_district_stands_in() -> None:
    found, _ = asked(nominatim, [NOTHING, NOTHING, told(18)])
    assert found is not None
    assert found.how is How.DISTRICT


@pytest.mark.parametrize(
    ("level", "how"),
    [("门牌号", How.GEOCODED), ("兴趣点", How.GEOCODED), ("道路", How.DISTRICT), ("区县", How.DISTRICT)],
)
def test_amap_s_place_is_turned_into_ours(level: str, how: How) -> None:
    found, texts = asked(amap, [drawn(level)])
    assert found is not None
    assert (found.how, found.source) == (how, "amap")
    assert distance_m(found.location, DOOR) < 0.2
    assert texts == ["西湖区文三路 1 号"]


def test_amap_knows_the_city_only() -> None:
    assert asked(amap, [drawn("市"), drawn("省")])[0] is None


@pytest.mark.parametrize(
    ("make", "reply", "error"),
    [
        (nominatim, httpx.Response(429), RateLimited),
        (nominatim, httpx.Response(503), Unreachable),
        (nominatim, httpx.Response(403), AccessDenied),
        (nominatim, httpx.Response(200, text="<html>"), UnreadableReply),
        (nominatim, httpx.Response(200, json=[{"lat": "x", "lon": "1", "place_rank": 30}]), UnreadableReply),
        (
            amap,
            httpx.Response(200, json={"status": "0", "infocode": "10003", "info": "DAILY_QUERY_OVER_LIMIT"}),
            RateLimited,
        ),
        (
            amap,
            httpx.Response(200, json={"status": "1", "geocodes": [{"location": "", "level": "门牌号"}]}),
            UnreadableReply,
        ),
    ],
)
def test_a_failing_service_is_an_error_of_the_outside(make, reply: httpx.Response, error: type[Exception]) -> None:
    with pytest.raises(error):
        asked(make, [reply])
