"""Couriers at Telegram's simulated gateway: linked by a code, told their route and its differences, heard once."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from courier_support import COURIERS, a_route, cancel, happened, letters, status
from running_support import free_port
from telegram_support import GROUP, TOKEN, USERS, Group, a_group, serving

from doorstep import courier_chat
from scheduler import reports
from sim.chats.telegram import TelegramGateway
from store import check, courier_chats, facts

WANG, STRANGER = 601, 999
PERSONAL = ("欧阳伟强", "13812345678", "梧桐路")


@pytest.fixture
def gateway() -> TelegramGateway:
    return TelegramGateway(TOKEN, group=GROUP)


@pytest.fixture
def group(tmp_path: Path, gateway: TelegramGateway) -> Iterator[Group]:
    with serving(gateway, free_port()) as url:
        made = a_group(tmp_path, gateway, url, more=COURIERS)
        made.begin()
        yield made
        made.close()


def link(group: Group, user: int = WANG) -> str:
    code = courier_chat.new_code(group.house, "wang", by="li", via="console")
    group.gateway.started.add(user)
    group.gateway.write(user, f"/start {code}", chat=user)
    group.listen()
    group.send()
    return code


def said(group: Group, user: int = WANG) -> list[str]:
    return [kept.text for kept in group.gateway.alone(user)]


def write(group: Group, text: str, user: int = WANG) -> None:
    group.gateway.write(user, text, chat=user)
    group.listen()
    group.send()


def press(group: Group, phrase: str, user: int = WANG) -> None:
    """Press the newest button with this phrase."""
    value = f"route:{phrase}"
    shown = [m for m in group.gateway.alone(user) if value in str(m.markup)]
    group.gateway.press(user, shown[-1].id, value, chat=user)
    group.listen()
    group.send()


def test_a_courier_links_themselves_with_a_code_and_gets_the_route_that_waits(group: Group) -> None:
    """The code works once; what they have to drive already comes at once, with its link and without a customer."""
    a_route(group.house)
    code = link(group)
    welcome, route = sorted(said(group))
    assert "王师傅" in welcome
    assert "3 stops" in route
    assert group.house.settings.doorstep.public_url + "/courier/" in route
    assert not any(personal in route for personal in PERSONAL)
    write(group, f"link {code}", STRANGER)
    found = group.house.store.read(courier_chats.of_courier, "wang")
    assert found is not None
    assert (found.channel, found.identity) == ("telegram:desk", str(WANG))


def test_a_code_too_old_or_guessed_links_nobody(group: Group) -> None:
    """Ten minutes; and after five wrong ones a person isn't listened to any more, not even with the right one."""
    code = courier_chat.new_code(group.house, "wang", by="li", via="console")
    group.gateway.started.add(STRANGER)
    for n in range(courier_chat.MAX_TRIES + 3):
        write(group, f"link 2WRONG{n}X", STRANGER)
    write(group, f"link {code}", STRANGER)
    assert len(said(group, STRANGER)) == courier_chat.MAX_TRIES
    group.clock.set(group.clock.at + courier_chat.CODE_FOR + timedelta(seconds=1))
    write(group, f"link {code}", WANG)
    assert group.house.store.read(courier_chats.of_courier, "wang") is None


def test_only_what_is_different_is_told(group: Group) -> None:
    """A stop that is cancelled is one line, not the list again; saying it twice says nothing."""
    link(group)
    a_route(group.house, 5)
    group.send()
    cancel(group.house, "RT1-5")
    cancel(group.house, "RT1-5")
    group.send()
    assert "Stop 5 is cancelled" in said(group)[-1]
    assert "4 stops left" in said(group)[-1]
    assert letters(group.house, "telegram:desk") == ["dispatched", "changed"]


def test_a_courier_says_how_it_stands(group: Group) -> None:
    """By button or by word; each is a fact of the route, once, in the courier's name; later lateness replaces what was said."""
    link(group)
    a_route(group.house)
    group.send()
    press(group, "off")
    press(group, "off")
    press(group, "late 15")
    write(group, "late 40")
    write(group, "满载")
    assert happened(group.house, "RT1") == [
        ("dispatched", None), ("courier_off", "wang"), ("courier_late", "wang"), ("courier_late", "wang"), ("courier_full", "wang"),
    ]  # fmt: skip
    assert [f.data for f in group.house.store.read(facts.history, "route", "RT1")][2:4] == [
        {"minutes": 15},
        {"minutes": 40},
    ]
    assert "40 minutes late" in said(group)[-2]


def test_a_courier_can_t_go_on_and_can_again(group: Group) -> None:
    """In their words, or by the button that comes with the answer; said again it is one fact, after all was well it is a new one."""
    link(group)
    a_route(group.house)
    group.send()
    write(group, "carry on")
    write(group, "can't go on")
    write(group, "跑不了")
    assert "remaining stops go to others" in said(group)[-1]
    press(group, "well")
    assert "you carry on" in said(group)[-1]
    write(group, "full")
    write(group, "继续")
    write(group, "full")
    events = [event for event, by in happened(group.house, "RT1") if by == "wang"]
    assert events == ["courier_out", "courier_well", "courier_full", "courier_well", "courier_full"]
    assert reports.said_of(group.house.store.read(facts.history, "route", "RT1")).full


def test_a_stop_fails_by_buttons_and_by_numbers(group: Group) -> None:
    """Through the same act as on the page: reason and fault are kept, the return comes back."""
    link(group)
    a_route(group.house)
    group.send()
    press(group, "failed")
    press(group, "failed 2")
    press(group, "2 1")
    write(group, "3 4")
    assert status(group.house, "RT1-2") == ("failed", "absent")
    assert status(group.house, "RT1-3") == ("failed", "refused")
    write(group, "2 4")
    assert status(group.house, "RT1-2") == ("failed", "absent")
    assert "ended before" in said(group)[-1]
    assert group.house.store.read(check.differences, now=group.clock.at) == []


def test_numbers_stay_what_they_were(group: Group) -> None:
    """After stop 1 was cancelled, 2 is still 2."""
    link(group)
    a_route(group.house)
    cancel(group.house, "RT1-1")
    group.send()
    write(group, "2 1")
    assert status(group.house, "RT1-2") == ("failed", "absent")
    write(group, "9 1")
    assert "no stop 9" in said(group)[-1]


def test_a_courier_has_their_own_route_only(group: Group) -> None:
    """Another's route isn't reached by any number or button; who is nobody's courier changes nothing."""
    link(group)
    a_route(group.house, courier="zhao")
    write(group, "1 1")
    assert "no open route" in said(group)[-1]
    group.gateway.started.add(STRANGER)
    write(group, "1 1", STRANGER)
    write(group, "hello", STRANGER)
    assert [one for one in said(group, STRANGER) if "Couriers ask the desk" in one] == said(group, STRANGER)
    assert len(said(group, STRANGER)) == 1
    assert status(group.house, "RT1-1") == ("planned", "")


def test_what_comes_five_times_at_once_has_one_effect(group: Group, gateway: TelegramGateway) -> None:
    """One act, one answer: also where the process died between the commit and the confirmation."""
    link(group)
    a_route(group.house)
    group.send()
    route = next(m for m in gateway.alone(WANG) if "route:off" in str(m.markup))
    gateway.press(WANG, route.id, "route:late 15", chat=WANG)
    gateway.write(WANG, "1 1", chat=WANG)
    told = len(said(group))
    [press_, text] = _updates(gateway)

    async def five_times() -> None:
        batch = await group.channel.line.listen(str(press_["update_id"]))
        await asyncio.gather(*(group.channel._take(one) for _ in range(5) for one in batch.heard))

    group.run(five_times())
    group.listen()
    group.send()
    assert text["update_id"] > press_["update_id"]
    assert [event for event, _ in happened(group.house, "RT1")].count("courier_late") == 1
    assert status(group.house, "RT1-1") == ("failed", "absent")
    assert len(said(group)) == told + 2


def _updates(gateway: TelegramGateway) -> list[dict[str, int]]:
    return gateway._updates[-2:]


def test_each_is_told_in_their_own_language(group: Group) -> None:
    """The channel's by default; the courier can say which, and the route follows."""
    link(group)
    write(group, "中文")
    a_route(group.house)
    group.send()
    assert "的路线" in said(group)[-1]


def test_the_desk_can_say_where_a_courier_is_written_to(group: Group) -> None:
    """Whoever had the identity before isn't written to there any more."""
    link(group)
    why = courier_chat.set_by_hand(group.house, "zhao", "telegram:desk", str(WANG), "", by="li", via="console")
    assert why is None
    a_route(group.house)
    group.send()
    assert not any("3 stops" in one for one in said(group))
    for courier, channel, identity in (
        ("nobody", "telegram:desk", "1"),
        ("zhao", "slack:x", "1"),
        ("zhao", "telegram:desk", " "),
    ):
        assert courier_chat.set_by_hand(group.house, courier, channel, identity, "", by="li", via="console") is not None
    assert group.house.store.read(check.differences, now=group.clock.at) == []


def test_a_press_in_the_group_is_none_of_a_route(group: Group, gateway: TelegramGateway) -> None:
    """Numbers of messages are a chat's own: what is done alone never reaches a case, nor the other way round."""
    case = group.open()
    link(group)
    a_route(group.house)
    group.send()
    same = group.message(case).id
    route = gateway.alone(WANG)[-1]
    gateway.messages[WANG, same] = route
    gateway._update({"callback_query": {"id": "5", "from": {"id": USERS["li"], "is_bot": False, "first_name": "x"},
        "message": {**route.to_json(), "message_id": same}, "data": "ack"}})  # fmt: skip
    group.listen()
    assert [by for _, by in group.history(case) if by] == []
