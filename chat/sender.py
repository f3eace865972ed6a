"""Talking to a chat: one channel's open connection. Never waits, never retries: the caller's stored deadline moves instead."""

from collections.abc import Mapping
from typing import Any

from chat.base import Account, Batch, Chat, Heard, Outward, Polled, raise_for_status
from domain.errors import UnreadableReply
from net.http import Http, HttpRequest

MAX_PAGES = 500
"""Pages of a gap that are fetched at one look; what lies before them is left out: nobody waits for an answer to it any more."""


class Line:
    """One channel of one chat outside the house."""

    def __init__(self, chat: Chat, account: Account, http: Http) -> None:
        assert chat.outward is not None, f"{chat.id} stays in the house"
        self.chat, self.account, self._http = chat, account, http
        self.outward: Outward = chat.outward
        self.limits = self.outward.limits(account)

    @property
    def channel(self) -> str:
        return self.account.channel

    async def send(self, payload: Mapping[str, Any], key: str, to: str = "") -> str:
        """Say something under its one id; gives the message's id. Raises OutsideError."""
        return await self._say(self.outward.send(payload, self.account, key, to))

    async def edit(self, payload: Mapping[str, Any], remote_id: str, key: str) -> str:
        return await self._say(self.outward.edit(payload, remote_id, self.account, key))

    async def reply(self, payload: Mapping[str, Any], remote_id: str, key: str) -> str:
        return await self._say(self.outward.reply(payload, remote_id, self.account, key))

    async def _say(self, request: HttpRequest) -> str:
        if len(request.body) > self.limits.body_bytes:
            raise UnreadableReply(self.chat.id, f"a message of {len(request.body)} bytes is too long for it")
        return self.outward.sent(await self._http.send(request))

    async def look(self, remote_id: str) -> None:
        """See that a message is there. Raises OutsideError."""
        self.outward.seen(await self._http.send(self.outward.look(remote_id, self.account)))

    async def open(self, who: str) -> str:
        """A place to write to one person alone."""
        return self.outward.opened(await self._http.send(self.outward.open(who, self.account)))

    async def enter(self) -> None:
        """Ask who we are and whether we may be here. Raises OutsideError."""
        for step in self._polled.enter:
            step.check(await self._http.send(step.request(self.account)), self.account)

    async def step(self, name: str) -> None:
        """One step of entering, by its name."""
        step = next(step for step in self._polled.enter if step.name == name)
        step.check(await self._http.send(step.request(self.account)), self.account)

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
