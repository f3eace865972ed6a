"""The desk's chat in a simulated month: the group of a Telegram bot, which now and then can't be reached."""

from collections.abc import Callable, Sequence
from datetime import datetime

import httpx

from sim.chats.telegram import TelegramGateway
from sim.fuse import Fused
from sim.tales import Span

TOKEN, GROUP = "4242:town", -4242
ADDRESS = "http://127.0.0.1:8081"


class DeskChat(Fused):
    """Reaches the group at the time that ``clock`` tells; while it is ``down`` nothing arrives, or no answer comes back."""

    def __init__(self, clock: Callable[[], datetime], down: Sequence[Span]) -> None:
        super().__init__()
        self._clock, self._down = clock, down
        self.gateway = TelegramGateway(TOKEN, group=GROUP, limited=True, clock=lambda: clock().timestamp())
        self._inner = httpx.ASGITransport(app=self.gateway.app)
        self._failures = 0

    @property
    def shown(self) -> frozenset[str]:
        """The ids of what stands in the group."""
        return frozenset(str(message.id) for message in self.gateway.in_group())

    async def answer(self, request: httpx.Request) -> httpx.Response:
        if any(span.holds(self._clock()) for span in self._down):
            return await self._fail(request)
        return await self._inner.handle_async_request(request)

    async def _fail(self, request: httpx.Request) -> httpx.Response:
        self._failures += 1
        if self._failures % 5 == 0:  # it got there, and nobody hears of it
            await self._inner.handle_async_request(request)
            raise httpx.ReadTimeout("no answer", request=request)
        if self._failures % 2:
            raise httpx.ConnectError("no route", request=request)
        return httpx.Response(502, content=b"<html>Bad Gateway</html>", request=request)
