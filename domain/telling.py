"""What a customer may be told automatically, and when: by kind of trouble, by step, by the hour of their day.

An automatic message keeps no promise. It states a trouble only where that is certain, or a person at the desk has confirmed it; it
waits for the end of quiet hours; and beside the dated steps of an open case a parcel's customer gets one a day at most.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.case import Kind, Told


class Step(StrEnum):
    """The messages of a case, in their order. NEXT_STEP and OUTCOME are only ever said by a person."""

    OPENED = "opened"
    PROGRESS = "progress"
    NEXT_STEP = "next_step"
    OUTCOME = "outcome"
    CLOSING = "closing"
    FOLLOW_UP = "follow_up"


DATED = frozenset({Step.OPENED, Step.PROGRESS})
"""Steps with a time of their own in an open case: the limit of one message a day doesn't count them."""
BY_HAND = (Step.PROGRESS, Step.NEXT_STEP, Step.OUTCOME)
"""What a person may choose to say."""
TOLD: dict[Step, Told] = {
    Step.OPENED: Told.PROGRESS,
    Step.PROGRESS: Told.PROGRESS,
    Step.NEXT_STEP: Told.NEXT_STEP,
    Step.OUTCOME: Told.OUTCOME,
    Step.CLOSING: Told.OUTCOME,
    Step.FOLLOW_UP: Told.PROGRESS,
}
"""What a message counts as on the case's record."""


class Saying(StrEnum):
    """When an automatic message may state a trouble."""

    AT_ONCE = "at_once"
    CONFIRMED = "confirmed"
    NEVER = "never"


SAYING: dict[Kind, Saying] = {
    # somebody said so: the carrier, the courier, the calendar or the customers themselves
    Kind.UNSHIPPED: Saying.AT_ONCE,
    Kind.PROMISE_MISSED: Saying.AT_ONCE,
    Kind.FAILED_ATTEMPT: Saying.AT_ONCE,
    Kind.REFUSED: Saying.AT_ONCE,
    Kind.RETURNING: Saying.AT_ONCE,
    Kind.ADDRESS: Saying.AT_ONCE,
    Kind.CUSTOMS: Saying.AT_ONCE,
    Kind.DAMAGED: Saying.AT_ONCE,
    Kind.DISPUTED: Saying.AT_ONCE,
    Kind.PICKUP_MISSED: Saying.AT_ONCE,
    # we conclude it from silence or from things that don't fit: a person looks first
    Kind.NEVER_COLLECTED: Saying.CONFIRMED,
    Kind.STALLED: Saying.CONFIRMED,
    Kind.PROMISE_RISK: Saying.CONFIRMED,
    Kind.LOST: Saying.CONFIRMED,
    Kind.MISDELIVERED: Saying.CONFIRMED,
    Kind.LOOPING: Saying.CONFIRMED,
    Kind.CHECKIN_MISSING: Saying.CONFIRMED,
    Kind.REFUND_UNCONFIRMED: Saying.CONFIRMED,
    # the house's own affairs
    Kind.NUMBER_REUSE: Saying.NEVER,
    Kind.SOURCE_SILENT: Saying.NEVER,
}


@dataclass(frozen=True, slots=True)
class Quiet:
    """Local hours in which nobody is written to automatically; equal ends: none."""

    begin: time
    end: time

    def until(self, at: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet hours that hold at ``at`` end; None where they don't hold."""
        local = at.astimezone(zone)
        clock = local.time().replace(tzinfo=None)
        overnight = self.begin > self.end
        holds = (clock >= self.begin or clock < self.end) if overnight else self.begin <= clock < self.end
        if not holds:
            return None
        day = local.date() + timedelta(days=1 if overnight and clock >= self.begin else 0)
        return datetime.combine(day, self.end, zone).astimezone(UTC)


def next_day(at: datetime, zone: ZoneInfo) -> datetime:
    """When the customer's next day begins."""
    return datetime.combine(at.astimezone(zone).date() + timedelta(days=1), time(), zone).astimezone(UTC)


def day_begin(at: datetime, zone: ZoneInfo) -> datetime:
    return datetime.combine(at.astimezone(zone).date(), time(), zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a case's record says of its customer. ``told``: they know of the trouble; ``owed``: a case that this one goes on
    with had told them; ``by_person_at``: when a person last
    told them anything, ``told_at`` when anybody or anything did; ``outcome``: a person told them how it ends; ``next_at``: the date that they were last given.
    """

    kind: Kind
    is_open: bool
    confirmed: bool = False
    told: bool = False
    owed: bool = False
    by_person_at: datetime | None = None
    told_at: datetime | None = None
    outcome: bool = False
    next_at: datetime | None = None
    superseded: bool = False
    by_itself: bool = False


@dataclass(frozen=True, slots=True)
class Now:
    """Say it."""


@dataclass(frozen=True, slots=True)
class Later:
    at: datetime


@dataclass(frozen=True, slots=True)
class Never:
    """Not at all; ``why`` is a code of ``customer.why``."""

    why: str


Verdict = Now | Later | Never


def judge(step: Step, heard: Heard, *, now: datetime, gap: timedelta) -> Verdict:
    """Whether an automatic message of a case is due now. ``gap``: after a person's word nothing is said for that long."""
    if step in DATED:
        return _dated(step, heard, now=now, gap=gap)
    if heard.is_open:
        return Never("reopened")
    if heard.superseded:
        return Never("superseded")
    if not (heard.told or heard.owed):
        return Never("not_told")
    if step is Step.CLOSING and heard.outcome and not heard.by_itself:
        return Never("outcome_told")
    return Now()


def _dated(step: Step, heard: Heard, *, now: datetime, gap: timedelta) -> Verdict:
    if not heard.is_open:
        return Never("closed")
    if SAYING[heard.kind] is Saying.NEVER:
        return Never("never")
    if heard.outcome or (step is Step.OPENED and heard.told):
        return Never("told")
    if not may_state(heard):
        return Never("unconfirmed")
    stands = _word_stands(heard, gap) if step is Step.PROGRESS else None
    return Later(stands) if stands and stands > now else Now()


def may_state(heard: Heard) -> bool:
    """Whether the trouble itself may be named to its customer without a person."""
    saying = SAYING[heard.kind]
    return saying is Saying.AT_ONCE or (saying is Saying.CONFIRMED and (heard.confirmed or heard.told))


def _word_stands(heard: Heard, gap: timedelta) -> datetime | None:
    """Until when what was said last stands: a person's for the gap after it or until the date that they gave, an automatic
    message's for half of that.
    """
    until = [
        *([heard.by_person_at + gap] if heard.by_person_at else []),
        *([heard.told_at + gap / 2] if heard.told_at else []),
        *([heard.next_at] if heard.next_at else []),
    ]
    return max(until, default=None)
