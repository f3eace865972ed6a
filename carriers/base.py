"""What a carrier is: a value made of pure functions.

An adapter is one module with one ``CARRIER`` value: no base class, no await, no clock. ``request`` builds the call,
``read`` turns its reply into one reading per ask. See docs/adding-a-carrier.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_network
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

import msgspec

from carriers.booking import Intercepting, Pickup
from carriers.times import SHANGHAI, naive_time
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from domain.tracking import (
    Ask,
    EventTime,
    Failed,
    Manner,
    Milestone,
    NoData,
    NotFound,
    Reading,
    Reason,
    ScanEvent,
    Zone,
)
from net.http import HttpReply, HttpRequest


@dataclass(frozen=True, slots=True)
class Budget:
    """At most ``calls`` in any ``per_s`` seconds; ``per_number`` counts each number on its own."""

    calls: int
    per_s: int
    per_number: bool = False
    source: str = ""


SPANS: Mapping[int, str] = MappingProxyType({1: "calls_per_second", 3600: "calls_per_hour", 86_400: "calls_per_day"})
"""The setting that replaces a documented budget, by the budget's seconds."""


class Charged(StrEnum):
    """What a source asks money for."""

    QUESTION = "question"  # each number asked about
    REGISTRATION = "registration"  # each number subscribed to; questions are free then


class AccountSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an account of any source may set besides its own fields.

    ``calls_per_…``: what the source allowed this account, instead of the documented budget of the same span. ``price`` of
    what the source charges for, and ``daily_cap``, the most that may be spent on it in any 24 hours, both in
    ``currency``; None: not known, no cap. ``push_ips``: the addresses or networks that an unproven push may come from,
    none named is any.
    """

    calls_per_second: Annotated[int, msgspec.Meta(ge=1)] | None = None
    calls_per_hour: Annotated[int, msgspec.Meta(ge=1)] | None = None
    calls_per_day: Annotated[int, msgspec.Meta(ge=1)] | None = None
    price: Annotated[float, msgspec.Meta(ge=0)] | None = None
    daily_cap: Annotated[float, msgspec.Meta(ge=0)] | None = None
    currency: str = "CNY"
    push_ips: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.daily_cap is not None and not self.price:
            raise ValueError("daily_cap: set `price` too: without it nobody knows what is spent")
        for net in self.push_ips:
            try:
                ip_network(net)
            except ValueError:
                raise ValueError(
                    f"push_ips: {net!r} is no address or network: write 203.0.113.7 or 203.0.113.0/24"
                ) from None


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token that a carrier handed out, good until ``expires_at``. It stays out of every repr, hence of logs."""

    value: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """One credential of one carrier: its validated settings, and a token where the carrier hands one out."""

    carrier: str
    name: str
    settings: Any = field(repr=False)
    token: Token | None = None


@dataclass(frozen=True, slots=True)
class TokenFlow:
    """How to get a token: ``request(account, now)``, ``read(reply, now)``; raises OutsideError from read."""

    request: Callable[[Account, datetime], HttpRequest]
    read: Callable[[HttpReply, datetime], Token]


@dataclass(frozen=True, slots=True)
class PushAnswer:
    """What to answer a push with, to the letter."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def always(answer: PushAnswer) -> Callable[[Account, datetime], PushAnswer]:
    """The answer of a source that wants the same one to every push."""
    return lambda *_: answer


def always_ready(account: Account) -> bool:
    del account
    return True


def nothing_ended(body: bytes) -> Mapping[str, timedelta | None]:
    del body
    return {}


@dataclass(frozen=True, slots=True)
class Stands:
    """The source took a subscription (or had it already): it will call."""


Standing = Stands | NotFound | Failed
"""What became of one number's subscription: it stands, it can't be for what is wrong with the number, or it failed."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """How to be called: ``request(asks, account, callback_url, now)`` for at most ``batch`` numbers; ``read(reply, asks)``
    gives one standing per ask. ``lasts``: how long it holds, None for a parcel's whole life. ``needed``: without it the
    source answers no question either. ``ready(account)``: whether the account is set up for it.
    """

    request: Callable[[Sequence[Ask], Account, str, datetime], HttpRequest]
    read: Callable[[HttpReply, Sequence[Ask]], list[Standing]]
    batch: int = 1
    lasts: timedelta | None = None
    needed: bool = False
    ready: Callable[[Account], bool] = always_ready


@dataclass(frozen=True, slots=True)
class Push:
    """A source that calls us. ``verify(body, headers, account)`` says over the raw bytes, in constant time, whether it is
    really the source; None where no proof is documented: such a push comes by an unguessable path and is only a hint to
    ask now. ``unwrap`` takes the JSON out of a form; ``numbers`` (the parcels that the push speaks of), ``read`` and
    ``ended`` work on the unwrapped body. ``ended``: the numbers whose subscription is over with this push, and after how
    long to subscribe again, None for never. All three raise UnreadableReply, or what ``UNREADABLE`` holds.
    """

    verify: Callable[[bytes, Mapping[str, str], Account], bool] | None
    read: Callable[[HttpReply, Sequence[Ask], datetime], list[Reading]]
    numbers: Callable[[bytes], tuple[str, ...]]
    answer: Callable[[Account, datetime], PushAnswer]
    subscription: Subscription | None = None
    ended: Callable[[bytes], Mapping[str, timedelta | None]] = nothing_ended
    unwrap: Callable[[bytes], bytes] = bytes


@dataclass(frozen=True, slots=True)
class Detect:
    """A source that says whose number it is: ``request(number, account)``; ``read(reply)`` gives the house's carrier
    codes, the likeliest first, () for none. ``read`` raises OutsideError.
    """

    request: Callable[[str, Account], HttpRequest]
    read: Callable[[HttpReply], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A row of an adapter's status table: what a code or phrase means, and where that is written."""

    milestone: Milestone
    source: str
    reason: Reason | None = None
    physical: bool | None = None
    manner: Manner | None = None


@dataclass(frozen=True, slots=True)
class Carrier:
    """An adapter. ``settings`` is the msgspec struct that its table in the configuration must fit;
    ``vocabulary`` is every row of its status tables, for docs and the contract test; ``scrub`` names the JSON fields
    with people in them, blanked before a raw body is kept. ``probe`` is a harmless question that shows whether an account
    works. ``charged``: what costs money; ``tokens_count``: whether fetching a token spends the budget too.
    ``asks``: False where nobody can be asked: what the source knows is brought to us, and ``request`` only raises RuleError.
    ``in_address``: the settings that a source wants in the address, by its document; no other setting may stand there.
    ``parts(reply, asks)`` gives for each ask those bytes of a reply with status 200 on which alone a finding about it rests,
    without what changes by itself, None where they can't be told apart; without it that is the body, where one number was
    asked (carriers/parts). ``pickup`` and ``intercept``: how its courier is booked and a parcel called back, where it has an interface for that.
    """

    id: str
    name: Mapping[str, str]
    settings: type[AccountSettings]
    batch_size: int
    budgets: tuple[Budget, ...]
    vocabulary: Mapping[str, Meaning]
    probe: Ask
    request: Callable[[Sequence[Ask], Account, datetime, str], HttpRequest]
    read: Callable[[HttpReply, Sequence[Ask], datetime], list[Reading]]
    token: TokenFlow | None = None
    push: Push | None = None
    min_interval: timedelta = timedelta(minutes=30)
    history: timedelta = timedelta(days=90)
    needs_phone: bool = False
    charged: frozenset[Charged] = frozenset()
    tokens_count: bool = False
    scrub: tuple[str, ...] = field(default=())
    asks: bool = True
    in_address: tuple[str, ...] = ()
    detect: Detect | None = None
    parts: Callable[[HttpReply, Sequence[Ask]], Sequence[bytes | None]] | None = None
    pickup: Pickup | None = None
    intercept: Intercepting | None = None

    def budgets_of(self, settings: AccountSettings) -> tuple[Budget, ...]:
        """The budgets that hold for an account: the documented ones, and in their place what its settings allow it."""
        own = {per_s: calls for per_s, name in SPANS.items() if (calls := getattr(settings, name)) is not None}
        documented = tuple(b for b in self.budgets if b.per_number or b.per_s not in own)
        return (
            *documented,
            *(Budget(calls, per_s, source=f"settings: {SPANS[per_s]}") for per_s, calls in own.items()),
        )


MAX_ERROR_TEXT = 200
BOM = b"\xef\xbb\xbf"

Scalar = str | int | float | bool | None
"""What a source may send where it documents a text: codes come quoted and bare, and fields come as null."""

T = TypeVar("T")


def text_of(value: Scalar) -> str:
    """A scalar as the text that it stands for; nothing is an empty text."""
    return "" if value is None else str(value)


def json_of(body: bytes, shape: type[T]) -> T:
    """The JSON of a body, with or without a byte order mark, in the given shape."""
    return msgspec.json.decode(body.removeprefix(BOM), type=shape)


def same_number(one: Scalar, other: Scalar) -> bool:
    """Whether two spellings name one parcel: sources change case and add white space."""
    return plain_number(one) == plain_number(other) != ""


@lru_cache(maxsize=2_048, typed=True)  # a batch compares each of its numbers with each of the reply's
def plain_number(number: Scalar) -> str:
    """A number without what sources change in it."""
    return "".join(text_of(number).split()).upper()


UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises on a reply that isn't in its documented format."""


def read_safely(carrier: Carrier, reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """Read a reply; what the outside did wrong becomes one Failed per ask.

    Decoding errors are turned into UnreadableReply here and nowhere else. A LookupError or TypeError is our own bug
    and isn't caught.
    """
    return failing_softly(carrier.id, lambda: carrier.read(reply, asks, now), asks)


def failing_softly(who: str, reading: Callable[[], list[Reading]], asks: Sequence[Ask]) -> list[Reading]:
    try:
        return reading()
    except OutsideError as exc:
        error: OutsideError = exc
    except UNREADABLE as exc:
        error = _unreadable(who, exc)
    return [Failed(error, no_data_of(error)) for _ in asks]


def _unreadable(who: str, exc: Exception) -> UnreadableReply:
    return UnreadableReply(who, f"{type(exc).__name__}: {exc}"[:MAX_ERROR_TEXT])


def standing_softly(who: str, reading: Callable[[], list[Standing]], asks: Sequence[Ask]) -> list[Standing]:
    """As ``read_safely``, for the reply to a subscription."""
    try:
        return reading()
    except OutsideError as exc:
        error: OutsideError = exc
    except UNREADABLE as exc:
        error = _unreadable(who, exc)
    return [Failed(error, no_data_of(error)) for _ in asks]


def said(who: str, body: bytes, shape: type[T]) -> T:
    """As ``json_of``, for bodies read outside of ``read_safely`` (tokens, subscriptions): raises UnreadableReply."""
    try:
        return json_of(body, shape)
    except UNREADABLE as exc:
        raise _unreadable(who, exc) from exc


NO_DATA: tuple[tuple[type[OutsideError], NoData], ...] = (
    (AccessDenied, NoData.BAD_CREDENTIAL),
    (Unreachable, NoData.SOURCE_DOWN),
)


def no_data_of(error: OutsideError) -> NoData | None:
    return next((no_data for kind, no_data in NO_DATA if isinstance(error, kind)), None)


def raise_for_status(who: str, reply: HttpReply, *, ok: frozenset[int] = frozenset({200})) -> None:
    """Raise the OutsideError that an HTTP status stands for, unless it is one of ``ok``."""
    status = reply.status
    if status in ok:
        return
    if status in {401, 403}:
        raise AccessDenied(who, f"HTTP {status}")
    if status == 429:
        raise RateLimited(who, "HTTP 429", retry_after_s=retry_after_s(reply))
    if status >= 500 or status in {408, 425}:
        raise Unreachable(who, f"HTTP {status}")
    raise UnreadableReply(who, f"unexpected HTTP {status}")


def retry_after_s(reply: HttpReply) -> int | None:
    """Seconds of a Retry-After header (RFC 9110 §10.2.3): a number, or a date counted from the reply's own Date; None
    where neither can be read.
    """
    value = reply.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit() and len(value) <= 9:
        return int(value)
    until, sent = _http_date(value), _http_date(reply.headers.get("date", ""))
    return max(int((until - sent).total_seconds()), 0) if until and sent else None


def _http_date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def missing_since(ask: Ask, now: datetime, history: timedelta) -> NoData:
    """What a source's silence on a number means: AGED_OUT where the parcel was shipped before the source's history
    begins, else NOT_SCANNED.
    """
    shipped = naive_time(ask.shipped_on, SHANGHAI, Zone.ASSUMED_CARRIER).at if ask.shipped_on else None
    return NoData.AGED_OUT if shipped is not None and shipped < now - history else NoData.NOT_SCANNED


_UNMAPPED = Meaning(Milestone.UNMAPPED, "no table has a row for it")


def scan_event(
    code: str | None, text: str, time: EventTime, meaning: Meaning | None, *, place: str | None = None
) -> ScanEvent:
    """A scan event from a table row; without one it stays UNMAPPED, code and text verbatim."""
    row = meaning or _UNMAPPED
    return ScanEvent(code, text, row.milestone, time, row.reason, row.physical, place or None, row.manner)
