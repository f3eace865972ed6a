"""The risk computed ahead: a million watched parcels at once, a tick's thousand, and the rows that are written back."""

import resource
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench.harness import Comparison, Run, Side, milliseconds
from config.policies import load_detection
from doorstep import collector
from monitor import look
from monitor.risk.ahead import GRID, HALVINGS, Asked, Columns, Silent, foresee
from monitor.risk.features import BASE, DETAILS, USES
from monitor.risk.gaps import Gap, Gaps
from monitor.risk.history import MILESTONES
from monitor.risk.keeping import VERSION, Kept, to_bytes
from monitor.risk.model import RiskModel
from monitor.risk.pace import Pace
from monitor.risk.working_time import WorkingTime
from store import due, risk
from store.base import Db, Store
from store.tables import to_seconds

SEED = 23
WATCHED, DUE, SLICE = 1_000_000, 1_000, 5_000
NOW = datetime(2026, 3, 14, 1, tzinfo=UTC)
CARRIERS, CITIES, HUBS = 6, 300, 800


def measure() -> list[Comparison]:
    return [
        Comparison(
            f"{WATCHED:,} crossings", "ms", "bare numpy", crossings, runs=3, aim="product <= 2x, < 5 s, < 500 MB", seed=SEED,
            note="two thresholds each; bare numpy: as many evaluations of the same sums on columns that lie ready, all at once",
        ),
        Comparison(f"a look at {DUE:,} of {WATCHED:,}", "ms of CPU", "product", a_tick, runs=15, aim="< 50 ms", seed=SEED,
                   note="in one transaction with its commit, synchronous=FULL, a model that is relied on; its compute is counted"),
        Comparison(f"write {SLICE:,} moved alarms", "ms", "product", a_slice, runs=5, seed=SEED, note="synchronous=FULL"),
    ]  # fmt: skip


def model() -> Kept:
    """A model of the usual shape with made-up weights."""
    rng = np.random.default_rng(SEED)
    clock = WorkingTime(tuple((0.1 + 1.8 * ((np.arange(168) % 24) < 12)).tolist()))
    effects = {
        "carrier": {f"c{n}": 0.01 * n for n in range(CARRIERS)},
        "destination 2": {f"p/{n}": 0.001 * n for n in range(CITIES)},
    }
    beta = np.concatenate(
        [[-3.0, 0.15, 0.3, 0.05, 0.05, 0.05, -0.05, 0.05, 0.0, 0.0, 0.0, -1.5], rng.normal(0, 0.2, len(USES))]
    )
    assert len(beta) == len(BASE) + len(USES)
    gaps = Gaps(
        {f"in_transit|c{c}|hub {h}": Gap(-0.5 + 0.001 * h, 0.8, 40.0) for c in range(CARRIERS) for h in range(HUBS)}
    )
    fitted = RiskModel(
        to_seconds(NOW) / 3600, clock, Pace(0.2, 0.8, 0.5, 0.004, effects), gaps, beta, np.zeros(len(DETAILS)),
        np.ones(len(DETAILS)), parcels=10_000, missed=300,
    )  # fmt: skip
    return Kept(fitted, (0.1, 0.0, 0.1), {"carrier c1": 0.1}, {"c1": 0.3})


def silent(n: int) -> Silent:
    rng = np.random.default_rng(SEED)
    lanes = [(f"c{c}", "", "p/0", f"p/{d}") for c in range(CARRIERS) for d in range(CITIES)]
    transit = [m.value for m in MILESTONES].index("in_transit")
    spots = [(transit, f"c{c}", f"hub {h}", f"p/{h % CITIES}") for c in range(CARRIERS) for h in range(HUBS)]
    now = to_seconds(NOW) / 3600
    handed = now - rng.uniform(1, 240, n)
    promised = handed + rng.uniform(72, 200, n)
    held = np.minimum(handed + rng.uniform(0, 100, n), now)
    levels = np.full(n, 0.25), np.full(n, 0.5)
    return Silent(lanes, spots, rng.integers(0, len(lanes), n), rng.integers(0, len(spots), n), handed, promised,
                  promised + 168, held, rng.integers(1, 9, n), np.full(n, now), levels)  # fmt: skip


@contextmanager
def crossings() -> Iterator[Mapping[str, Side]]:
    parcels, asked = silent(WATCHED), Asked(model())
    ready = Columns.of(asked, parcels, slice(None))
    foresee(asked, silent(1000))

    def bare() -> Run:
        return milliseconds(lambda: [ready.odds(ready.begun + step) for step in range(GRID + 2 * HALVINGS)])

    def product() -> Run:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        run = milliseconds(lambda: foresee(asked, parcels))
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        return Run(run.figure, run.cpu, f"the process at most {before / 1024 + grown:.0f} MB")

    yield {"bare numpy": bare, "product": product}


@contextmanager
def a_tick() -> Iterator[Mapping[str, Side]]:
    """Looks at due parcels of a full database, with a model and without."""
    policy = load_detection()
    with million() as store:
        turn = iter(range(0, WATCHED, DUE))

        def looked() -> Run:
            begin = next(turn)
            ids = list(range(begin + 1, begin + DUE + 1))
            run = milliseconds(lambda: store.write(look.look_at, ids, policy, now=NOW))
            return replace(run, figure=run.cpu or run.figure)

        store.write(risk.keep, fitted_at=NOW, version=VERSION, why_not="", learned={}, body=to_bytes(model()))
        looked()  # warm
        collector.keep_out_of_the_way()  # as the daemon does once it has started
        yield {"product": looked}


@contextmanager
def a_slice() -> Iterator[Mapping[str, Side]]:
    with million() as store:
        turn = iter(range(0, WATCHED, SLICE))
        at = to_seconds(NOW)

        def write() -> Run:
            begin = next(turn)
            rows = [(n, at + n % 86_400) for n in range(begin + 1, begin + SLICE + 1)]
            return milliseconds(lambda: store.write(due.move_risk, rows))

        yield {"product": write}


@contextmanager
def million() -> Iterator[Store]:
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder:
        path = Path(folder) / "doorstep.sqlite3"
        with Store(path, synchronous="OFF") as store:
            store.write(fill)
        with Store(path) as store:
            yield store


def fill(db: Db) -> None:
    """A million shipments in transit with three scans each, promised in days; nothing is due by itself."""
    now = to_seconds(NOW)
    many = db.exec_driver_sql
    many(
        "CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT ?) SELECT i FROM n",
        (WATCHED,),
    )
    many(
        "INSERT INTO shipment (id, carrier, source, account, service, number, leg, origin, destination, region, created_at,"
        f" promised_at) SELECT i, 'c' || (i % {CARRIERS}), 'kuaidi100', 'main', '', '7' || i, 'out', 'p/0', 'p/' || (i % {CITIES}),"
        f" 'cn', {now} - 86400, {now} + 86400 + (i % 240) * 3600 FROM n"
    )
    many(
        "INSERT INTO parcel (id, shipment_id, identity, number, leg, milestone, delivered, last_at, last_physical_at,"
        f" last_physical_place, first_at, since) SELECT i, i, '', '7' || i, 'out', 'in_transit', 'no', {now} - 7200, {now} - 7200,"
        f" 'hub ' || (i % {HUBS}), {now} - 80000, {now} - 7200 FROM n"
    )
    many(
        "INSERT INTO phrase (id, key, source, text, milestone, physical) VALUES (1, 1, 'kuaidi100', '', 'in_transit', 1)"
    )
    for k in range(3):
        many(
            "INSERT INTO scan (parcel_id, key, at, received_at, phrase_id, said)"
            f" SELECT i, {k}, {now} - 80000 + {k} * 36400, {now}, 1, 'A=' FROM n"
        )
    many(
        "INSERT INTO asking (shipment_id, source, account, place, worth, next_poll_at, polled_at, failures)"
        f" SELECT i, 'kuaidi100', 'main', 0, 1, {now} + 9999, {now}, 0 FROM n"
    )
    many(
        f"INSERT INTO watch (shipment_id, alarm_at, note, ended) SELECT i, {now} + 9999 + (i * 7919) % 86400, '', '' FROM n"
    )
