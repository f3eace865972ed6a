"""What UPS's activity codes mean, by (type, code): two letters alone mean different things under different types.

Sources are named in every row: ALERT is UPSTrackAlert.yaml of UPS-API/api-documentation, SEEN are codes with their texts
in Track API replies that public projects keep, TABLE is a table of UPS's of 2010 to 2019 (type and activity code, with the
status that it is shown as) that issue 7 of api-documentation quotes in part. Its rows that say only "exception" are left
out. Types: M manifest, MV voided, P pickup, I in progress, X exception, U update,
D delivery information, which alone is no proof of delivery.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from carriers.base import Meaning
from carriers.phrases import Phrase, phrase_in
from carriers.ups_statuses import ALERT, by_status
from domain.tracking import Manner, Milestone, Reason

SEEN = "code and text of Track API replies in public projects"
TABLE = "UPS status table of 2010-2019, api-documentation issue 7"

_LABEL = Meaning(Milestone.ANNOUNCED, SEEN, physical=False)
_VOID = Meaning(Milestone.CANCELLED, SEEN, Reason.CANCELLED, physical=False)
_GOT = Meaning(Milestone.PICKED_UP, SEEN, physical=True)
_MOVE = Meaning(Milestone.IN_TRANSIT, SEEN, physical=True)
_ARRIVED = Meaning(Milestone.AT_DESTINATION, SEEN, physical=True)
_OUT = Meaning(Milestone.OUT_FOR_DELIVERY, SEEN, physical=True)
_POINT = Meaning(Milestone.AWAITING_COLLECTION, SEEN, physical=True)
_GIVEN = Meaning(Milestone.DELIVERED, SEEN, physical=True)
_TAKEN = Meaning(Milestone.DELIVERED, SEEN, physical=True, manner=Manner.POINT)
_NOTE = Meaning(Milestone.INFO, SEEN, physical=False)
_CUSTOMS = Meaning(Milestone.CUSTOMS, SEEN)
_MISSED = Meaning(Milestone.ATTEMPT_FAILED, SEEN, Reason.ABSENT, physical=True)
_REFUSED = Milestone.ATTEMPT_FAILED
_BACK = Meaning(Milestone.RETURNING, SEEN)


def _stuck(reason: Reason) -> Meaning:
    return Meaning(Milestone.EXCEPTION, SEEN, reason)


def _under(types: str, rows: Mapping[str, Meaning]) -> dict[tuple[str, str], Meaning]:
    """The rows under each of the types: UPS files hand-overs at a point under several."""
    return {(type_, code): row for type_ in types.split() for code, row in rows.items()}


_HANDOVERS: Mapping[str, Meaning] = {
    "2Q": _POINT,  # delivered to a UPS Access Point
    "ZP": _POINT,  # the same, awaiting customer pickup
    "2W": _TAKEN,  # taken out of the Access Point by the customer
    "5G": replace(_POINT, reason=Reason.OVERDUE_AT_POINT),  # reaching the most days that a point keeps it
}
_ON_VEHICLE: Mapping[str, Meaning] = {
    "OT": replace(_OUT, source=ALERT),
    "OF": _OUT,  # loaded on the delivery vehicle
    "YI": _OUT,  # on its way to the Access Point
}


def _shown(milestone: Milestone, reason: Reason | None = None) -> Meaning:
    return Meaning(milestone, TABLE, reason)


TABLED: tuple[tuple[str, str, Meaning], ...] = (
    ("X I", "03 05 06 07 08 15 16 CK HA LE LF", _shown(Milestone.EXCEPTION, Reason.DELAYED)),
    ("X", "7H 7J CC", _shown(Milestone.EXCEPTION, Reason.DELAYED)),
    ("X I", "7V 7W C5", _shown(Milestone.EXCEPTION, Reason.WEATHER)),
    ("X", "EJ", _shown(Milestone.EXCEPTION, Reason.WEATHER)),
    ("X", "H1 H2 H3 H4 H5", _shown(Milestone.EXCEPTION, Reason.ADDRESS)),
    ("I", "WH", _shown(Milestone.EXCEPTION, Reason.OTHER)),  # held in a warehouse
    ("X", "10 75 EE EO EP HF LW VO YO YP Z2 Z4", _shown(Milestone.IN_TRANSIT)),
    ("X I", "VT", _shown(Milestone.IN_TRANSIT)),
    ("I", "CA CD LC LD LK", _shown(Milestone.IN_TRANSIT)),
    ("X", "76", _shown(Milestone.OUT_FOR_DELIVERY)),
    ("X", "ER VK Z1", _shown(Milestone.CUSTOMS)),
    ("X", "VN ZQ", _shown(Milestone.AWAITING_COLLECTION)),
    ("X", "H8", _shown(Milestone.RETURNING)),
    ("X", "VS", _shown(Milestone.PICKED_UP)),
    ("X I", "LX", _shown(Milestone.TRANSFERRED)),
    ("I", "LM", Meaning(Milestone.ANNOUNCED, TABLE, physical=False)),  # on its way to UPS
    ("X I", "78", _shown(Milestone.INFO)),
    ("X", "7M EG", _shown(Milestone.INFO)),
)
"""Types, their codes, and the status that UPS shows them as."""

CODES: Mapping[tuple[str, str], Meaning] = MappingProxyType(
    {
        **{pair: row for types, codes, row in TABLED for pair in _under(types, dict.fromkeys(codes.split(), row))},
        ("M", "MP"): replace(_LABEL, source=ALERT),
        ("M", "VP"): _VOID,
        ("MV", "VP"): _VOID,
        ("P", "PU"): _GOT,
        ("P", "OR"): _GOT,
        ("P", "XD"): _GOT,
        ("P", "ZO"): _GOT,
        ("I", "PU"): _GOT,
        ("I", "OR"): replace(_GOT, source=ALERT),  # "UPS has your package"
        ("I", "XD"): _GOT,  # drop-off
        ("I", "ZO"): _GOT,  # at an Access Point, to be tendered to UPS
        ("I", "AR"): replace(_MOVE, source=ALERT),
        ("I", "DP"): replace(_MOVE, source=ALERT),
        ("I", "EP"): _MOVE,  # export scan
        ("I", "IP"): replace(_CUSTOMS, physical=True),  # import scan: passed the import process
        ("I", "SR"): _CUSTOMS,
        ("I", "DS"): _ARRIVED,  # destination scan
        ("I", "YP"): replace(_ARRIVED, source=ALERT),  # "Preparing for Delivery"
        ("I", "ZW"): Meaning(Milestone.TRANSFERRED, SEEN, physical=True),  # to the post office
        ("I", "3P"): _MOVE,  # collected back from an Access Point
        ("I", "6B"): _MOVE,  # moved off a point that closes
        ("I", "ZA"): _NOTE,  # will go to the recipient's preferred Access Point
        ("I", "ZC"): _NOTE,
        **_under("I D", _ON_VEHICLE),
        **_under("I D X", _HANDOVERS),
        ("D", "FS"): replace(_GIVEN, source=ALERT),
        ("D", "KB"): _GIVEN,  # signature obtained
        ("D", "KD"): _GIVEN,
        ("D", "KE"): _GIVEN,
        ("D", "KM"): _GIVEN,
        ("D", "DL"): _GIVEN,
        ("D", "8Q"): _GIVEN,
        ("D", "9E"): _GIVEN,
        ("D", "RS"): Meaning(Milestone.RETURNED, SEEN, physical=True),
        ("RS", "RS"): Meaning(Milestone.RETURNED, SEEN, physical=True),
        ("X", "SR"): Meaning(Milestone.CUSTOMS, "UPS-API/api-documentation Tracking.yaml, example"),
        ("X", "AR"): Meaning(_REFUSED, "UPS-API/api-documentation, status codes: too expensive", Reason.REFUSED),
        ("X", "KR"): Meaning(Milestone.ATTEMPT_FAILED, SEEN, Reason.REFUSED, physical=True),
        ("X", "48"): _MISSED,
        ("X", "55"): _MISSED,  # business closed
        ("X", "G3"): _MISSED,
        ("X", "AY"): _MISSED,  # closed at the final attempt
        ("X", "5R"): _MISSED,  # goes to a point near by
        ("X", "3J"): _MISSED,  # the point was closed
        ("X", "AG"): _stuck(Reason.ADDRESS),
        ("X", "AD"): _stuck(Reason.ADDRESS),
        ("X", "A7"): _stuck(Reason.ADDRESS),  # moved
        ("X", "C8"): _stuck(Reason.ADDRESS),  # no longer in business
        ("X", "18"): _stuck(Reason.DELAYED),  # late flight
        ("X", "E3"): _stuck(Reason.DELAYED),
        ("X", "Q5"): _stuck(Reason.DELAYED),
        ("X", "34"): _stuck(Reason.MISSORTED),
        ("X", "UP"): _stuck(Reason.LOST),  # investigation to locate the package
        ("X", "6C"): replace(_BACK, reason=Reason.OVERDUE_AT_POINT),  # the days at the point are over
        ("X", "UF"): _BACK,
        ("X", "RS"): _BACK,
        ("X", "MF"): _NOTE,  # held for a future delivery date
        ("X", "T3"): _stuck(Reason.INTERCEPTED),  # the sender asked to hold it
        ("X", "S7"): _NOTE,  # the receiver asked to hold it for pickup
        ("X", "VM"): _NOTE,
        ("X", "UD"): _NOTE,
        ("X", "ZC"): _NOTE,
        ("X", "01"): _NOTE,
        ("X", "HM"): _NOTE,
        ("X", "H6"): _NOTE,
        ("X", "TB"): _NOTE,
        ("X", "ZA"): _NOTE,
        ("X", "ZB"): _NOTE,
        ("X", "AL"): _NOTE,  # address corrected
        ("U", "ZC"): _NOTE,
        ("U", "UD"): _NOTE,
        ("U", "VM"): _NOTE,
    }
)

EXCEPTION_TEXTS: tuple[Phrase, ...] = (
    Phrase("returned to shipper", Meaning(Milestone.RETURNED, SEEN), unless=("will be returned", "being returned")),
    Phrase("refused", Meaning(_REFUSED, SEEN, Reason.REFUSED)),
    Phrase("damaged", _stuck(Reason.DAMAGED), unless=("not damaged",)),
    Phrase("was discarded", _stuck(Reason.DESTROYED)),
    Phrase("missing", _stuck(Reason.LOST), also=("merchandise",)),
    Phrase("lost package", _stuck(Reason.LOST)),
    Phrase("investigation", _stuck(Reason.LOST), also=("locate",)),
    Phrase("was not available", _MISSED),
    Phrase("business was closed", _MISSED),
    Phrase("but it was closed", _MISSED),
    Phrase("weather", _stuck(Reason.WEATHER)),
    Phrase("incorrectly sorted", _stuck(Reason.MISSORTED)),
    Phrase("customs", Meaning(Milestone.CUSTOMS, SEEN, Reason.CUSTOMS)),
    Phrase("clearance", Meaning(Milestone.CUSTOMS, SEEN, Reason.CUSTOMS)),
    Phrase("address", _stuck(Reason.ADDRESS), also=("incorrect", "incomplete", "new delivery address")),
    Phrase("suite number", _stuck(Reason.ADDRESS)),
    Phrase("has moved", _stuck(Reason.ADDRESS)),
    Phrase("delayed", _stuck(Reason.DELAYED)),
    Phrase("caused a delay", _stuck(Reason.DELAYED)),
    Phrase("delay delivery", _stuck(Reason.DELAYED)),
    Phrase("return", _BACK, also=("to the sender", "to sender", "to shipper", "to the shipper")),
)
"""Words of type X, lower case, whose code is in no row: UPS has hundreds of codes and words them alike."""

GOES_BACK = (
    "will be returned",
    "returning this package",
    "returning the package",
    "returned to the sender",
    "return this package",
)
"""A second sentence under many exception codes: the reason stays, the parcel goes back."""


def meaning_of(type_: str, code: str, status: str, text: str) -> Meaning | None:
    """The most exact row: (type, code), else the three-digit status, else the words of an exception, which also explain a
    row; None where no table knows the event.
    """
    type_, code, words = type_.strip().upper(), code.strip().upper(), text.lower()
    row = CODES.get((type_, code)) or by_status(type_, code, status)
    if type_ == "X" and (phrase := phrase_in(words, EXCEPTION_TEXTS)):
        row = _explained(row, phrase.meaning) if row else phrase.meaning
    if type_ == "MV" and row is None and not code:
        row = _VOID
    if row is not None and type_ == "X" and any(words_back in words for words_back in GOES_BACK):
        return replace(row, milestone=_turned(row.milestone))
    return row


_VAGUE = frozenset({None, Reason.OTHER, Reason.DELAYED})


def _explained(row: Meaning, said: Meaning) -> Meaning:
    """The words give the cause that the code leaves open, and what became of a parcel that is only "an exception"."""
    if row.reason not in _VAGUE or said.reason in _VAGUE:
        return row
    if row.milestone is Milestone.EXCEPTION:
        return replace(row, milestone=said.milestone, reason=said.reason)
    unsuccessful = row.milestone in {Milestone.ATTEMPT_FAILED, Milestone.RETURNING}
    return replace(row, reason=said.reason) if unsuccessful else row


def _turned(milestone: Milestone) -> Milestone:
    return milestone if milestone in {Milestone.RETURNED, Milestone.DELIVERED} else Milestone.RETURNING
