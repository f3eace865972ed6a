"""`python -m bench.growth [--parcels N] [--days D]`: what a shop's database grows by, over a simulated month of the whole house.

Orders, parcels, scans, carriers' replies, cases, letters, returns: all that a house writes. Bytes are SQLite's own pages by table
(dbstat), scaled to a shop of 3,000 parcels a day. Small tables weigh more in a small month: the real figure is rather less. Carriers'
replies go after 14 days, so they grow no more from then on; they are told apart. Exit code 0 whatever the figures are (aim: <= 50 MB a day, the
month's mean: what is there after a month, by its days).
"""

import argparse
import asyncio
import sqlite3
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from doorstep import logs
from doorstep.simulating import DATABASE, Month, asked_of

SEED, PARCELS, DAYS = 17, 500, 31
SHOP = 3_000
RAW_DAYS = 14
AIM_MB = 50
RAW = ("raw_reply", "sqlite_autoindex_raw_reply_1", "raw_due", "raw_again")
SHOWN = 12
MB = 1e6


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of each table and index, how many parcels and scans there are, and the mean reply as it is kept."""

    tables: dict[str, int]
    parcels: int
    scans: int
    reply: float

    @property
    def raw(self) -> int:
        return sum(self.tables.get(name, 0) for name in RAW)

    @property
    def rest(self) -> int:
        return sum(self.tables.values()) - self.raw


async def play(folder: Path, parcels: int, days: int) -> Path:
    month = Month(asked_of(days=days, parcels=parcels, seed=SEED, named="none"), folder)
    try:
        await month.live(lambda line: print(line, file=sys.stderr, flush=True))
        month.store.checkpoint()
    finally:
        await month.house.kill()
    return folder / DATABASE


def size_of(path: Path) -> Size:
    with closing(sqlite3.connect(path)) as db:
        tables = dict(db.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall())
        parcels, scans = (db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("parcel", "scan"))
        reply = db.execute("SELECT coalesce(avg(length(body)), 0) FROM raw_reply").fetchone()[0]
    return Size(tables, parcels, scans, reply)


def report(size: Size, days: int) -> list[str]:
    """A parcel's replies lie in the last 14 days of the month, as many as these days' share of the parcels."""
    rest = size.rest / size.parcels
    raw = size.raw / (size.parcels * min(RAW_DAYS, days) / days)
    lines = [
        f"{size.parcels:,} parcels, {size.scans:,} scans, {sum(size.tables.values()) / MB:.1f} MB; a reply {size.reply:,.0f} bytes as it is kept",
        f"a parcel: {rest:,.0f} bytes for good, {raw:,.0f} bytes of replies for {RAW_DAYS} days",
        (
            f"{SHOP:,} parcels a day: {SHOP * rest / MB:.1f} MB a day for good, {SHOP * raw / MB:.1f} MB of replies"
            f" (at most {RAW_DAYS * SHOP * raw / MB:,.0f} MB); together {SHOP * (rest + raw) / MB:.1f} MB a day until the first go"
        ),
        f"the mean of {days} days: {SHOP * (size.rest + size.raw) / size.parcels / MB:.1f} MB a day (aim: <= {AIM_MB})",
        "",
        f"{'table or index':44} {'bytes a parcel':>14}",
    ]
    largest = sorted(size.tables.items(), key=lambda one: -one[1])[:SHOWN]
    return [*lines, *(f"{name:44} {bytes_ / size.parcels:14,.0f}" for name, bytes_ in largest)]


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--parcels", type=int, default=PARCELS)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--database", type=Path, help="a house's database to be measured instead")
    asked = parser.parse_args(words)
    logs.set_up("critical")
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder:
        path = asked.database or asyncio.run(play(Path(folder), asked.parcels, asked.days))
        print(*report(size_of(path), asked.days), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
