"""Looking at shipments: detectors → judgement → decisions → cases, watch list, alerts, next alarm."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from config.policies import DetectionPolicy
from domain.case import CaseEvent, CaseFact, Finding, Severity, Subject, SubjectType, promise_by
from domain.shipment import ShipmentView
from monitor import alerts, foresight, incidents, reshipped
from monitor.capacity import Candidate, admitted, next_day, worth_cents
from monitor.causes import causes_of
from monitor.closely import seen_closely
from monitor.crossing import Outage, credited, judge
from monitor.deadlines import first_look
from monitor.decide import SILENCE, Clear, Decision, Open, Refresh, Unwatch, Watch, decide
from monitor.foresight import Foreseen
from monitor.incidents import WITHOUT_PROMISE, Opening, reopened
from monitor.weighing import weighed
from store import asking, cases, due, sources, tracking
from store.base import Db
from store.tables import from_seconds, to_seconds


def after_poll(
    db: Db,
    shipment_ids: Iterable[int],
    gained: Mapping[int, int],
    policy: DetectionPolicy,
    *,
    now: datetime,
    told: Mapping[int, ShipmentView] = MappingProxyType({}),
) -> None:
    """Look at what a poll changed, and at what waited for it. ``told``: the views, as they were before this answer was noted,
    of shipments that a source has just told of.
    """
    waiting = set(due.waiting_for_answer(db, sorted(shipment_ids), now=now))
    looked = sorted(waiting | set(gained))
    heard_at = from_seconds(to_seconds(now))
    known = {one: replace(told[one], no_data=None, polled_at=heard_at) for one in looked if one in told}
    look_at(db, looked, policy, now=now, known=known)


def look_at(
    db: Db,
    shipment_ids: Sequence[int],
    policy: DetectionPolicy,
    *,
    now: datetime,
    known: Mapping[int, ShipmentView] = MappingProxyType({}),
) -> int:
    """Bring cases, watch list and alarms of these shipments up to what is known; returns how many were looked at. ``known``:
    the views of some of them that needn't be read.
    """
    alarms: list[due.Alarm] = []
    candidates: list[Candidate] = []
    standing = cases.standings(db, SubjectType.SHIPMENT, [str(one) for one in shipment_ids])
    views = {**known, **tracking.views(db, [one for one in shipment_ids if one not in known])}
    views = seen_closely(db, views, visits=policy.looping_visits, now=now)
    outages = _outages(db, views, now=now)
    seen = foresight.sight(db, views, policy, now=now)
    seen_again = reshipped.look(db, views, now=now)
    for shipment_id, view in sorted(views.items()):
        subject = subject_of(view)
        counting = weighed(view, policy, seen)
        if shipment_id in outages:
            counting = tuple(credited(crossing, outages[shipment_id]) for crossing in counting)
        judged = judge(counting, subject, heard_until=view.polled_at, now=now)
        findings = [_with_chance(found, seen.of.get(shipment_id)) for found in judged.findings]
        for decision in decide(findings, standing.get(subject.id, cases.NOTHING)):
            if isinstance(decision, Clear) and decision.case.id in seen_again.kept_open:
                continue  # its goods are on their way a second time: a person ends it
            reship = seen_again.again.get(shipment_id)
            if isinstance(decision, Open) and reship is not None:
                reshipped.trouble(db, reship, decision.finding, view.shipment.number, policy, now=now)
            elif isinstance(decision, Open):
                one = opening(decision.finding, view, policy, now=now)
                candidates.append(Candidate(one, shipment_id, seen.of.get(shipment_id)))
            elif isinstance(decision, Watch):
                _watch(db, decision.finding, seen.of.get(shipment_id), policy, now=now)
            else:
                carry_out(db, decision, subject, policy, now=now, order_ref=view.shipment.order_ref)
        if judged.ask_now:
            asking.ask_soon(db, shipment_id, at=now)
            alarms.append(due.Alarm(shipment_id, None))
        else:
            alarms.append(due.Alarm(shipment_id, judged.rules_at, judged.risk_at))
    openings, held = admitted(db, candidates, policy, now=now)
    incidents.take(db, openings, policy, now=now)
    due.set_alarms(db, _held_back(db, alarms, held, policy, now=now))
    return len(alarms)


def _with_chance(found: Finding, seen: Foreseen | None) -> Finding:
    """What is only watched since nothing moves has the model's chance, where there is one: so it is ranked among the others."""
    if seen is None or found.probability is not None or not found.watch or found.kind not in SILENCE:
        return found
    return replace(found, probability=seen.probability)


def _watch(db: Db, found: Finding, seen: Foreseen | None, policy: DetectionPolicy, *, now: datetime) -> None:
    cases.watch(db, found, now=now, worth_cents=worth_cents(found.probability, seen, policy))


def _held_back(
    db: Db, alarms: Sequence[due.Alarm], held: Sequence[Candidate], policy: DetectionPolicy, *, now: datetime
) -> list[due.Alarm]:
    """What the desk has no room for today stays on the watch list, and is weighed again tomorrow."""
    for one in held:
        found = replace(one.opening.finding, watch=True, severity=Severity.WATCH)
        _watch(db, found, one.foreseen, policy, now=now)
    waiting = {one.shipment_id for one in held}
    at = next_day(now)
    return [one._replace(risk_at=min(one.risk_at or at, at)) if one.shipment_id in waiting else one for one in alarms]


REMEMBERED = timedelta(days=60)
"""For how long an outage counts: no clock of silence runs longer."""


def _outages(db: Db, views: Mapping[int, ShipmentView], *, now: datetime) -> dict[int, list[Outage]]:
    """For each shipment when its source couldn't be heard; nothing where another source can tell of it."""
    known = sources.outages(db, since=now - REMEMBERED) if views else {}
    if not known:
        return {}
    told = asking.sources_of(db, list(views))
    only = {shipment_id: of[0] for shipment_id, of in told.items() if len(of) == 1}
    return {shipment_id: known.get((one.source, one.account), []) for shipment_id, one in only.items()}


def opening(found: Finding, view: ShipmentView, policy: DetectionPolicy, *, now: datetime) -> Opening:
    """A finding that becomes a case, with what it could have in common with others."""
    zone = policy.region(view.shipment.region).calendar.zone
    return Opening(found, view.shipment.order_ref, causes_of(found, view, zone, now=now))


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
    """Open a case, with its promise and its first alert; one that cleared a moment ago is taken up again, quietly.
    ``handling`` is how long its promise runs, None as the policy says; ``more`` goes into its first fact.
    """
    back = None if by else reopened(db, found, policy, now=now)
    if back is not None:
        return back
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
