"""A stand-in for USPS: OAuth tokens and Tracking 3.0 in their real wire format.

Source: USPS/api-examples and its issues. A new app has about 60 calls an hour over all addresses, tokens included; beyond
that 429 comes with Retry-After. A number is unknown (404) for hours after its label was made. Events carry the local time
beside the instant and the offset.
"""

import hmac
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote

from net.http import HttpReply, HttpRequest
from sim import tokens
from sim.limits import HOUR, Limit
from sim.tales import Parcel, Scan
from sim.voices_abroad import USPS
from sim.wire import Memory, json_object, query_of, reply
from sim.world import World

CLIENT_ID = "demo-client-of-usps"
CLIENT_SECRET = "demo-secret-of-usps"  # noqa: S105 - opens this stand-in and nothing else
TOKEN_LIFE = timedelta(seconds=28_799)
LIMITS = (Limit(60, HOUR),)
TRACKING = "/tracking/v3/tracking/"
UNAVAILABLE = (
    "Tracking is not available for this item. This may be because the tracking number is invalid; USPS has not yet"
    " received payment; USPS has not yet received the item; the item does not include tracking; or other reasons."
)


def answer(world: World, memory: Memory, path: str, request: HttpRequest, now: datetime) -> HttpReply:
    """Every call to a known address counts, whether it is let in or not."""
    asks_token = request.method == "POST" and path == "/oauth2/v3/token"
    if not asks_token and not (request.method == "GET" and path.startswith(TRACKING)):
        return _error(404, "The requested resource was not found.")
    wait = memory.spend("usps", CLIENT_ID, LIMITS, now)
    if wait is not None:
        after = str(math.ceil(wait.total_seconds()))
        return _error(
            429, "Too many requests. The quota limit of API calls per hour is exceeded.", {"retry-after": after}
        )
    if asks_token:
        return _token(json_object(request.body) or {}, now)
    if not tokens.lets_in(CLIENT_SECRET, request, now):
        return _error(401, "The access token is invalid or has expired.")
    detail = query_of(request).get("expand", "SUMMARY").upper() == "DETAIL"
    return _tracking(world, unquote(path.removeprefix(TRACKING)), now, detail=detail)


def busy() -> HttpReply:
    return _error(503, "Service Unavailable")


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> HttpReply:
    body = {"apiVersion": "/tracking/v3", "error": {"code": str(status), "message": message, "errors": []}}
    return reply(body, status, headers)


def _token(body: dict[str, Any], now: datetime) -> HttpReply:
    if body.get("grant_type") != "client_credentials":
        return reply({"error": "unsupported_grant_type", "error_description": "Unsupported grant type."}, 400)
    known = body.get("client_id") == CLIENT_ID
    if not (known and hmac.compare_digest(str(body.get("client_secret", "")), CLIENT_SECRET)):
        return reply(
            {
                "error": "invalid_client",
                "error_description": "Client authentication failed.",
                "error_uri": "https://datatracker.ietf.org/doc/html/rfc6749#page-45",
            },
            401,
        )
    return reply(
        {
            "access_token": tokens.made(CLIENT_SECRET, now + TOKEN_LIFE),
            "token_type": "Bearer",
            "issued_at": int(now.timestamp() * 1_000),
            "expires_in": int(TOKEN_LIFE.total_seconds()),
            "status": "approved",
            "scope": "tracking",
            "client_id": CLIENT_ID,
        }
    )


# --- tracking ---


def _tracking(world: World, number: str, now: datetime, *, detail: bool) -> HttpReply:
    parcel = world.parcel(number)
    shown = parcel.shown(now) if parcel and parcel.source == "usps" else []
    if parcel is None or not shown:
        return _error(404, UNAVAILABLE)
    return reply(result_of(parcel, shown, detail=detail))


def result_of(parcel: Parcel, shown: Sequence[Scan], *, detail: bool = True) -> dict[str, Any]:
    """What USPS says of a parcel, newest event first; now and then one twice. Without ``detail``: no events."""
    events = [_event(scan) for scan in shown]
    repeated = parcel.quirks.repeated
    if repeated is not None and repeated < len(events):
        events.insert(repeated, events[repeated])
    words = USPS[shown[-1].step]
    return {
        "trackingNumber": parcel.number,
        "status": words.text,
        "statusCategory": words.category,
        "statusSummary": f"{words.text}<SUP>&reg;</SUP>, {shown[-1].place}",
        "mailClass": parcel.service,
        "services": ["USPS Tracking<SUP>&#174;</SUP>"],
        "originCountry": "US",
        "destinationCountryCode": "CN",
        "uniqueMailPieceID": str(int(parcel.uploaded_at.timestamp())),
        "mailPieceIntakeDate": f"{parcel.uploaded_at:%Y-%m-%d %H:%M:%S}.000000",
        **({"trackingEvents": events[::-1]} if detail else {}),
    }


def _event(scan: Scan) -> dict[str, Any]:
    local, words = scan.dated.astimezone(timezone(timedelta(hours=scan.offset_h))), USPS[scan.step]
    gmt = scan.dated.astimezone(UTC)
    home = scan.country == "US"
    return {
        "eventType": words.text,
        "eventTimestamp": f"{local:%Y-%m-%dT%H:%M:00}",
        "GMTTimestamp": f"{gmt:%Y-%m-%dT%H:%M:%SZ}",
        "GMTOffset": local.isoformat()[-6:],
        "eventCountry": None if home else "CHINA",
        "eventCity": scan.place,
        "eventState": scan.state or None,
        "eventZIP": None,
        "firm": None,
        "name": None,
        "authorizedAgent": "false",
        "eventCode": words.code,
        "additionalProp": None,
    }
