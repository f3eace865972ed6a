"""A carrier's server that workers ask over real connections: two scans for each number, always the same, and a list of who was asked when."""

import asyncio
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from urllib.parse import parse_qs

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
TOKEN = {"access_token": "t0ken", "token_type": "bearer", "expires_in": 3600, "scope": "CXS"}
SCANS = 2


class FarSide:
    """Kuaidi100 (one number a call) and FedEx (thirty) on one port. ``after_s``: how long each answer takes; ``silent``: nothing is
    answered while it is set; ``status``: what it answers instead.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.calls = 0
        self.most = 0
        self.after_s = 0.0
        self.silent = False
        self.status = 200
        self.port = 0
        self._now = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                writer.write(await self.answer(head, body))
                await writer.drain()
        writer.close()

    async def answer(self, head: bytes, body: bytes) -> bytes:
        if b"/oauth/token" in head:
            return framed(200, TOKEN)
        numbers = fedex_numbers(body) if b"/track/" in head else [kuaidi_number(body)]
        self.calls += 1
        self.asked.update(numbers)
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(self.after_s)
        while self.silent:  # noqa: ASYNC110 - set from another thread
            await asyncio.sleep(0.02)
        self._now -= 1
        if self.status != 200:
            return framed(self.status, {})
        return framed(200, fedex(numbers) if b"/track/" in head else kuaidi(numbers[0]))


def framed(status: int, body: object) -> bytes:
    data = json.dumps(body).encode()
    return (
        f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n".encode() + data
    )


def kuaidi_number(body: bytes) -> str:
    return str(json.loads(parse_qs(body.decode())["param"][0])["num"])


def fedex_numbers(body: bytes) -> list[str]:
    return [one["trackingNumberInfo"]["trackingNumber"] for one in json.loads(body)["trackingInfo"]]


def kuaidi(number: str) -> dict[str, object]:
    day = datetime.now(UTC).date().isoformat()
    lines = [(f"{day} 00:0{n}:00", code, text) for n, (code, text) in enumerate((("103", "已揽收"), ("0", "运输中")))]
    data = [{"time": at, "ftime": at, "statusCode": code, "context": text} for at, code, text in lines]
    return {"message": "ok", "nu": number, "ischeck": "0", "com": "zhongtong", "status": "200", "state": "0", "data": data}  # fmt: skip


def fedex(numbers: list[str]) -> dict[str, object]:
    """Of every hundredth parcel it tells that it is damaged."""
    day = datetime.now(UTC).date().isoformat()
    results = []
    for number in numbers:
        codes = (("PU", ""), ("SE", "10") if number.endswith("00") else ("DP", ""))
        events = [
            {"date": f"{day}T00:0{n}:00+08:00", "eventType": code, "eventDescription": code, "derivedStatusCode": code}
            | ({"exceptionCode": why} if why else {})
            for n, (code, why) in enumerate(codes)
        ]
        told = {"trackingNumberInfo": {"trackingNumber": number}, "scanEvents": events}
        results.append({"trackingNumber": number, "trackResults": [told]})
    return {"output": {"completeTrackResults": results}}


@contextmanager
def far_side() -> Iterator[FarSide]:
    """The server on a thread of its own."""
    side, loop = FarSide(), asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(side.talk, "127.0.0.1", 0))
    side.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield side
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
