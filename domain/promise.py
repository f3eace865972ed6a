"""The promises of a case: each ends as kept, breached or void, and none is lost on the way.

A promise is kept by a person who gave the customer an outcome, or a next step with its date, while there was time; it is
void where the trouble was over by itself or never was one; it is breached in every other way. A case that is opened again
gives a new promise; an older one that is still running goes on until it ends itself.

What counts is when the customer was told, not when somebody wrote that down: a word that was given in time and noted after
the promise had run out keeps it all the same. A message that never arrived keeps nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    KEPT = "kept"
    BREACHED = "breached"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Promise:
    """``n`` counts a case's promises from 1. ``told_at``: when a person first gave an outcome or a dated next step after it
    was given, in time or late; ``letter``: the id of the message that told it, "" where they were told otherwise. ``outcome``
    None: it is running.
    """

    n: int
    opened_at: datetime
    promise_by: datetime
    told_at: datetime | None = None
    outcome: Outcome | None = None
    letter: str = field(default="", compare=False)

    @property
    def is_owed(self) -> bool:
        """Whether its customer still waits for a person's word."""
        return self.told_at is None and self.outcome is not Outcome.VOID


Promises = tuple[Promise, ...]


def given(promises: Promises, opened_at: datetime, promise_by: datetime) -> Promises:
    """One more promise; those that run go on."""
    return (*promises, Promise(len(promises) + 1, opened_at, promise_by))


def told(promises: Promises, at: datetime, letter: str = "") -> Promises:
    """A person gave the customer an outcome or a dated next step at ``at``: whoever waited for that then has it."""
    return _each(promises, lambda p: _told(p, at, letter) if p.is_owed and p.opened_at <= at else p)


def _told(promise: Promise, at: datetime, letter: str) -> Promise:
    outcome = Outcome.KEPT if at <= promise.promise_by else Outcome.BREACHED
    return replace(promise, told_at=at, letter=letter, outcome=outcome)


def untold(promises: Promises, letter: str, at: datetime) -> Promises:
    """It turns out at ``at`` that a message never arrived: what it had kept runs again, or was breached meanwhile."""
    return _each(promises, lambda p: _untold(p, at) if letter and p.letter == letter else p)


def _untold(promise: Promise, at: datetime) -> Promise:
    late = at > promise.promise_by or promise.outcome is Outcome.BREACHED
    return replace(promise, told_at=None, letter="", outcome=Outcome.BREACHED if late else None)


def voided(promises: Promises, at: datetime) -> Promises:
    """The trouble is over by itself, or never was one. What ran out before was breached."""
    return _each(promises, lambda p: _ended(p, Outcome.VOID, at))


def ran_out(promises: Promises, at: datetime) -> Promises:
    """Time is up for those that were due by ``at``; a promise can't run out before its time."""
    return _each(promises, lambda p: _ended(p, Outcome.BREACHED, at) if p.promise_by <= at else p)


def running(promises: Promises) -> Promises:
    return promises if all(p.outcome is None for p in promises) else tuple(p for p in promises if p.outcome is None)


def current(promises: Promises) -> Promise | None:
    """The promise that a case shows: the one that runs out first, else the last one given."""
    return min(running(promises), key=lambda p: p.promise_by, default=None) or (promises[-1] if promises else None)


def _ended(promise: Promise, outcome: Outcome, at: datetime) -> Promise:
    """Whatever ends a promise after its time breaches it; what has ended stays as it ended."""
    if promise.outcome is not None:
        return promise
    late = at > promise.promise_by
    return replace(promise, outcome=Outcome.BREACHED if late else outcome)


def _each(promises: Promises, change: Callable[[Promise], Promise]) -> Promises:
    return tuple(change(p) for p in promises)
