"""What faults do to a world: planned from the seed alone, each by itself, and never to the truth of what happened."""

from datetime import timedelta

import pytest
from sim_support import START

from domain.errors import RuleError
from net.http import HttpRequest
from sim.carriers import GARBAGE, answer
from sim.faults import FAULTS, NIGHTS, named, plan_of
from sim.fuse import Fuse, PowerCut
from sim.tales import Outage
from sim.wire import Memory
from sim.world import World

NAMES = [
    "down",
    "slow",
    "rate_limit",
    "garbage",
    "replay",
    "disorder",
    "late",
    "future",
    "zone",
    "dst",
    "dup_webhook",
    "chat_down",
    "crash_send",
    "crash_any",
    "clock",
    "no_show",
    "double_ack",
    "disk_full",
]
RETOLD = ("late", "future", "zone", "dst")


def planned(*names, seed=3, days=31):
    return plan_of(names, seed=seed, start=START, days=days)


def told(plan):
    """What a plan holds, without the functions."""
    return {
        name: getattr(plan, name)
        for name in plan.__dataclass_fields__
        if name not in {"retold", "start", "days", "sources"}
    }


def test_every_fault_is_there_and_says_what_it_does():
    """By the names of docs/formats.md, each with its own words."""
    assert list(FAULTS) == NAMES
    assert all(fault.__doc__ for fault in FAULTS.values())


@pytest.mark.parametrize("name", [name for name in NAMES if name != "dst"])
def test_a_fault_alone_does_what_it_does_among_others(name):
    """Its share of the plan doesn't depend on who else is there; another seed gives another."""
    alone, calm, among = planned(name), told(planned()), planned(*(one for one in NAMES if one != "dst"))
    changed = {key: value for key, value in told(alone).items() if value != calm[key]}
    assert changed or alone.retold
    for key, value in changed.items():
        whole = getattr(among, key)
        assert set(value) <= set(whole) if isinstance(value, list) else value == whole
    assert told(planned(name)) == told(alone)


@pytest.mark.parametrize("name", NAMES)
def test_a_month_of_a_fault_stays_within_it(name):
    """Nothing is planned before the world begins."""
    plan = planned(name)
    times = (
        [one.since for one in (*plan.outages, *plan.full, *plan.chat_down)] + [one.at for one in plan.cuts] + plan.acks
    )
    assert all(at > plan.start for at in times)


def test_names_are_read_with_commas():
    """all, none, or some in the table's order; an unknown one names those that are known."""
    assert named("all") == tuple(NAMES)
    assert named("none") == ()
    assert named("zone, down") == ("down", "zone")
    with pytest.raises(RuleError, match="flood is no fault; name all, none or some of down, slow"):
        named("down,flood")


@pytest.mark.parametrize("name", RETOLD)
def test_what_a_source_says_wrongly_changes_no_truth(name):
    """Some scans are told otherwise; what truly happened, when it showed, and the last scans stay."""
    plan = planned(name, days=24)
    calm = World(3, plan.start, 24, 900, outages=())
    wrong = World(3, plan.start, 24, 900, outages=(), retold=plan.retold)
    changed = 0
    for before, after in zip(calm.tales, wrong.tales, strict=True):
        assert (before.order, before.truth, before.wish, before.dispute) == (
            after.order,
            after.truth,
            after.wish,
            after.dispute,
        )
        if before.parcel and after.parcel:
            assert before.parcel.scans[-2:] == after.parcel.scans[-2:]
            changed += before.parcel.scans != after.parcel.scans
    assert changed >= (3 if name == "dst" else 50)


def test_a_night_of_changed_clocks_lies_in_the_month():
    """And things happen in the hour of the change, in their order."""
    plan = planned("dst", days=24)
    night = next(one for one in NIGHTS if plan.start < one < plan.start + timedelta(days=24))
    world = World(3, plan.start, 24, 900, outages=(), retold=plan.retold)
    near = [
        s
        for t in world.tales
        if t.parcel and t.parcel.abroad
        for s in t.parcel.scans
        if abs((s.at - night).total_seconds()) < 3_600
    ]
    assert near
    for tale in world.tales:
        if tale.parcel:
            times = [scan.at for scan in tale.parcel.scans]
            assert times == sorted(times)


@pytest.mark.parametrize("manner", ["rate_limit", "garbage", "slow"])
def test_troubled_sources_answer_as_they_would(manner):
    """429 with a time to wait; HTTP 200 with rubbish of every kind; every other answer lost, though it was taken."""
    world = World(11, START, 30, 20, outages=[Outage("dhl", START, START.replace(day=20), manner)])
    request = HttpRequest("GET", "http://sim/dhl/track/shipments?trackingNumber=1", {"dhl-api-key": "none"})
    memory = Memory()
    replies = [answer(world, memory, request, START) for _ in range(14)]
    if manner == "slow":
        assert [one is None for one in replies] == [True, False] * 7
        assert memory.calls["dhl"] == 14
    elif manner == "garbage":
        assert {one.body for one in replies} == set(GARBAGE)
        assert {one.status for one in replies} == {200}
    else:
        assert {(one.status, one.headers["retry-after"]) for one in replies} == {(429, "3600")}


def test_a_blown_fuse_lets_nothing_by():
    """The nth passing of its point cuts the power; a dead house does nothing more."""
    fuse = Fuse()
    fuse.arm("write", 2)
    fuse.pass_by("write")
    fuse.pass_by("read")
    assert fuse.armed
    for point in ("write", "write", "read"):
        with pytest.raises(PowerCut):
            fuse.pass_by(point)
