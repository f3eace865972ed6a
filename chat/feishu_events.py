"""What Feishu tells us: events on the long connection or in signed calls, and how each is answered.

What a card's button carries proves nothing: who and about which message is what the platform says.
"""

import base64
import hmac
import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from chat import feishu_wire, phrases
from chat.acts import Heard, Wish
from chat.base import Account, Call, Caught, Delivered, Frame, Reply, Spurned, said
from chat.feishu_cards import PRESSED, WRITTEN
from chat.feishu_wire import ID
from chat.route_phrases import linking, pressed, to_oneself
from config.words import say
from domain.errors import UnreadableReply
from domain.words import Words

WINDOW_S = 300
KEPT_PARTS = 32
ALONE = "p2p"
"""The type of the chat in which one person and we write to each other."""
_NOWHERE = ZoneInfo("UTC")


class Config(Struct, frozen=True):
    PingInterval: int = 0


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
    chat_type: str = ""
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
    """A button, or a form that was sent, on a card in our group; or a route's button, which only stands where we write to one
    person alone.
    """
    operator, context = click.operator, click.context
    stranger = operator.tenant_key not in {"", header.tenant_key}  # somebody from another company in a shared group
    alone = bool(context.open_chat_id) and context.open_chat_id != account.settings.chat
    wish = _choice(click.action) if alone else _wish(click.action)
    if wish is None or stranger or not context.open_chat_id or not context.open_message_id:
        return None
    about = context.open_message_id
    return Heard(header.event_id, _who(operator.open_id, header), wish, about, about, alone=alone)


def _choice(action: _Action) -> Wish | None:
    value = action.value.get("do") if isinstance(action.value, dict) else None
    return pressed(value) if isinstance(value, str) else None


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
    alone = message.chat_type == ALONE
    if not people or not (alone or message.chat_id == account.settings.chat) or message.message_type != "text":
        return None
    text = said(ID, message.content.encode(), _Text).text
    for mention in message.mentions:
        text = text.replace(mention.key, "") if mention.key else text
    about = "" if alone else message.root_id or message.parent_id
    wish = to_oneself(text) if alone else _said_wish(text.strip(), about)
    who, key = _who(sender.sender_id.open_id, header), f"message-{message.message_id}"
    return Heard(key, who, wish, about, message.message_id, alone=alone) if wish else None


def _said_wish(text: str, about: str) -> Wish | None:
    return phrases.to_a_case(text) if about else linking(text) or phrases.to_the_desk(text)


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
    return float(min(max(said(ID, told.payload, Config).PingInterval, 0), 600))


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
