"""What a collector drove in a month and what it may charge, by its price: a line for each route, and their sum. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.pickup import Fault
from domain.returns import Route

COLLECTED = frozenset({"collected", "partly_collected"})
FAILED = "failed"
COUNTED = frozenset({"done", "under_way"})
"""Routes that somebody drove: a route that was only sent out, or declined, costs nothing."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """A collector's price in cents. ``failed``: for each failed stop that wasn't the courier's own fault."""

    fixed: int = 0
    stop: int = 0
    km: int = 0
    hour: int = 0
    failed: int = 0

    @property
    def set(self) -> bool:
        return any((self.fixed, self.stop, self.km, self.hour, self.failed))


@dataclass(frozen=True, slots=True)
class Line:
    """A route, or the sum of several. ``failed``: by whose fault. Metres and seconds as planned; ``cents`` None where no price is set."""

    day: str
    route: str
    courier: str
    collected: int
    failed: Mapping[Fault, int]
    distance_m: int
    work_s: int
    cents: int | None


def lines(routes: Iterable[Route], tariff: Tariff) -> list[Line]:
    driven = (route for route in routes if route.status in COUNTED)
    return [_line(route, tariff) for route in sorted(driven, key=lambda r: (r.day, r.id))]


def _line(route: Route, tariff: Tariff) -> Line:
    collected = sum(stop.status in COLLECTED for stop in route.stops)
    counted = Counter(Fault(stop.fault or Fault.NOBODY) for stop in route.stops if stop.status == FAILED)
    failed = {fault: counted[fault] for fault in Fault}
    work_s = int((route.return_at - route.depart_at).total_seconds())
    cents = _cents(tariff, collected, failed, route.distance_m, work_s) if tariff.set else None
    return Line(route.day, route.id, route.courier, collected, failed, route.distance_m, work_s, cents)


def _cents(tariff: Tariff, collected: int, failed: Mapping[Fault, int], distance_m: int, work_s: int) -> int:
    charged = sum(count for fault, count in failed.items() if fault is not Fault.COURIER)
    exact = tariff.km * distance_m / 1_000 + tariff.hour * work_s / 3_600
    return tariff.fixed + tariff.stop * collected + tariff.failed * charged + round(exact)


def total(found: Sequence[Line]) -> Line:
    """Sums of what is written in the lines, so that a reader's own sum agrees."""
    cents = [one.cents for one in found if one.cents is not None]
    return Line(
        "",
        "",
        "",
        sum(one.collected for one in found),
        {fault: sum(one.failed[fault] for one in found) for fault in Fault},
        sum(one.distance_m for one in found),
        sum(one.work_s for one in found),
        sum(cents) if cents or not found else None,
    )
