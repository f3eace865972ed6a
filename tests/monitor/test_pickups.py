"""A courier who never came is a case of the return."""

from dataclasses import replace
from pathlib import Path

from monitor_support import POLICY, at, opened, with_shipment

from domain.case import Kind, Subject, SubjectType
from domain.pickup import ReturnEvent, ReturnReason
from domain.returns import Return, ReturnItem
from monitor import orders
from store import cases, facts, returns
from store.base import Db
from store.facts import FactRow
from store.returns import ReturnFact

RETURN = Return("R-1", "O-ZT1", (ReturnItem("SKU-1", 1),), ReturnReason.QUALITY, at(0), slot_from=at(5), slot_to=at(7))


def missed(db: Db, hours: float) -> None:
    facts.append(db, [FactRow("return", "R-1", "pickup_missed", at(hours))])


def test_a_missed_pickup_is_one_case_until_it_is_fetched(tmp_path: Path) -> None:
    """Each no-show opens one case with a promise; fetching the goods closes it, and it stays closed."""
    subject = Subject(SubjectType.RETURN, "R-1")
    with opened(tmp_path) as store:
        store.write(with_shipment)
        store.write(returns.add_return, RETURN, by=None, channel="api")
        store.write(missed, 9)
        for hours in (10, 11):
            store.write(orders.check_pickups, POLICY, now=at(hours))
        [case] = store.read(cases.open_for, subject)
        assert (case.kind, case.promise_by, case.order_ref) == (Kind.PICKUP_MISSED, at(34), "O-ZT1")
        planned = ReturnFact(ReturnEvent.PLANNED, at(20), None, "", {"depot": "east"})
        collected = ReturnFact(ReturnEvent.COLLECTED, at(21), None, "", {"items": [], "refund_cents": 0})
        store.write(returns.record, "R-1", planned)
        store.write(returns.record, "R-1", replace(collected))
        for hours in (22, 23):
            store.write(orders.check_pickups, POLICY, now=at(hours))
        assert store.read(cases.open_for, subject) == []
        assert len(store.read(cases.list_cases, only_open=False)) == 1
