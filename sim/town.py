"""A made-up town of about 8 by 6 km: streets, districts, a river with four bridges, a park, a depot, addresses.

Nothing here exists. ``python -m sim.town`` prints the map; `sim/town.geojson` is its committed output.
"""

import json
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

from domain.place import Location
from sim.streets import DRIVE_M_PER_S, Edge, Plane, Streets, Xy, line_m, point_at

NAME = {"zh": "青澜市", "en": "Qinglan"}
MIDDLE = Location(lat=30.25, lon=120.17)
PLANE = Plane(MIDDLE)
COLUMNS, ROWS = 11, 9
WIDTH_M, HEIGHT_M = 8_000.0, 6_000.0
RIVER_ROW = 3  # the river runs between this row of crossings and the next
BRIDGES = (1, 4, 6, 9)  # the columns whose street crosses the river
PARK = ((6, 5), (8, 7))  # opposite crossings of the park
ADDRESSES = 120
SHAPE_SEED = "qinglan"  # the town is the same in every world
DROPPED = 0.1  # the share of inner pieces of street that aren't there: no town is a perfect grid

COLUMN_NAMES = (
    ("西山路", "Xishan Road"), ("槐荫路", "Huaiyin Road"), ("钟楼路", "Zhonglou Road"), ("白鹭路", "Bailu Road"),
    ("望江路", "Wangjiang Road"), ("青石路", "Qingshi Road"), ("稻香路", "Daoxiang Road"), ("书院路", "Shuyuan Road"),
    ("晓月路", "Xiaoyue Road"), ("竹溪路", "Zhuxi Road"), ("东环路", "Donghuan Road"),
)  # fmt: skip
ROW_NAMES = (
    ("南桥街", "Nanqiao Street"), ("盐仓街", "Yancang Street"), ("织造街", "Zhizao Street"), ("渡口街", "Dukou Street"),
    ("临河街", "Linhe Street"), ("梧桐街", "Wutong Street"), ("兰亭街", "Lanting Street"), ("丰年街", "Fengnian Street"),
    ("北苑街", "Beiyuan Street"),
)  # fmt: skip
AVENUE = ("长风大道", "Changfeng Avenue")
AVENUE_NODES = ((0, 8), (1, 7), (2, 6), (3, 5), (4, 4))
DISTRICTS = (
    ("西渡区", "Xidu", 0, 3, False), ("临澜区", "Linlan", 3, 7, False), ("沙湾区", "Shawan", 7, 10, False),
    ("望山区", "Wangshan", 0, 3, True), ("书院区", "Shuyuan", 3, 7, True), ("东陵区", "Dongling", 7, 10, True),
)  # fmt: skip
RIVER_NAME, PARK_NAME = ("澜水", "Lan River"), ("月湖公园", "Moon Lake Park")

Node = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Address:
    """A door in the town. ``text`` is how people write it (with city and district)."""

    text: str
    street: str
    house: int
    district: str
    place: Location


@dataclass(frozen=True, slots=True)
class District:
    zh: str
    en: str
    ring: tuple[Xy, ...]


@cache
def _nodes() -> dict[Node, Xy]:
    rng = Random(SHAPE_SEED)
    return {
        (i, j): _bent(i, j, rng.uniform(-95, 95), rng.uniform(-85, 85)) for i in range(COLUMNS) for j in range(ROWS)
    }


def _bent(i: int, j: int, dx: float, dy: float) -> Xy:
    x = -WIDTH_M / 2 + i * WIDTH_M / (COLUMNS - 1) + dx
    y = -HEIGHT_M / 2 + j * HEIGHT_M / (ROWS - 1) + dy
    return x, y + _sway(x)


def _sway(x: float) -> float:
    return 160.0 * math.sin(x / 2300)


def _river_y(x: float) -> float:
    step = HEIGHT_M / (ROWS - 1)
    return -HEIGHT_M / 2 + (RIVER_ROW + 0.5) * step + 110 * math.sin(x / 850) + _sway(x)


@cache
def river() -> tuple[Xy, ...]:
    """The middle of the river, from west to east."""
    steps = 40
    reach = WIDTH_M / 2 + 300
    xs = [-reach + 2 * reach * n / steps for n in range(steps + 1)]
    return tuple((x, _river_y(x)) for x in xs)


def _in_park(node: Node) -> bool:
    (west, south), (east, north) = PARK
    return west < node[0] < east and south < node[1] < north


def _wanted(one: Node, other: Node) -> bool:
    crosses = {one[1], other[1]} == {RIVER_ROW, RIVER_ROW + 1}
    return not (_in_park(one) or _in_park(other)) and (not crosses or one[0] in BRIDGES)


def _on_edge(one: Node, other: Node) -> bool:
    return one[0] == other[0] in {0, COLUMNS - 1} or one[1] == other[1] in {0, RIVER_ROW, RIVER_ROW + 1, ROWS - 1}


def _lines() -> list[list[Node]]:
    """The crossings of each street, in order: columns, rows, the avenue."""
    columns = [[(i, j) for j in range(ROWS)] for i in range(COLUMNS)]
    rows = [[(i, j) for i in range(COLUMNS)] for j in range(ROWS)]
    return [*columns, *rows, list(AVENUE_NODES)]


def street_names() -> tuple[tuple[str, str], ...]:
    return (*COLUMN_NAMES, *ROW_NAMES, AVENUE)


@cache
def streets() -> Streets:
    """The street graph: a bent grid without the pieces in the park, over the river (but for bridges) and a few more."""
    rng = Random(SHAPE_SEED + "/streets")
    index = {node: n for n, node in enumerate(_nodes())}
    edges: list[Edge] = []
    for street, line in enumerate(_lines()):
        for one, other in pairwise(line):
            bend, there = rng.uniform(-28, 28), rng.random() >= DROPPED
            keep = there or _on_edge(one, other) or street == len(street_names()) - 1 or one[0] in BRIDGES
            if _wanted(one, other) and keep:
                edges.append(Edge(index[one], index[other], _curve(_nodes()[one], _nodes()[other], bend), street))
    return Streets(edges)


def _curve(one: Xy, other: Xy, bend_m: float) -> tuple[Xy, ...]:
    length = math.dist(one, other)
    across = (-(other[1] - one[1]) / length, (other[0] - one[0]) / length)
    shares = ((0.3, 0.8), (0.7, 0.8))
    inner = [
        (
            one[0] + share * (other[0] - one[0]) + bend * bend_m * across[0],
            one[1] + share * (other[1] - one[1]) + bend * bend_m * across[1],
        )
        for share, bend in shares
    ]
    return (one, *inner, other)


@cache
def districts() -> tuple[District, ...]:
    return tuple(District(zh, en, _ring(west, east, north=north)) for zh, en, west, east, north in DISTRICTS)


def _ring(west: int, east: int, *, north: bool) -> tuple[Xy, ...]:
    """Bounded by two streets, the edge of the town and the river."""
    nodes = _nodes()
    far = ROWS - 1 if north else 0
    bank = range(ROWS - 1, RIVER_ROW, -1) if north else range(RIVER_ROW + 1)
    edge = [nodes[i, far] for i in range(west, east + 1)]
    down = [nodes[east, j] for j in bank]
    up = [nodes[west, j] for j in reversed(bank)]
    near = RIVER_ROW + 1 if north else RIVER_ROW
    x_east, x_west = nodes[east, near][0], nodes[west, near][0]
    water = [(x, _river_y(x)) for x in (x_east + (x_west - x_east) * n / 12 for n in range(13))]
    return (*edge, *down[1:], *water, *up)


def district_of(place: Location) -> str:
    """The district's Chinese name; outside every district, the nearest one's."""
    xy = PLANE.xy(place)
    found = next((d for d in districts() if _inside(d.ring, xy)), None)
    return (found or min(districts(), key=lambda d: min(math.dist(xy, corner) for corner in d.ring))).zh


def _inside(ring: Sequence[Xy], xy: Xy) -> bool:
    """Ray casting: an odd number of crossings to the east."""
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, (*ring[1:], ring[0]), strict=True):
        if (y1 > xy[1]) != (y2 > xy[1]) and xy[0] < (x2 - x1) * (xy[1] - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def depot() -> Location:
    """Where couriers start and end: a corner in the south-west."""
    return PLANE.location(_nodes()[2, 2])


def addresses(rng: Random, count: int = ADDRESSES) -> list[Address]:
    """Doors along the streets, each beside its street, numbered from the street's beginning."""
    edges = streets().edges
    return [_address(edges[rng.randrange(len(edges))], rng) for _ in range(count)]


def _address(edge: Edge, rng: Random) -> Address:
    along = edge.length_m * rng.uniform(0.12, 0.88)
    x, y = point_at(edge.line, along)
    side = rng.choice((-1, 1)) * rng.uniform(14, 32)
    (x1, y1), (x2, y2) = edge.line[0], edge.line[-1]
    length = math.dist((x1, y1), (x2, y2))
    place = PLANE.location((x - side * (y2 - y1) / length, y + side * (x2 - x1) / length))
    street = street_names()[edge.street][0]
    house = _house(edge, along, even=side > 0)
    district = district_of(place)
    return Address(f"{NAME['zh']}{district}{street}{house}号", street, house, district, place)


def _house(edge: Edge, along_m: float, *, even: bool) -> int:
    """One number every ten metres or so from the street's beginning, even on one side."""
    before = 0.0
    for other in streets().edges:
        if other is edge:
            break
        before += other.length_m if other.street == edge.street else 0.0
    return 2 * int((before + along_m) / 20) + (2 if even else 1)


def path_between(a: Location, b: Location) -> list[Location]:
    """The shortest way along streets, as a line to draw."""
    return [PLANE.location(xy) for xy in streets().path(PLANE.xy(a), PLANE.xy(b))]


def road_m(a: Location, b: Location) -> float:
    """Metres along streets."""
    return line_m(streets().path(PLANE.xy(a), PLANE.xy(b)))


def road_s(a: Location, b: Location) -> float:
    """Seconds that a van takes along streets."""
    return road_m(a, b) / DRIVE_M_PER_S


def _coordinates(line: Iterable[Xy]) -> list[list[float]]:
    """GeoJSON wants longitude first (RFC 7946 §3.1.1)."""
    return [[place.lon, place.lat] for place in (PLANE.location(xy) for xy in line)]


def _feature(kind: str, names: tuple[str, str], shape: str, coordinates: Any) -> dict[str, Any]:
    properties = {"kind": kind, "name": names[0], "name_zh": names[0], "name_en": names[1]}
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": shape, "coordinates": coordinates},
    }


def _collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def streets_geojson() -> dict[str, Any]:
    """A LineString per unbroken run of a street."""
    return _collection([f for number in range(len(street_names())) for f in _street_features(number)])


def _street_features(street: int) -> list[dict[str, Any]]:
    runs: list[list[Xy]] = []
    for edge in (e for e in streets().edges if e.street == street):
        if runs and runs[-1][-1] == edge.line[0]:
            runs[-1].extend(edge.line[1:])
        else:
            runs.append(list(edge.line))
    names = street_names()[street]
    return [_feature("street", names, "LineString", _coordinates(run)) for run in runs]


def districts_geojson() -> dict[str, Any]:
    """A Polygon per district."""
    return _collection(
        [_feature("district", (d.zh, d.en), "Polygon", [_coordinates((*d.ring, d.ring[0]))]) for d in districts()]
    )


def scenery_geojson() -> dict[str, Any]:
    """The river, the park and the depot."""
    (west, south), (east, north) = PARK
    inset = 45.0
    corners = [_nodes()[node] for node in ((west, south), (east, south), (east, north), (west, north))]
    middle = (sum(x for x, _ in corners) / 4, sum(y for _, y in corners) / 4)
    park = [_towards(corner, middle, inset * math.sqrt(2)) for corner in corners]
    banks = [*((x, y + 55) for x, y in river()), *((x, y - 55) for x, y in reversed(river()))]
    return _collection(
        [
            _feature("water", RIVER_NAME, "Polygon", [_coordinates((*banks, banks[0]))]),
            _feature("park", PARK_NAME, "Polygon", [_coordinates((*park, park[0]))]),
            _feature("depot", ("青澜退货站", "Qinglan returns depot"), "Point", [depot().lon, depot().lat]),
        ]
    )


def _towards(one: Xy, other: Xy, metres: float) -> Xy:
    share = metres / math.dist(one, other)
    return one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])


def town_geojson() -> dict[str, Any]:
    """The whole map, what lies underneath first."""
    parts = (districts_geojson(), scenery_geojson(), streets_geojson())
    return {"name": NAME["en"], **_collection([feature for part in parts for feature in part["features"]])}


def as_text(geojson: dict[str, Any]) -> str:
    """One feature a line: small, and readable in a diff."""
    lines = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in geojson["features"])
    return f'{{"type":"FeatureCollection","name":"{NAME["en"]}","features":[\n{lines}\n]}}\n'


if __name__ == "__main__":
    sys.stdout.write(as_text(town_geojson()))
