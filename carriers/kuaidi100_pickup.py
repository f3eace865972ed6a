"""Kuaidi100's courier pickup (上门取件, 商家寄件, prepaid) and its intercept: one signed form for all of it.

Source: api.kuaidi100.com/document/603cb649a62a19500e19866b and the pages on slots (shang-jia-ji-jian-yu-yue) and states
(shang-jia-ji-jian-zhuang-tai-shuo-ming), as quoted in a public memo of 2026-09; the vendor's SDKs. See
docs/carriers/booking.md.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import parse_qs

import msgspec

from carriers.base import Account, AccountSettings, PushAnswer, Scalar, said, text_of
from carriers.booking import (
    QUOTE_HOLDS,
    BookingNews,
    Call,
    Callback,
    Pickup,
    Repeat,
    Repeating,
    fitting,
    hundredths,
    joined,
    kilograms,
    needed,
    offered,
    parted,
)
from carriers.kuaidi100_carriers import carrier_code
from carriers.kuaidi100_orders import ID, data_of, md5, opened, signed
from carriers.kuaidi100_pickup_tables import (
    ALREADY_CANCELLED,
    CHARGING,
    DUPLICATE,
    HOURS,
    INTERCEPTS,
    SERVICES,
    STATUSES,
)
from carriers.pickup_hours import Hours
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
MAX_OUR_ID, MAX_ADDRESS_BYTES, MAX_CALLBACK_BYTES, MAX_CANCEL_TEXT = 32, 300, 200, 30


class Kuaidi100PickupSettings(AccountSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``pickup_secret``: the account's secret (企业信息 in the console), which signs orders. ``intercept_…``: the account
    with the carrier itself (电子面单: partnerId and its companions) on whose parcels an intercept is ordered;
    ``intercept_pays``: SHIPPER, CONSIGNEE, THIRDPARTY or MONTHLY.
    """

    pickup_secret: str = ""
    pickup_url: str = "https://poll.kuaidi100.com/order/borderapi.do"
    intercept_url: str = "https://api.kuaidi100.com/label/order"
    intercept_partner_id: str = ""
    intercept_partner_key: str = ""
    intercept_partner_secret: str = ""
    intercept_partner_net: str = ""
    intercept_pays: str = "MONTHLY"


class _Settings(Protocol):
    """What is read of the account: the settings above beside Kuaidi100's own ``key``, ``salt`` and ``callback_url``."""

    key: str
    salt: str
    callback_url: str
    pickup_secret: str
    pickup_url: str
    intercept_url: str
    intercept_partner_id: str
    intercept_partner_key: str
    intercept_partner_secret: str
    intercept_partner_net: str
    intercept_pays: str


class _Data(msgspec.Struct, rename="camel"):
    """``data`` of every method, and of a callback; ``kuaidinum`` comes in two spellings."""

    task_id: Scalar = None
    order_id: Scalar = None
    kuaidinum: Scalar = None
    kuaidi_num: Scalar = None
    status: Scalar = None
    courier_name: Scalar = None
    courier_mobile: Scalar = None
    price: Scalar = None
    service_type: Scalar = None
    freight: Scalar = None
    weight: Scalar = None


class _Pushed(msgspec.Struct, rename="camel"):
    kuaidinum: Scalar = None
    message: Scalar = None
    data: _Data | None = None


# --- asking ---


def _url(account: Account) -> str:
    settings: _Settings = account.settings
    return settings.pickup_url


def _company(order: PickupOrder | Intercept) -> str:
    if not order.carrier:
        raise RuleError(f"kuaidi100: pickup {order.our_id} has no carrier: name one, such as yuantong or 圆通速递")
    return carrier_code(order.carrier) or order.carrier.strip().lower()


def _address(party: Party) -> str:
    parts = (party.region, party.city, party.district, party.address)
    return fitting(
        ID, "an address", "".join(dict.fromkeys(part.strip() for part in parts)), MAX_ADDRESS_BYTES, encoded=True
    )


def _service(order: PickupOrder) -> str:
    return order.service or SERVICES.get(_company(order), "标准快递")


DAYS = ("今天", "明天", "后天")


def _day(order: PickupOrder, now: datetime) -> str:
    away = (order.slot.start.astimezone(SHANGHAI).date() - now.astimezone(SHANGHAI).date()).days
    if not 0 <= away < len(DAYS):
        raise RuleError(f"kuaidi100: pickups can be booked for today and two days more, not for {order.slot.start}")
    return DAYS[away]


def quote_request(order: PickupOrder, account: Account, now: datetime, nonce: str) -> HttpRequest:
    """What one carrier asks for it; free of charge."""
    del nonce
    param = {
        "kuaidicom": _company(order),
        "sendManPrintAddr": _address(order.sender),
        "recManPrintAddr": _address(order.recipient),
        "weight": kilograms(order.weight_g),
        "serviceType": _service(order),
    }
    return signed(_url(account), "price", param, account, now)


def book_request(order: PickupOrder, account: Account, now: datetime, nonce: str) -> HttpRequest:
    """One order, for one parcel; ``thirdOrderId`` makes it safe to repeat for 48 hours."""
    del nonce
    settings: _Settings = account.settings
    if order.parcels != 1:
        raise RuleError(f"kuaidi100: an order is one parcel, not {order.parcels}: book each by itself")
    callback = needed(ID, "callback_url", order.callback_url or settings.callback_url, "orders need one")
    start, end = (f"{at.astimezone(SHANGHAI):%H:%M}" for at in (order.slot.start, order.slot.end))
    param = {
        "kuaidicom": _company(order),
        **_man("send", order.sender),
        **_man("rec", order.recipient),
        "cargo": order.goods,
        "weight": kilograms(order.weight_g),
        "serviceType": _service(order),
        "payment": "SHIPPER",
        "dayType": _day(order, now),
        "pickupStartTime": start,
        "pickupEndTime": end,
        "remark": order.remark,
        "thirdOrderId": fitting(ID, "our_id", order.our_id, MAX_OUR_ID),
        "callBackUrl": fitting(ID, "callback_url", callback, MAX_CALLBACK_BYTES, encoded=True),
        "salt": needed(ID, "salt", settings.salt, "it is what proves a callback"),
    }
    if order.declared_cents:
        param["valinsPay"] = f"{order.declared_cents / 100:.2f}"
    return signed(_url(account), "bOrder", param, account, now)


def _man(role: str, party: Party) -> dict[str, str]:
    return {f"{role}ManName": party.name, f"{role}ManMobile": party.phone, f"{role}ManPrintAddr": _address(party)}


def cancel_request(ref: str, account: Account, now: datetime, nonce: str) -> HttpRequest:
    del nonce
    task, order = parted(ID, ref, 2)
    param = {"taskId": task, "orderId": order, "cancelMsg": "商家取消"[:MAX_CANCEL_TEXT]}
    return signed(_url(account), "cancel", param, account, now)


def state_request(ref: str, account: Account, now: datetime, nonce: str) -> HttpRequest:
    """``detail`` knows a booking by the task alone."""
    del nonce
    task, _ = parted(ID, ref, 2)
    return signed(_url(account), "detail", {"taskId": task}, account, now)


def intercept_request(order: Intercept, account: Account, now: datetime, nonce: str) -> HttpRequest:
    """Call a parcel back that was sent on the merchant's own account with the carrier; we speak as its sender."""
    del nonce
    settings: _Settings = account.settings
    param: dict[str, object] = {
        "orderId": order.our_id,
        "kuaidicom": _company(order),
        "kuaidinum": order.number,
        "partnerId": needed(
            ID, "intercept_partner_id", settings.intercept_partner_id, "the account with the carrier itself"
        ),
        "partnerKey": settings.intercept_partner_key,
        "partnerSecret": settings.intercept_partner_secret,
        "net": settings.intercept_partner_net,
        "interceptType": offered(ID, INTERCEPTS, order.kind),
        "interceptPayType": settings.intercept_pays,
        "orderRole": "1",
        "reason": order.reason or "商家拦截",
    }
    if order.kind is InterceptKind.CHANGE_ADDRESS:
        if order.to is None:
            raise RuleError(f"kuaidi100: say where parcel {order.number} shall go instead")
        param["recManInfo"] = {"name": order.to.name, "mobile": order.to.phone, "printAddr": _address(order.to)}
    if order.callback_url:
        param |= {"callbackUrl": order.callback_url, "salt": settings.salt}
    return signed(settings.intercept_url, "interceptOrder", param, account, now)


# --- reading ---


def quote_read(reply: HttpReply, order: PickupOrder, now: datetime) -> tuple[Quote, ...] | Refused:
    answer = opened(reply)
    if isinstance(answer, Refused):
        return answer
    data = data_of(answer, _Data)
    amount = hundredths(ID, data.price)
    if amount is None:
        return Refused(Refusal.NO_PRICE)
    service = text_of(data.service_type) or _service(order)
    return (Quote(_company(order), amount, CURRENCY, now + QUOTE_HOLDS, service),)


def book_read(reply: HttpReply, order: PickupOrder, now: datetime) -> Booking | AlreadyBooked | Refused:
    """The first booking of this id, also where it is asked for again. Yunda's number comes later, by callback."""
    del now
    answer = opened(reply)
    if isinstance(answer, Refused):
        return AlreadyBooked(order.our_id) if answer.code == DUPLICATE else answer
    data = data_of(answer, _Data)
    task, known = text_of(data.task_id), text_of(data.order_id)
    if not task or not known:
        raise UnreadableReply(ID, "an order without taskId or orderId")
    return Booking(order.our_id, joined(task, known), _number(data), known, currency=CURRENCY)


def _number(data: _Data) -> str | None:
    return text_of(data.kuaidinum) or text_of(data.kuaidi_num) or None


def cancel_read(reply: HttpReply, ref: str, now: datetime) -> Cancelled | Refused:
    """Before collection it is free. Afterwards only the carrier itself can help."""
    del now
    answer = opened(reply)
    if isinstance(answer, Refused):
        off = any(word in answer.text for word in ALREADY_CANCELLED)
        return Cancelled(ref, already=True) if off else answer
    return Cancelled(ref)


def _state(data: _Data, text: str) -> BookingState:
    code = text_of(data.status)
    kg = hundredths(ID, data.weight)
    return BookingState(
        status=STATUSES.get(code, BookingStatus.UNMAPPED),
        code=code,
        text=text,
        number=_number(data),
        courier_name=text_of(data.courier_name),
        courier_phone=text_of(data.courier_mobile),
        charge_cents=hundredths(ID, data.freight) if code in CHARGING else None,
        weight_g=None if kg is None else kg * 10,
    )


def state_read(reply: HttpReply, ref: str, now: datetime) -> BookingState | Refused:
    del ref, now
    answer = opened(reply)
    if isinstance(answer, Refused):
        return answer
    data = data_of(answer, _Data)
    if not text_of(data.status):
        raise UnreadableReply(ID, "a booking without a status")
    return _state(data, text_of(answer.message))


def intercept_read(reply: HttpReply, order: Intercept, now: datetime) -> Intercepted | Refused:
    del now
    answer = opened(reply)
    return answer if isinstance(answer, Refused) else Intercepted(order.number)


# --- being called ---


def verify(body: bytes, headers: Mapping[str, str], account: Account) -> bool:
    """Whether the form's ``sign`` is MD5(param + salt). Without a salt nothing is proven."""
    del headers
    settings: _Settings = account.settings
    form = _form(body)
    if not settings.salt or "sign" not in form or "param" not in form:
        return False
    return hmac.compare_digest(md5(form["param"] + settings.salt).encode(), form["sign"].strip().upper().encode())


def _form(body: bytes) -> dict[str, str]:
    pairs = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in pairs.items()}


def proven(body: bytes) -> bytes:
    """The part of a callback that ``sign`` covers; anybody could change the rest of the form."""
    return _form(body).get("param", "").encode()


def read_callback(body: bytes) -> BookingNews:
    """What a callback's ``param`` says of an order. Raises UnreadableReply."""
    param = _form(body).get("param")
    pushed = said(ID, (param if param is not None else "").encode(), _Pushed)
    data = pushed.data
    if data is None or not text_of(data.order_id) or not text_of(data.status):
        raise UnreadableReply(ID, "a callback without orderId or status")
    data.kuaidinum = data.kuaidinum or pushed.kuaidinum
    return BookingNews(text_of(data.order_id), _state(data, text_of(pushed.message)))


# --- when ---


def hours(order: PickupOrder) -> Hours:
    """Raises RuleError for a carrier that the product doesn't book."""
    return offered(ID, HOURS, _company(order))


PICKUP = Pickup(
    quote=Call(quote_request, quote_read),
    book=Call(book_request, book_read),
    cancel=Call(cancel_request, cancel_read),
    state=Call(state_request, state_read),
    hours=hours,
    repeating=Repeating(
        Repeat.SAME_BOOKING,
        "the vendor's SDK: thirdOrderId gives the first order's reply within 48 hours, and books again after that",
        within=timedelta(hours=48),
    ),
    callback=Callback(
        verify=verify,
        read=read_callback,
        proven=proven,
        answer=PushAnswer(
            200,
            {"content-type": "application/json; charset=utf-8"},
            '{"result":true,"returnCode":"200","message":"成功"}'.encode(),
        ),
    ),
)

INTERCEPT = Call(intercept_request, intercept_read)
