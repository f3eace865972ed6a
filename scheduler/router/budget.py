"""How much searching is left: seconds of wall time, or steps, in which case no clock is read."""

from dataclasses import dataclass
from time import perf_counter


@dataclass(slots=True)
class Budget:
    """`until` is a moment of the process's own clock, None where steps are counted; `steps` is None where time is."""

    until: float | None
    steps: int | None

    def spent(self) -> bool:
        """Is there nothing left?"""
        if self.until is not None:
            return perf_counter() >= self.until
        return self.steps is not None and self.steps <= 0

    def seconds(self) -> float | None:
        """Seconds left, None where steps are counted."""
        return None if self.until is None else max(0.0, self.until - perf_counter())

    def take(self, steps: int) -> int:
        """Takes up to `steps` of the steps that are left."""
        if self.steps is None:
            return steps
        taken = min(steps, self.steps)
        self.steps -= taken
        return taken
