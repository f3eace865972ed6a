"""Incidents: an append-only history each and its row; which cases are members; what cases have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from domain.case import CaseEvent, CaseFact
from domain.incident import Cause, IncidentState, cause_of, fold_incident
from store import facts, incident_tables
from store.base import Db
from store.facts import FactRow
from store.tables import from_seconds, maybe_from_seconds, new_id, table, to_seconds

_incident, _act = table(incident_tables.Incident), table(incident_tables.IncidentAct)
IN_LIMIT = 500
SUBJECT = "incident"


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident as it stands. ``found``: how many findings it was recognised by, where ``expected`` come by chance."""

    id: int
    cause: Cause
    opened_at: datetime
    found: int
    expected: float
    owner: str | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    closed_at: datetime | None
    close_reason: str
    into_id: int | None
    changed_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


def _of(row: Any) -> IncidentRow:
    return IncidentRow(**{**row._mapping, "cause": cause_of(row.cause)})  # noqa: SLF001 - SQLAlchemy's public name


def open_incident(db: Db, cause: Cause, *, found: int, expected: float, now: datetime) -> int:
    """Open an incident; the caller made sure that none is open for its cause."""
    data = {"cause": cause.to_json(), "found": found, "expected": round(expected, 3)}
    history = [CaseFact(CaseEvent.OPENED, now, data=data)]
    incident_id = new_id(db.execute(_incident.insert().values(changed_at=now, **projected(history))))
    _append(db, incident_id, history[0])
    return incident_id


def projected(history: Sequence[CaseFact]) -> dict[str, Any]:
    """The columns of an incident that its history amounts to."""
    return columns(fold_incident(history))


def columns(state: IncidentState) -> dict[str, Any]:
    return {
        "cause": state.cause.key,
        "opened_at": state.opened_at,
        "found": state.found,
        "expected": state.expected,
        "owner": state.owner,
        "acknowledged_by": state.acknowledged_by,
        "acknowledged_at": state.acknowledged_at,
        "closed_at": state.closed_at,
        "close_reason": state.close_reason,
        "into_id": state.into,
    }


def history_of(db: Db, incident_id: int) -> list[CaseFact]:
    return [
        CaseFact(CaseEvent(f.event), f.at, f.by, f.channel, f.words, f.data)
        for f in facts.history(db, SUBJECT, str(incident_id))
    ]


def add(db: Db, incident_id: int, fact: CaseFact) -> IncidentRow:
    """Append to an incident's history and bring its row up to it."""
    _append(db, incident_id, fact)
    values = projected(history_of(db, incident_id))
    db.execute(_incident.update().where(_incident.c.id == incident_id).values(**values))
    found = get(db, incident_id)
    assert found is not None
    return found


def _append(db: Db, incident_id: int, fact: CaseFact) -> None:
    row = FactRow(SUBJECT, str(incident_id), fact.event.value, fact.at, fact.by, fact.channel, fact.words, fact.data)
    facts.append(db, [row])


def get(db: Db, incident_id: int) -> IncidentRow | None:
    row = db.execute(select(_incident).where(_incident.c.id == incident_id)).one_or_none()
    return _of(row) if row else None


def open_ones(db: Db) -> list[IncidentRow]:
    """Every open incident: there are few at a time."""
    rows = db.execute(select(_incident).where(_incident.c.closed_at.is_(None)).order_by(_incident.c.id))
    return [_of(row) for row in rows]


def closed_lately(db: Db, cause: Cause, *, since: datetime) -> IncidentRow | None:
    """The incident of a cause that closed by itself a moment ago."""
    row = db.execute(
        select(_incident)
        .where(_incident.c.cause == cause.key, _incident.c.closed_at >= since, _incident.c.into_id.is_(None))
        .order_by(_incident.c.id.desc())
        .limit(1)
    ).one_or_none()
    return _of(row) if row else None


def touch(db: Db, incident_id: int, *, now: datetime) -> None:
    """Something about a member changed: the message is to be brought up to it, when its turn comes."""
    db.exec_driver_sql(
        "UPDATE incident SET changed_at = ? WHERE id = ? AND changed_at IS NULL", (to_seconds(now), incident_id)
    )


def said(db: Db, incident_id: int) -> None:
    """The message says what is so."""
    db.exec_driver_sql("UPDATE incident SET changed_at = NULL WHERE id = ?", (incident_id,))


def changed(db: Db) -> list[IncidentRow]:
    """Those whose message is behind, the longest first."""
    rows = db.execute(
        select(_incident).where(_incident.c.changed_at.is_not(None)).order_by(_incident.c.changed_at, _incident.c.id)
    )
    return [_of(row) for row in rows]


# --- members -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tally:
    """An incident's members by how they stand. ``waiting``: nobody has taken them; ``closed``: moved again, or worked off;
    ``warned`` and ``breached`` are open promises; ``promise_by``: the earliest that isn't kept yet.
    """

    members: int = 0
    waiting: int = 0
    taken: int = 0
    closed: int = 0
    told: int = 0
    warned: int = 0
    breached: int = 0
    urgent: int = 0
    promise_by: datetime | None = None
    since: datetime | None = None
    joined_at: datetime | None = None

    @property
    def open(self) -> int:
        return self.members - self.closed


def tally(db: Db, incident_id: int) -> Tally:
    row = db.exec_driver_sql(
        "SELECT count(*), sum(closed_at IS NULL AND acknowledged_by IS NULL),"
        " sum(closed_at IS NULL AND acknowledged_by IS NOT NULL), sum(closed_at IS NOT NULL), sum(told_at IS NOT NULL),"
        " sum(closed_at IS NULL AND told_at IS NULL AND warned AND NOT breached),"
        " sum(closed_at IS NULL AND told_at IS NULL AND breached), sum(closed_at IS NULL AND severity = 'urgent'),"
        " min(CASE WHEN closed_at IS NULL AND told_at IS NULL THEN promise_by END), min(since), max(opened_at)"
        " FROM cases WHERE incident_id = ?",
        (incident_id,),
    ).one()
    members, waiting, taken, closed, told, warned, breached, urgent = (int(n or 0) for n in row[:8])
    times = (maybe_from_seconds(at) for at in row[8:])
    return Tally(members, waiting, taken, closed, told, warned, breached, urgent, *times)


def cleared_members(db: Db, incident_id: int) -> tuple[int, int]:
    """How many members' cases closed by themselves, and how many members there are."""
    cleared, members = db.exec_driver_sql(
        "SELECT sum(closed_at IS NOT NULL AND (close_reason LIKE 'cleared.%' OR close_reason LIKE 'superseded.%')),"
        " count(*) FROM cases WHERE incident_id = ?",
        (incident_id,),
    ).one()
    return int(cleared or 0), int(members)


def open_members(db: Db, incident_id: int, *, limit: int) -> int:
    """How many members are open, counted up to ``limit``."""
    return int(
        db.exec_driver_sql(
            "SELECT count(*) FROM (SELECT 1 FROM cases WHERE incident_id = ? AND closed_at IS NULL LIMIT ?) counted",
            (incident_id, limit),
        ).scalar_one()
    )


def member_ids(db: Db, incident_id: int, *, limit: int, after: int = 0, only_open: bool = False) -> list[int]:
    """Members by number, those after a number only."""
    still = " AND closed_at IS NULL" if only_open else ""
    rows = db.exec_driver_sql(
        f"SELECT id FROM cases WHERE incident_id = ? AND id > ?{still} ORDER BY id LIMIT ?", (incident_id, after, limit)
    )
    return [row[0] for row in rows]


def examples(db: Db, incident_id: int, *, limit: int = 3) -> list[str]:
    """Some members' tracking numbers, the first that joined."""
    rows = db.exec_driver_sql(
        "SELECT s.number FROM cases c JOIN shipment s ON s.id = CAST(c.subject_id AS INTEGER)"
        " WHERE c.incident_id = ? AND c.subject_type = 'shipment' ORDER BY c.closed_at IS NOT NULL, c.id LIMIT ?",
        (incident_id, limit),
    )
    return [row[0] for row in rows]


@dataclass(frozen=True, slots=True)
class Slice:
    """How many members an incident had, and how many of them were closed, at one moment."""

    at: datetime
    joined: int
    closed: int


def over_time(db: Db, incident_id: int, *, until: datetime, slices: int = 48) -> list[Slice]:
    """Members over time, evenly from the first to ``until``."""
    rows = db.exec_driver_sql("SELECT opened_at, closed_at FROM cases WHERE incident_id = ?", (incident_id,)).all()
    if not rows:
        return []
    opened, closed = sorted(r[0] for r in rows), sorted(r[1] for r in rows if r[1] is not None)
    first, last = opened[0], max(to_seconds(until), opened[-1], opened[0] + 1)
    points = [first + (last - first) * n // slices for n in range(slices + 1)]
    return [Slice(from_seconds(p), sum(o <= p for o in opened), sum(c <= p for c in closed)) for p in points]


def places(db: Db, incident_id: int, *, limit: int = 8) -> list[tuple[str, int]]:
    """The narrowest causes of the members and how many have each: where a wide incident happens."""
    rows = db.exec_driver_sql(
        "SELECT cc.cause, count(*) AS n FROM cases c JOIN case_cause cc ON cc.case_id = c.id WHERE c.incident_id = ?"
        " AND (cc.cause LIKE 'hub|%' OR cc.cause LIKE 'depot|%') GROUP BY cc.cause ORDER BY n DESC, cc.cause LIMIT ?",
        (incident_id, limit),
    )
    return [(row[0], row[1]) for row in rows]


# --- what is done to all members -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ActRow:
    """One act on all members that isn't on each of them yet."""

    id: int
    incident_id: int
    fact: CaseFact
    done: int
    upto: int


def begin_act(db: Db, incident_id: int, fact: CaseFact) -> None:
    """Have an act written to everybody who is a member now."""
    upto = db.exec_driver_sql("SELECT max(id) FROM cases WHERE incident_id = ?", (incident_id,)).scalar()
    if upto is not None:
        db.execute(
            _act.insert().values(
                incident_id=incident_id, event=fact.event.value, at=fact.at, by=fact.by, channel=fact.channel,
                words=fact.words, data=fact.data, done=0, upto=upto,
            )
        )  # fmt: skip


def next_act(db: Db) -> ActRow | None:
    """The oldest act that isn't on every member yet."""
    row = db.execute(select(_act).order_by(_act.c.id).limit(1)).one_or_none()
    if row is None:
        return None
    fact = CaseFact(CaseEvent(row.event), row.at, row.by, row.channel, row.words, dict(row.data))
    return ActRow(row.id, row.incident_id, fact, row.done, row.upto)


def move_act(db: Db, act_id: int, done: int | None) -> None:
    """It is on every member up to ``done``; None: on all of them."""
    if done is None:
        db.execute(_act.delete().where(_act.c.id == act_id))
    else:
        db.execute(_act.update().where(_act.c.id == act_id).values(done=done))


# --- letters -------------------------------------------------------------------------------------------------------


def first_messages(db: Db, *, since: datetime) -> int:
    """How many new messages about cases and incidents were written since, on the console: every channel has the same."""
    return int(
        db.exec_driver_sql(
            "SELECT count(*) FROM outbox WHERE channel = 'console' AND created_at > ? AND kind = 'alert'",
            (to_seconds(since),),
        ).scalar_one()
    )


def edits(db: Db, *, since: datetime, reason: str) -> tuple[int, datetime | None]:
    """How many messages of incidents were brought up to their counters since, and when last."""
    n, last = db.exec_driver_sql(
        "SELECT count(*), max(created_at) FROM outbox WHERE channel = 'console' AND created_at > ?"
        " AND subject_type = 'incident' AND kind = 'alert_edit' AND reason = ?",
        (to_seconds(since), reason),
    ).one()
    return int(n), maybe_from_seconds(last)


def with_messages(db: Db, case_ids: Sequence[int]) -> list[int]:
    """Which of these cases have a message of their own."""
    found: list[int] = []
    for start in range(0, len(case_ids), IN_LIMIT):
        chunk = [str(one) for one in case_ids[start : start + IN_LIMIT]]
        rows = db.exec_driver_sql(
            "SELECT DISTINCT subject_id FROM outbox WHERE subject_type = 'case' AND kind = 'alert'"
            f" AND subject_id IN ({','.join('?' * len(chunk))})",
            tuple(chunk),
        )
        found += [int(row[0]) for row in rows]
    return sorted(found)


def unsaid(db: Db, case_id: int, *, now: datetime, why: str) -> None:
    """Let what is held back of a case's own message go unsent: its incident tells it. What may be on its way stays."""
    db.exec_driver_sql(
        "UPDATE outbox SET sent_at = ?, error = ? WHERE subject_type = 'case' AND subject_id = ? AND sent_at IS NULL"
        " AND dead_at IS NULL AND due_at > ? AND channel IN (SELECT name FROM chat_channel)"
        " AND kind IN ('alert', 'alert_edit')",
        (to_seconds(now), why, str(case_id), to_seconds(now)),
    )
