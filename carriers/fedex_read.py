"""A reply of FedEx's Track API as readings: one parcel per unique id. For the FedEx adapter only."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from carriers.base import Scalar, json_of, missing_since, raise_for_status, same_number, text_of
from carriers.fedex_errors import HISTORY, failure, wait_s
from carriers.fedex_events import events_of
from carriers.fedex_times import MIDNIGHT
from carriers.fedex_wire import ID, Address, Complete, NumberInfo, Outline, Reply, Track, Window
from carriers.parts import by_number
from carriers.place_zones import zone_of
from carriers.times import naive_time, offset_time
from domain.errors import RateLimited, UnreadableReply
from domain.parcel import ELECTRONIC
from domain.tracking import (
    Ask,
    Certainty,
    Failed,
    Found,
    Leg,
    Milestone,
    NotFound,
    ParcelReading,
    Reading,
    ScanEvent,
    Zone,
)
from net.http import HttpReply

ENVELOPE_STATUSES = frozenset({200, 400, 404, 422})
"""Statuses whose body says more than the status."""


def read(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """One reading per ask: its parcels, or why there are none. A number that isn't mentioned fails alone."""
    if reply.status == 429:
        raise RateLimited(ID, "HTTP 429", retry_after_s=wait_s(reply, now))
    raise_for_status(ID, reply, ok=ENVELOPE_STATUSES)
    whole = json_of(reply.body, Reply)
    if whole.errors:
        return [failure(whole.errors, reply, ask, now) for ask in asks]
    raise_for_status(ID, reply)
    results = (whole.output.complete_track_results if whole.output else None) or []
    return [_reading(_tracks_of(results, ask), reply, ask, now) for ask in asks]


def parts(reply: HttpReply, asks: Sequence[Ask]) -> list[bytes | None]:
    """What stands under each number; ``transactionId`` is each reply's own."""
    whole = json_of(reply.body, Outline)
    results = (whole.output.complete_track_results if whole.output and not whole.errors else None) or []
    return by_number(((result.tracking_number, (result.track_results,)) for result in results), asks)


def _tracks_of(results: Iterable[Complete], ask: Ask) -> list[Track] | None:
    """The parcels of a number, None where nothing names it. A reply may name it only inside, where it was asked for by
    another one.
    """
    outside = [r for r in results if same_number(r.tracking_number, ask.number)]
    if outside:
        return [track for result in outside for track in result.track_results or ()]
    inside = [t for r in results for t in r.track_results or () if same_number(_number(t), ask.number)]
    return inside or None


def _number(track: Track) -> Scalar:
    return track.tracking_number_info.tracking_number if track.tracking_number_info else None


def _reading(tracks: Sequence[Track] | None, reply: HttpReply, ask: Ask, now: datetime) -> Reading:
    if tracks is None:
        return Failed(UnreadableReply(ID, f"the reply doesn't mention {ask.number}"))
    known = [(track, events) for track in tracks if (events := events_of(track))]
    if known:
        return Found(_parcels(known, ask.number), promised_at=_promise(track for track, _ in known))
    failed = [track.error for track in tracks if track.error and text_of(track.error.code)]
    return failure(failed, reply, ask, now) if failed else NotFound(missing_since(ask, now, HISTORY))


def _parcels(known: Iterable[tuple[Track, tuple[ScanEvent, ...]]], number: str) -> tuple[ParcelReading, ...]:
    """One parcel per unique id: FedEx repeats a parcel where it has two records of it."""
    parcels: dict[tuple[str | None, Leg], ParcelReading] = {}
    for track, events in known:
        info = track.tracking_number_info or NumberInfo()
        identity, leg = text_of(info.tracking_number_unique_id) or None, _leg(track, events)
        before = parcels[identity, leg].events if (identity, leg) in parcels else ()
        parcels[identity, leg] = ParcelReading(number, before + events, identity, leg)
    return tuple(parcels.values())


def _leg(track: Track, events: Sequence[ScanEvent]) -> Leg:
    """A return leg has return details (it travels on a return label), or begins with the return to the shipper. A
    parcel that is sent back under its own record keeps its leg: its events say returning and returned.
    """
    detail = track.return_detail
    if detail and (text_of(detail.authorization_name).strip() or _says(msgspec.json.decode(detail.reason_detail))):
        return Leg.RETURN
    first = next((event for event in events if event.milestone not in ELECTRONIC), None)
    return Leg.RETURN if first and first.milestone is Milestone.RETURNING else Leg.OUT


def _says(value: object) -> bool:
    """Whether any text stands in a JSON value: FedEx also fills in details whose fields are all empty."""
    if isinstance(value, dict):
        return any(_says(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_says(inner) for inner in value)
    return isinstance(value, str) and value.strip() != ""


def _promise(tracks: Iterable[Track]) -> datetime | None:
    """The latest end of the parcels' delivery windows, the current estimate before the standard one; without windows the
    estimated delivery, else the commitment.
    """
    promises = [_promised(track) for track in tracks]
    return max((at for at in promises if at), default=None)


PROMISES = ("ESTIMATED_DELIVERY", "COMMITMENT")


def _promised(track: Track) -> datetime | None:
    dates = {text_of(dated.type): text_of(dated.date_time) for dated in track.date_and_times or ()}
    ends = [_end(track.estimated_delivery_time_window), _end(track.standard_transit_time_window)]
    recipient = track.recipient_information.address if track.recipient_information else None
    told = [raw for raw in (*ends, *(dates.get(kind, "") for kind in PROMISES)) if raw]
    return next((at for at in (_moment(raw, recipient or Address()) for raw in told) if at), None)


def _end(window: Window | None) -> str:
    return text_of(window.window.ends) if window and window.window else ""


def _moment(raw: str, destination: Address) -> datetime | None:
    """A naive time is the destination's; a date is that whole day there."""
    if (exact := offset_time(raw)) is not None:
        return exact.at
    place = (destination.country_code, destination.state_or_province_code, destination.city)
    zone = zone_of(*(text_of(part) for part in place))
    if zone is None:
        return None
    time = naive_time(raw.removesuffix(MIDNIGHT), zone, Zone.ASSUMED_PLACE)
    whole_day = timedelta(days=1) if time.certainty is Certainty.DATE_ONLY else timedelta()
    return time.at + whole_day if time.at else None
