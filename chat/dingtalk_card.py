"""DingTalk's card: the variables that fill the desk's own template, and what its buttons ask for."""

from collections.abc import Mapping
from typing import Any

from chat import phrases
from chat.acts import Wish
from chat.messages import Alert, Answer, IncidentAlert, Message, Reader, RouteMessage
from chat.text import link_of, text_of
from config.words import say
from domain.case import CLOSED
from domain.words import Words

MAX_LINE = 900
PRESSED: Mapping[str, Wish] = {
    "ack": phrases.REACTIONS["✅"],
    "take": phrases.REACTIONS["👤"],
    "snooze": phrases.REACTIONS["💤"],
    "false_alarm": phrases.REACTIONS["🚫"],
}
"""What a button of the template sends as ``do``, and what it asks for."""
LABELS = (*PRESSED, "open")
OPEN, TEST, OVER = "open", "test", "over"
"""Which buttons the template shows: all of them, the first alone, none."""
NEW_LINE = "  \n"
"""Markdown's line end inside a paragraph."""


def render(message: Message, reader: Reader) -> dict[str, Any]:
    """The template's variables, each a text. ``told`` is a place that only who pressed sees, and empty here."""
    text = text_of(message, reader)
    lines = [line[:MAX_LINE] for line in text.lines]
    hint = _hint(message, reader)
    labels = {name: _say(Words(f"chat.button.{name}", {}), reader) for name in LABELS}
    if isinstance(message, RouteMessage):
        labels[OPEN] = _say(Words("chat.route_button.open", {}), reader)
    return {
        "title": text.title[:MAX_LINE],
        "markdown": NEW_LINE.join([*lines, *([hint] if hint else [])]),
        "status": status_of(message),
        "url": text.url or link_of(message),
        "told": "",
        **labels,
    }


def status_of(message: Message) -> str:
    """Which buttons a message has."""
    match message:
        case Alert():
            return OVER if message.status in CLOSED else OPEN
        case IncidentAlert():
            return OVER if message.over is not None else OPEN
        case Answer():
            return TEST if message.lines[0].code == "chat.test" else OVER
        case _:
            return OVER


def _hint(message: Message, reader: Reader) -> str:
    """How a case is written to, where a chat has no threads: by its number."""
    if isinstance(message, RouteMessage):
        return text_of(message, reader).hint
    if not isinstance(message, Alert) or message.status in CLOSED:
        return ""
    return _say(Words("chat.hint_number", {"case": message.case_id}), reader)


def _say(words: Words, reader: Reader) -> str:
    return say(words, reader.lang, reader.zone)
