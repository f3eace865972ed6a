"""What is due among a million watched shipments: `store.due` against the same SQL through sqlite3 on the same file."""

import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from bench.harness import Comparison, Run, Side, milliseconds
from store import asking, base
from store.asking import Polled
from store.base import Store
from store.tables import to_seconds

SEED = 17
WATCHED = 1_000_000
LIMIT = 1_000
NOW = datetime(2026, 3, 14, 1, tzinfo=UTC)
SPREAD_S = 24 * 3600  # next polls lie between an hour ago and 23 hours ahead
QUERY = (
    "SELECT w.shipment_id, s.number, s.carrier, coalesce(substr(c.phone, -4), ''), s.destination, w.next_poll_at"
    " FROM asking w JOIN shipment s ON s.id = w.shipment_id LEFT JOIN orders o ON o.ref = s.order_ref"
    " LEFT JOIN customer c ON c.id = o.customer_id"
    " WHERE w.source = ? AND w.account = ? AND w.worth = 1 AND w.next_poll_at <= ?"
    " ORDER BY w.next_poll_at, w.shipment_id LIMIT ?"
)
MOVE = "UPDATE asking SET next_poll_at = ?, polled_at = ?, no_data = ?, failures = 0 WHERE shipment_id = ?"


def measure() -> list[Comparison]:
    note = f"{WATCHED:,} watched shipments with orders and customers, one in 24 due"
    return [
        Comparison(f"next {LIMIT} due", "ms", "raw sqlite3", reading, runs=15, aim="product <= 3x", seed=SEED, note=note),
        Comparison(
            f"reschedule {LIMIT}", "ms", "raw sqlite3", writing, runs=9, seed=SEED,
            note=f"{note}; each run moves the next {LIMIT} due four hours on, one transaction, synchronous=FULL",
        ),
    ]  # fmt: skip


@contextmanager
def reading() -> Iterator[Mapping[str, Side]]:
    with million() as (store, db):
        asked = ("kuaidi100", "main", to_seconds(NOW), LIMIT)
        assert len(store.read(asking.due_polls, "kuaidi100", "main", now=NOW, limit=LIMIT)) == LIMIT
        yield {
            "raw sqlite3": lambda: milliseconds(lambda: db.execute(QUERY, asked).fetchall(), 10),
            "product": lambda: milliseconds(
                lambda: store.read(asking.due_polls, "kuaidi100", "main", now=NOW, limit=LIMIT), 10
            ),
        }


@contextmanager
def writing() -> Iterator[Mapping[str, Side]]:
    with million() as (store, db):

        def turn() -> list[int]:
            return [d.shipment_id for d in store.read(asking.due_polls, "kuaidi100", "main", now=NOW, limit=LIMIT)]

        def product() -> Run:
            polled = [Polled(n, NOW + timedelta(hours=4)) for n in turn()]
            return milliseconds(lambda: store.write(asking.reschedule, "kuaidi100", polled, now=NOW))

        def raw() -> Run:
            at = to_seconds(NOW)
            rows = [(at + 4 * 3600, at, None, n) for n in sorted(turn())]
            return milliseconds(lambda: move(db, rows))

        yield {"raw sqlite3": raw, "product": product}


def move(db: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.executemany(MOVE, rows)
    db.execute("COMMIT")


@contextmanager
def million() -> Iterator[tuple[Store, sqlite3.Connection]]:
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder:
        path = Path(folder) / "doorstep.sqlite3"
        with Store(path, synchronous="OFF"):
            pass
        fill(path)
        with Store(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as db:
            for pragma in base._pragmas("FULL", query_only=False):
                db.execute(f"PRAGMA {pragma}")
            yield store, db


def fill(path: Path) -> None:
    """Orders, customers, shipments and watches: ids 1 to a million, due times drawn at random."""
    rng, now = Random(SEED), to_seconds(NOW)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA synchronous=OFF")
        db.execute(
            f"CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT {WATCHED}) SELECT i FROM n"
        )
        db.execute(
            "INSERT INTO customer (id, name, phone, email, address, district, located)"
            " SELECT i, '王小明', '138' || substr('0000000' || i, -8), '', '', '', '' FROM n"
        )
        db.execute(
            "INSERT INTO orders (ref, shop, currency, items, customer_id, created_at)"
            f" SELECT 'O-' || i, '', 'CNY', '[]', i, {now} FROM n"
        )
        db.execute(
            "INSERT INTO shipment (id, order_ref, carrier, source, account, service, number, leg, origin, destination, region,"
            " created_at) SELECT i, 'O-' || i, 'zhongtong', 'kuaidi100', 'main', '', '7' || substr('00000000000000' || i, -14),"
            f" 'out', '', '', 'cn', {now} FROM n"
        )
        db.executemany(
            "INSERT INTO asking (shipment_id, source, account, place, worth, next_poll_at, failures)"
            " VALUES (?, 'kuaidi100', 'main', 0, 1, ?, 0)",
            ((n, now - 3600 + rng.randrange(SPREAD_S)) for n in range(1, WATCHED + 1)),
        )
