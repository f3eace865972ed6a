"""Goods that are sent again: the new parcel once its number is known, and the first ones, should they turn up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from store import facts, money_tables
from store.base import Db
from store.facts import FactRow
from store.tables import iso_of, table

_reship, _original = table(money_tables.ReshipRow), table(money_tables.ReshipOriginal)
SUBJECT = "reship"
IN_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Reship:
    """``shipment_id``: the new parcel's, None while its number isn't known."""

    instruction_id: str
    case_id: int | None
    order_ref: str
    instructed_at: datetime
    shipment_id: int | None = None
    arrived_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Original:
    """A first parcel of goods that were sent again. ``known_at``: its last scan in hand of which we knew then."""

    shipment_id: int
    reship: Reship
    known_at: datetime | None
    turned_up_at: datetime | None


def expect(db: Db, value: Reship, originals: Mapping[int, datetime | None], *, by: str | None, channel: str) -> None:
    """Goods are to be sent again. ``originals``: the order's parcels so far, which may still turn up, and when somebody last
    had each in hand.
    """
    known = [[shipment_id, iso_of(at)] for shipment_id, at in sorted(originals.items())]
    data = {"case": value.case_id, "order": value.order_ref, "originals": known}
    _write(db, FactRow(SUBJECT, value.instruction_id, "expected", value.instructed_at, by, channel, data=data))


def record(
    db: Db, instruction_id: str, event: str, *, at: datetime, shipment_id: int, by: str | None, channel: str
) -> None:
    """What became of it: ``sent`` (the new number is known), ``arrived``, ``turned_up`` (a first parcel)."""
    _write(db, FactRow(SUBJECT, instruction_id, event, at, by, channel, data={"shipment": shipment_id}))


def _write(db: Db, fact: FactRow) -> None:
    facts.append(db, [fact])
    reship, originals = projected(facts.history(db, SUBJECT, fact.subject_id))
    key = _reship.c.instruction_id == fact.subject_id
    if db.execute(_reship.update().where(key).values(**reship)).rowcount == 0:
        db.execute(_reship.insert().values(instruction_id=fact.subject_id, **reship))
    of_this = _original.c.instruction_id == fact.subject_id
    db.execute(_original.delete().where(of_this, _original.c.shipment_id.not_in(list(originals))))
    for shipment_id, times in originals.items():
        if (
            db.execute(
                _original.update().where(of_this, _original.c.shipment_id == shipment_id).values(**times)
            ).rowcount
            == 0
        ):
            row = {"shipment_id": shipment_id, "instruction_id": fact.subject_id}
            db.execute(_original.insert().values(**row, **times))


def projected(history: Sequence[FactRow]) -> tuple[dict[str, Any], dict[int, dict[str, datetime | None]]]:
    """The row that a history amounts to, and those of its first parcels."""
    first = history[0]
    row: dict[str, Any] = {
        "case_id": first.data["case"], "order_ref": first.data["order"], "instructed_at": first.at,
        "shipment_id": None, "arrived_at": None,
    }  # fmt: skip
    originals: dict[int, dict[str, datetime | None]] = {
        shipment_id: {"known_at": datetime.fromisoformat(at) if at else None, "turned_up_at": None}
        for shipment_id, at in first.data["originals"]
    }
    for fact in history[1:]:
        if fact.event == "sent":
            row["shipment_id"] = fact.data["shipment"]
            originals.pop(fact.data["shipment"], None)
        elif fact.event == "arrived":
            row["arrived_at"] = row["arrived_at"] or fact.at
        elif fact.event == "turned_up" and fact.data["shipment"] in originals:
            one = originals[fact.data["shipment"]]
            one["turned_up_at"] = one["turned_up_at"] or fact.at
    return row, originals


def find(db: Db, instruction_id: str) -> Reship | None:
    row = db.execute(select(_reship).where(_reship.c.instruction_id == instruction_id)).one_or_none()
    return Reship(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's public name begins with _


def of_case(db: Db, case_id: int) -> list[Reship]:
    rows = db.execute(
        select(_reship).where(_reship.c.case_id == case_id).order_by(_reship.c.instructed_at, _reship.c.instruction_id)
    )
    return [Reship(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name begins with _


def expected_of_order(db: Db, order_ref: str) -> list[Reship]:
    """What of an order is to be sent again and has no number yet, oldest first."""
    rows = db.execute(
        select(_reship)
        .where(_reship.c.order_ref == order_ref, _reship.c.shipment_id.is_(None))
        .order_by(_reship.c.instructed_at, _reship.c.instruction_id)
    )
    return [Reship(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name begins with _


def sent_again(db: Db, shipment_ids: Sequence[int]) -> dict[int, Reship]:
    """Which of these shipments are parcels sent again."""
    found = {}
    for chunk in _chunks(_known(db, _reship.name, shipment_ids)):
        rows = db.execute(select(_reship).where(_reship.c.shipment_id.in_(chunk)))
        found.update({row.shipment_id: Reship(**row._mapping) for row in rows})  # noqa: SLF001 - its public name
    return found


def originals(db: Db, shipment_ids: Sequence[int]) -> dict[int, list[Original]]:
    """Which of these shipments are first parcels of goods that were sent again."""
    found: dict[int, list[Original]] = {}
    for chunk in _chunks(_known(db, _original.name, shipment_ids)):
        for one in _originals(db, _original.c.shipment_id.in_(chunk)):
            found.setdefault(one.shipment_id, []).append(one)
    return found


def originals_of(db: Db, instruction_id: str) -> list[Original]:
    return list(_originals(db, _original.c.instruction_id == instruction_id))


def _originals(db: Db, condition: Any) -> Iterable[Original]:
    rows = db.execute(
        select(_reship, _original.c.shipment_id.label("first"), _original.c.known_at, _original.c.turned_up_at)
        .join(_reship, _reship.c.instruction_id == _original.c.instruction_id)
        .where(condition)
        .order_by(_original.c.shipment_id, _original.c.instruction_id)
    )
    for row in rows:
        value = Reship(
            row.instruction_id, row.case_id, row.order_ref, row.instructed_at, row.shipment_id, row.arrived_at
        )
        yield Original(row.first, value, row.known_at, row.turned_up_at)


def _known(db: Db, table_name: str, shipment_ids: Sequence[int]) -> list[int]:
    """Which of these shipments a table knows: nearly always none. Driver-level reading, as every look asks."""
    found: list[int] = []
    for chunk in _chunks(shipment_ids):
        marks = ",".join("?" * len(chunk))
        sql = f"SELECT DISTINCT shipment_id FROM {table_name} WHERE shipment_id IN ({marks}) ORDER BY shipment_id"
        found.extend(row[0] for row in db.exec_driver_sql(sql, tuple(chunk)))
    return found


def _chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + IN_LIMIT] for start in range(0, len(ids), IN_LIMIT))
