"""A plan in the making: each courier's order of stops and the stops outside, and what that costs by the exact schedule."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scheduler.router.day import Day
from scheduler.router.schedule import cost_of

Orders = tuple[tuple[int, ...], ...]
Insertion = tuple[float, int, int]  # added cost, courier, position
MEMORY_LIMIT = 200_000  # costs remembered before the memory starts afresh


@dataclass(slots=True)
class Costs:
    """Remembered costs of orders. The only thing here that changes: `asked` counts what had to be computed."""

    day: Day
    known: dict[tuple[int, tuple[int, ...]], float | None] = field(default_factory=dict)
    asked: int = 0
    gaps: Any = None  # what `gaps` remembers
    tables: Any = None

    def of(self, courier: int, order: tuple[int, ...]) -> float | None:
        """Cost of the courier's order, None where it breaks a rule."""
        key = (courier, order)
        if key not in self.known:
            if len(self.known) >= MEMORY_LIMIT:
                self.known.clear()
            self.asked += 1
            self.known[key] = cost_of(self.day, courier, order, exact=False)
        return self.known[key]


@dataclass(frozen=True, slots=True)
class State:
    """`orders[c]` are courier c's stops after the history; `outside` the stops that no route has."""

    orders: Orders
    outside: frozenset[int]


@dataclass(frozen=True, slots=True)
class Frame:
    """What a search may not touch: `heads[c]` stay at the head of c's route, `dropped` stops lost their locked place."""

    day: Day
    heads: tuple[tuple[int, ...], ...]
    dropped: frozenset[int]
    free: tuple[int, ...]
    kind: tuple[int, ...]  # couriers of one kind are exchangeable while they have no stop


def frame_of(day: Day, costs: Costs) -> Frame:
    """Heads as far as they can be kept, and the stops that are free to be placed."""
    heads = tuple(_head(day, costs, c) for c in range(len(day.couriers)))
    kept = {i for head in heads for i in head}
    dropped = frozenset(i for chain in day.chain for i in chain if i not in kept)
    locked = day.locked_stops
    free = tuple(i for i in range(len(day.stops)) if i not in locked)
    return Frame(day, heads, dropped, free, _kinds(day, heads))


def _head(day: Day, costs: Costs, courier: int) -> tuple[int, ...]:
    head: tuple[int, ...] = ()
    for i in day.chain[courier]:
        if courier in day.allowed[i] and costs.of(courier, (*head, i)) is not None:
            head = (*head, i)
    return head


def _kinds(day: Day, heads: Orders) -> tuple[int, ...]:
    known: dict[object, int] = {}
    kinds = []
    special: list[set[int]] = [set() for _ in day.couriers]
    for i, stop in enumerate(day.stops):
        for c in day.allowed[i] if stop.allowed is not None else ():
            special[c].add(i)
    for c, courier in enumerate(day.couriers):
        alone = day.done[c] is not None or heads[c]
        key: object = c if alone else (replace(courier, id=""), frozenset(special[c]))
        kinds.append(known.setdefault(key, len(known)))
    return tuple(kinds)


def start_of(frame: Frame) -> State:
    """Nothing but the locked heads."""
    return State(frame.heads, frozenset(frame.free) | frame.dropped)


def rank(frame: Frame, costs: Costs, state: State, couriers: Iterable[int] | None = None) -> tuple[int, float]:
    """(mandatory stops outside, cost) of the plan, or of these couriers alone with everything outside."""
    stops = frame.day.stops
    chosen = range(len(state.orders)) if couriers is None else couriers
    money = sum(costs.of(c, state.orders[c]) or 0 for c in chosen)
    prices = sum(stops[i].price or 0 for i in state.outside)
    return sum(stops[i].price is None for i in state.outside), money + prices


def with_orders(state: State, changed: dict[int, tuple[int, ...]], outside: frozenset[int]) -> State:
    """The state with some couriers' orders replaced."""
    return State(tuple(changed.get(c, order) for c, order in enumerate(state.orders)), outside)


def targets(frame: Frame, state: State, stop: int) -> Sequence[int]:
    """The couriers worth trying for the stop: of those still without a stop, one of each kind."""
    found, seen = [], set()
    for c in frame.day.allowed[stop]:
        if state.orders[c]:
            found.append(c)
        elif frame.kind[c] not in seen:
            seen.add(frame.kind[c])
            found.append(c)
    return found
