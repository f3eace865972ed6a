"""Pages of a day that runs: what the courier can say of the whole route, what the customer is told, how the desk sees it."""

import re
from dataclasses import replace
from datetime import datetime

import pytest
from engines import ON_BOTH
from web_support import HOUR, JSON, NOW, Browser, a_house, add_route, app_of

from config.settings import Collector, Courier
from domain.pickup import ReturnEvent
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.wiring import pickups_of
from scheduler.request import cancel_return
from store import audit, facts, replans, returns, rosters
from store.facts import FactRow
from store.returns import ReturnFact


@pytest.fixture
def town(tmp_path) -> House:
    made = a_house(tmp_path)
    return replace(made, pickups=pickups_of(made.settings))


def at(house: House, now: datetime) -> Browser:
    """A browser at a moment of the day."""
    return Browser(app_of(replace(house, now=SetClock(now))))


def test_a_courier_says_that_they_are_late_once(house: House, stranger: Browser) -> None:
    """A fact of the route with its minutes; the same form again changes nothing; the page says how it stands."""
    link = add_route(house)
    form = {"what": "courier_late", "minutes": "25", "id": "k1"}
    for _ in range(2):
        assert stranger.post(f"{link}/report", form, csrf=False, headers=JSON).json()["ok"]
    said = [(f.event, f.data) for f in house.store.read(facts.history, "route", "r-li")][1:]
    assert said == [("courier_late", {"minutes": 25})]
    bad = stranger.post(f"{link}/report", {"what": "courier_late", "minutes": "", "id": "k2"}, csrf=False, headers=JSON)
    assert bad.status_code == 422
    stranger.post(f"{link}/report", {"what": "courier_out", "id": "k3"}, csrf=False)
    assert "All well again" in stranger.get(link, headers={"Accept-Language": "en"}).text


def told(text: str) -> list[str]:
    """The span of the page."""
    return re.findall(r">(\d\d:\d\d)</time>", text[text.index('class="card arrival"') :])[:2]


def test_a_customer_reads_between_when_and_when_the_courier_comes(town: House) -> None:
    """From the plan at first; after each stop anew; later than promised is said so; at the door is at the door."""
    add_route(town)  # R1 at 14:15, R2 at 14:30 of local time, both promised 14:00-16:00
    page = town.status_link("A2").removeprefix(town.settings.doorstep.public_url)
    en = {"Accept-Language": "en"}
    assert told(at(town, NOW).get(page, headers=en).text) == ["14:20", "14:55"]
    assert "1 stops come before you" in at(town, NOW).get(f"{page}/return/R2", headers=en).text
    done = ReturnFact(
        ReturnEvent.FAILED, NOW + HOUR, None, "", {"stop": "r-li-1", "reason": "absent", "fault": "customer"}
    )
    town.store.write(returns.record, "R1", done)
    text = at(town, NOW + HOUR).get(page, headers=en).text
    assert told(text) == ["15:05", "15:35"]
    assert "You are the next stop" in text
    assert "later than we promised" not in text
    assert "later than we promised" in at(town, NOW + 2.2 * HOUR).get(page, headers=en).text
    town.store.write(returns.record, "R2", ReturnFact(ReturnEvent.ARRIVED, NOW + HOUR, None, "", {"stop": "r-li-2"}))
    assert "at your door" in at(town, NOW + HOUR).get(page, headers=en).text


@ON_BOTH
def test_the_desk_sees_how_a_route_stands_and_what_was_planned_again(town: House) -> None:
    """Behind by how much, silent, and each re-plan with what it moved or why it failed."""
    add_route(town)
    sums = {"why": ["new/R9"], "routes": ["r-li"], "moved": ["R1"], "added": [], "unkept": {"R2": "late"}}
    failed = {"why": [], "reason": {"code": "plan_failed", "params": {"depot": "hz", "error": "SolverFailed: gone"}}}
    rows = [
        FactRow("depot", "hz", replans.REPLANNED, NOW, data=sums),
        FactRow("depot", "hz", replans.FAILED, NOW, data=failed),
    ]
    town.store.write(facts.append, rows)
    browser = at(town, NOW + HOUR).sign_in("lin")
    page = browser.get("/routes", headers={"Accept-Language": "en"}).text
    for text in (
        "about 45 min behind",
        "nothing heard since it was due",
        "0 of 2 done",
        "1 moved to another courier",
        "SolverFailed: gone",
    ):
        assert text in page, text


def open_link(house: House, link: str, **headers: str):
    """A phone that opens the link."""
    browser = Browser(app_of(house))
    return browser, browser.get(link, headers={"Accept-Language": "en", **headers})


def test_the_first_phone_keeps_the_link(house: House) -> None:
    """A second one sees no customer, can do nothing, and is on record once; the first goes on."""
    link = add_route(house)
    first, page = open_link(house, link)
    assert "张三丰" in page.text
    second, refused = open_link(house, link)
    assert refused.status_code == 403
    assert "another phone" in refused.text
    assert "张三丰" not in refused.text
    second.get(link)
    form = {"action": "arrived", "id": "a1"}
    assert second.post(f"{link}/stops/r-li-1", form, csrf=False, headers=JSON).status_code == 403
    assert second.get(f"{link}/data").status_code == 403
    assert first.post(f"{link}/stops/r-li-1", form, csrf=False, headers=JSON).status_code == 200
    said = [f.event for f in house.store.read(facts.history, "route", "r-li")]
    assert said[:2] == ["dispatched", "linked"]
    assert said.count("act_refused") <= 2


def test_a_chats_preview_of_the_link_gets_nothing_and_keeps_nothing(house: House) -> None:
    """The phone comes after it and is the first."""
    link = add_route(house)
    for name in ("TelegramBot (like TwitterBot)", "Slackbot-LinkExpanding 1.0", "facebookexternalhit/1.1"):
        _, page = open_link(house, link, **{"User-Agent": name})
        assert page.status_code == 403
        assert "张三丰" not in page.text
    assert "张三丰" in open_link(house, link)[1].text


def test_the_desk_lets_a_link_go_in_one_press(house: House, chen: Browser) -> None:
    """Who may work on cases may; then the next phone has it and the first has lost it; all of it is on the record."""
    link = add_route(house)
    first, _ = open_link(house, link)
    assert "/routes/r-li/release" in chen.get("/routes").text
    assert chen.post("/routes/r-li/release").status_code == 303
    assert "张三丰" in open_link(house, link)[1].text
    assert first.get(link).status_code == 403
    record = [(e.fact.event, e.fact.by) for e in house.store.read(audit.page).entries]
    assert ("released", "chen") in record
    assert ("linked", "li") in record


def test_a_dispatcher_lets_own_links_go_only(tmp_path) -> None:
    """Another firm's route is unknown: 404 and on record."""
    firms = tuple(Collector(id=one, name=one.title(), depots=("hz",), licence="X1") for one in ("fast", "other"))
    house = a_house(tmp_path, collectors=firms)
    link = add_route(house)
    first, _ = open_link(house, link)
    url = house.settings.doorstep.public_url
    other, own = (house.collector_link(one).removeprefix(url) for one in ("other", "fast"))
    assert first.post(f"{other}/routes/r-li/release", csrf=False).status_code == 404
    assert "act_refused" in [f.event for f in house.store.read(facts.history, "collector", "other")]
    assert first.post(f"{own}/routes/r-li/release", csrf=False).status_code == 200
    assert "张三丰" in open_link(house, link)[1].text


def test_a_courier_reads_what_changed_since_they_last_looked(house: House) -> None:
    """A stop that was struck off is told until they say that they read it; the others keep their numbers."""
    link = add_route(house, stops=3)
    phone, page = open_link(house, link)
    assert "Your route changed" not in page.text
    house.store.write(cancel_return, "R1", link=str, now=NOW)
    text = phone.get(link, headers={"Accept-Language": "en"}).text
    assert "Your route changed" in text
    assert "Stop 1 is cancelled" in text
    assert phone.post(f"{link}/seen", {"id": "s1"}, csrf=False).status_code == 200
    text = phone.get(link, headers={"Accept-Language": "en"}).text
    assert "Your route changed" not in text
    assert '<span class="mute">2</span>' in text


def test_a_dispatcher_moves_stops_between_own_couriers_only(tmp_path) -> None:
    """Refused with the reason where the day is over; another firm's stop or courier is unknown and on record."""
    firms = tuple(Collector(id=one, name=one.title(), depots=("hz",), licence="X1") for one in ("fast", "other"))
    people = tuple(Courier(id=n, name=n, collector=firm, depot="hz") for n, firm in (("li", "fast"), ("wu", "fast"), ("xu", "other")))  # fmt: skip
    made = a_house(tmp_path, collectors=firms, couriers=people)
    house = replace(made, pickups=pickups_of(made.settings))
    add_route(house)
    url = house.settings.doorstep.public_url
    own, other = (house.collector_link(one).removeprefix(url) for one in ("fast", "other"))
    browser = Browser(app_of(house))
    assert f"{own}/stops/r-li-2/move" in browser.get(f"{own}?day=2026-11-22").text
    assert browser.post(f"{own}/stops/r-li-2/move", {"courier": "wu"}, csrf=False).status_code == 200
    stops = house.store.read(returns.stop_of_return, "R2")
    assert house.store.read(returns.find_route, stops.route_id).courier == "wu"
    late = at(house, NOW + 30 * HOUR).post(f"{own}/stops/r-li-1/move", {"courier": "wu"}, csrf=False)
    assert late.status_code == 409
    assert browser.post(f"{own}/stops/r-li-1/move", {"courier": "xu"}, csrf=False).status_code == 404
    assert browser.post(f"{other}/stops/r-li-1/move", {"courier": "xu"}, csrf=False).status_code == 404
    for firm in ("fast", "other"):
        assert "act_refused" in [f.event for f in house.store.read(facts.history, "collector", firm)]


def test_a_dispatcher_confirms_who_comes(town: House) -> None:
    """Ticked ones come; the page says until when, and after it no more."""
    link = town.collector_link("fast").removeprefix(town.settings.doorstep.public_url)
    browser = Browser(app_of(town))
    en = {"Accept-Language": "en"}
    assert "not confirmed yet" in browser.get(f"{link}?day=2026-11-23", headers=en).text
    reply = browser.post(f"{link}/roster", {"day": "2026-11-23"}, csrf=False, headers=en)
    assert "Confirmed" in reply.text
    assert town.store.read(rosters.away_on, "2026-11-23") == frozenset({"li"})
    assert browser.post(f"{link}/roster", {"day": "2026-11-20"}, csrf=False).status_code == 409
