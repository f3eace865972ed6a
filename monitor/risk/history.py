"""A history of parcels as columns, and what of it was known at a moment.

Times are hours since 1970-01-01 00:00 UTC as floats; an unknown time is NaN. The columns of events are sorted by
parcel, then time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.tracking import Milestone

Floats = NDArray[Any]
Ints = NDArray[Any]
Bools = NDArray[Any]
"""Columns of float64, int64, bool: NumPy's own functions don't promise more than an array to a type checker."""

MILESTONES = tuple(Milestone)
DELIVERED, RETURNED, PICKED_UP = (
    MILESTONES.index(m) for m in (Milestone.DELIVERED, Milestone.RETURNED, Milestone.PICKED_UP)
)
SILENT = frozenset({MILESTONES.index(Milestone.INFO), MILESTONES.index(Milestone.UNMAPPED)})
"""Milestones that say nothing about where a parcel stands."""

OUTCOMES = ("delivered", "lost", "returned", "misdelivered", "unknown")
RECEIVED, UNKNOWN = OUTCOMES.index("delivered"), OUTCOMES.index("unknown")

SAMPLED_ALIKE = 1000
KEY = float(1 << 24)
"""Hours from one parcel's key to the next one's: more than 1,900 years."""


@dataclass(frozen=True)
class Parcels:
    """One row a parcel. ``assumed``: no promise was given and the policy's stands in. Places are paths. ``heard``: until when
    it is known not to have been received, where the outcome is unknown; ``value_cents``: of its goods. NaN: not known.
    """

    ids: Sequence[str]
    carrier: Sequence[str]
    service: Sequence[str]
    origin: Sequence[str]
    destination: Sequence[str]
    handed: Floats
    promised: Floats
    assumed: Bools
    outcome: Ints
    outcome_at: Floats
    weight: Floats
    heard: Floats
    value_cents: Floats

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Events:
    """One row an event: ``parcel`` is a row of Parcels; ``physical`` says that somebody held the parcel."""

    parcel: Ints
    at: Floats
    milestone: Ints
    code: Sequence[str]
    place: Sequence[str]
    physical: Bools

    def __len__(self) -> int:
        return len(self.parcel)


@dataclass(frozen=True)
class History:
    """Parcels with their events, and ``grace`` in hours: a parcel's deadline is its promise plus this."""

    parcels: Parcels
    events: Events
    grace: float

    @cached_property
    def deadline(self) -> Floats:
        return self.parcels.promised + self.grace

    @cached_property
    def received_at(self) -> Floats:
        """When a parcel was received, for good: infinite for those that never were, as far as the history tells."""
        p = self.parcels
        stamped = np.where(np.isnan(p.outcome_at), self.last_delivery, p.outcome_at)
        return np.where((p.outcome == RECEIVED) & ~np.isnan(stamped), stamped, np.inf)

    @cached_property
    def last_delivery(self) -> Floats:
        """The time of the last delivery event; NaN without one."""
        found = np.full(len(self.parcels), np.nan)
        rows = np.flatnonzero(self.events.milestone == DELIVERED)
        found[self.events.parcel[rows]] = self.events.at[rows]
        return found

    @cached_property
    def failed_at(self) -> Floats:
        """When it was known that a parcel won't be received (lost, returned, misdelivered); infinite: never told."""
        p = self.parcels
        failed = (p.outcome != RECEIVED) & (p.outcome != UNKNOWN)
        return np.where(failed & ~np.isnan(p.outcome_at), p.outcome_at, np.inf)

    @cached_property
    def censored_at(self) -> Floats:
        """From when on nothing is known of a parcel whose outcome nobody knows: its last event, or when a source last told
        of it. Infinite for others.
        """
        last = np.fmax(self.parcels.handed, self.parcels.heard)
        np.fmax.at(last, self.events.parcel, self.events.at)
        return np.where(self.parcels.outcome == UNKNOWN, last, np.inf)

    @cached_property
    def worth(self) -> Floats:
        """A parcel's weight against those of the thousand parcels handed over before it: what it counts in a fit.

        A history that was sampled more thinly in one year than in another would else be a history of that year.
        """
        order = np.lexsort((np.array(self.parcels.ids), self.parcels.handed))
        total = np.concatenate(([0.0], np.cumsum(self.parcels.weight[order])))
        end = np.arange(1, len(order) + 1)
        begin = np.maximum(end - SAMPLED_ALIKE, 0)
        found = np.empty(len(order))
        found[order] = self.parcels.weight[order] / ((total[end] - total[begin]) / (end - begin))
        return found

    @cached_property
    def missed(self) -> Floats:
        """The target: 1 not received by the deadline, 0 received, NaN not known."""
        late = (self.received_at > self.deadline).astype(np.float64)
        return np.where(self.censored_at < self.deadline, np.nan, late)

    @cached_property
    def keys(self) -> Floats:
        return self.events.parcel * KEY + self.events.at

    def last_event(self, parcel: Ints, at: Floats) -> Ints:
        """The row of each parcel's last event at or before a time; -1 where there is none yet."""
        row = np.searchsorted(self.keys, parcel * KEY + at, side="right") - 1
        known = (row >= 0) & (self.events.parcel[np.maximum(row, 0)] == parcel) if len(self.events) else row < -1
        return np.where(known, row, -1)

    @cached_property
    def state(self) -> "States":
        return states(self)

    def open_at(self, parcel: Ints, at: Floats) -> Bools:
        """Handed over by then, and not known to be received: neither by its outcome nor by its last delivery event."""
        row = self.last_event(parcel, at)
        told = (row >= 0) & self.state.delivered[np.maximum(row, 0)] if len(self.events) else np.zeros(len(row), bool)
        closed = told & (at < self.failed_at[parcel])
        return (self.parcels.handed[parcel] <= at) & (self.received_at[parcel] > at) & ~closed


@dataclass(frozen=True)
class States:
    """What stands after each event, told by it and the ones before: the milestone, the row of the last physical event
    (-1: none yet), how many of those there were, and whether the parcel counts as delivered.
    """

    milestone: Ints
    physical_row: Ints
    scans: Ints
    delivered: Bools


def states(history: History) -> States:
    events = history.events
    rows = np.arange(len(events), dtype=np.int64)
    first = np.searchsorted(events.parcel, events.parcel, side="left")
    telling = ~np.isin(events.milestone, list(SILENT))
    last_told = np.maximum.accumulate(np.where(telling, rows, -1)) if len(rows) else rows
    last_told = np.where(last_told >= first, last_told, rows)
    held = np.maximum.accumulate(np.where(events.physical, rows, -1)) if len(rows) else rows
    count = np.cumsum(events.physical)
    before = np.where(first > 0, count[np.maximum(first - 1, 0)], 0) if len(rows) else rows
    milestone = events.milestone[last_told] if len(rows) else rows
    return States(milestone, np.where(held >= first, held, -1), count - before, milestone == DELIVERED)
