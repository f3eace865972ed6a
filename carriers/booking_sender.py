"""Booking a carrier's courier: one call, or a look before it. Never waits, never repeats by the clock: what failed is
raised, and the caller's stored deadline moves.

Booking is the one call that must not happen twice. The caller keeps when it first tried (before it sends) and hands it
in; what may then be repeated is the carrier's own rule (``Pickup.repeating``).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from carriers.base import Account, Carrier
from carriers.booking import A, Call, Pickup, R, Repeat
from carriers.pickup_hours import slot_refused, slots_of
from carriers.sender import Line
from domain.booking import (
    AlreadyBooked,
    Booking,
    BookingState,
    Cancelled,
    Intercept,
    Intercepted,
    PickupOrder,
    Quote,
    Refusal,
    Refused,
    Slot,
    Uncertain,
)
from domain.errors import RuleError
from net.http import Http

MAX_NONCE = 32  # characters that every carrier takes


def pickup_line(carrier: Carrier, account: Account, http: Http, wall: Callable[[], datetime]) -> Line:
    """The line for bookings: where another key pair opens them, they have a token of their own."""
    flow = carrier.pickup.token if carrier.pickup else None
    if flow is None:
        return Line(carrier, account, http, wall)
    return Line(replace(carrier, token=flow), replace(account, token=None), http, wall)


def slots(line: Line, order: PickupOrder) -> tuple[Slot, ...]:
    """The windows that can be booked now by the carrier's own rule, whatever the order's slot is."""
    return slots_of(_pickup(line).hours(order), line.now(), order.zone)


async def quote(line: Line, order: PickupOrder, nonce: str) -> tuple[Quote, ...] | Refused:
    return await _send(line, _pickup(line).quote, order, nonce)


async def book(
    line: Line, order: PickupOrder, nonce: str, *, tried_at: datetime | None = None
) -> Booking | Refused | Uncertain:
    """Book once. ``tried_at``: when it was tried first, if it was tried and the answer got lost.

    Raises OutsideError: then the pickup may or may not be booked, and the next call hands in ``tried_at``.
    """
    pickup, now = _pickup(line), line.now()
    refused = slot_refused(pickup.hours(order), order.slot, now, order.zone)
    if tried_at is not None:
        known = await _earlier(line, pickup, order, nonce, tried_at)
        if known is not None:
            return known
        if refused is not None and pickup.find is None:
            return Uncertain(order.our_id, f"{line.carrier.id}: the slot is over and the answer to the order got lost")
    if refused is not None:
        return refused
    outcome = await _send(line, pickup.book, order, nonce)
    return await _which(line, pickup, order, nonce) if isinstance(outcome, AlreadyBooked) else outcome


async def _earlier(
    line: Line, pickup: Pickup, order: PickupOrder, nonce: str, tried_at: datetime
) -> Booking | Uncertain | None:
    """What became of an earlier try; None where booking may be tried (again)."""
    if pickup.find is not None:
        found = await _send(line, pickup.find, order.our_id, _other(nonce))
        if isinstance(found, Booking):
            return found
        if found.reason is not Refusal.NOT_FOUND:
            return Uncertain(order.our_id, f"{line.carrier.id}: {found.code} {found.text}".strip())
        return None
    rule = pickup.repeating
    if rule.kind is Repeat.SAME_BOOKING and (rule.within is None or line.now() - tried_at < rule.within):
        return None
    return Uncertain(order.our_id, f"{line.carrier.id}: look into its own console before booking again: {rule.source}")


async def _which(line: Line, pickup: Pickup, order: PickupOrder, nonce: str) -> Booking | Refused | Uncertain:
    """The booking that the carrier says it has already."""
    if pickup.find is None:
        return Uncertain(order.our_id, f"{line.carrier.id} has this order already and can't be searched")
    return await _send(line, pickup.find, order.our_id, _other(nonce))


async def cancel(line: Line, ref: str, nonce: str) -> Cancelled | Refused:
    """Cancelling twice is safe with every carrier: the second time it is off already, or refused."""
    return await _send(line, _pickup(line).cancel, ref, nonce)


async def state(line: Line, ref: str, nonce: str) -> BookingState | Refused:
    """Raises RuleError where the carrier can't be asked: its parcel's scans show the collection."""
    call = _pickup(line).state
    if call is None:
        raise RuleError(f"{line.carrier.id}: bookings can't be asked for: watch the parcel's own scans")
    return await _send(line, call, ref, nonce)


async def intercept(line: Line, order: Intercept, nonce: str) -> Intercepted | Refused:
    if line.carrier.intercept is None:
        raise RuleError(f"{line.carrier.id}: parcels can't be intercepted through it: call the carrier")
    return await _send(line, line.carrier.intercept, order, nonce)


def _pickup(line: Line) -> Pickup:
    if line.carrier.pickup is None:
        raise RuleError(f"{line.carrier.id}: pickups can't be booked through it: choose another carrier")
    return line.carrier.pickup


async def _send(line: Line, call: Call[A, R], asked: A, nonce: str) -> R:
    return await line.call(
        lambda account, now: call.request(asked, account, now, nonce), lambda reply, now: call.read(reply, asked, now)
    )


def _other(nonce: str) -> str:
    """A second call's own id: SF refuses one that it saw before (A1007)."""
    return f"{nonce[: MAX_NONCE - 2]}-2"
