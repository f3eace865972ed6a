"""UPS Track API v1: one number per call, its packages and their activities; warnings inside a success.

Source: UPS-API/api-documentation (Tracking, UPSTrackAlertEnhanced, OAuthClientCredentials). See docs/carriers/ups.md.
"""

import base64
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from urllib.parse import quote, urlencode

import msgspec

from carriers.base import (
    Account,
    AccountSettings,
    Budget,
    Carrier,
    Meaning,
    Push,
    PushAnswer,
    Standing,
    Stands,
    Subscription,
    Token,
    TokenFlow,
    always,
    json_of,
    missing_since,
    naive_time,
    no_data_of,
    raise_for_status,
    retry_after_s,
    said,
    same_number,
    scan_event,
    text_of,
    unread_time,
)
from carriers.place_zones import zone_of
from carriers.ups_times import address_of, country_of, iso_clock, iso_date, spot_of, times
from carriers.ups_vocabulary import CODES, EXCEPTION_TEXTS, STATUSES, manner_in, meaning_of
from carriers.ups_wire import (
    Activity,
    Address,
    Alert,
    DatedAs,
    DeliveryInformation,
    DeliveryTime,
    Fault,
    Location,
    Package,
    PackageAddress,
    Reply,
    Shipment,
    Status,
    Subscribed,
    TokenReply,
)
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
    ScanEvent,
    Zone,
)
from net.http import HttpReply, HttpRequest

ID = "ups"
HISTORY = timedelta(days=120)


class UpsSettings(AccountSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``client_id`` and ``client_secret`` of an app with the Tracking API. ``push_credential``: what UPS is told to send
    as ``x-api-key`` with every Track Alert; without it no push is believed.
    """

    client_id: str
    client_secret: str
    base_url: str = "https://onlinetools.ups.com"
    locale: str = "en_US"
    transaction_source: str = "doorstep"
    push_credential: str = ""


# --- asking ---


def request(asks: Sequence[Ask], account: Account, now: datetime, nonce: str) -> HttpRequest:
    """The details of one number, which may be a parcel's or a shipment's."""
    del now
    if len(asks) != 1:
        raise RuleError(f"ups: ask for one number at once, not {len(asks)}")
    settings: UpsSettings = account.settings
    query = urlencode({"locale": settings.locale, "returnSignature": "false", "returnMilestones": "false"})
    url = f"{settings.base_url}/api/track/v1/details/{quote(asks[0].number, safe='')}?{query}"
    return HttpRequest("GET", url, _headers(account, nonce), b"")


def _headers(account: Account, nonce: str) -> dict[str, str]:
    if account.token is None:
        raise RuleError("ups: get a token before asking")
    return {
        "authorization": f"Bearer {account.token.value}",
        "transid": nonce[:32],
        "transactionsrc": account.settings.transaction_source,
    }


def token_request(account: Account, now: datetime) -> HttpRequest:
    """OAuth 2 client credentials, as HTTP basic authentication."""
    del now
    settings: UpsSettings = account.settings
    basic = base64.b64encode(f"{settings.client_id}:{settings.client_secret}".encode()).decode()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "authorization": f"Basic {basic}",
        "x-merchant-id": settings.client_id,
    }
    body = urlencode({"grant_type": "client_credentials"}).encode()
    return HttpRequest("POST", settings.base_url + "/security/v1/oauth/token", headers, body)


def token_read(reply: HttpReply, now: datetime) -> Token:
    """The token and its end; UPS sends the seconds as text. Raises AccessDenied where the app's key is refused."""
    if reply.status == 400:
        raise AccessDenied(ID, "HTTP 400 for the token: client_id or client_secret")
    raise_for_status(ID, reply)
    token = said(ID, reply.body, TokenReply)
    seconds = text_of(token.expires_in)
    lives = int(seconds) if seconds.isascii() and seconds.isdigit() and len(seconds) <= 6 else 3600
    return Token(token.access_token, now + timedelta(seconds=min(lives, 86_400)))


# --- failures ---

ERRORS: Mapping[str, NoData | type[OutsideError]] = MappingProxyType(
    {
        "TW0001": NoData.NOT_SCANNED,
        "151044": NoData.NOT_SCANNED,  # no tracking information available
        "151062": NoData.NOT_SCANNED,
        "TV1002": NoData.WRONG_CARRIER,  # not a number of UPS's
        "151018": NoData.WRONG_CARRIER,
        "250002": AccessDenied,
        "250003": AccessDenied,
        "251004": AccessDenied,  # token expired
        "10401": AccessDenied,
        "UJ0001": AccessDenied,
        "10429": RateLimited,
        "10004": Unreachable,
        "VSS100": Unreachable,
    }
)
"""Codes of errors and warnings. Source: UPS-API/api-documentation, its issues, and the XML guide (six digits)."""

PARTS: tuple[tuple[str, NoData | type[OutsideError]], ...] = (
    ("too many requests", RateLimited),
    ("limit exceeded", RateLimited),
    ("temporarily unavailable", Unreachable),
    ("try again later", Unreachable),
    ("token", AccessDenied),
    ("authentication", AccessDenied),
    ("authorization", AccessDenied),
    ("information not found", NoData.NOT_SCANNED),
    ("no tracking information", NoData.NOT_SCANNED),
    ("invalid inquiry number", NoData.WRONG_CARRIER),
    ("invalid tracking number", NoData.WRONG_CARRIER),
)
"""Words of messages whose code is in no list, lower case."""

ENVELOPE_STATUSES = frozenset({200, 400, 404, 422})
"""Statuses whose body says more than the status."""


def _kind(fault: Fault) -> NoData | type[OutsideError] | None:
    message = text_of(fault.message).lower()
    return ERRORS.get(text_of(fault.code).strip().upper()) or next((k for word, k in PARTS if word in message), None)


def _failure(faults: Sequence[Fault], reply: HttpReply, ask: Ask, now: datetime) -> Reading:
    """What the first fault that we know says, else the first."""
    fault = next((f for f in faults if _kind(f)), faults[0])
    kind, words = _kind(fault), f"{text_of(fault.code)} {text_of(fault.message)}".strip()
    if isinstance(kind, NoData):
        return NotFound(missing_since(ask, now, HISTORY) if kind is NoData.NOT_SCANNED else kind, words)
    if kind is RateLimited:
        return Failed(RateLimited(ID, words, retry_after_s=retry_after_s(reply)))
    failed = (kind or UnreadableReply)(ID, words)
    return Failed(failed, no_data_of(failed))


# --- reading ---


def read(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """One reading per ask: the packages of its shipments, or why there are none."""
    raise_for_status(ID, reply, ok=ENVELOPE_STATUSES)
    whole = json_of(reply.body, Reply)
    faults = (whole.response.errors if whole.response else None) or whole.errors
    if faults:
        return [_failure(faults, reply, ask, now) for ask in asks]
    shipments = (whole.track_response.shipment if whole.track_response else None) or []
    if not shipments:
        raise_for_status(ID, reply)
    return [_reading(shipments, reply, ask, now) for ask in asks]


def _reading(shipments: Sequence[Shipment], reply: HttpReply, ask: Ask, now: datetime) -> Reading:
    mine = [shipment for shipment in shipments if _mentions(shipment, ask.number)]
    packages = [package for shipment in mine for package in shipment.package or ()]
    known = [package for package in packages if _events(package)]
    if known:
        return Found(_parcels(known, ask.number), promised_at=_promise(known))
    faults = [fault for shipment in mine for fault in shipment.warnings or () if fault != Fault()]
    if faults:
        return _failure(faults, reply, ask, now)
    if mine and any(text_of(s.inquiry_number) for s in mine):
        return NotFound(missing_since(ask, now, HISTORY))
    return Failed(UnreadableReply(ID, f"the reply doesn't mention {ask.number}"))


def _mentions(shipment: Shipment, number: str) -> bool:
    """A shipment with nothing but a warning names no number: one is asked per call, so it speaks of that one."""
    names = [shipment.inquiry_number, *(name for package in shipment.package or () for name in _names(package))]
    if not any(text_of(name) for name in names):
        return bool(shipment.warnings) and not shipment.package
    return any(same_number(name, number) for name in names)


def _names(package: Package) -> list[str]:
    others = (*(package.alternate_tracking_number or ()), *(package.reference_number or ()))
    return [text_of(package.tracking_number), *(text_of(other.number) for other in others)]


def _parcels(packages: Iterable[Package], number: str) -> tuple[ParcelReading, ...]:
    """One parcel per package number; the one that was asked for needs no other identity than the asked number."""
    parcels: dict[str | None, tuple[ScanEvent, ...]] = {}
    for package in packages:
        own = text_of(package.tracking_number).strip()
        identity = own if own and not same_number(own, number) else None
        parcels[identity] = parcels.get(identity, ()) + _events(package)
    return tuple(ParcelReading(number, events, identity, _leg(events)) for identity, events in parcels.items())


def _leg(events: Sequence[ScanEvent]) -> Leg:
    """A record that begins with the return is a return leg; a parcel that turns on its way keeps its leg."""
    moves = sorted((event for event in events if event.milestone not in ELECTRONIC), key=order_key)
    return Leg.RETURN if moves and moves[0].milestone is Milestone.RETURNING else Leg.OUT


# --- events ---


def _events(package: Package) -> tuple[ScanEvent, ...]:
    activities = [activity for activity in package.activity or () if activity != Activity()]
    if not activities:
        return _from_status(package.current_status)
    when = times(activities, _address(package, "ORIGIN"))
    events = [_event(a, time, _delivered_on(package)) for a, time in zip(activities, when, strict=True)]
    return tuple(_with_delivery(_sent_back(events), package))


def _from_status(status: Status | None) -> tuple[ScanEvent, ...]:
    """A label so new that it has no activity has only its status, which is no scan and has no time."""
    if status is None or status == Status():
        return ()
    meaning = _meaning(status)
    electronic = replace(meaning, physical=False) if meaning else None
    return (scan_event(_code(status), _text(status), unread_time(""), electronic),)


def _code(status: Status) -> str | None:
    type_, code = text_of(status.type).strip(), text_of(status.code).strip()
    return f"{type_}/{code}" if type_ or code else None


def _text(status: Status) -> str:
    return text_of(status.description) or text_of(status.simplified_text_description)


def _meaning(status: Status) -> Meaning | None:
    three = text_of(status.status_code).strip() or text_of(status.description_code).strip()
    return meaning_of(text_of(status.type), text_of(status.code), three.zfill(3) if three else "", _text(status))


def _event(activity: Activity, time: EventTime, delivered_on: str) -> ScanEvent:
    status = activity.status or Status()
    meaning = _meaning(status)
    if meaning is None and _is_delivery(activity, delivered_on):
        meaning = STATUSES["011"]
    if meaning and text_of(activity.logical_scan).lower() == "true":
        meaning = replace(meaning, physical=False)
    return scan_event(_code(status), _text(status), time, meaning, place=_place(address_of(activity)))


def _is_delivery(activity: Activity, delivered_on: str) -> bool:
    """Type D alone is no proof of delivery; with the package's delivery date it is."""
    type_ = text_of((activity.status or Status()).type).strip().upper()
    return type_ == "D" and delivered_on != "" and iso_date(text_of(activity.date)) == delivered_on


def _delivered_on(package: Package) -> str:
    return _dated(package, "DEL")


def _dated(package: Package, type_: str) -> str:
    dates = [iso_date(text_of(d.date)) for d in package.delivery_date or () if text_of(d.type).strip().upper() == type_]
    return max((date for date in dates if date), default="")


def _place(address: Address) -> str:
    parts = (text_of(address.city), text_of(address.state_province), country_of(address))
    return ", ".join(part.strip() for part in parts if part.strip())


def _sent_back(events: Sequence[ScanEvent]) -> list[ScanEvent]:
    """A delivery after the return began is one to the shipper: UPS says "delivered" for both."""
    ordered = sorted(events, key=order_key)
    turned = next((n for n, event in enumerate(ordered) if event.milestone is Milestone.RETURNING), len(ordered))
    return [
        replace(event, milestone=Milestone.RETURNED) if n > turned and event.milestone is Milestone.DELIVERED else event
        for n, event in enumerate(ordered)
    ]


def _with_delivery(ordered: Sequence[ScanEvent], package: Package) -> list[ScanEvent]:
    """``deliveryInformation`` speaks of the last delivery."""
    last = max((n for n, event in enumerate(ordered) if event.milestone is Milestone.DELIVERED), default=None)
    return [
        replace(event, manner=event.manner or _manner(package)) if n == last else event
        for n, event in enumerate(ordered)
    ]


def _manner(package: Package) -> Manner | None:
    details = package.delivery_information or DeliveryInformation()
    taker = text_of(details.received_by)
    there = [a for a in package.package_address or () if _is(a, "DESTINATION")]
    itself = any(same_number(name, taker) for a in there for name in (a.name, a.attention_name))
    return manner_in(text_of(details.location), taker) or (Manner.SELF if itself else None)


def _is(address: PackageAddress, end: str) -> bool:
    return text_of(address.type).strip().upper() == end


def _address(package: Package, end: str) -> Address:
    return next((a.address for a in package.package_address or () if _is(a, end) and a.address), Address())


# --- promises ---

END_OF_DAY = "23:59:59"


def _promise(packages: Iterable[Package]) -> datetime | None:
    """The latest promised end: the rescheduled date before the scheduled one, until the end of its window or day, in the
    destination's zone.
    """
    promises = [_promised(package) for package in packages]
    return max((at for at in promises if at), default=None)


def _promised(package: Package) -> datetime | None:
    window = package.delivery_time or DeliveryTime()
    ends = "" if text_of(window.type).strip().upper() in {"EOD", "DEL"} else text_of(window.end_time)
    return _end_of(_dated(package, "RDD") or _dated(package, "SDD"), ends, _address(package, "DESTINATION"))


def _end_of(date: str, ends: str, place: Address) -> datetime | None:
    _, state, country = spot_of(place)
    zone = zone_of(country, state)
    if not date or zone is None:
        return None
    return naive_time(f"{date} {iso_clock(ends) or END_OF_DAY}", zone, Zone.ASSUMED_PLACE).at


# --- being called ---


def verify(body: bytes, headers: Mapping[str, str], account: Account) -> bool:
    """Whether ``x-api-key`` is what UPS was told to send. The header holds the client id of the webhook credential, and
    the body isn't signed: without a configured credential nothing proves a push.
    """
    del body
    settings: UpsSettings = account.settings
    sent = next((value for name, value in headers.items() if name.lower() == "x-api-key"), "")
    same = hmac.compare_digest(sent.strip().encode(), settings.push_credential.encode())
    return same and settings.push_credential != ""


def read_push(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """The one event that a Track Alert holds."""
    alert = json_of(reply.body, Alert)
    return [_pushed(alert, ask, now) for ask in asks]


def _pushed(alert: Alert, ask: Ask, now: datetime) -> Reading:
    number = text_of(alert.tracking_number)
    if number.strip() and not same_number(number, ask.number):
        return Failed(UnreadableReply(ID, f"the push doesn't mention {ask.number}"))
    events = _events(_package(alert)) if alert.activity_status not in (None, Status()) else ()
    if not events:
        return NotFound(missing_since(ask, now, HISTORY))
    if not number.strip():
        return Failed(UnreadableReply(ID, f"the push doesn't mention {ask.number}"))
    ends = text_of(alert.delivery_end_time)
    promise = _end_of(iso_date(text_of(alert.scheduled_delivery_date)), ends, alert.activity_location or Address())
    return Found((ParcelReading(ask.number, events, None, _leg(events)),), promised_at=promise)


def _package(alert: Alert) -> Package:
    """The alert in the shape of a package with one activity."""
    activity = Activity(
        date=alert.local_activity_date,
        time=alert.local_activity_time,
        gmt_date=alert.gmt_activity_date,
        gmt_time=alert.gmt_activity_time,
        gmt_offset=alert.gmt_offset,
        location=Location(alert.activity_location),
        status=alert.activity_status,
    )
    return Package(
        tracking_number=alert.tracking_number,
        activity=[activity],
        delivery_date=[DatedAs("DEL", alert.actual_delivery_date)],
        delivery_information=DeliveryInformation(received_by=alert.received_by),
    )


def numbers(body: bytes) -> tuple[str, ...]:
    number = text_of(said(ID, body, Alert).tracking_number).strip()
    return (number,) if number else ()


ALERTS = 100  # numbers in one subscription


def ready(account: Account) -> bool:
    """Alerts can be proven only where the settings hold the webhook's credential."""
    settings: UpsSettings = account.settings
    return bool(settings.push_credential)


def subscribe(asks: Sequence[Ask], account: Account, callback_url: str, now: datetime) -> HttpRequest:
    """Ask for fourteen days of alerts. Version 2 keeps the address of the webhook in the portal, not in the call."""
    del callback_url
    if not 0 < len(asks) <= ALERTS:
        raise RuleError(f"ups: subscribe to 1 to {ALERTS} numbers at once, not {len(asks)}")
    numbers_ = [ask.number for ask in asks]
    headers = {**_headers(account, f"{int(now.timestamp())}-{numbers_[0]}"), "content-type": "application/json"}
    body = {"locale": account.settings.locale, "countryCode": "US", "trackingNumberList": numbers_}
    url = account.settings.base_url + "/api/track/v2/subscription/standard/package"
    return HttpRequest("POST", url, headers, msgspec.json.encode(body))


def read_subscription(reply: HttpReply, asks: Sequence[Ask]) -> list[Standing]:
    """Which numbers were taken; the others are no numbers that UPS can watch."""
    raise_for_status(ID, reply, ok=frozenset({200, 400}))
    told = json_of(reply.body, Subscribed)
    if reply.status != 200 or told.valid_tracking_numbers is None:
        faults = (told.response.errors if told.response else None) or [Fault(None, "no number was taken")]
        kind = _kind(faults[0])
        error = kind if isinstance(kind, type) else UnreadableReply
        raise error(ID, f"subscription refused: {text_of(faults[0].code)} {text_of(faults[0].message)}")
    taken = told.valid_tracking_numbers
    return [
        Stands()
        if any(same_number(number, ask.number) for number in taken)
        else NotFound(NoData.WRONG_CARRIER, "UPS can't send alerts for this number")
        for ask in asks
    ]


CARRIER = Carrier(
    id=ID,
    name={"zh": "UPS 联合包裹", "en": "UPS"},
    settings=UpsSettings,
    batch_size=1,
    budgets=(Budget(1, 1, source="our own: UPS publishes no limit and sends 429 (api-documentation issue 8)"),),
    vocabulary={
        **{"/".join(key): meaning for key, meaning in CODES.items()},
        **{f"*/*/{status}": meaning for status, meaning in STATUSES.items()},
        **{f"X/* {n}: {row.phrase}": row.meaning for n, row in enumerate(EXCEPTION_TEXTS)},
    },
    probe=Ask("1Z0000000000000000"),
    request=request,
    read=read,
    token=TokenFlow(request=token_request, read=token_read),
    push=Push(
        verify=verify,
        read=read_push,
        numbers=numbers,
        answer=always(PushAnswer(200, {}, b"")),
        subscription=Subscription(
            request=subscribe, read=read_subscription, batch=ALERTS, lasts=timedelta(days=14), ready=ready
        ),
    ),
    history=HISTORY,
    scrub=(
        "name",
        "attentionName",
        "receivedBy",
        "image",
        "photo",
        "deliveryPhoto",
        "pod",
        "addressLine1",
        "addressLine2",
        "addressLine3",
    ),
)
