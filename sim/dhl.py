"""A stand-in for DHL's Shipment Tracking - Unified in its real wire format.

Source: developer.dhl.com (1.5.8). The header DHL-API-Key opens it; an app starts with 250 calls a day and one in five
seconds; 404 stands for an unknown number. Its services write times in three ways: local without a zone, with an offset, and
with nanoseconds behind the second.
"""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from net.http import HttpReply, HttpRequest
from sim.limits import DAY, Limit
from sim.lives import DELIVERED
from sim.tales import Parcel, Scan
from sim.voices_abroad import DHL
from sim.wire import Memory, header, query_of, reply
from sim.world import World

API_KEY = "demo-key-of-dhl"
"""A demo credential: it opens this stand-in and nothing else."""

LIMITS = (Limit(1, timedelta(seconds=5)), Limit(250, DAY))
COUNTRIES = {"DE": "GERMANY", "HK": "HONG KONG SAR, CHINA", "CN": "CHINA, PEOPLES REPUBLIC"}
NANOSECONDS = "331986369"


def answer(world: World, memory: Memory, path: str, request: HttpRequest, now: datetime) -> HttpReply:
    if request.method != "GET" or path != "/track/shipments":
        return _error(404, "Not Found", "The requested resource does not exist.")
    if not hmac.compare_digest(header(request.headers, "dhl-api-key"), API_KEY):
        return _error(401, "Unauthorized", "Unauthorized for given resource.")
    if memory.spend("dhl", API_KEY, LIMITS, now) is not None:
        return _error(429, "Too Many Requests", "Too many requests within defined time period, please try again later.")
    number = query_of(request).get("trackingNumber", "")
    if not number:
        return _error(400, "Bad Request", "The tracking number is missing.")
    parcel = world.parcel(number)
    shown = parcel.shown(now) if parcel and parcel.source == "dhl" else []
    if parcel is None or not shown:
        return _error(404, "No result found", "No shipment with given tracking number found.")
    return reply({"shipments": [shipment_of(parcel, shown)]})


def busy() -> HttpReply:
    return _error(503, "Service Unavailable", "The service is temporarily unavailable.")


def _error(status: int, title: str, detail: str) -> HttpReply:
    return reply({"status": status, "title": title, "detail": detail}, status)


def shipment_of(parcel: Parcel, shown: Sequence[Scan]) -> dict[str, Any]:
    """What DHL says of a parcel, newest event first; now and then one twice."""
    events = [_event(scan, n + len(parcel.buyer)) for n, scan in enumerate(shown)]
    status = events[-1]
    repeated = parcel.quirks.repeated
    if repeated is not None and repeated < len(events):
        events.insert(repeated, events[repeated])
    arrived = shown[-1].step in DELIVERED
    day = f"{parcel.promised_at.astimezone(timezone(timedelta(hours=8))):%Y-%m-%d}"
    return {
        "id": parcel.number,
        "service": "express",
        "origin": {"address": {"addressLocality": _place(shown[0]), "countryCode": shown[0].country}},
        "destination": {"address": {"addressLocality": "QINGLAN - CHINA, PEOPLES REPUBLIC", "countryCode": "CN"}},
        "status": status,
        **({} if arrived else {"estimatedTimeOfDelivery": f"{day}T23:59:00+08:00"}),
        "details": {
            "product": {"productName": parcel.service},
            "proofOfDeliverySignedAvailable": arrived,
            "totalNumberOfPieces": 1,
        },
        "events": events[::-1],
    }


def _place(scan: Scan) -> str:
    return f"{scan.place} - {COUNTRIES[scan.country]}"


def _event(scan: Scan, manner: int) -> dict[str, Any]:
    words = DHL[scan.step]
    text = words.text.format(place=_place(scan))
    return {
        "timestamp": _time(scan, manner),
        "location": {"address": {"addressLocality": _place(scan), "countryCode": scan.country}},
        "statusCode": words.code,
        "status": text,
        "description": text,
    }


def _time(scan: Scan, manner: int) -> str:
    """Local time without a zone, with its offset, or with nanoseconds and its offset, by turns."""
    local = scan.dated.astimezone(timezone(timedelta(hours=scan.offset_h)))
    naive, whole = f"{local:%Y-%m-%dT%H:%M:%S}", local.isoformat(timespec="seconds")
    return (naive, whole, f"{naive}.{NANOSECONDS}{whole[len(naive) :]}")[manner % 3]
