"""The router in a process of its own, and the command around it."""

import asyncio
import json
import os
import subprocess
import sys
import time

import pytest
from router_problems import courier, line, problem, stop

from domain.errors import RuleError
from scheduler.referee import check
from scheduler.router import Steps, plan_from_dict, read_problem, solve
from scheduler.router.process import SolverFailed, patience, solve_in_background, solve_in_process
from scheduler.routes_command import routes_solve

RAW = problem(line(0, 10, 20), [stop("a", 1), stop("乙", 2), stop("far", 2, price=1)], [courier()])


def crash(_problem, *, seed, limit, engine, cores):
    os._exit(seed + 6)


def fail(_problem, *, seed, limit, engine, cores):
    raise LookupError("a bug of ours")


def refuse(_problem, *, seed, limit, engine, cores):
    raise RuleError("stops: refused")


def hang(_problem, *, seed, limit, engine, cores):
    time.sleep(60)


def test_the_plan_of_a_process_is_the_plan():
    """A spawned process gives what the same solve gives here."""
    question = read_problem(RAW)
    assert solve_in_process(question, seed=1, limit=Steps(3)) == solve(question, seed=1, limit=Steps(3))


def test_steps_give_one_plan_in_every_process():
    """Same seed and steps in another process, where hashes differ: the same plan, with optional stops and two couriers."""
    at = [(29 * k) % 83 for k in range(26)]
    stops = [
        stop(f"s{k}", k, windows=[[5 * k, 5 * k + 90]], setup_s=3, price=40 if k % 4 else None) for k in range(1, 26)
    ]
    cost = {"fixed": 12.5, "per_drive_s": 0.75, "per_work_s": 0.2}
    question = read_problem(problem(line(*at), stops, [courier(cost=cost), courier("D", cost=cost)]))
    here = solve(question, seed=3, limit=Steps(25))
    assert {visit.id for route in here.routes for visit in route.stops}
    assert solve_in_process(question, seed=3, limit=Steps(25)) == here


@pytest.mark.parametrize(
    ("work", "error", "text"),
    [(crash, SolverFailed, "exit code 7"), (fail, SolverFailed, "LookupError: a bug"), (refuse, RuleError, "refused")],
)
def test_a_process_that_fails_says_so(work, error, text):
    """A crash and an unexpected error are SolverFailed, a broken rule stays a RuleError."""
    with pytest.raises(error, match=text):
        solve_in_process(read_problem(RAW), seed=1, limit=Steps(1), work=work)


def test_a_process_that_hangs_is_ended():
    """After its patience the process is killed and SolverFailed raised."""
    with pytest.raises(SolverFailed, match="no plan after"):
        solve_in_process(read_problem(RAW), seed=1, limit=Steps(1), patience_s=0.5, work=hang)


def test_an_event_loop_can_wait_for_it():
    """The background variant gives a future that asyncio can await while it does other things."""

    async def both():
        future = asyncio.wrap_future(solve_in_background(read_problem(RAW), seed=1, limit=Steps(2)))
        beats = 0
        while not future.done():
            await asyncio.sleep(0.001)
            beats += 1
        return await future, beats

    plan, beats = asyncio.run(both())
    assert check(read_problem(RAW), plan) == []
    assert beats > 1


def test_patience_grows_with_the_limit():
    """A longer search is waited for longer."""
    assert patience(Steps(100)) > patience(Steps(1))


def run(tmp_path, body, **more):
    file, out = tmp_path / "problem.json", tmp_path / "plan.json"
    file.write_bytes(body)
    options = {"seconds": None, "steps": 3, "seed": 1, "engine": "auto", "cores": 1, "solver": solve, **more}
    return routes_solve(file, out=out, **options), out


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_problem_file_becomes_a_plan_file(tmp_path, encoding):
    """Any of the three encodings is read; the plan that is written keeps the rules, and unserved stops are no error."""
    code, out = run(tmp_path, json.dumps(RAW, ensure_ascii=False).encode(encoding))
    plan = plan_from_dict(json.loads(out.read_text(encoding="utf-8")))
    assert code == 0
    assert check(read_problem(RAW), plan) == []
    assert {visit.id for route in plan.routes for visit in route.stops} >= {"a", "乙"}


def test_the_plan_file_has_the_format_s_keys(tmp_path):
    """The keys of the written plan are those of the format, no more and no fewer."""
    _, out = run(tmp_path, json.dumps({**RAW, "stops": [*RAW["stops"], stop("x", 1, allowed=[])]}).encode())
    plan = json.loads(out.read_text(encoding="utf-8"))
    assert set(plan) == {"routes", "unserved", "unserved_mandatory", "cost", "seconds", "startup_s", "engine"}
    route = "courier depart_s return_s stops breaks reloads drive_s work_s distance_m cost"
    assert set(plan["routes"][0]) == set(route.split())
    assert set(plan["routes"][0]["stops"][0]) == {"id", "arrive_s", "start_s", "leave_s"}
    assert set(plan["unserved"][0]) == {"id", "code", "reason"}


PAUSED = {**RAW, "couriers": [courier(breaks=[{"between": [10, 20], "for_s": 5}])]}
BAD_CALLS = {
    "not json": (b"{", {}, "not JSON"),
    "not text": (b"\xff\xff\xff", {}, "neither UTF-8 nor GB18030"),
    "structure": (b'{"matrix_s": [[0, 1]], "stops": [], "couriers": []}', {}, "matrix_s[0]: has 2 entries"),
    "kernel": (
        json.dumps(PAUSED).encode(),
        {"engine": "kernel"},
        "--engine: the kernel has no breaks; use auto or ortools",
    ),
    "engine": (json.dumps(RAW).encode(), {"engine": "magic"}, "--engine: 'magic'"),
    "both limits": (json.dumps(RAW).encode(), {"seconds": 1.0}, "--seconds/--steps"),
    "no limit": (json.dumps(RAW).encode(), {"steps": None}, "--seconds/--steps"),
    "cores": (json.dumps(RAW).encode(), {"cores": 9}, "--cores: 9"),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_bad_input_ends_with_2_and_a_line_that_helps(tmp_path, capsys, name):
    """`file: path: message` on stderr, exit 2, no plan."""
    body, options, text = BAD_CALLS[name]
    code, out = run(tmp_path, body, **options)
    error = capsys.readouterr().err
    assert (code, out.exists()) == (2, False)
    assert error.startswith(f"{tmp_path / 'problem.json'}: ")
    assert text in error


def test_a_missing_file_ends_with_2(tmp_path, capsys):
    """A file that isn't there is bad input."""
    options = {"seconds": None, "steps": 1, "seed": 1, "engine": "auto", "cores": 1}
    assert routes_solve(tmp_path / "none.json", out=tmp_path / "plan.json", **options) == 2
    assert "can't be read" in capsys.readouterr().err


def wrong(question, **options):
    plan = solve(question, **options)
    return type(plan)(plan.routes, plan.unserved, 5, plan.cost, 0, 0, "wrong")


def dead(_question, **_options):
    raise SolverFailed("exit code 139")


@pytest.mark.parametrize(("solver", "text"), [(wrong, "unserved_mandatory: plan: says 5"), (dead, "exit code 139")])
def test_what_the_referee_rejects_is_not_written(tmp_path, capsys, solver, text):
    """A plan that breaks a rule, or none at all, ends with 1 and leaves no file."""
    code, out = run(tmp_path, json.dumps(RAW).encode(), solver=solver)
    assert (code, out.exists()) == (1, False)
    assert text in capsys.readouterr().err


def test_the_router_s_values_load_no_solver():
    """Whoever only reads plans, as the daemon does, loads neither OR-Tools nor numba nor NumPy."""
    heavy = "{'numba', 'numpy', 'ortools'} & set(sys.modules)"
    code = f"import sys, scheduler.routes_command; sys.exit(str({heavy}) if {heavy} else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
