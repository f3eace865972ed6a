"""A PostgreSQL database that can't be used is refused at the start, with what to do; its guards are the schema's own."""

from pathlib import Path

import pytest
from engines import ask, database, fresh, name_of, server
from sqlalchemy.exc import DBAPIError
from store_support import add_shipment, an_instruction, at, count, damage, rows, scan, told

from domain.errors import RuleError
from store import ledger, postgres, tracking
from store.base import Store

NOBODY_THERE = "postgresql://doorstep:geheim@127.0.0.1:1/doorstep"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    server()
    return tmp_path / "desk.sqlite3"


@pytest.mark.parametrize(
    ("dsn", "says"),
    [
        ("mysql://db/doorstep", "like postgresql://user@host/database"),
        ("postgresql://db", "must name a PostgreSQL database"),
        ("postgresql:no", "can't be read"),
        (NOBODY_THERE, "check host and port, and that the server runs"),
    ],
)
def test_a_wrong_address_is_refused_with_the_fix(place: Path, dsn: str, says: str) -> None:
    """What is no address, or leads nowhere, is refused before anything begins; the password isn't shown."""
    with pytest.raises(RuleError, match=says) as refused:
        Store(place, url=dsn)
    assert str(refused.value).startswith("store.url: ")
    assert "geheim" not in str(refused.value)


def test_a_database_that_is_missing_is_named(place: Path) -> None:
    """A server without the database says how to make it."""
    with pytest.raises(RuleError, match=r"does not exist.*createdb --template=template0 --encoding=UTF8 --locale=C"):
        Store(place, url=server().format("nowhere"))


def test_what_belongs_to_something_else_is_left_alone(place: Path) -> None:
    """A database with tables of another program is refused, and gets none of ours."""
    dsn = database()
    ask(dsn, "CREATE TABLE invoices (id int)")
    with pytest.raises(RuleError, match=r"belongs to something else.*invoices.*name one of our own"):
        Store(place, url=dsn)
    assert ask(dsn, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [("invoices",)]


def test_texts_must_sort_by_their_code_points(place: Path) -> None:
    """Pages and digests go by the order of texts: a database that sorts by a language is refused, with the command that helps."""
    name = name_of(database()) + "_latin"
    ask(
        server().format("postgres"),
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'",
    )
    with pytest.raises(RuleError, match=r"encoding LATIN1.*createdb --template=template0"):
        Store(place, url=server().format(name))


def test_a_newer_schema_is_refused_and_left_alone_there_too(place: Path) -> None:
    """A database of a later version is neither opened nor touched; once it is mended it opens at once."""
    dsn = fresh()
    [(head,)] = ask(dsn, "SELECT version_num FROM alembic_version")
    ask(dsn, "UPDATE alembic_version SET version_num = '9999'")
    for _ in range(2):
        with pytest.raises(RuleError, match=r"newer Doorstep.*9999.*upgrade this installation"):
            Store(place, url=dsn)
    ask(dsn, f"UPDATE alembic_version SET version_num = '{head}'")
    with Store(place, url=dsn) as store:
        assert store.read(count, "orders") == 0


def test_several_programs_change_one_after_the_other(place: Path, tmp_path: Path) -> None:
    """Two programs may have the database open: each sees what the other committed, and no change slips in between."""
    dsn = fresh()
    with Store(place, url=dsn) as one, Store(tmp_path / "b" / "desk.sqlite3", url=dsn) as other:
        one.write(add_shipment)
        assert other.read(count, "shipment") == 1
        assert other.write(rows, "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND granted") == [
            (postgres.WRITING,)
        ]


def test_what_was_done_by_hand_is_refused(place: Path) -> None:
    """Facts and scans stay as they are, and no piece is paid twice, whoever writes, with whatever program."""
    dsn = fresh()
    with Store(place, url=dsn) as store:
        shipment = store.write(add_shipment)
        store.write(tracking.record, told(shipment, scan(hours=1)), now=at(2))
        assert store.write(ledger.write, an_instruction("a"))
        for change in ("UPDATE fact SET event = 'x'", "UPDATE scan SET said = 'x'"):
            with pytest.raises(DBAPIError, match="facts are only ever appended"):
                store.write(damage, change)
        columns = "qty, kind, amount_cents, currency, approval, why, written_at"
        again = f"INSERT INTO instruction (id, order_ref, item, {columns}) SELECT 'b', order_ref, '*', {columns} FROM instruction"
        assert store.write(damage, again) == 0
        assert store.read(count, "instruction") == 1


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("SELECT a FROM t WHERE b = ? AND c LIKE '%?'", "SELECT a FROM t WHERE b = %s AND c LIKE '%%?'"),
        ("SELECT coalesce(substr(c.phone, -4), '') FROM c", "SELECT coalesce(right(c.phone, 4), '') FROM c"),
        ("UPDATE t SET n = n + 1 WHERE (+kind = ?)", "UPDATE t SET n = n + 1 WHERE (kind = %s)"),
    ],
)
def test_statements_are_put_as_the_driver_wants_them(said: str, meant: str) -> None:
    """Places of values, signs that are meant, the end of a text, and what is said to SQLite's planner alone."""
    assert postgres.translated(said) == meant
