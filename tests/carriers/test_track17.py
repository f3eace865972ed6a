"""17TRACK: requests, registration, error codes of calls and numbers, times without a zone, signed pushes."""

import asyncio
import hashlib
import json

import httpx
import pytest
import respx
from carrier_support import NOW, SECRET, account_of, ok, standing_of

from carriers.base import Stands, read_safely
from carriers.track17 import CARRIER, ERRORS, ended, numbers, read_push, subscribe, verify
from carriers.track17_vocabulary import carrier_number, manner_in
from domain.errors import AccessDenied, RateLimited, UnreadableReply
from domain.tracking import Ask, Certainty, EventTime, Failed, Found, Manner, NoData, NotFound, Zone
from net.http import Http, HttpReply


def info(*events: object) -> dict[str, object]:
    return {"latest_status": {"status": "InTransit"}, "tracking": {"providers": [{"events": list(events)}]}}


def accepted(number: str, track_info: object) -> dict[str, object]:
    return {"code": 0, "data": {"accepted": [{"number": number, "carrier": 3011, "track_info": track_info}]}}


def rejected(number: str, code: object) -> dict[str, object]:
    return {"code": 0, "data": {"accepted": [], "rejected": [{"number": number, "error": {"code": code}}]}}


@respx.mock
def test_a_request_names_numbers_and_carriers_and_holds_the_key_in_a_header() -> None:
    """A carrier that 17TRACK has a number for is named: its guesses go wrong on numbers that look alike."""
    route = respx.post("https://api.17track.net/track/v2.4/gettrackinfo").mock(
        return_value=httpx.Response(200, json={})
    )
    asks = [Ask("A1", carrier="中通快递"), Ask("A2", carrier="21051"), Ask("A3", carrier="nobody"), Ask("A4")]

    async def ask() -> HttpReply:
        async with Http("17track") as http:
            return await http.send(CARRIER.request(asks, account_of(CARRIER), NOW, "n"))

    asyncio.run(ask())
    sent = route.calls[0].request
    assert sent.headers["17token"] == SECRET + "key"
    assert json.loads(sent.content) == [
        {"number": "A1", "carrier": 190455},
        {"number": "A2", "carrier": 21051},
        {"number": "A3"},
        {"number": "A4"},
    ]


def test_registering_sends_what_the_carrier_wants() -> None:
    """The phone, else the postcode, goes along as ``param``."""
    request = subscribe([Ask("A1", carrier="ups", phone4="1234")], account_of(CARRIER), "", NOW)
    assert request.url.endswith("/track/v2.4/register")
    assert json.loads(request.body or b"") == [{"number": "A1", "carrier": 100002, "param": "1234"}]


def test_a_number_registered_before_is_registered() -> None:
    """The repeated registration is refused by 17TRACK, and is what we wanted."""
    assert standing_of(CARRIER, ok(rejected("A1", -18019901)), "A1") == [Stands]
    assert standing_of(CARRIER, ok(accepted("A1", None)), "A1") == [Stands]


@pytest.mark.parametrize(
    ("body", "standing"),
    [
        (rejected("A1", -18019908), RateLimited),
        (rejected("A1", -18010012), NotFound),
        ({"code": 0, "data": {"errors": [{"code": -18010002}]}}, AccessDenied),
        ({"code": 0, "data": {}}, UnreadableReply),
    ],
)
def test_a_refused_registration_says_why(body: object, standing: type[object]) -> None:
    """A number that isn't registered will never be pushed, so it must be known."""
    assert standing_of(CARRIER, ok(body), "A1") == [standing]


def test_a_stopped_number_is_no_longer_followed() -> None:
    """It isn't taken up again by itself: it was delivered long ago, or never found."""
    assert ended(b'{"event": "TRACKING_STOPPED", "data": {"number": "A1"}}') == {"A1": None}
    assert ended(b'{"event": "TRACKING_UPDATED", "data": {"number": "A1"}}') == {}


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize("as_text", [True, False])
def test_every_documented_error_means_the_same_for_a_number(code: str, *, as_text: bool) -> None:
    """Codes come as numbers, and as text."""
    (reading,) = read_safely(CARRIER, ok(rejected("A1", code if as_text else int(code))), [Ask("a1")], NOW)
    kind = ERRORS[code]
    if isinstance(kind, NoData):
        assert isinstance(reading, NotFound)
        assert reading.kind is kind
    else:
        assert isinstance(reading, Failed)
        assert type(reading.error) is kind


def test_a_number_forgotten_after_ninety_days_is_aged_out() -> None:
    """17TRACK keeps a number for ninety days, and then says that it isn't registered."""
    (reading,) = read_safely(CARRIER, ok(rejected("A1", -18019902)), [Ask("A1", shipped_on="2026-06-01")], NOW)
    assert reading == NotFound(NoData.AGED_OUT)


def time_of(**fields: object) -> EventTime:
    event = {"sub_status": "InTransit_Other", "description": "x", **fields}
    (reading,) = read_safely(CARRIER, ok(accepted("A1", info(event))), [Ask("A1")], NOW)
    assert isinstance(reading, Found)
    return reading.parcels[0].events[0].time


@pytest.mark.parametrize("zone", ["+08:00", "UTC+8", "GMT+0800", "Asia/Shanghai"])
def test_a_raw_time_with_its_zone_is_exact(zone: str) -> None:
    """The newest event may have no ISO time; its raw one is as good where it names the zone."""
    time = time_of(time_iso=None, time_raw={"date": "2026-11-02", "time": "09:30:00", "timezone": zone})
    assert time.at is not None
    assert time.at.isoformat() == "2026-11-02T01:30:00+00:00"
    assert (time.zone, time.certainty, time.raw) == (Zone.OFFSET, Certainty.EXACT, f"2026-11-02 09:30:00 {zone}")


def test_a_raw_date_with_its_zone_is_a_date() -> None:
    """A date isn't made a midnight scan."""
    time = time_of(time_raw={"date": "2026-11-02", "time": None, "timezone": "+08:00"})
    assert time.certainty is Certainty.DATE_ONLY


@pytest.mark.parametrize("zone", [None, "", "local", "+99:00", "Nowhere/Town"])
def test_a_raw_time_without_a_zone_stays_unread(zone: object) -> None:
    """A zone that 17TRACK doesn't know isn't made up; the raw text is kept."""
    time = time_of(time_raw={"date": "2026-11-02", "time": "09:30:00", "timezone": zone})
    assert (time.at, time.zone, time.certainty) == (None, Zone.NONE, Certainty.UNKNOWN)
    assert time.raw.startswith("2026-11-02 09:30:00")


def test_a_push_is_proven_over_its_raw_bytes() -> None:
    """One byte more or another key, and it is a stranger's."""
    body, account = b'{"event": "TRACKING_UPDATED"}', account_of(CARRIER)
    sign = hashlib.sha256(body + b"/" + (SECRET + "key").encode()).hexdigest()
    assert verify(body, {"sign": sign}, account)
    assert verify(body, {"Sign": sign.upper()}, account)
    assert not verify(body + b" ", {"sign": sign}, account)
    assert not verify(body, {}, account)
    assert not verify(body, {"sign": "é"}, account)


def test_a_push_speaks_of_one_number() -> None:
    """The number is told before the parcel is looked up; a push of another number is no answer."""
    body = {"event": "TRACKING_STOPPED", "data": {"number": "A1"}}
    assert numbers(json.dumps(body).encode()) == ("A1",)
    stopped, other = read_push(ok(body), [Ask("A1"), Ask("A2")], NOW)
    assert stopped == NotFound(NoData.NOT_SCANNED)
    assert isinstance(other, Failed)


def test_the_list_of_parcels_tells_the_newest_event() -> None:
    """It has a main status and a text, and neither code nor list."""
    item = {
        "number": "A1",
        "package_status": "Delivered",
        "latest_event_time": "2026-11-01T10:00:00-03:00",
        "latest_event_info": "Objeto entregue ao destinatário",
    }
    (reading,) = read_safely(CARRIER, ok({"code": 0, "data": {"accepted": [item]}}), [Ask("A1")], NOW)
    assert isinstance(reading, Found)
    (event,) = reading.parcels[0].events
    assert (event.code, event.milestone, event.manner) == (None, "delivered", Manner.SELF)


def test_carriers_and_takers_that_no_table_knows_stay_unknown() -> None:
    """A wrong carrier number would make 17TRACK ask the wrong house."""
    assert carrier_number("nobody") is None
    assert carrier_number("0") is None
    assert manner_in("Delivered") is None
