"""A carrier takes a return's goods to the warehouse: the parcel is watched like any other, on its way back."""

from dataclasses import replace
from datetime import datetime

from domain.errors import RuleError
from domain.pickup import WAITING_FOR_ROUTE, ReturnEvent
from domain.tracking import Leg
from doorstep.house import House
from doorstep.intake import parse_shipment
from doorstep.sources import source_of
from doorstep.taking import carrier_names, watch_shipment, whose
from store import checkins, returns
from store.base import Db
from store.returns import ReturnFact


def hand_over(
    db: Db, house: House, ref: str, carrier: str, number: str, *, now: datetime, by: str | None, channel: str
) -> int:
    """Write the parcel and whose goods are in it; a return that waited for a courier goes by carrier from now on. Returns the
    shipment's id. Raises RuleError with what is wrong with the return, the carrier or the number.
    """
    value = returns.find(db, ref)
    if value is None:
        raise RuleError(f"return: {ref} is unknown")
    shipment = parse_shipment(
        {"carrier": carrier, "number": number, "order": value.order_ref}, now,
        lambda name: source_of(house.settings, name), whose=lambda text: whose(house.settings, text),
        zone=house.settings.zone, carrier_names=carrier_names,
    )  # fmt: skip
    written = watch_shipment(house, db, replace(shipment, leg=Leg.RETURN.value), by=by, channel=channel, now=now)
    if not written.created:
        raise RuleError(f"number: {number} is another parcel's; look at the label again")
    if value.status in WAITING_FOR_ROUTE:
        returns.record(db, ref, ReturnFact(ReturnEvent.BY_CARRIER, now, by, channel, {"way": "carrier"}))
    checkins.bring(db, ref, int(written.id), now=now, by=by, channel=channel)
    return int(written.id)
