"""One tick of the monitor: ask what is due, look at what has run out, keep the promise clocks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol

from config.policies import DetectionPolicy
from domain.make_good import Policy as MakeGoodPolicy
from monitor import apart, claims, digest, follow_through, incidents, load, look, make_good, orders, promise, sources
from monitor.handing_out import hand_out
from monitor.identify import WayOf, identify_due
from monitor.poll import Lines, PollReport, poll_due
from monitor.subscriptions import CallbackUrl, subscribe_due
from store import causes, due, proposals, tracking
from store.base import Db, Store

ALARMS_A_TICK = 1_000
TIMERS_A_TURN = 400
TURNS_A_TICK = 500
MAKE_GOODS_A_TICK = 200


class Check(Protocol):
    def __call__(self, db: Db, policy: DetectionPolicy, /, *, now: datetime) -> object: ...


CHECKS: Mapping[str, Check] = {
    "unshipped": orders.check_unshipped,
    "pickups": orders.check_pickups,
    "follow_through": follow_through.check,
    "sources": sources.check_sources,
    "claims": claims.look_after,
    "load": load.look_ahead,
    "digest": digest.say,
}
"""What a tick looks at besides parcels, in this order; one that our own fault breaks holds up none of the others."""


@dataclass(frozen=True, slots=True)
class Ways:
    """What the house knows of its surroundings: where sources call us, and who is asked about a carrier."""

    callback_url: CallbackUrl
    of_carrier: WayOf


@dataclass(frozen=True, slots=True)
class TickReport:
    polled: PollReport
    looked_at: int
    timers: int
    subscribed: int
    identified: int
    instructed: int = 0

    @property
    def changed(self) -> bool:
        return bool(
            self.polled.asked or self.subscribed or self.identified or self.looked_at or self.timers or self.instructed
        )


async def tick(
    store: Store,
    lines: Lines,
    policy: DetectionPolicy,
    *,
    now: datetime,
    nonce: Callable[[], str],
    ways: Ways,
    making_good: MakeGoodPolicy | None = None,
) -> TickReport:
    """Everything that is due at ``now``; running it twice changes nothing more."""
    in_order = [line for _, line in sorted(lines.items())]
    identified = await identify_due(store, in_order, ways.of_carrier, now=now)
    subscribed = await subscribe_due(store, in_order, ways.callback_url, now=now)
    plan = await hand_out(store, lines, now=now)
    polled = await poll_due(store, plan.ours, policy, now=now, nonce=nonce, claim=plan.claim)
    await count_parcels(store, policy, now=now)
    looked_at = await store.awrite(look_around, policy, now=now)
    timers = await run_timers(store, policy, now=now)
    timers += await store.awrite(incidents.look_after, policy, now=now)
    instructed = await make_good_due(store, making_good, now=now)
    return TickReport(polled, looked_at, timers, subscribed, identified, instructed)


async def make_good_due(store: Store, policy: MakeGoodPolicy | None, *, now: datetime) -> int:
    """Make-goods that can no longer be taken back go out; where none is due nothing is written."""
    if policy is None or not await store.aread(proposals.due, now=now, limit=1):
        return 0
    return await store.awrite(make_good.instruct_due, policy, now=now, limit=MAKE_GOODS_A_TICK)


async def run_timers(store: Store, policy: DetectionPolicy, *, now: datetime) -> int:
    """The deadlines of cases that are due, some at a time: between two turns, what people do gets its turn too."""
    looked_at = 0
    for _ in range(TURNS_A_TICK):
        some = await store.awrite(promise.run_timers, policy, now=now, limit=TIMERS_A_TURN)
        looked_at += some
        if some < TIMERS_A_TURN:
            break
    return looked_at


def look_around(db: Db, policy: DetectionPolicy, *, now: datetime) -> int:
    """Alarms, orders and sources, in one transaction."""
    changed = tracking.refold_due(db, now=now)
    alarms = due.due_alarms(db, now=now, limit=ALARMS_A_TICK)
    looked_at = apart.work_off(
        db, "parcel", sorted({*changed, *alarms}), lambda some: look.look_at(db, some, policy, now=now), now=now,
        put_off=lambda one, until: due.put_off(db, one, until),
    )  # fmt: skip
    for name, check in CHECKS.items():
        apart.work_off(db, "check", [name], partial(_check, check, db, policy, now), now=now)
    return looked_at


def _check(check: Check, db: Db, policy: DetectionPolicy, now: datetime, _names: Sequence[str]) -> int:
    check(db, policy, now=now)
    return 1


async def count_parcels(store: Store, policy: DetectionPolicy, *, now: datetime) -> None:
    """Once an hour, on a reading connection: how many parcels each cause could hit, and what is usual."""
    if not await store.aread(causes.count_is_due, now=now, every=incidents.COUNT_EVERY):
        return
    counted = await store.aread(causes.count)
    usual = await store.aread(
        causes.share_of_history, now=now, window=policy.incidents.window, windows=incidents.WINDOWS,
        watched=counted[causes.ALL],
    )  # fmt: skip
    await store.awrite(causes.keep_count, counted, usual, now=now)
