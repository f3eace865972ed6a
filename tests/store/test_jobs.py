"""The queue of jobs in PostgreSQL: made once, brought up to date, carried along by backups; SQLite has none."""

import os
from pathlib import Path

import pytest
from engines import ask, fresh, server, tools
from store_support import at

from config import settings as configured
from doorstep.backups import make
from doorstep.restoring import restore
from doorstep.wiring import STRUCTS, open_house
from doorstep.worker import make_queue
from store import check, jobs, people
from store.base import Db, Store
from store.jobs import Counts, UnderWay

SHAPE = (
    "SELECT string_agg(said, '|' ORDER BY said) FROM (SELECT concat(proname, md5(prosrc)) AS said FROM pg_proc WHERE oid >= 16384"
    " UNION ALL SELECT concat(tgname, tgrelid) FROM pg_trigger UNION ALL SELECT concat(relname, relkind) FROM pg_class WHERE oid >= 16384) s"
)
KUAIDI, FEDEX = ("kuaidi100", "main"), ("fedex", "main")


@pytest.fixture
def dsn() -> str:
    server()
    return fresh()


def changes() -> dict[str, str]:
    from procrastinate.schema import SchemaManager

    return {one.name: one.read_text("utf-8") for one in Path(SchemaManager.get_migrations_path()).glob("*.sql")}


def test_making_the_queue_again_changes_nothing(tmp_path: Path, dsn: str) -> None:
    """Every start of a daemon or a worker makes the queue where it is missing; what is there stays as it is, jobs too."""
    with Store(tmp_path / "desk.sqlite3", url=dsn) as store:
        assert not store.read(jobs.exists)
        assert store.read(jobs.counts) == Counts()
        store.write(make_queue)
        store.write(jobs.defer, {KUAIDI: 2})
        made = ask(dsn, SHAPE)
        store.write(make_queue)
        assert ask(dsn, SHAPE) == made
        assert store.read(jobs.counts) == Counts(waiting=2)
        assert store.read(check.differences, now=at(0)) == []


def test_an_older_queue_is_brought_up_to_date(tmp_path: Path, dsn: str) -> None:
    """Where an older Procrastinate made the tables, its changes since are made in order, once, and waiting jobs stay."""
    scripts = changes()
    names = sorted(scripts)
    older = next(n for n, name in enumerate(names) if name.startswith("03.04"))
    for name in names[:older]:
        ask(dsn, scripts[name])
    new = "SELECT count(*) FROM pg_proc WHERE proname = 'procrastinate_retry_job_v2'"
    with Store(tmp_path / "desk.sqlite3", url=dsn) as store:
        store.write(people.set_meta, jobs.NEWEST, names[older - 1])
        store.write(jobs.defer, {FEDEX: 1})
        assert ask(dsn, new) == [(0,)]
        store.write(make_queue)
        assert ask(dsn, new) == [(1,)]
        assert store.read(people.meta, jobs.NEWEST) == names[-1]
        assert store.read(jobs.counts) == Counts(waiting=1)


def test_a_queue_that_is_newer_than_ours_is_left_alone(tmp_path: Path, dsn: str) -> None:
    """A worker of an older installation beside newer ones changes nothing of the tables."""
    with Store(tmp_path / "desk.sqlite3", url=dsn) as store:
        store.write(make_queue)
        store.write(people.set_meta, jobs.NEWEST, "99.00.00")
        store.write(make_queue)
        assert store.read(people.meta, jobs.NEWEST) == "99.00.00"


def test_jobs_are_counted_for_each_credential(tmp_path: Path, dsn: str) -> None:
    """What waits is known by source and account; one that nobody took for long tells so."""
    with Store(tmp_path / "desk.sqlite3", url=dsn) as store:
        store.write(make_queue)
        store.write(jobs.defer, {KUAIDI: 3, FEDEX: 1})
        assert store.read(jobs.under_way) == {KUAIDI: UnderWay(3, left=False), FEDEX: UnderWay(1, left=False)}
        ask(
            dsn,
            "UPDATE procrastinate_events SET at = at - interval '16 s' WHERE job_id IN"
            " (SELECT id FROM procrastinate_jobs WHERE queue_name = 'poll/fedex')",
        )
        assert store.read(jobs.under_way) == {KUAIDI: UnderWay(3, left=False), FEDEX: UnderWay(1, left=True)}


def test_the_job_of_a_dead_worker_is_not_under_way(tmp_path: Path, dsn: str) -> None:
    """A worker that no longer says that it lives does nothing: what it had taken doesn't keep others from being asked."""
    with Store(tmp_path / "desk.sqlite3", url=dsn) as store:
        store.write(make_queue)
        store.write(jobs.defer, {KUAIDI: 1})
        [(worker,)] = ask(dsn, "SELECT worker_id FROM procrastinate_register_worker_v1()")
        ask(dsn, f"SELECT * FROM procrastinate_fetch_job_v2(ARRAY['poll/kuaidi100'], {worker})")
        assert store.read(jobs.counts) == Counts(running=1, workers=1)
        assert store.read(jobs.under_way) == {KUAIDI: UnderWay(1, left=False)}
        ask(dsn, "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '31 s'")
        assert store.read(jobs.counts) == Counts(running=1)
        assert store.read(jobs.under_way) == {}


def test_sqlite_has_no_queue(tmp_path: Path) -> None:
    """The embedded database knows no jobs, and is asked for none."""
    with Store(tmp_path / "desk.sqlite3") as store:
        assert not store.read(jobs.exists)
        assert store.read(jobs.counts) == Counts()


def rows_of(db: Db, table: str) -> int:
    return int(db.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def test_a_backup_carries_the_queue_along(tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Restored in an empty database, waiting jobs wait, everything amounts to its facts, and the queue takes new jobs."""
    monkeypatch.setenv("PATH", tools(), prepend=os.pathsep)
    with Store(tmp_path / "desk.sqlite3", url=dsn) as store:
        store.write(make_queue)
        store.write(jobs.defer, {KUAIDI: 2})
    make(tmp_path / "desk.sqlite3", tmp_path / "backup", now=at(0), url=dsn)
    elsewhere = fresh()
    ask(elsewhere, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    (tmp_path / "doorstep.toml").write_text(f'[store]\nurl = "{elsewhere}"\n')
    settings = configured.load(tmp_path / "doorstep.toml", environ={}, structs=STRUCTS)
    restore(settings, tmp_path / "backup", open_house, now=at(0), force=False)
    with Store(settings.database, url=elsewhere) as store:
        store.write(make_queue)
        store.write(jobs.defer, {FEDEX: 1})
        assert store.read(jobs.counts) == Counts(waiting=3)
        assert store.read(rows_of, "procrastinate_events") == 3
        assert store.read(check.differences, now=at(0)) == []
