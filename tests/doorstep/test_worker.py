"""Workers beside the daemon on one PostgreSQL: they share what is due and what may be spent, and what one leaves another does."""

import asyncio
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from engines import ask
from far_side import SCANS, FarSide
from running_support import Daemon, wait_for
from worker_support import FEDEX, KUAIDI, count, polled, shop_in, sow, worker_on

from config.settings import Settings
from domain.errors import RuleError
from doorstep import worker
from doorstep.clock import SetClock, wall
from doorstep.worker_figures import Figures
from doorstep.worker_polling import Asker, Room
from monitor.handing_out import hand_out
from monitor.poll import PollReport
from store import check, jobs, sources
from store.base import Store
from store.jobs import Counts

pytestmark = pytest.mark.usefixtures("plain_logs")

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)


async def at_once(*askers: Asker, times: int = 1, credential: tuple[str, str] = KUAIDI) -> PollReport:
    """Each of them does some jobs, all at the same time."""
    names = [(asker, f"job/{n}-{k}") for n, asker in enumerate(askers) for k in range(times)]
    try:
        reports = await asyncio.gather(*(asker.poll(*credential, job=name) for asker, name in names))
    finally:
        for asker in askers:
            for line in asker.lines.values():
                await line.close()
    return PollReport(*(sum(getattr(r, name) for r in reports) for name in PollReport.__dataclass_fields__))


def test_two_workers_share_what_is_due(tmp_path: Path, far: FarSide) -> None:
    """Each number is asked about once, whoever does it, at most eight at a time each; everything that was told is kept once."""
    settings = shop_in(tmp_path, far)
    numbers = sow(settings, 150)
    far.after_s = 0.01
    with ExitStack() as stack:
        pair = [worker_on(stack, settings, SetClock(datetime.now(UTC))) for _ in range(2)]
        done = asyncio.run(at_once(*pair, times=2))
        assert done.asked == done.calls == len(numbers)
        assert far.asked == Counter(numbers)
        assert far.most <= 16
        store = pair[0].store
        assert store.read(count, "scan") == SCANS * len(numbers)
        assert store.read(polled) == len(numbers)
        assert store.read(count, "poll_turn") == 0
        assert store.read(check.differences, now=datetime.now(UTC)) == []


def test_a_job_is_a_hundred_numbers_at_most(tmp_path: Path, far: FarSide) -> None:
    """In as many calls as that takes: four of FedEx's thirties; the rest is another job's."""
    settings = shop_in(tmp_path, far)
    sow(settings, 130, "fedex")
    with ExitStack() as stack:
        asker = worker_on(stack, settings, wall)
        assert asyncio.run(at_once(asker, credential=FEDEX)).asked == 100
        assert far.calls == 4
        assert asyncio.run(at_once(worker_on(stack, settings, wall), credential=FEDEX)).asked == 30


def test_a_budget_holds_over_all_workers(tmp_path: Path, far: FarSide) -> None:
    """Seven calls a second and thirty a day are what two workers with four jobs each get together, in each second and on that day."""
    settings = shop_in(tmp_path, far, more="calls_per_second = 7\ncalls_per_day = 30")
    sow(settings, 60, at=NOW)
    clock, calls = SetClock(NOW), []
    with ExitStack() as stack:
        for second in range(7):
            clock.set(NOW + timedelta(seconds=second))
            pair = [worker_on(stack, settings, clock) for _ in range(2)]
            before = far.calls
            asyncio.run(at_once(*pair, times=4))
            calls.append(far.calls - before)
    assert calls == [7, 7, 7, 7, 1, 0, 0]  # the last one of the day is kept for what is urgent
    assert max(far.asked.values()) == 1


def test_a_failure_of_many_at_once_is_one_failure(tmp_path: Path, far: FarSide) -> None:
    """A source that goes down under several jobs is paused as after one failure, and then tried by one call alone."""
    settings = shop_in(tmp_path, far)
    sow(settings, 200, at=NOW)
    far.status, far.after_s = 503, 0.05
    clock = SetClock(NOW)
    with ExitStack() as stack:
        pair = [worker_on(stack, settings, clock) for _ in range(2)]
        asyncio.run(at_once(*pair, times=3))
        asked = far.calls
        assert asked > 100
        state = pair[0].store.read(sources.state, *KUAIDI)
        assert (state.failures, state.paused_until) == (1, NOW + timedelta(minutes=1))
        clock.set(NOW + timedelta(minutes=2))
        again = [worker_on(stack, settings, clock) for _ in range(2)]
        asyncio.run(at_once(*again, times=3))
        assert far.calls == asked + 1
        assert again[0].store.read(sources.state, *KUAIDI).failures == 2


def test_what_a_dead_worker_held_is_free_for_its_job(tmp_path: Path, far: FarSide) -> None:
    """While the turn lasts nobody else asks the same; the same job, done again, does, and so does anybody once its time is over."""
    settings = shop_in(tmp_path, far)
    sow(settings, 3, at=NOW)
    clock = SetClock(NOW)
    with ExitStack() as stack:
        asker = worker_on(stack, settings, clock)
        line = asker.lines[KUAIDI]
        taken = [one.number for one in asker.store.write(asker._take, line, "job/1", 8, 100)[1]]
        assert len(taken) == 3
        assert asker.store.write(asker._take, line, "job/2", 8, 100)[1] == []
        assert [one.number for one in asker.store.write(asker._take, line, "job/1", 8, 100)[1]] == taken
        clock.set(NOW + timedelta(minutes=6))
        assert [one.number for one in asker.store.write(asker._take, line, "job/2", 8, 100)[1]] == taken


def plan(settings: Settings, store: Store, now: datetime) -> tuple[int, list[tuple[str, str]]]:
    """How many jobs wait after the daemon looked, and what it asks by itself."""
    given = asyncio.run(hand_out(store, worker.lines_of(settings), now=now))
    return store.read(jobs.counts).waiting, sorted(given.ours)


def test_the_daemon_hands_out_what_is_due(tmp_path: Path, far: FarSide) -> None:
    """A job for each hundred, no more of them at the next look; of what nobody takes in time the daemon asks by itself."""
    settings = shop_in(tmp_path, far)
    sow(settings, 230, at=NOW)
    with Store(settings.database, url=settings.store_url) as store:
        assert plan(settings, store, NOW) == (3, [])
        assert plan(settings, store, NOW) == (3, [])
        ask(settings.store_url, "UPDATE procrastinate_events SET at = at - interval '16 s'")
        assert plan(settings, store, NOW) == (3, [KUAIDI])


def test_nothing_is_handed_out_where_nothing_may_be_asked(tmp_path: Path, far: FarSide) -> None:
    """A paused source gets no job, one that fails a single one, one with little left as many as that is worth."""
    settings = shop_in(tmp_path, far, more="calls_per_hour = 150")
    sow(settings, 230, at=NOW)
    state = sources.SourceState(*KUAIDI, failing_since=NOW, failures=1, paused_until=NOW + timedelta(minutes=1))
    with Store(settings.database, url=settings.store_url) as store:
        store.write(sources.save, state)
        assert plan(settings, store, NOW) == (0, [])
        assert plan(settings, store, NOW + timedelta(minutes=1)) == (1, [])
        store.write(sources.save, sources.SourceState(*KUAIDI, last_ok_at=NOW))
        assert plan(settings, store, NOW) == (2, [])


def test_without_a_queue_the_daemon_asks_by_itself(tmp_path: Path, far: FarSide) -> None:
    """On SQLite nothing is handed out."""
    settings = shop_in(tmp_path, far)
    with Store(tmp_path / "small.sqlite3") as store:
        assert plan(settings, store, NOW) == (0, sorted([FEDEX, KUAIDI]))


def test_room_is_given_in_the_order_of_asking() -> None:
    """Who wants much isn't passed by those who want little, and a call that is given up gives its room back."""

    async def live() -> list[str]:
        room, said = Room(8), []

        async def call(name: str, calls: int) -> None:
            async with room.for_calls(calls):
                said.append(name)
                await asyncio.sleep(0)

        async with room.for_calls(5):
            waiting = [
                asyncio.create_task(call(name, calls)) for name, calls in (("gone", 7), ("much", 8), ("little", 1))
            ]
            await asyncio.sleep(0)
            waiting[0].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return said

    assert asyncio.run(live()) == ["much", "little"]


def hand(settings: Settings, **numbers: int) -> None:
    with Store(settings.database, url=settings.store_url) as store:
        store.write(jobs.defer, {(source, "main"): n for source, n in numbers.items()})


async def work_until(settings: Settings, asker: Asker, done: int) -> None:
    """A worker of this process, which looks for jobs of dead ones each second, until so many shipments are polled."""
    crew = worker.Crew(asker, {})
    pools = worker.pools_of(crew, settings.carriers)
    working = asyncio.create_task(worker.work_off(settings.store_url, crew, Figures(), pools, rescue="* * * * * *"))
    while await asker.store.aread(polled) < done:  # noqa: ASYNC110 - only the database tells
        await asyncio.sleep(0.05)
    asker.stopping.set()
    await working
    await crew.close()


@pytest.mark.slow
def test_the_job_of_a_killed_worker_is_done_by_another(tmp_path: Path, far: FarSide) -> None:
    """A real worker is killed while it asks; the next one finds its job, asks once more and keeps everything once."""
    settings = shop_in(tmp_path, far)
    sow(settings, 20)
    far.silent = True
    first = Daemon(tmp_path, ("worker",), 0)
    first.begin()
    try:
        hand(settings, kuaidi100=1)
        wait_for(lambda: far.calls >= 8)
    finally:
        first.kill()
    far.silent = False
    ask(settings.store_url, "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '31 s'")
    with ExitStack() as stack:
        asker = worker_on(stack, settings, wall)
        asyncio.run(asyncio.wait_for(work_until(settings, asker, 20), 60))
        assert asker.store.read(count, "scan") == SCANS * 20
        assert asker.store.read(count, "poll_turn") == 0
        assert asker.store.read(jobs.counts) == Counts()
    assert max(far.asked.values()) == 2


@pytest.mark.slow
def test_a_worker_that_is_told_to_stop_finishes_its_turn(tmp_path: Path, far: FarSide) -> None:
    """SIGTERM in the middle of a job: what was asked is kept, nothing new is begun, what is left stays due; exit code 0."""
    settings = shop_in(tmp_path, far)
    sow(settings, 100)
    far.after_s = 0.25
    running = Daemon(tmp_path, ("worker", "--queues", "kuaidi100"), 0)
    running.begin()
    hand(settings, kuaidi100=1)
    wait_for(lambda: far.calls >= 8)
    assert running.stop() == 0, running.log()
    assert "worker stopped" in running.log()
    with Store(settings.database, url=settings.store_url) as store:
        assert store.read(polled) == far.calls < 100
        assert store.read(count, "poll_turn") == 0
        assert store.read(jobs.counts) == Counts()


def test_a_worker_that_has_nothing_to_do_there_is_refused(tmp_path: Path, far: FarSide) -> None:
    """On SQLite there is no queue, and a carrier that isn't set has none: both say what to do."""
    config = shop_in(tmp_path, far).file
    with pytest.raises(
        RuleError,
        match="upz: neither a carrier in the settings nor other work; there are: fedex, kuaidi100, refits, sends, solves",
    ):
        worker.run_worker(config, ["fedex", "upz"])
    config.write_text("[doorstep]\n")
    with pytest.raises(RuleError, match=r"workers need PostgreSQL: set `\[store\] url`"):
        worker.run_worker(config)


LOADED = """
import sys
from doorstep import worker
from doorstep.worker_sending import ways_out
print(*sorted({"numpy", "numba", "ortools", "pandas"} & set(sys.modules)))
"""


def test_a_worker_that_computes_nothing_loads_nothing_for_it() -> None:
    """Neither the solver nor the numbers' libraries: asking and sending take no more memory for them."""
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_worker_takes_the_jobs_that_it_is_named(tmp_path: Path, far: FarSide) -> None:
    """Pools by kind of work, the first with an eye on the queue; what isn't named is left to others."""
    settings = shop_in(tmp_path, far)
    with Store(settings.database, url=settings.store_url) as store:
        named = frozenset({"fedex", "solves"})
        crew = worker.crew_of(settings, store, named)
        assert [pool.queues for pool in worker.pools_of(crew, named)] == [("keeping", "poll/fedex"), ("solves",)]
        assert crew.ways == {}
        every = worker.served_of(settings, ())
        assert every == {"fedex", "kuaidi100", "sends", "refits", "solves"}
        asyncio.run(crew.close())
