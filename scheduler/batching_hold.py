"""Dispatch now or hold: which open requests ride with the routes that leave now, and which wait for company.

Some requests must go now; a route that takes them passes others, and what it doesn't pass may share a route with what is still to
come. So the future is sampled, many times, and each sample planned in a hurry: what goes with a must-go nearly always is dispatched,
what nearly always goes later is held, and the rest is asked again with those settled (iterative conditional dispatch: Lan et al. 2024, "An
iterative sample scenario approach for the dynamic dispatch waves problem"). No route leaves without a must-go: it can leave later as well.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from time import perf_counter

from domain.errors import RuleError
from scheduler.router.day import Day, lay_out
from scheduler.router.engine import PlanRejected, solve
from scheduler.router.futures import Futures, futures_of
from scheduler.router.plan import Plan, Route
from scheduler.router.problem import Courier, Limit, Problem, Seconds, Stop
from scheduler.router.reading import check_ids
from scheduler.router.repair import cheapest
from scheduler.router.state import Costs, Frame, State, frame_of

Sample = Callable[[Random], list[Stop]]
Clock = Callable[[], float]

ROUNDS = 3  # of asking, each with what the ones before settled
SHARE = 0.6  # of the time is spent on futures, the rest on the plan
DISPATCH_FROM = (0.8, 0.5, 0.15)  # of the futures in which a request goes now, by round: dispatched
HOLD_FROM = (0.98, 0.95, 0.85)  # of the futures in which it goes later: held
STEPS_A_STOP = 40  # of the kernel, for each stop of a future
LEAST_FUTURES = 3
MOST_FUTURES = 60
FUTURES_BY_STEPS = 8  # a round, where the limit counts steps and no clock is read
MONEY_SHARE = 0.05  # of what is left of the time, for the sums
MAX_SEED = 2**31


@dataclass(frozen=True, slots=True)
class Money:
    """What a request adds in the problem's money: `now` to the routes that leave now (None: they can't take it, or nobody counted),
    `later` on average of the sampled futures in which it went later (None: in none). `waits` is the share of futures in which it did.
    """

    now: float | None
    later: float | None
    waits: float


@dataclass(frozen=True, slots=True)
class Decision:
    """`dispatch` goes now by `plan`, which is a plan of the problem without `hold`. `money` says what each open request costs either way."""

    dispatch: frozenset[str]
    hold: frozenset[str]
    plan: Plan
    money: Mapping[str, Money] = field(default_factory=dict)
    futures: int = 0


@dataclass(slots=True)
class Votes:
    """`later` is how often each request went later in this round of `count` futures, `costs` what it added in all of those;
    `waits` is the share that settled it, and `futures` how many were planned.
    """

    later: dict[str, int] = field(default_factory=dict)
    costs: dict[str, list[float]] = field(default_factory=dict)
    waits: dict[str, float] = field(default_factory=dict)
    count: int = 0
    futures: int = 0


def dispatch_or_hold(
    problem: Problem,
    *,
    must_go: Collection[str],
    now_s: int,
    epoch_s: int,
    epochs_left: int,
    sample_future: Sample | None,
    seed: int,
    limit: Limit,
    later: Sequence[Courier] | None = None,
    clock: Clock = perf_counter,
) -> Decision:
    """Decide for every stop of `problem`, which are the open requests.

    The next decision is at `now_s + epoch_s`, and `epochs_left` decisions follow this one: with none, everything goes that can. `sample_future`
    gives requests that may come until then, or later, whose places the matrix knows; without it, what is open stands for what comes. `later`
    are the couriers of the next decision, with their shifts (by default today's, leaving `epoch_s` later). Locked
    stops, and those that nobody could serve later, go now too. Raises RuleError where an id is unknown or doubled.
    """
    check_ids(problem)
    unknown = sorted(set(must_go) - {stop.id for stop in problem.stops})
    if unknown:
        raise RuleError(f"must_go: no stop has the id {unknown[0]!r}; name stops of the problem")
    locked = {lock.id for chain in problem.locked.values() for lock in chain}
    look = futures_of(problem, now_s=now_s, epoch_s=epoch_s, locked=locked, later=later)
    must = {*must_go, *locked, *(stop.id for stop in problem.stops if epochs_left <= 0 or not look.can_wait(stop))}
    look.warm()
    started = clock()
    votes = Votes()
    go, wait = set(must), set[str]()
    rng = Random(seed)
    if must and len(must) < len(problem.stops):
        for turn in range(ROUNDS):
            _ask(look, problem, go, wait, sample_future, rng, votes, _until(limit, started, turn), clock)
            _settle(votes, go, wait, turn)
    return _decided(problem, go, must, votes, seed, _rest(limit, clock() - started), clock)


def _until(limit: Limit, started: float, turn: int) -> float | None:
    """The moment at which a round of futures ends; None where steps are counted."""
    return started + SHARE * limit.seconds * (turn + 1) / ROUNDS if isinstance(limit, Seconds) else None


def _rest(limit: Limit, spent: float) -> Limit:
    return Seconds(max(0.0, limit.seconds - spent)) if isinstance(limit, Seconds) else limit


# --- futures -------------------------------------------------------------------------------------------------------


def _ask(
    look: Futures,
    problem: Problem,
    go: set[str],
    wait: set[str],
    sample: Sample | None,
    rng: Random,
    votes: Votes,
    until: float | None,
    clock: Clock,
) -> None:
    """One round: futures are sampled and planned until the time is up."""
    votes.later, votes.count = {}, 0
    undecided = [stop.id for stop in problem.stops if stop.id not in go and stop.id not in wait]
    if not undecided:
        return
    open_ = [look.allowed(stop, now=stop.id not in wait, later=stop.id not in go) for stop in problem.stops]
    most = FUTURES_BY_STEPS if until is None else MOST_FUTURES
    for k in range(most):
        if until is not None and k >= LEAST_FUTURES and clock() >= until:
            break
        coming = _coming(look, problem, sample, rng)
        stops = [*open_, *coming]
        routes = look.plan(stops, rng.randrange(MAX_SEED), STEPS_A_STOP * len(stops))
        _count(look, routes, go, {stop.id: stop for stop in stops}, votes, undecided)


def _coming(look: Futures, problem: Problem, sample: Sample | None, rng: Random) -> list[Stop]:
    """Requests that may come, under names of their own, as far as somebody could serve them later."""
    drawn = sample(rng) if sample is not None else _like_today(problem, rng)
    named = (replace(stop, id=f"future/{n}", price=None) for n, stop in enumerate(drawn))
    return [look.allowed(stop, now=False, later=True) for stop in named if look.can_wait(stop)]


def _like_today(problem: Problem, rng: Random) -> list[Stop]:
    """Without a sample of the future, half as many as are open, drawn from these."""
    return [rng.choice(problem.stops) for _ in range(len(problem.stops) // 2)]


def _count(
    look: Futures,
    routes: Iterable[tuple[bool, tuple[str, ...]]],
    go: set[str],
    stops: Mapping[str, Stop],
    votes: Votes,
    undecided: Sequence[str],
) -> None:
    """A request goes now where its route does and takes somebody along who must."""
    now = set[str]()
    for later, order in routes:
        leaves = not later and not go.isdisjoint(order)
        if leaves:
            now.update(order)
        else:
            for k, name in enumerate(order):
                votes.costs.setdefault(name, []).append(look.detour(order, k, stops))
    votes.count += 1
    votes.futures += 1
    for name in undecided:
        votes.later[name] = votes.later.get(name, 0) + (name not in now)


def _settle(votes: Votes, go: set[str], wait: set[str], turn: int) -> None:
    for name, count in votes.later.items():
        share = votes.waits[name] = count / max(1, votes.count)
        if 1 - share >= DISPATCH_FROM[turn]:
            go.add(name)
        elif share >= HOLD_FROM[turn]:
            wait.add(name)


# --- the plan ------------------------------------------------------------------------------------------------------


def _decided(
    problem: Problem, go: set[str], must: set[str], votes: Votes, seed: int, limit: Limit, clock: Clock
) -> Decision:
    chosen = replace(problem, stops=tuple(stop for stop in problem.stops if stop.id in go))
    ends = None
    if isinstance(limit, Seconds):
        ends, limit = clock() + limit.seconds, Seconds(limit.seconds * (1 - MONEY_SHARE))
    plan = solve(chosen, seed=seed, limit=limit, clock=clock)
    kept = tuple(route for route in plan.routes if not must.isdisjoint(visit.id for visit in route.stops))
    dispatch = must | {visit.id for route in kept for visit in route.stops}
    plan = _only(problem, plan, kept, dispatch)
    hold = frozenset(stop.id for stop in problem.stops) - dispatch
    money = _money(problem, plan, hold, votes, ends, clock)
    return Decision(frozenset(dispatch), hold, plan, money, votes.futures)


def _only(problem: Problem, plan: Plan, kept: tuple[Route, ...], dispatch: set[str]) -> Plan:
    """The plan with these routes, of the stops that are dispatched; checked by the referee."""
    from scheduler.referee import check  # it knows the router, so it can't be loaded with it

    stops = tuple(stop for stop in problem.stops if stop.id in dispatch)
    prices = {stop.id: stop.price for stop in stops}
    unserved = tuple(left for left in plan.unserved if left.id in dispatch)
    plan = replace(
        plan,
        routes=kept,
        unserved=unserved,
        unserved_mandatory=sum(prices[left.id] is None for left in unserved),
        cost=sum(route.cost for route in kept) + sum(prices[left.id] or 0 for left in unserved),
    )
    broken = check(replace(problem, stops=stops), plan)
    if broken:
        raise PlanRejected(f"{broken[0].rule}: {broken[0].subject}: {broken[0].text}")
    return plan


def _money(
    problem: Problem, plan: Plan, hold: Collection[str], votes: Votes, until: float | None, clock: Clock
) -> dict[str, Money]:
    """What each request adds, to the plan as it stands or would add to it; what the time doesn't suffice for stays unknown."""
    orders = {route.courier: tuple(visit.id for visit in route.stops) for route in plan.routes}
    index = {stop.id: i for i, stop in enumerate(problem.stops)}
    costs = Costs(lay_out(problem))
    frame = frame_of(costs.day, costs)
    chains = tuple(tuple(index[name] for name in orders.get(who.id, ()) if name in index) for who in problem.couriers)
    state = State(tuple(_coming_only(costs.day, c, chain) for c, chain in enumerate(chains)), frozenset())
    found = {}
    for name, i in index.items():
        late = votes.costs.get(name)
        in_time = until is None or clock() < until
        now = (_added(frame, costs, state, i) if name in hold else _saved(costs, state, i)) if in_time else None
        found[name] = Money(now, sum(late) / len(late) if late else None, votes.waits.get(name, float(name in hold)))
    return found


def _coming_only(day: Day, courier: int, chain: tuple[int, ...]) -> tuple[int, ...]:
    done = day.done[courier]
    return chain if done is None else chain[len(done.visits) :]


def _added(frame: Frame, costs: Costs, state: State, i: int) -> float | None:
    place = cheapest(frame, costs, state, i)
    return None if place is None else place[0]


def _saved(costs: Costs, state: State, i: int) -> float | None:
    for c, order in enumerate(state.orders):
        if i in order:
            whole, without = costs.of(c, order), costs.of(c, tuple(k for k in order if k != i))
            return None if whole is None or without is None else whole - without
    return None
