"""A stand-in for Kuaidiniao (快递鸟): instant query, subscription and push in its real wire format.

Source: its documents in public copies (apifox.com 2538027/doc-2283185). DataSign = Base64(lower-case hex MD5(RequestData +
AppKey)). 8001 and 8008 are the value-added query and subscription, with an Action on each line; 1002 and 1008 the free ones.
One page allows 30 000 queries a day, another one 500 to free accounts. Pushes hold the full list and carry no proof.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from net.http import HttpReply, HttpRequest
from sim.kuaidi100 import text_of
from sim.limits import DAY, Limit
from sim.shop import ZONE
from sim.tales import Parcel, Scan
from sim.voices_china import KUAIDINIAO, SHIPPERS
from sim.wire import Memory, Subscribed, form_of, json_object, reply
from sim.world import World

EBUSINESS_ID = "1990000"
APP_KEY = "demo-app-key-of-kuaidiniao"
"""Demo credentials: they open this stand-in and nothing else."""

PATHS = frozenset({"/Ebusiness/EbusinessOrderHandle.aspx", "/api/dist"})
NEEDED = ("RequestData", "EBusinessID", "RequestType", "DataSign", "DataType")
QUERIES: Mapping[str, tuple[Limit, ...]] = MappingProxyType({"8001": (Limit(30_000, DAY),), "1002": (Limit(500, DAY),)})
SUBSCRIPTIONS: Mapping[str, str] = MappingProxyType({"8008": "102", "1008": "101"})
"""The RequestType of a subscription, and that of its pushes."""
VALUE_ADDED = frozenset({"8001", "8008", "102"})
FAILURES: Mapping[str, str] = MappingProxyType(
    {
        "101": "缺少必要参数",
        "102": "校验问题",
        "103": "格式问题",
        "104": "用户问题",
        "105": "其他错误",
        "401": "RequestData格式错误",
        "402": "缺少快递单号",
        "405": "超过每日查询次数",
    }
)


def answer(world: World, memory: Memory, path: str, request: HttpRequest, now: datetime) -> HttpReply:
    form = form_of(request)
    if request.method != "POST" or path not in PATHS:
        return reply({"message": "not found"}, 404)
    if form is None or any(not form.get(name) for name in NEEDED):
        return _failed("101")
    if form["EBusinessID"] != EBUSINESS_ID:
        return _failed("104")
    if form["DataSign"] != signature(form["RequestData"]):
        return _failed("102")
    asked, kind = json_object(form["RequestData"]), form["RequestType"]
    if asked is None:
        return _failed("401")
    if not asked.get("LogisticCode"):
        return _failed("402")
    if kind in SUBSCRIPTIONS:
        return _subscribe(world, memory, kind, asked, now)
    if kind not in QUERIES:
        return _failed("103")
    if memory.spend("kuaidiniao", f"{EBUSINESS_ID}/{kind}", QUERIES[kind], now) is not None:
        return _failed("405")
    return reply(_query(world, asked, kind, now))


def busy() -> HttpReply:
    return _failed("105", "系统繁忙，请稍后再试")


def signature(request_data: str) -> str:
    digest = hashlib.md5((request_data + APP_KEY).encode("utf-8"), usedforsecurity=False).hexdigest()
    return base64.b64encode(digest.encode("ascii")).decode("ascii")


def _failed(code: str, reason: str | None = None) -> HttpReply:
    said = reason or FAILURES[code]
    return reply({"EBusinessID": EBUSINESS_ID, "Success": False, "ResultCode": code, "Reason": said})


# --- query ---


def _query(world: World, asked: dict[str, Any], kind: str, now: datetime) -> dict[str, Any]:
    parcel = world.parcel(str(asked["LogisticCode"]))
    known = parcel if parcel and SHIPPERS.get(parcel.carrier) == asked.get("ShipperCode") else None
    if known and known.carrier == "sf" and str(asked.get("CustomerName", ""))[-4:] != known.phone4:
        known = None
    shown = known.known(now) if known else []
    if known is None or not shown:
        return _nothing(asked)
    return result_of(known, shown, value_added=kind in VALUE_ADDED)


def _nothing(asked: dict[str, Any]) -> dict[str, Any]:
    """No line yet, an unknown number, a wrong phone: a success without traces in every case."""
    return {
        "EBusinessID": EBUSINESS_ID,
        "ShipperCode": asked.get("ShipperCode"),
        "LogisticCode": asked["LogisticCode"],
        "Success": True,
        "Reason": "暂无轨迹信息",
        "State": "0",
        "Traces": [],
    }


def result_of(parcel: Parcel, shown: Sequence[Scan], *, value_added: bool) -> dict[str, Any]:
    """What Kuaidiniao says of a parcel, oldest line first, with the habits of its source."""
    lines = [_line(parcel, scan, value_added, unpadded=n == parcel.quirks.unpadded) for n, scan in enumerate(shown)]
    lagging = parcel.quirks.lagging_state and len(shown) > 1
    words = KUAIDINIAO[shown[-2 if lagging else -1].step]
    more = {"StateEx": words.action, "Location": shown[-1].area} if value_added else {}
    return {
        "EBusinessID": EBUSINESS_ID,
        "OrderCode": "",
        "ShipperCode": SHIPPERS[parcel.carrier],
        "LogisticCode": parcel.number,
        "Success": True,
        "Reason": None,
        "State": words.state,
        **more,
        "Traces": _disordered(lines, parcel),
    }


def _disordered(lines: list[dict[str, Any]], parcel: Parcel) -> list[dict[str, Any]]:
    """Some lists say a line twice or swap two of them."""
    repeated, swapped = parcel.quirks.repeated, parcel.quirks.swapped
    if swapped is not None and 0 < swapped < len(lines):
        lines[swapped - 1], lines[swapped] = lines[swapped], lines[swapped - 1]
    if repeated is not None and repeated < len(lines):
        lines.insert(repeated, lines[repeated])
    return lines


def _line(parcel: Parcel, scan: Scan, value_added: bool, *, unpadded: bool) -> dict[str, Any]:
    local = scan.dated.astimezone(ZONE)
    date = f"{local.year}-{local.month}-{local.day}" if unpadded else f"{local:%Y-%m-%d}"
    line = {"AcceptTime": f"{date} {local:%H:%M:%S}", "AcceptStation": text_of(parcel, scan), "Remark": None}
    if value_added:
        line |= {"Action": KUAIDINIAO[scan.step].action, "Location": scan.area}
    return line


# --- subscription and push ---


def _subscribe(world: World, memory: Memory, kind: str, asked: dict[str, Any], now: datetime) -> HttpReply:
    """A repeated subscription stands. ``note`` keeps which kind of pushes was asked for."""
    parcel = world.parcel(str(asked["LogisticCode"]))
    if parcel is None or SHIPPERS.get(parcel.carrier) != asked.get("ShipperCode"):
        return _failed("105", "订阅失败：快递公司编码与单号不符")
    memory.subscribe("kuaidiniao", parcel.number, Subscribed(now, note=SUBSCRIPTIONS[kind]))
    taken = {"EBusinessID": EBUSINESS_ID, "UpdateTime": f"{now.astimezone(ZONE):%Y-%m-%d %H:%M:%S}", "Success": True}
    return reply({**taken, "Reason": "", "EstimatedDeliveryTime": ""})


def pushes(world: World, memory: Memory, since: datetime, now: datetime) -> list[HttpRequest]:
    """The calls to the address of the console for what came to light in (since, now], in the order of numbers."""
    hook, subscribed = memory.hooks.get("kuaidiniao"), memory.subscriptions("kuaidiniao")
    if hook is None:
        return []
    due = [p for p in world.news(since, now) if p.number in subscribed]
    return [_push(hook.url, parcel, subscribed[parcel.number].note, now) for parcel in due]


def _push(url: str, parcel: Parcel, kind: str, now: datetime) -> HttpRequest:
    told = result_of(parcel, parcel.known(now), value_added=kind in VALUE_ADDED)
    body = {
        "EBusinessID": EBUSINESS_ID,
        "PushTime": f"{now.astimezone(ZONE):%Y-%m-%d %H:%M:%S}",
        "Count": "1",
        "Data": [told],
    }
    fields = {"RequestData": json.dumps(body, ensure_ascii=False), "RequestType": kind}
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return HttpRequest("POST", url, headers, urlencode(fields).encode())
