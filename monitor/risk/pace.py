"""How long a parcel takes: lognormal in working days, with a share that never arrives, pooled over groups.

log days = a + b · log(promised days) + effects of carrier, service, origin, destination and lane. Each level's effects
are drawn to zero by as much as the level's own spread says (empirical Bayes): a lane with three parcels moves little.
Parcels still on their way count as such (right-censored), by expectation and maximisation.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from monitor.risk.groups import levels
from monitor.risk.history import Bools, Floats, Ints, Parcels
from monitor.risk.normal import hazard, log_tail

ROUNDS = 12
SHORTEST = 0.1
"""Working days: shorter transits and promises count as this."""
PRIOR_PARCELS = 30.0
"""How many parcels' worth the shipped beginning counts: a promise is kept in two thirds of its time, within a factor of 1.8."""
PRIOR_A, PRIOR_B, PRIOR_SIGMA, PRIOR_LOSS = 0.0, 0.85, 0.6, 0.005
HALF_LIFE = 24.0 * 180
"""Hours after which a parcel counts half."""


Grouped = list[tuple[str, list[str], Ints]]
"""Of each level its name, its groups, and every parcel's group by number (-1: not known)."""


@dataclass(frozen=True, slots=True)
class Pace:
    """``effects``: by level, by group. ``loss``: the share that never arrives."""

    a: float
    b: float
    sigma: float
    loss: float
    effects: Mapping[str, Mapping[str, float]]

    def expected(self, parcels: Parcels, promised_days: Floats) -> Floats:
        """The expected log of each parcel's working days."""
        found = self.a + self.b * np.log(np.maximum(promised_days, SHORTEST))
        for name, groups in levels(parcels):
            known = self.effects.get(name)
            if known:
                found = found + np.array([known.get(group, 0.0) for group in groups])
        return found

    def log_silent(self, z: Floats) -> Floats:
        """Log P(not received yet) where the log of the age lies z sigmas from the expected one."""
        return np.logaddexp(np.log(self.loss), np.log1p(-self.loss) + log_tail(z))


SHIPPED = Pace(PRIOR_A, PRIOR_B, PRIOR_SIGMA, PRIOR_LOSS, {})


def fit_pace(parcels: Parcels, promised_days: Floats, days: Floats, arrived: Bools, weight: Floats) -> Pace:
    """The pace of parcels that took ``days``, or for so long haven't ``arrived`` (at least one parcel)."""
    x = np.log(np.maximum(promised_days, SHORTEST))
    y = np.log(np.maximum(days, SHORTEST))
    grouped = [(name, *_numbered(groups)) for name, groups in levels(parcels)]
    grouped = [level for level in grouped if len(level[1]) > 1]
    effects = [np.zeros(len(names)) for _, names, _ in grouped]
    spread = [0.02] * len(grouped)
    a, b, sigma, loss = PRIOR_A, PRIOR_B, PRIOR_SIGMA, PRIOR_LOSS
    for _ in range(ROUNDS):
        group_part = _sum(grouped, effects, len(y))
        z = (y - (a + b * x + group_part)) / sigma
        tail, excess = np.exp(log_tail(z)), hazard(z)
        alive = np.where(arrived, 1.0, (1 - loss) * tail / (loss + (1 - loss) * tail))
        filled = np.where(arrived, y, y + (excess - z) * sigma)
        w = weight * alive
        a, b = _line(x, filled - group_part, w)
        group_part = _backfit(grouped, effects, spread, filled - (a + b * x), w, sigma * sigma)
        extra = np.where(arrived, 0.0, sigma**2 * np.maximum(1 + z * excess - excess**2, 0.0))
        rest = filled - (a + b * x) - group_part
        total = PRIOR_PARCELS + w.sum()
        sigma = float(np.sqrt((PRIOR_PARCELS * PRIOR_SIGMA**2 + (w * (rest**2 + extra)).sum()) / total))
        loss = float((PRIOR_PARCELS * PRIOR_LOSS + (weight * (1 - alive)).sum()) / (PRIOR_PARCELS + weight.sum()))
    named = {
        name: dict(zip(names, effect.tolist(), strict=True))
        for (name, names, _), effect in zip(grouped, effects, strict=True)
    }
    return Pace(a, b, sigma, min(max(loss, 1e-4), 0.5), named)


def _numbered(groups: list[str]) -> tuple[list[str], Ints]:
    names = sorted({group for group in groups if group})
    number = {group: n for n, group in enumerate(names)}
    return names, np.array([number.get(group, -1) for group in groups], dtype=np.int64)


def _sum(grouped: Grouped, effects: list[Floats], rows: int) -> Floats:
    total = np.zeros(rows)
    for (_, _, number), effect in zip(grouped, effects, strict=True):
        total += np.where(number >= 0, effect[number], 0.0)
    return total


def _line(x: Floats, y: Floats, w: Floats) -> tuple[float, float]:
    """The weighted straight line, with the shipped beginning as so many parcels."""
    at = float(np.average(x, weights=w)) if w.sum() > 0 else 2.0
    design = np.stack([np.ones_like(x), x - at])
    strength = PRIOR_PARCELS * np.diag([1.0, 0.25])
    prior = np.array([PRIOR_A + PRIOR_B * at, PRIOR_B])
    level, slope = np.linalg.solve((design * w) @ design.T + strength, (design * w) @ y + strength @ prior)
    return float(level - slope * at), float(slope)


def _backfit(
    grouped: Grouped, effects: list[Floats], spread: list[float], rest: Floats, w: Floats, noise: float
) -> Floats:
    """Move each level's effects to what the others leave, drawn to zero; and its spread to what the effects show."""
    total = _sum(grouped, effects, len(rest))
    for n, (_, names, number) in enumerate(grouped):
        known = number >= 0
        own = np.where(known, effects[n][number], 0.0)
        left = rest - (total - own)
        mass = np.bincount(number[known], weights=w[known], minlength=len(names))
        pull = np.bincount(number[known], weights=(w * left)[known], minlength=len(names))
        certainty = mass / noise + 1.0 / spread[n]
        effects[n] = pull / noise / certainty
        spread[n] = max(float(np.mean(effects[n] ** 2 + 1.0 / certainty)), 1e-5)
        total = total - own + np.where(known, effects[n][number], 0.0)
    return total
