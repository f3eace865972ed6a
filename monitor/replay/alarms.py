"""What the desk would have been told: alerts, and the watch list, look by look in the order of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from config.policies import DetectionPolicy
from config.policies.detection import DEFAULT
from domain.case import Kind
from monitor.capacity import Budget
from monitor.replay.walk import Walked
from monitor.risk.history import Bools, Floats, History, Ints

DAY = 24.0
WATCH = "watch:"


@dataclass(frozen=True, slots=True)
class Alarm:
    """``kind`` of the watch list begins with WATCH. ``probability``: P(not received by ``deadline`` | known at ``at``)."""

    parcel: int
    at: float
    kind: str
    probability: float
    deadline: float

    @property
    def alert(self) -> bool:
        return not self.kind.startswith(WATCH)


@dataclass(slots=True)
class _Stands:
    """What a parcel has now: an open alert, a place on the watch list."""

    alert: bool = False
    watch: bool = False


def alarms(history: History, walked: Walked, policy: DetectionPolicy) -> list[Alarm]:
    """Every opening of an alert and of a place on the watch list, by time. An alert clears below the watch threshold."""
    levels = reached(history, walked, policy)
    kinds = kind_at(history, walked, policy)
    chosen = np.flatnonzero(np.isin(walked.parcel, np.unique(walked.parcel[levels > 0])))
    chosen = chosen[np.lexsort((walked.parcel[chosen], walked.at[chosen]))]
    return list(_openings(history, walked, chosen, levels, kinds, policy))


def _openings(
    history: History, walked: Walked, chosen: Ints, levels: Ints, kinds: Ints, policy: DetectionPolicy
) -> Iterator[Alarm]:
    budget = Budget(policy.alerts_a_day)
    stands: dict[int, _Stands] = {}
    for row in chosen.tolist():
        parcel, at, level = int(walked.parcel[row]), float(walked.at[row]), int(levels[row])
        now = stands.setdefault(parcel, _Stands())
        if level == 0:
            stands[parcel] = _Stands()
            continue
        if level == 2 and not now.alert and budget.take(int(at // DAY)):
            now.alert = now.watch = True
        elif not now.watch:
            now.watch = True
        else:
            continue
        kind = KINDS[int(kinds[row])].value
        yield Alarm(
            parcel, at, kind if now.alert else WATCH + kind, float(walked.risk[row]), float(history.deadline[parcel])
        )


KINDS = (Kind.PROMISE_RISK, Kind.PROMISE_MISSED, Kind.STALLED)


def reached(history: History, walked: Walked, policy: DetectionPolicy) -> Ints:
    """0 nothing, 1 worth watching, 2 worth an alert. A month without a model to rely on goes by the policy's rules."""
    learned = np.array([not fit.why_not for fit in walked.fits], dtype=bool)[walked.fit]
    alert_from = alert_levels(history, policy)[walked.parcel]
    watch_from = np.minimum(policy.risk.watch, alert_from)
    by_risk = (walked.risk >= watch_from).astype(np.int64) + (walked.risk >= alert_from)
    missed_after = policy.region(DEFAULT).promise.missed_after.total_seconds() / 3600
    promised = history.parcels.promised[walked.parcel]
    late = (walked.at >= promised).astype(np.int64) + (walked.at >= promised + missed_after)
    return np.where(learned, by_risk, np.maximum(late, 2 * silent_too_long(history, walked, ~learned, policy)))


def alert_levels(history: History, policy: DetectionPolicy) -> Floats:
    """From which probability each parcel is an alert, by what its goods are worth."""
    values, of = np.unique(history.parcels.value_cents, return_inverse=True, equal_nan=True)
    levels = [policy.alert_from(None if np.isnan(value) else value) for value in values.tolist()]
    return np.array(levels, dtype=np.float64)[of]


def kind_at(history: History, walked: Walked, policy: DetectionPolicy) -> Ints:
    """The kind of KINDS that a finding of this look has."""
    late = walked.at >= history.parcels.promised[walked.parcel]
    learned = np.array([not fit.why_not for fit in walked.fits], dtype=bool)[walked.fit]
    return np.where(late, 1, np.where(~learned & silent_too_long(history, walked, ~learned, policy), 2, 0))


def silent_too_long(history: History, walked: Walked, wanted: Bools, policy: DetectionPolicy) -> Bools:
    """Of the wanted looks, those at a parcel without a physical scan for longer than the policy's rule for its way."""
    silent = np.zeros(len(walked.at), dtype=bool)
    rows = np.flatnonzero(wanted)
    span, region = policy.region(DEFAULT).in_transit.alert, policy.region(DEFAULT)
    if span is None or not len(rows):
        return silent
    since = last_held(history, walked.parcel[rows], walked.at[rows])
    starts, of = np.unique(since, return_inverse=True)
    ends = [
        region.calendar.after(datetime.fromtimestamp(s * 3600, UTC), span).timestamp() / 3600 for s in starts.tolist()
    ]
    silent[rows] = walked.at[rows] >= np.array(ends)[of]
    return silent


def last_held(history: History, parcel: Ints, at: Floats) -> Floats:
    """When each parcel was last physically scanned, at the earliest at its hand-over."""
    handed = history.parcels.handed[parcel]
    if not len(history.events):
        return handed
    row = history.last_event(parcel, at)
    held = np.where(row >= 0, history.state.physical_row[np.maximum(row, 0)], -1)
    return np.where(held >= 0, np.maximum(history.events.at[np.maximum(held, 0)], handed), handed)
