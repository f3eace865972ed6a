"""DingTalk, at a simulated platform on which the vendor's own client works unchanged."""

import asyncio
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from dingtalk_support import APP, CORP, GROUP, SECRET, TEMPLATE, USERS, Desk, a_gateway, run, serving
from hypothesis import given
from hypothesis import strategies as st
from vendors import vendor_python

from chat import dingtalk
from chat.acts import ActKind, RouteWord
from chat.base import Account, Caught
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from doorstep import chat_hearing
from doorstep.chat_sockets import Listening
from doorstep.retrying import Health
from net.http import HttpReply
from net.socket import Connection
from sim.chats import dingtalk as far

TABLE = {"client_id": APP, "client_secret": SECRET, "corp": CORP, "conversation": GROUP, "template": TEMPLATE}
ACCOUNT = Account("dingtalk", "desk", msgspec.convert(TABLE, dingtalk.DingtalkSettings))


def told(answer: dict[str, Any]) -> str:
    """The word that only who pressed sees."""
    return str(answer["response"]["userPrivateData"]["cardParamMap"]["told"])


# --- people --------------------------------------------------------------------------------------------------------


def test_a_press_takes_the_case_and_the_same_card_says_who(tmp_path: Path) -> None:
    """Sent, pressed, committed, answered with a word to who pressed, edited in place; one card in the group."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        async with desk.listening():
            answer = await desk.gateway.deliver(desk.gateway.press(USERS["li"], desk.card(case).id, "ack"))
        assert told(answer) == "Noted."
        await desk.send()
        card = desk.card(case)
        assert ("acknowledged", "li") in desk.history(case)
        assert "李梅" in card.params["markdown"]
        assert (len(desk.gateway.delivered), card.edits, card.to) == (1, 1, GROUP)
        assert card.private[USERS["li"]] == {"told": "Noted."}

    run(tmp_path, talk)


def test_five_deliveries_at_once_have_one_effect(tmp_path: Path) -> None:
    """The same callback five times in parallel: each answered the same, one act, one edit of the card."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        press = desk.gateway.press(USERS["li"], desk.card(case).id, "ack")
        async with desk.listening():
            answers = await asyncio.gather(*[desk.gateway.deliver(press) for _ in range(5)])
        assert {told(answer) for answer in answers} == {"Noted."}
        await desk.send()
        assert [event for event, _ in desk.history(case)].count("acknowledged") == 1
        assert desk.card(case).edits == 1

    run(tmp_path, talk)


class Dies(Listening):
    """Is killed after the commit and before the answer."""

    async def _take(self, caught: Caught, connection: Connection) -> None:
        await chat_hearing.commit_all(self.house, self.line.account, self.ear, caught.heard)
        if caught.heard:
            raise asyncio.CancelledError


def test_a_press_whose_answer_got_lost_has_one_effect(tmp_path: Path) -> None:
    """Killed between commit and answer: where it is delivered again, the next connection answers it as taken."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        line = desk.channel.line
        dying = asyncio.create_task(
            Dies(desk.house, line, chat_hearing.ear_of(desk.house, line.account), Health()).once()
        )
        press = desk.gateway.press(USERS["li"], desk.card(case).id, "ack")
        delivered = asyncio.create_task(desk.gateway.deliver(press))
        await asyncio.gather(dying, return_exceptions=True)
        assert ("acknowledged", "li") in desk.history(case)
        async with desk.listening():
            assert told(await delivered) == "Noted."
        assert [event for event, _ in desk.history(case)].count("acknowledged") == 1
        assert len(desk.gateway.answers[press["headers"]["messageId"]]) == 2

    run(tmp_path, talk, gateway=a_gateway(answer_s=0.5))


def test_texts_with_a_number_and_questions(tmp_path: Path) -> None:
    """Where there are no threads a case is named by its number; a question is answered by a card without buttons."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        gateway = desk.gateway
        async with desk.listening():
            await gateway.deliver(gateway.mention(USERS["sam"], f"#{case} 客户说已收到"))
            await gateway.deliver(gateway.mention(USERS["li"], f"#{case} 收到"))
            await gateway.deliver(gateway.mention(USERS["li"], "我的"))
            await gateway.deliver(gateway.mention(USERS["li"], "大家辛苦了"))
            await gateway.deliver(gateway.mention(USERS["li"], "#999 收到"))
            await desk.send()
            await gateway.deliver(gateway.mention(USERS["li"], f"＃{case}：解决 在邻居家找到"))
        await desk.send()
        done = [one for one in desk.history(case) if one[1]]
        assert done == [("commented", "sam"), ("acknowledged", "li"), ("resolved", "li")]
        answers = [card for card in gateway.delivered if card is not desk.card(case) and card.to == GROUP]
        assert [f"#{case} " in card.params["markdown"] for card in answers] == [True]
        assert [far.shown(card) for card in (*answers, desk.card(case))] == [(), ()]
        [refused] = [card for card in gateway.delivered if card.to == USERS["li"]]
        assert "999" in json.dumps(refused.params)

    run(tmp_path, talk)


def test_whoever_isn_t_known_is_invited_alone_and_may_not_act(tmp_path: Path) -> None:
    """A word at once, a card with a link to that person alone, nothing done."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        async with desk.listening():
            answer = await desk.gateway.deliver(desk.gateway.press("0165new", desk.card(case).id, "ack"))
        assert told(answer) == "That wasn't done: I wrote to you alone why."
        await desk.send()
        assert "acknowledged" not in dict(desk.history(case))
        [alone] = [card for card in desk.gateway.delivered if card.to == "0165new"]
        assert "/chat/link/" in alone.params["url"]

    run(tmp_path, talk, link=False)


def test_who_may_not_act_is_told_so_alone(tmp_path: Path) -> None:
    """A viewer's and a leaver's press changes nothing."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        async with desk.listening():
            for who in ("eve", "gone"):
                answer = await desk.gateway.deliver(desk.gateway.press(USERS[who], desk.card(case).id, "ack"))
                assert told(answer).startswith("That wasn't done")
        await desk.send()
        assert [by for _, by in desk.history(case) if by] == []
        assert {card.to for card in desk.gateway.delivered} == {GROUP, USERS["eve"], USERS["gone"]}

    run(tmp_path, talk)


# --- the platform --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("refuses_again", [False, True])
def test_a_stale_token_is_renewed_and_a_lost_answer_says_nothing_twice(tmp_path: Path, refuses_again: bool) -> None:
    """The next call fetches another token; after a lost answer the same outTrackId: one card, whether a second one is
    taken or refused.
    """

    async def talk(desk: Desk) -> None:
        first = desk.open(1)
        await desk.send()
        stale, desk.gateway.token = desk.gateway.token, ""
        desk.gateway.loses_answers = 1
        second = desk.open(2)
        for _ in range(5):
            await desk.channel.send_due()
            desk.clock.set(desk.clock.at + timedelta(seconds=60))
        assert desk.card(first).id != desk.card(second).id
        assert len(desk.gateway.delivered) == 2
        assert desk.gateway.token not in {"", stale}

    run(tmp_path, talk, gateway=a_gateway(refuses_again=refuses_again))


def test_a_ping_is_answered_and_a_connection_left_when_asked(tmp_path: Path) -> None:
    """The ping's own word comes back; where the platform wants it we leave, and a press waits for the next connection."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        assert desk.channel.listening is not None
        first = asyncio.create_task(desk.channel.listening.once())
        answer = await desk.gateway.ping()
        assert (answer["code"], list(json.loads(answer["data"]))) == (200, ["opaque"])
        await desk.gateway.disconnect()
        await first
        assert desk.gateway.connections == 0
        async with desk.listening():
            await desk.gateway.deliver(desk.gateway.press(USERS["li"], desk.card(case).id, "take"))
        assert ("assigned", "li") in desk.history(case)

    run(tmp_path, talk)


def test_a_group_that_the_bot_isn_t_in_is_a_person_s_business(tmp_path: Path) -> None:
    """The call itself is a success, the delivery isn't: nothing counts as sent."""

    async def talk(desk: Desk) -> None:
        desk.gateway.in_group = False
        answer = await desk.asked("chat_test_send")
        assert answer["hops"][-1] == {"hop": "sent", "ok": False}
        assert "robot not in group" in answer["says"]

    run(tmp_path, talk)


def test_the_channel_s_test_follows_one_card_all_the_way(tmp_path: Path) -> None:
    """`doorstep chat test` while the daemon listens: each hop by name, the press heard by the daemon, the card edited."""

    async def talk(desk: Desk) -> None:
        async with desk.listening():
            sent = await desk.asked("chat_test_send")
            assert [hop["hop"] for hop in sent["hops"] if hop["ok"]] == ["token", "sent", "shown"]
            waiting = await desk.asked("chat_test_look", state=sent["state"])
            card = desk.gateway.cards[sent["state"]["message"]]
            assert far.shown(card) == ("ack",)
            await desk.gateway.deliver(desk.gateway.press(USERS["li"], card.id, "ack"))
            done = await desk.asked("chat_test_look", state=waiting["state"])
        assert [hop["hop"] for hop in done["hops"] if hop["ok"]] == ["clicked", "verified", "committed", "edited"]
        assert "李梅" in card.params["title"]

    run(tmp_path, talk)


@pytest.mark.parametrize(("where", "error"), [
    ("wss://evil.example/connect", AccessDenied), ("ws://wss-open-connection.dingtalk.com/connect", AccessDenied),
    ("wss://dingtalk.com.evil.example/connect", AccessDenied), ("wss://evildingtalk.com/connect", AccessDenied),
    ("ws://127.0.0.1/connect", AccessDenied), ("wss://[", UnreadableReply),
])  # fmt: skip
def test_the_long_connection_goes_to_the_vendor_only(where: str, error: type[OutsideError]) -> None:
    """Whatever the answer names: another host, or one without TLS, is not called."""
    body = json.dumps({"endpoint": where, "ticket": "t"}).encode()
    with pytest.raises(error):
        dingtalk.read_endpoint(HttpReply(200, {}, body), ACCOUNT)


def test_a_ticket_is_put_into_the_address_as_it_is() -> None:
    """Its signs are not the address's."""
    body = json.dumps({"endpoint": "wss://wss-open-connection.dingtalk.com:443/connect", "ticket": "a/b+c=="}).encode()
    address = dingtalk.read_endpoint(HttpReply(200, {}, body), ACCOUNT)
    assert address.url == "wss://wss-open-connection.dingtalk.com:443/connect?ticket=a%2Fb%2Bc%3D%3D"
    assert "a%2Fb" not in repr(address)


@pytest.mark.parametrize(("status", "code", "error"), [
    (403, "Forbidden.AccessDenied.QpsLimitForApi", RateLimited), (403, "Forbidden.AccessDenied.AccessTokenPermissionDenied", AccessDenied),
    (401, "InvalidAuthentication", AccessDenied), (400, "invalidClientIdOrSecret", AccessDenied), (400, "param.error", UnreadableReply),
    (400, "card.notExist", UnreadableReply), (500, "system.error", Unreachable),
])  # fmt: skip
def test_codes_say_what_to_do_next(status: int, code: str, error: type[OutsideError]) -> None:
    """Too many calls come as 403 too: that is no refusal."""
    with pytest.raises(error):
        dingtalk.sent(HttpReply(status, {}, json.dumps({"code": code, "message": "m"}).encode()))


def test_a_person_who_can_t_be_written_to_is_the_letter_s_trouble_alone() -> None:
    """A group that takes nothing is the channel's."""
    for space, error in (("IM_ROBOT", UnreadableReply), ("IM_GROUP", AccessDenied)):
        result = {"deliverResults": [{"spaceType": space, "success": False, "errorMsg": "no"}]}
        with pytest.raises(error):
            dingtalk.sent(HttpReply(200, {}, json.dumps({"success": True, "result": result}).encode()))


# --- what isn't ours -----------------------------------------------------------------------------------------------


@pytest.fixture
def gateway() -> far.DingtalkGateway:
    made = a_gateway()
    made.cards["c1"] = far.Kept("c1", {"status": "open"}, GROUP)
    return made


def caught(frame: dict[str, Any]) -> Caught:
    return dingtalk.read_frame(json.dumps(frame), ACCOUNT, None)  # type: ignore[arg-type]


def spoiled_presses(gateway: far.DingtalkGateway) -> dict[str, dict[str, Any]]:
    """Presses that mean nothing to us; each is proven by the connection and answered."""
    return {
        "another company": gateway.press(USERS["li"], "c1", "ack", corpId="dingother"),
        "no company": gateway.press(USERS["li"], "c1", "ack", corpId=""),
        "another group": gateway.press(USERS["li"], "c1", "ack", spaceId="cidOther=="),
        "nobody": gateway.press("", "c1", "ack"),
        "a button that isn't ours": gateway.press(
            USERS["li"], "c1", "ack", content='{"cardPrivateData": {"params": {"do": "refund"}}}'
        ),
        "no button": gateway.press(USERS["li"], "c1", "ack", content=""),
    }


def spoiled_texts(gateway: far.DingtalkGateway) -> dict[str, dict[str, Any]]:
    return {
        "a text of another company": gateway.mention(USERS["li"], "#1 ack", senderCorpId="dingother"),
        "a text of nobody of ours": gateway.mention("", "#1 ack"),
        "a text in another group": gateway.mention(USERS["li"], "#1 ack", conversationId="cidOther=="),
        "a picture": gateway.mention(USERS["li"], "#1 ack", msgtype="picture"),
        "people's talk": gateway.mention(USERS["li"], "ACKED by boss"),
    }


def test_a_text_to_the_bot_alone_is_a_courier_s(gateway: far.DingtalkGateway) -> None:
    """Never about a case, whatever number stands before it; of our own company only."""
    [heard] = caught(gateway.mention(USERS["li"], "#1 ack", conversationType="1")).heard
    assert (heard.alone, heard.wish.kind, heard.about) == (True, RouteWord.ROUTE, "")
    [heard] = caught(gateway.mention(USERS["li"], "5 1", conversationType="1")).heard
    assert (heard.wish.kind, heard.wish.stop, heard.wish.words) == (RouteWord.STOP_FAILED, 5, "absent")
    assert caught(gateway.mention(USERS["li"], "5 1", conversationType="1", senderCorpId="dingother")).heard == ()


def test_what_isn_t_ours_is_answered_and_not_heard(gateway: far.DingtalkGateway) -> None:
    """Another company, another group, another button, other talk: no effect, and it doesn't come again."""
    for name, frame in {**spoiled_presses(gateway), **spoiled_texts(gateway)}.items():
        read = caught(frame)
        assert read.heard == (), name
        [answer] = [json.loads(str(one)) for one in read.answers]
        assert (answer["code"], answer["headers"]["messageId"]) == (200, frame["headers"]["messageId"])


def test_frames_of_other_shapes_are_unreadable_or_nothing(gateway: far.DingtalkGateway) -> None:
    """Broken data is passed over without an answer; another topic or type means nothing."""
    good = gateway.press(USERS["li"], "c1", "ack")
    for data in (
        "",
        "{",
        "[]",
        "null",
        '"x"',
        "[" * 50_000,
        '{"outTrackId": 5, "userId": "x"}',
        '{"outTrackId": "c1"}',
    ):
        with pytest.raises(UnreadableReply):
            caught({**good, "data": data})
    without_id = {**good["headers"], "messageId": ""}
    with pytest.raises(UnreadableReply):
        caught({**good, "headers": without_id})
    for changes in ({"type": "OTHER"}, {"headers": {**good["headers"], "topic": "/v1.0/other"}}):
        assert caught({**good, **changes}) == Caught()


def test_a_press_and_its_failure_are_answered_with_their_own_codes(gateway: far.DingtalkGateway) -> None:
    """200 once it is committed, 500 where it couldn't be; what it asks for is the button's."""
    read = caught(gateway.press(USERS["li"], "c1", "snooze"))
    [heard] = read.heard
    assert (heard.who, heard.about, heard.wish.kind) == (f"{CORP}/{USERS['li']}", "c1", ActKind.SNOOZE)
    assert [json.loads(str(one))["code"] for one in (*read.answers, *read.failed)] == [200, 500]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_whatever_a_frame_holds_is_read_or_unreadable(value: object) -> None:
    headers = {"topic": far.CARD, "messageId": "m"}
    for frame in (value, {"type": "CALLBACK", "headers": headers, "data": json.dumps(value)}):
        try:
            read = dingtalk.read_frame(json.dumps(frame), ACCOUNT, None)  # type: ignore[arg-type]
        except UnreadableReply:
            continue
        assert read.heard == ()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("client_id", "a b"), ("corp", "corp"), ("conversation", "chat1"), ("template", "desk"), ("base_url", "http://d.example.com"),
        ("lang", "fr"), ("per_minute", 0), ("x", 1),
    ],
)  # fmt: skip
def test_wrong_settings_are_refused(key: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**TABLE, key: value}, dingtalk.DingtalkSettings)


# --- the vendor's own client ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_vendor_s_client_works_on_the_simulated_platform() -> None:
    """Unchanged: it sends a card, connects, answers a press and a text, edits the card."""
    python = vendor_python("dingtalk_stream")

    async def whole() -> None:
        gateway = a_gateway(answer_s=10.0)
        async with serving(gateway) as url:
            bot = await asyncio.create_subprocess_exec(
                python, str(Path(__file__).with_name("dingtalk_bot.py")), APP, SECRET, GROUP, TEMPLATE,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env={**os.environ, "DINGTALK_OPENAPI_ENDPOINT": url},
            )  # fmt: skip
            assert bot.stdout is not None
            [sent, card_id] = (await bot.stdout.readline()).decode().split()
            assert sent == "sent"
            answer = await gateway.deliver(gateway.press("0165li", card_id, "ack"))
            assert told(answer) == "done"
            assert (await bot.stdout.readline()).decode().split() == ["pressed", "0165li", "ack", card_id, CORP]
            await gateway.deliver(gateway.mention("0165sam", "hello"))
            assert (await bot.stdout.readline()).decode().split() == ["written", "0165sam", "hello", GROUP]
            assert await bot.wait() == 0
            assert (gateway.cards[card_id].params["title"], gateway.cards[card_id].edits) == ("taken", 1)

    asyncio.run(whole())
