"""Being called: subscribed once, renewed before it runs out, taken up again after the source gave up."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
import respx
from carrier_lines import line_of
from monitor_support import POLICY, at, opened, with_shipment

from carriers.base import Account, Stands
from carriers.registry import CARRIERS
from carriers.sender import Line
from domain.case import Kind
from domain.errors import AccessDenied
from domain.shipment import Shipment
from domain.tracking import Failed
from monitor.sources import check_sources
from monitor.subscriptions import CALLS_A_TICK, RENEW_BEFORE, RETRY, RETRY_DENIED, ended, keep, offered, subscribe_due
from net.http import Http
from store import asking, cases, intake, overviews, sources, subscriptions
from store.base import Db, Store

POLL = "https://k.test/poll"
REGISTER = "https://t.test/track/v2.4/register"


def kuaidi(salt: str = "salt") -> Line:
    line = line_of(CARRIERS["kuaidi100"], lambda: at(0))
    line.account = replace(line.account, settings=msgspec.structs.replace(line.account.settings, salt=salt))
    return line


def track17() -> Line:
    settings = CARRIERS["17track"].settings(key="K", base_url="https://t.test")  # type: ignore[call-arg]
    return Line(CARRIERS["17track"], Account("17track", "main", settings), Http("17track"), lambda: at(0))


def wanted(db: Db, number: str = "ZT1") -> int:
    shipment = with_shipment(db, number)
    subscriptions.want(db, shipment, "kuaidi100", "main", now=at(0))
    return shipment


def run(store: Store, line: Line, hours: float, url: str, says: Callable[[httpx.Request], httpx.Response]) -> list[str]:
    """Subscribe to what is due; returns the bodies that were sent."""

    async def subscribe() -> None:
        try:
            await subscribe_due(store, [line], lambda *names: "https://us.test/" + "/".join(names), now=at(hours))
        finally:
            await line.close()

    with respx.mock(assert_all_called=False) as net:
        route = net.post(url).mock(side_effect=says)
        asyncio.run(subscribe())
        return [call.request.content.decode() for call in route.calls]


def says(code: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(200, json={"result": code == "200", "returnCode": code, "message": "m"})


def state(store: Store, shipment: int, source: str = "kuaidi100") -> tuple[str, object]:
    (found,) = (one for one in store.read(subscriptions.of_shipment, shipment) if one.source == source)
    return found.state, found.due_at


def test_a_subscription_is_asked_for_once_and_stands(tmp_path: Path) -> None:
    """With the address at which we are reached; afterwards nothing is due."""
    with opened(tmp_path) as store:
        shipment = store.write(wanted)
        (sent,) = run(store, kuaidi(), 1, POLL, says("200"))
        assert "us.test%2Fkuaidi100%2Fmain" in sent
        assert state(store, shipment) == ("stands", None)
        assert run(store, kuaidi(), 100, POLL, says("200")) == []


@pytest.mark.parametrize(
    ("code", "kept", "pause"),
    [("500", "wanted", RETRY), ("601", "wanted", RETRY_DENIED), ("700", "refused", timedelta(days=1))],
)
def test_what_fails_is_tried_again_when_it_may_help(tmp_path: Path, code: str, kept: str, pause: timedelta) -> None:
    """A busy source soon, a refused account later, a refused number tomorrow; with the reason on record."""
    with opened(tmp_path) as store:
        shipment = store.write(wanted)
        run(store, kuaidi(), 1, POLL, says(code))
        assert state(store, shipment) == (kept, at(1) + pause)
        assert store.read(subscriptions.of_shipment, shipment)[0].error


def test_without_a_salt_nothing_is_subscribed_to() -> None:
    """Pushes that nobody could prove aren't asked for."""
    assert offered(kuaidi(salt="")) is None


def test_a_subscription_that_lasts_two_weeks_is_renewed_before_its_end(tmp_path: Path) -> None:
    """UPS forgets after fourteen days."""
    ups = CARRIERS["ups"]
    assert ups.push
    assert ups.push.subscription
    assert ups.push.subscription.lasts == timedelta(days=14)

    def fortnightly() -> Line:
        line = kuaidi()
        push = line.carrier.push
        assert push
        assert push.subscription
        subscription = replace(push.subscription, lasts=timedelta(days=14))
        line.carrier = replace(line.carrier, push=replace(push, subscription=subscription))
        return line

    with opened(tmp_path) as store:
        shipment = store.write(wanted)
        run(store, fortnightly(), 1, POLL, says("200"))
        assert state(store, shipment) == ("stands", at(1) + timedelta(days=14) - RENEW_BEFORE)
        assert len(run(store, fortnightly(), 24 * 13 + 2, POLL, says("501"))) == 1
        assert state(store, shipment) == ("stands", at(24 * 13 + 2) + timedelta(days=14) - RENEW_BEFORE)


def test_after_an_abort_it_is_taken_up_again_unless_nobody_watches(tmp_path: Path) -> None:
    """Kuaidi100 gives up after three silent days; half an hour later it may be asked again."""
    half_an_hour = timedelta(minutes=30)
    with opened(tmp_path) as store:
        watched, over = store.write(wanted), store.write(wanted, "ZT2")
        store.write(asking.reschedule, "kuaidi100", [asking.Polled(over, None, ended="delivered")], now=at(1))
        store.write(ended, "kuaidi100", {watched: half_an_hour, over: half_an_hour}, now=at(2))
        assert state(store, watched) == ("wanted", at(2.5))
        assert state(store, over) == ("over", None)
        store.write(ended, "kuaidi100", {watched: None}, now=at(3))
        assert state(store, watched) == ("over", None)


def test_a_number_that_cannot_be_subscribed_to_holds_up_nobody(tmp_path: Path) -> None:
    """Our own fault costs one parcel its subscription, with the reason on record; the others have theirs."""
    with opened(tmp_path) as store:
        good, bad = store.write(wanted), store.write(wanted, "ZT2")
        store.write(
            lambda db: db.exec_driver_sql("UPDATE shipment SET carrier = '17track:1' WHERE number = 'ZT2'").rowcount
        )
        assert len(run(store, kuaidi(), 1, POLL, says("200"))) == 1
        assert state(store, good) == ("stands", None)
        assert state(store, bad) == ("wanted", at(1) + RETRY_DENIED)
        assert "ask another source" in store.read(subscriptions.of_shipment, bad)[0].error


def test_a_source_that_wants_registration_is_asked_only_after_it(tmp_path: Path) -> None:
    """17TRACK knows nothing of a number that it wasn't told; forty go in one call, and a refused one is known."""
    with opened(tmp_path) as store:

        def add(db: Db, number: str) -> int:
            shipment = Shipment(number, "17track:100002", "17track", at(0))
            shipment_id = int(intake.add_shipment(db, shipment, next_poll_at=None, alarm_at=None).id)
            subscriptions.want(db, shipment_id, "17track", "main", now=at(0))
            return shipment_id

        taken, refused = store.write(add, "RA000000001CN"), store.write(add, "RA000000002CN")

        def answer(request: httpx.Request) -> httpx.Response:
            numbers = [item["number"] for item in json.loads(request.content)]
            assert numbers == ["RA000000001CN", "RA000000002CN"]
            error = {"code": -18010012, "message": "not a number"}
            data = {"accepted": [{"number": numbers[0]}], "rejected": [{"number": numbers[1], "error": error}]}
            return httpx.Response(200, json={"code": 0, "data": data})

        assert store.read(asking.due_polls, "17track", "main", now=at(1), limit=5) == []
        run(store, track17(), 1, REGISTER, answer)
        assert [d.shipment_id for d in store.read(asking.due_polls, "17track", "main", now=at(1), limit=5)] == [taken]
        assert state(store, refused, "17track")[0] == "refused"
        assert [h.shipment_id for h in store.read(overviews.helpless)] == [refused]  # only a person can help


@pytest.mark.parametrize(("code", "pause"), [("500", RETRY), ("601", RETRY_DENIED)])
def test_a_source_in_trouble_is_asked_once_and_left_alone(tmp_path: Path, code: str, pause: timedelta) -> None:
    """However many subscriptions wait for it: none is tried before the pause is over, then all are again."""
    with opened(tmp_path) as store:
        first = [store.write(wanted, f"ZT{n:03}") for n in range(CALLS_A_TICK + 4)]
        assert len(run(store, kuaidi(), 1, POLL, says(code))) == CALLS_A_TICK
        assert {state(store, shipment)[1] for shipment in first} == {at(1) + pause}
        assert run(store, kuaidi(), 1.1, POLL, says(code)) == []
        assert len(run(store, kuaidi(), 1 + pause / timedelta(hours=1), POLL, says("200"))) == CALLS_A_TICK


def test_a_source_that_registers_nothing_is_an_incident(tmp_path: Path) -> None:
    """No question can fail that is never asked: the refused registration says it, and a person's phone is not in it."""
    with opened(tmp_path) as store:

        def add(db: Db) -> int:
            shipment = Shipment("RA000000001CN", "17track:100002", "17track", at(0))
            shipment_id = int(intake.add_shipment(db, shipment, next_poll_at=None, alarm_at=None).id)
            subscriptions.want(db, shipment_id, "17track", "main", now=at(0))
            return shipment_id

        shipment = store.write(add)
        refused = AccessDenied("17track", "no such key, call 13812345678")
        due = store.read(subscriptions.due, "17track", "main", now=at(1), limit=5)
        store.write(keep, track17(), due, [Failed(refused)], now=at(1))
        assert "138****5678" in store.read(subscriptions.of_shipment, shipment)[0].error
        assert store.read(sources.state, "17track", "main").failing_since == at(1)
        store.write(check_sources, POLICY, now=at(1) + POLICY.source_silent)
        (case,) = store.read(cases.list_cases)
        assert case.kind is Kind.SOURCE_SILENT
        store.write(keep, track17(), due, [Stands()], now=at(12))
        assert store.read(sources.state, "17track", "main").failing_since is None
        store.write(check_sources, POLICY, now=at(12))
        assert store.read(cases.list_cases) == []
