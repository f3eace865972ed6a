"""The daemon: pages, interface and ticks in one process. APScheduler only says "tick"; all state is in the database."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import structlog
import uvicorn
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from fastapi import FastAPI

from carriers.sender import Line
from config.settings import Doorstep
from doorstep import collector, control, service
from doorstep.beat import beat
from doorstep.chats import Channel
from doorstep.house import House
from doorstep.letter_post import LetterPost
from doorstep.merchant import Merchant
from doorstep.metrics import Metrics
from doorstep.nightly import Nightly
from doorstep.nightly_backup import NightlyBackup
from doorstep.service import Heartbeat
from doorstep.web.api import control_router, health_router, intake_router
from doorstep.web.app import create_app
from doorstep.web.booking_api import booking_callback_router, booking_router
from doorstep.web.chat_hooks import chat_hook_router
from doorstep.web.money_api import money_router
from doorstep.web.openapi import openapi_router
from doorstep.web.public_door import PublicDoor
from doorstep.web.push import push_router
from scheduler.dispatch import Solve
from store import people

log = structlog.get_logger()
TICK_S = 1.0
PROBE = timedelta(seconds=10)
"""How often a beat tries out whether the database takes a change, where all is well; in trouble each one does."""
SHUTDOWN_S = 20
"""How long a running tick may take to end before the process does."""


class Daemon:
    """Beats until it is told to stop. A beat that fails is logged and said on /readyz; the next one comes all the same."""

    def __init__(
        self,
        house: House,
        lines: Mapping[tuple[str, str], Line],
        solve: Solve,
        *,
        rng: Random,
        before: Callable[[], Awaitable[None]],
        channels: Sequence[Channel] = (),
        merchant: Merchant | None = None,
        posts: Sequence[LetterPost] = (),
        nightly: Nightly | None = None,
        backup: NightlyBackup | None = None,
    ) -> None:
        self.house = house
        self.metrics = Metrics(channels, merchant, backup, posts)
        self.channels = channels
        self.merchant = merchant
        self.posts = posts
        self.nightly = nightly
        self.backup = backup
        self._lines = lines
        self._solve = solve
        self._rng = rng
        self._before = before
        self.heartbeat = Heartbeat(house.settings.doorstep.heartbeat_url, house.wall)
        self._beating = asyncio.Lock()
        self._probed_at: datetime | None = None

    async def beat(self, now: datetime | None = None) -> None:
        """One beat at ``now``, by default the house's own time; never two at once."""
        async with self._beating:
            try:
                await self._probe()
                await self._before()
                if self.nightly:
                    await self.nightly.look(now or self.house.now())
                if self.backup:
                    await self.backup.look()
                done = await beat(self.house, self._lines, self._solve, now=now or self.house.now(), rng=self._rng)
            except Exception as exc:
                log.exception("beat failed")
                self.metrics.failed(exc, self.house.wall())
            else:
                self.metrics.done(done, self.house.wall())
                self.heartbeat.beat()
            if self.house.store.led:
                signal.raise_signal(signal.SIGTERM)  # the other one works on
            service.notify(service.ALIVE)  # a beat that fails is alive; one that hangs isn't

    async def _probe(self) -> None:
        """Raises DatabaseError where the database takes nothing: then nobody is asked for what couldn't be kept."""
        wall = self.house.wall()
        if self.house.store.trouble or self._probed_at is None or wall - self._probed_at >= PROBE:
            await self.house.store.awrite(people.set_meta, "probed_at", wall.isoformat())
            self._probed_at = wall

    async def finish(self) -> None:
        """Wait for the beat that runs, then let go of the lines."""
        async with asyncio.timeout(SHUTDOWN_S), self._beating:
            for line in self._lines.values():
                await line.close()
            for channel in self.channels:
                await channel.line.close()
            if self.merchant:
                await self.merchant.close()
        await self.heartbeat.finish()
        for task in (self.nightly, self.backup):
            if task:
                await task.finish()


def app_of(daemon: Daemon, token: str, *, speed: Callable[[int], None] | None = None) -> FastAPI:
    """Everything that answers over HTTP."""
    routers = (
        health_router(daemon.house, daemon.metrics),
        openapi_router(),
        booking_router(daemon.house),
        booking_callback_router(daemon.house),
        money_router(daemon.house),
        intake_router(daemon.house),
        push_router(daemon.house),
        chat_hook_router(daemon.house),
        control_router(daemon.house, token),
    )
    app = create_app(daemon.house, extra_routers=routers, speed=speed)
    if daemon.house.settings.doorstep.public_port:
        app.add_middleware(PublicDoor, port=daemon.house.settings.doorstep.public_port)
    return app


async def serve(
    daemon: Daemon,
    *listeners: socket.socket,
    speed: Callable[[int], None] | None = None,
    first: Callable[[], Awaitable[None]] | None = None,
    renewable: Callable[[], bool] | None = None,
) -> bool:
    """Serve and tick until SIGTERM or SIGINT; then stop taking work, let the beat end, close the listeners.

    ``first`` is what runs before the ticks begin, while pages already answer (a demo plays its past). Returns True where SIGHUP
    ended it and ``renewable`` said that there are new settings to begin anew with.
    """
    house = daemon.house
    token = control.announce(house.settings.database, local_url(house.settings.doorstep))
    server = uvicorn.Server(
        uvicorn.Config(
            app_of(daemon, token, speed=speed), log_config=None, access_log=False, timeout_graceful_shutdown=3
        )
    )
    scheduler = AsyncIOScheduler(timezone=UTC)
    scheduler.add_job(daemon.beat, "interval", seconds=TICK_S, coalesce=True, misfire_grace_time=None, max_instances=1)
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises what it caught once more when it has ended: that must not kill us before we have finished
        signal.signal(signal_, server.handle_exit)
    renewed = False

    def renew() -> None:
        nonlocal renewed
        assert renewable is not None
        if renewable():
            service.notify(service.reloading())
            renewed = server.should_exit = True

    if renewable is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, renew)
    starting = asyncio.create_task(_start(scheduler, first))
    outwards: list[Channel | Merchant | LetterPost] = [
        *daemon.channels, *daemon.posts, *([daemon.merchant] if daemon.merchant else [])
    ]  # fmt: skip
    talking = [asyncio.create_task(one.run()) for one in outwards]
    try:
        await server.serve(sockets=list(listeners))
    finally:
        if not renewed:
            service.notify(service.STOPPING)
        for task in (starting, *talking):
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)
        if scheduler.running:
            scheduler.pause()  # a shutdown would cancel the beat that runs; it may end first
        await daemon.finish()
        if scheduler.running:
            scheduler.shutdown(wait=False)
        control.withdraw(house.settings.database)
    return renewed


def local_url(doorstep: Doorstep) -> str:
    """How this machine's own commands reach the daemon, whatever stands in front of it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(doorstep.host, doorstep.host)  # noqa: S104 - it is taken apart, not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{doorstep.port}"


async def _start(scheduler: AsyncIOScheduler, first: Callable[[], Awaitable[None]] | None) -> None:
    if first is not None:
        await first()
    collector.keep_out_of_the_way()
    scheduler.start()
    service.notify(service.READY)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises OSError where the port is taken."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(128)
    return listener
