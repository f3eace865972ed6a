"""Which returns join which plan: one batch per depot, day and cut-off. Pure.

A plan of a day is due once its cut-off has passed, and takes up what was asked for before: slots of that day, returns
without a slot, and those that earlier plans or visits failed to fetch. The older a return, the dearer it is to leave
it behind again. Which of a batch rides with the routes that leave now is `batching_hold`'s question.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain.pickup import WAITING_FOR_ROUTE
from domain.returns import Return
from scheduler.batching_hold import Decision, Money, dispatch_or_hold
from scheduler.plan_types import Depot, at_local, local_day

__all__ = ["Batch", "Decision", "Money", "batches", "dispatch_or_hold", "home", "joins", "price_cents"]

PRICE_CENTS = 20_000
"""What leaving a return behind costs the plan: above any sensible detour (a stop costs 4-25 CNY), so that only windows,
shifts and capacity decide, and the age of a return among those that don't all fit."""
PRICE_PER_DAY_CENTS = 5_000
PRICE_PER_ATTEMPT_CENTS = 10_000
MAX_AGE_DAYS = 60  # beyond this a return grows no dearer: the price stays a sane number


@dataclass(frozen=True, slots=True)
class Batch:
    """What one plan takes up, oldest first. ``held`` stay behind until a new slot is agreed on: too many failed visits."""

    depot: Depot
    day: date
    cut_off_at: datetime
    returns: tuple[Return, ...]
    held: tuple[Return, ...] = ()
    again: int = 0

    @property
    def key(self) -> str:
        """Names the batch within its depot: planned once, and ``again`` after each route that its collector declined."""
        first = f"{self.day.isoformat()}T{self.depot.cut_off:%H:%M}"
        return f"{first}/again-{self.again}" if self.again else first


def batches(waiting: Iterable[Return], depots: Sequence[Depot], *, now: datetime, max_attempts: int = 3) -> list[Batch]:
    """The batches that are due at ``now``, by depot: today's, where its cut-off has passed and something waits."""
    mine = [value for value in waiting if value.status in WAITING_FOR_ROUTE]
    found = (_batch(mine, depot, depots, now, max_attempts) for depot in sorted(depots, key=lambda d: d.id))
    return [batch for batch in found if batch and (batch.returns or batch.held)]


def _batch(
    waiting: Sequence[Return], depot: Depot, depots: Sequence[Depot], now: datetime, max_attempts: int
) -> Batch | None:
    day = local_day(now, depot.zone)
    cut_off_at = at_local(day, depot.cut_off, depot.zone)
    if now < cut_off_at:
        return None
    mine = [v for v in waiting if home(v, depots) == depot.id and joins(v, depot, day, cut_off_at)]
    mine.sort(key=lambda v: (-v.attempts, v.requested_at, v.ref))
    held = {v.ref for v in mine if v.attempts >= max_attempts and not _slot_is_ahead(v, depot, day)}
    return Batch(
        depot,
        day,
        cut_off_at,
        tuple(v for v in mine if v.ref not in held),
        tuple(v for v in mine if v.ref in held),
    )


def home(value: Return, depots: Sequence[Depot]) -> str:
    """The depot that fetches a return; the first one where its own is unknown or no longer configured."""
    ids = [depot.id for depot in depots]
    return value.depot if value.depot in ids else ids[0]


def joins(value: Return, depot: Depot, day: date, cut_off_at: datetime) -> bool:
    """Asked for by the cut-off, and not promised for a later day."""
    if value.requested_at > cut_off_at:
        return False
    return value.slot_from is None or local_day(value.slot_from, depot.zone) <= day


def _slot_is_ahead(value: Return, depot: Depot, day: date) -> bool:
    return value.slot_from is not None and local_day(value.slot_from, depot.zone) >= day


def price_cents(value: Return, *, now: datetime) -> int:
    """What it costs the plan to leave this return behind: more for each day that it has waited and each failed visit."""
    days = min(MAX_AGE_DAYS, max(0, (now - value.requested_at).days))
    return PRICE_CENTS + PRICE_PER_DAY_CENTS * days + PRICE_PER_ATTEMPT_CENTS * value.attempts
