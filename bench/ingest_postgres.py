"""New scan events into a real PostgreSQL: the product's path against COPY into the same tables.

Sides of a comparison, as in bench/ingest.py:
- raw loop with COPY (the baseline): the same `read`, the same keys, dictionaries of phrases and places, and `COPY scan FROM STDIN`;
- bare COPY: tuples made beforehand;
- product: `carrier.read`, `monitor.poll.masked`, `store.tracking.record`, one `Store.write` per batch.

`by CPU` counts this process alone, not the server. The server has its own durability (fsync on).
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench.harness import Comparison, Run, Side, per_second
from bench.ingest import (
    BATCH,
    EVENTS,
    PHRASE,
    SEED,
    SHIPMENTS,
    Rows,
    batches,
    forget,
    found_in,
    furnish,
    ids,
    open_book,
    ready,
    rows_of,
    through_product,
)
from bench.workers import number, postgres
from store.base import Store
from store.postgres import address, translated

COPY = "COPY scan (parcel_id, key, at, received_at, phrase_id, place_id, said) FROM STDIN"


def measure() -> list[Comparison]:
    return [
        Comparison(
            "new events, PostgreSQL", "events/s", "raw loop with COPY", sides, runs=5, aim="product >= 0.6 of COPY", seed=SEED,
            note=f"{SHIPMENTS} shipments x {EVENTS} events, half Kuaidi100, half FedEx; {BATCH} shipments a transaction",
        )
    ]  # fmt: skip


@contextmanager
def sides() -> Iterator[Mapping[str, Side]]:
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder, postgres(Path(folder) / "pg") as server:
        file, house = Path(folder) / "house.sqlite3", server.database("template0")
        with Store(file, url=house) as store:
            store.write(furnish)
        empty = partial(server.database, house.split("?", maxsplit=1)[0].rsplit("/", 1)[1])
        yield {
            "raw loop with COPY": lambda: through_driver(file, empty(), copied),
            "bare COPY": lambda: through_driver(file, empty(), partial(bare, ready("new"))),
            "product": lambda: through_store(file, empty()),
        }


def through_store(file: Path, url: str) -> Run:
    with Store(file, url=url) as store:
        forget(warm=False)
        run = per_second(SHIPMENTS * EVENTS, lambda: through_product(store))
        assert store.read(number, "SELECT count(*) FROM scan") == SHIPMENTS * EVENTS
    return run


def through_driver(file: Path, url: str, work: Callable[[Any], None]) -> Run:
    import psycopg

    with psycopg.connect(address(url), autocommit=True) as db:
        forget(warm=False)
        run = per_second(SHIPMENTS * EVENTS, lambda: work(db))
    with Store(file, url=url) as store:
        assert store.read(number, "SELECT count(*) FROM scan") == SHIPMENTS * EVENTS
    return run


def copied(db: Any) -> None:
    known, book = ids(), open_book(db)
    for batch in batches():
        copy(db, *rows_of(found_in(batch, known), book))


def bare(prepared: Any, db: Any) -> None:
    for phrases, places, scans in prepared:
        copy(db, phrases, places, scans)


def copy(db: Any, phrases: Rows, places: Rows, scans: Rows) -> None:
    """One transaction."""
    with db.transaction(), db.cursor() as cursor:
        cursor.executemany(translated(PHRASE), phrases)
        cursor.executemany("INSERT INTO place (id, name) VALUES (%s,%s)", places)
        with cursor.copy(COPY) as rows:
            for row in scans:
                rows.write_row(row)
