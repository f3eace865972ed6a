"""The customer's return: the cost before confirming, slots that can be kept, one form one return, change, cancel, receipt."""

import dataclasses
import re
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from web_support import HOUR, NOW, Browser, a_house, add_parcel, app_of, open_case, scan

from domain.pickup import ReturnStatus
from domain.place import Location
from domain.tracking import Milestone
from doorstep.house import House
from scheduler.plan_types import Collector, Courier, Depot, Fleet
from scheduler.policy_file import shipped_policy
from scheduler.tick import PickupSettings
from store import facts, returns

DEPOT = Depot("hz", "North depot", Location(lat=30.25, lon=120.16), time(10), ZoneInfo("Asia/Shanghai"))
FLEET = Fleet(
    (DEPOT,), (Collector("fast", "Fast", ("hz",)),), (Courier("li", "Li", "fast", "hz", (time(9), time(18)), 5),)
)
EN = {"Accept-Language": "en"}


def with_fleet(house: House, fleet: Fleet = FLEET) -> House:
    return dataclasses.replace(house, pickups=PickupSettings(fleet, shipped_policy()))


@pytest.fixture
def shop(tmp_path):
    made = with_fleet(a_house(tmp_path))
    scan(made, add_parcel(made), "已签收", hours_ago=30, milestone=Milestone.DELIVERED)
    yield made
    made.store.close()


@pytest.fixture
def customer(shop):
    made = Browser(app_of(shop))
    yield made
    made.close()


def link(house: House, order: str = "A1") -> str:
    return house.status_link(order).removeprefix(house.settings.doorstep.public_url) + "/return"


WISH = {"id": "form-1", "qty:MUG": "1", "qty:TEA": "0", "reason": "no_reason", "want": "refund"}


def ways(page: str) -> list[str]:
    return re.findall(r'name="way" value="([^"]+)"', page)


def weigh(customer: Browser, path: str, **wish: str) -> str:
    return customer.post(f"{path}/terms", WISH | wish, csrf=False, headers=EN).text


def test_what_it_costs_is_said_before_anything_is_confirmed(shop, customer):
    """A mug of 49 yuan without a reason: 39 come back, the freight is taken off, nothing is written yet."""
    path = link(shop)
    assert "Mug" in customer.get(path, headers=EN).text
    page = weigh(customer, path)
    assert "¥39.00" in page
    assert "¥10.00" in page
    assert "消保法 25" in page
    assert shop.store.read(returns.of_order, "A1") == []


def test_a_slot_is_confirmed_once_and_the_code_is_shown(shop, customer):
    """The same form sent twice is one return; the page shows its code, slot and receipt."""
    path = link(shop)
    way = ways(weigh(customer, path))[0]
    first = customer.post(path, WISH | {"way": way}, csrf=False)
    again = customer.post(path, WISH | {"way": way}, csrf=False)
    assert first.status_code == again.status_code == 303
    assert first.headers["location"] == again.headers["location"]
    [value] = shop.store.read(returns.of_order, "A1")
    assert (value.refund_cents, value.status) == (3_900, ReturnStatus.REQUESTED)
    assert f"{value.slot_from.isoformat()}/{value.slot_to.isoformat()}" == way
    page = customer.get(first.headers["location"], headers=EN).text
    assert value.code in page
    paper = customer.get(f"{first.headers['location']}/receipt.pdf")
    assert (paper.headers["content-type"], paper.content[:5]) == ("application/pdf", b"%PDF-")


def test_another_slot_and_keeping_it_after_all(shop, customer):
    """Changed and cancelled by the customer; a slot that is none is refused in words."""
    path = link(shop)
    offered = ways(weigh(customer, path))
    mine = customer.post(path, WISH | {"way": offered[0]}, csrf=False).headers["location"]
    assert customer.post(f"{mine}/slot", {"way": offered[2]}, csrf=False).headers["location"].endswith("said=changed")
    bad = customer.post(f"{mine}/slot", {"way": "2020-01-01T10:00/2020-01-01T09:00"}, csrf=False)
    assert bad.headers["location"].endswith("said=slot_gone")
    [value] = shop.store.read(returns.of_order, "A1")
    assert value.slot_from == datetime.fromisoformat(offered[2].split("/")[0]).astimezone(UTC)
    assert customer.post(f"{mine}/cancel", csrf=False).headers["location"].endswith("said=cancelled")
    assert shop.store.read(returns.find, value.ref).status is ReturnStatus.CANCELLED


def test_a_slot_that_went_meanwhile_is_not_given_twice(shop, customer):
    """The one vehicle holds five: the sixth who chose the same time is shown what is left, and nothing is written."""
    way = ways(weigh(customer, link(shop)))[0]
    for n in range(2, 7):
        scan(shop, add_parcel(shop, n), "已签收", hours_ago=30, milestone=Milestone.DELIVERED)
        form = WISH | {"id": f"f{n}", "way": way}
        assert customer.post(link(shop, f"A{n}"), form, csrf=False).status_code == 303
    reply = customer.post(link(shop), WISH | {"way": way}, csrf=False, headers=EN)
    assert reply.status_code == 409
    assert "just taken" in reply.text
    assert way not in ways(reply.text)
    assert shop.store.read(returns.of_order, "A1") == []


def test_without_a_free_slot_the_carrier_or_dropping_it_off_is_offered(shop):
    """No courier at all: the return goes another way and waits for no route."""
    browser = Browser(app_of(with_fleet(shop, Fleet((DEPOT,), FLEET.collectors, ()))))
    path = link(shop)
    assert ways(weigh(browser, path)) == ["carrier", "drop_off"]
    mine = browser.post(path, WISH | {"way": "carrier"}, csrf=False).headers["location"]
    [value] = shop.store.read(returns.of_order, "A1")
    assert value.status is ReturnStatus.BY_CARRIER
    assert shop.store.read(returns.waiting, before=NOW + HOUR) == []
    assert "the carrier fetches it" in browser.get(mine, headers=EN).text
    browser.close()


def test_what_cannot_go_back_is_said_with_its_rule_and_a_way_out(shop, customer):
    """Ten days later: no refund, no exchange, and why."""
    shop.now.set(NOW + 10 * 24 * HOUR)
    page = weigh(customer, link(shop))
    assert "These can&#39;t go back now" in page
    assert ways(page) == []


@pytest.mark.parametrize("wish", [{"qty:MUG": "0"}, {"qty:MUG": "9"}, {"reason": "fun"}, {"want": "cake"}])
def test_an_incomplete_form_is_asked_again(shop, customer, wish):
    reply = customer.post(f"{link(shop)}/terms", WISH | wish, csrf=False, headers=EN)
    assert reply.status_code == 422
    assert 'role="alert"' in reply.text


def test_a_link_opens_its_own_orders_returns_only(shop, customer):
    """Another order's return is as unknown as none; a forged link opens nothing."""
    scan(shop, add_parcel(shop, 2), "已签收", hours_ago=30, milestone=Milestone.DELIVERED)
    way = ways(weigh(customer, link(shop, "A2")))[0]
    customer.post(link(shop, "A2"), WISH | {"way": way}, csrf=False)
    [other] = shop.store.read(returns.of_order, "A2")
    for path in (f"{link(shop)}/{other.ref}", f"{link(shop)}/{other.ref}/receipt.pdf", "/s/forged/return"):
        assert customer.get(path).status_code == 410
    assert customer.post(f"{link(shop)}/{other.ref}/cancel", csrf=False).status_code == 410
    assert shop.store.read(returns.find, other.ref).status is ReturnStatus.REQUESTED


def test_an_agent_on_the_phone_acts_as_themselves_and_reads_the_code_out(shop):
    """From the case to the same form; the history says who asked. Whoever may only read, may not."""
    case = open_case(shop, 1)
    browser = Browser(app_of(shop)).sign_in("chen")
    path = browser.get(f"/cases/{case}/return").headers["location"]
    page = browser.get(path, headers=EN).text
    assert "Chen Mo" in page
    way = ways(weigh(browser, path))[0]
    mine = browser.post(path, WISH | {"way": way}, csrf=False).headers["location"]
    [value] = shop.store.read(returns.of_order, "A1")
    assert value.code in browser.get(mine, headers=EN).text
    [asked] = [f for f in shop.store.read(facts.history, "return", value.ref) if f.event == "requested"]
    assert (asked.by, asked.channel) == ("chen", "phone")
    browser.close()
    eve = Browser(app_of(shop)).sign_in("eve")
    assert eve.get(f"/cases/{case}/return").status_code == 403
    assert eve.post(f"{mine}/cancel", csrf=False).status_code == 403
    eve.close()
