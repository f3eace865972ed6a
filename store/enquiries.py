"""How open cases stand with their carriers: what is to be asked, asked again, or waits for an answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from domain.case import CaseEvent, Kind
from domain.enquiry import ABOUT_CARRIER, Enquiry, advance, normal
from store import claim_tables, tables
from store.base import Db
from store.facts import FactRow
from store.news import news, read_until
from store.tables import maybe_from_seconds, table, to_seconds

READER = "enquiries_read"
TOLD = (CaseEvent.CARRIER_CONTACTED, CaseEvent.CARRIER_ANSWERED, CaseEvent.REOPENED, CaseEvent.MESSAGE_FAILED)
IN_LIMIT = 500
_enquiry, _fact = table(claim_tables.Enquiry), table(tables.Fact)
NAMES = tuple(one.name for one in fields(Enquiry))


@dataclass(frozen=True, slots=True)
class Asked:
    """A case to ask its carrier about, with one of its numbers; ``enquiry`` None: nobody asked yet."""

    case_id: int
    kind: Kind
    opened_at: datetime
    promise_by: datetime | None
    shipment_id: int
    carrier: str
    number: str
    region: str
    destination: str
    enquiry: Enquiry | None


def catch_up(db: Db) -> int:
    """Bring the projection up to the facts; returns how many facts were new to it."""
    told = news(db, READER, [("case", event.value) for event in TOLD])
    for case_id in {int(row.subject_id) for _, row in told}:
        _save(db, case_id, told)
    return len(told)


def _save(db: Db, case_id: int, told: Sequence[tuple[int, FactRow]]) -> None:
    before = found = get(db, case_id)
    for _, row in told:
        if row.subject_id == str(case_id):
            found = advance(found, CaseEvent(row.event), row.at, row.data)
    mine = _enquiry.c.case_id == case_id
    if found is None:
        db.execute(_enquiry.delete().where(mine))
    elif before is None:
        db.execute(_enquiry.insert().values(case_id=case_id, **columns(found)))
    else:
        db.execute(_enquiry.update().where(mine).values(**columns(found)))


def columns(enquiry: Enquiry) -> dict[str, Any]:
    return {name: getattr(enquiry, name) for name in NAMES}


def get(db: Db, case_id: int) -> Enquiry | None:
    row = db.execute(select(_enquiry).where(_enquiry.c.case_id == case_id)).one_or_none()
    return _of(row) if row else None


def _of(row: Any) -> Enquiry:
    return Enquiry(**{name: getattr(row, name) for name in NAMES})


def rebuilt(db: Db) -> dict[int, Enquiry]:
    """What the facts that were read amount to, for ``doorstep check``."""
    wanted = [event.value for event in TOLD]
    rows = db.execute(
        select(_fact)
        .where(_fact.c.subject_type == "case", _fact.c.event.in_(wanted), _fact.c.id <= read_until(db, READER))
        .order_by(_fact.c.id)
    )
    found: dict[int, Enquiry | None] = {}
    for row in rows:
        case_id = int(row.subject_id)
        found[case_id] = advance(found.get(case_id), CaseEvent(row.event), row.at, row.data)
    return {case_id: one for case_id, one in found.items() if one is not None}


def stored(db: Db) -> dict[int, Enquiry]:
    return {row.case_id: _of(row) for row in db.execute(select(_enquiry))}


# --- lists ---------------------------------------------------------------------------------------------------------

_KINDS = ",".join(f"'{kind.value}'" for kind in ABOUT_CARRIER)
_ASKED = f"""
SELECT c.id, c.kind, c.opened_at, c.promise_by, s.id, s.carrier, s.number, s.region, s.destination,
       e.asked_at, e.times, e.means, e.basis, e.answer_by, e.answered_at
FROM cases c JOIN shipment s ON {{join}} LEFT JOIN enquiry e ON e.case_id = c.id
WHERE c.closed_at IS NULL AND c.subject_type = {{type}} AND c.kind IN ({_KINDS}) AND s.carrier <> '' AND {{which}}
  AND (c.kind <> 'disputed' OR NOT EXISTS (SELECT 1 FROM fact f WHERE f.subject_type = 'case'
       AND f.subject_id = CAST(c.id AS TEXT) AND f.event = 'opened' AND json_extract(f.data, '$.party') <> 'carrier'))
ORDER BY c.promise_by IS NULL, c.promise_by, c.id LIMIT ?"""
_BY_SUBJECT = (
    {"join": "s.id = CAST(c.subject_id AS INTEGER)", "type": "'shipment'"},
    {"join": "s.order_ref = c.subject_id AND s.leg = 'out'", "type": "'order'"},
)
_DUE = "(e.case_id IS NULL OR (e.answered_at IS NULL AND coalesce(e.answer_by, e.asked_at + ?) <= ?))"
_WAITING = "(e.answered_at IS NULL AND coalesce(e.answer_by, e.asked_at + ?) > ?)"
MAX_DUE = 1_000


def due(db: Db, *, now: datetime, usual: timedelta, limit: int = MAX_DUE) -> list[Asked]:
    """Whom to ask now, by promise left: not asked yet, or the answer is overdue. ``usual``: how long an answer may take
    where the fact doesn't say.
    """
    return _read(db, _DUE, (int(usual.total_seconds()), to_seconds(now)), limit)


def waiting(db: Db, *, now: datetime, usual: timedelta, limit: int = MAX_DUE) -> list[Asked]:
    """Asked, and the answer isn't due yet."""
    return _read(db, _WAITING, (int(usual.total_seconds()), to_seconds(now)), limit)


def of_numbers(db: Db, numbers: Iterable[str]) -> dict[str, list[Asked]]:
    """The open cases of these numbers (as ``normal`` writes them), a shipment's or one piece's; numbers that are known and
    have no open case have an empty list.
    """
    wanted = sorted(set(numbers))
    found: dict[str, list[Asked]] = {}
    for start in range(0, len(wanted), IN_LIMIT):
        chunk = wanted[start : start + IN_LIMIT]
        marks = ",".join("?" * len(chunk))
        rows = db.exec_driver_sql(
            f"SELECT number, id FROM shipment WHERE number IN ({marks})"
            " UNION SELECT p.number, p.shipment_id FROM cases c JOIN parcel p ON p.shipment_id = CAST(c.subject_id AS INTEGER)"
            f" WHERE c.closed_at IS NULL AND c.subject_type = 'shipment' AND p.number IN ({marks})",
            (*chunk, *chunk),
        ).all()
        shipments = {row[1] for row in rows}
        cases = _of_shipments(db, sorted(shipments))
        for number, shipment_id in rows:
            found.setdefault(normal(number), []).extend(cases.get(shipment_id, []))
    return found


def _of_shipments(db: Db, ids: Sequence[int]) -> Mapping[int, list[Asked]]:
    found: dict[int, list[Asked]] = {}
    if ids:
        which = f"s.id IN ({','.join('?' * len(ids))})"
        for one in _read(db, which, tuple(ids), len(ids) * 20):
            found.setdefault(one.shipment_id, []).append(one)
    return found


def _read(db: Db, which: str, values: tuple[Any, ...], limit: int) -> list[Asked]:
    rows = [
        row
        for subject in _BY_SUBJECT
        for row in db.exec_driver_sql(_ASKED.format(which=which, **subject), (*values, limit))
    ]
    asked = [_asked(row) for row in rows]
    return sorted(asked, key=lambda one: (one.promise_by is None, one.promise_by or one.opened_at, one.case_id))[:limit]


def _asked(row: Any) -> Asked:
    times = (maybe_from_seconds(row[2]), maybe_from_seconds(row[3]))
    assert times[0] is not None
    asked_at = maybe_from_seconds(row[9])
    enquiry = None
    if asked_at is not None:
        enquiry = Enquiry(asked_at, row[10], row[11], row[12], maybe_from_seconds(row[13]), maybe_from_seconds(row[14]))
    return Asked(row[0], Kind(row[1]), times[0], times[1], row[4], row[5], row[6], row[7], row[8], enquiry)
