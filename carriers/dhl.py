"""DHL Shipment Tracking Unified: one number per call, several shipments per number, times with and without a zone.

Source: developer.dhl.com (Shipment Tracking Unified, spec 1.5.8) and replies in public repositories. See
docs/carriers/dhl.md.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from urllib.parse import urlencode

from carriers.base import (
    Account,
    AccountSettings,
    Budget,
    Carrier,
    Push,
    PushAnswer,
    always,
    json_of,
    missing_since,
    naive_time,
    offset_time,
    raise_for_status,
    same_number,
    scan_event,
    text_of,
    unread_time,
)
from carriers.dhl_vocabulary import CODES, PHRASES, manner_in, meaning_of
from carriers.dhl_wire import Address, Details, Event, Place, Pushed, Reference, Reply, Shipment
from carriers.place_zones import zone_of
from domain.errors import RuleError, UnreadableReply
from domain.parcel import order_key
from domain.tracking import (
    Ask,
    EventTime,
    Failed,
    Found,
    Leg,
    Milestone,
    NoData,
    NotFound,
    ParcelReading,
    Reading,
    ScanEvent,
    Zone,
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
    return [_reading(whole.shipments, ask, now) for ask in asks]


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


def _reading(shipments: Sequence[Shipment], ask: Ask, now: datetime) -> Reading:
    if not shipments:
        return NotFound(missing_since(ask, now, HISTORY))
    if not any(_mentions(shipment, ask.number) for shipment in shipments):
        return Failed(UnreadableReply(ID, f"the reply doesn't mention {ask.number}"))
    parcels = _parcels(shipments, ask.number)
    if not any(parcel.events for parcel in parcels):
        return NotFound(missing_since(ask, now, HISTORY))
    return Found(parcels, promised_at=_promise(shipments))


def _mentions(shipment: Shipment, number: str) -> bool:
    """Asked by a piece or a reference, DHL answers with the shipment's own id."""
    details = shipment.details or Details()
    references = details.references if isinstance(details.references, list) else [details.references or Reference()]
    names = [shipment.id, *(details.piece_ids or ()), *(reference.number for reference in references)]
    return any(same_number(name, number) for name in names)


def _parcels(shipments: Iterable[Shipment], number: str) -> tuple[ParcelReading, ...]:
    """One parcel per shipment id; two services that use one id are told apart by the service."""
    ids: dict[str, set[str]] = {}
    kept = list(shipments)
    for shipment in kept:
        ids.setdefault(text_of(shipment.id), set()).add(text_of(shipment.service))
    parcels: dict[tuple[str | None, Leg], ParcelReading] = {}
    for shipment in kept:
        own, service = text_of(shipment.id), text_of(shipment.service)
        identity = (f"{own}/{service}" if len(ids[own]) > 1 else own) or None
        leg = Leg.RETURN if shipment.return_flag in (True, "true") else Leg.OUT
        before = parcels[identity, leg].events if (identity, leg) in parcels else ()
        parcels[identity, leg] = ParcelReading(number, before + _events(shipment), identity, leg)
    return tuple(parcels.values())


def _promise(shipments: Iterable[Shipment]) -> datetime | None:
    """The latest end of the shipments' delivery frames, else the estimated time."""
    ends = [
        (s.estimated_delivery_time_frame.estimated_through if s.estimated_delivery_time_frame else None)
        or s.estimated_time_of_delivery
        for s in shipments
    ]
    times = [offset_time(text_of(end)) for end in ends]
    return max((time.at for time in times if time and time.at), default=None)


# --- events ---


def _events(shipment: Shipment) -> tuple[ScanEvent, ...]:
    """The shipment's events; its status is the latest of them, and stands alone where there is no list."""
    raw = [event for event in shipment.events or () if event != Event()]
    if not raw and shipment.status is not None and shipment.status != Event():
        raw = [shipment.status]
    return tuple(_sent_back([_event(event, shipment) for event in raw]))


MARKUP = re.compile(r"<[^>]*>")


def _event(event: Event, shipment: Shipment) -> ScanEvent:
    code, text = text_of(event.status_code), text_of(event.description) or text_of(event.status)
    words = MARKUP.sub(" ", f"{text_of(event.status)} {text_of(event.description)}")
    meaning = meaning_of(code.strip().lower(), words)
    if meaning and meaning.milestone is Milestone.DELIVERED:
        meaning = replace(meaning, manner=manner_in(words) or meaning.manner)
    return scan_event(code or None, text, _time(event, shipment), meaning, place=_place(event.location))


def _place(place: Place | None) -> str:
    address = place.address if place else None
    if address is None:
        return ""
    locality, country = text_of(address.address_locality), text_of(address.country_code)
    return ", ".join(part for part in (locality, country) if part)


def _sent_back(events: Sequence[ScanEvent]) -> list[ScanEvent]:
    """A delivery after the turn back is one to the sender."""
    ordered = sorted(events, key=order_key)
    turned = next((n for n, event in enumerate(ordered) if event.milestone is Milestone.RETURNING), len(ordered))
    return [
        replace(event, milestone=Milestone.RETURNED) if n > turned and event.milestone is Milestone.DELIVERED else event
        for n, event in enumerate(ordered)
    ]


# --- times ---

HOMES: Mapping[str, str] = MappingProxyType(
    {"parcel-de": "DE", "post-de": "DE", "parcel-nl": "NL", "parcel-pl": "PL", "parcel-uk": "GB"}
)
"""Services of one country: their naive times are that country's."""

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "USA": "US", "UNITED STATES OF AMERICA": "US", "UNITED STATES": "US", "US": "US", "CANADA": "CA",
        "GERMANY": "DE", "DEUTSCHLAND": "DE", "UK": "GB", "UNITED KINGDOM": "GB", "FRANCE": "FR", "ITALY": "IT",
        "SPAIN": "ES", "NETHERLANDS": "NL", "THE NETHERLANDS": "NL", "NETHERLANDS, THE": "NL", "BELGIUM": "BE",
        "POLAND": "PL", "AUSTRIA": "AT", "SWITZERLAND": "CH", "CZECH REPUBLIC": "CZ", "DENMARK": "DK", "SWEDEN": "SE",
        "IRELAND": "IE", "IRELAND, REPUBLIC OF": "IE", "HONG KONG": "HK", "HONG KONG SAR, CHINA": "HK", "CHINA": "CN",
        "CHINA, PEOPLES REPUBLIC": "CN", "CHINA MAINLAND": "CN", "JAPAN": "JP", "SINGAPORE": "SG", "TAIWAN": "TW",
        "KOREA, REPUBLIC OF": "KR", "SOUTH KOREA": "KR", "INDIA": "IN", "SAUDI ARABIA": "SA",
        "UNITED ARAB EMIRATES": "AE", "BAHRAIN": "BH", "TURKEY": "TR",
    }
)  # fmt: skip
"""Country names at the end of an Express locality: ``LOS ANGELES, CA - USA``."""


def _time(event: Event, shipment: Shipment) -> EventTime:
    """Exact with an offset; a naive time is local to its place, else to the country of the service, else to the one
    country in which the whole shipment lies.
    """
    raw = text_of(event.timestamp)
    exact = offset_time(raw)
    if exact:
        return exact
    zone = zone_of(*_where(event.location))
    if zone:
        return naive_time(raw, zone, Zone.ASSUMED_PLACE)
    home = zone_of(HOMES.get(text_of(shipment.service).lower(), ""))
    if home:
        return naive_time(raw, home, Zone.ASSUMED_CARRIER)
    ends = {_where(place)[0] for place in (shipment.origin, shipment.destination)}
    inland = zone_of(ends.pop()) if len(ends) == 1 and event.location is None else None
    return naive_time(raw, inland, Zone.ASSUMED_PLACE) if inland else unread_time(raw)


STATE = re.compile(r",\s*([A-Z]{2,3})(?:\s*,\s*[A-Z]{2}|\s*-\s.*)?$")


def _where(place: Place | None) -> tuple[str, str]:
    """Country and state codes of a place, from its country code, else from its locality's words."""
    address = (place.address if place else None) or Address()
    locality = text_of(address.address_locality).strip().upper()
    named = locality.rsplit(" - ", 1)[-1].strip()
    country = text_of(address.country_code).strip().upper() or NAMES.get(named, "")
    state = STATE.search(locality)
    return country, state.group(1) if state else ""


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
        "documentUrl",
        "signatureUrl",
    ),
)
