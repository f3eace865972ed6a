"""A shop's database of the first version, brought up to date step by step: nothing is lost, and the house lives on with it."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

from doorstep.beat import beat
from doorstep.clock import SetClock
from doorstep.demo import write_settings
from doorstep.solving import Here
from doorstep.wiring import open_house
from scheduler.router import Steps
from store import cases, check
from store.base import Store
from store.upgrading import MIGRATIONS

PLAYED = Path(__file__).with_name("first_version.sql")
AS_THEY_WERE = {
    "fact": "subject_type, subject_id, event, at, by, channel, words, data",
    "scan": "parcel_id, key, at, received_at, phrase_id, place_id",
    "phrase": "*", "place": "id", "customer": "id, name, phone, email, address", "orders": "ref, shop, currency, items, created_at",
    "shipment": "id, order_ref, carrier, source, account, number, promised_at, created_at",
    "parcel": "id, shipment_id, identity, number, milestone, delivered, last_at, delivered_at",
    "cases": "id, kind, subject_type, subject_id, opened_at, promise_by, owner, told_at, closed_at, close_reason",
    "returns": "ref, order_ref, items, reason, want, status, refund_cents, slot_from, slot_to, code, collected",
    "route": "id", "stop": "id, route_id, return_ref, position, status, ended_at, proof",
    "instruction": "id, order_ref, item, kind, amount_cents, currency, return_ref, written_at, confirmed_at",
    "outbox": "id, channel, kind, payload", "inbound": "adapter, account, key, answer", "raw_reply": "digest, source, status, at, body, error",
    "person": "id, name, role, lang", "api_key": "name, digest, created_at", "session": "digest, person_id",
    "one_time_link": "digest", "watch": "shipment_id, alarm_at", "watch_item": "subject_type, subject_id, kind, since",
    "budget": "credential, used", "source": "source, account, last_ok_at",
}  # fmt: skip
"""What every version keeps of the first one's rows."""


def config(db: Connection) -> Config:
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    made.attributes["connection"] = db
    return made


def rows(db: Connection) -> dict[str, list[str]]:
    return {
        table: sorted(repr(tuple(row)) for row in db.exec_driver_sql(f'SELECT {columns} FROM "{table}"'))
        for table, columns in AS_THEY_WERE.items()
    }


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Connection]:
    """Three weeks of a shop of twenty orders, as the first version wrote them, and a row of what that demo had none of."""
    with create_engine(f"sqlite:///{tmp_path / 'doorstep.sqlite3'}").connect() as db:
        command.upgrade(config(db), "0001")
        for line in PLAYED.read_text(encoding="utf-8").splitlines():
            if line.startswith("INSERT"):
                db.exec_driver_sql(line.replace("%", "%%"))
        db.exec_driver_sql("INSERT INTO session VALUES ('5e55', 'chen', 'csrf', 1795000000)")
        db.exec_driver_sql(
            "INSERT INTO watch_item VALUES ('shipment', '3', 'promise_risk', 1794000000, 1794000000, 0.4, '[]')"
        )
        db.commit()
        yield db


def versions(db: Connection) -> list[str]:
    return [one.revision for one in ScriptDirectory.from_config(config(db)).walk_revisions()][::-1]


def test_every_step_keeps_every_row(first: Connection) -> None:
    """One migration at a time, as somebody upgrades who does it each week."""
    before, steps = rows(first), versions(first)
    tables = {name for (name,) in first.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables - set(before) == {"alembic_version", "meta"}
    assert min(len(found) for found in before.values()) > 0
    assert len(steps) > 20
    for step in steps[1:]:
        command.upgrade(config(first), step)
        first.commit()
        now = rows(first)
        assert {table: now[table] for table in before if now[table] != before[table]} == {}, step


def test_all_at_once_is_sound_and_lives_on(first: Connection, tmp_path: Path) -> None:
    """What is stored is what the facts amount to, before and after a day of beats; what was open is still looked after."""
    first.close()
    settings = write_settings(tmp_path, 8799, 1)
    with Store(settings.database, synchronous="OFF") as store:
        newest = store.read(check.newest)
        assert newest is not None
        assert store.read(check.differences, now=newest) == []
        open_then = {case.id for case in store.read(cases.list_cases)}
        assert open_then
        clock = SetClock(newest)
        house = replace(open_house(settings, store, now=clock), wall=clock)
        for hour in range(0, 25, 6):
            now = newest + timedelta(hours=hour)
            asyncio.run(beat(house, {}, Here(Steps(1)), now=now, rng=Random(1)))
        assert store.read(check.differences, now=now) == []
        told = {fact.subject_id for fact in store.read(_facts_since, newest)}
        assert {str(one) for one in open_then} <= told


def _facts_since(db: Connection, at: object) -> list[object]:
    return db.exec_driver_sql(
        "SELECT subject_id FROM fact WHERE subject_type = 'case' AND at >= ?", (int(at.timestamp()),)
    ).all()  # type: ignore[attr-defined]
