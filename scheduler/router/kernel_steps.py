"""One step of the kernel after the other: ruin, recreate, and keep the result or undo it by annealing. Compiled.

Plans compare by stops that must be served and aren't, then by cost. While some are missing, a plan that swaps a stop missing often for
one missing seldom is kept too, as in the paper's way of saving routes.
"""

import math

from scheduler.router.kernel_cache import entry, inlined
from scheduler.router.kernel_data import Data, Ints
from scheduler.router.kernel_moves import FAR_FIRST, ORDERS, add_all, add_lost, arrange, gift_of, recreate, ruin
from scheduler.router.kernel_routes import INFINITE, Routes, draw
from scheduler.router.kernel_work import (
    BEST,
    BEST_MISSING,
    CHANGED,
    LOST,
    MISSING,
    NOW,
    OUT,
    STALE,
    STEP,
    USED,
    Work,
    keep_stale,
    load,
    other_row,
    undo,
)

LEAST_GAIN = 1e-9  # of the cost: less than that is an error of adding
LOAD, CONSTRUCT, SEARCH = range(3)


@entry
def enter(d: Data, s: Routes, w: Work, movable: Ints, what: int, steps: int, temperature: float) -> bool:
    """The only door from the interpreter, since each one is compiled with everything behind it. False where LOAD breaks a rule."""
    kept = True
    if what == LOAD:
        kept = load(d, s, w)
    else:
        for _ in range(steps):
            seed = movable[int(draw(w.rng) * len(movable))] if what == SEARCH else -1
            step(d, s, w, seed, temperature if seed >= 0 else INFINITE)
    return kept


@inlined
def step(d: Data, s: Routes, w: Work, seed: int, temperature: float) -> None:
    """One ruin and recreate around a stop, kept or undone. Without a seed (below 0) every stop outside is put in, where it fits."""
    w.counts[STEP] += 1
    w.counts[CHANGED], w.counts[OUT] = 0, 0
    order, gift = FAR_FIRST, INFINITE
    if seed >= 0:
        ruin(d, s, w, seed)
        add_lost(w)
        order, gift = draw(w.rng) * ORDERS, gift_of(d, w.rng)
    else:
        add_all(d, s, w)
    arrange(d, w, order)
    recreate(d, s, w, gift)
    judge(d, s, w, temperature)


@inlined
def judge(d: Data, s: Routes, w: Work, temperature: float) -> None:
    """Keeps the changed routes or turns back to those before."""
    cost, missing, used = w.tally[NOW], w.counts[MISSING], w.counts[USED]
    for k in range(w.counts[CHANGED]):
        x = s.row[w.changed[k]]
        y = other_row(d, x)
        cost += s.cost[x] - s.cost[y]
        used += min(1, s.size[x]) - min(1, s.size[y])
    often = 0
    for k in range(w.counts[OUT]):
        i, was = w.out[k], w.was_out[k] == 1
        left = s.where[i] < 0
        if was != left:
            sign = 1 if left else -1
            if d.price[i] < INFINITE:
                cost += sign * d.price[i]
            else:
                missing += sign
                often += sign * w.absent[i]
    keep = often < 0 or missing < w.counts[MISSING]
    if missing == w.counts[MISSING]:
        keep = keep or cost < w.tally[NOW] - temperature * math.log(max(draw(w.rng), 1e-300))
    if keep or temperature >= INFINITE:
        w.tally[NOW], w.counts[MISSING], w.counts[USED] = cost, missing, used
        note_lost(d, s, w)
        note_stale(w)
        better = cost < w.tally[BEST] - LEAST_GAIN * abs(w.tally[BEST])
        if missing < w.counts[BEST_MISSING] or (missing == w.counts[BEST_MISSING] and better):
            keep_stale(s, w)
    else:
        undo(d, s, w)


@inlined
def note_lost(d: Data, s: Routes, w: Work) -> None:
    """The list of lost stops after a step that is kept."""
    lost = 0
    for k in range(w.counts[LOST]):
        if s.where[w.lost[k]] < 0:
            w.lost[lost] = w.lost[k]
            lost += 1
    for k in range(w.counts[OUT]):
        i = w.out[k]
        if w.was_out[k] == 0 and s.where[i] < 0 and d.price[i] >= INFINITE:
            w.lost[lost] = i
            lost += 1
    w.counts[LOST] = lost
    for k in range(lost):
        w.absent[w.lost[k]] += 1


@inlined
def note_stale(w: Work) -> None:
    """The changed routes differ from the best plan's now."""
    for k in range(w.counts[CHANGED]):
        c = w.changed[k]
        if w.is_stale[c] == 0:
            w.is_stale[c] = 1
            w.stale[w.counts[STALE]] = c
            w.counts[STALE] += 1
