"""Claims: the transition table, the fold, the clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.claim import (
    CLOSED,
    LIVE,
    NEXT,
    PEOPLES,
    Claim,
    ClaimEvent,
    ClaimFact,
    ClaimState,
    fold_claim,
    step,
    ways_on,
)
from domain.claim_clock import due_now, next_at
from domain.errors import RuleError

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
DAY = timedelta(days=1)
E, S = ClaimEvent, ClaimState
DATES = {
    "opens_at": (AT + 2 * DAY).isoformat(),
    "last_at": (AT + 40 * DAY).isoformat(),
    "last_on": "2026-04-11",
    "answer_d": 7,
}


def opened(**more: Any) -> ClaimFact:
    data = {
        "reason": "lost",
        "subject_id": "7",
        "carrier": "ups",
        "number": "1Z1",
        "goods_cents": 26_600,
        "dates": DATES,
    }
    return ClaimFact(E.OPENED, AT, data=data | more)


def fact(event: ClaimEvent, days: float = 1, by: str | None = "chen", **data: Any) -> ClaimFact:
    return ClaimFact(event, AT + days * DAY, by, "console", "", data)


FILED = fact(E.FILED, claimed_cents=20_000, answer_by=(AT + 9 * DAY).isoformat())


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("event", list(E))
def test_a_missing_pair_changes_nothing(state: ClaimState, event: ClaimEvent) -> None:
    """The transition table is the whole truth."""
    assert step(state, event) is NEXT.get((state, event), state)


def test_every_live_claim_can_be_given_up_and_every_one_at_the_carrier_can_be_paid() -> None:
    """No state is a dead end."""
    for state in LIVE:
        assert E.WRITTEN_OFF in ways_on(state)
        assert state is S.DRAFT or E.PAID in ways_on(state)


def test_money_that_came_is_never_given_back() -> None:
    """A claim that was paid has no way out; one that was written off may be taken up, or filed late."""
    assert ways_on(S.PAID) == ()
    assert set(ways_on(S.WRITTEN_OFF)) == {E.FILED, E.REOPENED}


EVENTS = st.lists(
    st.tuples(st.sampled_from([e for e in E if e is not E.OPENED]), st.integers(0, 50_000), st.booleans()), max_size=30
)


@given(EVENTS)
def test_whatever_happens_the_sums_and_states_hold(events: list[tuple[ClaimEvent, int, bool]]) -> None:
    """Recovered money only grows, by what was paid in a state that can be paid; the state is what the table says; a closing
    time stands exactly where the claim is closed; nobody but the clock loses a claim by its deadline.
    """
    history, state, recovered = [opened()], S.DRAFT, 0
    for n, (event, cents, person) in enumerate(events, 1):
        history.append(fact(event, n, "chen" if person else None, amount_cents=cents, keys=["last:7"], item="photos"))
        if event in {E.PAID, E.PARTLY_PAID} and (state, event) in NEXT:
            recovered += cents
        state = step(state, event)
        claim = fold_claim(history)
        assert (claim.state, claim.recovered_cents) == (state, recovered)
        assert (claim.closed_at is not None) is (state in CLOSED)
    assert fold_claim(history).lapsed is any(f.event is E.LAPSED for f in history)


@given(EVENTS)
def test_only_a_draft_is_ever_called_filed_for_the_first_time_once(events: list[tuple[ClaimEvent, int, bool]]) -> None:
    """The day on which a claim was filed first stays, whatever comes after."""
    history = [opened()]
    first = None
    for n, (event, cents, _) in enumerate(events, 1):
        history.append(fact(event, n, amount_cents=cents, item="photos"))
        claim = fold_claim(history)
        first = first or claim.filed_at
        assert claim.filed_at == first


def test_a_history_must_begin_with_its_opening() -> None:
    with pytest.raises(RuleError, match="opened"):
        fold_claim([FILED])


def test_an_act_that_the_state_does_not_know_moves_no_money() -> None:
    """A payment noted on a draft is kept on record and counts nothing: nothing was asked for yet."""
    claim = fold_claim([opened(), fact(E.PAID, amount_cents=5_000)])
    assert (claim.state, claim.recovered_cents) == (S.DRAFT, 0)


def test_parts_add_up() -> None:
    """A first part, an appeal, the rest."""
    claim = fold_claim(
        [
            opened(),
            FILED,
            fact(E.PARTLY_PAID, amount_cents=5_000, appeal_by=(AT + 30 * DAY).isoformat()),
            fact(E.APPEALED, to="postal_12305"),
            fact(E.PAID, amount_cents=15_000),
        ]
    )
    assert (claim.state, claim.recovered_cents, claim.appealed_to) == (S.PAID, 20_000, "postal_12305")
    assert claim.appeal_by is None


def test_an_answer_ends_the_clock_of_the_answer() -> None:
    claim = fold_claim([opened(), FILED, fact(E.ANSWER_OVERDUE, 10, None), fact(E.REPLIED, 11, reference="T-1")])
    assert (claim.overdue, claim.answer_by, claim.reference) == (False, None, "T-1")


# --- clocks --------------------------------------------------------------------------------------------------------


def said(claim: Claim, days: float) -> list[ClaimFact]:
    return due_now(claim, now=AT + days * DAY)


def run(days: list[float]) -> list[tuple[float, str, tuple[str, ...]]]:
    """What a draft's clocks say when they are looked at on these days."""
    history, found = [opened()], []
    for day in days:
        for one in said(fold_claim(history), day):
            history.append(one)
            found.append((day, one.event.value, tuple(one.data.get("keys", ()))))
    return found


def test_each_reminder_comes_once() -> None:
    """At 14, 7, 3 and 1 days before the last one, however often the clock is looked at."""
    days = [day / 4 for day in range(8, 4 * 41)]
    assert run(days) == [
        (2, "window_opened", ()),
        (26, "reminded", ("last:14",)),
        (33, "reminded", ("last:7",)),
        (37, "reminded", ("last:3",)),
        (39, "reminded", ("last:1",)),
        (40, "lapsed", ()),
    ]


def test_after_downtime_the_overdue_reminders_are_one() -> None:
    assert run([38, 38.1, 39.5]) == [
        (38, "window_opened", ()),
        (38, "reminded", ("last:14", "last:7", "last:3")),
        (39.5, "reminded", ("last:1",)),
    ]


def test_the_stored_moment_misses_nothing() -> None:
    """A claim that is looked at only when its own clock says so is told everything at the same moments."""
    history, now, moments = [opened()], AT, []
    while (at := next_at(fold_claim(history), now=now)) is not None:
        now = at
        moments += [(now - AT) / DAY for one in due_now(fold_claim(history), now=now) if not history.append(one)]
    assert moments == [2, 26, 33, 37, 39, 40]


def test_a_claim_that_was_filed_in_time_is_not_lost() -> None:
    claim = fold_claim([opened(), FILED])
    assert said(claim, 41) == [
        ClaimFact(E.ANSWER_OVERDUE, AT + 41 * DAY, data={"answer_by": (AT + 9 * DAY).isoformat()})
    ]


def test_an_overdue_answer_is_said_once_and_again_after_filing_anew() -> None:
    history = [opened(), FILED, *said(fold_claim([opened(), FILED]), 10)]
    assert said(fold_claim(history), 11) == []
    appealed = fact(E.APPEALED, 12, to="platform", answer_by=(AT + 20 * DAY).isoformat())
    assert [one.event for one in said(fold_claim([*history, appealed]), 21)] == [E.ANSWER_OVERDUE]


def test_an_appeal_has_reminders_of_its_own() -> None:
    history = [opened(), FILED, fact(E.DENIED, 10, appeal_by=(AT + 20 * DAY).isoformat())]
    [one] = said(fold_claim(history), 14)
    assert one.data["keys"] == ["appeal:14", "appeal:7"]
    assert said(fold_claim([*history, one]), 15) == []
    assert said(fold_claim(history), 21) == []


def test_the_house_wants_it_filed_long_before_the_last_day() -> None:
    """The house's own date is said once, and loses nothing."""
    history = [opened(dates=DATES | {"file_by": (AT + 4 * DAY).isoformat()})]
    told = [one for day in (3, 4, 5) for one in said(fold_claim(history), day) if not history.append(one)]
    assert [(one.event, one.data.get("keys")) for one in told] == [
        (E.WINDOW_OPENED, None),
        (E.REMINDED, ["file:0"]),
    ]


@pytest.mark.parametrize("state", list(S))
def test_pages_offer_only_what_the_table_allows(state: ClaimState) -> None:
    assert [e for e in PEOPLES if (state, e) in NEXT] == list(ways_on(state))
