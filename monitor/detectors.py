"""The rule detectors: each says from when on its trouble would be worth watching or a case, and on what evidence.

Every threshold comes from the policy file, whose lines carry their sources. A locker, a station or a third person at
the door is recorded and never alarms by itself.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, lru_cache, partial

from config.policies import DetectionPolicy, RegionPolicy, Threshold
from domain.case import Kind, Severity
from domain.parcel import Delivered, ParcelState
from domain.shipment import ShipmentView
from domain.tracking import Milestone, NoData, Reason
from domain.words import Words
from monitor import odds
from monitor.crossing import Crossing, Says, said

Detector = Callable[[ShipmentView, RegionPolicy], Crossing | None]

CLOCK_STOPS = frozenset({NoData.BAD_CREDENTIAL, NoData.WRONG_CARRIER, NoData.AGED_OUT, NoData.SOURCE_DOWN})
"""Not the parcel's silence but the source's: no stall clock runs on it."""


def crossings(view: ShipmentView, policy: DetectionPolicy, *, by_promise: bool = True) -> tuple[Crossing, ...]:
    """All that the detectors say of a shipment; nothing of one that a person marked as received. ``by_promise`` False:
    without what they say of its promise.
    """
    if view.received_by_hand:
        return ()
    region = policy.region(view.shipment.region)
    asked = _asked(view.state.milestone, by_promise=by_promise)
    own = [detector(view, region) for detector in asked]
    odd = (odds.misdelivered(view), odds.looping(view, policy.looping_visits), odds.number_reuse(view))
    return tuple([c for c in (*own, *odd) if c is not None])


def never_collected(view: ShipmentView, region: RegionPolicy) -> Crossing | None:
    """A number was uploaded and nobody has held the parcel since."""
    state, since = view.state, view.shipment.created_at
    if view.no_data in CLOCK_STOPS or state.last_physical_at is not None or state.milestone is Milestone.CANCELLED:
        return None
    known = region.never_collected if state.milestone is not None else _sooner(region)
    code = "evidence.never_collected" if state.milestone is not None else "evidence.number_unknown"
    return _silent(Kind.NEVER_COLLECTED, since, known, region, said(code, uploaded_at=since))


def _sooner(region: RegionPolicy) -> Threshold:
    """A number that the carrier doesn't even know: whichever of the two rules speaks first."""
    unknown, uncollected = region.number_unknown, region.never_collected
    return Threshold(
        watch=min((s for s in (unknown.watch, uncollected.watch) if s), key=lambda s: s.length, default=None),
        alert=min((s for s in (unknown.alert, uncollected.alert) if s), key=lambda s: s.length, default=None),
    )


SILENCE_AFTER: dict[Milestone, Callable[[RegionPolicy, bool], Threshold]] = {
    Milestone.PICKED_UP: lambda region, _: region.collected_no_hub,
    Milestone.IN_TRANSIT: lambda region, abroad: region.in_transit_international if abroad else region.in_transit,
    Milestone.TRANSFERRED: lambda region, abroad: region.in_transit_international if abroad else region.in_transit,
    Milestone.CUSTOMS: lambda region, _: region.customs,
    Milestone.AT_DESTINATION: lambda region, _: region.at_destination,
    Milestone.OUT_FOR_DELIVERY: lambda region, _: region.out_for_delivery,
}


def stalled(view: ShipmentView, region: RegionPolicy) -> Crossing | None:
    """Collected, and no physical scan for longer than where it stands allows."""
    state = view.state
    rule = SILENCE_AFTER.get(state.milestone) if state.milestone else None
    if rule is None or state.last_physical_at is None or view.no_data in CLOCK_STOPS:
        return None
    limit = rule(region, is_international(view))
    return _silent(Kind.STALLED, state.last_physical_at, limit, region, partial(_silence, state))


def lost(view: ShipmentView, region: RegionPolicy) -> Crossing | None:
    """Lost by a person's or the carrier's word, or silent for so long that nobody will find it."""
    state = view.state
    if view.lost_by_hand and view.marked_at and not _delivered_since(view, view.marked_at):
        says = said("evidence.lost_by_hand", at=view.marked_at)
        return Crossing(Kind.LOST, view.marked_at, view.marked_at, says, severity=Severity.URGENT)
    if state.reason in {Reason.LOST, Reason.DESTROYED} and state.since:
        says = said("evidence.lost_by_word", at=state.since)
        return Crossing(Kind.LOST, state.since, state.since, says, severity=Severity.URGENT)
    if _at_rest(state) or state.last_physical_at is None or view.no_data in CLOCK_STOPS:
        return None
    limit = region.lost_international if is_international(view) else region.lost
    return _silent(Kind.LOST, state.last_physical_at, limit, region, partial(_silence, state), Severity.URGENT)


def _delivered_since(view: ShipmentView, at: datetime) -> bool:
    """It turned up after all."""
    delivered_at = view.state.delivered_at
    return view.state.delivered is Delivered.YES and delivered_at is not None and delivered_at > at


def promise_missed(view: ShipmentView, region: RegionPolicy) -> Crossing | None:
    """The promised date has passed: watched from then on, a case where carriers themselves would trace it."""
    state, promised = view.state, view.shipment.promised_at
    if promised is None or _at_rest(state) or state.milestone is Milestone.AWAITING_COLLECTION:
        return None
    missed_at = promised + region.promise.missed_after
    says = said("evidence.promise_missed", promised_at=promised)
    return Crossing(Kind.PROMISE_MISSED, promised, missed_at, says, promised, silence=True)


NO_RISK = frozenset(
    {Milestone.AT_DESTINATION, Milestone.OUT_FOR_DELIVERY, Milestone.ATTEMPT_FAILED, Milestone.AWAITING_COLLECTION}
)
"""Near the door, or waiting for its customer."""


def promise_risk(view: ShipmentView, region: RegionPolicy) -> Crossing | None:
    """The promise is near and the parcel isn't: watched, until a learned risk says how sure that is."""
    state, promised = view.state, view.shipment.promised_at
    if promised is None or _at_rest(state) or state.milestone in NO_RISK:
        return None
    says = said("evidence.promise_risk", promised_at=promised)
    return Crossing(Kind.PROMISE_RISK, promised, None, says, promised - region.promise.risk_before, silence=True)


def failed_attempt(view: ShipmentView, region: RegionPolicy) -> Crossing | None:
    """An attempt failed and no next step was seen by the next working day."""
    state = view.state
    if state.milestone is not Milestone.ATTEMPT_FAILED or state.reason in OWN_KIND or state.last_at is None:
        return None
    policy = region.failed_attempt
    alert_at = region.calendar.working_day(state.last_at, policy.working_days, policy.by)
    reason = state.reason.value if state.reason else Reason.OTHER.value
    says = said("evidence.failed_attempt", at=state.last_at, reason=reason)
    return Crossing(Kind.FAILED_ATTEMPT, state.last_at, alert_at, says, state.last_at, silence=True)


AT_ONCE: dict[Reason, tuple[Kind, Severity]] = {
    Reason.REFUSED: (Kind.REFUSED, Severity.WARN),
    Reason.ADDRESS: (Kind.ADDRESS, Severity.WARN),
    Reason.OUT_OF_AREA: (Kind.ADDRESS, Severity.WARN),
    Reason.CUSTOMS: (Kind.CUSTOMS, Severity.WARN),
    Reason.PAYMENT: (Kind.CUSTOMS, Severity.WARN),
    Reason.DAMAGED: (Kind.DAMAGED, Severity.URGENT),
}
"""What a carrier says went wrong, and needs somebody to act whatever the clock says."""
OWN_KIND = frozenset(AT_ONCE)


def reported(view: ShipmentView, region: RegionPolicy) -> Crossing | None:
    """The carrier itself says that something needs a person."""
    del region
    state = view.state
    if state.reason not in AT_ONCE or state.since is None:
        return None
    if state.delivered is Delivered.YES and state.reason is not Reason.DAMAGED:
        return None  # received in spite of it; but what was received broken is broken
    kind, severity = AT_ONCE[state.reason]
    return Crossing(kind, state.since, state.since, said(f"evidence.{kind.value}", at=state.since), severity=severity)


def returning(view: ShipmentView, region: RegionPolicy) -> Crossing | None:
    """On its way back without anybody having asked for it."""
    del region
    state = view.state
    back = state.milestone in {Milestone.RETURNING, Milestone.RETURNED}
    if not back or view.shipment.leg == "return" or state.since is None:
        return None
    return Crossing(Kind.RETURNING, state.since, state.since, said("evidence.returning", at=state.since))


def awaiting_collection(view: ShipmentView, region: RegionPolicy) -> Crossing | None:
    """Waits at a point whose patience ends: watched at half of it, a case a day before it goes back."""
    state = view.state
    if state.milestone is not Milestone.AWAITING_COLLECTION or state.since is None:
        return None
    policy = region.awaiting_collection
    dwell = policy.dwell_of(view.shipment.carrier)
    until = state.since + dwell
    says = said("evidence.awaiting_collection", since_at=state.since, until_at=until)
    watch_at = state.since + timedelta(seconds=dwell.total_seconds() * policy.remind_share)
    return Crossing(Kind.STALLED, state.since, until - policy.alert_before_end, says, watch_at, silence=True)


DETECTORS: tuple[Detector, ...] = (
    never_collected,
    stalled,
    awaiting_collection,
    lost,
    promise_missed,
    promise_risk,
    failed_attempt,
    reported,
    returning,
)
OF_THE_PROMISE = frozenset({promise_missed, promise_risk})
ONLY_AT: dict[Detector, frozenset[Milestone]] = {
    stalled: frozenset(SILENCE_AFTER),
    awaiting_collection: frozenset({Milestone.AWAITING_COLLECTION}),
    failed_attempt: frozenset({Milestone.ATTEMPT_FAILED}),
    returning: frozenset({Milestone.RETURNING, Milestone.RETURNED}),
}
"""Detectors that say nothing of a parcel that stands elsewhere: a tick doesn't ask them."""


@cache
def _asked(milestone: Milestone | None, *, by_promise: bool) -> tuple[Detector, ...]:
    return tuple(
        one
        for one in DETECTORS
        if (by_promise or one not in OF_THE_PROMISE) and (one not in ONLY_AT or milestone in ONLY_AT[one])
    )


def is_international(view: ShipmentView) -> bool:
    """Origin and destination name different countries (the first part of a place path)."""
    return _between_countries(view.shipment.origin, view.shipment.destination)


@lru_cache(maxsize=4096)
def _between_countries(origin: str, destination: str) -> bool:
    here, there = origin.split("/", 1)[0], destination.split("/", 1)[0]
    return bool(here and there) and here != there


AT_REST = frozenset({Milestone.RETURNING, Milestone.RETURNED, Milestone.CANCELLED})


def _at_rest(state: ParcelState) -> bool:
    return state.delivered is Delivered.YES or state.milestone in AT_REST


def _silence(state: ParcelState) -> tuple[Words, ...]:
    last = state.last_physical_at
    params = {
        "place": state.last_physical_place or "",
        "last_at": last.isoformat() if last else "",
        "milestone_code": state.milestone.value if state.milestone else "",
    }
    return (Words("evidence.silence", params),)


def _silent(
    kind: Kind,
    since: datetime,
    threshold: Threshold,
    region: RegionPolicy,
    says: Says,
    severity: Severity = Severity.WARN,
) -> Crossing:
    watch_at = region.calendar.after(since, threshold.watch) if threshold.watch else None
    alert_at = region.calendar.after(since, threshold.alert) if threshold.alert else None
    return Crossing(kind, since, alert_at, says, watch_at, severity, silence=True, clock=True)
