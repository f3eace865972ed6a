"""A simulated Bot API server with one bot and its groups (core.telegram.org/bots/api; ours, not Telegram's).

What it keeps to: updates are numbered, given again until a higher offset confirms them, and long-polled by one listener at a time;
a message is sent once for each call, for there is no key; an edit that changes nothing is refused with 400; a group takes one
message a second and twenty a minute, then 429 with retry_after; a bot can't begin a conversation.
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

LOOK_S = 0.02
MAX_TEXT = 4_096
MAX_CALLBACK_BYTES = 64


class Refusal(Exception):
    """An error as the Bot API tells it."""

    def __init__(self, status: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters


@dataclass(slots=True)
class Kept:
    """A message as the server keeps it."""

    chat: int
    id: int
    text: str
    markup: dict[str, Any]
    reply_to: int = 0
    sender: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        kind = "group" if self.chat < 0 else "private"
        told: dict[str, Any] = {
            "message_id": self.id, "date": 1_700_000_000, "chat": {"id": self.chat, "type": kind, "title": "desk"},
            "from": self.sender, "text": self.text,
        }  # fmt: skip
        if self.markup.get("inline_keyboard"):
            told["reply_markup"] = self.markup
        return told


class TelegramGateway:
    """One bot's server. ``limited``: whether the group's limits are kept to. ``loses_answers``: to how many sent messages the
    answer gets lost on its way; ``refused``: how many calls came too fast.
    """

    def __init__(
        self, token: str, *, group: int, limited: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.token, self.group, self.limited, self.clock = token, group, limited, clock
        self.bot = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Doorstep",
            "username": "DoorstepBot",
        }
        self.messages: dict[tuple[int, int], Kept] = {}
        self.started: set[int] = set()
        self.answers: dict[str, dict[str, Any]] = {}
        self.edits: list[tuple[int, str]] = []
        self._updates: list[dict[str, Any]] = []
        self._pressed: set[str] = set()
        self._next_update, self._next_message = 1_000, 100
        self._sent_at: defaultdict[int, list[float]] = defaultdict(list)
        self._listeners = 0
        self.refused, self.loses_answers = 0, 0

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/bot{token}/{method}", self._called, methods=["GET", "POST"])])

    # --- what people do -------------------------------------------------------------------------------------------

    def press(self, user: int, message_id: int, data: str, *, chat: int = 0) -> str:
        """Somebody presses a button, in the group or alone with the bot (``chat`` their own id); gives the id of the press."""
        kept = self.messages[chat or self.group, message_id]
        shown = [b["callback_data"] for row in kept.markup.get("inline_keyboard", []) for b in row]
        if data not in shown:
            raise LookupError(f"message {message_id} shows {shown}, not {data}")
        press = str(4_000_000 + self._next_update)
        self._pressed.add(press)
        query = {"id": press, "from": _person(user), "message": kept.to_json(), "chat_instance": "1", "data": data}
        self._update({"callback_query": query})
        return press

    def write(self, user: int, text: str, *, to: int = 0, chat: int = 0) -> int:
        """Somebody writes in the group, or to the bot alone (``chat`` their own id)."""
        kept = self._keep(chat or self.group, text, {}, to, _person(user))
        told = kept.to_json()
        answered = self.messages.get((kept.chat, to))
        if answered is not None:
            told["reply_to_message"] = answered.to_json()
        self._update({"message": told})
        return kept.id

    def start(self, user: int) -> None:
        """Somebody opens a chat with the bot and presses Start."""
        self.started.add(user)
        self.write(user, "/start", chat=user)

    def _update(self, what: Mapping[str, Any]) -> None:
        self._updates.append({"update_id": self._next_update, **what})
        self._next_update += 1

    def _keep(self, chat: int, text: str, markup: dict[str, Any], reply_to: int, sender: dict[str, Any]) -> Kept:
        kept = Kept(chat, self._next_message, text, markup, reply_to, sender)
        self._next_message += 1
        self.messages[kept.chat, kept.id] = kept
        return kept

    def alone(self, user: int) -> list[Kept]:
        """What the bot said to one person, in its order."""
        return [m for m in self.messages.values() if m.chat == user and m.sender == self.bot]

    def in_group(self) -> list[Kept]:
        """What the bot said in the group, in its order."""
        return [m for m in self.messages.values() if m.chat == self.group and m.sender == self.bot]

    # --- the Bot API ----------------------------------------------------------------------------------------------

    async def _called(self, request: Request) -> Response:
        try:
            result = await self._method(request)(self, await _params(request))
        except Refusal as no:
            told = {"ok": False, "error_code": no.status, "description": no.description}
            return JSONResponse(told | ({"parameters": no.parameters} if no.parameters else {}), no.status)
        if self.loses_answers and request.path_params["method"] == "sendMessage":
            self.loses_answers -= 1
            return Response(b"", 504)
        return JSONResponse({"ok": True, "result": result})

    def _method(self, request: Request) -> "Method":
        if request.path_params["token"] != self.token:
            raise Refusal(401, "Unauthorized")
        method = METHODS.get(request.path_params["method"].lower())
        if method is None:
            raise Refusal(404, "Not Found")
        return method

    async def get_me(self, params: Mapping[str, Any]) -> dict[str, Any]:
        del params
        return {
            **self.bot,
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }

    async def get_chat(self, params: Mapping[str, Any]) -> dict[str, Any]:
        chat = int(params["chat_id"])
        self._known(chat)
        kind = "group" if chat < 0 else "private"
        return {"id": chat, "type": kind, "title": "desk", "accent_color_id": 0, "max_reaction_count": 11,
                "accepted_gift_types": {"unlimited_gifts": False, "limited_gifts": False, "unique_gifts": False,
                                        "premium_subscription": False}}  # fmt: skip

    def _known(self, chat: int) -> None:
        if chat != self.group and chat not in self.started:
            raise Refusal(400, "Bad Request: chat not found")

    async def send_message(self, params: Mapping[str, Any]) -> dict[str, Any]:
        chat, reply_to = int(params["chat_id"]), _object(params, "reply_parameters").get("message_id", 0)
        self._known(chat)
        self._limit(chat)
        return self._keep(chat, _text(params), _object(params, "reply_markup"), int(reply_to), self.bot).to_json()

    def _limit(self, chat: int) -> None:
        """One a second, twenty a minute for a group."""
        now, sent = self.clock(), self._sent_at[chat]
        for calls, per_s in ((1, 1.0), (20, 60.0)) if self.limited and chat < 0 else ():
            inside = [at for at in sent if now - at < per_s]
            if len(inside) >= calls:
                wait = int(per_s - (now - inside[0])) + 1
                self.refused += 1
                raise Refusal(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        sent.append(now)

    async def edit_message_text(self, params: Mapping[str, Any]) -> dict[str, Any]:
        kept, text, markup = self._ours(params), _text(params), _object(params, "reply_markup")
        if (kept.text, kept.markup) == (text, markup):
            raise Refusal(400, "Bad Request: message is not modified: specified new message content is the same")
        kept.text, kept.markup = text, markup
        self.edits.append((kept.id, text))
        return kept.to_json()

    async def edit_message_reply_markup(self, params: Mapping[str, Any]) -> dict[str, Any]:
        kept, markup = self._ours(params), _object(params, "reply_markup")
        if kept.markup == markup:
            raise Refusal(400, "Bad Request: message is not modified: specified new message content is the same")
        kept.markup = markup
        return kept.to_json()

    def _ours(self, params: Mapping[str, Any]) -> Kept:
        kept = self.messages.get((int(params["chat_id"]), int(params["message_id"])))
        if kept is None or kept.sender != self.bot:
            raise Refusal(400, "Bad Request: message to edit not found")
        return kept

    async def get_updates(self, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        if self._listeners:
            raise Refusal(
                409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
            )
        offset, until = int(params.get("offset") or 0), self.clock() + float(params.get("timeout") or 0)
        if offset < 0:
            self._updates = self._updates[offset:]
        else:
            self._updates = [u for u in self._updates if u["update_id"] >= offset]
        self._listeners += 1
        try:
            while not self._updates and self.clock() < until:  # noqa: ASYNC110 - people act from other threads
                await asyncio.sleep(LOOK_S)
        finally:
            self._listeners -= 1
        return self._updates[: int(params.get("limit") or 100)]

    async def answer_callback_query(self, params: Mapping[str, Any]) -> bool:
        press = str(params["callback_query_id"])
        if press not in self._pressed:
            raise Refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self._pressed.discard(press)
        self.answers[press] = dict(params)
        return True

    async def delete_webhook(self, params: Mapping[str, Any]) -> bool:
        del params
        return True


Method = Callable[[TelegramGateway, Mapping[str, Any]], Awaitable[Any]]
METHODS: Mapping[str, Method] = {
    "getme": TelegramGateway.get_me,
    "getchat": TelegramGateway.get_chat,
    "sendmessage": TelegramGateway.send_message,
    "editmessagetext": TelegramGateway.edit_message_text,
    "editmessagereplymarkup": TelegramGateway.edit_message_reply_markup,
    "getupdates": TelegramGateway.get_updates,
    "answercallbackquery": TelegramGateway.answer_callback_query,
    "deletewebhook": TelegramGateway.delete_webhook,
}


async def _params(request: Request) -> Mapping[str, Any]:
    """Parameters come as JSON or as a form; a form's objects are JSON in a text."""
    if request.headers.get("content-type", "").startswith("application/json"):
        told: dict[str, Any] = json.loads(await request.body() or b"{}")
        return told
    return {**request.query_params, **{name: str(value) for name, value in (await request.form()).items()}}


def _object(params: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = params.get(name) or {}
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    for row in found.get("inline_keyboard", []):
        for button in row:
            if not 1 <= len(button.get("callback_data", "x").encode()) <= MAX_CALLBACK_BYTES:
                raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
    return found


def _text(params: Mapping[str, Any]) -> str:
    text = str(params.get("text") or "")
    if not text:
        raise Refusal(400, "Bad Request: message text is empty")
    if len(text) > MAX_TEXT * 2:
        raise Refusal(400, "Bad Request: message is too long")
    return text


def _person(user: int) -> dict[str, Any]:
    return {"id": user, "is_bot": False, "first_name": f"user {user}"}
