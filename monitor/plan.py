"""How often today's parcels can be asked about, what that costs, and what comes too late at that pace."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from carriers.base import AccountSettings, Carrier, Charged
from config.policies import DetectionPolicy, RegionPolicy, Span, Threshold
from domain.tracking import Milestone
from monitor import spending
from monitor.spending import DAY_S

DAY = timedelta(days=1)
Counts = Mapping[Milestone | None, int]
"""Watched shipments by milestone; None: not scanned yet."""

CLOCKS: tuple[str, ...] = (
    "number_unknown", "never_collected", "collected_no_hub", "in_transit", "customs", "at_destination",
    "out_for_delivery", "lost",
)  # fmt: skip
"""The thresholds that rest on silence: none of them can tell less than the time between two questions."""


@dataclass(frozen=True, slots=True)
class Plan:
    """``wanted``: questions a day at the policy's pace; ``possible``: what budgets and money allow, None: no limit;
    ``every``: how often a parcel on its way is asked about then. ``late``: the detectors whose alert threshold is shorter
    than that. ``cost_per_day`` None: no price is known.
    """

    parcels: int
    wanted: int
    possible: int | None
    every: timedelta
    late: tuple[str, ...]
    cost_per_day: float | None
    currency: str

    @property
    def share(self) -> float:
        """The part of the wanted questions that can be asked."""
        return 1.0 if self.possible is None or self.wanted <= self.possible else self.possible / self.wanted


def plan(
    counts: Counts,
    carrier: Carrier,
    settings: AccountSettings,
    policy: DetectionPolicy,
    *,
    region: str,
    pushed: int = 0,
) -> Plan:
    """What a credential's day looks like with these shipments; ``pushed`` of them call by themselves."""
    parcels = sum(counts.values())
    wanted = questions_a_day(counts, carrier, policy)
    if pushed and parcels:
        rarely = pushed * DAY / policy.polling.pushed
        wanted = wanted * (parcels - pushed) / parcels + min(rarely, wanted)
    possible = questions_possible(carrier, settings)
    share = 1.0 if possible is None or wanted <= possible else possible / wanted
    usual = max(policy.polling.interval(Milestone.IN_TRANSIT), carrier.min_interval)
    every = usual / share if share else DAY * 365
    asked = wanted * share
    return Plan(
        parcels=parcels,
        wanted=round(wanted),
        possible=possible,
        every=every,
        late=too_late(policy.region(region), every),
        cost_per_day=asked * settings.price
        if settings.price is not None and Charged.QUESTION in carrier.charged
        else None,
        currency=settings.currency,
    )


def questions_a_day(counts: Counts, carrier: Carrier, policy: DetectionPolicy) -> float:
    return sum(n * (DAY / max(policy.polling.interval(m), carrier.min_interval)) for m, n in counts.items())


def questions_possible(carrier: Carrier, settings: AccountSettings) -> int | None:
    """Numbers that can be asked about in a day: the narrowest of all windows and of the money; None: nothing limits it."""
    windows = spending.windows_of(carrier, settings)
    a_day = [window.calls * carrier.batch_size * DAY_S // window.per_s for window in windows]
    money = spending.money_window(settings)
    if money is not None and Charged.QUESTION in carrier.charged:
        a_day.append(money.calls)
    return min(a_day, default=None)


def too_late(region: RegionPolicy, every: timedelta) -> tuple[str, ...]:
    """The detectors that would hear of a silence only after their own alert threshold."""
    return tuple(name for name in CLOCKS if (span := _alert(getattr(region, name))) and span.length < every)


def _alert(threshold: Threshold | None) -> Span | None:
    return threshold.alert if threshold else None
