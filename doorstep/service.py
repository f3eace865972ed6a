"""What the daemon tells whoever watches over it: systemd by a datagram to its socket, a heartbeat service by a call outwards.

The protocol of systemd is one datagram to the address in NOTIFY_SOCKET (sd_notify(3)); where there is none, nothing is said.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from domain.errors import OutsideError
from net.http import Http, HttpRequest, Transport

log = structlog.get_logger()
READY, ALIVE, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"
BEAT_EVERY = timedelta(seconds=60)
"""A service that counts minutes needs no more."""


def reloading() -> str:
    """New settings are being taken; READY ends it. systemd wants to know when it began."""
    return f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1_000}"


def notify(state: str) -> None:
    """Tell systemd; what it doesn't hear is no reason to stop."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # an abstract socket
        address = f"\0{address[1:]}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.settimeout(0)  # a watcher that doesn't listen mustn't hold up a beat
            out.connect(address)
            out.send(state.encode())
    except OSError as exc:
        log.warning("systemd not told", error=exc.strerror)


class Heartbeat:
    """Calls an address each minute while beats go well: where the calls stop, somebody outside sees it. Never in the beat's way."""

    def __init__(self, url: str, wall: Callable[[], datetime], *, transport: Transport | None = None) -> None:
        self._url, self._wall = url, wall
        self._http = Http("heartbeat", transport=transport)
        self._next: datetime | None = None
        self._calling: asyncio.Task[None] | None = None

    def beat(self) -> None:
        """A beat went well; returns at once."""
        now = self._wall()
        busy = self._calling is not None and not self._calling.done()
        if self._url and not busy and (self._next is None or now >= self._next):
            self._next = now + BEAT_EVERY
            self._calling = asyncio.create_task(self._call())

    async def _call(self) -> None:
        try:
            await self._http.send(HttpRequest("GET", self._url, {"user-agent": "Doorstep"}))
        except OutsideError as exc:
            log.warning("heartbeat not taken", error=str(exc))

    async def finish(self) -> None:
        if self._calling is not None:
            self._calling.cancel()
            await asyncio.gather(self._calling, return_exceptions=True)
        await self._http.close()
