"""A proxy between the daemon and a real homeserver that breaks some of what passes: as networks and busy servers do."""

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from random import Random

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

FAULTS = ("limited", "broken", "lost", "swallowed")
"""429 before it arrives; 502 before it arrives; a gateway's time-out and it never arrived; it arrived, and the gateway gave up
waiting for the answer: who sent it can't tell the last two apart.
"""


class Proxy:
    """``share`` of the requests that send something are broken, each fault as often as the others."""

    def __init__(self, target: str, port: int, *, share: float, seed: int) -> None:
        self.target, self.port, self.share = target, port, share
        self.met: Counter[str] = Counter()
        self._rng = Random(seed)
        self._client = httpx.AsyncClient(timeout=60, trust_env=False, limits=httpx.Limits(max_connections=64))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def pass_on(self, request: Request) -> Response:
        fault = self._rng.choice(FAULTS) if request.method == "PUT" and self._rng.random() < self.share else ""
        if fault:
            self.met[fault] += 1
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
