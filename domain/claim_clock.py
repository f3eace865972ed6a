"""The clocks of a claim: its window opens, its last day comes near, the carrier's answer is due. Each is said once."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from domain.claim import Claim, ClaimEvent, ClaimFact, ClaimState

REMIND_DAYS = (14, 7, 3, 1)
"""How many days before a last day somebody is reminded, where the policy says nothing else."""
WAITS_FOR_ANSWER = frozenset({ClaimState.FILED, ClaimState.APPEALED})
MAY_BE_APPEALED = frozenset({ClaimState.DENIED, ClaimState.PARTLY})


def due_now(claim: Claim, *, now: datetime, days: Sequence[int] = REMIND_DAYS) -> list[ClaimFact]:
    """What the claim's clocks say at ``now``; after downtime the overdue reminders are one."""
    said = []
    if claim.state is ClaimState.DRAFT:
        said = _of_a_draft(claim, now, days)
    elif claim.state in WAITS_FOR_ANSWER and claim.answer_by and now >= claim.answer_by and not claim.overdue:
        said = [ClaimFact(ClaimEvent.ANSWER_OVERDUE, now, data={"answer_by": claim.answer_by.isoformat()})]
    elif claim.state in MAY_BE_APPEALED and claim.appeal_by and now < claim.appeal_by:
        said = _reminder(claim, "appeal", claim.appeal_by, now, days)
    return said


def _of_a_draft(claim: Claim, now: datetime, days: Sequence[int]) -> list[ClaimFact]:
    if claim.last_at and now >= claim.last_at:
        data = {"last_at": claim.last_at.isoformat()}
        return [] if claim.lapsed else [ClaimFact(ClaimEvent.LAPSED, now, data=data)]
    opens = claim.opens_at is not None and claim.opened_at < claim.opens_at <= now and not claim.window_said
    said = [ClaimFact(ClaimEvent.WINDOW_OPENED, now)] if opens else []
    if claim.file_by:
        said += _reminder(claim, "file", claim.file_by, now, (0,))
    return said + (_reminder(claim, "last", claim.last_at, now, days) if claim.last_at else [])


def _reminder(claim: Claim, what: str, end: datetime, now: datetime, days: Sequence[int]) -> list[ClaimFact]:
    keys = [f"{what}:{day}" for day in days if now >= end - timedelta(days=day)]
    fresh = [key for key in keys if key not in claim.reminded]
    left = {"until": end.isoformat(), "what": what, "keys": fresh}
    return [ClaimFact(ClaimEvent.REMINDED, now, data=left)] if fresh else []


def next_at(claim: Claim, *, now: datetime, days: Sequence[int] = REMIND_DAYS) -> datetime | None:
    """When to look at the claim's clocks again, once everything that is due at ``now`` was said; None: never by itself."""
    return min((at for at in _moments(claim, days) if at > now), default=None)


def _moments(claim: Claim, days: Sequence[int]) -> Iterator[datetime]:
    if claim.state is ClaimState.DRAFT:
        yield from (at for at in (claim.opens_at, claim.file_by, claim.last_at) if at)
        yield from (claim.last_at - timedelta(days=day) for day in days if claim.last_at)
    elif claim.state in WAITS_FOR_ANSWER and claim.answer_by:
        yield claim.answer_by
    elif claim.state in MAY_BE_APPEALED and claim.appeal_by:
        yield claim.appeal_by
        yield from (claim.appeal_by - timedelta(days=day) for day in days)


def deadline(claim: Claim) -> datetime | None:
    """What a queue is sorted by: when a draft is to be filed, an appeal made, or the carrier's answer is due."""
    if claim.state is ClaimState.DRAFT:
        return min((at for at in (claim.file_by, claim.last_at) if at), default=None)
    if claim.state in WAITS_FOR_ANSWER:
        return claim.answer_by
    return claim.appeal_by if claim.state in MAY_BE_APPEALED else None
