"""What a courier did without a net and reports later: what happened first counts; the page may be kept by the phone alone."""

import pytest
from web_support import CODE, HOUR, JSON, NOW, add_route

from domain.pickup import ReturnStatus
from scheduler.courier import MISSED_AFTER, miss_stops
from scheduler.request import cancel_return
from store import returns


def late(stranger, link, ago_s, **form):
    return stranger.post(
        f"{link}/stops/r-li-1", {"action": "collected", "code": CODE, "id": "a1", "ago_s": ago_s} | form, csrf=False,
        headers=JSON,
    )  # fmt: skip


@pytest.mark.parametrize(("ago_s", "status"), [(7_200, 200), (60, 409)])
def test_goods_handed_over_before_the_customer_cancelled_are_handed_over(house, stranger, ago_s, status):
    """Cancelled an hour ago: two hours ago they were collected and count, a minute ago they can't have been."""
    link = add_route(house)
    house.store.write(cancel_return, "R1", link=house.route_link, now=NOW)
    house.now.set(NOW + HOUR)
    assert late(stranger, link, ago_s).status_code == status
    found = house.store.read(returns.find, "R1")
    stop = house.store.read(returns.find_stop, "r-li-1")
    collected = status == 200
    assert found.status is (ReturnStatus.INSTRUCTED if collected else ReturnStatus.CANCELLED)
    assert stop.status == ("collected" if collected else "cancelled")
    if collected:
        assert stop.ended_at == NOW - HOUR


def test_a_stop_that_the_clock_gave_up_is_the_couriers_if_they_were_there_in_time(house, stranger):
    """Nobody reported for two hours; the phone had no net and says that it was done three hours ago."""
    link = add_route(house)
    given_up = NOW + HOUR + MISSED_AFTER
    house.store.write(miss_stops, now=given_up)
    house.now.set(given_up + HOUR)
    assert house.store.read(returns.find, "R1").status is ReturnStatus.FAILED
    assert late(stranger, link, 3 * 3_600).status_code == 200
    assert house.store.read(returns.find, "R1").status is ReturnStatus.INSTRUCTED


def test_what_the_courier_said_themselves_stays(house, stranger):
    """A failure that a person reported isn't undone by a later report of an earlier time."""
    link = add_route(house)
    late(stranger, link, 0, action="failed", reason="absent", id="f")
    house.now.set(NOW + HOUR)
    assert late(stranger, link, 7_200).status_code == 409


def test_nothing_happened_before_the_route_was_sent(house, stranger):
    """However long ago a phone says."""
    link = add_route(house)
    assert late(stranger, link, 9_999_999).status_code == 200
    assert house.store.read(returns.find_stop, "r-li-1").ended_at == NOW - 2 * HOUR


def test_only_the_phone_may_keep_the_page_and_only_the_page(stranger, house):
    """The route's own page opens again without a net; refreshed parts and answers stay out of every cache."""
    link = add_route(house)
    page = stranger.get(link)
    assert page.headers["cache-control"] == "private, max-age=43200"
    assert page.headers["vary"] == "Cookie"  # another language is another page
    assert stranger.get(link, headers={"HX-Request": "true"}).headers["cache-control"] == "no-store"
    assert stranger.get(f"{link}x").headers["cache-control"] == "no-store"


def test_navigation_links_name_no_person(stranger, house):
    """Each map is told where, in WGS-84, and the stop's number."""
    page = stranger.get(add_route(house)).text
    links = [part.split('"')[0] for part in page.split('href="') if "amap" in part[:40] or part.startswith("geo:")]
    assert (
        links[0]
        == "https://uri.amap.com/navigation?to=120.15%2C30.24%2C1&amp;mode=car&amp;coordinate=wgs84&amp;callnative=1"
    )
    assert links[1].startswith("geo:30.24,120.15?q=")
    assert not any("%E5%BC%A0" in one for one in links)
