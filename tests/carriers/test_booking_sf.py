"""SF's pickups: the signed message, each business code, orders found again, and calling a parcel back."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest
from booking_support import INTERCEPT, NOW, OUR_ID, SETTINGS, SF_ORDER, SF_PLACED, account_of, sf
from carrier_support import SECRET, ok

from carriers.sf_gateway import GATEWAY, digest
from carriers.sf_pickup import INTERCEPT as CALL_BACK
from carriers.sf_pickup import PICKUP
from carriers.sf_pickup_errors import BUSINESS
from domain.booking import (
    AlreadyBooked,
    Booking,
    BookingState,
    BookingStatus,
    Cancelled,
    Intercepted,
    InterceptKind,
    Quote,
    Refusal,
    Refused,
)
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError, Unreachable, UnreadableReply
from net.http import HttpRequest

ACCOUNT = account_of("sf")
BOOKED = Booking(OUR_ID, OUR_ID, "SF7444", OUR_ID, currency="CNY")


def form_of(request: HttpRequest) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body.decode(), keep_blank_values=True).items()}


def message_of(request: HttpRequest) -> dict[str, Any]:
    return json.loads(form_of(request)["msgData"])  # type: ignore[no-any-return]


def test_the_documented_vector_is_reproduced() -> None:
    """The gateway overview's Java sample."""
    message = '{"language":"zh-CN","orderId":"QIAO-20200618-004"}'
    checkword = "fjcg5PGKaNpPSHFAZ4QsCOkV71R3zVci"
    assert digest(message, "12312334453453", checkword) == "IIKJtuLVzoFTu4kHI8M8vA=="


def test_the_digest_covers_the_very_message_that_is_sent() -> None:
    form = form_of(PICKUP.book.request(SF_ORDER, ACCOUNT, NOW, "n1"))
    assert form["msgDigest"] == digest(form["msgData"], form["timestamp"], SECRET + "checkword")
    assert (form["serviceCode"], form["requestID"], form["partnerID"]) == ("EXP_RECE_CREATE_ORDER", "n1", "PARTNER")


def test_an_order_calls_the_courier_for_the_start_of_the_slot() -> None:
    message = message_of(PICKUP.book.request(replace(SF_ORDER, declared_cents=12_000, parcels=2), ACCOUNT, NOW, "n"))
    assert message["orderId"] == OUR_ID
    assert (message["isDocall"], message["sendStartTm"]) == (1, "2026-11-25 14:00:00")
    assert (message["payMethod"], message["monthlyCard"], message["expressTypeId"]) == (2, "7551234567", 2)
    assert (message["parcelQty"], message["totalWeight"]) == (2, 1.5)
    assert message["cargoDetails"] == [{"name": "衣服", "count": 2, "amount": 60.0}]
    sender, recipient = message["contactInfoList"]
    assert (sender["contactType"], sender["contact"], sender["county"]) == (1, "张三丰", "南山区")
    assert (recipient["contactType"], recipient["city"]) == (2, "广州市")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parcels": 308}, "307 parcels at most"),
        ({"our_id": "x" * 65}, "our_id may have 64"),
        ({"service": "fast"}, "expressTypeId"),
        ({"remark": "轻" * 101}, "remark may have 100"),
    ],
)
def test_what_the_document_forbids_is_not_sent(change: dict[str, Any], message: str) -> None:
    with pytest.raises(RuleError, match=message):
        PICKUP.book.request(replace(SF_ORDER, **change), ACCOUNT, NOW, "n")


def test_a_third_party_pays_by_a_month_card_only() -> None:
    bare = msgspec.structs.replace(SETTINGS["sf"], month_card="", pickup_paid_by="third")
    with pytest.raises(RuleError, match="sf: set month_card"):
        PICKUP.book.request(SF_ORDER, account_of("sf", bare), NOW, "n")


def test_the_master_number_stands_for_all_parcels() -> None:
    waybills = [{"waybillType": 2, "waybillNo": "SF1001"}, {"waybillType": "1", "waybillNo": "SF7444"}]
    assert PICKUP.book.read(ok(sf({**SF_PLACED, "waybillNoInfoList": waybills})), SF_ORDER, NOW) == BOOKED
    manual = {**SF_PLACED, "filterResult": 1, "waybillNoInfoList": []}
    assert PICKUP.book.read(ok(sf(manual)), SF_ORDER, NOW) == replace(BOOKED, number=None)


def test_where_sf_does_not_go_is_refused_inside_a_success() -> None:
    """filterResult 3: neither fetched nor delivered."""
    refused = PICKUP.book.read(ok(sf({**SF_PLACED, "filterResult": 3, "remark": "超范围"})), SF_ORDER, NOW)
    assert refused == Refused(Refusal.OUT_OF_AREA, "3", "超范围")


def test_an_id_used_before_is_a_booking_that_must_be_looked_for() -> None:
    assert PICKUP.book.read(ok(sf(None, "8016", "重复下单")), SF_ORDER, NOW) == AlreadyBooked(OUR_ID)
    assert PICKUP.find
    assert message_of(PICKUP.find.request(OUR_ID, ACCOUNT, NOW, "n"))["orderId"] == OUR_ID
    assert PICKUP.find.read(ok(sf(SF_PLACED)), OUR_ID, NOW) == BOOKED
    missing = PICKUP.find.read(ok(sf(None, "8018", "未获取到订单信息")), OUR_ID, NOW)
    assert missing == Refused(Refusal.NOT_FOUND, "8018", "未获取到订单信息")


def test_an_answer_about_another_order_is_unreadable() -> None:
    with pytest.raises(UnreadableReply):
        PICKUP.book.read(ok(sf({**SF_PLACED, "orderId": "R-other"})), SF_ORDER, NOW)


@pytest.mark.parametrize(("code", "kind"), BUSINESS.items())
def test_each_business_code_is_a_refusal_or_an_error(code: str, kind: Refusal | type[OutsideError]) -> None:
    reply = ok(sf(None, code, "原话"))
    if isinstance(kind, Refusal):
        assert PICKUP.book.read(reply, SF_ORDER, NOW) == Refused(kind, code, "原话")
        return
    with pytest.raises(kind):
        PICKUP.book.read(reply, SF_ORDER, NOW)


def test_the_codes_named_by_the_documents_mean_what_they_say() -> None:
    assert BUSINESS["8096"] is Refusal.OUT_OF_HOURS
    assert BUSINESS["8177"] is Refusal.CAPACITY
    assert BUSINESS["8196"] is Refusal.PHONE
    assert BUSINESS["8247"] is Refusal.NUMBER
    assert BUSINESS["20035"] is Refusal.PROHIBITED
    assert BUSINESS["8252"] is Refusal.TOO_LATE


@pytest.mark.parametrize(("code", "error"), GATEWAY.items())
def test_each_gateway_code_is_its_error(code: str, error: type[OutsideError]) -> None:
    with pytest.raises(error):
        PICKUP.book.read(ok({"apiResultCode": code, "apiErrorMsg": "x"}), SF_ORDER, NOW)


def test_a_repeated_request_is_tried_again_after_a_minute() -> None:
    """A1007 is about the request's own id, not about the order."""
    with pytest.raises(RateLimited) as caught:
        PICKUP.book.read(ok({"apiResultCode": "A1007", "apiErrorMsg": "重复请求"}), SF_ORDER, NOW)
    assert caught.value.retry_after_s == 60


UNLISTED = [
    ("70001", "系统繁忙", Unreachable),
    ("70001", "访问频繁", RateLimited),
    ("70001", "月结卡号有误", AccessDenied),
]


@pytest.mark.parametrize(("code", "message", "error"), UNLISTED)
def test_an_unlisted_code_is_read_by_its_message(code: str, message: str, error: type[OutsideError]) -> None:
    with pytest.raises(error):
        PICKUP.book.read(ok(sf(None, code, message)), SF_ORDER, NOW)


def test_an_unknown_code_is_refused_as_other_with_its_words() -> None:
    assert PICKUP.book.read(ok(sf(None, "70001", "?")), SF_ORDER, NOW) == Refused(Refusal.OTHER, "70001", "?")


def test_a_quote_per_product_and_none_without_a_price() -> None:
    products = [
        {"businessType": "2", "fee": 18},
        {"businessType": "1", "fee": "23.5"},
        {"businessType": "6", "fee": None},
    ]
    quotes = PICKUP.quote.read(ok(sf({"deliverTmDto": products})), SF_ORDER, NOW)
    until = NOW + timedelta(minutes=30)
    amounts = [("2", 1800), ("1", 2350), ("6", None)]
    assert quotes == tuple(Quote("sf", amount, "CNY", until, service) for service, amount in amounts)
    assert PICKUP.quote.read(ok(sf({"deliverTmDto": []})), SF_ORDER, NOW) == Refused(Refusal.NO_PRICE)
    message = message_of(PICKUP.quote.request(SF_ORDER, ACCOUNT, NOW, "n"))
    assert (message["searchPrice"], message["weight"], message["monthlyCard"]) == ("1", 1.5, "7551234567")
    assert message["srcAddress"]["district"] == "南山区"


def test_cancelling_twice_is_off_already_and_too_late_is_refused() -> None:
    message = message_of(PICKUP.cancel.request(OUR_ID, ACCOUNT, NOW, "n"))
    assert (message["orderId"], message["dealType"]) == (OUR_ID, 2)
    assert PICKUP.cancel.read(ok(sf({**SF_PLACED, "resStatus": 2})), OUR_ID, NOW) == Cancelled(OUR_ID)
    for code in ("8037", "8253"):
        assert PICKUP.cancel.read(ok(sf(None, code, "已消单")), OUR_ID, NOW) == Cancelled(OUR_ID, already=True)
    late = PICKUP.cancel.read(ok(sf(None, "8252", "订单已确认")), OUR_ID, NOW)
    assert late == Refused(Refusal.TOO_LATE, "8252", "订单已确认")
    odd = PICKUP.cancel.read(ok(sf({**SF_PLACED, "resStatus": 1})), OUR_ID, NOW)
    assert odd == Refused(Refusal.NUMBER, "1")


STATES = [(1, BookingStatus.PLACED), (2, BookingStatus.PLACED), (3, BookingStatus.FAILED), (9, BookingStatus.UNMAPPED)]


@pytest.mark.parametrize(("code", "status"), STATES)
def test_an_order_tells_whether_it_will_be_fetched_never_that_it_was(code: int, status: BookingStatus) -> None:
    assert PICKUP.state
    state = PICKUP.state.read(ok(sf({**SF_PLACED, "filterResult": code})), OUR_ID, NOW)
    assert state == BookingState(status, str(code), number="SF7444")


def test_a_cancelled_order_says_so_as_an_error_code() -> None:
    assert PICKUP.state
    state = PICKUP.state.read(ok(sf(None, "8037", "已消单")), OUR_ID, NOW)
    assert state == BookingState(BookingStatus.CANCELLED, "8037", "已消单")


KINDS = [
    (InterceptKind.CHANGE_ADDRESS, "1"),
    (InterceptKind.RETURN_TO_SENDER, "2"),
    (InterceptKind.RETURN_TO_ADDRESS, "2"),
]


@pytest.mark.parametrize(("kind", "code"), KINDS)
def test_an_intercept_is_a_redirection_or_a_return_to_an_address(kind: InterceptKind, code: str) -> None:
    message = message_of(CALL_BACK.request(replace(INTERCEPT, kind=kind), ACCOUNT, NOW, "n"))
    assert (message["serviceCode"], message["role"], message["payMode"]) == (code, "1", "4")
    assert message["newDestAddress"]["address"] == "华景软件园3栋"


def test_an_intercept_without_an_address_or_to_a_branch_is_not_sent() -> None:
    with pytest.raises(RuleError, match="SF wants the address"):
        CALL_BACK.request(replace(INTERCEPT, to=None), ACCOUNT, NOW, "n")
    with pytest.raises(RuleError, match="isn't offered"):
        CALL_BACK.request(replace(INTERCEPT, kind=InterceptKind.RETURN_TO_BRANCH), ACCOUNT, NOW, "n")


def test_an_intercept_succeeds_with_nothing_or_with_what_it_costs() -> None:
    assert CALL_BACK.read(ok(sf(None)), INTERCEPT, NOW) == Intercepted(INTERCEPT.number)
    costs = CALL_BACK.read(ok(sf({"cusId": "C1", "amount": "12"})), INTERCEPT, NOW)
    assert costs == Intercepted(INTERCEPT.number, "C1", 1200)
    refused = CALL_BACK.read(ok(sf(None, "8247", "运单号错误")), INTERCEPT, NOW)
    assert refused == Refused(Refusal.NUMBER, "8247", "运单号错误")
