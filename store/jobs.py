"""The queue of jobs for workers, in the tables that Procrastinate keeps in the same PostgreSQL database.

A job says only whom to ask, or what to look after: what is due, and what others have in hand, stands in our own tables. So a job that is
lost, or done twice, costs a turn and nothing else. Where there is no queue (SQLite, or a database that no daemon was started on yet) nothing is handed out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from store import people
from store.base import Db
from store.postgres import is_postgres
from store.tables import to_json

POLL = "doorstep.poll"
SEND = "doorstep.send"
REFIT = "doorstep.refit"
SOLVE = "doorstep.solve"
KINDS = (POLL, SEND, REFIT, SOLVE)
PREFIX = "procrastinate_"
"""What the names of the queue's own tables begin with."""
NEWEST = "jobs_schema"  # in meta: the newest change of the queue's schema that was made
PATIENCE_S = 15
"""A job that nobody took for so long tells that no worker serves its queue."""
DEAD_S = 30
"""A worker that hasn't said for so long that it lives is dead; each says it every ten seconds."""

Credential = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is asked to look after: the task and queue by their names, and what it is about."""

    task: str
    queue: str
    args: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The jobs about one thing that wait or are being done by a worker that lives; ``left``: one waits that nobody takes."""

    jobs: int
    left: bool


NONE = UnderWay(0, left=False)


@dataclass(frozen=True, slots=True)
class Counts:
    """How the queue stands: jobs by state, workers that live."""

    waiting: int = 0
    running: int = 0
    workers: int = 0


def queue_of(source: str) -> str:
    """The queue that a source's jobs go to."""
    return f"poll/{source}"


def sending(way: str) -> Job:
    """Letters are due on a way out: a queue of its own, so that only a worker that knows it takes it."""
    return Job(SEND, f"send/{way}", {"way": way})


def refitting() -> Job:
    """The night's learning is due."""
    return Job(REFIT, "refits", {})


def solving(depot: str) -> Job:
    """A depot's plan of the day is due."""
    return Job(SOLVE, "solves", {"depot": depot})


def exists(db: Db) -> bool:
    """Whether there is a queue in this database."""
    return is_postgres(db) and bool(db.exec_driver_sql("SELECT to_regclass('procrastinate_jobs') IS NOT NULL").scalar())


def make_ready(db: Db, schema: str, changes: Mapping[str, str]) -> None:
    """The queue's tables are there and as new as the Procrastinate that is installed: ``schema`` makes them, ``changes`` brings older
    ones up to date, in the order of their names. Doing it again changes nothing.
    """
    known, newest = people.meta(db, NEWEST) or "", max(changes)
    scripts = [changes[name] for name in sorted(changes) if name > known] if exists(db) else [schema]
    for script in scripts:
        cursor = db.connection.cursor()
        try:
            cursor.execute(script)  # as it stands: several statements, no values
        finally:
            cursor.close()
    if newest > known:
        people.set_meta(db, NEWEST, newest)


def under_way(db: Db) -> dict[Credential, UnderWay]:
    """Whom workers are asking, or were told to ask."""
    return {(args["source"], args["account"]): stands for args, stands in _under_way(db, POLL, None)}


def standing(db: Db, job: Job) -> UnderWay | None:
    """How many of this job are under way; None where there is no queue."""
    if not exists(db):
        return None
    return next((stands for _, stands in _under_way(db, job.task, to_json(job.args))), NONE)


def _under_way(db: Db, task: str, args: str | None) -> list[tuple[dict[str, str], UnderWay]]:
    """What was handed out and isn't done yet, by what it is about; ``args``: about this alone."""
    rows = db.exec_driver_sql(
        "SELECT j.args, count(*),"
        " bool_or(j.status = 'todo' AND coalesce(e.at, '-infinity') < now() - make_interval(secs => ?))"
        " FROM procrastinate_jobs j LEFT JOIN procrastinate_workers w ON w.id = j.worker_id"
        " LEFT JOIN (SELECT job_id, max(at) AS at FROM procrastinate_events"
        "  WHERE type IN ('deferred', 'deferred_for_retry') GROUP BY job_id) e ON e.job_id = j.id"
        " WHERE j.task_name = ? AND (j.status = 'todo' OR (j.status = 'doing' AND w.last_heartbeat > now() - make_interval(secs => ?)))"
        " AND j.args = coalesce(CAST(? AS jsonb), j.args) GROUP BY 1",
        (PATIENCE_S, task, DEAD_S, args),
    )
    return [(about, UnderWay(jobs, left)) for about, jobs, left in rows]


def defer(db: Db, wanted: Mapping[Credential, int]) -> None:
    """Put so many jobs of each credential into its queue; workers hear of them at the commit."""
    for (source, account), jobs in sorted(wanted.items()):
        hand_out(db, Job(POLL, queue_of(source), {"source": source, "account": account}), jobs)


def hand_out(db: Db, job: Job, times: int = 1) -> None:
    """Put it into its queue."""
    db.exec_driver_sql(
        "SELECT procrastinate_defer_jobs_v1(ARRAY(SELECT ROW(CAST(? AS varchar), CAST(? AS varchar), 0, NULL, NULL,"
        " CAST(? AS jsonb), NULL)::procrastinate_job_to_defer_v1 FROM generate_series(1, ?)))",
        (job.queue, job.task, to_json(job.args), times),
    )


def counts(db: Db) -> Counts:
    """How the queue stands; all 0 where there is none."""
    if not exists(db):
        return Counts()
    row = db.exec_driver_sql(
        "SELECT count(*) FILTER (WHERE status = 'todo'), count(*) FILTER (WHERE status = 'doing'),"
        " (SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => ?))"
        " FROM procrastinate_jobs WHERE task_name = ANY(?)",
        (DEAD_S, list(KINDS)),
    ).one()
    return Counts(*row)
