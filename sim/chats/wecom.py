"""A simulated WeCom smart bot's platform with one group (openws.work.weixin.qq.com; ours, not Tencent's).

What it keeps to: a connection must say who it is first; there is one at a time, and a new one takes the place of the old one, which is told; a
card is said once under its ``task_id``; it is edited only within 5 s of a press, with that press's ``req_id``, once.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


@dataclass(slots=True)
class Kept:
    """A message as the platform keeps it; ``id`` is its task's where it is a card."""

    id: str
    to: str
    payload: dict[str, Any]
    edits: int = 0

    @property
    def card(self) -> dict[str, Any]:
        found: dict[str, Any] = self.payload.get("template_card", {})
        return found

    @property
    def shown(self) -> tuple[str, ...]:
        """The buttons that can be pressed."""
        return tuple(button["key"] for button in self.card.get("button_list", ()))


class Messages:
    """Messages, and cards that are said once."""

    def __init__(self) -> None:
        self.messages: dict[str, Kept] = {}
        self.loses_answers = 0
        self._next = 1_000

    def number(self) -> int:
        self._next += 1
        return self._next

    def kept(self, told: Mapping[str, Any], to: str) -> tuple[int, str]:
        """Keep a message; (code, id)."""
        kind = told.get("msgtype", "")
        payload = {"msgtype": kind, kind: told.get(kind, {})}
        card = payload.get("template_card")
        wrong = wrong_card(card or {}) if kind == "template_card" else ""
        if wrong or kind not in {"template_card", "markdown", "text"}:
            return 40058, wrong or f"invalid msgtype {kind}"
        task = card["task_id"] if card else f"msg-{self.number()}"
        if task in self.messages:
            return 42014, "taskid has existed or empty or exceed max len"
        self.messages[task] = Kept(task, to, payload)
        return 0, task


TASK_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-@")


def wrong_card(card: Mapping[str, Any]) -> str:
    """Why the platform wouldn't take a card; "" where it would."""
    task = card.get("task_id", "")
    if not task or len(task) > 128 or not set(task) <= TASK_SIGNS:
        return "invalid task_id"
    buttons = card.get("button_list", [])
    if card.get("card_type") == "button_interaction":
        good = 1 <= len(buttons) <= 6 and all(b.get("key") and len(b["text"]) <= 10 for b in buttons)
        return "" if good and card["main_title"]["title"] else "invalid button_list"
    if card.get("card_type") == "text_notice":
        return "" if "card_action" in card and not buttons else "text_notice needs card_action"
    return "invalid card_type"


# --- the smart bot -------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Asked:
    """A press that may still be answered with an edit of its card."""

    task: str
    until: float


BROKEN = {"limited": (45009, "api freq out of limit"), "broken": (-1, "system busy")}


class WecomBotGateway(Messages):
    """One smart bot's platform. ``edit_s``: for how long a press may be answered; ``loses_answers``: to how many messages the
    answer gets lost on its way; ``breaks``: what happens to the next one (``limited``, ``broken``, ``lost`` before it came, its
    answer ``swallowed``).
    """

    def __init__(self, bot_id: str, secret: str, *, chat: str, edit_s: float = 5.0) -> None:
        super().__init__()
        self.bot_id, self.secret, self.chat, self.edit_s = bot_id, secret, chat, edit_s
        self.pings = 0
        self.refused: list[int] = []
        self.breaks: Callable[[], str] = str
        self._socket: WebSocket | None = None
        self.let_in = asyncio.Event()
        self._presses: dict[str, _Asked] = {}

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[WebSocketRoute("/", self._connected)])

    # --- what people do --------------------------------------------------------------------------------------------

    def press(self, user: str, task: str, key: str, **changes: Any) -> dict[str, Any]:
        """The frame of a pressed button, which the card must show."""
        kept = self.messages[task]
        if key not in kept.shown:
            raise LookupError(f"{task} shows {kept.shown}, not {key}")
        event = {
            "eventtype": "template_card_event",
            "template_card_event": {"card_type": "button_interaction", "event_key": key, "task_id": task},
        }
        return self._frame("aibot_event_callback", user, {"msgtype": "event", "event": event, **changes})

    def mention(self, user: str, text: str, **changes: Any) -> dict[str, Any]:
        """The frame of a text in the group that mentions the bot."""
        body = {"msgtype": "text", "text": {"content": f"@Doorstep {text}"}}
        return self._frame("aibot_msg_callback", user, {**body, **changes})

    def _frame(self, cmd: str, user: str, more: Mapping[str, Any]) -> dict[str, Any]:
        body = {
            "msgid": f"CAIQ{self.number()}==", "create_time": 1_700_000_000, "aibotid": self.bot_id, "chatid": self.chat,
            "chattype": "group", "from": {"userid": user}, **more,
        }  # fmt: skip
        return {"cmd": cmd, "headers": {"req_id": f"req{self.number()}"}, "body": body}

    async def deliver(self, frame: Mapping[str, Any]) -> str:
        """Give a frame to the connection; its ``req_id``."""
        async with asyncio.timeout(20):
            await self.let_in.wait()
        req_id = str(frame["headers"]["req_id"])
        task = frame["body"].get("event", {}).get("template_card_event", {}).get("task_id")
        if task:
            self._presses[req_id] = _Asked(task, time.monotonic() + self.edit_s)
        assert self._socket is not None
        await self._socket.send_text(json.dumps(frame))
        return req_id

    # --- the long connection ---------------------------------------------------------------------------------------

    async def _connected(self, socket: WebSocket) -> None:
        await socket.accept()
        try:
            while True:
                told = json.loads(await socket.receive_text())
                fault = self.breaks() if told["cmd"] == "aibot_send_msg" else ""
                if fault == "lost":
                    continue
                code, why = BROKEN.get(fault) or await self._told(socket, told)
                if code:
                    self.refused.append(code)
                if fault == "swallowed" or (self.loses_answers and told["cmd"] == "aibot_send_msg" and not code):
                    self.loses_answers = max(self.loses_answers - 1, 0)
                    continue
                await socket.send_text(json.dumps({"headers": told["headers"], "errcode": code, "errmsg": why}))
                if told["cmd"] == "aibot_subscribe" and not code:
                    self.let_in.set()
        except WebSocketDisconnect:
            pass
        finally:
            if self._socket is socket:
                self._socket = None
                self.let_in.clear()

    async def _told(self, socket: WebSocket, told: Mapping[str, Any]) -> tuple[int, str]:
        """What a frame of the bot's is answered."""
        cmd, body = told["cmd"], told.get("body") or {}
        if cmd == "aibot_subscribe":
            return await self._subscribed(socket, body)
        if socket is not self._socket:
            return 846603, "not subscribed"
        if cmd == "ping":
            self.pings += 1
            return 0, "ok"
        if cmd == "aibot_send_msg":
            return self._said(body)
        if cmd == "aibot_respond_update_msg":
            return self._edited(told["headers"]["req_id"], body)
        return 40058, f"unknown cmd {cmd}"

    async def _subscribed(self, socket: WebSocket, body: Mapping[str, Any]) -> tuple[int, str]:
        if (body.get("bot_id"), body.get("secret")) != (self.bot_id, self.secret):
            return 853000, "invalid bot_id or secret"
        old, self._socket = self._socket, socket
        if old is not None:
            gone = {"msgtype": "event", "event": {"eventtype": "disconnected_event"}}
            await old.send_text(json.dumps(self._frame("aibot_event_callback", "", gone)))
            await old.close(1000)
        return 0, "ok"

    def _said(self, body: Mapping[str, Any]) -> tuple[int, str]:
        to, kind = body.get("chatid", ""), body.get("chat_type", 0)
        if kind not in {0, 1, 2} or (kind == 2 and to != self.chat) or not to:
            return 93006, "invalid chatid"
        code, told = self.kept(body, to)
        return code, told if code else "ok"

    def _edited(self, req_id: str, body: Mapping[str, Any]) -> tuple[int, str]:
        press = self._presses.pop(req_id, None)
        if press is None:
            return 846605, "invalid req_id"
        if time.monotonic() > press.until:
            return 846608, "update expired"
        card = body.get("template_card", {})
        if body.get("response_type") != "update_template_card" or card.get("task_id") != press.task:
            return 40058, "task_id differs"
        wrong = wrong_card(card)
        if wrong:
            return 40058, wrong
        kept = self.messages[press.task]
        kept.payload = {"msgtype": "template_card", "template_card": dict(card)}
        kept.edits += 1
        return 0, "ok"

    async def drop(self) -> None:
        """Close the connection, as the platform does at times."""
        if self._socket is not None:
            await self._socket.close(1001)
