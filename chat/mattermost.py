"""Mattermost: the REST API v4 and the websocket (docs.mattermost.com, developers.mattermost.com/integrate).

A case is one post in a channel, edited by ``patch``. We listen on the websocket, so nothing of ours has to be reachable: a reaction
is a button, an answer in the thread a comment or a command. Where the Mattermost server can reach us (``callback``) there are
buttons as well, signed by us (chat/mattermost_hook). Who did something is the user id that the server puts on it.

Sending: ``pending_post_id`` keeps the server from posting twice within a short time; after that our key in the post's props is
looked for before anything is said again.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from msgspec import Meta, Struct

from chat import phrases
from chat.acts import Heard, Wish
from chat.base import (
    Account,
    Address,
    Caught,
    Chat,
    Found,
    Frame,
    Limits,
    Lookback,
    Outward,
    Socket,
    Step,
    error_of,
    said,
)
from chat.mattermost_hook import HOOK, ID, PRESSED, address_of, context_of, is_ready
from chat.messages import Alert, IncidentAlert, Message, Reader, RouteMessage
from chat.route_phrases import MARK, linking, to_oneself
from chat.text import text_of
from config.words import say
from domain.case import CLOSED
from domain.errors import AccessDenied, OutsideError, UnreadableReply
from domain.words import Words
from net.http import HttpReply, HttpRequest

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_TEXT = 8_000  # characters; a server takes 16,383
BODY_BYTES = 60_000
VALID_FOR = timedelta(days=14)
"""How long a button works after the last act on its case: then the console is the place."""
KEY = "doorstep_key"
OWN = frozenset({KEY, "from_bot", "from_webhook", "from_plugin"})
"""Props of posts that no person wrote."""
EMOJI: Mapping[str, str] = {
    "white_check_mark": "✅", "ballot_box_with_check": "☑", "heavy_check_mark": "✔", "+1": "👍", "thumbsup": "👍",
    "bust_in_silhouette": "👤", "hand": "✋", "raised_hand": "✋", "zzz": "💤", "no_entry_sign": "🚫",
}  # fmt: skip
"""Mattermost's names of the reactions that mean something."""
Id = Annotated[str, Meta(pattern=r"^[a-z0-9]{26}$")]


class MattermostSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``token``: the bot account's; ``bot``: its user id; ``channel``: the channel's id. ``callback``: where the Mattermost server
    reaches us, with ``secret``: then messages have buttons.
    """

    url: str
    token: Annotated[str, Meta(min_length=1, max_length=255)]
    bot: Id
    channel: Id
    callback: str = ""
    secret: Annotated[str, Meta(max_length=255)] = ""
    lang: Literal["", "zh", "en"] = ""
    per_minute: Annotated[int, Meta(ge=1, le=6_000)] = 60

    def __post_init__(self) -> None:
        _https("url", self.url)
        if bool(self.callback) != bool(self.secret):
            raise ValueError("callback and secret go together: buttons need both")
        if self.callback:
            _https("callback", self.callback)
            if len(self.secret) < 16:
                raise ValueError("secret: at least 16 characters, such as from `openssl rand -hex 32`")


def _https(name: str, address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOCAL):
        raise ValueError(f"{name}: {address!r} must begin with https://: who listens there could act for others")


# --- saying --------------------------------------------------------------------------------------------------------


def render(message: Message, reader: Reader) -> dict[str, Any]:
    """A post's text, and what its buttons are: those are signed when it is sent, for the post that it then is."""
    text = text_of(message, reader)
    lines = (f"**{text.title}**", *text.lines, f"_{text.hint}_" if text.hint else "", text.url)
    payload: dict[str, Any] = {"message": "\n".join(line for line in lines if line)[:MAX_TEXT]}
    buttons = _buttons(message, text.choices, reader)
    return {**payload, **({"buttons": buttons, **_bound(message, reader)} if buttons else {})}


def _buttons(message: Message, choices: tuple[tuple[str, str], ...], reader: Reader) -> list[dict[str, str]]:
    if isinstance(message, RouteMessage):
        return [{"do": f"{MARK}{phrase}", "name": label} for phrase, label in choices]
    over = not isinstance(message, Alert | IncidentAlert) or (
        message.status in CLOSED if isinstance(message, Alert) else message.over is not None
    )
    names = () if over else PRESSED
    return [{"do": name, "name": say(Words(f"chat.button.{name}", {}), reader.lang, reader.zone)} for name in names]


def _bound(message: Message, reader: Reader) -> dict[str, Any]:
    """What the buttons are good for, and until when."""
    if isinstance(message, RouteMessage):
        ends = datetime.combine(date.fromisoformat(message.day), datetime.min.time(), reader.zone) + timedelta(days=2)
        return {"about": f"route/{message.route_id}", "until": int(ends.timestamp())}
    assert isinstance(message, Alert | IncidentAlert)
    about = f"case/{message.case_id}" if isinstance(message, Alert) else f"incident/{message.incident_id}"
    last = max([message.opened_at, *(deed.at for deed in message.deeds)])
    return {"about": about, "until": int((last + VALID_FOR).timestamp())}


def _props(payload: Mapping[str, Any], account: Account, place: str, key: str, post: str) -> dict[str, Any]:
    """Our key, and the buttons where the server can reach us. An empty list takes buttons away that were there."""
    shown = payload.get("buttons", ()) if is_ready(account) else ()
    actions = [
        {
            "id": f"b{n}",
            "name": one["name"],
            "type": "button",
            "integration": {
                "url": address_of(account),
                "context": context_of(account, payload["about"], one["do"], place, key, post, payload["until"]),
            },
        }
        for n, one in enumerate(shown)
    ]
    return {KEY: key, "disable_group_highlight": True, "attachments": [{"actions": actions}] if actions else []}


def send(payload: Mapping[str, Any], account: Account, key: str, to: str = "") -> HttpRequest:
    """POST /posts."""
    return _post(payload, account, key, to or account.settings.channel, "")


def _post(payload: Mapping[str, Any], account: Account, key: str, place: str, thread: str) -> HttpRequest:
    body = {
        "channel_id": place,
        "message": payload["message"],
        "root_id": thread,
        "pending_post_id": f"{account.settings.bot}:{key}",
        "props": _props(payload, account, place, key, ""),
    }
    return _call(account, "POST", "/posts", body)


def edit(payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest:
    """PUT /posts/{id}/patch: text and props anew, the buttons for this very post."""
    props = _props(payload, account, account.settings.channel, key, remote_id)
    return _call(
        account, "PUT", f"/posts/{quote(remote_id, safe='')}/patch", {"message": payload["message"], "props": props}
    )


def reply(payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest:
    """A post in a post's thread."""
    quiet = {name: value for name, value in payload.items() if name != "buttons"}
    return _post(quiet, account, key, account.settings.channel, remote_id)


def _call(account: Account, method: str, path: str, body: Any = None) -> HttpRequest:
    headers = {"authorization": f"Bearer {account.settings.token}", "content-type": "application/json"}
    content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    return HttpRequest(method, f"{account.settings.url.rstrip('/')}/api/v4{path}", headers, content)


class _Error(Struct, frozen=True):
    id: str = ""
    message: str = ""


class _Post(Struct, frozen=True):
    id: str
    channel_id: str = ""
    user_id: str = ""
    root_id: str = ""
    message: str = ""
    type: str = ""
    create_at: int = 0
    props: dict[str, Any] | None = None


class _Posts(Struct, frozen=True):
    posts: dict[str, _Post] = {}


class _Thing(Struct, frozen=True):
    id: str


def _raise(reply: HttpReply) -> None:
    """Raise the OutsideError of an answer; errors are told with an id and a message."""
    if reply.status not in {200, 201}:
        raise _error(reply)


def _error(reply: HttpReply) -> OutsideError:
    try:
        told = said(ID, reply.body, _Error)
    except UnreadableReply:
        told = _Error()
    wait = reply.headers.get("retry-after") or reply.headers.get("x-ratelimit-reset") or ""
    wait_s = int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 6 else None
    return error_of(ID, reply.status, f"{told.id} {told.message}"[:160].strip(), wait_s)


def sent(reply: HttpReply) -> str:
    _raise(reply)
    return said(ID, reply.body, _Post).id


def limits(account: Account) -> Limits:
    """A server takes ten calls a second by default, where it limits at all; people read less."""
    return Limits(((5, 1.0), (account.settings.per_minute, 60.0)), BODY_BYTES)


def look(remote_id: str, account: Account) -> HttpRequest:
    return _call(account, "GET", f"/posts/{quote(remote_id, safe='')}")


def seen(reply: HttpReply) -> None:
    _raise(reply)
    said(ID, reply.body, _Post)


def look_back(account: Account, since: datetime, to: str, thread: str, cursor: str) -> HttpRequest:
    """GET /channels/{id}/posts since then; a thread's posts are among its channel's."""
    del thread, cursor
    place = quote(to or account.settings.channel, safe="")
    return _call(account, "GET", f"/channels/{place}/posts?since={int(since.timestamp() * 1_000)}")


def found(reply: HttpReply, key: str) -> Found:
    _raise(reply)
    posts = said(ID, reply.body, _Posts).posts.values()
    return Found(next((post.id for post in posts if (post.props or {}).get(KEY) == key), ""))


def open_private(who: str, account: Account) -> HttpRequest:
    """POST /channels/direct: where the bot and one person write to each other."""
    return _call(account, "POST", "/channels/direct", [account.settings.bot, who])


def opened(reply: HttpReply) -> str:
    _raise(reply)
    return said(ID, reply.body, _Thing).id


# --- listening -----------------------------------------------------------------------------------------------------


class _Event(Struct, frozen=True):
    """A frame of the websocket; what an event holds is JSON in a text."""

    event: str = ""
    data: dict[str, Any] | None = None
    broadcast: dict[str, Any] | None = None
    status: str = ""
    seq_reply: int = 0
    error: dict[str, Any] | None = None


class _Reaction(Struct, frozen=True):
    user_id: str
    post_id: str
    emoji_name: str
    create_at: int = 0


def websocket(account: Account) -> Address:
    scheme, rest = account.settings.url.rstrip("/").split("://", 1)
    return Address(f"{'wss' if scheme == 'https' else 'ws'}://{rest}/api/v4/websocket")


def never_asked(reply: HttpReply, account: Account) -> Address:
    """Nothing is asked for it."""
    _raise(reply)
    return websocket(account)


def greet(account: Account, address: Address, nonce: str) -> tuple[str, ...]:
    """Who we are (authentication_challenge)."""
    del address, nonce
    return (json.dumps({"seq": 1, "action": "authentication_challenge", "data": {"token": account.settings.token}}),)


def read_frame(frame: Frame, account: Account, now: datetime, kept: tuple[Frame, ...] = ()) -> Caught:
    """A reaction or a text in our channel, a text to us alone. Raises AccessDenied where we aren't let in."""
    del now, kept
    told = said(ID, frame.encode() if isinstance(frame, str) else frame, _Event)
    if told.seq_reply == 1 and told.status not in {"", "OK"}:
        raise AccessDenied(ID, "the websocket doesn't take the token")
    data = told.data or {}
    if told.event == "posted" and isinstance(data.get("post"), str):
        return _caught(_written(said(ID, data["post"].encode(), _Post), data.get("channel_type") == "D", account))
    if told.event == "reaction_added" and isinstance(data.get("reaction"), str):
        place = (told.broadcast or {}).get("channel_id")
        return _caught(_reacted(said(ID, data["reaction"].encode(), _Reaction), place, account))
    return Caught()


def _caught(heard: Heard | None) -> Caught:
    return Caught((heard,) if heard else ())


def _written(post: _Post, alone: bool, account: Account) -> Heard | None:
    ours = not alone and post.channel_id == account.settings.channel
    person = post.user_id and post.user_id != account.settings.bot and not OWN & set(post.props or {})
    if not (alone or ours) or not person or post.type:
        return None
    wish = to_oneself(post.message) if alone else _in_channel(post)
    about = "" if alone else post.root_id
    return Heard(f"post-{post.id}", post.user_id, wish, about, post.root_id or post.id, alone=alone) if wish else None


def _in_channel(post: _Post) -> Wish | None:
    text = post.message
    return phrases.to_a_case(text) if post.root_id else linking(text) or phrases.to_the_desk(text)


def _reacted(told: _Reaction, place: Any, account: Account) -> Heard | None:
    wish = phrases.reaction(EMOJI.get(told.emoji_name, ""))
    if wish is None or place != account.settings.channel or not told.user_id or told.user_id == account.settings.bot:
        return None
    key = f"reaction-{told.post_id}-{told.user_id}-{told.emoji_name}-{told.create_at}"
    return Heard(key, told.user_id, wish, told.post_id, told.post_id)


def me(account: Account) -> HttpRequest:
    return _call(account, "GET", "/users/me")


def is_us(reply: HttpReply, account: Account) -> None:
    _raise(reply)
    told = said(ID, reply.body, _Thing).id
    if told != account.settings.bot:
        raise AccessDenied(ID, f"the token is {told[:40]}'s, but `bot` says {account.settings.bot}")


def membership(account: Account) -> HttpRequest:
    return _call(account, "GET", f"/channels/{account.settings.channel}/members/me")


class _Member(Struct, frozen=True):
    channel_id: str


def is_in(reply: HttpReply, account: Account) -> None:
    if reply.status == 403:
        raise AccessDenied(ID, "HTTP 403: add the bot to the channel, and set `channel` to the channel's id")
    _raise(reply)
    if said(ID, reply.body, _Member).channel_id != account.settings.channel:
        raise AccessDenied(ID, "it told of another channel")


CHAT = Chat(
    id=ID,
    name={"zh": "Mattermost", "en": "Mattermost"},
    settings=MattermostSettings,
    render=render,
    identity="the user id that the Mattermost server puts on a post, a reaction or a press",
    outward=Outward(send, edit, reply, sent, limits, look, seen, open_private, opened, Lookback(look_back, found)),
    socket=Socket(open=websocket, opened=never_asked, read=read_frame, greet=greet),
    hook=HOOK,
    enter=(Step("token", me, is_us), Step("room", membership, is_in)),
)
