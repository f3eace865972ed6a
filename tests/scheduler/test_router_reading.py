"""Reading a routing problem: what is well formed, and how the rest is refused."""

import copy

import pytest

from domain.errors import RuleError
from scheduler.router import Stop, read_problem

GOOD = {
    "matrix_s": [[0, 5], [6, 0]],
    "loads": ["parcels"],
    "stops": [{"id": "a", "at": 1, "windows": [[0, 9]], "service_s": 3, "load": [1]}],
    "couriers": [{"id": "C", "start": 0, "end": 0, "shift": [0, 99], "capacity": [4]}],
}
MISSING = object()


def changed(path, value):
    raw = copy.deepcopy(GOOD)
    at = raw
    for key in path[:-1]:
        at = at[key]
    if value is MISSING:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return raw


def test_missing_optional_fields_have_their_defaults():
    """matrix_m is matrix_s, set-up is 0, prices and limits are none, costs are 0, nothing is locked."""
    problem = read_problem(GOOD)
    assert problem.stops == (Stop(id="a", at=1, windows=((0, 9),), service_s=3, load=(1,)),)
    assert problem.matrix_m == problem.matrix_s
    assert problem.now is None
    assert problem.couriers[0].cost.per_work_s == 0
    assert (problem.couriers[0].breaks, problem.couriers[0].reload_at, problem.locked) == ((), (), {})


def test_null_is_an_open_end_and_no_way():
    """start and end null leave the route open; null in a matrix is kept as no way."""
    raw = changed(("couriers", 0, "start"), None)
    raw["matrix_s"][0][1] = None
    problem = read_problem(raw)
    assert problem.couriers[0].start is None
    assert problem.matrix_s[0][1] is None


BAD = [
    ((), "matrix_s", MISSING, "matrix_s: missing"),
    ((), "stops", MISSING, "stops: missing"),
    ((), "couriers", MISSING, "couriers: missing"),
    ((), "stops", {}, "stops: not a list"),
    ((), "matrix_s", [[0, 1], [2]], "matrix_s[1]: has 1 entries"),
    ((), "matrix_s", [[0, -1], [2, 0]], "matrix_s[0][1]: negative"),
    ((), "matrix_s", [[0, 1.5], [2, 0]], "matrix_s[0][1]: not an integer"),
    ((), "matrix_s", [[0, True], [2, 0]], "matrix_s[0][1]: not an integer"),
    ((), "matrix_m", [[0]], "matrix_m: has 1 rows"),
    ((), "now", "noon", "now: not an integer"),
    ((), "locked", {"D": []}, "locked.D: unknown courier 'D'"),
    ((), "locked", {"C": [{"id": "b"}]}, "locked.C[0].id: unknown stop 'b'"),
    ((), "locked", {"C": [{"id": "a"}, {"id": "a"}]}, "locked.C[1].id: 'a' is locked twice"),
    ((), "locked", [], "locked: not an object"),
    (("stops", 0), "id", MISSING, "stops[0].id: missing"),
    (("stops", 0), "id", 7, "stops[0].id: not a text"),
    (("stops", 0), "at", MISSING, "stops[0].at: missing"),
    (("stops", 0), "at", 2, "stops[0].at: 2 is no index"),
    (("stops", 0), "at", -1, "stops[0].at: -1 is no index"),
    (("stops", 0), "windows", MISSING, "stops[0].windows: missing"),
    (("stops", 0), "windows", [[1]], "stops[0].windows[0]: not two integers"),
    (("stops", 0), "windows", [[1, "2"]], "stops[0].windows[0][1]: not an integer"),
    (("stops", 0), "service_s", -3, "stops[0].service_s: negative"),
    (("stops", 0), "service_s", None, "stops[0].service_s: not an integer"),
    (("stops", 0), "load", [1, 2], "stops[0].load: has 2 entries"),
    (("stops", 0), "load", MISSING, "stops[0].load: missing"),
    (("stops", 0), "price", "free", "stops[0].price: not a number"),
    (("stops", 0), "price", float("nan"), "stops[0].price: not a number"),
    (("stops", 0), "allowed", ["C", "D"], "stops[0].allowed[1]: unknown courier 'D'"),
    (("stops", 0), "late_per_s", -1, "stops[0].late_per_s: negative"),
    (("couriers", 0), "shift", MISSING, "couriers[0].shift: missing"),
    (("couriers", 0), "shift", [0], "couriers[0].shift: not two integers"),
    (("couriers", 0), "start", 9, "couriers[0].start: 9 is no index"),
    (("couriers", 0), "capacity", [], "couriers[0].capacity: has 0 entries"),
    (("couriers", 0), "breaks", [{"for_s": 3}], "couriers[0].breaks[0].between: missing"),
    (("couriers", 0), "reload_at", [5], "couriers[0].reload_at[0]: 5 is no index"),
    (("couriers", 0), "cost", {"per_m": "1"}, "couriers[0].cost.per_m: not a number"),
    (("couriers", 0), "max_route_s", -1, "couriers[0].max_route_s: negative"),
]


@pytest.mark.parametrize(("path", "key", "value", "message"), BAD)
def test_broken_structure_is_refused_with_its_path(path, key, value, message):
    """A wrong structure is a RuleError that names the place in the JSON."""
    with pytest.raises(RuleError) as caught:
        read_problem(changed((*path, key), value))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("raw", [[], None, "problem", 3])
def test_a_problem_is_an_object(raw):
    """Anything but an object is refused."""
    with pytest.raises(RuleError, match="not an object"):
        read_problem(raw)


@pytest.mark.parametrize("kind", ["stops", "couriers"])
def test_an_id_is_there_once(kind):
    """Two stops or couriers of one id are refused."""
    raw = copy.deepcopy(GOOD)
    raw[kind].append(copy.deepcopy(raw[kind][0]))
    with pytest.raises(RuleError, match=rf"{kind}\[1\].id: .* twice"):
        read_problem(raw)


def test_history_comes_before_what_is_to_come():
    """In a locked chain, a stop that was left can't follow one that wasn't."""
    raw = copy.deepcopy(GOOD)
    raw["stops"].append({**raw["stops"][0], "id": "b"})
    raw["locked"] = {"C": [{"id": "a"}, {"id": "b", "leave_s": 30}]}
    with pytest.raises(RuleError, match=r"locked.C\[1\].leave_s"):
        read_problem(raw)
