"""A day's plan where workers make it: handed out by the beat, written once, by whoever made it, under the guards of any plan."""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from engines import ask as sql
from far_side import far_side
from pickup_house import SETTINGS, an_order, ask, at, beat, deliver, link
from worker_support import count, shop_in

from config.settings import Settings
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.solving import Here, hold_of, left_to_workers
from doorstep.wiring import house_of
from doorstep.worker_computing import Computer
from scheduler.request import cancel_return
from scheduler.router import Plan, Problem, Steps, solve
from scheduler.tick import TickReport
from store import check, holds, jobs
from store.base import Store
from store.jobs import Counts

CUT_OFF = at("2026-11-23T10:00")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Three returns that wait for the day's plan."""
    with far_side() as far:
        made = shop_in(tmp_path, far)
    with Store(made.database, url=made.store_url) as store:
        for n in (1, 2, 3):
            store.write(deliver, an_order(f"o{n}", n), at("2026-11-20T10:00"))
            ask(store, f"r{n}", f"o{n}", now=at("2026-11-22T20:00"))
    return made


def house_on(stack: ExitStack, settings: Settings, now: datetime = CUT_OFF) -> House:
    store, clock = stack.enter_context(Store(settings.database, url=settings.store_url)), SetClock(now)
    return replace(house_of(settings, store, now=clock), wall=clock, pickups=SETTINGS)


def computer_on(stack: ExitStack, settings: Settings) -> Computer:
    return Computer(house_on(stack, settings), Here(Steps(20)), Random(7))


def a_beat(house: House) -> TickReport:
    return asyncio.run(beat(house.store, house.now(), leave=left_to_workers(house.store, house.wall)))


async def plans(*computers: Computer) -> list[int]:
    return await asyncio.gather(*(one.plan("hz") for one in computers))


def test_a_plan_is_left_to_a_worker_and_made_once(settings: Settings) -> None:
    """The beat hands it out once and goes on; two workers are told, one plans; the beats after that find nothing due."""
    with ExitStack() as stack:
        daemon, pair = house_on(stack, settings), [computer_on(stack, settings) for _ in range(2)]
        for _ in range(3):
            done = a_beat(daemon)
            assert (done.left, done.dispatched) == (("hz",), ())
        assert daemon.store.read(jobs.counts) == Counts(waiting=1)
        assert sorted(asyncio.run(plans(*pair))) == [0, 1]
        assert asyncio.run(plans(*pair)) == [0, 0]
        assert a_beat(daemon).left == ()
        assert daemon.store.read(count, "route") == 1
        assert daemon.store.read(count, "stop") == 3
        assert daemon.store.read(check.differences, now=CUT_OFF) == []


def test_what_no_worker_takes_the_beat_plans(settings: Settings) -> None:
    """After 15 seconds in the queue; where there is no queue, at once."""
    with ExitStack() as stack:
        daemon = house_on(stack, settings)
        assert a_beat(daemon).left == ("hz",)
        sql(settings.store_url, "UPDATE procrastinate_events SET at = at - interval '16 s'")
        [planned] = a_beat(daemon).dispatched
        assert len(planned.routes) == 1


def test_the_plan_of_a_worker_that_died_is_made_by_another(settings: Settings) -> None:
    """Not while it may be alive; nothing was written by the first, and all of it once by the second."""
    with ExitStack() as stack:
        computer = computer_on(stack, settings)
        house, clock = computer.house, computer.house.wall
        assert isinstance(clock, SetClock)
        house.store.write(holds.take, hold_of("hz"), "dead", now=CUT_OFF, until=CUT_OFF + timedelta(seconds=30))
        assert a_beat(house).left == ("hz",)
        assert house.store.read(jobs.counts) == Counts()
        assert asyncio.run(plans(computer)) == [0]
        clock.set(CUT_OFF + timedelta(seconds=31))
        assert asyncio.run(plans(computer)) == [1]
        assert house.store.read(count, "stop") == 3


@dataclass(frozen=True, slots=True)
class Meanwhile(Here):
    """Solves while the world goes on: a return is withdrawn."""

    store: Store | None = None

    async def __call__(self, problem: Problem, *, seed: int) -> Plan:
        made = solve(problem, seed=seed, limit=self.limit)
        assert self.store is not None
        await self.store.awrite(cancel_return, "r2", link=link, now=CUT_OFF)
        return made


def test_what_changed_while_a_worker_planned_counts(settings: Settings) -> None:
    """A return that was withdrawn meanwhile is no stop of the route, as where the daemon plans."""
    with ExitStack() as stack:
        daemon, house = house_on(stack, settings), house_on(stack, settings)
        computer = Computer(house, Meanwhile(Steps(20), daemon.store), Random(7))
        assert asyncio.run(plans(computer)) == [1]
        assert daemon.store.read(count, "stop") == 2
        assert daemon.store.read(check.differences, now=CUT_OFF) == []
