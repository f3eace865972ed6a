"""Ruin and recreate by the exact schedule: makes any orders a valid plan, then improves it a little.

It is slow (some hundred steps a second) and knows every rule, so it corrects what the model rounds: orders that the model took
for feasible and are not, set-ups, breaks that fall due, stops that are not worth their price.
"""

import math
from collections.abc import Iterable, Sequence
from random import Random

from scheduler.router.budget import Budget
from scheduler.router.day import Day
from scheduler.router.state import Costs, Frame, Insertion, Orders, State, rank, with_orders

REMOVED_LIMIT = 8  # stops taken out in one step
OUTSIDE_LIMIT = 12  # stops from outside that are tried in one step
NEAREST = 30  # neighbours that a removal draws from


def valid(frame: Frame, costs: Costs, orders: Orders) -> State:
    """The state of `orders` after leaving out whatever can't be scheduled."""
    kept = tuple(_valid_order(frame, costs, c, order) for c, order in enumerate(orders))
    served = {i for order in kept for i in order}
    return State(kept, frozenset(i for i in frame.free if i not in served) | frame.dropped)


def _valid_order(frame: Frame, costs: Costs, courier: int, order: tuple[int, ...]) -> tuple[int, ...]:
    """`order` with its head in place; if it breaks a rule, the longest feasible growth of it, stop by stop."""
    head = frame.heads[courier]
    tail = tuple(i for i in order if i not in head and courier in frame.day.allowed[i])
    if costs.of(courier, (*head, *tail)) is not None:
        return (*head, *tail)
    kept = head
    for i in tail:
        if costs.of(courier, (*kept, i)) is not None:
            kept = (*kept, i)
    return kept


def cheapest(frame: Frame, costs: Costs, state: State, stop: int, below: float = math.inf) -> Insertion | None:
    """The cheapest feasible place for the stop that costs less than `below`, None where there is none.

    Places that can't cost less are not timed.
    """
    from scheduler.router.gaps import places  # loads NumPy, which the daemon itself does without

    best: Insertion | None = None
    for least, c, at in places(frame, costs, state, stop):
        if least >= (below if best is None else best[0]):
            break
        extra = _added(costs, state, stop, c, at)
        if extra is not None and extra < (below if best is None else best[0]):
            best = (extra, c, at)
    return best


def any_place(frame: Frame, costs: Costs, state: State, stop: int) -> Insertion | None:
    """The first feasible place found, the likely cheap ones being tried first; None where there is none."""
    from scheduler.router.gaps import places

    for _, c, at in places(frame, costs, state, stop):
        extra = _added(costs, state, stop, c, at)
        if extra is not None:
            return extra, c, at
    return None


def _added(costs: Costs, state: State, stop: int, courier: int, at: int) -> float | None:
    """What the stop costs there, None where it breaks a rule."""
    order = state.orders[courier]
    base, cost = costs.of(courier, order), costs.of(courier, (*order[:at], stop, *order[at:]))
    return None if cost is None or base is None else cost - base


def insert(state: State, stop: int, place: Insertion) -> State:
    """The state with the stop at its place."""
    _, courier, at = place
    order = state.orders[courier]
    return with_orders(state, {courier: (*order[:at], stop, *order[at:])}, state.outside - {stop})


def fill(frame: Frame, costs: Costs, state: State, budget: Budget | None, among: Sequence[int]) -> State:
    """Tries the stops of `among` one after the other: the mandatory ones anywhere, the others where they cost less than their price."""
    stops = frame.day.stops
    for i in sorted(among, key=lambda i: stops[i].price is not None):
        if budget is not None and budget.until is not None and budget.spent():
            break
        price = stops[i].price
        place = cheapest(frame, costs, state, i, math.inf if price is None else price)
        if place is not None:
            state = insert(state, i, place)
    return state


def waiting(frame: Frame, state: State) -> list[int]:
    """The stops outside that may still be placed, in the order of the problem."""
    return sorted(state.outside - frame.dropped)


def drop_dear(frame: Frame, costs: Costs, state: State) -> State:
    """Leaves out optional stops whose price is below what serving them costs."""
    for c, order in enumerate(state.orders):
        for i in order:
            price = frame.day.stops[i].price
            if price is None or i in frame.heads[c]:
                continue
            without = tuple(k for k in state.orders[c] if k != i)
            now, then = costs.of(c, state.orders[c]), costs.of(c, without)
            if now is not None and then is not None and now - then > price:
                state = with_orders(state, {c: without}, state.outside | {i})
    return state


def polish(frame: Frame, costs: Costs, state: State, rng: Random, budget: Budget) -> State:
    """Ruin and recreate until the budget is spent, keeping what is no worse."""
    movable = [i for i in frame.free if frame.day.allowed[i]]
    best, best_rank = state, rank(frame, costs, state)
    while movable and not budget.spent():
        budget.take(1)
        found = step(frame, costs, best, rng, movable)
        found_rank = rank(frame, costs, found)
        if found_rank <= best_rank:
            best, best_rank = found, found_rank
    return best


def step(frame: Frame, costs: Costs, state: State, rng: Random, movable: Sequence[int]) -> State:
    """Takes some neighbouring stops of `movable` out and puts them, with some of those outside, back where they are cheapest."""
    seed = rng.choice(movable)
    count = rng.randint(1, min(REMOVED_LIMIT, len(movable)))
    out = set(rng.sample(near(frame.day, seed, movable), k=min(count, NEAREST, len(movable)))) | {seed}
    if rng.random() < 0.1:  # now and then a whole route: the only way to save its fixed cost
        out |= {i for order in state.orders if seed in order for i in order if i not in _locked(frame)}
    ruined = _without(frame, costs, state, out)
    order = waiting(frame, ruined)
    rng.shuffle(order)
    chosen = [i for i in order if i in out] + [i for i in order if i not in out][:OUTSIDE_LIMIT]
    if rng.random() < 0.5:
        rng.shuffle(chosen)
    return drop_dear(frame, costs, fill(frame, costs, ruined, None, chosen))


def _locked(frame: Frame) -> frozenset[int]:
    """Every stop that is locked to its place."""
    return frozenset(i for head in frame.heads for i in head)


def near(day: Day, seed: int, movable: Sequence[int]) -> list[int]:
    """The NEAREST of `movable` to a stop, there and back."""
    at = day.stops[seed].at
    return sorted(movable, key=lambda i: (day.drive[at][day.stops[i].at] + day.drive[day.stops[i].at][at], i))[:NEAREST]


def _without(frame: Frame, costs: Costs, state: State, out: Iterable[int]) -> State:
    """Takes the stops out; what an order can no longer keep without them (a way, a break that now falls due) leaves it too."""
    gone = frozenset(out)
    changed = {}
    for c, order in enumerate(state.orders):
        if not gone.isdisjoint(order):
            changed[c] = _valid_order(frame, costs, c, tuple(i for i in order if i not in gone))
    lost = {i for c, order in changed.items() for i in state.orders[c] if i not in order}
    return with_orders(state, changed, state.outside | lost)
