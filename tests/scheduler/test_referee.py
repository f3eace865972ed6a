"""The referee finds each broken rule in a plan that was right before it was bent."""

from dataclasses import replace

import pytest
from router_problems import courier, line, problem, stop

from scheduler.referee import check
from scheduler.router import BreakTaken, Plan, Reload, Route, Unserved, Visit, read_problem

QUESTION = problem(
    [[0, 10, 20, 5], [10, 0, 10, None], [20, 10, 0, 5], [5, 7, 5, 0]],
    [
        stop("a", 1, windows=[[50, 100]], service_s=5, setup_s=4, load=[2]),
        stop("b", 1, service_s=5, setup_s=4, load=[2], late_per_s=2, windows=[[0, 50]]),
        stop("c", 2, service_s=5, load=[3], allowed=["C"]),
        stop("d", 2, load=[1], price=30),
        stop("e", 2, load=[1]),
    ],
    [
        courier(
            shift=[30, 300],
            capacity=[5],
            max_route_s=200,
            reload_at=[3],
            reload_s=6,
            breaks=[{"between": [80, 100], "for_s": 20}],
            cost={"fixed": 7, "per_stop": 1, "per_m": 0.5, "per_drive_s": 1, "per_work_s": 0.1},
        ),
        courier("D", capacity=[5]),
    ],
    loads=["parcels"],
    now=35,
)
# C: 40 depot - 50 a (59) - b (64) - 74 place 2 … reload at 3 after b isn't possible (no way 1-3), so after c
ROUTE = Route(
    courier="C",
    depart_s=40,
    return_s=125,
    stops=(Visit("a", 50, 50, 59), Visit("b", 59, 59, 64)),
    breaks=(BreakTaken(80, 100),),
    reloads=(),
    drive_s=20,
    work_s=85,
    distance_m=20,
    cost=7 + 2 + 10 + 20 + 8.5 + 18,
)
PLAN = Plan(
    routes=(ROUTE,),
    unserved=tuple(Unserved(name, "time_limit", "-") for name in "cde"),
    unserved_mandatory=2,
    cost=ROUTE.cost + 30,
    seconds=0,
    startup_s=0,
    engine="hand",
)


def broken_rules(plan, question=QUESTION):
    return {violation.rule for violation in check(read_problem(question), plan)}


def with_route(**changes):
    return replace(PLAN, routes=(replace(ROUTE, **changes),))


def test_a_right_plan_has_no_violation():
    """Nothing is found where nothing is wrong."""
    assert check(read_problem(QUESTION), PLAN) == []


A, B = ROUTE.stops
BENT = {
    "unknown": replace(PLAN, routes=(replace(ROUTE, courier="Z"),)),
    "doubled": replace(PLAN, routes=(ROUTE, ROUTE)),
    "missing": replace(PLAN, unserved=PLAN.unserved[1:]),
    "code": replace(PLAN, unserved=(*PLAN.unserved[1:], Unserved("c", "price", "-"))),
    "drive": with_route(stops=(replace(A, arrive_s=45), B)),
    "start": with_route(stops=(replace(A, arrive_s=55), B)),
    "service": with_route(stops=(A, replace(B, leave_s=68))),
    "window": with_route(stops=(replace(A, start_s=41, arrive_s=41, leave_s=50), B), depart_s=31),
    "shift": with_route(return_s=301),
    "max_route": with_route(return_s=250),
    "now": with_route(depart_s=34),
    "break": with_route(breaks=()),
    "reload": with_route(reloads=(Reload("b", 0),)),
    "drive_s": with_route(drive_s=21),
    "work_s": with_route(work_s=84),
    "distance_m": with_route(distance_m=19),
    "cost": replace(PLAN, cost=PLAN.cost - 1),
    "unserved_mandatory": replace(PLAN, unserved_mandatory=1),
}


@pytest.mark.parametrize("rule", BENT)
def test_each_bent_rule_is_found(rule):
    """One thing wrong, and the referee names it."""
    assert rule in broken_rules(BENT[rule])


BAD_BREAKS = {
    "too early": [BreakTaken(70, 90)],
    "too long": [BreakTaken(80, 101)],
    "during service": [BreakTaken(81, 101)],
    "outside the route": [BreakTaken(100, 120)],
    "twice": [BreakTaken(80, 100), BreakTaken(100, 120)],
}


@pytest.mark.parametrize("name", BAD_BREAKS)
def test_breaks_are_held_to_their_rules(name):
    """A break starts in its interval, lasts as long as it should, apart from service, inside the route, once."""
    plan = with_route(breaks=tuple(BAD_BREAKS[name]))
    if name == "during service":
        plan = replace(plan, routes=(replace(plan.routes[0], stops=(A, replace(B, start_s=90, leave_s=95))),))
    if name == "outside the route":
        plan = replace(plan, routes=(replace(plan.routes[0], return_s=110),))
    assert "break" in broken_rules(plan)


def test_a_break_takes_its_time_from_the_way():
    """Driving on through a break is noticed."""
    question = {**QUESTION, "matrix_s": [[0, 10, 20, 5], [30, 0, 10, None], [20, 10, 0, 5], [5, 7, 5, 0]]}
    assert "drive" not in broken_rules(with_route(return_s=114), question)
    assert "drive" in broken_rules(with_route(return_s=113), question)


def served(*visits, **more):
    """A route of D, who has no breaks and no limits, beside nothing else."""
    names = {visit.id for visit in visits}
    left = tuple(Unserved(name, "time_limit", "-") for name in "abcde" if name not in names)
    route = Route("D", 0, 900, visits, (), (), 0, 0, 0, 0)
    return replace(PLAN, routes=(replace(route, **more),), unserved=left)


def test_a_courier_who_is_not_allowed_is_found():
    """Stop c is C's alone."""
    assert "not_allowed" in broken_rules(served(Visit("c", 60, 60, 65)))


def test_too_much_load_is_found():
    """Two and three and one are more than five."""
    visits = (Visit("a", 50, 50, 59), Visit("c", 69, 69, 74), Visit("e", 74, 74, 74))
    assert "capacity" in broken_rules(served(*visits))


def test_a_reload_after_a_stop_of_nobody_is_found():
    """`after` names a stop of the same route."""
    assert "reload" in broken_rules(served(Visit("e", 60, 60, 60), reloads=(Reload("a", 3),)))


def test_a_way_that_does_not_exist_is_found():
    """There is no way from place 1 to the reload place."""
    question = {**QUESTION, "couriers": [courier("D", capacity=[5], reload_at=[3]), courier("C", capacity=[5])]}
    plan = served(Visit("a", 50, 50, 59), reloads=(Reload("a", 3),))
    assert "no_way" in broken_rules(plan, question)


def test_a_reload_takes_its_time():
    """Driving over the reload place without its seconds is noticed."""
    question = {
        **QUESTION,
        "couriers": [courier("D", capacity=[5], reload_at=[3], reload_s=6), courier("C", capacity=[5])],
    }
    visits = (Visit("c", 55, 55, 60), Visit("d", 75, 75, 75))
    assert "drive" in broken_rules(served(*visits, reloads=(Reload("c", 3),)), question)
    in_time = (visits[0], Visit("d", 76, 76, 76))
    assert "drive" not in broken_rules(served(*in_time, depart_s=35, reloads=(Reload("c", 3),)), question)


LOCKED = problem(
    line(0, 10, 20),
    [stop("was", 1, service_s=5, windows=[[0, 1]]), stop("then", 2), stop("free", 1)],
    [courier(shift=[0, 200])],
    now=60,
    locked={"C": [{"id": "was", "leave_s": 50}, {"id": "then"}]},
)


def locked_plan(*visits, back=100, drive=40, left=()):
    route = Route("C", 35, back, visits, (), (), drive, back - 35, drive, drive)
    return replace(PLAN, routes=(route,), unserved=left, unserved_mandatory=len(left), cost=drive)


WAS, THEN, FREE = Visit("was", 45, 45, 50), Visit("then", 70, 70, 70), Visit("free", 80, 80, 80)


def test_history_and_head_pass_as_they_are():
    """History outside its window passes; the head follows it in order."""
    assert check(read_problem(LOCKED), locked_plan(WAS, THEN, FREE)) == []


@pytest.mark.parametrize(
    "plan",
    [
        locked_plan(THEN, WAS, FREE),
        locked_plan(WAS, FREE, THEN),
        locked_plan(replace(WAS, leave_s=51), THEN, FREE),
        locked_plan(THEN, FREE, left=(Unserved("was", "locked", "-"),)),
    ],
    ids=["swapped", "pushed in", "another time", "forgotten"],
)
def test_a_changed_head_is_found(plan):
    """Order, times and presence of what is locked are compared."""
    assert "locked" in broken_rules(plan, LOCKED)


def test_a_head_that_can_not_be_kept_may_be_unserved():
    """A locked stop that isn't history may be unserved; the rest still comes first."""
    plan = locked_plan(WAS, Visit("free", 60, 60, 60), drive=20, left=(Unserved("then", "locked", "-"),))
    assert check(read_problem(LOCKED), plan) == []


def test_nothing_departs_from_history_before_now():
    """After the last stop of the history the way on begins at `now` at the earliest."""
    early = (WAS, replace(THEN, arrive_s=60, start_s=60, leave_s=60), FREE)
    assert "drive" in broken_rules(locked_plan(*early), LOCKED)


def test_a_departure_too_late_for_the_history_is_found():
    """Work can't be made shorter by departing after the first stop must have been reached."""
    plan = locked_plan(WAS, THEN, FREE)
    late = replace(plan.routes[0], depart_s=40, work_s=60)
    assert "depart" in broken_rules(replace(plan, routes=(late,)), LOCKED)
