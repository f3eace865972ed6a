"""The courier's page: a signed link shows one route and does one courier's work, each action once."""

import pytest
from itsdangerous import TimestampSigner
from web_support import CODE, HOUR, HTMX, JSON, NOW, add_route

from domain.pickup import ReturnStatus
from domain.words import Words
from doorstep.house import ROUTE_LINK_MAX_AGE_S, signer
from doorstep.web.pages.courier import read_items
from store import returns


@pytest.fixture
def link(house):
    return add_route(house)


def act(browser, link, stop="r-li-1", **form):
    return browser.post(f"{link}/stops/{stop}", form, csrf=False, headers=JSON)


def test_the_next_stop_stands_on_top_with_all_that_is_needed_at_the_door(stranger, link):
    """No sign-in: the link is the key. The courier needs name, phone and address; the code is the customer's."""
    page = stranger.get(link).text
    first = page[page.index("next-stop") : page.index("later-stops")]
    for text in ("张三丰", "tel:13812345601", "梧桐路 1 号", "Mug"):
        assert text in first
    assert CODE not in page


def test_the_right_code_collects_everything(house, stranger, link):
    reply = act(stranger, link, action="collected", code=CODE, id="a1")
    assert reply.json() | {"message": ""} == {"ok": True, "status": "collected", "repeated": False, "message": ""}
    value = house.store.read(returns.find, "R1")
    assert value.status in {ReturnStatus.COLLECTED, ReturnStatus.INSTRUCTED}
    assert sum(item.qty for item in value.collected) == 3


def test_a_wrong_code_is_refused_in_words_and_changes_nothing(house, stranger, link):
    reply = act(stranger, link, action="collected", code="000000", id="a1")
    assert reply.status_code == 422
    assert reply.json()["code"] == "code_wrong"
    assert house.store.read(returns.find, "R1").status is ReturnStatus.PLANNED
    page = stranger.post(f"{link}/stops/r-li-1", {"action": "collected", "code": "1"}, csrf=False, headers=HTMX)
    assert 'class="notice bad"' in page.text
    assert "[code_wrong" not in page.text


def test_some_items_are_collected_and_the_rest_left(house, stranger, link):
    reply = act(stranger, link, action="collected", code=CODE, items=["MUG:1", "TEA:0"], id="a1")
    assert reply.json()["status"] == "partly_collected"
    assert [(i.sku, i.qty) for i in house.store.read(returns.find, "R1").collected] == [("MUG", 1)]


def test_the_same_action_sent_again_is_done_once(house, stranger, link):
    form = {"action": "failed", "reason": "absent", "id": "a1"}
    assert act(stranger, link, **form).json()["repeated"] is False
    again = act(stranger, link, **form)
    assert (again.status_code, again.json()["repeated"]) == (200, True)
    assert house.store.read(returns.find, "R1").attempts == 1


def test_arriving_then_failing_with_a_reason(house, stranger, link):
    assert act(stranger, link, action="arrived", id="a1").json()["status"] == "arrived"
    assert act(stranger, link, action="failed", id="a2").status_code == 422
    assert act(stranger, link, action="failed", reason="absent", id="a3").json()["status"] == "failed"
    stop = house.store.read(returns.find_stop, "r-li-1")
    assert (stop.fail_reason, stop.fault) == ("absent", "customer")


def test_a_stop_that_is_over_stays_as_it_ended(house, stranger, link):
    act(stranger, link, action="failed", reason="absent", id="a1")
    reply = act(stranger, link, action="collected", code=CODE, id="a2")
    assert reply.status_code == 409
    assert house.store.read(returns.find_stop, "r-li-1").status == "failed"


def test_a_link_opens_its_own_route_only(house, stranger, link):
    add_route(house, "r-two", first=5, stops=1)
    assert act(stranger, link, stop="r-two-5", action="failed", reason="absent", id="a").status_code == 404
    assert house.store.read(returns.find_stop, "r-two-5").status == "planned"
    assert "R5" not in stranger.get(f"{link}/data").text


def test_a_forged_link_opens_nothing(stranger, link):
    for path in (f"{link}x", "/courier/r-li", "/courier/x"):
        reply = stranger.get(path)
        assert reply.status_code == 410
        assert "梧桐路" not in reply.text
    assert act(stranger, f"{link}x", action="arrived").status_code == 410


class SignedLongAgo(TimestampSigner):
    """Signs as of a moment just beyond a link's life."""

    def get_timestamp(self):
        return super().get_timestamp() - ROUTE_LINK_MAX_AGE_S - 1


def test_a_link_is_too_old_after_a_day_and_a_half_and_says_so_kindly(house, stranger, link):
    signs = signer(house.store, "route")
    signs.signer = SignedLongAgo
    reply = stranger.get(f"/courier/{signs.dumps('r-li')}", headers={"Accept-Language": "en"})
    assert reply.status_code == 410
    assert "no longer valid" in reply.text
    assert stranger.get(link).status_code == 200


@pytest.mark.parametrize("form", [{}, {"action": "fly"}, {"action": "collected", "items": "MUG"}])
def test_nonsense_is_refused_in_words(stranger, link, form):
    reply = act(stranger, link, **form)
    assert reply.status_code == 422
    assert reply.json()["message"]
    assert "[" not in reply.json()["message"]


def test_items_are_read_as_sku_and_quantity():
    assert read_items([]) is None
    found = read_items(["a:b:2", "c:0"])
    assert not isinstance(found, Words)
    assert found is not None
    assert [(item.sku, item.qty) for item in found] == [("a:b", 2)]
    for bad in (":1", "a:-1", "a:1.5", "a:99999", "a:二"):
        assert isinstance(read_items([bad]), Words), bad


def test_ended_stops_show_a_masked_name_and_the_page_says_when_all_is_done(stranger, link):
    for n in (1, 2):
        act(stranger, link, stop=f"r-li-{n}", action="collected", code=CODE, id=f"a{n}")
    page = stranger.get(link, headers={"Accept-Language": "en"}).text
    assert "All stops are done." in page
    assert "North depot" in page
    assert "张**" in page
    assert "张三丰" not in page


def test_the_page_speaks_the_couriers_language(stranger, link):
    assert "Next stop" in stranger.get(link, headers={"Accept-Language": "en"}).text
    assert stranger.post(f"{link}/language", {"lang": "zh"}, csrf=False).headers["location"] == link
    assert "客户的取件码" in stranger.get(link, headers={"Accept-Language": "en"}).text


def test_the_desk_sees_what_the_courier_did(house, stranger, lin, link):
    house.now.set(NOW + HOUR)
    act(stranger, link, action="failed", reason="weather", id="a1")
    assert "weather" in lin.get("/routes?day=2026-11-22").text
    assert "weather" in lin.get("/returns/R1").text
