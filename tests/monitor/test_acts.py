"""What people do to cases: one effect per delivery, one winner of a race, an audit entry for each."""

import itertools
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from engines import ON_BOTH
from monitor_support import POLICY, M, R, at, heard, heard_by, opened, scan, with_shipment

from chat.acts import ActKind, ChatAct
from domain.case import CaseStatus
from monitor.acts import Done, Refused, perform
from store import cases, check, mail, people
from store.base import Store
from store.people import Person

CLERKS = [f"p{n:02d}" for n in range(50)]
KEYS = itertools.count()
EACH_ALONE = replace(POLICY, incidents=replace(POLICY.incidents, members=10**6, alerts_at_once=10**6))
"""Many damaged parcels stay cases of their own."""
ROUNDS = int(os.environ.get("DOORSTEP_ROUNDS", "3"))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Store, int]]:
    """A store with people of every role and one open case."""
    with opened(tmp_path) as store:
        for person in (
            Person("li", "李梅"), Person("sam", "Sam", "lead"), Person("eve", "Eve", "viewer"),
            Person("root", "Root", "admin"), Person("gone", "Gone", "agent", active=False),
            *(Person(name, name) for name in CLERKS),
        ):  # fmt: skip
            store.write(people.save_person, person)
        shipment = store.write(with_shipment)
        store.write(heard, shipment, 6, scan(M.PICKED_UP, 0), scan(M.EXCEPTION, 5, reason=R.DAMAGED))
        [case] = store.read(cases.list_cases)
        yield store, case.id
        assert store.read(check.differences, now=at(99)) == []


def act(
    case: int,
    kind: ActKind = ActKind.ACKNOWLEDGE,
    *,
    by: str = "li",
    key: str = "",
    words: str = "",
    to: str | None = None,
) -> ChatAct:
    return ChatAct("console", "main", key or f"k{next(KEYS)}", by, case, kind, words, to)


def do(store: Store, wanted: ChatAct, hours: float = 7) -> Done | Refused:
    return store.write(perform, wanted, now=at(hours))


def events(store: Store, case: int) -> list[tuple[str, str | None]]:
    return [(fact.event.value, fact.by) for fact in store.read(cases.history_of, case)]


def letters(store: Store, case: int) -> list[tuple[str, str]]:
    return [(letter.kind, letter.reason) for letter in store.read(mail.letters_about, "case", str(case))]


def test_fifty_acknowledge_and_one_wins(desk: tuple[Store, int]) -> None:
    """Of fifty who press at once, one takes the case; the others are told who did and when, and nothing else happens. Round
    after round, with a new case each: DOORSTEP_ROUNDS says how many.
    """
    store, first = desk
    winners = {press_at_once(store, case, n) for n, case in enumerate([first, *more_cases(store, ROUNDS - 1)])}
    assert winners <= set(CLERKS)


def more_cases(store: Store, count: int) -> list[int]:
    for n in range(count):
        shipment = store.write(with_shipment, f"ZT-{n}")
        damaged = scan(M.EXCEPTION, 5, reason=R.DAMAGED)
        store.write(heard_by, EACH_ALONE, shipment, 6, scan(M.PICKED_UP, 0), damaged, number=f"ZT-{n}")
    return sorted(c.id for c in store.read(cases.list_cases))[1:]


def press_at_once(store: Store, case: int, n: int) -> str:
    """One round: who won, after it was made sure that nobody else did anything."""
    gate, outcomes = threading.Barrier(len(CLERKS)), list[Done | Refused]()

    def press(name: str) -> None:
        gate.wait(60)
        outcomes.append(do(store, act(case, by=name, key=f"{n}-{name}")))

    threads = [threading.Thread(target=press, args=(name,)) for name in CLERKS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == len(CLERKS)
    [won] = [o for o in outcomes if isinstance(o, Done)]
    winner = won.case.acknowledged_by
    assert winner in CLERKS
    told = {(o.why.code, o.why.params["by"], o.why.params["taken_at"]) for o in outcomes if isinstance(o, Refused)}
    assert told == {("refused.taken", winner, at(7).isoformat())}
    assert all(o.case is not None and o.case.owner == winner for o in outcomes)
    assert events(store, case) == [("opened", None), ("acknowledged", winner)]
    assert letters(store, case) == [("alert", "opened"), ("alert_edit", "acknowledged")]
    return winner


@pytest.mark.parametrize("kind", [ActKind.ACKNOWLEDGE, ActKind.COMMENT, ActKind.RESOLVE, ActKind.ASSIGN])
def test_the_same_delivery_again_changes_nothing(desk: tuple[Store, int], kind: ActKind) -> None:
    """A button pressed twice, a webhook brought twice: one fact, one letter."""
    store, case = desk
    wanted = act(case, kind, key="once", words="hello", to="sam")
    for hours in (7, 8, 9):
        do(store, wanted, hours)
    assert len(events(store, case)) == 2
    assert len(letters(store, case)) == 2


def test_a_repeated_comment_is_answered_as_done(desk: tuple[Store, int]) -> None:
    """Who sends it again gets the case as it stands, not a refusal; another key is another comment."""
    store, case = desk
    again = act(case, ActKind.COMMENT, key="once", words="called the carrier")
    assert isinstance(do(store, again), Done)
    assert isinstance(do(store, again), Done)
    assert isinstance(do(store, act(case, ActKind.COMMENT, words="called again")), Done)
    assert [e for e, _ in events(store, case)] == ["opened", "commented", "commented"]


@pytest.mark.parametrize("by", ["eve", "gone", "nobody", ""])
@pytest.mark.parametrize("kind", list(ActKind))
def test_who_may_not_act_changes_nothing(desk: tuple[Store, int], by: str, kind: ActKind) -> None:
    """A viewer, somebody who left and a stranger are refused, and no trace is left of it."""
    store, case = desk
    outcome = do(store, act(case, kind, by=by, words="x", to="li"))
    assert isinstance(outcome, Refused)
    assert outcome.why.code == "refused.role"
    assert events(store, case) == [("opened", None)]
    assert letters(store, case) == [("alert", "opened")]


def test_a_refusal_does_not_use_up_the_key(desk: tuple[Store, int]) -> None:
    """Who is let in later may send the same delivery again."""
    store, case = desk
    wanted = act(case, by="eve", key="same")
    assert isinstance(do(store, wanted), Refused)
    store.write(people.save_person, Person("eve", "Eve", "agent"))
    assert isinstance(do(store, wanted), Done)


def test_resolving_closes_and_a_closed_case_takes_comments_only(desk: tuple[Store, int]) -> None:
    """After it is closed nobody acknowledges, assigns or resolves it any more; a comment still goes on record."""
    store, case = desk
    done = do(store, act(case, ActKind.RESOLVE, words="paid back"))
    assert isinstance(done, Done)
    assert (done.case.status, done.case.close_reason, done.case.closed_at) == (CaseStatus.RESOLVED, "paid back", at(7))
    for kind in (ActKind.ACKNOWLEDGE, ActKind.ASSIGN, ActKind.RESOLVE):
        outcome = do(store, act(case, kind, by="sam", to="li"))
        assert isinstance(outcome, Refused)
        assert outcome.why.code == "refused.closed"
    assert isinstance(do(store, act(case, ActKind.COMMENT, words="thanks")), Done)
    assert [e for e, _ in events(store, case)] == ["opened", "resolved", "commented"]


@ON_BOTH
def test_handing_over(desk: tuple[Store, int]) -> None:
    """Assigned to somebody, whoever acknowledged it; to nobody that exists it can't be."""
    store, case = desk
    do(store, act(case, by="li"))
    handed = do(store, act(case, ActKind.ASSIGN, by="li", to="sam"))
    assert isinstance(handed, Done)
    assert (handed.case.owner, handed.case.acknowledged_by) == ("sam", "li")
    for to in ("stranger", None, ""):
        outcome = do(store, act(case, ActKind.ASSIGN, to=to))
        assert isinstance(outcome, Refused)
        assert outcome.why.code == "refused.no_such_person"


def test_a_case_that_does_not_exist(desk: tuple[Store, int]) -> None:
    """Refused by name, with no case to redraw."""
    store, _ = desk
    outcome = do(store, act(999_999))
    assert isinstance(outcome, Refused)
    assert (outcome.why.code, outcome.case) == ("refused.no_such_case", None)


def test_every_act_edits_the_message(desk: tuple[Store, int]) -> None:
    """The alert is written once, each act after it as an edit with the state that it led to, under an id of its own."""
    store, case = desk
    do(store, act(case, by="li"))
    do(store, act(case, ActKind.COMMENT, words="asked the station"))
    do(store, act(case, ActKind.RESOLVE, words="found"))
    found = store.read(mail.letters_about, "case", str(case))
    assert [(x.kind, x.reason, x.payload["status"]) for x in found] == [
        ("alert", "opened", "open"),
        ("alert_edit", "acknowledged", "acknowledged"),
        ("alert_edit", "commented", "acknowledged"),
        ("alert_edit", "resolved", "resolved"),
    ]
    assert len({x.id for x in found}) == 4
    assert found[1].payload["acknowledged_by"] == "li"
