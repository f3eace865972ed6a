"""Slack: Block Kit messages in a channel (docs.slack.dev), heard over Socket Mode by default: nothing of ours has to be reachable.
Where a workspace prefers it, Slack calls us instead, with signed requests.

Slack has no key that keeps a message from being sent twice. Each message carries the letter's key in its metadata, and whoever
isn't sure whether one arrived looks back in the channel first (``Lookback``).
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode, urlsplit

from msgspec import Meta, Struct

from chat import phrases, slack_heard
from chat.acts import Wish
from chat.base import Account, Address, Chat, Found, Limits, Lookback, Outward, Step, error_of, said
from chat.messages import Alert, IncidentAlert, Message, Reader, RouteMessage
from chat.route_phrases import MARK
from chat.text import text_of
from config.words import say
from domain.case import CLOSED
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from domain.words import Words
from net.http import HttpReply, HttpRequest

ID = "slack"
MAX_TITLE, MAX_SECTION, MAX_FALLBACK, MAX_LABEL = 150, 2_900, 3_500, 75
"""Characters; Slack takes 150 in a header, 3,000 in a section, 75 on a button and 40,000 as a message's text."""
BODY_BYTES = 60_000
PAGE = 200
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
EVENT = "doorstep_letter"
"""The type of the metadata that carries a letter's key."""


class SlackSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``token``: the bot's (xoxb-). ``team`` and ``channel``: their ids. ``app_token`` (xapp-) listens over Socket Mode;
    ``signing_secret`` proves calls where Slack calls us. One of the two is needed.
    """

    token: Annotated[str, Meta(pattern=r"^xox[a-z]-[A-Za-z0-9-]+$", max_length=255)]
    team: Annotated[str, Meta(pattern=r"^T[A-Z0-9]{2,20}$")]
    channel: Annotated[str, Meta(pattern=r"^[CG][A-Z0-9]{2,20}$")]
    app_token: Annotated[str, Meta(pattern=r"^(xapp-[A-Za-z0-9-]+)?$", max_length=255)] = ""
    signing_secret: Annotated[str, Meta(max_length=128)] = ""
    lang: Literal["", "zh", "en"] = ""
    base_url: str = "https://slack.com/api"
    per_minute: Annotated[int, Meta(ge=1, le=600)] = 50

    def __post_init__(self) -> None:
        address = urlsplit(self.base_url)
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in LOCAL):
            raise ValueError(f"base_url: {self.base_url!r} must begin with https://: the token goes there")
        if not self.app_token and not self.signing_secret:
            raise ValueError(
                "app_token (Socket Mode) or signing_secret (signed calls) is needed: nothing could be heard"
            )


# --- saying --------------------------------------------------------------------------------------------------------

BUTTONS: Mapping[str, Wish] = {
    "ack": phrases.REACTIONS["✅"],
    "take": phrases.REACTIONS["👤"],
    "snooze": phrases.REACTIONS["💤"],
    "false_alarm": phrases.REACTIONS["🚫"],
}
"""What each button's action_id asks for. They mean what the same signs mean as reactions elsewhere."""


def escaped(text: str) -> str:
    """Text as Slack wants it where it looks for mentions and links: exactly these three characters mean something."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str, limit: int) -> dict[str, Any]:
    """A text in which Slack looks for nothing: no mention, link, markup or emoji code."""
    return {"type": "plain_text", "text": text[:limit], "emoji": False}


def render(message: Message, reader: Reader) -> dict[str, Any]:
    """The body of chat.postMessage without its channel. Words stand in plain_text objects; the only markup is our own address."""
    text = text_of(message, reader)
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(text.title, MAX_TITLE)}]
    lines = "\n".join(text.lines)
    if lines:
        blocks.append({"type": "section", "text": _plain(lines, MAX_SECTION)})
    if isinstance(message, Alert | IncidentAlert) and not _is_over(message):
        blocks.append({"type": "actions", "block_id": "acts", "elements": [_button(name, reader) for name in BUTTONS]})
        hint = say(Words("chat.hint_thread", {}), reader.lang, reader.zone)
        blocks.append({"type": "context", "elements": [_plain(hint, MAX_SECTION)]})
    if text.choices:
        choices = [_choice(n, *one) for n, one in enumerate(text.choices)]
        blocks.append({"type": "actions", "block_id": "route", "elements": choices})
    if text.hint and isinstance(message, RouteMessage):
        blocks.append({"type": "context", "elements": [_plain(text.hint, MAX_SECTION)]})
    if text.url:
        link = {"type": "mrkdwn", "text": f"<{_address(text.url)}>", "verbatim": True}
        blocks.append({"type": "context", "elements": [link]})
    return {
        "text": escaped(f"{text.title}\n{lines}"[:MAX_FALLBACK]),
        "blocks": blocks,
        "unfurl_links": False,
        "unfurl_media": False,
        "link_names": False,
        "parse": "none",
    }


def _is_over(message: Alert | IncidentAlert) -> bool:
    return message.status in CLOSED if isinstance(message, Alert) else message.over is not None


def _button(name: str, reader: Reader) -> dict[str, Any]:
    label = say(Words(f"chat.button.{name}", {}), reader.lang, reader.zone)
    return {
        "type": "button",
        "action_id": name,
        "value": name,
        "text": {"type": "plain_text", "text": label, "emoji": True},
    }


def _choice(number: int, phrase: str, label: str) -> dict[str, Any]:
    """What a courier can answer; ids of actions are unique within a block."""
    plain = {"type": "plain_text", "text": label[:MAX_LABEL], "emoji": True}
    return {"type": "button", "action_id": f"route_{number}", "value": f"{MARK}{phrase}", "text": plain}


def _address(url: str) -> str:
    return escaped(url).replace("|", "%7C")


def send(payload: Mapping[str, Any], account: Account, key: str, to: str = "") -> HttpRequest:
    """chat.postMessage, with the letter's key in the metadata."""
    metadata = {"event_type": EVENT, "event_payload": {"key": key}}
    return _post(
        account, "chat.postMessage", {**payload, "channel": to or account.settings.channel, "metadata": metadata}
    )


def edit(payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest:
    """chat.update of our own message. It needs no key: done twice is done once."""
    del key
    said_now = {name: value for name, value in payload.items() if not name.startswith("unfurl_")}
    return _post(account, "chat.update", {**said_now, "channel": account.settings.channel, "ts": remote_id})


def reply(payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest:
    """chat.postMessage into the message's thread."""
    return send({**payload, "thread_ts": remote_id}, account, key)


def _post(account: Account, method: str, body: Mapping[str, Any]) -> HttpRequest:
    content = json.dumps(body, ensure_ascii=False).encode()
    return _call(account, method, content, "application/json; charset=utf-8")


def _ask(account: Account, method: str, **params: str) -> HttpRequest:
    return _call(account, method, urlencode(params).encode(), "application/x-www-form-urlencoded")


def _call(account: Account, method: str, content: bytes, kind: str, token: str = "") -> HttpRequest:
    headers = {"authorization": f"Bearer {token or account.settings.token}", "content-type": kind}
    return HttpRequest("POST", f"{account.settings.base_url.rstrip('/')}/{method}", headers, content)


# --- replies -------------------------------------------------------------------------------------------------------

REFUSED = frozenset({
    "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope", "no_permission",
    "not_in_channel", "channel_not_found", "is_archived", "restricted_action", "access_denied", "ekm_access_denied",
    "org_login_required", "team_access_not_granted", "not_allowed_token_type", "invalid_app_token",
})  # fmt: skip
BUSY = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org", "timeout"}
)
LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
"""Slack's own words inside a 200 (docs.slack.dev, "errors" of each method); any other is this letter's own trouble."""


class _Reply(Struct, frozen=True):
    ok: bool
    error: str = ""
    needed: str = ""


def raise_for(reply: HttpReply) -> None:
    """Raise the OutsideError of an answer, by its status or by what a 200 says."""
    after = retry_after_s(reply)
    if reply.status != 200:
        raise error_of(ID, reply.status, "", after)
    told = said(ID, reply.body, _Reply)
    if not told.ok:
        raise _error(told, after)


def _error(told: _Reply, after: int | None) -> OutsideError:
    why = f"{told.error[:80] or 'no reason'}{f' (needed: {told.needed[:80]})' if told.needed else ''}"
    if told.error in REFUSED:
        return AccessDenied(ID, why)
    if told.error in LIMITED:
        return RateLimited(ID, why, retry_after_s=after)
    return Unreachable(ID, why) if told.error in BUSY else UnreadableReply(ID, why)


def retry_after_s(reply: HttpReply) -> int | None:
    told = reply.headers.get("retry-after", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 6 else None


class _Sent(Struct, frozen=True):
    ts: str


def sent(reply: HttpReply) -> str:
    """The message's ``ts``: its id within the channel."""
    raise_for(reply)
    return said(ID, reply.body, _Sent).ts


def limits(account: Account) -> Limits:
    """A channel takes one message a second; chat.update is in the tier of 50 a minute."""
    return Limits(((1, 1.0), (account.settings.per_minute, 60.0)), BODY_BYTES)


class _Metadata(Struct, frozen=True):
    event_type: str = ""
    event_payload: Mapping[str, Any] = {}


class _Kept(Struct, frozen=True):
    ts: str
    bot_id: str = ""
    metadata: _Metadata | None = None


class _More(Struct, frozen=True):
    next_cursor: str = ""


class _History(Struct, frozen=True):
    messages: list[_Kept]
    has_more: bool = False
    response_metadata: _More | None = None


def look(remote_id: str, account: Account) -> HttpRequest:
    """conversations.history, cut down to one message."""
    at = {"latest": remote_id, "oldest": remote_id, "inclusive": "true", "limit": "1"}
    return _ask(account, "conversations.history", channel=account.settings.channel, **at)


def seen(reply: HttpReply) -> None:
    raise_for(reply)
    if not said(ID, reply.body, _History).messages:
        raise UnreadableReply(ID, "the message isn't there")


def look_back(account: Account, since: datetime, to: str, thread: str, cursor: str) -> HttpRequest:
    """What was said in a place since then, newest first, with metadata; in a thread conversations.replies."""
    more = {"cursor": cursor} if cursor else {}
    asked = {"oldest": f"{since.timestamp():.6f}", "include_all_metadata": "true", "limit": str(PAGE), **more}
    place = to or account.settings.channel
    if thread:
        return _ask(account, "conversations.replies", channel=place, ts=thread, **asked)
    return _ask(account, "conversations.history", channel=place, **asked)


def found(reply: HttpReply, key: str) -> Found:
    """Our message with that key, if it is on this page. Only what a bot said counts: people carry no metadata."""
    raise_for(reply)
    page = said(ID, reply.body, _History)
    for kept in page.messages:
        of = kept.metadata
        if kept.bot_id and of and of.event_type == EVENT and of.event_payload.get("key") == key:
            return Found(kept.ts)
    more = page.response_metadata.next_cursor if page.has_more and page.response_metadata else ""
    return Found("", more)


def open_private(who: str, account: Account) -> HttpRequest:
    """conversations.open: the place where the bot and one person write to each other."""
    return _ask(account, "conversations.open", users=who.partition("/")[2])


class _Channel(Struct, frozen=True):
    id: str
    is_member: bool = False


class _ChannelReply(Struct, frozen=True):
    channel: _Channel


def opened(reply: HttpReply) -> str:
    raise_for(reply)
    return said(ID, reply.body, _ChannelReply).channel.id


# --- coming in -----------------------------------------------------------------------------------------------------


class _Me(Struct, frozen=True):
    team_id: str


def me(account: Account) -> HttpRequest:
    return _ask(account, "auth.test")


def is_bot(reply: HttpReply, account: Account) -> None:
    """Raises AccessDenied where the token is nobody's, or another workspace's."""
    raise_for(reply)
    team = said(ID, reply.body, _Me).team_id
    if team != account.settings.team:
        raise AccessDenied(
            ID, f"the token is for the workspace {team[:20]}: set team = {team[:20]!r}, or use its own token"
        )


def room(account: Account) -> HttpRequest:
    return _ask(account, "conversations.info", channel=account.settings.channel)


def is_in(reply: HttpReply, account: Account) -> None:
    """Raises AccessDenied where the bot isn't in the channel."""
    raise_for(reply)
    told = said(ID, reply.body, _ChannelReply).channel
    if told.id != account.settings.channel or not told.is_member:
        raise AccessDenied(ID, "the bot isn't in the channel: write /invite @Doorstep there")


def ask_address(account: Account) -> HttpRequest:
    """apps.connections.open, with the app's own token."""
    return _call(account, "apps.connections.open", b"", "application/x-www-form-urlencoded", account.settings.app_token)


class _Opened(Struct, frozen=True):
    url: str


def address(reply: HttpReply, account: Account) -> Address:
    """Where the long connection goes: only to Slack, or to the very machine that the settings name."""
    raise_for(reply)
    url = said(ID, reply.body, _Opened).url
    try:
        scheme, host = urlsplit(url).scheme, urlsplit(url).hostname or ""
    except ValueError:
        scheme, host = "", ""
    own = urlsplit(account.settings.base_url).hostname or ""
    if not (scheme == "wss" and host.endswith(".slack.com")) and not (scheme == "ws" and host == own and own in LOCAL):
        raise UnreadableReply(ID, "the address of the long connection isn't Slack's")
    return Address(url)


CHAT = Chat(
    id=ID,
    name={"zh": "Slack", "en": "Slack"},
    settings=SlackSettings,
    render=render,
    identity="workspace and user id (T…/U…), as Slack puts them on what a person does",
    outward=Outward(send, edit, reply, sent, limits, look, seen, open_private, opened, Lookback(look_back, found)),
    socket=slack_heard.socket(ask_address, address, BUTTONS),
    hook=slack_heard.hook(BUTTONS),
    enter=(Step("token", me, is_bot), Step("room", room, is_in)),
    by_socket=lambda account: bool(account.settings.app_token),
)
