"""Cases that people open: of a type from the table, on an order, a parcel or a return. What a person opened, a person closes."""

from datetime import datetime
from typing import Any

from config.policies import DetectionPolicy
from domain.case import CaseEvent, CaseFact, Finding, Severity, Subject
from domain.case_types import CaseType, Rank
from domain.words import Words
from monitor import alerts, look
from store import cases
from store.base import Db


def open_by_hand(
    db: Db,
    about: Subject,
    of: CaseType,
    text: str,
    policy: DetectionPolicy,
    *,
    order_ref: str | None,
    now: datetime,
    by: str | None,
    channel: str,
) -> tuple[int, bool]:
    """Open a case; where one of its kind is open about the same thing, what is said is added to it. Returns its id and
    whether it is new.
    """
    already = [case for case in cases.open_for(db, about) if case.kind is of.kind]
    if already:
        said = CaseFact(CaseEvent.CUSTOMER_SAID, now, by, channel, text, {"type": of.id})
        alerts.say(db, cases.add(db, already[0].id, said), said.event.value, now=now)
        return already[0].id, False
    found = Finding(
        kind=of.kind,
        subject=about,
        since=now,
        evidence=(Words("evidence.by_hand", {"text": text}) if text else Words("evidence.by_hand_silent", {}),),
        severity=Severity.URGENT if of.rank is Rank.DISPUTE else Severity.WARN,
        next_step=Words(f"next.{of.kind.value}", {}),
    )
    case_id = look.open_and_say(
        db, found, policy, now=now, order_ref=order_ref, by=by, channel=channel, words=text, handling=of.handling,
        more=said_of(of, rank=of.rank),
    )  # fmt: skip
    return case_id, True


def said_of(of: CaseType, *, rank: Rank) -> dict[str, Any]:
    """What the first fact keeps of the type: the table may change later, the case stays as it was opened."""
    return {"type": of.id, "party": of.party.value, "rank": rank.value}
