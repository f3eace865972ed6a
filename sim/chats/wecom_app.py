"""A simulated WeCom platform with one company's app (qyapi.weixin.qq.com; ours, not Tencent's).

What it keeps to: a token is asked for and every call checked for it; a card is said once under its ``task_id``; one with buttons brings a code,
each press on it another; a code edits its card once, within its time; calls to the app's address are encrypted and signed. All of that is
made here anew, so that a mistake of ours can't cancel out.
"""

import base64
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sim.chats.wecom import Kept, Messages, wrong_card

BLOCK = 32


@dataclass(slots=True)
class _Code:
    """What edits one card once."""

    task: str
    until: float


class WecomAppGateway(Messages):
    """One app's platform. ``code_s``: for how long a code is good; ``loses_answers``: to how many messages the answer gets lost."""

    def __init__(
        self, corp: str, agent: int, secret: str, *, token: str, aes_key: str, code_s: float = 259_200.0
    ) -> None:
        super().__init__()
        self.corp, self.agent, self.secret, self.code_s = corp, agent, secret, code_s
        self.callback_token, self.aes_key = token, aes_key
        self.token = ""
        self.refused: list[int] = []
        self._codes: dict[str, _Code] = {}

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[
            Route("/cgi-bin/gettoken", self._token),
            Route("/cgi-bin/agent/get", self._agent),
            Route("/cgi-bin/message/send", self._send, methods=["POST"]),
            Route("/cgi-bin/message/update_template_card", self._update, methods=["POST"]),
        ])  # fmt: skip

    # --- what people do --------------------------------------------------------------------------------------------

    def press(self, user: str, task: str, key: str, **changes: str) -> bytes:
        """The event of a pressed button, which the card must show."""
        kept = self.messages[task]
        if key not in kept.shown:
            raise LookupError(f"{task} shows {kept.shown}, not {key}")
        event = {
            "MsgType": "event", "Event": "template_card_event", "EventKey": key, "TaskId": task,
            "CardType": "button_interaction", "ResponseCode": self._new_code(task),
        }  # fmt: skip
        return self._xml(user, {**event, **changes})

    def write(self, user: str, text: str, **changes: str) -> bytes:
        """A text that somebody writes to the app."""
        return self._xml(user, {"MsgType": "text", "Content": text, "MsgId": str(self.number()), **changes})

    def _xml(self, user: str, more: Mapping[str, str]) -> bytes:
        head = {"ToUserName": self.corp, "FromUserName": user, "CreateTime": str(1_700_000_000 + self.number())}
        return document({**head, "AgentID": str(self.agent), **more})

    # --- the app's address -----------------------------------------------------------------------------------------

    def call(
        self, told: bytes, *, at_s: int | None = None, nonce: str = "n1", outer: Mapping[str, str] | None = None
    ) -> tuple[str, bytes]:
        """Query and body of the call that brings something; ``outer`` changes what stands around it."""
        sealed = self.sealed(told)
        body = document({"ToUserName": self.corp, "AgentID": str(self.agent), **(outer or {}), "Encrypt": sealed})
        return self.query(sealed, at_s=at_s, nonce=nonce), body

    def check(self, text: str, *, at_s: int | None = None) -> str:
        """The query of the check of an address."""
        sealed = self.sealed(text.encode())
        return f"{self.query(sealed, at_s=at_s)}&{urlencode({'echostr': sealed})}"

    def query(self, sealed: str, *, at_s: int | str | None = None, nonce: str = "n1") -> str:
        stamp = str(int(time.time()) if at_s is None else at_s)
        told = "".join(sorted([self.callback_token, stamp, nonce, sealed]))
        signed = hashlib.sha1(told.encode()).hexdigest()  # noqa: S324 - the platform's own
        return urlencode({"msg_signature": signed, "timestamp": stamp, "nonce": nonce})

    def sealed(self, told: bytes, receiver: str = "") -> str:
        """A message encrypted for the app, or for another company."""
        plain = b"0123456789abcdef" + len(told).to_bytes(4, "big") + told + (receiver or self.corp).encode()
        missing = BLOCK - len(plain) % BLOCK
        return self.encrypted(plain + bytes([missing]) * missing)

    def encrypted(self, padded: bytes) -> str:
        key = base64.b64decode(self.aes_key + "=")
        encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
        return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()

    # --- the API ---------------------------------------------------------------------------------------------------

    async def _token(self, request: Request) -> Response:
        asked = (request.query_params.get("corpid"), request.query_params.get("corpsecret"))
        if asked != (self.corp, self.secret):
            return self._answer(40001, "invalid credential")
        self.token = self.token or f"token-{self.number()}"
        return JSONResponse({"errcode": 0, "errmsg": "ok", "access_token": self.token, "expires_in": 7_200})

    def _stranger(self, request: Request) -> Response | None:
        known = self.token and request.query_params.get("access_token") == self.token
        return None if known else self._answer(40014, "invalid access_token")

    async def _agent(self, request: Request) -> Response:
        asked = request.query_params.get("agentid")
        return self._stranger(request) or self._answer(*((0, "ok") if asked == str(self.agent) else (40056, "invalid")))

    async def _send(self, request: Request) -> Response:
        told, stranger = await request.json(), self._stranger(request)
        if stranger or told.get("agentid") != self.agent:
            return stranger or self._answer(40056, "invalid agentid")
        to = "|".join(filter(None, (told.get("touser", ""), told.get("toparty", ""))))
        code, task = self.kept(told, to) if to else (81013, "user & party & tag all invalid")
        if code:
            return self._answer(code, task)
        if self.loses_answers:
            self.loses_answers -= 1
            return Response(status_code=504)
        more = {"response_code": self._new_code(task)} if self.messages[task].shown else {}
        return JSONResponse({"errcode": 0, "errmsg": "ok", "msgid": f"m{self.number()}", **more})

    async def _update(self, request: Request) -> Response:
        told, stranger = await request.json(), self._stranger(request)
        if stranger:
            return stranger
        code = self._codes.pop(told.get("response_code", ""), None)
        card = told.get("template_card", {})
        if code is None or time.monotonic() > code.until:
            return self._answer(42045, "invalid response_code")
        if told.get("agentid") != self.agent or not told.get("atall") or card.get("task_id") != code.task:
            return self._answer(40058, "invalid agentid, receivers or task_id")
        wrong = wrong_card(card)
        if wrong:
            return self._answer(40058, wrong)
        kept: Kept = self.messages[code.task]
        kept.payload = {"msgtype": "template_card", "template_card": dict(card)}
        kept.edits += 1
        return self._answer(0, "ok")

    def _new_code(self, task: str) -> str:
        code = f"code-{self.number()}"
        self._codes[code] = _Code(task, time.monotonic() + self.code_s)
        return code

    def forget_codes(self) -> None:
        """As three days later."""
        self._codes.clear()

    def _answer(self, code: int, why: str) -> Response:
        if code:
            self.refused.append(code)
        return JSONResponse({"errcode": code, "errmsg": why}, headers={"error-code": str(code)})

    async def drop(self) -> None:
        """It keeps no connection."""


def document(fields: Mapping[str, str]) -> bytes:
    """WeCom's XML: numbers plain, texts in CDATA."""
    return f"<xml>{''.join(f'<{name}>{_told(value)}</{name}>' for name, value in fields.items())}</xml>".encode()


def _told(value: str) -> str:
    return (
        value
        if value.isascii() and value.isdigit()
        else f"<![CDATA[{value}]]>"
        if "]]>" not in value
        else escape(value)
    )
