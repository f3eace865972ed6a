"""The stand-in for 17TRACK: only registered numbers, forty a call, three calls a second, signed webhooks."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from sim_support import late, of, some

from sim import track17
from sim.lives import DELIVERED
from sim.track17_info import entry_of
from sim.wire import Hook

TOKEN = {"17token": track17.KEY}
ROYAL_MAIL = 11031


@pytest.fixture
def parcel(calm):
    return some(calm, "17track")[1]


def ask(calls, method, items, now, headers=TOKEN):
    status, body, _ = calls.ask("POST", f"/17track/track/v2.4/{method}", now, headers, items)
    return status, body


def data(calls, method, items, now):
    status, body = ask(calls, method, items, now)
    assert (status, body["code"]) == (200, 0)
    return body["data"]


def registered(calls, parcel, at):
    (entry,) = data(calls, "register", [{"number": parcel.number, "carrier": ROYAL_MAIL}], at)["accepted"]
    return entry


def test_only_registered_numbers_are_told(calls, parcel):
    """-18019902 before; registering twice is -18019901; a fresh one has nothing to tell for some minutes."""
    at = parcel.uploaded_at
    items = [{"number": parcel.number}]
    assert data(calls, "gettrackinfo", items, at)["rejected"][0]["error"]["code"] == -18019902
    assert registered(calls, parcel, at) == {
        "origin": 2, "number": parcel.number, "carrier": ROYAL_MAIL, "email": None, "tag": None, "lang": None,
    }  # fmt: skip
    assert data(calls, "register", items, at)["rejected"][0]["error"]["code"] == -18019901
    later = at + timedelta(minutes=1)
    assert data(calls, "gettrackinfo", items, later)["rejected"][0]["error"]["code"] == -18019909
    assert data(calls, "gettrackinfo", items, late(parcel))["accepted"][0]["number"] == parcel.number


def test_an_entry_has_the_documented_shape_with_its_newest_event_first(calls, parcel):
    """track_info: statuses, times three ways, one provider."""
    registered(calls, parcel, parcel.uploaded_at)
    (entry,) = data(calls, "gettrackinfo", [{"number": parcel.number}], late(parcel))["accepted"]
    info = entry["track_info"]
    assert set(info) >= {"shipping_info", "latest_status", "latest_event", "time_metrics", "misc_info", "tracking"}
    assert info["latest_status"]["status"] == "Delivered"
    (provider,) = info["tracking"]["providers"]
    events = provider["events"]
    assert set(events[0]) >= {
        "time_iso",
        "time_utc",
        "time_raw",
        "description",
        "location",
        "stage",
        "sub_status",
        "address",
    }
    assert (events[0]["sub_status"], events[-1]["sub_status"]) == ("Delivered_Other", "InfoReceived")
    assert provider["provider"] == {"key": ROYAL_MAIL, "name": "Royal Mail"}


def test_the_three_times_of_an_event_agree_and_the_newest_may_be_raw_only(wide):
    """ISO with offset, UTC, and what the carrier wrote."""
    raw_only = 0
    for parcel in of(wide, "17track"):
        entry = entry_of(parcel.number, ROYAL_MAIL, parcel, late(parcel))
        for n, event in enumerate(entry["track_info"]["tracking"]["providers"][0]["events"]):
            raw = event["time_raw"]
            at = datetime.fromisoformat(f"{raw['date']}T{raw['time']}{raw['timezone']}").astimezone(UTC)
            if event["time_iso"] is None:
                raw_only += 1
                assert n <= 1  # the newest, or its repetition
                continue
            assert datetime.fromisoformat(event["time_iso"]) == datetime.fromisoformat(event["time_utc"]) == at
    assert raw_only


@pytest.mark.parametrize("headers", [{}, {"17token": "x"}])
def test_without_the_key_nothing_is_told(calls, headers):
    """401, and the code."""
    status, body = ask(calls, "gettrackinfo", [{"number": "12345"}], calls.world.start, headers)
    assert (status, body["data"]["errors"][0]["code"]) == (401, -18010002)


def test_forty_numbers_a_call(calls):
    """Forty-one are -18010014, none or nonsense -18010013."""
    now = calls.world.start
    assert len(data(calls, "gettrackinfo", [{"number": f"{n:08d}"} for n in range(40)], now)["rejected"]) == 40
    too_many = [{"number": f"{n:08d}"} for n in range(41)]
    assert data(calls, "gettrackinfo", too_many, now)["errors"][0]["code"] == -18010014
    later = now + timedelta(minutes=1)
    assert data(calls, "gettrackinfo", [], later)["errors"][0]["code"] == -18010013
    assert data(calls, "gettrackinfo", {"number": "1"}, later)["errors"][0]["code"] == -18010013


def test_three_calls_a_second(calls):
    """The fourth is HTTP 429 without JSON."""
    now = calls.world.start
    assert [ask(calls, "getquota", None, now)[0] for _ in range(4)] == [200, 200, 200, 429]
    assert ask(calls, "getquota", None, now + timedelta(seconds=1))[0] == 200
    assert calls.memory.exceeded == {"17track": 1}


def test_the_quota_counts_registrations(calls, parcel):
    """Reading costs nothing."""
    registered(calls, parcel, parcel.uploaded_at)
    quota = data(calls, "getquota", None, parcel.uploaded_at)
    assert (quota["quota_used"], quota["quota_total"] - quota["quota_remain"]) == (1, 1)


def test_bad_numbers_and_unknown_carriers_are_rejected(calls):
    """-18010012 and -18019903; a number of another carrier is registered and stays NotFound."""
    now = calls.world.start
    got = data(calls, "register", [{"number": "12"}, {"number": "ZZ000000000ZZ"}], now)["rejected"]
    assert [one["error"]["code"] for one in got] == [-18010012, -18019903]
    data(calls, "register", [{"number": "ZZ000000000ZZ", "carrier": ROYAL_MAIL}], now)
    info = data(calls, "gettrackinfo", [{"number": "ZZ000000000ZZ"}], now + timedelta(hours=1))
    assert info["accepted"][0]["track_info"]["latest_status"]["sub_status"] == "NotFound_Other"


def test_the_carrier_is_detected_where_none_is_named(calls, calm, parcel):
    """Also for parcels that another source is usually asked about."""
    abroad = some(calm, "ups")[1]
    got = data(calls, "register", [{"number": parcel.number}, {"number": abroad.number}], parcel.uploaded_at)
    assert [(one["carrier"], one["origin"]) for one in got["accepted"]] == [(ROYAL_MAIL, 1), (100002, 1)]


def test_a_stopped_number_is_forgotten(calls, parcel):
    """And stopping it twice is refused."""
    registered(calls, parcel, parcel.uploaded_at)
    items, later = [{"number": parcel.number}], parcel.uploaded_at + timedelta(minutes=1)
    assert data(calls, "stoptrack", items, later)["accepted"] == [{"number": parcel.number, "carrier": ROYAL_MAIL}]
    assert data(calls, "stoptrack", items, later)["rejected"][0]["error"]["code"] == -18019902


# --- webhooks ---


def hooked(calls):
    calls.memory.hook("17track", Hook("http://house/17"))


def test_a_webhook_is_signed_over_the_raw_body_and_the_key(calls, calm, parcel):
    """sign = hex SHA-256 of body, slash, key; the entry is that of gettrackinfo."""
    hooked(calls)
    registered(calls, parcel, parcel.uploaded_at)
    scan = parcel.scans[4]
    (push,) = track17.pushes(calm, calls.memory, scan.shown_at - timedelta(seconds=1), scan.shown_at)
    assert push.headers["sign"] == hashlib.sha256(push.body + f"/{track17.KEY}".encode()).hexdigest()
    body = json.loads(push.body)
    assert (push.url, body["event"]) == ("http://house/17", "TRACKING_UPDATED")
    assert body["data"] == data(calls, "gettrackinfo", [{"number": parcel.number}], scan.shown_at)["accepted"][0]


def test_the_first_look_at_a_number_brings_what_it_has(calls, calm, parcel):
    """A few minutes after the registration."""
    hooked(calls)
    at = parcel.scans[4].shown_at + timedelta(seconds=30)
    registered(calls, parcel, at)
    assert track17.pushes(calm, calls.memory, at, at + timedelta(minutes=4)) == []
    assert len(track17.pushes(calm, calls.memory, at + timedelta(minutes=4), at + timedelta(minutes=5))) == 1


def test_tracking_stops_fifteen_days_after_the_delivery(calls, calm, parcel):
    """TRACKING_STOPPED, once."""
    hooked(calls)
    registered(calls, parcel, parcel.uploaded_at)
    end = parcel.scans[-1].shown_at + timedelta(days=15)
    assert parcel.scans[-1].step in DELIVERED
    (push,) = track17.pushes(calm, calls.memory, end - timedelta(seconds=1), end)
    told = json.loads(push.body)
    assert (told["event"], told["data"]["number"]) == ("TRACKING_STOPPED", parcel.number)
    assert track17.pushes(calm, calls.memory, end, end + timedelta(days=30)) == []


def test_tracking_stops_thirty_days_without_an_event(calls, wide):
    """A lost parcel's last scan is its last event; a number that nobody knows has none."""
    calls.world = wide
    hooked(calls)
    lost = next(
        t.parcel for t in wide.tales
        if t.truth.plot == "lost" and t.injected and t.parcel and t.parcel.source == "17track"
    )  # fmt: skip
    registered(calls, lost, lost.uploaded_at)
    end = lost.scans[-1].shown_at + timedelta(days=30)
    (push,) = track17.pushes(wide, calls.memory, end - timedelta(seconds=1), end)
    assert json.loads(push.body)["event"] == "TRACKING_STOPPED"


def test_without_an_address_in_the_console_nobody_is_called(calls, calm, parcel):
    """Registering doesn't name one."""
    registered(calls, parcel, parcel.uploaded_at)
    assert track17.pushes(calm, calls.memory, calm.start, late(parcel)) == []
