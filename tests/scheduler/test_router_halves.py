"""A large day searched in halves: each route and stop on one side, and together one plan that keeps every rule."""

from random import Random

import pytest
from router_problems import courier, problem, stop

from scheduler.referee import check
from scheduler.router import Steps, read_problem, solve
from scheduler.router.day import lay_out
from scheduler.router.state import Costs, frame_of

kernel = pytest.importorskip("scheduler.router.kernel", reason="numba is not installed")
halves = pytest.importorskip("scheduler.router.kernel_halves")

STOPS, COURIERS = 420, 30


def town(seed=3):
    """Doors in a square with windows, some of them optional, couriers from two depots."""
    rng = Random(seed)
    doors = [(rng.randrange(2_000), rng.randrange(2_000)) for _ in range(STOPS + 2)]
    ways = [[round(((a - c) ** 2 + (b - d) ** 2) ** 0.5) for c, d in doors] for a, b in doors]
    stops = [
        stop(
            f"s{k}", k + 2, load=[1], service_s=60, price=900 if k % 4 == 0 else None,
            windows=[[3_600 * (k % 5), 3_600 * (k % 5) + 7_200]],
        )
        for k in range(STOPS)
    ]  # fmt: skip
    couriers = [courier(f"C{c}", start=c % 2, end=c % 2, shift=[0, 28_800], capacity=[14]) for c in range(COURIERS)]
    return problem(ways, stops, couriers, loads=["parcels"])


def test_halves_make_one_plan_that_keeps_the_rules_and_is_the_same_again():
    """Steps and seed decide on two cores, too; nothing is served twice or lost between the halves, and the referee agrees."""
    question = read_problem(town())
    first, again = (solve(question, seed=4, limit=Steps(40), engine="kernel", cores=2) for _ in range(2))
    assert first == again
    assert check(question, first) == []
    served = [one.id for route in first.routes for one in route.stops]
    assert len(served) == len(set(served))
    assert len(served) + len(first.unserved) == STOPS
    alone = solve(question, seed=4, limit=Steps(0), engine="kernel")
    assert first.rank < alone.rank


def test_each_half_leaves_the_other_one_alone():
    """After a search of one half the other half's routes are what they were; its own are changed."""
    costs = Costs(lay_out(read_problem(town())))
    frame = frame_of(costs.day, costs)
    searches = [kernel.open_search(frame, costs, seed) for seed in (1, 2)]
    searches[0].enter(kernel.CONSTRUCT, 1)
    cut = halves.Halves(searches, Random(5), searches[0].movable)
    cut.meet()
    before = searches[0].now()
    assert searches[1].now() == before
    for search, mine in zip(searches, cut.sides, strict=True):
        search.enter(kernel.SEARCH, 3_000, 1_000.0)
        changed = {c for c, (a, b) in enumerate(zip(before, search.now(), strict=True)) if a != b}
        assert changed
        assert all(mine[c] for c in changed)
    sizes = [sum(len(order) for c, order in enumerate(before) if mine[c]) for mine in cut.sides]
    assert min(sizes) > 0.35 * sum(sizes)
    assert (cut.sides[0] + cut.sides[1] == 1).all()
    assert sorted([*searches[0].movable, *searches[1].movable]) == sorted(cut.movable)
