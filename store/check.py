"""Proving the projections: rebuilt from the facts and compared; and a digest of everything for same-seed runs."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from domain.case import CaseEvent, CaseFact, fold_case
from domain.claim import ClaimEvent
from domain.parcel import fold
from domain.pickup import ReturnEvent, ReturnStatus
from store import (
    bookings,
    cases,
    checkins,
    claim_tables,
    claims,
    courier_chats,
    enquiries,
    erasing,
    files,
    handovers,
    incident_tables,
    incidents,
    marks,
    money_check,
    money_tables,
    positions,
    promises,
    replans,
    returns,
    tables,
    telling,
    tracking,
    warehouse_check,
)
from store.base import Db
from store.comparing import Difference, compare, histories
from store.dialect import integrity
from store.facts import FactRow, to_row
from store.said_times import unpack
from store.tables import maybe_from_seconds, table, to_json

_parcel, _case, _fact = table(tables.Parcel), table(tables.Case), table(tables.Fact)
_return, _stop = table(tables.Return), table(tables.Stop)
_instruction, _outbox, _shipment = table(tables.Instruction), table(tables.Outbox), table(tables.Shipment)
_booking, _incident = table(tables.PickupBooking), table(incident_tables.Incident)
_proposal, _claim = table(money_tables.ProposalRow), table(claim_tables.Claim)
_watch = table(tables.Watch)
PARCELS_AT_A_TIME = 500


def differences(db: Db, *, now: datetime) -> list[Difference]:
    """Everything stored that differs from what its facts amount to; empty where all is well."""
    found = integrity(db)
    broken = [] if found == "ok" else [Difference("database", "integrity", found, "ok")]
    kept = (
        _cases, _incidents, _causes, _returns, _stops, _bookings, _claims, _enquiries, *money_check.LOOKS, _outbox_ids,
        _files, _told, _handovers, _marks, _erasures, courier_chats.faults, positions.faults, *warehouse_check.LOOKS,
    )  # fmt: skip
    return [*broken, *_parcels(db, now), *(found for look in kept for found in look(db))]


def newest(db: Db) -> datetime | None:
    """When anything was last written: a demo's time may be ahead of the clock."""
    at = db.exec_driver_sql(
        "SELECT max(at) FROM (SELECT max(at) AS at FROM fact UNION ALL SELECT max(received_at) FROM scan) newest"
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
    found, given = histories(db, "case"), promises.all_of_them(db)
    for row in db.execute(select(_case).order_by(_case.c.id)):
        history = [
            CaseFact(CaseEvent(f.event), f.at, f.by, f.channel, f.words, f.data) for f in found.pop(str(row.id), [])
        ]
        if not history or history[0].event is not CaseEvent.OPENED:
            yield Difference(f"case {row.id}", "history", "a case", "no `opened` at the beginning of its facts")
            continue
        rebuilt = cases.projected(history)
        yield from compare(f"case {row.id}", row, rebuilt)
        promised = fold_case(history).promises
        if given.pop(row.id, ()) != promised:
            yield Difference(f"case {row.id}", "promises", "other rows", promised)
    yield from (Difference(f"case {case_id}", "promises", "rows", "no case") for case_id in given)
    yield from (Difference(f"case {case_id}", "row", "missing", "facts of a case") for case_id in found)


def _incidents(db: Db) -> Iterator[Difference]:
    found = histories(db, incidents.SUBJECT)
    for row in db.execute(select(_incident).order_by(_incident.c.id)):
        facts = found.pop(str(row.id), [])
        history = [CaseFact(CaseEvent(f.event), f.at, f.by, f.channel, f.words, f.data) for f in facts]
        if not history or history[0].event is not CaseEvent.OPENED:
            yield Difference(
                f"incident {row.id}", "history", "an incident", "no `opened` at the beginning of its facts"
            )
            continue
        yield from compare(f"incident {row.id}", row, incidents.projected(history))
    yield from (Difference(f"incident {one}", "row", "missing", "facts of an incident") for one in found)


def _causes(db: Db) -> Iterator[Difference]:
    """What cases have in common, by their rows and by their first facts."""
    stored: dict[str, list[str]] = defaultdict(list)
    for case_id, cause in db.exec_driver_sql("SELECT case_id, cause FROM case_cause"):
        stored[str(case_id)].append(cause)
    opened = select(_fact.c.subject_id, _fact.c.data).where(_fact.c.subject_type == "case", _fact.c.event == "opened")
    for row in db.execute(opened):
        told, kept = sorted(row.data.get("causes", ())), sorted(stored.pop(row.subject_id, []))
        if told != kept:
            yield Difference(f"case {row.subject_id}", "causes", kept, told)
    yield from (Difference(f"case {case_id}", "causes", kept, []) for case_id, kept in stored.items())


def _returns(db: Db) -> Iterator[Difference]:
    found = histories(db, "return")
    for row in db.execute(select(_return).order_by(_return.c.ref)):
        history = [f for f in found.get(row.ref, []) if f.event in OF_A_RETURN]
        if not history or history[0].event not in {ReturnEvent.REQUESTED.value, ReturnEvent.REFUSED.value}:
            yield Difference(f"return {row.ref}", "history", "a return", "no request among its facts")
            continue
        yield from compare(f"return {row.ref}", row, rebuilt_return(history))


OF_A_RETURN = frozenset({*(event.value for event in ReturnEvent), returns.RESCHEDULED, checkins.INSPECTED})
NOT_OF_THE_HISTORY = frozenset({"unserved_code", "unserved_reason", returns.JUDGED})


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
        if fact.event == checkins.INSPECTED:
            columns |= checkins.corrected(fact.data)
            continue
        event = ReturnEvent(fact.event)
        if returns.allowed(ReturnStatus(columns["status"]), event):
            columns = returns.advanced(columns, event, fact.data)
    return {k: v for k, v in columns.items() if k not in NOT_OF_THE_HISTORY}


def _stops(db: Db) -> Iterator[Difference]:
    """As planned, as re-planned since, and how each ended."""
    outcomes: dict[str, list[FactRow]] = defaultdict(list)
    plans = _plans(db)
    for facts in histories(db, "return").values():
        for fact in facts:
            if fact.data.get("stop") and fact.event in set(returns.STOP_STATUS):
                outcomes[fact.data["stop"]].append(fact)
    for row in db.execute(select(_stop).order_by(_stop.c.id)):
        rebuilt: dict[str, Any] = {"status": "planned", **plans.get(row.id, {})}
        for fact in outcomes[row.id]:
            rebuilt |= returns.stop_columns(ReturnEvent(fact.event), fact.at, fact.data)
        yield from compare(f"stop {row.id}", row, rebuilt)


def _plans(db: Db) -> dict[str, dict[str, Any]]:
    """Each stop's columns by the last plan that spoke of it."""
    plans: dict[str, dict[str, Any]] = {}
    for facts in histories(db, "return").values():
        for fact in (one for one in facts if one.event == ReturnEvent.PLANNED):
            plans[fact.data["stop"]] = {"route_id": fact.data["route"], **replans.rebuilt_columns(fact.data)}
    for facts in histories(db, "route").values():
        for fact in (one for one in facts if one.event == replans.REPLANNED):
            for stop_id, told in fact.data["stops"].items():
                plans[stop_id] = {**plans.get(stop_id, {}), **replans.rebuilt_columns(told)}
    return plans


def _bookings(db: Db) -> Iterator[Difference]:
    """Carriers' pickups; facts of a pickup that was only quoted, or of a parcel called back, have no row."""
    found = histories(db, bookings.SUBJECT)
    for row in db.execute(select(_booking).order_by(_booking.c.our_id)):
        rebuilt = bookings.projected(found.pop(row.our_id, []))
        if not rebuilt:
            yield Difference(f"pickup {row.our_id}", "history", "a booking", "no `tried` among its facts")
        yield from compare(f"pickup {row.our_id}", row, rebuilt)
    for our_id, history in found.items():
        if bookings.projected(history):
            yield Difference(f"pickup {our_id}", "row", "missing", "facts of a booking")


def _outbox_ids(db: Db) -> Iterator[Difference]:
    """Each open case has an alert: its own, or that of the incident that speaks for it."""
    letters = {
        (r.subject_type, r.subject_id)
        for r in db.execute(select(_outbox.c.subject_type, _outbox.c.subject_id).where(_outbox.c.kind == "alert"))
    }
    rows = db.execute(select(_case.c.id, _case.c.incident_id).where(_case.c.closed_at.is_(None)).order_by(_case.c.id))
    for row in rows:
        own, of_incident = ("case", str(row.id)), (incidents.SUBJECT, str(row.incident_id))
        if own not in letters and of_incident not in letters:
            yield Difference(f"case {row.id}", "alert", "none", "one at least, its own or its incident's")


def _claims(db: Db) -> Iterator[Difference]:
    found = histories(db, claims.SUBJECT)
    for row in db.execute(select(_claim).order_by(_claim.c.id)):
        history = [claims.fact_of(fact) for fact in found.pop(str(row.id), [])]
        if not history or history[0].event is not ClaimEvent.OPENED:
            yield Difference(f"claim {row.id}", "history", "a claim", "no `opened` at the beginning of its facts")
            continue
        yield from compare(f"claim {row.id}", row, claims.projected(history))
    yield from (Difference(f"claim {claim_id}", "row", "missing", "facts of a claim") for claim_id in found)


def _erasures(db: Db) -> Iterator[Difference]:
    """Facts that were rewritten for an erased customer are as the erasure left them, and no others were."""
    yield from (Difference(subject, "words", stored, due) for subject, stored, due in erasing.faults(db))


def _handovers(db: Db) -> Iterator[Difference]:
    """What was offered to whom, by the cases' facts."""
    rebuilt: dict[tuple[str, int], dict[str, Any]] = {}
    for case_id, found in histories(db, "case").items():
        history = [CaseFact(CaseEvent(f.event), f.at, f.by, f.channel, f.words, f.data) for f in found]
        rebuilt |= {(one, int(case_id)): row for one, row in handovers.rows_of(int(case_id), history).items()}
    for item in handovers.stored(db):
        row = rebuilt.pop((item.handover, item.case_id), None)
        if row is None:
            yield Difference(f"handover {item.handover}", "history", f"case {item.case_id}", "no offer among its facts")
        else:
            yield from compare(f"handover {item.handover}/{item.case_id}", item, row)
    yield from (Difference(f"handover {one}/{case_id}", "row", "missing", "an offer") for one, case_id in rebuilt)


def _marks(db: Db) -> Iterator[Difference]:
    """What people said of parcels against their scans."""
    found = histories(db, "shipment")
    for row in db.execute(select(_watch).order_by(_watch.c.shipment_id)):
        rebuilt = marks.columns_of(found.get(str(row.shipment_id), []))
        yield from compare(f"shipment {row.shipment_id}", row, rebuilt)


def _told(db: Db) -> Iterator[Difference]:
    """Each message that a case says was written is in the outbox, and each that is there is on its case."""
    said = {f.data["letter"] for f in _of_event(db, CaseEvent.CUSTOMER_TOLD.value) if f.data.get("letter")}
    letters = {r[0] for r in db.execute(select(_outbox.c.id).where(_outbox.c.kind == telling.KIND))}
    yield from (
        Difference("outbox", one, "missing", "the letter of a message that was told") for one in sorted(said - letters)
    )
    yield from (Difference("outbox", one, "a message", "one that its case knows of") for one in sorted(letters - said))


def _of_event(db: Db, *events: str) -> list[FactRow]:
    rows = db.execute(select(_fact).where(_fact.c.event.in_(events)).order_by(_fact.c.id))
    return [to_row(row) for row in rows]


def _enquiries(db: Db) -> Iterator[Difference]:
    """How cases stand with their carriers, by the facts that were read for it."""
    stored, rebuilt = enquiries.stored(db), enquiries.rebuilt(db)
    for case_id in sorted(stored.keys() | rebuilt.keys()):
        if stored.get(case_id) != rebuilt.get(case_id):
            yield Difference(f"enquiry {case_id}", "row", stored.get(case_id), rebuilt.get(case_id))


def _files(db: Db) -> Iterator[Difference]:
    """Each kept file is there, byte for byte."""
    return (Difference(file, "bytes", stored, digest) for file, stored, digest in files.faults(db))


# --- digest --------------------------------------------------------------------------------------------------------


def digest(db: Db) -> str:
    """SHA-256 over the sorted canonical facts and projections, without row ids, latencies or solver times."""
    lines = sorted(_canonical(db))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


OF_CASES = frozenset({"subject_id", "case", "incident"})
ROW_IDS = {"proposal": frozenset({"case_id"}), "reship": frozenset({"case", "shipment", "originals"})}
"""What of a fact's data is a row's id, hence no part of a digest."""


def _canonical(db: Db) -> Iterator[str]:
    names = _natural_names(db)
    for scan in db.exec_driver_sql(
        "SELECT s.parcel_id, s.at, s.said, p.source, p.code, p.text, p.milestone, p.reason, l.name FROM scan s"
        " JOIN phrase p ON p.id = s.phrase_id LEFT JOIN place l ON l.id = s.place_id"
    ):
        parcel, at, said, *rest = scan
        yield to_json(["scan", names["parcel", str(parcel)], at, unpack(said, at).raw, *rest])
    for row in db.execute(select(_fact)):
        subject = names.get((row.subject_type, row.subject_id), row.subject_id)
        data = {k: v for k, v in row.data.items() if k not in ROW_IDS.get(row.subject_type, OF_CASES)}
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
    for row in db.execute(select(_claim)):
        yield to_json(["claim", names["claim", str(row.id)], row.state, row.claimed_cents, row.recovered_cents])
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
    for row in db.execute(select(_proposal)):
        yield to_json(["proposal", row.id, row.status, row.needs, row.decided_by])
    for row in db.execute(select(_instruction)):
        yield to_json(["instruction", row.id, row.order_ref, row.item, row.kind, row.amount_cents, row.currency])


def _natural_names(db: Db) -> dict[tuple[str, str], str]:
    """What each row id stands for outside this database."""
    names: dict[tuple[str, str], str] = {}
    for row in db.execute(select(_shipment.c.id, _shipment.c.carrier, _shipment.c.number)):
        names["shipment", str(row.id)] = f"{row.carrier}/{row.number}"
    for row in db.execute(select(_parcel.c.id, _parcel.c.shipment_id, _parcel.c.identity)):
        names["parcel", str(row.id)] = f"{names['shipment', str(row.shipment_id)]}/{row.identity}"
    for row in db.execute(select(_incident)):
        names[incidents.SUBJECT, str(row.id)] = f"{row.cause}/{_seconds(row.opened_at)}"
    for row in db.execute(select(_case)):
        subject = names.get((row.subject_type, row.subject_id), row.subject_id)
        names["case", str(row.id)] = f"{row.kind}/{subject}/{_seconds(row.opened_at)}"
    for row in db.execute(select(_claim)):
        names["claim", str(row.id)] = f"{names['shipment', str(row.shipment_id)]}/{row.parcel}/{row.reason}"
    return names


def _seconds(at: datetime | None) -> int | None:
    return int(at.timestamp()) if at else None
