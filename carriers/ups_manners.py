"""Where and with whom UPS left a parcel, from deliveryInformation. For the UPS adapter only."""

from collections.abc import Mapping
from types import MappingProxyType

from domain.tracking import Manner

PLACES: tuple[tuple[Manner, tuple[str, ...]], ...] = (
    (Manner.LOCKER, ("LOCKER",)),
    (Manner.POINT, ("ACCESS POINT", "UPS STORE", "CUSTOMER CENTER", "CUSTOMER CENTRE", "WILL CALL", "PICKUP POINT")),
    (Manner.NEIGHBOUR, ("NEIGHBOR", "NEIGHBOUR")),
    (Manner.SELF, ("MET CUSTOM", "MC MAN", "MC WOMAN", "CUSTOMER MET")),
    (
        Manner.AGENT,
        (
            "RECEPTION", "FRONT DESK", "GUARD", "SECURITY", "MAILROOM", "MAIL ROOM", "DOCK", "RECEIVER", "RECEIVING",
            "OFFICE", "LEASING", "CONCIERGE", "DOORMAN", "SHIPPING", "WAREHOUSE", "MANAGEMENT",
        ),
    ),
    (
        Manner.SAFE_PLACE,
        (
            "FRONT DOOR", "BACK DOOR", "REAR DOOR", "SIDE DOOR", "PORCH", "GARAGE", "PATIO", "DECK", "MAILBOX",
            "MAIL BOX", "CARPORT", "DRIVER RELEASE", "SHED",
        ),
    ),
)  # fmt: skip
"""Words of deliveryInformation.location, upper case; the first fit wins. Source: SEEN, and UPS's "left at" list."""

TAKERS: Mapping[str, Manner] = MappingProxyType(
    {
        "DRIVER RELEASE": Manner.SAFE_PLACE,
        "DRIVER RELEASED": Manner.SAFE_PLACE,
        "FRONT DESK": Manner.AGENT,
        "RECEPTION": Manner.AGENT,
        "MAILROOM": Manner.AGENT,
        "SECURITY": Manner.AGENT,
        "NEIGHBOR": Manner.NEIGHBOUR,
        "NEIGHBOUR": Manner.NEIGHBOUR,
        "MET CUSTOM": Manner.SELF,
        "MET CUSTOMER": Manner.SELF,
        "MC MAN": Manner.SELF,
        "MC WOMAN": Manner.SELF,
    }
)
"""receivedBy where it names no person. Whole texts only."""


def manner_in(location: str, taker: str) -> Manner | None:
    """Where and with whom the parcel was left, from the place, else from who took it."""
    plain = location.upper().replace("_", " ")
    told = next((manner for manner, words in PLACES if any(word in plain for word in words)), None)
    return told or TAKERS.get(taker.strip().upper())
