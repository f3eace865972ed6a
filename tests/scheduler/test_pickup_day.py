"""A day as the router's question and its answer as routes."""

from dataclasses import replace
from datetime import UTC, date, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pickup_house import DEPOT, FLEET, a_return, at

from domain.place import Location
from domain.returns import ReturnItem
from scheduler.batching import Batch
from scheduler.day import Left, Visit, build_problem, left_of, midnight, places, route_id, routes_of
from scheduler.plan_types import Collector, Courier, Fleet, Price
from scheduler.referee import check
from scheduler.router import Steps, read_problem, solve
from scheduler.travel.straight import haversine_table

DAY = date(2026, 11, 23)
NOW = at("2026-11-23T10:00")
NEAR, FAR = Location(lat=30.26, lon=120.18), Location(lat=30.40, lon=120.30)


def batch_of(*values, depot=DEPOT) -> Batch:
    return Batch(depot, DAY, NOW, tuple(values))


def problem_of(visits, *, fleet=FLEET, now=NOW, busy=None, depot=DEPOT) -> dict:
    batch = batch_of(*(v.value for v in visits), depot=depot)
    return build_problem(batch, visits, fleet, haversine_table(places(batch, visits)), now=now, busy=busy)


def test_a_promised_slot_becomes_the_window_of_its_stop() -> None:
    """Seconds since local midnight: 14:00 is 50,400."""
    value = a_return(slot_from=at("2026-11-23T14:00"), slot_to=at("2026-11-23T16:00"))
    problem = problem_of([Visit(value, NEAR)])
    assert problem["stops"] == [
        {
            "id": "r1",
            "at": 1,
            "windows": [[50_400, 57_600]],
            "service_s": 360,
            "setup_s": 120,
            "load": [1],
            "price": 20_000,
            "allowed": None,
        }
    ]
    assert problem["now"] == 36_000


@pytest.mark.parametrize(
    ("fields", "windows"),
    [
        ({}, []),
        ({"slot_from": at("2026-11-22T14:00"), "slot_to": at("2026-11-22T16:00")}, []),
        ({"slot_from": at("2026-11-23T08:00"), "slot_to": at("2026-11-23T10:00")}, []),
        ({"slot_from": at("2026-11-23T09:00"), "slot_to": at("2026-11-23T11:00")}, [[32_400, 39_600]]),
    ],
)
def test_a_slot_that_has_passed_binds_nobody(fields: dict, windows: list) -> None:
    """What was missed is fetched whenever the shift allows; what has begun is still kept."""
    assert problem_of([Visit(a_return(**fields), NEAR)])["stops"][0]["windows"] == windows


@pytest.mark.parametrize(("pieces", "service"), [(1, 360), (3, 480), (9, 840), (50, 840)])
def test_more_pieces_take_longer_up_to_a_limit(pieces: int, service: int) -> None:
    """7-14 minutes a stop with setting up, as on real days."""
    value = a_return(items=(ReturnItem("A", pieces),))
    assert problem_of([Visit(value, NEAR)])["stops"][0]["service_s"] == service


def test_neighbours_share_a_place() -> None:
    """Two returns at one address are one row of the matrix: set-up is paid once."""
    problem = problem_of([Visit(a_return("r1"), NEAR), Visit(a_return("r2"), FAR), Visit(a_return("r3"), NEAR)])
    assert [stop["at"] for stop in problem["stops"]] == [1, 2, 1]
    assert len(problem["matrix_s"]) == 3


def test_couriers_bring_shift_capacity_breaks_and_the_collectors_prices() -> None:
    """Cents a stop, a kilometre and an hour become cents a stop, a metre and a second."""
    wang = problem_of([Visit(a_return(), NEAR)])["couriers"][1]
    assert wang == {
        "id": "wang",
        "start": 0,
        "end": 0,
        "shift": [32_400, 64_800],
        "capacity": [30],
        "max_route_s": None,
        "breaks": [{"between": [43_200, 46_800], "for_s": 1_800}],
        "cost": {"fixed": 2_000, "per_stop": 300, "per_m": 0.12, "per_work_s": pytest.approx(3_000 / 3_600)},
    }


def test_a_courier_may_have_a_price_of_their_own() -> None:
    """Which stands in for the collector's altogether."""
    own = replace(FLEET, couriers=(replace(FLEET.couriers[0], price=Price(per_stop_cents=700)),))
    [wang] = problem_of([Visit(a_return(), NEAR)], fleet=own)["couriers"]
    assert wang["cost"] == {"fixed": 0, "per_stop": 700, "per_m": 0, "per_work_s": 0}


def test_a_courier_who_is_out_already_can_leave_again_only_when_back() -> None:
    """An earlier route of the day takes its time off the shift."""
    problem = problem_of([Visit(a_return(), NEAR)], busy={"wang": at("2026-11-23T15:00"), "li": at("2026-11-23T20:00")})
    assert {c["id"]: c["shift"] for c in problem["couriers"]} == {"wang": [54_000, 64_800], "li": [64_800, 64_800]}


def test_only_couriers_whose_collector_serves_the_district_may_go() -> None:
    """A collector without areas serves all; a customer without a known district may be served by all."""
    fleet = Fleet(
        (DEPOT,),
        (Collector("a", "A", ("hz",), areas=("西湖区",)), Collector("b", "B", ("hz",)), Collector("c", "C", ("nb",))),
        tuple(Courier(f"{c}1", c, c, "hz", (time(9), time(18))) for c in "abc"),
    )
    visits = [Visit(a_return("r1"), NEAR, "西湖区"), Visit(a_return("r2"), FAR, "滨江区"), Visit(a_return("r3"), FAR)]
    problem = problem_of(visits, fleet=fleet)
    assert [c["id"] for c in problem["couriers"]] == ["a1", "b1"]  # c doesn't serve this depot
    assert [stop["allowed"] for stop in problem["stops"]] == [None, ["b1"], None]


def test_the_seconds_of_a_day_are_counted_across_a_change_of_clocks() -> None:
    """On the day when Berlin's clocks go back, 09:00 is ten hours after midnight."""
    berlin = replace(DEPOT, zone=ZoneInfo("Europe/Berlin"))
    batch = Batch(berlin, date(2026, 10, 25), NOW, ())
    visits = [Visit(a_return(), NEAR)]
    problem = build_problem(batch, visits, FLEET, haversine_table(places(batch, visits)), now=midnight(batch))
    assert problem["couriers"][0]["shift"] == [36_000, 68_400]


def test_routes_are_named_by_day_depot_and_courier() -> None:
    """A second route of the same courier on one day gets a number."""
    first = route_id(batch_of(), "wang", frozenset())
    assert first == "R-2026-11-23-hz-wang"
    assert route_id(batch_of(), "wang", frozenset({first})) == f"{first}-2"
    assert route_id(batch_of(), "wang", frozenset({first, f"{first}-2"})) == f"{first}-3"


def test_what_the_router_leaves_keeps_its_code_and_reason() -> None:
    """A window that can't be reached any more is told as such."""
    value = a_return(slot_from=at("2026-11-23T20:00"), slot_to=at("2026-11-23T22:00"))
    plan = solve(read_problem(problem_of([Visit(value, NEAR)])), seed=1, limit=Steps(5))
    [left] = left_of(plan)
    assert isinstance(left, Left)
    assert (left.ref, left.words.code) == ("r1", f"unserved_{left.code}")
    assert left.code in {"window", "shift"}
    assert left.detail


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(-1, 3)), min_size=1, max_size=7))
def test_a_plan_becomes_routes_that_keep_what_was_promised(rows: list) -> None:
    """Every return is on one stop or left with a reason; slots, shifts and the order of a route hold; ids are once."""
    slots = {-1: None} | {n: (at(f"2026-11-23T{10 + 2 * n}:00"), at(f"2026-11-23T{12 + 2 * n}:00")) for n in range(4)}
    visits = [
        Visit(
            a_return(f"r{n}", slot_from=slots[s][0] if slots[s] else None, slot_to=slots[s][1] if slots[s] else None),
            Location(lat=30.2 + x / 400, lon=120.1 + y / 400),
        )
        for n, (x, y, s) in enumerate(rows)
    ]
    batch = batch_of(*(v.value for v in visits))
    problem = read_problem(problem_of(visits))
    plan = solve(problem, seed=3, limit=Steps(3))
    assert check(problem, plan) == []
    routes = routes_of(plan, batch, visits, FLEET, now=NOW)
    stops = [stop for route in routes for stop in route.stops]
    assert sorted([s.return_ref for s in stops] + [left.ref for left in left_of(plan)]) == sorted(
        v.value.ref for v in visits
    )
    by_ref = {v.value.ref: v for v in visits}
    for route in routes:
        assert NOW <= route.depart_at < route.return_at <= at("2026-11-23T18:00")
        assert [s.position for s in route.stops] == list(range(1, len(route.stops) + 1))
        assert (route.collector, route.path[0], route.path[-1]) == ("fast", (30.25, 120.17), (30.25, 120.17))
        assert route.depart_at.tzinfo is UTC
    for stop in stops:
        value = by_ref[stop.return_ref].value
        assert stop.id == f"S-{stop.return_ref}-1"
        assert value.slot_from is None or value.slot_from <= stop.start_at <= value.slot_to
        assert stop.arrive_at <= stop.start_at < stop.leave_at
