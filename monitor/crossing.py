"""What a detector says: from when a parcel is worth watching, from when it is worth a case, and on what evidence.

Saying the times instead of yes or no is what lets the daemon store ``alarm_at`` and look only at what is due. A tick makes them
by the thousand: they are named tuples, which are made in a quarter of a data class's time.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.case import Finding, Kind, Severity, Subject
from domain.words import Words

Says = Callable[[], tuple[Words, ...]]
"""Evidence that is put into words when somebody is to read it: nearly all crossings lie ahead."""


class Crossing(NamedTuple):
    """``watch_at`` and ``alert_at``: when the finding begins to be watched, and to be a case; None: never. ``says``: on what
    evidence.

    ``silence`` True: it rests on hearing nothing, so it counts only up to the last time that we asked successfully.
    ``clock`` True: it is how long nothing was heard that counts, so that an outage of the source doesn't. ``learned``
    True: the risk model's word; ``probability``: of not being received by the deadline, as it sees it.
    """

    kind: Kind
    since: datetime
    alert_at: datetime | None
    says: Says
    watch_at: datetime | None = None
    severity: Severity = Severity.WARN
    silence: bool = False
    clock: bool = False
    learned: bool = False
    probability: float | None = None


def said(code: str, **params: object) -> Says:
    """Evidence in one sentence; times among its parameters are written out when it is said."""
    return lambda: (Words(code, {key: _written(value) for key, value in params.items()}),)


def _written(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


Outage = tuple[datetime, datetime]
"""From when until when a source answered nothing."""


def credited(crossing: Crossing, outages: Sequence[Outage]) -> Crossing:
    """A silence whose clock stood still while its source couldn't be heard: its times are that much later."""
    if not crossing.clock or not outages:
        return crossing
    watch_at, alert_at = (_later(at, crossing.since, outages) for at in (crossing.watch_at, crossing.alert_at))
    return crossing._replace(watch_at=watch_at, alert_at=alert_at)


def _later(at: datetime | None, since: datetime, outages: Sequence[Outage]) -> datetime | None:
    for began, ended in sorted(outages):
        if at is not None and began < at and ended > since:
            at += ended - max(began, since)
    return at


def finding(crossing: Crossing, subject: Subject, *, watch: bool) -> Finding:
    return Finding(
        kind=crossing.kind,
        subject=subject,
        since=crossing.since,
        evidence=crossing.says(),
        watch=watch,
        probability=crossing.probability,
        severity=Severity.WATCH if watch else crossing.severity,
        next_step=Words(f"next.{crossing.kind.value}", {}),
    )


class Judged(NamedTuple):
    """What stands at one moment. ``rules_at``, ``risk_at``: when to look again, by the rules' clocks and by the learned
    risk; ``ask_now``: a clock has run out since we last asked, so one more question comes before any alarm.
    """

    findings: tuple[Finding, ...]
    rules_at: datetime | None
    risk_at: datetime | None
    ask_now: bool

    @property
    def alarm_at(self) -> datetime | None:
        return min((at for at in (self.rules_at, self.risk_at) if at is not None), default=None)


def judge(crossings: tuple[Crossing, ...], subject: Subject, *, heard_until: datetime | None, now: datetime) -> Judged:
    """The findings that stand at ``now``, silence being known only until ``heard_until``."""
    findings: list[Finding] = []
    rules_at: datetime | None = None
    risk_at: datetime | None = None
    heard = min(heard_until, now) if heard_until else None
    unheard = False
    for crossing in crossings:
        known = heard if crossing.silence else now
        reached = False
        for at in (crossing.watch_at, crossing.alert_at):
            if at is None:
                continue
            if at > now and crossing.learned:
                risk_at = at if risk_at is None or at < risk_at else risk_at
            elif at > now:
                rules_at = at if rules_at is None or at < rules_at else rules_at
            elif known is None or at > known:
                unheard = True
            else:
                reached = True
        if reached and known is not None:
            findings.append(finding(crossing, subject, watch=not _is_case(crossing, known)))
    return Judged(tuple(findings), rules_at, risk_at, unheard)


def _is_case(crossing: Crossing, known: datetime) -> bool:
    return crossing.alert_at is not None and crossing.alert_at <= known
