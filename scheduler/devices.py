"""On which phone a courier's link is open: the first one that opens it, until somebody lets it go. Facts of the route.

A link is forwarded easily, and what stands behind it are customers' names, doors and phones. Only a digest of the device's own
secret is kept.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from store import facts, mail, returns
from store.base import Db
from store.facts import FactRow

DIGEST = 16  # hex digits
BOUND, REFUSED, RELEASED = "linked", "act_refused", "released"
"""Facts of a route, all of them on the record of what people did."""
CHANNEL = "courier"


class Opened(StrEnum):
    """BOUND: just now, by this opening."""

    MINE = "mine"
    BOUND = "bound"
    OTHER = "other"
    NOBODYS = "nobodys"


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:DIGEST]


def device_of(history: Iterable[FactRow]) -> str:
    """The digest of the device that a route is bound to by its facts; "" where it is free. Pure."""
    device = ""
    for fact in history:
        if fact.event == BOUND:
            device = str(fact.data["device"])
        elif fact.event == RELEASED:
            device = ""
    return device


def stands(db: Db, route_id: str, secret: str) -> Opened:
    """Whose a route is, seen from a device ("" for one without a secret); nothing is written."""
    bound = device_of(facts.history(db, "route", route_id))
    if not bound:
        return Opened.NOBODYS
    return Opened.MINE if secret and digest_of(secret) == bound else Opened.OTHER


def open_on(db: Db, route_id: str, secret: str, *, now: datetime) -> Opened:
    """Bind a route to the device that opens it first."""
    seen = stands(db, route_id, secret)
    route = returns.find_route(db, route_id)
    if seen is not Opened.NOBODYS or route is None:
        return seen
    data = {"device": digest_of(secret)}
    facts.append(db, [FactRow("route", route_id, BOUND, now, route.courier, CHANNEL, data=data)])
    return Opened.BOUND


def refuse(db: Db, route_id: str, secret: str, *, now: datetime) -> None:
    """Put on record that another device asked, once for each device and binding."""
    bound = device_of(facts.history(db, "route", route_id))
    if mail.receive(db, "device", route_id, f"{bound}/{digest_of(secret)}", at=now):
        facts.append(db, [FactRow("route", route_id, REFUSED, now, None, CHANNEL, data={"path": "device"})])


def release(db: Db, route_id: str, *, by: str, channel: str, now: datetime) -> bool:
    """Let a route go: the next device that opens its link gets it. False where none has it."""
    if not device_of(facts.history(db, "route", route_id)):
        return False
    facts.append(db, [FactRow("route", route_id, RELEASED, now, by, channel)])
    return True
