"""Travel tables: by a table service over HTTP, else as the crow flies."""

import asyncio
import json
import math
from urllib.parse import parse_qs

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from domain.chinese_coordinates import gcj_of
from domain.errors import AccessDenied, RateLimited, Unreachable, UnreadableReply
from domain.place import Location
from net.http import Http
from scheduler.amap import ERRORS
from scheduler.travel.amap import Amap
from scheduler.travel.osrm import BLOCK, Osrm
from scheduler.travel.straight import CITY, Haversine, speed_of
from scheduler.travel.table import Slowed, Table, WithFallback
from scheduler.travel.valhalla import Valhalla

BASE = "http://osrm.example"
HZ = Location(lat=30.25, lon=120.17)
points = st.builds(Location, lat=st.floats(29, 31), lon=st.floats(119, 121))


def table_of(provider, where) -> Table:
    return asyncio.run(provider.table(where))


def osrm(where, *, reply) -> Table:
    async def go() -> Table:
        async with Http("osrm") as http:
            return await Osrm(http, BASE).table(where)

    with respx.mock:
        respx.get(url__startswith=BASE).mock(**({"side_effect": reply} if callable(reply) else {"return_value": reply}))
        return asyncio.run(go())


def test_the_fallback_says_what_it_is() -> None:
    """A hundredth of a degree of latitude is 1112 m straight, 1501 m by road, 357 s at 15 km/h."""
    table = table_of(Haversine(), [HZ, Location(lat=30.26, lon=120.17)])
    assert (table.source, table.metres[0][1], table.seconds[0][1]) == ("haversine", 1501, 357)


@given(st.lists(points, min_size=1, max_size=6))
def test_the_fallback_is_square_symmetric_and_nothing_from_a_place_to_itself(where: list[Location]) -> None:
    """Whole numbers, never negative, as the router wants them."""
    table = table_of(Haversine(), where)
    for rows in (table.seconds, table.metres):
        assert all(len(row) == len(where) for row in rows)
        assert all(rows[i][i] == 0 for i in range(len(where)))
        assert all(rows[i][j] == rows[j][i] >= 0 for i in range(len(where)) for j in range(len(where)))


def test_longer_ways_are_driven_faster() -> None:
    """15 km/h round the corner, 50 km/h out of town."""
    speeds = [speed_of(m, CITY) for m in (0, 2_000, 2_001, 8_001, 20_001, 10**9)]
    assert speeds == sorted(speeds)
    assert speeds[0] == 4.2
    assert speeds[-1] == 13.9


def test_a_table_service_is_asked_and_null_means_no_way() -> None:
    """OSRM gives floats, and null where no way leads; directions differ."""
    body = {"code": "Ok", "durations": [[0, 61.4], [None, 0]], "distances": [[0, 900.6], [None, 0]]}
    table = osrm([HZ, Location(lat=30.3, lon=120.2)], reply=httpx.Response(200, json=body))
    assert table == Table(((0, 61), (None, 0)), ((0, 901), (None, 0)), source="osrm")


def test_large_tables_are_asked_in_blocks_and_put_together_again() -> None:
    """No call names more than 100 coordinates; each pair stands where it belongs."""
    where = [Location(lat=30 + n / 1000, lon=120.0) for n in range(BLOCK * 2 + 7)]

    def answer(request: httpx.Request) -> httpx.Response:
        coordinates = [tuple(map(float, c.split(","))) for c in request.url.path.rsplit("/", 1)[1].split(";")]
        assert len(coordinates) <= 100
        query = parse_qs(request.url.query.decode())
        rows, columns = ([int(i) for i in query[name][0].split(";")] for name in ("sources", "destinations"))
        # the "duration" of a pair encodes both of its ends
        cells = [
            [round(coordinates[i][1] * 1000) * 100_000 + round(coordinates[j][1] * 1000) for j in columns] for i in rows
        ]
        return httpx.Response(200, content=json.dumps({"code": "Ok", "durations": cells, "distances": cells}))

    table = osrm(where, reply=answer)
    n = len(where)
    assert table.seconds == tuple(tuple((30_000 + i) * 100_000 + 30_000 + j for j in range(n)) for i in range(n))


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (httpx.Response(429), RateLimited),
        (httpx.Response(403), AccessDenied),
        (httpx.Response(503), Unreachable),
        (httpx.Response(200, text="<html>"), UnreadableReply),
        (httpx.Response(200, content=b"\xff\xfe"), UnreadableReply),
        (httpx.Response(400, json={"code": "TooBig", "message": "too many"}), UnreadableReply),
        (httpx.Response(200, json={"code": "Ok", "durations": [[0]], "distances": [[0]]}), UnreadableReply),
        (httpx.Response(200, json={"code": "Ok", "durations": [[0, 1], [1, 0]]}), UnreadableReply),
    ],
)
def test_a_failing_service_is_an_error_of_the_outside(reply: httpx.Response, error: type[Exception]) -> None:
    """Each failure by what is to be done next."""
    with pytest.raises(error):
        osrm([HZ, Location(lat=30.3, lon=120.2)], reply=reply)


def test_a_day_is_planned_even_where_the_service_is_down() -> None:
    """The fallback stands in, is marked as such, and says why."""

    async def go() -> Table:
        async with Http("osrm") as http:
            return await WithFallback(Osrm(http, BASE), Haversine()).table([HZ, Location(lat=30.3, lon=120.2)])

    with respx.mock:
        respx.get(url__startswith=BASE).mock(side_effect=httpx.ConnectError("no"))
        table = asyncio.run(go())
    assert table.source == "haversine"
    assert table.note.startswith("osrm: ")
    assert math.isfinite(table.seconds[0][1])


def asked(make, where, *, replies) -> tuple[Table, list[httpx.Request]]:
    """The table that a service's replies give, and what it was asked."""

    async def go() -> Table:
        async with Http("ways") as http:
            return await make(http).table(where)

    with respx.mock as wire:
        route = wire.route(host__in=["valhalla.example", "restapi.amap.com"])
        route.mock(side_effect=replies if isinstance(replies, list) else lambda _: replies)
        return asyncio.run(go()), [call.request for call in route.calls]


def valhalla(http: Http) -> Valhalla:
    return Valhalla(http, "http://valhalla.example/", "truck")


def amap(http: Http) -> Amap:
    return Amap(http, "KEY")


def test_valhalla_tells_kilometres_and_null_means_no_way() -> None:
    """Both lists in one call, and the costing that was chosen."""
    cells = [
        [{"distance": 0.0, "time": 0}, {"distance": 1.234, "time": 160}],
        [{"distance": None, "time": None}, {"distance": 0.0, "time": 0}],
    ]
    table, [request] = asked(
        valhalla, [HZ, Location(lat=30.3, lon=120.2)], replies=httpx.Response(200, json={"sources_to_targets": cells})
    )
    assert table == Table(((0, 160), (None, 0)), ((0, 1234), (None, 0)), source="valhalla")
    body = json.loads(request.content)
    assert body["sources"] == body["targets"] == [{"lat": 30.25, "lon": 120.17}, {"lat": 30.3, "lon": 120.2}]
    assert body["costing"] == "truck"


def column(*pairs: tuple[int, int] | None) -> httpx.Response:
    """Amap's answer for one destination."""
    results = [
        {"origin_id": str(n), "dest_id": "1", "distance": str(p[1]), "duration": str(p[0])}
        if p
        else {"info": "NO_ROADS"}
        for n, p in enumerate(pairs, 1)
    ]
    return httpx.Response(200, json={"status": "1", "infocode": "10000", "info": "OK", "results": results})


def test_amap_is_asked_a_column_at_a_time_in_its_own_coordinates() -> None:
    """WGS-84 turned into GCJ-02 at the edge; from a place to itself nothing is driven, whatever it says."""
    other = Location(lat=30.3, lon=120.2)
    table, requests = asked(amap, [HZ, other], replies=[column(None, (61, 900)), column((70, 950), None)])
    assert table == Table(((0, 70), (61, 0)), ((0, 950), (900, 0)), source="amap")
    query = parse_qs(requests[0].url.query.decode())
    turned = gcj_of(HZ)
    assert query["destination"] == [f"{turned.lon:.6f},{turned.lat:.6f}"]
    assert query["origins"][0].count("|") == 1
    assert query["type"] == ["1"]


def test_amap_without_a_way_says_so() -> None:
    table, _ = asked(amap, [HZ, Location(lat=30.3, lon=120.2)], replies=[column(None, None), column((70, 950), None)])
    assert table.seconds == ((0, 70), (None, 0))


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_amap_s_refusals_are_told_apart(code: str) -> None:
    """A wrong key, a spent quota, a busy server: each is another error."""
    reply = httpx.Response(200, json={"status": "0", "infocode": code, "info": "X"})
    with pytest.raises(ERRORS[code]):
        asked(amap, [HZ], replies=reply)


@pytest.mark.parametrize(
    ("make", "reply"),
    [
        (amap, httpx.Response(200, json={"status": "0", "infocode": "20000", "info": "INVALID_PARAMS"})),
        (amap, httpx.Response(200, json={"status": "1", "results": []})),
        (amap, column((1, 1), (1, 1))),
        (amap, httpx.Response(200, json={"status": "1", "results": [{"duration": "", "distance": "9"}]})),
        (valhalla, httpx.Response(400, json={"error": "Exceeded max locations", "error_code": 150})),
        (valhalla, httpx.Response(200, json={"sources_to_targets": []})),
        (valhalla, httpx.Response(200, text="<html>")),
    ],
)
def test_what_can_t_be_read_is_an_error_of_the_outside(make, reply: httpx.Response) -> None:
    with pytest.raises(UnreadableReply):
        asked(make, [HZ], replies=reply)


def test_slower_streets_take_so_many_times_as_long() -> None:
    """Times only: the way stays as long as it is."""
    where = [HZ, Location(lat=30.26, lon=120.17)]
    table = table_of(Slowed(Haversine(), 1.5), where)
    assert (table.seconds[0][1], table.metres[0][1]) == (536, 1501)
