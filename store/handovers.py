"""Handovers: what waits to be confirmed, by whom, since when. Rows follow the cases' facts.

An offer counts only while its case is open and still with whoever offered it: a case that was resolved or given to somebody else
meanwhile waits for nobody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select

from domain.case import CaseEvent, CaseFact
from store import tables
from store.base import Db
from store.handover_tables import HandoverItem
from store.tables import table

_item, _case = table(HandoverItem), table(tables.Case)
LIMIT = 500
ENDS = {
    CaseEvent.HANDED_OVER: "confirmed",
    CaseEvent.HANDOVER_DECLINED: "declined",
    CaseEvent.HANDOVER_WITHDRAWN: "withdrawn",
}


@dataclass(frozen=True, slots=True)
class Item:
    """A case of a handover, as it stands."""

    handover: str
    case_id: int
    from_person: str
    to_person: str
    state: str
    offered_at: datetime
    due_at: datetime
    ended_at: datetime | None = None


def rows_of(case_id: int, history: Iterable[CaseFact]) -> dict[str, dict[str, Any]]:
    """The rows, by handover, that a case's facts amount to."""
    found: dict[str, dict[str, Any]] = {}
    for fact in history:
        handover = fact.data.get("handover", "")
        if not handover:
            continue
        if fact.event is CaseEvent.HANDOVER_OFFERED:
            found[handover] = {
                "handover": handover, "case_id": case_id, "from_person": fact.data["from"],
                "to_person": fact.data["to"], "state": "waiting", "offered_at": fact.at,
                "due_at": datetime.fromisoformat(fact.data["due_at"]), "ended_at": None,
            }  # fmt: skip
        elif fact.event in ENDS and found.get(handover, {}).get("state") == "waiting":
            found[handover] |= {"state": ENDS[fact.event], "ended_at": fact.at}
    return found


def follow(db: Db, case_id: int, fact: CaseFact) -> None:
    """Bring the rows up to one more fact."""
    if fact.event is CaseEvent.HANDOVER_OFFERED:
        [row] = rows_of(case_id, [fact]).values()
        db.execute(_item.insert().values(**row))
    elif fact.event in ENDS:
        same = (_item.c.handover == fact.data["handover"]) & (_item.c.case_id == case_id)
        ended = {"state": ENDS[fact.event], "ended_at": fact.at}
        db.execute(_item.update().where(same, _item.c.state == "waiting").values(**ended))


def stored(db: Db) -> list[Item]:
    return [_of(row) for row in db.execute(select(_item).order_by(_item.c.case_id, _item.c.handover))]


def _of(row: Any) -> Item:
    return Item(**{name: getattr(row, name) for name in Item.__dataclass_fields__})


def items(db: Db, handover: str) -> list[Item]:
    """All cases of a handover, whatever became of them."""
    rows = db.execute(select(_item).where(_item.c.handover == handover).order_by(_item.c.case_id).limit(LIMIT))
    return [_of(row) for row in rows]


def marked(db: Db, case_id: int) -> Item | None:
    """The offer of a case that nobody has ended, even where it counts no more."""
    row = db.execute(select(_item).where(_item.c.case_id == case_id, _item.c.state == "waiting")).one_or_none()
    return _of(row) if row else None


def waiting_cases(db: Db, case_ids: Sequence[int]) -> dict[int, Item]:
    """The offers that wait, of these cases."""
    return {item.case_id: item for item in _waiting(db, _item.c.case_id.in_(list(case_ids)))} if case_ids else {}


def waiting_for(db: Db, person_id: str) -> list[Item]:
    """What a person is to confirm, the longest due first."""
    return _waiting(db, _item.c.to_person == person_id)


def offered_by(db: Db, person_id: str) -> list[Item]:
    return _waiting(db, _item.c.from_person == person_id)


def late(db: Db, *, now: datetime) -> list[Item]:
    """What nobody has confirmed within its time."""
    return _waiting(db, _item.c.due_at <= now)


def _waiting(db: Db, which: ColumnElement[bool]) -> list[Item]:
    counts = (_case.c.closed_at.is_(None)) & (_case.c.owner == _item.c.from_person)
    rows = db.execute(
        select(_item)
        .join(_case, _case.c.id == _item.c.case_id)
        .where(which, _item.c.state == "waiting", counts)
        .order_by(_item.c.due_at, _item.c.case_id)
        .limit(LIMIT)
    )
    return [_of(row) for row in rows]
