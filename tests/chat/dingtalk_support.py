"""A house with one DingTalk group at the simulated platform, over real sockets, all on one loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from chat_support import PEOPLE, a_case, read_settings, settings_file, waiting

from doorstep.chats import Channel, channels_of
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.wiring import open_house
from sim.chats.dingtalk import DingtalkGateway, Kept
from store import cases, chat_people, mail, people
from store.base import Store

APP, SECRET, CORP, GROUP, TEMPLATE = "dingsim1", "sim_secret", "dingcorp1", "cidDesk1==", "00000000-desk.schema"
USERS = {"li": "0165li", "sam": "0165sam", "eve": "0165eve", "gone": "0165gone"}


def a_gateway(**more: Any) -> DingtalkGateway:
    return DingtalkGateway(APP, SECRET, corp=CORP, conversation=GROUP, template=TEMPLATE, **more)


@contextlib.asynccontextmanager
async def serving(gateway: Any, **more: Any) -> AsyncIterator[str]:
    """A simulated platform at a port of its own; its address."""
    server = uvicorn.Server(
        uvicorn.Config(
            gateway.app, host="127.0.0.1", port=0, log_level="error", ws="websockets-sansio", lifespan="off", **more
        )
    )
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await gateway.drop()
    await task


@dataclass
class Desk:
    """A house, its channel and the group's people."""

    house: House
    channel: Channel
    gateway: DingtalkGateway
    clock: SetClock

    def open(self, n: int = 1) -> int:
        return self.house.store.write(a_case, self.house, n)

    async def send(self) -> None:
        """Send everything that is due, on a clock that jumps to whatever it waits for."""
        for _ in range(60):
            wait = await self.channel.send_due()
            if not self.house.store.read(waiting, self.channel.name, self.clock.at):
                return
            self.clock.set(self.clock.at + timedelta(seconds=max(wait, 1)))
        raise AssertionError("not sent")

    def card(self, case_id: int) -> Kept:
        letters = self.house.store.read(mail.letters_about, "case", str(case_id))
        return self.gateway.cards[next(x.remote_id for x in letters if x.channel == self.channel.name and x.remote_id)]

    def history(self, case_id: int) -> list[tuple[str, str | None]]:
        return [(fact.event.value, fact.by) for fact in self.house.store.read(cases.history_of, case_id)]

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        assert self.channel.listening is not None
        task = asyncio.create_task(self.channel.listening.once())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def a_desk(folder: Path, gateway: DingtalkGateway, url: str, *, link: bool = True, per_minute: int = 1_000) -> Desk:
    table = (
        f'[chats.dingtalk.desk]\nclient_id = "{APP}"\nclient_secret = "{SECRET}"\ncorp = "{CORP}"\nconversation = "{GROUP}"\n'
        f'template = "{TEMPLATE}"\nlang = "en"\nbase_url = "{url}"\nper_minute = {per_minute}\n'
    )
    clock = SetClock(datetime.now(UTC).replace(microsecond=0))
    store = Store(folder / "chat.sqlite3", synchronous="OFF")
    house = replace(open_house(read_settings(settings_file(folder, table)), store, now=clock), wall=clock)
    for person in PEOPLE:
        store.write(people.save_person, person)
        if link:
            store.write(chat_people.link, "dingtalk", f"{CORP}/{USERS[person.id]}", person.id, now=clock.at)
    [channel] = channels_of(house)
    return Desk(house, channel, gateway, clock)


def run(
    folder: Path, talk: Callable[[Desk], Awaitable[None]], *, gateway: DingtalkGateway | None = None, **more: Any
) -> None:
    """One conversation from beginning to end."""

    async def whole() -> None:
        used = gateway or a_gateway()
        async with serving(used) as url:
            desk = a_desk(folder, used, url, **more)
            try:
                await talk(desk)
            finally:
                await desk.channel.line.close()
                desk.house.store.close()

    asyncio.run(whole())
