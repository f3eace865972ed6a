"""Booking SF's courier through its gateway (丰桥), and calling a parcel back (截单转寄退回).

Source: copies of the documents of EXP_RECE_CREATE_ORDER, EXP_RECE_UPDATE_ORDER, EXP_RECE_SEARCH_ORDER_RESP,
EXP_RECE_QUERY_DELIVERTM and EXP_RECE_WANTED_INTERCEPT, and connectors written after them. See docs/carriers/booking.md.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, Protocol

import msgspec

from carriers.base import Account, AccountSettings, Scalar, text_of
from carriers.booking import QUOTE_HOLDS, Call, Pickup, Repeat, Repeating, fitting, hundredths, needed, offered
from carriers.pickup_hours import Hours, hourly
from carriers.sf_gateway import ID, Result, nested, opened, signed
from carriers.sf_pickup_errors import BUSINESS, CANCELLED, DUPLICATE, SAYS
from carriers.times import SHANGHAI
from domain.booking import (
    AlreadyBooked,
    Booking,
    BookingState,
    BookingStatus,
    Cancelled,
    Intercept,
    Intercepted,
    InterceptKind,
    Party,
    PickupOrder,
    Quote,
    Refusal,
    Refused,
)
from domain.errors import RuleError, UnreadableReply
from net.http import HttpReply, HttpRequest

CURRENCY = "CNY"
MAX_OUR_ID, MAX_PARCELS, MAX_REMARK = 64, 307, 100


class SfPickupSettings(AccountSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``month_card`` (月结卡号) is what pickups and intercepts are charged to; ``pickup_paid_by`` whose it is: the
    customer's side of a return (sender), the warehouse's (recipient), or a third party's.
    """

    month_card: str = ""
    pickup_paid_by: Literal["sender", "recipient", "third"] = "recipient"
    express_type: int = 2


class _Settings(Protocol):
    month_card: str
    pickup_paid_by: str
    express_type: int


class _Waybill(msgspec.Struct, rename="camel"):
    waybill_type: Scalar = None
    waybill_no: Scalar = None


class _Order(msgspec.Struct, rename="camel"):
    """The answer to placing, changing and looking for an order."""

    order_id: Scalar = None
    filter_result: Scalar = None
    res_status: Scalar = None
    remark: Scalar = None
    waybill_no_info_list: list[_Waybill] | None = None


class _Price(msgspec.Struct, rename="camel"):
    business_type: Scalar = None
    business_type_desc: Scalar = None
    fee: Scalar = None


class _Prices(msgspec.Struct, rename="camel"):
    deliver_tm_dto: list[_Price] | None = None


class _Caught(msgspec.Struct, rename="camel"):
    cus_id: Scalar = None
    amount: Scalar = None


# --- asking ---

PAY_METHOD: Mapping[str, int] = MappingProxyType({"sender": 1, "recipient": 2, "third": 3})
"""payMethod of an order."""


def _service(order: PickupOrder, settings: _Settings) -> int:
    """expressTypeId: the order's own, else the account's. 1 特快, 2 标快."""
    if order.service and not order.service.isdecimal():
        raise RuleError(f"sf: service is an expressTypeId such as 2, not {order.service!r}")
    return int(order.service) if order.service else settings.express_type


def quote_request(order: PickupOrder, account: Account, now: datetime, nonce: str) -> HttpRequest:
    """Time and price of a way, before anything is booked."""
    settings: _Settings = account.settings
    message = {
        "businessType": str(_service(order, settings)),
        "weight": max(round(order.weight_g / 1000, 2), 0.01),
        "consignedTime": _clock(order.slot.start),
        "searchPrice": "1",
        "srcAddress": _place(order.sender),
        "destAddress": _place(order.recipient),
    }
    if settings.month_card:
        message["monthlyCard"] = settings.month_card
    return signed("EXP_RECE_QUERY_DELIVERTM", message, account, now, nonce)


def _place(party: Party) -> dict[str, str]:
    return {"province": party.region, "city": party.city, "district": party.district, "address": party.address}


def _clock(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def book_request(order: PickupOrder, account: Account, now: datetime, nonce: str) -> HttpRequest:
    """An order with the courier called (isDocall) for the start of the slot."""
    settings: _Settings = account.settings
    if order.parcels > MAX_PARCELS:
        raise RuleError(f"sf: an order has {MAX_PARCELS} parcels at most, not {order.parcels}")
    message = {
        "language": "zh-CN",
        "orderId": fitting(ID, "our_id", order.our_id, MAX_OUR_ID),
        "contactInfoList": [_contact(1, order.sender), _contact(2, order.recipient)],
        "cargoDetails": [_cargo(order)],
        "expressTypeId": _service(order, settings),
        "payMethod": PAY_METHOD[settings.pickup_paid_by],
        "parcelQty": order.parcels,
        "totalWeight": max(round(order.weight_g / 1000, 3), 0.001),
        "isDocall": 1,
        "sendStartTm": _clock(order.slot.start),
        "remark": fitting(ID, "remark", order.remark, MAX_REMARK),
    }
    if settings.pickup_paid_by == "third":
        needed(ID, "month_card", settings.month_card, "a third party pays by it")
    if settings.month_card:
        message["monthlyCard"] = settings.month_card
    return signed("EXP_RECE_CREATE_ORDER", message, account, now, nonce)


def _contact(role: int, party: Party) -> dict[str, object]:
    """Role 1 (contactType) is the sender, 2 the recipient."""
    return {
        "contactType": role,
        "contact": party.name,
        "mobile": party.phone,
        "company": party.company,
        "country": party.country,
        "province": party.region,
        "city": party.city,
        "county": party.district,
        "address": party.address,
    }


def _cargo(order: PickupOrder) -> dict[str, object]:
    """``amount`` is the declared value of one piece, in yuan."""
    cargo: dict[str, object] = {"name": order.goods, "count": order.parcels}
    if order.declared_cents:
        cargo["amount"] = round(order.declared_cents / 100 / order.parcels, 2)
    return cargo


def find_request(our_id: str, account: Account, now: datetime, nonce: str) -> HttpRequest:
    """Look for an order of ours: what SF offers for an answer that got lost."""
    message = {"orderId": our_id, "searchType": "1", "language": "zh-CN"}
    return signed("EXP_RECE_SEARCH_ORDER_RESP", message, account, now, nonce)


def cancel_request(ref: str, account: Account, now: datetime, nonce: str) -> HttpRequest:
    """With dealType 2 it cancels; a booking's ref is our own order id."""
    message = {"orderId": ref, "dealType": 2, "language": "zh-CN", "waybillNoInfoList": []}
    return signed("EXP_RECE_UPDATE_ORDER", message, account, now, nonce)


INTERCEPTS: Mapping[InterceptKind, str] = MappingProxyType(
    {
        InterceptKind.RETURN_TO_ADDRESS: "2",  # 退回
        InterceptKind.RETURN_TO_SENDER: "2",
        InterceptKind.CHANGE_ADDRESS: "1",  # 转寄
    }
)
"""serviceCode. Both want the address, also for going back to the sender."""


def intercept_request(order: Intercept, account: Account, now: datetime, nonce: str) -> HttpRequest:
    """We speak as the sender (role 1) and pay by our month card (payMode 4)."""
    settings: _Settings = account.settings
    service = offered(ID, INTERCEPTS, order.kind)
    if order.to is None:
        raise RuleError(f"sf: say where parcel {order.number} shall go: SF wants the address, also of the sender")
    message = {
        "waybillNo": order.number,
        "serviceCode": service,
        "role": "1",
        "payMode": "4",
        "monthlyCardNo": needed(ID, "month_card", settings.month_card, "an intercept is paid by it"),
        "newDestAddress": {
            "province": order.to.region,
            "city": order.to.city,
            "county": order.to.district,
            "address": order.to.address,
            "contact": order.to.name,
            "phone": order.to.phone,
        },
    }
    return signed("EXP_RECE_WANTED_INTERCEPT", message, account, now, nonce)


# --- failures ---


def _refused(result: Result) -> Refused:
    """Raises the OutsideError that a code stands for. A code that is in no list is refused as other, verbatim."""
    code, message = result.code, text_of(result.error_msg)
    kind = BUSINESS.get(code) or next((kind for word, kind in SAYS if word in message), Refusal.OTHER)
    if isinstance(kind, Refusal):
        if not code and not message:
            raise UnreadableReply(ID, "neither success nor an error code")
        return Refused(kind, code, message)
    raise kind(ID, f"{code} {message}")


# --- reading ---


def quote_read(reply: HttpReply, order: PickupOrder, now: datetime) -> tuple[Quote, ...] | Refused:
    """One quote per product. Without a price (null) the way is served but the account isn't told what it costs."""
    del order
    result = opened(reply)
    if not result.succeeded:
        return _refused(result)
    prices = nested(result.msg_data, _Prices).deliver_tm_dto or []
    return tuple(_quote(price, now) for price in prices) or Refused(Refusal.NO_PRICE)


def _quote(price: _Price, now: datetime) -> Quote:
    return Quote(ID, hundredths(ID, price.fee), CURRENCY, now + QUOTE_HOLDS, text_of(price.business_type))


MASTER = "1"
"""waybillType of the number that stands for all parcels of an order; 2 is a child, 3 a signed receipt."""

IMPOSSIBLE = "3"
"""filterResult: 1 somebody decides by hand, 2 will be fetched, 3 can't be fetched or delivered."""


def book_read(reply: HttpReply, order: PickupOrder, now: datetime) -> Booking | AlreadyBooked | Refused:
    del now
    result = opened(reply)
    if result.code == DUPLICATE:
        return AlreadyBooked(order.our_id)
    return _booked(result, order.our_id) if result.succeeded else _refused(result)


def find_read(reply: HttpReply, our_id: str, now: datetime) -> Booking | Refused:
    del now
    result = opened(reply)
    return _booked(result, our_id) if result.succeeded else _refused(result)


def _booked(result: Result, our_id: str) -> Booking | Refused:
    order = _mine(result, our_id)
    if text_of(order.filter_result) == IMPOSSIBLE:
        return Refused(Refusal.OUT_OF_AREA, IMPOSSIBLE, text_of(order.remark))
    return Booking(our_id, our_id, _number(order), our_id, currency=CURRENCY)


def _mine(result: Result, our_id: str) -> _Order:
    order = nested(result.msg_data, _Order)
    if text_of(order.order_id) != our_id:
        raise UnreadableReply(ID, f"the reply doesn't mention order {our_id}")
    return order


def _number(order: _Order) -> str | None:
    waybills = order.waybill_no_info_list or []
    return next((text_of(w.waybill_no) or None for w in waybills if text_of(w.waybill_type) == MASTER), None)


def cancel_read(reply: HttpReply, ref: str, now: datetime) -> Cancelled | Refused:
    """Its resStatus 2 is done, 1 that order and waybill don't belong together."""
    del now
    result = opened(reply)
    if result.code in CANCELLED:
        return Cancelled(ref, already=True)
    if not result.succeeded:
        return _refused(result)
    order = _mine(result, ref)
    status = text_of(order.res_status)
    return Cancelled(ref) if status == "2" else Refused(Refusal.NUMBER, status, text_of(order.remark))


FILTERED: Mapping[str, BookingStatus] = MappingProxyType(
    {"1": BookingStatus.PLACED, "2": BookingStatus.PLACED, "3": BookingStatus.FAILED}
)
"""filterResult as a status. That the courier came shows in the parcel's routes (opCode 50, 54) alone."""


def state_read(reply: HttpReply, ref: str, now: datetime) -> BookingState | Refused:
    del now
    result = opened(reply)
    if result.code in CANCELLED:
        return BookingState(BookingStatus.CANCELLED, result.code, text_of(result.error_msg))
    if not result.succeeded:
        return _refused(result)
    order = _mine(result, ref)
    code = text_of(order.filter_result)
    status = FILTERED.get(code, BookingStatus.UNMAPPED)
    return BookingState(status, code, text_of(order.remark), number=_number(order))


def intercept_read(reply: HttpReply, order: Intercept, now: datetime) -> Intercepted | Refused:
    """A success has no body, or what it costs."""
    del now
    result = opened(reply)
    if not result.succeeded:
        return _refused(result)
    caught = nested(result.msg_data, _Caught)
    return Intercepted(order.number, text_of(caught.cus_id), hundredths(ID, caught.amount))


HOURS = Hours(
    windows=hourly(9, 22),
    source="slots of one hour from 9 to 22, as Kuaidi100's page on SF has them; 70 minutes ahead, as SF's 8267 has it for "
    "a changed time. SF's own answer per address (EXP_EXCE_CHECK_PICKUP_TIME) isn't asked",
    days_ahead=2,
    before_start=timedelta(minutes=70),
)

PICKUP = Pickup(
    quote=Call(quote_request, quote_read),
    book=Call(book_request, book_read),
    cancel=Call(cancel_request, cancel_read),
    state=Call(find_request, state_read),
    find=Call(find_request, find_read),
    hours=lambda order: HOURS,  # noqa: ARG005
    repeating=Repeating(
        Repeat.REFUSES, "8016: an orderId can be used once; EXP_RECE_SEARCH_ORDER_RESP finds the order"
    ),
)

INTERCEPT = Call(intercept_request, intercept_read)
