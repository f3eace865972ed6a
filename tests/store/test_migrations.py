"""A database of an earlier version: opened by this one, with everything that it held."""

from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from engines import unmigrated
from sqlalchemy import Connection
from store_support import at, finding, opened, rows

from domain.tracking import NoData
from store import asking, budgets, cases, ledger, sources, subscriptions, tracking
from store.budgets import Window
from store.ledger import Instruction
from store.tables import to_seconds
from store.upgrading import MIGRATIONS, REVISIONS

pytestmark = pytest.mark.usefixtures("engine")

DAY = 86_400
NOW = to_seconds(at(2))


def at_0001(db: Connection) -> None:
    """The first version's schema, with a row of everything that the second one moves."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = db
    command.upgrade(config, "0001")
    parcels = (  # number, milestone, delivered, next question, what the source lacks, failures, note
        ("ZT1", "in_transit", "no", NOW + 60, None, 0, ""),
        ("ZT2", "delivered", "yes", None, None, 0, "received"),
        ("ZT3", "returned", "no", None, None, 0, ""),
        ("ZT4", None, "no", None, "aged_out", 0, ""),
        ("ZT5", "in_transit", "no", None, None, 3, ""),
        ("ZT6", None, "no", NOW - 60, "bad_credential", 2, ""),
    )
    for one, (number, milestone, delivered, due_at, no_data, failures, note) in enumerate(parcels, 1):
        db.exec_driver_sql(
            "INSERT INTO shipment (id, number, carrier, source, account, service, leg, origin, destination, region,"
            " created_at) VALUES (?, ?, 'zhongtong', 'kuaidi100', 'second', '', 'out', '', '', 'cn', ?)",
            (one, number, to_seconds(at(0))),
        )
        db.exec_driver_sql(
            "INSERT INTO parcel (id, shipment_id, identity, number, leg, milestone, delivered)"
            " VALUES (?, ?, '', ?, 'out', ?, ?)",
            (one, one, number, milestone, delivered),
        )
        db.exec_driver_sql(
            "INSERT INTO watch (shipment_id, source, account, next_poll_at, alarm_at, polled_at, no_data, failures, note)"
            " VALUES (?, 'kuaidi100', 'second', ?, ?, ?, ?, ?, ?)",
            (one, due_at, NOW + one, NOW - 600, no_data, failures, note),
        )
    db.exec_driver_sql("INSERT INTO budget VALUES ('kuaidi100/second', ?, ?, 70)", (DAY, NOW - 3_600))
    db.exec_driver_sql(
        "INSERT INTO source (source, account, last_ok_at, failing_since, failures, paused_until, error)"
        " VALUES ('kuaidi100', 'second', ?, ?, 2, ?, 'HTTP 503')",
        (NOW - 900, NOW - 600, NOW + 60),
    )


def upgraded(tmp_path: Path) -> None:
    with unmigrated(tmp_path / "desk.sqlite3") as db:
        at_0001(db)


def test_everything_that_was_watched_is(tmp_path: Path) -> None:
    """Who is asked, when, what was heard, alarms, marks by hand, a source's health: all there, and nothing else."""
    upgraded(tmp_path)
    with opened(tmp_path) as store:
        told = {one: of[0] for one, of in store.read(asking.sources_of, list(range(1, 7))).items()}
        assert len(told) == 6
        assert {(s.source, s.account, s.place) for s in told.values()} == {("kuaidi100", "second", 0)}
        assert {s.polled_at for s in told.values()} == {at(2) - timedelta(minutes=10)}
        assert [d.number for d in store.read(asking.due_polls, "kuaidi100", "second", now=at(2), limit=9)] == ["ZT6"]
        assert told[1].next_poll_at == at(2) + timedelta(minutes=1)
        assert (told[4].no_data, told[6].no_data) == (NoData.AGED_OUT, NoData.BAD_CREDENTIAL)
        assert store.read(rows, "SELECT failures FROM asking ORDER BY shipment_id") == [
            (n,) for n in (0, 0, 0, 0, 3, 2)
        ]
        assert store.read(rows, "SELECT alarm_at FROM watch ORDER BY shipment_id") == [(NOW + n,) for n in range(1, 7)]
        views = store.read(tracking.views, list(range(1, 7)))
        assert [view.received_by_hand for view in views.values()] == [False, True, False, False, False, False]
        state = store.read(sources.state, "kuaidi100", "second")
        assert (state.failures, state.error, state.stood_in, state.used_up_until) == (2, "HTTP 503", False, None)
        assert store.read(subscriptions.states, "kuaidi100", list(range(1, 7))) == {}


def test_what_was_over_is_and_a_case_wakes_it(tmp_path: Path) -> None:
    """A dispute about a parcel that was delivered long ago has it asked about again."""
    upgraded(tmp_path)
    with opened(tmp_path) as store:
        views = store.read(tracking.views, list(range(1, 7)))
        over = [views[one].watching_ended for one in range(1, 7)]
        assert over == ["", "delivered", "at_rest", "aged_out", "too_long", ""]
        store.write(cases.open_case, finding("2"), now=at(3), promise_by=None, timer_at=None)
        due = store.read(asking.due_polls, "kuaidi100", "second", now=at(3), limit=9)
        assert due[0].number == "ZT2"


def test_calls_that_were_spent_are(tmp_path: Path) -> None:
    """An upgrade is no way to a second helping of a day's calls; the window ends when it would have."""
    upgraded(tmp_path)
    window = Window(100, DAY)
    with opened(tmp_path) as store:
        assert store.read(budgets.left, "kuaidi100/second", [window], now=at(2)) == {window: 30}
        assert store.read(budgets.left, "kuaidi100/second", [window], now=at(25)) == {window: 100}


def test_pieces_of_earlier_refunds_are_counted_and_guarded(tmp_path: Path) -> None:
    """A return's line paid before proposals were known stands for as many pieces as were collected: none is paid again."""
    with unmigrated(tmp_path / "desk.sqlite3") as db:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = db
        command.upgrade(config, "0005")
        db.exec_driver_sql("INSERT INTO orders VALUES ('O1', '', 'CNY', '[]', NULL, NULL, 0)")
        db.exec_driver_sql(
            "INSERT INTO returns (ref, order_ref, items, reason, want, status, payer, rule, refund_cents, freight_cents,"
            " currency, code, depot, requested_at, attempts, collected, unserved_code, unserved_reason) VALUES ('R1', 'O1',"
            " '[]', 'quality', 'refund', 'instructed', '', '', 0, 0, 'CNY', '', '', 0, 0, ?, '', '')",
            ('[{"qty":2,"sku":"A"}]',),
        )
        db.exec_driver_sql(
            "INSERT INTO instruction (id, order_ref, item, kind, amount_cents, currency, return_ref, approval, why,"
            " written_at) VALUES ('refund-R1', 'O1', 'A#1', 'refund', 200, 'CNY', 'R1', '', '', 0)"
        )
    with opened(tmp_path) as store:
        assert [(one.item, one.qty) for one in store.read(ledger.of_order, "O1")] == [("A#1", 2)]
        made = [
            Instruction(f"i{n}", "O1", item, "refund", 100, "CNY", at(3)) for n, item in enumerate(("A#2", "*", "A#3"))
        ]
        assert [store.write(ledger.write, one) for one in made] == [False, False, True]


def test_the_files_names_tell_the_schemas() -> None:
    """What is read off the names, so that Alembic needn't be loaded, is what Alembic itself finds, in its order."""
    script = ScriptDirectory(str(MIGRATIONS))
    assert [one.revision for one in script.walk_revisions()] == list(reversed(REVISIONS))
    assert script.get_heads() == [REVISIONS[-1]]
