"""Booking UPS's courier (Pickup API v2409): on-call pickups, known by their PRN.

Source: UPS-API/api-documentation, Pickup.yaml. See docs/carriers/booking.md.
"""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Protocol

import msgspec

from carriers.base import Account, AccountSettings, raise_for_status, retry_after_s, said, text_of
from carriers.booking import QUOTE_HOLDS, Call, Pickup, Repeat, Repeating, fitting, hundredths, needed
from carriers.pickup_hours import WORKDAYS, Hours
from carriers.ups_pickup_wire import Created, Fault, Pending, Pendings, Rate, Reply
from domain.booking import (
    AlreadyBooked,
    Booking,
    BookingState,
    BookingStatus,
    Cancelled,
    PickupOrder,
    Quote,
    Refusal,
    Refused,
)
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError, Unreachable, UnreadableReply
from net.http import HttpReply, HttpRequest

ID = "ups"
VERSION = "v2409"
MAX_OUR_ID, MAX_REMARK, MAX_COMPANY, MAX_NAME, MAX_STREET, MAX_PIECES = 35, 57, 27, 22, 73, 999
OVERWEIGHT_G = 32_000  # 70 lbs or 32 kg a package
GRAMS_PER_POUND = Decimal("453.59237")
POUNDS = frozenset({"US", "PR"})


class UpsPickupSettings(AccountSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``shipper_number`` and ``shipper_country``: the account that pickups are charged to. ``pickup_payment``: 01 that
    account, 00 where a pickup is free.
    """

    shipper_number: str = ""
    shipper_country: str = "US"
    pickup_payment: str = "01"


class _Settings(Protocol):
    base_url: str
    transaction_source: str
    shipper_number: str
    shipper_country: str
    pickup_payment: str


# --- asking ---


def _call(method: str, path: str, account: Account, nonce: str, body: object = None, **more: str) -> HttpRequest:
    settings: _Settings = account.settings
    if account.token is None:
        raise RuleError("ups: get a token before booking")
    headers = {
        "authorization": f"Bearer {account.token.value}",
        "transid": nonce[:32],
        "transactionsrc": settings.transaction_source,
        **more,
    }
    if body is None:
        return HttpRequest(method, settings.base_url + path, headers)
    return HttpRequest(
        method, settings.base_url + path, {**headers, "content-type": "application/json"}, msgspec.json.encode(body)
    )


def _shipper(account: Account) -> dict[str, str]:
    settings: _Settings = account.settings
    number = needed(ID, "shipper_number", settings.shipper_number, "the account that pays")
    return {"AccountNumber": number, "AccountCountryCode": settings.shipper_country}


def _when(order: PickupOrder) -> dict[str, str]:
    """Ready and close are the wall clock of the pickup's place."""
    ready, close = (at.astimezone(order.zone) for at in (order.slot.start, order.slot.end))
    if ready.date() != close.date():
        raise RuleError(f"ups: a pickup begins and ends on one day, not {ready} to {close}")
    return {"PickupDate": f"{ready:%Y%m%d}", "ReadyTime": f"{ready:%H%M}", "CloseTime": f"{close:%H%M}"}


def _place(order: PickupOrder) -> dict[str, object]:
    sender = order.sender
    return {
        "AddressLine": fitting(ID, "an address", sender.address, MAX_STREET),
        "City": sender.city,
        "StateProvince": sender.region,
        "PostalCode": sender.postcode,
        "CountryCode": sender.country,
        "ResidentialIndicator": "Y" if sender.residential else "N",
    }


def quote_request(order: PickupOrder, account: Account, now: datetime, nonce: str) -> HttpRequest:
    """What the courier's coming costs on that very day (ServiceDateOption 03)."""
    del now
    rate = {
        "ShipperAccount": _shipper(account),
        "PickupAddress": _place(order),
        "AlternateAddressIndicator": "Y",
        "ServiceDateOption": "03",
        "PickupDateInfo": _when(order),
    }
    return _call("POST", f"/api/shipments/{VERSION}/pickup/oncall", account, nonce, {"PickupRateRequest": rate})


def book_request(order: PickupOrder, account: Account, now: datetime, nonce: str) -> HttpRequest:
    """An on-call pickup with our id as its reference. Names are cut to what UPS's label takes."""
    del now
    settings: _Settings = account.settings
    if order.parcels > MAX_PIECES:
        raise RuleError(f"ups: a pickup has {MAX_PIECES} parcels at most, not {order.parcels}")
    contact = {
        "CompanyName": (order.sender.company or order.sender.name)[:MAX_COMPANY],
        "ContactName": order.sender.name[:MAX_NAME],
        "Phone": {"Number": order.sender.phone},
    }
    creation = {
        "RatePickupIndicator": "Y",
        "Shipper": {"Account": _shipper(account)},
        "PickupDateInfo": _when(order),
        "PickupAddress": {**contact, **_place(order)},
        "AlternateAddressIndicator": "Y",
        "PickupPiece": [_piece(order)],
        "TotalWeight": _weight(order),
        "OverweightIndicator": "Y" if order.weight_g > OVERWEIGHT_G * order.parcels else "N",
        "PaymentMethod": settings.pickup_payment,
        "ReferenceNumber": fitting(ID, "our_id", order.our_id, MAX_OUR_ID),
    }
    if order.remark:
        creation["SpecialInstruction"] = fitting(ID, "remark", order.remark, MAX_REMARK)
    body = {"PickupCreationRequest": creation}
    return _call("POST", f"/api/pickupcreation/{VERSION}/pickup", account, nonce, body)


def _piece(order: PickupOrder) -> dict[str, str]:
    """Packages (01) by Ground (003) unless the order names another service."""
    return {
        "ServiceCode": (order.service or "3").zfill(3),
        "Quantity": str(order.parcels),
        "DestinationCountryCode": order.recipient.country,
        "ContainerCode": "01",
    }


def _weight(order: PickupOrder) -> dict[str, str]:
    pounds = order.sender.country in POUNDS
    weight = Decimal(order.weight_g) / (GRAMS_PER_POUND if pounds else 1000)
    return {"Weight": f"{max(weight, Decimal('0.1')):.1f}", "UnitOfMeasurement": "LBS" if pounds else "KGS"}


def cancel_request(ref: str, account: Account, now: datetime, nonce: str) -> HttpRequest:
    """By PRN (02)."""
    del now
    return _call("DELETE", f"/api/shipments/{VERSION}/pickup/02", account, nonce, prn=ref)


def pending_request(asked: str, account: Account, now: datetime, nonce: str) -> HttpRequest:
    """All pickups of the account that are still open: UPS can't be asked for one."""
    del asked, now
    number = _shipper(account)["AccountNumber"]
    return _call("GET", f"/api/shipments/{VERSION}/pickup/oncall", account, nonce, accountnumber=number)


# --- failures ---

ERRORS: Mapping[str, type[OutsideError]] = MappingProxyType(
    {
        "250002": AccessDenied,
        "250003": AccessDenied,
        "251004": AccessDenied,  # token expired
        "10401": AccessDenied,
        "10429": RateLimited,
    }
)
"""Codes of the gateway, the same for every API."""

SAYS: tuple[tuple[str, Refusal | type[OutsideError]], ...] = (
    ("too many requests", RateLimited),
    ("temporarily unavailable", Unreachable),
    ("try again later", Unreachable),
    ("account number", AccessDenied),
    ("call by time", Refusal.TOO_LATE),
    ("too late", Refusal.TOO_LATE),
    ("already completed", Refusal.TOO_LATE),
    ("cannot be cancel", Refusal.TOO_LATE),
    ("lead time", Refusal.TOO_SHORT),
    ("close time", Refusal.OUT_OF_HOURS),
    ("ready time", Refusal.OUT_OF_HOURS),
    ("pickup date", Refusal.OUT_OF_HOURS),
    ("holiday", Refusal.OUT_OF_HOURS),
    ("postal code", Refusal.ADDRESS),
    ("address", Refusal.ADDRESS),
    ("phone", Refusal.PHONE),
    ("prn", Refusal.NOT_FOUND),
)
"""Words of messages, lower case: Pickup.yaml names no codes of its own, so a code alone decides nothing."""

ALREADY_CANCELLED = ("already cancel", "already been cancel")

ENVELOPE_STATUSES = frozenset({200, 400, 404, 422})
"""Statuses whose body says more than the status."""


def _opened(reply: HttpReply) -> Reply | Refused:
    raise_for_status(ID, reply, ok=ENVELOPE_STATUSES)
    whole = said(ID, reply.body, Reply)
    faults = (whole.response.errors if whole.response else None) or []
    if faults:
        return _refused(faults[0], reply)
    raise_for_status(ID, reply)
    return whole


def _refused(fault: Fault, reply: HttpReply) -> Refused:
    """What nothing is known of is refused as other, verbatim."""
    code, message = text_of(fault.code).strip(), text_of(fault.message)
    kind = ERRORS.get(code) or next((kind for word, kind in SAYS if word in message.lower()), Refusal.OTHER)
    if isinstance(kind, Refusal):
        return Refused(kind, code, message)
    if kind is RateLimited:
        raise RateLimited(ID, f"{code} {message}", retry_after_s=retry_after_s(reply))
    raise kind(ID, f"{code} {message}")


# --- reading ---


def quote_read(reply: HttpReply, order: PickupOrder, now: datetime) -> tuple[Quote, ...] | Refused:
    opened = _opened(reply)
    if isinstance(opened, Refused):
        return opened
    rate = opened.pickup_rate_response.rate_result if opened.pickup_rate_response else None
    amount = _amount(rate)
    if rate is None or amount is None:
        return Refused(Refusal.NO_PRICE)
    return (Quote(ID, amount, text_of(rate.currency_code), now + QUOTE_HOLDS, order.service, (order.slot,)),)


def _amount(rate: Rate | None) -> int | None:
    """The account's own price where it has one, else the general one."""
    if rate is None:
        return None
    own = hundredths(ID, rate.grand_total_of_all_incented_charge)
    return hundredths(ID, rate.grand_total_of_all_charge) if own is None else own


def book_read(reply: HttpReply, order: PickupOrder, now: datetime) -> Booking | AlreadyBooked | Refused:
    """The PRN: the same one where a pickup of that address stands already, even one of another order."""
    del now
    opened = _opened(reply)
    if isinstance(opened, Refused):
        return opened
    created = opened.pickup_creation_response or Created()
    prn = text_of(created.prn)
    if not prn:
        raise UnreadableReply(ID, "a pickup without PRN")
    rate = created.rate_result
    currency = text_of(rate.currency_code) if rate else ""
    return Booking(order.our_id, prn, known_as=prn, charge_cents=_amount(rate), currency=currency)


def cancel_read(reply: HttpReply, ref: str, now: datetime) -> Cancelled | Refused:
    del now
    opened = _opened(reply)
    if isinstance(opened, Refused):
        off = any(words in opened.text.lower() for words in ALREADY_CANCELLED)
        return Cancelled(ref, already=True) if off else opened
    if opened.pickup_cancel_response is None:
        raise UnreadableReply(ID, "a cancellation without PickupCancelResponse")
    return Cancelled(ref)


STATUSES: Mapping[str, tuple[str, BookingStatus]] = MappingProxyType(
    {
        "001": ("received at dispatch", BookingStatus.PLACED),
        "002": ("dispatched to driver", BookingStatus.ACCEPTED),
        "003": ("order successfully completed", BookingStatus.COLLECTED),
        "004": ("order unsuccessfully completed", BookingStatus.FAILED),
        "005": ("missed commit", BookingStatus.INFO),  # the driver gave a new time
        "007": ("cancelled", BookingStatus.CANCELLED),
        "012": ("your pickup request is being processed", BookingStatus.PLACED),
    }
)
"""The list under PickupStatusMessage. 008 (invalid order status) says nothing and stays unmapped."""


def _pending(opened: Reply) -> list[Pending]:
    """A single pickup comes as an object."""
    status = (opened.pickup_pending_status_response or Pendings()).pending_status
    return [status] if isinstance(status, Pending) else status or []


def _status(code: str, message: str) -> BookingStatus:
    """By code; where it is missing, by the words that the list has for it."""
    if code in STATUSES:
        return STATUSES[code][1]
    said_so = (status for words, status in STATUSES.values() if message.lower().startswith(words))
    return next(said_so, BookingStatus.UNMAPPED) if not code else BookingStatus.UNMAPPED


def _status_of(pending: Pending) -> BookingStatus:
    return _status(text_of(pending.on_call_status_code), text_of(pending.pickup_status_message))


OVER = frozenset({BookingStatus.CANCELLED, BookingStatus.FAILED})


def state_read(reply: HttpReply, ref: str, now: datetime) -> BookingState | Refused:
    """Only pickups of today and tomorrow are listed: not being there says neither collected nor cancelled."""
    del now
    opened = _opened(reply)
    if isinstance(opened, Refused):
        return opened
    pending = next((one for one in _pending(opened) if text_of(one.prn) == ref), None)
    if pending is None:
        return Refused(Refusal.NOT_FOUND)
    code, message = text_of(pending.on_call_status_code), text_of(pending.pickup_status_message)
    return BookingState(_status_of(pending), code, message)


def find_read(reply: HttpReply, our_id: str, now: datetime) -> Booking | Refused:
    """By the reference that booking gave it; one that was cancelled or missed is none."""
    del now
    opened = _opened(reply)
    if isinstance(opened, Refused):
        return opened
    mine = (one for one in _pending(opened) if text_of(one.reference_number) == our_id)
    prn = next((text_of(one.prn) for one in mine if _status_of(one) not in OVER), "")
    return Booking(our_id, prn, known_as=prn) if prn else Refused(Refusal.NOT_FOUND)


HOURS = Hours(
    windows=((time(9), time(18)),),
    source="a house rule: UPS's own call-by and lead times are by address and shown only by its refusal",
    days_ahead=5,
    before_end=timedelta(hours=2),
    least=timedelta(hours=2),
    days=WORKDAYS,
)

PICKUP = Pickup(
    quote=Call(quote_request, quote_read),
    book=Call(book_request, book_read),
    cancel=Call(cancel_request, cancel_read),
    state=Call(pending_request, state_read),
    find=Call(pending_request, find_read),
    hours=lambda order: HOURS,  # noqa: ARG005
    repeating=Repeating(Repeat.SAME_BOOKING, "Pickup.yaml: the same PRN where a pickup of the address stands already"),
)
