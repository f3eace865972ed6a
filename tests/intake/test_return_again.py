"""Asking for a return again: what was refused or cancelled may be asked for anew, a repeat changes nothing."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from engines import a_store

from config import settings as configured
from domain.shipment import Item, Order, Shipment
from domain.tracking import Certainty, EventTime, Milestone, ParcelReading, ScanEvent, Zone
from doorstep.clock import SetClock
from doorstep.taking import Sender, Taken, take_return
from doorstep.wiring import open_house
from scheduler.request import cancel_return
from store import intake, returns, tracking
from store.base import Db

NOW = datetime(2026, 3, 10, 2, tzinfo=UTC)
BODY = {"order": "O-1", "items": [{"sku": "S", "qty": 1}], "reason": "no_reason"}
SHOP = Sender("shop", "api")


def delivered(db: Db) -> None:
    shipment = Shipment("ZT1", "zhongtong", "kuaidi100", NOW - timedelta(days=3), order_ref="O-1")
    shipment_id = int(intake.add_shipment(db, shipment, next_poll_at=None, alarm_at=None).id)
    time = EventTime("", NOW - timedelta(days=1), Zone.OFFSET, Certainty.EXACT)
    event = ScanEvent("301", "已签收", Milestone.DELIVERED, time)
    tracking.record(db, [(shipment_id, "kuaidi100", (ParcelReading("ZT1", (event,)),))], now=NOW)


def test_asked_again_after_a_refusal_and_after_a_cancellation(tmp_path: Path) -> None:
    """Too early, the same again, in time, the same again, cancelled, anew: refused, known, taken, known, taken anew."""
    settings = configured.defaults(tmp_path / "doorstep.toml")
    with a_store(tmp_path / "doorstep.sqlite3") as store:
        house = open_house(settings, store, now=SetClock(NOW))

        def ask(db: Db) -> Taken:
            return take_return(house, db, BODY, SHOP, NOW)

        store.write(intake.add_order, Order("O-1", (Item("S", "杯子", 1, 5_900),), NOW - timedelta(days=4)))
        early, same = store.write(ask), store.write(ask)
        assert (early.status, early.created, same.status, same.created) == ("refused", True, "refused", False)
        store.write(delivered)
        taken, repeated = store.write(ask), store.write(ask)
        assert (taken.status, taken.created, repeated.created, repeated.id) == ("requested", True, False, taken.id)
        store.write(cancel_return, taken.id, link=house.route_link, now=NOW)
        anew = store.write(ask)
        assert (anew.status, anew.created) == ("requested", True)
        assert [r.status.value for r in store.read(returns.of_order, "O-1")] == ["refused", "cancelled", "requested"]
