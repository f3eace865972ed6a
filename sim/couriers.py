"""Couriers, simulated: when they come to a stop, what they report of it, and which routes nobody drives."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import urlencode

from domain.returns import Stop
from net.http import HttpRequest
from sim.acting import Act, Reads
from sim.goods import handed
from sim.world import World

LETTERS_BACK = timedelta(days=2)  # a route is driven on the day after its link was sent, at the latest
TOO_LATE = timedelta(hours=12)  # a courier doesn't report a stop of yesterday any more

FAIL_REASONS: tuple[tuple[str, int], ...] = (
    ("absent", 40), ("not_packed", 25), ("unreachable", 15), ("postponed", 12), ("address_wrong", 8),
)  # fmt: skip
COLLECTS, COLLECTS_PART, FORGETS = 0.86, 0.05, 0.02  # the rest fails
MISTYPES = 0.03  # a wrong code first
EARLY, LATE = timedelta(minutes=-6), timedelta(minutes=14)
ENDED = frozenset({"collected", "partly_collected", "failed", "cancelled", "unplanned"})


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


def of_couriers(world: World, reads: Reads, now: datetime) -> Iterator[Act]:
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
        items = tuple((item.sku, item.qty) for item in reads.return_items(stop.return_ref))
        fields["items"] = [f"{sku}:{qty}" for sku, qty in handed(items, part=True)]
    yield _reported(url, stop, told.leaves_at, "collected", fields)


def _other_code(code: str) -> str:
    return code[:-1] + str((int(code[-1]) + 1) % 10) if code[-1:].isdigit() else "000000"


def _reported(url: str, stop: Stop, at: datetime, what: str, fields: dict[str, Any]) -> Act:
    body = urlencode({**fields, "id": f"{stop.id}:{what}"}, doseq=True).encode()
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8", "accept": "application/json"}
    return Act(at, f"stop:{stop.id}:{what}", HttpRequest("POST", f"{url}/stops/{stop.id}", headers, body))
