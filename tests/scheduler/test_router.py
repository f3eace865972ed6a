"""The router as a whole: every plan is valid, small plans are the best there are, equal seeds give equal plans."""

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
