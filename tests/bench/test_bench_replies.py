"""The replies that benches are fed with are what they say, and the path's sides do the same work: a sample of each."""

from random import Random

import pytest

from bench import again, path
from bench.decode import CALLS, asked, made_again, parts_of
from bench.harness import Run
from bench.replies import EVENTS, NOW
from carriers.base import Carrier
from domain.tracking import Found, Milestone

SHIPMENTS = 45


def test_every_source_that_is_asked_has_typical_replies() -> None:
    """A new adapter is measured from its first day."""
    assert set(CALLS) == {carrier.id for carrier in asked()}


@pytest.mark.parametrize("carrier", asked(), ids=lambda carrier: carrier.id)
def test_typical_replies_are_read_in_full(carrier: Carrier) -> None:
    """Twenty events of every parcel, each with a meaning and a time, in as few calls as the source allows."""
    calls = CALLS[carrier.id](SHIPMENTS, Random(1))
    assert len(calls) == -(-SHIPMENTS // carrier.batch_size)
    readings = [reading for call in calls for reading in carrier.read(call.reply, call.asks, NOW)]
    parcels = [parcel for reading in readings if isinstance(reading, Found) for parcel in reading.parcels]
    assert [len(parcel.events) for parcel in parcels] == [EVENTS] * SHIPMENTS
    events = [event for parcel in parcels for event in parcel.events]
    assert not [event for event in events if event.milestone is Milestone.UNMAPPED]
    assert all(event.time.at for event in events)
    assert events[0].milestone is not events[-1].milestone


def test_the_values_made_of_ready_parts_are_those_that_are_read() -> None:
    """What the decoding bench calls indispensable is no less than what the adapter gives."""
    (call,) = CALLS["sf"](10, Random(1))
    carrier = next(one for one in asked() if one.id == "sf")
    read = [p.events for r in carrier.read(call.reply, call.asks, NOW) if isinstance(r, Found) for p in r.parcels]
    assert list(made_again(parts_of(carrier, [call]))) == read


@pytest.mark.parametrize(("source", "shipments"), [("kuaidi100", 9), ("fedex", 60)])
@pytest.mark.parametrize("which", ["every event new", "one event new", "nothing new"])
def test_each_side_of_the_path_sends_the_same_calls_and_keeps_every_event(
    source: str, shipments: int, which: str
) -> None:
    """Over a real server in a process of its own; the bench itself stops where a call or an event is missing."""
    with path.sides(source, shipments, which) as sides:
        runs = {name: side() for name, side in sides.items()}
    assert list(runs) == ["bare httpx loop", "sent only", "asked and read", "product"]
    assert all(isinstance(run, Run) and run.figure > 0 for run in runs.values())


def test_persisting_again_is_measured_in_the_same_unit() -> None:
    """Both sides come with their own baseline."""
    assert {comparison.baseline for comparison in again.measure()} == {"first"}
