"""What DHL's status codes and words mean.

Five status codes are too coarse to act on, so an ordered table of phrases refines them: the first phrase that is in the
text, and that its status code allows, wins. A code that says nothing (``unknown``, or none at all, as in Express events)
is read by its words alone, and stays unmapped where no phrase fits.
"""

from collections.abc import Mapping
from types import MappingProxyType

from carriers.base import Meaning, Phrase
from domain.tracking import Manner, Milestone, Reason

SPEC = "DHL Shipment Tracking Unified, statusCode (developer.dhl.com)"
EXPRESS = "DHL Express checkpoint texts in unified tracking replies"
PARCEL_DE = "DHL Paket event texts, English and German, in unified tracking replies"
ECOMMERCE = "DHL eCommerce event texts in unified tracking replies"

CODES: Mapping[str, Meaning | None] = MappingProxyType(
    {
        "pre-transit": Meaning(Milestone.ANNOUNCED, SPEC, physical=False),
        "transit": Meaning(Milestone.IN_TRANSIT, SPEC),
        "delivered": Meaning(Milestone.DELIVERED, SPEC),
        "failure": Meaning(Milestone.EXCEPTION, SPEC, Reason.OTHER),
        "unknown": None,
    }
)
"""By statusCode, where no phrase says more."""

_M, _R = Milestone, Reason


def _rows(meaning: Meaning, *phrases: str, unless: tuple[str, ...] = ()) -> tuple[Phrase, ...]:
    return tuple(Phrase(phrase, meaning, unless=unless) for phrase in phrases)


_ANNOUNCED = Meaning(_M.ANNOUNCED, PARCEL_DE, physical=False)
_LABEL = Meaning(_M.ANNOUNCED, ECOMMERCE, physical=False)
_COLLECT = Meaning(_M.AWAITING_COLLECTION, PARCEL_DE)
_MOVING = Meaning(_M.IN_TRANSIT, EXPRESS)

PHRASES: tuple[Phrase, ...] = (
    *_rows(Meaning(_M.CANCELLED, PARCEL_DE, _R.CANCELLED, physical=False), "shipment cancelled", "shipment canceled",
           "has been cancelled", "has been canceled", "storniert"),
    *_rows(_ANNOUNCED, "instruction data", "information received", "electronically announced", "elektronisch angekündigt",
           "announced electronically", "pre-advice"),
    *_rows(_LABEL, "label created", "awaiting shipment", "en route to dhl ecommerce", "electronic notification received"),
    # back to the sender: on its way first, for "being returned" is not "returned"
    *_rows(Meaning(_M.RETURNING, PARCEL_DE), "being returned", "will be returned", "is returned to the sender",
           "return shipment", "on its way back", "return initiated", "return to sender", "return to shipper",
           "wird zurückgesandt", "wird an den absender zurück", "rücksendung", "zurück an den absender"),
    *_rows(Meaning(_M.RETURNED, EXPRESS), "returned to shipper", "returned to sender", "returned to the sender",
           "delivered to the sender", "delivered to shipper", "return delivered", "zurückgegeben", "zurückgestellt"),
    # taken out of a locker or point
    *_rows(Meaning(_M.DELIVERED, PARCEL_DE, manner=Manner.LOCKER), "picked up from the packstation",
           "picked up from packstation", "collected from the locker", "aus der packstation abgeholt",
           "picked up the shipment from the packstation"),
    *_rows(Meaning(_M.DELIVERED, PARCEL_DE, manner=Manner.POINT), "recipient has picked up the shipment",
           "picked up by the recipient", "collected by the recipient", "collected by recipient", "collected by consignee",
           "in der filiale abgeholt", "empfänger hat die sendung"),
    *_rows(Meaning(_M.ATTEMPT_FAILED, EXPRESS, _R.REFUSED), "refused", "delivery not accepted", "annahme verweigert",
           "not accepted by"),
    *_rows(Meaning(_M.ATTEMPT_FAILED, EXPRESS, _R.ABSENT), "no response at consignee", "not at home", "not home",
           "recipient was not", "recipient not present", "consignee not available", "nobody was", "no one was", "absent",
           "nicht angetroffen", "business closed", "consignee premises closed"),
    *(
        Phrase(phrase, Meaning(_M.ATTEMPT_FAILED, PARCEL_DE, _R.ADDRESS), also=("address", "unknown", "adress", "unbekannt"))
        for phrase in ("could not be delivered", "nicht zugestellt werden", "delivery attempt")
    ),
    *_rows(Meaning(_M.EXCEPTION, EXPRESS, _R.ADDRESS), "incorrect address", "incorrect delivery address", "wrong address",
           "address incorrect", "insufficient address", "further consignee information needed",
           "address information needed", "bad address", "adresse unvollständig", "falsche adresse", "unknown at address",
           "consignee moved", "recipient unknown"),
    # "delivered for pick-up" is not delivered
    *_rows(_COLLECT, "ready for pick", "ready for collection", "available for pick", "available for collection",
           "awaiting collection", "awaiting pick", "awaiting consignee collection", "delivered for pick", "held for pick",
           "can be collected", "can be picked up", "zur abholung", "abholbereit", "in die packstation eingestellt",
           "in die packstation gelegt", "awaiting consignor"),
    *_rows(Meaning(_M.ATTEMPT_FAILED, EXPRESS, _R.OTHER), "delivery attempt", "attempted delivery", "attempted to deliver",
           "could not be delivered", "unable to deliver", "not be completed", "nicht zugestellt werden",
           "delivery was not possible", "zustellung nicht möglich", "undeliverable", "unsuccessful delivery",
           unless=("out for second", "second delivery attempt successful", "is being made", "will be")),
    *_rows(Meaning(_M.CUSTOMS, EXPRESS, _R.CUSTOMS), "clearance delay", "held by customs", "customs hold", "held in customs",
           "pending completion of customs", "customs requires", "awaiting customs"),
    *_rows(Meaning(_M.EXCEPTION, EXPRESS, _R.PAYMENT), "awaiting payment", "awaiting for payment", "unpaid", "payment required"),
    *_rows(Meaning(_M.CUSTOMS, EXPRESS), "customs", "clearance", "verzollung", "zoll"),
    *_rows(Meaning(_M.EXCEPTION, EXPRESS, _R.DAMAGED), "damage", "beschädigt"),
    *_rows(Meaning(_M.EXCEPTION, EXPRESS, _R.LOST), "shipment lost", "is lost", "cannot be located", "missing", "verloren"),
    *_rows(Meaning(_M.EXCEPTION, EXPRESS, _R.MISSORTED), "missort", "misrouted", "mis-sorted", "fehlgeleitet"),
    *_rows(Meaning(_M.EXCEPTION, EXPRESS, _R.WEATHER), "weather", "natural disaster", "wetter"),
    *_rows(Meaning(_M.EXCEPTION, EXPRESS, _R.DELAYED), "on hold", "delayed", "delay", "verzögert", "verzögerung"),
    *_rows(Meaning(_M.OUT_FOR_DELIVERY, EXPRESS), "out with courier", "with delivery courier", "with courier",
           "out for delivery", "out for second delivery", "loaded onto the delivery vehicle",
           "loaded onto delivery vehicle", "zustellfahrzeug", "on the delivery vehicle", "attempt at delivery is being made"),
    *_rows(Meaning(_M.TRANSFERRED, ECOMMERCE), "tendered to delivery service provider", "tendered to final",
           "transferred to delivery partner", "handed over to the delivery partner",
           "handed over to the delivery organization"),
    *_rows(Meaning(_M.AT_DESTINATION, EXPRESS), "arrived at dhl delivery facility", "arrived at delivery facility",
           "destination parcel center", "destination parcel centre", "prepared for delivery", "delivery depot", "delivery base",
           "arrival at post office", "arrival destination dhl", "ziel-paketzentrum", "zustellbasis",
           "local distribution cent", "zielregion"),
    # an order for a pickup, before the pickup itself
    *_rows(_ANNOUNCED, "pickup scheduled", "will be picked up", "pick-up has been ordered", "pending pickup"),
    *_rows(Meaning(_M.PICKED_UP, EXPRESS), "shipment picked up", "picked up", "shipment accepted", "shipment has been posted",
           "dropped off", "handed in", "eingeliefert", "abgeholt", "package received at dhl", "posted by the sender"),
    *_rows(_MOVING, "arrived", "arrival", "departed", "departure", "processed", "processing", "forwarded", "in transit",
           "transported", "transportiert", "bearbeitet", "eingetroffen", "sort facility", "en route", "close bag",
           "transferred", "scheduled for delivery"),
    *_rows(Meaning(_M.DELIVERED, PARCEL_DE), "delivered", "zugestellt", "second delivery attempt successful"),
)  # fmt: skip
"""In order; texts are compared in lower case. The English texts are Express's, Paket's and eCommerce's own."""

_FAILURES = frozenset(
    {_M.ATTEMPT_FAILED, _M.EXCEPTION, _M.RETURNING, _M.RETURNED, _M.CANCELLED, _M.AWAITING_COLLECTION, _M.CUSTOMS}
)
ALLOWED: Mapping[str, frozenset[Milestone]] = MappingProxyType(
    {
        "pre-transit": frozenset({_M.ANNOUNCED, _M.CANCELLED}),
        "transit": frozenset(_M) - {_M.DELIVERED},
        "delivered": frozenset({_M.DELIVERED, _M.RETURNED, _M.AWAITING_COLLECTION}),
        "failure": _FAILURES,
    }
)
"""What the words may make of a status code: never a delivery of what is in transit, nor progress of a failure."""

MANNERS: tuple[tuple[Manner, tuple[str, ...]], ...] = (
    (Manner.NEIGHBOUR, ("neighbour", "neighbor", "nachbar")),
    (Manner.LOCKER, ("packstation", "locker", "poststation")),
    (Manner.POINT, ("parcelshop", "parcel shop", "servicepoint", "service point", "retail outlet", "post office", "filiale",
                    "paketshop")),
    (Manner.SAFE_PLACE, ("safe place", "ablageort", "wunschort", "letterbox", "letter box", "mailbox", "mail box",
                         "briefkasten", "drop-off location", "preferred location", "front door", "porch", "garage",
                         "left at", "left in")),
    (Manner.AGENT, ("reception", "concierge", "mail room", "mailroom", "front desk")),
    (Manner.SELF, ("to the recipient", "to recipient", "handed to resident", "an den empfänger", "persönlich")),
)  # fmt: skip
"""Words of a delivery's text (PARCEL_DE, ECOMMERCE); first fit wins."""


def meaning_of(code: str, text: str) -> Meaning | None:
    """The most exact row for a status code and its words; None where neither says anything."""
    said = text.lower()
    allowed = ALLOWED.get(code, frozenset(_M) if code in {"", "unknown"} else frozenset())
    found = next((row.meaning for row in PHRASES if row.meaning.milestone in allowed and row.fits(said)), None)
    return found or CODES.get(code)


def manner_in(text: str) -> Manner | None:
    said = text.lower()
    return next((manner for manner, words in MANNERS if any(word in said for word in words)), None)
