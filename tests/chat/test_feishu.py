"""Feishu and Lark, at a simulated platform on which the vendor's own client works unchanged."""

import asyncio
import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from feishu_support import APP, CHAT, KEY, SECRET, TOKEN, USERS, Desk, a_gateway, run, serving
from vendors import vendor_python

from chat import feishu, feishu_wire
from chat.base import Account, Address, Caught
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from doorstep import chat_hearing
from doorstep.chat_sockets import Listening
from doorstep.chats import lines_of
from doorstep.retrying import Health
from doorstep.web.chat_hooks import chat_hook_router
from net.http import HttpReply
from net.socket import Connection
from sim.chats import feishu as far
from store import mail
from store.base import Db

ACCOUNT = Account("feishu", "desk", feishu.FeishuSettings(app_id=APP, app_secret=SECRET, chat=CHAT))


def text_of(card: dict[str, Any]) -> str:
    return json.dumps(card, ensure_ascii=False)


# --- the long connection -------------------------------------------------------------------------------------------


def test_a_click_takes_the_case_and_the_same_card_says_who(tmp_path: Path) -> None:
    """Sent, clicked, committed, answered with a toast, edited in place; one message in the group."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        async with desk.listening():
            answer = await desk.gateway.deliver(desk.gateway.click(USERS["li"], desk.message(case).id, "ack"))
        assert answer["toast"]["type"] == "success"
        await desk.send()
        assert ("acknowledged", "li") in desk.history(case)
        assert "李梅" in text_of(desk.message(case).content)
        assert (len(desk.gateway.messages), desk.message(case).edits) == (1, 1)
        assert desk.gateway.pings > 0

    run(tmp_path, talk)


def test_five_deliveries_at_once_have_one_effect(tmp_path: Path) -> None:
    """Each in parts, each answered the same; one act and one edit of the card."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        desk.gateway.parts = True
        click = desk.gateway.click(USERS["li"], desk.message(case).id, "ack")
        async with desk.listening():
            answers = await asyncio.gather(*[desk.gateway.deliver(click) for _ in range(5)])
        assert all(answer == answers[0] and answer["toast"]["type"] == "success" for answer in answers)
        await desk.send()
        assert [event for event, _ in desk.history(case)].count("acknowledged") == 1
        assert desk.message(case).edits == 1

    run(tmp_path, talk)


class Dies(Listening):
    """Is killed after the commit and before the answer."""

    async def _take(self, caught: Caught, connection: Connection) -> None:
        await chat_hearing.commit_all(self.house, self.line.account, self.ear, caught.heard)
        if caught.heard:
            raise asyncio.CancelledError


def test_a_click_whose_answer_got_lost_comes_again_and_has_one_effect(tmp_path: Path) -> None:
    """Killed between commit and answer: the platform delivers it to the next connection, which answers it as taken."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        line = desk.channel.line
        dying = asyncio.create_task(
            Dies(desk.house, line, chat_hearing.ear_of(desk.house, line.account), Health()).once()
        )
        delivered = asyncio.create_task(
            desk.gateway.deliver(desk.gateway.click(USERS["li"], desk.message(case).id, "ack"))
        )
        await asyncio.gather(dying, return_exceptions=True)
        assert ("acknowledged", "li") in desk.history(case)
        async with desk.listening():
            assert (await delivered)["toast"]["type"] == "success"
        assert [event for event, _ in desk.history(case)].count("acknowledged") == 1
        assert list(desk.gateway.deliveries.values()) == [2]

    run(tmp_path, talk, gateway=a_gateway(answer_s=0.5))


def test_texts_in_the_thread_the_form_and_questions(tmp_path: Path) -> None:
    """A text in a card's thread is a comment or a command, the form closes with its words, a question is answered in its thread."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        gateway, card = desk.gateway, desk.message(case)
        async with desk.listening():
            assert await gateway.deliver(gateway.write(USERS["sam"], "客户说已收到", to=card.id)) == {}
            await gateway.deliver(gateway.write(USERS["li"], "收到", to=card.id, mention=True))
            await gateway.deliver(gateway.write(USERS["li"], "我的", mention=True))
            await desk.send()
            await gateway.deliver(gateway.click(USERS["li"], card.id, "resolve", words="found at the neighbour's"))
        await desk.send()
        done = desk.history(case)
        assert [one for one in (("commented", "sam"), ("acknowledged", "li"), ("resolved", "li")) if one in done] == [
            ("commented", "sam"), ("acknowledged", "li"), ("resolved", "li"),
        ]  # fmt: skip
        answers = [kept for kept in gateway.messages.values() if kept.root]
        assert len(answers) == 1
        assert f"#{case} " in text_of(answers[0].content)
        assert far._shown(desk.message(case).content) == []

    run(tmp_path, talk)


def test_whoever_isn_t_known_is_invited_alone_and_may_not_act(tmp_path: Path) -> None:
    """A warning at once, a link to that person alone, nothing done."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        async with desk.listening():
            answer = await desk.gateway.deliver(desk.gateway.click("ou_new", desk.message(case).id, "ack"))
        assert answer["toast"]["type"] == "warning"
        await desk.send()
        assert "acknowledged" not in dict(desk.history(case))
        [alone] = [kept for kept in desk.gateway.messages.values() if kept.to == "ou_new"]
        assert "/chat/link/" in text_of(alone.content)

    run(tmp_path, talk, link=False)


def test_a_card_older_than_fourteen_days_is_followed_by_a_new_one(tmp_path: Path) -> None:
    """Feishu edits no older card."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        first = desk.message(case)
        desk.clock.set(desk.clock.at + timedelta(days=15))
        async with desk.listening():
            await desk.gateway.deliver(desk.gateway.click(USERS["li"], first.id, "ack"))
        await desk.send()
        assert first.edits == 0
        assert any("李梅" in text_of(kept.content) for kept in desk.gateway.messages.values() if kept is not first)

    run(tmp_path, talk)


def test_a_stale_token_is_renewed_and_a_lost_answer_says_nothing_twice(tmp_path: Path) -> None:
    """The platform forgets our token: the next call fetches another; an answer that got lost: the same uuid, one message."""

    async def talk(desk: Desk) -> None:
        first = desk.open(1)
        await desk.send()
        stale, desk.gateway.token = desk.gateway.token, ""
        desk.gateway.loses_answers = 1
        second = desk.open(2)
        for _ in range(5):
            await desk.channel.send_due()
            desk.clock.set(desk.clock.at + timedelta(seconds=60))
        assert desk.message(first).id != desk.message(second).id
        assert len(desk.gateway.messages) == 2
        assert desk.gateway.token not in {"", stale}

    run(tmp_path, talk)


def test_two_that_speak_for_one_app_share_its_token(tmp_path: Path) -> None:
    """`doorstep chat test` comes in while the daemon does: neither takes the other's token away."""

    async def talk(desk: Desk) -> None:
        await desk.channel.line.enter()
        token = desk.gateway.token
        [other] = lines_of(desk.house.settings, wall=desk.clock)
        await other.enter()
        await other.close()
        assert desk.gateway.token == token

    run(tmp_path, talk)


@pytest.mark.parametrize(("where", "error"), [
    ("wss://evil.example/ws?service_id=1", AccessDenied), ("ws://msg-frontier.feishu.cn/ws", AccessDenied),
    ("wss://feishu.cn.evil.example/ws", AccessDenied), ("ws://127.0.0.1/ws", AccessDenied), ("wss://[", UnreadableReply),
])  # fmt: skip
def test_the_long_connection_goes_to_the_vendor_only(where: str, error: type[OutsideError]) -> None:
    """Whatever the answer names: another host, or one without TLS, is not called."""
    body = json.dumps({"code": 0, "data": {"URL": where}}).encode()
    with pytest.raises(error):
        feishu.read_endpoint(HttpReply(200, {}, body), ACCOUNT)


def test_the_long_connection_s_address_and_pings_are_the_vendor_s() -> None:
    """Its pings carry the service that the address names, as often as it says."""
    body = {
        "code": 0,
        "data": {
            "URL": "wss://msg-frontier.feishu.cn/ws/v2?device_id=1&service_id=33554678",
            "ClientConfig": {"PingInterval": 90},
        },
    }
    address = feishu.read_endpoint(HttpReply(200, {}, json.dumps(body).encode()), ACCOUNT)
    assert address == Address("wss://msg-frontier.feishu.cn/ws/v2?device_id=1&service_id=33554678", beat_s=90.0)
    assert feishu_wire.from_bytes(feishu.ping(ACCOUNT, address, "n")).service == 33554678


@pytest.mark.parametrize(("code", "error"), [
    (99991663, AccessDenied), (230002, AccessDenied), (99991672, AccessDenied), (99991400, RateLimited), (230020, RateLimited),
    (1500, Unreachable), (230031, UnreadableReply), (230099, UnreadableReply),
])  # fmt: skip
def test_codes_say_what_to_do_next(code: int, error: type[OutsideError]) -> None:
    """Feishu says most of it in a code, with HTTP 200 or 400."""
    for status in (200, 400):
        with pytest.raises(error) as caught:
            feishu.sent(
                HttpReply(status, {"x-ogw-ratelimit-reset": "7"}, json.dumps({"code": code, "msg": "m"}).encode())
            )
        if isinstance(caught.value, RateLimited):
            assert caught.value.retry_after_s == 7


def test_frames_are_the_ones_that_the_simulation_makes() -> None:
    """Two codecs, made apart, agree both ways; what was cut anywhere is an UnreadableReply."""
    headers = {"type": "event", "message_id": "m" * 200, "sum": "1", "seq": "0", "trace_id": "字"}
    data = far.encode(33554678, 1, headers, b"p" * 1_000)
    frame = feishu_wire.from_bytes(data)
    assert (frame.service, frame.method, dict(frame.headers), frame.payload) == (33554678, 1, headers, b"p" * 1_000)
    assert far.decode(feishu_wire.to_bytes(frame)) == (1, headers, b"p" * 1_000)
    for end in range(len(data)):
        try:
            feishu_wire.from_bytes(data[:end])
        except UnreadableReply:
            continue
    with pytest.raises(UnreadableReply):
        feishu_wire.from_bytes(b"\xff" * 50)


def test_the_channel_s_test_follows_one_card_all_the_way(tmp_path: Path) -> None:
    """`doorstep chat test` while the daemon listens: each hop by name, the click heard by the daemon, the card edited."""

    async def talk(desk: Desk) -> None:
        async with desk.listening():
            sent = await desk.asked("chat_test_send")
            assert [hop["hop"] for hop in sent["hops"] if hop["ok"]] == ["token", "room", "sent", "shown"]
            waiting = await desk.asked("chat_test_look", state=sent["state"])
            assert (waiting["ok"], waiting["says"], waiting["hops"]) == (True, "", [])
            card = desk.gateway.messages[sent["state"]["message"]]
            await desk.gateway.deliver(desk.gateway.click(USERS["li"], card.id, "ack"))
            done = await desk.asked("chat_test_look", state=waiting["state"])
        assert [hop["hop"] for hop in done["hops"] if hop["ok"]] == ["clicked", "verified", "committed", "edited"]
        assert done["says"].startswith("feishu:desk works")
        assert "李梅" in text_of(card.content)

    run(tmp_path, talk)


def test_a_channel_that_is_set_up_wrongly_says_what_is_missing(tmp_path: Path) -> None:
    """A bot that isn't in the group: the hop fails, with what to do."""

    async def talk(desk: Desk) -> None:
        desk.gateway.chat = "oc_other"
        answer = await desk.asked("chat_test_send")
        assert answer["hops"][-1] == {"hop": "room", "ok": False}
        assert "bot is not in the chat" in answer["says"]

    run(tmp_path, talk)


# --- calls ---------------------------------------------------------------------------------------------------------


async def called(desk: Desk, *calls: tuple[dict[str, str], bytes]) -> list[httpx.Response]:
    app = FastAPI()
    app.include_router(chat_hook_router(desk.house))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://desk") as client:
        raw = [([(k.encode(), v.encode("latin-1")) for k, v in headers.items()], body) for headers, body in calls]
        posts = (client.post("/chats/feishu/desk", content=body, headers=headers) for headers, body in raw)
        return list(await asyncio.gather(*posts))


CALLBACK = 'mode = "callback"\n'


def test_a_signed_call_takes_the_case_once(tmp_path: Path) -> None:
    """The address is checked with a challenge; five copies of one click get one toast and have one effect."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        gateway = desk.gateway
        assert desk.channel.listening is None
        [challenged] = await called(desk, ({}, gateway.challenge("c-1")))
        assert (challenged.status_code, challenged.json()) == (200, {"challenge": "c-1"})
        call = gateway.call(
            gateway.click(USERS["li"], desk.message(case).id, "ack"), at_s=int(desk.clock.at.timestamp())
        )
        replies = await called(desk, *[call] * 5)
        assert {reply.status_code for reply in replies} == {200}
        assert {reply.json()["toast"]["type"] for reply in replies} == {"success"}
        assert [event for event, _ in desk.history(case)].count("acknowledged") == 1

    run(tmp_path, talk, more=CALLBACK)


def rows(db: Db) -> list[int]:
    tables = ("fact", "outbox", "inbound", "chat_unplaced")
    return [db.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in tables]


def test_every_attack_gets_its_refusal_and_changes_nothing(tmp_path: Path) -> None:
    """The table of attacks: the stated status, never a 5xx, and no row more anywhere."""
    from attacks_feishu import attacks

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        before = desk.house.store.read(rows)
        told: dict[str, tuple[int, int]] = {}
        for attack in attacks(desk.gateway, desk.message(case).id, int(desk.clock.at.timestamp())):
            [reply] = await called(desk, (attack.headers, attack.body))
            told[attack.name] = (reply.status_code, attack.status)
        assert {name: pair for name, pair in told.items() if pair[0] != pair[1]} == {}
        assert len(told) >= 40
        assert desk.house.store.read(rows) == before
        assert "acknowledged" not in dict(desk.history(case))

    run(tmp_path, talk, more=CALLBACK)


def test_calls_without_an_encrypt_key_are_no_way_to_listen() -> None:
    """Only a key makes Feishu sign: the settings refuse the mode without one."""
    with pytest.raises(msgspec.ValidationError, match="encrypt_key"):
        msgspec.convert({"app_id": APP, "app_secret": SECRET, "chat": CHAT, "mode": "callback"}, feishu.FeishuSettings)


# --- the vendor's own client ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_vendor_s_client_works_on_the_simulated_platform() -> None:
    """Unchanged: it sends a card, connects, answers a click and a text, edits the card."""
    python = vendor_python("lark_oapi")

    async def whole() -> None:
        gateway = a_gateway(answer_s=10.0)
        async with serving(gateway) as url:
            bot = await asyncio.create_subprocess_exec(
                python,
                str(Path(__file__).with_name("lark_bot.py")),
                "talk",
                url,
                APP,
                SECRET,
                CHAT,
                stdout=asyncio.subprocess.PIPE,
            )
            assert bot.stdout is not None
            told = (await bot.stdout.readline()).decode().split()
            assert told[:2] == ["sent", "True"]
            answer = await gateway.deliver(gateway.click("ou_li", told[2], "ack"))
            assert answer["toast"] == {"type": "success", "content": "done"}
            assert (await bot.stdout.readline()).decode().split() == ["clicked", "ou_li", "ack", told[2]]
            gateway.parts = True
            await gateway.deliver(gateway.write("ou_sam", "hello", to=told[2]))
            assert (await bot.stdout.readline()).decode().split() == ["written", "ou_sam", "hello"]
            assert (await bot.stdout.readline()).decode().split() == ["edited", "True"]
            assert await bot.wait() == 0
            assert gateway.messages[told[2]].edits == 1
            assert gateway.pings > 0

    asyncio.run(whole())


@pytest.mark.slow
def test_our_encryption_and_signature_are_the_vendor_s() -> None:
    """Its dispatcher takes calls that our own functions made, and refuses them spoiled; ours takes what it took."""
    python = vendor_python("lark_oapi")
    gateway = a_gateway()
    gateway.messages["om_1"] = far.Kept("om_1", CHAT, {"behaviors": [{"type": "callback", "value": {"do": "ack"}}]})
    event = gateway.click("ou_li", "om_1", "ack")
    body = json.dumps({"encrypt": feishu_wire.encrypted(json.dumps(event).encode(), KEY, bytes(range(16)))})
    signed = feishu_wire.signature("1764000000", "n", KEY, body.encode())
    headers = {"X-Lark-Request-Timestamp": "1764000000", "X-Lark-Request-Nonce": "n", "X-Lark-Signature": signed}
    theirs, their_body = gateway.call(event, at_s=1_764_000_000)
    lines = [
        {"headers": headers, "body": body}, {"headers": {**headers, "X-Lark-Signature": "0" * 64}, "body": body},
        {"headers": {name.title(): value for name, value in theirs.items()}, "body": their_body.decode()},
        {"headers": {}, "body": gateway.challenge("c-9").decode()},
    ]  # fmt: skip
    done = subprocess.run(
        [python, str(Path(__file__).with_name("lark_bot.py")), "check", KEY, TOKEN],
        input="".join(json.dumps(line) + "\n" for line in lines), capture_output=True, text=True, check=True,
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [answer["status"] for answer in answers] == [200, 500, 200, 200]
    assert "ou_li" in answers[0]["body"]
    assert json.loads(answers[3]["body"]) == {"challenge": "c-9"}
    now = datetime.fromtimestamp(1_764_000_000, UTC)
    account = replace(
        ACCOUNT, settings=msgspec.structs.replace(ACCOUNT.settings, encrypt_key=KEY, verification_token=TOKEN)
    )
    from chat.base import Call

    for told, sent in ((headers, body.encode()), (theirs, their_body)):
        assert (
            json.loads(
                bytes(feishu.verify(Call("POST", {}, {k.lower(): v for k, v in told.items()}, sent), account, now))
            )
            == event
        )  # type: ignore[arg-type]


def test_sent_letters_are_marked_with_the_card(tmp_path: Path) -> None:
    """The outbox knows the message by Feishu's own id."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        letters = desk.house.store.read(mail.letters_about, "case", str(case))
        assert [x.remote_id for x in letters if x.channel == "feishu:desk"] == list(desk.gateway.messages)

    run(tmp_path, talk)
