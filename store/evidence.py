"""What was written, as plain rows for checkers that know nothing of this code: a simulation judges a house by them."""

from typing import Any

from store.base import Db
from store.tables import from_json, maybe_from_seconds

Rows = list[tuple[Any, ...]]


def cases(db: Db) -> Rows:
    """(kind, subject type, subject id, first opened, closed, id, incident id, liable party) of every case."""
    return _rows(
        db,
        "SELECT c.kind, c.subject_type, c.subject_id, min(f.at), c.closed_at, CAST(c.id AS TEXT),"
        " coalesce(CAST(c.incident_id AS TEXT), ''), coalesce(min(json_extract(f.data, '$.party')), '') FROM cases c"
        " JOIN fact f ON f.subject_type = 'case' AND f.subject_id = CAST(c.id AS TEXT) AND f.event = 'opened'"
        " GROUP BY c.id ORDER BY c.id",
        times=(3, 4),
    )


def deeds(db: Db) -> Rows:
    """(case id, event, at, by, whether a person told the customer an outcome or a date) of every fact of a case."""
    found = _rows(
        db,
        "SELECT subject_id, event, at, coalesce(by, ''), data FROM fact WHERE subject_type = 'case' ORDER BY id",
        times=(2,),
    )
    return [
        (*row[:4], row[1] == "customer_told" and from_json(row[4]).get("told") in {"outcome", "next_step"})
        for row in found
    ]


def stops(db: Db) -> Rows:
    """(id, route, return, status, since when it is on its route, ended) of every stop: a running day's plan may have added it."""
    return _rows(
        db,
        "SELECT s.id, s.route_id, s.return_ref, s.status, coalesce((SELECT max(f.at) FROM fact f WHERE f.subject_type = 'return'"
        " AND f.subject_id = s.return_ref AND f.event = 'planned' AND json_extract(f.data, '$.stop') = s.id), r.dispatched_at),"
        " s.ended_at FROM stop s JOIN route r ON r.id = s.route_id ORDER BY s.id",
        times=(4, 5),
    )


def payments(db: Db) -> Rows:
    """(order, item, kind, cents, approval, id, return, written) of every instruction."""
    return _rows(
        db,
        "SELECT order_ref, item, kind, amount_cents, approval, id, coalesce(return_ref, ''), written_at FROM instruction ORDER BY id",
        times=(7,),
    )


def checkins(db: Db) -> Rows:
    """(return, order, scanned in, decided, decision) of what came to the warehouse."""
    return _rows(
        db,
        "SELECT c.return_ref, r.order_ref, c.checked_in_at, c.decided_at, c.decision FROM checkin c"
        " JOIN returns r ON r.ref = c.return_ref ORDER BY c.return_ref",
        times=(2, 3),
    )


def letters(db: Db) -> Rows:
    """(id, channel, kind, reason, subject type, subject id, due, sent, given up, id at the far side) of the outbox."""
    return _rows(
        db,
        "SELECT id, channel, kind, reason, subject_type, subject_id, due_at, sent_at, dead_at IS NOT NULL, remote_id"
        " FROM outbox ORDER BY id",
        times=(6, 7),
    )


def numbers(db: Db) -> dict[str, tuple[str, str]]:
    """The tracking number of each shipment id, and the source that is asked about it."""
    return {str(row[0]): (row[1], row[2]) for row in db.exec_driver_sql("SELECT id, number, source FROM shipment")}


def stand_ins(db: Db) -> dict[str, frozenset[str]]:
    """By tracking number, all the sources that are asked about it, the first or in its stead."""
    found: dict[str, set[str]] = {}
    for number, source in db.exec_driver_sql(
        "SELECT s.number, a.source FROM asking a JOIN shipment s ON s.id = a.shipment_id"
    ):
        found.setdefault(number, set()).add(source)
    return {number: frozenset(sources) for number, sources in found.items()}


TABLES = ("orders", "shipment", "scan", "cases", "returns", "route", "stop", "instruction", "outbox")


def counts(db: Db) -> dict[str, int]:
    """How many rows the large tables have."""
    return {t: int(db.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar_one()) for t in TABLES}


def _rows(db: Db, sql: str, times: tuple[int, ...] = ()) -> Rows:
    return [
        tuple(maybe_from_seconds(v) if n in times else v for n, v in enumerate(row)) for row in db.exec_driver_sql(sql)
    ]
