"""The promise clock of a case: a warning while there is time, a breach said aloud. Nothing pauses it.

A promise is kept only by a person who told the customer or resolved the case; a case that clears itself counts neither
way, since its timers end with it.
"""

from datetime import datetime

from config.policies import DetectionPolicy
from domain.case import CaseEvent, CaseFact
from monitor import alerts
from store import cases
from store.base import Db
from store.cases import CaseRow


def first_timer(promised: datetime | None, policy: DetectionPolicy) -> datetime | None:
    return promised - policy.warn_before_promise if promised else None


def next_step(case: CaseRow, policy: DetectionPolicy, *, now: datetime) -> tuple[CaseEvent | None, datetime | None]:
    """What is due for a case now, and when to look at its clock again."""
    if case.promise_by is None or not case.is_open or case.told_at is not None:
        return None, None
    if now >= case.promise_by:
        return (None if case.breached else CaseEvent.BREACHED), None
    if now >= case.promise_by - policy.warn_before_promise:
        return (None if case.warned else CaseEvent.WARNED), case.promise_by
    return None, case.promise_by - policy.warn_before_promise


def run_timers(db: Db, policy: DetectionPolicy, *, now: datetime, limit: int) -> int:
    """Fire the timers that are due, each once whatever the downtime; returns how many cases were looked at."""
    due_cases = cases.due_timers(db, now=now, limit=limit)
    for case in due_cases:
        event, timer_at = next_step(case, policy, now=now)
        if event is not None:
            alerts.say(db, cases.add(db, case.id, CaseFact(event, now)), event.value, now=now)
        cases.set_timer(db, case.id, timer_at)
    return len(due_cases)
