"""The search with OR-Tools: a first solution, then iterated local search over clusters of neighbouring routes.

The set-up is the best of those measured on 17 public instances (100 to 1000 stops). The library's own seed is fixed, so the order of
nodes and the choice of clusters, drawn from the given generator, make the difference between seeds. Where steps are counted,
no time limit is set, and nothing depends on the clock.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from scheduler.router.budget import Budget
from scheduler.router.day import Day
from scheduler.router.model import Begin, Model, begin, build
from scheduler.router.nearest import nearest
from scheduler.router.plan import Route
from scheduler.router.problem import Courier
from scheduler.router.repair import valid
from scheduler.router.schedule import route_of
from scheduler.router.state import Costs, Frame, Orders, State, rank, start_of

CLUSTER_STOPS = 80  # stops of one cluster
CLUSTER_STEPS = 300  # iterations of one solve of a cluster, where steps are counted
CLUSTER_SHARE = 0.02  # of the whole time for one solve of a cluster, where time is
CLUSTER_LEAST_S = 0.1
CLUSTER_MOST_S = 2.0
SPARE_COURIERS = 1  # couriers without a stop, of each kind, offered to a cluster
SPARE_FIRST = (
    2  # spare couriers for each one that a quick plan needs: savings heuristics burn their time on a tight fleet
)
FIRST_SHARE = 0.5  # of the time left for one first solution; closing the model takes as long again at 1000 stops
MANY_STOPS = 500  # beyond them SAVINGS takes most of ten seconds
OUTSIDE_STOPS = 40  # stops without a route offered to a cluster
STUCK_S, STUCK_STEP_S = 2.0, 0.2  # far more than any step takes: a search that needs it is going nowhere
LOOKS_PER_STEP = 20  # neighbours looked at in one step for each stop, and one more
FAR = 10**9  # cost of an arc that the current solution doesn't have, while it is handed over

METAHEURISTIC = routing_enums_pb2.LocalSearchMetaheuristic
BOOL_FALSE, BOOL_TRUE = 2, 3  # ortools.util.OptionalBoolean
STRATEGY = routing_enums_pb2.FirstSolutionStrategy
OPERATORS = ("use_relocate", "use_exchange", "use_two_opt", "use_or_opt", "use_cross")
OPTIONAL_OPERATORS = ("use_make_active", "use_make_inactive", "use_swap_active", "use_make_chain_inactive")


@dataclass(frozen=True, slots=True)
class Cluster:
    couriers: tuple[int, ...]
    stops: tuple[int, ...]


def search(frame: Frame, costs: Costs, rng: Random, budget: Budget) -> State:
    """The best state found within the budget."""
    state = start_of(frame)
    first = {c: begin(frame.day, c, frame.heads[c]) for c in range(len(frame.day.couriers))}
    begins = {c: how for c, how in first.items() if how is not None}
    if not frame.free or not begins:
        return state
    state = _first(frame, costs, state, begins, rng, budget)
    total = budget.seconds()
    part = None if total is None else min(CLUSTER_MOST_S, max(CLUSTER_LEAST_S, CLUSTER_SHARE * total))
    while not budget.spent():
        cluster = _cluster(frame, state, begins, rng)
        state = _improved(frame, costs, state, cluster, begins, rng, budget, part)
    return state


def _first(frame: Frame, costs: Costs, state: State, begins: Mapping[int, Begin], rng: Random, budget: Budget) -> State:
    """The best of a few construction heuristics; what they all leave is for the repair."""
    best = nearest(frame, costs, state, budget)
    used = {c: None for c in begins if best.orders[c] != frame.heads[c]}
    spare = _spare(frame, best, used, begins, SPARE_FIRST * len(used) + 20)
    everybody = Cluster(tuple(sorted([*used, *spare])), frame.free)
    model = _model(frame, everybody, begins, rng)
    for strategy in _strategies(len(frame.free), timed=budget.until is not None):
        if strategy == STRATEGY.PARALLEL_CHEAPEST_INSERTION and rank(frame, costs, best)[0] == 0:
            continue
        parameters = pywrapcp.DefaultRoutingSearchParameters()
        parameters.first_solution_strategy = strategy
        parameters.solution_limit = 1
        left = budget.seconds()
        _set_time(parameters, None if left is None else FIRST_SHARE * left)
        solution = model.routing.SolveWithParameters(parameters)
        if solution:
            best = _better(frame, costs, best, _spread(frame, state.orders, everybody, model.orders(solution)))
    return best


def _strategies(stops: int, *, timed: bool) -> Sequence[int]:
    """In the order of trying; the last one, which serves more and costs more, only where the others leave mandatory stops."""
    if not timed:  # PARALLEL_SAVINGS can burn many seconds on a tight fleet, and there is no clock to stop it
        return STRATEGY.SAVINGS, STRATEGY.PARALLEL_CHEAPEST_INSERTION
    savings = (STRATEGY.PARALLEL_SAVINGS,) if stops > MANY_STOPS else (STRATEGY.SAVINGS, STRATEGY.PARALLEL_SAVINGS)
    return *savings, STRATEGY.PARALLEL_CHEAPEST_INSERTION


def _better(frame: Frame, costs: Costs, state: State, orders: Orders) -> State:
    found = valid(frame, costs, orders)
    return found if rank(frame, costs, found) < rank(frame, costs, state) else state


def _spread(frame: Frame, orders: Orders, cluster: Cluster, found: Orders) -> Orders:
    """`orders` with the cluster's couriers replaced by their heads and what was found after them."""
    changed = {c: (*frame.heads[c], *order) for c, order in zip(cluster.couriers, found, strict=True)}
    return tuple(changed.get(c, order) for c, order in enumerate(orders))


def _model(frame: Frame, cluster: Cluster, begins: Mapping[int, Begin], rng: Random) -> Model:
    return build(frame.day, {c: begins[c] for c in cluster.couriers}, cluster.stops, rng)


def _set_time(parameters: Any, seconds: float | None) -> None:
    if seconds is not None:
        parameters.time_limit.FromMilliseconds(max(1, round(1000 * seconds)))


def _cluster(frame: Frame, state: State, begins: Mapping[int, Begin], rng: Random) -> Cluster:
    """The routes around a random stop, some stops without a route near it, and couriers without a stop."""
    day, seed = frame.day, rng.choice(frame.free)
    owner = {i: c for c, order in enumerate(state.orders) for i in order}
    couriers: dict[int, None] = {}
    outside: list[int] = []
    count = 0
    for i in _by_distance(day, seed, frame.free):
        c = owner.get(i)
        if c is None:
            outside.append(i)
        elif c not in couriers and count < CLUSTER_STOPS:
            couriers[c] = None
            count += len(state.orders[c])
    spare = _spare(frame, state, couriers, begins, SPARE_COURIERS)
    chosen = tuple(sorted([*couriers, *spare]))
    stops = [i for c in chosen for i in state.orders[c] if i not in frame.heads[c]]
    return Cluster(chosen, (*stops, *outside[:OUTSIDE_STOPS]))


def _by_distance(day: Day, seed: int, stops: Sequence[int]) -> list[int]:
    at = day.stops[seed].at
    return sorted(stops, key=lambda i: (day.drive[at][day.stops[i].at] + day.drive[day.stops[i].at][at], i))


def _spare(
    frame: Frame, state: State, couriers: Mapping[int, None], begins: Mapping[int, Begin], most: int
) -> list[int]:
    """Of each kind of courier without a stop but locked ones, at most so many: each one more slows insertion."""
    counts: dict[int, int] = {}
    spare = []
    for c in begins:
        kind, order = frame.kind[c], state.orders[c]
        if c not in couriers and order == frame.heads[c] and counts.get(kind, 0) < most:
            counts[kind] = counts.get(kind, 0) + 1
            spare.append(c)
    return spare


def _improved(
    frame: Frame,
    costs: Costs,
    state: State,
    cluster: Cluster,
    begins: Mapping[int, Begin],
    rng: Random,
    budget: Budget,
    part: float | None,
) -> State:
    """The state with the cluster's routes searched anew, if that is no worse."""
    model = _model(frame, cluster, begins, rng)
    _hand_over(model, [state.orders[c][len(frame.heads[c]) :] for c in cluster.couriers], frame.heads)
    steps, left = budget.take(CLUSTER_STEPS), budget.seconds()
    how = GUIDED if any(_interrupted(frame.day.couriers[c]) for c in cluster.couriers) else ITERATED
    parameters = _parameters(frame, model)
    if left is None or part is None:
        solution = how.by_steps(model, parameters, len(cluster.stops), steps)
    else:
        _set_time(parameters, left if left < 2 * part else part)
        solution = how.by_time(model, parameters, len(cluster.stops))
    if not solution:
        return state
    found = valid(frame, costs, _spread(frame, state.orders, cluster, model.orders(solution)))
    return found if rank(frame, costs, found) <= rank(frame, costs, state) else state


def _parameters(frame: Frame, model: Model) -> Any:
    """What both ways of searching share: start from the current solution, few operators."""
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = STRATEGY.EVALUATOR_STRATEGY
    optional = any(frame.day.stops[node.stop].price is not None for node in model.nodes if node.stop is not None)
    reloads = any(node.reload for node in model.nodes)
    wanted = {*OPERATORS, *(OPTIONAL_OPERATORS if optional or reloads else ("use_make_active",))}
    operators = parameters.local_search_operators
    for field in operators.DESCRIPTOR.fields:
        setattr(operators, field.name, BOOL_TRUE if field.name in wanted else BOOL_FALSE)
    return parameters


def _iterated_by_time(model: Model, parameters: Any, stops: int) -> Any:
    _ruin(parameters, stops)
    annealing = parameters.iterated_local_search_parameters.reference_solution_acceptance_strategy.simulated_annealing
    annealing.initial_temperature = 0.3 * model.mean_arc
    annealing.final_temperature = 0.003 * model.mean_arc
    return model.routing.SolveWithIteratedLocalSearch(parameters)


def _iterated_by_steps(model: Model, parameters: Any, stops: int, steps: int) -> Any:
    """Annealing would look at the clock, so only what is no worse is kept. The time limit is for a search in which no step ends."""
    _ruin(parameters, stops)
    parameters.iterated_local_search_parameters.reference_solution_acceptance_strategy.greedy_descent.SetInParent()
    parameters.solution_limit = steps
    _set_time(parameters, STUCK_S + STUCK_STEP_S * steps)
    return model.routing.SolveWithIteratedLocalSearch(parameters)


def _guided_by_time(model: Model, parameters: Any, _stops: int) -> Any:
    parameters.local_search_metaheuristic = METAHEURISTIC.GUIDED_LOCAL_SEARCH
    return model.routing.SolveWithParameters(parameters)


def _guided_by_steps(model: Model, parameters: Any, stops: int, steps: int) -> Any:
    """Ends after that many solutions, or after a fixed number of looks at neighbours, because there may be no more solutions."""
    parameters.local_search_metaheuristic = METAHEURISTIC.GUIDED_LOCAL_SEARCH
    parameters.solution_limit = steps
    looks = iter(range(LOOKS_PER_STEP * (stops + 1) * steps))
    model.routing.AddSearchMonitor(model.routing.solver().CustomLimit(lambda: next(looks, None) is None))
    return model.routing.SolveWithParameters(parameters)


@dataclass(frozen=True, slots=True)
class Way:
    """A way of searching, within a time limit that the parameters hold, or for a number of steps."""

    by_time: Callable[[Model, Any, int], Any]
    by_steps: Callable[[Model, Any, int, int], Any]


ITERATED = Way(_iterated_by_time, _iterated_by_steps)
GUIDED = Way(
    _guided_by_time, _guided_by_steps
)  # with breaks, iterated search rebuilds routes that then prove infeasible


def _interrupted(who: Courier) -> bool:
    """With breaks or reloads, iterated local search rebuilds routes that then prove infeasible, and may never end a step."""
    return bool(who.breaks or who.reload_at)


def _ruin(parameters: Any, stops: int) -> None:
    parameters.use_iterated_local_search = True
    ils = parameters.iterated_local_search_parameters
    ruin = ils.ruin_recreate_parameters
    sisr = ruin.ruin_strategies.add().sisr
    sisr.max_removed_sequence_size = 10
    sisr.avg_num_removed_visits = max(1, min(10, stops // 2))
    sisr.bypass_factor = 1.0  # the documented 0.01 keeps nearly the whole route
    ruin.route_selection_max_neighbors = 40
    ils.improve_perturbed_solution = True


def _hand_over(model: Model, orders: Sequence[tuple[int, ...]], heads: Orders) -> None:
    """Makes the first solution the current one: iterated local search ignores hints, so its arcs cost nothing and others a lot."""
    index = {what.stop: model.manager.NodeToIndex(n) for n, what in enumerate(model.nodes) if what.stop is not None}
    reloads: dict[int | None, list[int]] = {}
    for n, what in enumerate(model.nodes):
        if what.reload:
            reloads.setdefault(what.place, []).append(model.manager.NodeToIndex(n))
    following: dict[int, int] = {}
    for v, order in enumerate(orders):
        path = [model.routing.Start(v), *_path(model, v, order, heads, index, reloads), model.routing.End(v)]
        following.update(pairwise(path))
    model.routing.SetFirstSolutionEvaluator(lambda a, b: 0 if following.get(a) == b else FAR)


def _path(
    model: Model,
    vehicle: int,
    order: tuple[int, ...],
    heads: Orders,
    index: dict[int, int],
    reloads: dict[int | None, list[int]],
) -> list[int]:
    """The order's indices with the reloads that its schedule has, as far as there are nodes for them."""
    courier = model.couriers[vehicle]
    if not model.day.couriers[courier].reload_at:
        return [index[i] for i in order]
    route = route_of(model.day, courier, (*heads[courier], *order))
    before = {} if route is None else _reload_before(route)
    path: list[int] = []
    for i in order:
        place = before.get(model.day.stops[i].id)
        if place is not None and reloads.get(place):
            path.append(reloads[place].pop())
        path.append(index[i])
    return path


def _reload_before(route: Route) -> dict[str, int]:
    """The place of the reload just before a stop, by the stop's id."""
    after = {reload.after: reload.at for reload in route.reloads}
    names = [None, *(visit.id for visit in route.stops)]
    return {name: after[last] for last, name in pairwise(names) if last in after and name is not None}
