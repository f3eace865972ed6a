"""Labels along an order: what a courier's state can be after each stop, for one departure.

A label holds the time at which the courier is free again, the money spent on the way, the load, and the breaks taken. A label
that another beats in everything is dropped. The rules are those of the routing format (`docs/routing.md`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scheduler.router.day import NO_WAY, Day, lateness
from scheduler.router.problem import Window

LABELS_LIMIT = 200  # labels kept after one stop: only many reloads and breaks together come near it


@dataclass(frozen=True, slots=True)
class Hop:
    """One leg and what it leads to: a stop (index), a reload (place), or neither: the return."""

    stop: int | None
    reload: int | None
    arrive_s: int
    start_s: int
    leave_s: int
    breaks: tuple[tuple[int, int], ...]
    drive_s: int
    distance_m: int


@dataclass(frozen=True, slots=True)
class Label:
    time: int
    money: float
    load: tuple[int, ...]
    taken: int  # bit b: break b was taken
    place: int | None
    fresh: bool  # set-up is due at the next stop, wherever it is: the start of the route, or after a reload
    hop: Hop | None
    before: "Label | None"


@dataclass(frozen=True, slots=True)
class Drive:
    """One leg as driven: `ready_s` is when the next thing may start, after the breaks that were taken on the way."""

    arrive_s: int
    ready_s: int
    taken: int
    breaks: tuple[tuple[int, int], ...]


def next_start(windows: Sequence[Window], ready_s: int, *, soft: bool) -> int | None:
    """The first start not before `ready_s` that the windows (in order of time) allow; `soft` ones also after the last end."""
    if not windows:
        return ready_s
    for begin, end in windows:
        if ready_s <= end and begin <= end:
            return max(ready_s, begin)
    return ready_s if soft else None


def run(day: Day, courier: int, order: Sequence[int], depart: int, *, bounded: bool = True) -> Label | None:
    """The cheapest label at the return when departing at `depart`; `bounded` also holds it to the longest route."""
    who, labels = day.couriers[courier], labels_after(day, courier, order, depart)
    returned = [step for label in labels for step in _to_end(day, courier, label, depart)]
    if bounded and who.max_route_s is not None:
        returned = [label for label in returned if label.time - depart <= who.max_route_s]
    return min(returned, key=lambda label: (label.money + who.cost.per_work_s * label.time, label.time), default=None)


def labels_after(day: Day, courier: int, order: Sequence[int], depart: int) -> list[Label]:
    """The labels after the last stop of the order."""
    labels = [_first_label(day, courier, depart)]
    rest = _remaining_loads(day, order)
    for k, i in enumerate(order):
        labels = _undominated([step for label in labels for step in _to_stop(day, courier, label, i, rest[k])])
    return labels


def _first_label(day: Day, courier: int, depart: int) -> Label:
    done, who = day.done[courier], day.couriers[courier]
    if done is None:
        return Label(depart, 0, (0,) * len(who.capacity), 0, who.start, fresh=True, hop=None, before=None)
    money = way_cost(day, courier, done.drive_s, done.distance_m) + done.late_cost
    past = sum(1 << b for b, pause in enumerate(who.breaks) if is_past(pause.between, done.left_s, day.problem.now))
    return Label(done.free_s, money, done.load, past, done.at, fresh=False, hop=None, before=None)


def is_past(between: Window, left_s: int, now: int | None) -> bool:
    """A break that can only have begun within the history is history itself."""
    return between[1] <= left_s or (now is not None and between[1] < now)


def _remaining_loads(day: Day, order: Sequence[int]) -> list[tuple[int, ...]]:
    """For each position the load of its stop and of all after it."""
    total = [0] * len(day.problem.loads)
    sums: list[tuple[int, ...]] = []
    for i in reversed(order):
        total = [a + b for a, b in zip(total, day.stops[i].load, strict=True)]
        sums.append(tuple(total))
    return sums[::-1]


def _to_stop(day: Day, courier: int, label: Label, i: int, rest: tuple[int, ...]) -> Iterator[Label]:
    """Every way on to stop i: straight on, or over a reload where what is still to come no longer fits."""
    yield from _serve(day, courier, label, i)
    capacity = day.couriers[courier].capacity
    if any(label.load) and any(a + b > c for a, b, c in zip(label.load, rest, capacity, strict=True)):
        for place in dict.fromkeys(day.couriers[courier].reload_at):
            for emptied in _reload(day, courier, label, place):
                yield from _serve(day, courier, emptied, i)


def _serve(day: Day, courier: int, label: Label, i: int) -> Iterator[Label]:
    stop, who = day.stops[i], day.couriers[courier]
    load = tuple(a + b for a, b in zip(label.load, stop.load, strict=True))
    if any(a > c for a, c in zip(load, who.capacity, strict=True)):
        return
    leg, metres = leg_of(day, label.place, stop.at)
    if leg >= NO_WAY or metres >= NO_WAY:
        return
    setup = stop.setup_s if label.fresh or label.place != stop.at else 0
    for way in _ways(day, courier, label, leg):
        start = next_start(day.windows[i], way.ready_s, soft=stop.late_per_s is not None)
        if start is None:
            continue
        leave = start + setup + stop.service_s
        if leave > who.shift[1]:
            continue
        hop = Hop(i, None, way.arrive_s, start, leave, way.breaks, leg, metres)
        money = label.money + way_cost(day, courier, leg, metres) + lateness(stop, start)
        yield Label(leave, money, load, way.taken, stop.at, fresh=False, hop=hop, before=label)


def _reload(day: Day, courier: int, label: Label, place: int) -> Iterator[Label]:
    leg, metres = leg_of(day, label.place, place)
    if leg >= NO_WAY or metres >= NO_WAY:
        return
    who = day.couriers[courier]
    for way in _ways(day, courier, label, leg):
        leave = way.ready_s + who.reload_s
        hop = Hop(None, place, way.arrive_s, way.ready_s, leave, way.breaks, leg, metres)
        money = label.money + way_cost(day, courier, leg, metres)
        yield Label(leave, money, (0,) * len(label.load), way.taken, place, fresh=True, hop=hop, before=label)


def _to_end(day: Day, courier: int, label: Label, depart: int) -> Iterator[Label]:
    who = day.couriers[courier]
    leg, metres = (0, 0) if who.end is None else leg_of(day, label.place, who.end)
    if leg >= NO_WAY or metres >= NO_WAY:
        return
    for way in _ways(day, courier, label, leg):
        if way.ready_s > who.shift[1] or _owes_break(day, courier, depart, way):
            continue
        hop = Hop(None, None, way.arrive_s, way.ready_s, way.ready_s, way.breaks, leg, metres)
        money = label.money + way_cost(day, courier, leg, metres)
        yield Label(way.ready_s, money, label.load, way.taken, who.end, fresh=False, hop=hop, before=label)


def _owes_break(day: Day, courier: int, depart: int, way: Drive) -> bool:
    return any(
        not way.taken >> b & 1 and depart <= pause.between[0] and way.ready_s >= pause.between[1]
        for b, pause in enumerate(day.couriers[courier].breaks)
    )


def leg_of(day: Day, place: int | None, to: int) -> tuple[int, int]:
    return (0, 0) if place is None else (day.drive[place][to], day.metres[place][to])


def way_cost(day: Day, courier: int, drive_s: int, distance_m: int) -> float:
    cost = day.couriers[courier].cost
    return cost.per_drive_s * drive_s + cost.per_m * distance_m


def _ways(day: Day, courier: int, label: Label, leg: int) -> Iterator[Drive]:
    """The leg without a break, and with every sequence of breaks that still can begin on it."""
    yield Drive(label.time + leg, label.time + leg, label.taken, ())
    if day.couriers[courier].breaks:
        yield from _paused(day, courier, label.time, leg, label.taken, None, ())


def _paused(
    day: Day,
    courier: int,
    clock: int,
    left: int,
    taken: int,
    arrived: int | None,
    breaks: tuple[tuple[int, int], ...],
) -> Iterator[Drive]:
    """From `clock` with `left` seconds still to drive: each break not yet taken, as early as it may begin, then the next."""
    for b, pause in enumerate(day.couriers[courier].breaks):
        if taken >> b & 1:
            continue
        start = max(clock, pause.between[0])
        if start > pause.between[1]:
            continue
        driven = min(left, start - clock)
        there = clock + driven if arrived is None and driven == left else arrived
        end, more = start + pause.for_s, left - driven
        now_taken, now_breaks = taken | 1 << b, (*breaks, (start, end))
        yield Drive(end + more if there is None else there, end + more, now_taken, now_breaks)
        yield from _paused(day, courier, end, more, now_taken, there, now_breaks)


def _undominated(labels: list[Label]) -> list[Label]:
    """Labels that no other beats in time, money and load with the same breaks taken."""
    if len(labels) <= 1:
        return labels
    kept: list[Label] = []
    for label in sorted(labels, key=lambda label: (label.time, label.money, label.load)):
        if not any(_beats(other, label) for other in kept):
            kept.append(label)
    return kept[:LABELS_LIMIT]


def _beats(a: Label, b: Label) -> bool:
    return (
        a.taken == b.taken
        and a.time <= b.time
        and a.money <= b.money
        and all(x <= y for x, y in zip(a.load, b.load, strict=True))
    )
