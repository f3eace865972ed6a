"""Two sources for one parcel: the second stands in where the first is down or can't tell; nothing is lost or doubled."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from carrier_lines import QUERY, SF_URL, kuaidi, lines, nonces, number_asked
from monitor_support import POLICY, at, opened

from carriers.registry import CARRIERS
from domain.merge import merge
from domain.shipment import Shipment
from domain.tracking import (
    Certainty,
    EventTime,
    Found,
    Milestone,
    NoData,
    NotFound,
    ParcelReading,
    ScanEvent,
    Zone,
)
from monitor.look import look_at
from monitor.poll import poll_due, stand_in, take_in
from store import asking, cases, check, intake, reads, sources, tracking
from store.base import Db, Store

NUMBERS = ("SF1000000000001", "SF1000000000002")
DOWN = (at(6), at(12))
"""The first source is down for six hours."""

HAPPENINGS: dict[str, list[tuple[float, str, str, str]]] = {
    NUMBERS[0]: [
        (1, "50", "103", "顺丰速运 已收取快件"),
        (5, "30", "0", "快件在【杭州】装车"),
        (7, "31", "0", "快件到达【上海】"),
        (9, "44", "5", "正在派送途中"),
        (13, "80", "301", "已签收，本人签收"),
    ],
    NUMBERS[1]: [
        (2, "50", "103", "顺丰速运 已收取快件"),
        (10, "31", "0", "快件到达【上海】"),
        (11.5, "44", "5", "正在派送途中"),
    ],
}
"""What happens to each parcel: hours, SF's code, Kuaidi100's code, SF's words."""


def local(hours: float) -> str:
    return f"{at(hours) + timedelta(hours=8):%Y-%m-%d %H:%M:%S}"


def happened(number: str, now: datetime) -> list[tuple[float, str, str, str]]:
    return [one for one in HAPPENINGS[number] if at(one[0]) <= now]


def sf_says(request: httpx.Request, now: datetime) -> httpx.Response:
    import json
    from urllib.parse import parse_qs

    asked = json.loads(parse_qs(request.content.decode())["msgData"][0])["trackingNumber"]
    routes = {
        n: [
            {"acceptTime": local(h), "acceptAddress": "", "remark": t, "opCode": op} for h, op, _, t in happened(n, now)
        ]
        for n in asked
    }
    data = {"routeResps": [{"mailNo": n, "routes": found} for n, found in routes.items()]}
    result = {"success": True, "errorCode": "S0000", "errorMsg": None, "msgData": data}
    return httpx.Response(200, json={"apiResultCode": "A1000", "apiErrorMsg": "", "apiResultData": json.dumps(result)})


class World:
    """Both sources over HTTP, the first down for six hours, ticking every ten minutes."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = at(0)
        self.asked: dict[str, list[datetime]] = {"sf": [], "kuaidi100": []}

    def sf(self, request: httpx.Request) -> httpx.Response:
        self.asked["sf"].append(self.now)
        return httpx.Response(503) if DOWN[0] <= self.now < DOWN[1] else sf_says(request, self.now)

    def kuaidi(self, request: httpx.Request) -> httpx.Response:
        self.asked["kuaidi100"].append(self.now)
        number = number_asked(request)
        events = [(local(h + 0.01), code, f"【{t}】") for h, _, code, t in happened(number, self.now)]
        return httpx.Response(200, json=kuaidi(number, *events))

    def run(self, until: float) -> None:
        async def turns() -> None:
            both = lines(lambda: self.now, "sf", "kuaidi100")
            nonce = nonces()
            while self.now < at(until):
                await poll_due(self.store, both, POLICY, now=self.now, nonce=nonce)
                self.now += timedelta(minutes=10)
            for line in both.values():
                await line.close()

        with respx.mock(assert_all_called=False) as net:
            net.post(SF_URL).mock(side_effect=self.sf)
            net.post(QUERY).mock(side_effect=self.kuaidi)
            asyncio.run(turns())


def add(db: Db, number: str) -> int:
    shipment = Shipment(number, "shunfeng", "sf", at(0), promised_at=at(30))
    standby = [("kuaidi100", "main")]
    return int(intake.add_shipment(db, shipment, next_poll_at=at(0), alarm_at=None, standby=standby).id)


@contextmanager
def world(tmp_path: Path) -> Iterator[tuple[World, list[int]]]:
    with opened(tmp_path) as store:
        ids = [store.write(add, number) for number in NUMBERS]
        made = World(store)
        yield made, ids
        assert store.read(check.differences, now=made.now) == []


def scans(store: Store, shipment: int) -> list[Any]:
    return store.read(lambda db: reads.scans(db, list(tracking.views(db, [shipment]).values())))


def test_a_source_down_for_six_hours_costs_no_event_and_doubles_none(tmp_path: Path) -> None:
    """What happened meanwhile is known through the other while it lasts; in the end each happening is there once, with
    everybody who told it.
    """
    with world(tmp_path) as (w, ids):
        w.run(11)
        told = {scan.event.time.at for scan in scans(w.store, ids[0]) if scan.source == "kuaidi100"}
        assert any(at(9) <= when <= at(9.1) for when in told if when)
        assert w.store.read(tracking.views, ids)[ids[0]].state.milestone is Milestone.OUT_FOR_DELIVERY
        w.run(30)
        for shipment, number in zip(ids, NUMBERS, strict=True):
            (parcel,) = w.store.read(tracking.views, ids)[shipment].parcels
            merged = merge(w.store.read(tracking.told_of, [parcel.id])[parcel.id])
            assert len(merged) == len(HAPPENINGS[number])
            assert all("sf" in one.sources for one in merged)
            assert len(w.store.read(tracking.events_of, [parcel.id])[parcel.id]) == len(HAPPENINGS[number])
        assert w.store.read(tracking.views, ids)[ids[0]].state.milestone is Milestone.DELIVERED


def test_the_second_is_left_in_peace_while_the_first_works(tmp_path: Path) -> None:
    """It stands by, stands in some time after the first fell silent, and stands back when it answers again."""
    with world(tmp_path) as (w, ids):
        w.run(6)
        assert w.asked["kuaidi100"] == []
        w.run(12)
        silent_since = min(when for when in w.asked["sf"] if when >= DOWN[0])
        waited = min(w.asked["kuaidi100"]) - silent_since
        assert POLICY.polling.failover_after <= waited <= POLICY.polling.failover_after + timedelta(minutes=30)
        assert w.store.read(sources.state, "sf", "main").stood_in
        w.run(30)
        assert not w.store.read(sources.state, "sf", "main").stood_in
        assert max(w.asked["kuaidi100"]) <= DOWN[1] + timedelta(hours=1)
        assert all(not one.next_poll_at for told in w.store.read(asking.sources_of, ids).values() for one in told[1:])


def test_where_the_first_refuses_a_number_the_second_is_asked(tmp_path: Path) -> None:
    """A wrong phone at one source says nothing of the other."""
    with opened(tmp_path) as store:
        shipment = store.write(add, NUMBERS[0])
        store.write(asking.stand_in_for, "sf", [shipment], now=at(1))
        assert [d.shipment_id for d in store.read(asking.due_polls, "kuaidi100", "main", now=at(1), limit=5)] == [
            shipment
        ]


THREE = (("dhl", "main"), ("kuaidi100", "main"), ("17track", "main"))


def three(db: Db, number: str = "00340434292135100186") -> int:
    """A parcel with two sources that stand by."""
    shipment = Shipment(number, "dhl", "dhl", at(0))
    return int(intake.add_shipment(db, shipment, next_poll_at=at(0), alarm_at=None, standby=THREE[1:]).id)


def asked_now(store: Store, shipment: int) -> list[str]:
    return [s.source for s in store.read(asking.sources_of, [shipment])[shipment] if s.next_poll_at]


def test_when_the_first_is_back_all_that_stood_in_are_left_in_peace(tmp_path: Path) -> None:
    """Also the one that stood in for the one that stood in, and one whose last answer is kept after the first one's."""
    with opened(tmp_path) as store:
        shipment = store.write(three)
        for source, account in THREE[:2]:
            store.write(asking.stand_in, source, account, now=at(1))
        assert asked_now(store, shipment) == [source for source, _ in THREE]
        store.write(asking.stand_back, "dhl", "main")
        for source, failed in (("kuaidi100", False), ("17track", True)):
            store.write(asking.reschedule, source, [asking.Polled(shipment, at(9), failed=failed)], now=at(2))
        assert asked_now(store, shipment) == ["dhl"]


def judged(store: Store, state: sources.SourceState, *pairs: Any, hours: float) -> sources.SourceState:
    return store.write(stand_in, state, pairs, POLICY, now=at(hours))


def test_what_is_added_while_the_first_is_down_is_stood_in_for_too(tmp_path: Path) -> None:
    """An outage of days must not cost new parcels their scans."""
    with opened(tmp_path) as store:
        failing = sources.SourceState("dhl", "main", failing_since=at(0), failures=5)
        failing = judged(store, failing, hours=1)
        shipment = store.write(three)
        assert judged(store, failing, hours=2).stood_in
        assert asked_now(store, shipment) == ["dhl", "kuaidi100"]


def test_a_quota_that_is_used_up_for_the_day_is_stood_in_for_at_once(tmp_path: Path) -> None:
    """What is known to be of no use for longer than we would wait isn't waited for; a short pause is."""
    with opened(tmp_path) as store:
        shipment = store.write(three)
        failing = sources.SourceState("dhl", "main", failing_since=at(1), failures=1, paused_until=at(1.1))
        assert not judged(store, failing, hours=1).stood_in
        for since in (None, at(1)):  # None: it answered some, then its quota was over
            limited = judged(store, replace(failing, failing_since=since, paused_until=at(14)), hours=1)
            assert limited.stood_in
            assert asked_now(store, shipment) == ["dhl", "kuaidi100"]
        store.write(asking.reschedule, "kuaidi100", [asking.Polled(shipment, at(20))], now=at(14))
        back = judged(store, replace(limited, failing_since=None, paused_until=None), hours=14)
        assert not back.stood_in
        assert asked_now(store, shipment) == ["dhl"]
        judged(store, replace(back, failing_since=at(13), failures=3), hours=14.1)
        second = store.read(asking.sources_of, [shipment])[shipment][1]
        assert second.next_poll_at == at(14.5)  # nobody is asked about a number twice in half an hour


def test_what_one_source_has_forgotten_another_may_know(tmp_path: Path) -> None:
    """Watching ends only when nobody knows it any more."""
    with opened(tmp_path) as store:
        shipment = store.write(add, NUMBERS[0])

        def says(source: str, reading: Found | NotFound, hours: float) -> str:
            def taken(db: Db) -> None:
                due = asking.asked_of(db, source, "main", NUMBERS[0])
                assert due
                state = stand_in(db, sources.state(db, source, "main"), [(due, reading)], POLICY, now=at(hours))
                take_in(db, CARRIERS[source], [(due, reading)], state, POLICY, now=at(hours))

            store.write(taken)
            return store.read(tracking.views, [shipment])[shipment].watching_ended

        assert says("sf", NotFound(NoData.AGED_OUT), 1) == ""
        assert asked_now(store, shipment) == ["sf", "kuaidi100"]
        assert says("kuaidi100", NotFound(NoData.NOT_SCANNED), 2) == ""
        assert says("sf", NotFound(NoData.AGED_OUT), 14) == ""
        assert says("kuaidi100", NotFound(NoData.AGED_OUT), 15) == "aged_out"
        assert asked_now(store, shipment) == []


@pytest.mark.parametrize("lacks", [NoData.WRONG_CARRIER, NoData.NOT_SCANNED])
def test_what_the_second_doesnt_know_is_no_silence_of_the_parcel(tmp_path: Path, lacks: NoData) -> None:
    """While the first is down nobody is accused, and the second isn't asked again and again for what it can't tell."""
    with opened(tmp_path) as store:
        shipment = store.write(add, NUMBERS[0])
        scan = ScanEvent(
            "50", "收件", Milestone.PICKED_UP, EventTime("", at(1), Zone.OFFSET, Certainty.EXACT), place="杭州"
        )
        store.write(tracking.record, [(shipment, "sf", [ParcelReading(NUMBERS[0], (scan,))])], now=at(1))
        store.write(asking.reschedule, "sf", [asking.Polled(shipment, at(3))], now=at(1))
        store.write(asking.stand_in, "sf", "main", now=at(2))
        for hours in (100, 200):
            after = [asking.Polled(shipment, at(hours + 12), lacks)]
            store.write(asking.reschedule, "kuaidi100", after, now=at(hours))
            store.write(look_at, [shipment], POLICY, now=at(hours))
        assert store.read(tracking.views, [shipment])[shipment].polled_at == at(1)
        assert store.read(cases.list_cases) == []
        first, second = store.read(asking.sources_of, [shipment])[shipment]
        assert (first.next_poll_at, second.next_poll_at) == (at(3), at(212))
