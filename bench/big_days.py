"""Days that are large for one house: 2,000 stops planned in a minute beside ten, and a slot quoted into a day of 1,000 promises.

    python -m bench.big_days [--stops 2000] [--couriers 40] [--depots 4] [--seconds 60] [--longer 600] [--promised 1000] [--seed 1]

The large day has several depots, two-hour windows, loads, and a third of its stops may be left out at a price. Both plans are searched
on two cores in wall time, so the machine must be quiet. A quote is what a customer's page asks for: the open slots of a day read and
quoted, with what is promised for it; once with nothing remembered of that day, and again. `--longer 0` leaves the plans out.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median
from time import process_time

from bench.caches import forget
from bench.machine import machine, version
from bench.replanning import CUT_OFF, SPREAD, ask, fleet
from domain.place import Location
from scheduler.offers import offers
from scheduler.router import Cost, Courier, Plan, Problem, Seconds, Stop, solve
from scheduler.travel.straight import haversine_table
from store import returns
from store.base import Db, Store

HOUR_S = 3600
SLOTS = tuple((HOUR_S * h, HOUR_S * (h + 2)) for h in (8, 10, 12, 14, 16))
CORES = 2
ROUNDS = 5


def drawn_day(stops: int, couriers: int, depots: int, rng: Random) -> Problem:
    """Doors round several depots of one town, each courier at one of these."""

    def somewhere() -> Location:
        return Location(lat=30.25 + 2 * rng.uniform(-SPREAD, SPREAD), lon=120.17 + 2 * rng.uniform(-SPREAD, SPREAD))

    table = haversine_table([somewhere() for _ in range(depots + stops)])
    who = tuple(
        Courier(
            id=f"c{k}", start=k % depots, end=k % depots, shift=(8 * HOUR_S, 20 * HOUR_S), capacity=(60,),
            cost=Cost(fixed=2_000, per_drive_s=1, per_m=0.1),
        )
        for k in range(couriers)
    )  # fmt: skip
    asked = tuple(
        Stop(
            id=f"s{n}", at=depots + n, windows=(rng.choice(SLOTS),) if n % 5 else (), service_s=rng.randrange(240, 600),
            load=(rng.choice((1, 1, 1, 2, 3)),), price=rng.randrange(600, 2_400) if n % 3 == 0 else None,
        )
        for n in range(stops)
    )  # fmt: skip
    return Problem(table.seconds, table.metres, asked, who, ("parcels",))


def told(name: str, plan: Plan) -> str:
    return f"{name}: cost {plan.cost:,.0f}, {len(plan.unserved)} left out, {plan.unserved_mandatory} of them must be served"


def quoting(promised: int, couriers: int, seed: int) -> tuple[list[float], list[float], int]:
    """CPU milliseconds of a quote with nothing remembered, and of the same again; how many slots it found."""
    rng, now, settings = Random(seed), CUT_OFF - timedelta(hours=12), fleet(couriers)

    def fill(db: Db) -> str:
        for n in range(promised):
            ask(db, n, rng, now=now, slotted=True)
        return ask(db, promised, rng, now=now, slotted=False)

    def quoted(db: Db, ref: str) -> int:
        value = returns.find(db, ref)
        assert value is not None
        return len(offers(db, value, settings, now=now, days=2))

    with (
        tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder,
        Store(Path(folder) / "q.sqlite3", synchronous="OFF") as store,
    ):
        ref = store.write(fill)
        found, first, again = store.read(quoted, ref), [], []
        for _ in range(ROUNDS):
            forget()
            first.append(taken(lambda: store.read(quoted, ref)))
            again.append(taken(lambda: store.read(quoted, ref)))
    return first, again, found


def taken(work: Callable[[], object]) -> float:
    started = process_time()
    work()
    return 1_000 * (process_time() - started)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--stops", type=int, default=2_000)
    options.add_argument("--couriers", type=int, default=40)
    options.add_argument("--depots", type=int, default=4)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--longer", type=float, default=600)
    options.add_argument("--promised", type=int, default=1_000)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    print(f"code {version()}; {machine()}")
    first, again, found = quoting(asked.promised, asked.couriers, asked.seed)
    print(
        f"{found} slots of a day of {asked.promised} promises and {asked.couriers} couriers: {median(first):.0f} ms of CPU, "
        f"again {median(again):.0f} ms; medians of {ROUNDS}",
        flush=True,
    )
    if asked.longer:
        problem = drawn_day(asked.stops, asked.couriers, asked.depots, Random(asked.seed))
        print(f"{asked.stops} stops, {asked.couriers} couriers, {asked.depots} depots, {CORES} cores", flush=True)
        costs = []
        for seconds in (asked.seconds, asked.longer):
            plan = solve(problem, seed=asked.seed, limit=Seconds(seconds), cores=CORES)
            costs.append(plan.cost)
            print(told(f"{seconds:g} s", plan), flush=True)
        print(f"{100 * (costs[0] / costs[1] - 1):+.2f} % beside the longer one")
    return 0


if __name__ == "__main__":
    sys.exit(main())
