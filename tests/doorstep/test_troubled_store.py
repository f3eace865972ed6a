"""A full disk, a database that can't be written, one that somebody else holds: said on /readyz, nothing lost, well again by itself."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import httpx
import pytest
from alembic import command
from alembic.config import Config
from api_support import NOW, ORDER, Client
from sqlalchemy import create_engine

from domain.errors import RuleError
from doorstep.clock import SetClock
from doorstep.daemon import Daemon, app_of
from doorstep.demo import write_settings
from doorstep.house import House
from doorstep.importing import watch_folder
from doorstep.letter_post import LetterPost
from doorstep.operations import perform
from doorstep.solving import Here
from doorstep.taking import Sender, takers_of
from doorstep.wiring import open_house
from scheduler.router.problem import Steps
from store import check, mail
from store.base import Db, Store
from store.mail import Letter
from store.trouble import DatabaseError
from store.upgrading import MIGRATIONS

TOKEN = "control"


@contextmanager
def full_disk(house: House) -> Iterator[None]:
    """SQLite's own limit of pages gives the very error of a full disk."""
    [(pages,)] = house.store.write(lambda db: list(db.exec_driver_sql("PRAGMA page_count")))
    house.store.write(lambda db: db.exec_driver_sql(f"PRAGMA max_page_count={pages}"))
    yield
    house.store._writer.submit(lambda: raw(house, "PRAGMA max_page_count=1000000")).result()


@contextmanager
def read_only(house: House) -> Iterator[None]:
    house.store._writer.submit(lambda: raw(house, "PRAGMA query_only=ON")).result()
    yield
    house.store._writer.submit(lambda: raw(house, "PRAGMA query_only=OFF")).result()


@contextmanager
def locked(house: House) -> Iterator[None]:
    """Somebody's own tool has begun a transaction and gone to lunch."""
    house.store._writer.submit(lambda: raw(house, "PRAGMA busy_timeout=20")).result()
    with sqlite3.connect(house.store.path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
    other.close()


def raw(house: House, sql: str) -> None:
    with house.store._write_engine.connect() as db:
        db.connection.cursor().execute(sql)


TROUBLES = {"disk_full": full_disk, "read_only": read_only, "locked": locked}
Trouble = Callable[[House], object]


class Desk:
    """A daemon whose beats the test makes, its application, and a key."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.daemon = Daemon(house, {}, Here(Steps(1)), rng=Random(0), before=self._nothing)
        self.client = Client(app_of(self.daemon, TOKEN))
        self.key = perform(house, "key_create", {"name": "shop"})["key"]

    @staticmethod
    async def _nothing() -> None:
        return None

    def beat(self) -> None:
        asyncio.run(self.daemon.beat())

    def ready(self) -> tuple[int, str]:
        answer = self.client.get("/readyz")
        return answer.status_code, answer.json()["status"]

    def order(self, n: int) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.key}", "idempotency-key": f"k{n}"}
        body = {**ORDER, "order": f"O-{n}", "address": "梧桐路 1 号" * 60}
        return self.client.post("/api/orders", json=body, headers=headers)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    settings = write_settings(tmp_path, 8799, 1)
    with Store(settings.database, synchronous="OFF") as store:
        made = Desk(open_house(settings, store, now=SetClock(NOW)))
        yield made
        made.client.close()


def orders(db: Db) -> list[str]:
    return [row[0] for row in db.exec_driver_sql("SELECT ref FROM orders ORDER BY ref")]


def clean(house: House) -> bool:
    return house.store.read(check.differences, now=NOW) == []


@pytest.mark.parametrize("name", TROUBLES)
def test_a_trouble_is_said_loses_nothing_and_passes(desk: Desk, name: str) -> None:
    """Orders are refused with 503 and when to come again; what was answered 201 is there, what wasn't can be sent again; a beat
    after the trouble says that all is well.
    """
    desk.beat()
    assert desk.ready() == (200, "ready")
    taken = []
    with TROUBLES[name](desk.house):
        for n in range(400):
            answer = desk.order(n)
            if answer.status_code != 201:
                break
            taken.append(f"O-{n}")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert answer.json()["detail"].startswith(f"{name}: ")
        assert desk.ready()[0] == 503
        assert desk.ready()[1].startswith(f"{name}: ")
        desk.beat()
        assert desk.ready()[1].startswith(f"{name}: ") or name == "disk_full"  # a small change may still find room
        assert desk.house.store.read(orders) == sorted(taken)
    desk.beat()
    assert desk.ready() == (200, "ready")
    assert desk.order(n).status_code == 201
    assert desk.house.store.read(orders) == sorted([*taken, f"O-{n}"])
    assert clean(desk.house)


@pytest.mark.parametrize("name", ["read_only", "locked"])
def test_a_beat_finds_it_before_anybody_writes(desk: Desk, name: str) -> None:
    """Nothing is due and nobody calls: the beat's own try says it, and no carrier is asked for what couldn't be kept."""
    with TROUBLES[name](desk.house):
        desk.beat()
        assert desk.ready()[1].startswith(f"{name}: ")
    desk.beat()
    assert desk.ready() == (200, "ready")


def test_pages_say_it_to_people(desk: Desk) -> None:
    """What can't be saved is answered by a page with 503 that says so, not by an error of ours; later the same click works."""
    perform(desk.house, "person_add", {"id": "li", "name": "Li", "role": "agent", "lang": "en", "password": ""})
    link = perform(desk.house, "sign_in", {"id": "li"})["url"].partition("8799")[2]
    with read_only(desk.house):
        answer = desk.client.get(link)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert "text/html" in answer.headers["content-type"]
        assert "503" in answer.text
    assert desk.client.get(link).status_code in {200, 303}


class Counting(LetterPost):
    """A post that counts how often each letter goes out."""

    prefix = "customer:"

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self.went: list[str] = []

    async def send(self, letter: Letter) -> str | None:
        self.went.append(letter.id)
        return "there"

    def undelivered(self, db: Db, letter: Letter, *, error: str, now: object) -> None:
        raise AssertionError(letter)


def test_a_letter_isnt_sent_over_and_over(desk: Desk) -> None:
    """What can't be marked as sent goes out once more when the trouble is over, not once a second while it lasts."""
    house = desk.house
    house.store.write(mail.post, [Letter("L1", "customer:O-1", "message", "opened", "case", "1")], now=NOW)
    post = Counting(house)

    async def looks(times: int) -> None:
        for _ in range(times):
            await post.look()

    with read_only(house):
        asyncio.run(looks(5))
        assert post.went == ["L1"]
    desk.beat()
    asyncio.run(looks(3))
    assert post.went == ["L1", "L1"]


def test_a_watched_file_waits(desk: Desk, tmp_path: Path) -> None:
    """A file that can't be taken now stays where it lies; afterwards each row is there once."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    rows = "".join(f"F-{n},杯子,49.00,1,{'梧桐路' * 80}\n" for n in range(300))
    (folder / "orders-1.csv").write_text("订单号,商品,单价,数量,地址\n" + rows, encoding="utf-8")
    take = {"takers": takers_of(desk.house, Sender(None, "folder")), "now": NOW, "settled_before": desk.house.wall()}
    with full_disk(desk.house), pytest.raises(DatabaseError):
        watch_folder(desk.house.store, folder, **take)  # type: ignore[arg-type]
    assert [p.name for p in folder.iterdir()] == ["orders-1.csv"]
    [report] = watch_folder(desk.house.store, folder, **take)  # type: ignore[arg-type]
    assert (report.rejected, len(desk.house.store.read(orders))) == (0, 300)
    assert clean(desk.house)


# --- refused at the start ------------------------------------------------------------------------------------------


def at_revision(path: Path, revision: str, *more: str) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as db:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = db
        command.upgrade(config, revision)
        for sql in more:
            db.exec_driver_sql(sql)
        db.commit()
    engine.dispose()


def test_an_older_schema_that_cant_be_brought_up_to_date_is_refused(tmp_path: Path) -> None:
    """A table is missing that a migration needs: a sentence with the fix, and the file is as it was."""
    path = tmp_path / "desk.sqlite3"
    at_revision(path, "0005", "DROP TABLE returns", "INSERT INTO meta VALUES ('kept', 'yes')")
    with pytest.raises(
        RuleError, match=r"can't be brought up to this version's.*nothing was changed.*doorstep restore"
    ):
        Store(path)
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT version_num FROM alembic_version").fetchall() == [("0005",)]
        assert db.execute("SELECT value FROM meta WHERE key = 'kept'").fetchall() == [("yes",)]
        assert db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'told_step'").fetchone() == (0,)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    """A wrong path in the settings must not be written over."""
    path = tmp_path / "desk.sqlite3"
    path.write_text("a shopping list" * 100)
    with pytest.raises(RuleError, match="is no database"):
        Store(path)
    assert path.read_text() == "a shopping list" * 100


def test_a_newer_schema_and_a_second_daemon_are_refused(tmp_path: Path) -> None:
    """Each names the fix."""
    path = tmp_path / "desk.sqlite3"
    with Store(path) as first:
        with pytest.raises(RuleError, match="stop it first"):
            Store(path)
        first.write(lambda db: db.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RuleError, match=r"schema 9999.*upgrade"):
        Store(path)
