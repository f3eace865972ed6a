"""A case as people and systems ask for one: its fields, and what it is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from config.policies.case_types import Types, type_at, type_named
from domain.case import Subject, SubjectType
from domain.case_types import CaseType
from domain.errors import RuleError
from domain.words import Words
from doorstep.house import House
from doorstep.intake_fields import Fields, body_of
from doorstep.intake_values import MAX_TEXT, order_reference, reference, text_of, tracking_number
from monitor.by_hand import open_by_hand
from store import intake, returns, tracking
from store.base import Db

CASE = ("order", "number", "return", "type", "text")


@dataclass(frozen=True, slots=True)
class WantedCase:
    """One of ``number``, ``return_ref`` and ``order`` says what it is about; the first that is given counts."""

    number: str | None
    return_ref: str | None
    order: str | None
    type: CaseType
    text: str


def parse_case(raw: Mapping[str, Any], types: Types) -> WantedCase:
    """A case of the API's fields. Raises RowError with every fault."""
    f = Fields(body_of(raw), CASE)
    if not any(f.has(name) for name in ("order", "number", "return")):
        f.note("number", "is missing: name the tracking number, the order or the return")
    wanted = WantedCase(
        number=f.read("number", tracking_number, None),
        return_ref=f.read("return", order_reference, None),
        order=f.read("order", order_reference, None),
        type=f.needed("type", partial(_type, types), types["other"]),
        text=f.text("text")[:MAX_TEXT],
    )
    f.finish()
    return wanted


def open_from_chat(house: House, db: Db, said: str, by: str, channel: str, now: datetime) -> int | Words:
    """Open a case of ``NUMBER TYPE what happened``; returns its id, or why there is none."""
    ref, rest = [*said.removeprefix("#").split(None, 1), ""][:2]
    types = house.policy.case_types
    found = type_at(rest, types)
    if found is None:
        shown = list(types.values())
        return Words("chat.no_such_type", {"types": [f"{one.names['zh']} ({one.id})" for one in shown]})
    of, text = found
    try:
        wanted = parse_case({**reference_fields(db, ref), "type": of.id, "text": text}, types)
        about, order = subject_of(db, wanted)
    except RuleError as exc:
        return Words("chat.not_opened", {"why": str(exc)})
    case_id, _ = open_by_hand(
        db, about, of, wanted.text, house.policy, order_ref=order, now=now, by=by, channel=channel
    )
    return case_id


def _type(types: Types, value: Any) -> CaseType:
    found = type_named(text_of(value), types)
    if found is None:
        raise RuleError(f"{text_of(value)!r} isn't known; one of {', '.join(types)}")
    return found


def subject_of(db: Db, said: WantedCase) -> tuple[Subject, str | None]:
    """What the case is about, as its type wants it, and its order. Raises RuleError where it can't be said."""
    shipment, back, order = _named(db, said)
    if shipment is None and order and SubjectType.SHIPMENT in said.type.about:
        shipment = _only_shipment(db, order)
    found = {SubjectType.SHIPMENT: shipment, SubjectType.RETURN: back, SubjectType.ORDER: order}
    ids = {kind: one for kind, one in found.items() if one and kind in said.type.about}
    asked = SubjectType.SHIPMENT if said.number else SubjectType.RETURN if said.return_ref else SubjectType.ORDER
    kind = asked if asked in ids else next(iter(ids), None)
    if kind is None:
        fix = "name the tracking number" if SubjectType.SHIPMENT in said.type.about else "name the return"
        raise RuleError(f"type: {said.type.id} is about {', '.join(sorted(said.type.about))}: {fix}")
    return Subject(kind, ids[kind]), order


def _named(db: Db, said: WantedCase) -> tuple[str | None, str | None, str | None]:
    """The shipment, the return and the order that a wanted case names. Raises RuleError where one is unknown."""
    if said.number:
        known = tracking.shipment_ids_by_number(db, said.number)
        if not known:
            raise RuleError(f"number: {said.number} is unknown; send the shipment first, or name the order")
        return str(known[0]), None, intake.find_order_of_number(db, said.number)
    if said.return_ref:
        value = returns.find(db, said.return_ref)
        if value is None:
            raise RuleError(f"return: {said.return_ref} is unknown; send the return first, or name the order")
        return None, value.ref, value.order_ref
    if said.order is None or intake.find_order(db, said.order) is None:
        raise RuleError(f"order: {said.order} is unknown; send the order first")
    return None, None, said.order


def _only_shipment(db: Db, order_ref: str) -> str | None:
    """The shipment of an order that has one."""
    ids = intake.shipment_ids_of_order(db, order_ref)
    return str(ids[0]) if len(ids) == 1 else None


def reference_fields(db: Db, text: str) -> dict[str, str]:
    """Which field a reference is that somebody typed: a tracking number, an order, a return. Raises RuleError."""
    ref = reference(text)
    if tracking.shipment_ids_by_number(db, ref):
        return {"number": ref}
    if intake.find_order(db, ref) is not None:
        return {"order": ref}
    if returns.find(db, ref) is not None:
        return {"return": ref}
    raise RuleError(f"{ref[:64]}: no parcel, order or return has this number; look it up with the search")
