"""JD Logistics: signature, both spellings of a line, envelopes and refusals, states beside categories, new waybills."""

import asyncio
import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import respx
from carrier_support import NOW, SECRET, account_of, ok

from carriers import registry
from carriers.base import read_safely
from carriers.jd import CARRIER, JdSettings, sign
from carriers.jd_errors import BUSINESS, GATEWAY, SAYS
from carriers.jd_vocabulary import CATEGORIES, PAIRS, REFINES, STATES, meaning_of
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError, Unreachable, UnreadableReply
from domain.tracking import Ask, Failed, Found, Leg, Manner, Milestone, NoData, NotFound, Reading, Reason
from net.http import Http, HttpReply

N = "JDVA1"
LINE = {"state": 200001, "category": 420, "operationTime": "2026-11-01 10:00:00", "operationRemark": "已收取快件"}


def read_one(body: object, ask: Ask | None = None) -> Reading:
    return read_safely(CARRIER, ok(body), [ask or Ask(N)], NOW)[0]


def meant(reading: Reading) -> object:
    """What a refusal came to: the kind of no data, or the error's type."""
    return reading.kind if isinstance(reading, NotFound) else type(getattr(reading, "error", None))


def traces(*lines: object, **more: object) -> dict[str, object]:
    return {"code": "1000", "success": True, "data": {"traces": list(lines), **more}}


def sent(ask: Ask, **settings: object) -> tuple[dict[str, str], bytes]:
    """The address's parameters and the body that go over the wire."""
    given: dict[str, object] = {
        name: SECRET + name for name in ("app_key", "app_secret", "access_token", "customer_code")
    }
    account = account_of(CARRIER)
    account = type(account)("jd", "main", JdSettings(**{**given, **settings}))  # type: ignore[arg-type]
    with respx.mock:
        route = respx.post(url__startswith="https://api.jdl.com/ecap/v1/orders/trace/query")
        route.mock(return_value=httpx.Response(200, json={}))

        async def go() -> HttpReply:
            async with Http("jd") as http:
                return await http.send(CARRIER.request([ask], account, NOW, "nonce"))

        asyncio.run(go())
        request = route.calls[0].request
    query = parse_qs(urlsplit(str(request.url)).query, strict_parsing=True)
    return {name: values[0] for name, values in query.items()}, request.content


# --- asking ---


def test_the_signature_is_the_salted_md5_of_the_sorted_parameters() -> None:
    """Names and values in alphabetical order between two secrets, in capitals; reproduced with md5sum."""
    settings = JdSettings(app_key="K", app_secret="S", access_token="T", customer_code="C")
    body = b'[{"waybillCode":"JDVA1"}]'
    assert (
        sign(settings, "/ecap/v1/orders/trace/query", body, "2026-11-22 08:00:00") == "9D3D6FCA5761AC8931F2EA9C321F3FC7"
    )


def test_a_request_signs_the_very_bytes_that_are_sent() -> None:
    """The time is China's, the body an array, and neither secret nor customer code is in the address."""
    query, body = sent(Ask(f" {N} "))
    settings: JdSettings = account_of(CARRIER).settings
    assert query.pop("sign") == sign(settings, "/ecap/v1/orders/trace/query", body, query["timestamp"])
    assert query == {
        "LOP-DN": "ECAP",
        "app_key": SECRET + "app_key",
        "access_token": SECRET + "access_token",
        "timestamp": "2026-11-22 08:00:00",
        "v": "2.0",
        "algorithm": "md5-salt",
    }
    assert json.loads(body) == [{"waybillCode": N, "orderOrigin": 1, "customerCode": SECRET + "customer_code"}]


def test_fetched_parcels_are_asked_about_as_such() -> None:
    """JDL answers only for the origin that an order was placed with; another number is refused with the key's name."""
    assert json.loads(sent(Ask(N), order_origin=2)[1])[0]["orderOrigin"] == 2
    table = {"app_key": "k", "app_secret": "s", "access_token": "t", "customer_code": "c", "order_origin": 7}
    with pytest.raises(RuleError, match="order_origin"):
        registry.account_settings(CARRIER, table)


def test_a_parcel_without_a_number_is_refused_here() -> None:
    """Before the platform counts the call."""
    with pytest.raises(RuleError, match="no number"):
        CARRIER.request([Ask(" ")], account_of(CARRIER), NOW, "n")


# --- refusals ---

DOCUMENTED_BUSINESS: list[tuple[str, str, type[OutsideError] | NoData]] = [
    ("2000", "请求参数不能为空", UnreadableReply),
    ("2001", "客户编码不能为空", UnreadableReply),
    ("2002", "京东订单号、京东运单号、京东仓出库单号和商家订单号至少应存在一个", UnreadableReply),
    ("2003", "单号不属于该商家编码,无权限查询", NoData.WRONG_CARRIER),
    ("2004", "根据纯配京东订单号，系统未匹配到对应的运单号", NoData.NOT_SCANNED),
    ("2005", "根据纯配京东订单号，系统未匹配到对应的商家编码", NoData.NOT_SCANNED),
    ("2006", "根据仓配京东订单号，系统未匹配到对应的运单号", NoData.NOT_SCANNED),
    ("2007", "根据仓配京东订单号，系统未匹配到对应的商家编码", NoData.NOT_SCANNED),
    ("2008", "根据商家订单号，系统未匹配到对应的运单号", NoData.NOT_SCANNED),
    ("2009", "根据商家订单号，系统未匹配到对应的京东订单号", NoData.NOT_SCANNED),
    ("2010", "根据京东运单号，系统未匹配到对应的商家编码", NoData.NOT_SCANNED),
    ("2011", "根据京东运单号，系统未匹配到对应的仓配京东订单号", NoData.NOT_SCANNED),
    ("2012", "该商家编码不存在，请检查", AccessDenied),
    ("3001", "系统无法判断运单类型，请联系京东侧技术人员", UnreadableReply),
    ("3002", "当前运单类型不支持查询物流轨迹，请联系京东侧技术人员", NoData.WRONG_CARRIER),
    ("3003", "根据运单号查询运单详情失败", NoData.NOT_SCANNED),
    ("3004", "该商家单号查到多条运单/订单记录，不支持查询", UnreadableReply),
    ("4000", "根据京东运单号或者京东订单号查询物流轨迹失败", Unreachable),
]


@pytest.mark.parametrize(("code", "words", "kind"), DOCUMENTED_BUSINESS)
def test_every_documented_refusal_has_its_kind(code: str, words: str, kind: object) -> None:
    """The code quoted or bare, with the document's words or without any, in either name for them."""
    bodies = [
        {"code": code, "success": False, "msg": words},
        {"code": int(code), "message": words},
        {"code": code, "success": False, "msg": None},
        {"response": {"code": 0, "content": {"code": int(code), "success": False, "msg": words}}},
    ]
    assert [meant(read_one(body)) for body in bodies] == [kind] * 4


def test_no_documented_refusal_is_left_out() -> None:
    """The table of the code and the table of the document are one."""
    assert {code for code, *_ in DOCUMENTED_BUSINESS} == set(BUSINESS)
    assert {code for code, *_ in DOCUMENTED_GATEWAY} == set(GATEWAY)


DOCUMENTED_GATEWAY: list[tuple[str, str, str, type[OutsideError]]] = [
    ("2", "限制时间内调用失败次数", "App Call Limited", RateLimited),
    ("4", "缺少版本参数", "Missing Version", UnreadableReply),
    ("5", "不支持的版本号", "Unsupported Version", UnreadableReply),
    ("7", "缺少时间戳参数", "Missing Timestamp", UnreadableReply),
    ("8", "非法的时间戳参数", "Invalid Timestamp", AccessDenied),
    ("11", "缺少签名参数", "Missing Signature", UnreadableReply),
    ("12", "无效签名", "Invalid Signature", AccessDenied),
    ("14", "缺少方法名参数", "Missing Method", UnreadableReply),
    ("15", "不存在的方法名", "Invalid Method", UnreadableReply),
    ("62", "", "", UnreadableReply),
]


@pytest.mark.parametrize(("code", "zh", "en", "kind"), DOCUMENTED_GATEWAY)
def test_the_gateways_refusals_are_never_about_the_parcel(code: str, zh: str, en: str, kind: object) -> None:
    """With both languages, with one, with none; also where a code of success stands beside it."""
    for fault in ({"zh_desc": zh, "en_desc": en}, {"zh_desc": zh}, {"en_desc": en}, {}):
        for more in ({}, {"code": "0"}, {"success": True}):
            assert meant(read_one({"error_response": {"code": code, **fault}, **more})) == kind


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("无效的access_token", AccessDenied),
        ("Token已过期", AccessDenied),
        ("PIN与商家编码不符", AccessDenied),
        ("该账号无此接口权限", AccessDenied),
        ("请求过于频繁", RateLimited),
        ("系统繁忙，请稍后重试", Unreachable),
        ("运单不存在", NoData.NOT_SCANNED),
        ("单号格式错误", NoData.WRONG_CARRIER),
        ("?", UnreadableReply),
    ],
)
def test_words_decide_where_the_code_is_unknown_or_means_two_things(words: str, kind: object) -> None:
    """2001 is an empty field in one document and a missing permission in another interface."""
    expected = UnreadableReply if words == "?" else kind
    assert meant(read_one({"code": "9999", "msg": words})) == kind
    assert meant(read_one({"code": "2001", "success": False, "subMsg": words})) == expected


def test_a_refusal_of_the_gateway_never_says_that_a_parcel_is_missing() -> None:
    """It hasn't looked for one: the call is at fault."""
    assert meant(read_one({"error_response": {"code": "1", "zh_desc": "接口不存在，暂无"}})) == UnreadableReply


def test_words_are_reachable() -> None:
    """No word of the table is hidden behind a shorter one before it, and all are in small letters."""
    words = [word for word, _ in SAYS]
    for place, word in enumerate(words):
        assert word == word.lower()
        assert not any(earlier in word for earlier in words[:place]), word


@pytest.mark.parametrize(
    "body", [{}, {"code": 0}, {"success": True}, {"code": "1000", "data": [1]}, [], "x", {"code": 1}]
)
def test_a_reply_that_is_no_answer_is_unreadable(body: object) -> None:
    """A success must bring its data."""
    assert meant(read_one(body)) == UnreadableReply


def test_no_lines_are_nothing_yet_or_no_more() -> None:
    """An empty list and null say the same; the shipping date makes it aged out."""
    for data in (None, {}, {"traces": []}, {"traceDetails": None}, {"traces": [{}]}):
        body = {"code": 1000, "data": data}
        assert read_one(body) == NotFound(NoData.NOT_SCANNED)
        assert read_one(body, Ask(N, shipped_on="2026-01-01")) == NotFound(NoData.AGED_OUT)


# --- lines ---


def test_both_spellings_of_a_line_say_the_same() -> None:
    """Fields called operate… and fields called operation…, under either name of the list."""
    other = {"operateState": "200001", "operateTime": LINE["operationTime"], "operateRemark": "已收取快件"}
    bare = {name: value for name, value in LINE.items() if name != "category"}
    readings = [
        read_one({"code": 0, "data": {name: [line]}}) for name in ("traces", "traceDetails") for line in (bare, other)
    ]
    assert readings == [readings[0]] * 4
    assert isinstance(readings[0], Found)
    (event,) = readings[0].parcels[0].events
    assert (event.code, event.milestone, event.place) == ("200001", Milestone.PICKED_UP, None)
    assert event.time.at == datetime(2026, 11, 1, 2, tzinfo=UTC)


def test_the_code_is_the_category_else_the_state_else_nothing() -> None:
    """What the line means may still come from its state or its text."""
    lines = [
        {"category": 440, "state": 200051, "operationTime": "2026-11-01 10:00:00"},
        {"state": "200051", "operationTime": "2026-11-01 11:00:00"},
        {"operationRemark": "您的快件正在派送中", "operationTime": "2026-11-01 12:00:00"},
    ]
    reading = read_one(traces(*lines))
    assert isinstance(reading, Found)
    told = [(event.code, event.milestone) for event in reading.parcels[0].events]
    assert told == [
        ("440", Milestone.AWAITING_COLLECTION),
        ("200051", Milestone.AWAITING_COLLECTION),
        (None, Milestone.OUT_FOR_DELIVERY),
    ]


def test_a_title_stands_in_for_a_missing_remark() -> None:
    """The remark is what people read; without one the name of the node is left."""
    reading = read_one(traces({**LINE, "operationRemark": "", "operationTitle": "配送员完成揽收"}))
    assert isinstance(reading, Found)
    assert reading.parcels[0].events[0].text == "配送员完成揽收"


@pytest.mark.parametrize(
    ("category", "state", "text", "milestone", "reason", "manner"),
    [
        ("510", "10034", "您的快件已签收", Milestone.DELIVERED, None, None),
        ("510", "", "签收人：门卫", Milestone.DELIVERED, None, Manner.AGENT),
        ("", "10034", "已由邻居代签收", Milestone.DELIVERED, None, Manner.NEIGHBOUR),
        ("510", "10034", "已自提", Milestone.DELIVERED, None, Manner.POINT),
        ("510", "10034", "已放在家门口", Milestone.DELIVERED, None, Manner.SAFE_PLACE),
        ("510", "10034", "您的快件已签收，如有问题请联系前台", Milestone.DELIVERED, None, None),
        ("510", "10034", "已存放至快递柜，请凭取件码取件", Milestone.AWAITING_COLLECTION, None, None),
        ("510", "10034", "退回件已签收", Milestone.RETURNED, None, None),
        ("510", "10042", "部分妥投", Milestone.EXCEPTION, Reason.OTHER, None),
        ("510", "10042", "已签收，本人", Milestone.EXCEPTION, Reason.OTHER, None),
        ("530", "10035", "客户拒收", Milestone.ATTEMPT_FAILED, Reason.REFUSED, None),
        ("530", "", "客户拒收，退回寄件地", Milestone.RETURNING, Reason.REFUSED, None),
        ("530", "", "快件退回", Milestone.RETURNING, Reason.REFUSED, None),
        ("440", "11000", "正在派送，如有破损请拒收", Milestone.OUT_FOR_DELIVERY, None, None),
        ("440", "200003", "再投：收件人不在", Milestone.ATTEMPT_FAILED, Reason.ABSENT, None),
        ("440", "200003", "站点再投", Milestone.ATTEMPT_FAILED, Reason.OTHER, None),
        ("440", "200023", "协商再投，正在派送", Milestone.OUT_FOR_DELIVERY, None, None),
        ("430", "", "快件遗失", Milestone.EXCEPTION, Reason.LOST, None),
        ("430", "10054", "快件遗失", Milestone.IN_TRANSIT, None, None),
        ("480", "", "已拦截", Milestone.EXCEPTION, Reason.INTERCEPTED, None),
        ("500", "", "包裹破损", Milestone.EXCEPTION, Reason.DAMAGED, None),
        ("500", "", "", Milestone.EXCEPTION, Reason.OTHER, None),
        ("500", "200032", "", Milestone.EXCEPTION, Reason.DESTROYED, None),
        ("500", "200070", "", Milestone.EXCEPTION, Reason.DESTROYED, None),
        ("530", "200020", "换单打印，新运单号JDVC1", Milestone.RETURNING, None, None),
        ("430", "200020", "改址换单，新运单号JDVC1", Milestone.IN_TRANSIT, None, None),
        ("", "200052", "终止揽收", Milestone.ATTEMPT_FAILED, Reason.OTHER, None),
        ("", "200067", "地址不详", Milestone.ATTEMPT_FAILED, Reason.ADDRESS, None),
        ("690", "200052", "终止揽收", Milestone.CANCELLED, Reason.CANCELLED, None),
        ("690", "", "", Milestone.CANCELLED, Reason.CANCELLED, None),
        ("999", "10032", "", Milestone.IN_TRANSIT, None, None),
        ("430", "999999", "", Milestone.IN_TRANSIT, None, None),
        ("", "", "已揽收", Milestone.PICKED_UP, None, None),
    ],
)
def test_a_line_is_read_by_state_category_and_text(
    category: str, state: str, text: str, milestone: Milestone, reason: Reason | None, manner: Manner | None
) -> None:
    """The state decides, else the category; a code that leaves something open is sharpened by what the text states."""
    meaning = meaning_of(category, state, text)
    assert meaning is not None
    assert (meaning.milestone, meaning.reason, meaning.manner) == (milestone, reason, manner)


@pytest.mark.parametrize(("category", "state"), [("999", ""), ("", "200000"), ("999", "200058"), ("5100", "1003")])
def test_what_no_table_knows_is_unmapped(category: str, state: str) -> None:
    """Whatever its text says."""
    assert meaning_of(category, state, "您的快件已签收") is None


def test_a_failed_pickup_touched_no_parcel() -> None:
    """The stall clock must not run on from it."""
    for state in ("200052", "200053", "200059", "200064", "200067"):
        for text in ("", "收件人不在"):
            meaning = meaning_of("390", state, text)
            assert meaning
            assert (meaning.milestone, meaning.physical) == (Milestone.ATTEMPT_FAILED, False)


def test_tables_refer_to_codes_that_exist() -> None:
    """A row for a code that nothing maps is dead; no code is both a state and a category."""
    assert set(REFINES) <= set(STATES) | set(CATEGORIES)
    assert not set(STATES) & set(CATEGORIES)
    assert {category for category, _ in PAIRS} <= set(CATEGORIES)
    assert {state for _, state in PAIRS} <= set(STATES)
    assert all("third-party copy" in row.source for row in CARRIER.vocabulary.values())


# --- numbers ---


@pytest.mark.parametrize("data", [{"waybillCode": "JDVA2"}, {"waybillNo": "JDVA2"}])
def test_a_reply_about_another_number_is_unreadable(data: dict[str, object]) -> None:
    """Whether the data or only its lines name it."""
    assert meant(read_one(traces(LINE, **data))) == UnreadableReply
    assert meant(read_one(traces({**LINE, "waybillCode": "JDVA2"}))) == UnreadableReply
    assert isinstance(read_one(traces({**LINE, "waybillCode": " jdva1"})), Found)


def test_a_new_waybill_named_by_the_line_that_sends_it_back_is_a_return_leg() -> None:
    """Each is a parcel of its own, the asked one first, whatever the order of the lines; a carrier hasn't changed."""
    lines = [
        {**LINE, "waybillCode": "JDVC9", "state": 10034, "category": 510, "operationTime": "2026-11-05 10:00:00"},
        {**LINE, "waybillCode": N},
        {**LINE, "waybillCode": N, "state": 200020, "category": 530, "operationRemark": "新运单号JDVC9"},
    ]
    for given in (lines, lines[::-1]):
        reading = read_one(traces(*given))
        assert isinstance(reading, Found)
        assert [(p.number, p.identity, p.leg) for p in reading.parcels] == [
            (N, N, Leg.OUT),
            ("JDVC9", "JDVC9", Leg.RETURN),
        ]
        assert [len(p.events) for p in reading.parcels] == [2, 1]
        assert reading.moved_to is None


def test_a_new_waybill_of_a_readdressed_parcel_is_still_on_its_way_out() -> None:
    """It goes on to the customer under another number."""
    told = {**LINE, "waybillCode": N, "state": 200020, "category": 430, "operationRemark": "改址换单，新运单号JDVC9"}
    reading = read_one(traces(told, {**LINE, "waybillCode": "JDVC9"}))
    assert isinstance(reading, Found)
    assert [parcel.leg for parcel in reading.parcels] == [Leg.OUT, Leg.OUT]


def test_a_new_waybill_without_scans_is_no_parcel_yet() -> None:
    """Only its number is known, which stays in the text."""
    reading = read_one(traces({**LINE, "state": 200020, "operationRemark": "换单打印，新运单号JDVC9"}))
    assert isinstance(reading, Found)
    (parcel,) = reading.parcels
    assert (parcel.number, parcel.identity, parcel.leg) == (N, None, Leg.OUT)
    assert parcel.events[0].text.endswith("JDVC9")


def test_names_and_phones_of_couriers_are_scrubbed() -> None:
    """They come beside every line and are nobody's business here."""
    assert {"operatorName", "operatorPhone", "collectorName", "collectorPhone"} <= set(CARRIER.scrub)


def test_the_probe_is_a_question_that_any_account_may_ask() -> None:
    """It goes out like any other, for a number that nobody has."""
    _, body = sent(CARRIER.probe)
    assert json.loads(body)[0]["waybillCode"] == "JDVA00000000000"
    assert isinstance(read_one({"code": "3003"}, CARRIER.probe), NotFound)
    assert isinstance(read_one({"error_response": {"code": "12"}}, CARRIER.probe), Failed)
