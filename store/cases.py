"""Cases: an append-only history each, and the row that it amounts to. One open case per subject and kind."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Boolean, func, or_, select

from domain.case import (
    CLOSED,
    CaseEvent,
    CaseFact,
    CaseState,
    CaseStatus,
    Finding,
    Kind,
    Subject,
    SubjectType,
    fold_case,
    is_felt,
)
from domain.case_types import Rank, rank_of
from domain.incident import CauseKind, incident_of
from domain.steps import steps_of
from domain.words import Words, words_from_json
from store import asking, facts, incident_tables, promises, tables
from store.base import Db
from store.facts import FactRow
from store.tables import iso_of, maybe_from_json, maybe_from_seconds, maybe_to_seconds, new_id, table, to_seconds

IN_LIMIT = 500
_EVENTS = {one.value: one for one in CaseEvent}
_KINDS, _STATUSES = {one.value: one for one in Kind}, {one.value: one for one in CaseStatus}
_case, _item = table(tables.Case), table(tables.WatchItem)
_incident = table(incident_tables.Incident)


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as it stands. ``untold``: its customer waits for a person's word, the case closed or not; ``next_at``: the date that
    they were given. ``step``: the next one by the desk's policy, and when it is due.
    """

    id: int
    kind: Kind
    subject: Subject
    severity: str
    status: CaseStatus
    opened_at: datetime
    promise_by: datetime | None
    owner: str | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    warned: bool
    breached: bool
    told_at: datetime | None
    closed_at: datetime | None
    close_reason: str
    since: datetime
    probability: float | None
    evidence: tuple[Words, ...]
    next_step: Words | None
    timer_at: datetime | None
    order_ref: str | None
    untold: bool = False
    next_at: datetime | None = None
    step: str = ""
    step_due_at: datetime | None = None
    incident_id: int | None = None
    rank: int = Rank.DUE
    type: str = ""

    @property
    def is_open(self) -> bool:
        return self.status not in CLOSED


_COLUMNS = (
    "id", "kind", "subject_type", "subject_id", "severity", "status", "opened_at", "promise_by", "owner", "acknowledged_by",
    "acknowledged_at", "warned", "breached", "told_at", "closed_at", "close_reason", "since", "probability", "evidence", "next_step",
    "timer_at", "order_ref", "untold", "next_at", "step", "step_due_at", "incident_id", "rank", "type",
)  # fmt: skip
"""In the order of a CaseRow's fields."""
_in_order = attrgetter(*_COLUMNS)
_DECODERS: dict[type, Callable[[Any], Any]] = {
    tables.Instant: maybe_from_seconds,
    tables.Json: maybe_from_json,
    Boolean: bool,
}
_DECODED = tuple(
    (n, decode)
    for n, name in enumerate(_COLUMNS)
    for kind, decode in _DECODERS.items()
    if isinstance(_case.c[name].type, kind)
)
"""Where the driver's value isn't the case's, and what makes it that."""


def case_of(row: Any) -> CaseRow:
    """A case from a row that SQLAlchemy read."""
    return _case_from(_in_order(row))


def _from_driver(row: Sequence[Any]) -> CaseRow:
    """A case from a row that the driver read, its columns in the order of _COLUMNS: in half the time."""
    values = list(row)
    for n, decode in _DECODED:
        values[n] = decode(values[n])
    return _case_from(values)


def _case_from(values: Sequence[Any]) -> CaseRow:
    case_id, kind, subject_type, subject_id, severity, status = values[:6]
    subject, (evidence, next_step) = Subject(SubjectType(subject_type), subject_id), values[18:20]
    said = tuple([words_from_json(one) for one in evidence]), words_from_json(next_step) if next_step else None
    others = (*values[6:18], *said, *values[20:])
    return CaseRow(case_id, _KINDS[kind], subject, severity, _STATUSES[status], *others)


def finding_data(finding: Finding) -> dict[str, Any]:
    """What a case keeps of the finding behind it, as JSON."""
    return {
        "since": iso_of(finding.since),
        "severity": finding.severity.value,
        "probability": finding.probability,
        "evidence": [w.to_json() for w in finding.evidence],
        "next_step": finding.next_step.to_json() if finding.next_step else None,
    }


def open_case(
    db: Db,
    finding: Finding,
    *,
    now: datetime,
    promise_by: datetime | None,
    timer_at: datetime | None,
    order_ref: str | None = None,
    by: str | None = None,
    channel: str = "",
    words: str = "",
    step: str = "",
    step_due_at: datetime | None = None,
    more: Mapping[str, Any] | None = None,
) -> int:
    """Open a case for a finding; the caller made sure that none is open for its subject and kind. ``more`` is what its first
    fact says besides: ``type``, ``party`` and ``rank`` of a case that a person opened.
    """
    data = {
        "kind": finding.kind.value,
        "subject_type": finding.subject.type.value,
        "subject_id": finding.subject.id,
        "promise_by": iso_of(promise_by),
        "order_ref": order_ref,
        **finding_data(finding),
        **(more or {}),
    }
    history = [CaseFact(CaseEvent.OPENED, now, by, channel, words, data)]
    row = projected(history)
    timers = {"timer_at": timer_at, "step": step, "step_due_at": step_due_at}
    case_id = new_id(db.execute(_case.insert().values(**timers, **row)))
    promises.save(db, [(case_id, fold_case(history).promises)])
    facts.append(db, [FactRow("case", str(case_id), CaseEvent.OPENED.value, now, by, channel, words, data)])
    unwatch(db, finding.subject, finding.kind)
    asking.under_case(db, shipments_of(db, finding.subject), now=now)
    return case_id


def worked_on(db: Db, shipment_ids: Sequence[int]) -> set[int]:
    """Which of these shipments, or their orders, have an open case."""
    found: set[int] = set()
    for start in range(0, len(shipment_ids), IN_LIMIT):
        chunk = shipment_ids[start : start + IN_LIMIT]
        marks = ",".join("?" * len(chunk))
        rows = db.exec_driver_sql(
            "SELECT CAST(subject_id AS INTEGER) FROM cases WHERE subject_type = 'shipment' AND closed_at IS NULL"
            f" AND subject_id IN ({marks}) UNION SELECT s.id FROM shipment s JOIN cases c ON c.subject_type = 'order'"
            f" AND c.subject_id = s.order_ref AND c.closed_at IS NULL WHERE s.id IN ({marks})",
            (*(str(one) for one in chunk), *chunk),
        )
        found.update(row[0] for row in rows)
    return found


def shipments_of(db: Db, subject: Subject) -> list[int]:
    """The shipments that a case about this subject is about."""
    if subject.type is SubjectType.SHIPMENT:
        return [int(subject.id)]
    if subject.type is SubjectType.ORDER:
        return [r[0] for r in db.exec_driver_sql("SELECT id FROM shipment WHERE order_ref = ?", (subject.id,))]
    return []


def projected(history: list[CaseFact]) -> dict[str, Any]:
    """The columns of a case row that its history amounts to."""
    state = fold_case(history)
    opened = next(f for f in reversed(history) if f.event in {CaseEvent.OPENED, CaseEvent.REOPENED})
    latest = dict(history[0].data)
    for fact in history[1:]:
        if fact.event in {CaseEvent.EVIDENCE_ADDED, CaseEvent.REOPENED}:
            latest |= {k: v for k, v in fact.data.items() if k in latest}
    return {
        "kind": latest["kind"],
        "subject_type": latest["subject_type"],
        "subject_id": latest["subject_id"],
        "severity": latest["severity"],
        "since": datetime.fromisoformat(latest["since"]),
        "probability": latest["probability"],
        "evidence": latest["evidence"],
        "next_step": latest["next_step"],
        "order_ref": latest.get("order_ref"),
        "rank": latest.get("rank", rank_of(Kind(latest["kind"])).value),
        "type": latest.get("type", ""),
        "opened_at": opened.at,
        "incident_id": incident_of(history),
        **state_columns(state),
    }


def state_columns(state: CaseState) -> dict[str, Any]:
    return {
        "status": state.status.value,
        "promise_by": state.promise_by,
        "owner": state.owner,
        "acknowledged_by": state.acknowledged_by,
        "acknowledged_at": state.acknowledged_at,
        "warned": state.warned,
        "breached": state.breached,
        "told_at": state.told_at,
        "untold": state.owes_word,
        "next_at": state.next_at,
        "closed_at": state.closed_at,
        "close_reason": state.close_reason,
    }


def history_of(db: Db, case_id: int) -> list[CaseFact]:
    return [_case_fact(f) for f in facts.history(db, "case", str(case_id))]


def histories_of(db: Db, case_ids: Sequence[int]) -> dict[int, list[CaseFact]]:
    """The facts of several cases, each one's in the order in which they were written."""
    found: dict[str, list[CaseFact]] = {str(one): [] for one in case_ids}
    for one, event, at, by, channel, words, data in facts.entries(db, "case", list(found)):
        found[one].append(CaseFact(_EVENTS[event], at, by, channel, words, data))
    return {int(one): history for one, history in found.items()}


def _case_fact(row: FactRow) -> CaseFact:
    return CaseFact(CaseEvent(row.event), row.at, row.by, row.channel, row.words, row.data)


def add(db: Db, case_id: int, fact: CaseFact) -> CaseRow:
    """Append to a case's history and bring its row up to it; its deadlines are looked at in the next tick."""
    row = FactRow("case", str(case_id), fact.event.value, fact.at, fact.by, fact.channel, fact.words, fact.data)
    facts.append(db, [row])
    history = history_of(db, case_id)
    values = projected(history)
    values |= {"timer_at": fact.at} | ({"step": "", "step_due_at": None} if ends_step(fact) else {})
    db.execute(_case.update().where(_case.c.id == case_id).values(**values))
    promises.save(db, [(case_id, fold_case(history).promises)])
    found = get(db, case_id)
    assert found is not None
    return found


def ends_step(fact: CaseFact) -> bool:
    """Whether another step may be the next one after this."""
    return bool(steps_of(fact)) or fact.event in {CaseEvent.RESOLVED, CaseEvent.CLEARED, CaseEvent.REOPENED}


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at a case's deadlines brought: its state with the facts that were added, and what comes next."""

    case_id: int
    state: CaseState
    facts: Sequence[CaseFact]
    timer_at: datetime | None
    step: str
    step_due_at: datetime | None


def keep_looks(db: Db, looks: Sequence[Looked]) -> None:
    """Write what was seen to be due of many cases, and when each is looked at again."""
    facts.append(
        db,
        [
            FactRow("case", str(one.case_id), f.event.value, f.at, f.by, f.channel, f.words, f.data)
            for one in looks
            for f in one.facts
        ],
    )
    felt = [one for one in looks if is_felt(one.facts)]
    promises.save(db, [(one.case_id, one.state.promises) for one in felt])
    _update(
        db,
        "warned = ?, breached = ?, untold = ?, promise_by = ?",
        [
            (
                one.state.warned,
                one.state.breached,
                one.state.owes_word,
                maybe_to_seconds(one.state.promise_by),
                one.case_id,
            )
            for one in felt
        ],
    )
    _update(
        db,
        "timer_at = ?, step = ?, step_due_at = ?",
        [(maybe_to_seconds(one.timer_at), one.step, maybe_to_seconds(one.step_due_at), one.case_id) for one in looks],
    )


def _update(db: Db, assignments: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Only the columns that change: SQLite moves the entries of every index that holds a column named here."""
    if rows:
        db.exec_driver_sql(f"UPDATE cases SET {assignments} WHERE id = ?", list(rows))


def look_again(db: Db, *, now: datetime) -> None:
    """Have the deadlines of every case that is worked on, or owes a word, looked at in the next tick."""
    db.execute(_case.update().where(_case.c.closed_at.is_(None) | _case.c.untold).values(timer_at=now))


def set_timer(db: Db, case_id: int, at: datetime | None) -> None:
    db.execute(_case.update().where(_case.c.id == case_id).values(timer_at=at))


def get(db: Db, case_id: int) -> CaseRow | None:
    row = db.execute(select(_case).where(_case.c.id == case_id)).one_or_none()
    return case_of(row) if row else None


def rows(db: Db, case_ids: Sequence[int]) -> list[CaseRow]:
    """These cases, by number."""
    found: list[CaseRow] = []
    for start in range(0, len(case_ids), IN_LIMIT):
        found += [
            case_of(r) for r in db.execute(select(_case).where(_case.c.id.in_(case_ids[start : start + IN_LIMIT])))
        ]
    return sorted(found, key=lambda case: case.id)


def cleared_lately(db: Db, found: Finding, *, since: datetime) -> CaseRow | None:
    """The case about the same that cleared by itself a moment ago."""
    row = db.execute(
        select(_case)
        .where(
            _case.c.subject_type == found.subject.type.value,
            _case.c.subject_id == found.subject.id,
            _case.c.kind == found.kind.value,
            _case.c.closed_at >= since,
            _case.c.close_reason.startswith("cleared."),
        )
        .order_by(_case.c.id.desc())
        .limit(1)
    ).one_or_none()
    return case_of(row) if row else None


def open_for(db: Db, subject: Subject) -> list[CaseRow]:
    """The open cases about a subject."""
    rows = db.execute(
        select(_case)
        .where(
            _case.c.subject_type == subject.type.value,
            _case.c.subject_id == subject.id,
            _case.c.closed_at.is_(None),
        )
        .order_by(_case.c.id)
    )
    return [case_of(row) for row in rows]


def about(db: Db, subject: Subject) -> list[CaseRow]:
    """All cases about a subject, in the order in which they were opened."""
    same = (_case.c.subject_type == subject.type.value) & (_case.c.subject_id == subject.id)
    return [case_of(row) for row in db.execute(select(_case).where(same).order_by(_case.c.id))]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a subject has now: its open cases, what was closed other than by itself (kind → ``since`` of its finding), what is
    watched (kind → how probable it was).
    """

    open: tuple[CaseRow, ...] = ()
    closed: Mapping[Kind, datetime] = field(default_factory=dict)
    watched: Mapping[Kind, float | None] = field(default_factory=dict)


NOTHING = Standing()
BY_ITSELF = "cleared."
"""How the reasons begin for which a case closed itself: the same silence may be worth a case again."""


def standings(db: Db, kind: SubjectType, ids: Sequence[str]) -> dict[str, Standing]:
    """How these subjects of one type stand; those of which there is nothing are left out. Driver-level reading: a tick's
    thousand.
    """
    open_, closed = defaultdict[str, list[CaseRow]](list), defaultdict[str, dict[Kind, datetime]](dict)
    watched = defaultdict[str, dict[Kind, float | None]](dict)
    for start in range(0, len(ids), IN_LIMIT):
        chunk = ids[start : start + IN_LIMIT]
        those = f"subject_type = ? AND subject_id IN ({','.join('?' * len(chunk))})"
        found = db.exec_driver_sql(
            f"SELECT {', '.join(_COLUMNS)} FROM cases WHERE {those} ORDER BY id", (kind.value, *chunk)
        )
        for case in map(_from_driver, found.all()):
            if case.closed_at is None:
                open_[case.subject.id].append(case)
            elif not case.close_reason.startswith(BY_ITSELF):
                closed[case.subject.id][case.kind] = case.since
        items = db.exec_driver_sql(
            f"SELECT subject_id, kind, probability FROM watch_item WHERE {those}", (kind.value, *chunk)
        )
        for subject_id, watched_kind, probability in items.all():
            watched[subject_id][_KINDS[watched_kind]] = probability
    return {one: Standing(tuple(open_[one]), closed[one], watched[one]) for one in {*open_, *closed, *watched}}


def with_open_ones(db: Db, kind: SubjectType) -> frozenset[str]:
    """The subjects of one type that have an open case."""
    query = select(_case.c.subject_id).where(_case.c.closed_at.is_(None), _case.c.subject_type == kind.value)
    return frozenset(db.execute(query.distinct()).scalars())


def due_timers(db: Db, *, now: datetime, limit: int) -> list[CaseRow]:
    """The cases whose deadlines are to be looked at, the longest due first. Driver-level reading: thousands at once."""
    rows = db.exec_driver_sql(
        f"SELECT {', '.join(_COLUMNS)} FROM cases WHERE timer_at <= ? ORDER BY timer_at, id LIMIT ?",
        (to_seconds(now), limit),
    )
    return [_from_driver(row) for row in rows.all()]


def of_owner(db: Db, person_id: str, *, limit: int = 1_000) -> list[CaseRow]:
    """The open cases that a person has, by promise left."""
    query = select(_case).where(_case.c.closed_at.is_(None), _case.c.owner == person_id)
    order = (_case.c.promise_by.is_(None), _case.c.promise_by, _case.c.id)
    return [case_of(row) for row in db.execute(query.order_by(*order).limit(limit))]


def owned(db: Db) -> dict[str, int]:
    """How many open cases each person has."""
    query = select(_case.c.owner, func.count()).where(_case.c.closed_at.is_(None), _case.c.owner.is_not(None))
    return {row[0]: row[1] for row in db.execute(query.group_by(_case.c.owner))}


def untold(db: Db, *, limit: int = 200) -> list[CaseRow]:
    """Closed cases whose customer waits for a word, by the promise that was given."""
    query = select(_case).where(_case.c.untold, _case.c.closed_at.is_not(None))
    return [
        case_of(row) for row in db.execute(query.order_by(_case.c.promise_by.nulls_first(), _case.c.id).limit(limit))
    ]


def list_cases(db: Db, *, only_open: bool = True, members: bool = True, limit: int = 1_000) -> list[CaseRow]:
    """Cases by promise left, those without a promise last. ``members`` False: without those whose incident says all
    that is to be done; what is only told together is still each a case to be done.
    """
    query = select(_case).order_by(_case.c.promise_by.is_(None), _case.c.promise_by, _case.c.id).limit(limit)
    if not members:
        together = select(_incident.c.id).where(_incident.c.cause.startswith(f"{CauseKind.MANY.value}|"))
        query = query.where(or_(_case.c.incident_id.is_(None), _case.c.incident_id.in_(together)))
    rows = db.execute(query.where(_case.c.closed_at.is_(None)) if only_open else query)
    return [case_of(row) for row in rows]


# --- the watch list ------------------------------------------------------------------------------------------------


def watch(db: Db, finding: Finding, *, now: datetime, worth_cents: int | None = None) -> None:
    """Put a finding on the watch list, or refresh it there. ``worth_cents``: what acting on it now is worth, None: not known."""
    key = {
        "subject_type": finding.subject.type.value,
        "subject_id": finding.subject.id,
        "kind": finding.kind.value,
    }
    values = {
        "since": finding.since,
        "probability": finding.probability,
        "evidence": [w.to_json() for w in finding.evidence],
        "rank": tables.UNRANKED if worth_cents is None else -worth_cents,
    }
    same = [_item.c[name] == value for name, value in key.items()]
    if db.execute(_item.update().where(*same).values(**values)).rowcount == 0:
        db.execute(_item.insert().values(found_at=now, **key, **values))


def unwatch(db: Db, subject: Subject, kind: Kind) -> None:
    db.execute(
        _item.delete().where(
            _item.c.subject_type == subject.type.value,
            _item.c.subject_id == subject.id,
            _item.c.kind == kind.value,
        )
    )


def watched_kinds(db: Db, subject: Subject) -> list[Kind]:
    rows = db.execute(
        select(_item.c.kind).where(_item.c.subject_type == subject.type.value, _item.c.subject_id == subject.id)
    )
    return [Kind(row[0]) for row in rows]


@dataclass(frozen=True, slots=True)
class Watched:
    kind: Kind
    subject: Subject
    since: datetime
    found_at: datetime
    probability: float | None
    evidence: tuple[Words, ...]
    worth_cents: int | None = None


def told_since(db: Db, since: datetime) -> int:
    """How many alerts of detectors came since then: cases with a message of their own."""
    counted = select(func.count()).where(_case.c.opened_at >= since, _case.c.type == "", _case.c.incident_id.is_(None))
    return int(db.execute(counted).scalar_one())


IN_ORDER = (_item.c.rank, _item.c.since, _item.c.subject_id, _item.c.kind)
"""The watch list by what acting is worth, the most first; then what has been watched longest."""


def watch_list(db: Db, *, limit: int = 500) -> list[Watched]:
    rows = db.execute(select(_item).order_by(*IN_ORDER).limit(limit))
    return [watched_of(row) for row in rows]


def watched_of(row: Any) -> Watched:
    return Watched(
        Kind(row.kind), Subject(SubjectType(row.subject_type), row.subject_id), row.since, row.found_at,
        row.probability, tuple(words_from_json(w) for w in row.evidence),
        None if row.rank == tables.UNRANKED else -row.rank,
    )  # fmt: skip
