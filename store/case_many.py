"""Cases by the thousand: opened, added to and put on their clocks together, each with its own history all the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam

from domain.case import CaseEvent, CaseFact, Finding, fold_case
from domain.case_types import Party
from store import asking, facts, promises, tables
from store.base import Db
from store.cases import IN_LIMIT, ends_step, finding_data, histories_of, projected, shipments_of
from store.facts import FactRow
from store.tables import iso_of, new_id, table

_case = table(tables.Case)


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case to be opened with many others. ``causes``: what it could have in common with them; ``incident_id``: what it is a
    member of from the beginning; ``party``: who answers for it, where the finding says so.
    """

    finding: Finding
    promise_by: datetime | None
    timer_at: datetime | None
    order_ref: str | None = None
    step: str = ""
    step_due_at: datetime | None = None
    causes: tuple[str, ...] = ()
    incident_id: int | None = None
    party: Party | None = None


def open_cases(db: Db, new: Sequence[NewCase], *, now: datetime) -> list[int]:
    """Open many cases at once; none is open for their subjects and kinds. Returns their ids in the same order."""
    ids: list[int] = []
    rows: list[FactRow] = []
    for one in new:
        history = [CaseFact(CaseEvent.OPENED, now, data=_opened_data(one))]
        if one.incident_id is not None:
            history.append(CaseFact(CaseEvent.MEMBER_JOINED, now, data={"incident": one.incident_id}))
        case_id = new_id(
            db.execute(
                _case.insert().values(
                    timer_at=one.timer_at, step=one.step, step_due_at=one.step_due_at, **projected(history)
                )
            )
        )
        promises.save(db, [(case_id, fold_case(history).promises)])
        ids.append(case_id)
        rows += [FactRow("case", str(case_id), f.event.value, f.at, data=f.data) for f in history]
    facts.append(db, rows)
    unwatch_all(db, [one.finding for one in new])
    asking.under_case(db, sorted({s for one in new for s in shipments_of(db, one.finding.subject)}), now=now)
    return ids


def _opened_data(one: NewCase) -> dict[str, Any]:
    return {
        "kind": one.finding.kind.value,
        "subject_type": one.finding.subject.type.value,
        "subject_id": one.finding.subject.id,
        "promise_by": iso_of(one.promise_by),
        "order_ref": one.order_ref,
        **({"causes": list(one.causes)} if one.causes else {}),
        **({"party": one.party.value} if one.party else {}),
        **finding_data(one.finding),
    }


def add_all(db: Db, added: Sequence[tuple[int, CaseFact]]) -> None:
    """Append one entry to each of many cases' histories and bring their rows up to them; their deadlines are looked at in the
    next tick.
    """
    facts.append(
        db,
        [FactRow("case", str(c), f.event.value, f.at, f.by, f.channel, f.words, f.data) for c, f in added],
    )
    by_id = dict(added)
    ids = sorted(by_id)
    for start in range(0, len(ids), IN_LIMIT):
        histories = histories_of(db, ids[start : start + IN_LIMIT])
        values = [{"_id": c, "timer_at": by_id[c].at, **projected(h)} for c, h in histories.items()]
        db.execute(_case.update().where(_case.c.id == bindparam("_id")), values)
        promises.save(db, [(c, fold_case(h).promises) for c, h in histories.items()])
        over = [{"_id": c, "step": "", "step_due_at": None} for c in histories if ends_step(by_id[c])]
        if over:
            db.execute(_case.update().where(_case.c.id == bindparam("_id")), over)


def unwatch_all(db: Db, findings: Sequence[Finding]) -> None:
    """Take many findings off the watch list."""
    if findings:
        db.exec_driver_sql(
            "DELETE FROM watch_item WHERE subject_type = ? AND subject_id = ? AND kind = ?",
            [(f.subject.type.value, f.subject.id, f.kind.value) for f in findings],
        )
