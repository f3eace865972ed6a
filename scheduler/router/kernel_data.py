"""A day as the kernel sees it: arrays by node. Nodes are the stops, then every place where a route begins or ends.

An open end is a node at no distance from anything. What a courier has done already is folded into its start: the place and time of
the last stop left, the room that remains, and the money spent.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scheduler.router.day import NO_WAY, Day
from scheduler.router.problem import Courier, Stop, Window
from scheduler.router.state import Frame

Ints = NDArray[Any]  # of 32 or 64 bits
Floats = NDArray[np.float64]

FAR_AWAY = 1 << 50  # a time beyond any of a problem's
LARGEST = (
    1 << 28
)  # of any drive, distance and shift: ways are kept in 32 bits, which leaves half the memory to go through,
NEVER_THERE = 1 << 29  # and this one stands for no way: longer than any shift
NEAR = 100  # neighbours known of each stop
NOWHERE = -1  # the place of an open end
DEPOT = -2  # the place of a start for set-ups: none is shared with it


class Data(NamedTuple):
    """`way[i, a]` is the driving time from node a to stop i, and from i to a; `far` the same in metres, empty where metres are
    seconds. `near[i]` are the stops around i, the nearest first. `kind[c]` numbers couriers that differ in nothing. `heads[c]` stops are
    locked at the head of c's route. `opening[c]` is what c costs more with a stop than without.
    `worth[i]` is a stop's price by the way to its nearest neighbour.
    """

    way: Ints
    far: Ints
    near: Ints
    begin: Ints
    end: Ints
    windows: Ints
    service: Ints
    setup: Ints
    place: Ints
    load: Ints
    price: Floats
    worth: Floats
    late: Floats
    late_from: Ints
    allowed: Ints
    movable: Ints
    start: Ints
    home: Ints
    earliest: Ints
    latest: Ints
    longest: Ints
    per_s: Floats
    per_m: Floats
    per_stop: Floats
    per_work: Floats
    opening: Floats
    room: Ints
    kind: Ints
    heads: Ints
    span: Floats
    metric: bool
    setups: bool
    timed: bool
    soft: bool
    several: bool
    restricted: bool
    plain: bool
    opening_paid: bool
    optional: bool


def refusal(day: Day) -> str | None:
    """What of this day the kernel can't express; None where it can express all of it."""
    if any(who.breaks for who in day.couriers):
        return "breaks"
    if any(who.reload_at for who in day.couriers):
        return "reloads"
    spans = [who.shift[1] - day.earliest(c) for c, who in enumerate(day.couriers)]
    if max([day.longest_s, day.longest_m, *spans]) >= LARGEST:
        return f"ways or shifts of {LARGEST} and more"
    if timed(day):
        if any(len(windows) > 1 for windows in day.windows):
            return "several windows of one stop together with paid working time or a longest route"
        if any(stop.late_per_s is not None and stop.windows for stop in day.stops):
            return "lateness at a price together with paid working time or a longest route"
    return None


def timed(day: Day) -> bool:
    """Does the length of a route matter, in money or against its limit?"""
    return any(who.cost.per_work_s > 0 or _limited(day, c) for c, who in enumerate(day.couriers))


def _limited(day: Day, c: int) -> bool:
    longest, (_, end) = day.couriers[c].max_route_s, day.couriers[c].shift
    return longest is not None and longest < end - _departs(day, c)


def _departs(day: Day, c: int) -> int:
    done = day.done[c]
    return day.earliest(c) if done is None else done.depart_s


def tables_of(day: Day) -> tuple[Ints, Ints]:
    """Driving times and metres between places, as arrays."""
    return np.array(day.drive, dtype=np.int64), np.array(day.metres, dtype=np.int64)


def data_of(frame: Frame, empty: Sequence[float], tables: tuple[Ints, Ints] | None = None) -> Data:
    """The arrays of a day that isn't refused. `empty[c]` is what courier c costs without a free stop or a locked one; `tables`
    are the day's, where they are known already.
    """
    day = frame.day
    stops, couriers = day.stops, day.couriers
    starts = [
        (who.start if done is None else done.at, done is not None) for who, done in zip(couriers, day.done, strict=True)
    ]
    ends = [(who.end, False) for who in couriers]
    extra = {node: len(stops) + k for k, node in enumerate(dict.fromkeys([*starts, *ends]))}
    places = np.array(
        [*(stop.at for stop in stops), *(NOWHERE if at is None else at for at, _ in extra)], dtype=np.int64
    )
    drive, metres = tables or tables_of(day)
    blocked = (drive >= NO_WAY) | (metres >= NO_WAY)
    metric = not np.array_equal(drive, metres)
    way = _both_ways(np.where(blocked, NEVER_THERE, drive), places, len(stops))
    windows = [_windows(stop, day.windows[i]) for i, stop in enumerate(stops)]
    width = max([1, *(len(w) for w in windows)])
    keys = [(-1, DEPOT if not history else at) for at, history in extra]
    with_allowed = any(len(day.allowed[i]) < len(couriers) for i in range(len(stops)))
    soft = any(stop.late_per_s is not None and stop.windows for stop in stops)
    setups = any(stop.setup_s for stop in stops)
    several = any(len(w) > 1 for w in windows)
    time_matters = timed(day)
    loads = len(day.problem.loads)
    near = _near(way, len(stops))
    return Data(
        way=way,
        far=_both_ways(np.where(blocked, NEVER_THERE, metres), places, len(stops)) if metric else way[:0],
        near=near,
        begin=_padded([[a for a, _ in w] for w in windows], width),
        end=_padded([[b for _, b in w] for w in windows], width),
        windows=np.array([len(w) for w in windows], dtype=np.int64),
        service=_ints(stop.service_s for stop in stops),
        setup=_ints(stop.setup_s for stop in stops),
        place=_ints([*(stop.at for stop in stops), *(at for _, at in keys)]),
        load=np.array([stop.load for stop in stops], dtype=np.int64).reshape(len(stops), loads),
        price=_floats(np.inf if stop.price is None else stop.price for stop in stops),
        worth=_floats((stop.price or 0) / (1 + int(way[i, near[i, :1], 0].sum())) for i, stop in enumerate(stops)),
        late=_floats(stop.late_per_s or 0 if stop.windows else 0 for stop in stops),
        late_from=_ints(max((b for _, b in stop.windows), default=FAR_AWAY) for stop in stops),
        allowed=_allowed(day) if with_allowed else np.ones((1, 1), dtype=np.uint8),
        movable=_movable(frame, windows),
        start=_ints(extra[node] for node in starts),
        home=_ints(extra[node] for node in ends),
        earliest=_ints(day.earliest(c) for c in range(len(couriers))),
        latest=_ints(who.shift[1] for who in couriers),
        longest=_ints(_longest(day, c) for c in range(len(couriers))),
        per_s=_floats(who.cost.per_drive_s + (0 if metric else who.cost.per_m) for who in couriers),
        per_m=_floats(who.cost.per_m if metric else 0 for who in couriers),
        per_stop=_floats(who.cost.per_stop for who in couriers),
        per_work=_floats(who.cost.per_work_s for who in couriers),
        opening=_floats(_opening(day, c, empty[c]) for c in range(len(couriers))),
        room=_room(day, loads),
        kind=_ints(frame.kind),
        heads=_ints(len(head) for head in frame.heads),
        span=_floats(_span(w) for w in windows),
        metric=metric,
        setups=setups,
        timed=time_matters,
        soft=soft,
        several=several,
        restricted=with_allowed,
        plain=not (setups or time_matters or soft or several),
        opening_paid=any(who.cost.fixed > 0 for who in couriers),
        optional=any(stop.price is not None for stop in stops),
    )


def _ints(values: Any) -> Ints:
    return np.array(list(values), dtype=np.int64)


def _floats(values: Any) -> Floats:
    return np.array(list(values), dtype=np.float64)


def _padded(rows: list[list[int]], width: int) -> Ints:
    return np.array([[*row, *[0] * (width - len(row))] for row in rows], dtype=np.int64).reshape(len(rows), width)


def _both_ways(table: Ints, places: Ints, stops: int) -> Ints:
    """From each node to each stop, and back; nothing to and from nowhere."""
    grown = np.zeros((table.shape[0] + 1, table.shape[1] + 1), dtype=np.int64)
    grown[:-1, :-1] = table  # the last row and column, which place -1 picks, stay 0
    there = places[:stops]
    return np.ascontiguousarray(
        np.stack([grown[np.ix_(places, there)].T, grown[np.ix_(there, places)]], axis=2), dtype=np.int32
    )


def _near(way: Ints, stops: int) -> Ints:
    """The nearest stops by the way there and back."""
    around = way[:, :stops, 0].astype(np.int64) + way[:, :stops, 1]
    np.fill_diagonal(around, np.iinfo(np.int64).max)
    return np.argsort(around, axis=1, kind="stable")[:, : min(NEAR, max(0, stops - 1))].astype(np.int32)


def _windows(stop: Stop, windows: Sequence[Window]) -> list[Window]:
    """The windows that can be kept; with a price on lateness the last end is open. None left: the stop can't be served."""
    if not windows:
        return [(-FAR_AWAY, FAR_AWAY)]
    kept = [(a, b) for a, b in windows if a <= b]
    if stop.late_per_s is None:
        return kept
    last = max((b for _, b in kept), default=None)
    return [(a, FAR_AWAY if b == last else b) for a, b in kept] or [(-FAR_AWAY, FAR_AWAY)]


def _span(windows: list[Window]) -> float:
    return float(sum(b - a for a, b in windows))


def _movable(frame: Frame, windows: list[list[Window]]) -> Ints:
    """What may be moved: not locked, somebody may serve it, and it has a window."""
    movable = np.zeros(len(windows), dtype=np.uint8)
    for i in frame.free:
        movable[i] = bool(frame.day.allowed[i]) and bool(windows[i])
    return movable


def _allowed(day: Day) -> Ints:
    allowed = np.zeros((len(day.stops), len(day.couriers)), dtype=np.uint8)
    for i, couriers in enumerate(day.allowed):
        allowed[i, list(couriers)] = 1
    return allowed


def _longest(day: Day, c: int) -> int:
    """The longest time from the courier's start in the kernel to its return."""
    longest, done = day.couriers[c].max_route_s, day.done[c]
    if longest is None:
        return FAR_AWAY
    return longest if done is None else longest - (done.free_s - done.depart_s)


def _opening(day: Day, c: int, empty: float) -> float:
    who, done = day.couriers[c], day.done[c]
    if done is None:
        return who.cost.fixed
    return _spent(who, c, day) - empty


def _spent(who: Courier, c: int, day: Day) -> float:
    """What a courier's history costs when the day goes on, up to the moment when it does."""
    done = day.done[c]
    assert done is not None
    money = who.cost.fixed + who.cost.per_stop * len(done.visits) + done.late_cost
    money += who.cost.per_m * done.distance_m + who.cost.per_drive_s * done.drive_s
    return money + who.cost.per_work_s * (done.free_s - done.depart_s)


def _room(day: Day, loads: int) -> Ints:
    rows = []
    for c, who in enumerate(day.couriers):
        done = day.done[c]
        rows.append([who.capacity[k] - (0 if done is None else done.load[k]) for k in range(loads)])
    return np.array(rows, dtype=np.int64).reshape(len(rows), loads)
