"""Deliveries at odds with what else is known, and courses at odds with themselves: a table of signs, each a pure function.

A locker, a station or a third person at the door is recorded and is no sign; it becomes one where the customer had asked for
the door alone. Every sign carries its evidence in plain words.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.apart import Apart, apart
from domain.case import Kind, Severity
from domain.course import Course
from domain.parcel import Delivered
from domain.shipment import ShipmentView
from domain.tracking import Manner, Milestone
from domain.words import Words
from monitor.crossing import Crossing, said

NOT_BY_HAND = frozenset({Manner.LOCKER, Manner.POINT, Manner.SAFE_PLACE, Manner.OTHER, Manner.NEIGHBOUR, Manner.AGENT})
"""Everything but the recipient. ``unknown`` isn't among them: unknown is no contradiction."""
TOO_SOON = timedelta(hours=3)
"""Nobody drives a parcel into another city and to its door in less, after a scan."""
BEFORE = timedelta(days=1)
"""Scans so long before the order was made are another parcel's."""
NO_WORD = timedelta(hours=1)
"""An order made so shortly before its number came was brought without a time of its own: that says nothing."""


DENIED = frozenset({Milestone.ATTEMPT_FAILED, Milestone.EXCEPTION})
"""After a delivery these say themselves that there was none."""
SIGNED_AGAIN = timedelta(hours=4)
"""Couriers sign too early, hand the parcel out and sign again: within one round there is nothing to ask."""


@dataclass(frozen=True, slots=True)
class Sign:
    """``at``: since when; ``wait``: how long something may still be said that explains it; ``watch``: worth no case by itself."""

    at: datetime
    words: Words
    severity: Severity = Severity.WARN
    watch: bool = False
    wait: timedelta = timedelta()


Reading = Callable[[ShipmentView, Course], Sign | None]


def elsewhere(view: ShipmentView, course: Course) -> Sign | None:
    """Signed for in another city than it was sent to."""
    if course.delivered_at is None:
        return None
    far = apart(course.delivered_place, view.shipment.destination)
    if far is None:
        return None
    params = {"place": course.delivered_place, "destination": view.shipment.destination}
    severity = Severity.WARN if far is Apart.CITY else Severity.URGENT
    return Sign(course.delivered_at, Words("evidence.wrong_place", params), severity)


def against_the_wish(view: ShipmentView, course: Course) -> Sign | None:
    """Left anywhere but with the recipient, though the customer had asked for the door."""
    if not view.door_only:
        return None
    if course.delivered_at is not None and course.manner in NOT_BY_HAND:
        return Sign(course.delivered_at, Words("evidence.door_only", {"manner": course.manner.value}))
    dropped = course.waiting_at is not None and not course.tried
    return Sign(course.waiting_at, Words("evidence.door_only_dropped", {})) if dropped and course.waiting_at else None


def mismatched(view: ShipmentView, course: Course) -> Sign | None:
    """The source itself says that weight or photo don't fit."""
    del view
    if course.mismatch is None or course.mismatch_at is None or course.delivered_at is None:
        return None
    return Sign(course.mismatch_at, Words(f"evidence.{course.mismatch.value}_mismatch", {}))


def without_going_out(view: ShipmentView, course: Course) -> Sign | None:
    """Signed for straight off the road: impossible where the last scan was in another city a moment before, else worth a
    look only, for some sources don't tell of hand-outs.
    """
    at, before = course.delivered_at, course.before_at
    if at is None or before is None or course.went_out or course.arrived:
        return None
    far = apart(course.before_place, view.shipment.destination)
    words = Words("evidence.not_out", {"delivered_at": at.isoformat(), "place": course.before_place})
    return Sign(at, words, watch=not (far and at - before < TOO_SOON))


def undone(view: ShipmentView, course: Course) -> Sign | None:
    """Said to be delivered, and then tried, moved or held again: somebody else may have had it."""
    del course
    state = view.state
    if state.delivered is not Delivered.UNDONE or state.delivered_at is None or state.since is None:
        return None
    words = Words("evidence.undone_delivery", {"delivered_at": state.delivered_at.isoformat()})
    return Sign(state.since, words, wait=timedelta() if state.milestone in DENIED else SIGNED_AGAIN)


SIGNS: tuple[Reading, ...] = (elsewhere, against_the_wish, mismatched, without_going_out, undone)
"""All that can contradict a delivery. What the customer says is a case of its own: disputed."""


def misdelivered(view: ShipmentView) -> Crossing | None:
    """The signs of all parcels of a shipment in one finding: the gravest decides, and one that is only worth a look never
    alarms.
    """
    if not view.courses and view.state.delivered is not Delivered.UNDONE:
        return None  # nearly always
    courses = view.courses or (Course(),)
    signs = [sign for course in courses for read in SIGNS if (sign := read(view, course))]
    if not signs or view.shipment.leg == "return" or _is_anothers(view):
        return None
    grave = [sign for sign in signs if not sign.watch]
    told = grave or signs
    since = min(sign.at for sign in told)
    words = [sign.words for sign in told]
    once = tuple(one for n, one in enumerate(words) if one not in words[:n])
    urgent = any(sign.severity is Severity.URGENT for sign in told) or len({w.code for w in words if grave}) > 1
    return Crossing(
        Kind.MISDELIVERED,
        since,
        min(sign.at + sign.wait for sign in grave) if grave else None,
        lambda: once,
        watch_at=since,
        severity=Severity.URGENT if urgent else Severity.WARN,
    )


def looping(view: ShipmentView, visits: int) -> Crossing | None:
    """Comes through one place again and again, with another in between."""
    found = [c for c in view.courses if c.visits >= visits and c.round_at is not None]
    if not found or view.state.delivered is Delivered.YES:
        return None
    worst = max(found, key=lambda course: course.visits)
    assert worst.round_at is not None
    says = said("evidence.looping", visits=worst.visits, place=worst.visited)
    return Crossing(Kind.LOOPING, worst.round_at, worst.round_at, says)


def number_reuse(view: ShipmentView) -> Crossing | None:
    """Scans of another parcel under this number: from before its order, or a new collection after its delivery."""
    sent, first = view.shipment, view.state.first_at
    reborn = next((course.reborn_at for course in view.courses if course.reborn_at), None)
    at = first if _is_anothers(view) else reborn
    if at is None or sent.leg == "return":
        return None
    code = "evidence.number_reborn" if at is reborn else "evidence.number_reuse"
    return Crossing(Kind.NUMBER_REUSE, at, at, said(code, number=sent.number, at=at))


def _is_anothers(view: ShipmentView) -> bool:
    """Its first scans are older than its order."""
    first, ordered = view.state.first_at, view.ordered_at
    if first is None or ordered is None or view.shipment.created_at - ordered < NO_WORD:
        return False
    return first < ordered - BEFORE
