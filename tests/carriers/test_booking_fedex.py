"""FedEx's pickups: local clocks, cut-offs that come with the quote, and errors inside an envelope."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from booking_support import FX_OPTION, NEW_YORK, OUR_ID, REFS, US_NOW, US_ORDER, account_of, faulty, fx
from carrier_support import SECRET, ok

from carriers.booking import Repeat
from carriers.fedex_pickup import PICKUP, token_read
from domain.booking import Booking, Cancelled, PickupOrder, Quote, Refusal, Refused, Slot
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError, Unreachable, UnreadableReply

ACCOUNT = account_of("fedex")


def sent(order: PickupOrder = US_ORDER) -> dict[str, Any]:
    return json.loads(PICKUP.book.request(order, ACCOUNT, US_NOW, "n").body)  # type: ignore[no-any-return]


def test_an_order_is_told_in_the_clock_of_its_place() -> None:
    """readyDateTimestamp ends in Z and is local all the same."""
    body = sent()
    origin = body["originDetail"]
    assert (origin["readyDateTimestamp"], origin["customerCloseTime"]) == ("2026-11-25T13:00:00Z", "17:00:00")
    assert origin["pickupDateType"] == "SAME_DAY"
    assert (body["carrierCode"], body["packageCount"]) == ("FDXE", 2)
    assert body["totalWeight"] == {"units": "KG", "value": 1.5}
    assert body["associatedAccountNumber"] == {"value": "740561073"}
    assert body["countryRelationships"] == "DOMESTIC"
    assert body["remarks"] == OUR_ID
    address = origin["pickupLocation"]["address"]
    assert (address["stateOrProvinceCode"], address["residential"]) == ("NJ", True)


@pytest.mark.parametrize(("month", "day"), [(3, 6), (3, 9), (10, 30), (11, 2)])
def test_the_local_clock_does_not_move_with_summer_time(month: int, day: int) -> None:
    """The same wall clock before and after both changes, from instants in UTC."""
    start = datetime(2026, month, day, 13, tzinfo=NEW_YORK).astimezone(UTC)
    origin = sent(replace(US_ORDER, slot=Slot(start, start + timedelta(hours=4))))["originDetail"]
    assert origin["readyDateTimestamp"] == f"2026-{month:02}-{day:02}T13:00:00Z"
    assert (origin["customerCloseTime"], origin["pickupDateType"]) == ("17:00:00", "FUTURE_DAY")


def test_a_hundred_parcels_are_too_many() -> None:
    assert sent(replace(US_ORDER, parcels=99))["packageCount"] == 99
    with pytest.raises(RuleError, match="99 parcels at most"):
        sent(replace(US_ORDER, parcels=100))


def test_without_a_token_nothing_is_sent() -> None:
    with pytest.raises(RuleError, match="get a token"):
        PICKUP.book.request(US_ORDER, replace(ACCOUNT, token=None), US_NOW, "n")


def test_a_booking_keeps_all_that_cancelling_needs() -> None:
    booking = PICKUP.book.read(ok(fx(pickupConfirmationCode=301, location="EWRA")), US_ORDER, US_NOW)
    assert booking == Booking(OUR_ID, "301|2026-11-25|FDXE|EWRA", known_as="301")
    request = PICKUP.cancel.request("301|2026-11-25|FDXE|EWRA", ACCOUNT, US_NOW, "n")
    body = json.loads(request.body)
    assert (request.method, request.url) == ("PUT", "https://apis.fedex.com/pickup/v1/pickups/cancel")
    assert (body["pickupConfirmationCode"], body["scheduledDate"]) == ("301", "2026-11-25")
    assert (body["carrierCode"], body["location"]) == ("FDXE", "EWRA")
    assert PICKUP.cancel.read(ok(fx(pickupConfirmationCode="301")), REFS["fedex"], US_NOW) == Cancelled(REFS["fedex"])


def test_a_success_that_is_silent_about_the_pickup_is_unreadable() -> None:
    for body in ({}, fx(), fx(location="EWRA")):
        with pytest.raises(UnreadableReply):
            PICKUP.book.read(ok(body), US_ORDER, US_NOW)
    with pytest.raises(UnreadableReply):
        PICKUP.cancel.read(ok(fx(pickupConfirmationCode="999")), REFS["fedex"], US_NOW)


def us(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 25, hour, minute, tzinfo=NEW_YORK).astimezone(UTC)


def quoted(now: datetime = US_NOW, **change: object) -> tuple[Quote, ...] | Refused:
    return PICKUP.quote.read(ok(fx(options=[{**FX_OPTION, **change}])), US_ORDER, now)


def test_a_quote_says_when_the_courier_can_come_and_no_price() -> None:
    """Ready times after the cut-off don't count: 17:00 is later than 16:30."""
    assert quoted() == (Quote("fedex", None, "", US_NOW + timedelta(minutes=30), "FDXE", (Slot(us(10), us(18)),)),)


def test_a_quote_ends_with_the_cut_off() -> None:
    edge = us(16, 30)
    late = quoted(edge - timedelta(minutes=10))
    assert isinstance(late, tuple)
    assert late[0].valid_until == edge
    assert quoted(edge - timedelta(seconds=1)) != Refused(Refusal.TOO_LATE)
    assert quoted(edge) == Refused(Refusal.TOO_LATE)


@pytest.mark.parametrize("access", [{"hours": 8, "minutes": 1}, "PT8H1M"])
def test_a_slot_shorter_than_the_access_time_is_none(access: object) -> None:
    """From 10:00 to 18:00 are eight hours."""
    quotes = quoted(accessTime=access)
    assert isinstance(quotes, tuple)
    assert quotes[0].slots == ()


@pytest.mark.parametrize("access", [{"hours": 8}, "PT8H0M", "PT8H", None])
def test_a_slot_as_long_as_the_access_time_is_one(access: object) -> None:
    quotes = quoted(accessTime=access)
    assert isinstance(quotes, tuple)
    assert quotes[0].slots == (Slot(us(10), us(18)),)


def test_no_option_is_a_refusal_and_a_strange_time_is_unreadable() -> None:
    assert quoted(available=False) == Refused(Refusal.TOO_LATE)
    strange: list[dict[str, Any]] = [{"cutOffTime": "25:00:00"}, {"readyTimeOptions": ["soon"]}, {"pickupDate": "?"}]
    for change in strange:
        with pytest.raises(UnreadableReply):
            quoted(**change)


ERRORS = [
    ("NOT.AUTHORIZED.ERROR", "", AccessDenied),
    ("FORBIDDEN.ERROR", "", AccessDenied),
    ("LOGIN.REAUTHENTICATE.ERROR", "", AccessDenied),
    ("ACCOUNT.NUMBER.INVALID", "", AccessDenied),
    ("INTERNAL.SERVER.ERROR", "", Unreachable),
    ("SERVICE.UNAVAILABLE.ERROR", "", Unreachable),
    ("SYSTEM.UNAVAILABLE.EXCEPTION", "", Unreachable),
    ("SYSTEM.UNEXPECTED.ERROR", "", Unreachable),
    ("RATE.LIMIT.EXCEEDED", "", RateLimited),
]


@pytest.mark.parametrize(("code", "message", "error"), ERRORS)
@pytest.mark.parametrize("status", [200, 400, 422])
def test_errors_of_account_and_source_are_errors(
    code: str, message: str, error: type[OutsideError], status: int
) -> None:
    with pytest.raises(error):
        PICKUP.book.read(ok(faulty(code, message), status), US_ORDER, US_NOW)


REFUSALS = [
    ("PICKUP.X", "The courier was dispatched already", Refusal.TOO_LATE),
    ("PICKUP.X", "Ready time is after the cutoff", Refusal.TOO_LATE),
    ("PICKUP.X", "Window shorter than access time", Refusal.TOO_SHORT),
    ("PICKUPADDRESS.POSTALCODE.INVALID", "Invalid postal", Refusal.ADDRESS),
    ("PHONENUMBER.EMPTY", "", Refusal.PHONE),
    ("PICKUP.CANCEL", "Invalid confirmation number", Refusal.NOT_FOUND),
    ("SOMETHING.NEW", "never seen", Refusal.OTHER),
]


@pytest.mark.parametrize(("code", "message", "reason"), REFUSALS)
def test_what_is_wrong_with_the_order_is_a_refusal(code: str, message: str, reason: Refusal) -> None:
    assert PICKUP.book.read(ok(faulty(code, message), 400), US_ORDER, US_NOW) == Refused(reason, code, message)


def test_nothing_protects_a_second_order_and_none_can_be_asked_for() -> None:
    assert PICKUP.repeating.kind is Repeat.BOOKS_AGAIN
    assert PICKUP.find is None
    assert PICKUP.state is None


def test_a_refused_key_is_access_denied_without_the_key() -> None:
    with pytest.raises(AccessDenied) as caught:
        token_read(ok({"errors": []}, 400), US_NOW)
    assert "pickup_client_id" in str(caught.value)
    assert SECRET not in str(caught.value)
    token = token_read(ok({"access_token": "T", "expires_in": 3599}), US_NOW)
    assert token.expires_at == US_NOW + timedelta(seconds=3599)
