"""What a chat is: a value made of pure functions, like a carrier. See docs/adding-a-chat.md."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from domain.case import CaseStatus, Kind, Severity, Subject
from domain.words import Words
from net.http import HttpReply, HttpRequest


class ActKind(StrEnum):
    """What a person can do to a case from a chat."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    COMMENT = "comment"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class ChatAct:
    """One thing that a person did in a chat. ``key`` tells one delivery from another: it has one effect.

    ``actor`` is the chat's own identity of the person, proven by the adapter; ``to`` is the assignee.
    """

    adapter: str
    account: str
    key: str
    actor: str
    case_id: int
    kind: ActKind
    words: str = ""
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A message about a case, as a value; ``reason`` names why it is said now. No personal text in it."""

    case_id: int
    kind: Kind
    subject: Subject
    number: str
    severity: Severity
    status: CaseStatus
    reason: str
    opened_at: datetime
    promise_by: datetime | None
    evidence: tuple[Words, ...]
    next_step: Words | None
    owner: str | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True)
class RouteMessage:
    """A courier's route of the day."""

    route_id: str
    url: str
    day: str
    stops: int


@dataclass(frozen=True, slots=True)
class Chat:
    """An adapter. ``request`` is None where nothing leaves the house (the console reads the outbox itself)."""

    id: str
    name: Mapping[str, str]
    settings: type[msgspec.Struct]
    render: Callable[[Alert | RouteMessage, str], dict[str, Any]]
    read: Callable[[Mapping[str, str], str, str], ChatAct]
    request: Callable[[dict[str, Any], str, Any], HttpRequest] | None = None
    sent: Callable[[HttpReply], str] | None = None
