"""UPS Track v1: token, request, codes by type, packages, returns, manners, times, promises and Track Alerts."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import respx
from carrier_support import NOW, SECRET, account_of, ok, standing_of

from carriers.base import Account, Stands, read_safely
from carriers.ups import CARRIER
from carriers.ups_account import token_read, token_request
from carriers.ups_times import iso_clock, iso_date, offset_of
from carriers.ups_vocabulary import manner_in, meaning_of
from domain.errors import AccessDenied, RateLimited, RuleError, Unreachable, UnreadableReply
from domain.tracking import Ask, Failed, Found, Leg, Manner, Milestone, NoData, NotFound, Reason
from net.http import Http

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


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("TW0001", 404, NoData.NOT_SCANNED),
        ("TW0001", 200, NoData.NOT_SCANNED),
        ("TV1002", 400, NoData.WRONG_CARRIER),
        ("250002", 401, AccessDenied),
        ("250002", 200, AccessDenied),
        ("251004", 400, AccessDenied),
        ("10429", 200, RateLimited),
        ("10429", 429, RateLimited),
        ("10004", 400, Unreachable),
        ("10004", 500, Unreachable),
        ("NEW1", 400, UnreadableReply),
    ],
)
def test_an_error_is_read_by_its_code(code: str, status: int, expected: object) -> None:
    """HTTP status proves nothing where the body says more."""
    reply = {"response": {"errors": [{"code": code, "message": ""}]}}
    (reading,) = read_safely(CARRIER, ok(reply, status), [Ask(N)], NOW)
    assert (reading.kind if isinstance(reading, NotFound) else type(getattr(reading, "error", None))) == expected


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
    ("kept", "sent", "proven"), [("key", "key", True), ("key", "kex", False), ("key", "", False), ("", "", False)]
)
def test_a_push_is_proven_only_by_the_configured_credential(kept: str, sent: str, *, proven: bool) -> None:
    """Without a credential nothing proves a push: an empty header doesn't match an empty setting."""
    assert CARRIER.push is not None
    account = account_of(CARRIER, push_credential=kept)
    assert CARRIER.push.verify is not None
    assert CARRIER.push.verify(b"{}", {"X-Api-Key": sent}, account) is proven


def test_a_push_names_its_number_and_is_answered_with_200() -> None:
    """UPS wants nothing but the status."""
    assert CARRIER.push is not None
    assert CARRIER.push.numbers(b'{"trackingNumber": " 1Z1"}') == ("1Z1",)
    assert CARRIER.push.numbers(b"{}") == ()
    answer = CARRIER.push.answer(account_of(CARRIER), NOW)
    assert (answer.status, answer.body) == (200, b"")


def test_a_subscription_stands_only_for_the_numbers_that_were_taken() -> None:
    """HTTP 200 with some invalid numbers is a refusal of these."""
    assert standing_of(CARRIER, ok({"validTrackingNumbers": [N]}), N, "x") == [Stands, NotFound]
    assert standing_of(CARRIER, ok({"invalidTrackingNumbers": ["x"]}), "x") == [UnreadableReply]
    assert standing_of(CARRIER, ok({"response": {"errors": [{"code": "VSS100"}]}}, 400), N) == [Unreachable]


def test_another_parcel_is_not_ours() -> None:
    """A success that doesn't mention the number is unreadable."""
    reply = {"trackResponse": {"shipment": [{"inquiryNumber": "1ZX", "package": [{"trackingNumber": "1ZX"}]}]}}
    (reading,) = read_safely(CARRIER, ok(reply), [Ask(N)], NOW)
    assert isinstance(reading, Failed)
    assert isinstance(reading.error, UnreadableReply)
