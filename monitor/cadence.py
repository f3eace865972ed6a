"""When to ask about a shipment next, what the answer is worth, and when watching ends: by where it stands, how near its
promise is, and whether anybody still works on it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from carriers.base import Carrier
from config.policies import DetectionPolicy, PollingPolicy
from domain.parcel import Delivered
from domain.shipment import ShipmentView
from domain.tracking import Milestone, NoData
from store.asking import NEAR, SETTLED, UNDER_CASE, USUAL

RARELY = timedelta(hours=12)
"""While only a person can help: a wrong phone number, a wrong carrier, a number that the source has forgotten."""
HELPLESS = frozenset({NoData.BAD_CREDENTIAL, NoData.WRONG_CARRIER, NoData.AGED_OUT})
AT_REST = frozenset({Milestone.RETURNED, Milestone.CANCELLED})
AT_THE_DOOR = frozenset(
    {Milestone.AT_DESTINATION, Milestone.OUT_FOR_DELIVERY, Milestone.ATTEMPT_FAILED, Milestone.EXCEPTION}
)
"""Milestones after which the next scan decides."""


class Ended(StrEnum):
    """Why watching ended; said on the parcel's page."""

    DELIVERED = "delivered"  # some days ago, and nobody disputes it
    AT_REST = "at_rest"  # returned or cancelled
    AGED_OUT = "aged_out"  # the source says that it is too old
    HISTORY = "history"  # the source has forgotten it by now
    CLAIM_OVER = "claim_over"  # the carrier would take no claim any more
    TOO_LONG = "too_long"  # watched for as long as the policy says
    TWIN = "twin"  # the same parcel is watched under another entry


@dataclass(frozen=True, slots=True)
class Next:
    """When to ask next and what the answer is worth (store/asking); ``at`` None: watching ends, ``ended`` says why."""

    at: datetime | None
    worth: int
    ended: str = ""


def next_poll(
    view: ShipmentView,
    no_data: NoData | None,
    carrier: Carrier,
    policy: DetectionPolicy,
    *,
    now: datetime,
    pushed: bool = False,
    under_case: bool = False,
    elsewhere: bool = False,
) -> Next:
    """The next question, never sooner than the source allows, and rarely where the source calls us by itself. While a case
    is open, watching goes on; also where a number is too old for this source, and ``elsewhere`` another may know it still.
    """
    aged_here = elsewhere and no_data is NoData.AGED_OUT
    ended = None if under_case else why_over(view, None if aged_here else no_data, carrier, policy, now=now)
    if ended:
        return Next(None, SETTLED, ended.value)
    worth = worth_of(view, policy.polling, now=now, under_case=under_case)
    if no_data in HELPLESS:
        return Next(now + RARELY, worth)
    gap = max(_interval(view, policy.polling, now=now), carrier.min_interval)
    return Next(now + (max(gap, policy.polling.pushed) if pushed else gap), worth)


def worth_of(view: ShipmentView, polling: PollingPolicy, *, now: datetime, under_case: bool) -> int:
    if under_case:
        return UNDER_CASE
    if view.state.delivered is Delivered.YES or view.received_by_hand or view.state.milestone in AT_REST:
        return SETTLED
    return NEAR if view.state.milestone in AT_THE_DOOR or is_near(view, polling, now=now) else USUAL


def is_near(view: ShipmentView, polling: PollingPolicy, *, now: datetime) -> bool:
    promised = view.shipment.promised_at
    return promised is not None and abs(promised - now) <= polling.near_promise_window


def _interval(view: ShipmentView, polling: PollingPolicy, *, now: datetime) -> timedelta:
    usual = polling.interval(view.state.milestone)
    if view.state.delivered is Delivered.YES or view.received_by_hand:
        at = view.received_at
        return polling.settled if at and now - at >= polling.settled_after else usual
    return min(usual, polling.near_promise) if is_near(view, polling, now=now) else usual


def why_over(
    view: ShipmentView, no_data: NoData | None, carrier: Carrier, policy: DetectionPolicy, *, now: datetime
) -> Ended | None:
    """Some days after an undisputed delivery or a return; else at the first of: some days after the last day on which a
    claim can be filed, the end of the source's own memory, the policy's longest watch.
    """
    polling, state, watched = policy.polling, view.state, now - view.shipment.created_at
    if no_data is NoData.AGED_OUT:
        return Ended.AGED_OUT
    if view.received_at:
        return Ended.DELIVERED if now - view.received_at >= polling.stop_after_delivery else None
    if state.milestone in AT_REST and state.last_at and now - state.last_at >= polling.stop_after_delivery:
        return Ended.AT_REST
    if watched >= polling.stop_after:
        return Ended.TOO_LONG
    if watched >= carrier.history:
        return Ended.HISTORY
    last_claim = policy.claims.last_day(view.shipment)
    return Ended.CLAIM_OVER if last_claim and now >= last_claim + polling.after_last_claim else None
