"""The daemon killed again and again while a disturbed chat carries its alerts and the desk answers: nothing lost, nothing twice.

A real homeserver, a client that isn't ours, the real program. `make test` runs a sample, `make faults` the full sizes.
"""

import contextlib
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from chat_support import PEOPLE, a_case, matrix_table, read_settings, settings_file
from faulty import Proxy, killed_while_sending, proxy, until_quiet
from running_support import daemon, free_port, wait_for
from synapse import PYTHON, Synapse, User

from config.settings import Settings
from doorstep.wiring import open_house
from store import cases, chat_people, check, people
from store.base import Db, Store

pytestmark = pytest.mark.slow
FULL = os.environ.get("DOORSTEP_FAULTS") == "full"
ALERTS, ACKS, KILLS, SHARE = (1_000, 200, 20, 0.3) if FULL else (100, 20, 3, 0.3)
PATIENCE_S = 3 * 3_600 if FULL else 600
HERE = Path(__file__).parent


@dataclass
class Scene:
    """A folder with settings and a database full of new cases, the room they are told in, who answers there."""

    folder: Path
    settings: Settings
    room: str
    bot: User
    li: User
    network: Proxy

    @property
    def port(self) -> int:
        return self.settings.doorstep.port


@pytest.fixture
def scene(homeserver: Synapse, tmp_path: Path, suffix: str) -> Iterator[Scene]:
    bot, li = homeserver.user(f"bot{suffix}"), homeserver.user(f"li{suffix}")
    room = li.create_room(bot.id)
    with proxy(homeserver.url, free_port(), share=SHARE) as network:
        table = matrix_table(network.url, bot, room)
        settings = read_settings(settings_file(tmp_path, table, port=free_port()))
        with Store(settings.database, synchronous="OFF") as store:
            house = open_house(settings, store)
            for person in PEOPLE:
                store.write(people.save_person, person)
            store.write(chat_people.link, "matrix", li.id, "li", now=house.now())
            for n in range(ALERTS):
                store.write(a_case, house, n)
        yield Scene(tmp_path, settings, room, bot, li, network)
        for user in (bot, li):
            user.http.close()


@contextlib.contextmanager
def answering(scene: Scene) -> Iterator[subprocess.Popen[str]]:
    """Somebody at another client who reacts to the first alerts that come."""
    command = [
        str(PYTHON), str(HERE / "nio_staff.py"), scene.li.server.url, scene.li.id, scene.li.password, scene.room, str(ACKS),
    ]  # fmt: skip
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def acknowledged(db: Db) -> Counter[str]:
    """How many acknowledgements each case has on record."""
    rows = db.exec_driver_sql("SELECT subject_id FROM fact WHERE subject_type = 'case' AND event = 'acknowledged'")
    return Counter(row[0] for row in rows)


def test_killed_and_disturbed_nothing_is_lost_and_nothing_said_twice(scene: Scene) -> None:
    """Every case has exactly one message in the room, whatever was cut off; every reaction acknowledged its case exactly once
    and is shown on its message; nothing was given up.
    """
    with daemon(scene.folder, "run", port=scene.port) as running, answering(scene) as staff:
        killed_while_sending(running, lambda: scene.network.tried, KILLS, ALERTS, PATIENCE_S)
        assert staff.wait(PATIENCE_S) == 0, staff.stderr.read() if staff.stderr else ""
        until_quiet(running, PATIENCE_S)
        assert staff.stdout is not None
        reacted = staff.stdout.read().split()
        metrics = httpx.get(f"{running.url}/metrics").text
        assert running.starts == KILLS + 1
        assert running.stop() == 0, running.log()
    assert len(reacted) == len(set(reacted)) == ACKS
    assert 'doorstep_letters{channel="matrix:desk",state="dead"} 0.0' in metrics
    said = [e for e in scene.li.events(scene.room) if e["sender"] == scene.bot.id and e["type"] == "m.room.message"]
    first = {e["event_id"]: e["content"]["body"] for e in said if "m.relates_to" not in e["content"]}
    titles = Counter(body.split(" ")[1] for body in first.values())
    assert titles == {f"#{n}": 1 for n in range(1, ALERTS + 1)}
    with Store(scene.settings.database) as store:
        taken = store.read(acknowledged)
        assert taken == {first[event].split(" ")[1].removeprefix("#"): 1 for event in reacted}
        assert all(case.owner == "li" for case in store.read(cases.list_cases, limit=ALERTS) if str(case.id) in taken)
        assert store.read(check.differences, now=open_house(scene.settings, store).now()) == []
    for event in reacted[:: max(1, ACKS // 10)]:
        assert "✅ 李梅: acknowledged" in scene.li.message(scene.room, event)["body"]
    assert all(scene.network.met[fault] > 0 for fault in ("limited", "broken", "lost", "swallowed"))


def test_the_homeserver_dies_and_comes_back(homeserver: Synapse, tmp_path: Path, suffix: str) -> None:
    """kill -9 of the homeserver while alerts go out: the channel says that it is down, and every alert comes once."""
    bot, li = homeserver.user(f"bot{suffix}"), homeserver.user(f"li{suffix}")
    room = li.create_room(bot.id)
    settings = read_settings(settings_file(tmp_path, matrix_table(homeserver.url, bot, room), port=free_port()))
    with Store(settings.database, synchronous="OFF") as store:
        house = open_house(settings, store)
        for n in range(30):
            store.write(a_case, house, n)
    with daemon(tmp_path, "run", port=settings.doorstep.port) as running:
        wait_for(
            lambda: len([e for e in li.events(room) if e["sender"] == bot.id and e["type"] == "m.room.message"]) > 3
        )
        homeserver.kill()
        down = 'doorstep_chat_up{channel="matrix:desk",way="send"} 0.0'
        wait_for(lambda: down in httpx.get(f"{running.url}/metrics").text)
        homeserver.start()
        wait_for(lambda: httpx.get(f"{running.url}/readyz").json()["letters"]["waiting"] == 0)
        assert running.stop() == 0, running.log()
    said = [e for e in li.events(room) if e["sender"] == bot.id and e["type"] == "m.room.message"]
    assert Counter(e["content"]["body"].split(" ")[1] for e in said) == {f"#{n}": 1 for n in range(1, 31)}
    for user in (bot, li):
        user.http.close()
