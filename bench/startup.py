"""Starting: imports, `doorstep run` until it answers, `doorstep --help`; each run a whole process of its own.

That OR-Tools (and pandas, which it pulls in) stay out of the daemon is read off what those processes imported: a side run
whose process loaded one of them stops the bench.
"""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter, sleep

from bench.harness import Comparison, Run, Side
from bench.machine import ROOT

HEAVY = ("ortools", "pandas", "numpy", "numba")
LIBRARIES = "import alembic.command, apscheduler.schedulers.asyncio, fastapi, httpx, jinja2, msgspec, sqlmodel, structlog, typer, uvicorn"
PATIENCE_S = 60.0
HEALTH_POLL_S = 0.005

BARE_WEB = """
import sys, uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}
uvicorn.run(app, port=int(sys.argv[1]), log_config=None, access_log=False)
"""
BARE_TYPER_HEAD = """
from pathlib import Path
from typing import Annotated
import typer
app = typer.Typer(name="bare", help="As many commands.", no_args_is_help=True, add_completion=False,
                  pretty_exceptions_enable=False, rich_markup_mode=None)
Config = Annotated[Path, typer.Option("--config", "-c", help="The settings file.")]
"""
BARE_COMMAND = """
@{group}.command("c{n}")
def c{n}(config: Config = Path("doorstep.toml"), json: Annotated[bool, typer.Option("--json")] = False) -> None:
    "Does nothing."
"""


def measure() -> list[Comparison]:
    loaded = f"none of {', '.join(HEAVY)} was loaded"
    return [
        Comparison("import doorstep.daemon", "ms", "its libraries alone", imports, runs=9, note=loaded),
        Comparison(
            "doorstep run until /healthz answers", "ms", "bare FastAPI and uvicorn", answering, runs=7,
            note=f"{loaded}; the first start creates the database",
        ),
        Comparison(
            "doorstep --help", "ms", "bare Typer program", helping, runs=11, aim="doorstep <= 3x",
            note="as many groups and commands",
        ),
    ]  # fmt: skip


@contextmanager
def imports() -> Iterator[Mapping[str, Side]]:
    refuse_heavy(python("-X", "importtime", "-c", "import doorstep.running, doorstep.daemon").stderr)
    yield {
        "its libraries alone": lambda: process("-c", LIBRARIES),
        "doorstep.daemon": lambda: process("-c", "import doorstep.daemon"),
        "python alone": lambda: process("-c", "pass"),
    }


@contextmanager
def answering() -> Iterator[Mapping[str, Side]]:
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as name:
        folder = Path(name)
        bare = folder / "bare.py"
        bare.write_text(BARE_WEB)
        refuse_heavy(until_healthy(folder, doorstep(folder, "-X", "importtime"))[1])
        yield {
            "bare FastAPI and uvicorn": lambda: until_healthy(
                folder, lambda port: [sys.executable, str(bare), str(port)]
            )[0],
            "doorstep run": lambda: until_healthy(folder, doorstep(folder))[0],
            "doorstep run, first start": lambda: first_start(folder),
        }


@contextmanager
def helping() -> Iterator[Mapping[str, Side]]:
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as name:
        bare = Path(name) / "bare.py"
        bare.write_text(bare_typer())
        compiled = (
            f"import sys; sys.path.insert(0, {name!r}); from bare import app; app()"  # imported, so that .pyc counts
        )
        yield {
            "bare Typer program": lambda: process("-c", compiled, "--help"),
            "doorstep": lambda: process("-c", "from doorstep.cli import main; main()", "--help"),
        }


def bare_typer() -> str:
    """A program of as many groups and commands as ours, whose commands do nothing."""
    from doorstep.cli import app

    groups = [("app", len(app.registered_commands))]
    groups += [(f"g{n}", len(g.typer_instance.registered_commands)) for n, g in enumerate(app.registered_groups)]
    parts = [BARE_TYPER_HEAD]
    for group, _ in groups[1:]:
        parts.append(
            f'{group} = typer.Typer(help="A group.", no_args_is_help=True)\napp.add_typer({group}, name="{group}")\n'
        )
    names = [group for group, commands in groups for _ in range(commands)]
    return "".join([*parts, *(BARE_COMMAND.format(group=group, n=n) for n, group in enumerate(names))])


# --- processes -----------------------------------------------------------------------------------------------------


def environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("DOORSTEP")} | {"PYTHONPATH": str(ROOT)}


def python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run((sys.executable, *words), capture_output=True, text=True, check=True, env=environment())


def process(*words: str) -> Run:
    """A whole process, from its start to its end; its CPU time is that of the child."""
    before, began = os.times(), perf_counter()
    python(*words)
    wall, after = perf_counter() - began, os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return Run(1000 * wall, 1000 * spent)


def refuse_heavy(importtime: str) -> None:
    """`-X importtime` names every module that a process loaded, one a line."""
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in importtime.splitlines() if "|" in line}
    assert "doorstep" in loaded, importtime[-2000:]
    found = sorted(loaded & set(HEAVY))
    assert not found, f"loaded at start: {', '.join(found)}"


def doorstep(folder: Path, *options: str):
    def command(port: int) -> Sequence[str]:
        config = folder / "doorstep.toml"
        config.write_text(f'[doorstep]\nport = {port}\ndatabase = "var/doorstep.sqlite3"\nlog_level = "error"\n')
        return [sys.executable, *options, "-m", "doorstep.cli", "run", "--config", str(config)]

    return command


def first_start(folder: Path) -> Run:
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        return until_healthy(folder, doorstep(Path(fresh)))[0]


def until_healthy(folder: Path, command) -> tuple[Run, str]:
    """Start it, wait for /healthz, stop it; returns the wall time until the answer, and what it wrote to stderr."""
    port = free_port()
    with (folder / "stderr").open("w+") as errors:
        words = command(port)
        began = perf_counter()
        started = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=errors, env=environment(), cwd=folder)
        try:
            while not healthy(port):
                assert started.poll() is None, f"ended with {started.returncode}: {told(errors)}"
                assert perf_counter() - began < PATIENCE_S, f"no answer in {PATIENCE_S} s: {told(errors)}"
                sleep(HEALTH_POLL_S)
            took = perf_counter() - began
        finally:
            started.terminate()
            started.wait(PATIENCE_S)
        return Run(1000 * took), told(errors)


def told(errors) -> str:
    errors.seek(0)
    return errors.read()


def healthy(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
