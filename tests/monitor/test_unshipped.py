"""Orders that should have been shipped: past their time without a number, unless their customer fetched them or they are settled."""

from pathlib import Path

import pytest
from monitor_support import POLICY, at, opened

from domain.case import Subject, SubjectType
from domain.shipment import Item, Order
from monitor import orders
from store import cases, intake, returns
from store.base import Db, Store

REFS = ("O1", "O2", "O3")


def late(db: Db, ref: str) -> None:
    intake.add_order(db, Order(ref, (Item("A", "A", 1, 100),), at(0), ship_by=at(1)))


def look(store: Store, hours: float) -> list[str]:
    """The orders with an open case, after a look so many hours on."""
    store.write(orders.check_unshipped, POLICY, now=at(hours))
    return [ref for ref in REFS if store.read(cases.open_for, Subject(SubjectType.ORDER, ref))]


@pytest.mark.parametrize("news", ["picked_up_at", "settled_at"])
def test_an_order_that_needs_no_parcel_is_nobodys_case(tmp_path: Path, news: str) -> None:
    """One fetched at a shop, or settled, opens none, and closes the one that it has."""
    with opened(tmp_path) as store:
        for ref in REFS:
            store.write(late, ref)
        store.write(returns.note_order, "O1", news, at(0), by=None, channel="api")
        assert look(store, 0.5) == []
        assert look(store, 2) == ["O2", "O3"]
        store.write(returns.note_order, "O2", news, at(3), by=None, channel="api")
        assert look(store, 3) == ["O3"]


def test_the_facts_that_count_are_those_that_are_written() -> None:
    """The query names them."""
    assert all(f"'{event}'" in intake.NEEDS_NONE for event in returns.ORDER_NEWS.values())
