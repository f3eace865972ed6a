"""What UPS's Pickup API v2409 answers, as far as it is read. Source: UPS-API/api-documentation, Pickup.yaml."""

import msgspec

from carriers.base import Scalar


class Fault(msgspec.Struct):
    code: Scalar = None
    message: Scalar = None


class Faults(msgspec.Struct):
    errors: list[Fault] | None = None


class Rate(msgspec.Struct, rename="pascal"):
    currency_code: Scalar = None
    grand_total_of_all_charge: Scalar = None
    grand_total_of_all_incented_charge: Scalar = None


class Rated(msgspec.Struct, rename="pascal"):
    rate_result: Rate | None = None


class Created(msgspec.Struct, rename={"prn": "PRN", "rate_result": "RateResult"}):
    prn: Scalar = None
    rate_result: Rate | None = None


class CancelledType(msgspec.Struct, rename="pascal"):
    pickup_type: Scalar = None


class Pending(msgspec.Struct, rename="pascal"):
    prn: Scalar = msgspec.field(default=None, name="PRN")
    on_call_status_code: Scalar = None
    pickup_status_message: Scalar = None
    reference_number: Scalar = None


class Pendings(msgspec.Struct, rename="pascal"):
    pending_status: list[Pending] | Pending | None = None


class Reply(msgspec.Struct, rename="pascal"):
    response: Faults | None = msgspec.field(default=None, name="response")
    pickup_rate_response: Rated | None = None
    pickup_creation_response: Created | None = None
    pickup_cancel_response: CancelledType | None = None
    pickup_pending_status_response: Pendings | None = None
