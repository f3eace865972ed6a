"""What USPS event codes mean. The code decides; words say only what one code leaves open: an arrival at the destination,
a delivery back to the sender, the manner of a delivery, why a notice was left. A code that no table knows stays unmapped,
unless its text is one of the published international ones, which come under many codes. An event without a code is read by
its words.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from carriers.base import Meaning
from carriers.phrases import Phrase, phrase_in
from domain.tracking import Manner, Milestone, Reason

WEBTOOLS = "USPS Web Tools track event codes (public code table)"
SEEN = "eventCode with its eventType in Tracking v3 replies (public connectors' tests)"
EHUB = "eHub tracking event descriptions, USPS secondary codes"
FACTS = "public third-party table (one source, unconfirmed)"
EXTRACT = "USPS Customer Daily Extract, event descriptions"

_M, _R = Milestone, Reason


def _label(source: str) -> Meaning:
    return Meaning(_M.ANNOUNCED, source, physical=False)


EVENTS: Mapping[str, Meaning] = MappingProxyType(
    {
        "01": Meaning(_M.DELIVERED, WEBTOOLS),
        "02": Meaning(_M.ATTEMPT_FAILED, WEBTOOLS, _R.ABSENT),  # notice left
        "03": Meaning(_M.PICKED_UP, WEBTOOLS),  # accept or pickup
        "04": Meaning(_M.ATTEMPT_FAILED, WEBTOOLS, _R.REFUSED),
        "05": Meaning(_M.EXCEPTION, WEBTOOLS, _R.ADDRESS),  # undeliverable as addressed
        "06": Meaning(_M.IN_TRANSIT, WEBTOOLS, _R.ADDRESS),  # forwarded
        "07": Meaning(_M.AT_DESTINATION, WEBTOOLS),  # arrival at unit
        "08": Meaning(_M.EXCEPTION, WEBTOOLS, _R.MISSORTED),  # missent
        "09": Meaning(_M.RETURNING, WEBTOOLS),
        "10": Meaning(_M.IN_TRANSIT, WEBTOOLS),  # processed
        "11": Meaning(_M.EXCEPTION, WEBTOOLS, _R.LOST),  # dead letter: at the mail recovery centre
        "14": Meaning(_M.AWAITING_COLLECTION, WEBTOOLS),  # arrival at pickup point
        "15": Meaning(_M.EXCEPTION, WEBTOOLS, _R.MISSORTED),  # mis-shipped
        "16": Meaning(_M.AWAITING_COLLECTION, WEBTOOLS),  # available for pickup
        "17": Meaning(_M.DELIVERED, WEBTOOLS, manner=Manner.AGENT),  # picked up by agent
        "19": Meaning(_M.IN_TRANSIT, WEBTOOLS),
        "21": Meaning(_M.RETURNING, WEBTOOLS, _R.ADDRESS),  # no such number
        "22": Meaning(_M.RETURNING, WEBTOOLS, _R.ADDRESS),  # insufficient address
        "23": Meaning(_M.RETURNING, WEBTOOLS, _R.ADDRESS),  # moved, left no address
        "24": Meaning(_M.RETURNING, WEBTOOLS, _R.ADDRESS),  # forward expired
        "25": Meaning(_M.RETURNING, WEBTOOLS, _R.ADDRESS),  # addressee unknown
        "26": Meaning(_M.RETURNING, WEBTOOLS, _R.ADDRESS),  # vacant
        "27": Meaning(_M.RETURNING, WEBTOOLS, _R.OVERDUE_AT_POINT),  # unclaimed
        "28": Meaning(_M.RETURNING, WEBTOOLS, _R.OTHER),  # deceased
        "29": Meaning(_M.RETURNING, WEBTOOLS, _R.OTHER),
        "30": Meaning(_M.ATTEMPT_FAILED, WEBTOOLS, _R.UNREACHABLE),  # no access to the delivery location
        "31": Meaning(_M.RETURNING, WEBTOOLS, _R.OVERDUE_AT_POINT),  # not picked up
        "41": Meaning(_M.IN_TRANSIT, WEBTOOLS),  # received at opening unit
        "42": Meaning(_M.TRANSFERRED, WEBTOOLS),  # to a shipping partner
        "43": Meaning(_M.PICKED_UP, WEBTOOLS),
        "44": Meaning(_M.RETURNING, WEBTOOLS, _R.INTERCEPTED),  # customer recall
        "51": Meaning(_M.ATTEMPT_FAILED, WEBTOOLS, _R.ABSENT),  # business closed
        "52": Meaning(_M.ATTEMPT_FAILED, WEBTOOLS, _R.ABSENT),  # notice left
        "53": Meaning(_M.ATTEMPT_FAILED, WEBTOOLS, _R.UNREACHABLE),  # receptacle blocked
        "54": Meaning(_M.ATTEMPT_FAILED, WEBTOOLS, _R.OTHER),  # receptacle full, item oversized
        "55": Meaning(_M.ATTEMPT_FAILED, WEBTOOLS, _R.ABSENT),  # no secure location
        "56": Meaning(_M.ATTEMPT_FAILED, WEBTOOLS, _R.ABSENT),  # no authorised recipient
        "71": Meaning(_M.EXCEPTION, WEBTOOLS, _R.DELAYED),  # rescheduled to the next delivery day
        "80": Meaning(_M.PICKED_UP, WEBTOOLS),  # by a shipping partner
        "81": Meaning(_M.IN_TRANSIT, WEBTOOLS),
        "82": Meaning(_M.IN_TRANSIT, WEBTOOLS),
        "83": Meaning(_M.TRANSFERRED, EHUB),  # tendered to the postal service
        "89": _label(EHUB),
        "A1": Meaning(_M.IN_TRANSIT, SEEN),
        "T1": Meaning(_M.IN_TRANSIT, SEEN),
        "L1": Meaning(_M.IN_TRANSIT, FACTS),
        "U1": Meaning(_M.IN_TRANSIT, FACTS),
        "UF": Meaning(_M.IN_TRANSIT, FACTS),
        "AD": Meaning(_M.PICKED_UP, EHUB),  # acceptance at destination
        "DX": Meaning(_M.INFO, WEBTOOLS, physical=False),  # delivery status not updated
        "EF": Meaning(_M.IN_TRANSIT, WEBTOOLS),
        "GC": Meaning(_M.INFO, EHUB, physical=False),  # return receipt associated
        "GX": _label(SEEN),
        "MA": _label(WEBTOOLS),
        "NT": Meaning(_M.IN_TRANSIT, FACTS, physical=False),  # in transit, written by a computer
        "OA": Meaning(_M.PICKED_UP, EHUB),
        "OF": Meaning(_M.OUT_FOR_DELIVERY, WEBTOOLS),
        "PA": Meaning(_M.PICKED_UP, WEBTOOLS),
        "PC": Meaning(_M.AT_DESTINATION, WEBTOOLS),  # sorting complete: at the delivery unit
        "SF": Meaning(_M.IN_TRANSIT, WEBTOOLS),
        "TL": Meaning(_M.IN_TRANSIT, SEEN, physical=False),  # without a place, written by a computer
        "TM": Meaning(_M.ANNOUNCED, EHUB),  # shipment received, package acceptance pending
        "UA": Meaning(_M.PICKED_UP, EHUB),
    }
)
"""By eventCode."""

TEXTS: tuple[tuple[str, Meaning], ...] = (
    ("held in customs", Meaning(_M.CUSTOMS, EXTRACT, _R.CUSTOMS)),
    ("customs clearance delay", Meaning(_M.CUSTOMS, EXTRACT, _R.CUSTOMS)),
    ("customs", Meaning(_M.CUSTOMS, EXTRACT)),
    ("inbound into customs", Meaning(_M.CUSTOMS, EXTRACT)),
    ("inbound out of customs", Meaning(_M.CUSTOMS, EXTRACT)),
    ("outbound into customs", Meaning(_M.CUSTOMS, EXTRACT)),
    ("outbound out of customs", Meaning(_M.CUSTOMS, EXTRACT)),
    ("outbound - out of us customs", Meaning(_M.CUSTOMS, EXTRACT)),
    ("origin post is preparing shipment", _label(EXTRACT)),
)
"""Beginnings of international texts in lower case, for codes that no table knows."""

STATUS = "USPS.com status texts, as Tracking v3 sends them in status and eventType (public clients' lists)"


def _rows(meaning: Meaning, *phrases: str, unless: tuple[str, ...] = ()) -> tuple[Phrase, ...]:
    return tuple(Phrase(phrase, meaning, unless=unless) for phrase in phrases)


SAID: tuple[Phrase, ...] = (
    *_rows(_label(STATUS), "label created", "pre-shipment", "awaiting item", "acceptance pending", "expects item",
           "origin post is preparing shipment"),
    *_rows(Meaning(_M.CANCELLED, STATUS, _R.CANCELLED, physical=False), "label cancelled"),
    *_rows(Meaning(_M.INFO, STATUS, physical=False), "awaiting delivery scan", "status not updated", "reminder to schedule",
           "redelivery scheduled"),
    *_rows(Meaning(_M.RETURNED, STATUS), "to original sender", "delivered to sender"),
    *_rows(Meaning(_M.RETURNING, STATUS, _R.OVERDUE_AT_POINT), "unclaimed"),
    *_rows(Meaning(_M.RETURNING, STATUS), "return to sender", "being returned", "returned to sender"),
    *_rows(Meaning(_M.RETURNING, STATUS, _R.ADDRESS), "no such number", "insufficient address", "addressee unknown",
           "left no address", "forward expired", "vacant"),
    *_rows(Meaning(_M.OUT_FOR_DELIVERY, STATUS), "out for delivery"),
    *_rows(Meaning(_M.ATTEMPT_FAILED, STATUS, _R.UNREACHABLE), "no access to delivery", "receptacle blocked"),
    *_rows(Meaning(_M.ATTEMPT_FAILED, STATUS, _R.OTHER), "receptacle full", "animal interference"),
    *_rows(Meaning(_M.ATTEMPT_FAILED, STATUS, _R.ABSENT), "notice left", "business closed", "no authorized recipient",
           "no secure location", "attempted delivery abroad", "addressee not available"),
    *_rows(Meaning(_M.ATTEMPT_FAILED, STATUS, _R.REFUSED), "refused"),
    *_rows(Meaning(_M.AWAITING_COLLECTION, STATUS), "available for pickup", "available for redelivery or pickup",
           "held at post office", "collect for pick up", "arrival at pickup point"),
    *_rows(Meaning(_M.DELIVERED, STATUS), "delivered", unless=("undeliver", "not delivered")),
    *_rows(Meaning(_M.EXCEPTION, STATUS, _R.ADDRESS), "undeliverable as addressed"),
    *_rows(Meaning(_M.IN_TRANSIT, STATUS, _R.ADDRESS), "forwarded", "forward processed"),
    *_rows(Meaning(_M.EXCEPTION, STATUS, _R.MISSORTED), "missent", "mis-shipped"),
    *_rows(Meaning(_M.EXCEPTION, STATUS, _R.DESTROYED), "disposed"),
    *_rows(Meaning(_M.EXCEPTION, STATUS, _R.LOST), "recovery center", "dead mail", "dead letter"),
    *_rows(Meaning(_M.EXCEPTION, STATUS, _R.DAMAGED), "damaged"),
    *_rows(Meaning(_M.EXCEPTION, STATUS, _R.SECURITY), "seized"),
    *_rows(Meaning(_M.EXCEPTION, STATUS, _R.WEATHER), "weather"),
    *_rows(Meaning(_M.EXCEPTION, STATUS, _R.PAYMENT), "postage due", "awaiting payment", "unpaid postage"),
    *_rows(Meaning(_M.EXCEPTION, STATUS, _R.DELAYED), "rescheduled to next delivery day"),
    *_rows(Meaning(_M.EXCEPTION, STATUS, _R.OTHER), "delivery exception", "processing exception"),
    *_rows(Meaning(_M.CUSTOMS, STATUS, _R.CUSTOMS), "held in customs", "customs clearance delay"),
    *_rows(Meaning(_M.CUSTOMS, STATUS), "customs"),
    *_rows(Meaning(_M.AT_DESTINATION, STATUS), "arrived at post office", "arrival at post office", "arrived at unit",
           "arrival at unit", "sorting complete", "arrived at usps destination", "arrived at usps regional destination"),
    *_rows(Meaning(_M.IN_TRANSIT, STATUS, _R.DELAYED), "arriving late"),
    *_rows(Meaning(_M.PICKED_UP, STATUS), "in possession of item", "picked up", "acceptance", "accepted"),
    *_rows(Meaning(_M.TRANSFERRED, STATUS), "tendered to postal service"),
    *_rows(Meaning(_M.IN_TRANSIT, STATUS), "in transit", "arrived at", "arrived usps", "departed", "processed", "dispatched",
           "moving through network"),
)  # fmt: skip
"""In order, for events without a code; texts are compared in lower case."""

SENDER = ("to original sender", "to sender", "returned to sender")
"""Words of a delivery that say it went back (EXTRACT)."""


NOTICES: tuple[tuple[str, Reason], ...] = (
    ("receptacle full", _R.OTHER),
    ("oversized", _R.OTHER),
    ("animal", _R.OTHER),
    ("receptacle blocked", _R.UNREACHABLE),
    ("no access", _R.UNREACHABLE),
)
"""Why a notice was left, where its code is the general one (EXTRACT); first fit wins."""


def meaning_of(code: str, text: str) -> Meaning | None:
    """The row of a code with what its words add; None where no table knows it."""
    said = text.lower()
    if not code:
        row = phrase_in(said, SAID)
        return _refined(row.meaning, said) if row else None
    base = EVENTS.get(code.upper())
    if base is None:
        return next((meaning for start, meaning in TEXTS if said.startswith(start)), None)
    return _refined(base, said)


def _refined(base: Meaning, said: str) -> Meaning:
    if base.milestone is _M.DELIVERED:
        back = any(words in said for words in SENDER)
        return replace(base, milestone=_M.RETURNED) if back else replace(base, manner=manner_in(said) or base.manner)
    if base.milestone is _M.IN_TRANSIT and "destination" in said and ("arriv" in said or "processed" in said):
        return replace(base, milestone=_M.AT_DESTINATION)
    if base.milestone is _M.IN_TRANSIT and "arriving late" in said:
        return replace(base, reason=_R.DELAYED)
    if base.milestone is _M.ATTEMPT_FAILED and base.reason is _R.ABSENT:
        return replace(base, reason=next((reason for words, reason in NOTICES if words in said), base.reason))
    if base.reason is _R.LOST and "disposed" in said:
        return replace(base, reason=_R.DESTROYED)
    return base


MANNERS: tuple[tuple[Manner, tuple[str, ...]], ...] = (
    (Manner.LOCKER, ("locker",)),
    (Manner.NEIGHBOUR, ("neighbor", "neighbour")),
    (Manner.POINT, ("picked up at", "po box", "post office", "postal facility")),
    (Manner.AGENT, ("agent", "front desk", "reception", "mail room", "mailroom")),
    (Manner.SAFE_PLACE, ("mailbox", "porch", "front door", "garage", "other location", "back door", "side door")),
)
"""Words of a delivery's text in lower case (EXTRACT); first fit wins. An individual at the address may be anybody."""


def manner_in(said: str) -> Manner | None:
    return next((manner for manner, words in MANNERS if any(word in said for word in words)), None)
