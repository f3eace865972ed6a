"""What is known of a parcel at a moment, as a row of numbers: nothing later than the moment goes in.

Days are working days of the learned clock. First come columns of the promise alone (``BASE``), with a shipped beginning;
then what is particular to the parcel, its lane and the weeks (``USES``), which counts in full well before the promise
and is drawn strongly to nothing after it: there the promise itself is the best ranking that was found, and small
differences between late parcels only reorder alarms for the worse (docs/detection-model.md).
"""

from dataclasses import dataclass

import numpy as np

from monitor.risk.gaps import Gaps, carrier_of, event_keys, silence, slowness
from monitor.risk.groups import parts
from monitor.risk.history import MILESTONES, PICKED_UP, Floats, History, Ints
from monitor.risk.pace import SHORTEST, Pace
from monitor.risk.regime import Regime, group_keys
from monitor.risk.working_time import WorkingTime

WEEK_OF_GRACE = 7.0
BASE = (
    ("level", -3.4, 0.1), ("promise -10 d", 0.12, 1.0), ("promise -5 d", 0.38, 1.0), ("promise -3 d", 0.0, 1.0),
    ("promise -2 d", 0.0, 1.0), ("promise -1 d", 0.0, 1.0), ("promise +0 d", -0.1, 1.0), ("promise +1 d", 0.0, 1.0),
    ("promise +2 d", 0.0, 1.0), ("promise +3 d", 0.0, 1.0), ("promise +4.5 d", 0.0, 1.0), ("last day", -1.5, 1.0),
)  # fmt: skip
"""Column, where it begins, and how strongly it is held there. Columns of the promise bend the log odds at working days
before or after it (after it in sevenths of the grace). The shipped beginning is of the order that two thousand
marketplace parcels showed: 3 % two weeks ahead, 40 % at the promise, 75 % three days after it."""
TAU_KNOTS = (-10.0, -5.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.5)
TAU_MOST = 30.0
LEAD_SHARE, LEAD_LEAST, LEAD_MOST, FADED = 0.3, 0.5, 4.0, 1.0
"""For how long a parcel's particulars fade: a share of the promised span, in working days; FADED days before the promise
they are gone."""


@dataclass(frozen=True)
class Known:
    """A history with what one fit learned of it: everything that a row of numbers is made from."""

    history: History
    clock: WorkingTime
    pace: Pace
    gaps: Gaps
    regime: Regime
    mu: Floats
    begun: Floats
    promised: Floats
    deadline: Floats
    event_days: Floats
    gap_mu: Floats
    gap_sigma: Floats
    near: Floats
    groups: tuple[tuple[Ints, Floats], ...]
    slower: dict[str, Floats]
    carrier: Ints


def known(history: History, clock: WorkingTime, pace: Pace, gaps: Gaps, regime: Regime) -> Known:
    p = history.parcels
    begun, promised, deadline = clock.days(p.handed), clock.days(p.promised), clock.days(history.deadline)
    slack = promised - begun
    found = [gaps.of(keys) for keys in event_keys(history, np.arange(len(history.events)))]
    near = [
        overlap(place, p.destination[i]) for place, i in zip(history.events.place, history.events.parcel, strict=True)
    ]
    groups = []
    for keys in group_keys(history):
        names = sorted({key for key in keys if key in regime.group_speed})
        number = {name: n for n, name in enumerate(names)}
        table = np.stack([*(regime.group_speed[name] for name in names), np.zeros(len(regime.speed))])
        groups.append((np.array([number.get(key, len(names)) for key in keys], dtype=np.int64), table))
    event_days, mu, sigma = clock.days(history.events.at), *np.array([(g.mu, g.sigma) for g in found]).reshape(-1, 2).T
    slower = slowness(history, event_days, mu, sigma, (regime.first_day, len(regime.speed))) if found else {}
    number = {name: n for n, name in enumerate(slower)}
    return Known(
        history, clock, pace, gaps, regime, pace.expected(p, slack), begun, promised, deadline, event_days, mu, sigma,
        np.array(near), tuple(groups), slower, np.array([number.get(carrier_of(c), 0) for c in p.carrier], dtype=np.int64),
    )  # fmt: skip


def overlap(place: str, destination: str) -> float:
    """How much of the destination's path a place shares; -1 where either isn't known."""
    here, there = parts(place), parts(destination)
    if not here or not there:
        return -1.0
    shared = 0
    for one, other in zip(here, there, strict=False):
        if one != other:
            break
        shared += 1
    return shared / len(there)


@dataclass(frozen=True, slots=True)
class Rows:
    """``base``: columns of BASE; ``detail``: columns of DETAILS; ``ahead``: 1 well before the promise, 0 after it."""

    base: Floats
    detail: Floats
    ahead: Floats


def rows(k: Known, parcel: Ints, at: Floats) -> Rows:
    """What was known of each parcel at each time."""
    now = k.clock.days(at)
    age = np.maximum(now - k.begun[parcel], SHORTEST)
    slack = np.maximum(k.promised[parcel] - k.begun[parcel], SHORTEST)
    tau = now - k.promised[parcel]
    tau = np.where(tau > 0, tau * (WEEK_OF_GRACE * 24 / max(k.history.grace, 1.0)), tau)
    base = [np.ones(len(at))] + [np.clip(tau - knot, 0.0, TAU_MOST) for knot in TAU_KNOTS]
    base.append(np.clip(k.deadline[parcel] - now, 0.0, 1.0))
    z = np.clip((np.log(age) - k.mu[parcel]) / k.pace.sigma, -3.0, 5.0)
    detail = [np.log(age), np.log(slack), z]
    detail += _weeks(k, parcel, at) + _scans(k, parcel, at, now)
    lead = np.clip(LEAD_SHARE * slack, LEAD_LEAST, LEAD_MOST)
    return Rows(np.stack(base, axis=1), np.stack(detail, axis=1), np.clip((-tau - FADED) / lead, 0.0, 1.0))


def _weeks(k: Known, parcel: Ints, at: Floats) -> list[Floats]:
    """How the last weeks went."""
    day, (speed, missed, stayed) = k.regime.at(at)
    return [speed, missed, stayed, *(table[group[parcel], day] for group, table in k.groups)]


def _scans(k: Known, parcel: Ints, at: Floats, now: Floats) -> list[Floats]:
    """Where it was last held, and how unusual the silence since then is, by its carrier's pace of these days. With two stamps a parcel all of it is level."""
    history, state = k.history, k.history.state
    if not len(history.events):
        return [np.zeros(len(at)) for _ in SCANS]
    row = history.last_event(parcel, at)
    some, row = row >= 0, np.maximum(row, 0)
    held = np.where(some, state.physical_row[row], -1)
    was_held, held = held >= 0, np.maximum(held, 0)
    since = np.where(was_held, np.maximum(k.event_days[held], k.begun[parcel]), k.begun[parcel])
    day, _ = k.regime.at(at)
    slower = np.stack(list(k.slower.values()))[k.carrier[parcel], day]
    silent = np.maximum(now - since, 0.0) * np.exp(-slower)
    z = np.where(was_held, np.clip(silence(k.gap_mu[held], k.gap_sigma[held], silent), -3.0, 5.0), 0.0)
    scans = np.where(some, state.scans[row], 0)
    several = (scans > 1).astype(float)
    milestone = np.where(some, state.milestone[row], PICKED_UP)
    told = ((scans > 1) | (milestone != PICKED_UP)).astype(float)
    near = np.where(was_held, k.near[held], -1.0)
    found = [several, several * np.log(np.maximum(silent, SHORTEST)), several * z, several * np.maximum(z - 1, 0.0)]
    found += [
        several * np.maximum(z - 2, 0.0),
        np.log1p(np.maximum(scans - 1, 0)),
        told * (near >= 0),
        told * np.maximum(near, 0.0),
    ]
    return found + [told * (milestone == m) for m in range(len(MILESTONES))]


SCANS = (
    "scanned", "log silence", "silence", "silence > 1", "silence > 2", "scans", "place known", "near the destination",
    *(m.value for m in MILESTONES),
)  # fmt: skip
OWN = ("age", "promised span", "slow")
WEEKS = ("speed", "missed", "stayed late", "carrier's speed", "region's speed")
DETAILS = (*OWN, *WEEKS, *SCANS)
COLUMN = {name: number for number, name in enumerate(DETAILS)}

AHEAD, AFTER, ALWAYS = "ahead", "after", "always"
USES = (
    *((name, AHEAD, 50.0) for name in OWN), *((name, AHEAD, 150.0) for name in WEEKS),
    *((name, AFTER, 1000.0) for name in OWN), *((name, ALWAYS, 20.0) for name in SCANS),
)  # fmt: skip
"""Each detail, when it counts, and how strongly its weight (in standard deviations) is drawn to nothing."""
