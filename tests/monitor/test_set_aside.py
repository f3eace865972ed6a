"""One item that our own fault breaks: set aside with its error, tried again, and no trouble to any other."""

from datetime import timedelta
from pathlib import Path

import pytest
from engines import ON_SQLITE
from monitor_support import POLICY, M, R, at, heard, opened, scan, with_shipment

from monitor.apart import AGAIN, work_off
from monitor.promise import run_timers
from monitor.tick import look_around
from store import aside, cases, check
from store.base import Db, Store
from store.trouble import DatabaseError

N = 7


def some_cases(store: Store) -> list[int]:
    """Damaged parcels, each with a case whose warning is due at hour 27."""
    for n in range(N):
        shipment = store.write(with_shipment, number=f"7310000000{n}")
        store.write(heard, shipment, 6, scan(M.PICKED_UP, 0), scan(M.EXCEPTION, 5, reason=R.DAMAGED))
    return [case.id for case in store.read(cases.list_cases)]


def spoil_case(db: Db, case_id: int) -> None:
    """A fact that no version of ours wrote."""
    db.exec_driver_sql(
        "INSERT INTO fact (subject_type, subject_id, event, at, channel, words, data) VALUES ('case', ?, 'moonstruck', 0, '', '', '{}')",
        (str(case_id),),
    )


def mend_case(db: Db) -> None:
    db.exec_driver_sql("DELETE FROM fact WHERE event = 'moonstruck'")


def warned(store: Store) -> set[int]:
    return {case.id for case in store.read(cases.list_cases) if case.warned}


def test_a_case_that_cant_be_read_holds_up_no_other(tmp_path: Path) -> None:
    """Six of seven are warned in the same tick; the seventh is set aside, comes again in an hour, and once mended is warned too."""
    with opened(tmp_path) as store:
        every = some_cases(store)
        store.write(spoil_case, every[3])
        assert store.write(run_timers, POLICY, now=at(27), limit=100) == N
        assert warned(store) == set(every) - {every[3]}
        [one] = store.read(aside.everything)
        assert (one.topic, one.item, one.tries, one.first_at) == ("case", str(every[3]), 1, at(27))
        assert "moonstruck" in one.error
        assert store.write(run_timers, POLICY, now=at(27) + AGAIN - timedelta(seconds=1), limit=100) == 0
        store.write(run_timers, POLICY, now=at(27) + AGAIN, limit=100)
        assert [(x.tries, x.first_at, x.last_at) for x in store.read(aside.everything)] == [(2, at(27), at(27) + AGAIN)]
        store.write(mend_case)
        store.write(run_timers, POLICY, now=at(27) + 2 * AGAIN, limit=100)
        assert warned(store) == set(every)
        assert store.read(aside.everything) == []


def test_a_parcel_that_cant_be_looked_at_holds_up_no_other(tmp_path: Path) -> None:
    """Its events can't be read: the others' alarms lead to what they would have led to, and each is looked at."""
    with opened(tmp_path) as store:
        ids = [store.write(with_shipment, number=f"7310000000{n}") for n in range(N)]
        for one in ids:
            store.write(heard, one, 6, scan(M.PICKED_UP, 0))
        store.write(lambda db: db.exec_driver_sql("UPDATE watch SET alarm_at = ?", (int(at(7).timestamp()),)))
        store.write(
            lambda db: db.exec_driver_sql("UPDATE parcel SET milestone = 'moonstruck' WHERE shipment_id = ?", (ids[2],))
        )
        assert store.write(look_around, POLICY, now=at(8)) == N - 1
        [one] = store.read(aside.everything)
        assert (one.topic, one.item) == ("parcel", str(ids[2]))
        due = "SELECT shipment_id FROM watch WHERE alarm_at <= ?"
        now = int(at(8).timestamp())
        assert store.read(lambda db: db.exec_driver_sql(due, (now,)).fetchall()) == []
        later = int((at(8) + AGAIN).timestamp())
        assert [tuple(row) for row in store.read(lambda db: db.exec_driver_sql(due, (later,)).fetchall())] == [
            (ids[2],)
        ]


def test_a_check_that_breaks_holds_up_no_other(tmp_path: Path) -> None:
    """A claim that can't be read: claims are set aside as a whole and said; parcels and the other checks go on."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment)
        store.write(heard, shipment, 6, scan(M.PICKED_UP, 0))
        store.write(lambda db: db.exec_driver_sql("DELETE FROM meta WHERE key = 'claims_read'"))
        store.write(lambda db: db.exec_driver_sql("INSERT INTO meta VALUES ('claims_read', 'moonstruck')"))
        store.write(look_around, POLICY, now=at(8))
        assert [(x.topic, x.item) for x in store.read(aside.everything)] == [("check", "claims")]
        store.write(lambda db: db.exec_driver_sql("DELETE FROM meta WHERE key = 'claims_read'"))
        store.write(look_around, POLICY, now=at(9))
        assert store.read(aside.everything) == []
        assert store.read(check.differences, now=at(9)) == []


def test_half_a_change_is_none(tmp_path: Path) -> None:
    """What an item wrote before it broke is taken back; what the others wrote stays; each good one is done once."""

    def work(db: Db, items: list[int]) -> int:
        for one in items:
            db.exec_driver_sql("INSERT INTO meta VALUES (?, 'x')", (f"item {one}",))
            if one == 5:
                raise KeyError("poison")
        return len(items)

    with opened(tmp_path) as store:
        done = store.write(lambda db: work_off(db, "t", list(range(9)), lambda some: work(db, list(some)), now=at(1)))
        assert done == 8
        rows = store.read(lambda db: db.exec_driver_sql("SELECT key FROM meta WHERE value = 'x'").fetchall())
        assert {row[0] for row in rows} == {f"item {n}" for n in range(9) if n != 5}


@ON_SQLITE
def test_a_database_in_trouble_is_nobodys_fault(tmp_path: Path) -> None:
    """On a full disk nothing is set aside: the change raises as a whole."""
    with opened(tmp_path) as store:

        def work(db: Db) -> int:
            db.exec_driver_sql("INSERT INTO meta VALUES ('big', ?)", ("x" * 9_000_000,))
            return 1

        pages = store.read(lambda db: db.exec_driver_sql("PRAGMA page_count").scalar())
        store.write(lambda db: db.exec_driver_sql(f"PRAGMA max_page_count={pages}"))
        with pytest.raises(DatabaseError):
            store.write(lambda db: work_off(db, "t", [1, 2], lambda _: work(db), now=at(1)))
        assert store.read(aside.everything) == []
