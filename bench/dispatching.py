"""Dispatch now or hold against dispatching everything at once, in the dynamic setting of EURO meets NeurIPS 2022.

    python -m bench.dispatching FOLDER [--seconds 10] [--seeds 1,2,3] [--only NAME] [--future next|rest|none] [--wall]

FOLDER is the ortec/ of the project's development data. The rules of the setting: each hour up to 100 requests are drawn from the static instance, place, window, load and
service time each on its own; those that can't be served any more are dropped. Routes leave an hour after their decision, with as many vehicles as one likes. What
would be too late an hour later must go; in the last hour everything must. The cost is the driving time of all routes of the day.
Seconds are CPU seconds per hour of the day, the same for both, unless --wall is given. `future` is what the sample covers: the next hour, the rest of the day, or there is none.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import mean
from time import perf_counter, process_time
from typing import Any

import numpy as np

from bench.routing_instances import ortec
from scheduler.batching_hold import dispatch_or_hold
from scheduler.router import Cost, Courier, Problem, Seconds, Stop, solve

HOUR_S = 3600
MARGIN_S = 3600
DRAWN = 100


@dataclass
class World:
    """The static instance as arrays; node 0 is the depot."""

    drive: Any
    windows: Any
    service: Any
    load: Any
    capacity: int
    matrix: tuple[tuple[int, ...], ...]

    @property
    def epochs(self) -> range:
        opens = self.windows[1:, 0]
        first, last = (int(max((x - MARGIN_S) // HOUR_S, 0)) for x in (opens.min(), opens.max()))
        return range(first, last + 1)

    def feasible(self, at, window, service, departs):
        arrival = np.maximum(departs + self.drive[0, at], window[:, 0])
        home = arrival + service + self.drive[at, 0]
        return (arrival <= window[:, 1]) & (home <= self.windows[0, 1])

    def draw(self, rng, epoch) -> list[tuple]:
        """Requests of one hour: (place, window, service, load)."""
        count = len(self.service) - 1
        at, window, load, service = (rng.integers(count, size=DRAWN) + 1 for _ in range(4))
        windows, services = self.windows[window], self.service[service]
        kept = self.feasible(at, windows, services, HOUR_S * epoch + MARGIN_S)
        rows = zip(at[kept], windows[kept], services[kept], self.load[load[kept]], strict=True)
        return [(int(a), (int(w[0]), int(w[1])), int(s), int(q)) for a, w, s, q in rows]


def world_of(file: Path) -> World:
    raw, _ = ortec(file)
    stops, first = raw["stops"], raw["couriers"][0]
    return World(
        np.array(raw["matrix_s"]),
        np.array([first["shift"], *(stop["windows"][0] for stop in stops)]),
        np.array([0, *(stop["service_s"] for stop in stops)]),
        np.array([0, *(stop["load"][0] for stop in stops)]),
        first["capacity"][0],
        tuple(tuple(row) for row in raw["matrix_s"]),
    )


@dataclass
class Day:
    """One seed's day, the same for every strategy."""

    world: World
    arrivals: list[list[Stop]] = field(default_factory=list)


def day_of(world: World, seed: int) -> Day:
    rng = np.random.default_rng(seed)
    days = [[stop_of(f"{e}/{n}", row) for n, row in enumerate(world.draw(rng, e))] for e in world.epochs]
    return Day(world, days)


def stop_of(name: str, row: tuple) -> Stop:
    at, window, service, load = row
    return Stop(id=name, at=at, windows=(window,), service_s=service, load=(load,))


Strategy = Callable[[Problem, set[str], int, World, int], tuple[set[str], float]]


def lived(day: Day, strategy: Strategy) -> float:
    """The day's cost by a strategy."""
    world, waiting, cost = day.world, [], 0.0
    epochs = world.epochs
    for n, epoch in enumerate(epochs):
        waiting += day.arrivals[n]
        if not waiting:
            continue
        departs = HOUR_S * epoch + MARGIN_S
        couriers = tuple(
            Courier(id=f"v{k}", start=0, end=0, shift=(departs, int(world.windows[0, 1])), capacity=(world.capacity,), cost=Cost(per_drive_s=1))
            for k in range(len(waiting))
        )  # fmt: skip
        problem = Problem(world.matrix, world.matrix, tuple(waiting), couriers, ("load",), now=departs)
        must = {stop.id for stop in waiting if n == len(epochs) - 1 or not served_later(world, stop, departs + HOUR_S)}
        gone, money = strategy(problem, must, epoch, world, len(epochs) - 1 - n)
        assert must <= gone
        cost += money
        waiting = [stop for stop in waiting if stop.id not in gone]
    return cost


def served_later(world: World, stop: Stop, departs: int) -> bool:
    one = world.feasible(np.array([stop.at]), np.array([stop.windows[0]]), np.array([stop.service_s]), departs)
    return bool(one[0])


def greedy(asked, seed) -> Strategy:
    def everything(problem, *_):
        plan = solve(problem, seed=seed, limit=Seconds(asked.seconds), clock=clock_of(asked))
        assert not plan.unserved
        return {stop.id for stop in problem.stops}, plan.cost

    return everything


def held(asked, seed) -> Strategy:
    def deciding(problem, must, epoch, world, left):
        covered = {"next": 1, "rest": left}.get(asked.future, 0)

        def sample(rng: Random) -> list[Stop]:
            source = np.random.default_rng(rng.randrange(2**31))
            rows = [row for k in range(1, covered + 1) for row in world.draw(source, epoch + k)]
            return [stop_of(f"f{n}", row) for n, row in enumerate(rows)]

        found = dispatch_or_hold(
            problem, must_go=must, now_s=HOUR_S * epoch, epoch_s=HOUR_S, epochs_left=left,
            sample_future=sample if covered else None, seed=seed, limit=Seconds(asked.seconds), clock=clock_of(asked),
        )  # fmt: skip
        assert not found.plan.unserved
        if asked.verbose:
            print(
                f"    {epoch}: {len(problem.stops)} open, {len(must)} must, {len(found.dispatch)} go; {found.futures} futures",
                flush=True,
            )
        return set(found.dispatch), found.plan.cost

    return deciding


def clock_of(asked):
    return perf_counter if asked.wall else process_time


def measured(asked) -> Iterator[float]:
    for file in sorted(asked.folder.glob("*.txt")):
        if asked.only not in file.stem:
            continue
        world = world_of(file)
        for seed in asked.seeds:
            day = day_of(world, seed)
            costs = [lived(day, make(asked, seed)) for make in (greedy, held)]
            gain = 100 * (costs[1] / costs[0] - 1)
            print(
                f"{file.stem:45} seed {seed}: greedy {costs[0]:9.0f}, held {costs[1]:9.0f}, {gain:+6.2f} %", flush=True
            )
            yield gain


def main() -> int:
    options = argparse.ArgumentParser(description="dispatch or hold against greedy")
    options.add_argument("folder", type=Path)
    options.add_argument("--seconds", type=float, default=10)
    options.add_argument("--seeds", type=lambda text: [int(word) for word in text.split(",")], default=[1, 2, 3])
    options.add_argument("--only", default="")
    options.add_argument("--future", choices=("next", "rest", "none"), default="next")
    options.add_argument("--wall", action="store_true")
    options.add_argument("--verbose", action="store_true")
    asked = options.parse_args()
    if not asked.folder.is_dir():
        print(f"no instances: {asked.folder} is not there")
        return 0
    gains = list(measured(asked))
    print(f"mean {mean(gains):+.2f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
