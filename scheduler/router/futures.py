"""One sampled future after another over the same places, each planned in a hurry: what would go now, and what at a later decision?

Each courier is there twice: once leaving now, once leaving at the next decision. Who is sent now may well be back by then, or not: the
twin is a guess, as the whole future is one. Breaks and reloads are left out, several windows become one: a scenario decides what to
hold, and is never driven.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

from scheduler.router.day import NO_WAY, Day, lay_out
from scheduler.router.engine import solve
from scheduler.router.plan import Plan
from scheduler.router.problem import Courier, Problem, Steps, Stop
from scheduler.router.state import Costs, frame_of

LATER = "later/"  # before the id of a courier's twin
BOUNDLESS = 1 << 40  # the capacity of a vehicle that may be emptied on the way
SLOW_STEPS = 100  # of the kernel make one step of OR-Tools

Chosen = tuple[bool, tuple[str, ...]]
"""One route of a scenario: does it leave later, and its stops in order."""


@dataclass(slots=True)
class Futures:
    """The problem's places and couriers, laid out once. `now` and `later` are the ids of couriers, `last` the day that was laid out."""

    problem: Problem
    now: tuple[str, ...]
    later: tuple[str, ...]
    day: Day
    tables: Any = None
    kernel: bool = False
    hulls: bool = False

    def plan(self, stops: Sequence[Stop], seed: int, steps: int) -> list[Chosen]:
        """The routes of a good plan for these stops; `steps` are the kernel's."""
        problem = replace(self.problem, stops=tuple(_hull(stop) for stop in stops) if self.hulls else tuple(stops))
        return self._quickly(problem, seed, steps) if self.kernel else _slowly(problem, seed, steps)

    def _quickly(self, problem: Problem, seed: int, steps: int) -> list[Chosen]:
        from scheduler.router.kernel import hurry, open_search
        from scheduler.router.kernel_data import tables_of

        costs = Costs(lay_out(problem, self.day))
        frame = frame_of(costs.day, costs)
        if self.tables is None:
            self.tables = tables_of(self.day)
        orders = hurry(open_search(frame, costs, seed, self.tables), steps)
        return [
            (problem.couriers[c].id.startswith(LATER), tuple(problem.stops[i].id for i in order))
            for c, order in enumerate(orders)
            if order
        ]

    def warm(self) -> None:
        """Loads and compiles what `plan` needs."""
        if self.kernel:
            self.plan(self.problem.stops, 0, 0)

    def detour(self, order: Sequence[str], k: int, stops: Mapping[str, Stop]) -> float:
        """What the stop at position k of a route adds to it in driving, by the first courier's tariff."""
        who = self.problem.couriers[0]
        before = stops[order[k - 1]].at if k else who.start
        after = stops[order[k + 1]].at if k + 1 < len(order) else who.end
        at = stops[order[k]].at
        return self._way(before, at) + self._way(at, after) - self._way(before, after) + who.cost.per_stop

    def _way(self, a: int | None, b: int | None) -> float:
        if a is None or b is None:
            return 0
        tariff, drive, metres = self.problem.couriers[0].cost, self.day.drive[a][b], self.day.metres[a][b]
        return 0 if drive >= NO_WAY else (tariff.per_drive_s + tariff.per_work_s) * drive + tariff.per_m * metres

    def allowed(self, stop: Stop, *, now: bool, later: bool) -> Stop:
        """The stop for those who leave now, later, or either."""
        names = [*(self.now if now else ()), *(self.later if later else ())]
        if stop.allowed is not None:
            mine = {*stop.allowed, *(LATER + name for name in stop.allowed)}
            names = [name for name in names if name in mine]
        elif now and later:
            return stop
        return replace(stop, allowed=tuple(names))

    def can_wait(self, stop: Stop) -> bool:
        """Could somebody who leaves later, with nothing else to do, still serve it?"""
        by_id = {who.id: who for who in self.problem.couriers}
        names = self.allowed(stop, now=False, later=True).allowed or ()
        return any(self._reaches(by_id[name], stop) for name in names)

    def _reaches(self, who: Courier, stop: Stop) -> bool:
        there = 0 if who.start is None else self._drive(who.start, stop.at)
        back = 0 if who.end is None else self._drive(stop.at, who.end)
        ready = who.shift[0] + there
        ends = [b for _, b in stop.windows if b >= ready]
        if stop.windows and not ends and stop.late_per_s is None:
            return False
        start = min((max(ready, a) for a, b in stop.windows if b >= ready), default=ready)
        fits = start + stop.setup_s + stop.service_s + back <= who.shift[1]
        roomy = all(a <= b for a, b in zip(stop.load, who.capacity, strict=True))
        return fits and roomy and max(there, back) < NO_WAY

    def _drive(self, a: int, b: int) -> int:
        return self.day.drive[a][b]


def _slowly(problem: Problem, seed: int, steps: int) -> list[Chosen]:
    plan: Plan = solve(problem, seed=seed, limit=Steps(max(1, steps // SLOW_STEPS)), engine="ortools")
    return [(r.courier.startswith(LATER), tuple(v.id for v in r.stops)) for r in plan.routes if r.stops]


def futures_of(
    problem: Problem, *, now_s: int, epoch_s: int, locked: Collection[str], later: Sequence[Courier] | None = None
) -> Futures:
    """The couriers of `problem` and their twins, who leave one epoch later, or those of `later`. Stops of `locked` stay in every
    scenario's history.
    """
    couriers = [_simple(who) for who in problem.couriers]
    if later is None:
        twins = [twin for who in couriers if (twin := _twin(who, problem, now_s, epoch_s)) is not None]
    else:
        twins = [replace(_simple(who), id=LATER + who.id) for who in later]
    kept = tuple(stop for stop in problem.stops if stop.id in locked)
    whole = replace(problem, couriers=(*couriers, *twins), stops=kept)
    day = lay_out(whole)
    found = Futures(whole, tuple(c.id for c in couriers), tuple(c.id for c in twins), day)
    if find_spec("numba") is not None:
        found.hulls = not _expressible(day, problem.stops)
        found.kernel = not found.hulls or _expressible(day, [_hull(stop) for stop in problem.stops])
    return found


def _hull(stop: Stop) -> Stop:
    """The stop with one hard window around all of its own; where lateness has a price, with none."""
    if stop.late_per_s is not None or not stop.windows:
        return replace(stop, windows=(), late_per_s=None)
    return replace(stop, windows=((min(a for a, _ in stop.windows), max(b for _, b in stop.windows)),))


def _expressible(day: Day, stops: Iterable[Stop]) -> bool:
    from scheduler.router.kernel_data import refusal

    return refusal(replace(day, stops=tuple(stops), windows=tuple(stop.windows for stop in stops))) is None


def _simple(who: Courier) -> Courier:
    capacity = tuple(BOUNDLESS for _ in who.capacity) if who.reload_at else who.capacity
    return replace(who, breaks=(), reload_at=(), reload_s=0, capacity=capacity)


def _twin(who: Courier, problem: Problem, now_s: int, epoch_s: int) -> Courier | None:
    """The courier as of the next decision; None where the shift is over by then."""
    begin = max(who.shift[0], now_s if problem.now is None else problem.now)
    later = (
        begin if begin > now_s + epoch_s else begin + epoch_s
    )  # who begins after the next decision anyway loses nothing
    if later >= who.shift[1]:
        return None
    return replace(who, id=LATER + who.id, shift=(later, who.shift[1]))
