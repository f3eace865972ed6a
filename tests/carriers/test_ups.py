"""UPS Track v1: token, request, codes by type, packages, returns, manners, times, promises and Track Alerts."""

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import respx
from carrier_support import NOW, SECRET, account_of, ok, standing_of

from carriers.base import Account, Stands, read_safely
from carriers.ups import CARRIER
from carriers.ups_account import token_read, token_request
from carriers.ups_manners import manner_in
from carriers.ups_push import REFUSED
from carriers.ups_statuses import ROLLUPS, STATUSES
from carriers.ups_times import iso_clock, iso_date, offset_of
from carriers.ups_vocabulary import CODES, TABLED, meaning_of
from domain.errors import AccessDenied, RateLimited, RuleError, Unreachable, UnreadableReply
from domain.tracking import Ask, Failed, Found, Leg, Manner, Milestone, NoData, NotFound, Reason
from net.http import Http, HttpReply

N = "1Z999AA10000000001"


def activity(kind: str, code: str, status: str = "", day: str = "20261110", **more: object) -> dict[str, object]:
    place = {"address": {"city": "Wayne", "stateProvince": "NJ", "countryCode": "US"}}
    said = {"type": kind, "code": code, "statusCode": status, "description": "x"}
    return {"date": day, "time": "120000", "location": place, "status": said, **more}


def found(*activities: dict[str, object], **more: object) -> Found:
    package = {"trackingNumber": N, "activity": list(activities), **more}
    reply = {"trackResponse": {"shipment": [{"inquiryNumber": N, "package": [package]}]}}
    (reading,) = read_safely(CARRIER, ok(reply), [Ask(N)], NOW)
    assert isinstance(reading, Found)
    return reading


@respx.mock
def test_a_token_is_fetched_by_basic_authentication_and_used_as_bearer() -> None:
    """Client credentials in, bearer out; one number per call with the two headers that UPS wants."""
    got = respx.post("https://onlinetools.ups.com/security/v1/oauth/token").mock(
        return_value=httpx.Response(200, json={"access_token": "T", "expires_in": "14399"})
    )
    tracking = respx.get(url__startswith="https://onlinetools.ups.com/api/track/v1/details/").mock(
        return_value=httpx.Response(200, json={})
    )

    async def ask() -> None:
        account = account_of(CARRIER)
        async with Http("ups") as http:
            token = token_read(await http.send(token_request(account, NOW)), NOW)
            assert token.expires_at == NOW + timedelta(seconds=14399)
            signed_in = Account("ups", "main", account.settings, token)
            await http.send(CARRIER.request([Ask(N)], signed_in, NOW, "nonce-1"))

    asyncio.run(ask())
    basic = base64.b64encode(f"{SECRET}client_id:{SECRET}client_secret".encode()).decode()
    assert got.calls[0].request.headers["authorization"] == f"Basic {basic}"
    sent = tracking.calls[0].request
    assert sent.url.path == f"/api/track/v1/details/{N}"
    assert sent.headers["authorization"] == "Bearer T"
    assert (sent.headers["transId"], sent.headers["transactionSrc"]) == ("nonce-1", "doorstep")


def test_asking_without_a_token_is_the_callers_fault() -> None:
    """The sender fetches the token first."""
    with pytest.raises(RuleError, match="token"):
        CARRIER.request([Ask(N)], Account("ups", "main", account_of(CARRIER).settings), NOW, "n")


DOCUMENTED = (
    ("TW0001", "Tracking Information Not Found", NoData.NOT_SCANNED),
    ("TV1002", "Invalid inquiry number", NoData.WRONG_CARRIER),
    ("151018", "Invalid tracking number", NoData.WRONG_CARRIER),
    ("151044", "No tracking information available", NoData.NOT_SCANNED),
    ("151062", "No tracking information available", NoData.NOT_SCANNED),
    ("250002", "Invalid Authentication Information", AccessDenied),
    ("250003", "Invalid Access License number", AccessDenied),
    ("251004", "Bearer Token expired", AccessDenied),
    ("UJ0001", "Invalid token or token is not present", AccessDenied),
    ("10401", "Unauthorized", AccessDenied),
    ("10403", "Blocked Merchant", AccessDenied),
    ("10429", "Too Many Requests", RateLimited),
    ("10004", "Something went wrong while processing your request", Unreachable),
    ("VSS100", "The system is temporarily unavailable", Unreachable),
    ("10007", "Requested Content Type is not supported", UnreadableReply),
    ("404", "The requested resource was not found.", UnreadableReply),
    ("405", "Method Not Allowed.", UnreadableReply),
    ("NEW1", "Something new", UnreadableReply),
    ("NEW1", "Rate limit exceeded", RateLimited),
    ("NEW1", "Invalid inquiry number", NoData.WRONG_CARRIER),
)
ENVELOPES = {
    "errors of the response": lambda fault: {"response": {"errors": [fault]}},
    "bare errors": lambda fault: {"errors": [fault]},
    "warnings": lambda fault: {"trackResponse": {"shipment": [{"inquiryNumber": N, "warnings": [fault]}]}},
    "warnings without a number": lambda fault: {"trackResponse": {"shipment": [{"warnings": [fault]}]}},
    "an unknown error first": lambda fault: {"response": {"errors": [{"code": "?"}, fault]}},
}


def outcome(reading: object) -> object:
    return reading.kind if isinstance(reading, NotFound) else type(getattr(reading, "error", None))


@pytest.mark.parametrize("envelope", ENVELOPES.values(), ids=ENVELOPES)
@pytest.mark.parametrize("status", [200, 207, 400, 404, 422])
@pytest.mark.parametrize(("code", "message", "expected"), DOCUMENTED)
def test_every_documented_error_is_read_in_every_envelope(
    envelope: Callable[[object], object], status: int, code: str, message: str, expected: object
) -> None:
    """HTTP status proves nothing where the body says more: the same code means the same wherever it stands."""
    reply = ok(envelope({"code": code, "message": message}), status)
    (reading,) = read_safely(CARRIER, reply, [Ask(N)], NOW)
    assert outcome(reading) == expected


def test_a_limit_inside_a_success_says_when_to_come_back() -> None:
    """Retry-After is a header of whatever status."""
    body = b'{"response": {"errors": [{"code": "10429"}]}}'
    for status in (200, 429):
        (reading,) = read_safely(CARRIER, HttpReply(status, {"retry-after": "60"}, body), [Ask(N)], NOW)
        assert isinstance(reading, Failed)
        assert isinstance(reading.error, RateLimited)
        assert reading.error.retry_after_s == 60


def test_silence_on_an_old_parcel_is_aged_out() -> None:
    """UPS remembers 120 days."""
    reply = {"trackResponse": {"shipment": [{"warnings": [{"code": "TW0001"}]}]}}
    (reading,) = read_safely(CARRIER, ok(reply), [Ask(N, shipped_on="2026-07-01")], NOW)
    assert isinstance(reading, NotFound)
    assert reading.kind is NoData.AGED_OUT


@pytest.mark.parametrize(
    ("given", "milestone", "reason"),
    [
        (("I", "AR", "005", ""), Milestone.IN_TRANSIT, None),
        (("X", "AR", "005", ""), Milestone.ATTEMPT_FAILED, Reason.REFUSED),
        (("D", "OT", "021", ""), Milestone.OUT_FOR_DELIVERY, None),
        (("D", "FS", "011", ""), Milestone.DELIVERED, None),
        (("D", "Q9", "011", ""), Milestone.DELIVERED, None),
        (("X", "SR", "003", ""), Milestone.CUSTOMS, None),
        (("X", "Q9", "064", ""), Milestone.ATTEMPT_FAILED, Reason.REFUSED),
        (("X", "Q9", "", "Your package was damaged."), Milestone.EXCEPTION, Reason.DAMAGED),
        (("X", "AY", "", "Closed. The package will be returned to the sender."), Milestone.RETURNING, Reason.ABSENT),
        (
            ("X", "52", "024", "The customer was not available. It will be returned."),
            Milestone.RETURNING,
            Reason.ABSENT,
        ),
        (("X", "Q9", "023", "The receiver refused the delivery."), Milestone.ATTEMPT_FAILED, Reason.REFUSED),
        (("X", "CC", "", "Clearance information is required."), Milestone.CUSTOMS, Reason.CUSTOMS),
        (("X", "CC", "", "A late trailer has caused a delay."), Milestone.EXCEPTION, Reason.DELAYED),
        (("X", "34", "", "It was incorrectly sorted; severe weather."), Milestone.EXCEPTION, Reason.MISSORTED),
        (("X", "Q9", "", "It will be returned to shipper."), Milestone.RETURNING, None),
        (("MV", "VP", "007", ""), Milestone.CANCELLED, Reason.CANCELLED),
        (("I", "", "005", ""), Milestone.IN_TRANSIT, None),
    ],
)
def test_a_code_means_what_its_type_says(
    given: tuple[str, str, str, str], milestone: Milestone, reason: Reason | None
) -> None:
    """The pair decides; the three-digit status and the words of an exception help where no row knows it."""
    row = meaning_of(*given)
    assert row is not None
    assert (row.milestone, row.reason) == (milestone, reason)


@pytest.mark.parametrize("given", [("D", "Q9", "", "x"), ("I", "Q9", "005", "x"), ("X", "Q9", "011", "x")])
def test_an_unknown_code_is_unmapped(given: tuple[str, str, str, str]) -> None:
    """Type D alone is no delivery, "on the way" is no meaning, and a status of another type isn't believed."""
    assert meaning_of(*given) is None


def test_every_pair_and_status_is_listed_once() -> None:
    """Rows of a spread table can't hide one another, nor a row beside them; a roll-up is no status."""
    pairs = [(kind, code) for kinds, codes, _ in TABLED for kind in kinds.split() for code in codes.split()]
    assert len(pairs) == len(set(pairs))
    assert all(
        CODES[kind, code] is row for kinds, codes, row in TABLED for kind in kinds.split() for code in codes.split()
    )
    assert not set(STATUSES) & set(ROLLUPS)
    assert all(len(status) == 3 and status.isdigit() for status in (*STATUSES, *ROLLUPS))


@pytest.mark.parametrize(
    ("given", "milestone", "reason"),
    [
        (("D", "Q9", "072"), Milestone.OUT_FOR_DELIVERY, None),
        (("X", "Q9", "081"), Milestone.RETURNED, Reason.DAMAGED),
        (("X", "Q9", "129"), Milestone.EXCEPTION, Reason.LOST),
        (("D", "Q9", "161"), Milestone.AWAITING_COLLECTION, None),
        (("P", "Q9", "167"), Milestone.PICKED_UP, None),
        (("U", "Q9", "154"), Milestone.INFO, None),
        (("I", "Q9", "044"), Milestone.ANNOUNCED, None),
        (("X", "C5", "051"), Milestone.EXCEPTION, Reason.WEATHER),
        (("X", "YP", "005"), Milestone.IN_TRANSIT, None),
        (("I", "YP", "071"), Milestone.AT_DESTINATION, None),
        (("X", "", "029"), Milestone.EXCEPTION, Reason.OTHER),
    ],
)
def test_the_list_of_statuses_says_what_a_code_alone_does_not(
    given: tuple[str, str, str], milestone: Milestone, reason: Reason | None
) -> None:
    """The three-digit status is documented where the two letters aren't."""
    row = meaning_of(*given, "")
    assert row is not None
    assert (row.milestone, row.reason) == (milestone, reason)


@pytest.mark.parametrize("status", ["000", "047", "088", "143", "148", "163", "999"])
def test_a_status_that_says_nothing_is_no_meaning(status: str) -> None:
    """Left out on purpose: no information, a test, contradicting lists."""
    assert meaning_of("I", "Q9", status, "x") is None


def test_several_packages_are_told_apart_by_their_numbers() -> None:
    """The one that was asked for comes first; alone it needs no identity."""
    other = "1Z999AA10000000002"
    packages = [{"trackingNumber": number, "activity": [activity("I", "OR")]} for number in (other, N)]
    reply = {"trackResponse": {"shipment": [{"inquiryNumber": N, "package": packages}]}}
    (reading,) = read_safely(CARRIER, ok(reply), [Ask(N)], NOW)
    assert isinstance(reading, Found)
    assert [(p.identity, p.number) for p in reading.parcels] == [(N, N), (other, N)]
    assert [p.identity for p in found(activity("I", "OR")).parcels] == [None]


def test_an_activity_of_empty_fields_is_none() -> None:
    """The list of a new label may hold one; the label is announced by its status."""
    empty = {"location": {"address": {"countryCode": "US"}}, "date": "", "time": "", "status": {"type": "", "code": ""}}
    label = {"type": "M", "code": "MP", "description": "x"}
    (event,) = found(empty, currentStatus=label).parcels[0].events
    assert (event.code, event.milestone, event.time.at) == ("M/MP", Milestone.ANNOUNCED, None)


def test_type_d_on_the_delivery_date_is_a_delivery() -> None:
    """An unlisted code of type D is a delivery where the package's DEL date is its day."""
    dated = [{"type": "DEL", "date": "20261110"}]
    (event,) = found(activity("D", "Q9"), deliveryDate=dated).parcels[0].events
    (other,) = found(activity("D", "Q9", day="20261109"), deliveryDate=dated).parcels[0].events
    assert (event.milestone, other.milestone) == (Milestone.DELIVERED, Milestone.UNMAPPED)


def test_a_delivery_after_the_return_is_the_shippers() -> None:
    """UPS says delivered for both; a record that begins with the return is a return leg."""
    turned = found(activity("D", "FS", day="20261113"), activity("X", "UF", day="20261111"), activity("I", "OR"))
    assert [e.milestone for e in turned.parcels[0].events] == ["picked_up", "returning", "returned"]
    assert turned.parcels[0].leg is Leg.OUT
    assert found(activity("X", "UF")).parcels[0].leg is Leg.RETURN


@pytest.mark.parametrize(
    ("location", "taker", "manner"),
    [
        ("FRONT DOOR", "", Manner.SAFE_PLACE),
        ("UPS Access Point", "", Manner.POINT),
        ("RECEPTION", "SMITH", Manner.AGENT),
        ("Neighbor", "", Manner.NEIGHBOUR),
        ("RESIDENTIAL", "DRIVER RELEASE", Manner.SAFE_PLACE),
        ("DEL", "SMITH", None),
    ],
)
def test_the_place_says_the_manner(location: str, taker: str, manner: Manner | None) -> None:
    """A name says that somebody took it, not who."""
    assert manner_in(location, taker) is manner


@pytest.mark.parametrize(
    ("kind", "end", "expected"),
    [("EOD", "", "2026-11-25T04:59:59"), ("EDW", "170000", "2026-11-24T22:00:00")],
)
def test_the_promise_is_the_end_of_the_window_at_the_destination(kind: str, end: str, expected: str) -> None:
    """The rescheduled date comes before the scheduled one; a day ends at midnight there."""
    reading = found(
        activity("I", "OR"),
        deliveryDate=[{"type": "SDD", "date": "20261120"}, {"type": "RDD", "date": "20261124"}],
        deliveryTime={"type": kind, "endTime": end},
        packageAddress=[{"type": "DESTINATION", "address": {"stateProvince": "NJ", "countryCode": "US"}}],
    )
    assert reading.promised_at == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_times_are_read_as_ups_writes_them() -> None:
    """Lost zeros, colons, and the dot in a pushed offset."""
    assert [iso_clock(t) for t in ("74700", "07:47:00", "0747", "string")] == ["07:47:00", "07:47:00", "07:47:00", ""]
    assert [iso_date(d) for d in ("20261110", "2026-11-10", "string")] == ["2026-11-10", "2026-11-10", ""]
    west, east = offset_of("-04.00"), offset_of("+05:30")
    assert west is not None
    assert west.utcoffset(None) == timedelta(hours=-4)
    assert east is not None
    assert east.utcoffset(None) == timedelta(hours=5, minutes=30)
    assert offset_of("99") is None


@pytest.mark.parametrize(
    ("kept", "sent", "proven"),
    [
        ("key", {"credential": "key"}, True),
        ("key", {"Credential": " key "}, True),
        ("key", {"x-api-key": "key"}, True),
        ("key", {"X-Api-Key": "key"}, True),
        ("key", {"x-api-key": "", "credential": "key"}, True),
        ("key", {"credential": "kex"}, False),
        ("key", {"credential": "ke"}, False),
        ("key", {"credential": "KEY"}, False),
        ("key", {"credential": ""}, False),
        ("key", {"authorization": "key"}, False),
        ("key", {"x-credential": "key"}, False),
        ("key", {"user-agent": "UPSPubSubTrackingService"}, False),
        ("key", {}, False),
        ("", {"credential": ""}, False),
        ("", {"x-api-key": ""}, False),
        ("", {}, False),
        ("kéy", {"credential": "kéy"}, True),
    ],
)
def test_a_push_is_proven_only_by_the_configured_credential(kept: str, sent: dict[str, str], *, proven: bool) -> None:
    """By the header of either version, whatever its case; an empty header doesn't match an empty setting."""
    assert CARRIER.push is not None
    account = account_of(CARRIER, push_credential=kept)
    assert CARRIER.push.verify is not None
    assert CARRIER.push.verify(b"{}", sent, account) is proven


def test_a_push_names_its_number_and_is_answered_with_200() -> None:
    """UPS wants nothing but the status."""
    assert CARRIER.push is not None
    assert CARRIER.push.numbers(b'{"trackingNumber": " 1Z1", "alternateTrackingNumber": "1Z2"}') == ("1Z1", "1Z2")
    assert CARRIER.push.numbers(b"{}") == ()
    answer = CARRIER.push.answer(account_of(CARRIER), NOW)
    assert (answer.status, answer.body) == (200, b"")


def subscribed(**settings: str) -> tuple[str, dict[str, object]]:
    assert CARRIER.push
    assert CARRIER.push.subscription
    account = account_of(CARRIER, push_credential="key", **settings)
    call = CARRIER.push.subscription.request([Ask(N), Ask("1Z2")], account, "https://shop.example/in/ups", NOW)
    assert {"authorization", "transid", "transactionsrc"} <= set(call.headers)
    assert call.method == "POST"
    return call.url, json.loads(call.body)


def test_the_first_version_names_the_webhook_in_the_call_and_the_second_in_the_portal() -> None:
    """Both ask for fourteen days of alerts on at most a hundred numbers."""
    common = {"locale": "en_US", "countryCode": "US", "trackingNumberList": [N, "1Z2"]}
    place = {"url": "https://shop.example/in/ups", "credentialType": "Bearer", "credential": "key"}
    address = "https://onlinetools.ups.com/api/track/{}/subscription/standard/package"
    assert subscribed() == (address.format("v1"), {**common, "destination": place})
    assert subscribed(alerts="v2") == (address.format("v2"), common)
    assert CARRIER.push
    assert CARRIER.push.subscription
    assert (CARRIER.push.subscription.lasts, CARRIER.push.subscription.batch) == (timedelta(days=14), 100)
    assert not CARRIER.push.subscription.ready(account_of(CARRIER))


def test_a_subscription_stands_only_for_the_numbers_that_were_taken() -> None:
    """HTTP 200 with some invalid numbers is a refusal of these; neither list is a changed format."""
    assert standing_of(CARRIER, ok({"validTrackingNumbers": [N]}), N, "x") == [Stands, NotFound]
    assert standing_of(CARRIER, ok({"invalidTrackingNumbers": ["x"]}), "x") == [NotFound]
    assert standing_of(CARRIER, ok({}), "x") == [UnreadableReply]
    assert standing_of(CARRIER, ok(b"<html>"), "x") == [UnreadableReply]


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("VSS210", 400, NotFound),
        ("VSS215", 400, NotFound),
        *((code, 400, error) for code, error in REFUSED.items()),
        ("VSS100", 500, Unreachable),
        ("VSS100", 400, Unreachable),
        ("10004", 500, Unreachable),
        ("10007", 400, UnreadableReply),
        ("UJ0001", 401, AccessDenied),
        ("250002", 401, AccessDenied),
        ("251004", 401, AccessDenied),
        ("405", 405, UnreadableReply),
        ("404", 404, UnreadableReply),
        ("10429", 429, RateLimited),
    ],
)
def test_every_documented_refusal_of_a_subscription_is_read(code: str, status: int, expected: type[object]) -> None:
    """Numbers that can't be watched are no failure; what the settings say wrong is the account's fault."""
    errors = [{"code": code, "message": "The Subscription request has been rejected."}]
    for body in ({"response": {"errors": errors}}, {"errors": errors}):
        assert standing_of(CARRIER, ok(body, status), N) == [expected]


def test_of_a_refused_batch_only_the_invalid_numbers_are_given_up() -> None:
    """The error reply lists them beside the error of the others."""
    body = {"invalidTrackingNumbers": ["x"], "response": {"errors": [{"code": "VSS300"}]}}
    assert standing_of(CARRIER, ok(body, 400), N, "x") == [AccessDenied, NotFound]


def test_another_parcel_is_not_ours() -> None:
    """A success that doesn't mention the number is unreadable."""
    reply = {"trackResponse": {"shipment": [{"inquiryNumber": "1ZX", "package": [{"trackingNumber": "1ZX"}]}]}}
    (reading,) = read_safely(CARRIER, ok(reply), [Ask(N)], NOW)
    assert isinstance(reading, Failed)
    assert isinstance(reading.error, UnreadableReply)
