"""Polling through the real adapters and client: due → asked → recorded → rescheduled, whatever the far side does."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from carrier_lines import (
    QUERY,
    SF_URL,
    TOKEN,
    TOKEN_REPLY,
    TRACK,
    fedex,
    kuaidi,
    kuaidi_error,
    lines,
    nonces,
    number_asked,
    sf,
)
from monitor_support import POLICY, START, at, opened

from carriers.base import Carrier
from carriers.registry import CARRIERS
from domain.case import Kind
from domain.shipment import Shipment
from domain.tracking import Milestone, NoData
from monitor.poll import PollReport, poll_due
from monitor.tick import Ways, tick
from store import budgets, cases, check, facts, intake, sources, tracking
from store.base import Db, Store
from store.packed import unpack
from store.sources import SourceState

MINUTE = timedelta(minutes=1)
WAYS = Ways(callback_url=lambda *names: "/".join(names), of_carrier=lambda _: None)
PICKED_UP = ("2026-03-02 09:30:00", "103", "【杭州】已揽收")


@dataclass
class Desk:
    """A store, lines to the named carriers, and a clock that the test sets."""

    store: Store
    carriers: tuple[Carrier | str, ...]
    now: datetime = START

    def __post_init__(self) -> None:
        self.lines = lines(lambda: self.now, *self.carriers)
        self.nonce = nonces()

    def add(self, *numbers: str, carrier: str = "zhongtong", source: str = "kuaidi100", hours: float = 0) -> list[int]:
        return [self.store.write(_add, number, carrier, source, at(hours)) for number in numbers]

    def poll(self, hours: float) -> PollReport:
        self.now = at(hours)
        return asyncio.run(self._poll())

    async def _poll(self) -> PollReport:
        try:
            return await poll_due(self.store, self.lines, POLICY, now=self.now, nonce=self.nonce)
        finally:
            await self._close()

    def tick(self, hours: float) -> None:
        self.now = at(hours)
        asyncio.run(self._tick())

    async def _tick(self) -> None:
        try:
            await tick(
                self.store,
                self.lines,
                POLICY,
                now=self.now,
                nonce=self.nonce,
                ways=WAYS,
            )
        finally:
            await self._close()

    async def _close(self) -> None:
        """Each run has a loop of its own: connections don't outlive it. What the lines know (tokens) stays."""
        for line in self.lines.values():
            await line.close()
        fresh = lines(lambda: self.now, *self.carriers)
        for key, line in fresh.items():
            line.account = self.lines[key].account
        self.lines = fresh

    def next_poll(self, shipment: int) -> datetime | None:
        return self.store.read(_next_poll, shipment)

    def source(self, source: str = "kuaidi100") -> SourceState:
        return self.store.read(sources.state, source, "main")

    def milestone(self, shipment: int) -> Milestone | None:
        return self.store.read(tracking.views, [shipment])[shipment].state.milestone

    def scans(self) -> int:
        return self.store.read(lambda db: int(db.exec_driver_sql("SELECT count(*) FROM scan").scalar_one()))

    def open_kinds(self) -> list[Kind]:
        return [case.kind for case in self.store.read(cases.list_cases)]


def _add(db: Db, number: str, carrier: str, source: str, created: datetime) -> int:
    shipment = Shipment(number, carrier, source, created)
    return int(intake.add_shipment(db, shipment, next_poll_at=created, alarm_at=None).id)


def _next_poll(db: Db, shipment: int) -> datetime | None:
    seconds = db.exec_driver_sql(
        "SELECT next_poll_at FROM asking WHERE place = 0 AND shipment_id = ?", (shipment,)
    ).scalar_one()
    return datetime.fromtimestamp(seconds, START.tzinfo) if seconds is not None else None


@contextmanager
def desk(tmp_path: Path, *carriers: Carrier | str) -> Iterator[tuple[Desk, respx.MockRouter]]:
    with opened(tmp_path) as store, respx.mock(assert_all_called=False) as net:
        made = Desk(store, carriers or ("kuaidi100",))
        yield made, net
        assert store.read(check.differences, now=made.now) == []


def says(reply: Callable[[str], dict[str, Any]]) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(200, json=reply(number_asked(request)))


# --- the usual turn ------------------------------------------------------------------------------------------------


def test_what_is_due_is_asked_recorded_and_rescheduled(tmp_path: Path) -> None:
    """Only what is due is asked; its events are kept; it is asked again after its milestone's interval, not before."""
    with desk(tmp_path) as (d, net):
        route = net.post(QUERY).mock(side_effect=says(lambda n: kuaidi(n, PICKED_UP)))
        [now, later] = [*d.add("ZT1"), *d.add("ZT2", hours=5)]
        assert d.poll(1) == PollReport(asked=1, calls=1, failed=0, events=1)
        assert [number_asked(call.request) for call in route.calls] == ["ZT1"]
        assert (d.milestone(now), d.milestone(later)) == (Milestone.PICKED_UP, None)
        assert d.next_poll(now) == at(1) + POLICY.polling.every[Milestone.PICKED_UP]
        assert d.poll(2) == PollReport()
        assert d.poll(5).asked == 2
        assert d.scans() == 2
        assert d.source().last_ok_at == at(5)


def test_polling_again_at_once_changes_nothing(tmp_path: Path) -> None:
    """The same tick twice asks nobody a second time."""
    with desk(tmp_path) as (d, net):
        route = net.post(QUERY).mock(side_effect=says(lambda n: kuaidi(n, PICKED_UP)))
        d.add("ZT1", "ZT2", "ZT3")
        d.tick(1)
        d.tick(1)
        assert route.call_count == 3


def test_batches_are_as_large_as_the_carrier_takes(tmp_path: Path) -> None:
    """FedEx takes thirty numbers a call, SF ten; one token serves all calls of FedEx."""
    with desk(tmp_path, "fedex", "sf") as (d, net):
        sizes: dict[str, list[int]] = {"fedex": [], "sf": []}

        def track(request: httpx.Request) -> httpx.Response:
            asked = [i["trackingNumberInfo"]["trackingNumber"] for i in json.loads(request.content)["trackingInfo"]]
            sizes["fedex"].append(len(asked))
            return httpx.Response(200, json=fedex(asked))

        def routes(request: httpx.Request) -> httpx.Response:
            asked = json.loads(httpx.QueryParams(request.content.decode())["msgData"])["trackingNumber"]
            sizes["sf"].append(len(asked))
            return httpx.Response(200, json=sf(asked))

        token = net.post(TOKEN).mock(return_value=httpx.Response(200, json=TOKEN_REPLY))
        net.post(TRACK).mock(side_effect=track)
        net.post(SF_URL).mock(side_effect=routes)
        abroad = d.add(*(f"7700{n:08d}" for n in range(70)), carrier="fedex", source="fedex")
        home = d.add(*(f"SF{n:013d}" for n in range(23)), carrier="sf", source="sf")
        report = d.poll(2)
        assert (report.asked, report.calls, report.failed, report.events) == (93, 6, 0, 93)
        assert sorted(sizes["fedex"]) == [10, 30, 30]
        assert sorted(sizes["sf"]) == [3, 10, 10]
        assert token.call_count <= 3
        assert {d.milestone(shipment) for shipment in abroad + home} == {Milestone.PICKED_UP}


def test_a_parcel_that_is_over_is_asked_no_more(tmp_path: Path) -> None:
    """Fifteen days after a delivery watching ends."""
    with desk(tmp_path) as (d, net):
        net.post(QUERY).mock(
            side_effect=says(lambda n: kuaidi(n, PICKED_UP, ("2026-03-03 10:00:00", "3", "已签收，本人签收")))
        )
        [shipment] = d.add("ZT1")
        d.poll(30)
        assert d.next_poll(shipment) == at(30) + timedelta(hours=24)
        d.poll(24 * 17)
        assert d.next_poll(shipment) is None
        assert d.poll(24 * 40) == PollReport()


NO_DATA = [
    ("500", "查询无结果，请隔段时间再查", NoData.NOT_SCANNED, timedelta(hours=4)),
    ("408", "验证码错误", NoData.BAD_CREDENTIAL, timedelta(hours=12)),
    ("702", "无法识别单号", NoData.WRONG_CARRIER, timedelta(hours=12)),
]


@pytest.mark.parametrize(("code", "message", "kind", "again"), NO_DATA)
def test_what_a_source_lacks_is_kept_with_its_reason(
    tmp_path: Path, code: str, message: str, kind: NoData, again: timedelta
) -> None:
    """A source that answers "nothing" has answered; where only a person can help, it is asked rarely."""
    with desk(tmp_path) as (d, net):
        net.post(QUERY).mock(return_value=httpx.Response(200, json=kuaidi_error(code, message)))
        [shipment] = d.add("ZT1")
        assert d.poll(1).failed == 0
        assert d.store.read(tracking.views, [shipment])[shipment].no_data is kind
        assert d.next_poll(shipment) == at(1) + again
        assert (d.source().last_ok_at, d.source().failures) == (at(1), 0)


def test_masked_before_it_is_stored(tmp_path: Path) -> None:
    """Couriers' and customers' numbers and names are in no table, neither as events nor as raw bodies."""
    line = ("2026-03-02 10:00:00", "5", "【杭州】派件员:张三丰 电话13812345678 正在派件")
    with desk(tmp_path) as (d, net):
        net.post(QUERY).mock(side_effect=says(lambda n: kuaidi(n, line)))
        d.add("ZT1")
        d.poll(2)
        [(text,)] = d.store.read(lambda db: db.exec_driver_sql("SELECT text FROM phrase").all())
        [(body,)] = d.store.read(lambda db: db.exec_driver_sql("SELECT body FROM raw_reply").all())
        for kept in (text, unpack(body).decode()):
            assert "正在派件" in kept
            assert "13812345678" not in kept
            assert "张三丰" not in kept


# --- when the far side fails ---------------------------------------------------------------------------------------

FAILURES = [
    ("429 with Retry-After", lambda _: httpx.Response(429, headers={"retry-after": "120"}), timedelta(seconds=120)),
    ("429 without", lambda _: httpx.Response(429), MINUTE),
    ("503", lambda _: httpx.Response(503, text="<html>no</html>"), MINUTE),
    ("busy inside a success", lambda _: httpx.Response(200, json=kuaidi_error("502", "服务器繁忙")), MINUTE),
    ("401", lambda _: httpx.Response(401), timedelta(hours=1)),
    ("a refused key", lambda _: httpx.Response(200, json=kuaidi_error("601", "key过期")), timedelta(hours=1)),
]


@pytest.mark.parametrize(("name", "reply", "pause"), FAILURES, ids=[row[0] for row in FAILURES])
def test_a_failing_source_is_left_alone_for_a_while(
    tmp_path: Path, name: str, reply: Callable[[httpx.Request], httpx.Response], pause: timedelta
) -> None:
    """As long as it says itself, else a minute, an hour where only a person can help. Nothing of the parcels changes."""
    with desk(tmp_path) as (d, net):
        route = net.post(QUERY).mock(side_effect=reply)
        shipments = d.add("ZT1", "ZT2")
        assert d.poll(1).failed == 2
        assert d.source().paused_until == at(1) + pause
        assert d.source().failing_since == at(1)
        assert {d.next_poll(s) for s in shipments} == {at(1) + pause}
        asked = route.call_count
        just_before = 1 + (pause.total_seconds() - 1) / 3600
        assert d.poll(just_before) == PollReport()
        assert route.call_count == asked
        net.post(QUERY).mock(side_effect=says(lambda n: kuaidi(n, PICKED_UP)))
        after = 1 + pause.total_seconds() / 3600
        assert d.poll(after) == PollReport(1, 1, 0, 1)  # one question shows whether it works again
        assert d.poll(after) == PollReport(1, 1, 0, 1)
        state = d.source()
        assert (state.failures, state.failing_since, state.paused_until, state.error) == (0, None, None, "")


def test_a_quota_of_the_sources_own_is_said_once_with_when_it_returns(tmp_path: Path) -> None:
    """A pause of minutes is nothing to say; one of hours is."""
    with desk(tmp_path) as (d, net):
        d.add("ZT1")
        for hours, seconds, until in ((1, 600, None), (2, 36_000, at(12)), (12, 7_200, at(14))):
            reply = httpx.Response(429, headers={"retry-after": str(seconds)})
            net.post(QUERY).mock(return_value=reply)
            assert d.poll(hours).failed == 1
            assert d.source().used_up_until == until
        said = d.store.read(facts.history, "source", "kuaidi100/main")
        assert [(f.event, f.data) for f in said] == [("used_up", {"until": at(12).isoformat()})]


@pytest.mark.parametrize(
    "error", [httpx.ReadTimeout("slow"), httpx.ConnectError("refused"), httpx.RemoteProtocolError("cut")]
)
def test_no_reply_at_all_is_unreachable(tmp_path: Path, error: httpx.HTTPError) -> None:
    """A time-out, a refused connection and a cut reply are the source's trouble: paused, kept on record by type."""
    with desk(tmp_path) as (d, net):
        net.post(QUERY).mock(side_effect=error)
        d.add("ZT1")
        assert d.poll(1).failed == 1
        assert type(error).__name__ in d.source().error
        assert QUERY not in d.source().error


def test_pauses_double_up_to_half_an_hour(tmp_path: Path) -> None:
    """1, 2, 4, 8, 16, 30, 30 minutes, as long as nothing answers."""
    with desk(tmp_path) as (d, net):
        net.post(QUERY).mock(return_value=httpx.Response(502))
        d.add("ZT1")
        hours, pauses = 1.0, []
        for _ in range(7):
            d.poll(hours)
            paused = d.source().paused_until
            assert paused is not None
            pauses.append((paused - at(hours)) / MINUTE)
            hours = (paused - START) / timedelta(hours=1)
        assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_one_number_that_always_fails_is_not_hammered(tmp_path: Path) -> None:
    """While the source answers about others, it waits as long as any number between two questions."""
    with desk(tmp_path) as (d, net):
        asked: list[str] = []

        def reply(request: httpx.Request) -> httpx.Response:
            asked.append(number_asked(request))
            good = httpx.Response(200, json=kuaidi(asked[-1], PICKED_UP))
            return httpx.Response(500) if asked[-1] == "ZT-BAD" else good

        net.post(QUERY).mock(side_effect=reply)
        [bad, *_] = d.add("ZT-BAD", "ZT1")
        assert d.poll(1).failed == 1
        assert d.next_poll(bad) == at(1) + CARRIERS["kuaidi100"].min_interval
        for n in range(5):
            d.add(f"ZT-{n}")
            d.poll(1 + n / 60)
        assert asked.count("ZT-BAD") == 1


def test_one_source_down_holds_up_no_other(tmp_path: Path) -> None:
    """SF answers nothing; Kuaidi100's parcels are asked and kept all the same, in the same turn."""
    with desk(tmp_path, "kuaidi100", "sf") as (d, net):
        net.post(QUERY).mock(side_effect=says(lambda n: kuaidi(n, PICKED_UP)))
        net.post(SF_URL).mock(side_effect=httpx.ReadTimeout("slow"))
        [fine] = d.add("ZT1")
        [held] = d.add("SF0000000000001", carrier="sf", source="sf")
        assert d.poll(1) == PollReport(asked=2, calls=2, failed=1, events=1)
        assert (d.milestone(fine), d.milestone(held)) == (Milestone.PICKED_UP, None)
        assert d.source("kuaidi100").paused_until is None
        assert d.source("sf").paused_until == at(1) + MINUTE


def test_a_token_that_died_early_is_fetched_anew(tmp_path: Path) -> None:
    """A call refused for its token is repeated once with a new one; a key that is really refused is not hammered."""
    with desk(tmp_path, "fedex") as (d, net):
        token = net.post(TOKEN).mock(return_value=httpx.Response(200, json=TOKEN_REPLY))
        track = net.post(TRACK)
        track.side_effect = [httpx.Response(401), httpx.Response(200, json=fedex(["770000000001"]))]
        d.add("770000000001", carrier="fedex", source="fedex")
        assert d.poll(2) == PollReport(1, 1, 0, 1)
        assert (token.call_count, track.call_count) == (2, 2)
        track.side_effect = lambda _: httpx.Response(401)
        assert d.poll(12).failed == 1
        assert track.call_count == 4
        assert d.source("fedex").paused_until == at(13)


def test_one_token_serves_all_and_a_refused_account_is_asked_once(tmp_path: Path) -> None:
    """However many calls go out together; what a stale token cost is counted."""
    single = replace(CARRIERS["fedex"], batch_size=1)
    with desk(tmp_path, single) as (d, net):

        def numbers(request: httpx.Request) -> list[str]:
            asked = json.loads(request.content)["trackingInfo"]
            return [one["trackingNumberInfo"]["trackingNumber"] for one in asked]

        token = net.post(TOKEN).mock(return_value=httpx.Response(200, json=TOKEN_REPLY))
        track = net.post(TRACK).mock(side_effect=lambda r: httpx.Response(200, json=fedex(numbers(r))))
        d.add(*(f"77000000000{n}" for n in range(5)), carrier="fedex", source="fedex")
        assert d.poll(1) == PollReport(5, 5, 0, 5)
        assert (token.call_count, track.call_count) == (1, 5)
        track.side_effect = lambda _: httpx.Response(401)
        assert d.poll(12).asked == 1
        assert track.call_count == 7
        assert d.store.read(budgets.spent, "fedex/main", 86_400, now=at(12)) >= track.call_count


def test_the_budget_is_kept_and_the_rest_waits_its_turn(tmp_path: Path) -> None:
    """Two calls a minute mean two calls; who waited longest goes first."""
    tight = replace(
        CARRIERS["kuaidi100"], budgets=(replace(CARRIERS["kuaidi100"].budgets[0], calls=2, per_s=60, per_number=False),)
    )
    with desk(tmp_path, tight) as (d, net):
        asked: list[str] = []

        def reply(request: httpx.Request) -> httpx.Response:
            asked.append(number_asked(request))
            return httpx.Response(200, json=kuaidi(asked[-1], PICKED_UP))

        net.post(QUERY).mock(side_effect=reply)
        for n in range(5):
            d.add(f"ZT{n}", hours=n / 10)
        for minute in (0, 0.5, 1, 2):
            d.poll(1 + minute / 60)
        assert sorted(asked) == [f"ZT{n}" for n in range(5)]
        assert {*asked[:2]} == {"ZT0", "ZT1"}
        assert {*asked[2:4]} == {"ZT2", "ZT3"}


# --- one bad apple -------------------------------------------------------------------------------------------------


def test_an_unreadable_reply_costs_one_parcel(tmp_path: Path) -> None:
    """A body that is no JSON: that parcel waits an hour and keeps what is known of it, the others go on."""
    with desk(tmp_path) as (d, net):

        def reply(request: httpx.Request) -> httpx.Response:
            number = number_asked(request)
            return (
                httpx.Response(200, text="<html>")
                if number == "BAD"
                else httpx.Response(200, json=kuaidi(number, PICKED_UP))
            )

        net.post(QUERY).mock(side_effect=reply)
        [good, bad] = d.add("ZT1", "BAD")
        assert d.poll(1) == PollReport(2, 2, 1, 1)
        assert (d.milestone(good), d.milestone(bad)) == (Milestone.PICKED_UP, None)
        assert d.next_poll(bad) == at(2)
        assert d.source().paused_until is None


def faulty(carrier: Carrier, error: Exception) -> Carrier:
    """An adapter with a bug of our own: it breaks down over any number that ends in 13."""

    def read(reply: Any, asks: Any, now: datetime) -> Any:
        if any(ask.number.endswith("13") for ask in asks):
            raise error
        return carrier.read(reply, asks, now)

    return replace(carrier, read=read)


@pytest.mark.parametrize("error", [LookupError("no such row"), TypeError("none"), ZeroDivisionError("x")])
def test_a_bug_of_ours_sets_aside_one_parcel_and_says_so(tmp_path: Path, error: Exception) -> None:
    """An adapter that breaks down over one number costs that number an hour; the rest of its batch is kept."""
    with desk(tmp_path, faulty(CARRIERS["fedex"], error)) as (d, net):
        net.post(TOKEN).mock(return_value=httpx.Response(200, json=TOKEN_REPLY))

        def track(request: httpx.Request) -> httpx.Response:
            asked = [i["trackingNumberInfo"]["trackingNumber"] for i in json.loads(request.content)["trackingInfo"]]
            return httpx.Response(200, json=fedex(asked))

        net.post(TRACK).mock(side_effect=track)
        shipments = d.add(*(f"7700000000{n}" for n in range(10, 20)), carrier="fedex", source="fedex")
        bad = shipments[3]
        report = d.poll(2)
        assert (report.asked, report.failed, report.events) == (10, 1, 9)
        assert [d.milestone(s) for s in shipments] == [None if s == bad else Milestone.PICKED_UP for s in shipments]
        assert d.next_poll(bad) == at(3)
        said = [f for f in d.store.read(facts.history, "shipment", str(bad)) if f.event == "set_aside"]
        assert [type(error).__name__ in f.words for f in said] == [True]
        assert d.poll(2.5) == PollReport()
        assert d.poll(3).asked == 1
        assert d.source("fedex").failures == 0


def test_a_number_that_cannot_even_be_asked_is_set_aside(tmp_path: Path) -> None:
    """A number longer than the carrier's rule breaks the request: an hour's pause, and the others are asked."""
    with desk(tmp_path) as (d, net):
        net.post(QUERY).mock(side_effect=says(lambda n: kuaidi(n, PICKED_UP)))
        [good, bad] = d.add("ZT1", "9" * 33)
        assert d.poll(1).events == 1
        assert (d.milestone(good), d.next_poll(bad)) == (Milestone.PICKED_UP, at(2))


def test_what_cannot_be_kept_is_set_aside(tmp_path: Path) -> None:
    """A reading that the store can't take (a lone surrogate) costs one parcel; the turn is kept one by one."""
    good_carrier = CARRIERS["kuaidi100"]

    def read(reply: Any, asks: Any, now: datetime) -> Any:
        readings = good_carrier.read(reply, asks, now)
        if asks[0].number != "BAD":
            return readings
        [found] = readings
        events = tuple(replace(event, text="\ud800") for event in found.parcels[0].events)
        return [replace(found, parcels=(replace(found.parcels[0], events=events),))]

    with desk(tmp_path, replace(good_carrier, read=read)) as (d, net):
        net.post(QUERY).mock(side_effect=says(lambda n: kuaidi(n, PICKED_UP)))
        shipments = d.add("ZT1", "BAD", "ZT2")
        d.poll(1)
        assert [d.milestone(s) for s in shipments] == [Milestone.PICKED_UP, None, Milestone.PICKED_UP]
        assert d.next_poll(shipments[1]) == at(2)
        assert "set_aside" in [f.event for f in d.store.read(facts.history, "shipment", str(shipments[1]))]


# --- an outage -----------------------------------------------------------------------------------------------------


def test_an_outage_is_one_incident_and_no_stalled_parcel(tmp_path: Path) -> None:
    """Thirty hours of silence of the source: one case about the source, none about its parcels; it closes by itself.

    Then the parcels are asked once more before anything is said of them.
    """
    with desk(tmp_path) as (d, net):
        net.post(QUERY).mock(side_effect=says(lambda n: kuaidi(n, PICKED_UP)))
        d.add(*(f"ZT{n}" for n in range(20)))
        d.tick(1)
        net.post(QUERY).mock(return_value=httpx.Response(503))
        for hours in range(5, 48):
            d.tick(hours)
        [incident] = d.store.read(cases.list_cases, only_open=False)
        assert (incident.kind, incident.subject.id, incident.promise_by) == (Kind.SOURCE_SILENT, "kuaidi100/main", None)
        assert incident.opened_at == at(5) + POLICY.source_silent
        moved = ("2026-03-04 08:00:00", "0", "到达上海转运中心")
        net.post(QUERY).mock(side_effect=says(lambda n: kuaidi(n, PICKED_UP, moved)))
        d.tick(48)
        assert d.open_kinds() == []
        [incident] = d.store.read(cases.list_cases, only_open=False)
        assert (incident.closed_at, incident.close_reason) == (at(48), "cleared.source_silent")


def test_after_an_outage_a_really_stalled_parcel_is_found(tmp_path: Path) -> None:
    """The source answers again and the parcel hasn't moved: the 55 hours in which nothing could be heard don't count as its silence,
    those after them do, and then it is a case.
    """
    with desk(tmp_path) as (d, net):
        net.post(QUERY).mock(side_effect=says(lambda n: kuaidi(n, PICKED_UP)))
        d.add("ZT1")
        d.tick(1)
        net.post(QUERY).mock(side_effect=httpx.ReadTimeout("slow"))
        for hours in range(5, 60):
            d.tick(hours)
        assert d.open_kinds() == [Kind.SOURCE_SILENT]
        net.post(QUERY).mock(side_effect=says(lambda n: kuaidi(n, PICKED_UP)))
        d.tick(60)
        assert d.open_kinds() == []
        for hours in range(61, 100):
            d.tick(hours)
            if d.open_kinds():
                break
        assert d.open_kinds() == [Kind.STALLED]
        [case] = d.store.read(cases.list_cases)
        assert timedelta(hours=36 + 55) <= case.opened_at - case.since <= timedelta(hours=36 + 55 + 1)


def test_a_short_outage_is_no_incident(tmp_path: Path) -> None:
    """Two hours of failures alarm nobody."""
    with desk(tmp_path) as (d, net):
        net.post(QUERY).mock(return_value=httpx.Response(503))
        d.add("ZT1")
        for minutes in range(0, 120, 20):
            d.tick(1 + minutes / 60)
        assert d.source().failures > 2
        net.post(QUERY).mock(side_effect=says(lambda n: kuaidi(n, PICKED_UP)))
        d.tick(3.9)
        assert d.store.read(cases.list_cases, only_open=False) == []
