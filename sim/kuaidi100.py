"""A stand-in for Kuaidi100 (快递100): query, subscription and push in its real wire format.

Source: api.kuaidi100.com/document/5f0ffb5ebc8da837cbd8aefc. Signatures are MD5 in upper-case hex: param + key + customer
for a query, param + salt for a push. A number asked more often than every 30 minutes is locked.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from net.http import HttpReply, HttpRequest
from sim.lives import Step
from sim.shop import ZONE
from sim.tales import Parcel, Scan
from sim.voices import BRANDS, KUAIDI100
from sim.wire import Memory, Subscribed, form_of, json_object, reply
from sim.world import World

CUSTOMER = "DEMO0CUSTOMER0OF0KUAIDI100"
KEY = "demoKey8"
"""Demo credentials: they open this stand-in and nothing else."""

LOCK = timedelta(minutes=30)
SKEW = timedelta(minutes=5)  # paced time passes on the way between two processes: ours may run behind theirs
CODES: Mapping[str, str] = MappingProxyType(
    {brand: brand for brand in BRANDS} | {"sf": "shunfeng", "Royal Mail": "royalmail"}
)
"""Its codes of the carriers whose parcels it knows, whoever else is asked about them too: all of them."""
NEEDS_PHONE = frozenset({"shunfeng", "zhongtong"})
ENDED = frozenset({"3", "4"})
ENDS = frozenset({Step.SIGNED, Step.SIGNED_LATE, Step.RETURNED})
"""Steps after which a subscription is shut."""
FAILURES = {
    "400": "参数错误：公司编码或单号不正确",
    "408": "验证码错误",
    "500": "查询无结果，请隔段时间再查",
    "502": "服务器繁忙",
    "503": "验证签名失败",
    "504": "查询过于频繁，单号已锁定",
    "601": "POLL:KEY已过期",
}


def answer(world: World, memory: Memory, path: str, request: HttpRequest, now: datetime) -> HttpReply:
    """``path`` is what follows the base address."""
    form = form_of(request)
    if request.method != "POST" or form is None:
        return reply({"message": "method not allowed"}, 405)
    if path == "/poll/query.do":
        return _query(world, memory, form, now)
    if path == "/poll":
        return _subscribe(world, memory, form, now)
    return reply({"message": "not found"}, 404)


def busy() -> HttpReply:
    return _failed("502")


def _failed(code: str) -> HttpReply:
    return reply({"result": False, "returnCode": code, "message": FAILURES[code]})


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8"), usedforsecurity=False).hexdigest().upper()


# --- query ---


def _query(world: World, memory: Memory, form: dict[str, str], now: datetime) -> HttpReply:
    text = form.get("param", "")
    if form.get("customer") != CUSTOMER or form.get("sign") != _md5(text + KEY + CUSTOMER):
        return _failed("503")
    param = json_object(text)
    if param is None or not param.get("com") or not param.get("num"):
        return _failed("400")
    if _locks(memory, str(param["num"]), now):
        return _failed("504")
    return _known(world.parcel(str(param["num"])), param, now)


def _locks(memory: Memory, number: str, now: datetime) -> bool:
    """Note the question; whether the number is locked, by this question or an earlier one."""
    before = memory.asked.get(number)
    memory.asked[number] = now
    if before is not None and now - before < LOCK - SKEW:
        memory.locked[number] = now + LOCK
        memory.locks += 1
        memory.exceed("kuaidi100")
    return now < memory.locked.get(number, now)


def _known(parcel: Parcel | None, param: dict[str, Any], now: datetime) -> HttpReply:
    if parcel is None or CODES.get(parcel.carrier) != param["com"]:
        return _failed("500")
    if param["com"] in NEEDS_PHONE and str(param.get("phone", ""))[-4:] != parcel.phone4:
        return _failed("408")
    shown = parcel.known(now)
    if not shown:
        return _failed("500")
    result = result_of(parcel, shown, str(param.get("resultv2", "")))
    if param.get("order") == "asc":
        result["data"].reverse()
    return reply(result)


def result_of(parcel: Parcel, shown: Sequence[Scan], detail: str = "4") -> dict[str, Any]:
    """What Kuaidi100 says of a parcel, newest line first, with the habits of its source."""
    lines = [_line(parcel, scan, detail, unpadded=n == parcel.quirks.unpadded) for n, scan in enumerate(shown)]
    states = [KUAIDI100[scan.step].state for scan in shown]
    state = states[-2] if parcel.quirks.lagging_state and len(states) > 1 else states[-1]
    return {
        "message": "ok",
        "nu": parcel.number,
        "ischeck": "1" if state in ENDED else "0",
        "condition": "F00",
        "com": CODES[parcel.carrier],
        "status": "200",
        "state": state,
        "data": _disordered(lines, parcel)[::-1],
    }


def _disordered(lines: list[dict[str, Any]], parcel: Parcel) -> list[dict[str, Any]]:
    """Some lists say a line twice or swap two of them."""
    repeated, swapped = parcel.quirks.repeated, parcel.quirks.swapped
    if swapped is not None and 0 < swapped < len(lines):
        lines[swapped - 1], lines[swapped] = lines[swapped], lines[swapped - 1]
    if repeated is not None and repeated < len(lines):
        lines.insert(repeated, lines[repeated])
    return lines


def _line(parcel: Parcel, scan: Scan, detail: str, *, unpadded: bool) -> dict[str, Any]:
    words = KUAIDI100[scan.step]
    local = scan.dated.astimezone(ZONE)
    padded = f"{local:%Y-%m-%d %H:%M:%S}"
    line = {
        "time": f"{local.year}-{local.month}-{local.day} {local:%H:%M:%S}" if unpadded else padded,
        "ftime": padded,
        "context": text_of(parcel, scan),
        "location": None,
    }
    if detail:
        line["status"] = words.status
    if detail in {"4", "8"}:
        line |= {"statusCode": words.code, "areaName": scan.area, "areaCode": None}
    return line


def text_of(parcel: Parcel, scan: Scan) -> str:
    texts = KUAIDI100[scan.step].texts
    return texts[scan.variant % len(texts)].format(
        place=scan.place,
        next=scan.next_place,
        man=scan.man,
        phone=scan.phone,
        brand=BRANDS[parcel.carrier],
        buyer=parcel.buyer,
    )


# --- subscription and push ---


def _subscribe(world: World, memory: Memory, form: dict[str, str], now: datetime) -> HttpReply:
    param = json_object(form.get("param", "")) or {}
    parameters = param.get("parameters") or {}
    number, callback = str(param.get("number", "")), str(parameters.get("callbackurl", ""))
    if param.get("key") != KEY:
        return _failed("601")
    parcel = world.parcel(number)
    if form.get("schema") != "json" or not callback or parcel is None or parcel.carrier not in CODES:
        return reply({"result": False, "returnCode": "700", "message": "订阅方的订阅数据存在错误"})
    before = memory.subscriptions("kuaidi100").get(number)
    if before and not any(at <= now for at, _ in _aborts(parcel, before)):
        return reply({"result": False, "returnCode": "501", "message": "重复订阅"})
    memory.subscribe(
        "kuaidi100", number, Subscribed(now, callback, str(parameters.get("salt", "")), str(param.get("company", "")))
    )
    return reply({"result": True, "returnCode": "200", "message": "提交成功"})


def pushes(world: World, memory: Memory, since: datetime, now: datetime) -> list[HttpRequest]:
    """The signed calls to subscribers for what came to light in (since, now], in the order of numbers."""
    subscribed = sorted(memory.subscriptions("kuaidi100").items())
    return [p for number, one in subscribed for p in _pushes(world.by_number[number].parcel, one, since, now)]


def _pushes(parcel: Parcel | None, subscribed: Subscribed, since: datetime, now: datetime) -> Iterator[HttpRequest]:
    """News, while the subscription runs; and its end without a signature. A subscription under the wrong carrier is silent
    for three days, is corrected then, and says so in every push.
    """
    assert parcel is not None
    told_from, told_until = _spans(parcel, subscribed)
    if any(max(since, told_from) < s.shown_at <= min(now, told_until) for s in parcel.scans):
        yield _push(parcel, subscribed, now)
    for at, message in _aborts(parcel, subscribed):
        if since < at <= now:
            new = CODES[parcel.carrier] if _mistaken(parcel, subscribed) else ""
            old = subscribed.carrier if new else ""
            lost = {"message": "", "state": "0", "status": "200", "ischeck": "0", "nu": parcel.number, "data": []}
            yield _called(subscribed, _body("abort", message, "0", old, new, {**lost, "com": subscribed.carrier}))


NO_RECORD, NO_CHANGE = timedelta(days=3), timedelta(days=60)
"""After so long Kuaidi100 gives a subscription up (push document)."""


def _mistaken(parcel: Parcel, subscribed: Subscribed) -> bool:
    return subscribed.carrier not in {"", CODES[parcel.carrier]}


def _spans(parcel: Parcel, subscribed: Subscribed) -> tuple[datetime, datetime]:
    """From when on and up to when lines are pushed."""
    if _mistaken(parcel, subscribed):
        return subscribed.since + NO_RECORD, datetime.max.replace(tzinfo=UTC)
    ends = [at for at, _ in _aborts(parcel, subscribed)]
    return datetime.min.replace(tzinfo=UTC), ends[0] if ends else datetime.max.replace(tzinfo=UTC)


def _aborts(parcel: Parcel, subscribed: Subscribed) -> list[tuple[datetime, str]]:
    """When and with what words the subscription is given up; empty where a signature ends it."""
    silent_from, shown = subscribed.since + NO_RECORD, [s.shown_at for s in parcel.scans]
    if _mistaken(parcel, subscribed) or shown[0] > silent_from:
        return [(silent_from, "3天查询无记录")]
    gaps = [max(at, subscribed.since) + NO_CHANGE for at in shown]
    following = [*shown[1:], None if parcel.scans[-1].step not in ENDS else shown[-1]]
    return [(end, "60天无变化") for end, after in zip(gaps, following, strict=True) if after is None or after > end][:1]


def _push(parcel: Parcel, subscribed: Subscribed, now: datetime) -> HttpRequest:
    known, mistaken = parcel.known(now), _mistaken(parcel, subscribed)
    status = "shutdown" if known[-1].step in ENDS else "polling"
    old, new = (subscribed.carrier, CODES[parcel.carrier]) if mistaken else ("", "")
    return _called(subscribed, _body(status, "", "1" if mistaken else "0", old, new, result_of(parcel, known)))


def _body(status: str, message: str, auto: str, old: str, new: str, last: dict[str, Any]) -> dict[str, Any]:
    told = {"status": status, "billstatus": "got", "message": message, "autoCheck": auto}
    return {**told, "comOld": old, "comNew": new, "lastResult": last}


def _called(subscribed: Subscribed, body: dict[str, Any]) -> HttpRequest:
    text = json.dumps(body, ensure_ascii=False)
    fields = {"param": text, **({"sign": _md5(text + subscribed.note)} if subscribed.note else {})}
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return HttpRequest("POST", subscribed.callback, headers, urlencode(fields).encode())
