"""What every carrier's booking must do: read its own replies, fail in the right way, keep secrets, ask for its settings."""

import re
from random import Random

import msgspec
import pytest
from booking_support import CASES, MODULES, SETTINGS, SUCCESSES, Case, account_of, carrier_of
from carrier_support import SECRET, mutations

from carriers.booking import Pickup
from domain.booking import AlreadyBooked, Booking, BookingState, Cancelled, Intercepted, Quote, Refused
from domain.errors import AccessDenied, OutsideError, RateLimited, RuleError, Unreachable, UnreadableReply
from net.http import HttpReply

EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.carrier}-{case.name}")
VALUES = {
    "quote": tuple,
    "book": Booking,
    "find": Booking,
    "cancel": Cancelled,
    "state": BookingState,
    "intercept": Intercepted,
}


@EACH
def test_a_good_reply_gives_the_value_of_its_call(case: Case) -> None:
    value = case.read(HttpReply(200, {}, case.body))
    assert isinstance(value, VALUES[case.name])
    if isinstance(value, tuple):
        assert value
        assert all(isinstance(quote, Quote) and quote.valid_until > case.now for quote in value)


def test_every_call_of_every_carrier_has_a_good_reply_here() -> None:
    """A call that is added without a reply would go untested."""
    offered = {
        (name, field)
        for name in MODULES
        for field in ("quote", "book", "cancel", "state", "find")
        if getattr(carrier_of(name).pickup, field) is not None
    } | {(name, "intercept") for name in MODULES if carrier_of(name).intercept}
    assert offered == set(SUCCESSES)


STATUSES = [
    (401, AccessDenied),
    (403, AccessDenied),
    (429, RateLimited),
    (500, Unreachable),
    (503, Unreachable),
    (408, Unreachable),
    (302, UnreadableReply),
]


@EACH
@pytest.mark.parametrize(("status", "error"), STATUSES)
def test_every_http_status_is_the_right_error(case: Case, status: int, error: type[OutsideError]) -> None:
    with pytest.raises(error):
        case.read(HttpReply(status, {"retry-after": "7"}, b"<html>no</html>"))


@EACH
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{", b"\xff\xfe", b"[" * 5000], ids=str)
def test_a_body_that_is_no_reply_is_unreadable(case: Case, body: bytes) -> None:
    with pytest.raises(UnreadableReply):
        case.read(HttpReply(200, {}, body))


@EACH
def test_mutated_replies_give_a_value_or_an_outside_error(case: Case) -> None:
    """Whatever a carrier sends, our own code doesn't break."""
    for body in mutations(case.body, Random(7), 150):
        try:
            value = case.read(HttpReply(200, {}, body))
        except OutsideError:
            continue
        assert isinstance(value, (*VALUES.values(), Refused, AlreadyBooked))


@EACH
def test_no_secret_is_in_an_address_an_error_or_a_repr(case: Case) -> None:
    request = case.call.request(case.asked, account_of(case.carrier), case.now, "n1")
    assert request.url.startswith("https://")
    assert SECRET not in request.url
    assert SECRET not in repr(request)
    assert "张三丰" not in repr(case.asked)
    assert "Ann Miller" not in repr(case.asked)


NEEDED = [
    ("kuaidi100", "book", "pickup_secret"),
    ("kuaidi100", "book", "salt"),
    ("kuaidi100", "book", "callback_url"),
    ("kuaidi100", "intercept", "intercept_partner_id"),
    ("sf", "intercept", "month_card"),
    ("fedex", "cancel", "account_number"),
    ("fedex", "book", "account_number"),
    ("ups", "quote", "shipper_number"),
    ("ups", "book", "shipper_number"),
    ("ups", "state", "shipper_number"),
]


@pytest.mark.parametrize(("carrier", "name", "key"), NEEDED)
def test_a_missing_setting_is_named(carrier: str, name: str, key: str) -> None:
    """Accounts that only track need none of them; booking says which one it misses."""
    settings = msgspec.structs.replace(SETTINGS[carrier], **{key: ""})
    case = next(case for case in CASES if (case.carrier, case.name) == (carrier, name))
    with pytest.raises(RuleError, match=f"{carrier}: set {key}"):
        case.call.request(case.asked, account_of(carrier, settings), case.now, "n1")


@pytest.mark.parametrize("name", MODULES)
def test_the_rule_of_repeating_and_of_hours_names_its_source(name: str) -> None:
    pickup = carrier_of(name).pickup
    assert isinstance(pickup, Pickup)
    case = next(case for case in CASES if case.carrier == name and case.name == "book")
    assert re.search(r"\w{4}", pickup.repeating.source)
    assert re.search(r"\w{4}", pickup.hours(case.asked).source)


@EACH
def test_a_request_is_the_same_for_the_same_input(case: Case) -> None:
    """Nothing of a clock or of chance is in it but what was handed in."""
    make = case.call.request
    one, two = (make(case.asked, account_of(case.carrier), case.now, "n1") for _ in range(2))
    assert (one.url, one.body, dict(one.headers)) == (two.url, two.body, dict(two.headers))


@pytest.mark.parametrize("name", ["kuaidi100", "fedex"])
def test_a_ref_of_another_carrier_is_refused_before_it_is_sent(name: str) -> None:
    pickup = carrier_of(name).pickup
    assert pickup
    with pytest.raises(RuleError, match="no booking of this carrier"):
        pickup.cancel.request("SF123", account_of(name), CASES[0].now, "n1")
