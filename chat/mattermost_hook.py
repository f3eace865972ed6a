"""Mattermost's buttons: what each carries, signed by us, and how a press that reaches us is proven.

Mattermost signs nothing. So each button carries an HMAC of ours over the account, the place, what its message is about, the post
(or, before there is one, the letter's key), what the button asks for and until when it may. A press is believed where that is
right and fits the post and the place that the press names; whose press it is is Mattermost's word: the call must come over TLS.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from chat import phrases
from chat.acts import Heard, Wish
from chat.base import Account, Call, Delivered, Hook, Reply, Spurned, said
from chat.route_phrases import pressed
from config.words import say
from domain.errors import UnreadableReply
from domain.words import Words

ID = "mattermost"
MAX_BODY = 32_768
PRESSED: Mapping[str, Wish] = {
    "ack": phrases.REACTIONS["✅"],
    "take": phrases.REACTIONS["👤"],
    "snooze": phrases.REACTIONS["💤"],
    "false_alarm": phrases.REACTIONS["🚫"],
}
"""What each button asks for."""
_NOWHERE = ZoneInfo("UTC")


class _Context(Struct, frozen=True, forbid_unknown_fields=True):
    """What our button carried. ``post`` is "" on a message that was never edited: its letter's ``key`` stands for it."""

    about: str
    do: str
    place: str
    key: str
    post: str
    until: int
    mac: str


class _Press(Struct, frozen=True):
    user_id: str = ""
    channel_id: str = ""
    post_id: str = ""
    context: _Context | None = None


def is_ready(account: Account) -> bool:
    return bool(account.settings.secret and account.settings.callback)


def address_of(account: Account) -> str:
    """Where Mattermost tells us of a press."""
    return f"{account.settings.callback.rstrip('/')}/chats/{ID}/{account.name}"


def context_of(account: Account, about: str, do: str, place: str, key: str, post: str, until: int) -> dict[str, Any]:
    """What a button carries."""
    signed = {"about": about, "do": do, "place": place, "key": key, "post": post, "until": until}
    return {**signed, "mac": _mac(account, signed)}


def _mac(account: Account, signed: Mapping[str, Any]) -> str:
    told = json.dumps([ID, account.name, *(signed[name] for name in sorted(signed))], ensure_ascii=True)
    return hmac.new(account.settings.secret.encode(), told.encode(), hashlib.sha256).hexdigest()


def verify(call: Call, account: Account, now: datetime) -> bytes | Spurned:
    """Ours, of this account, for this post and place, and not too old."""
    if call.method != "POST":
        return Spurned(405, "POST only")
    if len(call.body) > MAX_BODY:
        return Spurned(413, "a press is shorter")
    try:
        press = _press(call.body)
    except UnreadableReply as exc:
        return Spurned(400, str(exc)[:200])
    context = press.context
    if context is None:
        return Spurned(401, "nothing of ours is in it")
    signed = {name: getattr(context, name) for name in _Context.__struct_fields__ if name != "mac"}
    if not hmac.compare_digest(_mac(account, signed).encode(), context.mac.encode("utf-8", "replace")):
        return Spurned(401, "the button isn't ours")
    if now.timestamp() > context.until:
        return Spurned(401, "the button is too old")
    if context.place != press.channel_id or (context.post and context.post != press.post_id):
        return Spurned(403, "the button is another message's")
    return call.body


def _press(body: bytes) -> _Press:
    """Raises UnreadableReply where it isn't a press, also where a name stands twice."""
    try:
        json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as exc:
        raise UnreadableReply(ID, f"not a press: {type(exc).__name__}") from exc
    return said(ID, body, _Press)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def read(body: bytes, call: Call, account: Account) -> Delivered:
    """One press. Pressed again, the same button of the same message has no second effect: it is drawn anew after each act."""
    del call
    press = _press(body)
    context = press.context
    refused = {"ephemeral_text": say(Words("chat.toast_private", {}), account.settings.lang or "en", _NOWHERE)}
    if context is None or not press.user_id or not press.post_id:
        return Delivered(answer=Reply(b"{}"))
    alone = context.place != account.settings.channel
    wish = pressed(context.do) if alone else PRESSED.get(context.do)
    told = hashlib.sha256(f"{press.post_id}/{press.user_id}/{context.mac}".encode()).hexdigest()
    about = press.post_id
    heard = (
        Heard(f"press-{told[:40]}", press.user_id, wish, about, about, alone=alone, of=context.about) if wish else None
    )
    return Delivered((heard,) if heard else (), Reply(b"{}"), Reply(json.dumps(refused, ensure_ascii=False).encode()))


HOOK = Hook(verify, read, is_ready)
