"""Words of a carrier's own pickup: what is booked, what it costs, how it stands, and calling a parcel back.

A booking goes to a carrier's courier; a stop of our own routes is something else (domain/pickup.py).
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from domain.errors import RuleError


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody at an address, as a courier must find them. ``region`` is the province or state, ``district`` the Chinese
    county below the city, ``country`` two letters. People stay out of every repr, hence of logs.
    """

    name: str = field(repr=False)
    phone: str = field(repr=False)
    address: str = field(repr=False)
    city: str
    region: str = ""
    district: str = ""
    postcode: str = ""
    country: str = "CN"
    company: str = field(default="", repr=False)
    residential: bool = True

    def __post_init__(self) -> None:
        for key in ("name", "phone", "address", "city"):
            if not getattr(self, key).strip():
                raise RuleError(f"pickup: a party has no {key}: fill it in, the courier needs it")


@dataclass(frozen=True, slots=True)
class Slot:
    """From when to when the courier may come; both times are aware."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() is None or self.end.utcoffset() is None:
            raise RuleError("pickup: a slot needs times with a zone")
        if self.start.astimezone(UTC) >= self.end.astimezone(UTC):  # as instants: clocks of one zone may go back
            raise RuleError(f"pickup: a slot must end after it starts, not {self.start} to {self.end}")


@dataclass(frozen=True, slots=True)
class PickupOrder:
    """What a carrier is asked to fetch. ``our_id`` is the key of repeating: one id, one booking. ``zone`` is the zone of
    the sender's place, ``carrier`` the firm where an aggregator books for several, ``callback_url`` where the carrier is
    told to call, for those that call.
    """

    our_id: str
    sender: Party
    recipient: Party
    slot: Slot
    zone: tzinfo
    goods: str
    weight_g: int
    parcels: int = 1
    declared_cents: int | None = None
    carrier: str = ""
    service: str = ""
    remark: str = field(default="", repr=False)
    callback_url: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not self.our_id or not self.goods.strip():
            raise RuleError("pickup: an order needs our_id and goods (a word for what is inside)")
        if self.parcels < 1 or self.weight_g < 1:
            raise RuleError(f"pickup: an order needs a parcel and a weight, not {self.parcels} and {self.weight_g} g")


@dataclass(frozen=True, slots=True)
class Quote:
    """What a pickup would cost, kept as a fact. ``amount_cents`` is None where the carrier names no price; after
    ``valid_until`` it must be asked for again. ``slots``: when the carrier said it can come, empty where it didn't say.
    """

    carrier: str
    amount_cents: int | None
    currency: str
    valid_until: datetime
    service: str = ""
    slots: tuple[Slot, ...] = ()


@dataclass(frozen=True, slots=True)
class Booking:
    """A pickup that the carrier took. ``ref`` is what cancelling and asking need, for nobody but the carrier's adapter
    to read; ``known_as`` the id by which its callbacks speak of it. ``number``: the parcel's, where it is known already.
    """

    our_id: str
    ref: str
    number: str | None = None
    known_as: str = ""
    charge_cents: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class AlreadyBooked:
    """The carrier has a booking under this id already and doesn't say which."""

    our_id: str


@dataclass(frozen=True, slots=True)
class Uncertain:
    """An earlier try may have booked, and trying again may book twice: somebody must look. ``text`` says where."""

    our_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The booking is off; ``already``: it was so before."""

    ref: str
    already: bool = False


class Refusal(StrEnum):
    """Why a carrier won't, as far as it says."""

    TOO_LATE = "too_late"  # after the cut-off, or the courier has it
    OUT_OF_HOURS = "out_of_hours"
    TOO_FAR_AHEAD = "too_far_ahead"
    TOO_SHORT = "too_short"
    CAPACITY = "capacity"
    OUT_OF_AREA = "out_of_area"
    NO_PRICE = "no_price"
    ADDRESS = "address"
    PHONE = "phone"
    NUMBER = "number"
    PROHIBITED = "prohibited"
    TOO_HEAVY = "too_heavy"
    NOT_FOUND = "not_found"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Refused:
    """An expected no. ``code`` and ``text`` are the carrier's own, empty where we saw it ourselves."""

    reason: Refusal
    code: str = ""
    text: str = ""


class BookingStatus(StrEnum):
    """How a booking stands. The last three are only news: revived after an end, nothing about the stage, unknown."""

    PLACED = "placed"
    ACCEPTED = "accepted"
    ON_THE_WAY = "on_the_way"
    COLLECTED = "collected"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REVIVED = "revived"
    INFO = "info"
    UNMAPPED = "unmapped"


@dataclass(frozen=True, slots=True)
class BookingState:
    """What a carrier said of a booking. ``charge_cents`` is what this message says that it takes; messages of one
    settlement may come several times and add up.
    """

    status: BookingStatus
    code: str = ""
    text: str = ""
    number: str | None = None
    courier_name: str = field(default="", repr=False)
    courier_phone: str = field(default="", repr=False)
    charge_cents: int | None = None
    weight_g: int | None = None


_S = BookingStatus
_GOING = (_S.PLACED, _S.ACCEPTED, _S.ON_THE_WAY)
NEXT: dict[tuple[BookingStatus, BookingStatus], BookingStatus] = {
    (_S.PLACED, _S.ACCEPTED): _S.ACCEPTED,
    (_S.PLACED, _S.ON_THE_WAY): _S.ON_THE_WAY,
    (_S.ACCEPTED, _S.ON_THE_WAY): _S.ON_THE_WAY,
    **{(status, end): end for status in _GOING for end in (_S.COLLECTED, _S.FAILED, _S.CANCELLED)},
    **{(end, _S.COLLECTED): _S.COLLECTED for end in (_S.FAILED, _S.CANCELLED)},  # the goods are gone, whatever was said
    **{(end, _S.REVIVED): _S.PLACED for end in (_S.FAILED, _S.CANCELLED)},
}
"""What news makes of a booking. A missing pair changes nothing: news come late, twice and out of order."""


def step(status: BookingStatus, news: BookingStatus) -> BookingStatus:
    return NEXT.get((status, news), status)


class InterceptKind(StrEnum):
    """What shall become of a parcel that is called back."""

    RETURN_TO_SENDER = "return_to_sender"  # to the address that it came from
    RETURN_TO_BRANCH = "return_to_branch"  # to the carrier's branch that took it in
    RETURN_TO_ADDRESS = "return_to_address"  # as a return, to the address given
    CHANGE_ADDRESS = "change_address"  # on, to the address given


@dataclass(frozen=True, slots=True)
class Intercept:
    """A parcel to be called back. ``to`` is where it shall go; whether one is needed depends on the carrier."""

    our_id: str
    number: str
    kind: InterceptKind
    reason: str = ""
    carrier: str = ""
    to: Party | None = None
    callback_url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Intercepted:
    """The carrier took the order to intercept; whether the parcel is caught shows in its scans."""

    number: str
    ref: str = ""
    charge_cents: int | None = None
