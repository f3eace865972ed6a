"""Kuaidi100: signature, errors, vocabulary, route phrases, pushes."""

import asyncio
import hashlib
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlencode

import httpx
import pytest
import respx
from carrier_support import NOW, SECRET, account_of, ok, standing_of

from carriers.base import Stands, read_safely
from carriers.kuaidi100 import CARRIER, ready, subscribe
from carriers.kuaidi100_errors import ERRORS, MISSING
from carriers.kuaidi100_phrases import PHRASES
from carriers.kuaidi100_push import ended, numbers, read_push, unwrap, verify
from carriers.kuaidi100_vocabulary import CODE_OF_WORD, CODES, REFINES, WORDS
from domain.errors import AccessDenied, RateLimited, RuleError, Unreachable, UnreadableReply
from domain.tracking import Ask, Failed, Found, Manner, Milestone, NoData, NotFound, Reason, ScanEvent
from net.http import Http, HttpReply

ASK = Ask("YT1", carrier="圆通速递", phone4="2271", destination="北京朝阳")


def event_of(**line: object) -> ScanEvent:
    body = {"message": "ok", "nu": "YT1", "status": "200", "data": [{"ftime": "2026-11-01 10:00:00", **line}]}
    (reading,) = read_safely(CARRIER, ok(body), [ASK], NOW)
    assert isinstance(reading, Found)
    return reading.parcels[0].events[0]


def told(text: str, **line: object) -> tuple[Milestone, Reason | None, Manner | None]:
    event = event_of(context=text, **line)
    return event.milestone, event.reason, event.manner


@respx.mock
def test_the_signature_covers_the_very_text_that_is_sent() -> None:
    """sign is the upper-case MD5 of param + key + customer, over param as posted."""
    route = respx.post("https://poll.kuaidi100.com/poll/query.do").mock(return_value=httpx.Response(200, json={}))

    async def ask() -> HttpReply:
        async with Http("kuaidi100") as http:
            return await http.send(CARRIER.request([ASK], account_of(CARRIER), NOW, ""))

    asyncio.run(ask())
    form = {name: values[0] for name, values in parse_qs(route.calls[0].request.content.decode()).items()}
    signed = form["param"] + SECRET + "key" + SECRET + "customer"
    assert form["sign"] == hashlib.md5(signed.encode()).hexdigest().upper()
    assert form["customer"] == SECRET + "customer"
    assert json.loads(form["param"]) == {
        "com": "yuantong",
        "num": "YT1",
        "phone": "2271",
        "to": "北京朝阳",
        "resultv2": "4",
        "show": "0",
        "order": "desc",
    }


@pytest.mark.parametrize("ask", [Ask("1"), Ask("1" * 33, carrier="zto"), Ask("", carrier="zto")])
def test_an_ask_that_the_source_would_refuse_is_refused_with_the_fix(ask: Ask) -> None:
    """A carrier is needed, and a number of at most 32 characters."""
    with pytest.raises(RuleError, match="kuaidi100"):
        CARRIER.request([ask], account_of(CARRIER), NOW, "")


def test_every_status_word_means_what_its_code_means() -> None:
    """The words are the second column of the code tables."""
    assert {word: CODES[code] for word, code in CODE_OF_WORD.items()} == WORDS
    assert set(CODE_OF_WORD.values()) == set(CODES)


@pytest.mark.parametrize(
    ("code", "milestone", "reason", "manner"),
    [
        ("101", "announced", None, None),
        ("103", "picked_up", None, None),
        ("1001", "at_destination", None, None),
        ("501", "awaiting_collection", None, None),
        ("301", "delivered", None, "self"),
        ("303", "delivered", None, "other"),
        ("304", "delivered", None, "point"),
        ("203", "attempt_failed", "refused", None),
        ("205", "awaiting_collection", "overdue_at_point", None),
        ("206", "attempt_failed", "unreachable", None),
        ("207", "exception", "out_of_area", None),
        ("209", "exception", "damaged", None),
        ("4", "returned", None, None),
        ("6", "returning", None, None),
        ("7", "transferred", None, None),
        ("13", "customs", "customs", None),
        ("14", "attempt_failed", "refused", None),
    ],
)
def test_an_advanced_code_decides(code: str, milestone: str, reason: str | None, manner: str | None) -> None:
    """A code that is exact isn't argued with by the text."""
    assert told("随便一行", statusCode=code) == (milestone, reason, manner)


@pytest.mark.parametrize(
    "line", [{"statusCode": "9999"}, {"status": "前所未见"}, {"statusCode": "777", "status": "签收"}]
)
def test_an_unknown_code_stays_unmapped_with_code_and_text(line: dict[str, str]) -> None:
    """Unknown is a value: never "in transit", even where the text has familiar words."""
    event = event_of(context="已签收", **line)
    assert event.milestone is Milestone.UNMAPPED
    assert event.code == line.get("statusCode", line.get("status"))
    assert event.text == "已签收"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("客户 签收人 : 本人签收 已签收  感谢使用圆通速递", ("delivered", None, "self")),
        ("快件已签收，签收人：菜鸟驿站", ("delivered", None, "point")),
        ("您的快递已签收, 签收人在【丰巢2号柜】领取", ("delivered", None, "locker")),
        ("已签收，签收人凭取货码签收", ("delivered", None, "point")),
        ("已签收，签收人是物业", ("delivered", None, "agent")),
        ("已签收，他人代收：邻居", ("delivered", None, "neighbour")),
        ("已签收，放家门口", ("delivered", None, "safe_place")),
        ("快件已被【丰巢的2号柜】代收，如有问题请电联", ("awaiting_collection", None, None)),
        ("快件已由北区店代收，请及时取件", ("awaiting_collection", None, None)),
        ("快件已存放至菜鸟驿站，请凭取件码及时领取", ("awaiting_collection", None, None)),
        ("快件已到达妈妈驿站", ("awaiting_collection", None, None)),
        ("快件已送达【丰巢的君悦世纪服务站】,如有问题请电联", ("awaiting_collection", None, None)),
        ("【代收点】您的快件已暂存至观园国际架空层，如有疑问请电联快递员", ("awaiting_collection", None, None)),
        ("收件人不在，已放入丰巢柜，请凭取件码取件", ("awaiting_collection", None, None)),
        ("您已在世纪明珠园店完成取件，感谢使用菜鸟驿站", ("delivered", None, "point")),
        ("快件已被快递员从自提柜取回，请等待快递员与您联系", ("attempt_failed", "other", None)),
        ("收件员从【丰巢智能快递柜】取出快件", ("picked_up", None, None)),
        ("包裹已完成签收，签收方式：家门口，操作方北京店菜鸟驿站", ("delivered", None, "safe_place")),
        ("快件已被 图书馆 签收", ("delivered", None, None)),
        ("正在派送途中,请您准备签收", ("out_for_delivery", None, None)),
        ("正在为您派送，您也可联系小哥将快件放置指定代收点或快递柜", ("out_for_delivery", None, None)),
        ("快件已从丰巢智能快递柜取出", ("delivered", None, "locker")),
        ("包裹在驿站逾期未取", ("awaiting_collection", "overdue_at_point", None)),
        ("未签收，客户不在", ("attempt_failed", "absent", None)),
        ("签收失败，地址不详", ("attempt_failed", "address", None)),
        ("派送不成功，正在安排处理中", ("attempt_failed", "other", None)),
        ("未妥投，收件人电话无人接听", ("attempt_failed", "unreachable", None)),
        ("收件人拒收", ("attempt_failed", "refused", None)),
        ("退回件已签收", ("returned", None, None)),
        ("快件正在退回", ("returning", None, None)),
        ("快件已拦截，正在退回", ("returning", "intercepted", None)),
        ("快件遗失", ("exception", "lost", None)),
        ("快件外包装破损", ("exception", "damaged", None)),
        ("签收前请检查外包装是否破损，正在派件", ("out_for_delivery", None, None)),
        ("请妥善保管取件码以免丢失，已存放至驿站", ("awaiting_collection", None, None)),
        ("正在派件，如收件人不在，请致电95311；若有破损请拒签", ("out_for_delivery", None, None)),
        ("【如皋市】快件已到达【如东县】", ("in_transit", None, None)),
        ("已签收，签收人：同事，如有疑问请联系驿站", ("delivered", None, "other")),
        ("受台风天气影响，派送延误", ("exception", "weather", None)),
        ("问题件，已联系发件网点", ("exception", "other", None)),
        ("王**正在第1次派件，如无法联系请致电", ("out_for_delivery", None, None)),
        ("到达目的地网点广东深圳公司，快件很快进行派送", ("at_destination", None, None)),
        ("北京七道堰 已发出,下一站 北京大学", ("in_transit", None, None)),
        ("在上海进行揽件扫描", ("picked_up", None, None)),
        ("快件等待揽收", ("announced", None, None)),
        ("订单已取消", ("cancelled", "cancelled", None)),
        ("快件转邮政", ("transferred", None, None)),
        ("清关中", ("customs", None, None)),
    ],
)
def test_a_route_text_without_a_code_is_read_by_the_first_phrase_that_fits(
    text: str, expected: tuple[str, ...]
) -> None:
    """Words that put a signature in doubt come before the words for a signature."""
    assert told(text) == expected
    code = event_of(context=text).code
    assert code is not None
    assert code.removeprefix("text:") in text


def test_a_text_without_any_known_phrase_is_unmapped_without_a_code() -> None:
    """No code and no phrase: nothing is claimed."""
    event = event_of(context="天书")
    assert (event.code, event.milestone) == (None, Milestone.UNMAPPED)


@pytest.mark.parametrize(
    ("line", "text", "expected"),
    [
        ({"status": "在途"}, "快件已由北区店代收，请及时取件", ("awaiting_collection", None, None)),
        ({"statusCode": "1002"}, "派送不成功，客户不在", ("attempt_failed", "absent", None)),
        ({"statusCode": "0"}, "北京 已签收", ("in_transit", None, None)),
        ({"status": "疑难"}, "快件遗失", ("exception", "lost", None)),
        ({"statusCode": "204"}, "收件人拒收", ("attempt_failed", "refused", None)),
        ({"status": "派件"}, "已存放至驿站，请凭取件码取件", ("awaiting_collection", None, None)),
        ({"status": "签收"}, "退回件已签收", ("returned", None, None)),
        ({"status": "签收"}, "收件人拒收，已签收", ("delivered", None, None)),
        ({"statusCode": "303"}, "已签收，签收人是前台", ("delivered", None, "agent")),
        ({"statusCode": "304"}, "已从快递柜取出", ("delivered", None, "locker")),
        ({"statusCode": "304"}, "已完成签收，签收方式：家门口", ("delivered", None, "point")),
        ({"statusCode": "304"}, "您的快件已由快递驿站代收，感谢您使用", ("awaiting_collection", None, None)),
        ({"statusCode": "304"}, "已签收，签收人凭取货码签收", ("delivered", None, "point")),
        ({"statusCode": "6"}, "客户拒收，快件正在退回", ("returning", "refused", None)),
        ({"status": "退回"}, "快件正在退回", ("returning", None, None)),
        ({"status": "揽件"}, "已揽收", ("picked_up", None, None)),
        ({"statusCode": "2"}, "问题件：收件人电话无人接听", ("attempt_failed", "unreachable", None)),
        ({"statusCode": "2"}, "快件运输中，如遇破损请拒收", ("exception", "other", None)),
        ({"statusCode": "5"}, "派送失败：超区件", ("attempt_failed", "out_of_area", None)),
        ({"statusCode": "207"}, "派送失败：超区件", ("exception", "out_of_area", None)),
        ({"statusCode": "1001"}, "快件遗失", ("at_destination", None, None)),
        ({"statusCode": "0"}, "您的快件已到达[自提柜]，请及时取件", ("awaiting_collection", None, None)),
        ({"statusCode": "301"}, "已签收，门卫在旁", ("delivered", None, "self")),
        ({"statusCode": "501"}, "包裹逾期未取", ("awaiting_collection", "overdue_at_point", None)),
        ({"statusCode": "103"}, "快件遗失", ("picked_up", None, None)),
        ({"statusCode": "203"}, "客户拒收，快件正在退回", ("returning", "refused", None)),
        ({"statusCode": "203"}, "客户拒收，快件退回网点", ("attempt_failed", "refused", None)),
        ({"status": "拒签"}, "收件人拒签，正在退回", ("returning", "refused", None)),
        ({"status": "在途"}, "您提交了订单，请等待系统确认", ("announced", None, None)),
        ({"statusCode": "0"}, "订单已取消", ("cancelled", "cancelled", None)),
        ({"statusCode": "0"}, "Held in Customs", ("customs", "customs", None)),
    ],
)
def test_only_a_generic_code_is_sharpened_by_its_text(
    line: dict[str, str], text: str, expected: tuple[str, ...]
) -> None:
    """ "Moving", "with the courier", "signed" and "trouble" are sharpened within a listed set; exact codes never are."""
    assert told(text, **line) == expected


def test_what_refines_is_reachable() -> None:
    """Every milestone that a generic code may be sharpened to has a phrase."""
    spoken = {row.meaning.milestone for row in PHRASES}
    assert all(milestones <= spoken for milestones in REFINES.values())


@pytest.mark.parametrize(
    ("time", "ftime", "at", "raw"),
    [
        ("2016-11-1 18:11:16", "2016-11-11 18:11:16", "2016-11-11T10:11:16+00:00", "2016-11-11 18:11:16"),
        ("2026-11-1 8:1:6", "", "2026-11-01T00:01:06+00:00", "2026-11-1 8:1:6"),
        ("2026-11-01 08:01:06", "没有", "2026-11-01T00:01:06+00:00", "2026-11-01 08:01:06"),
        ("", "", None, ""),
        ("2026-02-30 08:00:00", None, None, "2026-02-30 08:00:00"),
        (None, "9999-12-31 00:00:00", None, "9999-12-31 00:00:00"),
    ],
)
def test_the_formatted_time_wins_and_the_text_of_the_one_used_is_kept(
    time: str | None, ftime: str | None, at: str | None, raw: str
) -> None:
    """Times are China's, padded or not; what can't be read moves no clock."""
    event = event_of(context="已揽收", time=time, ftime=ftime)
    assert (event.time.at.isoformat() if event.time.at else None, event.time.raw) == (at, raw)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("找不到对应公司", NoData.WRONG_CARRIER),
        ("快递公司参数异常：单号不正确", NoData.WRONG_CARRIER),
        ("不支持此快递公司", NoData.WRONG_CARRIER),
        ("参数错误：com为空", NoData.WRONG_CARRIER),
        ("提交的数据不完整，或者贵公司没授权", AccessDenied),
        ("账号余额不足，请充值", AccessDenied),
        ("奇怪的错误", UnreadableReply),
    ],
)
def test_what_400_means_is_told_by_its_message(message: str, expected: object) -> None:
    """A bad number or carrier is the parcel's matter, money and rights are the account's, the rest is a person's."""
    (reading,) = read_safely(CARRIER, ok({"result": False, "returnCode": "400", "message": message}), [ASK], NOW)
    assert (reading.kind if isinstance(reading, NotFound) else type(getattr(reading, "error", None))) == expected


DOCUMENTED: list[tuple[str, object]] = [
    ("408", NoData.BAD_CREDENTIAL),
    ("500", NoData.NOT_SCANNED),
    ("201", NoData.NOT_SCANNED),
    ("700", NoData.WRONG_CARRIER),
    ("701", NoData.WRONG_CARRIER),
    ("702", NoData.WRONG_CARRIER),
    ("501", Unreachable),
    ("502", Unreachable),
    ("503", AccessDenied),
    ("504", RateLimited),
    ("600", AccessDenied),
    ("601", AccessDenied),
]


def outcome(**body: object) -> object:
    (reading,) = read_safely(CARRIER, ok(body), [ASK], NOW)
    return reading.kind if isinstance(reading, NotFound) else type(getattr(reading, "error", None))


@pytest.mark.parametrize(("code", "meant"), DOCUMENTED)
def test_every_documented_code_has_its_outcome(code: str, meant: object) -> None:
    """The same in ``returnCode`` and, of the older query, in ``status``; quoted or bare; whatever the message says."""
    assert outcome(result=False, returnCode=code, message="m") == meant
    assert outcome(result=False, returnCode=int(code), message="余额") == meant
    assert outcome(status=code, message="m", state="0", data=[]) == meant
    assert {code for code, _ in DOCUMENTED} == set(ERRORS) | set(MISSING)


@pytest.mark.parametrize(
    ("message", "meant"),
    [
        ("查询无结果，请隔段时间再查", NoData.NOT_SCANNED),
        ("快递公司参数异常：验证码错误", NoData.BAD_CREDENTIAL),
        ("找不到对应公司", NoData.WRONG_CARRIER),
        ("POLL:KEY已过期", AccessDenied),
        ("您不是合法的订阅者", AccessDenied),
        ("服务器繁忙", Unreachable),
        ("查询过于频繁", RateLimited),
        ("?", UnreadableReply),
        ("", UnreadableReply),
    ],
)
def test_a_failure_without_a_code_is_told_by_its_message(message: str, meant: object) -> None:
    """``result`` false and a message, and nothing else."""
    assert outcome(result=False, message=message) == meant


@pytest.mark.parametrize(
    ("message", "meant"), [("服务器繁忙", Unreachable), ("查询过于频繁", RateLimited), ("查询无结果", UnreadableReply)]
)
def test_an_unlisted_code_is_no_answer_about_the_parcel(message: str, meant: object) -> None:
    """Only that the source is busy is believed; that there is nothing would run a stall clock."""
    assert outcome(result=False, returnCode="999", message=message) == meant


def test_silence_on_a_parcel_shipped_before_the_history_is_aged_out() -> None:
    """Only silence on a young parcel may run a stall clock."""
    old = Ask("YT1", carrier="yuantong", shipped_on="2026-01-01")
    (reading,) = read_safely(CARRIER, ok({"result": False, "returnCode": "500", "message": "查询无结果"}), [old], NOW)
    assert reading == NotFound(NoData.AGED_OUT, "查询无结果")


# --- pushes ---

PARAM = json.dumps({"status": "polling", "lastResult": {"nu": "YT1", "data": []}}, ensure_ascii=False)


def form(param: str, salt: str, **more: str) -> bytes:
    sign = hashlib.md5((param + salt).encode()).hexdigest().upper()
    return urlencode({"sign": sign, "param": param, **more}).encode()


def test_a_push_is_proven_by_the_salt() -> None:
    """MD5(param + salt); without a salt of ours nothing is proven."""
    account = account_of(CARRIER, salt="pepper")
    assert verify(form(PARAM, "pepper"), {}, account)
    assert verify(form(PARAM, "pepper").replace(b"sign=", b"x=1&sign="), {}, account)
    assert not verify(form(PARAM, "salt"), {}, account)
    assert not verify(form(PARAM, ""), {}, account_of(CARRIER))
    assert not verify(urlencode({"param": PARAM}).encode(), {}, account)
    assert not verify(b"", {}, account)
    assert not verify(b"\xff\xfe&&=", {}, account)


def test_the_json_is_taken_out_of_the_form_once() -> None:
    """A body that is JSON already stays as it is."""
    assert unwrap(form(PARAM, "pepper")).decode() == PARAM
    assert unwrap(PARAM.encode()) == PARAM.encode()
    assert unwrap(b"nonsense") == b"nonsense"
    assert numbers(unwrap(form(PARAM, "pepper"))) == ("YT1",)
    with pytest.raises(UnreadableReply):
        numbers(b"nonsense")


def test_a_push_about_another_number_is_unreadable() -> None:
    """A push is only good for the number that it names."""
    body = {"status": "polling", "lastResult": {"nu": "YT2", "status": "200", "data": []}}
    with pytest.raises(UnreadableReply, match="YT2"):
        read_push(ok(body), [ASK], NOW)


LINES = [{"ftime": "2026-11-01 10:00:00", "context": "已揽收"}]


@pytest.mark.parametrize(
    ("status", "auto_check", "com_new", "data", "expected"),
    [
        ("abort", "0", "yuantong", [], ("wrong_carrier", "yuantong")),
        ("abort", "0", "yuantong", LINES, ("wrong_carrier", "yuantong")),
        ("abort", "1", "yuantong", [], ("wrong_carrier", "yuantong")),
        ("abort", "1", "yuantong", LINES, ("found", "yuantong")),
        ("abort", "0", "", [], ("not_scanned", None)),
        ("abort", "0", "", LINES, ("found", None)),
        ("polling", "1", "yuantong", LINES, ("found", "yuantong")),
        ("polling", "1", "yuantong", [], ("not_scanned", "yuantong")),
        ("polling", "0", "", [], ("not_scanned", None)),
        ("updateall", "0", "", LINES, ("found", None)),
        ("shutdown", "0", "", LINES, ("found", None)),
    ],
)
def test_a_push_says_where_the_number_goes_on(
    status: str, auto_check: str, com_new: str, data: list[object], expected: tuple[str, str | None]
) -> None:
    """An abort under the old carrier moves the parcel; under the new one it is only silence."""
    last = {"nu": "YT1", "status": "200", "data": data}
    (reading,) = read_push(
        ok({"status": status, "autoCheck": auto_check, "comNew": com_new, "lastResult": last}), [ASK], NOW
    )
    assert isinstance(reading, Found | NotFound)
    assert (reading.kind if isinstance(reading, NotFound) else "found", reading.moved_to) == expected


def test_a_list_abroad_may_run_under_another_number() -> None:
    """destResult is the same parcel at the carrier of the other country; either number may be the one asked for."""
    abroad = [{"ftime": "2026-11-05 10:00:00", "context": "已签收，签收人：本人"}]
    body = {
        "status": "shutdown",
        "lastResult": {"nu": "YT1", "status": "200", "data": LINES},
        "destResult": {"nu": "US9", "status": "200", "data": abroad},
    }
    (here,), (there,) = (read_push(ok(body), [Ask(number)], NOW) for number in ("YT1", "US9"))
    assert isinstance(here, Found)
    assert isinstance(there, Found)
    assert here.parcels[0].events == there.parcels[0].events
    assert [event.milestone for event in here.parcels[0].events] == [Milestone.PICKED_UP, Milestone.DELIVERED]
    with pytest.raises(UnreadableReply, match="YT1"):
        read_push(ok(body), [Ask("N3")], NOW)


@pytest.mark.parametrize("last", [None, {}, {"nu": "", "data": None}, {"nu": "YT1", "data": [], "status": "201"}])
@pytest.mark.parametrize("status", ["polling", "abort", "updateall"])
def test_an_empty_push_is_nothing_yet(status: str, last: object) -> None:
    """Whatever is left out of it; only a push without a status is none."""
    body = {"status": status, "message": "3天查询无记录", "lastResult": last}
    assert read_push(ok(body), [ASK], NOW) == [NotFound(NoData.NOT_SCANNED, "3天查询无记录")]
    with pytest.raises(UnreadableReply, match="status"):
        read_push(ok({**body, "status": ""}), [ASK], NOW)


def test_the_answer_to_a_push_is_the_documents_to_the_letter() -> None:
    """Anything else makes Kuaidi100 call twice more."""
    assert CARRIER.push is not None
    answer = CARRIER.push.answer(account_of(CARRIER), NOW)
    assert answer.status == 200
    assert answer.body.decode() == '{"result":true,"returnCode":"200","message":"成功"}'


def test_a_subscription_carries_carrier_number_key_callback_and_salt() -> None:
    """One subscription covers the parcel's whole life."""
    request = subscribe([ASK], account_of(CARRIER, salt="pepper"), "https://shop.example/push", NOW)
    sent = parse_qs(request.body.decode())
    assert request.url == "https://poll.kuaidi100.com/poll"
    assert sent["schema"] == ["json"]
    assert json.loads(sent["param"][0]) == {
        "company": "yuantong",
        "number": "YT1",
        "key": SECRET + "key",
        "to": "北京朝阳",
        "parameters": {"callbackurl": "https://shop.example/push", "salt": "pepper", "resultv2": "4", "phone": "2271"},
    }


def test_without_a_salt_there_is_no_subscription() -> None:
    """Pushes that nobody could prove aren't asked for."""
    assert not ready(account_of(CARRIER))
    assert ready(account_of(CARRIER, salt="pepper"))


@pytest.mark.parametrize(
    ("code", "standing"),
    [
        ("200", Stands),
        ("501", Stands),
        ("500", Unreachable),
        ("600", AccessDenied),
        ("601", AccessDenied),
        ("700", NotFound),
        ("701", NotFound),
        ("702", NotFound),
        ("999", UnreadableReply),
    ],
)
def test_a_subscription_stands_or_says_why_not(code: str, standing: type[object]) -> None:
    """A repeated subscription (501) goes on; a carrier that isn't supported (700) is the number's fault."""
    reply = ok({"result": code == "200", "returnCode": code, "message": "m"})
    assert standing_of(CARRIER, reply, "YT1") == [standing]


def test_an_aborted_subscription_may_be_asked_for_again_after_half_an_hour() -> None:
    """A signed parcel's is over for good; one that goes on isn't over."""
    for status, after in (("abort", {"YT1": timedelta(minutes=30)}), ("shutdown", {"YT1": None}), ("polling", {})):
        assert ended(json.dumps({"status": status, "lastResult": {"nu": "YT1"}}).encode()) == after


def test_one_odd_line_doesnt_hide_the_others() -> None:
    """Fields that are missing, null or bare numbers are read as far as they go."""
    body = {
        "nu": "YT1",
        "status": 200,
        "data": [{"context": None, "statusCode": 103, "ftime": "2026-11-01 10:00:00"}, {}],
    }
    (reading,) = read_safely(CARRIER, ok(body), [ASK], NOW)
    assert not isinstance(reading, Failed)
    (event,) = reading.parcels[0].events  # type: ignore[union-attr]
    assert (event.code, event.text, event.milestone) == ("103", "", Milestone.PICKED_UP)
