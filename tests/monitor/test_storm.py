"""Storms: thousands of findings within a minute, counted where they leave the house. ``make faults`` runs the full sizes."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from monitor_support import START
from storm_support import SECOND, Fallen, Stage, fall, look, moving, silent, stage, untold

from domain.case import Finding, Kind, Severity, Subject, SubjectType
from domain.words import Words
from monitor.look import open_and_say
from store import check

pytestmark = pytest.mark.slow
FULL = os.environ.get("DOORSTEP_FAULTS") == "full"
FINDINGS, CAUSES = (10_000, 200) if FULL else (1_000, 20)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as made:
        yield made


def lost_parcel(made: Stage) -> None:
    """A parcel of one of the hubs that its carrier says is lost: a trouble of its own."""
    [shipment] = made.store.write(silent, [Fallen("LOST1", "hub 0", START + 900 * HOUR)], heard_at=START)
    found = Finding(
        Kind.LOST, Subject(SubjectType.SHIPMENT, str(shipment)), made.clock.at,
        (Words("evidence.lost_by_word", {"at": made.clock.at.isoformat()}),), severity=Severity.URGENT,
    )  # fmt: skip
    made.store.write(open_and_say, found, made.house.policy, now=made.clock.at, order_ref=None)


def report(made: Stage, name: str) -> None:
    rooms = {room: (made.most_within(5 * MINUTE, room), len(made.in_room(room))) for room in ("desk", "night")}
    print(f"\n{name}: {FINDINGS} findings; most in 5 min and in all, by room: {rooms};"
          f" {made.cpu_s:.1f} s of CPU, the longest tick {made.longest_s:.2f} s")  # fmt: skip


def everything_is_told(made: Stage) -> None:
    """Each open case has a message that was delivered to every channel: its own, or its incident's; the rows are what the facts
    amount to.
    """
    for channel in ("console", "matrix:desk", "matrix:night"):
        assert untold(made, channel) == 0
    assert look(made.store, "SELECT count(*) FROM cases WHERE kind = 'stalled'") == [(FINDINGS,)]
    assert made.store.read(check.differences, now=made.clock.at) == []


def test_a_storm_of_many_causes_is_a_few_messages(scene: Stage) -> None:
    """The first alert within 10 s; at most 25 messages in any five minutes and 40 in 26 hours with nobody acting, in each
    channel; an urgent trouble beside the storm within 15 s; every case is told.
    """
    fall(scene, FINDINGS, CAUSES)
    scene.run(30 * SECOND)
    assert min(one.at for one in scene.in_room()) <= START + 10 * SECOND
    lost_parcel(scene)
    lost_at = scene.clock.at
    scene.run(5 * MINUTE)
    told = min(one.at for one in scene.in_room() if "LOST1" in one.text)
    assert told - lost_at <= 15 * SECOND
    assert max(scene.most_within(5 * MINUTE, room) for room in ("desk", "night")) <= 25
    scene.run(26 * HOUR - 330 * SECOND, MINUTE)
    report(scene, "many causes")
    assert max(len(scene.in_room(room)) for room in ("desk", "night")) <= 40
    everything_is_told(scene)
    breached = look(scene.store, "SELECT count(*) FROM cases WHERE breached AND kind = 'stalled'")
    assert breached == [(FINDINGS,)]  # no promise was lost on the way
    assert any(f"{FINDINGS} 件已超时" in one.text for one in scene.in_room())


def test_one_broken_hub_is_one_message(scene: Stage) -> None:
    """Ten thousand findings of one hub: at most three alerts, all members of one incident that names the hub."""
    fall(scene, FINDINGS, 1)
    scene.run(30 * SECOND)
    lost_parcel(scene)
    scene.run(5 * MINUTE)
    report(scene, "one hub")
    alerts = [one for one in scene.in_room("night") if not one.edit]
    assert len(alerts) <= 3
    assert any("parcels don't leave hub 0" in one.text for one in alerts)
    assert any("LOST1" in one.text for one in alerts)
    assert look(scene.store, "SELECT count(DISTINCT incident_id), count(*) FROM cases WHERE kind = 'stalled'") == [
        (1, FINDINGS)
    ]
    everything_is_told(scene)


def test_a_storm_that_begins_slowly_is_recognised(scene: Stage) -> None:
    """One finding every two seconds: the first ones' messages are held back until others of their hub come, or sent and then
    part of the incident.
    """
    fallen = [Fallen(f"ZT{n:07d}", "hub 7", START + 2 * n * SECOND) for n in range(60)]
    scene.store.write(silent, fallen, heard_at=START + 40 * HOUR)
    scene.store.write(moving, "elsewhere", 500)
    scene.run(5 * MINUTE)
    messages = scene.in_room()
    assert len([one for one in messages if not one.edit]) <= 4
    assert look(scene.store, "SELECT count(*) FROM cases WHERE incident_id = 1") == [(60,)]
