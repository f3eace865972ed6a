"""A street graph: snapping a place to the nearest street and the shortest way between two places along streets."""

import heapq
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from domain.place import Location

METRES_PER_DEGREE = 111_195.0  # of latitude, on a sphere of the mean radius
DRIVE_M_PER_S = 6.5  # a van in a town, lights and turns included

Xy: TypeAlias = tuple[float, float]
"""Metres east and north of the town's middle: a flat plane is exact enough for a few kilometres."""


@dataclass(frozen=True, slots=True)
class Plane:
    """The flat plane in which the town is drawn, around ``middle``."""

    middle: Location

    def location(self, xy: Xy) -> Location:
        lon_m = METRES_PER_DEGREE * math.cos(math.radians(self.middle.lat))
        return Location(
            lat=round(self.middle.lat + xy[1] / METRES_PER_DEGREE, 6), lon=round(self.middle.lon + xy[0] / lon_m, 6)
        )

    def xy(self, place: Location) -> Xy:
        lon_m = METRES_PER_DEGREE * math.cos(math.radians(self.middle.lat))
        return (place.lon - self.middle.lon) * lon_m, (place.lat - self.middle.lat) * METRES_PER_DEGREE


@dataclass(frozen=True, slots=True)
class Edge:
    """A piece of street between two crossings; ``line`` runs from ``a`` to ``b`` and bends in between."""

    a: int
    b: int
    line: tuple[Xy, ...]
    street: int

    @property
    def length_m(self) -> float:
        return line_m(self.line)


@dataclass(frozen=True, slots=True)
class Snapped:
    """The nearest point on a street: ``along_m`` from the edge's start."""

    edge: Edge
    at: Xy
    along_m: float
    off_m: float


def line_m(line: Sequence[Xy]) -> float:
    return sum(math.dist(one, other) for one, other in itertools.pairwise(line))


def cut(line: Sequence[Xy], from_m: float, to_m: float) -> list[Xy]:
    """The part of a line between two distances along it; backwards where ``to_m`` is the smaller."""
    if to_m < from_m:
        return cut(line, to_m, from_m)[::-1]
    inner, done = [], 0.0
    for one, other in itertools.pairwise(line):
        done += math.dist(one, other)
        if from_m < done < to_m:
            inner.append(other)
    return [point_at(line, from_m), *inner, point_at(line, to_m)]


def point_at(line: Sequence[Xy], along_m: float) -> Xy:
    left = along_m
    for one, other in itertools.pairwise(line):
        length = math.dist(one, other)
        if left <= length and length > 0:
            share = max(0.0, left) / length
            return one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])
        left -= length
    return line[-1]


class Streets:
    """The graph of a town. ``path`` answers in metres on the plane; all streets go both ways."""

    def __init__(self, edges: Sequence[Edge]) -> None:
        self.edges = tuple(edges)
        self._ways: dict[int, list[tuple[int, float, Edge]]] = {}
        for edge in self.edges:
            self._ways.setdefault(edge.a, []).append((edge.b, edge.length_m, edge))
            self._ways.setdefault(edge.b, []).append((edge.a, edge.length_m, edge))

    def snap(self, place: Xy) -> Snapped:
        return min((_nearest(edge, place) for edge in self.edges), key=lambda found: found.off_m)

    def path(self, start: Xy, end: Xy) -> list[Xy]:
        """The shortest way along streets, from and to the very places."""
        one, other = self.snap(start), self.snap(end)
        if one.edge is other.edge:
            return _tidy([start, *cut(one.edge.line, one.along_m, other.along_m), end])
        came_from, last = self._search(one, other)
        return _tidy([start, *self._unwind(came_from, last, one, other), end])

    def _search(self, one: Snapped, other: Snapped) -> tuple[dict[int, tuple[int, Edge]], int]:
        """Dijkstra from the first place's edge to the second's; the last crossing and how each was reached."""
        ends = {other.edge.a: other.along_m, other.edge.b: other.edge.length_m - other.along_m}
        best = {one.edge.a: one.along_m, one.edge.b: one.edge.length_m - one.along_m}
        queue = [(metres, node) for node, metres in best.items()]
        heapq.heapify(queue)
        came_from: dict[int, tuple[int, Edge]] = {}
        goal, goal_m = one.edge.a, math.inf
        while queue:
            metres, node = heapq.heappop(queue)
            if metres >= goal_m:
                break
            if node in ends and metres + ends[node] < goal_m:
                goal, goal_m = node, metres + ends[node]
            self._relax(node, metres, best, came_from, queue)
        return came_from, goal

    def _relax(
        self,
        node: int,
        metres: float,
        best: dict[int, float],
        came_from: dict[int, tuple[int, Edge]],
        queue: list[tuple[float, int]],
    ) -> None:
        if metres > best[node]:
            return
        for neighbour, length, edge in self._ways[node]:
            if metres + length < best.get(neighbour, math.inf):
                best[neighbour] = metres + length
                came_from[neighbour] = (node, edge)
                heapq.heappush(queue, (metres + length, neighbour))

    def _unwind(self, came_from: Mapping[int, tuple[int, Edge]], last: int, one: Snapped, other: Snapped) -> list[Xy]:
        parts, node = [_to_end(other, last)[::-1]], last
        while node in came_from:
            before, edge = came_from[node]
            parts.append(list(edge.line if edge.b == node else edge.line[::-1]))
            node = before
        parts.append(_to_end(one, node))
        return [xy for part in reversed(parts) for xy in part]


def _to_end(snapped: Snapped, node: int) -> list[Xy]:
    edge = snapped.edge
    return cut(edge.line, snapped.along_m, 0.0 if node == edge.a else edge.length_m)


def _nearest(edge: Edge, place: Xy) -> Snapped:
    best, done = None, 0.0
    for one, other in zip(edge.line, edge.line[1:], strict=False):
        length = math.dist(one, other)
        share = _share(one, other, place, length)
        at = one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])
        off = math.dist(at, place)
        if best is None or off < best.off_m:
            best = Snapped(edge, at, done + share * length, off)
        done += length
    assert best is not None
    return best


def _share(one: Xy, other: Xy, place: Xy, length: float) -> float:
    """How far along the piece the point nearest to ``place`` lies, from 0 to 1."""
    if length == 0:
        return 0.0
    dot = (place[0] - one[0]) * (other[0] - one[0]) + (place[1] - one[1]) * (other[1] - one[1])
    return min(1.0, max(0.0, dot / length**2))


def _tidy(line: Sequence[Xy]) -> list[Xy]:
    """Without points repeated in a row (to the decimetre)."""
    kept = [line[0]]
    for xy in line[1:]:
        if math.dist(xy, kept[-1]) > 0.1:
            kept.append(xy)
    return kept if len(kept) > 1 else [line[0], line[-1]]
