"""Who fetches returns, from where and at what price: the values that the configuration is turned into."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.area import Area
from domain.goods import USUAL, Assumed
from domain.licence import NOT_ASKED, Licence
from domain.place import Location
from domain.words import Words


@dataclass(frozen=True, slots=True)
class Depot:
    """Where routes start and end. ``cut_off`` is the local time at which the plan of the day is made."""

    id: str
    name: str
    location: Location
    cut_off: time
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Price:
    """What a collector charges, in cents. ``per_route`` is paid once a route has a stop."""

    per_route_cents: int = 0
    per_stop_cents: int = 0
    per_km_cents: int = 0
    per_hour_cents: int = 0


@dataclass(frozen=True, slots=True)
class Collector:
    """A third-party firm that fetches returns. ``areas`` are the districts that it serves, ``drawn`` is what else it serves; neither is
    everywhere.
    """

    id: str
    name: str
    depots: tuple[str, ...]
    price: Price = Price()
    areas: tuple[str, ...] = ()
    licence: Licence = NOT_ASKED
    drawn: Area | None = None

    def serves(self, district: str, at: Location | None) -> bool | None:
        """None: nobody knows, since the area is drawn and the door isn't known well enough (``at`` None). Of those who serve
        named districts only, a customer without a known district may be served by all.
        """
        if district in self.areas or (not self.areas and self.drawn is None):
            return True
        if self.drawn is None:
            return not district
        return None if at is None else self.drawn.holds(at)


@dataclass(frozen=True, slots=True)
class Pause:
    """A break of ``minutes`` that starts between two local times."""

    earliest: time
    latest: time
    minutes: int


class Load(NamedTuple):
    """What is on a vehicle, or may be: parcels, grams, millilitres; in plans under these names."""

    parcels: int = 1
    g: int = 0
    ml: int = 0


NO_LIMIT = 10**12
"""More than any day's goods."""


@dataclass(frozen=True, slots=True)
class Courier:
    """A person on a route. ``shift`` are local times at the depot. ``capacity`` is in parcels, ``capacity_g`` and ``capacity_ml`` what
    the vehicle carries besides, None: nobody said. ``price`` None is the collector's.
    """

    id: str
    name: str
    collector: str
    depot: str
    shift: tuple[time, time]
    capacity: int = 30
    breaks: tuple[Pause, ...] = ()
    max_route_s: int | None = None
    price: Price | None = None
    capacity_g: int | None = None
    capacity_ml: int | None = None

    @property
    def room(self) -> Load:
        return Load(self.capacity, _or_any(self.capacity_g), _or_any(self.capacity_ml))


def _or_any(amount: int | None) -> int:
    return NO_LIMIT if amount is None else amount


@dataclass(frozen=True, slots=True)
class Hours:
    """Between two local times ways take so many ``times`` as long; 00:00 as the end is the end of the day."""

    begins: time
    ends: time
    times: float


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everyone and everything that can fetch returns. ``assumed``: what goods are taken for whose weight or volume nobody said.
    ``hours``: when ways take longer; ``times``: how many times as long as the crow's flight tells they take at any hour, for whoever plans by that.
    """

    depots: tuple[Depot, ...]
    collectors: tuple[Collector, ...]
    couriers: tuple[Courier, ...]
    assumed: Assumed = USUAL
    hours: tuple[Hours, ...] = ()
    times: float = 1.0

    def depot(self, depot_id: str) -> Depot | None:
        return next((d for d in self.depots if d.id == depot_id), None)

    def collector(self, collector_id: str) -> Collector | None:
        return next((c for c in self.collectors if c.id == collector_id), None)

    def couriers_of(self, depot_id: str, day: date | None = None) -> tuple[Courier, ...]:
        """The couriers who start at a depot and whose collector serves it, by id; of a ``day`` those whose collector's licence holds."""
        able = (c for c in self.collectors if day is None or not c.licence.fault(day))
        serving = {c.id for c in able if depot_id in c.depots}
        mine = (c for c in self.couriers if c.depot == depot_id and c.collector in serving)
        return tuple(sorted(mine, key=lambda c: c.id))


@dataclass(frozen=True, slots=True)
class Slot:
    """The span in which a customer expects the courier; aware UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer, not an error: what is refused, under which rule, and the way out, all in ``reason``."""

    reason: Words


def at_local(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """A local time of a local day, as an instant."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


def local_day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def days_after(day: date, count: int) -> Sequence[date]:
    """``count`` days from ``day`` on."""
    return [day + timedelta(days=n) for n in range(count)]
