"""Which bytes of 17TRACK's reply a finding rests on. For the 17TRACK adapter only.

The rest of an item changes by itself: ``days_of_transit``, and when 17TRACK last asked the carrier (``latest_sync_time``).
"""

from collections.abc import Iterator, Sequence

import msgspec

from carriers.base import Scalar, json_of, text_of
from carriers.parts import by_number
from carriers.track17_wire import Fault
from domain.tracking import Ask
from net.http import HttpReply

Raw = msgspec.Raw
NULL = Raw(b"null")


class Provider(msgspec.Struct):
    provider: Raw = NULL
    events: Raw = NULL


class Tracking(msgspec.Struct):
    providers: list[Provider | None] | None = None


class Metrics(msgspec.Struct):
    estimated_delivery_date: Raw = NULL


class Info(msgspec.Struct):
    latest_status: Raw = NULL
    latest_event: Raw = NULL
    time_metrics: Metrics | None = None
    tracking: Tracking | None = None


class Item(msgspec.Struct):
    number: Scalar = None
    carrier: Raw = NULL
    track_info: Info | None = None
    package_status: Raw = NULL
    latest_event_time: Raw = NULL
    latest_event_info: Raw = NULL


class Data(msgspec.Struct):
    accepted: list[Item] | None = None
    errors: list[Fault] | None = None


class Reply(msgspec.Struct):
    code: Scalar = None
    data: Data | None = None


def parts(reply: HttpReply, asks: Sequence[Ask]) -> list[bytes | None]:
    """What the adapter reads of each accepted item."""
    whole = json_of(reply.body, Reply)
    data = whole.data or Data()
    failed = data.errors or text_of(whole.code) not in {"", "0"}
    items = () if failed else data.accepted or ()
    return by_number(((item.number, _read_of(item)) for item in items), asks)


def _read_of(item: Item) -> Iterator[Raw]:
    yield from (item.carrier, item.package_status, item.latest_event_time, item.latest_event_info)
    info = item.track_info
    if info is None:
        return
    yield from (info.latest_status, info.latest_event, (info.time_metrics or Metrics()).estimated_delivery_date)
    for provider in (info.tracking.providers if info.tracking else None) or ():
        yield from (provider.provider, provider.events) if provider else (NULL, NULL)
