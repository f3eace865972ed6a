"""DHL unified tracking: request, errors, identities, codes refined by words, and times."""

import asyncio

import httpx
import pytest
import respx
from carrier_support import FIXTURES, NOW, SECRET, account_of, ok

from carriers.base import read_safely
from carriers.dhl import CARRIER, push_numbers
from carriers.dhl_vocabulary import manner_in, meaning_of
from domain.errors import AccessDenied, RateLimited, Unreachable, UnreadableReply
from domain.tracking import Ask, Failed, Found, Manner, Milestone, NoData, NotFound, Reading, Reason, Zone
from net.http import Http

N = "7700000001"


def reading(body: object, status: int = 200) -> Reading:
    (one,) = read_safely(CARRIER, ok(body, status), [Ask(N)], NOW)
    return one


def found(*events: dict[str, object], **more: object) -> Found:
    one = reading({"shipments": [{"id": N, "service": "express", "events": events, **more}]})
    assert isinstance(one, Found)
    return one


@respx.mock
def test_a_number_is_asked_with_the_key_in_a_header() -> None:
    """The key never stands in the address; the postcode goes along where it is known."""
    route = respx.get("https://api-eu.dhl.com/track/shipments").mock(return_value=httpx.Response(200, json={}))

    async def ask() -> None:
        async with Http("dhl") as http:
            await http.send(CARRIER.request([Ask(N, postcode="10115")], account_of(CARRIER), NOW, "n"))

    asyncio.run(ask())
    sent = route.calls[0].request
    assert sent.headers["dhl-api-key"] == SECRET + "api_key"
    assert dict(sent.url.params) == {"trackingNumber": N, "language": "en", "recipientPostalCode": "10115"}


@pytest.mark.parametrize("http", [200, None])
@pytest.mark.parametrize(
    ("status", "detail", "expected"),
    [
        (404, "No shipment with given tracking number found.", NoData.NOT_SCANNED),
        (400, "Tracking number is not valid", NoData.WRONG_CARRIER),
        (400, "language", UnreadableReply),
        (401, "Unauthorized", AccessDenied),
        (403, "Forbidden", AccessDenied),
        (429, "Too many requests", RateLimited),
        (500, "Internal", Unreachable),
        (503, "Unavailable", Unreachable),
    ],
)
def test_an_error_means_the_same_in_the_body_and_as_a_status(
    http: int | None, status: int, detail: str, expected: object
) -> None:
    """DHL repeats the status in the body; a body that was kept without it still tells."""
    one = reading({"status": status, "title": "x", "detail": detail}, http or status)
    assert (one.kind if isinstance(one, NotFound) else type(getattr(one, "error", None))) == expected


@pytest.mark.parametrize(
    ("code", "text", "milestone", "reason"),
    [
        ("pre-transit", "DELIVERED", Milestone.ANNOUNCED, None),
        ("transit", "", Milestone.IN_TRANSIT, None),
        ("transit", "Delivered to the next depot", Milestone.IN_TRANSIT, None),
        ("transit", "With delivery courier", Milestone.OUT_FOR_DELIVERY, None),
        ("transit", "Awaiting collection by the recipient", Milestone.AWAITING_COLLECTION, None),
        ("transit", "Customs clearance status updated", Milestone.CUSTOMS, None),
        ("transit", "Clearance delay", Milestone.CUSTOMS, Reason.CUSTOMS),
        ("transit", "Sendung liegt zur Abholung bereit", Milestone.AWAITING_COLLECTION, None),
        ("transit", "The shipment is being returned to the sender", Milestone.RETURNING, None),
        ("delivered", "Returned to shipper", Milestone.RETURNED, None),
        ("failure", "", Milestone.EXCEPTION, Reason.OTHER),
        ("failure", "Processed", Milestone.EXCEPTION, Reason.OTHER),
        ("failure", "Recipient refused the parcel", Milestone.ATTEMPT_FAILED, Reason.REFUSED),
        ("unknown", "LABEL CREATED", Milestone.ANNOUNCED, None),
        ("", "Delivered", Milestone.DELIVERED, None),
    ],
)
def test_words_refine_what_a_code_leaves_open(
    code: str, text: str, milestone: Milestone, reason: Reason | None
) -> None:
    """Never beyond what the code allows: no delivery of a parcel in transit, no progress of a failure."""
    meaning = meaning_of(code, text)
    assert meaning is not None
    assert (meaning.milestone, meaning.reason) == (milestone, reason)


@pytest.mark.parametrize(("code", "text"), [("unknown", "x"), ("", "x"), ("lost-in-space", "Delivered")])
def test_what_no_table_knows_stays_unmapped(code: str, text: str) -> None:
    """An unknown code isn't rescued by its words."""
    assert meaning_of(code, text) is None


@pytest.mark.parametrize(
    ("text", "manner"),
    [
        ("Delivered to a neighbour", Manner.NEIGHBOUR),
        ("aus der Packstation", Manner.LOCKER),
        ("DHL ServicePoint", Manner.POINT),
        ("Ablageort", Manner.SAFE_PLACE),
        ("Reception", Manner.AGENT),
        ("Delivered", None),
    ],
)
def test_a_delivery_says_its_manner_in_words(text: str, manner: Manner | None) -> None:
    """Where the words say nothing, nothing is assumed."""
    assert manner_in(text) is manner


@pytest.mark.parametrize(
    ("raw", "locality", "at", "zone"),
    [
        ("2026-11-01T10:00:00Z", "", "2026-11-01T10:00:00", Zone.OFFSET),
        ("2026-11-01T10:00:00.331986369+01:00", "", "2026-11-01T09:00:00", Zone.OFFSET),
        ("2026-11-01T10:00:00", "MILAN - ITALY", "2026-11-01T09:00:00", Zone.ASSUMED_PLACE),
        ("2026-11-01T10:00:00.331986369", "LOS ANGELES, CA - USA", "2026-11-01T18:00:00", Zone.ASSUMED_PLACE),
        ("2026-11-01T10:00:00", "NOWHERE", None, Zone.NONE),
        ("soon", "MILAN - ITALY", None, Zone.NONE),
    ],
)
def test_a_naive_time_is_local_to_its_place(raw: str, locality: str, at: str | None, zone: Zone) -> None:
    """The raw text is kept; what can't be placed moves no clock."""
    place = {"address": {"addressLocality": locality}}
    time = found({"timestamp": raw, "statusCode": "transit", "location": place}).parcels[0].events[0].time
    assert (time.raw, time.zone) == (raw, zone)
    assert (time.at.isoformat()[:19] if time.at else None) == at


def test_a_piece_or_a_reference_is_a_mention() -> None:
    """DHL answers with the shipment's own id, and identity is that id."""
    event = {"timestamp": "2026-11-01T10:00:00Z", "statusCode": "transit"}
    by_piece = found(event, id="A", details={"pieceIds": [N]})
    by_reference = found(event, id="B", details={"references": [{"number": N}]})
    assert [one.parcels[0].identity for one in (by_piece, by_reference)] == ["A", "B"]


def test_a_push_proves_nothing() -> None:
    """It is a hint to ask, whatever its headers say."""
    assert CARRIER.push is not None
    assert CARRIER.push.verify is None
    assert push_numbers(b'{"shipments": [{"id": "1"}, {"id": "1"}, {}]}') == ("1",)


def test_the_documented_error_is_read() -> None:
    """The recorded sample of the documentation, with its status and without."""
    sample = FIXTURES / "dhl" / "TrackingErrorResponseJSON.json"
    if not sample.exists():
        pytest.skip(f"{sample} is missing")
    for status in (200, 404):
        one = reading(sample.read_bytes(), status)
        assert isinstance(one, NotFound)
        assert one.kind is NoData.NOT_SCANNED
    assert isinstance(reading({"status": 404}, 404), Failed)
