"""Apprise, the last resort: at a simulated server with which Apprise's own client works unchanged, and through its own library."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import slack_support
from apprise_support import KEY, PASSWORD, USER, Desk, a_desk, a_gateway
from courier_support import COURIERS
from gateway_support import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from vendors import vendor_python

from chat.acts import ActKind, ChatAct
from chat.apprise import CHAT, AppriseSettings
from chat.base import Account
from domain.case import CaseEvent
from domain.errors import RuleError, Unreachable, UnreadableReply
from doorstep import courier_chat
from doorstep.chat_plan import NOT_HERE, TAKEN, TOLD
from doorstep.unheard import GRACE, count_unheard
from monitor import acts, alerts
from net.http import HttpReply
from sim.chats.apprise import AppriseGateway
from store import cases, check, mail
from store.mail import Letter

SLACK = slack_support.table("http://127.0.0.1:1")


def run(
    folder: Path, talk: Callable[[Desk], Awaitable[None]], *, gateway: AppriseGateway | None = None, **laid: Any
) -> None:
    """One conversation from beginning to end."""
    used = gateway or a_gateway()

    async def whole() -> None:
        async with serving(used) as url:
            desk = a_desk(folder, used, url, **laid)
            try:
                await talk(desk)
            finally:
                await desk.channel.line.close()
                desk.house.store.close()

    asyncio.run(whole())


def letters(desk: Desk, case: int, channel: str = "apprise:last") -> list[Letter]:
    return [one for one in desk.house.store.read(mail.letters_about, "case", str(case)) if one.channel == channel]


def slack_delivers(desk: Desk, case: int) -> None:
    for one in letters(desk, case, "slack:desk"):
        desk.house.store.write(mail.mark_sent, one.id, now=desk.clock.at, remote_id="1.1")


def test_an_alert_is_said_once_to_the_services_with_the_tag(tmp_path: Path) -> None:
    """Title, body, type; the case's address on the console; no customer; and that nobody reads answers."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        await desk.send()
        [said] = desk.gateway.services[KEY][1].said
        assert desk.gateway.services[KEY][0].said == []
        assert said["type"] == "warning"
        assert f"#{case} " in said["title"]
        assert f"/cases/{case}" in said["body"]
        assert "Nobody reads answers here" in said["body"]
        assert not any(
            personal in json.dumps(said, ensure_ascii=False) for personal in ("王小明", "13812345678", "梧桐路")
        )
        assert desk.house.store.read(check.differences, now=desk.clock.at) == []

    run(tmp_path, talk, tag="lead")


def test_what_another_chat_delivered_is_not_said(tmp_path: Path) -> None:
    """It waits its minutes for the others once; what they didn't deliver by then is said, what they did is passed over."""

    async def talk(desk: Desk) -> None:
        delivered, stuck = desk.open(1), desk.open(2)
        await desk.channel.send_due()
        assert desk.bodies() == []
        slack_delivers(desk, delivered)
        desk.clock.set(desk.clock.at + timedelta(minutes=10))
        await desk.channel.send_due()
        [body] = desk.bodies()
        assert f"#{stuck} " in body
        assert [one.error for one in letters(desk, delivered)] == [TOLD]

    run(tmp_path, talk, after=10, more=SLACK)


def test_what_somebody_took_or_closed_meanwhile_is_not_said(tmp_path: Path) -> None:
    """On the console, with no other chat at all."""

    async def talk(desk: Desk) -> None:
        taken, open_ = desk.open(1), desk.open(2)
        await desk.channel.send_due()
        act = ChatAct("console", "main", "k1", "li", taken, ActKind.ACKNOWLEDGE)
        desk.house.store.write(acts.perform, act, now=desk.clock.at)
        desk.clock.set(desk.clock.at + timedelta(minutes=10))
        await desk.send()
        [body] = desk.bodies()
        assert f"#{open_} " in body
        assert [one.error for one in letters(desk, taken) if one.kind == "alert"] == [TAKEN]
        assert {one.error for one in letters(desk, taken) if one.kind == "alert_edit"} <= {NOT_HERE}
        desk.clock.set(desk.clock.at + GRACE)
        assert count_unheard(desk.house) == 1  # the one that was said here is heard
        for case in (taken, open_):
            for one in letters(desk, case, "console"):
                desk.house.store.write(mail.mark_sent, one.id, now=desk.clock.at)
        assert count_unheard(desk.house) == 0

    run(tmp_path, talk, after=10)


def test_what_must_be_heard_is_said_again_though_the_first_alert_was_delivered(tmp_path: Path) -> None:
    """Slack had the alert and then died: the warning is said here."""

    async def talk(desk: Desk) -> None:
        case = desk.open()
        slack_delivers(desk, case)
        desk.clock.set(desk.clock.at + timedelta(hours=20))
        desk.house.store.write(_warned, case, desk)
        await desk.send()
        [body] = desk.bodies()
        assert f"#{case} " in body

    run(tmp_path, talk, more=SLACK)


def _warned(db: Any, case: int, desk: Desk) -> None:
    found = cases.get(db, case)
    assert found is not None
    alerts.say(db, found, CaseEvent.WARNED.value, now=desk.clock.at)


def test_nobody_is_listened_to_or_written_to_alone_there(tmp_path: Path) -> None:
    """Neither staff nor couriers can be linked to it; there is no way in which anything could be heard."""
    assert (CHAT.polled, CHAT.socket, CHAT.hook) == (None, None, None)

    async def talk(desk: Desk) -> None:
        with pytest.raises(RuleError, match="use one of dingtalk"):
            await asyncio.to_thread(_link, desk)
        why = courier_chat.set_by_hand(desk.house, "wang", "apprise:last", "x", "", by="li", via="console")
        assert why is not None
        assert why.code == "courier_chat.no_channel"

    run(tmp_path, talk, more=COURIERS)


def _link(desk: Desk) -> None:
    from doorstep.operations import perform

    perform(desk.house, "chat_link", {"adapter": "apprise", "identity": "x", "person": "li"})


def test_the_test_tells_what_it_can_know(tmp_path: Path) -> None:
    """The server is well and took the message; whether it came only people can see."""

    async def talk(desk: Desk) -> None:
        answer = await desk.asked("chat_test_send")
        assert [one["hop"] for one in answer["hops"]] == ["token", "sent"]
        assert answer["ok"]
        assert "look whether it came" in answer["says"]

    run(tmp_path, talk)


@pytest.mark.parametrize(("status", "error", "told"), [
    (204, UnreadableReply, "nothing is kept under the key"), (424, UnreadableReply, "a service behind it didn't take"),
    (500, Unreachable, "500"), (504, Unreachable, "504"),
])  # fmt: skip
def test_a_refusal_says_what_to_do(status: int, error: type[Exception], told: str) -> None:
    assert CHAT.outward is not None
    with pytest.raises(error, match=told):
        CHAT.outward.sent(HttpReply(status, {}, b""))


def test_a_service_that_fails_is_tried_a_few_times_and_given_up(tmp_path: Path) -> None:
    """The others under the key get it each time: so not for days."""
    gateway = a_gateway()
    gateway.services[KEY][1].fails = True

    async def talk(desk: Desk) -> None:
        case = desk.open()
        for _ in range(20):
            await desk.channel.send_due()
            desk.clock.set(desk.clock.at + timedelta(minutes=2))
        [letter] = letters(desk, case)
        assert letter.dead_at is not None
        assert "a service behind it" in letter.error
        assert len(desk.bodies()) <= 5

    run(tmp_path, talk, gateway=gateway)


def test_an_answer_that_got_lost_is_the_only_reason_to_say_it_twice(tmp_path: Path) -> None:
    gateway = a_gateway()
    gateway.loses_answers = 2

    async def talk(desk: Desk) -> None:
        desk.open()
        for _ in range(6):
            await desk.channel.send_due()
            desk.clock.set(desk.clock.at + timedelta(minutes=1))
        assert len(desk.bodies()) == 3

    run(tmp_path, talk, gateway=gateway)


@pytest.mark.parametrize(("url", "good"), [
    ("https://notify.example.com", True), ("http://apprise:8000", True), ("http://192.168.1.5:8000", True), ("http://box.lan", True),
    ("http://notify.example.com", False), ("http://8.8.8.8", False), ("ftp://apprise", False), ("apprise:8000", False),
])  # fmt: skip
def test_the_way_there_is_encrypted_or_one_s_own(url: str, good: bool) -> None:
    def made() -> AppriseSettings:
        return msgspec.convert({"url": url, "key": "k"}, AppriseSettings)

    if good:
        assert made().after_minutes == 10
    else:
        with pytest.raises(msgspec.ValidationError, match="https://"):
            made()


# --- Apprise's own library -----------------------------------------------------------------------------------------


async def library(*arguments: str, told: bytes = b"") -> str:
    process = await asyncio.create_subprocess_exec(
        vendor_python("apprise"), str(Path(__file__).with_name("apprise_client.py")), *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    out, _ = await process.communicate(told)
    return out.decode().strip()


@pytest.mark.slow
def test_apprise_s_own_client_works_on_the_simulated_server() -> None:
    """Unchanged, with its form and its JSON, in both versions: taken by the services with the tag; a wrong password, key or service is a failure to it, too."""
    gateway = a_gateway()

    async def whole() -> None:
        async with serving(gateway) as url:
            host = url.removeprefix("http://")
            for how in ("method=form&version=1", "method=json&version=1", "method=json&version=2"):
                told = f"apprise://{USER}:{PASSWORD}@{host}/{KEY}?tags=lead&{how}"
                assert await library("tell", told, "标题", "a & <b>") == "True"
            assert await library("tell", f"apprise://{USER}:wrong@{host}/{KEY}", "t", "b") == "False"
            assert await library("tell", f"apprise://{USER}:{PASSWORD}@{host}/nobody", "t", "b") == "False"
            gateway.services[KEY][1].fails = True
            assert await library("tell", f"apprise://{USER}:{PASSWORD}@{host}/{KEY}", "t", "b") == "False"
        said = gateway.services[KEY][1].said
        assert [(one["title"], one["body"], one["type"]) for one in said] == [("标题", "a & <b>", "warning")] * 3

    asyncio.run(whole())


class Sink:
    """A service of one's own that Apprise speaks to by ``json://``."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.app = Starlette(routes=[Route("/", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> JSONResponse:
        self.got.append(json.loads(await request.body()))
        return JSONResponse({})

    async def drop(self) -> None:
        pass


@pytest.mark.slow
def test_apprise_s_own_library_passes_on_what_we_send() -> None:
    """The very body of our call, handed to the library as its server does: every line arrives as it was written."""
    from test_chat_contract import MESSAGES, READERS

    sink, outward = Sink(), CHAT.outward
    assert outward is not None
    account = Account("apprise", "last", msgspec.convert({"url": "http://apprise:8000", "key": KEY}, AppriseSettings))
    calls = [
        outward.send(CHAT.render(MESSAGES[name], READERS["zh"]), account, "k") for name in ("alert", "hub", "closed")
    ]

    async def whole() -> None:
        async with serving(sink) as url:
            for call in calls:
                assert await library("pass", url.replace("http", "json", 1), told=call.body) == "True"

    asyncio.run(whole())
    wanted = [json.loads(call.body) for call in calls]
    assert [(one["title"], one["message"], one["type"]) for one in sink.got] == [
        (one["title"], one["body"], one["type"]) for one in wanted
    ]
    assert [one["type"] for one in wanted] == ["failure", "failure", "success"]
