"""Booking over the wire: once, found again where the answer got lost, never by guess; tokens, cut-offs, cancelling."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qs

import httpx
import pytest
import respx
from booking_support import (
    CN_ORDER,
    INTERCEPT,
    NOW,
    NOWS,
    ORDERS,
    OUR_ID,
    REFS,
    SF_ORDER,
    SF_PLACED,
    SUCCESSES,
    UPS_PENDING,
    US_NOW,
    US_ORDER,
    account_of,
    answer,
    carrier_of,
    faulty,
    kd,
    line_of,
    pending,
    sf,
)

from carriers import booking_sender as booking
from carriers.booking_sender import pickup_line
from carriers.sender import Line
from domain.booking import Booking, Cancelled, Intercepted, Refusal, Refused, Slot, Uncertain
from domain.errors import AccessDenied, RuleError, Unreachable
from net.http import Http

T = TypeVar("T")
KD_URL = "https://poll.kuaidi100.com/order/borderapi.do"
SF_URL = "https://bspgw.sf-express.com/std/service"
FX_URL = "https://apis.fedex.com/pickup/v1/pickups"
FX_TOKEN = "https://apis.fedex.com/oauth/token"
UPS_BOOK = "https://onlinetools.ups.com/api/pickupcreation/v2409/pickup"
UPS_OPEN = "https://onlinetools.ups.com/api/shipments/v2409/pickup/oncall"
URLS = {"kuaidi100": KD_URL, "sf": SF_URL, "fedex": FX_URL, "ups": UPS_BOOK}


def on(line: Line, act: Callable[[Line], Awaitable[T]]) -> T:
    async def run() -> T:
        try:
            return await act(line)
        finally:
            await line.close()

    return asyncio.run(run())


def book(name: str, order: Any = None, now: datetime | None = None, tried_at: datetime | None = None) -> Any:
    whole = ORDERS[name] if order is None else order
    line = line_of(name, now or NOWS[name])
    return on(line, lambda line: booking.book(line, whole, "nonce-1", tried_at=tried_at))


def services_of(route: respx.Route) -> list[tuple[str, str]]:
    """The service and the request's own id of each call to SF."""
    forms = [parse_qs(call.request.content.decode()) for call in route.calls]
    return [(form["serviceCode"][0], form["requestID"][0]) for form in forms]


@respx.mock
@pytest.mark.parametrize("name", URLS)
def test_one_call_books(name: str) -> None:
    route = respx.post(URLS[name]).mock(return_value=answer(SUCCESSES[name, "book"]))
    assert isinstance(book(name), Booking)
    assert route.call_count == 1


@respx.mock
def test_kuaidi100_the_same_id_twice_gives_the_same_booking() -> None:
    """A carrier that keeps thirdOrderId for 48 hours, as its document says: one order, however often it is asked for."""
    orders: dict[str, str] = {}

    def take(request: httpx.Request) -> httpx.Response:
        param = json.loads(parse_qs(request.content.decode())["param"][0])
        task = orders.setdefault(param["thirdOrderId"], f"TASK{len(orders)}")
        return answer(kd(taskId=task, orderId=task[4:] + "7", kuaidinum="YT1"))

    respx.post(KD_URL).mock(side_effect=take)
    first = book("kuaidi100")
    again = book("kuaidi100", now=NOW + timedelta(minutes=5), tried_at=NOW)
    other = book("kuaidi100", replace(CN_ORDER, our_id="R-2"))
    assert first == again == Booking(OUR_ID, "TASK0|07", "YT1", "07", currency="CNY")
    assert other.ref == "TASK1|17"


@respx.mock
def test_kuaidi100_after_48_hours_it_would_book_again_so_a_person_must_look() -> None:
    route = respx.post(KD_URL).mock(return_value=answer(SUCCESSES["kuaidi100", "book"]))
    later = NOW + timedelta(hours=48)
    slot = Slot(CN_ORDER.slot.start + timedelta(days=3), CN_ORDER.slot.end + timedelta(days=3))
    outcome = book("kuaidi100", replace(CN_ORDER, slot=slot), now=later, tried_at=NOW)
    assert isinstance(outcome, Uncertain)
    assert route.call_count == 0
    just_before = book("kuaidi100", replace(CN_ORDER, slot=slot), later - timedelta(seconds=1), NOW)
    assert isinstance(just_before, Booking)


@respx.mock
def test_kuaidi100_a_duplicate_that_can_not_be_searched_is_uncertain() -> None:
    respx.post(KD_URL).mock(return_value=answer(kd("501", "重复提交")))
    assert isinstance(book("kuaidi100"), Uncertain)


@respx.mock
def test_sf_a_duplicate_is_looked_up_and_is_the_booking() -> None:
    replies = [answer(sf(None, "8016", "重复下单")), answer(sf(SF_PLACED))]
    route = respx.post(SF_URL).mock(side_effect=replies)
    assert book("sf") == Booking(OUR_ID, OUR_ID, "SF7444", OUR_ID, currency="CNY")
    assert services_of(route) == [
        ("EXP_RECE_CREATE_ORDER", "nonce-1"),
        ("EXP_RECE_SEARCH_ORDER_RESP", "nonce-1-2"),
    ]


@respx.mock
def test_sf_an_answer_that_got_lost_is_looked_for_before_anything_is_booked() -> None:
    route = respx.post(SF_URL).mock(side_effect=httpx.ReadTimeout("lost"))
    with pytest.raises(Unreachable):
        book("sf")
    route.mock(side_effect=[answer(sf(SF_PLACED))])
    assert book("sf", now=NOW + timedelta(minutes=5), tried_at=NOW) == Booking(
        OUR_ID, OUR_ID, "SF7444", OUR_ID, currency="CNY"
    )
    assert [service for service, _ in services_of(route)] == ["EXP_RECE_CREATE_ORDER", "EXP_RECE_SEARCH_ORDER_RESP"]


@respx.mock
def test_sf_what_was_never_booked_is_booked_then() -> None:
    replies = [answer(sf(None, "8018", "未获取到订单信息")), answer(sf(SF_PLACED))]
    route = respx.post(SF_URL).mock(side_effect=replies)
    assert isinstance(book("sf", tried_at=NOW), Booking)
    assert [service for service, _ in services_of(route)] == ["EXP_RECE_SEARCH_ORDER_RESP", "EXP_RECE_CREATE_ORDER"]


@respx.mock
def test_sf_a_search_that_is_refused_for_another_reason_is_uncertain() -> None:
    route = respx.post(SF_URL).mock(return_value=answer(sf(None, "8017", "?")))
    assert book("sf", tried_at=NOW) == Uncertain(OUR_ID, "sf: 8017 ?")
    assert route.call_count == 1


@respx.mock
def test_sf_a_lost_booking_is_found_even_after_the_cut_off() -> None:
    """The courier may be on the way: that the slot can't be booked any more says nothing about the first try."""
    respx.post(SF_URL).mock(return_value=answer(sf(SF_PLACED)))
    late = SF_ORDER.slot.start
    assert isinstance(book("sf", now=late, tried_at=NOW), Booking)
    assert book("sf", now=late) == Refused(Refusal.TOO_LATE)


@respx.mock
def test_fedex_a_second_try_is_never_made_by_guess() -> None:
    """Nothing protects against a second courier, and no booking can be asked for."""
    route = respx.post(FX_URL).mock(side_effect=httpx.ReadTimeout("lost"))
    with pytest.raises(Unreachable):
        book("fedex")
    outcome = book("fedex", tried_at=US_NOW)
    assert isinstance(outcome, Uncertain)
    assert "console" in outcome.text
    assert route.call_count == 1


@respx.mock
def test_fedex_a_pickup_that_exists_is_not_taken_for_ours() -> None:
    respx.post(FX_URL).mock(return_value=answer(faulty("PICKUP.ALREADY.EXISTS", "x"), 400))
    assert isinstance(book("fedex"), Uncertain)


@respx.mock
def test_ups_the_open_pickups_are_searched_for_our_reference() -> None:
    creation = respx.post(UPS_BOOK).mock(return_value=answer(SUCCESSES["ups", "book"]))
    respx.get(UPS_OPEN).mock(return_value=answer(pending(UPS_PENDING)))
    assert book("ups", tried_at=US_NOW) == Booking(OUR_ID, REFS["ups"], known_as=REFS["ups"])
    assert creation.call_count == 0
    respx.get(UPS_OPEN).mock(return_value=answer(pending({**UPS_PENDING, "ReferenceNumber": "R-other"})))
    assert isinstance(book("ups", tried_at=US_NOW), Booking)
    assert creation.call_count == 1


@pytest.mark.parametrize("name", URLS)
def test_past_the_cut_off_nothing_is_sent(name: str) -> None:
    with respx.mock(assert_all_called=False) as wire:
        route = wire.post(URLS[name])
        assert book(name, now=ORDERS[name].slot.end) == Refused(Refusal.TOO_LATE)
    assert route.call_count == 0


def test_past_the_cut_off_a_lost_answer_of_a_carrier_without_a_search_is_uncertain() -> None:
    """Asking Kuaidi100 again would be an order for a slot that is over, if the first one never arrived."""
    assert isinstance(book("kuaidi100", now=CN_ORDER.slot.end, tried_at=NOW), Uncertain)


@respx.mock
def test_cancelling_after_collection_is_refused_by_each_carrier_that_says_so() -> None:
    respx.post(KD_URL).mock(return_value=answer(kd("400", "快递员已揽收，不能取消")))
    respx.post(SF_URL).mock(return_value=answer(sf(None, "8252", "订单已确认")))
    respx.put(FX_URL + "/cancel").mock(return_value=answer(faulty("PICKUP.CANCELLATION.NOTALLOWED", "x"), 400))
    ups = {"response": {"errors": [{"code": "9", "message": "Pickup already completed"}]}}
    respx.delete(UPS_OPEN.replace("oncall", "02")).mock(return_value=answer(ups, 400))
    for name in URLS:
        outcome = on(line_of(name, NOWS[name]), lambda line: booking.cancel(line, REFS[line.carrier.id], "n"))
        assert isinstance(outcome, Refused)
        assert outcome.reason is Refusal.TOO_LATE


@respx.mock
def test_cancelling_twice_is_the_same() -> None:
    replies = [answer(sf({**SF_PLACED, "resStatus": 2})), answer(sf(None, "8037", "已消单"))]
    respx.post(SF_URL).mock(side_effect=replies)
    outcomes = [on(line_of("sf", NOW), lambda line: booking.cancel(line, OUR_ID, "n")) for _ in range(2)]
    assert outcomes == [Cancelled(OUR_ID), Cancelled(OUR_ID, already=True)]


@respx.mock
def test_a_stale_token_is_fetched_anew_once_and_from_the_booking_project() -> None:
    """FedEx's bookings have a key pair of their own; a call refused for its token booked nothing."""
    tokens = respx.post(FX_TOKEN).mock(
        side_effect=[answer({"access_token": t, "expires_in": 3600}) for t in ("T1", "T2")]
    )
    refused = answer(faulty("NOT.AUTHORIZED.ERROR", "expired"), 401)
    route = respx.post(FX_URL).mock(side_effect=[refused, answer(SUCCESSES["fedex", "book"])])
    line = pickup_line(carrier_of("fedex"), replace(account_of("fedex"), token=None), Http("fedex"), lambda: US_NOW)
    assert isinstance(on(line, lambda line: booking.book(line, US_ORDER, "n")), Booking)
    assert [call.request.headers["authorization"] for call in route.calls] == ["Bearer T1", "Bearer T2"]
    assert b"client_id=s3cr3t-of-id" in tokens.calls[0].request.content


@respx.mock
def test_a_refused_key_is_access_denied_after_one_more_try() -> None:
    respx.post(FX_TOKEN).mock(return_value=answer({"access_token": "T", "expires_in": 3600}))
    route = respx.post(FX_URL).mock(return_value=answer({}, 401))
    with pytest.raises(AccessDenied):
        book("fedex")
    assert route.call_count == 2


@respx.mock
def test_without_tokens_a_refusal_is_not_repeated() -> None:
    route = respx.post(KD_URL).mock(return_value=answer(kd("503", "签名错误")))
    with pytest.raises(AccessDenied):
        book("kuaidi100")
    assert route.call_count == 1


@respx.mock
def test_quotes_states_and_intercepts_are_one_call_each() -> None:
    respx.post(KD_URL).mock(side_effect=[answer(SUCCESSES["kuaidi100", n]) for n in ("quote", "state")])
    respx.post("https://api.kuaidi100.com/label/order").mock(return_value=answer(SUCCESSES["kuaidi100", "intercept"]))

    async def act(line: Line) -> tuple[Any, Any, Any]:
        quotes = await booking.quote(line, CN_ORDER, "n")
        state = await booking.state(line, REFS["kuaidi100"], "n")
        return quotes, state, await booking.intercept(line, INTERCEPT, "n")

    quotes, state, caught = on(line_of("kuaidi100", NOW), act)
    assert (quotes[0].amount_cents, state.status) == (1000, "accepted")
    assert caught == Intercepted(INTERCEPT.number)


def test_what_a_carrier_does_not_offer_is_said_with_a_way_out() -> None:
    bare = replace(carrier_of("fedex"), pickup=None)
    line = Line(bare, account_of("fedex"), Http("fedex"), lambda: US_NOW)
    with pytest.raises(RuleError, match="choose another carrier"):
        on(line, lambda line: booking.quote(line, US_ORDER, "n"))
    with pytest.raises(RuleError, match="call the carrier"):
        on(line_of("fedex", US_NOW), lambda line: booking.intercept(line, INTERCEPT, "n"))
    with pytest.raises(RuleError, match="watch the parcel's own scans"):
        on(line_of("fedex", US_NOW), lambda line: booking.state(line, REFS["fedex"], "n"))


def test_slots_are_those_of_the_carrier_at_this_moment() -> None:
    line = line_of("kuaidi100", NOW)
    assert [slot.start.hour for slot in booking.slots(line, CN_ORDER)[:3]] == [4, 8, 1]  # 12, 16, tomorrow 9 in China
