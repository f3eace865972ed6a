"""Chats that speak to us: a frame or a call is answered once it is committed, and whatever comes twice has one effect."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from chat_support import PEOPLE, a_case, read_settings, settings_file
from engines import a_store
from fastapi import FastAPI
from websockets.asyncio.server import ServerConnection, serve

from chat import phrases, telegram
from chat.acts import Heard
from chat.base import Account, Address, Call, Caught, Chat, Delivered, Frame, Hook, Reply, Socket, Spurned, said
from chat.sender import Line
from domain.errors import AccessDenied, OutsideError, Unreachable, UnreadableReply
from doorstep.chat_hearing import ear_of
from doorstep.chat_sockets import Listening
from doorstep.chats import accounts_of
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.retrying import Health
from doorstep.web.chat_hooks import chat_hook_router
from doorstep.wiring import open_house
from net.http import Http
from store import cases, chat_people, mail, people
from store.base import Db

START = datetime.fromisoformat("2026-11-23T06:00:00+00:00")
TABLE = '[chats.telegram.desk]\ntoken = "1:simulated"\nchat = -100\nlang = "en"\n'


def a_chat(url: str = "ws://127.0.0.1:1") -> Chat:
    """A chat that pushes, small enough to read: a frame is {key, who, about, parts?}; a call is proven by one header."""

    def read(frame: Frame, account: Account, now: datetime, kept: tuple[Frame, ...] = ()) -> Caught:
        told = said("pushing", frame.encode() if isinstance(frame, str) else frame, dict[str, Any])
        if told.get("leave"):
            return Caught(leave=True)
        if "part" in told:
            kept = (*kept, json.dumps(told["part"]))
            if len(kept) < told["of"]:
                return Caught(kept=kept)
            told = {name: value for part in kept for name, value in json.loads(part).items()}
        if "beat_s" in told:
            return Caught(beat_s=told["beat_s"])
        key = told["key"]
        return Caught((one(told),), (f"taken {key}",), (f"refused {key}",), (f"failed {key}",))

    def verify(call: Call, account: Account, now: datetime) -> bytes | Spurned:
        return call.body if call.headers.get("proof") == "good" else Spurned(401, "proves nothing")

    def read_call(body: bytes, call: Call, account: Account) -> Delivered:
        if call.method == "GET":
            return Delivered(answer=Reply(call.query["echo"].encode(), "text/plain"))
        told = said("pushing", body, dict[str, str])
        return Delivered((one(told),), Reply(b'"taken"'), Reply(b'"refused"'))

    socket = Socket(
        open=lambda account: Address(url, {"ticket": "t"}, beat_s=0.05), opened=lambda reply, account: Address(url), read=read,
        greet=lambda account, address, nonce: (f"hello {nonce != ''}",), ping=lambda account, address, nonce: b"ping",
        silent_s=0.3,
    )  # fmt: skip
    hook = Hook(verify, read_call, lambda account: True)
    return replace(telegram.CHAT, polled=None, socket=socket, hook=hook)


def one(told: dict[str, Any]) -> Heard:
    wish = phrases.REACTIONS["✅"]
    if "key" not in told:
        raise UnreadableReply("pushing", "no key")
    return Heard(told["key"], told["who"], wish, told["about"], "")


@dataclass
class Desk:
    house: House
    file: Path
    case: int

    def history(self) -> list[tuple[str, str | None]]:
        return [(fact.event.value, fact.by) for fact in self.house.store.read(cases.history_of, self.case)]

    def line(self, url: str) -> Line:
        [account] = accounts_of(self.house.settings)
        return Line(a_chat(url), account, Http("telegram"), self.house.wall)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A case whose message stands in the chat under the id 71; Li is linked as 501, Eve, who may only look, as 503."""
    clock = SetClock(START)
    file = tmp_path / "pushed.sqlite3"
    with a_store(file) as store:
        house = replace(open_house(read_settings(settings_file(tmp_path, TABLE)), store, now=clock), wall=clock)
        for person, number in zip(PEOPLE, (501, 502, 503, 504), strict=True):
            store.write(people.save_person, person)
            store.write(chat_people.link, "telegram", str(number), person.id, now=START)
        case = store.write(a_case, house, 1)
        letter = next(x for x in store.read(mail.letters_about, "case", str(case)) if x.channel == "telegram:desk")
        store.write(mail.mark_sent, letter.id, now=START, remote_id="71")
        yield Desk(house, file, case)


def frame(key: str, who: str = "501", **more: Any) -> str:
    return json.dumps({"key": key, "who": who, "about": "71", **more})


# --- the long connection -------------------------------------------------------------------------------------------

Talk = Callable[[ServerConnection], Any]


@asynccontextmanager
async def far_side(talk: Talk) -> AsyncIterator[str]:
    async with serve(talk, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/in"


def talked(desk: Desk, talk: Talk, health: Health | None = None) -> OutsideError | None:
    """Listen until the far side ends it; gives the error that it ended with."""

    async def run() -> OutsideError | None:
        async with far_side(talk) as url:
            line = desk.line(url)
            line.chat = replace(line.chat, enter=())
            listening = Listening(desk.house, line, ear_of(desk.house, line.account), health or Health())
            try:
                await listening.once()
            except OutsideError as exc:
                return exc
            finally:
                await line.close()
            return None

    return asyncio.run(run())


async def answer(peer: ServerConnection) -> Frame:
    """The next frame that is no ping."""
    while (told := await peer.recv()) == b"ping":
        pass
    return told


def test_a_frame_is_answered_when_it_is_committed_and_has_one_effect(desk: Desk) -> None:
    """Greeting first; at the moment of the answer the act is in the database; the same frame again gets the same answer and does
    nothing; one that was refused is answered as such each time.
    """
    seen: list[Any] = []

    async def talk(peer: ServerConnection) -> None:
        assert peer.request is not None
        seen.append((await peer.recv(), peer.request.headers["ticket"]))
        for told in (frame("k1"), frame("k1"), frame("k2", "503"), frame("k2", "503")):
            await peer.send(told)
            seen.append((await answer(peer), ("acknowledged", "li") in desk.history()))
        await peer.send('{"leave": true}')
        await peer.wait_closed()

    assert talked(desk, talk) is None
    assert seen == [
        ("hello True", "t"), ("taken k1", True), ("taken k1", True), ("refused k2", True), ("refused k2", True)
    ]  # fmt: skip
    assert [event for event, _ in desk.history()].count("acknowledged") == 1


def test_what_cannot_be_committed_is_not_answered_as_taken(desk: Desk) -> None:
    """A locked database: the frame is answered as failed and nothing changed; delivered again afterwards it is taken."""
    seen: list[Frame] = []

    async def talk(peer: ServerConnection) -> None:
        await peer.recv()
        with closing(sqlite3.connect(desk.file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await peer.send(frame("k1"))
            seen.append(await answer(peer))
            other.execute("ROLLBACK")
        assert "acknowledged" not in dict(desk.history())
        await peer.send(frame("k1"))
        seen.append(await answer(peer))
        await peer.send('{"leave": true}')
        await peer.wait_closed()

    assert talked(desk, talk) is None
    assert seen == ["failed k1", "taken k1"]


def test_frames_that_nobody_can_read_are_passed_over_and_parts_are_put_together(desk: Desk) -> None:
    """Text, bytes, nonsense: the connection goes on; a message in two parts is one."""
    seen: list[Frame] = []

    async def talk(peer: ServerConnection) -> None:
        for told in ("", "{", b"\xff\x00", "[" * 9_000, '{"key": "x"'):
            await peer.send(told)
        whole = json.loads(frame("k1"))
        await peer.send(json.dumps({"part": {"key": "k1"}, "of": 2}))
        await peer.send(json.dumps({"part": whole, "of": 2}))
        await peer.recv()
        seen.append(await answer(peer))
        await peer.send('{"leave": true}')
        await peer.wait_closed()

    assert talked(desk, talk) is None
    assert seen == ["taken k1"]


def test_a_dead_connection_is_noticed(desk: Desk) -> None:
    """Pings go out; a far side that says nothing is left, one that closes too: both are Unreachable, to be tried again."""
    pings: list[Frame] = []

    async def silent(peer: ServerConnection) -> None:
        pings.extend([told async for told in peer])

    health = Health()
    error = talked(desk, silent, health)
    assert isinstance(error, Unreachable)
    assert health.ok_at == START
    assert pings.count(b"ping") > 1

    async def closing_(peer: ServerConnection) -> None:
        await peer.close(1011)

    assert isinstance(talked(desk, closing_), Unreachable)


@pytest.mark.parametrize(
    ("status", "error"), [(401, AccessDenied), (403, AccessDenied), (503, Unreachable), (302, Unreachable)]
)
def test_a_refused_connection_says_why(desk: Desk, status: int, error: type[OutsideError]) -> None:
    """401 and 403 are for a person, the rest for later; no redirect is followed, and no ticket is in the error."""

    async def run() -> None:
        async def nothing(peer: ServerConnection) -> None:
            await peer.wait_closed()

        def refuse(peer: ServerConnection, request: Any) -> Any:
            response = peer.respond(status, "no")
            response.headers["location"] = "ws://127.0.0.1:9/elsewhere"
            return response

        async with serve(nothing, "127.0.0.1", 0, process_request=refuse) as server:
            line = desk.line(f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/?ticket=hush")
            line.chat = replace(line.chat, enter=())
            with pytest.raises(error) as caught:
                await Listening(desk.house, line, ear_of(desk.house, line.account), Health()).once()
            assert "hush" not in str(caught.value)

    asyncio.run(run())


# --- calls ---------------------------------------------------------------------------------------------------------

PATH = "/chats/telegram/desk"


def called(
    desk: Desk, *bodies: bytes, path: str = PATH, method: str = "POST", proof: str = "good"
) -> list[httpx.Response]:
    """Calls at the same time."""

    async def run() -> list[httpx.Response]:
        app = FastAPI()
        app.include_router(chat_hook_router(desk.house, {"telegram": a_chat()}))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://desk") as client:
            calls = (client.request(method, path, content=body, headers={"proof": proof}) for body in bodies)
            return list(await asyncio.gather(*calls))

    return asyncio.run(run())


def test_a_call_is_answered_after_the_commit_and_five_copies_have_one_effect(desk: Desk) -> None:
    """Five at once and one later: all 200 with the same answer, one act, one audit row."""
    replies = [*called(desk, *[frame("k1").encode()] * 5), *called(desk, frame("k1").encode())]
    assert {(reply.status_code, reply.text) for reply in replies} == {(200, '"taken"')}
    assert [event for event, _ in desk.history()].count("acknowledged") == 1
    letters = desk.house.store.read(mail.letters_about, "case", str(desk.case))
    assert [x.kind for x in letters if x.channel == "telegram:desk"].count("alert_edit") == 1


def test_a_refused_act_gets_its_own_answer_each_time(desk: Desk) -> None:
    """Somebody who may only look: 200, refused, on record once."""
    replies = [*called(desk, frame("k1", "503").encode()), *called(desk, frame("k1", "503").encode())]
    assert {(reply.status_code, reply.text) for reply in replies} == {(200, '"refused"')}
    assert "acknowledged" not in dict(desk.history())


REFUSED = (
    ("no proof", {"proof": ""}, frame("k").encode(), 401),
    ("another account", {"path": "/chats/telegram/night"}, frame("k").encode(), 404),
    ("another chat", {"path": "/chats/matrix/desk"}, frame("k").encode(), 404),
    ("no chat", {"path": "/chats/nonsense/desk"}, frame("k").encode(), 404),
    ("oversized", {}, b"x" * 300_000, 413),
    ("oversized and unproven", {"proof": ""}, b"x" * 300_000, 413),
    ("empty", {}, b"", 400),
    ("cut", {}, frame("k").encode()[:-1], 400),
    ("no text", {}, b"\xff\xfe\x00", 400),
    ("nested", {}, b"[" * 100_000, 400),
    ("nested objects", {}, b'{"a":' * 20_000, 400),
    ("no key", {}, b"{}", 400),
    ("a long query", {"path": f"{PATH}?a={'b' * 5_000}"}, frame("k").encode(), 413),
    ("another method", {"method": "PUT"}, frame("k").encode(), 405),
)  # fmt: skip


def rows(db: Db) -> list[int]:
    """How many facts, letters and deliveries there are."""
    tables = ("fact", "outbox", "inbound", "chat_unplaced")
    return [db.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in tables]


@pytest.mark.parametrize(("how", "body", "status"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_bad_call_gets_the_stated_refusal_and_changes_nothing(
    desk: Desk, how: dict[str, str], body: bytes, status: int
) -> None:
    """Never a 5xx, never a state change."""
    before = desk.house.store.read(rows)
    [reply] = called(desk, body, **how)
    assert reply.status_code == status
    assert desk.house.store.read(rows) == before


def test_the_check_of_our_address_is_answered(desk: Desk) -> None:
    """A proven GET is echoed to the letter; an unproven one isn't."""
    [good] = called(desk, b"", path=f"{PATH}?echo=4711", method="GET")
    assert (good.status_code, good.text) == (200, "4711")
    [bad] = called(desk, b"", path=f"{PATH}?echo=4711", method="GET", proof="no")
    assert bad.status_code == 401


def test_a_locked_database_is_a_503_and_changes_nothing(desk: Desk) -> None:
    """Within the 3 s that platforms wait; the second delivery is taken, once."""
    with closing(sqlite3.connect(desk.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        [reply] = called(desk, frame("k1").encode())
        assert reply.status_code == 503
        assert "acknowledged" not in dict(desk.history())
        other.execute("ROLLBACK")
    [reply] = called(desk, frame("k1").encode())
    assert (reply.status_code, reply.text) == (200, '"taken"')
    assert [event for event, _ in desk.history()].count("acknowledged") == 1


# --- tokens --------------------------------------------------------------------------------------------------------


def test_a_token_is_fetched_once_renewed_before_its_end_and_after_a_refusal(desk: Desk) -> None:
    """Three sends use one token; near its end and after a refusal a new one; a fresh one that is refused isn't tried again."""
    from chat.base import Token, TokenFlow
    from net.http import HttpRequest

    log: list[str] = []
    clock = SetClock(START)
    refused: set[str] = set()

    def far(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            log.append("token")
            return httpx.Response(200, content=f"t{log.count('token')}".encode())
        used = request.headers["x-token"]
        log.append(used)
        return httpx.Response(401 if used in refused else 200, json={"ok": True, "result": {"message_id": 5}})

    chat = a_chat()
    assert chat.outward is not None

    def send(payload: Any, account: Account, key: str, to: str = "") -> HttpRequest:
        return HttpRequest("POST", "http://far/send", {"x-token": account.token.value if account.token else ""}, b"{}")

    flow = TokenFlow(
        lambda account: HttpRequest("POST", "http://far/token"),
        lambda reply, now: Token(reply.body.decode(), now + timedelta(hours=1)),
    )
    chat = replace(chat, token=flow, outward=replace(chat.outward, send=send))
    [account] = accounts_of(desk.house.settings)

    async def run() -> None:
        line = Line(chat, account, Http("telegram", transport=httpx.MockTransport(far)), clock)
        for _ in range(3):
            await line.send({}, "k")
        clock.set(START + timedelta(minutes=56))
        await line.send({}, "k")
        refused.add("t2")
        await line.send({}, "k")
        refused.update({"t3", "t4"})
        with pytest.raises(AccessDenied):
            await line.send({}, "k")
        assert "t4" not in repr(line.account)
        await line.close()

    asyncio.run(run())
    assert log == ["token", "t1", "t1", "t1", "token", "t2", "t2", "token", "t3", "t3", "token", "t4"]
