"""The parts of UPS's replies and pushes that the adapter reads, as they come. For the UPS adapter only.

Source: UPS-API/api-documentation, Tracking.yaml and UPSTrackAlertEnhanced.yaml. Every field may be missing, null or a
bare number.
"""

import msgspec

from carriers.base import Scalar

ID = "ups"


class Address(msgspec.Struct, rename="camel"):
    """``country`` is a name or a code: Track Alert has only that."""

    city: Scalar = None
    state_province: Scalar = None
    country_code: Scalar = None
    country: Scalar = None


class Location(msgspec.Struct):
    address: Address | None = None


class Status(msgspec.Struct, rename="camel"):
    """``statusCode`` has three digits; Track Alert calls it ``descriptionCode``."""

    type: Scalar = None
    code: Scalar = None
    status_code: Scalar = None
    description_code: Scalar = None
    description: Scalar = None
    simplified_text_description: Scalar = None


class Activity(msgspec.Struct, rename="camel"):
    date: Scalar = None
    time: Scalar = None
    gmt_date: Scalar = None
    gmt_time: Scalar = None
    gmt_offset: Scalar = None
    location: Location | None = None
    status: Status | None = None
    logical_scan: Scalar = None


class DatedAs(msgspec.Struct):
    type: Scalar = None
    date: Scalar = None


class DeliveryTime(msgspec.Struct, rename="camel"):
    type: Scalar = None
    end_time: Scalar = None


class DeliveryInformation(msgspec.Struct, rename="camel"):
    location: Scalar = None
    received_by: Scalar = None


class PackageAddress(msgspec.Struct, rename="camel"):
    type: Scalar = None
    name: Scalar = None
    attention_name: Scalar = None
    address: Address | None = None


class Numbered(msgspec.Struct):
    number: Scalar = None


class Package(msgspec.Struct, rename="camel"):
    tracking_number: Scalar = None
    activity: list[Activity] | None = None
    current_status: Status | None = None
    delivery_date: list[DatedAs] | None = None
    delivery_time: DeliveryTime | None = None
    delivery_information: DeliveryInformation | None = None
    package_address: list[PackageAddress] | None = None
    alternate_tracking_number: list[Numbered] | None = None
    reference_number: list[Numbered] | None = None


class Fault(msgspec.Struct):
    code: Scalar = None
    message: Scalar = None


class Shipment(msgspec.Struct, rename="camel"):
    inquiry_number: Scalar = None
    package: list[Package] | None = None
    warnings: list[Fault] | None = None


class TrackResponse(msgspec.Struct):
    shipment: list[Shipment] | None = None


class Errors(msgspec.Struct):
    errors: list[Fault] | None = None


class Reply(msgspec.Struct, rename="camel"):
    """A success, or the envelope of errors, with and without its outer shell."""

    track_response: TrackResponse | None = None
    response: Errors | None = None
    errors: list[Fault] | None = None


class Alert(msgspec.Struct, rename="camel"):
    """One event that Track Alert pushes."""

    tracking_number: Scalar = None
    alternate_tracking_number: Scalar = None
    local_activity_date: Scalar = None
    local_activity_time: Scalar = None
    gmt_activity_date: Scalar = None
    gmt_activity_time: Scalar = None
    gmt_offset: Scalar = None
    activity_location: Address | None = None
    activity_status: Status | None = None
    scheduled_delivery_date: Scalar = None
    actual_delivery_date: Scalar = None
    delivery_end_time: Scalar = None
    received_by: Scalar = None


class Subscribed(msgspec.Struct, rename="camel"):
    valid_tracking_numbers: list[Scalar] | None = None
    invalid_tracking_numbers: list[Scalar] | None = None
    response: Errors | None = None
    errors: list[Fault] | None = None


class TokenReply(msgspec.Struct):
    """``expires_in`` comes as a text of seconds."""

    access_token: str
    expires_in: Scalar = None
