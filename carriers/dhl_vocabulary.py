"""What DHL's status codes and words mean.

Five status codes are too coarse to act on. The ``status`` field refines them where it is a code itself (``dhl_statuses``),
else an ordered table of phrases does: the first phrase that is in the text, and that the status code allows, wins. A code
that says nothing (``unknown``, or none at all, as in Express events) is read by its words alone, and stays unmapped where no
phrase fits.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

from carriers.base import Meaning
from carriers.dhl_statuses import NUMBERED, STATUSES
from carriers.phrases import Phrase
from carriers.plain_words import FAILED, first_words, plain_words, sharpened
from domain.tracking import Manner, Milestone, Reason

SPEC = "DHL Shipment Tracking Unified, statusCode (developer.dhl.com)"
EXPRESS = "DHL Express checkpoint texts in unified tracking replies"
PARCEL_DE = "DHL Paket event texts, English and German, in unified tracking replies"
ECOMMERCE = "DHL eCommerce event texts in unified tracking replies"
POINTS = "DHL ServicePoint and Packstation texts (documents only)"
POST_DE = "Deutsche Post registered mail status texts (documents only)"

CODES: Mapping[str, Meaning | None] = MappingProxyType(
    {
        "pre-transit": Meaning(Milestone.ANNOUNCED, SPEC, physical=False),
        "transit": Meaning(Milestone.IN_TRANSIT, SPEC),
        "delivered": Meaning(Milestone.DELIVERED, SPEC),
        "failure": Meaning(Milestone.EXCEPTION, SPEC, Reason.OTHER),
        "unknown": None,
    }
)
"""By statusCode, where nothing else says more."""

_M, _R = Milestone, Reason
_NOT = ("not be", "nicht", "not possible")


def _rows(meaning: Meaning, *phrases: str, unless: tuple[str, ...] = ()) -> tuple[Phrase, ...]:
    return tuple(Phrase(phrase, meaning, unless=unless) for phrase in phrases)


_ANNOUNCED = Meaning(_M.ANNOUNCED, PARCEL_DE, physical=False)
_LABEL = Meaning(_M.ANNOUNCED, ECOMMERCE, physical=False)
_PICKED_UP = Meaning(_M.PICKED_UP, EXPRESS)
_COLLECT = Meaning(_M.AWAITING_COLLECTION, PARCEL_DE)
_AT_POINT = Meaning(_M.AWAITING_COLLECTION, POINTS)
_MOVING = Meaning(_M.IN_TRANSIT, EXPRESS)
_FAILED = Meaning(_M.ATTEMPT_FAILED, EXPRESS, _R.OTHER)
_BACK = Meaning(_M.RETURNING, PARCEL_DE)

_NOT_HOME = ("not at home", "not home", "was not available", "nicht angetroffen", "nicht zu hause")
_TO_POINT = (
    "delivered to servicepoint", "delivered to the servicepoint", "delivered to a servicepoint",
    "delivered to dhl servicepoint", "delivered to a dhl servicepoint", "delivered to parcelshop",
    "delivered to the parcelshop", "delivered to a parcelshop", "delivered at parcelshop",
    "delivered to the retail outlet", "delivered to a retail outlet", "delivered to packstation",
    "delivered to the packstation", "delivered to a packstation", "delivered to a parcel locker",
    "delivered to the parcel locker",
)  # fmt: skip
_BROUGHT = ("will be brought to", "is being brought to", "wird zur abholung in", "zur abholung in die filiale gebracht")

PHRASES: tuple[Phrase, ...] = (
    # what the recipient asked for, before the words that it is made of
    *_rows(Meaning(_M.INFO, PARCEL_DE, physical=False), "vorgemerkt", "wurde gewählt", "liefertag wurde storniert",
           "delivery day has been cancel", "has been selected", "was selected", "has been chosen"),
    *_rows(Meaning(_M.CANCELLED, PARCEL_DE, _R.CANCELLED, physical=False), "shipment cancelled", "shipment canceled",
           "has been cancelled", "has been canceled", "has cancelled", "has canceled", "storniert"),
    *_rows(_ANNOUNCED, "instruction data", "information received", "electronically announced", "elektronisch angekündigt",
           "announced electronically", "pre-advice", "elektronisch an dhl", "(vor)angekündigt"),
    *_rows(_LABEL, "label created", "awaiting shipment", "en route to dhl ecommerce", "electronic notification received"),
    # back at the sender's, then on its way there, for "being returned" is not "returned"
    *_rows(Meaning(_M.RETURNED, POST_DE), "dem absender zugestellt", "absender zurückgegeben"),
    *_rows(_BACK, "being returned", "will be returned", "is returned to the sender", "return shipment", "on its way back",
           "return initiated", "return to sender", "return to shipper", "zurückgesandt", "zurückgesendet",
           "an den absender zurück", "rücksendung", "zurück an den absender"),
    *_rows(Meaning(_M.RETURNED, EXPRESS), "returned to shipper", "returned to sender", "returned to the sender",
           "returned to consignor", "delivered to the sender", "delivered to sender", "delivered to shipper",
           "delivered to the shipper", "return delivered"),
    # taken out of a locker or point
    *_rows(Meaning(_M.DELIVERED, PARCEL_DE, manner=Manner.LOCKER), "picked up from the packstation",
           "picked up from packstation", "collected from the locker", "aus der packstation abgeholt",
           "picked up the shipment from the packstation", "aus der packstation entnommen"),
    *_rows(Meaning(_M.DELIVERED, PARCEL_DE, manner=Manner.SAFE_PLACE), "am wunschort abgeholt"),
    *_rows(Meaning(_M.DELIVERED, PARCEL_DE, manner=Manner.POINT), "recipient has picked up the shipment",
           "picked up by the recipient", "collected by the recipient", "collected by recipient", "collected by consignee",
           "collected from servicepoint", "collected from the servicepoint", "in der filiale abgeholt",
           "empfänger hat die sendung", unless=("nicht abgeholt", "nicht in der filiale")),
    # brought by the sender
    Phrase("vom absender", Meaning(_M.PICKED_UP, PARCEL_DE), also=("eingeliefert",)),
    *(
        Phrase(phrase, Meaning(_M.CUSTOMS, EXPRESS, _R.CUSTOMS), also=("refused", "rejected", "denied"))
        for phrase in ("customs", "clearance")
    ),
    *_rows(Meaning(_M.ATTEMPT_FAILED, EXPRESS, _R.REFUSED), "refused", "delivery not accepted", "verweigert",
           "not accepted by", "nicht angenommen"),
    *_rows(Meaning(_M.EXCEPTION, PARCEL_DE, _R.OVERDUE_AT_POINT), "not picked up", "not been picked up", "not collected",
           "not been collected", "nicht abgeholt", "nicht in der filiale abgeholt", "unclaimed", "lagerfrist"),
    # put into a point, and why
    *(
        Phrase(phrase, Meaning(_M.AWAITING_COLLECTION, POINTS, _R.ABSENT), also=_NOT_HOME, unless=_NOT)
        for phrase in _TO_POINT
    ),
    *_rows(Meaning(_M.ATTEMPT_FAILED, EXPRESS, _R.ABSENT), "no response at consignee", "not at home", "not home",
           "recipient was not", "recipient not present", "consignee not available", "nobody was", "no one was", "absent",
           "nicht angetroffen", "nicht zu hause", "business closed", "premises closed", "closed on arrival",
           "bei zustellversuch geschlossen", "notice left"),
    *_rows(Meaning(_M.EXCEPTION, EXPRESS, _R.MISSORTED), "missort", "mis-sort", "misrouted", "misdirected", "missent",
           "fehlgeleitet"),
    *(
        Phrase(phrase, Meaning(_M.ATTEMPT_FAILED, PARCEL_DE, _R.ADDRESS),
               also=("address", "unknown", "adress", "unbekannt", "doorbell", "klingel"))
        for phrase in ("could not be delivered", "nicht zugestellt werden", "delivery attempt")
    ),
    *_rows(Meaning(_M.EXCEPTION, ECOMMERCE, _R.ADDRESS), "undeliverable as addressed", "no such number", "left no address",
           "addressee unknown", "forward expired"),
    *_rows(Meaning(_M.EXCEPTION, EXPRESS, _R.ADDRESS), "incorrect address", "incorrect delivery address", "wrong address",
           "insufficient address", "further consignee information needed", "bad address", "address information needed",
           "unknown at address", "consignee moved", "recipient moved", "recipient has moved", "customer moved",
           "recipient unknown", "new delivery address"),
    *(
        Phrase(phrase, Meaning(_M.EXCEPTION, PARCEL_DE, _R.ADDRESS),
               also=("incomplete", "incorrect", "unvollständig", "falsch"))
        for phrase in ("address", "adresse")
    ),
    *_rows(Meaning(_M.EXCEPTION, PARCEL_DE, _R.ADDRESS), "adressfehler", "empfänger ist unbekannt", "empfänger unbekannt",
           "unbekannt verzogen", "neue zustelladresse für"),
    # not handed over, and only then brought to a point
    *(
        Phrase(phrase, _FAILED, also=("gebracht", "being brought", "notified", "benachrichtigt", "weitergeleitet"))
        for phrase in ("could not be delivered", "nicht zugestellt werden")
    ),
    *_rows(_FAILED, "konnte nicht in die packstation", "konnte leider nicht in die"),
    # on its way to a point, where it can be picked up later; after a failure that is what failed
    *_rows(replace(_MOVING, source=PARCEL_DE), *_BROUGHT),
    *_rows(replace(_FAILED, source=PARCEL_DE), *_BROUGHT),
    # "delivered for pick-up" is not delivered
    *_rows(_COLLECT, "ready for pick", "ready for collection", "available for pick", "available for collection",
           "awaiting collection", "awaiting pick", "awaiting consignee collection", "delivered for pick", "held for pick",
           "can be collected", "can be picked up", "zur abholung", "abholbereit", "in die packstation eingestellt",
           "in die packstation gelegt", "in die packstation eingelegt", "in die packstation eingeliefert",
           "liegt in der packstation", "liegt in der filiale", "liegt ab sofort in", "awaiting consignor"),
    *_rows(_AT_POINT, "held for collection", "held at post office", "arrived at servicepoint", "placed in the packstation",
           "deposited in the packstation", "waiting to be collected", *_TO_POINT, unless=_NOT),
    Phrase("beim zoll", Meaning(_M.AWAITING_COLLECTION, PARCEL_DE, _R.CUSTOMS), also=("abholen", "abgeholt")),
    # another attempt that is being made now
    *(
        Phrase(phrase, Meaning(_M.OUT_FOR_DELIVERY, PARCEL_DE), also=("erfolgt ein", "is being made"),
               unless=("nächsten", "next", *_NOT))
        for phrase in ("zustellversuch", "attempt at delivery", "delivery attempt")
    ),
    *_rows(_FAILED, "delivery attempt", "attempted delivery", "attempted to deliver", "could not be delivered",
           "unable to deliver", "not be completed", "nicht zugestellt werden", "not delivered", "undelivered",
           "nicht erfolgreich zugestellt",
           "delivery was not possible", "zustellung nicht möglich", "zustellung in packstation nicht möglich",
           "heute nicht möglich", "erfolgloser zustellversuch", "undeliverable", "unsuccessful delivery",
           unless=("out for second", "second delivery attempt successful", "is being made", "will be")),
    Phrase("payment", Meaning(_M.EXCEPTION, EXPRESS, _R.PAYMENT),
           also=("hold", "held", "awaiting", "pending", "required", "upon receipt of"), unless=("payment received",)),
    *_rows(Meaning(_M.EXCEPTION, EXPRESS, _R.PAYMENT), "unpaid"),
    *_rows(Meaning(_M.CUSTOMS, EXPRESS, _R.CUSTOMS), "clearance delay", "held by customs", "customs hold", "held in customs",
           "held at customs", "pending completion of customs", "customs requires", "awaiting customs", "customs inspection",
           "verzögerung in der verzollung"),
    *_rows(Meaning(_M.CUSTOMS, EXPRESS), "customs", "clearance", "verzollung", "zoll"),
    *_rows(Meaning(_M.EXCEPTION, EXPRESS, _R.DESTROYED), "destroyed", "disposed of", "vernichtet"),
    *_rows(Meaning(_M.EXCEPTION, EXPRESS, _R.SECURITY), "seized", "confiscated", "beschlagnahmt"),
    *_rows(Meaning(_M.EXCEPTION, EXPRESS, _R.DAMAGED), "damage", "beschädigt", "nachverpack", "neu verpackt", "repackag",
           unless=("delivered damaged",)),
    *_rows(Meaning(_M.EXCEPTION, EXPRESS, _R.LOST), "shipment lost", "is lost", "cannot be located", "piece missing",
           "pieces missing", "shipment missing", "verloren", "dead letter", "mail recovery cent"),
    *_rows(Meaning(_M.EXCEPTION, POST_DE, _R.LOST), "unanbringlich", "in briefermittlung"),
    *_rows(Meaning(_M.EXCEPTION, EXPRESS, _R.WEATHER), "weather", "natural disaster", "wetter"),
    *_rows(Meaning(_M.EXCEPTION, EXPRESS, _R.DELAYED), "on hold", "delay", "verzögert", "verzögerung", "verspät",
           "zurückgestellt", "höherer gewalt", "höhere gewalt", "force majeure", "missed delivery"),
    *_rows(Meaning(_M.EXCEPTION, EXPRESS, _R.OTHER), "shipment stopped", "partial delivery"),
    *_rows(Meaning(_M.OUT_FOR_DELIVERY, EXPRESS), "out with courier", "with delivery courier", "with courier",
           "out for delivery", "out for second delivery", "loaded onto the delivery vehicle", "loaded into the delivery vehicle",
           "loaded onto delivery vehicle", "zustellfahrzeug", "on the delivery vehicle", "attempt at delivery is being made",
           "on its way to the packstation", "auf dem weg zur packstation", "in zustellung", "in der zustellung"),
    *_rows(Meaning(_M.TRANSFERRED, ECOMMERCE), "tendered to delivery service provider", "tendered to final",
           "transferred to delivery partner", "handed over to the delivery partner", "no details expected",
           "handed over to the delivery organization", "handed over to third party", "handed over to a third party",
           unless=("will be", "is being transported")),
    *_rows(Meaning(_M.AT_DESTINATION, EXPRESS), "arrived at dhl delivery facility", "arrived at delivery facility",
           "destination parcel center", "destination parcel centre", "prepared for delivery", "delivery depot", "delivery base",
           "arrival at post office", "arrival destination dhl", "ziel-paketzentrum", "zustellbasis",
           "local distribution cent", "zielregion", "für die zustellung vorbereitet", "destination region",
           "region of the recipient", "region of recipient", "recipient's region", "region des empfängers"),
    # an order for a pickup, before the pickup itself
    *_rows(_ANNOUNCED, "pickup scheduled", "will be picked up", "pick-up has been ordered", "pending pickup",
           "abholauftrag"),
    *_rows(_PICKED_UP, "shipment picked up", "picked up", "shipment accepted", "shipment has been posted", "dropped off",
           "handed in", "eingeliefert", "abgeholt", "package received at dhl", "posted by the sender", "an dhl übergeben"),
    *_rows(Meaning(_M.INFO, EXPRESS, physical=False), "closed shipment"),
    *_rows(_MOVING, "arrived", "arrival", "departed", "departure", "processed", "processing", "forwarded", "in transit",
           "transported", "transportiert", "bearbeitet", "eingetroffen", "sort facility", "en route", "close bag",
           "transferred", "scheduled for delivery"),
    *_rows(Meaning(_M.DELIVERED, EXPRESS, _R.DAMAGED), "delivered damaged"),
    *_rows(Meaning(_M.DELIVERED, PARCEL_DE), "delivered", "zugestellt", "second delivery attempt successful",
           unless=("undelivered", "cannot be", "will be", "to be delivered", "is being", "nicht", "wird")),
)  # fmt: skip
"""In order; texts are compared in lower case, underscores as white space. The English texts are Express's, Paket's and
eCommerce's own.
"""

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
"""What the rest may make of a status code: never a delivery of what is in transit, nor progress of a failure."""

REASONS: tuple[tuple[Reason, tuple[str, ...]], ...] = (
    (_R.REFUSED, ("refused", "verweigert", "nicht angenommen")),
    (_R.OVERDUE_AT_POINT, ("not picked up", "not been picked up", "not collected", "not been collected", "nicht abgeholt",
                           "nicht in der filiale abgeholt", "unclaimed", "storage period", "lagerfrist")),
    (_R.ABSENT, ("not at home", "not home", "nicht angetroffen", "nicht zu hause")),
    (_R.ADDRESS, ("address", "adress", "recipient unknown", "unbekannt", "has moved", "doorbell",
                  "could not be identified", "could not be found", "nicht ermittelt", "nicht zu ermitteln")),
    (_R.DAMAGED, ("damage", "beschädigt")),
    (_R.CUSTOMS, ("customs", "zoll")),
)  # fmt: skip
"""Why a parcel turned back or wasn't handed over, where its row doesn't say (PARCEL_DE, EXPRESS); first fit wins."""

MANNERS: tuple[tuple[Manner, tuple[str, ...]], ...] = (
    (Manner.NEIGHBOUR, ("neighbour", "neighbor", "nachbar")),
    (Manner.LOCKER, ("packstation", "locker", "poststation")),
    (Manner.POINT, ("parcelshop", "parcel shop", "servicepoint", "service point", "retail outlet", "post office", "filiale",
                    "paketshop", "postfach")),
    (Manner.SAFE_PLACE, ("safe place", "safeplace", "ablageort", "wunschort", "letterbox", "letter box", "mailbox", "mail box",
                         "briefkasten", "drop-off location", "preferred location", "front door", "porch", "garage",
                         "left at", "left in")),
    (Manner.AGENT, ("reception", "concierge", "mail room", "mailroom", "front desk", "poststelle", "empfangsbevollmächtigt")),
    (Manner.SELF, ("to the recipient", "to recipient", "handed to resident", "an den empfänger", "persönlich")),
)  # fmt: skip
"""Words of a delivery's text (PARCEL_DE, ECOMMERCE); first fit wins."""

_ASKS_WHY = frozenset({_M.RETURNING, _M.ATTEMPT_FAILED, _M.EXCEPTION})


@lru_cache(maxsize=16_384)  # carriers repeat themselves, and each poll repeats the whole list
def meaning_of(code: str, text: str, status: str = "") -> Meaning | None:
    """The most exact row for a status code, the status beside it and its words; None where nothing says anything."""
    said = text.lower().replace("_", " ")
    if code in {"", "unknown"}:
        code = NUMBERED.get(status, code)
    allowed = ALLOWED.get(code, frozenset(_M) if code in {"", "unknown"} else frozenset())
    named = STATUSES.get(status.upper())
    if named and named.milestone in allowed:
        return named
    found = CODES.get(code)
    for row in PHRASES:
        if row.phrase in said and row.meaning.milestone in allowed and row.fits(said):
            found = row.meaning
            break
    if code in {"", "unknown"}:
        found = _by_plain_words(found, text)
    if found and found.milestone in _ASKS_WHY and found.reason in {None, _R.OTHER}:
        return replace(found, reason=reason_in(said) or found.reason)
    return found


def _by_plain_words(found: Meaning | None, text: str) -> Meaning | None:
    """Where no status code decides: plain words that take a delivery back come before the phrases, the others after."""
    first, plain = first_words(text), plain_words(text)
    if first and (found is None or found.milestone in {_M.DELIVERED, *FAILED}):
        return first.meaning
    if (
        found
        and plain
        and found.milestone is _M.PICKED_UP
        and plain.meaning.milestone in {_M.DELIVERED, _M.AWAITING_COLLECTION}
    ):
        return plain.meaning  # picked up by the customer, dropped off for the customer
    return sharpened(found, plain.meaning if plain else None)


def reason_in(said: str) -> Reason | None:
    return next((reason for reason, words in REASONS if any(word in said for word in words)), None)


def manner_in(text: str) -> Manner | None:
    said = text.lower().replace("_", " ")
    named = next((manner for manner, words in MANNERS if any(word in said for word in words)), None)
    plain = None if named else plain_words(text)
    return named or (plain.meaning.manner if plain else None)
