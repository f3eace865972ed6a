"""The simulated carriers under one address: ``/kuaidi100``, ``/fedex``, ``/sf``, each in its real wire format.

Point the adapters at ``<address>/kuaidi100``, ``<address>/fedex`` and ``<address>/sf/std/service`` with SETTINGS.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from urllib.parse import urlsplit

import httpx

from net.http import HttpReply, HttpRequest
from sim import fedex, kuaidi100, sf
from sim.wire import Memory, reply
from sim.world import World

Handler = Callable[[World, Memory, str, HttpRequest, datetime], HttpReply]

HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {"kuaidi100": kuaidi100.answer, "sf": sf.answer, "fedex": fedex.answer}
)
BUSY: Mapping[str, Callable[[], HttpReply]] = MappingProxyType(
    {"kuaidi100": kuaidi100.busy, "sf": sf.busy, "fedex": fedex.busy}
)
OUTAGE_PAGE = b"<html><body><h1>503 Service Unavailable</h1></body></html>"


def settings(address: str) -> dict[str, dict[str, str]]:
    """The adapters' settings that reach these carriers at ``address`` (such as ``http://127.0.0.1:8723``)."""
    return {
        "kuaidi100": {
            "customer": kuaidi100.CUSTOMER,
            "key": kuaidi100.KEY,
            "salt": "demo-salt",
            "base_url": f"{address}/kuaidi100",
        },
        "sf": {"partner_id": sf.PARTNER_ID, "checkword": sf.CHECKWORD, "base_url": f"{address}/sf/std/service"},
        "fedex": {
            "client_id": fedex.CLIENT_ID,
            "client_secret": fedex.CLIENT_SECRET,
            "base_url": f"{address}/fedex",
        },
    }


def answer(world: World, memory: Memory, request: HttpRequest, now: datetime) -> HttpReply | None:
    """What the carrier behind the address says at ``now``; None where it never answers (the caller's time-out)."""
    _, source, *rest = urlsplit(request.url).path.split("/")
    handler = HANDLERS.get(source)
    if handler is None:
        return reply({"message": "no such carrier"}, 404)
    outage = world.outage(source, now)
    if outage is not None:
        return _down(source, outage.manner)
    return handler(world, memory, "/" + "/".join(rest), request, now)


def _down(source: str, manner: str) -> HttpReply | None:
    if manner == "timeout":
        return None
    return BUSY[source]() if manner == "busy" else HttpReply(503, {"content-type": "text/html"}, OUTAGE_PAGE)


class SimTransport(httpx.AsyncBaseTransport):
    """An in-process transport for ``net.http.Http`` that reaches the simulated carriers at the simulated time."""

    def __init__(self, world: World, clock: Callable[[], datetime], memory: Memory | None = None) -> None:
        self.world, self.clock = world, clock
        self.memory = memory if memory is not None else Memory()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        headers = dict(request.headers)
        asked = HttpRequest(request.method, str(request.url), headers, body)
        answered = answer(self.world, self.memory, asked, self.clock())
        if answered is None:
            raise httpx.ReadTimeout("no answer", request=request)
        return httpx.Response(answered.status, headers=dict(answered.headers), content=answered.body, request=request)
