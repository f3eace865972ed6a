"""Kuaidi100's pickups: the signed order, its codes and messages, its callbacks, and calling a parcel back."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlencode

import msgspec
import pytest
from booking_support import CN_ORDER, INTERCEPT, NOW, OUR_ID, REFS, SETTINGS, account_of, kd
from carrier_support import SECRET, mutations, ok

from carriers.kuaidi100_pickup import INTERCEPT as CALL_BACK
from carriers.kuaidi100_pickup import PICKUP
from carriers.kuaidi100_pickup_tables import SAYS, STATUSES
from domain.booking import (
    AlreadyBooked,
    Booking,
    BookingState,
    BookingStatus,
    Cancelled,
    InterceptKind,
    PickupOrder,
    Quote,
    Refusal,
    Refused,
    Slot,
)
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError, Unreachable, UnreadableReply
from net.http import HttpRequest

ACCOUNT = account_of("kuaidi100")


def form_of(request: HttpRequest) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body.decode(), keep_blank_values=True).items()}


def param_of(request: HttpRequest) -> dict[str, Any]:
    return json.loads(form_of(request)["param"])  # type: ignore[no-any-return]


def booked(order: PickupOrder = CN_ORDER) -> dict[str, Any]:
    return param_of(PICKUP.book.request(order, ACCOUNT, NOW, "n"))


def test_the_signature_covers_the_very_text_that_is_sent() -> None:
    """sign is the upper-case MD5 of param + t + key + secret, t in milliseconds."""
    form = form_of(PICKUP.book.request(CN_ORDER, ACCOUNT, NOW, "n"))
    signed = form["param"] + form["t"] + SECRET + "key" + SECRET + "secret"
    assert form["sign"] == hashlib.md5(signed.encode()).hexdigest().upper()
    assert form["t"] == "1795572000000"
    assert (form["method"], form["key"]) == ("bOrder", SECRET + "key")
    assert "secret" not in form


def test_an_order_says_who_what_and_when() -> None:
    assert booked() == {
        "kuaidicom": "yuantong",
        "sendManName": "张三丰",
        "sendManMobile": "13812345678",
        "sendManPrintAddr": "广东省深圳市南山区科技南十二路2号金蝶软件园B座",
        "recManName": "退货组",
        "recManMobile": "075512345678",
        "recManPrintAddr": "广东省广州市天河区华景软件园3栋",
        "cargo": "衣服",
        "weight": "1.50",
        "serviceType": "标准快递",
        "payment": "SHIPPER",
        "dayType": "今天",
        "pickupStartTime": "14:00",
        "pickupEndTime": "16:00",
        "remark": "",
        "thirdOrderId": OUR_ID,
        "callBackUrl": "https://desk.example/push/kuaidi100",
        "salt": SECRET + "salt",
    }


@pytest.mark.parametrize(("days", "word"), [(0, "今天"), (1, "明天"), (2, "后天")])
def test_the_day_is_a_word_seen_from_china(days: int, word: str) -> None:
    slot = Slot(CN_ORDER.slot.start + timedelta(days=days), CN_ORDER.slot.end + timedelta(days=days))
    assert booked(replace(CN_ORDER, slot=slot))["dayType"] == word


def test_three_days_ahead_there_is_no_word() -> None:
    slot = Slot(CN_ORDER.slot.start + timedelta(days=3), CN_ORDER.slot.end + timedelta(days=3))
    with pytest.raises(RuleError, match="today and two days more"):
        booked(replace(CN_ORDER, slot=slot))


def test_what_the_firm_sells_is_its_own_word_and_insurance_is_in_yuan() -> None:
    assert booked(replace(CN_ORDER, carrier="顺丰"))["serviceType"] == "顺丰标快"
    assert booked(replace(CN_ORDER, carrier="jd"))["serviceType"] == "特惠送"
    assert booked(replace(CN_ORDER, service="标准大件"))["serviceType"] == "标准大件"
    assert booked(replace(CN_ORDER, declared_cents=12_345))["valinsPay"] == "123.45"


LONG = replace(CN_ORDER.sender, address="路" * 101)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (replace(CN_ORDER, our_id="x" * 33), "our_id may have 32 characters, not 33"),
        (replace(CN_ORDER, parcels=2), "book each by itself"),
        (replace(CN_ORDER, carrier=""), "has no carrier"),
        (replace(CN_ORDER, sender=LONG), "an address may have 300 bytes"),
        (replace(CN_ORDER, callback_url="https://x/" + "y" * 200), "callback_url may have 200 bytes"),
    ],
)
def test_what_the_document_forbids_is_not_sent(order: PickupOrder, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        booked(order)


def read_booking(body: object) -> Booking | AlreadyBooked | Refused:
    return PICKUP.book.read(ok(body), CN_ORDER, NOW)


def test_a_booking_keeps_task_and_order_and_the_number_that_is_there() -> None:
    """Yunda sends no number at once; it comes by callback."""
    first = read_booking(kd(taskId="T", orderId="7", kuaidinum="YT1"))
    assert first == Booking(OUR_ID, "T|7", "YT1", "7", currency="CNY")
    assert read_booking(kd(taskId="T", orderId=7, kuaidinum="")) == Booking(OUR_ID, "T|7", None, "7", currency="CNY")


def test_the_same_id_twice_is_the_same_booking() -> None:
    """thirdOrderId: the second reply repeats the first; nothing in the order depends on the clock but t and the day."""
    body = kd(taskId="T", orderId="7", kuaidinum="YT1")
    assert read_booking(body) == read_booking(body)
    again = PICKUP.book.request(CN_ORDER, ACCOUNT, NOW + timedelta(minutes=5), "other")
    assert param_of(again) == booked()
    assert PICKUP.repeating.within == timedelta(hours=48)


def test_a_duplicate_without_an_answer_is_said_to_be_booked() -> None:
    assert read_booking(kd("501", "重复提交")) == AlreadyBooked(OUR_ID)


CODES = [
    ("502", "系统繁忙", Unreachable),
    ("503", "验证签名失败", AccessDenied),
    ("504", "", RateLimited),
    ("600", "非法用户", AccessDenied),
    ("601", "KEY已过期", AccessDenied),
    ("700", "回调地址错误", AccessDenied),
    ("500", "服务器错误", Unreachable),
    ("500", "账户余额不足", AccessDenied),
    ("400", "余额不足，请充值", AccessDenied),
    ("999", "?", UnreadableReply),
    ("", "", UnreadableReply),
]


@pytest.mark.parametrize(("code", "message", "error"), CODES)
def test_codes_of_the_account_and_the_source_are_errors(code: str, message: str, error: type[OutsideError]) -> None:
    for call, asked in ((PICKUP.book, CN_ORDER), (PICKUP.cancel, REFS["kuaidi100"]), (PICKUP.quote, CN_ORDER)):
        with pytest.raises(error):
            call.read(ok(kd(code, message)), asked, NOW)  # type: ignore[arg-type]


REFUSALS = [
    ("500", "当前线路未设置价格", Refusal.NO_PRICE),
    ("400", "承运快递在当前订单的寄收地因风控暂不支持下单，请更换其他快递", Refusal.OUT_OF_AREA),
    ("400", "收件人详细地址中含有的中文字符个数较少", Refusal.ADDRESS),
    ("500", "目的网点停派", Refusal.OUT_OF_AREA),
    ("400", "该区域暂时不开放", Refusal.OUT_OF_AREA),
    ("400", "大于2.49公斤,请用德邦大件360", Refusal.TOO_HEAVY),
    ("400", "kuaidiComList与serviceTypeList 参数不匹配", Refusal.OTHER),
    ("30002", "预约时间不在可选范围", Refusal.OUT_OF_HOURS),
]


@pytest.mark.parametrize(("code", "message", "reason"), REFUSALS)
def test_what_the_help_pages_quote_is_a_refusal_with_its_words(code: str, message: str, reason: Refusal) -> None:
    assert read_booking(kd(code, message)) == Refused(reason, code, message)


def test_no_phrase_is_hidden_behind_an_earlier_one() -> None:
    for n, (phrase, _) in enumerate(SAYS):
        assert not any(earlier in phrase for earlier, _ in SAYS[:n]), phrase


def test_a_quote_is_the_discounted_price_and_ends() -> None:
    quotes = PICKUP.quote.read(ok(kd(price="8.30", defPrice="10", serviceType="标准快递")), CN_ORDER, NOW)
    assert quotes == (Quote("yuantong", 830, "CNY", NOW + timedelta(minutes=30), "标准快递"),)
    assert PICKUP.quote.read(ok(kd(price=None, defPrice="10")), CN_ORDER, NOW) == Refused(Refusal.NO_PRICE)


def test_cancelling_after_collection_is_refused_and_twice_is_off_already() -> None:
    ref = REFS["kuaidi100"]
    assert param_of(PICKUP.cancel.request(ref, ACCOUNT, NOW, "n")) == {
        "taskId": "TASK",
        "orderId": "20066771",
        "cancelMsg": "商家取消",
    }
    assert PICKUP.cancel.read(ok(kd()), ref, NOW) == Cancelled(ref)
    assert PICKUP.cancel.read(ok(kd("400", "订单已取消")), ref, NOW) == Cancelled(ref, already=True)
    late = PICKUP.cancel.read(ok(kd("400", "快递员已揽收，请联系快递公司")), ref, NOW)
    assert late == Refused(Refusal.TOO_LATE, "400", "快递员已揽收，请联系快递公司")


def state_of(status: object, **data: object) -> BookingState:
    assert PICKUP.state
    state = PICKUP.state.read(ok(kd(status=status, **data)), REFS["kuaidi100"], NOW)
    assert isinstance(state, BookingState)
    return state


@pytest.mark.parametrize(("code", "status"), STATUSES.items())
def test_each_documented_state_has_its_status(code: str, status: BookingStatus) -> None:
    assert state_of(int(code)).status is status
    assert state_of(code).code == code


def test_an_unknown_state_stays_unmapped_and_none_is_unreadable() -> None:
    assert state_of(777).status is BookingStatus.UNMAPPED
    assert PICKUP.state
    with pytest.raises(UnreadableReply):
        PICKUP.state.read(ok(kd(courierName="李四")), REFS["kuaidi100"], NOW)


def test_money_counts_only_where_it_is_taken() -> None:
    """15 settles (several times, adding up) and 155 corrects; before them freight is an estimate."""
    assert state_of(10, freight="8.3", weight="1.5").charge_cents is None
    assert state_of(15, freight="8.3", weight="1.5").charge_cents == 830
    assert state_of(155, freight="9.10").charge_cents == 910
    assert state_of(15, weight="1.5").weight_g == 1500


def test_the_courier_is_named_but_in_no_repr() -> None:
    state = state_of(1, courierName="李四", courierMobile="13900001111")
    assert (state.courier_name, state.courier_phone) == ("李四", "13900001111")
    assert "李四" not in repr(state)
    assert "13900001111" not in repr(state)


def callback(sign: str | None = None, **data: object) -> bytes:
    param = json.dumps({"kuaidicom": "yunda", "kuaidinum": "YD1", "status": "200", "message": "成功", "data": data})
    honest = hashlib.md5((param + SECRET + "salt").encode()).hexdigest().upper()
    return urlencode({"taskId": "TASK", "sign": honest if sign is None else sign, "param": param}).encode()


def test_a_proven_callback_speaks_of_its_booking() -> None:
    assert PICKUP.callback
    body = callback(orderId=20066771, status=10, courierName="李四", courierMobile="139")
    assert PICKUP.callback.verify(body, {}, ACCOUNT)
    news = PICKUP.callback.read(body)
    assert news.known_as == "20066771"
    assert (news.state.status, news.state.number) == (BookingStatus.COLLECTED, "YD1")
    assert PICKUP.callback.answer.body.decode() == '{"result":true,"returnCode":"200","message":"成功"}'


FORGED = [
    callback("0" * 32, orderId=1, status=9),
    callback("", orderId=1, status=9),
    callback(orderId=1, status=9).replace(b"status%22%3A+9", b"status%22%3A+10"),
    callback(orderId=1, status=9).split(b"&sign=")[0],
    b"sign=x",
    b"\xff\xfe%",
    b"",
]


@pytest.mark.parametrize("body", FORGED)
def test_a_forged_callback_is_refused(body: bytes) -> None:
    assert PICKUP.callback
    assert PICKUP.callback.verify(body, {}, ACCOUNT) is False


def test_without_a_salt_nothing_is_proven() -> None:
    """An empty salt would make MD5(param) a proof that anybody can give."""
    assert PICKUP.callback
    bare = account_of("kuaidi100", msgspec.structs.replace(SETTINGS["kuaidi100"], salt=""))
    param = '{"data":{"orderId":1,"status":9}}'
    body = urlencode({"param": param, "sign": hashlib.md5(param.encode()).hexdigest().upper()}).encode()
    assert PICKUP.callback.verify(body, {}, bare) is False


def test_mutated_callbacks_are_read_or_unreadable() -> None:
    assert PICKUP.callback
    param = json.dumps({"data": {"orderId": 1, "status": 15, "freight": "8.3", "weight": "1"}}).encode()
    for mutated in mutations(param, Random(3), 200):
        body = urlencode({"param": mutated}).encode()
        try:
            assert PICKUP.callback.read(body).known_as
        except UnreadableReply:
            continue
    for body in (b"", b"param=", b"param={}", b"sign=1"):
        with pytest.raises(UnreadableReply):
            PICKUP.callback.read(body)


def test_an_intercept_names_what_shall_become_of_the_parcel() -> None:
    request = CALL_BACK.request(INTERCEPT, ACCOUNT, NOW, "n")
    param = param_of(request)
    assert request.url == "https://api.kuaidi100.com/label/order"
    assert form_of(request)["method"] == "interceptOrder"
    assert (param["interceptType"], param["kuaidinum"], param["orderRole"]) == ("MODIFY_ADDR", "YT2213099035201", "1")
    assert param["recManInfo"]["printAddr"] == "广东省广州市天河区华景软件园3栋"
    back = param_of(CALL_BACK.request(replace(INTERCEPT, kind=InterceptKind.RETURN_TO_SENDER), ACCOUNT, NOW, "n"))
    assert back["interceptType"] == "RETURN_SEND_ADDR"
    assert "recManInfo" not in back
    branch = replace(INTERCEPT, kind=InterceptKind.RETURN_TO_BRANCH, to=None)
    assert param_of(CALL_BACK.request(branch, ACCOUNT, NOW, "n"))["interceptType"] == "RETURN_SEND_STATION"


def test_an_intercept_that_is_not_offered_or_lacks_its_address_is_not_sent() -> None:
    with pytest.raises(RuleError, match="isn't offered"):
        CALL_BACK.request(replace(INTERCEPT, kind=InterceptKind.RETURN_TO_ADDRESS), ACCOUNT, NOW, "n")
    with pytest.raises(RuleError, match="shall go instead"):
        CALL_BACK.request(replace(INTERCEPT, to=None), ACCOUNT, NOW, "n")


def test_an_intercept_that_comes_too_late_is_refused() -> None:
    reply = ok({"success": False, "code": 400, "message": "快件已签收，无法拦截"})
    assert CALL_BACK.read(reply, INTERCEPT, NOW) == Refused(Refusal.TOO_LATE, "400", "快件已签收，无法拦截")
