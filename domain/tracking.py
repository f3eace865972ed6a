"""What carriers report: milestones, scan events, readings. Names as in docs/formats.md."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class Milestone(StrEnum):
    """Our normalised step of a parcel's way."""

    ANNOUNCED = "announced"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    CUSTOMS = "customs"
    AT_DESTINATION = "at_destination"
    OUT_FOR_DELIVERY = "out_for_delivery"
    ATTEMPT_FAILED = "attempt_failed"
    AWAITING_COLLECTION = "awaiting_collection"
    DELIVERED = "delivered"
    RETURNING = "returning"
    RETURNED = "returned"
    TRANSFERRED = "transferred"
    CANCELLED = "cancelled"
    EXCEPTION = "exception"
    INFO = "info"
    UNMAPPED = "unmapped"


class Reason(StrEnum):
    """Why a carrier reports an exception."""

    DELAYED = "delayed"
    LOST = "lost"
    DAMAGED = "damaged"
    DESTROYED = "destroyed"
    REFUSED = "refused"
    ABSENT = "absent"
    UNREACHABLE = "unreachable"
    ADDRESS = "address"
    OUT_OF_AREA = "out_of_area"
    CUSTOMS = "customs"
    PAYMENT = "payment"
    WEATHER = "weather"
    MISSORTED = "missorted"
    SECURITY = "security"
    INTERCEPTED = "intercepted"
    OVERDUE_AT_POINT = "overdue_at_point"
    CANCELLED = "cancelled"
    OTHER = "other"


class Manner(StrEnum):
    """Into whose hands, or where, a parcel was delivered."""

    SELF = "self"
    OTHER = "other"
    NEIGHBOUR = "neighbour"
    LOCKER = "locker"
    POINT = "point"
    AGENT = "agent"
    SAFE_PLACE = "safe_place"
    UNKNOWN = "unknown"


class NoData(StrEnum):
    """Why a source has nothing for a number. Only NOT_SCANNED may run a stall clock."""

    NOT_SCANNED = "not_scanned"
    BAD_CREDENTIAL = "bad_credential"
    WRONG_CARRIER = "wrong_carrier"
    AGED_OUT = "aged_out"
    SOURCE_DOWN = "source_down"


class Leg(StrEnum):
    OUT = "out"
    RETURN = "return"


class Zone(StrEnum):
    """What told us the time zone of a reported time."""

    OFFSET = "offset"
    UTC_FIELD = "utc_field"
    ASSUMED_CARRIER = "assumed_carrier"
    ASSUMED_PLACE = "assumed_place"
    NONE = "none"


class Certainty(StrEnum):
    EXACT = "exact"
    ASSUMED = "assumed"
    DATE_ONLY = "date_only"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class EventTime:
    """When a carrier says that something happened.

    ``raw`` is the carrier's own text; ``at`` is aware UTC, or None where the text can't be read (such an event is kept
    and moves no clock). With certainty DATE_ONLY, ``at`` is 00:00 in the assumed zone.
    """

    raw: str
    at: datetime | None
    zone: Zone
    certainty: Certainty


UNREAD_TIME = EventTime(raw="", at=None, zone=Zone.NONE, certainty=Certainty.UNKNOWN)


@dataclass(frozen=True, slots=True)
class ScanEvent:
    """One carrier report. ``code`` and ``text`` are verbatim; ``physical`` is None where the source doesn't tell
    whether somebody held the parcel (True) or a computer wrote a line (False).
    """

    code: str | None
    text: str
    milestone: Milestone
    time: EventTime
    reason: Reason | None = None
    physical: bool | None = None
    place: str | None = None
    manner: Manner | None = None

    def saying(self, text: str, place: str | None) -> "ScanEvent":
        """The same report in other words. (``dataclasses.replace`` takes five times as long.)"""
        return ScanEvent(self.code, text, self.milestone, self.time, self.reason, self.physical, place, self.manner)


@dataclass(frozen=True, slots=True)
class ParcelReading:
    """What one reply says of one parcel. ``identity`` is the source's own id that tells parcels of one number apart."""

    number: str
    events: tuple[ScanEvent, ...]
    identity: str | None = None
    leg: Leg = Leg.OUT

    def telling(self, events: tuple[ScanEvent, ...]) -> "ParcelReading":
        """The same parcel with other events."""
        return ParcelReading(self.number, events, self.identity, self.leg)


@dataclass(frozen=True, slots=True)
class Found:
    """The source knows the number. ``moved_to`` is a corrected carrier code, where a push brings one."""

    parcels: tuple[ParcelReading, ...]
    moved_to: str | None = None
    promised_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NotFound:
    """The source has nothing for the number, and why. ``moved_to``: the carrier that it should be asked under."""

    kind: NoData
    message: str = ""
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The ask failed; ``error`` is an OutsideError value, kept, not raised. ``no_data`` as FORMATS §2 prints it."""

    error: Exception
    no_data: NoData | None = None


Reading = Found | NotFound | Failed

KEY_BYTES = 8  # 2**64 keys: a clash within one parcel's few dozen events is out of sight


def event_key(source: str, event: ScanEvent) -> int:
    """The natural key of an event within its parcel, a signed 64-bit number: the same report read again has the same
    key, whatever its white space and (to the minute) its seconds.
    """
    when = event.time.raw if event.time.at is None else str(_minute(event.time.at))
    parts = (source, event.code or "", when, event.place or "", "".join(event.text.split()))
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=KEY_BYTES).digest()
    return int.from_bytes(digest, "big", signed=True)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _minute(at: datetime) -> int:
    """Whole minutes since the epoch: ``int(at.timestamp()) // 60`` of any time after it, at a quarter of the cost."""
    since = at - _EPOCH
    return since.days * 1_440 + since.seconds // 60 if since.days >= 0 else int(at.timestamp()) // 60


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to a carrier. ``source_ref`` is what an earlier reading told to ask with."""

    number: str
    carrier: str | None = None
    phone4: str | None = None
    postcode: str | None = None
    shipped_on: str | None = None
    source_ref: str | None = None
    destination: str | None = None


Events = Sequence[ScanEvent]
