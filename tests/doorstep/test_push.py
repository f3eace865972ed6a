"""Sources that call us: proven, once, committed before the answer."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from api_support import Client
from engines import ON_BOTH, a_store

from carriers.registry import CARRIERS
from config import settings as configured
from domain.shipment import Shipment
from doorstep.clock import SetClock, wall
from doorstep.web.app import create_app
from doorstep.web.push import MAX_BODY_BYTES, may_come_from, push_router
from doorstep.wiring import STRUCTS, open_house
from store import asking, check, intake, subscriptions, tracking
from store.base import Db, Store

SALT = "grain"
TOML = f"""
[carriers.kuaidi100.main]
customer = "C"
key = "K"
salt = "{SALT}"
[carriers.sf.main]
partner_id = "P"
checkword = "W"
"""
LINE = {
    "time": "2026-03-01 10:00:00",
    "ftime": "2026-03-01 10:00:00",
    "context": "【杭州】快件已揽收",
    "statusCode": "103",
}
PUSH = {
    "status": "polling",
    "message": "",
    "lastResult": {"message": "ok", "state": "1", "status": "200", "com": "zhongtong", "nu": "ZT1", "data": [LINE]},
}


def form(push: dict[str, object], salt: str = SALT) -> bytes:
    param = json.dumps(push, ensure_ascii=False)
    sign = hashlib.md5((param + salt).encode()).hexdigest().upper()
    return urlencode({"sign": sign, "param": param}).encode()


def watched(db: Db) -> int:
    shipment = Shipment("ZT1", "zhongtong", "kuaidi100", wall())
    return int(intake.add_shipment(db, shipment, next_poll_at=None, alarm_at=None).id)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[Client, Store, int]]:
    file = tmp_path / "doorstep.toml"
    file.write_text(TOML)
    settings = configured.load(file, environ={}, structs=STRUCTS)
    with a_store(settings.database) as store:
        house = open_house(settings, store, now=SetClock(wall()))
        shipment = store.write(watched)
        client = Client(create_app(house, extra_routers=(push_router(house),)))
        yield client, store, shipment
        client.close()


def digest(store: Store) -> str:
    return store.read(check.digest)


@ON_BOTH
def test_a_proven_push_is_taken_once(world: tuple[Client, Store, int]) -> None:
    """Its events are there when it is answered, to the letter; the same bytes again change nothing."""
    client, store, shipment = world
    for _ in range(3):
        answer = client.post("/push/kuaidi100/main", content=form(PUSH))
        assert (answer.status_code, answer.json()) == (200, {"result": True, "returnCode": "200", "message": "成功"})
        [parcel] = store.read(tracking.views, [shipment])[shipment].parcels
        assert parcel.state.milestone == "picked_up"
        assert len(store.read(tracking.events_of, [parcel.id])[parcel.id]) == 1


def test_a_corrected_carrier_moves_the_shipment(world: tuple[Client, Store, int]) -> None:
    """An abort with comNew: the number belongs to another carrier, and is asked about under it at once."""
    client, store, shipment = world
    abort = {**PUSH, "status": "abort", "comNew": "yuantong", "lastResult": {**PUSH["lastResult"], "data": []}}  # type: ignore[dict-item]
    assert client.post("/push/kuaidi100/main", content=form(abort)).status_code == 200
    assert store.read(tracking.views, [shipment])[shipment].shipment.carrier == "yuantong"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("kuaidi100/main", form(PUSH, "wrong"), 401),
        ("kuaidi100/main", form(PUSH).replace(b"103", b"301"), 401),
        ("kuaidi100/main", b"", 401),
        ("kuaidi100/main", b"sign=&param=", 401),
        ("kuaidi100/main", b"\xff\xfe", 401),
        ("kuaidi100/main", b"x" * (MAX_BODY_BYTES + 1), 413),
        ("kuaidi100/other", form(PUSH), 404),
        ("fedex/main", form(PUSH), 404),
        ("sf/main", b"{}", 401),
    ],
)
def test_what_proves_nothing_changes_nothing(
    world: tuple[Client, Store, int], path: str, body: bytes, status: int
) -> None:
    """Forged, altered, empty, oversized, for another account: refused, and the database stays as it was."""
    client, store, _ = world
    before = digest(store)
    assert client.post(f"/push/{path}", content=body).status_code == status
    assert digest(store) == before


def test_a_proven_push_that_cannot_be_read_touches_no_parcel(world: tuple[Client, Store, int]) -> None:
    """It is kept as it came and answered, for the same bytes would come again; the parcel stays as it was."""
    client, store, shipment = world
    before, asked = digest(store), store.read(asking.sources_of, [shipment])
    assert client.post("/push/kuaidi100/main", content=form({"status": "polling", "lastResult": 7})).status_code == 200  # type: ignore[dict-item]
    assert client.post("/push/kuaidi100/main", content=form({**PUSH, "status": ""})).status_code == 200
    assert digest(store) == before
    assert store.read(asking.sources_of, [shipment]) == asked
    assert store.read(lambda db: db.exec_driver_sql("SELECT count(*) FROM raw_reply").scalar_one()) == 2


def test_a_push_that_tells_more_of_what_was_over_has_it_watched_again(world: tuple[Client, Store, int]) -> None:
    """A delivery that is undone weeks later is asked about like any other parcel."""
    client, store, shipment = world
    store.write(asking.reschedule, "kuaidi100", [asking.Polled(shipment, None, ended="delivered")], now=wall())
    assert client.post("/push/kuaidi100/main", content=form(PUSH)).status_code == 200
    assert store.read(tracking.views, [shipment])[shipment].watching_ended == ""
    assert store.read(asking.sources_of, [shipment])[shipment][0].next_poll_at


def test_a_push_of_a_source_that_stands_by_is_taken_and_asks_it_nothing(world: tuple[Client, Store, int]) -> None:
    """What it tells is worth having; its questions cost money while the first source works."""
    client, store, _ = world
    shipment = Shipment("SF1000000000001", "shunfeng", "sf", wall())
    standby = [("kuaidi100", "main")]
    both = int(store.write(intake.add_shipment, shipment, next_poll_at=wall(), alarm_at=None, standby=standby).id)
    pushed = {**PUSH, "lastResult": {**PUSH["lastResult"], "nu": shipment.number}}  # type: ignore[dict-item]
    assert client.post("/push/kuaidi100/main", content=form(pushed)).status_code == 200
    assert store.read(tracking.views, [both])[both].state.milestone == "picked_up"
    assert [bool(s.next_poll_at) for s in store.read(asking.sources_of, [both])[both]] == [True, False]


# --- hints: sources that sign nothing --------------------------------------------------------------------------------

ROUTE = {"mailno": "SF1", "acceptTime": "2026-03-01 10:00:00", "opCode": "80", "remark": "已签收", "id": "1"}
HINT = json.dumps({"Body": {"WaybillRoute": [ROUTE]}}).encode()


def sf_parcel(db: Db) -> int:
    shipment = Shipment("SF1", "shunfeng", "sf", wall())
    return int(intake.add_shipment(db, shipment, next_poll_at=wall() + timedelta(hours=9), alarm_at=None).id)


def due_at(store: Store, shipment: int) -> datetime:
    (source,) = store.read(asking.sources_of, [shipment])[shipment]
    assert source.next_poll_at
    return source.next_poll_at


def path_of(store: Store, tmp_path: Path, source: str = "sf") -> str:
    settings = configured.load(tmp_path / "doorstep.toml", environ={}, structs=STRUCTS)
    return open_house(settings, store).callback_url(source, "main").partition("127.0.0.1:8722")[2]


def test_a_hint_asks_now_and_writes_no_event(world: tuple[Client, Store, int], tmp_path: Path) -> None:
    """SF signs nothing: whoever knows the address may make us ask, and nothing else. Answered as SF wants it."""
    client, store, _ = world
    shipment = store.write(sf_parcel)
    before = digest(store)
    answered = client.post(path_of(store, tmp_path), content=HINT)
    assert (answered.status_code, answered.json()) == (200, {"return_code": "0000", "return_msg": "成功"})
    assert digest(store) == before
    assert due_at(store, shipment) <= wall() + timedelta(seconds=1)


def test_the_same_hint_again_asks_nothing_more(world: tuple[Client, Store, int], tmp_path: Path) -> None:
    """SF sends each message about four times; each is answered, one counts."""
    client, store, _ = world
    shipment = store.write(sf_parcel)
    path = path_of(store, tmp_path)
    client.post(path, content=HINT)
    later = wall() + timedelta(hours=5)
    store.write(asking.reschedule, "sf", [asking.Polled(shipment, later)], now=wall())
    for _ in range(3):
        assert client.post(path, content=HINT).status_code == 200
    assert abs(due_at(store, shipment) - later) <= timedelta(seconds=1)


def test_hints_ask_no_number_more_often_than_every_half_hour(world: tuple[Client, Store, int], tmp_path: Path) -> None:
    """New messages about a number that was just asked about wait for their turn."""
    client, store, _ = world
    shipment = store.write(sf_parcel)
    store.write(asking.reschedule, "sf", [asking.Polled(shipment, wall() + timedelta(hours=5))], now=wall())
    client.post(path_of(store, tmp_path), content=HINT)
    assert wall() + timedelta(minutes=29) <= due_at(store, shipment) <= wall() + timedelta(minutes=31)


@pytest.mark.parametrize("secret", ["", "/", "/wrong", "/" + "0" * 32, "/%00", "/../main"])
def test_without_the_address_that_it_was_told_a_source_asks_nothing(
    world: tuple[Client, Store, int], secret: str
) -> None:
    """A guess is refused, and leaves no trace."""
    client, store, _ = world
    shipment = store.write(sf_parcel)
    before, due = digest(store), due_at(store, shipment)
    assert 300 <= client.post(f"/push/sf/main{secret}", content=HINT).status_code < 500
    assert (digest(store), due_at(store, shipment)) == (before, due)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b'{"Body": 7}', b"\xff\xfe", b'{"Body":{"WaybillRoute":[{"mailno":"SF9"}]}}']
)
def test_a_hint_that_names_nothing_of_ours_changes_nothing(
    world: tuple[Client, Store, int], tmp_path: Path, body: bytes
) -> None:
    """Unreadable, empty, or about somebody else's parcel: answered, never a 5xx."""
    client, store, _ = world
    shipment = store.write(sf_parcel)
    before, due = digest(store), due_at(store, shipment)
    assert client.post(path_of(store, tmp_path), content=body).status_code == 200
    assert (digest(store), due_at(store, shipment)) == (before, due)


def test_a_hint_from_an_address_that_is_not_listed_is_refused() -> None:
    """Where the account names its source's addresses, others may not hint; a broken list lets nobody in."""
    named = CARRIERS["sf"].settings(partner_id="P", checkword="W", push_ips=("10.1.0.0/16", "203.0.113.7"))  # type: ignore[call-arg]
    anybody = CARRIERS["sf"].settings(partner_id="P", checkword="W")  # type: ignore[call-arg]
    assert may_come_from(named, "10.1.2.3")
    assert may_come_from(named, "203.0.113.7")
    assert not may_come_from(named, "203.0.113.8")
    assert not may_come_from(named, "no address")
    assert may_come_from(anybody, "203.0.113.8")


def test_a_signed_push_with_a_wrong_secret_in_its_address_is_refused(world: tuple[Client, Store, int]) -> None:
    """The address was guessed: nothing else about it is looked at."""
    client, store, _ = world
    before = digest(store)
    assert client.post("/push/kuaidi100/main/guessed", content=form(PUSH)).status_code == 404
    assert digest(store) == before


def test_an_abort_takes_the_subscription_up_again(world: tuple[Client, Store, int]) -> None:
    """Three silent days end a subscription at Kuaidi100; half an hour later it is due again."""
    client, store, shipment = world
    store.write(subscriptions.want, shipment, "kuaidi100", "main", now=wall())
    store.write(
        subscriptions.settle, "kuaidi100", [subscriptions.Outcome(shipment, subscriptions.STANDS, None)], now=wall()
    )
    store.write(asking.begin, "kuaidi100", shipment, now=wall())
    abort = {**PUSH, "status": "abort", "lastResult": {**PUSH["lastResult"], "data": []}}  # type: ignore[dict-item]
    assert client.post("/push/kuaidi100/main", content=form(abort)).status_code == 200
    (subscription,) = store.read(subscriptions.of_shipment, shipment)
    assert subscription.state == "wanted"
    assert subscription.due_at
    assert timedelta(minutes=29) <= subscription.due_at - wall() <= timedelta(minutes=31)
