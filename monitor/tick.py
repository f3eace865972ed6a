"""One tick of the monitor: ask what is due, look at what has run out, keep the promise clocks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from config.policies import DetectionPolicy
from monitor import claims, look, orders, promise, sources
from monitor.identify import WayOf, identify_due
from monitor.poll import Lines, PollReport, poll_due
from monitor.subscriptions import CallbackUrl, subscribe_due
from store import due, tracking
from store.base import Db, Store

ALARMS_A_TICK = 1_000
TIMERS_A_TURN = 500
TURNS_A_TICK = 100


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

    @property
    def changed(self) -> bool:
        return bool(self.polled.asked or self.subscribed or self.identified or self.looked_at or self.timers)


async def tick(
    store: Store,
    lines: Lines,
    policy: DetectionPolicy,
    *,
    now: datetime,
    nonce: Callable[[], str],
    ways: Ways,
) -> TickReport:
    """Everything that is due at ``now``; running it twice changes nothing more."""
    in_order = [line for _, line in sorted(lines.items())]
    identified = await identify_due(store, in_order, ways.of_carrier, now=now)
    subscribed = await subscribe_due(store, in_order, ways.callback_url, now=now)
    polled = await poll_due(store, lines, policy, now=now, nonce=nonce)
    looked_at = await store.awrite(look_around, policy, now=now)
    timers = await run_timers(store, policy, now=now)
    return TickReport(polled, looked_at, timers, subscribed, identified)


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
    looked_at = look.look_at(db, sorted({*changed, *alarms}), policy, now=now)
    orders.check_unshipped(db, policy, now=now)
    orders.check_pickups(db, policy, now=now)
    sources.check_sources(db, policy, now=now)
    claims.look_after(db, policy, now=now)
    return looked_at
