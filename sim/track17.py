"""A stand-in for 17TRACK's API v2.4 and its webhooks in their real wire format.

Source: asset.17track.net (v2.4) and help.17track.net. The header 17token opens it; 40 numbers a call; three calls a second,
beyond that HTTP 429. Only registered numbers are answered. Tracking stops 15 days after delivery, or after 30 days without
an event. Webhooks go to the address of the console, with sign = hex SHA-256 of the raw body, "/" and the key.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from net.http import HttpReply, HttpRequest
from sim.limits import SECOND, Limit
from sim.lives import DELIVERED
from sim.tales import Parcel
from sim.track17_info import CARRIERS, entry_of
from sim.wire import Memory, Subscribed, header, json_list, reply
from sim.world import World

SOURCE = "17track"
KEY = "DEMO0KEY0OF017TRACK0DEMO0KEY0000"
"""A demo credential: it opens this stand-in and nothing else."""

LIMITS = (Limit(3, SECOND),)
MOST_NUMBERS = 40
QUOTA = 100_000  # registrations; far more than the free 100 a month
SYNC = timedelta(minutes=5)  # until a new number was first asked at its carrier
AFTER_DELIVERY, WITHOUT_EVENT = timedelta(days=15), timedelta(days=30)
KEPT = timedelta(days=90)
PATH = "/track/v2.4/"
SHORTEST, LONGEST = 5, 50

Answered = tuple[dict[str, Any] | None, dict[str, Any] | None]
"""What a number gets: an entry of ``accepted``, or one of ``rejected``."""


def answer(world: World, memory: Memory, path: str, request: HttpRequest, now: datetime) -> HttpReply:
    method = path.removeprefix(PATH)
    if request.method != "POST" or not path.startswith(PATH) or method not in {*METHODS, "getquota"}:
        return reply({"code": 404}, 404)
    if not hmac.compare_digest(header(request.headers, "17token"), KEY):
        return _faults(-18010002, "Security key is invalid.", status=401)
    if memory.spend(SOURCE, KEY, LIMITS, now) is not None:
        return HttpReply(429, {"content-type": "text/plain"}, b"Too Many Requests")
    if method == "getquota":
        return _quota(memory)
    items = json_list(request.body)
    if not items or not all(isinstance(item, dict) for item in items):
        return _faults(-18010013, "Submitted data is invalid.")
    if len(items) > MOST_NUMBERS:
        return _faults(-18010014, f"Tracking numbers exceed the {MOST_NUMBERS} limit.")
    answered = [METHODS[method](world, memory, item, now) for item in items]
    return reply(
        {
            "code": 0,
            "data": {
                "accepted": [accepted for accepted, _ in answered if accepted],
                "rejected": [rejected for _, rejected in answered if rejected],
            },
        }
    )


def busy() -> HttpReply:
    return _faults(-18010003, "Internal service error. Please retry later.")


def _faults(code: int, message: str, *, status: int = 200) -> HttpReply:
    return reply({"code": 0, "data": {"errors": [{"code": code, "message": message}]}}, status)


def _quota(memory: Memory) -> HttpReply:
    used = len(memory.subscriptions(SOURCE))
    data = {"quota_total": QUOTA, "quota_used": used, "quota_remain": QUOTA - used, "today_used": 0}
    return reply({"code": 0, "data": {**data, "max_track_daily": 0, "free_email_quota": 0, "free_email_quotaused": 0}})


# --- what is done with each number ---


def _rejected(item: Mapping[str, Any], code: int, message: str) -> Answered:
    return None, {"number": item.get("number"), "error": {"code": code, "message": message}}


def _register(world: World, memory: Memory, item: dict[str, Any], now: datetime) -> Answered:
    """The carrier is guessed where none is named; a wrong one is taken too, and then nothing is ever found."""
    number = str(item.get("number", ""))
    if not (SHORTEST <= len(number) <= LONGEST and number.isalnum()):
        return _rejected(item, -18010012, f"The format of '{number}' is invalid.")
    if number in memory.subscriptions(SOURCE):
        return _rejected(item, -18019901, f"Tracking number {number} is already registered.")
    parcel = world.parcel(number)
    named, true = item.get("carrier"), CARRIERS.get(parcel.carrier) if parcel else None
    if named is None and true is None:
        return _rejected(item, -18019903, "Carrier can not be detected.")
    carrier = int(named) if named is not None else true.key if true else 0
    memory.subscribe(SOURCE, number, Subscribed(now, carrier=str(carrier)))
    taken = {"origin": 2 if named is not None else 1, "number": number, "carrier": carrier}
    return {**taken, "email": None, "tag": item.get("tag"), "lang": None}, None


def _track(world: World, memory: Memory, item: dict[str, Any], now: datetime) -> Answered:
    number = str(item.get("number", ""))
    registered = memory.subscriptions(SOURCE).get(number)
    if registered is None or now >= registered.since + KEPT:
        return _rejected(item, -18019902, f"Tracking number {number} is not registered yet. Register first.")
    if now < registered.since + SYNC:
        return _rejected(item, -18019909, f"No tracking information for {number} at this time.")
    parcel = _known(world, number, registered)
    return entry_of(number, int(registered.carrier), parcel, min(now, _stops_at(parcel, registered))), None


def _known(world: World, number: str, registered: Subscribed) -> Parcel | None:
    """The parcel, where it was registered with the carrier that really moves it."""
    parcel = world.parcel(number)
    carrier = CARRIERS.get(parcel.carrier) if parcel else None
    return parcel if carrier and str(carrier.key) == registered.carrier else None


def _stop(world: World, memory: Memory, item: dict[str, Any], now: datetime) -> Answered:
    """Stopped numbers are forgotten here; the real service keeps them for 90 days."""
    del world, now
    number = str(item.get("number", ""))
    registered = memory.subscriptions(SOURCE).get(number)
    if registered is None:
        return _rejected(item, -18019902, f"Tracking number {number} is not registered yet. Register first.")
    memory.unsubscribe(SOURCE, number)
    return {"number": number, "carrier": int(registered.carrier)}, None


METHODS: Mapping[str, Callable[[World, Memory, dict[str, Any], datetime], Answered]] = MappingProxyType(
    {"register": _register, "gettrackinfo": _track, "stoptrack": _stop}
)


# --- webhooks ---


def pushes(world: World, memory: Memory, since: datetime, now: datetime) -> list[HttpRequest]:
    """The signed calls for what came to light in (since, now], and for what stopped, in the order of numbers."""
    hook = memory.hooks.get(SOURCE)
    if hook is None:
        return []
    bodies = (
        body
        for number, registered in sorted(memory.subscriptions(SOURCE).items())
        for body in _events(world, number, registered, since, now)
    )
    return [_call(hook.url, body) for body in bodies]


def _events(world: World, number: str, registered: Subscribed, since: datetime, now: datetime) -> list[dict[str, Any]]:
    parcel, carrier = _known(world, number, registered), int(registered.carrier)
    stops_at = _stops_at(parcel, registered)
    until = min(now, stops_at)
    events = []
    if parcel and _came_to_light(parcel, registered, since, until):
        events.append({"event": "TRACKING_UPDATED", "data": entry_of(number, carrier, parcel, until)})
    if since < stops_at <= now:
        told = {"number": number, "carrier": carrier, "param": None, "tag": ""}
        events.append({"event": "TRACKING_STOPPED", "data": told})
    return events


def _came_to_light(parcel: Parcel, registered: Subscribed, since: datetime, until: datetime) -> bool:
    """A new line; or the first look at a number that has some already."""
    first_look = registered.since + SYNC
    fresh = any(max(since, first_look) < scan.shown_at <= until for scan in parcel.scans)
    return fresh or (since < first_look <= until and bool(parcel.known(first_look)))


def _stops_at(parcel: Parcel | None, registered: Subscribed) -> datetime:
    """15 days after the last line where that is a delivery, else 30 days after it, or after the registration."""
    at = registered.since + WITHOUT_EVENT
    for scan in parcel.scans if parcel else ():
        if scan.shown_at > at:
            break
        patience = AFTER_DELIVERY if scan.step in DELIVERED else WITHOUT_EVENT
        at = max(scan.shown_at, registered.since) + patience
    return at


def _call(url: str, body: dict[str, Any]) -> HttpRequest:
    raw = json.dumps(body, ensure_ascii=False).encode()
    headers = {"content-type": "application/json", "sign": hashlib.sha256(raw + b"/" + KEY.encode()).hexdigest()}
    return HttpRequest("POST", url, headers, raw)
