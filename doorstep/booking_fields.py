"""What is asked of a carrier's courier, as domain values: one parser for the API and for the command line, telling every
fault of a body at once. Fields: docs/formats.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.booking import Intercept, InterceptKind, Party, PickupOrder, Slot
from domain.errors import RuleError
from domain.shipment import Customer
from doorstep.intake_fields import Fields, body_of
from doorstep.intake_values import MAX_CENTS, instant, order_reference, reference, text_of, tracking_number, whole

PICKUP = (
    "id", "source", "account", "carrier", "service", "order", "sender", "recipient", "slot", "zone", "goods", "weight_g",
    "parcels", "declared_cents", "remark",
)  # fmt: skip
PARTY = (
    "name", "phone", "address", "city", "region", "district", "postcode", "country", "company", "residential",
)  # fmt: skip
INTERCEPT = ("id", "number", "what", "source", "account", "carrier", "reason", "to")
MAX_WEIGHT_G, MAX_PARCELS = 1_000_000, 999
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
NO_CUSTOMER = Customer()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Where:
    """Through whom: a source and an account, '' where that is left to us; ``carrier`` as it was named."""

    source: str
    account: str
    carrier: str


@dataclass(frozen=True, slots=True)
class AskedPickup:
    """``any_slot``: no time was named, the order's slot only stands in."""

    order: PickupOrder
    where: Where
    order_ref: str | None
    any_slot: bool


@dataclass(frozen=True, slots=True)
class AskedIntercept:
    order: Intercept
    where: Where


def booking_id(raw: Mapping[str, Any], key: str) -> str:
    """Our id of a booking: ``id`` of the body, else the Idempotency-Key. Raises RuleError."""
    given = text_of(raw.get("id"))
    if given and key and given != key:
        raise RuleError(f"id: the body says {given!r}, the Idempotency-Key {key!r}: say it once")
    return id_of(given or key)


def id_of(value: Any) -> str:
    text = text_of(value)
    if not text:
        raise RuleError(
            "id: is missing: give each pickup an id of yours (or an Idempotency-Key), the same one when asked again"
        )
    if not _ID.fullmatch(text):
        raise RuleError(f"id: {text!r} must be 1 to 64 letters, digits, dots, hyphens or underscores")
    return text


def parse_pickup(
    raw: Mapping[str, Any], our_id: str, now: datetime, *, zone: ZoneInfo, customer: Customer = NO_CUSTOMER
) -> AskedPickup:
    """An order of the API's fields. What the sender doesn't say is taken from ``customer``, the order's own. Times without
    an offset are in the order's ``zone``, by default the shop's. Raises RowError with every fault.
    """
    f = Fields(body_of(raw), PICKUP)
    own_zone = f.read("zone", _zone, zone)
    known = {"name": customer.name, "phone": customer.phone, "address": customer.address, "district": customer.district}
    sender, recipient = _party(f, "sender", known), _party(f, "recipient", {})
    soon = Slot(now, now + timedelta(hours=1))
    slot = f.read("slot", lambda value: _slot(value, own_zone), soon)
    goods = f.needed("goods", text_of, "?")
    weight_g = f.needed("weight_g", lambda v: whole(v, least=1, most=MAX_WEIGHT_G), 1)
    parcels = f.read("parcels", lambda v: whole(v, least=1, most=MAX_PARCELS), 1)
    declared = f.read("declared_cents", lambda v: whole(v, least=0, most=MAX_CENTS), None)
    service, remark = f.text("service"), f.text("remark")
    where, order_ref = _where(f), f.read("order", order_reference, None)
    f.finish()
    assert sender is not None
    assert recipient is not None
    order = PickupOrder(
        our_id, sender, recipient, slot, own_zone, goods, weight_g, parcels, declared, where.carrier, service, remark
    )
    return AskedPickup(order, where, order_ref, any_slot=not f.has("slot"))


def parse_intercept(raw: Mapping[str, Any], our_id: str) -> AskedIntercept:
    """A parcel to be called back. Raises RowError with every fault."""
    f = Fields(body_of(raw), INTERCEPT)
    number = f.needed("number", tracking_number, "")
    kind = f.needed("what", _kind, InterceptKind.RETURN_TO_SENDER)
    to = _party(f, "to", {}) if f.has("to") else None
    if kind is InterceptKind.RETURN_TO_SENDER and to is not None:
        kind = InterceptKind.RETURN_TO_ADDRESS
    where = _where(f)
    f.finish()
    return AskedIntercept(Intercept(our_id, number, kind, f.text("reason"), where.carrier, to), where)


KINDS = {
    "return": InterceptKind.RETURN_TO_SENDER,
    "branch": InterceptKind.RETURN_TO_BRANCH,
    "address": InterceptKind.CHANGE_ADDRESS,
}
"""What people call what shall become of a parcel; a return with an address goes there."""


def _kind(value: Any) -> InterceptKind:
    text = text_of(value)
    if text not in KINDS:
        raise RuleError(f"{text!r} is none of {', '.join(KINDS)}")
    return KINDS[text]


def _where(f: Fields) -> Where:
    return Where(f.text("source"), f.text("account"), f.text("carrier"))


def _zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(text_of(value))
    except (ZoneInfoNotFoundError, ValueError) as exc:
        raise RuleError(f"unknown time zone {text_of(value)!r}; write it like Asia/Shanghai") from exc


def _party(f: Fields, name: str, known: Mapping[str, str]) -> Party | None:
    """A party; what it leaves open is taken from what is ``known``. Its faults are named under its field."""
    raw = f.raw.get(name)
    if not isinstance(raw, Mapping):
        f.note(name, "is missing: give {name, phone, address, city, region, district, postcode, country, company}")
        return None
    inner = Fields(raw, PARTY)
    texts = {
        key: inner.text(key) or known.get(key, "") for key in PARTY if key not in {"residential", "country", "phone"}
    }
    country = inner.read("country", _country, "CN")
    phone = inner.read("phone", reference, known.get("phone", ""))
    residential = raw.get("residential", True)
    if not isinstance(residential, bool):
        inner.note("residential", "must be true or false")
    for key in ("name", "address", "city"):
        if not texts[key].strip():
            inner.note(key, "is missing: the courier needs it")
    if not phone.strip():
        inner.note("phone", "is missing: the courier needs it")
    if inner.problems:
        f.problems += [replace(p, field=f"{name}.{p.field}") for p in inner.problems]
        return None
    return Party(**texts, phone=phone, country=country, residential=residential is True)


def _country(value: Any) -> str:
    text = text_of(value).upper()
    if not _COUNTRY.fullmatch(text):
        raise RuleError(f"{text!r} is no country; write its two letters (ISO 3166), like CN")
    return text


_RANGE = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})[T ](\d{1,2}:\d{2})\s*[/~-]\s*(\d{1,2}:\d{2})", re.ASCII)


def _slot(value: Any, zone: ZoneInfo) -> Slot:
    """``2026-11-25T14:00/16:00``, two whole times with a slash between them, or {from, to}."""
    if isinstance(value, Mapping):
        return Slot(instant(value.get("from"), zone), instant(value.get("to"), zone))
    text = text_of(value)
    if found := _RANGE.fullmatch(text):
        day, start, end = found.groups()
        return Slot(instant(f"{day} {start}", zone), instant(f"{day} {end}", zone))
    start, slash, end = text.partition("/")
    if not slash:
        raise RuleError(f"{text!r} is no slot; write it like 2026-11-25T14:00/16:00")
    return Slot(instant(start, zone), instant(end, zone))
