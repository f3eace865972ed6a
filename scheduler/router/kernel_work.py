"""What a search of the kernel remembers from step to step, and how a changed route is undone. Compiled."""

from typing import NamedTuple

import numpy as np

from scheduler.router.kernel_cache import compiled, inlined
from scheduler.router.kernel_data import Data, Floats, Ints
from scheduler.router.kernel_routes import INFINITE, Routes, fill_row

NOW, BEST = range(2)
MISSING, BEST_MISSING, STEP, CHANGED, STALE, OUT, LOST, USED = range(8)


class Work(NamedTuple):
    """`tally` is the cost now and at best. `counts` (see the names above) are the stops missing now and at best, the number of the step,
    the lengths of `changed`, `stale`, `out` and `lost`, and the couriers with a stop.

    `changed` are the couriers turned to their spare row in this step, `stale` those whose routes differ from the best plan's.
    `out` is the list of stops to be put in, `was_out` which of them were outside before the step. `lost` are the stops outside that
    must be served, and `absent[i]` says how often one was. `empties` is a courier without a stop of each kind, -1 for none. `tried`
    lists the couriers to be tried for a stop. `mine[c]` is 1 where this search may change courier c's route.
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
    tried: Ints
    tried_at: Ints
    stale: Ints
    is_stale: Ints
    best_node: Ints
    best_size: Ints
    empties: Ints
    mine: Ints


def work_of(d: Data, s: Routes, seed: int) -> Work:
    """A fresh memory for the routes of `s`, from which the search starts."""
    couriers, stops = len(d.start), len(d.service)
    kinds = int(d.kind.max(initial=-1)) + 1

    def numbers(size: int) -> Ints:
        return np.zeros(size, dtype=np.int64)

    return Work(
        tally=np.zeros(2, dtype=np.float64),
        counts=numbers(8),
        rng=np.array([(2 * seed + 1) * 0x9E3779B97F4A7C15 % 2**64], dtype=np.uint64),
        out=numbers(stops),
        was_out=numbers(stops),
        keys=np.zeros(stops, dtype=np.float64),
        lost=numbers(stops),
        lost_before=numbers(stops),
        absent=numbers(stops),
        changed=numbers(couriers),
        changed_at=numbers(couriers),
        tried=numbers(couriers),
        tried_at=numbers(couriers),
        stale=numbers(couriers),
        is_stale=numbers(couriers),
        best_node=s.node[:couriers].copy(),
        best_size=s.size[:couriers].copy(),
        empties=numbers(kinds),
        mine=np.ones(couriers, dtype=np.uint8),
    )


@compiled
def load(d: Data, s: Routes, w: Work) -> bool:
    """Computes every row from its nodes, and the tally; the plan becomes the best one. False where an order breaks a rule."""
    w.counts[LOST], w.counts[USED], w.counts[STALE] = 0, 0, 0
    w.empties[:] = -1
    w.is_stale[:] = 0
    s.where[:] = -1
    total, kept = 0.0, True
    for c in range(len(d.start) - 1, -1, -1):
        x = s.row[c]
        kept = fill_row(d, s, c, x) and kept
        total += s.cost[x]
        w.best_size[c] = s.size[x]
        for p in range(1, s.size[x] + 1):
            w.best_node[c, p] = s.node[x, p]
            s.where[s.node[x, p]] = c
        if s.size[x] == 0:
            emptied(d, w, c)
        else:
            w.counts[USED] += 1
    for i in range(len(d.service)):
        if s.where[i] < 0 and d.movable[i] == 1:
            if d.price[i] < INFINITE:
                total += d.price[i]
            else:
                w.lost[w.counts[LOST]] = i
                w.counts[LOST] += 1
    w.tally[NOW] = w.tally[BEST] = total
    w.counts[MISSING] = w.counts[BEST_MISSING] = w.counts[LOST]
    return kept


@inlined
def keep_stale(s: Routes, w: Work) -> None:
    """The plan as it stands becomes the best one, which differs from it in the stale routes."""
    w.tally[BEST], w.counts[BEST_MISSING] = w.tally[NOW], w.counts[MISSING]
    for k in range(w.counts[STALE]):
        c = w.stale[k]
        x = s.row[c]
        w.is_stale[c] = 0
        w.best_size[c] = s.size[x]
        for p in range(1, s.size[x] + 1):
            w.best_node[c, p] = s.node[x, p]
    w.counts[STALE] = 0


@inlined
def other_row(d: Data, x: int) -> int:
    """The other row of the same courier."""
    couriers = len(d.start)
    return x + couriers if x < couriers else x - couriers


@inlined
def spare_row(d: Data, s: Routes, w: Work, c: int) -> int:
    """Turns courier c to its spare row, once a step; the row before, from which the new one is to be filled."""
    before = int(s.row[c])
    s.row[c] = other_row(d, before)
    w.changed[w.counts[CHANGED]] = c
    w.changed_at[c] = w.counts[STEP]
    w.counts[CHANGED] += 1
    return before


@inlined
def copy_row(d: Data, s: Routes, c: int, before: int) -> None:
    """Fills the row that courier c has been turned to with the one before."""
    x, size = s.row[c], s.size[before]
    s.size[x], s.cost[x] = size, s.cost[before]
    for p in range(size + 2):
        s.node[x, p], s.leave[x, p], s.last[x, p], s.arc[x, p] = (
            s.node[before, p], s.leave[before, p], s.last[before, p], s.arc[before, p],
        )  # fmt: skip
        if d.setups:
            s.warm[x, p] = s.warm[before, p]
        if d.soft:
            s.behind[x, p] = s.behind[before, p]
        if d.timed:
            for v in range(9):
                s.part[x, p, v] = s.part[before, p, v]
    for k in range(d.load.shape[1]):
        s.load[x, k] = s.load[before, k]


@inlined
def emptied(d: Data, w: Work, c: int) -> None:
    """Courier c has no stop any more; of each kind the first such courier is known."""
    kind = d.kind[c]
    if w.mine[c] == 1 and (w.empties[kind] < 0 or w.empties[kind] > c):
        w.empties[kind] = c


@inlined
def filled(d: Data, s: Routes, w: Work, c: int) -> None:
    """Courier c has a stop now: the next one of its kind without any takes its place."""
    kind = d.kind[c]
    if w.empties[kind] == c:
        w.empties[kind] = -1
        for other in range(c + 1, len(d.start)):
            if d.kind[other] == kind and s.size[s.row[other]] == 0 and w.mine[other] == 1:
                w.empties[kind] = other
                break


@inlined
def undo(d: Data, s: Routes, w: Work) -> None:
    """Turns the changed routes back."""
    for k in range(w.counts[OUT]):
        s.where[w.out[k]] = -1
    for k in range(w.counts[CHANGED]):
        c = w.changed[k]
        x = other_row(d, s.row[c])
        s.row[c] = x
        for p in range(1, s.size[x] + 1):
            s.where[s.node[x, p]] = c
    for k in range(w.counts[CHANGED]):
        c = w.changed[k]
        if s.size[s.row[c]] == 0:
            emptied(d, w, c)
        else:
            filled(d, s, w, c)
    for k in range(w.counts[LOST]):
        w.lost[k] = w.lost_before[k]
