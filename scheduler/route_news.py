"""What became different of a route since its courier was last told: pure.

Each stop keeps the number under which it was first told, for the route's life; a new stop gets the next one. So "stop 7" means the
same today and after every change, in the chat and on the courier's page.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.returns import Route, Stop
from domain.words import Words


@dataclass(frozen=True, slots=True)
class Known:
    """What a courier knows of a route: its open stops in their order, and the numbers of all that were ever told."""

    order: tuple[str, ...]
    numbers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class News:
    """What to tell, to be carried out one after another; and what the courier knows then."""

    changes: tuple[Words, ...]
    known: Known


def at_first(route: Route) -> Known:
    """What the first message of a route says: its stops, numbered in their order."""
    stops = in_order(route)
    return Known(
        tuple(stop.id for stop in stops if stop.ended_at is None), {stop.id: n for n, stop in enumerate(stops, start=1)}
    )


def in_order(route: Route) -> list[Stop]:
    return sorted(route.stops, key=lambda stop: stop.position)


def differences(known: Known, route: Route) -> News:
    """Stops that are off, new ones, and as few moves as lead from the order that is known to that of the plan."""
    after = [stop.id for stop in in_order(route) if stop.ended_at is None]
    numbers = _numbered(known, after)
    off = _off(known, route, set(after))
    stay = _in_place([stop for stop in known.order if stop in set(after)], after)
    placed = [
        _placed(stop, after[n + 1] if n + 1 < len(after) else None, known, numbers)
        for n, stop in reversed(list(enumerate(after)))
        if stop not in stay
    ]
    return News((*off, *placed), Known(tuple(after), numbers))


def _numbered(known: Known, after: Sequence[str]) -> dict[str, int]:
    numbers = dict(known.numbers)
    for stop in after:
        numbers.setdefault(stop, max(numbers.values(), default=0) + 1)
    return numbers


def _off(known: Known, route: Route, open_stops: set[str]) -> tuple[Words, ...]:
    """Stops that aren't to be driven to any more; what the courier ended is no news to them."""
    status = {stop.id: stop.status for stop in route.stops}
    codes = {"cancelled": "route_change.cancelled", "unplanned": "route_change.gone", None: "route_change.gone"}
    gone = (stop for stop in known.order if stop not in open_stops and status.get(stop) in codes)
    return tuple(Words(codes[status.get(stop)], {"stop": known.numbers[stop]}) for stop in gone)


def _in_place(before: Sequence[str], after: Sequence[str]) -> set[str]:
    """The most stops that stand in the same order as before: the longest increasing run of their new places, found from the end,
    so that of two that changed places the later one is said to have moved.
    """
    place = {stop: n for n, stop in enumerate(after)}
    tails: list[int] = []
    ends: list[str] = []
    previous: dict[str, str | None] = {}
    for stop in reversed(before):
        at = bisect_left(tails, -place[stop])
        previous[stop] = ends[at - 1] if at else None
        tails[at:], ends[at:] = [-place[stop], *tails[at + 1 :]], [stop, *ends[at + 1 :]]
    found: set[str] = set()
    last = ends[-1] if ends else None
    while last is not None:
        found.add(last)
        last = previous[last]
    return found


def _placed(stop: str, before: str | None, known: Known, numbers: Mapping[str, int]) -> Words:
    what = "moved" if stop in known.order else "added"
    if before is None:
        return Words(f"route_change.{what}_last", {"stop": numbers[stop]})
    return Words(f"route_change.{what}", {"stop": numbers[stop], "before": numbers[before]})
