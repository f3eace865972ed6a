"""17TRACK: requests, registration, error codes of calls and numbers, times without a zone, signed pushes."""

import asyncio
import hashlib
import json

import httpx
import pytest
import respx
from carrier_support import NOW, SECRET, account_of, ok, standing_of

from carriers.base import Stands, read_safely
from carriers.track17 import CARRIER, ended, numbers, read_push, subscribe, verify
from carriers.track17_errors import ERRORS
from carriers.track17_manners import manner_in
from carriers.track17_vocabulary import carrier_number
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
    """v2.4 has a field for each detail, and passes on what the carrier asks for."""
    asks = [Ask("A1", carrier="ups", phone4="1234", postcode="12203", shipped_on="2026-11-01"), Ask("A2")]
    request = subscribe(asks, account_of(CARRIER), "", NOW)
    assert request.url.endswith("/track/v2.4/register")
    details = {"phone_number_last_4": "1234", "destination_postal_code": "12203", "ship_date": "2026-11-01"}
    assert json.loads(request.body or b"") == [{"number": "A1", "carrier": 100002, **details}, {"number": "A2"}]


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


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize("inside", [True, False])
def test_every_documented_error_means_the_same_for_a_call(code: str, *, inside: bool) -> None:
    """It stands in ``data.errors``, also under code 0, or in ``code`` alone; every ask of the call fails by it."""
    fault = {"code": int(code), "message": "so"}
    body = {"code": 0, "data": {"errors": [fault]}} if inside else fault
    readings = read_safely(CARRIER, ok(body), [Ask("A1"), Ask("A2")], NOW)
    assert len(readings) == 2
    assert {type(one.error) if isinstance(one, Failed) else one.kind for one in readings} == {ERRORS[code]}


def test_the_error_table_is_whole() -> None:
    """Forty-nine codes are documented, besides the statuses that an envelope repeats."""
    assert len([code for code in ERRORS if code.startswith("-180")]) == 49


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


@pytest.mark.parametrize(
    ("place", "at"),
    [
        ({"address": {"country": "JP"}}, "2026-11-02T00:30:00+00:00"),
        ({"address": {"country": "us", "state": "ca"}}, "2026-11-02T17:30:00+00:00"),
        ({"location": "SHENZHEN, CN"}, "2026-11-02T01:30:00+00:00"),
        ({"location": "LOS ANGELES, CA, US"}, "2026-11-02T17:30:00+00:00"),
        ({"location": "ATLANTA, GA"}, None),  # Georgia or Gabon
        ({"location": "WILMINGTON, DE"}, None),  # Delaware or Germany
        ({"address": {"country": "US"}}, None),
        ({"address": {"country": "RU"}, "location": "MOSCOW, CN"}, None),
        ({"location": "Springfield"}, None),
    ],
)
def test_a_raw_time_without_a_zone_is_local_to_its_place(place: dict[str, object], at: str | None) -> None:
    """Where the place lies in one zone, the time is assumed to be that zone's; a code of two places tells nothing."""
    time = time_of(time_raw={"date": "2026-11-02", "time": "09:30:00", "timezone": None}, **place)
    assert (time.at.isoformat() if time.at else None) == at
    assert time.zone is (Zone.ASSUMED_PLACE if at else Zone.NONE)
    assert time.certainty is (Certainty.ASSUMED if at else Certainty.UNKNOWN)


def test_midnight_beside_a_raw_date_is_a_date() -> None:
    """The carrier told a date only, and 17TRACK made a time of it; a told midnight is a time."""
    iso = {"time_iso": "2026-11-02T00:00:00+08:00"}
    assert time_of(**iso, time_raw={"date": "2026-11-02", "time": None}).certainty is Certainty.DATE_ONLY
    assert time_of(**iso, time_raw={"date": "2026-11-02", "time": "00:00:00"}).certainty is Certainty.EXACT
    assert time_of(**iso).certainty is Certainty.EXACT


@pytest.mark.parametrize(
    ("text", "manner"),
    [
        ("Left with neighbour at No 7", Manner.NEIGHBOUR),
        ("Die Sendung wurde an einen Nachbarn übergeben", Manner.NEIGHBOUR),
        ("Remis à un voisin", Manner.NEIGHBOUR),
        ("Entregado a un vecino", Manner.NEIGHBOUR),
        ("Geleverd bij de buren", Manner.NEIGHBOUR),
        ("快件已由邻居签收", Manner.NEIGHBOUR),
        ("DELIVERED, PARCEL LOCKER", Manner.LOCKER),
        ("Die Sendung wurde aus der PACKSTATION abgeholt", Manner.LOCKER),
        ("Odebrana z Paczkomatu", Manner.LOCKER),
        ("快件已从丰巢取出", Manner.LOCKER),
        ("택배함에서 수령", Manner.LOCKER),
        ("Collected from the Post Office", Manner.POINT),
        ("Retiré au point relais", Manner.POINT),
        ("Отправление получено в пункте выдачи", Manner.POINT),
        ("已在菜鸟驿站签收", Manner.POINT),
        ("Delivered, Front Door/Porch", Manner.SAFE_PLACE),
        ("Delivered, In/At Mailbox", Manner.SAFE_PLACE),
        ("Déposé dans votre boîte aux lettres", Manner.SAFE_PLACE),
        ("Zustellung in den Briefkasten", Manner.SAFE_PLACE),
        ("已放在门口", Manner.SAFE_PLACE),
        ("置き配完了", Manner.SAFE_PLACE),
        ("Delivered, Front Desk/Reception/Mail Room", Manner.AGENT),
        ("Delivered to Agent", Manner.AGENT),
        ("Entregue na portaria", Manner.AGENT),
        ("已由物业代签", Manner.AGENT),
        ("Signed by a family member", Manner.OTHER),
        ("他人签收", Manner.OTHER),
        ("Objeto entregue ao destinatário", Manner.SELF),
        ("Consegnata al destinatario", Manner.SELF),
        ("Вручение адресату", Manner.SELF),
        ("已签收，本人签收", Manner.SELF),
        ("Delivered", None),
        ("Reagent delivered to Barcelona", None),
        ("Zugestellt", None),
        ("配達完了", None),
    ],
)
def test_the_words_of_a_delivery_name_the_taker(text: str, manner: Manner | None) -> None:
    """In the languages of the carriers; a word inside another word is none."""
    assert manner_in(text) == manner


@pytest.mark.parametrize(
    ("text", "milestone"),
    [
        ("Delivered to sender", "returned"),
        ("Zustellung an den Absender", "returned"),
        ("Entregado al remitente", "returned"),
        ("Вручение отправителю", "returned"),
        ("退回签收", "returned"),
        ("Delivered to the locker, ready for pickup", "awaiting_collection"),
        ("Paczka gotowa do odbioru w Paczkomacie", "awaiting_collection"),
        ("快件已存入丰巢快递柜", "awaiting_collection"),
        ("快件已由菜鸟驿站代收", "awaiting_collection"),
        ("您的快件已签收，由菜鸟驿站代收", "delivered"),
        ("Delivered to a parcel locker", "awaiting_collection"),
        ("Parcel delivered to pick-up point", "awaiting_collection"),
        ("Delivered to the UPS Access Point", "awaiting_collection"),
        ("DELIVERED, PARCEL LOCKER", "delivered"),
        ("包裹已到驿站，待取件", "awaiting_collection"),
        ("快件已放入驿站，已签收", "delivered"),
        ("Delivered", "delivered"),
    ],
)
def test_the_words_of_a_delivery_tell_that_it_is_none(text: str, milestone: str) -> None:
    """Back at the sender is returned, waiting in a locker or shop is awaiting_collection."""
    event = {"sub_status": "Delivered_Other", "description": text, "time_iso": "2026-11-02T09:30:00+01:00"}
    (reading,) = read_safely(CARRIER, ok(accepted("A1", info(event))), [Ask("A1")], NOW)
    assert isinstance(reading, Found)
    assert reading.parcels[0].events[0].milestone == milestone


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
