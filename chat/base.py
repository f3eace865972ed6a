"""What a chat is: a value made of pure functions, like a carrier. See docs/adding-a-chat.md."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from domain.case import CaseEvent, CaseStatus, Kind, Severity, Subject
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from domain.incident import CauseKind
from domain.words import Words
from net.http import HttpReply, HttpRequest

# --- what people do ------------------------------------------------------------------------------------------------


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
    """What a courier can say of a route from a chat. OFF: they set off; LINK: who they are, by a one-time code; LANG: in which
    language they want to be told; ROUTE: to be told what can be said.
    """

    OFF = "off"
    LATE = "late"
    FULL = "full"
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


# --- what is said --------------------------------------------------------------------------------------------------


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


# --- an adapter ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Token:
    """A token that a chat handed out, good until ``expires_at``. It stays out of every repr, hence of logs."""

    value: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """One channel's settings, ready to use. ``name`` is the account's name in the configuration; ``token`` is there where the
    chat hands one out.
    """

    adapter: str
    name: str
    settings: Any = field(repr=False)
    token: Token | None = None

    @property
    def channel(self) -> str:
        """How letters and audit entries name it: ``matrix:desk``."""
        return f"{self.adapter}:{self.name}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What the platform takes: at most ``calls`` in any ``per_s`` seconds for each window; a body of at most so many bytes;
    edits until ``edit_for`` after the message was sent (None: always).
    """

    windows: tuple[tuple[int, float], ...]
    body_bytes: int
    edit_for: timedelta | None = None


class Send(Protocol):
    """The request that says something. ``key`` is the one id under which it is ever sent; ``to`` is where to, the
    channel itself where it is empty.
    """

    def __call__(self, payload: Mapping[str, Any], account: Account, key: str, to: str = "") -> HttpRequest: ...


class Refer(Protocol):
    """The request that edits a message, or replies to it; ``remote_id`` is the message."""

    def __call__(self, payload: Mapping[str, Any], remote_id: str, account: Account, key: str) -> HttpRequest: ...


@dataclass(frozen=True, slots=True)
class Found:
    """What a look back brought: the message's id, "" where it isn't there; ``more``: how to ask for the next page."""

    remote_id: str
    more: str = ""


class LookBack(Protocol):
    """The request for what was said since then in a place (``to``; the channel where it is empty) or in a thread there."""

    def __call__(self, account: Account, since: datetime, to: str, thread: str, cursor: str) -> HttpRequest: ...


class FindIn(Protocol):
    """Looks for the message with a key on one page. Raises OutsideError."""

    def __call__(self, reply: HttpReply, key: str) -> Found: ...


@dataclass(frozen=True, slots=True)
class Lookback:
    """For chats that have no key against saying something twice, but keep ours: whoever isn't sure looks before they repeat."""

    request: LookBack
    found: FindIn


@dataclass(frozen=True, slots=True)
class Codes:
    """For chats in which a message is edited only with a code that they gave: it is the ``key`` of the edit, and works once, for
    ``good_for``. A press brings one (``Heard.code``), a sending too where ``sent`` reads one from its reply.
    """

    good_for: timedelta
    sent: Callable[[HttpReply], str]


@dataclass(frozen=True, slots=True)
class Outward:
    """How a chat is written to. ``sent`` gives the id of the message that a reply tells of, and raises an OutsideError
    where nothing was sent. ``look`` asks for a message as the chat keeps it, ``seen`` raises where it isn't there. ``open``
    and ``opened`` make a private place for one person and give its address (``open`` itself where nothing has to be asked).
    ``lookback``: how to find what may have been said already. ``own_ids``: a message is known by the key under which it was sent.
    ``codes``: where an edit needs a code; without one its news is a new message.
    """

    send: Send
    edit: Refer
    reply: Refer
    sent: Callable[[HttpReply], str]
    limits: Callable[[Account], Limits]
    look: Callable[[str, Account], HttpRequest]
    seen: Callable[[HttpReply], None]
    open: Callable[[str, Account], HttpRequest | str]
    opened: Callable[[HttpReply], str]
    lookback: Lookback | None = None
    own_ids: bool = False
    codes: Codes | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to be asked before we listen; ``check`` raises an OutsideError where the answer isn't good enough."""

    name: str
    request: Callable[[Account], HttpRequest]
    check: Callable[[HttpReply, Account], None]


class Answering(Protocol):
    """The request that tells the chat what became of something that wants an answer, such as a pressed button; None where
    nobody waits for one.
    """

    def __call__(self, heard: Heard, account: Account, *, taken: bool) -> HttpRequest | None: ...


@dataclass(frozen=True, slots=True)
class Polled:
    """How a chat is listened to by asking. ``enter`` is asked at each start: who we are, whether we may be here.
    ``request`` asks for what came after a cursor ("" for: from now on); ``older`` asks for what a gap left out. ``answer`` is sent
    after the commit.
    """

    enter: tuple[Step, ...]
    request: Callable[[Account, str], HttpRequest]
    read: Callable[[HttpReply, Account], Batch]
    older: Callable[[Account, str, str], HttpRequest]
    read_older: Callable[[HttpReply, Account], Batch]
    answer: Answering | None = None


@dataclass(frozen=True, slots=True)
class TokenFlow:
    """How to get a token, which is fetched anew before it ends and where it is refused. ``read`` raises OutsideError."""

    request: Callable[[Account], HttpRequest]
    read: Callable[[HttpReply, datetime], Token]


# --- chats that speak to us ----------------------------------------------------------------------------------------

Frame = str | bytes
"""What travels on a long connection: text or binary, as it came."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a long connection goes. ``beat_s``: how often to ping, as the chat told; 0: as the Socket says. Address and
    headers may hold a ticket: no repr shows them.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    beat_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Caught:
    """What one frame brought. ``answers`` go out once everything heard is committed, ``refused`` in their place where an act
    was refused (None: the same), ``failed`` where it couldn't be committed: then the chat delivers it again.

    ``kept``: frames to be handed in with the next, where a message comes in parts. ``beat_s``: a new time between pings.
    ``leave``: the chat asks us to connect anew. ``ready``: from now on it takes what we say over the connection.
    """

    heard: tuple[Heard, ...] = ()
    answers: tuple[Frame, ...] = ()
    refused: tuple[Frame, ...] | None = None
    failed: tuple[Frame, ...] = ()
    kept: tuple[Frame, ...] = ()
    beat_s: float = 0.0
    leave: bool = False
    ready: bool = False


class ReadFrame(Protocol):
    """Reads one frame; ``kept`` is what the one before wanted kept. Raises UnreadableReply: such a frame is passed over; another
    OutsideError: the connection is given up.
    """

    def __call__(self, frame: Frame, account: Account, now: datetime, kept: tuple[Frame, ...] = ()) -> Caught: ...


def no_greeting(account: Account, address: Address, nonce: str) -> tuple[Frame, ...]:
    """A connection that is ready as soon as it is open."""
    del account, address, nonce
    return ()


@dataclass(frozen=True, slots=True)
class Carried:
    """For chats that are spoken to over the long connection too: the body of each of our requests is a frame. ``asked`` gives
    the id that a request goes under, ``answered`` the id that a frame answers ("" for none).
    """

    asked: Callable[[HttpRequest], str]
    answered: Callable[[Frame], str]


@dataclass(frozen=True, slots=True)
class Socket:
    """How a chat is listened to over a long connection, which needs no address of ours.

    ``open``: where to, or the request that asks for it, whose reply ``opened`` reads. ``greet``: the first frames (who we are,
    what we want to hear). ``ping``: a frame that says we are there; None: the protocol's own ping. After ``silent_s`` without
    a frame the connection is taken for dead (0: never, as where the protocol itself looks after it). ``carried``: what is said
    goes over it as well.
    """

    open: Callable[[Account], HttpRequest | Address]
    opened: Callable[[HttpReply, Account], Address]
    read: ReadFrame
    greet: Callable[[Account, Address, str], tuple[Frame, ...]] = no_greeting
    ping: Callable[[Account, Address, str], Frame] | None = None
    beat_s: float = 30.0
    silent_s: float = 0.0
    carried: Carried | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A request from outside; header names are lower case, the body as it was signed."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Spurned:
    """Why a call is refused: 401 proves nothing, 403 is somebody else's, 400 can't be read."""

    status: int
    why: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The body of an answer, to the letter."""

    body: bytes = b""
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a proven call brought: ``answer`` goes out once everything heard is committed, ``refused`` in its place where an
    act was refused (None: the same).
    """

    heard: tuple[Heard, ...] = ()
    answer: Reply = Reply()
    refused: Reply | None = None


@dataclass(frozen=True, slots=True)
class Hook:
    """How a chat calls us. ``verify`` gives the proven body (decrypted where it came so) or says why not: over the raw
    bytes, in constant time, no older or newer than the chat's window. ``read`` reads it, or raises UnreadableReply; it answers
    the chat's check of our address too. ``ready``: whether an account has what proves a call: without it there is no hook.
    """

    verify: Callable[[Call, Account, datetime], bytes | Spurned]
    read: Callable[[bytes, Call, Account], Delivered]
    ready: Callable[[Account], bool]


def always(account: Account) -> bool:
    del account
    return True


@dataclass(frozen=True, slots=True)
class Chat:
    """An adapter. ``outward`` is None where nothing leaves the house (the console reads the outbox itself). It is listened to
    in one or more ways: ``polled``, ``socket``, ``hook``; ``enter`` is asked at each start where it isn't polled;
    ``by_socket`` says whether an account wants the long connection.

    ``identity`` says in one word what the chat proves of a person: the key that is linked to a member of the desk.
    """

    id: str
    name: Mapping[str, str]
    settings: type[msgspec.Struct]
    render: Callable[[Message, Reader], dict[str, Any]]
    identity: str
    outward: Outward | None = None
    polled: Polled | None = None
    socket: Socket | None = None
    hook: Hook | None = None
    token: TokenFlow | None = None
    enter: tuple[Step, ...] = ()
    by_socket: Callable[[Account], bool] = always


# --- replies -------------------------------------------------------------------------------------------------------

T = TypeVar("T")
UNREADABLE = (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError)


def said(who: str, body: bytes, shape: type[T]) -> T:
    """A JSON body as ``shape``. Raises UnreadableReply where it isn't one."""
    try:
        return msgspec.json.decode(body, type=shape)
    except UNREADABLE as exc:
        raise UnreadableReply(who, f"{type(exc).__name__}: {exc}") from exc


def raise_for_status(who: str, reply: HttpReply, why: str = "", *, retry_after_s: int | None = None) -> None:
    """Raise the OutsideError that an HTTP status other than 200 stands for; ``why`` is the chat's own word for it."""
    if reply.status != 200:
        raise error_of(who, reply.status, why, retry_after_s)


def error_of(who: str, status: int, why: str, retry_after_s: int | None) -> OutsideError:
    what = f"HTTP {status} {why}".strip()
    if status in {401, 403}:
        return AccessDenied(who, what)
    if status == 429:
        return RateLimited(who, what, retry_after_s=retry_after_s)
    if status >= 500 or status in {408, 425}:
        return Unreachable(who, what)
    return UnreadableReply(who, what)
