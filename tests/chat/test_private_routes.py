"""A thousand customers on couriers' routes: in no chat does a body name one, whatever a route, its changes, answers or digests say."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chat_support import PEOPLE, read_settings, settings_file
from courier_support import COURIERS
from engines import a_store
from test_chat_contract import OUTSIDE, planted

from chat.acts import RouteWord, Wish
from domain.case import Finding, Kind, Subject, SubjectType
from domain.pickup import ReturnReason
from domain.returns import Return, ReturnItem, Route, Stop
from domain.shipment import Customer, Item, Order
from domain.words import Words
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.wiring import open_house
from monitor import digest
from monitor.look import open_and_say
from scheduler import courier_says
from scheduler.courier_says import Saying
from scheduler.letters import tell
from scheduler.request import cancel_return
from store import chat_queue, courier_chats, intake, people, returns
from store.base import Db
from store.chat_queue import ChannelRow
from store.courier_chats import CourierChat

CUSTOMERS, PER_ROUTE = 1_000, 50


def written(db: Db, house: House, now: SetClock) -> None:
    """Routes for all of them, every third stop cancelled, what couriers say, cases that nobody heard of, and the morning's digest."""
    channels = [
        ChannelRow(f"{chat.id}:desk", chat.id, "zh", "Asia/Shanghai", "https://desk.example") for chat in OUTSIDE
    ]
    chat_queue.set_channels(db, channels, now=now())
    for n in range(CUSTOMERS // PER_ROUTE):
        channel = channels[n % len(channels)].name
        courier_chats.link(db, CourierChat(f"c{n}", channel, f"who-{n}", "", now()), by=None, via="cli")
        _route(db, house, n, now)


def _route(db: Db, house: House, n: int, now: SetClock) -> None:
    at, name, courier = now(), f"RT{n}", f"c{n}"
    stops = [_stop(db, n * PER_ROUTE + k, name, k + 1, now) for k in range(PER_ROUTE)]
    ends = at + timedelta(hours=8)
    route = Route(name, at.date().isoformat(), "hz", "fast", courier, at, ends, at, tuple(stops))
    returns.dispatch(db, route)
    tell(db, route, house.route_link, now=at)
    for k in range(0, PER_ROUTE, 3):
        cancel_return(db, f"{stops[k].id}-r", link=house.route_link, now=at)
    for wish in (
        Wish(RouteWord.LATE, length=timedelta(minutes=20)), Wish(RouteWord.STOP_FAILED), Wish(RouteWord.STOP_FAILED, stop=2),
        Wish(RouteWord.STOP_FAILED, "absent", stop=2), Wish(RouteWord.STOP_FAILED, "absent", stop=99),
    ):  # fmt: skip
        said = courier_says.say(db, Saying(courier, wish, f"{n}-{wish}"), policy=house.pickups.policy, now=at)
        ANSWERS.extend(words.to_json() for words in said.lines)
    told = f"我是{planted(n)['name']}，电话{planted(n)['phone']}"
    finding = Finding(
        Kind.DISPUTED,
        Subject(SubjectType.RETURN, f"{stops[1].id}-r"),
        at,
        (Words("evidence.disputed", {"text": told}),),
    )
    open_and_say(db, finding, house.policy, now=at, order_ref=f"{stops[1].id}-o")


ANSWERS: list[object] = []


def _stop(db: Db, n: int, route: str, position: int, now: SetClock) -> Stop:
    person, at, stop = planted(n), now(), f"{route}-{position}"
    customer = Customer(name=person["name"], phone=person["phone"], address=person["street"], lat=30.2, lon=120.1)
    intake.add_order(db, Order(f"{stop}-o", (Item("A", "杯子", 1, 5_900),), at, customer=customer))
    value = Return(f"{stop}-r", f"{stop}-o", (ReturnItem("A", 1),), ReturnReason.QUALITY, at, depot="hz", code="123456")
    returns.add_return(db, value, by=None, channel="api")
    return Stop(stop, route, f"{stop}-r", position, 30.2, 120.1, at, at, at + timedelta(minutes=5))


def test_no_word_about_a_thousand_customers_leaves_the_house(tmp_path: Path) -> None:
    """Every letter to every adapter: routes, differences, alerts of unheard cases, the digest; and every answer to a courier."""
    settings = read_settings(settings_file(tmp_path, COURIERS))
    clock = SetClock(datetime(2026, 11, 25, 9, 40, tzinfo=settings.zone).astimezone(UTC))  # a Wednesday morning
    store = a_store(tmp_path / "chat.sqlite3")
    house = open_house(settings, store, now=clock)
    for person in PEOPLE:
        store.write(people.save_person, person)
    store.write(written, house, clock)
    clock.set(clock.at + timedelta(hours=1))
    assert store.write(digest.say, house.policy, now=clock.at)
    rows = store.read(lambda db: db.exec_driver_sql("SELECT channel, kind, payload FROM outbox").all())
    outside = [
        (channel, kind, json.dumps(json.loads(payload), ensure_ascii=False))
        for channel, kind, payload in rows
        if not inside(channel)
    ]
    assert {channel.partition(":")[0] for channel, _, _ in outside} == {chat.id for chat in OUTSIDE}
    assert {kind for _, kind, _ in outside} >= {"private", "digest", "alert"}
    assert any("没有通知到任何人" in body for _, kind, body in outside if kind == "digest")
    said = "\n".join([*(body for _, _, body in outside), json.dumps(ANSWERS, ensure_ascii=False)])
    hits = [text for n in range(CUSTOMERS) for text in planted(n).values() if text in said]
    assert hits == []
    store.close()


def inside(channel: str) -> bool:
    return channel == "console" or channel.startswith(("courier:", "customer:"))
