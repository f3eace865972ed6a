"""What the desk's own people put around a case: its evidence, and a handover that waits."""

from dataclasses import dataclass

from config.policies.case_types import Types
from domain.case import CaseEvent
from store import cases, files, handovers
from store.base import Db
from store.files import FileRow
from store.handovers import Item


@dataclass(frozen=True, slots=True)
class CaseParts:
    """``waits``: the handover that nobody has confirmed yet; ``party``: who answers for it, by its type."""

    files: list[FileRow]
    waits: Item | None
    party: str = ""


def case_parts(db: Db, case_id: int) -> CaseParts:
    history = cases.history_of(db, case_id)
    party = next((str(f.data.get("party", "")) for f in history if f.event is CaseEvent.OPENED), "")
    waits = handovers.waiting_cases(db, [case_id]).get(case_id)
    return CaseParts(files.of_subject(db, "case", str(case_id)), waits, party)


def type_name(types: Types, type_id: str, lang: str) -> str:
    """What a type is called; one that is no longer in the table, by its id."""
    known = types.get(type_id)
    return known.names[lang] if known else type_id
