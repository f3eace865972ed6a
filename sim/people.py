"""The people around the product: the shop's own system, buyers who ask for returns or dispute a delivery, couriers.

``acts`` is pure: what people do in (since, now], as the HTTP requests that they would send. The same request always
carries the same idempotency key, so that sending it again changes nothing.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import urlencode

from domain.returns import ReturnItem, Stop
from net.http import HttpRequest
from sim.tales import Tale
from sim.world import World

LETTERS_BACK = timedelta(days=2)  # a route is driven on the day after its link was sent, at the latest
TOO_LATE = timedelta(hours=12)  # a courier doesn't report a stop of yesterday any more


class Reads(Protocol):
    """What couriers and customers can see of the product: links they were sent, a route's stops, a handover code."""

    def courier_letters(self, since: datetime) -> Sequence[dict[str, Any]]:
        """Payloads of the route messages sent since: ``route``, ``url``, …"""

    def stops(self, route_id: str) -> Sequence[Stop]:
        """The stops of a route in order, as they stand now."""

    def return_code(self, return_ref: str) -> str:
        """The code that the customer of a return gives at the door."""

    def return_items(self, return_ref: str) -> Sequence[ReturnItem]:
        """What the customer of a return hands over."""


class NoReads:
    """Nobody was sent anything yet: only the shop and the buyers act."""

    def courier_letters(self, since: datetime) -> Sequence[dict[str, Any]]:
        del since
        return ()

    def stops(self, route_id: str) -> Sequence[Stop]:
        del route_id
        return ()

    def return_code(self, return_ref: str) -> str:
        del return_ref
        return ""

    def return_items(self, return_ref: str) -> Sequence[ReturnItem]:
        del return_ref
        return ()


@dataclass(frozen=True, slots=True)
class Door:
    """Where the product is reached, and the key of the shop's system."""

    address: str = "http://127.0.0.1:8722"
    key: str = "demo"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody does at ``at``."""

    at: datetime
    name: str
    request: HttpRequest


HOME = Door()


def acts(world: World, reads: Reads, since: datetime, now: datetime, door: Door = HOME) -> list[HttpRequest]:
    """What everybody does in (since, now], in the order in which they do it.

    Couriers act on what they see: a stop whose time has come and that isn't reported is reported, whenever it is asked.
    """
    done = [*_of_shop_and_buyers(world, since, now, door), *_of_couriers(world, reads, now)]
    return [act.request for act in sorted(done, key=lambda act: (act.at, act.name))]


# --- the shop and its buyers ---


def _of_shop_and_buyers(world: World, since: datetime, now: datetime, door: Door) -> Iterator[Act]:
    first = bisect_right(world.agenda, since, key=lambda entry: entry.at)
    last = bisect_right(world.agenda, now, key=lambda entry: entry.at)
    for entry in world.agenda[first:last]:
        yield _posted(door, entry.what, entry.tale.order.ref, entry.at, BODIES[entry.what](entry.tale))


def _posted(door: Door, what: str, key: str, at: datetime, body: dict[str, Any]) -> Act:
    headers = {
        "authorization": f"Bearer {door.key}",
        "idempotency-key": f"{what}:{key}",
        "content-type": "application/json",
    }
    text = json.dumps(body, ensure_ascii=False).encode()
    return Act(at, f"{what}:{key}", HttpRequest("POST", f"{door.address}/api/{what}", headers, text))


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def order_body(tale: Tale) -> dict[str, Any]:
    order, customer = tale.order, tale.order.customer
    return {
        "order": order.ref,
        "items": [item.to_json() for item in order.items],
        "currency": order.currency,
        "customer": customer.name,
        "phone": customer.phone,
        "email": customer.email,
        "address": customer.address,
        "district": customer.district,
        "lat": customer.lat,
        "lon": customer.lon,
        "shop": order.shop,
        "ship_by": _iso(order.ship_by),
        "created_at": _iso(order.created_at),
    }


def shipment_body(tale: Tale) -> dict[str, Any]:
    assert tale.parcel is not None
    parcel = tale.parcel
    return {
        "order": parcel.order_ref,
        "carrier": parcel.carrier,
        "service": parcel.service,
        "number": parcel.number,
        "promised_at": _iso(parcel.promised_at),
        "origin": parcel.origin,
        "destination": parcel.destination,
        "created_at": _iso(parcel.uploaded_at),
    }


def return_body(tale: Tale) -> dict[str, Any]:
    assert tale.wish is not None
    return {
        "order": tale.order.ref,
        "items": [{"sku": sku, "qty": qty} for sku, qty in tale.wish.items],
        "reason": tale.wish.reason,
        "want": tale.wish.want,
        "slot": tale.wish.slot,
        "phone": tale.order.customer.phone,
    }


def dispute_body(tale: Tale) -> dict[str, Any]:
    assert tale.dispute is not None
    assert tale.parcel is not None
    return {
        "number": tale.parcel.number,
        "type": "not_received",
        "text": tale.dispute.text,
        "at": _iso(tale.dispute.at),
    }


BODIES: Mapping[str, Callable[[Tale], dict[str, Any]]] = MappingProxyType(
    {"orders": order_body, "shipments": shipment_body, "returns": return_body, "disputes": dispute_body}
)
"""By the last part of the address."""


# --- couriers ---

FAIL_REASONS: tuple[tuple[str, int], ...] = (
    ("absent", 40), ("not_packed", 25), ("unreachable", 15), ("postponed", 12), ("address_wrong", 8),
)  # fmt: skip
COLLECTS, COLLECTS_PART, FORGETS = 0.86, 0.05, 0.02  # the rest fails
MISTYPES = 0.03  # a wrong code first
EARLY, LATE = timedelta(minutes=-6), timedelta(minutes=14)
ENDED = frozenset({"collected", "partly_collected", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Visit:
    """What will happen at a stop, told by its id alone. ``fails``: the reason, else empty. ``forgets``: no report."""

    arrives_at: datetime
    leaves_at: datetime
    fails: str
    part: bool
    forgets: bool
    mistypes: bool


def visit(world: World, stop: Stop) -> Visit:
    rng = Random(f"{world.seed}/{stop.id}")
    drift = EARLY + (LATE - EARLY) * rng.random()
    chance = rng.random()
    reasons, weights = zip(*FAIL_REASONS, strict=True)
    reason = rng.choices(reasons, weights=weights)[0]
    arrives_at = _second(stop.arrive_at + drift)
    stays = (stop.leave_at - stop.start_at) * rng.uniform(0.6, 1.3)
    return Visit(
        arrives_at=arrives_at,
        leaves_at=_second(max(arrives_at, stop.start_at + min(drift, timedelta())) + stays),
        fails=reason if COLLECTS + COLLECTS_PART <= chance < 1 - FORGETS else "",
        part=COLLECTS <= chance < COLLECTS + COLLECTS_PART,
        forgets=chance >= 1 - FORGETS or not is_driven(world, stop.route_id),
        mistypes=rng.random() < MISTYPES,
    )


def is_driven(world: World, route_id: str) -> bool:
    """Whether a route's courier comes at all."""
    return Random(f"{world.seed}/route/{route_id}").random() >= world.no_shows


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _of_couriers(world: World, reads: Reads, now: datetime) -> Iterator[Act]:
    seen: set[str] = set()
    for letter in reads.courier_letters(now - LETTERS_BACK):
        if letter["route"] in seen:
            continue
        seen.add(letter["route"])
        for stop in reads.stops(letter["route"]):
            yield from _at_stop(world, reads, stop, letter["url"], now)


def _at_stop(world: World, reads: Reads, stop: Stop, url: str, now: datetime) -> Iterator[Act]:
    if stop.status in ENDED or not stop.arrive_at + EARLY <= now <= stop.leave_at + LATE + TOO_LATE:
        return
    told = visit(world, stop)
    if told.forgets or now - told.leaves_at > TOO_LATE:
        return
    if stop.status == "planned" and told.arrives_at <= now:
        yield _reported(url, stop, told.arrives_at, "arrived", {"action": "arrived"})
    if told.leaves_at <= now:
        yield from _ended(reads, stop, url, told)


def _ended(reads: Reads, stop: Stop, url: str, told: Visit) -> Iterator[Act]:
    if told.fails:
        yield _reported(url, stop, told.leaves_at, "failed", {"action": "failed", "reason": told.fails})
        return
    code = reads.return_code(stop.return_ref)
    if told.mistypes:
        wrong = {"action": "collected", "code": _other_code(code)}
        yield _reported(url, stop, told.leaves_at - timedelta(seconds=1), "mistyped", wrong)
    fields: dict[str, Any] = {"action": "collected", "code": code}
    if told.part:
        fields["items"] = _part(reads.return_items(stop.return_ref))
    yield _reported(url, stop, told.leaves_at, "collected", fields)


def _other_code(code: str) -> str:
    return code[:-1] + str((int(code[-1]) + 1) % 10) if code[-1:].isdigit() else "000000"


def _part(items: Sequence[ReturnItem]) -> list[str]:
    """All but one piece of what was to be handed over; where there is only one piece, that one."""
    if not items:
        return []
    first, *rest = items
    left = first.qty - 1 if rest or first.qty > 1 else first.qty
    return [f"{first.sku}:{left}"] * (left > 0) + [f"{item.sku}:{item.qty}" for item in rest]


def _reported(url: str, stop: Stop, at: datetime, what: str, fields: dict[str, Any]) -> Act:
    body = urlencode({**fields, "id": f"{stop.id}:{what}"}, doseq=True).encode()
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8", "accept": "application/json"}
    return Act(at, f"stop:{stop.id}:{what}", HttpRequest("POST", f"{url}/stops/{stop.id}", headers, body))
