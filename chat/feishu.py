"""Feishu and Lark: cards with buttons and a form, sent by a company's own app (open.feishu.cn, open.larksuite.com).

Listened to over the long connection by default: nothing of ours has to be reachable. Who did something is tenant and ``open_id`` as
the platform puts them on an event; what a card's button carries proves nothing: the case is the one whose message was clicked.
``uuid`` keeps a message from being sent twice (for an hour); a card can be edited for 14 days, then a new message follows.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from chat import feishu_wire
from chat.base import Account, Address, Chat, Hook, Limits, Outward, Socket, Step, Token, TokenFlow, error_of, said
from chat.feishu_cards import render
from chat.feishu_events import Config, read_call, read_frame, verify
from chat.feishu_wire import ID
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from net.http import HttpReply, HttpRequest

DOMAINS = {"feishu": "https://open.feishu.cn", "lark": "https://open.larksuite.com"}
OURS = (".feishu.cn", ".larksuite.com", ".larkoffice.com")
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
EDIT_FOR = timedelta(days=14)
BODY_BYTES = 30_000


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


class _Endpoint(Struct, frozen=True):
    URL: str
    ClientConfig: Config | None = None


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
