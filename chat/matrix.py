"""Matrix: the client-server API of the specification (spec.matrix.org), version 3 paths.

A case is one message in an unencrypted room; a reaction is a button, an answer in its thread a comment or a command. We
listen by long-polling /sync, so nothing of ours has to be reachable. Who did something is the event's ``sender``, which the
homeserver vouches for; the text of a message proves nothing.

Sending is idempotent: the same transaction id from the same token gives the same event again, also after the homeserver
died in between (seen on Synapse 1.163).
"""

import html
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Meta, Struct

from chat import phrases
from chat.acts import Batch, Heard, Wish
from chat.base import Account, Chat, Limits, Outward, Polled, Step, raise_for_status, said
from chat.messages import Message, Reader
from chat.route_phrases import linking, to_oneself
from chat.text import Text, text_of
from domain.errors import AccessDenied, UnreadableReply
from net.http import HttpReply, HttpRequest

ID = "matrix"
LISTEN_S = 10
"""How long /sync may wait for something to happen; well below the time-out of our client."""
TIMELINE = PAGE = 40
"""Events of the room in one answer; what a longer silence brought is fetched page by page. An event may have 64 KB, and brings
its latest edit and the end of its thread along: forty of the largest are still below what we read (net.http).
"""
BODY_BYTES = 40_000
"""An event may have 65,536 bytes with everything around it (Size limits); an edit carries its text twice."""
MAX_BODY = 8_000
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class MatrixSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``user``: who the bot is. ``per_minute``: messages that the homeserver lets it send; Synapse's default is 10 at once
    and one in 5 s after that (rc_message), which 10 in any 50 s never exceed.
    """

    homeserver: str
    user: Annotated[str, Meta(pattern=r"^@[^\s:]+:\S+$", max_length=255)]
    token: str
    room: Annotated[str, Meta(pattern=r"^![^\s/]+$", max_length=255)]
    lang: Literal["", "zh", "en"] = ""
    per_minute: Annotated[int, Meta(ge=1, le=6_000)] = 12

    def __post_init__(self) -> None:
        address = urlsplit(self.homeserver)
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in LOCAL):
            raise ValueError(f"homeserver: {self.homeserver!r} must begin with https://: the token goes there")


# --- saying --------------------------------------------------------------------------------------------------------


def render(message: Message, reader: Reader) -> dict[str, Any]:
    """The content of an m.room.message. An empty m.mentions says that it pings nobody, whatever its text (Intentional
    mentions).
    """
    text = text_of(message, reader)
    return {
        "msgtype": "m.text",
        "body": text.plain[:MAX_BODY],
        "format": "org.matrix.custom.html",
        "formatted_body": _markup(text)[: MAX_BODY * 2],
        "m.mentions": {},
    }


def _markup(text: Text) -> str:
    link = f'<a href="{html.escape(text.url)}">{html.escape(text.url)}</a>' if text.url else ""
    hint = f"<em>{html.escape(text.hint)}</em>" if text.hint else ""
    lines = (*(html.escape(line) for line in text.lines), hint, link)
    return "<br/>".join((f"<strong>{html.escape(text.title)}</strong>", *(line for line in lines if line)))


def send(payload: Mapping[str, Any], account: Account, key: str, to: str = "") -> HttpRequest:
    """PUT /rooms/{roomId}/send/m.room.message/{txnId}: the letter's key is the transaction id."""
    room = quote(to or account.settings.room, safe="")
    return _call(account, "PUT", f"/v3/rooms/{room}/send/m.room.message/{quote(key, safe='')}", payload)


def edit(payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest:
    """An m.replace of our own message; clients show the new content in the old one's place (Event replacements)."""
    fallback = {**payload, "body": f"* {payload['body']}"}
    relation = {"rel_type": "m.replace", "event_id": remote_id}
    return send({**fallback, "m.new_content": dict(payload), "m.relates_to": relation}, account, key)


def reply(payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest:
    """An answer in the thread of a message; clients without threads show it as a reply (Threading)."""
    relation = {
        "rel_type": "m.thread", "event_id": remote_id, "is_falling_back": True, "m.in_reply_to": {"event_id": remote_id},
    }  # fmt: skip
    return send({**payload, "m.relates_to": relation}, account, key)


class _Sent(Struct, frozen=True):
    event_id: str


class _Error(Struct, frozen=True):
    errcode: str = ""
    retry_after_ms: int | float | None = None


def sent(reply: HttpReply) -> str:
    """The event's id. Raises the OutsideError that the answer stands for."""
    _raise(reply)
    return said(ID, reply.body, _Sent).event_id


def _raise(reply: HttpReply) -> None:
    """Errors are told as errcode in the body; a limit says how long to wait (M_LIMIT_EXCEEDED)."""
    if reply.status == 200:
        return
    try:
        error = said(ID, reply.body, _Error)
    except UnreadableReply:
        error = _Error()
    wait_s = -(-error.retry_after_ms // 1_000) if error.retry_after_ms is not None else None
    raise_for_status(ID, reply, error.errcode[:60], retry_after_s=int(wait_s) if wait_s is not None else None)


def limits(account: Account) -> Limits:
    per_minute = account.settings.per_minute
    windows = ((10, 50.0),) if per_minute == 12 else ((per_minute, 60.0),)
    return Limits(windows, BODY_BYTES)


def look(remote_id: str, account: Account) -> HttpRequest:
    """GET /rooms/{roomId}/event/{eventId}."""
    room, event = quote(account.settings.room, safe=""), quote(remote_id, safe="")
    return _call(account, "GET", f"/v3/rooms/{room}/event/{event}")


def seen(reply: HttpReply) -> None:
    _raise(reply)
    kind = said(ID, reply.body, _Event).type
    if kind != "m.room.message":
        raise UnreadableReply(ID, f"the room holds it as {kind[:60]}")


def open_private(who: str, account: Account) -> HttpRequest:
    """A room for the bot and one person."""
    wanted = {"preset": "trusted_private_chat", "is_direct": True, "invite": [who]}
    return _call(account, "POST", "/v3/createRoom", wanted)


class _Room(Struct, frozen=True):
    room_id: str


def opened(reply: HttpReply) -> str:
    _raise(reply)
    return said(ID, reply.body, _Room).room_id


def _call(account: Account, method: str, path: str, body: Mapping[str, Any] | None = None) -> HttpRequest:
    headers = {"authorization": f"Bearer {account.settings.token}", "content-type": "application/json"}
    content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    return HttpRequest(method, f"{account.settings.homeserver.rstrip('/')}/_matrix/client{path}", headers, content)


# --- listening -----------------------------------------------------------------------------------------------------


class _Event(Struct, frozen=True):
    """One event of a room. ``content`` is read by its type; events of a shape that we don't know say nothing."""

    type: str = ""
    event_id: str = ""
    sender: str = ""
    content: msgspec.Raw = msgspec.Raw(b"{}")
    state_key: str | None = None


class _Timeline(Struct, frozen=True):
    events: list[_Event] = []
    limited: bool = False
    prev_batch: str = ""


class _Joined(Struct, frozen=True):
    timeline: _Timeline = _Timeline()


class _Rooms(Struct, frozen=True):
    join: dict[str, _Joined] = {}


class _Sync(Struct, frozen=True):
    next_batch: str
    rooms: _Rooms = _Rooms()


class _Messages(Struct, frozen=True):
    chunk: list[_Event] = []
    end: str = ""


class _Relation(Struct, frozen=True):
    rel_type: str = ""
    event_id: str = ""
    key: str = ""
    in_reply_to: dict[str, Any] = msgspec.field(default={}, name="m.in_reply_to")


class _Content(Struct, frozen=True):
    msgtype: str = ""
    body: str = ""
    relation: _Relation = msgspec.field(default=_Relation(), name="m.relates_to")


def join(account: Account) -> HttpRequest:
    """POST /join/{room}: takes up an invitation, and does nothing where we are in already."""
    return _call(account, "POST", f"/v3/join/{quote(account.settings.room, safe='')}", {})


def joined(reply: HttpReply, account: Account) -> None:
    del account
    _raise(reply)


def request(account: Account, cursor: str) -> HttpRequest:
    """GET /sync from a token. Without one only the token is wanted: what was said before we came isn't for us."""
    wanted = {"timeline": _wanted(TIMELINE if cursor else 1)}
    quiet: dict[str, Any] = {"types": [], "limit": 0}
    silent = {"state": quiet, "ephemeral": quiet, "account_data": quiet}
    look = {"room": {**wanted, **silent}, "presence": quiet, "account_data": quiet}
    since = f"&since={quote(cursor, safe='')}&timeout={LISTEN_S * 1_000}" if cursor else "&timeout=0"
    return _call(account, "GET", f"/v3/sync?filter={_json(look)}&set_presence=offline{since}")


def _wanted(limit: int) -> dict[str, Any]:
    return {"types": ["m.room.message", "m.reaction"], "limit": limit}


def _json(value: Any) -> str:
    return quote(json.dumps(value, separators=(",", ":")), safe="")


def read(reply: HttpReply, account: Account) -> Batch:
    """What happened in our room since the cursor, in the order of the homeserver; and what was written in the rooms that we made
    for one person each.
    """
    _raise(reply)
    told = said(ID, reply.body, _Sync)
    room = told.rooms.join.get(account.settings.room, _Joined()).timeline
    alone = [
        e for name, one in sorted(told.rooms.join.items()) if name != account.settings.room for e in one.timeline.events
    ]
    heard = (*_heard(room.events, account), *_heard_alone(alone, account))
    return Batch(heard, told.next_batch, room.prev_batch if room.limited else "")


def older(account: Account, gap: str, until: str) -> HttpRequest:
    """GET /messages backwards from a gap to the token where the last look ended."""
    room = quote(account.settings.room, safe="")
    look = {"types": ["m.room.message", "m.reaction"]}
    query = f"dir=b&limit={PAGE}&filter={_json(look)}&from={quote(gap, safe='')}&to={quote(until, safe='')}"
    return _call(account, "GET", f"/v3/rooms/{room}/messages?{query}")


def read_older(reply: HttpReply, account: Account) -> Batch:
    """A page of what was left out, oldest first; ``gap`` says where the page before it begins."""
    _raise(reply)
    told = said(ID, reply.body, _Messages)
    return Batch(_heard(reversed(told.chunk), account), gap=told.end if told.chunk else "")


ReadContent = Callable[[_Content], tuple[Wish, str] | None]


def _heard(events: Iterable[_Event], account: Account) -> tuple[Heard, ...]:
    found = (_one(event, account.settings.user, READ) for event in events)
    return tuple(heard for heard in found if heard is not None)


def _one(event: _Event, ourselves: str, read_by: Mapping[str, ReadContent]) -> Heard | None:
    """What an event asks for; None for our own, and for everything that is no business of ours."""
    read_ = read_by.get(event.type)
    if (
        read_ is None
        or not event.event_id
        or not event.sender
        or event.sender == ourselves
        or event.state_key is not None
    ):
        return None
    try:
        content = msgspec.json.decode(event.content, type=_Content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # a shape that we don't know: anybody in the room can send any
    found = read_(content)
    if found is None:
        return None
    wish, about = found
    return Heard(event.event_id, event.sender, wish, about, event.event_id)


def _heard_alone(events: Iterable[_Event], account: Account) -> tuple[Heard, ...]:
    """Texts alone: what they mean is said by no thread and no reaction."""
    found = (_one(event, account.settings.user, {"m.room.message": _text_alone}) for event in events)
    return tuple(replace(heard, about="", alone=True) for heard in found if heard is not None)


def _text_alone(content: _Content) -> tuple[Wish, str] | None:
    written = content.msgtype == "m.text" and content.relation.rel_type != "m.replace"
    return (to_oneself(_without_quote(content.body)), "") if written else None


def _reaction(content: _Content) -> tuple[Wish, str] | None:
    wish = phrases.reaction(content.relation.key)
    return (wish, content.relation.event_id) if wish and content.relation.rel_type == "m.annotation" else None


def _message(content: _Content) -> tuple[Wish, str] | None:
    """A text: an answer to a message, or a question to the desk. Notices are other bots, an m.replace repeats."""
    relation = content.relation
    if content.msgtype != "m.text" or relation.rel_type == "m.replace":
        return None
    answered = relation.in_reply_to.get("event_id")
    about = relation.event_id if relation.rel_type == "m.thread" else answered if isinstance(answered, str) else ""
    text = _without_quote(content.body)
    wish = phrases.to_a_case(text) if about else linking(text) or phrases.to_the_desk(text)
    return (wish, about) if wish else None


READ = {"m.reaction": _reaction, "m.room.message": _message}


def _without_quote(body: str) -> str:
    """A reply without the quotation that older clients put before it: lines that begin with `> `, then an empty one."""
    lines = body.split("\n")
    if not lines[0].startswith("> "):
        return body
    rest = next((n for n, line in enumerate(lines) if not line.startswith(">")), len(lines))
    return "\n".join(lines[rest:]).strip()


class _Whoami(Struct, frozen=True):
    user_id: str


def whoami(account: Account) -> HttpRequest:
    """GET /account/whoami: whose token this is."""
    return _call(account, "GET", "/v3/account/whoami")


def is_us(reply: HttpReply, account: Account) -> None:
    """Raises AccessDenied where the token is another user's than the settings say."""
    _raise(reply)
    told = said(ID, reply.body, _Whoami).user_id
    if told != account.settings.user:
        raise AccessDenied(ID, f"the token is {told}'s, but `user` says {account.settings.user}")


CHAT = Chat(
    id=ID,
    name={"zh": "Matrix", "en": "Matrix"},
    settings=MatrixSettings,
    render=render,
    identity="the user id (@name:server) that the homeserver puts on an event",
    outward=Outward(send, edit, reply, sent, limits, look, seen, open_private, opened),
    polled=Polled((Step("token", whoami, is_us), Step("room", join, joined)), request, read, older, read_older),
)
