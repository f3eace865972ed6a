"""UPS Track Alert: subscriptions and the one event that a push holds. For the UPS adapter only.

Source: UPS-API/api-documentation, UPSTrackAlert.yaml and UPSTrackAlertEnhanced.yaml.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

import msgspec

from carriers.base import (
    Account,
    Push,
    PushAnswer,
    Standing,
    Stands,
    Subscription,
    always,
    json_of,
    missing_since,
    no_data_of,
    raise_for_status,
    said,
    same_number,
    text_of,
)
from carriers.ups_account import UpsSettings
from carriers.ups_account import headers as headers_of
from carriers.ups_errors import HISTORY, kind_of
from carriers.ups_events import events_of
from carriers.ups_read import end_of, leg_of
from carriers.ups_times import iso_date
from carriers.ups_wire import (
    ID,
    Activity,
    Address,
    Alert,
    DatedAs,
    DeliveryInformation,
    Fault,
    Location,
    Package,
    Status,
    Subscribed,
)
from domain.errors import AccessDenied, OutsideError, RuleError, UnreadableReply
from domain.tracking import Ask, Failed, Found, NoData, NotFound, ParcelReading, Reading
from net.http import HttpReply, HttpRequest

PROOFS = ("credential", "x-api-key")
"""Headers that hold what proves a push: version 1 sends back the credential of the subscription, version 2 the client id
of the webhook credential kept in UPS's portal. Source: both specifications, webhooks.
"""


def verify(body: bytes, headers: Mapping[str, str], account: Account) -> bool:
    """Whether a header holds the account's ``push_credential``. The body isn't signed: without a configured credential
    nothing proves a push.
    """
    del body
    settings: UpsSettings = account.settings
    kept = settings.push_credential.encode()
    sent = [value.strip().encode() for name, value in headers.items() if name.lower() in PROOFS]
    matches = [hmac.compare_digest(value, kept) for value in sent]
    return any(matches) and kept != b""


def read_push(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """The one event that a Track Alert holds."""
    alert = json_of(reply.body, Alert)
    return [_pushed(alert, ask, now) for ask in asks]


def _pushed(alert: Alert, ask: Ask, now: datetime) -> Reading:
    names = _names(alert)
    if names and not any(same_number(name, ask.number) for name in names):
        return Failed(UnreadableReply(ID, f"the push doesn't mention {ask.number}"))
    events = events_of(_package(alert)) if alert.activity_status not in (None, Status()) else ()
    if not events:
        return NotFound(missing_since(ask, now, HISTORY))
    if not names:
        return Failed(UnreadableReply(ID, f"the push doesn't mention {ask.number}"))
    ends = text_of(alert.delivery_end_time)
    promise = end_of(iso_date(text_of(alert.scheduled_delivery_date)), ends, alert.activity_location or Address())
    own = text_of(alert.tracking_number).strip()
    identity = own if own and not same_number(own, ask.number) else None
    return Found((ParcelReading(ask.number, events, identity, leg_of(events)),), promised_at=promise)


def _names(alert: Alert) -> tuple[str, ...]:
    names = (text_of(alert.tracking_number).strip(), text_of(alert.alternate_tracking_number).strip())
    return tuple(name for name in names if name)


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
    """The parcel's number, and the other one that it goes by."""
    return _names(said(ID, body, Alert))


ALERTS = 100  # numbers in one subscription


def ready(account: Account) -> bool:
    """Alerts can be proven only where the settings hold the webhook's credential."""
    settings: UpsSettings = account.settings
    return bool(settings.push_credential)


def subscribe(asks: Sequence[Ask], account: Account, callback_url: str, now: datetime) -> HttpRequest:
    """Ask for fourteen days of alerts. Version 1 names the address and the credential of the webhook in the call; version
    2 keeps both in UPS's portal.
    """
    if not 0 < len(asks) <= ALERTS:
        raise RuleError(f"ups: subscribe to 1 to {ALERTS} numbers at once, not {len(asks)}")
    settings: UpsSettings = account.settings
    numbers_ = [ask.number for ask in asks]
    headers = {**headers_of(account, f"{int(now.timestamp())}-{numbers_[0]}"), "content-type": "application/json"}
    body: dict[str, object] = {"locale": settings.locale, "countryCode": "US", "trackingNumberList": numbers_}
    if settings.alerts == "v1":
        body["destination"] = _destination(settings, callback_url)
    url = f"{settings.base_url}/api/track/{settings.alerts}/subscription/standard/package"
    return HttpRequest("POST", url, headers, msgspec.json.encode(body))


def _destination(settings: UpsSettings, callback_url: str) -> Mapping[str, str]:
    """``credentialType`` is an open field that UPS only hands back; its example is Bearer."""
    return {"url": callback_url, "credentialType": "Bearer", "credential": settings.push_credential}


REFUSED: Mapping[str, type[OutsideError]] = MappingProxyType(
    {
        "VSS300": AccessDenied,  # locale
        "VSS310": AccessDenied,
        "VSS400": AccessDenied,  # country
        "VSS500": AccessDenied,  # destination
        "VSS600": AccessDenied,  # its address
        "VSS610": AccessDenied,
        "VSS700": AccessDenied,  # credential
        "VSS800": AccessDenied,
        "VSS000": UnreadableReply,  # our question isn't what UPS expects
        "VSS002": UnreadableReply,
        "VSS003": UnreadableReply,
        "VSS004": UnreadableReply,
        "VSS006": UnreadableReply,
        "VSS110": UnreadableReply,
        "VSS200": UnreadableReply,
        "VSS220": UnreadableReply,
        "VSS930": UnreadableReply,
    }
)
"""Codes that refuse a whole subscription. What the account's settings say wrong is the account's fault. Source: error
table of UPSTrackAlertEnhanced.yaml.
"""

NO_NUMBER = frozenset({"VSS210", "VSS215"})
"""Not one of the numbers can be watched."""


def read_subscription(reply: HttpReply, asks: Sequence[Ask]) -> list[Standing]:
    """Which numbers were taken; those called invalid are none that UPS can watch, the rest of a refusal failed."""
    raise_for_status(ID, reply, ok=frozenset({200, 400}))
    told = json_of(reply.body, Subscribed)
    refusal = _refusal(told, reply)
    return [_standing(ask.number, told, refusal) for ask in asks]


def _refusal(told: Subscribed, reply: HttpReply) -> OutsideError | None:
    faults = (told.response.errors if told.response else None) or told.errors or []
    listed = told.valid_tracking_numbers is not None or told.invalid_tracking_numbers is not None
    if (reply.status == 200 and listed) or (faults and text_of(faults[0].code) in NO_NUMBER):
        return None
    fault = faults[0] if faults else Fault(None, "neither numbers nor an error")
    kind = REFUSED.get(text_of(fault.code)) or kind_of(fault)
    error = kind if isinstance(kind, type) else UnreadableReply
    return error(ID, f"subscription refused: {text_of(fault.code)} {text_of(fault.message)}")


def _standing(number: str, told: Subscribed, refusal: OutsideError | None) -> Standing:
    if any(same_number(taken, number) for taken in told.valid_tracking_numbers or ()):
        return Stands()
    if refusal is None or any(same_number(bad, number) for bad in told.invalid_tracking_numbers or ()):
        return NotFound(NoData.WRONG_CARRIER, "UPS can't send alerts for this number")
    return Failed(refusal, no_data_of(refusal))


PUSH = Push(
    verify=verify,
    read=read_push,
    numbers=numbers,
    answer=always(PushAnswer(200, {}, b"")),
    subscription=Subscription(
        request=subscribe, read=read_subscription, batch=ALERTS, lasts=timedelta(days=14), ready=ready
    ),
)
