"""Carrier enquiries: what is due, by branch; one tick for all; replies on the right cases; overdue ones come back."""

from dataclasses import replace
from pathlib import Path

import pytest
from monitor_support import POLICY as BARE
from monitor_support import M, at, heard, opened, scan, with_shipment

from config.errors import ConfigError
from config.policies import load_enquiries
from domain.case import CaseEvent, CaseFact, Finding, Kind, Subject, SubjectType
from domain.words import Words
from monitor import enquiries, look
from store import cases, check, people
from store.base import Db, Store
from store.enquiries import catch_up
from store.people import Person

POLICY = replace(BARE, enquiries=load_enquiries())
NUMBERS = ("73112345678901", "73112345678902", "73112345678903")


def parcel(db: Db, number: str, place: str = "杭州转运中心", kind: Kind = Kind.STALLED, hours: float = 10) -> int:
    """A parcel that was last seen somewhere, with a case."""
    shipment = with_shipment(db, number)
    heard(db, shipment, 1, scan(M.IN_TRANSIT, 1, place=place), number=number)
    subject = Subject(SubjectType.SHIPMENT, str(shipment))
    found = Finding(kind, subject, at(hours), (Words("evidence.silence", {}),))
    return look.open_and_say(db, found, POLICY, now=at(hours), order_ref=f"O-{number}")


def desk(db: Db) -> list[int]:
    people.save_person(db, Person("chen", "陈静", "agent"))
    people.save_person(db, Person("eve", "Eve", "viewer"))
    return [parcel(db, number) for number in NUMBERS]


def due(store: Store, hours: float) -> enquiries.Due:
    return store.read(enquiries.due, POLICY, now=at(hours))


def tick(
    db: Db, ids: list[int], hours: float, *, means: str = "group_chat", key: str = "k", by: str = "chen"
) -> enquiries.Marked:
    return enquiries.contacted(
        db, ids, POLICY, means=means, carrier="zhongtong", region="cn", now=at(hours), by=by, channel="console", key=key
    )


def reply(db: Db, text: str, hours: float, key: str = "r") -> enquiries.Marked:
    seen = enquiries.preview(db, text, POLICY, now=at(hours))
    return enquiries.answered(db, seen, means="group_chat", now=at(hours), by="chen", channel="console", key=key)


def told(db: Db, case_id: int) -> list[CaseFact]:
    return [fact for fact in cases.history_of(db, case_id) if fact.event.value.startswith("carrier_")]


def test_one_group_for_each_carrier_and_city(tmp_path: Path) -> None:
    """By the last place, however the carrier wrote it; a parcel's number stands once."""
    with opened(tmp_path) as store:
        store.write(parcel, "A1000000", "杭州转运中心")
        store.write(parcel, "A2000000", "浙江省杭州市萧山区", Kind.LOST)
        store.write(parcel, "A3000000", "【广州市】白云网点")
        store.write(parcel, "A4000000", "杭州转运中心", Kind.ADDRESS)  # the carrier can say nothing about it
        groups = {group.branch: group for group in due(store, 11).groups}
        assert {branch: sorted(one.number for one in group.asked) for branch, group in groups.items()} == {
            "杭州": ["A1000000", "A2000000"],
            "广州": ["A3000000"],
        }
        assert groups["杭州"].by_kind == [(Kind.LOST, ["A2000000"]), (Kind.STALLED, ["A1000000"])]


def test_one_tick_marks_all_with_how_and_until_when(tmp_path: Path) -> None:
    """Once for each delivery of the form; afterwards nobody is to be asked, and all wait."""
    with opened(tmp_path) as store:
        ids = store.write(desk)
        assert store.write(tick, ids, 11) == enquiries.Marked(3)
        assert store.write(tick, ids, 11) == enquiries.Marked(0)
        [fact] = store.read(told, ids[0])
        assert fact.data == {"means": "group_chat", "answer_by": at(17).isoformat(), "basis": "house"}
        found = due(store, 12)
        assert (found.groups, len(found.waiting)) == ([], 3)
        assert [str(one) for one in store.read(check.differences, now=at(12))] == []


def test_overdue_ones_come_back_and_say_since_when(tmp_path: Path) -> None:
    """After the house's six hours in a chat; after the law's seven days where it was a formal complaint."""
    with opened(tmp_path) as store:
        ids = store.write(desk)
        store.write(tick, ids[:2], 11)
        store.write(tick, ids[2:], 11, means="complaint")
        assert due(store, 16.9).groups == []
        [group] = due(store, 17).groups
        assert (group.case_ids, group.again) == (ids[:2], at(17))
        assert len(due(store, 11 + 7 * 24 - 1).groups[0].asked) == 2
        assert len(due(store, 11 + 7 * 24).groups[0].asked) == 3


def test_a_reply_is_split_onto_its_cases(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        ids = store.write(desk)
        store.write(tick, ids, 11)
        text = f"{NUMBERS[0]} 明天派送\n尾号8902 丢失\n联系 13812345678\n75399999999999 查无此单"
        seen = store.read(enquiries.preview, text, POLICY, now=at(12))
        assert [(one.part.number, [c.case_id for c in one.cases]) for one in seen.placed] == [
            (NUMBERS[0], [ids[0]]),
            (NUMBERS[1], [ids[1]]),
        ]
        assert [part.number for part in seen.strangers] == ["75399999999999"]
        assert store.write(reply, text, 12) == enquiries.Marked(2)
        assert store.read(told, ids[1])[-1].words == "尾号8902 丢失\n联系 138****5678"
        assert store.read(told, ids[2])[-1].event is CaseEvent.CARRIER_CONTACTED
        assert [one.case_id for one in due(store, 13).waiting] == [ids[2]]
        assert store.write(reply, text, 12) == enquiries.Marked(0)
        assert [str(one) for one in store.read(check.differences, now=at(13))] == []


def test_a_known_number_without_an_open_case_is_said(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        ids = store.write(desk)
        store.write(lambda db: cases.add(db, ids[0], CaseFact(CaseEvent.RESOLVED, at(11), "chen")))
        seen = store.read(enquiries.preview, f"{NUMBERS[0]} 已签收", POLICY, now=at(12))
        assert (seen.placed, [part.number for part in seen.closed]) == ((), [NUMBERS[0]])


def test_nobody_without_the_right_marks_anything(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        ids = store.write(desk)
        marked = store.write(tick, ids, 11, by="eve")
        assert (marked.done, len(marked.refused)) == (0, 3)
        assert len(due(store, 12).groups[0].asked) == 3


def test_a_contact_noted_elsewhere_counts_too(tmp_path: Path) -> None:
    """A button of the case, a chat: the fact alone is enough, with the usual time for the answer."""
    with opened(tmp_path) as store:
        ids = store.write(desk)
        for case_id in ids:
            store.write(
                lambda db, one=case_id: cases.add(db, one, CaseFact(CaseEvent.CARRIER_CONTACTED, at(11), "chen"))
            )
        store.write(catch_up)
        assert due(store, 34).groups == []
        assert due(store, 35).groups[0].again == at(35)


def test_a_reopened_case_has_asked_nobody(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        ids = store.write(desk)
        store.write(tick, ids, 11)
        again = {"promise_by": at(40).isoformat()}
        store.write(lambda db: cases.add(db, ids[0], CaseFact(CaseEvent.RESOLVED, at(12), "chen")))
        store.write(lambda db: cases.add(db, ids[0], CaseFact(CaseEvent.REOPENED, at(13), "chen", data=again)))
        store.write(catch_up)
        assert due(store, 14).groups[0].case_ids == [ids[0]]


def test_the_check_finds_a_stand_that_its_facts_do_not_amount_to(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        ids = store.write(desk)
        store.write(tick, ids, 11)
        store.write(lambda db: db.exec_driver_sql("UPDATE enquiry SET times = 9 WHERE case_id = ?", (ids[0],)))
        [wrong] = store.read(check.differences, now=at(12))
        assert wrong.subject == f"enquiry {ids[0]}"


def test_answer_times_are_policy_with_a_source(tmp_path: Path) -> None:
    """The most special row counts; a file of one's own goes before the shipped rows, and brings addresses."""
    policy = load_enquiries()
    assert all(rule.source and rule.checked_on.year >= 2026 for rule in policy.answers)
    assert policy.answer_by("ups", "default", "mail", asked_at=at(0)) == (at(240), "carrier")
    assert policy.answer_by("sf", "cn", "complaint", asked_at=at(0)) == (at(168), "statute")
    assert policy.answer_by("youzhengguonei", "cn", "complaint", asked_at=at(0)) == (at(720), "statute")
    assert policy.answer_by("sf", "cn", "phone", asked_at=at(0)) == (at(6), "house")
    assert policy.answer_by("gls", "default", "phone", asked_at=at(0)) == (at(24), "house")
    own = tmp_path / "enquiries.toml"
    own.write_text(
        '[[answers]]\ncarrier = "sf"\nanswer_h = 2\nbasis = "carrier"\nsource = "our contract"\ncertainty = "merchant"\n'
        'checked_on = 2026-11-25\n[[contacts]]\ncarrier = "sf"\nbranch = "杭州"\ngroup = "顺丰 3 群"\n'
    )
    mine = load_enquiries(own)
    assert mine.answer_by("sf", "cn", "phone", asked_at=at(0)) == (at(2), "carrier")
    assert mine.contact("sf", "杭州").group == "顺丰 3 群"
    assert mine.contact("sf", "上海") is None
    own.write_text('[[answers]]\nanswer_h = "soon"\n')
    with pytest.raises(ConfigError, match=r"enquiries.toml.*answer_h"):
        load_enquiries(own)
