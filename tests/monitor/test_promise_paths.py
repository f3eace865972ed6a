"""Promises: each ends as kept, breached or void, whatever happens to its case; only a person keeps one."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from monitor_support import AROUND_THE_CLOCK, BY_DAY

from domain.case import (
    CLOSED,
    FALSE_ALARM_WORDS,
    CaseEvent,
    CaseFact,
    CaseState,
    Kind,
    advanced,
    fold_case,
    is_answer,
    verdict_of,
)
from domain.promise import Outcome, running
from domain.steps import Step, fold_course
from monitor.deadlines import look_at

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def fact(event: CaseEvent, hours: float = 0, by: str | None = "li", words: str = "", **data: object) -> CaseFact:
    return CaseFact(event, AT + hours * HOUR, by, "console", words, data)


OPENED = fact(CaseEvent.OPENED, by=None, promise_by=(AT + 24 * HOUR).isoformat())


def outcomes(*facts: CaseFact) -> list[Outcome | None]:
    return [p.outcome for p in fold_case([OPENED, *facts]).promises]


def at(hours: float) -> str:
    return (AT + hours * HOUR).isoformat()


TOLD = CaseEvent.CUSTOMER_TOLD


@pytest.mark.parametrize(
    "kept",
    [fact(TOLD, 5, told="outcome"), fact(TOLD, 24, told="outcome"), fact(TOLD, 5, told="next_step", next_at=at(40))],
)
def test_what_keeps_a_promise(kept: CaseFact) -> None:
    """A person gave the outcome, or a next step with a date that lies ahead, until its last second."""
    assert outcomes(kept) == [Outcome.KEPT]
    assert outcomes(kept, fact(CaseEvent.BREACHED, 24, None)) == [Outcome.KEPT]


@pytest.mark.parametrize(
    "other",
    [
        fact(TOLD, 5, None, told="outcome"),
        fact(TOLD, 5, None, told="next_step", next_at=at(40)),
        fact(TOLD, 5, told="progress"),
        fact(TOLD, 5),
        fact(TOLD, 5, told="next_step"),
        fact(TOLD, 5, told="next_step", next_at=at(4)),
        fact(TOLD, 5, told="next_step", next_at="soon"),
        fact(TOLD, 5, told="next_step", next_at="2026-03-03T10:00:00"),
        fact(CaseEvent.RESOLVED, 5, verdict="solved"),
        fact(CaseEvent.RESOLVED, 5),
        fact(CaseEvent.MADE_GOOD, 5),
        fact(CaseEvent.SNOOZED, 5, until=at(99)),
        fact(CaseEvent.WAITING, 5),
        fact(CaseEvent.BREACHED, 5, None),
    ],
    ids=lambda f: f"{f.event}-{f.by}-{f.data}",
)
def test_what_keeps_nothing(other: CaseFact) -> None:
    """An automatic message, mere progress, a step without an honest date, resolving, putting off, a breach before its time."""
    assert outcomes(other) == [None]
    assert outcomes(other, fact(CaseEvent.BREACHED, 24, None)) == [Outcome.BREACHED]


def test_a_case_that_clears_itself_counts_neither_way() -> None:
    """And no word is owed any more; what had run out before it cleared was breached."""
    state = fold_case([OPENED, fact(CaseEvent.CLEARED, 5, None)])
    assert ([p.outcome for p in state.promises], state.owes_word) == ([Outcome.VOID], False)
    late = fold_case([OPENED, fact(CaseEvent.CLEARED, 25, None)])
    assert ([p.outcome for p in late.promises], late.breached, late.owes_word) == ([Outcome.BREACHED], True, False)


@pytest.mark.parametrize("said", [{"verdict": "false_alarm"}, {"words": FALSE_ALARM_WORDS}])
def test_a_false_alarm_frees_from_the_promise(said: dict[str, str]) -> None:
    """Nobody was to be told anything; once the time was over that is no way out."""
    assert outcomes(fact(CaseEvent.RESOLVED, 5, **said)) == [Outcome.VOID]  # type: ignore[arg-type]
    late = fact(CaseEvent.RESOLVED, 25, **said)  # type: ignore[arg-type]
    assert outcomes(fact(CaseEvent.BREACHED, 24, None), late) == outcomes(late) == [Outcome.BREACHED]


def test_a_resolved_case_owes_a_word_until_it_is_given() -> None:
    """The clock runs on, over the breach, until a person tells the outcome."""
    facts = [OPENED, fact(CaseEvent.RESOLVED, 5)]
    assert fold_case(facts).owes_word
    facts.append(fact(CaseEvent.BREACHED, 24, None))
    assert fold_case(facts).owes_word
    facts.append(fact(TOLD, 30, told="outcome"))
    state = fold_case(facts)
    assert (state.owes_word, state.told_at, [p.outcome for p in state.promises]) == (
        False,
        AT + 30 * HOUR,
        [Outcome.BREACHED],
    )


def test_an_honest_date_is_the_next_deadline() -> None:
    """The promise is kept, and the date stands until the next word with an outcome or another date."""
    facts = [OPENED, fact(TOLD, 5, told="next_step", next_at=at(40)), fact(CaseEvent.RESOLVED, 6)]
    state = fold_case(facts)
    assert (state.next_at, state.owes_word, [p.outcome for p in state.promises]) == (
        AT + 40 * HOUR,
        True,
        [Outcome.KEPT],
    )
    assert fold_case([*facts, fact(TOLD, 7, told="progress")]).next_at == AT + 40 * HOUR
    assert fold_case([*facts, fact(TOLD, 7, told="next_step", next_at=at(60))]).next_at == AT + 60 * HOUR
    done = fold_case([*facts, fact(TOLD, 7, told="outcome")])
    assert (done.next_at, done.owes_word) == (None, False)


def test_a_word_in_time_that_is_noted_late_keeps_the_promise() -> None:
    """Told at 23 h, written down at 25 h when the promise had run out: what counts is when the customer was told."""
    breached = fold_case([OPENED, fact(CaseEvent.BREACHED, 24.1, None)])
    assert [p.outcome for p in breached.promises] == [Outcome.BREACHED]
    noted = advanced(breached, [fact(TOLD, 23, told="outcome", noted_at=at(25))])
    assert ([p.outcome for p in noted.promises], noted.breached, noted.owes_word) == ([Outcome.KEPT], False, False)
    late = advanced(breached, [fact(TOLD, 24.2, told="outcome")])
    assert [p.outcome for p in late.promises] == [Outcome.BREACHED]


def test_a_word_from_before_the_reopening_keeps_nothing_of_the_new_promise() -> None:
    again = [
        OPENED,
        fact(TOLD, 1, told="outcome"),
        fact(CaseEvent.RESOLVED, 2),
        fact(CaseEvent.REOPENED, 30, promise_by=at(54)),
    ]
    assert outcomes(*again[1:], fact(TOLD, 20, told="outcome")) == [Outcome.KEPT, None]


@pytest.mark.parametrize(
    ("failed_at", "ends"), [(2, None), (25, Outcome.BREACHED)], ids=["in time for another", "found out too late"]
)
def test_a_message_that_never_arrived_keeps_nothing(failed_at: float, ends: Outcome | None) -> None:
    told = fact(TOLD, 1, told="next_step", next_at=at(40), letter="m1")
    kept = fold_case([OPENED, told])
    assert ([p.outcome for p in kept.promises], kept.next_at) == ([Outcome.KEPT], AT + 40 * HOUR)
    failed = advanced(kept, [fact(CaseEvent.MESSAGE_FAILED, failed_at, None, letter="m1")])
    assert ([p.outcome for p in failed.promises], failed.next_at, failed.owes_word) == ([ends], None, True)
    other = advanced(kept, [fact(CaseEvent.MESSAGE_FAILED, failed_at, None, letter="m2")])
    assert [p.outcome for p in other.promises] == [Outcome.KEPT]


def test_a_message_that_never_arrived_did_no_step() -> None:
    told = [OPENED, fact(TOLD, 1, told="outcome", letter="m1")]
    failed = [*told, fact(CaseEvent.MESSAGE_FAILED, 2, None, letter="m1")]
    assert {Step.CUSTOMER_TOLD, Step.OUTCOME} <= set(fold_course(told).done)
    assert not {Step.CUSTOMER_TOLD, Step.OUTCOME} & set(fold_course(failed).done)


def test_trouble_that_was_over_before_the_failure_came_out_counts_neither_way() -> None:
    told = fact(TOLD, 1, told="outcome", letter="m1")
    cleared = fact(CaseEvent.CLEARED, 3, None)
    assert outcomes(told, cleared, fact(CaseEvent.MESSAGE_FAILED, 30, None, letter="m1")) == [Outcome.VOID]


# --- no path loses an open promise ---

EVENTS = st.sampled_from([e for e in CaseEvent if e is not CaseEvent.OPENED])
DATA = st.fixed_dictionaries(
    {},
    optional={
        "told": st.sampled_from(["progress", "next_step", "outcome"]),
        "next_at": st.sampled_from([at(3), at(30), at(90), "soon", ""]),
        "verdict": st.sampled_from(["solved", "false_alarm"]),
        "step": st.sampled_from(["outcome", "acknowledge", "nonsense"]),
        "rung": st.sampled_from(["on_call", "lead"]),
        "to": st.just(["li"]),
        "silent": st.booleans(),
        "reship": st.sampled_from(["", "stalled"]),
        "letter": st.sampled_from(["", "m1", "m2"]),
    },
)
PATHS = st.lists(st.tuples(EVENTS, st.floats(0, 9), st.sampled_from([None, "li", "sam"]), DATA), max_size=25)


def path(steps: list[tuple[CaseEvent, float, str | None, dict[str, object]]]) -> list[CaseFact]:
    hours, facts = 0.0, [OPENED]
    for event, later, by, data in steps:
        hours += later
        again = {"promise_by": at(hours + 24)} if event is CaseEvent.REOPENED else {}
        facts.append(fact(event, hours, by, **{**data, **again}))
    return facts


@given(PATHS)
def test_what_has_ended_stays_as_it_ended(steps: list[tuple[CaseEvent, float, str | None, dict[str, object]]]) -> None:
    """No later fact moves a promise or takes one away; an outcome is changed only by a word that was given in time and noted
    late, or by a message that turns out never to have arrived.
    """
    facts = path(steps)
    before = fold_case(facts[:1])
    for one in facts[1:]:
        after = advanced(before, [one])
        for old, new in zip(before.promises, after.promises, strict=False):
            assert (old.n, old.promise_by) == (new.n, new.promise_by)
            noted_late = old.outcome is Outcome.BREACHED and is_answer(one) and one.at <= old.promise_by
            undone = one.event is CaseEvent.MESSAGE_FAILED and one.data.get("letter") == old.letter
            assert old.outcome in {None, new.outcome} or noted_late or undone
        assert len(after.promises) == len(before.promises) + (is_reopening(before, one))
        before = after


def is_reopening(before: CaseState, one: CaseFact) -> bool:
    return one.event is CaseEvent.REOPENED and (before.status in CLOSED or bool(one.data.get("reship")))


@given(PATHS)
def test_a_promise_ends_for_a_reason(steps: list[tuple[CaseEvent, float, str | None, dict[str, object]]]) -> None:
    """Kept by an answer of a person in time, void by the end of the trouble in time, breached in no other way than by time."""
    facts = path(steps)
    before = fold_case(facts[:1])
    for one in facts[1:]:
        after = advanced(before, [one])
        for old, new in zip(before.promises, after.promises, strict=False):
            if old.outcome is None and new.outcome is not None:
                in_time = one.at <= new.promise_by
                over = one.event is CaseEvent.CLEARED or (
                    one.event is CaseEvent.RESOLVED and verdict_of(one) == "false_alarm"
                )
                expected = {Outcome.KEPT: in_time and is_answer(one), Outcome.VOID: in_time and over}
                assert expected.get(new.outcome, one.at >= new.promise_by)
        before = after


@pytest.mark.parametrize("policy", [AROUND_THE_CLOCK, BY_DAY], ids=["always", "by_day"])
@given(steps=PATHS)
def test_no_path_loses_an_open_promise(
    policy: object, steps: list[tuple[CaseEvent, float, str | None, dict[str, object]]]
) -> None:
    """After any history, as long as a promise runs there is a time to look at it; looked at whenever that comes, every
    promise ends, each exactly one way, and then nothing is looked at for ever.
    """
    history = path(steps)
    now = history[-1].at
    for _ in range(200):
        look = look_at(Kind.STALLED, history, policy, now=now, whom=lambda rung: ("li",))  # type: ignore[arg-type]
        history += look.facts
        assert not running(look.state.promises) or look.timer_at is not None
        if look.timer_at is None:
            break
        assert look.timer_at > now
        now = look.timer_at
    assert look.timer_at is None
    assert all(p.outcome is not None for p in fold_case(history).promises)
    assert look_at(Kind.STALLED, history, policy, now=now, whom=lambda rung: ("li",)).facts == ()  # type: ignore[arg-type]
