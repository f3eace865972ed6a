"""Slack: a button acknowledges, a thread reply comments, the same message shows who; over a simulated workspace."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import msgspec
import pytest
from hostile import HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from running_support import free_port
from slack_support import APP_TOKEN, CHANNEL, SECRET, TEAM, TOKEN, USERS, Desk, a_desk, a_gateway
from synapse import PYTHON
from telegram_support import serving
from test_chat_contract import READERS, an_alert

from chat.acts import ActKind, Question
from chat.base import Account, Address, Caught
from chat.slack import BUTTONS, CHAT, SlackSettings, address, escaped, sent
from chat.slack_heard import signature
from domain.errors import AccessDenied, RateLimited, Unreachable, UnreadableReply
from domain.words import Words
from doorstep.chat_plan import plan_for
from net.http import HttpReply
from sim.chats.slack import SlackGateway
from store import chat_queue, check

SETTINGS = {"token": TOKEN, "team": TEAM, "channel": CHANNEL, "app_token": APP_TOKEN, "signing_secret": SECRET}


def account(**changes: object) -> Account:
    return Account("slack", "desk", msgspec.convert({**SETTINGS, **changes}, SlackSettings))


@pytest.fixture
def gateway() -> SlackGateway:
    return a_gateway()


@pytest.fixture
def desk(tmp_path: Path, gateway: SlackGateway) -> Iterator[Desk]:
    with serving(gateway, free_port()) as url:
        made = a_desk(tmp_path, gateway, url)
        yield made
        made.close()


# --- people, over the long connection --------------------------------------------------------------------------------


def test_a_press_takes_the_case_and_the_same_message_says_who(desk: Desk, gateway: SlackGateway) -> None:
    case, message = desk.shown()
    press = gateway.press(USERS["li"], message.ts, "ack")
    desk.listen_until(lambda: press.answered is not None)
    desk.send()
    assert desk.deeds(case) == [("acknowledged", "li")]
    assert "李梅" in desk.message(case).text
    assert len(gateway.in_channel()) == 1
    assert press.answered == {"envelope_id": press.id}
    assert desk.house.store.read(check.differences, now=desk.clock.at) == []


def test_a_thread_reply_comments_and_a_command_is_done(desk: Desk, gateway: SlackGateway) -> None:
    case, message = desk.shown()
    gateway.write(USERS["li"], "called the station & they <search>", to=message.ts)
    done = gateway.write(USERS["li"], "resolve found at the front desk", to=message.ts)
    desk.listen_until(lambda: done.answered is not None)
    desk.send()
    assert desk.deeds(case) == [("commented", "li"), ("resolved", "li")]
    assert desk.message(case).buttons == []


def test_a_question_is_answered_in_its_thread(desk: Desk, gateway: SlackGateway) -> None:
    """With the bot's name before it, as people write it."""
    desk.shown()
    asked = gateway.write(USERS["li"], "due")
    desk.listen_until(lambda: asked.answered is not None)
    desk.send()
    assert len(gateway.in_thread(asked.payload["event"]["ts"])) == 1


def test_whoever_isn_t_known_is_invited_alone(tmp_path: Path, gateway: SlackGateway) -> None:
    with serving(gateway, free_port()) as url:
        desk = a_desk(tmp_path, gateway, url, link=False)
        case, message = desk.shown()
        press = gateway.press("U0NEW", message.ts, "ack")
        desk.listen_until(lambda: press.answered is not None)
        desk.send()
        assert desk.deeds(case) == []
        assert len(gateway.alone_with("U0NEW")) == 1
        assert len(gateway.in_channel()) == 1
        desk.close()


def test_the_same_user_id_of_another_workspace_is_somebody_else(desk: Desk, gateway: SlackGateway) -> None:
    """Channels can be shared with other workspaces: who somebody is, is workspace and user id."""
    case, message = desk.shown()
    payload = gateway.click(USERS["li"], message.ts, "ack")
    payload["user"]["team_id"] = "T0OTHER"
    press = gateway._tell("interactive", payload)
    desk.listen_until(lambda: press.answered is not None)
    assert desk.deeds(case) == []


def test_when_slack_asks_for_it_we_connect_anew(desk: Desk, gateway: SlackGateway) -> None:
    case, message = desk.shown()
    gateway.disconnect()
    desk.run(desk.channel.listening.once())  # type: ignore[union-attr]
    press = gateway.press(USERS["li"], message.ts, "ack")
    desk.listen_until(lambda: press.answered is not None)
    assert desk.deeds(case) == [("acknowledged", "li")]


def test_an_event_that_comes_again_has_one_effect(desk: Desk, gateway: SlackGateway) -> None:
    """What wasn't answered in time comes again under another envelope."""
    case, message = desk.shown()
    payload = gateway.event(USERS["li"], "they search", to=message.ts)
    tellings = [gateway._tell("events_api", payload) for _ in range(5)]
    desk.listen_until(lambda: all(one.answered is not None for one in tellings))
    assert desk.deeds(case) == [("commented", "li")]


# --- said once ---------------------------------------------------------------------------------------------------------


def test_a_letter_whose_answer_got_lost_is_found_and_not_said_twice(desk: Desk, gateway: SlackGateway) -> None:
    """Nobody knows whether it arrived: the channel is looked through for the letter's key before it is said again."""
    case = desk.open()
    gateway.loses_answers = 1
    desk.send()
    desk.clock.set(desk.clock.at + timedelta(minutes=1))
    desk.send()
    assert len(gateway.in_channel()) == 1
    assert desk.message(case) is gateway.in_channel()[0]
    assert gateway.calls.count("conversations.history") == 2  # once because the letter is as old as the channel's start


def test_a_letter_that_was_said_before_we_were_killed_is_not_said_twice(tmp_path: Path, gateway: SlackGateway) -> None:
    """Sent, and killed before that was written down: whoever comes up looks first."""
    with serving(gateway, free_port()) as url:
        desk = a_desk(tmp_path, gateway, url)
        case = desk.open()
        [letter] = desk.house.store.read(chat_queue.due, "slack:desk", now=desk.clock.at, limit=10)
        said = desk.run(desk.channel._send(letter, desk.house.store.read(plan_for, letter)))
        desk.close()
        again = a_desk(tmp_path, gateway, url)
        again.clock.set(again.clock.at + timedelta(minutes=1))
        again.send()
        assert [m.ts for m in gateway.in_channel()] == [said.remote_id]
        assert again.message(case).ts == said.remote_id
        again.close()


def test_the_channel_s_limit_is_kept_to(tmp_path: Path) -> None:
    gateway = a_gateway(limited=True)
    with serving(gateway, free_port()) as url:
        desk = a_desk(tmp_path, gateway, url, per_minute=50)
        for n in range(30):
            desk.open(n)
        desk.send()
        assert (len(gateway.in_channel()), gateway.refused) == (30, 0)
        desk.close()


def test_no_text_from_outside_comes_to_life(desk: Desk, gateway: SlackGateway) -> None:
    """Three hundred hostile numbers: the only thing that Slack makes a link of is our own address; nobody is mentioned."""
    control = {"channel": CHANNEL, "text": "<!channel> <@U0LI> <https://evil.example|x>"}
    gateway._look_for_life(control)
    assert len(gateway.alive) == 3
    gateway.alive.clear()
    for text in HOSTILE:
        alert = an_alert(
            number=text, owner="x", owner_name=text, evidence=(Words("evidence.wrong_place", {"place": text}),)
        )
        gateway._look_for_life(CHAT.render(alert, READERS["en"]))
    assert set(gateway.alive) == {"<https://desk.example.com/cases/12>"}


# --- signed calls ------------------------------------------------------------------------------------------------------


@pytest.fixture
def called(tmp_path: Path, gateway: SlackGateway) -> Iterator[Desk]:
    with serving(gateway, free_port()) as url:
        made = a_desk(tmp_path, gateway, url, socket=False)
        yield made
        made.close()


def test_a_signed_press_is_committed_and_then_answered(called: Desk, gateway: SlackGateway) -> None:
    case, message = called.shown()
    answer = called.call(*gateway.signed(gateway.click(USERS["li"], message.ts, "ack")))
    assert (answer.status_code, answer.content) == (200, b"")
    assert called.deeds(case) == [("acknowledged", "li")]


def test_a_call_that_is_replayed_five_times_at_once_has_one_effect(called: Desk, gateway: SlackGateway) -> None:
    case, message = called.shown()
    request = gateway.signed(gateway.click(USERS["li"], message.ts, "ack"))
    answers = called.run(called.calls([request] * 5))
    assert [(a.status_code, a.content) for a in answers] == [(200, b"")] * 5
    assert called.deeds(case) == [("acknowledged", "li")]


def test_slack_s_check_of_our_address_is_answered(called: Desk, gateway: SlackGateway) -> None:
    answer = called.call(
        *gateway.signed({"type": "url_verification", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWM"})
    )
    assert answer.json() == {"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWM"}


def test_signatures_are_those_of_slack_s_own_library() -> None:
    """Two hundred bodies: slack_sdk takes what we sign, and refuses what we would."""
    if not PYTHON.exists():
        pytest.skip("slack_sdk isn't installed: `make .venv-synapse/.ready` does that")
    rng, cases = Random(5), []
    for n in range(200):
        body = "".join(rng.choice('ab中 {}"&%=é') for _ in range(rng.randrange(0, 80)))
        stamp = str(1_700_000_000 + n)
        good = signature(SECRET, stamp, body.encode())
        cases.append((body, stamp, good if n % 2 else good[:-1] + ("0" if good[-1] != "0" else "1")))
    lines = "".join(
        json.dumps({"secret": SECRET, "timestamp": t, "signature": s, "body": b}) + "\n" for b, t, s in cases
    )
    told = subprocess.run(
        [str(PYTHON), str(Path(__file__).with_name("slack_signature.py"))],
        input=lines,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["no", "yes"] * 100


# --- bytes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("token", "abc"), ("team", "desk"), ("channel", "#desk"), ("base_url", "http://s.example.com"), ("lang", "fr"),
        ("per_minute", 0), ("app_token", "xoxb-1"), ("x", 1),
    ],
)  # fmt: skip
def test_wrong_settings_are_refused(key: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        account(**{key: value})


def test_one_way_of_listening_is_needed() -> None:
    with pytest.raises(msgspec.ValidationError, match="app_token"):
        account(app_token="", signing_secret="")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("invalid_auth", AccessDenied), ("missing_scope", AccessDenied), ("not_in_channel", AccessDenied),
        ("ratelimited", RateLimited), ("internal_error", Unreachable), ("msg_too_long", UnreadableReply),
    ],
)  # fmt: skip
def test_an_error_inside_a_200_is_the_right_error(said: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=said):
        sent(HttpReply(200, {"retry-after": "7"}, json.dumps({"ok": False, "error": said}).encode()))


def test_a_limit_says_how_long_to_wait() -> None:
    with pytest.raises(RateLimited) as caught:
        sent(HttpReply(429, {"retry-after": "14"}, b""))
    assert caught.value.retry_after_s == 14


@pytest.mark.parametrize(
    "url", ["https://wss.slack.com/x", "wss://slack.com.evil.example/x", "wss://evil.example/.slack.com", "ws://127.0.0.1/x", "wss://[", ""]
)  # fmt: skip
def test_the_long_connection_goes_to_slack_only(url: str) -> None:
    with pytest.raises(UnreadableReply):
        address(HttpReply(200, {}, json.dumps({"ok": True, "url": url}).encode()), account())


def test_slack_s_own_address_is_taken() -> None:
    url = "wss://wss-primary.slack.com/link/?ticket=t"
    assert address(HttpReply(200, {}, json.dumps({"ok": True, "url": url}).encode()), account()) == Address(url)


def test_exactly_three_characters_are_escaped() -> None:
    assert escaped("a & <b> \"c\" 'd'") == "a &amp; &lt;b&gt; \"c\" 'd'"


def test_what_a_button_asks_for_is_what_the_signs_ask_for() -> None:
    assert {wish.kind for wish in BUTTONS.values()} == {
        ActKind.ACKNOWLEDGE, ActKind.ASSIGN, ActKind.SNOOZE, ActKind.RESOLVE,
    }  # fmt: skip


def a_frame(desk_account: Account, event: dict[str, object], **outside: object) -> Caught:
    payload = {"type": "event_callback", "team_id": TEAM, "event": event, **outside}
    frame = json.dumps({"type": "events_api", "envelope_id": "e1", "payload": payload})
    assert CHAT.socket is not None
    return CHAT.socket.read(frame, desk_account, NOW)


NOW = datetime(2026, 11, 26, tzinfo=UTC)
MESSAGE = {"type": "message", "channel": CHANNEL, "user": "U0LI", "text": "mine", "ts": "17.1", "team": TEAM}


def test_a_question_may_begin_with_our_name() -> None:
    [one] = a_frame(account(), {**MESSAGE, "text": "<@U0BOT> mine"}).heard
    assert (one.wish.kind, one.who, one.about) == (Question.MINE, "T0DESK/U0LI", "")


@pytest.mark.parametrize(
    "change",
    [
        {"channel": "C0OTHER"}, {"bot_id": "B1"}, {"subtype": "bot_message"}, {"subtype": "message_changed"}, {"user": ""},
        {"type": "reaction_added"}, {"ts": ""},
    ],
    ids=str,
)  # fmt: skip
def test_what_isn_t_a_person_in_our_channel_says_nothing_and_is_answered(change: dict[str, object]) -> None:
    """A bot's words, edits, other channels; the envelope is answered, or it would come again for ever."""
    caught = a_frame(account(), {**MESSAGE, **change})
    assert (caught.heard, caught.answers) == ((), ('{"envelope_id": "e1"}',))


def test_another_workspace_s_event_says_nothing() -> None:
    assert a_frame(account(), MESSAGE, team_id="T0OTHER").heard == ()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_whatever_an_envelope_holds_is_read_or_left_alone(value: object) -> None:
    assert CHAT.socket is not None
    for kind in ("block_actions", "event_callback"):
        payload = {"type": kind, "team": value, "user": value, "actions": value, "event": value, "channel": value}
        frame = json.dumps({"type": "interactive", "envelope_id": "e", "payload": payload})
        assert CHAT.socket.read(frame, account(), NOW).answers == ('{"envelope_id": "e"}',)


# --- the workspace is right enough for somebody else's client ----------------------------------------------------------


def test_slack_s_own_client_unchanged_works_on_the_simulated_workspace(gateway: SlackGateway) -> None:
    """slack_sdk connects over Socket Mode, posts, hears a press and a reply, answers both and edits: what ours does there counts."""
    if not PYTHON.exists():
        pytest.skip("slack_sdk isn't installed: `make .venv-synapse/.ready` does that")
    with serving(gateway, free_port()) as url:
        gateway.base = url
        bot = subprocess.Popen(
            [str(PYTHON), str(Path(__file__).with_name("slack_bot.py")), url, TOKEN, APP_TOKEN, CHANNEL],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert bot.stdout is not None
        ts = bot.stdout.readline().split()[1]
        press = gateway.press(USERS["li"], ts, "ack")
        assert bot.stdout.readline().split() == ["pressed", TEAM, USERS["li"], "ack"]
        assert bot.stdout.readline().strip() == "edited"
        gateway.write(USERS["li"], "found", to=ts)
        assert bot.stdout.readline().split() == ["heard", USERS["li"], "found"]
        assert bot.wait(40) == 0
    assert press.answered is not None
    [message] = gateway.in_channel()
    assert (message.text, message.buttons, message.edits) == ("taken", [], 1)
