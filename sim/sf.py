"""A stand-in for SF Express (丰桥): route queries, JSON inside a JSON string, and RoutePush, in its real wire format.

Source: the gateway overview. msgDigest = Base64(MD5(URL-encoded msgData + timestamp + checkword)), encoded as Java's
URLEncoder does: letters, digits and ``.-*_`` stay, a blank is "+", everything else is %XX of its UTF-8 bytes. A service
takes 30 calls a second and 3 000 a day from a partner. Pushes carry no proof; in a measured log three of four were
repetitions, and they came out of order.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from net.http import HttpReply, HttpRequest
from sim.limits import DAY, SECOND, Limit
from sim.lives import DELIVERED
from sim.shop import ZONE
from sim.tales import Parcel, Scan
from sim.voices import SF
from sim.wire import Memory, form_of, json_object, reply
from sim.world import World

PARTNER_ID = "DEMO_PARTNER"
CHECKWORD = "demoCheckword0fTheStandIn"
"""Demo credentials: they open this stand-in and nothing else."""

SERVICE = "EXP_RECE_SEARCH_ROUTES"
MOST_NUMBERS = 10
NEEDED = ("partnerID", "requestID", "serviceCode", "timestamp", "msgData", "msgDigest")
HISTORY = timedelta(days=90)  # "3 months"
LIMITS = (Limit(30, SECOND), Limit(3_000, DAY))
COPIES = 4  # of every push
JAVA_KEEPS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-*_")
PATHS = frozenset({"", "/", "/std/service"})


def answer(world: World, memory: Memory, path: str, request: HttpRequest, now: datetime) -> HttpReply:
    form = form_of(request)
    if request.method != "POST" or path not in PATHS:
        return reply({"message": "not found"}, 404)
    if form is None or any(not form.get(name) for name in NEEDED):
        return _gateway("A1001", "必传参数不可为空")
    if form["partnerID"] != PARTNER_ID:
        return _gateway("A1004", "无对应服务权限")
    if form["msgDigest"] != digest(form["msgData"], form["timestamp"]):
        return _gateway("A1006", "数字签名无效")
    if form["serviceCode"] != SERVICE:
        return _gateway("A1004", "无对应服务权限")
    if memory.spend("sf", PARTNER_ID, LIMITS, now) is not None:
        return _gateway("A1005", "接口调用频率超过限制")
    response = f"{memory.calls.get('sf', 0):016d}"
    return _gateway("A1000", "", data=_search(world, json_object(form["msgData"]), now), response=response)


def busy() -> HttpReply:
    return _gateway("A1009", "路由服务异常")


def digest(msg_data: str, timestamp: str) -> str:
    encoded = java_encoded(msg_data + timestamp + CHECKWORD)
    return base64.b64encode(hashlib.md5(encoded.encode("ascii"), usedforsecurity=False).digest()).decode("ascii")


def java_encoded(text: str) -> str:
    """java.net.URLEncoder.encode(text, "UTF-8")."""
    return "".join(
        chr(byte) if byte in JAVA_KEEPS else "+" if byte == 0x20 else f"%{byte:02X}" for byte in text.encode("utf-8")
    )


def _gateway(code: str, message: str, *, data: Any = None, response: str = "0") -> HttpReply:
    text = json.dumps(data, ensure_ascii=False) if data is not None else ""
    return reply({"apiErrorMsg": message, "apiResponseID": response, "apiResultCode": code, "apiResultData": text})


def _search(world: World, query: dict[str, Any] | None, now: datetime) -> dict[str, Any]:
    numbers = query.get("trackingNumber") if query else None
    if not isinstance(numbers, list) or not numbers:
        return _result("8013", "未传入运单号")
    if len(numbers) > MOST_NUMBERS:
        return _result("8003", "一次最多查询10个运单号")
    assert query is not None
    phones = frozenset(str(query.get("checkPhoneNo", "")).split(","))
    resps = [{"mailNo": str(n), "routes": _routes(world.parcel(str(n)), phones, now)} for n in numbers]
    return _result("S0000", None, {"routeResps": resps})


def _result(code: str, message: str | None, data: Any = None) -> dict[str, Any]:
    return {"success": code == "S0000", "errorCode": code, "errorMsg": message, "msgData": data}


def _routes(parcel: Parcel | None, phones: frozenset[str], now: datetime) -> list[dict[str, Any]]:
    """Empty for an unknown number, a wrong phone, a parcel older than the history: SF doesn't say which."""
    if parcel is None or parcel.source != "sf" or parcel.phone4 not in phones:
        return []
    shown = [scan for scan in parcel.shown(now) if now - scan.at <= HISTORY]
    return _quirky([_route(parcel, scan) for scan in shown], shown, parcel)


def _quirky(routes: list[dict[str, Any]], shown: Sequence[Scan], parcel: Parcel) -> list[dict[str, Any]]:
    """Some lists swap two lines, repeat one, or end with paperwork after the signature."""
    quirks = parcel.quirks
    if quirks.closing_line and shown and shown[-1].step in DELIVERED:
        routes.append(
            _line(
                shown[-1].dated + timedelta(seconds=4),
                shown[-1].area,
                "8000",
                "在官网“运单资料&签收图”可查看签收人信息",
            )
        )
    if quirks.swapped is not None and 0 < quirks.swapped < len(routes):
        routes[quirks.swapped - 1], routes[quirks.swapped] = routes[quirks.swapped], routes[quirks.swapped - 1]
    if quirks.repeated is not None and quirks.repeated < len(routes):
        routes.insert(quirks.repeated, routes[quirks.repeated])
    return routes


def _route(parcel: Parcel, scan: Scan) -> dict[str, Any]:
    words = SF[scan.step]
    text = words.texts[scan.variant % len(words.texts)].format(
        place=scan.place, next=scan.next_place, man=scan.man, phone=scan.phone, buyer=parcel.buyer
    )
    line = _line(scan.dated, scan.area, words.op, text)
    return {**line, "firstStatusCode": words.first, "secondaryStatusCode": words.second} if words.first else line


def _line(at: datetime, area: str, op: str, remark: str) -> dict[str, Any]:
    local = at.astimezone(ZONE)
    return {"acceptTime": f"{local:%Y-%m-%d %H:%M:%S}", "acceptAddress": area, "remark": remark, "opCode": op}


# --- pushes ---


def pushes(world: World, memory: Memory, since: datetime, now: datetime) -> list[HttpRequest]:
    """RoutePush to the address of the console, for every parcel of the partner: each line four times, disordered."""
    hook = memory.hooks.get("sf")
    if hook is None:
        return []
    lines = [line for p in world.news(since, now) if p.source == "sf" for line in _pushed(p, since, now)]
    copies = lines * COPIES
    Random(f"{since.isoformat()}/{len(copies)}").shuffle(copies)
    headers = {"content-type": "application/json; charset=utf-8"}
    bodies = ({"Body": {"WaybillRoute": [line]}} for line in copies)
    return [HttpRequest("POST", hook.url, headers, json.dumps(body, ensure_ascii=False).encode()) for body in bodies]


def _pushed(parcel: Parcel, since: datetime, now: datetime) -> Iterator[dict[str, Any]]:
    """The lines that came to light. ``id`` counts SF's messages: a number of its own for each."""
    for n, scan in enumerate(parcel.scans):
        if since < scan.shown_at <= now:
            line = _route(parcel, scan)
            told = {name: line[name] for name in ("acceptTime", "acceptAddress", "remark", "opCode")}
            identity = f"{scan.shown_at:%y%m%d%H%M%S}{n:03d}"
            yield {
                "id": identity,
                "mailno": parcel.number,
                "orderid": parcel.order_ref,
                **told,
                "reasonCode": "",
                "reasonName": "",
            }
