"""What people do to cases: one effect per delivery, an audit entry for each, the loser of a race told who won."""

from dataclasses import dataclass
from datetime import datetime

from chat.base import ActKind, ChatAct
from domain.case import CaseEvent, CaseFact
from domain.words import Words
from monitor import alerts
from store import cases, mail, people
from store.base import Db
from store.cases import CaseRow

EVENT = {
    ActKind.ACKNOWLEDGE: CaseEvent.ACKNOWLEDGED,
    ActKind.ASSIGN: CaseEvent.ASSIGNED,
    ActKind.COMMENT: CaseEvent.COMMENTED,
    ActKind.SNOOZE: CaseEvent.SNOOZED,
    ActKind.RESOLVE: CaseEvent.RESOLVED,
}
ROLES_THAT_ACT = frozenset({"agent", "lead", "admin"})


@dataclass(frozen=True, slots=True)
class Done:
    case: CaseRow


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing changed, and why. ``case`` as it stands, so that the message can be redrawn."""

    why: Words
    case: CaseRow | None = None


def perform(db: Db, act: ChatAct, *, now: datetime) -> Done | Refused:
    """Do what a person asked, in one transaction with its audit entry and the edited message."""
    case = cases.get(db, act.case_id)
    refusal = _refusal(db, act, case)
    if refusal:
        return Refused(refusal, case)
    assert case is not None
    if not mail.receive(db, act.adapter, act.account, act.key, at=now):
        return Done(case)
    fact = CaseFact(EVENT[act.kind], now, act.actor, act.adapter, act.words, _data(act))
    case = cases.add(db, case.id, fact)
    alerts.say(db, case, EVENT[act.kind].value, now=now)
    if act.until:
        alerts.remind(db, case, until=act.until, now=now)
    return Done(case)


def _data(act: ChatAct) -> dict[str, str]:
    """What an act carries besides its words."""
    more = {"to": act.to, "until": act.until.isoformat() if act.until else None}
    return {name: value for name, value in more.items() if value}


def _refusal(db: Db, act: ChatAct, case: CaseRow | None) -> Words | None:
    if case is None:
        return Words("refused.no_such_case", {"case": act.case_id})
    person = people.find_person(db, act.actor)
    if person is None or not person.active or person.role not in ROLES_THAT_ACT:
        return Words("refused.role", {})
    if act.kind is ActKind.COMMENT:
        return None
    if not case.is_open:
        return Words("refused.closed", {"by": case.owner or ""})
    if act.kind is ActKind.ACKNOWLEDGE and case.acknowledged_by:
        taken_at = case.acknowledged_at.isoformat() if case.acknowledged_at else ""
        return Words("refused.taken", {"by": case.acknowledged_by, "taken_at": taken_at})
    if act.kind is ActKind.ASSIGN and (not act.to or people.find_person(db, act.to) is None):
        return Words("refused.no_such_person", {"to": act.to or ""})
    return None
