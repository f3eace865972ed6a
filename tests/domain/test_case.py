"""Cases and promises."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.case import CLOSED, NEXT, CaseEvent, CaseFact, CaseStatus, fold_case, promise_by, step
from domain.errors import RuleError
from domain.promise import Outcome

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def fact(kind: CaseEvent, minutes: int = 0, by: str | None = None, **data: object) -> CaseFact:
    return CaseFact(kind, AT + timedelta(minutes=minutes), by, "console", "", data)


OPENED = fact(CaseEvent.OPENED, promise_by=(AT + timedelta(hours=24)).isoformat())


@pytest.mark.parametrize("status", list(CaseStatus))
@pytest.mark.parametrize("kind", list(CaseEvent))
def test_a_missing_pair_changes_nothing(status: CaseStatus, kind: CaseEvent) -> None:
    """The transition table is the whole truth."""
    assert step(status, kind) is NEXT.get((status, kind), status)


def test_only_reopening_leaves_a_closed_case() -> None:
    """No other event brings a resolved case back to work, so that no promise is lost by accident."""
    ways_out = {kind for (status, kind), to in NEXT.items() if status in CLOSED and to not in CLOSED}
    assert ways_out == {CaseEvent.REOPENED}


@given(st.lists(st.sampled_from([e for e in CaseEvent if e not in {CaseEvent.OPENED, CaseEvent.REOPENED}])))
def test_nothing_moves_the_promise(kinds: list[CaseEvent]) -> None:
    """Whatever happens to a case, the promise stays where it was given."""
    state = fold_case([OPENED, *(fact(k, i, "li") for i, k in enumerate(kinds))])
    assert state.promise_by == AT + timedelta(hours=24)


def test_the_first_who_acknowledges_has_it() -> None:
    """A second acknowledgement is kept on record and changes nobody's name."""
    state = fold_case([OPENED, fact(CaseEvent.ACKNOWLEDGED, 5, "li"), fact(CaseEvent.ACKNOWLEDGED, 6, "wang")])
    assert (state.acknowledged_by, state.owner, state.status) == ("li", "li", CaseStatus.ACKNOWLEDGED)


def test_the_machine_acknowledges_nothing() -> None:
    """Only a person takes a case."""
    assert fold_case([OPENED, fact(CaseEvent.ACKNOWLEDGED, 5)]).acknowledged_by is None


def test_reopening_begins_a_new_promise() -> None:
    """A reopened case has a new promise and nobody's name on it; the old one stands with its outcome."""
    again = fact(CaseEvent.REOPENED, 60, "li", promise_by=(AT + timedelta(hours=25)).isoformat())
    told = fact(CaseEvent.CUSTOMER_TOLD, 20, "li", told="outcome")
    state = fold_case([OPENED, told, fact(CaseEvent.RESOLVED, 30, "li"), again])
    assert (state.status, state.promise_by, state.acknowledged_by) == (CaseStatus.OPEN, AT + timedelta(hours=25), None)
    assert (state.told_at, state.owes_word) == (None, True)
    assert [(p.n, p.outcome) for p in state.promises] == [(1, Outcome.KEPT), (2, None)]


def test_reopening_loses_no_promise_that_runs() -> None:
    """Resolved without a word and opened again: both promises run, the first one's time is the one that counts."""
    again = fact(CaseEvent.REOPENED, 60, "li", promise_by=(AT + timedelta(hours=25)).isoformat())
    history = [OPENED, fact(CaseEvent.RESOLVED, 30, "li"), again]
    assert fold_case(history).promise_by == AT + timedelta(hours=24)
    late = fold_case([*history, fact(CaseEvent.BREACHED, 24 * 60)])
    assert [p.outcome for p in late.promises] == [Outcome.BREACHED, None]
    assert late.promise_by == AT + timedelta(hours=25)
    told = fold_case(
        [*history, fact(CaseEvent.BREACHED, 24 * 60), fact(CaseEvent.CUSTOMER_TOLD, 1_460, "li", told="outcome")]
    )
    assert [p.outcome for p in told.promises] == [Outcome.BREACHED, Outcome.KEPT]


def test_a_history_begins_with_opened() -> None:
    """A damaged history is said, not guessed around."""
    with pytest.raises(RuleError, match="opened"):
        fold_case([fact(CaseEvent.ACKNOWLEDGED, 1, "li")])


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("Europe/Berlin", datetime(2026, 3, 28, 14)),
        ("Europe/Berlin", datetime(2026, 10, 24, 14)),
        ("Asia/Shanghai", datetime(2026, 3, 1)),
    ],
)
def test_a_promise_is_elapsed_hours(zone: str, local: datetime) -> None:
    """24 hours are 86,400 seconds, also over the night when the clocks change."""
    opened = local.replace(tzinfo=ZoneInfo(zone))
    assert (promise_by(opened) - opened.astimezone(UTC)).total_seconds() == 86_400


def test_a_promise_needs_a_zone() -> None:
    """A naive time is refused with the fix."""
    with pytest.raises(RuleError, match="aware"):
        promise_by(datetime(2026, 3, 1))
