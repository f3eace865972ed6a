"""`python -m bench.desk_page [--cases N]`: the desk's page with a hundred thousand open cases, through the application itself.

Every queue, its second page, narrowed by a kind and by an owner; and the search. Figures in milliseconds: median, p95, worst.
Exit code 0 whatever they are: they are for reading (aim: p95 < 300 ms).
"""

import argparse
import asyncio
import re
import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter

import httpx

from config.settings import defaults
from domain.case import Kind
from doorstep import unheard
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.web.app import create_app
from doorstep.web.auth import hash_password
from store import people
from store.base import Store
from store.people import Person
from store.queues import Queue
from store.tables import to_seconds

SEED = 29
CASES = 100_000
CLERKS = 12
ROUNDS = 40
AIM_MS = 300
NOW = datetime(2026, 11, 11, 4, tzinfo=UTC)
PASSWORD = "a long enough password"
KINDS = [k for k in Kind if k is not Kind.SOURCE_SILENT]
STATUSES = ("open", "acknowledged", "with_carrier", "with_customer", "waiting", "made_good")
EVIDENCE = '[{"code":"evidence.silence","params":{"last_at":"2026-11-09T01:00:00+00:00","milestone_code":"in_transit","place":"杭州转运中心"}}]'
PAGES = (
    *(f"/?queue={queue}" for queue in Queue),
    "/?kind=damaged", "/?queue=morning&kind=customs", "/?owner=clerk3", "/?queue=carrier&owner=clerk3",
    "/search?q=5678", "/search?q=13800012345", "/search?q=700000000012345", "/search?q=O-9999", "/cases/77777",
)  # fmt: skip


def fill(path: Path, n: int, *, watched: int = 0) -> None:
    """Orders, customers, shipments and parcels, ``n`` of them with an open case and its first fact, ``watched`` in all (by default as
    many); every tenth of those with a case is on the watch list as well.
    """
    rng, now, all_of = Random(SEED), to_seconds(NOW), max(n, watched)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA synchronous=OFF")
        db.execute(
            f"CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT {all_of}) SELECT i FROM n"
        )
        db.execute(
            "INSERT INTO customer (id, name, phone, email, address, district, located)"
            " SELECT i, '王小明', '138' || substr('0000000' || i, -8), '', '', '西渡区', '' FROM n"
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
        db.execute(
            "INSERT INTO parcel (id, shipment_id, identity, number, leg, milestone, delivered)"
            " SELECT i, i, '', '7' || substr('00000000000000' || i, -14), 'out', 'in_transit', 'no' FROM n"
        )
        db.execute("INSERT INTO watch (shipment_id, note, ended) SELECT i, '', '' FROM n")
        db.execute(
            "INSERT INTO asking (shipment_id, source, account, place, worth, next_poll_at, failures)"
            f" SELECT i, 'kuaidi100', 'main', 0, 3, {now} + i, 0 FROM n"
        )
        db.executemany(
            "INSERT INTO cases (id, kind, subject_type, subject_id, severity, status, opened_at, promise_by, owner, warned,"
            " breached, told_at, close_reason, since, evidence, order_ref, rank, type)"
            " VALUES (?,?,'shipment',?,'warn',?,?,?,?,0,0,?,'',?,?,?,?,'')",
            (case(rng, i, now) for i in range(1, n + 1)),
        )
        db.execute(
            "INSERT INTO fact (subject_type, subject_id, event, at, channel, words, data)"
            f" SELECT 'case', i, 'opened', {now}, '', '', '{{}}' FROM n WHERE i <= {n}"
        )
        db.execute(
            "INSERT INTO watch_item (subject_type, subject_id, kind, since, found_at, evidence)"
            f" SELECT 'shipment', i, 'promise_risk', {now} - i, {now}, '{EVIDENCE}' FROM n WHERE i % 10 = 0 AND i <= {n}"
        )
        db.execute("ANALYZE")


def case(rng: Random, i: int, now: int) -> tuple[object, ...]:
    opened = now - rng.randrange(48 * 3600)
    kind = rng.choice(KINDS)
    owner = f"clerk{rng.randrange(CLERKS)}" if rng.random() < 0.7 else None
    told = now - 60 if rng.random() < 0.3 else None
    rank = {Kind.DISPUTED: 0, Kind.REFUND_UNCONFIRMED: 1, Kind.CHECKIN_MISSING: 1}.get(kind, 2)
    return (
        i, kind.value, str(i), rng.choice(STATUSES) if owner else "open", opened, opened + 24 * 3600, owner, told, opened,
        EVIDENCE, f"O-{i}", rank,
    )  # fmt: skip


async def measure(house: House) -> list[tuple[str, list[float], int]]:
    transport = httpx.ASGITransport(create_app(house))
    async with httpx.AsyncClient(transport=transport, base_url="http://bench", timeout=60) as client:
        form = (await client.get("/sign-in")).text
        token = re.search(r'name="csrf" value="([^"]+)"', form)
        assert token
        await client.post("/sign-in", data={"csrf": token[1], "name": "clerk3", "password": PASSWORD})
        pages = [*PAGES, await second(client, "/"), await second(client, "/?queue=morning")]
        return [await timed(client, page) for page in pages]


async def second(client: httpx.AsyncClient, first: str) -> str:
    found = re.search(r'rel="next" href="([^"]+)"', (await client.get(first)).text)
    assert found, f"{first} has no second page"
    return found[1].replace("&amp;", "&")


async def timed(client: httpx.AsyncClient, page: str) -> tuple[str, list[float], int]:
    took, size = [], 0
    for _ in range(ROUNDS):
        begun = perf_counter()
        reply = await client.get(page)
        took.append((perf_counter() - begun) * 1000)
        assert reply.status_code in {200, 303}, (page, reply.status_code)
        size = len(reply.content)
    return page, sorted(took), size


def main(words: list[str] | None = None) -> int:
    asked = argparse.ArgumentParser(prog="python -m bench.desk_page", description=__doc__)
    asked.add_argument("--cases", type=int, default=CASES)
    n = asked.parse_args(words).cases
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder:
        path = Path(folder) / "doorstep.sqlite3"
        with Store(path, synchronous="OFF"):
            pass
        fill(path, n)
        settings = defaults(Path(folder) / "doorstep.toml")
        with Store(path) as store:
            house = House(store, settings, settings.detection, SetClock(NOW), wall=SetClock(NOW))
            hashed = hash_password(PASSWORD)
            for i in range(CLERKS):
                store.write(people.save_person, Person(f"clerk{i}", f"Clerk {i}", "agent", "zh", hashed))
            asyncio.run(unheard.recount(house, now=NOW))  # as the beat does once a minute
            print(f"{n:,} open cases, {ROUNDS} times each; milliseconds")
            print(f"{'page':44} {'median':>8} {'p95':>8} {'worst':>8} {'kB':>6}")
            for page, took, size in asyncio.run(measure(house)):
                p95 = took[int(len(took) * 0.95) - 1]
                over = "" if p95 < AIM_MS else f"  over {AIM_MS}"
                print(f"{page:44.44} {took[len(took) // 2]:8.1f} {p95:8.1f} {took[-1]:8.1f} {size // 1024:6}{over}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
