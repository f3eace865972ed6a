"""WeCom: template cards with buttons, sent by a company's own app (自建应用) to each colleague alone; WeCom calls us, encrypted.

Who did something is the ``FromUserName`` of a proven call; a card's ``task_id`` is the letter's own key. An edit needs a ``response_code``: one comes
with the sending, one with each press; each works once, for 72 hours. Without one the news is a new card.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import urlencode, urlsplit

from msgspec import Meta, Struct

from chat import wecom_codes
from chat.base import (
    Account,
    Chat,
    Codes,
    Hook,
    Limits,
    Outward,
    Step,
    Token,
    TokenFlow,
    always,
    said,
)
from chat.wecom_calls import ID, read_call, verify
from chat.wecom_cards import in_place, render, under
from net.http import HttpReply, HttpRequest

URL = "https://qyapi.weixin.qq.com"
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
BODY_BYTES = 20_480
EDIT_WITHIN = timedelta(hours=71)
"""The platform takes a code for 72 h."""
USER = Annotated[str, Meta(pattern=r"^(@all|[A-Za-z0-9][A-Za-z0-9._@-]*)$", max_length=64)]


class WecomAppSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``corp``: the company's id. ``agent``, ``secret``: the app's. ``token``, ``aes_key``: those of its callback. ``users``, ``parties``:
    whom alerts go to, colleagues by their userid and departments by their number.
    """

    corp: Annotated[str, Meta(pattern=r"^w[a-z][A-Za-z0-9_-]+$", max_length=64)]
    agent: Annotated[int, Meta(ge=1)]
    secret: Annotated[str, Meta(min_length=1, max_length=256)]
    token: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{3,32}$")]
    aes_key: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{43}$")]
    users: tuple[USER, ...] = ()
    parties: tuple[int, ...] = ()
    lang: Literal["", "zh", "en"] = ""
    base_url: str = ""
    per_minute: Annotated[int, Meta(ge=1, le=1_000)] = 30

    def __post_init__(self) -> None:
        if not self.users and not self.parties:
            raise ValueError('name whom alerts go to: users = ["LiMei"] or parties = [2]')
        address = urlsplit(self.base_url or URL)
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in LOCAL):
            raise ValueError(f"base_url: {self.base_url!r} must begin with https://: the secret goes there")


# --- saying --------------------------------------------------------------------------------------------------------


def send(payload: Mapping[str, Any], account: Account, key: str, to: str = "") -> HttpRequest:
    """Say something to the desk, or to one person alone (``to``: their userid)."""
    settings = account.settings
    desk = {"touser": "|".join(settings.users), "toparty": "|".join(str(party) for party in settings.parties)}
    where = {"touser": to} if to else {name: whom for name, whom in desk.items() if whom}
    return _post(account, "message/send", {**where, "agentid": settings.agent, **under(payload, key)})


def edit(payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest:
    """The card anew, in place, for everybody who has it; ``key`` is a code that the platform gave for that."""
    card = in_place(payload, remote_id)
    body = {"atall": 1, "agentid": account.settings.agent, "response_code": key, "template_card": card}
    return _post(account, "message/update_template_card", body)


def reply(payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest:
    """There are no threads: who asked is answered alone, and news of a card is a card for the desk."""
    corp, _, user = remote_id.partition("/")
    return send(payload, account, key, user if corp == account.settings.corp else "")


def look(remote_id: str, account: Account) -> HttpRequest:
    """An app can't read a message: we see that the app is there, whose platform answered that it took it."""
    del remote_id
    return app(account)


def app(account: Account) -> HttpRequest:
    return HttpRequest("GET", _address(account, "agent/get", agentid=account.settings.agent))


def open_private(who: str, account: Account) -> str:
    """Whoever the app may see can be written to by their userid: nothing is asked."""
    del account
    return who.rpartition("/")[2]


def nothing_opened(reply: HttpReply) -> str:
    _raise(reply)
    return ""


def _post(account: Account, path: str, body: Mapping[str, Any]) -> HttpRequest:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return HttpRequest("POST", _address(account, path), {"content-type": "application/json; charset=utf-8"}, content)


def _address(account: Account, path: str, **query: Any) -> str:
    proof = {"access_token": account.token.value} if account.token else {}
    base = (account.settings.base_url or URL).rstrip("/")
    return f"{base}/cgi-bin/{path}?{urlencode({**proof, **query})}"


def limits(account: Account) -> Limits:
    """A colleague gets 30 messages a minute and 1,000 an hour from an app."""
    return Limits(((account.settings.per_minute, 60.0), (1_000, 3_600.0)), BODY_BYTES)


# --- replies -------------------------------------------------------------------------------------------------------


_raise, sent = partial(wecom_codes.raise_for, ID), partial(wecom_codes.sent, ID)


class _Sent(Struct, frozen=True):
    response_code: str = ""


def code_of(reply: HttpReply) -> str:
    """The code that a sending brings where its card has buttons."""
    return said(ID, reply.body, _Sent).response_code


def is_ours(reply: HttpReply, account: Account) -> None:
    """Raises AccessDenied where the secret isn't the app's."""
    del account
    _raise(reply)


# --- the token -----------------------------------------------------------------------------------------------------


class _Access(Struct, frozen=True):
    access_token: str
    expires_in: int


def ask_token(account: Account) -> HttpRequest:
    settings = account.settings
    query = urlencode({"corpid": settings.corp, "corpsecret": settings.secret})
    return HttpRequest("GET", f"{(settings.base_url or URL).rstrip('/')}/cgi-bin/gettoken?{query}")


def read_token(reply: HttpReply, now: datetime) -> Token:
    _raise(reply)
    told = said(ID, reply.body, _Access)
    return Token(told.access_token, now + timedelta(seconds=max(min(told.expires_in, 86_400), 0)))


CHAT = Chat(
    id=ID,
    name={"zh": "企业微信应用", "en": "WeCom app"},
    settings=WecomAppSettings,
    render=render,
    identity="corp/userid: the company and the userid that a proven call names",
    outward=Outward(
        send, edit, reply, sent, limits, look, _raise, open_private, nothing_opened, own_ids=True,
        codes=Codes(EDIT_WITHIN, code_of),
    ),
    hook=Hook(verify, read_call, always),
    token=TokenFlow(ask_token, read_token),
    enter=(Step("token", app, is_ours),),
)  # fmt: skip
