"""Evidence on a case: photos, papers, a pasted chat. Kept as files, each with a fact that says who added it."""

from collections.abc import Sequence
from datetime import datetime

from domain.case import CaseEvent, CaseFact
from domain.words import Words
from monitor.acts import Refused, do, refusal_of
from store import files
from store.base import Db
from store.files import FileRow

CHANNEL = "console"


def add(
    db: Db, case_id: int, *, photos: Sequence[bytes] = (), excerpt: str = "", by: str, now: datetime
) -> Words | None:
    """Add all of it or nothing; returns why not, None where it was done. Raises RuleError where a file isn't taken."""
    fact = CaseFact(CaseEvent.PROOF_ADDED, now, by, CHANNEL)
    refusal = refusal_of(db, case_id, fact)
    if refusal:
        return refusal
    whose = {"subject_type": "case", "subject_id": str(case_id), "by": by, "at": now}
    kept = [files.add(db, data, **whose) for data in photos]  # type: ignore[arg-type]
    if excerpt.strip():
        kept.append(files.add_text(db, excerpt, **whose))  # type: ignore[arg-type]
    return Words("refused.no_proof", {}) if not kept else _on_record(db, case_id, kept, by, now)


def _on_record(db: Db, case_id: int, kept: Sequence[FileRow], by: str, now: datetime) -> Words | None:
    for row in kept:
        data = {"file": row.id, "kind": row.kind.value}
        fact = CaseFact(CaseEvent.PROOF_ADDED, now, by, CHANNEL, data=data)
        outcome = do(db, case_id, fact, key=f"proof/{case_id}/{row.id}")
        if isinstance(outcome, Refused):
            return outcome.why
    return None
