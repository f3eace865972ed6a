"""Feishu and Lark: cards with buttons and a form, sent by a company's own app (open.feishu.cn, open.larksuite.com).

Listened to over the long connection by default: nothing of ours has to be reachable. Who did something is tenant and ``open_id`` as
the platform puts them on an event; what a card's button carries proves nothing: the case is the one whose message was clicked.
``uuid`` keeps a message from being sent twice (for an hour); a card can be edited for 14 days, then a new message follows.
"""

import base64
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from chat import feishu_wire, phrases
from chat.base import (
    Account,
    ActKind,
    Address,
    Alert,
    Answer,
    Call,
    Caught,
    Chat,
    Delivered,
    Frame,
    Heard,
    Hook,
    IncidentAlert,
    Limits,
    Message,
    Outward,
    Reader,
    Reply,
    Socket,
    Spurned,
    Step,
    Token,
    TokenFlow,
    Wish,
    error_of,
    said,
)
from chat.feishu_wire import ID
from chat.text import text_of
from config.words import say
from domain.case import CLOSED, Severity
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from domain.words import Words
from net.http import HttpReply, HttpRequest

DOMAINS = {"feishu": "https://open.feishu.cn", "lark": "https://open.larksuite.com"}
OURS = (".feishu.cn", ".larksuite.com", ".larkoffice.com")
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
EDIT_FOR = timedelta(days=14)
WINDOW_S = 300
MAX_LINE = 900
BODY_BYTES = 30_000
KEPT_PARTS = 32
_NOWHERE = ZoneInfo("UTC")


class FeishuSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``app_id``, ``app_secret``: the app's credentials. ``chat``: the group's id (``oc_…``). ``mode``: ``socket`` is the long
    connection, ``callback`` a signed call, which needs ``encrypt_key`` and ``verification_token``. ``tenant``: only people of
    this one are heard; the app's own where it is empty.
    """

    app_id: Annotated[str, Meta(pattern=r"^cli_[A-Za-z0-9]+$", max_length=64)]
    app_secret: Annotated[str, Meta(min_length=1, max_length=128)]
    chat: Annotated[str, Meta(pattern=r"^oc_[A-Za-z0-9]+$", max_length=64)]
    domain: Literal["feishu", "lark"] = "feishu"
    mode: Literal["socket", "callback"] = "socket"
    encrypt_key: str = ""
    verification_token: str = ""
    tenant: str = ""
    lang: Literal["", "zh", "en"] = ""
    base_url: str = ""
    per_minute: Annotated[int, Meta(ge=1, le=1_000)] = 100

    def __post_init__(self) -> None:
        if self.mode == "callback" and not (self.encrypt_key and self.verification_token):
            raise ValueError(
                'mode = "callback" needs encrypt_key and verification_token: without a key calls are not signed'
            )
        address = urlsplit(self.base_url or DOMAINS[self.domain])
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in LOCAL):
            raise ValueError(f"base_url: {self.base_url!r} must begin with https://: the secret goes there")

    @property
    def url(self) -> str:
        return (self.base_url or DOMAINS[self.domain]).rstrip("/")


# --- saying --------------------------------------------------------------------------------------------------------

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
    if text.url:
        elements.append(_link(text.url, reader))
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


def _hint(reader: Reader) -> dict[str, Any]:
    text = _plain(say(Words("chat.hint_buttons", {}), reader.lang, reader.zone))
    return {"tag": "div", "text": {**text, "text_size": "notation", "text_color": "grey"}}


def _link(url: str, reader: Reader) -> dict[str, Any]:
    behaviors = [{"type": "open_url", "default_url": url}]
    return {"tag": "button", "text": _label("open", reader), "type": "text", "behaviors": behaviors}


def _row(buttons: list[dict[str, Any]]) -> dict[str, Any]:
    columns = [{"tag": "column", "width": "auto", "elements": [button]} for button in buttons]
    return {"tag": "column_set", "flex_mode": "flow", "horizontal_spacing": "8px", "columns": columns}


def send(payload: Mapping[str, Any], account: Account, key: str, to: str = "") -> HttpRequest:
    """Say something in the group, or to one person alone (``to``: their open_id)."""
    kind = "open_id" if to.startswith("ou_") else "chat_id"
    body = {
        "receive_id": to or account.settings.chat,
        "msg_type": "interactive",
        "content": _dumped(payload),
        "uuid": key,
    }
    return _call(account, "POST", f"/open-apis/im/v1/messages?receive_id_type={kind}", body)


def edit(payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest:
    """The card anew, in place."""
    del key
    return _call(account, "PATCH", f"/open-apis/im/v1/messages/{_id(remote_id)}", {"content": _dumped(payload)})


def reply(payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest:
    """Answer a message in its thread."""
    body = {"msg_type": "interactive", "content": _dumped(payload), "reply_in_thread": True, "uuid": key}
    return _call(account, "POST", f"/open-apis/im/v1/messages/{_id(remote_id)}/reply", body)


def look(remote_id: str, account: Account) -> HttpRequest:
    return _call(account, "GET", f"/open-apis/im/v1/messages/{_id(remote_id)}")


def open_private(who: str, account: Account) -> str:
    """Whoever the app may see can be written to by their open_id: nothing is asked."""
    del account
    return who.rpartition("/")[2]


def nothing_opened(reply: HttpReply) -> str:
    _raise(reply)
    return ""


def _dumped(payload: Mapping[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def _id(remote_id: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "", remote_id)


def _call(account: Account, method: str, path: str, body: Mapping[str, Any] | None = None) -> HttpRequest:
    proof = {"authorization": f"Bearer {account.token.value}"} if account.token else {}
    headers = {"content-type": "application/json; charset=utf-8", **proof}
    content = json.dumps(body, ensure_ascii=False).encode() if body is not None else b""
    return HttpRequest(method, account.settings.url + path, headers, content)


def limits(account: Account) -> Limits:
    """A group takes 5 messages a second; the minute is the operator's own choice."""
    return Limits(((5, 1.0), (account.settings.per_minute, 60.0)), BODY_BYTES, EDIT_FOR)


# --- replies -------------------------------------------------------------------------------------------------------


class _Told(Struct, frozen=True):
    code: int
    msg: str = ""


DENIED = frozenset({
    99991661, 99991663, 99991664, 99991665, 99991668, 99991671,  # the token
    99991672, 99991679, 230027,  # a permission (scope) is missing
    10003, 10014, 10015, 230002, 230006, 230013, 232025, 1000040344, 514, 403,  # app, bot, group, person
})  # fmt: skip
SLOWER = frozenset({99991400, 230020, 11232})
LATER = frozenset({1, 1500, 1503, 2200, 1000040343, 230049})


def _raise(reply: HttpReply, *, who: str = ID) -> None:
    """Raise the OutsideError of an answer: by Feishu's code where there is one, else by the HTTP status."""
    told = _told(reply)
    if reply.status == 200 and told is not None and told.code == 0:
        return
    if told is not None and told.code and reply.status in {200, 400}:
        raise _error(told, reply)
    if reply.status != 200:
        raise error_of(who, reply.status, told.msg[:120] if told else "", _wait_s(reply))
    said(who, reply.body, _Told)


def _error(told: _Told, reply: HttpReply) -> OutsideError:
    what = f"code {told.code}: {told.msg[:160]}"
    if told.code in DENIED:
        return AccessDenied(ID, what)
    if told.code in SLOWER:
        return RateLimited(ID, what, retry_after_s=_wait_s(reply))
    return Unreachable(ID, what) if told.code in LATER else UnreadableReply(ID, what)


def _told(reply: HttpReply) -> _Told | None:
    try:
        return said(ID, reply.body, _Told)
    except UnreadableReply:
        return None


def _wait_s(reply: HttpReply) -> int | None:
    text = reply.headers.get("x-ogw-ratelimit-reset", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


class _Message(Struct, frozen=True):
    message_id: str


class _Sent(Struct, frozen=True):
    data: _Message


def sent(reply: HttpReply) -> str:
    """The message's id; an edit tells none, and none is needed."""
    _raise(reply)
    if b'"message_id"' not in reply.body:
        return ""
    return said(ID, reply.body, _Sent).data.message_id


def seen(reply: HttpReply) -> None:
    _raise(reply)


# --- the token -----------------------------------------------------------------------------------------------------


class _TenantToken(Struct, frozen=True):
    tenant_access_token: str
    expire: int


def ask_token(account: Account) -> HttpRequest:
    body = {"app_id": account.settings.app_id, "app_secret": account.settings.app_secret}
    return _call(account, "POST", "/open-apis/auth/v3/tenant_access_token/internal", body)


def read_token(reply: HttpReply, now: datetime) -> Token:
    _raise(reply)
    told = said(ID, reply.body, _TenantToken)
    return Token(told.tenant_access_token, now + timedelta(seconds=max(min(told.expire, 86_400), 0)))


# --- coming in -----------------------------------------------------------------------------------------------------


def me(account: Account) -> HttpRequest:
    return _call(account, "GET", "/open-apis/bot/v3/info")


def is_bot(reply: HttpReply, account: Account) -> None:
    """Raises AccessDenied where the app has no bot."""
    del account
    _raise(reply)


def group(account: Account) -> HttpRequest:
    return _call(account, "GET", f"/open-apis/im/v1/chats/{account.settings.chat}")


def is_in(reply: HttpReply, account: Account) -> None:
    """Raises AccessDenied where the bot isn't in the group."""
    del account
    _raise(reply)


class _Config(Struct, frozen=True):
    PingInterval: int = 0


class _Endpoint(Struct, frozen=True):
    URL: str
    ClientConfig: _Config | None = None


class _EndpointReply(Struct, frozen=True):
    data: _Endpoint


def ask_endpoint(account: Account) -> HttpRequest:
    body = {"AppID": account.settings.app_id, "AppSecret": account.settings.app_secret}
    return HttpRequest(
        "POST", f"{account.settings.url}/callback/ws/endpoint",
        {"content-type": "application/json", "locale": "zh"}, json.dumps(body).encode(),
    )  # fmt: skip


def read_endpoint(reply: HttpReply, account: Account) -> Address:
    """Where the long connection goes: only to the vendor's hosts, or to the one that is set."""
    _raise(reply)
    told = said(ID, reply.body, _EndpointReply).data
    try:
        address = urlsplit(told.URL)
        host = address.hostname or ""
    except ValueError as exc:
        raise UnreadableReply(ID, "the address of the long connection can't be read") from exc
    local = address.scheme == "ws" and host in LOCAL and host == urlsplit(account.settings.url).hostname
    if not local and (address.scheme != "wss" or not host.endswith(OURS)):
        raise AccessDenied(ID, f"the long connection would go to {host[:80]!r}, which isn't Feishu's")
    beat = told.ClientConfig.PingInterval if told.ClientConfig else 0
    return Address(told.URL, beat_s=float(min(max(beat, 0), 600)))


def ping(account: Account, address: Address, nonce: str) -> bytes:
    del account, nonce
    found = re.search(r"[?&]service_id=(\d{1,9})", address.url)
    service = int(found[1]) if found else 0
    return feishu_wire.to_bytes(feishu_wire.Frame(service=service, headers={"type": "ping"}))


# --- what people did -----------------------------------------------------------------------------------------------


class _Header(Struct, frozen=True):
    event_id: str
    event_type: str
    app_id: str
    tenant_key: str = ""
    token: str = ""


class _Event(Struct, frozen=True):
    """A call or a frame's payload; ``event`` is read by its type."""

    header: _Header | None = None
    event: msgspec.Raw = msgspec.Raw(b"null")
    type: str = ""
    challenge: str = ""
    token: str = ""


class _Operator(Struct, frozen=True):
    open_id: str
    tenant_key: str = ""


class _Action(Struct, frozen=True):
    value: dict[str, Any] | str | None = None
    name: str = ""
    form_value: dict[str, Any] | None = None


class _Context(Struct, frozen=True):
    open_message_id: str = ""
    open_chat_id: str = ""


class _Click(Struct, frozen=True):
    operator: _Operator
    action: _Action
    context: _Context = _Context()


class _Sender(Struct, frozen=True):
    sender_id: _Operator
    sender_type: str = ""
    tenant_key: str = ""


class _Mention(Struct, frozen=True):
    key: str = ""


class _Written(Struct, frozen=True):
    message_id: str
    chat_id: str = ""
    message_type: str = ""
    content: str = ""
    root_id: str = ""
    parent_id: str = ""
    mentions: list[_Mention] = []


class _Received(Struct, frozen=True):
    sender: _Sender
    message: _Written


class _Text(Struct, frozen=True):
    text: str = ""


def one_of(event: _Event, account: Account) -> Heard | None:
    """What somebody did in our group; None where it is nothing to us."""
    header = event.header
    if header is None or not _is_ours(header, account):
        return None
    if header.event_type == "card.action.trigger":
        return _click(said(ID, bytes(event.event), _Click), header, account)
    if header.event_type == "im.message.receive_v1":
        return _received(said(ID, bytes(event.event), _Received), header, account)
    return None


def _is_ours(header: _Header, account: Account) -> bool:
    tenant = account.settings.tenant
    return header.app_id == account.settings.app_id and (not tenant or header.tenant_key == tenant)


def _click(click: _Click, header: _Header, account: Account) -> Heard | None:
    """A button, or a form that was sent, on a card in our group."""
    operator, context = click.operator, click.context
    stranger = operator.tenant_key not in {"", header.tenant_key}  # somebody from another company in a shared group
    wish = _wish(click.action)
    if wish is None or stranger or context.open_chat_id != account.settings.chat or not context.open_message_id:
        return None
    return Heard(
        header.event_id, _who(operator.open_id, header), wish, context.open_message_id, context.open_message_id
    )


def _wish(action: _Action) -> Wish | None:
    value = action.value.get("do") if isinstance(action.value, dict) else None
    name = value if isinstance(value, str) else action.name
    if name in PRESSED:
        return PRESSED[name]
    words = (action.form_value or {}).get("words")
    if name not in WRITTEN or not isinstance(words, str) or not words.strip():
        return None
    return Wish(WRITTEN[name], words.strip()[: phrases.MAX_WORDS])


def _received(received: _Received, header: _Header, account: Account) -> Heard | None:
    """A text in our group: in a message's thread, or to the desk."""
    sender, message = received.sender, received.message
    people = sender.sender_type in {"", "user"} and sender.tenant_key in {"", header.tenant_key}
    if not people or message.chat_id != account.settings.chat or message.message_type != "text":
        return None
    text = said(ID, message.content.encode(), _Text).text
    for mention in message.mentions:
        text = text.replace(mention.key, "") if mention.key else text
    about = message.root_id or message.parent_id
    wish = phrases.to_a_case(text.strip()) if about else phrases.to_the_desk(text.strip())
    who = _who(sender.sender_id.open_id, header)
    return Heard(f"message-{message.message_id}", who, wish, about, message.message_id) if wish else None


def _who(open_id: str, header: _Header) -> str:
    return f"{header.tenant_key}/{open_id}"


def toast(account: Account, code: str, kind: str) -> bytes:
    """What the clicker sees at once."""
    content = say(Words(code, {}), account.settings.lang or "en", _NOWHERE)
    return json.dumps({"toast": {"type": kind, "content": content}}, ensure_ascii=False).encode()


def _answers(event: _Event, account: Account) -> tuple[bytes, bytes]:
    """Bodies where it was taken and where it was refused: only a click is told anything."""
    if event.header is None or event.header.event_type != "card.action.trigger":
        return b"{}", b"{}"
    return toast(account, "chat.toast_taken", "success"), toast(account, "chat.toast_private", "warning")


# --- the long connection -------------------------------------------------------------------------------------------


def read_frame(frame: Frame, account: Account, now: datetime, kept: tuple[Frame, ...] = ()) -> Caught:
    """A pong may bring new settings; an event is answered with its own frame and a code. Events come in parts at times."""
    del now
    told = feishu_wire.from_bytes(frame if isinstance(frame, bytes) else frame.encode())
    if told.method == feishu_wire.CONTROL:
        return Caught(kept=kept, beat_s=_new_beat(told))
    kind, total = told.headers.get("type", ""), _count(told.headers.get("sum", ""))
    if told.method != feishu_wire.DATA or kind not in {"event", "card"}:
        return Caught(kept=kept)
    if total > 1:
        kept = (*kept, feishu_wire.to_bytes(told))[-KEPT_PARTS:]
        whole = _whole(kept, told.headers.get("message_id", ""), total)
        if whole is None:
            return Caught(kept=kept)
        told = feishu_wire.from_bytes(feishu_wire.to_bytes(_with_payload(told, whole)))
        kept = ()
    event = said(ID, told.payload, _Event)
    heard = one_of(event, account)
    good, refused = _answers(event, account)
    answers = (_answer(told, 200, good),)
    failed = (_answer(told, 500, b""),)
    return Caught((heard,) if heard else (), answers, (_answer(told, 200, refused),), failed, kept)


def _new_beat(told: feishu_wire.Frame) -> float:
    if told.headers.get("type") != "pong" or not told.payload:
        return 0.0
    return float(min(max(said(ID, told.payload, _Config).PingInterval, 0), 600))


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 1


def _whole(kept: tuple[Frame, ...], message_id: str, total: int) -> bytes | None:
    """The parts of one message in their order, None while some are missing."""
    frames = [feishu_wire.from_bytes(part) for part in kept if isinstance(part, bytes)]
    parts = {_count(f.headers.get("seq", "")): f.payload for f in frames if f.headers.get("message_id") == message_id}
    return b"".join(parts[n] for n in range(total)) if all(n in parts for n in range(total)) else None


def _with_payload(told: feishu_wire.Frame, payload: bytes) -> feishu_wire.Frame:
    return feishu_wire.Frame(
        told.seq_id, told.log_id, told.service, told.method, told.headers, payload, told.payload_encoding,
        told.payload_type, told.log_id_new,
    )  # fmt: skip


def _answer(told: feishu_wire.Frame, code: int, body: bytes) -> bytes:
    """The event's own frame with a code and, in base64, what the platform would have got from a call."""
    data = {"data": base64.b64encode(body).decode()} if body and body != b"{}" else {}
    answered = _with_payload(told, json.dumps({"code": code, **data}).encode())
    return feishu_wire.to_bytes(answered)


# --- calls ---------------------------------------------------------------------------------------------------------


class _Encrypted(Struct, frozen=True):
    encrypt: str


def verify(call: Call, account: Account, now: datetime) -> bytes | Spurned:
    """Signed with the encrypt key, at most five minutes ago, decrypted, with the verification token and of our app."""
    settings = account.settings
    if call.method != "POST":
        return Spurned(401, "a call is a POST")
    signed = feishu_wire.is_signed(call.headers, settings.encrypt_key, call.body)
    told_at = call.headers.get("x-lark-request-timestamp", "")
    fresh = told_at.isascii() and told_at.isdigit() and len(told_at) < 12
    fresh = fresh and abs(now.timestamp() - int(told_at)) <= WINDOW_S
    if "x-lark-signature" in call.headers and not (signed and fresh):
        return Spurned(401, "the signature isn't made with the encrypt key, or older than five minutes")
    try:
        plain = feishu_wire.decrypted(said(ID, call.body, _Encrypted).encrypt, settings.encrypt_key)
        event = said(ID, plain, _Event)
    except UnreadableReply as exc:
        return Spurned(400 if signed and fresh else 401, exc.what)
    if not _has_token(event, settings.verification_token):
        return Spurned(401, "the verification token is another")
    if event.type == "url_verification":  # it may come unsigned, but proves by key and token whose it is
        return plain
    if not (signed and fresh):
        return Spurned(401, "the call isn't signed")
    if event.header is None:
        return Spurned(400, "an event without its header: subscribe in version 2.0")
    return plain if _is_ours(event.header, account) else Spurned(403, "of another app or company")


def _has_token(event: _Event, token: str) -> bool:
    import hmac

    told = event.header.token if event.header else event.token
    return hmac.compare_digest(told.encode("utf-8", "replace"), token.encode())


def read_call(body: bytes, call: Call, account: Account) -> Delivered:
    del call
    event = said(ID, body, _Event)
    if event.type == "url_verification":
        return Delivered(answer=Reply(json.dumps({"challenge": event.challenge}).encode()))
    heard = one_of(event, account)
    good, refused = _answers(event, account)
    return Delivered((heard,) if heard else (), Reply(good), Reply(refused))


CHAT = Chat(
    id=ID,
    name={"zh": "飞书", "en": "Feishu / Lark"},
    settings=FeishuSettings,
    render=render,
    identity="tenant_key/open_id that the platform puts on an event",
    outward=Outward(send, edit, reply, sent, limits, look, seen, open_private, nothing_opened),
    socket=Socket(ask_endpoint, read_endpoint, read_frame, ping=ping, beat_s=120.0, silent_s=400.0),
    hook=Hook(
        verify, read_call, lambda account: bool(account.settings.encrypt_key and account.settings.verification_token)
    ),
    token=TokenFlow(ask_token, read_token),
    enter=(Step("token", me, is_bot), Step("room", group, is_in)),
    by_socket=lambda account: account.settings.mode == "socket",
)
