"""When the risk of silent parcels will cross, computed ahead for any number of them at once.

It is the model of ``model.py``, taken apart: what stands still while a parcel is silent is summed once, and what runs on
(age, silence, nearness of the promise) is a few functions of one time. Everything is measured in working days, where the
model is smooth; the first crossing is looked for on a grid and narrowed down, and only then put on the clock again.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import exp
from typing import TypeVar

import numpy as np

from monitor.risk.features import (
    BASE,
    COLUMN,
    FADED,
    LEAD_LEAST,
    LEAD_MOST,
    LEAD_SHARE,
    TAU_KNOTS,
    TAU_MOST,
    USES,
    WEEK_OF_GRACE,
    overlap,
)
from monitor.risk.gaps import SHORTEST as SHORTEST_GAP
from monitor.risk.gaps import Gap, carrier_of, keys_of
from monitor.risk.groups import levels_of
from monitor.risk.history import MILESTONES, PICKED_UP, Floats, Ints
from monitor.risk.keeping import Kept
from monitor.risk.logistic import log_odds, probability
from monitor.risk.pace import SHORTEST
from monitor.risk.regime import keys_of_group

GRID, HALVINGS = 24, 7
"""Moments from now to the deadline that are looked at, and how often the interval of a crossing is halved."""
CHUNK = 1 << 15
"""Parcels at a time: their columns stay in the processor's cache."""

T = TypeVar("T", bound=Hashable)
Lane = tuple[str, str, str, str]
"""Carrier, service, origin, destination."""
Spot = tuple[int, str, str, str]
"""Milestone, carrier, place of the last scan, destination."""


@dataclass(frozen=True)
class Silent:
    """Parcels on their way as columns: ``lane`` and ``spot`` are numbers into ``lanes`` and ``spots``, since most parcels
    share theirs. Times in hours since 1970. ``held``: the last physical scan; ``scans``: how many there were. ``known``:
    until when nothing more was heard; ``levels``: from which probabilities on a parcel is watched and is an alert.
    """

    lanes: Sequence[Lane]
    spots: Sequence[Spot]
    lane: Ints
    spot: Ints
    handed: Floats
    promised: Floats
    deadline: Floats
    held: Floats
    scans: Ints
    known: Floats
    levels: tuple[Floats, Floats]

    def __len__(self) -> int:
        return len(self.lane)


@dataclass(frozen=True)
class Foresight:
    """``now``: the probability as far as was heard. ``watch``, ``alert``: when it crosses, in hours since 1970."""

    now: Floats
    watch: Floats
    alert: Floats


def foresee(asked: "Asked", s: Silent) -> Foresight:
    """When each parcel crosses, at the latest at its deadline."""
    now, watch, alert = (np.empty(len(s)) for _ in range(3))
    for begin in range(0, len(s), CHUNK):
        part = slice(begin, begin + CHUNK)
        now[part], watch[part], alert[part] = _chunk(asked, s, part)
    return Foresight(now, watch, alert)


def _chunk(asked: "Asked", s: Silent, part: slice) -> tuple[Floats, Floats, Floats]:
    m = asked.kept.model
    c = Columns.of(asked, s, part)
    start = np.minimum(m.clock.days(s.known[part]), c.deadline)
    wanted = [log_odds(level[part]) for level in s.levels]
    over = s.known[part] >= s.deadline[part]
    first = c.odds(start)
    low = [start.copy() for _ in wanted]
    high = [np.where(first >= level, start, c.deadline) for level in wanted]
    found = [first >= level for level in wanted]
    before, span = start, c.deadline - start
    for step in range(1, GRID):
        at = start + span * (step / GRID)
        odds = c.odds(at)
        for n, level in enumerate(wanted):
            hit = ~found[n] & (odds >= level)
            low[n], high[n] = np.where(hit, before, low[n]), np.where(hit, at, high[n])
            found[n] |= hit
        before = at
    for n, level in enumerate(wanted):
        low[n] = np.where(found[n], low[n], before)
        for _ in range(HALVINGS):
            middle = 0.5 * (low[n] + high[n])
            above = c.odds(middle) >= level
            low[n], high[n] = np.where(above, low[n], middle), np.where(above, middle, high[n])
    now = np.where(over, 1.0, probability(first))
    watch, alert = (np.where(over, s.known[part], np.minimum(m.clock.hours(h), s.deadline[part])) for h in high)
    return now, watch, alert


def parts(asked: "Asked", s: Silent) -> dict[str, float]:
    """Of one parcel, what each part brings to its log odds as far as was heard."""
    c = Columns.of(asked, s, slice(0, 1))
    found = c.parts(np.minimum(asked.kept.model.clock.days(s.known[:1]), c.deadline))
    return dict(zip(("promise", "lane", "scans"), (float(one[0]) for one in found), strict=True))


@dataclass(frozen=True)
class Asked:
    """A kept model made ready: what of it every parcel shares, and what each lane and spot brings."""

    kept: Kept
    lanes: dict[Lane, tuple[float, float, float, float]] = field(default_factory=dict)
    spots: dict[Spot, tuple[float, float, float, float, float]] = field(default_factory=dict)

    @cached_property
    def weights(self) -> dict[str, dict[str, float]]:
        """By when it counts, each detail's weight in its own unit; under "" the constant of all of them."""
        m = self.kept.model
        found: dict[str, dict[str, float]] = {"ahead": {"": 0.0}, "after": {"": 0.0}, "always": {"": 0.0}}
        for (name, when, _), beta in zip(USES, m.beta[len(BASE) :].tolist(), strict=True):
            weight = beta / float(m.scale[COLUMN[name]])
            found[when][name] = weight
            found[when][""] -= weight * float(m.centre[COLUMN[name]])
        return found

    @cached_property
    def promise(self) -> tuple[Floats, Floats]:
        """The columns of the promise as one bent line: log odds at days before and after it."""
        knots = np.array(TAU_KNOTS)
        bends = np.unique(np.concatenate([knots, knots + TAU_MOST]))
        beta = self.kept.model.beta[1 : 1 + len(knots)]
        return bends, np.clip(bends[:, None] - knots, 0.0, TAU_MOST) @ beta

    def lane(self, one: Lane) -> tuple[float, float, float, float]:
        """The expected log of its working days less the promise's part, its carrier's speed, its region's, and what a day of
        silence counts by its carrier's pace of these days.
        """
        found = self.lanes.get(one)
        if found is None:
            pace, speed = self.kept.model.pace, self.kept.group_speed
            effect = sum(pace.effects.get(name, {}).get(group, 0.0) for name, group in levels_of(*one))
            carrier, region = (speed.get(key, 0.0) for key in keys_of_group(one[0], one[3]))
            usual = exp(-self.kept.slower.get(carrier_of(one[0]), 0.0))
            found = self.lanes[one] = (pace.a + effect, carrier, region, usual)
        return found

    def gap(self, one: Spot) -> Gap:
        return self.kept.model.gaps.of(keys_of(one[0], one[1], one[2]))

    def spot(self, one: Spot) -> tuple[float, float, float, float, float]:
        """Its gaps' level and spread, how near it is to the destination, what its milestone weighs, and 1 where that says more
        than the hand-over.
        """
        found = self.spots.get(one)
        if found is None:
            gap, near = self.gap(one), overlap(one[2], one[3])
            found = (
                gap.mu,
                gap.sigma,
                near,
                self.weights["always"].get(MILESTONES[one[0]].value, 0.0),
                float(one[0] != PICKED_UP),
            )
            self.spots[one] = found
        return found


@dataclass(frozen=True)
class Columns:
    """What of a chunk's parcels stands still: times in working days, and sums of the model's columns."""

    asked: Asked
    begun: Floats
    promised: Floats
    deadline: Floats
    held: Floats
    mu: Floats
    lead: Floats
    late_scale: float
    gap_mu: Floats
    gap_sigma: Floats
    usual: Floats
    several: Floats
    ahead: Floats
    after: Floats
    always: Floats

    @classmethod
    def of(cls, asked: Asked, s: Silent, part: slice) -> "Columns":
        m, weights = asked.kept.model, asked.weights
        lanes = np.array([asked.lane(one) for one in s.lanes]).reshape(-1, 4)[s.lane[part]]
        spots = np.array([asked.spot(one) for one in s.spots]).reshape(-1, 5)[s.spot[part]]
        begun, promised, deadline, held = (m.clock.days(at[part]) for at in (s.handed, s.promised, s.deadline, s.held))
        slack = np.maximum(promised - begun, SHORTEST)
        log_slack, near = np.log(slack), spots[:, 2]
        weeks = dict(zip(("speed", "missed", "stayed late"), asked.kept.weeks, strict=True))
        still = {when: np.full(len(begun), w[""]) for when, w in weights.items()}
        for when, w in weights.items():
            still[when] += w.get("promised span", 0.0) * log_slack + sum(w.get(n, 0.0) * v for n, v in weeks.items())
            still[when] += w.get("carrier's speed", 0.0) * lanes[:, 1] + w.get("region's speed", 0.0) * lanes[:, 2]
        w, scans = weights["always"], s.scans[part]
        several = (scans > 1).astype(np.float64)
        still["always"] += several * w["scanned"] + w["scans"] * np.log1p(np.maximum(scans - 1, 0))
        told = (scans > 1) | (spots[:, 4] > 0)
        still["always"] += told * (
            w["place known"] * (near >= 0) + w["near the destination"] * np.maximum(near, 0.0) + spots[:, 3]
        )
        grace = float(np.mean(s.deadline[part] - s.promised[part])) if len(begun) else WEEK_OF_GRACE * 24
        return cls(
            asked, begun, promised, deadline, np.maximum(held, begun),
            lanes[:, 0] + m.pace.b * log_slack, np.clip(LEAD_SHARE * slack, LEAD_LEAST, LEAD_MOST),
            WEEK_OF_GRACE * 24 / max(grace, 1.0), spots[:, 0], spots[:, 1], lanes[:, 3], several, still["ahead"], still["after"],
            still["always"],
        )  # fmt: skip

    def odds(self, now: Floats) -> Floats:
        """The log odds at these working days."""
        promise, lane, scans = self.parts(now)
        return self.asked.kept.model.shift + promise + lane + scans

    def parts(self, now: Floats) -> tuple[Floats, Floats, Floats]:
        """What the promise, the lane with its weeks, and the scans bring."""
        m, w = self.asked.kept.model, self.asked.weights
        tau = now - self.promised
        tau = np.where(tau > 0, tau * self.late_scale, tau)
        share = np.clip((-tau - FADED) / self.lead, 0.0, 1.0)
        log_age = np.log(np.maximum(now - self.begun, SHORTEST))
        slow = np.clip((log_age - self.mu) / m.pace.sigma, -3.0, 5.0)
        ahead = self.ahead + w["ahead"].get("age", 0.0) * log_age + w["ahead"].get("slow", 0.0) * slow
        after = self.after + w["after"].get("age", 0.0) * log_age + w["after"].get("slow", 0.0) * slow
        promise = np.interp(tau, *self.asked.promise) + m.beta[0]
        promise += m.beta[len(BASE) - 1] * np.clip(self.deadline - now, 0.0, 1.0)
        lane = share * ahead + (1.0 - share) * after
        return promise, lane, self.always + self.several * self._silence(now, w["always"])

    def _silence(self, now: Floats, w: dict[str, float]) -> Floats:
        silent = np.maximum(now - self.held, 0.0) * self.usual
        z = np.clip((np.log(np.maximum(silent, SHORTEST_GAP)) - self.gap_mu) / self.gap_sigma, -3.0, 5.0)
        found = w["log silence"] * np.log(np.maximum(silent, SHORTEST)) + w["silence"] * z
        return found + w["silence > 1"] * np.maximum(z - 1, 0.0) + w["silence > 2"] * np.maximum(z - 2, 0.0)


def numbered(values: Iterable[T]) -> tuple[list[T], Ints]:
    """The distinct values, and each one's number."""
    known: dict[T, int] = {}
    number = [known.setdefault(value, len(known)) for value in values]
    return list(known), np.array(number, dtype=np.int64)
