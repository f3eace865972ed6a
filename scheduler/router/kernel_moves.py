"""Ruin and recreate in the kernel (Christiaens & Vanden Berghe 2020, "Slack Induction by String Removals"). Compiled.

One step takes strings of stops out of neighbouring routes and puts each stop back at its cheapest place; annealing decides whether the
result stays. Plans compare by stops that must be served and aren't, then by cost.
"""

import math
from typing import NamedTuple

import numpy as np

from scheduler.router.kernel_cache import compiled, entry, inlined
from scheduler.router.kernel_data import Data, Floats, Ints
from scheduler.router.kernel_routes import INFINITE, Routes, any_place, draw, plain_place, put, refresh

REMOVED = 10  # stops taken out in one step, on average
STRING = 10  # stops in one string, at most
SPLIT = 0.5  # of the strings keep some stops in their middle,
KEPT_MORE = 0.01  # and one more of these with this chance
WHOLE_ROUTE = 0.02  # of the steps take out a whole route, where opening one costs
ORDERS, FAR_FIRST = 17.0, 9.0  # weights of the orders, see `arrange`
BLINK = 0.01  # of the best places are overlooked
ROUTES_OF = 60  # stops around one whose routes are tried for it
OUTSIDE = 10  # stops left out that are tried again in one step, of each kind
GIFTS, GIFT_MOST = 0.3, 1.0
LOST_ANYWHERE = 0.1  # of the tries of a lost stop look at every route
NOW, BEST, MISSING, BEST_MISSING, STEP, CHANGED, STALE, OUT, LOST = range(9)


class Work(NamedTuple):
    """What a search remembers. `tally`: cost now and at best. `counts`: see the names above. `lost` are the stops outside that must be
    served, and `absent[i]` says how often one was. `stale` are the couriers whose routes differ from the best plan's.
    """

    tally: Floats
    counts: Ints
    rng: Ints
    out: Ints
    was_out: Ints
    keys: Floats
    lost: Ints
    lost_before: Ints
    absent: Ints
    changed: Ints
    changed_at: Ints
    tried_at: Ints
    stale: Ints
    is_stale: Ints
    best_node: Ints
    best_size: Ints
    empties: Ints


def work_of(d: Data, s: Routes, seed: int) -> Work:
    """A fresh memory for the routes of `s`, from which the search starts."""
    couriers, stops = len(d.start), len(d.service)
    kinds = int(d.kind.max(initial=-1)) + 1
    return Work(
        tally=np.zeros(2, dtype=np.float64),
        counts=np.zeros(9, dtype=np.int64),
        rng=np.array([(2 * seed + 1) * 0x9E3779B97F4A7C15 % 2**64 or 1], dtype=np.uint64),
        out=np.zeros(stops + 1, dtype=np.int64),
        was_out=np.zeros(stops + 1, dtype=np.int64),
        keys=np.zeros(stops + 1, dtype=np.float64),
        lost=np.zeros(stops + 1, dtype=np.int64),
        lost_before=np.zeros(stops + 1, dtype=np.int64),
        absent=np.zeros(stops, dtype=np.int64),
        changed=np.zeros(couriers, dtype=np.int64),
        changed_at=np.full(couriers, -1, dtype=np.int64),
        tried_at=np.full(couriers, -1, dtype=np.int64),
        stale=np.zeros(couriers, dtype=np.int64),
        is_stale=np.zeros(couriers, dtype=np.int64),
        best_node=s.node[:couriers].copy(),
        best_size=s.size[:couriers].copy(),
        empties=np.zeros(kinds, dtype=np.int64),
    )


@compiled
def load(d: Data, s: Routes, w: Work) -> bool:
    """Computes every row from its nodes, and the tally; the plan becomes the best one. False where an order breaks a rule."""
    w.counts[LOST] = 0
    s.where[:] = -1
    total = 0.0
    for c in range(len(d.start)):
        x = s.row[c]
        if not refresh(d, s, c, x):
            return False
        total += s.cost[x]
        for p in range(1, s.size[x] + 1):
            s.where[s.node[x, p]] = c
    for i in range(len(d.service)):
        if s.where[i] < 0 and d.movable[i] == 1:
            if d.price[i] < INFINITE:
                total += d.price[i]
            else:
                w.lost[w.counts[LOST]] = i
                w.counts[LOST] += 1
    w.tally[NOW] = total
    w.counts[MISSING] = w.counts[LOST]
    keep_all(d, s, w)
    return True


@compiled
def keep_all(d: Data, s: Routes, w: Work) -> None:
    """The plan as it stands becomes the best one."""
    w.tally[BEST], w.counts[BEST_MISSING] = w.tally[NOW], w.counts[MISSING]
    w.counts[STALE] = 0
    w.is_stale[:] = 0
    for c in range(len(d.start)):
        x = s.row[c]
        w.best_size[c] = s.size[x]
        for p in range(1, s.size[x] + 1):
            w.best_node[c, p] = s.node[x, p]


@compiled
def keep_stale(s: Routes, w: Work) -> None:
    """The same where only the stale routes differ."""
    w.tally[BEST], w.counts[BEST_MISSING] = w.tally[NOW], w.counts[MISSING]
    for k in range(w.counts[STALE]):
        c = w.stale[k]
        x = s.row[c]
        w.is_stale[c] = 0
        w.best_size[c] = s.size[x]
        for p in range(1, s.size[x] + 1):
            w.best_node[c, p] = s.node[x, p]
    w.counts[STALE] = 0


@compiled
def spare_row(d: Data, s: Routes, w: Work, c: int) -> int:
    """Turns courier c to its spare row, once a step; the row before, from which the new one is to be filled."""
    before = int(s.row[c])
    s.row[c] = before + len(d.start) if before < len(d.start) else before - len(d.start)
    w.changed[w.counts[CHANGED]] = c
    w.changed_at[c] = w.counts[STEP]
    w.counts[CHANGED] += 1
    return before


@compiled
def copy_row(d: Data, s: Routes, c: int, before: int) -> None:
    """Fills the row that courier c has been turned to with the one before."""
    x, size = s.row[c], s.size[before]
    s.size[x], s.cost[x] = size, s.cost[before]
    for p in range(size + 2):
        s.node[x, p], s.leave[x, p], s.last[x, p], s.arc[x, p] = (
            s.node[before, p], s.leave[before, p], s.last[before, p], s.arc[before, p],
        )  # fmt: skip
    for k in range(d.load.shape[1]):
        s.load[x, k] = s.load[before, k]


@compiled
def take_out(d: Data, s: Routes, w: Work, c: int, first: int, kept_first: int, kept: int, length: int) -> None:
    """Takes `length` stops of courier c's route out, from position `first`, without the `kept` ones from `kept_first` on.

    The route stays as it was where it would break a rule without them (there is no way, or a longer one).
    """
    before = spare_row(d, s, w, c)
    x, size, out = s.row[c], 0, w.counts[OUT]
    for p in range(1, s.size[before] + 1):
        i = s.node[before, p]
        if first <= p < first + length + kept and not kept_first <= p < kept_first + kept:
            w.out[out], w.was_out[out] = i, 0
            out += 1
        else:
            size += 1
            s.node[x, size] = i
    s.size[x] = size
    if refresh(d, s, c, x):
        for k in range(w.counts[OUT], out):
            s.where[w.out[k]] = -1
        w.counts[OUT] = out
        if size == 0 and (w.empties[d.kind[c]] < 0 or w.empties[d.kind[c]] > c):
            w.empties[d.kind[c]] = c
    else:
        copy_row(d, s, c, before)
        refresh(d, s, c, x)


@compiled
def ruin(d: Data, s: Routes, w: Work, seed: int, routes: int) -> None:
    """Strings of stops out of the routes around the stop `seed`; the stops near it that are outside join the list."""
    rng = w.rng
    longest = min(float(STRING), max(1.0, d.service.shape[0] / max(1, routes)))
    strings = int(1.0 + draw(rng) * (4.0 * REMOVED / (1.0 + longest) - 1.0))
    outside = 0
    if d.opening_paid and draw(rng) < WHOLE_ROUTE and s.where[seed] >= 0:
        c = s.where[seed]
        size = s.size[s.row[c]]
        take_out(d, s, w, c, d.heads[c] + 1, 0, 0, size - d.heads[c])
    for k in range(-1, d.near.shape[1]):
        i = seed if k < 0 else d.near[seed, k]
        c = s.where[i]
        if c < 0:
            if d.movable[i] == 1 and d.price[i] < INFINITE and outside < OUTSIDE and not listed(w, i):
                w.out[w.counts[OUT]], w.was_out[w.counts[OUT]] = i, 1
                w.counts[OUT] += 1
                outside += 1
            continue
        if strings <= 0 or d.movable[i] == 0 or w.changed_at[c] == w.counts[STEP]:
            continue
        strings -= 1
        string(d, s, w, c, i, longest)


@compiled
def listed(w: Work, i: int) -> bool:
    """Is stop i among those taken out?"""
    found = False
    for k in range(w.counts[OUT]):
        found = found or w.out[k] == i
    return found


@compiled
def string(d: Data, s: Routes, w: Work, c: int, i: int, longest: float) -> None:
    """One string around stop i out of courier c's route."""
    rng = w.rng
    x, heads = s.row[c], d.heads[c]
    size = s.size[x] - heads
    at = heads + 1
    while s.node[x, at] != i:
        at += 1
    length = int(1.0 + draw(rng) * min(float(size), longest))
    length = min(length, size)
    kept = 0
    if length > 1 and length < size and draw(rng) < SPLIT:
        kept = 1
        while length + kept < size and draw(rng) < KEPT_MORE:
            kept += 1
    least = max(heads + 1, at - length - kept + 1)
    most = min(at, heads + size - length - kept + 1)
    first = least + int(draw(rng) * (most - least + 1))
    kept_first = 0
    if kept > 0:
        kept_first = first + 1 + int(draw(rng) * (length - 1))
    take_out(d, s, w, c, first, kept_first, kept, length)


@compiled
def arrange(d: Data, w: Work, drawn: float) -> None:
    """Brings the stops taken out into an order, one of seven by `drawn`, in which they are put back."""
    rng, count = w.rng, w.counts[OUT]
    for k in range(count):
        i = w.out[k]
        if d.optional and drawn < 8.0:
            key = -d.price[i] if drawn < 4.0 else -d.worth[i]
        elif drawn < 4.0 or (4.0 <= drawn < 8.0 and d.load.shape[1] == 0):
            key = draw(rng)
        elif drawn < 8.0:
            key = -float(d.load[i, 0])
        elif drawn < 10.0:
            key = -float(d.way[i, d.start[0], 0])
        elif drawn < 11.0:
            key = float(d.way[i, d.start[0], 0])
        elif drawn < 13.0:
            key = d.span[i]
        elif drawn < 15.0:
            key = float(d.begin[i, 0])
        else:
            key = -float(d.end[i, 0])
        w.keys[k] = key
    for k in range(1, count):
        key, i, was = w.keys[k], w.out[k], w.was_out[k]
        j = k - 1
        while j >= 0 and w.keys[j] > key:
            w.keys[j + 1], w.out[j + 1], w.was_out[j + 1] = w.keys[j], w.out[j], w.was_out[j]
            j -= 1
        w.keys[j + 1], w.out[j + 1], w.was_out[j + 1] = key, i, was


@compiled
def recreate(d: Data, s: Routes, w: Work, token: int, gift: float) -> None:
    """Puts the stops of the list back, each at its cheapest place if that costs less than `gift` times its price;
    with an endless gift every route is tried, not only those of its neighbours.
    """
    rng = w.rng
    kinds = len(w.empties)
    for k in range(w.counts[OUT]):
        i = w.out[k]
        mark = token + k
        best = gift * d.price[i] if d.price[i] < INFINITE else INFINITE
        courier, at = -1, -1
        for n in range(min(ROUTES_OF, d.near.shape[1])):
            c = s.where[d.near[i, n]]
            if c < 0 or w.tried_at[c] == mark:
                continue
            w.tried_at[c] = mark
            x = s.row[c]
            if d.plain:
                found, p = plain_place(d, s, c, x, i, best, BLINK, rng)
            else:
                found, p = any_place(d, s, c, x, i, best, BLINK, rng)
            if p >= 0:
                best, courier, at = found, c, p
        fill_empties(d, s, w)
        for kind in range(kinds):
            c = w.empties[kind]
            if c >= 0 and w.tried_at[c] != mark:
                found, p = any_place(d, s, c, s.row[c], i, best, BLINK, rng)
                if p >= 0:
                    best, courier, at = found, c, p
        if courier < 0 and (
            gift >= INFINITE or (d.price[i] >= INFINITE and (w.was_out[k] == 0 or draw(rng) < LOST_ANYWHERE))
        ):
            for c in range(len(d.start)):
                if s.size[s.row[c]] > 0 and w.tried_at[c] != mark:
                    found, p = any_place(d, s, c, s.row[c], i, best, BLINK, rng)
                    if p >= 0:
                        best, courier, at = found, c, p
        if courier >= 0:
            if w.changed_at[courier] != w.counts[STEP]:
                copy_row(d, s, courier, spare_row(d, s, w, courier))
            put(d, s, courier, s.row[courier], i, at)


@compiled
def fill_empties(d: Data, s: Routes, w: Work) -> None:
    """The first courier of each kind without a stop."""
    for kind in range(len(w.empties)):
        c = w.empties[kind]
        if c >= 0 and s.size[s.row[c]] > 0:
            w.empties[kind] = -1
            for other in range(c + 1, len(d.start)):
                if d.kind[other] == kind and s.size[s.row[other]] == 0:
                    w.empties[kind] = other
                    break


@compiled
def find_empties(d: Data, s: Routes, w: Work) -> int:
    """The first courier of each kind without a stop, and how many have one."""
    w.empties[:] = -1
    routes = 0
    for c in range(len(d.start) - 1, -1, -1):
        if s.size[s.row[c]] == 0:
            w.empties[d.kind[c]] = c
        else:
            routes += 1
    return routes


@compiled
def step(d: Data, s: Routes, w: Work, seed: int, temperature: float) -> None:
    """One ruin and recreate around a stop, kept or undone."""
    rng = w.rng
    w.counts[STEP] += 1
    w.counts[CHANGED] = 0
    w.counts[OUT] = 0
    routes = find_empties(d, s, w)
    ruin(d, s, w, seed, routes)
    add_lost(w, rng)
    arrange(d, w, draw(rng) * ORDERS)
    recreate(d, s, w, w.counts[STEP] * (len(d.service) + 1), gift_of(d, rng))
    judge(d, s, w, temperature)


@inlined
def gift_of(d: Data, rng: Ints) -> float:
    """How much above its price a stop may cost: now and then more, because several stops together may pay where none does alone."""
    gift = 1.0
    if d.optional and draw(rng) < GIFTS:
        gift += draw(rng) * GIFT_MOST
    return gift


@compiled
def add_lost(w: Work, rng: Ints) -> None:
    """Some of the lost stops join the list: all of them where they are few."""
    lost = w.counts[LOST]
    for k in range(lost):
        w.lost_before[k] = w.lost[k]
    for k in range(min(lost, 3 * OUTSIDE)):
        j = k + int(draw(rng) * (lost - k))
        w.lost[k], w.lost[j] = w.lost[j], w.lost[k]
        w.out[w.counts[OUT]], w.was_out[w.counts[OUT]] = w.lost[k], 1
        w.counts[OUT] += 1


@compiled
def judge(d: Data, s: Routes, w: Work, temperature: float) -> None:
    """Keeps the changed routes or turns back to those before."""
    couriers, before_lost = len(d.start), w.counts[LOST]
    cost, missing = w.tally[NOW], w.counts[MISSING]
    for k in range(w.counts[CHANGED]):
        c = w.changed[k]
        x = s.row[c]
        cost += s.cost[x] - s.cost[x + couriers if x < couriers else x - couriers]
    newly, worse, better = 0, 0, 0
    for k in range(w.counts[OUT]):
        i, was = w.out[k], w.was_out[k] == 1
        left = s.where[i] < 0
        if was == left:
            continue
        if d.price[i] < INFINITE:
            cost += d.price[i] if left else -d.price[i]
        elif left:
            missing += 1
            worse += w.absent[i]
        else:
            missing -= 1
            better += w.absent[i]
    now = w.counts[MISSING]
    if missing != now:
        keep = missing < now or worse < better
    else:
        keep = cost < w.tally[NOW] - temperature * math.log(max(draw(w.rng), 1e-300))
        keep = keep or worse < better
    if not keep:
        undo(d, s, w)
        for k in range(before_lost):
            w.lost[k] = w.lost_before[k]
        return
    newly = 0
    for k in range(before_lost):
        if s.where[w.lost[k]] < 0:
            w.lost[newly] = w.lost[k]
            newly += 1
    for k in range(w.counts[OUT]):
        i = w.out[k]
        if w.was_out[k] == 0 and s.where[i] < 0 and d.price[i] >= INFINITE:
            w.lost[newly] = i
            newly += 1
    w.counts[LOST] = newly
    for k in range(newly):
        w.absent[w.lost[k]] += 1
    for k in range(w.counts[CHANGED]):
        c = w.changed[k]
        if w.is_stale[c] == 0:
            w.is_stale[c] = 1
            w.stale[w.counts[STALE]] = c
            w.counts[STALE] += 1
    w.tally[NOW], w.counts[MISSING] = cost, missing
    best = w.counts[BEST_MISSING]
    if missing < best or (missing == best and cost < w.tally[BEST] - 1e-9 * abs(w.tally[BEST])):
        keep_stale(s, w)


@compiled
def undo(d: Data, s: Routes, w: Work) -> None:
    """Turns the changed routes back."""
    couriers = len(d.start)
    for k in range(w.counts[OUT]):
        s.where[w.out[k]] = -1
    for k in range(w.counts[CHANGED]):
        c = w.changed[k]
        x = s.row[c]
        x = x + couriers if x < couriers else x - couriers
        s.row[c] = x
        for p in range(1, s.size[x] + 1):
            s.where[s.node[x, p]] = c


@compiled
def run(d: Data, s: Routes, w: Work, movable: Ints, steps: int, temperature: float) -> None:
    """So many steps at one temperature."""
    for _ in range(steps):
        step(d, s, w, movable[int(draw(w.rng) * len(movable))], temperature)


@compiled
def construct(d: Data, s: Routes, w: Work) -> None:
    """A first plan: every stop outside put in, one after the other."""
    w.counts[STEP] += 1
    w.counts[CHANGED] = 0
    w.counts[OUT] = 0
    find_empties(d, s, w)
    for i in range(len(d.service)):
        if s.where[i] < 0 and d.movable[i] == 1:
            w.out[w.counts[OUT]], w.was_out[w.counts[OUT]] = i, 1
            w.counts[OUT] += 1
    arrange(d, w, FAR_FIRST)
    recreate(d, s, w, w.counts[STEP] * (len(d.service) + 1), INFINITE)
    load(d, s, w)


LOAD, CONSTRUCT, SEARCH = range(3)


@entry
def enter(d: Data, s: Routes, w: Work, movable: Ints, what: int, steps: int, temperature: float) -> bool:
    """The only door from the interpreter, since each one is compiled with everything behind it. False where LOAD breaks a rule."""
    kept = True
    if what == LOAD:
        kept = load(d, s, w)
    elif what == CONSTRUCT:
        construct(d, s, w)
    else:
        run(d, s, w, movable, steps, temperature)
    return kept
