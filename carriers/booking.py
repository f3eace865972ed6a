"""What booking a pickup is: a value made of pure functions, as a carrier is.

Each call is a pair: ``request`` builds it, ``read`` turns its reply into a value. An expected no is a ``Refused``; what
the outside did wrong is raised as an OutsideError. ``carriers/booking_sender.py`` sends them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from carriers.pickup_hours import Hours
from domain.booking import (
    AlreadyBooked,
    Booking,
    BookingState,
    Cancelled,
    Intercept,
    Intercepted,
    PickupOrder,
    Quote,
    Refused,
)
from domain.errors import RuleError, UnreadableReply
from net.http import HttpReply, HttpRequest

if TYPE_CHECKING:
    from carriers.base import Account, PushAnswer, TokenFlow

A = TypeVar("A")
R = TypeVar("R")

QUOTE_HOLDS = timedelta(minutes=30)
"""No carrier says how long its price holds: this is our own rule, short enough that prices don't move within it."""


@dataclass(frozen=True, slots=True)
class Call(Generic[A, R]):
    """``request(asked, account, now, nonce)`` and ``read(reply, asked, now)``, which may raise OutsideError."""

    request: "Callable[[A, Account, datetime, str], HttpRequest]"
    read: Callable[[HttpReply, A, datetime], R]


class Repeat(StrEnum):
    """What the carrier makes of a second order under one id of ours."""

    SAME_BOOKING = "same_booking"  # answers with the first one
    REFUSES = "refuses"  # says that there is one; it must be looked for
    BOOKS_AGAIN = "books_again"  # nothing protects: a second try may send a second courier


@dataclass(frozen=True, slots=True)
class Repeating:
    """``within``: how long the carrier remembers the first order, None for as long as it stands."""

    kind: Repeat
    source: str
    within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class BookingNews:
    """What a callback says, and of which booking (its ``known_as``)."""

    known_as: str
    state: BookingState


@dataclass(frozen=True, slots=True)
class Callback:
    """A carrier that calls about bookings. ``verify(body, headers, account)`` proves the raw bytes in constant time;
    ``read`` raises UnreadableReply; ``answer`` is what it wants to hear, to the letter. ``proven(body)`` are the bytes that
    the proof covers: the same ones again are the same call, whatever stands around them.
    """

    verify: "Callable[[bytes, Mapping[str, str], Account], bool]"
    read: Callable[[bytes], BookingNews]
    answer: "PushAnswer"
    proven: Callable[[bytes], bytes] = bytes


@dataclass(frozen=True, slots=True)
class Pickup:
    """How a carrier's courier is booked. ``hours(order)`` says when; ``cancel`` and ``state`` take a booking's ``ref``;
    ``state`` is None where the carrier can't be asked, ``find`` (by our id; Refused NOT_FOUND where there is none) where
    it can't be searched. ``token``: the carrier's own flow for bookings, where another key pair opens them.
    """

    quote: Call[PickupOrder, tuple[Quote, ...] | Refused]
    book: Call[PickupOrder, Booking | AlreadyBooked | Refused]
    cancel: Call[str, Cancelled | Refused]
    hours: Callable[[PickupOrder], Hours]
    repeating: Repeating
    state: Call[str, BookingState | Refused] | None = None
    find: Call[str, Booking | Refused] | None = None
    callback: Callback | None = None
    token: "TokenFlow | None" = None


Intercepting = Call[Intercept, Intercepted | Refused]
"""How a parcel on its way is called back."""


# --- what the adapters share ---

SEPARATOR = "|"


def joined(*parts: str) -> str:
    """A ref of several parts."""
    return SEPARATOR.join(parts)


def parted(who: str, ref: str, count: int) -> list[str]:
    """The parts of a ref. Raises RuleError where it isn't one of this carrier's."""
    parts = ref.split(SEPARATOR)
    if len(parts) != count:
        raise RuleError(f"{who}: {ref!r} is no booking of this carrier: give the ref that booking returned")
    return parts


def needed(who: str, key: str, value: str, why: str) -> str:
    """A setting that only booking needs. Raises RuleError, naming it."""
    if not value:
        raise RuleError(f"{who}: set {key} ({why}) before booking pickups")
    return value


def fitting(who: str, name: str, text: str, limit: int, *, encoded: bool = False) -> str:
    """A text that the carrier bounds, in characters or in bytes of UTF-8. Raises RuleError with both lengths."""
    size = len(text.encode()) if encoded else len(text)
    if size > limit:
        raise RuleError(f"{who}: {name} may have {limit} {'bytes' if encoded else 'characters'}, not {size}")
    return text


def offered(who: str, table: Mapping[A, R], asked: A) -> R:
    """The row of a table of what a carrier offers. Raises RuleError, naming the others."""
    if asked not in table:
        raise RuleError(f"{who}: {asked} isn't offered: use one of {', '.join(sorted(map(str, table)))}")
    return table[asked]


_MONEY = re.compile(r"\d{1,9}(?:\.\d{1,6})?", re.ASCII)


def hundredths(who: str, value: object) -> int | None:
    """An amount or a weight with a decimal point, in hundredths: money in cents. None and "" are nothing; half a
    hundredth rounds to the even one. Raises UnreadableReply.
    """
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    if not _MONEY.fullmatch(text):
        raise UnreadableReply(who, f"not an amount: {text!r}")
    return int((Decimal(text) * 100).to_integral_value())


def kilograms(weight_g: int) -> str:
    """Grams as kilograms with two decimals, never nothing."""
    return f"{max(Decimal(weight_g) / 1000, Decimal('0.01')):.2f}"
