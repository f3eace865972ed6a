"""A person says that a parcel was received, or is lost; and takes it back.

Received settles what rested on silence and ends the watch as a delivery would; lost opens a case. Taking it back restores what the
mark had cleared: the same cases, with the promises that they had.
"""

from collections.abc import Sequence
from datetime import datetime

from config.policies import DetectionPolicy
from domain.case import CaseEvent, CaseFact, Kind, Subject
from domain.people import Right, may
from domain.words import Words
from monitor import alerts, customer_says, look
from monitor.closely import seen_closely
from monitor.crossing import judge
from monitor.detectors import crossings
from store import asking, cases, marks, people, tracking
from store.base import Db
from store.cases import CaseRow
from store.marks import EVENT_OF, UNMARKED, Mark
from store.tables import iso_of


def mark(
    db: Db, shipment_id: int, what: Mark, policy: DetectionPolicy, *, by: str, words: str, channel: str, now: datetime
) -> Words | None:
    """Put a mark on a parcel and look at it again; returns why not, None where it was done (or stood already)."""
    refusal = _refusal(db, shipment_id, by, words)
    standing = marks.last(db, shipment_id)
    if refusal or (standing and standing.event == EVENT_OF[what]):
        return refusal
    marks.write(db, shipment_id, EVENT_OF[what], at=now, by=by, channel=channel, words=words)
    look.look_at(db, [shipment_id], policy, now=now)
    return None


def unmark(
    db: Db, shipment_id: int, policy: DetectionPolicy, *, by: str, words: str, channel: str, now: datetime
) -> Words | None:
    """Take a mark back; returns why not, None where it was done."""
    refusal = _refusal(db, shipment_id, by, words)
    standing = marks.last(db, shipment_id)
    if refusal or standing is None:
        return refusal or Words("refused.not_marked", {})
    marks.write(db, shipment_id, UNMARKED, at=now, by=by, channel=channel, words=words)
    customer_says.open_settled(db, shipment_id, policy, now=now, by=by, channel=channel)
    _restore(db, shipment_id, standing.at, policy, now=now)
    asking.ask_soon(db, shipment_id, at=now)
    look.look_at(db, [shipment_id], policy, now=now)
    return None


def _refusal(db: Db, shipment_id: int, by: str, words: str) -> Words | None:
    person = people.find_person(db, by)
    if person is None or not person.active or not may(person.role, Right.ACT):
        return Words("refused.role", {})
    if not tracking.views(db, [shipment_id]):
        return Words("refused.no_such_parcel", {})
    return None if words.strip() else Words("refused.mark_why", {})


def _restore(db: Db, shipment_id: int, since: datetime, policy: DetectionPolicy, *, now: datetime) -> None:
    """Reopen what cleared itself by the mark and stands again without it."""
    views = tracking.views(db, [shipment_id])
    [view] = seen_closely(db, views, visits=policy.looping_visits, now=now).values()
    subject = look.subject_of(view)
    judged = judge(crossings(view, policy), subject, heard_until=view.polled_at, now=now)
    again = {found.kind for found in judged.findings if not found.watch}
    for case in _cleared_since(db, subject, since):
        if case.kind in again:
            data = {"promise_by": iso_of(case.promise_by), "owner": case.owner}
            reopened = cases.add(db, case.id, CaseFact(CaseEvent.REOPENED, now, data=data))
            alerts.say(db, reopened, CaseEvent.REOPENED.value, now=now)


def _cleared_since(db: Db, subject: Subject, since: datetime) -> Sequence[CaseRow]:
    """Closed by themselves at or after a moment: the newest of each kind, and none whose kind is open."""
    busy = {case.kind for case in cases.open_for(db, subject)}
    found: dict[Kind, CaseRow] = {}
    for case in cases.about(db, subject):
        cleared = case.closed_at is not None and case.closed_at >= since and case.kind not in busy
        if cleared and cases.history_of(db, case.id)[-1].event is CaseEvent.CLEARED:
            found[case.kind] = case
    return list(found.values())
