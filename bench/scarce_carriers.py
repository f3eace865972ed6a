"""Five carriers whose calls are scarce, in the process of the caller: each answers in its own format, and counts for itself.

Their limits stand here a second time, by the sources' documents and not by the adapters' budgets: a carrier counts the
calls that reach it in windows of its own, of any position, tokens included where the source says so. It answers even where
a limit is exceeded, and remembers that it was.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

CHINA = timezone(timedelta(hours=8))
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``calls`` in any ``seconds``."""

    calls: int
    seconds: int


@dataclass(slots=True)
class Counted:
    """A limit and the calls in its window; ``exceeded`` counts those that came above it."""

    limit: Limit
    at: deque[float] = field(default_factory=deque)
    exceeded: int = 0

    def count(self, now: float) -> None:
        self.forget(now)
        self.at.append(now)
        self.exceeded += len(self.at) > self.limit.calls

    def fullness(self, now: float) -> float:
        """The share of the limit that was used in the window until now."""
        self.forget(now)
        return len(self.at) / self.limit.calls

    def forget(self, now: float) -> None:
        while self.at and self.at[0] <= now - self.limit.seconds:
            self.at.popleft()


@dataclass(frozen=True, slots=True)
class Source:
    """A simulated carrier: its limits, how it reads a request's numbers (None: a token), how it answers."""

    limits: tuple[Limit, ...]
    numbers: Callable[[httpx.Request], list[str] | None]
    reply: Callable[[Sequence[str], datetime], Any]
    token: Any = None
    tokens_count: bool = False
    each_number_s: int = 0
    """No number may be asked about twice within so many seconds."""


class ScarceCarrier(httpx.AsyncBaseTransport):
    """Carries one credential's requests to its source; ``clock`` is the simulated time."""

    def __init__(self, source: Source, clock: Clock) -> None:
        self.source, self.clock = source, clock
        self.counted = [Counted(limit) for limit in source.limits]
        self.asked: dict[str, float] = {}
        self.calls = self.too_soon = 0

    @property
    def exceeded(self) -> int:
        """Calls above any limit."""
        return sum(window.exceeded for window in self.counted) + self.too_soon

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)  # an answer takes its time: others are asked meanwhile
        now = self.clock()
        self.calls += 1
        numbers = self.source.numbers(request)
        if numbers is not None or self.source.tokens_count:
            for window in self.counted:
                window.count(now.timestamp())
        if numbers is None:
            return httpx.Response(200, json=self.source.token, request=request)
        for number in numbers:
            self._ask(number, now.timestamp())
        body = json.dumps(self.source.reply(numbers, now), ensure_ascii=False).encode()
        return httpx.Response(200, content=body, request=request)

    def _ask(self, number: str, now: float) -> None:
        before = self.asked.get(number)
        self.too_soon += before is not None and now - before < self.source.each_number_s
        self.asked[number] = now


# --- requests and replies --------------------------------------------------------------------------------------------


def _local(now: datetime, zone: timezone = CHINA) -> datetime:
    """An hour ago, on the hour: something new every hour."""
    return (now - timedelta(hours=1)).replace(minute=0, second=0, microsecond=0).astimezone(zone)


def usps_numbers(request: httpx.Request) -> list[str] | None:
    return None if "/oauth2/" in request.url.path else [request.url.path.rsplit("/", 1)[1]]


def usps_reply(numbers: Sequence[str], now: datetime) -> Any:
    at = _local(now, UTC)
    event = {
        "eventType": "Arrived at USPS Regional Facility", "eventTimestamp": f"{at:%Y-%m-%dT%H:%M:%S}", "eventCode": "10",
        "GMTTimestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}", "GMTOffset": "+00:00", "eventCity": "NEWARK", "eventState": "NJ",
    }  # fmt: skip
    return {"trackingNumber": numbers[0], "trackingEvents": [event]}


def dhl_numbers(request: httpx.Request) -> list[str]:
    return parse_qs(urlsplit(str(request.url)).query)["trackingNumber"]


def dhl_reply(numbers: Sequence[str], now: datetime) -> Any:
    place = {"address": {"countryCode": "DE", "addressLocality": "COLOGNE - GERMANY"}}
    event = {
        "timestamp": f"{_local(now):%Y-%m-%dT%H:%M:%S}+08:00", "location": place, "statusCode": "transit",
        "status": "ARRIVED", "description": "Arrived at DHL Sort Facility COLOGNE",
    }  # fmt: skip
    return {"shipments": [{"id": numbers[0], "service": "express", "events": [event]}]}


def sf_numbers(request: httpx.Request) -> list[str]:
    fields = parse_qs(request.content.decode())
    numbers: list[str] = json.loads(fields["msgData"][0])["trackingNumber"]
    return numbers


def sf_reply(numbers: Sequence[str], now: datetime) -> Any:
    route = {
        "acceptTime": f"{_local(now):%Y-%m-%d %H:%M:%S}", "acceptAddress": "杭州市", "remark": "快件到达【杭州中转场】",
        "opCode": "31", "firstStatusCode": "2", "secondaryStatusCode": "201",
    }  # fmt: skip
    told = {"routeResps": [{"mailNo": number, "routes": [route]} for number in numbers]}
    result = {"success": True, "errorCode": "S0000", "errorMsg": None, "msgData": told}
    return {"apiResultCode": "A1000", "apiResultData": json.dumps(result, ensure_ascii=False)}


def kuaidi100_numbers(request: httpx.Request) -> list[str]:
    return [json.loads(parse_qs(request.content.decode())["param"][0])["num"]]


def kuaidi100_reply(numbers: Sequence[str], now: datetime) -> Any:
    at = f"{_local(now):%Y-%m-%d %H:%M:%S}"
    line = {
        "time": at,
        "ftime": at,
        "context": "【杭州市】快件已到达 杭州转运中心",
        "status": "在途",
        "statusCode": "0",
    }
    return {"message": "ok", "nu": numbers[0], "com": "zhongtong", "status": "200", "state": "0", "data": [line]}


def ups_numbers(request: httpx.Request) -> list[str] | None:
    return None if "/oauth/" in request.url.path else [request.url.path.rsplit("/", 1)[1]]


def ups_reply(numbers: Sequence[str], now: datetime) -> Any:
    at = _local(now, UTC)
    activity = {
        "date": f"{at:%Y%m%d}", "time": f"{at:%H%M%S}", "gmtDate": f"{at:%Y%m%d}", "gmtTime": f"{at:%H:%M:%S}",
        "status": {"type": "I", "code": "AR", "statusCode": "005", "description": "Arrived at Facility"},
        "location": {"address": {"city": "Newark", "stateProvince": "NJ", "countryCode": "US"}},
    }  # fmt: skip
    package = {"trackingNumber": numbers[0], "activity": [activity]}
    return {"trackResponse": {"shipment": [{"inquiryNumber": numbers[0], "package": [package]}]}}


TOKEN = {"access_token": "t0ken", "token_type": "bearer", "expires_in": 14_400}
MONEY_A_DAY = 5_000
"""Questions to Kuaidi100 that the account's daily cap buys: it counts money, not calls."""
SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        "usps": Source((Limit(60, 3_600),), usps_numbers, usps_reply, token=TOKEN, tokens_count=True),
        "dhl": Source((Limit(250, 86_400), Limit(1, 5)), dhl_numbers, dhl_reply),
        "sf": Source((Limit(3_000, 86_400), Limit(30, 1)), sf_numbers, sf_reply),
        "kuaidi100": Source((Limit(MONEY_A_DAY, 86_400),), kuaidi100_numbers, kuaidi100_reply, each_number_s=1_800),
        "ups": Source((Limit(1, 1),), ups_numbers, ups_reply, token=TOKEN),
    }
)
"""Limits by the documents that the adapters' pages name; UPS publishes none: its limit is the one that we set ourselves, of
questions. USPS counts tokens too.
"""
