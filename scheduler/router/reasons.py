"""Why a stop stays unserved: a code that is true, and a sentence that a person can check.

A courier alone with the stop is asked first: room, ways, windows, then the rest of the day. What somebody could do alone is then
measured against what is locked, and at last against the finished plan.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import replace

from scheduler.router.day import NO_WAY, Day
from scheduler.router.plan import Code, Unserved
from scheduler.router.problem import Courier
from scheduler.router.repair import any_place, cheapest
from scheduler.router.schedule import cost_of
from scheduler.router.state import Costs, Frame, State

FOREVER_S = 10**13  # later than any time in a problem
FURTHEST: tuple[Code, ...] = (
    "shift",
    "window",
    "no_way",
    "capacity",
)  # the first obstacle of the courier who gets furthest
ALONE = {
    "capacity": "its load is more than any courier who may serve it can carry",
    "no_way": "no courier who may serve it has a way to it and on to the end of the route",
    "window": "no courier who may serve it can be there within its windows",
    "shift": "no courier who may serve it can do it within shift, longest route and breaks",
}
FULL = {
    "capacity": "there is no room left in the vehicles of the couriers who may serve it",
    "window": "the couriers who may serve it are busy elsewhere during its windows",
    "shift": "the shifts of the couriers who may serve it are full",
}


PRICE = "serving it would cost {extra:.2f} more, not serving it costs {price:.2f}"
_EXTRA = re.compile(r"serving it would cost (\d+\.\d\d) more, not serving it costs")


def extra_of(left: Unserved) -> float | None:
    """What serving a stop that was left for its price would add to the plan; None for other codes."""
    found = _EXTRA.match(left.reason) if left.code == "price" else None
    return float(found[1]) if found else None


def reason_of(frame: Frame, costs: Costs, state: State, i: int, *, ended: bool) -> Unserved:
    """The reason why stop `i` is not in any route of `state`; `ended` says that the search stopped before trying everything."""
    stop = frame.day.stops[i]
    code, sentence = _reason(frame, costs, state, i, ended=ended)
    return Unserved(stop.id, code, sentence)


def _reason(frame: Frame, costs: Costs, state: State, i: int, *, ended: bool) -> tuple[Code, str]:
    day, stop = frame.day, frame.day.stops[i]
    if not day.allowed[i]:
        return "not_allowed", "no courier is allowed to serve it"
    if i in frame.dropped:
        return _dropped(day, i)
    place = cheapest(frame, costs, state, i, math.inf if stop.price is None else stop.price)
    if place is not None:
        return "time_limit", f"it could still be served for {place[0]:.2f} more; the search ended first"
    place = None if stop.price is None else any_place(frame, costs, state, i)
    if place is not None:
        return "price", PRICE.format(extra=place[0], price=stop.price)
    alone = _alone(day, i)
    if alone is not None:
        return alone, ALONE[alone]
    if not _fits_heads(frame, costs, i):
        return "locked", "the couriers who may serve it can't after the stops that are locked to them"
    if ended:
        return "time_limit", "the search ended before every way to serve it was tried"
    return _full(frame, costs, state, i)


def _dropped(day: Day, i: int) -> tuple[Code, str]:
    owner = next(c for c, chain in enumerate(day.chain) if i in chain)
    name = day.couriers[owner].id
    if owner not in day.allowed[i]:
        return "not_allowed", f"it is locked to {name}, who is not allowed to serve it"
    return "locked", f"it is locked to the head of {name}'s route, where it can no longer be served"


def _alone(day: Day, i: int) -> Code | None:
    """What keeps every allowed courier from serving this stop and nothing else, None where somebody can."""
    kinds = dict.fromkeys(replace(day.couriers[c], id="") for c in day.allowed[i])
    found = [_obstacle(day, who, i) for who in kinds]
    if None in found:
        return None
    return next(code for code in FURTHEST if code in found)


def _obstacle(day: Day, who: Courier, i: int) -> Code | None:
    stop = day.stops[i]
    if any(a > b for a, b in zip(stop.load, who.capacity, strict=True)):
        return "capacity"
    if not _has_way(day, who, stop.at):
        return "no_way"
    if _possible(day, who, i):
        return None
    # with all day to come home, can service still not start in a window?
    endless = replace(who, shift=(who.shift[0], FOREVER_S), max_route_s=None, breaks=())
    return "shift" if _possible(day, endless, i) else "window"


def _has_way(day: Day, who: Courier, at: int) -> bool:
    legs = [(a, b) for a, b in ((who.start, at), (at, who.end)) if a is not None and b is not None]
    return all(day.drive[a][b] < NO_WAY and day.metres[a][b] < NO_WAY for a, b in legs)


def _possible(day: Day, who: Courier, i: int) -> bool:
    """Could the courier, with nothing else to do, serve the stop?"""
    return cost_of(replace(day, couriers=(who,), done=(None,)), 0, (i,)) is not None


def _fits_heads(frame: Frame, costs: Costs, i: int) -> bool:
    """Can anybody serve it after what is locked to them, with nothing else on the route?"""
    return any(costs.of(c, (*frame.heads[c], i)) is not None for c in frame.day.allowed[i])


def _full(frame: Frame, costs: Costs, state: State, i: int) -> tuple[Code, str]:
    """The first rule without which the finished plan had a place for the stop; the day is full where none is enough alone."""
    from scheduler.router.gaps import places  # loads NumPy, which the daemon itself does without

    for code, day in _relaxed(frame.day, i):
        relaxed = Costs(day)
        found = places(frame, costs, state, i, weighs=code != "capacity", timed=code != "window")
        if any(relaxed.of(c, (*state.orders[c][:at], i, *state.orders[c][at:])) is not None for _, c, at in found):
            return code, FULL[code]
    return "shift", FULL["shift"]


def _relaxed(day: Day, i: int) -> Iterator[tuple[Code, Day]]:
    """The day with a stop that weighs nothing, then with one that may be served at any time."""
    light = replace(day.stops[i], load=(0,) * len(day.problem.loads))
    yield "capacity", replace(day, stops=(*day.stops[:i], light, *day.stops[i + 1 :]))
    anytime = replace(day.stops[i], windows=())
    windows = (*day.windows[:i], (), *day.windows[i + 1 :])
    yield "window", replace(day, stops=(*day.stops[:i], anytime, *day.stops[i + 1 :]), windows=windows)
