"""`solve`: lay the problem out, search, repair, time the routes exactly, and say why the rest stays.

A search hands over orders of stops and nothing else. Whatever found them, the repair and the exact schedule come after it, so
that every plan keeps the same rules.
"""

from random import Random
from time import perf_counter

from scheduler.router.budget import Budget
from scheduler.router.day import lay_out
from scheduler.router.plan import Plan
from scheduler.router.problem import Limit, Problem, Seconds
from scheduler.router.reading import check_ids
from scheduler.router.reasons import reason_of
from scheduler.router.repair import drop_dear, fill, polish, waiting
from scheduler.router.schedule import route_of
from scheduler.router.state import Costs, Frame, State, frame_of

ENGINE = "ortools"
POLISH_SHARE = 0.1  # of the time
POLISH_MOST_S = 3.0
POLISH_STEPS = 0.5  # steps of polishing for one step of the search,
POLISH_LEAST_STEPS = 20  # and at least
FINISH_SHARE = 0.03  # of the time, for the exact times and the reasons
FINISH_MOST_S = 1.0
FILL_ROUNDS = 5  # of dropping what is too dear and placing what fits, at the end


def solve(problem: Problem, *, seed: int, limit: Limit) -> Plan:
    """The best plan found within the limit, in the calling process.

    Same problem, seed and `Steps`: same plan. `Seconds` counts from after the imports. Raises RuleError where ids are doubled
    or unknown.
    """
    began = perf_counter()
    from scheduler.router.search import search  # the solver takes a while to load, and few processes need it

    started = perf_counter()
    check_ids(problem)
    rng = Random(seed)
    costs = Costs(lay_out(problem))
    frame = frame_of(costs.day, costs)
    searching, polishing, filling = budgets(limit, started)
    state = search(frame, costs, rng, searching)
    state = polish(frame, costs, _filled(frame, costs, state, polishing), rng, polishing)
    state, ended = _settled(frame, costs, state, filling)
    routes = [route_of(frame.day, c, order) for c, order in enumerate(state.orders)]
    kept = tuple(route for route in routes if route is not None)
    assert sum(len(route.stops) for route in kept) + len(state.outside) == len(problem.stops), "an order lost its times"
    unserved = tuple(reason_of(frame, costs, state, i, ended=ended) for i in sorted(state.outside))
    stops = problem.stops
    return Plan(
        routes=kept,
        unserved=unserved,
        unserved_mandatory=sum(stops[i].price is None for i in state.outside),
        cost=sum(route.cost for route in kept) + sum(stops[i].price or 0 for i in sorted(state.outside)),
        seconds=perf_counter() - started,
        startup_s=started - began,
        engine=ENGINE,
    )


def budgets(limit: Limit, started: float) -> tuple[Budget, Budget, Budget]:
    """What the search, the polishing after it and the last filling may use, when the clock stood at `started`."""
    if isinstance(limit, Seconds):
        finish = min(FINISH_MOST_S, FINISH_SHARE * limit.seconds)
        polish = min(POLISH_MOST_S, POLISH_SHARE * limit.seconds)
        end = started + limit.seconds
        return Budget(end - finish - polish, None), Budget(end - finish, None), Budget(end, None)
    polish_steps = max(POLISH_LEAST_STEPS, round(POLISH_STEPS * limit.steps))
    return Budget(None, limit.steps), Budget(None, polish_steps), Budget(None, None)


def _settled(frame: Frame, costs: Costs, state: State, budget: Budget) -> tuple[State, bool]:
    """The state with everything placed that fits; and whether the time was up before that was sure."""
    for _ in range(FILL_ROUNDS):
        before = state
        state = _filled(frame, costs, state, budget)
        if state == before:
            break
    return state, budget.spent()


def _filled(frame: Frame, costs: Costs, state: State, budget: Budget) -> State:
    return fill(frame, costs, drop_dear(frame, costs, state), budget, waiting(frame, state))
