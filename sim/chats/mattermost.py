"""A simulated Mattermost server with one team (REST API v4, websocket, integration actions; ours, not Mattermost's).

What it keeps to: a post with a pending id that was just posted is answered with the same post; who isn't in a channel gets 403;
clients are never shown what a button carries: a press sends it to the integration's address from the server, with the presser's
user id; an answer's ephemeral text is shown to them alone; events go to whoever passed the authentication challenge.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

LOOK_S = 0.02


def an_id(name: str) -> str:
    """An id as Mattermost makes them: 26 characters."""
    return (name + "0" * 26)[:26]


@dataclass(slots=True)
class Kept:
    """A post as the server keeps it."""

    id: str
    channel: str
    by: str
    message: str
    props: dict[str, Any]
    root: str = ""
    at: int = 0
    edits: int = 0

    @property
    def actions(self) -> list[dict[str, Any]]:
        return [action for one in self.props.get("attachments") or [] for action in one.get("actions", [])]

    @property
    def buttons(self) -> list[str]:
        return [action["name"] for action in self.actions]

    def to_json(self) -> dict[str, Any]:
        shown = [{**a, "integration": None} for a in self.actions]
        props = {**self.props, "attachments": [{"actions": shown}] if shown else []}
        return {
            "id": self.id, "channel_id": self.channel, "user_id": self.by, "message": self.message, "root_id": self.root,
            "type": "", "create_at": self.at, "props": props,
        }  # fmt: skip


@dataclass(slots=True)
class MattermostGateway:
    """One server. ``loses_answers``: to how many posts the answer gets lost on its way, the post being there; ``forgets``: the
    pending ids are forgotten at once, as after a while.
    """

    token: str
    bot: str
    channel: str
    clock: Callable[[], float] = time.time
    loses_answers: int = 0
    forgets: bool = False
    posts: dict[str, Kept] = field(default_factory=dict)
    connections: int = 0
    _events: list[str] = field(default_factory=list)
    _pending: dict[str, str] = field(default_factory=dict)
    _serial: int = 0

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                WebSocketRoute("/api/v4/websocket", self._linked),
                Route("/api/v4/{path:path}", self._called, methods=["GET", "POST", "PUT"]),
            ]
        )

    # --- what people do -------------------------------------------------------------------------------------------

    def write(self, user: str, text: str, *, to: str = "", channel: str = "", **props: Any) -> Kept:
        """Somebody writes into the channel, into a thread, or to the bot alone (``channel``: ``direct(user)``)."""
        kept = self._keep(channel or self.channel, user, text, dict(props), to)
        self._tell_post(kept)
        return kept

    def react(self, user: str, post: str, emoji: str, *, channel: str = "") -> None:
        told = {"user_id": user, "post_id": post, "emoji_name": emoji, "create_at": self._tick()}
        self._tell("reaction_added", {"reaction": json.dumps(told)}, channel or self.channel)

    def press(self, user: str, post: str, name: str) -> dict[str, Any]:
        """What the server sends to the integration when somebody presses a button, by its label."""
        kept = self.posts[post]
        action = next((one for one in kept.actions if one["name"] == name), None)
        if action is None:
            raise LookupError(f"post {post} shows {kept.buttons}, not {name}")
        return {
            "user_id": user, "user_name": user[:4], "channel_id": kept.channel, "channel_name": "desk", "team_id": an_id("team"),
            "team_domain": "ops", "post_id": post, "trigger_id": f"t{self._tick()}", "type": "", "data_source": "",
            "context": action["integration"]["context"],
        }  # fmt: skip

    def direct(self, user: str) -> str:
        return an_id(f"dm{user[:10]}")

    def in_channel(self) -> list[Kept]:
        """What the bot said in the channel itself, in its order."""
        return [p for p in self.posts.values() if p.channel == self.channel and p.by == self.bot and not p.root]

    def alone_with(self, user: str) -> list[Kept]:
        return [p for p in self.posts.values() if p.channel == self.direct(user) and p.by == self.bot]

    def _tick(self) -> int:
        self._serial += 1
        return int(self.clock() * 1_000) + self._serial

    def _keep(self, channel: str, by: str, message: str, props: dict[str, Any], root: str) -> Kept:
        at = self._tick()
        kept = Kept(an_id(f"post{self._serial}x"), channel, by, message, props, root, at)
        self.posts[kept.id] = kept
        return kept

    def _tell_post(self, kept: Kept) -> None:
        kind = "O" if kept.channel == self.channel else "D"
        self._tell("posted", {"post": json.dumps(kept.to_json()), "channel_type": kind}, kept.channel)

    def _tell(self, event: str, data: Mapping[str, Any], channel: str) -> None:
        broadcast = {"channel_id": channel, "user_id": "", "team_id": ""}
        told = {"event": event, "data": data, "broadcast": broadcast, "seq": len(self._events) + 1}
        self._events.append(json.dumps(told))

    # --- the API --------------------------------------------------------------------------------------------------

    async def _called(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _no(401, "api.context.session_expired.app_error", "Invalid or expired session, please login again.")
        body = json.loads(await request.body() or b"null")
        parts = [request.method, *request.path_params["path"].split("/")]
        match parts:
            case ["GET", "users", "me"]:
                return JSONResponse({"id": self.bot, "username": "doorstep"})
            case ["GET", "channels", channel, "members", "me"]:
                there = channel == self.channel
                found = JSONResponse({"channel_id": channel, "user_id": self.bot})
                return (
                    found
                    if there
                    else _no(403, "api.context.permissions.app_error", "You do not have the permissions.")
                )
            case ["GET", "channels", channel, "posts"]:
                since = int(request.query_params.get("since", 0))
                posts = {p.id: p.to_json() for p in self.posts.values() if p.channel == channel and p.at >= since}
                return JSONResponse({"order": list(posts), "posts": posts})
            case ["POST", "channels", "direct"]:
                return JSONResponse({"id": self.direct(body[1]), "type": "D"}, 201)
            case ["POST", "posts"]:
                return self._posted(body)
            case ["GET", "posts", post] if post in self.posts:
                return JSONResponse(self.posts[post].to_json())
            case ["PUT", "posts", post, "patch"] if post in self.posts:
                return self._patched(self.posts[post], body)
        return _no(404, "app.post.get.app_error", "Unable to get the post.")

    def _posted(self, body: Mapping[str, Any]) -> Response:
        pending = body.get("pending_post_id", "")
        before = self._pending.get(pending) if pending and not self.forgets else None
        kept = self.posts[before] if before else None
        if kept is None:
            if not body.get("message") or len(body["message"]) > 16_383:
                return _no(400, "model.post.is_valid.message_length.app_error", "Invalid message.")
            kept = self._keep(
                body["channel_id"], self.bot, body["message"], body.get("props") or {}, body.get("root_id", "")
            )
            self._pending[pending] = kept.id
            self._tell_post(kept)
        if self.loses_answers:
            self.loses_answers -= 1
            return Response(b"", 504)
        return JSONResponse(kept.to_json(), 201)

    def _patched(self, kept: Kept, body: Mapping[str, Any]) -> Response:
        if kept.by != self.bot:
            return _no(403, "api.context.permissions.app_error", "You do not have the appropriate permissions.")
        kept.message, kept.props = body.get("message", kept.message), body.get("props", kept.props)
        kept.edits += 1
        return JSONResponse(kept.to_json())

    async def _linked(self, socket: WebSocket) -> None:
        await socket.accept()
        challenge = json.loads(await socket.receive_text())
        if challenge.get("data", {}).get("token") != self.token:
            await socket.send_text(
                json.dumps({"status": "FAIL", "seq_reply": challenge.get("seq"), "error": {"id": "unauthorized"}})
            )
            await socket.close()
            return
        await socket.send_text(json.dumps({"status": "OK", "seq_reply": challenge.get("seq")}))
        await socket.send_text(
            json.dumps({"event": "hello", "data": {"server_version": "10.5.0"}, "broadcast": {}, "seq": 0})
        )
        self.connections += 1
        at = len(self._events)
        try:
            while True:
                for event in self._events[at:]:
                    await socket.send_text(event)
                    at += 1
                await asyncio.sleep(LOOK_S)
        except (WebSocketDisconnect, RuntimeError, OSError):
            self.connections -= 1


def _no(status: int, what: str, message: str) -> Response:
    return JSONResponse({"id": what, "message": message, "status_code": status}, status)
