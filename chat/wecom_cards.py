"""WeCom's template cards, as its bots and its apps send them: what they show, their buttons, and what each of those asks for."""

from collections.abc import Mapping
from typing import Any

from chat import phrases
from chat.acts import Wish
from chat.messages import Alert, Answer, IncidentAlert, Message, Reader, RouteMessage
from chat.text import Text, link_of, text_of
from config.words import say
from domain.case import CLOSED
from domain.words import Words

MAX_TITLE, MAX_LINE = 128, 160
PRESSED: Mapping[str, Wish] = {
    "ack": phrases.REACTIONS["✅"],
    "take": phrases.REACTIONS["👤"],
    "snooze": phrases.REACTIONS["💤"],
    "false_alarm": phrases.REACTIONS["🚫"],
}
"""What each button carries, and what it asks for."""
PRIMARY, PLAIN = 1, 4
OPENS_URL = 1


def render(message: Message, reader: Reader) -> dict[str, Any]:
    """A template card where there is something to press or to open, else a text."""
    card = card_of(message, reader)
    if card is not None:
        return {"msgtype": "template_card", "template_card": card}
    text = plain_of(message, reader)
    return {"msgtype": "markdown", "markdown": {"content": "\n".join((text.title, *text.lines))}}


def under(payload: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A payload whose card has our key: the platform takes it once."""
    if "template_card" not in payload:
        return dict(payload)
    return {**payload, "template_card": {**payload["template_card"], "task_id": key}}


def in_place(payload: Mapping[str, Any], task_id: str) -> dict[str, Any]:
    """What takes the place of a card; a text too, as of the test's once it was pressed."""
    return {**(payload.get("template_card") or _as_card(payload)), "task_id": task_id}


def _as_card(payload: Mapping[str, Any]) -> dict[str, Any]:
    title, _, rest = payload["markdown"]["content"].partition("\n")
    card = {"card_type": "text_notice", "main_title": {"title": title}, "card_action": {"type": 0}}
    return {**card, "sub_title_text": rest} if rest else card


def card_of(message: Message, reader: Reader) -> dict[str, Any] | None:
    """The card that a message is; None where a text will do: nothing is pressed on it and nothing opened."""
    text = text_of(message, reader)
    names, url = buttons_of(message), text.url or link_of(message)
    if not names and not url:
        return None
    first, *others = [line[:MAX_LINE] for line in text.lines] or [""]
    hint = _hint(message, reader)
    card: dict[str, Any] = {
        "card_type": "button_interaction" if names else "text_notice",
        "main_title": {"title": text.title[:MAX_TITLE], **({"desc": first} if first else {})},
    }
    below = "\n".join([*others, *([hint] if hint else [])])
    if below:
        card["sub_title_text"] = below
    if names:
        card["button_list"] = [_button(name, reader) for name in names]
    if url:
        card["card_action"] = {"type": OPENS_URL, "url": url}
    return card


def buttons_of(message: Message) -> tuple[str, ...]:
    """Which buttons a message has."""
    match message:
        case Alert() if message.status not in CLOSED:
            return tuple(PRESSED)
        case IncidentAlert() if message.over is None:
            return tuple(PRESSED)
        case Answer() if message.lines[0].code == "chat.test":
            return ("ack",)
        case _:
            return ()


def plain_of(message: Message, reader: Reader) -> Text:
    """A message without buttons, line by line."""
    text = text_of(message, reader)
    return Text(text.title[:MAX_TITLE], tuple(line[: MAX_LINE * 2] for line in text.lines))


def _button(name: str, reader: Reader) -> dict[str, Any]:
    """A button takes ten characters."""
    label = say(Words(f"chat.short.{name}", {}), reader.lang, reader.zone)
    return {"text": label, "style": PRIMARY if name == "ack" else PLAIN, "key": name}


def _hint(message: Message, reader: Reader) -> str:
    """How a case is written to, where a chat has no threads: by its number."""
    if isinstance(message, RouteMessage):
        return text_of(message, reader).hint
    if not isinstance(message, Alert) or message.status in CLOSED:
        return ""
    return say(Words("chat.hint_number", {"case": message.case_id}), reader.lang, reader.zone)
