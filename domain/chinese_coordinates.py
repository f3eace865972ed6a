"""Coordinates as Chinese maps draw them: WGS-84 shifted by law into GCJ-02 (Amap, Tencent), and once more into BD-09 (Baidu).

Inside we only keep WGS-84; what comes from such a map or goes to it is turned at the edge. The shift is the published
approximation (eviltransform, prcoords: within a metre of the maps); it is some 550 m in Beijing, and none outside of China.
"""

import math

from domain.place import Location

AXIS_M = 6_378_245.0  # Krasovsky 1940
ECCENTRICITY = 0.00669342162296594323  # squared
BAIDU = math.pi * 3000 / 180
LAT, LON = (0.8293, 55.8271), (72.004, 137.8347)
"""Within this box the law's shift applies; it also covers neighbours, as the maps do."""
STEPS = 12


def in_china(at: Location) -> bool:
    return LAT[0] <= at.lat <= LAT[1] and LON[0] <= at.lon <= LON[1]


def gcj_of(at: Location) -> Location:
    """A WGS-84 place as Amap and Tencent draw it."""
    if not in_china(at):
        return at
    lat, lon = _shift(at)
    return Location(lat=at.lat + lat, lon=at.lon + lon)


def wgs_of_gcj(at: Location) -> Location:
    """Where a place of Amap or Tencent is: the shift is taken back until it fits, to less than a millimetre."""
    found = at
    for _ in range(STEPS):
        drawn = gcj_of(found)
        found = Location(lat=found.lat + at.lat - drawn.lat, lon=found.lon + at.lon - drawn.lon)
    return found


def bd_of(at: Location) -> Location:
    """A WGS-84 place as Baidu draws it."""
    if not in_china(at):
        return at
    drawn = gcj_of(at)
    far = math.hypot(drawn.lon, drawn.lat) + 0.00002 * math.sin(drawn.lat * BAIDU)
    turn = math.atan2(drawn.lat, drawn.lon) + 0.000003 * math.cos(drawn.lon * BAIDU)
    return Location(lat=far * math.sin(turn) + 0.006, lon=far * math.cos(turn) + 0.0065)


def wgs_of_bd(at: Location) -> Location:
    """Where a place of Baidu is."""
    found = at
    for _ in range(STEPS):
        drawn = bd_of(found)
        found = Location(lat=found.lat + at.lat - drawn.lat, lon=found.lon + at.lon - drawn.lon)
    return found


def _shift(at: Location) -> tuple[float, float]:
    """Degrees of latitude and longitude by which a place is moved."""
    x, y = at.lon - 105.0, at.lat - 35.0
    common = 20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)
    north = (
        -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * math.sqrt(abs(x))
        + (common + _waves(y, (20.0, 1.0), (40.0, 3.0), (160.0, 12.0), (320.0, 30.0))) * 2.0 / 3.0
    )
    east = (
        300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * math.sqrt(abs(x))
        + (common + _waves(x, (20.0, 1.0), (40.0, 3.0), (150.0, 12.0), (300.0, 30.0))) * 2.0 / 3.0
    )
    lat = math.radians(at.lat)
    round_ = 1.0 - ECCENTRICITY * math.sin(lat) ** 2
    meridian = AXIS_M * (1.0 - ECCENTRICITY) / (round_ * math.sqrt(round_))
    parallel = AXIS_M / math.sqrt(round_) * math.cos(lat)
    return math.degrees(north / meridian), math.degrees(east / parallel)


def _waves(value: float, *parts: tuple[float, float]) -> float:
    return sum(height * math.sin(value / length * math.pi) for height, length in parts)
