"""Returns without a slot wait for a route that passes by, not longer than they may, and what either costs is on record."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from engines import a_store
from pickup_house import DEPOT, SETTINGS, a_return, an_order, ask, at, beat, deliver, link

from domain.pickup import ReturnStatus
from scheduler.batching import Batch
from scheduler.holding import Arrivals, Question, decide, may_wait
from scheduler.request import cancel_return
from scheduler.router import Problem, Steps, Stop
from store import pickup_choices, returns
from store.base import Store
from store.check import differences

ASKED_AT = at("2026-11-22T20:00")
PLAN_AT = at("2026-11-23T10:00")
HOLDING = replace(SETTINGS, hold_days=2)
NEAR, BESIDE, FAR = -10, -11, 30


@pytest.fixture
def store(tmp_path: Path):
    with a_store(tmp_path / "desk.db") as opened:
        for n in (NEAR, BESIDE, FAR):
            opened.write(deliver, an_order(f"o{n}", n), at("2026-11-20T15:00"))
        yield opened
        assert opened.read(differences, now=at("2026-12-01T00:00")) == []


async def decide_by_steps(problem: Problem, question: Question, *, seed: int):
    return decide(question, problem, seed=seed, limit=Steps(20))


def beaten(store: Store, when, **more):
    return asyncio.run(beat(store, when, settings=HOLDING, decide=decide_by_steps, **more))


def asked(store: Store) -> None:
    ask(store, "slot", f"o{NEAR}", now=ASKED_AT)
    ask(store, "beside", f"o{BESIDE}", now=ASKED_AT, slot=None)
    ask(store, "far", f"o{FAR}", now=ASKED_AT, slot=None)


def busy_past(store: Store) -> None:
    """Two returns a day came from the far place; all were called off, so that none of them is open."""
    for n in range(60):
        store.write(deliver, replace(an_order(f"p{n}", FAR)), at("2026-11-20T15:00"))
        ask(store, f"past{n}", f"p{n}", now=ASKED_AT - timedelta(hours=n % 20), slot=None)
        store.write(cancel_return, f"past{n}", link=link, now=ASKED_AT)


def statuses(store: Store) -> dict[str, ReturnStatus]:
    return {ref: store.read(returns.find, ref).status for ref in ("slot", "beside", "far")}


def test_a_return_that_a_route_passes_goes_and_a_far_one_waits(store: Store) -> None:
    """The promised one goes, its neighbour rides along, the far one waits for its like; the day's plan keeps what each would cost."""
    busy_past(store)
    asked(store)
    beaten(store, PLAN_AT)
    assert statuses(store) == {
        "slot": ReturnStatus.PLANNED, "beside": ReturnStatus.PLANNED, "far": ReturnStatus.REQUESTED,
    }  # fmt: skip
    assert store.read(returns.find, "far").unserved_code == "held"
    [choices] = store.read(pickup_choices.of_day, PLAN_AT, PLAN_AT + timedelta(days=1))
    assert [(line.ref, line.waits) for line in choices.lines] == [("far", True), ("beside", False)]
    far, beside = choices.lines
    assert far.now_cents > 3 * beside.now_cents > 0
    assert (choices.waiting, choices.saved_cents) == (1, far.now_cents - far.later_cents)


def test_where_nobody_else_is_expected_a_return_goes_with_todays_route(store: Store) -> None:
    """A trip of its own on another day would cost a route more, so there is nothing to wait for."""
    asked(store)
    beaten(store, PLAN_AT)
    assert statuses(store)["far"] is ReturnStatus.PLANNED


def test_nobody_waits_longer_than_agreed(store: Store) -> None:
    """After so many days a return goes, whatever the trip costs."""
    busy_past(store)
    asked(store)
    for day in range(2):
        beaten(store, PLAN_AT + timedelta(days=day))
        assert (statuses(store)["far"] is ReturnStatus.PLANNED) is (day == 1)
    assert statuses(store)["far"] is ReturnStatus.PLANNED


def test_without_waiting_days_everything_goes_at_once(store: Store) -> None:
    """A shop that doesn't want returns to wait says so."""
    asked(store)
    asyncio.run(beat(store, PLAN_AT, decide=decide_by_steps))
    assert set(statuses(store).values()) == {ReturnStatus.PLANNED}


def test_a_decision_that_fails_leaves_everything_as_it_was(store: Store) -> None:
    """It is told and tried again; nothing is held or sent meanwhile."""

    async def failing(problem: Problem, question: Question, *, seed: int):
        raise OSError("no memory")

    asked(store)
    report = asyncio.run(beat(store, PLAN_AT, settings=HOLDING, decide=failing))
    assert [failed.why.code for failed in report.failed] == ["plan_failed"]
    assert set(statuses(store).values()) == {ReturnStatus.REQUESTED}


@pytest.mark.parametrize(
    ("fields", "waits"),
    [
        ({}, True),
        ({"slot_from": at("2026-11-23T14:00"), "slot_to": at("2026-11-23T16:00")}, False),
        ({"attempts": 1, "status": ReturnStatus.FAILED}, False),
        ({"requested_at": at("2026-11-21T23:59")}, False),
        ({"requested_at": at("2026-11-22T00:00")}, True),
    ],
)
def test_who_may_wait(fields: dict, waits: bool) -> None:
    """Nobody promised it for today, nobody came in vain, and it hasn't waited two days yet."""
    batch = Batch(DEPOT, PLAN_AT.date(), PLAN_AT, (a_return(**fields),))
    assert (may_wait(batch, hold_days=2) == {"r1"}) is waits


def test_arrivals_are_as_many_as_there_used_to_be() -> None:
    """Two and a half a day are two on some days and three on others."""
    from random import Random

    draw = Arrivals((Stop("a", 1), Stop("b", 2)), 2.5)
    counts = [len(draw(Random(n))) for n in range(400)]
    assert set(counts) == {2, 3}
    assert 2.4 < sum(counts) / len(counts) < 2.6
    assert Arrivals((), 3)(Random(1)) == []
