"""From a batch to dispatched routes: ask the router, let the referee check, write routes and letters once.

A batch is planned once per depot, day and cut-off. A plan that fails, or that the referee rejects, writes nothing but the
fact that it did; it is tried again at the next tick, MAX_TRIES times, and what waits goes on waiting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from random import Random
from typing import Protocol

from domain.booking import Quote
from domain.errors import MESSAGE_LIMIT
from domain.pickup import WAITING_FOR_ROUTE
from domain.place import Location
from domain.returns import Return, Route, goods_back
from domain.shipment import Order
from domain.words import Words
from scheduler.batching import Batch
from scheduler.day import (
    HELD,
    NO_LOCATION,
    Between,
    Left,
    Visit,
    build_problem,
    left_of,
    nobody_for,
    places,
    routes_of,
    shifts_of,
    straight,
    to_carriers,
)
from scheduler.depots import location_of
from scheduler.holding import HELD as WAITS
from scheduler.holding import PAST, Decide, Question, question_of, recently, spread, told
from scheduler.letters import Link, tell
from scheduler.places.found import is_rough
from scheduler.plan_types import Fleet
from scheduler.referee import Violation, check
from scheduler.router import Plan, Problem, read_problem
from scheduler.travel.straight import Haversine
from scheduler.travel.table import TravelTimes
from store import bookings, facts, intake, mail, pickup_history, pickup_quotes, returns, rosters
from store.base import Db, Store
from store.facts import FactRow

ADAPTER = "scheduler"
MAX_TRIES = 3
MAX_VIOLATIONS = 5  # of a rejected plan that are told: the first ones show what is wrong
CARRIER = "carrier"  # the code of what a carrier's own courier fetches cheaper
BOOKED = "booked"  # a carrier's courier is, or may be, on the way
CURRENCY = "CNY"  # of collectors' prices and routes' costs
MAX_SEED = 2**31


class Solve(Protocol):
    """The router, wherever it runs: the daemon's in a process of its own."""

    async def __call__(self, problem: Problem, *, seed: int) -> Plan: ...


@dataclass(frozen=True, slots=True)
class Dispatched:
    """A batch that was planned. ``written`` False: it had been planned before, and nothing was changed."""

    batch: Batch
    routes: tuple[Route, ...] = ()
    left: tuple[Left, ...] = ()
    travel: str = ""
    written: bool = True
    choices: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)
    bought: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanFailed:
    """A batch without a usable plan, and why; everything stays as it was."""

    batch: Batch
    why: Words


@dataclass(frozen=True, slots=True)
class Planned:
    """An accepted plan, and where its travel times came from."""

    plan: Plan
    travel: str = ""
    note: str = ""
    hold: frozenset[str] = frozenset()
    choices: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Holding:
    """How returns without a slot may wait: for how many days, and who decides."""

    days: int
    decide: Decide


EMPTY = Plan(routes=(), unserved=(), unserved_mandatory=0, cost=0, seconds=0, startup_s=0, engine="")
"""The plan of a day on which nobody can be visited."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What planning a batch needs from the store."""

    visits: tuple[Visit, ...]
    left: tuple[Left, ...]
    today: tuple[Route, ...]
    past: tuple[Location, ...] = ()


async def to_plan(store: Store, batch: Batch) -> Batch | None:
    """A batch as it is asked for now; None where it was planned before, or failed MAX_TRIES times."""
    declined = await store.aread(returns.declined_on, batch.depot.id, batch.day.isoformat())
    batch = replace(batch, again=len(declined))
    return batch if await store.aread(may_plan, batch) else None


async def dispatch_batch(
    store: Store,
    batch: Batch,
    fleet: Fleet,
    *,
    now: datetime,
    solve: Solve,
    link: Link,
    rng: Random,
    travel: TravelTimes | None = None,
    between: Between = straight,
    holding: Holding | None = None,
    carrier_cents: int | None = None,
) -> Dispatched | PlanFailed | None:
    """Plan a batch and dispatch it; None where it was planned before, or failed MAX_TRIES times. ``carrier_cents`` is what a carrier
    takes for fetching a return where no quote says otherwise.
    """
    asked = await to_plan(store, batch)
    if asked is None:
        return None
    batch, day = asked, asked.day.isoformat()
    declined = await store.aread(returns.declined_on, batch.depot.id, day)
    away = await store.aread(rosters.away_on, day)
    fleet = replace(fleet, couriers=tuple(c for c in fleet.couriers if c.id not in declined and c.id not in away))
    seed = rng.randrange(MAX_SEED)
    ready = await store.aread(
        gather, batch, fleet, since=recently(now) if holding else None, now=now, carrier_cents=carrier_cents
    )
    planned = await _plan(batch, ready, fleet, travel or Haversine(), now=now, solve=solve, seed=seed, holding=holding)
    if isinstance(planned, PlanFailed):
        return planned if await store.awrite(note_failure, planned, now=now) else None
    taken = frozenset(route.id for route in ready.today)
    routes = routes_of(planned.plan, batch, ready.visits, fleet, now=now, taken=taken, between=between)
    bought = to_carriers(planned.plan, ready.visits)
    stays = (replace(item, code=CARRIER) if item.ref in bought else item for item in left_of(planned.plan))
    left = (*ready.left, *stays, *(Left(ref, WAITS) for ref in sorted(planned.hold)))
    meant = Dispatched(batch, tuple(routes), left, planned.travel, choices=planned.choices, bought=bought)
    return await store.awrite(write_plan, meant, link=link, now=now, note=planned.note)


def visit_of(value: Return, order: Order, at: Location, cents: int | None = None) -> Visit:
    customer, goods = order.customer, goods_back(value.items, order.items)
    return Visit(value, at, customer.district, cents, rough=is_rough(customer.located), goods=goods)


def carrier_price(value: Return, quote: Quote | None, usual_cents: int | None) -> int | None:
    """What a carrier takes for this return: its quote, else the usual price. A promised slot is kept: there a carrier counts only
    if it quoted a time inside it.
    """
    if value.slot_from is None or value.slot_to is None:
        return usual_cents if quote is None else quote.amount_cents
    inside = quote and any(value.slot_from <= s.start and s.end <= value.slot_to for s in quote.slots)
    return quote.amount_cents if quote and inside else None


def may_plan(db: Db, batch: Batch) -> bool:
    if mail.received_before(db, ADAPTER, batch.depot.id, batch.key) is not None:
        return False
    return mail.received_before(db, ADAPTER, batch.depot.id, _try_key(batch, MAX_TRIES)) is None


def _try_key(batch: Batch, number: int) -> str:
    return f"{batch.key}/failed-{number}"


def gather(
    db: Db,
    batch: Batch,
    fleet: Fleet,
    since: datetime | None = None,
    now: datetime | None = None,
    carrier_cents: int | None = None,
) -> Ready:
    """The visits of a batch, what can't be visited at all, the routes of its day that exist, and where returns came from `since`; with
    carriers' prices as of `now`. What a carrier's courier is booked for already is no visit.
    """
    left = [Left(value.ref, HELD) for value in batch.held]
    refs = [value.ref for value in batch.returns]
    quotes = pickup_quotes.best(db, refs, currency=CURRENCY, now=now) if now else {}
    booked = bookings.in_hand(db, refs)
    visits = []
    for value in batch.returns:
        if value.ref in booked:
            left.append(Left(value.ref, BOOKED))
            continue
        order = intake.find_order(db, value.order_ref)
        location = location_of(order.customer) if order else None
        if order is None or location is None:
            left.append(Left(value.ref, NO_LOCATION))
            continue
        cents = carrier_price(value, quotes.get(value.ref), carrier_cents)
        visit = visit_of(value, order, location, cents)
        if why := nobody_for(visit.district, visit.door, batch, fleet):
            left.append(Left(value.ref, why))
        else:
            visits.append(visit)
    past = pickup_history.places(db, batch.depot.id, since=since) if since else ()
    return Ready(tuple(visits), tuple(left), tuple(returns.routes_of_day(db, batch.day.isoformat())), tuple(past))


async def _plan(
    batch: Batch,
    ready: Ready,
    fleet: Fleet,
    travel: TravelTimes,
    *,
    now: datetime,
    solve: Solve,
    seed: int,
    holding: Holding | None = None,
) -> Planned | PlanFailed:
    """A plan that the referee accepts, or why there is none."""
    if not ready.visits:
        return Planned(EMPTY)
    busy = {route.courier: route.return_at for route in sorted(ready.today, key=lambda r: r.return_at)}
    try:
        doors, past = places(batch, ready.visits), spread(ready.past)
        table = await travel.table([*doors, *past])
        problem = read_problem(build_problem(batch, ready.visits, fleet, table, now=now, busy=busy))
        question = _question(batch, problem, fleet, ready, range(len(doors), len(doors) + len(past)), holding)
        if question is None or holding is None:
            planned = Planned(await solve(problem, seed=seed), table.source, table.note)
        else:
            found = await holding.decide(problem, question, seed=seed)
            planned = Planned(found.plan, table.source, table.note, found.hold, told(found, question))
    except Exception as exc:
        # the router and the table service run elsewhere and fail in any way; one depot's failure is written down, told
        # and tried again, and must not keep the other depots from their day
        words = Words("plan_failed", {"depot": batch.depot.id, "error": f"{type(exc).__name__}: {exc}"[:MESSAGE_LIMIT]})
        return PlanFailed(batch, words)
    violations = check(_dispatched(problem, planned.hold), planned.plan)
    if violations:
        return PlanFailed(batch, rejected(batch.depot.id, violations))
    return planned


def _question(
    batch: Batch, problem: Problem, fleet: Fleet, ready: Ready, past: Sequence[int], holding: Holding | None
) -> Question | None:
    if holding is None:
        return None
    per_day = len(ready.past) / PAST.days
    return question_of(batch, problem, past, per_day=per_day, hold_days=holding.days, shifts=shifts_of(batch, fleet))


def _dispatched(problem: Problem, hold: frozenset[str]) -> Problem:
    """The problem that a plan answers: without what is held."""
    return replace(problem, stops=tuple(stop for stop in problem.stops if stop.id not in hold)) if hold else problem


def rejected(depot: str, violations: Sequence[Violation]) -> Words:
    told = [f"{v.rule}: {v.subject}: {v.text}" for v in violations[:MAX_VIOLATIONS]]
    return Words("plan_rejected", {"depot": depot, "violations": told, "count": len(violations)})


def note_failure(db: Db, failed: PlanFailed, *, now: datetime) -> bool:
    """Write that a plan failed, with its number; False where the last try was used up meanwhile."""
    batch = failed.batch
    for number in range(1, MAX_TRIES + 1):
        if mail.receive(db, ADAPTER, batch.depot.id, _try_key(batch, number), at=now):
            data = {"batch": batch.key, "try": number, "of": MAX_TRIES, "why": failed.why.to_json()}
            facts.append(db, [FactRow("depot", batch.depot.id, failed.why.code, now, data=data)])
            return True
    return False


def write_plan(db: Db, meant: Dispatched, *, link: Link, now: datetime, note: str = "") -> Dispatched:
    """Write routes, letters and what was left, once per batch.

    A return that was cancelled while the router was thinking is struck off its route; the other stops keep their times.
    """
    batch = meant.batch
    if not mail.receive(db, ADAPTER, batch.depot.id, batch.key, at=now):
        return replace(meant, routes=(), left=(), written=False)
    routes = tuple(route for route in (_without_gone(db, r) for r in meant.routes) if route.stops)
    for route in routes:
        returns.dispatch(db, route)
        tell(db, route, link, now=now)
    for item in meant.left:
        returns.note_unserved(db, item.ref, item.code, item.detail)
    data = {
        "batch": batch.key,
        "routes": [route.id for route in routes],
        "stops": sum(len(route.stops) for route in routes),
        "left": {item.ref: item.code for item in meant.left},
        "travel": meant.travel,
        "note": note,
        "carriers": {ref: dict(figures) for ref, figures in meant.bought.items()},
        "choices": {ref: dict(figures) for ref, figures in meant.choices.items()},
    }
    facts.append(db, [FactRow("depot", batch.depot.id, "planned", now, data=data)])
    return replace(meant, routes=routes)


def _without_gone(db: Db, route: Route) -> Route:
    waiting = [s for s in route.stops if (v := returns.find(db, s.return_ref)) and v.status in WAITING_FOR_ROUTE]
    return replace(
        route, stops=tuple(replace(s, id=free_id(db, s.id), position=n) for n, s in enumerate(waiting, start=1))
    )


def free_id(db: Db, stop_id: str) -> str:
    """The same, numbered where a declined route had a stop of that name."""
    names = (stop_id if n == 1 else f"{stop_id}-again-{n - 1}" for n in count(1))
    return next(name for name in names if returns.find_stop(db, name) is None)
