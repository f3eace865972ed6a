"""Where a stop could go: every gap between two places of a plan, with the least that going there can cost. In arrays, for thousands of gaps.

The least is distance, driving and the stop itself, no waiting or lateness; so the places that can't cost less than one already timed
need no timing. A gap that a stop has no way to or from isn't listed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scheduler.router.day import NO_WAY
from scheduler.router.state import Costs, Frame, Insertion, State

Table = NDArray[np.float64]
Indices = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Gaps:
    """One entry for each gap: the places around it, its courier and position, what its way costs now, and the courier's rates."""

    before: Indices
    after: Indices
    courier: Indices
    at: Indices
    way: Table
    per_s: Table
    per_m: Table
    flat: Table  # fixed where the courier has nothing yet, and per_stop
    unknown: Indices  # reloads may move: nothing is known of the cost before it is timed


def places(frame: Frame, costs: Costs, state: State, stop: int) -> Iterator[Insertion]:
    """Every place for the stop that has a way, the one that can be cheapest first."""
    gaps = _gaps(frame, costs, state)
    seconds, metres = _tables(costs)
    at = frame.day.stops[stop].at
    driven = seconds[gaps.before, at] + seconds[at, gaps.after]
    distance = metres[gaps.before, at] + metres[at, gaps.after]
    least = gaps.flat + gaps.per_s * driven + gaps.per_m * distance - gaps.way
    least[gaps.unknown] = -np.inf
    fits = gaps.unknown | ((driven < NO_WAY // 2) & (distance < NO_WAY // 2))
    allowed = frame.day.allowed[stop]
    if len(allowed) < len(frame.day.couriers):
        fits &= np.isin(gaps.courier, allowed)
    (kept,) = np.nonzero(fits)
    for k in kept[np.lexsort((gaps.at[kept], gaps.courier[kept], least[kept]))]:
        yield float(least[k]), int(gaps.courier[k]), int(gaps.at[k])


def _gaps(frame: Frame, costs: Costs, state: State) -> Gaps:
    """The gaps of this state, remembered until another one is asked about. Of the couriers without a stop, one of each kind has one."""
    if costs.gaps is not None and costs.gaps[0] is state:
        known: Gaps = costs.gaps[1]
        return known
    day = frame.day
    nowhere = len(day.drive)
    rows: list[tuple[int, int, int, int]] = []
    seen: set[int] = set()
    for c, (who, order) in enumerate(zip(day.couriers, state.orders, strict=True)):
        if not order and frame.kind[c] in seen:
            continue
        seen |= set() if order else {frame.kind[c]}
        done = day.done[c]
        ends = (who.start if done is None else done.at), who.end
        first, last = (nowhere if place is None else place for place in ends)
        path = [first, *(day.stops[i].at for i in order), last]
        rows += [(path[k], path[k + 1], c, k) for k in range(len(frame.heads[c]), len(order) + 1)]
    before, after, courier, at = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    tariffs = [who.cost for who in day.couriers]
    fixed = [
        cost.per_stop + (0 if order or done is not None else cost.fixed)
        for cost, order, done in zip(tariffs, state.orders, day.done, strict=True)
    ]
    per_s, per_m = _of(courier, [cost.per_drive_s for cost in tariffs]), _of(courier, [cost.per_m for cost in tariffs])
    ways = (table[before, after] for table in _tables(costs))
    seconds, metres = (np.where(way < NO_WAY, way, 0) for way in ways)  # going home from nowhere was no way before
    unknown = np.array([bool(who.reload_at) for who in day.couriers], dtype=bool)[courier]
    way = per_s * seconds + per_m * metres
    gaps = Gaps(before, after, courier, at, way, per_s, per_m, _of(courier, fixed), unknown)
    costs.gaps = state, gaps
    return gaps


def _of(courier: Indices, values: list[float]) -> Table:
    return np.array(values, dtype=np.float64)[courier]


def _tables(costs: Costs) -> tuple[Table, Table]:
    """Seconds and metres between places, with one place more at the end for an open start or end, at no distance from any."""
    if costs.tables is None:
        seconds, metres = (np.pad(np.array(t, dtype=np.float64), (0, 1)) for t in (costs.day.drive, costs.day.metres))
        costs.tables = seconds, metres
    known: tuple[Table, Table] = costs.tables
    return known
