"""Long connections to chats: connect, greet, ping, hear; commit, then answer the frame. Whatever goes wrong, connect anew.

A frame that can't be read is passed over, one that can't be committed is answered as the chat wants to hear that (mostly: not
at all), so that it comes again.
"""

import asyncio

import structlog

from chat.base import Address, Caught, Frame, Socket
from chat.sender import Line
from domain.errors import Unreachable, UnreadableReply
from doorstep import chat_hearing
from doorstep.chat_hearing import Became
from doorstep.house import House
from doorstep.retrying import Health
from monitor.heard import Ear
from net.http import HttpReply, HttpRequest
from net.socket import Connection, connected

log = structlog.get_logger()
REST_S = 1.0
"""Between a connection that was left on the chat's wish and the next."""
ANSWER_S = 5.0
"""How long what we say over a connection waits for its answer."""


class Listening:
    """One channel's long connection."""

    def __init__(self, house: House, line: Line, ear: Ear, health: Health) -> None:
        assert line.chat.socket is not None, f"{line.chat.id} has no long connection"
        self.house, self.line, self.ear, self.health = house, line, ear, health
        self.acts = 0
        self._socket: Socket = line.chat.socket
        self._connection: Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked: dict[str, asyncio.Future[Frame]] = {}
        if self.carries:
            line.carry = self.ask
            house.carries[line.channel] = self.ask

    @property
    def carries(self) -> bool:
        """Whether what we say goes over the connection, too."""
        return self._socket.carried is not None

    async def once(self) -> None:
        """Connect and listen until the connection ends. Raises OutsideError."""
        await self.line.enter()
        address = await self.line.address()
        protocol_ping = self._socket.beat_s if self._socket.ping is None else None
        async with connected(self.line.channel, address.url, address.headers, ping_s=protocol_ping) as connection:
            for frame in self._socket.greet(self.line.account, address, self.house.new_id()):
                await connection.send(frame)
            self.health.well(self.house.wall())
            try:
                await self._hear(connection, address)
            finally:
                self._gone()
        await asyncio.sleep(REST_S)

    # --- what is said over it --------------------------------------------------------------------------------------

    async def ask(self, request: HttpRequest) -> HttpReply:
        """Say something over the connection, from whatever loop; what the chat answers. Raises Unreachable where there is none,
        or no answer in time.
        """
        if self._loop is None or self._loop is asyncio.get_running_loop():
            return await self._ask(request)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._ask(request), self._loop))

    async def _ask(self, request: HttpRequest) -> HttpReply:
        connection, carried = self._connection, self._socket.carried
        assert carried is not None, f"{self.line.chat.id} isn't spoken to over its connection"
        if connection is None:
            raise Unreachable(self.line.chat.id, "there is no connection now")
        asked = carried.asked(request)
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._asked[asked] = answer
        try:
            await connection.send(request.body.decode())
            async with asyncio.timeout(ANSWER_S):
                frame = await answer
        except TimeoutError as exc:
            raise Unreachable(self.line.chat.id, f"no answer within {ANSWER_S:.0f} s") from exc
        finally:
            if self._asked.get(asked) is answer:
                del self._asked[asked]
        return HttpReply(200, {}, frame.encode() if isinstance(frame, str) else frame)

    def _is_answer(self, frame: Frame) -> bool:
        """Whether a frame answers something that we said; then whoever asked has it."""
        carried = self._socket.carried
        if carried is None or not self._asked:
            return False
        answer = self._asked.get(carried.answered(frame))
        if answer is None:
            return False
        if not answer.done():
            answer.set_result(frame)
        return True

    def _gone(self) -> None:
        """Whoever waits for an answer gets none."""
        self._connection = None
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(Unreachable(self.line.chat.id, "the connection was closed"))

    # --- what is heard ---------------------------------------------------------------------------------------------

    async def _hear(self, connection: Connection, address: Address) -> None:
        beat_s = address.beat_s or self._socket.beat_s
        kept: tuple[Frame, ...] = ()
        loop = asyncio.get_running_loop()
        heard_at = ping_at = loop.time()
        while True:
            if self._socket.ping is not None and loop.time() >= ping_at:
                await connection.send(self._socket.ping(self.line.account, address, self.house.new_id()))
                ping_at = loop.time() + beat_s
            frame = await connection.receive(max(ping_at - loop.time(), 0.01) if self._socket.ping else beat_s)
            if frame is None:
                if self._socket.silent_s and loop.time() - heard_at > self._socket.silent_s:
                    raise Unreachable(self.line.channel, f"nothing was heard for {self._socket.silent_s:.0f} s")
                continue
            heard_at = loop.time()
            if self._is_answer(frame):
                continue
            caught = self._read(frame, kept)
            if caught.ready:
                self._connection, self._loop = connection, loop
            await self._take(caught, connection)
            kept = caught.kept
            if caught.leave:
                return
            if caught.beat_s:
                beat_s = caught.beat_s
                ping_at = min(ping_at, loop.time() + beat_s)

    def _read(self, frame: Frame, kept: tuple[Frame, ...]) -> Caught:
        try:
            return self._socket.read(frame, self.line.account, self.house.wall(), kept)
        except UnreadableReply as exc:
            log.warning("frame not understood", channel=self.line.channel, error=str(exc))
            return Caught()

    async def _take(self, caught: Caught, connection: Connection) -> None:
        """Commit, then answer."""
        try:
            became = await chat_hearing.commit_all(self.house, self.line.account, self.ear, caught.heard)
        except Exception:
            # a locked database or our bug: the chat delivers it again, and the channel goes on with what comes after it
            log.exception("not committed", channel=self.line.channel)
            answers = caught.failed
        else:
            self.acts += sum(one.taken for one in became)
            answers = answers_of(caught, became)
        for frame in answers:
            await connection.send(frame)


def answers_of(caught: Caught, became: list[Became]) -> tuple[Frame, ...]:
    """How a frame whose acts were committed is answered."""
    if caught.refused is not None and any(one.refused for one in became):
        return caught.refused
    return caught.answers
