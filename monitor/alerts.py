"""Alerts: letters in the outbox, each with a named reason. One message per case and channel; later words edit it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from chat.base import Alert, Deed, Reader
from chat.registry import CHATS
from domain.case import CaseEvent, Severity
from store import cases, chat_queue, mail, people, reads
from store.base import Db
from store.cases import CaseRow
from store.chat_queue import ChannelRow
from store.mail import Letter

CHANNEL = "console"
LOUD = frozenset({CaseEvent.WARNED.value, CaseEvent.BREACHED.value})
"""Reasons that must be heard: a chat shows an edited message to nobody who isn't looking, so that these are also said."""
SHOWN_DEEDS = frozenset(
    {
        CaseEvent.ACKNOWLEDGED,
        CaseEvent.ASSIGNED,
        CaseEvent.COMMENTED,
        CaseEvent.SNOOZED,
        CaseEvent.CUSTOMER_TOLD,
        CaseEvent.MADE_GOOD,
        CaseEvent.RESOLVED,
    }
)
"""What people did, as the message shows it with name and time."""

URGENT, ANSWERED, NEW, CHANGED = range(4)
"""The order of a channel's queue: what is urgent; what somebody who acted waits for; new cases; the rest."""


def alert_of(db: Db, case: CaseRow, reason: str) -> Alert:
    return Alert(
        case_id=case.id,
        kind=case.kind,
        subject=case.subject,
        number=reads.subject_number(db, case.subject),
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
    )


def say(db: Db, case: CaseRow, reason: str, *, now: datetime) -> None:
    """Write the alert of a case (its first message) or an edit of it, to be sent after the commit, to every channel.

    The id is made of the case and the count of letters so far: written once per occasion, whatever happens after.
    """
    written = mail.letters_about(db, "case", str(case.id))
    alert = alert_of(db, case, reason)
    console = Letter(
        f"case-{case.id}-{sum(letter.channel == CHANNEL for letter in written)}", CHANNEL, _kind(written, CHANNEL),
        reason, "case", str(case.id), CHATS[CHANNEL].render(alert, Reader("", ZoneInfo("UTC"))),
    )  # fmt: skip
    outside = [
        letter for channel in chat_queue.channels(db) for letter in _to_chat(with_names(db, alert), channel, written)
    ]
    mail.post(db, [console, *outside], now=now)


def _kind(written: list[Letter], channel: str) -> str:
    return "alert_edit" if any(letter.channel == channel for letter in written) else "alert"


def with_names(db: Db, alert: Alert) -> Alert:
    """An alert with the names of who has the case and who did what."""
    names = {person.id: person.name for person in people.people(db)}
    deeds = tuple(
        Deed(fact.event, names.get(fact.by, fact.by), fact.at)
        for fact in cases.history_of(db, alert.case_id)
        if fact.by is not None and fact.event in SHOWN_DEEDS
    )
    return replace(alert, owner_name=names.get(alert.owner or "", alert.owner or ""), deeds=deeds)


def _to_chat(alert: Alert, channel: ChannelRow, written: list[Letter]) -> Iterator[Letter]:
    """The letters of one occasion to one channel: the message or its edit, and what must be heard besides."""
    count = sum(letter.channel == channel.name for letter in written)
    kind = _kind(written, channel.name)
    payload = CHATS[channel.adapter].render(alert, reader_of(channel))
    about = ("case", str(alert.case_id), payload)
    yield Letter(
        f"case-{alert.case_id}-{count}@{channel.name}", channel.name, kind, alert.reason, *about,
        priority=priority_of(alert, kind),
    )  # fmt: skip
    if kind == "alert_edit" and alert.reason in LOUD:
        yield reminder(alert, channel, count + 1, alert.reason)


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
    written = mail.letters_about(db, "case", str(case.id))
    alert = with_names(db, alert_of(db, case, CaseEvent.SNOOZED.value))
    counts = {c.name: sum(letter.channel == c.name for letter in written) for c in chat_queue.channels(db)}
    mail.post(
        db, [reminder(alert, c, counts[c.name], "snoozed", until) for c in chat_queue.channels(db)], now=now
    )  # fmt: skip
