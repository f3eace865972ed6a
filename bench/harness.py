"""What a measurement is, and how one is taken: all its sides in turns, so that a noisy minute hits each of them.

A bench is one module with a `measure()` that returns comparisons. Nothing is set up before a comparison's own turn comes.
"""

import gc
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one side: its figure in the comparison's unit, and the same by CPU time where that makes sense.
    ``remark``: what a reader of the figure must know.
    """

    figure: float
    cpu: float | None = None
    remark: str = ""


Side = Callable[[], Run]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Sides that do the same work. ``sides`` opens them (set-up is not timed); ``baseline`` names the one that the
    others are divided by. ``aim`` is what we would like a ratio to be: it is printed, and judged by readers only.
    """

    name: str
    unit: str
    baseline: str
    sides: Callable[[], AbstractContextManager[Mapping[str, Side]]]
    runs: int = 7
    aim: str = ""
    seed: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a comparison brought: every figure of every run, in the order in which they were taken."""

    figures: dict[str, list[float]]
    cpu: dict[str, list[float]] = field(default_factory=dict)
    load: tuple[float, float] = (0.0, 0.0)
    remarks: list[str] = field(default_factory=list)


def take(comparison: Comparison) -> Taken:
    """Run all sides in turns, beginning with another one each round."""
    before = os.getloadavg()[0]
    with comparison.sides() as sides:
        taken: dict[str, list[Run]] = {name: [] for name in sides}
        for turn in range(comparison.runs):
            for name in rotated(list(sides), turn):
                gc.collect()
                taken[name].append(sides[name]())
    return Taken(
        {name: [run.figure for run in runs] for name, runs in taken.items()},
        {name: [run.cpu for run in runs if run.cpu is not None] for name, runs in taken.items()},
        (before, os.getloadavg()[0]),
        sorted({f"{name}: {run.remark}" for name, runs in taken.items() for run in runs if run.remark}),
    )


def rotated(names: Sequence[str], by: int) -> list[str]:
    by %= len(names)
    return [*names[by:], *names[:by]]


def ratios(figures: Mapping[str, Sequence[float]], side: str, baseline: str) -> list[float]:
    """Figure over baseline figure, round by round: both halves of a pair saw the same weather."""
    if not figures.get(side) or not figures.get(baseline):
        return []
    return [ours / theirs for ours, theirs in zip(figures[side], figures[baseline], strict=True) if theirs]


def middle(values: Sequence[float]) -> float | None:
    return median(values) if values else None


# --- clocks --------------------------------------------------------------------------------------------------------


def per_second(amount: int, work: Callable[[], object]) -> Run:
    """So much work, as amount per second of wall time and of this process's CPU time."""
    wall, cpu = clocked(work)
    return Run(amount / wall, amount / cpu if cpu else None)


def milliseconds(work: Callable[[], object], times: int = 1) -> Run:
    """How long the work takes, the mean of ``times`` calls in a row."""
    wall, cpu = clocked(lambda: [work() for _ in range(times)])
    return Run(1000 * wall / times, 1000 * cpu / times)


def clocked(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = perf_counter(), process_time()
    work()
    return perf_counter() - wall, process_time() - cpu
