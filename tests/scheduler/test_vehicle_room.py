"""Parcels, kilograms and litres: what a vehicle carries binds plans, running days and slots; what nobody said is assumed."""

import asyncio
from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest
from engines import a_store
from hypothesis import given
from hypothesis import strategies as st
from pickup_house import DAY, DEPOT, FLEET, POLICY, a_return, an_order, ask, at, beat, deliver
from running_house import Day

from domain.goods import NO_GOODS, UNKNOWN, USUAL, Assumed, Goods, Measures, goods_of
from domain.pickup import FailReason
from domain.place import Location
from domain.returns import ReturnItem
from domain.shipment import Item, Order, item_from_json
from scheduler.batching import Batch
from scheduler.courier import ActKind
from scheduler.day import Visit, build_problem, places
from scheduler.day_now import gather
from scheduler.offers import offers
from scheduler.plan_types import NO_LIMIT, Courier, Fleet, Load
from scheduler.referee import check
from scheduler.reports import Report
from scheduler.router import Steps, read_problem, solve
from scheduler.tick import PickupSettings
from scheduler.travel.straight import haversine_table
from scheduler.under_way import points, question
from store import returns
from store.base import Store

NOON = at(f"{DAY}T12:00")
CUT_OFF = at(f"{DAY}T10:00")


def fleet_of(*rooms: tuple[int, int | None, int | None], assumed: Assumed = USUAL) -> Fleet:
    who = tuple(
        Courier(f"c{n}", f"c{n}", "fast", "hz", (time(9), time(18)), parcels, capacity_g=g, capacity_ml=ml)
        for n, (parcels, g, ml) in enumerate(rooms)
    )
    return replace(FLEET, couriers=who, assumed=assumed)


def visit(n: int, weight_g: int | None, volume_ml: int | None, qty: int = 1) -> Visit:
    where = Location(lat=30.25 + 0.01 * n, lon=120.17)
    return Visit(a_return(f"r{n}"), where, goods=goods_of([(qty, Measures(weight_g, volume_ml))]))


def problem_of(fleet: Fleet, *visits: Visit) -> dict:
    batch = Batch(DEPOT, DAY, NOON, ())
    return build_problem(batch, visits, fleet, haversine_table(places(batch, visits)), now=NOON)


def test_known_pieces_are_added_up_and_unknown_ones_counted() -> None:
    """Nothing is guessed until a policy says by how much, and it stays known which part is a guess."""
    goods = goods_of([(2, Measures(300, None)), (3, UNKNOWN), (1, Measures(None, 700))])
    assert goods == Goods(weight_g=600, volume_ml=700, unweighed=4, unmeasured=5)
    assert (goods.weight(Assumed(50, 10)), goods.volume(Assumed(50, 10))) == (800, 750)


def test_an_items_measures_are_kept_with_its_order() -> None:
    """Written only where they are known, and read as they were; an item of before has none."""
    for item in (Item("A", "Chair", 1, 100, measures=Measures(4_500, None)), Item("B", "Cup", 1, 100)):
        assert item_from_json(item.to_json()) == item
    assert set(Item("B", "Cup", 1, 100).to_json()) == {"sku", "name", "qty", "price_cents", "category"}


def test_only_what_some_vehicle_limits_is_put_to_the_router() -> None:
    """A vehicle of which nobody said how much it carries isn't limited by another one's scales."""
    heavy = visit(1, 20_000, None, qty=2)
    plain = problem_of(fleet_of((5, None, None)), heavy)
    assert (plain["loads"], plain["stops"][0]["load"], plain["couriers"][0]["capacity"]) == (["parcels"], [1], [5])
    mixed = problem_of(fleet_of((5, 60_000, None), (9, None, None)), heavy)
    assert mixed["loads"] == ["parcels", "g"]
    assert mixed["stops"][0]["load"] == [1, 40_000]
    assert [one["capacity"] for one in mixed["couriers"]] == [[5, 60_000], [9, NO_LIMIT]]
    assert problem_of(fleet_of((5, 1, 80_000)), heavy)["stops"][0]["load"] == [1, 40_000, 10_000]


@pytest.mark.parametrize(
    ("visits", "left"),
    [
        ([(31_000, 1), (29_000, 1)], {"r0": "capacity"}),
        ([(1, 90_001), (1, 1)], {"r0": "capacity"}),
        ([(None, 1), (1, None)], {}),
        ([(10**9, 10**9), (1, 1)], {"r0": "capacity"}),
    ],
)
def test_what_is_above_every_vehicle_is_left_with_its_code(
    visits: list[tuple[int | None, int | None]], left: dict[str, str]
) -> None:
    """By weight or by volume, for that stop alone: the others are planned, and the referee agrees."""
    fleet = fleet_of((30, 30_000, 80_000), (30, 20_000, 90_000))
    problem = read_problem(problem_of(fleet, *(visit(n, *one) for n, one in enumerate(visits))))
    plan = solve(problem, seed=1, limit=Steps(20))
    assert {one.id: one.code for one in plan.unserved} == left
    assert all("more than any courier" in one.reason for one in plan.unserved)
    assert check(problem, plan) == []
    assert sum(len(route.stops) for route in plan.routes) == len(visits) - len(left)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=6))
def test_no_vehicle_carries_more_than_it_can(goods: list[tuple[int, int]]) -> None:
    """Kilograms and litres are replayed stop by stop, here by hand besides the referee."""
    fleet = fleet_of((3, 50_000, 60_000), (4, 40_000, None))
    problem = read_problem(
        problem_of(fleet, *(visit(n, kg * 1000, litres * 1000) for n, (kg, litres) in enumerate(goods)))
    )
    plan = solve(problem, seed=1, limit=Steps(10))
    assert check(problem, plan) == []
    for route in plan.routes:
        taken = [goods[int(stop.id[1:])] for stop in route.stops]
        have = (len(taken), sum(kg for kg, _ in taken), sum(litres for _, litres in taken))
        most = {"c0": (3, 50, 60), "c1": (4, 40, NO_LIMIT)}[route.courier]
        assert all(a <= b for a, b in zip(have, most, strict=True))


def heavy_order(ref: str, n: int, weight_g: int | None) -> Order:
    return replace(an_order(ref, n), items=(Item("A", "Chair", 3, 19_900, measures=Measures(weight_g, None)),))


def a_house(path: Path, *weights: int | None) -> Store:
    store = a_store(path / "test.sqlite3")
    for n, weight in enumerate(weights, 1):
        store.write(deliver, heavy_order(f"o{n}", n, weight), at("2026-11-20T09:00"))
        ask(store, f"r{n}", f"o{n}", now=at("2026-11-22T20:00"), items=(ReturnItem("A", 2),))
    return store


def test_orders_measures_reach_the_plan(tmp_path: Path) -> None:
    """Two chairs of 20 kg don't fit into a vehicle for 30, what nobody weighed is taken for 2 kg and rides."""
    store, settings = a_house(tmp_path, 20_000, None), PickupSettings(fleet_of((30, 30_000, None)), POLICY)
    [done] = asyncio.run(beat(store, CUT_OFF, settings=settings)).dispatched
    assert [(left.ref, left.code) for left in done.left] == [("r1", "capacity")]
    assert [stop.return_ref for route in done.routes for stop in route.stops] == ["r2"]


@pytest.mark.parametrize(("room_g", "free"), [(39_999, False), (41_999, False), (42_000, True), (None, True)])
def test_slots_are_offered_by_what_still_fits(tmp_path: Path, room_g: int | None, free: bool) -> None:
    """40 kg beside another one's 2 kg at the same time: exactly 42 will do."""
    store = a_house(tmp_path, 20_000, 1_000)
    value = store.read(returns.find, "r1")
    assert value is not None
    fleet = fleet_of((30, room_g, None))
    slots = [one.slot for one in store.read(offers, value, fleet, now=at("2026-11-22T20:00"), days=2)]
    assert (at(f"{DAY}T14:00") in [slot.start for slot in slots]) is free


def test_what_a_full_vehicle_carries_is_its_room(tmp_path: Path) -> None:
    """By every kind that counts; a stop that failed put nothing on it, and what is still ahead isn't carried."""
    day = Day(tmp_path, [f"{DAY}T14:00/16:00"] * 3, couriers=1)
    limited = replace(day.settings.fleet, couriers=(replace(day.settings.fleet.couriers[0], capacity_g=9_000),))
    first, second, _ = day.ahead("wang")
    day.act(first, ActKind.COLLECTED, at(f"{DAY}T14:10"))
    day.act(second, ActKind.FAILED, at(f"{DAY}T14:30"), reason=FailReason.POSTPONED)
    day.say("wang", Report.FULL, at(f"{DAY}T14:31"))
    running = day.store.read(gather, DEPOT, limited, (), carrier_cents=None, now=at(f"{DAY}T14:32"))
    assert running is not None
    table = haversine_table(points(running))
    made = question(running, limited, table, now=at(f"{DAY}T14:32")).problem
    assert made["loads"] == ["parcels", "g"]
    assert made["couriers"][0]["capacity"] == [1, 1_000]
    assert {stop["id"]: stop["load"] for stop in made["stops"]}[second.id] == [0, 0]


def test_a_vehicles_room_comes_from_the_courier_then_the_collector() -> None:
    """What neither says has no limit, except the parcels."""
    assert Courier("c", "C", "fast", "hz", (time(9), time(18))).room == Load(30, NO_LIMIT, NO_LIMIT)
    assert NO_GOODS.weight(USUAL) == 0
