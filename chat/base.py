"""What a chat is: a value made of pure functions, like a carrier. See docs/adding-a-chat.md."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import msgspec

from chat.acts import Batch, Heard
from chat.messages import Message, Reader
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from net.http import HttpReply, HttpRequest

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
    ``by_socket`` says whether an account wants the long connection. ``last_resort``: it says what no other chat delivered,
    after its settings' ``after_minutes``, and is never listened to.

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
    last_resort: bool = False


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
