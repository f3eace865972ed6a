"""What programs send, in the words of JSON Schema: the half of the document that `doorstep/intake` and its sisters read.

More is taken than is said here (a number as a text, choices by their Chinese names): docs/import.md.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.checkin import Look
from domain.pickup import ReturnReason, Want
from domain.shipment import DeliveryWish
from domain.tracking import Leg, Manner, Milestone, Reason
from doorstep.booking_fields import KINDS, MAX_PARCELS, MAX_WEIGHT_G
from doorstep.intake import MAX_ITEMS, MAX_PIECE_G, MAX_PIECE_ML, MAX_QTY
from doorstep.intake_values import MAX_CENTS, MAX_TEXT

Schema = dict[str, Any]


def text(about: str = "", *, least: int = 0, most: int = MAX_TEXT) -> Schema:
    return {"type": "string", "minLength": least, "maxLength": most} | ({"description": about} if about else {})


def whole(least: int, most: int, about: str = "") -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most} | ({"description": about} if about else {})


def choice(names: Iterable[str]) -> Schema:
    return {"type": "string", "enum": [str(name) for name in names]}


def each(what: Schema, most: int, least: int = 1) -> Schema:
    return {"type": "array", "items": what, "minItems": least, "maxItems": most}


def record(needed: Iterable[str], **fields: Schema) -> Schema:
    return {"type": "object", "required": list(needed), "properties": fields}


def one_of(names: Iterable[str], **fields: Schema) -> Schema:
    """A record that needs any of some fields."""
    return record((), **fields) | {"anyOf": [{"required": [name]} for name in names]}


REFERENCE: Schema = {
    "type": "string",
    "pattern": r"^[^\s\x00-\x1f\x7f]{1,64}$",
    "description": "1 to 64 characters without blanks",
}
NUMBER: Schema = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9-]{3,39}$", "description": "a tracking number"}
TIME: Schema = {
    "type": "string",
    "examples": ["2026-11-22T18:00+08:00"],
    "description": "ISO 8601; without an offset it is the shop's",
}
CURRENCY: Schema = {"type": "string", "pattern": "^[A-Z]{3}$"}
COUNTRY: Schema = {"type": "string", "pattern": "^[A-Z]{2}$"}
CENTS, QTY = whole(0, MAX_CENTS), whole(1, MAX_QTY)
SLOT: Schema = {
    "anyOf": [
        text("2026-11-25T14:00/16:00"),
        {"type": "object", "required": ["from", "to"], "properties": {"from": TIME, "to": TIME}},
    ],
}
PARTY = record(
    ("name", "phone", "address", "city"),
    name=text(least=1), phone=text(least=1), address=text(least=1), city=text(least=1), region=text(), district=text(),
    postcode=text(), country=COUNTRY, company=text(), residential={"type": "boolean"},
)  # fmt: skip
SENDER = {**PARTY, "required": [], "description": "What is left open is taken from the order's customer"}
PIECE = record(
    ("sku", "price_cents"),
    sku=text(least=1), name=text(), qty=QTY, price_cents=CENTS, price=text("in the main unit"), amount=text("of the whole line"),
    category=text(), no_return_agreed={"type": "boolean"}, weight_g=whole(1, MAX_PIECE_G), volume_ml=whole(1, MAX_PIECE_ML),
)  # fmt: skip
_PICKUP = {
    "id": text("Ours for good: the same one is the same pickup", most=64), "source": text(), "account": text(), "carrier": text(),
    "service": text(), "order": REFERENCE, "sender": SENDER, "recipient": PARTY, "slot": SLOT, "zone": text("like Asia/Shanghai"),
    "goods": text(least=1), "weight_g": whole(1, MAX_WEIGHT_G), "parcels": whole(1, MAX_PARCELS), "declared_cents": CENTS,
    "remark": text(),
}  # fmt: skip
_SHIPMENT = {
    "number": NUMBER, "carrier": text("its name in Chinese or English, or its code"), "order": REFERENCE, "service": text(),
    "promised_at": TIME, "origin": text("CN/上海"), "destination": text("DE/Berlin"), "region": text(), "account": text(),
    "created_at": TIME, "instruction": text(), "delivery_wish": choice(DeliveryWish),
}  # fmt: skip

BODIES: Mapping[str, Schema] = {
    "orders": record(
        ("order", "items"),
        order=REFERENCE, items=each(PIECE, MAX_ITEMS), currency=CURRENCY, customer=text(), phone=text(), email=text(), address=text(),
        district=text(), lat={"type": "number", "minimum": -90, "maximum": 90}, lon={"type": "number", "minimum": -180, "maximum": 180},
        shop=text(), ship_by=TIME, created_at=TIME, picked_up_at=TIME, settled_at=TIME,
    ),
    "shipments": record(("number",), **_SHIPMENT),
    "returns": record(
        ("order", "items", "reason"),
        order=REFERENCE, items=each(record(("sku",), sku=text(least=1), qty=QTY), MAX_ITEMS), reason=choice(ReturnReason),
        want=choice(Want), slot=SLOT, phone=text(), ref=REFERENCE, sealed={"type": "boolean"},
    ),
    "disputes": one_of(("order", "number"), order=REFERENCE, number=NUMBER, type=text(), text=text(), at=TIME),
    "cases": one_of(
        ("number", "return", "order"),
        **{"number": NUMBER, "return": REFERENCE, "order": REFERENCE, "type": text("an id of the table of types"), "text": text()},
    ) | {"required": ["type"]},
    "events": record(
        ("number", "at", "milestone"),
        number=text(least=1, most=64), at=TIME, milestone=choice(Milestone), text=text(), place=text(most=200), code=text(most=200),
        reason=choice(Reason), manner=choice(Manner), leg=choice(Leg), zone=text("like Asia/Shanghai", most=200),
    ) | {"additionalProperties": False},
    "refunds": record(
        ("order", "ref", "amount_cents"),
        order=REFERENCE, ref=REFERENCE, amount_cents=whole(1, MAX_CENTS), amount=text("in the main unit"), currency=CURRENCY, sku=text(),
        qty=whole(1, MAX_QTY), instruction=text(), at=TIME, status=text("only a finished one"),
    ),
    "checkins": record(
        ("code",),
        code=text("a return's reference, its handover code, or the parcel's number", least=1),
        items=each(record(("sku", "look", "qty"), sku=text(least=1), look=choice(Look), qty=whole(0, MAX_QTY)), MAX_ITEMS, 0),
        note=text(),
    ),
}  # fmt: skip
"""The body of ``POST /api/<kind>``."""

SHIPPED = record(("number",), **{k: v for k, v in _SHIPMENT.items() if k not in {"order", "instruction"}})
PICKUP = record(("recipient", "slot", "goods", "weight_g"), **_PICKUP)
QUOTE = record(("recipient", "goods", "weight_g"), **_PICKUP)
INTERCEPT = record(
    ("number", "what"),
    id=text(most=64), number=NUMBER, what=choice(KINDS), source=text(), account=text(), carrier=text(), reason=text(), to=PARTY,
)  # fmt: skip
