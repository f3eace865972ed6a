"""Collectors' areas in GeoJSON: what is good is read, everything else is named with its fix."""

import json
from pathlib import Path
from typing import Any

import pytest

from config.errors import ConfigError
from config.settings import Settings, load
from domain.chinese_coordinates import gcj_of
from domain.place import Location

HOUSE = """
[[depots]]
id = "hz"
name = "Hangzhou"
lat = 30.27
lon = 120.15

[[collectors]]
id = "fast"
name = "Fast"
depots = ["hz"]
area_file = "west.geojson"
"""
SQUARE = [[120.0, 30.0], [120.4, 30.0], [120.4, 30.4], [120.0, 30.4], [120.0, 30.0]]
LAKE = [[120.1, 30.1], [120.1, 30.2], [120.2, 30.2], [120.2, 30.1], [120.1, 30.1]]


def read(folder: Path, area: Any, more: str = "") -> Settings:
    (folder / "doorstep.toml").write_text(HOUSE + more, encoding="utf-8")
    (folder / "west.geojson").write_text(area if isinstance(area, str) else json.dumps(area), encoding="utf-8-sig")
    return load(folder / "doorstep.toml", environ={}, structs={})


def fault(folder: Path, area: Any, more: str = "") -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, area, more)
    [problem] = caught.value.problems
    assert problem.file == str(folder / "west.geojson")
    assert problem.key == "area of fast"
    return problem.message


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: Any, **more: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features), **more}


@pytest.mark.parametrize(
    "area",
    [
        polygon(SQUARE, LAKE),
        feature(polygon(SQUARE, LAKE)),
        collection(feature({"type": "MultiPolygon", "coordinates": [[SQUARE, LAKE]]}, name="West")),
        collection(feature(polygon([[*at, 12.5] for at in SQUARE], LAKE)), crs=None),
        collection(feature(polygon(SQUARE, LAKE)), crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}),
    ],
)  # fmt: skip
def test_an_area_is_a_geometry_a_feature_or_many(tmp_path: Path, area: Any) -> None:
    """Holes, heights and a mark of WGS-84 included; the lake isn't served."""
    served = read(tmp_path, area).areas["fast"]
    assert served.holds(Location(lat=30.3, lon=120.3))
    assert not served.holds(Location(lat=30.15, lon=120.15))
    assert not served.holds(Location(lat=30.5, lon=120.3))


SWAPPED = [[lat, lon] for lon, lat in SQUARE]


@pytest.mark.parametrize(
    ("area", "said"),
    [
        ("{", "isn't JSON"),
        ("[" * 100_000, "isn't JSON"),
        ([1], "isn't GeoJSON"),
        ({"type": "FeatureCollection"}, "needs a list `features`"),
        (collection(), "holds no polygon"),
        (collection(feature(polygon(SQUARE)), {"type": "Polygon"}), "feature 2 isn't a Feature"),
        (collection(feature(None, name="西湖")), 'feature 1 "西湖" is empty; an area is a Polygon'),
        (feature({"type": "LineString", "coordinates": SQUARE}), "the feature is LineString; an area is a Polygon"),
        (polygon(), "the file is an empty polygon"),
        ({"type": "MultiPolygon", "coordinates": []}, "empty MultiPolygon"),
        (polygon(SQUARE[:3]), "ring 1 needs four positions"),
        (collection(feature(polygon(SQUARE[:-1]), name="West")), 'feature 1 "West", ring 1 isn\'t closed; repeat its first position [120.0, 30.0]'),
        (polygon(SWAPPED), "position 1 has the latitude 120.0, beyond 90; GeoJSON writes [longitude, latitude]: swap them"),
        (polygon([[13_374_000.0, 3_503_000.0], *SQUARE]), "not metres"),
        (polygon([[200, 30], *SQUARE]), "longitude 200, beyond 180"),
        (polygon([["120", 30], *SQUARE]), "expected [longitude, latitude]"),
        (polygon([[True, 30], *SQUARE]), "expected [longitude, latitude]"),
        (polygon([SQUARE[0], SQUARE[1], SQUARE[0], SQUARE[1], SQUARE[0]]), "encloses nothing"),
        (polygon([SQUARE[0]] * 4), "encloses nothing"),
        (polygon([[179, 0], [-179, 0], [-179, 1], [179, 0]]), "180th meridian"),
        (polygon(LAKE, SQUARE), "ring 2 is a hole, and lies outside of ring 1"),
        (collection(feature(polygon(SQUARE)), crs={"type": "name", "properties": {"name": "EPSG:3857"}}), "marked as EPSG:3857, not WGS-84"),
        (collection(feature(polygon(SQUARE)), crs="GCJ-02"), "not WGS-84"),
        (polygon([[lon - 95, lat + 30] for lon, lat in SQUARE]), "km from the nearest of its depots; is latitude first?"),
    ],
)  # fmt: skip
def test_what_is_no_area_is_named_with_its_fix(tmp_path: Path, area: Any, said: str) -> None:
    """The file, the feature, the ring, the position, and what to do; never a crash."""
    assert said in fault(tmp_path, area)


def test_a_file_that_is_missing_or_too_large_is_told(tmp_path: Path) -> None:
    """As everything else that is wrong with the settings."""
    corners = [[120.0 + n / 100_000, 30.0 + (n % 2) / 10] for n in range(20_000)]
    assert "20000 corners" in fault(tmp_path, polygon([*corners, [120.2, 29.9], corners[0]]))
    (tmp_path / "west.geojson").unlink()
    (tmp_path / "doorstep.toml").write_text(HOUSE, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"west\.geojson: area of fast: can't be read"):
        load(tmp_path / "doorstep.toml", environ={}, structs={})


def test_what_was_drawn_on_a_chinese_map_is_turned(tmp_path: Path) -> None:
    """A door just inside the corner, as Amap draws both: half a kilometre beside it where it isn't turned."""
    corner = gcj_of(Location(lat=30.3, lon=120.3))
    drawn = [[120.0, 30.0], [corner.lon, 30.0], [corner.lon, corner.lat], [120.0, corner.lat], [120.0, 30.0]]
    inside, outside = Location(lat=30.2999, lon=120.2999), Location(lat=30.3001, lon=120.3001)
    served = read(tmp_path, polygon(drawn), 'area_datum = "gcj02"\n').areas["fast"]
    assert (served.holds(inside), served.holds(outside)) == (True, False)
    assert not read(tmp_path, polygon(drawn)).areas["fast"].holds(inside)
