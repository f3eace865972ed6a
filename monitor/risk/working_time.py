"""A clock that runs as fast as carriers deliver: learned from the hours of the week at which parcels are received.

Nobody delivers at three in the morning, and few on a Sunday: silence then means little. Ages, gaps and the time left
are measured on this clock. It is learned, so that no country's week is written into the program.
"""

from dataclasses import dataclass

import numpy as np

from monitor.risk.history import Floats

WEEK = 168
PRIOR = 4.0
"""Deliveries that every hour of the week begins with: with little data the clock is a plain one."""
SLOWEST = 0.02
"""The share of its usual speed at which the clock runs at least."""


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """``speed``: for each hour of the week (from Thursday 00:00 UTC, as 1970 began), 1 on average."""

    speed: tuple[float, ...]

    def days(self, at: Floats) -> Floats:
        """Working days (24 working hours) since 1970 at a time in hours; increasing, linear within an hour."""
        speed = np.asarray(self.speed)
        passed = np.concatenate(([0.0], np.cumsum(speed)))
        week, rest = np.divmod(at, WEEK)
        hour = np.minimum(rest.astype(np.int64), WEEK - 1)
        return (week * passed[-1] + passed[hour] + (rest - hour) * speed[hour]) / 24.0

    def hours(self, days: Floats) -> Floats:
        """The time in hours at which so many working days have passed: ``days`` turned round."""
        speed = np.asarray(self.speed)
        passed = np.concatenate(([0.0], np.cumsum(speed))) / 24.0
        week, rest = np.divmod(days, passed[-1])
        hour = np.minimum(np.searchsorted(passed, rest, side="right") - 1, WEEK - 1)
        return week * WEEK + hour + (rest - passed[hour]) * 24.0 / speed[hour]


PLAIN = WorkingTime((1.0,) * WEEK)


def learned(received: Floats, weight: Floats) -> WorkingTime:
    """The clock of deliveries at these times. Stamps of midnight sharp are dates without a time, and say no hour."""
    timed = received % 24.0 != 0
    hour = (received[timed] % WEEK).astype(np.int64)
    mass: Floats = np.bincount(
        hour, weights=weight[timed] / max(weight[timed].mean(), 1e-9) if timed.any() else None, minlength=WEEK
    )
    mass = mass + PRIOR
    return WorkingTime(tuple(np.maximum(mass / mass.mean(), SLOWEST).tolist()))
