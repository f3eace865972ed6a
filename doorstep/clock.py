"""The clocks of the house: the one that shipments live by, and the wall clock that secrets live by."""

from collections.abc import Callable
from datetime import UTC, datetime

from domain.errors import RuleError

Clock = Callable[[], datetime]


def wall() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


class SetClock:
    """A clock that shows what it was set to: the simulated time of a demo or a test."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def set(self, at: datetime) -> None:
        self.at = at


def given_or_wall(text: str) -> datetime:
    """The ISO time in ``text``, now where it is empty. Raises RuleError where it isn't one with a zone."""
    if not text:
        return wall()
    try:
        at = datetime.fromisoformat(text)
    except ValueError as exc:
        raise RuleError(f"--now: {text!r} isn't an ISO 8601 time; write 2026-11-22T08:00:00+08:00") from exc
    if at.tzinfo is None:
        raise RuleError(f"--now: {text!r} has no zone; write 2026-11-22T08:00:00+08:00")
    return at.astimezone(UTC)
