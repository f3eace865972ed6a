"""A simulated Slack with one workspace and one app (docs.slack.dev; ours, not Slack's): Web API, Socket Mode, signed calls.

What it keeps to: a message is posted once for each call, for there is no key; metadata is told only to whoever asks for all of
it; errors come inside a 200; an envelope that isn't answered within three seconds shows the person who pressed an error, and an
event that isn't answered comes again, three times; a channel takes one message a second, then 429 with Retry-After. Where texts
are marked up, what Slack would bring to life is counted: ``alive``.
"""

import asyncio
import hashlib
import hmac
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

ANSWER_S = 3.0
LOOK_S = 0.02
RETRIES = 3
LIVE = re.compile(r"<(?:!|@|#)[^>]*>|<https?://[^>]*>")


class Refusal(Exception):
    """An error as the Web API tells it."""

    def __init__(self, error: str, status: int = 200, **headers: str) -> None:
        super().__init__(error)
        self.error, self.status, self.headers = error, status, headers


@dataclass(slots=True)
class Kept:
    """A message as the workspace keeps it."""

    channel: str
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    by: str
    bot: bool = False
    thread_ts: str = ""
    metadata: dict[str, Any] | None = None
    edits: int = 0

    def to_json(self, *, with_metadata: bool) -> dict[str, Any]:
        told: dict[str, Any] = {
            "type": "message",
            "ts": self.ts,
            "text": self.text,
            "user": self.by,
            "blocks": self.blocks,
        }
        if self.bot:
            told |= {"bot_id": "B0BOT", "app_id": "A0APP"}
        if self.thread_ts:
            told["thread_ts"] = self.thread_ts
        if with_metadata and self.metadata:
            told["metadata"] = self.metadata
        return told

    @property
    def buttons(self) -> list[str]:
        return [b["action_id"] for block in self.blocks for b in block.get("elements", []) if b.get("type") == "button"]


@dataclass(slots=True)
class Envelope:
    """Something that the app is to hear. ``answered``: what it said to it; ``shown_error``: it said nothing in time."""

    id: str
    kind: str
    payload: dict[str, Any]
    sent: int = 0
    answered: dict[str, Any] | None = None
    sent_at: float = 0.0
    shown_error: bool = False


@dataclass(slots=True)
class SlackGateway:
    """One workspace. ``limited``: whether the channel's limit is kept to. ``loses_answers``: to how many posts the answer gets lost
    on its way, the message being there; ``answer_s``: how long an envelope may go unanswered.
    """

    token: str
    app_token: str
    secret: str
    team: str = "T0DESK"
    channel: str = "C0DESK"
    limited: bool = False
    clock: Callable[[], float] = time.time
    answer_s: float = ANSWER_S
    base: str = ""
    loses_answers: int = 0
    refused: int = 0
    messages: dict[tuple[str, str], Kept] = field(default_factory=dict)
    alive: list[str] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    connections: int = 0
    _serial: int = 0
    _last_post: dict[str, float] = field(default_factory=dict)
    _tickets: set[str] = field(default_factory=set)
    _leave: bool = False

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/{method}", self._called, methods=["GET", "POST"]),
                WebSocketRoute("/link/{ticket}", self._linked),
            ]
        )

    # --- what people do -------------------------------------------------------------------------------------------

    def press(self, user: str, ts: str, action: str, **changes: Any) -> Envelope:
        """Somebody presses a button of a message in the channel."""
        if action not in self.messages[self.channel, ts].buttons:
            raise LookupError(f"message {ts} shows no {action}")
        return self._tell("interactive", self.click(user, ts, action, **changes))

    def click(self, user: str, ts: str, action: str, *, team: str = "", channel: str = "") -> dict[str, Any]:
        """The payload of a press."""
        team, at = team or self.team, self._ts()
        place = channel or self.channel
        return {
            "type": "block_actions",
            "api_app_id": "A0APP",
            "team": {"id": team, "domain": "desk"},
            "user": {"id": user, "username": user.lower(), "team_id": team},
            "channel": {"id": place, "name": "desk"},
            "container": {"type": "message", "message_ts": ts, "channel_id": place},
            "message": {"ts": ts},
            "actions": [{"type": "button", "action_id": action, "block_id": "acts", "value": action, "action_ts": at}],
            "response_url": "https://hooks.slack.com/actions/none",
            "trigger_id": f"1.{at}",
        }

    def write(self, user: str, text: str, *, to: str = "") -> Envelope:
        """Somebody writes into the channel, or into a message's thread."""
        return self._tell("events_api", self.event(user, text, to=to))

    def event(self, user: str, text: str, *, to: str = "", team: str = "") -> dict[str, Any]:
        """The payload of a message event; texts come escaped."""
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        kept = self._keep(self.channel, escaped, [], user, thread_ts=to)
        said = {
            "type": "message",
            "channel": self.channel,
            "user": user,
            "text": escaped,
            "ts": kept.ts,
            "team": team or self.team,
        }
        if to:
            said["thread_ts"] = to
        return {
            "type": "event_callback",
            "team_id": team or self.team,
            "api_app_id": "A0APP",
            "event_id": f"Ev{self._serial}",
            "event_time": int(self.clock()),
            "event": said,
        }

    def disconnect(self) -> None:
        """Slack asks its listeners to connect anew, as it does every few hours."""
        self._leave = True

    def signed(self, payload: Mapping[str, Any], at: float | None = None) -> tuple[dict[str, str], bytes]:
        """The headers and body of a signed call: interactivity as a form, everything else as JSON."""
        form = payload.get("type") == "block_actions"
        body = urlencode({"payload": json.dumps(payload)}).encode() if form else json.dumps(payload).encode()
        return self.sign(body, at, "application/x-www-form-urlencoded" if form else "application/json"), body

    def sign(self, body: bytes, at: float | None = None, kind: str = "application/json") -> dict[str, str]:
        stamp = str(int(self.clock() if at is None else at))
        mac = hmac.new(self.secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
        return {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={mac}", "content-type": kind}

    def in_channel(self) -> list[Kept]:
        """What the bot said in the channel itself, in its order."""
        return [m for m in self.messages.values() if m.channel == self.channel and m.bot and not m.thread_ts]

    def in_thread(self, ts: str) -> list[Kept]:
        return [m for m in self.messages.values() if m.thread_ts == ts and m.bot]

    def alone_with(self, user: str) -> list[Kept]:
        return [m for m in self.messages.values() if m.channel == f"D{user}"]

    def _ts(self) -> str:
        self._serial += 1
        return f"{int(self.clock())}.{self._serial:06d}"

    def _keep(self, channel: str, text: str, blocks: list[dict[str, Any]], by: str, **more: Any) -> Kept:
        kept = Kept(channel, self._ts(), text, blocks, by, **more)
        self.messages[channel, kept.ts] = kept
        return kept

    def _tell(self, kind: str, payload: dict[str, Any]) -> Envelope:
        envelope = Envelope(f"env-{self._ts()}", kind, payload)
        self.envelopes.append(envelope)
        return envelope

    # --- Socket Mode ----------------------------------------------------------------------------------------------

    async def _linked(self, socket: WebSocket) -> None:
        if socket.path_params["ticket"] not in self._tickets:
            await socket.close(1008)
            return
        self._tickets.discard(socket.path_params["ticket"])
        await socket.accept()
        self.connections += 1
        try:
            await socket.send_json(
                {"type": "hello", "num_connections": self.connections, "connection_info": {"app_id": "A0APP"}}
            )
            async with asyncio.TaskGroup() as tasks:
                sending = tasks.create_task(self._send_on(socket))
                await self._hear_on(socket)
                sending.cancel()
        except* (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            self.connections -= 1

    async def _hear_on(self, socket: WebSocket) -> None:
        while True:
            try:
                told = json.loads(await socket.receive_text())
            except WebSocketDisconnect:
                return
            for envelope in self.envelopes:
                if envelope.id == told.get("envelope_id") and envelope.answered is None and not envelope.shown_error:
                    envelope.answered = told

    async def _send_on(self, socket: WebSocket) -> None:
        while True:
            if self._leave:
                self._leave = False
                await socket.send_json({"type": "disconnect", "reason": "refresh_requested"})
            for envelope in self.envelopes:
                if self._is_due(envelope):
                    envelope.sent, envelope.sent_at = envelope.sent + 1, time.monotonic()
                    await socket.send_json(self._framed(envelope))
            await asyncio.sleep(LOOK_S)

    def _is_due(self, envelope: Envelope) -> bool:
        """Events come again; of a press that nobody answered the person sees an error."""
        if envelope.answered is not None or envelope.shown_error:
            return False
        if not envelope.sent:
            return True
        if time.monotonic() - envelope.sent_at < self.answer_s:
            return False
        if envelope.kind == "interactive" or envelope.sent > RETRIES:
            envelope.shown_error = True
            return False
        return True

    def _framed(self, envelope: Envelope) -> dict[str, Any]:
        framed = {
            "envelope_id": envelope.id,
            "type": envelope.kind,
            "payload": envelope.payload,
            "accepts_response_payload": False,
        }
        if envelope.kind == "events_api":
            framed |= {"retry_attempt": envelope.sent - 1, "retry_reason": "timeout" if envelope.sent > 1 else ""}
        return framed

    # --- the Web API ----------------------------------------------------------------------------------------------

    async def _called(self, request: Request) -> Response:
        name = request.path_params["method"]
        self.calls.append(name)
        try:
            result = await self._method(request, name)(self, await _params(request))
        except Refusal as no:
            return JSONResponse({"ok": False, "error": no.error}, no.status, headers=no.headers)
        if self.loses_answers and name == "chat.postMessage":
            self.loses_answers -= 1
            return Response(b"", 504)
        return JSONResponse({"ok": True, **result})

    def _method(self, request: Request, name: str) -> "Method":
        wanted = self.app_token if name == "apps.connections.open" else self.token
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {wanted}".encode()):
            raise Refusal("invalid_auth")
        method = METHODS.get(name)
        if method is None:
            raise Refusal("unknown_method")
        return method

    async def auth_test(self, params: Mapping[str, Any]) -> dict[str, Any]:
        del params
        return {
            "team_id": self.team,
            "team": "Desk",
            "user_id": "U0BOT",
            "user": "doorstep",
            "bot_id": "B0BOT",
            "url": self.base,
        }

    async def info(self, params: Mapping[str, Any]) -> dict[str, Any]:
        self._place(params)
        return {"channel": {"id": params["channel"], "name": "desk", "is_member": True}}

    async def open_alone(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"channel": {"id": f"D{params['users']}"}}

    async def connect(self, params: Mapping[str, Any]) -> dict[str, Any]:
        del params
        ticket = self._ts()
        self._tickets.add(ticket)
        return {"url": f"{self.base.replace('http', 'ws', 1)}/link/{ticket}"}

    async def post(self, params: Mapping[str, Any]) -> dict[str, Any]:
        channel = self._place(params)
        self._limit(channel)
        kept = self._keep(
            channel, _text(params), _object(params, "blocks") or [], "U0BOT", bot=True, thread_ts=params.get("thread_ts", ""),
            metadata=_object(params, "metadata"),
        )  # fmt: skip
        self._look_for_life(params)
        return {"channel": channel, "ts": kept.ts, "message": kept.to_json(with_metadata=False)}

    async def update(self, params: Mapping[str, Any]) -> dict[str, Any]:
        kept = self.messages.get((self._place(params), params.get("ts", "")))
        if kept is None or not kept.bot:
            raise Refusal("message_not_found")
        kept.text, kept.blocks, kept.edits = _text(params), _object(params, "blocks") or [], kept.edits + 1
        self._look_for_life(params)
        return {"channel": kept.channel, "ts": kept.ts, "text": kept.text}

    async def history(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return self._page(
            params, [m for m in self.messages.values() if m.channel == self._place(params) and not m.thread_ts]
        )

    async def replies(self, params: Mapping[str, Any]) -> dict[str, Any]:
        thread = params["ts"]
        return self._page(params, [m for m in self.messages.values() if thread in {m.thread_ts, m.ts}])

    def _page(self, params: Mapping[str, Any], found: list[Kept]) -> dict[str, Any]:
        """Newest first; ``oldest`` and ``latest`` are left out unless ``inclusive``."""
        oldest, latest = float(params.get("oldest") or 0), float(params.get("latest") or 1e11)
        inclusive, full = params.get("inclusive") == "true", params.get("include_all_metadata") == "true"
        inside = [m for m in found if oldest < float(m.ts) < latest or (inclusive and float(m.ts) in {oldest, latest})]
        inside.sort(key=lambda m: m.ts, reverse=True)
        begin, limit = int(params.get("cursor") or 0), int(params.get("limit") or 100)
        more = len(inside) > begin + limit
        return {
            "messages": [m.to_json(with_metadata=full) for m in inside[begin : begin + limit]],
            "has_more": more,
            "response_metadata": {"next_cursor": str(begin + limit) if more else ""},
        }

    def _place(self, params: Mapping[str, Any]) -> str:
        channel = str(params.get("channel", ""))
        if channel != self.channel and not channel.startswith("DU"):
            raise Refusal("channel_not_found")
        return channel

    def _limit(self, channel: str) -> None:
        now = self.clock()
        if self.limited and now - self._last_post.get(channel, 0.0) < 1.0:
            self.refused += 1
            raise Refusal("ratelimited", 429, **{"Retry-After": "1"})
        self._last_post[channel] = now

    def _look_for_life(self, params: Mapping[str, Any]) -> None:
        """What of a message Slack would make a mention or a link: in its text, and in mrkdwn objects."""
        marked = [_text(params), *(x["text"] for x in _objects(_object(params, "blocks")) if x.get("type") == "mrkdwn")]
        self.alive += [found for text in marked for found in LIVE.findall(text)]


Method = Callable[[SlackGateway, Mapping[str, Any]], Awaitable[dict[str, Any]]]
METHODS: Mapping[str, Method] = {
    "auth.test": SlackGateway.auth_test,
    "conversations.info": SlackGateway.info,
    "conversations.open": SlackGateway.open_alone,
    "conversations.history": SlackGateway.history,
    "conversations.replies": SlackGateway.replies,
    "apps.connections.open": SlackGateway.connect,
    "chat.postMessage": SlackGateway.post,
    "chat.update": SlackGateway.update,
}


async def _params(request: Request) -> Mapping[str, Any]:
    """Parameters come as JSON or as a form; a form's objects are JSON in a text."""
    if request.headers.get("content-type", "").startswith("application/json"):
        told: dict[str, Any] = json.loads(await request.body() or b"{}")
        return told
    return {**request.query_params, **{name: str(value) for name, value in (await request.form()).items()}}


def _object(params: Mapping[str, Any], name: str) -> Any:
    value = params.get(name)
    return json.loads(value) if isinstance(value, str) else value


def _objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(x for inner in value.values() for x in _objects(inner))]
    return [x for inner in value for x in _objects(inner)] if isinstance(value, list) else []


def _text(params: Mapping[str, Any]) -> str:
    text = str(params.get("text") or "")
    if not text and not params.get("blocks"):
        raise Refusal("no_text")
    if len(text) > 40_000:
        raise Refusal("msg_too_long")
    return text
