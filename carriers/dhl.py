"""DHL Shipment Tracking Unified: one number per call, several shipments per number, times with and without a zone.

Source: developer.dhl.com (Shipment Tracking Unified, spec 1.5.8) and replies in public repositories. See
docs/carriers/dhl.md.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlencode

from carriers.base import (
    Account,
    AccountSettings,
    Budget,
    Carrier,
    Push,
    PushAnswer,
    Scalar,
    always,
    json_of,
    missing_since,
    raise_for_status,
    same_number,
    scan_event,
    text_of,
)
from carriers.dhl_statuses import STATUSES
from carriers.dhl_times import place_of, promise_of, time_of
from carriers.dhl_vocabulary import CODES, PHRASES, manner_in, meaning_of
from carriers.dhl_wire import Details, Event, Pushed, Reference, Reply, Shipment
from domain.errors import RuleError, UnreadableReply
from domain.parcel import order_key
from domain.tracking import (
    Ask,
    Certainty,
    Failed,
    Found,
    Leg,
    Milestone,
    NoData,
    NotFound,
    ParcelReading,
    Reading,
    ScanEvent,
)
from net.http import HttpReply, HttpRequest

ID = "dhl"
HISTORY = timedelta(days=90)


class DhlSettings(AccountSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``api_key`` of an app with Shipment Tracking Unified; ``service`` narrows the search (express, parcel-de, …)."""

    api_key: str
    base_url: str = "https://api-eu.dhl.com"
    language: str = "en"
    service: str = ""


def request(asks: Sequence[Ask], account: Account, now: datetime, nonce: str) -> HttpRequest:
    """One number; its postcode goes with it where it is known, for DHL then tells more."""
    del now, nonce
    if len(asks) != 1:
        raise RuleError(f"dhl: ask for one number at a time, not {len(asks)}")
    settings: DhlSettings = account.settings
    query = {
        "trackingNumber": asks[0].number,
        "language": settings.language,
        "service": settings.service,
        "recipientPostalCode": asks[0].postcode or "",
    }
    headers = {"dhl-api-key": settings.api_key, "accept": "application/json"}
    told = urlencode({key: value for key, value in query.items() if value})
    return HttpRequest("GET", f"{settings.base_url}/track/shipments?{told}", headers)


# --- reading ---

ENVELOPE_STATUSES = frozenset({200, 400, 404})


def read(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """One reading per ask. The reply speaks of one number; another ask isn't mentioned in it."""
    raise_for_status(ID, reply, ok=ENVELOPE_STATUSES)
    whole = json_of(reply.body, Reply)
    if whole.shipments is None or reply.status != 200:
        return [_failure(whole, reply, ask, now) for ask in asks]
    return [_reading(whole, whole.shipments, ask, now) for ask in asks]


def _failure(error: Reply, reply: HttpReply, ask: Ask, now: datetime) -> Reading:
    """The error of the body, which repeats the HTTP status, and may come with 200."""
    said = f"{text_of(error.title)} {text_of(error.detail)}".strip()
    told = text_of(error.status)
    status = int(told) if told.isascii() and told.isdigit() and len(told) == 3 else reply.status
    raise_for_status(ID, replace(reply, status=status), ok=ENVELOPE_STATUSES)
    if status == 404 and said:
        return NotFound(missing_since(ask, now, HISTORY), said)
    if status == 400 and "tracking" in said.lower() and "number" in said.lower():
        return NotFound(NoData.WRONG_CARRIER, said)
    return Failed(UnreadableReply(ID, f"HTTP {status} {said}"))


def _reading(whole: Reply, shipments: Sequence[Shipment], ask: Ask, now: datetime) -> Reading:
    if not any(same_number(name, ask.number) for name in _mentioned(whole, shipments)):
        return Failed(UnreadableReply(ID, f"the reply doesn't mention {ask.number}"))
    parcels = _parcels(shipments, ask.number)
    if not any(parcel.events for parcel in parcels):
        return NotFound(missing_since(ask, now, HISTORY))
    return Found(parcels, promised_at=promise_of(shipments))


def _mentioned(whole: Reply, shipments: Iterable[Shipment]) -> Iterator[Scalar]:
    """Every number that the reply speaks of. Asked by a piece, a reference or another division's number, DHL answers with
    the shipment's own id, and then its links alone may repeat what was asked (support article 47001248615).
    """
    for shipment in shipments:
        details = shipment.details or Details()
        yield shipment.id
        yield from details.piece_ids or ()
        yield from (piece for event in shipment.events or () for piece in event.piece_ids or ())
        references = details.references if isinstance(details.references, list) else [details.references or Reference()]
        yield from (reference.number for reference in references)
    more = whole.possible_additional_shipments_url
    for link in (whole.url, *(more if isinstance(more, list) else [more])):
        yield from parse_qs(text_of(link).partition("?")[2]).get("trackingNumber", ())


def _parcels(shipments: Sequence[Shipment], number: str) -> tuple[ParcelReading, ...]:
    """One parcel per shipment id; two services that use one id are told apart by the service. A shipment that is alone
    under the number that was asked has no identity: its id tells nothing more.
    """
    ids: dict[str, set[str]] = {}
    for shipment in shipments:
        ids.setdefault(text_of(shipment.id), set()).add(text_of(shipment.service))
    parcels: dict[tuple[str | None, Leg], ParcelReading] = {}
    for shipment in shipments:
        own, service = text_of(shipment.id), text_of(shipment.service)
        identity = (f"{own}/{service}" if len(ids[own]) > 1 else own) or None
        if len(ids) == 1 == len(ids[own]) and same_number(own, number):
            identity = None
        leg = Leg.RETURN if _went_back(shipment) else Leg.OUT
        before = parcels[identity, leg].events if (identity, leg) in parcels else ()
        parcels[identity, leg] = ParcelReading(number, before + _events(shipment), identity, leg)
    return tuple(parcels.values())


# --- events ---


def _events(shipment: Shipment) -> tuple[ScanEvent, ...]:
    """The shipment's events, and its status where it is newer than all of them or there are none: it repeats the latest."""
    events = [_event(event, shipment) for event in shipment.events or () if event != Event()]
    if shipment.status is not None and shipment.status != Event():
        status = _event(shipment.status, shipment)
        if not events or _newer(status, events):
            events.append(status)
    return tuple(_sent_back(events, back=_went_back(shipment)))


def _newer(status: ScanEvent, events: Iterable[ScanEvent]) -> bool:
    """A status that repeats an event has its time, to the second or to the day."""
    at, times = status.time.at, [event.time.at for event in events]
    exact = status.time.certainty is not Certainty.DATE_ONLY
    return exact and at is not None and all(other is not None and other < at for other in times)


MARKUP = re.compile(r"<[^>]*>")


def _event(event: Event, shipment: Shipment) -> ScanEvent:
    code, text = text_of(event.status_code), text_of(event.description) or text_of(event.status)
    status = text_of(event.status).strip()
    words = MARKUP.sub(" ", f"{status} {text_of(event.description)}")
    meaning = meaning_of(code.strip().lower(), words, status)
    if meaning and meaning.milestone is Milestone.DELIVERED:
        meaning = replace(meaning, manner=meaning.manner or manner_in(f"{words} {text_of(event.remark)}"))
    return scan_event(code or None, text, time_of(event, shipment), meaning, place=place_of(event.location))


def _went_back(shipment: Shipment) -> bool:
    """``returnFlag``: "whether the delivery is returned back to consignor" (spec 1.5.8)."""
    return shipment.return_flag in (True, "true")


def _sent_back(events: Sequence[ScanEvent], *, back: bool) -> list[ScanEvent]:
    """A delivery after the turn back is one to the sender; so is the last one of a shipment that is flagged as returned,
    which may not say when it turned (support article 47001251916).
    """
    ordered = sorted(events, key=order_key)
    delivered = [n for n, event in enumerate(ordered) if event.milestone is Milestone.DELIVERED]
    turned = next((n for n, event in enumerate(ordered) if event.milestone is Milestone.RETURNING), len(ordered))
    if back and delivered and turned > delivered[-1]:
        turned = delivered[-1] - 1
    return [
        replace(event, milestone=Milestone.RETURNED) if n > turned and event.milestone is Milestone.DELIVERED else event
        for n, event in enumerate(ordered)
    ]


# --- push ---


def push_numbers(body: bytes) -> tuple[str, ...]:
    shipments = json_of(body, Pushed).shipments or ()
    return tuple(dict.fromkeys(text_of(shipment.id) for shipment in shipments if text_of(shipment.id)))


CARRIER = Carrier(
    id=ID,
    name={"zh": "DHL", "en": "DHL"},
    settings=DhlSettings,
    batch_size=1,
    budgets=(
        Budget(250, 86_400, source="start value of a new app (unconfirmed); raised on request at developer.dhl.com"),
        Budget(1, 5, source="start value of a new app (unconfirmed)"),
    ),
    vocabulary={
        **{code: meaning for code, meaning in CODES.items() if meaning},
        **STATUSES,
        **{f"text:{row.phrase}": row.meaning for row in PHRASES},
    },
    probe=Ask("00340000000000000000"),
    request=request,
    read=read,
    push=Push(verify=None, read=read, numbers=push_numbers, answer=always(PushAnswer(200, {}, b""))),
    history=HISTORY,
    scrub=(
        "name",
        "familyName",
        "givenName",
        "organizationName",
        "signed",
        "streetAddress",
        "addressLine",
        "documentUrl",
        "signatureUrl",
    ),
)
