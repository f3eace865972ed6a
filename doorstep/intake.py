"""What merchants send, as domain values: one parser for the API and for files, telling every fault of a row at once.

Fields and formats: docs/import.md. Unknown fields are passed over, unless they look like a slip of a known one.
"""

import difflib
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from config.words import LANGS, texts
from domain.errors import RuleError
from domain.goods import Measures
from domain.pickup import ReturnReason, Want
from domain.returns import ReturnItem
from domain.shipment import Customer, DeliveryWish, Item, Order, Shipment
from doorstep.intake_fields import FieldProblem, Fields, RowError, body_of
from doorstep.intake_values import (
    MAX_CENTS,
    MAX_TEXT,
    cents_of_text,
    coordinate,
    instant,
    order_reference,
    reference,
    text_of,
    tracking_number,
    whole,
)
from scheduler.request import Asked

MAX_ITEMS = 200
MAX_QTY = 10_000
MAX_PIECE_G, MAX_PIECE_ML = 1_000_000, 10_000_000
MAX_AHEAD = timedelta(days=400)  # a promise or a ship-by time further off is a slip of the year

SHOP_ZONE = ZoneInfo("Asia/Shanghai")  # what [doorstep] timezone is unless it says otherwise

CarrierCode = Callable[[str], tuple[str, str] | tuple[str, str, str] | None]
"""A carrier's name or code, in any language, to (source to ask, carrier code[, region]); None where nobody knows it. The
region counts where the destination isn't known. May raise RuleError to say more.
"""


@dataclass(frozen=True, slots=True)
class ReturnRequest:
    """A return as it was asked for, and the phone to call before the pickup ('' keeps the order's)."""

    asked: Asked
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Dispute:
    """A customer says that something is wrong; one of ``order`` and ``number`` says with what. ``at`` aware UTC."""

    order: str | None
    number: str | None
    type: str
    text: str
    at: datetime


# ---- orders --------------------------------------------------------------------------------------------------------

ORDER = (
    "order", "items", "currency", "customer", "phone", "email", "address", "district", "lat", "lon", "shop", "ship_by",
    "created_at", "picked_up_at", "settled_at",
)  # fmt: skip
ORDER_NEWS = ("picked_up_at", "settled_at")
ITEM = ("sku", "name", "qty", "price_cents", "price", "amount", "category", "no_return_agreed", "weight_g", "volume_ml")
_CURRENCY = re.compile(r"[A-Z]{3}")


def parse_order(raw: Mapping[str, Any], now: datetime, *, zone: ZoneInfo = SHOP_ZONE) -> Order:
    """An order of the API's fields; times without an offset are in ``zone``. Raises RowError with every fault."""
    f = Fields(body_of(raw), ORDER)
    ref = f.needed("order", order_reference, "")
    items = _items(f)
    order = Order(
        ref=ref,
        items=items,
        created_at=f.read("created_at", lambda v: instant(v, zone), now),
        shop=f.text("shop"),
        currency=f.read("currency", currency_of, "CNY"),
        ship_by=f.read("ship_by", lambda v: _near(instant(v, zone, end_of_day=True), now), None),
        customer=_customer(f),
    )
    f.finish()
    return order


def parse_order_news(raw: Mapping[str, Any], now: datetime, *, zone: ZoneInfo = SHOP_ZONE) -> dict[str, datetime]:
    """What became of an order beside its parcels: ``picked_up_at`` (fetched by the customer at a shop) and ``settled_at``
    (after-sales are done). Raises RowError.
    """
    f = Fields(body_of({name: raw[name] for name in ORDER_NEWS if name in raw}), ORDER_NEWS)
    found = {name: f.read(name, lambda v: _past(instant(v, zone), now), None) for name in ORDER_NEWS if f.has(name)}
    f.finish()
    return {name: at for name, at in found.items() if at is not None}


def _past(at: datetime, now: datetime) -> datetime:
    if at > now:
        raise RuleError(f"{at:%Y-%m-%d %H:%M} is still to come: say it once it has happened")
    return at


def _near(at: datetime, now: datetime) -> datetime:
    if at > now + MAX_AHEAD:
        raise RuleError(f"{at:%Y-%m-%d} is more than {MAX_AHEAD.days} days ahead: check the year")
    return at


def currency_of(value: Any) -> str:
    text = text_of(value).upper()
    code = {"人民币": "CNY", "RMB": "CNY", "¥": "CNY", "元": "CNY"}.get(text, text)
    if not _CURRENCY.fullmatch(code):
        raise RuleError(f"{text!r} is no currency; write its three letters (ISO 4217), like CNY")
    return code


def _customer(f: Fields) -> Customer:
    lat = f.read("lat", lambda v: coordinate(v, limit=90), None)
    lon = f.read("lon", lambda v: coordinate(v, limit=180), None)
    if f.has("lat") != f.has("lon"):
        f.note("lon" if f.has("lat") else "lat", "is missing: give both coordinates or none")
    return Customer(
        name=f.text("customer"),
        phone=f.read("phone", reference, ""),
        email=f.text("email"),
        address=f.text("address"),
        district=f.text("district"),
        lat=lat,
        lon=lon,
        located="given" if lat is not None and lon is not None else "",
    )


def _items(f: Fields) -> tuple[Item, ...]:
    raw = f.raw.get("items")
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_ITEMS:
        f.note("items", f"must be a list of 1 to {MAX_ITEMS} items, each {{sku, name, qty, price_cents, category}}")
        return ()
    items = [f.attempt("items", partial(_item_or_none, one, f"items[{i}]"), None) for i, one in enumerate(raw, 1)]
    skus = [item.sku for item in items if item]
    for sku in sorted({sku for sku in skus if skus.count(sku) > 1}):
        f.note("items", f"{sku} is there twice: add up its qty")
    return tuple(item for item in items if item)


def _item_or_none(raw: object, where: str) -> Item | None:
    return parse_item(raw, where)


def parse_item(raw: object, where: str) -> Item:
    """One line of an order; a file says its price in the main unit (``price``, or ``amount`` of the whole line)."""
    f = Fields(body_of(raw), ITEM)
    sku = f.read("sku", reference, "") or f.text("name")
    if not sku:
        f.note("sku", "is missing")
    qty = f.read("qty", lambda v: whole(v, least=1, most=MAX_QTY), 1)
    agreed = text_of(f.raw.get("no_return_agreed")).lower() in YES
    measures = Measures(
        f.read("weight_g", lambda v: whole(v, least=1, most=MAX_PIECE_G), None),
        f.read("volume_ml", lambda v: whole(v, least=1, most=MAX_PIECE_ML), None),
    )
    item = Item(sku, f.text("name") or sku, qty, _price(f, qty), f.text("category"), agreed, measures)
    if f.problems:
        raise RowError(FieldProblem(f"{where}.{p.field}", p.message) for p in f.problems)
    return item


def _price(f: Fields, qty: int) -> int:
    if f.has("price_cents"):
        return f.read("price_cents", lambda v: whole(v, least=0, most=MAX_CENTS), 0)
    if f.has("price"):
        return f.read("price", cents_of_text, 0)
    amount = f.needed("amount", cents_of_text, 0) if "amount" in f.raw else f.needed("price_cents", cents_of_text, 0)
    if amount % qty:
        f.note("amount", f"{amount / 100:.2f} can't be split over {qty} pieces: give the price of one")
    return amount // qty


# ---- shipments -----------------------------------------------------------------------------------------------------

SHIPMENT = (
    "order", "carrier", "service", "number", "promised_at", "origin", "destination", "region", "account", "created_at",
    "instruction", "delivery_wish",
)  # fmt: skip
NOBODY = ("", "", "")


def missing_carrier(number: str) -> None:
    """Nobody knows whose a bare number is."""
    del number


WISHES: Mapping[str, DeliveryWish] = {
    **dict.fromkeys(("door", "door_only", "doorstep", "送货上门", "上门", "必须上门", "派送上门", "勿放驿站", "勿放快递柜", "仅本人签收", "本人签收"), DeliveryWish.DOOR),
    **dict.fromkeys(("anywhere", "any", "均可", "都可以", "可放驿站", "可放快递柜", "可代收", "驿站", "快递柜"), DeliveryWish.ANYWHERE),
}  # fmt: skip
"""What shops write in this column."""


def parse_wish(raw: Mapping[str, Any]) -> DeliveryWish | None:
    """What the customer consented to, None where it isn't said. Raises RowError."""
    f = Fields(body_of(raw), SHIPMENT)
    said = f.text("delivery_wish").strip().lower()
    wish = WISHES.get(said)
    if said and wish is None:
        f.note("delivery_wish", f"{said[:40]!r} isn't known: write door (送货上门) or anywhere (均可)")
    f.finish()
    return wish


HOME = frozenset({"cn", "chn", "china", "中国", "中国大陆"})
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def parse_shipment(
    raw: Mapping[str, Any],
    now: datetime,
    carrier_code: CarrierCode,
    *,
    whose: CarrierCode = missing_carrier,
    zone: ZoneInfo = SHOP_ZONE,
    carrier_names: Callable[[], Iterable[str]] = tuple,
) -> Shipment:
    """A shipment of the API's fields. ``carrier_names``: what an unknown carrier might have meant; ``whose`` says whose a
    number without a carrier is. Raises RowError.
    """
    f = Fields(body_of(raw), SHIPMENT)
    number = f.needed("number", tracking_number, "")
    source, carrier, region = f.attempt(
        "carrier", lambda: _carrier_of(f, number, carrier_code, whose, carrier_names), NOBODY
    )
    destination = _place(f.text("destination"))
    shipment = Shipment(
        number=number,
        carrier=carrier,
        source=source,
        created_at=f.read("created_at", lambda v: instant(v, zone), now),
        order_ref=f.read("order", order_reference, None),
        account=f.text("account") or "main",
        service=f.text("service"),
        origin=_place(f.text("origin")),
        destination=destination,
        region=f.text("region").lower() or (region_of(destination) if destination else region),
        promised_at=f.read("promised_at", lambda v: _near(instant(v, zone, end_of_day=True), now), None),
    )
    f.finish()
    return shipment


def _carrier_of(
    f: Fields, number: str, carrier_code: CarrierCode, whose: CarrierCode, names: Callable[[], Iterable[str]]
) -> tuple[str, str, str]:
    if f.has("carrier"):
        return _carrier(text_of(f.raw["carrier"]), carrier_code, names)
    found = whose(number) if number else NOBODY
    if found is None:
        raise RuleError("is missing: name it")
    source, code, *region = found
    return source, code, region[0] if region else "cn"


def _carrier(name: str, carrier_code: CarrierCode, names: Callable[[], Iterable[str]]) -> tuple[str, str, str]:
    found = carrier_code(name)
    if found is None:
        near = difflib.get_close_matches(name, sorted(set(names())), n=3, cutoff=0.3)
        raise RuleError(f"unknown carrier {name!r}" + (f"; did you mean {', '.join(near)}?" if near else ""))
    source, code, *region = found
    return source, code, region[0] if region else "cn"


def _place(text: str) -> str:
    """A path of places from large to small, without blanks around its parts."""
    return "/".join(part.strip() for part in text.split("/") if part.strip())


def region_of(destination: str) -> str:
    """The region whose calendar and thresholds apply: `cn` for China, a country's own code where it is written so, else
    `default`.
    """
    country = destination.split("/", maxsplit=1)[0].lower()
    if country in HOME:
        return "cn"
    if re.fullmatch(r"[a-z]{2}", country):
        return country
    return "cn" if _CHINESE.search(country) and country.endswith(("省", "市", "区")) else "default"


# ---- returns -------------------------------------------------------------------------------------------------------

RETURN = ("order", "items", "reason", "want", "slot", "phone", "ref", "sealed")
REASONS: Mapping[str, ReturnReason] = {
    "7天无理由": ReturnReason.NO_REASON,
    "无理由": ReturnReason.NO_REASON,
    "不想要了": ReturnReason.NO_REASON,
    "不喜欢": ReturnReason.NO_REASON,
    "多拍/错拍": ReturnReason.NO_REASON,
    "质量": ReturnReason.QUALITY,
    "错发": ReturnReason.WRONG_ITEM,
    "商家发错货": ReturnReason.WRONG_ITEM,
    "破损": ReturnReason.DAMAGED,
    "描述不符": ReturnReason.NOT_AS_DESCRIBED,
    "物流损坏": ReturnReason.CARRIER_DAMAGE,
    "未按约定时间发货": ReturnReason.LATE,
}
WANTS: Mapping[str, Want] = {"退货退款": Want.REFUND, "仅退款": Want.REFUND, "换新": Want.EXCHANGE}
YES = frozenset({"1", "true", "yes", "y", "是"})
_PIECE = re.compile(r"(.+?)\s*[*x×:：]\s*(\d+)")
_SLOT = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[T\s]+(\d{1,2}:\d{2})\s*[-/~至]\s*(\d{1,2}:\d{2})")


def parse_return(raw: Mapping[str, Any], *, ref: str = "") -> ReturnRequest:
    """A return of the API's fields. Its reference is the field ``ref``, else ``ref``, else made of what is asked, so that
    the same request sent again is the same return. Raises RowError; the slot itself is read by the scheduler.
    """
    f = Fields(body_of(raw), RETURN)
    order = f.needed("order", order_reference, "")
    nothing: tuple[ReturnItem, ...] = ()
    items = f.needed("items", _return_items, nothing)
    reason = f.needed("reason", lambda v: _choice(ReturnReason, "return_reason", REASONS, v), ReturnReason.NO_REASON)
    want = f.read("want", lambda v: _choice(Want, "want", WANTS, v), Want.REFUND)
    phone = f.read("phone", reference, "")
    own = f.read("ref", order_reference, "") or ref
    slot = f.read("slot", _slot, None)
    sealed = text_of(f.raw.get("sealed")).lower() in YES
    f.finish()
    made = own or _return_ref(order, items, reason, want)
    return ReturnRequest(Asked(made, order, items, reason, want, slot, sealed), phone)


def _return_ref(order: str, items: tuple[ReturnItem, ...], reason: ReturnReason, want: Want) -> str:
    said = "|".join([order, reason, want, *(f"{i.sku}*{i.qty}" for i in sorted(items, key=lambda i: i.sku))])
    return f"{order}-R{hashlib.sha256(said.encode()).hexdigest()[:8]}"


def _return_items(value: Any) -> tuple[ReturnItem, ...]:
    """``[{sku, qty}]``, or a file's ``SKU-1*2; SKU-2``."""
    pieces = re.split(r"[;；,，\n]+", value) if isinstance(value, str) else value
    if not isinstance(pieces, list) or not 1 <= len(pieces) <= MAX_ITEMS:
        raise RuleError(f"must be a list of 1 to {MAX_ITEMS} items, each {{sku, qty}}")
    return tuple(_return_item(piece, i) for i, piece in enumerate(p for p in pieces if p != ""))


def _return_item(piece: Any, index: int) -> ReturnItem:
    if isinstance(piece, str):
        found = _PIECE.fullmatch(piece.strip())
        piece = {"sku": found.group(1), "qty": found.group(2)} if found else {"sku": piece}
    f = Fields(body_of(piece), ("sku", "qty"))
    item = ReturnItem(f.needed("sku", reference, ""), f.read("qty", lambda v: whole(v, least=1, most=MAX_QTY), 1))
    if f.problems:
        raise RowError(FieldProblem(f"items[{index + 1}].{p.field}", p.message) for p in f.problems)
    return item


E_ = TypeVar("E_", ReturnReason, Want)


def _choice(kind: type[E_], table: str, others: Mapping[str, E_], value: Any) -> E_:
    """A member by its wire name, its name in either language, or another known wording."""
    text = text_of(value).lower()
    named = {texts(lang)[f"{table}.{one.value}"].lower(): one for lang in LANGS for one in kind}
    known = {**{k.lower(): v for k, v in others.items()}, **named, **{one.value: one for one in kind}}
    if text not in known:
        raise RuleError(f"{text_of(value)!r} isn't known; one of {', '.join(kind)}")
    return known[text]


def _slot(value: Any) -> str | Mapping[str, Any]:
    """``2026-11-22T14:00/16:00`` however people write it, or {from, to}."""
    if isinstance(value, Mapping):
        return value
    found = _SLOT.fullmatch(text_of(value))
    if not found:
        return text_of(value)
    year, month, day, start, end = found.groups()
    return f"{year}-{int(month):02}-{int(day):02}T{start:0>5}/{end:0>5}"


# ---- disputes ------------------------------------------------------------------------------------------------------

DISPUTE = ("order", "number", "type", "text", "at")


def parse_dispute(raw: Mapping[str, Any], now: datetime, *, zone: ZoneInfo = SHOP_ZONE) -> Dispute:
    """A dispute of the API's fields. Raises RowError."""
    f = Fields(body_of(raw), DISPUTE)
    if not f.has("order") and not f.has("number"):
        f.note("order", "is missing: name the order or the tracking number")
    if not f.has("text") and not f.has("type"):
        f.note("text", "is missing: what does the customer say?")
    dispute = Dispute(
        order=f.read("order", order_reference, None),
        number=f.read("number", tracking_number, None),
        type=f.text("type") or "other",
        text=(f.text("text") or f.text("type"))[:MAX_TEXT],
        at=f.read("at", lambda v: instant(v, zone), now),
    )
    f.finish()
    return dispute
