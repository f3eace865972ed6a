"""Decoding to scan events: each adapter's `read` against `orjson.loads` on the same bytes.

The replies are typical ones: twenty events a parcel, as many numbers a call as the source takes. No key is made of an event
and no text is masked: that belongs to keeping (`ingest`, `path`). Each run meets its texts for the first time: what the
adapters remember of texts is forgotten before it. Sides of a comparison:
- orjson.loads (the baseline): dictionaries and lists of the whole reply. SF's reply holds its routes as JSON in a text,
  which is one text to it;
- json.loads: Python's own;
- its values, of ready parts: the very `ScanEvent`s and `EventTime`s that the product gives, made of fields that were read
  beforehand: the part that no adapter in Python can do without;
- product: `carrier.read`.
"""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from random import Random

import orjson

from bench.caches import forget
from bench.harness import Comparison, Run, Side, per_second
from bench.replies import EVENTS, NOW, Call, fedex_calls, kuaidi100_calls
from bench.replies_abroad import dhl_calls, track17_calls, ups_calls, usps_calls
from bench.replies_china import jd_calls, kuaidiniao_calls, sf_calls
from carriers.base import Carrier
from carriers.registry import CARRIERS
from domain.tracking import EventTime, Found, ScanEvent

SEED = 20260309
SHIPMENTS = 1_200
CALLS: Mapping[str, Callable[[int, Random], list[Call]]] = {
    "kuaidi100": kuaidi100_calls,
    "kuaidiniao": kuaidiniao_calls,
    "fedex": fedex_calls,
    "sf": sf_calls,
    "ups": ups_calls,
    "dhl": dhl_calls,
    "usps": usps_calls,
    "17track": track17_calls,
    "jd": jd_calls,
}
"""Typical replies of every source that is asked over HTTP."""


def asked() -> list[Carrier]:
    return [carrier for carrier in CARRIERS.values() if carrier.asks]


def measure() -> list[Comparison]:
    return [
        Comparison(
            f"decode {carrier.id}", "MB/s", "orjson.loads", partial(sides, carrier), runs=9, aim="product >= 0.6",
            seed=SEED, note=f"{SHIPMENTS} shipments x {EVENTS} events, {carrier.batch_size} a reply",
        )
        for carrier in asked()
    ]  # fmt: skip


@contextmanager
def sides(carrier: Carrier) -> Iterator[Mapping[str, Side]]:
    calls = CALLS[carrier.id](SHIPMENTS, Random(SEED))
    assert events_in(carrier, calls) == SHIPMENTS * EVENTS, f"{carrier.id}: events were lost"
    megabytes, parts = sum(len(call.reply.body) for call in calls) / 1e6, parts_of(carrier, calls)

    yield {
        "orjson.loads": lambda: per_second(megabytes, lambda: each(calls, lambda call: orjson.loads(call.reply.body))),
        "json.loads": lambda: per_second(megabytes, lambda: each(calls, lambda call: json.loads(call.reply.body))),
        "its values, of ready parts": lambda: per_second(megabytes, lambda: deque(made_again(parts), maxlen=0)),
        "product": lambda: cold(megabytes, lambda: each(calls, lambda call: carrier.read(call.reply, call.asks, NOW))),
    }


def cold(amount: float, work: Callable[[], object]) -> Run:
    forget()
    return per_second(amount, work)


Parts = list[list[tuple[tuple[object, ...], tuple[object, ...]]]]


def parts_of(carrier: Carrier, calls: list[Call]) -> Parts:
    """The fields of every event and of its time, by parcel."""
    parcels = [p for call in calls for r in carrier.read(call.reply, call.asks, NOW) for p in r.parcels]
    return [[(fields(event), fields(event.time)) for event in parcel.events] for parcel in parcels]


def fields(value: object) -> tuple[object, ...]:
    return tuple(getattr(value, name) for name in value.__dataclass_fields__)


def made_again(parts: Parts) -> Iterator[tuple[ScanEvent, ...]]:
    """What no adapter can do without: the events themselves, of fields that were read beforehand."""
    for parcel in parts:
        yield tuple([ScanEvent(code, text, step, EventTime(*at), *rest) for (code, text, step, _, *rest), at in parcel])


def each(calls: list[Call], work: Callable[[Call], object]) -> None:
    """What was decoded is let go of before the next reply: nothing piles up that a collector would have to walk."""
    for call in calls:
        work(call)


def events_in(carrier: Carrier, calls: list[Call]) -> int:
    """How many events the readings hold."""
    readings = [reading for call in calls for reading in carrier.read(call.reply, call.asks, NOW)]
    assert all(isinstance(reading, Found) for reading in readings), carrier.id
    return sum(len(parcel.events) for r in readings if isinstance(r, Found) for parcel in r.parcels)
