"""The check: clean after whatever happened, and it finds what was changed by hand."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as budget_of
from hypothesis import strategies as st
from store_support import (
    START,
    add_shipment,
    an_instruction,
    an_order,
    ask_return,
    at,
    damage,
    dispatch,
    finding,
    open_case,
    opened,
    rows,
    scan,
    told,
)

from domain.case import CaseEvent, CaseFact, Kind
from domain.errors import RuleError
from domain.pickup import FailReason, ReturnEvent
from domain.tracking import Milestone, Reason
from monitor import alerts
from store import cases, check, intake, ledger, mail, returns, tracking
from store.base import Db, Store
from store.returns import ReturnFact

pytestmark = pytest.mark.usefixtures("engine")

KINDS = (Kind.STALLED, Kind.LOST, Kind.DAMAGED)
PEOPLE = (None, "li", "chen")
NUMBERS = ("ZT1", "ZT2", "ZT3")
REFS = ("R1", "R2", "R3")


class Life:
    """A store to which random things happen, each at its own time."""

    def __init__(self, store: Store, seed: int, written: Sequence[str] = NUMBERS) -> None:
        self.store, self.random, self.now = store, Random(seed), START
        ids = {number: store.write(add_shipment, number, order=f"O-{number}") for number in written}
        self.shipments = [ids[number] for number in NUMBERS]
        self.routes = 0

    def later(self) -> None:
        self.now += timedelta(minutes=self.random.randrange(1, 600))
        self.store.write(tracking.refold_due, now=self.now)

    def scans(self) -> None:
        """Some events of one or two parcels of a shipment, some of them in the future, some without a time."""
        which = self.random.randrange(len(self.shipments))
        hours = (self.now - START).total_seconds() / 3600
        events = [
            scan(
                self.random.choice(list(Milestone)),
                hours + self.random.uniform(-60, 20),
                f"line {self.random.randrange(9)}",
                reason=self.random.choice([None, None, *Reason]),
            )
            for _ in range(self.random.randrange(1, 4))
        ]
        identity = self.random.choice([None, "one", "two"])
        self.store.write(tracking.record, told(self.shipments[which], *events, identity=identity), now=self.now)

    def case(self) -> None:
        """Open one where none is open, else let anything happen to it."""
        subject_id, kind = str(self.random.choice(self.shipments)), self.random.choice(KINDS)
        found = self.store.read(cases.open_for, finding(subject_id, kind).subject)
        mine = [case for case in found if case.kind is kind]
        if mine:
            self._event_of(mine[0].id)
        else:
            hours = (self.now - START).total_seconds() / 3600
            self.store.write(open_case, subject_id, kind, hours=hours)

    def closed_case(self) -> None:
        """Something happens to a case that is closed already."""
        closed = [c for c in self.store.read(cases.list_cases, only_open=False) if not c.is_open]
        if closed:
            self._event_of(self.random.choice(closed).id)

    def _event_of(self, case_id: int) -> None:
        case = self.store.read(cases.get, case_id)
        assert case is not None
        event = self.random.choice([e for e in CaseEvent if e is not CaseEvent.OPENED])
        if event is CaseEvent.REOPENED and any(
            c.kind is case.kind for c in self.store.read(cases.open_for, case.subject)
        ):
            return
        if event is CaseEvent.CUSTOMER_TOLD:
            told = {
                "told": self.random.choice(["progress", "next_step", "outcome"]),
                "next_at": (self.now + timedelta(hours=self.random.randrange(-5, 40))).isoformat(),
            }
            fact = CaseFact(event, self.now, self.random.choice(PEOPLE), "console", "words", told)
            self.store.write(cases.add, case_id, fact)
            return
        data: dict[str, Any] = {"to": self.random.choice(PEOPLE)} if event is CaseEvent.ASSIGNED else {}
        if event in {CaseEvent.EVIDENCE_ADDED, CaseEvent.REOPENED}:
            data = cases.finding_data(finding()) | {"promise_by": (self.now + timedelta(hours=24)).isoformat()}
        fact = CaseFact(event, self.now, self.random.choice(PEOPLE), "console", "words", data)
        self.store.write(cases.add, case_id, fact)

    def request(self) -> None:
        ref, number = self.random.choice(REFS), self.random.choice(NUMBERS)
        self.store.write(ask_return, ref, f"O-{number}")

    def plan(self) -> None:
        ref = self.random.choice(REFS)
        value = self.store.read(returns.find, ref)
        if value and returns.allowed(value.status, ReturnEvent.PLANNED):
            self.routes += 1
            hours = (self.now - START).total_seconds() / 3600
            self.store.write(dispatch, ref, route=f"RT{self.routes}", hours=hours)

    def at_the_door(self) -> None:
        ref = self.random.choice(REFS)
        stop = self.store.read(returns.stop_of_return, ref)
        event = self.random.choice([e for e in ReturnEvent if e not in {ReturnEvent.REQUESTED, ReturnEvent.PLANNED}])
        data: dict[str, Any] = {"stop": stop.id} if stop else {}
        if event in {ReturnEvent.COLLECTED, ReturnEvent.PARTLY_COLLECTED}:
            data |= {
                "items": [{"sku": "MUG", "qty": 1}],
                "refund_cents": self.random.randrange(9_000),
                "proof": {"code": "matched"},
            }
        if event is ReturnEvent.FAILED:
            data |= {"reason": self.random.choice(list(FailReason)).value, "fault": "nobody"}
        self.store.write(returns.record, ref, ReturnFact(event, self.now, "courier", "courier", data))

    def slot(self) -> None:
        ref = self.random.choice(REFS)
        if self.store.read(returns.find, ref):
            slot = (self.now + timedelta(hours=3), self.now + timedelta(hours=5))
            self.store.write(returns.set_slot, ref, slot, now=self.now, by="li", channel="console")
            self.store.write(returns.note_unserved, ref, "capacity", "no room")

    def money(self) -> None:
        number = self.random.choice(NUMBERS)
        told_ = an_instruction(f"i{self.random.randrange(9)}", order_ref=f"O-{number}", written_at=self.now)
        self.store.write(ledger.write, told_)
        self.store.write(ledger.confirm, f"i{self.random.randrange(9)}", now=self.now, by="li", channel="console")

    def post(self) -> None:
        for letter in self.store.read(mail.due_letters, now=self.now, limit=3):
            self.store.write(mail.mark_sent, letter.id, now=self.now)


THINGS: tuple[Callable[[Life], None], ...] = (
    Life.later, Life.later, Life.scans, Life.scans, Life.scans, Life.case, Life.case, Life.case, Life.closed_case,
    Life.request, Life.plan, Life.plan, Life.at_the_door, Life.at_the_door, Life.slot, Life.money, Life.post,
)  # fmt: skip


def lived(store: Store, seed: int, things: list[int], written: Sequence[str] = NUMBERS) -> Life:
    life = Life(store, seed, written)
    for thing in things:
        THINGS[thing](life)
    return life


HISTORIES = st.lists(st.integers(0, len(THINGS) - 1), min_size=10, max_size=80)


@given(seed=st.integers(0, 2**32), things=HISTORIES)
@budget_of(max_examples=30, deadline=None)
def test_whatever_happened_the_check_is_clean(
    tmp_path_factory: pytest.TempPathFactory, seed: int, things: list[int]
) -> None:
    """After any sequence of what the rooms can do, everything stored is what its facts amount to, now and later."""
    with opened(tmp_path_factory.mktemp("life")) as store:
        life = lived(store, seed, things)
        assert [str(d) for d in store.read(check.differences, now=life.now)] == []
        later = life.now + timedelta(days=9)
        assert [str(d) for d in store.read(check.differences, now=later)] == []
        store.write(tracking.refold_due, now=later)
        assert [str(d) for d in store.read(check.differences, now=later)] == []


def test_the_same_life_has_the_same_digest(tmp_path: Path) -> None:
    """Row ids don't count: written in another order, the same life has the same digest. Another life, or one more
    fact, has another.
    """
    random = Random(5)
    things = [random.randrange(len(THINGS)) for _ in range(120)]
    digests = []
    for seed, written in ((11, NUMBERS), (11, NUMBERS[::-1]), (12, NUMBERS)):
        with opened(tmp_path / f"{len(digests)}") as store:
            lived(store, seed, things, written)
            digests.append(store.read(check.digest))
            store.write(intake.add_order, an_order("another"))
            assert store.read(check.digest) != digests[-1]
    assert digests[0] == digests[1] != digests[2]


# --- damage by hand ------------------------------------------------------------------------------------------------


def a_full_house(db: Db) -> datetime:
    """A parcel on its way, a case acknowledged, one closed, a collected and an open stop, an instruction."""
    shipment = add_shipment(db)
    events = (scan(Milestone.PICKED_UP, 1), scan(Milestone.EXCEPTION, 5, reason=Reason.DAMAGED))
    tracking.record(db, told(shipment, *events), now=at(6))
    case_id = open_case(db, str(shipment))
    cases.add(db, case_id, CaseFact(CaseEvent.ACKNOWLEDGED, at(3), "li", "console"))
    closed = open_case(db, str(shipment), Kind.LOST)
    cases.add(db, closed, CaseFact(CaseEvent.RESOLVED, at(4), "chen", "console", "found"))
    for ref, route in (("R1", "RT1"), ("R2", "RT2")):
        ask_return(db, ref)
        dispatch(db, ref, route=route)
    done = {"stop": "RT1-R1", "items": [{"sku": "MUG", "qty": 2}], "refund_cents": 9_800, "proof": {"code": "matched"}}
    returns.record(db, "R1", ReturnFact(ReturnEvent.COLLECTED, at(11), "wang", "courier", done))
    ledger.write(db, an_instruction(return_ref="R1"))
    return at(40)


PROJECTED = [
    ("UPDATE parcel SET milestone = 'delivered'", "parcel ZT1", "milestone"),
    ("UPDATE parcel SET reason = NULL", "parcel ZT1", "reason"),
    ("UPDATE parcel SET delivered = 'yes'", "parcel ZT1", "delivered"),
    ("UPDATE parcel SET last_physical_at = last_physical_at + 60", "parcel ZT1", "last_physical_at"),
    ("UPDATE parcel SET last_physical_place = 'nowhere'", "parcel ZT1", "last_physical_place"),
    ("UPDATE cases SET status = 'resolved' WHERE id = 1", "case 1", "status"),
    ("UPDATE cases SET owner = 'chen' WHERE id = 1", "case 1", "owner"),
    ("UPDATE cases SET promise_by = promise_by + 3600 WHERE id = 1", "case 1", "promise_by"),
    ("UPDATE cases SET breached = NOT breached WHERE id = 1", "case 1", "breached"),
    ("UPDATE cases SET closed_at = NULL WHERE id = 2", "case 2", "closed_at"),
    ("UPDATE cases SET evidence = '[]' WHERE id = 1", "case 1", "evidence"),
    ("UPDATE cases SET untold = NOT untold WHERE id = 1", "case 1", "untold"),
    ("UPDATE promise SET outcome = 'kept' WHERE case_id = 1", "case 1", "promises"),
    ("UPDATE promise SET promise_by = promise_by + 60 WHERE case_id = 1", "case 1", "promises"),
    ("UPDATE returns SET status = 'requested' WHERE ref = 'R2'", "return R2", "status"),
    ("UPDATE returns SET refund_cents = 1 WHERE ref = 'R1'", "return R1", "refund_cents"),
    ("UPDATE returns SET collected = '[]' WHERE ref = 'R1'", "return R1", "collected"),
    ("UPDATE returns SET code = '000000' WHERE ref = 'R2'", "return R2", "code"),
    ("UPDATE returns SET slot_to = slot_to + 60 WHERE ref = 'R2'", "return R2", "slot_to"),
    ("UPDATE stop SET status = 'planned' WHERE return_ref = 'R1'", "stop RT1-R1", "status"),
    ("UPDATE stop SET status = 'collected' WHERE return_ref = 'R2'", "stop RT2-R2", "status"),
    ("UPDATE stop SET ended_at = ended_at + 60 WHERE return_ref = 'R1'", "stop RT1-R1", "ended_at"),
    ("UPDATE stop SET proof = '{}' WHERE return_ref = 'R1'", "stop RT1-R1", "proof"),
    ("UPDATE instruction SET amount_cents = 1", "ledger", "instructions"),
]


@pytest.mark.parametrize(("sql", "subject", "column"), PROJECTED, ids=[row[0][7:60] for row in PROJECTED])
def test_a_changed_value_is_found_and_named(tmp_path: Path, sql: str, subject: str, column: str) -> None:
    """Whatever column was changed by hand: its subject, the column, what is stored and what it should be."""
    with opened(tmp_path) as store:
        now = store.write(a_full_house)
        assert store.read(check.differences, now=now) == []
        assert store.write(damage, sql) >= 1
        found = store.read(check.differences, now=now)
        assert (subject, column) in {(d.subject, d.column) for d in found}
        assert all(d.stored != d.rebuilt for d in found)


MISSING = [
    ("DELETE FROM scan WHERE key = (SELECT max(key) FROM scan)", "parcel ZT1"),
    ("DELETE FROM fact WHERE subject_type = 'case' AND subject_id = '1' AND event = 'acknowledged'", "case 1"),
    ("DELETE FROM fact WHERE subject_type = 'case' AND subject_id = '2'", "case 2"),
    ("DELETE FROM cases WHERE id = 2", "case 2"),
    ("DELETE FROM promise WHERE case_id = 2", "case 2"),
    ("DELETE FROM fact WHERE subject_type = 'return' AND subject_id = 'R2'", "return R2"),
    ("DELETE FROM fact WHERE subject_type = 'return' AND subject_id = 'R2' AND event = 'requested'", "return R2"),
    ("DELETE FROM fact WHERE event = 'collected'", "stop RT1-R1"),
    ("DELETE FROM fact WHERE event = 'instructed' AND subject_type = 'order'", "ledger"),
    ("DELETE FROM instruction", "ledger"),
    ("DELETE FROM outbox WHERE kind = 'instruction'", "outbox"),
    ("DELETE FROM outbox WHERE subject_type = 'case' AND subject_id = '1'", "case 1"),
]


@pytest.mark.parametrize(("sql", "subject"), MISSING, ids=[row[0][12:70] for row in MISSING])
def test_what_was_deleted_is_found(tmp_path: Path, sql: str, subject: str) -> None:
    """A lost fact, row or letter leaves a difference at its subject."""
    with opened(tmp_path) as store:
        now = store.write(a_full_house)
        assert store.write(damage, sql) >= 1
        assert subject in {d.subject for d in store.read(check.differences, now=now)}


def test_a_forged_fact_is_found(tmp_path: Path) -> None:
    """A fact that nobody's row followed: the row isn't what its facts amount to."""
    with opened(tmp_path) as store:
        now = store.write(a_full_house)
        sql = (
            "INSERT INTO fact (subject_type, subject_id, event, at, channel, words, data)"
            " VALUES ('case', '1', 'resolved', ?, '', 'forged', '{}')"
        )
        store.write(damage, sql, int(at(9).timestamp()))
        assert "case 1" in {d.subject for d in store.read(check.differences, now=now)}


def test_a_history_without_its_beginning_is_a_difference_and_no_crash(tmp_path: Path) -> None:
    """Where the first fact of a case is gone, the check says so and goes on with the rest."""
    with opened(tmp_path) as store:
        now = store.write(a_full_house)
        store.write(damage, "DELETE FROM fact WHERE subject_type = 'case' AND subject_id = '1' AND event = 'opened'")
        store.write(damage, "UPDATE returns SET status = 'requested' WHERE ref = 'R2'")
        try:
            found = {d.subject for d in store.read(check.differences, now=now)}
        except RuleError as exc:
            pytest.fail(f"the check broke down: {exc}")
        assert {"case 1", "return R2"} <= found


def test_a_difference_reads_as_a_sentence(tmp_path: Path) -> None:
    """What `doorstep check` prints: whose, which, what is there and what should be."""
    with opened(tmp_path) as store:
        now = store.write(a_full_house)
        store.write(damage, "UPDATE cases SET owner = 'chen' WHERE id = 1")
        [found] = store.read(check.differences, now=now)
        assert str(found) == "case 1: owner is 'chen', its facts amount to 'li'"
        assert json.dumps(str(found))
        assert store.read(rows, "SELECT owner FROM cases WHERE id = 1") == [("chen",)]


def test_parts_of_a_second_make_no_difference(tmp_path: Path) -> None:
    """A real clock shows microseconds; what is stored are whole seconds, in columns and inside facts alike."""
    odd = timedelta(microseconds=190_626)
    with opened(tmp_path) as store:
        shipment = store.write(add_shipment)

        def happen(db: Db) -> None:
            found = finding(str(shipment), Kind.DISPUTED)
            found = replace(found, since=found.since + odd)
            case_id = cases.open_case(db, found, now=at(2) + odd, promise_by=at(26) + odd, timer_at=at(22) + odd)
            case = cases.get(db, case_id)
            assert case is not None
            alerts.say(db, case, "opened", now=at(2) + odd)
            cases.add(db, case_id, CaseFact(CaseEvent.EVIDENCE_ADDED, at(3) + odd, data=cases.finding_data(found)))
            ask_return(db)
            value = returns.find(db, "R1")
            assert value is not None
            returns.add_return(db, replace(value, ref="R9", requested_at=at(3) + odd), by=None, channel="api")
            returns.set_slot(db, "R9", (at(5) + odd, at(6) + odd), now=at(3) + odd, by=None, channel="api")

        store.write(happen)
        assert [str(d) for d in store.read(check.differences, now=at(9))] == []
