"""`doorstep worker`: takes jobs out of the queue in PostgreSQL and does them, beside the daemon that ticks and hands them out.

Procrastinate hands out the jobs, and knows which worker lives; what a job does is in worker_polling and worker_sending. Several workers, on
several machines, may run.
"""

import asyncio
import contextlib
import secrets
import signal
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import structlog
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.schema import SchemaManager

from config.settings import Settings
from domain.errors import RuleError
from doorstep import collector, logs, service, worker_sending
from doorstep.clock import wall
from doorstep.house import House
from doorstep.outbound import Outbound
from doorstep.running import SOLVE_SECONDS, read_settings
from doorstep.wiring import house_of, lines_of
from doorstep.worker_figures import Figures
from doorstep.worker_polling import Asker
from scheduler.router.problem import Seconds
from store import jobs, postgres
from store.base import Db, Store

if TYPE_CHECKING:
    from doorstep.worker_computing import Computer

log = structlog.get_logger()
KEEPING = "keeping"
"""The queue of what looks after the queue; every worker serves it."""
RESCUE_CRON = "* * * * * */10"  # seconds last
SENDS, REFITS, SOLVES = WORK = ("sends", "refits", "solves")
"""What a worker can do besides asking carriers, as `--queues` names it."""
ASKING = 2
"""Jobs of one worker that ask at a time: while one keeps what it heard, others ask. More would be taken from workers that have room."""
SENDING = 4
"""Ways out on which one worker sends at a time: one that is slow holds up no other."""
COMPUTING = 2
"""Plans and learnings of one worker at a time, each on a core of its own."""
LOOK_S = 2.0
"""How often a worker looks for jobs that it wasn't told of, such as rescued ones."""
ALIVE_S = 10.0
SHUTDOWN_S = 20.0
AGAIN_S = 2.0
"""After this a worker whose connection broke tries again."""
CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class Pool:
    """Queues, and how many of their jobs a worker does at a time: beside those of other pools, so that nothing waits behind another kind."""

    queues: tuple[str, ...]
    at_once: int


@dataclass(frozen=True, slots=True)
class Crew:
    """What a worker does its jobs with."""

    asker: Asker
    ways: Mapping[str, Outbound]
    computer: "Computer | None" = None

    @property
    def stopping(self) -> asyncio.Event:
        return self.asker.stopping

    async def close(self) -> None:
        for line in self.asker.lines.values():
            await line.close()
        await worker_sending.close(self.ways)


def make_queue(db: Db) -> None:
    """The queue's tables are there, as the installed Procrastinate wants them."""
    changes = {one.name: one.read_text("utf-8") for one in Path(SchemaManager.get_migrations_path()).glob("*.sql")}
    jobs.make_ready(db, SchemaManager.get_schema(), changes)


def run_worker(config: Path, names: Sequence[str] = (), *, metrics_port: int = 0) -> None:
    """Work until SIGTERM or SIGINT: what is under way ends, nothing new is begun. ``names``: of carriers to ask, or of WORK; all by
    default. Raises RuleError.
    """
    settings = read_settings(config)
    if not settings.store_url:
        raise RuleError(
            f"{config}: workers need PostgreSQL: set `[store] url` (docs/operations.md); with SQLite the daemon does everything"
        )
    served = served_of(settings, names)
    logs.set_up(settings.doorstep.log_level)
    with Store(settings.database, url=settings.store_url) as store:
        store.write(make_queue)
        figures = Figures()
        if metrics_port:
            figures.serve(settings.doorstep.host, metrics_port)
        asyncio.run(_work(settings, store, served, figures))


def served_of(settings: Settings, names: Sequence[str]) -> frozenset[str]:
    """Whose jobs are done: carriers' ids and names of WORK, all where none is named. Raises RuleError where there is none of a name."""
    known = {*settings.carriers, *WORK}
    unknown = sorted(set(names) - known)
    if unknown:
        raise RuleError(
            f"--queues: {', '.join(unknown)}: neither a carrier in the settings nor other work; there are: {', '.join(sorted(known))}"
        )
    return frozenset(names or known)


def crew_of(settings: Settings, store: Store, served: Collection[str]) -> Crew:
    asker = Asker(store, lines_of(settings), settings.detection, wall, lambda: secrets.token_urlsafe(9))
    house = house_of(settings, store)
    ways = worker_sending.ways_out(house) if SENDS in served else {}
    for way in ways.values():
        way.stopping = asker.stopping
    return Crew(asker, ways, _computer(house) if {REFITS, SOLVES} & set(served) else None)


def _computer(house: House) -> "Computer":
    """Loaded by whoever computes alone."""
    from doorstep.solving import Apart
    from doorstep.worker_computing import Computer

    return Computer(house, Apart(Seconds(SOLVE_SECONDS)), Random(secrets.randbits(64)))


def pools_of(crew: Crew, served: Collection[str]) -> list[Pool]:
    """Queues by kind of work; the first has an eye on the queue itself."""
    sources = sorted({source for source, _ in crew.asker.lines} & set(served))
    found = (
        Pool(tuple(jobs.queue_of(source) for source in sources), ASKING),
        Pool(tuple(jobs.sending(way).queue for way in sorted(crew.ways)), SENDING),
        Pool(tuple(name for name in (REFITS, SOLVES) if name in served), COMPUTING),
    )
    first, *others = [pool for pool in found if pool.queues] or [Pool((), 1)]
    return [replace(first, queues=(KEEPING, *first.queues)), *others]


async def _work(settings: Settings, store: Store, served: Collection[str], figures: Figures) -> None:
    crew = crew_of(settings, store, served)
    pools = pools_of(crew, served)
    loop, stopping = asyncio.get_running_loop(), crew.stopping
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_, stopping.set)
    collector.keep_out_of_the_way()
    log.info("worker started", queues=[queue for pool in pools for queue in pool.queues])
    service.notify(service.READY)
    alive = asyncio.create_task(_tell())
    try:
        await work_off(settings.store_url, crew, figures, pools)
    finally:
        service.notify(service.STOPPING)
        alive.cancel()
        await crew.close()
        log.info("worker stopped", jobs=figures.jobs, asked=figures.asked, sent=figures.sent)


async def work_off(url: str, crew: Crew, figures: Figures, pools: Sequence[Pool], *, rescue: str = RESCUE_CRON) -> None:
    """Do what the pools' queues bring until told to stop."""
    crons = (rescue if KEEPING in pool.queues else "" for pool in pools)
    apps = (app_of(url, crew, figures, rescue=cron) for cron in crons)
    await asyncio.gather(*(_serve(app, pool, crew.stopping) for app, pool in zip(apps, pools, strict=True)))


async def _serve(app: App, pool: Pool, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        await _until_stopped(app, pool, stopping)


async def _until_stopped(app: App, pool: Pool, stopping: asyncio.Event) -> None:
    """Work off the queues; returns when told to stop, or where the connection broke, after a while."""
    told = asyncio.create_task(stopping.wait())
    try:
        async with app.open_async():
            working = asyncio.create_task(
                app.run_worker_async(
                    queues=list(pool.queues), concurrency=pool.at_once, delete_jobs="always", install_signal_handlers=False,
                    fetch_job_polling_interval=LOOK_S, update_heartbeat_interval=ALIVE_S,
                    stalled_worker_timeout=jobs.DEAD_S, shutdown_graceful_timeout=SHUTDOWN_S,
                )
            )  # fmt: skip
            await asyncio.wait((working, told), return_when=asyncio.FIRST_COMPLETED)
            working.cancel()  # it ends gracefully: what runs may end
            with contextlib.suppress(asyncio.CancelledError):
                await working
    except ConnectorException as exc:
        log.warning("no connection to the queue", error=str(exc))
    finally:
        told.cancel()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), AGAIN_S)


async def _tell() -> None:
    """The watchdog hears from the loop, not from a job: one that hangs is cut off by its call's own limit."""
    while True:
        service.notify(service.ALIVE)
        await asyncio.sleep(ALIVE_S)


def app_of(url: str, crew: Crew, figures: Figures, *, rescue: str = "") -> App:
    """What each job does; ``rescue``: when jobs of dead workers are looked for, '' for never."""
    app = App(connector=PsycopgConnector(conninfo=postgres.address(url), min_size=1, max_size=CONNECTIONS))

    @app.task(name=jobs.POLL, pass_context=True)
    async def poll(context: JobContext, source: str, account: str) -> None:
        with _failing(f"poll/{source}/{account}", figures):
            report = await crew.asker.poll(source, account, job=f"job/{context.job.id}")
            figures.polled(report)
            if report.asked:
                log.info(
                    "job", source=source, account=account, asked=report.asked, calls=report.calls, failed=report.failed,
                    events=report.events,
                )  # fmt: skip

    @app.task(name=jobs.SEND)
    async def send(way: str) -> None:
        with _failing(f"send/{way}", figures):
            figures.sent_letters(await crew.ways[way].work_off())

    @app.task(name=jobs.REFIT)
    async def refit() -> None:
        assert crew.computer is not None
        with _failing("refit", figures):
            await crew.computer.refit()
            figures.computed()

    @app.task(name=jobs.SOLVE)
    async def solve(depot: str) -> None:
        assert crew.computer is not None
        with _failing(f"solve/{depot}", figures):
            figures.computed(await crew.computer.plan(depot))

    if rescue:
        _rescues(app, rescue)
    return app


@contextlib.contextmanager
def _failing(work: str, figures: Figures) -> Iterator[None]:
    """A job whose own fault is logged: what it was to do is due still, and handed out again."""
    try:
        yield
    except Exception:
        log.exception("a job failed; its work is due still", work=work)
        figures.failed()


def _rescues(app: App, cron: str) -> None:
    @app.periodic(cron=cron)
    @app.task(name="doorstep.rescue", queue=KEEPING, queueing_lock="doorstep.rescue")
    async def rescue_jobs(timestamp: int) -> None:
        """Jobs of workers that died are done by others."""
        del timestamp
        rescued = 0
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=jobs.DEAD_S):
            with contextlib.suppress(ConnectorException):  # another one was faster
                await app.job_manager.retry_job(job)
                rescued += 1
        if rescued:
            log.warning("jobs of a dead worker are done again", jobs=rescued)
