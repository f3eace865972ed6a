"""What people do and say in a chat, whichever it is: read from its own words into ours."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class ActKind(StrEnum):
    """What a person can do to a case from a chat."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    COMMENT = "comment"
    SNOOZE = "snooze"
    RESOLVE = "resolve"


class Question(StrEnum):
    """What a person can ask the desk from a chat. OPEN: to open a case about what its words name."""

    MINE = "mine"
    DUE = "due"
    CASE = "case"
    ON_CALL = "on_call"
    OPEN = "open"
    HELP = "help"


class RouteWord(StrEnum):
    """What a courier can say of a route from a chat. OFF: they set off; OUT: they can't go on, WELL: they can again; LINK: who they are, by a one-time code; LANG: in which
    language they want to be told; ROUTE: to be told what can be said.
    """

    OFF = "off"
    LATE = "late"
    FULL = "full"
    OUT = "out"
    WELL = "well"
    STOP_FAILED = "stop_failed"
    LINK = "link_courier"
    LANG = "lang"
    ROUTE = "route"


@dataclass(frozen=True, slots=True)
class ChatAct:
    """One thing that a person did in a chat. ``key`` tells one delivery from another: it has one effect.

    ``actor`` is the person's id, proven by the adapter; ``to`` is the assignee, ``until`` when a snoozed case speaks again.
    ``incident_id``: it is done to all members of an incident, and ``case_id`` says nothing.
    """

    adapter: str
    account: str
    key: str
    actor: str
    case_id: int
    kind: ActKind
    words: str = ""
    to: str | None = None
    until: datetime | None = None
    incident_id: int | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a text, button or reaction asks for. ``to`` names whom a case goes to, the speaker where it is ``ME``;
    ``length`` is for how long it is put off, or how late a courier is; ``case_id`` is set where a question names one, ``stop`` (a
    number that the courier was told) where a courier names one.
    """

    kind: ActKind | Question | RouteWord
    words: str = ""
    to: str = ""
    length: timedelta | None = None
    case_id: int | None = None
    stop: int | None = None


ME = "me"
"""A case that a person takes for themselves."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that somebody did in a chat, as the chat proves it; nothing is looked up yet.

    ``who`` is the chat's own identity of the person, ``about`` the message that it was done to ("" for none), ``here`` the
    message in which it was done, which an answer refers to. ``code`` lets ``about`` be edited once, where a chat wants that.
    ``alone``: it was done where only that person and we are. ``of``: what we signed the button for (``case/12``), where a chat proves
    nothing itself: it must be what ``about`` is about.
    """

    key: str
    who: str
    wish: Wish
    about: str = ""
    here: str = ""
    code: str = ""
    alone: bool = False
    of: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one look at a chat brought, in its order. ``cursor`` is where the next look begins; it is kept only after
    everything before it was committed. ``gap`` is set where the chat left older entries out: what to ask for them with.
    """

    heard: tuple[Heard, ...] = ()
    cursor: str = ""
    gap: str = ""
