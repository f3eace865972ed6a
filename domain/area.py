"""Areas on the map: is a place inside? Even-odd rule, edges are inside, so that areas that share a border leave no gap. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from domain.place import Location

Ring = tuple[Location, ...]
"""The corners in order; the first one is repeated at the end."""


@dataclass(frozen=True, slots=True)
class Polygon:
    """A ring without its holes."""

    outer: Ring
    holes: tuple[Ring, ...] = ()

    def holds(self, at: Location) -> bool:
        """The edge of a hole still belongs to the area."""
        return on_edge(self.outer, at) or (
            encloses(self.outer, at) and all(on_edge(hole, at) or not encloses(hole, at) for hole in self.holes)
        )


@dataclass(frozen=True, slots=True)
class Area:
    """Polygons that belong together, in WGS-84."""

    polygons: tuple[Polygon, ...]

    def holds(self, at: Location) -> bool:
        return any(one.holds(at) for one in self.polygons)

    @property
    def corners(self) -> Iterable[Location]:
        return (corner for one in self.polygons for corner in one.outer)


def encloses(ring: Ring, at: Location) -> bool:
    """Does a ray to the east cross the ring an odd number of times? For places on an edge ask on_edge()."""
    inside = False
    for a, b in pairwise(ring):
        if (a.lat > at.lat) != (b.lat > at.lat) and _turn(a, b, at) > 0:
            inside = not inside
    return inside


def on_edge(ring: Ring, at: Location) -> bool:
    return any(_between(a, b, at) and _turn(a, b, at) == 0 for a, b in pairwise(ring))


def _between(a: Location, b: Location, at: Location) -> bool:
    return min(a.lat, b.lat) <= at.lat <= max(a.lat, b.lat) and min(a.lon, b.lon) <= at.lon <= max(a.lon, b.lon)


def _turn(a: Location, b: Location, at: Location) -> float:
    """Positive: the place lies west of the edge, 0: on its line. An edge is looked at from its southern end, whoever names it how:
    so two areas that share it are told the same.
    """
    low, high = (a, b) if (a.lat, a.lon) <= (b.lat, b.lon) else (b, a)
    return (high.lon - low.lon) * (at.lat - low.lat) - (high.lat - low.lat) * (at.lon - low.lon)
