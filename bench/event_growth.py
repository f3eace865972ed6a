"""`python -m bench.event_growth [--events N]`: bytes of database growth for each scan event, its texts and places included.

Rows as `store.tracking` writes them, 1,200 a transaction, each for some parcel that is on its way: a table that is filled in the middle.
At most 5,000 distinct texts and 500 places; half of the times as Kuaidi100 writes them, half as FedEx does. Aim: <= 60 bytes.
"""

import argparse
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from time import perf_counter

from bench.ingest import INSERT, PHRASE
from domain.tracking import Certainty, EventTime, Zone
from store import base
from store.base import Store
from store.said_times import pack
from store.tables import to_seconds

SEED = 31
EVENTS, EACH, BATCH = 8_000_000, 20, 1_200
TEXTS, PLACES, UNDER_WAY = 5_000, 500, 16
AIM = 60
START, DAYS = datetime(2026, 1, 1, tzinfo=UTC), 365
CHINA, EAST = timezone(timedelta(hours=8)), timezone(timedelta(hours=-5))
Row = tuple[object, ...]


def batches(events: int, rng: Random) -> Iterator[list[Row]]:
    """A sixteenth of the parcels is on its way at a time."""
    parcels = events // EACH
    open_ = max(1, parcels // UNDER_WAY)
    for done in range(0, events, BATCH):
        first = (parcels - open_) * done // events
        at = START + timedelta(days=DAYS) * (done / events)
        yield sorted(row(rng, rng.randrange(first, first + open_) + 1, at) for _ in range(min(BATCH, events - done)))


def row(rng: Random, parcel: int, now: datetime) -> Row:
    at = (now - timedelta(seconds=rng.randrange(4 * 3600))).replace(microsecond=0)
    time = (
        EventTime(at.astimezone(CHINA).isoformat(" ")[:19], at, Zone.ASSUMED_CARRIER, Certainty.ASSUMED)
        if parcel % 2
        else EventTime(at.astimezone(EAST).isoformat(), at, Zone.OFFSET, Certainty.EXACT)
    )
    key, phrase, place = rng.getrandbits(64) - 2**63, rng.randrange(TEXTS) + 1, rng.randrange(PLACES) + 1
    return (parcel, key, to_seconds(at), to_seconds(now), phrase, place, pack(time))


def parcels_of(db: sqlite3.Connection, n: int) -> None:
    """They were there before: growth is that of events."""
    db.execute(
        f"CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT {n}) SELECT i FROM n"
    )
    db.execute(
        "INSERT INTO shipment (id, carrier, source, account, service, number, leg, origin, destination, region, created_at)"
        " SELECT i, 'zhongtong', 'kuaidi100', 'main', '', 'ZT' || i, 'out', '', '', 'cn', 0 FROM n"
    )
    db.execute(
        "INSERT INTO parcel (id, shipment_id, identity, number, leg, delivered) SELECT i, i, '', 'ZT' || i, 'out', 'no' FROM n"
    )


def used(db: sqlite3.Connection) -> int:
    """Bytes of pages that hold something."""
    pages, free, size = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.event_growth", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    events = parser.parse_args(words).events
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder:
        path = Path(folder) / "doorstep.sqlite3"
        with Store(path):
            pass
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            for pragma in base._pragmas("OFF", query_only=False):
                db.execute(f"PRAGMA {pragma}")
            parcels_of(db, events // EACH)
            before, begun = used(db), perf_counter()
            phrases = [
                (n, n, "kuaidi100", None, f"【杭州转运中心】快件已发往 {n}", "in_transit", None, 1, None)
                for n in range(1, TEXTS + 1)
            ]
            db.executemany(PHRASE, phrases)
            db.executemany(
                "INSERT INTO place (id, name) VALUES (?,?)", [(n, f"杭州转运中心 {n}") for n in range(1, PLACES + 1)]
            )
            for batch in batches(events, Random(SEED)):
                db.execute("BEGIN")
                db.executemany(INSERT, batch)
                db.execute("COMMIT")
            kept = db.execute("SELECT count(*) FROM scan").fetchone()[0]
            assert kept == events, kept
            each = (used(db) - before) / events
            print(
                f"{events:,} events of {events // EACH:,} parcels: {each:.1f} bytes each (aim: <= {AIM}), {perf_counter() - begun:.0f} s"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
