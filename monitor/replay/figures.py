"""What the looks and alarms amount to: recall and precision by lead, false alarms at equal recall, reliability, cost.

Counted are evaluated parcels whose target is known, by weight. Baselines see the same looks: "no scan for N days" ranks
by the time since the last physical scan, "promise + k days" by the time since the promise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.replay.alarms import Alarm, last_held
from monitor.replay.walk import Walked
from monitor.risk.history import Bools, Floats, History, Ints

DAY = 24.0
LEADS = (-7.0, -5.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 5.0)
TARGETS = ((0.8, 2.0), (0.7, 0.0), (0.9, 0.0), (0.5, -2.0), (0.5, -5.0))
"""Recall to be reached, by so many days after the promise (negative: before it)."""
COSTS = (2, 3, 5, 8, 12, 20, 35, 60)
"""What a bad parcel that nobody was told of by its promise costs, in needless checks."""
LOWEST = -np.inf


@dataclass(frozen=True)
class Basis:
    """The looks that figures rest on: before the deadline, of parcels whose target is known."""

    history: History
    parcel: Ints
    at: Floats
    counted: Bools
    ranks: Mapping[str, Floats]

    @property
    def bad(self) -> Bools:
        return self.counted & (self.history.missed == 1)

    @property
    def good(self) -> Bools:
        return self.counted & (self.history.missed == 0)


def basis(history: History, walked: Walked) -> Basis:
    counted = np.zeros(len(history.parcels), dtype=bool)
    counted[walked.evaluated] = True
    counted &= ~np.isnan(history.missed)
    use = counted[walked.parcel] & (walked.at < history.deadline[walked.parcel])
    parcel, at = walked.parcel[use], walked.at[use]
    return Basis(history, parcel, at, counted, {
        "model": walked.risk[use], "no scan for N days": at - last_held(history, parcel, at),
        "promise + k days": at - history.parcels.promised[parcel],
    })  # fmt: skip


def highest(b: Basis, rank: Floats, until: Floats | None = None) -> Floats:
    """Each parcel's running maximum at its end, or at a time of its own."""
    found = np.full(len(b.history.parcels), LOWEST)
    rows = slice(None) if until is None else np.flatnonzero(b.at <= until[b.parcel])
    np.maximum.at(found, b.parcel[rows], rank[rows])
    return found


def false_alarms(b: Basis, rank: Floats, recall: float, lead: float) -> float | None:
    """The fewest false alarms per 1000 parcels over all thresholds that reach the recall by promise + lead days."""
    early, whole = highest(b, rank, b.history.parcels.promised + lead * DAY), highest(b, rank)
    weight = b.history.parcels.weight
    bad = np.flatnonzero(b.bad)
    if not len(bad):
        return None
    order = bad[np.argsort(-early[bad], kind="stable")]
    reached = np.cumsum(weight[order]) / weight[order].sum()
    threshold = early[order[min(int(np.searchsorted(reached, recall - 1e-9)), len(order) - 1)]]
    if threshold == LOWEST:
        return None
    return float(1000 * weight[b.good & (whole >= threshold)].sum() / weight[b.counted].sum())


def targets(b: Basis) -> list[dict[str, Any]]:
    """False alarms per 1000 at each target, of the model and the baselines; None: not reachable."""
    return [
        {
            "recall": recall,
            "lead_days": lead,
            **{name: _round(false_alarms(b, rank, recall, lead)) for name, rank in b.ranks.items()},
        }
        for recall, lead in TARGETS
    ]


def curve(b: Basis, rank: Floats, lead: float, points: int = 60) -> list[tuple[float, float]]:
    """(false alarms per 1000, recall by the lead) over thresholds."""
    early, whole = highest(b, rank, b.history.parcels.promised + lead * DAY), highest(b, rank)
    weight = b.history.parcels.weight
    seen = early[b.bad & (early > LOWEST)]
    if not len(seen):
        return []
    found = []
    for threshold in np.unique(np.quantile(seen, np.linspace(0, 1, points), method="nearest")):
        hit = weight[b.bad & (early >= threshold)].sum() / weight[b.bad].sum()
        false = 1000 * weight[b.good & (whole >= threshold)].sum() / weight[b.counted].sum()
        found.append((float(false), float(hit)))
    return found


def costs(b: Basis) -> list[dict[str, Any]]:
    """The least cost per 1000 parcels: needless checks, and bad parcels not told by their promise at ``cost`` each."""
    lines: dict[str, list[tuple[float, float]]] = {name: curve(b, rank, 0.0) for name, rank in b.ranks.items()}
    weight = b.history.parcels.weight
    bad = 1000 * weight[b.bad].sum() / max(weight[b.counted].sum(), 1e-9)
    return [
        {"cost": cost, **{
            name: round(float(min([false + cost * bad * (1 - hit) for false, hit in line] + [cost * bad])), 1)
            for name, line in lines.items()
        }}
        for cost in COSTS
    ]  # fmt: skip


def reliability(b: Basis) -> list[dict[str, Any]]:
    """By tenth of the risk: forecast and what came, each parcel once per tenth and month (its first look there)."""
    risk, weight = b.ranks["model"], b.history.parcels.weight
    tenth = np.minimum((risk * 10).astype(np.int64), 9)
    month = (b.at / DAY).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    order = np.argsort(b.at, kind="stable")
    key = (b.parcel * 10_000 + month) * 10 + tenth
    _, first = np.unique(key[order], return_index=True)
    first = order[first]
    found = []
    for number in range(10):
        rows = first[tenth[first] == number]
        if len(rows):
            w = weight[b.parcel[rows]]
            found.append({
                "from": number / 10, "looks": len(rows), "forecast": round(float(np.average(risk[rows], weights=w)), 4),
                "came": round(float(np.average(b.history.missed[b.parcel[rows]], weights=w)), 4),
            })  # fmt: skip
    return found


def told(b: Basis, alarms: Sequence[Alarm]) -> dict[str, Any]:
    """What the policy's own alerts reached: by lead, recall and the precision of the alerts told by then."""
    first = np.full(len(b.history.parcels), np.inf)
    for alarm in alarms:
        if alarm.alert:
            first[alarm.parcel] = min(first[alarm.parcel], alarm.at)
    weight, promised = b.history.parcels.weight, b.history.parcels.promised
    by_lead = []
    for lead in LEADS:
        by = first <= promised + lead * DAY
        hits, false = weight[b.bad & by].sum(), weight[b.good & by].sum()
        by_lead.append({
            "lead_days": lead, "recall": _share(hits, weight[b.bad].sum()), "precision": _share(hits, hits + false),
        })  # fmt: skip
    alerted = weight[b.counted & np.isfinite(first)].sum()
    return {
        "alerts": sum(a.alert for a in alarms),
        "alerts_per_1000": _round(1000 * alerted / max(weight[b.counted].sum(), 1e-9)),
        "precision": _share(weight[b.bad & np.isfinite(first)].sum(), alerted), "by_lead": by_lead,
    }  # fmt: skip


def _share(part: float, whole: float) -> float | None:
    return round(float(part / whole), 4) if whole > 0 else None


def _round(value: float | None) -> float | None:
    return None if value is None else round(float(value), 2)
