"""Replies in the carriers' recorded shapes: Kuaidi100's signed-out parcels and FedEx's thirty numbers a call.

Texts, codes and field names are those of recorded replies and of the vendors' documents; numbers, people and telephones are
made up. Everything follows from the seed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

from domain.tracking import Ask
from net.http import HttpReply

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
NOW = START + timedelta(days=12)
EVENTS = 20
FEDEX_BATCH = 30
CHINA = timezone(timedelta(hours=8))

CITIES = (
    "杭州", "义乌", "金华", "上海", "苏州", "南京", "合肥", "武汉", "郑州", "北京",
    "天津", "济南", "青岛", "广州", "深圳", "东莞", "成都", "重庆", "西安", "长沙",
)  # fmt: skip
HANDS = ("王小明", "李雷", "张伟", "陈静", "刘洋", "赵敏")
TOWNS = (
    ("MEMPHIS", "TN", "US", -6), ("INDIANAPOLIS", "IN", "US", -5), ("NEWARK", "NJ", "US", -5), ("OAKLAND", "CA", "US", -8),
    ("ANCHORAGE", "AK", "US", -9), ("GUANGZHOU", "", "CN", 8), ("SHANGHAI", "", "CN", 8), ("PARIS", "", "FR", 1),
    ("COLOGNE", "", "DE", 1), ("LONDON", "", "GB", 0),
)  # fmt: skip
KUAIDI100_STEPS = (
    ("103", "已揽收", "【{city}市】{city}城西公司的{man}（{phone}）已揽收"),
    ("0", "在途", "【{city}市】快件已到达 {city}转运中心"),
    ("1002", "干线", "【{city}市】快件已发往 {to}转运中心"),
    ("0", "在途", "快件离开 【{city}转运中心】 已发往 【{to}转运中心】"),
    ("1001", "到达派件城市", "【{city}市】快件已到达 {city}望江公司"),
    ("5", "派件", "【{city}市】{city}望江公司 派件中 派件员：{man} 电话 {phone}，如有疑问请联系"),
    ("206", "无法联系", "派件不成功：电话无人接听，无法联系收件人"),
    ("301", "本人签收", "客户 签收人：本人签收 已签收 感谢使用中通快递，期待再次为您服务"),
)
FEDEX_STEPS = (
    ("OC", "IN", "Shipment information sent to FedEx", "", "", "CUSTOMER"),
    ("PU", "PU", "Picked up", "", "", "PICKUP_LOCATION"),
    ("DP", "IT", "Left FedEx origin facility", "", "", "ORIGIN_FEDEX_FACILITY"),
    ("AR", "IT", "Arrived at FedEx hub", "", "", "FEDEX_FACILITY"),
    ("DP", "IT", "Departed FedEx hub", "", "", "FEDEX_FACILITY"),
    ("IT", "IT", "In transit", "", "", "FEDEX_FACILITY"),
    ("CD", "CD", "Clearance delay - Import", "67", "Clearance delay", "CUSTOMSBROKER"),
    ("AR", "IT", "At local FedEx facility", "", "", "DESTINATION_FEDEX_FACILITY"),
    ("OD", "IT", "On FedEx vehicle for delivery", "", "", "VEHICLE"),
    ("DL", "DL", "Delivered", "", "", "DELIVERY_LOCATION"),
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one carrier: who was asked, about what, and what came back."""

    carrier: str
    asks: tuple[Ask, ...]
    reply: HttpReply


def kuaidi100_calls(shipments: int, rng: Random, *, events: int = EVENTS) -> list[Call]:
    """One number a call."""
    return [_kuaidi100(f"7{n:014d}", rng, events) for n in range(shipments)]


def _kuaidi100(number: str, rng: Random, events: int) -> Call:
    at = START + timedelta(minutes=rng.randrange(600))
    data = []
    for n in range(events):
        at += timedelta(seconds=rng.randrange(1_200, 36_000))
        data.append(_line(step_of(n, events, len(KUAIDI100_STEPS)), at.astimezone(CHINA), rng))
    body = {
        "message": "ok", "nu": number, "ischeck": "1", "condition": "F00", "com": "zhongtong", "status": "200", "state": "3",
        "data": data[::-1],
    }  # fmt: skip
    return Call("kuaidi100", (Ask(number, "zhongtong"),), reply_of(body))


def _line(step: int, at: datetime, rng: Random) -> dict[str, Any]:
    code, status, text = KUAIDI100_STEPS[step]
    city, to = rng.choice(CITIES), rng.choice(CITIES)
    phone = f"13{rng.randrange(10**9):09d}"
    stamp = f"{at:%Y-%m-%d %H:%M:%S}"
    return {
        "time": stamp,
        "ftime": stamp,
        "context": text.format(city=city, to=to, man=rng.choice(HANDS), phone=phone),
        "location": None,
        "status": status,
        "statusCode": code,
        "areaName": f"{city}市",
        "areaCode": None,
    }


def fedex_calls(shipments: int, rng: Random, *, events: int = EVENTS) -> list[Call]:
    """Thirty numbers a call."""
    numbers = [f"4{n:011d}" for n in range(shipments)]
    return [_fedex(numbers[i : i + FEDEX_BATCH], rng, events) for i in range(0, shipments, FEDEX_BATCH)]


def _fedex(numbers: Sequence[str], rng: Random, events: int) -> Call:
    results = [{"trackingNumber": n, "trackResults": [_track(n, rng, events)]} for n in numbers]
    body = {"transactionId": f"{rng.getrandbits(64):016x}", "output": {"completeTrackResults": results}}
    return Call("fedex", tuple(Ask(n) for n in numbers), reply_of(body))


def _track(number: str, rng: Random, events: int) -> dict[str, Any]:
    at = START + timedelta(minutes=rng.randrange(600))
    scans = []
    for n in range(events):
        at += timedelta(seconds=rng.randrange(1_200, 36_000))
        scans.append(_scan(step_of(n, events, len(FEDEX_STEPS)), at, rng))
    return {
        "trackingNumberInfo": {
            "trackingNumber": number, "trackingNumberUniqueId": f"245822~{number}~FX", "carrierCode": "FDXE",
        },
        "latestStatusDetail": {"code": "DL", "derivedCode": "DL", "statusByLocale": "Delivered", "description": "Delivered"},
        "dateAndTimes": [{"type": "ACTUAL_DELIVERY", "dateTime": scans[-1]["date"]}],
        "scanEvents": scans[::-1],
        "serviceDetail": {"type": "FEDEX_INTERNATIONAL_PRIORITY", "description": "FedEx International Priority"},
        "deliveryDetails": {"receivedByName": "RECEPTION", "deliveryAttempts": "1", "locationDescription": "Receptionist/Front Desk"},
    }  # fmt: skip


def _scan(step: int, at: datetime, rng: Random) -> dict[str, Any]:
    event, derived, text, exception, exception_text, place = FEDEX_STEPS[step]
    city, state, country, offset = rng.choice(TOWNS)
    return {
        "date": at.astimezone(timezone(timedelta(hours=offset))).isoformat(timespec="seconds"),
        "eventType": event,
        "eventDescription": text,
        "exceptionCode": exception,
        "exceptionDescription": exception_text,
        "derivedStatusCode": derived,
        "derivedStatus": text,
        "scanLocation": {"city": city, "stateOrProvinceCode": state, "countryCode": country, "residential": False},
        "locationType": place,
    }


def step_of(n: int, events: int, steps: int) -> int:
    """The steps in order, the middle ones repeated until the list is as long as asked for."""
    if n in {0, events - 1}:
        return 0 if n == 0 else steps - 1
    return min(1 + n * (steps - 2) // (events - 1), steps - 2)


def reply_of(body: dict[str, Any]) -> HttpReply:
    return HttpReply(200, {"content-type": "application/json"}, json.dumps(body, ensure_ascii=False).encode())
