"""The router's answer as values, and its JSON both ways."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from domain.errors import RuleError

Code = Literal["no_way", "window", "capacity", "shift", "not_allowed", "price", "locked", "time_limit"]
CODES: tuple[Code, ...] = get_args(Code)


@dataclass(frozen=True, slots=True)
class Visit:
    """One served stop: arrival, start of set-up and service, and leaving."""

    id: str
    arrive_s: int
    start_s: int
    leave_s: int


@dataclass(frozen=True, slots=True)
class BreakTaken:
    start_s: int
    end_s: int


@dataclass(frozen=True, slots=True)
class Reload:
    """The vehicle is emptied at place `at`, after the stop `after` (None: before the first)."""

    after: str | None
    at: int


@dataclass(frozen=True, slots=True)
class Route:
    """What one courier drives. `work_s` is return minus departure; `cost` includes lateness."""

    courier: str
    depart_s: int
    return_s: int
    stops: tuple[Visit, ...]
    breaks: tuple[BreakTaken, ...]
    reloads: tuple[Reload, ...]
    drive_s: int
    work_s: int
    distance_m: int
    cost: float


@dataclass(frozen=True, slots=True)
class Unserved:
    id: str
    code: Code
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All routes and what stays. Plans compare by `unserved_mandatory`, then `cost`; how long it took is no part of the plan."""

    routes: tuple[Route, ...]
    unserved: tuple[Unserved, ...]
    unserved_mandatory: int
    cost: float
    seconds: float = field(compare=False)
    startup_s: float = field(compare=False)
    engine: str

    @property
    def rank(self) -> tuple[int, float]:
        """The smaller, the better."""
        return self.unserved_mandatory, self.cost


def plan_to_dict(plan: Plan) -> dict[str, Any]:
    """The plan as the JSON object of `docs/routing.md`."""
    return dataclasses.asdict(plan)


def plan_from_dict(raw: Mapping[str, Any]) -> Plan:
    """A plan from its JSON object; raises RuleError where a key is missing or one of its parts is no such value."""
    try:
        routes = tuple(_route(route) for route in raw["routes"])
        unserved = tuple(Unserved(**item) for item in raw["unserved"])
        rest = {name: raw[name] for name in ("unserved_mandatory", "cost", "seconds", "startup_s", "engine")}
    except (KeyError, TypeError) as error:
        raise RuleError(f"not a plan: {type(error).__name__}: {error}") from error
    return Plan(routes=routes, unserved=unserved, **rest)


def _route(raw: Mapping[str, Any]) -> Route:
    parts: dict[str, Any] = dict(raw)
    parts["stops"] = tuple(Visit(**item) for item in raw["stops"])
    parts["breaks"] = tuple(BreakTaken(**item) for item in raw["breaks"])
    parts["reloads"] = tuple(Reload(**item) for item in raw["reloads"])
    return Route(**parts)
