"""The promise clock: warned once, breached once, whatever the downtime; kept only by people."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from engines import ON_BOTH
from monitor_support import BY_DAY, POLICY, M, R, at, heard, opened, scan, with_shipment

from domain.case import CaseEvent, CaseFact, Finding, Kind, Subject, SubjectType
from domain.promise import Outcome
from monitor import look, tick
from monitor.deadlines import first_look
from monitor.promise import run_timers
from store import cases, check, mail, promises
from store.base import Db, Store
from store.cases import CaseRow

WARN_H = 24 - POLICY.warn_before_promise / timedelta(hours=1)


def a_case(store: Store) -> CaseRow:
    """A damaged parcel: its case opens at hour 6 and is promised an answer by hour 30."""
    shipment = store.write(with_shipment)
    store.write(heard, shipment, 6, scan(M.PICKED_UP, 0), scan(M.EXCEPTION, 5, reason=R.DAMAGED))
    [case] = store.read(cases.list_cases)
    assert (case.kind, case.opened_at, case.promise_by) == (Kind.DAMAGED, at(6), at(30))
    return case


def run(store: Store, hours: float) -> int:
    return store.write(run_timers, POLICY, now=at(hours), limit=100)


def said(store: Store, case: CaseRow) -> list[str]:
    return [letter.reason for letter in store.read(mail.letters_about, "case", str(case.id))]


def events(store: Store, case: CaseRow) -> list[str]:
    return [fact.event.value for fact in store.read(cases.history_of, case.id)]


@ON_BOTH
def test_warned_before_and_breached_at_the_promise(tmp_path: Path) -> None:
    """Nothing until four hours before, one warning then, one breach at the promise; each tick after adds nothing."""
    with opened(tmp_path) as store:
        case = a_case(store)
        for minutes in range(6 * 60, 40 * 60, 10):
            run(store, minutes / 60)
        assert [(f.event, f.at) for f in store.read(cases.history_of, case.id)] == [
            (CaseEvent.OPENED, at(6)),
            (CaseEvent.WARNED, at(6 + WARN_H)),
            (CaseEvent.BREACHED, at(30)),
        ]
        assert said(store, case) == ["opened", "warned", "breached"]
        found = store.read(cases.get, case.id)
        assert found is not None
        assert (found.warned, found.breached, found.timer_at) == (True, True, None)


@pytest.mark.parametrize(
    ("back_at", "expected"), [(27, ["warned", "breached"]), (31, ["breached"]), (24 * 30, ["breached"])]
)
def test_a_long_downtime_says_each_once(tmp_path: Path, back_at: float, expected: list[str]) -> None:
    """Back before the promise: the warning, then the breach. Back after it: the breach alone, a month late or not."""
    with opened(tmp_path) as store:
        case = a_case(store)
        for hours in (back_at, back_at, back_at + 10, back_at + 500):
            run(store, hours)
        assert events(store, case) == ["opened", *expected]
        assert said(store, case) == ["opened", *expected]


@pytest.mark.parametrize(
    "event", [CaseEvent.ACKNOWLEDGED, CaseEvent.COMMENTED, CaseEvent.CARRIER_CONTACTED, CaseEvent.WAITING]
)
def test_taking_a_case_does_not_keep_its_promise(tmp_path: Path, event: CaseEvent) -> None:
    """Nothing pauses the clock but telling the customer or solving it."""
    with opened(tmp_path) as store:
        case = a_case(store)
        store.write(cases.add, case.id, CaseFact(event, at(8), "li", "console"))
        run(store, 27)
        run(store, 31)
        assert events(store, case)[-2:] == ["warned", "breached"]


ENDS = [
    CaseFact(CaseEvent.CUSTOMER_TOLD, at(8), "li", "console", data={"told": "outcome"}),
    CaseFact(CaseEvent.RESOLVED, at(8), "li", "console", data={"verdict": "false_alarm"}),
    CaseFact(CaseEvent.CLEARED, at(8)),
]


@pytest.mark.parametrize("fact", ENDS, ids=lambda f: f.event)
def test_what_ends_the_clock(tmp_path: Path, fact: CaseFact) -> None:
    """A person told the customer the outcome, it was a false alarm or cleared itself: neither warned nor breached any more."""
    with opened(tmp_path) as store:
        case = a_case(store)
        store.write(cases.add, case.id, fact)
        run(store, 27)
        run(store, 99)
        assert events(store, case) == ["opened", fact.event.value]
        assert said(store, case) == ["opened"]
        assert run(store, 200) == 0


def test_resolving_alone_does_not_end_the_clock(tmp_path: Path) -> None:
    """A case that somebody resolved without telling the customer is warned of and breached, and stays where it is seen."""
    with opened(tmp_path) as store:
        case = a_case(store)
        store.write(
            cases.add, case.id, CaseFact(CaseEvent.RESOLVED, at(8), "li", "console", data={"verdict": "solved"})
        )
        run(store, 27)
        run(store, 31)
        assert events(store, case) == ["opened", "resolved", "warned", "breached"]
        assert [c.id for c in store.read(cases.untold)] == [case.id]
        told = CaseFact(CaseEvent.CUSTOMER_TOLD, at(32), "li", "console", data={"told": "outcome"})
        store.write(cases.add, case.id, told)
        assert store.read(cases.untold) == []
        assert [p.outcome for p in store.read(promises.of_case, case.id)] == [Outcome.BREACHED]
        assert store.read(check.differences, now=at(40)) == []


def test_an_incident_promises_nothing() -> None:
    """Without a promise and steps there is no timer."""
    assert first_look(Kind.SOURCE_SILENT, CaseFact(CaseEvent.OPENED, at(0)), BY_DAY).timer_at is None


def test_a_crowd_of_due_timers_is_worked_off_in_turns(tmp_path: Path) -> None:
    """The limit of a tick leaves nobody out: the longest due go first, the rest in the next ticks."""
    with opened(tmp_path) as store:
        for n in range(7):
            shipment = store.write(with_shipment, f"ZT{n}")
            damaged = scan(M.EXCEPTION, 5, reason=R.DAMAGED)
            store.write(heard, shipment, 6 + n / 10, scan(M.PICKED_UP, 0), damaged, number=f"ZT{n}")
        counts = [store.write(run_timers, POLICY, now=at(40), limit=3) for _ in range(4)]
        assert counts == [3, 3, 1, 0]
        assert all(case.breached for case in store.read(cases.list_cases))


@ON_BOTH
def test_what_is_due_is_read_as_any_case_is(tmp_path: Path) -> None:
    """The driver's way of reading many gives the same case, field by field: taken, told, warned, breached, or with nothing known."""
    told = {"told": "next_step", "next_at": at(60).isoformat()}
    acts = [
        CaseFact(CaseEvent.ACKNOWLEDGED, at(7), "li"),
        CaseFact(CaseEvent.CUSTOMER_TOLD, at(8), "li", words="soon", data=told),
    ]
    with opened(tmp_path) as store:
        quiet = Finding(Kind.STALLED, Subject(SubjectType.ORDER, "O1"), at(0), (), probability=0.25)
        store.write(look.open_and_say, quiet, POLICY, now=at(0), order_ref="O1")
        case = a_case_beside(store)
        run(store, 31)
        for act in acts:
            store.write(cases.add, case, act)
        store.write(cases.look_again, now=at(32))
        due = store.read(cases.due_timers, now=at(40), limit=9)
        assert sorted(due, key=lambda one: one.id) == store.read(cases.rows, [one.id for one in due])
        assert [(one.owner, one.next_at) for one in due if one.id == case] == [("li", at(60))]
        assert len(due) == 2


def a_case_beside(store: Store) -> int:
    """A damaged parcel's case where others are open, too."""
    shipment = store.write(with_shipment)
    store.write(heard, shipment, 6, scan(M.PICKED_UP, 0), scan(M.EXCEPTION, 5, reason=R.DAMAGED))
    return next(one.id for one in store.read(cases.list_cases) if one.kind is Kind.DAMAGED)


def test_one_tick_works_off_everything_that_is_due(tmp_path: Path) -> None:
    """However many ran out during a downtime: turn after turn in one tick, each case once."""
    count = 2 * tick.TIMERS_A_TURN + 7

    def crowd(db: Db) -> None:
        for n in range(count):
            found = Finding(Kind.STALLED, Subject(SubjectType.ORDER, f"O{n}"), at(0), ())
            look.open_and_say(db, found, POLICY, now=at(0), order_ref=None)

    with opened(tmp_path) as store:
        store.write(crowd)
        assert asyncio.run(tick.run_timers(store, POLICY, now=at(30))) == count
        assert asyncio.run(tick.run_timers(store, POLICY, now=at(30))) == 0
        found = store.read(cases.list_cases)
        assert len(found) == count
        assert all(case.breached for case in found)
        assert {tuple(events(store, case)) for case in found} == {("opened", "breached")}
