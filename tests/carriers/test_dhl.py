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
from domain.tracking import Ask, Failed, Found, Leg, Manner, Milestone, NoData, NotFound, Reading, Reason, Zone
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
        (400, "The value of parameter trackingNumber is not valid.", NoData.WRONG_CARRIER),
        (405, "Method not allowed", UnreadableReply),
        (500, "Internal", Unreachable),
        (503, "Unavailable", Unreachable),
        (504, "Timeout", Unreachable),
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


M, R = Milestone, Reason


@pytest.mark.parametrize(
    ("text", "milestone", "reason"),
    [
        # Paket
        ("Die Sendung wurde vom Absender in die PACKSTATION eingeliefert.", M.PICKED_UP, None),
        ("The shipment has been posted by the sender at the PACKSTATION", M.PICKED_UP, None),
        ("Die Sendung wurde in die PACKSTATION eingelegt.", M.AWAITING_COLLECTION, None),
        ("Die Sendung wurde zurückgestellt. Die Zustellung erfolgt am nächsten Werktag.", M.EXCEPTION, R.DELAYED),
        ("Die Annahme der Sendung wurde verweigert.", M.ATTEMPT_FAILED, R.REFUSED),
        ("Annahme verweigert. Die Sendung wird zurückgesandt.", M.RETURNING, R.REFUSED),
        ("Die Sendung geht an den Absender zurück.", M.RETURNING, None),
        ("Die Sendung wurde dem Absender zugestellt.", M.RETURNED, None),
        ("The recipient has not picked up the shipment from the retail outlet", M.EXCEPTION, R.OVERDUE_AT_POINT),
        ("Es erfolgt ein 2. Zustellversuch.", M.OUT_FOR_DELIVERY, None),
        ("A 2nd attempt at delivery is being made", M.OUT_FOR_DELIVERY, None),
        ("Erfolgloser Zustellversuch, Empfänger nicht zu Hause", M.ATTEMPT_FAILED, R.ABSENT),
        ("Aufgrund eines Adressfehlers konnte die Sendung nicht zugestellt werden.", M.ATTEMPT_FAILED, R.ADDRESS),
        ("The shipment could not be delivered: no name on the doorbell", M.ATTEMPT_FAILED, R.ADDRESS),
        ("Die Sendung wurde fehlgeleitet und konnte nicht zugestellt werden.", M.EXCEPTION, R.MISSORTED),
        ("The shipment could not be delivered to the PACKSTATION and has been forwarded", M.ATTEMPT_FAILED, R.OTHER),
        ("Die Sendung konnte nicht in die PACKSTATION eingestellt werden.", M.ATTEMPT_FAILED, R.OTHER),
        ("Die Sendung wurde beschädigt und wird nachverpackt.", M.EXCEPTION, R.DAMAGED),
        ("Verzögerung in der Verzollung", M.CUSTOMS, R.CUSTOMS),
        ("Die Sendung kann beim Zoll abgeholt werden.", M.AWAITING_COLLECTION, R.CUSTOMS),
        ("The desired delivery day has been cancelled", M.INFO, None),
        ("Die Sendung wird ins Zielland transportiert.", M.IN_TRANSIT, None),
        ("The shipment has arrived in the region of the recipient", M.AT_DESTINATION, None),
        ("The shipment arrived in the parcel center of destination region", M.AT_DESTINATION, None),
        (
            "It will be brought to the retail outlet. The time when it can be picked up is on the card",
            M.IN_TRANSIT,
            None,
        ),
        ("Die Sendung wird zur Abholung in die Filiale gebracht.", M.IN_TRANSIT, None),
        ("Delivered to the Packstation because the recipient was not at home", M.AWAITING_COLLECTION, R.ABSENT),
        ("It could not be delivered to the Packstation, the recipient was not at home", M.ATTEMPT_FAILED, R.ABSENT),
        ("Being returned to the sender: the recipient could not be identified", M.RETURNING, R.ADDRESS),
        ("The storage period is over; the shipment is being returned to the sender", M.RETURNING, R.OVERDUE_AT_POINT),
        ("It will be transported and handed over to the delivery organization", M.IN_TRANSIT, None),
        # Express
        ("Returned to shipper", M.RETURNED, None),
        ("Shipment held - Available upon receipt of payment", M.EXCEPTION, R.PAYMENT),
        ("Delivery arranged, no details expected", M.TRANSFERRED, None),
        ("Recipient moved", M.EXCEPTION, R.ADDRESS),
        ("Address information needed; contact DHL", M.EXCEPTION, R.ADDRESS),
        ("Shipment on hold: missing paperwork", M.EXCEPTION, R.DELAYED),
        ("Broker notified to arrange for clearance", M.CUSTOMS, None),
        ("Import clearance refused", M.CUSTOMS, R.CUSTOMS),
        ("Handed over to a third party for delivery", M.TRANSFERRED, None),
        # eCommerce
        ("NOTICE LEFT", M.ATTEMPT_FAILED, R.ABSENT),
        ("UNDELIVERABLE AS ADDRESSED", M.EXCEPTION, R.ADDRESS),
        ("HELD AT POST OFFICE AT CUSTOMER REQUEST", M.AWAITING_COLLECTION, None),
        ("Delivered to DHL ServicePoint", M.AWAITING_COLLECTION, None),
        ("The shipment has been delivered to the retail outlet", M.AWAITING_COLLECTION, None),
        ("UNDELIVERED", M.ATTEMPT_FAILED, R.OTHER),
        ("The sender has cancelled the shipment", M.CANCELLED, R.CANCELLED),
    ],
)
def test_a_text_says_what_happened_not_what_its_words_are_made_of(
    text: str, milestone: Milestone, reason: Reason | None
) -> None:
    """Delivered to a point isn't delivered, brought in by the sender isn't put in for the recipient, postponed isn't back."""
    meaning = meaning_of("transit", text)
    assert meaning is not None
    assert (meaning.milestone, meaning.reason) == (milestone, reason)


@pytest.mark.parametrize(
    ("code", "status", "text", "milestone", "reason"),
    [
        ("transit", "HP", "Delivered", M.EXCEPTION, R.PAYMENT),
        ("failure", "NH", "", M.ATTEMPT_FAILED, R.ABSENT),
        ("failure", "DS", "", M.EXCEPTION, R.DESTROYED),
        ("", "OK", "", M.DELIVERED, None),
        ("transit", "OK", "Processed", M.IN_TRANSIT, None),
        ("pre-transit", "PU", "", M.ANNOUNCED, None),
        ("", "101", "", M.DELIVERED, None),
        ("delivered", "", "Delivered damaged", M.DELIVERED, R.DAMAGED),
        ("unknown", "104", "", M.ANNOUNCED, None),
        ("transit", "REFUSED_RETURN", "", M.RETURNING, R.REFUSED),
        ("transit", "PARCEL_OF_TOMORROW", "PARCEL_OF_TOMORROW", M.IN_TRANSIT, None),
    ],
)
def test_a_status_that_is_a_code_decides_within_what_the_status_code_allows(
    code: str, status: str, text: str, milestone: Milestone, reason: Reason | None
) -> None:
    """Express's letters and the Netherlands' names are more exact than words."""
    meaning = meaning_of(code, f"{status} {text}", status)
    assert meaning is not None
    assert (meaning.milestone, meaning.reason) == (milestone, reason)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("unknown", "x"),
        ("", "x"),
        ("lost-in-space", "Delivered"),
        ("", "Your shipment will be delivered today"),
        ("unknown", "Die Sendung wird heute zugestellt."),
    ],
)
def test_what_no_table_knows_stays_unmapped(code: str, text: str) -> None:
    """An unknown code isn't rescued by its words, and what will be isn't yet."""
    assert meaning_of(code, text) is None


@pytest.mark.parametrize(
    ("text", "manner"),
    [
        ("Delivered to a neighbour", Manner.NEIGHBOUR),
        ("aus der Packstation", Manner.LOCKER),
        ("DHL ServicePoint", Manner.POINT),
        ("Ablageort", Manner.SAFE_PLACE),
        ("DELIVERED_AT_SAFEPLACE", Manner.SAFE_PLACE),
        ("DELIVERED - PARCEL LOCKER", Manner.LOCKER),
        ("Zustellung an Hauspoststelle", Manner.AGENT),
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


@pytest.mark.parametrize(
    ("locality", "country", "place", "known"),
    [
        ("Whittier, CA, US", "US", "Whittier, CA, US", True),
        ("Whittier, CA, US", None, "Whittier, CA, US", True),
        ("BERLIN - GERMANY", "DE", "BERLIN - GERMANY", True),
        ("Bonn", "DE", "Bonn, DE", True),
        ("DHAKA - BANGLADESH", None, "DHAKA - BANGLADESH", True),
        ("Germany", None, "Germany", True),
        ("FR", None, "FR", True),
        ("MILAN, MI", None, "MILAN, MI", False),
        (None, "DE", "DE", True),
    ],
)
def test_a_place_names_its_country_once(locality: str | None, country: str | None, place: str, known: bool) -> None:
    """Two letters after a comma are a country only behind a state."""
    address = {"addressLocality": locality, "countryCode": country}
    event = found({"timestamp": "2026-11-01T10:00:00", "location": {"address": address}}).parcels[0].events[0]
    assert event.place == place
    assert (event.time.at is not None) == known


@pytest.mark.parametrize(
    ("frame", "eta", "promised"),
    [
        ("2026-11-20T18:00:00+01:00", "2026-11-20T12:00:00Z", "2026-11-20T17:00:00"),
        (None, "2026-11-20T12:00:00", "2026-11-20T11:00:00"),
        ("2026-11-20", None, "2026-11-20T23:00:00"),
        (None, "soon", None),
    ],
)
def test_a_promise_ends_with_its_frame_or_its_day(frame: str | None, eta: str | None, promised: str | None) -> None:
    """A naive one is the destination's."""
    one = found(
        {"timestamp": "2026-11-01T10:00:00Z", "statusCode": "transit"},
        destination={"address": {"countryCode": "DE"}},
        estimatedTimeOfDelivery=eta,
        estimatedDeliveryTimeFrame={"estimatedThrough": frame},
    )
    assert (one.promised_at.isoformat()[:19] if one.promised_at else None) == promised


def test_a_returned_shipment_that_never_turned_was_delivered_to_the_sender() -> None:
    """Its flag says so; a delivery before the turn stays one to the recipient."""
    steps = [("01", "delivered", "Delivered"), ("02", "transit", "x"), ("03", "delivered", "Delivered")]
    events = [{"timestamp": f"2026-11-{day}T10:00:00Z", "statusCode": c, "description": d} for day, c, d in steps]
    parcel = found(*events, returnFlag=True).parcels[0]
    assert parcel.leg is Leg.RETURN
    assert [event.milestone for event in parcel.events] == [M.DELIVERED, M.IN_TRANSIT, M.RETURNED]


@pytest.mark.parametrize("link", ["url", "possibleAdditionalShipmentsUrl"])
def test_a_link_that_repeats_the_number_is_a_mention(link: str) -> None:
    """DHL may answer with the number of another division that carries the same shipment."""
    event = {"timestamp": "2026-11-01T10:00:00Z", "statusCode": "transit"}
    for number, expected in ((N, Found), ("9", Failed)):
        asked = f"/track/shipments?trackingNumber={number}&service=freight"
        one = reading({"shipments": [{"id": "other", "events": [event]}], link: asked if link == "url" else [asked]})
        assert isinstance(one, expected)


def test_a_status_counts_where_no_event_is_as_new() -> None:
    """It repeats the latest event; a list that lags behind it hides a delivery."""
    event = {"timestamp": "2026-11-01T10:00:00Z", "statusCode": "transit", "description": "x"}
    for day, count in (("01", 1), ("02", 2)):
        status = {"timestamp": f"2026-11-{day}T10:00:00Z", "statusCode": "delivered", "description": "Delivered"}
        assert len(found(event, status=status).parcels[0].events) == count


def test_a_piece_or_a_reference_is_a_mention() -> None:
    """DHL answers with the shipment's own id, and identity is that id."""
    event = {"timestamp": "2026-11-01T10:00:00Z", "statusCode": "transit"}
    by_piece = found(event, id="A", details={"pieceIds": [N]})
    by_reference = found(event, id="B", details={"references": [{"number": N}]})
    assert [one.parcels[0].identity for one in (by_piece, by_reference)] == ["A", "B"]


def test_a_shipment_alone_under_the_number_asked_has_no_identity() -> None:
    """Its id is the number: it tells no parcels apart. Of several, each has its own."""
    event = {"timestamp": "2026-11-01T10:00:00Z", "statusCode": "transit"}
    one, other = {"id": N, "events": [event]}, {"id": "B", "events": [event]}
    for shipments, identities in (([one], [None]), ([one, one], [None]), ([one, other], [N, "B"])):
        told = reading({"shipments": shipments})
        assert isinstance(told, Found)
        assert [parcel.identity for parcel in told.parcels] == identities


def test_an_empty_list_is_no_answer_about_the_number() -> None:
    """An unknown number is answered with 404; an empty list counts where its own links repeat the number."""
    assert isinstance(reading({"shipments": []}), Failed)
    told = reading({"url": f"/track/shipments?trackingNumber={N}", "shipments": []})
    assert isinstance(told, NotFound)
    assert told.kind is NoData.NOT_SCANNED


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
