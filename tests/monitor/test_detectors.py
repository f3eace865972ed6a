"""The rule detectors on the shipped policy, and what becomes of their findings."""

from pathlib import Path

import pytest
from monitor_support import POLICY, M, R, at, heard, opened, scan, with_shipment

from domain.case import Kind, Subject, SubjectType
from domain.parcel import ParcelState
from domain.shipment import ParcelView, Shipment, ShipmentView
from domain.tracking import Manner, Milestone, NoData, Reason, ScanEvent
from domain.words import Words
from monitor import look
from monitor.crossing import Crossing, judge
from monitor.detectors import DETECTORS, Detector, crossings
from store import asking, cases, due
from store.base import Db


def kinds(db: Db, shipment_id: int) -> set[Kind]:
    return {c.kind for c in cases.open_for(db, Subject(SubjectType.SHIPMENT, str(shipment_id)))}


def watched(db: Db, shipment_id: int) -> set[Kind]:
    return set(cases.watched_kinds(db, Subject(SubjectType.SHIPMENT, str(shipment_id))))


SILENT = [
    # events, hours after the last of them: nothing | watch | alert
    ((scan(M.PICKED_UP, 0),), Kind.STALLED, 35, None, 37),
    ((scan(M.PICKED_UP, 0), scan(M.IN_TRANSIT, 1)), Kind.STALLED, 48, None, 50),
    ((scan(M.PICKED_UP, 0), scan(M.AT_DESTINATION, 1)), Kind.STALLED, 36, None, 38),
    ((scan(M.PICKED_UP, 0), scan(M.OUT_FOR_DELIVERY, 1)), Kind.STALLED, 14, 16, 26),
]


@pytest.mark.parametrize(("events", "kind", "quiet_h", "watch_h", "alert_h"), SILENT)
def test_silence(
    tmp_path: Path, events: tuple[ScanEvent, ...], kind: Kind, quiet_h: float, watch_h: float | None, alert_h: float
) -> None:
    """A collected parcel that nobody touches any more is watched, then a case, at the policy's hours for where it is."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment, promised_h=None)
        store.write(heard, shipment, 2, *events)
        store.write(heard, shipment, quiet_h)
        assert store.read(kinds, shipment) == set()
        if watch_h is not None:
            store.write(heard, shipment, watch_h)
            assert store.read(watched, shipment) == {kind}
        store.write(heard, shipment, alert_h)
        assert store.read(kinds, shipment) == {kind}
        assert store.read(watched, shipment) == set()


def test_never_collected_in_china(tmp_path: Path) -> None:
    """Watched 12 hours, a case 20 hours after the number was uploaded, whatever electronic lines say."""
    announced = scan(M.ANNOUNCED, 1)
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment, promised_h=None)
        store.write(heard, shipment, 11, announced)
        assert (store.read(watched, shipment), store.read(kinds, shipment)) == (set(), set())
        store.write(heard, shipment, 13)
        assert store.read(watched, shipment) == {Kind.NEVER_COLLECTED}
        store.write(heard, shipment, 21)
        assert store.read(kinds, shipment) == {Kind.NEVER_COLLECTED}
        store.write(heard, shipment, 22, scan(M.PICKED_UP, 21.5))
        assert store.read(kinds, shipment) == set()


def test_never_collected_abroad_counts_business_days(tmp_path: Path) -> None:
    """Uploaded on a Friday evening, a label abroad is no case on Sunday, but on Tuesday evening."""
    with opened(tmp_path) as store:
        friday = 24 * 4 + 12
        shipment = store.write(with_shipment, promised_h=None, region="default", created_h=friday)
        store.write(heard, shipment, friday + 1, scan(M.ANNOUNCED, friday))
        store.write(heard, shipment, friday + 50)
        assert store.read(kinds, shipment) == set()
        store.write(heard, shipment, friday + 97)
        assert store.read(kinds, shipment) == {Kind.NEVER_COLLECTED}


@pytest.mark.parametrize("no_data", [NoData.BAD_CREDENTIAL, NoData.WRONG_CARRIER, NoData.AGED_OUT])
def test_only_not_scanned_runs_a_stall_clock(tmp_path: Path, no_data: NoData) -> None:
    """Where the source can't say, its silence is not the parcel's."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment, promised_h=None)
        store.write(heard, shipment, 100, no_data=no_data)
        assert store.read(kinds, shipment) == set()
        store.write(heard, shipment, 101, no_data=NoData.NOT_SCANNED)
        assert store.read(kinds, shipment) == {Kind.NEVER_COLLECTED}


AT_ONCE = [
    (scan(M.EXCEPTION, 5, reason=R.DAMAGED), Kind.DAMAGED),
    (scan(M.EXCEPTION, 5, reason=R.LOST), Kind.LOST),
    (scan(M.EXCEPTION, 5, reason=R.ADDRESS), Kind.ADDRESS),
    (scan(M.EXCEPTION, 5, reason=R.CUSTOMS), Kind.CUSTOMS),
    (scan(M.ATTEMPT_FAILED, 5, reason=R.REFUSED), Kind.REFUSED),
    (scan(M.RETURNING, 5), Kind.RETURNING),
]


@pytest.mark.parametrize(("event", "kind"), AT_ONCE)
def test_the_carriers_own_word_is_a_case_at_once(tmp_path: Path, event: ScanEvent, kind: Kind) -> None:
    """Damage, loss, refusal, a wrong address, customs and an unasked return wait for no clock."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment)
        store.write(heard, shipment, 6, scan(M.PICKED_UP, 0), event)
        assert store.read(kinds, shipment) == {kind}


def test_a_failed_attempt_has_until_the_next_working_day(tmp_path: Path) -> None:
    """Absent on Monday: watched at once, a case on Tuesday at 18:00 unless something happens."""
    absent = scan(M.ATTEMPT_FAILED, 8, reason=Reason.ABSENT)
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment, promised_h=None)
        store.write(heard, shipment, 9, scan(M.PICKED_UP, 0), absent)
        assert (store.read(watched, shipment), store.read(kinds, shipment)) == ({Kind.FAILED_ATTEMPT}, set())
        store.write(heard, shipment, 34)
        assert store.read(kinds, shipment) == {Kind.FAILED_ATTEMPT}
        store.write(heard, shipment, 35, scan(M.DELIVERED, 34.5))
        assert store.read(kinds, shipment) == set()


@pytest.mark.parametrize("manner", [Manner.LOCKER, Manner.POINT, Manner.OTHER, Manner.NEIGHBOUR, Manner.AGENT])
def test_a_locker_or_a_third_person_never_alarms_by_itself(tmp_path: Path, manner: Manner) -> None:
    """Half of Chinese deliveries end so; it is recorded, not alarmed."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment)
        store.write(
            heard,
            shipment,
            30,
            scan(M.PICKED_UP, 0),
            scan(M.OUT_FOR_DELIVERY, 28),
            scan(M.DELIVERED, 29, manner=manner),
        )
        store.write(heard, shipment, 400)
        assert (store.read(kinds, shipment), store.read(watched, shipment)) == (set(), set())


def test_delivered_then_failed_is_suspect(tmp_path: Path) -> None:
    """A signature undone by a later attempt: somebody else may have it."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment)
        store.write(heard, shipment, 9, scan(M.OUT_FOR_DELIVERY, 5), scan(M.DELIVERED, 6), scan(M.ATTEMPT_FAILED, 8))
        assert store.read(kinds, shipment) == {Kind.MISDELIVERED}


def test_one_trouble_one_case(tmp_path: Path) -> None:
    """A stalled parcel that also misses its promise stays one case with the first promise; once lost, it is urgent."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment, promised_h=60)
        store.write(heard, shipment, 3, scan(M.PICKED_UP, 0), scan(M.IN_TRANSIT, 2))
        store.write(heard, shipment, 51)
        first = store.read(cases.list_cases)
        store.write(heard, shipment, 100)
        assert [c.id for c in store.read(cases.list_cases)] == [c.id for c in first]
        store.write(heard, shipment, 24 * 7 + 3)
        assert store.read(kinds, shipment) == {Kind.LOST}


def test_a_moving_parcel_late_past_its_promise(tmp_path: Path) -> None:
    """Moving, but a day past its promise: a case; watched from the promise on."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment, promised_h=60)
        for hours in (10, 40, 62, 82):
            store.write(heard, shipment, hours + 1, scan(M.IN_TRANSIT, hours))
        assert (store.read(kinds, shipment), store.read(watched, shipment)) == (set(), {Kind.PROMISE_MISSED})
        store.write(heard, shipment, 85)
        assert store.read(kinds, shipment) == {Kind.PROMISE_MISSED}


def test_silence_is_known_only_up_to_the_last_answer(tmp_path: Path) -> None:
    """While nothing answers, no parcel is called stalled; its clock running out asks once more instead."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment, promised_h=None)
        store.write(heard, shipment, 3, scan(M.PICKED_UP, 0), scan(M.IN_TRANSIT, 2))
        store.write(look.look_at, [shipment], POLICY, now=at(200))
        assert store.read(kinds, shipment) == set()
        assert [d.shipment_id for d in store.read(asking.due_polls, "kuaidi100", "main", now=at(200), limit=5)] == [
            shipment
        ]


def test_the_alarm_is_computed_ahead(tmp_path: Path) -> None:
    """A tick looks at a parcel when its clock runs out, and not before."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment, promised_h=None)
        store.write(heard, shipment, 3, scan(M.PICKED_UP, 0), scan(M.IN_TRANSIT, 2))
        assert store.read(due.due_alarms, now=at(49), limit=5) == []
        assert store.read(due.due_alarms, now=at(50), limit=5) == [shipment]


def test_a_person_closed_it_and_nothing_new_happened(tmp_path: Path) -> None:
    """What a person closed isn't raised again for the same silence; a new silence is."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment, promised_h=None)
        store.write(heard, shipment, 6, scan(M.PICKED_UP, 0), scan(M.EXCEPTION, 5, reason=R.DAMAGED))
        [case] = store.read(cases.list_cases)
        from domain.case import CaseEvent, CaseFact

        store.write(cases.add, case.id, CaseFact(CaseEvent.RESOLVED, at(7), "li", "console", "paid"))
        store.write(heard, shipment, 10)
        assert store.read(kinds, shipment) == set()
        store.write(heard, shipment, 20, scan(M.IN_TRANSIT, 15), scan(M.EXCEPTION, 19, reason=R.DAMAGED))
        assert store.read(kinds, shipment) == {Kind.DAMAGED}


def test_milestones_of_silence_have_a_rule() -> None:
    """Every milestone at which a parcel waits for the carrier's next touch has a threshold."""
    from monitor.detectors import SILENCE_AFTER

    waiting = {M.PICKED_UP, M.IN_TRANSIT, M.TRANSFERRED, M.CUSTOMS, M.AT_DESTINATION, M.OUT_FOR_DELIVERY}
    assert set(SILENCE_AFTER) == waiting
    assert set(Milestone) > waiting


def test_evidence_is_put_into_words_when_its_time_has_come() -> None:
    """What lies ahead, or behind the last answer, says nothing yet; what stands says it once."""
    said: list[str] = []

    def says() -> tuple[Words, ...]:
        said.append("said")
        return (Words("evidence.silence", {}),)

    crossing = Crossing(Kind.STALLED, at(0), at(48), says, at(24), silence=True)
    subject = Subject(SubjectType.SHIPMENT, "1")
    assert judge((crossing,), subject, heard_until=at(20), now=at(60)).ask_now
    assert judge((crossing,), subject, heard_until=at(23), now=at(23)).alarm_at == at(24)
    assert said == []
    [found] = judge((crossing,), subject, heard_until=at(30), now=at(30)).findings
    assert (found.watch, found.evidence, said) == (True, (Words("evidence.silence", {}),), ["said"])


@pytest.mark.parametrize("milestone", [None, *Milestone])
@pytest.mark.parametrize("detector", DETECTORS)
def test_a_detector_that_isnt_asked_has_nothing_to_say(milestone: Milestone | None, detector: Detector) -> None:
    """A look passes over detectors that speak of other places than where a parcel stands: each would have been silent."""
    state = ParcelState(milestone, last_at=at(0), last_physical_at=at(0), first_at=at(0), since=at(0))
    parcel = ParcelView(1, "N1", "", "out", state)
    sent = Shipment("N1", "zhongtong", "kuaidi100", at(0), id=1, promised_at=at(72))
    view = ShipmentView(sent, (parcel,), state, polled_at=at(1))
    said = detector(view, POLICY.region("cn"))
    found = [
        c for c in crossings(view, POLICY) if said is not None and (c.kind, c.alert_at) == (said.kind, said.alert_at)
    ]
    assert bool(found) == (said is not None)
