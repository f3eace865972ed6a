"""An installation outgrows its SQLite file: everything is in PostgreSQL afterwards, or nothing is."""

import json
from pathlib import Path

import pytest
from engines import ask, fresh, server
from planted import NOW, TOML, opened, sow
from running_support import doorstep

from config import settings as configured
from config.settings import Settings
from domain.errors import RuleError
from domain.shipment import Customer, Item, Order
from doorstep.moving import move
from doorstep.wiring import STRUCTS
from store import check, intake, ledger
from store.base import Db, Store
from store.ledger import Instruction


@pytest.fixture
def shop(tmp_path: Path) -> Settings:
    """A house in which twenty customers came through every door, and an empty database beside it."""
    server()
    with opened(tmp_path) as house:
        sow(house)
    (tmp_path / "doorstep.toml").write_text(f'{TOML}\n[store]\nurl = "{fresh()}"\n')
    return configured.load(tmp_path / "doorstep.toml", environ={}, structs=STRUCTS)


def count(db: Db, table: str) -> int:
    return int(db.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def judged(store: Store) -> tuple[str, list[check.Difference]]:
    return store.read(check.digest), store.read(check.differences, now=NOW)


def test_everything_is_there_and_goes_on(shop: Settings) -> None:
    """Every table has its rows and digest; facts and projections amount to the same; the next order gets the next number."""
    with Store(shop.database) as before:
        wanted = judged(before)
        names = before.read(
            lambda db: [row[0] for row in db.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")]
        )
        rows = {name: before.read(count, name) for name in names if not name.startswith(("sqlite_", "alembic_"))}
    moved = move(shop)
    assert {one.table: one.rows for one in moved.tables} == rows
    assert not shop.database.exists()
    assert shop.database.with_name(moved.kept).exists()
    with Store(shop.database, url=shop.store_url) as after:
        assert judged(after) == wanted
        greatest = after.read(lambda db: db.exec_driver_sql("SELECT max(id) FROM customer").scalar_one())
        order = Order("NEW", (Item("A", "杯子", 1, 100),), NOW, customer=Customer("王小明", "13812345678"))
        after.write(intake.add_order, order)
        added = after.read(lambda db: db.exec_driver_sql("SELECT max(id) FROM customer").scalar_one())
        assert added == greatest + 1


def test_a_database_with_rows_is_refused(shop: Settings) -> None:
    """Nothing is mixed: a target that holds rows already is refused with the fix, and stays as it was; so does the file."""
    ask(shop.store_url, "INSERT INTO meta (key, value) VALUES ('a', 'b')")
    with pytest.raises(RuleError, match=r"holds rows already \(in meta\); name an empty one: `createdb"):
        move(shop)
    assert ask(shop.store_url, "SELECT count(*) FROM meta") == [(1,)]
    assert ask(shop.store_url, "SELECT count(*) FROM orders") == [(0,)]
    assert shop.database.exists()


def test_what_differs_is_found_and_nothing_is_moved(shop: Settings) -> None:
    """A value that comes out otherwise on the other side is found; the target is empty again, the file is where it was."""
    ask(shop.store_url, "ALTER TABLE instruction ALTER amount_cents TYPE numeric(20, -2)")
    with Store(shop.database) as source:
        ref = source.read(lambda db: db.exec_driver_sql("SELECT min(ref) FROM orders").scalar_one())
        source.write(ledger.write, Instruction("r1", ref, "A#1", "refund", 101, "CNY", NOW))
    with pytest.raises(RuleError, match=r"instruction: .*digests differ; nothing was moved"):
        move(shop)
    assert ask(shop.store_url, "SELECT count(*) FROM orders") == [(0,)]
    assert shop.database.exists()


def test_a_running_daemon_isnt_moved_away_from(shop: Settings) -> None:
    """While somebody has the file open, nothing is moved: what they write would be lost."""
    with Store(shop.database), pytest.raises(RuleError, match="stop it first"):
        move(shop)
    assert ask(shop.store_url, "SELECT count(*) FROM orders") == [(0,)]


def test_the_command_says_what_it_moved(shop: Settings) -> None:
    """`doorstep store move --json` names each table; a second time there is nothing to move."""
    done = doorstep("store", "move", "--json", cwd=shop.file.parent)
    assert done.returncode == 0, done.stderr
    told = {one["table"]: one["rows"] for one in json.loads(done.stdout)["tables"]}
    assert told["orders"] > 0
    again = doorstep("store", "move", cwd=shop.file.parent)
    assert again.returncode != 0
    assert "no SQLite database to move" in again.stderr
