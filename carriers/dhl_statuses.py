"""What DHL's ``status`` field means where it is a code: the divisions write theirs into it unchanged.

Express puts two letters into it, and three digits into the shipment's own status; DHL eCommerce in the Netherlands puts
capitals with underscores. Elsewhere it is a title in words, and the phrases of ``dhl_vocabulary`` read it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from carriers.base import Meaning
from domain.tracking import Manner, Milestone, Reason

EXPRESS = "DHL Express event codes, as a user of Unified lists them from DHL's own list (documents only)"
BENELUX = "DHL eCommerce NL status names, as public clients list them (documents only)"

_M, _R = Milestone, Reason


def _info(source: str) -> Meaning:
    return Meaning(_M.INFO, source, physical=False)


EXPRESS_CODES: Mapping[str, Meaning] = MappingProxyType(
    {
        "SD": Meaning(_M.ANNOUNCED, EXPRESS, physical=False),  # shipment information received
        "PU": Meaning(_M.PICKED_UP, EXPRESS),
        "SA": Meaning(_M.PICKED_UP, EXPRESS),  # shipment acceptance
        "PL": Meaning(_M.IN_TRANSIT, EXPRESS),  # processed at location
        "DF": Meaning(_M.IN_TRANSIT, EXPRESS),  # departed facility
        "AF": Meaning(_M.IN_TRANSIT, EXPRESS),  # arrived at facility
        "TR": Meaning(_M.IN_TRANSIT, EXPRESS),  # record of transfer
        "FD": Meaning(_M.IN_TRANSIT, EXPRESS),  # forwarded, details expected
        "SM": Meaning(_M.IN_TRANSIT, EXPRESS, physical=False),  # scheduled for movement
        "AD": Meaning(_M.IN_TRANSIT, EXPRESS, physical=False),  # agreed delivery
        "AR": Meaning(_M.AT_DESTINATION, EXPRESS),  # arrival in delivery facility
        "WC": Meaning(_M.OUT_FOR_DELIVERY, EXPRESS),
        "OK": Meaning(_M.DELIVERED, EXPRESS),
        "DD": Meaning(_M.DELIVERED, EXPRESS, _R.DAMAGED),
        "IC": Meaning(_M.CUSTOMS, EXPRESS),  # in clearance processing
        "RR": Meaning(_M.CUSTOMS, EXPRESS),  # customs status updated
        "CR": Meaning(_M.CUSTOMS, EXPRESS),  # released
        "BR": Meaning(_M.CUSTOMS, EXPRESS),  # released to the broker
        "BN": Meaning(_M.CUSTOMS, EXPRESS),  # broker notified
        "CD": Meaning(_M.CUSTOMS, EXPRESS, _R.CUSTOMS),  # a delay that a document can end
        "UD": Meaning(_M.CUSTOMS, EXPRESS, _R.CUSTOMS),
        "HP": Meaning(_M.EXCEPTION, EXPRESS, _R.PAYMENT),
        "PY": _info(EXPRESS),  # payment
        "SC": _info(EXPRESS),  # service changed
        "CS": _info(EXPRESS),  # closed shipment
        "ND": Meaning(_M.ATTEMPT_FAILED, EXPRESS, _R.OTHER),
        "NH": Meaning(_M.ATTEMPT_FAILED, EXPRESS, _R.ABSENT),
        "CA": Meaning(_M.ATTEMPT_FAILED, EXPRESS, _R.ABSENT),  # closed on arrival
        "RD": Meaning(_M.ATTEMPT_FAILED, EXPRESS, _R.REFUSED),
        "CC": Meaning(_M.AWAITING_COLLECTION, EXPRESS),
        "BA": Meaning(_M.EXCEPTION, EXPRESS, _R.ADDRESS),
        "CM": Meaning(_M.EXCEPTION, EXPRESS, _R.ADDRESS),  # consignee moved
        "MD": Meaning(_M.EXCEPTION, EXPRESS, _R.DELAYED),  # missed delivery cycle
        "OH": Meaning(_M.EXCEPTION, EXPRESS, _R.DELAYED),  # on hold
        "MS": Meaning(_M.EXCEPTION, EXPRESS, _R.MISSORTED),
        "MC": Meaning(_M.EXCEPTION, EXPRESS, _R.MISSORTED),  # miscoded
        "DS": Meaning(_M.EXCEPTION, EXPRESS, _R.DESTROYED),
        "PD": Meaning(_M.EXCEPTION, EXPRESS, _R.OTHER),  # partial delivery: pieces are missing
        "SS": Meaning(_M.EXCEPTION, EXPRESS, _R.OTHER),  # shipment stopped
        "TP": Meaning(_M.TRANSFERRED, EXPRESS),  # to a third party, no details expected
        "RT": Meaning(_M.RETURNED, EXPRESS),
    }
)

NUMBERED: Mapping[str, str] = MappingProxyType(
    {"104": "pre-transit", "102": "transit", "101": "delivered", "103": "failure"}
)
"""Express's three digits, as the statusCode that they stand for (EXPRESS)."""


def _same(meaning: Meaning, names: str) -> dict[str, Meaning]:
    return dict.fromkeys(names.split(), meaning)


def _back(reason: Reason | None = None) -> Meaning:
    return Meaning(_M.RETURNING, BENELUX, reason)


BENELUX_NAMES: Mapping[str, Meaning] = MappingProxyType(
    {
        **_same(Meaning(_M.ANNOUNCED, BENELUX, physical=False), "PRENOTIFICATION_RECEIVED DATA_RECEIVED_WITH_PREFIX_LABEL"),
        **_same(Meaning(_M.PICKED_UP, BENELUX), "PARCEL_PICKED_UP_AT_PARCELSHOP"),
        **_same(Meaning(_M.IN_TRANSIT, BENELUX), "PARCEL_SORTED_AT_HUB DEPOT_SCAN DEPART_FACILITY"),
        **_same(Meaning(_M.AT_DESTINATION, BENELUX), "PARCEL_ARRIVED_AT_LOCAL_DEPOT ARRIVED_AT_DELIVERY_FACILITY"),
        **_same(Meaning(_M.OUT_FOR_DELIVERY, BENELUX), "LOAD_VEHICLE PARCEL_WILL_BE_DELIVERED_SOON"),
        **_same(Meaning(_M.AWAITING_COLLECTION, BENELUX),
                "DELIVERED_AT_ACCESSPOINT DELIVERED_AT_PARCELSTATION AWAITING_RECEIVER_COLLECTION CLOSED_AWAITING_COLLECTION"
                " ON_HOLD_FOR_COLLECTION PARCEL_FOUND_AT_PARCELSHOP PARCEL_HELD_FOR_COLLECTION_AT_LOCAL_DEPOT"),
        **_same(Meaning(_M.AWAITING_COLLECTION, BENELUX, physical=False),
                "NOTIFICATION_FOR_PARCELSHOP_COLLECTION_HAS_BEEN_SENT"
                " NOTIFICATION_FOR_PARCELSTATION_COLLECTION_HAS_BEEN_SENT REMINDER_FOR_COLLECTION_SENT_EMAIL"
                " REMINDER_FOR_COLLECTION_SENT_LETTER REMINDER_FOR_COLLECTION_SENT_SMS"),
        **_same(Meaning(_M.DELIVERED, BENELUX, manner=Manner.POINT), "COLLECTED_AT_PARCELSHOP COLLECTED_AT_ACCESSPOINT"),
        **_same(Meaning(_M.DELIVERED, BENELUX, manner=Manner.LOCKER), "COLLECTED_AT_PARCELSTATION"),
        **_same(Meaning(_M.DELIVERED, BENELUX, manner=Manner.NEIGHBOUR),
                "DELIVERED_AT_NEIGHBOURS DELIVERED_AT_PREFERED_NEIGHBOURS"),
        **_same(Meaning(_M.DELIVERED, BENELUX, manner=Manner.SAFE_PLACE), "DELIVERED_AT_SAFEPLACE DELIVERED_IN_MAILBOX"),
        **_same(Meaning(_M.DELIVERED, BENELUX), "DELIVERED_NOT_IN_TIME DELIVERED_NO_CODE_VALIDATION"),
        **_same(Meaning(_M.DELIVERED, BENELUX, _R.DAMAGED), "DELIVERED_DAMAGED"),
        **_same(Meaning(_M.ATTEMPT_FAILED, BENELUX, _R.ABSENT), "NOT_HOME_NEW_DELIVERY"),
        **_same(Meaning(_M.ATTEMPT_FAILED, BENELUX, _R.REFUSED), "REFUSED_BY_RECEIVER REFUSED_AT_PARCELSHOP"),
        **_same(Meaning(_M.EXCEPTION, BENELUX, _R.ADDRESS), "ADDRESS_UNKNOWN POSTAL_CODE_INCORRECT"),
        **_same(Meaning(_M.EXCEPTION, BENELUX, _R.DELAYED), "TRANSPORT_DELAY"),
        **_same(Meaning(_M.EXCEPTION, BENELUX, _R.DESTROYED), "DESTROYED"),
        **_same(Meaning(_M.EXCEPTION, BENELUX, _R.OTHER), "SHIPMENT_STOPPED PARTIAL_DELIVERY"),
        **_same(Meaning(_M.EXCEPTION, BENELUX, _R.OVERDUE_AT_POINT),
                "STORAGE_PERIOD_ENDED_AT_ACCESSPOINT STORAGE_PERIOD_ENDED_AT_PARCELSHOP"
                " STORAGE_PERIOD_ENDED_AT_PARCELSTATION"),
        **_same(_info(BENELUX),
                "INTERVENTION_RECEIVER_REQUESTS_DELIVERY_AT_ANOTHER_TIME/DATE"
                " INTERVENTION_RECEIVER_REQUESTS_DELIVERY_AT_ACCESSPOINT"
                " INTERVENTION_RECEIVER_REQUESTS_DELIVERY_AT_NEIGHBOURS"
                " INTERVENTION_RECEIVER_REQUESTS_DELIVERY_AT_PARCELSHOP"
                " INTERVENTION_RECEIVER_REQUESTS_DELIVERY_AT_PARCELSTATION"
                " INTERVENTION_RECEIVER_REQUESTS_DELIVERY_AT_PREFERRED_NEIGHBOURS"),
        **_same(_back(),
                "ON_ROUTE_TO_SHIPPER PARCEL_RELABELED_FOR_RETURN_TO_SHIPPER PARCEL_SCANNED_AT_RETURN_HUB"
                " PARCEL_SCANNED_FOR_RETURN_TO_HUB RETURNED_TO_SHIPPER RECEIVER_RETURN SPONTANEOUS_RETURN"
                " PARCEL_TOO_HEAVY_RETURN PARCEL_TOO_LARGE_RETURN INVALID_SHIPMENT_SPECIFICATION_RETURN"
                " DELIVERY_CODE_MISSING_RETURN"),
        **_same(_back(_R.ADDRESS), "DELIVERY_DATA_INCORRECT_RETURN RECEIVER_UNKNOWN_RETURN"),
        **_same(_back(_R.ABSENT), "NOT_HOME_RETURN_TO_SHIPPER"),
        **_same(_back(_R.REFUSED), "REFUSED_RETURN"),
        **_same(_back(_R.CUSTOMS), "CUSTOMS_DATA_INCORRECT_RETURN_TO_SHIPPER"),
        **_same(_back(_R.DAMAGED), "DAMAGE_RETURN"),
        **_same(_back(_R.MISSORTED), "MISROUTED_RETURN_TO_SHIPPER"),
        **_same(_back(_R.PAYMENT), "NO_MONEY_RETURN"),
        **_same(_back(_R.OVERDUE_AT_POINT), "RETURNED_NOT_COLLECTED REFUSED_NOT_COLLECTED"),
        **_same(Meaning(_M.RETURNED, BENELUX), "DELIVERED_AT_SHIPPER"),
    }
)  # fmt: skip
"""Plain DELIVERED and OUT_FOR_DELIVERY aren't here: the words beside them may say more."""

STATUSES: Mapping[str, Meaning] = MappingProxyType({**EXPRESS_CODES, **BENELUX_NAMES})
