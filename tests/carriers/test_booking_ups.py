"""UPS's pickups: local clocks, pounds, PRNs that stand for an address, and the list of what is open."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from booking_support import (
    NEW_YORK,
    OUR_ID,
    REFS,
    UPS_OK,
    UPS_PENDING,
    UPS_RATE,
    US_NOW,
    US_ORDER,
    account_of,
    pending,
    ups_faulty,
)
from carrier_support import ok

from carriers.ups_pickup import PICKUP, STATUSES
from domain.booking import Booking, BookingState, BookingStatus, Cancelled, PickupOrder, Quote, Refusal, Refused, Slot
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError, Unreachable, UnreadableReply
from net.http import HttpReply

ACCOUNT = account_of("ups")
PRN = REFS["ups"]


def sent(order: PickupOrder = US_ORDER) -> dict[str, Any]:
    request = PICKUP.book.request(order, ACCOUNT, US_NOW, "n" * 40)
    assert len(request.headers["transid"]) == 32
    return json.loads(request.body)["PickupCreationRequest"]  # type: ignore[no-any-return]


def test_an_order_is_told_in_the_clock_and_the_pounds_of_its_place() -> None:
    body = sent()
    assert body["PickupDateInfo"] == {"PickupDate": "20261125", "ReadyTime": "1300", "CloseTime": "1700"}
    assert body["TotalWeight"] == {"Weight": "3.3", "UnitOfMeasurement": "LBS"}
    assert body["PickupPiece"] == [
        {"ServiceCode": "003", "Quantity": "2", "DestinationCountryCode": "US", "ContainerCode": "01"}
    ]
    assert body["Shipper"]["Account"] == {"AccountNumber": "A1B2C3", "AccountCountryCode": "US"}
    assert (body["ReferenceNumber"], body["PaymentMethod"], body["OverweightIndicator"]) == (OUR_ID, "01", "N")
    assert body["PickupAddress"]["ResidentialIndicator"] == "Y"


@pytest.mark.parametrize(("month", "day"), [(3, 6), (3, 9), (10, 30), (11, 2)])
def test_the_local_clock_does_not_move_with_summer_time(month: int, day: int) -> None:
    start = datetime(2026, month, day, 13, tzinfo=NEW_YORK).astimezone(UTC)
    when = sent(replace(US_ORDER, slot=Slot(start, start + timedelta(hours=4))))["PickupDateInfo"]
    assert when == {"PickupDate": f"2026{month:02}{day:02}", "ReadyTime": "1300", "CloseTime": "1700"}


def test_elsewhere_it_is_kilograms_and_a_heavy_parcel_is_said_so() -> None:
    abroad = replace(US_ORDER, sender=replace(US_ORDER.sender, country="DE"), weight_g=70_000)
    assert sent(abroad)["TotalWeight"] == {"Weight": "70.0", "UnitOfMeasurement": "KGS"}
    assert sent(abroad)["OverweightIndicator"] == "Y"
    assert sent(replace(US_ORDER, weight_g=1))["TotalWeight"]["Weight"] == "0.1"


NIGHT = Slot(datetime(2026, 11, 25, 22, tzinfo=NEW_YORK), datetime(2026, 11, 26, 2, tzinfo=NEW_YORK))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"our_id": "x" * 36}, "our_id may have 35"),
        ({"remark": "x" * 58}, "remark may have 57"),
        ({"parcels": 1000}, "999 parcels at most"),
        ({"slot": NIGHT}, "on one day"),
        ({"sender": replace(US_ORDER.sender, address="x" * 74)}, "an address may have 73"),
    ],
)
def test_what_the_document_forbids_is_not_sent(change: dict[str, Any], message: str) -> None:
    with pytest.raises(RuleError, match=message):
        sent(replace(US_ORDER, **change))


def test_names_are_cut_to_the_label() -> None:
    address = sent(replace(US_ORDER, sender=replace(US_ORDER.sender, name="N" * 30, company="C" * 30)))["PickupAddress"]
    assert (len(address["ContactName"]), len(address["CompanyName"])) == (22, 27)


def created(**fields: object) -> HttpReply:
    return ok({"PickupCreationResponse": {"Response": UPS_OK, **fields}})


def test_the_same_prn_twice_is_the_same_booking() -> None:
    """UPS repeats the PRN where a pickup of the address stands already; only the first reply may be rated."""
    rated = PICKUP.book.read(created(PRN=PRN, RateResult=UPS_RATE), US_ORDER, US_NOW)
    assert rated == Booking(OUR_ID, PRN, known_as=PRN, charge_cents=860, currency="USD")
    again = PICKUP.book.read(created(PRN=PRN, RateStatus={"Code": "03"}), US_ORDER, US_NOW)
    assert again == Booking(OUR_ID, PRN, known_as=PRN)


def test_a_pickup_without_a_prn_is_unreadable() -> None:
    for reply in (created(), ok({}), ok({"PickupCreationResponse": {}})):
        with pytest.raises(UnreadableReply):
            PICKUP.book.read(reply, US_ORDER, US_NOW)


def test_a_quote_is_the_account_s_own_price_where_it_has_one() -> None:
    def quote(**rate: object) -> tuple[Quote, ...] | Refused:
        body = {"PickupRateResponse": {"Response": UPS_OK, "RateResult": {**UPS_RATE, **rate}}}
        return PICKUP.quote.read(ok(body), US_ORDER, US_NOW)

    until = US_NOW + timedelta(minutes=30)
    assert quote() == (Quote("ups", 860, "USD", until, "", (US_ORDER.slot,)),)
    assert quote(GrandTotalOfAllIncentedCharge="0.00") == (Quote("ups", 0, "USD", until, "", (US_ORDER.slot,)),)
    assert quote(GrandTotalOfAllCharge=None) == Refused(Refusal.NO_PRICE)


def test_cancelling_is_by_prn_and_twice_is_off_already() -> None:
    request = PICKUP.cancel.request(PRN, ACCOUNT, US_NOW, "n")
    assert (request.method, request.body) == ("DELETE", b"")
    assert request.url.endswith("/api/shipments/v2409/pickup/02")
    assert request.headers["prn"] == PRN
    cancelled = ok({"PickupCancelResponse": {"Response": UPS_OK, "PickupType": "01"}})
    assert PICKUP.cancel.read(cancelled, PRN, US_NOW) == Cancelled(PRN)
    off = ok(ups_faulty("9500552", "The pickup has already been cancelled"), 400)
    assert PICKUP.cancel.read(off, PRN, US_NOW) == Cancelled(PRN, already=True)
    late = PICKUP.cancel.read(ok(ups_faulty("9500553", "Pickup already completed"), 400), PRN, US_NOW)
    assert late == Refused(Refusal.TOO_LATE, "9500553", "Pickup already completed")
    with pytest.raises(UnreadableReply):
        PICKUP.cancel.read(ok({}), PRN, US_NOW)


def state_of(**change: object) -> BookingState | Refused:
    assert PICKUP.state
    return PICKUP.state.read(ok(pending({**UPS_PENDING, **change})), PRN, US_NOW)


@pytest.mark.parametrize(("code", "row"), STATUSES.items())
def test_each_documented_state_has_its_status(code: str, row: tuple[str, BookingStatus]) -> None:
    words, status = row
    assert state_of(OnCallStatusCode=code) == BookingState(status, code, "Dispatched to driver")
    spoken = state_of(OnCallStatusCode=None, PickupStatusMessage=words.capitalize())
    assert spoken == BookingState(status, "", words.capitalize())


@pytest.mark.parametrize("code", ["008", "777"])
def test_what_means_nothing_stays_unmapped(code: str) -> None:
    assert state_of(OnCallStatusCode=code) == BookingState(BookingStatus.UNMAPPED, code, "Dispatched to driver")


def test_several_open_pickups_come_as_a_list_and_absence_says_nothing() -> None:
    """Only today's and tomorrow's are listed, so that not being there is neither collected nor cancelled."""
    assert PICKUP.state
    other = {**UPS_PENDING, "PRN": "2929602E9XX", "ReferenceNumber": "R-other"}
    both = ok(pending(other, UPS_PENDING))
    assert PICKUP.state.read(both, PRN, US_NOW) == state_of()
    assert PICKUP.state.read(ok(pending(other)), PRN, US_NOW) == Refused(Refusal.NOT_FOUND)
    assert PICKUP.state.read(ok({}), PRN, US_NOW) == Refused(Refusal.NOT_FOUND)


def test_a_pickup_is_found_by_our_reference_unless_it_is_over() -> None:
    assert PICKUP.find
    found = PICKUP.find.read(ok(pending(UPS_PENDING)), OUR_ID, US_NOW)
    assert found == Booking(OUR_ID, PRN, known_as=PRN)
    assert PICKUP.find.read(ok(pending(UPS_PENDING)), "R-other", US_NOW) == Refused(Refusal.NOT_FOUND)
    for code in ("004", "007"):
        over = ok(pending({**UPS_PENDING, "OnCallStatusCode": code}))
        assert PICKUP.find.read(over, OUR_ID, US_NOW) == Refused(Refusal.NOT_FOUND)


ERRORS = [
    ("250002", "Invalid Authentication Information.", AccessDenied),
    ("250003", "Invalid Access License number", AccessDenied),
    ("251004", "Token expired", AccessDenied),
    ("10401", "", AccessDenied),
    ("10429", "Too Many Requests", RateLimited),
    ("9500001", "The service is temporarily unavailable", Unreachable),
    ("9500002", "Invalid account number", AccessDenied),
]


@pytest.mark.parametrize(("code", "message", "error"), ERRORS)
def test_errors_of_account_and_source_are_errors(code: str, message: str, error: type[OutsideError]) -> None:
    with pytest.raises(error):
        PICKUP.book.read(ok(ups_faulty(code, message), 400), US_ORDER, US_NOW)


REFUSALS = [
    ("Ready time is after the call by time", Refusal.TOO_LATE),
    ("Difference is less than the lead time", Refusal.TOO_SHORT),
    ("Invalid pickup date", Refusal.OUT_OF_HOURS),
    ("Missing or invalid postal code", Refusal.ADDRESS),
    ("Invalid PRN", Refusal.NOT_FOUND),
    ("Something else", Refusal.OTHER),
]


@pytest.mark.parametrize(("message", "reason"), REFUSALS)
def test_what_is_wrong_with_the_order_is_a_refusal(message: str, reason: Refusal) -> None:
    reply = ok(ups_faulty("9500999", message), 400)
    assert PICKUP.book.read(reply, US_ORDER, US_NOW) == Refused(reason, "9500999", message)
