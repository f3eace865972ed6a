"""Routes of a day: both engines against nearest-neighbour routes on days drawn at random, and against the best known costs of
public instances where their folder lies beside the project.

Figures are costs, not times: the smaller, the better. `gap` is the distance to the best cost of the comparison: the best plan
of this very run on drawn days, the published cost on public ones.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

from bench.harness import Comparison, Run, Side
from bench.machine import ROOT
from bench.routing_instances import instances
from scheduler.referee import check
from scheduler.router import Courier, Engine, Problem, Seconds, Stop, read_problem, solve

BUDGET_S = 5.0  # of CPU time
ENGINES: tuple[Engine, ...] = ("kernel", "ortools")
DAYS = (1, 2)  # seeds of drawn days
SOLVES = (1, 2, 3)  # seeds of the engine
SIZES = (50, 200)
PUBLIC = ROOT.parent / "shared" / "data" / "routing"
PUBLIC_MOST_STOPS = 500  # five seconds say nothing of larger ones
TOWN_M = 18_000
M_PER_S = 7
DAY = (8 * 3600, 19 * 3600)
WINDOW_S = (3 * 3600, 4 * 3600)
PER_COURIER = 9  # stops: so many couriers that nearest neighbours serve every stop too


def measure() -> list[Comparison]:
    drawn = [
        Comparison(
            f"drawn day {seed} of {size} stops", "cost", "nearest neighbour", partial(day, size, seed), runs=1, seed=seed,
            note=f"{BUDGET_S:.0f} CPU s a solve",
        )
        for size in SIZES
        for seed in DAYS
    ]  # fmt: skip
    return drawn + public()


def public() -> list[Comparison]:
    if not PUBLIC.is_dir():
        print("\nrouting: no public instances beside the project (../shared/data/routing): skipped", file=sys.stderr)
        return []
    return [
        Comparison(
            f"public {file.parent.name}/{file.stem}", "cost", "best known", partial(instance, file, convert), runs=1, seed=1,
            note=f"{BUDGET_S:.0f} CPU s a solve",
        )
        for file, convert in instances(PUBLIC)
        if file.stat().st_size and stops_in(file) <= PUBLIC_MOST_STOPS
    ]  # fmt: skip


def stops_in(file: Path) -> int:
    """How many stops an instance has, by its lines or its DIMENSION."""
    words = [line.replace(":", " ").split() for line in file.read_text().splitlines()]
    told = [int(line[1]) for line in words if line[:1] == ["DIMENSION"]]
    return told[0] - 1 if told else sum(len(line) == 7 and line[0].isdigit() for line in words) - 1


@contextmanager
def day(size: int, seed: int) -> Iterator[Mapping[str, Side]]:
    problem = read_problem(drawn_day(size, Random(f"{seed}/{size}")))
    yield {
        "nearest neighbour": lambda: Run(nearest_neighbour_cost(problem)),
        **{
            f"{engine}, seed {solve_seed}": partial(solved, problem, solve_seed, engine)
            for solve_seed in SOLVES
            for engine in ENGINES
        },
    }


@contextmanager
def instance(file: Path, convert) -> Iterator[Mapping[str, Side]]:
    raw, best = convert(file)
    problem = read_problem(raw)
    sides = {f"{engine}, seed 1": partial(solved, problem, 1, engine) for engine in ENGINES}
    yield {"best known": lambda: Run(best), **sides}


def solved(problem: Problem, seed: int, engine: Engine) -> Run:
    """The engine's cost after so much CPU time; a plan that breaks a rule has none."""
    plan = solve(problem, seed=seed, limit=Seconds(BUDGET_S), engine=engine, clock=process_time)
    broken = check(problem, plan)
    assert not broken, broken
    left = plan.unserved_mandatory
    return Run(plan.cost, remark=f"{left} stops not served, its cost can't be compared" if left else "")


def drawn_day(size: int, rng: Random) -> dict[str, Any]:
    """Doors in clusters around a depot, windows of three to four hours, couriers with room for every stop."""
    centres = [(rng.uniform(0, TOWN_M), rng.uniform(0, TOWN_M)) for _ in range(max(3, size // 20))]
    doors = [(rng.gauss(x, 1_500), rng.gauss(y, 1_500)) for x, y in (rng.choice(centres) for _ in range(size))]
    points = [(TOWN_M / 2, TOWN_M / 2), *doors]
    metres = [[round(1.3 * ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5) for b in points] for a in points]
    return {
        "matrix_m": metres,
        "matrix_s": [[round(m / M_PER_S) for m in row] for row in metres],
        "loads": ["parcels"],
        "stops": [_stop(n, rng) for n in range(1, size + 1)],
        "couriers": [
            {
                "id": f"c{n}",
                "start": 0,
                "end": 0,
                "shift": list(DAY),
                "capacity": [24],
                "cost": {"fixed": 3_000, "per_m": 1},
            }
            for n in range(size // PER_COURIER + 2)
        ],
    }


def _stop(n: int, rng: Random) -> dict[str, Any]:
    length = rng.randrange(*WINDOW_S)
    opens = rng.randrange(DAY[0] + 3_600, DAY[1] - 3_600 - length)
    return {"id": str(n), "at": n, "windows": [[opens, opens + length]], "service_s": 300, "load": [rng.randint(1, 3)]}


# --- the baseline --------------------------------------------------------------------------------------------------


def nearest_neighbour_cost(problem: Problem) -> float:
    """One courier after the other goes to the stop that can be started soonest, while windows, load and shift allow it."""
    waiting, cost = set(range(len(problem.stops))), 0.0
    for courier in problem.couriers:
        chain = chain_of(problem, courier, waiting)
        if chain:
            waiting -= set(chain)
            cost += courier.cost.fixed + courier.cost.per_m * metres_of(problem, courier, chain)
    assert not waiting, f"nearest neighbours left {len(waiting)} stops: the drawn day has too few couriers"
    return cost


def chain_of(problem: Problem, courier: Courier, waiting: set[int]) -> list[int]:
    at, time, load, chain = courier.start or 0, courier.shift[0], 0, []
    while True:
        free = [
            (start, n)
            for n in waiting.difference(chain)
            if (start := start_at(problem, at, time, problem.stops[n])) is not None
            and load + problem.stops[n].load[0] <= courier.capacity[0]
            and start + problem.stops[n].service_s + (problem.matrix_s[problem.stops[n].at][0] or 0) <= courier.shift[1]
        ]
        if not free:
            return chain
        start, n = min(free)
        stop = problem.stops[n]
        chain.append(n)
        at, time, load = stop.at, start + stop.service_s, load + stop.load[0]


def start_at(problem: Problem, at: int, time: int, stop: Stop) -> int | None:
    """When service would start; None where the window is over by then."""
    start = max(time + (problem.matrix_s[at][stop.at] or 0), stop.windows[0][0])
    return start if start <= stop.windows[0][1] else None


def metres_of(problem: Problem, courier: Courier, chain: list[int]) -> int:
    places = [courier.start or 0, *(problem.stops[n].at for n in chain), courier.end or 0]
    return sum(problem.matrix_m[a][b] or 0 for a, b in pairwise(places))
