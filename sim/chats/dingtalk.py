"""A simulated DingTalk open platform with one app and its group (api.dingtalk.com; ours, not DingTalk's).

What it keeps to: a token is asked for and every call checked for it, and whoever asks while it is good gets the same one; a
connection needs a ticket that works once, and gets the topics that were asked for; a card exists once under its ``outTrackId`` and shows what its template shows of its variables; a callback goes
to one of the app's connections, and again where nobody answers it; a connection is told before it is closed.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

CARD, TEXT = "/v1.0/card/instances/callback", "/v1.0/im/bot/messages/get"
BUTTONS = {"open": ("ack", "take", "snooze", "false_alarm"), "test": ("ack",)}
"""Which buttons the desk's template shows for each ``status``."""


@dataclass(slots=True)
class Kept:
    """A card as the platform keeps it: its public variables, what single people see besides, where it was delivered to."""

    id: str
    params: dict[str, str]
    to: str = ""
    private: dict[str, dict[str, str]] = field(default_factory=dict)
    edits: int = 0


@dataclass(eq=False, slots=True)
class _Open:
    """A connection, and what it wants to hear."""

    socket: WebSocket
    topics: frozenset[str]


class DingtalkGateway:
    """One app's platform. ``answer_s``: how long a callback waits for its answer before it goes out again; ``loses_answers``: to how many
    sent cards the answer gets lost on its way; ``refuses_again``: whether a second card under one ``outTrackId`` is an error.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        corp: str,
        conversation: str,
        template: str,
        answer_s: float = 3.0,
        refuses_again: bool = False,
    ) -> None:
        self.client_id, self.client_secret, self.corp = client_id, client_secret, corp
        self.conversation, self.template, self.answer_s = conversation, template, answer_s
        self.refuses_again = refuses_again
        self.cards: dict[str, Kept] = {}
        self.token = ""
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.loses_answers = 0
        self.in_group = True
        self._tickets: dict[str, frozenset[str]] = {}
        self._sockets: list[_Open] = []
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._opened = asyncio.Event()
        self._next = 1_000

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[
            Route("/v1.0/oauth2/accessToken", self._token, methods=["POST"]),
            Route("/v1.0/gateway/connections/open", self._ticket, methods=["POST"]),
            Route("/v1.0/card/instances/createAndDeliver", self._create_and_deliver, methods=["POST"]),
            Route("/v1.0/card/instances/deliver", self._deliver_card, methods=["POST"]),
            Route("/v1.0/card/instances", self._instances, methods=["POST", "PUT"]),
            WebSocketRoute("/connect", self._connected),
        ])  # fmt: skip

    @property
    def delivered(self) -> list[Kept]:
        """Cards that somebody sees, in their order."""
        return [card for card in self.cards.values() if card.to]

    # --- what people do --------------------------------------------------------------------------------------------

    def press(self, user: str, card_id: str, do: str, **changes: Any) -> dict[str, Any]:
        """The callback of a button that the card shows."""
        card = self.cards[card_id]
        if do not in shown(card):
            raise LookupError(f"{card_id} shows {shown(card)}, not {do}")
        content = {"cardPrivateData": {"actionIds": [f"button_{do}"], "params": {"do": do}}}
        data = {
            "outTrackId": card_id, "corpId": self.corp, "userId": user, "userIdType": 1, "type": "actionCallback",
            "spaceType": "IM_GROUP", "spaceId": self.conversation, "extension": "{}", "content": json.dumps(content),
        }  # fmt: skip
        return self._frame("CALLBACK", CARD, {**data, **changes})

    def mention(self, user: str, text: str, **changes: Any) -> dict[str, Any]:
        """The callback of a text in the group that mentions the bot."""
        message = f"msg{self._number()}=="
        data = {
            "conversationId": self.conversation, "conversationType": "2", "chatbotCorpId": self.corp, "chatbotUserId": "$:LWCP_v1:$bot",
            "msgId": message, "senderNick": "x", "isAdmin": False, "senderStaffId": user, "senderCorpId": self.corp,
            "senderId": f"$:LWCP_v1:${user}", "sessionWebhook": "https://oapi.dingtalk.com/robot/sendBySession?session=s",
            "sessionWebhookExpiredTime": 1_900_000_000_000, "createAt": 1_700_000_000_000, "conversationTitle": "desk",
            "isInAtList": True, "robotCode": self.client_id, "atUsers": [{"dingtalkId": "$:LWCP_v1:$bot"}],
            "text": {"content": f" {text}"}, "msgtype": "text",
        }  # fmt: skip
        return self._frame("CALLBACK", TEXT, {**data, **changes})

    def _frame(self, kind: str, topic: str, data: Mapping[str, Any]) -> dict[str, Any]:
        headers = {
            "appId": "765ed67b-sim", "connectionId": "sim", "contentType": "application/json", "topic": topic,
            "messageId": f"213d841d_{self._number()}_1898bb26334_70a7", "time": "1690362102194",
        }  # fmt: skip
        return {"specVersion": "1.0", "type": kind, "headers": headers, "data": json.dumps(data, ensure_ascii=False)}

    async def deliver(self, frame: Mapping[str, Any], *, tries: int = 3) -> dict[str, Any]:
        """Give a callback to a connection that wants it until one answers with 200; what it answers, applied to the card."""
        topic, message_id = frame["headers"]["topic"], frame["headers"]["messageId"]
        for _ in range(tries):
            answer = await self._push(await self._listener(topic), frame, message_id)
            self.answers.setdefault(message_id, []).append(answer)
            if answer.get("code") == 200:
                told = json.loads(answer["data"])
                self._apply(frame, told.get("response"))
                return dict(told)
        raise TimeoutError(f"callback {message_id} was answered {self.answers[message_id]}")

    async def _listener(self, topic: str) -> _Open:
        async with asyncio.timeout(20):
            while True:
                found = [one for one in self._sockets if topic in one.topics]
                if found:
                    return found[-1]
                await self._opened.wait()
                await asyncio.sleep(0.01)

    async def _push(self, listener: _Open, frame: Mapping[str, Any], message_id: str) -> dict[str, Any]:
        waiting = self._waiting.setdefault(message_id, asyncio.get_running_loop().create_future())
        try:
            await listener.socket.send_text(json.dumps(frame))
            async with asyncio.timeout(self.answer_s):
                return await asyncio.shield(waiting)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            return {"code": 0}
        finally:
            if self._waiting.get(message_id) is waiting:
                del self._waiting[message_id]

    def _apply(self, frame: Mapping[str, Any], response: Any) -> None:
        """What an answer to a press sets on the card, for everybody or for who pressed."""
        if frame["headers"]["topic"] != CARD or not isinstance(response, dict):
            return
        data = json.loads(frame["data"])
        card = self.cards.get(data["outTrackId"])
        if card is not None:
            card.params |= (response.get("cardData") or {}).get("cardParamMap") or {}
            private = (response.get("userPrivateData") or {}).get("cardParamMap") or {}
            card.private[data["userId"]] = {**card.private.get(data["userId"], {}), **private}

    # --- the API ---------------------------------------------------------------------------------------------------

    async def _token(self, request: Request) -> Response:
        told = await request.json()
        if (told.get("appKey"), told.get("appSecret")) != (self.client_id, self.client_secret):
            return _wrong("invalidClientIdOrSecret", "无效的clientId或者clientSecret")
        self.token = self.token or f"token-{self._number()}"
        return JSONResponse({"accessToken": self.token, "expireIn": 7_200})

    def _refused(self, request: Request) -> Response | None:
        if self.token and request.headers.get("x-acs-dingtalk-access-token") == self.token:
            return None
        return _wrong("InvalidAuthentication", "不合法的access_token", 401)

    async def _create_and_deliver(self, request: Request) -> Response:
        told = await request.json()
        problem = self._refused(request) or self._created(told)
        return problem or self._delivered(told)

    async def _instances(self, request: Request) -> Response:
        told = await request.json()
        if refused := self._refused(request):
            return refused
        if request.method == "PUT":
            return self._changed(told)
        return self._created(told) or JSONResponse({"success": True, "result": told["outTrackId"]})

    async def _deliver_card(self, request: Request) -> Response:
        return self._refused(request) or self._delivered(await request.json())

    def _created(self, told: Mapping[str, Any]) -> Response | None:
        card_id, params = told.get("outTrackId"), (told.get("cardData") or {}).get("cardParamMap")
        if not card_id or not params:
            return _wrong("param.outTrackIdEmpty" if not card_id else "param.cardPublicDataEmpty", "empty")
        if not told.get("cardTemplateId"):
            return _wrong("param.cardTemplateIdEmpty", "param.cardTemplateIdEmpty")
        if any(not isinstance(value, str) for value in params.values()):
            return _wrong("param.error", "cardParamMap takes texts only")
        if card_id in self.cards and self.refuses_again:
            return _wrong("param.outTrackIdExist", "outTrackId already exists")
        self.cards.setdefault(card_id, Kept(card_id, dict(params)))
        return None

    def _delivered(self, told: Mapping[str, Any]) -> Response:
        card = self.cards.get(told.get("outTrackId", ""))
        if card is None:
            return _wrong("card.notExist", "the card doesn't exist")
        kind, _, space = str(told.get("openSpaceId", "")).removeprefix("dtv1.card//").partition(".")
        robot = (told.get("imGroupOpenDeliverModel") or {}).get("robotCode")
        good = kind == "IM_ROBOT" or (space == self.conversation and robot == self.client_id and self.in_group)
        if good and not card.to:
            card.to = space
            if self.loses_answers:
                self.loses_answers -= 1
                return Response(status_code=504)
        one = {"spaceType": kind, "spaceId": space, "success": good, "errorMsg": "" if good else "robot not in group"}
        return JSONResponse({"success": True, "result": {"outTrackId": card.id, "deliverResults": [one]}})

    def _changed(self, told: Mapping[str, Any]) -> Response:
        card, params = self.cards.get(told.get("outTrackId", "")), (told.get("cardData") or {}).get("cardParamMap")
        if card is None:
            return _wrong("card.notExist", "the card doesn't exist")
        if not params:
            return _wrong("param.cardPublicDataEmpty", "param.cardPublicDataEmpty")
        by_key = (told.get("cardUpdateOptions") or {}).get("updateCardDataByKey")
        card.params = {**card.params, **params} if by_key else dict(params)
        card.edits += not by_key
        return JSONResponse({"success": True, "result": True})

    # --- the long connection ---------------------------------------------------------------------------------------

    async def _ticket(self, request: Request) -> Response:
        told = await request.json()
        if (told.get("clientId"), told.get("clientSecret")) != (self.client_id, self.client_secret):
            return _wrong("authFailed", "鉴权失败", 401)
        ticket = f"ticket/{self._number()}+=="
        self._tickets[ticket] = frozenset(one["topic"] for one in told["subscriptions"])
        return JSONResponse({"endpoint": f"ws://{request.url.netloc}/connect", "ticket": ticket})

    async def _connected(self, socket: WebSocket) -> None:
        topics = self._tickets.pop(socket.query_params.get("ticket", ""), None)
        if topics is None:
            await socket.close(4_401)
            return
        await socket.accept()
        one = _Open(socket, topics)
        self._sockets.append(one)
        self._opened.set()
        try:
            while True:
                self._answered(json.loads(await socket.receive_text()))
        except WebSocketDisconnect:
            pass
        finally:
            self._sockets.remove(one)
            if not self._sockets:
                self._opened.clear()

    def _answered(self, answer: Mapping[str, Any]) -> None:
        waiting = self._waiting.get(answer["headers"].get("messageId", ""))
        if waiting is not None and not waiting.done():
            waiting.set_result(dict(answer))

    async def ping(self) -> dict[str, Any]:
        """Ask the newest connection whether it is there; what it answers."""
        frame = self._frame("SYSTEM", "ping", {"opaque": f"op-{self._number()}"})
        await self._opened.wait()
        return await self._push(self._sockets[-1], frame, frame["headers"]["messageId"])

    async def disconnect(self) -> None:
        """Tell every connection to leave, as the platform does from time to time."""
        frame = self._frame("SYSTEM", "disconnect", {"reason": "connection is expired"})
        for one in list(self._sockets):
            await one.socket.send_text(json.dumps(frame))

    async def drop(self) -> None:
        for one in list(self._sockets):
            await one.socket.close(1001)

    @property
    def connections(self) -> int:
        return len(self._sockets)

    def _number(self) -> int:
        self._next += 1
        return self._next


def shown(card: Kept) -> tuple[str, ...]:
    """The buttons that the desk's template shows."""
    return BUTTONS.get(card.params.get("status", ""), ())


def _wrong(code: str, message: str, status: int = 400) -> JSONResponse:
    return JSONResponse({"code": code, "requestid": "sim", "message": message}, status)
