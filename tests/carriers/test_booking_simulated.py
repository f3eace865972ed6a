"""The stand-in of Kuaidi100's pickup, asked by our own adapter: signed as its document says, one order for one id."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from booking_support import CN_ORDER, NOW, OUR_ID, SETTINGS, account_of

from carriers import kuaidi100_pickup as adapter
from carriers.booking import Call
from domain.booking import Booking, BookingState, BookingStatus, Cancelled, Quote, Refusal, Refused
from domain.errors import AccessDenied
from net.http import HttpRequest
from sim.kuaidi100 import KEY
from sim.kuaidi100_pickups import SECRET, Orders, answer, calls

ACCOUNT = account_of("kuaidi100", msgspec.structs.replace(SETTINGS["kuaidi100"], key=KEY, pickup_secret=SECRET))


@pytest.fixture
def ask() -> Callable[..., Any]:
    orders = Orders()

    def send(call: Call[Any, Any], asked: Any, now: datetime = NOW, account: Any = ACCOUNT) -> Any:
        reply = answer(orders, call.request(asked, account, now, "n"), now)
        return call.read(reply, asked, now)

    send.orders = orders  # type: ignore[attr-defined]
    return send


def test_what_our_adapter_asks_is_understood(ask: Callable[..., Any]) -> None:
    """Priced, booked, asked about, cancelled before anybody came, and cancelled already."""
    pickup = adapter.PICKUP
    assert isinstance(ask(pickup.quote, CN_ORDER)[0], Quote)
    booking = ask(pickup.book, CN_ORDER)
    assert isinstance(booking, Booking)
    assert pickup.state
    assert ask(pickup.state, booking.ref).status is BookingStatus.PLACED
    assert ask(pickup.cancel, booking.ref) == Cancelled(booking.ref)
    assert ask(pickup.cancel, booking.ref) == Cancelled(booking.ref, already=True)
    assert ask(pickup.state, booking.ref).status is BookingStatus.CANCELLED


def test_one_id_is_one_order_for_48_hours(ask: Callable[..., Any]) -> None:
    book = adapter.PICKUP.book
    first, again = ask(book, CN_ORDER), ask(book, CN_ORDER, NOW + timedelta(minutes=5))
    other = ask(book, replace(CN_ORDER, our_id="R-2"))
    assert first == again
    assert other.ref != first.ref
    moved = replace(
        CN_ORDER,
        slot=replace(
            CN_ORDER.slot, end=CN_ORDER.slot.end + timedelta(days=2), start=CN_ORDER.slot.start + timedelta(days=2)
        ),
    )
    assert ask(book, moved, NOW + timedelta(hours=48)).ref != first.ref


def test_a_wrong_secret_is_refused(ask: Callable[..., Any]) -> None:
    wrong = account_of("kuaidi100", msgspec.structs.replace(ACCOUNT.settings, pickup_secret="wrong"))
    with pytest.raises(AccessDenied, match="503"):
        ask(adapter.PICKUP.book, CN_ORDER, account=wrong)


def test_its_calls_prove_themselves_and_tell_the_life(ask: Callable[..., Any]) -> None:
    """Placed, accepted, collected, settled, each once; after the collection nobody calls the courier off."""
    booking = ask(adapter.PICKUP.book, CN_ORDER)
    told = list(calls(ask.orders, NOW - timedelta(seconds=1), NOW + timedelta(days=2)))  # type: ignore[attr-defined]
    assert all(adapter.verify(one.body, one.headers, ACCOUNT) for one in told)
    states = [_state(one) for one in told]
    wanted = [BookingStatus.PLACED, BookingStatus.ACCEPTED, BookingStatus.COLLECTED, BookingStatus.INFO]
    assert [state.status for state in states] == wanted
    assert states[-1].charge_cents == 1400
    assert {adapter.read_callback(one.body).known_as for one in told} == {booking.known_as}
    assert list(calls(ask.orders, NOW + timedelta(days=2), NOW + timedelta(days=3))) == []  # type: ignore[attr-defined]
    late = ask(adapter.PICKUP.cancel, booking.ref, NOW + timedelta(hours=6))
    assert isinstance(late, Refused)
    assert late.reason is Refusal.TOO_LATE
    assert booking.our_id == OUR_ID


def _state(call: HttpRequest) -> BookingState:
    return adapter.read_callback(call.body).state
