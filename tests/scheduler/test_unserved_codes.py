"""Why a stop stays: each code is true of the finished plan, by trying every place of every route."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from router_problems import mixed

from scheduler.router import Steps, read_problem, solve
from scheduler.router.day import lay_out
from scheduler.router.schedule import cost_of

FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def orders_of(day, plan):
    """Each courier's stops after the history, by index."""
    index = {stop.id: i for i, stop in enumerate(day.stops)}
    routes = {route.courier: [index[visit.id] for visit in route.stops] for route in plan.routes}
    return [[i for i in routes.get(who.id, []) if i not in day.done_stops] for who in day.couriers]


def added(day, orders, i):
    """What the stop adds at each place where every rule is kept: any allowed courier, behind what is locked."""
    found = []
    for c in day.allowed[i]:
        order = orders[c]
        base = cost_of(day, c, tuple(order))
        first = sum(k in day.chain[c] for k in order)
        for at in range(first, len(order) + 1):
            cost = cost_of(day, c, (*order[:at], i, *order[at:]))
            if cost is not None and base is not None:
                found.append(cost - base)
    return found


@pytest.mark.parametrize("engine", ["auto", "ortools"])
@given(raw=mixed(), seed=st.integers(0, 3))
@FEW
def test_every_code_is_true(engine, raw, seed):
    """No place is free for what is called impossible; what is left for its price costs at least that; only who may serve nobody is not allowed."""
    question = read_problem(raw)
    day = lay_out(question)
    plan = solve(question, seed=seed, limit=Steps(5), engine=engine)
    orders = orders_of(day, plan)
    locked = {i for chain in day.chain for i in chain}
    for left in plan.unserved:
        i = next(k for k, stop in enumerate(day.stops) if stop.id == left.id)
        stop, places = day.stops[i], added(day, orders, i)
        if i in locked:
            assert left.code in {"locked", "not_allowed"}
        elif left.code == "not_allowed":
            assert day.allowed[i] == ()
        elif left.code == "price":
            assert stop.price is not None
            assert places
            assert min(places) >= stop.price - 1e-6
        else:
            assert places == []
        if left.code == "capacity":
            light = replace(stop, load=(0,) * len(stop.load))
            lighter = replace(day, stops=(*day.stops[:i], light, *day.stops[i + 1 :]))
            heavy = all(
                any(a > b for a, b in zip(stop.load, day.couriers[c].capacity, strict=True)) for c in day.allowed[i]
            )
            assert heavy or added(lighter, orders, i)
