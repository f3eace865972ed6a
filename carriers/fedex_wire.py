"""The parts of FedEx's replies that the adapter reads, as they come. For the FedEx adapter only.

Every field may be missing, null or a bare number: FedEx leaves out what it doesn't know.
"""

import msgspec

from carriers.base import Scalar

ID = "fedex"


class Address(msgspec.Struct, rename="camel"):
    city: Scalar = None
    state_or_province_code: Scalar = None
    country_code: Scalar = None


class Delay(msgspec.Struct):
    type: Scalar = None
    status: Scalar = None


class Scan(msgspec.Struct, rename="camel"):
    date: Scalar = None
    event_type: Scalar = None
    event_description: Scalar = None
    exception_code: Scalar = None
    exception_description: Scalar = None
    derived_status_code: Scalar = None
    scan_location: Address | None = None
    location_type: Scalar = None
    delay_detail: Delay | None = None


class Fault(msgspec.Struct):
    code: Scalar = None
    message: Scalar = None


class NumberInfo(msgspec.Struct, rename="camel"):
    tracking_number: Scalar = None
    tracking_number_unique_id: Scalar = None


class Ancillary(msgspec.Struct):
    reason: Scalar = None


class LatestStatus(msgspec.Struct, rename="camel"):
    """``ancillary_details`` hold the exception code as ``reason``."""

    code: Scalar = None
    derived_code: Scalar = None
    description: Scalar = None
    status_by_locale: Scalar = None
    scan_location: Address | None = None
    delay_detail: Delay | None = None
    ancillary_details: list[Ancillary] | None = None


class DatedAs(msgspec.Struct, rename="camel"):
    type: Scalar = None
    date_time: Scalar = None


class DeliveryDetails(msgspec.Struct, rename="camel"):
    location_type: Scalar = None
    location_description: Scalar = None
    received_by_name: Scalar = None
    signed_by_name: Scalar = None


class Contact(msgspec.Struct, rename="camel"):
    person_name: Scalar = None


class Recipient(msgspec.Struct):
    contact: Contact | None = None
    address: Address | None = None


class Span(msgspec.Struct):
    begins: Scalar = None
    ends: Scalar = None


class Window(msgspec.Struct):
    window: Span | None = None


class ReturnDetail(msgspec.Struct, rename="camel"):
    authorization_name: Scalar = None
    reason_detail: msgspec.Raw = msgspec.Raw(b"null")


class Track(msgspec.Struct, rename="camel"):
    tracking_number_info: NumberInfo | None = None
    scan_events: list[Scan] | None = None
    latest_status_detail: LatestStatus | None = None
    date_and_times: list[DatedAs] | None = None
    delivery_details: DeliveryDetails | None = None
    recipient_information: Recipient | None = None
    estimated_delivery_time_window: Window | None = None
    standard_transit_time_window: Window | None = None
    return_detail: ReturnDetail | None = None
    error: Fault | None = None


class Complete(msgspec.Struct, rename="camel"):
    tracking_number: Scalar = None
    track_results: list[Track] | None = None


class Output(msgspec.Struct, rename="camel"):
    complete_track_results: list[Complete] | None = None


class Reply(msgspec.Struct):
    output: Output | None = None
    errors: list[Fault] | None = None


class CompleteOutline(msgspec.Struct, rename="camel"):
    tracking_number: Scalar = None
    track_results: msgspec.Raw = msgspec.Raw(b"null")


class OutputOutline(msgspec.Struct, rename="camel"):
    complete_track_results: list[CompleteOutline] | None = None


class Outline(msgspec.Struct):
    """A reply whose results are left as they came."""

    output: OutputOutline | None = None
    errors: list[Fault] | None = None


class TokenReply(msgspec.Struct):
    access_token: str
    expires_in: int = 3600
