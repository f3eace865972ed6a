"""USPS Tracking v3: one number per call, flat replies, local times beside their GMT.

Source: developers.usps.com (Tracking 3.0), USPS/api-examples and its issues. See docs/carriers/usps.md.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from urllib.parse import quote

import msgspec

from carriers.base import (
    Account,
    AccountSettings,
    Budget,
    Carrier,
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
from carriers.place_zones import zone_of
from carriers.usps_vocabulary import EVENTS, TEXTS, meaning_of
from carriers.usps_wire import Event, Reply, TokenReply, Trouble
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError, Unreachable, UnreadableReply
from domain.parcel import order_key
from domain.tracking import (
    Ask,
    Certainty,
    EventTime,
    Failed,
    Found,
    Manner,
    Milestone,
    NoData,
    NotFound,
    ParcelReading,
    Reading,
    ScanEvent,
    Zone,
)
from net.http import HttpReply, HttpRequest

ID = "usps"
HISTORY = timedelta(days=120)


class UspsSettings(AccountSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``client_id`` and ``client_secret`` (consumer key and secret) of an app with Tracking 3.0."""

    client_id: str
    client_secret: str
    base_url: str = "https://apis.usps.com"


# --- asking ---


def request(asks: Sequence[Ask], account: Account, now: datetime, nonce: str) -> HttpRequest:
    """One number with all its events."""
    del now, nonce
    if len(asks) != 1:
        raise RuleError(f"usps: ask for one number at a time, not {len(asks)}")
    if account.token is None:
        raise RuleError("usps: get a token before asking")
    settings: UspsSettings = account.settings
    url = f"{settings.base_url}/tracking/v3/tracking/{quote(asks[0].number, safe='')}?expand=DETAIL"
    return HttpRequest("GET", url, {"authorization": f"Bearer {account.token.value}", "accept": "application/json"})


def token_request(account: Account, now: datetime) -> HttpRequest:
    """OAuth 2 client credentials, as JSON."""
    del now
    settings: UspsSettings = account.settings
    body = {
        "grant_type": "client_credentials",
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
    }
    headers = {"content-type": "application/json"}
    return HttpRequest("POST", settings.base_url + "/oauth2/v3/token", headers, msgspec.json.encode(body))


def token_read(reply: HttpReply, now: datetime) -> Token:
    """The token and its end. Raises AccessDenied where the app's key is refused, which may come with 400."""
    if reply.status == 400:
        raise AccessDenied(ID, "HTTP 400 for the token: client_id or client_secret")
    raise_for_status(ID, reply)
    token = said(ID, reply.body, TokenReply)
    told = str(token.expires_in)
    seconds = int(told) if told.isascii() and told.isdigit() and len(told) < 9 else 0
    return Token(token.access_token, now + timedelta(seconds=min(seconds, 86_400)))


# --- failures ---

WORDS: tuple[tuple[str, NoData | type[OutsideError]], ...] = (
    ("invalid_client", AccessDenied),
    ("invalid_token", AccessDenied),
    ("unauthorized", AccessDenied),
    ("access_denied", AccessDenied),
    ("insufficient_scope", AccessDenied),
    ("authentication", AccessDenied),
    ("too many", RateLimited),
    ("quota", RateLimited),
    ("rate limit", RateLimited),
    ("temporarily", Unreachable),
    ("server_error", Unreachable),
    ("service unavailable", Unreachable),
    ("internal server", Unreachable),
    ("tracking is not available", NoData.NOT_SCANNED),
    ("not yet available", NoData.NOT_SCANNED),
    ("not found", NoData.NOT_SCANNED),
    ("could not locate", NoData.NOT_SCANNED),
    ("invalid tracking", NoData.WRONG_CARRIER),
    ("tracking number is not valid", NoData.WRONG_CARRIER),
    ("tracking number is invalid", NoData.WRONG_CARRIER),
)
"""Words of an error in lower case; first fit wins. The same sentences come with 200, 400 and 404."""

ENVELOPE_STATUSES = frozenset({200, 400, 404})


def _failure(whole: Reply, reply: HttpReply, ask: Ask, now: datetime) -> Reading:
    words = _words(whole)
    kind = next((kind for part, kind in WORDS if part in words.lower()), None)
    if kind is None:
        raise_for_status(ID, replace(reply, status=_status(whole, reply)), ok=ENVELOPE_STATUSES)
        kind = NoData.NOT_SCANNED if _status(whole, reply) == 404 and whole.error else UnreadableReply
    if isinstance(kind, NoData):
        return NotFound(missing_since(ask, now, HISTORY) if kind is NoData.NOT_SCANNED else kind, words)
    failed = kind(ID, words or f"HTTP {reply.status} without an error")
    return Failed(failed, no_data_of(failed))


def _words(whole: Reply) -> str:
    if not isinstance(whole.error, Trouble):
        return f"{whole.error or ''} {text_of(whole.error_description)}".strip()
    faults = [text for fault in whole.error.errors or () for text in (fault.code, fault.title, fault.detail)]
    parts = (whole.error.code, whole.error.message, *faults)
    return " ".join(text_of(part) for part in parts if text_of(part))


def _status(whole: Reply, reply: HttpReply) -> int:
    """The status that the error names, else HTTP's."""
    code = text_of(whole.error.code) if isinstance(whole.error, Trouble) else ""
    return int(code) if reply.status == 200 and code.isascii() and code.isdigit() and len(code) == 3 else reply.status


# --- reading ---


def read(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """One reading per ask. The reply speaks of one number; another ask isn't mentioned in it."""
    raise_for_status(ID, reply, ok=ENVELOPE_STATUSES)
    whole = json_of(reply.body, Reply)
    if whole.error or reply.status != 200:
        return [_failure(whole, reply, ask, now) for ask in asks]
    return [_reading(whole, ask, now) for ask in asks]


ROUTED = re.compile(r"420(?:\d{9}|\d{5})(?=9)")


def _reading(whole: Reply, ask: Ask, now: datetime) -> Reading:
    """A scanned barcode has 420 and the ZIP code before the number; USPS answers with the number alone."""
    number = text_of(whole.tracking_number)
    spellings = {ask.number, *(ask.number[end:] for end in (8, 12) if ROUTED.match(ask.number))}
    if not any(same_number(number, spelling) for spelling in spellings):
        return Failed(UnreadableReply(ID, f"the reply doesn't mention {ask.number}"))
    events = [_event(event) for event in whole.tracking_events or () if event != Event()]
    if not events:
        return NotFound(missing_since(ask, now, HISTORY), text_of(whole.status_summary))
    identity = text_of(whole.unique_mail_piece_id) or None
    return Found((ParcelReading(ask.number, tuple(_sent_back(events)), identity),))


def _event(event: Event) -> ScanEvent:
    code, text = text_of(event.event_code), text_of(event.event_type)
    meaning = meaning_of(code.strip(), text)
    agent = text_of(event.authorized_agent).lower() == "true"
    if meaning and agent and meaning.milestone is Milestone.DELIVERED and meaning.manner is None:
        meaning = replace(meaning, manner=Manner.AGENT)
    parts = (event.event_city, event.event_state, event.event_zip, event.event_country)
    place = ", ".join(text_of(part).strip() for part in parts if text_of(part).strip())
    return scan_event(code or None, text, _time(event), meaning, place=place)


def _sent_back(events: Sequence[ScanEvent]) -> list[ScanEvent]:
    """A delivery after the turn back is one to the sender: USPS uses 01 for both."""
    ordered = sorted(events, key=order_key)
    turned = next((n for n, event in enumerate(ordered) if event.milestone is Milestone.RETURNING), len(ordered))
    return [
        replace(event, milestone=Milestone.RETURNED) if n > turned and event.milestone is Milestone.DELIVERED else event
        for n, event in enumerate(ordered)
    ]


# --- times ---

OFFSET = re.compile(r"([+-])(\d{1,2}):?(\d{2})", re.ASCII)


def _time(event: Event) -> EventTime:
    """The instant is GMTTimestamp's, else the local time's by GMTOffset, else by the zone of the state; the raw text is
    the local one.
    """
    raw, gmt = text_of(event.event_timestamp), text_of(event.gmt_timestamp)
    told = offset_time(gmt) or naive_time(gmt, UTC, Zone.UTC_FIELD)
    if told.at is not None and told.certainty is not Certainty.DATE_ONLY:
        return EventTime(raw or gmt, told.at, Zone.UTC_FIELD, Certainty.EXACT)
    shift = _offset(text_of(event.gmt_offset))
    local = naive_time(raw, shift, Zone.UTC_FIELD) if shift else unread_time(raw)
    if local.at is not None:
        exact = local.certainty is Certainty.ASSUMED
        return replace(local, certainty=Certainty.EXACT) if exact else local
    return offset_time(raw) or _local(raw, event)


def _offset(raw: str) -> timezone | None:
    """``-05:00`` and ``-7:00``; no zone is further than 14 hours away."""
    found = OFFSET.fullmatch(raw.strip())
    if not found or int(found[2]) > 14 or int(found[3]) > 59:
        return None
    shift = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-shift if found[1] == "-" else shift)


COUNTRIES: Mapping[str, str] = MappingProxyType({"": "US", "USA": "US", "UNITED STATES": "US"})


def _local(raw: str, event: Event) -> EventTime:
    country = text_of(event.event_country).strip().upper()
    zone = zone_of(COUNTRIES.get(country, country), text_of(event.event_state).strip())
    return naive_time(raw, zone, Zone.ASSUMED_PLACE) if zone else unread_time(raw)


CARRIER = Carrier(
    id=ID,
    name={"zh": "美国邮政", "en": "USPS"},
    settings=UspsSettings,
    batch_size=1,
    budgets=(Budget(60, 3600, source="USPS/api-examples issue 107: a new app, over all endpoints, tokens included"),),
    vocabulary={**EVENTS, **{f"text:{start}": meaning for start, meaning in TEXTS}},
    probe=Ask("9400000000000000000000"),
    request=request,
    read=read,
    token=TokenFlow(request=token_request, read=token_read),
    history=HISTORY,
    tokens_count=True,
    scrub=("name", "firm", "recipientName"),
)
