"""A house with one Matrix channel at a real homeserver, cases to talk about, and ways to look at what came of it."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from engines import a_store
from synapse import Synapse, User

from config.settings import Settings, load
from domain.case import Finding, Kind, Severity, Subject, SubjectType
from domain.shipment import Customer, Item, Order, Shipment
from domain.words import Words
from doorstep.chats import Channel, channels_of
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.wiring import STRUCTS, open_house
from monitor.look import open_and_say
from store import cases, chat_people, intake, mail, people
from store.base import Db, Store
from store.people import Person

T = TypeVar("T")
PEOPLE = (
    Person("li", "李梅", "agent"),
    Person("sam", "Sam", "lead"),
    Person("eve", "Eve", "viewer"),
    Person("gone", "Gone", "agent", active=False),
)


def settings_file(folder: Path, text: str = "", *, port: int = 8722) -> Path:
    file = folder / "doorstep.toml"
    file.write_text(f'[doorstep]\nlang = "en"\nport = {port}\n{text}', encoding="utf-8")
    return file


def matrix_table(
    server_url: str, bot: User, room: str, *, name: str = "desk", lang: str = "en", per_minute: int = 6_000
) -> str:
    return (
        f'[chats.matrix.{name}]\nhomeserver = "{server_url}"\nuser = "{bot.id}"\ntoken = "{bot.token}"\nroom = "{room}"\n'
        f'lang = "{lang}"\nper_minute = {per_minute}\n'
    )


def read_settings(file: Path) -> Settings:
    return load(file, environ={}, structs=STRUCTS)


COMPLAINT = Words("evidence.disputed", {"text": "收到一个空盒子"})


def an_order(db: Db, n: int, *, now: datetime) -> int:
    item = Item("SKU-1", "杯子", 1, 5_900)
    customer = Customer(name="王小明", phone="13812345678", address="梧桐路 18 号 3 单元 502 室")
    intake.add_order(db, Order(f"O{n}", (item,), now, customer=customer))
    shipment = Shipment(f"ZT{n:08d}", "zhongtong", "kuaidi100", now, order_ref=f"O{n}")
    return int(intake.add_shipment(db, shipment, next_poll_at=now + timedelta(days=9), alarm_at=None).id)


def a_case(
    db: Db,
    house: House,
    n: int,
    *,
    severity: Severity = Severity.WARN,
    kind: Kind = Kind.DISPUTED,
    words: Words = COMPLAINT,
) -> int:
    now = house.now()
    shipment = an_order(db, n, now=now)
    finding = Finding(
        kind, Subject(SubjectType.SHIPMENT, str(shipment)), now, (words,),
        severity=severity, next_step=Words(f"next.{kind.value}", {}),
    )  # fmt: skip
    return open_and_say(db, finding, house.policy, now=now, order_ref=f"O{n}")


@dataclass
class Room:
    """A house, its channel, and the people of its room."""

    house: House
    channel: Channel
    server: Synapse
    id: str
    bot: User
    staff: dict[str, User]
    clock: SetClock
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)

    def run(self, task: Coroutine[Any, Any, T]) -> T:
        """All on one loop: connections stay open from one step to the next."""
        return self.runner.run(task)

    def close(self) -> None:
        self.run(self.channel.line.close())
        self.runner.close()
        self.store.close()
        for user in (self.bot, *self.staff.values()):
            user.http.close()

    @property
    def store(self) -> Store:
        return self.house.store

    def open(self, n: int = 1, **more: Any) -> int:
        return self.store.write(a_case, self.house, n, **more)

    def send(self) -> None:
        """Send everything that is due; what waits for something is tried again a little later."""
        self.run(self._send())

    async def _send(self) -> None:
        for _ in range(30):
            await self.channel.send_due()
            left = await self.store.aread(waiting, self.channel.name, self.clock.at)
            if not left:
                return
            self.clock.set(self.clock.at + timedelta(seconds=1))
        raise AssertionError(f"not sent: {left}")

    def listen(self) -> int:
        return self.run(self.channel.listen())

    def begin(self) -> None:
        """Come into the room, and listen from now on."""
        self.run(self._begin())

    async def _begin(self) -> None:
        await self.channel.line.enter()
        await self.channel.listen()

    def message(self, case_id: int) -> str:
        """The id of a case's message."""
        found = [
            x.remote_id for x in self.store.read(mail.letters_about, "case", str(case_id))
            if x.channel == self.channel.name and x.remote_id
        ]  # fmt: skip
        return found[0]

    def shown(self, case_id: int) -> str:
        """A case's message as people see it."""
        return str(self.staff["li"].message(self.id, self.message(case_id))["body"])

    def history(self, case_id: int) -> list[tuple[str, str | None]]:
        return [(fact.event.value, fact.by) for fact in self.store.read(cases.history_of, case_id)]

    def from_bot(self) -> list[dict[str, Any]]:
        """What the bot sent into the room."""
        return [
            e for e in self.staff["li"].events(self.id) if e["sender"] == self.bot.id and e["type"] == "m.room.message"
        ]


def waiting(db: Db, channel: str, now: datetime) -> list[str]:
    """Letters of a channel that are due and weren't sent."""
    rows = db.exec_driver_sql(
        "SELECT id || ' ' || error FROM outbox WHERE channel = ? AND sent_at IS NULL AND dead_at IS NULL AND due_at <= ?",
        (channel, int(now.timestamp())),
    )
    return [row[0] for row in rows]


def a_room(folder: Path, server: Synapse, suffix: str, *, link: bool = True, more: str = "", **table: Any) -> Room:
    """A room at the homeserver with the bot and the desk in it, and a house that speaks there."""
    bot = server.user(f"bot{suffix}")
    staff = {person.id: server.user(f"{person.id}{suffix}") for person in PEOPLE}
    room = staff["li"].create_room(bot.id, *(user.id for name, user in staff.items() if name != "li"))
    for name, user in staff.items():
        if name != "li":
            user.join(room)
    settings = read_settings(settings_file(folder, matrix_table(server.url, bot, room, **table) + more))
    clock = SetClock(datetime.now(UTC).replace(microsecond=0))
    store = a_store(folder / "chat.sqlite3")
    house = open_house(settings, store, now=clock)
    for person in PEOPLE:
        store.write(people.save_person, person)
        if link:
            store.write(chat_people.link, "matrix", staff[person.id].id, person.id, now=clock.at)
    [channel] = channels_of(house)
    return Room(house, channel, server, room, bot, staff, clock)
