"""Running the program as people do: its commands, its daemon and the simulated town as processes of their own."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

DOORSTEP = (sys.executable, "-m", "doorstep.cli")
PATIENCE_S = 90.0
"""How long anything may take to come up before the test gives up; never a figure that is measured."""


def doorstep(*arguments: object, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """One command, run to its end without a terminal."""
    command = [*DOORSTEP, *(str(a) for a in arguments)]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("DOORSTEP")}
    return subprocess.run(
        command, cwd=cwd, env={**kept, **env}, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        timeout=PATIENCE_S * 2, check=False,
    )  # fmt: skip


def answer(*arguments: object, cwd: Path) -> Any:
    """The JSON of a command that must go well."""
    done = doorstep(*arguments, "--json", cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(what: Callable[[], Any]) -> Any:
    """The first true answer of ``what``; fails after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if found := what():
                return found
        time.sleep(0.05)
    raise AssertionError(f"never came true: {what}")


@dataclass
class Daemon:
    """A `doorstep run`, or another command that stays."""

    folder: Path
    arguments: tuple[str, ...]
    port: int
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    program: tuple[str, ...] = DOORSTEP

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.begin()
        wait_for(self.lives)

    def begin(self) -> None:
        """Start the process, whatever comes of it."""
        self.starts += 1
        with (self.folder / f"daemon-{self.starts}.log").open("wb") as log:
            self.process = subprocess.Popen(
                [*self.program, *self.arguments], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def lives(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        return httpx.get(f"{self.url}/healthz").status_code == 200

    def log(self) -> str:
        return (self.folder / f"daemon-{self.starts}.log").read_text("utf-8", "replace")[-3_000:]

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_S)

    def stop(self) -> int:
        """SIGTERM, and its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()


@contextlib.contextmanager
def daemon(folder: Path, *arguments: str, port: int, program: tuple[str, ...] = DOORSTEP) -> Iterator[Daemon]:
    """A daemon that ends with the test, whatever happens in it."""
    made = Daemon(folder, arguments, port, program=program)
    try:
        made.start()
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def town(folder: Path, *, parcels: int, days: int, start: str, seed: int = 7) -> Iterator[str]:
    """The simulated carriers as a process; gives their address."""
    command = [
        sys.executable, "-m", "sim", "--state", str(folder / "world.json"), "--parcels", str(parcels), "--days", str(days),
        "--seed", str(seed), "--start", start,
    ]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert select.select([process.stdout], [], [], PATIENCE_S)[0], "the town said nothing"
        word, port = process.stdout.readline().split()
        assert word == "ready"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
        process.stdout.close()
