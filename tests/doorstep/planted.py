"""A house into which twenty customers come through every door; each has a name, phone, mail address and door that nobody else has."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from api_support import Client

from chat.acts import ActKind, ChatAct
from config import settings as configured
from domain.booking import Party, PickupOrder, Slot
from domain.pickup import FailReason, ReturnReason
from domain.returns import Return, ReturnItem, Route, Stop
from doorstep import importing
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.operations import perform
from doorstep.taking import Sender, takers_of
from doorstep.web.api import intake_router
from doorstep.web.app import create_app
from doorstep.web.auth import hash_password
from doorstep.web.push import push_router
from doorstep.wiring import STRUCTS, open_house
from monitor import acts
from scheduler.courier import Act, act_at
from scheduler.courier import ActKind as Deed
from store import bookings, cases, chat_queue, mail, people, returns
from store.base import Db, Store
from store.mail import Letter
from store.people import Person

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
SALT = "grain"
PASSWORD = "a long enough password"
HASH = hash_password(PASSWORD)
TOML = f"""
[doorstep]
database = "desk.sqlite3"
import_folder = "inbox"
lang = "en"
[carriers.kuaidi100.main]
customer = "C"
key = "K"
salt = "{SALT}"
[[depots]]
id = "hz"
name = "Depot"
lat = 30.25
lon = 120.16
[[collectors]]
id = "fast"
name = "Fast"
depots = ["hz"]
licence = "X1"
[[couriers]]
id = "li"
name = "Courier"
collector = "fast"
depot = "hz"
"""


@dataclass(frozen=True)
class Plant:
    n: int

    @property
    def name(self) -> str:
        return f"欧阳测{chr(0x5A00 + self.n)}" if self.n % 2 == 0 else f"Zebulon Quartz{self.n:02}"

    @property
    def phone(self) -> str:
        return f"139{70_000_000 + self.n * 137_911:08}"

    @property
    def email(self) -> str:
        return f"plant{self.n:02}@zebulon.example"

    @property
    def address(self) -> str:
        return f"银河路{700 + self.n}号星光苑{self.n + 1}栋"

    @property
    def order(self) -> str:
        return f"P-{self.n}"

    @property
    def number(self) -> str:
        return f"7310{self.n:08}"

    @property
    def values(self) -> tuple[str, ...]:
        return self.name, self.phone, self.email, self.address

    @property
    def told(self) -> str:
        """A sentence with all of it, as somebody would write it."""
        spaced = f"{self.phone[:3]} {self.phone[3:7]}-{self.phone[7:]}"
        return f"我是{self.name}，电话{self.phone}（{spaced}），{self.email}，住{self.address}"


PLANTS = tuple(Plant(n) for n in range(20))


@contextmanager
def opened(folder: Path) -> Iterator[House]:
    file = folder / "doorstep.toml"
    if not file.exists():
        file.write_text(TOML)
    (folder / "inbox").mkdir(exist_ok=True)
    settings = configured.load(file, environ={}, structs=STRUCTS)
    with Store(settings.database, url=settings.store_url, synchronous="OFF") as store:
        yield replace(open_house(settings, store, now=SetClock(NOW)), wall=SetClock(NOW))


@dataclass(frozen=True)
class Sown:
    """Where the plants went: the case of each, and its return."""

    cases: dict[int, int]


def sow(house: House) -> Sown:
    """Put every plant through every door."""
    staff(house)
    key = perform(house, "key_create", {"name": "shop"})["key"]
    client = Client(create_app(house, extra_routers=(intake_router(house), push_router(house))))
    _import(house, [plant for plant in PLANTS if plant.n % 2])
    found = {plant.n: _through_doors(house, client, key, plant) for plant in PLANTS}
    client.close()
    house.store.write(_routed)
    for plant in PLANTS:
        house.store.write(_booked, plant)
        house.store.write(_lettered, plant, found[plant.n])
        _comment(house, found[plant.n], f"called {plant.told}, who asks for 单号{plant.number}")
        mixed = f"not to be mixed up with {plant.name} of {plant.address}, {plant.phone}"
        _comment(house, found[(plant.n + 7) % 20], mixed)
    return Sown(found)


def staff(house: House) -> None:
    for person in (
        Person("root", "Root", "admin", "en", HASH),
        Person("chen", "Chen Mo", "agent", "en", HASH),
        Person("lead", "Lead", "lead", "en", HASH),
        Person("eve", "Eve", "viewer", "en", HASH),
    ):
        house.store.write(people.save_person, person)


def _order(plant: Plant) -> dict[str, Any]:
    items = [{"sku": "MUG", "name": f"Mug for {plant.name}", "qty": 1, "price_cents": 4_900}]
    return {
        "order": plant.order, "items": items, "customer": plant.name, "phone": plant.phone, "email": plant.email,
        "address": plant.address, "district": "西渡区", "lat": 30.2412345, "lon": 120.1512345,
    }  # fmt: skip


def _import(house: House, plants: list[Plant]) -> None:
    """As files in the watched folder: a good one that goes to `done`, and one with bad rows that goes to `failed`."""
    folder = house.settings.import_folder
    assert folder is not None
    head = "order,sku,name,qty,price,customer,phone,email,address"
    rows = [f"{p.order},MUG,Mug for {p.name},1,49,{p.name},{p.phone},{p.email},{p.address}" for p in plants]
    half = len(rows) // 2
    (folder / "orders-good.csv").write_text("\n".join([head, *rows[:half]]) + "\n", "utf-8-sig")
    bad = [f"{p.order}-X,MUG,Mug,none,49,{p.name},{p.phone},{p.email},{p.address}" for p in plants]
    (folder / "orders-bad.csv").write_text("\n".join([head, *rows[half:], *bad]) + "\n", "gb18030")
    for path in folder.glob("*.csv"):
        os.utime(path, (1, 1))
    done = importing.watch_folder(
        house.store, folder, takers=takers_of(house, Sender(None, "folder")), now=NOW, settled_before=house.wall()
    )
    assert sorted((r.created, r.rejected) for r in done) == [(half, 0), (len(rows) - half, len(rows))]


def _through_doors(house: House, client: Client, key: str, plant: Plant) -> int:
    """The interface, the carrier's push, the customer's own words; returns the case."""

    def post(kind: str, body: dict[str, Any], **headers: str) -> Any:
        reply = client.post(f"/api/{kind}", json=body, headers={"authorization": f"Bearer {key}"} | headers)
        assert reply.status_code in {200, 201}, reply.text
        return reply.json()

    if plant.n % 2 == 0:
        post("orders", _order(plant), **{"idempotency-key": f"{plant.order} {plant.phone}"})
    shipment = {
        "order": plant.order,
        "carrier": "中通快递",
        "number": plant.number,
        "destination": f"浙江省/杭州市/{plant.address}",
    }
    post("shipments", shipment)
    push(client, plant)
    event = {
        "number": plant.number,
        "at": "2026-11-22 09:40",
        "milestone": "in_transit",
        "place": plant.address,
        "text": plant.told,
    }
    post("events", event)
    case = post("disputes", {"order": plant.order, "type": "not_received", "text": plant.told})
    return int(case["id"])


def push(client: Client, plant: Plant, at: str = "2026-11-22 09:30:00") -> None:
    """What the carrier tells of a plant's parcel, in a signed call."""
    line = {
        "time": at,
        "ftime": at,
        "context": f"【杭州】派送中，{plant.told}",
        "statusCode": "5",
    }
    last = {"message": "ok", "state": "5", "status": "200", "com": "zhongtong", "nu": plant.number, "data": [line]}
    param = json.dumps({"status": "polling", "message": "", "lastResult": last}, ensure_ascii=plant.n % 3 == 0)
    sign = hashlib.md5((param + SALT).encode()).hexdigest().upper()
    reply = client.post("/push/kuaidi100/main", content=urlencode({"sign": sign, "param": param}).encode())
    assert reply.json()["result"] is True


def _comment(house: House, case: int, words: str) -> None:
    act = ChatAct("cli", "main", house.new_id(), "chen", case, ActKind.COMMENT, words)
    assert isinstance(house.store.write(acts.perform, act, now=NOW), acts.Done)


def _routed(db: Db) -> None:
    """A route past all of them; at each door the courier writes down why nothing was collected."""
    stops = []
    for plant in PLANTS:
        value = Return(
            f"R-{plant.n}", plant.order, (ReturnItem("MUG", 1),), ReturnReason.QUALITY, NOW - 20 * HOUR, payer="merchant",
            code="135790", depot="hz", refund_cents=4_900, slot_from=NOW, slot_to=NOW + 2 * HOUR,
        )  # fmt: skip
        returns.add_return(db, value, by=None, channel="api")
        at = NOW + plant.n * HOUR / 20
        stops.append(Stop(f"r-1-{plant.n}", "r-1", f"R-{plant.n}", plant.n + 1, 30.2412345, 120.1512345, at, at, at))
    path = ((30.25, 120.16), (30.2412345, 120.1512345), (30.30, 120.20))
    route = Route(
        "r-1", "2026-11-22", "hz", "fast", "li", NOW - HOUR, NOW + 4 * HOUR, NOW - 2 * HOUR, tuple(stops), path=path
    )  # fmt: skip
    returns.dispatch(db, route)


def fail_stops(house: House) -> None:
    for plant in PLANTS:
        wanted = Act(Deed.FAILED, f"a-{plant.n}", reason=FailReason.ABSENT, proof={"note": f"rang at {plant.told}"})
        house.store.write(
            act_at, f"r-1-{plant.n}", wanted, route_id="r-1", policy=house.pickups.policy, now=NOW, by="li"
        )  # fmt: skip


def _booked(db: Db, plant: Plant) -> None:
    party = Party(plant.name, plant.phone, plant.address, "杭州市")
    house = Party("Returns", "057188889999", "Dock 1", "杭州市")
    order = PickupOrder(
        f"B-{plant.n}", party, house, Slot(NOW + HOUR, NOW + 3 * HOUR), ZoneInfo("Asia/Shanghai"), "mug", 500,
        remark=plant.told,
    )  # fmt: skip
    bookings.begin(db, "kuaidi100", "main", order, busy_until=NOW + HOUR, now=NOW, order_ref=plant.order)
    bookings.look_again(db, f"B-{plant.n}", None, error=f"refused for {plant.told}")
    bookings.meet_courier(db, f"B-{plant.n}", "Courier Wang", "13911112222")


def _lettered(db: Db, plant: Plant, case: int) -> None:
    """What goes out to the customer and into chats, sent and unsent, and what was heard in a chat."""
    text = {"to": plant.email, "text": f"Dear {plant.name}: to {plant.address}?", "phone": int(plant.phone)}
    letters = [
        Letter(f"mail-{plant.n}", f"customer:{plant.order}", "private", "told", "order", plant.order, text),
        Letter(f"chat-{plant.n}", "matrix:desk", "reply", "asked", "case", str(case), {"body": plant.told}),
        Letter(f"list-{plant.n}", "matrix:desk", "reply", "mine", "chat", "matrix:desk", {"body": [plant.told, "x"]}),
    ]
    mail.post(db, letters, now=NOW)
    mail.mark_failed(db, f"chat-{plant.n}", error=f"550 <{plant.email}> unknown", retry_at=None, now=NOW)
    chat_queue.keep_unplaced(db, "matrix:desk", f"e-{plant.n}", "m-1", {"wish": {"words": plant.told}}, now=NOW)


def close_all(house: House) -> None:
    """Everything that is open about the plants ends."""
    house.store.write(_closed)


def _closed(db: Db) -> None:
    from domain.case import CaseEvent, CaseFact

    for case in cases.list_cases(db):
        cases.add(db, case.id, CaseFact(CaseEvent.RESOLVED, NOW, "chen", "cli", f"told {PLANTS[0].name} all of it"))
    db.exec_driver_sql("UPDATE watch SET ended = 'delivered'")
