"""`python -m bench.million [--parcels N] [--cases N]`: a house that watches a million parcels: its quiet beat, its memory, the desk's pages.

A quiet beat has nothing due: no question, no alarm, no deadline. The database is filled by a process of its own, so that what is resident
belongs to the house alone. Exit code 0 whatever the figures are (aims: beat < 50 ms, resident < 600 MB, pages p95 < 300 ms).
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from time import perf_counter, process_time

from bench import desk_page
from bench.desk_page import NOW
from config.settings import defaults
from doorstep.beat import beat
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.solving import Here
from doorstep.web.auth import hash_password
from doorstep.wiring import open_house
from scheduler.router import Steps
from store import people
from store.base import Store
from store.people import Person

PARCELS, CASES, BEATS = 1_000_000, 100_000, 60
STEP = timedelta(seconds=5)
WARM_UP, READ_A_BEAT = 20, 200
FILL = "import sys; from pathlib import Path; from bench.desk_page import *; fill(Path(sys.argv[1]), int(sys.argv[2]), watched=int(sys.argv[3]))"
QUIET = (
    "UPDATE asking SET next_poll_at = next_poll_at + 86400",
    "INSERT INTO customer_keeping (customer_id, look_at, hold) SELECT id, 4000000000, '' FROM customer",
    "UPDATE cases SET timer_at = NULL",
)
"""Nothing is due: no question, no customer who has been kept long enough, no deadline."""


def resident_mb() -> float:
    """Of this process, now."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def caught_up(house: House, cases: int) -> None:
    """Readers of the log read what the filling wrote, a slice at each beat; only then is a beat quiet."""

    async def live() -> None:
        for n in range(WARM_UP + cases // READ_A_BEAT):
            await beat(house, {}, Here(Steps(1)), now=NOW - STEP, rng=Random(n))

    asyncio.run(live())


def quiet_beats(house: House) -> tuple[list[float], list[float]]:
    """Milliseconds of each beat, by the clock and by CPU, in order."""
    walls, cpus = [], []

    async def live() -> None:
        for n in range(BEATS):
            begun, cpu = perf_counter(), process_time()
            await beat(house, {}, Here(Steps(1)), now=NOW + n * STEP, rng=Random(n))
            walls.append(1000 * (perf_counter() - begun))
            cpus.append(1000 * (process_time() - cpu))

    asyncio.run(live())
    return walls, cpus


def told(values: Sequence[float]) -> str:
    found = sorted(values)
    return f"median {found[len(found) // 2]:.1f}, p95 {found[int(len(found) * 0.95) - 1]:.1f}, worst {found[-1]:.1f} ms"


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.million", description=__doc__)
    parser.add_argument("--parcels", type=int, default=PARCELS)
    parser.add_argument("--cases", type=int, default=CASES, help="one page is that of case 77777")
    parser.add_argument("--rounds", type=int, default=desk_page.ROUNDS, help="how often each page is asked for")
    asked = parser.parse_args(words)
    desk_page.ROUNDS = asked.rounds
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder:
        path = Path(folder) / "doorstep.sqlite3"
        with Store(path, synchronous="OFF"):
            pass
        subprocess.run((sys.executable, "-c", FILL, str(path), str(asked.cases), str(asked.parcels)), check=True)
        settings = defaults(Path(folder) / "doorstep.toml")
        with Store(path) as store:
            for sql in QUIET:
                store.write(lambda db, sql=sql: db.exec_driver_sql(sql))
            store.checkpoint()
            house = replace(open_house(settings, store, now=SetClock(NOW)), wall=SetClock(NOW))
            hashed = hash_password(desk_page.PASSWORD)
            for i in range(desk_page.CLERKS):
                store.write(people.save_person, Person(f"clerk{i}", f"Clerk {i}", "agent", "zh", hashed))
            asyncio.run(
                beat(house, {}, Here(Steps(1)), now=NOW - STEP, rng=Random(0))
            )  # what the filling left to be done
            print(
                f"{asked.parcels:,} watched parcels, {asked.cases:,} open cases, {path.stat().st_size / 1e6:,.0f} MB of database"
            )
            caught_up(house, asked.cases)
            first, then = (quiet_beats(house) for _ in range(2))
            print(
                f"quiet beat: {told(then[0])}; by CPU {told(then[1])}; the first ones after a start: {told(first[0])}"
            )
            print(f"resident after {2 * BEATS} beats: {resident_mb():,.0f} MB")
            for page, took, _size in asyncio.run(desk_page.measure(house)):
                print(f"{page:44.44} {told(took)}")
            print(f"resident after the pages: {resident_mb():,.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
