"""Where couriers are: asked for in plain words, kept only with their consent and while the route is open, seen by the desk and their own firm."""

import asyncio
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from web_support import HOUR, JSON, NOW, Browser, a_house, add_route, app_of

from config.settings import Collector, Returns
from domain.pickup import ReturnEvent
from domain.place import Location
from doorstep import retention
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.wiring import pickups_of
from store import check, erasing, facts, positions, returns
from store.base import Db
from store.positions import Position
from store.returns import ReturnFact

HERE = {"lat": "30.24123456", "lon": "120.15", "accuracy_m": "12.4", "ago_s": "5"}
EN = {"Accept-Language": "en"}
YES, NO = {"share": "position_agreed"}, {"share": "position_withdrawn"}


def a_town(folder: Path, *, asks: bool = True) -> House:
    firms = tuple(Collector(id=one, name=one.title(), depots=("hz",), licence="X1") for one in ("fast", "other"))
    made = a_house(folder, collectors=firms, returns=Returns(courier_positions=asks))
    return replace(made, pickups=pickups_of(made.settings))


@pytest.fixture
def town(tmp_path: Path) -> House:
    return a_town(tmp_path)


def at(house: House, now: datetime) -> House:
    return replace(house, now=SetClock(now), wall=SetClock(now))


def kept(house: House) -> dict[str, Position]:
    return house.store.read(positions.of_routes, ["r-li"])


def share(phone: Browser, link: str, form: dict[str, str]) -> None:
    assert phone.post(f"{link}/share", form, csrf=False, headers=JSON).status_code == 200


def send(phone: Browser, link: str, **fields: str) -> bool:
    reply = phone.post(f"{link}/position", HERE | fields, csrf=False)
    assert reply.status_code == 200
    return bool(reply.json()["go_on"])


def test_nothing_is_asked_or_kept_where_the_operator_did_not_say_so(tmp_path: Path) -> None:
    """The switch is off as shipped: no question, no permission for the browser, no position, whatever a phone sends."""
    house = a_town(tmp_path, asks=False)
    link, phone = add_route(house), Browser(app_of(house))
    page = phone.get(link, headers=EN)
    assert "/share" not in page.text
    assert "geolocation=()" in page.headers["permissions-policy"]
    share(phone, link, YES)
    assert send(phone, link) is False
    assert (kept(house), Returns().courier_positions) == ({}, False)


def test_a_position_is_kept_with_consent_only(town: House) -> None:
    """Asked in plain words; yes and no are facts, once each; a no forgets at once; the newest place stands alone, to about a metre."""
    link, phone = add_route(town), Browser(app_of(town))
    page = phone.get(link, headers=EN)
    assert "You can stop at any time" in page.text
    assert "data-position=" not in page.text
    assert "geolocation=(self)" in page.headers["permissions-policy"]
    assert (send(phone, link), kept(town)) == (False, {})
    for _ in range(2):
        share(phone, link, YES)
    assert f'data-position="{link}/position"' in phone.get(link, headers=EN).text
    assert send(phone, link, ago_s="90")
    assert send(phone, link, lat="30.25")
    assert send(phone, link, lat="30.26", ago_s="60")  # an older one that came late
    assert kept(town) == {"r-li": Position(NOW - timedelta(seconds=5), Location(lat=30.25, lon=120.15), 12)}
    share(phone, link, NO)
    assert (kept(town), send(phone, link), kept(town)) == ({}, False, {})
    said = [f.event for f in town.store.read(facts.history, "route", "r-li") if f.event.startswith("position")]
    assert said == ["position_agreed", "position_withdrawn"]


@pytest.mark.parametrize(
    ("minutes", "goes_on"), [(-91, False), (-90, True), (0, True), (6 * 60, True), (6 * 60 + 1, False)]
)
def test_an_open_route_only(town: House, minutes: int, goes_on: bool) -> None:
    """From half an hour before its departure to two hours after its end."""
    link = add_route(town)
    town.store.write(facts.append, [facts.FactRow("route", "r-li", positions.AGREED, NOW - 2 * HOUR, "li", "courier")])
    phone = Browser(app_of(at(town, NOW + timedelta(minutes=minutes))))
    assert send(phone, link) is goes_on
    assert bool(kept(town)) is goes_on


def test_nothing_is_kept_or_shown_once_the_last_stop_is_done(town: House) -> None:
    """The phone is told to stop; what is there already is shown to nobody any more."""
    link, phone = add_route(town, stops=1), Browser(app_of(town))
    share(phone, link, YES)
    assert send(phone, link)
    before = kept(town)
    phone.post(f"{link}/stops/r-li-1", {"action": "arrived", "id": "a"}, csrf=False, headers=JSON)
    done = {"action": "failed", "reason": "refused", "id": "b", "tries": "2"}
    assert phone.post(f"{link}/stops/r-li-1", done, csrf=False, headers=JSON).status_code == 200
    assert send(phone, link, lat="30.29") is False
    assert kept(town) == before
    desk = Browser(app_of(town)).sign_in("lin")
    assert "courier" not in desk.get("/routes/data?day=2026-11-22").json()["routes"][0]
    page = phone.get(link, headers=EN).text
    assert "data-position=" not in page
    assert "This route is over" in page
    share(phone, link, NO)
    assert kept(town) == {}


def test_another_phone_can_not_say_where_the_courier_is(town: House) -> None:
    """As with everything else behind the link; and nonsense is refused."""
    link, phone = add_route(town), Browser(app_of(town))
    phone.get(link)
    share(phone, link, YES)
    other = Browser(app_of(town))
    assert other.post(f"{link}/position", HERE, csrf=False).status_code == 403
    assert other.post(f"{link}/share", NO, csrf=False, headers=JSON).status_code == 403
    for wrong in ({"lat": "91"}, {"lon": "nan"}, {"lat": ""}, {"lon": "1e400"}, {"ago_s": "-1"}, {"ago_s": "x"}):
        assert phone.post(f"{link}/position", HERE | wrong, csrf=False).status_code == 422
    assert phone.post(f"{link}/share", {"share": "maybe"}, csrf=False).status_code == 422
    assert kept(town) == {}


def test_the_desk_and_the_own_firm_see_it_and_nobody_else(town: House) -> None:
    """On the map's data for who works the desk, on the dispatcher's page for their own courier; not for those who only look, not
    for another firm, not on sheets.
    """
    link, phone = add_route(town), Browser(app_of(town))
    phone.get(link)
    share(phone, link, YES)
    send(phone, link, lat="30.27777")
    sees = {
        name: "30.27777" in Browser(app_of(town)).sign_in(name).get("/routes/data").text for name in ("chen", "eve")
    }
    assert sees == {"chen": True, "eve": False}
    assert "seen at" in Browser(app_of(town)).sign_in("chen").get("/routes", headers=EN).text
    url, stranger = town.settings.doorstep.public_url, Browser(app_of(town))
    own, other = (town.collector_link(one).removeprefix(url) for one in ("fast", "other"))
    assert "30.27777" in stranger.get(f"{own}?day=2026-11-22").text
    assert "30.27777" not in stranger.get(f"{other}?day=2026-11-22").text
    for kind in ("csv", "gpx"):
        assert "30.27777" not in phone.get(f"{link}/sheet.{kind}").text


def everything_but(db: Db, without: str) -> str:
    """The rows of all tables but one, as text."""
    names = [row[0] for row in db.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return "\n".join(str(row) for one in names if one != without for row in db.exec_driver_sql(f"SELECT * FROM {one}"))


def test_a_position_stands_in_one_table_only(town: House, capsys: pytest.CaptureFixture[str]) -> None:
    """In no fact, no letter, no audit, no line of the log; `doorstep check` knows one to which nobody agreed."""
    link, phone = add_route(town), Browser(app_of(town))
    share(phone, link, YES)
    send(phone, link, lat="30.27777", lon="120.17777")
    if not town.store.url:
        others = town.store.read(everything_but, "courier_position")
        assert not re.search(r"30\.27777|120\.17777", others)
    told = capsys.readouterr()
    assert "30.27777" not in told.out + told.err
    assert town.store.read(check.differences, now=NOW) == []
    town.store.write(facts.append, [facts.FactRow("route", "r-li", positions.WITHDRAWN, NOW, "li", "courier")])
    assert [one.subject for one in town.store.read(check.differences, now=NOW)] == ["route r-li"]


def test_it_goes_after_seven_days_by_itself(town: House) -> None:
    """Not a day earlier, whatever else there is to keep."""
    link, phone = add_route(town), Browser(app_of(town))
    share(phone, link, YES)
    send(phone, link, ago_s="0")
    for days, there in ((6.99, True), (7.01, False)):
        now = NOW + timedelta(days=days)
        asyncio.run(retention.keep_no_longer(at(town, now), now=now))
        assert bool(kept(town)) is there


def test_it_goes_once_the_operator_wants_none_any_more(town: House) -> None:
    """With the next beat."""
    link, phone = add_route(town), Browser(app_of(town))
    share(phone, link, YES)
    send(phone, link, ago_s="30")
    off = msgspec.structs.replace(town.settings.returns, courier_positions=False)
    later = replace(town, settings=replace(town.settings, returns=off))
    asyncio.run(retention.keep_no_longer(later, now=NOW))
    assert kept(town) == {}


def test_it_goes_with_a_customer_of_its_route(town: House) -> None:
    """A courier's place is a customer's door at times."""
    link, phone = add_route(town), Browser(app_of(town))
    share(phone, link, YES)
    send(phone, link)
    town.store.write(returns.record, "R1", ReturnFact(ReturnEvent.CANCELLED, NOW, None, "", {"stop": "r-li-1"}))
    who = town.store.read(erasing.customers_of, order="A1")
    town.store.write(erasing.erase, who, erasing.Asked("e1", NOW, None, "asked"), lambda text: text)
    assert kept(town) == {}
