"""One deed done to many cases: what it would do is told first, each case gets its own fact, who can't says why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.case import CaseEvent, CaseFact
from domain.words import Words
from monitor import incident_acts
from monitor.acts import Done, Refused, do, refusal_of
from store import cases, incidents
from store.base import Db

CHANNEL = "console"
MOST = 500
"""Cases of one approval."""

DEEDS = (
    CaseEvent.ACKNOWLEDGED,
    CaseEvent.ASSIGNED,
    CaseEvent.COMMENTED,
    CaseEvent.SNOOZED,
    CaseEvent.CARRIER_CONTACTED,
    CaseEvent.CUSTOMER_TOLD,
)
"""What can be done to many at once: what makes good or resolves is looked at one by one."""
ON_INCIDENT = (CaseEvent.SNOOZED, CaseEvent.CARRIER_CONTACTED, CaseEvent.CUSTOMER_TOLD)
"""... and what is approved in the same way for a whole incident; the rest its own page does at once."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What is to be done to each case. ``key`` is the approval's own: pressed twice, it is done once."""

    event: CaseEvent
    by: str
    key: str
    words: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    def fact(self, now: datetime) -> CaseFact:
        return CaseFact(self.event, now, self.by, CHANNEL, self.words, dict(self.data))


@dataclass(frozen=True, slots=True)
class Result:
    """``done`` in their order, ``refused`` with why; ``owners`` are those of before, for taking an assignment back."""

    done: tuple[int, ...]
    refused: tuple[tuple[int, Words], ...]
    owners: Mapping[int, str | None]


def foreseen(db: Db, case_ids: Sequence[int], deed: Deed, *, now: datetime) -> Result:
    """What would become of it now; nothing is done."""
    found = {case_id: refusal_of(db, case_id, deed.fact(now)) for case_id in case_ids[:MOST]}
    return Result(
        tuple(case_id for case_id, why in found.items() if why is None),
        tuple((case_id, why) for case_id, why in found.items() if why is not None),
        {},
    )


def do_all(db: Db, case_ids: Sequence[int], deed: Deed, *, now: datetime) -> Result:
    """Do it, in one transaction; a case that refuses stops no other."""
    before = {case_id: case.owner for case_id in case_ids[:MOST] if (case := cases.get(db, case_id))}
    done, refused = [], []
    for case_id in case_ids[:MOST]:
        outcome = do(db, case_id, deed.fact(now), key=f"bulk/{deed.key}/{case_id}")
        if isinstance(outcome, Refused):
            refused.append((case_id, outcome.why))
        else:
            done.append(case_id)
    return Result(tuple(done), tuple(refused), before)


def foreseen_of_members(db: Db, incident_id: int, deed: Deed, *, now: datetime) -> tuple[int, Words | None]:
    """How many open members it would be written to, and why it can't be done."""
    why = incident_acts.refusal_of(db, incident_id, deed.fact(now))
    return (0, why) if why else (incidents.tally(db, incident_id).open, None)


def do_members(db: Db, incident_id: int, deed: Deed, *, now: datetime) -> Words | None:
    """Do it to every open member, some at a time after this transaction; returns why it was refused."""
    outcome = incident_acts.do(db, incident_id, deed.fact(now), key=f"bulk/{deed.key}/incident/{incident_id}")
    return outcome.why if isinstance(outcome, Refused) else None


def give_back(
    db: Db, owners: Mapping[int, str | None], *, assigned_to: str, by: str, key: str, now: datetime
) -> Result:
    """Take an assignment back: each case goes to who had it before, or to nobody. One that has gone on since stays."""
    done, refused = [], []
    for case_id, owner in list(owners.items())[:MOST]:
        case = cases.get(db, case_id)
        if case is None or case.owner != assigned_to:
            refused.append((case_id, Words("refused.went_on", {})))
            continue
        fact = CaseFact(CaseEvent.ASSIGNED, now, by, CHANNEL, data={"to": owner, "undo": True})
        outcome = do(db, case_id, fact, key=f"bulk/{key}/undo/{case_id}")
        if isinstance(outcome, Done):
            done.append(case_id)
        else:
            refused.append((case_id, outcome.why))
    return Result(tuple(done), tuple(refused), {})
