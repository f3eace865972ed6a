"""A house with one Telegram group at the simulated Bot API server, over real sockets."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from chat_support import PEOPLE, a_case, read_settings, settings_file, waiting
from engines import a_store

from doorstep.chats import Channel, channels_of
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.wiring import open_house
from sim.chats.telegram import Kept, TelegramGateway
from store import cases, chat_people, mail, people

T = TypeVar("T")
TOKEN, GROUP = "777000:simulated_token", -1001234567890
USERS = {"li": 501, "sam": 502, "eve": 503, "gone": 504}


@contextlib.contextmanager
def serving(gateway: TelegramGateway, port: int) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(gateway.app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@dataclass
class Group:
    """A house, its channel and the group's people."""

    house: House
    channel: Channel
    gateway: TelegramGateway
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

    def begin(self) -> None:
        self.run(self.channel.line.enter())
        self.listen()

    def listen(self) -> int:
        return self.run(self.channel.listen())

    def message(self, case_id: int) -> Kept:
        """A case's message as the group sees it."""
        letters = self.house.store.read(mail.letters_about, "case", str(case_id))
        number = next(x.remote_id for x in letters if x.channel == self.channel.name and x.remote_id)
        return self.gateway.messages[GROUP, int(number)]

    def history(self, case_id: int) -> list[tuple[str, str | None]]:
        return [(fact.event.value, fact.by) for fact in self.house.store.read(cases.history_of, case_id)]


def table(url: str, *, per_minute: int = 600) -> str:
    return f'[chats.telegram.desk]\ntoken = "{TOKEN}"\nchat = {GROUP}\nlang = "en"\nbase_url = "{url}"\nper_minute = {per_minute}\n'


def a_group(
    folder: Path, gateway: TelegramGateway, url: str, *, link: bool = True, per_minute: int = 600, more: str = ""
) -> Group:
    laid = table(url, per_minute=per_minute) + more
    clock = SetClock(datetime.now(UTC).replace(microsecond=0))
    store = a_store(folder / "chat.sqlite3")
    house = replace(open_house(read_settings(settings_file(folder, laid)), store, now=clock), wall=clock)
    for person in PEOPLE:
        store.write(people.save_person, person)
        if link:
            store.write(chat_people.link, "telegram", str(USERS[person.id]), person.id, now=clock.at)
    [channel] = channels_of(house)
    return Group(house, channel, gateway, clock)
