"""Couriers' chats on the desk: who is linked, a code that is shown once, the end of a link; who may see and do that."""

import re
from collections.abc import Iterator

import pytest
from web_support import NOW, Browser, app_of

from chat.acts import Heard, RouteWord, Wish
from doorstep import courier_chat
from doorstep.house import House
from store import audit, chat_queue, check, courier_chats, facts
from store.chat_queue import ChannelRow

TELEGRAM = ChannelRow("telegram:desk", "telegram", "en", "UTC", "")
APPRISE = ChannelRow("apprise:last", "apprise", "en", "UTC", "")


@pytest.fixture
def agent(house: House) -> Iterator[Browser]:
    """An agent of the desk, in a house with one chat."""
    house.store.write(chat_queue.set_channels, [TELEGRAM, APPRISE], now=NOW)
    made = Browser(app_of(house)).sign_in("chen")
    yield made
    made.close()


def happened(house: House) -> list[tuple[str, str | None, str]]:
    return [(f.event, f.by, f.channel) for f in house.store.read(facts.history, "courier", "li")]


def links(house: House, code: str) -> None:
    """The courier writes the code to the bot."""
    said = Heard("k1", "601", Wish(RouteWord.LINK, code), alone=True)
    house.store.write(lambda db: courier_chat.heard_from(house, db, said, TELEGRAM, NOW))


def test_a_code_is_shown_once_and_links_the_courier(house: House, agent: Browser) -> None:
    """On the answer alone, with where to write it; afterwards the page tells the chat, since when and by what."""
    assert "not linked" in agent.get("/couriers").text
    page = agent.post("/couriers/li/code", {})
    [code] = re.findall(r"link ([2-9A-Z]{8})", page.text)
    assert "telegram:desk" in page.text
    assert "apprise:last" not in page.text
    again = agent.get("/couriers").text
    assert code not in again
    assert "a code is waiting" in again
    links(house, code)
    told = agent.get("/couriers").text
    assert "601" in told
    assert "by code" in told
    assert "&lt;time" not in told
    assert happened(house) == [("code_made", "chen", "console"), ("linked", "li", "telegram:desk")]
    assert ("linked", "li") in [(e.fact.event, e.fact.subject_id) for e in house.store.read(audit.page).entries]


def test_a_link_is_ended(house: House, agent: Browser) -> None:
    """Nothing is written there any more; it is on record who ended it; ending it twice is no page."""
    courier_chat.set_by_hand(house, "li", "telegram:desk", "601", "", by="lin", via="console")
    assert "林晓" in agent.get("/couriers").text
    page = agent.post("/couriers/li/unlink", {})
    assert "is written to in no chat any more" in page.text
    assert house.store.read(courier_chats.of_courier, "li") is None
    assert happened(house)[-1] == ("unlinked", "chen", "console")
    [newest, *_] = house.store.read(audit.page).entries
    assert (newest.fact.event, newest.fact.subject_id, newest.fact.by) == ("unlinked", "li", "chen")
    assert agent.post("/couriers/li/unlink", {}).status_code == 404
    assert house.store.read(check.differences, now=NOW) == []


def test_a_link_of_somebody_who_left_the_settings_can_be_ended(house: House, agent: Browser) -> None:
    gone = courier_chats.CourierChat("old", "telegram:desk", "777", "", NOW)
    house.store.write(courier_chats.link, gone, by=None, via="cli")
    page = agent.get("/couriers").text
    assert "no longer in the settings" in page
    assert "/couriers/old/code" not in page
    assert agent.post("/couriers/old/code", {}).status_code == 404
    assert agent.post("/couriers/old/unlink", {}).status_code == 200


def test_only_who_works_on_cases_may(house: House, agent: Browser) -> None:
    """A viewer neither sees nor does it, and trying is on record; a form from elsewhere is refused; nobody unknown gets a code."""
    eve = Browser(app_of(house)).sign_in("eve")
    assert "/couriers" not in eve.get("/").text
    for answer in (eve.get("/couriers"), eve.post("/couriers/li/code", {}), eve.post("/couriers/li/unlink", {})):
        assert answer.status_code == 403
    eve.close()
    stranger = Browser(app_of(house))
    assert stranger.get("/couriers").status_code == 303
    assert stranger.post("/couriers/li/code", {}).status_code in {303, 403}
    stranger.close()
    assert agent.post("/couriers/li/code", {}, csrf=False).status_code == 403
    assert agent.post("/couriers/nobody/code", {}).status_code == 404
    assert happened(house) == []
    refused = [e.fact.data.get("path") for e in house.store.read(audit.page).entries if e.fact.event == "refused"]
    assert sorted(refused) == ["/couriers", "/couriers/li/code", "/couriers/li/unlink"]


def test_without_a_chat_there_is_no_code(house: House) -> None:
    """The page says what is missing."""
    agent = Browser(app_of(house)).sign_in("chen")
    page = agent.get("/couriers").text
    assert "No chat that couriers could write to is set" in page
    assert "/couriers/li/code" not in page
    agent.close()
