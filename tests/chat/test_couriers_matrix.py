"""Couriers at a real homeserver (Synapse), at a client that isn't ours (matrix-nio): linked, told in a room of their own, heard in words."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import pytest
from chat_support import Room, a_room
from courier_support import COURIERS, a_route, cancel, happened, status
from synapse import PYTHON, Synapse, User

from doorstep import courier_chat
from store import chat_people, check

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
PERSONAL = ("欧阳伟强", "13812345678", "梧桐路")


@pytest.fixture
def room(homeserver: Synapse, tmp_path: Path, suffix: str) -> Iterator[Room]:
    made = a_room(tmp_path, homeserver, suffix, more=COURIERS)
    made.begin()
    yield made
    made.close()


@dataclass
class Courier:
    """Wang, at matrix-nio. ``told``: what others said where Wang is, by room."""

    user: User
    told: list[tuple[str, str]]
    process: subprocess.Popen[str]

    def say(self, room: str, text: str) -> None:
        """Say it, and wait until the homeserver has it."""
        told: IO[str] = self.process.stdin  # type: ignore[assignment]
        told.write(json.dumps({"room": room, "text": text}) + "\n")
        told.flush()
        self.until(lambda line: "said" in line)

    def joined(self) -> str:
        """The next room that Wang was invited to, once there."""
        return str(self.until(lambda line: "joined" in line)["joined"])

    def hears(self, words: str) -> str:
        """The first text, of those that came or come, with these words."""
        while (found := next((text for _, text in self.told if words in text), None)) is None:
            self.until(lambda line: "told" in line)
        return found

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            said: dict[str, Any] = json.loads(line)
            if "told" in said:
                self.told.append((said["room"], said["told"]))
            if wanted(said):
                return said
        raise AssertionError(f"matrix-nio ended; it heard {self.told}")


@pytest.fixture
def wang(homeserver: Synapse, suffix: str) -> Iterator[Courier]:
    user = homeserver.user(f"wang{suffix}")
    process = subprocess.Popen(
        [str(PYTHON), str(HERE / "nio_courier.py"), homeserver.url, user.id, user.password],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    yield Courier(user, [], process)
    process.kill()
    process.communicate()
    user.http.close()


def heard(room: Room, wang: Courier, where: str, text: str) -> None:
    """Wang says something, and it has its effect and its answer."""
    wang.say(where, text)
    assert room.listen() == 1
    room.send()


def test_a_courier_is_linked_told_and_heard(room: Room, wang: Courier) -> None:
    """The code is said where both are; from then on all is between the two: the route, its one difference, each answer in words."""
    route = a_route(room.house, 4)
    room.staff["li"].call("POST", f"/v3/rooms/{quote(room.id)}/invite", {"user_id": wang.user.id})
    assert wang.joined() == room.id
    heard(room, wang, room.id, f"绑定 {courier_chat.new_code(room.house, 'wang', by='li', via='console')}")
    alone = wang.joined()
    assert alone == room.store.read(chat_people.private_address, "matrix:desk", wang.user.id)
    assert "王师傅" in wang.hears("your routes come here")
    assert "/courier/" in wang.hears("4 stops")
    cancel(room.house, "RT1-1")
    room.send()
    wang.hears("Stop 1 is cancelled")
    for text, answer in (
        ("I’m off", "you set off"), ("late 20", "20 minutes late"), ("晚到30", "30 minutes late"), ("full", "vehicle is full"),
        ("can't go on", "can't go on today"), ("继续", "you carry on"), ("2 1", "stop 2 failed"), ("失败 3", "Why did stop 3 fail"),
        ("3 4", "stop 3 failed"), ("ACKED by boss", "I know these answers"), ("中文", "以后用中文"), ("4 1", "第 4 站没收到"),
    ):  # fmt: skip
        heard(room, wang, alone, text)
        wang.hears(answer)
    assert [event for event, by in happened(room.house, "RT1") if by == "wang"] == [
        "courier_off", "courier_late", "courier_late", "courier_full", "courier_out", "courier_well", "done",
    ]  # fmt: skip
    assert [status(room.house, stop.id)[1] for stop in route.stops[1:]] == ["absent", "refused", "absent"]
    in_private = [text for where, text in wang.told if where == alone]
    assert not any(personal in text for text in in_private for personal in PERSONAL)
    assert [e for e in room.from_bot() if "m.relates_to" not in e["content"]] == []
    assert room.store.read(check.differences, now=room.clock.at) == []


def test_what_a_courier_says_is_theirs_alone(room: Room, wang: Courier) -> None:
    """Set by the desk; another courier's route isn't reached, and what is heard again has no second effect."""
    why = courier_chat.set_by_hand(room.house, "wang", "matrix:desk", wang.user.id, "", by="li", via="console")
    assert why is None
    a_route(room.house, courier="zhao", name="RT2")
    a_route(room.house)
    room.send()
    alone = wang.joined()
    cursor = room.store.read(lambda db: db.exec_driver_sql("SELECT cursor FROM chat_channel").scalar_one())
    heard(room, wang, alone, "1 1")
    room.store.write(lambda db: db.exec_driver_sql("UPDATE chat_channel SET cursor = ?", (cursor,)))
    assert room.listen() == 0
    assert status(room.house, "RT1-1") == ("failed", "absent")
    assert status(room.house, "RT2-1") == ("planned", "")
    room.send()
    assert len([text for _, text in wang.told if "stop 1 failed" in text] or [wang.hears("stop 1 failed")]) == 1
