"""USPS's replies as they come: every field may be missing or null.

Three layouts carry the same facts: Tracking v3 (one flat object), v3r2 (a list of objects with some names changed), and the
one of 2023 that v1, and v3 in the README of USPS/api-examples, call TrackResults.
"""

from collections.abc import Iterator

import msgspec

from carriers.base import BOM, Scalar, text_of


class TokenReply(msgspec.Struct):
    access_token: str
    expires_in: int | str = 0


class Origin(msgspec.Struct):
    parameter: Scalar = None


class Fault(msgspec.Struct):
    status: Scalar = None
    code: Scalar = None
    title: Scalar = None
    detail: Scalar = None
    source: Origin | Scalar = None


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
    event_zip_code: Scalar = msgspec.field(default=None, name="eventZIPCode")
    event_country: Scalar = None
    authorized_agent: Scalar = None


class Expectation(msgspec.Struct, rename="camel"):
    """When USPS expects to deliver, as v3r2 says it: dates and times of day at the destination."""

    end_of_day: Scalar = None
    expected_delivery_date: Scalar = None
    guaranteed_delivery_date: Scalar = None
    predicted_delivery_date: Scalar = None
    predicted_delivery_window_end_time: Scalar = None


class Reply(msgspec.Struct, rename="camel"):
    tracking_number: Scalar = None
    unique_mail_piece_id: Scalar = msgspec.field(default=None, name="uniqueMailPieceID")
    unique_mail_piece_key: Scalar = msgspec.field(default=None, name="uniqueMailPieceId")
    unique_tracking_id: Scalar = msgspec.field(default=None, name="uniqueTrackingID")
    unique_tracking_key: Scalar = msgspec.field(default=None, name="uniqueTrackingId")
    tracking_events: list[Event | None] | Event | None = None
    status: Scalar = None
    status_summary: Scalar = None
    destination_state: Scalar = None
    destination_country_code: Scalar = None
    end_of_day: Scalar = None
    expected_delivery_time_stamp: Scalar = None
    guaranteed_delivery_time_stamp: Scalar = None
    predicted_delivery_date: Scalar = None
    predicted_delivery_window_end_time: Scalar = None
    delivery_date_expectation: Expectation | None = None
    error: Trouble | str | None = None
    error_description: Scalar = msgspec.field(default=None, name="error_description")
    track_results: "OldResults | None" = msgspec.field(default=None, name="TrackResults")


class OldEvent(msgspec.Struct, rename="pascal"):
    event: Scalar = None
    event_date: Scalar = None
    event_time: Scalar = None
    gmt_offset: Scalar = msgspec.field(default=None, name="GMTOffset")
    event_code: Scalar = None
    event_city: Scalar = None
    event_state: Scalar = None
    event_zip: Scalar = msgspec.field(default=None, name="EventZIPCode")
    event_country: Scalar = None
    authorized_agent: Scalar = None


class OldInfo(msgspec.Struct, rename="pascal"):
    """``track_summary`` is the latest event, or a sentence; ``track_detail`` the others."""

    id: Scalar = msgspec.field(default=None, name="@ID")
    suffix: Scalar = msgspec.field(default=None, name="MPSUFFIX")
    status: Scalar = None
    status_summary: Scalar = None
    track_summary: OldEvent | Scalar = None
    track_detail: list[OldEvent | str | None] | OldEvent | Scalar = None


class OldResults(msgspec.Struct, rename="pascal"):
    track_info: list[OldInfo] | OldInfo | None = None


def pieces_in(body: bytes) -> list[Reply]:
    """The mail pieces of a body, all in v3's layout. Raises what msgspec raises."""
    whole: list[Reply] | Reply = msgspec.json.decode(body.removeprefix(BOM), type=list[Reply] | Reply)
    listed = whole if isinstance(whole, list) else [whole]
    return [piece for one in listed for piece in (_modern(one.track_results) if one.track_results else [one])]


def _modern(results: OldResults) -> Iterator[Reply]:
    infos = results.track_info if isinstance(results.track_info, list) else [results.track_info or OldInfo()]
    for info in infos:
        detail = info.track_detail if isinstance(info.track_detail, list) else [info.track_detail]
        events: list[Event | None] = [_event(old) for old in (info.track_summary, *detail) if isinstance(old, OldEvent)]
        summary = info.track_summary if isinstance(info.track_summary, str) else info.status_summary
        yield Reply(info.id, info.suffix, tracking_events=events, status=info.status, status_summary=summary)


def _event(old: OldEvent) -> Event:
    return Event(
        event_type=old.event,
        event_timestamp=f"{text_of(old.event_date)} {text_of(old.event_time)}".strip(),
        gmt_offset=old.gmt_offset,
        event_code=old.event_code,
        event_city=old.event_city,
        event_state=old.event_state,
        event_zip=old.event_zip,
        event_country=old.event_country,
        authorized_agent=old.authorized_agent,
    )


def events_of(piece: Reply) -> list[Event]:
    """A piece with one event has it bare instead of in a list (README of USPS/api-examples)."""
    told = piece.tracking_events if isinstance(piece.tracking_events, list) else [piece.tracking_events]
    return [event for event in told if event is not None and event != Event()]


def identity_of(piece: Reply) -> str | None:
    """USPS's own id of a mail piece: numbers are used again. It has had several names."""
    names = (
        piece.unique_mail_piece_id,
        piece.unique_mail_piece_key,
        piece.unique_tracking_id,
        piece.unique_tracking_key,
    )
    return next((text_of(name) for name in names if text_of(name)), None)
