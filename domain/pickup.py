"""Words of return pickups: reasons, how a stop can end, how a return stands."""

from enum import StrEnum


class ReturnReason(StrEnum):
    """Why a customer sends something back; decides who pays the freight."""

    NO_REASON = "no_reason"
    QUALITY = "quality"
    WRONG_ITEM = "wrong_item"
    DAMAGED = "damaged"
    NOT_AS_DESCRIBED = "not_as_described"
    CARRIER_DAMAGE = "carrier_damage"
    LATE = "late"


class Want(StrEnum):
    REFUND = "refund"
    EXCHANGE = "exchange"


class Payer(StrEnum):
    CUSTOMER = "customer"
    MERCHANT = "merchant"


class Fault(StrEnum):
    """Whose fault a failed stop is: decides the fee and the next step."""

    CUSTOMER = "customer"
    COURIER = "courier"
    MERCHANT = "merchant"
    NOBODY = "nobody"


class FailReason(StrEnum):
    """Why a stop ended without goods (docs: 4.3 pickup practice)."""

    ABSENT = "absent"
    UNREACHABLE = "unreachable"
    NOT_PACKED = "not_packed"
    WRONG_ITEM = "wrong_item"
    ITEM_DAMAGED = "item_damaged"
    ITEM_MISSING = "item_missing"
    REFUSED = "refused"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    ADDRESS_WRONG = "address_wrong"
    TOO_LARGE = "too_large"
    PROHIBITED = "prohibited"
    NO_ACCESS = "no_access"
    COURIER_LATE = "courier_late"
    COURIER_NO_SHOW = "courier_no_show"
    VEHICLE = "vehicle"
    WEATHER = "weather"
    CAPACITY = "capacity"
    CHECK_REFUSED = "check_refused"


FAULT: dict[FailReason, Fault] = {
    FailReason.ABSENT: Fault.CUSTOMER,
    FailReason.UNREACHABLE: Fault.CUSTOMER,
    FailReason.NOT_PACKED: Fault.CUSTOMER,
    FailReason.WRONG_ITEM: Fault.CUSTOMER,
    FailReason.ITEM_DAMAGED: Fault.CUSTOMER,
    FailReason.ITEM_MISSING: Fault.CUSTOMER,
    FailReason.REFUSED: Fault.CUSTOMER,
    FailReason.POSTPONED: Fault.CUSTOMER,
    FailReason.CANCELLED: Fault.CUSTOMER,
    FailReason.ADDRESS_WRONG: Fault.CUSTOMER,
    FailReason.TOO_LARGE: Fault.MERCHANT,
    FailReason.PROHIBITED: Fault.CUSTOMER,
    FailReason.NO_ACCESS: Fault.NOBODY,
    FailReason.COURIER_LATE: Fault.COURIER,
    FailReason.COURIER_NO_SHOW: Fault.COURIER,
    FailReason.VEHICLE: Fault.COURIER,
    FailReason.WEATHER: Fault.NOBODY,
    FailReason.CAPACITY: Fault.MERCHANT,
    FailReason.CHECK_REFUSED: Fault.CUSTOMER,
}


class ReturnStatus(StrEnum):
    """How a return stands."""

    REQUESTED = "requested"
    REFUSED = "refused"
    BY_CARRIER = "by_carrier"
    PLANNED = "planned"
    ARRIVED = "arrived"
    COLLECTED = "collected"
    PARTLY_COLLECTED = "partly_collected"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INSTRUCTED = "instructed"
    SETTLED = "settled"


class ReturnEvent(StrEnum):
    """What can happen to a return; facts are kept under these names."""

    REQUESTED = "requested"
    REFUSED = "refused"
    BY_CARRIER = "by_carrier"
    BY_ROUTE = "by_route"
    PLANNED = "planned"
    UNPLANNED = "unplanned"
    ARRIVED = "arrived"
    COLLECTED = "collected"
    PARTLY_COLLECTED = "partly_collected"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INSTRUCTED = "instructed"
    SETTLED = "settled"


_R, _E = ReturnStatus, ReturnEvent
NEXT: dict[tuple[ReturnStatus, ReturnEvent], ReturnStatus] = {
    (_R.REQUESTED, _E.PLANNED): _R.PLANNED,
    (_R.FAILED, _E.PLANNED): _R.PLANNED,
    (_R.PLANNED, _E.UNPLANNED): _R.REQUESTED,
    (_R.PLANNED, _E.ARRIVED): _R.ARRIVED,
    (_R.PLANNED, _E.COLLECTED): _R.COLLECTED,
    (_R.PLANNED, _E.PARTLY_COLLECTED): _R.PARTLY_COLLECTED,
    (_R.PLANNED, _E.FAILED): _R.FAILED,
    (_R.ARRIVED, _E.COLLECTED): _R.COLLECTED,
    (_R.ARRIVED, _E.PARTLY_COLLECTED): _R.PARTLY_COLLECTED,
    (_R.ARRIVED, _E.FAILED): _R.FAILED,
    # what a courier did before the stop was ended by the clock or the customer, and reports later: what happened first counts
    **{
        (status, event): _R(event.value)
        for status in (_R.FAILED, _R.CANCELLED)
        for event in (_E.COLLECTED, _E.PARTLY_COLLECTED)
    },
    (_R.COLLECTED, _E.INSTRUCTED): _R.INSTRUCTED,
    (_R.PARTLY_COLLECTED, _E.INSTRUCTED): _R.INSTRUCTED,
    (_R.INSTRUCTED, _E.SETTLED): _R.SETTLED,
    (_R.REQUESTED, _E.BY_CARRIER): _R.BY_CARRIER,
    (_R.FAILED, _E.BY_CARRIER): _R.BY_CARRIER,
    (_R.BY_CARRIER, _E.BY_ROUTE): _R.REQUESTED,
    (_R.BY_CARRIER, _E.COLLECTED): _R.COLLECTED,
    (_R.BY_CARRIER, _E.PARTLY_COLLECTED): _R.PARTLY_COLLECTED,
    **{(status, _E.CANCELLED): _R.CANCELLED for status in (_R.REQUESTED, _R.PLANNED, _R.FAILED, _R.BY_CARRIER)},
}
"""The transition table of a return. A missing pair changes nothing."""


def step(status: ReturnStatus, event: ReturnEvent) -> ReturnStatus:
    return NEXT.get((status, event), status)


WAITING_FOR_ROUTE = frozenset({ReturnStatus.REQUESTED, ReturnStatus.FAILED})
"""Returns that the next plan takes up; failed ones come back older."""
