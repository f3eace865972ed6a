"""Booking FedEx's courier (Pickup Request API v1). Nothing protects against booking twice, and no booking can be asked for.

Source: developer.fedex.com/api/en-us/catalog/pickup/docs.html, its schema as kept by public client libraries, and
Karrio's connector. See docs/carriers/booking.md.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo
from decimal import Decimal
from types import MappingProxyType
from typing import Protocol
from urllib.parse import urlencode

import msgspec

from carriers.base import (
    Account,
    AccountSettings,
    Scalar,
    Token,
    TokenFlow,
    raise_for_status,
    retry_after_s,
    said,
    text_of,
)
from carriers.booking import QUOTE_HOLDS, Call, Pickup, Repeat, Repeating, fitting, joined, needed, offered, parted
from carriers.fedex_pickup_errors import CANCELLED, ERRORS, EXISTS, PARTS
from carriers.pickup_hours import WORKDAYS, Hours
from domain.booking import AlreadyBooked, Booking, Cancelled, Party, PickupOrder, Quote, Refusal, Refused, Slot
from domain.errors import AccessDenied, RateLimited, RuleError, UnreadableReply
from net.http import HttpReply, HttpRequest

ID = "fedex"
EXPRESS, GROUND = "FDXE", "FDXG"
MAX_PARCELS, MAX_REMARK = 99, 60
MAX_TOKEN_S = 86_400
GRAMS_PER_POUND = Decimal("453.59237")


class FedexPickupSettings(AccountSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``account_number``: the shipping account that pickups are charged to. ``pickup_client_id`` and
    ``pickup_client_secret``: a project with the Pickup Request API; FedEx keeps tracking and shipping projects apart.
    """

    account_number: str = ""
    pickup_client_id: str = ""
    pickup_client_secret: str = ""


class _Settings(Protocol):
    base_url: str
    locale: str
    account_number: str
    pickup_client_id: str
    pickup_client_secret: str


class _Fault(msgspec.Struct):
    code: Scalar = None
    message: Scalar = None


class _Duration(msgspec.Struct):
    hours: int = 0
    minutes: int = 0


class _Option(msgspec.Struct, rename="camel"):
    """One carrier on one day. Times are wall clock of the pickup's postal code."""

    carrier: Scalar = None
    available: bool | None = None
    pickup_date: Scalar = None
    cut_off_time: Scalar = None
    access_time: _Duration | str | None = None
    ready_time_options: list[Scalar] | None = None
    latest_time_options: list[Scalar] | None = None


class _Output(msgspec.Struct, rename="camel"):
    options: list[_Option] | None = None
    pickup_confirmation_code: Scalar = None
    location: Scalar = None


class _Reply(msgspec.Struct):
    output: _Output | None = None
    errors: list[_Fault] | None = None


class _Token(msgspec.Struct):
    access_token: str
    expires_in: int = 3600


# --- asking ---


def token_request(account: Account, now: datetime) -> HttpRequest:
    """OAuth 2 client credentials of the project that may book."""
    del now
    settings: _Settings = account.settings
    why = "a project with the Pickup Request API"
    fields = {
        "grant_type": "client_credentials",
        "client_id": needed(ID, "pickup_client_id", settings.pickup_client_id, why),
        "client_secret": needed(ID, "pickup_client_secret", settings.pickup_client_secret, why),
    }
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return HttpRequest("POST", settings.base_url + "/oauth/token", headers, urlencode(fields).encode())


def token_read(reply: HttpReply, now: datetime) -> Token:
    """The token and its end. Raises AccessDenied where the project's key is refused, which FedEx also does with 400."""
    if reply.status == 400:
        raise AccessDenied(ID, "HTTP 400 for the token: pickup_client_id or pickup_client_secret")
    raise_for_status(ID, reply)
    token = said(ID, reply.body, _Token)
    return Token(token.access_token, now + timedelta(seconds=min(max(token.expires_in, 0), MAX_TOKEN_S)))


def _json(method: str, path: str, body: object, account: Account, nonce: str) -> HttpRequest:
    settings: _Settings = account.settings
    if account.token is None:
        raise RuleError("fedex: get a token before booking")
    headers = {
        "content-type": "application/json",
        "authorization": f"Bearer {account.token.value}",
        "x-locale": settings.locale,
        "x-customer-transaction-id": nonce,
    }
    return HttpRequest(method, settings.base_url + path, headers, msgspec.json.encode(body))


def _account_number(account: Account) -> dict[str, str]:
    settings: _Settings = account.settings
    return {"value": needed(ID, "account_number", settings.account_number, "the account that pays")}


def _code(order: PickupOrder) -> str:
    """Express unless the order says Ground."""
    return order.service or EXPRESS


def _address(party: Party) -> dict[str, object]:
    return {
        "streetLines": [party.address],
        "city": party.city,
        "stateOrProvinceCode": party.region,
        "postalCode": party.postcode,
        "countryCode": party.country,
        "residential": party.residential,
    }


def _relation(order: PickupOrder) -> str:
    return "DOMESTIC" if order.sender.country == order.recipient.country else "INTERNATIONAL"


def _day_type(order: PickupOrder, now: datetime) -> str:
    today = now.astimezone(order.zone).date()
    return "SAME_DAY" if order.slot.start.astimezone(order.zone).date() == today else "FUTURE_DAY"


SERVICE_TYPES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        (EXPRESS, "DOMESTIC"): "STANDARD_OVERNIGHT",
        (EXPRESS, "INTERNATIONAL"): "INTERNATIONAL_PRIORITY",
        (GROUND, "DOMESTIC"): "FEDEX_GROUND",
        (GROUND, "INTERNATIONAL"): "FEDEX_GROUND",
    }
)
"""What a question of availability must name. One service stands for its company: couriers come for all of them."""


def quote_request(order: PickupOrder, account: Account, now: datetime, nonce: str) -> HttpRequest:
    """When a courier can come: FedEx names cut-offs and access times by postal code, and no price."""
    ready, close = (at.astimezone(order.zone) for at in (order.slot.start, order.slot.end))
    body = {
        "pickupAddress": _address(order.sender),
        "pickupRequestType": [_day_type(order, now)],
        "dispatchDate": f"{ready:%Y-%m-%d}",
        "packageReadyTime": f"{ready:%H:%M:%S}",
        "customerCloseTime": f"{close:%H:%M:%S}",
        "pickupType": "ON_CALL",
        "carriers": [_code(order)],
        "countryRelationship": _relation(order),
        "shipmentAttributes": {"serviceType": offered(ID, SERVICE_TYPES, (_code(order), _relation(order)))},
    }
    return _json("POST", "/pickup/v1/pickups/availabilities", body, account, nonce)


def book_request(order: PickupOrder, account: Account, now: datetime, nonce: str) -> HttpRequest:
    """``readyDateTimestamp`` is the wall clock of the pickup's place: its Z is no zone, FedEx ignores what stands there."""
    if order.parcels > MAX_PARCELS:
        raise RuleError(f"fedex: a pickup has {MAX_PARCELS} parcels at most, not {order.parcels}")
    ready, close = (at.astimezone(order.zone) for at in (order.slot.start, order.slot.end))
    contact = {"personName": order.sender.name, "phoneNumber": order.sender.phone}
    if order.sender.company:
        contact["companyName"] = order.sender.company
    body = {
        "associatedAccountNumber": _account_number(account),
        "originDetail": {
            "pickupAddressType": "OTHER",
            "pickupLocation": {"contact": contact, "address": _address(order.sender)},
            "readyDateTimestamp": f"{ready:%Y-%m-%dT%H:%M:%S}Z",
            "customerCloseTime": f"{close:%H:%M:%S}",
            "pickupDateType": _day_type(order, now),
            "packageLocation": "FRONT",
        },
        "carrierCode": _code(order),
        "packageCount": order.parcels,
        "totalWeight": {"units": "LB", "value": float(round(max(order.weight_g / GRAMS_PER_POUND, Decimal("0.1")), 1))},
        "pickupType": "ON_CALL",
        "countryRelationships": _relation(order),
        "commodityDescription": order.goods,
        "remarks": fitting(ID, "our_id and remark", f"{order.our_id} {order.remark}".strip(), MAX_REMARK),
    }
    return _json("POST", "/pickup/v1/pickups", body, account, nonce)


def cancel_request(ref: str, account: Account, now: datetime, nonce: str) -> HttpRequest:
    """Express wants the station's code too, which booking returned."""
    del now
    number, day, code, location = parted(ID, ref, 4)
    body = {
        "associatedAccountNumber": _account_number(account),
        "pickupConfirmationCode": number,
        "scheduledDate": day,
        "carrierCode": code,
        "location": location,
        "remarks": "cancelled by the shipper",
    }
    return _json("PUT", "/pickup/v1/pickups/cancel", body, account, nonce)


# --- failures ---

ENVELOPE_STATUSES = frozenset({200, 400, 404, 422})
"""Statuses whose body says more than the status."""


def _opened(reply: HttpReply) -> _Output | Refused:
    raise_for_status(ID, reply, ok=ENVELOPE_STATUSES)
    whole = said(ID, reply.body, _Reply)
    if whole.errors:
        return _refused(whole.errors[0], reply)
    raise_for_status(ID, reply)
    if whole.output is None:
        raise UnreadableReply(ID, "neither output nor errors")
    return whole.output


def _refused(fault: _Fault, reply: HttpReply) -> Refused:
    """A code that nothing is known of is refused as other, verbatim."""
    code, message = text_of(fault.code).strip(), text_of(fault.message)
    kind = ERRORS.get(code) or next((kind for part, kind in PARTS if part in code.upper()), Refusal.OTHER)
    if isinstance(kind, Refusal):
        return Refused(kind, code, message)
    if kind is RateLimited:
        raise RateLimited(ID, f"{code} {message}", retry_after_s=retry_after_s(reply))
    raise kind(ID, f"{code} {message}")


# --- reading ---


def quote_read(reply: HttpReply, order: PickupOrder, now: datetime) -> tuple[Quote, ...] | Refused:
    """The days and hours on which the courier can come, one quote a day. None at all: FedEx can't."""
    opened = _opened(reply)
    if isinstance(opened, Refused):
        return opened
    quotes = [_quote(option, order, now) for option in opened.options or () if option.available]
    return tuple(quote for quote in quotes if quote) or Refused(Refusal.TOO_LATE)


def _quote(option: _Option, order: PickupOrder, now: datetime) -> Quote | None:
    """``cutOffTime`` is the latest ready time of the day; booking for it ends then at the latest."""
    cut_off = _instant(option.pickup_date, option.cut_off_time, order.zone)
    valid_until = now + QUOTE_HOLDS if cut_off is None else min(now + QUOTE_HOLDS, cut_off)
    if valid_until <= now:
        return None
    slot = _slot(option, order.zone, cut_off)
    return Quote(ID, None, "", valid_until, text_of(option.carrier) or _code(order), (slot,) if slot else ())


def _slot(option: _Option, zone: tzinfo, cut_off: datetime | None) -> Slot | None:
    """From the first ready time to the last closing time of the day, where the courier's access time fits in."""
    readies = [_instant(option.pickup_date, at, zone) for at in option.ready_time_options or ()]
    closes = [_instant(option.pickup_date, at, zone) for at in option.latest_time_options or ()]
    ready = min((at for at in readies if at and (cut_off is None or at <= cut_off)), default=None)
    close = max((at for at in closes if at), default=None)
    if ready is None or close is None or close - ready < max(_access(option.access_time), timedelta(minutes=1)):
        return None
    return Slot(ready, close)


_ACCESS = re.compile(r"PT(?:(\d{1,2})H)?(?:(\d{1,3})M)?", re.ASCII)


def _access(value: _Duration | str | None) -> timedelta:
    """Hours and minutes, in an object (the schema) or in a text such as PT4H0M (the guide)."""
    if isinstance(value, _Duration):
        return timedelta(hours=min(abs(value.hours), 24), minutes=min(abs(value.minutes), 1440))
    found = _ACCESS.fullmatch(value or "")
    return timedelta(hours=int(found[1] or 0), minutes=int(found[2] or 0)) if found else timedelta(0)


def _instant(day: Scalar, clock: Scalar, zone: tzinfo) -> datetime | None:
    """A day and a wall clock of the pickup's place; None where either is missing. Raises UnreadableReply."""
    if not text_of(day) or not text_of(clock):
        return None
    try:
        at = datetime.combine(datetime.fromisoformat(text_of(day)).date(), time.fromisoformat(text_of(clock)), zone)
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableReply(ID, f"not a time: {text_of(day)!r} {text_of(clock)!r}") from None


def book_read(reply: HttpReply, order: PickupOrder, now: datetime) -> Booking | AlreadyBooked | Refused:
    del now
    opened = _opened(reply)
    if isinstance(opened, Refused):
        return AlreadyBooked(order.our_id) if opened.code == EXISTS else opened
    number = text_of(opened.pickup_confirmation_code)
    if not number:
        raise UnreadableReply(ID, "a pickup without pickupConfirmationCode")
    day = f"{order.slot.start.astimezone(order.zone):%Y-%m-%d}"
    ref = joined(number, day, _code(order), text_of(opened.location))
    return Booking(order.our_id, ref, known_as=number)


def cancel_read(reply: HttpReply, ref: str, now: datetime) -> Cancelled | Refused:
    del now
    opened = _opened(reply)
    if isinstance(opened, Refused):
        return Cancelled(ref, already=True) if opened.code == CANCELLED else opened
    if not text_of(opened.pickup_confirmation_code):
        raise UnreadableReply(ID, "a cancellation without pickupConfirmationCode")
    return Cancelled(ref)


# --- when ---

_GUIDE = "the guide; cut-off and access time are by postal code, ask for a quote. 8 to 18 o'clock is a house rule"

HOURS: Mapping[str, Hours] = MappingProxyType(
    {
        EXPRESS: Hours(((time(8), time(18)),), _GUIDE + ". Same or next business day", 1, days=WORKDAYS),
        GROUND: Hours(
            ((time(8), time(18)),), _GUIDE + ". Next business day, up to two weeks ahead", 10, 1, days=WORKDAYS
        ),
    }
)


def hours(order: PickupOrder) -> Hours:
    """What can be offered without asking; FedEx's own answer is in a quote's slots."""
    return offered(ID, HOURS, _code(order))


PICKUP = Pickup(
    quote=Call(quote_request, quote_read),
    book=Call(book_request, book_read),
    cancel=Call(cancel_request, cancel_read),
    hours=hours,
    repeating=Repeating(Repeat.BOOKS_AGAIN, "the guide knows no key of repeating and no way to ask for a pickup"),
    token=TokenFlow(token_request, token_read),
)
