"""The risk model: fitted on what was known at a moment, asked about parcels at later ones.

A logistic regression over the moments of parcels whose deadline has passed, on ``features``; those are made with the
learned clock, pace, gaps and weeks. Its level is set by how earlier fits, each on the older part of the history, came true on
what they hadn't seen. Deterministic: the same history gives the same model. One function serves the nightly fit and the replay.
"""

from dataclasses import dataclass, replace

import numpy as np

from monitor.risk.features import AFTER, AHEAD, BASE, COLUMN, DETAILS, USES, Known, Rows, known, rows
from monitor.risk.gaps import Gaps, fit_gaps
from monitor.risk.groups import subset
from monitor.risk.history import RECEIVED, Bools, Floats, History, Ints
from monitor.risk.logistic import fit_logistic, probability
from monitor.risk.pace import HALF_LIFE as PACE_HALF_LIFE
from monitor.risk.pace import SHIPPED, Pace, fit_pace
from monitor.risk.regime import regime
from monitor.risk.working_time import PLAIN, WorkingTime, learned

DAY = 24.0
MOST_ROWS = 200_000
ROW_WEIGHT = 0.25
"""A parcel's days are not independent: each counts as a quarter of a fresh observation."""
HALF_LIFE = 24.0 * 365
PARTS = (0.4, 0.55, 0.7, 0.85, 1.0)
"""Quantiles of the labelled parcels' deadlines: every part after the first is forecast by a fit on all that is older."""
HELD_OUT = 0.3
"""The newest two parts: by their forecasts it is judged whether the model can be relied on."""
TENTHS_FROM = 3
LEVEL_STRENGTH = np.array([150.0, 1e9])
"""How strongly the level is drawn to none, in parcels: it is the same for months, so that one threshold means one thing. Moved freely from month to
month it cost false alarms. The slope stands."""
MIN_MISSED = 20
GAP = 0.05
"""A fit whose mean forecast for the held-out window is further off than this, and beyond chance, isn't calibrated."""

FEW_PARCELS, FEW_MISSED, UNCALIBRATED = "few_parcels", "few_missed", "uncalibrated"


@dataclass(frozen=True)
class RiskModel:
    """``beta``: weights of BASE and of USES, whose details are centred and scaled. ``shift``: the
    calibration in log odds. ``parcels``, ``missed``: how many labelled parcels it was learned from, and how many of them
    missed their deadline. ``forecast``, ``seen``: their means in the held-out window; NaN without one.
    """

    fitted_at: float
    clock: WorkingTime
    pace: Pace
    gaps: Gaps
    beta: Floats
    centre: Floats
    scale: Floats
    shift: float = 0.0
    parcels: int = 0
    missed: int = 0
    forecast: float = float("nan")
    seen: float = float("nan")

    def why_not(self, min_samples: int) -> str:
        """Why its probabilities aren't to be relied on; empty: they are."""
        says = {
            "": "",
            FEW_PARCELS: f"learned from {self.parcels} parcels, fewer than {min_samples}",
            FEW_MISSED: f"only {self.missed} parcels missed their deadline so far, fewer than {MIN_MISSED}",
            UNCALIBRATED: f"forecast {self.forecast:.0%} in the newest part of its history, {self.seen:.0%} came",
        }
        return says[self.fault(min_samples)]

    def fault(self, min_samples: int) -> str:
        """The same as a code."""
        if self.parcels < min_samples:
            return FEW_PARCELS
        if self.missed < MIN_MISSED:
            return FEW_MISSED
        chance = 2 * np.sqrt(self.seen * (1 - self.seen) / max(self.parcels * HELD_OUT, 1.0))
        return UNCALIBRATED if abs(self.forecast - self.seen) > max(GAP, chance) else ""


def fit(history: History, now: float) -> RiskModel:
    """The model of what was known at ``now`` (hours since 1970)."""
    begun = np.flatnonzero(history.parcels.handed <= now)
    clock = _clock(history, now)
    pace = _pace(history, clock, begun, now) if len(begun) else SHIPPED
    plain = RiskModel(
        now, clock, pace, fit_gaps(history, clock, now), _prior(), np.zeros(len(DETAILS)), np.ones(len(DETAILS))
    )
    labelled = np.flatnonzero((history.deadline <= now) & ~np.isnan(history.missed))
    parcel, at = moments(history, labelled)
    if not len(parcel):
        return plain
    every = max(1, -(-len(parcel) // MOST_ROWS))
    parcel, at = parcel[::every], at[::every]
    weight = _weights(history, parcel, at, every, now)
    sample = Sample(rows(know(plain, history, now), parcel, at), history.missed[parcel], weight, parcel)
    parts = _parts(history, labelled, parcel)
    missed = int(history.missed[labelled].sum())
    return replace(_calibrated(plain, sample, parts), parcels=len(labelled), missed=missed)


def know(model: RiskModel, history: History, until: float) -> Known:
    """A history seen with a model's eyes, its weeks up to ``until``."""
    p = history.parcels
    mu = model.pace.expected(p, model.clock.days(p.promised) - model.clock.days(p.handed))
    weeks = regime(history, model.clock, model.pace, mu, until)
    return known(history, model.clock, model.pace, model.gaps, weeks)


def risk(model: RiskModel, k: Known, parcel: Ints, at: Floats) -> Floats:
    """P(not received by the deadline | what was known at ``at``) of parcels that were open then."""
    if not len(parcel):
        return np.zeros(0)
    r = rows(k, parcel, at)
    odds = matrix(r, model.centre, model.scale) @ model.beta
    found = probability(model.shift + odds)
    history = k.history
    return np.where((at >= history.deadline[parcel]) | (history.failed_at[parcel] <= at), 1.0, found)


def matrix(r: Rows, centre: Floats, scale: Floats) -> Floats:
    detail = (r.detail - centre) / scale
    share = {AHEAD: r.ahead, AFTER: 1.0 - r.ahead}
    used = [detail[:, COLUMN[name]] * share.get(when, 1.0) for name, when, _ in USES]
    return np.concatenate([r.base, np.stack(used, axis=1)], axis=1)


# --- what is learned -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sample:
    rows: Rows
    y: Floats
    w: Floats
    parcel: Ints

    def of(self, keep: Bools | Ints) -> "Sample":
        r = self.rows
        kept = Rows(r.base[keep], r.detail[keep], r.ahead[keep])
        return Sample(kept, self.y[keep], self.w[keep], self.parcel[keep])


def _prior() -> Floats:
    return np.array([*(beginning for _, beginning, _ in BASE), *(0.0 for _ in USES)])


def _clock(history: History, now: float) -> WorkingTime:
    received = (history.parcels.outcome == RECEIVED) & (history.received_at <= now)
    return learned(history.received_at[received], history.parcels.weight[received]) if received.any() else PLAIN


def _pace(history: History, clock: WorkingTime, begun: Ints, now: float) -> Pace:
    p = subset(history.parcels, begun)
    begins = clock.days(p.handed)
    ends = np.minimum(np.minimum(history.received_at, history.censored_at)[begun], now)
    weight = history.worth[begun] * 0.5 ** ((now - p.handed) / PACE_HALF_LIFE)
    arrived = history.received_at[begun] <= now
    return fit_pace(p, clock.days(p.promised) - begins, clock.days(ends) - begins, arrived, weight)


def moments(history: History, parcels: Ints) -> tuple[Ints, Floats]:
    """Moments of each parcel's open time at which its risk is learned: every 24 h, at an hour that differs by parcel."""
    p = history.parcels
    ends = np.minimum(np.minimum(history.received_at, history.deadline), history.failed_at)[parcels]
    phase = (np.arange(len(parcels)) % 4) * 6.0 + 3.0
    count = np.maximum(np.ceil((ends - p.handed[parcels] - phase) / DAY), 0).astype(np.int64)
    parcel = np.repeat(parcels, count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    at = p.handed[parcel] + np.repeat(phase, count) + step * DAY
    is_open = history.open_at(parcel, at)
    return parcel[is_open], at[is_open]


def _weights(history: History, parcel: Ints, at: Floats, every: int, now: float) -> Floats:
    """Rows' weights: the parcels' own, as many observations as unequal weights are worth (Kish), older ones less."""
    own = history.worth[parcel]
    worth = own * own.sum() / (own**2).sum()
    return worth * ROW_WEIGHT * every * 0.5 ** ((now - at) / HALF_LIFE)


def _parts(history: History, labelled: Ints, parcel: Ints) -> Ints:
    """Which part of PARTS each row belongs to, by its parcel's deadline; 0 is the oldest."""
    cuts = np.quantile(history.deadline[labelled], PARTS[:-1])
    return np.searchsorted(cuts, history.deadline[parcel], side="left")


def _calibrated(plain: RiskModel, sample: Sample, parts: Ints) -> RiskModel:
    """Fitted on all rows, at the level at which fits on older rows came true on the newer ones."""
    final = _fitted(plain, sample)
    odds = _forecast(plain, sample, parts)
    told = np.flatnonzero(~np.isnan(odds))
    newest = told[parts[told] >= len(PARTS) - 2]
    if not sample.y[newest].any():
        return final
    shift = level(sample.of(told), odds[told])
    y, w = sample.y[newest], sample.w[newest]
    found = probability(odds[newest] + shift)
    forecast, seen = (float(np.average(value, weights=w)) for value in (found, y))
    return replace(final, shift=shift, forecast=forecast, seen=seen)


def _forecast(plain: RiskModel, sample: Sample, parts: Ints) -> Floats:
    """Each row's log odds by a fit on the parts before its own; NaN where there is none."""
    odds = np.full(len(parts), np.nan)
    for part in range(1, len(PARTS)):
        older, own = sample.of(parts < part), np.flatnonzero(parts == part)
        if older.y.any() and len(own):
            first = _fitted(plain, older)
            odds[own] = matrix(sample.of(own).rows, first.centre, first.scale) @ first.beta
    return odds


def level(sample: Sample, odds: Floats) -> float:
    """What must be added to the log odds for forecasts to come true: each parcel counts once for every tenth of the risk that
    it reached, where alerts are made.
    """
    tenth = np.minimum((probability(odds) * 10).astype(np.int64), 9)
    _, first = np.unique(sample.parcel * 10 + tenth, return_index=True)  # rows are in order of parcel, then time
    first = first[tenth[first] >= TENTHS_FROM]
    if not len(first):
        return 0.0
    design = np.stack([np.ones(len(first)), odds[first]], axis=1)
    w = sample.w[first] / ROW_WEIGHT
    return float(fit_logistic(design, sample.y[first], w, np.array([0.0, 1.0]), LEVEL_STRENGTH)[0])


def _fitted(plain: RiskModel, sample: Sample) -> RiskModel:
    centre = np.average(sample.rows.detail, axis=0, weights=sample.w)
    spread = sample.rows.detail.std(axis=0)
    scale = np.where(spread < 1e-6, 1.0, spread)
    strength = np.array([*(held for _, _, held in BASE), *(held for _, _, held in USES)])
    beta = fit_logistic(matrix(sample.rows, centre, scale), sample.y, sample.w, _prior(), strength)
    return replace(plain, beta=beta, centre=centre, scale=scale)
