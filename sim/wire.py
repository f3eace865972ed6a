"""What the simulated carriers share: reading forms and JSON of requests, building replies, what servers remember."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from net.http import HttpReply, HttpRequest

JSON = {"content-type": "application/json; charset=utf-8"}


@dataclass(slots=True)
class Memory:
    """What the carriers' servers keep between calls, the one thing here that changes.

    ``asked`` is when each number was last asked at Kuaidi100, ``locked`` until when it is locked for asking too often;
    ``locks`` counts how often that happened. ``subscribed`` are the numbers to be pushed: callback address and salt.
    ``calls`` counts the calls of each source that weren't swallowed by an outage.
    """

    asked: dict[str, datetime] = field(default_factory=dict)
    locked: dict[str, datetime] = field(default_factory=dict)
    locks: int = 0
    subscribed: dict[str, tuple[str, str]] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)

    def count(self, source: str) -> int:
        self.calls[source] = self.calls.get(source, 0) + 1
        return self.calls[source]


def form_of(request: HttpRequest) -> dict[str, str] | None:
    """The fields of a form; None where the body isn't one."""
    kind = header(request.headers, "content-type")
    if "application/x-www-form-urlencoded" not in kind:
        return None
    try:
        return dict(parse_qsl(request.body.decode("utf-8"), keep_blank_values=True, strict_parsing=True))
    except ValueError:
        return None


def header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")


def json_object(text: str | bytes) -> dict[str, Any] | None:
    """A JSON object, None where it is anything else."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpReply:
    body = json.dumps(value, ensure_ascii=False).encode()
    return HttpReply(status, {**JSON, **(headers or {})}, body)
