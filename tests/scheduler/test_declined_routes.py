"""A route that its collector declines is planned again, for other couriers."""

import asyncio
from dataclasses import replace
from pathlib import Path

from engines import a_store
from pickup_house import FLEET, POLICY, an_order, ask, at, beat, deliver, link

from scheduler.plan_types import Refused
from scheduler.roster import Say, answer
from scheduler.tick import PickupSettings, TickReport
from store import check, mail, returns
from store.base import Store

CUT_OFF = at("2026-11-23T10:00")
LATER = at("2026-11-23T10:20")
TWO = replace(FLEET, couriers=tuple(replace(one, breaks=()) for one in FLEET.couriers))


def planned(tmp_path: Path) -> Store:
    store = a_store(tmp_path / "test.sqlite3")
    for n in (1, 2):
        store.write(deliver, an_order(f"o{n}", n), at("2026-11-20T09:00"))
        ask(store, f"r{n}", f"o{n}", now=at("2026-11-22T20:00"))
    plan(store, CUT_OFF)
    return store


def plan(store: Store, now=LATER) -> TickReport:
    return asyncio.run(beat(store, now, settings=PickupSettings(TWO, POLICY)))


def decline(store: Store, route_id: str):
    return store.write(answer, route_id, Say.DECLINE, collector="fast", link=link, now=LATER)


def test_the_stops_are_driven_by_another_courier_the_same_day(tmp_path: Path) -> None:
    """A second plan of the day takes them up; nothing happens twice; the check agrees; couriers hear of both."""
    store = planned(tmp_path)
    [first] = store.read(returns.routes_of_day, "2026-11-23")
    decline(store, first.id)
    [done] = plan(store).dispatched
    [second] = done.routes
    assert second.courier != first.courier
    assert {s.return_ref for s in second.stops} == {s.return_ref for s in first.stops}
    assert not {s.id for s in second.stops} & {s.id for s in first.stops}
    assert plan(store).dispatched == ()
    assert store.read(check.differences, now=LATER) == []
    letters = {letter.id for letter in store.read(mail.due_letters, now=LATER, limit=20)}
    assert {f"route-{first.id}-declined", f"route-{second.id}"} <= letters


def test_where_nobody_is_left_they_wait_with_the_reason(tmp_path: Path) -> None:
    """Each courier declined once isn't asked again that day."""
    store = planned(tmp_path)
    for _ in range(2):
        [route] = [one for one in store.read(returns.routes_of_day, "2026-11-23") if one.status == "dispatched"]
        decline(store, route.id)
        plan(store)
    waiting = store.read(returns.waiting, before=LATER)
    assert {(one.ref, one.unserved_code) for one in waiting} == {("r1", "no_courier"), ("r2", "no_courier")}


def test_what_is_no_longer_open_is_refused_and_others_routes_are_unknown(tmp_path: Path) -> None:
    """Declined can't become accepted; declining again is answered as before."""
    store = planned(tmp_path)
    [route] = store.read(returns.routes_of_day, "2026-11-23")
    assert store.write(answer, route.id, Say.DECLINE, collector="other", link=link, now=LATER) is None
    decline(store, route.id)
    assert decline(store, route.id).repeated
    said = store.write(answer, route.id, Say.ACCEPT, collector="fast", link=link, now=LATER)
    assert isinstance(said, Refused)
    assert said.reason.code == "route_settled"
