"""The messages of cases: what the log says that is new, which message is due when, what was sent, what a person must do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from domain.case import CaseEvent, CaseFact, SubjectType, Told
from domain.telling import DATED, Heard, Step
from store import facts, people, tables
from store.base import Db
from store.cases import CaseRow
from store.customers_tables import CustomerStep
from store.facts import FactRow
from store.tables import table

_step, _outbox, _fact = table(CustomerStep), table(tables.Outbox), table(tables.Fact)
_return, _case, _watch = table(tables.Return), table(tables.Case), table(tables.Watch)
_shipment = table(tables.Shipment)
SEEN, PLACED = "customers_seen", "customers_placed"
"""How far the log was read: for messages, and for who ordered."""
CHANNEL = "customer:"
KIND = "message"


# --- what happened since we looked -----------------------------------------------------------------------------------


def news(db: Db, *, limit: int) -> list[FactRow]:
    """The cases' facts that were written since the last look, in order; looking moves on past them."""
    return [facts.to_row(row) for row in _since(db, SEEN, limit) if row.subject_type == "case"]


def new_orders(db: Db, *, limit: int) -> list[str]:
    """Orders written since the last look at them."""
    return [r.subject_id for r in _since(db, PLACED, limit) if r.subject_type == "order" and r.event == "created"]


def _since(db: Db, cursor: str, limit: int) -> list[Any]:
    seen = int(people.meta(db, cursor) or 0)
    rows = list(db.execute(select(_fact).where(_fact.c.id > seen).order_by(_fact.c.id).limit(limit)))
    if rows:
        people.set_meta(db, cursor, str(rows[-1].id))
    return rows


def has_work(db: Db, *, now: datetime) -> bool:
    """Whether anything was written since the last look, or a message is due."""
    newest = int(db.execute(select(func.max(_fact.c.id))).scalar() or 0)
    if any(newest > int(people.meta(db, cursor) or 0) for cursor in (SEEN, PLACED)):
        return True
    return db.execute(select(_step.c.case_id).where(_step.c.due_at <= now).limit(1)).first() is not None


# --- steps -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StepRow:
    case_id: int
    round: int
    step: Step
    state: str
    due_at: datetime | None
    why: str
    letter: str
    since: datetime


def _row(row: Any) -> StepRow:
    return StepRow(row.case_id, row.round, Step(row.step), row.state, row.due_at, row.why, row.letter, row.since)


def _same(case_id: int, round_: int, step: Step) -> Any:
    return (_step.c.case_id == case_id) & (_step.c.round == round_) & (_step.c.step == step.value)


def plan(db: Db, case_id: int, round_: int, step: Step, *, due_at: datetime, now: datetime) -> None:
    """Have a message looked at when it is due; one that was sent or is waiting stays as it is."""
    known = db.execute(select(_step).where(_same(case_id, round_, step))).one_or_none()
    if known is None:
        values = {"case_id": case_id, "round": round_, "step": step.value, "state": "waiting", "due_at": due_at}
        db.execute(_step.insert().values(**values, why="", letter="", since=now))
    elif known.state == "dropped":
        db.execute(
            _step.update().where(_same(case_id, round_, step)).values(state="waiting", due_at=due_at, why="", since=now)
        )


def move(db: Db, row: StepRow, to: datetime) -> None:
    db.execute(_step.update().where(_same(row.case_id, row.round, row.step)).values(due_at=to))


def again(db: Db, case_id: int, round_: int, step: Step, at: datetime) -> None:
    """Look at a message that is still due at that time."""
    still = _same(case_id, round_, step) & _step.c.due_at.is_not(None)
    db.execute(_step.update().where(still).values(due_at=at))


def end(
    db: Db, case_id: int, round_: int, step: Step, state: str, *, now: datetime, why: str = "", letter: str = ""
) -> None:
    """What became of a message; nothing is due of it any more."""
    db.execute(
        _step.update()
        .where(_same(case_id, round_, step))
        .values(state=state, due_at=None, why=why, letter=letter, since=now)
    )


def settle(db: Db, case_id: int, *, steps: Iterable[Step], state: str, now: datetime) -> None:
    """A person did what was to be done of these messages of a case."""
    db.execute(
        _step.update()
        .where(_step.c.case_id == case_id, _step.c.step.in_([s.value for s in steps]), _step.c.state == "todo")
        .values(state=state, due_at=None, since=now)
    )


def due(db: Db, *, now: datetime, limit: int) -> list[StepRow]:
    rows = db.execute(
        select(_step).where(_step.c.due_at <= now).order_by(_step.c.due_at, _step.c.case_id, _step.c.step).limit(limit)
    )
    return [_row(row) for row in rows]


def of_case(db: Db, case_id: int) -> list[StepRow]:
    rows = db.execute(select(_step).where(_step.c.case_id == case_id).order_by(_step.c.round, _step.c.since))
    return [_row(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Todo:
    """Somebody whom a person must tell (``step`` opened …) or ask (follow_up)."""

    case_id: int
    kind: str
    step: Step
    why: str
    since: datetime
    order_ref: str | None
    owner: str | None


def todos(db: Db, *, limit: int = 200) -> list[Todo]:
    """The oldest first."""
    rows = db.execute(
        select(_step, _case.c.kind, _case.c.order_ref, _case.c.owner)
        .join(_case, _case.c.id == _step.c.case_id)
        .where(_step.c.state == "todo")
        .order_by(_step.c.since, _step.c.case_id)
        .limit(limit)
    )
    return [Todo(r.case_id, r.kind, Step(r.step), r.why, r.since, r.order_ref, r.owner) for r in rows]


# --- letters ---------------------------------------------------------------------------------------------------------


def said_that_day(db: Db, order_ref: str, begin: datetime, end_: datetime, *, but: str = "") -> bool:
    """Whether an automatic message beside the dated steps was sent to an order's customer in that time, or is on its way."""
    count = db.execute(
        select(func.count())
        .select_from(_outbox)
        .where(
            _outbox.c.channel == f"{CHANNEL}{order_ref}",
            _outbox.c.id != but,
            _outbox.c.reason.in_([step.value for step in Step if step not in DATED]),
            _outbox.c.id.startswith("customer-auto-"),
            or_(
                (_outbox.c.sent_at >= begin) & (_outbox.c.sent_at < end_),
                _outbox.c.sent_at.is_(None) & _outbox.c.dead_at.is_(None),
            ),
        )
    ).scalar_one()
    return int(count) > 0


# --- what a case's record says ---------------------------------------------------------------------------------------

CONFIRMS = frozenset(
    {CaseEvent.OPENED, CaseEvent.ACKNOWLEDGED, CaseEvent.ASSIGNED, CaseEvent.CARRIER_CONTACTED, CaseEvent.CARRIER_ANSWERED,
     CaseEvent.CUSTOMER_TOLD, CaseEvent.MADE_GOOD, CaseEvent.WAITING, CaseEvent.REOPENED}
)  # fmt: skip
"""Deeds by which a person says that there is something to it. A comment or a snooze says nothing of that."""
OPENS = frozenset({CaseEvent.OPENED, CaseEvent.REOPENED})
CLOSES = frozenset({CaseEvent.RESOLVED, CaseEvent.CLEARED})


def round_of(history: Sequence[CaseFact]) -> int:
    """How often a case was opened."""
    return sum(fact.event in OPENS for fact in history)


def heard_of(db: Db, case: CaseRow, history: Sequence[CaseFact]) -> Heard:
    """What a case's record says of its customer. They know what they said themselves."""
    opened = max(place for place, fact in enumerate(history) if fact.event in OPENS)
    round_ = history[opened:]
    told = [fact for fact in round_ if fact.event is CaseEvent.CUSTOMER_TOLD]
    latest = next((fact for fact in reversed(told) if fact.by is not None), None)
    close = next((f for f in reversed(round_) if f.event in CLOSES), None)
    next_at = latest.data.get("next_at") if latest else None
    return Heard(
        kind=case.kind,
        is_open=case.is_open,
        confirmed=any(fact.event in CONFIRMS and fact.by is not None for fact in history),
        told=any(fact.event in {CaseEvent.CUSTOMER_TOLD, CaseEvent.CUSTOMER_SAID} for fact in history),
        owed=_told_before(db, case),
        by_person_at=latest.at if latest else None,
        told_at=told[-1].at if told else None,
        outcome=latest is not None and latest.data.get("told") == Told.OUTCOME,
        next_at=datetime.fromisoformat(next_at) if next_at else None,
        superseded=case.close_reason.startswith("superseded."),
        by_itself=close is not None and close.event is CaseEvent.CLEARED,
    )


def _told_before(db: Db, case: CaseRow) -> bool:
    """Whether a case that this one went on with had told the customer."""
    rows = db.execute(
        select(_case.c.id).where(
            _case.c.subject_type == case.subject.type.value,
            _case.c.subject_id == case.subject.id,
            _case.c.id != case.id,
            _case.c.close_reason.startswith("superseded."),
            _case.c.closed_at >= case.opened_at,
        )
    )
    ids = [str(row[0]) for row in rows]
    said = select(_fact.c.id).where(
        _fact.c.subject_type == "case", _fact.c.subject_id.in_(ids), _fact.c.event == CaseEvent.CUSTOMER_TOLD.value
    )
    return bool(ids) and db.execute(said.limit(1)).first() is not None


def order_of(db: Db, case: CaseRow) -> str | None:
    """The order whose customer a case is about."""
    if case.order_ref:
        return case.order_ref
    if case.subject.type is SubjectType.ORDER:
        return case.subject.id
    if case.subject.type is SubjectType.RETURN:
        return db.execute(select(_return.c.order_ref).where(_return.c.ref == case.subject.id)).scalar_one_or_none()
    if case.subject.type is SubjectType.SHIPMENT:
        mine = _shipment.c.id == int(case.subject.id)
        return db.execute(select(_shipment.c.order_ref).where(mine)).scalar_one_or_none()
    return None


# --- received, says somebody -----------------------------------------------------------------------------------------


def shipments_of(db: Db, order_ref: str) -> list[int]:
    """What an order's goods were sent with, without what came back."""
    rows = db.execute(
        select(_shipment.c.id)
        .where(_shipment.c.order_ref == order_ref, _shipment.c.leg == "out")
        .order_by(_shipment.c.id)
    )
    return [row[0] for row in rows]


def cases_of(db: Db, order_ref: str) -> list[int]:
    """Every case around an order, the oldest first."""
    ids = [str(one) for one in shipments_of(db, order_ref)]
    own = [row[0] for row in db.execute(select(_return.c.ref).where(_return.c.order_ref == order_ref))]
    about = or_(
        _case.c.order_ref == order_ref,
        (_case.c.subject_type == "order") & (_case.c.subject_id == order_ref),
        (_case.c.subject_type == "shipment") & _case.c.subject_id.in_(ids),
        (_case.c.subject_type == "return") & _case.c.subject_id.in_(own),
    )
    return [row[0] for row in db.execute(select(_case.c.id).where(about).order_by(_case.c.id))]
