"""A quick first plan: each courier in turn goes on to the stop that is near in way and time, by the exact schedule.

It needs a second where the solver's own heuristics need most of ten (1000 stops), so there is a plan whatever comes after it.
The weights are those of Solomon's time-oriented nearest neighbour (1987).
"""

from collections.abc import Sequence

from scheduler.router.budget import Budget
from scheduler.router.day import NO_WAY, Day
from scheduler.router.labels import next_start
from scheduler.router.state import Costs, Frame, State, with_orders

NEAREST = 60  # stops looked at for the next step, the nearest ones
TRIED = 12  # of these, the best ones are timed until one fits
WAY, WAIT, URGENCY = 0.4, 0.4, 0.2


def nearest(frame: Frame, costs: Costs, state: State, budget: Budget) -> State:
    """The state with every free stop that fits appended to some courier's order."""
    day = frame.day
    left = set(frame.free) - {i for order in state.orders for i in order}
    by_place: dict[int | None, list[int]] = {}
    for c in range(len(day.couriers)):
        order = state.orders[c]
        while left and not (budget.until is not None and budget.spent()):
            longer = _longer(day, costs, c, order, left, by_place)
            if longer is None:
                break
            order = longer
            left.remove(order[-1])
        state = with_orders(state, {c: order}, state.outside - set(order))
    return state


def _longer(
    day: Day,
    costs: Costs,
    courier: int,
    order: tuple[int, ...],
    left: set[int],
    by_place: dict[int | None, list[int]],
) -> tuple[int, ...] | None:
    """The order with one more stop at its end, None where none of the near ones fits."""
    place, time = _after(day, courier, order)
    if place not in by_place:
        by_place[place] = _sorted(day, place, sorted(left))
    near: list[tuple[float, int]] = []
    for i in by_place[place]:
        if i in left and courier in day.allowed[i]:
            urgency = _urgency(day, place, time, i)
            if urgency is not None:
                near.append((urgency, i))
            if len(near) == NEAREST:
                break
    for _, i in sorted(near)[:TRIED]:
        if costs.of(courier, (*order, i)) is not None:
            return (*order, i)
    return None


def _sorted(day: Day, place: int | None, stops: Sequence[int]) -> list[int]:
    if place is None:
        return list(stops)
    drive = day.drive[place]
    return sorted(stops, key=lambda i: drive[day.stops[i].at])


def _after(day: Day, courier: int, order: tuple[int, ...]) -> tuple[int | None, int]:
    """Where and when the courier is free after the order, about: breaks and reloads are left out."""
    done = day.done[courier]
    place, time = (day.couriers[courier].start if done is None else done.at), day.earliest(courier)
    for i in order:
        stop = day.stops[i]
        time += 0 if place is None else day.drive[place][stop.at]
        start = next_start(day.windows[i], time, soft=True)
        time = (time if start is None else start) + stop.service_s + (stop.setup_s if place != stop.at else 0)
        place = stop.at
    return place, time


def _urgency(day: Day, place: int | None, time: int, i: int) -> float | None:
    """The smaller, the sooner to be served; None where it can't be reached from here in time."""
    stop = day.stops[i]
    way = 0 if place is None else day.drive[place][stop.at]
    start = next_start(day.windows[i], time + way, soft=stop.late_per_s is not None)
    if way >= NO_WAY or start is None:
        return None
    end = max((b for _, b in day.windows[i]), default=start)
    return WAY * way + WAIT * (start - time) + URGENCY * (end - time - way)
