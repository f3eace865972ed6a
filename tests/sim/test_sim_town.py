"""The made-up town: its map, its streets, its addresses."""

import math
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from domain.place import Location, distance_m
from sim import town

MAP = Path(town.__file__).with_name("town.geojson")


def test_the_committed_map_is_what_the_generator_draws():
    """`python -m sim.town > sim/town.geojson` was run after the last change of the town."""
    assert MAP.read_text(encoding="utf-8") == town.as_text(town.town_geojson())


def test_the_map_has_named_streets_and_districts_in_two_languages():
    """Every street is a LineString and every district a closed Polygon, each with a Chinese and an English name."""
    streets, districts = town.streets_geojson()["features"], town.districts_geojson()["features"]
    assert {f["geometry"]["type"] for f in streets} == {"LineString"}
    assert len({f["properties"]["name_zh"] for f in streets}) == 21
    assert len(districts) == 6
    for feature in districts:
        (ring,) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1]
    assert all(f["properties"][name] for f in streets + districts for name in ("name_zh", "name_en"))


def test_the_town_is_about_eight_by_six_kilometres():
    """The map spans what it says, around its middle."""
    points = [p for f in town.streets_geojson()["features"] for p in f["geometry"]["coordinates"]]
    (west, east), (south, north) = ((min(v), max(v)) for v in zip(*points, strict=True))
    width = distance_m(Location(lat=30.25, lon=west), Location(lat=30.25, lon=east))
    height = distance_m(Location(lat=south, lon=120.17), Location(lat=north, lon=120.17))
    assert 7_500 < width < 8_500
    assert 5_500 < height < 6_700


def test_addresses_are_the_same_for_the_same_generator_and_lie_beside_their_street():
    """A hundred and twenty doors, each within 40 m of a street and in a named district."""
    doors = town.addresses(Random(5))
    assert doors == town.addresses(Random(5))
    assert doors != town.addresses(Random(6))
    assert len(doors) == 120
    names = {d.zh for d in town.districts()}
    for door in doors:
        assert town.streets().snap(town.PLANE.xy(door.place)).off_m < 40
        assert door.district in names
        assert door.text.startswith("青澜市" + door.district + door.street)


def test_every_district_has_addresses():
    """So that a route passes through all of them."""
    assert {a.district for a in town.addresses(Random(1))} == {d.zh for d in town.districts()}


@pytest.fixture(scope="module")
def doors() -> list[Location]:
    return [a.place for a in town.addresses(Random(3), 14)]


def test_a_way_follows_streets_all_along(doors):
    """Between the two doors, no point of the line is off the streets, however finely it is looked at."""
    for a, b in pairwise(doors):
        line = [town.PLANE.xy(place) for place in town.path_between(a, b)]
        for one, other in pairwise(line[1:-1]):
            middle = ((one[0] + other[0]) / 2, (one[1] + other[1]) / 2)
            assert town.streets().snap(middle).off_m < 1.5


def test_a_way_begins_and_ends_at_its_doors_and_is_never_shorter_than_the_crow(doors):
    """A line to draw from door to door."""
    for a, b in pairwise(doors):
        line = town.path_between(a, b)
        assert distance_m(line[0], a) < 1
        assert distance_m(line[-1], b) < 1
        assert town.road_m(a, b) >= distance_m(a, b) * 0.999
        assert town.road_s(a, b) == pytest.approx(town.road_m(a, b) / 6.5)


def test_ways_are_shortest(doors):
    """Both directions are equally long, and no detour over a third door is shorter."""
    a, b, c = doors[:3]
    assert town.road_m(a, b) == pytest.approx(town.road_m(b, a), abs=0.5)
    detour = town.road_m(a, c) + town.road_m(c, b)
    assert town.road_m(a, b) <= detour + 0.5


def test_the_river_is_crossed_on_bridges_only():
    """Exactly four pieces of street cross the river's middle."""
    crossing = [
        edge
        for edge in town.streets().edges
        if (edge.line[0][1] - town._river_y(edge.line[0][0])) * (edge.line[-1][1] - town._river_y(edge.line[-1][0])) < 0
    ]
    assert len(crossing) == len(town.BRIDGES)


def test_every_place_can_be_reached():
    """The streets hang together."""
    ways: dict[int, set[int]] = {}
    for edge in town.streets().edges:
        ways.setdefault(edge.a, set()).add(edge.b)
        ways.setdefault(edge.b, set()).add(edge.a)
    seen, left = set(), [next(iter(ways))]
    while left:
        node = left.pop()
        if node not in seen:
            seen.add(node)
            left.extend(ways[node])
    assert seen == set(ways)


def test_a_way_within_one_street_piece_is_straight_along_it():
    """Two doors on the same piece of street aren't sent around the block."""
    edge = town.streets().edges[0]
    a, b = (town.PLANE.location(xy) for xy in (edge.line[0], edge.line[1]))
    assert town.road_m(a, b) == pytest.approx(math.dist(edge.line[0], edge.line[1]), abs=0.5)
