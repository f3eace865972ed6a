"""FedEx Track API v1: thirty numbers per call, several parcels under one number, errors inside a success.

Source: developer.fedex.com (Track API, authorization, rate limits) and recorded replies. See docs/carriers/fedex.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from urllib.parse import urlencode

import msgspec

from carriers.base import (
    Account,
    AccountSettings,
    Budget,
    Carrier,
    Meaning,
    Scalar,
    Token,
    TokenFlow,
    json_of,
    missing_since,
    naive_time,
    no_data_of,
    offset_time,
    raise_for_status,
    said,
    same_number,
    scan_event,
    text_of,
    unread_time,
)
from carriers.fedex_vocabulary import DELAYS, DELIVERIES, EVENTS, EXCEPTIONS, TRIPLES, manner_in, meaning_of
from carriers.fedex_wire import (
    Address,
    Complete,
    Delay,
    DeliveryDetails,
    Fault,
    LatestStatus,
    NumberInfo,
    Reply,
    ReturnDetail,
    Scan,
    TokenReply,
    Track,
    Window,
)
from carriers.place_zones import zone_of
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError, Unreachable, UnreadableReply
from domain.parcel import ELECTRONIC, order_key
from domain.tracking import (
    Ask,
    EventTime,
    Failed,
    Found,
    Leg,
    Manner,
    Milestone,
    NoData,
    NotFound,
    ParcelReading,
    Reading,
    Reason,
    ScanEvent,
    Zone,
)
from net.http import HttpReply, HttpRequest

ID = "fedex"
BATCH = 30
HISTORY = timedelta(days=90)


class FedexSettings(AccountSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``client_id`` and ``client_secret`` of a project with the Track API."""

    client_id: str
    client_secret: str
    base_url: str = "https://apis.fedex.com"
    locale: str = "en_US"


# --- asking ---


def request(asks: Sequence[Ask], account: Account, now: datetime, nonce: str) -> HttpRequest:
    """One call for up to thirty numbers; ``source_ref`` (an identity read before) asks for that very parcel."""
    del now
    if not 0 < len(asks) <= BATCH:
        raise RuleError(f"fedex: ask for 1 to {BATCH} numbers at once, not {len(asks)}")
    if account.token is None:
        raise RuleError("fedex: get a token before asking")
    settings: FedexSettings = account.settings
    headers = {
        "content-type": "application/json",
        "authorization": f"Bearer {account.token.value}",
        "x-locale": settings.locale,
        "x-customer-transaction-id": nonce,
    }
    body = {"includeDetailedScans": True, "trackingInfo": [{"trackingNumberInfo": _asked(ask)} for ask in asks]}
    return HttpRequest("POST", settings.base_url + "/track/v1/trackingnumbers", headers, msgspec.json.encode(body))


def _asked(ask: Ask) -> dict[str, str]:
    number = {"trackingNumber": ask.number}
    return {**number, "trackingNumberUniqueId": ask.source_ref} if ask.source_ref else number


def token_request(account: Account, now: datetime) -> HttpRequest:
    """OAuth 2 client credentials."""
    del now
    settings: FedexSettings = account.settings
    fields = {
        "grant_type": "client_credentials",
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
    }
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return HttpRequest("POST", settings.base_url + "/oauth/token", headers, urlencode(fields).encode())


def token_read(reply: HttpReply, now: datetime) -> Token:
    """The token and its end. Raises AccessDenied where the project's key is refused, which FedEx also does with 400."""
    if reply.status == 400:
        raise AccessDenied(ID, "HTTP 400 for the token: client_id or client_secret")
    raise_for_status(ID, reply)
    token = said(ID, reply.body, TokenReply)
    return Token(token.access_token, now + timedelta(seconds=min(max(token.expires_in, 0), 86_400)))


# --- failures ---

ERRORS: Mapping[str, NoData | type[OutsideError]] = MappingProxyType(
    {
        "TRACKING.TRACKINGNUMBER.NOTFOUND": NoData.NOT_SCANNED,
        "TRACKING.REFERENCENUMBER.NOTFOUND": NoData.NOT_SCANNED,
        "TRACKING.TCN.NOTFOUND": NoData.NOT_SCANNED,
        "TRACKING.DATA.NOTFOUND": NoData.NOT_SCANNED,
        "NOTIFICATION.TRACKINGNBR.NOTFOUND": NoData.NOT_SCANNED,
        "TRACKING.TRACKINGNUMBER.INVALID": NoData.WRONG_CARRIER,  # not a number of FedEx's
        "TRACKING.TRACKINGNUMBER.EMPTY": UnreadableReply,  # it lost what we sent
        "NOT.AUTHORIZED.ERROR": AccessDenied,
        "FORBIDDEN.ERROR": AccessDenied,
        "LOGIN.REAUTHENTICATE.ERROR": AccessDenied,
        "INTERNAL.SERVER.ERROR": Unreachable,
        "SERVICE.UNAVAILABLE.ERROR": Unreachable,
        "SYSTEM.UNAVAILABLE.EXCEPTION": Unreachable,
        "SYSTEM.UNEXPECTED.ERROR": Unreachable,
    }
)
"""Error codes, in the envelope and per number."""

PARTS: tuple[tuple[str, NoData | type[OutsideError]], ...] = (
    ("UNAVAILABLE", Unreachable),
    ("TIMEOUT", Unreachable),
    ("RATE.LIMIT", RateLimited),
    ("TOO.MANY", RateLimited),
    ("QUOTA", RateLimited),
    ("AUTHORIZED", AccessDenied),
    ("AUTHENTICAT", AccessDenied),
    ("NOTFOUND", NoData.NOT_SCANNED),
)
"""Parts of codes that are in no list: FedEx keeps the endings when it renames the front."""

ENVELOPE_STATUSES = frozenset({200, 400, 404, 422})
"""Statuses whose body says more than the status."""


def _failure(error: Fault, ask: Ask, now: datetime) -> Reading:
    code, message = text_of(error.code), text_of(error.message)
    kind = ERRORS.get(code) or next((kind for part, kind in PARTS if part in code), UnreadableReply)
    if isinstance(kind, NoData):
        return NotFound(missing_since(ask, now, HISTORY) if kind is NoData.NOT_SCANNED else kind, message)
    failed = kind(ID, f"{code} {message}")
    return Failed(failed, no_data_of(failed))


# --- reading ---


def read(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """One reading per ask: its parcels, or why there are none. A number that isn't mentioned fails alone."""
    raise_for_status(ID, reply, ok=ENVELOPE_STATUSES)
    whole = json_of(reply.body, Reply)
    if whole.errors:
        return [_failure(whole.errors[0], ask, now) for ask in asks]
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
    known = [track for track in tracks if _events(track)]
    if known:
        return Found(_parcels(known, ask.number), promised_at=_promise(known))
    failed = next((track.error for track in tracks if track.error and text_of(track.error.code)), None)
    return _failure(failed, ask, now) if failed else NotFound(missing_since(ask, now, HISTORY))


def _parcels(tracks: Iterable[Track], number: str) -> tuple[ParcelReading, ...]:
    """One parcel per unique id: FedEx repeats a parcel where it has two records of it."""
    parcels: dict[tuple[str | None, Leg], ParcelReading] = {}
    for track in tracks:
        info, events = track.tracking_number_info or NumberInfo(), _events(track)
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


# --- events ---


def _events(track: Track) -> tuple[ScanEvent, ...]:
    scans = [scan for scan in track.scan_events or () if scan != Scan()]
    if not scans:
        return _from_status(track.latest_status_detail)
    times = _times(scans)
    events = [_event(scan, time) for scan, time in zip(scans, times, strict=True)]
    return tuple(_with_delivery(_sent_back(events), track))


def _from_status(status: LatestStatus | None) -> tuple[ScanEvent, ...]:
    """A label so new that its list is empty or ``[{}]`` has only its status, which is no scan and has no time."""
    if status is None or not (text_of(status.derived_code) or text_of(status.code)):
        return ()
    derived, event = text_of(status.derived_code), text_of(status.code)
    meaning = meaning_of(derived, event, "", at_destination=False)
    text = text_of(status.description) or text_of(status.status_by_locale)
    electronic = replace(meaning, physical=False) if meaning else None
    return (scan_event(f"{derived}/{event}/", text, unread_time(""), electronic),)


def _event(scan: Scan, time: EventTime) -> ScanEvent:
    derived, event = text_of(scan.derived_status_code).strip(), text_of(scan.event_type).strip()
    exception, text = text_of(scan.exception_code).strip(), text_of(scan.event_description)
    meaning = meaning_of(derived, event, exception, at_destination=_at_destination(scan))
    return scan_event(
        f"{derived}/{event}/{exception}",
        text or text_of(scan.exception_description),
        time,
        _delayed(meaning, scan.delay_detail),
        place=_place(scan.scan_location),
    )


def _at_destination(scan: Scan) -> bool:
    """Said by the kind of place, or by the words; "tendered at" (A3) is a drop-off, which can be at either end."""
    if text_of(scan.location_type) == "DESTINATION_FEDEX_FACILITY":
        return True
    words = text_of(scan.event_description).lower()
    return "destination" in words or ("local fedex facility" in words and scan.exception_code != "A3")


def _delayed(meaning: Meaning | None, delay: Delay | None) -> Meaning | None:
    if meaning is None or meaning.reason or delay is None or text_of(delay.status) != "DELAYED":
        return meaning
    return replace(meaning, reason=DELAYS.get(text_of(delay.type)))


def _place(address: Address | None) -> str:
    parts = (address.city, address.state_or_province_code, address.country_code) if address else ()
    return ", ".join(text_of(part) for part in parts if text_of(part))


def _sent_back(events: Sequence[ScanEvent]) -> list[ScanEvent]:
    """A delivery after "return to shipper" is one to the shipper: FedEx uses DL for both."""
    ordered = sorted(events, key=order_key)
    turned = next((n for n, event in enumerate(ordered) if event.milestone is Milestone.RETURNING), len(ordered))
    return [
        replace(event, milestone=Milestone.RETURNED) if n > turned and event.milestone is Milestone.DELIVERED else event
        for n, event in enumerate(ordered)
    ]


def _with_delivery(ordered: Sequence[ScanEvent], track: Track) -> list[ScanEvent]:
    """``deliveryDetails`` speak of the last delivery."""
    last = max((n for n, event in enumerate(ordered) if event.milestone is Milestone.DELIVERED), default=None)
    return [
        replace(event, manner=event.manner or _manner(track)) if n == last else event for n, event in enumerate(ordered)
    ]


def _manner(track: Track) -> Manner | None:
    details = track.delivery_details or DeliveryDetails()
    taker = text_of(details.received_by_name) or text_of(details.signed_by_name)
    told = manner_in(text_of(details.location_description), text_of(details.location_type), taker)
    recipient = track.recipient_information.contact if track.recipient_information else None
    itself = recipient is not None and same_number(recipient.person_name, taker)
    return told or (Manner.SELF if itself else None)


# --- times ---


def _times(scans: Sequence[Scan]) -> list[EventTime]:
    """Times with an offset are exact. A naive one is local to its scan's place: the offset of another scan there, else
    the zone of its state or country; where neither tells, the time stays unread.
    """
    exact = [offset_time(text_of(scan.date)) for scan in scans]
    told = [
        (time.at, time.raw.strip(), _spot(scan)) for scan, time in zip(scans, exact, strict=True) if time and time.at
    ]
    witness = {spot: raw for _, raw, spot in sorted(told, reverse=True) if spot[0]}  # the earliest, whatever the order
    return [time or _naive(scan, witness.get(_spot(scan))) for scan, time in zip(scans, exact, strict=True)]


def _spot(scan: Scan) -> tuple[str, str, str]:
    address = scan.scan_location or Address()
    parts = (address.city, address.state_or_province_code, address.country_code)
    city, state, country = (text_of(part).strip().upper() for part in parts)
    return city, state, country


MIDNIGHT = "T00:00:00"


def _naive(scan: Scan, witness: str | None) -> EventTime:
    """A naive midnight is a date: the pickup of 2024-08-15T00:00:00 was scanned after the label of 10:36 that day."""
    raw = text_of(scan.date)
    _, state, country = _spot(scan)
    offset = datetime.fromisoformat(witness).tzinfo if witness else None
    zone = offset or zone_of(country, state)
    if zone is None:
        return unread_time(raw)
    time = naive_time(raw.strip().removesuffix(MIDNIGHT), zone, Zone.ASSUMED_PLACE)
    return replace(time, raw=raw)


CARRIER = Carrier(
    id=ID,
    name={"zh": "联邦快递", "en": "FedEx"},
    settings=FedexSettings,
    batch_size=BATCH,
    budgets=(
        Budget(1400, 10, source="developer.fedex.com rate limits: per project"),
        Budget(100_000, 86_400, source="developer.fedex.com rate limits: tracking capability, per project"),
    ),
    vocabulary={
        **{f"*/{code}/*": meaning for code, meaning in EVENTS.items()},
        **{"/".join(triple): meaning for triple, meaning in TRIPLES.items()},
        **{f"*/DL/{code}": meaning for code, meaning in DELIVERIES.items()},
        **{
            f"*/*/{code}": Meaning(row.milestone or Milestone.INFO, row.source, reason=row.reason or Reason.OTHER)
            for code, row in EXCEPTIONS.items()
        },
    },
    probe=Ask("000000000000"),
    request=request,
    read=read,
    token=TokenFlow(request=token_request, read=token_read),
    history=HISTORY,
    scrub=("contact", "personName", "phoneNumber", "companyName", "streetLines", "receivedByName", "signedByName"),
)
