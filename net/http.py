"""HTTP outwards: requests and replies as plain values, long-lived connections to each carrier and chat."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from http.cookiejar import CookieJar
from typing import Any, Self

import httpx

from domain.errors import Unreachable, UnreadableReply

TIMEOUT_S = 20.0
MAX_IN_FLIGHT = 8
MAX_BODY_BYTES = 8 * 1024 * 1024
PAST_PROXIES: dict[str, httpx.AsyncBaseTransport | None] = {"http://": None, "https://": None, "all://": None}
Transport = httpx.AsyncBaseTransport
"""What carries requests; a simulation puts its own here."""


@dataclass(frozen=True, slots=True, repr=False)
class HttpRequest:
    """What to send. ``body`` are the very bytes that were signed. ``connect_to``: the network address to connect to instead of
    looking the host's up again; what was checked is what is used. Headers, body and everything in the address after its host
    may hold secrets: no repr shows them.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    connect_to: str = ""

    def __repr__(self) -> str:
        return f"HttpRequest({self.method} {'/'.join(self.url.split('/')[:3])})"


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came back; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def in_process(app: Any) -> Transport:
    """Carries requests to an ASGI application of this very process: for simulations and tests."""
    return httpx.ASGITransport(app=app)


class Http:
    """One far side, its connections kept open for the life of the daemon. ``who`` names it in errors. ``direct``: past any
    proxy that the environment names, which would look the host up itself.

    Each of at most MAX_IN_FLIGHT connections is a lane, a client of its own that carries one request after the other: a
    client that shares several looks through all of them for every request, which costs a third of a call.
    """

    def __init__(self, who: str, *, transport: Transport | None = None, direct: bool = False) -> None:
        self.who = who
        self._transport, self._direct = transport, direct
        self._free = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._idle: list[httpx.AsyncClient] = []

    async def send(self, request: HttpRequest) -> HttpReply:
        """Send and read the whole reply, whatever its status; waits while MAX_IN_FLIGHT others are on their way.

        Raises Unreachable where no reply came, UnreadableReply where it was larger than MAX_BODY_BYTES.
        """
        async with self._free:
            lane = self._idle.pop() if self._idle else _new_lane(self._transport, direct=self._direct)
            try:
                return await self._send(lane, request)
            except (httpx.HTTPError, httpx.InvalidURL) as exc:
                # only the type: httpx puts the whole URL, and so any key in it, into its messages
                raise Unreachable(self.who, type(exc).__name__) from exc
            finally:
                self._idle.append(lane)

    async def _send(self, lane: httpx.AsyncClient, request: HttpRequest) -> HttpReply:
        url, headers, extensions = _pinned(request)
        outgoing = httpx.Request(request.method, url, headers=headers, content=request.body, extensions=extensions)
        response = await lane.send(outgoing, stream=True)
        try:
            return HttpReply(response.status_code, dict(response.headers), await self._read(response))
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response) -> bytes:
        parts, size = [], 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > MAX_BODY_BYTES:
                raise UnreadableReply(self.who, f"reply larger than {MAX_BODY_BYTES} bytes")
            parts.append(part)
        return b"".join(parts)

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class _NoCookies(CookieJar):
    """No source documents cookies: none is kept, and none is looked for in the replies."""

    def extract_cookies(self, response: object, request: object) -> None:
        del response, request


_USUAL_HEADERS = dict(httpx.AsyncClient().headers)
_ONE = httpx.Limits(max_connections=1, max_keepalive_connections=1)
_url = lru_cache(maxsize=256)(httpx.URL)
"""Addresses as httpx reads them: most sources have one for all their questions."""


def _pinned(request: HttpRequest) -> tuple[httpx.URL, dict[str, str], dict[str, Any]]:
    """The address, headers and TLS name of a request that may go to a network address of its own."""
    url, headers = _url(request.url), {**_USUAL_HEADERS, **request.headers}
    if not request.connect_to:
        return url, headers, {}
    named = {"Host": url.netloc.decode("ascii"), **headers}
    return url.copy_with(host=request.connect_to), named, {"sni_hostname": url.host}


def _new_lane(transport: Transport | None, *, direct: bool) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        timeout=TIMEOUT_S,
        limits=_ONE,
        transport=transport,
        verify=_trusted(),
        cookies=_NoCookies(),
        follow_redirects=False,
        mounts=PAST_PROXIES if direct else {},
    )


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates to trust, read once: that costs more than many calls."""
    return httpx.create_ssl_context()
