"""The morning's word to the chats: what waits with carriers, once a day, and nothing where nothing waits."""

from dataclasses import replace
from pathlib import Path

from monitor_support import BY_DAY, ROOM, at, opened, with_shipment
from monitor_support import POLICY as BARE

from config.policies import DetectionPolicy, load_claims, load_enquiries
from domain.case import CaseEvent, CaseFact, Finding, Kind, Severity, Subject, SubjectType
from domain.claim import ClaimState
from domain.words import Words
from monitor import claims as acts
from monitor import digest, look
from store import cases, chat_queue, claims, enquiries
from store.base import Db
from store.mail import Letter

POLICY = replace(BARE, claims=load_claims(), enquiries=load_enquiries())
DAYTIME = replace(POLICY, desk=replace(POLICY.desk, hours=BY_DAY.desk.hours))


def lost(db: Db, number: str = "ZT1") -> int:
    found = Finding(
        Kind.LOST, Subject(SubjectType.SHIPMENT, str(with_shipment(db, number))), at(100),
        (Words("evidence.silence", {}),), severity=Severity.URGENT,
    )  # fmt: skip
    return look.open_and_say(db, found, POLICY, now=at(100), order_ref=f"O-{number}")


def mornings(db: Db, first_h: int, last_h: int, policy: DetectionPolicy = POLICY) -> list[Letter]:
    """Every hour from ``first_h`` to ``last_h`` is looked at; what was said to the room, in order."""
    for hour in range(first_h, last_h):
        acts.look_after(db, policy, now=at(hour))
        digest.say(db, policy, now=at(hour))
    waiting = chat_queue.due(db, ROOM.name, now=at(last_h), limit=1_000)
    return [one for one in waiting if one.kind == "digest" and (one.created_at or at(0)) >= at(first_h)]


def in_room(db: Db) -> None:
    chat_queue.set_channels(db, [ROOM], now=at(0))


def last_hour(db: Db) -> int:
    """Whole days until the only draft's last day is over, in hours."""
    acts.look_after(db, POLICY, now=at(101))
    [row] = claims.queue(db, [ClaimState.DRAFT])
    assert row.claim.last_at is not None
    return (row.claim.last_at - at(0)).days * 24


def test_a_last_day_that_comes_near_is_said_once_a_day(tmp_path: Path) -> None:
    """From fourteen days before it on, a letter for each day whatever the ticks, with the number, what for and until when."""
    with opened(tmp_path) as store:
        store.write(in_room)
        store.write(lost)
        last = store.write(last_hour)
        told = store.write(mornings, last - 13 * 24, last - 11 * 24)
        assert len(told) == 2
        body = told[0].payload["body"]
        assert "1 claim(s) to be filed before their last day comes:" in body
        assert "ZT1, lost: until" in body
        assert "1 draft(s) that should have been filed by now" in body
        assert "http://desk.example/claims" in body
        assert "王小明" not in body


def test_nothing_is_said_where_nothing_waits(tmp_path: Path) -> None:
    """No claim, no enquiry that is overdue: no letter; nor where there is no chat, whatever waits."""
    with opened(tmp_path) as store:
        store.write(in_room)
        assert store.write(mornings, 0, 72) == []
    with opened(tmp_path / "no-chat") as store:
        store.write(lost)
        assert store.write(mornings, 100, 600) == []


def test_it_is_said_in_the_desks_hours(tmp_path: Path) -> None:
    """In the first look after the desk opens, never at night; a desk that works all night reads it at eight."""
    with opened(tmp_path) as store:
        store.write(in_room)
        store.write(lost)
        last = store.write(last_hour)
        by_day = store.write(mornings, last - 156, last - 132, DAYTIME)  # from 21:00 there, for a day
        clocks = [one.created_at.astimezone(DAYTIME.desk.hours.zone).hour for one in by_day if one.created_at]
        assert clocks == [9]
        always = store.write(mornings, last - 96, last - 72)
        assert [one.created_at.hour for one in always if one.created_at] == [8]  # its clock is UTC


def test_call_backs_that_did_not_come_are_counted(tmp_path: Path) -> None:
    """A case whose carrier was asked and hasn't answered in its time; one that nobody asked yet is no call-back."""
    with opened(tmp_path) as store:
        store.write(in_room)
        asked = store.write(lost)
        store.write(lost, "ZT2")
        fact = CaseFact(CaseEvent.CARRIER_CONTACTED, at(101), "chen", data={"answer_by": at(102).isoformat()})
        store.write(cases.add, asked, fact)
        store.write(enquiries.catch_up)
        [one] = store.write(mornings, 103, 103 + 24)
        assert "1 case(s) whose call-back from the carrier is overdue" in one.payload["body"]
