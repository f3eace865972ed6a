"""The roads of an OpenStreetMap extract as a graph: places, arcs between them, how long and how fast each is.

Read with osmium (extra ``roads``), kept in a file beside the installation's cache, so that a start only reads arrays. Turn restrictions and barriers are
not known; one-way streets, roundabouts, maximum speeds and closed roads are.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import RuleError
from domain.place import EARTH_RADIUS_M

KM_H: Mapping[str, float] = {
    "motorway": 90, "motorway_link": 45, "trunk": 75, "trunk_link": 40, "primary": 45, "primary_link": 30,
    "secondary": 40, "secondary_link": 30, "tertiary": 32, "tertiary_link": 25, "unclassified": 25, "residential": 22,
    "living_street": 9, "service": 12, "road": 20,
}  # fmt: skip
"""Mean speeds by the tag ``highway``, stops at crossings included: guesses for a van in a town, on the slow side. What isn't named isn't driven on."""
OF_MAXIMUM = 0.8
"""Of a road's maximum speed so much is driven on the mean, where that is less than the table's."""
CLOSED = frozenset({"no", "private", "military", "customers", "permit"})
ONE_WAY = frozenset({"yes", "true", "1"})
VERSION = 1
"""Of what is kept: a newer reader reads the extract again."""

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Roads:
    """``lat`` and ``lon`` of each place; for each arc where it begins (``tail``) and ends (``head``), its hundredths of seconds and
    its decimetres. Only places from which every other can be reached, and that can be reached from every other.
    """

    lat: Floats
    lon: Floats
    tail: Ints
    head: Ints
    time: Ints
    length: Ints


def kept_roads(extract: Path, cache: Path) -> Roads:
    """The roads of an extract, from the cache where this very file was read before. Raises RuleError where it can't be read."""
    try:
        about = extract.stat()
    except OSError as exc:
        raise RuleError(f"travel.extract: {extract} can't be read: {exc.strerror}") from exc
    marks = f"{VERSION}/{extract.name}/{about.st_size}/{about.st_mtime_ns}"
    kept = cache / f"roads-{hashlib.sha256(marks.encode()).hexdigest()[:16]}.npz"
    if kept.exists():
        return _load(kept)
    roads = read_roads(extract)
    cache.mkdir(parents=True, exist_ok=True)
    draft = kept.with_suffix(".part.npz")
    np.savez(draft, **{one.name: getattr(roads, one.name) for one in fields(Roads)})
    draft.replace(kept)
    return roads


def _load(kept: Path) -> Roads:
    with np.load(kept, allow_pickle=False) as arrays:
        return Roads(**{one.name: arrays[one.name] for one in fields(Roads)})


def read_roads(extract: Path) -> Roads:
    """Read an extract (.osm.pbf, .osm). Raises RuleError where osmium is missing or the file is none."""
    try:
        import osmium
    except ImportError as exc:
        raise RuleError("travel: an extract is read with osmium: pip install 'doorstep[roads]'") from exc
    places: dict[int, int] = {}
    at: list[tuple[float, float]] = []
    arcs: list[tuple[int, int, float]] = []
    try:
        everything: Any = osmium.FileProcessor(str(extract)).with_locations()
        for way in everything:
            if not way.is_way() or (speed := speed_of(way.tags)) is None:
                continue
            there, back = directions(way.tags)
            for one, other in _pairs(way.nodes, places, at):
                arcs += [(one, other, speed)] * there + [(other, one, speed)] * back
    except RuntimeError as exc:
        raise RuleError(f"travel.extract: {extract} is no OpenStreetMap extract: {exc}") from exc
    if not arcs:
        raise RuleError(f"travel.extract: {extract} holds no roads to drive on")
    return _connected(*_arrays(at, arcs))


def _pairs(nodes: Any, places: dict[int, int], at: list[tuple[float, float]]) -> Iterator[tuple[int, int]]:
    """A way's places two by two; a place outside of the extract breaks it in two."""
    before = None
    for node in nodes:
        if not node.location.valid():
            before = None
            continue
        here = places.setdefault(node.ref, len(at))
        if here == len(at):
            at.append((node.lat, node.lon))
        if before is not None and before != here:
            yield before, here
        before = here


def speed_of(tags: Mapping[str, str]) -> float | None:
    """Metres a second on a way with these tags; None where it isn't driven on."""
    usual = KM_H.get(tags.get("highway", ""))
    access = tags.get("motor_vehicle") or tags.get("vehicle") or tags.get("access", "")
    if usual is None or access in CLOSED:
        return None
    most = _maximum(tags.get("maxspeed", ""))
    return (min(usual, most * OF_MAXIMUM) if most else usual) / 3.6


def _maximum(told: str) -> float | None:
    """Kilometres an hour of a tag like ``50`` or ``30 mph``; None where it says none."""
    number, _, unit = told.partition(" ")
    if not number.isascii() or not number.isdigit() or not 0 < int(number) < 200:
        return None
    return int(number) * (1.609344 if unit.strip() == "mph" else 1.0)


def directions(tags: Mapping[str, str]) -> tuple[bool, bool]:
    """Whether it is driven as drawn, and against that."""
    one_way = tags.get("oneway", "")
    if one_way in {"-1", "reverse"}:
        return False, True
    round_about = tags.get("junction") in {"roundabout", "circular"} or tags.get("highway") == "motorway"
    return True, not (one_way in ONE_WAY or (round_about and one_way != "no"))


def _arrays(
    at: list[tuple[float, float]], arcs: list[tuple[int, int, float]]
) -> tuple[Floats, Floats, Ints, Ints, Floats]:
    places = np.array(at, dtype=np.float64)
    ends = np.array([arc[:2] for arc in arcs], dtype=np.int32)
    speed = np.array([arc[2] for arc in arcs], dtype=np.float64)
    return places[:, 0], places[:, 1], ends[:, 0], ends[:, 1], speed


def _connected(lat: Floats, lon: Floats, tail: Ints, head: Ints, speed: Floats) -> Roads:
    """What hangs together, both ways: a parcel's door on a lost piece of road is led to the nearest piece of the rest."""
    keep = _strongly(len(lat), tail, head)
    new = np.cumsum(keep, dtype=np.int32) - 1
    arcs = keep[tail] & keep[head]
    tail, head, speed = new[tail[arcs]], new[head[arcs]], speed[arcs]
    lat, lon = lat[keep], lon[keep]
    metres = metres_between(lat[tail], lon[tail], lat[head], lon[head])
    return Roads(
        lat,
        lon,
        tail.astype(np.int32),
        head.astype(np.int32),
        np.maximum(1, np.rint(metres / speed * 100)).astype(np.int32),
        np.rint(metres * 10).astype(np.int32),
    )


def metres_between(lat: Floats, lon: Floats, other_lat: Floats, other_lon: Floats) -> Floats:
    """Straight distances of near places (equirectangular)."""
    north = np.radians(other_lat - lat)
    east = np.radians(other_lon - lon) * np.cos(np.radians((lat + other_lat) / 2))
    found: Floats = EARTH_RADIUS_M * np.hypot(north, east)
    return found


def _strongly(count: int, tail: Ints, head: Ints) -> NDArray[np.bool_]:
    """The largest part found in which each place reaches each other: begun at places of many roads until one holds most."""
    busiest = np.argsort(-np.bincount(tail, minlength=count), kind="stable")
    best = np.zeros(count, dtype=np.bool_)
    for seed in busiest[:20]:
        if best[seed]:
            continue
        found = _reached(count, tail, head, int(seed)) & _reached(count, head, tail, int(seed))
        if found.sum() > best.sum():
            best = found
        if best.sum() * 2 > count:
            break
    return best


def _reached(count: int, tail: Ints, head: Ints, seed: int) -> NDArray[np.bool_]:
    """Every place that a way leads to from ``seed``."""
    order = np.argsort(tail, kind="stable")
    to, starts = head[order], np.searchsorted(tail[order], np.arange(count + 1))
    seen = np.zeros(count, dtype=np.bool_)
    seen[seed] = True
    front = np.array([seed])
    while len(front):
        many = starts[front + 1] - starts[front]
        first = np.repeat(starts[front] - np.concatenate(([0], np.cumsum(many)[:-1])), many)
        next_to = np.unique(to[first + np.arange(many.sum())])
        front = next_to[~seen[next_to]]
        seen[front] = True
    return seen
