"""One way of trying again for everything that is sent outside: a loop that outlives errors, pauses that grow, a health to show."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from domain.errors import OutsideError

log = structlog.get_logger()
LONGEST_PAUSE_S = 60.0
IDLE_S = 0.5


@dataclass(slots=True)
class Health:
    """How a channel is doing; ``error`` is "" where all is well."""

    ok_at: datetime | None = None
    failing_since: datetime | None = None
    error: str = ""

    def well(self, now: datetime) -> None:
        self.ok_at, self.failing_since, self.error = now, None, ""

    def failed(self, error: Exception, now: datetime) -> None:
        self.failing_since = self.failing_since or now
        self.error = str(error)


def pause_s(failures: int) -> float:
    """How long a channel rests after so many failures in a row."""
    return float(min(2.0 ** min(failures - 1, 10), LONGEST_PAUSE_S))


async def for_ever(
    do: Callable[[], Awaitable[None]], health: Health, *, name: str, wall: Callable[[], datetime]
) -> None:
    """Do it again and again; after each failure a little later, as long as nothing went well in between."""
    failures = 0
    while True:
        try:
            await do()
        except Exception as exc:
            failures = failures + 1 if health.error else 1
            health.failed(exc, wall())
            if isinstance(exc, OutsideError):
                log.warning("channel failed", channel=name, error=str(exc))
            else:
                log.exception("channel failed", channel=name)
            await asyncio.sleep(pause_s(failures))
