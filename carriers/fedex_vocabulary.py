"""What FedEx's event types, status codes and exception codes mean.

Order of decision, in ``meaning_of``: the whole triple (derivedStatusCode, eventType, exceptionCode), then the event
type (the derived status only where no event type is given), sharpened by the place of an arrival and by the exception
code. An exception code always gives its reason; it changes the milestone only of an event that is trouble already. An
event type that no table knows stays unmapped, whatever its derived status says. A scan on the way under derived status RS
is on its way back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from carriers.base import Meaning
from domain.tracking import Manner, Milestone, Reason

WSDL = "FedEx Web Services, Tracking and Visibility Service guide, tracking status codes"
REST = "Track API v1 replies (developer.fedex.com samples, Karrio fixtures)"
LIST = "Track API status codes (developer.fedex.com), as public projects copied them"
EXPRESS = "FedEx Express STAT/DEX/HEX scan codes"
GROUND = "FedEx Ground status codes (three digits)"
SEEN = "exceptionCode with its exceptionDescription in Track API v1 replies"


EVENTS: Mapping[str, Meaning] = MappingProxyType(
    {
        "OC": Meaning(Milestone.ANNOUNCED, WSDL, physical=False),
        "IN": Meaning(Milestone.ANNOUNCED, REST, physical=False),
        "MD": Meaning(Milestone.ANNOUNCED, REST, physical=False),  # manifest data
        "EP": Meaning(Milestone.ANNOUNCED, WSDL, physical=False),  # on the way to collect
        "PD": Meaning(Milestone.ANNOUNCED, WSDL, Reason.DELAYED, physical=False),  # pickup delay
        "PU": Meaning(Milestone.PICKED_UP, WSDL),
        "PX": Meaning(Milestone.PICKED_UP, WSDL),
        "AP": Meaning(Milestone.PICKED_UP, WSDL),
        "OF": Meaning(Milestone.IN_TRANSIT, WSDL),
        "LO": Meaning(Milestone.IN_TRANSIT, WSDL),
        "DP": Meaning(Milestone.IN_TRANSIT, WSDL),
        "AR": Meaning(Milestone.IN_TRANSIT, WSDL),
        "AF": Meaning(Milestone.IN_TRANSIT, WSDL),
        "SF": Meaning(Milestone.IN_TRANSIT, WSDL),
        "AA": Meaning(Milestone.IN_TRANSIT, WSDL),
        "EA": Meaning(Milestone.IN_TRANSIT, WSDL),
        "EO": Meaning(Milestone.IN_TRANSIT, WSDL),
        "PF": Meaning(Milestone.IN_TRANSIT, WSDL),
        "PL": Meaning(Milestone.IN_TRANSIT, WSDL),
        "PM": Meaning(Milestone.IN_TRANSIT, WSDL),
        "IT": Meaning(Milestone.IN_TRANSIT, WSDL),
        "IX": Meaning(Milestone.IN_TRANSIT, WSDL),
        "OW": Meaning(Milestone.IN_TRANSIT, REST),
        "IP": Meaning(Milestone.IN_TRANSIT, LIST),
        "FD": Meaning(Milestone.AT_DESTINATION, WSDL),
        "TR": Meaning(Milestone.TRANSFERRED, WSDL),
        "TP": Meaning(Milestone.TRANSFERRED, WSDL),
        "AX": Meaning(Milestone.TRANSFERRED, WSDL),  # at a USPS facility
        "AC": Meaning(Milestone.TRANSFERRED, WSDL),  # at a Canada Post facility
        "CC": Meaning(Milestone.CUSTOMS, WSDL),
        "CP": Meaning(Milestone.CUSTOMS, WSDL),
        "CU": Meaning(Milestone.CUSTOMS, WSDL),
        "CD": Meaning(Milestone.CUSTOMS, WSDL, Reason.CUSTOMS),
        "OD": Meaning(Milestone.OUT_FOR_DELIVERY, WSDL),
        "ED": Meaning(Milestone.OUT_FOR_DELIVERY, WSDL),
        "AD": Meaning(Milestone.OUT_FOR_DELIVERY, WSDL),
        "DE": Meaning(Milestone.ATTEMPT_FAILED, WSDL, Reason.OTHER),
        "DY": Meaning(Milestone.EXCEPTION, WSDL, Reason.DELAYED),
        "DD": Meaning(Milestone.EXCEPTION, WSDL, Reason.DELAYED),
        "PY": Meaning(Milestone.EXCEPTION, REST, Reason.DELAYED),
        "SE": Meaning(Milestone.EXCEPTION, WSDL, Reason.OTHER),
        "HL": Meaning(Milestone.AWAITING_COLLECTION, WSDL),
        "HP": Meaning(Milestone.AWAITING_COLLECTION, REST),
        "RL": Meaning(Milestone.AWAITING_COLLECTION, REST),
        "DL": Meaning(Milestone.DELIVERED, WSDL),
        "DO": Meaning(Milestone.DELIVERED, LIST),  # at the original destination
        "RS": Meaning(Milestone.RETURNING, WSDL),
        "RT": Meaning(Milestone.RETURNING, REST),  # return to shipper requested
        "CA": Meaning(Milestone.CANCELLED, WSDL, Reason.CANCELLED),
        "LP": Meaning(
            Milestone.CANCELLED, WSDL, Reason.CANCELLED, physical=False
        ),  # return label cancelled by the sender
        "RD": Meaning(Milestone.CANCELLED, WSDL, Reason.CANCELLED, physical=False),  # return label expired
        "RP": Meaning(Milestone.ANNOUNCED, WSDL, physical=False),  # return label mailed
        "RG": Meaning(Milestone.INFO, WSDL, physical=False),  # return label about to expire
        "HA": Meaning(Milestone.INFO, REST, physical=False),  # hold at location requested
        "RR": Meaning(Milestone.INFO, WSDL, physical=False),  # delivery option requested, changed, cancelled
        "RM": Meaning(Milestone.INFO, WSDL, physical=False),
        "RC": Meaning(Milestone.INFO, WSDL, physical=False),
        "CH": Meaning(Milestone.INFO, WSDL, physical=False),  # location changed
        "AS": Meaning(Milestone.INFO, LIST, physical=False),  # address corrected
        "DS": Meaning(Milestone.INFO, WSDL, physical=False),  # a vehicle was sent out,
        "DR": Meaning(Milestone.INFO, WSDL, physical=False),  # furnished, but not used
        "SP": Meaning(Milestone.INFO, WSDL, physical=False),  # split status: the pieces tell
        "AE": Meaning(Milestone.INFO, REST, physical=False),  # arriving early
        "AO": Meaning(Milestone.INFO, REST, physical=False),  # arriving on time
        "OX": Meaning(Milestone.INFO, WSDL, physical=False),  # shipment information sent to USPS
    }
)
"""By eventType; the derived status uses the same two letters. BR (broker) and SH (shipper) of the list name a party, not a
step, and stay unmapped.
"""

TRIPLES: Mapping[tuple[str, str, str], Meaning] = MappingProxyType(
    {
        ("IT", "IT", "67"): Meaning(Milestone.OUT_FOR_DELIVERY, SEEN),  # tendered locally for delivery
        ("IT", "IT", "71"): Meaning(Milestone.CUSTOMS, SEEN),  # package available for clearance
        ("IT", "IX", "71"): Meaning(Milestone.CUSTOMS, SEEN),
    }
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What an exception code says: its reason, and the milestone that it makes of an event that is trouble."""

    reason: Reason | None
    source: str
    milestone: Milestone | None = None


_FAILED, _STUCK = Milestone.ATTEMPT_FAILED, Milestone.EXCEPTION

EXCEPTIONS: Mapping[str, Trouble] = MappingProxyType(
    {
        # Express, two digits
        "01": Trouble(Reason.DELAYED, EXPRESS, _STUCK),  # not delivered, not attempted
        "03": Trouble(Reason.ADDRESS, EXPRESS, _FAILED),
        "05": Trouble(Reason.SECURITY, EXPRESS, _FAILED),  # kept up by the customer's security
        "07": Trouble(Reason.REFUSED, EXPRESS, _FAILED),
        "08": Trouble(Reason.ABSENT, EXPRESS, _FAILED),
        "10": Trouble(Reason.DAMAGED, EXPRESS, _STUCK),
        "12": Trouble(Reason.MISSORTED, EXPRESS, _STUCK),
        "15": Trouble(Reason.ABSENT, EXPRESS, _FAILED),  # business closed
        "17": Trouble(Reason.OTHER, EXPRESS, _STUCK),  # the customer asked for another day
        "20": Trouble(Reason.SECURITY, EXPRESS, _STUCK),  # dangerous goods not acceptable
        "22": Trouble(Reason.DELAYED, EXPRESS, _STUCK),
        "25": Trouble(Reason.OTHER, EXPRESS, _STUCK),  # package without a tracking number
        "29": Trouble(Reason.OTHER, EXPRESS, _STUCK),
        "31": Trouble(Reason.DELAYED, EXPRESS, _STUCK),
        "32": Trouble(Reason.DELAYED, EXPRESS, _STUCK),
        "33": Trouble(Reason.DELAYED, EXPRESS, _STUCK),
        "37": Trouble(Reason.DAMAGED, EXPRESS, _STUCK),
        "38": Trouble(Reason.LOST, EXPRESS, _STUCK),  # tracking number without a package
        "42": Trouble(Reason.ABSENT, EXPRESS, _STUCK),  # business closed, not attempted
        "44": Trouble(Reason.OTHER, EXPRESS, _STUCK),
        "48": Trouble(Reason.DELAYED, EXPRESS, _STUCK),
        "50": Trouble(Reason.CUSTOMS, EXPRESS, _STUCK),
        "52": Trouble(Reason.CUSTOMS, EXPRESS, _STUCK),
        "54": Trouble(Reason.DELAYED, EXPRESS, _STUCK),
        "55": Trouble(Reason.CUSTOMS, EXPRESS, _STUCK),
        "59": Trouble(None, EXPRESS, Milestone.AWAITING_COLLECTION),  # held at location
        "62": Trouble(Reason.CUSTOMS, EXPRESS, _STUCK),
        "71": Trouble(None, SEEN),
        "73": Trouble(Reason.CUSTOMS, EXPRESS, _STUCK),
        "81": Trouble(Reason.OTHER, EXPRESS, _STUCK),
        "84": Trouble(Reason.DELAYED, EXPRESS, _STUCK),
        "85": Trouble(Reason.DELAYED, EXPRESS, _STUCK),
        "89": Trouble(Reason.DELAYED, EXPRESS, _STUCK),
        "91": Trouble(Reason.OTHER, EXPRESS, _STUCK),
        "93": Trouble(Reason.PAYMENT, EXPRESS, _FAILED),
        # Ground, three digits
        "001": Trouble(Reason.SECURITY, GROUND, _FAILED),
        "002": Trouble(Reason.ADDRESS, GROUND, _FAILED),
        "003": Trouble(Reason.ADDRESS, GROUND, _FAILED),
        "004": Trouble(Reason.ABSENT, GROUND, _FAILED),
        "006": Trouble(Reason.REFUSED, GROUND, _FAILED),
        "007": Trouble(Reason.ABSENT, GROUND, _FAILED),
        "010": Trouble(Reason.OTHER, GROUND, _FAILED),
        "011": Trouble(Reason.ABSENT, GROUND, _STUCK),
        "012": Trouble(Reason.MISSORTED, GROUND, _STUCK),
        "015": Trouble(Reason.OTHER, GROUND, _STUCK),  # holding the package
        "015A": Trouble(None, SEEN),  # held at location
        "016": Trouble(Reason.DELAYED, GROUND, _STUCK),
        "027": Trouble(Reason.DELAYED, GROUND, _STUCK),
        "030": Trouble(Reason.REFUSED, GROUND, _FAILED),
        "034": Trouble(Reason.OTHER, GROUND, _FAILED),
        "079": Trouble(None, GROUND),
        "081": Trouble(Reason.OTHER, GROUND, _STUCK),
        "082": Trouble(Reason.WEATHER, GROUND, _STUCK),
        "083": Trouble(Reason.DELAYED, GROUND, _STUCK),
        "095": Trouble(None, GROUND),
        "100": Trouble(Reason.OTHER, GROUND, _STUCK),
        "250": Trouble(Reason.OTHER, GROUND, _FAILED),
        "060G": Trouble(None, SEEN, Milestone.RETURNING),  # the shipper asked for it back
        # letters
        "A3": Trouble(None, SEEN),  # tendered at a FedEx facility
        "A12": Trouble(None, SEEN),  # hold request received
        "A13": Trouble(None, SEEN, _STUCK),  # redirecting to FedEx Office
        "A25": Trouble(None, SEEN),  # package available for clearance
        "A47": Trouble(None, SEEN, _STUCK),  # redirected to a nearby FedEx location
        "A52": Trouble(Reason.DELAYED, SEEN, _STUCK),
        "R0055": Trouble(Reason.CUSTOMS, SEEN),
        "R0142": Trouble(Reason.CUSTOMS, SEEN),
        "R0162": Trouble(Reason.CUSTOMS, SEEN),
    }
)
"""By exceptionCode. Express and Ground number alike things differently: 07 refused, 007 not in."""

DELIVERIES: Mapping[str, Meaning] = MappingProxyType(
    {
        "02": Meaning(Milestone.DELIVERED, SEEN, manner=Manner.SAFE_PLACE),  # release authorised
        "16": Meaning(Milestone.DELIVERED, SEEN),  # payment received
        "009": Meaning(Milestone.DELIVERED, GROUND),
        "013": Meaning(Milestone.DELIVERED, GROUND),
        "014": Meaning(Milestone.DELIVERED, GROUND, manner=Manner.SAFE_PLACE),
        "018": Meaning(Milestone.DELIVERED, GROUND),  # after a misdelivery, to the right recipient
        "019": Meaning(Milestone.DELIVERED, GROUND, manner=Manner.NEIGHBOUR),  # indirect delivery
        "021": Meaning(Milestone.DELIVERED, GROUND, manner=Manner.SAFE_PLACE),
        "025": Meaning(Milestone.TRANSFERRED, GROUND),  # tendered to USPS
        "026": Meaning(Milestone.RETURNED, GROUND),  # delivered to the shipper
        "028": Meaning(Milestone.TRANSFERRED, GROUND),  # tendered to a connecting carrier
    }
)
"""By the exceptionCode of a DL event."""

_ARRIVALS = frozenset({"AR", "AF", "SF"})
_TROUBLE = frozenset({Milestone.ATTEMPT_FAILED, Milestone.EXCEPTION})
_MOVING = frozenset({Milestone.IN_TRANSIT, Milestone.AT_DESTINATION, Milestone.OUT_FOR_DELIVERY})

DELAYS: Mapping[str, Reason] = MappingProxyType(
    {
        "WEATHER": Reason.WEATHER,
        "OPERATIONAL": Reason.DELAYED,
        "LOCAL": Reason.DELAYED,
        "GENERAL": Reason.DELAYED,
        "CLEARANCE": Reason.CUSTOMS,
    }
)
"""delayDetail.type, where the exception code names no cause."""


WORDS: tuple[tuple[Reason, tuple[str, ...]], ...] = (
    (Reason.WEATHER, ("weather",)),
    (Reason.REFUSED, ("refused",)),
    (Reason.ABSENT, ("not in or business closed", "business closed", "recipient not in", "customer not available",
                     "recipient unavailable", "no one available")),
    (Reason.ADDRESS, ("incorrect address", "incorrect recipient address", "address incorrect", "unable to locate",
                      "incomplete address", "recipient has moved", "recipient moved")),
    (Reason.DAMAGED, ("damage",)),
    (Reason.MISSORTED, ("missort", "misrouted", "incorrectly sorted", "incorrectly routed")),
    (Reason.CUSTOMS, ("customs", "clearance", "regulatory")),
)  # fmt: skip
"""Words of exceptionDescription, in lower case, which come with and without a code (SEEN); first fit wins."""

_GENERIC = frozenset({None, Reason.OTHER, Reason.DELAYED})
_ASKS_WHY = _TROUBLE | {Milestone.RETURNING}


def why(meaning: Meaning, words: str, delay: str) -> Meaning:
    """The reason that the code leaves open: an event of trouble says it in words, else ``delayDetail.type`` does."""
    if meaning.reason not in _GENERIC:
        return meaning
    said = words.lower() if meaning.milestone in _ASKS_WHY else ""
    told = next((reason for reason, parts in WORDS if any(part in said for part in parts)), None)
    return replace(meaning, reason=told or _sharper(meaning.reason, DELAYS.get(delay)))


def _sharper(reason: Reason | None, delay: Reason | None) -> Reason | None:
    """A delay says no more than "other" or "delayed" unless it names its cause."""
    return reason if reason and delay in _GENERIC else delay or reason


def meaning_of(derived: str, event: str, exception: str, *, at_destination: bool) -> Meaning | None:
    """The most exact row, None where no table knows the event. ``at_destination``: an arrival there, by its place."""
    whole = TRIPLES.get((derived, event, exception))
    if whole is not None:
        return whole
    base = EVENTS.get(event or derived)
    if base is None:
        return None
    if base.milestone is Milestone.DELIVERED:
        return DELIVERIES.get(exception, base)
    if at_destination and (event or derived) in _ARRIVALS:
        base = replace(base, milestone=Milestone.AT_DESTINATION)
    if derived == "RS" and base.milestone in _MOVING:
        base = replace(base, milestone=Milestone.RETURNING)
    return _with_exception(base, exception)


def _with_exception(base: Meaning, exception: str) -> Meaning:
    trouble = EXCEPTIONS.get(exception)
    if trouble is None:
        return base
    turned = trouble.milestone if base.milestone in _TROUBLE and trouble.milestone else base.milestone
    keep = None if turned not in _TROUBLE and turned is not base.milestone else base.reason
    return replace(base, milestone=turned, reason=trouble.reason or keep)


PLACES: tuple[tuple[Manner, tuple[str, ...]], ...] = (
    (Manner.LOCKER, ("LOCKER", "SHIP AND GET", "SHIP&GET", "SELF SERVICE")),
    (
        Manner.POINT,
        (
            "FEDEX LOCATION", "FEDEX OFFICE", "FEDEX ONSITE", "SHIP CENTER", "SHIPSITE", "FEDEX EXPRESS STATION",
            "FEDEX GROUND TERMINAL", "HOME DELIVERY STATION", "FEDEX STAFFED", "RETAIL", "WALGREENS", "PHARMACY",
            "PICKUP LOCATION",
        ),
    ),
    (Manner.NEIGHBOUR, ("NEIGHBOR", "NEIGHBOUR")),
    (
        Manner.AGENT,
        (
            "RECEPTION", "FRONT DESK", "GUARD", "SECURITY STATION", "GATE HOUSE", "MAILROOM", "MAIL ROOM", "SHIPPING",
            "RECEIVING", "LEASING", "RENTAL OFFICE", "APARTMENT OFFICE", "MAIN OFFICE", "MANAGER OFFICE", "CONCIERGE",
            "DOORMAN",
        ),
    ),
    (
        Manner.SAFE_PLACE,
        ("FRONT DOOR", "BACK DOOR", "SIDE DOOR", "PORCH", "GARAGE", "PATIO", "MAILBOX", "CARPORT", "DECK"),
    ),
)  # fmt: skip
"""Words of deliveryDetails.locationDescription and locationType, upper case with blanks; first fit wins.

Source: TrackDeliveryLocationType and FedExLocationType of the WSDL guide, and descriptions in Track API replies.
"""

TAKERS: Mapping[str, Manner] = MappingProxyType(
    {
        "SIGNATURE NOT REQUIRED": Manner.SAFE_PLACE,
        "SIGNATURE RELEASE ON FILE": Manner.SAFE_PLACE,
        "DRIVER RELEASE": Manner.SAFE_PLACE,
        "FRONT DESK": Manner.AGENT,
        "RECEPTION": Manner.AGENT,
        "RECEPTIONIST": Manner.AGENT,
        "MAILROOM": Manner.AGENT,
        "SECURITY": Manner.AGENT,
        "CONCIERGE": Manner.AGENT,
        "NEIGHBOR": Manner.NEIGHBOUR,
    }
)
"""receivedByName and signedByName where they name no person. Whole names only: there are people called Decker."""


def manner_in(description: str, location_type: str, taker: str) -> Manner | None:
    """Where and with whom the parcel was left, from the most telling text that says so."""
    for text in (description, location_type):
        plain = text.upper().replace("_", " ")
        for manner, words in PLACES:
            if any(word in plain for word in words):
                return manner
    return TAKERS.get(taker.strip().upper())
