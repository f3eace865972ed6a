"""The web console as a chat: an alert appears on the desk's live page and is answered there by a signed-in person.

Nothing leaves the house, so there is no request: a letter is delivered when it is shown in the feed.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from chat.acts import ActKind, ChatAct
from chat.base import Chat
from chat.messages import Answer, IncidentAlert, Message, Reader, RouteMessage
from domain.errors import RuleError

MAX_WORDS = 2_000


class ConsoleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The console needs no settings."""


def render(message: Message, reader: Reader) -> dict[str, Any]:
    """What the feed shows: values only; the page turns codes into words in the reader's own language."""
    del reader
    if isinstance(message, Answer):
        return {"lines": [words.to_json() for words in message.lines]}
    if isinstance(message, RouteMessage):
        return {"route": message.route_id, "url": message.url, "day": message.day, "stops": message.stops}
    if isinstance(message, IncidentAlert):
        return _incident(message)
    return {
        "case": message.case_id,
        "kind": message.kind.value,
        "subject": str(message.subject),
        "number": message.number,
        "severity": message.severity.value,
        "status": message.status.value,
        "reason": message.reason,
        "opened_at": message.opened_at.isoformat(),
        "promise_by": message.promise_by.isoformat() if message.promise_by else None,
        "evidence": [words.to_json() for words in message.evidence],
        "next_step": message.next_step.to_json() if message.next_step else None,
        "owner": message.owner,
        "acknowledged_by": message.acknowledged_by,
        "acknowledged_at": message.acknowledged_at.isoformat() if message.acknowledged_at else None,
        "incident": message.incident_id,
    }


def _incident(message: IncidentAlert) -> dict[str, Any]:
    return {
        "incident": message.incident_id,
        "kind": message.kind.value,
        "cause": message.cause.to_json(),
        "severity": message.severity.value,
        "reason": message.reason,
        "opened_at": message.opened_at.isoformat(),
        **{name: getattr(message, name) for name in ("members", "waiting", "taken", "done", "warned", "breached")},
        "promise_by": message.promise_by.isoformat() if message.promise_by else None,
        "numbers": list(message.numbers),
        "over": message.over.to_json() if message.over else None,
        "owner": message.owner,
        "acknowledged_by": message.acknowledged_by,
    }


def read(form: Mapping[str, str], actor: str, key: str) -> ChatAct:
    """A submitted form of the console, by a signed-in person, about a case or an incident. Raises RuleError where it says
    nothing we know.
    """
    try:
        kind = ActKind(form.get("act", ""))
        incident_id = int(form["incident"]) if "incident" in form else None
        case_id = int(form.get("case", "")) if incident_id is None else 0
    except ValueError as exc:
        raise RuleError(f"act: one of {', '.join(ActKind)}; case or incident: its number") from exc
    if kind is ActKind.SNOOZE:
        raise RuleError("act: the console shows every open case; one is put off in a chat")
    words = form.get("words", "").strip()[:MAX_WORDS]
    if kind is ActKind.COMMENT and not words:
        raise RuleError("words: a comment needs some text")
    return ChatAct("console", "main", key, actor, case_id, kind, words, form.get("to") or None, None, incident_id)


CHAT = Chat(
    id="console",
    name={"zh": "控制台", "en": "Console"},
    settings=ConsoleSettings,
    render=render,
    identity="the signed-in person",
)
