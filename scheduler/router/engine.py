"""`solve`: lay the problem out, search, repair, time the routes exactly, say why the rest stays, and have the referee check it all.

A search hands over orders of stops and nothing else. Whatever found them, the repair and the exact schedule come after it, so
that every plan keeps the same rules. Two engines search: OR-Tools every day, the compiled kernel those that it can express.
"""

from collections.abc import Callable
from importlib.util import find_spec
from random import Random
from time import perf_counter
from typing import Literal, get_args

from domain.errors import RuleError
from scheduler.router.budget import Budget, Clock
from scheduler.router.day import Day, lay_out
from scheduler.router.plan import Plan
from scheduler.router.problem import Limit, Problem, Seconds
from scheduler.router.reading import check_ids
from scheduler.router.reasons import reason_of
from scheduler.router.repair import drop_dear, fill, polish, valid, waiting
from scheduler.router.schedule import route_of
from scheduler.router.state import Costs, Frame, State, frame_of

Engine = Literal["auto", "ortools", "kernel"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
SMALL_DAY = 12  # free stops up to which OR-Tools finds the best plan anyway, and the kernel isn't loaded
POLISH_SHARE = 0.1  # of the time
POLISH_MOST_S = 3.0
POLISH_STEPS = 0.5  # steps of polishing for one step of the search,
POLISH_LEAST_STEPS = 20  # and at least
FINISH_SHARE = 0.03  # of the time, for the exact times and the reasons
FINISH_MOST_S = 1.0
REASON_S = 0.002  # for the reason of each stop that may be left out, but
REASONS_SHARE = 0.1  # of the time at most
FILL_ROUNDS = 5  # of dropping what is too dear and placing what fits, at the end

Searching = Callable[[Limit, float], tuple[State, Budget]]


class PlanRejected(Exception):
    """The referee found a broken rule in the finished plan: an error of the router's own."""


def solve(
    problem: Problem,
    *,
    seed: int,
    limit: Limit,
    engine: Engine = "auto",
    cores: int = 1,
    clock: Clock = perf_counter,
) -> Plan:
    """The best plan found within the limit, in the calling process.

    Same problem, seed, engine, cores and `Steps`: same plan. `Seconds` counts from after imports and compilation, by `clock`. With
    `auto` the kernel searches where it can express the day and numba is installed, else OR-Tools, and the plan's `engine` says
    why. Raises RuleError where ids are doubled or unknown, or `kernel` is asked for and can't be had.
    """
    began = perf_counter()
    check_ids(problem)
    costs = Costs(lay_out(problem))
    frame = frame_of(costs.day, costs)
    hindrance = _hindrance(costs.day, len(frame.free), engine)
    searching = (
        _ortools(frame, costs, seed, clock) if hindrance is not None else _kernel(frame, costs, seed, cores, clock)
    )
    startup_s, started = perf_counter() - began, clock()
    state, rest = searching(limit, started)
    plan = finished(frame, costs, state, rest, engine_name(hindrance), startup_s, clock, started)
    return checked(problem, plan)


def engine_name(hindrance: str | None) -> str:
    """What a plan says of its engine: OR-Tools with the reason why it wasn't the kernel, if there is one."""
    if hindrance is None:
        return "kernel"
    return f"ortools ({hindrance})" if hindrance else "ortools"


def _hindrance(day: Day, free: int, engine: Engine) -> str | None:
    """Why the kernel isn't used, empty where that was asked for or makes no difference; None where it is."""
    from scheduler.router.kernel_data import refusal

    if engine == "ortools":
        return ""
    refused = refusal(day)
    reason = f"the kernel has no {refused}" if refused else None if find_spec("numba") else "numba is not installed"
    if engine == "kernel" and reason is not None:
        raise RuleError(f"--engine: {reason}; use auto or ortools")
    if engine == "auto" and free <= SMALL_DAY:
        return ""
    return reason


def _ortools(frame: Frame, costs: Costs, seed: int, clock: Clock) -> Searching:
    from scheduler.router.search import search  # the solver takes a while to load, and few processes need it

    def searching(limit: Limit, started: float) -> tuple[State, Budget]:
        rng = Random(seed)
        first, polishing, filling = budgets(limit, started, clock)
        state = search(frame, costs, rng, first)
        state = polish(frame, costs, _filled(frame, costs, state, polishing), rng, polishing)
        return state, filling

    return searching


def _kernel(frame: Frame, costs: Costs, seed: int, cores: int, clock: Clock) -> Searching:
    from scheduler.router.kernel import improve, open_search  # numba takes a while to load, and longer to compile

    optional = sum(stop.price is not None for stop in frame.day.stops)
    searches = [open_search(frame, costs, 2 * seed + k) for k in range(cores)]

    def searching(limit: Limit, started: float) -> tuple[State, Budget]:
        _, _, filling = budgets(limit, started, clock)
        state = improve(searches, frame, _all_but_the_end(limit, started, clock, optional))
        return valid(frame, costs, state.orders), filling

    return searching


def _all_but_the_end(limit: Limit, started: float, clock: Clock, optional: int) -> Budget:
    """What the kernel may use: what it finds needs no polishing, but each stop that it leaves out needs its reason."""
    if not isinstance(limit, Seconds):
        return Budget(None, limit.steps, clock)
    finish = max(
        min(FINISH_MOST_S, FINISH_SHARE * limit.seconds), min(REASONS_SHARE * limit.seconds, REASON_S * optional)
    )
    return Budget(started + limit.seconds - finish, None, clock)


def budgets(limit: Limit, started: float, clock: Clock = perf_counter) -> tuple[Budget, Budget, Budget]:
    """What the search, the polishing after it and the last filling may use, when the clock stood at `started`."""
    if isinstance(limit, Seconds):
        finish = min(FINISH_MOST_S, FINISH_SHARE * limit.seconds)
        polish = min(POLISH_MOST_S, POLISH_SHARE * limit.seconds)
        ends = started + limit.seconds - finish - polish, started + limit.seconds - finish, started + limit.seconds
        first, second, third = (Budget(end, None, clock) for end in ends)
        return first, second, third
    polish_steps = max(POLISH_LEAST_STEPS, round(POLISH_STEPS * limit.steps))
    return Budget(None, limit.steps), Budget(None, polish_steps), Budget(None, None)


def finished(
    frame: Frame,
    costs: Costs,
    state: State,
    budget: Budget,
    engine: str,
    startup_s: float,
    clock: Clock,
    started: float,
) -> Plan:
    state, ended = _settled(frame, costs, state, budget)
    routes = [route_of(frame.day, c, order) for c, order in enumerate(state.orders)]
    kept = tuple(route for route in routes if route is not None)
    stops = frame.day.stops
    assert sum(len(route.stops) for route in kept) + len(state.outside) == len(stops), "an order lost its times"
    unserved = tuple(reason_of(frame, costs, state, i, ended=ended) for i in sorted(state.outside))
    return Plan(
        routes=kept,
        unserved=unserved,
        unserved_mandatory=sum(stops[i].price is None for i in state.outside),
        cost=sum(route.cost for route in kept) + sum(stops[i].price or 0 for i in sorted(state.outside)),
        seconds=clock() - started,
        startup_s=startup_s,
        engine=engine,
    )


def checked(problem: Problem, plan: Plan) -> Plan:
    """The plan, if the referee has nothing against it."""
    from scheduler.referee import check  # it knows this package, so it can't be loaded with it

    broken = check(problem, plan)
    if broken:
        first = broken[0]
        raise PlanRejected(f"{len(broken)} rules broken, first {first.rule}: {first.subject}: {first.text}")
    return plan


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
