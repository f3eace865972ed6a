"""Travel times as the crow flies: where nothing better is known."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, dist, radians, sin

from domain.place import EARTH_RADIUS_M, Location, distance_m
from scheduler.travel.table import Table

DETOUR = 1.35
"""Road distance over straight distance: the usual figure of towns; a guess until an operator measures it."""


@dataclass(frozen=True, slots=True)
class SpeedBand:
    """Up to this road distance, this mean speed."""

    up_to_m: float
    m_per_s: float


CITY = (SpeedBand(2_000, 4.2), SpeedBand(8_000, 5.6), SpeedBand(20_000, 8.3), SpeedBand(float("inf"), 13.9))
"""Mean speeds of a van in a town: 15, 20, 30 and 50 km/h by distance. Guesses on the slow side: late is dearer than early."""


@dataclass(frozen=True, slots=True)
class Haversine:
    """Straight distance times a detour, at a speed that grows with the distance."""

    detour: float = DETOUR
    speeds: tuple[SpeedBand, ...] = CITY

    async def table(self, points: Sequence[Location]) -> Table:
        return haversine_table(points, detour=self.detour, speeds=self.speeds)


def haversine_table(
    points: Sequence[Location], *, detour: float = DETOUR, speeds: tuple[SpeedBand, ...] = CITY
) -> Table:
    metres = tuple(tuple(round(distance_m(a, b) * detour) for b in points) for a in points)
    seconds = tuple(tuple(round(m / speed_of(m, speeds)) for m in row) for row in metres)
    return Table(seconds, metres, source="haversine")


def speed_of(metres: float, speeds: tuple[SpeedBand, ...]) -> float:
    """Metres a second on a way of this length."""
    return next((band.m_per_s for band in speeds if metres <= band.up_to_m), speeds[-1].m_per_s)


# --- one way at a time, quickly ------------------------------------------------------------------------------------

Spot = tuple[float, float, float]
"""A point on an earth so large that the straight line between two points has the length of the road in a town."""
_UP_TO = tuple(band.up_to_m for band in CITY)
_SPEEDS = tuple(band.m_per_s for band in CITY)


def spot_of(place: Location) -> Spot:
    lat, lon, radius = radians(place.lat), radians(place.lon), EARTH_RADIUS_M * DETOUR
    return radius * cos(lat) * cos(lon), radius * cos(lat) * sin(lon), radius * sin(lat)


def drive_s(a: Spot, b: Spot) -> float:
    """Seconds on the way, to a second what the table says."""
    metres = dist(a, b)
    return metres / _SPEEDS[bisect_left(_UP_TO, metres)]
