"""The desk under load: due deadlines worked off, a case acknowledged, both among 100,000 open cases.

The baseline of each is the least that must be written, by sqlite3 alone on the same file: the facts, the rows, the letters.
"""

import asyncio
import json
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from zoneinfo import ZoneInfo

from bench.harness import Comparison, Run, Side, clocked
from chat.acts import ActKind, ChatAct
from config.policies import DetectionPolicy, load_desk, load_detection
from domain.case import Kind
from domain.desk_hours import DeskHours
from domain.rota import Rota, Turn
from doorstep import collector
from monitor import tick
from monitor.acts import Done, perform
from store import base, people
from store.base import Store
from store.people import Person
from store.tables import to_seconds

SEED = 19
OPEN, DUE, ACKS = 100_000, 20_000, 400
NOW = datetime(2026, 3, 14, 4, tzinfo=UTC)  # noon in Shanghai
HOUR_S = 3_600
KINDS = (Kind.STALLED, Kind.LOST, Kind.DAMAGED, Kind.DISPUTED, Kind.FAILED_ATTEMPT)


def measure() -> list[Comparison]:
    note = f"{OPEN:,} open cases of parcels with their facts and letters, 50 people, synchronous=FULL"
    return [
        Comparison(
            f"{DUE:,} due deadlines worked off", "s", "raw sqlite3", timers, runs=3, seed=SEED, aim="product <= 5 s",
            note=f"{note}; a missed step each",
        ),
        Comparison(
            f"acknowledge, p99 of {ACKS}", "ms", "raw sqlite3", acknowledging, runs=3, seed=SEED, aim="product < 500 ms",
            note=note,
        ),
        Comparison(
            f"acknowledge, p99 of {ACKS}, while deadlines are worked off", "ms", "raw sqlite3", acknowledging_meanwhile, runs=3,
            seed=SEED, aim="product < 500 ms", note=f"{note}; baseline without the deadlines",
        ),
    ]  # fmt: skip


def policy() -> DetectionPolicy:
    """The shipped steps and ladder for a desk from 9 to 21."""
    hours = DeskHours(ZoneInfo("Asia/Shanghai"), ((time(9), time(21)),))
    rota = Rota(ZoneInfo("Asia/Shanghai"), (Turn(frozenset(range(7)), ("p00", "p01")),))
    return replace(load_detection(), desk=replace(load_desk(), hours=hours, rota=rota))


@contextmanager
def timers() -> Iterator[Mapping[str, Side]]:
    with desk() as (store, db):
        rules = policy()

        def product() -> Run:
            ids = make_due(db)
            wall, cpu = clocked(lambda: asyncio.run(tick.run_timers(store, rules, now=NOW)))
            missed = db.execute(
                "SELECT count(*) FROM fact WHERE event = 'step_missed' AND at = ?", (NOW_S,)
            ).fetchone()[0]
            reset(db, ids)
            return Run(wall, cpu, "" if missed == DUE else f"{missed:,} steps were noted, not {DUE:,}")

        def raw() -> Run:
            ids = make_due(db)
            run = Run(*clocked(lambda: write_raw(db, ids)))
            reset(db, ids)
            return run

        yield {"raw sqlite3": raw, "product": product}


@contextmanager
def acknowledging() -> Iterator[Mapping[str, Side]]:
    with desk() as (store, db):
        ids = iter(range(1, OPEN + 1))

        def product() -> Run:
            return p99([acknowledge(store, next(ids)) for _ in range(ACKS)])

        def raw() -> Run:
            return p99([clocked(lambda: write_raw(db, [next(ids)]))[0] for _ in range(ACKS)])

        yield {"raw sqlite3": raw, "product": product}


@contextmanager
def acknowledging_meanwhile() -> Iterator[Mapping[str, Side]]:
    with desk() as (store, db):
        ids, rules = iter(range(OPEN, 0, -1)), policy()

        async def both() -> list[float]:
            """People acknowledge one after the other, as long as the daemon works."""
            took: list[float] = []
            work = asyncio.create_task(tick.run_timers(store, rules, now=NOW))
            while not work.done():
                took.append(await asyncio.to_thread(acknowledge, store, next(ids)))
            await work
            return took

        def product() -> Run:
            due = make_due(db)
            took = asyncio.run(both())
            reset(db, due)
            return p99(took)

        def raw() -> Run:
            return p99([clocked(lambda: write_raw(db, [next(ids)]))[0] for _ in range(ACKS)])

        yield {"raw sqlite3": raw, "product": product}


def acknowledge(store: Store, case_id: int) -> float:
    """Seconds of one acknowledgement, from the press to the commit."""
    begun = perf_counter()
    act = ChatAct("console", "main", f"bench-{case_id}", f"p{case_id % 50:02d}", case_id, ActKind.ACKNOWLEDGE)
    done = store.write(perform, act, now=NOW)
    took = perf_counter() - begun
    assert isinstance(done, Done)
    return took


def p99(seconds: Sequence[float]) -> Run:
    return Run(1_000 * sorted(seconds)[int(len(seconds) * 0.99) - 1], remark=f"p99 of {len(seconds)}")


# --- the desk ------------------------------------------------------------------------------------------------------

NOW_S = to_seconds(NOW)


@contextmanager
def desk() -> Iterator[tuple[Store, sqlite3.Connection]]:
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder:
        path = Path(folder) / "doorstep.sqlite3"
        with Store(path, synchronous="OFF") as store:
            for n in range(50):
                store.write(people.save_person, Person(f"p{n:02d}", f"P{n}"))
        fill(path)
        with Store(path) as store, closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as db:
            for pragma in base._pragmas("FULL", query_only=False):
                db.execute(f"PRAGMA {pragma}")
            collector.keep_out_of_the_way()  # as the daemon does once it has started
            yield store, db


def fill(path: Path) -> None:
    """Parcels with an open case each, opened within the last three hours, its first fact, its promise and its alert."""
    rng = Random(SEED)
    opened = [NOW_S - rng.randrange(2 * HOUR_S, 3 * HOUR_S) for _ in range(OPEN)]
    evidence = json.dumps([{"code": "evidence.silence", "params": {"since_at": NOW.isoformat()}}])
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA synchronous=OFF")
        ids = range(1, OPEN + 1)
        db.executemany(
            "INSERT INTO shipment (id, carrier, source, account, service, number, leg, origin, destination, region, created_at)"
            " VALUES (?, 'zhongtong', 'kuaidi100', 'main', '', ?, 'out', '', '', 'cn', ?)",
            ((n, f"7{n:014d}", NOW_S) for n in ids),
        )
        db.executemany(
            "INSERT INTO cases (id, kind, subject_type, subject_id, severity, status, opened_at, promise_by, warned, breached,"
            " untold, close_reason, since, evidence, timer_at, step, step_due_at)"
            " VALUES (?, ?, 'shipment', ?, 'warn', 'open', ?, ?, 0, 0, 1, '', ?, ?, ?, 'acknowledge', ?)",
            (
                (n, KINDS[n % 5], str(n), at, at + 24 * HOUR_S, at, evidence, NOW_S + HOUR_S, at + 1_800)
                for n, at in zip(ids, opened, strict=True)
            ),
        )
        db.executemany(
            "INSERT INTO fact (subject_type, subject_id, event, at, channel, words, data) VALUES ('case', ?, ?, ?, '', '', ?)",
            (fact for n, at in zip(ids, opened, strict=True) for fact in history(n, at, evidence)),
        )
        db.executemany(
            "INSERT INTO promise (case_id, n, opened_at, promise_by, outcome) VALUES (?, 1, ?, ?, '')",
            ((n, at, at + 24 * HOUR_S) for n, at in zip(ids, opened, strict=True)),
        )
        db.executemany(
            "INSERT INTO outbox (id, channel, kind, reason, subject_type, subject_id, payload, created_at, due_at, attempts,"
            " sent_at, remote_id, error, priority) VALUES (?, 'console', 'alert', 'opened', 'case', ?, '{}', ?, ?, 1, ?, '', '', 0)",
            ((f"case-{n}-0", str(n), at, at, at) for n, at in zip(ids, opened, strict=True)),
        )


def history(n: int, at: int, evidence: str) -> Iterator[tuple[str, str, int, str]]:
    """Opened, and half an hour later nobody had acknowledged it."""
    opened = datetime.fromtimestamp(at, UTC)
    told = {
        "kind": KINDS[n % 5], "subject_type": "shipment", "subject_id": str(n), "order_ref": None, "severity": "warn",
        "promise_by": (opened + timedelta(hours=24)).isoformat(), "since": opened.isoformat(), "probability": None,
        "evidence": json.loads(evidence), "next_step": None,
    }  # fmt: skip
    yield str(n), "opened", at, json.dumps(told)
    for step in ("acknowledge", "customer_told") if KINDS[n % 5] is Kind.DISPUTED else ("acknowledge",):
        yield str(n), "step_missed", at + 1_800, json.dumps({"step": step, "due": opened.isoformat()})
    for _ in range(2):
        yield str(n), "escalated", at + 1_800, json.dumps({"rung": "on_call", "to": ["p00"], "silent": False})


def make_due(db: sqlite3.Connection) -> list[int]:
    """Give so many cases that aren't disputed a deadline that has come: their carrier wasn't contacted in two hours."""
    ids = [row[0] for row in db.execute("SELECT id FROM cases WHERE kind != 'disputed' ORDER BY id LIMIT ?", (DUE,))]
    db.execute("BEGIN IMMEDIATE")
    db.executemany("UPDATE cases SET timer_at = ? WHERE id = ?", ((NOW_S, n) for n in ids))
    db.execute("COMMIT")
    return ids


def reset(db: sqlite3.Connection, ids: Sequence[int]) -> None:
    """As it was before: what was written in this turn goes."""
    db.execute("BEGIN IMMEDIATE")
    db.execute("DELETE FROM fact WHERE at >= ? AND event IN ('step_missed', 'escalated', 'raw')", (NOW_S,))
    db.execute("DELETE FROM outbox WHERE created_at >= ? AND reason != 'acknowledged'", (NOW_S,))
    db.executemany("UPDATE cases SET timer_at = ? WHERE id = ?", ((NOW_S + HOUR_S, n) for n in ids))
    db.execute("COMMIT")


def write_raw(db: sqlite3.Connection, ids: Sequence[int]) -> None:
    """A fact, the row and a letter for each case, in one transaction."""
    payload = json.dumps(
        {"case": 1, "status": "acknowledged", "evidence": [{"code": "evidence.silence", "params": {}}]}
    )
    db.execute("BEGIN IMMEDIATE")
    db.executemany(
        "INSERT INTO fact (subject_type, subject_id, event, at, channel, words, data) VALUES ('bench', ?, 'raw', ?, '', '', '{}')",
        ((str(n), NOW_S) for n in ids),
    )
    db.executemany("UPDATE cases SET step = 'x', timer_at = ? WHERE id = ?", ((NOW_S + 1, n) for n in ids))
    db.executemany(
        "INSERT INTO outbox (id, channel, kind, reason, subject_type, subject_id, payload, created_at, due_at, attempts,"
        " remote_id, error, priority) VALUES (?, 'console', 'alert_edit', 'raw', 'bench', ?, ?, ?, ?, 0, '', '', 0)",
        ((f"raw-{n}", str(n), payload, NOW_S, NOW_S) for n in ids),
    )
    db.execute("COMMIT")
