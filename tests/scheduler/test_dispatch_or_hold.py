"""Dispatch now or hold: what must go goes, what has company later waits, and the plan that leaves keeps every rule."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from router_problems import courier, line, mixed, problem, stop

from domain.errors import RuleError
from scheduler.batching import dispatch_or_hold
from scheduler.referee import check
from scheduler.router import Seconds, Steps, Stop, read_problem

FEW = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
EAST, WEST, DEPOT = 1, 2, 0
CLOCK = {"now_s": 0, "epoch_s": 100, "epochs_left": 3}


def town(*stops, couriers=3, **more):
    """A depot in the middle, a district 100 to the east and one 100 to the west, each with a second door 2 further on.

    From one district to the other it is 20 further than by the depot, so that nothing is gained by serving both on one route.
    """
    ways = line(0, 100, -100, 102, -102)
    for a, b in ((a, b) for a in (1, 3) for b in (2, 4)):
        ways[a][b] = ways[b][a] = ways[a][b] + 20
    who = [courier(f"C{n}", capacity=[4], cost={"per_drive_s": 1}) for n in range(couriers)]
    return read_problem(problem(ways, list(stops), who, loads=["parcels"], now=0, **more))


def at(name, place, **more):
    return stop(name, place, load=[1], **more)


def decided(question, must, *, sample=None, limit=None, seed=1, **clock):
    given_clock = CLOCK | clock
    return dispatch_or_hold(
        question, must_go=must, sample_future=sample, seed=seed, limit=limit or Steps(5), **given_clock
    )


def in_the_west(_):
    return [Stop(id="w", at=WEST, load=(1,)), Stop(id="w", at=4, load=(1,))]


def test_what_lies_on_the_way_rides_along_and_what_will_have_company_waits():
    """A neighbour of a must-go goes now; a request where others are expected is held, and the money says why."""
    question = town(at("must", EAST), at("beside", 3), at("far", WEST))
    found = decided(question, {"must"}, sample=in_the_west)
    assert (found.dispatch, found.hold) == ({"must", "beside"}, {"far"})
    assert [[visit.id for visit in route.stops] for route in found.plan.routes] in (
        [["must", "beside"]],
        [["beside", "must"]],
    )
    assert found.money["beside"].now == 4
    assert found.money["far"].now == 200
    assert found.money["far"].later <= 4
    assert found.money["far"].waits == 1


def test_nothing_leaves_without_a_must_go():
    """A route that nobody waits for can leave at the next decision as well."""
    found = decided(town(at("a", EAST), at("b", WEST)), set(), sample=in_the_west)
    assert (found.dispatch, found.hold, found.plan.routes) == (set(), {"a", "b"}, ())


def test_at_the_last_decision_everything_goes():
    """There is no later to wait for."""
    found = decided(town(at("a", EAST), at("b", WEST)), set(), sample=in_the_west, epochs_left=0)
    assert (found.dispatch, found.hold) == ({"a", "b"}, set())
    assert found.plan.cost == 400


def test_what_could_not_be_served_later_goes_now():
    """A window that nobody reaches after the next decision makes a must-go of its stop, named or not."""
    found = decided(town(at("soon", WEST, windows=[[0, 150]]), at("any", EAST)), set(), sample=in_the_west)
    assert found.dispatch == {"soon"}


def test_a_must_go_that_nobody_can_serve_is_dispatched_and_says_why():
    """It is in the decision and, with its reason, in the plan: never dropped in silence."""
    found = decided(town(at("gone", WEST, windows=[[0, 5]]), at("must", EAST)), {"gone", "must"})
    assert found.dispatch == {"gone", "must"}
    assert [(left.id, left.code) for left in found.plan.unserved] == [("gone", "window")]


def test_without_a_sample_what_is_open_stands_for_what_comes():
    """The rest of today's requests wait for their like, and what a must-go passes rides along."""
    wests = [at(f"w{n}", WEST) for n in range(6)]
    found = decided(town(at("must", EAST), at("beside", EAST), *wests), {"must"})
    assert found.dispatch == {"must", "beside"}


def test_an_unknown_must_go_is_refused():
    """An id that no stop has is an error of the caller's, and is named."""
    with pytest.raises(RuleError, match="'x'"):
        decided(town(at("a", EAST)), {"x"})


def test_locked_stops_go():
    """Who is on the way to a stop already isn't called back."""
    question = town(at("a", EAST), at("b", WEST), locked={"C0": [{"id": "b", "leave_s": None}]})
    assert "b" in decided(question, set()).dispatch


def test_seconds_are_kept():
    """Time is shared between the futures and the plan, and neither takes more than there is."""
    question = town(*(at(f"s{n}", 1 + n % 4) for n in range(20)), couriers=8)
    found = decided(question, {"s0"}, sample=in_the_west, limit=Seconds(0.4))
    assert found.futures >= 3
    assert found.plan.seconds < 0.4


@given(raw=mixed(), data=st.data())
@FEW
def test_every_decision_keeps_the_rules(raw, data):
    """Any mixture of features: every stop is decided once, what must go goes, the same seed decides the same, the referee agrees."""
    question = read_problem(raw)
    ids = [one.id for one in question.stops]
    must = set(data.draw(st.lists(st.sampled_from(ids)))) if ids else set()
    coming = data.draw(st.sampled_from([None, lambda rng: [rng.choice(question.stops)] if question.stops else []]))
    left = data.draw(st.integers(0, 2))
    now = question.now or 0
    first, again = (
        decided(question, must, sample=coming, limit=Steps(1), now_s=now, epoch_s=30, epochs_left=left)
        for _ in range(2)
    )
    assert first == again
    assert first.dispatch | first.hold == set(ids)
    assert not first.dispatch & first.hold
    assert must <= first.dispatch
    kept = tuple(one for one in question.stops if one.id in first.dispatch)
    assert check(replace(question, stops=kept), first.plan) == []
    assert set(first.money) == set(ids)
