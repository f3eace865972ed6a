"""A house with one Slack channel at the simulated workspace, over real sockets."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
from chat_support import PEOPLE, a_case, read_settings, settings_file, waiting
from engines import a_store

from doorstep.chats import Channel, channels_of
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.web.app import create_app
from doorstep.web.chat_hooks import chat_hook_router
from doorstep.wiring import open_house
from sim.chats.slack import Kept, SlackGateway
from store import cases, chat_people, mail, people

T = TypeVar("T")
TOKEN, APP_TOKEN, SECRET = "xoxb-1-simulated", "xapp-1-simulated", "simulated-signing-secret"
TEAM, CHANNEL = "T0DESK", "C0DESK"
USERS = {"li": "U0LI", "sam": "U0SAM", "eve": "U0EVE", "gone": "U0GONE"}
PATIENCE_S = 20.0
HOOK = "/chats/slack/desk"


def a_gateway(**more: Any) -> SlackGateway:
    return SlackGateway(TOKEN, APP_TOKEN, SECRET, team=TEAM, channel=CHANNEL, **more)


def table(url: str, *, socket: bool = True, per_minute: int = 600) -> str:
    way = f'app_token = "{APP_TOKEN}"' if socket else f'signing_secret = "{SECRET}"'
    return (
        f'[chats.slack.desk]\ntoken = "{TOKEN}"\nteam = "{TEAM}"\nchannel = "{CHANNEL}"\n{way}\nlang = "en"\n'
        f'base_url = "{url}/api"\nper_minute = {per_minute}\n'
    )


@dataclass
class Desk:
    """A house, its channel and the workspace's people."""

    house: House
    channel: Channel
    gateway: SlackGateway
    clock: SetClock
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)

    def run(self, task: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(task)

    def close(self) -> None:
        self.run(self.channel.line.close())
        self.runner.close()
        self.house.store.close()

    def open(self, n: int = 1, **more: Any) -> int:
        return self.house.store.write(a_case, self.house, n, **more)

    def send(self) -> None:
        """Send everything that is due, on a clock that jumps to whatever it waits for."""
        for _ in range(60):
            wait = self.run(self.channel.send_due())
            if not self.house.store.read(waiting, self.channel.name, self.clock.at):
                return
            self.clock.set(self.clock.at + timedelta(seconds=max(wait, 1)))
        raise AssertionError("not sent")

    def shown(self, n: int = 1) -> tuple[int, Kept]:
        """An open case and its message in the channel."""
        case = self.open(n)
        self.send()
        return case, self.message(case)

    def listen_until(self, done: Callable[[], bool]) -> None:
        """Listen on the long connection until something happened."""
        self.run(self._listen_until(done))

    async def _listen_until(self, done: Callable[[], bool]) -> None:
        assert self.channel.listening is not None
        listening = asyncio.create_task(self.channel.listening.once())
        async with asyncio.timeout(PATIENCE_S):
            while not done() and not listening.done():  # noqa: ASYNC110 - people act in the gateway's thread
                await asyncio.sleep(0.01)
        if listening.done():
            listening.result()
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening

    def call(self, headers: dict[str, str], body: bytes, *, path: str = HOOK, method: str = "POST") -> httpx.Response:
        return self.run(self.calls([(headers, body)], path=path, method=method))[0]

    async def calls(
        self, requests: list[tuple[dict[str, str], bytes]], *, path: str = HOOK, method: str = "POST"
    ) -> list[httpx.Response]:
        """Call our own address, all at once."""
        app = create_app(self.house, extra_routers=(chat_hook_router(self.house),))
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://desk.test") as client:
            return await asyncio.gather(
                *(client.request(method, path, content=body, headers=headers) for headers, body in requests)
            )

    def message(self, case_id: int) -> Kept:
        """A case's message as the channel sees it."""
        letters = self.house.store.read(mail.letters_about, "case", str(case_id))
        ts = next(x.remote_id for x in letters if x.channel == self.channel.name and x.remote_id)
        return self.gateway.messages[CHANNEL, ts]

    def history(self, case_id: int) -> list[tuple[str, str | None]]:
        return [(fact.event.value, fact.by) for fact in self.house.store.read(cases.history_of, case_id)]

    def deeds(self, case_id: int) -> list[tuple[str, str | None]]:
        """What people did to it."""
        return [(event, by) for event, by in self.history(case_id) if by]


def a_desk(
    folder: Path, gateway: SlackGateway, url: str, *, link: bool = True, socket: bool = True, per_minute: int = 600
) -> Desk:
    gateway.base = url
    clock = SetClock(datetime.now(UTC).replace(microsecond=0))
    gateway.clock = lambda: clock().timestamp()
    store = a_store(folder / "chat.sqlite3")
    settings = read_settings(settings_file(folder, table(url, socket=socket, per_minute=per_minute)))
    house = replace(open_house(settings, store, now=clock), wall=clock)
    for person in PEOPLE:
        store.write(people.save_person, person)
        if link:
            store.write(chat_people.link, "slack", f"{TEAM}/{USERS[person.id]}", person.id, now=clock.at)
    [channel] = channels_of(house)
    return Desk(house, channel, gateway, clock)
