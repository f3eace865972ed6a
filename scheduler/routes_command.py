"""`doorstep routes solve`: a problem file in, a plan file out; nothing is written that the referee rejects."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.errors import RuleError
from scheduler.referee import check
from scheduler.router import Limit, Plan, Problem, Seconds, Steps, plan_to_dict, read_problem
from scheduler.router.engine import ENGINES, Engine
from scheduler.router.process import SolverFailed, solve_in_process

DONE, REJECTED, BAD_INPUT = 0, 1, 2
ENCODINGS = ("utf-8-sig", "gb18030")
SHOWN = 20  # violations printed: the first ones say enough

Solver = Callable[..., Plan]


def routes_solve(
    problem_file: Path,
    *,
    seconds: float | None,
    steps: int | None,
    seed: int,
    engine: str,
    cores: int,
    out: Path,
    solver: Solver = solve_in_process,
) -> int:
    """Solves the problem in the file and writes the plan; returns the exit code.

    0: written, unserved stops or not. 1: the solver failed or the referee rejected its plan, nothing is written. 2: the file or
    an option is not what the format says, with `file: path: message` on stderr.
    """
    try:
        limit = _limit(seconds, steps)
        chosen = _engine(engine, cores)
        problem = read_problem(_json(problem_file))
    except RuleError as error:
        return _say(f"{problem_file}: {error}", BAD_INPUT)
    try:
        plan = solver(problem, seed=seed, limit=limit, engine=chosen, cores=cores)
    except RuleError as error:
        return _say(f"{problem_file}: {error}", BAD_INPUT)
    except SolverFailed as error:
        return _say(f"{problem_file}: the solver failed: {error}", REJECTED)
    return _write(problem_file, problem, plan, out)


def _limit(seconds: float | None, steps: int | None) -> Limit:
    if seconds is not None and steps is None and seconds > 0:
        return Seconds(seconds)
    if steps is not None and seconds is None and steps >= 0:
        return Steps(steps)
    raise RuleError("--seconds/--steps: give one of them, seconds above 0 or steps from 0")


def _engine(engine: str, cores: int) -> Engine:
    if engine not in ENGINES:
        raise RuleError(f"--engine: {engine!r} is none of {', '.join(ENGINES)}")
    if cores not in {1, 2}:
        raise RuleError(f"--cores: {cores} is neither 1 nor 2")
    return engine


def _json(file: Path) -> Any:
    """The JSON in the file, in UTF-8 with or without a mark, or GB18030; raises RuleError where it can't be read."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise RuleError(f"$: can't be read: {error.strerror}") from error
    for encoding in ENCODINGS:
        try:
            return json.loads(raw.decode(encoding))
        except UnicodeDecodeError:
            continue
        except (ValueError, RecursionError) as error:
            raise RuleError(f"$: not JSON: {error}") from error
    raise RuleError("$: neither UTF-8 nor GB18030")


def _write(problem_file: Path, problem: Problem, plan: Plan, out: Path) -> int:
    violations = check(problem, plan)
    for violation in violations[:SHOWN]:
        _say(f"{problem_file}: {violation.rule}: {violation.subject}: {violation.text}", REJECTED)
    if violations:
        return _say(f"{problem_file}: the plan breaks {len(violations)} rules and was not written", REJECTED)
    try:
        out.write_text(json.dumps(plan_to_dict(plan), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        return _say(f"{out}: $: can't be written: {error.strerror}", BAD_INPUT)
    return DONE


def _say(text: str, code: int) -> int:
    sys.stderr.write(f"{text}\n")
    return code
