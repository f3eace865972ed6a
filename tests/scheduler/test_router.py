"""The router as a whole: every plan is valid, small plans are the best there are, equal seeds give equal plans."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from router_problems import courier, every_plan, line, mixed, problem, stop

from domain.errors import RuleError
from scheduler.referee import check
from scheduler.router import Locked, Seconds, Steps, read_problem, solve
from scheduler.router.day import lay_out
from scheduler.router.plan import CODES
from scheduler.router.schedule import cost_of

RELAXED = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@given(raw=mixed(), seed=st.integers(0, 3))
@RELAXED
def test_every_plan_passes_the_referee(raw, seed):
    """Whatever is mixed, the plan keeps every rule, costs what it says, and every stop is served or has a code and a sentence."""
    question = read_problem(raw)
    plan = solve(question, seed=seed, limit=Steps(5), engine="ortools")
    assert check(question, plan) == []
    assert all(left.code in CODES and left.reason for left in plan.unserved)


def best_by_trying(question):
    """The least cost of serving every stop, by trying everything."""
    day = lay_out(question)
    index = {what.id: k for k, what in enumerate(question.stops)}
    costs = []
    for orders in every_plan(list(index), len(question.couriers)):
        parts = [cost_of(day, c, tuple(index[name] for name in order)) for c, order in enumerate(orders)]
        if None not in parts:
            costs.append(sum(parts))
    return min(costs)


@given(
    times=st.lists(st.lists(st.integers(1, 50), min_size=6, max_size=6), min_size=6, max_size=6),
    begins=st.lists(st.integers(0, 150), min_size=5, max_size=5),
    per_work=st.sampled_from([0, 1]),
)
@settings(RELAXED, max_examples=12)
def test_small_problems_are_solved_to_the_optimum(times, begins, per_work):
    """Five stops and two couriers: nothing that trying every order finds is cheaper."""
    for k in range(6):
        times[k][k] = 0
    stops = [stop(f"s{k}", k + 1, windows=[[begin, begin + 100]], service_s=5) for k, begin in enumerate(begins)]
    cost = {"per_drive_s": 1, "per_work_s": per_work, "fixed": 20}
    question = read_problem(problem(times, stops, [courier("C", cost=cost), courier("D", cost=cost)]))
    plan = solve(question, seed=1, limit=Steps(60))
    assert plan.unserved_mandatory == 0
    assert plan.cost == pytest.approx(best_by_trying(question))


def least_drive(times, begins, *, wide, service_s, couriers):
    """The least driving that serves everybody, by every subset and last stop: of what is no later and no longer the better is kept."""
    count = len(begins)
    fronts = {(1 << k, k): [(max(times[0][k + 1], begins[k]), times[0][k + 1])] for k in range(count)}
    for done in range(1, 1 << count):
        for last in range(count):
            for at, drive in fronts.get((done, last), ()):
                for k in range(count):
                    way = times[last + 1][k + 1]
                    begin = max(at + service_s + way, begins[k])
                    if not done >> k & 1 and begin <= begins[k] + wide:
                        _keep(fronts.setdefault((done | 1 << k, k), []), (begin, drive + way))
    alone = {0: 0.0}
    for (done, last), front in fronts.items():
        for _, drive in front:
            alone[done] = min(alone.get(done, float("inf")), drive + times[last + 1][0])
    best = dict(alone)
    for _ in range(couriers - 1):
        best = {
            done: min(best[part] + alone[done ^ part] for part in best if part & done == part and done ^ part in alone)
            for done in range(1 << count)
            if any(part & done == part and done ^ part in alone for part in best)
        }
    return best[(1 << count) - 1]


def _keep(front, new):
    if not any(at <= new[0] and drive <= new[1] for at, drive in front):
        front[:] = [*(one for one in front if one[0] < new[0] or one[1] < new[1]), new]


@pytest.mark.parametrize("engine", ["ortools", "kernel"])
@pytest.mark.parametrize("seed", range(14))
def test_eight_stops_are_served_at_the_least_cost(engine, seed):
    """Drawn days of eight windows and two couriers: the cost is that of the best of all plans, which is found by trying every subset."""
    rng = Random(seed)
    times = [[0 if a == b else rng.randint(1, 50) for b in range(9)] for a in range(9)]
    begins = [rng.randint(50, 250) for _ in range(8)]
    stops = [stop(f"s{k}", k + 1, windows=[[begin, begin + 200]], service_s=5) for k, begin in enumerate(begins)]
    couriers = [courier(name, cost={"per_drive_s": 1}) for name in ("C", "D")]
    plan = solve(read_problem(problem(times, stops, couriers)), seed=1, limit=Steps(600), engine=engine)
    assert plan.unserved_mandatory == 0
    assert plan.cost == pytest.approx(least_drive(times, begins, wide=200, service_s=5, couriers=2))


def forty():
    at = [(37 * k) % 101 for k in range(41)]
    stops = [
        stop(f"s{k}", k, windows=[[(13 * k) % 200, (13 * k) % 200 + 150]], service_s=2, load=[1 + k % 3], price=None)
        for k in range(1, 41)
    ]
    cost = {"fixed": 30.5, "per_drive_s": 0.75, "per_work_s": 0.1}
    return problem(line(*at), stops, [courier(f"C{c}", capacity=[12], cost=cost) for c in range(9)], loads=["parcels"])


@pytest.mark.parametrize("engine", ["ortools", "auto"])
def test_steps_and_seed_decide_the_plan(engine):
    """Same problem, seed and steps: the same plan, to the second."""
    question = read_problem(forty())
    first, second = (solve(question, seed=5, limit=Steps(30), engine=engine) for _ in range(2))
    assert first == second
    assert check(question, first) == []
    assert first.unserved == ()


def test_a_seed_is_another_start():
    """Different seeds search differently: among several, not all plans are the same."""
    question = read_problem(forty())
    plans = [solve(question, seed=seed, limit=Steps(0), engine="ortools") for seed in range(4)]
    assert len({plan.routes for plan in plans}) > 1


def test_seconds_end_the_search():
    """A limit of wall time gives a valid plan and says how long it took, start-up apart."""
    question = read_problem(forty())
    plan = solve(question, seed=1, limit=Seconds(0.5), engine="ortools")
    assert check(question, plan) == []
    assert plan.seconds > 0
    assert plan.engine == "ortools"


def test_nothing_to_do_is_a_plan():
    """Without stops, or without couriers, there is a plan: empty, or with everything unserved."""
    assert solve(read_problem(problem([[0]], [], [courier()])), seed=1, limit=Steps(1)).routes == ()
    lonely = solve(read_problem(problem([[0]], [stop("a", 0)], [])), seed=1, limit=Steps(1))
    assert (lonely.unserved_mandatory, lonely.unserved[0].code) == (1, "not_allowed")


def test_a_problem_made_in_code_is_checked_for_its_ids():
    """A problem that refers to what isn't there is refused by `solve` too."""
    question = read_problem(problem([[0]], [stop("a", 0)], [courier()]))
    broken = type(question)(**{name: getattr(question, name) for name in ("matrix_s", "matrix_m", "stops", "couriers")})
    object.__setattr__(broken, "locked", {"C": (Locked("ghost"),)})
    with pytest.raises(RuleError, match="ghost"):
        solve(broken, seed=1, limit=Steps(1))


def test_optional_stops_are_served_when_that_is_cheaper():
    """Of two optional stops, the near one is worth its way, the far one is not."""
    raw = problem(line(0, 10, 100), [stop("near", 1, price=25), stop("far", 2, price=100)], [courier()])
    plan = solve(read_problem(raw), seed=1, limit=Steps(20))
    assert [visit.id for route in plan.routes for visit in route.stops] == ["near"]
    assert [(left.id, left.code) for left in plan.unserved] == [("far", "price")]
    assert (plan.unserved_mandatory, plan.cost) == (0, 120)


def test_mandatory_stops_come_before_any_cost():
    """When only one of two fits the vehicle, the mandatory one is served though the other has a high price."""
    stops = [stop("must", 1, load=[2]), stop("may", 1, load=[2], price=10_000)]
    raw = problem(line(0, 10), stops, [courier(capacity=[3])], loads=["parcels"])
    plan = solve(read_problem(raw), seed=1, limit=Steps(20))
    assert [left.id for left in plan.unserved] == ["may"]
    assert plan.unserved_mandatory == 0
