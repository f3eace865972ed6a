"""Leaving questions to workers: a job for each hundred numbers that are due at a credential, in the database that all share.

The daemon asks by itself where there is no queue, and where nobody takes what it handed out: no worker that runs, none for this queue,
or too few of them. So a credential is never left unasked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from carriers.sender import Line
from monitor import spending
from monitor.poll import MAX_CALLS_A_TURN, Lines
from store import asking, jobs, sources, turns
from store.base import Db, Store
from store.jobs import NONE
from store.turns import Turn

NUMBERS = 100
"""Of one job, at most."""
WAITING = 32
"""Jobs of one credential that may be under way: enough for every worker, few enough that none is old when it is taken."""
HELD = timedelta(minutes=5)
"""How long a turn may take before others may ask about its numbers: longer than any call lasts."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Jobs to put into the queue, and the lines that are asked here; ``claim``: under which turn."""

    defer: dict[tuple[str, str], int]
    ours: Lines
    claim: Callable[[Line], Turn] | None


async def hand_out(store: Store, lines: Lines, *, now: datetime) -> Plan:
    """Put what is due into the queue, if there is one."""
    if not store.url:
        return Plan({}, lines, None)
    plan = await store.aread(plan_of, lines, now=now)
    if plan.defer:
        await store.awrite(jobs.defer, plan.defer)
    return plan


def plan_of(db: Db, lines: Lines, *, now: datetime) -> Plan:
    """What to hand out, and what to ask here."""
    if not jobs.exists(db):
        return Plan({}, lines, None)
    under_way = jobs.under_way(db)
    ours = {key: line for key, line in lines.items() if under_way.get(key, NONE).left}
    more = {
        key: wanted_jobs(db, line, now=now) - under_way.get(key, NONE).jobs
        for key, line in lines.items()
        if key not in ours
    }
    return Plan({key: n for key, n in more.items() if n > 0}, ours, lambda line: own_turn(line, now=now))


def own_turn(line: Line, *, now: datetime) -> Turn:
    """What the daemon asks by itself in one beat."""
    name = f"daemon/{line.carrier.id}/{line.account.name}"
    return Turn(name, now + HELD, MAX_CALLS_A_TURN, MAX_CALLS_A_TURN * line.carrier.batch_size)


def wanted_jobs(db: Db, line: Line, *, now: datetime) -> int:
    """How many jobs what is due, and may be asked now, amounts to."""
    name = line.carrier.id, line.account.name
    state, held = sources.state(db, *name), turns.held(db, *name, now=now)
    if (state.paused_until and state.paused_until > now) or (state.failures and held):
        return 0
    due = asking.count_due(db, *name, now=now, most=WAITING * NUMBERS + len(held)) - len(held)
    if due > 0 and state.failures:
        return 1
    possible = spending.possible(db, line, now=now)
    if possible == 0 and state.used_up_until and state.used_up_until > now:
        return 0  # and said so; else a job finds it out, and says it
    limit = due if possible is None else min(due, max(possible, 1) * line.carrier.batch_size)
    return -(-max(limit, 0) // NUMBERS)
