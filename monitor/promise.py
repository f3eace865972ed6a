"""The deadlines of cases as they run out: warned while there is time, missed steps noted, people called, a breach said aloud.

Each case has one stored moment at which to look at it again. A tick looks at those that are due, many at a time, so that
everything that ran out during a downtime fires once.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from config.policies import DetectionPolicy
from domain.case import CaseEvent, is_felt
from monitor import alerts, apart
from monitor.deadlines import Look, look_at
from monitor.on_call import AtWork, at_work
from store import cases, people
from store.base import Db
from store.cases import CaseRow, Looked


def run_timers(db: Db, policy: DetectionPolicy, *, now: datetime, limit: int) -> int:
    """Fire the timers that are due, each once whatever the downtime; returns how many cases were looked at."""
    now = now.replace(microsecond=0)
    due_cases = cases.due_timers(db, now=now, limit=limit)
    if not due_cases:
        return 0
    there = at_work(people.people(db), policy.desk.rota, now=now)
    apart.work_off(
        db, "case", due_cases, partial(_look_at, db, policy, there, now), now=now, name=lambda case: str(case.id),
        put_off=lambda case, until: cases.set_timer(db, case.id, until),
    )  # fmt: skip
    return len(due_cases)


def _look_at(db: Db, policy: DetectionPolicy, there: AtWork, now: datetime, due_cases: Sequence[CaseRow]) -> int:
    histories = cases.histories_of(db, [case.id for case in due_cases])
    looks = [
        (case, look_at(case.kind, histories[case.id], policy, now=now, whom=partial(there.called, case)))
        for case in due_cases
    ]
    cases.keep_looks(db, [_kept(case, look) for case, look in looks])
    loud_at = policy.desk.hours.next_open(now)
    said = [_said(case, look, loud_at) for case, look in looks if look.says is not None]
    alerts.say_all(db, said, now=now)
    return len(due_cases)


PLANNED_BY = "deadlines_planned_by"


def plan_anew(db: Db, policy: DetectionPolicy, *, now: datetime) -> bool:
    """Where the desk's hours or steps aren't those that the stored deadlines were made of, every case is looked at again."""
    made_of = f"{policy.warn_before_promise} {policy.desk.fingerprint()}"
    digest = hashlib.sha256(made_of.encode()).hexdigest()
    if people.meta(db, PLANNED_BY) == digest:
        return False
    cases.look_again(db, now=now)
    people.set_meta(db, PLANNED_BY, digest)
    return True


def _kept(case: CaseRow, look: Look) -> Looked:
    step, due_at = (look.next.step.value, look.next.due_at) if look.next else ("", None)
    return Looked(case.id, look.state, look.facts, look.timer_at, step, due_at)


def _said(case: CaseRow, look: Look, loud_at: datetime) -> alerts.Occasion:
    state = look.state
    if is_felt(look.facts):
        case = replace(
            case, warned=state.warned, breached=state.breached, untold=state.owes_word, promise_by=state.promise_by
        )
    assert look.says is not None
    heard = look.says in {CaseEvent.BREACHED, CaseEvent.WARNED, CaseEvent.ESCALATED}
    return alerts.Occasion(case, look.says.value, look.called, loud_at if heard else None)
