"""Signed calls of a chat against the daemon's own web server, in a process of its own: how long an acknowledgement takes until its answer,
at fifty a second, and while five hundred forged calls a second come with them.

    python -m bench.hooks serve FOLDER CASES [--bare]      prints the port, then answers until it is ended

A call's time runs from the moment when it was due to be sent, so that a server that falls behind can't hide it.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, time
from typing import Any
from urllib.parse import urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.harness import Comparison, Run, Side
from bench.machine import ROOT
from config.settings import load
from domain.case import Finding, Kind, Subject, SubjectType
from domain.shipment import Shipment
from domain.words import Words
from doorstep.house import House
from doorstep.web.app import create_app
from doorstep.web.chat_hooks import chat_hook_router
from doorstep.wiring import STRUCTS, open_house
from monitor.look import open_and_say
from store import cases, chat_people, intake, mail, people
from store.base import Db, Store
from store.people import Person

SECRET, TEAM, CHANNEL, USER, PATH = "bench-signing-secret", "T0DESK", "C0DESK", "U0LI", "/chats/slack/desk"
GOOD_PER_S, BAD_PER_S, SECONDS, LANES = 50, 500, 10, 40
FORM = "application/x-www-form-urlencoded"


def measure() -> list[Comparison]:
    note = f"{SECONDS} s, answers after the commit, synchronous=FULL; bare: the same signature, one row by sqlite3, Starlette"
    return [
        Comparison(
            f"acknowledge by a signed call, p99 at {GOOD_PER_S}/s", "ms", "bare server", alone, runs=3,
            aim="product <= 300 ms", note=note,
        ),
        Comparison(
            f"acknowledge by a signed call, p99 at {GOOD_PER_S}/s under {BAD_PER_S} forged ones a second", "ms", "bare server",
            flooded, runs=3, aim="product < 1,000 ms", note=note,
        ),
    ]  # fmt: skip


@contextmanager
def alone() -> Iterator[Mapping[str, Side]]:
    yield {"bare server": lambda: calls(bad=0, bare=True), "product": lambda: calls(bad=0)}


@contextmanager
def flooded() -> Iterator[Mapping[str, Side]]:
    yield {"bare server": lambda: calls(bad=BAD_PER_S, bare=True), "product": lambda: calls(bad=BAD_PER_S)}


# --- who calls -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Due:
    """A call, its moment in seconds from the beginning, and the status that it must get."""

    at: float
    raw: bytes
    status: int


def calls(*, bad: int, bare: bool = False) -> Run:
    """One run against a fresh server: the 99th percentile of the good calls, in ms."""
    count = GOOD_PER_S * SECONDS
    with tempfile.TemporaryDirectory() as folder, server(Path(folder), count, bare=bare) as port:
        good = [Due(n / GOOD_PER_S, signed(n + 1), 200) for n in range(count)]
        forged = signed(1).replace(b"v0=", b"v0=00", 1)
        due = sorted([*good, *(Due(n / bad, forged, 401) for n in range(bad * SECONDS))], key=lambda one: one.at)
        took = asyncio.run(send(port, due))
        if not bare:
            assert acknowledged(Path(folder)) == count, f"{acknowledged(Path(folder))} of {count} acknowledged"
    took.sort()
    return Run(took[int(len(took) * 0.99)] * 1_000, remark=f"median {took[len(took) // 2] * 1_000:.1f} ms")


def signed(case: int) -> bytes:
    """The whole HTTP request of a press on a case's button."""
    payload = {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": USER, "team_id": TEAM},
        "channel": {"id": CHANNEL},
        "container": {"type": "message", "message_ts": ts_of(case), "channel_id": CHANNEL},
        "message": {"ts": ts_of(case)},
        "actions": [
            {"type": "button", "action_id": "ack", "block_id": "acts", "value": "ack", "action_ts": ts_of(case)}
        ],
        "trigger_id": f"1.{case}",
    }
    body = urlencode({"payload": json.dumps(payload)}).encode()
    stamp = str(int(time()))
    head = (
        f"POST {PATH} HTTP/1.1\r\nhost: desk\r\ncontent-type: {FORM}\r\ncontent-length: {len(body)}\r\n"
        f"x-slack-request-timestamp: {stamp}\r\nx-slack-signature: v0={mac(stamp, body)}\r\n\r\n"
    )
    return head.encode() + body


def mac(stamp: str, body: bytes) -> str:
    return hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()


def ts_of(case: int) -> str:
    return f"1764000000.{case:06d}"


async def send(port: int, due: list[Due]) -> list[float]:
    """Every call at its moment, over connections that stay open; returns how long each good one took."""
    waiting: asyncio.Queue[Due | None] = asyncio.Queue()
    began, took = perf_counter() + 0.2, list[float]()
    lanes = [asyncio.create_task(_lane(port, waiting, began, took)) for _ in range(LANES)]
    for one in due:
        await asyncio.sleep(max(0.0, began + one.at - perf_counter()))
        waiting.put_nowait(one)
    for _ in lanes:
        waiting.put_nowait(None)
    await asyncio.gather(*lanes)
    return took


async def _lane(port: int, waiting: asyncio.Queue[Due | None], began: float, took: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (one := await waiting.get()) is not None:
        writer.write(one.raw)
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
        await reader.readexactly(int(fields.get(b"content-length", b"0")))
        assert int(head[9:12]) == one.status, head
        if one.status == 200:
            took.append(perf_counter() - began - one.at)
    writer.close()


def acknowledged(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "bench.sqlite3")) as db:
        found = db.execute(
            "SELECT count(*) FROM fact WHERE event = 'acknowledged' AND subject_type = 'case'"
        ).fetchone()
    return int(found[0])


# --- who is called -------------------------------------------------------------------------------------------------


@contextmanager
def server(folder: Path, cases_: int, *, bare: bool) -> Iterator[int]:
    command = [sys.executable, "-m", "bench.hooks", "serve", str(folder), str(cases_), *(["--bare"] if bare else [])]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    try:
        assert started.stdout
        yield int(started.stdout.readline())
    finally:
        started.terminate()
        started.wait(20)


def a_house(folder: Path, cases_: int) -> House:
    """A desk with a signed channel, and so many cases shown in it."""
    file = folder / "doorstep.toml"
    file.write_text(
        f'[chats.slack.desk]\ntoken = "xoxb-1-bench"\nteam = "{TEAM}"\nchannel = "{CHANNEL}"\nsigning_secret = "{SECRET}"\n'
        'base_url = "http://127.0.0.1:9/api"\n',
        encoding="utf-8",
    )
    house = open_house(load(file, environ={}, structs=STRUCTS), Store(folder / "bench.sqlite3"))
    house.store.write(people.save_person, Person("li", "Li", "agent"))
    house.store.write(chat_people.link, "slack", f"{TEAM}/{USER}", "li", now=house.now())
    house.store.write(_shown, house, cases_)
    return house


def _shown(db: Db, house: House, count: int) -> None:
    now = datetime.now(UTC)
    for n in range(1, count + 1):
        shipment = Shipment(f"ZT{n:08d}", "zhongtong", "kuaidi100", now)
        written = intake.add_shipment(db, shipment, next_poll_at=now + timedelta(days=9), alarm_at=None)
        words = (Words("evidence.disputed", {"text": "empty"}),)
        finding = Finding(Kind.DISPUTED, Subject(SubjectType.SHIPMENT, written.id), now, words)
        case = open_and_say(db, finding, house.policy, now=now, order_ref=None)
        [letter] = [x for x in mail.letters_about(db, "case", str(case)) if x.channel == "slack:desk"]
        mail.mark_sent(db, letter.id, now=now, remote_id=ts_of(case))
    assert [case.id for case in cases.list_cases(db, limit=count)]


def bare_app(folder: Path) -> Starlette:
    """The least that is as safe: the signature in constant time, one row committed, then the answer."""
    db = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None, check_same_thread=False)
    db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE acted (at REAL, body BLOB)")

    async def receive(request: Request) -> Response:
        body = await request.body()
        told = request.headers.get("x-slack-signature", "")
        if not hmac.compare_digest(told, f"v0={mac(request.headers.get('x-slack-request-timestamp', ''), body)}"):
            return Response(status_code=401)
        await asyncio.to_thread(db.execute, "INSERT INTO acted VALUES (?, ?)", (time(), body))
        return Response(status_code=200)

    return Starlette(routes=[Route(PATH, receive, methods=["POST"])])


def serve(folder: Path, cases_: int, *, bare: bool) -> None:
    app: Any = bare_app(folder) if bare else None
    if app is None:
        house = a_house(folder, cases_)
        app = create_app(house, extra_routers=(chat_hook_router(house),))
    asyncio.run(_serve(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False)))


async def _serve(config: uvicorn.Config) -> None:
    made = uvicorn.Server(config)
    task = asyncio.create_task(made.serve())
    while not made.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    print(made.servers[0].sockets[0].getsockname()[1], flush=True)
    await task


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="python -m bench.hooks")
    options.add_argument("what", choices=["serve"])
    options.add_argument("folder", type=Path)
    options.add_argument("cases", type=int)
    options.add_argument("--bare", action="store_true")
    asked = options.parse_args()
    serve(asked.folder, asked.cases, bare=asked.bare)
