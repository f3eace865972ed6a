"""Where a stop could go: every gap between two places of a plan, with the least that going there can cost. In arrays, for thousands of gaps.

The least is distance, driving and the stop itself, no waiting or lateness; so the places that can't cost less than one already timed
need no timing. A gap that a stop has no way to or from isn't listed, nor one where it can't fit: there is no room for it, or its neighbours leave it
no time even without set-ups and breaks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scheduler.router.day import NO_WAY, Day
from scheduler.router.state import Costs, Frame, Insertion, State

Table = NDArray[np.float64]
Indices = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Gaps:
    """One entry for each gap: the places around it, its courier and position, what its way costs now, the courier's rates, from when the
    courier may be free before it, when service after it must have begun, and the room that is left for each kind of load.
    """

    before: Indices
    after: Indices
    courier: Indices
    at: Indices
    way: Table
    per_s: Table
    per_m: Table
    flat: Table  # fixed where the courier has nothing yet, and per_stop
    unknown: Indices  # reloads may move: nothing is known of the cost before it is timed
    free: Table
    due: Table
    room: Table


def places(
    frame: Frame, costs: Costs, state: State, stop: int, *, weighs: bool = True, timed: bool = True
) -> Iterator[Insertion]:
    """Every place for the stop that has a way and may fit, the one that can be cheapest first; as if it weighed nothing, or might be served
    at any time, where that is asked for.
    """
    gaps = _gaps(frame, costs, state)
    seconds, metres = _tables(costs)
    at = frame.day.stops[stop].at
    driven = seconds[gaps.before, at] + seconds[at, gaps.after]
    distance = metres[gaps.before, at] + metres[at, gaps.after]
    least = gaps.flat + gaps.per_s * driven + gaps.per_m * distance - gaps.way
    least[gaps.unknown] = -np.inf
    fits = gaps.unknown | ((driven < NO_WAY // 2) & (distance < NO_WAY // 2))
    fits &= gaps.unknown | _fitting(frame.day, gaps, stop, seconds, weighs=weighs, timed=timed)
    allowed = frame.day.allowed[stop]
    if len(allowed) < len(frame.day.couriers):
        fits &= np.isin(gaps.courier, allowed)
    (kept,) = np.nonzero(fits)
    for k in kept[np.lexsort((gaps.at[kept], gaps.courier[kept], least[kept]))]:
        yield float(least[k]), int(gaps.courier[k]), int(gaps.at[k])


def _fitting(day: Day, gaps: Gaps, stop: int, seconds: Table, *, weighs: bool, timed: bool) -> Indices:
    """Where there is room and time for the stop, as far as that is told without timing."""
    asked = day.stops[stop]
    begin, end = _span(day, stop) if timed else (-np.inf, np.inf)
    start = np.maximum(gaps.free + seconds[gaps.before, asked.at], begin)
    fits: Indices = (start <= end) & (start + asked.service_s + seconds[asked.at, gaps.after] <= gaps.due)
    if weighs:
        fits &= (gaps.room >= np.array(asked.load, dtype=np.float64)).all(axis=1)
    return fits


def _span(day: Day, i: int) -> tuple[float, float]:
    """From when until when a stop's service may begin, in any of its windows; late at a price is in time here."""
    windows = day.windows[i]
    if not windows:
        return -np.inf, np.inf
    end = np.inf if day.stops[i].late_per_s is not None else max(b for _, b in windows)
    return min(a for a, _ in windows), end


def _times(day: Day, c: int, order: Sequence[int]) -> Iterator[tuple[float, float]]:
    """For each gap of a courier's order: when the courier is free before it, and when what follows must have begun; set-ups and breaks left out."""
    who, done = day.couriers[c], day.done[c]
    spans = [_span(day, i) for i in order]
    place, time = (who.start if done is None else done.at), float(day.earliest(c))
    free = [time]
    for i, (begin, _) in zip(order, spans, strict=True):
        stop = day.stops[i]
        time = max(time + (0 if place is None else day.drive[place][stop.at]), begin) + stop.service_s
        place = stop.at
        free.append(time)
    place, time = who.end, float(who.shift[1])
    due = [time]
    for i, (_, end) in zip(reversed(order), reversed(spans), strict=True):
        stop = day.stops[i]
        time = min(end, time - (0 if place is None else day.drive[stop.at][place]) - stop.service_s)
        place = stop.at
        due.append(time)
    return zip(free, reversed(due), strict=True)


def _room(day: Day, c: int, order: Sequence[int]) -> list[float]:
    done = day.done[c]
    rooms = enumerate(day.couriers[c].capacity)
    return [
        room - (0 if done is None else done.load[k]) - sum(day.stops[i].load[k] for i in order) for k, room in rooms
    ]


def _gaps(frame: Frame, costs: Costs, state: State) -> Gaps:
    """The gaps of this state, remembered until another one is asked about. Of the couriers without a stop, one of each kind has one."""
    if costs.gaps is not None and costs.gaps[0] is state:
        known: Gaps = costs.gaps[1]
        return known
    day = frame.day
    nowhere = len(day.drive)
    rows: list[tuple[int, int, int, int]] = []
    times: list[tuple[float, float]] = []
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
        times += list(_times(day, c, order))[len(frame.heads[c]) :]
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
    free, due = np.array(times, dtype=np.float64).reshape(-1, 2).T
    rooms = [_room(day, c, order) for c, order in enumerate(state.orders)]
    room = np.array(rooms, dtype=np.float64).reshape(len(rooms), len(day.problem.loads))[courier]
    gaps = Gaps(before, after, courier, at, way, per_s, per_m, _of(courier, fixed), unknown, free, due, room)
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
