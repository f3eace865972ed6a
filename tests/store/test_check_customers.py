"""What `doorstep check` says of messages to customers and of parcels that somebody has."""

from pathlib import Path

import pytest
from store_support import add_shipment, at, damage, open_case, opened

from domain.case import CaseEvent, CaseFact
from store import cases, check, mail, marks, telling
from store.mail import Letter

pytestmark = pytest.mark.usefixtures("engine")


def tell(db, case_id):
    fact = CaseFact(CaseEvent.CUSTOMER_TOLD, at(5), None, "customer", "x", {"told": "progress", "letter": "customer-1"})
    cases.add(db, case_id, fact)
    mail.post(db, [Letter("customer-1", "customer:O1", telling.KIND, "opened", "case", str(case_id))], now=at(5))


def test_a_message_stands_on_its_case_and_in_the_outbox(tmp_path: Path) -> None:
    """One without the other is told: nobody believes that a customer knows what was never written."""
    with opened(tmp_path) as store:
        store.write(add_shipment)
        store.write(tell, store.write(open_case))
        assert store.read(check.differences, now=at(9)) == []
        store.write(damage, "UPDATE outbox SET id = 'customer-2' WHERE id = 'customer-1'")
        told = [(one.column, one.stored) for one in store.read(check.differences, now=at(9))]
        assert told == [("customer-1", "missing"), ("customer-2", "a message")]


def test_the_mark_of_what_was_received_is_what_the_log_says(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        shipment = store.write(add_shipment)
        store.write(marks.write, shipment, "marked_received", at=at(5), by=None, channel="customer", words="")
        assert store.read(check.differences, now=at(9)) == []
        store.write(damage, "UPDATE watch SET note = ''")
        assert [one.column for one in store.read(check.differences, now=at(9))] == ["note"]
