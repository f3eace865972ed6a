"""A stand-in for Kuaidi100's courier pickup (上门取件): price, bOrder, cancel, detail, and the calls about each order.

Source: api.kuaidi100.com/document/603cb649a62a19500e19866b and the vendor's SDKs, as docs/carriers/booking.md has them.
sign = MD5 of param + t + key + secret in upper case; a call's is MD5 of param + salt. One thirdOrderId is one order for
48 hours; after that it would be another one.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from net.http import HttpReply, HttpRequest
from sim import kuaidi100
from sim.kuaidi100 import KEY
from sim.shop import ZONE
from sim.wire import Memory, form_of, json_object, reply
from sim.world import World

SECRET = "demoSecret8"  # noqa: S105 - opens a stand-in only
"""A demo credential: it opens this stand-in and nothing else."""

REMEMBERED = timedelta(hours=48)
DAYS = {"今天": 0, "明天": 1, "后天": 2}
BOOKED = frozenset({"yuantong", "zhongtong", "shentong", "yunda", "jtexpress", "debangkuaidi", "ems", "jd", "shunfeng"})
NEEDED = (
    "kuaidicom", "sendManName", "sendManMobile", "sendManPrintAddr", "recManName", "recManMobile", "recManPrintAddr",
    "cargo", "dayType", "pickupStartTime", "pickupEndTime", "callBackUrl",
)  # fmt: skip
FIRST_KG, NEXT_KG = Decimal(12), Decimal(2)
ACCEPTED_AFTER, COLLECTED_AFTER, SETTLED_AFTER = timedelta(minutes=10), timedelta(minutes=45), timedelta(hours=20)
ONE_IN_FAILS = 12
"""One order in so many is given up by its courier."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that was taken, and when it was called off."""

    number: int
    param: Mapping[str, Any]
    at: datetime
    slot: datetime
    cancelled_at: datetime | None = None

    @property
    def task(self) -> str:
        return f"DEMOTASK{self.number:06}"

    @property
    def order(self) -> str:
        return f"{20_060_000 + self.number}"

    @property
    def waybill(self) -> str:
        return f"KD{self.param['kuaidicom'][:2].upper()}{self.number:010}"


@dataclass(slots=True)
class Orders:
    """What the stand-in keeps between calls."""

    placed: list[Placed] = field(default_factory=list)

    def of_task(self, task: str) -> Placed | None:
        return next((one for one in self.placed if one.task == task), None)

    def remembered(self, third: str, now: datetime) -> Placed | None:
        """The order of an id that is still known; none for an empty one."""
        same = (one for one in self.placed if third and one.param.get("thirdOrderId") == third)
        return next((one for one in same if now - one.at < REMEMBERED), None)


def orders_of(memory: Memory) -> Orders:
    """The orders that this stand-in keeps in its server's memory."""
    orders: Orders = memory.kept.setdefault("kuaidi100 pickups", Orders())
    return orders


def pushes(world: World, memory: Memory, since: datetime, now: datetime) -> list[HttpRequest]:
    """The calls about orders, and those about subscribed parcels."""
    return [*kuaidi100.pushes(world, memory, since, now), *calls(orders_of(memory), since, now)]


def answer(orders: Orders, request: HttpRequest, now: datetime) -> HttpReply:
    """The reply to one call of ``/order/borderapi.do``."""
    form = form_of(request)
    if request.method != "POST" or form is None:
        return reply({"message": "method not allowed"}, 405)
    text = form.get("param", "")
    if form.get("key") != KEY or form.get("sign") != md5(text + form.get("t", "") + KEY + SECRET):
        return _failed("503", "验证签名失败")
    param, method = json_object(text), METHODS.get(form.get("method", ""))
    if param is None or method is None:
        return _failed("400", "参数错误")
    return method(orders, param, now)


def md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8"), usedforsecurity=False).hexdigest().upper()


def _failed(code: str, message: str) -> HttpReply:
    return reply({"result": False, "returnCode": code, "message": message, "data": None})


def _done(data: dict[str, Any] | None = None) -> HttpReply:
    return reply({"result": True, "returnCode": "200", "message": "成功", "data": data})


def price_of(param: Mapping[str, Any]) -> Decimal:
    """A first kilogram and each one begun after it."""
    grams = int(Decimal(str(param.get("weight") or 1)) * 1000)
    return FIRST_KG + NEXT_KG * max(-(-grams // 1000) - 1, 0)


def _price(orders: Orders, param: dict[str, Any], now: datetime) -> HttpReply:
    del orders, now
    if param.get("kuaidicom") not in BOOKED:
        return _failed("500", "当前线路未设置价格")
    price = f"{price_of(param):.2f}"
    return _done({"kuaidiCom": param["kuaidicom"], "price": price, "serviceType": param.get("serviceType", "标准快递")})


def _book(orders: Orders, param: dict[str, Any], now: datetime) -> HttpReply:
    known = orders.remembered(str(param.get("thirdOrderId", "")), now)
    if known is None:
        missing = next((name for name in NEEDED if not param.get(name)), None)
        if missing or param["kuaidicom"] not in BOOKED or param["dayType"] not in DAYS:
            return _failed("400", f"参数错误：{missing or 'kuaidicom或dayType'}")
        slot = _start(param, now)
        if slot <= now - timedelta(hours=12):
            return _failed("400", "预约时间不合法")
        known = Placed(len(orders.placed) + 1, param, now, slot)
        orders.placed.append(known)
    return _done({"taskId": known.task, "orderId": known.order, "kuaidinum": known.waybill})


def _start(param: Mapping[str, Any], now: datetime) -> datetime:
    day: date = now.astimezone(ZONE).date() + timedelta(days=DAYS[param["dayType"]])
    return datetime.combine(day, time.fromisoformat(param["pickupStartTime"]), ZONE)


def _cancel(orders: Orders, param: dict[str, Any], now: datetime) -> HttpReply:
    placed = orders.of_task(str(param.get("taskId", "")))
    if placed is None or placed.order != str(param.get("orderId", "")):
        return _failed("400", "订单不存在")
    if placed.cancelled_at is not None:
        return _failed("400", "订单已取消")
    if status_of(placed, now) in {"10", "15"}:
        return _failed("400", "快递员已揽收，不能取消")
    orders.placed[placed.number - 1] = Placed(placed.number, placed.param, placed.at, placed.slot, now)
    return _done()


def _detail(orders: Orders, param: dict[str, Any], now: datetime) -> HttpReply:
    placed = orders.of_task(str(param.get("taskId", "")))
    return _failed("400", "订单不存在") if placed is None else _done(_data(placed, status_of(placed, now)))


METHODS = {"price": _price, "bOrder": _book, "cancel": _cancel, "detail": _detail}


# --- what happens to an order --------------------------------------------------------------------------------------


def history(placed: Placed) -> list[tuple[datetime, str]]:
    """When an order has which status, in order."""
    accepted = placed.at + ACCEPTED_AFTER
    collected = max(placed.slot, accepted) + COLLECTED_AFTER
    fails = placed.number % ONE_IN_FAILS == 0
    ends = [(collected, "11")] if fails else [(collected, "10"), (collected + SETTLED_AFTER, "15")]
    life = [(placed.at, "0"), (accepted, "1"), *ends]
    off = placed.cancelled_at
    return life if off is None else [*(step for step in life if step[0] < off), (off, "99")]


def status_of(placed: Placed, now: datetime) -> str:
    return [status for at, status in history(placed) if at <= now][-1]


def _data(placed: Placed, status: str) -> dict[str, Any]:
    data = {"orderId": placed.order, "taskId": placed.task, "kuaidiNum": placed.waybill, "status": status}
    if status in {"1", "10"}:
        data |= {"courierName": "演示小哥", "courierMobile": "13900000000"}
    if status == "15":
        data |= {"freight": f"{price_of(placed.param):.2f}", "weight": str(placed.param.get("weight", "1"))}
    return data


def calls(orders: Orders, since: datetime, now: datetime) -> Iterator[HttpRequest]:
    """The signed calls about what happened to orders in (since, now]."""
    for placed in orders.placed:
        for at, status in history(placed):
            if since < at <= now:
                yield _call(placed, status)


def _call(placed: Placed, status: str) -> HttpRequest:
    body = {
        "kuaidicom": placed.param["kuaidicom"],
        "kuaidinum": placed.waybill,
        "status": "200",
        "message": "成功",
        "data": _data(placed, status),
    }
    param = json.dumps(body, ensure_ascii=False)
    form = {"taskId": placed.task, "param": param, "sign": md5(param + str(placed.param.get("salt", "")))}
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return HttpRequest("POST", str(placed.param["callBackUrl"]), headers, urlencode(form).encode())
