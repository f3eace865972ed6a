"""Replies in the shapes of Kuaidiniao, SF's gateway and JD Logistics, drawn like those in bench/replies.py."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from bench.replies import CHINA, CITIES, EVENTS, HANDS, START, Call, reply_of, step_of
from domain.tracking import Ask

SF_BATCH = 10
KUAIDINIAO_STEPS = (
    ("1", "【{city}市】{city}城西公司的{man}（{phone}）已揽收"),
    ("2", "【{city}市】快件已到达 {city}转运中心"),
    ("204", "【{city}市】快件已发往 {to}转运中心"),
    ("2", "快件离开 【{city}转运中心】 已发往 【{to}转运中心】"),
    ("201", "【{city}市】快件已到达 {city}望江公司"),
    ("202", "【{city}市】{city}望江公司 派件员：{man} 电话 {phone} 正在派件，如有疑问请联系"),
    ("301", "客户 签收人：本人签收 已签收 感谢使用中通快递，期待再次为您服务"),
)
SF_STEPS = (
    ("54", "1", "101", "顺丰速运 已收取快件"),
    ("30", "2", "201", "快件在【{city}城西营业部】完成分拣，准备发往【{to}中转场】"),
    ("36", "2", "201", "快件已发车，离开【{city}中转场】"),
    ("31", "2", "201", "快件到达【{city}中转场】"),
    ("44", "2", "201", "快件到达【{city}望江营业部】，正在为您的快件分配最合适的快递员，请您稍等"),
    ("204", "3", "301", "快件交给{man}（联系电话：{phone}），正在派送途中，请您准备签收"),
    ("80", "4", "401", "您的快件已派送至本人，如有疑问请电联快递员【{man}，电话：{phone}】"),
)
JD_STEPS = (
    (390, "已下发", 200036, "待取件", "揽收任务已分配给京东快递员，等待上门取件"),
    (420, "已揽收", 200001, "配送员完成揽收", "京东快递 已收取快件"),
    (430, "运输中", 10054, "分拣中心发货", "您的快件由【{city}分拣中心】准备发往【{to}分拣中心】"),
    (430, "运输中", 10032, "分拣中心验货", "您的快件已到达【{city}分拣中心】"),
    (430, "运输中", 10033, "站点验货", "您的快件已到达【{city}望江营业部】"),
    (440, "派送中", 11000, "配送员收货", "配送员{man}开始配送，请您准备收货，如有破损请拒收"),
    (510, "妥投", 10034, "妥投", "您的快件已送达，签收人：本人，感谢使用京东物流"),
)


def kuaidiniao_calls(shipments: int, rng: Random, *, events: int = EVENTS) -> list[Call]:
    """One number a call, the value-added query with its Actions, oldest trace first."""
    return [_kuaidiniao(f"75{n:012d}", rng, events) for n in range(shipments)]


def _kuaidiniao(number: str, rng: Random, events: int) -> Call:
    traces = []
    for n, at in enumerate(moments(rng, events)):
        action, text = KUAIDINIAO_STEPS[step_of(n, events, len(KUAIDINIAO_STEPS))]
        told, city = spoken(text, rng)
        traces.append({"AcceptTime": stamp(at), "AcceptStation": told, "Action": action, "Location": f"{city}市"})
    body = {
        "EBusinessID": "1000001", "OrderCode": "", "ShipperCode": "ZTO", "LogisticCode": number, "Success": True,
        "Reason": None, "State": "3", "StateEx": "301", "Location": traces[-1]["Location"], "Traces": traces,
    }  # fmt: skip
    return Call("kuaidiniao", (Ask(number, "zhongtong"),), reply_of(body))


def sf_calls(shipments: int, rng: Random, *, events: int = EVENTS) -> list[Call]:
    """Ten numbers a call, the result as JSON inside a JSON string."""
    numbers = [f"SF7{n:012d}" for n in range(shipments)]
    return [_sf(numbers[i : i + SF_BATCH], rng, events) for i in range(0, shipments, SF_BATCH)]


def _sf(numbers: Sequence[str], rng: Random, events: int) -> Call:
    responses = [{"mailNo": number, "routes": list(_routes(rng, events))} for number in numbers]
    result = {"success": True, "errorCode": "S0000", "errorMsg": None, "msgData": {"routeResps": responses}}
    body = {
        "apiErrorMsg": "", "apiResponseID": f"{rng.getrandbits(64):016X}", "apiResultCode": "A1000",
        "apiResultData": json.dumps(result, ensure_ascii=False),
    }  # fmt: skip
    return Call("sf", tuple(Ask(number, "shunfeng", "0000") for number in numbers), reply_of(body))


def _routes(rng: Random, events: int) -> Iterator[dict[str, str]]:
    for n, at in enumerate(moments(rng, events)):
        op, first, second, text = SF_STEPS[step_of(n, events, len(SF_STEPS))]
        told, city = spoken(text, rng)
        yield {
            "acceptTime": stamp(at), "acceptAddress": f"{city}市", "remark": told, "opCode": op,
            "firstStatusCode": first, "secondaryStatusCode": second,
        }  # fmt: skip


def jd_calls(shipments: int, rng: Random, *, events: int = EVENTS) -> list[Call]:
    """One waybill a call, oldest line first."""
    return [_jd(f"JDVA{n:011d}", rng, events) for n in range(shipments)]


def _jd(number: str, rng: Random, events: int) -> Call:
    details = [_jd_line(number, n, at, rng, events) for n, at in enumerate(moments(rng, events))]
    body = {
        "code": 1000, "success": True, "msg": "成功", "requestId": f"{rng.randrange(10**13):013d}", "mills": 12,
        "data": {"waybillCode": number, "traceDetails": details},
    }  # fmt: skip
    return Call("jd", (Ask(number, "jd"),), reply_of(body))


def _jd_line(number: str, n: int, at: datetime, rng: Random, events: int) -> dict[str, Any]:
    category, name, state, title, text = JD_STEPS[step_of(n, events, len(JD_STEPS))]
    told, _ = spoken(text, rng)
    return {
        "waybillCode": number, "category": category, "categoryName": name, "state": state, "operationTitle": title,
        "operationRemark": told, "operationTime": stamp(at), "operatorName": rng.choice(HANDS),
        "operatorPhone": f"13{rng.randrange(10**9):09d}", "operateSiteId": f"{rng.randrange(10**6):06d}",
    }  # fmt: skip


# --- what they share ---


def moments(rng: Random, events: int) -> list[datetime]:
    """When a parcel's events happened, oldest first."""
    at, found = START + timedelta(minutes=rng.randrange(600)), []
    for _ in range(events):
        at += timedelta(seconds=rng.randrange(1_200, 36_000))
        found.append(at)
    return found


def stamp(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def spoken(text: str, rng: Random) -> tuple[str, str]:
    """The text with its places and people, and the city where it was said."""
    city, to = rng.choice(CITIES), rng.choice(CITIES)
    told = text.format(city=city, to=to, man=rng.choice(HANDS), phone=f"13{rng.randrange(10**9):09d}")
    return told, city
