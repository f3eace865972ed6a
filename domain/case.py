"""Findings, cases and the 24-hour promise: kinds, transitions, arithmetic."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from domain import promise
from domain.errors import RuleError
from domain.promise import Outcome, Promises
from domain.words import Words


class Kind(StrEnum):
    """What a detector can find."""

    UNSHIPPED = "unshipped"
    NEVER_COLLECTED = "never_collected"
    STALLED = "stalled"
    PROMISE_RISK = "promise_risk"
    PROMISE_MISSED = "promise_missed"
    LOST = "lost"
    FAILED_ATTEMPT = "failed_attempt"
    REFUSED = "refused"
    RETURNING = "returning"
    ADDRESS = "address"
    CUSTOMS = "customs"
    DAMAGED = "damaged"
    MISDELIVERED = "misdelivered"
    DISPUTED = "disputed"
    LOOPING = "looping"
    NUMBER_REUSE = "number_reuse"
    PICKUP_MISSED = "pickup_missed"
    CHECKIN_MISSING = "checkin_missing"
    REFUND_UNCONFIRMED = "refund_unconfirmed"
    SOURCE_SILENT = "source_silent"


class SubjectType(StrEnum):
    ORDER = "order"
    SHIPMENT = "shipment"
    RETURN = "return"
    SOURCE = "source"


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """What a finding or case is about; ``id`` is the merchant's own reference where there is one."""

    type: SubjectType
    id: str

    def __str__(self) -> str:
        return f"{self.type}:{self.id}"


class Severity(StrEnum):
    WATCH = "watch"
    WARN = "warn"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a detector saw. ``watch`` True: on the watch list, no case, no message, no promise."""

    kind: Kind
    subject: Subject
    since: datetime
    evidence: tuple[Words, ...]
    watch: bool = False
    probability: float | None = None
    severity: Severity = Severity.WARN
    next_step: Words | None = None


class CaseStatus(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    WITH_CARRIER = "with_carrier"
    WITH_CUSTOMER = "with_customer"
    WAITING = "waiting"
    MADE_GOOD = "made_good"
    RESOLVED = "resolved"
    FOLLOWED_UP = "followed_up"


class CaseEvent(StrEnum):
    """What can happen to a case. OPENED begins it; the events outside NEXT change no status and are still kept."""

    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    COMMENTED = "commented"
    CARRIER_CONTACTED = "carrier_contacted"
    CARRIER_ANSWERED = "carrier_answered"
    CUSTOMER_SAID = "customer_said"
    CUSTOMER_TOLD = "customer_told"
    MESSAGE_FAILED = "message_failed"
    WAITING = "waiting"
    MADE_GOOD = "made_good"
    RESOLVED = "resolved"
    CLEARED = "cleared"
    REOPENED = "reopened"
    FOLLOWED_UP = "followed_up"
    WARNED = "warned"
    BREACHED = "breached"
    STEP_MISSED = "step_missed"
    ESCALATED = "escalated"
    SNOOZED = "snoozed"
    MEMBER_JOINED = "member_joined"
    MEMBER_LEFT = "member_left"
    EVIDENCE_ADDED = "evidence_added"
    MAKE_GOOD_PROPOSED = "make_good_proposed"
    MAKE_GOOD_APPROVED = "make_good_approved"
    MAKE_GOOD_DECLINED = "make_good_declined"
    MAKE_GOOD_WITHDRAWN = "make_good_withdrawn"
    MAKE_GOOD_HELD = "make_good_held"
    RESHIPPED = "reshipped"
    RESHIP_ARRIVED = "reship_arrived"
    TURNED_UP = "turned_up"
    INTERCEPT_ASKED = "intercept_asked"
    PROOF_ADDED = "proof_added"
    HANDOVER_OFFERED = "handover_offered"
    HANDED_OVER = "handed_over"
    HANDOVER_DECLINED = "handover_declined"
    HANDOVER_WITHDRAWN = "handover_withdrawn"


_WORKING = (
    CaseStatus.OPEN,
    CaseStatus.ACKNOWLEDGED,
    CaseStatus.WITH_CARRIER,
    CaseStatus.WITH_CUSTOMER,
    CaseStatus.WAITING,
    CaseStatus.MADE_GOOD,
)

NEXT: dict[tuple[CaseStatus, CaseEvent], CaseStatus] = {
    (CaseStatus.OPEN, CaseEvent.ACKNOWLEDGED): CaseStatus.ACKNOWLEDGED,
    (CaseStatus.OPEN, CaseEvent.ASSIGNED): CaseStatus.ACKNOWLEDGED,
    **{(status, CaseEvent.CARRIER_CONTACTED): CaseStatus.WITH_CARRIER for status in _WORKING[:-1]},
    **{(status, CaseEvent.CUSTOMER_TOLD): CaseStatus.WITH_CUSTOMER for status in _WORKING[:-1]},
    **{(status, CaseEvent.WAITING): CaseStatus.WAITING for status in _WORKING[:-1]},
    **{(status, CaseEvent.MADE_GOOD): CaseStatus.MADE_GOOD for status in _WORKING[:-1]},
    **{(status, CaseEvent.RESOLVED): CaseStatus.RESOLVED for status in _WORKING},
    **{(status, CaseEvent.CLEARED): CaseStatus.RESOLVED for status in _WORKING},
    (CaseStatus.RESOLVED, CaseEvent.REOPENED): CaseStatus.OPEN,
    (CaseStatus.FOLLOWED_UP, CaseEvent.REOPENED): CaseStatus.OPEN,
    (CaseStatus.RESOLVED, CaseEvent.FOLLOWED_UP): CaseStatus.FOLLOWED_UP,
}
"""The case transition table. A missing pair changes nothing."""

CLOSED = frozenset({CaseStatus.RESOLVED, CaseStatus.FOLLOWED_UP})
ANSWERS = frozenset({CaseEvent.ACKNOWLEDGED, CaseEvent.ASSIGNED, CaseEvent.RESOLVED})
"""Events that stop the repeats of an alert: a named person took the case."""


class Told(StrEnum):
    """What a customer was told. Only an outcome or a dated next step, given by a person, keeps a promise."""

    PROGRESS = "progress"
    NEXT_STEP = "next_step"
    OUTCOME = "outcome"


class Verdict(StrEnum):
    """How a person saw a case when resolving it. Only a false alarm frees from the promise."""

    SOLVED = "solved"
    FALSE_ALARM = "false_alarm"


FALSE_ALARM_WORDS = "closed.false_alarm"


def step(status: CaseStatus, event: CaseEvent) -> CaseStatus:
    return NEXT.get((status, event), status)


@dataclass(frozen=True, slots=True)
class CaseFact:
    """One append-only entry of a case's history. ``by`` is a person's id, or None for the daemon itself. ``data`` of
    CUSTOMER_TOLD: ``told`` (a Told), ``means`` (phone, sms, mail …), ``next_at`` (ISO) with a next step, ``letter`` where we
    sent it, ``noted_at`` where it was written down later; of MESSAGE_FAILED: ``letter``; of CARRIER_CONTACTED
    and CARRIER_ANSWERED: ``means``; of ASSIGNED: ``to``; of SNOOZED: ``until``; of RESOLVED: ``verdict`` (a Verdict); of REOPENED:
    ``promise_by``, ``reship`` (the kind of the trouble) where it is about a parcel sent again; of STEP_MISSED: ``step``, ``due``; of ESCALATED: ``rung``, ``to`` (ids of people), ``silent``; of MEMBER_JOINED:
    ``incident``, its id; of PROOF_ADDED: ``file`` (a row of store/files) and ``kind``; of HANDOVER_OFFERED: ``handover`` (its id),
    ``from``, ``to``, ``due_at``; of the other steps of a handover, and of the ASSIGNED that a confirmation brings: ``handover``.
    """

    event: CaseEvent
    at: datetime
    by: str | None = None
    channel: str = ""
    words: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def verdict_of(fact: CaseFact) -> Verdict:
    """What a RESOLVED fact says: solved, unless it says that there was nothing to solve."""
    false_alarm = Verdict.FALSE_ALARM.value == fact.data.get("verdict") or fact.words == FALSE_ALARM_WORDS
    return Verdict.FALSE_ALARM if false_alarm else Verdict.SOLVED


def next_date(fact: CaseFact) -> datetime | None:
    """The date of the next step that a customer was given; None where there is none, or none that lies ahead."""
    if fact.data.get("told") != Told.NEXT_STEP:
        return None
    try:
        at = datetime.fromisoformat(str(fact.data.get("next_at")))
    except ValueError:
        return None
    return at if at.tzinfo and at > fact.at else None


def is_about_reship(fact: CaseFact) -> bool:
    """Whether a case is opened again because what was sent again is in trouble: that gives a new promise, closed or not."""
    return bool(fact.data.get("reship"))


def letter_of(fact: CaseFact) -> str:
    """The id of the message by which a customer was told, or wasn't reached; "" where it was no message of ours."""
    return str(fact.data.get("letter") or "")


def is_word(fact: CaseFact) -> bool:
    """Whether a person told the customer anything."""
    return fact.event is CaseEvent.CUSTOMER_TOLD and fact.by is not None


def is_answer(fact: CaseFact) -> bool:
    """Whether a person gave the customer what keeps a promise: an outcome, or a next step with its date."""
    return is_word(fact) and (fact.data.get("told") == Told.OUTCOME or next_date(fact) is not None)


@dataclass(frozen=True, slots=True)
class CaseState:
    """What a case's facts amount to. ``next_at``: the date that the customer was given for the next step, until the next
    word. ``is_over``: it cleared itself, or was no trouble at all.
    """

    status: CaseStatus
    opened_at: datetime
    promises: Promises = ()
    next_at: datetime | None = None
    owner: str | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    warned: bool = False
    is_over: bool = False
    closed_at: datetime | None = None
    close_reason: str = ""

    @property
    def promise_by(self) -> datetime | None:
        shown = promise.current(self.promises)
        return shown.promise_by if shown else None

    @property
    def told_at(self) -> datetime | None:
        """When a person gave an outcome or a dated next step since the case was opened, or opened again."""
        return self.promises[-1].told_at if self.promises else None

    @property
    def breached(self) -> bool:
        """Whether time ran out for a promise since the case was opened, or opened again."""
        return any(p.outcome is Outcome.BREACHED and p.promise_by > self.opened_at for p in self.promises)

    @property
    def owes_word(self) -> bool:
        """Whether the customer waits for a person's word, the case resolved or not."""
        if self.is_over:
            return False
        waits = bool(promise.running(self.promises)) or (bool(self.promises) and self.promises[-1].is_owed)
        return waits or self.next_at is not None


def fold_case(facts: Sequence[CaseFact]) -> CaseState:
    """Replay a case's facts in the order in which they were written.

    Raises RuleError if the first isn't OPENED: such a history is damaged.
    """
    if not facts or facts[0].event is not CaseEvent.OPENED:
        raise RuleError("a case's history must begin with `opened`")
    return advanced(_opened(facts[0], ()), facts[1:])


def advanced(state: CaseState, facts: Sequence[CaseFact]) -> CaseState:
    """A state with what was written since."""
    for fact in facts:
        state = _advance(state, fact)
    return state


def _opened(fact: CaseFact, before: Promises) -> CaseState:
    promise_by = fact.data.get("promise_by")
    promises = promise.given(before, fact.at, datetime.fromisoformat(promise_by)) if promise_by else before
    return CaseState(CaseStatus.OPEN, fact.at, promises, owner=fact.data.get("owner"))


UNFELT = frozenset(
    {CaseEvent.COMMENTED, CaseEvent.SNOOZED, CaseEvent.EVIDENCE_ADDED, CaseEvent.MEMBER_JOINED, CaseEvent.STEP_MISSED,
     CaseEvent.ESCALATED, CaseEvent.CUSTOMER_SAID, CaseEvent.CARRIER_ANSWERED}
)  # fmt: skip
"""Events that are kept and change nothing of a case's state."""


def is_felt(facts: Iterable[CaseFact]) -> bool:
    """Whether any of them may change a case's state."""
    return any(fact.event not in UNFELT for fact in facts)


def _advance(state: CaseState, fact: CaseFact) -> CaseState:
    if fact.event in UNFELT:
        return state
    if fact.event is CaseEvent.REOPENED and (state.status in CLOSED or is_about_reship(fact)):
        return _opened(fact, state.promises)
    status = step(state.status, fact.event)
    took = fact.event in ANSWERS and state.acknowledged_by is None and fact.by is not None
    closed_now = status in CLOSED and state.status not in CLOSED
    failed = fact.event is CaseEvent.MESSAGE_FAILED
    over_now = closed_now and _is_end_of_trouble(fact)
    return replace(
        state,
        status=status,
        promises=_failed(state, fact) if failed else _promises(state.promises, fact, is_over=over_now),
        next_at=None if over_now else _next_at(state, fact),
        owner=_owner(state, fact),
        acknowledged_by=fact.by if took else state.acknowledged_by,
        acknowledged_at=fact.at if took else state.acknowledged_at,
        warned=state.warned or fact.event is CaseEvent.WARNED,
        is_over=state.is_over or over_now,
        closed_at=fact.at if closed_now else state.closed_at,
        close_reason=(fact.words or fact.event.value) if closed_now else state.close_reason,
    )


def _next_at(state: CaseState, fact: CaseFact) -> datetime | None:
    """The date that the customer knows of."""
    if is_answer(fact):
        return next_date(fact)
    failed = letter_of(fact) if fact.event is CaseEvent.MESSAGE_FAILED else ""
    return None if failed and any(p.letter == failed for p in state.promises) else state.next_at


def _is_end_of_trouble(fact: CaseFact) -> bool:
    return fact.event is CaseEvent.CLEARED or verdict_of(fact) is Verdict.FALSE_ALARM


def _promises(promises: Promises, fact: CaseFact, *, is_over: bool) -> Promises:
    if is_over:
        return promise.voided(promises, fact.at)
    if is_answer(fact):
        return promise.told(promises, fact.at, letter_of(fact))
    return promise.ran_out(promises, fact.at) if fact.event is CaseEvent.BREACHED else promises


def _failed(state: CaseState, fact: CaseFact) -> Promises:
    """A word never arrived. Where the trouble was over by itself before that came out, it decides as it would have then."""
    if state.is_over and state.closed_at is not None:
        return promise.voided(promise.untold(state.promises, letter_of(fact), state.closed_at), state.closed_at)
    return promise.untold(state.promises, letter_of(fact), fact.at)


def _owner(state: CaseState, fact: CaseFact) -> str | None:
    if fact.event is CaseEvent.ASSIGNED:
        return fact.data.get("to")
    if fact.event is CaseEvent.ACKNOWLEDGED and state.owner is None:
        return fact.by
    return state.owner


PROMISE = timedelta(hours=24)
"""What the customer is promised from the moment when a case opens (the user's documents: 24 h, at most 48 h)."""


def promise_by(opened_at: datetime, length: timedelta = PROMISE) -> datetime:
    """Elapsed hours, whatever the clocks on the wall do: the sum is taken in UTC."""
    if opened_at.tzinfo is None:
        raise RuleError("opened_at needs a time zone: pass an aware datetime")
    return opened_at.astimezone(UTC) + length
