"""Not reading what a source says again changes nothing: polls with and without digests leave the same database."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from engines import a_store
from monitor_support import POLICY, START, at, scan, with_shipment

from carriers.base import Carrier
from carriers.registry import CARRIERS
from carriers.sender import Answer, answer_of
from domain.shipment import Shipment
from domain.tracking import Ask, Found, Milestone, ParcelReading
from monitor import look
from monitor.poll import ask_of, keep, take_in
from net.http import HttpReply
from store import asking, check, dialect, due, intake, sources, tracking
from store.asking import Due
from store.base import Db, Store

RECORDED = Path(__file__).parents[1] / "carriers" / "recorded"
POLLED = [carrier for carrier in CARRIERS.values() if carrier.asks]
STEPS = 30
SHIPMENTS = 6
ACCOUNT = "main"


@dataclass(frozen=True)
class Saying:
    """A recorded reply and the number that it was asked about."""

    number: str
    status: int
    body: bytes

    def reply(self, body: bytes | None = None) -> HttpReply:
        return HttpReply(self.status, {}, self.body if body is None else body)


@cache
def sayings(source: str) -> tuple[list[Saying], list[Saying]]:
    """What a source was recorded to say of parcels that it found, one for each number; and everything else."""
    found: dict[str, Saying] = {}
    rest: list[Saying] = []
    for golden in sorted((RECORDED / source).glob("*.golden.json")):
        kept = json.loads(golden.read_text(encoding="utf-8"))
        body = golden.with_name(golden.name.replace(".golden", "")).read_bytes()
        saying = Saying(kept["asked"]["number"], kept["asked"]["status"], body)
        if kept["asked"]["push"]:
            continue
        if kept["report"]["result"] == "found":
            found.setdefault(saying.number, saying)
        else:
            rest.append(saying)
    return list(found.values())[:SHIPMENTS], rest


def shuffled(value: Any, rng: Random) -> Any:
    """The same JSON with its lists in another order, some without their last entries: news comes and goes."""
    if isinstance(value, str) and value.startswith("{"):
        return json.dumps(shuffled(json.loads(value), rng), ensure_ascii=False)
    if isinstance(value, dict):
        return {key: shuffled(inner, rng) for key, inner in value.items()}
    if isinstance(value, list):
        shown = value[: rng.randint(1, len(value))] if value and rng.random() < 0.3 else value
        return rng.sample([shuffled(inner, rng) for inner in shown], len(shown))
    return value


def answers(saying: Saying, others: Sequence[Saying], rng: Random) -> Iterator[HttpReply]:
    """One number's replies over time: mostly the same, sometimes changed, reordered, shortened, or a failure."""
    body = saying.body
    while True:
        chance = rng.random()
        if chance < 0.25:
            body = json.dumps(shuffled(json.loads(saying.body), rng), ensure_ascii=False).encode()
        elif chance < 0.35 and others:
            yield rng.choice(others).reply()
            continue
        elif chance < 0.4:
            yield HttpReply(503, {}, b"")
            continue
        yield saying.reply(body)


def apart(reply: HttpReply, asks: Sequence[Ask]) -> list[bytes | None]:
    """Nothing can be told apart: everything is read every time."""
    del reply
    return [None] * len(asks)


class House:
    """A store whose shipments are asked about by one source."""

    def __init__(self, store: Store, carrier: Carrier, numbers: Sequence[str]) -> None:
        self.store, self.carrier = store, carrier
        self.same = 0
        for number in numbers:
            store.write(add, Shipment(number, "zhongtong", carrier.id, START, region="cn", promised_at=at(96)))

    def poll(self, replies: Sequence[tuple[str, HttpReply]], now: datetime) -> None:
        asked = [self.asked(number, reply, now) for number, reply in replies]
        self.same += sum(not answer.is_news for _, answer in asked)
        self.store.write(keep, self.carrier, ACCOUNT, asked, POLICY, now=now)

    def asked(self, number: str, reply: HttpReply, now: datetime) -> tuple[list[Due], Answer]:
        one = self.store.read(asking.asked_of, self.carrier.id, ACCOUNT, number)
        assert one
        return [one], answer_of(self.carrier, reply, [ask_of(one)], [one.told], now)

    def beat(self, now: datetime) -> None:
        self.store.write(tick, now)

    def kept(self) -> dict[str, list[Any]]:
        return self.store.read(everything)


def add(db: Db, shipment: Shipment) -> None:
    intake.add_shipment(db, shipment, next_poll_at=START, alarm_at=START)


def tick(db: Db, now: datetime) -> None:
    """What the daemon's tick does between polls: future scans come into effect, due alarms are looked at."""
    changed = tracking.refold_due(db, now=now)
    look.look_at(db, sorted({*changed, *due.due_alarms(db, now=now, limit=100)}), POLICY, now=now)


NOT_COMPARED = frozenset({"raw_reply", "alembic_version", "meta"})
"""The bodies of replies that say the same again aren't kept again."""


def everything(db: Db) -> dict[str, list[Any]]:
    """Every row of every table, but for the digests themselves."""
    names = dialect.tables(db)
    kept = {}
    for name in names:
        if name not in NOT_COMPARED:
            rows = db.exec_driver_sql(f'SELECT * FROM "{name}"').mappings().all()
            kept[name] = sorted(repr({k: v for k, v in row.items() if k != "told"}) for row in rows)
    return kept


@contextmanager
def two(tmp_path: Path, carrier: Carrier, numbers: Sequence[str]) -> Iterator[tuple[House, House]]:
    """A house that knows what it was told, and one that reads everything every time."""
    with a_store(tmp_path / "a" / "d.sqlite3") as knowing:  # noqa: SIM117
        with a_store(tmp_path / "b" / "d.sqlite3") as reading:
            yield House(knowing, carrier, numbers), House(reading, replace(carrier, parts=apart), numbers)


def moved(db: Db, number: str, carrier: str, now: datetime) -> None:
    for shipment in tracking.shipment_ids_by_number(db, number):
        intake.move_shipment(db, shipment, carrier, now=now)


def told_by_hand(db: Db, number: str, hours: float, now: datetime) -> None:
    """Another source tells of the parcel, too, under an identity of its own."""
    one = tracking.shipment_ids_by_number(db, number)[0]
    events = (scan(Milestone.OUT_FOR_DELIVERY, hours), scan(Milestone.IN_TRANSIT, hours + 60))
    reading = Found((ParcelReading(number, events, f"hand-{number}"),))
    manual = CARRIERS["manual"]
    take_in(
        db,
        manual,
        [(Due(one, number, "zhongtong", "", "", now), reading)],
        sources.state(db, "manual", ACCOUNT),
        POLICY,
        now=now,
    )


@pytest.mark.parametrize("carrier", POLLED, ids=lambda carrier: carrier.id)
@pytest.mark.parametrize("seed", range(2))
def test_not_reading_the_same_again_changes_nothing(carrier: Carrier, seed: int, tmp_path: Path) -> None:
    """Through changed, reordered, shortened and failed replies, moved parcels, a second source and passing time, a house
    that skips what it was told already has the very rows of one that reads everything.
    """
    rng = Random(f"{carrier.id}/{seed}")
    found, others = sayings(carrier.id)
    telling = {one.number: answers(one, others, rng) for one in found}
    now = START
    with two(tmp_path, carrier, list(telling)) as houses:
        for step in range(STEPS):
            now += timedelta(minutes=rng.randint(20, 2_000))
            number = rng.choice(list(telling))
            happens = rng.random()
            replies = [(n, next(telling[n])) for n in telling if rng.random() < 0.8]
            for house in houses:
                if happens < 0.1:
                    house.store.write(moved, number, another_carrier(step), now)
                elif happens < 0.2:
                    house.store.write(told_by_hand, number, step, now)
                house.beat(now)
                house.poll(replies, now)
            knowing, reading = (house.kept() for house in houses)
            assert knowing == reading, step
        assert houses[0].same >= STEPS // 3
        assert houses[1].same == 0
        assert houses[0].store.read(check.differences, now=now) == []


def another_carrier(step: int) -> str:
    return ("yuantong", "zhongtong", "yunda")[step % 3]


KUAIDI100 = CARRIERS["kuaidi100"]
NUMBER = "ZT1"


def kuaidi(*lines: tuple[float, str, str]) -> HttpReply:
    data = [
        {"ftime": f"{at(h) + timedelta(hours=8):%Y-%m-%d %H:%M:%S}", "statusCode": c, "context": t} for h, c, t in lines
    ]
    return HttpReply(200, {}, json.dumps({"status": "200", "nu": NUMBER, "data": data}).encode())


PICKED_UP = (1.0, "103", "已揽收")


@contextmanager
def house_of(tmp_path: Path) -> Iterator[House]:
    with a_store(tmp_path / "d.sqlite3") as store:
        house = House(store, KUAIDI100, [])
        store.write(with_shipment, NUMBER)
        yield house


def shipment(db: Db) -> Any:
    return db.exec_driver_sql("SELECT polled_at, next_poll_at, told, no_data FROM asking").one()


def test_the_same_again_still_counts_as_an_answer(tmp_path: Path) -> None:
    """A silence alarm needs to know that the source was asked: polled_at and the next question move with every answer."""
    with house_of(tmp_path) as house:
        house.poll([(NUMBER, kuaidi(PICKED_UP))], at(2))
        first = house.store.read(shipment)
        house.poll([(NUMBER, kuaidi(PICKED_UP))], at(8))
        second = house.store.read(shipment)
        assert house.same == 1
        assert (second.polled_at - first.polled_at, second.told) == (6 * 3600, first.told)
        assert second.next_poll_at > first.next_poll_at


def test_what_waited_for_the_answer_is_looked_at(tmp_path: Path) -> None:
    """A clock that ran out asks once more before anybody is alarmed; the same list again is that answer, and opens the case."""
    with house_of(tmp_path) as house:
        house.poll([(NUMBER, kuaidi(PICKED_UP))], at(2))
        opened = 0
        for hours in range(8, 400, 8):
            house.beat(at(hours))
            house.poll([(NUMBER, kuaidi(PICKED_UP))], at(hours) + timedelta(minutes=40))
            opened = house.store.read(lambda db: db.exec_driver_sql("SELECT count(*) FROM cases").scalar_one())
        assert house.same == len(range(8, 400, 8))
        assert opened


def test_a_scan_of_the_future_comes_into_effect_though_nothing_new_is_said(tmp_path: Path) -> None:
    """Its moment is stored with the parcel; no reply is needed for it."""
    with house_of(tmp_path) as house:
        list_ahead = kuaidi(PICKED_UP, (30.0, "301", "已签收，本人签收"))
        house.poll([(NUMBER, list_ahead)], at(2))
        house.poll([(NUMBER, list_ahead)], at(8))
        assert milestone(house) == "picked_up"
        house.beat(at(31))
        house.poll([(NUMBER, list_ahead)], at(31))
        assert (house.same, milestone(house)) == (2, "delivered")


def milestone(house: House) -> str:
    found: str = house.store.read(lambda db: db.exec_driver_sql("SELECT milestone FROM parcel").scalar_one())
    return found


def test_what_could_not_be_kept_is_read_again(tmp_path: Path) -> None:
    """The digest is kept in the transaction that records what it stands for: if that fails, neither is there."""
    with house_of(tmp_path) as house:
        asked = [house.asked(NUMBER, kuaidi(PICKED_UP), at(2))]

        def broken(db: Db) -> None:
            keep(db, KUAIDI100, ACCOUNT, asked, POLICY, now=at(2))
            raise ValueError("the disk is full")

        with pytest.raises(ValueError, match="disk"):
            house.store.write(broken)
        assert house.store.read(shipment).told is None
        house.poll([(NUMBER, kuaidi(PICKED_UP))], at(3))
        assert (house.same, milestone(house)) == (0, "picked_up")


def test_another_ask_is_read_again(tmp_path: Path) -> None:
    """A corrected phone number or carrier may change what a reply means: its digest is another."""
    with house_of(tmp_path) as house:
        reply = kuaidi(PICKED_UP)
        house.poll([(NUMBER, reply)], at(2))
        house.store.write(lambda db: db.exec_driver_sql("UPDATE customer SET phone = '13900000000'") and None)
        house.poll([(NUMBER, reply)], at(3))
        house.store.write(moved, NUMBER, "yunda", at(4))
        assert house.store.read(shipment).told is None
        house.poll([(NUMBER, reply)], at(5))
        assert house.same == 0
        house.poll([(NUMBER, reply)], at(6))
        assert house.same == 1
