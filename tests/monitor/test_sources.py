"""A silent source is one incident about the source, never one about each of its parcels."""

from dataclasses import replace
from pathlib import Path

import pytest
from monitor_support import POLICY, at, opened, with_shipment

from domain.case import Kind, Severity, SubjectType
from monitor.sources import check_sources
from store import asking, cases, mail, sources
from store.asking import Polled
from store.base import Db, Store
from store.cases import CaseRow
from store.sources import SourceState

LIMIT_H = POLICY.source_silent.total_seconds() / 3600
DOWN = SourceState(
    "kuaidi100", "main", at(0), failing_since=at(1), failures=9, error="Unreachable: kuaidi100: HTTP 503"
)


def looked(store: Store, state: SourceState, hours: float) -> list[CaseRow]:
    def look(db: Db) -> None:
        sources.save(db, state)
        check_sources(db, POLICY, now=at(hours))

    store.write(look)
    return store.read(cases.list_cases)


def test_failing_for_too_long_is_an_urgent_incident(tmp_path: Path) -> None:
    """Three hours without an answer, somebody waiting: one incident that names the source, since when and how many."""
    with opened(tmp_path) as store:
        store.write(with_shipment, "A")
        store.write(with_shipment, "B")
        assert looked(store, DOWN, 1 + LIMIT_H - 0.01) == []
        [case] = looked(store, DOWN, 1 + LIMIT_H)
        assert (case.kind, case.severity, case.promise_by) == (Kind.SOURCE_SILENT, Severity.URGENT, None)
        assert (case.subject.type, case.subject.id, case.since) == (SubjectType.SOURCE, "kuaidi100/main", at(1))
        [evidence] = case.evidence
        assert evidence.params == {
            "source": "kuaidi100",
            "since_at": at(1).isoformat(),
            "parcels": 2,
            "error": "Unreachable: kuaidi100: HTTP 503",
        }


def test_it_stays_one_however_long_it_lasts(tmp_path: Path) -> None:
    """A week of looking at the same outage: one case, one message."""
    with opened(tmp_path) as store:
        store.write(with_shipment)
        for hours in range(2, 24 * 7):
            looked(store, DOWN, hours)
        [case] = store.read(cases.list_cases, only_open=False)
        assert [letter.reason for letter in store.read(mail.letters_about, "case", str(case.id))] == ["opened"]
        assert [fact.event for fact in store.read(cases.history_of, case.id)] == ["opened"]


def test_it_closes_by_itself_and_opens_anew_for_the_next(tmp_path: Path) -> None:
    """An answer closes it and says so; a second outage is a second incident."""
    with opened(tmp_path) as store:
        store.write(with_shipment)
        looked(store, DOWN, 10)
        assert looked(store, SourceState("kuaidi100", "main", last_ok_at=at(11)), 11) == []
        [again] = looked(store, replace(DOWN, failing_since=at(20)), 20 + LIMIT_H)
        first, second = store.read(cases.list_cases, only_open=False)
        assert {first.close_reason, second.close_reason} == {"cleared.source_silent", ""}
        assert again.since == at(20)


@pytest.mark.parametrize("ended", [True, False])
def test_nobody_waits_nobody_is_alarmed(tmp_path: Path, ended: bool) -> None:
    """A credential without watched parcels may fail as it likes; when the last parcel ends, its incident closes."""
    with opened(tmp_path) as store:
        shipment = store.write(with_shipment)
        if not ended:
            assert len(looked(store, DOWN, 10)) == 1
        store.write(asking.reschedule, "kuaidi100", [Polled(shipment, None)], now=at(11))
        assert looked(store, DOWN, 12) == []


def test_each_credential_is_its_own_source(tmp_path: Path) -> None:
    """A refused account is no outage of another account of the same carrier."""
    with opened(tmp_path) as store:
        store.write(with_shipment, "A")
        store.write(with_shipment, "B", account="second")
        looked(store, SourceState("kuaidi100", "second", last_ok_at=at(9)), 9)
        assert [case.subject.id for case in looked(store, DOWN, 10)] == ["kuaidi100/main"]
