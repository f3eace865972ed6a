"""What people do to cases: one effect per delivery, an audit entry for each, the loser of a race told who won."""

from dataclasses import dataclass, replace
from datetime import datetime

from chat.acts import ActKind, ChatAct
from config.policies import DetectionPolicy
from domain.case import FALSE_ALARM_WORDS, CaseEvent, CaseFact, Told, Verdict, next_date, promise_by
from domain.people import Right, may
from domain.words import Words
from monitor import alerts
from store import cases, mail, people
from store.base import Db
from store.cases import CaseRow
from store.tables import iso_of

EVENT = {
    ActKind.ACKNOWLEDGE: CaseEvent.ACKNOWLEDGED,
    ActKind.ASSIGN: CaseEvent.ASSIGNED,
    ActKind.COMMENT: CaseEvent.COMMENTED,
    ActKind.SNOOZE: CaseEvent.SNOOZED,
    ActKind.RESOLVE: CaseEvent.RESOLVED,
}


@dataclass(frozen=True, slots=True)
class Done:
    """``fresh`` False: this delivery was taken before, and nothing more was done."""

    case: CaseRow
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing changed, and why. ``case`` as it stands, so that the message can be redrawn."""

    why: Words
    case: CaseRow | None = None


def perform(db: Db, act: ChatAct, *, now: datetime) -> Done | Refused:
    """Do what a person asked, in one transaction with its audit entry and the edited message."""
    fact = CaseFact(EVENT[act.kind], now, act.actor, act.adapter, act.words, data_of(act))
    return do(db, act.case_id, fact, account=act.account, key=act.key)


def do(db: Db, case_id: int, fact: CaseFact, *, key: str, account: str = "main") -> Done | Refused:
    """Add what a person (``fact.by``) did to a case, once for each ``key`` of its channel, and bring its message up to it.
    What was put off is said again at its time.
    """
    case = cases.get(db, case_id)
    refusal = _refusal(db, case_id, fact, case)
    if refusal:
        return Refused(refusal, case)
    assert case is not None
    if not mail.receive(db, fact.channel, account, key, at=fact.at):
        return Done(case, fresh=False)
    case = cases.add(db, case.id, fact)
    alerts.say(db, case, fact.event.value, now=fact.at)
    if until := fact.data.get("until"):
        alerts.remind(db, case, until=datetime.fromisoformat(until), now=fact.at)
    return Done(case)


def data_of(act: ChatAct) -> dict[str, str]:
    """What an act carries besides its words."""
    more = {"to": act.to, "until": act.until.isoformat() if act.until else None}
    if act.kind is ActKind.RESOLVE:
        more["verdict"] = Verdict.FALSE_ALARM if act.words == FALSE_ALARM_WORDS else Verdict.SOLVED
    return {name: value for name, value in more.items() if value}


def reopening(case: CaseRow, policy: DetectionPolicy, fact: CaseFact) -> CaseFact:
    """A person's REOPENED with the new promise that it gives; a case that promised nothing promises nothing now."""
    promised = promise_by(fact.at, policy.promise) if case.promise_by else None
    return replace(fact, data={**fact.data, "promise_by": iso_of(promised)})


ANY_TIME = frozenset(
    {
        CaseEvent.COMMENTED,
        CaseEvent.CUSTOMER_TOLD,
        CaseEvent.CUSTOMER_SAID,
        CaseEvent.CARRIER_ANSWERED,
        CaseEvent.FOLLOWED_UP,
        CaseEvent.PROOF_ADDED,
    }
)
"""What may be put on record after a case is closed, too."""


def refusal_of(db: Db, case_id: int, fact: CaseFact) -> Words | None:
    """Why a deed would be refused as things stand; None where it would be done."""
    return _refusal(db, case_id, fact, cases.get(db, case_id))


def _refusal(db: Db, case_id: int, fact: CaseFact, case: CaseRow | None) -> Words | None:
    if case is None:
        return Words("refused.no_such_case", {"case": case_id})
    person = people.find_person(db, fact.by or "")
    if person is None or not person.active or not may(person.role, Right.ACT):
        return Words("refused.role", {})
    if fact.event is CaseEvent.REOPENED:
        return _not_to_be_reopened(db, case)
    if fact.data.get("told") == Told.NEXT_STEP and next_date(fact) is None:
        return Words("refused.no_date", {})
    if fact.event in ANY_TIME:
        return None
    if not case.is_open:
        return Words("refused.closed", {"by": case.owner or ""})
    if fact.event is CaseEvent.ACKNOWLEDGED and case.acknowledged_by:
        taken_at = case.acknowledged_at.isoformat() if case.acknowledged_at else ""
        return Words("refused.taken", {"by": case.acknowledged_by, "taken_at": taken_at})
    to = str(fact.data.get("to") or "")
    given_back = fact.data.get("undo") is True and not to
    if fact.event is CaseEvent.ASSIGNED and not given_back and people.find_person(db, to) is None:
        return Words("refused.no_such_person", {"to": to})
    return None


def _not_to_be_reopened(db: Db, case: CaseRow) -> Words | None:
    """One open case for a subject and kind: where another one was opened meanwhile, that is the one to work on."""
    if case.is_open:
        return Words("refused.is_open", {})
    other = next((c.id for c in cases.open_for(db, case.subject) if c.kind is case.kind), None)
    return Words("refused.open_elsewhere", {"case": other}) if other else None
