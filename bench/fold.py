"""Folding twenty events into a parcel's state, and looking at a thousand shipments."""

import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from operator import attrgetter
from pathlib import Path
from random import Random

from bench.harness import Comparison, Run, Side, milliseconds, per_second
from bench.replies import EVENTS, NOW, START, kuaidi100_calls
from carriers.kuaidi100 import CARRIER
from config.policies import load_detection
from domain.parcel import Delivered, ParcelState, fold, is_physical
from domain.shipment import Shipment
from domain.tracking import Found, Milestone, ParcelReading, ScanEvent
from monitor import look
from store import asking, intake, tracking
from store.asking import Polled
from store.base import Db, Store

SEED = 5
PARCELS = 2_000
SHIPMENTS = 1_000
UNDER_WAY = 12  # events of a parcel that is still on its way
RAW = (
    "SELECT s.*, p.*, w.* FROM shipment s JOIN parcel p ON p.shipment_id = s.id JOIN watch w ON w.shipment_id = s.id"
    " WHERE s.id = ?"
)


def measure() -> list[Comparison]:
    return [
        Comparison(
            f"fold of {EVENTS}-event parcels", "parcels/s", "sort and one pass", folding, runs=9, seed=SEED,
            note="the baseline sorts by time and keeps last, first and delivered; it knows neither ties, future dates nor undoing",
        ),
        Comparison(
            f"look at {SHIPMENTS} shipments, nothing new", "ms", "reading their rows one by one", looking_again, runs=9, seed=SEED,
            note="views, detectors, decisions and alarms in one transaction; cases of earlier looks are open",
        ),
        Comparison(
            f"look at {SHIPMENTS} shipments, all silent for long", "ms", "reading their rows one by one", looking_first, runs=5,
            seed=SEED, note="as above, the first look after a long silence: what it finds is opened, watched and told",
        ),
    ]  # fmt: skip


def readings() -> list[ParcelReading]:
    found = []
    for call in kuaidi100_calls(PARCELS, Random(SEED)):
        (reading,) = CARRIER.read(call.reply, call.asks, NOW)
        assert isinstance(reading, Found)
        found += reading.parcels
    return found


@contextmanager
def folding() -> Iterator[Mapping[str, Side]]:
    lists = [reading.events for reading in readings()]
    assert all(plain(events).milestone == fold(events, now=NOW).milestone for events in lists)
    yield {
        "sort and one pass": lambda: per_second(PARCELS, lambda: [plain(events) for events in lists]),
        "product": lambda: per_second(PARCELS, lambda: [fold(events, now=NOW) for events in lists]),
    }


def plain(events: Sequence[ScanEvent]) -> ParcelState:
    """What a loop written for well-behaved carriers would do."""
    state_of = attrgetter("time.at")
    last = first = physical = delivery = None
    for event in sorted(events, key=state_of):
        first = first or event
        last = event
        physical = event if is_physical(event) else physical
        delivery = event if event.milestone is Milestone.DELIVERED else None
    return ParcelState(
        milestone=last.milestone if last else None,
        delivered=Delivered.YES if delivery else Delivered.NO,
        last_at=last.time.at if last else None,
        first_at=first.time.at if first else None,
        last_physical_at=physical.time.at if physical else None,
    )


@contextmanager
def looking_again() -> Iterator[Mapping[str, Side]]:
    with house() as (store, db, ids):
        store.write(look.look_at, ids, POLICY, now=LATER)
        yield {
            "reading their rows one by one": lambda: rows_one_by_one(db, ids),
            "product": lambda: milliseconds(lambda: store.write(look.look_at, ids, POLICY, now=LATER)),
        }


@contextmanager
def looking_first() -> Iterator[Mapping[str, Side]]:
    with house() as (store, db, ids):
        yield {
            "reading their rows one by one": lambda: rows_one_by_one(db, ids),
            "product": lambda: look_and_undo(store, ids),
        }


def rows_one_by_one(db: sqlite3.Connection, ids: Sequence[int]) -> Run:
    return milliseconds(lambda: [db.execute(RAW, (n,)).fetchall() for n in ids])


class _UndoneError(Exception):
    """Rolls the look back, so that every run is the first."""


def look_and_undo(store: Store, ids: Sequence[int]) -> Run:
    found: list[Run] = []

    def change(db: Db) -> None:
        found.append(milliseconds(lambda: look.look_at(db, ids, POLICY, now=LATER)))
        raise _UndoneError

    try:
        store.write(change)
    except _UndoneError:
        return found[0]
    raise AssertionError("the look was kept")


POLICY = load_detection()
LATER = NOW + timedelta(days=9)


@contextmanager
def house() -> Iterator[tuple[Store, sqlite3.Connection, list[int]]]:
    """A thousand shipments on their way, promised for long ago."""
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder:
        path = Path(folder) / "doorstep.sqlite3"
        with Store(path, synchronous="NORMAL") as store, closing(sqlite3.connect(path)) as db:
            ids = store.write(fill)
            yield store, db, ids


def fill(db: Db) -> list[int]:
    ids = []
    for reading in readings()[:SHIPMENTS]:
        promised = START + timedelta(days=6)
        shipment = Shipment(reading.number, "zhongtong", "kuaidi100", START, promised_at=promised)
        ids.append(int(intake.add_shipment(db, shipment, next_poll_at=None, alarm_at=None).id))
        under_way = ParcelReading(reading.number, reading.events[-UNDER_WAY:])
        tracking.record(db, [(ids[-1], "kuaidi100", (under_way,))], now=NOW)
    asking.reschedule(db, "kuaidi100", [Polled(n, None) for n in ids], now=LATER)  # asked just now, nothing new
    return ids
