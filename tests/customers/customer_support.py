"""A house with a customer who can be written to, and short ways to say what happened to their case."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from engines import a_store

from config.customer_settings import Customers, Hook, Mail, Sms
from config.policies import load_detection
from config.settings import Settings, defaults
from domain.case import CaseEvent, CaseFact, Finding, Kind, Subject, SubjectType, promise_by
from domain.shipment import Customer, Item, Order, Shipment
from domain.words import Words
from doorstep.clock import SetClock
from doorstep.house import House
from monitor import look
from monitor.customer_words import Rules
from monitor.telling import tell_due
from store import cases, intake, people, telling
from store.base import Db, Store
from store.mail import Letter, letters_about
from store.people import Person

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 3, 2, 2, tzinfo=UTC)  # a Monday, 10:00 in Shanghai
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
POLICY = load_detection()
HOSTILE = [
    "<script>alert(1)</script>", "a\r\nBcc: evil@example.com", "http://evil.example/领奖", "www.evil.example",
    "{{7*7}}", "=cmd|' /C calc'!A0", "\u202egnp.exe", "张三\x00丰", "[click](https://evil.example)", "a@b.example",
]  # fmt: skip


def settings(**more: Any) -> Customers:
    ways = {
        "mail": Mail(host="127.0.0.1", sender="Shop <care@shop.example>", port=2, security="none"),
        "sms": Sms(url="http://sms.example/send"),
        "webhook": None,
    }
    return Customers(**{**ways, "ways": ("mail", "sms", "webhook"), **more})


def rules(**more: Any) -> Rules:
    return Rules(settings(**more), {}, "zh", ZONE, "青禾家居", "secret")


def a_house(folder: Path, own: Customers) -> House:
    """A house whose clock stands at START, and that writes to customers as ``own`` says."""
    base = defaults(folder / "doorstep.toml")
    changed = {name: getattr(base, name) for name in Settings.__dataclass_fields__}
    made = Settings(**{**changed, "customers": own})
    store = a_store(folder / "h.sqlite3")
    return House(store, made, made.detection, SetClock(START), wall=SetClock(START))


def hook() -> Hook:
    return Hook(url="http://shop.example/hook", secret="whsec_c2VjcmV0")


@contextmanager
def opened(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path / "c.sqlite3") as store:
        store.write(people.save_person, Person("lin", "Lin", "agent"))
        yield store


def add_order(db: Db, ref: str = "A1", *, number: str = "ZT1", **customer: Any) -> int:
    """An order with one parcel; returns the shipment's id."""
    personal = {"name": "张三丰", "phone": "13812345678", "email": "z@example.com"} | customer
    intake.add_order(db, Order(ref, (Item("MUG", "Mug", 1, 4_900),), START - 4 * DAY, customer=Customer(**personal)))
    shipment = Shipment(number, "zhongtong", "kuaidi100", START - 3 * DAY, order_ref=ref, promised_at=START + 2 * DAY)
    return int(intake.add_shipment(db, shipment, next_poll_at=None, alarm_at=None).id)


def open_case(db: Db, shipment_id: int, kind: Kind = Kind.FAILED_ATTEMPT, *, at: datetime = START, **more: Any) -> int:
    found = Finding(kind, Subject(SubjectType.SHIPMENT, str(shipment_id)), at, (Words("evidence.silence", {}),))
    return look.open_and_say(db, found, POLICY, now=at, order_ref=more.pop("order_ref", "A1"), **more)


def happen(db: Db, case_id: int, event: CaseEvent, at: datetime, by: str | None = "lin", **data: Any) -> None:
    words = data.pop("words", "")
    if event is CaseEvent.REOPENED:
        data |= {"promise_by": promise_by(at).isoformat()}
    cases.add(db, case_id, CaseFact(event, at, by, "console", words, data))


def tick(store: Store, at: datetime, **more: Any) -> None:
    store.write(tell_due, rules(**more), now=at)


def tick_until(store: Store, begin: datetime, end: datetime, *, step: timedelta = 15 * MINUTE, **more: Any) -> None:
    at = begin
    while at <= end:
        tick(store, at, **more)
        at += step


def messages(store: Store, case_id: int) -> list[Letter]:
    return [letter for letter in store.read(letters_about, "case", str(case_id)) if letter.kind == telling.KIND]


def states(store: Store, case_id: int) -> dict[str, str]:
    return {row.step.value: row.state for row in store.read(telling.of_case, case_id)}


def history(store: Store, case_id: int) -> list[CaseFact]:
    return store.read(cases.history_of, case_id)
