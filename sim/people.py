"""The people around the product: the shop's own system, buyers who ask for returns or dispute a delivery, couriers, the warehouse.

``acts`` is pure: what people do in (since, now], as the HTTP requests that they would send. The same request always
carries the same idempotency key, so that sending it again changes nothing.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from net.http import HttpRequest
from sim.acting import Act, Door, Reads
from sim.couriers import of_couriers
from sim.tales import Tale
from sim.warehouse import of_warehouse
from sim.world import World

HOME = Door()


def acts(world: World, reads: Reads, since: datetime, now: datetime, door: Door = HOME) -> list[HttpRequest]:
    """What everybody does in (since, now], in the order in which they do it.

    Couriers and the warehouse act on what they see: a stop whose time has come and that isn't reported is reported, whenever it
    is asked.
    """
    done = [
        *_of_shop_and_buyers(world, since, now, door),
        *of_couriers(world, reads, now),
        *of_warehouse(world, reads, now, door),
    ]
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
