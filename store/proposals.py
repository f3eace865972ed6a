"""Proposals of make-goods: what was asked for and agreed to is their history; rows are what it amounts to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from domain.make_good import Cause, Way
from domain.payments import MakeGood, Need, Paid
from domain.proposal import Proposal, ProposalEvent, ProposalStatus, step
from domain.words import words_from_json
from store import facts, money_tables
from store.base import Db
from store.facts import FactRow
from store.tables import iso_of, table

_proposal = table(money_tables.ProposalRow)
SUBJECT = "proposal"
PLAIN = (
    "case_id", "order_ref", "item", "qty", "amount_cents", "cost_cents", "currency", "carrier", "why", "channel",
)  # fmt: skip
DECIDED = frozenset({ProposalEvent.APPROVED, ProposalEvent.DECLINED, ProposalEvent.WITHDRAWN})


def proposal_of(row: Any) -> Proposal:
    return Proposal(
        id=row.id,
        way=Way(row.way),
        kind=MakeGood(row.kind),
        cause=Cause(row.cause),
        rule=words_from_json(row.rule),
        needs=tuple(Need(need) for need in row.needs),
        status=ProposalStatus(row.status),
        **{name: getattr(row, name) for name in (*PLAIN, "proposed_by", "proposed_at", "decided_by", "decided_at")},
        **{name: getattr(row, name) for name in ("decision", "seen", "go_at")},
    )


def add(db: Db, value: Proposal) -> None:
    """Write a proposal with its first fact."""
    data = {
        **{name: getattr(value, name) for name in PLAIN},
        "way": value.way.value,
        "kind": value.kind.value,
        "cause": value.cause.value,
        "rule": value.rule.to_json(),
        "needs": [need.value for need in value.needs],
        "status": value.status.value,
        "go_at": iso_of(value.go_at),
    }
    fact = FactRow(
        SUBJECT, value.id, ProposalEvent.PROPOSED.value, value.proposed_at, value.proposed_by, value.channel,
        value.why, data,
    )  # fmt: skip
    db.execute(_proposal.insert().values(id=value.id, **projected([fact])))
    facts.append(db, [fact])


def record(db: Db, proposal_id: str, fact: FactRow) -> Proposal | None:
    """Append to a proposal's history if its status allows it; None where it doesn't (nothing is written then)."""
    value = find(db, proposal_id)
    if value is None or step(value.status, ProposalEvent(fact.event)) is value.status:
        return None
    facts.append(db, [fact])
    values = projected(facts.history(db, SUBJECT, proposal_id))
    db.execute(_proposal.update().where(_proposal.c.id == proposal_id).values(**values))
    return find(db, proposal_id)


def projected(history: Sequence[FactRow]) -> dict[str, Any]:
    """The columns of a proposal that its history amounts to; empty where it has no beginning."""
    if not history or history[0].event != ProposalEvent.PROPOSED.value:
        return {}
    first = history[0]
    names = (*PLAIN, "way", "kind", "cause", "rule", "needs", "status")
    columns: dict[str, Any] = {
        **{name: first.data[name] for name in names},
        "proposed_by": first.by, "proposed_at": first.at, "decided_by": None, "decided_at": None, "decision": "",
        "seen": 0, "go_at": _time(first.data["go_at"]),
    }  # fmt: skip
    for fact in history[1:]:
        columns |= _advanced(columns, fact)
    return columns


def _advanced(columns: dict[str, Any], fact: FactRow) -> dict[str, Any]:
    event = ProposalEvent(fact.event)
    status = step(ProposalStatus(columns["status"]), event)
    if status.value == columns["status"]:
        return {}
    more: dict[str, Any] = {"status": status.value, "go_at": _time(fact.data.get("go_at"))}
    if event in DECIDED:
        more |= {"decided_by": fact.by, "decided_at": fact.at, "decision": fact.words}
    if event in {ProposalEvent.APPROVED, ProposalEvent.HELD}:
        more |= {"needs": fact.data["needs"], "seen": fact.data.get("seen", 0)}
    if event is ProposalEvent.HELD:
        more |= {"decided_by": None, "decided_at": None, "decision": ""}
    return more


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def find(db: Db, proposal_id: str) -> Proposal | None:
    row = db.execute(select(_proposal).where(_proposal.c.id == proposal_id)).one_or_none()
    return proposal_of(row) if row else None


def of_case(db: Db, case_id: int) -> list[Proposal]:
    rows = db.execute(
        select(_proposal).where(_proposal.c.case_id == case_id).order_by(_proposal.c.proposed_at, _proposal.c.id)
    )
    return [proposal_of(row) for row in rows]


def waiting(db: Db, *, limit: int = 300) -> list[Proposal]:
    """What waits for somebody's word, oldest first."""
    rows = db.execute(
        select(_proposal)
        .where(_proposal.c.status == ProposalStatus.WAITING.value)
        .order_by(_proposal.c.proposed_at, _proposal.c.id)
        .limit(limit)
    )
    return [proposal_of(row) for row in rows]


def waiting_count(db: Db) -> int:
    query = select(func.count()).select_from(_proposal).where(_proposal.c.status == ProposalStatus.WAITING.value)
    return int(db.execute(query).scalar_one())


def due(db: Db, *, now: datetime, limit: int) -> list[Proposal]:
    """What goes out now, in the order in which it was proposed."""
    rows = db.execute(
        select(_proposal)
        .where(_proposal.c.go_at <= now)
        .order_by(_proposal.c.go_at, _proposal.c.proposed_at, _proposal.c.id)
        .limit(limit)
    )
    return [proposal_of(row) for row in rows]


def about_to_go(db: Db, order_ref: str) -> list[Proposal]:
    """What of an order goes out soon, oldest first: it counts as paid for whoever comes after."""
    rows = db.execute(
        select(_proposal)
        .where(_proposal.c.order_ref == order_ref, _proposal.c.go_at.is_not(None))
        .order_by(_proposal.c.proposed_at, _proposal.c.id)
    )
    return [proposal_of(row) for row in rows]


def costs_of(db: Db, order_ref: str) -> dict[str, int]:
    """What each instructed make-good of an order costs the shop, by its proposal."""
    rows = db.execute(select(_proposal.c.id, _proposal.c.cost_cents).where(_proposal.c.order_ref == order_ref))
    return {row.id: row.cost_cents for row in rows}


def paid_before(db: Db, value: Proposal) -> tuple[Paid, ...]:
    """What of a proposal's order goes out before it."""
    others = [one for one in about_to_go(db, value.order_ref) if one.id != value.id]
    return tuple(one.paid for one in others if _turn(one) < _turn(value))


def _turn(value: Proposal) -> tuple[Any, ...]:
    return value.go_at, value.proposed_at, value.id
