"""New scan events into the database: the product's path against hand-written loops over the same tables.

Sides of a comparison:
- raw loop (the baseline): the same `read`, the same keys, plain dictionaries of phrases and places, `executemany` into scan.
  It masks nothing, knows nothing of parcels met before, and leaves the parcels' states as they were;
- raw loop, same result: masks the texts and refolds the parcels too, from what it holds in memory;
- bare executemany: tuples made beforehand, nothing but SQLite;
- product: `carrier.read`, `monitor.poll.masked`, `store.tracking.record`, one `Store.write` per batch.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from random import Random

from bench.harness import Comparison, Run, Side, per_second
from bench.replies import EVENTS, FEDEX_BATCH, NOW, START, Call, fedex_calls, kuaidi100_calls
from carriers.registry import CARRIERS
from domain.parcel import fold, next_change
from domain.privacy import mask_text
from domain.tracking import Found, ParcelReading, ScanEvent, event_key
from monitor.poll import masked
from store import base, tracking
from store.base import Db, Store
from store.said_times import pack
from store.tables import maybe_to_seconds, to_seconds

SEED = 20260302
SHIPMENTS = 2_000
BATCH = 2 * FEDEX_BATCH  # shipments in one transaction, 1,200 events
INSERT = (
    "INSERT OR IGNORE INTO scan (parcel_id, key, at, received_at, phrase_id, place_id, said) VALUES (?,?,?,?,?,?,?)"
)
PHRASE = (
    "INSERT INTO phrase (id, key, source, code, text, milestone, reason, physical, manner) VALUES (?,?,?,?,?,?,?,?,?)"
)
STATE = (
    "UPDATE parcel SET milestone=?, reason=?, manner=?, delivered=?, last_physical_place=?, last_at=?, last_physical_at=?,"
    " delivered_at=?, first_at=?, since=?, refold_at=? WHERE id = ?"
)
TEMPLATE = "template.sqlite3"
Batch = Sequence[Call]
Rows = list[tuple[object, ...]]
Found_ = list[tuple[int, str, Sequence[ParcelReading]]]


def measure() -> list[Comparison]:
    runs = [("NORMAL", "new"), ("FULL", "new"), ("NORMAL", "again")]
    aims = {"new": "product >= 0.85 of raw loop", "again": ""}
    return [
        Comparison(
            name=f"{which} events, synchronous={synchronous}",
            unit="events/s",
            baseline="raw loop",
            sides=partial(sides, synchronous, which),
            aim=aims[which],
            seed=SEED,
            note=f"{SHIPMENTS} shipments x {EVENTS} events, half Kuaidi100, half FedEx; {BATCH} shipments a transaction",
        )
        for synchronous, which in runs
    ]


@cache
def batches() -> tuple[Batch, ...]:
    """Kuaidi100's calls and FedEx's, cut into transactions."""
    rng = Random(SEED)
    chinese, american = kuaidi100_calls(SHIPMENTS // 2, rng), fedex_calls(SHIPMENTS // 2, rng)
    return (*_cut(chinese, BATCH), *_cut(american, BATCH // FEDEX_BATCH))


def _cut(calls: list[Call], size: int) -> list[Batch]:
    return [calls[i : i + size] for i in range(0, len(calls), size)]


def ids() -> dict[str, int]:
    """Shipment ids, which are parcel ids here as well, by number."""
    asks = [ask for batch in batches() for call in batch for ask in call.asks]
    return {ask.number: n for n, ask in enumerate(asks, 1)}


def found_in(batch: Batch, known: Mapping[str, int]) -> Found_:
    """What every side does first: read the replies."""
    found: Found_ = []
    for call in batch:
        for ask, reading in zip(call.asks, CARRIERS[call.carrier].read(call.reply, call.asks, NOW), strict=True):
            assert isinstance(reading, Found), reading
            found.append((known[ask.number], call.carrier, reading.parcels))
    return found


@contextmanager
def sides(synchronous: str, which: str) -> Iterator[Mapping[str, Side]]:
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder:
        masked_house = plain_house = empty_house(Path(folder) / TEMPLATE)
        if which == "again":  # masked texts have other keys than plain ones: each loop meets the rows of its own kind
            plain_house = filled(masked_house, raw_connection, raw_loop)
            masked_house = filled(masked_house, Store, through_product)
        plain, of_masked = partial(on_a_copy, plain_house, synchronous), partial(on_a_copy, masked_house, synchronous)
        yield {
            "raw loop": lambda: plain(raw_connection, raw_loop),
            "raw loop, same result": lambda: of_masked(raw_connection, raw_loop_same_result),
            "bare executemany": lambda: plain(raw_connection, partial(bare, ready(which))),
            "product": lambda: of_masked(Store, through_product),
        }


def empty_house(path: Path) -> Path:
    """A migrated database with every shipment, its parcel and its watch, and no scan."""
    with Store(path) as store:
        store.write(furnish)
    return path


def furnish(db: Db) -> None:
    rows = [(n, number) for number, n in ids().items()]
    db.exec_driver_sql(
        "INSERT INTO shipment (id, carrier, source, account, service, number, leg, origin, destination, region, created_at)"
        f" VALUES (?, 'zhongtong', 'kuaidi100', 'main', '', ?, 'out', '', '', 'cn', {to_seconds(START)})",
        rows,
    )
    db.exec_driver_sql(
        "INSERT INTO parcel (id, shipment_id, identity, number, leg, delivered) VALUES (?, ?, '', ?, 'out', 'no')",
        [(n, n, number) for n, number in rows],
    )
    db.exec_driver_sql("INSERT INTO watch (shipment_id, note, ended) VALUES (?, '', '')", [(n,) for n, _ in rows])
    db.exec_driver_sql(
        "INSERT INTO asking (shipment_id, source, account, place, worth, failures)"
        " VALUES (?, 'kuaidi100', 'main', 0, 1, 0)",
        [(n,) for n, _ in rows],
    )


def filled(template: Path, opener: Callable, work: Callable) -> Path:
    path = Path(shutil.copy(template, template.with_name(f"{work.__name__}.sqlite3")))
    with closing(opener(path, synchronous="OFF")) as opened:
        work(opened)
    return path


def on_a_copy(template: Path, synchronous: str, opener: Callable, work: Callable) -> Run:
    """Do the work on a fresh copy of the template; opening, copying and counting are not timed."""
    with tempfile.TemporaryDirectory(dir=template.parent) as folder:
        path = Path(shutil.copy(template, Path(folder) / "doorstep.sqlite3"))
        with closing(opener(path, synchronous=synchronous)) as opened:
            forget(warm=template.name != TEMPLATE)
            run = per_second(SHIPMENTS * EVENTS, lambda: work(opened))
        with closing(sqlite3.connect(path)) as db:
            kept = db.execute("SELECT count(*) FROM scan").fetchone()[0]
        assert kept == SHIPMENTS * EVENTS, f"{kept} events kept"
    return run


def forget(*, warm: bool) -> None:
    """New events meet cold caches on every side; lists that are read again meet what their last reading left."""
    for function in () if warm else (mask_text, tracking._phrase_key):
        getattr(function, "cache_clear", bool)()


def raw_connection(path: Path, *, synchronous: str) -> sqlite3.Connection:
    """The product's own pragmas, no SQLAlchemy."""
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in base._pragmas(synchronous, query_only=False):
        db.execute(f"PRAGMA {pragma}")
    return db


# --- the sides -----------------------------------------------------------------------------------------------------


def through_product(store: Store) -> None:
    known = ids()
    for batch in batches():
        found = [(shipment, source, masked(parcels)) for shipment, source, parcels in found_in(batch, known)]
        store.write(tracking.record, found, now=NOW)


def raw_loop(db: sqlite3.Connection) -> None:
    write_raw(db, mask=False, refold=False)


def raw_loop_same_result(db: sqlite3.Connection) -> None:
    write_raw(db, mask=True, refold=True)


def bare(prepared: Sequence[tuple[Rows, Rows, Rows]], db: sqlite3.Connection) -> None:
    for phrases, places, scans in prepared:
        insert(db, phrases, places, scans)


def write_raw(db: sqlite3.Connection, *, mask: bool, refold: bool) -> None:
    known, book = ids(), open_book(db)
    for batch in batches():
        found = found_in(batch, known)
        if mask:
            found = [(shipment, source, masked(parcels)) for shipment, source, parcels in found]
        insert(db, *rows_of(found, book), states_of(found) if refold else [])


@dataclass(frozen=True, slots=True)
class Book:
    """Phrases and places met so far, with their ids: what a loop that owns the database can keep in memory."""

    phrases: dict[int, int]
    places: dict[str, int]


def open_book(db: sqlite3.Connection) -> Book:
    return Book(
        dict(db.execute("SELECT key, id FROM phrase").fetchall()),
        dict(db.execute("SELECT name, id FROM place").fetchall()),
    )


def rows_of(found: Found_, book: Book) -> tuple[Rows, Rows, Rows]:
    phrases: Rows = []
    places: Rows = []
    scans: Rows = []
    received = to_seconds(NOW)
    for shipment, source, parcels in found:
        for parcel in parcels:
            for event in parcel.events:
                phrase = phrase_id(source, event, book, phrases)
                place = place_id(event.place, book, places)
                time = event.time
                at = to_seconds(time.at) if time.at else None
                key = event_key(source, event)
                scans.append((shipment, key, at, received, phrase, place, pack(time)))
    return phrases, places, scans


def phrase_id(source: str, event: ScanEvent, book: Book, new: Rows) -> int:
    key = tracking.phrase_key(source, event)
    found = book.phrases.get(key)
    if found is None:
        found = book.phrases[key] = len(book.phrases) + 1
        new.append((found, key, *tracking._phrase_values(source, event)))
    return found


def place_id(name: str | None, book: Book, new: Rows) -> int | None:
    if name is None:
        return None
    found = book.places.get(name)
    if found is None:
        found = book.places[name] = len(book.places) + 1
        new.append((found, name))
    return found


def states_of(found: Found_) -> Rows:
    return [
        (
            *tracking.state_values(fold(parcel.events, now=NOW)),
            maybe_to_seconds(next_change(parcel.events, now=NOW)),
            shipment,
        )
        for shipment, _, parcels in found
        for parcel in parcels
    ]


def insert(db: sqlite3.Connection, phrases: Rows, places: Rows, scans: Rows, states: Rows | None = None) -> None:
    """One transaction."""
    db.execute("BEGIN IMMEDIATE")
    db.executemany(PHRASE, phrases)
    db.executemany("INSERT INTO place (id, name) VALUES (?,?)", places)
    db.executemany(INSERT, scans)
    db.executemany(STATE, states or [])
    db.execute("COMMIT")


@cache
def ready(which: str) -> tuple[tuple[Rows, Rows, Rows], ...]:
    """The tuples; the second time, no phrase and no place is new."""
    known, book = ids(), Book({}, {})
    prepared = [rows_of(found_in(batch, known), book) for batch in batches()]
    return tuple((phrases, places, scans) if which == "new" else ([], [], scans) for phrases, places, scans in prepared)
