"""Whoever calls us without being the chat, or without meaning us, gets the stated answer and changes nothing.

`make test` spoils a sample of requests by chance, `make faults` the full size, and floods.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from attacked_feishu import FeishuScene
from attacks import Attack, Scene, called, everything
from attacks_mattermost import MattermostScene
from attacks_slack import SlackScene
from attacks_wecom import WecomAppScene
from running_support import free_port

from chat.registry import CHATS
from store import cases

FULL = os.environ.get("DOORSTEP_FAULTS") == "full"
SPOILED, FLOOD = (2_000, 5_000) if FULL else (60, 100)
FLOOD_PER_S = 500
SCENES: dict[str, Callable[[Path, int], Any]] = {
    "feishu": FeishuScene, "mattermost": MattermostScene, "slack": SlackScene, "wecom_app": WecomAppScene,
}  # fmt: skip
"""Adapters that are called from outside, each with its attacks."""
AT_LEAST = 50
REFUSED = frozenset({400, 401, 403, 404, 405, 413, 415})


@pytest.fixture(params=sorted(SCENES))
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    made = SCENES[request.param](tmp_path, free_port())
    yield made
    made.close()


def history(scene: Scene) -> list[str]:
    return [fact.event.value for fact in scene.house.store.read(cases.history_of, scene.case)]


def test_every_chat_that_calls_us_is_attacked() -> None:
    assert {chat.id for chat in CHATS.values() if chat.hook is not None} == set(SCENES)


def test_there_are_many_of_them(tmp_path: Path) -> None:
    """At least 150 over all adapters, besides those that chance makes."""
    count = 0
    for name, make in SCENES.items():
        (tmp_path / name).mkdir()
        made = make(tmp_path / name, free_port())
        count += len(list(made.attacks()))
        made.close()
    assert count >= 150


def test_every_attack_gets_its_stated_answer_and_changes_nothing(scene: Scene) -> None:
    """Never a 5xx. A refusal leaves every row of the database as it was; what is proven but not ours, or not somebody's who may,
    leaves the case as it was.
    """
    attacks, before, wrong = list(scene.attacks()), history(scene), []
    for attack in attacks:
        rows = scene.house.store.read(everything)
        [answer] = asyncio.run(called(scene, [attack]))
        if answer.status_code != attack.status:
            wrong.append(f"{attack.name}: {answer.status_code}, not {attack.status}")
        if attack.status != 200 and scene.house.store.read(everything) != rows:
            wrong.append(f"{attack.name}: changed something")
        if history(scene) != before:
            wrong.append(f"{attack.name}: changed the case")
            before = history(scene)
    assert wrong == []
    assert len(attacks) >= AT_LEAST
    assert len({attack.name for attack in attacks}) == len(attacks)


def test_the_good_request_is_good_and_its_replays_have_no_second_effect(scene: Scene) -> None:
    """Without this, the attacks would prove nothing. Five more at once, then once more: the same answer each time."""
    good = scene.good()
    answers = asyncio.run(called(scene, [good] * 5)) + asyncio.run(called(scene, [good]))
    assert {(a.status_code, a.content) for a in answers} == {(200, answers[0].content)}
    assert history(scene).count("acknowledged") == 1


def test_requests_that_are_spoiled_by_chance_are_refused(scene: Scene) -> None:
    """A byte of the body changed, left out or doubled, a character of what proves it (a header, or its query): refused, nothing changed."""
    rng, before = Random(11), scene.house.store.read(everything)
    own = getattr(scene, "spoiled", None)  # where the chat proves nothing but what we signed ourselves
    spoiled = [own(rng) if own else _spoiled(scene.good(), rng) for _ in range(SPOILED)]
    for begin in range(0, SPOILED, 50):
        for answer in asyncio.run(called(scene, spoiled[begin : begin + 50])):
            assert answer.status_code in REFUSED
    assert scene.house.store.read(everything) == before


def _spoiled(good: Attack, rng: Random) -> Attack:
    at = rng.randrange(len(good.body))
    byte = good.body[at : at + 1]
    other = bytes([(byte[0] + rng.randrange(1, 255)) % 256])
    body = good.body[:at] + rng.choice((other, b"", byte * 2)) + good.body[at + 1 :]
    proofs = [name for name in good.headers if name.startswith("x-")]
    if not proofs:
        path, query = good.path.split("?")
        asked = dict(parse_qsl(query))
        proof = rng.choice(sorted(asked))
        spoiled = replace(good, path=f"{path}?{urlencode({**asked, proof: _turned(asked[proof], rng)})}")
    else:
        proof = rng.choice(proofs)
        spoiled = replace(good, headers={**good.headers, proof: _turned(good.headers[proof], rng)})
    return rng.choice((replace(good, body=body), spoiled))


def _turned(proof: str, rng: Random) -> str:
    digit = rng.randrange(len(proof))
    return proof[:digit] + ("1" if proof[digit] != "1" else "2") + proof[digit + 1 :]


def test_a_locked_database_is_a_503_and_changes_nothing(scene: Scene, tmp_path: Path) -> None:
    """The chat calls again; then it is taken, once."""
    good = scene.good()
    with closing(sqlite3.connect(tmp_path / "chat.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        [answer] = asyncio.run(called(scene, [good]))
        other.execute("ROLLBACK")
    assert answer.status_code == 503
    assert "acknowledged" not in history(scene)
    [answer] = asyncio.run(called(scene, [good]))
    assert answer.status_code == 200
    assert history(scene).count("acknowledged") == 1


def test_a_flood_of_forged_calls_keeps_no_good_one_out(scene: Scene) -> None:
    """500 a second, each refused before anything is parsed or waited for: none is told that we are busy. The good one among them is taken;
    where the machine itself is too busy for it, the chat calls again as chats do.
    """
    good = scene.good()
    forged = [replace(good, body=good.body + b"x")] * (FLOOD // 2)
    began = time.perf_counter()
    answers = [a.status_code for a in asyncio.run(called(scene, [*forged, good, *forged], per_s=FLOOD_PER_S))]
    print(f"{FLOOD} forged calls and a good one: {time.perf_counter() - began:.2f} s")
    taken = answers.pop(FLOOD // 2)
    assert set(answers) <= REFUSED
    if taken == 503:
        [again] = asyncio.run(called(scene, [good]))
        taken = again.status_code
    assert taken == 200
    assert history(scene).count("acknowledged") == 1
