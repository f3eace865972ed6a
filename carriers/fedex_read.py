"""A reply of FedEx's Track API as readings: one parcel per unique id. For the FedEx adapter only."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from carriers.base import Scalar, json_of, missing_since, offset_time, raise_for_status, same_number, text_of
from carriers.fedex_errors import HISTORY, failure
from carriers.fedex_events import events_of
from carriers.fedex_wire import ID, Complete, NumberInfo, Reply, ReturnDetail, Track, Window
from domain.errors import UnreadableReply
from domain.parcel import ELECTRONIC, order_key
from domain.tracking import Ask, Failed, Found, Leg, Milestone, NotFound, ParcelReading, Reading, ScanEvent
from net.http import HttpReply

ENVELOPE_STATUSES = frozenset({200, 400, 404, 422})
"""Statuses whose body says more than the status."""


def read(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """One reading per ask: its parcels, or why there are none. A number that isn't mentioned fails alone."""
    raise_for_status(ID, reply, ok=ENVELOPE_STATUSES)
    whole = json_of(reply.body, Reply)
    if whole.errors:
        return [failure(whole.errors[0], ask, now) for ask in asks]
    raise_for_status(ID, reply)
    results = whole.output.complete_track_results if whole.output else None
    return [_reading(_tracks_of(results or [], ask), ask, now) for ask in asks]


def _tracks_of(results: Iterable[Complete], ask: Ask) -> list[Track]:
    """The parcels of a number; a reply may name it only inside, where it was asked for by another one."""
    outside = [r for r in results if same_number(r.tracking_number, ask.number)]
    if outside:
        return [track for result in outside for track in result.track_results or ()]
    return [track for r in results for track in r.track_results or () if same_number(_number(track), ask.number)]


def _number(track: Track) -> Scalar:
    return track.tracking_number_info.tracking_number if track.tracking_number_info else None


def _reading(tracks: Sequence[Track], ask: Ask, now: datetime) -> Reading:
    if not tracks:
        return Failed(UnreadableReply(ID, f"the reply doesn't mention {ask.number}"))
    known = [track for track in tracks if events_of(track)]
    if known:
        return Found(_parcels(known, ask.number), promised_at=_promise(known))
    failed = next((track.error for track in tracks if track.error and text_of(track.error.code)), None)
    return failure(failed, ask, now) if failed else NotFound(missing_since(ask, now, HISTORY))


def _parcels(tracks: Iterable[Track], number: str) -> tuple[ParcelReading, ...]:
    """One parcel per unique id: FedEx repeats a parcel where it has two records of it."""
    parcels: dict[tuple[str | None, Leg], ParcelReading] = {}
    for track in tracks:
        info, events = track.tracking_number_info or NumberInfo(), events_of(track)
        identity, leg = text_of(info.tracking_number_unique_id) or None, _leg(track, events)
        before = parcels[identity, leg].events if (identity, leg) in parcels else ()
        parcels[identity, leg] = ParcelReading(number, before + events, identity, leg)
    return tuple(parcels.values())


def _leg(track: Track, events: Sequence[ScanEvent]) -> Leg:
    """A return leg has return details (it travels on a return label), or begins with the return to the shipper. A
    parcel that is sent back under its own record keeps its leg: its events say returning and returned.
    """
    detail = track.return_detail or ReturnDetail()
    if text_of(detail.authorization_name) or msgspec.json.decode(detail.reason_detail):
        return Leg.RETURN
    moves = sorted((e for e in events if e.milestone not in ELECTRONIC), key=order_key)
    return Leg.RETURN if moves and moves[0].milestone is Milestone.RETURNING else Leg.OUT


def _promise(tracks: Iterable[Track]) -> datetime | None:
    """The latest end of the parcels' delivery windows, the current estimate before the standard one."""
    promises = [
        _window_end(t.estimated_delivery_time_window) or _window_end(t.standard_transit_time_window) for t in tracks
    ]
    return max((at for at in promises if at), default=None)


def _window_end(window: Window | None) -> datetime | None:
    raw = text_of(window.window.ends) if window and window.window else ""
    time = offset_time(raw)
    return time.at if time else None
