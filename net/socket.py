"""Long connections outwards (WebSocket): the only door to that library outside the simulations."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from domain.errors import AccessDenied, OutsideError, Unreachable

OPEN_S = 20.0
CLOSE_S = 2.0
MAX_FRAME_BYTES = 1024 * 1024


class Connection:
    """An open connection; ``who`` names the far side in errors."""

    def __init__(self, who: str, inner: ClientConnection) -> None:
        self.who, self._inner = who, inner

    async def send(self, frame: str | bytes) -> None:
        """Raises Unreachable where the connection is gone."""
        try:
            await self._inner.send(frame)
        except ConnectionClosed as exc:
            raise Unreachable(self.who, _closed(exc)) from exc

    async def receive(self, within_s: float) -> str | bytes | None:
        """The next frame; None where none came in time. Raises Unreachable where the connection is gone."""
        try:
            async with asyncio.timeout(within_s):
                return await self._inner.recv()
        except TimeoutError:
            return None
        except ConnectionClosed as exc:
            raise Unreachable(self.who, _closed(exc)) from exc


class _Straight(connect):
    """Goes where it was told and nowhere else."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


@asynccontextmanager
async def connected(
    who: str, url: str, headers: Mapping[str, str], *, ping_s: float | None = None
) -> AsyncIterator[Connection]:
    """An open connection, closed at the end. ``ping_s``: how often the protocol itself looks whether the far side is there;
    None where the frames do that. No redirect is followed. Raises Unreachable, or AccessDenied where it is refused (401, 403).
    """
    try:
        inner = await _Straight(
            url, additional_headers=dict(headers), open_timeout=OPEN_S, close_timeout=CLOSE_S, max_size=MAX_FRAME_BYTES,
            ping_interval=ping_s, ping_timeout=ping_s,
        )  # fmt: skip
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as exc:
        raise _refused(who, exc) from exc
    try:
        yield Connection(who, inner)
    finally:
        await inner.close()


def _refused(who: str, exc: Exception) -> OutsideError:
    """Only types and numbers: the address may hold a ticket."""
    if isinstance(exc, InvalidStatus):
        status = exc.response.status_code
        return (AccessDenied if status in {401, 403} else Unreachable)(who, f"HTTP {status}")
    return Unreachable(who, type(exc).__name__)


def _closed(exc: ConnectionClosed) -> str:
    code = exc.rcvd.code if exc.rcvd else "none"
    return f"the connection was closed (code {code})"
