"""The router's question as values: places, stops, couriers, what is locked, and the limit of the search."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Matrix = tuple[tuple[int | None, ...], ...]
Window = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stop:
    """One visit. Times and durations are integers in the problem's own unit and origin.

    `windows` bound the start (set-up included) and `()` is any time; `setup_s` is paid unless the stop before is at the same
    place; `price` is the cost of not serving the stop, None means that it must be served; `allowed` None is every courier;
    `late_per_s` None makes the windows hard, else lateness counts from the end of the last one.
    """

    id: str
    at: int
    windows: tuple[Window, ...] = ()
    service_s: int = 0
    setup_s: int = 0
    load: tuple[int, ...] = ()
    price: float | None = None
    allowed: tuple[str, ...] | None = None
    late_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """A pause of `for_s` that starts within `between`; due only on a route that spans all of `between`."""

    between: Window
    for_s: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a courier charges: `fixed` once a stop is served, per stop, per metre, per second driven, per second of work."""

    fixed: float = 0
    per_stop: float = 0
    per_m: float = 0
    per_drive_s: float = 0
    per_work_s: float = 0


@dataclass(frozen=True, slots=True)
class Courier:
    """One route at most. `start` and `end` None leave that end open; `max_route_s` counts departure to return."""

    id: str
    shift: Window
    start: int | None = None
    end: int | None = None
    capacity: tuple[int, ...] = ()
    max_route_s: int | None = None
    breaks: tuple[Break, ...] = ()
    reload_at: tuple[int, ...] = ()
    reload_s: int = 0
    cost: Cost = field(default_factory=Cost)


@dataclass(frozen=True, slots=True)
class Locked:
    """A stop at the head of a route; with `leave_s` it has happened already."""

    id: str
    leave_s: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One day to be routed. `matrix_s[i][j]` is the driving time from place i to place j, None where there is no way."""

    matrix_s: Matrix
    matrix_m: Matrix
    stops: tuple[Stop, ...]
    couriers: tuple[Courier, ...]
    loads: tuple[str, ...] = ()
    now: int | None = None
    locked: Mapping[str, tuple[Locked, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seconds:
    """Search for this long, in wall time after the imports."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Steps:
    """Search for this many steps, whatever time they take: the same problem, seed and steps give the same plan."""

    steps: int


Limit = Seconds | Steps
