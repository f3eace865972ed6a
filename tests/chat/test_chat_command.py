"""Chats by command: what is set, who is who, and a test that tells each hop."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from chat_support import PEOPLE, a_case, read_settings, settings_file
from engines import a_store

from domain.errors import RuleError
from doorstep.chat_test import chat_test
from doorstep.house import House
from doorstep.operations import perform
from doorstep.wiring import open_house
from store import chat_people, facts, people

TABLE = """[chats.matrix.desk]
homeserver = "https://m.example.com"
user = "@doorstep:example.com"
token = "secret"
room = "!desk:example.com"
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with a_store(tmp_path / "chat.sqlite3") as store:
        made = open_house(read_settings(settings_file(tmp_path, TABLE)), store)
        for person in PEOPLE:
            store.write(people.save_person, person)
        yield made


def test_the_list_tells_what_waits(house: House) -> None:
    """Every channel that is set with its queue; the chats that could be set."""
    house.store.write(a_case, house, 1)
    answer = perform(house, "chats_list", {})
    assert answer["channels"] == [{"name": "matrix:desk", "waiting": 1, "dead": 0}]
    assert "matrix" in answer["known"]


def test_an_administrator_links_somebody(house: House) -> None:
    """Linked, and on record; a chat or a person that doesn't exist is refused by name."""
    asked = {"adapter": "matrix", "identity": "@sam:example.com", "person": "sam"}
    perform(house, "chat_link", asked)
    assert house.store.read(chat_people.person_of, "matrix", "@sam:example.com") == "sam"
    [fact] = house.store.read(facts.history, "chat", "matrix")
    assert (fact.event, fact.by, fact.channel) == ("linked", "sam", "cli")
    with pytest.raises(RuleError, match="use one of dingtalk, feishu, matrix"):
        perform(house, "chat_link", {**asked, "adapter": "console"})
    with pytest.raises(RuleError, match="no person 'bob'"):
        perform(house, "chat_link", {**asked, "person": "bob"})


def hop(name: str, ok: bool = True) -> dict[str, Any]:
    return {"hop": name, "ok": ok}


SENT = {"hops": [hop("token"), hop("room"), hop("sent"), hop("shown")], "state": {"n": 0}, "ok": True, "says": ""}
NOTHING = {"hops": [], "state": {"n": 1}, "ok": True, "says": ""}
DONE = {
    "hops": [hop("clicked"), hop("verified"), hop("committed"), hop("edited")],
    "state": {},
    "ok": True,
    "says": "works",
}
REFUSED = {"hops": [hop("clicked"), hop("verified", ok=False)], "state": {}, "ok": False, "says": "isn't linked"}


@pytest.mark.parametrize(
    ("looks", "code", "last"),
    [([DONE], 0, "works"), ([NOTHING, DONE], 0, "works"), ([NOTHING, REFUSED], 1, "isn't linked")],
)
def test_each_hop_is_told_until_one_fails(
    looks: list[dict[str, Any]], code: int, last: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It looks again with the state of the last look, until somebody clicked; the last line says what is wrong."""
    answers, states = [SENT, *looks], []

    def ask(name: str, params: Mapping[str, Any]) -> dict[str, Any]:
        states.append((name, params.get("state")))
        return answers.pop(0)

    assert chat_test(ask, "matrix:desk", 30) == code
    out = capsys.readouterr().out.splitlines()
    assert out[:4] == ["good   token", "good   room", "good   sent", "good   shown"]
    assert out[-1] == last
    assert states[:2] == [("chat_test_send", None), ("chat_test_look", {"n": 0})]
    assert ("failed verified" in out) == (code == 1)


def test_nobody_clicked(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """After the wait it says so, and how to look for it."""

    def ask(name: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return perform(house, name, params) if name == "chat_test_unclicked" else {**SENT, "hops": []}

    assert chat_test(ask, "matrix:desk", 0) == 1
    assert "Nobody reacted" in capsys.readouterr().out
