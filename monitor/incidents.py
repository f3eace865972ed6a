"""Incidents: findings that share a cause beyond chance are one incident with one message; its members keep their promises.

A member has its own case row and its own promise, and no message, steps or reminders of its own. New findings of the cause join
quietly; a trouble that is a parcel's own (lost by the carrier's word, damaged, misdelivered, disputed …) is never a member of a
cause. What comes faster than anybody reads, and has nothing in common, is told together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.policies import DetectionPolicy
from domain.case import CaseEvent, CaseFact, Finding, Kind, Severity, promise_by
from domain.case_types import Party
from domain.incident import BREADTH, Cause, CauseKind
from monitor import alerts, incident_alerts
from monitor.causes import Group, Scene, explain, is_within
from monitor.deadlines import look_at, nobody
from monitor.incident_acts import carry_on
from store import case_many, cases, causes, incidents
from store.base import Db
from store.case_many import NewCase
from store.cases import CaseRow
from store.incidents import IncidentRow

LOOSE = 3_000
"""Fresh cases that are looked at together for a cause."""
BURST, BURST_SHARE = timedelta(hours=1), 1 / 6
"""An hour may bring a sixth of a window's usual findings: clocks run out together when the day begins and ends."""
AT_ONCE = timedelta(minutes=5)
TOGETHER_FOR = timedelta(hours=1)
"""How long what comes too fast joins the same message: after that it is new again."""
HELD_FOR = timedelta(seconds=5)
"""How long the message of a case that rests on silence is held back: others of its cause may be right behind it."""
MOVES_A_TICK = 1_000
COUNT_EVERY = timedelta(hours=1)
WINDOWS = 14
"""How many windows back the shop's own history is looked at."""
MOSTLY = 0.9
WITHOUT_PROMISE = frozenset({Kind.SOURCE_SILENT})
"""Incidents of a source: no customer waits for an answer about them."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A finding that is to become a case. ``causes``: what it could have in common with others, narrowest first; ``party``: who
    answers for it, where the finding says so.
    """

    finding: Finding
    order_ref: str | None
    causes: tuple[str, ...] = ()
    party: Party | None = None


def take(db: Db, openings: Sequence[Opening], policy: DetectionPolicy, *, now: datetime) -> None:
    """Open the cases of one look, see what they have in common, and say what is to be said."""
    new = [one for one in openings if reopened(db, one.finding, policy, now=now) is None]
    if not new:
        return
    standing = incidents.open_ones(db)
    ids = _open(db, new, standing, policy, now=now)
    if any(one.causes for one in new):
        _recognise(db, standing, policy, now=now)
    loose = [case for case in cases.rows(db, ids) if case.incident_id is None]
    silent = {case_id for case_id, one in zip(ids, new, strict=True) if one.causes}
    _alert(db, loose, silent, policy, now=now)


def _open(
    db: Db, new: Sequence[Opening], standing: Sequence[IncidentRow], policy: DetectionPolicy, *, now: datetime
) -> list[int]:
    by_cause = {
        one.cause.key: one.id for one in sorted(standing, key=lambda i: -BREADTH[i.cause.kind]) if one.into_id is None
    }
    made = [_case(one, by_cause, policy, now) for one in new]
    ids = case_many.open_cases(db, made, now=now)
    causes.keep_causes(db, [(case_id, one.causes) for case_id, one in zip(ids, new, strict=True)])
    for incident_id in sorted({one.incident_id for one in made if one.incident_id is not None}):
        incidents.touch(db, incident_id, now=now)
    return ids


def _case(one: Opening, by_cause: dict[str, int], policy: DetectionPolicy, now: datetime) -> NewCase:
    promised = None if one.finding.kind in WITHOUT_PROMISE else promise_by(now, policy.promise)
    joins = next((by_cause[cause] for cause in one.causes if cause in by_cause), None)
    opened = [CaseFact(CaseEvent.OPENED, now, data={"promise_by": promised.isoformat() if promised else None})]
    if joins is not None:
        opened.append(CaseFact(CaseEvent.MEMBER_JOINED, now, data={"incident": joins}))
    look = look_at(one.finding.kind, opened, policy, now=now, whom=nobody)
    step, due_at = (look.next.step.value, look.next.due_at) if look.next else ("", None)
    return NewCase(one.finding, promised, look.timer_at, one.order_ref, step, due_at, one.causes, joins, one.party)


# --- recognising ---------------------------------------------------------------------------------------------------


def _recognise(db: Db, standing: Sequence[IncidentRow], policy: DetectionPolicy, *, now: datetime) -> None:
    """See whether what no incident explains has a cause: first what came at once, then what gathered over the whole window."""
    rules = policy.incidents
    many = [one.id for one in standing if one.cause.kind is CauseKind.MANY]
    recent = [i.cause for i in standing if i.cause.kind is not CauseKind.MANY and now - i.opened_at <= rules.window]
    for span, share in ((BURST, BURST_SHARE), (rules.window, 1.0)):
        fresh = causes.loose(db, since=now - span, many=many, limit=LOOSE)
        if len(fresh) < rules.members:
            continue
        exposure = causes.exposure(db, {cause for shared in fresh.values() for cause in shared})
        groups = explain(fresh, recent, Scene(exposure, rules, share))
        gathered = causes.loose(db, since=now - rules.window, many=many, limit=LOOSE) if groups else {}
        for group in groups:
            earlier = {case_id for case_id, shared in gathered.items() if group.cause.key in shared}
            begin(db, group, sorted(earlier | set(group.cases)), policy, now=now)
        if groups:
            return


def begin(db: Db, group: Group, members: Sequence[int], policy: DetectionPolicy, *, now: datetime) -> None:
    """Open the incident of a group, or bring back the one that ended a moment ago; what is inside it becomes part of it.
    ``members``: the group's cases, and the earlier ones of its cause.
    """
    standing = {one.cause.key: one for one in incidents.open_ones(db)}
    lately = incidents.closed_lately(db, group.cause, since=now - policy.incidents.flap)
    known = standing.get(group.cause.key)
    if known is None and lately is not None:
        known = incidents.add(db, lately.id, CaseFact(CaseEvent.REOPENED, now))
    incident_id = known.id if known else incidents.open_incident(
        db, group.cause, found=len(group.cases), expected=group.expected, now=now
    )  # fmt: skip
    join(db, incident_id, members, now=now)
    for other in standing.values():
        if is_within(other.cause, group.cause) and now - other.opened_at <= policy.incidents.window:
            incidents.add(db, other.id, CaseFact(CaseEvent.MEMBER_JOINED, now, data={"incident": incident_id}))
            incidents.touch(db, other.id, now=now)
    if known is None:
        made = incidents.get(db, incident_id)
        assert made is not None
        incident_alerts.say(db, made, "opened", now=now)


def join(db: Db, incident_id: int, case_ids: Sequence[int], *, now: datetime) -> None:
    """Make cases members; what was said of one before says from now on that it is part of the incident."""
    case_many.add_all(
        db, [(c, CaseFact(CaseEvent.MEMBER_JOINED, now, data={"incident": incident_id})) for c in case_ids]
    )
    for case in cases.rows(db, incidents.with_messages(db, case_ids)):
        incidents.unsaid(db, case.id, now=now, why=alerts.WITH_ITS_INCIDENT)
        alerts.say(db, case, CaseEvent.MEMBER_JOINED.value, now=now)
    incidents.touch(db, incident_id, now=now)


# --- saying single cases -------------------------------------------------------------------------------------------


def _alert(db: Db, loose: Sequence[CaseRow], silent: Iterable[int], policy: DetectionPolicy, *, now: datetime) -> None:
    """Say each case by itself, the urgent ones first; what is more than anybody reads is told together."""
    said = incidents.first_messages(db, since=now - AT_ONCE) if loose else 0
    at_once, held = policy.incidents.alerts_at_once, set(silent)
    together = []
    for case in sorted(loose, key=lambda c: (c.severity != Severity.URGENT.value, c.id)):
        urgent = case.severity == Severity.URGENT.value
        if said < at_once * (2 if urgent else 1):
            alerts.say(db, case, "opened", now=now, due_at=now + HELD_FOR if case.id in held and not urgent else None)
            said += 1
        else:
            together.append(case.id)
    if together:
        _tell_together(db, together, now=now)


def _tell_together(db: Db, case_ids: Sequence[int], *, now: datetime) -> None:
    known = [
        one for one in incidents.open_ones(db)
        if one.cause.kind is CauseKind.MANY and now - one.opened_at < TOGETHER_FOR
    ]  # fmt: skip
    if known:
        join(db, known[-1].id, case_ids, now=now)
        return
    cause = Cause(CauseKind.MANY, place=f"{now:%Y-%m-%dT%H:%M:%S}")
    incident_id = incidents.open_incident(db, cause, found=len(case_ids), expected=0.0, now=now)
    join(db, incident_id, case_ids, now=now)
    made = incidents.get(db, incident_id)
    assert made is not None
    incident_alerts.say(db, made, "opened", now=now)


def reopened(db: Db, found: Finding, policy: DetectionPolicy, *, now: datetime) -> int | None:
    """Take up the case that cleared by itself a moment ago, quietly, where this finding brings it back; its id, else None."""
    case = cases.cleared_lately(db, found, since=now - policy.incidents.flap)
    if case is None:
        return None
    promised = case.promise_by if case.told_at is None else promise_by(now, policy.promise)
    promise = {"promise_by": promised.isoformat() if promised else None, "owner": case.owner}
    case = cases.add(db, case.id, CaseFact(CaseEvent.REOPENED, now, data={**cases.finding_data(found), **promise}))
    incident = incidents.get(db, case.incident_id) if case.incident_id is not None else None
    if incident is not None and not incident.is_open:
        case = cases.add(db, case.id, CaseFact(CaseEvent.MEMBER_LEFT, now))
    alerts.say(db, case, CaseEvent.REOPENED.value, now=now)
    return case.id


# --- looking after -------------------------------------------------------------------------------------------------


def look_after(db: Db, policy: DetectionPolicy, *, now: datetime) -> int:
    """Carry on what is done to all members, end what is over, bring one message up to its counters where its turn has come.
    Returns how much was done.
    """
    done = carry_on(db)
    for incident in incidents.open_ones(db):
        if incident.into_id is not None:
            done += _move(db, incident, now=now)
        else:
            done += _end_what_is_over(db, incident, policy, now=now)
    return done + _bring_up_to_date(db, policy, now=now)


def _end_what_is_over(db: Db, incident: IncidentRow, policy: DetectionPolicy, *, now: datetime) -> int:
    left = incidents.open_members(db, incident.id, limit=policy.incidents.members)
    if left == 0:
        _end(db, incident, _how_it_ended(db, incident.id), now=now)
        return 1
    if left < policy.incidents.members and _only_stragglers(incidents.tally(db, incident.id), policy, now):
        _let_go(db, incident, now=now)
        return 1
    return 0


def _bring_up_to_date(db: Db, policy: DetectionPolicy, *, now: datetime) -> int:
    for incident in incidents.changed(db):
        if not incident.is_open:
            incidents.said(db, incident.id)
            continue
        tally = incidents.tally(db, incident.id)
        loud = _loud(db, incident.id, tally)
        if loud or (incident.into_id is None and is_turn(db, policy, now=now)):
            incident_alerts.say(db, incident, loud or incident_alerts.COUNTERS, now=now, tally=tally)
            return 1
    return 0


def is_turn(db: Db, policy: DetectionPolicy, *, now: datetime) -> bool:
    """Whether a message may be edited for its counters alone: the pause after an edit doubles with each of a day."""
    rules = policy.incidents
    n, last = incidents.edits(db, since=now - timedelta(days=1), reason=incident_alerts.COUNTERS)
    pause = min(rules.edit_every * 2 ** min(n, 16), rules.edit_at_least)
    return now - (last or now - pause) >= pause and now - (_newest(db) or now - rules.edit_every) >= rules.edit_every


def _newest(db: Db) -> datetime | None:
    return max((one.opened_at for one in incidents.open_ones(db)), default=None)


def _loud(db: Db, incident_id: int, tally: incidents.Tally) -> str:
    """What must be heard, once for an incident: the first promises about to run out, the first that are broken."""
    if not tally.warned and not tally.breached:
        return ""
    said = incident_alerts.said_loudly(db, incident_id)
    due = [
        event.value
        for event, n in ((CaseEvent.BREACHED, tally.breached), (CaseEvent.WARNED, tally.warned))
        if n and event.value not in said and CaseEvent.BREACHED.value not in said
    ]
    return due[0] if due else ""


def _move(db: Db, incident: IncidentRow, *, now: datetime) -> int:
    """Take members over to the wider incident, a chunk at a time; the emptied one ends."""
    assert incident.into_id is not None
    ids = incidents.member_ids(db, incident.id, limit=MOVES_A_TICK)
    joined = CaseFact(CaseEvent.MEMBER_JOINED, now, data={"incident": incident.into_id})
    case_many.add_all(db, [(case_id, joined) for case_id in ids])
    incidents.touch(db, incident.into_id, now=now)
    if len(ids) < MOVES_A_TICK:
        _end(db, incident, "absorbed", now=now)
    return len(ids)


def _end(db: Db, incident: IncidentRow, why: str, *, now: datetime) -> None:
    closed = incidents.add(db, incident.id, CaseFact(CaseEvent.CLEARED, now, words=why))
    incident_alerts.say(db, closed, CaseEvent.CLEARED.value, now=now)


def _how_it_ended(db: Db, incident_id: int) -> str:
    """By itself, where most members moved again; else the desk worked them off."""
    cleared, members = incidents.cleared_members(db, incident_id)
    return "moved" if cleared * 2 > members else "worked_off"


def _only_stragglers(tally: incidents.Tally, policy: DetectionPolicy, now: datetime) -> bool:
    """Nearly all have moved, and nothing has joined for a while: what is left is no longer the cause's."""
    quiet = tally.joined_at is not None and now - tally.joined_at > policy.incidents.flap
    return quiet and 0 < tally.open < policy.incidents.members and tally.closed >= MOSTLY * tally.members


def _let_go(db: Db, incident: IncidentRow, *, now: datetime) -> None:
    """End an incident whose last members are cases of their own from now on, each with its message."""
    left = incidents.member_ids(db, incident.id, limit=MOVES_A_TICK, only_open=True)
    _end(db, incident, "stragglers", now=now)
    case_many.add_all(db, [(case_id, CaseFact(CaseEvent.MEMBER_LEFT, now)) for case_id in left])
    for case in cases.rows(db, left):
        alerts.say(db, case, CaseEvent.MEMBER_LEFT.value, now=now)
