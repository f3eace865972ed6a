"""How much searching is left: seconds, or steps, in which case no clock is read."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

Clock = Callable[[], float]


@dataclass(slots=True)
class Budget:
    """`until` is a moment of the clock, None where steps are counted; `steps` is None where time is. The clock is wall time;
    a benchmark on a busy machine hands in CPU time.
    """

    until: float | None
    steps: int | None
    clock: Clock = perf_counter

    def spent(self) -> bool:
        """Is there nothing left?"""
        if self.until is not None:
            return self.clock() >= self.until
        return self.steps is not None and self.steps <= 0

    def seconds(self) -> float | None:
        """Seconds left, None where steps are counted."""
        return None if self.until is None else max(0.0, self.until - self.clock())

    def take(self, steps: int) -> int:
        """Takes up to `steps` of the steps that are left."""
        if self.steps is None:
            return steps
        taken = min(steps, self.steps)
        self.steps -= taken
        return taken
