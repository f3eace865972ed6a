"""The risk model: fitted on what was known at a moment, asked about parcels at later ones.

A logistic regression over the moments of parcels whose deadline has passed, on ``features``; those are made with the
learned clock, pace, gaps and weeks. It is then calibrated on the newest part of the history, which a first fit hadn't
seen. Deterministic: the same history gives the same model. One function serves the nightly fit and the replay.
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
HELD_OUT = 0.25
"""The share of the labelled parcels, those with the newest deadlines, on which a first fit is calibrated."""
CALIBRATION_STRENGTH = np.array([2000.0, 20_000.0, 40.0])
"""How strongly level, slope and the level after the promise are drawn to none: only a large held-out window moves them. Moved freely from month to month
they cost false alarms (93 against 62 per 1000 at 90 % recall by the promise, on real parcels) and bettered no bin. The level
after the promise may move: it puts no late parcel before another of its day."""
MIN_MISSED = 20
GAP = 0.05
"""A fit whose mean forecast for the held-out window is further off than this, and beyond chance, isn't calibrated."""

FEW_PARCELS, FEW_MISSED, UNCALIBRATED = "few_parcels", "few_missed", "uncalibrated"


AT_PROMISE = [name for name, _, _ in BASE].index("promise +0 d")


@dataclass(frozen=True)
class RiskModel:
    """``beta``: weights of BASE and of USES, whose details are centred and scaled. ``shift``, ``slope`` and
    ``late`` (after the promise): the calibration in log odds. ``parcels``, ``missed``: how many labelled parcels it was learned from, and how many of them
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
    slope: float = 1.0
    late: float = 0.0
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
            UNCALIBRATED: f"forecast {self.forecast:.0%} in the newest quarter of its history, {self.seen:.0%} came",
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
    sample = _Sample(
        rows(know(plain, history, now), parcel, at), history.missed[parcel], _weights(history, parcel, at, every, now)
    )
    missed = int(history.missed[labelled].sum())
    return replace(
        _calibrated(plain, sample, _held_out(history, labelled, parcel)), parcels=len(labelled), missed=missed
    )


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
    found = probability(model.shift + model.slope * odds + model.late * lateness(r))
    history = k.history
    return np.where((at >= history.deadline[parcel]) | (history.failed_at[parcel] <= at), 1.0, found)


def lateness(r: Rows) -> Floats:
    """0 until the promise, 1 from a working day after it on."""
    return np.clip(r.base[:, AT_PROMISE], 0.0, 1.0)


def matrix(r: Rows, centre: Floats, scale: Floats) -> Floats:
    detail = (r.detail - centre) / scale
    share = {AHEAD: r.ahead, AFTER: 1.0 - r.ahead}
    used = [detail[:, COLUMN[name]] * share.get(when, 1.0) for name, when, _ in USES]
    return np.concatenate([r.base, np.stack(used, axis=1)], axis=1)


# --- what is learned -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sample:
    rows: Rows
    y: Floats
    w: Floats

    def of(self, keep: Bools) -> "_Sample":
        r = self.rows
        return _Sample(Rows(r.base[keep], r.detail[keep], r.ahead[keep]), self.y[keep], self.w[keep])


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


def _held_out(history: History, labelled: Ints, parcel: Ints) -> Bools:
    """The rows of parcels with the newest deadlines."""
    cut = np.quantile(history.deadline[labelled], 1 - HELD_OUT)
    return history.deadline[parcel] > cut


def _calibrated(plain: RiskModel, sample: _Sample, held_out: Bools) -> RiskModel:
    """Fitted on all rows, with the calibration that a fit on the older rows needed for the newer ones."""
    final = _fitted(plain, sample)
    older, newer = sample.of(~held_out), sample.of(held_out)
    if not older.y.any() or not newer.y.any():
        return final
    first = _fitted(plain, older)
    odds = matrix(newer.rows, first.centre, first.scale) @ first.beta
    design = np.stack([np.ones(len(odds)), odds, lateness(newer.rows)], axis=1)
    shift, slope, late = fit_logistic(design, newer.y, newer.w, np.array([0.0, 1.0, 0.0]), CALIBRATION_STRENGTH)
    own = matrix(newer.rows, final.centre, final.scale) @ final.beta
    found = probability(own * slope + shift + late * lateness(newer.rows))
    return replace(
        final, shift=float(shift), slope=float(slope), late=float(late), forecast=float(np.average(found, weights=newer.w)),
        seen=float(np.average(newer.y, weights=newer.w)),
    )  # fmt: skip


def _fitted(plain: RiskModel, sample: _Sample) -> RiskModel:
    centre = np.average(sample.rows.detail, axis=0, weights=sample.w)
    spread = sample.rows.detail.std(axis=0)
    scale = np.where(spread < 1e-6, 1.0, spread)
    strength = np.array([*(held for _, _, held in BASE), *(held for _, _, held in USES)])
    beta = fit_logistic(matrix(sample.rows, centre, scale), sample.y, sample.w, _prior(), strength)
    return replace(plain, beta=beta, centre=centre, scale=scale)
