"""Carriers' couriers as the house books them: who is asked, with which line, and what is answered. The interface, the
command line and the beat share it.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from carriers.base import Account
from carriers.booking_sender import pickup_line, slots
from carriers.carrier_tables import house_carrier
from carriers.registry import CARRIERS
from config.settings import Settings
from config.words import say
from domain.booking import Booking, Intercepted, Quote, Refused, Slot
from domain.errors import RuleError
from domain.shipment import Customer
from domain.words import Words
from doorstep.booking_fields import AskedPickup, Where, booking_id, id_of, parse_intercept, parse_pickup
from doorstep.house import House
from doorstep.sources import DIRECT, first_account
from monitor import bookings as desk
from monitor.bookings import Turn
from net.http import Http
from store import bookings, intake, tracking
from store.base import Db
from store.bookings import OPEN_QUESTION, BookingRow, Stage, Told
from store.tables import iso_of

SHOWN_SLOTS = 6
BOOKS_FOR_OTHERS = "kuaidi100"
"""The source that books the couriers of several carriers."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """``row``: the booking as it stands, None where nothing was tried; ``refused``: why it wasn't booked, ``slots`` what
    can be booked instead.
    """

    row: BookingRow | None
    new: bool = False
    refused: Refused | None = None
    slots: tuple[Slot, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What a pickup would cost, and when the courier could come."""

    where: Where
    quotes: tuple[Quote, ...]
    slots: tuple[Slot, ...]
    refused: Refused | None = None


# --- who is asked --------------------------------------------------------------------------------------------------


def callback_url(house: House, source: str, account: str) -> str:
    """Where a carrier calls about bookings; the last part can't be guessed."""
    return f"{house.settings.doorstep.public_url}/pickup-callback/{source}/{account}/{callback_secret(house, source, account)}"


def callback_secret(house: House, source: str, account: str) -> str:
    return house.callback_secret(f"pickup/{source}", account)


def is_called(house: House, source: str) -> bool:
    """Whether a source calls us about bookings."""
    pickup = CARRIERS[source].pickup
    return bool(pickup and pickup.callback and house.settings.doorstep.reachable)


def booking_through(settings: Settings, where: Where) -> Where:
    """The source and account that book it. Raises RuleError, naming what is missing in the settings."""
    able = [source for source in settings.carriers if CARRIERS[source].pickup]
    return _through(settings, where, able, "books pickups", [s for s, c in CARRIERS.items() if c.pickup])


def can_intercept(settings: Settings, carrier: str = "") -> bool:
    """Whether an account is set through which this carrier's parcels are called back; any carrier's where none is named."""
    able = [source for source in settings.carriers if CARRIERS[source].intercept]
    return bool(_source_for(carrier, able)) if carrier else bool(able)


def intercepting_through(settings: Settings, where: Where) -> Where:
    able = [source for source in settings.carriers if CARRIERS[source].intercept]
    return _through(settings, where, able, "intercepts parcels", [s for s, c in CARRIERS.items() if c.intercept])


def _through(settings: Settings, where: Where, able: list[str], what: str, known: list[str]) -> Where:
    source = where.source or _source_for(where.carrier, able)
    if source and source not in known:
        raise RuleError(f"source: nobody {what} through {source!r}: use one of {', '.join(sorted(known))}")
    if not source:
        fix = f"name one of {', '.join(sorted(able))}" if able else f"add an account of {' or '.join(sorted(known))}"
        raise RuleError(f"source: no account that {what} is known for {where.carrier or 'it'}: {fix}")
    accounts = settings.carriers.get(source, {})
    account = where.account or (first_account(settings, source) if accounts else "main")
    if account not in accounts:
        raise RuleError(f"account: {source} has no account {account!r}: add [carriers.{source}.{account}]")
    return Where(source, account, where.carrier)


def _source_for(carrier: str, able: list[str]) -> str:
    """A carrier's own interface where an account for it is set, else whoever books for others; the only one where nobody
    said whose courier it shall be.
    """
    if not carrier:
        return able[0] if len(able) == 1 else ""
    house = house_carrier(carrier)
    wanted = (DIRECT.get(house.id) if house else None, carrier.lower(), BOOKS_FOR_OTHERS)
    return next((one for one in wanted if one in able), "")


@asynccontextmanager
async def opened(house: House, where: Where, told: Told) -> AsyncIterator[Turn]:
    turn = turn_of(house, where.source, where.account, told)
    try:
        yield turn
    finally:
        await turn.line.close()


def turn_of(house: House, source: str, account: str, told: Told) -> Turn:
    settings = house.settings.carriers.get(source, {}).get(account)
    if settings is None:
        raise RuleError(f"account: {source} has no account {account!r} any more: add [carriers.{source}.{account}]")
    http = Http(f"{source}/{account}")
    line = pickup_line(CARRIERS[source], Account(source, account, settings), http, house.now)
    return Turn(house.store, line, house.now(), house.new_id(), called=is_called(house, source), told=told)


# --- acts ----------------------------------------------------------------------------------------------------------


async def quote(house: House, raw: Mapping[str, Any], told: Told) -> Offer:
    """What it would cost and when somebody could come. Without a slot the first one is asked about. Raises RuleError,
    OutsideError.
    """
    asked = await _parsed(house, raw, id_of(raw.get("id") or f"q{house.new_id()}"))
    where = booking_through(house.settings, asked.where)
    async with opened(house, where, told) as turn:
        free = slots(turn.line, asked.order)
        if asked.any_slot and not free:
            raise RuleError(f"slot: {where.source} can come at no time within the days that can be booked")
        order = replace(asked.order, slot=free[0]) if asked.any_slot else asked.order
        quotes = await desk.quote(turn, order)
    if isinstance(quotes, Refused):
        return Offer(where, (), free, quotes)
    said = tuple(slot for one in quotes for slot in one.slots)
    return Offer(where, quotes, said or free)


async def book(house: House, raw: Mapping[str, Any], told: Told, *, key: str = "") -> Outcome:
    """Book a courier once for each id; the same id again gives the first booking, whatever the body says then. Raises
    RuleError.
    """
    our_id = booking_id(raw, key)
    known = await house.store.aread(bookings.find, our_id)
    if known is not None and known.status is not Stage.REFUSED:
        return await _as_it_stands(house, known, told)
    asked = await _parsed(house, raw, our_id)
    if asked.any_slot:
        raise RuleError("slot: is missing: say when the courier shall come, like 2026-11-25T14:00/16:00")
    where = booking_through(house.settings, asked.where)
    url = callback_url(house, where.source, where.account) if is_called(house, where.source) else ""
    async with opened(house, where, told) as turn:
        order = replace(asked.order, callback_url=url)
        booked = await desk.book(turn, order, order_ref=asked.order_ref)
        free = slots(turn.line, order)
    if isinstance(booked, Refused):
        return Outcome(None, refused=booked, slots=free)
    return await _outcome(house, booked.row, new=booked.new, free=free)


async def _outcome(house: House, row: BookingRow, *, new: bool, free: tuple[Slot, ...] = ()) -> Outcome:
    why = await house.store.aread(bookings.refusal_of, row.our_id) if row.status is Stage.REFUSED else None
    return Outcome(row, new=new, refused=why, slots=free)


async def _as_it_stands(house: House, row: BookingRow, told: Told) -> Outcome:
    """A booking that is known; where its answer got lost, that is looked into first."""
    if row.status in OPEN_QUESTION:
        row = await look(house, row.our_id, told)
    return await _outcome(house, row, new=False)


async def _customer(house: House, raw: Mapping[str, Any]) -> Customer:
    """Whose order it is; nobody where none is named. Raises RuleError where it is unknown."""
    ref = raw.get("order")
    if not isinstance(ref, str) or not ref:
        return Customer()
    order = await house.store.aread(intake.find_order, ref)
    if order is None:
        raise RuleError(f"order: {ref} is unknown; send the order first, or leave `order` empty")
    return order.customer


async def _parsed(house: House, raw: Mapping[str, Any], our_id: str) -> AskedPickup:
    customer = await _customer(house, raw)
    return parse_pickup(raw, our_id, house.now(), zone=house.settings.zone, customer=customer)


async def look(house: House, our_id: str, told: Told) -> BookingRow:
    """How a booking stands, by asking its carrier. What failed is in its ``error``."""
    row = await needed(house, our_id)
    async with opened(house, Where(row.source, row.account, row.carrier), told) as turn:
        return await desk.look(turn, our_id)


async def cancel(house: House, our_id: str, told: Told) -> BookingRow | Refused:
    """Raises RuleError, OutsideError."""
    row = await needed(house, our_id)
    async with opened(house, Where(row.source, row.account, row.carrier), told) as turn:
        return await desk.cancel(turn, our_id)


async def settle(house: House, our_id: str, booking: Booking | None, told: Told) -> BookingRow:
    """What a person found in the carrier's console of an order whose answer got lost. Raises RuleError."""
    row = await needed(house, our_id)
    async with opened(house, Where(row.source, row.account, row.carrier), told) as turn:
        return await house.store.awrite(
            desk.found, turn.line, our_id, booking, called=turn.called, now=turn.now, told=told
        )


async def needed(house: House, our_id: str) -> BookingRow:
    row = await house.store.aread(bookings.find, our_id)
    if row is None:
        raise RuleError(f"there is no pickup {our_id!r}: `doorstep pickups list` shows those that there are")
    return row


async def intercept(house: House, raw: Mapping[str, Any], told: Told, *, key: str = "") -> Intercepted | Refused:
    """Call a parcel back. Who carries it is taken from its shipment where nobody says it. Raises RuleError, OutsideError."""
    our_id = booking_id(raw, key)
    asked = parse_intercept(raw, our_id)
    known = await house.store.aread(_carried_by, asked.order.number)
    carrier = asked.where.carrier or known
    where = intercepting_through(house.settings, replace(asked.where, carrier=carrier))
    async with opened(house, where, told) as turn:
        return await desk.intercept(turn, replace(asked.order, carrier=carrier))


def _carried_by(db: Db, number: str) -> str:
    found = tracking.views(db, tracking.shipment_ids_by_number(db, number)[:1])
    return next((view.shipment.carrier for view in found.values()), "")


async def look_after_due(house: House, *, now: datetime) -> int:
    """The beat's part: bookings whose time has come. Returns how many."""

    def open_turn(row: BookingRow) -> Turn | None:
        set_up = row.account in house.settings.carriers.get(row.source, {})
        return replace(turn_of(house, row.source, row.account, Told()), now=now) if set_up else None

    return await desk.look_after_due(house.store, open_turn, now=now)


# --- answers -------------------------------------------------------------------------------------------------------


def booking_json(house: House, row: BookingRow) -> dict[str, Any]:
    """A booking as programs read it (docs/formats.md)."""
    return {
        "id": row.our_id,
        "source": row.source,
        "account": row.account,
        "carrier": row.carrier,
        "service": row.service,
        "order": row.order_ref,
        "status": row.status.value,
        "number": row.number,
        "ref": row.ref,
        "slot": {"from": iso_of(row.slot_from), "to": iso_of(row.slot_to)},
        "tried_at": iso_of(row.tried_at),
        "booked_at": iso_of(row.booked_at),
        "charge_cents": row.charge_cents,
        "currency": row.currency,
        "courier": house.store.read(bookings.courier_of, row.our_id),
        "error": row.error,
    }


def offer_json(offer: Offer) -> dict[str, Any]:
    return {
        "source": offer.where.source,
        "account": offer.where.account,
        "quotes": [
            {
                "carrier": one.carrier,
                "service": one.service,
                "amount_cents": one.amount_cents,
                "currency": one.currency,
                "valid_until": iso_of(one.valid_until),
            }
            for one in offer.quotes
        ],
        "slots": slots_json(offer.slots),
    }


def slots_json(found: Iterable[Slot]) -> list[dict[str, str | None]]:
    return [{"from": iso_of(slot.start), "to": iso_of(slot.end)} for slot in found]


def refusal_json(house: House, refused: Refused, free: tuple[Slot, ...] = ()) -> dict[str, Any]:
    """Why a carrier won't, in a sentence with its own words, and what can be booked instead."""
    text = say(Words(f"booking_refusal.{refused.reason}"), house.settings.doorstep.lang, house.settings.zone)
    own = f"{refused.code} {refused.text}".strip()
    return {
        "detail": f"{text} ({own})" if own else text,
        "reason": refused.reason.value,
        "code": refused.code,
        "text": refused.text,
        "slots": slots_json(free[:SHOWN_SLOTS]),
    }


def intercept_json(caught: Intercepted) -> dict[str, Any]:
    return {"number": caught.number, "ref": caught.ref, "charge_cents": caught.charge_cents}
