"""Sources that call us: proven, once, committed before the answer."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from api_support import Client

from config import settings as configured
from domain.shipment import Shipment
from doorstep.clock import SetClock, wall
from doorstep.web.app import create_app
from doorstep.web.push import MAX_BODY_BYTES, push_router
from doorstep.wiring import STRUCTS, open_house
from store import check, intake, tracking
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
    with Store(settings.database, synchronous="OFF") as store:
        house = open_house(settings, store, now=SetClock(wall()))
        shipment = store.write(watched)
        client = Client(create_app(house, extra_routers=(push_router(house),)))
        yield client, store, shipment
        client.close()


def digest(store: Store) -> str:
    return store.read(check.digest)


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
    client, store, _ = world
    before = digest(store)
    assert client.post("/push/kuaidi100/main", content=form({"status": "polling", "lastResult": 7})).status_code == 200  # type: ignore[dict-item]
    assert digest(store) == before
    assert store.read(lambda db: db.exec_driver_sql("SELECT count(*) FROM raw_reply").scalar_one()) == 1
