"""How the way to one far side stands, for whoever sends there: its pace, when it may go on, how it is doing.

It lives in memory, and is handed on as plain values where another process goes on sending.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chat.pace import Pace
from doorstep.retrying import Health, pause_s

TIMES = ("unsure_before", "pause_until", "ok_at", "failing_since")
ELSEWHERE = "it fails where it is sent from: see the log there"


def _no_limits() -> Pace:
    return Pace(())


@dataclass(slots=True)
class Lane:
    """``unsure_before``: what was written earlier may have been said without our knowing it. All times are of the wall's clock but this
    one, which is the house's own.
    """

    unsure_before: datetime
    pace: Pace = field(default_factory=_no_limits)
    health: Health = field(default_factory=Health)
    failures: int = 0
    pause_until: datetime | None = None

    def wait_s(self, now: datetime) -> float:
        """Seconds until something may be sent; 0 for now."""
        paused = (self.pause_until - now).total_seconds() if self.pause_until else 0.0
        return max(paused, self.pace.wait_s(now), 0.0)

    def well(self, now: datetime) -> None:
        self.failures = 0
        self.health.well(now)

    def rest(self, now: datetime, seconds: float) -> None:
        """Nothing goes there for so long."""
        self.pause_until = now + timedelta(seconds=seconds)

    def stumbled(self, now: datetime) -> None:
        """The fault is the far side's: it is left alone, longer with each failure in a row."""
        self.failures += 1
        self.rest(now, pause_s(self.failures))

    def left(self) -> dict[str, Any]:
        """What whoever goes on must know. What the far side said stays here: it may be personal."""
        times = self.unsure_before, self.pause_until, self.health.ok_at, self.health.failing_since
        told = {name: at.timestamp() if at else None for name, at in zip(TIMES, times, strict=True)}
        return {**told, "failures": self.failures, "made": [at.timestamp() for at in self.pace.made_at]}

    def take_up(self, left: Mapping[str, Any]) -> None:
        """Go on where another left it; nothing is changed where nobody did."""
        if not left:
            return
        zone = self.unsure_before.tzinfo
        times = [left[name] and datetime.fromtimestamp(left[name], zone) for name in TIMES]
        self.unsure_before, self.pause_until, self.health.ok_at, self.health.failing_since = times
        self.failures = left["failures"]
        self.pace.go_on(datetime.fromtimestamp(at, zone) for at in left["made"])
        self.health.error = (self.health.error or ELSEWHERE) if self.health.failing_since else ""
