"""Feishu's cards (JSON 2.0): what they show, their buttons and the form, and what each of them asks for."""

from collections.abc import Mapping
from typing import Any

from chat import phrases
from chat.acts import ActKind, Wish
from chat.messages import Alert, Answer, IncidentAlert, Message, Reader, RouteMessage
from chat.route_phrases import MARK
from chat.text import text_of
from config.words import say
from domain.case import CLOSED, Severity
from domain.words import Words

MAX_LINE = 900

BUTTONS: tuple[tuple[str, Wish, str], ...] = (
    ("ack", phrases.REACTIONS["✅"], "primary_filled"),
    ("take", phrases.REACTIONS["👤"], "default"),
    ("snooze", phrases.REACTIONS["💤"], "default"),
    ("false_alarm", phrases.REACTIONS["🚫"], "default"),
)
"""What each button carries, what it asks for, how it looks."""
PRESSED: Mapping[str, Wish] = {name: wish for name, wish, _ in BUTTONS}
WRITTEN: Mapping[str, ActKind] = {"comment": ActKind.COMMENT, "resolve": ActKind.RESOLVE}
"""The form's buttons: what is written beside them is a comment, or the reason for closing."""
COLOURS = {Severity.URGENT: "red", Severity.WARN: "orange", Severity.WATCH: "yellow"}


def render(message: Message, reader: Reader) -> dict[str, Any]:
    """A card (JSON 2.0). Everything from outside is plain text, which Feishu brings no markup and no mention to life in."""
    text = text_of(message, reader)
    is_case = isinstance(message, Alert | IncidentAlert)
    over = is_case and _is_over(message)
    elements: list[dict[str, Any]] = [{"tag": "div", "text": _plain(line[:MAX_LINE])} for line in text.lines]
    if is_case and not over:
        elements += [_row([_button(name, look, reader) for name, _, look in BUTTONS]), _form(reader), _hint(reader)]
    if isinstance(message, Answer) and message.lines[0].code == "chat.test":
        elements.append(_row([_button("ack", "primary_filled", reader)]))
    if text.choices:
        elements.append(_row([_choice(*one) for one in text.choices]))
    if text.hint and isinstance(message, RouteMessage):
        elements.append(_small(text.hint))
    if text.url:
        elements.append(_link(text.url, _opens(message, reader)))
    return {
        "schema": "2.0",
        "config": {"update_multi": True, "enable_forward": False},
        "header": {"title": _plain(text.title[:MAX_LINE]), "template": _colour(message, over=over)},
        "body": {"elements": elements},
    }


def _is_over(message: Message) -> bool:
    if isinstance(message, Alert):
        return message.status in CLOSED
    return isinstance(message, IncidentAlert) and message.over is not None


def _colour(message: Message, *, over: bool) -> str:
    if over:
        return "green"
    return COLOURS[message.severity] if isinstance(message, Alert | IncidentAlert) else "blue"


def _plain(text: str) -> dict[str, str]:
    return {"tag": "plain_text", "content": text}


def _label(name: str, reader: Reader) -> dict[str, str]:
    return _plain(say(Words(f"chat.button.{name}", {}), reader.lang, reader.zone))


def _button(name: str, look: str, reader: Reader) -> dict[str, Any]:
    behaviors = [{"type": "callback", "value": {"do": name}}]
    return {"tag": "button", "text": _label(name, reader), "type": look, "behaviors": behaviors}


def _form(reader: Reader) -> dict[str, Any]:
    placeholder = _plain(say(Words("chat.write_here", {}), reader.lang, reader.zone))
    entry = {"tag": "input", "name": "words", "placeholder": placeholder, "max_length": 500, "width": "fill"}
    buttons = [{**_button(name, "default", reader), "name": name, "form_action_type": "submit"} for name in WRITTEN]
    return {"tag": "form", "name": "written", "elements": [entry, _row(buttons)]}


def _choice(phrase: str, label: str) -> dict[str, Any]:
    """What a courier can answer."""
    behaviors = [{"type": "callback", "value": {"do": f"{MARK}{phrase}"}}]
    return {"tag": "button", "text": _plain(label), "type": "default", "behaviors": behaviors}


def _hint(reader: Reader) -> dict[str, Any]:
    return _small(say(Words("chat.hint_buttons", {}), reader.lang, reader.zone))


def _small(text: str) -> dict[str, Any]:
    return {"tag": "div", "text": {**_plain(text), "text_size": "notation", "text_color": "grey"}}


def _opens(message: Message, reader: Reader) -> dict[str, str]:
    """What an address of ours opens: the console, or a courier's route."""
    if not isinstance(message, RouteMessage):
        return _label("open", reader)
    return _plain(say(Words("chat.route_button.open", {}), reader.lang, reader.zone))


def _link(url: str, label: dict[str, str]) -> dict[str, Any]:
    behaviors = [{"type": "open_url", "default_url": url}]
    return {"tag": "button", "text": label, "type": "text", "behaviors": behaviors}


def _row(buttons: list[dict[str, Any]]) -> dict[str, Any]:
    columns = [{"tag": "column", "width": "auto", "elements": [button]} for button in buttons]
    return {"tag": "column_set", "flex_mode": "flow", "horizontal_spacing": "8px", "columns": columns}
