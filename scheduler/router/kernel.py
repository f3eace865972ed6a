"""The search with the compiled kernel: from a frame to a state, within a budget, on one core or two.

Steps are deterministic: their number, the seed and the number of cores decide. On two cores two searches run side by side: on a large day
each on a half of it (kernel_halves), else both on all of it, and from time to time the worse one goes on from the better one's best plan.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

import numpy as np

from scheduler.router.budget import Budget
from scheduler.router.kernel_data import Data, Ints, data_of
from scheduler.router.kernel_halves import LARGE, SEARCHES, Halves
from scheduler.router.kernel_routes import Routes, routes_of
from scheduler.router.kernel_steps import CONSTRUCT, LOAD, SEARCH, enter
from scheduler.router.kernel_work import BEST, BEST_MISSING, STEP, Work, work_of
from scheduler.router.state import Costs, Frame, Orders, State

HOT, COLD = 1.0, 0.015  # first and last temperature, in mean costs of going on to the next stop
REHEATED = 0.3  # the first temperature of later coolings
CYCLE = 4000  # steps for each stop that make one cooling,
CYCLES_MOST = 6  # of which there are no more than these
QUENCH = 0.02  # of the budget goes by before the first one
STAGES = 200  # temperatures in between
MEETINGS = 10  # of two searches side by side
STEPS = 100  # of the kernel for one step of the limit: so long takes OR-Tools for one of its own
FIRST_STEPS = 100  # before the speed is known


@dataclass(slots=True)
class Search:
    """One search: its tables; the mean cost of going on to the next stop, and how often it cools down (0: not known yet)."""

    d: Data
    s: Routes
    w: Work
    movable: Ints
    scale: float = 0.0
    cycles: int = 0

    def enter(self, what: int, steps: int = 0, temperature: float = 0.0) -> bool:
        return enter(self.d, self.s, self.w, self.movable, what, steps, temperature)

    @property
    def rank(self) -> tuple[int, float]:
        """The best plan's; the smaller, the better."""
        return int(self.w.counts[BEST_MISSING]), float(self.w.tally[BEST])

    def orders(self) -> Orders:
        """The best plan's."""
        best, sizes = self.w.best_node, self.w.best_size
        return tuple(tuple(best[c, 1 : sizes[c] + 1].tolist()) for c in range(len(sizes)))

    def now(self) -> Orders:
        """Those of the plan as it stands."""
        node, size = self.s.node, self.s.size
        return tuple(tuple(node[x, 1 : size[x] + 1].tolist()) for x in self.s.row)

    def own(self, mine: Ints, movable: Ints) -> None:
        """From the next start on only these couriers' routes are changed (0 or 1 for each), and only these stops moved."""
        self.w.mine[:] = mine
        self.d.movable[:] = 0
        self.d.movable[movable] = 1
        self.movable = movable

    def start(self, orders: Orders) -> None:
        """Go on from these orders; they must keep every rule."""
        for c, order in enumerate(orders):
            x = self.s.row[c]
            self.s.size[x] = len(order)
            self.s.node[x, 1 : len(order) + 1] = order
        kept = self.enter(LOAD)
        assert kept, "the kernel was handed an order that breaks a rule"


def open_search(frame: Frame, costs: Costs, seed: int, tables: tuple[Ints, Ints] | None = None) -> Search:
    """The tables, filled with what is locked, and everything compiled (or loaded from disk). `tables` are the day's ways as arrays."""
    d = data_of(frame, [costs.of(c, ()) or 0 for c in range(len(frame.day.couriers))], tables)
    s = routes_of(d, _longest_order(d, frame))
    search = Search(d, s, work_of(d, s, seed), np.flatnonzero(d.movable))
    search.enter(SEARCH)
    search.start(frame.heads)
    return search


def improve(searches: Sequence[Search], frame: Frame, budget: Budget) -> State:
    """The best state that the searches find together. They begin with what `open_search` gave them."""
    for search in searches:
        if len(search.movable):
            search.enter(CONSTRUCT, 1)
    company = _company(searches)
    if len(searches[0].movable):
        total, steps = budget.seconds(), (budget.steps or 0) * STEPS
        with ThreadPoolExecutor(len(searches)) as pool:
            for meeting in range(company.meetings):
                company.meet()
                part = meeting / company.meetings, (meeting + 1) / company.meetings
                tasks = [pool.submit(_anneal, search, part, budget, total, steps) for search in searches]
                for task in tasks:
                    task.result()
        budget.take((steps + STEPS - 1) // STEPS)
    orders = company.close()
    served = {i for order in orders for i in order}
    return State(orders, frozenset(i for i in frame.free if i not in served) | frame.dropped)


def hurry(search: Search, steps: int, stages: int = 10) -> Orders:
    """The best orders after so many steps from nothing, cooling down once."""
    if len(search.movable):
        search.enter(CONSTRUCT, 1)
        search.enter(SEARCH, steps // stages)
        search.scale = _scale(search)
        for stage in range(1, stages):
            search.enter(SEARCH, steps // stages, search.scale * REHEATED * (COLD / REHEATED) ** (stage / stages))
    return search.orders()


def _anneal(search: Search, part: tuple[float, float], budget: Budget, total: float | None, steps: int) -> None:
    """One part of the whole annealing, from one share of the budget to another."""
    if not len(search.movable):
        return
    if total is None:
        _anneal_by_steps(search, part, steps)
    else:
        _anneal_by_time(search, part, budget, total)


def _anneal_by_steps(search: Search, part: tuple[float, float], steps: int) -> None:
    first, last = (round(STAGES * share) for share in part)
    for stage in range(first, last):
        count = steps * (stage + 1) // STAGES - steps * stage // STAGES
        search.enter(SEARCH, count, _temperature(search, stage / STAGES))


def _anneal_by_time(search: Search, part: tuple[float, float], budget: Budget, total: float) -> None:
    count = FIRST_STEPS
    while True:
        before = budget.seconds() or 0.0
        share = 1 - before / total if total > 0 else 1.0
        if share >= part[1]:
            return
        search.enter(SEARCH, count, _temperature(search, share))
        took = before - (budget.seconds() or 0.0)
        count = max(FIRST_STEPS, min(2 * count, round(count * total / STAGES / max(took, 1e-6))))


def _temperature(search: Search, share: float) -> float:
    """At a share of the budget: none at first, so that the cost of ways is one of a fair plan; then from hot to cold, several times
    where there are steps enough.
    """
    if share < QUENCH:
        return 0.0
    if search.cycles == 0:
        search.scale = _scale(search)
        steps = float(search.w.counts[STEP]) / share
        search.cycles = max(1, min(CYCLES_MOST, round(steps / (CYCLE * len(search.movable)))))
    cycle, inside = divmod((share - QUENCH) / (1 - QUENCH) * search.cycles, 1)
    hot = HOT if cycle == 0 else REHEATED
    return search.scale * hot * float((COLD / hot) ** inside)


def _scale(search: Search) -> float:
    """The mean cost of going on from one stop to the next in the plan as it stands."""
    d, s = search.d, search.s
    money, ways = 0.0, 0
    for c, x in enumerate(s.row):
        size = int(s.size[x])
        if size:
            money += float(s.cost[x]) - float(d.opening[c]) - size * float(d.per_stop[c])
            ways += size + 1
    return max(money / ways if ways else 0.0, 1e-9)


@dataclass(frozen=True, slots=True)
class Together:
    """Searches that all have the whole day."""

    searches: Sequence[Search]
    meetings: int = MEETINGS

    def meet(self) -> None:
        """Every search that is worse than the best one goes on from that one's best plan."""
        best = min(self.searches, key=lambda search: search.rank)
        for search in self.searches:
            if search.rank > best.rank:
                search.start(best.orders())

    def close(self) -> Orders:
        """The best plan found."""
        return min(self.searches, key=lambda search: search.rank).orders()


def _company(searches: Sequence[Search]) -> Together | Halves:
    movable = searches[0].movable
    if len(searches) == SEARCHES and len(movable) >= LARGE:
        return Halves(searches, Random(int(searches[0].w.rng[0])), movable)
    return Together(searches)


def _longest_order(d: Data, frame: Frame) -> int:
    """The most stops that one route can have: as many of the lightest as the roomiest courier can carry."""
    most = len(d.service)
    for k in range(d.load.shape[1]):
        carried = np.cumsum(np.sort(d.load[:, k]))
        most = min(most, int(np.searchsorted(carried, d.room[:, k].max(initial=0), side="right")))
    return max(most, *(len(head) for head in frame.heads), 1)
