"""Looking at shipments: detectors → judgement → decisions → cases, watch list, alerts, next alarm."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from config.policies import DetectionPolicy
from domain.case import CaseEvent, CaseFact, Finding, Kind, Subject, SubjectType, promise_by
from domain.shipment import ShipmentView
from monitor import alerts
from monitor.crossing import judge
from monitor.deadlines import first_look
from monitor.decide import Clear, Decision, Open, Refresh, Unwatch, Watch, decide
from monitor.detectors import crossings
from store import asking, cases, due, tracking
from store.base import Db


def after_poll(
    db: Db, shipment_ids: Iterable[int], gained: Mapping[int, int], policy: DetectionPolicy, *, now: datetime
) -> None:
    """Look at what a poll changed, and at what waited for it."""
    waiting = set(due.waiting_for_answer(db, sorted(shipment_ids), now=now))
    look_at(db, sorted(waiting | set(gained)), policy, now=now)


def look_at(db: Db, shipment_ids: Sequence[int], policy: DetectionPolicy, *, now: datetime) -> int:
    """Bring cases, watch list and alarms of these shipments up to what is known; returns how many were looked at."""
    alarms: list[tuple[int, datetime | None]] = []
    standing = cases.standings(db, SubjectType.SHIPMENT, [str(one) for one in shipment_ids])
    for shipment_id, view in tracking.views(db, shipment_ids).items():
        subject = subject_of(view)
        judged = judge(crossings(view, policy), subject, heard_until=view.polled_at, now=now)
        for decision in decide(judged.findings, standing.get(subject.id, cases.NOTHING)):
            carry_out(db, decision, subject, policy, now=now, order_ref=view.shipment.order_ref)
        if judged.ask_now:
            asking.ask_soon(db, shipment_id, at=now)
        alarms.append((shipment_id, None if judged.ask_now else judged.alarm_at))
    due.set_alarms(db, alarms)
    return len(alarms)


def subject_of(view: ShipmentView) -> Subject:
    return Subject(SubjectType.SHIPMENT, str(view.shipment.id))


def carry_out(
    db: Db, decision: Decision, subject: Subject, policy: DetectionPolicy, *, now: datetime, order_ref: str | None
) -> None:
    match decision:
        case Open(found):
            open_and_say(db, found, policy, now=now, order_ref=order_ref)
        case Refresh(case, found):
            data = {**cases.finding_data(found)}
            cases.add(db, case.id, CaseFact(CaseEvent.EVIDENCE_ADDED, now, words=found.kind.value, data=data))
        case Clear(case, reason):
            alerts.say(db, cases.add(db, case.id, CaseFact(CaseEvent.CLEARED, now, words=reason)), "cleared", now=now)
        case Watch(found):
            cases.watch(db, found, now=now)
        case Unwatch(kind):
            cases.unwatch(db, subject, kind)


WITHOUT_PROMISE = frozenset({Kind.SOURCE_SILENT})
"""Incidents: no customer waits for an answer about them."""


def open_and_say(
    db: Db,
    found: Finding,
    policy: DetectionPolicy,
    *,
    now: datetime,
    order_ref: str | None,
    by: str | None = None,
    channel: str = "",
    words: str = "",
    handling: timedelta | None = None,
    more: Mapping[str, Any] | None = None,
) -> int:
    """Open a case, with its promise and its first alert. ``handling`` is how long its promise runs, None as the policy says;
    ``more`` goes into its first fact.
    """
    promised = None if found.kind in WITHOUT_PROMISE else promise_by(now, handling or policy.promise)
    opened = CaseFact(CaseEvent.OPENED, now, data={"promise_by": promised.isoformat() if promised else None})
    look = first_look(found.kind, opened, policy)
    case_id = cases.open_case(
        db,
        found,
        now=now,
        promise_by=promised,
        timer_at=look.timer_at,
        step=look.next.step.value if look.next else "",
        step_due_at=look.next.due_at if look.next else None,
        order_ref=order_ref,
        by=by,
        channel=channel,
        words=words,
        more=more,
    )
    case = cases.get(db, case_id)
    assert case is not None
    alerts.say(db, case, "opened", now=now)
    return case_id
