"""What a finding rests on: equal bytes give equal findings, and what changes by itself isn't among them."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from carrier_support import ALL, NOW, Recorded, mutations, ok, shuffled

from carriers import registry
from carriers.base import Carrier
from carriers.parts import THE_SAME, code_digest, digests, may_be_kept
from carriers.sender import answer_of
from domain.errors import UnreadableReply
from domain.tracking import Ask, Failed, Found, NoData, NotFound, Reading
from net.http import HttpReply

POLLED = [case for case in ALL if not case.asked["push"] and registry.get(case.carrier).asks]
FOUND = [case for case in POLLED if case.golden["result"] == "found"]
MUTATIONS_PER_REPLY = 60


def each(cases: list[Recorded]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=lambda case: f"{case.carrier}-{case.name}")


def asked(case: Recorded, body: bytes | None = None) -> tuple[Reading, bytes | None]:
    """What a reply says anew of the recorded number, and its digest."""
    answer = answer_of(registry.get(case.carrier), case.reply(body), [Ask(case.asked["number"])], (), case.now)
    return answer.readings[0], answer.digests[0]


@each(FOUND)
def test_what_says_the_same_is_not_read_again(case: Recorded) -> None:
    """The same reply for the same ask has the digest of what was recorded, and is THE_SAME; for another ask it isn't."""
    carrier, ask = registry.get(case.carrier), Ask(case.asked["number"])
    reading, digest = asked(case)
    assert digest
    assert may_be_kept(reading)
    again = answer_of(carrier, case.reply(), [ask], [digest], case.now + timedelta(days=40))
    assert (again.readings, again.digests, again.is_news) == ((THE_SAME,), (digest,), False)
    other = answer_of(carrier, case.reply(), [replace(ask, carrier="elsewhere")], [digest], case.now)
    assert other.is_news


@each(FOUND)
def test_a_finding_rests_on_its_part_alone(case: Recorded) -> None:
    """However a reply is changed: where its part is the same, so is the finding. (What is broken about another number fails
    a whole reply; a part that needn't be read doesn't care.)
    """
    reading, digest = asked(case)
    rng = Random(11)
    for mutated in (*mutations(case.body, rng, MUTATIONS_PER_REPLY), shuffled(case.body, rng)):
        other, told = asked(case, mutated)
        assert told != digest or other == reading or isinstance(other, Failed), mutated


@each(FOUND)
def test_no_clock_changes_a_finding(case: Recorded) -> None:
    """A reply that was found is found with the same events whenever it is read."""
    carrier, ask = registry.get(case.carrier), Ask(case.asked["number"])
    assert carrier.read(case.reply(), [ask], case.now + timedelta(days=400)) == [asked(case)[0]]


@each([case for case in POLLED if case.golden["result"] != "found"])
def test_only_a_finding_may_stand_for_its_part(case: Recorded) -> None:
    """What wasn't found may be found too old tomorrow in the same words: it is read each time, like every failure."""
    assert not may_be_kept(asked(case)[0])


ITSELF = {
    "fedex": ('"output"', '"transactionId": "another", "output"'),
    "sf": ('"apiResponseID": "', '"apiResponseID": "another'),
    "17track": ('"track_info": {', '"track_info": {"misc_info": {"risk_factor": 5}, '),
}


@pytest.mark.parametrize("source", ITSELF)
def test_what_changes_by_itself_is_no_news(source: str) -> None:
    """An id of the reply, or a count of days, is not part of what a source says of a number."""
    before, after = ITSELF[source]
    cases = [case for case in FOUND if case.carrier == source and before in case.body.decode()]
    assert cases
    for case in cases:
        assert asked(case, case.body.decode().replace(before, after).encode()) == asked(case)


def fedex_reply(*events: tuple[str, str]) -> HttpReply:
    results = [
        {
            "trackingNumber": number,
            "trackResults": [
                {
                    "trackingNumberInfo": {"trackingNumber": number},
                    "scanEvents": [
                        {"date": at, "eventType": "PU", "derivedStatusCode": "PU", "eventDescription": "Picked up"}
                    ],
                }
            ],
        }
        for number, at in events
    ]
    return ok({"transactionId": "1", "output": {"completeTrackResults": results}})


EARLY, LATE = "2026-11-20T10:00:00+08:00", "2026-11-20T11:00:00+08:00"


def test_of_a_batch_only_what_is_new_is_read() -> None:
    """Two numbers in one reply: the one that moved is read, the other is the same."""
    fedex, asks = registry.get("fedex"), [Ask("1"), Ask("2"), Ask("3")]
    first = answer_of(fedex, fedex_reply(("1", EARLY), ("2", EARLY)), asks, (), NOW)
    assert [type(reading) for reading in first.readings] == [Found, Found, Failed]
    assert first.digests[2] is None
    second = answer_of(fedex, fedex_reply(("2", LATE), ("1", EARLY)), asks, first.digests, NOW)
    assert second.readings[0] is THE_SAME
    assert [type(reading) for reading in second.readings[1:]] == [Found, Failed]
    assert second.is_news
    assert [one.readings for one in second.singly()] == [(reading,) for reading in second.readings]


def digest_of(reply: HttpReply, carrier: Carrier) -> bytes | None:
    return digests(carrier, reply, [Ask("1")])[0]


@pytest.mark.parametrize("source", ["fedex", "kuaidi100", "sf", "17track"])
def test_what_can_t_be_taken_apart_has_no_digest(source: str) -> None:
    """Another status, a broken body, a reply about nobody: reading says what is wrong."""
    carrier = registry.get(source)
    broken: list[Any] = [b"", b"\xff", b"[" * 5_000, b"null", b'{"output": 7}']
    assert all(digest_of(HttpReply(503, {}, body), carrier) is None for body in broken)
    if carrier.parts:
        assert all(digest_of(HttpReply(200, {}, body), carrier) is None for body in broken)


def test_no_failure_and_nothing_that_moved_may_be_kept() -> None:
    """A parcel that another carrier has is followed there each time that it is said."""
    readings = (Failed(UnreadableReply("x", "")), NotFound(NoData.NOT_SCANNED), Found((), moved_to="yunda"), THE_SAME)
    assert not any(may_be_kept(reading) for reading in readings)
    assert may_be_kept(Found(()))


def test_an_upgrade_of_what_reads_makes_every_digest_another(tmp_path: Path) -> None:
    """A changed table, a new module or a renamed one: all is read once more."""
    (tmp_path / "tables").mkdir()
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "tables" / "names.json").write_text(json.dumps({"zto": "zhongtong"}))
    seen = {code_digest([tmp_path])}
    (tmp_path / "tables" / "names.json").write_text(json.dumps({"zto": "yunda"}))
    seen.add(code_digest([tmp_path]))
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    seen.add(code_digest([tmp_path]))
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "b.pyc").write_text("1")
    assert len(seen) == 3
    assert code_digest([tmp_path]) in seen
