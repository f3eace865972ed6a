"""A customer asks to send something back: judged by the policy, given a slot and a handover code, written once."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.errors import RuleError
from domain.pickup import WAITING_FOR_ROUTE, ReturnEvent, ReturnReason, ReturnStatus, Want
from domain.returns import Return, ReturnItem
from domain.shipment import Customer, Order
from domain.words import Words
from scheduler.depots import location_of, nearest_depot
from scheduler.letters import Link, tell
from scheduler.offers import has_room, offers
from scheduler.plan_types import Depot, Fleet, Refused, Slot, local_day
from scheduler.policy import Eligible, Line, Policy, judge
from scheduler.progress import advance_route
from scheduler.slots import check_slot, parse_slot
from store import intake, returns
from store.base import Db
from store.returns import ReturnFact

CODE_DIGITS = 6
TAKEN = frozenset(
    {ReturnStatus.COLLECTED, ReturnStatus.PARTLY_COLLECTED, ReturnStatus.INSTRUCTED, ReturnStatus.SETTLED}
)
GONE = frozenset({ReturnStatus.REFUSED, ReturnStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a customer (or an agent, or the shop's system) asks for. ``ref`` is the return's own reference.

    ``slot`` as parse_slot reads it, None for "whenever you come"; ``sealed``: media and software are unopened.
    """

    ref: str
    order_ref: str
    items: tuple[ReturnItem, ...]
    reason: ReturnReason
    want: Want = Want.REFUND
    slot: str | Mapping[str, Any] | None = None
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """``created`` False: the reference was known, and ``value`` is the return as it stands.

    ``moved`` says why another slot than the one asked for was given: a late or full slot never costs the right to return.
    """

    value: Return
    words: Words
    created: bool = True
    moved: Words | None = None


def request_return(
    db: Db,
    asked: Asked,
    *,
    policy: Policy,
    fleet: Fleet,
    now: datetime,
    randbelow: Callable[[int], int],
    by: str | None = None,
    channel: str = "",
) -> Accepted | Refused:
    """Write a return, requested or refused. ``randbelow(n)`` gives an unguessable number below n (`secrets.randbelow`).

    Raises RuleError where the order is unknown, an item isn't of it, or the slot can't be read.
    """
    known = returns.find(db, asked.ref)
    if known is not None:
        return _again(known)
    order = intake.find_order(db, asked.order_ref)
    if order is None:
        raise RuleError(f"order: {asked.order_ref} is unknown; send the order first")
    lines = lines_of(order, asked.items)
    wish = _wish(asked, fleet)
    base = _base(asked, order, now)
    answer = answer_to(db, asked, order, lines, policy=policy, now=now)
    if isinstance(answer, Refused):
        return _refuse(db, base, answer, by=by, channel=channel)
    value, moved = _accept(db, base, answer, order.customer, wish, fleet, now=now, days=policy.book_days)
    coded = replace(value, code=f"{randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}")
    returns.add_return(db, coded, by=by, channel=channel, judged=_judged(answer))
    return Accepted(coded, answer.words, moved=moved)


def answer_to(
    db: Db, asked: Asked, order: Order, lines: Sequence[Line], *, policy: Policy, now: datetime
) -> Eligible | Refused:
    """What the policy says of a request, with what is known of its order; nothing is written."""
    news = returns.order_news(db, order.ref)
    return _over_asked(db, order, asked.items) or judge(
        policy, lines, reason=asked.reason, want=asked.want, signed_at=returns.received_at(db, order.ref),
        requested_at=now, sealed=asked.sealed, self_pickup="picked_up_at" in news, settled_at=news.get("settled_at"),
    )  # fmt: skip


def look_at(db: Db, asked: Asked, *, policy: Policy, now: datetime) -> Eligible | Refused:
    """The same for a request that is only weighed. Raises RuleError where the order or an item of it is unknown."""
    order = intake.find_order(db, asked.order_ref)
    if order is None:
        raise RuleError(f"order: {asked.order_ref} is unknown; send the order first")
    return answer_to(db, asked, order, lines_of(order, asked.items), policy=policy, now=now)


def _judged(answer: Eligible) -> dict[str, Any]:
    return {
        "profile": answer.profile,
        "statute": answer.statute,
        "last_day": answer.last_day.isoformat(),
        "trigger": answer.trigger.value,
        "evidence": list(answer.evidence),
    }


def _again(known: Return) -> Accepted | Refused:
    words = Words("return_known", {"return": known.ref, "status": known.status.value})
    return Refused(words) if known.status is ReturnStatus.REFUSED else Accepted(known, words, created=False)


def lines_of(order: Order, items: Sequence[ReturnItem]) -> list[Line]:
    """The lines of the order that are to go back. Raises RuleError where an item isn't of it."""
    if not items:
        raise RuleError("items: name at least one, as {sku, qty}")
    by_sku = {item.sku: item for item in order.items}
    for item in items:
        if item.sku not in by_sku:
            raise RuleError(f"items: {item.sku} isn't in order {order.ref}; it has {', '.join(sorted(by_sku))}")
        if item.qty < 1:
            raise RuleError(f"items: {item.sku}: qty must be at least 1, got {item.qty}")
    return [Line(by_sku[item.sku], item.qty) for item in items]


def _over_asked(db: Db, order: Order, items: Sequence[ReturnItem]) -> Refused | None:
    """More of an item than was bought, counted over all the returns of the order that stand."""
    bought = Counter[str]()
    for line in order.items:
        bought[line.sku] += line.qty
    asked = Counter[str]()
    for item in (*items, *(i for value in returns.of_order(db, order.ref) for i in _standing(value))):
        asked[item.sku] += item.qty
    for sku in sorted({item.sku for item in items}):
        if asked[sku] > bought[sku]:
            params = {"sku": sku, "asked": asked[sku], "bought": bought[sku], "way": "see_returns"}
            return Refused(Words("return_more_than_bought", params))
    return None


def _standing(value: Return) -> tuple[ReturnItem, ...]:
    """The pieces that a return takes up: what was collected, or is still to be."""
    if value.status in GONE:
        return ()
    return value.collected if value.status in TAKEN else value.items


def _wish(asked: Asked, fleet: Fleet) -> str | Mapping[str, Any] | None:
    if asked.slot is not None and fleet.depots:
        parse_slot(asked.slot, fleet.depots[0].zone)  # unreadable is the caller's error, whatever the policy says
    return asked.slot


def _base(asked: Asked, order: Order, now: datetime) -> Return:
    items = Counter[str]()
    for item in asked.items:
        items[item.sku] += item.qty
    return Return(
        ref=asked.ref,
        order_ref=order.ref,
        items=tuple(ReturnItem(sku, qty) for sku, qty in items.items()),
        reason=asked.reason,
        want=asked.want,
        currency=order.currency,
        requested_at=now,
    )


def _refuse(db: Db, base: Return, answer: Refused, *, by: str | None, channel: str) -> Refused:
    rule = str(answer.reason.params.get("statute", ""))
    value = replace(base, status=ReturnStatus.REFUSED, rule=rule, unserved_code=answer.reason.code)
    returns.add_return(db, value, by=by, channel=channel)
    return answer


def _accept(
    db: Db,
    base: Return,
    answer: Eligible,
    customer: Customer,
    wish: str | Mapping[str, Any] | None,
    fleet: Fleet,
    *,
    now: datetime,
    days: int,
) -> tuple[Return, Words | None]:
    value = replace(
        base,
        payer=answer.payer.value,
        rule=answer.statute,
        refund_cents=answer.refund_cents,
        freight_cents=answer.freight_cents,
    )
    depot = nearest_depot(fleet.depots, location_of(customer))
    if depot is None:
        return value, None
    value = replace(value, depot=depot.id)
    slot, moved = _slot(db, value, wish, depot, fleet, now=now, days=days)
    start, end = (slot.start, slot.end) if slot else (None, None)
    return replace(value, slot_from=start, slot_to=end), moved


def _slot(
    db: Db, value: Return, wish: str | Mapping[str, Any] | None, depot: Depot, fleet: Fleet, *, now: datetime, days: int
) -> tuple[Slot | None, Words | None]:
    """The slot asked for, else the next one that can be kept, and why it isn't the one asked for."""
    if wish is None:
        return None, None
    asked = parse_slot(wish, depot.zone)
    checked = _checked(db, value, asked, depot, fleet, now=now, days=days)
    if isinstance(checked, Slot):
        return checked, None
    free = [quote.slot for quote in offers(db, value, fleet, now=now, days=days)]
    later = [slot for slot in free if slot.start >= asked.start] or free
    return (later[0] if later else None), checked.reason


def _checked(
    db: Db, value: Return, asked: Slot, depot: Depot, fleet: Fleet, *, now: datetime, days: int
) -> Slot | Refused:
    """A span that was asked for, if a courier works in it and the day's plan has room for the visit."""
    couriers = fleet.couriers_of(depot.id, local_day(asked.start, depot.zone))
    checked = check_slot(asked, depot, couriers, now=now, days=days)
    if isinstance(checked, Slot) and not has_room(db, value, checked, fleet, now=now):
        return Refused(Words("slot_full", {"from_at": asked.start.isoformat(), "to_at": asked.end.isoformat()}))
    return checked


def reschedule(
    db: Db,
    ref: str,
    slot: str | Mapping[str, Any],
    *,
    policy: Policy,
    fleet: Fleet,
    now: datetime,
    by: str | None = None,
    channel: str = "",
) -> Return | Refused:
    """Agree on another slot for a return that waits for a route; it also lifts the hold after too many failed visits.

    Raises RuleError where the return is unknown or the slot can't be read.
    """
    value = returns.find(db, ref)
    if value is None:
        raise RuleError(f"return: {ref} is unknown")
    depot = fleet.depot(value.depot)
    if value.status not in WAITING_FOR_ROUTE or depot is None:
        return Refused(Words("return_not_waiting", {"return": ref, "status": value.status.value, "way": "ask_desk"}))
    checked = _checked(db, value, parse_slot(slot, depot.zone), depot, fleet, now=now, days=policy.book_days)
    if isinstance(checked, Refused):
        return checked
    returns.set_slot(db, ref, (checked.start, checked.end), now=now, by=by, channel=channel)
    return replace(value, slot_from=checked.start, slot_to=checked.end, unserved_code="", unserved_reason="")


def cancel_return(
    db: Db, ref: str, *, link: Link, now: datetime, by: str | None = None, channel: str = ""
) -> Return | Refused:
    """The customer keeps the goods; its stop, where one is planned, is struck off and the courier told.

    Saying it again changes nothing. Raises RuleError where the return is unknown.
    """
    value = returns.find(db, ref)
    if value is None:
        raise RuleError(f"return: {ref} is unknown")
    if value.status is ReturnStatus.CANCELLED:
        return value
    stop = returns.stop_of_return(db, ref)
    data = {"stop": stop.id, "reason": "cancelled"} if stop else {"reason": "cancelled"}
    cancelled = returns.record(db, ref, ReturnFact(ReturnEvent.CANCELLED, now, by, channel, data))
    if stop and cancelled:
        advance_route(db, stop.route_id, now=now, by=by)
        route = returns.find_route(db, stop.route_id)
        assert route is not None  # a stop refers to its route by a foreign key
        tell(db, route, link, now=now, reason="changed", about=stop.id)
    return cancelled or Refused(Words("return_not_cancellable", {"return": ref, "status": value.status.value}))
