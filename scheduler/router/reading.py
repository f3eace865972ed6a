"""From the JSON of a routing problem to values, or a RuleError that names the place in the JSON.

Only structure is refused here: a missing key, a wrong type, a ragged or negative matrix, an unknown or doubled id. A stop that
nobody can serve is no error; it comes back unserved, with its reason.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from domain.errors import RuleError
from scheduler.router.problem import Break, Cost, Courier, Locked, Matrix, Problem, Stop, Window

T = TypeVar("T")
MISSING = object()
LARGEST = 10**12  # of any time, duration, distance, load or price: sums of thousands still fit the solver's 63 bits


def read_problem(raw: Mapping[str, Any]) -> Problem:
    """The problem in `raw`; raises RuleError with the JSON path, as in `stops[3].windows[0]: not two integers`."""
    _object(raw, "problem")
    matrix_s = _matrix(_need(raw, "matrix_s", ""), "matrix_s")
    given_m = raw.get("matrix_m")
    matrix_m = matrix_s if given_m is None else _matrix(given_m, "matrix_m", len(matrix_s))
    loads = _list(_string, raw.get("loads", []), "loads")
    stops = _list(_stop_reader(len(matrix_s), len(loads)), _need(raw, "stops", ""), "stops")
    couriers = _list(_courier_reader(len(matrix_s), len(loads)), _need(raw, "couriers", ""), "couriers")
    problem = Problem(
        matrix_s=matrix_s,
        matrix_m=matrix_m,
        stops=stops,
        couriers=couriers,
        loads=loads,
        now=_optional(_integer, raw.get("now"), "now"),
        locked=_locked(raw.get("locked", {}), "locked"),
    )
    check_ids(problem)
    return problem


def check_ids(problem: Problem) -> None:
    """Every id once, every reference known, history before what is still to come; raises RuleError otherwise."""
    stops = _once([stop.id for stop in problem.stops], "stops")
    couriers = _once([courier.id for courier in problem.couriers], "couriers")
    for i, stop in enumerate(problem.stops):
        for j, courier in enumerate(stop.allowed or ()):
            _known(courier, couriers, f"stops[{i}].allowed[{j}]", "courier")
    seen: set[str] = set()
    for courier, chain in problem.locked.items():
        _known(courier, couriers, f"locked.{courier}", "courier")
        _check_chain(chain, stops, seen, f"locked.{courier}")


def _check_chain(chain: Sequence[Locked], stops: set[str], seen: set[str], path: str) -> None:
    open_seen = False
    for i, lock in enumerate(chain):
        _known(lock.id, stops, f"{path}[{i}].id", "stop")
        if lock.id in seen:
            _refuse(f"{path}[{i}].id", f"{lock.id!r} is locked twice")
        if open_seen and lock.leave_s is not None:
            _refuse(f"{path}[{i}].leave_s", "a stop that was left comes before those that were not")
        seen.add(lock.id)
        open_seen = open_seen or lock.leave_s is None


def _stop_reader(places: int, loads: int) -> Callable[[Any, str], Stop]:
    def read(raw: Any, path: str) -> Stop:
        _object(raw, path)
        return Stop(
            id=_string(_need(raw, "id", path), f"{path}.id"),
            at=_place(_need(raw, "at", path), f"{path}.at", places),
            windows=_list(_interval, _need(raw, "windows", path), f"{path}.windows"),
            service_s=_count(_need(raw, "service_s", path), f"{path}.service_s"),
            setup_s=_count(raw.get("setup_s", 0), f"{path}.setup_s"),
            load=_amounts(raw, "load", path, loads),
            price=_optional(_amount, raw.get("price"), f"{path}.price"),
            allowed=_optional(_strings, raw.get("allowed"), f"{path}.allowed"),
            late_per_s=_optional(_amount, raw.get("late_per_s"), f"{path}.late_per_s"),
        )

    return read


def _courier_reader(places: int, loads: int) -> Callable[[Any, str], Courier]:
    def place(raw: Any, path: str) -> int:
        return _place(raw, path, places)

    def read(raw: Any, path: str) -> Courier:
        _object(raw, path)
        return Courier(
            id=_string(_need(raw, "id", path), f"{path}.id"),
            shift=_interval(_need(raw, "shift", path), f"{path}.shift"),
            start=_optional(place, raw.get("start"), f"{path}.start"),
            end=_optional(place, raw.get("end"), f"{path}.end"),
            capacity=_amounts(raw, "capacity", path, loads),
            max_route_s=_optional(_count, raw.get("max_route_s"), f"{path}.max_route_s"),
            breaks=_list(_break, raw.get("breaks", []), f"{path}.breaks"),
            reload_at=_list(place, raw.get("reload_at", []), f"{path}.reload_at"),
            reload_s=_count(raw.get("reload_s", 0), f"{path}.reload_s"),
            cost=_cost(raw.get("cost", {}), f"{path}.cost"),
        )

    return read


def _break(raw: Any, path: str) -> Break:
    _object(raw, path)
    between = _interval(_need(raw, "between", path), f"{path}.between")
    return Break(between, _count(_need(raw, "for_s", path), f"{path}.for_s"))


def _cost(raw: Any, path: str) -> Cost:
    _object(raw, path)
    names = ("fixed", "per_stop", "per_m", "per_drive_s", "per_work_s")
    return Cost(**{name: _amount(raw.get(name, 0), f"{path}.{name}") for name in names})


def _locked(raw: Any, path: str) -> dict[str, tuple[Locked, ...]]:
    _object(raw, path)
    return {courier: _list(_lock, chain, f"{path}.{courier}") for courier, chain in raw.items()}


def _lock(raw: Any, path: str) -> Locked:
    _object(raw, path)
    return Locked(
        _string(_need(raw, "id", path), f"{path}.id"), _optional(_integer, raw.get("leave_s"), f"{path}.leave_s")
    )


def _matrix(raw: Any, path: str, size: int | None = None) -> Matrix:
    rows = _list(_any, raw, path)
    width = len(rows) if size is None else size
    if len(rows) != width:
        _refuse(path, f"has {len(rows)} rows where matrix_s has {width}")
    return tuple(_row(row, f"{path}[{i}]", width) for i, row in enumerate(rows))


def _row(raw: Any, path: str, width: int) -> tuple[int | None, ...]:
    if not isinstance(raw, list | tuple):
        _refuse(path, "not a list")
    if len(raw) != width:
        _refuse(path, f"has {len(raw)} entries where the matrix has {width} rows")
    if not all(entry is None or (type(entry) is int and 0 <= entry <= LARGEST) for entry in raw):
        for j, entry in enumerate(raw):
            _optional(_count, entry, f"{path}[{j}]")
    return tuple(raw)


def _amounts(raw: Mapping[str, Any], name: str, path: str, loads: int) -> tuple[int, ...]:
    """Loads or capacities: one per kind of load; the key may be left out where there are no kinds."""
    values = _list(_count, raw.get(name, []) if loads == 0 else _need(raw, name, path), f"{path}.{name}")
    if len(values) != loads:
        _refuse(f"{path}.{name}", f"has {len(values)} entries where `loads` has {loads}")
    return values


def _list(read: Callable[[Any, str], T], raw: Any, path: str) -> tuple[T, ...]:
    if not isinstance(raw, list | tuple):
        _refuse(path, "not a list")
    return tuple(read(item, f"{path}[{i}]") for i, item in enumerate(raw))


def _optional(read: Callable[[Any, str], T], raw: Any, path: str) -> T | None:
    return None if raw is None else read(raw, path)


def _any(raw: Any, _path: str) -> Any:
    return raw


def _object(raw: Any, path: str) -> None:
    if not isinstance(raw, Mapping):
        _refuse(path, "not an object")


def _need(raw: Mapping[str, Any], name: str, path: str) -> Any:
    value = raw.get(name, MISSING)
    if value is MISSING:
        _refuse(f"{path}.{name}" if path else name, "missing")
    return value


def _interval(raw: Any, path: str) -> Window:
    if not isinstance(raw, list | tuple) or len(raw) != 2:
        _refuse(path, "not two integers")
    return _integer(raw[0], f"{path}[0]"), _integer(raw[1], f"{path}[1]")


def _strings(raw: Any, path: str) -> tuple[str, ...]:
    return _list(_string, raw, path)


def _string(raw: Any, path: str) -> str:
    if not isinstance(raw, str):
        _refuse(path, "not a text")
    return raw


def _integer(raw: Any, path: str) -> int:
    if type(raw) is not int:
        _refuse(path, "not an integer")
    if abs(raw) > LARGEST:
        _refuse(path, f"beyond {LARGEST}")
    return raw


def _count(raw: Any, path: str) -> int:
    value = _integer(raw, path)
    if value < 0:
        _refuse(path, "negative")
    return value


def _amount(raw: Any, path: str) -> float:
    if type(raw) not in {int, float} or not math.isfinite(raw):
        _refuse(path, "not a number")
    if raw < 0:
        _refuse(path, "negative")
    if raw > LARGEST:
        _refuse(path, f"beyond {LARGEST}")
    return float(raw) if isinstance(raw, float) else int(raw)


def _place(raw: Any, path: str, places: int) -> int:
    value = _integer(raw, path)
    if not 0 <= value < places:
        _refuse(path, f"{value} is no index of the matrix, which has {places} rows")
    return value


def _once(ids: Sequence[str], path: str) -> set[str]:
    seen: set[str] = set()
    for i, name in enumerate(ids):
        if name in seen:
            _refuse(f"{path}[{i}].id", f"{name!r} is there twice")
        seen.add(name)
    return seen


def _known(name: str, names: set[str], path: str, kind: str) -> None:
    if name not in names:
        _refuse(path, f"unknown {kind} {name!r}")


def _refuse(path: str, message: str) -> NoReturn:
    raise RuleError(f"{path}: {message}")
