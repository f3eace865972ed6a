"""Mattermost: reactions and threads over the websocket, buttons signed by us; over the simulated server (ours)."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from courier_support import COURIERS, a_route, happened, status
from mattermost_support import BOT, CHANNEL, HOOK, JSON, USERS, MattermostDesk, a_desk, a_gateway
from running_support import free_port
from telegram_support import serving

from chat.base import Account
from chat.mattermost import CHAT, VALID_FOR, MattermostSettings
from doorstep import courier_chat
from sim.chats.mattermost import MattermostGateway, an_id
from store import check, courier_chats

ACK = "✅ Acknowledge"


@pytest.fixture
def gateway() -> MattermostGateway:
    return a_gateway()


@pytest.fixture
def desk(tmp_path: Path, gateway: MattermostGateway) -> Iterator[MattermostDesk]:
    with serving(gateway, free_port()) as url:  # type: ignore[arg-type]
        made = a_desk(tmp_path, gateway, url, more=COURIERS)
        yield made
        made.close()


def test_a_press_takes_the_case_and_the_same_post_says_who(desk: MattermostDesk, gateway: MattermostGateway) -> None:
    """200 after the commit, nothing shown; the post is edited, its buttons signed anew for it."""
    case, post = desk.shown()
    assert "Acknowledge" in str(post.buttons)
    [answer] = desk.press(USERS["li"], post.id, ACK)
    assert (answer.status_code, answer.json()) == (200, {})
    desk.send()
    assert desk.deeds(case) == [("acknowledged", "li")]
    assert "李梅" in desk.message(case).message
    assert [one.edits for one in gateway.in_channel()] == [1]


def test_a_press_that_comes_five_times_at_once_has_one_effect(desk: MattermostDesk) -> None:
    case, post = desk.shown()
    assert {one.status_code for one in desk.press(USERS["li"], post.id, ACK, times=5)} == {200}
    assert desk.deeds(case) == [("acknowledged", "li")]
    assert desk.house.store.read(check.differences, now=desk.clock.at) == []


def test_who_presses_second_is_told_so_alone(desk: MattermostDesk, gateway: MattermostGateway) -> None:
    case, post = desk.shown()
    desk.press(USERS["li"], post.id, ACK)
    [answer] = desk.press(USERS["sam"], post.id, ACK)
    desk.send()
    assert "ephemeral_text" in answer.json()
    assert desk.deeds(case) == [("acknowledged", "li")]
    assert any("李梅" in one.message for one in gateway.alone_with(USERS["sam"]))


def test_reactions_and_threads_need_no_address_of_ours(desk: MattermostDesk, gateway: MattermostGateway) -> None:
    """✅ acknowledges, a word in the thread is a comment, a command is done; the bot's own reaction and other bots' words are nothing."""
    case, post = desk.shown()

    def act() -> bool:
        if gateway.connections and not acted:
            acted.append(1)
            gateway.react(BOT, post.id, "white_check_mark")
            gateway.write(USERS["sam"], "resolve all", to=post.id, from_bot="true")
            gateway.react(USERS["li"], post.id, "white_check_mark")
            gateway.write(USERS["li"], "asked the station", to=post.id)
            gateway.write(USERS["li"], "resolve: found", to=post.id)
        return len(desk.deeds(case)) >= 3

    acted: list[int] = []
    desk.listen_until(act)
    desk.send()
    assert desk.deeds(case) == [("acknowledged", "li"), ("commented", "li"), ("resolved", "li")]
    assert desk.message(case).buttons == []


def test_whoever_isn_t_known_is_invited_alone(tmp_path: Path, gateway: MattermostGateway) -> None:
    with serving(gateway, free_port()) as url:  # type: ignore[arg-type]
        desk = a_desk(tmp_path, gateway, url, link=False)
        case, post = desk.shown()
        desk.press(an_id("new"), post.id, ACK)
        desk.send()
        [invitation] = gateway.alone_with(an_id("new"))
        assert "/chat/link/" in invitation.message
        assert desk.deeds(case) == []
        desk.close()


def test_a_button_of_one_case_is_no_button_of_another(desk: MattermostDesk, gateway: MattermostGateway) -> None:
    """Also before the post was ever edited, when only the case is in the signature: two posts, one captured press."""
    _, first = desk.shown(1)
    second_case, second = desk.shown(2)
    captured = gateway.press(USERS["li"], first.id, ACK)
    answer = desk.call(JSON, json.dumps({**captured, "post_id": second.id}).encode(), path=HOOK)
    assert answer.status_code == 200
    assert desk.deeds(second_case) == []


def test_an_old_button_is_dead(desk: MattermostDesk) -> None:
    """Two weeks after the last act on its case; a press of an earlier drawing of the post changes nothing either."""
    case, post = desk.shown()
    desk.clock.set(desk.clock.at + VALID_FOR + timedelta(minutes=1))
    [answer] = desk.press(USERS["li"], post.id, ACK)
    assert answer.status_code == 401
    assert desk.deeds(case) == []


@pytest.mark.parametrize("forgets", [False, True])
def test_an_answer_that_got_lost_makes_no_second_post(
    desk: MattermostDesk, gateway: MattermostGateway, forgets: bool
) -> None:
    """The pending id answers with the same post; where that is forgotten our key is looked for first."""
    gateway.loses_answers, gateway.forgets = 1, forgets
    case = desk.open()
    desk.send()
    desk.clock.set(desk.clock.at + timedelta(minutes=5))
    desk.send()
    assert len(gateway.in_channel()) == 1
    assert desk.message(case).message


def test_a_courier_gets_their_route_alone_and_answers_by_button(
    desk: MattermostDesk, gateway: MattermostGateway
) -> None:
    """Linked by a code on the websocket; the route's buttons are signed for the place where only they and the bot are."""
    wang = an_id("wang")
    code = courier_chat.new_code(desk.house, "wang", by="li", via="console")

    def say() -> bool:
        if gateway.connections and not acted:
            acted.append(1)
            gateway.write(wang, f"link {code}", channel=gateway.direct(wang))
        return desk.house.store.read(courier_chats.of_courier, "wang") is not None

    acted: list[int] = []
    desk.listen_until(say)
    a_route(desk.house)
    desk.send()
    [route] = [one for one in gateway.alone_with(wang) if one.buttons]
    [answer] = desk.press(wang, route.id, "⏱ 15 min late")
    assert answer.status_code == 200
    assert ("courier_late", "wang") in happened(desk.house, "RT1")
    desk.press(USERS["li"], route.id, "📦 Vehicle full")
    assert ("courier_full", "wang") not in happened(desk.house, "RT1")
    assert status(desk.house, "RT1-1") == ("planned", "")


GOOD = {"url": "https://chat.example.com", "token": "t", "bot": BOT, "channel": CHANNEL}


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://chat.example.com"}, {"bot": "short"}, {"callback": "https://desk.example.com"}, {"secret": "x" * 32},
        {"callback": "http://desk.example.com", "secret": "x" * 32}, {"callback": "https://desk.example.com", "secret": "short"},
    ],
)  # fmt: skip
def test_settings_that_let_others_act_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**GOOD, **wrong}, MattermostSettings)


def test_without_an_address_of_ours_there_are_no_buttons() -> None:
    """And no hook: the words and reactions do all of it."""
    used = Account("mattermost", "desk", msgspec.convert(GOOD, MattermostSettings))
    assert CHAT.outward is not None
    assert CHAT.hook is not None
    buttons = [{"do": "ack", "name": "Ack"}]
    sent = json.loads(
        CHAT.outward.send({"message": "x", "buttons": buttons, "about": "case/1", "until": 1}, used, "k").body
    )
    assert sent["props"]["attachments"] == []
    assert not CHAT.hook.ready(used)
