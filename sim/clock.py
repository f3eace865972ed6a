"""The clock of the simulated world: it stands, or runs at a speed, never goes back, and stops while nobody runs it.

Its state lives in one JSON file, replaced as a whole. While the clock runs, the file is a little ahead of it, so that a
world that was killed goes on later than anything that it ever told, never earlier.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from domain.errors import RuleError
from sim.world import ANOMALY_SHARE

SPEEDS = (0, 1, 60, 3_600)
PLAY_SPEED = 60  # a minute a second: the usual speed once the past was played
SAVE_EVERY_S = 1.0
AHEAD_S = 2 * SAVE_EVERY_S  # how far the file is ahead of a running clock


@dataclass(frozen=True, slots=True)
class State:
    """What a world's file holds. ``acted_until``: up to when people's acts were sent; ``pushed_until``: pushes.

    ``subscribed``: numbers to push, with callback address and salt. ``troubles``: the share of parcels that go wrong.
    """

    seed: int
    start: datetime
    days: int
    parcels: int
    now: datetime
    acted_until: datetime
    pushed_until: datetime
    speed: int = 0
    played: bool = False
    subscribed: Mapping[str, tuple[str, str]] | None = None
    troubles: float = ANOMALY_SHARE


TIMES = ("start", "now", "acted_until", "pushed_until")


def fresh(*, seed: int, start: datetime, days: int, parcels: int, troubles: float = ANOMALY_SHARE) -> State:
    start = start.astimezone(UTC)
    return State(seed, start, days, parcels, now=start, acted_until=start, pushed_until=start, troubles=troubles)


def load(path: Path) -> State | None:
    """The state in a file, None where there is no file. Raises RuleError where the file isn't one of ours."""
    if not path.exists():
        return None
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        times = {name: datetime.fromisoformat(raw[name]) for name in TIMES}
        subscribed = {number: (callback, salt) for number, (callback, salt) in (raw["subscribed"] or {}).items()}
        return State(**{**raw, **times, "subscribed": subscribed})
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise RuleError(f"{path}: not a world's state ({type(exc).__name__}: {exc}); name another file") from exc


def save(path: Path, state: State) -> None:
    """Replace the file as a whole: a reader, or a restart, sees the old or the new one."""
    raw = asdict(state) | {name: getattr(state, name).isoformat() for name in TIMES}
    beside = path.with_name(f"{path.name}.new")
    with beside.open("w", encoding="utf-8") as file:
        json.dump(raw, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


class WorldClock:
    """The state of a running world. ``seconds`` is a clock that never goes back, such as time.monotonic."""

    def __init__(self, path: Path, state: State, seconds: Callable[[], float]) -> None:
        self.path, self._seconds = path, seconds
        self.state = state
        self._anchor = seconds()
        self.save()

    def now(self) -> datetime:
        passed = (self._seconds() - self._anchor) * self.state.speed
        return self.state.now + timedelta(seconds=passed)

    def set_speed(self, speed: int) -> None:
        """Raises RuleError for a speed that isn't one of SPEEDS. A speed above 0 means that the past was played."""
        if speed not in SPEEDS:
            raise RuleError(f"speed: {speed!r} is none of {', '.join(map(str, SPEEDS))}")
        self._change(speed=speed, played=self.state.played or speed > 0)

    def advance(self, to: datetime) -> None:
        """Let it be ``to`` at once; only a standing clock can be moved, and only forward."""
        if self.state.speed:
            raise RuleError("advance: the clock runs; set its speed to 0 first")
        if to.tzinfo is None:
            raise RuleError("to: needs an offset, such as 2026-11-22T08:00:00+08:00")
        self._change(now=max(to.astimezone(UTC), self.state.now))

    def note(self, **changes: Any) -> None:
        """Keep how far acts or pushes got, or who subscribed."""
        self._change(**changes)

    def _change(self, **changes: Any) -> None:
        now = self.now()
        self.state = replace(self.state, **{"now": now, **changes})
        self._anchor = self._seconds()
        self.save()

    def save(self) -> None:
        """Write the file, a little ahead of a running clock."""
        ahead = timedelta(seconds=AHEAD_S * self.state.speed)
        save(self.path, replace(self.state, now=self.now() + ahead))

    def stop(self) -> None:
        """Write the exact time: nobody asks any more."""
        save(self.path, replace(self.state, now=self.now()))

    def as_json(self) -> dict[str, Any]:
        state = self.state
        return {
            "now": self.now().isoformat(),
            "speed": state.speed,
            "played": state.played,
            "acted_until": state.acted_until.isoformat(),
        }
