"""Travel times on the roads of an OpenStreetMap extract, in this process: customizable contraction hierarchies (routingkit-cch)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import OutsideError, RuleError
from domain.place import Location
from scheduler.travel.roads import Roads, kept_roads, metres_between
from scheduler.travel.table import Table

NEAR_M = 2_000.0
"""A point further from every road isn't on this map."""
WALK_M_PER_S = 2.5
"""From a point to its road: slowly, by whatever leads there."""
PER_TIME = 200
"""Weight of a hundredth of a second against a decimetre. The second metric weighs ``time x PER_TIME + length``: its ways are as fast
as the first one's (within a second for 2 km saved), and the difference of the two is their length.
"""


@dataclass(slots=True)
class Extract:
    """Ways on the roads of ``file``; ``cache``: where what was read of it is kept. Read at the first question, outside of the loop."""

    file: Path
    cache: Path
    _ready: "Ways | None" = field(default=None, repr=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def table(self, points: Sequence[Location]) -> Table:
        """Raises OutsideError where the extract can't be used."""
        async with self._turn:
            return await asyncio.to_thread(self._table, points)

    def _table(self, points: Sequence[Location]) -> Table:
        if self._ready is None:
            try:
                self._ready = Ways(kept_roads(self.file, self.cache))
            except RuleError as exc:
                raise OutsideError("roads", str(exc)) from exc
        return self._ready.table(points)


class Ways:
    """Roads made ready for questions."""

    def __init__(self, roads: Roads) -> None:
        """Raises RuleError where routingkit-cch is missing."""
        try:
            import routingkit_cch as kit
        except ImportError as exc:
            raise RuleError("ways on an extract need routingkit-cch: pip install 'doorstep[roads]'") from exc
        tail, head = roads.tail.tolist(), roads.head.tolist()
        order = kit.compute_order_inertial(len(roads.lat), tail, head, roads.lat.tolist(), roads.lon.tolist())
        cch = kit.CCH(order, tail, head, filter_always_inf_arcs=False)
        self._roads, self._kit = roads, kit
        self._fast = kit.CCHMetric(cch, roads.time.tolist())
        self._both = kit.CCHMetric(cch, (roads.time.astype(np.int64) * PER_TIME + roads.length).tolist())

    def table(self, points: Sequence[Location]) -> Table:
        """To and from a point that is on no road there is no way. Raises OutsideError where most are on none: another region's roads."""
        places, aside = self._nearest(points)
        lost = aside > NEAR_M
        if lost.sum() * 2 > len(points):
            raise OutsideError("roads", f"{lost.sum()} of {len(points)} places are on no road of the extract")
        times = self._asked(self._fast, places)
        lengths = self._asked(self._both, places) - times * PER_TIME
        walked = aside[:, None] + aside[None, :]
        np.fill_diagonal(walked, 0.0)
        no_way = lost[:, None] | lost[None, :]
        return Table(
            _cells(times / 100 + walked / WALK_M_PER_S, no_way), _cells(lengths / 10 + walked, no_way), source="extract"
        )

    def _asked(self, metric: Any, places: Sequence[int]) -> NDArray[np.int64]:
        """Whole weights from each to each. All of the roads hang together: there is always a way."""
        asked = self._kit.CCHOneToMany(metric, list(places))
        return np.array([asked.distances_from(place) for place in places], dtype=np.int64)

    def _nearest(self, points: Sequence[Location]) -> tuple[list[int], NDArray[np.float64]]:
        """For each point the nearest place on a road, and how many metres away it is."""
        places, aside = [], []
        for point in points:
            lat, lon = np.full(1, point.lat), np.full(1, point.lon)
            away = metres_between(lat, lon, self._roads.lat, self._roads.lon)
            places.append(int(np.argmin(away)))
            aside.append(float(away[places[-1]]))
        return places, np.array(aside)


def _cells(values: NDArray[np.float64], no_way: NDArray[np.bool_]) -> tuple[tuple[int | None, ...], ...]:
    whole = np.rint(values)
    return tuple(
        tuple(None if gone else int(value) for value, gone in zip(row, gaps, strict=True))
        for row, gaps in zip(whole, no_way, strict=True)
    )
