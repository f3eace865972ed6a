"""The warehouse's people, simulated: they scan what couriers bring and say how it is. What got lost on the way they never see.

They act on what lies there: goods whose time has come are scanned, or looked at, whenever they are asked, under the same keys.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.returns import Stop
from net.http import HttpRequest
from sim.acting import Act, Door, Reads
from sim.couriers import visit
from sim.goods import Goods, Pieces, goods_of, handed, looked
from sim.world import World

NAME = "simulated warehouse"
"""Under this name they are on record."""
BROUGHT = frozenset({"collected", "partly_collected"})
GOODS_BACK = timedelta(days=4)  # all that isn't lost was scanned and looked at by then


def key_of(shop: str) -> str:
    """The key of the warehouse's own system, beside the shop's."""
    return f"{shop}-warehouse"


def of_warehouse(world: World, reads: Reads, now: datetime, door: Door) -> Iterator[Act]:
    decided = reads.checkins()
    routes = dict.fromkeys(letter["route"] for letter in reads.courier_letters(now - GOODS_BACK))
    for route in routes:
        for stop in reads.stops(route):
            if stop.status in BROUGHT and not decided.get(stop.return_ref):
                yield from _with_goods(world, reads, stop, decided, now, door)


def _with_goods(
    world: World, reads: Reads, stop: Stop, decided: Mapping[str, bool], now: datetime, door: Door
) -> Iterator[Act]:
    told, ref, there = goods_of(world, stop.return_ref), stop.return_ref, visit(world, stop)
    scanned_at = there.leaves_at + told.scanned_after
    looked_at = scanned_at + told.looked_at_after
    if told.lost or scanned_at > now:
        return
    if ref not in decided:
        yield _posted(door, f"{ref}:in", scanned_at, {"code": ref})
    if looked_at <= now:
        items = tuple((item.sku, item.qty) for item in reads.return_items(ref))
        came = handed(items, part=stop.status == "partly_collected")
        yield from _look(door, ref, looked_at, told, came)


def _look(door: Door, ref: str, at: datetime, told: Goods, came: Pieces) -> Iterator[Act]:
    yield _posted(door, f"{ref}:looked", at, {"code": ref, "items": _as_json(looked(told, came))})
    if told.again:
        other = _as_json([(sku, "ok", qty) for sku, qty in came])
        yield _posted(door, f"{ref}:looked-again", at + timedelta(seconds=1), {"code": ref, "items": other})


def _as_json(found: Sequence[tuple[str, str, int]]) -> list[dict[str, Any]]:
    return [{"sku": sku, "look": look, "qty": good} for sku, look, good in found]


def _posted(door: Door, key: str, at: datetime, body: dict[str, Any]) -> Act:
    headers = {
        "authorization": f"Bearer {key_of(door.key)}",
        "idempotency-key": f"checkins:{key}",
        "content-type": "application/json",
    }
    text = json.dumps(body, ensure_ascii=False).encode()
    return Act(at, f"checkins:{key}", HttpRequest("POST", f"{door.address}/api/checkins", headers, text))
