"""Scan events in, parcel states out: facts and projection in one transaction.

Reading a reply again is free: an event's natural key is its primary key.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, Self

from sqlalchemy import select

from domain.merge import Told, merge
from domain.parcel import Delivered, ParcelState, fold, next_change, shipment_state
from domain.shipment import ParcelView, Shipment, ShipmentView
from domain.tracking import (
    Leg,
    Manner,
    Milestone,
    NoData,
    ParcelReading,
    Reason,
    ScanEvent,
    event_key,
)
from store import asking, packed, postgres, tables, wide
from store.base import Db
from store.said_times import pack, unpack
from store.tables import from_seconds, maybe_from_seconds, maybe_to_seconds, new_id, table, to_json, to_seconds

_shipment, _parcel, _watch = table(tables.Shipment), table(tables.Parcel), table(tables.Watch)
MAX_ERROR_TEXT = 500
IN_LIMIT = 500
"""Values of one IN list: below SQLite's smallest default limit of 999 parameters."""

PARCEL_STATE = ("milestone", "reason", "manner", "delivered", "last_physical_place")
PARCEL_TIMES = ("last_at", "last_physical_at", "delivered_at", "first_at", "since")


MILESTONES = {word.value: word for word in Milestone}
REASONS: dict[str | None, Reason | None] = {None: None, "": None, **{word.value: word for word in Reason}}
MANNERS: dict[str | None, Manner | None] = {None: None, "": None, **{word.value: word for word in Manner}}
DELIVERED = {word.value: word for word in Delivered}
NO_DATA: dict[str | None, NoData | None] = {None: None, **{word.value: word for word in NoData}}
"""Words by their stored text: a look-up costs a tenth of calling the enum."""


def chunks(values: Sequence[Any], size: int = IN_LIMIT) -> Iterable[Sequence[Any]]:
    return (values[i : i + size] for i in range(0, len(values), size))


# --- events in -----------------------------------------------------------------------------------------------------


def record(db: Db, readings: Sequence[tuple[int, str, Sequence[ParcelReading]]], *, now: datetime) -> dict[int, int]:
    """Append the events of (shipment id, source, parcels) readings and refold the parcels that gained any.

    Returns how many new events each changed shipment got.
    """
    parcel_ids = _parcels_for(db, readings)
    stored = _stored(db, sorted({parcel_ids[one, p.identity or ""] for one, _, parcels in readings for p in parcels}))
    told = _told_by_key(readings, parcel_ids, stored)
    new = [
        (parcel_id, key, events[key])
        for parcel_id, events in sorted(told.items())
        for key in sorted(events.keys() - stored[parcel_id].keys())
    ]
    if not new:
        return {}
    _insert_events(db, new, to_seconds(now))
    gained = Counter(parcel_id for parcel_id, _, _ in new)
    _refold_after(db, {parcel_id: told[parcel_id] for parcel_id in gained}, stored, now=now)
    shipment_of = {parcel_id: shipment_id for (shipment_id, _), parcel_id in parcel_ids.items()}
    counts: dict[int, int] = defaultdict(int)
    for parcel_id, count in gained.items():
        counts[shipment_of[parcel_id]] += count
    return dict(counts)


Written = tuple[int | None, str, int, str | None]
"""An event as it stands in its row and in those that this one refers to: when, in what words of the source, the phrase's key,
where. Two of one writing have one natural key.
"""
Stored = Mapping[int, Mapping[int, Written]]
"""What is stored of parcels' events, by natural key."""
ToldEvent = tuple[str, ScanEvent, Written]
"""Who told an event, the event, and how it would be written."""


def _told_by_key(
    readings: Sequence[tuple[int, str, Sequence[ParcelReading]]],
    parcel_ids: Mapping[tuple[int, str], int],
    stored: Stored,
) -> dict[int, dict[int, ToldEvent]]:
    """What the readings tell of each parcel, by natural key. What is told just as it is stored needs none made."""
    told: dict[int, dict[int, ToldEvent]] = defaultdict(dict)
    for shipment_id, source, parcels in readings:
        for reading in parcels:
            parcel_id = parcel_ids[shipment_id, reading.identity or ""]
            mine, keys = told[parcel_id], {written: key for key, written in stored[parcel_id].items()}
            for event in reading.events:
                written = _written_as(source, event)
                key = keys.get(written) if keys else None
                mine[event_key(source, event) if key is None else key] = (source, event, written)
    return told


def _refold_after(db: Db, told: Mapping[int, Mapping[int, ToldEvent]], stored: Stored, *, now: datetime) -> None:
    """Parcels of which all that was stored before is in hand are folded from that; the others from what is stored now."""
    whole = {parcel_id for parcel_id, events in told.items() if _is_in_hand(stored[parcel_id], events)}
    folded = {parcel_id: _happened(told[parcel_id].values()) for parcel_id in whole}
    _project(db, {**folded, **events_of(db, sorted(told.keys() - whole))}, now=now)


def _is_in_hand(stored: Mapping[int, Written], told: Mapping[int, ToldEvent]) -> bool:
    """Whether each event is told just as it is stored: under one key there may be other words, other seconds, or what an
    earlier version took it to mean.
    """
    return all(key in told and told[key][2] == written for key, written in stored.items())


def _happened(told: Collection[ToldEvent]) -> list[ScanEvent]:
    """What happened to a parcel, as ``events_of`` gives it back."""
    if len({source for source, _, _ in told}) <= 1:
        return [_as_stored(event) for _, event, _ in told]
    return happenings([Told(source, _as_stored(event)) for source, event, _ in told])


def _stored(db: Db, parcel_ids: Sequence[int]) -> dict[int, dict[int, Written]]:
    found: dict[int, dict[int, Written]] = {parcel_id: {} for parcel_id in parcel_ids}
    for chunk in chunks(parcel_ids):
        rows = db.exec_driver_sql(
            "SELECT s.parcel_id, s.key, s.at, s.said, p.key, l.name FROM scan s JOIN phrase p"
            " ON p.id = s.phrase_id LEFT JOIN place l ON l.id = s.place_id"
            f" WHERE s.parcel_id IN ({','.join('?' * len(chunk))})",
            tuple(chunk),
        ).all()
        for parcel_id, key, at, said, phrase, place in rows:
            found[parcel_id][key] = (at, said, phrase, place)
    return found


def _written_as(source: str, event: ScanEvent) -> Written:
    time = event.time
    at = int(time.at.timestamp()) if time.at else None
    return (at, pack(time), phrase_key(source, event), event.place or None)


def _as_stored(event: ScanEvent) -> ScanEvent:
    """The event as ``events_of`` gives it back: times are whole seconds, no place is None."""
    at = event.time.at
    if (at is None or at.microsecond == 0) and event.place != "":
        return event
    whole = at.replace(microsecond=0) if at else None
    return replace(event, time=replace(event.time, at=whole), place=event.place or None)


def _parcels_for(db: Db, readings: Sequence[tuple[int, str, Sequence[ParcelReading]]]) -> dict[tuple[int, str], int]:
    """The parcel ids by (shipment id, identity); parcels met for the first time are written.

    A shipment starts with one parcel of identity '' (its number is all that is known): the first identity that a source
    tells is taken to be that parcel's, so that it isn't counted twice. A source that tells no identity, or the shipment's
    own number for one, speaks of the first parcel. A return that is told apart by its leg alone is a parcel of its own.
    """
    found, blank, first = _stored_parcels(db, sorted({shipment_id for shipment_id, _, _ in readings}))
    adopted: list[tuple[str, str, int]] = []
    for shipment_id, _, parcels in readings:
        number = first[shipment_id].number if shipment_id in first else ""
        if any(reading.identity in {None, "", number} for reading in parcels):
            blank.pop(shipment_id, None)  # told beside others: it is a parcel of its own
        for reading in parcels:
            identity = reading.identity or ""
            if (shipment_id, identity) in found:
                continue
            if identity in {"", number} and shipment_id in first:
                parcel_id = first[shipment_id].id
            elif shipment_id in blank and identity != Leg.RETURN:
                parcel_id = blank.pop(shipment_id)
                adopted.append((identity, reading.leg.value, parcel_id))
            else:
                parcel_id = _add(db, shipment_id, identity, reading)
            found[shipment_id, identity] = parcel_id
            first.setdefault(shipment_id, First(parcel_id, reading.number))
    if adopted:
        db.exec_driver_sql("UPDATE parcel SET identity = ?, leg = ? WHERE id = ?", adopted)
    return found


class First(NamedTuple):
    """The first parcel of a shipment, which carries the shipment's own number."""

    id: int
    number: str


def _stored_parcels(
    db: Db, shipments: Sequence[int]
) -> tuple[dict[tuple[int, str], int], dict[int, int], dict[int, First]]:
    """Parcel ids by (shipment, identity); those without an identity, and the first one, by shipment."""
    found: dict[tuple[int, str], int] = {}
    blank: dict[int, int] = {}
    first: dict[int, First] = {}
    for chunk in chunks(shipments):
        marks = ",".join("?" * len(chunk))
        rows = db.exec_driver_sql(
            f"SELECT shipment_id, identity, id, number FROM parcel WHERE shipment_id IN ({marks}) ORDER BY id",
            tuple(chunk),
        )
        for shipment_id, identity, parcel_id, number in rows.all():
            found[shipment_id, identity] = parcel_id
            first.setdefault(shipment_id, First(parcel_id, number))
            if not identity:
                blank[shipment_id] = parcel_id
    return found, blank, first


def _add(db: Db, shipment_id: int, identity: str, reading: ParcelReading) -> int:
    values = {"shipment_id": shipment_id, "identity": identity, "number": reading.number, "leg": reading.leg.value}
    return new_id(db.execute(_parcel.insert().values(delivered="no", **values)))


SCAN = "scan (parcel_id, key, at, received_at, phrase_id, place_id, said)"


def _insert_events(db: Db, rows: Sequence[tuple[int, int, ToldEvent]], received: int) -> None:
    phrases = _phrase_ids(db, {written[2]: (source, event) for _, _, (source, event, written) in rows})
    places = _place_ids(db, sorted({row[2][2][3] for row in rows if row[2][2][3]}))
    values = [
        (parcel_id, key, at, received, phrases[phrase], places[place] if place else None, said)
        for parcel_id, key, (_, _, (at, said, phrase, place)) in rows
    ]
    wide.insert(db, SCAN, values)


@lru_cache(maxsize=65_536)
def _phrase_key(*parts: object) -> int:
    joined = "\x1f".join("" if p is None else str(p) for p in parts)
    return int.from_bytes(hashlib.blake2b(joined.encode(), digest_size=8).digest(), "big", signed=True)


def phrase_key(source: str, event: ScanEvent) -> int:
    """What makes two phrases one: source, code, text and everything that they were read to mean."""
    return _phrase_key(source, event.code, event.text, event.milestone, event.reason, event.physical, event.manner)


PHRASE = "phrase (key, source, code, text, milestone, reason, physical, manner)"
PHRASE_IDS = "SELECT key, id FROM phrase WHERE key IN (SELECT CAST(value AS BIGINT) FROM json_each(?))"


def _phrase_ids(db: Db, by_key: Mapping[int, tuple[str, ScanEvent]]) -> dict[int, int]:
    found = _ids_of_phrases(db, sorted(by_key))
    missing = [key for key in by_key if key not in found]
    if missing:
        wide.insert(db, PHRASE, [(key, *_phrase_values(*by_key[key])) for key in missing])
        found |= _ids_of_phrases(db, missing)
    return found


def _ids_of_phrases(db: Db, keys: Sequence[int]) -> dict[int, int]:
    return dict(db.exec_driver_sql(PHRASE_IDS, (to_json(keys),)).tuples().all())


def _phrase_values(source: str, event: ScanEvent) -> tuple[Any, ...]:
    reason = event.reason.value if event.reason else None
    manner = event.manner.value if event.manner else None
    return (source, event.code, event.text, event.milestone.value, reason, event.physical, manner)


def _place_ids(db: Db, names: Sequence[str]) -> dict[str, int]:
    kept = {name: postgres.as_kept(db, name) for name in names}
    found = _ids_of_places(db, sorted(set(kept.values())))
    missing = sorted(set(kept.values()) - found.keys())
    if missing:
        wide.insert(db, "place (name)", [(name,) for name in missing])
        found |= _ids_of_places(db, missing)
    return {name: found[one] for name, one in kept.items()}


def _ids_of_places(db: Db, names: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for chunk in chunks(names):
        marks = ",".join("?" * len(chunk))
        rows = db.exec_driver_sql(f"SELECT name, id FROM place WHERE name IN ({marks})", tuple(chunk))
        found.update(rows.tuples().all())
    return found


# --- states out ----------------------------------------------------------------------------------------------------

EVENT_COLUMNS = (
    "s.parcel_id, s.at, s.said, p.code, p.text, p.milestone, p.reason, p.physical, p.manner,"
    " l.name, p.source, s.received_at"
)


def events_of(db: Db, parcel_ids: Sequence[int]) -> dict[int, list[ScanEvent]]:
    """What happened to the parcels, in no particular order: all scan events, those that several sources told once."""
    return {parcel_id: happenings(told) for parcel_id, told in told_of(db, parcel_ids).items()}


def happenings(told: Sequence[Told]) -> list[ScanEvent]:
    """The events of one source as they are; of several, merged."""
    if len({one.source for one in told}) <= 1:
        return [one.event for one in told]
    return [one.event for one in merge(told)]


def told_of(db: Db, parcel_ids: Sequence[int]) -> dict[int, list[Told]]:
    """Every scan event of the parcels and who told it, in no particular order."""
    found: dict[int, list[Told]] = {parcel_id: [] for parcel_id in parcel_ids}
    for chunk in chunks(list(parcel_ids)):
        rows = db.exec_driver_sql(
            f"SELECT {EVENT_COLUMNS} FROM scan s JOIN phrase p ON p.id = s.phrase_id"
            f" LEFT JOIN place l ON l.id = s.place_id WHERE s.parcel_id IN ({','.join('?' * len(chunk))})",
            tuple(chunk),
        )
        for row in rows.all():
            found[row[0]].append(Told(row[10], _event(row)))
    return found


def often_at_one_place(db: Db, parcel_ids: Sequence[int], *, at_least: int) -> set[int]:
    """The parcels that came to one place so often, with another in between, by their scans' times alone: a cheap look at who may
    be going in circles.
    """
    found: set[int] = set()
    for chunk in chunks(list(parcel_ids)):
        rows = db.exec_driver_sql(
            "SELECT DISTINCT parcel_id FROM (SELECT parcel_id, place_id, lag(place_id) OVER (PARTITION BY parcel_id ORDER BY at) AS before"
            f" FROM scan WHERE parcel_id IN ({','.join('?' * len(chunk))}) AND place_id IS NOT NULL AND at IS NOT NULL) visit"
            " WHERE before IS NULL OR before <> place_id GROUP BY parcel_id, place_id HAVING count(*) >= ?",
            (*chunk, at_least),
        )
        found |= {row[0] for row in rows}
    return found


def _event(row: Any) -> ScanEvent:
    _, at, said, code, text, milestone, reason, physical, manner, place, *_ = row
    return ScanEvent(
        code,
        text,
        MILESTONES[milestone],
        unpack(said, at),
        REASONS[reason],
        None if physical is None else bool(physical),
        place,
        MANNERS[manner],
    )


def refold(db: Db, parcel_ids: Sequence[int], *, now: datetime) -> None:
    """Bring the projection of these parcels up to their events."""
    _project(db, events_of(db, parcel_ids), now=now)


def _project(db: Db, events_by_parcel: Mapping[int, Sequence[ScanEvent]], *, now: datetime) -> None:
    rows = [
        (*state_values(fold(events, now=now)), maybe_to_seconds(next_change(events, now=now)), parcel_id)
        for parcel_id, events in sorted(events_by_parcel.items())
    ]
    columns = ", ".join(f"{name} = ?" for name in (*PARCEL_STATE, *PARCEL_TIMES, "refold_at"))
    if rows:
        db.exec_driver_sql(f"UPDATE parcel SET {columns} WHERE id = ?", rows)


def refold_due(db: Db, *, now: datetime) -> list[int]:
    """Refold the parcels of which a future-dated event begins to count; returns their shipments."""
    rows = db.execute(select(_parcel.c.id, _parcel.c.shipment_id).where(_parcel.c.refold_at <= now)).all()
    refold(db, [row.id for row in rows], now=now)
    return sorted({row.shipment_id for row in rows})


def state_values(state: ParcelState) -> tuple[Any, ...]:
    words = (state.milestone, state.reason, state.manner, state.delivered)
    times = (getattr(state, name) for name in PARCEL_TIMES)
    return (
        *(word.value if word else None for word in words),
        state.last_physical_place,
        *(maybe_to_seconds(at) for at in times),
    )


def state_of(row: Any) -> ParcelState:
    """The state kept in a parcel row."""
    return ParcelState(
        milestone=Milestone(row.milestone) if row.milestone else None,
        reason=Reason(row.reason) if row.reason else None,
        manner=Manner(row.manner) if row.manner else None,
        delivered=Delivered(row.delivered),
        last_physical_place=row.last_physical_place,
        **{name: getattr(row, name) for name in PARCEL_TIMES},
    )


STATE_COLUMNS = ", ".join((*PARCEL_STATE, *PARCEL_TIMES))
SHIPMENT_COLUMNS = (
    "s.number, s.carrier, s.source, s.created_at, s.id, s.order_ref, s.account, s.service, s.leg, s.origin,"
    " s.destination, s.region, s.promised_at"
)


def views(db: Db, shipment_ids: Sequence[int]) -> dict[int, ShipmentView]:
    """What is known of these shipments now. Driver-level reading: every poll and every look begins here."""
    parcels: dict[int, list[ParcelView]] = defaultdict(list)
    found: dict[int, ShipmentView] = {}
    told = asking.told_of(db, shipment_ids)
    for chunk in chunks(list(shipment_ids)):
        marks = ",".join("?" * len(chunk))
        for row in db.exec_driver_sql(
            f"SELECT id, shipment_id, number, identity, leg, {STATE_COLUMNS} FROM parcel"
            f" WHERE shipment_id IN ({marks}) ORDER BY id",
            tuple(chunk),
        ).all():
            parcels[row[1]].append(ParcelView(row[0], row[2], row[3], row[4], _state(*row[5:])))
        for row in db.exec_driver_sql(
            f"SELECT {SHIPMENT_COLUMNS}, w.note, w.ended, w.note_at FROM shipment s"
            f" LEFT JOIN watch w ON w.shipment_id = s.id WHERE s.id IN ({marks})",
            tuple(chunk),
        ).all():
            shipment, (note, ended, note_at) = _shipment_of(row), row[13:]
            mine, (no_data, heard) = tuple(parcels[shipment.id]), _heard(told.get(shipment.id, ()))
            found[shipment.id] = ShipmentView(
                shipment=shipment,
                parcels=mine,
                state=shipment_state([p.state for p in mine]),
                no_data=no_data,
                polled_at=heard,
                received_by_hand=note == "received",
                lost_by_hand=note == "lost",
                marked_at=maybe_from_seconds(note_at),
                watching_ended=ended or "",
            )
    return found


def _heard(told: Sequence[asking.Told]) -> tuple[NoData | None, datetime | None]:
    """Why no source knows the number (None where one does; else what the first one says), and when one that knows it told of
    it last, or where none does, any: that others know nothing of a parcel while its own source is down isn't the parcel's
    silence.
    """
    if not told:
        return None, None
    if len(told) == 1:  # nearly always
        return NO_DATA[told[0].no_data], from_seconds(told[0].polled_at)
    knowing = [at for at, no_data in told if no_data is None]
    if knowing:
        return None, from_seconds(max(knowing))
    return NO_DATA[told[0].no_data], from_seconds(max(at for at, _ in told))


def _state(
    milestone: str | None, reason: str | None, manner: str | None, delivered: str, place: str | None, *times: int | None
) -> ParcelState:
    """A state from its columns, in the order of STATE_COLUMNS."""
    last, physical, received, first, since = [None if at is None else from_seconds(at) for at in times]
    stands, why = MILESTONES[milestone] if milestone else None, REASONS[reason]
    how, told = MANNERS[manner], DELIVERED[delivered]
    return ParcelState(stands, why, how, told, last, physical, place, received, first, since)


def _shipment_of(row: Any) -> Shipment:
    """A shipment from its columns, in the order of SHIPMENT_COLUMNS, which is that of its fields."""
    number, carrier, source, created_at, shipment_id, order_ref, account, service, leg = row[:9]
    origin, destination, region, promised_at = row[9:13]
    return Shipment(
        number,
        carrier,
        source,
        from_seconds(created_at),
        shipment_id,
        order_ref,
        account,
        service,
        leg,
        origin,
        destination,
        region,
        maybe_from_seconds(promised_at),
    )


def shipment_ids_by_number(db: Db, number: str) -> list[int]:
    """The shipments that carry a number, newest first (numbers are reused)."""
    rows = db.execute(select(_shipment.c.id).where(_shipment.c.number == number).order_by(_shipment.c.id.desc()))
    return [row[0] for row in rows]


# --- what no table knows -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A code and text of a source that aren't in its table, and in how many scans they were met."""

    source: str
    code: str | None
    text: str
    count: int


def unmapped(db: Db, *, source: str = "", limit: int = 500) -> list[Unmapped]:
    """The most frequent ones first; of one source, or of all."""
    rows = db.exec_driver_sql(
        "SELECT p.source, p.code, p.text, count(s.key) AS met FROM phrase p LEFT JOIN scan s ON s.phrase_id = p.id"
        " WHERE p.milestone = 'unmapped' AND (? = '' OR p.source = ?) GROUP BY p.id ORDER BY met DESC, p.id LIMIT ?",
        (source, source, limit),
    )
    return [Unmapped(*row) for row in rows]


# --- raw bodies ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)  # no slots: what is made of it once is kept with it
class RawBody:
    """A scrubbed reply body, and what was wrong with it."""

    source: str
    status: int
    body: bytes
    error: str = ""

    @cached_property
    def digest(self) -> bytes:
        return hashlib.blake2b(self.source.encode() + b"\0" + self.body, digest_size=16).digest()

    @cached_property
    def packed(self) -> bytes:
        return packed.pack(self.source, self.body)

    def ready(self) -> Self:
        """With all that can be made without the database: others wait while it is written to."""
        assert self.digest
        assert self.packed
        return self


def keep_raw(db: Db, bodies: Iterable[RawBody], *, at: datetime) -> None:
    """Keep scrubbed reply bodies, compressed, once per content: what is there isn't compressed again."""
    by_digest: dict[bytes, RawBody] = {}
    for body in bodies:
        by_digest.setdefault(body.digest, body)
    for chunk in chunks(sorted(by_digest)):
        marks = ",".join("?" * len(chunk))
        there = db.exec_driver_sql(f"SELECT digest FROM raw_reply WHERE digest IN ({marks})", tuple(chunk))
        known = {row[0] for row in there}
        rows = [_raw_row(digest, by_digest[digest], at) for digest in chunk if digest not in known]
        if rows:
            db.exec_driver_sql(
                "INSERT INTO raw_reply (digest, source, status, at, body, error) VALUES (?,?,?,?,?,?)", rows
            )


def _raw_row(digest: bytes, one: RawBody, at: datetime) -> tuple[object, ...]:
    return (
        digest,
        one.source,
        one.status,
        to_seconds(at),
        one.packed,
        one.error[:MAX_ERROR_TEXT],
    )
