"""What a person does to an incident is done to all of its members: one act, one entry on each case under that person's name.

The act itself is one transaction with the edit of the message; the members follow in bounded chunks, each once.
"""

from dataclasses import dataclass
from datetime import datetime

from chat.acts import ChatAct
from domain.case import CaseEvent, CaseFact
from domain.people import Right, may
from domain.words import Words
from monitor import incident_alerts
from monitor.acts import EVENT, Refused, data_of
from store import case_many, cases, incidents, mail, people
from store.base import Db
from store.cases import CaseRow
from store.incidents import IncidentRow

MEMBERS_A_CHUNK = 500
ON_MEMBERS = frozenset(CaseEvent) - {CaseEvent.SNOOZED}
"""What goes to the members; an incident that is put off only speaks later."""


@dataclass(frozen=True, slots=True)
class Done:
    """``fresh`` False: this delivery was taken before, and nothing more was done."""

    incident: IncidentRow
    fresh: bool = True


def perform(db: Db, act: ChatAct, *, now: datetime) -> Done | Refused:
    """Do what a person asked of an incident from a chat or the console."""
    assert act.incident_id is not None
    fact = CaseFact(EVENT[act.kind], now, act.actor, act.adapter, act.words, data_of(act))
    return do(db, act.incident_id, fact, account=act.account, key=act.key)


def do(db: Db, incident_id: int, fact: CaseFact, *, key: str, account: str = "main") -> Done | Refused:
    """Add what a person did to an incident, once for each ``key``, and begin to write it to the members."""
    incident = incidents.get(db, incident_id)
    if incident is not None and mail.received_before(db, fact.channel, account, key) is not None:
        return Done(incident, fresh=False)
    refusal = _refusal(db, incident_id, fact, incident)
    if refusal:
        return Refused(refusal)
    assert incident is not None
    mail.receive(db, fact.channel, account, key, at=fact.at)
    incident = incidents.add(db, incident_id, fact)
    if fact.event in ON_MEMBERS:
        incidents.begin_act(db, incident_id, fact)
        carry_on(db)
    incident_alerts.say(db, incident, fact.event.value, now=fact.at)
    if until := fact.data.get("until"):
        incident_alerts.remind(db, incident, until=datetime.fromisoformat(until), now=fact.at)
    return Done(incident)


def refusal_of(db: Db, incident_id: int, fact: CaseFact) -> Words | None:
    """Why a deed would be refused as things stand; None where it would be done."""
    return _refusal(db, incident_id, fact, incidents.get(db, incident_id))


def _refusal(db: Db, incident_id: int, fact: CaseFact, incident: IncidentRow | None) -> Words | None:
    if incident is None:
        return Words("refused.no_such_incident", {"incident": incident_id})
    person = people.find_person(db, fact.by or "")
    if person is None or not person.active or not may(person.role, Right.ACT):
        return Words("refused.role", {})
    if not incident.is_open:
        return Words("refused.incident_closed", {})
    if fact.event is CaseEvent.ACKNOWLEDGED and incident.acknowledged_by:
        taken_at = incident.acknowledged_at.isoformat() if incident.acknowledged_at else ""
        return Words("refused.taken", {"by": incident.acknowledged_by, "taken_at": taken_at})
    to = str(fact.data.get("to", ""))
    if fact.event is CaseEvent.ASSIGNED and people.find_person(db, to) is None:
        return Words("refused.no_such_person", {"to": to})
    return None


def carry_on(db: Db) -> int:
    """Write the oldest act that isn't on every member yet to the next chunk of them; returns how many it was written to."""
    act = incidents.next_act(db)
    if act is None:
        return 0
    ids = incidents.member_ids(db, act.incident_id, limit=MEMBERS_A_CHUNK, after=act.done)
    mine = [one for one in cases.rows(db, [i for i in ids if i <= act.upto]) if _is_for(act.fact, one)]
    case_many.add_all(db, [(case.id, act.fact) for case in mine])
    over = len(ids) < MEMBERS_A_CHUNK or ids[-1] >= act.upto
    incidents.move_act(db, act.id, None if over else ids[-1])
    incidents.touch(db, act.incident_id, now=act.fact.at)
    return len(mine)


def _is_for(fact: CaseFact, case: CaseRow) -> bool:
    """A closed case stays as it is, and who has taken one by themselves keeps it."""
    if not case.is_open:
        return False
    return fact.event is not CaseEvent.ACKNOWLEDGED or case.acknowledged_by is None
