"""Staying inside what a platform takes: a count of calls in each window of time, kept for one channel."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(slots=True)
class Pace:
    """At most ``calls`` in any ``per_s`` seconds, for each of ``windows``. A restart forgets what isn't handed on (``go_on``); the
    platform's own refusal corrects that.
    """

    windows: tuple[tuple[int, float], ...]
    _made: deque[datetime] = field(default_factory=deque)

    def wait_s(self, now: datetime) -> float:
        """Seconds until one more call is allowed; 0 for now."""
        return max((self._wait(calls, per_s, now) for calls, per_s in self.windows), default=0.0)

    def _wait(self, calls: int, per_s: float, now: datetime) -> float:
        if len(self._made) < calls:
            return 0.0
        free_at = self._made[-calls] + timedelta(seconds=per_s)
        return max(0.0, (free_at - now).total_seconds())

    def made(self, now: datetime) -> None:
        """Count a call, and forget those that no window needs any more."""
        self._made.append(now)
        while len(self._made) > max((calls for calls, _ in self.windows), default=0):
            self._made.popleft()

    @property
    def made_at(self) -> tuple[datetime, ...]:
        """The calls that count still, the oldest first."""
        return tuple(self._made)

    def go_on(self, made_at: Iterable[datetime]) -> None:
        """Count as another one did, whose calls these were."""
        self._made = deque(made_at)
