"""A stand-in for JD Logistics (京东物流 JDL): the order trace query in its wire format, as public SDKs call it.

sign (md5-salt) = upper-case hex MD5 of secret, the sorted parameters with path and body, secret. The body is a JSON array.
JD publishes no limit: calls are only counted. How the gateway words a refusal isn't documented: code and message are ours.
"""

import hashlib
import hmac
from datetime import datetime
from typing import Any

from net.http import HttpReply, HttpRequest
from sim.shop import ZONE
from sim.tales import Parcel, Scan
from sim.voices_china import JD
from sim.wire import Memory, json_list, query_of, reply
from sim.world import World

APP_KEY = "demo-app-key-of-jd"
APP_SECRET = "demo-secret-of-jd"  # noqa: S105 - opens this stand-in and nothing else
ACCESS_TOKEN = "demo-token-of-jd"  # noqa: S105 - the same
CUSTOMER_CODE = "010K000000"

PATH = "/ecap/v1/orders/trace/query"
NEEDED = ("app_key", "access_token", "timestamp", "v", "LOP-DN", "algorithm", "sign")


def answer(world: World, memory: Memory, path: str, request: HttpRequest, now: datetime) -> HttpReply:
    del memory
    if request.method != "POST" or path != PATH:
        return reply({"code": 404, "message": "api not found"}, 404)
    query = query_of(request)
    body = request.body.decode("utf-8", errors="replace")
    if any(not query.get(name) for name in NEEDED):
        return _refused(400, "缺少系统参数")
    if query["app_key"] != APP_KEY or query["access_token"] != ACCESS_TOKEN:
        return _refused(401, "access_token无效")
    if query["algorithm"] != "md5-salt" or not hmac.compare_digest(query["sign"], sign(query["timestamp"], body)):
        return _refused(401, "签名错误")
    asked = json_list(body)
    if not asked or not isinstance(asked[0], dict) or not asked[0].get("waybillCode"):
        return reply({"code": 1001, "message": "参数错误：运单号不能为空", "data": None})
    return _traces(world, asked[0], now)


def busy() -> HttpReply:
    return reply({"code": 500, "message": "系统繁忙，请稍后再试", "data": None})


def _refused(status: int, message: str) -> HttpReply:
    return reply({"code": status, "message": message}, status)


def sign(timestamp: str, body: str) -> str:
    fields = (
        ("access_token", ACCESS_TOKEN),
        ("app_key", APP_KEY),
        ("method", PATH),
        ("param_json", body),
        ("timestamp", timestamp),
        ("v", "2.0"),
    )
    text = APP_SECRET + "".join(name + value for name, value in fields) + APP_SECRET
    return hashlib.md5(text.encode("utf-8"), usedforsecurity=False).hexdigest().upper()


def _traces(world: World, asked: dict[str, Any], now: datetime) -> HttpReply:
    """Only what belongs to the customer is told; else, as before the first scan, the list is empty."""
    parcel = world.parcel(str(asked["waybillCode"]))
    ours = asked.get("orderOrigin") != 1 or asked.get("customerCode") == CUSTOMER_CODE
    known = parcel if parcel and parcel.source == "jd" and ours else None
    traces = _quirky([_trace(known, scan) for scan in known.shown(now)], known) if known else []
    return reply({"code": 0, "message": "success", "data": {"waybillCode": asked["waybillCode"], "traces": traces}})


def _quirky(traces: list[dict[str, Any]], parcel: Parcel) -> list[dict[str, Any]]:
    """Oldest first; some lists swap two lines or repeat one."""
    repeated, swapped = parcel.quirks.repeated, parcel.quirks.swapped
    if swapped is not None and 0 < swapped < len(traces):
        traces[swapped - 1], traces[swapped] = traces[swapped], traces[swapped - 1]
    if repeated is not None and repeated < len(traces):
        traces.insert(repeated, traces[repeated])
    return traces


def _trace(parcel: Parcel, scan: Scan) -> dict[str, Any]:
    words = JD[scan.step]
    text = words.texts[scan.variant % len(words.texts)]
    return {
        "waybillCode": parcel.number,
        "category": words.category,
        "categoryName": words.category_name,
        "state": words.state,
        "operationTitle": words.title,
        "operationTime": f"{scan.dated.astimezone(ZONE):%Y-%m-%d %H:%M:%S}",
        "operationRemark": text.format(place=scan.place, next=scan.next_place, man=scan.man, phone=scan.phone),
        "city": scan.area,
        "operatorPhone": scan.phone,
    }
