"""What a letter to a chat needs before it is sent, as things stand then: whether it is still worth saying, and what it refers to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chat.registry import CHATS
from monitor import alerts
from store import cases, chat_codes, chat_people, chat_queue, incidents
from store.base import Db
from store.cases import CaseRow
from store.chat_codes import Code
from store.chat_queue import Told
from store.incidents import IncidentRow
from store.mail import Letter

SUPERSEDED, CLOSED = "a later edit says it all", "the case was closed before it was due"
NOT_WORTH_IT = "an edit of its own isn't worth it there: the next message says it"
TOLD, TAKEN = "another chat delivered it", "somebody took it before it was due here"
NOT_HERE = "the last resort says alerts and what must be heard, nothing else"
FOR_OTHERS = "waits whether another chat delivers it"
SOON = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a letter needs before it is sent: the message that it edits or answers, the code for an edit where the chat wants one,
    where a person is written to alone. ``wait``: it is looked at again after so long; ``waits_for`` says what for.
    """

    needless: str = ""
    wait: timedelta = timedelta()
    waits_for: str = ""
    told: Told | None = None
    code: Code | None = None
    address: str = ""
    content: Mapping[str, Any] | None = None


STANDING: Mapping[str, Callable[[Db, int], CaseRow | IncidentRow | None]] = {
    "case": cases.get,
    "incident": incidents.get,
}


def wants_word(about: CaseRow | IncidentRow) -> bool:
    """Whether there is still something to be reminded of."""
    return about.is_open or (isinstance(about, CaseRow) and about.untold)


def plan_for(db: Db, letter: Letter, *, codes_since: datetime | None = None) -> Plan:
    """What a letter needs, by its kind, as things stand. ``codes_since``: the chat wants a code for an edit, given since then."""
    if letter.kind == "private":
        return Plan(address=chat_people.private_address(db, letter.channel, letter.payload["who"]))
    if letter.kind == "alert_edit" and codes_since is not None:
        return _coded_plan(db, letter, codes_since)
    if letter.kind == "alert_edit" and not chat_queue.is_newest(db, letter):
        return Plan(needless=SUPERSEDED)
    if letter.kind not in {"alert_edit", "reminder"}:
        return Plan()
    about = letter.subject_id, letter.subject_type
    case = STANDING[letter.subject_type](db, int(letter.subject_id))
    if letter.kind == "reminder" and (case is None or not wants_word(case)):
        return Plan(needless=CLOSED)
    told = chat_queue.message_of(db, letter.channel, *about)
    if told is None and chat_queue.is_coming(db, letter.channel, *about):
        return Plan(wait=SOON)
    newest = chat_queue.newest_payload(db, letter.channel, *about) if letter.kind == "reminder" else None
    return Plan(told=told, content=newest)


def _coded_plan(db: Db, letter: Letter, since: datetime) -> Plan:
    """An edit where each costs a code, or a message more: only what is worth that, as things stand when it is sent."""
    about = letter.subject_id, letter.subject_type
    if letter.reason not in alerts.WORTH_A_MESSAGE:
        return Plan(needless=NOT_WORTH_IT)
    if not chat_queue.is_newest(db, letter, alerts.WORTH_A_MESSAGE):
        return Plan(needless=SUPERSEDED)
    if chat_queue.is_coming(db, letter.channel, *about):
        return Plan(wait=SOON)
    code = chat_codes.newest(db, letter.channel, (letter.subject_type, letter.subject_id), since=since)
    return Plan(code=code, content=chat_queue.newest_payload(db, letter.channel, *about))


# --- the last resort -----------------------------------------------------------------------------------------------

SAID_THERE = frozenset({"alert", "reminder"})


def last_resort(db: Db, letter: Letter, after: timedelta) -> Plan:
    """What becomes of a letter where only what no other chat delivered is said: it waits for them once, for ``after``."""
    about = STANDING[letter.subject_type](db, int(letter.subject_id)) if letter.kind in SAID_THERE else None
    if about is None:
        return Plan(needless=NOT_HERE)
    if not wants_word(about):
        return Plan(needless=CLOSED)
    others = [row.name for row in chat_queue.channels(db) if not CHATS[row.adapter].last_resort]
    if chat_queue.was_told(db, letter, others):
        return Plan(needless=TOLD)
    if letter.kind == "alert" and about.acknowledged_by is not None:
        return Plan(needless=TAKEN)
    has_waited = letter.error == FOR_OTHERS or letter.attempts > 0
    return Plan() if has_waited or not after else Plan(wait=after, waits_for=FOR_OTHERS)
