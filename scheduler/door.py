"""At the door: what is to be done before a courier takes goods for an express firm, and before they give up on a customer. Pure.

A channel that doesn't ask how often somebody was called doesn't say: unknown isn't refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.pickup import FailReason
from domain.returns import Stop
from domain.words import Words

IDENTITY, CONTENT = "identity_checked", "content_checked"
"""Ticks that are kept with the stop; no number of a paper and no picture of one is."""
NOBODY_THERE = frozenset({FailReason.ABSENT, FailReason.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class Door:
    """``tries`` to reach a customer and ``wait`` since the arrival before they count as absent; ``checks``: identity and content are
    checked before anything is taken (the collector acts as an express firm: 快递市场管理办法 实名收寄, 收寄验视).
    """

    tries: int = 0
    wait: timedelta = timedelta()
    checks: bool = False


ANY_DOOR = Door()
"""Nothing is asked for."""


def not_taken(stop: Stop, ticks: Mapping[str, object], door: Door) -> Words | None:
    """Why goods can't be taken yet; None where they can."""
    if door.checks and not (ticks.get(IDENTITY) and ticks.get(CONTENT)):
        return Words("door_checks_missing", {"stop": stop.id})
    return None


def not_given_up(stop: Stop, reason: FailReason, tries: int | None, door: Door, *, at: datetime | None) -> Words | None:
    """Why a courier can't leave yet; None where they can. ``tries``: how often they tried to reach the customer, None: nobody said."""
    if tries is None or reason not in NOBODY_THERE:
        return None
    if tries < door.tries:
        return Words("door_try_again", {"stop": stop.id, "tries": tries, "wanted": door.tries})
    if reason is FailReason.ABSENT and stop.arrived_at is None:
        return Words("door_arrive_first", {"stop": stop.id})
    until = stop.arrived_at + door.wait if stop.arrived_at else None
    if reason is FailReason.ABSENT and until and at and at < until:
        return Words("door_wait", {"stop": stop.id, "until_at": until.isoformat()})
    return None
