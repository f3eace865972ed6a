"""Handing over: nothing changes hands without a confirmation, nothing unconfirmed is out of sight, nothing is lost."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from monitor_support import M, R, at, heard, opened, scan, with_shipment

from domain.case import CaseEvent, CaseFact
from domain.words import Words
from monitor import handover
from monitor.acts import Done, Refused, do
from monitor.handover import Offer, Outcomes
from monitor.summary import summary
from store import cases, check, handovers, people, queues
from store.base import Db, Store
from store.people import Person
from store.queues import Queue, Wanted

TEAM = ("li", "sam", "chen", "boss")
SAID = "客户等重发，我下午催快递。"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Store, list[int]]]:
    """Four people, a viewer, and six open cases; the first three are Li's."""
    with opened(tmp_path) as store:
        for person in TEAM:
            store.write(people.save_person, Person(person, person.title(), "lead" if person == "boss" else "agent"))
        store.write(people.save_person, Person("eve", "Eve", "viewer"))
        for n in range(6):
            shipment = store.write(with_shipment, f"ZT{n}")
            store.write(
                heard, shipment, 6, scan(M.PICKED_UP, 0), scan(M.EXCEPTION, 5, reason=R.DAMAGED), number=f"ZT{n}"
            )
        found = sorted(case.id for case in store.read(cases.list_cases))
        for case_id in found[:3]:
            act(store, case_id, CaseEvent.ACKNOWLEDGED, "li")
        yield store, found
        assert store.read(check.differences, now=at(999)) == []


def act(store: Store, case_id: int, event: CaseEvent, by: str, hours: float = 7, **data: str) -> Done | Refused:
    fact = CaseFact(event, at(hours), by, "console", data.pop("words", ""), data)
    return store.write(do, case_id, fact, key=f"{event}/{case_id}/{hours}/{by}")


def offer(
    store: Store, ids: list[int], by: str = "li", to: str = "sam", handover_id: str = "h1", hours: float = 8
) -> Outcomes:
    return store.write(handover.offer, ids, Offer(handover_id, by, to, "小心轻放"), now=at(hours))


def confirm(
    store: Store, ids: list[int], by: str = "sam", said: str = SAID, *, common: str = "", hours: float = 9
) -> Outcomes:
    return store.write(handover.confirm, "h1", dict.fromkeys(ids, said), by=by, common=common, now=at(hours))


def why(outcome: Done | Refused) -> str:
    return "" if isinstance(outcome, Done) else outcome.why.code


def owner(store: Store, case_id: int) -> str | None:
    case = store.read(cases.get, case_id)
    assert case is not None
    return case.owner


def test_until_confirmed_a_case_stays_where_it_was(desk: tuple[Store, list[int]]) -> None:
    """Offered, it is still Li's; confirmed in Sam's words, it is Sam's, and both are on record."""
    store, [first, *_] = desk
    assert why(offer(store, [first])[first]) == ""
    assert owner(store, first) == "li"
    assert [i.case_id for i in store.read(handovers.waiting_for, "sam")] == [first]
    assert why(confirm(store, [first])[first]) == ""
    assert owner(store, first) == "sam"
    assert store.read(handovers.waiting_for, "sam") == []
    events = [(f.event, f.by, f.words) for f in store.read(cases.history_of, first)][-3:]
    assert events == [
        (CaseEvent.HANDOVER_OFFERED, "li", "小心轻放"),
        (CaseEvent.HANDED_OVER, "sam", SAID),
        (CaseEvent.ASSIGNED, "sam", ""),
    ]


@pytest.mark.parametrize("said", ["", "  ", "ok", "好的 知道", "小心 轻放"])
def test_a_nod_is_no_restatement(desk: tuple[Store, list[int]], said: str) -> None:
    """Nothing, a word, or the note copied back: the case stays with the outgoing person."""
    store, [first, *_] = desk
    offer(store, [first])
    assert why(confirm(store, [first], said=said)[first]) == "refused.handover_restate"
    assert owner(store, first) == "li"


def test_a_running_promise_needs_a_sentence_of_its_own(desk: tuple[Store, list[int]]) -> None:
    """One sentence may do for the cases that nobody waits for; a case with a waiting customer is said by itself."""
    store, [first, second, *_] = desk
    act(store, second, CaseEvent.CUSTOMER_TOLD, "li", told="outcome")
    offer(store, [first, second])
    outcomes = confirm(store, [first, second], said="", common="都已答复客户，等回访。")
    assert [why(outcomes[i]) for i in (first, second)] == ["refused.handover_restate", ""]
    assert (owner(store, first), owner(store, second)) == ("li", "sam")


@pytest.mark.parametrize("by", ["chen", "li", "boss", "eve", "nobody"])
def test_only_whom_it_was_offered_to_confirms(desk: tuple[Store, list[int]], by: str) -> None:
    """Not the outgoing person, not a lead, not a stranger; the refusal names who can."""
    store, [first, *_] = desk
    offer(store, [first])
    outcome = confirm(store, [first], by=by)[first]
    assert isinstance(outcome, Refused)
    assert outcome.why == Words("refused.handover_for", {"by": "sam"})
    assert owner(store, first) == "li"


def test_confirming_twice_is_once(desk: tuple[Store, list[int]]) -> None:
    """The second click finds it done: one restatement, one assignment."""
    store, [first, *_] = desk
    offer(store, [first])
    assert [why(confirm(store, [first])[first]) for _ in range(3)] == ["", *["refused.handover_over"] * 2]
    events = [f.event for f in store.read(cases.history_of, first)]
    assert events.count(CaseEvent.HANDED_OVER) == events.count(CaseEvent.ASSIGNED) == 1


def test_what_cannot_be_offered_says_why(desk: tuple[Store, list[int]]) -> None:
    """Nobody's case, a colleague's, one that is offered already, one to oneself, to a viewer, a closed one."""
    store, [first, second, third, free, *_] = desk
    act(store, third, CaseEvent.RESOLVED, "li")
    offer(store, [first])
    assert why(offer(store, [first], handover_id="h2")[first]) == "refused.handover_waits"
    assert why(offer(store, [free])[free]) == "refused.handover_unowned"
    assert why(offer(store, [second], by="chen")[second]) == "refused.handover_not_yours"
    assert why(offer(store, [second], to="li")[second]) == "refused.handover_has_it"
    assert why(offer(store, [second], to="eve")[second]) == "refused.no_such_person"
    assert why(offer(store, [third])[third]) == "refused.closed"
    assert why(offer(store, [999])[999]) == "refused.no_such_case"
    assert why(offer(store, [second], by="boss")[second]) == ""
    assert owner(store, second) == "li"


def test_declining_needs_a_reason_and_leaves_the_case(desk: tuple[Store, list[int]]) -> None:
    """It is still Li's, can be offered to somebody else, and the reason is on record."""
    store, [first, *_] = desk
    offer(store, [first])

    def decline(reason: str) -> str:
        return why(store.write(handover.decline, "h1", [first], by="sam", reason=reason, now=at(9))[first])

    assert decline("  ") == "refused.handover_reason"
    assert decline("今天休息") == ""
    assert owner(store, first) == "li"
    assert why(offer(store, [first], to="chen", handover_id="h2")[first]) == ""


def test_unconfirmed_past_its_time_it_is_late(desk: tuple[Store, list[int]]) -> None:
    """Seen by the leads and in the morning list, until somebody answers or the case is closed."""
    store, [first, second, *_] = desk
    offer(store, [first, second])
    assert store.read(handovers.late, now=at(9.9)) == []
    assert [i.case_id for i in store.read(handovers.late, now=at(10))] == [first, second]
    act(store, first, CaseEvent.RESOLVED, "li", 11)
    store.write(handover.withdraw, "h1", [second], by="li", now=at(11))
    assert store.read(handovers.late, now=at(12)) == []


def test_an_offer_ends_where_the_case_went_on(desk: tuple[Store, list[int]]) -> None:
    """A lead assigned it meanwhile: Sam can't take it from its new owner, who may offer it anew."""
    store, [first, *_] = desk
    offer(store, [first])
    act(store, first, CaseEvent.ASSIGNED, "boss", to="chen")
    assert why(confirm(store, [first])[first]) == "refused.handover_over"
    assert owner(store, first) == "chen"
    assert why(offer(store, [first], by="chen", to="sam", handover_id="h2")[first]) == ""


def test_the_summary_tells_the_case(desk: tuple[Store, list[int]]) -> None:
    """What happened, what was promised to whom and when, what is due, what is waited for: all from the facts."""
    store, [first, *_] = desk
    act(store, first, CaseEvent.CARRIER_CONTACTED, "li", 8, words="站点在查", means="phone")
    act(
        store, first, CaseEvent.CUSTOMER_TOLD, "li", 9, words="明天给答复", told="next_step", next_at=at(33).isoformat()
    )
    act(store, first, CaseEvent.COMMENTED, "sam", 10, words="客户很急")
    case = store.read(cases.get, first)
    assert case is not None
    told = summary(case, store.read(cases.history_of, first), "ZT0", {"li": "李梅"}, now=at(12))
    codes = [w.code for w in told]
    for code in ("what", "promised", "told", "due", "waits_carrier", "comment"):
        assert f"summary.{code}" in codes, code
    by_code = {w.code: w.params for w in told}
    assert by_code["summary.told"]["by"] == "李梅"
    assert by_code["summary.due"]["due_at"] == at(33).isoformat()
    late = summary(case, store.read(cases.history_of, first), "ZT0", {}, now=at(40))
    assert "summary.overdue" in [w.code for w in late]
    act(store, first, CaseEvent.CARRIER_ANSWERED, "li", 11)
    after = summary(case, store.read(cases.history_of, first), "ZT0", {}, now=at(12))
    assert "summary.waits_carrier" not in [w.code for w in after]


# --- whatever happens ----------------------------------------------------------------------------------------------


class Cut(Exception):
    """The power goes in the middle of a change."""


def cut(db: Db, change: object, *args: object, **kwargs: object) -> None:
    change(db, *args, **kwargs)  # type: ignore[operator]
    raise Cut


MAY_CHANGE_OWNER = frozenset({CaseEvent.ASSIGNED, CaseEvent.ACKNOWLEDGED})


def one_deed(store: Store, rng: Random, ids: list[int], step: int) -> None:
    """Something that somebody does, sometimes twice, sometimes cut off before it is committed."""
    who, other = rng.choice(TEAM), rng.choice(TEAM)
    some = rng.sample(ids, rng.randint(1, 3))
    known = store.read(handovers.stored)
    which = rng.choice(known).handover if known else "none"
    now = at(8 + step / 10)
    deed = rng.randrange(8)
    if deed <= 1:
        wanted = (handover.offer, (some, Offer(f"h{step}", who, other, "note")), {"now": now})
    elif deed <= 3:
        said = {i: rng.choice([SAID, SAID, ""]) for i in [i.case_id for i in known if i.handover == which] or some}
        wanted = (handover.confirm, (which, said), {"by": who, "common": SAID, "now": now})
    elif deed == 4:
        wanted = (handover.decline, (which, some), {"by": who, "reason": "不在", "now": now})
    elif deed == 5:
        wanted = (handover.withdraw, (which, some), {"by": who, "now": now})
    elif deed == 6:
        fact = CaseFact(CaseEvent.ASSIGNED, now, who, "console", data={"to": other})
        wanted = (do, (some[0], fact), {"key": f"a{step}"})
    else:
        event = rng.choice([CaseEvent.ACKNOWLEDGED, CaseEvent.RESOLVED, CaseEvent.CUSTOMER_TOLD])
        wanted = (do, (some[0], CaseFact(event, now, who, "console", data={"told": "outcome"})), {"key": f"k{step}"})
    change, args, kwargs = wanted
    if rng.random() < 0.2:
        with pytest.raises(Cut):
            store.write(cut, change, *args, **kwargs)
    for _ in range(rng.choice([1, 1, 2])):
        store.write(change, *args, **kwargs)  # type: ignore[arg-type]


def check_nothing_is_lost(store: Store, ids: list[int], before: dict[int, str | None], seen: dict[int, int]) -> None:
    mine = {p: {line.case.id for line in store.read(queues.page, Wanted(Queue.MINE, p), now=at(9)).lines} for p in TEAM}
    unowned = {line.case.id for line in store.read(queues.page, Wanted(Queue.UNOWNED), now=at(9)).lines}
    late = {i.case_id for i in store.read(handovers.late, now=at(10_000))}
    marked = [item for item in store.read(handovers.stored) if item.state == "waiting"]
    assert len({item.case_id for item in marked}) == len(marked)
    for case_id in ids:
        case = store.read(cases.get, case_id)
        assert case is not None
        places = [p for p in TEAM if case_id in mine[p]] + (["nobody"] if case_id in unowned else [])
        assert places == ([case.owner or "nobody"] if case.is_open else [])
        history = store.read(cases.history_of, case_id)
        new = {f.event for f in history[seen[case_id] :]}
        assert case.owner == before[case_id] or new & MAY_CHANGE_OWNER
        before[case_id], seen[case_id] = case.owner, len(history)
    for item in marked:
        case = store.read(cases.get, item.case_id)
        counts = case is not None and case.is_open and case.owner == item.from_person
        assert (item in store.read(handovers.waiting_for, item.to_person)) == counts
        assert (item in store.read(handovers.offered_by, item.from_person)) == counts
        assert (item.case_id in late) == counts


@pytest.mark.parametrize("seed", range(8))
def test_over_any_course_of_handovers_nothing_is_lost(desk: tuple[Store, list[int]], seed: int) -> None:
    """Every open case has one owner or nobody, stands in that queue, and changes hands only by a confirmation or an assignment;
    every offer that counts is seen by both sides, and by the leads once it is late.
    """
    store, ids = desk
    rng = Random(seed)
    before: dict[int, str | None] = {case_id: owner(store, case_id) for case_id in ids}
    seen = {case_id: len(store.read(cases.history_of, case_id)) for case_id in ids}
    for step in range(60):
        one_deed(store, rng, ids, step)
        check_nothing_is_lost(store, ids, before, seen)
