"""What is to be done about a case, by when, and who is called, as values. Shipped figures and sources: desk.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.case import Kind
from domain.desk_hours import ALWAYS, DeskHours
from domain.rota import Rota
from domain.steps import Rung, Step

DEFAULT = "default"
SPARE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class StepRule:
    """When a step is due. ``within``: desk time from the opening; ``before_promise``: elapsed, before the promise runs out."""

    within: timedelta | None = None
    before_promise: timedelta | None = None


Rules = tuple[tuple[Step, StepRule], ...]


@dataclass(frozen=True, slots=True)
class DeskPolicy:
    """``kinds``: by kind (or ``default``) its steps in order. ``spare``: elapsed, before a promise runs out."""

    kinds: Mapping[str, Rules] = field(default_factory=dict)
    rungs: tuple[Rung, ...] = ()
    spare: timedelta = SPARE
    hours: DeskHours = ALWAYS
    rota: Rota = field(default_factory=Rota)

    def rules(self, kind: Kind) -> Rules:
        return self.kinds.get(kind.value, self.kinds.get(DEFAULT, ()))

    def fingerprint(self) -> str:
        """What deadlines are made of, as a text that is the same for the same policy."""
        hours = self.hours
        days = (sorted(hours.weekdays), sorted(hours.closed), sorted(hours.extra))
        return repr((sorted(self.kinds.items()), self.rungs, self.spare, str(hours.zone), hours.periods, days))

    def ladder(self, kind: Kind) -> tuple[Rung, ...]:
        """Nobody is called about a kind that asks nothing of anybody."""
        return self.rungs if self.rules(kind) else ()


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
