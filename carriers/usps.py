"""USPS Tracking v3: one number per call, local times beside their GMT; v3r2's lists are read too.

Source: developers.usps.com (Tracking 3.0), USPS/api-examples and its issues. See docs/carriers/usps.md.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import quote

import msgspec

from carriers.base import (
    Account,
    AccountSettings,
    Budget,
    Carrier,
    Token,
    TokenFlow,
    missing_since,
    no_data_of,
    raise_for_status,
    retry_after_s,
    said,
    same_number,
    scan_event,
    text_of,
)
from carriers.usps_times import place_of, promise_of, time_of
from carriers.usps_vocabulary import EVENTS, SAID, TEXTS, meaning_of
from carriers.usps_wire import (
    Event,
    Fault,
    Origin,
    Reply,
    TokenReply,
    Trouble,
    events_of,
    identity_of,
    pieces_in,
)
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError, Unreachable, UnreadableReply
from domain.parcel import order_key
from domain.tracking import (
    Ask,
    Failed,
    Found,
    Manner,
    Milestone,
    NoData,
    NotFound,
    ParcelReading,
    Reading,
    ScanEvent,
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

ENVELOPE_STATUSES = frozenset({200, 207, 400, 404})
ANSWERS = frozenset({200, 207})


def _failure(whole: Reply, reply: HttpReply, ask: Ask, now: datetime) -> Reading:
    words, status = _words(whole), _status(whole, reply)
    kind = next((kind for part, kind in WORDS if part in words.lower()), None)
    if kind is None:
        raise_for_status(ID, replace(reply, status=status), ok=ENVELOPE_STATUSES)
        kind = _kind(whole, status)
    if isinstance(kind, NoData):
        return NotFound(missing_since(ask, now, HISTORY) if kind is NoData.NOT_SCANNED else kind, words)
    if kind is RateLimited:
        return Failed(RateLimited(ID, words, retry_after_s=retry_after_s(reply)))
    failed = kind(ID, words or f"HTTP {reply.status} without an error")
    return Failed(failed, no_data_of(failed))


def _kind(whole: Reply, status: int) -> NoData | type[OutsideError]:
    """What a status of USPS's envelope means where its words say nothing."""
    if status == 404 and whole.error:
        return NoData.NOT_SCANNED
    blamed = (
        any(_blames_number(fault) for fault in whole.error.errors or ()) if isinstance(whole.error, Trouble) else False
    )
    return NoData.WRONG_CARRIER if status == 400 and blamed else UnreadableReply


def _blames_number(fault: Fault) -> bool:
    source = fault.source.parameter if isinstance(fault.source, Origin) else fault.source
    return text_of(source) == "trackingNumber" or "'trackingNumber'" in text_of(fault.detail)


def _words(whole: Reply) -> str:
    if not isinstance(whole.error, Trouble):
        return f"{whole.error or ''} {text_of(whole.error_description)}".strip()
    faults = [text for fault in whole.error.errors or () for text in (fault.code, fault.title, fault.detail)]
    parts = (whole.error.code, whole.error.message, *faults)
    return " ".join(text_of(part) for part in parts if text_of(part))


def _status(whole: Reply, reply: HttpReply) -> int:
    """The status that the error names, else HTTP's."""
    code = text_of(whole.error.code) if isinstance(whole.error, Trouble) else ""
    named = reply.status in ANSWERS and code.isascii() and code.isdigit() and len(code) == 3
    return int(code) if named else reply.status


# --- reading ---


def read(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """One reading per ask. The reply speaks of one number; another ask isn't mentioned in it."""
    raise_for_status(ID, reply, ok=ENVELOPE_STATUSES)
    pieces = pieces_in(reply.body)
    return [_reading(pieces, reply, ask, now) for ask in asks]


def _reading(pieces: Sequence[Reply], reply: HttpReply, ask: Ask, now: datetime) -> Reading:
    """What a list says of the ask; an error that names no number is everybody's."""
    mine = [piece for piece in pieces if _names(piece, ask.number)]
    about = mine or [piece for piece in pieces if not text_of(piece.tracking_number)]
    known = [piece for piece in mine if not piece.error]
    if reply.status not in ANSWERS or (about and not known and any(piece.error for piece in about)):
        return _failure(next((piece for piece in about if piece.error), Reply()), reply, ask, now)
    if not known:
        return Failed(UnreadableReply(ID, f"the reply doesn't mention {ask.number}"))
    parcels = tuple(parcel for parcel in (_parcel(piece, ask.number) for piece in known) if parcel.events)
    if not parcels:
        return NotFound(missing_since(ask, now, HISTORY), text_of(known[0].status_summary))
    return Found(parcels, promised_at=promise_of(known))


ROUTED = re.compile(r"420(?:\d{9}|\d{5})(?=9)")


def _names(piece: Reply, number: str) -> bool:
    """A scanned barcode has 420 and the ZIP code before the number; USPS answers with the number alone."""
    spellings = {number, *(number[end:] for end in (8, 12) if ROUTED.match(number))}
    return any(same_number(piece.tracking_number, spelling) for spelling in spellings)


def _parcel(piece: Reply, number: str) -> ParcelReading:
    """A piece with its events. Where there are none, its status is one without a time, if its words are known ones."""
    events = [_event(event) for event in events_of(piece)]
    status = text_of(piece.status)
    if not events and meaning_of("", status):
        events = [_event(Event(event_type=status))]
    return ParcelReading(number, tuple(_sent_back(events)), identity_of(piece))


def _event(event: Event) -> ScanEvent:
    code, text = text_of(event.event_code), text_of(event.event_type)
    meaning = meaning_of(code.strip(), text)
    agent = text_of(event.authorized_agent).lower() == "true"
    if meaning and agent and meaning.milestone is Milestone.DELIVERED and meaning.manner is None:
        meaning = replace(meaning, manner=Manner.AGENT)
    return scan_event(code or None, text, time_of(event), meaning, place=place_of(event))


def _sent_back(events: Sequence[ScanEvent]) -> list[ScanEvent]:
    """A delivery after the turn back is one to the sender: USPS uses 01 for both."""
    ordered = sorted(events, key=order_key)
    turned = next((n for n, event in enumerate(ordered) if event.milestone is Milestone.RETURNING), len(ordered))
    return [
        replace(event, milestone=Milestone.RETURNED) if n > turned and event.milestone is Milestone.DELIVERED else event
        for n, event in enumerate(ordered)
    ]


CARRIER = Carrier(
    id=ID,
    name={"zh": "美国邮政", "en": "USPS"},
    settings=UspsSettings,
    batch_size=1,
    budgets=(Budget(60, 3600, source="USPS/api-examples issue 107: a new app, over all endpoints, tokens included"),),
    vocabulary={
        **EVENTS,
        **{f"text:{start}": meaning for start, meaning in TEXTS},
        **{f"text:{row.phrase}": row.meaning for row in SAID},
    },
    probe=Ask("9400000000000000000000"),
    request=request,
    read=read,
    token=TokenFlow(request=token_request, read=token_read),
    history=HISTORY,
    tokens_count=True,
    scrub=("name", "firm", "recipientName"),
)
