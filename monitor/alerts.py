"""Alerts: letters in the outbox, each with a named reason. One message per case and channel; later words edit it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from chat.messages import Alert, Deed, Reader
from chat.registry import CHATS
from domain.case import CaseEvent, CaseFact, Severity
from store import cases, chat_queue, incidents, mail, people, reads
from store.base import Db
from store.cases import CaseRow
from store.chat_queue import ChannelRow
from store.mail import Letter

CHANNEL = "console"
LOUD = frozenset(
    {CaseEvent.WARNED.value, CaseEvent.BREACHED.value, CaseEvent.ESCALATED.value, CaseEvent.TURNED_UP.value}
)
"""Reasons that must be heard: a chat shows an edited message to nobody who isn't looking, so that these are also said."""
SHOWN_DEEDS = frozenset(
    {
        CaseEvent.ACKNOWLEDGED,
        CaseEvent.ASSIGNED,
        CaseEvent.COMMENTED,
        CaseEvent.SNOOZED,
        CaseEvent.CARRIER_CONTACTED,
        CaseEvent.CARRIER_ANSWERED,
        CaseEvent.CUSTOMER_TOLD,
        CaseEvent.MADE_GOOD,
        CaseEvent.RESOLVED,
        CaseEvent.REOPENED,
    }
)
"""What people did, as the message shows it with name and time."""

WORTH_A_MESSAGE = frozenset(
    {*(event.value for event in SHOWN_DEEDS), CaseEvent.CLEARED.value, CaseEvent.CUSTOMER_SAID.value}
)
"""Reasons of edits that are said anew where a chat can't edit; what is loud is said besides, and the rest isn't worth a message."""

HOUSE = Reader("", ZoneInfo("UTC"))
URGENT, ANSWERED, NEW, CHANGED = range(4)
"""The order of a channel's queue: what is urgent; what somebody who acted waits for; new cases; the rest."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One thing to be said about a case. ``called``: the ids of the people whom it calls; ``loud_at``: when it may be heard,
    where it is loud: a page at night waits for the desk. ``due_at``: when it may go to chats at the earliest.
    """

    case: CaseRow
    reason: str
    called: tuple[str, ...] = ()
    loud_at: datetime | None = None
    due_at: datetime | None = None


def alert_of(db: Db, case: CaseRow, reason: str) -> Alert:
    return _alert(case, reason, reads.subject_number(db, case.subject))


def _alert(case: CaseRow, reason: str, number: str) -> Alert:
    return Alert(
        case_id=case.id,
        kind=case.kind,
        subject=case.subject,
        number=number,
        severity=Severity(case.severity),
        status=case.status,
        reason=reason,
        opened_at=case.opened_at,
        promise_by=case.promise_by,
        evidence=case.evidence,
        next_step=case.next_step,
        owner=case.owner,
        acknowledged_by=case.acknowledged_by,
        acknowledged_at=case.acknowledged_at,
        incident_id=case.incident_id,
    )


WITH_ITS_INCIDENT = "its incident tells it"
OF_A_MEMBER = frozenset({*(event.value for event in SHOWN_DEEDS), CaseEvent.MEMBER_JOINED.value})
"""What is said in a message that a member had before it was one; the rest is in the incident's counters."""


def say(db: Db, case: CaseRow, reason: str, *, now: datetime, due_at: datetime | None = None) -> None:
    """Write the alert of a case (its first message) or an edit of it, to be sent after the commit, to every channel."""
    say_all(db, [Occasion(case, reason, due_at=due_at)], now=now)


def say_all(db: Db, occasions: Sequence[Occasion], *, now: datetime) -> None:
    """``say`` for many cases at once, each one only once. Of a member its incident speaks; only a message that it had before is
    kept up to what people do.

    The id of a letter is made of the case and the count of letters so far: written once per occasion, whatever happens after.
    """
    for incident_id in sorted({one.case.incident_id for one in occasions if one.case.incident_id is not None}):
        incidents.touch(db, incident_id, now=now)
    occasions = [one for one in occasions if one.case.incident_id is None or one.reason in OF_A_MEMBER]
    if not occasions:
        return
    ids = [one.case.id for one in occasions]
    written = mail.counts_about(db, "case", [str(one) for one in ids])
    numbers = reads.subject_numbers(db, [one.case.subject for one in occasions])
    channels = chat_queue.channels(db)
    names = {person.id: person.name for person in people.people(db)} if channels else {}
    histories = cases.histories_of(db, ids) if channels else {}
    letters: list[Letter] = []
    for one in occasions:
        counts = written.get(str(one.case.id), {})
        if one.case.incident_id is not None and not counts:
            continue
        alert = _alert(one.case, one.reason, numbers[one.case.subject])
        letters.append(_to_console(alert, counts.get(CHANNEL, 0)))
        if channels:
            alert = _named(alert, histories[one.case.id], names, one.called)
            there = [c for c in channels if one.case.incident_id is None or _stands(db, one.case, c)]
            said = [x for c in there for x in _to_chat(alert, c, counts.get(c.name, 0), one.loud_at)]
            letters += [replace(x, due_at=one.due_at) for x in said] if one.due_at else said
    mail.post(db, letters, now=now)


def _stands(db: Db, case: CaseRow, channel: ChannelRow) -> bool:
    """Whether a case has a message of its own in a channel, or one on its way."""
    written = mail.letters_about(db, "case", str(case.id))
    return any(x.channel == channel.name and (x.remote_id or x.sent_at is None) for x in written)


def _to_console(alert: Alert, count: int) -> Letter:
    return Letter(
        f"case-{alert.case_id}-{count}", CHANNEL, _kind(count), alert.reason, "case", str(alert.case_id),
        CHATS[CHANNEL].render(alert, HOUSE),
    )  # fmt: skip


def _kind(count: int) -> str:
    return "alert_edit" if count else "alert"


def with_names(db: Db, alert: Alert) -> Alert:
    """An alert with the names of who has the case and who did what."""
    names = {person.id: person.name for person in people.people(db)}
    return _named(alert, cases.history_of(db, alert.case_id), names, ())


def _named(alert: Alert, history: Sequence[CaseFact], names: Mapping[str, str], called: tuple[str, ...]) -> Alert:
    deeds = tuple(
        Deed(fact.event, names.get(fact.by, fact.by), fact.at)
        for fact in history
        if fact.by is not None and fact.event in SHOWN_DEEDS
    )
    whom = tuple(names.get(one, one) for one in called)
    return replace(alert, owner_name=names.get(alert.owner or "", alert.owner or ""), deeds=deeds, called=whom)


def _to_chat(alert: Alert, channel: ChannelRow, count: int, loud_at: datetime | None) -> Iterator[Letter]:
    """The letters of one occasion to one channel: the message or its edit, and what must be heard besides."""
    kind = _kind(count)
    payload = CHATS[channel.adapter].render(alert, reader_of(channel))
    about = ("case", str(alert.case_id), payload)
    yield Letter(
        f"case-{alert.case_id}-{count}@{channel.name}", channel.name, kind, alert.reason, *about,
        priority=priority_of(alert, kind),
    )  # fmt: skip
    if kind == "alert_edit" and alert.reason in LOUD:
        yield reminder(alert, channel, count + 1, alert.reason, loud_at)


def priority_of(alert: Alert, kind: str) -> int:
    if alert.severity is Severity.URGENT and kind == "alert":
        return URGENT
    if kind == "alert":
        return NEW
    return ANSWERED if alert.reason in {event.value for event in SHOWN_DEEDS} else CHANGED


def reader_of(channel: ChannelRow) -> Reader:
    return Reader(channel.lang, ZoneInfo(channel.zone), channel.url)


def reminder(alert: Alert, channel: ChannelRow, number: int, reason: str, due_at: datetime | None = None) -> Letter:
    """A case said again, in the thread of its message."""
    payload = CHATS[channel.adapter].render(alert, reader_of(channel))
    return Letter(
        f"case-{alert.case_id}-{number}@{channel.name}", channel.name, "reminder", reason, "case", str(alert.case_id),
        payload, due_at=due_at, priority=URGENT,
    )  # fmt: skip


def remind(db: Db, case: CaseRow, *, until: datetime, now: datetime) -> None:
    """Have a case that was put off said again at ``until``; it is passed over where the case is closed by then."""
    alert = with_names(db, alert_of(db, case, CaseEvent.SNOOZED.value))
    counts = mail.counts_about(db, "case", [str(case.id)]).get(str(case.id), {})
    mail.post(
        db, [reminder(alert, c, counts.get(c.name, 0), "snoozed", until) for c in chat_queue.channels(db)], now=now
    )  # fmt: skip
