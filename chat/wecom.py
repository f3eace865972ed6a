"""WeCom: template cards with buttons, sent by a smart bot (智能机器人) into a group over the long connection that it listens on.

Nothing of ours has to be reachable, and nothing is said by HTTP: a request is a frame that is answered by another one under the same
``req_id``. Who did something is the ``userid`` that the platform puts on it; a card's ``task_id`` is the letter's own key. A card can be edited
only within 5 s of a press on it, with that press's ``req_id``; other news is a new message.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Raw, Struct, field

from chat import phrases, wecom_codes
from chat.acts import Heard
from chat.base import (
    Account,
    Address,
    Carried,
    Caught,
    Chat,
    Codes,
    Frame,
    Limits,
    Outward,
    Socket,
    said,
)
from chat.route_phrases import linking, to_oneself
from chat.wecom_cards import PRESSED, in_place, render, under
from domain.errors import AccessDenied, UnreadableReply
from net.http import HttpReply, HttpRequest

ID = "wecom"
SINGLE = "single"
"""The chattype of a person and the bot alone."""
URL = "wss://openws.work.weixin.qq.com"
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
BODY_BYTES = 20_480
EDIT_WITHIN = timedelta(seconds=4.5)
"""The platform takes an edit for 5 s after the press."""
SUBSCRIBE, PING = "aibot_subscribe", "ping"
SEND, UPDATE = "aibot_send_msg", "aibot_respond_update_msg"
SAID, HAPPENED = "aibot_msg_callback", "aibot_event_callback"
ALONE, GROUP = 1, 2


class WecomSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``bot_id``, ``secret``: the smart bot's, in long-connection mode. ``corp``: the company's id. ``chat``: the group's ``chatid``."""

    bot_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]+$", max_length=128)]
    secret: Annotated[str, Meta(min_length=1, max_length=256)]
    corp: Annotated[str, Meta(pattern=r"^w[a-z][A-Za-z0-9_-]+$", max_length=64)]
    chat: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]+$", max_length=128)]
    lang: Literal["", "zh", "en"] = ""
    base_url: str = ""
    per_minute: Annotated[int, Meta(ge=1, le=1_000)] = 30

    def __post_init__(self) -> None:
        address = urlsplit(self.base_url or URL)
        if address.scheme != "wss" and not (address.scheme == "ws" and address.hostname in LOCAL):
            raise ValueError(f"base_url: {self.base_url!r} must begin with wss://: the secret goes there")


# --- saying --------------------------------------------------------------------------------------------------------


def send(payload: Mapping[str, Any], account: Account, key: str, to: str = "") -> HttpRequest:
    """Say something in the group, or to one person alone (``to``: their userid)."""
    where = {"chatid": to or account.settings.chat, "chat_type": ALONE if to else GROUP}
    return _frame(account, SEND, f"{SEND}_{key}", {**where, **under(payload, key)})


def edit(payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest:
    """The card anew, in place; ``key`` is the ``req_id`` of a press on it."""
    body = {"response_type": "update_template_card", "template_card": in_place(payload, remote_id)}
    return _frame(account, UPDATE, key, body)


def no_code(reply: HttpReply) -> str:
    """A sending brings none."""
    del reply
    return ""


def reply(payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest:
    """A bot has no threads: an answer is a message of its own."""
    del remote_id
    return send(payload, account, key)


def look(remote_id: str, account: Account) -> HttpRequest:
    """A bot can't read a message: we see that the platform is there, which answered that it took it."""
    return _frame(account, PING, f"{PING}_{remote_id}", None)


def open_private(who: str, account: Account) -> str:
    """Whoever has written to the bot can be written to by their userid: nothing is asked."""
    del account
    return who.rpartition("/")[2]


def nothing_opened(reply: HttpReply) -> str:
    _raise(reply)
    return ""


def _frame(account: Account, cmd: str, req_id: str, body: Mapping[str, Any] | None) -> HttpRequest:
    content = _dumped({"cmd": cmd, "headers": {"req_id": req_id}, **({"body": body} if body is not None else {})})
    return HttpRequest("FRAME", account.settings.base_url or URL, {"req_id": req_id}, content.encode())


def _dumped(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def limits(account: Account) -> Limits:
    """A conversation takes 30 messages a minute and 1,000 an hour."""
    return Limits(((account.settings.per_minute, 60.0), (1_000, 3_600.0)), BODY_BYTES)


# --- answers -------------------------------------------------------------------------------------------------------


class _Headers(Struct, frozen=True):
    req_id: str = ""


class _Frame(Struct, frozen=True):
    """A frame; one without ``cmd`` answers one of ours."""

    cmd: str = ""
    headers: _Headers = _Headers()
    errcode: int | None = None
    errmsg: str = ""
    body: Raw = Raw(b"null")


_raise, sent = partial(wecom_codes.raise_for, ID), partial(wecom_codes.sent, ID)


# --- listening -----------------------------------------------------------------------------------------------------


class _From(Struct, frozen=True):
    userid: str
    corpid: str = ""


class _Press(Struct, frozen=True):
    event_key: str = ""
    task_id: str = ""


class _Event(Struct, frozen=True):
    eventtype: str = ""
    template_card_event: _Press = _Press()


class _Text(Struct, frozen=True):
    content: str = ""


class _Body(Struct, frozen=True):
    msgid: str
    sender: _From = field(name="from")
    chatid: str = ""
    chattype: str = ""
    msgtype: str = ""
    text: _Text = _Text()
    event: _Event = _Event()


class _Kind(Struct, frozen=True):
    event: _Event = _Event()


def greet(account: Account, address: Address, nonce: str) -> tuple[str, ...]:
    """Who we are. What we say goes out once it is answered."""
    del address
    body = {"bot_id": account.settings.bot_id, "secret": account.settings.secret}
    return (_dumped({"cmd": SUBSCRIBE, "headers": {"req_id": f"{SUBSCRIBE}_{nonce}"}, "body": body}),)


def ping(account: Account, address: Address, nonce: str) -> str:
    del account, address
    return _dumped({"cmd": PING, "headers": {"req_id": f"{PING}_{nonce}"}})


def read_frame(frame: Frame, account: Account, now: datetime, kept: tuple[Frame, ...] = ()) -> Caught:
    """The answer to who we are, a press or a text. Raises AccessDenied where we aren't let in, or another took our place."""
    del now, kept
    told = _read(frame)
    if not told.cmd and told.headers.req_id.startswith(SUBSCRIBE):
        if told.errcode:
            raise AccessDenied(ID, f"code {told.errcode}: {told.errmsg[:160]}: check bot_id and secret")
        return Caught(ready=True)
    if told.cmd == SAID:
        return _caught(_written(said(ID, bytes(told.body), _Body), account))
    if told.cmd == HAPPENED:
        if said(ID, bytes(told.body), _Kind).event.eventtype == "disconnected_event":
            raise AccessDenied(
                ID, "another program connected as this bot: a bot has one connection, run one Doorstep for it"
            )
        return _caught(_pressed(told, account))
    return Caught()


def _read(frame: Frame) -> _Frame:
    return said(ID, frame.encode() if isinstance(frame, str) else frame, _Frame)


def _caught(heard: Heard | None) -> Caught:
    return Caught((heard,) if heard else ())


def _pressed(told: _Frame, account: Account) -> Heard | None:
    """A button of a card in our group; its frame's id lets the card be edited for 5 s."""
    body = said(ID, bytes(told.body), _Body)
    press = body.event.template_card_event
    wish = PRESSED.get(press.event_key)
    if (
        body.event.eventtype != "template_card_event"
        or wish is None
        or not press.task_id
        or not _is_ours(body, account)
    ):
        return None
    return Heard(body.msgid, _who(body, account), wish, press.task_id, press.task_id, told.headers.req_id)


def _written(body: _Body, account: Account) -> Heard | None:
    """A text in our group that mentions the bot: to a case by its number, or to the desk; or a text to the bot alone."""
    alone = body.chattype == SINGLE
    if body.msgtype != "text" or not (_is_ours(body, account) or (alone and _is_of_us(body, account))):
        return None
    text = re.sub(r"^\s*@\S+\s*", "", body.text.content).strip()
    in_group = linking(text) or phrases.to_a_numbered_case(text) or phrases.to_the_desk(text)
    wish = to_oneself(text) if alone else in_group
    return Heard(f"message-{body.msgid}", _who(body, account), wish, here=body.msgid, alone=alone) if wish else None


def _is_ours(body: _Body, account: Account) -> bool:
    """In our group, by somebody of our company."""
    return body.chattype == "group" and body.chatid == account.settings.chat and _is_of_us(body, account)


def _is_of_us(body: _Body, account: Account) -> bool:
    """A company's own bot isn't told which company."""
    settings = account.settings
    return bool(body.sender.userid) and body.sender.corpid in {"", settings.corp}


def _who(body: _Body, account: Account) -> str:
    return f"{account.settings.corp}/{body.sender.userid}"


def address_of(account: Account) -> Address:
    return Address(account.settings.base_url or URL)


def no_address(reply: HttpReply, account: Account) -> Address:
    """Nothing is asked for it."""
    _raise(reply)
    return address_of(account)


def answered(frame: Frame) -> str:
    """The id under which we said what a frame answers; "" where it answers nothing."""
    try:
        told = _read(frame)
    except UnreadableReply:
        return ""
    return told.headers.req_id if not told.cmd else ""


CHAT = Chat(
    id=ID,
    name={"zh": "企业微信", "en": "WeCom"},
    settings=WecomSettings,
    render=render,
    identity="corp/userid: the company's id from the settings, the userid that the platform puts on an event",
    outward=Outward(
        send, edit, reply, sent, limits, look, _raise, open_private, nothing_opened, own_ids=True,
        codes=Codes(EDIT_WITHIN, no_code),
    ),
    socket=Socket(
        address_of, no_address, read_frame, greet=greet, ping=ping, beat_s=30.0, silent_s=100.0,
        carried=Carried(lambda request: request.headers["req_id"], answered),
    ),
)  # fmt: skip
