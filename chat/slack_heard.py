"""What people do in Slack, as it reaches us: frames of Socket Mode, or signed calls. The same payloads in both.

A frame proves itself by the connection that it came over, a call by its signature over the raw body and a time within five
minutes (docs.slack.dev, "Verifying requests from Slack"). What a button carries proves nothing: the case is the one whose message
was pressed, in the channel and the workspace that are ours.
"""

import hashlib
import hmac
import html
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct

from chat import phrases
from chat.acts import Heard, Wish
from chat.base import Account, Address, Call, Caught, Delivered, Frame, Hook, Reply, Socket, Spurned
from chat.route_phrases import linking, pressed, to_oneself
from domain.errors import UnreadableReply
from net.http import HttpReply, HttpRequest

ID = "slack"
WINDOW_S = 300
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
SILENT_S = 0.0
"""Slack pings on the protocol's own level, which is answered there; we ping it as well."""
PLAIN = frozenset({"", "thread_broadcast"})
"""Subtypes of messages that a person wrote; edits, deletions, joins and bots' words have others."""
DIRECT = "D"
"""How the id of a conversation with one person begins."""
Buttons = Mapping[str, Wish]


class _Place(Struct, frozen=True):
    id: str = ""


class _User(Struct, frozen=True):
    id: str
    team_id: str = ""


class _Container(Struct, frozen=True):
    message_ts: str = ""


class _Action(Struct, frozen=True):
    action_id: str = ""
    action_ts: str = ""
    value: str = ""


class _Pressed(Struct, frozen=True):
    """block_actions: one or more buttons under one message."""

    user: _User
    team: _Place | None = None
    channel: _Place = _Place()
    container: _Container = _Container()
    actions: list[_Action] = []


class _Said(Struct, frozen=True):
    """A message event; ``user_team`` is whose workspace its author is from, where channels are shared."""

    type: str = ""
    channel: str = ""
    user: str = ""
    text: str = ""
    ts: str = ""
    thread_ts: str = ""
    subtype: str = ""
    bot_id: str = ""
    team: str = ""
    user_team: str = ""


class _Event(Struct, frozen=True):
    event: _Said
    team_id: str = ""
    event_id: str = ""


class _Envelope(Struct, frozen=True):
    """One frame of Socket Mode."""

    type: str = ""
    envelope_id: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"null")


# --- what was done -------------------------------------------------------------------------------------------------


def team_of(payload: Any) -> str:
    """The workspace that a payload says it is of, "" where it says none."""
    if not isinstance(payload, Mapping):
        return ""
    team = payload.get("team")
    told = payload.get("team_id") or (team.get("id") if isinstance(team, Mapping) else "")
    return told if isinstance(told, str) else ""


def heard_in(payload: Any, account: Account, buttons: Buttons) -> tuple[Heard, ...]:
    """What a payload says that somebody did in our channel. Raises UnreadableReply where it isn't of a known shape."""
    if not isinstance(payload, Mapping):
        raise UnreadableReply(ID, "a payload must be an object")
    try:
        if payload.get("type") == "block_actions":
            return _clicks(msgspec.convert(payload, _Pressed), account, buttons)
        if payload.get("type") == "event_callback":
            return _event(msgspec.convert(payload, _Event), account)
    except msgspec.ValidationError as exc:
        raise UnreadableReply(ID, str(exc)) from exc
    return ()


def _clicks(told: _Pressed, account: Account, buttons: Buttons) -> tuple[Heard, ...]:
    """Buttons in our channel, or in the place where one person and we write to each other (its id begins with D)."""
    team, alone = told.team.id if told.team else "", told.channel.id.startswith(DIRECT)
    if team != account.settings.team or not (alone or told.channel.id == account.settings.channel):
        return ()
    who, about = f"{told.user.team_id or team}/{told.user.id}", told.container.message_ts
    return tuple(
        Heard(f"press-{about}-{one.action_ts}-{told.user.id}-{one.action_id}", who, wish, about, about, alone=alone)
        for one in told.actions
        if about and one.action_ts and (wish := pressed(one.value) if alone else buttons.get(one.action_id)) is not None
    )


def _event(told: _Event, account: Account) -> tuple[Heard, ...]:
    said = told.event
    if said.type != "message" or said.subtype not in PLAIN or said.bot_id or not said.user or not said.ts:
        return ()
    alone = said.channel.startswith(DIRECT)
    if told.team_id != account.settings.team or not (alone or said.channel == account.settings.channel):
        return ()
    about = said.thread_ts if said.thread_ts != said.ts and not alone else ""
    wish = _wish(plain(said.text), about, alone=alone)
    who = f"{said.user_team or said.team or told.team_id}/{said.user}"
    heard = Heard(f"said-{said.ts}-{said.user}", who, wish, about, about or said.ts, alone=alone) if wish else None
    return (heard,) if heard else ()


def _wish(text: str, about: str, *, alone: bool) -> Wish | None:
    if alone:
        return to_oneself(text)
    return phrases.to_a_case(text) if about else linking(text) or phrases.to_the_desk(text)


_BOT = re.compile(r"^\s*<@[A-Z0-9]+>\s*")
_REFERENCE = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")


def plain(text: str) -> str:
    """What somebody wrote, as they wrote it: our own name before a question left out, links and entities undone."""
    return html.unescape(_REFERENCE.sub(lambda m: m.group(2) or m.group(1), _BOT.sub("", text)))


# --- Socket Mode ---------------------------------------------------------------------------------------------------


def socket(
    ask: Callable[[Account], HttpRequest], address: Callable[[HttpReply, Account], Address], buttons: Buttons
) -> Socket:
    """Each envelope is answered with its id once it is committed; one that isn't answered comes again."""

    def read(frame: Frame, account: Account, now: datetime, kept: tuple[Frame, ...] = ()) -> Caught:
        del now, kept
        envelope = _envelope(frame)
        if envelope.type == "disconnect":
            return Caught(leave=True)
        if not envelope.envelope_id:
            return Caught()
        taken = (json.dumps({"envelope_id": envelope.envelope_id}),)
        try:
            heard = heard_in(strict(bytes(envelope.payload)), account, buttons)
        except UnreadableReply:
            heard = ()  # it would come again and again
        return Caught(heard, taken)

    return Socket(open=ask, opened=address, read=read, silent_s=SILENT_S)


def _envelope(frame: Frame) -> _Envelope:
    try:
        return msgspec.json.decode(frame, type=_Envelope)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
        raise UnreadableReply(ID, f"a frame isn't an envelope: {type(exc).__name__}") from exc


# --- signed calls --------------------------------------------------------------------------------------------------


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """``v0=`` and the HMAC-SHA256 over version, time and raw body."""
    return "v0=" + hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()


def hook(buttons: Buttons) -> Hook:
    """Interactivity comes as a form with one field, events as JSON; both are signed alike."""

    def verify(call: Call, account: Account, now: datetime) -> bytes | Spurned:
        if call.method != "POST":
            return Spurned(405, "POST only")
        spurned = _unproven(call, account.settings.signing_secret, now)
        if spurned is not None:
            return spurned
        kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in {FORM, JSON}:
            return Spurned(415, f"{FORM} or {JSON} only")
        return _of_our_team(call.body if kind == JSON else _field(call.body), account)

    def read(body: bytes, call: Call, account: Account) -> Delivered:
        del call
        payload = strict(body)
        if payload.get("type") == "url_verification":
            challenge = str(payload.get("challenge", ""))[:1_000]
            return Delivered(answer=Reply(json.dumps({"challenge": challenge}).encode()))
        return Delivered(heard_in(payload, account, buttons), Reply(b"", "text/plain"))

    return Hook(verify, read, lambda account: bool(account.settings.signing_secret))


def _unproven(call: Call, secret: str, now: datetime) -> Spurned | None:
    timestamp, given = call.headers.get("x-slack-request-timestamp", ""), call.headers.get("x-slack-signature", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 11):
        return Spurned(401, "no time on it")
    if abs(now.timestamp() - int(timestamp)) > WINDOW_S:
        return Spurned(401, "it was signed too long ago, or in the future")
    proven = hmac.compare_digest(signature(secret, timestamp, call.body).encode(), given.encode("utf-8", "replace"))
    return None if proven else Spurned(401, "the signature is wrong")


def _field(body: bytes) -> bytes:
    """The form's one field; empty where there isn't exactly one, which can't be read then."""
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        return b""
    payloads = fields.get("payload", [])
    return payloads[0].encode("utf-8", "replace") if len(payloads) == 1 else b""


def _of_our_team(body: bytes, account: Account) -> bytes | Spurned:
    try:
        payload = strict(body)
    except UnreadableReply as exc:
        return Spurned(400, str(exc)[:200])
    if payload.get("type") != "url_verification" and team_of(payload) != account.settings.team:
        return Spurned(403, "it is another workspace's")
    return body


def strict(body: bytes) -> dict[str, Any]:
    """A JSON object in which no key stands twice: who signs and who reads must mean the same. Raises UnreadableReply."""
    try:
        value = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as exc:
        raise UnreadableReply(ID, f"not JSON of ours: {type(exc).__name__}") from exc
    if not isinstance(value, dict):
        raise UnreadableReply(ID, "a payload must be an object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made
