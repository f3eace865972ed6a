"""What 17TRACK's sub-statuses, stages and main statuses mean, and its numbers for carriers.

A sub-status that no table knows stays unmapped, whatever its stage says: 17TRACK adds new ones.
"""

from collections.abc import Mapping
from types import MappingProxyType

from carriers.base import Meaning
from carriers.carrier_tables import AmbiguousCarrierError, house_carrier
from domain.tracking import Milestone, Reason

DOC = "17TRACK API v2.4 documentation, sub-status table"
STAGE = "17TRACK API v2.4 documentation, key stages"
MAIN = "17TRACK API v2.4 documentation, main statuses"
SEEN = "China Post histories read through 17TRACK v2.4 (public test data)"

SUB_STATUSES: Mapping[str, Meaning] = MappingProxyType(
    {
        "NotFound_Other": Meaning(Milestone.INFO, DOC, physical=False),
        "NotFound_InvalidCode": Meaning(Milestone.INFO, DOC, physical=False),
        "InfoReceived": Meaning(Milestone.ANNOUNCED, DOC, physical=False),
        "InTransit_PickedUp": Meaning(Milestone.PICKED_UP, DOC, physical=True),
        "InTransit_Other": Meaning(Milestone.IN_TRANSIT, DOC),
        "InTransit_Departure": Meaning(Milestone.IN_TRANSIT, DOC),  # left the port of the country of origin
        "InTransit_Arrival": Meaning(
            Milestone.IN_TRANSIT, DOC
        ),  # at the port of the destination country, customs ahead
        "InTransit_TransportArrived": Meaning(Milestone.IN_TRANSIT, SEEN),
        "InTransit_TransportDeparted": Meaning(Milestone.IN_TRANSIT, SEEN),
        "InTransit_CustomsProcessing": Meaning(Milestone.CUSTOMS, DOC),
        "InTransit_CustomsReleased": Meaning(Milestone.CUSTOMS, DOC),
        "InTransit_CustomsRequiringInformation": Meaning(Milestone.CUSTOMS, DOC, Reason.CUSTOMS),
        "Expired_Other": Meaning(Milestone.EXCEPTION, DOC, Reason.DELAYED, physical=False),  # silent for too long
        "AvailableForPickup_Other": Meaning(Milestone.AWAITING_COLLECTION, DOC),
        "OutForDelivery_Other": Meaning(Milestone.OUT_FOR_DELIVERY, DOC),
        "DeliveryFailure_Other": Meaning(Milestone.ATTEMPT_FAILED, DOC, Reason.OTHER),
        "DeliveryFailure_NoBody": Meaning(Milestone.ATTEMPT_FAILED, DOC, Reason.UNREACHABLE),
        "DeliveryFailure_Security": Meaning(Milestone.ATTEMPT_FAILED, DOC, Reason.SECURITY),
        "DeliveryFailure_Rejected": Meaning(Milestone.ATTEMPT_FAILED, DOC, Reason.REFUSED),
        "DeliveryFailure_InvalidAddress": Meaning(Milestone.ATTEMPT_FAILED, DOC, Reason.ADDRESS),
        "Delivered_Other": Meaning(Milestone.DELIVERED, DOC),
        "Exception_Other": Meaning(Milestone.EXCEPTION, DOC, Reason.OTHER),
        "Exception_Returning": Meaning(Milestone.RETURNING, DOC),
        "Exception_Returned": Meaning(Milestone.RETURNED, DOC),
        "Exception_NoBody": Meaning(Milestone.EXCEPTION, DOC, Reason.UNREACHABLE),
        "Exception_Security": Meaning(Milestone.EXCEPTION, DOC, Reason.SECURITY),
        "Exception_Damage": Meaning(Milestone.EXCEPTION, DOC, Reason.DAMAGED),
        "Exception_Rejected": Meaning(Milestone.EXCEPTION, DOC, Reason.REFUSED),
        "Exception_Delayed": Meaning(Milestone.EXCEPTION, DOC, Reason.DELAYED),
        "Exception_Lost": Meaning(Milestone.EXCEPTION, DOC, Reason.LOST),
        "Exception_Destroyed": Meaning(Milestone.EXCEPTION, DOC, Reason.DESTROYED),
        "Exception_Cancel": Meaning(Milestone.CANCELLED, DOC, Reason.CANCELLED),
    }
)
"""DeliveryFailure_X was seen at the door, Exception_X before it."""

STAGES: Mapping[str, Meaning] = MappingProxyType(
    {
        "InfoReceived": Meaning(Milestone.ANNOUNCED, STAGE, physical=False),
        "PickedUp": Meaning(Milestone.PICKED_UP, STAGE, physical=True),
        "Departure": Meaning(Milestone.IN_TRANSIT, STAGE),
        "Arrival": Meaning(Milestone.IN_TRANSIT, STAGE),
        "CustomsProcessing": Meaning(Milestone.CUSTOMS, STAGE),
        "CustomsReleased": Meaning(Milestone.CUSTOMS, STAGE),
        "CustomsRequiringInformation": Meaning(Milestone.CUSTOMS, STAGE, Reason.CUSTOMS),
        "AvailableForPickup": Meaning(Milestone.AWAITING_COLLECTION, STAGE),
        "OutForDelivery": Meaning(Milestone.OUT_FOR_DELIVERY, STAGE),
        "Delivered": Meaning(Milestone.DELIVERED, STAGE),
        "Returning": Meaning(Milestone.RETURNING, STAGE),
        "Returned": Meaning(Milestone.RETURNED, STAGE),
    }
)
"""For an event without a sub-status only."""

STATUSES: Mapping[str, Meaning] = MappingProxyType(
    {
        "InfoReceived": Meaning(Milestone.ANNOUNCED, MAIN, physical=False),
        "InTransit": Meaning(Milestone.IN_TRANSIT, MAIN),
        "Expired": Meaning(Milestone.EXCEPTION, MAIN, Reason.DELAYED, physical=False),
        "AvailableForPickup": Meaning(Milestone.AWAITING_COLLECTION, MAIN),
        "OutForDelivery": Meaning(Milestone.OUT_FOR_DELIVERY, MAIN),
        "DeliveryFailure": Meaning(Milestone.ATTEMPT_FAILED, MAIN, Reason.OTHER),
        "Delivered": Meaning(Milestone.DELIVERED, MAIN),
        "Exception": Meaning(Milestone.EXCEPTION, MAIN, Reason.OTHER),
    }
)
"""For a list of parcels, which names the main status only."""


def stage_meaning(stage: str) -> Meaning | None:
    """What a stage says of an event without a sub-status; older lists write the sub-status there."""
    return STAGES.get(stage) or SUB_STATUSES.get(stage)


def carrier_number(carrier: str) -> int | None:
    """17TRACK's number of a carrier, by any of its names or the house's id; a number stays one. None where no carrier or
    several bear the name: 17TRACK guesses then.
    """
    name = carrier.strip()
    if name.isascii() and name.isdigit() and len(name) <= MAX_DIGITS:
        return int(name) or None
    try:
        found = house_carrier(name)
    except AmbiguousCarrierError:
        return None
    return found.track17 if found else None


MAX_DIGITS = 9
"""Digits of a carrier's number: they have four to six."""
