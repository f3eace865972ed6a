"""A day of pickups as the router's question, and the router's answer as routes and stops. Pure.

Times of the problem are whole seconds since local midnight of the day at the depot; index 0 of the matrix is the depot.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from domain.goods import NO_GOODS, Assumed, Goods
from domain.place import Location
from domain.returns import Return, Route, Stop
from domain.words import Words
from scheduler.batching import Batch, price_cents
from scheduler.plan_types import NO_LIMIT, Collector, Courier, Fleet, Load, Price, at_local
from scheduler.router import Plan
from scheduler.router import Route as PlannedRoute
from scheduler.router.reasons import extra_of
from scheduler.travel.hours import Slow, on_day, times_between
from scheduler.travel.table import Table

SETUP_S = 120  # park, find the door: paid once for neighbours
SERVICE_S = 300
SERVICE_PER_PIECE_S = 60
MAX_SERVICE_S = 840
"""Real pickup days: 7-14 minutes of service a stop."""
NO_COURIER = "no_courier"
NO_LOCATION = "no_location"
AREA_UNKNOWN = "area_unknown"
HELD = "attempts"

Between = Callable[[Location, Location], Sequence[tuple[float, float]]]
"""The way between two points as (lat, lon) pairs, ends included."""


def straight(a: Location, b: Location) -> Sequence[tuple[float, float]]:
    return ((a.lat, a.lon), (b.lat, b.lon))


@dataclass(frozen=True, slots=True)
class Visit:
    """A return with the place where it is fetched. ``carrier_cents``: what a carrier's own courier would take, None where none may go.
    ``rough``: the place is the middle of its street or district only.
    """

    value: Return
    location: Location
    district: str = ""
    carrier_cents: int | None = None
    rough: bool = False
    goods: Goods = NO_GOODS

    @property
    def door(self) -> Location | None:
        """Where the door is, as far as that is known."""
        return None if self.rough else self.location

    @property
    def pieces(self) -> int:
        return sum(item.qty for item in self.value.items)

    def load(self, assumed: Assumed) -> Load:
        return load_of(self.goods, assumed)


def load_of(goods: Goods, assumed: Assumed) -> Load:
    """A return is one parcel."""
    return Load(1, goods.weight(assumed), goods.volume(assumed))


def kinds_of(couriers: Iterable[Courier]) -> tuple[str, ...]:
    """The kinds of load that some vehicle limits: the others bind nobody, and cost the router time."""
    limits = [one.room for one in couriers]
    return tuple(
        kind for kind in Load._fields if kind == "parcels" or any(getattr(one, kind) < NO_LIMIT for one in limits)
    )


def counted(load: Load, kinds: Iterable[str]) -> list[int]:
    """A load by these kinds only."""
    return [getattr(load, kind) for kind in kinds]


@dataclass(frozen=True, slots=True)
class Left:
    """A return that the plan leaves out; ``code`` is the router's or one of ours, ``detail`` the router's sentence."""

    ref: str
    code: str
    detail: str = ""

    @property
    def words(self) -> Words:
        return Words(f"unserved_{self.code}", {"return": self.ref, "detail": self.detail})


def places(batch: Batch, visits: Sequence[Visit]) -> list[Location]:
    """The points of the matrix: the depot, then each address once (neighbours share their set-up time)."""
    return [batch.depot.location, *dict.fromkeys(visit.location for visit in visits)]


def midnight(batch: Batch) -> datetime:
    """The instant from which the problem counts its seconds."""
    return at_local(batch.day, time(), batch.depot.zone)


def build_problem(
    batch: Batch,
    visits: Sequence[Visit],
    fleet: Fleet,
    table: Table,
    *,
    now: datetime,
    busy: Mapping[str, datetime] | None = None,
) -> dict[str, Any]:
    """The routing problem of a batch (docs/routing.md). ``busy``: when couriers are back from an earlier route today."""
    index = {place: i for i, place in enumerate(places(batch, visits))}
    start = midnight(batch)
    couriers = fleet.couriers_of(batch.depot.id, batch.day)
    kinds = kinds_of(couriers)
    return {
        "matrix_s": _seconds_by_hour(table, _stretch(batch, visits, fleet, len(table.seconds), now)),
        "matrix_m": [list(row) for row in table.metres],
        "loads": list(kinds),
        "now": _seconds(now, start),
        "stops": [
            {**_stop(v, index[v.location], start, couriers, fleet, now), "load": counted(v.load(fleet.assumed), kinds)}
            for v in visits
        ],
        "couriers": [
            {**_courier(c, fleet, batch, start, (busy or {}).get(c.id)), "capacity": counted(c.room, kinds)}
            for c in couriers
        ],
    }


def _seconds_by_hour(table: Table, stretch: Sequence[float]) -> list[list[int | None]]:
    """The table's seconds, each column stretched by what is usual when its place is driven to; as they are without."""
    if not stretch:
        return [list(row) for row in table.seconds]
    return [[None if s is None else round(s * by) for s, by in zip(row, stretch, strict=True)] for row in table.seconds]


def _stretch(batch: Batch, visits: Sequence[Visit], fleet: Fleet, count: int, now: datetime) -> list[float]:
    """By how much the ways to each of ``count`` places stretch: at the hours promised there, else in the working day. []: never."""
    hours = on_day(fleet.hours, batch.day, batch.depot.zone)
    if not hours:
        return []
    spans: dict[Location, list[tuple[datetime, datetime] | None]] = {}
    for visit in visits:
        spans.setdefault(visit.location, []).append(_promised(visit.value, now))
    usual = times_between(hours, *_working(batch, fleet, now))
    known = [_mean(hours, one, usual) for one in spans.values()]  # in the order of places(), after the depot
    return [usual, *known, *([usual] * (count - 1 - len(known)))]


def _mean(hours: Sequence[Slow], spans: Sequence[tuple[datetime, datetime] | None], usual: float) -> float:
    known = [times_between(hours, span[0].timestamp(), span[1].timestamp()) for span in spans if span]
    return sum(known) / len(known) if len(known) == len(spans) else usual


def _working(batch: Batch, fleet: Fleet, now: datetime) -> tuple[float, float]:
    """What is left of the time in which somebody of the depot works; seconds since 1970."""
    shifts = [c.shift for c in fleet.couriers_of(batch.depot.id, batch.day)]
    begin, end = (
        pick((at_local(batch.day, shift[k], batch.depot.zone) for shift in shifts), default=now)
        for k, pick in enumerate((min, max))
    )
    return max(now, begin).timestamp(), end.timestamp()


def _promised(value: Return, now: datetime) -> tuple[datetime, datetime] | None:
    """The slot that still binds; one that has passed binds nobody."""
    if value.slot_from is None or value.slot_to is None or value.slot_to <= now:
        return None
    return value.slot_from, value.slot_to


def _seconds(at: datetime, start: datetime) -> int:
    return int((at - start).total_seconds())


def _stop(
    visit: Visit, at: int, start: datetime, couriers: Sequence[Courier], fleet: Fleet, now: datetime
) -> dict[str, Any]:
    return {
        "id": visit.value.ref,
        "at": at,
        "windows": _windows(visit.value, start, now),
        "service_s": min(MAX_SERVICE_S, SERVICE_S + SERVICE_PER_PIECE_S * visit.pieces),
        "setup_s": SETUP_S,
        "price": _price(visit, now),
        "allowed": _allowed(visit, couriers, fleet),
    }


def _price(visit: Visit, now: datetime) -> int:
    """What leaving the return out costs: what a carrier takes for it, or waiting another day."""
    waiting = price_cents(visit.value, now=now)
    return waiting if visit.carrier_cents is None else min(waiting, visit.carrier_cents)


def _windows(value: Return, start: datetime, now: datetime) -> list[list[int]]:
    """The promised slot; where none binds any more: come whenever the shift allows."""
    slot = _promised(value, now)
    return [[_seconds(at, start) for at in slot]] if slot else []


def _allowed(visit: Visit, couriers: Sequence[Courier], fleet: Fleet) -> list[str] | None:
    """Who may go: couriers whose collector serves the place; None where all may."""
    mine = [c.id for c in couriers if _serves(fleet.collector(c.collector), visit.district, visit.door)]
    return None if len(mine) == len(couriers) else mine


def nobody_for(district: str, door: Location | None, batch: Batch, fleet: Fleet) -> str:
    """Why nobody may go there that day: no courier, none of whom it is known that they serve the place, or none whose collector has a
    valid licence; "" where the router judges.
    """
    able = fleet.couriers_of(batch.depot.id, batch.day)
    serving = {_serves(fleet.collector(c.collector), district, door) for c in able}
    if True in serving:
        return ""
    if None in serving:
        return AREA_UNKNOWN
    known = [fleet.collector(c.collector) for c in fleet.couriers_of(batch.depot.id)]
    faults = {f for c in known if c and (f := c.licence.fault(batch.day)) and (c.serves(district, door) or not able)}
    return min(faults, default="" if able else NO_COURIER)


def _serves(collector: Collector | None, district: str, door: Location | None) -> bool | None:
    return collector.serves(district, door) if collector else False


def _courier(courier: Courier, fleet: Fleet, batch: Batch, start: datetime, back_at: datetime | None) -> dict[str, Any]:
    begin, end = (_local(clock, batch, start) for clock in courier.shift)
    if back_at is not None:
        begin = min(end, max(begin, _seconds(back_at, start)))
    return {
        "id": courier.id,
        "start": 0,
        "end": 0,
        "shift": [begin, end],
        "max_route_s": courier.max_route_s,
        "breaks": [
            {
                "between": [_local(p.earliest, batch, start), _local(p.latest, batch, start)],
                "for_s": p.minutes * 60,
            }
            for p in courier.breaks
        ],
        "cost": _cost(courier, fleet),
    }


def shifts_of(batch: Batch, fleet: Fleet) -> dict[str, tuple[int, int]]:
    """When the depot's couriers work that day, in the problem's seconds."""
    start = midnight(batch)
    couriers = fleet.couriers_of(batch.depot.id, batch.day)
    return {c.id: (_local(c.shift[0], batch, start), _local(c.shift[1], batch, start)) for c in couriers}


def _local(clock: time, batch: Batch, start: datetime) -> int:
    return _seconds(at_local(batch.day, clock, batch.depot.zone), start)


def _cost(courier: Courier, fleet: Fleet) -> dict[str, float]:
    collector = fleet.collector(courier.collector)
    price = courier.price or (collector.price if collector else Price())
    return {
        "fixed": price.per_route_cents,
        "per_stop": price.per_stop_cents,
        "per_m": price.per_km_cents / 1_000,
        "per_work_s": price.per_hour_cents / 3_600,
    }


# --- the answer ----------------------------------------------------------------------------------------------------


def routes_of(
    plan: Plan,
    batch: Batch,
    visits: Sequence[Visit],
    fleet: Fleet,
    *,
    now: datetime,
    taken: frozenset[str] = frozenset(),
    between: Between = straight,
) -> list[Route]:
    """The plan's routes as they are dispatched; ``taken`` are the ids of routes that exist already."""
    by_ref = {visit.value.ref: visit for visit in visits}
    collectors = {courier.id: courier.collector for courier in fleet.couriers}
    return [
        replace(
            _route(planned, batch, by_ref, route_id(batch, planned.courier, taken), now, between),
            collector=collectors[planned.courier],
            engine=plan.engine,
        )
        for planned in plan.routes
        if planned.stops
    ]


def route_id(batch: Batch, courier: str, taken: frozenset[str]) -> str:
    """`R-<day>-<depot>-<courier>`, and `-2`, `-3` … for further routes of that day."""
    first = f"R-{batch.day.isoformat()}-{batch.depot.id}-{courier}"
    numbered = (first if n == 1 else f"{first}-{n}" for n in range(1, len(taken) + 2))
    return next(name for name in numbered if name not in taken)


def stop_id(value: Return) -> str:
    """`S-<return>-<attempt>`: one visit a try."""
    return f"S-{value.ref}-{value.attempts + 1}"


def _route(
    planned: PlannedRoute,
    batch: Batch,
    by_ref: Mapping[str, Visit],
    name: str,
    now: datetime,
    between: Between,
) -> Route:
    start = midnight(batch)
    chain = [by_ref[visit.id] for visit in planned.stops]
    stops = tuple(
        Stop(
            id=stop_id(visit.value),
            route_id=name,
            return_ref=visit.value.ref,
            position=position,
            lat=visit.location.lat,
            lon=visit.location.lon,
            arrive_at=_at(start, times.arrive_s),
            start_at=_at(start, times.start_s),
            leave_at=_at(start, times.leave_s),
        )
        for position, (visit, times) in enumerate(zip(chain, planned.stops, strict=True), start=1)
    )
    return Route(
        id=name,
        day=batch.day.isoformat(),
        depot=batch.depot.id,
        collector="",
        courier=planned.courier,
        depart_at=_at(start, planned.depart_s),
        return_at=_at(start, planned.return_s),
        dispatched_at=now,
        stops=stops,
        distance_m=planned.distance_m,
        drive_s=planned.drive_s,
        cost_cents=round(planned.cost),
        path=path_of([batch.depot.location, *(visit.location for visit in chain), batch.depot.location], between),
    )


def _at(start: datetime, seconds: int) -> datetime:
    return (start + timedelta(seconds=seconds)).astimezone(UTC)


def path_of(points: Sequence[Location], between: Between) -> tuple[tuple[float, float], ...]:
    """The way over these points, each of its own points once."""
    legs = [point for a, b in pairwise(points) for point in between(a, b)]
    return tuple(point for i, point in enumerate(legs) if i == 0 or point != legs[i - 1])


def left_of(plan: Plan) -> list[Left]:
    """What the router left out, with its code and reason."""
    return [Left(item.id, item.code, item.reason) for item in plan.unserved]


def to_carriers(plan: Plan, visits: Sequence[Visit]) -> dict[str, dict[str, int | None]]:
    """The returns that the plan leaves to a carrier, since that is cheaper: what the carrier takes, and what the plan would add."""
    prices = {visit.value.ref: visit.carrier_cents for visit in visits if visit.carrier_cents is not None}
    return {
        item.id: {"carrier": prices[item.id], "route": None if (extra := extra_of(item)) is None else round(extra)}
        for item in plan.unserved
        if item.code == "price" and item.id in prices
    }
