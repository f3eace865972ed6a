"""WeCom's smart bot, at a simulated platform on which the vendor's own client works unchanged."""

import asyncio
import datetime as dt
import ipaddress
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from vendors import vendor_python
from wecom_support import BOT, CORP, GROUP, SECRET, USERS, Desk, a_gateway, run, serving

from chat import wecom
from chat.acts import ActKind
from chat.base import Account, Caught
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from doorstep import chat_hearing
from doorstep.chat_sockets import Listening
from doorstep.retrying import Health
from net.http import HttpReply
from net.socket import Connection
from sim.chats import wecom as far
from store import chat_codes

TABLE = {"bot_id": BOT, "secret": SECRET, "corp": CORP, "chat": GROUP}
ACCOUNT = Account("wecom", "desk", msgspec.convert(TABLE, wecom.WecomSettings))


def text_of(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False)


# --- people --------------------------------------------------------------------------------------------------------


def test_a_press_takes_the_case_and_the_same_card_says_who(tmp_path: Path) -> None:
    """Sent over the connection, pressed, committed, edited in place with the press's own id; one message in the group."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        async with desk.listening():
            await desk.send()
            [card] = desk.messages(case)
            await desk.gateway.deliver(desk.gateway.press(USERS["li"], card.id, "ack"))
            await desk.heard(1)
            await desk.send()
        assert ("acknowledged", "li") in desk.history(case)
        assert "李梅" in text_of(card.payload)
        assert (len(desk.gateway.messages), card.edits, card.to, card.shown[0]) == (1, 1, GROUP, "ack")
        assert desk.gateway.refused == []

    run(tmp_path, talk)


def test_five_deliveries_at_once_have_one_effect(tmp_path: Path) -> None:
    """The same press five times: one act, one edit."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        async with desk.listening():
            await desk.send()
            [card] = desk.messages(case)
            press = desk.gateway.press(USERS["li"], card.id, "ack")
            await asyncio.gather(*[desk.gateway.deliver(press) for _ in range(5)])
            last = desk.gateway.press(USERS["sam"], card.id, "take")
            await desk.gateway.deliver(last)
            await desk.heard(2)
            await desk.send()
        assert [event for event, _ in desk.history(case)].count("acknowledged") == 1
        assert (len(desk.gateway.messages), card.edits) == (1, 1)

    run(tmp_path, talk)


class Dies(Listening):
    """Is killed after the commit, before anything is said of it."""

    async def _take(self, caught: Caught, connection: Connection) -> None:
        await chat_hearing.commit_all(self.house, self.line.account, self.ear, caught.heard)
        if caught.heard:
            raise asyncio.CancelledError


def test_killed_after_the_commit_the_news_becomes_a_new_message(tmp_path: Path) -> None:
    """The press's time is over when we come back: the act stands once, and the group hears of it all the same."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        async with desk.listening():
            await desk.send()
        [card] = desk.messages(case)
        line = desk.channel.line
        dying = asyncio.create_task(
            Dies(desk.house, line, chat_hearing.ear_of(desk.house, line.account), Health()).once()
        )
        press = desk.gateway.press(USERS["li"], card.id, "ack")
        await desk.gateway.deliver(press)
        await asyncio.gather(dying, return_exceptions=True)
        assert ("acknowledged", "li") in desk.history(case)
        desk.clock.set(desk.clock.at + timedelta(seconds=30))
        line.carry = desk.channel.listening.ask  # type: ignore[union-attr]
        async with desk.listening():
            await desk.gateway.deliver(press)
            await desk.send()
        assert [event for event, _ in desk.history(case)].count("acknowledged") == 1
        [first, second] = desk.messages(case)
        assert (first.edits, "李梅" in text_of(second.payload)) == (0, True)

    run(tmp_path, talk)


def test_what_isn_t_done_by_a_press_is_said_in_a_new_message_that_can_be_pressed(tmp_path: Path) -> None:
    """A text that closes the case gives no leave to edit: its card follows, without buttons; a press on a later card edits that one."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        gateway = desk.gateway
        async with desk.listening():
            await desk.send()
            await gateway.deliver(gateway.mention(USERS["sam"], f"#{case} 客户说已收到"))
            await desk.heard(1)
            await desk.send()
            [first, second] = desk.messages(case)
            await gateway.deliver(gateway.press(USERS["li"], second.id, "take"))
            await desk.heard(2)
            await desk.send()
            assert (first.edits, second.edits) == (0, 1)
            await gateway.deliver(gateway.mention(USERS["li"], f"#{case} 解决 在邻居家找到"))
            await desk.heard(3)
            await desk.send()
        done = [one for one in desk.history(case) if one[1]]
        assert done == [("commented", "sam"), ("assigned", "li"), ("resolved", "li")]
        assert [message.shown for message in desk.messages(case)][-1] == ()

    run(tmp_path, talk)


def test_a_question_is_answered_and_whoever_isn_t_known_is_invited_alone(tmp_path: Path) -> None:
    """The answer goes to the group, the link to one person; both are sent under a key of their own."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        gateway = desk.gateway
        async with desk.listening():
            await desk.send()
            await gateway.deliver(gateway.mention(USERS["li"], "快到期"))
            await gateway.deliver(gateway.press("NewHere", desk.messages(case)[0].id, "ack"))
            await desk.heard(2)
            await desk.send()
        assert "acknowledged" not in dict(desk.history(case))
        [alone] = [message for message in gateway.messages.values() if message.to == "NewHere"]
        assert "/chat/link/" in alone.card["card_action"]["url"]
        [answer] = [message for message in gateway.messages.values() if message.payload["msgtype"] == "markdown"]
        assert answer.to == GROUP

    run(tmp_path, talk)


# --- the connection ------------------------------------------------------------------------------------------------


def test_without_a_connection_nothing_is_sent_and_nothing_lost(tmp_path: Path) -> None:
    """A letter waits for it; an answer that got lost: the same task, one message."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.channel.send_due()
        assert desk.gateway.messages == {}
        assert "no connection" in desk.channel.sending.error
        desk.gateway.loses_answers = 1
        async with desk.listening():
            for _ in range(4):
                desk.clock.set(desk.clock.at + timedelta(seconds=120))
                await desk.channel.send_due()
        assert len(desk.messages(case)) == len(desk.gateway.messages) == 1
        assert desk.gateway.refused == [42014]

    run(tmp_path, talk)


def test_a_wrong_secret_is_a_person_s_business(tmp_path: Path) -> None:
    """The channel says what is wrong, and speaks to nobody."""

    async def talk(desk: Desk) -> None:
        desk.gateway.secret = "another"
        assert desk.channel.listening is not None
        with pytest.raises(AccessDenied, match="check bot_id and secret"):
            await desk.channel.listening.once()
        assert desk.channel.listening._connection is None

    run(tmp_path, talk)


def test_another_program_on_the_same_bot_is_said_so(tmp_path: Path) -> None:
    """A bot has one connection: whoever comes second takes it away."""

    async def talk(desk: Desk) -> None:
        assert desk.channel.listening is not None
        first = asyncio.create_task(desk.channel.listening.once())
        await asyncio.wait_for(desk.gateway.let_in.wait(), 10)
        second = Listening(desk.house, desk.channel.line, desk.channel.listening.ear, Health())
        taking = asyncio.create_task(second.once())
        with pytest.raises(AccessDenied, match="run one Doorstep"):
            await asyncio.wait_for(first, 10)
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)

    run(tmp_path, talk)


def test_the_channel_s_test_follows_one_card_all_the_way(tmp_path: Path) -> None:
    """`doorstep chat test` speaks over the daemon's connection: there can be no other."""

    async def talk(desk: Desk) -> None:
        async with desk.listening():
            sent = await desk.asked("chat_test_send")
            assert [hop["hop"] for hop in sent["hops"] if hop["ok"]] == ["sent", "shown"]
            message = desk.gateway.messages[sent["state"]["message"]]
            assert message.shown == ("ack",)
            await desk.gateway.deliver(desk.gateway.press(USERS["li"], message.id, "ack"))
            done = sent
            async with asyncio.timeout(10):
                while not done["says"]:
                    done = await desk.asked("chat_test_look", state=done["state"])
        assert [hop["hop"] for hop in done["hops"] if hop["ok"]] == ["clicked", "verified", "committed", "edited"]
        assert "李梅" in text_of(message.payload)
        assert desk.gateway.pings > 0

    run(tmp_path, talk)


def test_a_channel_that_isn_t_connected_fails_the_test_with_what_is_wrong(tmp_path: Path) -> None:
    async def talk(desk: Desk) -> None:
        answer = await desk.asked("chat_test_send")
        assert answer["hops"] == [{"hop": "sent", "ok": False}]
        assert "no connection" in answer["says"]

    run(tmp_path, talk)


def test_a_code_that_isn_t_taken_is_spent_and_the_news_follows(tmp_path: Path) -> None:
    """The platform's time was over though ours wasn't: the next try is a new message."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        async with desk.listening():
            await desk.send()
            [card] = desk.messages(case)
            await desk.gateway.deliver(desk.gateway.press(USERS["li"], card.id, "ack"))
            await desk.heard(1)
            desk.gateway._presses.clear()
            for _ in range(2):
                await desk.send()
                desk.clock.set(desk.clock.at + timedelta(seconds=90))
        about = ("case", str(case))
        since = desk.clock.at - timedelta(days=1)
        assert desk.house.store.read(chat_codes.newest, "wecom:desk", about, since=since) is None
        assert desk.gateway.refused == [846605]
        assert ["李梅" in text_of(message.payload) for message in desk.messages(case)] == [False, True]

    run(tmp_path, talk)


# --- bytes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "error"), [
    (45009, RateLimited), (-1, Unreachable), (93006, AccessDenied), (40001, AccessDenied), (846608, UnreadableReply), (5, UnreadableReply),
])  # fmt: skip
def test_codes_say_what_to_do_next(code: int, error: type[OutsideError]) -> None:
    with pytest.raises(error):
        wecom.sent(HttpReply(200, {}, json.dumps({"headers": {}, "errcode": code, "errmsg": "m"}).encode()))


def test_an_edit_goes_to_the_pressed_card_under_the_press_s_id() -> None:
    """The task is the card's own: the platform takes no other."""
    payload = {"msgtype": "template_card", "template_card": {"card_type": "text_notice"}}
    made = json.loads(wecom.edit(payload, "task-1", ACCOUNT, "req-1").body)
    assert (made["cmd"], made["headers"]) == ("aibot_respond_update_msg", {"req_id": "req-1"})
    assert made["body"]["template_card"]["task_id"] == "task-1"


@pytest.fixture
def gateway() -> far.WecomBotGateway:
    made = a_gateway()
    card = {"card_type": "button_interaction", "button_list": [{"key": "ack"}, {"key": "snooze"}]}
    made.messages["t1"] = far.Kept("t1", GROUP, {"template_card": card})
    return made


def caught(frame: dict[str, Any]) -> Caught:
    return wecom.read_frame(json.dumps(frame), ACCOUNT, None)  # type: ignore[arg-type]


def test_what_isn_t_ours_is_not_heard(gateway: far.WecomBotGateway) -> None:
    """Another company, another group, a chat alone, another button, other talk, other events."""
    li = USERS["li"]
    other = {"userid": li, "corpid": "wwother"}
    press = {"eventtype": "template_card_event", "template_card_event": {"event_key": "refund", "task_id": "t1"}}
    frames = {
        "another company": gateway.press(li, "t1", "ack", **{"from": other}),
        "nobody": gateway.press("", "t1", "ack"),
        "another group": gateway.press(li, "t1", "ack", chatid="wrOther"),
        "alone": gateway.press(li, "t1", "ack", chattype="single"),
        "a button that isn't ours": gateway.press(li, "t1", "ack", event=press),
        "another event": gateway.press(li, "t1", "ack", event={"eventtype": "enter_chat"}),
        "another company's text": gateway.mention(li, "#1 ack", **{"from": other}),
        "another group's text": gateway.mention(li, "#1 ack", chatid="wrOther"),
        "a picture": gateway.mention(li, "#1 ack", msgtype="image"),
        "people's talk": gateway.mention(li, "ACKED by boss"),
    }
    assert {name: caught(frame) for name, frame in frames.items()} == dict.fromkeys(frames, Caught())


def test_a_press_brings_what_it_takes_to_edit_its_card(gateway: far.WecomBotGateway) -> None:
    frame = gateway.press(USERS["li"], "t1", "snooze")
    [heard] = caught(frame).heard
    assert (heard.who, heard.about, heard.wish.kind) == (f"{CORP}/{USERS['li']}", "t1", ActKind.SNOOZE)
    assert (heard.key, heard.code) == (frame["body"]["msgid"], frame["headers"]["req_id"])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_whatever_a_frame_holds_is_read_or_unreadable(value: object) -> None:
    for frame in (value, {"cmd": "aibot_event_callback", "body": value}, {"cmd": "aibot_msg_callback", "body": value}):
        assert wecom.answered(json.dumps(frame)) == ""
        try:
            read = wecom.read_frame(json.dumps(frame), ACCOUNT, None)  # type: ignore[arg-type]
        except UnreadableReply:
            continue
        assert read.heard == ()


@pytest.mark.parametrize(
    ("key", "value"),
    [("bot_id", "a b"), ("corp", "corp"), ("chat", "a/b"), ("base_url", "ws://d.example.com"), ("base_url", "https://d.example.com"),
     ("lang", "fr"), ("per_minute", 0), ("x", 1)],
)  # fmt: skip
def test_wrong_settings_are_refused(key: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**TABLE, key: value}, wecom.WecomSettings)


# --- the vendor's own client ---------------------------------------------------------------------------------------


def a_certificate(folder: Path) -> tuple[Path, Path]:
    """One for 127.0.0.1, signed by itself: the vendor's client speaks to nobody without."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    cert, secret = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(pem))
    secret.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return cert, secret


@pytest.mark.slow
def test_the_vendor_s_client_works_on_the_simulated_platform(tmp_path: Path) -> None:
    """Unchanged, over TLS: it says who it is, sends a card, hears a press and a text, edits the card within its time."""
    python = vendor_python("aibot")
    cert, key = a_certificate(tmp_path)

    async def whole() -> None:
        gateway = a_gateway(edit_s=10.0)
        async with serving(gateway, ssl_certfile=str(cert), ssl_keyfile=str(key)) as url:
            bot = await asyncio.create_subprocess_exec(
                python, str(Path(__file__).with_name("wecom_bot.py")), url.replace("http", "wss", 1), str(cert), BOT, SECRET, GROUP,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            assert bot.stdout is not None
            assert (await bot.stdout.readline()).decode().split() == ["sent", "0"]
            await gateway.deliver(gateway.press("LiMei", "task-1", "ack"))
            assert (await bot.stdout.readline()).decode().split() == ["pressed", "LiMei", "ack", "task-1"]
            assert (await bot.stdout.readline()).decode().split() == ["edited", "0"]
            await gateway.deliver(gateway.mention("Sam", "hello"))
            assert (await bot.stdout.readline()).decode().split() == ["written", "Sam", "@Doorstep", "hello"]
            assert await bot.wait() == 0
            kept = gateway.messages["task-1"]
            assert (kept.edits, kept.card["main_title"]["title"]) == (1, "taken")

    asyncio.run(whole())
