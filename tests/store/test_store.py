"""What the store promises: facts stay, a change is whole, one process writes, reading again is free, money leaves once."""

import asyncio
import itertools
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from engines import a_store
from hypothesis import given
from hypothesis import settings as budget_of
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Integer
from sqlalchemy.exc import IntegrityError
from store_support import (
    START,
    add_shipment,
    an_instruction,
    an_order,
    at,
    count,
    damage,
    finding,
    open_case,
    opened,
    rows,
    scan,
    told,
)

from domain.case import CaseEvent, CaseFact
from domain.errors import RuleError
from domain.parcel import fold
from domain.privacy import scrub_body
from domain.tracking import Leg, Milestone, ParcelReading
from store import asking, budgets, cases, intake, ledger, mail, tracking
from store.base import Db, Store
from store.budgets import Window
from store.mail import Letter
from store.packed import unpack
from store.tracking import RawBody

pytestmark = pytest.mark.usefixtures("engine")

# --- facts and transactions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["fact", "scan"])
def test_a_fact_is_never_changed(tmp_path: Path, table: str) -> None:
    """The database itself refuses an UPDATE of the log and of scan events."""
    column = {"fact": "words", "scan": "said"}[table]
    with opened(tmp_path) as store:
        shipment = store.write(add_shipment)
        store.write(tracking.record, told(shipment, scan()), now=at(2))
        before = store.read(rows, f"SELECT {column} FROM {table}")
        assert before
        with pytest.raises(IntegrityError, match="only ever appended"):
            store.write(damage, f"UPDATE {table} SET {column} = 'forged'")
        assert store.read(rows, f"SELECT {column} FROM {table}") == before


def add_and_fail(db: Db, error: Exception) -> None:
    add_shipment(db)
    raise error


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_a_change_that_fails_leaves_nothing(tmp_path: Path, error: Exception) -> None:
    """An order, its customer, its shipment and their facts are written together or not at all; the store goes on."""
    with opened(tmp_path) as store:
        with pytest.raises(type(error)):
            store.write(add_and_fail, error)
        assert [store.read(count, t) for t in ("orders", "customer", "shipment", "watch", "fact")] == [0] * 5
        store.write(add_shipment)
        assert [store.read(count, t) for t in ("orders", "customer", "shipment", "watch")] == [1] * 4


def test_a_change_within_a_change_is_refused(tmp_path: Path) -> None:
    """It would wait for itself for ever; saying so at once names the way out, and the outer change is undone."""
    with opened(tmp_path) as store:

        def outer(db: Db) -> None:
            intake.add_order(db, an_order())
            store.write(add_shipment)

        with pytest.raises(RuntimeError, match="compose the functions"):
            store.write(outer)
        assert store.read(count, "orders") == 0


def test_readers_cannot_write(tmp_path: Path) -> None:
    """A look that tries to change something fails, whoever wrote it."""
    with opened(tmp_path) as store, pytest.raises(Exception, match=r"readonly|read-only"):
        store.read(damage, "DELETE FROM fact")


def test_reading_is_a_snapshot(tmp_path: Path) -> None:
    """What commits while somebody reads is not seen until the next look."""
    with opened(tmp_path) as store:
        store.write(intake.add_order, an_order("O1"))
        began, written = threading.Event(), threading.Event()

        def look(db: Db) -> tuple[int, int]:
            first = count(db, "orders")
            began.set()
            assert written.wait(10)
            return first, count(db, "orders")

        def write() -> None:
            assert began.wait(10)
            store.write(intake.add_order, an_order("O2"))
            written.set()

        writer = threading.Thread(target=write)
        writer.start()
        assert store.read(look) == (1, 1)
        writer.join()
        assert store.read(count, "orders") == 2


def test_many_threads_write_one_after_the_other(tmp_path: Path) -> None:
    """Twenty writers at once lose no change: one thread does them all."""

    def bump(db: Db) -> None:
        seen = count(db, "meta")
        damage(db, "INSERT INTO meta (key, value) VALUES (?, ?)", f"k{seen}", "v")

    async def all_of_them(store: Store) -> None:
        await asyncio.gather(*(store.awrite(bump) for _ in range(20)))

    with opened(tmp_path) as store:
        asyncio.run(all_of_them(store))
        assert store.read(count, "meta") == 20


# --- opening -------------------------------------------------------------------------------------------------------

OPEN = "import sys, pathlib; from store.base import Store; Store(pathlib.Path(sys.argv[1]))"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_second_process_is_refused_with_the_way_out(tmp_path: Path) -> None:
    """One writer, whatever is started beside it; once the first has closed, the other may."""
    with opened(tmp_path) as store:
        tried = subprocess.run(
            [sys.executable, "-c", OPEN, str(store.path)], capture_output=True, text=True, check=False
        )
        assert tried.returncode != 0
        assert "RuleError" in tried.stderr
        assert "another process is using this database; stop it first" in tried.stderr
        with pytest.raises(RuleError, match="stop it first"):
            Store(store.path)
        store.write(intake.add_order, an_order())
    again = subprocess.run([sys.executable, "-c", OPEN, str(store.path)], capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A database of a later version is neither opened nor touched; the message says what to do."""
    with opened(tmp_path) as store:
        store.write(intake.add_order, an_order())
        store.write(damage, "UPDATE alembic_version SET version_num = '9999'")
    for _ in range(2):
        with pytest.raises(RuleError, match=r"newer Doorstep.*9999.*upgrade this installation"):
            a_store(tmp_path / "desk.sqlite3")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_refusing_gives_the_lock_back(tmp_path: Path) -> None:
    """A database that was refused can be opened at once when it is mended."""
    with opened(tmp_path) as store:
        [(head,)] = store.read(rows, "SELECT version_num FROM alembic_version")
        store.write(damage, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(RuleError):
        Store(tmp_path / "desk.sqlite3")
    import sqlite3

    with sqlite3.connect(tmp_path / "desk.sqlite3") as db:
        db.execute("UPDATE alembic_version SET version_num = ?", (head,))
    db.close()
    with opened(tmp_path) as store:
        assert store.read(count, "orders") == 0


def _autogenerated(db: Db) -> list[object]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlmodel import SQLModel

    from store import tables
    from store.row import Row

    assert tables.Fact in Row.__subclasses__()
    context = MigrationContext.configure(db, opts={"compare_type": _other_type, "include_name": _is_ours})
    return list(compare_metadata(context, SQLModel.metadata))


def _is_ours(name: str | None, _kind: str, _parents: object) -> bool:
    """PostgreSQL has what SQLite has by itself or doesn't reflect: numbers of rows, indexes over the end of a text."""
    return name not in {"rowid", "customer_phone_ending", "shipment_ending"}


def _other_type(_context: object, _inspected: object, _metadata: object, found: object, wanted: object) -> bool | None:
    """Whole numbers of columns have 64 bits in PostgreSQL, whatever their name; None leaves it to Alembic."""
    return False if isinstance(found, BigInteger) and isinstance(wanted, Integer) else None


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_the_migrations_give_the_tables(tmp_path: Path) -> None:
    """A database migrated from nothing has exactly what the tables say: Alembic finds nothing to add."""
    with opened(tmp_path) as store:
        assert store.read(_autogenerated) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_file_is_opened_as_it_must_be(tmp_path: Path) -> None:
    """Foreign keys hold, and readers don't wait for the writer."""
    with opened(tmp_path) as store:
        assert store.read(rows, "PRAGMA foreign_keys") == [(1,)]
        assert store.read(rows, "PRAGMA journal_mode") == [("wal",)]


def test_opening_again_keeps_everything(tmp_path: Path) -> None:
    """Migrating what is up to date changes nothing."""
    with opened(tmp_path) as store:
        store.write(add_shipment)
        before = store.read(rows, "SELECT * FROM shipment")
    with opened(tmp_path) as store:
        assert store.read(rows, "SELECT * FROM shipment") == before


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_power_cut_is_survived_by_default(tmp_path: Path) -> None:
    """Commits reach the disk unless a simulation says that it needn't."""
    with Store(tmp_path / "a.sqlite3") as store:
        assert store.write(rows, "PRAGMA synchronous") == [(2,)]


# --- scan events ---------------------------------------------------------------------------------------------------


def test_reading_a_reply_again_is_free(tmp_path: Path) -> None:
    """The same events, in another order, with other white space and received later, add nothing and change nothing."""
    events = [scan(Milestone.PICKED_UP, 1, "已收件 杭州"), scan(Milestone.IN_TRANSIT, 2), scan(Milestone.DELIVERED, 9)]
    with opened(tmp_path) as store:
        shipment = store.write(add_shipment)
        assert store.write(tracking.record, told(shipment, *events), now=at(10)) == {shipment: 3}
        before = [store.read(rows, f"SELECT * FROM {table}") for table in ("scan", "parcel", "phrase", "place")]
        again = [scan(Milestone.PICKED_UP, 1, " 已收件  杭州 "), *reversed(events)]
        assert store.write(tracking.record, told(shipment, *again), now=at(20)) == {}
        assert [store.read(rows, f"SELECT * FROM {table}") for table in ("scan", "parcel", "phrase", "place")] == before


LIFE = (
    Milestone.PICKED_UP,
    Milestone.IN_TRANSIT,
    Milestone.INFO,
    Milestone.OUT_FOR_DELIVERY,
    Milestone.ATTEMPT_FAILED,
    Milestone.DELIVERED,
)


def test_the_order_of_arrival_does_not_matter(tmp_path: Path) -> None:
    """However a parcel's events are cut into replies and shuffled, its state is that of all of them in time order."""
    events = [scan(milestone, hours + 1, f"line {hours}") for hours, milestone in enumerate(LIFE)]
    numbers = itertools.count()
    with opened(tmp_path) as store:
        whole = store.write(add_shipment, "A", order="OA")
        store.write(tracking.record, told(whole, *events, number="A"), now=at(30))
        expected = store.read(tracking.views, [whole])[whole].state

        @given(order=st.permutations(range(len(LIFE))), cuts=st.lists(st.integers(0, len(LIFE)), max_size=3))
        @budget_of(max_examples=40, deadline=None)
        def holds(order: list[int], cuts: list[int]) -> None:
            name = f"B{next(numbers)}"
            shipment = store.write(add_shipment, name, order=f"O{name}")
            shuffled = [events[n] for n in order]
            for begin, end in itertools.pairwise([0, *sorted(cuts), len(shuffled)]):
                store.write(tracking.record, told(shipment, *shuffled[begin:end], number=name), now=at(30))
            store.write(tracking.record, told(shipment, *shuffled[::-1], number=name), now=at(31))
            [view] = store.read(tracking.views, [shipment]).values()
            assert view.state == expected
            found = store.read(rows, "SELECT count(*) FROM scan WHERE parcel_id = ?", view.parcels[0].id)
            assert found == [(len(LIFE),)]

        holds()


def test_the_first_identity_is_the_blank_parcels(tmp_path: Path) -> None:
    """A shipment's one nameless parcel takes the first identity that its source tells; the next one is another parcel."""
    with opened(tmp_path) as store:
        shipment = store.write(add_shipment)
        store.write(tracking.record, told(shipment, scan(hours=1)), now=at(2))
        [blank] = store.read(rows, "SELECT id FROM parcel")
        back = ParcelReading("ZT1", (scan(hours=3, text="second"),), "12026~ZT1~B", Leg.RETURN)
        readings = [(shipment, "kuaidi100", (ParcelReading("ZT1", (scan(hours=1),), "12026~ZT1~A"), back))]
        store.write(tracking.record, readings, now=at(4))
        assert store.read(rows, "SELECT id, identity, leg FROM parcel ORDER BY id") == [
            (blank[0], "12026~ZT1~A", "out"),
            (blank[0] + 1, "12026~ZT1~B", "return"),
        ]
        assert store.read(count, "scan") == 2
        assert store.write(tracking.record, readings, now=at(5)) == {}


def test_an_event_of_the_future_counts_when_its_time_comes(tmp_path: Path) -> None:
    """A carrier's clock that is days ahead moves nothing yet; once its time has come the parcel is folded again."""
    with opened(tmp_path) as store:
        shipment = store.write(add_shipment)
        events = (scan(Milestone.PICKED_UP, 1), scan(Milestone.DELIVERED, 48))
        store.write(tracking.record, told(shipment, *events), now=at(2))
        assert store.read(tracking.views, [shipment])[shipment].state.milestone is Milestone.PICKED_UP
        assert store.write(tracking.refold_due, now=at(20)) == []
        assert store.write(tracking.refold_due, now=at(48)) == [shipment]
        assert store.read(tracking.views, [shipment])[shipment].state.milestone is Milestone.DELIVERED
        assert store.write(tracking.refold_due, now=at(49)) == []


def test_raw_bodies_are_kept_once_and_scrubbed(tmp_path: Path) -> None:
    """The same reply again is no second row; another source's same bytes are. Phones, mails and names aren't in it."""
    body = scrub_body("派件员:张三丰 电话 13812345678 已签收 zhang@example.com".encode())
    with opened(tmp_path) as store:
        for source, hours in (("sf", 1), ("sf", 2), ("fedex", 2)):
            store.write(tracking.keep_raw, [RawBody(source, 200, body)] * 2, at=at(hours))
        kept = store.read(rows, "SELECT source, at, body FROM raw_reply ORDER BY source")
        assert [(source, when) for source, when, _ in kept] == [
            ("fedex", int(at(2).timestamp())),
            ("sf", int(at(1).timestamp())),
        ]
        for _, _, packed in kept:
            text = unpack(packed).decode()
            assert "已签收" in text
            assert not any(secret in text for secret in ("13812345678", "张三丰", "zhang@example.com"))


# --- budgets -------------------------------------------------------------------------------------------------------

WINDOWS = [Window(7, 10), Window(20, 60), Window(45, 600)]


def test_budgets_are_never_exceeded(tmp_path: Path) -> None:
    """Over any sequence of asks, no window of any length, wherever it begins, is overspent; where none rounds (a long one
    does, by less than half a percent of its length), what every window allows is given.
    """
    credentials = itertools.count()
    with opened(tmp_path) as store:

        @given(st.lists(st.tuples(st.integers(0, 25_000), st.integers(0, 12)), max_size=60))
        @budget_of(max_examples=60, deadline=None)
        def holds(takes: list[tuple[int, int]]) -> None:
            credential, ms, made = f"fedex/{next(credentials)}", 0, list[int]()
            for later_ms, wanted in takes:
                ms += later_ms
                now = START + timedelta(milliseconds=ms)
                got = store.write(budgets.take, credential, WINDOWS, now=now, wanted=wanted)
                free = min(w.calls - sum(at > ms - w.per_s * 1000 for at in made) for w in WINDOWS)
                rounded = min(w.calls - sum(at > ms - w.per_s * 1005 for at in made) for w in WINDOWS)
                assert max(min(wanted, rounded), 0) <= got <= max(min(wanted, free), 0)
                made += [ms] * got
            for window in WINDOWS:
                assert all(sum(a <= b < a + window.per_s * 1000 for b in made) <= window.calls for a in made)

        holds()


def test_the_last_calls_of_a_window_are_for_what_is_urgent(tmp_path: Path) -> None:
    """A long budget that ordinary questions have used up still answers a few urgent ones."""
    window = Window(10, 3600, kept=2)
    with opened(tmp_path) as store:
        assert store.write(budgets.take, "usps/a", [window], now=at(0), wanted=12) == 8
        assert store.write(budgets.take, "usps/a", [window], now=at(0), wanted=5, urgent=1) == 1
        assert store.write(budgets.take, "usps/a", [window], now=at(0), wanted=5, urgent=5) == 1
        again = store.read(budgets.free_again, "usps/a", window, now=at(0))
        assert again is not None
        assert at(1) <= again <= at(1.01)
        assert store.write(budgets.take, "usps/a", [window], now=again, wanted=12) == 8


def test_a_clock_that_was_put_back_locks_nothing_up(tmp_path: Path) -> None:
    """What was spent in a future that never was is forgotten; a small step back only waits."""
    window = Window(5, 60)
    with opened(tmp_path) as store:
        assert store.write(budgets.take, "sf/a", [window], now=at(9), wanted=9) == 5
        assert store.write(budgets.take, "sf/a", [window], now=at(9) - timedelta(seconds=30), wanted=9) == 0
        assert store.write(budgets.take, "sf/a", [window], now=at(2), wanted=9) == 5


def test_a_long_window_costs_few_rows(tmp_path: Path) -> None:
    """A day of a call each second is kept in a few hundred moments, and forgotten when the window has passed."""
    with opened(tmp_path) as store:
        for second in range(0, 2 * 86_400, 60):
            store.write(budgets.take, "sf/a", [Window(3000, 86_400)], now=START + timedelta(seconds=second), wanted=1)
        assert store.read(count, "budget") <= budgets.STEPS + 2


def test_budgets_are_of_one_credential(tmp_path: Path) -> None:
    """A second account of the same source has its own."""
    window = Window(5, 60)
    with opened(tmp_path) as store:
        assert store.write(budgets.take, "fedex/a", [window], now=at(0), wanted=9) == 5
        assert store.write(budgets.take, "fedex/a", [window], now=at(0), wanted=9) == 0
        assert store.write(budgets.take, "fedex/b", [window], now=at(0), wanted=9) == 5


# --- mail ----------------------------------------------------------------------------------------------------------


def test_a_delivery_has_one_effect(tmp_path: Path) -> None:
    """The same key of the same account is new once, and the answer it got is kept; another account's is its own."""
    with opened(tmp_path) as store:
        assert store.read(mail.received_before, "api", "shop", "k") is None
        assert store.write(mail.receive, "api", "shop", "k", at=at(1), answer="first")
        assert not store.write(mail.receive, "api", "shop", "k", at=at(2), answer="second")
        assert store.read(mail.received_before, "api", "shop", "k") == "first"
        assert store.write(mail.receive, "api", "other", "k", at=at(2))
        assert store.write(mail.receive, "console", "shop", "k", at=at(2))


def a_letter(id_: str = "L1", **more: object) -> Letter:
    return Letter(id_, "console", "alert", "opened", "case", "1", **more)  # type: ignore[arg-type]


def test_a_letter_is_written_once_and_sent_once(tmp_path: Path) -> None:
    """The same id can't be written twice; what was sent is due no more, and says when it was first sent."""
    with opened(tmp_path) as store:
        store.write(mail.post, [a_letter()], now=at(1))
        with pytest.raises(IntegrityError):
            store.write(mail.post, [a_letter("L2"), a_letter()], now=at(2))
        assert [letter.id for letter in store.read(mail.due_letters, now=at(2), limit=9)] == ["L1"]
        for hours in (3, 4):
            store.write(mail.mark_sent, "L1", now=at(hours), remote_id=f"r{hours}")
        [sent] = store.read(mail.letters_about, "case", "1")
        assert (sent.sent_at, sent.remote_id, sent.attempts) == (at(3), "r3", 1)
        assert store.read(mail.due_letters, now=at(9), limit=9) == []


def test_a_letter_that_fails_waits_or_dies(tmp_path: Path) -> None:
    """A failed one is due again at its time; a dead one is never sent and is counted as dead."""
    with opened(tmp_path) as store:
        store.write(mail.post, [a_letter(), a_letter("L2", due_at=at(5))], now=at(1))
        store.write(mail.mark_failed, "L1", error="x" * 9_999, retry_at=at(3), now=at(1))
        assert [letter.id for letter in store.read(mail.due_letters, now=at(2), limit=9)] == []
        assert [letter.id for letter in store.read(mail.due_letters, now=at(5), limit=9)] == ["L1", "L2"]
        store.write(mail.mark_failed, "L1", error="gone", retry_at=None, now=at(4))
        assert [letter.id for letter in store.read(mail.due_letters, now=at(9), limit=9)] == ["L2"]
        assert store.read(mail.counts) == {"waiting": 1, "sent": 0, "dead": 1}


# --- money ---------------------------------------------------------------------------------------------------------


def test_nothing_is_paid_twice_without_an_approval(tmp_path: Path) -> None:
    """A second instruction for the same order and item leaves no trace; one that a person approved goes through."""
    with opened(tmp_path) as store:
        store.write(add_shipment)
        assert store.write(ledger.write, an_instruction("a"))
        assert not store.write(ledger.write, an_instruction("b", kind="reship"))
        assert not store.write(ledger.write, an_instruction("a", item="TEA"))
        assert store.write(ledger.write, an_instruction("c", item="TEA", amount_cents=100))
        assert store.write(ledger.write, an_instruction("d", approval="lin: broken on arrival"))
        assert sorted(i.id for i in store.read(ledger.instructions)) == ["a", "c", "d"]
        assert store.read(ledger.total_cents) == 9_800 + 100 + 9_800
        letters = store.read(rows, "SELECT id FROM outbox ORDER BY id")
        assert letters == [("instruction-a",), ("instruction-c",), ("instruction-d",)]
        assert store.read(rows, "SELECT count(*) FROM fact WHERE event = 'instructed'") == [(3,)]


def test_money_is_confirmed_once(tmp_path: Path) -> None:
    """Saying again that it was sent keeps the first time and writes no second fact."""
    with opened(tmp_path) as store:
        store.write(add_shipment)
        store.write(ledger.write, an_instruction("a"))
        for hours in (40, 50):
            found = store.write(ledger.confirm, "a", now=at(hours), by="lin", channel="console")
            assert found is not None
            assert found.confirmed_at == at(40)
        assert store.read(rows, "SELECT count(*) FROM fact WHERE event = 'money_confirmed'") == [(1,)]
        assert store.write(ledger.confirm, "unknown", now=at(1), by=None, channel="") is None


# --- cases ---------------------------------------------------------------------------------------------------------


def test_one_open_case_for_a_subject_and_kind(tmp_path: Path) -> None:
    """The index refuses a second open one, whoever asks; after the first closed, a new one may open."""
    with opened(tmp_path) as store:
        first = store.write(open_case)
        with pytest.raises(IntegrityError):
            store.write(cases.open_case, finding(), now=at(3), promise_by=None, timer_at=None)
        assert store.read(rows, "SELECT count(*) FROM fact WHERE subject_type = 'case'") == [(1,)]
        store.write(cases.add, first, CaseFact(CaseEvent.RESOLVED, at(4), "li", "console", "done"))
        second = store.write(open_case, hours=5)
        assert second != first
        assert [case.id for case in store.read(cases.list_cases)] == [second]
        # reopening the first would make two open ones: refused whole
        with pytest.raises(IntegrityError):
            store.write(cases.add, first, CaseFact(CaseEvent.REOPENED, at(6), "li"))
        assert [fact.event for fact in store.read(cases.history_of, first)] == ["opened", "resolved"]


def test_writing_an_order_or_a_shipment_again_changes_nothing(tmp_path: Path) -> None:
    """The first word stands; the answer says that it was here already."""
    with opened(tmp_path) as store:
        first = store.write(add_shipment)
        before = {
            table: store.read(rows, f"SELECT * FROM {table}") for table in ("orders", "customer", "shipment", "fact")
        }
        assert store.write(add_shipment) == first
        assert {table: store.read(rows, f"SELECT * FROM {table}") for table in before} == before


# --- several sources of one shipment ---------------------------------------------------------------------------------


def parcel_ids(store: Store) -> list[tuple[object, ...]]:
    return store.read(rows, "SELECT identity, number FROM parcel ORDER BY id")


def test_a_second_source_speaks_of_the_same_parcel(tmp_path: Path) -> None:
    """One source tells an identity, another doesn't, a third repeats the number: still one piece."""
    with opened(tmp_path) as store:
        shipment = store.write(add_shipment)
        number = parcel_ids(store)[0][1]
        for identity in ("UNIQUE-1", None, str(number)):
            reading = ParcelReading(str(number), (scan(),), identity)
            store.write(tracking.record, [(shipment, f"source {identity}", [reading])], now=at(2))
        assert parcel_ids(store) == [("UNIQUE-1", number)]


def test_pieces_told_together_stay_apart(tmp_path: Path) -> None:
    """A piece without an identity beside one that has one are two, whichever is told first."""
    with opened(tmp_path) as store:
        shipment = store.write(add_shipment)
        number = str(parcel_ids(store)[0][1])
        for pieces in ((None, "B"), ("B", None), (number, "B")):
            told_of_both = [ParcelReading(number, (scan(),), one) for one in pieces]
            store.write(tracking.record, [(shipment, "ups", told_of_both)], now=at(2))
        assert [identity for identity, _ in parcel_ids(store)] == ["", "B"]


def test_however_a_history_comes_in_the_parcel_stands_the_same(tmp_path: Path) -> None:
    """Any order, any repetition, any split over replies: the state is that of the whole list read once."""
    counter = itertools.count()
    steps = [Milestone.PICKED_UP, Milestone.IN_TRANSIT, Milestone.OUT_FOR_DELIVERY, Milestone.DELIVERED, Milestone.INFO]
    with opened(tmp_path) as store:

        @given(
            st.lists(st.tuples(st.integers(0, 300), st.sampled_from(steps)), min_size=1, max_size=8),
            st.lists(st.lists(st.integers(0, 7), max_size=6), min_size=1, max_size=5),
            st.randoms(use_true_random=False),
        )
        @budget_of(max_examples=40, deadline=None)
        def holds(history: list[tuple[int, Milestone]], parts: list[list[int]], rng: Random) -> None:
            events = [scan(milestone, minutes / 60, milestone.value) for minutes, milestone in history]
            shipment = store.write(add_shipment, f"N{next(counter)}")
            pieces = [[events[i % len(events)] for i in part] for part in parts] + [events]
            rng.shuffle(pieces)
            for piece in pieces:
                reading = ParcelReading("n", tuple(rng.sample(piece, len(piece))))
                store.write(tracking.record, [(shipment, "kuaidi100", [reading])], now=at(10))
            stood = store.read(tracking.views, [shipment])[shipment].parcels[0].state
            assert stood == fold(events, now=at(10))

        holds()


# --- who is asked --------------------------------------------------------------------------------------------------


def test_of_a_phone_a_source_is_told_its_end(tmp_path: Path) -> None:
    """What is due comes with the last four digits of the customer's phone, and no more of it."""
    with opened(tmp_path) as store:
        store.write(add_shipment)
        assert [due.phone4 for due in store.read(asking.due_polls, "kuaidi100", "main", now=at(1), limit=9)] == ["5678"]


def test_an_answer_may_end_the_questions(tmp_path: Path) -> None:
    """Who is asked no more has no next time, in the one row and in many."""
    with opened(tmp_path) as store:
        shipment = store.write(add_shipment)
        over = asking.Polled(shipment, next_poll_at=None)
        store.write(asking.reschedule, "kuaidi100", [over], now=at(2))
        assert store.read(asking.due_polls, "kuaidi100", "main", now=at(99), limit=9) == []
        assert [of[0].next_poll_at for of in store.read(asking.sources_of, [shipment]).values()] == [None]
