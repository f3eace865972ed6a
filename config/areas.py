"""Collectors' areas, read from GeoJSON files (RFC 7946). What isn't an area is refused, with its feature and what is wrong with it.

GeoJSON is WGS-84, longitude first; a file that was drawn on a Chinese map says so with `area_datum`, and is turned here.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from config.errors import Problem
from domain.area import Area, Polygon, Ring, encloses, on_edge
from domain.chinese_coordinates import wgs_of_bd, wgs_of_gcj
from domain.place import Location, distance_m

if TYPE_CHECKING:
    from config.settings import Collector, Depot

MAX_BYTES = 5_000_000
MAX_CORNERS = 20_000
FAR_M = 300_000
"""An area that is further from each of its collector's depots is a slip: nobody drives there and back in a shift."""
DATUMS: Mapping[str, Callable[[Location], Location]] = {
    "wgs84": lambda at: at,
    "gcj02": wgs_of_gcj,
    "bd09": wgs_of_bd,
}
_WGS84 = ("CRS84", "4326")
_SWAP = "GeoJSON writes [longitude, latitude]: swap them"


class _Wrong(ValueError):
    """What is wrong with a file, a feature or a ring, in words."""


def load_areas(
    collectors: Iterable["Collector"], depots: Iterable["Depot"], folder: Path
) -> tuple[dict[str, Area], list[Problem]]:
    """The drawn areas by collector, and everything that is wrong with their files."""
    at = {depot.id: Location(lat=depot.lat, lon=depot.lon) for depot in depots}
    areas, problems = {}, []
    for one in collectors:
        if not one.area_file:
            continue
        path = folder / Path(one.area_file).expanduser()
        try:
            area = read_area(path, one.area_datum)
            _check_near(area, [at[depot] for depot in one.depots if depot in at])
        except _Wrong as exc:
            problems.append(Problem(str(path), f"area of {one.id}", str(exc)))
        else:
            areas[one.id] = area
    return areas, problems


def read_area(path: Path, datum: str) -> Area:
    """Every polygon of a file. Raises a ValueError that names the first thing that is wrong with it."""
    polygons = tuple(polygon for where, geometry in _geometries(_json(path)) for polygon in _polygons(where, geometry))
    if not polygons:
        raise _Wrong("holds no polygon; draw at least one, or leave `area_file` out")
    if sum(len(ring) for one in polygons for ring in (one.outer, *one.holes)) > MAX_CORNERS:
        raise _Wrong(f"has more than {MAX_CORNERS} corners; simplify the outline, some hundred do")
    return Area(tuple(_turned(one, DATUMS[datum]) for one in polygons))


def _json(path: Path) -> Any:
    try:
        raw = path.read_bytes()
    except OSError as exc:
        raise _Wrong(f"can't be read ({exc.strerror}); correct `area_file`") from exc
    if len(raw) > MAX_BYTES:
        raise _Wrong(f"is larger than {MAX_BYTES // 1_000_000} MB; simplify the outline")
    try:
        return msgspec.json.decode(raw.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, RecursionError) as exc:
        raise _Wrong(f"isn't JSON: {exc}") from exc


def _geometries(whole: Any) -> Iterator[tuple[str, Any]]:
    """Each geometry with the name of its feature."""
    if not isinstance(whole, dict):
        raise _Wrong("isn't GeoJSON: expected an object with a `type`")
    if whole.get("crs") is not None:
        _check_crs(whole["crs"])
    if whole.get("type") == "FeatureCollection":
        features = whole.get("features")
        if not isinstance(features, list):
            raise _Wrong("a FeatureCollection needs a list `features`")
        for n, feature in enumerate(features, start=1):
            yield _feature(f"feature {n}", feature)
    elif whole.get("type") == "Feature":
        yield _feature("the feature", whole)
    else:
        yield "the file", whole


def _check_crs(crs: Any) -> None:
    properties = crs.get("properties") if isinstance(crs, dict) else None
    named = str(properties.get("name", "")) if isinstance(properties, dict) else ""
    if not named.endswith(_WGS84):
        raise _Wrong(f"is marked as {named or crs}, not WGS-84; convert it, or set `area_datum` and take `crs` out")


def _feature(where: str, feature: Any) -> tuple[str, Any]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise _Wrong(f"{where} isn't a Feature")
    properties = feature.get("properties")
    name = properties.get("name") if isinstance(properties, dict) else None
    return (f'{where} "{name}"' if name else where), feature.get("geometry")


def _polygons(where: str, geometry: Any) -> Iterator[Polygon]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    parts = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if kind not in {"Polygon", "MultiPolygon"}:
        raise _Wrong(f"{where} is {kind or 'empty'}; an area is a Polygon or a MultiPolygon")
    if kind == "Polygon":
        yield _polygon(where, parts)
        return
    if not isinstance(parts, list) or not parts:
        raise _Wrong(f"{where} is an empty MultiPolygon")
    for n, part in enumerate(parts, start=1):
        yield _polygon(f"{where}, part {n}", part)


def _polygon(where: str, rings: Any) -> Polygon:
    if not isinstance(rings, list) or not rings:
        raise _Wrong(f"{where} is an empty polygon")
    outer, *holes = (_ring(f"{where}, ring {n}", ring) for n, ring in enumerate(rings, start=1))
    for n, hole in enumerate(holes, start=2):
        if not all(encloses(outer, corner) or on_edge(outer, corner) for corner in hole):
            raise _Wrong(f"{where}, ring {n} is a hole, and lies outside of ring 1; make it a polygon of its own")
    return Polygon(outer, tuple(holes))


def _ring(where: str, positions: Any) -> Ring:
    if not isinstance(positions, list) or len(positions) < 4:  # RFC 7946, 3.1.6
        raise _Wrong(f"{where} needs four positions or more, the last one the same as the first")
    ring = tuple(_place(f"{where}, position {n}", position) for n, position in enumerate(positions, start=1))
    if ring[0] != ring[-1]:
        raise _Wrong(f"{where} isn't closed; repeat its first position {positions[0][:2]} at the end")
    if any(abs(a.lon - b.lon) > 180 for a, b in pairwise(ring)):  # degrees: half around the earth
        raise _Wrong(f"{where} crosses the 180th meridian; split it there in two")
    if _encloses_nothing(ring):
        raise _Wrong(f"{where} encloses nothing; its corners lie on one line")
    return ring


def _encloses_nothing(ring: Ring) -> bool:
    """All corners on one line; the two ends of a bow tie may well cancel out."""
    first = ring[0]
    other = next((corner for corner in ring if corner != first), first)
    return all(
        (other.lon - first.lon) * (c.lat - first.lat) == (other.lat - first.lat) * (c.lon - first.lon) for c in ring
    )


def _place(where: str, position: Any) -> Location:
    if not isinstance(position, list) or len(position) < 2 or not all(_is_number(x) for x in position[:2]):  # lon, lat
        raise _Wrong(f"{where} is {str(position)[:80]}; expected [longitude, latitude] in degrees")
    lon, lat = position[:2]
    if abs(lat) > 90:  # degrees
        fix = _SWAP if abs(lat) <= 180 and abs(lon) <= 90 else "degrees of WGS-84 are wanted, not metres"  # degrees
        raise _Wrong(f"{where} has the latitude {lat}, beyond 90; {fix}")
    if abs(lon) > 180:  # degrees
        raise _Wrong(f"{where} has the longitude {lon}, beyond 180; degrees of WGS-84 are wanted")
    return Location(lat=float(lat), lon=float(lon))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _turned(polygon: Polygon, turn: Callable[[Location], Location]) -> Polygon:
    outer, *holes = (tuple(turn(corner) for corner in ring) for ring in (polygon.outer, *polygon.holes))
    return Polygon(outer, tuple(holes))


def _check_near(area: Area, depots: Sequence[Location]) -> None:
    """In Europe a swapped pair is a place as well, in Africa: it is told by its distance from the depots."""
    if not depots or any(area.holds(depot) for depot in depots):
        return
    far = min(distance_m(depot, corner) for depot in depots for corner in area.corners)
    if far > FAR_M:
        raise _Wrong(f"lies {far / 1000:.0f} km from the nearest of its depots; is latitude first? {_SWAP}")
