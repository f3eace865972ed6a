"""Bare numbers: what the form agrees on with a source is taken, the rest is a question for a person."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import respx
from carrier_lines import lines
from monitor_support import at, opened

from domain.shipment import Shipment
from monitor.identify import Way, choose, identify_due, keep, settle, take_turn
from store import asking, due, intake, sources, subscriptions, tracking, unidentified
from store.base import Db, Store

DETECT = "https://k.test/autonumber/auto"
ZTO = Way((("kuaidi100", "main"),), begin=True, subscribe=True, region="cn")


def way(code: str) -> Way | None:
    return ZTO if code in {"zhongtong", "yuantong"} else None


def add(db: Db, number: str, *guesses: str) -> int:
    shipment = Shipment(number, unidentified.UNKNOWN, "", at(0))
    written = intake.add_shipment(db, shipment, next_poll_at=None, alarm_at=None)
    unidentified.add(db, int(written.id), guesses, due_at=at(0))
    return int(written.id)


@pytest.mark.parametrize(
    ("guesses", "detected", "chosen"),
    [
        (("zhongtong", "yuantong"), ("yuantong", "shentong"), "yuantong"),
        ((), ("zhongtong",), "zhongtong"),
        ((), ("zhongtong", "yuantong"), None),
        (("zhongtong", "yuantong"), ("yuantong", "zhongtong"), None),
        (("shunfeng",), ("zhongtong",), None),
        (("shunfeng",), (), None),
    ],
)
def test_only_agreement_is_taken(guesses: tuple[str, ...], detected: tuple[str, ...], chosen: str | None) -> None:
    """Two that contradict each other, or one that names several, leave it to a person."""
    assert choose(guesses, detected) == chosen


def identified(store: Store, says: Callable[[httpx.Request], httpx.Response], hours: float = 1) -> int:
    async def run() -> int:
        open_lines = lines(lambda: at(hours), "kuaidi100")
        try:
            return await identify_due(store, list(open_lines.values()), way, now=at(hours))
        finally:
            for line in open_lines.values():
                await line.close()

    with respx.mock() as net:
        net.post(DETECT).mock(side_effect=says)
        return asyncio.run(run())


def test_an_identified_number_is_watched_like_any_other(tmp_path: Path) -> None:
    """Asked at once, and subscribed to where its source calls."""
    with opened(tmp_path) as store:
        shipment = store.write(add, "7312345678901", "zhongtong", "yuantong")
        assert identified(store, lambda _: httpx.Response(200, json=[{"comCode": "zhongtong"}])) == 1
        view = store.read(tracking.views, [shipment])[shipment]
        assert (view.shipment.carrier, view.shipment.source) == ("zhongtong", "kuaidi100")
        assert [d.shipment_id for d in store.read(asking.due_polls, "kuaidi100", "main", now=at(1), limit=5)] == [
            shipment
        ]
        assert store.read(subscriptions.states, "kuaidi100", [shipment]) == {shipment: "wanted"}
        assert store.read(unidentified.waiting, limit=5) == []


def test_what_a_source_cannot_tell_waits_for_a_person(tmp_path: Path) -> None:
    """With everything that it may be; a source that is down is asked again instead."""
    with opened(tmp_path) as store:
        shipment = store.write(add, "123456789012", "shunfeng")
        assert identified(store, lambda _: httpx.Response(503)) == 0
        assert store.read(unidentified.due, now=at(2), limit=5)
        assert identified(store, lambda _: httpx.Response(200, json=[{"comCode": "zhongtong"}]), hours=2) == 0
        (waiting,) = store.read(unidentified.waiting, limit=5)
        assert waiting.guesses == ("zhongtong", "shunfeng")
        assert store.read(unidentified.due, now=at(99), limit=5) == []
        store.write(settle, shipment, "zhongtong", ZTO, now=at(3), by="li", channel="console")
        assert store.read(unidentified.waiting, limit=5) == []


def test_a_number_that_is_watched_already_is_only_mentioned_twice(tmp_path: Path) -> None:
    """Its second entry ends, and nothing is asked twice."""
    with opened(tmp_path) as store:
        first = Shipment("7312345678901", "zhongtong", "kuaidi100", at(0))
        store.write(intake.add_shipment, first, next_poll_at=at(0), alarm_at=None)
        again = store.write(add, "7312345678901", "zhongtong")
        store.write(settle, again, "zhongtong", ZTO, now=at(1))
        view = store.read(tracking.views, [again])[again]
        assert view.watching_ended == "twin"
        assert len(store.read(asking.due_polls, "kuaidi100", "main", now=at(1), limit=5)) == 1


def test_what_was_said_already_is_not_said_again(tmp_path: Path) -> None:
    """A second click, or a source that answers after a person did, changes nothing: no parcel is its own twin."""
    with opened(tmp_path) as store:
        shipment = store.write(add, "7312345678901")
        assert store.write(settle, shipment, "zhongtong", ZTO, now=at(1))
        before = store.read(asking.sources_of, [shipment])
        for carrier in ("zhongtong", "yuantong"):
            assert not store.write(settle, shipment, carrier, ZTO, now=at(2))
        late = unidentified.Unidentified(shipment, "7312345678901", ())
        for answer in (("yuantong",), ()):
            assert store.write(keep, [late], [answer], way, now=at(2)) == 0
        view = store.read(tracking.views, [shipment])[shipment]
        assert (view.shipment.carrier, view.watching_ended) == ("zhongtong", "")
        assert store.read(asking.sources_of, [shipment]) == before
        assert store.read(unidentified.waiting, limit=5) == []


def test_our_own_fault_in_detecting_holds_up_nobody(tmp_path: Path) -> None:
    """A bug costs one number its answer for now; the tick goes on, and a paused source isn't asked at all."""
    with opened(tmp_path) as store:
        store.write(add, "7312345678901")

        def broken(_: httpx.Request) -> httpx.Response:
            raise KeyError("a bug")

        assert identified(store, broken) == 0
        assert store.read(unidentified.due, now=at(2), limit=5)
        store.write(sources.save, sources.SourceState("kuaidi100", "main", paused_until=at(3)))
        open_line = lines(lambda: at(2), "kuaidi100")["kuaidi100", "main"]
        assert store.write(take_turn, open_line, now=at(2)) == []


def test_a_twin_stays_one_whoever_works_on_its_order(tmp_path: Path) -> None:
    """It is watched under the other entry: no alarm of its own, and a case wakes nothing up."""
    with opened(tmp_path) as store:
        first = Shipment("7312345678901", "zhongtong", "kuaidi100", at(0))
        store.write(intake.add_shipment, first, next_poll_at=at(0), alarm_at=None)
        again = store.write(add, "7312345678901")
        store.write(due.set_alarms, [due.Alarm(again, at(5))])
        store.write(settle, again, "zhongtong", ZTO, now=at(1))
        store.write(asking.under_case, [again], now=at(2))
        assert store.read(tracking.views, [again])[again].watching_ended == "twin"
        assert store.read(due.due_alarms, now=at(6), limit=5) == []


@pytest.mark.parametrize(("said", "lives_in"), [("", "cn"), ("default", "default")])
def test_whose_it_is_says_where_it_lives(tmp_path: Path, said: str, lives_in: str) -> None:
    """A parcel of a carrier at home has the thresholds of home, unless the merchant said otherwise."""
    with opened(tmp_path) as store:

        def bare(db: Db) -> int:
            shipment = Shipment("7312345678901", unidentified.UNKNOWN, "", at(0), region=said)
            written = intake.add_shipment(db, shipment, next_poll_at=None, alarm_at=None)
            unidentified.add(db, int(written.id), (), due_at=at(0))
            return int(written.id)

        shipment = store.write(bare)
        store.write(settle, shipment, "zhongtong", ZTO, now=at(1))
        assert store.read(tracking.views, [shipment])[shipment].shipment.region == lives_in


def test_a_correction_starts_over_and_the_same_again_changes_nothing(tmp_path: Path) -> None:
    """Also where watching had ended under the wrong carrier; a second click costs no question and no subscription."""
    with opened(tmp_path) as store:
        shipment = store.write(add, "7312345678901")
        store.write(settle, shipment, "zhongtong", ZTO, now=at(1))
        store.write(asking.reschedule, "kuaidi100", [asking.Polled(shipment, None, ended="aged_out")], now=at(2))
        assert store.write(settle, shipment, "yuantong", ZTO, now=at(3), correcting=True)
        assert store.read(tracking.views, [shipment])[shipment].watching_ended == ""
        store.write(asking.reschedule, "kuaidi100", [asking.Polled(shipment, at(7))], now=at(3))
        before = store.read(asking.sources_of, [shipment])
        assert not store.write(settle, shipment, "yuantong", ZTO, now=at(4), correcting=True)
        assert store.read(asking.sources_of, [shipment]) == before
        store.write(
            intake.add_shipment,
            Shipment("7312345678901", "zhongtong", "kuaidi100", at(5)),
            next_poll_at=at(5),
            alarm_at=None,
        )
        assert not store.write(settle, shipment, "zhongtong", ZTO, now=at(6), correcting=True)
        assert store.read(asking.sources_of, [shipment]) == {}  # its twin is asked
        assert not store.write(settle, 404, "zhongtong", ZTO, now=at(6), correcting=True)
