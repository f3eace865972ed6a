"""A small house with people, parcels, cases, returns and a route, and a browser that keeps its cookies."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
from engines import a_store
from fastapi import FastAPI

from carriers.registry import CARRIERS, account_settings
from config.settings import Collector, Courier, Depot, Map, Settings, defaults
from domain.case import Finding, Kind, Severity, Subject, SubjectType
from domain.pickup import ReturnReason
from domain.returns import Return, ReturnItem, Route, Stop
from domain.shipment import Customer, Item, Order, Shipment
from domain.tracking import Certainty, EventTime, Milestone, ParcelReading, ScanEvent, Zone
from domain.words import Words
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.web.app import create_app
from doorstep.web.auth import hash_password
from monitor import alerts
from store import cases, intake, people, returns, tracking
from store.base import Db
from store.people import Person

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOSTILE = "<script>alert('x')</script>\"'&"
PASSWORD = "a long enough password"
HASH = hash_password(PASSWORD)


def settings(folder: Path, *, demo: bool = False, **tables: Any) -> Settings:
    base = defaults(folder / "doorstep.toml")
    changes = {
        "doorstep": msgspec.structs.replace(base.doorstep, clock_url="http://127.0.0.1:1/clock" if demo else ""),
        "depots": (Depot(id="hz", name="North depot", lat=30.25, lon=120.16),),
        "collectors": (Collector(id="fast", name="Fast Collectors", depots=("hz",), licence="国邮20110001A"),),
        "couriers": (Courier(id="li", name="Courier Li", collector="fast", depot="hz"),),
        "map": Map(),
        "carriers": {
            "kuaidi100": {"main": account_settings(CARRIERS["kuaidi100"], {"customer": "C", "key": "K"})},
            "fedex": {"main": account_settings(CARRIERS["fedex"], {"client_id": "I", "client_secret": "S"})},
        },
    } | tables
    names = [f for f in Settings.__dataclass_fields__ if f not in changes]
    return Settings(**{name: getattr(base, name) for name in names}, **changes)


def a_house(folder: Path, *, demo: bool = False, **tables: Any) -> House:
    made = settings(folder, demo=demo, **tables)
    store = a_store(folder / "test.sqlite3")
    house = House(store, made, made.detection, SetClock(NOW), wall=SetClock(NOW))
    for person in (
        Person("lin", "林晓", "lead", "en", HASH),
        Person("chen", "Chen Mo", "agent", "en", HASH),
        Person("eve", "Eve", "viewer", "en", HASH),
        Person("gone", "Gone", "agent", "en", HASH, active=False),
    ):
        store.write(people.save_person, person)
    return house


def add_parcel(house: House, n: int = 1, **customer: Any) -> int:
    """An order with one parcel on its way; returns the shipment's id."""
    personal = {
        "name": "张三丰", "phone": f"1381234{5600 + n}", "email": "z@example.com", "address": "梧桐路 1 号",
        "district": "西渡区", "lat": 30.24, "lon": 120.15,
    }  # fmt: skip
    items = (Item("MUG", "Mug", 2, 4_900, "home"), Item("TEA", "Tea", 1, 16_800, "tea"))
    order = Order(f"A{n}", items, NOW - 90 * HOUR, customer=Customer(**(personal | customer)))
    house.store.write(intake.add_order, order)
    shipment = Shipment(f"7310000{n:04d}", "zhongtong", "kuaidi100", NOW - 80 * HOUR, order_ref=f"A{n}")
    written = house.store.write(intake.add_shipment, shipment, next_poll_at=NOW + HOUR, alarm_at=NOW + 2 * HOUR)
    return int(written.id)


def scan(house: House, shipment_id: int, text: str, *, hours_ago: float, code: str = "0", **fields: Any) -> None:
    at = NOW - hours_ago * HOUR
    time = EventTime(f"{at:%Y-%m-%d %H:%M} raw", at, Zone.ASSUMED_CARRIER, Certainty.ASSUMED)
    event = ScanEvent(code, text, fields.pop("milestone", Milestone.IN_TRANSIT), time, **fields)
    reading = ParcelReading("n", (event,))
    house.store.write(tracking.record, [(shipment_id, "kuaidi100", [reading])], now=NOW)


def open_case(
    house: House, shipment_id: int, *, hours_left: float = 20, kind: Kind = Kind.STALLED, text: str = "somewhere"
) -> int:
    """A case whose promise has so many hours left, with its first message."""
    return house.store.write(_open, shipment_id, NOW + hours_left * HOUR, kind, text)


def _open(db: Db, shipment_id: int, promise_by: datetime, kind: Kind, text: str) -> int:
    subject = Subject(SubjectType.SHIPMENT, str(shipment_id))
    evidence = (Words("evidence.disputed", {"text": text}),)
    finding = Finding(kind, subject, NOW - 30 * HOUR, evidence, severity=Severity.URGENT)
    opened = promise_by - 24 * HOUR
    case_id = cases.open_case(db, finding, now=opened, promise_by=promise_by, timer_at=None)
    case = cases.get(db, case_id)
    assert case is not None
    alerts.say(db, case, "opened", now=opened)
    return case_id


def open_incident(house: House) -> int:
    evidence = (Words("evidence.source_silent", {"source": "sf/main", "since_at": NOW.isoformat(), "parcels": 7}),)
    finding = Finding(Kind.SOURCE_SILENT, Subject(SubjectType.SOURCE, "sf/main"), NOW - HOUR, evidence)
    return house.store.write(cases.open_case, finding, now=NOW, promise_by=None, timer_at=None)


CODE = "135790"


def add_route(house: House, route_id: str = "r-li", *, first: int = 1, stops: int = 2) -> str:
    """A dispatched route with returns of two items each; returns its courier link's path."""
    made = []
    for n in range(first, first + stops):
        add_parcel(house, n)
        items = (ReturnItem("MUG", 2), ReturnItem("TEA", 1))
        value = Return(
            f"R{n}", f"A{n}", items, ReturnReason.QUALITY, NOW - 20 * HOUR, payer="merchant", code=CODE, depot="hz",
            refund_cents=26_600, slot_from=NOW, slot_to=NOW + 2 * HOUR,
        )  # fmt: skip
        house.store.write(returns.add_return, value, by=None, channel="api")
        at = NOW + n * HOUR / 4
        made.append(Stop(f"{route_id}-{n}", route_id, f"R{n}", n - first + 1, 30.24, 120.15, at, at, at))
    route = Route(
        route_id, "2026-11-22", "hz", "fast", "li", NOW - HOUR, NOW + 4 * HOUR, NOW - 2 * HOUR, tuple(made),
        distance_m=12_300, drive_s=2_400, cost_cents=8_800,
    )  # fmt: skip
    house.store.write(returns.dispatch, route)
    return house.route_link(route_id).removeprefix(house.settings.doorstep.public_url)


class Browser:
    """Asks the application as a browser would: keeps cookies, follows nothing, and knows the token of its last page."""

    def __init__(self, app: FastAPI) -> None:
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://testserver")
        self.csrf = ""

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return self._kept(self._runner.run(self._client.get(path, **kwargs)))

    def post(
        self, path: str, form: dict[str, Any] | None = None, *, csrf: bool = True, **kwargs: Any
    ) -> httpx.Response:
        fields = ({"csrf": self.csrf} if csrf else {}) | (form or {})
        return self._kept(self._runner.run(self._client.post(path, data=fields, **kwargs)))

    def _kept(self, reply: httpx.Response) -> httpx.Response:
        found = re.search(r'name="csrf" value="([^"]+)"', reply.text)
        self.csrf = found.group(1) if found else self.csrf
        return reply

    @property
    def cookies(self) -> httpx.Cookies:
        return self._client.cookies

    def sign_in(self, name: str = "lin") -> "Browser":
        self.get("/sign-in")
        assert self.post("/sign-in", {"name": name, "password": PASSWORD}).status_code == 303
        self.get("/")
        return self

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()


HTMX = {"HX-Request": "true"}
JSON = {"Accept": "application/json"}


def app_of(house: House, **kwargs: Any) -> FastAPI:
    return create_app(house, **kwargs)
