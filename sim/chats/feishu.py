"""A simulated Feishu open platform with one app and its group (open.feishu.cn; ours, not ByteDance's).

What it keeps to: a tenant token is asked for and every call checked for it, and whoever asks while it is good gets the same one;
``uuid`` keeps a message from being sent twice; a card is edited in place; an event goes to one of the app's long connections and
again where nobody answers with code 200 in time; frames are protocol buffers, long ones in parts; calls are encrypted and signed. Frames and signatures are made here anew, so that a mistake
of ours can't cancel out.
"""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

TENANT = "2df73991750"
SERVICE = 7
PING_S = 5
PART = 400


@dataclass(slots=True)
class Kept:
    """A message as the platform keeps it."""

    id: str
    to: str
    content: dict[str, Any]
    root: str = ""
    edits: int = 0


class FeishuGateway:
    """One app's platform. ``parts``: whether events come in parts; ``answer_s``: how long an event waits for its answer;
    ``loses_answers``: to how many sent messages the answer gets lost on its way.
    """

    def __init__(
        self,
        app_id: str,
        app_secret: str,
        *,
        chat: str,
        encrypt_key: str = "",
        verification_token: str = "",
        answer_s: float = 3.0,
    ) -> None:
        self.app_id, self.app_secret, self.chat = app_id, app_secret, chat
        self.encrypt_key, self.verification_token, self.answer_s = encrypt_key, verification_token, answer_s
        self.messages: dict[str, Kept] = {}
        self.token = ""
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.deliveries: dict[str, int] = {}
        self.pings = 0
        self.parts = False
        self.loses_answers = 0
        self._by_uuid: dict[str, str] = {}
        self._sockets: list[WebSocket] = []
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._open = asyncio.Event()
        self._next = 1_000

    @property
    def app(self) -> Starlette:
        im = "/open-apis/im/v1"
        return Starlette(routes=[
            Route("/open-apis/auth/v3/tenant_access_token/internal", self._token, methods=["POST"]),
            Route("/open-apis/bot/v3/info", self._bot),
            Route(f"{im}/chats/{{id}}", self._chat),
            Route(f"{im}/messages", self._send, methods=["POST"]),
            Route(f"{im}/messages/{{id}}/reply", self._reply, methods=["POST"]),
            Route(f"{im}/messages/{{id}}", self._message, methods=["GET", "PATCH"]),
            Route("/callback/ws/endpoint", self._endpoint, methods=["POST"]),
            WebSocketRoute("/ws/v2", self._connected),
        ])  # fmt: skip

    # --- what people do --------------------------------------------------------------------------------------------

    def click(self, open_id: str, message_id: str, do: str, *, words: str = "") -> dict[str, Any]:
        """The event of a pressed button, or of a form that was sent. The card must show it."""
        kept = self.messages[message_id]
        if do not in _shown(kept.content):
            raise LookupError(f"{message_id} shows {_shown(kept.content)}, not {do}")
        action: dict[str, Any] = {"tag": "button", "timezone": "Asia/Shanghai", "value": {"do": do}}
        if words:
            action |= {"name": do, "form_value": {"words": words}}
        return self._event("card.action.trigger", {
            "operator": {"tenant_key": TENANT, "open_id": open_id, "union_id": f"on_{open_id[3:]}"},
            "token": f"c-{self._number()}", "action": action, "host": "im_message",
            "context": {"open_message_id": message_id, "open_chat_id": kept.to},
        })  # fmt: skip

    def write(self, open_id: str, text: str, *, to: str = "", mention: bool = False) -> dict[str, Any]:
        """The event of a text in the group, in a message's thread where ``to`` is one."""
        content = {"text": f"@_user_1 {text}" if mention else text}
        mentions = [{"key": "@_user_1", "id": {"open_id": "ou_bot"}, "name": "Doorstep"}] if mention else []
        root = {"root_id": to, "parent_id": to, "thread_id": "omt_1"} if to else {}
        return self._event("im.message.receive_v1", {
            "sender": {"sender_id": {"open_id": open_id, "union_id": "on_x"}, "sender_type": "user", "tenant_key": TENANT},
            "message": {
                "message_id": f"om_{self._number()}", "create_time": "1", "chat_id": self.chat, "chat_type": "group",
                "message_type": "text", "content": json.dumps(content), "mentions": mentions, **root,
            },
        })  # fmt: skip

    def _event(self, kind: str, event: dict[str, Any]) -> dict[str, Any]:
        header = {
            "event_id": hashlib.sha256(str(self._number()).encode()).hexdigest()[:32], "token": self.verification_token,
            "create_time": "1603977298000000", "event_type": kind, "tenant_key": TENANT, "app_id": self.app_id,
        }  # fmt: skip
        return {"schema": "2.0", "header": header, "event": event}

    async def deliver(self, event: dict[str, Any], *, tries: int = 3) -> dict[str, Any]:
        """Give an event to one of the connections until it is answered with 200; the answer's body."""
        event_id = event["header"]["event_id"]
        for _ in range(tries):
            await self._wait_for_a_socket()
            answer = await self._push(event_id, json.dumps(event).encode())
            self.answers.setdefault(event_id, []).append(answer)
            if answer.get("code") == 200:
                data = answer.get("data")
                return dict(json.loads(base64.b64decode(data))) if data else {}
        raise TimeoutError(f"event {event_id} was answered {self.answers[event_id]}")

    async def _wait_for_a_socket(self) -> None:
        async with asyncio.timeout(20):
            await self._open.wait()

    async def _push(self, event_id: str, payload: bytes) -> dict[str, Any]:
        self.deliveries[event_id] = self.deliveries.get(event_id, 0) + 1
        message_id = f"{event_id}-{self.deliveries[event_id]}"
        waiting: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[message_id] = waiting
        parts = [payload[at : at + PART] for at in range(0, len(payload), PART)] if self.parts else [payload]
        socket = self._sockets[-1]
        for n, part in enumerate(parts):
            headers = {
                "type": "event",
                "message_id": message_id,
                "sum": str(len(parts)),
                "seq": str(n),
                "trace_id": "t",
            }
            await socket.send_bytes(encode(SERVICE, 1, headers, part))
        try:
            async with asyncio.timeout(self.answer_s):
                return await waiting
        except TimeoutError:
            return {"code": 0}
        finally:
            self._waiting.pop(message_id, None)

    def call(
        self, event: dict[str, Any], *, at_s: int | None = None, nonce: str = "n1"
    ) -> tuple[dict[str, str], bytes]:
        """The headers and body of the signed call that brings an event."""
        body = json.dumps({"encrypt": encrypt(json.dumps(event).encode(), self.encrypt_key)}).encode()
        stamp = str(int(time.time()) if at_s is None else at_s)
        signed = hashlib.sha256((stamp + nonce + self.encrypt_key).encode() + body).hexdigest()
        headers = {"x-lark-request-timestamp": stamp, "x-lark-request-nonce": nonce, "x-lark-signature": signed}
        return headers, body

    def challenge(self, text: str) -> bytes:
        """The body of the check of an address."""
        told = {"type": "url_verification", "challenge": text, "token": self.verification_token}
        return json.dumps({"encrypt": encrypt(json.dumps(told).encode(), self.encrypt_key)}).encode()

    # --- the API ---------------------------------------------------------------------------------------------------

    async def _token(self, request: Request) -> Response:
        told = await request.json()
        if (told.get("app_id"), told.get("app_secret")) != (self.app_id, self.app_secret):
            return JSONResponse({"code": 10014, "msg": "app secret invalid"})
        self.token = self.token or f"t-{self._number()}"
        return JSONResponse({"code": 0, "msg": "ok", "tenant_access_token": self.token, "expire": 7_200})

    def _refused(self, request: Request) -> Response | None:
        if self.token and request.headers.get("authorization") == f"Bearer {self.token}":
            return None
        return JSONResponse({"code": 99991663, "msg": "Invalid access token for authorization"}, 400)

    async def _bot(self, request: Request) -> Response:
        told = {"code": 0, "msg": "ok", "bot": {"activate_status": 2, "app_name": "Doorstep", "open_id": "ou_bot"}}
        return self._refused(request) or JSONResponse(told)

    async def _chat(self, request: Request) -> Response:
        if request.path_params["id"] != self.chat:
            return JSONResponse({"code": 232025, "msg": "Bot ability is not activated or bot is not in the chat"}, 400)
        return self._refused(request) or JSONResponse({"code": 0, "msg": "ok", "data": {"name": "desk"}})

    async def _send(self, request: Request) -> Response:
        told = await request.json()
        return self._refused(request) or self._keep(told, told["receive_id"])

    async def _reply(self, request: Request) -> Response:
        told, root = await request.json(), request.path_params["id"]
        return self._refused(request) or self._keep(told, self.chat, root)

    def _keep(self, told: Mapping[str, Any], to: str, root: str = "") -> Response:
        uuid = told.get("uuid") or f"none-{self._number()}"
        if len(uuid) > 50:
            return JSONResponse({"code": 230001, "msg": "uuid too long"}, 400)
        if uuid not in self._by_uuid:
            message_id = f"om_{self._number()}"
            self.messages[message_id] = Kept(message_id, to, json.loads(told["content"]), root)
            self._by_uuid[uuid] = message_id
            if self.loses_answers:
                self.loses_answers -= 1
                return Response(status_code=504)
        message_id = self._by_uuid[uuid]
        return JSONResponse({"code": 0, "msg": "success", "data": {"message_id": message_id, "chat_id": to}})

    async def _message(self, request: Request) -> Response:
        kept, refused = self.messages.get(request.path_params["id"]), self._refused(request)
        if refused or kept is None:
            return refused or JSONResponse({"code": 230001, "msg": "invalid message_id"}, 400)
        if request.method == "PATCH":
            kept.content = json.loads((await request.json())["content"])
            kept.edits += 1
            return JSONResponse({"code": 0, "msg": "success", "data": {}})
        return JSONResponse({"code": 0, "msg": "success", "data": {"items": [{"message_id": kept.id}]}})

    # --- the long connection ---------------------------------------------------------------------------------------

    async def _endpoint(self, request: Request) -> Response:
        told = await request.json()
        if (told.get("AppID"), told.get("AppSecret")) != (self.app_id, self.app_secret):
            return JSONResponse({"code": 1000040344, "msg": "app_id or app_secret is invalid"})
        url = f"ws://{request.url.netloc}/ws/v2?device_id=d1&service_id={SERVICE}&access_key=k&ticket=once"
        config = {"ReconnectCount": -1, "ReconnectInterval": 1, "ReconnectNonce": 1, "PingInterval": PING_S}
        return JSONResponse({"code": 0, "msg": "", "data": {"URL": url, "ClientConfig": config}})

    async def _connected(self, socket: WebSocket) -> None:
        await socket.accept()
        self._sockets.append(socket)
        self._open.set()
        try:
            while True:
                await self._frame(socket, await socket.receive_bytes())
        except WebSocketDisconnect:
            pass
        finally:
            self._sockets.remove(socket)
            if not self._sockets:
                self._open.clear()

    async def _frame(self, socket: WebSocket, data: bytes) -> None:
        method, headers, payload = decode(data)
        if method == 0 and headers.get("type") == "ping":
            self.pings += 1
            config = json.dumps(
                {"PingInterval": PING_S, "ReconnectCount": -1, "ReconnectInterval": 1, "ReconnectNonce": 1}
            )
            await socket.send_bytes(encode(SERVICE, 0, {"type": "pong"}, config.encode()))
            return
        waiting = self._waiting.get(headers.get("message_id", ""))
        if waiting is not None and not waiting.done():
            waiting.set_result(json.loads(payload))

    def _number(self) -> int:
        self._next += 1
        return self._next

    async def drop(self) -> None:
        """Close every connection, as the platform does at times."""
        for socket in list(self._sockets):
            await socket.close(1001)


def _shown(content: Any) -> list[str]:
    """What the buttons of a card carry."""
    if isinstance(content, list):
        return [name for one in content for name in _shown(one)]
    if not isinstance(content, dict):
        return []
    own = [b["value"]["do"] for b in content.get("behaviors", []) if b["type"] == "callback"]
    return [*own, *(name for key, value in content.items() if key != "behaviors" for name in _shown(value))]


# --- frames and encryption -----------------------------------------------------------------------------------------


def _number_bytes(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value % 128 + 128]) + _number_bytes(value // 128)


def _chunk(tag: int, data: bytes) -> bytes:
    return bytes([tag * 8 + 2]) + _number_bytes(len(data)) + data


def encode(service: int, method: int, headers: Mapping[str, str], payload: bytes) -> bytes:
    """pbbp2.Frame: SeqID 1, LogID 2, service 3, method 4, headers 5 (key 1, value 2), payload 8."""
    head = b"\x08\x01\x10\x02" + b"\x18" + _number_bytes(service) + b"\x20" + _number_bytes(method)
    pairs = b"".join(_chunk(5, _chunk(1, k.encode()) + _chunk(2, v.encode())) for k, v in headers.items())
    return head + pairs + _chunk(8, payload)


def decode(data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Method, headers and payload."""
    method, headers, payload = 0, {}, b""
    for tag, value in _split(data):
        if tag == 4 and isinstance(value, int):
            method = value
        elif tag == 5 and isinstance(value, bytes):
            pair = dict(_split(value))
            headers[_word(pair.get(1))] = _word(pair.get(2))
        elif tag == 8 and isinstance(value, bytes):
            payload = value
    return method, headers, payload


def _word(value: int | bytes | None) -> str:
    return value.decode() if isinstance(value, bytes) else ""


def _split(data: bytes) -> list[tuple[int, int | bytes]]:
    found: list[tuple[int, int | bytes]] = []
    at = 0

    def number() -> int:
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = number()
        value = number()
        if tag & 7 == 2:
            found.append((tag >> 3, data[at : at + value]))
            at += value
        else:
            found.append((tag >> 3, value))
    return found


def encrypt(plain: bytes, key: str) -> str:
    """AES-256-CBC with a vector in front; PKCS#7."""
    vector = hashlib.md5(plain, usedforsecurity=False).digest()
    fill = 16 - len(plain) % 16
    cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(vector)).encryptor()
    return base64.b64encode(vector + cipher.update(plain + bytes([fill]) * fill) + cipher.finalize()).decode()
