"""FedEx Track v1: token, request, identities, codes, legs, manners and times."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs

import httpx
import pytest
import respx
from carrier_support import NOW, SECRET, account_of, ok

from carriers.base import Account, read_safely
from carriers.fedex import CARRIER, token_read, token_request
from carriers.fedex_errors import ERRORS
from carriers.fedex_vocabulary import DELIVERIES, EVENTS, EXCEPTIONS, manner_in, meaning_of
from domain.errors import AccessDenied, RateLimited, RuleError, Unreachable, UnreadableReply
from domain.tracking import Ask, Failed, Found, Leg, Manner, Milestone, NoData, NotFound, Reason
from net.http import Http, HttpReply

N = "770000000001"


def found(*tracks: dict[str, object], number: str = N) -> Found:
    reply = {"output": {"completeTrackResults": [{"trackingNumber": number, "trackResults": list(tracks)}]}}
    (reading,) = read_safely(CARRIER, ok(reply), [Ask(number)], NOW)
    assert isinstance(reading, Found)
    return reading


def track(*events: dict[str, object], **more: object) -> dict[str, object]:
    return {
        "trackingNumberInfo": {"trackingNumber": N, "trackingNumberUniqueId": "1~x~FX"},
        "scanEvents": events,
        **more,
    }


def scan(date: str, event: str = "AR", **more: object) -> dict[str, object]:
    return {"date": date, "eventType": event, "derivedStatusCode": "IT", "eventDescription": "x", **more}


def at(city: str, state: str, country: str = "US") -> dict[str, dict[str, str]]:
    return {"scanLocation": {"city": city, "stateOrProvinceCode": state, "countryCode": country}}


@respx.mock
def test_a_token_is_fetched_with_the_project_and_used_as_bearer() -> None:
    """Client credentials in, bearer out; the number's own id is asked for where an earlier reading told it."""
    respx.post("https://apis.fedex.com/oauth/token").mock(
        return_value=httpx.Response(200, json={"access_token": "T", "token_type": "bearer", "expires_in": 3599})
    )
    tracking = respx.post("https://apis.fedex.com/track/v1/trackingnumbers").mock(
        return_value=httpx.Response(200, json={})
    )

    async def ask() -> None:
        account = account_of(CARRIER)
        async with Http("fedex") as http:
            token = token_read(await http.send(token_request(account, NOW)), NOW)
            assert token.expires_at == NOW + timedelta(seconds=3599)
            signed_in = Account("fedex", "main", account.settings, token)
            await http.send(CARRIER.request([Ask(N), Ask("2", source_ref="1~2~FX")], signed_in, NOW, "nonce-1"))

    asyncio.run(ask())
    form = parse_qs(respx.calls[0].request.content.decode())
    assert form == {
        "grant_type": ["client_credentials"],
        "client_id": [SECRET + "client_id"],
        "client_secret": [SECRET + "client_secret"],
    }
    sent = tracking.calls[0].request
    assert sent.headers["authorization"] == "Bearer T"
    assert sent.headers["x-locale"] == "en_US"
    assert json.loads(sent.content) == {
        "includeDetailedScans": True,
        "trackingInfo": [
            {"trackingNumberInfo": {"trackingNumber": N}},
            {"trackingNumberInfo": {"trackingNumber": "2", "trackingNumberUniqueId": "1~2~FX"}},
        ],
    }


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"errors": [{"code": "BAD.REQUEST.ERROR"}]}, AccessDenied),
        (401, {"errors": [{"code": "NOT.AUTHORIZED.ERROR"}]}, AccessDenied),
        (429, {}, RateLimited),
        (503, {}, Unreachable),
        (200, {"token": 1}, UnreadableReply),
        (200, b"<html>", UnreadableReply),
    ],
)
def test_a_refused_token_says_whose_fault_it_is(status: int, body: object, error: type[Exception]) -> None:
    """FedEx answers a wrong key with 400 as well as 401."""
    with pytest.raises(error):
        token_read(ok(body, status), NOW)


def test_asking_without_a_token_is_the_callers_fault() -> None:
    """The sender fetches the token first."""
    account = account_of(CARRIER)
    with pytest.raises(RuleError, match="token"):
        CARRIER.request([Ask(N)], Account("fedex", "main", account.settings), NOW, "n")


def test_a_number_reused_by_fedex_is_several_parcels() -> None:
    """Parcels of one number are told apart by trackingNumberUniqueId; two records of one are one."""
    one, again = track(scan("2026-11-01T10:00:00Z")), track(scan("2026-11-02T10:00:00Z"))
    other = {**track(scan("2024-01-01T10:00:00Z")), "trackingNumberInfo": {"trackingNumberUniqueId": "2~x~FX"}}
    parcels = found(one, again, other).parcels
    assert [(p.identity, len(p.events)) for p in parcels] == [("1~x~FX", 2), ("2~x~FX", 1)]


def test_a_number_may_be_named_only_inside() -> None:
    """Asked by a door tag or an old number, FedEx names the number that it found inside."""
    reply = {
        "output": {
            "completeTrackResults": [{"trackingNumber": "DT1", "trackResults": [track(scan("2026-11-01T10:00:00Z"))]}]
        }
    }
    inside, neither = read_safely(CARRIER, ok(reply), [Ask(N), Ask("3")], NOW)
    assert isinstance(inside, Found)
    assert isinstance(neither, Failed)
    assert isinstance(neither.error, UnreadableReply)


ENVELOPES = {
    "per number": lambda fault: {
        "output": {"completeTrackResults": [{"trackingNumber": N, "trackResults": [{"error": fault}]}]}
    },
    "errors": lambda fault: {"transactionId": "1", "errors": [fault]},
    "an unknown error first": lambda fault: {"errors": [{"code": "?"}, fault]},
}


@pytest.mark.parametrize("envelope", ENVELOPES.values(), ids=ENVELOPES)
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        *ERRORS.items(),
        ("TRACKING.SOMETHING.NOTFOUND", NoData.NOT_SCANNED),
        ("CALL.RATE.LIMIT.EXCEEDED", RateLimited),
        ("NEW.SERVICE.UNAVAILABLE", Unreachable),
        ("NEW.NOT.AUTHORIZED", AccessDenied),
        ("SOMETHING.NEW", UnreadableReply),
        ("TRACKING.REFERENCETYPE.INVALID", UnreadableReply),
    ],
)
def test_every_documented_error_is_read_in_every_envelope(
    envelope: Callable[[object], object], code: str, expected: object
) -> None:
    """HTTP 200 proves nothing, and an error beside an unknown one is still known."""
    (reading,) = read_safely(CARRIER, ok(envelope({"code": code, "message": "m"})), [Ask(N)], NOW)
    assert (reading.kind if isinstance(reading, NotFound) else type(getattr(reading, "error", None))) == expected


@pytest.mark.parametrize("status", [200, 400, 404, 422])
def test_the_envelope_says_more_than_its_status(status: int) -> None:
    """A number that isn't known may come with 404 as well as 200."""
    (reading,) = read_safely(
        CARRIER, ok({"errors": [{"code": "TRACKING.TRACKINGNUMBER.NOTFOUND"}]}, status), [Ask(N)], NOW
    )
    assert isinstance(reading, NotFound)
    assert reading.kind is NoData.NOT_SCANNED


@pytest.mark.parametrize(
    ("status", "headers", "message", "wait_s"),
    [
        (429, {}, "Daily transaction quota exceeded. Retry after 12:00AM GMT", 5400),
        (200, {}, "Daily transaction quota exceeded. Retry after 12:00AM GMT", 5400),
        (429, {"retry-after": "9"}, "Daily transaction quota exceeded. Retry after 12:00AM GMT", 9),
        (429, {}, "We have received too many requests", None),
    ],
)
def test_a_used_up_day_ends_at_midnight_gmt(
    status: int, headers: dict[str, str], message: str, wait_s: int | None
) -> None:
    """FedEx names the hour in words; its header, where it sends one, comes first."""
    now = NOW.replace(hour=22, minute=30)
    body = json.dumps({"errors": [{"code": "TOO.MANY.REQUESTS", "message": message}]}).encode()
    (reading,) = read_safely(CARRIER, HttpReply(status, headers, body), [Ask(N)], now)
    assert isinstance(reading, Failed)
    assert isinstance(reading.error, RateLimited)
    assert reading.error.retry_after_s == wait_s


def test_a_named_number_without_results_is_not_scanned_and_an_unnamed_one_unreadable() -> None:
    """An empty list under a number is an answer about it."""
    reply = {"output": {"completeTrackResults": [{"trackingNumber": N, "trackResults": []}]}}
    named, other = read_safely(CARRIER, ok(reply), [Ask(N), Ask("3")], NOW)
    assert isinstance(named, NotFound)
    assert isinstance(other, Failed)


EMPTY_SCAN = {"date": "", "eventType": "", "eventDescription": "", "scanLocation": {"residential": False}}


@pytest.mark.parametrize("scans", [[], [{}], [EMPTY_SCAN], None])
@pytest.mark.parametrize(
    ("status", "dates", "expected"),
    [
        ({"code": "OC", "derivedCode": "IN"}, {"SHIP": "2026-11-01T00:00:00"}, ("IN/OC/", "announced", None)),
        (
            {"code": "DL", "derivedCode": "DL"},
            {"ACTUAL_DELIVERY": "2026-11-03T10:00:00-06:00"},
            ("DL/DL/", "delivered", "2026-11-03 16:00:00+00:00"),
        ),
        (
            {"code": "PU", "derivedCode": "PU"},
            {"ACTUAL_TENDER": "2026-11-01T09:00:00Z"},
            ("PU/PU/", "picked_up", "2026-11-01 09:00:00+00:00"),
        ),
        (
            {"code": "DE", "derivedCode": "DE", "ancillaryDetails": [{"reason": "07"}]},
            {},
            ("DE/DE/07", "attempt_failed", None),
        ),
    ],
)
def test_without_scans_the_status_stands_for_one(
    scans: object, status: dict[str, object], dates: dict[str, str], expected: tuple[str, str, str | None]
) -> None:
    """Of a new label, and where a reply leaves the scans out; its time is the date of that kind, never the plan's."""
    dated = [{"type": kind, "dateTime": at} for kind, at in dates.items()]
    one = {**track(), "scanEvents": scans, "latestStatusDetail": status, "dateAndTimes": dated}
    (event,) = found(one).parcels[0].events
    assert (event.code, event.milestone, str(event.time.at) if event.time.at else None) == expected


@pytest.mark.parametrize(
    ("detail", "leg"),
    [
        ({}, Leg.OUT),
        ({"authorizationName": "", "reasonDetail": [{"type": "", "description": ""}]}, Leg.OUT),
        ({"authorizationName": "", "reasonDetail": [{"type": "REJECTED", "description": ""}]}, Leg.RETURN),
        ({"authorizationName": "S. Smith"}, Leg.RETURN),
    ],
)
def test_only_filled_return_details_make_a_return_leg(detail: dict[str, object], leg: Leg) -> None:
    """FedEx also sends details whose fields are all empty."""
    assert found(track(scan("2026-11-01T10:00:00Z"), returnDetail=detail)).parcels[0].leg is leg


@pytest.mark.parametrize(
    ("words", "manner"),
    [
        ("Left at front door. Signature Service not requested.", Manner.SAFE_PLACE),
        ("Package delivered to neighbor", Manner.NEIGHBOUR),
        ("", None),
    ],
)
def test_a_deliverys_exception_description_may_say_where(words: str, manner: Manner | None) -> None:
    """FedEx writes the place there, without a code; another event's words are no manner."""
    events = (
        found(
            track(
                scan("2026-11-01T10:00:00Z", "DL", exceptionDescription=words),
                scan("2026-11-01T09:00:00Z", "OD", exceptionDescription="Left at front door"),
            )
        )
        .parcels[0]
        .events
    )
    assert [event.manner for event in events] == [None, manner]


@pytest.mark.parametrize(
    ("triple", "milestone", "reason"),
    [
        (("DE", "DE", "08"), Milestone.ATTEMPT_FAILED, Reason.ABSENT),
        (("DE", "DE", "008"), Milestone.ATTEMPT_FAILED, Reason.OTHER),
        (("DE", "DE", "07"), Milestone.ATTEMPT_FAILED, Reason.REFUSED),
        (("DE", "DE", "007"), Milestone.ATTEMPT_FAILED, Reason.ABSENT),
        (("DE", "DE", "93"), Milestone.ATTEMPT_FAILED, Reason.PAYMENT),
        (("DE", "DE", "84"), Milestone.EXCEPTION, Reason.DELAYED),
        (("DE", "DE", "59"), Milestone.AWAITING_COLLECTION, None),
        (("DE", "DE", "A13"), Milestone.EXCEPTION, Reason.OTHER),
        (("DE", "DE", "29"), Milestone.EXCEPTION, Reason.OTHER),
        (("DE", "DE", "060G"), Milestone.RETURNING, None),
        (("DL", "RS", "060G"), Milestone.RETURNING, None),
        (("IT", "RR", "A12"), Milestone.INFO, None),
        (("IT", "HA", "A13"), Milestone.INFO, None),
        (("SE", "SE", "10"), Milestone.EXCEPTION, Reason.DAMAGED),
        (("DY", "DY", ""), Milestone.EXCEPTION, Reason.DELAYED),
        (("IT", "IT", "84"), Milestone.IN_TRANSIT, Reason.DELAYED),
        (("IT", "IT", "67"), Milestone.OUT_FOR_DELIVERY, None),
        (("IT", "IT", "71"), Milestone.CUSTOMS, None),
        (("CD", "CD", "50"), Milestone.CUSTOMS, Reason.CUSTOMS),
        (("IT", "HP", "015A"), Milestone.AWAITING_COLLECTION, None),
        (("DL", "DL", "026"), Milestone.RETURNED, None),
        (("DL", "DL", "025"), Milestone.TRANSFERRED, None),
        (("RS", "AR", ""), Milestone.RETURNING, None),
        (("IN", "", ""), Milestone.ANNOUNCED, None),
        (("CA", "CA", ""), Milestone.CANCELLED, Reason.CANCELLED),
        (("DL", "DO", ""), Milestone.DELIVERED, None),
        (("IT", "AS", ""), Milestone.INFO, None),
        (("IN", "DR", ""), Milestone.INFO, None),
    ],
)
def test_a_triple_means(triple: tuple[str, str, str], milestone: Milestone, reason: Reason | None) -> None:
    """Express and Ground number alike things differently, and an exception code turns only what is trouble."""
    meaning = meaning_of(*triple, at_destination=False)
    assert meaning is not None
    assert (meaning.milestone, meaning.reason) == (milestone, reason)


@pytest.mark.parametrize(
    ("event", "exception", "words", "delay", "reason"),
    [
        ("DY", "", "", "WEATHER", Reason.WEATHER),
        ("DY", "", "", "OPERATIONAL", Reason.DELAYED),
        ("DY", "", "", "NEWS_TO_US", Reason.DELAYED),
        ("DY", "", "Local weather delay - Delivery not attempted", "GENERAL", Reason.WEATHER),
        ("DE", "84", "Delay due to weather", "", Reason.WEATHER),
        ("DE", "08", "Recipient not in or business closed", "WEATHER", Reason.ABSENT),
        ("DE", "ZZ9", "Shipment Refused by recipient", "", Reason.REFUSED),
        ("DE", "ZZ9", "Something else", "GENERAL", Reason.OTHER),
        ("SE", "ZZ9", "Incorrect address", "", Reason.ADDRESS),
        ("RS", "", "Damaged, returned to shipper", "", Reason.DAMAGED),
        ("DP", "", "Weather in Memphis is fine", "", None),
        ("DP", "", "", "CLEARANCE", Reason.CUSTOMS),
    ],
)
def test_the_cause_is_the_codes_then_the_words_then_the_delays(
    event: str, exception: str, words: str, delay: str, reason: Reason | None
) -> None:
    """Other and delayed are no causes: whoever names one is heard. A scan on its way isn't searched for words."""
    detail = {"type": delay, "status": "DELAYED"} if delay else None
    more = {"exceptionCode": exception, "exceptionDescription": words, "delayDetail": detail}
    assert found(track(scan("2026-11-01T10:00:00Z", event, **more))).parcels[0].events[0].reason == reason


def test_an_unknown_event_type_is_unmapped_whatever_its_status() -> None:
    """The derived status is a roll-up: it doesn't say what an event of tomorrow means."""
    assert meaning_of("IT", "QQ", "", at_destination=False) is None
    (event,) = found(track(scan("2026-11-01T10:00:00Z", "QQ", exceptionCode="Z1"))).parcels[0].events
    assert (event.code, event.text, event.milestone) == ("IT/QQ/Z1", "x", Milestone.UNMAPPED)


def test_an_arrival_at_the_delivery_station_is_at_destination() -> None:
    """AR is the same code for every facility: the kind of place, or its words, tell the last one."""
    events = (
        found(
            track(
                scan("2026-11-01T10:00:00Z", locationType="FEDEX_FACILITY"),
                scan("2026-11-02T10:00:00Z", locationType="DESTINATION_FEDEX_FACILITY"),
                scan(
                    "2026-11-03T10:00:00Z",
                    locationType="SORT_FACILITY",
                    eventDescription="At destination sort facility",
                ),
                scan("2026-11-04T10:00:00Z", "DP", locationType="DESTINATION_FEDEX_FACILITY"),
            )
        )
        .parcels[0]
        .events
    )
    assert [e.milestone for e in events] == ["in_transit", "at_destination", "at_destination", "in_transit"]


def test_a_delivery_after_return_to_shipper_is_the_shippers() -> None:
    """FedEx says DL for both; a delivery before the return stays the recipient's."""
    events = (
        found(
            track(
                scan("2026-11-05T10:00:00Z", "DL"),
                scan("2026-11-03T10:00:00Z", "RS"),
                scan("2026-11-01T10:00:00Z", "DL"),
            )
        )
        .parcels[0]
        .events
    )
    assert [e.milestone for e in events] == ["delivered", "returning", "returned"]


@pytest.mark.parametrize(
    ("detail", "leg"),
    [
        (None, Leg.OUT),
        ({}, Leg.OUT),
        ({"reasonDetail": []}, Leg.OUT),
        ({"authorizationName": "RMA"}, Leg.RETURN),
        ({"reasonDetail": [{"type": "REJECTED"}]}, Leg.RETURN),
    ],
)
def test_a_parcel_on_a_return_label_is_a_return_leg(detail: object, leg: Leg) -> None:
    """Return details name the customer's authorisation or reason; empty ones come with every parcel."""
    assert found(track(scan("2026-11-01T10:00:00Z"), returnDetail=detail)).parcels[0].leg is leg


def test_a_record_that_begins_with_the_return_is_the_return_leg() -> None:
    """Some parcels go back under a record of their own; one that turned on its way stays one parcel."""
    own = track(scan("2026-11-02T10:00:00Z", "DL"), scan("2026-11-01T10:00:00Z", "RS"))
    turned = track(scan("2026-11-02T10:00:00Z", "RS"), scan("2026-11-01T10:00:00Z", "PU"))
    assert found(own).parcels[0].leg is Leg.RETURN
    assert found(turned).parcels[0].leg is Leg.OUT


@pytest.mark.parametrize(
    ("details", "manner"),
    [
        ({"locationDescription": "Receptionist/Front Desk"}, Manner.AGENT),
        ({"locationType": "GUARD_OR_SECURITY_STATION"}, Manner.AGENT),
        ({"locationType": "FEDEX_LOCATION"}, Manner.POINT),
        ({"locationType": "PHARMACY"}, Manner.POINT),
        ({"locationType": "FEDEX_SHIP_AND_GET"}, Manner.LOCKER),
        ({"locationDescription": "Front Door"}, Manner.SAFE_PLACE),
        ({"locationType": "RESIDENCE", "receivedByName": "Signature not required"}, Manner.SAFE_PLACE),
        ({"locationDescription": "Neighbor", "locationType": "RESIDENCE"}, Manner.NEIGHBOUR),
        ({"locationType": "RESIDENCE", "receivedByName": "J. Taylor"}, Manner.SELF),
        ({"locationType": "RESIDENCE", "receivedByName": "D.HERRERA"}, None),
        ({"locationType": "RESIDENCE", "receivedByName": "J.DECKER"}, None),
        ({"receivedByName": "Front Desk"}, Manner.AGENT),
        ({}, None),
    ],
)
def test_the_manner_is_where_and_to_whom_the_last_delivery_went(details: object, manner: Manner | None) -> None:
    """A name at a residence says that somebody signed, not who."""
    recipient = {"contact": {"personName": "J. TAYLOR"}}
    events = (
        found(
            track(
                scan("2026-11-01T10:00:00Z", "DL"),
                scan("2026-11-04T10:00:00Z", "DL"),
                deliveryDetails=details,
                recipientInformation=recipient,
            )
        )
        .parcels[0]
        .events
    )
    assert [e.manner for e in events] == [None, manner]
    assert manner_in("Nowhere in particular", "OTHER", "") is None


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (scan("2026-11-12T08:00:00", **at("MANKATO", "MN")), ("2026-11-12T14:00:00+00:00", "assumed_place", "assumed")),
        (scan("2026-07-12T08:00:00", **at("PHOENIX", "AZ")), ("2026-07-12T15:00:00+00:00", "assumed_place", "assumed")),
        (
            scan("2026-07-12T08:00:00", **at("TORONTO", "ON", "CA")),
            ("2026-07-12T12:00:00+00:00", "assumed_place", "assumed"),
        ),
        (
            scan("2026-11-12T08:00:00", **at("SHENZHEN", "", "CN")),
            ("2026-11-12T00:00:00+00:00", "assumed_place", "assumed"),
        ),
        (
            scan("2026-11-12T00:00:00", **at("MANKATO", "MN")),
            ("2026-11-12T06:00:00+00:00", "assumed_place", "date_only"),
        ),
        (scan("2026-11-12", **at("MANKATO", "MN")), ("2026-11-12T06:00:00+00:00", "assumed_place", "date_only")),
        (scan("2026-11-12T08:00:00", **at("COOKEVILLE", "TN")), (None, "none", "unknown")),
        (scan("2026-11-12T08:00:00"), (None, "none", "unknown")),
        (scan("", **at("MANKATO", "MN")), (None, "none", "unknown")),
        (scan("9999-12-31T00:00:00", **at("MANKATO", "MN")), (None, "none", "unknown")),
        (scan("2026-11-12T08:00:00-0600"), ("2026-11-12T14:00:00+00:00", "offset", "exact")),
    ],
)
def test_a_time_without_an_offset_is_local_to_its_scan(
    event: dict[str, object], expected: tuple[str | None, str, str]
) -> None:
    """A place in one zone tells; a state with two, or no place, tells nothing. A naive midnight is a date."""
    time = found(track(event)).parcels[0].events[0].time
    assert (time.at.isoformat() if time.at else None, time.zone, time.certainty) == expected
    assert time.raw == event["date"]


def test_another_scan_of_the_same_city_tells_the_zone_before_any_table() -> None:
    """El Paso lies in the part of Texas that keeps mountain time; Cookeville is in no table."""
    events = (
        found(
            track(
                scan("2026-11-10T08:00:00-07:00", **at("EL PASO", "TX")),
                scan("2026-11-12T08:00:00", **at("El Paso", "TX")),
                scan("2026-11-13T08:00:00-06:00", **at("COOKEVILLE", "TN")),
                scan("2026-11-14T08:00:00", **at("COOKEVILLE", "TN")),
            )
        )
        .parcels[0]
        .events
    )
    assert [e.time.at.isoformat() for e in events if e.time.at and e.time.zone == "assumed_place"] == [
        "2026-11-12T15:00:00+00:00",
        "2026-11-14T14:00:00+00:00",
    ]


def test_the_promise_is_the_estimate_before_the_standard() -> None:
    """The latest parcel's promise is the number's. Windows are empty for most parcels: then the commitment, a date in the
    destination's zone.
    """
    both = {
        "estimatedDeliveryTimeWindow": {"window": {"ends": "2026-11-14T20:00:00-06:00"}},
        "standardTransitTimeWindow": {"window": {"ends": "2026-11-12T20:00:00-06:00"}},
    }
    standard = {**both, "estimatedDeliveryTimeWindow": {"window": {}}}
    event = scan("2026-11-01T10:00:00Z")
    assert str(found(track(event, **both)).promised_at) == "2026-11-15 02:00:00+00:00"
    assert str(found(track(event, **standard)).promised_at) == "2026-11-13 02:00:00+00:00"
    assert found(track(event)).promised_at is None
    dates = [{"type": "COMMITMENT", "dateTime": "2026-11-12T00:00:00"}]
    at_home = {"recipientInformation": {"address": {"stateOrProvinceCode": "MN", "countryCode": "US"}}}
    assert str(found(track(event, dateAndTimes=dates, **at_home)).promised_at) == "2026-11-13 06:00:00+00:00"
    assert found(track(event, dateAndTimes=dates)).promised_at is None


def test_exception_codes_of_deliveries_and_troubles_dont_mix() -> None:
    """A DL event is read by its own table."""
    assert not set(DELIVERIES) & set(EXCEPTIONS)
    assert {"DL", "DE", "OC"} <= set(EVENTS)


def test_a_reply_without_output_mentions_nobody() -> None:
    """An empty success is a changed format, not an unknown parcel."""
    (reading,) = read_safely(CARRIER, HttpReply(200, {}, b"{}"), [Ask(N)], NOW)
    assert isinstance(reading, Failed)
    assert isinstance(reading.error, UnreadableReply)
