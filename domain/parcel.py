"""Folding scan events into the state of a parcel, and parcels into the state of a shipment.

The fold doesn't depend on the order in which events arrived, keeps every event, and treats "delivered" as provisional:
a later attempt, hub scan or exception undoes it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from domain.tracking import Certainty, Manner, Milestone, Reason, ScanEvent, event_key

FUTURE_TOLERANCE = timedelta(minutes=10)
"""An event dated later than this after now moves no state and no clock until then (carriers' clocks run ahead)."""

RANK = {
    milestone: rank
    for rank, milestone in enumerate(
        (
            Milestone.ANNOUNCED,
            Milestone.CANCELLED,
            Milestone.PICKED_UP,
            Milestone.TRANSFERRED,
            Milestone.IN_TRANSIT,
            Milestone.CUSTOMS,
            Milestone.EXCEPTION,
            Milestone.AT_DESTINATION,
            Milestone.OUT_FOR_DELIVERY,
            Milestone.ATTEMPT_FAILED,
            Milestone.AWAITING_COLLECTION,
            Milestone.RETURNING,
            Milestone.RETURNED,
            Milestone.DELIVERED,
            Milestone.INFO,
            Milestone.UNMAPPED,
        )
    )
}
"""The order of events of one instant."""

SILENT = frozenset({Milestone.INFO, Milestone.UNMAPPED})
"""Milestones that say nothing of where a parcel stands."""

UNDOES_DELIVERY = frozenset(
    {
        Milestone.IN_TRANSIT,
        Milestone.AT_DESTINATION,
        Milestone.OUT_FOR_DELIVERY,
        Milestone.ATTEMPT_FAILED,
        Milestone.AWAITING_COLLECTION,
        Milestone.EXCEPTION,
    }
)

ELECTRONIC = frozenset({Milestone.ANNOUNCED, Milestone.INFO, Milestone.UNMAPPED, Milestone.CANCELLED})
"""Milestones that don't prove a touch where the source doesn't say (manifests look like progress, and aren't)."""


class Delivered(StrEnum):
    YES = "yes"
    NO = "no"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class ParcelState:
    """Where a parcel stands. Times are aware UTC, None where no event tells."""

    milestone: Milestone | None = None
    reason: Reason | None = None
    manner: Manner | None = None
    delivered: Delivered = Delivered.NO
    last_at: datetime | None = None
    last_physical_at: datetime | None = None
    last_physical_place: str | None = None
    delivered_at: datetime | None = None
    first_at: datetime | None = None
    since: datetime | None = None
    """When the present milestone began: the first of the unbroken run of events with it."""


NEW = ParcelState()
_HELD = {None: 0, False: 1, True: 2}
_DISTANT = datetime.max.replace(tzinfo=UTC)


def order_key(event: ScanEvent) -> tuple[object, ...]:
    """Sorts events by time, never by arrival: unreadable times last, date-only after that day's exact events. The rest
    of the key makes the order total, so that equal lists in any order sort alike.
    """
    at = event.time.at
    says = (event.time.certainty, _HELD[event.physical], event.reason or "", event.manner or "")
    tie = (RANK[event.milestone], event.code or "", event.text, event.time.raw, event.place or "", *says)
    if at is None:
        return (1, _DISTANT, *tie)
    if event.time.certainty is Certainty.DATE_ONLY:
        at += timedelta(days=1) - timedelta(microseconds=1)
    return (0, at, *tie)


def timeline(source: str, events: Iterable[ScanEvent]) -> tuple[ScanEvent, ...]:
    """The events once per natural key, in order."""
    unique = {event_key(source, event): event for event in sorted(events, key=order_key, reverse=True)}
    return tuple(sorted(unique.values(), key=order_key))


def in_order(events: Iterable[ScanEvent]) -> list[ScanEvent]:
    """The events sorted by ``order_key``. Most lists have a time of its own for every event: then that decides alone."""
    given = list(events)
    times = {e.time.at: e for e in given if e.time.certainty is not Certainty.DATE_ONLY and e.time.at is not None}
    return [times[at] for at in sorted(times)] if len(times) == len(given) else sorted(given, key=order_key)


def is_physical(event: ScanEvent) -> bool:
    """Whether somebody held the parcel: the source's word, else by milestone."""
    return event.physical if event.physical is not None else event.milestone not in ELECTRONIC


def fold(events: Iterable[ScanEvent], *, now: datetime) -> ParcelState:
    """The state that a parcel's events amount to at ``now``, whatever their order."""
    ordered = in_order(events)
    counts_until = now + FUTURE_TOLERANCE
    telling = [e for e in ordered if e.time.at is not None and e.time.at <= counts_until]
    if not telling:
        return _undated([e for e in ordered if e.time.at is None])
    speaking = [e for e in telling if e.milestone not in SILENT]
    current = (speaking or telling)[-1]
    physical = [e for e in telling if is_physical(e)]
    delivered, delivery = _delivery(speaking)
    return ParcelState(
        milestone=current.milestone,
        reason=current.reason,
        manner=delivery.manner or Manner.UNKNOWN if delivery and delivered is Delivered.YES else None,
        delivered=delivered,
        last_at=telling[-1].time.at,
        last_physical_at=physical[-1].time.at if physical else None,
        last_physical_place=next((e.place for e in reversed(physical) if e.place), None),
        delivered_at=delivery.time.at if delivery else None,
        first_at=telling[0].time.at,
        since=_since(speaking, current),
    )


def next_change(events: Iterable[ScanEvent], *, now: datetime) -> datetime | None:
    """When the fold changes without any new event: the first moment at which a future-dated one begins to count."""
    counts_until = now + FUTURE_TOLERANCE
    future = (e.time.at for e in events if e.time.at is not None and e.time.at > counts_until)
    first = min(future, default=None)
    return first - FUTURE_TOLERANCE if first else None


def _undated(events: Sequence[ScanEvent]) -> ParcelState:
    """What can be said where no time can be read: how things stand, and nothing of since when."""
    speaking = [e for e in events if e.milestone not in SILENT] or events
    if not speaking:
        return NEW
    delivered, delivery = _delivery(speaking)
    manner = delivery.manner or Manner.UNKNOWN if delivery and delivered is Delivered.YES else None
    current = speaking[-1]
    return ParcelState(milestone=current.milestone, reason=current.reason, manner=manner, delivered=delivered)


def _delivery(speaking: Sequence[ScanEvent]) -> tuple[Delivered, ScanEvent | None]:
    for index in range(len(speaking) - 1, -1, -1):
        if speaking[index].milestone is Milestone.DELIVERED:
            undone = any(later.milestone in UNDOES_DELIVERY for later in speaking[index + 1 :])
            return (Delivered.UNDONE if undone else Delivered.YES), speaking[index]
    return Delivered.NO, None


def _since(speaking: Sequence[ScanEvent], current: ScanEvent) -> datetime | None:
    since = current.time.at
    for event in reversed(speaking):
        if event.milestone is not current.milestone:
            break
        since = event.time.at
    return since


BEST_TO_WORST = (
    Milestone.DELIVERED,
    Milestone.RETURNED,
    Milestone.AWAITING_COLLECTION,
    Milestone.OUT_FOR_DELIVERY,
    Milestone.AT_DESTINATION,
    Milestone.TRANSFERRED,
    Milestone.CUSTOMS,
    Milestone.IN_TRANSIT,
    Milestone.PICKED_UP,
    Milestone.ANNOUNCED,
    Milestone.INFO,
    Milestone.UNMAPPED,
    Milestone.CANCELLED,
    Milestone.ATTEMPT_FAILED,
    Milestone.RETURNING,
    Milestone.EXCEPTION,
)
"""A shipment stands where the parcel stands that needs the most attention."""

_BADNESS = {milestone: rank for rank, milestone in enumerate(BEST_TO_WORST)}
_UNKNOWN_BADNESS = _BADNESS[Milestone.ANNOUNCED] + 0.5


def shipment_state(parcels: Iterable[ParcelState]) -> ParcelState:
    """The worst of its parcels' states; the silence that counts is that of the parcel silent longest."""
    states = list(parcels)
    if len(states) <= 1:  # nearly always
        return states[0] if states else NEW
    return max(states, key=lambda s: (_badness(s), -_seconds(s.last_physical_at)))


def _badness(state: ParcelState) -> float:
    return _UNKNOWN_BADNESS if state.milestone is None else _BADNESS[state.milestone]


def _seconds(at: datetime | None) -> float:
    return at.timestamp() if at else 0.0
