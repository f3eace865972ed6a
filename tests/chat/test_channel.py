"""A channel's queue: what goes first, what is tried again and until when, what follows where nothing can be edited."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from chat_support import PEOPLE, a_case, read_settings, settings_file
from engines import ON_BOTH, a_store

from chat.acts import ActKind, ChatAct, Heard, Question, Wish
from chat.phrases import to_the_desk
from chat.registry import CHATS
from chat.sender import Line
from domain.case import Kind, Severity
from doorstep.chats import GIVE_UP, Channel, accounts_of
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.wiring import open_house
from monitor.acts import perform
from monitor.heard import take
from monitor.promise import run_timers
from net.http import Http
from store import cases, chat_people, chat_queue, mail, overviews, people, reads

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
TABLE = """[chats.matrix.{name}]
homeserver = "https://m.example.com"
user = "@doorstep:example.com"
token = "secret"
room = "!{name}:example.com"
lang = "{lang}"
per_minute = {per_minute}
"""


class Desk:
    """A house with a channel whose homeserver is a function: the edge of the world."""

    def __init__(self, folder: Path, *, per_minute: int = 6_000) -> None:
        tables = "".join(
            TABLE.format(name=name, lang=lang, per_minute=per_minute)
            for name, lang in (("desk", "zh"), ("night", "en"))
        )
        self.clock = SetClock(START)
        settings = read_settings(settings_file(folder, tables))
        self.store = a_store(folder / "chat.sqlite3")
        self.house: House = replace(open_house(settings, self.store, now=self.clock), wall=self.clock)
        for person in PEOPLE:
            self.store.write(people.save_person, person)
        self.sent: list[dict[str, Any]] = []
        self.status, self.body = 200, b""
        self.runner = asyncio.Runner()
        self.channels = [self._channel(account) for account in accounts_of(settings)]

    def _channel(self, account: Any) -> Channel:
        transport = httpx.MockTransport(self._answer)
        return Channel(self.house, Line(CHATS["matrix"], account, Http(account.channel, transport=transport)))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.status != 200:
            return httpx.Response(self.status, content=self.body or b"{}")
        self.sent.append(json.loads(request.content))
        return httpx.Response(200, json={"event_id": f"$e{len(self.sent)}"})

    @property
    def desk(self) -> Channel:
        return self.channels[0]

    def send(self, *, until: timedelta = timedelta(0)) -> None:
        """Send as the loop does, on a clock that jumps to whatever it waits for, until ``until`` is over."""
        end, least = self.clock.at + until, max(until / 200, timedelta(seconds=0.1))
        while True:
            wait = self.runner.run(self.desk.send_due())
            following = self.clock.at + max(timedelta(seconds=wait), least)
            if following > end:
                return
            self.clock.set(following)

    def letters(self, channel: str = "matrix:desk") -> list[mail.Letter]:
        found = self.store.read(chat_queue.due, channel, now=self.clock.at + timedelta(days=99), limit=99)
        return list(found)

    def close(self) -> None:
        for channel in self.channels:
            self.runner.run(channel.line.close())
        self.runner.close()
        self.store.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()


def test_every_channel_gets_the_alert_in_its_language(desk: Desk) -> None:
    """The console and each channel that is set have a letter each, under ids of their own."""
    case = desk.store.write(a_case, desk.house, 1)
    letters = desk.store.read(mail.letters_about, "case", str(case))
    assert sorted((x.channel, x.kind) for x in letters) == [
        ("console", "alert"), ("matrix:desk", "alert"), ("matrix:night", "alert"),
    ]  # fmt: skip
    assert len({x.id for x in letters}) == 3
    bodies = {x.channel: x.payload.get("body", "") for x in letters}
    assert "还没有人接手" in bodies["matrix:desk"]
    assert "Nobody has taken it" in bodies["matrix:night"]


def test_what_is_in_the_house_does_not_wait_for_the_chat(desk: Desk) -> None:
    """The console's own letters are delivered whatever the chats do; a chat's letters are never taken for delivered."""
    desk.store.write(a_case, desk.house, 1)
    due = desk.store.read(mail.due_letters, now=desk.clock.at, limit=9)
    assert [x.channel for x in due] == ["console"]


def test_an_urgent_alert_passes_a_storm(tmp_path: Path) -> None:
    """Sixty alerts wait for a homeserver that takes ten in 50 s; an urgent one goes out next, and an answer to an act before the
    rest.
    """
    desk = Desk(tmp_path, per_minute=12)
    for n in range(60):
        desk.store.write(a_case, desk.house, n)
    desk.send()
    assert len(desk.sent) == 10
    urgent = desk.store.write(a_case, desk.house, 99, severity=Severity.URGENT)
    act = ChatAct("console", "main", "k", "li", 1, ActKind.ACKNOWLEDGE)
    desk.store.write(perform, act, now=desk.clock.at)
    desk.send(until=timedelta(seconds=51))
    following = [m["m.new_content"]["body"] if "m.new_content" in m else m["body"] for m in desk.sent[10:12]]
    assert f"#{urgent} " in following[0]
    assert "#1 " in following[1]
    desk.send(until=timedelta(minutes=5))
    assert len(desk.sent) == 62
    desk.close()


def test_a_letter_is_tried_for_three_days_and_then_given_up(desk: Desk) -> None:
    """While the chat is down nothing is lost; in the end a person must look: on the outbox page, in the counts."""
    desk.store.write(a_case, desk.house, 1)
    desk.status = 503
    desk.send(until=timedelta(days=2))
    [letter] = desk.letters()
    assert letter.attempts > 10
    assert "HTTP 503" in letter.error
    assert desk.desk.sending.error
    desk.send(until=GIVE_UP)
    assert desk.letters() == []
    assert desk.store.read(chat_queue.counts)["matrix:desk"] == {"waiting": 0, "dead": 1}
    assert [x.id for x in desk.store.read(overviews.troubled_letters) if x.dead_at] == [letter.id]


def test_a_chat_that_comes_back_gets_everything(desk: Desk) -> None:
    """After an outage the queue goes out in order, and the channel is well again."""
    for n in range(5):
        desk.store.write(a_case, desk.house, n)
    desk.status = 502
    desk.send(until=timedelta(hours=3))
    desk.status = 200
    desk.send(until=timedelta(minutes=3))
    assert len(desk.sent) == 5
    assert desk.desk.sending.error == ""


def test_a_letter_that_is_refused_for_itself_holds_nobody_up(desk: Desk) -> None:
    """A bad message is tried five times and given up; the others go out meanwhile, and the case's next word is a new message."""
    desk.store.write(a_case, desk.house, 1)
    desk.status, desk.body = 413, b'{"errcode": "M_TOO_LARGE"}'
    desk.send(until=timedelta(minutes=5))
    [dead] = [x for x in desk.store.read(mail.letters_about, "case", "1") if x.dead_at]
    assert dead.attempts == 5
    assert "M_TOO_LARGE" in dead.error
    desk.status = 200
    desk.store.write(perform, ChatAct("console", "main", "k", "li", 1, ActKind.ACKNOWLEDGE), now=desk.clock.at)
    desk.send(until=timedelta(seconds=2))
    [said] = desk.sent
    assert "m.relates_to" not in said
    assert "李梅" in said["body"]
    desk.store.write(perform, ChatAct("console", "main", "k2", "li", 1, ActKind.COMMENT, "x"), now=desk.clock.at)
    desk.send(until=timedelta(seconds=2))
    assert desk.sent[1]["m.relates_to"] == {"rel_type": "m.replace", "event_id": "$e1"}


@ON_BOTH
def test_where_it_is_too_late_to_edit_a_new_message_follows(desk: Desk) -> None:
    """A platform with a window for edits: after it the news is a message of its own, which then stands for the case."""
    desk.desk.line.limits = replace(desk.desk.line.limits, edit_for=timedelta(hours=72))
    desk.store.write(a_case, desk.house, 1)
    desk.send()
    for hours, key in ((71, "a"), (2, "b"), (1, "c")):
        desk.clock.set(desk.clock.at + timedelta(hours=hours))
        desk.store.write(perform, ChatAct("console", "main", key, "li", 1, ActKind.COMMENT, key), now=desk.clock.at)
        desk.send(until=timedelta(seconds=2))
    relations = [m.get("m.relates_to", {}).get("event_id") for m in desk.sent]
    assert relations == [None, "$e1", None, "$e3"]
    assert desk.store.read(chat_queue.case_of_message, "matrix:desk", "$e1") == 1
    assert desk.store.read(chat_queue.case_of_message, "matrix:desk", "$e3") == 1


def test_a_warning_is_said_and_not_only_written_over(desk: Desk) -> None:
    """Nobody sees an edit who isn't looking: what must be heard also comes in the thread."""
    case = desk.store.write(a_case, desk.house, 1)
    desk.send()
    desk.clock.set(START + timedelta(hours=23))
    desk.store.write(run_timers, desk.house.policy, now=desk.clock.at, limit=9)
    desk.send(until=timedelta(seconds=2))
    kinds = sorted(m["m.relates_to"]["rel_type"] for m in desk.sent[1:])
    assert kinds == ["m.replace", "m.thread"]
    assert case == 1


def test_a_channel_that_is_no_longer_set_gives_its_letters_up(desk: Desk) -> None:
    """Nobody would ever send them: they are for people to see, with the reason."""
    desk.store.write(a_case, desk.house, 1)
    kept = [row for row in desk.store.read(chat_queue.channels) if row.name == "matrix:desk"]
    desk.store.write(chat_queue.set_channels, kept, now=desk.clock.at)
    [letter] = [x for x in desk.store.read(mail.letters_about, "case", "1") if x.channel == "matrix:night"]
    assert letter.dead_at == desk.clock.at
    assert "no longer in the settings" in letter.error


def test_no_letter_and_no_error_holds_a_secret(desk: Desk) -> None:
    """The token is in requests only."""
    desk.store.write(a_case, desk.house, 1)
    desk.status, desk.body = 401, b'{"errcode": "M_UNKNOWN_TOKEN", "error": "secret"}'
    desk.send()
    dump = desk.store.read(lambda db: str(db.exec_driver_sql("SELECT * FROM outbox").all()))
    assert "secret" not in dump
    assert "M_UNKNOWN_TOKEN" in dump


# --- cases opened in the chat ---


def written(desk: Desk, key: str, text: str, who: str = "@li:example.com") -> list[dict[str, Any]]:
    """What the channel answers to a message of somebody: the replies that were written."""
    wish = to_the_desk(text)
    assert wish is not None
    before = {x.id for x in desk.letters()}
    desk.store.write(take, Heard(key, who, wish, here=key), desk.desk._ear, now=desk.clock.at)
    return [x.payload for x in desk.letters() if x.id not in before]


def linked(desk: Desk, person: str) -> None:
    desk.store.write(chat_people.link, "matrix", f"@{person}:example.com", person, now=desk.clock.at)


@pytest.mark.parametrize(
    ("text", "kind", "type_"),
    [("open {number} damaged the box leaks", Kind.DAMAGED, "damaged"), ("开单 {number} 破损 漏液", Kind.DAMAGED, "damaged"),
     ("open {number} Quality fault it hums", Kind.DISPUTED, "quality")],
)  # fmt: skip
def test_a_case_is_opened_in_the_chat(desk: Desk, text: str, kind: Kind, type_: str) -> None:
    """By whoever is linked, of a type by any of its words, once for each message; its own alert comes as of any other."""
    linked(desk, "li")
    desk.store.write(partial(a_case, kind=Kind.STALLED), desk.house, 1)
    number = desk.store.read(reads.subject_number, desk.store.read(cases.list_cases)[0].subject)
    said = written(desk, "$m1", text.format(number=number))
    [case] = [one for one in desk.store.read(cases.list_cases) if one.type]
    assert (case.kind, case.type) == (kind, type_)
    assert desk.store.read(cases.history_of, case.id)[0].by == "li"
    assert len([x for x in said if x.get("content")]) == 1
    again = Heard("$m1", "@li:example.com", to_the_desk(text.format(number=number)) or Wish(Question.HELP), here="$m1")
    assert not desk.store.write(take, again, desk.desk._ear, now=desk.clock.at)
    assert len([one for one in desk.store.read(cases.list_cases) if one.type]) == 1


@pytest.mark.parametrize(
    ("text", "answer"),
    [("open XX999 damaged", "XX999"), ("open XX999 gibberish", "破损"), ("开单 XX999 什么鬼", "破损")],
)
def test_what_is_wrong_with_a_wanted_case_is_answered(desk: Desk, text: str, answer: str) -> None:
    """A number that nobody knows, a type that isn't one: named, with what would do; no case."""
    linked(desk, "li")
    [said] = written(desk, "$m1", text)
    assert answer in json.dumps(said, ensure_ascii=False)
    assert desk.store.read(cases.list_cases) == []


def test_who_may_only_look_opens_nothing(desk: Desk) -> None:
    linked(desk, "eve")
    desk.store.write(partial(a_case, kind=Kind.STALLED), desk.house, 1)
    number = desk.store.read(reads.subject_number, desk.store.read(cases.list_cases)[0].subject)
    written(desk, "$m1", f"open {number} damaged", "@eve:example.com")
    assert [one for one in desk.store.read(cases.list_cases) if one.type] == []
