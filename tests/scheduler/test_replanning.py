"""A running day is planned again when something asks for it, and only where that changes something."""

from pathlib import Path

from running_house import CUT_OFF, DAY, Day, at, mend_by_steps

from domain.pickup import FailReason, ReturnStatus
from scheduler.courier import ActKind
from scheduler.reports import Report
from scheduler.request import cancel_return
from store import check, facts, mail, returns

AFTERNOON = f"{DAY}T14:00/16:00"
LATE = f"{DAY}T16:00/18:00"


def test_nothing_asks_and_nothing_is_planned_again(tmp_path: Path) -> None:
    """A day that goes as planned keeps its plan: no fact, no letter."""
    day = Day(tmp_path, [AFTERNOON, LATE])
    for now in (at(f"{DAY}T10:30"), at(f"{DAY}T13:00")):
        assert day.tick_sync(now).replanned == ()


def test_the_stops_of_a_courier_who_is_off_are_driven_by_another(tmp_path: Path) -> None:
    """What was promised is kept; both couriers are told; no return is on two routes; the check agrees."""
    day = Day(tmp_path, [AFTERNOON] * 3 + [LATE] * 3, couriers=2)
    off = next(route.courier for route in day.routes)
    mine = {stop.return_ref for stop in day.ahead(off)}
    day.say(off, Report.OUT, at(f"{DAY}T12:00"))
    [done] = day.tick_sync(at(f"{DAY}T12:00")).replanned
    assert set(done.moved) == mine
    assert done.unkept == ()
    assert day.ahead(off) == []
    other = "li" if off == "wang" else "wang"
    stops = day.ahead(other)
    assert mine <= {stop.return_ref for stop in stops}
    for stop in stops:
        value = day.store.read(returns.find, stop.return_ref)
        assert value.slot_from <= stop.start_at <= value.slot_to
    told = {letter.channel for letter in day.store.read(mail.due_letters, now=at(f"{DAY}T12:01"), limit=50)}
    assert {f"courier:{off}", f"courier:{other}"} <= told
    assert day.tick_sync(at(f"{DAY}T12:01")).replanned == ()
    assert day.store.read(check.differences, now=at(f"{DAY}T12:01")) == []


def test_a_promise_that_nobody_can_keep_is_said_and_moved(tmp_path: Path) -> None:
    """The only courier is off: each promise is missed with its code, and another day's slot takes its place."""
    day = Day(tmp_path, [AFTERNOON, AFTERNOON], couriers=1)
    day.say("wang", Report.OUT, at(f"{DAY}T13:00"))
    [done] = day.tick_sync(at(f"{DAY}T13:00")).replanned
    assert [one.code for one in done.unkept] == ["not_allowed", "not_allowed"]
    for ref in ("r1", "r2"):
        value = day.store.read(returns.find, ref)
        assert value.status is ReturnStatus.REQUESTED
        assert value.slot_from > at(f"{DAY}T23:00")
        assert day.events(ref)[-3:] == ["unplanned", "pickup_missed", "rescheduled"]
    assert day.tick_sync(at(f"{DAY}T13:01")).replanned == ()
    assert day.store.read(check.differences, now=at(f"{DAY}T13:01")) == []


def test_who_comes_late_comes_later_the_same_day(tmp_path: Path) -> None:
    """An hour late, and nobody else: the promise is moved to the hour in which the courier comes, with a word of apology."""
    day = Day(tmp_path, [AFTERNOON], couriers=1)
    [stop] = day.ahead("wang")
    day.say("wang", Report.LATE, at(f"{DAY}T13:30"), minutes=150)
    [done] = day.tick_sync(at(f"{DAY}T13:30")).replanned
    [unkept] = done.unkept
    assert unkept.code == "late"
    value = day.store.read(returns.find, "r1")
    [after] = day.ahead("wang")
    assert after.id == stop.id
    assert value.slot_from <= after.start_at <= value.slot_to
    assert value.slot_to > at(f"{DAY}T16:00")
    assert day.events("r1")[-2:] == ["pickup_missed", "rescheduled"]


def test_a_full_vehicle_takes_no_more(tmp_path: Path) -> None:
    """What is still to come goes to the others; what was collected stays."""
    day = Day(tmp_path, [AFTERNOON] * 4, couriers=2)
    full = day.routes[0].courier
    first, *rest = day.ahead(full)
    day.act(first, ActKind.COLLECTED, at(f"{DAY}T14:05"))
    day.say(full, Report.FULL, at(f"{DAY}T14:06"))
    [done] = day.tick_sync(at(f"{DAY}T14:06")).replanned
    assert day.ahead(full) == []
    assert set(done.moved) | {one.ref for one in done.unkept} == {stop.return_ref for stop in rest}


def test_a_new_request_rides_along_the_same_day(tmp_path: Path) -> None:
    """Asked for after the cut-off, without a slot: it joins a route that runs, and no promise suffers. It is tried once."""
    day = Day(tmp_path, [AFTERNOON, LATE], couriers=1)
    now = at(f"{DAY}T13:00")
    ref = day.ask(7, None, now)
    [done] = day.tick_sync(now).replanned
    assert done.added == (ref,)
    assert day.store.read(returns.find, ref).status is ReturnStatus.PLANNED
    for stop in day.ahead("wang"):
        value = day.store.read(returns.find, stop.return_ref)
        assert value.slot_to is None or value.slot_from <= stop.start_at <= value.slot_to


def test_a_customer_who_was_not_there_is_not_visited_again_the_same_day(tmp_path: Path) -> None:
    """Absent is absent; it comes back with the next plan."""
    day = Day(tmp_path, [AFTERNOON, LATE], couriers=1)
    first = day.ahead("wang")[0]
    day.act(first, ActKind.FAILED, at(f"{DAY}T14:10"), reason=FailReason.ABSENT)
    day.tick_sync(at(f"{DAY}T14:11"))
    assert first.return_ref not in {stop.return_ref for stop in day.ahead("wang")}


def test_a_solver_that_dies_leaves_the_last_good_plan_and_says_so(tmp_path: Path) -> None:
    """Routes stay to the letter; the failure is a fact; it is tried again a minute later, not each second."""
    day = Day(tmp_path, [AFTERNOON] * 3, couriers=2)
    before = day.routes
    day.say(before[0].courier, Report.OUT, at(f"{DAY}T12:00"))
    calls = []

    async def die(problem, **kw):
        calls.append(1)
        raise BrokenPipeError("gone")

    [failed] = day.tick_sync(at(f"{DAY}T12:00"), mend=die).replanned
    assert failed.reason.code == "plan_failed"
    assert day.routes == before
    assert day.tick_sync(at(f"{DAY}T12:00:30"), mend=die).replanned == ()
    assert len(calls) == 1
    assert [f.event for f in day.store.read(facts.history, "depot", "hz")] == ["planned", "replan_failed"]
    [done] = day.tick_sync(at(f"{DAY}T12:01")).replanned
    assert done.moved


def test_a_plan_that_breaks_a_rule_is_not_sent(tmp_path: Path) -> None:
    """The referee reads a re-plan as it reads a plan."""
    from dataclasses import replace

    day = Day(tmp_path, [AFTERNOON] * 3, couriers=2)
    before = day.routes
    day.say(before[0].courier, Report.OUT, at(f"{DAY}T12:00"))

    async def cheat(problem, **kw):
        asked, plan = await mend_by_steps(problem, **kw)
        routes = tuple(replace(route, drive_s=1) for route in plan.routes)
        return asked, replace(plan, routes=routes)

    [failed] = day.tick_sync(at(f"{DAY}T12:00"), mend=cheat).replanned
    assert failed.reason.code == "plan_rejected"
    assert day.routes == before


def test_a_day_that_moved_on_while_the_solver_thought_is_looked_at_again(tmp_path: Path) -> None:
    """A stop that was cancelled meanwhile isn't planned anew; the next beat plans what is left."""
    day = Day(tmp_path, [AFTERNOON] * 4, couriers=2)
    off = day.routes[0].courier
    gone = day.ahead(off)[0].return_ref
    day.say(off, Report.OUT, at(f"{DAY}T12:00"))

    async def slowly(problem, **kw):
        await day.store.awrite(cancel_return, gone, link=str, now=at(f"{DAY}T12:00"))
        return await mend_by_steps(problem, **kw)

    assert day.tick_sync(at(f"{DAY}T12:00"), mend=slowly).replanned == ()
    [done] = day.tick_sync(at(f"{DAY}T12:00:02")).replanned
    assert gone not in done.moved
    assert day.store.read(returns.find, gone).status is ReturnStatus.CANCELLED


def test_who_says_nothing_is_expected_now_at_the_earliest(tmp_path: Path) -> None:
    """A courier who should be at the third stop and was at none: before the first promise breaks, somebody else drives there."""
    day = Day(tmp_path, [f"{DAY}T10:00/12:00", f"{DAY}T11:00/13:00"], couriers=1)
    assert day.ahead("wang")
    assert day.tick_sync(CUT_OFF).replanned == ()
    [done] = day.tick_sync(at(f"{DAY}T12:01")).replanned
    assert {one.ref for one in done.unkept} >= {"r1"}
