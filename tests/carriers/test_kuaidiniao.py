"""Kuaidiniao: signature, envelope, Actions with their texts, carrier codes, pushes that prove nothing."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode

import httpx
import pytest
import respx
from carrier_support import FIXTURES, NOW, SECRET, account_of, ok, standing_of

from carriers import kuaidi100_vocabulary, registry
from carriers.base import Stands, failing_softly, read_safely
from carriers.kuaidi100_carriers import ROWS
from carriers.kuaidiniao import CARRIER, data_sign, ended, numbers, shipper_code, unwrap
from carriers.kuaidiniao_errors import ERRORS
from carriers.kuaidiniao_vocabulary import CODES, REFINES, SHIPPERS, meaning_of
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError, Unreachable, UnreadableReply
from domain.tracking import Ask, Failed, Found, Manner, Milestone, NoData, NotFound, Reading, Reason
from net.http import Http, HttpReply


def read_one(body: object, ask: Ask | None = None) -> Reading:
    return read_safely(CARRIER, ok(body), [ask or Ask("N1")], NOW)[0]


def pushed(body: object, number: str = "N1") -> Reading:
    assert CARRIER.push
    read = CARRIER.push.read
    return failing_softly("kuaidiniao", lambda: read(ok(body), [Ask(number)], NOW), [Ask(number)])[0]


def refused(reason: str | None, **more: object) -> dict[str, object]:
    return {"Success": False, "LogisticCode": "N1", "Reason": reason, "Traces": [], **more}


def traces(*lines: object, **more: object) -> dict[str, object]:
    return {"Success": True, "LogisticCode": "N1", "ShipperCode": "ZTO", "State": "2", "Traces": list(lines), **more}


LINE = {"AcceptTime": "2026-11-01 10:00:00", "AcceptStation": "已揽收", "Action": "1"}


def sent(ask: Ask, **settings: str) -> dict[str, str]:
    """The form that goes over the wire."""
    with respx.mock:
        route = respx.post("https://api.kdniao.com/Ebusiness/EbusinessOrderHandle.aspx")
        route.mock(return_value=httpx.Response(200, json={}))

        async def go() -> HttpReply:
            async with Http("kuaidiniao") as http:
                return await http.send(CARRIER.request([ask], account_of(CARRIER, **settings), NOW, "nonce"))

        asyncio.run(go())
        form = parse_qs(route.calls[0].request.content.decode(), strict_parsing=True)
    return {name: values[0] for name, values in form.items()}


def test_the_signature_is_base64_of_the_hex_digest() -> None:
    """Base64 of 32 hex characters, not of the 16 bytes; reproduced with md5sum and base64."""
    assert data_sign("{}", "key") == "NjI5ODI3ODRhYzdhNDJlZTdhNTEwYzc0MGZlNWFlOGQ="


def test_a_request_signs_what_it_sends() -> None:
    """The form's DataSign fits the very RequestData beside it, and the key itself stays at home."""
    form = sent(Ask("YT1", carrier="圆通", phone4="1234"))
    assert form["DataSign"] == data_sign(form["RequestData"], SECRET + "app_key")
    assert (form["EBusinessID"], form["RequestType"], form["DataType"]) == (SECRET + "ebusiness_id", "8001", "2")
    assert SECRET + "app_key" not in str(form)
    asked = json.loads(form["RequestData"])
    assert asked == {"OrderCode": "", "ShipperCode": "YTO", "LogisticCode": "YT1", "CustomerName": ""}


def test_only_sf_is_asked_with_the_phone() -> None:
    """CustomerName is needed for SF and must be empty for the others."""
    assert json.loads(sent(Ask("SF1", carrier="shunfeng", phone4="1234"))["RequestData"])["CustomerName"] == "1234"
    assert json.loads(sent(Ask("SF1", carrier="shunfeng"))["RequestData"])["CustomerName"] == ""


def test_the_free_query_is_a_setting() -> None:
    """1002 where the account has no package; anything else is refused with the key's name."""
    assert sent(Ask("Z1", carrier="ZTO"), request_type="1002")["RequestType"] == "1002"
    with pytest.raises(RuleError, match="request_type"):
        registry.account_settings(CARRIER, {"ebusiness_id": "1", "app_key": "k", "request_type": "9"})


@pytest.mark.parametrize(
    ("carrier", "code"),
    [
        ("zhongtong", "ZTO"),
        ("圆通速递", "YTO"),
        ("shentong", "STO"),
        ("yunda", "YD"),
        ("极兔", "JTSD"),
        ("SF", "SF"),
        ("ems", "EMS"),
        ("youzhengguonei", "YZPY"),
        ("京东", "JD"),
        ("debangkuaidi", "DBL"),
        ("xyzkd", "XYZKD"),
    ],
)
def test_a_carrier_goes_out_under_kuaidiniaos_code(carrier: str, code: str) -> None:
    """The house's codes are translated; a code that the house doesn't know is one of Kuaidiniao's."""
    assert shipper_code(Ask("N1", carrier=carrier)) == code


@pytest.mark.parametrize("carrier", ["", "shangqiao56", "某某物流"])
def test_a_carrier_without_a_code_is_refused_here(carrier: str) -> None:
    """A guessed ShipperCode would cost a query and come back as somebody else's parcel."""
    with pytest.raises(RuleError, match=r"N1 has no carrier|no ShipperCode"):
        shipper_code(Ask("N1", carrier=carrier))


def test_a_parcel_without_a_number_is_refused_here() -> None:
    """The source counts the query and answers 402."""
    with pytest.raises(RuleError, match="no number"):
        CARRIER.request([Ask(" ", carrier="ZTO")], account_of(CARRIER), NOW, "n")


def test_every_translated_carrier_is_one_of_the_house() -> None:
    """A row for a code that nobody writes is dead; two rows to one code can't be told apart in a reply."""
    assert set(SHIPPERS) <= {code for code, *_ in ROWS}
    assert len(set(SHIPPERS.values())) == len(SHIPPERS)


DOCUMENTED: list[tuple[str, type[OutsideError] | NoData]] = [
    ("101", UnreadableReply),
    ("102", AccessDenied),
    ("103", UnreadableReply),
    ("104", AccessDenied),
    ("401", UnreadableReply),
    ("402", UnreadableReply),
    ("403", NoData.WRONG_CARRIER),
    ("404", NoData.WRONG_CARRIER),
    ("405", RateLimited),
]


@pytest.mark.parametrize(("code", "meant"), DOCUMENTED)
def test_every_documented_code_has_its_kind(code: str, meant: object) -> None:
    """The same wherever the code stands: in ResultCode, bare or quoted, or at the head of the Reason."""
    bodies = [refused("X", ResultCode=code), refused("X", ResultCode=int(code)), refused(f"[{code}]X")]
    for reading in map(read_one, bodies):
        assert (reading.kind if isinstance(reading, NotFound) else type(getattr(reading, "error", None))) == meant
    assert {code for code, _ in DOCUMENTED} == set(ERRORS)


@pytest.mark.parametrize(
    ("reason", "meant"),
    [
        ("没有可用套餐", AccessDenied),
        ("业务错误[没有可用套餐]", AccessDenied),
        ("套餐余额不足，请联系客服电话", AccessDenied),
        ("数据验证不通过", AccessDenied),
        ("用户不存在", AccessDenied),
        ("查询次数超过当日上限", RateLimited),
        ("请求过于频繁", RateLimited),
        ("系统繁忙", Unreachable),
        ("手机号后四位校验失败", NoData.BAD_CREDENTIAL),
        ("暂无轨迹信息", NoData.NOT_SCANNED),
        ("三天无轨迹", NoData.NOT_SCANNED),
        ("七天内无轨迹变化", NoData.NOT_SCANNED),
        ("单号不存在", NoData.NOT_SCANNED),
        ("快递公司编码不存在", NoData.WRONG_CARRIER),
        ("业务错误[手机尾号不正确]", NoData.BAD_CREDENTIAL),
        ("非法参数[请核实ID和key是否正确]", AccessDenied),
        ("无效的输入[【ShipperCode】不正确]", NoData.WRONG_CARRIER),
        ("业务错误[服务已到期]", AccessDenied),
        ("暂无轨迹信息，请稍后再查", NoData.NOT_SCANNED),
        ("暂无权限", AccessDenied),
        ("七天无轨迹", NoData.NOT_SCANNED),
        ("1040 apples", UnreadableReply),
        ("", UnreadableReply),
        (None, UnreadableReply),
    ],
)
def test_without_a_code_the_reason_tells(reason: str | None, meant: object) -> None:
    """Code 105 is "other", and most failures bring no code at all."""
    for body in (refused(reason), refused(reason, ResultCode="105")):
        reading = read_one(body)
        assert (reading.kind if isinstance(reading, NotFound) else type(getattr(reading, "error", None))) == meant


def test_state_0_without_a_reason_is_nothing_yet() -> None:
    """Also where Success is false: nobody was refused."""
    assert read_one(refused(None, State="0")) == NotFound(NoData.NOT_SCANNED)
    assert read_one(refused(None, State=0)) == NotFound(NoData.NOT_SCANNED)


def test_success_without_traces_is_nothing_yet_or_no_more() -> None:
    """Success says only that the query was taken; the shipping date makes it aged out."""
    body = {"Success": "true", "LogisticCode": " n1", "State": "0", "Traces": None}
    assert read_one(body) == NotFound(NoData.NOT_SCANNED)
    assert read_one(body, Ask("N1", shipped_on="2026-01-01")) == NotFound(NoData.AGED_OUT)


@pytest.mark.parametrize("body", [{}, {"Success": True}, traces(LINE, LogisticCode="N2"), [], "x", {"Traces": 5}])
def test_a_reply_that_does_not_speak_of_the_number_is_unreadable(body: object) -> None:
    """A success for another number, or for none, says nothing of this one; nor does another shape."""
    reading = read_one(body)
    assert isinstance(reading, Failed)
    assert type(reading.error) is UnreadableReply


def test_a_missing_parcel_is_the_one_that_was_asked_for() -> None:
    """ "Nothing yet" about another number isn't an answer."""
    reading = read_one(refused("暂无轨迹信息", LogisticCode="N2"))
    assert isinstance(reading, Failed)


def test_a_recorded_reply_without_traces_is_not_scanned() -> None:
    """The documented "nothing yet": Success true, State 0."""
    path = FIXTURES / "kuaidiniao" / "query_no_trace.json"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    reading = read_safely(CARRIER, HttpReply(200, {}, path.read_bytes()), [Ask("7720046515948751")], NOW)[0]
    assert isinstance(reading, NotFound)
    assert reading.kind is NoData.NOT_SCANNED


def test_no_meaning_is_shared_with_kuaidi100() -> None:
    """The same digits mean different things there: 4 is a problem here and a signed return there."""
    theirs = kuaidi100_vocabulary.CODES
    for code in ("201", "202", "4", "6"):
        assert CODES[code].milestone is not theirs[code].milestone
    assert "203" not in CODES
    assert set(REFINES) <= set(CODES)


@pytest.mark.parametrize(
    ("action", "text", "milestone", "reason", "manner"),
    [
        ("2", "快件在途中", Milestone.IN_TRANSIT, None, None),
        ("2", "快件已由菜鸟驿站代收，请及时取件", Milestone.AWAITING_COLLECTION, None, None),
        ("2", "派件员正在派件", Milestone.OUT_FOR_DELIVERY, None, None),
        ("2", "如有破损请拒收", Milestone.IN_TRANSIT, None, None),
        ("202", "派送不成功：电话无人接听", Milestone.ATTEMPT_FAILED, Reason.UNREACHABLE, None),
        ("3", "退回件已签收", Milestone.RETURNED, None, None),
        ("3", "已签收", Milestone.DELIVERED, None, None),
        ("301", "已签收", Milestone.DELIVERED, None, Manner.SELF),
        ("301", "已签收，签收人在丰巢快递柜领取", Milestone.DELIVERED, None, Manner.LOCKER),
        ("302", "已签收，签收人：门卫", Milestone.DELIVERED, None, Manner.AGENT),
        ("304", "已签收", Milestone.DELIVERED, None, Manner.OTHER),
        ("304", "已签收，本人", Milestone.DELIVERED, None, Manner.OTHER),
        ("304", "快件已暂存至菜鸟驿站，请凭取件码取件", Milestone.AWAITING_COLLECTION, None, None),
        ("311", "已签收", Milestone.DELIVERED, None, Manner.LOCKER),
        ("311", "已从菜鸟驿站取走", Milestone.DELIVERED, None, Manner.POINT),
        ("311", "快件已被丰巢柜代收，请及时取件", Milestone.AWAITING_COLLECTION, None, None),
        ("4", "包裹破损", Milestone.EXCEPTION, Reason.DAMAGED, None),
        ("4", "快件遗失", Milestone.EXCEPTION, Reason.LOST, None),
        ("4", "退回寄件地", Milestone.RETURNING, None, None),
        ("404", "客户拒收", Milestone.RETURNING, Reason.REFUSED, None),
        ("405", "收件人不在", Milestone.ATTEMPT_FAILED, Reason.ABSENT, None),
        ("413", "已拦截，退回中", Milestone.RETURNING, Reason.INTERCEPTED, None),
        ("", "已签收，签收人：本人", Milestone.DELIVERED, None, Manner.SELF),
        ("", "在官网可查看签收人信息", Milestone.INFO, None, None),
        ("", "到【固安】", Milestone.IN_TRANSIT, None, None),
        ("", "到件扫描", Milestone.IN_TRANSIT, None, None),
        ("", "快件离开【郑州中转】已发往【北京】", Milestone.IN_TRANSIT, None, None),
    ],
)
def test_a_trace_is_read_by_action_and_text(
    action: str, text: str, milestone: Milestone, reason: Reason | None, manner: Manner | None
) -> None:
    """The Action decides; a generic one is sharpened by the text; without one the text decides alone."""
    meaning = meaning_of(action, text)
    assert meaning is not None
    assert (meaning.milestone, meaning.reason, meaning.manner) == (milestone, reason, manner)


@pytest.mark.parametrize(("action", "text"), [("203", "已签收"), ("8", "派件中"), ("", "无意义"), ("", "")])
def test_what_no_table_knows_is_unmapped(action: str, text: str) -> None:
    """An unknown Action isn't guessed from its text; 203 and 8 are Kuaidi100's."""
    assert meaning_of(action, text) is None


def test_the_state_of_the_parcel_decides_no_line() -> None:
    """State and StateEx lag and say nothing of one trace: a signed State leaves an unknown line unmapped."""
    reading = read_one(traces({"AcceptTime": "2026-11-01 10:00:00", "AcceptStation": "Q"}, State="3", StateEx="301"))
    assert isinstance(reading, Found)
    (event,) = reading.parcels[0].events
    assert (event.code, event.milestone) == (None, Milestone.UNMAPPED)


def test_lines_without_anything_in_them_are_no_events() -> None:
    """A list of empty lines is an empty list."""
    assert read_one(traces({})) == NotFound(NoData.NOT_SCANNED)


def test_the_estimate_lasts_to_the_end_of_its_day_in_china() -> None:
    """A bare date promises the day, not its first minute."""
    reading = read_one(traces(LINE, EstimatedDeliveryTime="2026-11-04"))
    assert isinstance(reading, Found)
    assert reading.promised_at == datetime(2026, 11, 4, 15, 59, 59, tzinfo=UTC)
    hour = read_one(traces(LINE, EstimatedDeliveryTime="2026-11-04 18:00:00"))
    assert isinstance(hour, Found)
    assert hour.promised_at == datetime(2026, 11, 4, 10, tzinfo=UTC)


def test_a_push_proves_nothing() -> None:
    """Even one signed as our own queries are: the rule isn't documented, so it is only a hint to ask."""
    assert CARRIER.push
    assert CARRIER.push.verify is None


def test_a_push_is_taken_out_of_its_form_and_names_its_numbers() -> None:
    """RequestType 101 and 102 carry the JSON in RequestData; bare JSON stays as it is."""
    data = json.dumps({"Data": [traces(LINE), traces(LINE, LogisticCode="N2"), traces(LINE)]}).encode()
    form = urlencode({"RequestType": "102", "RequestData": data.decode(), "DataSign": "x"}).encode()
    assert unwrap(form) == data
    assert unwrap(data) == data
    assert unwrap(b"RequestType=102") == b"RequestType=102"
    assert numbers(data) == ("N1", "N2")
    assert numbers(json.dumps(traces(LINE)).encode()) == ("N1",)
    with pytest.raises(UnreadableReply):
        numbers(b"[")


def test_a_push_answer_accepts() -> None:
    """Success true with an empty Reason; anything else is sent again."""
    assert CARRIER.push
    told = json.loads(CARRIER.push.answer(account_of(CARRIER), NOW).body)
    assert set(told) == {"EBusinessID", "UpdateTime", "Success", "Reason"}
    assert (told["Success"], told["Reason"]) == (True, "")
    assert (told["EBusinessID"], told["UpdateTime"]) == (SECRET + "ebusiness_id", "2026-11-22 08:00:00")


@pytest.mark.parametrize("body", [{"Data": [], "Count": "0"}, {"Data": None}])
def test_an_empty_push_is_nothing_yet(body: object) -> None:
    """It was a push, and there was nothing in it."""
    assert pushed(body) == NotFound(NoData.NOT_SCANNED)


def test_several_entries_are_several_parcels() -> None:
    """Each number reads its own list; an entry that failed doesn't take the others with it."""
    body = {
        "Data": [traces(LINE), refused("三天无轨迹", LogisticCode="N2", State="0"), traces(LINE, LogisticCode="N3")]
    }
    assert isinstance(pushed(body), Found)
    assert pushed(body, "N2") == NotFound(NoData.NOT_SCANNED, "三天无轨迹")
    assert isinstance(pushed(body, "N3"), Found)


def test_a_number_that_kuaidiniao_gives_up_is_subscribed_to_anew() -> None:
    """Three days without a trace, seven without a new one; a failure with State 0 alone is an ordinary push."""
    body = {
        "Data": [
            refused("三天无轨迹", State="0"),
            {**traces(LINE, LogisticCode="N2"), "Success": False, "Reason": "七天内无轨迹变化"},
            refused("暂无轨迹信息", LogisticCode="N3", State="0"),
            traces(LINE, LogisticCode="N4"),
        ]
    }
    assert ended(json.dumps(body).encode()) == {"N1": timedelta(), "N2": timedelta()}
    with pytest.raises(UnreadableReply):
        ended(b"[")


@pytest.mark.parametrize("body", [{}, {"Data": [traces(LINE, LogisticCode="N2")]}])
def test_a_push_without_the_parcel_is_unreadable(body: object) -> None:
    """It says nothing of the number."""
    reading = pushed(body)
    assert isinstance(reading, Failed)
    assert type(reading.error) is UnreadableReply


def test_a_bare_push_entry_is_read_like_a_list_of_one() -> None:
    """One parcel without Data around it loses nothing."""
    assert pushed(traces(LINE)) == pushed({"Data": [traces(LINE)]})


def test_a_subscription_goes_to_its_own_address_with_its_own_type() -> None:
    """8008 for a value-added account, 1008 for a free one."""
    assert CARRIER.push
    assert CARRIER.push.subscription
    for kind, expected in (("8001", "8008"), ("1002", "1008")):
        account = account_of(CARRIER, request_type=kind)
        request = CARRIER.push.subscription.request([Ask("N1", carrier="ZTO")], account, "https://us.example/hook", NOW)
        assert request.url == "https://api.kdniao.com/api/dist"
        assert parse_qs((request.body or b"").decode())["RequestType"] == [expected]


@pytest.mark.parametrize(
    ("told", "standing"),
    [
        ({"Success": True}, Stands),
        ({"Success": False, "Reason": "重复订阅"}, Stands),
        ({"Success": False, "Reason": "没有可用套餐"}, AccessDenied),
        ({"Success": False, "Reason": "单号格式错误"}, NotFound),
    ],
)
def test_a_subscription_stands_or_says_why_not(told: object, standing: type[object]) -> None:
    """A repeated one stands; a refused one says whose fault it is."""
    assert standing_of(CARRIER, ok(told), "N1") == [standing]
