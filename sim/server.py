"""The simulated world as a process of its own: all carriers and the clock under one address on this machine.

    python -m sim --state FILE --port N --seed K --parcels N --days D [--troubles SHARE] [--start ISO]

Prints ``ready <port>`` once it listens; ends when its standard input closes, that is when its parent is gone.
Started again on the same file it goes on where it stopped; the clock stands while it is down.
"""

import argparse
import asyncio
import contextlib
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.errors import OutsideError, RuleError
from net.http import Http, HttpRequest
from sim.carriers import HANDLERS, answer
from sim.clock import PLAY_SPEED, SAVE_EVERY_S, State, WorldClock, fresh, load
from sim.pushing import CONSOLES, due
from sim.shop import ZONE
from sim.sources import SOURCES
from sim.wire import Hook, Memory, Subscribed
from sim.world import ANOMALY_SHARE, World

HOST = "127.0.0.1"
HANG_S = 25.0  # longer than any caller's time-out
HANG_LOOK_S = 0.5
MAX_BODY_BYTES = 1 << 20
DEFAULT_SEED, DEFAULT_PARCELS, DEFAULT_DAYS = 7, 500, 30


@dataclass(slots=True)
class Running:
    """A world that runs: its clock, what its servers remember, and how many pushes nobody took."""

    world: World
    clock: WorldClock
    memory: Memory = field(default_factory=Memory)
    lost_pushes: int = 0


def running(path: Path, state: State, seconds: Callable[[], float] = time.monotonic) -> Running:
    world = World(
        state.seed, state.start, state.days, state.parcels, anomaly_share=state.troubles, sources=state.sources
    )
    memory = Memory(subscribed=_copied(state.subscribed), hooks=dict(state.hooks))
    return Running(world, WorldClock(path, state, seconds), memory)


def _copied(subscribed: Mapping[str, Mapping[str, Subscribed]]) -> dict[str, dict[str, Subscribed]]:
    return {source: dict(numbers) for source, numbers in subscribed.items()}


# --- pages ---


def app_of(sim: Running) -> Starlette:
    """The application: ``/clock``, ``/world``, ``/consoles/…`` and the carriers."""

    async def get_clock(_: Request) -> Response:
        return JSONResponse(sim.clock.as_json())

    async def set_clock(request: Request) -> Response:
        return await _told(sim, request, _set_clock)

    async def advance(request: Request) -> Response:
        return await _told(sim, request, lambda told: sim.clock.advance(_time(told, "to")))

    async def acted(request: Request) -> Response:
        return await _told(sim, request, lambda told: sim.clock.note(acted_until=_time(told, "until")))

    async def console(request: Request) -> Response:
        return await _told(sim, request, lambda told: _enter(sim, request.path_params["source"], told))

    def _set_clock(told: dict[str, Any]) -> None:
        sim.clock.set_speed(told.get("speed", PLAY_SPEED))

    async def world(_: Request) -> Response:
        return JSONResponse(world_json(sim.world))

    async def carrier(request: Request) -> Response:
        return await _carrier(sim, request)

    routes = [
        Route("/clock", get_clock, methods=["GET"]),
        Route("/clock", set_clock, methods=["POST"]),
        Route("/clock/advance", advance, methods=["POST"]),
        Route("/clock/acted", acted, methods=["POST"]),
        Route("/world", world, methods=["GET"]),
        Route("/consoles/{source}", console, methods=["POST"]),
        *(Route(f"/{source}{{path:path}}", carrier, methods=["GET", "POST"]) for source in HANDLERS),
    ]
    return Starlette(routes=routes, lifespan=lambda _: _living(sim))


async def _told(sim: Running, request: Request, do: Callable[[dict[str, Any]], None]) -> Response:
    try:
        told = await request.json()
        if not isinstance(told, dict):
            raise RuleError("send a JSON object")
        do(told)
    except ValueError as exc:  # RuleError, or a body that is no JSON
        return JSONResponse({"error": str(exc)}, status_code=422)
    return JSONResponse(sim.clock.as_json())


def _enter(sim: Running, source: str, told: dict[str, Any]) -> None:
    """Enter in a source's console where its pushes go: ``url``, and ``credential`` where it sends one along."""
    url = told.get("url")
    if source not in CONSOLES or not isinstance(url, str) or not url:
        raise RuleError(f"consoles/{source}: name one of {', '.join(CONSOLES)}, and an url")
    sim.memory.hook(source, Hook(url, str(told.get("credential", ""))))
    _keep(sim)


def _keep(sim: Running) -> None:
    sim.clock.note(subscribed=_copied(sim.memory.subscribed), hooks=dict(sim.memory.hooks))


def _time(told: dict[str, Any], name: str) -> datetime:
    try:
        at = datetime.fromisoformat(str(told[name]))
    except (KeyError, ValueError) as exc:
        raise RuleError(f"{name}: needs an ISO 8601 time") from exc
    if at.tzinfo is None:
        raise RuleError(f"{name}: needs an offset, such as 2026-11-22T08:00:00+08:00")
    return at


def world_json(world: World) -> dict[str, Any]:
    """What it takes to build the same world elsewhere, and its events that aren't any parcel's."""
    storm = world.storm
    return {
        "seed": world.seed,
        "troubles": world.troubles,
        "start": world.start.isoformat(),
        "days": world.days,
        "parcels": world.size,
        "sources": list(world.sources),
        "storm": storm and {"hub": storm.hub, "since": storm.since.isoformat(), "reopens": storm.reopens.isoformat()},
        "outages": [
            {"source": o.source, "since": o.since.isoformat(), "until": o.until.isoformat(), "manner": o.manner}
            for o in world.outages
        ],
    }


async def _carrier(sim: Running, request: Request) -> Response:
    body = await request.body()
    if len(body) > MAX_BODY_BYTES:
        return Response(status_code=413)
    asked = HttpRequest(request.method, str(request.url), dict(request.headers), body)
    changes = sim.memory.changes
    answered = answer(sim.world, sim.memory, asked, sim.clock.now())
    if sim.memory.changes != changes:
        _keep(sim)
    if answered is None:
        await _hang(request)
        return Response(status_code=504)
    return Response(answered.body, answered.status, dict(answered.headers))


async def _hang(request: Request) -> None:
    """Say nothing until the caller gives up."""
    for _ in range(int(HANG_S / HANG_LOOK_S)):
        if await request.is_disconnected():
            return
        await asyncio.sleep(HANG_LOOK_S)


# --- what goes on meanwhile ---


@contextlib.asynccontextmanager
async def _living(sim: Running) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(_saves(sim)), asyncio.create_task(_pushes(sim))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        sim.clock.stop()


async def _saves(sim: Running) -> None:
    while True:
        await asyncio.sleep(SAVE_EVERY_S)
        if sim.clock.state.speed:
            sim.clock.save()


async def _pushes(sim: Running) -> None:
    """Call subscribers with what came to light; one try each, as polling brings the rest."""
    async with Http("subscriber") as http:
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            if sim.memory.subscribed or sim.memory.hooks:
                await push(sim, http.send, sim.clock.now())


async def push(sim: Running, send: Callable[[HttpRequest], Awaitable[object]], now: datetime) -> None:
    calls, pushed = due(sim.world, sim.memory, sim.clock.state.pushed, now)
    for request in calls:
        try:
            await send(request)
        except OutsideError:
            sim.lost_pushes += 1
    if calls:
        sim.clock.note(pushed=pushed)


# --- the process ---


class _Server(uvicorn.Server):
    """Says once that it listens, and where."""

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            port = self.servers[0].sockets[0].getsockname()[1]
            sys.stdout.write(f"ready {port}\n")
            sys.stdout.flush()


def _until_alone(server: uvicorn.Server) -> None:
    """Wait until standard input closes, then ask the server to end."""
    while sys.stdin.buffer.read(1024):
        pass
    server.should_exit = True


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sim", description="A simulated town, shop and carriers.")
    parser.add_argument("--state", type=Path, required=True, help="the world's own file; made where it is missing")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--seed", type=int, help=f"default {DEFAULT_SEED}")
    parser.add_argument("--troubles", type=float, help=f"share of parcels that go wrong; default {ANOMALY_SHARE}")
    parser.add_argument("--parcels", type=int, help=f"default {DEFAULT_PARCELS}")
    parser.add_argument("--days", type=int, help=f"over which orders come in; default {DEFAULT_DAYS}")
    parser.add_argument("--sources", help=f"whose parcels there are; default {','.join(SOURCES)}")
    parser.add_argument("--start", help="ISO 8601 with offset; default: midnight at the shop, half of the days ago")
    return parser.parse_args(argv)


def state_of(arguments: argparse.Namespace, now: datetime) -> State:
    """The file's state, or a fresh one. Raises RuleError where the file holds another world than the one asked for."""
    asked = {name: getattr(arguments, name) for name in ("seed", "parcels", "days", "troubles")}
    start, sources = _start(arguments.start), tuple(arguments.sources.split(",")) if arguments.sources else None
    kept = load(arguments.state)
    if kept is None:
        days = asked["days"] or DEFAULT_DAYS
        seed = DEFAULT_SEED if asked["seed"] is None else asked["seed"]
        midnight = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        begin = start or midnight - timedelta(days=days // 2)
        troubles = ANOMALY_SHARE if asked["troubles"] is None else asked["troubles"]
        return fresh(
            seed=seed,
            start=begin,
            days=days,
            parcels=asked["parcels"] or DEFAULT_PARCELS,
            troubles=troubles,
            sources=sources or tuple(SOURCES),
        )
    for name, value in {**asked, "start": start, "sources": sources}.items():
        if value is not None and value != getattr(kept, name):
            raise RuleError(f"{arguments.state}: holds a world with {name} {getattr(kept, name)}, not {value}")
    return replace(kept)


def _start(text: str | None) -> datetime | None:
    if text is None:
        return None
    return _time({"start": text}, "start")


def main(argv: Sequence[str] | None = None) -> int:
    """Run until standard input closes. 2: bad arguments or state file."""
    arguments = _arguments(sys.argv[1:] if argv is None else argv)
    try:
        sim = running(arguments.state, state_of(arguments, datetime.now(ZONE)))
    except RuleError as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    config = uvicorn.Config(
        app_of(sim),
        host=HOST,
        port=arguments.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,  # callers of a carrier that is down would wait for long
    )
    server = _Server(config)
    threading.Thread(target=_until_alone, args=(server,), daemon=True).start()
    server.run()
    return 0
