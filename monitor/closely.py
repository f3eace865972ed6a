"""Looking at some shipments more closely: the course of their parcels, and what the customer consented to.

Where a parcel stands is kept; how it came there is read from its events, and only where that can matter: of parcels said to be
delivered or put up for collection, and of those that were scanned often at one place. Nearly all parcels on their way need none of it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from domain.course import course_of
from domain.parcel import Delivered
from domain.shipment import DeliveryWish, ShipmentView
from domain.tracking import Milestone
from monitor.odds import BEFORE
from store import intake, tracking, wishes
from store.base import Db


def seen_closely(db: Db, views: Mapping[int, ShipmentView], *, visits: int, now: datetime) -> dict[int, ShipmentView]:
    """The views, with courses and wish where they can matter. ``visits``: how often a place is passed before that is odd."""
    arrived = {one: view for one, view in views.items() if _arrived(view)}
    moving = {p.id: one for one, view in views.items() if one not in arrived for p in view.parcels if p.state.first_at}
    circling = {moving[parcel_id] for parcel_id in tracking.often_at_one_place(db, list(moving), at_least=visits)}
    early = {one for one, view in views.items() if _early(view)}
    wanted = {one: views[one] for one in sorted(arrived.keys() | circling | early)}
    if not wanted:
        return dict(views)
    ordered = intake.ordered_at(db, sorted({ref for one in early if (ref := views[one].shipment.order_ref)}))
    events = tracking.events_of(db, [parcel.id for view in wanted.values() for parcel in view.parcels])
    wished = wishes.of(db, list(arrived))
    return {**views, **{
        one: replace(
            view,
            courses=tuple(course_of(events[parcel.id], now=now) for parcel in view.parcels),
            door_only=wished.get(one) is DeliveryWish.DOOR,
            ordered_at=ordered.get(view.shipment.order_ref or "") if one in early else None,
        )
        for one, view in wanted.items()
    }}  # fmt: skip


def _early(view: ShipmentView) -> bool:
    """Scanned before its number was uploaded: late uploads, mostly."""
    first = view.state.first_at
    return first is not None and first < view.shipment.created_at - BEFORE


def _arrived(view: ShipmentView) -> bool:
    for parcel in view.parcels:
        if parcel.state.delivered is not Delivered.NO or parcel.state.milestone is Milestone.AWAITING_COLLECTION:
            return True
    return False
