"""Fetched goods that never check in, refunds that nobody confirms: cases of their own that close by themselves."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from monitor_support import POLICY, at, opened, with_shipment

from domain.case import CaseEvent, Kind, Subject, SubjectType
from domain.pickup import ReturnEvent, ReturnReason
from domain.returns import Return, ReturnItem
from monitor import follow_through
from store import cases, ledger, returns
from store.base import Store
from store.ledger import Instruction
from store.returns import ReturnFact

RETURN = Return("R-1", "O-ZT1", (ReturnItem("SKU-1", 1),), ReturnReason.QUALITY, at(0), slot_from=at(5), slot_to=at(7))
REFUND = Instruction("I-1", "O-ZT1", "SKU-1", "refund", 5_900, "CNY", at(10))
HOURS = 24


def check(store: Store, hours: float) -> None:
    store.write(follow_through.check, POLICY, now=at(hours))


def kinds(store: Store, subject: Subject) -> list[Kind]:
    return [case.kind for case in store.read(cases.open_for, subject)]


def test_fetched_and_never_checked_in(tmp_path: Path) -> None:
    """Five days after the goods were fetched a case of the return, once; it closes when the return goes on, and says why."""
    subject = Subject(SubjectType.RETURN, "R-1")
    with opened(tmp_path) as store:
        store.write(with_shipment)
        store.write(returns.add_return, RETURN, by=None, channel="api")
        for event, hours in ((ReturnEvent.PLANNED, 4), (ReturnEvent.COLLECTED, 6)):
            data = {"depot": "east", "items": [], "refund_cents": 0}
            store.write(returns.record, "R-1", ReturnFact(event, at(hours), None, "", data))
        check(store, 5 * HOURS + 5)
        assert kinds(store, subject) == []
        check(store, 5 * HOURS + 6)
        check(store, 6 * HOURS)
        [case] = store.read(cases.open_for, subject)
        assert (case.kind, case.since, case.order_ref) == (Kind.CHECKIN_MISSING, at(6), "O-ZT1")
        store.write(returns.record, "R-1", ReturnFact(ReturnEvent.INSTRUCTED, at(150), None, "", {}))
        check(store, 151)
        assert kinds(store, subject) == []
        last = store.read(cases.history_of, case.id)[-1]
        assert (last.event, last.words) == (CaseEvent.CLEARED, "cleared.checkin_missing")


def test_a_refund_that_nobody_confirms(tmp_path: Path) -> None:
    """A day after it was written a case of the order with its sum; confirmed, it closes and isn't raised again."""
    subject = Subject(SubjectType.ORDER, "O-ZT1")
    with opened(tmp_path) as store:
        store.write(with_shipment)
        assert store.write(ledger.write, REFUND)
        check(store, 33)
        assert kinds(store, subject) == []
        check(store, 34)
        check(store, 35)
        [case] = store.read(cases.open_for, subject)
        assert (case.kind, case.evidence[0].params["amount_cents"]) == (Kind.REFUND_UNCONFIRMED, 5_900)
        store.write(ledger.confirm, "I-1", now=at(60), by=None, channel="api")
        check(store, 61)
        check(store, 90)
        assert kinds(store, subject) == []
        assert len(store.read(cases.list_cases, only_open=False)) == 1


def test_goods_sent_again_are_no_money(tmp_path: Path) -> None:
    """A reship is fulfilled by a parcel, not confirmed as paid; and a policy of one's own decides how long to wait."""
    subject = Subject(SubjectType.ORDER, "O-ZT1")
    with opened(tmp_path) as store:
        store.write(with_shipment)
        store.write(ledger.write, replace(REFUND, kind="reship"))
        check(store, 500)
        assert kinds(store, subject) == []
        store.write(with_shipment, "ZT2")
        store.write(ledger.write, replace(REFUND, id="I-2", order_ref="O-ZT2"))
        patient = replace(POLICY, refund_unconfirmed=timedelta(days=30))
        store.write(follow_through.check, patient, now=at(500))
        assert kinds(store, Subject(SubjectType.ORDER, "O-ZT2")) == []
