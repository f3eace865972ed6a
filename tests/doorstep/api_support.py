"""A house with its intake, health and control doors, and bodies that it takes."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from engines import a_store
from fastapi import APIRouter, FastAPI

from doorstep.clock import SetClock
from doorstep.demo import write_settings
from doorstep.house import House
from doorstep.metrics import Metrics
from doorstep.operations import perform
from doorstep.web.api import control_router, health_router, intake_router
from doorstep.web.app import create_app
from doorstep.wiring import open_house
from store.base import Db

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
TOKEN = "control-token"

ORDER: Mapping[str, Any] = {
    "order": "O-1",
    "items": [
        {"sku": "MUG", "name": "杯子", "qty": 2, "price_cents": 4_900, "category": "home"},
        {"sku": "TEA", "name": "茶", "qty": 1, "price_cents": 16_800},
    ],
    "currency": "CNY",
    "customer": "王小明",
    "phone": "13812345678",
    "email": "w@example.com",
    "address": "梧桐路 1 号",
    "lat": 30.25,
    "lon": 120.16,
    "shop": "晴天小铺",
    "ship_by": "2026-11-23 18:00",
}
SHIPMENT: Mapping[str, Any] = {
    "order": "O-1", "carrier": "中通快递", "service": "", "number": "73100001234", "promised_at": "2026-11-25",
}  # fmt: skip
RETURN: Mapping[str, Any] = {
    "order": "O-1", "items": [{"sku": "MUG", "qty": 1}], "reason": "quality", "want": "refund",
    "slot": "2026-11-24T14:00/16:00", "phone": "13812345678",
}  # fmt: skip
DISPUTE: Mapping[str, Any] = {
    "order": "O-1",
    "type": "not_received",
    "text": "显示签收，没有收到",
    "at": "2026-11-22T09:00:00+08:00",
}
EVENT: Mapping[str, Any] = {
    "number": "73100001234",
    "at": "2026-11-22 09:30",
    "milestone": "已揽收",
    "place": "杭州",
    "text": "揽收",
}
CASE: Mapping[str, Any] = {"number": "73100001234", "type": "运输破损", "text": "外箱压坏"}
BODIES = {
    "orders": ORDER, "shipments": SHIPMENT, "returns": RETURN, "disputes": DISPUTE, "events": EVENT, "cases": CASE,
}  # fmt: skip


class Client:
    """Asks an application in this process; an error of ours is raised, not answered."""

    def __init__(self, app: FastAPI) -> None:
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return self._runner.run(self._client.get(path, **kwargs))

    def post(self, path: str, **kwargs: Any) -> httpx.Response:
        return self._runner.run(self._client.post(path, **kwargs))

    def post_at_once(self, path: str, times: int, **kwargs: Any) -> list[httpx.Response]:
        return self._runner.run(self._at_once(path, times, kwargs))

    async def _at_once(self, path: str, times: int, kwargs: dict[str, Any]) -> list[httpx.Response]:
        return await asyncio.gather(*(self._client.post(path, **kwargs) for _ in range(times)))

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()


@dataclass
class Door:
    house: House
    metrics: Metrics
    client: Client
    key: str

    def post(self, kind: str, body: Any, key: str = "", **headers: str) -> httpx.Response:
        sent = self.headers(key) | headers
        if isinstance(body, bytes):
            return self.client.post(f"/api/{kind}", content=body, headers=sent)
        return self.client.post(f"/api/{kind}", json=body, headers=sent)

    def headers(self, key: str = "") -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"} | ({"idempotency-key": key} if key else {})

    def counts(self) -> dict[str, int]:
        return self.house.store.read(_counts)


TABLES = (
    "orders",
    "customer",
    "shipment",
    "parcel",
    "watch",
    "returns",
    "cases",
    "fact",
    "outbox",
    "inbound",
    "instruction",
)


def _counts(db: Db) -> dict[str, int]:
    return {t: int(db.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar_one()) for t in TABLES}


@contextmanager
def door(folder: Path, *more: Callable[[House], APIRouter]) -> Iterator[Door]:
    """The demo's settings, with a clock that stands; ``more`` routers."""
    settings = write_settings(folder, 8799, 1)
    with a_store(settings.database) as store:
        house = replace(open_house(settings, store, now=SetClock(NOW)), wall=SetClock(NOW))
        key = perform(house, "key_create", {"name": "shop"})["key"]
        metrics = Metrics()
        routers = (
            *(one(house) for one in more),
            health_router(house, metrics),
            intake_router(house),
            control_router(house, TOKEN),
        )
        client = Client(create_app(house, extra_routers=routers))
        yield Door(house, metrics, client, key)
        client.close()
