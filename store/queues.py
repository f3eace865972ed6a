"""The desk's queues: which open cases stand in which, in which order, and how many. Every look is limited by SQL.

A page begins behind the last row of the one before (its key, not its number): what opens or closes meanwhile moves nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, text, true, tuple_

from domain.case import CaseStatus, Kind
from domain.case_types import Rank
from domain.errors import RuleError
from domain.incident import CauseKind
from store import cases, reads, tables
from store import incidents as incidents_
from store.base import Db
from store.reads import CaseLine
from store.tables import from_seconds, table, to_seconds

_case, _item = table(tables.Case), table(tables.WatchItem)
_watch, _parcel = table(tables.Watch), table(tables.Parcel)

PAGE = 50
"""Rows of one page: more is read by nobody before it changes."""
INCIDENTS = 20
DUE_SOON = reads.DUE_SOON
SHIFT = timedelta(hours=10)
"""What falls due within this is due for whoever starts a shift."""


class Queue(StrEnum):
    """ALL are the open cases with a promise; UNCLAIMED: the customer was made whole, the carrier hasn't been asked for it."""

    ALL = "all"
    MORNING = "morning"
    MINE = "mine"
    UNOWNED = "unowned"
    DUE = "due"
    CARRIER = "carrier"
    UNCLAIMED = "unclaimed"
    WATCH = "watch"


NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A queue, whose it is (``me``), what of it is shown (a kind, an owner: a person's id or ``nobody``), and behind which
    row the page begins.
    """

    queue: Queue = Queue.ALL
    me: str = ""
    kind: str = ""
    owner: str = ""
    after: str = ""


def unclaimed() -> ColumnElement[bool]:
    """Made good, and nothing asked of the carrier yet. Where claims are filed, they are to be looked at here."""
    return _case.c.status == CaseStatus.MADE_GOOD.value


def _of(queue: Queue, me: str, now: datetime) -> ColumnElement[bool]:
    del now
    match queue:
        case Queue.MINE:
            return _case.c.owner == me
        case Queue.UNOWNED:
            return _case.c.owner.is_(None)
        case Queue.CARRIER:
            return _case.c.status == CaseStatus.WITH_CARRIER.value
        case Queue.UNCLAIMED:
            return unclaimed()
        case Queue.DUE | Queue.MORNING:
            return _case.c.told_at.is_(None)
        case _:
            return true()


def spoken_for(db: Db) -> list[int]:
    """The open incidents that stand on the desk for their members; what is only told together is still each a case to do."""
    return [one.id for one in incidents_.open_ones(db) if one.cause.kind is not CauseKind.MANY]


def _by_itself(spoken: Sequence[int]) -> ColumnElement[bool]:
    """Cases that no incident stands for. Without an incident nothing is asked, so that counts stay within their indexes."""
    return or_(_case.c.incident_id.is_(None), _case.c.incident_id.not_in(spoken)) if spoken else true()


def _open_cases(wanted: Wanted, now: datetime, spoken: Sequence[int]) -> ColumnElement[bool]:
    chosen = [
        _case.c.closed_at.is_(None), _case.c.promise_by.is_not(None), _of(wanted.queue, wanted.me, now),
        _by_itself(spoken),
    ]  # fmt: skip
    if wanted.kind:
        chosen.append(_case.c.kind == wanted.kind)
    if wanted.owner:
        owner = None if wanted.owner == NOBODY else wanted.owner
        chosen.append(_case.c.owner.is_(None) if owner is None else _case.c.owner == owner)
    return and_(*chosen)


# --- one page ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """``more`` is the key behind which the next page begins, "" where this is the last."""

    lines: list[CaseLine]
    more: str = ""


def page(db: Db, wanted: Wanted, *, now: datetime, size: int = PAGE) -> Page:
    """A page of a queue: by promise left; the morning list by its rank first."""
    rows = db.execute(_in_order(wanted, now, spoken_for(db)).limit(size + 1)).all()
    found = [cases.case_of(row) for row in rows[:size]]
    more = _key_of(rows[size - 1]) if len(rows) > size else ""
    return Page(reads.lines_of(db, found), more)


def _in_order(wanted: Wanted, now: datetime, spoken: Sequence[int]) -> Select[Any]:
    ranked = wanted.queue is Queue.MORNING
    by = [*([_case.c.rank] if ranked else []), _case.c.promise_by, _case.c.id]
    query = select(_case).where(_open_cases(wanted, now, spoken)).order_by(*by)
    if not wanted.after:
        return query
    rank, promise_by, case_id = key_read(wanted.after)
    values = [*([literal(rank)] if ranked else []), literal(promise_by, tables.Instant()), literal(case_id)]
    return query.where(tuple_(*by) > tuple_(*values))


def _key_of(row: Any) -> str:
    return f"{row.rank}.{to_seconds(row.promise_by)}.{row.id}"


def key_read(key: str) -> tuple[int, datetime, int]:
    """Rank, promise and id of the row behind which a page begins. Raises RuleError where it is no such key."""
    try:
        rank, seconds, case_id = (int(part) for part in key.split("."))
        return rank, from_seconds(seconds), case_id
    except (ValueError, OverflowError, OSError) as exc:
        raise RuleError(f"after: {key[:40]!r} is no place in a queue; begin at its top") from exc


def incidents(db: Db) -> list[CaseLine]:
    """Open cases without a promise, the newest first."""
    rows = db.execute(
        select(_case)
        .where(_case.c.closed_at.is_(None), _case.c.promise_by.is_(None))
        .order_by(_case.c.id.desc())
        .limit(INCIDENTS)
    )
    found = [cases.case_of(row) for row in rows]
    return reads.lines_of(db, found)


def lines_of(db: Db, case_ids: Sequence[int]) -> list[CaseLine]:
    """These cases, by promise left; ids that are none are left out."""
    if not case_ids:
        return []
    chosen = _case.c.id.in_(list(case_ids))
    rows = db.execute(
        select(_case).where(chosen).order_by(_case.c.promise_by.is_(None), _case.c.promise_by, _case.c.id)
    )
    found = [cases.case_of(row) for row in rows]
    return reads.lines_of(db, found)


def open_of(db: Db, person_id: str, *, limit: int) -> list[CaseLine]:
    """The open cases that a person has, by promise left."""
    rows = db.execute(
        select(_case.c.id)
        .where(_case.c.closed_at.is_(None), _case.c.owner == person_id)
        .order_by(_case.c.promise_by.nulls_first(), _case.c.id)
        .limit(limit)
    )
    return lines_of(db, [row[0] for row in rows])


# --- how many ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counts:
    """Of each queue; of what is due soon and over; of the morning list by rank; of the parcels behind it all."""

    queues: dict[str, int]
    due_soon: int
    breached: int
    morning: dict[int, int]
    parcels_watched: int
    delivered: int


def counts(db: Db, me: str, *, now: datetime) -> Counts:
    """Counted over the queues' own indexes: some milliseconds each at a hundred thousand open cases."""
    alone = _by_itself(spoken_for(db))

    def how_many(*conditions: ColumnElement[bool]) -> int:
        promised = (_case.c.closed_at.is_(None), _case.c.promise_by.is_not(None), alone)
        return int(db.execute(select(func.count()).select_from(_case).where(*promised, *conditions)).scalar_one())

    promised, untold = _case.c.promise_by, _case.c.told_at.is_(None)
    ranks = db.execute(
        select(_case.c.rank, func.count())
        .where(_case.c.closed_at.is_(None), promised.is_not(None), _case.c.rank < Rank.DUE, alone)
        .group_by(_case.c.rank)
    )
    morning = {int(rank): int(n) for rank, n in ranks}
    due = how_many(untold)
    simple = (Queue.ALL, Queue.MINE, Queue.UNOWNED, Queue.CARRIER, Queue.UNCLAIMED)
    queues = {queue.value: how_many(_of(queue, me, now)) for queue in simple}
    return Counts(
        queues={
            **queues, Queue.DUE.value: due, Queue.MORNING.value: due,
            Queue.WATCH.value: _count(db, _item),
        },
        due_soon=how_many(promised > now, promised <= now + DUE_SOON, untold),
        breached=how_many(promised <= now, untold),
        morning=morning,
        parcels_watched=_count(db, _watch, text("ended = ''")),
        delivered=_count(db, _parcel, text("delivered = 'yes'")),
    )  # fmt: skip


def _count(db: Db, of: Any, *conditions: Any) -> int:
    """Conditions as literal texts: a partial index serves no bound parameter."""
    return int(db.execute(select(func.count()).select_from(of).where(*conditions)).scalar_one())


def open_kinds(db: Db) -> dict[Kind, int]:
    """The kinds of the open cases with a promise, and how many there are of each."""
    rows = db.execute(
        select(_case.c.kind, func.count())
        .where(_case.c.closed_at.is_(None), _case.c.promise_by.is_not(None))
        .group_by(_case.c.kind)
    )
    return {Kind(kind): int(n) for kind, n in rows}


# --- the watch list ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WatchPage:
    lines: list[reads.WatchLine]
    more: str = ""


def watch_page(db: Db, *, after: str = "", size: int = PAGE) -> WatchPage:
    """A page of the watch list: first what acting on it is worth most, then what has been watched longest."""
    query = select(_item).order_by(*cases.IN_ORDER).limit(size + 1)
    if after:
        rank, since, subject_id, kind = _watch_key_read(after)
        values = (literal(rank), literal(since, tables.Instant()), literal(subject_id), literal(kind))
        query = query.where(tuple_(*cases.IN_ORDER) > tuple_(*values))
    rows = db.execute(query).all()
    found = [cases.watched_of(row) for row in rows[:size]]
    about = reads.abouts(db, [(item.subject, None) for item in found])
    last = rows[size - 1] if len(rows) > size else None
    more = f"{last.rank}.{to_seconds(last.since)}.{last.kind}.{last.subject_id}" if last else ""
    return WatchPage([reads.watch_line(item, about[item.subject]) for item in found], more)


def _watch_key_read(key: str) -> tuple[int, datetime, str, str]:
    try:
        rank, seconds, kind, subject_id = key.split(".", 3)
        return int(rank), from_seconds(int(seconds)), subject_id, kind
    except (ValueError, OverflowError, OSError) as exc:
        raise RuleError(f"after: {key[:40]!r} is no place in the watch list; begin at its top") from exc
