"""What is to be done about a case, by when, and who is called, as values. Shipped figures and sources: desk.toml."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.case import Kind
from domain.desk_hours import ALWAYS, DeskHours
from domain.rota import Rota
from domain.steps import OPENING, DueStep, Rung, Step

DEFAULT = "default"
SPARE = timedelta(hours=1)
REMEMBERED = 16_384


@dataclass(frozen=True, slots=True)
class StepRule:
    """When a step is due. ``within``: desk time from the opening; ``before_promise``: elapsed, before the promise runs out."""

    within: timedelta | None = None
    before_promise: timedelta | None = None


Rules = tuple[tuple[Step, StepRule], ...]
Timetable = tuple[DueStep, ...]
Moments = tuple[str, datetime, datetime | None]
"""What a timetable is made of: whose rules, when the case opened, until when its promise runs."""


@dataclass(frozen=True, slots=True)
class DeskPolicy:
    """``kinds``: by kind (or ``default``) its steps in order. ``spare``: elapsed, before a promise runs out."""

    kinds: Mapping[str, Rules] = field(default_factory=dict)
    rungs: tuple[Rung, ...] = ()
    spare: timedelta = SPARE
    hours: DeskHours = ALWAYS
    rota: Rota = field(default_factory=Rota)
    _timetables: dict[Moments, Timetable] = field(default_factory=dict, init=False, repr=False, compare=False)
    _ladders: "dict[str, tuple[Firing, ...]]" = field(default_factory=dict, init=False, repr=False, compare=False)

    def rules(self, kind: Kind) -> Rules:
        return self.kinds.get(kind.value, self.kinds.get(DEFAULT, ()))

    def timetable(self, kind: Kind, opened_at: datetime, promise_by: datetime | None) -> Timetable:
        """The steps of a kind with when each is due, the first one first; without those that can't be asked of anybody. What
        opened at the same moment shares it, and each look at a case asks for it again: so it is remembered.
        """
        key = (kind.value if kind.value in self.kinds else DEFAULT, opened_at, promise_by)
        found = self._timetables.get(key)
        if found is None:
            if len(self._timetables) >= REMEMBERED:
                self._timetables.clear()
            found = self._timetables[key] = self._timetable(kind, opened_at, promise_by)
        return found

    def _timetable(self, kind: Kind, opened_at: datetime, promise_by: datetime | None) -> Timetable:
        due = ((s, due_of(r, opened_at, promise_by, self.hours, spare=self.spare)) for s, r in self.rules(kind))
        return tuple(sorted((DueStep(s, at) for s, at in due if at is not None), key=lambda one: one.due_at))

    def fingerprint(self) -> str:
        """What deadlines are made of, as a text that is the same for the same policy."""
        hours = self.hours
        days = (sorted(hours.weekdays), sorted(hours.closed), sorted(hours.extra))
        return repr((sorted(self.kinds.items()), self.rungs, self.spare, str(hours.zone), hours.periods, days))

    def ladder(self, kind: Kind) -> tuple[Rung, ...]:
        """Nobody is called about a kind that asks nothing of anybody."""
        return self.rungs if self.rules(kind) else ()

    def firings(self, kind: Kind, after: str) -> "tuple[Firing, ...]":
        """Every firing of a kind's ladder that began with its opening, or ``after`` a missed step; the first one first."""
        if not self.ladder(kind):
            return ()
        if after not in self._ladders:
            self._ladders[after] = tuple(sorted(_firings(self.rungs, after), key=lambda one: one.length))
        return self._ladders[after]


@dataclass(frozen=True, slots=True)
class Firing:
    """``n``: a rung's firings count from 0; ``length``: the desk time since the ladder began."""

    rung: Rung
    n: int
    length: timedelta


def _firings(rungs: tuple[Rung, ...], after: str) -> Iterator[Firing]:
    for rung in rungs:
        first = rung.after_opening if after == OPENING else rung.after_missed
        if first is not None:
            yield from (Firing(rung, n, first + n * rung.every) for n in range(rung.times))


def due_of(
    rule: StepRule, opened_at: datetime, promise_by: datetime | None, hours: DeskHours, *, spare: timedelta
) -> datetime | None:
    """When a step is due: the earlier of its own time and the last desk minute ``spare`` before the promise, where there
    is such a minute after the opening. None: it can't be asked of anybody.
    """
    own = hours.add(opened_at, rule.within) if rule.within is not None else None
    if promise_by is None:
        return own
    limit = promise_by - max(spare, rule.before_promise or spare)
    if own is not None and own < limit and hours.is_open(own):
        return own  # a desk minute before the limit: the last one is no earlier
    latest = hours.last_minute(limit)
    if latest is None or latest < opened_at:
        return own
    return latest if own is None else min(own, latest)
