"""Talking to a chat: one channel's open connection. Never waits, never retries: the caller's stored deadline moves instead."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from chat.acts import Batch, Heard
from chat.base import Account, Address, Chat, Found, Outward, Polled, Step, raise_for_status
from domain.errors import AccessDenied, UnreadableReply
from net.http import Http, HttpReply, HttpRequest

T = TypeVar("T")
TOKEN_MARGIN = timedelta(minutes=5)
"""A token this near its end is fetched anew: it would die on the way."""

MAX_PAGES = 500
"""Pages of a gap that are fetched at one look; what lies before them is left out: nobody waits for an answer to it any more."""


Carry = Callable[[HttpRequest], Awaitable[HttpReply]]
"""What takes a request to the chat and brings its reply: HTTP, or the long connection. Raises Unreachable."""


@dataclass(frozen=True, slots=True)
class Said:
    """What became of a sending: the message's id, and the code that lets it be edited once, where the chat gives one."""

    remote_id: str
    code: str = ""


class Line:
    """One channel of one chat outside the house. ``wall`` is the clock that tokens live by, where the chat hands any out.
    ``carry`` is the long connection where the chat is spoken to over it.
    """

    def __init__(self, chat: Chat, account: Account, http: Http, wall: Callable[[], datetime] | None = None) -> None:
        assert chat.outward is not None, f"{chat.id} stays in the house"
        assert chat.token is None or wall is not None, f"{chat.id} hands out tokens: they need a clock"
        self.chat, self.account, self._http = chat, account, http
        self.outward: Outward = chat.outward
        self.limits = self.outward.limits(account)
        self._wall = wall
        self.carry: Carry = http.send

    @property
    def channel(self) -> str:
        return self.account.channel

    async def send(self, payload: Mapping[str, Any], key: str, to: str = "") -> str:
        """Say something under its one id; gives the message's id. Raises OutsideError."""
        return (await self.say(payload, key, to)).remote_id

    async def say(self, payload: Mapping[str, Any], key: str, to: str = "") -> Said:
        """``send``, with the code that the chat gives for an edit."""
        return await self._new(lambda: self.outward.send(payload, self.account, key, to), key)

    async def edit(self, payload: Mapping[str, Any], remote_id: str, key: str) -> str:
        return await self._say(lambda: self.outward.edit(payload, remote_id, self.account, key), self.outward.sent)

    async def reply(self, payload: Mapping[str, Any], remote_id: str, key: str) -> Said:
        return await self._new(lambda: self.outward.reply(payload, remote_id, self.account, key), key)

    async def _new(self, request: Callable[[], HttpRequest], key: str) -> Said:
        """A message that wasn't there."""
        codes = self.outward.codes

        def said(reply: HttpReply) -> Said:
            remote_id = self.outward.sent(reply)
            code = codes.sent(reply) if codes is not None else ""
            return Said(key if self.outward.own_ids else remote_id, code)

        return await self._say(request, said)

    async def _say(self, request: Callable[[], HttpRequest], read: Callable[[HttpReply], T]) -> T:
        def within_limits() -> HttpRequest:
            made = request()
            if len(made.body) > self.limits.body_bytes:
                raise UnreadableReply(self.chat.id, f"a message of {len(made.body)} bytes is too long for it")
            return made

        return await self._ask(within_limits, read)

    async def _ask(self, request: Callable[[], HttpRequest], read: Callable[[HttpReply], T]) -> T:
        """One call with the line's token; a call that was refused for a stale one is made once more: nothing happened yet."""
        fresh = await self._ensure_token()
        try:
            return read(await self.carry(request()))
        except AccessDenied:
            if self.chat.token is None:
                raise
            self.account = replace(self.account, token=None)
            if fresh:
                raise
        await self._ensure_token()
        return read(await self.carry(request()))

    async def _ensure_token(self) -> bool:
        """Whether a new token had to be fetched."""
        flow, token = self.chat.token, self.account.token
        if flow is None or self._wall is None or (token and token.expires_at - TOKEN_MARGIN > self._wall()):
            return False
        reply = await self._http.send(flow.request(self.account))
        self.account = replace(self.account, token=flow.read(reply, self._wall()))
        return True

    async def find(self, key: str, since: datetime, *, to: str = "", thread: str = "") -> str:
        """The id of what was already said under this key since then; "" where nothing was, or the chat keeps no key of ours."""
        back = self.outward.lookback
        found = Found("")
        for _ in range(MAX_PAGES if back is not None else 0):
            assert back is not None
            found = await self._ask(
                partial(back.request, self.account, since, to, thread, found.more), partial(back.found, key=key)
            )
            if found.remote_id or not found.more:
                break
        return found.remote_id

    async def look(self, remote_id: str) -> None:
        """See that a message is there. Raises OutsideError."""
        await self._ask(lambda: self.outward.look(remote_id, self.account), self.outward.seen)

    async def open(self, who: str) -> str:
        """A place to write to one person alone."""
        asked = self.outward.open(who, self.account)
        if isinstance(asked, str):
            return asked
        return await self._ask(lambda: asked, self.outward.opened)

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is asked before we listen."""
        return self.chat.polled.enter if self.chat.polled is not None else self.chat.enter

    async def enter(self) -> None:
        """Ask who we are and whether we may be here. Raises OutsideError."""
        for step in self.steps:
            await self.step(step.name)

    async def step(self, name: str) -> None:
        """One step of entering, by its name."""
        step = next(step for step in self.steps if step.name == name)
        await self._ask(lambda: step.request(self.account), lambda reply: step.check(reply, self.account))

    async def address(self) -> Address:
        """Where the long connection goes now. Raises OutsideError."""
        socket = self.chat.socket
        assert socket is not None, f"{self.chat.id} has no long connection"
        asked = socket.open(self.account)
        if isinstance(asked, Address):
            return asked
        return socket.opened(await self._http.send(asked), self.account)

    async def listen(self, cursor: str) -> Batch:
        """What happened since ``cursor``, with whatever the chat left out of its first answer, oldest first."""
        batch = self._polled.read(await self._http.send(self._polled.request(self.account, cursor)), self.account)
        if not batch.gap or not cursor:
            return batch if cursor else Batch(cursor=batch.cursor)
        older = await self._older(batch.gap, cursor)
        return Batch((*older, *batch.heard), batch.cursor)

    async def answer(self, heard: Heard, *, taken: bool) -> None:
        """Tell the chat what became of something that wants an answer. Raises OutsideError."""
        request = self._polled.answer(heard, self.account, taken=taken) if self._polled.answer else None
        if request is not None:
            raise_for_status(self.chat.id, await self._http.send(request))

    async def _older(self, gap: str, until: str) -> list[Heard]:
        heard: list[Heard] = []
        for _ in range(MAX_PAGES):
            page = self._polled.read_older(
                await self._http.send(self._polled.older(self.account, gap, until)), self.account
            )
            heard = [*page.heard, *heard]
            gap = page.gap
            if not gap:
                break
        return heard

    @property
    def _polled(self) -> Polled:
        assert self.chat.polled is not None, f"{self.chat.id} isn't listened to by asking"
        return self.chat.polled

    async def close(self) -> None:
        await self._http.close()
