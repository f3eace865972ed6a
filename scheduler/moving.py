"""A dispatcher moves a stop from one of their couriers to another: where it fits, nothing else moves, and the referee agrees."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.errors import MESSAGE_LIMIT
from domain.returns import Stop
from domain.words import Words
from scheduler.changes import Replanned, Ways, write
from scheduler.day_now import gather
from scheduler.plan_types import Fleet, Refused
from scheduler.referee import check
from scheduler.router import Plan, Unserved, read_problem
from scheduler.under_way import Running, points, question
from store import returns
from store.base import Store


@dataclass(frozen=True, slots=True)
class Move:
    """A stop, and the courier who is to drive there."""

    stop: Stop
    courier: str


async def move(store: Store, wanted: Move, fleet: Fleet, *, ways: Ways, now: datetime) -> Replanned | Refused:
    """Move a stop, or say why not: it has been started, its promise or another can't be kept, the day has moved on."""
    route = await store.aread(returns.find_route, wanted.stop.route_id)
    depot = fleet.depot(route.depot) if route else None
    day = await store.aread(gather, depot, fleet, (), carrier_cents=None, now=now) if depot else None
    if depot is None or day is None or wanted.stop.id not in {stop.id for stop in day.open.values()}:
        return _no("move_too_late", wanted)
    if route is not None and wanted.courier == route.courier:
        return _no("move_same", wanted)
    try:
        plan = await _planned(day, wanted, fleet, ways, now)
    except Exception as exc:
        # the solver and the table service run elsewhere and fail in any way: the plan stays
        return Refused(
            Words("plan_failed", {"depot": depot.id, "error": f"{type(exc).__name__}: {exc}"[:MESSAGE_LIMIT]})
        )
    if isinstance(plan, Unserved):
        return _no("move_no_room", wanted, left=plan.id, detail=plan.reason)
    done = await store.awrite(write, day, plan, fleet, (f"moved/{wanted.stop.id}",), ways=ways, now=now)
    return done or _no("move_again", wanted)


async def _planned(day: Running, wanted: Move, fleet: Fleet, ways: Ways, now: datetime) -> Plan | Unserved:
    """The day with that one stop moved, or the first stop that loses its place by it."""
    asked = question(day, fleet, await ways.travel.table(points(day)), now=now)
    ref = wanted.stop.return_ref
    orders = {name: [one for one in order if one != ref] for name, order in asked.orders.items()}
    raw = {**asked.problem, "stops": [_bound(stop, asked.orders, wanted) for stop in asked.problem["stops"]]}
    problem, plan = await ways.mend(read_problem(raw), orders=orders, later_s=0, seed=0)
    if broken := check(problem, plan):
        return Unserved(ref, "no_way", f"{broken[0].rule}: {broken[0].text}")
    lost = [left for left in plan.unserved if left.id in day.visits]
    return next((left for left in lost if left.id == ref), lost[0]) if lost else plan


def _bound(stop: dict[str, Any], orders: Mapping[str, list[str]], wanted: Move) -> dict[str, Any]:
    """The stop goes to that courier, if it may at all; every other one stays with its own."""
    if stop["id"] == wanted.stop.return_ref:
        may = stop["allowed"] is None or wanted.courier in stop["allowed"]
        return {**stop, "allowed": [wanted.courier] if may else []}
    own = next((name for name, order in orders.items() if stop["id"] in order), None)
    return {**stop, "allowed": [own]} if own else stop


def _no(code: str, wanted: Move, **params: Any) -> Refused:
    return Refused(Words(code, {"stop": wanted.stop.return_ref, "courier": wanted.courier, **params}))
