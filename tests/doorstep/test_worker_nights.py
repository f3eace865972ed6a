"""The night's learning where workers do it: once, by one of all, again where it died half way, an hour later where it failed."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from engines import ask
from far_side import FarSide, far_side
from worker_support import count, shop_in, sow

from config.policies import DetectionPolicy
from config.settings import Settings
from doorstep import logs
from doorstep.clock import SetClock
from doorstep.nightly import HOLD, LearningFailed, Nightly
from doorstep.wiring import house_of
from monitor.learning import Learned
from store import check, holds, jobs, risk
from store.base import Store, Where
from store.jobs import Counts

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)


@pytest.fixture(autouse=True, scope="module")
def _plain_logs() -> None:
    logs.set_up("critical")


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    with far_side() as far:
        yield a_shop(tmp_path, far)


def a_shop(folder: Path, far: FarSide) -> Settings:
    made = shop_in(folder, far)
    sow(made, 3, at=NOW)
    return made


@dataclass
class Lessons:
    """What learning comes to: nothing, slowly, or an error."""

    fails: bool = False
    begun: list[datetime] = field(default_factory=list)

    async def __call__(self, where: Where, policy: DetectionPolicy, now: datetime) -> Learned:
        del where, policy
        self.begun.append(now)
        await asyncio.sleep(0.05)
        if self.fails:
            raise LearningFailed("the process died")
        return Learned(now, "", {}, b"", [])


def process(stack: ExitStack, settings: Settings, lessons: Lessons, at: datetime = NOW) -> Nightly:
    """A daemon's or a worker's."""
    store, clock = stack.enter_context(Store(settings.database, url=settings.store_url)), SetClock(at)
    return Nightly(replace(house_of(settings, store, now=clock), wall=clock), lessons)


async def looks(nightly: Nightly, at: datetime, times: int = 1) -> None:
    for _ in range(times):
        await nightly.look(at)
    if nightly._running is not None:
        await nightly._running


def test_it_is_left_to_a_worker_and_done_once(settings: Settings) -> None:
    """The beat hands it out, once; of two workers that are told one learns, and then it isn't due any more."""
    lessons = Lessons()
    with ExitStack() as stack:
        daemon, *workers = (process(stack, settings, lessons) for _ in range(3))
        asyncio.run(looks(daemon, NOW, 3))
        assert daemon.house.store.read(jobs.counts) == Counts(waiting=1)
        assert lessons.begun == []

        async def both() -> list[bool]:
            return await asyncio.gather(*(one.run(NOW) for one in workers))

        assert sorted(asyncio.run(both())) == [False, True]
        assert not asyncio.run(workers[0].run(NOW))
        assert lessons.begun == [NOW]
        assert daemon.house.store.read(count, "risk_model") == 1
        assert daemon.house.store.read(check.differences, now=NOW) == []


def test_what_no_worker_takes_the_daemon_learns_itself(settings: Settings) -> None:
    """After 15 seconds in the queue, and at once on the next day."""
    lessons = Lessons()
    with ExitStack() as stack:
        daemon = process(stack, settings, lessons)
        asyncio.run(looks(daemon, NOW))
        ask(settings.store_url, "UPDATE procrastinate_events SET at = at - interval '16 s'")
        asyncio.run(looks(daemon, NOW))
        tomorrow = NOW + timedelta(days=1)
        asyncio.run(looks(daemon, tomorrow))
        assert lessons.begun == [NOW, tomorrow]


def test_who_died_over_it_has_it_done_again(settings: Settings) -> None:
    """The model may be kept and the alarms not moved: as long as it may be alive nobody else learns, then somebody does, once."""
    lessons = Lessons()
    with ExitStack() as stack:
        worker = process(stack, settings, lessons)
        store, clock = worker.house.store, worker.house.wall
        assert isinstance(clock, SetClock)
        store.write(risk.keep, fitted_at=NOW, version=1, why_not="", learned={}, body=b"")
        store.write(holds.take, HOLD, "dead", now=NOW, until=NOW + timedelta(seconds=30))
        assert not asyncio.run(worker.run(NOW))
        clock.set(NOW + timedelta(seconds=31))
        assert asyncio.run(worker.run(clock.at))
        assert not asyncio.run(worker.run(clock.at))
        assert len(lessons.begun) == 1


def test_a_failure_is_left_alone_for_an_hour_by_everybody(settings: Settings) -> None:
    """It is nobody's turn before that, and nothing is handed out; then it is tried again."""
    lessons = Lessons(fails=True)
    with ExitStack() as stack:
        daemon, first, second = (process(stack, settings, lessons) for _ in range(3))
        assert not asyncio.run(first.run(NOW))
        lessons.fails = False
        assert not asyncio.run(second.run(NOW + timedelta(minutes=59)))
        asyncio.run(looks(daemon, NOW + timedelta(minutes=59)))
        assert daemon.house.store.read(jobs.counts) == Counts()
        assert asyncio.run(second.run(NOW + timedelta(minutes=61)))
        assert len(lessons.begun) == 2
