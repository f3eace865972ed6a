"""A case in a few sentences, from its own facts: what happened, what was promised, what is due, what is waited for.

Nobody retells a case from memory: whoever takes it over reads this, then says it again in their own words.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.case import CaseEvent, CaseFact, Told
from domain.words import Words
from store.cases import CaseRow

SAID = 3
"""Comments that are repeated: the last ones say how things stand."""
MAX_WORDS = 300
DEEDS = (
    CaseEvent.ACKNOWLEDGED,
    CaseEvent.CARRIER_CONTACTED,
    CaseEvent.CARRIER_ANSWERED,
    CaseEvent.CUSTOMER_SAID,
    CaseEvent.MADE_GOOD,
)


def summary(
    case: CaseRow, history: Sequence[CaseFact], number: str, names: Mapping[str, str], *, now: datetime
) -> list[Words]:
    """The sentences, in the order in which one would tell them."""
    kind = {"kind": case.kind.value, "number": number, "since_at": case.since.isoformat()}
    return [
        Words("summary.what", kind),
        *case.evidence,
        *(_deed(fact, names) for fact in history if fact.event in DEEDS and fact.by),
        *_promised(case, history, names),
        *_due(case, history, now),
        *_waited_for(history),
        *_said(history, names),
    ]


def _deed(fact: CaseFact, names: Mapping[str, str]) -> Words:
    params = {"case_event": fact.event.value, "by": _name(fact, names), "done_at": fact.at.isoformat()}
    return Words("summary.deed", {**params, "text": fact.words[:MAX_WORDS]})


def _promised(case: CaseRow, history: Sequence[CaseFact], names: Mapping[str, str]) -> list[Words]:
    """What the customer was promised, and what a person has told them since."""
    found = []
    if case.promise_by:
        found.append(Words("summary.promised", {"promise_at": case.promise_by.isoformat()}))
    told = [f for f in history if f.event is CaseEvent.CUSTOMER_TOLD and f.by]
    for fact in told[-2:]:
        params = {"by": _name(fact, names), "told_at": fact.at.isoformat(), "text": fact.words[:MAX_WORDS]}
        found.append(Words("summary.told", {**params, "next_at": fact.data.get("next_at")}))
    return found if told else [*found, Words("summary.not_told", {})]


def _due(case: CaseRow, history: Sequence[CaseFact], now: datetime) -> list[Words]:
    """The next date that somebody counts on: the promise, while nobody was told, else the last one that a person named."""
    named = [f.data["next_at"] for f in history if f.event is CaseEvent.CUSTOMER_TOLD and f.data.get("next_at")]
    outcome = any(f.event is CaseEvent.CUSTOMER_TOLD and f.data.get("told") == Told.OUTCOME for f in history)
    if named:
        due: str | None = named[-1]
    else:
        due = None if outcome or case.told_at or case.promise_by is None else case.promise_by.isoformat()
    if due is None:
        return []
    over = datetime.fromisoformat(due) <= now
    return [Words("summary.overdue" if over else "summary.due", {"due_at": due})]


def _waited_for(history: Sequence[CaseFact]) -> list[Words]:
    asked = _last(history, CaseEvent.CARRIER_CONTACTED)
    answered = _last(history, CaseEvent.CARRIER_ANSWERED)
    waits = _last(history, CaseEvent.WAITING)
    snoozed = _last(history, CaseEvent.SNOOZED)
    found = []
    if asked >= 0 and asked > answered:
        fact = history[asked]
        found.append(Words("summary.waits_carrier", {"since_at": fact.at.isoformat(), "text": fact.words[:MAX_WORDS]}))
    if waits >= 0:
        fact = history[waits]
        found.append(Words("summary.waits", {"since_at": fact.at.isoformat(), "text": fact.words[:MAX_WORDS]}))
    if snoozed >= 0 and history[snoozed].data.get("until"):
        found.append(Words("summary.snoozed", {"until_at": history[snoozed].data["until"]}))
    return found


def _said(history: Sequence[CaseFact], names: Mapping[str, str]) -> list[Words]:
    comments = [f for f in history if f.event is CaseEvent.COMMENTED and f.words][-SAID:]
    return [
        Words("summary.comment", {"by": _name(f, names), "said_at": f.at.isoformat(), "text": f.words[:MAX_WORDS]})
        for f in comments
    ]


def _name(fact: CaseFact, names: Mapping[str, str]) -> str:
    return names.get(fact.by or "", fact.by or "")


def _last(history: Sequence[CaseFact], event: CaseEvent) -> int:
    """Where it happened last; -1 where it never did."""
    return max((i for i, fact in enumerate(history) if fact.event is event), default=-1)
