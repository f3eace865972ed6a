"""Who is on call: a weekly rota, and other people for some dates. Days and times are those of the desk's zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo


@dataclass(frozen=True, slots=True)
class Turn:
    """``people``: ids, the first is called first. ``begins`` and ``ends`` are local times; an end of 00:00 is the day's end."""

    weekdays: frozenset[int]
    people: tuple[str, ...]
    begins: time = time()
    ends: time = time()


@dataclass(frozen=True, slots=True)
class Override:
    """Other people from ``first`` to ``last``, both days included."""

    first: date
    last: date
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rota:
    zone: tzinfo = UTC
    turns: tuple[Turn, ...] = ()
    overrides: tuple[Override, ...] = ()

    def on_call(self, at: datetime) -> tuple[str, ...]:
        """Whose turn it is at a moment, in order; nobody where the rota says nothing of it. The last override wins."""
        local = at.astimezone(self.zone)
        day, clock = local.date(), local.time()
        for override in reversed(self.overrides):
            if override.first <= day <= override.last:
                return override.people
        for turn in self.turns:
            if day.weekday() in turn.weekdays and turn.begins <= clock and (clock < turn.ends or turn.ends == time()):
                return turn.people
        return ()
