"""Real adapters and real HTTP clients whose far side is a respx route."""

import itertools
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import httpx

from carriers.base import Account, Carrier
from carriers.registry import CARRIERS
from carriers.sender import Line
from monitor.poll import Lines
from net.http import Http

K, F, S = "https://k.test", "https://f.test", "https://s.test"
QUERY, TOKEN, TRACK, SF_URL = (
    f"{K}/poll/query.do",
    f"{F}/oauth/token",
    f"{F}/track/v1/trackingnumbers",
    f"{S}/std/service",
)
SETTINGS: dict[str, dict[str, str]] = {
    "kuaidi100": {"customer": "C", "key": "K", "base_url": K},
    "fedex": {"client_id": "I", "client_secret": "S", "base_url": F},
    "sf": {"partner_id": "P", "checkword": "W", "base_url": SF_URL},
}


def line_of(carrier: Carrier, wall: Callable[[], datetime], account: str = "main") -> Line:
    settings = carrier.settings(**SETTINGS[carrier.id])
    return Line(carrier, Account(carrier.id, account, settings), Http(f"{carrier.id}/{account}"), wall)


def lines(wall: Callable[[], datetime], *carriers: Carrier | str) -> Lines:
    found = [CARRIERS[c] if isinstance(c, str) else c for c in carriers]
    return {(carrier.id, "main"): line_of(carrier, wall) for carrier in found}


def nonces() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"nonce-{next(numbers)}"


# --- what the far sides say ----------------------------------------------------------------------------------------


def number_asked(request: httpx.Request) -> str:
    """The number that a Kuaidi100 query asks about."""
    number: str = json.loads(parse_qs(request.content.decode())["param"][0])["num"]
    return number


def kuaidi(number: str, *events: tuple[str, str, str]) -> dict[str, Any]:
    """A query's reply with (time, statusCode, text) lines."""
    data = [{"time": at, "ftime": at, "statusCode": code, "context": text} for at, code, text in events]
    return {
        "message": "ok",
        "nu": number,
        "ischeck": "0",
        "com": "zhongtong",
        "status": "200",
        "state": "0",
        "data": data,
    }


def kuaidi_error(code: str, message: str) -> dict[str, Any]:
    return {"result": False, "returnCode": code, "message": message}


TOKEN_REPLY = {"access_token": "t0ken", "token_type": "bearer", "expires_in": 3600, "scope": "CXS"}


def fedex(numbers: Iterable[str], at: str = "2026-03-02T10:00:00+08:00") -> dict[str, Any]:
    """Each number with one pick-up scan."""
    events = [{"date": at, "eventType": "PU", "eventDescription": "Picked up", "derivedStatusCode": "PU"}]
    results = [
        {"trackingNumber": n, "trackResults": [{"trackingNumberInfo": {"trackingNumber": n}, "scanEvents": events}]}
        for n in numbers
    ]
    return {"output": {"completeTrackResults": results}}


def sf(numbers: Iterable[str], at: str = "2026-03-02 10:00:00") -> dict[str, Any]:
    """Each number with one collection line."""
    routes = [{"acceptTime": at, "acceptAddress": "杭州", "remark": "顺丰速运 已收取快件", "opCode": "50"}]
    data = {"routeResps": [{"mailNo": n, "routes": routes} for n in numbers]}
    result = {"success": True, "errorCode": "S0000", "errorMsg": None, "msgData": data}
    return {"apiResultCode": "A1000", "apiErrorMsg": "", "apiResponseID": "1", "apiResultData": json.dumps(result)}
