"""Small routing problems for the router's tests: by hand, and drawn with every feature mixed."""

import copy
import itertools
from typing import Any

from hypothesis import strategies as st

PLACES = 5


def line(*at: int) -> list[list[int]]:
    """Places on a line, driving one second per unit."""
    return [[abs(a - b) for b in at] for a in at]


def stop(name: str, at: int, **more: Any) -> dict[str, Any]:
    base = {"id": name, "at": at, "windows": [], "service_s": 0, "load": []}
    return {**base, **more}


def courier(name: str = "C", **more: Any) -> dict[str, Any]:
    base = {"id": name, "start": 0, "end": 0, "shift": [0, 1000], "capacity": [], "cost": {"per_drive_s": 1}}
    return {**base, **more}


def problem(matrix: list[list[Any]], stops: list[Any], couriers: list[Any], **more: Any) -> dict[str, Any]:
    return copy.deepcopy({"matrix_s": matrix, "stops": stops, "couriers": couriers, **more})


def every_plan(stops: list[str], couriers: int) -> Any:
    """Every way to give the stops, in every order, to the couriers; only for a handful."""
    for order in itertools.permutations(stops):
        for cuts in itertools.combinations_with_replacement(range(len(order) + 1), couriers - 1):
            edges = (0, *cuts, len(order))
            yield [order[a:b] for a, b in itertools.pairwise(edges)]


def _windows() -> Any:
    gaps = st.lists(st.integers(0, 120), max_size=4)
    return gaps.map(lambda steps: [list(pair) for pair in _pairs(list(itertools.accumulate(steps)))])


def _pairs(values: list[int]) -> list[tuple[int, int]]:
    return list(zip(values[::2], values[1::2], strict=False))


def _cost() -> Any:
    amount = st.sampled_from([0, 0, 1, 2.5, 0.125])
    return st.fixed_dictionaries(
        {
            "fixed": st.sampled_from([0, 0, 40]),
            "per_stop": amount,
            "per_m": amount,
            "per_drive_s": amount,
            "per_work_s": amount,
        }
    )


def _place() -> Any:
    return st.integers(0, PLACES - 1)


def _stop(loads: int) -> Any:
    return st.fixed_dictionaries(
        {
            "at": _place(),
            "windows": _windows(),
            "service_s": st.integers(0, 20),
            "setup_s": st.sampled_from([0, 0, 7]),
            "load": st.lists(st.integers(0, 5), min_size=loads, max_size=loads),
            "price": st.one_of(st.none(), st.integers(0, 150)),
            "allowed": st.sampled_from([None, None, None, ["C0"], []]),
            "late_per_s": st.sampled_from([None, None, 0.5, 3]),
        }
    )


def _courier(loads: int) -> Any:
    pause = st.tuples(st.integers(0, 200), st.integers(0, 60), st.integers(0, 30)).map(
        lambda t: {"between": [t[0], t[0] + t[1]], "for_s": t[2]}
    )
    return st.fixed_dictionaries(
        {
            "start": st.one_of(st.none(), _place()),
            "end": st.one_of(st.none(), _place()),
            "shift": st.tuples(st.integers(0, 50), st.integers(100, 400)).map(list),
            "capacity": st.lists(st.integers(2, 12), min_size=loads, max_size=loads),
            "max_route_s": st.one_of(st.none(), st.integers(50, 300)),
            "breaks": st.lists(pause, max_size=2),
            "reload_at": st.lists(_place(), max_size=1),
            "reload_s": st.integers(0, 15),
            "cost": _cost(),
        }
    )


@st.composite
def mixed(draw: Any) -> dict[str, Any]:
    """A problem of up to six stops and two couriers with any of the format's features."""
    loads = draw(st.integers(0, 2))
    entry = st.one_of(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.none())
    row = st.lists(entry, min_size=PLACES, max_size=PLACES)
    matrix = draw(st.lists(row, min_size=PLACES, max_size=PLACES))
    for k in range(PLACES):
        matrix[k][k] = 0
    stops = draw(st.lists(_stop(loads), max_size=6))
    couriers = draw(st.lists(_courier(loads), min_size=1, max_size=2))
    found = {
        "matrix_s": matrix,
        "loads": [f"kind {k}" for k in range(loads)],
        "stops": [{"id": f"s{k}", **what} for k, what in enumerate(stops)],
        "couriers": [{"id": f"C{k}", **what} for k, what in enumerate(couriers)],
        "now": draw(st.one_of(st.none(), st.integers(0, 100))),
    }
    count = draw(st.integers(0, min(3, len(stops))))
    if count:
        past = draw(st.integers(0, count))
        left = sorted(draw(st.lists(st.integers(0, 120), min_size=past, max_size=past)))
        chain = [{"id": f"s{k}", "leave_s": left[k] if k < past else None} for k in range(count)]
        found["locked"] = {"C0": chain}
    return found
