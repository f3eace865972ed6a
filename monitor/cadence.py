"""When to ask about a shipment next: by where it stands, how near its promise is, and whether it matters any more."""

from datetime import datetime, timedelta

from carriers.base import Carrier
from config.policies import DetectionPolicy, PollingPolicy
from domain.parcel import Delivered
from domain.shipment import ShipmentView
from domain.tracking import Milestone, NoData

RARELY = timedelta(hours=12)
"""While only a person can help: a wrong phone number, a wrong carrier."""
AT_REST = frozenset({Milestone.RETURNED, Milestone.CANCELLED})


def next_poll(
    view: ShipmentView, no_data: NoData | None, carrier: Carrier, policy: DetectionPolicy, *, now: datetime
) -> datetime | None:
    """The next time to ask, never sooner than the source allows; None: watching ends."""
    polling = policy.polling
    if no_data is NoData.AGED_OUT or is_over(view, polling, now=now):
        return None
    if no_data in {NoData.BAD_CREDENTIAL, NoData.WRONG_CARRIER}:
        return now + RARELY
    return now + max(_interval(view, polling, now=now), carrier.min_interval)


def _interval(view: ShipmentView, polling: PollingPolicy, *, now: datetime) -> timedelta:
    usual = polling.interval(view.state.milestone)
    promised = view.shipment.promised_at
    near = promised is not None and abs(promised - now) <= polling.near_promise_window
    return min(usual, polling.near_promise) if near and view.state.delivered is not Delivered.YES else usual


def is_over(view: ShipmentView, polling: PollingPolicy, *, now: datetime) -> bool:
    """Watching ends some days after an undisputed delivery or a return, and at the latest after ``stop_after``."""
    state = view.state
    ended_at = state.delivered_at if state.delivered is Delivered.YES else None
    if state.milestone in AT_REST:
        ended_at = ended_at or state.last_at
    if ended_at is not None and now - ended_at >= polling.stop_after_delivery:
        return True
    return now - view.shipment.created_at >= polling.stop_after
