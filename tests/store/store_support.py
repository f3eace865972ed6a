"""A real store in a folder of the test, and short ways to write what happened into it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engines import a_store

from domain.case import Finding, Kind, Subject, SubjectType
from domain.pickup import ReturnReason
from domain.returns import Return, ReturnItem, Route, Stop
from domain.shipment import Customer, Item, Order, Shipment
from domain.tracking import Certainty, EventTime, Milestone, ParcelReading, ScanEvent, Zone
from domain.words import Words
from monitor import alerts
from store import cases, intake, returns
from store.base import Db, Store
from store.ledger import Instruction

START = datetime(2026, 3, 2, 1, tzinfo=UTC)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    with a_store(folder / "desk.sqlite3") as store:
        yield store


def rows(db: Db, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in db.exec_driver_sql(sql, values)]


def damage(db: Db, sql: str, *values: Any) -> int:
    """Do by hand what no function of the room does; returns how many rows it hit."""
    return db.exec_driver_sql(sql, values).rowcount


def count(db: Db, table: str) -> int:
    return int(db.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def an_order(ref: str = "O1") -> Order:
    items = (Item("MUG", "杯子", 2, 4_900), Item("TEA", "茶", 1, 16_800))
    return Order(ref, items, at(0), customer=Customer("王小明", "13812345678", lat=30.2, lon=120.1))


def add_shipment(db: Db, number: str = "ZT1", *, order: str = "O1", carrier: str = "zhongtong") -> int:
    intake.add_order(db, an_order(order))
    shipment = Shipment(number, carrier, "kuaidi100", at(0), order_ref=order, promised_at=at(96))
    return int(intake.add_shipment(db, shipment, next_poll_at=at(0), alarm_at=None).id)


def scan(milestone: Milestone = Milestone.IN_TRANSIT, hours: float = 1, text: str = "到达", **more: Any) -> ScanEvent:
    time = EventTime(at(hours).isoformat(), at(hours), Zone.OFFSET, Certainty.EXACT)
    return ScanEvent(more.pop("code", None), text, milestone, time, place=more.pop("place", "杭州"), **more)


def told(shipment: int, *events: ScanEvent, number: str = "ZT1", identity: str | None = None) -> Any:
    return [(shipment, "kuaidi100", (ParcelReading(number, events, identity),))]


def finding(subject_id: str = "1", kind: Kind = Kind.STALLED) -> Finding:
    return Finding(kind, Subject(SubjectType.SHIPMENT, subject_id), at(1), (Words("evidence.silence", {}),))


def open_case(db: Db, subject_id: str = "1", kind: Kind = Kind.STALLED, *, hours: float = 2) -> int:
    """A case with the alert that every open one has."""
    case_id = cases.open_case(db, finding(subject_id, kind), now=at(hours), promise_by=at(hours + 24), timer_at=None)
    case = cases.get(db, case_id)
    assert case is not None
    alerts.say(db, case, "opened", now=at(hours))
    return case_id


def ask_return(db: Db, ref: str = "R1", order: str = "O1") -> bool:
    items = (ReturnItem("MUG", 2),)
    value = Return(
        ref, order, items, ReturnReason.QUALITY, at(3), code="135790", slot_from=at(20), slot_to=at(22), depot="hz"
    )
    return returns.add_return(db, value, by=None, channel="api")


def dispatch(db: Db, ref: str = "R1", *, route: str = "RT1", hours: float = 10) -> str:
    """Put a return on a route of its own; returns the stop's id."""
    stop = Stop(f"{route}-{ref}", route, ref, 0, 30.2, 120.1, at(hours), at(hours), at(hours + 1))
    made = Route(route, "2026-03-02", "hz", "fast", "li", at(hours - 1), at(hours + 5), at(hours - 2), (stop,))
    returns.dispatch(db, made)
    return stop.id


def an_instruction(id_: str = "refund-R1", **more: Any) -> Instruction:
    values = {"order_ref": "O1", "item": "MUG", "kind": "refund", "amount_cents": 9_800, "currency": "CNY"}
    return Instruction(id_, written_at=more.pop("written_at", at(30)), **(values | more))
