"""Telegram: a button acknowledges, an answer comments, the same message shows who; over the simulated Bot API server."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from running_support import free_port
from synapse import PYTHON, require
from telegram_support import GROUP, TOKEN, USERS, Group, a_group, serving

from chat.acts import ActKind, Batch
from chat.base import Account
from chat.telegram import CHAT, PRESSED, TelegramSettings, answer, edit, read, request, send, sent
from domain.errors import AccessDenied, RateLimited, UnreadableReply
from net.http import HttpReply
from sim.chats.telegram import TelegramGateway
from store import chat_people, check

TABLE = {"token": TOKEN, "chat": GROUP}


def account(**changes: object) -> Account:
    return Account("telegram", "desk", msgspec.convert({**TABLE, **changes}, TelegramSettings))


@pytest.fixture
def gateway() -> TelegramGateway:
    return TelegramGateway(TOKEN, group=GROUP)


@pytest.fixture
def group(tmp_path: Path, gateway: TelegramGateway) -> Iterator[Group]:
    with serving(gateway, free_port()) as url:
        made = a_group(tmp_path, gateway, url)
        yield made
        made.close()


# --- people ----------------------------------------------------------------------------------------------------------


def test_a_press_takes_the_case_and_the_same_message_says_who(group: Group, gateway: TelegramGateway) -> None:
    case = group.open()
    group.begin()
    group.send()
    press = gateway.press(USERS["li"], group.message(case).id, "ack")
    assert group.listen() == 1
    group.send()
    assert ("acknowledged", "li") in group.history(case)
    assert "李梅" in group.message(case).text
    assert len(gateway.in_group()) == 1
    assert gateway.answers[press] == {"callback_query_id": press}


def test_who_presses_second_is_told_so_and_nothing_changes(group: Group, gateway: TelegramGateway) -> None:
    case = group.open()
    group.begin()
    group.send()
    gateway.start(USERS["sam"])
    gateway.press(USERS["li"], group.message(case).id, "ack")
    second = gateway.press(USERS["sam"], group.message(case).id, "ack")
    group.listen()
    group.send()
    assert [event for event, _ in group.history(case)].count("acknowledged") == 1
    assert gateway.answers[second]["show_alert"] is True
    alone = [m.text for (chat, _), m in gateway.messages.items() if chat == USERS["sam"] and m.sender == gateway.bot]
    assert any("李梅" in text for text in alone)


def test_an_answer_to_the_message_is_a_comment_and_a_command_is_done(group: Group, gateway: TelegramGateway) -> None:
    case = group.open()
    group.begin()
    group.send()
    message = group.message(case).id
    gateway.write(USERS["li"], "called the station, they search", to=message)
    gateway.write(USERS["li"], "resolve found at the front desk", to=message)
    group.listen()
    group.send()
    assert [event for event, by in group.history(case) if by == "li"] == ["commented", "resolved"]
    assert group.message(case).markup == {"inline_keyboard": []}


def test_a_question_is_answered_where_it_was_asked(group: Group, gateway: TelegramGateway) -> None:
    """With a slash and the bot's name, as Telegram completes it."""
    group.open()
    group.begin()
    group.send()
    asked = gateway.write(USERS["li"], "/due@DoorstepBot")
    group.listen()
    group.send()
    assert [m.reply_to for m in gateway.in_group() if m.reply_to] == [asked]


def test_whoever_isn_t_known_is_invited_once_they_started_the_bot(tmp_path: Path, gateway: TelegramGateway) -> None:
    """A bot can't write first: the press is answered with what to do, and the link comes when they did."""
    with serving(gateway, free_port()) as url:
        group = a_group(tmp_path, gateway, url, link=False)
        case = group.open()
        group.begin()
        group.send()
        press = gateway.press(999, group.message(case).id, "ack")
        group.listen()
        group.run(group.channel.send_due())
        assert "press Start" in gateway.answers[press]["text"]
        gateway.start(999)
        group.send()
        [invitation] = [m.text for (chat, _), m in gateway.messages.items() if chat == 999 and m.sender == gateway.bot]
        assert "sign in" in invitation
        assert [by for _, by in group.history(case) if by] == []
        group.close()


def test_a_deactivated_person_s_press_is_refused_and_on_record(group: Group, gateway: TelegramGateway) -> None:
    case = group.open()
    group.begin()
    group.send()
    gateway.press(USERS["gone"], group.message(case).id, "ack")
    group.listen()
    assert [by for _, by in group.history(case) if by] == []
    assert group.house.store.read(chat_people.person_of, "telegram", str(USERS["gone"])) == "gone"
    assert group.house.store.read(check.differences, now=group.clock.at) == []


def test_presses_that_come_again_have_one_effect(group: Group, gateway: TelegramGateway) -> None:
    """An update is given again until it is confirmed: after a crash between the commit and the next question."""
    case = group.open()
    group.begin()
    group.send()
    gateway.press(USERS["li"], group.message(case).id, "ack")
    updates = list(gateway._updates)
    assert group.listen() == 1
    gateway._updates = updates
    group.listen()
    assert [event for event, _ in group.history(case)].count("acknowledged") == 1


def test_five_deliveries_at_once_have_one_effect(group: Group, gateway: TelegramGateway) -> None:
    """Two listeners and a restart could hear the same press at the same time: one act, one edit."""
    case = group.open()
    group.begin()
    group.send()
    press = gateway.press(USERS["li"], group.message(case).id, "ack")

    async def five_times() -> list[bool]:
        batch = await group.channel.line.listen(str(gateway._updates[-1]["update_id"]))
        return await asyncio.gather(*(group.channel._take(one) for _ in range(5) for one in batch.heard))

    assert group.run(five_times()).count(True) == 1
    group.send()
    assert [event for event, by in group.history(case) if by] == ["acknowledged"]
    assert [number for number, _ in gateway.edits] == [group.message(case).id]
    assert press in gateway.answers


def test_a_letter_whose_answer_got_lost_may_stand_twice_and_the_newest_counts(group: Group, gateway) -> None:
    """There is no key that keeps a message from being sent twice: an ambiguous time-out costs one more message, no more."""
    case = group.open()
    group.begin()
    gateway.loses_answers = 1
    group.send()
    group.clock.set(group.clock.at + timedelta(minutes=1))
    group.send()
    assert len(gateway.in_group()) == 2
    assert group.message(case).id == gateway.in_group()[-1].id


def test_the_group_s_limits_are_kept_to(tmp_path: Path) -> None:
    """Thirty alerts at twenty a minute: none is refused by the server, none is lost."""
    gateway = TelegramGateway(TOKEN, group=GROUP, limited=True)
    with serving(gateway, free_port()) as url:
        group = a_group(tmp_path, gateway, url, per_minute=20)
        gateway.clock = lambda: group.clock().timestamp()
        for n in range(30):
            group.open(n)
        group.begin()
        group.send()
        assert len(gateway.in_group()) == 30
        assert gateway.refused == 0
        group.close()


# --- bytes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("token", "abc"),
        ("chat", "desk"),
        ("base_url", "http://t.example.com"),
        ("lang", "fr"),
        ("per_minute", 0),
        ("x", 1),
    ],
)
def test_wrong_settings_are_refused(key: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        account(**{key: value})


def test_the_first_look_asks_for_the_newest_only_and_the_next_from_there_on() -> None:
    assert json.loads(request(account(), "").body)["offset"] == -1
    assert json.loads(request(account(), "17").body)["offset"] == 17


def test_what_a_button_carries_fits_and_means_what_the_signs_mean() -> None:
    """At most 64 bytes; the same four acts as reactions elsewhere."""
    assert all(1 <= len(name.encode()) <= 64 for name in PRESSED)
    assert {wish.kind for wish in PRESSED.values()} == {
        ActKind.ACKNOWLEDGE, ActKind.ASSIGN, ActKind.SNOOZE, ActKind.RESOLVE,
    }  # fmt: skip


def test_a_limit_says_how_long_to_wait() -> None:
    body = b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 14","parameters":{"retry_after":14}}'
    with pytest.raises(RateLimited) as caught:
        sent(HttpReply(429, {}, body))
    assert caught.value.retry_after_s == 14


def test_a_group_that_became_a_supergroup_says_its_new_number() -> None:
    body = b'{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded","parameters":{"migrate_to_chat_id":-100987}}'
    with pytest.raises(AccessDenied, match="set chat = -100987"):
        sent(HttpReply(400, {}, body))


def test_a_second_listener_is_a_person_s_business() -> None:
    with pytest.raises(AccessDenied, match="only one program"):
        read(
            HttpReply(409, {}, b'{"ok":false,"description":"Conflict: terminated by other getUpdates request"}'),
            account(),
        )


def test_an_edit_that_changes_nothing_is_done() -> None:
    body = b'{"ok":false,"error_code":400,"description":"Bad Request: message is not modified: the same"}'
    assert sent(HttpReply(400, {}, body)) == ""


def test_somebody_who_hasn_t_started_the_bot_is_the_letter_s_trouble_alone() -> None:
    with pytest.raises(UnreadableReply, match="press Start"):
        sent(HttpReply(400, {}, b'{"ok":false,"description":"Bad Request: chat not found"}'))


def test_another_chat_s_updates_say_nothing() -> None:
    """The bot may be in other groups, and people write to it alone: neither is the desk."""
    update = {"update_id": 5, "message": {"message_id": 1, "chat": {"id": 999}, "from": {"id": 1}, "text": "mine"}}
    told = read(HttpReply(200, {}, json.dumps({"ok": True, "result": [update]}).encode()), account())
    assert told == Batch((), "6")


def test_only_a_press_wants_an_answer() -> None:
    update = {"update_id": 5, "message": {"message_id": 1, "chat": {"id": GROUP}, "from": {"id": 1}, "text": "mine"}}
    [heard] = read(HttpReply(200, {}, json.dumps({"ok": True, "result": [update]}).encode()), account()).heard
    assert answer(heard, account(), taken=True) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_whatever_an_update_holds_is_read_or_left_alone(value: object) -> None:
    body = json.dumps({"ok": True, "result": [{"update_id": 1, "message": value, "callback_query": value}]}).encode()
    assert isinstance(read(HttpReply(200, {}, body), account()), Batch)


def test_the_token_is_in_no_repr() -> None:
    made = [send({"text": "x"}, account(), "k"), edit({"text": "x"}, "5", account(), "k")]
    assert "simulated_token" not in repr(made) + repr(account()) + repr(CHAT)


# --- the server is right enough for somebody else's client -----------------------------------------------------------


def test_another_client_unchanged_works_on_the_simulated_server(gateway: TelegramGateway) -> None:
    """python-telegram-bot connects, sends, hears a press, answers it and edits: what our own client does there counts."""
    require()
    with serving(gateway, free_port()) as url:
        bot = subprocess.Popen(
            [str(PYTHON), str(Path(__file__).with_name("ptb_bot.py")), url, TOKEN, str(GROUP)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert bot.stdout is not None
        sent_line = bot.stdout.readline().split()
        press = gateway.press(USERS["li"], int(sent_line[1]), "ack")
        assert bot.stdout.readline().split() == ["pressed", str(USERS["li"]), "ack"]
        assert bot.stdout.readline().strip() == "edited"
        assert bot.wait(20) == 0
    [message] = gateway.in_group()
    assert (message.text, message.markup.get("inline_keyboard") or []) == ("taken", [])
    assert gateway.answers[press]["text"] == "done"
