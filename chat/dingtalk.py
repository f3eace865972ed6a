"""DingTalk: cards with buttons, sent by a company's own app into a group, listened to in Stream mode.

Stream mode is a long connection that we open: nothing of ours has to be reachable. Who did something is company and ``userId`` as the
platform puts them on it. A card's ``outTrackId`` is chosen by us: the letter's own key, under which it exists once and is edited.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from msgspec import Meta, Struct

from chat.base import Account, Address, Chat, Limits, Outward, Socket, Step, Token, TokenFlow, error_of, said
from chat.dingtalk_card import render
from chat.dingtalk_frames import ID, TOPICS, read_frame
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from net.http import HttpReply, HttpRequest

URL = "https://api.dingtalk.com"
OURS = ".dingtalk.com"
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
BODY_BYTES = 20_000
BY_USER_ID = 1
UNSHOWN = {"looked": "1"}
"""A variable that no template shows: setting it tells whether the card is there, and changes nothing."""


class DingtalkSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``client_id``, ``client_secret``: the app's credentials (formerly AppKey, AppSecret). ``corp``: the company's id.
    ``conversation``: the group's ``openConversationId``. ``template``: the desk's own card template. ``robot``: the bot's code,
    the app's id where it is empty.
    """

    client_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]+$", max_length=64)]
    client_secret: Annotated[str, Meta(min_length=1, max_length=128)]
    corp: Annotated[str, Meta(pattern=r"^ding[A-Za-z0-9]+$", max_length=64)]
    conversation: Annotated[str, Meta(pattern=r"^cid[A-Za-z0-9+/=]+$", max_length=128)]
    template: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]+\.schema$", max_length=80)]
    robot: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]*$", max_length=64)] = ""
    lang: Literal["", "zh", "en"] = ""
    base_url: str = ""
    per_minute: Annotated[int, Meta(ge=1, le=1_000)] = 20

    def __post_init__(self) -> None:
        address = urlsplit(self.url)
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in LOCAL):
            raise ValueError(f"base_url: {self.base_url!r} must begin with https://: the secret goes there")

    @property
    def url(self) -> str:
        return (self.base_url or URL).rstrip("/")


# --- saying --------------------------------------------------------------------------------------------------------


def send(payload: Mapping[str, Any], account: Account, key: str, to: str = "") -> HttpRequest:
    """A card in the group, or for one person alone (``to``: their user id), made and delivered in one call."""
    settings = account.settings
    robot = settings.robot or settings.client_id
    space = {"supportForward": False, "lastMessageI18n": {"ZH_CN": payload["title"], "EN_US": payload["title"]}}
    alone = {"imRobotOpenSpaceModel": space, "imRobotOpenDeliverModel": {"spaceType": "IM_ROBOT", "robotCode": robot}}
    shared = {"imGroupOpenSpaceModel": space, "imGroupOpenDeliverModel": {"robotCode": robot}}
    body = {
        "cardTemplateId": settings.template,
        "outTrackId": key,
        "callbackType": "STREAM",
        "cardData": {"cardParamMap": dict(payload)},
        "openSpaceId": f"dtv1.card//IM_ROBOT.{to}" if to else f"dtv1.card//IM_GROUP.{settings.conversation}",
        "userIdType": BY_USER_ID,
        **(alone if to else shared),
    }
    return _call(account, "POST", "/v1.0/card/instances/createAndDeliver", body)


def edit(payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest:
    """All of a card's variables anew."""
    del key
    body = {"outTrackId": remote_id, "cardData": {"cardParamMap": dict(payload)}, "userIdType": BY_USER_ID}
    return _call(account, "PUT", "/v1.0/card/instances", body)


def reply(payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest:
    """DingTalk has no threads for cards: an answer is a card of its own."""
    del remote_id
    return send(payload, account, key)


def look(remote_id: str, account: Account) -> HttpRequest:
    """A card can't be read; but what nobody sees can be set on it where it is there."""
    body = {
        "outTrackId": remote_id,
        "cardData": {"cardParamMap": UNSHOWN},
        "cardUpdateOptions": {"updateCardDataByKey": True},
        "userIdType": BY_USER_ID,
    }
    return _call(account, "PUT", "/v1.0/card/instances", body)


def open_private(who: str, account: Account) -> str:
    """Whoever is in the app's scope can be written to by their user id: nothing is asked."""
    del account
    return who.rpartition("/")[2]


def nothing_opened(reply: HttpReply) -> str:
    _raise(reply)
    return ""


def _call(account: Account, method: str, path: str, body: Mapping[str, Any]) -> HttpRequest:
    proof = {"x-acs-dingtalk-access-token": account.token.value} if account.token else {}
    headers = {"content-type": "application/json", "accept": "application/json", **proof}
    return HttpRequest(method, account.settings.url + path, headers, json.dumps(body, ensure_ascii=False).encode())


def limits(account: Account) -> Limits:
    """A bot says 20 messages a minute in a group; cards can be edited as long as they are there."""
    return Limits(((5, 1.0), (account.settings.per_minute, 60.0)), BODY_BYTES)


# --- replies -------------------------------------------------------------------------------------------------------


class _Told(Struct, frozen=True):
    code: str = ""
    message: str = ""


class _Delivery(Struct, frozen=True, rename="camel"):
    success: bool = True
    space_type: str = ""
    error_msg: str = ""


class _Result(Struct, frozen=True, rename="camel"):
    deliver_results: list[_Delivery] = []


class _Sent(Struct, frozen=True):
    result: _Result | bool | None = None
    success: bool = True


TOO_FAST = ("qpslimit", "flowcontrol", "throttling", "toomanyrequests")
DENIED = ("invalidauthentication", "invalidclient", "forbidden.", "robotnotexist", "chatbotnotinstall")
THERE = ("exist", "repeat", "duplicate")


def _raise(reply: HttpReply) -> None:
    """Raise the OutsideError of an answer: by DingTalk's code where it has a place here, else by the HTTP status."""
    if reply.status == 200:
        return
    told = _told(reply)
    raise _error(told, reply)


def _error(told: _Told, reply: HttpReply) -> OutsideError:
    code, what = told.code.lower(), f"{told.code}: {told.message[:160]}" if told.code else ""
    if any(one in code for one in TOO_FAST):
        return RateLimited(ID, what, retry_after_s=_wait_s(reply))
    if reply.status == 400 and any(code.startswith(one) for one in DENIED):
        return AccessDenied(ID, what)
    return error_of(ID, reply.status, what, _wait_s(reply))


def _told(reply: HttpReply) -> _Told:
    try:
        return said(ID, reply.body, _Told)
    except UnreadableReply:
        return _Told()


def _wait_s(reply: HttpReply) -> int | None:
    text = reply.headers.get("retry-after", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def sent(reply: HttpReply) -> str:
    """A card is known by our own key: nothing has to be read but whether it was delivered. That there is one with this key already
    means that we said it before.
    """
    if reply.status == 400 and _is_there(_told(reply)):
        return ""
    _raise(reply)
    told = said(ID, reply.body, _Sent)
    if not told.success:
        raise Unreachable(ID, "it took the call and says that it failed")
    for delivery in told.result.deliver_results if isinstance(told.result, _Result) else ():
        if not delivery.success:
            raise _undelivered(delivery)
    return ""


def _is_there(told: _Told) -> bool:
    text = f"{told.code} {told.message}".lower()
    return "outtrackid" in text and any(one in text for one in THERE) and "not" not in text


def _undelivered(delivery: _Delivery) -> OutsideError:
    """A group that doesn't take it is a person's business; somebody who can't be written to is this letter's trouble alone."""
    error = AccessDenied if delivery.space_type == "IM_GROUP" else UnreadableReply
    return error(ID, f"the card wasn't delivered: {delivery.error_msg[:160]}")


def seen(reply: HttpReply) -> None:
    _raise(reply)


# --- the token -----------------------------------------------------------------------------------------------------


class _AccessToken(Struct, frozen=True, rename="camel"):
    access_token: str
    expire_in: int


def ask_token(account: Account) -> HttpRequest:
    body = {"appKey": account.settings.client_id, "appSecret": account.settings.client_secret}
    return _call(account, "POST", "/v1.0/oauth2/accessToken", body)


def read_token(reply: HttpReply, now: datetime) -> Token:
    _raise(reply)
    told = said(ID, reply.body, _AccessToken)
    return Token(told.access_token, now + timedelta(seconds=max(min(told.expire_in, 86_400), 0)))


# --- coming in -----------------------------------------------------------------------------------------------------


class _Endpoint(Struct, frozen=True):
    endpoint: str
    ticket: str


def ask_endpoint(account: Account) -> HttpRequest:
    """A ticket for one connection, good for 90 s, that hears presses and texts."""
    settings = account.settings
    body = {
        "clientId": settings.client_id,
        "clientSecret": settings.client_secret,
        "subscriptions": [{"type": "CALLBACK", "topic": topic} for topic in TOPICS],
        "ua": "doorstep",
        "localIp": "",
    }
    return _call(account, "POST", "/v1.0/gateway/connections/open", body)


def read_endpoint(reply: HttpReply, account: Account) -> Address:
    """Where the long connection goes: only to the vendor's hosts, or to the one that is set."""
    _raise(reply)
    told = said(ID, reply.body, _Endpoint)
    try:
        address = urlsplit(told.endpoint)
        host = address.hostname or ""
    except ValueError as exc:
        raise UnreadableReply(ID, "the address of the long connection can't be read") from exc
    local = address.scheme == "ws" and host in LOCAL and host == urlsplit(account.settings.url).hostname
    if not local and (address.scheme != "wss" or not host.endswith(OURS)):
        raise AccessDenied(ID, f"the long connection would go to {host[:80]!r}, which isn't DingTalk's")
    return Address(f"{told.endpoint}?ticket={quote(told.ticket, safe='')}")


def has_endpoint(reply: HttpReply, account: Account) -> None:
    """Raises AccessDenied where the app may not connect."""
    read_endpoint(reply, account)


CHAT = Chat(
    id=ID,
    name={"zh": "钉钉", "en": "DingTalk"},
    settings=DingtalkSettings,
    render=render,
    identity="corpId/userId that the platform puts on a press or a text",
    outward=Outward(send, edit, reply, sent, limits, look, seen, open_private, nothing_opened, own_ids=True),
    socket=Socket(ask_endpoint, read_endpoint, read_frame),
    token=TokenFlow(ask_token, read_token),
    enter=(Step("token", ask_endpoint, has_endpoint),),
)
