"""How long parcels stay silent after a physical scan, by milestone, carrier and place: lognormal, pooled.

"48 hours without a scan at Hangzhou hub; 95 % of the 1,204 parcels there moved within 21 hours": the offices of a place
are pooled along its path, so that a small office borrows from its town.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from monitor.risk.groups import parts
from monitor.risk.history import MILESTONES, Bools, Floats, History, Ints
from monitor.risk.working_time import WorkingTime

PRIOR_MU, PRIOR_SIGMA, PRIOR_GAPS = 0.0, 1.0, 10.0
"""The shipped beginning: half of all gaps end within a working day, within a factor of e."""
SHORTEST = 1 / 24
POOLING = 8.0
"""How many gaps a place needs to count as much as what it is pooled with."""


STILL_OPEN = 0.5
"""An open gap will be longer than it is: its log counts as this much more."""


@dataclass(frozen=True, slots=True)
class Gap:
    mu: float
    sigma: float
    count: float


@dataclass(frozen=True, slots=True)
class Gaps:
    """``known``: by milestone, then place and carrier, from coarse to fine."""

    known: Mapping[str, Gap]

    def of(self, keys: list[str]) -> Gap:
        """The finest that is known."""
        for key in reversed(keys):
            if key in self.known:
                return self.known[key]
        return Gap(PRIOR_MU, PRIOR_SIGMA, 0.0)


def keys_of(milestone: int, carrier: str, place: str) -> list[str]:
    """From coarse to fine."""
    base = MILESTONES[milestone].value
    keys = [base, f"{base}|{carrier_of(carrier)}"]
    path = parts(place)
    return keys + [f"{keys[1]}|{'/'.join(path[:depth])}" for depth in range(1, len(path) + 1)]


def event_keys(history: History, rows: Ints) -> list[list[str]]:
    e, p = history.events, history.parcels
    memo: dict[tuple[int, str, str], list[str]] = {}
    found = []
    for row in rows.tolist():
        one = (int(e.milestone[row]), p.carrier[e.parcel[row]], e.place[row])
        if one not in memo:
            memo[one] = keys_of(*one)
        found.append(memo[one])
    return found


def fit_gaps(history: History, clock: WorkingTime, now: float) -> Gaps:
    """The gaps that began before ``now``; open ones count as longer by STILL_OPEN."""
    rows, length, closed = gaps_before(history, clock, now)
    if not len(rows):
        return Gaps({})
    y = np.log(np.maximum(length, SHORTEST))
    mass: dict[str, list[float]] = {}
    keys = event_keys(history, rows)
    for one, value, done in zip(keys, y.tolist(), closed.tolist(), strict=True):
        length_now = value if done else value + STILL_OPEN
        for key in one:
            sums = mass.setdefault(key, [0.0, 0.0, 0.0])
            sums[0] += 1.0
            sums[1] += length_now
            sums[2] += length_now * length_now
    return Gaps(_pooled(mass))


def _pooled(mass: Mapping[str, list[float]]) -> dict[str, Gap]:
    known: dict[str, Gap] = {}
    for key in sorted(mass, key=lambda k: (k.count("|") + k.count("/"), k)):
        n, total, square = mass[key]
        above = known.get(_coarser(key), Gap(PRIOR_MU, PRIOR_SIGMA, 0.0))
        strength = POOLING if above.count else PRIOR_GAPS
        mu = (total + strength * above.mu) / (n + strength)
        around = square - 2 * mu * total + n * mu * mu
        variance = (around + strength * (above.sigma**2 + (above.mu - mu) ** 2)) / (n + strength)
        known[key] = Gap(mu, float(np.sqrt(variance)), n)
    return known


def _coarser(key: str) -> str:
    cut = max(key.rfind("|"), key.rfind("/"))
    return key[:cut] if cut > 0 else ""


def gaps_before(history: History, clock: WorkingTime, now: float) -> tuple[Ints, Floats, Bools]:
    """Physical events before ``now`` with the working days until the next one (or receipt), and whether that came."""
    e = history.events
    rows = np.flatnonzero(e.physical & (e.at <= now) & ~history.state.delivered)
    if not len(rows):
        return rows, np.zeros(0), np.zeros(0, dtype=bool)
    upcoming = np.full(len(e), np.inf)
    held = np.flatnonzero(e.physical)
    following = e.parcel[held[1:]] == e.parcel[held[:-1]]
    upcoming[held[:-1][following]] = e.at[held[1:]][following]
    parcel = e.parcel[rows]
    ends = np.minimum(np.minimum(upcoming[rows], history.received_at[parcel]), history.failed_at[parcel])
    closed = ends <= now
    ends = np.minimum(np.minimum(ends, history.censored_at[parcel]), now)
    return rows, np.maximum(clock.days(ends) - clock.days(e.at[rows]), 0.0), closed


LATELY = 0.5 ** (1 / 2)
"""What a day counts of the one before it: a half-life of two days."""
ENDED_GAPS = 20.0
"""Ended gaps by which a carrier's slowness is drawn to none."""
STRANGE = 2.0
"""A gap further off than so many sigmas counts as so many: a stalled parcel that moves again isn't its carrier's pace."""


def slowness(
    history: History, event_days: Floats, mu: Floats, sigma: Floats, span: tuple[int, int]
) -> dict[str, Floats]:
    """By carrier: the log of how much longer the gaps were that ended lately than parcels' gaps usually are, by day from the
    first of ``span`` (first day, number of days) on, as known when the day begins. In a peak it is what all silences are
    measured against.
    """
    e, (first, days) = history.events, span
    held = np.flatnonzero(e.physical)
    same = e.parcel[held[1:]] == e.parcel[held[:-1]]
    begins, ends = held[:-1][same], held[1:][same]
    day = (e.at[ends] // 24).astype(np.int64) - first
    within = (day >= 0) & (day < days)
    begins, ends, day = begins[within], ends[within], day[within]
    off = silence(mu[begins], sigma[begins], event_days[ends] - event_days[begins])
    off = np.clip(off, -STRANGE, STRANGE) * sigma[begins]
    names, of = np.unique([carrier_of(c) for c in history.parcels.carrier], return_inverse=True)
    shape = (len(names), days)
    place = of[e.parcel[ends]] * days + day
    total, count = (np.bincount(place, weights=w, minlength=len(names) * days).reshape(shape) for w in (off, None))
    found = np.zeros(shape)
    sums, seen = np.zeros(len(names)), np.zeros(len(names))
    for n in range(1, days):
        sums, seen = (sums + total[:, n - 1]) * LATELY, (seen + count[:, n - 1]) * LATELY
        found[:, n] = sums / (seen + ENDED_GAPS)
    return {str(name): found[n] for n, name in enumerate(names)}


def carrier_of(name: str) -> str:
    return name.strip().casefold()


def silence(gap_mu: Floats, gap_sigma: Floats, silent: Floats) -> Floats:
    """How unusual a silence (working days) is: sigmas beyond the expected log gap."""
    return (np.log(np.maximum(silent, SHORTEST)) - gap_mu) / gap_sigma
