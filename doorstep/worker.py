"""`doorstep worker`: takes jobs out of the queue in PostgreSQL and does them, beside the daemon that ticks and hands them out.

Procrastinate hands out the jobs, and knows which worker lives; what a job does is in worker_polling. Several workers, on several machines, may run.
"""

import asyncio
import contextlib
import gc
import secrets
import signal
from collections.abc import Sequence
from pathlib import Path

import structlog
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.schema import SchemaManager

from config.settings import Settings
from domain.errors import RuleError
from doorstep import logs, service
from doorstep.clock import wall
from doorstep.running import read_settings
from doorstep.wiring import lines_of
from doorstep.worker_figures import Figures
from doorstep.worker_polling import Asker
from store import jobs, postgres
from store.base import Db, Store

log = structlog.get_logger()
KEEPING = "keeping"
"""The queue of what looks after the queue; every worker serves it."""
RESCUE_CRON = "* * * * * */10"  # seconds last
AT_ONCE = 2
"""Jobs of one worker at a time: while one keeps what it heard, others ask. More would be taken from workers that have room."""
LOOK_S = 2.0
"""How often a worker looks for jobs that it wasn't told of, such as rescued ones."""
ALIVE_S = 10.0
SHUTDOWN_S = 20.0
AGAIN_S = 2.0
"""After this a worker whose connection broke tries again."""
CONNECTIONS = 4


def make_queue(db: Db) -> None:
    """The queue's tables are there, as the installed Procrastinate wants them."""
    changes = {one.name: one.read_text("utf-8") for one in Path(SchemaManager.get_migrations_path()).glob("*.sql")}
    jobs.make_ready(db, SchemaManager.get_schema(), changes)


def run_worker(config: Path, sources: Sequence[str] = (), *, metrics_port: int = 0) -> None:
    """Work until SIGTERM or SIGINT: the turns that are under way end, nothing new is begun. Raises RuleError."""
    settings = read_settings(config)
    if not settings.store_url:
        raise RuleError(
            f"{config}: workers need PostgreSQL: set `[store] url` (docs/operations.md); with SQLite the daemon asks by itself"
        )
    queues = queues_of(settings, sources)
    logs.set_up(settings.doorstep.log_level)
    with Store(settings.database, url=settings.store_url) as store:
        store.write(make_queue)
        figures = Figures()
        if metrics_port:
            figures.serve(settings.doorstep.host, metrics_port)
        asyncio.run(_work(settings, store, queues, figures))


def queues_of(settings: Settings, sources: Sequence[str]) -> list[str]:
    """The queues of these sources, of all that are set where none is named. Raises RuleError where one isn't set."""
    unknown = sorted(set(sources) - set(settings.carriers))
    if unknown:
        known = ", ".join(sorted(settings.carriers)) or "none"
        raise RuleError(f"--queues: {', '.join(unknown)}: no such carrier in the settings; there are: {known}")
    return [KEEPING, *(jobs.queue_of(source) for source in sorted(sources or settings.carriers))]


async def _work(settings: Settings, store: Store, queues: Sequence[str], figures: Figures) -> None:
    asker = Asker(store, lines_of(settings), settings.detection, wall, lambda: secrets.token_urlsafe(9))
    loop, stopping = asyncio.get_running_loop(), asker.stopping
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_, stopping.set)
    gc.collect()
    gc.freeze()  # as the daemon: what is loaded by now stays
    log.info("worker started", queues=list(queues))
    service.notify(service.READY)
    alive = asyncio.create_task(_tell())
    try:
        while not stopping.is_set():
            await _until_stopped(app_of(settings.store_url, asker, figures), queues, stopping)
    finally:
        service.notify(service.STOPPING)
        alive.cancel()
        for line in asker.lines.values():
            await line.close()
        log.info("worker stopped", jobs=figures.jobs, asked=figures.asked)


async def _until_stopped(app: App, queues: Sequence[str], stopping: asyncio.Event) -> None:
    """Work off the queues; returns when told to stop, or where the connection broke, after a while."""
    told = asyncio.create_task(stopping.wait())
    try:
        async with app.open_async():
            working = asyncio.create_task(
                app.run_worker_async(
                    queues=list(queues), concurrency=AT_ONCE, delete_jobs="always", install_signal_handlers=False,
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


def app_of(url: str, asker: Asker, figures: Figures, *, rescue: str = RESCUE_CRON) -> App:
    """What each job does."""
    app = App(connector=PsycopgConnector(conninfo=postgres.address(url), min_size=1, max_size=CONNECTIONS))

    @app.task(name=jobs.POLL, pass_context=True)
    async def poll(context: JobContext, source: str, account: str) -> None:
        try:
            report = await asker.poll(source, account, job=f"job/{context.job.id}")
        except Exception:
            log.exception("a job failed; what it asked about is due again soon", source=source, account=account)
            figures.failed()
            return
        figures.done(report)
        if report.asked:
            log.info(
                "job", source=source, account=account, asked=report.asked, calls=report.calls, failed=report.failed,
                events=report.events,
            )  # fmt: skip

    @app.periodic(cron=rescue)
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

    return app
