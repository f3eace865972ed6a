"""The wire format of 17TRACK v2.4: what its replies and pushes hold, as far as it is read.

Source: asset.17track.net (API v2.4 documentation). Every field may be missing, null or of another scalar type.
"""

import msgspec

from carriers.base import Scalar


class RawTime(msgspec.Struct):
    date: Scalar = None
    time: Scalar = None
    timezone: Scalar = None


class Address(msgspec.Struct):
    country: Scalar = None
    state: Scalar = None
    city: Scalar = None


class Event(msgspec.Struct):
    time_iso: Scalar = None
    time_utc: Scalar = None
    time_raw: RawTime | None = None
    description: Scalar = None
    location: Scalar = None
    stage: Scalar = None
    sub_status: Scalar = None
    address: Address | None = None


class Status(msgspec.Struct):
    status: Scalar = None
    sub_status: Scalar = None
    sub_status_descr: Scalar = None


class Firm(msgspec.Struct):
    country: Scalar = None


class Provider(msgspec.Struct):
    """One carrier's part of the way: who it is, and its list."""

    provider: Firm | None = None
    events: list[Event | None] | None = None


class Tracking(msgspec.Struct):
    providers: list[Provider | None] | None = None


class Window(msgspec.Struct):
    ends: Scalar = msgspec.field(default=None, name="to")


class Metrics(msgspec.Struct):
    estimated_delivery_date: Window | None = None


class Info(msgspec.Struct):
    latest_status: Status | None = None
    latest_event: Event | None = None
    time_metrics: Metrics | None = None
    tracking: Tracking | None = None


class Fault(msgspec.Struct):
    code: Scalar = None
    message: Scalar = None


class Item(msgspec.Struct):
    """A number in ``accepted``, ``rejected`` or a push; the last three fields are those of the list of parcels."""

    number: Scalar = None
    carrier: Scalar = None
    track_info: Info | None = None
    error: Fault | None = None
    package_status: Scalar = None
    latest_event_time: Scalar = None
    latest_event_info: Scalar = None


class Data(msgspec.Struct):
    accepted: list[Item] | None = None
    rejected: list[Item] | None = None
    errors: list[Fault] | None = None


class Reply(msgspec.Struct):
    code: Scalar = None
    message: Scalar = None
    data: Data | None = None


class Pushed(msgspec.Struct):
    event: Scalar = None
    data: Item | None = None
