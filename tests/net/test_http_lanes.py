"""The door outwards over real sockets: few connections, used again and again, and nothing remembered of a far side."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from domain.errors import Unreachable, UnreadableReply
from net.http import MAX_BODY_BYTES, MAX_IN_FLIGHT, Http, HttpReply, HttpRequest

Talk = Callable[[Http, str], Awaitable[None]]


class FarSide:
    """Answers every request on connections that it keeps open; ``/cut`` breaks one off, ``/huge`` says too much."""

    def __init__(self) -> None:
        self.connections = 0
        self.together = self.most_together = 0
        self.heads: list[str] = []
        self.talking: list[asyncio.Task[None]] = []

    def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.talking.append(asyncio.create_task(self.serve(reader, writer)))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while head := await self.head(reader):
            self.heads.append(head)
            if head.startswith("GET /cut"):
                break
            self.together += 1
            self.most_together = max(self.most_together, self.together)
            await asyncio.sleep(0.01)
            self.together -= 1
            length = MAX_BODY_BYTES + 1 if head.startswith("GET /huge") else 2
            writer.write(
                f"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nX-Kind: Odd\r\ncontent-length: {length}\r\n\r\n".encode()
            )
            writer.write(b"." * length)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    @staticmethod
    async def head(reader: asyncio.StreamReader) -> str:
        try:
            return (await reader.readuntil(b"\r\n\r\n")).decode().lower().replace("get", "GET")
        except (asyncio.IncompleteReadError, ConnectionError):
            return ""


def talk(what: Talk) -> FarSide:
    """Open a far side and a door to it, and let ``what`` use them."""
    far = FarSide()

    async def run() -> None:
        server = await asyncio.start_server(far.meet, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with Http("far") as http:
            await what(http, url)
        server.close()
        await asyncio.gather(*far.talking)

    asyncio.run(run())
    return far


def test_as_many_connections_as_may_be_in_flight_carry_everything() -> None:
    """Forty requests at once go over eight connections, eight at a time."""

    async def forty(http: Http, url: str) -> None:
        replies = await asyncio.gather(*(http.send(HttpRequest("GET", url + "/")) for _ in range(40)))
        assert [reply.body for reply in replies] == [b".."] * 40

    far = talk(forty)
    assert (far.connections, far.most_together, len(far.heads)) == (MAX_IN_FLIGHT, MAX_IN_FLIGHT, 40)


def test_one_after_the_other_uses_one_connection() -> None:
    """A quiet source is asked over the connection that is open already."""

    async def five(http: Http, url: str) -> None:
        for _ in range(5):
            await http.send(HttpRequest("GET", url + "/"))

    assert talk(five).connections == 1


def test_what_went_wrong_holds_up_nobody() -> None:
    """After broken connections and replies that are too large, as many requests as ever may be on their way."""

    async def troubled(http: Http, url: str) -> None:
        for _ in range(MAX_IN_FLIGHT + 1):
            with pytest.raises(Unreachable):
                await http.send(HttpRequest("GET", url + "/cut"))
        with pytest.raises(UnreadableReply):
            await http.send(HttpRequest("GET", url + "/huge"))
        await asyncio.gather(*(http.send(HttpRequest("GET", url + "/")) for _ in range(MAX_IN_FLIGHT)))

    assert talk(troubled).most_together == MAX_IN_FLIGHT


def test_nothing_is_remembered_of_a_far_side() -> None:
    """Cookies are not kept; header names come back in lower case, and our own headers win over the usual ones."""
    replies: list[HttpReply] = []

    async def twice(http: Http, url: str) -> None:
        asked = HttpRequest("GET", url + "/", {"accept": "text/x-odd"})
        replies.extend([await http.send(asked), await http.send(asked)])

    far = talk(twice)
    assert all("cookie" not in head and head.count("accept: ") == 1 and "text/x-odd" in head for head in far.heads)
    assert replies[1].headers["x-kind"] == "Odd"
