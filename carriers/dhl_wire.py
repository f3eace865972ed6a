"""DHL unified tracking's replies as they come: every field may be missing or null."""

import msgspec

from carriers.base import Scalar


class Address(msgspec.Struct, rename="camel"):
    country_code: Scalar = None
    address_locality: Scalar = None


class ServicePoint(msgspec.Struct):
    label: Scalar = None


class Place(msgspec.Struct, rename="camel"):
    address: Address | None = None
    service_point: ServicePoint | None = None


class Event(msgspec.Struct, rename="camel"):
    timestamp: Scalar = None
    status_code: Scalar = None
    status: Scalar = None
    description: Scalar = None
    remark: Scalar = None
    location: Place | None = None
    piece_ids: list[Scalar] | None = None


class Reference(msgspec.Struct):
    number: Scalar = None


class Details(msgspec.Struct, rename="camel"):
    piece_ids: list[Scalar] | None = None
    references: list[Reference] | Reference | None = None


class Frame(msgspec.Struct, rename="camel"):
    estimated_through: Scalar = None


class Shipment(msgspec.Struct, rename="camel"):
    id: Scalar = None
    service: Scalar = None
    origin: Place | None = None
    destination: Place | None = None
    status: Event | None = None
    estimated_time_of_delivery: Scalar = None
    estimated_delivery_time_frame: Frame | None = None
    return_flag: Scalar = None
    details: Details | None = None
    events: list[Event] | None = None


class Reply(msgspec.Struct, rename="camel"):
    url: Scalar = None
    possible_additional_shipments_url: list[Scalar] | Scalar = None
    shipments: list[Shipment] | None = None
    status: Scalar = None
    title: Scalar = None
    detail: Scalar = None


class Pushed(msgspec.Struct):
    shipments: list[Shipment] | None = None
