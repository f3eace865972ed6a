"""A house with the console and two chat channels in which many parcels fall silent at once: what its real tick makes of that.

The homeserver is a function: every message that leaves is counted with the moment when it left.
"""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from engines import a_store
from monitor_support import START

from chat.registry import CHATS
from chat.sender import Line
from config.settings import load
from domain.shipment import Shipment
from domain.tracking import Certainty, EventTime, Milestone, ParcelReading, ScanEvent, Zone
from doorstep import outbox
from doorstep.chats import Channel, accounts_of
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.wiring import STRUCTS, open_house
from monitor.tick import tick
from net.http import Http
from store import asking, due, intake, people, tracking
from store.asking import Polled
from store.base import Db, Store
from store.people import Person

SETTINGS = '[doorstep]\nlang = "en"\nport = 8722\n' + "".join(
    f'[chats.matrix.{name}]\nhomeserver = "https://m.example.com"\nuser = "@doorstep:example.com"\ntoken = "t"\n'
    f'room = "!{name}:example.com"\nlang = "{lang}"\n'
    for name, lang in (("desk", "zh"), ("night", "en"))
)
STALLED_AFTER = timedelta(hours=48)
"""What the shipped policy allows a parcel in transit in China between two physical scans."""
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Left:
    """A message that left the house: when, to which room, what it says first."""

    at: datetime
    room: str
    text: str
    edit: bool


@dataclass
class Stage:
    """A house whose clock the test moves, and what left it."""

    house: House
    clock: SetClock
    channels: list[Channel] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    longest_s: float = 0.0
    cpu_s: float = 0.0

    @property
    def store(self) -> Store:
        return self.house.store

    def answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        said = body.get("m.new_content", body)["body"]
        room = request.url.path.split("/rooms/")[1].split(":")[0]
        self.left.append(Left(self.clock.at, room.removeprefix("!"), said, "m.new_content" in body))
        return httpx.Response(200, json={"event_id": f"$e{len(self.left)}"})

    def tick(self) -> None:
        """One beat of the monitor, then everything that may be sent."""
        before = time.process_time()
        self.runner.run(self._tick())
        took = time.process_time() - before
        self.cpu_s, self.longest_s = self.cpu_s + took, max(self.longest_s, took)

    async def _tick(self) -> None:
        house = self.house
        await tick(house.store, {}, house.policy, now=self.clock.at, nonce=house.new_id, ways=house.ways)
        await outbox.send_due(house.store, now=self.clock.at)
        for channel in self.channels:
            await channel.send_due()

    def run(self, length: timedelta, step: timedelta = SECOND) -> None:
        end = self.clock.at + length
        while self.clock.at < end:
            self.clock.set(self.clock.at + step)
            self.tick()

    def in_room(self, room: str = "desk") -> list[Left]:
        return [one for one in self.left if one.room == room]

    def most_within(self, span: timedelta, room: str = "desk") -> int:
        """The most messages that any span of this length saw."""
        times = [one.at for one in self.in_room(room)]
        return max((sum(at <= other < at + span for other in times) for at in times), default=0)


@contextmanager
def stage(folder: Path, chats: str = "") -> Iterator[Stage]:
    """``chats``: settings of channels besides, which the caller opens."""
    file = folder / "doorstep.toml"
    file.write_text(SETTINGS + chats, encoding="utf-8")
    settings = load(file, environ={}, structs=STRUCTS)
    clock = SetClock(START)
    with a_store(folder / "storm.sqlite3") as store:
        house = replace(open_house(settings, store, now=clock), wall=clock)
        for person in (Person("li", "李梅", "agent"), Person("max", "Max", "agent"), Person("eve", "Eve", "viewer")):
            store.write(people.save_person, person)
        made = Stage(house, clock)
        made.channels = [
            Channel(house, Line(CHATS["matrix"], account, Http(account.channel, transport=httpx.MockTransport(made.answer))))
            for account in accounts_of(settings)
            if account.adapter == "matrix"
        ]  # fmt: skip
        yield made
        for channel in made.channels:
            made.runner.run(channel.line.close())
        made.runner.close()


@dataclass(frozen=True, slots=True)
class Fallen:
    """A parcel that fell silent at a hub: its finding becomes a case at ``at``."""

    number: str
    hub: str
    at: datetime
    carrier: str = "zhongtong"


def silent(db: Db, parcels: Sequence[Fallen], *, heard_at: datetime) -> list[int]:
    """Parcels whose last physical scan is as long ago as makes each a case at its moment; their source told of them until
    ``heard_at``, and knows nothing newer.
    """
    ids = [_shipment(db, one) for one in parcels]
    readings = [
        (shipment_id, "kuaidi100", [ParcelReading(one.number, (_scan(one),))])
        for shipment_id, one in zip(ids, parcels, strict=True)
    ]
    tracking.record(db, readings, now=START - STALLED_AFTER)
    later = heard_at + timedelta(days=30)
    asking.reschedule(db, "kuaidi100", [Polled(one, later) for one in ids], now=heard_at)
    due.set_alarms(db, [due.Alarm(shipment_id, one.at) for shipment_id, one in zip(ids, parcels, strict=True)])
    return ids


def _shipment(db: Db, one: Fallen) -> int:
    created = START - STALLED_AFTER - timedelta(hours=12)
    sent = Shipment(one.number, one.carrier, "kuaidi100", created)
    return int(intake.add_shipment(db, sent, next_poll_at=None, alarm_at=None).id)


def _scan(one: Fallen) -> ScanEvent:
    at = one.at - STALLED_AFTER
    when = EventTime(at.isoformat(), at, Zone.OFFSET, Certainty.EXACT)
    return ScanEvent("0", "in transit", Milestone.IN_TRANSIT, when, None, None, one.hub, None)


def moving(db: Db, hub: str, count: int, *, carrier: str = "zhongtong") -> None:
    """Parcels at a hub that have a long time yet before anybody worries."""
    far = START + timedelta(days=20)
    fallen = [Fallen(f"OK-{carrier}-{hub}-{n}", hub, far, carrier) for n in range(count)]
    silent(db, fallen, heard_at=START)


def look(store: Store, sql: str, *values: Any) -> list[Any]:
    return store.read(_rows, sql, values)


def _rows(db: Db, sql: str, values: tuple[Any, ...]) -> list[Any]:
    return [tuple(row) for row in db.exec_driver_sql(sql, values)]


def untold(made: Stage, channel: str) -> int:
    """Open cases without a message that was delivered there: their own, or their incident's."""
    [(count,)] = look(
        made.store,
        "SELECT count(*) FROM cases c WHERE c.closed_at IS NULL AND NOT EXISTS (SELECT 1 FROM outbox o WHERE"
        " o.channel = ? AND o.kind = 'alert' AND o.sent_at IS NOT NULL AND (o.channel = 'console' OR o.remote_id != '') AND"
        " ((o.subject_type = 'case' AND o.subject_id = CAST(c.id AS TEXT)) OR"
        " (o.subject_type = 'incident' AND o.subject_id = CAST(c.incident_id AS TEXT))))",
        channel,
    )
    return int(count)


CARRIERS = ("zhongtong", "yuantong", "yunda", "shentong", "jtexpress")


def fall(made: Stage, findings: int, causes: int) -> None:
    """So many findings of so many hubs, evenly over a minute from the start, beside parcels that move."""
    fallen = [
        Fallen(
            f"ZT{n:07d}", f"hub {n % causes}", START + 60 * SECOND * n / findings, CARRIERS[n % causes % len(CARRIERS)]
        )
        for n in range(findings)
    ]
    made.store.write(silent, fallen, heard_at=START + 40 * timedelta(hours=1))
    for carrier in CARRIERS:
        made.store.write(moving, "elsewhere", findings // 5, carrier=carrier)
