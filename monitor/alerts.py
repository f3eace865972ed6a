"""Alerts: letters in the outbox, each with a named reason. One message per case; later words edit it."""

from datetime import datetime

from chat.base import Alert
from chat.registry import CHATS
from domain.case import Severity
from store import mail, reads
from store.base import Db
from store.cases import CaseRow
from store.mail import Letter

CHANNEL = "console"


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
    """Write the alert of a case (its first message) or an edit of it, to be sent after the commit.

    The id is made of the case and the count of letters so far: written once per occasion, whatever happens after.
    """
    earlier = len(mail.letters_about(db, "case", str(case.id)))
    kind = "alert_edit" if earlier else "alert"
    payload = CHATS[CHANNEL].render(alert_of(db, case, reason), "")
    letter = Letter(f"case-{case.id}-{earlier}", CHANNEL, kind, reason, "case", str(case.id), payload)
    mail.post(db, [letter], now=now)
