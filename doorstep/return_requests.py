"""A customer's own request, or an agent's on the phone: weighed before it is confirmed, written once, changed until the cut-off."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.pickup import WAITING_FOR_ROUTE, ReturnEvent, ReturnReason, ReturnStatus, Want
from domain.returns import Return, ReturnItem, Stop
from domain.shipment import Order
from domain.words import Words
from doorstep.house import House
from scheduler.arrivals import Arrival, arrival_of
from scheduler.offers import is_offered, offers
from scheduler.plan_types import Refused, Slot
from scheduler.policy import Eligible
from scheduler.quotes import Quote
from scheduler.request import Accepted, Asked, cancel_return, look_at, request_return
from scheduler.slots import parse_slot
from store import files, intake, returns
from store.base import Db
from store.returns import ReturnFact

CUSTOMER, PHONE = "customer", "phone"
"""The channels of a return: the customer themselves, an agent on the phone with them."""
MAX_SLOTS = 12
"""Slots shown: more than that nobody reads on a phone."""


class WayBack(StrEnum):
    """How the goods travel: our courier at the door, the carrier's own courier, or handed in by the customer."""

    COURIER = "courier"
    CARRIER = "carrier"
    DROP_OFF = "drop_off"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. ``key`` is the form's own id: one form, one return."""

    items: tuple[ReturnItem, ...]
    reason: ReturnReason
    want: Want
    sealed: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """How and when. ``slot`` counts for our courier only."""

    way: WayBack
    slot: Slot | None = None
    photos: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks: nobody's id and the customer's channel, or an agent's."""

    by: str | None = None
    channel: str = CUSTOMER


@dataclass(frozen=True, slots=True)
class Terms:
    """What a wish comes to: the answer for each want, and the slots that can be kept."""

    answers: Mapping[Want, Eligible | Refused]
    slots: tuple[Quote, ...]

    @property
    def possible(self) -> list[Want]:
        return [want for want, answer in self.answers.items() if isinstance(answer, Eligible)]


@dataclass(frozen=True, slots=True)
class Standing:
    """A return as its customer sees it. ``slots``: others that it could have; empty where it can't be changed any more."""

    value: Return
    order: Order
    stop: Stop | None
    way: WayBack
    slots: tuple[Quote, ...]
    may_cancel: bool
    arrival: Arrival | None = None


def ref_of(order_ref: str, key: str) -> str:
    return f"{order_ref}-R{hashlib.sha256(f'{order_ref}|{key}'.encode()).hexdigest()[:8]}"


def asked_of(order_ref: str, wish: Wish, want: Want) -> Asked:
    return Asked(ref_of(order_ref, wish.key), order_ref, wish.items, wish.reason, want, None, wish.sealed)


def terms(db: Db, house: House, order_ref: str, wish: Wish, *, now: datetime) -> Terms:
    """What the customer must know before they confirm; nothing is written. Raises RuleError for items of another order."""
    pickups = house.pickups
    answers = {
        want: look_at(db, asked_of(order_ref, wish, want), policy=pickups.policy, now=now)
        for want in sorted(Want, key=lambda one: one is not wish.want)
    }
    value = Return(ref_of(order_ref, wish.key), order_ref, wish.items, wish.reason, now)
    free = offers(db, value, pickups.fleet, now=now, days=pickups.policy.book_days)
    return Terms(answers, free[:MAX_SLOTS])


def confirm(
    db: Db, house: House, order_ref: str, wish: Wish, chosen: Chosen, who: Who, *, now: datetime
) -> Return | Refused:
    """Write the return with its slot, or with the carrier's way; the same form again is the same return.

    Refused with `slot_gone` where somebody else took the slot meanwhile; nothing is written then. Raises RuleError.
    """
    asked = asked_of(order_ref, wish, wish.want)
    known = returns.find(db, asked.ref)
    if known is not None and known.status is not ReturnStatus.REFUSED:
        return known
    pickups = house.pickups
    if chosen.way is WayBack.COURIER and not _is_free(db, house, asked, chosen.slot, now):
        return Refused(Words("slot_gone", {}))
    slot = _said(chosen.slot) if chosen.way is WayBack.COURIER and chosen.slot else None
    answer = request_return(
        db, replace(asked, slot=slot), policy=pickups.policy, fleet=pickups.fleet, now=now, randbelow=house.randbelow,
        by=who.by, channel=who.channel,
    )  # fmt: skip
    if not isinstance(answer, Accepted):
        return answer
    for photo in chosen.photos:
        files.add(db, photo, subject_type="return", subject_id=asked.ref, by="customer", at=now)
    if chosen.way is WayBack.COURIER:
        return answer.value
    return _by_carrier(db, answer.value, chosen.way, who, now)


def _said(slot: Slot) -> dict[str, str]:
    return {"from": slot.start.isoformat(), "to": slot.end.isoformat()}


def _is_free(db: Db, house: House, asked: Asked, slot: Slot | None, now: datetime) -> bool:
    value = Return(asked.ref, asked.order_ref, asked.items, asked.reason, now)
    return slot is not None and is_offered(_offers(db, house, value, now), slot)


def _offers(db: Db, house: House, value: Return, now: datetime) -> tuple[Quote, ...]:
    return offers(db, value, house.pickups.fleet, now=now, days=house.pickups.policy.book_days)


def _by_carrier(db: Db, value: Return, way: WayBack, who: Who, now: datetime) -> Return:
    fact = ReturnFact(ReturnEvent.BY_CARRIER, now, who.by, who.channel, {"way": way.value})
    return returns.record(db, value.ref, fact) or value


# --- afterwards ----------------------------------------------------------------------------------------------------


def standing(db: Db, house: House, order_ref: str, ref: str, *, now: datetime) -> Standing | None:
    """How a return of this order stands; None where there is none of that name: a link opens its own order only."""
    value = returns.find(db, ref)
    order = intake.find_order(db, order_ref)
    if value is None or order is None or value.order_ref != order_ref:
        return None
    may_change = value.status in WAITING_FOR_ROUTE or value.status is ReturnStatus.BY_CARRIER
    slots = _offers(db, house, value, now)[:MAX_SLOTS] if may_change else ()
    return Standing(
        value, order, returns.stop_of_return(db, ref), WayBack(returns.way_of(db, ref)), slots,
        may_change or value.status is ReturnStatus.PLANNED, arrival_of(db, ref, house.pickups.fleet, now=now),
    )  # fmt: skip


def change(db: Db, house: House, value: Return, slot: Slot, who: Who, *, now: datetime) -> Return | Refused:
    """Another slot, as long as no route has it; what went by carrier comes back to our couriers."""
    if not is_offered(_offers(db, house, value, now), slot):
        return Refused(Words("slot_gone", {}))
    if value.status is ReturnStatus.BY_CARRIER:
        returns.record(db, value.ref, ReturnFact(ReturnEvent.BY_ROUTE, now, who.by, who.channel, {}))
    elif value.status not in WAITING_FOR_ROUTE:
        return Refused(
            Words("return_not_waiting", {"return": value.ref, "status": value.status.value, "way": "ask_desk"})
        )
    returns.set_slot(db, value.ref, (slot.start, slot.end), now=now, by=who.by, channel=who.channel)
    return returns.find(db, value.ref) or value


def cancel(db: Db, house: House, value: Return, who: Who, *, now: datetime) -> Return | Refused:
    return cancel_return(db, value.ref, link=house.route_link, now=now, by=who.by, channel=who.channel)


def slot_of(house: House, said: str) -> Slot | None:
    """A slot as the form's buttons write it: two ISO times with a slash between. Raises RuleError where it is none."""
    start, slash, end = said.partition("/")
    if not slash or not house.pickups.fleet.depots:
        return None
    return parse_slot({"from": start, "to": end}, house.pickups.fleet.depots[0].zone)


def of_order(db: Db, order_ref: str) -> Sequence[Return]:
    return [value for value in returns.of_order(db, order_ref) if value.status is not ReturnStatus.REFUSED]
