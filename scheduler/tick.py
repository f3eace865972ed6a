"""One beat of the pickup side: end what was missed, plan what is due. Idempotent: a second beat changes nothing."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random

from scheduler.batching import Batch, batches
from scheduler.changes import Mend, Replanned, Ways
from scheduler.courier import miss_stops
from scheduler.day import Between, straight
from scheduler.dispatch import Dispatched, Holding, PlanFailed, Solve, dispatch_batch, to_plan
from scheduler.holding import Decide
from scheduler.letters import Link
from scheduler.offers import give_new_slots
from scheduler.plan_types import Fleet
from scheduler.policy import Policy
from scheduler.replanning import ReplanFailed, replan_depot
from scheduler.travel.straight import Haversine
from scheduler.travel.table import TravelTimes
from scheduler.warehouse import see_scans
from store import returns
from store.base import Db, Store


@dataclass(frozen=True, slots=True)
class PickupSettings:
    """What the pickup side is configured with. ``hold_days``: how long a return without a slot may wait for company.
    ``carrier_cents``: what a carrier takes for fetching a return where it quoted no price; None where none is asked.
    """

    fleet: Fleet
    policy: Policy
    travel: TravelTimes = field(default_factory=Haversine)
    between: Between = straight
    hold_days: int = 0
    carrier_cents: int | None = None


@dataclass(frozen=True, slots=True)
class TickReport:
    """What a beat did: plans dispatched, plans that failed, stops that were missed (their ids), running days that were planned again,
    returns that a carrier has by now; depots whose plan somebody else makes.
    """

    dispatched: tuple[Dispatched, ...] = ()
    failed: tuple[PlanFailed, ...] = ()
    missed: tuple[str, ...] = ()
    replanned: tuple[Replanned | ReplanFailed, ...] = ()
    scanned: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.dispatched or self.failed or self.missed or self.replanned or self.scanned)


def _end_missed(db: Db, settings: PickupSettings, *, now: datetime) -> tuple[str, ...]:
    """In one transaction with the new slots: whoever waited in vain isn't asked when they have time again, but told."""
    missed = miss_stops(db, now=now)
    give_new_slots(db, missed, settings.fleet, now=now, days=settings.policy.book_days)
    return missed


Leave = Callable[[Batch], Awaitable[bool]]
"""Whether somebody else plans this batch."""


async def tick(
    store: Store,
    settings: PickupSettings,
    *,
    now: datetime,
    solve: Solve,
    link: Link,
    rng: Random,
    decide: Decide | None = None,
    mend: Mend | None = None,
    leave: Leave | None = None,
) -> TickReport:
    """End missed stops and give their returns new slots, see what carriers have, then plan every depot whose cut-off has passed, and
    again every running day for which something asks. Without ``decide`` nothing is held, without ``mend`` no day is planned again, without
    ``leave`` everything is planned here.
    """
    missed = await store.awrite(_end_missed, settings, now=now)
    scanned = await store.awrite(see_scans, settings.policy, now=now)
    planned = await plan_due(store, settings, now=now, solve=solve, link=link, rng=rng, decide=decide, leave=leave)
    replanned: list[Replanned | ReplanFailed] = []
    if mend is not None:
        ways = ways_of(settings, mend, link=link, rng=rng)
        replanned = await _replan(store, settings, ways, now=now, but=planned.left)
    return replace(planned, missed=missed, scanned=scanned, replanned=tuple(replanned))


async def plan_due(
    store: Store,
    settings: PickupSettings,
    *,
    now: datetime,
    solve: Solve,
    link: Link,
    rng: Random,
    decide: Decide | None = None,
    leave: Leave | None = None,
    depot: str = "",
) -> TickReport:
    """Plan every depot whose cut-off has passed, ``depot`` alone where it is named; what somebody else plans is left to them."""
    holding = Holding(settings.hold_days, decide) if decide and settings.hold_days else None
    waiting = await store.aread(returns.waiting, before=now)
    due = batches(waiting, settings.fleet.depots, now=now, max_attempts=settings.policy.max_attempts)
    dispatched: list[Dispatched] = []
    failed: list[PlanFailed] = []
    left: list[str] = []
    for batch in (one for one in due if depot in {"", one.depot.id}):
        if leave is not None and await to_plan(store, batch) is not None and await leave(batch):
            left.append(batch.depot.id)
            continue
        outcome = await dispatch_batch(
            store, batch, settings.fleet, now=now, solve=solve, link=link, rng=rng,
            travel=settings.travel, between=settings.between, holding=holding,
            carrier_cents=settings.carrier_cents,
        )  # fmt: skip
        if isinstance(outcome, Dispatched) and outcome.written:
            dispatched.append(outcome)
        elif isinstance(outcome, PlanFailed):
            failed.append(outcome)
    return TickReport(tuple(dispatched), tuple(failed), left=tuple(left))


def ways_of(settings: PickupSettings, mend: Mend, *, link: Link, rng: Random) -> Ways:
    return Ways(mend, link, rng, settings.travel, settings.between, settings.carrier_cents, settings.policy.book_days)


async def _replan(
    store: Store, settings: PickupSettings, ways: Ways, *, now: datetime, but: Collection[str] = ()
) -> list[Replanned | ReplanFailed]:
    """Running days, but for those of depots whose plan is being made."""
    waiting = await store.aread(returns.waiting, before=now)
    found = [
        await replan_depot(store, depot, settings.fleet, waiting, ways=ways, now=now)
        for depot in sorted(settings.fleet.depots, key=lambda d: d.id)
        if depot.id not in but
    ]
    return [one for one in found if one is not None]
