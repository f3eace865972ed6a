"""Telegram: the Bot API (core.telegram.org/bots/api), listened to by long-polling getUpdates: nothing of ours has to be reachable.

A case is one message with buttons in a group; an answer to it is a comment or a command. Who did something is the numeric
``from.id`` that Telegram puts on an update; names and user names change hands and prove nothing. What a button carries proves
nothing either: the case is the one whose message was pressed.

Telegram has no key that keeps a message from being sent twice, and lets no bot read back what it said: where an answer got
lost on its way, the message may stand there twice.
"""

import html
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from chat import phrases
from chat.acts import Batch, Heard, Wish
from chat.base import Account, Chat, Limits, Outward, Polled, Step, error_of, said
from chat.messages import Alert, IncidentAlert, Message, Reader
from chat.route_phrases import MARK, linking, pressed, to_oneself
from chat.text import Text, text_of
from config.words import say
from domain.case import CLOSED
from domain.errors import AccessDenied, UnreadableReply
from domain.words import Words
from net.http import HttpReply, HttpRequest

ID = "telegram"
LISTEN_S = 10
"""How long getUpdates may wait for something to happen; well below the time-out of our client."""
UPDATES = 100
MAX_TEXT = 4_096  # characters of a message after its markup was taken away
CUT = 3_500
BODY_BYTES = 60_000
_NOWHERE = ZoneInfo("UTC")
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
NOT_MODIFIED, NOT_STARTED = "message is not modified", ("chat not found", "bot can't initiate conversation")


class TelegramSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``token``: the bot's, as BotFather gave it. ``chat``: the group's number (negative), or a person's."""

    token: Annotated[str, Meta(pattern=r"^\d+:[A-Za-z0-9_-]+$", max_length=255)]
    chat: int
    lang: Literal["", "zh", "en"] = ""
    base_url: str = "https://api.telegram.org"
    per_minute: Annotated[int, Meta(ge=1, le=600)] = 20

    def __post_init__(self) -> None:
        address = urlsplit(self.base_url)
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in LOCAL):
            raise ValueError(f"base_url: {self.base_url!r} must begin with https://: the token goes there")


# --- saying --------------------------------------------------------------------------------------------------------

BUTTONS: tuple[tuple[tuple[str, Wish], ...], ...] = (
    (("ack", phrases.REACTIONS["✅"]), ("take", phrases.REACTIONS["👤"])),
    (("snooze", phrases.REACTIONS["💤"]), ("false_alarm", phrases.REACTIONS["🚫"])),
)
"""Rows of buttons: what each carries, and what it asks for. They mean what the same signs mean as reactions elsewhere."""
PRESSED: Mapping[str, Wish] = {name: wish for row in BUTTONS for name, wish in row}


def render(message: Message, reader: Reader) -> dict[str, Any]:
    """The body of sendMessage without its chat. Text is HTML with everything from outside escaped, and no previews."""
    text = text_of(message, reader)
    if text.hint and isinstance(message, Alert | IncidentAlert):
        text = replace(text, hint=say(Words("chat.hint_buttons", {}), reader.lang, reader.zone))
    payload: dict[str, Any] = {
        "text": _markup(text),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    if isinstance(message, Alert | IncidentAlert):
        payload["reply_markup"] = {"inline_keyboard": [] if _is_over(message) else _buttons(reader)}
    elif text.choices:
        payload["reply_markup"] = {"inline_keyboard": _choices(text)}
    return payload


def _is_over(message: Alert | IncidentAlert) -> bool:
    return message.status in CLOSED if isinstance(message, Alert) else message.over is not None


def _buttons(reader: Reader) -> list[list[dict[str, str]]]:
    def button(name: str) -> dict[str, str]:
        return {"text": say(Words(f"chat.button.{name}", {}), reader.lang, reader.zone), "callback_data": name}

    return [[button(name) for name, _ in row] for row in BUTTONS]


def _choices(text: Text) -> list[list[dict[str, str]]]:
    """What a courier can answer, two in a row."""
    made = [{"text": label, "callback_data": f"{MARK}{phrase}"} for phrase, label in text.choices]
    return [made[n : n + 2] for n in range(0, len(made), 2)]


def _markup(text: Text) -> str:
    """Lines are cut before they are escaped, so that no entity is cut in two; the address comes last and whole."""
    room = CUT
    lines = []
    for line in (text.title, *text.lines, text.hint):
        lines.append(html.escape(line[: max(room, 0)], quote=False))
        room -= len(line) + 1
    lines[0] = f"<b>{lines[0]}</b>"
    lines.append(html.escape(text.url, quote=False))
    return "\n".join(line for line in lines if line)


def send(payload: Mapping[str, Any], account: Account, key: str, to: str = "") -> HttpRequest:
    """The method sendMessage. The key is only a header: Telegram knows none."""
    return _call(account, "sendMessage", {**payload, "chat_id": to or account.settings.chat}, key)


def edit(payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest:
    """editMessageText: text and buttons of our own message."""
    place = {"chat_id": account.settings.chat, "message_id": _number(remote_id)}
    return _call(account, "editMessageText", {**payload, **place}, key)


def reply(payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest:
    """The method sendMessage, as a reply; where the message is gone, simply as a message."""
    to = {"message_id": _number(remote_id), "allow_sending_without_reply": True}
    quiet = {name: value for name, value in payload.items() if name != "reply_markup"}
    return send({**quiet, "reply_parameters": to}, account, key)


def _number(remote_id: str) -> int:
    return int(remote_id) if remote_id.isascii() and remote_id.isdigit() else 0


def _call(account: Account, method: str, body: Mapping[str, Any], key: str = "") -> HttpRequest:
    headers = {"content-type": "application/json"} | ({"x-request-id": key} if key else {})
    content = json.dumps(body, ensure_ascii=False).encode()
    return HttpRequest(
        "POST", f"{account.settings.base_url.rstrip('/')}/bot{account.settings.token}/{method}", headers, content
    )


class _Parameters(Struct, frozen=True):
    retry_after: int | None = None
    migrate_to_chat_id: int | None = None


class _Error(Struct, frozen=True):
    description: str = ""
    parameters: _Parameters = _Parameters()


class _Sent(Struct, frozen=True):
    message_id: int


class _SentReply(Struct, frozen=True):
    result: _Sent | bool


def sent(reply: HttpReply) -> str:
    """The message's number; that of an edit which changed nothing is not told, and isn't needed."""
    if _why(reply).startswith(NOT_MODIFIED):
        return ""
    _raise(reply)
    result = said(ID, reply.body, _SentReply).result
    return str(result.message_id) if isinstance(result, _Sent) else ""


def _why(reply: HttpReply) -> str:
    """Telegram's own words for an error, without their beginning ("Bad Request: …"); "" for none."""
    if reply.status == 200:
        return ""
    try:
        told = said(ID, reply.body, _Error).description
    except UnreadableReply:
        return ""
    return told.partition(": ")[2] or told


def _raise(reply: HttpReply) -> None:
    """Raise the OutsideError of an answer. 409: somebody else listens for this bot, or a webhook is set."""
    if reply.status == 200:
        return
    why = _why(reply)[:120]
    if reply.status == 409:
        raise AccessDenied(ID, f"{why or 'HTTP 409'}: only one program may listen for a bot, and no webhook may be set")
    if any(why.startswith(words) for words in NOT_STARTED):
        raise UnreadableReply(ID, f"{why}: they must first open a chat with the bot and press Start")
    try:
        more = said(ID, reply.body, _Error).parameters
    except UnreadableReply:
        more = _Parameters()
    if more.migrate_to_chat_id is not None:
        raise AccessDenied(ID, f"the group became a supergroup with a new number: set chat = {more.migrate_to_chat_id}")
    raise error_of(ID, reply.status, why, more.retry_after)


def limits(account: Account) -> Limits:
    """A group takes 20 messages a minute, one in a second. Edits are possible as long as a message has buttons of ours."""
    return Limits(((1, 1.0), (account.settings.per_minute, 60.0)), BODY_BYTES)


def look(remote_id: str, account: Account) -> HttpRequest:
    """A bot can't read a message; but buttons that stay as they are tell whether it is there (editMessageReplyMarkup)."""
    place = {"chat_id": account.settings.chat, "message_id": _number(remote_id)}
    markup = {"inline_keyboard": _buttons(Reader(account.settings.lang or "en", _NOWHERE))}
    return _call(account, "editMessageReplyMarkup", {**place, "reply_markup": markup})


def seen(reply: HttpReply) -> None:
    if not _why(reply).startswith(NOT_MODIFIED):
        _raise(reply)


def open_private(who: str, account: Account) -> HttpRequest:
    """getChat: a bot can't begin a conversation; it finds one only with whoever pressed Start."""
    return _call(account, "getChat", {"chat_id": _number(who)})


class _Chat(Struct, frozen=True):
    id: int
    type: str = ""


class _ChatReply(Struct, frozen=True):
    result: _Chat


def opened(reply: HttpReply) -> str:
    _raise(reply)
    return str(said(ID, reply.body, _ChatReply).result.id)


# --- listening -----------------------------------------------------------------------------------------------------


class _From(Struct, frozen=True):
    id: int
    is_bot: bool = False


class _Answered(Struct, frozen=True):
    message_id: int


class _Message(Struct, frozen=True):
    message_id: int
    chat: _Chat
    sender: _From | None = msgspec.field(default=None, name="from")
    text: str = ""
    reply_to_message: _Answered | None = None


class _Pressed(Struct, frozen=True):
    id: str
    sender: _From = msgspec.field(name="from")
    message: _Message | None = None
    data: str = ""


class _Update(Struct, frozen=True):
    """One update; what we don't know of it is left alone."""

    update_id: int
    message: msgspec.Raw = msgspec.Raw(b"null")
    callback_query: msgspec.Raw = msgspec.Raw(b"null")


class _Updates(Struct, frozen=True):
    result: list[_Update]


def request(account: Account, cursor: str) -> HttpRequest:
    """The method getUpdates, from a number on. Without one only the newest is asked for: what was said before we came isn't for us."""
    wanted: dict[str, Any] = {"offset": int(cursor or -1), "limit": UPDATES, "timeout": LISTEN_S if cursor else 0}
    return _call(account, "getUpdates", {**wanted, "allowed_updates": ["message", "callback_query"]})


def read(reply: HttpReply, account: Account) -> Batch:
    """What people did in our group, in Telegram's order. With nothing new we go on from what isn't confirmed yet: 0."""
    _raise(reply)
    updates = said(ID, reply.body, _Updates).result
    heard = tuple(one for update in updates if (one := _one(update, account)) is not None)
    return Batch(heard, str(updates[-1].update_id + 1) if updates else "0")


def nothing_older(account: Account, gap: str, until: str) -> HttpRequest:
    """Nothing: getUpdates leaves nothing out; this is never asked."""
    del gap, until
    return request(account, "")


def _one(update: _Update, account: Account) -> Heard | None:
    try:
        pressed = msgspec.json.decode(update.callback_query, type=_Pressed | None)
        message = msgspec.json.decode(update.message, type=_Message | None)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # a shape that we don't know
    if pressed is not None:
        return _click(pressed, account)
    return _said(message, update.update_id, account) if message is not None else None


def _click(press: _Pressed, account: Account) -> Heard | None:
    """A button under one of our messages, in our group or alone with us; ``here`` is the press itself, which wants an answer."""
    message = press.message
    alone = message is not None and _is_alone(message.chat, press.sender)
    wish = pressed(press.data) if alone else PRESSED.get(press.data)
    if wish is None or message is None or not (alone or message.chat.id == account.settings.chat):
        return None
    return Heard(
        f"press-{press.id}", str(press.sender.id), wish, str(message.message_id), f"{PRESS}{press.id}", alone=alone
    )


def _is_alone(chat: _Chat, sender: _From) -> bool:
    """A chat between the bot and one person has that person's number."""
    return chat.type == "private" and chat.id == sender.id and not sender.is_bot


PRESS = "press:"


def _said(message: _Message, update_id: int, account: Account) -> Heard | None:
    """A text in our group: an answer to a message, or a question, which may begin with / and end its name with @bot."""
    sender = message.sender
    if sender is not None and _is_alone(message.chat, sender):
        here = str(message.message_id)
        said_alone = Heard(f"update-{update_id}", str(sender.id), to_oneself(message.text), here=here, alone=True)
        return said_alone if message.text else None
    if sender is None or sender.is_bot or message.chat.id != account.settings.chat:
        return None
    about = str(message.reply_to_message.message_id) if message.reply_to_message else ""
    text = _plain(message.text)
    wish = phrases.to_a_case(text) if about else linking(text) or phrases.to_the_desk(text)
    here = str(message.message_id)
    return Heard(f"update-{update_id}", str(sender.id), wish, about, here) if wish else None


def _plain(text: str) -> str:
    """``/mine@DoorstepBot`` is ``mine``."""
    if not text.startswith("/"):
        return text
    name, gap, rest = text[1:].partition(" ")
    return f"{name.partition('@')[0].replace('_', ' ')}{gap}{rest}"


def answer(heard: Heard, account: Account, *, taken: bool) -> HttpRequest | None:
    """answerCallbackQuery: the button stops waiting; whoever isn't linked is shown where the bot writes to them."""
    if not heard.here.startswith(PRESS):
        return None
    lang = account.settings.lang or "en"
    told = {} if taken else {"text": say(Words("chat.see_private", {}), lang, _NOWHERE), "show_alert": True}
    return _call(account, "answerCallbackQuery", {"callback_query_id": heard.here.removeprefix(PRESS), **told})


# --- coming in -----------------------------------------------------------------------------------------------------


class _Me(Struct, frozen=True):
    id: int
    is_bot: bool


class _MeReply(Struct, frozen=True):
    result: _Me


def me(account: Account) -> HttpRequest:
    return _call(account, "getMe", {})


def is_bot(reply: HttpReply, account: Account) -> None:
    """Raises AccessDenied where the token is nobody's."""
    del account
    _raise(reply)
    said(ID, reply.body, _MeReply)


def group(account: Account) -> HttpRequest:
    return _call(account, "getChat", {"chat_id": account.settings.chat})


def is_in(reply: HttpReply, account: Account) -> None:
    """Raises AccessDenied where the bot isn't in the group."""
    if any(_why(reply).startswith(words) for words in NOT_STARTED):
        raise AccessDenied(ID, f"{_why(reply)[:60]}: add the bot to the group, and set `chat` to the group's number")
    _raise(reply)
    told = said(ID, reply.body, _ChatReply).result.id
    if told != account.settings.chat:
        raise AccessDenied(ID, f"asked for {account.settings.chat}, got {told}")


CHAT = Chat(
    id=ID,
    name={"zh": "Telegram", "en": "Telegram"},
    settings=TelegramSettings,
    render=render,
    identity="the numeric user id (from.id) that Telegram puts on an update",
    outward=Outward(send, edit, reply, sent, limits, look, seen, open_private, opened),
    polled=Polled((Step("token", me, is_bot), Step("room", group, is_in)), request, read, nothing_older, read, answer),
)
