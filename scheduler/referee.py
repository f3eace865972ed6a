"""The independent referee: replays a plan against every rule of the routing format, and recomputes what it claims.

It shares no code with the router but the value types: it goes through a finished plan, the router builds one, so that an
error in the router's arithmetic can't hide behind the same error here. What is locked with a `leave_s` is history: it is costed,
and only its order and its `leave_s` are compared. A courier who gets nothing after the history isn't held to shift and longest
route, because nobody could change that any more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from scheduler.router.plan import CODES, BreakTaken, Plan, Route, Visit
from scheduler.router.problem import Break, Courier, Locked, Problem, Stop

TOLERANCE = 1e-6  # of a cost, relative: sums of decimals differ in their last digits with the order of adding


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule. `subject` is a courier, a stop or `plan`."""

    rule: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Leg:
    """From one moment to the next: the places driven over in order, what is spent at them, and how many are history."""

    places: tuple[int, ...]
    spent_s: int
    leave_s: int
    arrive_s: int
    start_s: int
    past: bool


@dataclass(frozen=True, slots=True)
class Replay:
    """A route with everything that it names looked up."""

    problem: Problem
    who: Courier
    route: Route
    stops: tuple[Stop, ...]
    history: int  # how many of the first stops are history

    @property
    def now(self) -> int:
        return self.route.depart_s if self.problem.now is None else self.problem.now


def check(problem: Problem, plan: Plan) -> list[Violation]:
    """Every rule that the plan breaks; empty for a plan that can be driven and costs what it says."""
    found = list(_names(problem, plan))
    if found:
        return found  # what is unknown or doubled can't be replayed
    replays = [_replay(problem, route) for route in plan.routes]
    for replay in replays:
        for rule in RULES:
            found += rule(replay)
    return [*found, *_locked(problem, plan), *_totals(problem, plan, replays)]


def _names(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """Every route is a known courier's, each at most once; every stop is in exactly one route or among the unserved."""
    stops, couriers = {stop.id for stop in problem.stops}, {courier.id for courier in problem.couriers}
    seen: set[str] = set()
    for route in plan.routes:
        if route.courier not in couriers:
            yield Violation("unknown", route.courier, "no such courier")
        if route.courier in seen:
            yield Violation("doubled", route.courier, "has two routes")
        seen.add(route.courier)
    ids = [visit.id for route in plan.routes for visit in route.stops] + [stop.id for stop in plan.unserved]
    yield from (Violation("unknown", name, "no such stop") for name in sorted(set(ids) - stops))
    yield from (Violation("missing", name, "neither in a route nor unserved") for name in sorted(stops - set(ids)))
    yield from (Violation("doubled", name, "is there twice") for name in sorted(set(ids)) if ids.count(name) > 1)
    for left in plan.unserved:
        if left.code not in CODES:
            yield Violation("code", left.id, f"unknown code {left.code!r}")
    for route in plan.routes:
        served = {visit.id for visit in route.stops}
        for reload in route.reloads:
            if reload.after is not None and reload.after not in served:
                yield Violation("reload", route.courier, f"a reload after {reload.after!r}, which is not in the route")


def _replay(problem: Problem, route: Route) -> Replay:
    by_id = {stop.id: stop for stop in problem.stops}
    who = next(courier for courier in problem.couriers if courier.id == route.courier)
    past = sum(lock.leave_s is not None for lock in problem.locked.get(who.id, ()))
    return Replay(problem, who, route, tuple(by_id[visit.id] for visit in route.stops), min(past, len(route.stops)))


def _legs(replay: Replay) -> list[Leg]:
    """Every leg of the route with the reloads on it, the last one to the end."""
    who, route = replay.who, replay.route
    legs: list[Leg] = []
    place, leave, after = who.start, route.depart_s, None
    for k, (visit, stop) in enumerate(zip(route.stops, replay.stops, strict=True)):
        over = _over(route, after)
        path = _path(place, over, stop.at)
        legs.append(Leg(path, len(over) * who.reload_s, leave, visit.arrive_s, visit.start_s, k < replay.history))
        place, leave, after = stop.at, visit.leave_s, visit.id
    over = _over(route, after)
    path = _path(place, over, who.end)
    past = bool(route.stops) and len(route.stops) == replay.history
    return [*legs, Leg(path, len(over) * who.reload_s, leave, route.return_s, route.return_s, past)]


def _over(route: Route, after: str | None) -> tuple[int, ...]:
    return tuple(reload.at for reload in route.reloads if reload.after == after)


def _path(before: int | None, over: Sequence[int], to: int | None) -> tuple[int, ...]:
    return tuple(place for place in (before, *over, to) if place is not None)


def _ways(replay: Replay) -> Iterator[Violation]:
    """There is a way on every leg that is not history."""
    problem = replay.problem
    for leg in _legs(replay):
        for a, b in pairwise(leg.places):
            if not leg.past and (problem.matrix_s[a][b] is None or problem.matrix_m[a][b] is None):
                yield Violation("no_way", replay.who.id, f"no way from place {a} to place {b}")


def _driven(replay: Replay, leg: Leg) -> tuple[int, int]:
    """Seconds and metres of a leg; one without a way was driven in history, and nothing is known of it."""
    seconds = metres = 0
    for a, b in pairwise(leg.places):
        s, m = replay.problem.matrix_s[a][b], replay.problem.matrix_m[a][b]
        if s is not None and m is not None:
            seconds, metres = seconds + s, metres + m
    return seconds, metres


def _driving_time(replay: Replay) -> Iterator[Violation]:
    """Nobody arrives before driving, reloading and the breaks on the way are done, nor departs before `now` after history."""
    for k, leg in enumerate(_legs(replay)):
        if leg.past:
            continue
        leave = leg.leave_s
        if k == replay.history > 0 and (leg.places[1:] or k < len(replay.stops)):
            leave = max(leave, replay.now)
        pauses = [p for p in replay.route.breaks if leg.leave_s <= p.start_s and p.end_s <= leg.arrive_s]
        least = leave + _driven(replay, leg)[0] + leg.spent_s + sum(p.end_s - p.start_s for p in pauses)
        if leg.arrive_s < least:
            yield Violation("drive", replay.who.id, f"arrival of leg {k} at {leg.arrive_s} is before {least}")
        if leg.start_s < leg.arrive_s:
            yield Violation("start", replay.who.id, f"start of stop {k} at {leg.start_s} is before the arrival")


def _first_departure(replay: Replay) -> Iterator[Violation]:
    """History began early enough to be driven; its own times are not checked."""
    if replay.history:
        leg, first = _legs(replay)[0], replay.stops[0]
        begun = replay.route.stops[0].leave_s - first.setup_s - first.service_s
        if replay.route.depart_s + _driven(replay, leg)[0] > begun:
            yield Violation("depart", replay.who.id, "departs too late for the first stop of its history")


def _setup(replay: Replay, k: int) -> int:
    """Set-up is paid where the stop before is at another place, or is a reload, or is the depot."""
    stop = replay.stops[k]
    if k > 0 and replay.stops[k - 1].at == stop.at and not _over(replay.route, replay.stops[k - 1].id):
        return 0
    return stop.setup_s


def _service(replay: Replay) -> Iterator[Violation]:
    """Leaving is start, set-up and service."""
    for k, visit in enumerate(replay.route.stops[replay.history :], replay.history):
        leave = visit.start_s + _setup(replay, k) + replay.stops[k].service_s
        if visit.leave_s != leave:
            yield Violation("service", visit.id, f"leaves at {visit.leave_s}, not at {leave}")


def _windows(replay: Replay) -> Iterator[Violation]:
    """Service starts within a window, or after the last where lateness has a price."""
    for visit, stop in _coming(replay):
        late = stop.late_per_s is not None and bool(stop.windows) and visit.start_s > max(b for _, b in stop.windows)
        if stop.windows and not late and not any(a <= visit.start_s <= b for a, b in stop.windows):
            yield Violation("window", stop.id, f"starts at {visit.start_s}, outside every window")


def _coming(replay: Replay) -> Iterator[tuple[Visit, Stop]]:
    pairs = list(zip(replay.route.stops, replay.stops, strict=True))
    return iter(pairs[replay.history :])


def _allowed(replay: Replay) -> Iterator[Violation]:
    """Only an allowed courier serves the stop."""
    for visit, stop in _coming(replay):
        if stop.allowed is not None and replay.who.id not in stop.allowed:
            yield Violation("not_allowed", visit.id, f"{replay.who.id} is not allowed to serve it")


def _shift(replay: Replay) -> Iterator[Violation]:
    """The route lies inside the shift and is no longer than the longest route."""
    who, route = replay.who, replay.route
    if replay.history and replay.history == len(route.stops):
        return
    if not replay.history and route.depart_s < who.shift[0]:
        yield Violation("shift", who.id, f"departs at {route.depart_s}, before the shift")
    if route.return_s > who.shift[1]:
        yield Violation("shift", who.id, f"returns at {route.return_s}, after the shift")
    if who.max_route_s is not None and route.return_s - route.depart_s > who.max_route_s:
        yield Violation("max_route", who.id, f"takes {route.return_s - route.depart_s} of {who.max_route_s}")


def _not_before_now(replay: Replay) -> Iterator[Violation]:
    """Nothing but history departs or starts before `now`."""
    now = replay.problem.now
    if now is None:
        return
    if not replay.history and replay.route.depart_s < now:
        yield Violation("now", replay.who.id, f"departs at {replay.route.depart_s}, before now")
    for visit, _ in _coming(replay):
        if visit.start_s < now:
            yield Violation("now", visit.id, f"starts at {visit.start_s}, before now")
    for pause in replay.route.breaks:
        if pause.start_s < now:
            yield Violation("now", replay.who.id, f"a break starts at {pause.start_s}, before now")


def _capacity(replay: Replay) -> Iterator[Violation]:
    """No load is above the capacity after any stop that is still to come; a reload empties the vehicle."""
    load = [0] * len(replay.problem.loads)
    for k, stop in enumerate(replay.stops):
        if _over(replay.route, None if k == 0 else replay.stops[k - 1].id):
            load = [0] * len(load)
        load = [a + b for a, b in zip(load, stop.load, strict=True)]
        if k >= replay.history and any(a > b for a, b in zip(load, replay.who.capacity, strict=True)):
            yield Violation("capacity", stop.id, f"load {load} on a vehicle for {list(replay.who.capacity)}")


def _reload_places(replay: Replay) -> Iterator[Violation]:
    """Only the courier's own places reload the vehicle."""
    for reload in replay.route.reloads:
        if reload.at not in replay.who.reload_at:
            yield Violation("reload", replay.who.id, f"reloads at place {reload.at}, which is not among its own")


def _breaks(replay: Replay) -> Iterator[Violation]:
    """Each break is one of the courier's, inside the route, apart from service and from other breaks; every due one is there."""
    route, who = replay.route, replay.who
    for pause in route.breaks:
        if pause.start_s < route.depart_s or pause.end_s > route.return_s:
            yield Violation("break", who.id, f"the break at {pause.start_s} is outside the route")
        for visit in route.stops:
            if pause.start_s < visit.leave_s and visit.start_s < pause.end_s:
                yield Violation("break", visit.id, f"the break at {pause.start_s} is during service")
            if pause.start_s < visit.arrive_s < pause.end_s:
                yield Violation("break", visit.id, f"arrives during the break at {pause.start_s}")
    for a, b in pairwise(sorted(route.breaks, key=lambda pause: (pause.start_s, pause.end_s))):
        if b.start_s < a.end_s:
            yield Violation("break", who.id, f"the breaks at {a.start_s} and {b.start_s} overlap")
    due = [pause for pause in who.breaks if _due(replay, pause)]
    if not _matched(route.breaks, due, who.breaks):
        yield Violation("break", who.id, f"takes {len(route.breaks)} breaks that don't cover the {len(due)} due ones")


def _due(replay: Replay, pause: Break) -> bool:
    """Due on a route that spans all of `between`, unless that was over with the history or before now."""
    begin, end = pause.between
    route = replay.route
    if replay.history:
        left = route.stops[replay.history - 1].leave_s
        home = replay.history == len(route.stops)
        if end <= left or end < replay.now or home:
            return False
    return route.depart_s <= begin and route.return_s >= end


def _matched(taken: Sequence[BreakTaken], due: Sequence[Break], every: Sequence[Break]) -> bool:
    """Can each taken break be a different one of the courier's, so that all due ones are among them?"""
    if not taken:
        return not due
    first, rest = taken[0], taken[1:]
    for k, pause in enumerate(every):
        fits = pause.between[0] <= first.start_s <= pause.between[1] and first.end_s - first.start_s == pause.for_s
        if fits:
            left = list(due)
            if pause in left:
                left.remove(pause)
            if _matched(rest, left, [*every[:k], *every[k + 1 :]]):
                return True
    return False


def _figures(replay: Replay) -> Iterator[Violation]:
    """Driving, work, distance and cost are what the route says."""
    route = replay.route
    driven = [_driven(replay, leg) for leg in _legs(replay)]
    true = {
        "drive_s": sum(seconds for seconds, _ in driven),
        "work_s": route.return_s - route.depart_s,
        "distance_m": sum(metres for _, metres in driven),
        "cost": _cost(replay),
    }
    for name, value in true.items():
        if _differ(getattr(route, name), value):
            yield Violation(name, replay.who.id, f"says {getattr(route, name)}, is {value}")


def _cost(replay: Replay) -> float:
    tariff, route = replay.who.cost, replay.route
    driven = [_driven(replay, leg) for leg in _legs(replay)]
    late = sum(_late(stop, visit) for visit, stop in zip(route.stops, replay.stops, strict=True))
    return (
        (tariff.fixed if route.stops else 0)
        + tariff.per_stop * len(route.stops)
        + tariff.per_drive_s * sum(seconds for seconds, _ in driven)
        + tariff.per_m * sum(metres for _, metres in driven)
        + tariff.per_work_s * (route.return_s - route.depart_s)
        + late
    )


def _late(stop: Stop, visit: Visit) -> float:
    if stop.late_per_s is None or not stop.windows:
        return 0
    return stop.late_per_s * max(0, visit.start_s - max(b for _, b in stop.windows))


def _locked(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """What is locked comes first in its order; history all of it with its times, the rest where it is served at all."""
    unserved = {left.id for left in plan.unserved}
    routes = {route.courier: route for route in plan.routes}
    for courier, chain in problem.locked.items():
        visits = routes[courier].stops if courier in routes else ()
        kept = [lock for lock in chain if lock.leave_s is not None or lock.id not in unserved]
        if [visit.id for visit in visits[: len(kept)]] != [lock.id for lock in kept]:
            yield Violation("locked", courier, "its route doesn't begin with what is locked to it, in that order")
        else:
            yield from _left_as_said(courier, kept, visits)


def _left_as_said(courier: str, kept: Sequence[Locked], visits: Sequence[Visit]) -> Iterator[Violation]:
    for lock, visit in zip(kept, visits, strict=False):
        if lock.leave_s is not None and lock.leave_s != visit.leave_s:
            yield Violation("locked", courier, f"{lock.id} was left at {lock.leave_s}, not at {visit.leave_s}")


def _totals(problem: Problem, plan: Plan, replays: Sequence[Replay]) -> Iterator[Violation]:
    """The plan's own sums: what stays though it must be served, and the cost of routes and prices."""
    stops = {stop.id: stop for stop in problem.stops}
    prices = [stops[left.id].price for left in plan.unserved]
    mandatory = sum(price is None for price in prices)
    if mandatory != plan.unserved_mandatory:
        yield Violation("unserved_mandatory", "plan", f"says {plan.unserved_mandatory}, is {mandatory}")
    cost = sum(_cost(replay) for replay in replays) + sum(price or 0 for price in prices)
    if _differ(plan.cost, cost):
        yield Violation("cost", "plan", f"says {plan.cost}, is {cost}")
    for left in plan.unserved:
        if left.code == "price" and stops[left.id].price is None:
            yield Violation("code", left.id, "has the code price, but must be served")


def _differ(said: float, true: float) -> bool:
    return abs(said - true) > TOLERANCE * max(1.0, abs(true))


RULES = (
    _ways,
    _driving_time,
    _first_departure,
    _service,
    _windows,
    _allowed,
    _shift,
    _not_before_now,
    _capacity,
    _reload_places,
    _breaks,
    _figures,
)
