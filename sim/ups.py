"""A stand-in for UPS: OAuth tokens, Track v1 and Track Alert v2 in their real wire format.

Source: UPS-API/api-documentation (OAuthClientCredentials, Tracking, UPSTrackAlertEnhanced). An unknown number is the warning
TW0001 inside HTTP 200. UPS publishes no limit; ten calls a second is this stand-in's own. A subscription takes up to 100
numbers, holds 14 days and knows no history; each event is one push, with the credential of the portal in ``x-api-key``.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote

from net.http import HttpReply, HttpRequest
from sim import tokens
from sim.limits import SECOND, Limit
from sim.lives import DELIVERED, Step
from sim.tales import Parcel, Scan
from sim.voices_abroad import UPS
from sim.wire import Hook, Memory, Subscribed, form_of, header, json_object, reply
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
ALERT = "/api/track/v2/subscription/"
SHORTEST, LONGEST = 7, 34  # characters of an inquiry number


def answer(world: World, memory: Memory, path: str, request: HttpRequest, now: datetime) -> HttpReply:
    if request.method == "POST" and path == "/security/v1/oauth/token":
        return _token(request, now)
    if not path.startswith((DETAILS, ALERT)):
        return _errors(404, "404", "The requested resource was not found.")
    if not tokens.lets_in(CLIENT_SECRET, request, now):
        return _errors(401, "250002", "Invalid Authentication Information.")
    if not header(request.headers, "transid") or not header(request.headers, "transactionsrc"):
        return _errors(400, "VSS002", "Missing transId")
    if memory.spend("ups", CLIENT_ID, LIMITS, now) is not None:
        return _errors(429, "10429", "Too Many Requests")
    if request.method == "GET" and path.startswith(DETAILS):
        return _details(world, unquote(path.removeprefix(DETAILS)), now)
    if request.method == "POST" and path in {f"{ALERT}standard/package", f"{ALERT}enhanced/package"}:
        return _subscribe(world, memory, json_object(request.body), now)
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


def _subscribe(world: World, memory: Memory, body: dict[str, Any] | None, now: datetime) -> HttpReply:
    numbers = (body or {}).get("trackingNumberList")
    if not body or not body.get("locale"):
        return _errors(400, "VSS300", "Locale is required. The Subscription request has been rejected.")
    if not isinstance(numbers, list) or not numbers:
        return _errors(400, "VSS200", "Tracking Number List is required. The Subscription request has been rejected.")
    if len(numbers) > MOST_NUMBERS:
        return _errors(400, "VSS220", "You have submitted over 100 tracking numbers which is not allowed.")
    known = [str(n) for n in numbers if (parcel := world.parcel(str(n))) and parcel.source == "ups"]
    unknown = [str(n) for n in numbers if str(n) not in known]
    if not known:
        message = "The Subscription request should have at least one valid tracking number."
        return _errors(400, "VSS210", message, invalidTrackingNumbers=unknown)
    for number in known:
        memory.subscribe("ups", number, Subscribed(now))
    return reply({"validTrackingNumbers": known, "invalidTrackingNumbers": unknown})


def pushes(world: World, memory: Memory, since: datetime, now: datetime) -> list[HttpRequest]:
    """One call for each event that came to light in (since, now] while its number's subscription held."""
    hook, subscribed = memory.hooks.get("ups"), memory.subscriptions("ups")
    if hook is None:
        return []
    return [
        _push(hook, parcel, scan)
        for parcel in world.news(since, now)
        if parcel.number in subscribed
        for scan in _new(parcel, subscribed[parcel.number].since, since, now)
    ]


def _new(parcel: Parcel, begun: datetime, since: datetime, now: datetime) -> Iterator[Scan]:
    return (s for s in parcel.scans if max(since, begun) < s.shown_at <= min(now, begun + HOLDS))


def _push(hook: Hook, parcel: Parcel, scan: Scan) -> HttpRequest:
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
    headers = {
        "content-type": "application/json",
        "user-agent": "UPSPubSubTrackingService",
        "x-api-key": hook.credential,
    }
    return HttpRequest("POST", hook.url, headers, json.dumps(body).encode())
