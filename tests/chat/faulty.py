"""What breaks some of what passes between the daemon and a chat, as networks and busy servers do: a proxy before a real homeserver, a
layer around a simulated platform.
"""

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import httpx
import uvicorn
from running_support import Daemon
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FAULTS = ("limited", "broken", "lost", "swallowed")
"""429 before it arrives; 502 before it arrives; a gateway's time-out and it never arrived; it arrived, and the gateway gave up
waiting for the answer: who sent it can't tell the last two apart.
"""


class Dice:
    """``share`` of what sends something is broken, each fault as often as the others. ``met`` counts them, ``thrown`` everything that was to be sent."""

    def __init__(self, share: float, seed: int = 7) -> None:
        self.share, self.thrown = share, 0
        self.met: Counter[str] = Counter()
        self._rng = Random(seed)

    def __call__(self) -> str:
        """The next fault; "" for none."""
        self.thrown += 1
        fault = self._rng.choice(FAULTS) if self._rng.random() < self.share else ""
        if fault:
            self.met[fault] += 1
        return fault


class Disturbed:
    """A simulated platform of which some calls that send something (``sends``: how their path ends) are broken."""

    def __init__(self, gateway: Any, sends: tuple[str, ...], dice: Dice) -> None:
        self._inner, self._sends, self._dice = gateway.app, sends, dice

    @property
    def app(self) -> ASGIApp:
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        said = scope["type"] == "http" and scope["path"].endswith(self._sends) and scope["method"] == "POST"
        fault = self._dice() if said else ""
        if fault == "limited":
            slower = {"retry-after": "1", "x-ogw-ratelimit-reset": "1"}
            told = {"ok": False, "error": "ratelimited", "error_code": 429, "parameters": {"retry_after": 1}}
            await JSONResponse(told, 429, slower)(scope, receive, send)
        elif fault in {"broken", "lost"}:
            await Response(b"", 500 if fault == "broken" else 504)(scope, receive, send)
        elif fault == "swallowed":
            await self._inner(scope, receive, _nowhere)
            await Response(b"", 504)(scope, receive, send)
        else:
            await self._inner(scope, receive, send)


async def _nowhere(message: Message) -> None:
    del message


class Proxy:
    """A way to a real server on which the dice break what sends something."""

    def __init__(self, target: str, port: int, *, share: float, seed: int) -> None:
        self.target, self.port = target, port
        self._dice = Dice(share, seed)
        self._client = httpx.AsyncClient(timeout=60, trust_env=False, limits=httpx.Limits(max_connections=64))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def met(self) -> Counter[str]:
        return self._dice.met

    @property
    def tried(self) -> int:
        """How much was to be sent."""
        return self._dice.thrown

    async def pass_on(self, request: Request) -> Response:
        fault = self._dice() if request.method == "PUT" else ""
        if fault == "limited":
            return JSONResponse({"errcode": "M_LIMIT_EXCEEDED", "error": "slow", "retry_after_ms": 300}, 429)
        if fault == "broken":
            return Response("bad gateway", 502)
        if fault == "lost":
            return Response(b"", 504)
        headers = {k: v for k, v in request.headers.items() if k in {"authorization", "content-type"}}
        try:
            reply = await self._client.request(
                request.method, f"{self.target}{request.url.path}", params=request.url.query.encode(), headers=headers,
                content=await request.body(),
            )  # fmt: skip
        except httpx.HTTPError:
            return Response("homeserver gone", 502)
        if fault == "swallowed":
            return Response(b"", 504)
        return Response(reply.content, reply.status_code, {"content-type": "application/json"})


@contextlib.contextmanager
def proxy(target: str, port: int, *, share: float, seed: int = 7) -> Iterator[Proxy]:
    made = Proxy(target, port, share=share, seed=seed)
    app = Starlette(routes=[Route("/{path:path}", made.pass_on, methods=["GET", "POST", "PUT"])])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False))

    async def serve() -> None:
        await server.serve()
        await made._client.aclose()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.should_exit = True
        thread.join(20)


def killed_while_sending(running: Daemon, tried: Callable[[], int], kills: int, tries: int, patience_s: float) -> None:
    """Kill the daemon so many times, each once some more was to be sent (of about ``tries`` in all), at moments that a seed chose."""
    rng, until = Random(11), time.monotonic() + patience_s
    for n in range(kills):
        while tried() < tries * (n + 1) // (kills + 2):
            assert time.monotonic() < until, running.log()
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 0.5))
        running.kill()
        running.start()


def until_told(running: Daemon, database: Path, patience_s: float) -> None:
    """Wait until no alert waits: what a long day adds to them (steps missed, reminders) may."""
    until = time.monotonic() + patience_s
    waiting = "SELECT count(*) FROM outbox WHERE kind = 'alert' AND sent_at IS NULL AND dead_at IS NULL"
    while time.monotonic() < until:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
            if db.execute(waiting).fetchone() == (0,):
                return
        time.sleep(0.3)
    raise AssertionError(f"alerts still wait: {running.log()}")


def until_quiet(running: Daemon, patience_s: float) -> None:
    """Wait until no letter waits."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{running.url}/readyz").json()["letters"]["waiting"] == 0:
                return
        time.sleep(0.3)
    raise AssertionError(f"letters still wait: {running.log()}")
