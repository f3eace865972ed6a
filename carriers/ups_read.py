"""A reply of UPS's Track API as readings: its shipments, their packages and their promises. For the UPS adapter only."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from carriers.base import json_of, missing_since, raise_for_status, same_number, text_of
from carriers.place_zones import zone_of
from carriers.times import naive_time
from carriers.ups_errors import HISTORY, failure
from carriers.ups_events import address_at, dated_as, events_of
from carriers.ups_times import iso_clock, spot_of
from carriers.ups_wire import ID, Address, DeliveryTime, Fault, Package, Reply, Shipment
from domain.errors import UnreadableReply
from domain.parcel import ELECTRONIC, order_key
from domain.tracking import (
    Ask,
    Failed,
    Found,
    Leg,
    Milestone,
    NotFound,
    ParcelReading,
    Reading,
    ScanEvent,
    Zone,
)
from net.http import HttpReply

ENVELOPE_STATUSES = frozenset({200, 207, 400, 404, 422})
"""Statuses whose body says more than the status; 207 is "not found for all numbers" of older specifications (issue 49)."""


def read(reply: HttpReply, asks: Sequence[Ask], now: datetime) -> list[Reading]:
    """One reading per ask: the packages of its shipments, or why there are none."""
    raise_for_status(ID, reply, ok=ENVELOPE_STATUSES)
    whole = json_of(reply.body, Reply)
    faults = (whole.response.errors if whole.response else None) or whole.errors
    if faults:
        return [failure(faults, reply, ask, now) for ask in asks]
    shipments = (whole.track_response.shipment if whole.track_response else None) or []
    if not shipments:
        raise_for_status(ID, reply)
    return [_reading(shipments, reply, ask, now) for ask in asks]


def _reading(shipments: Sequence[Shipment], reply: HttpReply, ask: Ask, now: datetime) -> Reading:
    mine = [shipment for shipment in shipments if _mentions(shipment, ask.number)]
    packages = [package for shipment in mine for package in shipment.package or ()]
    known = [(package, events) for package in packages if (events := events_of(package))]
    if known:
        return Found(_parcels(known, ask.number), promised_at=_promise(package for package, _ in known))
    faults = [fault for shipment in mine for fault in shipment.warnings or () if fault != Fault()]
    if faults:
        return failure(faults, reply, ask, now)
    if mine and any(text_of(s.inquiry_number) for s in mine):
        return NotFound(missing_since(ask, now, HISTORY))
    return Failed(UnreadableReply(ID, f"the reply doesn't mention {ask.number}"))


def _mentions(shipment: Shipment, number: str) -> bool:
    """A shipment with nothing but a warning names no number: one is asked per call, so it speaks of that one."""
    names = [shipment.inquiry_number, *(name for package in shipment.package or () for name in _names(package))]
    if not any(text_of(name) for name in names):
        return bool(shipment.warnings) and not shipment.package
    return any(same_number(name, number) for name in names)


def _names(package: Package) -> list[str]:
    others = (*(package.alternate_tracking_number or ()), *(package.reference_number or ()))
    return [text_of(package.tracking_number), *(text_of(other.number) for other in others)]


def _parcels(known: Iterable[tuple[Package, tuple[ScanEvent, ...]]], number: str) -> tuple[ParcelReading, ...]:
    """One parcel per package number, the one that was asked for first. The number is the identity; a parcel that is alone
    under its own number needs none.
    """
    parcels: dict[str, tuple[ScanEvent, ...]] = {}
    for package, events in known:
        own = text_of(package.tracking_number).strip()
        parcels[own] = parcels.get(own, ()) + events
    alone = len(parcels) == 1
    return tuple(
        ParcelReading(number, events, None if alone and same_number(own, number) else own or None, leg_of(events))
        for own, events in sorted(parcels.items(), key=lambda row: not same_number(row[0], number))
    )


def leg_of(events: Sequence[ScanEvent]) -> Leg:
    """A record that begins with the return is a return leg; a parcel that turns on its way keeps its leg."""
    moves = sorted((event for event in events if event.milestone not in ELECTRONIC), key=order_key)
    return Leg.RETURN if moves and moves[0].milestone is Milestone.RETURNING else Leg.OUT


# --- promises ---

END_OF_DAY = "23:59:59"


def _promise(packages: Iterable[Package]) -> datetime | None:
    """The latest promised end: the rescheduled date before the scheduled one, until the end of its window or day, in the
    destination's zone.
    """
    promises = [_promised(package) for package in packages]
    return max((at for at in promises if at), default=None)


def _promised(package: Package) -> datetime | None:
    window = package.delivery_time or DeliveryTime()
    ends = "" if text_of(window.type).strip().upper() in {"EOD", "DEL"} else text_of(window.end_time)
    return end_of(dated_as(package, "RDD") or dated_as(package, "SDD"), ends, address_at(package, "DESTINATION"))


def end_of(date: str, ends: str, place: Address) -> datetime | None:
    city, state, country = spot_of(place)
    zone = zone_of(country, state, city)
    if not date or zone is None:
        return None
    return naive_time(f"{date} {iso_clock(ends) or END_OF_DAY}", zone, Zone.ASSUMED_PLACE).at
