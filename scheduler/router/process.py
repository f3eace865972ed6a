"""The router in a process of its own: a solve in a thread would freeze the event loop for its whole length.

The process is spawned, not forked: a fork would copy the daemon's locks and sockets. It ends with its solve, so a crash of the
solver's own code takes nothing else along. After `SolverFailed` the caller keeps the last good plan.
"""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import Thread
from typing import Any, TypeVar

from domain.errors import RuleError
from scheduler.router.engine import Engine, solve
from scheduler.router.plan import Plan
from scheduler.router.problem import Limit, Problem, Seconds

STARTUP_S = 300.0  # beyond the search: spawning, imports, compiling once (half a minute of CPU time), sending the problem, the exact times
STEP_S = 2.0  # for each step, where no time was given
END_S = 5.0  # for a finished or killed process to be gone

Made = TypeVar("Made")  # what the work brings: a plan, or a decision with one
Solve = Callable[..., Plan]


class SolverFailed(Exception):
    """The solver's process crashed, failed, or took far longer than it was given. Trying again later may help."""


def solve_in_process(
    problem: Problem,
    *,
    seed: int,
    limit: Limit,
    engine: Engine = "auto",
    cores: int = 1,
    patience_s: float | None = None,
    work: Solve = solve,
) -> Plan:
    """`solve` in a spawned process; blocks the calling thread, not the others.

    Raises SolverFailed when the process dies, fails or is not done after `patience_s` (default: the limit and five minutes), and
    RuleError as `solve` does. `work` is what runs there: an importable function.
    """
    return in_process(work, problem, seed=seed, limit=limit, engine=engine, cores=cores, patience_s=patience_s)


def in_process(
    work: Callable[..., Made],
    problem: Problem,
    *,
    seed: int,
    limit: Limit,
    engine: Engine = "auto",
    cores: int = 1,
    patience_s: float | None = None,
) -> Made:
    """The same for anything else that plans: an importable function with the parameters of `solve`, or a partial one."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    options = {"seed": seed, "limit": limit, "engine": engine, "cores": cores}
    process = context.Process(target=_run, args=(theirs, work, problem, options), daemon=True)
    process.start()
    theirs.close()
    try:
        answer = _answer(process, ours, patience(limit) if patience_s is None else patience_s)
        made: Made = _checked(answer)
        return made
    finally:
        ours.close()
        _end(process)


def solve_in_background(
    problem: Problem, *, seed: int, limit: Limit, patience_s: float | None = None, work: Solve = solve
) -> Future[Plan]:
    """The same as a future: `await asyncio.wrap_future(...)`. Once running it can't be cancelled; it ends with its patience."""
    return in_background(work, problem, seed=seed, limit=limit, patience_s=patience_s)


def in_background(
    work: Callable[..., Made], problem: Problem, *, seed: int, limit: Limit, patience_s: float | None = None
) -> Future[Made]:
    """`in_process` as a future."""
    future: Future[Made] = Future()
    future.set_running_or_notify_cancel()

    def watch() -> None:
        try:
            future.set_result(in_process(work, problem, seed=seed, limit=limit, patience_s=patience_s))
        except Exception as error:  # handed on: whoever waits for the future gets it
            future.set_exception(error)

    Thread(target=watch, name="router", daemon=True).start()
    return future


def patience(limit: Limit) -> float:
    """How long a solve may take at most, with everything around it."""
    return STARTUP_S + (limit.seconds if isinstance(limit, Seconds) else STEP_S * limit.steps)


def _run(answer: Connection, work: Callable[..., Any], problem: Problem, options: dict[str, Any]) -> None:
    """In the child: whatever happens is an answer; a crash is the end of the pipe."""
    try:
        result = work(problem, **options)
    except RuleError as error:
        result = error
    except Exception as error:
        result = f"{type(error).__name__}: {error}"
    answer.send(result)
    answer.close()


def _answer(process: SpawnProcess, answer: Connection, patience_s: float) -> Any:
    if not wait([answer], timeout=patience_s):
        raise SolverFailed(f"no plan after {patience_s:.0f} s")
    try:
        return answer.recv()
    except EOFError as error:
        process.join(END_S)
        raise SolverFailed(f"the solver's process died with exit code {process.exitcode}") from error


def _checked(result: Any) -> Any:
    """What was made; a str is the text of an error that nobody expected."""
    if isinstance(result, RuleError):
        raise result
    if isinstance(result, str):
        raise SolverFailed(result)
    return result


def _end(process: SpawnProcess) -> None:
    process.join(0.1 if process.is_alive() else END_S)
    if process.is_alive():
        process.kill()
        process.join(END_S)
    process.close()
