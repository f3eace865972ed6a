"""What the tests of the simulation share: asking the carriers of a world and picking parcels out of it."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

from domain.shipment import Order
from net.http import HttpReply, HttpRequest
from sim.carriers import answer
from sim.goods import goods_of
from sim.tales import Parcel, Tale
from sim.wire import Memory
from sim.world import World

SHANGHAI = timezone(timedelta(hours=8))
START = datetime(2026, 11, 1, tzinfo=SHANGHAI)
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


class Caller:
    """Asks the carriers of a world at given times and decodes what they say."""

    def __init__(self, world: World, memory: Memory) -> None:
        self.world, self.memory = world, memory

    def send(self, request: HttpRequest, now: datetime) -> HttpReply:
        reply = answer(self.world, self.memory, request, now)
        assert reply is not None
        return reply

    def post(self, path: str, fields: dict[str, str], now: datetime) -> dict[str, object]:
        reply = self.send(HttpRequest("POST", f"http://sim{path}", FORM, urlencode(fields).encode()), now)
        return {"http": reply.status, **json.loads(reply.body)}

    def ask(
        self, method: str, path: str, now: datetime, headers: dict[str, str], body: object = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Send JSON, or nothing; give status, decoded body and headers."""
        raw = b"" if body is None else json.dumps(body).encode()
        sent = {"content-type": "application/json", **headers}
        reply = self.send(HttpRequest(method, f"http://sim{path}", sent, raw), now)
        return reply.status, json.loads(reply.body) if reply.body.startswith((b"{", b"[")) else None, reply.headers


def a_return(world: World, *, lost: bool = False, look: str = "ok") -> tuple[str, Order]:
    """A return's number to which this happens after the door, and the order of somebody who asks for one."""
    found = (f"R{n}" for n in range(1_000) if (told := goods_of(world, f"R{n}")).lost is lost and told.look == look)
    return next(found), next(tale.order for tale in world.tales if tale.wish and len(tale.wish.items) > 1)


def late(parcel: Parcel) -> datetime:
    """When everything of a parcel has come to light."""
    return max(scan.shown_at for scan in parcel.scans) + timedelta(hours=2)


def of(world: World, source: str) -> list[Parcel]:
    """All parcels of a source."""
    return [tale.parcel for tale in world.tales if tale.parcel and tale.parcel.source == source]


def some(world: World, source: str, plot: str = "plain") -> tuple[Tale, Parcel]:
    """The first tale of a source and plot that has a parcel."""
    for tale in world.tales:
        if tale.parcel and tale.parcel.source == source and tale.truth.plot == plot:
            return tale, tale.parcel
    raise LookupError(f"{source}/{plot}")
