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
from carriers.fedex_pickup_errors import ERRORS
from domain.booking import AlreadyBooked, Booking, Cancelled, PickupOrder, Quote, Refusal, Refused, Slot
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError, UnreadableReply

ACCOUNT = account_of("fedex")


def sent(order: PickupOrder = US_ORDER) -> dict[str, Any]:
    return json.loads(PICKUP.book.request(order, ACCOUNT, US_NOW, "n").body)  # type: ignore[no-any-return]


def test_an_order_is_told_in_the_clock_of_its_place() -> None:
    """readyDateTimestamp ends in Z and is local all the same: FedEx ignores a zone there."""
    body = sent()
    origin = body["originDetail"]
    assert (origin["readyDateTimestamp"], origin["customerCloseTime"]) == ("2026-11-25T13:00:00Z", "17:00:00")
    assert origin["pickupDateType"] == "SAME_DAY"
    assert (body["carrierCode"], body["packageCount"]) == ("FDXE", 2)
    assert body["totalWeight"] == {"units": "LB", "value": 3.3}
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
        PICKUP.cancel.read(ok(fx(cancelConfirmationMessage="ok")), REFS["fedex"], US_NOW)


def test_availability_is_asked_for_a_service_of_the_company() -> None:
    """shipmentAttributes/serviceType must be named, as the schema has it."""

    def asked(order: PickupOrder) -> dict[str, Any]:
        return json.loads(PICKUP.quote.request(order, ACCOUNT, US_NOW, "n").body)  # type: ignore[no-any-return]

    body = asked(US_ORDER)
    assert body["pickupRequestType"] == ["SAME_DAY"]
    assert (body["dispatchDate"], body["packageReadyTime"]) == ("2026-11-25", "13:00:00")
    assert (body["carriers"], body["shipmentAttributes"]) == (["FDXE"], {"serviceType": "STANDARD_OVERNIGHT"})
    abroad = replace(US_ORDER, recipient=replace(US_ORDER.recipient, country="CA"))
    assert asked(abroad)["countryRelationship"] == "INTERNATIONAL"
    assert asked(abroad)["shipmentAttributes"] == {"serviceType": "INTERNATIONAL_PRIORITY"}
    with pytest.raises(RuleError, match="isn't offered"):
        asked(replace(US_ORDER, service="FXFR"))


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


@pytest.mark.parametrize(("code", "kind"), ERRORS.items())
@pytest.mark.parametrize("status", [200, 400, 422])
def test_each_documented_code_is_a_refusal_or_an_error(
    code: str, kind: Refusal | type[OutsideError], status: int
) -> None:
    reply = ok(faulty(code, "verbatim"), status)
    if isinstance(kind, Refusal):
        assert PICKUP.book.read(reply, US_ORDER, US_NOW) == Refused(kind, code, "verbatim")
        return
    with pytest.raises(kind):
        PICKUP.book.read(reply, US_ORDER, US_NOW)


UNLISTED = [
    ("RATE.LIMIT.EXCEEDED", RateLimited),
    ("PICKUP.ACCOUNTNUMBER.NEW", AccessDenied),
    ("PICKUPADDRESS.POSTALCODE.NEW", Refusal.ADDRESS),
    ("PHONENUMBER.EMPTY", Refusal.PHONE),
    ("SOMETHING.NEW", Refusal.OTHER),
]


@pytest.mark.parametrize(("code", "kind"), UNLISTED)
def test_an_unlisted_code_is_read_by_its_parts_else_refused_as_other(
    code: str, kind: Refusal | type[OutsideError]
) -> None:
    reply = ok(faulty(code, "never seen"), 400)
    if isinstance(kind, Refusal):
        assert PICKUP.book.read(reply, US_ORDER, US_NOW) == Refused(kind, code, "never seen")
        return
    with pytest.raises(kind):
        PICKUP.book.read(reply, US_ORDER, US_NOW)


def test_a_pickup_that_exists_already_is_no_refusal() -> None:
    """FedEx doesn't say which one it is."""
    reply = ok(faulty("PICKUP.ALREADY.EXISTS", "A pickup already exists."), 400)
    assert PICKUP.book.read(reply, US_ORDER, US_NOW) == AlreadyBooked(OUR_ID)


def test_cancelling_twice_is_off_already_and_after_collection_too_late() -> None:
    ref = REFS["fedex"]
    twice = ok(faulty("DUPLICATE.REQUEST.CANCEL", "Duplicate cancel request"), 400)
    assert PICKUP.cancel.read(twice, ref, US_NOW) == Cancelled(ref, already=True)
    for code in ("PICKUP.CANCELLATION.NOTALLOWED", "PICKUPCONFIRMATION.CODE.ALREADYEXIST", "PICKUP.NUMBER.EXPIRED"):
        late = PICKUP.cancel.read(ok(faulty(code, "late"), 400), ref, US_NOW)
        assert late == Refused(Refusal.TOO_LATE, code, "late")


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
