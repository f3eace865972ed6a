"""A dispatcher moves stops between own couriers: where it fits, with both told; else refused with the reason."""

import asyncio
from pathlib import Path
from random import Random

from running_house import DAY, Day, at, link, mend_by_steps

from domain.returns import Stop
from scheduler.courier import ActKind
from scheduler.moving import Move, move
from scheduler.plan_types import Refused
from scheduler.tick import ways_of
from store import check, mail, returns

NOW = at(f"{DAY}T12:00")


def moved(day: Day, stop: Stop, courier: str, now=NOW):
    ways = ways_of(day.settings, mend_by_steps, link=link, rng=Random(1))
    return asyncio.run(move(day.store, Move(stop, courier), day.settings.fleet, ways=ways, now=now))


def other_of(day: Day, stop: Stop) -> str:
    mine = next(route.courier for route in day.routes if route.id == stop.route_id)
    return "li" if mine == "wang" else "wang"


def test_a_stop_changes_its_courier_and_nothing_else_does(tmp_path: Path) -> None:
    """The others keep courier and order; promises hold; both couriers hear of it; the check agrees."""
    day = Day(tmp_path, [f"{DAY}T14:00/16:00"] * 3 + [f"{DAY}T16:00/18:00"] * 3)
    stop = day.routes[0].stops[1]
    to = other_of(day, stop)
    before = {s.return_ref: r.courier for r in day.routes for s in r.stops}
    done = moved(day, stop, to)
    assert not isinstance(done, Refused), done
    after = {s.return_ref: r.courier for r in day.routes for s in r.stops if s.status == "planned"}
    assert after == before | {stop.return_ref: to}
    for one in day.ahead(to):
        value = day.store.read(returns.find, one.return_ref)
        assert value.slot_from <= one.start_at <= value.slot_to
    told = {letter.channel for letter in day.store.read(mail.due_letters, now=NOW, limit=50)}
    assert {"courier:wang", "courier:li"} <= told
    assert day.store.read(check.differences, now=NOW) == []


def test_what_would_break_a_promise_or_a_vehicle_is_refused_with_the_reason(tmp_path: Path) -> None:
    """No room in the vehicle: the plan stays to the letter."""
    day = Day(tmp_path, [f"{DAY}T14:00/16:00"] * 4, couriers=2, capacity=2)
    before = day.routes
    stop = before[0].stops[0]
    refused = moved(day, stop, other_of(day, stop))
    assert isinstance(refused, Refused)
    assert refused.reason.code == "move_no_room"
    assert refused.reason.params["left"] == stop.return_ref
    assert day.routes == before


def test_what_was_started_stays(tmp_path: Path) -> None:
    day = Day(tmp_path, [f"{DAY}T14:00/16:00"] * 2)
    stop = day.routes[0].stops[0]
    to = other_of(day, stop)
    day.act(stop, ActKind.ARRIVED, at(f"{DAY}T14:05"))
    refused = moved(day, stop, to, at(f"{DAY}T14:06"))
    assert isinstance(refused, Refused)
    assert refused.reason.code == "move_too_late"
    assert moved(day, stop, to, at("2026-11-24T14:06")).reason.code == "move_too_late"
