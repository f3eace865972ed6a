"""USPS Tracking v3: token, request, errors, codes, manners and times."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest
import respx
from carrier_support import FIXTURES, NOW, SECRET, account_of, ok

from carriers.base import Account, read_safely
from carriers.usps import CARRIER, token_read, token_request
from carriers.usps_vocabulary import meaning_of
from domain.errors import AccessDenied, RateLimited, RuleError, Unreachable, UnreadableReply
from domain.tracking import Ask, Failed, Found, Manner, Milestone, NoData, NotFound, Reading, Reason, ScanEvent, Zone
from net.http import Http, HttpReply

N = "9400100000000000000022"


def reading(body: object, status: int = 200, number: str = N) -> Reading:
    (one,) = read_safely(CARRIER, ok(body, status), [Ask(number)], NOW)
    return one


def event(number: str = N, **fields: object) -> ScanEvent:
    one = reading({"trackingNumber": N, "trackingEvents": [fields]}, number=number)
    assert isinstance(one, Found)
    return one.parcels[0].events[0]


def told(one: Reading) -> object:
    return one.kind if isinstance(one, NotFound) else type(getattr(one, "error", None))


@respx.mock
def test_a_token_is_fetched_as_json_and_used_as_bearer() -> None:
    """Client credentials in, bearer out, all events asked for."""
    respx.post("https://apis.usps.com/oauth2/v3/token").mock(
        return_value=httpx.Response(200, json={"access_token": "T", "expires_in": "28799"})
    )
    route = respx.get(f"https://apis.usps.com/tracking/v3/tracking/{N}").mock(return_value=httpx.Response(200, json={}))

    async def ask() -> None:
        account = account_of(CARRIER)
        async with Http("usps") as http:
            token = token_read(await http.send(token_request(account, NOW)), NOW)
            assert token.expires_at == NOW + timedelta(seconds=28799)
            await http.send(CARRIER.request([Ask(N)], Account("usps", "main", account.settings, token), NOW, "n"))

    asyncio.run(ask())
    assert json.loads(respx.calls[0].request.content) == {
        "grant_type": "client_credentials",
        "client_id": SECRET + "client_id",
        "client_secret": SECRET + "client_secret",
    }
    assert route.calls[0].request.headers["authorization"] == "Bearer T"
    assert route.calls[0].request.url.params["expand"] == "DETAIL"


@pytest.mark.parametrize(
    ("status", "error"), [(400, AccessDenied), (401, AccessDenied), (429, RateLimited), (503, Unreachable)]
)
def test_a_refused_token_says_whose_fault_it_is(status: int, error: type[Exception]) -> None:
    """A wrong key comes with 400 as well as 401."""
    with pytest.raises(error):
        token_read(ok({}, status), NOW)


def test_asking_without_a_token_is_the_callers_fault() -> None:
    """The sender fetches the token first."""
    with pytest.raises(RuleError, match="token"):
        CARRIER.request([Ask(N)], Account("usps", "main", account_of(CARRIER).settings), NOW, "n")


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (404, {"code": "404", "message": "Tracking is not available"}, NoData.NOT_SCANNED),
        (400, {"code": "400", "message": "A status update is not yet available"}, NoData.NOT_SCANNED),
        (404, {"message": "x"}, NoData.NOT_SCANNED),
        (200, {"code": "429", "message": "x"}, RateLimited),
        (200, {"code": "503", "message": "x"}, Unreachable),
        (200, {"code": "401", "message": "x"}, AccessDenied),
        (400, {"code": "400", "errors": [{"title": "Invalid tracking number"}]}, NoData.WRONG_CARRIER),
        (400, {"code": "400", "message": "x"}, UnreadableReply),
        (200, "invalid_token", AccessDenied),
        (200, "server_error", Unreachable),
        (404, None, UnreadableReply),
        (400, {"code": "400", "errors": [{"source": {"parameter": "trackingNumber"}}]}, NoData.WRONG_CARRIER),
        (400, {"code": "400", "errors": [{"source": {"parameter": "expand"}}]}, UnreadableReply),
        (200, {"code": "401", "message": "The client application identifier is invalid."}, AccessDenied),
        (403, {"code": "403", "message": "x"}, AccessDenied),
        (500, {"code": "500", "message": "x"}, Unreachable),
    ],
)
def test_an_error_is_read_by_its_words_then_by_its_status(status: int, error: object, expected: object) -> None:
    """Hours after a label is made, USPS says that tracking isn't available: nothing scanned yet, nothing lost."""
    assert told(reading({"error": error}, status)) == expected


@pytest.mark.parametrize(("status", "code"), [(429, "429"), (200, "429"), (400, "400")])
def test_a_limit_says_when_to_come_back(status: int, code: str) -> None:
    """Retry-After counts with the words of a limit as with its status."""
    body = json.dumps({"error": {"code": code, "message": "Too Many Requests"}}).encode()
    (one,) = read_safely(CARRIER, HttpReply(status, {"retry-after": "1800"}, body), [Ask(N)], NOW)
    assert isinstance(one, Failed)
    assert isinstance(one.error, RateLimited)
    assert one.error.retry_after_s == 1800


GONE = {"code": "404", "message": "Tracking is not available"}
PIECE = {"trackingNumber": N, "trackingEvents": [{"eventCode": "OF"}]}


@pytest.mark.parametrize(
    ("pieces", "status", "expected"),
    [
        ([{"trackingNumber": N, "error": GONE}], 200, NoData.NOT_SCANNED),
        ([{"error": GONE}], 207, NoData.NOT_SCANNED),
        ([{"error": {"code": "429", "message": "x"}}], 404, NoData.NOT_SCANNED),
        ([{"trackingNumber": "other", "error": GONE}], 200, UnreadableReply),
        ([], 200, UnreadableReply),
        ([{"trackingNumber": "other", "error": GONE}, PIECE], 207, type(None)),
        ([{"trackingNumber": N, "trackingEvents": []}], 200, NoData.NOT_SCANNED),
    ],
)
def test_a_list_answers_each_number_on_its_own(pieces: object, status: int, expected: object) -> None:
    """Another number's error is not ours; one that names no number is."""
    assert told(reading(pieces, status)) == expected


def test_a_number_used_again_is_two_parcels() -> None:
    """USPS's own id tells them apart, whatever it is called."""
    names = ("uniqueMailPieceID", "uniqueMailPieceId", "uniqueTrackingID", "uniqueTrackingId")
    one = reading([{**PIECE, name: name} for name in names])
    assert isinstance(one, Found)
    assert [parcel.identity for parcel in one.parcels] == list(names)


def test_the_layout_of_2023_is_read() -> None:
    """TrackSummary is the latest event and TrackDetail holds the others; the local time is placed by its GMTOffset."""
    latest = {"Event": "Out for Delivery", "EventDate": "February 15, 2026", "EventTime": "7:31 am", "EventCode": "OF"}
    before = {"Event": "Arrived", "EventDate": "February 14, 2026", "EventTime": "12:05 pm", "EventCode": "07"}
    where = {
        "EventCity": "RICHMOND",
        "EventState": "VA",
        "EventZIPCode": "23227",
        "GMT": "12:31:32",
        "GMTOffset": "-05:00",
    }
    info = {"@ID": N, "MPSUFFIX": "518", "TrackSummary": {**latest, **where}, "TrackDetail": {**before, **where}}
    one = reading({"TrackResults": {"TrackInfo": info}})
    assert isinstance(one, Found)
    (parcel,) = one.parcels
    assert parcel.identity == "518"
    assert [(e.milestone, e.place, e.time.raw, e.time.zone) for e in parcel.events] == [
        (Milestone.AT_DESTINATION, "RICHMOND, VA, 23227", "February 14, 2026 12:05 pm", Zone.OFFSET),
        (Milestone.OUT_FOR_DELIVERY, "RICHMOND, VA, 23227", "February 15, 2026 7:31 am", Zone.OFFSET),
    ]
    assert [e.time.at.isoformat()[:16] for e in parcel.events if e.time.at] == ["2026-02-14T17:05", "2026-02-15T12:31"]
    summary = reading({"TrackResults": {"TrackInfo": {"@ID": N, "TrackSummary": "USPS is now in possession."}}})
    assert told(summary) == NoData.NOT_SCANNED


@pytest.mark.parametrize(
    ("status", "milestone"),
    [
        ("Delivered, In/At Mailbox", Milestone.DELIVERED),
        ("Return to Sender Processed", Milestone.RETURNING),
        ("Seized by Law Enforcement", Milestone.EXCEPTION),
        ("Held at Post Office, At Customer Request", Milestone.AWAITING_COLLECTION),
        ("A status update is not yet available on your package", None),
        ("", None),
    ],
)
def test_a_summary_without_events_is_one_without_a_time(status: str, milestone: Milestone | None) -> None:
    """A delivered parcel isn't one that was never scanned; words that no row knows say nothing."""
    one = reading({"trackingNumber": N, "status": status, "trackingEvents": []})
    if milestone is None:
        assert told(one) == NoData.NOT_SCANNED
        return
    assert isinstance(one, Found)
    (event,) = one.parcels[0].events
    assert (event.code, event.text, event.milestone, event.time.at) == (None, status, milestone, None)


@pytest.mark.parametrize(
    ("fields", "promised"),
    [
        (
            {"deliveryDateExpectation": {"expectedDeliveryDate": "2026-11-20", "endOfDay": "9:00pm"}},
            "2026-11-21T03:00:00",
        ),
        ({"deliveryDateExpectation": {"guaranteedDeliveryDate": "2026-11-20"}}, "2026-11-21T06:00:00"),
        ({"expectedDeliveryTimeStamp": "2026-11-20T18:00:00Z"}, "2026-11-21T00:00:00"),
        ({"predictedDeliveryDate": "2026-11-20", "predictedDeliveryWindowEndTime": "2:45 PM"}, "2026-11-20T20:45:00"),
        ({"predictedDeliveryDate": "soon"}, None),
        ({"predictedDeliveryDate": "2026-11-20", "destinationState": ""}, None),
    ],
)
def test_a_promise_is_local_to_the_destination(fields: dict[str, object], promised: str | None) -> None:
    """Guaranteed before expected before predicted, until the time of day that is named, else until the day's end."""
    one = reading({**PIECE, "destinationState": "WI", **fields})
    assert isinstance(one, Found)
    assert (one.promised_at.isoformat()[:19] if one.promised_at else None) == promised


@pytest.mark.parametrize(
    ("code", "text", "milestone", "reason"),
    [
        ("02", "Notice Left", Milestone.ATTEMPT_FAILED, Reason.ABSENT),
        ("02", "Notice Left (Receptacle Full/Item Oversized)", Milestone.ATTEMPT_FAILED, Reason.OTHER),
        ("02", "Notice Left (Receptacle Blocked)", Milestone.ATTEMPT_FAILED, Reason.UNREACHABLE),
        ("04", "Refused", Milestone.ATTEMPT_FAILED, Reason.REFUSED),
        ("11", "Dead Mail/Disposed by Post Office", Milestone.EXCEPTION, Reason.DESTROYED),
        ("11", "Sent to Mail Recovery Center", Milestone.EXCEPTION, Reason.LOST),
        ("", "Delivered, To Original Sender", Milestone.RETURNED, None),
        ("", "Arrived at USPS Regional Destination Facility", Milestone.AT_DESTINATION, None),
        (
            "",
            "Addressee not available - Will attempt delivery on next working day",
            Milestone.ATTEMPT_FAILED,
            Reason.ABSENT,
        ),
        ("", "Package Damaged, in Post Office", Milestone.EXCEPTION, Reason.DAMAGED),
        ("", "Origin Post is Preparing Shipment", Milestone.ANNOUNCED, None),
        ("", "Processing Exception, Local Weather Delay", Milestone.EXCEPTION, Reason.WEATHER),
        ("21", "No Such Number", Milestone.RETURNING, Reason.ADDRESS),
        ("A1", "Arrived at USPS Regional Facility", Milestone.IN_TRANSIT, None),
        ("A1", "Arrived at USPS Regional Destination Facility", Milestone.AT_DESTINATION, None),
        ("10", "Processed at USPS Regional Destination Facility", Milestone.AT_DESTINATION, None),
        ("T1", "Departed USPS Regional Destination Facility", Milestone.IN_TRANSIT, None),
        ("NT", "In Transit, Arriving Late", Milestone.IN_TRANSIT, Reason.DELAYED),
        ("01", "Delivered, To Original Sender", Milestone.RETURNED, None),
    ],
)
def test_a_code_means_what_the_tables_say(code: str, text: str, milestone: Milestone, reason: Reason | None) -> None:
    """Words add only what the code leaves open."""
    meaning = meaning_of(code, text)
    assert meaning is not None
    assert (meaning.milestone, meaning.reason) == (milestone, reason)


def test_an_unknown_code_stays_unmapped() -> None:
    """Code and text are kept, and nothing is guessed from familiar words."""
    odd = event(eventCode="ZZ", eventType="Delivered, perhaps")
    assert (odd.code, odd.text, odd.milestone) == ("ZZ", "Delivered, perhaps", Milestone.UNMAPPED)


@pytest.mark.parametrize(
    ("text", "agent", "manner"),
    [
        ("Delivered, Parcel Locker", "false", Manner.LOCKER),
        ("Delivered, In/At Mailbox", "false", Manner.SAFE_PLACE),
        ("Delivered, Garage or Other Location at Address", "false", Manner.SAFE_PLACE),
        ("Delivered, Neighbor as Requested", "false", Manner.NEIGHBOUR),
        ("Delivered, Front Desk/Reception/Mail Room", "false", Manner.AGENT),
        ("Delivered, To Agent", "false", Manner.AGENT),
        ("Delivered, Individual Picked Up at Post Office", "false", Manner.POINT),
        ("Delivered", "true", Manner.AGENT),
        ("Delivered, Left with Individual", "false", None),
    ],
)
def test_a_delivery_says_its_manner(text: str, agent: str, manner: Manner | None) -> None:
    """An individual at the address may be anybody."""
    assert event(eventCode="01", eventType=text, authorizedAgent=agent).manner is manner


@pytest.mark.parametrize(
    ("local", "gmt", "offset", "state", "at", "zone"),
    [
        ("2026-11-20T13:58:00", "2026-11-20T18:58:40Z", "-05:00", "", "2026-11-20T18:58:40", Zone.UTC_FIELD),
        ("2026-11-20T13:58:00", "2026-11-20T18:58:40", None, "", "2026-11-20T18:58:40", Zone.UTC_FIELD),
        ("2026-11-20T13:58:00", None, "-7:00", "", "2026-11-20T20:58:00", Zone.OFFSET),
        ("2026-11-20T13:58:00", None, None, "CA", "2026-11-20T21:58:00", Zone.ASSUMED_PLACE),
        ("2026-11-20T13:58:00", "soon", "+99:00", "", None, Zone.NONE),
        ("2026-11-20T13:58:00.041Z", None, "-07:00", "", "2026-11-20T20:58:00", Zone.OFFSET),
        ("2026-11-20T13:58:00Z", None, None, "CA", "2026-11-20T21:58:00", Zone.ASSUMED_PLACE),
        ("2026-11-20T13:58:00Z", None, None, "", None, Zone.NONE),
        ("2026-11-20T13:58:00-08:00", None, None, "", "2026-11-20T21:58:00", Zone.OFFSET),
        ("November 20, 2026 1:58 pm", None, None, "CA", "2026-11-20T21:58:00", Zone.ASSUMED_PLACE),
        ("November 20, 2026, 1:58 pm", None, "-08:00", "", "2026-11-20T21:58:00", Zone.OFFSET),
        ("13:58:00", None, None, "CA", None, Zone.NONE),
    ],
)
def test_the_instant_is_the_gmt_field(
    local: str, gmt: str | None, offset: str | None, state: str, at: str | None, zone: Zone
) -> None:
    """The raw text stays the local one. A Z behind a local time isn't believed, and a time of day alone isn't a time."""
    time = event(eventTimestamp=local, GMTTimestamp=gmt, GMTOffset=offset, eventState=state).time
    assert (time.raw, time.zone) == (local, zone)
    assert (time.at.isoformat()[:19] if time.at else None) == at


@pytest.mark.parametrize(
    ("country", "at"),
    [
        ("JAPAN", "2026-11-20T04:58:00"),
        ("Great Britain and Northern Ireland", "2026-11-20T13:58:00"),
        ("AU", None),
        ("CANADA", None),
        ("ATLANTIS", None),
    ],
)
def test_a_post_abroad_is_told_by_its_countrys_name(country: str, at: str | None) -> None:
    """USPS writes names; a country with several zones tells nothing."""
    time = event(eventTimestamp="2026-11-20T13:58:00", eventCountry=country).time
    assert (time.at.isoformat()[:19] if time.at else None) == at


def test_a_scanned_barcode_is_the_same_parcel() -> None:
    """420 and the ZIP code stand before the number in the barcode only."""
    assert event("42034442" + N, eventCode="OF").milestone is Milestone.OUT_FOR_DELIVERY


@pytest.mark.parametrize(
    ("name", "status", "expected"),
    [
        ("AuthErrorResponse.json", 200, AccessDenied),
        ("AuthErrorResponse.json", 401, AccessDenied),
        ("ErrorResponse.json", 404, NoData.NOT_SCANNED),
        ("ErrorResponse.json", 200, UnreadableReply),
    ],
)
def test_the_documented_errors_are_read(name: str, status: int, expected: object) -> None:
    """The recorded samples of the documentation."""
    sample = FIXTURES / "usps" / name
    if not sample.exists():
        pytest.skip(f"{sample} is missing")
    assert told(reading(sample.read_bytes(), status)) == expected
