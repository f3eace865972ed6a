"""The rules of the routing format one by one, on days small enough to do by hand."""

import pytest
from router_problems import courier, line, problem, stop

from scheduler.referee import check
from scheduler.router import BreakTaken, Reload, Steps, read_problem, solve


def planned(*parts, engine="auto", **more):
    question = read_problem(problem(*parts, **more))
    plan = solve(question, seed=1, limit=Steps(20), engine=engine)
    assert check(question, plan) == []
    return plan


def only_route(*parts, **more):
    plan = planned(*parts, **more)
    assert plan.unserved == ()
    (route,) = plan.routes
    return route


def test_departure_floats_to_save_work():
    """Nobody leaves at dawn to wait before a door: the departure moves to where the work is shortest."""
    route = only_route(line(0, 30), [stop("a", 1, windows=[[200, 300]])], [courier(cost={"per_work_s": 1})])
    assert (route.depart_s, route.stops[0].arrive_s, route.return_s, route.work_s) == (170, 200, 230, 60)


def test_waiting_that_cannot_be_saved_is_work():
    """Between two fixed windows the courier waits, and the waiting counts."""
    stops = [stop("a", 1, windows=[[100, 110]]), stop("b", 1, windows=[[200, 210]])]
    route = only_route(line(0, 30), stops, [courier(cost={"per_work_s": 1})])
    assert (route.depart_s, route.return_s, route.work_s) == (80, 230, 150)


def test_a_later_window_saves_work_that_an_earlier_one_costs():
    """Of several windows the one is taken that makes the day cheapest, not the first."""
    stops = [stop("a", 1, windows=[[10, 50], [180, 190]]), stop("b", 1, windows=[[200, 210]])]
    route = only_route(line(0, 10), stops, [courier(cost={"per_work_s": 1})])
    assert (route.stops[0].start_s, route.work_s) == (190, 30)


def test_setup_is_paid_once_for_a_place():
    """Consecutive stops at one place share the set-up; the first pays it even at the depot's own place."""
    stops = [stop(name, at, service_s=5, setup_s=20) for name, at in (("a", 0), ("b", 1), ("c", 1))]
    route = only_route(line(0, 10), stops, [courier(cost={"per_work_s": 1})])
    assert sum(visit.leave_s - visit.start_s for visit in route.stops) == 3 * 5 + 2 * 20


def test_lateness_has_a_price_where_it_is_soft():
    """A soft window is missed at so much a second, counted from its end, and that is part of the route's cost."""
    route = only_route(line(0, 30), [stop("a", 1, windows=[[0, 10]], late_per_s=2)], [courier()])
    assert (route.stops[0].start_s, route.cost) == (30, 60 + 2 * 20)


def test_directions_differ():
    """The matrix is driven as it stands, one way is not the other."""
    matrix = [[0, 10, 90], [90, 0, 10], [10, 90, 0]]
    route = only_route(matrix, [stop("a", 1), stop("b", 2)], [courier()])
    assert ([visit.id for visit in route.stops], route.drive_s) == (["a", "b"], 30)


def test_distance_is_its_own_matrix():
    """With matrix_m given, metres come from it and decide where metres cost."""
    far = [[0, 700, 1], [1, 0, 700], [700, 1, 0]]
    more = {"matrix_m": far}
    route = only_route(line(0, 10, 20), [stop("a", 1), stop("b", 2)], [courier(cost={"per_m": 1})], **more)
    assert ([visit.id for visit in route.stops], route.distance_m) == (["b", "a"], 3)


def test_open_start_and_end_cost_no_way():
    """With both ends open the route begins at its first stop and ends at its last."""
    route = only_route(line(0, 100, 110), [stop("a", 1), stop("b", 2)], [courier(start=None, end=None)])
    assert (route.drive_s, route.stops[0].arrive_s) == (10, route.depart_s)
    assert route.return_s == route.stops[-1].leave_s


PAUSE = {"between": [100, 120], "for_s": 30}


def test_a_break_interrupts_driving():
    """A break that falls due on the way lengthens the way."""
    stops = [stop("a", 1, windows=[[0, 230]])]
    route = only_route(line(0, 150), stops, [courier(breaks=[PAUSE], shift=[0, 350])])
    assert route.breaks == (BreakTaken(100, 130),)
    assert (route.stops[0].arrive_s - route.depart_s, route.work_s) == (180, 330)


def test_a_break_is_never_during_service():
    """A break that falls due during a long service is taken before it."""
    stops = [stop("first", 1, windows=[[10, 20]]), stop("long", 1, windows=[[50, 90]], service_s=200)]
    route = only_route(line(0, 10), stops, [courier(breaks=[{"between": [60, 80], "for_s": 10}], shift=[0, 300])])
    assert route.breaks == (BreakTaken(60, 70),)
    assert route.stops[1].start_s >= 70


def test_leaving_a_second_later_avoids_a_break():
    """A break is due only if the route spans all of its interval, so the departure may move past its beginning."""
    stops = [stop("a", 1, windows=[[50, 90]], service_s=200)]
    who = courier(breaks=[{"between": [60, 80], "for_s": 10}], shift=[0, 300], cost={"per_work_s": 1})
    route = only_route(line(0, 10), stops, [who])
    assert route.breaks == ()
    assert route.depart_s > 60


def test_a_break_is_due_only_where_the_route_spans_its_interval():
    """A route that is over before the interval ends owes no break."""
    route = only_route(line(0, 10), [stop("a", 1)], [courier(breaks=[PAUSE], shift=[0, 119])])
    assert route.breaks == ()


def test_waiting_is_used_for_the_break():
    """A break that fits into waiting costs no time."""
    stops = [stop("a", 1, windows=[[20, 20]]), stop("b", 1, windows=[[200, 200]])]
    route = only_route(line(0, 10), stops, [courier(breaks=[PAUSE])])
    assert (len(route.breaks), route.return_s) == (1, 210)


def test_a_reload_empties_the_vehicle():
    """What doesn't fit at once is fetched in several trips over a reload place, which takes its time."""
    stops = [stop(name, 1, load=[3]) for name in ("a", "b", "c")]
    who = courier(capacity=[6], reload_at=[2], reload_s=7)
    route = only_route(line(0, 10, 12), stops, [who], loads=["parcels"])
    assert len(route.reloads) == 1
    assert route.reloads[0].at == 2
    assert (route.drive_s, route.return_s - route.depart_s) == (24, 31)


def test_history_with_a_full_vehicle_reloads_before_the_next_stop():
    """`after` names the last stop of the history."""
    stops = [stop("a", 1, load=[6]), stop("b", 1, load=[3])]
    who = courier(capacity=[6], reload_at=[0], reload_s=7)
    locked = {"C": [{"id": "a", "leave_s": 50}]}
    route = only_route(line(0, 10), stops, [who], loads=["parcels"], locked=locked, now=60)
    assert route.reloads == (Reload("a", 0),)
    assert route.stops[1].start_s == 60 + 10 + 7 + 10


def test_locked_stops_come_first_in_their_order():
    """A locked head is kept though another order were shorter."""
    stops = [stop("near", 1), stop("far", 2)]
    route = only_route(line(0, 10, 50), stops, [courier()], locked={"C": [{"id": "far"}, {"id": "near"}]})
    assert [visit.id for visit in route.stops] == ["far", "near"]


def test_history_is_costed_and_not_checked():
    """A stop that was left outside its window stays as it was, at the head of the route, and its way is paid."""
    stops = [stop("was", 1, windows=[[0, 5]], service_s=4), stop("next", 2)]
    route = only_route(line(0, 10, 30), stops, [courier()], locked={"C": [{"id": "was", "leave_s": 60}]}, now=100)
    assert (route.depart_s, route.stops[0].start_s, route.stops[0].leave_s) == (46, 56, 60)
    assert route.stops[1].arrive_s == 120
    assert (route.drive_s, route.cost) == (60, 60)


def test_a_courier_who_is_late_home_still_has_a_route():
    """What has happened can't be undone: history after the shift's end stays in the plan, and nothing is added."""
    stops = [stop("was", 1), stop("more", 1)]
    who = courier(shift=[0, 100])
    plan = planned(line(0, 10), stops, [who], locked={"C": [{"id": "was", "leave_s": 95}]}, now=96)
    assert [visit.id for visit in plan.routes[0].stops] == ["was"]
    assert (plan.routes[0].return_s, plan.unserved_mandatory) == (106, 1)


def test_nothing_departs_before_now():
    """A day that is planned again at noon begins at noon."""
    route = only_route(line(0, 10), [stop("a", 1)], [courier()], now=500)
    assert route.depart_s >= 500


def test_the_longest_route_counts_waiting():
    """Two stops far apart in time don't fit one short route, though each of them does."""
    stops = [stop("a", 1, windows=[[10, 20]]), stop("b", 1, windows=[[500, 510]])]
    plan = planned(line(0, 10), stops, [courier(max_route_s=100), courier("D", max_route_s=100)])
    assert sorted(len(route.stops) for route in plan.routes) == [1, 1]


def test_fixed_cost_is_paid_only_for_a_route():
    """A courier who serves nothing costs nothing; one route is cheaper than two."""
    cost = {"fixed": 50, "per_stop": 3, "per_drive_s": 1}
    plan = planned(line(0, 10), [stop("a", 1), stop("b", 1)], [courier("C", cost=cost), courier("D", cost=cost)])
    assert (len(plan.routes), plan.cost) == (1, 50 + 6 + 20)


def test_only_allowed_couriers_serve_a_stop():
    """The dearer courier goes where the cheaper one may not."""
    couriers = [courier("cheap"), courier("dear", cost={"per_drive_s": 9})]
    plan = planned(line(0, 10), [stop("a", 1, allowed=["dear"])], couriers)
    assert [route.courier for route in plan.routes] == ["dear"]


UNSERVED = {
    "not_allowed": ([stop("x", 1, allowed=[])], [courier()], {}),
    "capacity": ([stop("x", 1, load=[9])], [courier(capacity=[5])], {"loads": ["parcels"]}),
    "capacity of the allowed": (
        [stop("x", 1, load=[9], allowed=["C"])],
        [courier(capacity=[5]), courier("D", capacity=[50])],
        {"loads": ["parcels"]},
    ),
    "capacity, no room left": (
        [stop("h", 1, load=[4], allowed=["C"]), stop("x", 1, load=[4], price=1000)],
        [courier(capacity=[5])],
        {"loads": ["parcels"]},
    ),
    "no_way": ([stop("x", 2)], [courier()], {}),
    "window": ([stop("x", 1, windows=[[0, 5]])], [courier()], {}),
    "window backwards": ([stop("x", 1, windows=[[50, 40]])], [courier()], {}),
    "shift": ([stop("x", 1, service_s=2000)], [courier()], {}),
    "shift by the longest route": ([stop("x", 1, service_s=200)], [courier(max_route_s=100)], {}),
    "shift is over": ([stop("x", 1)], [courier()], {"now": 995}),
    "price": ([stop("x", 1, price=19)], [courier()], {}),
    "locked": ([stop("x", 1, windows=[[0, 30]])], [courier()], {"locked": {"C": [{"id": "x"}]}, "now": 50}),
    "locked by others": (
        [stop("h", 1, service_s=900), stop("x", 1, windows=[[0, 300]])],
        [courier()],
        {"locked": {"C": [{"id": "h"}]}},
    ),
}


@pytest.mark.parametrize("engine", ["ortools", "kernel"])
@pytest.mark.parametrize("name", UNSERVED)
def test_an_unserved_stop_has_its_true_code(name, engine):
    """Each code stands for the rule that keeps the stop out."""
    stops, couriers, more = UNSERVED[name]
    matrix = [[0, 10, None], [10, 0, None], [None, None, 0]]
    if engine == "kernel":
        pytest.importorskip("numba")
    plan = planned(matrix, stops, couriers, engine=engine, **more)
    left = {what.id: what for what in plan.unserved}["x"]
    assert left.code == name.split()[0].rstrip(",")
    assert len(left.reason) > 20


def test_a_full_day_says_shift_and_a_clash_of_windows_says_window():
    """With no room in time, the code says whether another hour would have helped."""
    busy = [stop("a", 1, windows=[[10, 10]], service_s=50), stop("x", 1, windows=[[20, 20]], service_s=50, price=5000)]
    assert planned(line(0, 10), busy, [courier()]).unserved[0].code == "window"
    long = [stop("a", 1, service_s=600), stop("x", 1, service_s=600, price=5000)]
    assert planned(line(0, 10), long, [courier()]).unserved[0].code == "shift"
