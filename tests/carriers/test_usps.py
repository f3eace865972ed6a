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
from domain.tracking import Ask, Found, Manner, Milestone, NoData, NotFound, Reading, Reason, ScanEvent, Zone
from net.http import Http

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
    ],
)
def test_an_error_is_read_by_its_words_then_by_its_status(status: int, error: object, expected: object) -> None:
    """Hours after a label is made, USPS says that tracking isn't available: nothing scanned yet, nothing lost."""
    assert told(reading({"error": error}, status)) == expected


@pytest.mark.parametrize(
    ("code", "text", "milestone", "reason"),
    [
        ("02", "Notice Left", Milestone.ATTEMPT_FAILED, Reason.ABSENT),
        ("04", "Refused", Milestone.ATTEMPT_FAILED, Reason.REFUSED),
        ("21", "No Such Number", Milestone.RETURNING, Reason.ADDRESS),
        ("A1", "Arrived at USPS Regional Facility", Milestone.IN_TRANSIT, None),
        ("A1", "Arrived at USPS Regional Destination Facility", Milestone.AT_DESTINATION, None),
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
        ("2026-11-20T13:58:00", None, "-7:00", "", "2026-11-20T20:58:00", Zone.UTC_FIELD),
        ("2026-11-20T13:58:00", None, None, "CA", "2026-11-20T21:58:00", Zone.ASSUMED_PLACE),
        ("2026-11-20T13:58:00", "soon", "+99:00", "", None, Zone.NONE),
    ],
)
def test_the_instant_is_the_gmt_field(
    local: str, gmt: str | None, offset: str | None, state: str, at: str | None, zone: Zone
) -> None:
    """The raw text stays the local one."""
    time = event(eventTimestamp=local, GMTTimestamp=gmt, GMTOffset=offset, eventState=state).time
    assert (time.raw, time.zone) == (local, zone)
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
