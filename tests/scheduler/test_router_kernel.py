"""The compiled kernel: its plans keep the rules, cost what it thinks they cost, and are the best ones where trying everything is possible."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from router_problems import courier, line, mixed, problem, stop

from domain.errors import RuleError
from scheduler.referee import check
from scheduler.router import Seconds, Steps, read_problem, solve
from scheduler.router.budget import Budget
from scheduler.router.day import lay_out
from scheduler.router.kernel_data import refusal
from scheduler.router.state import Costs, frame_of, rank

kernel = pytest.importorskip("scheduler.router.kernel", reason="numba is not installed")

RELAXED = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def without_pauses(raw, *, timed):
    """The problem with what the kernel lacks taken out: breaks and reloads; and either paid time, or several windows and lateness."""
    for who in raw["couriers"]:
        who |= {"breaks": [], "reload_at": []}
        if not timed:
            who["max_route_s"] = None
            who["cost"] = {**who["cost"], "per_work_s": 0}
    for what in raw["stops"] if timed else []:
        what |= {"windows": what["windows"][:1], "late_per_s": None}
    return raw


expressible = st.builds(lambda raw, timed: without_pauses(raw, timed=timed), mixed(), st.booleans())


@given(raw=expressible, seed=st.integers(0, 3))
@RELAXED
def test_every_plan_of_the_kernel_passes_the_referee(raw, seed):
    """Depots, open ends, loads, prices, set-ups, locked stops, history, lengths and lateness in any mixture: every rule is kept."""
    question = read_problem(raw)
    plan = solve(question, seed=seed, limit=Steps(3), engine="kernel")
    assert plan.engine == "kernel"
    assert check(question, plan) == []


@given(raw=expressible, seed=st.integers(0, 3))
@RELAXED
def test_the_kernel_knows_what_its_plans_cost(raw, seed):
    """Its own sums, kept up from change to change, are those of the exact schedule."""
    costs = Costs(lay_out(read_problem(raw)))
    frame = frame_of(costs.day, costs)
    search = kernel.open_search(frame, costs, seed)
    state = kernel.improve([search], frame, Budget(None, 5))
    hopeless = {i for i in state.outside if not search.d.movable[i]}
    base = sum(costs.of(c, ()) or 0 for c in range(len(state.orders)))
    missing, cost = rank(frame, costs, state)
    prices = sum(frame.day.stops[i].price or 0 for i in hopeless)
    assert search.rank[0] == missing - sum(frame.day.stops[i].price is None for i in hopeless)
    assert search.rank[1] == pytest.approx(cost - base - prices)
    assert all(costs.of(c, order) is not None for c, order in enumerate(state.orders))


def best_by_trying(frame, costs):
    """The least (missing, cost) of all plans: every order of every set of free stops for each courier, then every pair of those."""
    day = frame.day
    orders = [
        {
            frozenset(order): min(
                cost
                for same in itertools.permutations(order)
                if (cost := costs.of(c, (*frame.heads[c], *same))) is not None
            )
            for size in range(len(frame.free) + 1)
            for order in itertools.combinations(frame.free, size)
            if all(c in day.allowed[i] for i in order)
            and any(costs.of(c, (*frame.heads[c], *same)) is not None for same in itertools.permutations(order))
        }
        for c in range(len(day.couriers))
    ]
    found = []
    for chosen in itertools.product(*orders):
        served = frozenset().union(*chosen)
        if len(served) == sum(len(part) for part in chosen):
            outside = [day.stops[i].price for i in {*frame.free, *frame.dropped} - served]
            money = sum(orders[c][part] for c, part in enumerate(chosen))
            found.append((sum(price is None for price in outside), money + sum(price or 0 for price in outside)))
    return min(found)


@given(raw=expressible, seed=st.integers(0, 3))
@settings(RELAXED, max_examples=60)
def test_small_days_are_solved_to_the_optimum(raw, seed):
    """Up to six stops and two couriers with anything mixed: no plan that trying everything finds is better."""
    question = read_problem(raw)
    costs = Costs(lay_out(question))
    frame = frame_of(costs.day, costs)
    plan = solve(question, seed=seed, limit=Steps(50), engine="kernel")
    missing, cost = best_by_trying(frame, costs)
    assert plan.unserved_mandatory == missing
    assert plan.cost == pytest.approx(cost)


def day(stops=40, **more):
    """Stops around a line with windows, two kinds of courier and three kinds of load."""
    at = [(37 * k) % 101 for k in range(stops + 1)]
    windows = [[(13 * k) % 200, (13 * k) % 200 + 150] for k in range(stops + 1)]
    each = [stop(f"s{k}", k, windows=[windows[k]], service_s=2, load=[1 + k % 3]) for k in range(1, stops + 1)]
    cost = {"fixed": 30.5, "per_drive_s": 0.75}
    couriers = [courier(f"C{c}", capacity=[12 + 3 * (c % 2)], cost=cost) for c in range(stops // 4)]
    return problem(line(*at), each, couriers, loads=["parcels"], **more)


@pytest.mark.parametrize("cores", [1, 2])
def test_steps_seed_and_cores_decide_the_plan(cores):
    """Same problem, seed, steps and number of cores: the same plan; another seed searches differently."""
    question = read_problem(day(90))
    first, second, other = (
        solve(question, seed=seed, limit=Steps(4), engine="kernel", cores=cores) for seed in (5, 5, 6)
    )
    assert first == second
    assert first.routes != other.routes


def test_more_steps_are_no_worse():
    """What annealing tries on the way is forgotten: the best plan counts."""
    question = read_problem(day())
    short, long = (solve(question, seed=1, limit=Steps(steps), engine="kernel") for steps in (0, 100))
    assert long.rank < short.rank


def test_seconds_are_kept():
    """A limit of time ends the search about then, compilation apart."""
    plan = solve(read_problem(day()), seed=1, limit=Seconds(0.5), engine="kernel")
    assert 0.3 < plan.seconds < 2


PAID_TIME = {"per_drive_s": 1, "per_work_s": 1}
BEYOND = {
    "breaks": ([stop("a", 1)], {"breaks": [{"between": [0, 10], "for_s": 5}]}),
    "reloads": ([stop("a", 1)], {"reload_at": [0]}),
    "ways or shifts of 268435456 and more": ([stop("a", 1)], {"shift": [0, 10**9]}),
    "several windows of one stop together with paid working time": (
        [stop("a", 1, windows=[[0, 10], [30, 40]])],
        {"cost": PAID_TIME},
    ),
    "lateness at a price together with paid working time or a longest route": (
        [stop("a", 1, windows=[[0, 10]], late_per_s=1)],
        {"max_route_s": 100},
    ),
}


@pytest.mark.parametrize("what", BEYOND)
def test_the_kernel_refuses_by_name_what_it_lacks(what):
    """Asked for, it says what it can't express; left to choose, OR-Tools searches, and the plan says why."""
    stops, more = BEYOND[what]
    many = stops + [stop(f"more {k}", 1) for k in range(12)]
    question = read_problem(problem(line(0, 10), many, [courier(**more)]))
    with pytest.raises(RuleError, match=f"the kernel has no {what}"):
        solve(question, seed=1, limit=Steps(1), engine="kernel")
    assert solve(question, seed=1, limit=Steps(1)).engine.startswith(f"ortools (the kernel has no {what}")


def test_a_longest_route_that_cannot_bind_is_no_hindrance():
    """A limit as long as the shift changes nothing, so several windows stay possible."""
    question = problem(line(0, 10), [stop("a", 1, windows=[[0, 10], [30, 40]])], [courier(max_route_s=1000)])
    assert refusal(lay_out(read_problem(question))) is None


def test_times_may_count_from_long_ago():
    """Only ways and shifts are bounded: a day in seconds since 1970 is as good as one since midnight."""
    now = 1_700_000_000
    raw = day()
    then = {**raw, "stops": [{**s, "windows": [[a + now, b + now] for a, b in s["windows"]]} for s in raw["stops"]]}
    then["couriers"] = [{**who, "shift": [a + now for a in who["shift"]]} for who in raw["couriers"]]
    plans = [solve(read_problem(one), seed=1, limit=Steps(3), engine="kernel") for one in (raw, then)]
    assert plans[0].cost == plans[1].cost


def test_auto_leaves_small_days_to_ortools_and_takes_the_kernel_for_others():
    """Loading the kernel isn't worth it for a handful of stops."""
    engines = [solve(read_problem(day(stops)), seed=1, limit=Steps(1)).engine for stops in (12, 13)]
    assert engines == ["ortools", "kernel"]


def test_optional_stops_that_pay_only_together_are_served_together():
    """Each of three far neighbours costs twice its price alone; the three on one way cost less than all their prices."""
    far = [stop(f"s{k}", k, price=90) for k in (1, 2, 3)]
    raw = problem(line(0, 100, 101, 102), far, [courier()])
    plan = solve(read_problem(raw), seed=1, limit=Steps(10), engine="kernel")
    assert (plan.unserved, plan.cost) == ((), 204)


def test_what_can_carry_more_stops_comes_before_what_is_cheap():
    """Stops that must be served are all served where that takes the dearer courier."""
    stops = [stop(f"s{k}", 1, load=[1]) for k in range(6)]
    couriers = [courier("small", capacity=[5]), courier("large", capacity=[6], cost={"per_drive_s": 1, "fixed": 500})]
    plan = solve(
        read_problem(problem(line(0, 10), stops, couriers, loads=["p"])), seed=1, limit=Steps(5), engine="kernel"
    )
    assert (plan.unserved, [route.courier for route in plan.routes]) == ((), ["large"])
