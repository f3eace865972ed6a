"""How the last weeks went: deliveries against what was expected, promises missed, late parcels that stayed late.

Everything is counted by whole days, and a moment sees the days that ended before it. Groups: all parcels, each carrier,
each destination's region; a group borrows from all, all of them from "as expected".
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from monitor.risk.groups import parts
from monitor.risk.history import Floats, History, Ints
from monitor.risk.pace import Pace
from monitor.risk.working_time import WorkingTime

DAY = 24.0
SPEED_DECAY, SHARE_DECAY = 0.5 ** (1 / 7), 0.5 ** (1 / 10)  # half-lives in days
PRIOR_DELIVERIES, PRIOR_PARCELS = 20.0, 20.0
LONGEST = 120
"""Days after hand-over for which a parcel is counted as expected any day."""


@dataclass(frozen=True, slots=True)
class Regime:
    """Columns by day, from ``first_day`` on: what is known when that day begins."""

    first_day: int
    speed: Floats
    group_speed: Mapping[str, Floats]
    missed: Floats
    stayed: Floats

    def at(self, at: Floats) -> tuple[Ints, tuple[Floats, Floats, Floats]]:
        day = np.clip((at // DAY).astype(np.int64) - self.first_day, 0, len(self.speed) - 1)
        return day, (self.speed[day], self.missed[day], self.stayed[day])


def region_of(path: str) -> str:
    return "/".join(parts(path)[:2])


def keys_of_group(carrier: str, destination: str) -> tuple[str, str]:
    """The groups whose speed is watched: the carrier's and the destination's region; empty: not known."""
    return (
        f"carrier {carrier.strip().casefold()}" if carrier.strip() else "",
        f"to {region_of(destination)}" if destination.strip() else "",
    )


def group_keys(history: History) -> list[list[str]]:
    """``keys_of_group`` by parcel."""
    p = history.parcels
    keys = [keys_of_group(c, d) for c, d in zip(p.carrier, p.destination, strict=True)]
    return [[carrier for carrier, _ in keys], [region for _, region in keys]]


def regime(history: History, clock: WorkingTime, pace: Pace, mu: Floats, until: float) -> Regime:
    """The regime by day up to the day of ``until``, from what happened before each day."""
    p = history.parcels
    first, last = int(np.min(p.handed) // DAY), int(until // DAY) + 1
    days = max(last - first + 1, 1)
    speed, group_speed = _speeds(history, clock, pace, mu, first, days)
    weight = history.worth
    due = (p.promised // DAY).astype(np.int64) - first
    base = np.log(0.1 / 0.9)
    missed = _share(due, weight, (history.received_at > p.promised).astype(float), days, base)
    late = np.flatnonzero(history.received_at > p.promised)
    over = (history.deadline[late] // DAY).astype(np.int64) - first
    stayed = _share(over, weight[late], (history.received_at > history.deadline)[late].astype(float), days, 0.0)
    return Regime(first, speed, group_speed, missed, stayed)


def _share(day: Ints, weight: Floats, hit: Floats, days: int, base: float) -> Floats:
    """The log odds of ``hit`` among what fell due lately, by the day on which it is known."""
    known = (day >= 0) & (day < days)
    n = _decayed(np.bincount(day[known], weights=weight[known], minlength=days), SHARE_DECAY)
    k = _decayed(np.bincount(day[known], weights=(weight * hit)[known], minlength=days), SHARE_DECAY)
    prior = PRIOR_PARCELS / (1 + np.exp(-base))
    share = (k + prior) / (n + PRIOR_PARCELS)
    return np.log(share / (1 - share)) - base


def _decayed(by_day: Floats, decay: float) -> Floats:
    """What each day sees of the days before it, older ones counting less."""
    seen = np.zeros(len(by_day))
    for day in range(1, len(by_day)):
        seen[day] = (seen[day - 1] + by_day[day - 1]) * decay
    return seen


def _speeds(
    history: History, clock: WorkingTime, pace: Pace, mu: Floats, first: int, days: int
) -> tuple[Floats, dict[str, Floats]]:
    """log(deliveries / expected deliveries), of all and of each group."""
    p = history.parcels
    start = (p.handed // DAY).astype(np.int64) - first
    end_at = np.minimum(history.received_at, history.censored_at)
    end = np.where(np.isinf(end_at), days, np.minimum(end_at, first * DAY + days * DAY) // DAY - first).astype(np.int64)
    end = np.minimum(np.minimum(end, start + LONGEST), days - 1)
    length = np.maximum(end - start + 1, 0)  # none for parcels handed over later
    row = np.repeat(np.arange(len(p)), length)
    day = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length) + start[row]
    begun = clock.days(p.handed)
    opened = np.maximum((first + day) * DAY, p.handed[row])
    closed = np.minimum((first + day + 1) * DAY, end_at[row])
    weight = history.worth

    def silent(at: Floats) -> Floats:
        age = np.maximum(clock.days(at) - begun[row], 1e-3)
        return pace.log_silent((np.log(age) - mu[row]) / pace.sigma)

    expected = weight[row] * np.maximum(silent(opened) - silent(np.maximum(closed, opened)), 0.0)
    got = history.received_at < (first + days) * DAY
    got_day = np.where(got, np.where(got, history.received_at, 0) // DAY - first, 0).astype(np.int64)
    observed = np.bincount(got_day[got], weights=weight[got], minlength=days)
    e, o = (_decayed(c, SPEED_DECAY) for c in (np.bincount(day, weights=expected, minlength=days), observed))
    overall = np.log((o + PRIOR_DELIVERIES) / (e + PRIOR_DELIVERIES))
    groups: dict[str, Floats] = {}
    for keys in group_keys(history):
        names = sorted({key for key in keys if key})
        number = {name: n for n, name in enumerate(names)}
        of = np.array([number.get(key, -1) for key in keys], dtype=np.int64)
        known, gk = of[row] >= 0, got & (of >= 0)
        shape = (max(len(names), 1), days)
        es = np.bincount(
            of[row][known] * days + day[known], weights=expected[known], minlength=shape[0] * days
        ).reshape(shape)
        os = np.bincount(of[gk] * days + got_day[gk], weights=weight[gk], minlength=shape[0] * days).reshape(shape)
        for n, name in enumerate(names):
            ge, go = _decayed(es[n], SPEED_DECAY), _decayed(os[n], SPEED_DECAY)
            groups[name] = np.log((go + PRIOR_DELIVERIES * np.exp(overall)) / (ge + PRIOR_DELIVERIES)) - overall
    return overall, groups
