"""The demo: the real daemon beside a simulated town whose carriers answer over HTTP in their own wire formats.

The town runs as a process of its own and is asked for the time. First 21 days are played as fast as they go, then a
minute passes each second. Signatures, tokens, links and sessions stay on wall time throughout.
"""

import asyncio
import json
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import typer

from carriers.registry import CARRIERS
from config.settings import Settings
from domain.errors import RuleError
from doorstep import logs
from doorstep.clock import wall
from doorstep.daemon import Daemon, listen, serve
from doorstep.house import House
from doorstep.running import greet, read_settings
from doorstep.simulated import StoreReads, along_streets, prepare
from doorstep.solving import Apart
from doorstep.wiring import lines_of, open_house
from net.http import Http, HttpRequest
from scheduler.router import Steps
from sim import town
from sim.acting import Door
from sim.carriers import settings as town_settings
from sim.people import acts
from sim.pushing import CONSOLES
from sim.world import World
from store.base import Store

PLAYED_DAYS = 21
MORE_DAYS = 21
MORNING = timedelta(hours=9, minutes=15)
"""The past is played up to this hour: today's routes have just been sent, and the couriers set out."""
STEP = timedelta(minutes=30)
SPEED = 60
SOLVE_STEPS = 100


def run_demo(folder: Path, *, port: int, parcels: int, seed: int, days: int, troubles: float, fresh: bool) -> None:
    """Run until SIGTERM or SIGINT; started again, go on where it stopped.

    ``troubles``: the share of parcels that go wrong; by default far more than in life, so that every kind of case is there to look at.
    """
    if fresh and folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    logs.set_up("warning")
    listener = _listen(port)
    sim = start_sim(folder, seed=seed, parcels=parcels, days=days, troubles=troubles)
    try:
        settings = write_settings(folder, port, sim.port)
        with Store(settings.database) as store:
            asyncio.run(_live(settings, store, sim, listener, _key(folder)))
    finally:
        sim.stop()


def _listen(port: int) -> Any:
    try:
        return listen("127.0.0.1", port)
    except OSError as exc:
        raise RuleError(
            f"port {port} is in use ({exc.strerror}): stop what uses it, or choose another with --port"
        ) from exc


# --- the town's process --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SimProcess:
    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Close its input: it saves its clock and ends."""
        if self.process.stdin:
            self.process.stdin.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()


def start_sim(folder: Path, *, seed: int, parcels: int, days: int, troubles: float) -> SimProcess:
    """Start the town's process, or go on with its file. Raises RuleError where it doesn't come up."""
    state = folder / "world.json"
    start = (wall() - timedelta(days=days)).astimezone(timezone_of_shop())
    begin = start.replace(hour=0, minute=0, second=0, microsecond=0).isoformat()
    given = ["--seed", str(seed), "--parcels", str(parcels), "--days", str(days + MORE_DAYS)]
    given += ["--start", begin, "--troubles", str(troubles)]
    command = [sys.executable, "-m", "sim", "--state", str(state), *([] if state.exists() else given)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    assert process.stdout is not None
    line = process.stdout.readline().split()
    if len(line) != 2 or line[0] != "ready":
        process.kill()
        raise RuleError(f"the simulated town did not start; remove {folder} or run the demo with --fresh")
    return SimProcess(process, int(line[1]))


def timezone_of_shop() -> Any:
    from sim.shop import ZONE

    return ZONE


def write_settings(folder: Path, port: int, sim_port: int) -> Settings:
    """The demo's own settings file: the same that a merchant would write, with the town's carriers."""
    (folder / "town.geojson").write_text(json.dumps(town.town_geojson(), ensure_ascii=False), encoding="utf-8")
    base, depot = f"http://127.0.0.1:{sim_port}", town.depot()
    text = f"""# Written anew at each start of `doorstep demo`.
[doorstep]
database = "doorstep.sqlite3"
port = {port}
shop = "晴天小铺 Sunny Day Shop"
clock_url = "{base}/clock"
reachable = true

{_carrier_tables(base)}
[[depots]]
id = "east"
name = "东区仓 East depot"
lat = {depot.lat}
lon = {depot.lon}
cut_off = "09:00"

[[collectors]]
id = "swift"
name = "快捷城配 Swift City Couriers"
depots = ["east"]
licence = "演示20260001A"
licence_until = 2099-12-31
fixed_cents = 3000
cost_per_stop_cents = 300
cost_per_km_cents = 120
cost_per_hour_cents = 2500

[[couriers]]
id = "zhao"
name = "赵师傅"
collector = "swift"
depot = "east"
shift = ["09:30", "19:00"]
capacity = 25
breaks = [{{ between = ["11:30", "13:30"], for_min = 40 }}]

[[couriers]]
id = "qian"
name = "钱师傅"
collector = "swift"
depot = "east"
shift = ["10:00", "20:00"]
capacity = 25
breaks = [{{ between = ["12:00", "14:00"], for_min = 40 }}]

[map]
geojson = "town.geojson"
"""
    file = folder / "doorstep.toml"
    file.write_text(text, encoding="utf-8")
    return read_settings(file)


PRICES: Mapping[str, Mapping[str, float]] = {"kuaidi100": {"price": 0.05, "daily_cap": 30.0}}
"""What the town's shop pays, so that the page of sources has something to show: not anybody's price list."""


def _carrier_tables(base: str) -> str:
    """The town's carriers, as far as the house can ask them, an account each."""
    tables = {
        source: {**keys, **PRICES.get(source, {})} for source, keys in town_settings(base).items() if source in CARRIERS
    }
    return "\n".join(
        "\n".join([f"[carriers.{source}.main]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items()), ""])
        for source, keys in tables.items()
    )


def _key(folder: Path) -> str:
    """The key of the simulated shop's system, made once."""
    file = folder / "shop.key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(f"ds_{secrets.token_urlsafe(32)}")
    return file.read_text()


# --- living in simulated time --------------------------------------------------------------------------------------


class TownClock:
    """The town's time as it was last told, running on at its speed; it never goes back."""

    def __init__(self) -> None:
        self._at, self._told_at, self._speed = datetime(2020, 1, 1, tzinfo=UTC), time.monotonic(), 0
        self._shown = self._at

    def tell(self, at: datetime, speed: int) -> None:
        self._at, self._told_at, self._speed = at, time.monotonic(), speed

    def __call__(self) -> datetime:
        running = self._at + timedelta(seconds=(time.monotonic() - self._told_at) * self._speed)
        self._shown = max(self._shown, running)
        return self._shown


class Town:
    """Asks the town's process for the time and sends on what its people do."""

    def __init__(self, sim: SimProcess, key: str, door: str) -> None:
        self._sim, self._http = sim, Http("town")
        self._door = Door(door, key)
        self._to_house = Http("house")
        self.clock = TownClock()
        self.world: World

    async def ask(self, path: str, **told: Any) -> dict[str, Any]:
        body = json.dumps(told).encode() if told else b""
        headers = {"content-type": "application/json"}
        method = "POST" if told else "GET"
        reply = await self._http.send(HttpRequest(method, f"{self._sim.url}{path}", headers, body))
        answer: dict[str, Any] = json.loads(reply.body)
        return answer

    async def look(self) -> dict[str, Any]:
        state = await self.ask("/clock")
        self.clock.tell(datetime.fromisoformat(state["now"]), state["speed"])
        return state

    async def build(self) -> None:
        told = await self.ask("/world")
        start = datetime.fromisoformat(told["start"])
        self.world = World(
            told["seed"],
            start,
            told["days"],
            told["parcels"],
            anomaly_share=told["troubles"],
            sources=told["sources"],
        )

    async def enter_consoles(self, house: House) -> None:
        """Tell each source whose address for pushes is entered in its console where we are."""
        for source in CONSOLES:
            for account, settings in house.settings.carriers.get(source, {}).items():
                credential = getattr(settings, "push_credential", "")
                await self.ask(f"/consoles/{source}", url=house.callback_url(source, account), credential=credential)

    async def act(self, reads: StoreReads, now: datetime) -> None:
        """Let the people do what they do until ``now``; what they did already is known by its key."""
        state = await self.ask("/clock")
        since = datetime.fromisoformat(state["acted_until"])
        if now <= since:
            return
        for request in acts(self.world, reads, since, now, self._door):
            await self._to_house.send(request)
        await self.ask("/clock/acted", until=now.isoformat())

    async def close(self) -> None:
        await self._http.close()
        await self._to_house.close()


async def _live(settings: Settings, store: Store, sim: SimProcess, listener: Any, key: str) -> None:
    town_ = Town(sim, key, settings.doorstep.public_url)
    await town_.build()
    await town_.look()
    house = open_house(settings, store, now=town_.clock, between=along_streets)
    prepare(house, key)
    await town_.enter_consoles(house)
    greet(house)

    async def before() -> None:
        await town_.look()
        await town_.act(StoreReads(store), house.now())

    daemon = Daemon(house, lines_of(settings), Apart(Steps(SOLVE_STEPS)), rng=Random(town_.world.seed), before=before)
    try:
        await serve(
            daemon, listener, speed=_speed(town_, asyncio.get_running_loop()), first=lambda: play(daemon, town_, house)
        )
    finally:
        await town_.close()


def _speed(town_: Town, loop: asyncio.AbstractEventLoop) -> Callable[[int], None]:
    def set_speed(speed: int) -> None:
        asyncio.run_coroutine_threadsafe(town_.ask("/clock", speed=speed), loop).result(timeout=10)

    return set_speed


async def play(daemon: Daemon, town_: Town, house: House) -> None:
    """Play the past as fast as it goes, once; then let a minute pass each second."""
    state = await town_.look()
    until = town_.world.start + timedelta(days=town_.world.days - MORE_DAYS) + MORNING
    now = datetime.fromisoformat(state["now"])
    if not state["played"]:
        began = time.monotonic()
        while now < until:
            now = min(now + STEP, until)
            await town_.ask("/clock/advance", to=now.isoformat())
            await daemon.beat(now)
            _progress(now, town_.world.start, until)
        typer.echo(
            f"\nThe past was played in {time.monotonic() - began:.0f} s. {house.settings.doorstep.public_url} is live: a minute passes each second."
        )
    if state["speed"] == 0:
        await town_.ask("/clock", speed=SPEED)


def _progress(now: datetime, start: datetime, until: datetime) -> None:
    done = (now - start) / (until - start)
    if sys.stdout.isatty():
        bar = "█" * int(done * 30)
        typer.echo(f"\rplaying the past |{bar:<30}| {now:%m-%d}", nl=False)
