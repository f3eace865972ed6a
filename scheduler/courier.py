"""What a courier can do at a stop: arrive, collect all or some, or say why nothing was collected.

`decide` is pure; `act` writes. The customer's handover code ends a stop with goods, a reason one without. A client that
sends the same action again (a phone without a net) is answered as before and changes nothing.
"""

import hmac
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.pickup import FAULT, FailReason, ReturnEvent, ReturnStatus
from domain.returns import Return, ReturnItem, Stop
from domain.shipment import Order
from domain.words import Words
from scheduler import refund
from scheduler.door import ANY_DOOR, Door, not_given_up, not_taken
from scheduler.plan_types import Refused
from scheduler.policy import Policy, RefundOn
from scheduler.progress import advance_route
from store import facts, intake, mail, returns
from store.base import Db
from store.facts import FactRow
from store.returns import ReturnFact
from store.tables import iso_of

MAX_WRONG_CODES = 5
"""Wrong handover codes at one stop before codes are no longer taken: six digits must not be guessed at the door."""
MISSED_AFTER = timedelta(hours=2)
"""A stop without an outcome this long after its planned end is taken for missed."""


class ActKind(StrEnum):
    ARRIVED = "arrived"
    COLLECTED = "collected"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Act:
    """One action of a courier. ``id`` is the client's own; ``items`` None means all; ``proof`` is kept with the stop; ``ago_s``:
    how long it lay on a phone without a net; ``tries``: how often the customer was tried to be reached, None: nobody said.
    """

    kind: ActKind
    id: str = ""
    code: str = ""
    items: tuple[ReturnItem, ...] | None = None
    reason: FailReason | None = None
    proof: dict[str, Any] = field(default_factory=dict)
    ago_s: int = 0
    tries: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be written: the event and its data."""

    event: ReturnEvent
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """How the return and its stop stand now. ``repeated``: the action had been done before."""

    value: Return
    stop: Stop
    repeated: bool = False


ENDED = frozenset({"collected", "partly_collected", "failed", "cancelled", "unplanned"})


def decide(
    stop: Stop,
    value: Return,
    order: Order,
    act: Act,
    *,
    wrong_codes: int = 0,
    at: datetime | None = None,
    door: Door = ANY_DOOR,
) -> Decision | Refused:
    """What the action amounts to at this stop. Pure. ``at``: when it was done; before the stop was ended by somebody who
    couldn't know of it, it counts.
    """
    if stop.status in ENDED and not _was_first(stop, value, act, at):
        return Refused(Words("stop_over", {"stop": stop.id, "status": stop.status, "way": "call_desk"}))
    if act.kind is ActKind.ARRIVED:
        return Decision(ReturnEvent.ARRIVED, {"stop": stop.id})
    if act.kind is ActKind.FAILED:
        return _failed(stop, act, door, at)
    if early := not_taken(stop, act.proof, door):
        return Refused(early)
    return _collected(stop, value, order, act, wrong_codes)


def _was_first(stop: Stop, value: Return, act: Act, at: datetime | None) -> bool:
    """Goods that were handed over before the clock gave the stop up, or the customer cancelled, are handed over."""
    by_others = stop.status == "cancelled" or stop.fail_reason in CLOCK
    stands = value.status in {ReturnStatus.FAILED, ReturnStatus.CANCELLED}
    earlier = at is not None and stop.ended_at is not None and at < stop.ended_at
    return act.kind is ActKind.COLLECTED and by_others and stands and earlier


CLOCK = frozenset({FailReason.COURIER_NO_SHOW.value, FailReason.COURIER_LATE.value})
"""Reasons that nobody reported: the clock did."""


def _failed(stop: Stop, act: Act, door: Door, at: datetime | None) -> Decision | Refused:
    if act.reason is None:
        return Refused(Words("stop_reason_missing", {"stop": stop.id, "known": [r.value for r in FailReason]}))
    if early := not_given_up(stop, act.reason, act.tries, door, at=at):
        return Refused(early)
    fault = FAULT[act.reason].value
    proof = act.proof if act.tries is None else {**act.proof, "tries": act.tries}
    return Decision(ReturnEvent.FAILED, {"stop": stop.id, "reason": act.reason.value, "fault": fault, "proof": proof})


def _collected(stop: Stop, value: Return, order: Order, act: Act, wrong_codes: int) -> Decision | Refused:
    if wrong_codes >= MAX_WRONG_CODES:
        return Refused(Words("code_locked", {"stop": stop.id, "tries": wrong_codes, "way": "call_desk"}))
    if not code_matches(value.code, act.code):
        return Refused(Words(CODE_WRONG, {"stop": stop.id, "way": "ask_customer"}))
    items = value.items if act.items is None else act.items
    if wrong := _wrong_items(stop, value, items):
        return Refused(wrong)
    collected = _merged(items)
    everything = _merged(value.items) == collected
    event = ReturnEvent.COLLECTED if everything else ReturnEvent.PARTLY_COLLECTED
    taken = tuple(ReturnItem(sku, qty) for sku, qty in sorted(collected.items()))
    return Decision(
        event,
        {
            "stop": stop.id,
            "items": [item.to_json() for item in taken],
            "refund_cents": refund.refund_of(value, order, taken),
            "proof": {**act.proof, "code": "matched"},
        },
    )


CODE_WRONG = "code_wrong"


def code_matches(code: str, said: str) -> bool:
    """Compared in constant time; full-width digits and spaces around are the same code. No code matches none."""
    given = unicodedata.normalize("NFKC", said).strip()
    return bool(code) and hmac.compare_digest(code.encode(), given.encode())


def _merged(items: tuple[ReturnItem, ...]) -> Counter[str]:
    merged = Counter[str]()
    for item in items:
        merged[item.sku] += item.qty
    return merged


def _wrong_items(stop: Stop, value: Return, items: tuple[ReturnItem, ...]) -> Words | None:
    if not items:
        return Words("stop_nothing_collected", {"stop": stop.id, "way": "say_failed"})
    asked, given = _merged(value.items), _merged(items)
    for item in items:
        if item.qty < 1 or given[item.sku] > asked[item.sku]:
            params = {"stop": stop.id, "sku": item.sku, "qty": given[item.sku], "asked": asked[item.sku]}
            return Words("stop_item_not_expected", params)
    return None


# --- writing it ----------------------------------------------------------------------------------------------------


def act_at(
    db: Db,
    stop_id: str,
    act: Act,
    *,
    route_id: str,
    policy: Policy,
    now: datetime,
    by: str | None,
    channel: str = "courier",
    door: Door = ANY_DOOR,
) -> Done | Refused:
    """Do what the courier of ``route_id`` says at a stop, once, in one transaction with the refund that follows from it.

    A stop of another route is as unknown as none: a courier sees and does only their own.
    """
    stop = returns.find_stop(db, stop_id)
    value = returns.find(db, stop.return_ref) if stop and stop.route_id == route_id else None
    if stop is None or value is None:
        return Refused(Words("stop_unknown", {"stop": stop_id, "route": route_id}))
    key = f"{stop_id}/{act.id or act.kind.value}"
    arrived_again = act.kind is ActKind.ARRIVED and stop.status == "arrived"
    if arrived_again or mail.received_before(db, "courier", route_id, key) is not None:
        return Done(value, stop, repeated=True)
    order = intake.find_order(db, value.order_ref)
    assert order is not None  # a return refers to its order by a foreign key
    at = _done_at(db, route_id, act, now)
    decision = decide(stop, value, order, act, wrong_codes=_wrong_codes(db, stop_id), at=at, door=door)
    if isinstance(decision, Refused):
        _note_wrong_code(db, stop_id, decision, now=now, by=by, channel=channel)
        return decision
    mail.receive(db, "courier", route_id, key, at=now, answer=decision.event.value)
    return _write(db, value, stop, decision, policy=policy, at=at, now=now, by=by, channel=channel)


def _done_at(db: Db, route_id: str, act: Act, now: datetime) -> datetime:
    """When the courier did it: a phone says how long ago, whatever its clock; never before the route was sent."""
    route = returns.find_route(db, route_id)
    assert route is not None  # a stop refers to its route by a foreign key
    return min(now, max(route.dispatched_at, now - timedelta(seconds=max(0, act.ago_s))))


def _wrong_codes(db: Db, stop_id: str) -> int:
    return sum(fact.event == CODE_WRONG for fact in facts.history(db, "stop", stop_id))


def _note_wrong_code(db: Db, stop_id: str, refused: Refused, *, now: datetime, by: str | None, channel: str) -> None:
    if refused.reason.code == CODE_WRONG:
        facts.append(db, [FactRow("stop", stop_id, CODE_WRONG, now, by, channel)])


def _write(
    db: Db,
    value: Return,
    stop: Stop,
    decision: Decision,
    *,
    policy: Policy,
    at: datetime,
    now: datetime,
    by: str | None,
    channel: str,
) -> Done | Refused:
    fact = ReturnFact(decision.event, at, by, channel, decision.data)
    if returns.record(db, value.ref, fact) is None:
        params = {"stop": stop.id, "status": value.status.value, "way": "call_desk"}
        return Refused(Words("stop_over", params))
    if decision.data.get("reason") == FailReason.CANCELLED.value:
        # the customer wants to keep the goods: nobody is sent again; they can ask anew
        returns.record(db, value.ref, ReturnFact(ReturnEvent.CANCELLED, now, by, channel, {"reason": "cancelled"}))
    advance_route(db, stop.route_id, now=now, by=by)
    if decision.event in COLLECTED and trigger_of(db, value.ref, policy) is RefundOn.COLLECTED:
        refund.instruct(db, value.ref, now=now, by=by, channel=channel)
    after, ended = returns.find(db, value.ref), returns.find_stop(db, stop.id)
    assert after is not None
    assert ended is not None
    return Done(after, ended)


def trigger_of(db: Db, ref: str, policy: Policy) -> RefundOn:
    """What starts a return's refund: as it was told when it was asked for, whatever the policy says since."""
    told = returns.judged(db, ref).get("trigger")
    return RefundOn(told) if told else policy.trigger


COLLECTED = frozenset({ReturnEvent.COLLECTED, ReturnEvent.PARTLY_COLLECTED})


def miss_stops(db: Db, *, now: datetime) -> tuple[str, ...]:
    """End the stops that nobody reported on within MISSED_AFTER; the returns come back, and their history says
    `pickup_missed` (the desk's finding of that name reads it). Returns the ids of the stops.

    A courier who arrived and never said more is late, one who never arrived didn't show up: the courier's fault both.
    """
    return tuple(stop.id for stop in returns.open_stops(db, before=now - MISSED_AFTER) if _miss(db, stop, now))


def _miss(db: Db, stop: Stop, now: datetime) -> bool:
    value, route = returns.find(db, stop.return_ref), returns.find_route(db, stop.route_id)
    if value is None or route is None or value.status not in {ReturnStatus.PLANNED, ReturnStatus.ARRIVED}:
        return False
    reason = FailReason.COURIER_LATE if stop.status == "arrived" else FailReason.COURIER_NO_SHOW
    where = {"stop": stop.id, "route": route.id, "courier": route.courier, "collector": route.collector}
    times = {"leave_at": stop.leave_at.isoformat(), "slot_from": iso_of(value.slot_from)}
    data = {**where, "reason": reason.value, **times}
    facts.append(db, [FactRow("return", value.ref, "pickup_missed", now, data=data)])
    failed: dict[str, Any] = {"stop": stop.id, "reason": reason.value, "fault": FAULT[reason].value, "proof": {}}
    returns.record(db, value.ref, ReturnFact(ReturnEvent.FAILED, now, None, "", failed))
    advance_route(db, stop.route_id, now=now, by=None)
    return True
