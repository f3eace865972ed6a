"""Steps and the ladder: due in desk time, noticed while the desk works, each once; whoever is at it isn't called again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from monitor_support import AROUND_THE_CLOCK, BY_DAY, ROOM, M, R, at, heard_by, opened, scan, with_shipment

from config.policies import DetectionPolicy
from domain.case import CaseEvent, CaseFact, Kind
from domain.rota import Rota, Turn
from domain.steps import Rung, Step
from monitor.deadlines import look_at
from monitor.on_call import at_work
from monitor.promise import plan_anew, run_timers
from store import cases, chat_queue, check, mail, people
from store.base import Store
from store.cases import CaseRow
from store.people import Person

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
TEAM = (
    Person("li", "李梅"), Person("chen", "Chen"), Person("sam", "Sam", "lead"), Person("eve", "Eve", "viewer"),
    Person("gone", "Gone", active=False),
)  # fmt: skip
ON_CALL = Rota(turns=(Turn(frozenset(range(7)), ("li", "chen")),))


def with_rota(policy: DetectionPolicy) -> DetectionPolicy:
    return replace(policy, desk=replace(policy.desk, rota=ON_CALL))


ALWAYS, DAY = with_rota(AROUND_THE_CLOCK), with_rota(BY_DAY)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as store:
        for person in TEAM:
            store.write(people.save_person, person)
        store.write(chat_queue.set_channels, [ROOM], now=at(0))
        yield store
        assert store.read(check.differences, now=at(999)) == []


def a_case(store: Store, hours: float, policy: DetectionPolicy, number: str = "ZT1") -> CaseRow:
    """A damaged parcel: its case opens so many hours after START, a Monday at 9:00 in Shanghai."""
    shipment = store.write(with_shipment, number)
    damaged = scan(M.EXCEPTION, hours - 0.5, reason=R.DAMAGED)
    store.write(heard_by, policy, shipment, hours, scan(M.PICKED_UP, hours - 2), damaged, number=number)
    return next(c for c in store.read(cases.list_cases) if c.opened_at == at(hours))


def run(store: Store, policy: DetectionPolicy, since: float, until: float, every: float = 1 / 6) -> None:
    """Ticks, one every ten minutes."""
    hours = since
    while hours <= until:
        store.write(run_timers, policy, now=at(hours), limit=100)
        hours += every


def do(store: Store, case: CaseRow, event: CaseEvent, hours: float, by: str = "li", **data: object) -> None:
    store.write(cases.add, case.id, CaseFact(event, at(hours), by, "console", "", data))


def history(store: Store, case: CaseRow) -> list[tuple[str, float, str]]:
    """What the daemon itself wrote: event, hours after START, and of what."""
    return [
        (f.event.value, round((f.at - at(0)) / HOUR, 2), str(f.data.get("step") or f.data.get("rung") or ""))
        for f in store.read(cases.history_of, case.id)
        if f.by is None and f.event is not CaseEvent.OPENED
    ]


def pages(store: Store, case: CaseRow) -> list[tuple[str, datetime | None]]:
    """What is heard in the chat, and not before when."""
    found = store.read(mail.letters_about, "case", str(case.id))
    return [(letter.reason, letter.due_at) for letter in found if letter.kind == "reminder"]


def now(store: Store, case: CaseRow) -> CaseRow:
    found = store.read(cases.get, case.id)
    assert found is not None
    return found


def test_a_case_of_ten_at_night_pages_nobody_before_nine(desk: Store) -> None:
    """Opened at 22:00 with a desk from 9 to 21: not a word is due before 9:00, the first step at 9:30."""
    case = a_case(desk, 13, DAY)
    assert (case.step, case.step_due_at) == (Step.ACKNOWLEDGE, at(24.5))
    run(desk, DAY, 13, 23.9)
    assert history(desk, case) == []
    run(desk, DAY, 24, 26)
    assert history(desk, case)[:2] == [("step_missed", 24.5, "acknowledge"), ("escalated", 25, "on_call")]
    assert all(due is not None and due >= at(24) for _, due in pages(desk, case))


def test_a_breach_at_night_is_noted_at_once_and_heard_in_the_morning(desk: Store) -> None:
    """The promise runs out by the clock; the page about it waits for the desk."""
    case = a_case(desk, 13, DAY)
    run(desk, DAY, 13, 40)
    breached = [(event, hours) for event, hours, _ in history(desk, case) if event == "breached"]
    assert breached == [("breached", 37)]
    assert ("breached", at(48)) in pages(desk, case)
    warned = next(hours for event, hours, _ in history(desk, case) if event == "warned")
    assert warned == 33  # 18:00, four hours before


def test_a_warning_that_would_come_at_night_comes_in_the_evening(desk: Store) -> None:
    """A promise of half past nine in the morning: warned in the last desk minute of the evening before."""
    case = a_case(desk, 0.5, DAY)
    run(desk, DAY, 0.5, 24, every=1 / 60)
    assert ("warned", round(11 + 59 / 60, 2), "") in history(desk, case)


def test_every_step_is_missed_once(desk: Store) -> None:
    """Nobody does anything: each step is noted when it is due, in its order, and never again."""
    case = a_case(desk, 0, ALWAYS)
    run(desk, ALWAYS, 0, 100)
    missed = [(step, hours) for event, hours, step in history(desk, case) if event == "step_missed"]
    assert [step for step, _ in missed] == [
        "acknowledge", "carrier_contacted", "customer_told", "progress", "carrier_answered", "outcome",
    ]  # fmt: skip
    assert [hours for _, hours in missed] == pytest.approx([0.5, 2, 4, 12, 18, 23], abs=0.2)
    assert now(desk, case).timer_at is None
    assert (now(desk, case).step, now(desk, case).breached) == (Step.ACKNOWLEDGE, True)


def test_what_is_done_in_time_is_not_missed(desk: Store) -> None:
    """A fact for each step, and the next one is shown."""
    case = a_case(desk, 0, ALWAYS)
    deeds = [
        (CaseEvent.ACKNOWLEDGED, 0.2, {}, Step.CARRIER_CONTACTED),
        (CaseEvent.CARRIER_CONTACTED, 1, {"means": "phone"}, Step.CUSTOMER_TOLD),
        (CaseEvent.CUSTOMER_TOLD, 2, {"told": "progress", "means": "sms"}, Step.PROGRESS),
        (CaseEvent.CARRIER_ANSWERED, 5, {"means": "mail"}, Step.PROGRESS),
        (CaseEvent.CUSTOMER_TOLD, 8, {"told": "progress", "means": "sms"}, Step.OUTCOME),
        (CaseEvent.CUSTOMER_TOLD, 20, {"told": "outcome", "means": "phone"}, ""),
    ]
    last = 0.0
    for event, hours, data, following in deeds:
        run(desk, ALWAYS, last, hours - 0.01)
        do(desk, case, event, hours, **data)  # type: ignore[arg-type]
        run(desk, ALWAYS, hours, hours)
        assert now(desk, case).step == following
        last = hours
    run(desk, ALWAYS, last, 60)
    assert history(desk, case) == []
    assert (now(desk, case).timer_at, now(desk, case).untold) == (None, False)


def test_the_ladder_climbs_by_name_and_ends(desk: Store) -> None:
    """On call twice, the second, the lead, everybody; each in its time, and then nobody any more."""
    case = a_case(desk, 0, ALWAYS)
    run(desk, ALWAYS, 0, 200)
    rungs = [(name, hours) for event, hours, name in history(desk, case) if event == "escalated"]
    assert [name for name, _ in rungs] == ["on_call", "on_call", "second", "lead", "everybody"]
    assert [hours for _, hours in rungs] == pytest.approx([1, 2, 3, 5, 10], abs=0.2)
    whom = [f.data["to"] for f in desk.read(cases.history_of, case.id) if f.event is CaseEvent.ESCALATED]
    assert whom == [["li"], ["li"], ["chen"], ["sam"], ["chen", "li", "sam"]]
    assert [reason for reason, _ in pages(desk, case)].count("escalated") == 5


def test_acknowledging_stops_the_calls_and_not_the_promise(desk: Store) -> None:
    """The next one who is called is called about a step that was missed after that."""
    case = a_case(desk, 0, ALWAYS)
    run(desk, ALWAYS, 0, 1.2)
    do(desk, case, CaseEvent.ACKNOWLEDGED, 1.3)
    run(desk, ALWAYS, 1.3, 1.9)
    assert [name for event, _, name in history(desk, case) if event == "escalated"] == ["on_call"]
    run(desk, ALWAYS, 2, 2.5)
    assert history(desk, case)[2:] == [
        ("step_missed", 2.0, "carrier_contacted"),
        ("escalated", pytest.approx(2.17, abs=0.1), "on_call"),
    ]
    do(desk, case, CaseEvent.CARRIER_CONTACTED, 2.6)
    run(desk, ALWAYS, 2.6, 3.9)
    assert len(history(desk, case)) == 4
    run(desk, ALWAYS, 4, 30)
    assert ("breached", 24.0, "") in history(desk, case)


def test_an_honest_date_that_passes_is_shown_and_called_about(desk: Store) -> None:
    """The promise was kept by it; the date is a deadline of its own, once for each date."""
    case = a_case(desk, 0, ALWAYS)
    do(desk, case, CaseEvent.ACKNOWLEDGED, 0.1)
    do(desk, case, CaseEvent.CARRIER_CONTACTED, 0.2)
    do(desk, case, CaseEvent.CARRIER_ANSWERED, 0.2)
    do(desk, case, CaseEvent.CUSTOMER_TOLD, 1, told="next_step", next_at=at(30).isoformat())
    run(desk, ALWAYS, 1, 29)
    assert (history(desk, case), now(desk, case).step, now(desk, case).step_due_at) == ([], Step.NEXT_DATE, at(30))
    run(desk, ALWAYS, 30, 30.5)
    assert history(desk, case)[0] == ("step_missed", 30.0, "next_date")
    assert history(desk, case)[1][0] == "escalated"
    assert (now(desk, case).breached, now(desk, case).untold) == (False, True)
    do(desk, case, CaseEvent.CUSTOMER_TOLD, 31, told="next_step", next_at=at(40).isoformat())
    run(desk, ALWAYS, 31, 39)
    assert len([1 for event, _, name in history(desk, case) if name == "next_date"]) == 1
    run(desk, ALWAYS, 40, 41)
    assert len([1 for event, _, name in history(desk, case) if name == "next_date"]) == 2


def test_after_a_downtime_everything_fires_once_and_one_word_is_said(desk: Store) -> None:
    """Six hours away: all that ran out is on record, only the latest rung speaks, and the next tick adds nothing."""
    found = [a_case(desk, hours, ALWAYS, f"ZT{n}") for n, hours in enumerate((0, 0.1, 0.3))]
    run(desk, ALWAYS, 0.3, 0.4)
    store_at = at(6.4)
    assert desk.write(run_timers, ALWAYS, now=store_at, limit=100) == 3
    for case in found:
        wrote = history(desk, case)
        assert [name for event, _, name in wrote if event == "step_missed"] == [
            "acknowledge", "carrier_contacted", "customer_told",
        ]  # fmt: skip
        assert [name for event, _, name in wrote if event == "escalated"] == ["on_call", "on_call", "second", "lead"]
        facts = [f for f in desk.read(cases.history_of, case.id) if f.event is CaseEvent.ESCALATED]
        assert [(f.data["silent"], f.data["to"]) for f in facts] == [
            (True, []),
            (True, []),
            (True, []),
            (False, ["sam"]),
        ]
        assert pages(desk, case) == [("escalated", store_at)]
    assert desk.write(run_timers, ALWAYS, now=store_at + MINUTE, limit=100) == 0


def test_a_member_of_an_incident_has_a_promise_and_nothing_else_of_its_own(desk: Store) -> None:
    """Its steps and rungs are the incident's."""
    case = a_case(desk, 0, ALWAYS)
    joined = CaseFact(CaseEvent.MEMBER_JOINED, at(0.1), data={"incident": 77})
    desk.write(cases.add, case.id, joined)
    run(desk, ALWAYS, 0.1, 30)
    assert [event for event, *_ in history(desk, case)] == ["member_joined", "warned", "breached"]
    assert now(desk, case).step == ""


def test_looking_never_says_the_same_twice() -> None:
    """Whatever was due, the same look again finds nothing."""
    opened_at = CaseFact(CaseEvent.OPENED, at(0), data={"promise_by": at(24).isoformat()})
    for hours in (0, 0.5, 3, 13, 23, 24, 26, 500):
        facts = [opened_at]
        look = look_at(Kind.LOST, facts, DAY, now=at(hours), whom=lambda rung: ("li",))
        again = look_at(Kind.LOST, [*facts, *look.facts], DAY, now=at(hours), whom=lambda rung: ("li",))
        assert (again.facts, again.says) == ((), None)
        assert again.timer_at == look.timer_at


def test_other_hours_or_steps_make_other_deadlines(desk: Store) -> None:
    """A changed policy is found out when the house opens, once: what was stored by the old one is worked out anew."""
    case = a_case(desk, 13, ALWAYS)
    assert case.step_due_at == at(13.5)
    assert desk.write(plan_anew, ALWAYS, now=at(13.1))
    assert not desk.write(plan_anew, ALWAYS, now=at(13.1))
    assert desk.write(plan_anew, DAY, now=at(13.2))
    run(desk, DAY, 13.2, 13.2)
    assert now(desk, case).step_due_at == at(24.5)


# --- whom ---


def whom(case: CaseRow, to: str, owner: str | None = None, rota: Rota = ON_CALL) -> tuple[str, ...]:
    return at_work(TEAM, rota, now=at(0)).called(replace(case, owner=owner), Rung("x", to, None, None, HOUR, 1))


def test_who_is_nobody_is_stood_in_for(desk: Store) -> None:
    """No owner: who is on call; nobody on call: the lead; people who left or may not act are never called."""
    case = a_case(desk, 1, ALWAYS)
    assert whom(case, "owner", "chen") == ("chen",)
    assert whom(case, "owner") == ("li",)
    assert whom(case, "owner", "gone") == ("li",)
    assert whom(case, "second") == ("chen",)
    only_li = Rota(turns=(Turn(frozenset(range(7)), ("gone", "li")),))
    assert whom(case, "on_call", rota=only_li) == ("li",)
    assert whom(case, "second", rota=only_li) == ("sam",)
    assert whom(case, "on_call", rota=Rota()) == ("sam",)
    assert whom(case, "everybody") == ("li", "chen", "sam")
