"""USPS's replies as they come: every field may be missing or null."""

import msgspec

from carriers.base import Scalar


class TokenReply(msgspec.Struct):
    access_token: str
    expires_in: int | str = 0


class Fault(msgspec.Struct):
    status: Scalar = None
    code: Scalar = None
    title: Scalar = None
    detail: Scalar = None


class Trouble(msgspec.Struct):
    code: Scalar = None
    message: Scalar = None
    errors: list[Fault] | None = None


class Event(msgspec.Struct, rename="camel"):
    event_type: Scalar = None
    event_timestamp: Scalar = None
    gmt_timestamp: Scalar = msgspec.field(default=None, name="GMTTimestamp")
    gmt_offset: Scalar = msgspec.field(default=None, name="GMTOffset")
    event_code: Scalar = None
    event_city: Scalar = None
    event_state: Scalar = None
    event_zip: Scalar = msgspec.field(default=None, name="eventZIP")
    event_country: Scalar = None
    authorized_agent: Scalar = None


class Reply(msgspec.Struct, rename="camel"):
    tracking_number: Scalar = None
    unique_mail_piece_id: Scalar = msgspec.field(default=None, name="uniqueMailPieceID")
    tracking_events: list[Event] | None = None
    status_summary: Scalar = None
    error: Trouble | str | None = None
    error_description: Scalar = msgspec.field(default=None, name="error_description")
