"""One route in the kernel: its times forward and backward, its cost, and what one more stop would add to it. Compiled.

Each courier has two rows in every table, so that a changed route is written into the spare row and undone by turning back to
the other one. With the earliest leave before and the latest start after a position known, an insertion is checked at once. Where
the length of a route matters, three numbers of its two parts (shortest length, earliest and latest start that allow it) do the
same for the length (Vidal et al. 2013).
"""

from typing import NamedTuple

import numpy as np

from scheduler.router.kernel_cache import compiled, inlined
from scheduler.router.kernel_data import FAR_AWAY, Data, Floats, Ints

NEVER = 8 * FAR_AWAY
INFINITE = 1e300


class Routes(NamedTuple):
    """`row[c]` is courier c's row now. In a row, `node[x, 0]` is the start and `node[x, size + 1]` the end of the route.

    `leave` is the earliest time to leave a position, `last` the latest time to start there with a set-up, `warm` the same without it;
    `part` holds the lengths: three of the part up to a position, three of the part from it on with a set-up, three without.
    `behind` is the money for lateness up to a position, `arc` the cost of the way on to the next one. `where[i]` is stop i's courier.
    """

    row: Ints
    size: Ints
    node: Ints
    leave: Ints
    last: Ints
    warm: Ints
    part: Ints
    behind: Floats
    arc: Floats
    load: Ints
    cost: Floats
    where: Ints


def routes_of(d: Data, longest: int) -> Routes:
    """Tables for the couriers of `d` with at most `longest` stops in a route."""
    couriers, stops, kinds = len(d.start), len(d.service), d.load.shape[1]
    rows, length = 2 * couriers, longest + 2
    one = (1, 1)
    return Routes(
        row=np.arange(couriers, dtype=np.int64),
        size=np.zeros(rows, dtype=np.int64),
        node=np.zeros((rows, length), dtype=np.int32),
        leave=np.zeros((rows, length), dtype=np.int64),
        last=np.zeros((rows, length), dtype=np.int64),
        warm=np.zeros((rows, length) if d.setups else one, dtype=np.int64),
        part=np.zeros((rows, length, 9) if d.timed else (*one, 9), dtype=np.int64),
        behind=np.zeros((rows, length) if d.soft else one, dtype=np.float64),
        arc=np.zeros((rows, length), dtype=np.float64),
        load=np.zeros((rows, kinds), dtype=np.int64),
        cost=np.zeros(rows, dtype=np.float64),
        where=np.full(stops, -1, dtype=np.int64),
    )


@inlined
def first_start(d: Data, i: int, ready: int) -> int:
    """The first start of stop i not before `ready`; NEVER where no window is left."""
    found = NEVER
    for k in range(d.windows[i]):
        if ready <= d.end[i, k]:
            found = max(ready, d.begin[i, k])
            break
    return found


@inlined
def last_start(d: Data, i: int, bound: int) -> int:
    """The last start of stop i not after `bound`; -NEVER where no window has begun."""
    found = -NEVER
    for k in range(d.windows[i]):
        if d.begin[i, k] <= bound:
            found = max(found, min(d.end[i, k], bound))
    return found


@inlined
def seconds(d: Data, a: int, b: int) -> int:
    """Driving time between two nodes of which one is a stop."""
    stops = len(d.service)
    return int(d.way[b, a, 0] if b < stops else d.way[a, b, 1])


@inlined
def money(d: Data, c: int, a: int, b: int) -> float:
    """What courier c charges for the way between two nodes of which one is a stop."""
    stops = len(d.service)
    cost = d.per_s[c] * (d.way[b, a, 0] if b < stops else d.way[a, b, 1])
    if d.metric:
        cost += d.per_m[c] * (d.far[b, a, 0] if b < stops else d.far[a, b, 1])
    return float(cost)


@inlined
def refresh(d: Data, s: Routes, c: int, x: int) -> bool:
    """Computes everything about row x from its nodes and size; False where the order breaks a rule."""
    size = s.size[x]
    s.node[x, 0], s.node[x, size + 1] = d.start[c], d.home[c]
    s.cost[x] = 0.0
    kept = True
    for k in range(d.load.shape[1]):
        total = 0
        for p in range(1, size + 1):
            total += d.load[s.node[x, p], k]
        s.load[x, k] = total
        kept = kept and (size == 0 or total <= d.room[c, k])
    cost, length = 0.0, 0
    for p in range(size + 1):
        s.arc[x, p] = money(d, c, s.node[x, p], s.node[x, p + 1]) if size > 0 else 0.0
        cost += s.arc[x, p]
    kept = kept and forward(d, s, c, x, 1, size + 1)
    if kept:
        backward(d, s, c, x, size + 1)
        if d.timed:
            length = whole_length(d, s, c, x)
        if size > 0:
            s.cost[x] = cost + d.opening[c] + size * d.per_stop[c] + d.per_work[c] * length
            if d.soft:
                s.cost[x] += s.behind[x, size]
    return bool(kept and (size == 0 or length <= d.longest[c]))


@inlined
def forward(d: Data, s: Routes, c: int, x: int, first: int, settled: int) -> bool:
    """Earliest times of row x from position `first` on, the position before being known; False where a window or the shift can't be kept.

    Behind position `settled` the row holds the times of before: from where one comes out the same, all of them do.
    """
    size, kept = s.size[x], True
    if first == 1:
        s.leave[x, 0] = d.earliest[c]
        if d.soft:
            s.behind[x, 0] = 0.0
        if d.timed:
            s.part[x, 0, 0], s.part[x, 0, 1], s.part[x, 0, 2] = 0, d.earliest[c], d.latest[c]
    time = s.leave[x, first - 1]
    for p in range(first, size + 1):
        i, before = s.node[x, p], s.node[x, p - 1]
        way = seconds(d, before, i)
        start = first_start(d, i, time + way)
        if start >= NEVER:
            kept = False
            break
        spent = d.service[i]
        if d.setups and d.place[before] != d.place[i]:
            spent += d.setup[i]
        time = start + spent
        if d.soft:
            s.behind[x, p] = s.behind[x, p - 1] + d.late[i] * max(0, start - d.late_from[i])
        if d.timed:
            length, late = s.part[x, p - 1, 0] + way, s.part[x, p - 1, 2]
            wait = max(d.begin[i, 0] - length - late, 0)
            s.part[x, p, 0] = length + wait + spent
            s.part[x, p, 1] = max(d.begin[i, 0] - length, s.part[x, p - 1, 1]) - wait
            s.part[x, p, 2] = min(d.end[i, 0] - length, late)
        elif not d.soft and p > settled and time == s.leave[x, p]:
            break
        s.leave[x, p] = time
    if kept and settled > size and size > 0:
        kept = time + seconds(d, s.node[x, size], d.home[c]) <= d.latest[c]
    return kept


@inlined
def backward(d: Data, s: Routes, c: int, x: int, top: int) -> None:
    """Latest times of row x from position `top` down to the first, the one after `top` being known; from size + 1 all of them."""
    size = s.size[x]
    if top > size:
        s.last[x, size + 1] = d.latest[c]
        if d.setups:
            s.warm[x, size + 1] = d.latest[c]
        if d.timed:
            for v in range(2):
                s.part[x, size + 1, 3 * v + 3], s.part[x, size + 1, 3 * v + 4] = 0, -FAR_AWAY
                s.part[x, size + 1, 3 * v + 5] = d.latest[c]
    for p in range(min(top, size), 0, -1):
        i, after = s.node[x, p], s.node[x, p + 1]
        warm = d.setups and d.place[after] == d.place[i]
        spent = seconds(d, i, after) + d.service[i]
        bound = (s.warm[x, p + 1] if warm else s.last[x, p + 1]) - spent
        if d.setups:
            s.warm[x, p] = last_start(d, i, bound)
            bound -= d.setup[i]
        last = last_start(d, i, bound)
        if not (d.setups or d.timed) and p < top <= size and last == s.last[x, p]:
            break
        s.last[x, p] = last
        if d.timed:
            q = 6 if warm else 3
            for v in range(2):
                then = spent + (d.setup[i] if v == 0 else 0)
                early, late = s.part[x, p + 1, q + 1], s.part[x, p + 1, q + 2]
                wait = max(early - then - d.end[i, 0], 0)
                s.part[x, p, 3 * v + 3] = then + wait + s.part[x, p + 1, q]
                s.part[x, p, 3 * v + 4] = max(early - then, d.begin[i, 0]) - wait
                s.part[x, p, 3 * v + 5] = min(late - then, d.end[i, 0])


@inlined
def whole_length(d: Data, s: Routes, c: int, x: int) -> int:
    """The shortest length of the route in row x: nobody waits at its end."""
    size = s.size[x]
    return int(s.part[x, size, 0] + d.way[s.node[x, size], d.home[c], 1] if size > 0 else 0)


@inlined
def put(d: Data, s: Routes, c: int, x: int, i: int, after: int, extra: float) -> None:
    """Inserts stop i after a position of row x, where it fits and costs `extra`; only the times that this changes are computed."""
    size = s.size[x] + 1
    s.size[x] = size
    s.where[i] = c
    s.cost[x] += extra
    for q in range(size + 1, after + 1, -1):
        s.node[x, q], s.leave[x, q], s.last[x, q], s.arc[x, q] = (
            s.node[x, q - 1], s.leave[x, q - 1], s.last[x, q - 1], s.arc[x, q - 1],
        )  # fmt: skip
        if d.setups:
            s.warm[x, q] = s.warm[x, q - 1]
        if d.timed:
            for v in range(3, 9):
                s.part[x, q, v] = s.part[x, q - 1, v]
    p = after + 1
    s.node[x, p] = i
    s.arc[x, p - 1], s.arc[x, p] = money(d, c, s.node[x, p - 1], i), money(d, c, i, s.node[x, p + 1])
    for k in range(d.load.shape[1]):
        s.load[x, k] += d.load[i, k]
    forward(d, s, c, x, p, p)
    backward(d, s, c, x, p)


@compiled
def fill_row(d: Data, s: Routes, c: int, x: int) -> bool:
    """`refresh` for those who aren't in a hurry."""
    return refresh(d, s, c, x)


@inlined
def first_gap(s: Routes, x: int, low: int, size: int, time: int) -> int:
    """The first position of row x from `low` on behind which somebody may still be waited for at that time; latest starts only grow along a route."""
    high = size
    while low < high:
        middle = (low + high) // 2
        if s.last[x, middle + 1] < time:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def plain_place(d: Data, s: Routes, c: int, x: int, i: int, bound: float, blink: float, rng: Ints) -> tuple[float, int]:
    """The cheapest position for stop i in row x that costs less than `bound`: (added cost, position), position -1 for none.

    For days with one hard window per stop and no set-ups, where the length of a route doesn't matter.
    """
    size, best, found = s.size[x], bound, -1
    fits = not d.restricted or d.allowed[i, c] == 1
    for k in range(d.load.shape[1]):
        if s.load[x, k] + d.load[i, k] > d.room[c, k]:
            fits = False
    if fits:
        begin, end, service = d.begin[i, 0], d.end[i, 0], d.service[i]
        per_s, per_m = d.per_s[c], d.per_m[c]
        flat = d.per_stop[c] + (d.opening[c] if size == 0 else 0.0)
        for p in range(first_gap(s, x, d.heads[c], size, begin + service), size + 1):
            if s.leave[x, p] > end:
                break
            a, b = s.node[x, p], s.node[x, p + 1]
            to, on = d.way[i, a, 0], d.way[i, b, 1]
            extra = flat + per_s * (to + on) - s.arc[x, p]
            if d.metric:
                extra += per_m * (d.far[i, a, 0] + d.far[i, b, 1])
            if extra >= best:
                continue
            start = s.leave[x, p] + to
            if start > end:
                continue
            start = max(start, begin)
            if start + service + on > s.last[x, p + 1]:
                continue
            if draw(rng) < blink:
                continue
            best, found = extra, p
    return best, found


@inlined
def any_place(d: Data, s: Routes, c: int, x: int, i: int, bound: float, blink: float, rng: Ints) -> tuple[float, int]:
    """The same for days with anything."""
    size, best, found = s.size[x], bound, -1
    fits = not d.restricted or d.allowed[i, c] == 1
    for k in range(d.load.shape[1]):
        fits = fits and s.load[x, k] + d.load[i, k] <= d.room[c, k]
    flat = d.per_stop[c] + (d.opening[c] if size == 0 else 0.0)
    before_length = whole_length(d, s, c, x) if d.timed else 0
    priced_time = d.soft or d.per_work[c] > 0  # then a detour may pay, where it is a short cut or saves a set-up
    end = d.end[i, d.windows[i] - 1]
    for k in range(d.windows[i] - 1):
        end = max(end, d.end[i, k])
    for p in range(d.heads[c] if fits else size + 1, size + 1):
        if s.leave[x, p] > end:
            break
        a, b = s.node[x, p], s.node[x, p + 1]
        to, on = d.way[i, a, 0], d.way[i, b, 1]
        extra = flat + d.per_s[c] * (to + on) - s.arc[x, p]
        if d.metric:
            extra += d.per_m[c] * (d.far[i, a, 0] + d.far[i, b, 1])
        if extra >= best and not priced_time:
            continue
        start = first_start(d, i, s.leave[x, p] + to)
        spent = d.service[i]
        if d.setups and d.place[a] != d.place[i]:
            spent += d.setup[i]
        warm = d.setups and p < size and d.place[b] == d.place[i]
        if start + spent + on > (s.warm[x, p + 1] if warm else s.last[x, p + 1]):
            continue
        if d.timed:
            length = s.part[x, p, 0] + to
            wait = max(d.begin[i, 0] - length - s.part[x, p, 2], 0)
            late = min(d.end[i, 0] - length, s.part[x, p, 2])
            length += wait + spent + on
            q = 6 if warm else 3
            length += max(s.part[x, p + 1, q + 1] - length - late, 0) + s.part[x, p + 1, q]
            if length > d.longest[c]:
                continue
            extra += d.per_work[c] * (length - before_length)
        if d.soft:
            extra += more_lateness(d, s, x, i, p, start, spent + on)
        if extra >= best:
            continue
        if draw(rng) < blink:
            continue
        best, found = extra, p
    return best, found


@compiled
def more_lateness(d: Data, s: Routes, x: int, i: int, p: int, start: int, then: int) -> float:
    """What lateness costs more in row x with stop i started at `start` after position p, `then` seconds before the next arrival."""
    size = s.size[x]
    cost = d.late[i] * max(0, start - d.late_from[i])
    time, before = start + then, i
    for q in range(p + 1, size + 1):
        j = s.node[x, q]
        begun = first_start(d, j, time)
        cost += d.late[j] * max(0, begun - d.late_from[j]) - (s.behind[x, q] - s.behind[x, q - 1])
        time = begun + d.service[j]
        if d.setups and d.place[before] != d.place[j]:
            time += d.setup[j]
        if time == s.leave[x, q]:
            break
        if q < size:
            time += d.way[j, s.node[x, q + 1], 1]
        before = j
    return float(cost)


@inlined
def draw(rng: Ints) -> float:
    """The next number of the generator (xorshift64*), from 0 to less than 1."""
    state = rng[0]
    state ^= state >> np.uint64(12)
    state ^= state << np.uint64(25)
    state ^= state >> np.uint64(27)
    rng[0] = state
    return np.float64((state * np.uint64(2685821657736338717)) >> np.uint64(11)) * 1.1102230246251565e-16
