"""Incidents on a real store: who becomes a member, what is said, what one act does, how it ends."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from engines import ON_BOTH
from monitor_support import POLICY, START, M, at, heard, opened, scan, with_shipment
from storm_support import SECOND, Fallen, Stage, look, moving, silent, stage

from chat.acts import ActKind, ChatAct, Heard, Wish
from domain.case import CaseEvent, CaseFact, Finding, Kind, Severity, Subject, SubjectType
from domain.incident import CauseKind
from domain.shipment import Shipment
from domain.tracking import Reason
from domain.words import Words
from monitor import acts, incident_acts, incidents, sources
from monitor import heard as hearing
from monitor import look as looking
from monitor.crossing import Crossing, credited, said
from monitor.heard import Ear
from store import cases, chat_people, check, intake, mail
from store import incidents as rows
from store import sources as source_rows
from store.base import Db, Store
from store.cases import CaseRow
from store.incidents import IncidentRow
from store.sources import SourceState

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
RULES = POLICY.incidents


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as made:
        made.store.write(moving, "elsewhere", 300)
        yield made


def fall(made: Stage, count: int, *, first: int = 0, hub: str = "杭州转运中心", after: timedelta = SECOND) -> list[int]:
    """So many parcels of a hub whose silence becomes a case a moment from now."""
    due_at = made.clock.at + after
    fallen = [Fallen(f"ZT{n:07d}", hub, due_at) for n in range(first, first + count)]
    return made.store.write(silent, fallen, heard_at=START + 900 * HOUR)


def the_incident(made: Stage) -> IncidentRow:
    [one] = made.store.read(rows.open_ones)
    return one


def all_cases(made: Stage) -> list[CaseRow]:
    return made.store.read(cases.list_cases, only_open=False, limit=10_000)


def broken_hub(made: Stage, count: int = 12) -> IncidentRow:
    fall(made, count)
    made.run(5 * SECOND)
    return the_incident(made)


def scanned(made: Stage, shipment_id: int, number: str) -> None:
    """The parcel moves again: its source tells a scan of just now."""

    def told(db: Db) -> None:
        hours = (made.clock.at - START) / HOUR
        heard(db, shipment_id, hours, scan(M.IN_TRANSIT, hours, place="南京转运中心"), number=number)

    made.store.write(told)


@ON_BOTH
def test_one_hub_one_incident_one_message(scene: Stage) -> None:
    """Twelve parcels of a hub: each has its case and its promise, the incident has the message, on the console and in each chat."""
    one = broken_hub(scene)
    assert (one.cause.kind, one.cause.place) == (CauseKind.HUB, "杭州转运中心")
    found = all_cases(scene)
    assert {case.incident_id for case in found} == {one.id}
    assert {case.promise_by for case in found} == {case.opened_at + timedelta(hours=24) for case in found}
    [message] = scene.in_room("night")
    assert "parcels don't leave 杭州转运中心" in message.text
    assert "12 parcels: 12 nobody has taken" in message.text
    assert look(scene.store, "SELECT subject_type, count(*) FROM outbox WHERE channel = 'console' GROUP BY 1") == [
        ("incident", 1)
    ]
    history = [fact.event for fact in scene.store.read(cases.history_of, found[0].id)]
    assert history == [CaseEvent.OPENED, CaseEvent.MEMBER_JOINED]
    assert scene.store.read(check.differences, now=scene.clock.at) == []


def test_new_members_join_quietly(scene: Stage) -> None:
    """What comes later has no message; the counter follows when its turn has come, and not before."""
    one = broken_hub(scene)
    fall(scene, 3, first=100)
    scene.run(MINUTE)
    assert len(scene.in_room()) == 1
    assert scene.store.read(rows.tally, one.id).members == 15
    scene.run(3 * MINUTE)
    assert [m.edit for m in scene.in_room()] == [False, True]
    assert "共 15 件" in scene.in_room()[-1].text


def test_a_trouble_of_its_own_is_told_though_its_hub_is_an_incident(scene: Stage) -> None:
    """A parcel of the hub is reported damaged: an alert of its own, no member; the damage goes before its silence."""
    one = broken_hub(scene)
    [shipment] = fall(scene, 1, first=500, after=900 * HOUR)
    hours = (scene.clock.at - START) / HOUR

    def damaged(db: Db) -> None:
        event = scan(M.EXCEPTION, hours, reason=Reason.DAMAGED)
        heard(db, shipment, hours, event, number="ZT0000500")

    scene.store.write(damaged)
    scene.run(3 * SECOND)
    [case] = [c for c in all_cases(scene) if c.kind is Kind.DAMAGED]
    assert case.incident_id is None
    assert any("ZT0000500" in m.text and f"#{case.id} " in m.text for m in scene.in_room())
    assert scene.store.read(rows.tally, one.id).members == 12


def test_what_was_told_before_becomes_part_of_it(scene: Stage) -> None:
    """Four parcels of a hub have messages of their own; when the incident is seen, these say that they are part of it."""
    fall(scene, 4)
    scene.run(15 * SECOND)
    assert [m.edit for m in scene.in_room()] == [False] * 4
    fall(scene, 8, first=10)
    scene.run(MINUTE)
    one = the_incident(scene)
    assert scene.store.read(rows.tally, one.id).members == 12
    folded = [m for m in scene.in_room("night") if m.edit]
    assert len(folded) == 4
    assert all(f"Part of incident {one.id}" in m.text for m in folded)
    assert len([m for m in scene.in_room() if not m.edit]) == 5


def test_a_message_that_was_held_back_is_never_sent(scene: Stage) -> None:
    """Two findings, and a second later ten more of their hub: one message in all."""
    fall(scene, 2)
    fall(scene, 10, first=50, after=3 * SECOND)
    scene.run(MINUTE)
    assert len(scene.in_room()) == 1
    assert scene.store.read(check.differences, now=scene.clock.at) == []


def test_a_few_stay_single(scene: Stage) -> None:
    """Three parcels of a hub are three cases with three messages."""
    fall(scene, 3)
    scene.run(MINUTE)
    assert scene.store.read(rows.open_ones) == []
    assert len(scene.in_room()) == 3


def test_hubs_of_one_carrier_become_the_carrier(scene: Stage) -> None:
    """Hub after hub breaks; with the fourth the incident is the carrier's, the others end as part of it and their members move."""
    for n in range(RULES.spread + 1):
        fall(scene, 12, first=100 * n, hub=f"hub {n}")
        scene.run(10 * SECOND)
    scene.run(10 * SECOND)
    one = the_incident(scene)
    assert one.cause.kind is CauseKind.CARRIER
    assert {case.incident_id for case in all_cases(scene)} == {one.id}
    ended = look(scene.store, "SELECT close_reason, into_id FROM incident WHERE closed_at IS NOT NULL")
    assert ended == [("absorbed", one.id)] * RULES.spread
    assert scene.store.read(check.differences, now=scene.clock.at) == []


def test_more_at_once_than_anybody_reads_is_told_together(scene: Stage) -> None:
    """Thirty different troubles in a minute: eight messages and one for the rest; the urgent one is among the single ones."""
    openings = [_refused(n) for n in range(30)]
    openings.append(replace(_refused(30), finding=replace(_refused(30).finding, severity=Severity.URGENT)))
    scene.store.write(incidents.take, openings, POLICY, now=scene.clock.at)
    scene.run(2 * MINUTE)
    one = the_incident(scene)
    assert one.cause.kind is CauseKind.MANY
    assert scene.store.read(rows.tally, one.id).members == 31 - RULES.alerts_at_once
    [urgent] = [case for case in all_cases(scene) if case.severity == "urgent"]
    assert urgent.incident_id is None
    assert len(scene.in_room()) == RULES.alerts_at_once + 1


def _refused(n: int) -> incidents.Opening:
    subject = Subject(SubjectType.ORDER, f"O{n}")
    return incidents.Opening(Finding(Kind.DISPUTED, subject, START, (Words("evidence.disputed", {"text": "x"}),)), None)


# --- what people do ------------------------------------------------------------------------------------------------


def act(incident_id: int, kind: ActKind, key: str = "k1", actor: str = "li", **more: str) -> ChatAct:
    return ChatAct("console", "main", key, actor, 0, kind, incident_id=incident_id, **more)


def test_one_act_is_on_every_member_once(scene: Stage) -> None:
    """Acknowledged once: the incident and each open case have it, by the person; the same delivery again does nothing more."""
    one = broken_hub(scene)
    for _ in range(3):
        scene.store.write(incident_acts.perform, act(one.id, ActKind.ACKNOWLEDGE), now=scene.clock.at)
    scene.run(5 * SECOND)
    assert {(case.acknowledged_by, case.owner) for case in all_cases(scene)} == {("li", "li")}
    assert look(scene.store, "SELECT count(*) FROM fact WHERE subject_type = 'case' AND event = 'acknowledged'") == [
        (12,)
    ]
    taken = scene.in_room("night")[-1]
    assert taken.edit
    assert "李梅 has it." in taken.text
    assert scene.store.read(check.differences, now=scene.clock.at) == []


def test_an_act_reaches_thousands_in_chunks(scene: Stage) -> None:
    """No transaction writes to more than a chunk of members, the next ticks do the rest; who joined after the act doesn't get it."""
    one = broken_hub(scene, incident_acts.MEMBERS_A_CHUNK + 20)
    scene.store.write(incident_acts.perform, act(one.id, ActKind.ASSIGN, to="li"), now=scene.clock.at)
    assert sum(case.owner == "li" for case in all_cases(scene)) == incident_acts.MEMBERS_A_CHUNK
    fall(scene, 2, first=5_000)
    scene.run(5 * SECOND)
    assert sum(case.owner == "li" for case in all_cases(scene)) == incident_acts.MEMBERS_A_CHUNK + 20
    assert scene.store.read(rows.tally, one.id).members == incident_acts.MEMBERS_A_CHUNK + 22
    assert look(scene.store, "SELECT count(*) FROM incident_act") == [(0,)]


def test_who_has_taken_a_case_keeps_it(scene: Stage) -> None:
    """An acknowledgement of all leaves those alone that somebody has taken by themselves."""
    one = broken_hub(scene)
    own = all_cases(scene)[3]
    fact = CaseFact(CaseEvent.ACKNOWLEDGED, scene.clock.at, "max", "console")
    assert isinstance(scene.store.write(acts.do, own.id, fact, key="own"), acts.Done)
    scene.store.write(incident_acts.perform, act(one.id, ActKind.ACKNOWLEDGE), now=scene.clock.at)
    assert [case.owner for case in all_cases(scene) if case.id == own.id] == ["max"]
    assert sum(case.owner == "li" for case in all_cases(scene)) == 11


def test_who_may_not_act_does_nothing(scene: Stage) -> None:
    """A viewer is refused; so is everybody about an incident that isn't there."""
    one = broken_hub(scene)
    for wanted, why in (
        (act(one.id, ActKind.RESOLVE, actor="eve"), "refused.role"),
        (act(99, ActKind.RESOLVE), "refused.no_such_incident"),
        (act(one.id, ActKind.ASSIGN, to="nobody"), "refused.no_such_person"),
    ):
        outcome = scene.store.write(incident_acts.perform, wanted, now=scene.clock.at)
        assert isinstance(outcome, acts.Refused)
        assert outcome.why.code == why
    assert all(case.owner is None for case in all_cases(scene))


def test_a_reaction_to_the_message_takes_all_of_them(scene: Stage) -> None:
    """What somebody does to the incident's message in a chat is done to the incident."""
    one = broken_hub(scene)
    scene.store.write(chat_people.link, "matrix", "@li:x", "li", now=scene.clock.at)
    [letter] = [x for x in scene.store.read(mail.letters_about, "incident", str(one.id)) if x.channel == "matrix:desk"]
    ear = Ear("matrix:desk", "desk", lambda: ("n", "d"), scene.clock, scene.house.policy.desk, lambda *_: 0)
    reaction = Heard("$r1", "@li:x", Wish(ActKind.ACKNOWLEDGE), letter.remote_id, "$r1")
    assert scene.store.write(hearing.take, reaction, ear, now=scene.clock.at)
    assert not scene.store.write(hearing.take, reaction, ear, now=scene.clock.at)
    assert {case.acknowledged_by for case in all_cases(scene)} == {"li"}
    assert the_incident(scene).owner == "li"


def test_resolving_it_closes_its_cases_and_it_is_over(scene: Stage) -> None:
    """Closed with a reason: every member, the incident, and its message."""
    one = broken_hub(scene)
    scene.store.write(incident_acts.perform, act(one.id, ActKind.RESOLVE, words="快递已恢复"), now=scene.clock.at)
    scene.run(5 * SECOND)
    assert {case.close_reason for case in all_cases(scene)} == {"快递已恢复"}
    assert scene.store.read(rows.open_ones) == []
    assert "Over: closed by 李梅" in scene.in_room("night")[-1].text


# --- promises ------------------------------------------------------------------------------------------------------


def test_promises_of_members_run_and_count_on_one_message(scene: Stage) -> None:
    """Nobody acts: each member is warned and breached on record, the message says how many, and two reminders are heard."""
    broken_hub(scene)
    scene.run(timedelta(hours=25), MINUTE)
    assert all(case.warned and case.breached for case in all_cases(scene))
    assert "Promises: 12 broken" in scene.in_room("night")[-1].text
    assert len(scene.in_room("night")) <= 10
    kinds = look(
        scene.store,
        "SELECT kind, reason FROM outbox WHERE channel = 'matrix:night' AND kind = 'reminder' ORDER BY created_at",
    )
    assert kinds == [("reminder", "warned"), ("reminder", "breached")]


# --- how it ends, and comes back -----------------------------------------------------------------------------------


def test_it_ends_by_itself_when_its_parcels_move(scene: Stage) -> None:
    """The last member moves: the incident closes and says why; a straggler after that is a case of its own."""
    ids = fall(scene, 12)
    scene.run(5 * SECOND)
    for n, shipment in enumerate(ids):
        scanned(scene, shipment, f"ZT{n:07d}")
    scene.run(2 * timedelta(hours=1), 10 * MINUTE)
    assert scene.store.read(rows.open_ones) == []
    assert "Over: all of its parcels moved again." in scene.in_room("night")[-1].text
    fall(scene, 1, first=700)
    scene.run(MINUTE)
    [late] = [case for case in all_cases(scene) if case.is_open]
    assert late.incident_id is None
    assert "ZT0000700" in scene.in_room("night")[-1].text


def test_the_last_few_become_cases_of_their_own(scene: Stage) -> None:
    """Nine of ten moved, and nothing joined for an hour: the incident is over, and the rest get their own messages and steps."""
    ids = fall(scene, 20)
    scene.run(5 * SECOND)
    assert {case.step for case in all_cases(scene)} == {""}
    for n, shipment in enumerate(ids[:18]):
        scanned(scene, shipment, f"ZT{n:07d}")
    scene.run(70 * MINUTE, MINUTE)
    assert scene.store.read(rows.open_ones) == []
    left = [case for case in all_cases(scene) if case.is_open]
    assert [case.incident_id for case in left] == [None, None]
    assert all(case.step for case in left)
    single = {m.text.split(" ")[1] for m in scene.in_room("night") if not m.edit}
    assert single == {"Incident", *(f"#{case.id}" for case in left)}
    assert scene.store.read(check.differences, now=scene.clock.at) == []


def test_an_incident_that_comes_back_within_the_hour_is_the_same_one(scene: Stage) -> None:
    """Its members moved and others of the hub fall silent: no new message, the old one goes on."""
    ids = fall(scene, 12)
    scene.run(5 * SECOND)
    for n, shipment in enumerate(ids):
        scanned(scene, shipment, f"ZT{n:07d}")
    scene.run(10 * MINUTE, MINUTE)
    assert scene.store.read(rows.open_ones) == []
    fall(scene, 12, first=200)
    scene.run(20 * MINUTE, MINUTE)
    assert the_incident(scene).id == 1
    assert [m.edit for m in scene.in_room()].count(False) == 1


def test_what_cleared_and_comes_back_is_not_said_again(tmp_path: Path) -> None:
    """A source that fails, answers and fails again within the hour: the same case, its message edited; after that a new one."""
    down = SourceState("kuaidi100", "main", at(0), failing_since=at(1), failures=9, error="HTTP 503")
    with opened(tmp_path) as store:
        store.write(with_shipment)

        def looked(state: SourceState, hours: float) -> None:
            store.write(_check, state, hours)

        looked(down, 10)
        looked(SourceState("kuaidi100", "main", at(11)), 11)
        looked(replace(down, failing_since=at(8)), 11.5)
        [case] = store.read(cases.list_cases)
        assert [letter.kind for letter in store.read(mail.letters_about, "case", str(case.id))] == [
            "alert", "alert_edit", "alert_edit",
        ]  # fmt: skip
        looked(SourceState("kuaidi100", "main", at(12)), 12)
        looked(replace(down, failing_since=at(9)), 13.5)
        assert len(store.read(cases.list_cases, only_open=False)) == 2
        assert store.read(check.differences, now=at(14)) == []


def _check(db: Db, state: SourceState, hours: float) -> None:
    source_rows.save(db, state)
    sources.check_sources(db, POLICY, now=at(hours))


def test_a_promise_survives_flapping(tmp_path: Path) -> None:
    """A case that is taken up again keeps the promise that it had: the customer waits since then."""
    with opened(tmp_path) as store:
        found = _refused(1).finding
        case_id = store.write(looking.open_and_say, found, POLICY, now=at(1), order_ref=None)
        store.write(cases.add, case_id, CaseFact(CaseEvent.CLEARED, at(2), words="cleared.stalled"))
        again = store.write(looking.open_and_say, replace(found, since=at(2)), POLICY, now=at(2.5), order_ref=None)
        assert again == case_id
        case = store.read(cases.get, case_id)
        assert case is not None
        assert case.is_open
        assert case.promise_by == at(25)


def test_a_parcel_that_flaps_is_told_once(tmp_path: Path) -> None:
    """Refused, handed out again, refused again, within the hour: one case and one alert, whose message is edited each time; what
    comes back later than that is new.
    """
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment, promised_h=None)
        events = [scan(M.PICKED_UP, 0), scan(M.OUT_FOR_DELIVERY, 1)]
        refusals = (scan(M.EXCEPTION, 2, reason=Reason.REFUSED), scan(M.EXCEPTION, 2.6, reason=Reason.REFUSED))
        for step in (refusals[0], scan(M.OUT_FOR_DELIVERY, 2.3), refusals[1]):
            events.append(step)
            store.write(heard, shipment, (step.time.at - START) / HOUR + 0.1, *events)
        [case] = store.read(cases.list_cases, only_open=False)
        assert (case.kind, case.is_open) == (Kind.REFUSED, True)
        assert letters(store, case) == ["alert", "alert_edit", "alert_edit"]
        events += [scan(M.OUT_FOR_DELIVERY, 3), scan(M.EXCEPTION, 5, reason=Reason.REFUSED)]
        store.write(heard, shipment, 3.1, *events[:-1])
        store.write(heard, shipment, 5.1, *events)
        first, second = store.read(cases.list_cases, only_open=False)
        assert {first.is_open, second.is_open} == {True, False}
        assert letters(store, max(first, second, key=lambda c: c.id)) == ["alert"]


def letters(store: Store, case: CaseRow) -> list[str]:
    return [letter.kind for letter in store.read(mail.letters_about, "case", str(case.id))]


# --- outages -------------------------------------------------------------------------------------------------------


def test_an_outage_counts_as_no_silence() -> None:
    """A clock of 48 hours during which the source couldn't be heard for six ends six hours later; a deadline that has a date
    doesn't move, nor does one that had run out before.
    """
    crossing = Crossing(Kind.STALLED, at(0), at(48), said("evidence.silence"), at(24), silence=True, clock=True)
    assert credited(crossing, [(at(30), at(36))]).alert_at == at(54)
    assert credited(crossing, [(at(30), at(36))]).watch_at == at(24)
    assert credited(crossing, [(at(-10), at(2)), (at(47), at(57)), (at(59), at(60))]).alert_at == at(61)
    assert credited(crossing, [(at(48), at(57))]).alert_at == at(48)
    dated = crossing._replace(clock=False)
    assert credited(dated, [(at(30), at(36))]) == dated


def outage(db: Db, began: float, ended: float) -> None:
    state = SourceState("kuaidi100", "main", at(ended))
    source_rows.save(db, state)
    source_rows.note_outage(db, state, at(began), now=at(ended))


def silent_since_the_first_scan(db: Db, *, standby: bool) -> int:
    sent = Shipment("ZT1", "zhongtong", "kuaidi100", at(0))
    others = [("fedex", "main")] if standby else []
    shipment = int(intake.add_shipment(db, sent, next_poll_at=at(0), alarm_at=None, standby=others).id)
    heard(db, shipment, 1, scan(M.IN_TRANSIT, 1))
    return shipment


def test_after_an_outage_the_alarm_is_armed_anew(tmp_path: Path) -> None:
    """Ten hours of outage within the 48: no case at the 49th hour, a case ten hours later."""
    with opened(tmp_path) as store:
        shipment = store.write(silent_since_the_first_scan, standby=False)
        store.write(outage, 20, 30)
        for hours in (49.5, 58.5):
            store.write(heard, shipment, hours)
            assert store.read(cases.list_cases) == []
        assert look(store, "SELECT alarm_at FROM watch") == [(int(at(59).timestamp()),)]
        store.write(heard, shipment, 59.5)
        assert [case.kind for case in store.read(cases.list_cases)] == [Kind.STALLED]


def test_who_was_heard_through_another_source_gets_no_credit(tmp_path: Path) -> None:
    """Where another source stands by, the parcel's silence was its own."""
    with opened(tmp_path) as store:
        shipment = store.write(silent_since_the_first_scan, standby=True)
        store.write(outage, 20, 30)
        store.write(heard, shipment, 49.5)
        assert [case.kind for case in store.read(cases.list_cases)] == [Kind.STALLED]


def test_a_case_from_before_an_outage_stays_open(tmp_path: Path) -> None:
    """What was a case when the source fell silent is one when it is back."""
    with opened(tmp_path) as store:
        shipment = store.write(silent_since_the_first_scan, standby=False)
        store.write(heard, shipment, 49.5)
        store.write(outage, 50, 60)
        store.write(heard, shipment, 61)
        assert [case.is_open for case in store.read(cases.list_cases, only_open=False)] == [True]
