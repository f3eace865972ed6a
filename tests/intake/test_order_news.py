"""What becomes of an order beside its parcels: fetched at a shop, settled; both decide over its returns."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from engines import a_store

from config import settings as configured
from doorstep.clock import SetClock
from doorstep.intake_fields import RowError
from doorstep.taking import Sender, Taken, take_order, take_return
from doorstep.wiring import open_house
from store import returns
from store.base import Db

NOW = datetime(2026, 3, 10, 2, tzinfo=UTC)
SHOP = Sender("shop", "api")
ORDER = {"order": "O-1", "items": [{"sku": "S", "qty": 2, "price_cents": 5_900, "no_return_agreed": "是"}]}


def test_an_order_fetched_at_a_shop_can_go_back_from_then_on(tmp_path: Path) -> None:
    """No parcel at all: before it was fetched nothing can go back; the first time that is said counts."""
    with a_store(tmp_path / "doorstep.sqlite3") as store:
        house = open_house(configured.defaults(tmp_path / "doorstep.toml"), store, now=SetClock(NOW))

        def order(**news: str) -> Taken:
            return store.write(lambda db: take_order(house, db, ORDER | news, SHOP, NOW))

        def ask(db: Db) -> Taken:
            body = {"order": "O-1", "items": [{"sku": "S", "qty": 1}], "reason": "no_reason"}
            return take_return(house, db, body, SHOP, NOW)

        order()
        assert store.write(ask).status == "refused"
        fetched = NOW - timedelta(days=2)
        order(picked_up_at=fetched.isoformat())
        order(picked_up_at=NOW.isoformat())
        assert store.read(returns.received_at, "O-1") == fetched
        taken = store.write(ask)
        assert taken.status == "requested"
        told = store.read(returns.judged, taken.id)
        assert (told["profile"], told["trigger"], told["last_day"]) == ("seven_day@1", "collected", "2026-03-15")
        order(settled_at=NOW.isoformat())
        assert store.read(returns.order_news, "O-1") == {"picked_up_at": fetched, "settled_at": NOW}
        with pytest.raises(RowError, match="still to come"):
            order(settled_at=(NOW + timedelta(days=1)).isoformat())
