"""What is said about an incident: one message for each channel, whose counters are brought up to its members at a pace."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from carriers.kuaidi100_carriers import carrier_name
from chat.messages import Deed, IncidentAlert, Reader
from chat.registry import CHATS
from domain.case import CaseEvent, Severity
from domain.incident import Cause
from domain.words import Words
from monitor.alerts import ANSWERED, CHANGED, CHANNEL, LOUD, SHOWN_DEEDS, URGENT, reader_of
from store import chat_queue, incidents, mail, people
from store.base import Db
from store.chat_queue import ChannelRow
from store.incidents import SUBJECT, IncidentRow, Tally
from store.mail import Letter

COUNTERS = "members"
"""The reason of an edit that only brings the counters up to date: it waits for its turn."""


def cause_words(cause: Cause, lang: str) -> Words:
    """A cause in plain words; carriers by the names that a language has for them."""
    params = {
        "carrier": carrier_name(cause.carrier, lang) if cause.carrier else "",
        "place": cause.place,
        "to": cause.to,
    }
    return Words(f"incident_cause.{cause.kind.value}", params)


def why_over(incident: IncidentRow, names: dict[str, str]) -> Words | None:
    """Why an incident ended; None while it goes on."""
    if incident.is_open:
        return None
    if incident.close_reason in ENDS:
        return Words(f"closed_incident.{incident.close_reason}", {"incident": incident.into_id})
    by = names.get(incident.acknowledged_by or "", incident.acknowledged_by or "")
    return Words("closed_incident.resolved", {"by": by})


ENDS = frozenset({"moved", "worked_off", "stragglers", "absorbed"})


@dataclass(frozen=True, slots=True)
class Picture:
    """An incident and what is said of it, before it is said in a language."""

    incident: IncidentRow
    tally: Tally
    numbers: tuple[str, ...]
    names: dict[str, str]
    deeds: tuple[Deed, ...]


def picture_of(db: Db, incident: IncidentRow, tally: Tally | None = None) -> Picture:
    names = {person.id: person.name for person in people.people(db)}
    deeds = tuple(
        Deed(fact.event, names.get(fact.by, fact.by), fact.at)
        for fact in incidents.history_of(db, incident.id)
        if fact.by is not None and fact.event in SHOWN_DEEDS
    )
    numbers = tuple(incidents.examples(db, incident.id))
    return Picture(incident, tally or incidents.tally(db, incident.id), numbers, names, deeds)


def alert_of(picture: Picture, reason: str, lang: str) -> IncidentAlert:
    incident, tally = picture.incident, picture.tally
    owner = incident.owner or ""
    return IncidentAlert(
        incident_id=incident.id,
        kind=incident.cause.kind,
        cause=cause_words(incident.cause, lang),
        severity=Severity.URGENT,
        reason=reason,
        opened_at=incident.opened_at,
        found=incident.found,
        expected=incident.expected,
        members=tally.members,
        waiting=tally.waiting,
        taken=tally.taken,
        done=tally.closed,
        warned=tally.warned,
        breached=tally.breached,
        promise_by=tally.promise_by,
        numbers=picture.numbers,
        over=why_over(incident, picture.names),
        owner=incident.owner,
        acknowledged_by=incident.acknowledged_by,
        acknowledged_at=incident.acknowledged_at,
        owner_name=picture.names.get(owner, owner),
        deeds=picture.deeds,
    )


def say(db: Db, incident: IncidentRow, reason: str, *, now: datetime, tally: Tally | None = None) -> None:
    """Write the message of an incident, or an edit of it, to every channel; from then on it says what is so."""
    written = mail.letters_about(db, SUBJECT, str(incident.id))
    picture = picture_of(db, incident, tally)
    house = Reader("", ZoneInfo("UTC"))
    console = _letter(picture, reason, CHANNEL, kind_of(written, CHANNEL), written, CHATS[CHANNEL].render(
        alert_of(picture, reason, ""), house))  # fmt: skip
    chats = [letter for channel in chat_queue.channels(db) for letter in _to_chat(picture, reason, channel, written)]
    mail.post(db, [console, *chats], now=now)
    incidents.said(db, incident.id)


def kind_of(written: list[Letter], channel: str) -> str:
    return "alert_edit" if any(letter.channel == channel for letter in written) else "alert"


def _to_chat(picture: Picture, reason: str, channel: ChannelRow, written: list[Letter]) -> Iterator[Letter]:
    payload = CHATS[channel.adapter].render(alert_of(picture, reason, channel.lang), reader_of(channel))
    kind = kind_of(written, channel.name)
    first = _letter(picture, reason, channel.name, kind, written, payload)
    yield first
    if kind == "alert_edit" and reason in LOUD:
        yield replace(first, id=first.id.replace("@", "-r@"), kind="reminder", priority=URGENT)


def _letter(
    picture: Picture, reason: str, channel: str, kind: str, written: list[Letter], payload: dict[str, object]
) -> Letter:
    count = sum(letter.channel == channel and letter.kind != "reminder" for letter in written)
    about = str(picture.incident.id)
    at = "" if channel == CHANNEL else f"@{channel}"
    return Letter(
        f"incident-{about}-{count}{at}",
        channel,
        kind,
        reason,
        SUBJECT,
        about,
        payload,
        priority=_priority(kind, reason),
    )


ANSWERS = frozenset(event.value for event in SHOWN_DEEDS)


def _priority(kind: str, reason: str) -> int:
    """An incident stands for many: its first message goes before single cases."""
    if kind == "alert":
        return URGENT
    return ANSWERED if reason in ANSWERS else CHANGED


def said_loudly(db: Db, incident_id: int) -> frozenset[str]:
    """Which of the reasons that must be heard were said of an incident."""
    return frozenset(x.reason for x in mail.letters_about(db, SUBJECT, str(incident_id)) if x.reason in LOUD)


def remind(db: Db, incident: IncidentRow, *, until: datetime, now: datetime) -> None:
    """Have an incident that was put off said again at ``until``."""
    picture = picture_of(db, incident)
    reason = CaseEvent.SNOOZED.value
    letters = []
    for channel in chat_queue.channels(db):
        payload = CHATS[channel.adapter].render(alert_of(picture, reason, channel.lang), reader_of(channel))
        letter_id = f"incident-{incident.id}-until-{int(until.timestamp())}@{channel.name}"
        about = (SUBJECT, str(incident.id), payload)
        letters.append(Letter(letter_id, channel.name, "reminder", reason, *about, due_at=until, priority=URGENT))
    mail.post(db, letters, now=now)
