"""What is due for a case at a moment, and when to look again: pure, from its facts and the desk's policy.

The promise runs out by the clock, whenever that is. Everything that wants a person's attention waits for the desk: a missed
step, a warning, a rung of the ladder are noticed in the first minute in which the desk works.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, takewhile

from config.policies import DeskPolicy, DetectionPolicy, Firing
from domain import promise
from domain.case import CaseEvent, CaseFact, CaseState, Kind, advanced, fold_case
from domain.incident import incident_of
from domain.steps import AFTER_RESOLVING, Course, DueStep, Rung, Step, fold_course
from domain.steps import advanced as advanced_course

LOUDEST = (CaseEvent.BREACHED, CaseEvent.ESCALATED, CaseEvent.WARNED, CaseEvent.STEP_MISSED)
"""Of several things that are due at once, the first of these is said; all of them are on record."""

Whom = Callable[[Rung], tuple[str, ...]]
"""The people (ids) whom a rung calls."""


@dataclass(frozen=True, slots=True)
class Look:
    """``facts``: what is due now, to be written. ``says``: the one thing to be said, None where there is nothing.
    ``called``: whom (ids). ``timer_at``: when to look again; None: never, unless something happens.
    """

    state: CaseState
    facts: tuple[CaseFact, ...]
    says: CaseEvent | None
    called: tuple[str, ...]
    timer_at: datetime | None
    next: DueStep | None


def is_member(history: Sequence[CaseFact]) -> bool:
    """Whether the case belongs to an incident: that one's steps and rungs are run, not its own; its promise is its own."""
    return incident_of(history) is not None


def look_at(kind: Kind, history: Sequence[CaseFact], policy: DetectionPolicy, *, now: datetime, whom: Whom) -> Look:
    """Everything about a case's deadlines at ``now``; looking again adds nothing."""
    state, course = fold_case(history), fold_course(history)
    alone = not is_member(history)
    left = open_steps(kind, state, course, policy.desk) if alone else []
    breached = _run_out(state, now)
    state = advanced(state, breached)
    warn_at = warning_at(state, policy)
    due = tuple(_due(kind, course, policy, now, whom, left, warn_at, alone=alone))
    state, course, facts = advanced(state, due), advanced_course(course, due), (*breached, *due)
    return Look(
        state,
        facts,
        next((event for event in LOUDEST if any(f.event is event and not f.data.get("silent") for f in facts)), None),
        next((tuple(f.data["to"]) for f in facts if f.event is CaseEvent.ESCALATED and not f.data["silent"]), ()),
        _next_look(kind, state, course, policy, now, left, None if state.warned else warn_at, alone=alone),
        next(iter(left), None),
    )


# --- what is due ---------------------------------------------------------------------------------------------------


def _run_out(state: CaseState, now: datetime) -> tuple[CaseFact, ...]:
    """By the clock, whether the desk works or not."""
    is_over = any(p.promise_by <= now for p in promise.running(state.promises))
    return (CaseFact(CaseEvent.BREACHED, now),) if is_over else ()


def _due(
    kind: Kind,
    course: Course,
    policy: DetectionPolicy,
    now: datetime,
    whom: Whom,
    left: Sequence[DueStep],
    warn_at: datetime | None,
    *,
    alone: bool,
) -> Iterator[CaseFact]:
    if not policy.desk.hours.is_open(now):
        return
    if warn_at is not None and warn_at <= now:
        yield CaseFact(CaseEvent.WARNED, now)
    if alone:
        for missed in left:
            if missed.step not in course.missed and missed.due_at <= now:
                data = {"step": missed.step.value, "due": missed.due_at.isoformat()}
                yield CaseFact(CaseEvent.STEP_MISSED, now, data=data)
        yield from _rungs(kind, course, policy.desk, now, whom)


def warning_at(state: CaseState, policy: DetectionPolicy) -> datetime | None:
    """When the desk is warned that a promise will run out: some hours before, in desk time, and in the last desk minute
    an hour before at the latest. None where it was, or where no promise runs.
    """
    nearest = promise.current(promise.running(state.promises))
    if state.warned or nearest is None:
        return None
    hours, by = policy.desk.hours, nearest.promise_by
    at, latest = hours.next_open(by - policy.warn_before_promise), hours.last_minute(by - policy.desk.spare)
    at = min(at, latest) if latest is not None else at
    at = at if at >= state.opened_at else hours.next_open(state.opened_at)
    return at if at < by else None


def open_steps(kind: Kind, state: CaseState, course: Course, desk: DeskPolicy) -> list[DueStep]:
    """What is still to be done about a case, the first due first."""
    if course.is_over or (course.is_resolved and not state.owes_word):
        return []
    found = [
        one
        for one in desk.timetable(kind, course.opened_at, state.promise_by)
        if one.step not in course.done and (one.step in AFTER_RESOLVING or not course.is_resolved)
    ]
    if course.next_at is None:
        return found
    return sorted([DueStep(Step.NEXT_DATE, course.next_at), *found], key=lambda one: one.due_at)


def _rungs(kind: Kind, course: Course, desk: DeskPolicy, now: datetime, whom: Whom) -> Iterator[CaseFact]:
    """Every firing that is due, on record; only the latest is said."""
    due = [one.rung for one in takewhile(lambda one: fires_at(course, one, desk) <= now, firings(kind, course, desk))]
    for n, rung in enumerate(due, 1):
        said = n == len(due)
        data = {"rung": rung.name, "to": list(whom(rung)) if said else [], "silent": not said}
        yield CaseFact(CaseEvent.ESCALATED, now, data=data)


def firings(kind: Kind, course: Course, desk: DeskPolicy) -> Iterator[Firing]:
    """What of the ladder has still to fire, in its order."""
    if course.called_from is None or course.is_over:
        return iter(())
    return (one for one in desk.firings(kind, course.after) if one.n >= course.called.get(one.rung.name, 0))


def fires_at(course: Course, firing: Firing, desk: DeskPolicy) -> datetime:
    assert course.called_from is not None
    return desk.hours.next_open(desk.hours.add(course.called_from, firing.length))


# --- when to look again --------------------------------------------------------------------------------------------


def _next_look(
    kind: Kind,
    state: CaseState,
    course: Course,
    policy: DetectionPolicy,
    now: datetime,
    left: Sequence[DueStep],
    warn_at: datetime | None,
    *,
    alone: bool,
) -> datetime | None:
    clock = [p.promise_by for p in promise.running(state.promises)]
    staff = [warn_at, *(s.due_at for s in left if s.step not in course.missed)]
    if alone:
        staff += [fires_at(course, one, policy.desk) for one in islice(firings(kind, course, policy.desk), 1)]
    first = min((at for at in staff if at is not None), default=None)
    if first is not None:
        clock.append(policy.desk.hours.next_open(max(first, now)))
    return min(clock, default=None)


def first_look(kind: Kind, opened: CaseFact, policy: DetectionPolicy) -> Look:
    """The deadlines of a case that opens now: nothing of it is due yet."""
    return look_at(kind, [opened], policy, now=opened.at, whom=nobody)


def nobody(rung: Rung) -> tuple[str, ...]:
    """Calls nobody."""
    del rung
    return ()
