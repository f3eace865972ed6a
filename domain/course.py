"""What a parcel's events tell beyond where it stands: how it came to its delivery, and whether it goes round in circles."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.parcel import FUTURE_TOLERANCE, SILENT, in_order, is_physical
from domain.tracking import Manner, Milestone, ScanEvent

NEW_LIFE_AFTER = timedelta(hours=12)
"""Collected again so long after a delivery, under the same number: another parcel."""


class Mismatch(StrEnum):
    """What a source itself says doesn't fit the parcel that was sent."""

    WEIGHT = "weight"
    PHOTO = "photo"


MISMATCHES: tuple[tuple[Mismatch, re.Pattern[str]], ...] = (
    (Mismatch.WEIGHT, re.compile(r"重量[^，,。]{0,6}(?:不符|不一致|异常|差异)|(?i:weight (?:mismatch|discrepancy|differs|does not match))")),
    (
        Mismatch.PHOTO,
        re.compile(r"(?:照片|图片|底单|拍照)[^，,。]{0,8}(?:不符|不一致)|(?i:(?:photo|picture|image)\b.{0,24}(?:mismatch|differs|does not match|wrong (?:door|house)))"),
    ),
)  # fmt: skip
"""Carriers and stations that weigh or photograph at hand-over write so in their lines; a manual event may too."""


@dataclass(frozen=True, slots=True)
class Course:
    """``delivered_place``: where the newest delivery says that it was; ``manner``: into whose hands. ``went_out``: whether
    it was handed out, tried or put up for collection before. ``before_place``, ``before_at``: the last physical scan before it.
    ``arrived``: whether it had reached its town or a branch there. ``tried``: an attempt had failed before. ``waiting_at``: since when it waits in a locker or station.
    ``mismatch``: what the source itself says doesn't fit, at ``mismatch_at``. ``reborn_at``: collected anew after a delivery.
    ``visits``: how often it came to ``visited``, most of all places, with another in between; ``round_at``: the last time.
    """

    delivered_at: datetime | None = None
    delivered_place: str = ""
    manner: Manner | None = None
    went_out: bool = False
    arrived: bool = False
    tried: bool = False
    before_place: str = ""
    before_at: datetime | None = None
    waiting_at: datetime | None = None
    mismatch: Mismatch | None = None
    mismatch_at: datetime | None = None
    reborn_at: datetime | None = None
    visits: int = 0
    visited: str = ""
    round_at: datetime | None = None


NONE = Course()
GOES_OUT = frozenset({Milestone.OUT_FOR_DELIVERY, Milestone.ATTEMPT_FAILED, Milestone.AWAITING_COLLECTION})
ARRIVED = GOES_OUT | {Milestone.AT_DESTINATION, Milestone.TRANSFERRED}
BEGINS = frozenset({Milestone.PICKED_UP, Milestone.ANNOUNCED})
ENDS_ROUND = frozenset({Milestone.DELIVERED, Milestone.RETURNING, Milestone.RETURNED})


def course_of(events: Iterable[ScanEvent], *, now: datetime) -> Course:
    """The course that events amount to at ``now``, whatever their order."""
    until = now + FUTURE_TOLERANCE
    told = [e for e in in_order(events) if e.time.at is not None and e.time.at <= until]
    speaking = [e for e in told if e.milestone not in SILENT]
    last = next((n for n in range(len(speaking) - 1, -1, -1) if speaking[n].milestone is Milestone.DELIVERED), None)
    before = speaking if last is None else speaking[:last]
    delivery = None if last is None else speaking[last]
    held = [e for e in before if is_physical(e) and e.milestone is not Milestone.DELIVERED]
    mismatch = next(((kind, e.time.at) for e in told for kind, words in MISMATCHES if words.search(e.text)), None)
    visits, visited, round_at = _rounds(speaking)
    return Course(
        delivered_at=delivery.time.at if delivery else None,
        delivered_place=(delivery.place or "") if delivery else "",
        manner=(delivery.manner or Manner.UNKNOWN) if delivery else None,
        went_out=any(e.milestone in GOES_OUT for e in before),
        arrived=any(e.milestone in ARRIVED for e in before),
        tried=any(e.milestone is Milestone.ATTEMPT_FAILED for e in before),
        before_place=next((e.place for e in reversed(held) if e.place), ""),
        before_at=held[-1].time.at if held else None,
        waiting_at=_waiting(speaking),
        mismatch=mismatch[0] if mismatch else None,
        mismatch_at=mismatch[1] if mismatch else None,
        reborn_at=_reborn(speaking),
        visits=visits,
        visited=visited,
        round_at=round_at,
    )


def _waiting(speaking: Sequence[ScanEvent]) -> datetime | None:
    """Since when it waits where it can be collected, if that is how it stands."""
    since = None
    for event in reversed(speaking):
        if event.milestone is not Milestone.AWAITING_COLLECTION:
            break
        since = event.time.at
    return since


def _reborn(speaking: Sequence[ScanEvent]) -> datetime | None:
    """When it was collected anew after a delivery, if it was."""
    delivered: datetime | None = None
    for event in speaking:
        at = event.time.at
        if event.milestone is Milestone.DELIVERED:
            delivered = at
        elif event.milestone in BEGINS and delivered and at and at - delivered >= NEW_LIFE_AFTER:
            return at
    return None


def _rounds(speaking: Sequence[ScanEvent]) -> tuple[int, str, datetime | None]:
    """How often it came to the place that it came to most, with another in between, and when last. A turn back ends the count:
    a parcel on its way home passes its places again.
    """
    visits: dict[str, int] = {}
    last_at: dict[str, datetime | None] = {}
    here = ""
    for event in speaking:
        if event.milestone in ENDS_ROUND:
            visits, here = {}, ""
        elif event.place and event.place != here and is_physical(event) and event.milestone not in GOES_OUT:
            here = event.place
            visits[here] = visits.get(here, 0) + 1
            last_at[here] = event.time.at
    most = max(visits, key=lambda place: visits[place], default="")
    return (visits[most], most, last_at[most]) if most else (0, "", None)
