"""Handing cases over: offered with a note, restated by whoever takes them, confirmed. Until then nothing changes hands.

A confirmation is one transaction: the restatement goes on record and the case is assigned. So every open case always has the
owner that it had, or the new one; an offer that nobody confirms stays where everybody sees it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.case import CaseEvent, CaseFact
from domain.people import Right, may
from domain.words import Words
from monitor.acts import Done, Refused, do
from store import cases, handovers, people
from store.base import Db
from store.cases import CaseRow
from store.handovers import Item
from store.tables import iso_of

CHANNEL = "console"
DUE = timedelta(hours=2)
"""A handover that isn't confirmed within this is shown to the leads, and to everybody in the morning list."""
SENTENCE = 6
"""Characters that a restatement needs: less says nothing in any language."""
MOST = 100
"""Cases of one handover."""

Outcomes = dict[int, Done | Refused]


@dataclass(frozen=True, slots=True)
class Offer:
    """``by`` offers, ``to`` is to confirm; ``id`` is the handover's own, ``note`` what the outgoing person adds."""

    id: str
    by: str
    to: str
    note: str = ""


def offer(db: Db, case_ids: Sequence[int], wanted: Offer, *, now: datetime) -> Outcomes:
    """Offer cases to a colleague; each that can't be offered says why, the others are."""
    return {case_id: _offer(db, case_id, wanted, now) for case_id in case_ids[:MOST]}


def _offer(db: Db, case_id: int, wanted: Offer, now: datetime) -> Done | Refused:
    case = cases.get(db, case_id)
    refusal = _not_offered(db, case, wanted)
    if refusal or case is None:
        return Refused(refusal or Words("refused.no_such_case", {"case": case_id}), case)
    stale = handovers.marked(db, case_id)
    if stale is not None:  # the case has gone on since: that offer counts no more
        _end(
            db,
            case_id,
            CaseFact(CaseEvent.HANDOVER_WITHDRAWN, now, wanted.by, CHANNEL, data={"handover": stale.handover}),
        )
    data = {"handover": wanted.id, "from": case.owner, "to": wanted.to, "due_at": iso_of(now + DUE)}
    return _end(db, case_id, CaseFact(CaseEvent.HANDOVER_OFFERED, now, wanted.by, CHANNEL, wanted.note, data))


def _not_offered(db: Db, case: CaseRow | None, wanted: Offer) -> Words | None:
    if case is None:
        return None
    by, to = people.find_person(db, wanted.by), people.find_person(db, wanted.to)
    if not case.is_open:
        return Words("refused.closed", {"by": case.owner or ""})
    if to is None or not to.active or not may(to.role, Right.ACT):
        return Words("refused.no_such_person", {"to": wanted.to})
    if case.owner is None:
        return Words("refused.handover_unowned", {})
    if case.owner == wanted.to:
        return Words("refused.handover_has_it", {"by": wanted.to})
    if case.owner != wanted.by and not (by and may(by.role, Right.APPROVE)):
        return Words("refused.handover_not_yours", {"by": case.owner})
    waits = handovers.waiting_cases(db, [case.id]).get(case.id)
    return Words("refused.handover_waits", {"by": waits.to_person}) if waits else None


# --- what the other person says ------------------------------------------------------------------------------------


def confirm(
    db: Db, handover: str, restated: Mapping[int, str], *, by: str, common: str = "", now: datetime
) -> Outcomes:
    """Take cases over, each said again in one's own words; ``common`` is said of all whose promise no longer runs."""
    return {case_id: _confirm(db, handover, case_id, by, own, common, now) for case_id, own in restated.items()}


def _confirm(db: Db, handover: str, case_id: int, by: str, own: str, common: str, now: datetime) -> Done | Refused:
    case, refusal = _not_theirs(db, handover, case_id, by)
    if refusal or case is None:
        return Refused(refusal or Words("refused.no_such_case", {"case": case_id}), case)
    said = own.strip() or ("" if runs(case) else common.strip())
    if not is_restated(said, note_of(db, handover, case_id)):
        return Refused(Words("refused.handover_restate", {}), case)
    taken = _end(db, case_id, CaseFact(CaseEvent.HANDED_OVER, now, by, CHANNEL, said, {"handover": handover}))
    if isinstance(taken, Refused):
        return taken
    given = CaseFact(CaseEvent.ASSIGNED, now, by, CHANNEL, data={"to": by, "handover": handover})
    return do(db, case_id, given, key=f"handover/{handover}/{case_id}/assigned")


def runs(case: CaseRow) -> bool:
    """Whether somebody waits for what we promised: such a case is restated by itself."""
    return case.promise_by is not None and case.told_at is None


def is_restated(said: str, note: str) -> bool:
    """Said in a sentence, and not merely the note copied."""
    words = "".join(said.split())
    return len(words) >= SENTENCE and words != "".join(note.split())


def decline(db: Db, handover: str, case_ids: Sequence[int], *, by: str, reason: str, now: datetime) -> Outcomes:
    """Not taken, and why: the cases stay where they are."""
    found: Outcomes = {}
    for case_id in case_ids:
        case, refusal = _not_theirs(db, handover, case_id, by)
        if not reason.strip():
            refusal = Words("refused.handover_reason", {})
        fact = CaseFact(CaseEvent.HANDOVER_DECLINED, now, by, CHANNEL, reason.strip(), {"handover": handover})
        found[case_id] = Refused(refusal, case) if refusal else _end(db, case_id, fact)
    return found


def withdraw(db: Db, handover: str, case_ids: Sequence[int], *, by: str, now: datetime) -> Outcomes:
    """Taken back by whoever offered it, or by a lead."""
    return {case_id: _withdraw(db, handover, case_id, by, now) for case_id in case_ids}


def _withdraw(db: Db, handover: str, case_id: int, by: str, now: datetime) -> Done | Refused:
    item, case, person = _item(db, handover, case_id), cases.get(db, case_id), people.find_person(db, by)
    if item is None:
        return Refused(Words("refused.handover_over", {}), case)
    if item.from_person != by and not (person and may(person.role, Right.APPROVE)):
        return Refused(Words("refused.handover_not_yours", {"by": item.from_person}), case)
    return _end(db, case_id, CaseFact(CaseEvent.HANDOVER_WITHDRAWN, now, by, CHANNEL, data={"handover": handover}))


def _not_theirs(db: Db, handover: str, case_id: int, by: str) -> tuple[CaseRow | None, Words | None]:
    """The case, and why a person can't answer for it."""
    item, case = _item(db, handover, case_id), cases.get(db, case_id)
    if item is None:
        return case, Words("refused.handover_over", {})
    return case, None if item.to_person == by else Words("refused.handover_for", {"by": item.to_person})


def _item(db: Db, handover: str, case_id: int) -> Item | None:
    """The offer, while it waits and counts."""
    item = handovers.waiting_cases(db, [case_id]).get(case_id)
    return item if item and item.handover == handover else None


def _end(db: Db, case_id: int, fact: CaseFact) -> Done | Refused:
    """Put a step on record, once, and let the rows follow."""
    outcome = do(db, case_id, fact, key=f"handover/{fact.data['handover']}/{case_id}/{fact.event}")
    if isinstance(outcome, Done) and outcome.fresh:
        handovers.follow(db, case_id, fact)
    return outcome


def note_of(db: Db, handover: str, case_id: int) -> str:
    """What the outgoing person added."""
    offered = CaseEvent.HANDOVER_OFFERED
    history = cases.history_of(db, case_id)
    return next((f.words for f in history if f.event is offered and f.data.get("handover") == handover), "")
