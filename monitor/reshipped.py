"""Parcels that are sent again: watched on the case that they make good, and what to do when the first one turns up."""

from collections.abc import Mapping
from datetime import datetime

from domain.case import CaseEvent, CaseFact
from domain.parcel import Delivered
from domain.shipment import ShipmentView
from monitor import alerts
from store import cases, reships
from store.base import Db
from store.reships import Original, Reship


def look(db: Db, views: Mapping[int, ShipmentView], *, now: datetime) -> set[int]:
    """Say on their cases what became of parcels that are sent again and of the first ones. Returns the cases that their first
    parcel no longer ends, because a second one is on its way.
    """
    ids = list(views)
    for shipment_id, reship in reships.on_the_way(db, ids).items():
        if views[shipment_id].state.delivered is Delivered.YES:
            _note(db, reship, CaseEvent.RESHIP_ARRIVED, "arrived", views[shipment_id], now=now)
    kept = set()
    for shipment_id, originals in reships.originals(db, ids).items():
        for one in originals:
            if turned_up(one, views[shipment_id]):
                _note(db, one.reship, CaseEvent.TURNED_UP, "turned_up", views[shipment_id], now=now)
            if one.reship.case_id is not None:
                kept.add(one.reship.case_id)
    return kept


def turned_up(one: Original, view: ShipmentView) -> bool:
    """Whether we heard that somebody had the first parcel in hand since the second one was instructed; said once."""
    at = view.state.last_physical_at
    return one.turned_up_at is None and at is not None and (one.known_at is None or at > one.known_at)


def _note(db: Db, reship: Reship, event: CaseEvent, name: str, view: ShipmentView, *, now: datetime) -> None:
    reships.record(db, reship.instruction_id, name, at=now, shipment_id=view.shipment.id, by=None, channel="")
    data = {"instruction": reship.instruction_id, "number": view.shipment.number}
    milestone = view.state.milestone
    say(db, reship, CaseFact(event, now, data=data | ({"milestone": milestone.value} if milestone else {})))


def link(db: Db, reship: Reship, view: ShipmentView, *, now: datetime, by: str | None, channel: str) -> None:
    """The new parcel has a number: from now on its way is on the case."""
    shipment = view.shipment
    reships.record(db, reship.instruction_id, "sent", at=now, shipment_id=shipment.id, by=by, channel=channel)
    data = {"instruction": reship.instruction_id, "number": shipment.number, "carrier": shipment.carrier}
    say(db, reship, CaseFact(CaseEvent.RESHIPPED, now, by, channel, data=data))


def say(db: Db, reship: Reship, fact: CaseFact) -> None:
    if reship.case_id is not None:
        alerts.say(db, cases.add(db, reship.case_id, fact), fact.event.value, now=fact.at)
