"""Returns at the warehouse: scanned in, looked at, decided; and the carriers' parcels that bring them. Facts of the return."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from domain.checkin import Look
from domain.returns import Return, ReturnItem
from store import facts, returns, tables, warehouse_tables
from store.base import Db
from store.facts import FactRow
from store.tables import iso_of, table

_checkin, _back = table(warehouse_tables.Checkin), table(warehouse_tables.ReturnParcel)
_return, _shipment = table(tables.Return), table(tables.Shipment)
CHECKED_IN, UNDONE, INSPECTED = "checked_in", "checkin_undone", "inspected"
HANDED, SCANNED = "handed_to_carrier", "carrier_scanned"


@dataclass(frozen=True, slots=True)
class Checkin:
    """A return at the warehouse. ``decision`` None: it waits to be looked at."""

    return_ref: str
    checked_in_at: datetime
    checked_in_by: str | None
    decided_at: datetime | None = None
    decided_by: str | None = None
    decision: Look | None = None
    accepted: tuple[ReturnItem, ...] = ()


def record(db: Db, ref: str, fact: FactRow) -> None:
    """Append to the return's history and write the row that it amounts to."""
    facts.append(db, [fact])
    row = projected(facts.history(db, "return", ref))
    db.execute(_checkin.delete().where(_checkin.c.return_ref == ref))
    if row is not None:
        db.execute(_checkin.insert().values(return_ref=ref, **row))
    if values := corrected(fact.data):
        db.execute(_return.update().where(_return.c.ref == ref).values(**values))


def projected(history: Sequence[FactRow]) -> dict[str, Any] | None:
    """The row of a return's check-in by its history; None where its goods aren't there."""
    row: dict[str, Any] | None = None
    for fact in history:
        if fact.event == CHECKED_IN:
            row = {
                "checked_in_at": fact.at, "checked_in_by": fact.by, "decided_at": None, "decided_by": None,
                "decision": "", "accepted": [],
            }  # fmt: skip
        elif fact.event == UNDONE:
            row = None
        elif fact.event == INSPECTED and row is not None:
            row |= {"decided_at": fact.at, "decided_by": fact.by, "decision": fact.data["decision"]}
            row["accepted"] = fact.data["accepted"]
    return row


def corrected(data: dict[str, Any]) -> dict[str, Any]:
    """What an inspection corrects of a return's columns: fewer pieces came back than were said to be collected."""
    return dict(data.get("corrects", {}))


def find(db: Db, ref: str) -> Checkin | None:
    row = db.execute(select(_checkin).where(_checkin.c.return_ref == ref)).one_or_none()
    return _of(row) if row else None


def _of(row: Any) -> Checkin:
    return Checkin(
        row.return_ref, row.checked_in_at, row.checked_in_by, row.decided_at, row.decided_by,
        Look(row.decision) if row.decision else None, tuple(ReturnItem(i["sku"], i["qty"]) for i in row.accepted),
    )  # fmt: skip


def waiting(db: Db, *, limit: int = 200) -> list[Checkin]:
    """Checked in and not decided, the longest waiting first."""
    rows = db.execute(
        select(_checkin)
        .where(_checkin.c.decided_at.is_(None))
        .order_by(_checkin.c.checked_in_at, _checkin.c.return_ref)
        .limit(limit)
    )
    return [_of(row) for row in rows]


def decided(db: Db, *, since: datetime, limit: int = 200) -> list[Checkin]:
    """Decided since, the newest first."""
    rows = db.execute(
        select(_checkin)
        .where(_checkin.c.decided_at >= since)
        .order_by(_checkin.c.decided_at.desc(), _checkin.c.return_ref)
        .limit(limit)
    )
    return [_of(row) for row in rows]


def decided_of_all(db: Db) -> dict[str, bool]:
    """Every return that was scanned in, and whether it is decided."""
    return {ref: at is not None for ref, at in db.execute(select(_checkin.c.return_ref, _checkin.c.decided_at))}


@dataclass(frozen=True, slots=True)
class Expected:
    """A return whose goods are on their way here; ``at``: when its route comes back, None where a carrier brings it."""

    value: Return
    at: datetime | None


def expected(db: Db, *, until: datetime, limit: int = 200) -> list[Expected]:
    """Fetched or handed to a carrier, due until then and not scanned in, those that are due first."""
    rows = db.exec_driver_sql(
        "SELECT ref, due FROM (SELECT r.ref, max(t.return_at) AS due FROM returns r JOIN stop s ON s.return_ref = r.ref"
        " JOIN route t ON t.id = s.route_id WHERE s.status IN ('collected', 'partly_collected') AND t.return_at <= ?"
        " AND NOT EXISTS (SELECT 1 FROM checkin c WHERE c.return_ref = r.ref) GROUP BY r.ref"
        " UNION ALL SELECT r.ref, NULL FROM returns r WHERE (r.status = 'by_carrier'"
        "  OR EXISTS (SELECT 1 FROM return_parcel b WHERE b.return_ref = r.ref))"
        " AND NOT EXISTS (SELECT 1 FROM stop s WHERE s.return_ref = r.ref AND s.status IN ('collected', 'partly_collected'))"
        " AND NOT EXISTS (SELECT 1 FROM checkin c WHERE c.return_ref = r.ref)) coming ORDER BY due IS NULL, due, ref LIMIT ?",
        (int(until.timestamp()), limit),
    ).all()
    found = [(returns.find(db, ref), due) for ref, due in rows]
    return [Expected(value, tables.maybe_from_seconds(due)) for value, due in found if value is not None]


def named(db: Db, said: str) -> list[Return]:
    """Returns that a scanned text means: by their own number, their handover code, or a parcel's number that brings them."""
    by_number = (
        select(_back.c.return_ref)
        .join(_shipment, _shipment.c.id == _back.c.shipment_id)
        .where(_shipment.c.number == said)
    )
    for condition in (_return.c.ref == said, _return.c.ref.in_(by_number), _return.c.code == said):
        rows = db.execute(select(_return).where(condition).order_by(_return.c.requested_at.desc()).limit(20)).all()
        if rows:
            return [returns.return_of(row) for row in rows]
    return []


# --- the way back by carrier ---------------------------------------------------------------------------------------


def bring(db: Db, ref: str, shipment_id: int, *, now: datetime, by: str | None, channel: str) -> bool:
    """A carrier brings a return's goods in this parcel; False where the parcel is another return's, or this one's already."""
    if db.execute(select(_back.c.return_ref).where(_back.c.shipment_id == shipment_id)).one_or_none():
        return False
    row = db.execute(select(_shipment.c.carrier, _shipment.c.number).where(_shipment.c.id == shipment_id)).one()
    data = {"carrier": row.carrier, "number": row.number}
    facts.append(db, [FactRow("return", ref, HANDED, now, by, channel, data=data)])
    db.execute(_back.insert().values(shipment_id=shipment_id, return_ref=ref))
    return True


@dataclass(frozen=True, slots=True)
class Scanned:
    """A parcel on its way back that a carrier had in hand at ``at``, and nobody acted on that yet."""

    ref: str
    shipment_id: int
    carrier: str
    number: str
    at: datetime


def scanned(db: Db, *, now: datetime, limit: int) -> list[Scanned]:
    """Parcels of returns whose first physical scan is new: a label that was printed isn't one."""
    rows = db.exec_driver_sql(
        "SELECT b.return_ref, b.shipment_id, s.carrier, s.number, (SELECT min(e.at) FROM parcel p JOIN scan e ON e.parcel_id = p.id"
        "  JOIN phrase h ON h.id = e.phrase_id WHERE p.shipment_id = s.id AND h.physical AND e.at <= ?) AS first,"
        " (SELECT min(p.last_physical_at) FROM parcel p WHERE p.shipment_id = s.id) AS known"
        " FROM return_parcel b JOIN shipment s ON s.id = b.shipment_id WHERE b.scanned_at IS NULL AND EXISTS"
        " (SELECT 1 FROM parcel p WHERE p.shipment_id = s.id AND p.last_physical_at IS NOT NULL) ORDER BY b.shipment_id LIMIT ?",
        (int(now.timestamp()), limit),
    )
    return [
        Scanned(row[0], row[1], row[2], row[3], tables.from_seconds(row[4] if row[4] is not None else row[5]))
        for row in rows
    ]


def note_scan(db: Db, one: Scanned, *, now: datetime) -> None:
    """Say in the return's history that a carrier has its goods, once."""
    data = {"carrier": one.carrier, "number": one.number, "scanned_at": iso_of(one.at)}
    facts.append(db, [FactRow("return", one.ref, SCANNED, now, None, "carrier", data=data)])
    db.execute(_back.update().where(_back.c.shipment_id == one.shipment_id).values(scanned_at=one.at))


def parcels_of(db: Db, ref: str) -> list[int]:
    """The shipments that bring a return's goods, in the order in which they were handed over."""
    rows = db.execute(select(_back.c.shipment_id).where(_back.c.return_ref == ref).order_by(_back.c.shipment_id))
    return [row[0] for row in rows]


def rebuilt_parcels(history: Sequence[FactRow]) -> dict[tuple[str, str], datetime | None]:
    """By (carrier, number) when each was first scanned, by a return's history."""
    found: dict[tuple[str, str], datetime | None] = {}
    for fact in history:
        if fact.event in {HANDED, SCANNED}:
            at = fact.data.get("scanned_at")
            found[fact.data["carrier"], fact.data["number"]] = datetime.fromisoformat(at) if at else None
    return found
