"""Mending the plan of a day that runs: what can stay stays, so that nobody is told of a change that helps nobody.

The search that makes a plan begins with nothing and would turn a running day over. Here the routes as they are come first: what
breaks a rule leaves its route, what waits is put where it costs least, and only where a stop that must be served finds no place are
its neighbours moved. The exact schedule, the reasons and the referee are those of every plan.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from time import perf_counter

from scheduler.router.budget import Budget, Clock
from scheduler.router.day import Day, lay_out
from scheduler.router.engine import checked, finished
from scheduler.router.plan import Plan
from scheduler.router.problem import Limit, Problem, Seconds, Stop
from scheduler.router.reading import check_ids
from scheduler.router.repair import fill, near, step, valid, waiting
from scheduler.router.state import Costs, Frame, Orders, State, frame_of, rank

ENGINE = "mended"
PRESS_SHARE = 0.6  # of the time, for finding a place where there is none at once
LATER_SHARE = 0.5  # of the time, for the second try with longer windows

CourierOrders = Mapping[str, Sequence[str]]


def mend(problem: Problem, orders: CourierOrders, *, seed: int, limit: Limit, clock: Clock = perf_counter) -> Plan:
    """The plan nearest to `orders` (courier → stops after what is locked), in the calling process.

    Raises RuleError where ids are doubled or unknown.
    """
    began = perf_counter()
    check_ids(problem)
    costs = Costs(lay_out(problem))
    frame = frame_of(costs.day, costs)
    startup_s, started = perf_counter() - began, clock()
    pressing, filling = _budgets(limit, started, clock)
    state = valid(frame, costs, _orders(costs.day, orders))
    state = fill(frame, costs, state, filling, waiting(frame, state))
    state = _pressed(frame, costs, state, Random(seed), pressing)
    return checked(problem, finished(frame, costs, state, filling, ENGINE, startup_s, clock, started))


def mend_or_later(
    problem: Problem, *, seed: int, limit: Limit, orders: CourierOrders, later_s: int, clock: Clock = perf_counter
) -> tuple[Problem, Plan]:
    """The mended plan, and the problem that it answers: what must be served and can't be within its windows may begin up to
    `later_s` after the last of them.
    """
    plan = mend(problem, orders, seed=seed, limit=_part(limit, 1 - LATER_SHARE), clock=clock)
    lost = {left.id for left in plan.unserved}
    stops = tuple(_later(stop, later_s) if stop.id in lost else stop for stop in problem.stops)
    if stops == problem.stops:
        return problem, plan
    eased = replace(problem, stops=stops)
    return eased, mend(eased, orders_of(plan), seed=seed, limit=_part(limit, LATER_SHARE), clock=clock)


def mend_apart(
    problem: Problem, *, seed: int, limit: Limit, engine: str, cores: int, orders: CourierOrders, later_s: int
) -> tuple[Problem, Plan]:
    """The same as work for the router's own process, which knows engines and cores."""
    del engine, cores
    return mend_or_later(problem, seed=seed, limit=limit, orders=orders, later_s=later_s)


def orders_of(plan: Plan) -> dict[str, list[str]]:
    return {route.courier: [visit.id for visit in route.stops] for route in plan.routes}


def _later(stop: Stop, later_s: int) -> Stop:
    """An optional stop keeps its windows: it wasn't promised."""
    if stop.price is not None or not stop.windows:
        return stop
    begin, end = max(stop.windows)
    return replace(stop, windows=(*sorted(stop.windows)[:-1], (begin, end + later_s)))


def _part(limit: Limit, share: float) -> Limit:
    return Seconds(limit.seconds * share) if isinstance(limit, Seconds) else limit


def _budgets(limit: Limit, started: float, clock: Clock) -> tuple[Budget, Budget]:
    if isinstance(limit, Seconds):
        ends = started + limit.seconds * PRESS_SHARE, started + limit.seconds
        return Budget(ends[0], None, clock), Budget(ends[1], None, clock)
    return Budget(None, limit.steps, clock), Budget(None, None, clock)


def _orders(day: Day, orders: CourierOrders) -> Orders:
    """By index; what is history, or not of this day, is left out."""
    index = {stop.id: i for i, stop in enumerate(day.stops) if i not in day.done_stops}
    wanted = ([index[name] for name in orders.get(who.id, ()) if name in index] for who in day.couriers)
    return tuple(tuple(order) for order in wanted)


def _pressed(frame: Frame, costs: Costs, state: State, rng: Random, budget: Budget) -> State:
    """Moves neighbours of what found no place until it has one or the budget is spent. What is no worse is kept."""
    best, best_rank = state, rank(frame, costs, state)
    while (lost := _lost(frame, best)) and not budget.spent():
        budget.take(1)
        movable = near(frame.day, rng.choice(lost), [i for i in frame.free if frame.day.allowed[i]])
        if not movable:
            break
        found = step(frame, costs, best, rng, movable)
        found_rank = rank(frame, costs, found)
        if found_rank <= best_rank:
            best, best_rank = found, found_rank
    return best


def _lost(frame: Frame, state: State) -> list[int]:
    """What must be served, may be, and isn't."""
    return [i for i in waiting(frame, state) if frame.day.stops[i].price is None and frame.day.allowed[i]]
