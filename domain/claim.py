"""Claims: what we ask of the carrier afterwards, once the customer has been made whole. Words, transitions, the fold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.errors import RuleError


class ClaimReason(StrEnum):
    """What the carrier is held liable for."""

    LOST = "lost"
    DAMAGED = "damaged"
    MISSING_CONTENTS = "missing_contents"
    MISDELIVERED = "misdelivered"
    DELAY = "delay"


class ClaimState(StrEnum):
    DRAFT = "draft"
    FILED = "filed"
    REPLIED = "replied"
    PAID = "paid"
    PARTLY = "partly"
    DENIED = "denied"
    APPEALED = "appealed"
    WRITTEN_OFF = "written_off"


class ClaimEvent(StrEnum):
    """What can happen to a claim. OPENED begins it; the events outside NEXT change no state and are still kept.
    LAPSED: nobody filed it by its last day; it is counted for as long as the claim is kept.
    """

    OPENED = "opened"
    DATED = "dated"
    VALUED = "valued"
    EVIDENCE_ADDED = "evidence_added"
    COMMENTED = "commented"
    WINDOW_OPENED = "window_opened"
    REMINDED = "reminded"
    LAPSED = "lapsed"
    FILED = "filed"
    REPLIED = "replied"
    ANSWER_OVERDUE = "answer_overdue"
    PAID = "paid"
    PARTLY_PAID = "partly_paid"
    DENIED = "denied"
    APPEALED = "appealed"
    WRITTEN_OFF = "written_off"
    REOPENED = "reopened"
    EXPORTED = "exported"


S, E = ClaimState, ClaimEvent

LIVE = (S.DRAFT, S.FILED, S.REPLIED, S.PARTLY, S.DENIED, S.APPEALED)
"""States in which something can still be done."""
CLOSED = frozenset({S.PAID, S.WRITTEN_OFF})
AT_THE_CARRIER = (S.FILED, S.REPLIED, S.PARTLY, S.DENIED, S.APPEALED)

NEXT: dict[tuple[ClaimState, ClaimEvent], ClaimState] = {
    **{(state, E.FILED): S.FILED for state in (S.DRAFT, S.REPLIED, S.WRITTEN_OFF)},
    **{(state, E.REPLIED): S.REPLIED for state in (S.FILED, S.APPEALED)},
    **{(state, E.PAID): S.PAID for state in AT_THE_CARRIER},
    **{(state, E.PARTLY_PAID): S.PARTLY for state in AT_THE_CARRIER},
    **{(state, E.DENIED): S.DENIED for state in (S.FILED, S.REPLIED, S.APPEALED)},
    **{
        (state, E.APPEALED): S.APPEALED for state in AT_THE_CARRIER
    },  # also before an answer: a late one may be appealed
    **{(state, E.WRITTEN_OFF): S.WRITTEN_OFF for state in LIVE},
    (S.DRAFT, E.LAPSED): S.WRITTEN_OFF,
    (S.WRITTEN_OFF, E.REOPENED): S.DRAFT,
}
"""The claim transition table. A missing pair changes nothing. What was written off may be taken up again, what was paid not."""

PEOPLES = (E.FILED, E.REPLIED, E.PAID, E.PARTLY_PAID, E.DENIED, E.APPEALED, E.WRITTEN_OFF, E.REOPENED)
"""What only people do, in the order in which a page offers it."""


class EvidenceItem(StrEnum):
    """What a carrier may want to see."""

    TRACKING_HISTORY = "tracking_history"
    PROMISE = "promise"
    PROOF_OF_VALUE = "proof_of_value"
    CONTACT_LOG = "contact_log"
    STATEMENT_OF_NON_RECEIPT = "statement_of_non_receipt"
    PHOTOS = "photos"
    LABEL_PHOTO = "label_photo"
    PACKING_PHOTOS = "packing_photos"
    UNBOXING_VIDEO = "unboxing_video"
    WEIGHT_RECORD = "weight_record"
    DELIVERY_PHOTO = "delivery_photo"
    CONSENT_RECORD = "consent_record"
    DAMAGE_REPORT = "damage_report"


def step(state: ClaimState, event: ClaimEvent) -> ClaimState:
    return NEXT.get((state, event), state)


def ways_on(state: ClaimState) -> tuple[ClaimEvent, ...]:
    """What a person can do with a claim in this state."""
    return tuple(event for event in PEOPLES if (state, event) in NEXT)


@dataclass(frozen=True, slots=True)
class ClaimFact:
    """One append-only entry of a claim's history. ``by`` is a person's id, or None for the daemon itself. ``data`` of OPENED:
    what the claim is about and ``dates``; of DATED: ``dates``; of VALUED and FILED: ``claimed_cents``, ``goods_cents``,
    ``freight_cents``; of FILED and APPEALED: ``reference``, ``answer_by``, ``to``; of PAID and PARTLY_PAID:
    ``amount_cents``; of PARTLY_PAID and DENIED: ``appeal_by``; of REMINDED: ``keys``; of EVIDENCE_ADDED: ``item``, ``digest``.
    """

    event: ClaimEvent
    at: datetime
    by: str | None = None
    channel: str = ""
    words: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim's facts amount to. ``parcel``: one piece's number, '' for the whole shipment. ``dates``: when its window
    opens and ends and by which rule (config.policies.claim_dates.Window), as JSON. Money in cents of ``currency``; ``goods_cents``
    is what the goods would sell for where they should have arrived, None where it isn't known. ``overdue``: the answer
    that was due at ``answer_by`` didn't come. ``lapsed``: once, nobody filed it by its last day.
    """

    state: ClaimState
    reason: ClaimReason
    shipment_id: int
    carrier: str
    number: str
    opened_at: datetime
    parcel: str = ""
    case_id: int | None = None
    order_ref: str | None = None
    currency: str = "CNY"
    dates: Mapping[str, Any] = field(default_factory=dict)
    opens_at: datetime | None = None
    last_at: datetime | None = None
    goods_cents: int | None = None
    freight_cents: int = 0
    claimed_cents: int | None = None
    recovered_cents: int = 0
    filed_at: datetime | None = None
    reference: str = ""
    answer_by: datetime | None = None
    overdue: bool = False
    appeal_by: datetime | None = None
    appealed_to: str = ""
    window_said: bool = False
    reminded: tuple[str, ...] = ()
    lapsed: bool = False
    valued: bool = False
    closed_at: datetime | None = None

    @property
    def file_by(self) -> datetime | None:
        """By when the house wants it filed, long before any last day."""
        return _at(self.dates, "file_by")

    @property
    def is_live(self) -> bool:
        return self.state not in CLOSED


def fold_claim(facts: list[ClaimFact]) -> Claim:
    """Replay a claim's facts in the order in which they were written.

    Raises RuleError if the first isn't OPENED: such a history is damaged.
    """
    if not facts or facts[0].event is not ClaimEvent.OPENED:
        raise RuleError("a claim's history must begin with `opened`")
    claim = _opened(facts[0])
    for fact in facts[1:]:
        claim = _advance(claim, fact)
    return claim


def _opened(fact: ClaimFact) -> Claim:
    data = fact.data
    claim = Claim(
        S.DRAFT,
        ClaimReason(data["reason"]),
        int(data["subject_id"]),
        data["carrier"],
        data["number"],
        fact.at,
        parcel=data.get("parcel", ""),
        case_id=data.get("case"),
        order_ref=data.get("order"),
        currency=data.get("currency", "CNY"),
    )
    return _valued(_dated(claim, fact), fact)


def _advance(claim: Claim, fact: ClaimFact) -> Claim:
    moves = (claim.state, fact.event) in NEXT
    if not moves and fact.event in PEOPLES:
        return claim  # a missing pair changes nothing, money neither
    state = step(claim.state, fact.event)
    closed_now = state in CLOSED and claim.state not in CLOSED
    closed_at = fact.at if closed_now else claim.closed_at if state in CLOSED else None
    told = TELLS.get(fact.event)
    return replace(told(claim, fact) if told else claim, state=state, closed_at=closed_at)


def _dated(claim: Claim, fact: ClaimFact) -> Claim:
    dates = fact.data.get("dates") or {}
    return replace(claim, dates=dates, opens_at=_at(dates, "opens_at"), last_at=_at(dates, "last_at"))


def _valued(claim: Claim, fact: ClaimFact) -> Claim:
    names = ("goods_cents", "freight_cents", "claimed_cents")
    told = {name: fact.data[name] for name in names if name in fact.data}
    return replace(claim, valued=claim.valued or (bool(told) and fact.by is not None), **told)


def _filed(claim: Claim, fact: ClaimFact) -> Claim:
    claim = _valued(claim, fact)
    return replace(
        claim,
        filed_at=claim.filed_at or fact.at,
        reference=fact.data.get("reference") or claim.reference,
        answer_by=_at(fact.data, "answer_by"),
        overdue=False,
    )


def _answered(claim: Claim, fact: ClaimFact) -> Claim:
    """Somebody at the carrier said something: the clock of their answer ends."""
    return replace(claim, answer_by=None, overdue=False, reference=fact.data.get("reference") or claim.reference)


def _judged(claim: Claim, fact: ClaimFact) -> Claim:
    """Money or a refusal: what came, and until when it can be appealed."""
    kept = tuple(key for key in claim.reminded if not key.startswith("appeal:"))
    paid = fact.event in {E.PAID, E.PARTLY_PAID}
    amount = max(int(fact.data.get("amount_cents") or 0), 0) if paid else 0
    return replace(
        _answered(claim, fact),
        recovered_cents=claim.recovered_cents + amount,
        appeal_by=_at(fact.data, "appeal_by"),
        reminded=kept,
    )


def _appealed(claim: Claim, fact: ClaimFact) -> Claim:
    filed = _filed(claim, fact)
    return replace(filed, appealed_to=fact.data.get("to", ""), appeal_by=None)


def _reopened(claim: Claim, fact: ClaimFact) -> Claim:
    return replace(claim, answer_by=None, overdue=False, case_id=fact.data.get("case", claim.case_id))


TELLS: Mapping[ClaimEvent, Callable[[Claim, ClaimFact], Claim]] = {
    E.DATED: _dated,
    E.VALUED: _valued,
    E.WINDOW_OPENED: lambda claim, _: replace(claim, window_said=True),
    E.REMINDED: lambda claim, fact: replace(claim, reminded=(*claim.reminded, *fact.data.get("keys", ()))),
    E.LAPSED: lambda claim, _: replace(claim, lapsed=True),
    E.FILED: _filed,
    E.REPLIED: _answered,
    E.ANSWER_OVERDUE: lambda claim, _: replace(claim, overdue=True),
    E.PAID: _judged,
    E.PARTLY_PAID: _judged,
    E.DENIED: _judged,
    E.APPEALED: _appealed,
    E.REOPENED: _reopened,
}
"""What each event tells besides the state."""


def _at(data: Mapping[str, Any], name: str) -> datetime | None:
    text = data.get(name)
    return datetime.fromisoformat(text) if text else None
