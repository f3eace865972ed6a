"""When Doorstep worries, as values: thresholds by region, polling, risk. Shipped figures and sources: detection.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta

from config.calendars import Calendar, Span
from config.policies.case_types import Types, case_types
from config.policies.claims import ClaimsPolicy
from config.policies.desk import DeskPolicy
from config.policies.enquiries import EnquiryPolicy
from domain.case import PROMISE
from domain.tracking import Milestone

DEFAULT = "default"
"""The region for abroad: what a region doesn't say itself is inherited from it."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """``watch``: onto the watch list. ``alert``: a case. None: never."""

    watch: Span | None = None
    alert: Span | None = None


@dataclass(frozen=True, slots=True)
class FailedAttemptPolicy:
    """A failed attempt needs a next step by ``by`` on the ``working_days``-th working day after it."""

    working_days: int
    by: time


@dataclass(frozen=True, slots=True)
class AwaitingPolicy:
    """How long a pickup point keeps a parcel, and when to speak up. ``dwell_by_carrier`` goes before ``dwell``."""

    dwell: timedelta
    remind_share: float
    alert_before_end: timedelta
    dwell_by_carrier: Mapping[str, timedelta]

    def dwell_of(self, carrier: str) -> timedelta:
        return self.dwell_by_carrier.get(carrier, self.dwell)


@dataclass(frozen=True, slots=True)
class PromisePolicy:
    """Elapsed time around a promised date. ``assumed``: what stands in where no promise was given."""

    risk_before: timedelta
    missed_after: timedelta
    assumed: timedelta
    assumed_international: timedelta
    grace: timedelta


@dataclass(frozen=True, slots=True)
class RegionPolicy:
    """One region's calendar and thresholds."""

    name: str
    calendar: Calendar
    number_unknown: Threshold
    never_collected: Threshold
    collected_no_hub: Threshold
    in_transit: Threshold
    in_transit_international: Threshold
    customs: Threshold
    at_destination: Threshold
    out_for_delivery: Threshold
    lost: Threshold
    lost_international: Threshold
    unshipped: Threshold
    failed_attempt: FailedAttemptPolicy
    awaiting_collection: AwaitingPolicy
    promise: PromisePolicy


@dataclass(frozen=True, slots=True)
class RiskPolicy:
    """Probabilities from which a parcel is watched or becomes a case; how much must be learned before it counts."""

    watch: float
    alert: float
    min_samples: int
    quantile: float


@dataclass(frozen=True, slots=True)
class WorthPolicy:
    """What acting is worth, in ``currency``: a needless check costs ``check_cents``; to hear too late of a parcel that won't
    come costs ``late_cents`` and ``late_share`` of its goods. ``least``, ``most``: the bounds of what follows.
    """

    currency: str
    check_cents: int
    late_cents: int
    late_share: float
    least: float
    most: float

    def late(self, value_cents: float) -> float:
        """What it costs, in cents, to hear too late of goods of this value."""
        return self.late_cents + self.late_share * value_cents

    def alert_from(self, value_cents: float) -> float:
        """The probability from which acting now is worth it, for goods of this value."""
        late = self.late(value_cents)
        return min(max(self.check_cents / max(self.check_cents + late, 1e-9), self.least), self.most)


@dataclass(frozen=True, slots=True)
class IncidentPolicy:
    """``members``: the fewest findings of one cause, within ``window``, that are an incident; ``chance``: how rarely so many
    come together by chance, over all causes; ``times``: what is usual elsewhere, so many times over; ``usual``: the share of
    watched parcels with a finding in a window, until the shop's history tells. More than ``spread`` causes inside a wider one
    are the wider one. ``alerts_at_once``: new messages in five minutes; ``edit_every``: the first pause between edits, which
    doubles up to ``edit_at_least``. ``flap``: what cleared and comes back within it isn't said again.
    """

    members: int
    window: timedelta
    flap: timedelta
    chance: float
    times: float
    usual: float
    spread: int
    alerts_at_once: int
    edit_every: timedelta
    edit_at_least: timedelta


@dataclass(frozen=True, slots=True)
class PollingPolicy:
    """How often to ask. ``every`` is by milestone; ``unknown`` while the source doesn't know the number. ``settled``: this
    rarely once a delivery is ``settled_after`` old. ``pushed``: this rarely while the source calls us by itself.
    ``failover_after``: a source that fails for so long is stood in for.
    """

    every: Mapping[Milestone, timedelta]
    unknown: timedelta
    near_promise: timedelta
    near_promise_window: timedelta
    stop_after_delivery: timedelta
    stop_after: timedelta
    after_last_claim: timedelta
    settled: timedelta
    settled_after: timedelta
    pushed: timedelta
    failover_after: timedelta

    def interval(self, milestone: Milestone | None) -> timedelta:
        return self.every.get(milestone, self.unknown) if milestone else self.unknown


@dataclass(frozen=True, slots=True)
class DetectionPolicy:
    """``agents`` None: no limit on alerts a day. ``promise``: what a case's customer is promised, elapsed. ``checkin_missing``, ``refund_unconfirmed``: after how long, elapsed, fetched
    goods and written refunds without a sequel are a case.
    """

    regions: Mapping[str, RegionPolicy]
    risk: RiskPolicy
    worth: WorthPolicy
    incidents: IncidentPolicy
    polling: PollingPolicy
    alerts_per_agent_day: int
    agents: int | None
    source_silent: timedelta
    looping_visits: int
    checkin_missing: timedelta
    refund_unconfirmed: timedelta
    warn_before_promise: timedelta
    promise: timedelta = PROMISE
    claims: ClaimsPolicy = field(default_factory=ClaimsPolicy)
    desk: DeskPolicy = field(default_factory=DeskPolicy)
    enquiries: EnquiryPolicy = field(default_factory=EnquiryPolicy)
    case_types: Types = field(default_factory=case_types)

    @property
    def alerts_a_day(self) -> int | None:
        """How many alerts a day the desk can work on; None: no limit."""
        return self.agents * self.alerts_per_agent_day if self.agents else None

    def alert_from(self, value_cents: float | None) -> float:
        """The probability from which a parcel is an alert; ``value_cents`` of its goods, None: not known."""
        return self.risk.alert if value_cents is None else max(self.worth.alert_from(value_cents), self.risk.watch)

    def worth_cents(self, probability: float, value_cents: float | None) -> float:
        """What acting now is worth: the chance times what a late word costs, less the chance that the check is needless times
        what that costs. Of goods of unknown value a late word costs what `risk.alert` says, at which it is worth nothing.
        """
        check = self.worth.check_cents
        late = check * (1 / self.risk.alert - 1) if value_cents is None else self.worth.late(value_cents)
        return probability * late - (1 - probability) * check

    def region(self, name: str) -> RegionPolicy:
        """The region's own policy, else the one for abroad."""
        return self.regions.get(name) or self.regions[DEFAULT]
