"""A running day is planned again when something asks for it: what is written goes out only after the referee, and only where it changes.

Whatever fails (the solver's process, the table of ways, the referee's word) leaves the last good plan as it is and is written down.
What can't be kept is said with its code and its reason, and gets another slot: later the same day where that is possible.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.errors import MESSAGE_LIMIT
from domain.returns import Return
from domain.words import Words
from scheduler.changes import Replanned, Ways, write
from scheduler.day import midnight
from scheduler.day_now import gather
from scheduler.dispatch import MAX_SEED, rejected
from scheduler.plan_types import Depot, Fleet
from scheduler.referee import check
from scheduler.router import read_problem
from scheduler.under_way import LATER, points, question, triggers
from store import facts, replans
from store.base import Db, Store
from store.facts import FactRow
from store.replans import FAILED, REPLANNED

AGAIN_AFTER = timedelta(minutes=10)
"""The same danger asks again after this long: it wasn't to be helped, but that may have changed."""
RETRY_AFTER, RETRY_MOST = timedelta(minutes=1), 10
"""After a failure, this long for each one in a row, and at most so many times as long."""
ONCE = ("new/", "freed/")
"""What asks once a day."""


@dataclass(frozen=True, slots=True)
class ReplanFailed:
    """No usable plan: the last good one stands."""

    depot: str
    why: tuple[str, ...]
    reason: Words


async def replan_depot(
    store: Store, depot: Depot, fleet: Fleet, waiting: Sequence[Return], *, ways: Ways, now: datetime
) -> Replanned | ReplanFailed | None:
    """Plan a depot's running day again where something new asks for it; None where nothing does, or the day moved on meanwhile."""
    day = await store.aread(gather, depot, fleet, waiting, carrier_cents=ways.carrier_cents, now=now)
    asking = triggers(day) if day else ()
    if day is None or not asking:
        return None
    why = fresh(asking, await store.aread(replans.asked_before, depot.id, since=midnight(day.batch)), now=now)
    if not why:
        return None
    try:
        table = await ways.travel.table(points(day))
        asked = question(day, fleet, table, now=now)
        problem, plan = await ways.mend(
            read_problem(asked.problem), orders=asked.orders, later_s=int(LATER.total_seconds()),
            seed=ways.rng.randrange(MAX_SEED),
        )  # fmt: skip
        if broken := check(problem, plan):
            return await store.awrite(_fail, depot, why, rejected(depot.id, broken), now=now)
    except Exception as exc:
        # the solver and the table service run elsewhere and fail in any way; the plan that couriers have stays good
        error = f"{type(exc).__name__}: {exc}"[:MESSAGE_LIMIT]
        return await store.awrite(_fail, depot, why, Words("plan_failed", {"depot": depot.id, "error": error}), now=now)
    return await store.awrite(write, day, plan, fleet, why, ways=ways, now=now)


def _fail(db: Db, depot: Depot, why: tuple[str, ...], reason: Words, *, now: datetime) -> ReplanFailed:
    facts.append(db, [FactRow("depot", depot.id, FAILED, now, data={"why": list(why), "reason": reason.to_json()})])
    return ReplanFailed(depot.id, why, reason)


def fresh(asking: Sequence[str], before: Sequence[FactRow], *, now: datetime) -> tuple[str, ...]:
    """What of this asks for a re-plan now, given the day's re-plans and failures so far. Pure."""
    answered: dict[str, datetime] = {}
    failures, wait_until = 0, now
    for fact in before:
        if fact.event == REPLANNED:
            answered |= dict.fromkeys(fact.data["why"], fact.at)
            failures, wait_until = 0, now
        else:
            failures += 1
            wait_until = fact.at + RETRY_AFTER * min(failures, RETRY_MOST)
    if now < wait_until:
        return ()
    return tuple(
        t for t in asking if t not in answered or (not t.startswith(ONCE) and answered[t] + AGAIN_AFTER <= now)
    )
