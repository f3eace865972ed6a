"""A real store, the shipped policy, and short ways to say what happened."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from engines import a_store

from config.policies import DetectionPolicy, load_desk, load_detection
from domain.desk_hours import DeskHours
from domain.shipment import Customer, Item, Order, Shipment
from domain.tracking import Certainty, EventTime, Manner, Milestone, ParcelReading, Reason, ScanEvent, Zone
from monitor import look
from store import asking, intake, tracking
from store.asking import Polled
from store.base import Db, Store
from store.chat_queue import ChannelRow

START = datetime(2026, 3, 2, 1, tzinfo=UTC)  # a Monday, 09:00 in Shanghai
POLICY = load_detection()
"""Thresholds alone: no steps, nobody is called."""
AROUND_THE_CLOCK = replace(POLICY, desk=load_desk())
BY_DAY = replace(POLICY, desk=replace(load_desk(), hours=DeskHours(ZoneInfo("Asia/Shanghai"), ((time(9), time(21)),))))
"""The shipped steps and ladder, for a desk that works from 9 to 21 in Shanghai; START is 9:00 there."""
M, R = Milestone, Reason


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def scan(
    milestone: Milestone,
    hours: float,
    *,
    reason: Reason | None = None,
    place: str = "杭州转运中心",
    manner: Manner | None = None,
) -> ScanEvent:
    time = EventTime(at(hours).isoformat(), at(hours), Zone.OFFSET, Certainty.EXACT)
    return ScanEvent(None, f"{milestone.value} {reason or ''}", milestone, time, reason, None, place, manner)


@contextmanager
def opened(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path / "doorstep.sqlite3") as store:
        yield store


def with_shipment(
    db: Db, number: str = "ZT1", *, promised_h: float | None = 96, region: str = "cn", created_h: float = 0, **more: str
) -> int:
    """An order and its shipment by Kuaidi100."""
    item = Item("SKU-1", "杯子", 1, 5_900)
    intake.add_order(db, Order(f"O-{number}", (item,), at(0), customer=Customer("王小明", "13812345678")))
    promised = at(promised_h) if promised_h is not None else None
    shipment = Shipment(
        number,
        "zhongtong",
        "kuaidi100",
        at(created_h),
        order_ref=f"O-{number}",
        region=region,
        promised_at=promised,
        **more,
    )
    return int(intake.add_shipment(db, shipment, next_poll_at=at(created_h), alarm_at=None).id)


def heard(
    db: Db, shipment_id: int, hours: float, *events: ScanEvent, number: str = "ZT1", no_data: object = None
) -> None:
    """A poll at ``hours`` that told these events, and the look that follows it."""
    heard_by(db, POLICY, shipment_id, hours, *events, number=number, no_data=no_data)


def heard_by(
    db: Db,
    policy: DetectionPolicy,
    shipment_id: int,
    hours: float,
    *events: ScanEvent,
    number: str = "ZT1",
    no_data: object = None,
) -> None:
    """``heard`` in a house with another policy."""
    readings = [(shipment_id, "kuaidi100", (ParcelReading(number, events),))] if events else []
    gained = tracking.record(db, readings, now=at(hours))
    asking.reschedule(db, "kuaidi100", [Polled(shipment_id, at(hours + 4), no_data)], now=at(hours))  # type: ignore[arg-type]
    look.after_poll(db, [shipment_id], gained, policy, now=at(hours))


ROOM = ChannelRow("matrix:desk", "matrix", "en", "Asia/Shanghai", "http://desk.example")
"""A chat channel: what is heard there besides the console."""
