"""The clock of the simulated world: it stands, or runs at a speed, never goes back, and stops while nobody runs it.

Its state lives in one JSON file, replaced as a whole. While the clock runs, the file is a little ahead of it, so that a
world that was killed goes on later than anything that it ever told, never earlier.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from domain.errors import RuleError
from sim.sources import SOURCES
from sim.wire import Hook, Subscribed
from sim.world import ANOMALY_SHARE

SPEEDS = (0, 1, 60, 3_600)
PLAY_SPEED = 60  # a minute a second: the usual speed once the past was played
SAVE_EVERY_S = 1.0
AHEAD_S = 2 * SAVE_EVERY_S  # how far the file is ahead of a running clock


@dataclass(frozen=True, slots=True)
class State:
    """What a world's file holds. ``acted_until``: up to when people's acts were sent; ``pushed``: each source's pushes.

    ``subscribed``: by source, the numbers to push; ``hooks``: the addresses of the consoles. ``troubles``: the share of
    parcels that go wrong. ``sources``: whose parcels there are.
    """

    seed: int
    start: datetime
    days: int
    parcels: int
    now: datetime
    acted_until: datetime
    speed: int = 0
    played: bool = False
    pushed: Mapping[str, datetime] = field(default_factory=dict)
    subscribed: Mapping[str, Mapping[str, Subscribed]] = field(default_factory=dict)
    hooks: Mapping[str, Hook] = field(default_factory=dict)
    troubles: float = ANOMALY_SHARE
    sources: tuple[str, ...] = tuple(SOURCES)


TIMES = ("start", "now", "acted_until")
FIRST_SOURCES = ("kuaidi100", "sf", "fedex")
"""All that there were when files didn't name them yet."""


def fresh(*, seed: int, start: datetime, days: int, parcels: int, **more: Any) -> State:
    start = start.astimezone(UTC)
    return State(seed, start, days, parcels, now=start, acted_until=start, **more)


def load(path: Path) -> State | None:
    """The state in a file, None where there is no file. Raises RuleError where the file isn't one of ours."""
    if not path.exists():
        return None
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return _state(raw if "sources" in raw else _of_old(raw))
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise RuleError(f"{path}: not a world's state ({type(exc).__name__}: {exc}); name another file") from exc


def _state(raw: Mapping[str, Any]) -> State:
    told: dict[str, Any] = {name: datetime.fromisoformat(raw[name]) for name in TIMES}
    told["pushed"] = {source: datetime.fromisoformat(at) for source, at in raw["pushed"].items()}
    told["hooks"] = {source: Hook(**hook) for source, hook in raw["hooks"].items()}
    told["subscribed"] = {
        source: {n: Subscribed(**{**one, "since": datetime.fromisoformat(one["since"])}) for n, one in numbers.items()}
        for source, numbers in raw["subscribed"].items()
    }
    return State(**{**raw, **told, "sources": tuple(raw["sources"])})


def _of_old(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """A file from when there were three sources, of which one pushed."""
    since = raw["start"]
    old = {
        number: {"since": since, "callback": callback, "note": salt}
        for number, (callback, salt) in (raw["subscribed"] or {}).items()
    }
    kept = {name: value for name, value in raw.items() if name != "pushed_until"}
    pushed = {"kuaidi100": raw["pushed_until"]}
    return {**kept, "pushed": pushed, "hooks": {}, "subscribed": {"kuaidi100": old}, "sources": FIRST_SOURCES}


def save(path: Path, state: State) -> None:
    """Replace the file as a whole: a reader, or a restart, sees the old or the new one."""
    raw = asdict(state)
    beside = path.with_name(f"{path.name}.new")
    with beside.open("w", encoding="utf-8") as file:
        json.dump(raw, file, ensure_ascii=False, indent=1, default=datetime.isoformat)
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
