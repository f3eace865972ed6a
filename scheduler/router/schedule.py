"""The exact times of one courier's stops in a given order: the cheapest departure, waits, breaks and reloads.

The labels of `labels` say what follows from one departure. Departure is one of finitely many times, because the cost of a fixed
order is piecewise linear in it: a bend lies only where an arrival meets the end of a window or of a break's interval, where a
break falls due, or where the longest route begins. The rules are those of the routing format (`docs/routing.md`).
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from scheduler.router.day import NO_WAY, Day
from scheduler.router.labels import Hop, Label, labels_after, leg_of, run, way_cost
from scheduler.router.plan import BreakTaken, Reload, Route, Visit
from scheduler.router.problem import Stop

DEPARTURES_LIMIT = 240  # departures tried for one order, evenly chosen among more
QUICK_STOPS = 8  # in the search, longer orders are tried with the first stop's departures only


def cost_of(day: Day, courier: int, order: Sequence[int], *, exact: bool = True) -> float | None:
    """The cost of `order` (stop indices after the history) for the courier, None where it breaks a rule.

    With `exact` False, long orders of couriers with breaks or reloads try few departures: the cost may come out a little high.
    """
    done = day.done[courier]
    if not order:
        return 0 if done is None else _history_cost(day, courier)
    plain = _plain_departure(day, courier, order)
    if plain is not None:
        return None if plain[0] is None else plain[1]
    best = _best(day, courier, order, exact=exact)
    return None if best is None else best[0]


def route_of(day: Day, courier: int, order: Sequence[int]) -> Route | None:
    """The cheapest schedule of `order` as a route, None where it breaks a rule. Ties go to the shorter work."""
    if not order:
        return None if day.done[courier] is None else _history_route(day, courier)
    plain = _plain_departure(day, courier, order)
    if plain is not None and plain[0] is None:
        return None
    if plain is not None and plain[0] is not None:
        label = run(day, courier, order, plain[0])
        return None if label is None else _trace(day, courier, order, plain[0], label)
    best = _best(day, courier, order, exact=True)
    return None if best is None else _trace(day, courier, order, best[3], best[4])


def begin_of(day: Day, courier: int, head: Sequence[int]) -> tuple[int, Label]:
    """Departure and state of the courier after the history and a feasible head: where free stops may follow."""
    route = route_of(day, courier, head) if head else None
    done = day.done[courier]
    depart = done.depart_s if done is not None else day.earliest(courier) if route is None else route.depart_s
    return depart, min(labels_after(day, courier, head, depart), key=lambda label: label.time)


def _plain_departure(day: Day, courier: int, order: Sequence[int]) -> tuple[int | None, float] | None:
    """Departure and cost in one pass where there are no breaks or reloads, no history, and at most one hard window per stop.

    None where that isn't so; a departure of None where the order breaks a rule. The earliest return is found first; departing
    later by the waiting that this saves, as far as every window allows, then gives the least work.
    """
    who = day.couriers[courier]
    if who.breaks or who.reload_at or day.done[courier] is not None:
        return None
    drive, metres, cost = day.drive, day.metres, who.cost
    depart = time = day.earliest(courier)
    place, waited, spare = who.start, 0, NO_WAY
    driven = distance = 0
    before = None
    for i in order:
        stop, windows = day.stops[i], day.windows[i]
        if len(windows) > 1 or (stop.late_per_s is not None and windows):
            return None
        if place is not None:
            leg = drive[place][stop.at]
            driven += leg
            distance += metres[place][stop.at]
            time += leg
        if windows:
            begin, end = windows[0]
            if time > end or begin > end:
                return None, 0
            if time < begin:
                waited += begin - time
                time = begin
            spare = min(spare, end - time + waited)
        time += stop.service_s
        if before != stop.at:
            time += stop.setup_s
        before = place = stop.at
    if who.end is not None and place is not None:
        driven += drive[place][who.end]
        distance += metres[place][who.end]
        time += drive[place][who.end]
    depart += min(waited, spare)
    if time > who.shift[1] or distance >= NO_WAY or not _fits(day, courier, order):
        return None, 0
    if who.max_route_s is not None and time - depart > who.max_route_s:
        return None, 0
    money = cost.fixed + cost.per_stop * len(order) + cost.per_m * distance
    return depart, money + cost.per_drive_s * driven + cost.per_work_s * (time - depart)


def _fits(day: Day, courier: int, order: Sequence[int]) -> bool:
    capacity = day.couriers[courier].capacity
    return all(sum(day.stops[i].load[k] for i in order) <= room for k, room in enumerate(capacity))


def _best(day: Day, courier: int, order: Sequence[int], *, exact: bool) -> tuple[float, int, int, int, Label] | None:
    """(cost, work, return, departure, label) of the best departure."""
    who = day.couriers[courier]
    best: tuple[float, int, int, int, Label] | None = None
    tried: set[int] = set()
    later: set[int] = set()
    for depart in chain(_departures(day, courier, order, exact=exact), _drain(later)):
        if depart in tried:
            continue
        tried.add(depart)
        label = run(day, courier, order, depart)
        if label is None:
            late = None if who.max_route_s is None else run(day, courier, order, depart, bounded=False)
            if late is not None and who.max_route_s is not None and day.done[courier] is None:
                later.add(late.time - who.max_route_s)
            continue
        if day.done[courier] is None and not later:
            later.add(depart + _slack(day, label, depart))
        key = (_total(day, courier, order, depart, label), label.time - depart, label.time, depart)
        if best is None or key < best[:4]:
            best = (*key, label)
    return best


def _drain(values: set[int]) -> Iterator[int]:
    """The departures found while the others were tried, so read only after them."""
    yield from sorted(values)[:DEPARTURES_LIMIT]


def _total(day: Day, courier: int, order: Sequence[int], depart: int, label: Label) -> float:
    cost, done = day.couriers[courier].cost, day.done[courier]
    count = len(order) + (0 if done is None else len(done.visits))
    return label.money + cost.fixed + cost.per_stop * count + cost.per_work_s * (label.time - depart)


def _departures(day: Day, courier: int, order: Sequence[int], *, exact: bool) -> Sequence[int]:
    """Departures between which the cost of the order has no bend; only that one after history. The exact ones hold the others too."""
    done, who = day.done[courier], day.couriers[courier]
    if done is not None:
        return [done.depart_s]
    first, last = day.earliest(courier), who.shift[1]
    found = {first, *(pause.between[0] + 1 for pause in who.breaks)}
    paid = who.cost.per_work_s or who.max_route_s is not None  # else leaving later only makes the work shorter
    if paid:
        found |= _meetings(day, courier, order if len(order) <= QUICK_STOPS else order[:1], [0], detours=False)
    more: set[int] = set()
    if exact:
        offsets = _break_offsets([pause.for_s for pause in who.breaks])
        more = {depart for depart in _meetings(day, courier, order, offsets, detours=True) if first <= depart <= last}
    thinned = sorted(more - found)[:: 1 + len(more) // DEPARTURES_LIMIT]
    return sorted(depart for depart in {*found, *thinned} if first <= depart <= last)


def _meetings(day: Day, courier: int, order: Sequence[int], offsets: Sequence[int], *, detours: bool) -> set[int]:
    """Departures with which some stop is reached, without waiting before it, at an end of its windows or of a break's interval."""
    who = day.couriers[courier]
    found: set[int] = set()
    elapsed, place = 0, who.start
    for k, i in enumerate(order):
        stop = day.stops[i]
        elapsed += 0 if place is None else day.drive[place][stop.at]
        moments = [*chain.from_iterable(day.windows[i]), *(t for pause in who.breaks for t in pause.between)]
        for detour in _detours(day, courier, order, k) if detours else [0]:
            found.update(moment - elapsed - offset - detour for moment in moments for offset in offsets)
        elapsed += stop.service_s + (stop.setup_s if k == 0 or place != stop.at else 0)
        place = stop.at
    return found


def _slack(day: Day, label: Label, depart: int) -> int:
    """How much later the courier may depart and, with the same breaks and windows, return no later."""
    waited, spare, leave = 0, NO_WAY, depart
    for hop in _hops(label):
        waited += hop.start_s - leave - hop.drive_s - sum(end - start for start, end in hop.breaks)
        windows = () if hop.stop is None else day.windows[hop.stop]
        spare = min([spare, *(b - hop.start_s + waited for a, b in windows if a <= hop.start_s <= b)])
        leave = hop.leave_s
    return min(waited, spare)


def _detours(day: Day, courier: int, order: Sequence[int], upto: int) -> Sequence[int]:
    """How much later a stop is reached because of one reload before it: every place and position; more reloads are left out."""
    who = day.couriers[courier]
    found = {0}
    for k in range(1, upto + 1):
        here, there = day.stops[order[k - 1]].at, day.stops[order[k]].at
        setup = day.stops[order[k]].setup_s if here == there and k < upto else 0
        for place in set(who.reload_at):
            extra = day.drive[here][place] + day.drive[place][there] - day.drive[here][there]
            found.add(extra + who.reload_s + setup)
    return sorted(found)


def _break_offsets(lengths: Sequence[int]) -> list[int]:
    sums = {0}
    for length in lengths:
        sums |= {known + length for known in sums}
    return sorted(sums)


def _history_return(day: Day, courier: int) -> tuple[int, int, int]:
    """Return, drive and distance of going home after the history; what can't be driven or is late already can't be helped."""
    done, who = day.done[courier], day.couriers[courier]
    assert done is not None
    if who.end is None:
        return done.left_s, 0, 0
    leg, metres = leg_of(day, done.at, who.end)
    leg, metres = (0, 0) if leg >= NO_WAY or metres >= NO_WAY else (leg, metres)
    return done.free_s + leg, leg, metres


def _history_cost(day: Day, courier: int) -> float:
    return _history_route(day, courier).cost


def _history_route(day: Day, courier: int) -> Route:
    """The route of a courier who has been under way and gets no further stop: breaks still due are taken where that keeps the
    shift, else left out.
    """
    done, who = day.done[courier], day.couriers[courier]
    assert done is not None
    label = run(day, courier, (), done.depart_s)
    if label is not None and who.end is not None:
        return _trace(day, courier, (), done.depart_s, label)
    back, drive_s, distance_m = _history_return(day, courier)
    drive_s, distance_m = done.drive_s + drive_s, done.distance_m + distance_m
    work, cost = back - done.depart_s, who.cost
    money = cost.fixed + cost.per_stop * len(done.visits) + cost.per_work_s * work + done.late_cost
    return Route(
        courier=who.id,
        depart_s=done.depart_s,
        return_s=back,
        stops=done.visits,
        breaks=(),
        reloads=(),
        drive_s=drive_s,
        work_s=work,
        distance_m=distance_m,
        cost=money + way_cost(day, courier, drive_s, distance_m),
    )


def _trace(day: Day, courier: int, order: Sequence[int], depart: int, label: Label) -> Route:
    """The route behind a label at the return."""
    done = day.done[courier]
    hops = _hops(label)
    visits = () if done is None else done.visits
    served = [(hop, day.stops[hop.stop]) for hop in hops if hop.stop is not None]
    return Route(
        courier=day.couriers[courier].id,
        depart_s=depart,
        return_s=label.time,
        stops=(*visits, *(_visit(hop, stop) for hop, stop in served)),
        breaks=tuple(BreakTaken(start, end) for hop in hops for start, end in hop.breaks),
        reloads=tuple(_reloads(hops, day.stops, visits[-1].id if visits else None)),
        drive_s=(0 if done is None else done.drive_s) + sum(hop.drive_s for hop in hops),
        work_s=label.time - depart,
        distance_m=(0 if done is None else done.distance_m) + sum(hop.distance_m for hop in hops),
        cost=_total(day, courier, order, depart, label),
    )


def _hops(label: Label) -> list[Hop]:
    hops: list[Hop] = []
    at: Label | None = label
    while at is not None:
        if at.hop is not None:
            hops.append(at.hop)
        at = at.before
    return hops[::-1]


def _visit(hop: Hop, stop: Stop) -> Visit:
    return Visit(stop.id, hop.arrive_s, hop.start_s, hop.leave_s)


def _reloads(hops: Sequence[Hop], stops: Sequence[Stop], after: str | None) -> Iterator[Reload]:
    for hop in hops:
        if hop.reload is not None:
            yield Reload(after, hop.reload)
        elif hop.stop is not None:
            after = stops[hop.stop].id
