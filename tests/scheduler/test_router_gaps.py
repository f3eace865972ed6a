"""Where a stop could go: nothing that fits is overlooked, and what is looked at in vain stays little."""

import pytest
from hypothesis import HealthCheck, given, settings
from router_problems import courier, line, mixed, problem, stop

from scheduler.router import read_problem
from scheduler.router.day import lay_out
from scheduler.router.gaps import places
from scheduler.router.reasons import reason_of
from scheduler.router.repair import fill, valid, waiting
from scheduler.router.state import Costs, frame_of, targets

RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def fitting(frame, costs, state, i):
    """Every (courier, position) where the exact schedule has room for stop i."""
    return {
        (c, at)
        for c in targets(frame, state, i)
        for at in range(len(frame.heads[c]), len(state.orders[c]) + 1)
        if costs.of(c, (*state.orders[c][:at], i, *state.orders[c][at:])) is not None
    }


@given(raw=mixed())
@RELAXED
def test_every_place_that_fits_is_listed(raw):
    """Told without timing, over set-ups, breaks, reloads, history, several windows and lateness: what the exact schedule accepts is among the places."""
    costs = Costs(lay_out(read_problem(raw)))
    frame = frame_of(costs.day, costs)
    state = valid(frame, costs, frame.heads)
    half = waiting(frame, state)[::2]
    state = fill(frame, costs, state, None, half)
    for i in waiting(frame, state):
        listed = {(c, at) for _, c, at in places(frame, costs, state, i)}
        assert fitting(frame, costs, state, i) <= listed


@pytest.mark.parametrize(
    ("what", "code"), [({"load": [1]}, "capacity"), ({"load": [0], "windows": [[0, 100]]}, "window")]
)
def test_a_full_day_gives_its_reasons_with_few_looks(what, code):
    """Fifty stops that find no place: each reason is told by a look or two at the exact schedule, not by one at each of 120 positions."""
    served = [stop(f"s{k}", k, load=[1], service_s=10, windows=[[0, 10_000]]) for k in range(1, 121)]
    more = [stop(f"m{k}", 130, price=10_000, service_s=10, **what) for k in range(50)]
    couriers = [courier(f"C{c}", capacity=[30], shift=[0, 10_000]) for c in range(4)]
    question = read_problem(problem(line(*range(140)), served + more, couriers, loads=["parcels"]))
    costs = Costs(lay_out(question))
    frame = frame_of(costs.day, costs)
    full = tuple(tuple(range(30 * c, 30 * c + 30)) for c in range(4))
    state = valid(frame, costs, full)
    asked = costs.asked
    found = [reason_of(frame, costs, state, i, ended=False) for i in sorted(state.outside)]
    assert [one.code for one in found] == [code] * 50
    assert costs.asked - asked < 5 * 50
