"""The CSV for accounts: every instruction with its way; who takes it out of the house is on record."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from config.words import WITHOUT_CENTS, label
from domain.people import Right, may
from store import facts, money_views, people
from store.base import Db
from store.facts import FactRow
from store.ledger import PLATFORM
from store.money_views import Exported

COLUMNS = (
    "instruction", "order", "shop", "item", "qty", "kind", "amount", "currency", "cost", "case", "return",
    "proposed_by", "approved_by", "written_at", "sent_at", "confirmed_at", "origin", "why",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet reads as a formula when a cell begins with it."""
BOM = "\ufeff"
"""So that spreadsheets read it as UTF-8."""


def export(db: Db, *, by: str, lang: str, now: datetime, channel: str) -> str | None:
    """The file's text; None where this person may not take data out, which is on record as well."""
    person = people.find_person(db, by)
    allowed = person is not None and person.active and may(person.role, Right.EXPORT)
    found = list(money_views.exported(db)) if allowed else []
    event = "exported" if allowed else "refused"
    data = {"what": "money", "rows": len(found)} if allowed else {"right": Right.EXPORT.value, "path": "money.csv"}
    facts.append(db, [FactRow("person", by, event, now, by, channel, data=data)])
    return written(found, lang) if allowed else None


def written(found: Iterable[Exported], lang: str) -> str:
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow([label("ui.csv", name, lang) for name in COLUMNS])
    out.writerows([[inert(cell) for cell in cells(one, lang)] for one in found])
    return BOM + text.getvalue()


def cells(one: Exported, lang: str) -> list[str]:
    """In the order of COLUMNS; amounts in the main unit, times in UTC."""
    instruction, letter, proposal = one.line.instruction, one.line.letter, one.proposal
    approved = proposal.decided_by if proposal else instruction.approval
    return [
        instruction.id,
        instruction.order_ref,
        one.shop,
        instruction.item,
        str(instruction.qty),
        label("ui.money", f"kind_{instruction.kind}", lang),
        amount(instruction.amount_cents, instruction.currency),
        instruction.currency,
        amount(proposal.cost_cents if proposal else instruction.amount_cents, instruction.currency),
        str(instruction.case_id or ""),
        instruction.return_ref or "",
        proposal.proposed_by if proposal else "",
        "" if approved in {None, PLATFORM} else str(approved),
        moment(instruction.written_at),
        moment(letter.sent_at if letter else None),
        moment(instruction.confirmed_at),
        instruction.origin,
        instruction.why,
    ]


def amount(cents: int, currency: str) -> str:
    return str(cents) if currency in WITHOUT_CENTS else f"{cents / 100:.2f}"


def moment(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""


def inert(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: whoever named an order or a shop may have tried."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
