"""Persisting what is known already: the same readings the first time and again, through the product both times.

Reading and masking are done beforehand; what is timed is `store.tracking.record`, one `Store.write` per 1,200 events. The
first time every event is new; again, every one of them is told anew and none is written. Nothing is remembered between
two runs.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import ingest
from bench.caches import forget
from bench.harness import Comparison, Run, Side
from bench.ingest import BATCH, EVENTS, SEED, SHIPMENTS, TEMPLATE
from bench.replies import NOW
from monitor.poll import masked
from store import tracking
from store.base import Store


def measure() -> list[Comparison]:
    return [
        Comparison(
            f"the same events again, synchronous={synchronous}", "events/s", "first", partial(sides, synchronous), runs=9,
            aim="again >= 1", seed=SEED,
            note=f"{SHIPMENTS} shipments x {EVENTS} events, half Kuaidi100, half FedEx; {BATCH} shipments a transaction",
        )
        for synchronous in ("NORMAL", "FULL")
    ]  # fmt: skip


@cache
def readings() -> tuple[ingest.Found_, ...]:
    """What each transaction records."""
    known = ingest.ids()
    return tuple(
        [(shipment, source, masked(parcels)) for shipment, source, parcels in ingest.found_in(batch, known)]
        for batch in ingest.batches()
    )


@contextmanager
def sides(synchronous: str) -> Iterator[Mapping[str, Side]]:
    with TemporaryDirectory(prefix="doorstep-bench-") as folder:
        empty = ingest.empty_house(Path(folder) / TEMPLATE)
        full = ingest.filled(empty, Store, record)
        readings()

        def run(template: Path) -> Run:
            forget()
            return ingest.on_a_copy(template, synchronous, Store, record)

        yield {"first": lambda: run(empty), "again": lambda: run(full)}


def record(store: Store) -> None:
    for found in readings():
        store.write(tracking.record, found, now=NOW)
