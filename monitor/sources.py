"""A source that answers nothing is one incident, never thousands of stalled parcels."""

from datetime import datetime

from config.policies import DetectionPolicy
from domain.case import Finding, Kind, Severity, Subject, SubjectType
from domain.words import Words
from monitor import look
from monitor.decide import decide
from store import asking, cases, sources, subscriptions
from store.base import Db
from store.sources import SourceState


def check_sources(db: Db, policy: DetectionPolicy, *, now: datetime) -> None:
    """Open an incident for each credential that has failed for too long; close it when it answers again."""
    states = {f"{state.source}/{state.account}": state for state in sources.states(db)}
    standing = cases.standings(db, SubjectType.SOURCE, sorted(states))
    for name, state in states.items():
        stands, subject = standing.get(name, cases.NOTHING), Subject(SubjectType.SOURCE, name)
        if state.failing_since is None and not stands.open:
            continue
        credential = state.source, state.account
        waiting = asking.watched(db, *credential) + subscriptions.not_begun(db, *credential)
        findings = [silent(state, subject, waiting)] if is_silent(state, waiting, policy, now=now) else []
        for decision in decide(findings, stands):
            look.carry_out(db, decision, subject, policy, now=now, order_ref=None)


def is_silent(state: SourceState, waiting: int, policy: DetectionPolicy, *, now: datetime) -> bool:
    """It has failed for the policy's span, and somebody waits for it."""
    failing = state.failing_since is not None and now - state.failing_since >= policy.source_silent
    return failing and waiting > 0


def silent(state: SourceState, subject: Subject, waiting: int) -> Finding:
    since = state.failing_since
    assert since is not None
    params = {"source": state.source, "since_at": since.isoformat(), "parcels": waiting, "error": state.error}
    return Finding(
        kind=Kind.SOURCE_SILENT,
        subject=subject,
        since=since,
        evidence=(Words("evidence.source_silent", params),),
        severity=Severity.URGENT,
        next_step=Words("next.source_silent", {}),
    )
