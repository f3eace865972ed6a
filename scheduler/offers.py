"""Slots as customers are offered them: read from the store, quoted against what is promised; and a new one after a no-show."""

from collections.abc import Sequence
from datetime import datetime

from domain.pickup import WAITING_FOR_ROUTE
from domain.returns import Return, Stop
from domain.shipment import Customer
from scheduler.day import Visit
from scheduler.depots import location_of, nearest_depot
from scheduler.dispatch import visit_of
from scheduler.plan_types import Depot, Fleet, Slot, local_day
from scheduler.quotes import Quote, quote_slots
from scheduler.slots import open_slots
from store import intake, returns
from store.base import Db
from store.promised import promised

NO_SHOW = "no_show"
"""The channel under which a new slot is kept that nobody asked for."""


def offers(db: Db, value: Return, fleet: Fleet, *, now: datetime, days: int) -> tuple[Quote, ...]:
    """The slots that a return can have and that can be kept. Where nobody knows where the customer lives, () : nobody can promise."""
    found = _visit(db, value, fleet)
    if found is None:
        return ()
    visit, depot = found
    slots = open_slots(depot, fleet.couriers_of(depot.id, local_day(now, depot.zone)), now=now, days=days)
    return quote_slots(slots, visit, promised(db, depot.id, now=now), fleet, depot)


def has_room(db: Db, value: Return, slot: Slot, fleet: Fleet, *, now: datetime) -> bool:
    """Does the visit fit into that day's plan in this span? Yes, where nobody knows where the customer lives: it can't be tried."""
    found = _visit(db, value, fleet)
    if found is None:
        return True
    visit, depot = found
    return bool(quote_slots([slot], visit, promised(db, depot.id, now=now), fleet, depot))


def _visit(db: Db, value: Return, fleet: Fleet) -> tuple[Visit, Depot] | None:
    """The visit at a return's door, and the depot that it is fetched from."""
    order = intake.find_order(db, value.order_ref)
    location = location_of(order.customer) if order else None
    depot = (fleet.depot(value.depot) if value.depot else None) or nearest_depot(fleet.depots, location)
    if order is None or location is None or depot is None:
        return None
    return visit_of(value, order, location), depot


def is_offered(quotes: Sequence[Quote], slot: Slot) -> bool:
    return any(quote.slot == slot for quote in quotes)


def depot_of(fleet: Fleet, customer: Customer) -> Depot | None:
    return nearest_depot(fleet.depots, location_of(customer))


def give_new_slots(db: Db, missed: Sequence[str], fleet: Fleet, *, now: datetime, days: int) -> int:
    """After a no-show each return gets the next slot that can be kept, unasked; the apology tells it. Returns how many did.

    ``missed``: the stops' ids. Where no slot is free the return goes on waiting for the next plan.
    """
    return sum(_give(db, stop, fleet, now, days) for one in missed if (stop := returns.find_stop(db, one)) is not None)


def _give(db: Db, stop: Stop, fleet: Fleet, now: datetime, days: int) -> bool:
    slot = next_slot(db, stop.return_ref, fleet, now=now, days=days)
    if slot is not None:
        returns.set_slot(db, stop.return_ref, (slot.start, slot.end), now=now, by=None, channel=NO_SHOW)
    return slot is not None


def next_slot(db: Db, ref: str, fleet: Fleet, *, now: datetime, days: int) -> Slot | None:
    """The first slot that a waiting return can have and that can be kept."""
    value = returns.find(db, ref)
    if value is None or value.status not in WAITING_FOR_ROUTE:
        return None
    free = offers(db, value, fleet, now=now, days=days)
    return min((quote.slot for quote in free), key=lambda slot: slot.start, default=None)
