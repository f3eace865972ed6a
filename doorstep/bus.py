"""Tells open pages that something changed; they fetch what they show again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

QUEUE_LIMIT = 16  # more than there are topics: none is ever left out


class Topics(asyncio.Queue[str]):
    """What a page has yet to hear, each topic once."""

    def _init(self, maxsize: int) -> None:
        del maxsize
        self._queue: dict[str, None] = {}

    def _put(self, item: str) -> None:
        self._queue[item] = None

    def _get(self) -> str:
        topic = next(iter(self._queue))
        del self._queue[topic]
        return topic

    def __contains__(self, topic: object) -> bool:
        return topic in self._queue


class Bus:
    """Topics to listening pages. ``publish`` may be called from any thread.

    A topic means "look again": one that waits to be heard isn't said a second time, however slow the page.
    """

    def __init__(self) -> None:
        self._queues: set[Topics] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def publish(self, topic: str) -> None:
        if self._loop is not None and self._queues and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._deliver, topic)

    def _deliver(self, topic: str) -> None:
        for queue in self._queues:
            if topic not in queue and not queue.full():
                queue.put_nowait(topic)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator["Topics"]:
        self._loop = asyncio.get_running_loop()
        queue = Topics(QUEUE_LIMIT)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)
