"""What the simulated carriers share: reading requests, building replies, what their servers remember."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from net.http import HttpReply, HttpRequest
from sim.limits import Limit, Windows

JSON = {"content-type": "application/json; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A number that somebody wants to be called about, from ``since`` on: where to, if said, as which carrier's, and what
    else was said of it (a salt, a kind of push).
    """

    since: datetime
    callback: str = ""
    note: str = ""
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class Hook:
    """An address for pushes that was entered in a source's console, and the credential to send along."""

    url: str
    credential: str = ""


@dataclass(slots=True)
class Memory:
    """What the carriers' servers keep between calls, the one thing here that changes.

    ``asked`` is when each number was last asked at Kuaidi100, ``locked`` until when it is locked for asking too often;
    ``locks`` counts how often that happened. By source: ``subscribed`` numbers, ``hooks`` of the consoles, ``calls``
    that weren't swallowed by an outage, and how often a limit was ``exceeded``. ``changes`` counts up with every
    subscription that comes, goes or is renewed, and every new hook. ``kept`` is what one stand-in keeps for itself.
    """

    asked: dict[str, datetime] = field(default_factory=dict)
    locked: dict[str, datetime] = field(default_factory=dict)
    locks: int = 0
    subscribed: dict[str, dict[str, Subscribed]] = field(default_factory=dict)
    hooks: dict[str, Hook] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    exceeded: dict[str, int] = field(default_factory=dict)
    changes: int = 0
    windows: Windows = field(default_factory=Windows)
    kept: dict[str, Any] = field(default_factory=dict)

    def count(self, source: str) -> None:
        self.calls[source] = self.calls.get(source, 0) + 1

    def spend(self, source: str, credential: str, limits: Sequence[Limit], now: datetime) -> timedelta | None:
        """Let a call in, and give None; or note that a limit was exceeded, and give how long to wait."""
        wait = self.windows.spend(f"{source}/{credential}", limits, now)
        if wait is not None:
            self.exceed(source)
        return wait

    def exceed(self, source: str) -> None:
        self.exceeded[source] = self.exceeded.get(source, 0) + 1

    def subscriptions(self, source: str) -> Mapping[str, Subscribed]:
        return self.subscribed.get(source, {})

    def subscribe(self, source: str, number: str, subscribed: Subscribed) -> None:
        self.subscribed.setdefault(source, {})[number] = subscribed
        self.changes += 1

    def unsubscribe(self, source: str, number: str) -> None:
        del self.subscribed[source][number]
        self.changes += 1

    def hook(self, source: str, hook: Hook) -> None:
        self.hooks[source] = hook
        self.changes += 1


def form_of(request: HttpRequest) -> dict[str, str] | None:
    """The fields of a form; None where the body isn't one."""
    kind = header(request.headers, "content-type")
    if "application/x-www-form-urlencoded" not in kind:
        return None
    try:
        return dict(parse_qsl(request.body.decode("utf-8"), keep_blank_values=True, strict_parsing=True))
    except ValueError:
        return None


def query_of(request: HttpRequest) -> dict[str, str]:
    """The fields behind the question mark of the address."""
    return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))


def header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")


def json_object(text: str | bytes) -> dict[str, Any] | None:
    """A JSON object, None where it is anything else."""
    value = json_value(text)
    return value if isinstance(value, dict) else None


def json_list(text: str | bytes) -> list[Any] | None:
    """A JSON array, None where it is anything else."""
    value = json_value(text)
    return value if isinstance(value, list) else None


def json_value(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpReply:
    body = json.dumps(value, ensure_ascii=False).encode()
    return HttpReply(status, {**JSON, **(headers or {})}, body)
