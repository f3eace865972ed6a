"""WeCom's app: cards with codes, and encrypted calls that another implementation opens and makes too."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vendors import vendor_python
from wecom_app_support import AES_KEY, AGENT, CORP, SECRET, TOKEN, USERS, Desk, a_gateway, run

from chat import wecom_app, wecom_calls
from chat.acts import ActKind, Question, RouteWord
from chat.base import Account, Call, Spurned
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from net.http import HttpReply
from sim.chats.wecom import Kept
from sim.chats.wecom_app import WecomAppGateway, document

TABLE = {"corp": CORP, "agent": AGENT, "secret": SECRET, "token": TOKEN, "aes_key": AES_KEY, "users": ["LiMei"]}
ACCOUNT = Account("wecom_app", "desk", msgspec.convert(TABLE, wecom_app.WecomAppSettings))
NOW = datetime.fromtimestamp(1_764_000_000, UTC)


def text_of(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False)


# --- people --------------------------------------------------------------------------------------------------------


def test_a_press_takes_the_case_and_the_same_card_says_who(tmp_path: Path) -> None:
    """Sent, pressed, committed, answered with nothing, edited in place with the press's code; one card."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        [card] = desk.messages(case)
        [answer] = await desk.called(desk.gateway.press(USERS["li"], card.id, "ack"))
        assert (answer.status_code, answer.content) == (200, b"")
        await desk.send()
        assert ("acknowledged", "li") in desk.history(case)
        assert "李梅" in text_of(card.payload)
        assert (len(desk.gateway.messages), card.edits, card.to) == (1, 1, "LiMei|Sam")
        assert desk.gateway.refused == []

    run(tmp_path, talk)


def test_five_deliveries_at_once_have_one_effect(tmp_path: Path) -> None:
    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        [card] = desk.messages(case)
        press = desk.gateway.press(USERS["li"], card.id, "ack")
        answers = await desk.called(*[press] * 5)
        assert {(answer.status_code, answer.content) for answer in answers} == {(200, b"")}
        await desk.send()
        assert [event for event, _ in desk.history(case)].count("acknowledged") == 1
        assert (len(desk.gateway.messages), card.edits) == (1, 1)

    run(tmp_path, talk)


def test_killed_before_the_answer_the_call_comes_again_and_the_card_is_edited_once(tmp_path: Path) -> None:
    """Committed and killed: the platform calls whoever comes up, who answers it as taken and edits the card."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        [card] = desk.messages(case)
        press = desk.gateway.press(USERS["li"], card.id, "ack")
        await desk.called(press)  # the answer of this one never got there
        [answer] = await desk.called(press)
        assert answer.status_code == 200
        await desk.send()
        assert [event for event, _ in desk.history(case)].count("acknowledged") == 1
        assert (len(desk.gateway.messages), card.edits) == (1, 1)

    run(tmp_path, talk)


def test_a_text_edits_with_the_code_of_the_sending_and_without_a_code_a_card_follows(tmp_path: Path) -> None:
    """The sending brought one code; once it is spent news is a new card, whose press edits that one; who asks is answered alone."""

    async def talk(desk: Desk) -> None:
        case, gateway = desk.open(), desk.gateway
        await desk.send()
        await desk.called(gateway.write(USERS["sam"], f"#{case} 客户说已收到"))
        await desk.send()
        [card] = desk.messages(case)
        assert card.edits == 1
        await desk.called(gateway.write(USERS["sam"], f"#{case} 再打一次"), gateway.write(USERS["li"], "我的"))
        await desk.send()
        [first, second] = desk.messages(case)
        assert (first.edits, second.edits, "再打一次" in text_of(second.payload)) == (1, 0, False)
        [alone] = [kept for kept in gateway.messages.values() if kept.to == USERS["li"]]
        assert alone.shown == ()
        await desk.called(gateway.press(USERS["li"], second.id, "take"))
        await desk.send()
        assert (first.edits, second.edits) == (1, 1)

    run(tmp_path, talk)


def test_after_three_days_the_news_is_a_new_card(tmp_path: Path) -> None:
    """Codes are good for 72 h: ours isn't tried any more, and one that isn't taken all the same is spent."""

    async def talk(desk: Desk) -> None:
        old, case = desk.open(1), desk.open(2)
        await desk.send()
        desk.gateway.forget_codes()
        await desk.called(desk.gateway.write(USERS["li"], f"#{case} ack"))
        for _ in range(2):
            await desk.send()
            desk.clock.set(desk.clock.at + timedelta(seconds=90))
        assert [message.edits for message in desk.messages(case)] == [0, 0]
        assert desk.gateway.refused == [42045]
        desk.clock.set(desk.clock.at + timedelta(hours=72))
        await desk.called(desk.gateway.write(USERS["li"], f"#{old} ack"))
        await desk.send()
        assert [message.edits for message in desk.messages(old)] == [0, 0]
        assert desk.gateway.refused == [42045]

    run(tmp_path, talk)


def test_whoever_isn_t_known_is_invited_alone_and_may_not_act(tmp_path: Path) -> None:
    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        [card] = desk.messages(case)
        [answer] = await desk.called(desk.gateway.press("New", card.id, "ack"))
        assert answer.status_code == 200
        await desk.send()
        assert "acknowledged" not in dict(desk.history(case))
        [alone] = [kept for kept in desk.gateway.messages.values() if kept.to == "New"]
        assert "/chat/link/" in text_of(alone.payload)

    run(tmp_path, talk, link=False)


def test_a_stale_token_is_renewed_and_a_lost_answer_says_nothing_twice(tmp_path: Path) -> None:
    """After a lost answer the same task: the platform says that it is there. It has no code then: its news follows."""

    async def talk(desk: Desk) -> None:
        desk.open(1)
        await desk.send()
        stale, desk.gateway.token = desk.gateway.token, ""
        desk.gateway.loses_answers = 1
        second = desk.open(2)
        for _ in range(5):
            await desk.channel.send_due()
            desk.clock.set(desk.clock.at + timedelta(seconds=60))
        assert len(desk.gateway.messages) == 2
        assert len(desk.messages(second)) == 1
        assert desk.gateway.token not in {"", stale}

    run(tmp_path, talk)


def test_the_channel_s_test_follows_one_card_all_the_way(tmp_path: Path) -> None:
    """`doorstep chat test`: the press comes by a call to the daemon, its code edits the card."""

    async def talk(desk: Desk) -> None:
        sent = await desk.asked("chat_test_send")
        assert [hop["hop"] for hop in sent["hops"] if hop["ok"]] == ["token", "sent", "shown"]
        message = desk.gateway.messages[sent["state"]["message"]]
        await desk.called(desk.gateway.press(USERS["li"], message.id, "ack"))
        done = await desk.asked("chat_test_look", state=sent["state"])
        assert [hop["hop"] for hop in done["hops"] if hop["ok"]] == ["clicked", "verified", "committed", "edited"]
        assert done["says"].startswith("wecom_app:desk works")
        assert "李梅" in text_of(message.payload)

    run(tmp_path, talk)


def test_a_wrong_secret_fails_the_test_with_what_to_do(tmp_path: Path) -> None:
    async def talk(desk: Desk) -> None:
        desk.gateway.secret = "another"
        answer = await desk.asked("chat_test_send")
        assert answer["hops"] == [{"hop": "token", "ok": False}]
        assert "check its keys" in answer["says"]

    run(tmp_path, talk)


# --- calls ---------------------------------------------------------------------------------------------------------


def test_the_check_of_our_address_is_answered_to_the_letter(tmp_path: Path) -> None:
    """What the platform hid in it, without quotes or an end of line; somebody else's is refused."""

    async def talk(desk: Desk) -> None:
        now_s = int(desk.clock.at.timestamp())
        answer = await desk.checked(desk.gateway.check("1616140317555161061", at_s=now_s))
        assert (answer.status_code, answer.content) == (200, b"1616140317555161061")
        assert answer.headers["content-type"].startswith("text/plain")
        assert (await desk.checked(desk.gateway.check("1", at_s=now_s - 301))).status_code == 401
        desk.gateway.corp = "wwother"
        assert (await desk.checked(desk.gateway.check("1", at_s=now_s))).status_code == 403

    run(tmp_path, talk)


def test_a_press_brings_what_it_takes_to_edit_its_card() -> None:
    gateway = with_a_card()
    told = gateway.press("LiMei", "t1", "snooze")
    [heard] = wecom_calls.read_call(told, Call("POST", {}, {}, b""), ACCOUNT).heard
    assert (heard.who, heard.about, heard.wish.kind) == (f"{CORP}/LiMei", "t1", ActKind.SNOOZE)
    assert heard.code.startswith("code-")


def test_a_text_to_the_app_is_the_desk_s_or_a_courier_s() -> None:
    """Everything is said alone there: a case by its number, a question, and what only couriers say."""
    gateway, call = a_gateway(), Call("POST", {}, {}, b"")
    texts = ("#7 ack", "mine", "late 20")
    told = [wecom_calls.read_call(gateway.write("LiMei", text), call, ACCOUNT).heard[0] for text in texts]
    assert [one.wish.kind for one in told] == [ActKind.ACKNOWLEDGE, Question.MINE, RouteWord.LATE]
    assert [(one.alone, one.here) for one in told] == [(n == 2, f"{CORP}/LiMei") for n in range(3)]


@given(st.dictionaries(st.text(st.characters(categories=("Lu", "Ll")), min_size=1), st.text()))
def test_whatever_a_message_holds_is_read_or_unreadable(fields: dict[str, str]) -> None:
    call = Call("POST", {}, {}, b"")
    for told in (document(fields), *(value.encode("utf-8", "replace") for value in fields.values())):
        try:
            assert wecom_calls.read_call(told, call, ACCOUNT).heard == ()
        except UnreadableReply:
            continue


@given(st.text())
def test_whatever_is_encrypted_is_opened_or_unreadable(text: str) -> None:
    gateway = a_gateway()
    assert wecom_calls.opened(gateway.sealed(text.encode()), AES_KEY) == (text.encode(), CORP)
    with pytest.raises(UnreadableReply):
        wecom_calls.opened(text, AES_KEY)


@pytest.mark.parametrize(("code", "error"), [
    (45009, RateLimited), (-1, Unreachable), (81013, AccessDenied), (60020, AccessDenied), (40001, AccessDenied), (40058, UnreadableReply),
])  # fmt: skip
def test_codes_say_what_to_do_next(code: int, error: type[OutsideError]) -> None:
    with pytest.raises(error):
        wecom_app.sent(HttpReply(200, {}, json.dumps({"errcode": code, "errmsg": "m"}).encode()))


@pytest.mark.parametrize(
    ("key", "value"),
    [("corp", "corp"), ("agent", 0), ("token", "a b"), ("aes_key", "short"), ("aes_key", ""), ("users", []), ("users", ["a|b"]),
     ("base_url", "http://d.example.com"), ("lang", "fr"), ("per_minute", 0), ("x", 1)],
)  # fmt: skip
def test_wrong_settings_are_refused(key: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**TABLE, key: value}, wecom_app.WecomAppSettings)


def test_without_what_opens_a_call_there_is_no_account() -> None:
    """Unlike others' their calls mean nothing without the key: it has to be set."""
    for needed in ("token", "aes_key"):
        with pytest.raises(msgspec.ValidationError, match=needed):
            msgspec.convert({k: v for k, v in TABLE.items() if k != needed}, wecom_app.WecomAppSettings)


# --- another implementation ----------------------------------------------------------------------------------------


def with_a_card() -> WecomAppGateway:
    gateway = a_gateway()
    card = {"card_type": "button_interaction", "button_list": [{"key": "ack"}, {"key": "snooze"}]}
    gateway.messages["t1"] = Kept("t1", "LiMei", {"template_card": card})
    return gateway


@pytest.mark.slow
def test_signatures_and_ciphers_are_wechatpy_s() -> None:
    """It opens what the simulated platform sealed and refuses it spoiled; we open what it sealed, and no other company's."""
    python = vendor_python("wechatpy")
    gateway = with_a_card()
    told = gateway.press("LiMei", "t1", "ack")
    query, body = gateway.call(told, at_s=int(NOW.timestamp()))
    asked = dict(parse_qsl(query))
    lines = [
        {"do": "open", "corp": CORP, "body": body.decode(), **asked},
        {"do": "open", "corp": CORP, "body": body.decode(), **asked, "msg_signature": "0" * 40},
        {"do": "open", "corp": "wwother", "body": body.decode(), **asked},
        {"do": "seal", "corp": CORP, "told": told.decode(), "timestamp": asked["timestamp"], "nonce": "n2"},
        {"do": "seal", "corp": "wwother", "told": told.decode(), "timestamp": asked["timestamp"], "nonce": "n3"},
    ]
    done = subprocess.run(
        [python, str(Path(__file__).with_name("wechat_crypto.py")), TOKEN, AES_KEY],
        input="".join(json.dumps(line) + "\n" for line in lines), capture_output=True, text=True, check=True,
    )  # fmt: skip
    opened, forged, other, sealed, others = [json.loads(line) for line in done.stdout.splitlines()]
    assert opened == {"told": told.decode()}
    assert (forged, other) == ({"error": "InvalidSignatureException"}, {"error": "InvalidCorpIdException"})
    assert proven(sealed) == told
    assert proven(others) == Spurned(403, "of another company or app")


def proven(made: dict[str, str]) -> bytes | Spurned:
    """What we make of a call that wechatpy sealed."""
    answer = wecom_calls.fields_of(made["sealed"].encode())
    query = {"msg_signature": answer["MsgSignature"], "timestamp": answer["TimeStamp"], "nonce": answer["Nonce"]}
    body = document({"ToUserName": CORP, "AgentID": str(AGENT), "Encrypt": answer["Encrypt"]})
    return wecom_calls.verify(Call("POST", query, {}, body), ACCOUNT, NOW)
