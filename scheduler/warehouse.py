"""What happens at the warehouse: a return is scanned in, its items are looked at, and the refund follows where it should.

Money is instructed at the decision and never at the scan, so that a wrong scan can be taken back. What differs is never paid
without a person's word: it is withheld, and the desk decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.checkin import ARRIVES, Look, Looked, accepted, decision_of, fits, merged
from domain.pickup import WAITING_FOR_ROUTE, ReturnEvent, ReturnStatus
from domain.returns import Return, ReturnItem
from domain.words import Words
from scheduler import refund
from scheduler.courier import trigger_of
from scheduler.plan_types import Refused
from scheduler.policy import Policy, RefundOn
from scheduler.progress import advance_route
from store import checkins, facts, intake, returns
from store.base import Db
from store.checkins import Checkin
from store.facts import FactRow
from store.returns import ReturnFact

SCANS_A_TICK = 500
DROPPED = "drop_off"
VISITED = frozenset({ReturnStatus.PLANNED, ReturnStatus.ARRIVED})
AT_DOOR = frozenset({RefundOn.COLLECTED, RefundOn.CARRIER_SCAN})
"""What is due once a carrier has the goods: its scan is the proof that they were handed over."""


@dataclass(frozen=True, slots=True)
class ScannedIn:
    """``repeated``: the return was here already."""

    value: Return
    checkin: Checkin
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """``for_desk``: somebody has to look at it: something differs, or less came than the courier signed for."""

    value: Return
    checkin: Checkin
    for_desk: bool = False
    repeated: bool = False


def scan(db: Db, said: str, *, now: datetime, by: str | None, channel: str) -> ScannedIn | Refused:
    """Check in the return that a scanned text means: its number, its handover code, or its parcel's number. The same again
    changes nothing. Refused where nothing, or more than one return, goes by it.
    """
    value = _meant(db, said)
    if isinstance(value, Refused):
        return value
    known = checkins.find(db, value.ref)
    if known is not None:
        return ScannedIn(value, known, repeated=True)
    if value.status not in ARRIVES:
        return Refused(Words("warehouse.refused_return", {"return": value.ref}))
    data: dict[str, Any] = {}
    if value.status in WAITING_FOR_ROUTE:  # the customer brought or sent it: nobody is to fetch it any more
        returns.record(db, value.ref, ReturnFact(ReturnEvent.BY_CARRIER, now, by, channel, {"way": DROPPED}))
        data["was"] = value.status.value
    checkins.record(db, value.ref, FactRow("return", value.ref, checkins.CHECKED_IN, now, by, channel, data=data))
    return ScannedIn(*_now(db, value.ref))


def _meant(db: Db, said: str) -> Return | Refused:
    text = said.strip()
    found = checkins.named(db, text) if text else []
    if not found:
        return Refused(Words("warehouse.unknown", {"said": text[:80]}))
    # a handover code may be another return's of long ago: those that are here, or done, aren't meant by it
    coming = [one for one in found if one.status in ARRIVES and checkins.find(db, one.ref) is None] or found
    if len(coming) > 1:
        return Refused(Words("warehouse.several", {"said": text[:80], "returns": [one.ref for one in coming]}))
    return coming[0]


def _now(db: Db, ref: str) -> tuple[Return, Checkin]:
    value, there = returns.find(db, ref), checkins.find(db, ref)
    assert value is not None
    assert there is not None
    return value, there


def undo(db: Db, ref: str, *, now: datetime, by: str | None, channel: str) -> Return | Refused:
    """Take a wrong scan back. Refused once it is decided: money may have followed."""
    there, value = checkins.find(db, ref), returns.find(db, ref)
    if there is None or value is None:
        return Refused(Words("warehouse.not_here", {"return": ref}))
    if there.decision is not None:
        return Refused(Words("warehouse.decided", {"return": ref}))
    was = [f.data.get("was") for f in facts.history(db, "return", ref) if f.event == checkins.CHECKED_IN][-1]
    checkins.record(db, ref, FactRow("return", ref, checkins.UNDONE, now, by, channel))
    if was:
        returns.record(db, ref, ReturnFact(ReturnEvent.BY_ROUTE, now, by, channel, {"way": "courier"}))
    after = returns.find(db, ref)
    assert after is not None
    return after


def inspect(
    db: Db,
    ref: str,
    looked: Sequence[Looked],
    *,
    now: datetime,
    by: str | None,
    channel: str,
    words: str = "",
    photos: int = 0,
) -> Decided | Refused:
    """Write how the items were found, and what follows from it, in one transaction: the refund or the exchange of what is
    good where none was instructed before, nothing where something differs. A second decision changes nothing.
    """
    value, there = returns.find(db, ref), checkins.find(db, ref)
    if value is None or there is None:
        return Refused(Words("warehouse.not_here", {"return": ref}))
    if there.decision is not None:
        return Decided(value, there, repeated=True)
    expected = expected_of(value)
    if not fits(expected, looked):
        return Refused(Words("warehouse.items_wrong", {"return": ref}))
    decision, good = decision_of(expected, looked), accepted(looked)
    data: dict[str, Any] = {
        "decision": decision.value, "items": [one.to_json() for one in looked],
        "accepted": [item.to_json() for item in good], "photos": photos,
    }  # fmt: skip
    if decision is Look.PART and value.status in refund.TO_BE_INSTRUCTED:
        data["corrects"] = {"collected": data["accepted"], "refund_cents": _worth(db, value, good)}
    checkins.record(db, ref, FactRow("return", ref, checkins.INSPECTED, now, by, channel, words, data))
    _take_over(db, value, good if decision is not Look.DIFFERS else expected, now=now, by=by, channel=channel)
    if decision is Look.DIFFERS:
        refund.withhold(db, ref, Words("inspection_differs", {"return": ref}), now=now, by=by, channel=channel)
    else:
        refund.instruct(db, ref, now=now, by=by, channel=channel)
    for_desk = decision is Look.DIFFERS or (decision is Look.PART and bool(value.collected))
    return Decided(*_now(db, ref), for_desk=for_desk)


def expected_of(value: Return) -> tuple[ReturnItem, ...]:
    """What should be in the box: what was collected, else what was asked for."""
    return value.collected or value.items


def _worth(db: Db, value: Return, items: tuple[ReturnItem, ...]) -> int:
    order = intake.find_order(db, value.order_ref)
    assert order is not None  # a return refers to its order by a foreign key
    return refund.refund_of(value, order, items)


def _take_over(
    db: Db, value: Return, items: tuple[ReturnItem, ...], *, now: datetime, by: str | None, channel: str
) -> None:
    """Goods that nobody reported as collected are here all the same: so they were."""
    everything = merged(items) == merged(value.items)
    event = ReturnEvent.COLLECTED if everything else ReturnEvent.PARTLY_COLLECTED
    stop = returns.stop_of_return(db, value.ref) if value.status in VISITED else None
    data = {
        "items": [item.to_json() for item in items], "refund_cents": _worth(db, value, items), "proof": {},
        **({"stop": stop.id} if stop else {}),
    }  # fmt: skip
    moved = returns.record(db, value.ref, ReturnFact(event, now, by, channel, data))
    if moved and stop:
        advance_route(db, stop.route_id, now=now, by=by)


# --- the carrier's scan --------------------------------------------------------------------------------------------


def see_scans(db: Db, policy: Policy, *, now: datetime) -> tuple[str, ...]:
    """Carriers' first scans of goods on their way back: said once, and the refund follows where the policy waits for it. A
    return that went by carrier was handed over by that. Returns the returns.
    """
    return tuple(_see(db, one, policy, now=now) for one in checkins.scanned(db, now=now, limit=SCANS_A_TICK))


def _see(db: Db, one: checkins.Scanned, policy: Policy, *, now: datetime) -> str:
    value = returns.find(db, one.ref)
    assert value is not None  # a parcel refers to its return by a foreign key
    checkins.note_scan(db, one, now=now)
    if value.status is ReturnStatus.BY_CARRIER:
        data = {
            "items": [item.to_json() for item in value.items], "refund_cents": _worth(db, value, value.items),
            "proof": {"carrier": one.carrier, "number": one.number},
        }  # fmt: skip
        returns.record(db, one.ref, ReturnFact(ReturnEvent.COLLECTED, one.at, None, "carrier", data))
    due = returns.find(db, one.ref)
    if due is not None and due.status in refund.TO_BE_INSTRUCTED and trigger_of(db, one.ref, policy) in AT_DOOR:
        refund.instruct(db, one.ref, now=now, channel="carrier")
    return one.ref
