"""A house with one channel at a simulated platform, over real sockets, all on one loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from chat_support import PEOPLE, a_case, read_settings, settings_file, waiting
from engines import a_store

from doorstep.chats import Channel, channels_of
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.operations import perform
from doorstep.wiring import open_house
from store import cases, chat_people, mail, people


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
    """A house, its channel and the platform with the group's people."""

    house: House
    channel: Channel
    gateway: Any
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

    def remote_id(self, case_id: int) -> str:
        """The platform's id of a case's message."""
        letters = self.house.store.read(mail.letters_about, "case", str(case_id))
        return next(x.remote_id for x in letters if x.channel == self.channel.name and x.remote_id)

    async def asked(self, operation: str, **params: Any) -> Any:
        """An operation of the command line's, on a thread of its own as the daemon does it."""
        return await asyncio.to_thread(perform, self.house, operation, {"channel": self.channel.name, **params})

    def history(self, case_id: int) -> list[tuple[str, str | None]]:
        return [(fact.event.value, fact.by) for fact in self.house.store.read(cases.history_of, case_id)]

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        assert self.channel.listening is not None
        task = asyncio.create_task(self.channel.listening.once())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def open_desk(
    kind: type[Any], folder: Path, table: str, gateway: Any, identities: Mapping[str, str], *, link: bool = True
) -> Any:
    """A house whose settings end with ``table``; ``identities``: the platform's own, by person."""
    clock = SetClock(datetime.now(UTC).replace(microsecond=0))
    store = a_store(folder / "chat.sqlite3")
    house = replace(open_house(read_settings(settings_file(folder, table)), store, now=clock), wall=clock)
    [channel] = channels_of(house)
    for person in PEOPLE:
        store.write(people.save_person, person)
        if link:
            adapter = channel.name.partition(":")[0]
            store.write(chat_people.link, adapter, identities[person.id], person.id, now=clock.at)
    return kind(house, channel, gateway, clock)


def converse(gateway: Any, open_: Callable[[str], Any], talk: Callable[[Any], Awaitable[None]]) -> None:
    """One conversation from beginning to end."""

    async def whole() -> None:
        async with serving(gateway) as url:
            desk = open_(url)
            try:
                await talk(desk)
            finally:
                await desk.channel.line.close()
                desk.house.store.close()

    asyncio.run(whole())
