"""Route phrases of the carriers abroad, in English, as interCom legs pass them through Kuaidi100 and Kuaidiniao.

The last part of the ordered table in carriers/kuaidi100_phrases.py. Only words that leave nothing open stand here, in the
spellings in which the firms write them; a text in another language stays unmapped.
"""

from carriers.base import Meaning
from carriers.kuaidi100_troubles import rows
from carriers.phrases import Phrase
from domain.tracking import Manner, Milestone, Reason

USPS = "USPS status texts (Delivered, Out for Delivery, Processed Through Facility, Notice Left), Publication 199"
ABROAD = "usual English wording of the postal and express firms abroad, not met in a recorded text"

_NOT_YET = ("not delivered", "Not Delivered", "to be delivered", "Undelivered")

ABROAD_TEXTS: tuple[Phrase, ...] = (
    *rows(Meaning(Milestone.RETURNED, USPS), "Delivered, To Original Sender", "Returned to shipper"),
    *rows(Meaning(Milestone.RETURNING, USPS), "Return to Sender", "Returned to Sender"),
    *rows(Meaning(Milestone.RETURNING, ABROAD), "Return to sender", "Returning to sender", "Returned to sender"),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, ABROAD, Reason.REFUSED), "Refused", "refused"),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, USPS, Reason.ABSENT), "No Authorized Recipient"),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, ABROAD, Reason.ABSENT), "not home", "not at home", "Nobody at home"),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, USPS, Reason.ADDRESS), "Insufficient Address", "No Such Number"),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, ABROAD, Reason.ADDRESS), "Incorrect address", "Addressee unknown"),
    *rows(
        Meaning(Milestone.ATTEMPT_FAILED, USPS, Reason.OTHER), "Notice Left", "Delivery Attempted", "Delivery Attempt"
    ),
    *rows(
        Meaning(Milestone.ATTEMPT_FAILED, ABROAD, Reason.OTHER),
        *("Attempted delivery", "Delivery attempt", "Unsuccessful delivery", "Unable to deliver"),
    ),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, USPS), "Available for Pickup"),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, ABROAD), "vailable for pickup", "eady for collection"),
    *rows(Meaning(Milestone.CUSTOMS, USPS, Reason.CUSTOMS), "Held in Customs"),
    *rows(Meaning(Milestone.CUSTOMS, ABROAD, Reason.CUSTOMS), "Held in customs", "Held by customs"),
    *rows(Meaning(Milestone.CUSTOMS, USPS), "Customs"),
    *rows(Meaning(Milestone.CUSTOMS, ABROAD), "customs"),
    *rows(Meaning(Milestone.OUT_FOR_DELIVERY, USPS), "Out for Delivery"),
    *rows(Meaning(Milestone.OUT_FOR_DELIVERY, ABROAD), "Out for delivery", "With delivery courier"),
    *rows(Meaning(Milestone.DELIVERED, USPS), "Delivered", unless=_NOT_YET),
    *rows(Meaning(Milestone.DELIVERED, ABROAD), "DELIVERED", "Successfully delivered"),
    *rows(Meaning(Milestone.AT_DESTINATION, USPS), "Arrived at Unit", "Arrived at Post Office", "Sorting Complete"),
    *rows(
        Meaning(Milestone.ANNOUNCED, USPS, physical=False),
        *("Shipping Label Created", "Pre-Shipment", "Shipment Received, Package Acceptance Pending"),
    ),
    *rows(Meaning(Milestone.ANNOUNCED, ABROAD, physical=False), "Shipment information", "Label created"),
    *rows(Meaning(Milestone.PICKED_UP, USPS), "USPS in possession of item", "Accepted at"),
    *rows(Meaning(Milestone.PICKED_UP, ABROAD), "Shipment picked up", "Picked up from sender"),
    *rows(Meaning(Milestone.IN_TRANSIT, USPS), "Processed", "Departed", "Arrived", "Arriving", "In Transit"),
    *rows(Meaning(Milestone.IN_TRANSIT, ABROAD), "In transit", "Depart from", "Arrival at", "Departure from"),
)

ABROAD_MANNERS: tuple[tuple[Manner, tuple[str, ...]], ...] = (
    (Manner.LOCKER, ("Locker", "locker")),
    (Manner.NEIGHBOUR, ("Neighbor", "Neighbour", "neighbor", "neighbour")),
    (Manner.POINT, ("Picked Up at", "PO Box", "Postal Facility")),
    (Manner.AGENT, ("Agent", "Front Desk", "Reception", "Mail Room")),
    (Manner.SAFE_PLACE, ("Mailbox", "Porch", "Front Door", "Garage")),
)
"""Whose hands a delivery's text names, by USPS's own delivery texts."""
