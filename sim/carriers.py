"""The simulated carriers under one address: ``/kuaidi100``, ``/fedex``, ``/17track``, … each in its real wire format.

Point the adapters there with SETTINGS.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from urllib.parse import urlsplit

import httpx

from net.http import HttpReply, HttpRequest
from sim import dhl, fedex, jd, kuaidi100, kuaidi100_pickups, kuaidiniao, sf, track17, ups, usps
from sim.wire import JSON, Memory, reply
from sim.world import World

Handler = Callable[[World, Memory, str, HttpRequest, datetime], HttpReply]

PICKUPS = "/order/borderapi.do"


def _kuaidi100(world: World, memory: Memory, path: str, request: HttpRequest, now: datetime) -> HttpReply:
    """Queries and subscriptions, and the courier's pickups behind the same address."""
    if path == PICKUPS:
        return kuaidi100_pickups.answer(kuaidi100_pickups.orders_of(memory), request, now)
    return kuaidi100.answer(world, memory, path, request, now)


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "kuaidi100": _kuaidi100,
        "sf": sf.answer,
        "fedex": fedex.answer,
        "kuaidiniao": kuaidiniao.answer,
        "jd": jd.answer,
        "ups": ups.answer,
        "dhl": dhl.answer,
        "usps": usps.answer,
        "17track": track17.answer,
    }
)
BUSY: Mapping[str, Callable[[], HttpReply]] = MappingProxyType(
    {
        "kuaidi100": kuaidi100.busy,
        "sf": sf.busy,
        "fedex": fedex.busy,
        "kuaidiniao": kuaidiniao.busy,
        "jd": jd.busy,
        "ups": ups.busy,
        "dhl": dhl.busy,
        "usps": usps.busy,
        "17track": track17.busy,
    }
)
GARBAGE = (
    b"<html><body><form action='/login'>Please sign in</form></body></html>",
    b'{"message": "ok", "data": [{"time": "2026-03-',
    bytes(range(128, 256)),
    b"",
    b"[]",
    b"null",
    b'{"result": {"unexpected": true}}',
)
OUTAGE_PAGE = b"<html><body><h1>503 Service Unavailable</h1></body></html>"

CREDENTIALS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "kuaidi100": {
            "customer": kuaidi100.CUSTOMER,
            "key": kuaidi100.KEY,
            "salt": "demo-salt",
            "pickup_secret": kuaidi100_pickups.SECRET,
        },
        "sf": {"partner_id": sf.PARTNER_ID, "checkword": sf.CHECKWORD},
        "fedex": {"client_id": fedex.CLIENT_ID, "client_secret": fedex.CLIENT_SECRET},
        "kuaidiniao": {"ebusiness_id": kuaidiniao.EBUSINESS_ID, "app_key": kuaidiniao.APP_KEY},
        "jd": {
            "app_key": jd.APP_KEY,
            "app_secret": jd.APP_SECRET,
            "access_token": jd.ACCESS_TOKEN,
            "customer_code": jd.CUSTOMER_CODE,
        },
        "ups": {
            "client_id": ups.CLIENT_ID,
            "client_secret": ups.CLIENT_SECRET,
            "push_credential": ups.PUSH_CREDENTIAL,
        },
        "dhl": {"api_key": dhl.API_KEY},
        "usps": {"client_id": usps.CLIENT_ID, "client_secret": usps.CLIENT_SECRET},
        "17track": {"key": track17.KEY},
    }
)


def settings(address: str) -> dict[str, dict[str, str]]:
    """The adapters' settings that reach these carriers at ``address`` (such as ``http://127.0.0.1:8723``)."""
    behind = {"sf": "/std/service"}
    found = {
        source: {**credentials, "base_url": f"{address}/{source}{behind.get(source, '')}"}
        for source, credentials in CREDENTIALS.items()
    }
    found["kuaidi100"]["pickup_url"] = f"{address}/kuaidi100{PICKUPS}"
    return found


def answer(world: World, memory: Memory, request: HttpRequest, now: datetime) -> HttpReply | None:
    """What the carrier behind the address says at ``now``; None where it never answers (the caller's time-out)."""
    _, source, *rest = urlsplit(request.url).path.split("/")
    handler = HANDLERS.get(source)
    if handler is None:
        return reply({"message": "no such carrier"}, 404)
    outage = world.outage(source, now)
    if outage is not None and outage.silent:
        return _down(source, outage.manner, memory)
    memory.count(source)
    answered = handler(world, memory, "/" + "/".join(rest), request, now)
    return None if outage is not None and memory.calls[source] % 2 else answered


def _down(source: str, manner: str, memory: Memory) -> HttpReply | None:
    match manner:
        case "timeout":
            return None
        case "busy":
            return BUSY[source]()
        case "rate_limit":
            return reply({"message": "Too Many Requests"}, 429, {"retry-after": "3600"})
        case "garbage":
            turn = memory.kept["garbage"] = memory.kept.get("garbage", 0) + 1
            return HttpReply(200, JSON, GARBAGE[turn % len(GARBAGE)])
    return HttpReply(503, {"content-type": "text/html"}, OUTAGE_PAGE)


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
