"""A stand-in for UPS: OAuth tokens, Track v1 and Track Alert (v1 and v2) in their real wire format.

Source: UPS-API/api-documentation (OAuthClientCredentials, Tracking, UPSTrackAlert, UPSTrackAlertEnhanced). An unknown number
is the warning TW0001 inside HTTP 200. UPS publishes no limit; ten calls a second is this stand-in's own. A subscription takes
up to 100 numbers, holds 14 days and knows no history; each event is one push. v1 is told where to and with what
``credential``; v2 takes both from the portal, and sends the credential as ``x-api-key``.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote

from net.http import HttpReply, HttpRequest
from sim import tokens
from sim.limits import SECOND, Limit
from sim.lives import DELIVERED, Step
from sim.tales import Parcel, Scan
from sim.voices_abroad import UPS
from sim.wire import Memory, Subscribed, form_of, header, json_object, reply
from sim.world import World

CLIENT_ID = "demo-client-of-ups"
CLIENT_SECRET = "demo-secret-of-ups"  # noqa: S105 - opens this stand-in and nothing else
PUSH_CREDENTIAL = "demo-push-credential-of-ups"
TOKEN_LIFE = timedelta(seconds=14_399)
LIMITS = (Limit(10, SECOND),)
HISTORY = timedelta(days=120)
MOST_NUMBERS = 100
HOLDS = timedelta(days=14)
DETAILS = "/api/track/v1/details/"
ALERTS = {f"/api/track/{v}/subscription/{kind}/package": v for v in ("v1", "v2") for kind in ("standard", "enhanced")}
SHORTEST, LONGEST = 7, 34  # characters of an inquiry number


def answer(world: World, memory: Memory, path: str, request: HttpRequest, now: datetime) -> HttpReply:
    if request.method == "POST" and path == "/security/v1/oauth/token":
        return _token(request, now)
    if not path.startswith(DETAILS) and path not in ALERTS:
        return _errors(404, "404", "The requested resource was not found.")
    if not tokens.lets_in(CLIENT_SECRET, request, now):
        return _errors(401, "250002", "Invalid Authentication Information.")
    if not header(request.headers, "transid") or not header(request.headers, "transactionsrc"):
        return _errors(400, "VSS002", "Missing transId")
    if memory.spend("ups", CLIENT_ID, LIMITS, now) is not None:
        return _errors(429, "10429", "Too Many Requests")
    if request.method == "GET" and path.startswith(DETAILS):
        return _details(world, unquote(path.removeprefix(DETAILS)), now)
    if request.method == "POST" and path in ALERTS:
        return _subscribe(world, memory, ALERTS[path], json_object(request.body) or {}, now)
    return _errors(405, "405", "Method Not Allowed.")


def busy() -> HttpReply:
    return _errors(500, "10004", "Something went wrong while processing your request, please try again later")


def _errors(status: int, code: str, message: str, **more: Any) -> HttpReply:
    return reply({**more, "response": {"errors": [{"code": code, "message": message}]}}, status)


def _token(request: HttpRequest, now: datetime) -> HttpReply:
    pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode("ascii")
    if header(request.headers, "authorization") != f"Basic {pair}":
        return _errors(401, "10401", "ClientId is Invalid")
    if (form_of(request) or {}).get("grant_type") != "client_credentials":
        return _errors(400, "10400", "Invalid/Missing Grant Type")
    return reply(
        {
            "token_type": "Bearer",
            "issued_at": str(int(now.timestamp() * 1_000)),
            "client_id": CLIENT_ID,
            "access_token": tokens.made(CLIENT_SECRET, now + TOKEN_LIFE),
            "expires_in": str(int(TOKEN_LIFE.total_seconds())),
            "status": "approved",
        }
    )


# --- tracking ---


def _details(world: World, number: str, now: datetime) -> HttpReply:
    if not (SHORTEST <= len(number) <= LONGEST and number.isalnum()):
        return _errors(400, "TV1002", "Invalid inquiry number")
    parcel = world.parcel(number)
    shown = [s for s in parcel.shown(now) if now - s.at <= HISTORY] if parcel and parcel.source == "ups" else []
    if parcel is None or not shown:
        warning = {"code": "TW0001", "message": "Tracking Information Not Found"}
        return reply({"trackResponse": {"shipment": [{"inquiryNumber": number, "warnings": [warning]}]}})
    shipment = {"inquiryNumber": number, "package": [package_of(parcel, shown)]}
    return reply({"trackResponse": {"shipment": [shipment]}})


def package_of(parcel: Parcel, shown: Sequence[Scan]) -> dict[str, Any]:
    """What UPS says of a parcel, newest activity first; now and then one without its GMT fields, or twice."""
    activities = [_activity(scan, bare=n == parcel.quirks.naive) for n, scan in enumerate(shown)]
    repeated = parcel.quirks.repeated
    if repeated is not None and repeated < len(activities):
        activities.insert(repeated, activities[repeated])
    return {
        "trackingNumber": parcel.number,
        "currentStatus": _status(shown[-1]),
        "packageCount": 1,
        "service": {"code": "007", "description": parcel.service},
        "activity": activities[::-1],
        **_dates(parcel, shown[-1]),
    }


def _activity(scan: Scan, *, bare: bool) -> dict[str, Any]:
    local, gmt = _local(scan), scan.dated.astimezone(UTC)
    minutes = round(scan.offset_h * 60)
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    triple = {"gmtDate": f"{gmt:%Y%m%d}", "gmtTime": f"{gmt:%H:%M:%S}", "gmtOffset": offset}
    return {
        "date": f"{local:%Y%m%d}",
        "time": f"{local:%H%M%S}",
        **({} if bare else triple),
        "location": {"address": _address(scan), "slic": "0000"},
        "status": _status(scan),
    }


def _local(scan: Scan) -> datetime:
    return scan.dated.astimezone(timezone(timedelta(hours=scan.offset_h)))


def _address(scan: Scan) -> dict[str, str]:
    state = {"stateProvince": scan.state} if scan.state else {}
    return {"city": scan.place, **state, "countryCode": scan.country, "country": scan.country}


def _status(scan: Scan) -> dict[str, str]:
    words = UPS[scan.step]
    return {"type": words.type, "code": words.code, "description": words.text, "statusCode": words.status}


def _dates(parcel: Parcel, latest: Scan) -> dict[str, Any]:
    """The date of delivery once it is known, else the scheduled one."""
    if latest.step not in DELIVERED and latest.step is not Step.RETURNED:
        day = f"{parcel.promised_at.astimezone(timezone(timedelta(hours=8))):%Y%m%d}"
        return {"deliveryDate": [{"type": "SDD", "date": day}], "deliveryTime": {"type": "EOD"}}
    local = _local(latest)
    place = "Reception" if latest.step is Step.SIGNED_OTHER else "Front Door"
    return {
        "deliveryDate": [{"type": "DEL", "date": f"{local:%Y%m%d}"}],
        "deliveryTime": {"type": "DEL", "endTime": f"{local:%H%M%S}"},
        "deliveryInformation": {"location": place, "receivedBy": "RESIDENT"},
    }


# --- Track Alert ---


def _subscribe(world: World, memory: Memory, version: str, body: dict[str, Any], now: datetime) -> HttpReply:
    numbers, told = body.get("trackingNumberList"), body.get("destination") or {}
    missing = next((fault for fault in FAULTS if fault[0](version, body, told)), None)
    if missing:
        return _errors(400, missing[1], f"{missing[2]}. The Subscription request has been rejected.")
    if not isinstance(numbers, list) or len(numbers) > MOST_NUMBERS:
        return _errors(400, "VSS220", "You have submitted over 100 tracking numbers which is not allowed.")
    known = [str(n) for n in numbers if (parcel := world.parcel(str(n))) and parcel.source == "ups"]
    unknown = [str(n) for n in numbers if str(n) not in known]
    if not known:
        message = "The Subscription request should have at least one valid tracking number."
        return _errors(400, "VSS210", message, invalidTrackingNumbers=unknown)
    url, credential = (str(told["url"]), str(told["credential"])) if version == "v1" else ("", "")
    for number in known:
        memory.subscribe("ups", number, Subscribed(now, url, credential))
    return reply({"validTrackingNumbers": known, "invalidTrackingNumbers": unknown})


Fault = tuple[Callable[[str, Mapping[str, Any], Mapping[str, Any]], bool], str, str]
FAULTS: tuple[Fault, ...] = (
    (lambda _version, body, _told: not body.get("locale"), "VSS300", "Locale is required"),
    (lambda _version, body, _told: not body.get("trackingNumberList"), "VSS200", "Tracking Number List is required"),
    (lambda version, _body, told: version == "v1" and not told, "VSS500", "Destination is required"),
    (lambda version, _body, told: version == "v1" and not told.get("url"), "VSS600", "URL is empty or not present"),
    (
        lambda version, _body, told: version == "v1" and not told.get("credential"),
        "VSS700",
        "Credential is empty or not present",
    ),
    (
        lambda version, _body, told: version == "v1" and not told.get("credentialType"),
        "VSS800",
        "CredentialType is empty or not present",
    ),
)
"""What a subscription must have: (whether it is missing from version, body, destination), code, words."""


def pushes(world: World, memory: Memory, since: datetime, now: datetime) -> list[HttpRequest]:
    """One call for each event that came to light in (since, now] while its number's subscription held."""
    subscribed = memory.subscriptions("ups")
    return [
        HttpRequest("POST", *sent, event_of(parcel, scan))
        for parcel in world.news(since, now)
        if parcel.number in subscribed and (sent := _address_of(memory, subscribed[parcel.number]))
        for scan in _new(parcel, subscribed[parcel.number].since, since, now)
    ]


def _address_of(memory: Memory, subscribed: Subscribed) -> tuple[str, dict[str, str]] | None:
    """Where to and with which headers; nowhere, where neither the subscription nor the portal says it."""
    headers = {"content-type": "application/json", "user-agent": "UPSPubSubTrackingService"}
    if subscribed.callback:
        return subscribed.callback, {**headers, "credential": subscribed.note}
    hook = memory.hooks.get("ups")
    return (hook.url, {**headers, "x-api-key": hook.credential}) if hook else None


def _new(parcel: Parcel, begun: datetime, since: datetime, now: datetime) -> Iterator[Scan]:
    return (s for s in parcel.scans if max(since, begun) < s.shown_at <= min(now, begun + HOLDS))


def event_of(parcel: Parcel, scan: Scan) -> bytes:
    """The body of a push."""
    local, gmt, words = _local(scan), scan.dated.astimezone(UTC), UPS[scan.step]
    delivered = scan.step in DELIVERED
    body = {
        "trackingNumber": parcel.number,
        "localActivityDate": f"{local:%Y%m%d}",
        "localActivityTime": f"{local:%H%M%S}",
        "activityLocation": {
            "city": scan.place,
            "stateProvince": scan.state,
            "postalCode": "",
            "country": scan.country,
        },
        "activityStatus": {
            "type": words.type,
            "code": words.code,
            "description": words.text,
            "descriptionCode": words.status,
        },
        "scheduledDeliveryDate": f"{parcel.promised_at:%Y%m%d}",
        "actualDeliveryDate": f"{local:%Y%m%d}" if delivered else "",
        "actualDeliveryTime": f"{local:%H%M%S}" if delivered else "",
        "gmtActivityDate": f"{gmt:%Y%m%d}",
        "gmtActivityTime": f"{gmt:%H%M%S}",
        "gmtOffset": f"{scan.offset_h:+06.2f}",  # "-04.00": a dot, unlike in replies
    }
    return json.dumps(body).encode()
