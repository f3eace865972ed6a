"""A far side of its own process: a local HTTP server that answers with ready replies and does nothing else.

    python -m bench.answering kuaidi100 1000      prints the port, then answers until it is ended

It keeps connections open and finds the reply by the first number in the request, so that its own time is the least of
what is measured. ``GET /asked`` tells how many questions it has answered.
"""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from random import Random

from bench.decode import CALLS
from bench.machine import ROOT
from bench.replies import Call

SEED = 20260316
NUMBER = re.compile(rb"num%22%3A%22(\w+)|trackingNumber\":\"(\w+)")
"""How a number stands in a request of Kuaidi100's, and of FedEx's."""
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
TOKEN = json.dumps({"access_token": "t0ken", "token_type": "bearer", "expires_in": 3600, "scope": "CXS"}).encode()


def calls_of(source: str, shipments: int) -> list[Call]:
    """What both processes know: each draws it from the seed."""
    return CALLS[source](shipments, Random(SEED))


class Answering(asyncio.Protocol):
    """One connection; requests may come in pieces and several at once."""

    asked = 0

    def __init__(self, replies: dict[bytes, bytes]) -> None:
        self.replies = replies
        self.got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.got += data
        while (head := self.got.find(b"\r\n\r\n")) >= 0:
            length = LENGTH.search(self.got, 0, head)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self.got) < end:
                return
            request, self.got = self.got[:end], self.got[end:]
            self.transport.write(self.answer(request))

    def answer(self, request: bytes) -> bytes:
        if request.startswith(b"GET /asked"):
            return framed(str(Answering.asked).encode())
        number = NUMBER.search(request)
        if number is None:
            return framed(TOKEN)
        Answering.asked += 1
        return self.replies[number[1] or number[2]]


def framed(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def serve(replies: dict[bytes, bytes]) -> None:
    server = await asyncio.get_running_loop().create_server(partial(Answering, replies), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@dataclass(frozen=True, slots=True)
class FarSide:
    """The server of another process, as its callers see it."""

    url: str
    port: int

    def asked(self) -> int:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/asked")
            return int(connection.getresponse().read())
        finally:
            connection.close()


@contextmanager
def far_side(source: str, shipments: int) -> Iterator[FarSide]:
    """The server, started and in the end stopped."""
    command = (sys.executable, "-m", "bench.answering", source, str(shipments))
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert started.stdout
        port = int(started.stdout.readline())
        yield FarSide(f"http://127.0.0.1:{port}", port)
    finally:
        started.terminate()
        started.wait(20)


if __name__ == "__main__":
    answers = {
        call.asks[0].number.encode(): framed(call.reply.body) for call in calls_of(sys.argv[1], int(sys.argv[2]))
    }
    asyncio.run(serve(answers))
