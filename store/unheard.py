"""Open cases that nobody was told of: no word about them, or about the incident that speaks for them, was delivered.

What is written is not yet heard: a chat may be down, or refuse the account. A letter that was passed over, because a later one
says it all, counts for nothing by itself: the later one does.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, cast, func, or_, select

from domain.case import Kind
from store import incidents, tables
from store.base import Db
from store.tables import table

_case, _outbox = table(tables.Case), table(tables.Outbox)


@dataclass(frozen=True, slots=True)
class Unheard:
    """An open case without a delivered alert."""

    case_id: int
    kind: Kind
    opened_at: datetime


def unheard(db: Db, channels: Collection[str], *, before: datetime, limit: int) -> list[Unheard]:
    """Cases that were opened before then, the oldest first, of which nothing was delivered in any of these channels."""
    columns = (_case.c.id, _case.c.kind, _case.c.opened_at)
    wanted = select(*columns).where(*_untold(channels, before)).order_by(_case.c.opened_at, _case.c.id).limit(limit)
    return [Unheard(row.id, Kind(row.kind), row.opened_at) for row in db.execute(wanted)]


def count(db: Db, channels: Collection[str], *, before: datetime) -> int:
    """How many there are."""
    wanted = select(func.count()).select_from(_case).where(*_untold(channels, before))
    return int(db.execute(wanted).scalar_one())


def _untold(channels: Collection[str], before: datetime) -> tuple[ColumnElement[bool], ...]:
    own = and_(_outbox.c.subject_type == "case", _outbox.c.subject_id == cast(_case.c.id, String))
    of_incident = and_(
        _outbox.c.subject_type == incidents.SUBJECT, _outbox.c.subject_id == cast(_case.c.incident_id, String)
    )
    delivered = (_outbox.c.sent_at.is_not(None), _outbox.c.error == "", _outbox.c.channel.in_(sorted(channels)))
    told = [select(_outbox.c.id).where(about, *delivered).exists() for about in (own, of_incident)]
    return _case.c.closed_at.is_(None), _case.c.opened_at <= before, ~or_(*told)
