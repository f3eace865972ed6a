"""A stand-in for FedEx: OAuth tokens and Track v1 in their real wire format.

Source: developer.fedex.com (authorization, Track). A token lives one hour; up to 30 numbers a call; an unknown number is
an error inside HTTP 200. A project may make 1 400 transactions in ten seconds (rate-limit guide), 100 000 a day.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from net.http import HttpReply, HttpRequest
from sim import tokens
from sim.limits import DAY, Limit
from sim.lives import DELIVERED, Step
from sim.tales import Parcel, Scan
from sim.voices import FEDEX
from sim.wire import Memory, form_of, json_object, reply
from sim.world import World

CLIENT_ID = "demo-client-of-fedex"
CLIENT_SECRET = "demo-secret-of-fedex"  # noqa: S105 - opens this stand-in and nothing else
TOKEN_LIFE = timedelta(hours=1)
MOST_NUMBERS = 30
LIMITS = (Limit(1_400, timedelta(seconds=10)), Limit(100_000, DAY))


def answer(world: World, memory: Memory, path: str, request: HttpRequest, now: datetime) -> HttpReply:
    transaction = f"sim-{memory.calls.get('fedex', 0):08d}"
    if request.method == "POST" and path == "/oauth/token":
        return _token(form_of(request), transaction, now)
    if request.method == "POST" and path == "/track/v1/trackingnumbers":
        return _track(world, memory, request, transaction, now)
    return _errors(transaction, 404, "NOT.FOUND.ERROR", "The resource you requested is no longer available.")


def busy() -> HttpReply:
    message = "The service is currently unavailable and we are working to resolve the issue. We apologize for any inconvenience."
    return _errors("sim-busy", 503, "SERVICE.UNAVAILABLE.ERROR", message)


def _errors(transaction: str, status: int, code: str, message: str) -> HttpReply:
    return reply({"transactionId": transaction, "errors": [{"code": code, "message": message}]}, status)


# --- tokens ---


def _token(form: dict[str, str] | None, transaction: str, now: datetime) -> HttpReply:
    if form is None or form.get("grant_type") != "client_credentials":
        return _errors(transaction, 400, "BAD.REQUEST.ERROR", "Missing or duplicate parameters.")
    if form.get("client_id") != CLIENT_ID or form.get("client_secret") != CLIENT_SECRET:
        message = "The given client credentials were not valid. Please modify your request and try again."
        return _errors(transaction, 401, "NOT.AUTHORIZED.ERROR", message)
    value = {"access_token": token(now + TOKEN_LIFE), "token_type": "bearer", "expires_in": 3_599, "scope": "CXS"}
    return reply(value)


def token(ends_at: datetime) -> str:
    return tokens.made(CLIENT_SECRET, ends_at)


# --- tracking ---


def _track(world: World, memory: Memory, request: HttpRequest, transaction: str, now: datetime) -> HttpReply:
    if not tokens.lets_in(CLIENT_SECRET, request, now):
        message = "Access token expired. Please modify your request and try again."
        return _errors(transaction, 401, "NOT.AUTHORIZED.ERROR", message)
    if memory.spend("fedex", CLIENT_ID, LIMITS, now) is not None:
        message = "We have received too many requests in a short duration. Please wait a while to try again."
        return _errors(transaction, 429, "TOO.MANY.REQUESTS.ERROR", message)
    asked = _numbers(json_object(request.body))
    if asked is None:
        return _errors(transaction, 400, "INVALID.INPUT.EXCEPTION", "Invalid field value in the input")
    if not asked:
        return _errors(transaction, 400, "TRACKING.TRACKINGNUMBER.EMPTY", "Please provide tracking number.")
    if len(asked) > MOST_NUMBERS:
        return _errors(
            transaction, 400, "TRACKING.TRACKINGNUMBER.TOOMANY", "Please limit your inquiry to 30 tracking numbers."
        )
    results = [{"trackingNumber": n, "trackResults": [_result(world.parcel(n), n, now)]} for n in asked]
    return reply({"transactionId": transaction, "output": {"completeTrackResults": results}})


def _numbers(body: dict[str, Any] | None) -> list[str] | None:
    infos = body.get("trackingInfo") if body else None
    if not isinstance(infos, list):
        return None
    try:
        return [str(info["trackingNumberInfo"]["trackingNumber"]) for info in infos]
    except (KeyError, TypeError):
        return None


def _result(parcel: Parcel | None, number: str, now: datetime) -> dict[str, Any]:
    shown = parcel.shown(now) if parcel is not None and parcel.source == "fedex" else []
    if parcel is None or not shown:
        return _not_found(number)
    latest = shown[-1]
    return {
        "trackingNumberInfo": {
            "trackingNumber": number,
            "trackingNumberUniqueId": f"{parcel.uploaded_at:%Y%j}000~{number}~FX",
            "carrierCode": "FDXE",
        },
        "latestStatusDetail": _latest(latest),
        "dateAndTimes": _dates(parcel, shown),
        "scanEvents": [_event(scan, naive=n == parcel.quirks.naive) for n, scan in enumerate(shown)][::-1],
        "serviceDetail": {"type": parcel.service, "description": "FedEx International Economy"},
        **_delivery(latest),
    }


def _not_found(number: str) -> dict[str, Any]:
    return {
        "trackingNumberInfo": {"trackingNumber": number, "trackingNumberUniqueId": "", "carrierCode": ""},
        "error": {
            "code": "TRACKING.TRACKINGNUMBER.NOTFOUND",
            "message": "Tracking number cannot be found. Please correct the tracking number and try again.",
        },
    }


def _latest(scan: Scan) -> dict[str, Any]:
    words = FEDEX[scan.step]
    detail: dict[str, Any] = {
        "code": words.derived,
        "derivedCode": words.derived,
        "statusByLocale": words.derived_status,
        "description": words.text,
        "scanLocation": _place(scan),
    }
    if words.exception_text:
        detail["ancillaryDetails"] = [{"reason": words.exception, "reasonDescription": words.exception_text}]
    return detail


def _place(scan: Scan) -> dict[str, Any]:
    return {"city": scan.place, "countryCode": scan.country, "residential": False}


def _event(scan: Scan, *, naive: bool) -> dict[str, Any]:
    words = FEDEX[scan.step]
    return {
        "date": _local(scan.dated, scan.offset_h, naive=naive),
        "eventType": words.event,
        "eventDescription": words.text,
        "exceptionCode": words.exception,
        "exceptionDescription": words.exception_text,
        "derivedStatusCode": words.derived,
        "derivedStatus": words.derived_status,
        "scanLocation": _place(scan),
        "locationType": words.location,
    }


def _local(at: datetime, offset_h: float, *, naive: bool = False) -> str:
    """Local time at the place of the scan; now and then without its offset."""
    local = at.astimezone(timezone(timedelta(hours=offset_h)))
    return (local.replace(tzinfo=None) if naive else local).isoformat(timespec="seconds")


def _dates(parcel: Parcel, shown: Sequence[Scan]) -> list[dict[str, str]]:
    """The known dates: pickup without a time of day, as FedEx gives it; the estimate until it has arrived."""
    pickup = next((scan for scan in shown if scan.step is Step.COLLECTED), None)
    dates = (
        [{"type": "ACTUAL_PICKUP", "dateTime": f"{_local(pickup.at, pickup.offset_h)[:10]}T00:00:00"}] if pickup else []
    )
    if shown[-1].step in DELIVERED:
        dates.insert(0, {"type": "ACTUAL_DELIVERY", "dateTime": _local(shown[-1].at, shown[-1].offset_h)})
    else:
        dates.append({"type": "ESTIMATED_DELIVERY", "dateTime": _local(parcel.promised_at.astimezone(UTC), 8.0)})
    return dates


def _delivery(latest: Scan) -> dict[str, Any]:
    if latest.step not in DELIVERED:
        return {}
    other = latest.step is Step.SIGNED_OTHER
    return {"deliveryDetails": {"receivedByName": "RECEPTION" if other else "RESIDENT", "deliveryAttempts": "1"}}
