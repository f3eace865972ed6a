"""UPS Track Alert: subscriptions and the one event that a push holds. For the UPS adapter only.

Source: UPS-API/api-documentation, UPSTrackAlert.yaml and UPSTrackAlertEnhanced.yaml.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

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
from domain.errors import RuleError, UnreadableReply
from domain.tracking import Ask, Failed, Found, NoData, NotFound, ParcelReading, Reading
from net.http import HttpReply, HttpRequest


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
    events = events_of(_package(alert)) if alert.activity_status not in (None, Status()) else ()
    if not events:
        return NotFound(missing_since(ask, now, HISTORY))
    if not number.strip():
        return Failed(UnreadableReply(ID, f"the push doesn't mention {ask.number}"))
    ends = text_of(alert.delivery_end_time)
    promise = end_of(iso_date(text_of(alert.scheduled_delivery_date)), ends, alert.activity_location or Address())
    return Found((ParcelReading(ask.number, events, None, leg_of(events)),), promised_at=promise)


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
    headers = {**headers_of(account, f"{int(now.timestamp())}-{numbers_[0]}"), "content-type": "application/json"}
    body = {"locale": account.settings.locale, "countryCode": "US", "trackingNumberList": numbers_}
    url = account.settings.base_url + "/api/track/v2/subscription/standard/package"
    return HttpRequest("POST", url, headers, msgspec.json.encode(body))


def read_subscription(reply: HttpReply, asks: Sequence[Ask]) -> list[Standing]:
    """Which numbers were taken; the others are no numbers that UPS can watch."""
    raise_for_status(ID, reply, ok=frozenset({200, 400}))
    told = json_of(reply.body, Subscribed)
    if reply.status != 200 or told.valid_tracking_numbers is None:
        faults = (told.response.errors if told.response else None) or [Fault(None, "no number was taken")]
        kind = kind_of(faults[0])
        error = kind if isinstance(kind, type) else UnreadableReply
        raise error(ID, f"subscription refused: {text_of(faults[0].code)} {text_of(faults[0].message)}")
    taken = told.valid_tracking_numbers
    return [
        Stands()
        if any(same_number(number, ask.number) for number in taken)
        else NotFound(NoData.WRONG_CARRIER, "UPS can't send alerts for this number")
        for ask in asks
    ]


PUSH = Push(
    verify=verify,
    read=read_push,
    numbers=numbers,
    answer=always(PushAnswer(200, {}, b"")),
    subscription=Subscription(
        request=subscribe, read=read_subscription, batch=ALERTS, lasts=timedelta(days=14), ready=ready
    ),
)
