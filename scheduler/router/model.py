"""The routing model in OR-Tools: some couriers and some stops of a day as nodes, dimensions and disjunctions.

The model says nearly what the format says. Set-up is an arc's (so a stop's cumulated time is the start of service after
set-up), a break can only lie before, within or after the whole route, and history with the locked stops after it is no more than
a later start; the exact times, and the last word on what a route costs, are `schedule`'s. Whatever must be served may be
dropped at a price above any plan's cost, so that there always is a plan.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil
from random import Random
from typing import Any

from ortools.constraint_solver import pywrapcp

from scheduler.router.day import NO_WAY, Day
from scheduler.router.problem import Cost, Courier, Window
from scheduler.router.schedule import begin_of

SCALE_LIMIT = 1 << 53  # of the scaled cost of a whole plan: far from 63 bits even when multiplied by a penalty's weight
FINEST = 10**6  # of a cost unit: what scaled costs are rounded to
RELOADS_LIMIT = 40  # reload nodes of one place: each one more slows the search

Orders = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A stop, a reload at `place`, or the start or end of a route (`place` None: anywhere); `begun`: one under way."""

    place: int | None
    stop: int | None = None
    reload: bool = False
    begun: bool = False


@dataclass(frozen=True, slots=True)
class Begin:
    """Where a courier stands when free stops may follow: `fixed` that moment, or any later one; `begun` with stops behind it."""

    place: int | None
    time_s: int
    spent_s: int
    load: tuple[int, ...]
    taken: int
    begun: bool
    fixed: bool


@dataclass(frozen=True, slots=True)
class Model:
    """`nodes[n]` is what node n stands for; vehicle v is courier `couriers[v]`."""

    day: Day
    couriers: tuple[int, ...]
    begins: tuple[Begin, ...]
    nodes: tuple[Node, ...]
    manager: Any
    routing: Any
    mean_arc: float

    def orders(self, solution: Any) -> Orders:
        """The stops that each of the couriers visits, in order, reloads left out."""
        return tuple(self._order(solution, vehicle) for vehicle in range(len(self.couriers)))

    def _order(self, solution: Any, vehicle: int) -> tuple[int, ...]:
        index, stops = self.routing.Start(vehicle), []
        while not self.routing.IsEnd(index):
            stop = self.nodes[self.manager.IndexToNode(index)].stop
            if stop is not None:
                stops.append(stop)
            index = solution.Value(self.routing.NextVar(index))
        return tuple(stops)


def build(day: Day, begins: Mapping[int, Begin], stops: Sequence[int], rng: Random) -> Model:
    """The model of the couriers in `begins`, at least one, and of `stops` (indices).

    The solver has no seed: the order of the nodes, drawn from `rng`, decides between equal moves.
    """
    couriers, order = tuple(begins), list(stops)
    rng.shuffle(order)
    nodes = _nodes(day, couriers, order)
    starts, ends = _terminals(day, begins, nodes)
    manager = pywrapcp.RoutingIndexManager(len(nodes), len(couriers), starts, ends)
    routing = pywrapcp.RoutingModel(manager)
    model = Model(day, couriers, tuple(begins.values()), tuple(nodes), manager, routing, 1.0)
    scale = _scale(day, couriers, order)
    mean_arc = _costs(model, scale)
    _time(model, scale)
    _loads(model)
    _visits(model, scale)
    return replace(model, mean_arc=mean_arc)


def begin(day: Day, courier: int, head: Sequence[int]) -> Begin | None:
    """How the courier's route begins, None where the courier can do no more today."""
    depart, label = begin_of(day, courier, head)
    who, done = day.couriers[courier], day.done[courier]
    last = who.shift[1] if who.max_route_s is None else min(who.shift[1], label.time + who.max_route_s)
    if label.time > last or who.shift[0] > who.shift[1]:
        return None
    under_way = done is not None or bool(head)
    return Begin(
        place=label.place,
        time_s=label.time,
        spent_s=label.time - depart if under_way else 0,
        load=label.load,
        taken=label.taken,
        begun=under_way,
        fixed=under_way,
    )


def _nodes(day: Day, couriers: Sequence[int], stops: Sequence[int]) -> list[Node]:
    places = dict.fromkeys(place for c in couriers for place in day.couriers[c].reload_at)
    copies = _reload_copies(day, couriers, stops) if places else 0
    reloads = [Node(place, reload=True) for place in places for _ in range(copies)]
    return [*(Node(day.stops[i].at, stop=i) for i in stops), *reloads]


def _reload_copies(day: Day, couriers: Sequence[int], stops: Sequence[int]) -> int:
    """As many as the whole load needs on the smallest vehicle that reloads, and one for each courier besides."""
    need = 0
    for k in range(len(day.problem.loads)):
        room = min((day.couriers[c].capacity[k] for c in couriers if day.couriers[c].reload_at), default=0)
        need = max(need, ceil(sum(day.stops[i].load[k] for i in stops) / room) if room else len(stops))
    return min(need + len(couriers), len(stops), RELOADS_LIMIT)


def _terminals(day: Day, begins: Mapping[int, Begin], nodes: list[Node]) -> tuple[list[int], list[int]]:
    """Appends one node for each place where routes start or end; returns those of every vehicle."""
    known: dict[Node, int] = {}

    def number(node: Node) -> int:
        if node not in known:
            known[node] = len(nodes)
            nodes.append(node)
        return known[node]

    starts, ends = [], []
    for c, first in begins.items():
        starts.append(number(Node(first.place, begun=first.begun)))
        ends.append(number(Node(day.couriers[c].end)))
    return starts, ends


def _scale(day: Day, couriers: Sequence[int], stops: Sequence[int]) -> float:
    """What costs are multiplied by before they are rounded: fine, but with room for the whole plan in the solver's integers."""
    amounts = [value for c in couriers for value in _values(day.couriers[c].cost)]
    amounts += [price for i in stops if (price := day.stops[i].price) is not None]
    amounts += [late for i in stops if (late := day.stops[i].late_per_s) is not None]
    worst = max(1.0, _worst(day, couriers, stops))
    fine = 1 if all(float(value).is_integer() for value in amounts) else FINEST
    return min(float(fine), SCALE_LIMIT / worst / (len(stops) + 1))


def _values(cost: Cost) -> tuple[float, ...]:
    return cost.fixed, cost.per_stop, cost.per_m, cost.per_drive_s, cost.per_work_s


def _worst(day: Day, couriers: Sequence[int], stops: Sequence[int]) -> float:
    """No plan of these couriers and stops costs more."""
    horizon = _horizon(day)
    costs = [day.couriers[c].cost for c in couriers]
    legs = 2 * len(stops) + len(couriers)
    arc = max((c.per_m * day.longest_m + c.per_drive_s * day.longest_s + c.per_stop for c in costs), default=0)
    days = sum(c.fixed + c.per_work_s * (horizon[1] - horizon[0]) for c in costs)
    prices = sum(abs(day.stops[i].price or 0) for i in stops)
    late = sum((day.stops[i].late_per_s or 0) * (horizon[1] - horizon[0]) for i in stops)
    return legs * arc + days + prices + late


def _horizon(day: Day) -> Window:
    """From the first moment that anybody may depart to the last return."""
    begins = [day.earliest(c) for c in range(len(day.couriers))]
    ends = [courier.shift[1] for courier in day.couriers]
    return min(begins), max(begins + ends) + day.longest_s  # a route under way may come home late


def _costs(model: Model, scale: float) -> float:
    """Arc costs, one matrix for each tariff, and the fixed cost of using a vehicle. Returns the mean cost of an arc."""
    known: dict[tuple[float, ...], int] = {}
    mean = 1.0
    for v, c in enumerate(model.couriers):
        cost = model.day.couriers[c].cost
        tariff = (cost.per_m, cost.per_drive_s, cost.per_stop, cost.per_work_s)
        if tariff not in known:
            matrix = _arc_costs(model, cost, scale)
            mean = max(mean, sum(map(sum, matrix)) / max(1, len(matrix) ** 2))
            known[tariff] = model.routing.RegisterTransitMatrix(matrix)
        model.routing.SetArcCostEvaluatorOfVehicle(known[tariff], v)
        if not model.begins[v].begun:
            model.routing.SetFixedCostOfVehicle(round(scale * cost.fixed), v)
        else:
            model.routing.SetVehicleUsedWhenEmpty(True, v)  # noqa: FBT003 - the solver's own signature
    return mean


def _arc_costs(model: Model, cost: Cost, scale: float) -> list[list[int]]:
    """Work is paid on the arcs, waiting as slack: so first solutions see it. A leg without a way costs nothing here: the time
    dimension forbids it.
    """
    day = model.day
    heads = [(b.place, 0.0 if b.stop is None else cost.per_stop) for b in model.nodes]
    busy = _arc_times(model, 0) if cost.per_work_s else []
    matrix = []
    for k, a in enumerate(model.nodes):
        if a.place is None or (cost.per_m == cost.per_drive_s == 0):
            row = [fee for _, fee in heads]
        else:
            drive, metres = day.drive[a.place], day.metres[a.place]
            row = [
                fee + cost.per_m * metres[p] + cost.per_drive_s * drive[p]
                if p is not None and drive[p] < NO_WAY and metres[p] < NO_WAY
                else fee
                for p, fee in heads
            ]
        if cost.per_work_s:
            row = [money + cost.per_work_s * seconds for money, seconds in zip(row, busy[k], strict=True)]
        matrix.append([round(scale * money) for money in row])
    return matrix


def _time(model: Model, scale: float) -> None:
    """Times since the first departure: driving, set-up and service on the arcs, waiting as slack, shifts and windows as bounds."""
    day, routing = model.day, model.routing
    horizon = _horizon(day)
    length = horizon[1] - horizon[0]
    transit = routing.RegisterTransitMatrix(_arc_times(model, length + 1))
    routing.AddDimension(transit, length, length, False, "time")  # noqa: FBT003 - the solver's own signature
    time = routing.GetDimensionOrDie("time")
    for n, node in enumerate(model.nodes):
        if node.stop is not None:
            _stop_time(model, time, model.manager.NodeToIndex(n), node.stop, horizon, scale)
    service = [day.stops[node.stop].service_s if node.stop is not None else 0 for node in model.nodes]
    for v, c in enumerate(model.couriers):
        _vehicle_time(model, time, v, horizon[0], scale)
        _breaks(model, time, v, day.couriers[c], horizon[0], service)


def _arc_times(model: Model, never: int) -> list[list[int]]:
    """Seconds from being ready at one node to being ready at the next; `never` stands for no way."""
    day = model.day
    heads = [(b.place, 0 if b.stop is None else day.stops[b.stop].setup_s) for b in model.nodes]
    ends = [k for k, b in enumerate(model.nodes) if b.stop is None and not b.reload]
    matrix = []
    for a in model.nodes:
        spent = 0 if a.stop is None else day.stops[a.stop].service_s
        here = a.place if a.stop is not None or a.begun else None  # where set-up is paid already
        drive, metres = (None, None) if a.place is None else (day.drive[a.place], day.metres[a.place])
        if drive is None or metres is None:
            row = [spent + setup for _, setup in heads]
        else:
            row = [
                (0 if p is None else drive[p] if metres[p] < NO_WAY else NO_WAY) + spent + (0 if p == here else setup)
                for p, setup in heads
            ]
        if a.stop is None and not a.reload:
            for k in ends:  # who stays at home drives nowhere; who is under way and has no way home can't be helped
                row[k] = row[k] if a.begun and row[k] < NO_WAY else 0
        matrix.append([seconds if seconds < NO_WAY else never for seconds in row])
    return matrix


def _vehicle_time(model: Model, time: Any, vehicle: int, origin: int, scale: float) -> None:
    routing, first = model.routing, model.begins[vehicle]
    who = model.day.couriers[model.couriers[vehicle]]
    start, end = time.CumulVar(routing.Start(vehicle)), time.CumulVar(routing.End(vehicle))
    earliest, last = first.time_s - origin, who.shift[1] - origin
    start.SetRange(earliest, earliest if first.fixed else last)
    if not first.begun:
        end.SetRange(earliest, last)
    else:
        end.SetMin(earliest)  # the return of a route under way may be late already, and can't be helped
    if who.max_route_s is not None and not first.begun:
        time.SetSpanUpperBoundForVehicle(min(who.max_route_s, last - earliest), vehicle)
    if first.begun:
        longest = last if who.max_route_s is None else min(last, earliest + who.max_route_s - first.spent_s)
        home = _way_home(model.day, first, who)
        end.SetMax(max(longest, earliest + home))
    if who.cost.per_work_s:
        time.SetSlackCostCoefficientForVehicle(round(scale * who.cost.per_work_s), vehicle)  # the rest is on the arcs
    else:
        routing.AddVariableMinimizedByFinalizer(end)


def _way_home(day: Day, first: Begin, who: Courier) -> int:
    if first.place is None or who.end is None or day.drive[first.place][who.end] >= NO_WAY:
        return 0
    return day.drive[first.place][who.end]


def _stop_time(model: Model, time: Any, index: int, stop: int, horizon: Window, scale: float) -> None:
    """Windows bound the start of set-up; here they are moved by the set-up, exact where it is paid."""
    day, var = model.day, time.CumulVar(index)
    what, windows = day.stops[stop], [w for w in day.windows[stop] if w[0] <= w[1]]
    shift = what.setup_s - horizon[0]
    if not what.windows:
        return
    first = min((a for a, _ in windows), default=horizon[1] + 1) + shift
    last = max(b for _, b in day.windows[stop]) + shift
    length = horizon[1] - horizon[0]
    if what.late_per_s is not None:
        var.SetMin(min(max(0, first), length) if windows else 0)
        time.SetCumulVarSoftUpperBound(index, max(0, last), round(scale * what.late_per_s))
    elif first > length or last < 0 or not windows:
        model.routing.ActiveVar(index).SetValue(0)
        return
    else:
        var.SetRange(max(0, first), min(last, length))
    for (_, end), (begin, _) in pairwise(windows):
        if begin > end + 1:
            var.RemoveInterval(end + 1 + shift, begin - 1 + shift)


def _breaks(model: Model, time: Any, vehicle: int, who: Courier, origin: int, service: Sequence[int]) -> None:
    """The breaks not taken yet; one whose time was over before the route began is not due."""
    routing, first = model.routing, model.begins[vehicle]
    intervals = [
        routing.solver().FixedDurationIntervalVar(
            max(pause.between[0], first.time_s) - origin,
            pause.between[1] - origin,
            pause.for_s,
            False,  # noqa: FBT003 - the solver's own signature: not optional
            f"break {b} of {who.id}",
        )
        for b, pause in enumerate(who.breaks)
        if not first.taken >> b & 1 and pause.between[1] >= max(pause.between[0], first.time_s)
    ]
    if intervals:
        time.SetBreakIntervalsOfVehicle(intervals, vehicle, _by_index(model, service))


def _by_index(model: Model, by_node: Sequence[int]) -> list[int]:
    size = model.routing.Size() + model.routing.vehicles()
    return [by_node[model.manager.IndexToNode(index)] for index in range(size)]


def _loads(model: Model) -> None:
    """One dimension for each kind of load: stops fill the vehicle; a reload takes out what is in it, by way of its slack."""
    day, routing = model.day, model.routing
    for k in range(len(day.problem.loads)):
        rooms = [
            max(day.couriers[c].capacity[k], first.load[k])
            for c, first in zip(model.couriers, model.begins, strict=True)
        ]
        full = max(rooms, default=0)
        change = [_change(day, node, k, full) for node in model.nodes]
        taken = routing.RegisterUnaryTransitVector(change)
        name = f"load {k}"
        routing.AddDimensionWithVehicleCapacity(taken, full, rooms, False, name)  # noqa: FBT003 - the solver's signature
        load = routing.GetDimensionOrDie(name)
        for v, first in enumerate(model.begins):
            load.CumulVar(routing.Start(v)).SetValue(first.load[k])
            load.SlackVar(routing.Start(v)).SetValue(0)
        for n, node in enumerate(model.nodes):
            if node.stop is not None:
                load.SlackVar(model.manager.NodeToIndex(n)).SetValue(0)


def _change(day: Day, node: Node, kind: int, full: int) -> int:
    if node.stop is not None:
        return day.stops[node.stop].load[kind]
    return -full if node.reload else 0


def _visits(model: Model, scale: float) -> None:
    """Who may serve what, and what dropping it costs."""
    day = model.day
    vehicle = {c: v for v, c in enumerate(model.couriers)}
    stops = [node.stop for node in model.nodes if node.stop is not None]
    must = round(scale * _worst(day, model.couriers, stops)) + 1
    for n, node in enumerate(model.nodes):
        index = model.manager.NodeToIndex(n)
        if node.reload:
            allowed = [v for v, c in enumerate(model.couriers) if node.place in day.couriers[c].reload_at]
            _restrict(model, index, allowed, 0)
        elif node.stop is not None:
            price = day.stops[node.stop].price
            fine = must if price is None else max(0, round(scale * price))
            _restrict(model, index, [vehicle[c] for c in day.allowed[node.stop] if c in vehicle], fine)


def _restrict(model: Model, index: int, vehicles: Sequence[int], fine: int) -> None:
    model.routing.AddDisjunction([index], fine)
    if len(vehicles) < len(model.couriers):
        model.routing.VehicleVar(index).SetValues([-1, *vehicles])
