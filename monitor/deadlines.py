"""What is due for a case at a moment, and when to look again: pure, from its facts and the desk's policy.

The promise runs out by the clock, whenever that is. Everything that wants a person's attention waits for the desk: a missed
step, a warning, a rung of the ladder are noticed in the first minute in which the desk works.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.policies import DeskPolicy, DetectionPolicy, due_of
from domain import promise
from domain.case import CaseEvent, CaseFact, CaseState, Kind, advanced, fold_case
from domain.incident import incident_of
from domain.steps import AFTER_RESOLVING, OPENING, Course, Rung, Step, fold_course
from domain.steps import advanced as advanced_course

LOUDEST = (CaseEvent.BREACHED, CaseEvent.ESCALATED, CaseEvent.WARNED, CaseEvent.STEP_MISSED)
"""Of several things that are due at once, the first of these is said; all of them are on record."""

Whom = Callable[[Rung], tuple[str, ...]]
"""The people (ids) whom a rung calls."""


@dataclass(frozen=True, slots=True)
class DueStep:
    step: Step
    due_at: datetime


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
    facts = tuple(_due(kind, state, course, policy, now, whom, left, alone=alone))
    state, course = advanced(state, facts), advanced_course(course, facts)
    return Look(
        state,
        facts,
        next((event for event in LOUDEST if any(f.event is event and not f.data.get("silent") for f in facts)), None),
        next((tuple(f.data["to"]) for f in facts if f.event is CaseEvent.ESCALATED and not f.data["silent"]), ()),
        _next_look(kind, state, course, policy, now, left, alone=alone),
        next(iter(left), None),
    )


# --- what is due ---------------------------------------------------------------------------------------------------


def _due(
    kind: Kind,
    state: CaseState,
    course: Course,
    policy: DetectionPolicy,
    now: datetime,
    whom: Whom,
    left: Sequence[DueStep],
    *,
    alone: bool,
) -> Iterator[CaseFact]:
    if any(p.promise_by <= now for p in promise.running(state.promises)):
        breached = CaseFact(CaseEvent.BREACHED, now)
        state = advanced(state, [breached])
        yield breached
    if not policy.desk.hours.is_open(now):
        return
    warn_at = warning_at(state, policy)
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
    found = [DueStep(Step.NEXT_DATE, course.next_at)] if course.next_at else []
    promise_by = state.promise_by
    for step, rule in desk.rules(kind):
        if step in course.done or (course.is_resolved and step not in AFTER_RESOLVING):
            continue
        due = due_of(rule, course.opened_at, promise_by, desk.hours, spare=desk.spare)
        if due is not None:
            found.append(DueStep(step, due))
    return sorted(found, key=lambda one: one.due_at)


def _rungs(kind: Kind, course: Course, desk: DeskPolicy, now: datetime, whom: Whom) -> Iterator[CaseFact]:
    """Every firing that is due, on record; only the latest is said."""
    due: list[Rung] = []
    for length, rung in firings(kind, course, desk):
        if fires_at(course, length, desk) > now:
            break
        due.append(rung)
    for n, rung in enumerate(due, 1):
        said = n == len(due)
        data = {"rung": rung.name, "to": list(whom(rung)) if said else [], "silent": not said}
        yield CaseFact(CaseEvent.ESCALATED, now, data=data)


def firings(kind: Kind, course: Course, desk: DeskPolicy) -> list[tuple[timedelta, Rung]]:
    """Which rungs have still to fire, in their order, each with the desk time since the ladder began."""
    if course.called_from is None or course.is_over:
        return []
    found = []
    for rung in desk.ladder(kind):
        first = rung.after_opening if course.after == OPENING else rung.after_missed
        if first is not None:
            found += [(first + n * rung.every, rung) for n in range(course.called.get(rung.name, 0), rung.times)]
    return sorted(found, key=lambda firing: firing[0])


def fires_at(course: Course, length: timedelta, desk: DeskPolicy) -> datetime:
    assert course.called_from is not None
    return desk.hours.next_open(desk.hours.add(course.called_from, length))


# --- when to look again --------------------------------------------------------------------------------------------


def _next_look(
    kind: Kind,
    state: CaseState,
    course: Course,
    policy: DetectionPolicy,
    now: datetime,
    left: Sequence[DueStep],
    *,
    alone: bool,
) -> datetime | None:
    clock = [p.promise_by for p in promise.running(state.promises)]
    staff = [warning_at(state, policy), *(s.due_at for s in left if s.step not in course.missed)]
    if alone:
        staff += [fires_at(course, length, policy.desk) for length, _ in firings(kind, course, policy.desk)[:1]]
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
