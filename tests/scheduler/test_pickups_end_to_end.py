"""From a delivered order to a settled return, with a real store and the real router."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from engines import a_store
from pickup_house import CODE, LATER, POLICY, a_return, an_order, ask, at, beat, deliver, link

from domain.pickup import FailReason, ReturnStatus
from domain.returns import ReturnItem
from scheduler.courier import Act, ActKind, Done, act_at
from scheduler.refund import settle
from scheduler.request import Accepted, cancel_return
from store import facts, ledger, mail, returns
from store.base import Store
from store.check import differences

ASKED_AT = at("2026-11-22T20:00")
PLAN_AT = at("2026-11-23T10:00")


@pytest.fixture
def store(tmp_path: Path):
    with a_store(tmp_path / "desk.db") as opened:
        for n in (1, 2, 3):
            opened.write(deliver, an_order(f"o{n}", n), at("2026-11-20T15:00"))
        yield opened
        assert opened.read(differences, now=at("2026-12-01T00:00")) == []


def do(store: Store, stop: str, act: Act, now, route: str | None = None):
    found = store.read(returns.find_stop, stop)
    return store.write(act_at, stop, act, route_id=route or found.route_id, policy=POLICY, now=now, by="courier:wang")


def collect(act_id: str = "tap-1", code: str = f"{CODE}", items=None) -> Act:
    return Act(ActKind.COLLECTED, act_id, code=code, items=items)


def planned(store: Store, *refs: str) -> None:
    for n, ref in enumerate(refs, start=1):
        assert isinstance(ask(store, ref, f"o{n}", now=ASKED_AT), Accepted)
    asyncio.run(beat(store, PLAN_AT))


def test_a_delivered_order_is_fetched_at_the_door_and_paid_back_once(store: Store) -> None:
    """Request, plan at the cut-off, letter to the courier, handover code, one instruction, settled on confirmation."""
    accepted = ask(store, now=ASKED_AT)
    assert isinstance(accepted, Accepted)
    assert (accepted.value.payer, accepted.value.refund_cents) == ("customer", 18_900)
    assert asyncio.run(beat(store, at("2026-11-23T09:59"))).changed is False

    report = asyncio.run(beat(store, PLAN_AT))
    [route] = report.dispatched[0].routes
    [stop] = route.stops
    assert stop.id == "S-r1-1"
    assert route.id == f"R-2026-11-23-hz-{route.courier}"
    assert at("2026-11-23T14:00") <= stop.start_at <= at("2026-11-23T16:00")
    assert route.path[0] == route.path[-1] == (30.25, 120.17)
    [letter] = store.read(mail.letters_about, "route", route.id)
    assert (letter.channel, letter.kind) == (f"courier:{route.courier}", "route")
    assert letter.payload == {
        "route": route.id,
        "url": f"https://desk.example/courier/{route.id}",
        "day": "2026-11-23",
        "stops": 1,
        "known": {"order": ["S-r1-1"], "numbers": {"S-r1-1": 1}},
    }

    do(store, stop.id, Act(ActKind.ARRIVED, "tap-0"), stop.arrive_at)
    assert store.read(returns.find_route, route.id).status == "under_way"
    done = do(store, stop.id, collect(), stop.leave_at)
    assert isinstance(done, Done)
    assert done.value.status is ReturnStatus.INSTRUCTED
    assert store.read(returns.find_route, route.id).status == "done"
    [instruction] = store.read(ledger.of_return, "r1")
    assert (instruction.id, instruction.item, instruction.kind) == ("refund-r1", "A#1", "refund")
    assert instruction.amount_cents == 18_900

    store.write(settle, "refund-r1", now=stop.leave_at + timedelta(days=1), by=None, channel="merchant")
    assert store.read(returns.find, "r1").status is ReturnStatus.SETTLED


def test_a_second_beat_changes_nothing(store: Store) -> None:
    """A plan is made once per depot, day and cut-off, however often the daemon ticks, and even at the same time."""
    ask(store, now=ASKED_AT)

    async def twice() -> list:
        both = await asyncio.gather(beat(store, PLAN_AT), beat(store, PLAN_AT))
        return [*both, await beat(store, PLAN_AT + timedelta(minutes=1))]

    reports = asyncio.run(twice())
    assert [report.changed for report in reports].count(True) == 1
    assert len(store.read(returns.routes_of_day, "2026-11-23")) == 1
    assert [f.event for f in store.read(facts.history, "depot", "hz")] == ["planned"]


def test_the_instruction_is_written_once_under_repeated_and_concurrent_taps(store: Store) -> None:
    """A phone sends again what it isn't sure of, with the same or another id: the money leaves once."""
    planned(store, "r1")

    async def tap_twenty() -> list:
        act = [collect(f"tap-{n % 3}") for n in range(20)]
        route = store.read(returns.find_stop, "S-r1-1").route_id
        kw = {"route_id": route, "policy": POLICY, "now": at("2026-11-23T14:30"), "by": "courier:wang"}
        return await asyncio.gather(*(store.awrite(act_at, "S-r1-1", a, **kw) for a in act))

    outcomes = asyncio.run(tap_twenty())
    assert sum(isinstance(o, Done) and not o.repeated for o in outcomes) == 1
    assert sum(isinstance(o, Done) and o.repeated for o in outcomes) == 6  # the other taps with the id of the first
    assert len(store.read(ledger.instructions)) == 1
    assert len(store.read(mail.letters_about, "order", "o1")) == 1


def test_a_failed_stop_comes_back_the_next_day_older_and_dearer(store: Store) -> None:
    """Nobody at home: the return joins the next plan under a new stop, without its slot, which has passed."""
    planned(store, "r1")
    do(store, "S-r1-1", Act(ActKind.FAILED, "t", reason=FailReason.ABSENT), at("2026-11-23T14:30"))
    value = store.read(returns.find, "r1")
    assert (value.status, value.attempts) == (ReturnStatus.FAILED, 1)
    assert store.read(returns.find_stop, "S-r1-1").fault == "customer"
    assert asyncio.run(beat(store, at("2026-11-23T19:00"))).changed is False  # today was planned already

    report = asyncio.run(beat(store, at("2026-11-24T10:00")))
    [route] = report.dispatched[0].routes
    assert [stop.id for stop in route.stops] == ["S-r1-2"]
    assert store.read(returns.find, "r1").status is ReturnStatus.PLANNED


def test_a_courier_who_never_reports_has_missed_the_stop(store: Store) -> None:
    """Two hours after the planned end the stop fails by the courier's fault, and the desk's finding has its fact."""
    planned(store, "r1", "r2")
    stop = store.read(returns.find_stop, "S-r1-1")
    do(store, "S-r2-1", collect(), at("2026-11-23T15:00"))
    report = asyncio.run(beat(store, stop.leave_at + LATER))
    assert report.missed == ("S-r1-1",)
    missed = store.read(returns.find_stop, "S-r1-1")
    assert (missed.status, missed.fail_reason, missed.fault) == ("failed", "courier_no_show", "courier")
    events = [f.event for f in store.read(facts.history, "return", "r1")]
    assert events == ["requested", "planned", "pickup_missed", "failed", "rescheduled"]
    assert store.read(returns.find_route, missed.route_id).status == "done"
    assert asyncio.run(beat(store, stop.leave_at + LATER)).changed is False


def test_a_return_cancelled_while_the_router_thinks_is_struck_off(store: Store) -> None:
    """The plan was made with three stops; the customer who cancels meanwhile isn't visited."""
    from pickup_house import solve_by_steps

    for n in (1, 2, 3):
        ask(store, f"r{n}", f"o{n}", now=ASKED_AT)

    async def solve_slowly(problem, *, seed):
        plan = await solve_by_steps(problem, seed=seed)
        await store.awrite(cancel_return, "r2", link=link, now=PLAN_AT)
        return plan

    report = asyncio.run(beat(store, PLAN_AT, solve=solve_slowly))
    stops = [stop for route in report.dispatched[0].routes for stop in route.stops]
    assert sorted(stop.return_ref for stop in stops) == ["r1", "r3"]
    assert store.read(returns.find, "r2").status is ReturnStatus.CANCELLED


def test_a_plan_that_breaks_a_rule_is_rejected_and_tried_three_times(store: Store) -> None:
    """The referee reads every plan: a wrong one writes no route, is told of at the depot, and isn't tried for ever."""
    from dataclasses import replace

    from pickup_house import solve_by_steps

    ask(store, now=ASKED_AT)

    async def cheat(problem, *, seed):
        plan = await solve_by_steps(problem, seed=seed)
        route = replace(plan.routes[0], drive_s=1)
        return replace(plan, routes=(route, *plan.routes[1:]))

    for n in range(5):
        asyncio.run(beat(store, PLAN_AT + timedelta(minutes=n), solve=cheat))
    told = store.read(facts.history, "depot", "hz")
    assert [(f.event, f.data["try"]) for f in told] == [("plan_rejected", n) for n in (1, 2, 3)]
    assert store.read(returns.routes_of_day, "2026-11-23") == []
    assert store.read(returns.find, "r1").status is ReturnStatus.REQUESTED


def test_a_router_that_dies_leaves_the_day_as_it_was_and_the_next_tick_plans_it(store: Store) -> None:
    """A dead process is written down; what waits goes on waiting and is planned by the next beat."""
    ask(store, now=ASKED_AT)

    async def die(problem, *, seed):
        raise BrokenPipeError("the router's process went away")

    report = asyncio.run(beat(store, PLAN_AT, solve=die))
    assert report.failed[0].why.code == "plan_failed"
    assert "BrokenPipeError" in report.failed[0].why.params["error"]
    assert len(asyncio.run(beat(store, PLAN_AT + timedelta(minutes=1))).dispatched) == 1


def test_what_nobody_can_visit_is_told_with_its_reason(store: Store) -> None:
    """An address without coordinates and one that failed too often stay behind, each with its own code."""
    store.write(deliver, an_order("o9", 9, lat=None, lon=None), at("2026-11-20T15:00"))
    ask(store, "r9", "o9", now=ASKED_AT)
    tired = a_return("r1", attempts=3, slot_from=at("2026-11-21T14:00"), slot_to=at("2026-11-21T16:00"))
    store.write(returns.add_return, tired, by=None, channel="")
    report = asyncio.run(beat(store, PLAN_AT))
    assert {left.ref: left.code for left in report.dispatched[0].left} == {"r9": "no_location", "r1": "attempts"}
    assert store.read(returns.find, "r9").unserved_code == "no_location"


def test_some_of_the_goods_are_paid_for_in_part_and_the_rest_can_be_asked_for_again(store: Store) -> None:
    """Two sweaters asked, one handed over: one is paid; the other may come with a later return, under its own key."""
    ask(store, "r1", "o1", now=ASKED_AT, items=(ReturnItem("A", 2),))
    asyncio.run(beat(store, PLAN_AT))
    done = do(store, "S-r1-1", collect(items=(ReturnItem("A", 1),)), at("2026-11-23T14:30"))
    assert done.stop.status == "partly_collected"
    ask(store, "r2", "o1", now=at("2026-11-23T20:00"), items=(ReturnItem("A", 2),), slot="2026-11-24T14:00/16:00")
    asyncio.run(beat(store, at("2026-11-24T10:00")))
    do(store, "S-r2-1", collect(), at("2026-11-24T14:30"))
    paid = {i.id: (i.item, i.amount_cents) for i in store.read(ledger.instructions)}
    assert paid == {"refund-r1": ("A#1", 18_900), "refund-r2": ("A#2", 38_800)}


def test_a_courier_is_told_of_a_stop_that_is_struck_off(store: Store) -> None:
    """A list never changes without saying so: one more letter, and the route ends without that stop."""
    planned(store, "r1")
    route = store.read(returns.find_stop, "S-r1-1").route_id
    for _ in range(2):
        store.write(cancel_return, "r1", link=link, now=at("2026-11-23T11:00"), by="desk")
    letters = store.read(mail.letters_about, "route", route)
    assert [(letter.reason, letter.payload["stops"]) for letter in letters] == [("dispatched", 1), ("changed", 0)]
    assert store.read(returns.find_stop, "S-r1-1").status == "cancelled"
    assert store.read(returns.find_route, route).status == "done"
    assert asyncio.run(beat(store, at("2026-11-23T20:00"))).missed == ()


@pytest.mark.slow
def test_the_router_in_a_process_of_its_own_plans_the_same_day(store: Store) -> None:
    """As the daemon runs it: spawned, awaited, checked, written."""
    from scheduler.router import Steps
    from scheduler.router.process import solve_in_process

    async def solve_apart(problem, *, seed):
        return await asyncio.to_thread(solve_in_process, problem, seed=seed, limit=Steps(5))

    for n in (1, 2, 3):
        ask(store, f"r{n}", f"o{n}", now=ASKED_AT)
    report = asyncio.run(beat(store, PLAN_AT, solve=solve_apart))
    assert sum(len(route.stops) for route in report.dispatched[0].routes) == 3


def test_a_table_service_that_fails_is_no_end_of_the_day(store: Store) -> None:
    """Without a fallback the plan fails, is told at the depot, and is tried again; other depots aren't held up."""
    from dataclasses import replace

    from pickup_house import SETTINGS

    from domain.errors import Unreachable

    class Down:
        async def table(self, points):
            raise Unreachable("osrm", "503")

    ask(store, now=ASKED_AT)
    report = asyncio.run(beat(store, PLAN_AT, settings=replace(SETTINGS, travel=Down())))
    assert [f.why.params["error"] for f in report.failed] == ["Unreachable: osrm: 503"]
    assert len(asyncio.run(beat(store, PLAN_AT)).dispatched) == 1
