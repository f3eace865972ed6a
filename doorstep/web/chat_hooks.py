"""``/chats/{adapter}/{account}``: where chats call us, proven by a signature. What is taken is committed before it is answered.

What proves nothing is refused before anything of it is parsed or the database is asked, and changes nothing. Where the database
doesn't take it in time the answer is 503: the chat calls again, and a second delivery has no second effect.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from chat.base import Account, Call, Chat, Delivered, Hook, Spurned
from chat.registry import CHATS
from domain.errors import UnreadableReply
from doorstep import chat_hearing
from doorstep.house import House
from doorstep.web.push import limited_body

log = structlog.get_logger()
ANSWER_S = 2.5
"""The shortest time that a platform waits is 3 s."""
SAY_AGAIN = timedelta(seconds=60)
MAX_QUERY = 4_096


class Rarely:
    """Says at most once in SAY_AGAIN that calls to a channel are refused: a flood of them fills no log."""

    def __init__(self) -> None:
        self._said_at: dict[str, datetime] = {}
        self._unsaid: dict[str, int] = {}

    def say(self, channel: str, spurned: Spurned, now: datetime) -> None:
        last = self._said_at.get(channel)
        if last is not None and now - last < SAY_AGAIN:
            self._unsaid[channel] = self._unsaid.get(channel, 0) + 1
            return
        self._said_at[channel] = now
        log.warning(
            "call refused",
            channel=channel,
            status=spurned.status,
            why=spurned.why,
            since_last=self._unsaid.pop(channel, 0),
        )


def chat_hook_router(house: House, chats: Mapping[str, Chat] = CHATS) -> APIRouter:
    router, rarely = APIRouter(prefix="/chats"), Rarely()

    @router.api_route("/{adapter}/{name}", methods=["GET", "POST"])
    async def receive(adapter: str, name: str, request: Request) -> Response:
        chat, settings = chats.get(adapter), house.settings.chats.get(adapter, {}).get(name)
        if chat is None or chat.hook is None or settings is None:
            return refused(Spurned(404, "no such channel"))
        account = Account(adapter, name, settings)
        if not chat.hook.ready(account):
            return refused(Spurned(404, "no such channel"))
        body = await limited_body(request)
        if body is None or len(request.url.query) > MAX_QUERY:
            return refused(Spurned(413, "a call may have at most 256 KB"))
        call = Call(request.method, dict(request.query_params), dict(request.headers), body)
        answer = await _answer(house, chat.hook, call, account)
        if isinstance(answer, Spurned):
            rarely.say(account.channel, answer, house.wall())
            return refused(answer)
        return answer

    return router


async def _answer(house: House, hook: Hook, call: Call, account: Account) -> Response | Spurned:
    proven = hook.verify(call, account, house.wall())
    if isinstance(proven, Spurned):
        return proven
    try:
        delivered = hook.read(proven, call, account)
    except UnreadableReply as exc:
        return Spurned(400, str(exc)[:200])
    return await _taken(house, delivered, account)


async def _taken(house: House, delivered: Delivered, account: Account) -> Response | Spurned:
    ear = chat_hearing.ear_of(house, account)
    try:
        async with asyncio.timeout(ANSWER_S):
            became = await chat_hearing.commit_all(house, account, ear, delivered.heard)
    except Exception:
        log.exception("not committed", channel=account.channel)
        return Spurned(503, "the database is busy: call again")
    was_refused = delivered.refused is not None and any(one.refused for one in became)
    answer = delivered.refused if was_refused and delivered.refused is not None else delivered.answer
    return Response(answer.body, 200, media_type=answer.media_type)


def refused(spurned: Spurned) -> JSONResponse:
    body = {"type": "about:blank", "title": "Call refused", "status": spurned.status, "detail": spurned.why}
    return JSONResponse(body, spurned.status, media_type="application/problem+json")
