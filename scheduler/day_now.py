"""What the store knows of a running day: its routes, what their couriers said, what was promised, what may still join."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.booking import Quote
from domain.place import Location
from domain.returns import Return, Route, Stop
from scheduler.batching import Batch, home
from scheduler.day import Visit, nobody_for
from scheduler.dispatch import CURRENCY, carrier_price
from scheduler.places.found import is_rough
from scheduler.plan_types import Depot, Fleet, Slot, at_local, local_day
from scheduler.progress import DECLINED, DISPATCHED, UNDER_WAY
from scheduler.reports import NOTHING, Said, said_of
from scheduler.under_way import Running, may_join, slot_of, tour_of
from store import bookings, facts, pickup_quotes, replans, returns, rosters
from store.base import Db
from store.replans import Door


def gather(
    db: Db, depot: Depot, fleet: Fleet, waiting: Sequence[Return], *, carrier_cents: int | None, now: datetime
) -> Running | None:
    """A depot's running day, None where no route is under way or ahead."""
    today = local_day(now, depot.zone)
    found = [r for r in returns.routes_of_day(db, today.isoformat()) if r.depot == depot.id]
    routes = [r for r in found if r.status != DECLINED]
    running, later = running_of(routes)
    if not running:
        return None
    batch = Batch(depot, today, at_local(today, depot.cut_off, depot.zone), ())
    said = said_in(db, routes)
    doors = replans.doors(db, [stop.return_ref for route in running for stop in route.stops])
    held = {s.return_ref: held_of(doors[s.return_ref].value, r) for r in running for s in r.stops if s.ended_at is None}
    tours = tuple(tour_of(r, depot.location, held, now=now, said=said.get(r.courier, NOTHING)) for r in running)
    visits = {s.return_ref: _visit(doors[s.return_ref], s) for tour in tours for s in tour.ahead}
    joining = _joining(db, batch, fleet, waiting, carrier_cents=carrier_cents, now=now)
    held |= {ref: slot_of(visit.value) for ref, visit in joining.items()}
    driving = {route.courier for route in running}
    back = {r.courier: r.return_at for r in sorted(routes, key=lambda r: r.return_at) if r.courier not in driving}
    out = {name for name, one in said.items() if one.out} | {r.courier for r in found if r.status == DECLINED}
    out |= rosters.away_on(db, today.isoformat()) - driving
    carried = {stop.id: doors[stop.return_ref].goods for tour in tours for stop, _ in tour.past}
    return Running(batch, tours, visits | joining, held, tuple(joining), tuple(later), back, frozenset(out), carried)


def running_of(routes: Sequence[Route]) -> tuple[list[Route], list[Route]]:
    """Each courier's first route that isn't over, and those that they drive after it."""
    running: dict[str, Route] = {}
    later = []
    for route in sorted(routes, key=lambda r: (r.depart_at, r.id)):
        if route.status not in {DISPATCHED, UNDER_WAY}:
            continue
        if route.courier in running:
            later.append(route)
        else:
            running[route.courier] = route
    return list(running.values()), later


def said_in(db: Db, routes: Sequence[Route]) -> dict[str, Said]:
    """What each courier said of their routes of a day, the last word counting. A full vehicle is empty again after its route."""
    histories = facts.histories(db, "route", [route.id for route in routes])
    found: dict[str, Said] = {}
    for route in sorted(routes, key=lambda r: (r.depart_at, r.id)):
        said = said_of(histories[route.id])
        before = found.get(route.courier, NOTHING)
        found[route.courier] = replace(said, out=said.out or before.out)
    return found


def held_of(value: Return, route: Route) -> Slot | None:
    """What a return was promised, and could still be when its route was sent."""
    slot = slot_of(value)
    return slot if slot and slot.end > route.dispatched_at else None


def _visit(door: Door, stop: Stop) -> Visit:
    return _at(door, Location(lat=stop.lat, lon=stop.lon))


def _joining(
    db: Db, batch: Batch, fleet: Fleet, waiting: Sequence[Return], *, carrier_cents: int | None, now: datetime
) -> dict[str, Visit]:
    """What waits and may ride today after all."""
    mine = [v for v in waiting if home(v, fleet.depots) == batch.depot.id]
    last = replans.last_stops(db, [v.ref for v in mine])
    refs = [v.ref for v in mine if may_join(v, batch, last.get(v.ref), now=now)]
    booked = bookings.in_hand(db, refs)
    doors = replans.doors(db, [ref for ref in refs if ref not in booked])
    quotes = pickup_quotes.best(db, list(doors), currency=CURRENCY, now=now)
    visits = {
        ref: _candidate(door, door.location, quotes.get(ref), carrier_cents)
        for ref, door in sorted(doors.items())
        if door.location
    }
    return {ref: visit for ref, visit in visits.items() if not nobody_for(visit.district, visit.door, batch, fleet)}


def _candidate(door: Door, at: Location, quote: Quote | None, carrier_cents: int | None) -> Visit:
    cents = carrier_price(door.value, quote, carrier_cents)
    return replace(_at(door, at), carrier_cents=cents)


def _at(door: Door, place: Location) -> Visit:
    return Visit(door.value, place, door.district, rough=is_rough(door.located), goods=door.goods)
