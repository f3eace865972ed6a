"""What the risk model is learned from and asked about, and the models themselves.

Everything here reads at the driver's level: a night's learning reads months of scans. Where several sources told of a
parcel, the one that told most speaks for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select

from store import risk_tables
from store.base import Db
from store.tables import new_id, table, to_seconds
from store.tracking import chunks

_model = table(risk_tables.RiskModel)
KEPT = 30
"""Models that are kept: what an alert said can be looked up for a month."""
PHYSICAL = "coalesce(p.physical, p.milestone NOT IN ('announced', 'info', 'unmapped', 'cancelled'))"
"""Whether somebody held the parcel, as domain/parcel.is_physical."""


# --- models --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model without its body. ``why_not``: why it isn't relied on, '' where it is; ``learned``: from what."""

    id: int
    fitted_at: datetime
    version: int
    why_not: str
    learned: dict[str, Any]


def keep(db: Db, *, fitted_at: datetime, version: int, why_not: str, learned: dict[str, Any], body: bytes) -> int:
    """Keep a model as the newest one; older ones than the last KEPT are forgotten."""
    values = {"fitted_at": fitted_at, "version": version, "why_not": why_not, "learned": learned, "body": body}
    kept = new_id(db.execute(_model.insert().values(**values)))
    db.exec_driver_sql(
        "DELETE FROM risk_model WHERE id NOT IN (SELECT id FROM risk_model ORDER BY id DESC LIMIT ?)", (KEPT,)
    )
    return kept


def newest(db: Db) -> ModelRow | None:
    """The model that was fitted last."""
    columns = (_model.c.id, _model.c.fitted_at, _model.c.version, _model.c.why_not, _model.c.learned)
    row = db.execute(select(*columns).order_by(_model.c.id.desc()).limit(1)).one_or_none()
    return ModelRow(*row) if row else None


EVERY = timedelta(days=1)


def is_due(db: Db, *, now: datetime) -> bool:
    """Whether to learn anew: once a day, the first time as soon as anything is watched."""
    last = newest(db)
    if last is None:
        return db.exec_driver_sql("SELECT 1 FROM watch LIMIT 1").scalar() is not None
    return now - last.fitted_at >= EVERY


def body(db: Db, model_id: int) -> bytes:
    found: bytes = db.execute(select(_model.c.body).where(_model.c.id == model_id)).scalar_one()
    return found


# --- histories -----------------------------------------------------------------------------------------------------


class ParcelRow(NamedTuple):
    """A parcel of an outward shipment with all that its outcome is read from. Times in seconds since 1970.
    ``heard``: when a source that knows it last answered; ``ended``: why watching ended.
    """

    parcel_id: int
    shipment_id: int
    number: str
    carrier: str
    service: str
    origin: str
    destination: str
    region: str
    order_ref: str | None
    promised_at: int | None
    milestone: str | None
    reason: str | None
    delivered: str
    delivered_at: int | None
    since: int | None
    note: str
    note_at: int | None
    ended: str
    heard: int | None


PARCEL_COLUMNS = (
    "p.id, s.id, p.number, s.carrier, s.service, s.origin, s.destination, s.region, s.order_ref, s.promised_at, p.milestone,"
    " p.reason, p.delivered, p.delivered_at, p.since, coalesce(w.note, ''), w.note_at, coalesce(w.ended, ''),"
    " (SELECT max(a.polled_at) FROM asking a WHERE a.shipment_id = s.id AND a.no_data IS NULL)"
)
OUTWARD = "FROM parcel p JOIN shipment s ON s.id = p.shipment_id LEFT JOIN watch w ON w.shipment_id = s.id"


def parcels(db: Db, *, since: datetime, limit: int) -> list[ParcelRow]:
    """The outward parcels whose number came since then; of more than ``limit``, evenly chosen ones."""
    out = "s.leg = 'out' AND p.leg = 'out' AND s.created_at >= ?"
    count = db.exec_driver_sql(f"SELECT count(*) {OUTWARD} WHERE {out}", (to_seconds(since),)).scalar() or 0
    every = max(1, -(-count // limit))
    rows = db.exec_driver_sql(
        f"SELECT {PARCEL_COLUMNS} {OUTWARD} WHERE {out} AND p.id % ? = 0 ORDER BY p.id", (to_seconds(since), every)
    )
    return [ParcelRow(*row) for row in rows]


class ScanRow(NamedTuple):
    parcel_id: int
    at: int
    milestone: str
    code: str
    place: str
    physical: bool


def scans(db: Db, parcel_ids: Sequence[int]) -> Iterator[ScanRow]:
    """The parcels' dated scans, in order of parcels, then time."""
    for chunk in chunks(parcel_ids):
        rows = db.exec_driver_sql(
            f"SELECT s.parcel_id, s.at, p.milestone, coalesce(p.code, ''), coalesce(l.name, ''), {PHYSICAL}, p.source"
            " FROM scan s JOIN phrase p ON p.id = s.phrase_id LEFT JOIN place l ON l.id = s.place_id"
            f" WHERE s.at IS NOT NULL AND s.parcel_id IN ({','.join('?' * len(chunk))}) ORDER BY s.parcel_id, s.at, s.key",
            tuple(chunk),
        ).all()
        told: dict[int, dict[str, list[ScanRow]]] = {}
        for row in rows:
            told.setdefault(row[0], {}).setdefault(row[6], []).append(
                ScanRow(row[0], row[1], row[2], row[3], row[4], bool(row[5]))
            )
        for by_source in told.values():
            yield from max(by_source.values(), key=len)


def held(db: Db, parcel_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """When each parcel was first held by somebody, and how many scans say that somebody held it."""
    found: dict[int, tuple[int, int]] = {}
    for chunk in chunks(parcel_ids):
        rows = db.exec_driver_sql(
            f"SELECT s.parcel_id, p.source, sum({PHYSICAL}), min(CASE WHEN {PHYSICAL} THEN s.at END) FROM scan s"
            f" JOIN phrase p ON p.id = s.phrase_id WHERE s.parcel_id IN ({','.join('?' * len(chunk))})"
            " AND s.at IS NOT NULL GROUP BY s.parcel_id, p.source",
            tuple(chunk),
        ).all()
        for parcel_id, _, count, first in rows:
            if count and count > found.get(parcel_id, (0, 0))[1]:
                found[parcel_id] = (first, count)
    return found


def values_cents(db: Db, order_refs: Sequence[str], currency: str) -> dict[str, int]:
    """What the goods of each order cost, where they were sold in this currency and have a price."""
    found: dict[str, int] = {}
    for chunk in chunks(order_refs):
        rows = db.exec_driver_sql(
            "SELECT o.ref, sum(CAST(json_extract(i.value, '$.qty') AS INTEGER)"
            " * CAST(json_extract(i.value, '$.price_cents') AS INTEGER))"
            " FROM orders o, json_each(o.items) i WHERE o.currency = ? AND o.ref IN"
            f" ({','.join('?' * len(chunk))}) GROUP BY o.ref",
            (currency, *chunk),
        )
        found.update({ref: int(value) for ref, value in rows if value})
    return found


# --- parcels on their way ------------------------------------------------------------------------------------------


class OpenRow(NamedTuple):
    """A shipment on its way by the parcel that was silent longest, as a night's look over all of them wants it."""

    shipment_id: int
    parcel_id: int
    carrier: str
    service: str
    origin: str
    destination: str
    region: str
    order_ref: str | None
    promised_at: int | None
    milestone: str
    place: str
    held_at: int
    risk_at: int | None


SILENT = (
    "{0}.delivered <> 'yes' AND {0}.leg = 'out' AND {0}.last_physical_at IS NOT NULL AND"
    " coalesce({0}.milestone, '') NOT IN ('awaiting_collection', 'returning', 'returned', 'cancelled')"
)


def on_their_way(db: Db, *, after: int, limit: int) -> list[OpenRow]:
    """Some watched shipments that were held and not received so far, with greater ids than ``after``, in order of ids."""
    rows = db.exec_driver_sql(
        "SELECT s.id, p.id, s.carrier, s.service, s.origin, s.destination, s.region, s.order_ref, s.promised_at,"
        " coalesce(p.milestone, ''), coalesce(p.last_physical_place, ''), p.last_physical_at, w.risk_at"
        " FROM watch w JOIN shipment s ON s.id = w.shipment_id JOIN parcel p ON p.shipment_id = s.id"
        f" WHERE w.shipment_id > ? AND w.ended = '' AND w.note = '' AND s.leg = 'out' AND {SILENT.format('p')}"
        f" AND NOT EXISTS (SELECT 1 FROM parcel q WHERE q.shipment_id = p.shipment_id AND {SILENT.format('q')}"
        "  AND (q.last_physical_at, q.id) < (p.last_physical_at, p.id)) ORDER BY s.id LIMIT ?",
        (after, limit),
    )
    return [OpenRow(*row) for row in rows]
