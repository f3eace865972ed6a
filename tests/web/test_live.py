"""Open pages are told what changed, and in a demo what time it is."""

import asyncio

import pytest
from web_support import NOW, Browser, a_house, app_of

from doorstep.web import live
from store import people


class Page:
    """A page that goes away after it was asked ``looks`` times."""

    def __init__(self, looks):
        self.looks = looks

    async def is_disconnected(self):
        self.looks -= 1
        return self.looks < 0


async def heard(house, looks, topics):
    app = app_of(house)
    parts = []
    async for part in live.stream(Page(looks), app.state.web):
        parts.append(part)
        if part.startswith("event: clock"):
            for topic in topics:
                house.bus.publish(topic)
    return parts


def test_a_topic_is_told_once_however_often_it_was_published(house):
    parts = asyncio.run(heard(house, 1, ["cases", "cases", "routes"]))
    assert [p for p in parts if "changed" in p] == [live.said("changed", "cases"), live.said("changed", "routes")]


def test_the_stream_says_the_houses_own_time(house):
    parts = asyncio.run(heard(house, 1, ["cases"]))
    assert live.said("clock", NOW.isoformat()) in parts


def test_a_stranger_hears_nothing(stranger):
    assert stranger.get("/events").status_code == 401


# --- what only a demo can do ---------------------------------------------------------------------------------------


@pytest.fixture
def demo(tmp_path):
    house = a_house(tmp_path, demo=True)
    speeds = []
    browser = Browser(app_of(house, speed=speeds.append)).sign_in("lin")
    yield house, browser, speeds
    browser.close()
    house.store.close()


def test_simulated_time_is_shown_and_its_speed_set(demo):
    _, browser, speeds = demo
    page = browser.get("/").text
    assert "2026-11-22 14:00" in page
    assert "3600×" in page
    assert browser.post("/demo/speed", {"speed": "3600", "next": "/routes"}).headers["location"] == "/routes"
    assert browser.post("/demo/speed", {"speed": "7"}).status_code == 422
    assert speeds == [3600]


def test_one_may_sit_down_as_a_colleague_to_show_a_hand_over(demo):
    _, browser, _ = demo
    browser.get("/")
    browser.post("/demo/person", {"person": "chen"})
    assert "<span>Chen Mo</span>" in browser.get("/").text
    assert browser.post("/demo/person", {"person": "gone"}).status_code == 404


def test_outside_a_demo_nobody_acts_as_another_or_moves_the_clock(house, lin):
    assert "/demo/" not in lin.get("/").text
    assert lin.post("/demo/person", {"person": "chen"}).status_code == 404
    assert lin.post("/demo/speed", {"speed": "60"}).status_code == 404
    assert "<span>林晓</span>" in lin.get("/").text
    assert house.store.read(people.find_person, "lin").name == "林晓"
