"""What every chat says of a case, line by line; and how text from outside is made harmless before a chat shows it.

Evidence holds what carriers and customers wrote. It must neither ping anybody, nor become a link or a preview, nor look like a line
of ours; and personal text stays at home: whoever may see it finds it behind the link to the console.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from chat.messages import Alert, Answer, Deed, IncidentAlert, Message, Reader, RouteMessage
from chat.route_phrases import ROUTE_CHOICES
from config.words import say
from domain.case import CLOSED, CaseEvent, Severity
from domain.incident import CauseKind
from domain.privacy import mask_text
from domain.words import Words

MAX_TEXT = 300
"""Characters of one piece of text from outside."""
MAX_EVIDENCE = 3
MAX_DEEDS = 5
MAX_CHANGES = 20
"""Differences of a route that are told one by one; the list itself is behind the link."""
BREAK = "\u200b"
"""A space of no width: it takes the meaning out of `@name`, `#room` and `shop.example` and leaves them readable."""

PERSONAL = frozenset({"text", "error"})
"""Parameters that hold whatever somebody wrote: a customer's complaint has names, phones and streets in it."""
HIDDEN = "…"

MARK = {Severity.URGENT: "🔴", Severity.WARN: "🟠", Severity.WATCH: "🟡"}
CLOSED_MARK = "✅"
SIGNS = {
    CaseEvent.ACKNOWLEDGED: "✅",
    CaseEvent.ASSIGNED: "👤",
    CaseEvent.COMMENTED: "💬",
    CaseEvent.SNOOZED: "💤",
    CaseEvent.RESOLVED: "🏁",
    CaseEvent.CARRIER_CONTACTED: "📞",
    CaseEvent.CARRIER_ANSWERED: "📨",
    CaseEvent.CUSTOMER_TOLD: "📣",
    CaseEvent.REOPENED: "🔁",
    CaseEvent.MADE_GOOD: "🎁",
}

_PINGS = re.compile(r"([@#!＠﹫＃!])(?=\S)")
_SCHEMES = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,15}):(?=\S)")
_DOTS = re.compile(r"(?<=\w)([.。．｡․])(?=[^\W\d_])")
_LIVE = re.compile(r"([<>&\[\](){}|`*_~\\])(?=\S)")


def inert(text: str, limit: int = MAX_TEXT) -> str:
    """Text from outside on one line: no control, direction or zero-width characters; no mention, link, markup or template
    that a client would bring to life. What people read stays as it was.
    """
    flat = " ".join("".join(c for c in text[: limit * 4] if _visible(c)).split())
    cut = flat if len(flat) <= limit else flat[: limit - 1] + "…"
    for live in (_PINGS, _DOTS, _LIVE):
        cut = live.sub(rf"\1{BREAK}", cut)
    return _SCHEMES.sub(rf"\1:{BREAK}", cut)


def _visible(char: str) -> bool:
    return char in "\n\t " or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def harmless(words: Words) -> Words:
    """A sentence whose parameters are safe to show: personal ones hidden, phones masked, everything inert."""
    return Words(words.code, {name: _harmless(name, value) for name, value in words.params.items()})


def _harmless(name: str, value: Any) -> Any:
    if name in PERSONAL:
        return HIDDEN if value else value
    if isinstance(value, list | tuple):
        return [_harmless(name, one) for one in value]
    return inert(mask_text(value)) if isinstance(value, str) and not name.endswith(("_at", "at")) else value


@dataclass(frozen=True, slots=True)
class Text:
    """What is said, in plain text: a title, lines under it, an address of ours to open, a hint in small print. ``choices``: what a
    courier can answer (a phrase of chat/route_phrases), and its label; the same can be written wherever there are no buttons.
    """

    title: str
    lines: tuple[str, ...] = ()
    url: str = ""
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def plain(self) -> str:
        return "\n".join(part for part in (self.title, *self.lines, self.hint, self.url) if part)


def text_of(message: Message, reader: Reader) -> Text:
    """A message in the reader's language."""
    match message:
        case Alert():
            return _alert(message, reader)
        case IncidentAlert():
            return _incident(message, reader)
        case RouteMessage():
            return _route(message, reader)
        case Answer():
            first, *others = [_say(words, reader) for words in message.lines]
            return Text(first, tuple(others), choices=_choices(message.choices, reader))


def link_of(message: Message) -> str:
    """An address of ours that an answer names, such as an invitation's; "" where there is none."""
    lines = message.lines if isinstance(message, Answer) else ()
    return next((str(words.params["url"]) for words in lines if "url" in words.params), "")


def _say(words: Words, reader: Reader) -> str:
    return say(words, reader.lang, reader.zone)


def _alert(alert: Alert, reader: Reader) -> Text:
    closed = alert.status in CLOSED
    title = _say(title_of(alert.case_id, alert.kind.value, alert.number), reader)
    return Text(
        f"{CLOSED_MARK if closed else MARK[alert.severity]} {title}",
        (*(_say(words, reader) for words in _about(alert)), *(_deed(d, reader) for d in alert.deeds[-MAX_DEEDS:])),
        f"{reader.url}/cases/{alert.case_id}" if reader.url else "",
        "" if closed else _say(Words("chat.hint", {}), reader),
    )


def title_of(case_id: int, kind: str, number: str) -> Words:
    """How a case is called in one line."""
    return Words("chat.title", {"case": case_id, "kind": kind, "number": inert(number, 64)})


def _about(alert: Alert) -> tuple[Words, ...]:
    """How the case stands, what was seen, what to do."""
    standing = Words("chat.status", {"case_status": alert.status.value})
    if alert.incident_id is not None and alert.status not in CLOSED:
        return (Words("incident.part_of", {"incident": alert.incident_id}), *_taken_by(alert.owner_name))
    owner = Words("chat.owner", {"by": inert(alert.owner_name, 64)}) if alert.owner_name else Words("chat.nobody", {})
    if alert.status in CLOSED:
        return (standing,)
    promise = (Words("chat.promise", {"promise_at": alert.promise_by.isoformat()}),) if alert.promise_by else ()
    called = (Words("chat.called", {"names": [inert(name, 64) for name in alert.called]}),) if alert.called else ()
    step = (harmless(alert.next_step),) if alert.next_step else ()
    return (*called, owner, *promise, *(harmless(words) for words in alert.evidence[:MAX_EVIDENCE]), *step)


def _taken_by(name: str) -> tuple[Words, ...]:
    return (Words("chat.owner", {"by": inert(name, 64)}),) if name else ()


def _incident(alert: IncidentAlert, reader: Reader) -> Text:
    mark = CLOSED_MARK if alert.over else MARK[alert.severity]
    return Text(
        f"{mark} {_say(title_of_incident(alert, reader), reader)}",
        (
            *(_say(words, reader) for words in about_incident(alert, reader)),
            *(_deed(d, reader) for d in alert.deeds[-MAX_DEEDS:]),
        ),
        f"{reader.url}/incidents/{alert.incident_id}" if reader.url else "",
        "" if alert.over else _say(Words("chat.hint", {}), reader),
    )


def title_of_incident(alert: IncidentAlert, reader: Reader) -> Words:
    return Words("incident.title", {"incident": alert.incident_id, "cause": _say(harmless(alert.cause), reader)})


def usual(expected: float) -> str:
    """How many findings chance brings, as people say it."""
    return f"{expected:.0f}" if expected >= 10 else f"{max(expected, 0.1):.1f}"


NEXT_OF = {CauseKind.MANY: "incident.next_many", CauseKind.DEPOT: "incident.next_depot"}


def about_incident(alert: IncidentAlert, reader: Reader) -> tuple[Words, ...]:
    """How an incident stands: its counters, its promises, why it is one, what to do."""
    counters = {"n": alert.members, "waiting": alert.waiting, "taken": alert.taken, "done": alert.done}
    members = Words("incident.members", counters)
    if alert.over:
        return (Words("incident.over", {"why": _say(alert.over, reader)}), members)
    promises = {"breached": alert.breached, "warned": alert.warned}
    by = {"promise_at": alert.promise_by.isoformat()} if alert.promise_by else {}
    kept = not alert.breached and not alert.warned
    owner = _taken_by(alert.owner_name) or (Words("chat.nobody", {}),)
    examples = Words("incident.examples", {"numbers": [inert(n, 64) for n in alert.numbers]})
    return (
        *owner,
        members,
        Words("incident.kept", by) if kept else Words("incident.promises", {**promises, **by}),
        Words("incident.why_many", {})
        if alert.kind is CauseKind.MANY
        else Words("incident.why", {"n": alert.found, "expected": usual(alert.expected)}),
        *((examples,) if alert.numbers else ()),
        Words(NEXT_OF.get(alert.kind, "incident.next"), {}),
    )


def _deed(deed: Deed, reader: Reader) -> str:
    params = {"case_event": deed.event.value, "by": inert(deed.by, 64), "at": deed.at.isoformat()}
    return f"{SIGNS.get(deed.event, '•')} {_say(Words('chat.deed', params), reader)}"


def _route(route: RouteMessage, reader: Reader) -> Text:
    """A route without its customers; its number of stops is that of the open ones."""
    what = "chat.route_over" if route.over else "chat.route_changed" if route.changes else "chat.route"
    title = _say(Words(what, {"day": route.day, "stops": route.stops}), reader)
    lines = tuple(_say(words, reader) for words in route.changes[:MAX_CHANGES])
    if route.over:
        return Text(f"🚚 {title}", lines)
    hint = _say(Words("chat.route_hint", {}), reader)
    return Text(f"🚚 {title}", lines, route.url, hint, _choices(ROUTE_CHOICES, reader))


def _choices(choices: tuple[tuple[str, Words], ...], reader: Reader) -> tuple[tuple[str, str], ...]:
    return tuple((phrase, _say(words, reader)) for phrase, words in choices)
