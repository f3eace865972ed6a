"""The collector's page: its own routes behind its own link, to accept or decline."""

from dataclasses import replace
from pathlib import Path

import pytest
from engines import ON_BOTH
from web_support import Browser, a_house, add_route, app_of

from config.settings import Collector
from domain.returns import Route
from doorstep.house import House
from store import audit, check, facts, returns
from store.base import Db

FIRMS = tuple(Collector(id=one, name=one.title(), depots=("hz",), licence="X1") for one in ("fast", "other"))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return a_house(tmp_path, collectors=FIRMS)


def link_of(house: House, firm: str) -> str:
    return house.collector_link(firm).removeprefix(house.settings.doorstep.public_url)


def of_another(db: Db, like: Route, count: int, each: int) -> list[str]:
    """Routes of the other firm, for the returns of a route that it has; the ids of routes and stops."""
    ids = []
    for n in range(count):
        name = f"b{n}"
        stops = [replace(like.stops[0], id=f"{name}-{i}", route_id=name, position=i) for i in range(each)]
        returns.dispatch(db, replace(like, id=name, collector="other", stops=tuple(stops)))
        ids += [name, *(stop.id for stop in stops)]
    return ids


@ON_BOTH
def test_a_collector_sees_its_routes_without_customers(house: House) -> None:
    """Courier, times, districts and numbers; neither names, phones nor streets. Both languages."""
    add_route(house)
    browser = Browser(app_of(house))
    page = browser.get(link_of(house, "fast"), headers={"Accept-Language": "en"}).text
    assert "Courier Li" in page
    assert "西渡区" in page
    assert "R1" in page
    assert not [word for word in ("张三丰", "13812345601", "梧桐路") if word in page]
    assert "接单" in browser.get(link_of(house, "fast"), headers={"Accept-Language": "zh"}).text
    assert "Courier Li" not in browser.get(link_of(house, "other")).text


def test_a_route_is_accepted_once(house: House) -> None:
    """The desk finds the answer in the route's history; saying it again changes nothing."""
    add_route(house)
    browser = Browser(app_of(house))
    for _ in range(2):
        reply = browser.post(f"{link_of(house, 'fast')}/routes/r-li", {"answer": "accept"}, csrf=False)
        assert reply.status_code == 200
    said = [(f.event, f.by) for f in house.store.read(facts.history, "route", "r-li")]
    assert said == [("dispatched", None), ("accepted", "fast")]


def test_the_stops_of_a_declined_route_wait_again(house: House) -> None:
    """Promised slots stay; the courier is told; the facts amount to what is stored; its link shows nothing left to do."""
    courier = add_route(house)
    browser = Browser(app_of(house))
    reply = browser.post(f"{link_of(house, 'fast')}/routes/r-li", {"answer": "decline"}, csrf=False)
    assert reply.status_code == 200
    route = house.store.read(returns.find_route, "r-li")
    assert (route.status, {stop.status for stop in route.stops}) == ("declined", {"unplanned"})
    waiting = house.store.read(returns.waiting, before=house.now())
    assert [(one.ref, one.status, one.slot_from) for one in waiting] == [
        (r, "requested", house.now()) for r in ("R1", "R2")
    ]
    assert house.store.read(check.differences, now=house.now()) == []
    acted = browser.post(f"{courier}/stops/r-li-1", {"action": "arrived", "id": "x"}, csrf=False)
    assert acted.status_code == 409


def test_a_route_that_is_under_way_can_not_be_declined(house: House) -> None:
    """The courier has been somewhere: whoever waits is still visited."""
    courier = add_route(house)
    browser = Browser(app_of(house))
    assert browser.post(f"{courier}/stops/r-li-1", {"action": "arrived", "id": "x"}, csrf=False).status_code == 200
    reply = browser.post(f"{link_of(house, 'fast')}/routes/r-li", {"answer": "decline"}, csrf=False)
    assert reply.status_code == 409
    assert house.store.read(returns.find_route, "r-li").status == "under_way"


def test_a_forged_link_opens_nothing(house: House) -> None:
    """Neither a courier's link, nor one of a firm that the settings no longer name."""
    courier = add_route(house)
    browser = Browser(app_of(house))
    for path in ("/collector/fast", courier.replace("/courier/", "/collector/"), link_of(house, "gone")):
        assert browser.get(path).status_code == 410


def test_another_firms_two_hundred_ids_are_unknown_and_on_record(house: House) -> None:
    """Reading and answering alike: 404, nothing changed, a row in the audit each time, without the link in it."""
    add_route(house)
    like = house.store.read(returns.find_route, "r-li")
    ids = house.store.write(of_another, like, 20, 9)
    assert len(ids) == 200
    browser, link = Browser(app_of(house)), link_of(house, "fast")
    for one in ids:
        kind = "stops" if "-" in one else "routes"
        assert browser.get(f"{link}/{kind}/{one}").status_code == 404
    asked = [f"{kind}/{one}" for one in ids for kind in ("stops" if "-" in one else "routes",)]
    for n in range(20):
        assert browser.post(f"{link}/routes/b{n}", {"answer": "decline"}, csrf=False).status_code == 404
        assert house.store.read(returns.find_route, f"b{n}").status == "dispatched"
    rows = house.store.read(audit.page, limit=300).entries
    kept = [row.fact for row in rows if row.fact.subject_type == "collector"]
    assert [f.data["path"] for f in reversed(kept)] == [*asked, *(f"routes/b{n}" for n in range(20))]
    assert {(f.event, f.by) for f in kept} == {("act_refused", "fast")}
    assert link.rsplit("/", 1)[1] not in repr(kept)


def test_its_own_stops_lead_to_their_route(house: House) -> None:
    """What is the firm's own is found by either id."""
    add_route(house)
    browser, link = Browser(app_of(house)), link_of(house, "fast")
    for path in ("routes/r-li", "stops/r-li-1"):
        assert "Courier Li" in browser.get(f"{link}/{path}").text
