"""One timeline of everything around a case or a return: what was scanned, found, said and done, in time order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from domain.tracking import ScanEvent
from store.facts import FactRow
from store.mail import Letter
from store.reads import CasePage, ScanSeen

FAR = datetime.max.replace(tzinfo=UTC)
HIDDEN = frozenset({"evidence_added"})
"""Facts that only refresh a case's own text: they would bury what happened."""
TABLE_OF = {"case": "case_event", "return": "return_event", "claim": "claim_event"}
"""Where the names of facts are kept in config/texts; the others' are under ``ui.event``."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. ``room`` chooses icon and colour, ``key`` names its text; ``scan`` is a carrier's own report."""

    at: datetime | None
    room: str
    key: str
    by: str | None = None
    channel: str = ""
    words: str = ""
    subject: str = ""
    scan: ScanEvent | None = None
    source: str = ""
    received_at: datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def timeline(page: CasePage) -> list[Entry]:
    """Newest first; what has no readable time comes first of all, where it is seen."""
    entries = [
        *of_facts(page.facts),
        *of_facts(page.other_facts),
        *(of_letter(letter) for letter in page.letters),
        *(of_scan(seen) for seen in page.scans),
    ]
    return in_order(entries)


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    # turned round after sorting: of one moment's entries the one written last comes first
    return sorted(entries, key=lambda entry: entry.at or FAR)[::-1]


def of_facts(rows: Iterable[FactRow]) -> list[Entry]:
    return [of_fact(row) for row in rows if row.event not in HIDDEN]


def of_fact(row: FactRow) -> Entry:
    key = f"{TABLE_OF.get(row.subject_type, row.subject_type)}.{row.event}"
    return Entry(row.at, row.subject_type, key, row.by, row.channel, row.words, row.subject_id, data=row.data)


def of_letter(letter: Letter) -> Entry:
    state = "dead" if letter.dead_at else "sent" if letter.sent_at else "waiting"
    data = {"state": state, "reason": letter.reason, "attempts": letter.attempts, "error": letter.error}
    return Entry(
        letter.created_at, "letter", f"letter.{letter.kind}", channel=letter.channel, subject=letter.subject_id,
        data=data,
    )  # fmt: skip


def of_scan(seen: ScanSeen) -> Entry:
    return Entry(
        seen.event.time.at, "scan", f"milestone.{seen.event.milestone}", subject=seen.number, scan=seen.event,
        source=seen.source, received_at=seen.received_at,
    )  # fmt: skip
