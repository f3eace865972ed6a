"""Tells open pages that something changed; they fetch what they show again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

QUEUE_LIMIT = 8  # a page that reads slower than this misses ticks, never content: each tick means "look again"


class Bus:
    """Topics to listening pages. ``publish`` may be called from any thread."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[str]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def publish(self, topic: str) -> None:
        if self._loop is not None and self._queues and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._deliver, topic)

    def _deliver(self, topic: str) -> None:
        for queue in self._queues:
            if not queue.full():
                queue.put_nowait(topic)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[asyncio.Queue[str]]:
        self._loop = asyncio.get_running_loop()
        queue: asyncio.Queue[str] = asyncio.Queue(QUEUE_LIMIT)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)
