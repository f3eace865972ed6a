"""Live pages: a stream that says what changed and what time it is; the page fetches what it shows again."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from doorstep.web.context import Shared, SignedIn, Web

router = APIRouter()

TOPICS = ("cases", "parcels", "returns", "routes", "money", "sources", "outbox")
CLOCK_S, DEMO_CLOCK_S = 20.0, 1.0
"""How often the time is sent: a sign of life, and in a demo the simulated clock itself."""
GAP_S = 1.0
"""The least time between two tellings: a busy house says "look again" once a second, not at each change."""


@router.get("/events")
async def events(request: Request, web: Shared, who: SignedIn) -> StreamingResponse:
    del who
    return StreamingResponse(
        stream(request, web),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def stream(request: Request, web: Web) -> AsyncIterator[str]:
    """Server-sent events until the page goes away. Topics that pile up are told once each."""
    beat = DEMO_CLOCK_S if web.demo else CLOCK_S
    async with web.house.bus.listen() as queue:
        yield "retry: 2000\n\n"
        while not await request.is_disconnected():
            yield said("clock", web.house.now().isoformat())
            topics = await heard(queue, beat)
            for topic in topics:
                yield said("changed", topic)
            if topics:
                await asyncio.sleep(GAP_S)


async def heard(queue: asyncio.Queue[str], wait_s: float) -> list[str]:
    """The topics that came within the wait, each once, in order."""
    try:
        topics = [await asyncio.wait_for(queue.get(), wait_s)]
    except TimeoutError:
        return []
    while not queue.empty():
        topics.append(queue.get_nowait())
    return list(dict.fromkeys(topics))


def said(event: str, data: str) -> str:
    return f"event: {event}\ndata: {data}\n\n"
