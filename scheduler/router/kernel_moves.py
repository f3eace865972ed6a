"""Ruin and recreate in the kernel (Christiaens & Vanden Berghe 2020, "Slack Induction by String Removals"). Compiled.

Ruin takes strings of stops out of neighbouring routes; recreate puts each stop back at its cheapest place.
"""

from scheduler.router.kernel_cache import inlined
from scheduler.router.kernel_data import Data, Ints
from scheduler.router.kernel_routes import INFINITE, Routes, any_place, draw, plain_place, put, refresh
from scheduler.router.kernel_work import CHANGED, LOST, OUT, STEP, USED, Work, copy_row, emptied, filled, spare_row

REMOVED = 10  # stops taken out in one step, on average
STRING = 10  # stops in one string, at most
SPLIT = 0.5  # of the strings keep some stops in their middle,
KEPT_MORE = 0.01  # and one more of these with this chance
WHOLE_ROUTE = 0.02  # of the steps take out a whole route, where opening one costs
BLINK = 0.01  # of the best places are overlooked
ROUTES_OF = 40  # stops around one whose routes are tried for it
OUTSIDE = 2  # stops left out near the seed that are tried again in one step,
OUTSIDE_MOST, OUTSIDE_MANY = 10, 0.2  # and as many in this share of the steps;
OUTSIDE_AROUND = 0.1  # of these tries look at all routes around, not only at those that have changed
LOST_TRIED = 30  # and as many of those that must be served
LOST_ANYWHERE = 0.1  # of the tries of these look at every route
GIFTS = 0.3  # of the steps put in stops that cost more than their price,
GIFT_MOST = 1.0  # up to so much of it
RANDOM, DEMAND, FAR, CLOSE, NARROW, EARLY = 4.0, 8.0, 10.0, 11.0, 13.0, 15.0  # orders: each up to its number,
ORDERS = 17.0  # and the last one, late first, up to this
FAR_FIRST = 9.0


@inlined
def ruin(d: Data, s: Routes, w: Work, seed: int) -> None:
    """Strings of stops out of the routes around the stop `seed`; the stops near it that are outside join the list."""
    rng = w.rng
    longest = min(float(STRING), max(1.0, len(d.service) / max(1, w.counts[USED])))
    strings = int(1.0 + draw(rng) * (4.0 * REMOVED / (1.0 + longest) - 1.0))
    whole = d.opening_paid and draw(rng) < WHOLE_ROUTE
    outside = 0
    most = OUTSIDE_MOST if draw(rng) < OUTSIDE_MANY else OUTSIDE
    for k in range(-1, d.near.shape[1]):
        i = seed if k < 0 else d.near[seed, k]
        c = s.where[i]
        if c < 0:
            if d.movable[i] == 1 and d.price[i] < INFINITE and outside < most and not listed(w, i):
                w.out[w.counts[OUT]], w.was_out[w.counts[OUT]] = i, 1
                w.counts[OUT] += 1
                outside += 1
        elif strings > 0 and d.movable[i] == 1 and w.changed_at[c] != w.counts[STEP]:
            strings -= 1
            string(d, s, w, c, i, longest, whole)
            whole = False
        if strings <= 0 and (outside >= most or not d.optional):
            break


@inlined
def listed(w: Work, i: int) -> bool:
    """Is stop i among those taken out?"""
    found = False
    for k in range(w.counts[OUT]):
        found = found or w.out[k] == i
    return found


@inlined
def string(d: Data, s: Routes, w: Work, c: int, i: int, longest: float, whole: int) -> None:
    """One string around stop i out of courier c's route, or all of it."""
    rng = w.rng
    x, heads = s.row[c], d.heads[c]
    size = s.size[x] - heads
    at = heads + 1
    while s.node[x, at] != i:
        at += 1
    length = size if whole else min(size, int(1.0 + draw(rng) * min(float(size), longest)))
    kept = 0
    if 1 < length < size and draw(rng) < SPLIT:
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


@inlined
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
        if size == 0:
            emptied(d, w, c)
    else:
        s.row[c] = before
        w.counts[CHANGED] -= 1
        w.changed_at[c] = -1


@inlined
def add_lost(w: Work) -> None:
    """Some of the lost stops join the list: all of them where they are few."""
    rng, lost = w.rng, w.counts[LOST]
    for k in range(lost):
        w.lost_before[k] = w.lost[k]
    for k in range(min(lost, LOST_TRIED)):
        j = k + int(draw(rng) * (lost - k))
        w.lost[k], w.lost[j] = w.lost[j], w.lost[k]
        w.out[w.counts[OUT]], w.was_out[w.counts[OUT]] = w.lost[k], 1
        w.counts[OUT] += 1


@inlined
def add_all(d: Data, s: Routes, w: Work) -> None:
    """Every stop outside joins the list."""
    for i in range(len(d.service)):
        if s.where[i] < 0 and d.movable[i] == 1:
            w.out[w.counts[OUT]], w.was_out[w.counts[OUT]] = i, 1
            w.counts[OUT] += 1


@inlined
def arrange(d: Data, w: Work, drawn: float) -> None:
    """Brings the list into the order in which its stops are put in: `drawn` says which one, see the numbers above."""
    rng, count = w.rng, w.counts[OUT]
    for k in range(count):
        i = w.out[k]
        if d.optional and drawn < DEMAND:
            key = -d.price[i] if drawn < RANDOM else -d.worth[i]
        elif drawn < RANDOM or (drawn < DEMAND and d.load.shape[1] == 0):
            key = draw(rng)
        elif drawn < DEMAND:
            key = -float(d.load[i, 0])
        elif drawn < FAR:
            key = -float(d.way[i, d.start[0], 0])
        elif drawn < CLOSE:
            key = float(d.way[i, d.start[0], 0])
        elif drawn < NARROW:
            key = d.span[i]
        elif drawn < EARLY:
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


@inlined
def gift_of(d: Data, rng: Ints) -> float:
    """How much of its price a stop may cost: now and then more than all, for several stops together may pay where none does alone."""
    gift = 1.0
    if d.optional and draw(rng) < GIFTS:
        gift += draw(rng) * GIFT_MOST
    return gift


@inlined
def recreate(d: Data, s: Routes, w: Work, gift: float) -> None:
    """Puts the stops of the list in, each at its cheapest place if that costs less than `gift` times its price.

    With an endless gift every route is tried, not only those of its neighbours.
    """
    rng = w.rng
    for k in range(w.counts[OUT]):
        i = w.out[k]
        mark = w.counts[STEP] * (len(d.service) + 1) + k
        best = gift * d.price[i] if d.price[i] < INFINITE else INFINITE
        courier, at = -1, -1
        everywhere = gift >= INFINITE
        if d.price[i] >= INFINITE:
            everywhere = everywhere or w.was_out[k] == 0 or draw(rng) < LOST_ANYWHERE
        if w.was_out[k] == 1 and d.price[i] < INFINITE and not everywhere and draw(rng) >= OUTSIDE_AROUND:
            count = changed_routes(w, mark)
        else:
            count = near_routes(d, s, w, i, mark)
        n = 0
        while n < count:
            c = w.tried[n]
            x = s.row[c]
            if d.plain:
                found, p = plain_place(d, s, c, x, i, best, BLINK, rng)
            else:
                found, p = any_place(d, s, c, x, i, best, BLINK, rng)
            if p >= 0:
                best, courier, at = found, c, p
            n += 1
            if n == count and courier < 0 and everywhere:
                count = other_routes(d, s, w, count, mark)
                everywhere = False
        if courier >= 0:
            if w.changed_at[courier] != w.counts[STEP]:
                copy_row(d, s, courier, spare_row(d, s, w, courier))
            put(d, s, courier, s.row[courier], i, at, best)
            filled(d, s, w, courier)


@inlined
def changed_routes(w: Work, mark: int) -> int:
    """Lists the couriers whose routes this step has changed: only there can a stop fit by now that didn't pay before. How many."""
    for n in range(w.counts[CHANGED]):
        w.tried[n] = w.changed[n]
        w.tried_at[w.changed[n]] = mark
    return int(w.counts[CHANGED])


@inlined
def near_routes(d: Data, s: Routes, w: Work, i: int, mark: int) -> int:
    """Lists the couriers to be tried for stop i: those of the stops around it, and of each kind one without a stop. How many."""
    count = 0
    for n in range(min(ROUTES_OF, d.near.shape[1])):
        c = s.where[d.near[i, n]]
        if c >= 0 and w.tried_at[c] != mark and w.mine[c] == 1:
            w.tried_at[c] = mark
            w.tried[count] = c
            count += 1
    for kind in range(len(w.empties)):
        c = w.empties[kind]
        if c >= 0:
            w.tried_at[c] = mark
            w.tried[count] = c
            count += 1
    return count


@inlined
def other_routes(d: Data, s: Routes, w: Work, count: int, mark: int) -> int:
    """Adds every other courier with a stop; how many there are then."""
    for c in range(len(d.start)):
        if s.size[s.row[c]] > 0 and w.tried_at[c] != mark and w.mine[c] == 1:
            w.tried[count] = c
            count += 1
    return count
