"""A case's promises and steps as its page shows them: what is done, by whom, what is due next, in the desk's time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from config.policies import DetectionPolicy, due_of
from domain.case import CaseEvent, CaseFact, Kind, fold_case
from domain.promise import Promise
from domain.steps import Course, Done, DueStep, Step, fold_course
from monitor.deadlines import is_member, open_steps
from store.facts import FactRow


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step: when it is or was due, who did it when, whether its time was missed."""

    step: Step
    due_at: datetime | None
    done: Done | None
    missed: bool


@dataclass(frozen=True, slots=True)
class Life:
    """``promises``: the newest first. ``next``: the step that is due first. ``opens_at``: None while the desk works."""

    promises: tuple[Promise, ...]
    steps: tuple[StepLine, ...]
    next: DueStep | None
    next_at: datetime | None
    owes_word: bool
    opens_at: datetime | None


def life_of(kind: Kind, rows: Sequence[FactRow], policy: DetectionPolicy, *, now: datetime) -> Life:
    history = [CaseFact(CaseEvent(r.event), r.at, r.by, r.channel, r.words, r.data) for r in rows]
    state, course, desk = fold_case(history), fold_course(history), policy.desk
    left = [] if is_member(history) else open_steps(kind, state, course, desk)
    asked = {
        step: due_of(rule, course.opened_at, state.promise_by, desk.hours, spare=desk.spare)
        for step, rule in desk.rules(kind)
    }
    shown = [step for step in asked if step in course.done or any(one.step is step for one in left)]
    lines = [
        StepLine(step, asked[step], course.done.get(step), _is_missed(course, step, asked[step], now)) for step in shown
    ]
    if course.next_at:
        lines.append(StepLine(Step.NEXT_DATE, course.next_at, None, course.next_at <= now))
    return Life(
        state.promises[::-1], tuple(lines), next(iter(left), None), state.next_at, state.owes_word,
        None if desk.hours.is_open(now) else desk.hours.next_open(now),
    )  # fmt: skip


def told_at(text: str, opened_at: datetime, now: datetime, zone: tzinfo) -> datetime | None:
    """The last moment at which the clock on the wall showed ``text`` (HH:MM), in the minute of the opening at the earliest; now
    where it is empty. None: no time, or none since the case was opened.
    """
    if not text:
        return now
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        return None
    today = now.astimezone(zone).date()
    days = (datetime.combine(today - timedelta(days=n), clock, zone).astimezone(UTC) for n in range(2))
    at = next((one for one in days if one <= now), now)
    return max(at, opened_at) if opened_at.replace(second=0, microsecond=0) <= at else None


def _is_missed(course: Course, step: Step, due_at: datetime | None, now: datetime) -> bool:
    if step in course.missed:
        return True
    done = course.done.get(step)
    return due_at is not None and (done.at if done else now) > due_at
