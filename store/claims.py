"""Claims: an append-only history each, and the row that it amounts to. One for each shipment, piece and reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert  # SQLite took its ON CONFLICT over

from domain.claim import Claim, ClaimEvent, ClaimFact, ClaimReason, ClaimState, fold_claim
from store import claim_tables, facts, tables
from store.base import Db
from store.facts import FactRow
from store.tables import table

SUBJECT = "claim"
_claim, _instruction = table(claim_tables.Claim), table(tables.Instruction)
NAMES = tuple(one.name for one in fields(Claim))
_COLUMNS = [_claim.c[name] for name in ("id", "next_at", *NAMES)]


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim as it stands; ``next_at``: when its clocks say something next."""

    id: int
    claim: Claim
    next_at: datetime | None


def _row(row: Any) -> ClaimRow:
    values = {name: getattr(row, name) for name in NAMES}
    values |= {"state": ClaimState(row.state), "reason": ClaimReason(row.reason), "reminded": tuple(row.reminded)}
    return ClaimRow(row.id, Claim(**values), row.next_at)


def projected(history: list[ClaimFact]) -> dict[str, Any]:
    """The columns of a claim that its history amounts to."""
    claim = fold_claim(history)
    values = {name: getattr(claim, name) for name in NAMES}
    return values | {"state": claim.state.value, "reason": claim.reason.value, "reminded": list(claim.reminded)}


def history_of(db: Db, claim_id: int) -> list[ClaimFact]:
    return [fact_of(row) for row in facts.history(db, SUBJECT, str(claim_id))]


def fact_of(row: FactRow) -> ClaimFact:
    return ClaimFact(ClaimEvent(row.event), row.at, row.by, row.channel, row.words, row.data)


# --- writing -------------------------------------------------------------------------------------------------------


def open_claim(db: Db, opened: ClaimFact) -> ClaimRow | None:
    """Begin a claim; None where there is one for its shipment, piece and reason."""
    values = projected([opened])
    key = db.execute(
        insert(_claim).values(next_at=None, deadline_at=None, **values).on_conflict_do_nothing().returning(_claim.c.id)
    )
    claim_id = key.scalar_one_or_none()
    if claim_id is None:
        return None
    facts.append(db, [_fact_row(claim_id, opened)])
    return get(db, claim_id)


def add(db: Db, claim_id: int, fact: ClaimFact) -> ClaimRow:
    """Append to a claim's history and bring its row up to it."""
    facts.append(db, [_fact_row(claim_id, fact)])
    db.execute(_claim.update().where(_claim.c.id == claim_id).values(**projected(history_of(db, claim_id))))
    found = get(db, claim_id)
    assert found is not None
    return found


def _fact_row(claim_id: int, fact: ClaimFact) -> FactRow:
    return FactRow(SUBJECT, str(claim_id), fact.event.value, fact.at, fact.by, fact.channel, fact.words, fact.data)


def set_clock(db: Db, claim_id: int, *, next_at: datetime | None, deadline_at: datetime | None) -> None:
    """Store when its clocks say something next, and what a queue sorts it by."""
    db.execute(_claim.update().where(_claim.c.id == claim_id).values(next_at=next_at, deadline_at=deadline_at))


# --- reading -------------------------------------------------------------------------------------------------------


def get(db: Db, claim_id: int) -> ClaimRow | None:
    row = db.execute(select(*_COLUMNS).where(_claim.c.id == claim_id)).one_or_none()
    return _row(row) if row else None


def find(db: Db, shipment_id: int, parcel: str, reason: ClaimReason) -> ClaimRow | None:
    same = (_claim.c.shipment_id == shipment_id, _claim.c.parcel == parcel, _claim.c.reason == reason.value)
    row = db.execute(select(*_COLUMNS).where(*same)).one_or_none()
    return _row(row) if row else None


def of_shipments(db: Db, shipment_ids: Sequence[int], *, limit: int = 100) -> list[ClaimRow]:
    """The claims about these shipments, the oldest first."""
    rows = db.execute(
        select(*_COLUMNS).where(_claim.c.shipment_id.in_(shipment_ids)).order_by(_claim.c.id).limit(limit)
    )
    return [_row(row) for row in rows]


def of_case(db: Db, case_id: int) -> list[ClaimRow]:
    return [_row(row) for row in db.execute(select(*_COLUMNS).where(_claim.c.case_id == case_id).order_by(_claim.c.id))]


def due(db: Db, *, now: datetime, limit: int) -> list[ClaimRow]:
    """Claims whose clocks say something now, longest due first."""
    rows = db.execute(
        select(*_COLUMNS).where(_claim.c.next_at <= now).order_by(_claim.c.next_at, _claim.c.id).limit(limit)
    )
    return [_row(row) for row in rows]


def queue(db: Db, states: Iterable[ClaimState], *, limit: int = 300) -> list[ClaimRow]:
    """Claims in these states by deadline, those without one last."""
    wanted = [state.value for state in states]
    ordered = select(*_COLUMNS).where(_claim.c.state.in_(wanted))
    deadline = _claim.c.deadline_at
    rows = db.execute(ordered.order_by(deadline.is_(None), deadline, _claim.c.id).limit(limit))
    return [_row(row) for row in rows]


def counts(db: Db) -> dict[ClaimState, int]:
    rows = db.execute(select(_claim.c.state, func.count()).group_by(_claim.c.state))
    return {ClaimState(row[0]): int(row[1]) for row in rows}


@dataclass(frozen=True, slots=True)
class Pressing:
    """What the desk should know of claims: drafts to file by then and the first deadline of them, overdue answers."""

    drafts: int
    first_at: datetime | None
    overdue: int


def pressing(db: Db, *, by: datetime) -> Pressing:
    mine = (_claim.c.state == ClaimState.DRAFT.value, _claim.c.deadline_at <= by)
    drafts, first = db.execute(select(func.count(), func.min(_claim.c.deadline_at)).where(*mine)).one()
    waiting = [ClaimState.FILED.value, ClaimState.APPEALED.value]
    late = select(func.count()).where(_claim.c.state.in_(waiting), _claim.c.overdue)
    return Pressing(int(drafts), first, int(db.execute(late).scalar_one()))


@dataclass(frozen=True, slots=True)
class Totals:
    """Of one currency: claims ever filed, what was claimed and what came of it, what the cases cost, and claims that nobody filed by
    their last day.
    """

    currency: str
    filed: int
    claimed_cents: int
    recovered_cents: int
    cost_cents: int
    lapsed: int


def totals(db: Db) -> list[Totals]:
    """By currency. ``claimed_cents`` counts what was filed; ``cost_cents`` also what was not."""
    filed = _claim.c.filed_at.is_not(None)
    rows = db.execute(
        select(
            _claim.c.currency,
            func.count().filter(filed),
            func.coalesce(func.sum(_claim.c.claimed_cents).filter(filed), 0),
            func.sum(_claim.c.recovered_cents),
            func.sum(func.coalesce(_claim.c.goods_cents, 0) + _claim.c.freight_cents),
            func.count().filter(_claim.c.lapsed),
        )
        .group_by(_claim.c.currency)
        .order_by(_claim.c.currency)
    )
    return [Totals(row[0], *(int(value) for value in row[1:])) for row in rows]


def compensated_cents(db: Db, order_ref: str | None, currency: str) -> int:
    """What the customer of an order got beyond goods or their price: paid compensations."""
    if order_ref is None:
        return 0
    same = (_instruction.c.order_ref == order_ref, _instruction.c.kind == "compensation")
    paid = select(func.coalesce(func.sum(_instruction.c.amount_cents), 0))
    return int(db.execute(paid.where(*same, _instruction.c.currency == currency)).scalar_one())
