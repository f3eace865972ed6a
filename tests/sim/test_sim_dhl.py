"""The stand-in for DHL: its key, its two limits, three ways to write a time."""

import re
from datetime import datetime, timedelta

import pytest
from sim_support import late, of, some

from sim import dhl
from sim.lives import Step
from sim.shop import GERMAN

KEY = {"dhl-api-key": dhl.API_KEY}


@pytest.fixture
def parcel(calm):
    return some(calm, "dhl")[1]


def ask(calls, number, now, headers=KEY):
    return calls.ask("GET", f"/dhl/track/shipments?trackingNumber={number}&language=en", now, headers)


def test_a_shipment_has_the_documented_shape_with_its_newest_event_first(calls, parcel):
    """id, service, origin, destination, status, details, events."""
    status, body, _ = ask(calls, parcel.number, late(parcel))
    assert status == 200
    (shipment,) = body["shipments"]
    assert set(shipment) >= {"id", "service", "origin", "destination", "status", "details", "events"}
    assert shipment["id"] == parcel.number
    assert set(shipment["events"][0]) == {"timestamp", "location", "statusCode", "status", "description"}
    assert (shipment["status"]["statusCode"], shipment["events"][-1]["statusCode"]) == ("delivered", "pre-transit")


@pytest.mark.parametrize("headers", [{}, {"dhl-api-key": "x"}, {"authorization": f"Bearer {dhl.API_KEY}"}])
def test_without_the_key_nothing_is_told(calls, parcel, headers):
    """401 with title and detail; such a call spends no budget."""
    status, body, _ = ask(calls, parcel.number, late(parcel), headers)
    assert (status, body["status"], set(body)) == (401, 401, {"status", "title", "detail"})
    assert ask(calls, parcel.number, late(parcel))[0] == 200


def test_an_unknown_number_is_404_and_a_missing_one_400(calls, parcel):
    """A parcel that wasn't announced yet is unknown too."""
    assert ask(calls, parcel.number, parcel.uploaded_at)[0] == 404
    assert ask(calls, "0000000000", late(parcel))[0] == 404
    assert ask(calls, "", late(parcel) + timedelta(seconds=5))[0] == 400


def test_one_call_in_five_seconds(calls, parcel):
    """The second is 429, five seconds later all is well."""
    now = late(parcel)
    assert [ask(calls, parcel.number, now + timedelta(seconds=s))[0] for s in (0, 4, 5, 9, 10)] == [
        200,
        429,
        200,
        429,
        200,
    ]
    assert calls.memory.exceeded == {"dhl": 2}
    assert calls.memory.calls == {"dhl": 5}


def test_250_calls_a_day(calls, parcel):
    """The next one is 429 however slowly they came; a day after the first there is room again."""
    now = late(parcel)
    assert {ask(calls, parcel.number, now + timedelta(minutes=5 * n))[0] for n in range(250)} == {200}
    assert ask(calls, parcel.number, now + timedelta(hours=23))[0] == 429
    assert ask(calls, parcel.number, now + timedelta(hours=24))[0] == 200


def test_times_come_naive_with_an_offset_and_with_nanoseconds(calm, parcel):
    """By turns within one list, each of them local to the scan's place."""
    stamps = [e["timestamp"] for e in dhl.shipment_of(parcel, parcel.scans)["events"]]
    naive = [s for s in stamps if re.fullmatch(r"[\d-]{10}T[\d:]{8}", s)]
    whole = [s for s in stamps if re.fullmatch(r"[\d-]{10}T[\d:]{8}[+-]\d\d:\d\d", s)]
    nanos = [s for s in stamps if re.fullmatch(r"[\d-]{10}T[\d:]{8}\.\d{9}[+-]\d\d:\d\d", s)]
    assert naive
    assert whole
    assert nanos
    assert len(naive) + len(whole) + len(nanos) == len(stamps)
    truly = {s.dated for s in parcel.scans}
    assert {datetime.fromisoformat(s) for s in whole} <= truly


def test_summer_time_is_kept_in_germany():
    """In July Hamburg is two hours ahead of UTC."""
    summer = datetime.fromisoformat("2026-07-01T12:00:00+00:00")
    assert {city.offset_h(summer) for city in GERMAN} == {2.0}


def test_events_are_repeated_and_dated_ahead_at_times(wide):
    """Habits of the source."""
    parcels = of(wide, "dhl")
    lists = [dhl.shipment_of(p, p.scans)["events"] for p in parcels]
    assert any(len({e["timestamp"] for e in events}) < len(events) for events in lists)
    assert any(s.dated > s.shown_at for p in parcels for s in p.scans)


def test_a_clearance_that_takes_long_is_said_in_words(wide):
    """The code stays transit."""
    parcel = next(p for p in of(wide, "dhl") if any(s.step is Step.HELD for s in p.scans))
    events = dhl.shipment_of(parcel, parcel.scans)["events"]
    held = next(e for e in events if "clearance processing is required" in e["description"])
    assert held["statusCode"] == "transit"
