"""What UPS's three-digit package status codes mean. For the UPS adapter only.

LIST is UPS's list of package status codes (developer.ups.com, Tracking, appendix), 000 to 169, as public projects copied it
in several years; ALERT is UPSTrackAlert.yaml. Of the list these are left out, so that they stay unmapped:

- 000, 148, 163 (no information) and 088 (test) say nothing;
- 047 and 069 changed their words between the copies ("delay" and "on the way"; "not claimed" and "unable to deliver"):
  047 is left out, 069 keeps what both have in common;
- 143 ("delivered to agent") doesn't say whether that is the end of UPS's way.
"""

from collections.abc import Mapping
from types import MappingProxyType

from carriers.base import Meaning
from domain.tracking import Milestone, Reason

LIST = "UPS list of package status codes"
ALERT = "UPS-API/api-documentation UPSTrackAlert.yaml, messages"

_ATTEMPT = Milestone.ATTEMPT_FAILED
_EX = Milestone.EXCEPTION

_NEWS = (
    "018 020 027 028 041 042 043 054 055 056 063 065 070 075 077 082 093 094 095 096 097 098 099 100 101 102 103 104 105 "
    "106 107 108 109 110 111 112 113 114 115 116 117 120 121 122 127 128 130 131 133 135 136 140 142 153 154 155"
)
"""Requests, confirmations, failed pickups, claims, rescheduling: no step of the parcel."""

STATUSES: Mapping[str, Meaning] = MappingProxyType(
    {
        **{code: Meaning(Milestone.INFO, LIST) for code in _NEWS.split()},
        "003": Meaning(Milestone.ANNOUNCED, LIST, physical=False),
        "006": Meaning(Milestone.OUT_FOR_DELIVERY, LIST),
        "007": Meaning(Milestone.CANCELLED, LIST, Reason.CANCELLED, physical=False),
        "011": Meaning(Milestone.DELIVERED, LIST),
        "012": Meaning(Milestone.CUSTOMS, LIST),
        "014": Meaning(Milestone.CUSTOMS, LIST),
        "016": Meaning(_EX, LIST, Reason.OTHER),  # held in a warehouse
        "017": Meaning(Milestone.AWAITING_COLLECTION, LIST),
        "019": Meaning(Milestone.INFO, LIST),  # held for a future delivery
        "021": Meaning(Milestone.OUT_FOR_DELIVERY, LIST),
        "022": Meaning(_ATTEMPT, LIST),
        "023": Meaning(_ATTEMPT, LIST),
        "024": Meaning(_ATTEMPT, LIST),
        "025": Meaning(Milestone.TRANSFERRED, LIST),  # to the local post office
        "026": Meaning(Milestone.DELIVERED, LIST),  # by it
        "030": Meaning(_EX, LIST, Reason.OTHER),
        "032": Meaning(_EX, LIST, Reason.WEATHER),
        "033": Meaning(Milestone.RETURNING, LIST),  # return requested
        "034": Meaning(Milestone.RETURNED, LIST),
        "035": Meaning(Milestone.RETURNING, LIST),
        "036": Meaning(Milestone.RETURNING, LIST),
        "037": Meaning(Milestone.RETURNING, LIST),  # on the vehicle that takes it back to the sender
        "038": Meaning(Milestone.PICKED_UP, LIST),
        "040": Meaning(Milestone.AWAITING_COLLECTION, LIST),  # at an Access Point
        "044": Meaning(Milestone.ANNOUNCED, LIST, physical=False),  # on its way to UPS
        "045": Meaning(Milestone.ANNOUNCED, LIST, physical=False),
        "046": Meaning(_EX, LIST, Reason.DELAYED),
        "048": Meaning(_EX, LIST, Reason.DELAYED),
        "049": Meaning(_EX, LIST, Reason.DELAYED),
        "050": Meaning(_EX, LIST, Reason.ADDRESS),
        "051": Meaning(_EX, LIST, Reason.WEATHER),  # emergency or severe weather
        "052": Meaning(_EX, LIST, Reason.WEATHER),
        "053": Meaning(_EX, LIST, Reason.WEATHER),
        "057": Meaning(Milestone.IN_TRANSIT, LIST),  # to an Access Point
        "058": Meaning(Milestone.CUSTOMS, LIST, Reason.CUSTOMS),
        "059": Meaning(_EX, LIST, Reason.DAMAGED),
        "060": Meaning(_ATTEMPT, LIST),
        "061": Meaning(_ATTEMPT, LIST, Reason.ABSENT),  # an adult must sign
        "062": Meaning(_ATTEMPT, LIST, Reason.PAYMENT),
        "064": Meaning(_ATTEMPT, LIST, Reason.REFUSED),
        "066": Meaning(_ATTEMPT, LIST),  # by the post office
        "067": Meaning(Milestone.RETURNED, LIST),  # by the post office
        "068": Meaning(_EX, LIST, Reason.LOST),  # sent to lost and found
        "069": Meaning(_EX, LIST, Reason.OTHER),
        "071": Meaning(Milestone.AT_DESTINATION, ALERT),
        "072": Meaning(Milestone.OUT_FOR_DELIVERY, LIST),  # loaded
        "073": Meaning(Milestone.IN_TRANSIT, LIST),  # to a delivery partner
        "074": Meaning(Milestone.TRANSFERRED, LIST),
        "076": Meaning(_EX, LIST, Reason.OTHER),  # the partner's exception
        "078": Meaning(Milestone.OUT_FOR_DELIVERY, LIST),  # the driver arrives soon
        "079": Meaning(Milestone.ANNOUNCED, LIST, physical=False),
        "080": Meaning(Milestone.ANNOUNCED, LIST, physical=False),
        "081": Meaning(Milestone.RETURNED, LIST, Reason.DAMAGED),
        "083": Meaning(_EX, LIST, Reason.OTHER),  # held
        "084": Meaning(Milestone.CUSTOMS, LIST),  # cleared
        "085": Meaning(_EX, LIST, Reason.PAYMENT),  # held for cash on delivery
        "086": Meaning(_EX, LIST, Reason.DELAYED),
        "089": Meaning(Milestone.OUT_FOR_DELIVERY, LIST),
        "090": Meaning(_EX, LIST, Reason.DELAYED),
        "091": Meaning(Milestone.OUT_FOR_DELIVERY, LIST),
        "092": Meaning(Milestone.CUSTOMS, LIST),
        "118": Meaning(Milestone.RETURNING, LIST),  # return confirmed
        "119": Meaning(Milestone.RETURNING, LIST),  # return requested
        "123": Meaning(Milestone.CUSTOMS, LIST),  # waits for another broker
        "124": Meaning(Milestone.CUSTOMS, LIST, Reason.CUSTOMS),
        "125": Meaning(Milestone.CUSTOMS, LIST, Reason.CUSTOMS),
        "126": Meaning(Milestone.CUSTOMS, LIST),  # waits for an authority
        "129": Meaning(_EX, LIST, Reason.LOST),  # investigation opened
        "132": Meaning(_EX, LIST, Reason.SECURITY),
        "134": Meaning(Milestone.CUSTOMS, LIST),  # cleared import
        "137": Meaning(Milestone.TRANSFERRED, LIST),
        "138": Meaning(Milestone.IN_TRANSIT, LIST),  # waits for its departure
        "139": Meaning(_EX, LIST, Reason.SECURITY),
        "141": Meaning(_EX, LIST, Reason.OTHER),  # incomplete papers
        "144": Meaning(Milestone.AWAITING_COLLECTION, LIST),  # at a post office
        "145": Meaning(_ATTEMPT, LIST),
        "146": Meaning(Milestone.OUT_FOR_DELIVERY, LIST),
        "147": Meaning(_EX, LIST, Reason.SECURITY),  # seized
        "149": Meaning(_EX, LIST, Reason.DESTROYED),
        "156": Meaning(Milestone.DELIVERED, LIST),  # released inside a business
        "157": Meaning(Milestone.ANNOUNCED, LIST, physical=False),
        "160": Meaning(Milestone.PICKED_UP, LIST),
        "161": Meaning(Milestone.AWAITING_COLLECTION, LIST),
        "162": Meaning(Milestone.OUT_FOR_DELIVERY, LIST),
        "166": Meaning(Milestone.ANNOUNCED, LIST, physical=False),  # ready for Roadie
        "167": Meaning(Milestone.PICKED_UP, LIST),  # dropped off at a store
        "168": Meaning(Milestone.PICKED_UP, LIST),
        "169": Meaning(Milestone.PICKED_UP, LIST),
    }
)
"""By statusCode, where (type, code) is in no row."""

ROLLUPS: Mapping[str, Meaning] = MappingProxyType(
    {
        **{
            code: Meaning(Milestone.IN_TRANSIT, LIST)
            for code in ["005", "010", "039", "087", "158", "159", "164", "165"]
        },  # on the way
        "013": Meaning(_EX, LIST, Reason.OTHER),
        "029": Meaning(_EX, LIST, Reason.OTHER),  # somebody must act
    }
)
"""These say no more than the type does, which is no meaning of an unknown code: only where UPS sends no two-letter code."""

_ONLY_UNDER: Mapping[Milestone, frozenset[str]] = MappingProxyType(
    {Milestone.DELIVERED: frozenset({"", "D", "I"}), Milestone.ANNOUNCED: frozenset({"", "M", "P", "I"})}
)
"""A status of another type contradicts itself: UPS's own example is an exception with statusCode 003."""


def by_status(type_: str, code: str, status: str) -> Meaning | None:
    """The row of a three-digit status, unless the event's type contradicts it."""
    row = STATUSES.get(status) or (None if code else ROLLUPS.get(status))
    return row if row is None or type_ in _ONLY_UNDER.get(row.milestone, {type_}) else None
