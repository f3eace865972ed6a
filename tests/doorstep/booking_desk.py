"""A house that books couriers, and a Kuaidi100 at the edge of the network that keeps orders as its document says."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx
import respx
from api_support import Client
from engines import a_store

from config import settings as configured
from doorstep.bookings import callback_url
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.operations import perform
from doorstep.web.api import intake_router
from doorstep.web.app import create_app
from doorstep.web.booking_api import booking_callback_router, booking_router
from doorstep.wiring import STRUCTS, open_house
from store import bookings, facts
from store.bookings import BookingRow

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)  # a Wednesday, 10:00 in Shanghai
KEY, SECRET, SALT = "k3y", "s3cret", "gr4in"
KD_URL = "https://poll.kuaidi100.com/order/borderapi.do"
SF_URL = "https://bspgw.sf-express.com/std/service"
FX_URL = "https://apis.fedex.com/pickup/v1/pickups"
FX_TOKEN = "https://apis.fedex.com/oauth/token"
TOML = f"""
[doorstep]
public_url = "https://desk.example"
lang = "en"
[carriers.kuaidi100.main]
customer = "C"
key = "{KEY}"
salt = "{SALT}"
pickup_secret = "{SECRET}"
intercept_partner_id = "P1"
[carriers.sf.main]
partner_id = "P"
checkword = "W"
month_card = "7551234567"
[carriers.fedex.main]
client_id = "I"
client_secret = "S"
account_number = "740561073"
pickup_client_id = "PI"
pickup_client_secret = "PS"
"""
CUSTOMER = {
    "name": "张三丰", "phone": "13812345678", "address": "科技南十二路2号金蝶软件园B座", "city": "深圳市", "region": "广东省",
    "district": "南山区",
}  # fmt: skip
WAREHOUSE = {
    "name": "退货组", "phone": "075512345678", "address": "华景软件园3栋", "city": "广州市", "region": "广东省",
    "district": "天河区", "residential": False,
}  # fmt: skip
ORDER: dict[str, Any] = {
    "id": "R-1", "source": "kuaidi100", "carrier": "圆通速递", "sender": CUSTOMER, "recipient": WAREHOUSE,
    "slot": "2026-11-25T14:00/16:00", "goods": "衣服", "weight_g": 1500, "remark": "请先致电张三丰",
}  # fmt: skip
US = {"country": "US", "region": "NJ", "address": "1 Dock Road", "phone": "2015550100"}
FX_ORDER: dict[str, Any] = {
    "id": "F-1", "source": "fedex", "zone": "America/New_York", "goods": "clothes", "weight_g": 1500,
    "sender": {**US, "name": "Ann Miller", "city": "Allendale", "postcode": "07401"},
    "recipient": {**US, "name": "Returns", "city": "Newark", "postcode": "07102", "company": "Shop Inc"},
    "slot": "2026-11-25T13:00/17:00",
}  # fmt: skip


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest().upper()


def answer(body: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, content=json.dumps(body, ensure_ascii=False).encode())


def told(code: str = "200", message: str = "成功", **data: object) -> dict[str, object]:
    return {"result": code == "200", "returnCode": code, "message": message, "data": data or None}


@dataclass
class Kuaidi100:
    """Keeps orders by thirdOrderId; ``lose``: how many of the next answers get lost after the work is done."""

    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    lose: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        if form["sign"] != md5(form["param"] + form["t"] + KEY + SECRET):
            return answer(told("503", "验证签名失败"))
        self.calls.append(form["method"])
        done = getattr(self, form["method"])(json.loads(form["param"]))
        if self.lose:
            self.lose -= 1
            raise httpx.ReadTimeout("lost")
        return answer(done)

    def price(self, param: dict[str, Any]) -> dict[str, Any]:
        return told(price="12.50", serviceType="标准快递", kuaidiCom=param["kuaidicom"])

    def bOrder(self, param: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - the method's own name
        order = self.orders.setdefault(param["thirdOrderId"], {**param, "n": len(self.orders) + 1})
        return told(taskId=f"TASK{order['n']}", orderId=f"2006{order['n']}", kuaidinum=f"YT000{order['n']}")

    def cancel(self, param: dict[str, Any]) -> dict[str, Any]:
        self.states[param["taskId"]] = {"status": "99"}
        return told()

    def detail(self, param: dict[str, Any]) -> dict[str, Any]:
        return told(**{"taskId": param["taskId"], "status": "1", **self.states.get(param["taskId"], {})})

    def count(self, method: str) -> int:
        return self.calls.count(method)


@dataclass
class Desk:
    """The merchant's side: a house, its doors, the carrier behind it."""

    house: House
    client: Client
    key: str
    kuaidi100: Kuaidi100
    wire: respx.MockRouter

    def post(self, path: str, body: Any = None, key: str = "") -> httpx.Response:
        return self.client.post(f"/api/{path}", json=body if body is not None else {}, headers=self.headers(key))

    def get(self, path: str) -> httpx.Response:
        return self.client._runner.run(self.client._client.get(f"/api/{path}", headers=self.headers()))

    def headers(self, key: str = "") -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"} | ({"idempotency-key": key} if key else {})

    def row(self, our_id: str = "R-1") -> BookingRow:
        row = self.house.store.read(bookings.find, our_id)
        assert row is not None
        return row

    def events(self, our_id: str = "R-1") -> list[str]:
        return [fact.event for fact in self.house.store.read(facts.history, "pickup", our_id)]

    def later(self, **span: float) -> None:
        self.house.now.at += timedelta(**span)  # type: ignore[attr-defined]

    @property
    def callback_path(self) -> str:
        return callback_url(self.house, "kuaidi100", "main").removeprefix("https://desk.example")

    def call(self, status: str, *, salt: str = SALT, path: str = "", extra: str = "", **data: Any) -> httpx.Response:
        """Kuaidi100 calls about the first order; a copy of it is the same call."""
        said = {"orderId": "20061", "status": status, **data}
        param = json.dumps(
            {"kuaidinum": "YT0001", "status": "200", "message": "成功", "data": said}, ensure_ascii=False
        )
        body = urlencode({"param": param, "sign": md5(param + salt)}) + extra
        return self.client.post(path or self.callback_path, content=body.encode())


@contextmanager
def desk(
    folder: Path, *, toml: str = TOML, wire: respx.MockRouter | None = None, carrier: Kuaidi100 | None = None
) -> Iterator[Desk]:
    """Opened again on the same folder it is the same house after a restart."""
    file = folder / "doorstep.toml"
    file.write_text(toml, encoding="utf-8")
    settings = configured.load(file, environ={}, structs=STRUCTS)
    with a_store(settings.database) as store, respx.mock(assert_all_called=False) as net:
        clock = SetClock(NOW)
        house = open_house(settings, store, now=clock)
        keys = store.read(lambda db: db.exec_driver_sql("SELECT count(*) FROM api_key").scalar_one())
        key = perform(house, "key_create", {"name": f"shop{keys}"})["key"]
        kuaidi100 = carrier or Kuaidi100()
        (wire or net).post(KD_URL).mock(side_effect=kuaidi100)
        routers = (booking_router(house), booking_callback_router(house), intake_router(house))
        client = Client(create_app(house, extra_routers=routers))
        try:
            yield Desk(house, client, key, kuaidi100, net)
        finally:
            client.close()
