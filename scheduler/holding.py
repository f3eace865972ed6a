"""Which returns of a batch may wait for another day, and what may come until then. Pure.

A promised slot and a failed visit bind us; a return without a slot may wait some days, where it then rides along with others. The
decision itself is `batching_hold`'s; here the day is put as its question, and its answer told per return.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Protocol

from domain.place import Location
from scheduler.batching import Batch, Decision, dispatch_or_hold
from scheduler.plan_types import local_day
from scheduler.router import Courier, Limit, Problem, Stop

DAY_S = 86_400
HELD = "held"
PAST = timedelta(days=28)
"""What came in these days stands for what comes."""
MOST_PLACES = 60  # of the past that are looked at: the matrix grows with their number
MOST_A_DAY = 200


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Draws what may come until the next plan: each of `stops` has come in the past, `per_day` of their like a day."""

    stops: tuple[Stop, ...]
    per_day: float

    def __call__(self, rng: Random) -> list[Stop]:
        whole = int(self.per_day)
        count = whole + (rng.random() < self.per_day - whole)
        return [rng.choice(self.stops) for _ in range(min(count, MOST_A_DAY))] if self.stops else []


@dataclass(frozen=True, slots=True)
class Question:
    """What `dispatch_or_hold` is asked besides the problem. `tomorrow` are the couriers of the next plan."""

    must_go: frozenset[str]
    now_s: int
    plans_left: int
    arrivals: Arrivals
    tomorrow: tuple[Courier, ...]


class Decide(Protocol):
    """Dispatch or hold, wherever it runs: the daemon's in a process of its own."""

    async def __call__(self, problem: Problem, question: Question, *, seed: int) -> Decision: ...


def decide(question: Question, problem: Problem, *, seed: int, limit: Limit) -> Decision:
    """The answer, in the calling process."""
    return dispatch_or_hold(
        problem,
        must_go=question.must_go,
        now_s=question.now_s,
        epoch_s=DAY_S,
        epochs_left=question.plans_left,
        sample_future=question.arrivals,
        seed=seed,
        limit=limit,
        later=question.tomorrow,
    )


def decided_apart(
    problem: Problem, *, seed: int, limit: Limit, engine: str, cores: int, question: Question
) -> Decision:
    """The same as work for the router's own process, which knows engines and cores."""
    del engine, cores
    return decide(question, problem, seed=seed, limit=limit)


def may_wait(batch: Batch, *, hold_days: int) -> frozenset[str]:
    """The returns that nobody was promised for today, that were never visited in vain, and that haven't waited too long yet."""
    return frozenset(
        value.ref
        for value in batch.returns
        if value.slot_from is None
        and not value.attempts
        and (batch.day - local_day(value.requested_at, batch.depot.zone)).days < hold_days
    )


def question_of(
    batch: Batch,
    problem: Problem,
    past: Sequence[int],
    *,
    per_day: float,
    hold_days: int,
    shifts: Mapping[str, tuple[int, int]],
) -> Question | None:
    """None where nothing may wait. `past` are places of the matrix where returns came from, `shifts` the couriers' of this day."""
    waiting = may_wait(batch, hold_days=hold_days) & {stop.id for stop in problem.stops}
    if not waiting or problem.now is None:
        return None
    like = next(stop for stop in problem.stops if stop.id in waiting)
    stops = tuple(replace(like, at=at, windows=(), allowed=None) for at in past)
    tomorrow = tuple(
        replace(who, shift=(shifts[who.id][0] + DAY_S, shifts[who.id][1] + DAY_S), breaks=())
        for who in problem.couriers
    )
    must = frozenset(stop.id for stop in problem.stops) - waiting
    return Question(must, problem.now, hold_days, Arrivals(stops, per_day), tomorrow)


def spread(places: Sequence[Location], most: int = MOST_PLACES) -> list[Location]:
    """At most so many of the places, evenly picked."""
    step = max(1, -(-len(places) // most))
    return list(places[::step])


def told(decision: Decision, question: Question) -> dict[str, dict[str, int | None]]:
    """What was decided of each return that may wait, as JSON, in whole cents."""
    choices = sorted((decision.dispatch | decision.hold) - question.must_go)
    return {
        ref: {
            "wait": ref in decision.hold,
            "now": _cents(decision.money[ref].now),
            "later": _cents(decision.money[ref].later),
        }
        for ref in choices
    }


def _cents(amount: float | None) -> int | None:
    return None if amount is None else round(amount)


def recently(now: datetime) -> datetime:
    """Since when the past counts."""
    return now - PAST
