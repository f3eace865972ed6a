"""Proving the projections: rebuilt from the facts and compared; and a digest of everything for same-seed runs."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from domain.case import CaseEvent, CaseFact, fold_case
from domain.parcel import fold
from domain.pickup import ReturnEvent, ReturnStatus
from store import bookings, cases, erasing, promises, returns, tables, tracking
from store.base import Db
from store.facts import FactRow, to_row
from store.tables import maybe_from_seconds, table, to_json

_parcel, _case, _fact = table(tables.Parcel), table(tables.Case), table(tables.Fact)
_return, _stop = table(tables.Return), table(tables.Stop)
_instruction, _outbox, _shipment = table(tables.Instruction), table(tables.Outbox), table(tables.Shipment)
_booking = table(tables.PickupBooking)
PARCELS_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored value that its facts don't amount to."""

    subject: str
    column: str
    stored: Any
    rebuilt: Any

    def __str__(self) -> str:
        return f"{self.subject}: {self.column} is {self.stored!r}, its facts amount to {self.rebuilt!r}"


def differences(db: Db, *, now: datetime) -> list[Difference]:
    """Everything stored that differs from what its facts amount to; empty where all is well."""
    integrity = db.exec_driver_sql("PRAGMA integrity_check").scalar()
    broken = [] if integrity == "ok" else [Difference("database", "integrity", integrity, "ok")]
    kept = (_cases, _returns, _stops, _bookings, _ledger, _outbox_ids, _erasures)
    return [*broken, *_parcels(db, now), *(found for look in kept for found in look(db))]


def newest(db: Db) -> datetime | None:
    """When anything was last written: a demo's time may be ahead of the clock."""
    at = db.exec_driver_sql(
        "SELECT max(at) FROM (SELECT max(at) AS at FROM fact UNION ALL SELECT max(received_at) FROM scan)"
    ).scalar()
    return maybe_from_seconds(at)


def _parcels(db: Db, now: datetime) -> Iterator[Difference]:
    rows = db.execute(select(_parcel).order_by(_parcel.c.id)).all()
    for start in range(0, len(rows), PARCELS_AT_A_TIME):
        chunk = rows[start : start + PARCELS_AT_A_TIME]
        events = tracking.events_of(db, [row.id for row in chunk])
        for row in chunk:
            at = now if row.refold_at is None or row.refold_at > now else row.refold_at - timedelta(seconds=1)
            state, rebuilt = tracking.state_of(row), fold(events[row.id], now=at)
            names = (*tracking.PARCEL_STATE, *tracking.PARCEL_TIMES)
            values = zip(names, tracking.state_values(state), tracking.state_values(rebuilt), strict=True)
            yield from (Difference(f"parcel {row.number}", *v) for v in values if v[1] != v[2])


def _cases(db: Db) -> Iterator[Difference]:
    histories, given = _histories(db, "case"), promises.all_of_them(db)
    for row in db.execute(select(_case).order_by(_case.c.id)):
        history = [
            CaseFact(CaseEvent(f.event), f.at, f.by, f.channel, f.words, f.data) for f in histories.pop(str(row.id), [])
        ]
        if not history or history[0].event is not CaseEvent.OPENED:
            yield Difference(f"case {row.id}", "history", "a case", "no `opened` at the beginning of its facts")
            continue
        rebuilt = cases.projected(history)
        yield from _compare(f"case {row.id}", row, rebuilt)
        promised = fold_case(history).promises
        if given.pop(row.id, ()) != promised:
            yield Difference(f"case {row.id}", "promises", "other rows", promised)
    yield from (Difference(f"case {case_id}", "promises", "rows", "no case") for case_id in given)
    yield from (Difference(f"case {case_id}", "row", "missing", "facts of a case") for case_id in histories)


def _returns(db: Db) -> Iterator[Difference]:
    histories = _histories(db, "return")
    for row in db.execute(select(_return).order_by(_return.c.ref)):
        history = [f for f in histories.get(row.ref, []) if f.event in OF_A_RETURN]
        if not history or history[0].event not in {ReturnEvent.REQUESTED.value, ReturnEvent.REFUSED.value}:
            yield Difference(f"return {row.ref}", "history", "a return", "no request among its facts")
            continue
        yield from _compare(f"return {row.ref}", row, rebuilt_return(history))


OF_A_RETURN = frozenset({*(event.value for event in ReturnEvent), returns.RESCHEDULED})
NOT_OF_THE_HISTORY = frozenset({"unserved_code", "unserved_reason"})


def rebuilt_return(history: list[FactRow]) -> dict[str, Any]:
    """The columns of a return that its history amounts to."""
    first = history[0].data
    columns = {k: v for k, v in first.items() if k not in NOT_OF_THE_HISTORY}
    for name in ("slot_from", "slot_to", "requested_at"):
        columns[name] = datetime.fromisoformat(first[name]) if first[name] else None
    for fact in history[1:]:
        if fact.event == returns.RESCHEDULED:
            columns |= returns.slot_columns(fact.data)
            continue
        event = ReturnEvent(fact.event)
        if returns.allowed(ReturnStatus(columns["status"]), event):
            columns = returns.advanced(columns, event, fact.data)
    return {k: v for k, v in columns.items() if k not in NOT_OF_THE_HISTORY}


def _stops(db: Db) -> Iterator[Difference]:
    outcomes: dict[str, list[FactRow]] = defaultdict(list)
    for facts in _histories(db, "return").values():
        for fact in facts:
            if fact.data.get("stop") and fact.event in set(returns.STOP_STATUS):
                outcomes[fact.data["stop"]].append(fact)
    for row in db.execute(select(_stop).order_by(_stop.c.id)):
        rebuilt: dict[str, Any] = {"status": "planned"}
        for fact in outcomes[row.id]:
            rebuilt |= returns.stop_columns(ReturnEvent(fact.event), fact.at, fact.data)
        yield from _compare(f"stop {row.id}", row, rebuilt)


def _bookings(db: Db) -> Iterator[Difference]:
    """Carriers' pickups; facts of a pickup that was only quoted, or of a parcel called back, have no row."""
    histories = _histories(db, bookings.SUBJECT)
    for row in db.execute(select(_booking).order_by(_booking.c.our_id)):
        rebuilt = bookings.projected(histories.pop(row.our_id, []))
        if not rebuilt:
            yield Difference(f"pickup {row.our_id}", "history", "a booking", "no `tried` among its facts")
        yield from _compare(f"pickup {row.our_id}", row, rebuilt)
    for our_id, history in histories.items():
        if bookings.projected(history):
            yield Difference(f"pickup {our_id}", "row", "missing", "facts of a booking")


def _ledger(db: Db) -> Iterator[Difference]:
    """What was instructed, by the log and by the ledger; and a letter for each."""
    written = {row.id: row.amount_cents for row in db.execute(select(_instruction))}
    logged = {
        f.data["id"]: f.data["amount_cents"]
        for facts in _histories(db, "order").values()
        for f in facts
        if f.event == "instructed"
    }
    if written != logged:
        only_written, only_logged = written.items() - logged.items(), logged.items() - written.items()
        yield Difference("ledger", "instructions", sorted(only_written), sorted(only_logged))
    letters = {r[0] for r in db.execute(select(_outbox.c.id).where(_outbox.c.kind == "instruction"))}
    missing = sorted({f"instruction-{i}" for i in written} - letters)
    yield from (Difference("outbox", letter, "missing", "one letter for each instruction") for letter in missing)


def _outbox_ids(db: Db) -> Iterator[Difference]:
    """Each open case has an alert."""
    letters = {r[0] for r in db.execute(select(_outbox.c.subject_id).where(_outbox.c.subject_type == "case"))}
    rows = db.execute(select(_case.c.id).where(_case.c.closed_at.is_(None)).order_by(_case.c.id))
    yield from (Difference(f"case {r.id}", "alert", "none", "one at least") for r in rows if str(r.id) not in letters)


def _erasures(db: Db) -> Iterator[Difference]:
    """Facts that were rewritten for an erased customer are as the erasure left them, and no others were."""
    yield from (Difference(subject, "words", stored, due) for subject, stored, due in erasing.faults(db))


def _compare(subject: str, row: Any, rebuilt: dict[str, Any]) -> Iterator[Difference]:
    for column, value in rebuilt.items():
        stored = getattr(row, column)
        if stored != value:
            yield Difference(subject, column, stored, value)


def _histories(db: Db, subject_type: str) -> dict[str, list[FactRow]]:
    found: dict[str, list[FactRow]] = defaultdict(list)
    for row in db.execute(select(_fact).where(_fact.c.subject_type == subject_type).order_by(_fact.c.id)):
        found[row.subject_id].append(to_row(row))
    return found


# --- digest --------------------------------------------------------------------------------------------------------


def digest(db: Db) -> str:
    """SHA-256 over the sorted canonical facts and projections, without row ids, latencies or solver times."""
    lines = sorted(_canonical(db))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _canonical(db: Db) -> Iterator[str]:
    names = _natural_names(db)
    for scan in db.exec_driver_sql(
        "SELECT s.parcel_id, s.at, s.raw, p.source, p.code, p.text, p.milestone, p.reason, l.name FROM scan s"
        " JOIN phrase p ON p.id = s.phrase_id LEFT JOIN place l ON l.id = s.place_id"
    ):
        yield to_json(["scan", names["parcel", str(scan[0])], *scan[1:]])
    for row in db.execute(select(_fact)):
        subject = names.get((row.subject_type, row.subject_id), row.subject_id)
        data = {k: v for k, v in row.data.items() if k not in {"subject_id", "case"}}
        yield to_json(
            ["fact", row.subject_type, subject, row.event, _seconds(row.at), row.by, row.channel, row.words, data]
        )
    for row in db.execute(select(_parcel)):
        state = tracking.state_values(tracking.state_of(row))
        yield to_json(["parcel", names["parcel", str(row.id)], *state])
    for row in db.execute(select(_case)):
        yield to_json(
            ["case", names["case", str(row.id)], row.status, _seconds(row.closed_at), row.owner, row.breached]
        )
    yield from _canonical_pickups(db)


def _canonical_pickups(db: Db) -> Iterator[str]:
    for row in db.execute(select(_return)):
        yield to_json(["return", row.ref, row.status, row.attempts, row.refund_cents, row.collected])
    for row in db.execute(select(_stop)):
        yield to_json(["stop", row.id, row.route_id, row.position, row.status, _seconds(row.start_at)])
    for row in db.execute(select(_booking)):
        yield to_json(
            ["booking", row.our_id, row.status, row.ref, row.number, row.charge_cents, _seconds(row.booked_at)]
        )
    for row in db.execute(select(_instruction)):
        yield to_json(["instruction", row.id, row.order_ref, row.item, row.kind, row.amount_cents, row.currency])


def _natural_names(db: Db) -> dict[tuple[str, str], str]:
    """What each row id stands for outside this database."""
    names: dict[tuple[str, str], str] = {}
    for row in db.execute(select(_shipment.c.id, _shipment.c.carrier, _shipment.c.number)):
        names["shipment", str(row.id)] = f"{row.carrier}/{row.number}"
    for row in db.execute(select(_parcel.c.id, _parcel.c.shipment_id, _parcel.c.identity)):
        names["parcel", str(row.id)] = f"{names['shipment', str(row.shipment_id)]}/{row.identity}"
    for row in db.execute(select(_case)):
        subject = names.get((row.subject_type, row.subject_id), row.subject_id)
        names["case", str(row.id)] = f"{row.kind}/{subject}/{_seconds(row.opened_at)}"
    return names


def _seconds(at: datetime | None) -> int | None:
    return int(at.timestamp()) if at else None
