"""HTTP outwards: requests and replies as plain values, one long-lived httpx client per carrier or chat."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from domain.errors import Unreachable, UnreadableReply

TIMEOUT_S = 20.0
MAX_IN_FLIGHT = 8  # httpcore's pool costs O(connections^2): few in flight each
MAX_BODY_BYTES = 8 * 1024 * 1024
PAST_PROXIES: dict[str, httpx.AsyncBaseTransport | None] = {"http://": None, "https://": None, "all://": None}
Transport = httpx.AsyncBaseTransport
"""What carries requests; a simulation puts its own here."""


@dataclass(frozen=True, slots=True, repr=False)
class HttpRequest:
    """What to send. ``body`` are the very bytes that were signed. ``connect_to``: the network address to connect to instead of
    looking the host's up again; what was checked is what is used. Headers, body and the query of the address may hold secrets:
    no repr shows them.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    connect_to: str = ""

    def __repr__(self) -> str:
        return f"HttpRequest({self.method} {self.url.partition('?')[0]})"


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came back; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def in_process(app: Any) -> Transport:
    """Carries requests to an ASGI application of this very process: for simulations and tests."""
    return httpx.ASGITransport(app=app)


def _pinned(request: HttpRequest) -> tuple[httpx.URL, dict[str, str], dict[str, Any]]:
    """The address, headers and TLS name of a request that may go to a network address of its own."""
    url, headers = httpx.URL(request.url), dict(request.headers)
    if not request.connect_to:
        return url, headers, {}
    named = {"Host": url.netloc.decode("ascii"), **headers}
    return url.copy_with(host=request.connect_to), named, {"sni_hostname": url.host}


class Http:
    """One client, kept open for the life of the daemon. ``who`` names the far side in errors. ``direct``: past any proxy that the
    environment names, which would look the host up itself.
    """

    def __init__(self, who: str, *, transport: Transport | None = None, direct: bool = False) -> None:
        limits = httpx.Limits(max_connections=MAX_IN_FLIGHT, max_keepalive_connections=MAX_IN_FLIGHT)
        self.who = who
        self._client = httpx.AsyncClient(
            timeout=TIMEOUT_S,
            limits=limits,
            transport=transport,
            follow_redirects=False,
            mounts=PAST_PROXIES if direct else {},
        )

    async def send(self, request: HttpRequest) -> HttpReply:
        """Send and read the whole reply, whatever its status.

        Raises Unreachable where no reply came, UnreadableReply where it was larger than MAX_BODY_BYTES.
        """
        try:
            url, headers, extensions = _pinned(request)
            async with self._client.stream(
                request.method, url, headers=headers, content=request.body, extensions=extensions
            ) as response:
                body = await self._read(response)
                return HttpReply(response.status_code, {k.lower(): v for k, v in response.headers.items()}, body)
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            # only the type: httpx puts the whole URL, and so any key in it, into its messages
            raise Unreachable(self.who, type(exc).__name__) from exc

    async def _read(self, response: httpx.Response) -> bytes:
        parts, size = [], 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > MAX_BODY_BYTES:
                raise UnreadableReply(self.who, f"reply larger than {MAX_BODY_BYTES} bytes")
            parts.append(part)
        return b"".join(parts)

    async def close(self) -> None:
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
