"""What is said in a chat, whichever it is, and to whom: values that each adapter renders."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.case import CaseEvent, CaseStatus, Kind, Severity, Subject
from domain.incident import CauseKind
from domain.words import Words


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that a person did to a case, as its message shows it."""

    event: CaseEvent
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Alert:
    """A message about a case, as a value; ``reason`` names why it is said now. No personal text in it but the names of
    the desk's own people: ``owner`` and ``acknowledged_by`` are their ids, ``owner_name``, ``deeds`` and ``called`` (who is asked
    to take it now) have their names.
    """

    case_id: int
    kind: Kind
    subject: Subject
    number: str
    severity: Severity
    status: CaseStatus
    reason: str
    opened_at: datetime
    promise_by: datetime | None
    evidence: tuple[Words, ...]
    next_step: Words | None
    owner: str | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    owner_name: str = ""
    deeds: tuple[Deed, ...] = ()
    called: tuple[str, ...] = ()
    incident_id: int | None = None


@dataclass(frozen=True, slots=True)
class IncidentAlert:
    """The one message about an incident, with its counters; what is done to it is done to all of its members. ``over``: why it
    ended, None while it goes on; ``numbers``: some members' tracking numbers.
    """

    incident_id: int
    kind: CauseKind
    cause: Words
    severity: Severity
    reason: str
    opened_at: datetime
    found: int
    expected: float
    members: int
    waiting: int
    taken: int
    done: int
    warned: int
    breached: int
    promise_by: datetime | None
    numbers: tuple[str, ...]
    over: Words | None
    owner: str | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    owner_name: str = ""
    deeds: tuple[Deed, ...] = ()


@dataclass(frozen=True, slots=True)
class RouteMessage:
    """A courier's route of the day, or what became different of it (``changes``). ``over``: it isn't theirs any more, or done.
    No customer is in it: who and where stands behind the link.
    """

    route_id: str
    url: str
    day: str
    stops: int
    changes: tuple[Words, ...] = ()
    over: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A short text to the channel or to one person: what a question brought, why an act was refused, how to link. ``choices``:
    what can be answered to it, and how that is called; a chat with buttons has one for each.
    """

    lines: tuple[Words, ...]
    choices: tuple[tuple[str, Words], ...] = ()


Message = Alert | IncidentAlert | RouteMessage | Answer


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: the language and time zone of a channel, and where the console is."""

    lang: str
    zone: ZoneInfo
    url: str = ""
