"""How often a source may be called: sliding windows in simulated time, one set for each credential.

A window is a queue of the times of the calls that were let in; a refused call doesn't count.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``calls`` in any span of ``within``."""

    calls: int
    within: timedelta


SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


@dataclass(slots=True)
class Windows:
    """The calls of every credential within every limit."""

    _times: dict[tuple[str, Limit], deque[datetime]] = field(default_factory=dict)

    def spend(self, credential: str, limits: Sequence[Limit], now: datetime) -> timedelta | None:
        """Let a call in, and give None; or how long to wait where a limit is reached."""
        queues = [self._queue(credential, limit, now) for limit in limits]
        full = [
            queue[-limit.calls] + limit.within - now
            for queue, limit in zip(queues, limits, strict=True)
            if len(queue) >= limit.calls
        ]
        if full:
            return max(full)
        for queue in queues:
            queue.append(now)
        return None

    def _queue(self, credential: str, limit: Limit, now: datetime) -> deque[datetime]:
        queue = self._times.setdefault((credential, limit), deque())
        while queue and queue[0] <= now - limit.within:
            queue.popleft()
        return queue
