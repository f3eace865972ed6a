"""The steps of a case and its ladder: what is done and by whom, what was missed, who has been called since when."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

from domain.case import (
    CaseEvent,
    CaseFact,
    Verdict,
    is_about_reship,
    is_answer,
    is_word,
    letter_of,
    next_date,
    verdict_of,
)


class Step(StrEnum):
    """What is to be done about a case. NEXT_DATE: the next word, on the date that the customer was given for it."""

    ACKNOWLEDGE = "acknowledge"
    CARRIER_CONTACTED = "carrier_contacted"
    CUSTOMER_TOLD = "customer_told"
    CARRIER_ANSWERED = "carrier_answered"
    PROGRESS = "progress"
    OUTCOME = "outcome"
    NEXT_DATE = "next_date"


_STEPS = {step.value: step for step in Step}

AFTER_RESOLVING = frozenset({Step.OUTCOME, Step.NEXT_DATE})
"""What is still to be done about a case that is resolved, where the customer hasn't been told."""

TAKES = frozenset(
    {CaseEvent.ACKNOWLEDGED, CaseEvent.ASSIGNED, CaseEvent.SNOOZED, CaseEvent.CARRIER_CONTACTED, CaseEvent.CARRIER_ANSWERED,
     CaseEvent.CUSTOMER_TOLD, CaseEvent.MADE_GOOD, CaseEvent.RESOLVED}
)  # fmt: skip
"""What a person does that stops the ladder: somebody is at it."""


@dataclass(frozen=True, slots=True)
class DueStep:
    step: Step
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """``letter``: the message that did it, "" where it was none of ours."""

    at: datetime
    by: str | None
    letter: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """How far a case is since it was opened, or opened again. ``missed``: by step, when that was noted. ``called_from``: since when
    the ladder runs, None while it doesn't; ``after``: what started it, ``opening`` or ``missed``; ``called``: how often each
    rung has fired. ``words``: how often a person told the customer anything. ``is_resolved``: only the customer's word is left.
    """

    opened_at: datetime
    done: Mapping[Step, Done] = field(default_factory=dict)
    missed: Mapping[Step, datetime] = field(default_factory=dict)
    next_at: datetime | None = None
    words: int = 0
    called_from: datetime | None = None
    after: str = ""
    called: Mapping[str, int] = field(default_factory=dict)
    is_resolved: bool = False
    is_over: bool = False


OPENING, MISSED = "opening", "missed"


def fold_course(facts: Sequence[CaseFact]) -> Course:
    """Replay a case's facts; they begin with OPENED."""
    return advanced(_begun(facts[0]), facts[1:])


NOTED = frozenset({CaseEvent.STEP_MISSED, CaseEvent.ESCALATED})
"""What the clock writes by itself: most of a case's facts, several at once."""


def advanced(course: Course, facts: Sequence[CaseFact]) -> Course:
    """A course with what was written since."""
    for is_noted, some in groupby(facts, key=lambda fact: fact.event in NOTED):
        if is_noted:
            course = _noted(course, some)
        else:
            for fact in some:
                course = _advance(course, fact)
    return course


def _begun(fact: CaseFact) -> Course:
    return Course(fact.at, called_from=fact.at, after=OPENING)


def _advance(course: Course, fact: CaseFact) -> Course:
    if fact.event is CaseEvent.REOPENED and (course.is_resolved or is_about_reship(fact)):
        return _begun(fact)
    if fact.event is CaseEvent.MESSAGE_FAILED:
        return _undone(course, letter_of(fact))
    if fact.event in {CaseEvent.CLEARED, CaseEvent.RESOLVED} and not course.is_resolved:
        over = fact.event is CaseEvent.CLEARED or verdict_of(fact) is Verdict.FALSE_ALARM
        next_at = None if over else course.next_at
        course = replace(course, is_resolved=True, is_over=over, called_from=None, next_at=next_at)
    return _worked(course, fact)


def _noted(course: Course, facts: Iterable[CaseFact]) -> Course:
    """Rungs that fired, and missed steps: with one the ladder begins, where it doesn't run already."""
    missed, called, since, after = {**course.missed}, {**course.called}, course.called_from, course.after
    for fact in facts:
        if fact.event is CaseEvent.ESCALATED:
            rung = str(fact.data.get("rung", ""))
            called[rung] = called.get(rung, 0) + 1
        elif (step := _STEPS.get(str(fact.data.get("step", "")))) is not None:
            missed[step] = fact.at
            if since is None:
                since, after, called = fact.at, MISSED, {}
    return replace(course, missed=missed, called_from=since, after=after, called=called)


def _undone(course: Course, letter: str) -> Course:
    """A message that never arrived did nothing: its steps are still to be done."""
    done = {step: one for step, one in course.done.items() if not letter or one.letter != letter}
    if len(done) == len(course.done):
        return course
    next_at = course.next_at if Step.OUTCOME in done else None
    return replace(course, done=done, words=max(0, course.words - 1), next_at=next_at)


def _worked(course: Course, fact: CaseFact) -> Course:
    """What a fact does of the steps, and whether it stops the ladder."""
    steps = steps_of(fact, course.words)
    new = {step: Done(fact.at, fact.by, letter_of(fact)) for step in steps if step not in course.done}
    stops = fact.event in TAKES and fact.by is not None
    if not new and not stops:
        return course
    answered = is_answer(fact)
    missed = {s: at for s, at in course.missed.items() if not (answered and s is Step.NEXT_DATE)}
    return replace(
        course,
        done={**course.done, **new},
        missed=missed,
        next_at=next_date(fact) if answered else course.next_at,
        words=course.words + is_word(fact),
        called_from=None if stops else course.called_from,
    )


def steps_of(fact: CaseFact, words_before: int = 0) -> tuple[Step, ...]:
    """The steps that a fact does. A customer is told by a person only: an automatic message does no step."""
    match fact.event:
        case CaseEvent.ACKNOWLEDGED | CaseEvent.ASSIGNED | CaseEvent.RESOLVED if fact.by is not None:
            return (Step.ACKNOWLEDGE,)
        case CaseEvent.CARRIER_CONTACTED:
            return (Step.CARRIER_CONTACTED,)
        case CaseEvent.CARRIER_ANSWERED:
            return (Step.CARRIER_CONTACTED, Step.CARRIER_ANSWERED)
        case CaseEvent.CUSTOMER_TOLD if fact.by is not None:
            return _told(fact, words_before)
    return ()


def _told(fact: CaseFact, words_before: int) -> tuple[Step, ...]:
    """Any word, then a second one; an outcome or a dated next step is more than progress."""
    if is_answer(fact):
        return (Step.CUSTOMER_TOLD, Step.PROGRESS, Step.OUTCOME)
    return (Step.CUSTOMER_TOLD, Step.PROGRESS) if words_before else (Step.CUSTOMER_TOLD,)


@dataclass(frozen=True, slots=True)
class Rung:
    """Who is called when nobody is at it: ``after_opening`` and ``after_missed`` are desk time, None: not then. It is said
    again every ``every``, ``times`` in all. ``to``: owner, on_call, second, lead or everybody.
    """

    name: str
    to: str
    after_opening: timedelta | None
    after_missed: timedelta | None
    every: timedelta
    times: int
